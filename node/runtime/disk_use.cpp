#include "node/runtime/disk_use.h"

namespace giro::runtime {
namespace {

DiskMeasures::Space space_of(const std::filesystem::path& path) {
  std::error_code error;
  const auto space = std::filesystem::space(path, error);
  if (error) return {};
  return {.free = space.available, .size = space.capacity};
}

}  // namespace

std::uint64_t bytes_below(const std::filesystem::path& path) {
  std::error_code ignored;
  std::uint64_t bytes = 0;
  for (std::filesystem::recursive_directory_iterator entry(path, ignored), end;
       !ignored && entry != end; entry.increment(ignored)) {
    std::error_code gone;
    const auto size = entry->is_regular_file(gone) ? entry->file_size(gone) : 0;
    if (!gone) bytes += size;
  }
  return bytes;
}

DiskMeasures disk_use(const config::NodeConfig& config) {
  DiskMeasures out{.data = space_of(config.data_dir), .signer = {}, .parts = {}};
  if (config.role == config::NodeRole::Validator) out.signer = space_of(config.sign_state_dir);
  for (const char* part : {"log", "state", "snapshots", "evidence", "quarantine"})
    out.parts[part] = bytes_below(config.data_dir / part);
  return out;
}

}  // namespace giro::runtime
