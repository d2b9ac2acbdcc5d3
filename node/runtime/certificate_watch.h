// Tells in the log of certificates that are past their end. They are taken all the same: who
// somebody is, his key says (protocol R44, surface 5.1). Thread-safe.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "node/runtime/event_log.h"

namespace giro::runtime {

class CertificateWatch {
 public:
  explicit CertificateWatch(EventSink& events) : events_(events) {}

  // A certificate as it is used now; told of once, and again when `whose` has another that has
  // ended. `whose` is one of a few: a validator, "api", or a client of clients.toml.
  void saw(const std::string& whose, std::chrono::sys_seconds end, std::chrono::sys_seconds now);

 private:
  EventSink& events_;
  std::mutex mutex_;
  std::map<std::string, std::chrono::sys_seconds> told_;  // the ends of those told of
};

}  // namespace giro::runtime
