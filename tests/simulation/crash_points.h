// Where a node may die: before and after everything that it writes. A file port and a store that
// tell of each change, around those of a simulated disk, and know what of a file is not synced, to
// tear it there.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "storage/file_memory.h"
#include "storage/key_value.h"
#include "tests/simulation/world.h"

namespace giro::sim {

[[nodiscard]] std::string_view name(Act act);
inline constexpr std::size_t kActs = static_cast<std::size_t>(Act::OtherFile) + 1;

using OnAct = std::function<void(Act, Moment)>;

// What a crash leaves of what was not synced.
enum class Outcome : std::uint8_t {
  Clean,  // all of it: the process alone died
  Torn,   // of each file that was written to, a part of it; of names some
  Lost,   // nothing
};
inline constexpr std::uint64_t kOutcomes = 3;
[[nodiscard]] std::string_view name(Outcome outcome);

// A node's disk, seen by its own code: every change is an act. Reading is none.
class TellingFiles final : public storage::FilePort {
 public:
  TellingFiles(storage::MemoryFilePort& disk, OnAct on_act)
      : disk_(disk), on_act_(std::move(on_act)) {}

  storage::FileResult<std::unique_ptr<storage::File>> open(const std::string& path,
                                                           storage::OpenMode mode) override;
  storage::FileResult<storage::FileType> type(const std::string& path) override;
  storage::FileResult<std::vector<std::string>> list(const std::string& path) override;
  storage::FileResult<void> create_directory(const std::string& path) override;
  storage::FileResult<void> rename(const std::string& from, const std::string& to) override;
  storage::FileResult<void> remove(const std::string& path) override;
  storage::FileResult<void> sync_directory(const std::string& path) override;
  storage::FileResult<std::uint64_t> free_space(const std::string& path) override;
  storage::FileResult<std::unique_ptr<storage::FileLock>> lock(const std::string& path) override;

  // What the machine leaves if it stops now; `draw` says where files are torn.
  [[nodiscard]] storage::Crash crash(Outcome outcome, std::uint64_t draw) const;
  void forget() { unsynced_.clear(); }  // it has stopped: what is left is durable

 private:
  friend class TellingFile;
  struct Unsynced {  // written since the last sync; empty if equal
    std::uint64_t begin = 0, end = 0;
  };
  storage::FileResult<void> change(Act act, const std::function<storage::FileResult<void>()>& what);

  storage::MemoryFilePort& disk_;
  const OnAct on_act_;
  std::map<std::string, std::shared_ptr<Unsynced>, std::less<>> unsynced_;
};

// A store, each write of which is an act.
[[nodiscard]] std::unique_ptr<storage::KeyValueStore> telling_store(
    std::unique_ptr<storage::KeyValueStore> store, Act act, OnAct on_act);

}  // namespace giro::sim
