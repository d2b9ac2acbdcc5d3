// The log: append and group fsync, on the disk of the working directory.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "storage/file_posix.h"
#include "storage/log.h"

namespace giro::storage {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() : path_((fs::current_path() / "giro-bench-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  ~Folder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string log() const { return path_ + "/log"; }
  [[nodiscard]] bool is_made() const { return !path_.empty(); }

 private:
  std::string path_;
};

constexpr std::uint64_t kKeptBytes = 512ULL << 20;

// Records in a group, bytes in a record. One iteration is one group: appended and synced.
void log_group_sync(benchmark::State& state) {
  const Folder folder;
  PosixFilePort port;
  auto log = Log::open(port, folder.log(), {}, [](const LogRecord&) {});
  if (!folder.is_made() || !log) return state.SkipWithError("cannot open a log here");
  const Bytes payload(static_cast<std::size_t>(state.range(1)), std::byte{0x5a});
  const auto records = static_cast<std::uint64_t>(state.range(0));
  for (auto _ : state) {
    for (std::uint64_t i = 0; i < records; ++i) log->append(RecordType{1}, payload);
    const auto durable = log->sync();
    if (!durable) return state.SkipWithError("sync failed");
    if (log->used_bytes() > kKeptBytes) {
      state.PauseTiming();
      if (!log->cut(*durable)) return state.SkipWithError("cut failed");
      state.ResumeTiming();
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(records) * state.iterations());
  state.SetBytesProcessed(static_cast<std::int64_t>(records * payload.size()) * state.iterations());
}
BENCHMARK(log_group_sync)
    ->Args({1, 256})
    ->Args({16, 256})
    ->Args({256, 256})
    ->Args({1, 512 * 1024})
    ->Args({8, 512 * 1024})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace giro::storage
