#include "node/runtime/certificate_watch.h"

namespace giro::runtime {

void CertificateWatch::saw(const std::string& whose, std::chrono::sys_seconds end,
                           std::chrono::sys_seconds now) {
  if (end > now) return;
  {
    const std::lock_guard lock(mutex_);
    const auto [told, is_first] = told_.try_emplace(whose, end);
    if (!is_first && told->second == end) return;
    told->second = end;
  }
  const auto days = std::chrono::floor<std::chrono::days>(now - end).count();
  events_.write(config::LogLevel::Warn, "certificate_expired",
                {{"name", whose}, {"days", std::to_string(days)}},
                "its certificate is past its end; giro takes it by its key, others may not");
}

}  // namespace giro::runtime
