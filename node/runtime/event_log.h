// What happened, one line each on stdout (surface 9). Cores do not log: the runtime logs their
// effects. Thread-safe.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "node/config/node_config.h"

namespace giro::runtime {

class EventSink {
 public:
  using Fields = std::initializer_list<std::pair<std::string_view, std::string>>;
  virtual ~EventSink() = default;
  // `event` is a stable id such as "block_committed". Never an amount, a key, a body.
  virtual void write(config::LogLevel level, std::string_view event, Fields fields,
                     std::string_view message) = 0;
};

class EventLog final : public EventSink {
 public:
  EventLog(std::string node, const config::NodeConfig::Log& options);

  void write(config::LogLevel level, std::string_view event, Fields fields,
             std::string_view message) override;
  // info and below that the budget of the day left no room for.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  [[nodiscard]] bool may_spend(config::LogLevel level, std::size_t bytes,
                               std::int64_t now_ms);  // mutex_ held

  const std::string node_;
  const config::NodeConfig::Log options_;
  mutable std::mutex mutex_;
  double tokens_;  // bytes that may be written now
  std::int64_t refilled_ms_ = 0;
  std::int64_t told_ms_ = 0;  // when the last warning about dropped lines was written
  std::uint64_t dropped_ = 0;
};

}  // namespace giro::runtime
