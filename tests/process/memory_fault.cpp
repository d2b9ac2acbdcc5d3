#include "tests/process/memory_fault.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace giro::process_test {
namespace {

struct MemoryRange {
  std::uint64_t begin = 0, end = 0;
};

// proc(5): "7f52a000-7f52b000 rw-p 00000000 00:00 0"
std::vector<MemoryRange> writable_ranges(pid_t process) {
  std::vector<MemoryRange> ranges;
  std::ifstream maps("/proc/" + std::to_string(process) + "/maps");
  for (std::string line; std::getline(maps, line);) {
    MemoryRange range;
    char dash = 0;
    std::string rights;
    std::istringstream fields(line);
    if (fields >> std::hex >> range.begin >> dash >> range.end >> rights &&
        rights.starts_with("rw-p"))
      ranges.push_back(range);
  }
  return ranges;
}

}  // namespace

std::size_t flip_in_memory(pid_t process, crypto::ByteView bytes) {
  std::size_t flipped = 0;
  std::fstream memory("/proc/" + std::to_string(process) + "/mem",
                      std::ios::in | std::ios::out | std::ios::binary);
  for (const auto& range : writable_ranges(process)) {
    std::vector<std::byte> content(range.end - range.begin);
    memory.clear();  // some ranges cannot be read
    memory.seekg(static_cast<std::streamoff>(range.begin));
    memory.read(reinterpret_cast<char*>(content.data()),
                static_cast<std::streamsize>(content.size()));
    if (!memory) continue;
    for (auto at = std::ranges::search(content, bytes).begin(); at != content.end();
         at = std::search(at + 1, content.end(), bytes.begin(), bytes.end())) {
      const char changed = static_cast<char>(*at ^ std::byte{1});
      memory.seekp(static_cast<std::streamoff>(range.begin) + (at - content.begin()));
      if (memory.put(changed).flush()) ++flipped;
    }
  }
  return flipped;
}

}  // namespace giro::process_test
