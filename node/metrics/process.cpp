#include "node/metrics/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace giro::metrics {
namespace {

// Fields of /proc/self/stat after the command's closing parenthesis; field 3 of proc(5) has index
// 0.
constexpr std::size_t kUserTicks = 11, kSystemTicks = 12, kStartTicks = 19, kResidentPages = 21;

double boot_time_seconds() {
  std::ifstream in("/proc/stat");
  std::string word;
  double seconds = 0;
  while (in >> word) {
    if (word == "btime" && in >> seconds) return seconds;
  }
  return 0;
}

}  // namespace

ProcessUse process_use() {
  ProcessUse use;
  std::ifstream in("/proc/self/stat");
  std::string line;
  std::getline(in, line);
  const auto end = line.rfind(')');
  if (end != std::string::npos) {
    std::istringstream rest(line.substr(end + 1));
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    std::string field;
    for (std::size_t i = 0; rest >> field && i <= kResidentPages; ++i) {
      const double number = i == 0 ? 0 : std::strtod(field.c_str(), nullptr);
      if (i == kUserTicks || i == kSystemTicks) use.cpu_seconds += number / ticks;
      if (i == kStartTicks) use.start_time_seconds = boot_time_seconds() + number / ticks;
      if (i == kResidentPages) {
        use.resident_bytes =
            static_cast<std::uint64_t>(number) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
      }
    }
  }
  std::error_code error;
  for (std::filesystem::directory_iterator each("/proc/self/fd", error), last;
       !error && each != last; each.increment(error)) {
    ++use.open_fds;
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) use.max_fds = limit.rlim_cur;
  return use;
}

}  // namespace giro::metrics
