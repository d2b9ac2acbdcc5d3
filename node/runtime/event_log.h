// What happened, one line each on stdout (surface 9). Cores do not log: the runtime logs their
// effects. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <map>
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
  void set_level(config::LogLevel level);  // until the end of the process
  [[nodiscard]] config::LogLevel level() const { return level_; }
  // info and below that the budget of the day left no room for.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  // Warnings and errors of one event in its present minute.
  struct Fold {
    std::int64_t begin_ms = 0;
    config::LogLevel level{};
    std::uint64_t written = 0, folded = 0;
  };
  [[nodiscard]] std::string line_of(config::LogLevel level, std::string_view event, Fields fields,
                                    std::string_view message, std::int64_t now_ms) const;
  // --- mutex_ held
  [[nodiscard]] bool may_spend(config::LogLevel level, std::size_t bytes, std::int64_t now_ms);
  [[nodiscard]] bool may_repeat(config::LogLevel level, std::string_view event,
                                std::int64_t now_ms);
  void tell_folded(std::int64_t now_ms);
  void put(config::LogLevel level, const std::string& line, std::int64_t now_ms);

  const std::string node_;
  const config::NodeConfig::Log options_;
  mutable std::mutex mutex_;
  double tokens_;  // bytes that may be written now
  std::int64_t refilled_ms_ = 0;
  std::int64_t told_ms_ = 0;  // when the last warning about dropped lines was written
  std::uint64_t dropped_ = 0;
  std::map<std::string, Fold, std::less<>> folds_;  // events are few: their ids are constants
  std::atomic<config::LogLevel> level_;
};

}  // namespace giro::runtime
