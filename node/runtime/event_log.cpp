#include "node/runtime/event_log.h"

#include <unistd.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <chrono>
#include <ctime>
#include <iterator>

namespace giro::runtime {
namespace {

constexpr double kMsPerDay = 86'400'000.0;
constexpr std::int64_t kTellEveryMs = 60'000;
constexpr std::int64_t kFoldMs = 60'000;
constexpr std::uint64_t kAlikeInFoldMax = 10;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string timestamp(std::int64_t ms) {
  const std::time_t seconds = ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char date[32];
  const std::size_t size = std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
  const std::string millis = std::to_string(1000 + ms % 1000);
  return std::string(date, size) + "." + millis.substr(1) + "Z";
}

// logfmt leaves plain words bare; everything else is a JSON string, so that one line is always one
// event.
std::string logfmt_value(std::string_view value) {
  const bool is_plain = !value.empty() && std::ranges::all_of(value, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("-_.:/+").find(c) != std::string_view::npos;
  });
  return is_plain ? std::string(value) : boost::json::serialize(boost::json::string(value));
}

}  // namespace

EventLog::EventLog(std::string node, const config::NodeConfig::Log& options)
    : node_(std::move(node)),
      options_(options),
      tokens_(static_cast<double>(options.budget_per_day_bytes) / 24),
      refilled_ms_(now_ms()),
      level_(options.level) {}

void EventLog::set_level(config::LogLevel level) {
  level_ = level;
}

std::string EventLog::line_of(config::LogLevel level, std::string_view event, Fields fields,
                              std::string_view message, std::int64_t now) const {
  const bool as_json = options_.format == config::LogFormat::Json;
  std::string line = as_json ? "{" : "";
  const auto add = [&](std::string_view key, std::string_view value) {
    if (line.size() > 1) line += as_json ? "," : " ";
    if (as_json) {
      line += boost::json::serialize(boost::json::string(key)) + ":" +
              boost::json::serialize(boost::json::string(value));
    } else {
      line.append(key).append("=").append(logfmt_value(value));
    }
  };
  add("ts", timestamp(now));
  add("level", config::name(level));
  add("event", event);
  add("node", node_);
  for (const auto& [key, value] : fields) add(key, value);
  add("msg", message);
  return line + (as_json ? "}\n" : "\n");
}

void EventLog::write(config::LogLevel level, std::string_view event, Fields fields,
                     std::string_view message) {
  if (level < level_.load()) return;
  const std::int64_t now = now_ms();
  const std::lock_guard lock(mutex_);
  tell_folded(now);
  if (level >= config::LogLevel::Warn && !may_repeat(level, event, now)) return;
  put(level, line_of(level, event, fields, message, now), now);
}

void EventLog::put(config::LogLevel level, const std::string& line, std::int64_t now) {
  if (!may_spend(level, line.size(), now)) return;
  [[maybe_unused]] const auto written = ::write(STDOUT_FILENO, line.data(), line.size());
}

bool EventLog::may_repeat(config::LogLevel level, std::string_view event, std::int64_t now) {
  auto found = folds_.find(event);
  if (found == folds_.end()) found = folds_.emplace(std::string(event), Fold{}).first;
  Fold& fold = found->second;
  if (now - fold.begin_ms >= kFoldMs) fold = {now, level, 0, 0};
  fold.level = std::max(fold.level, level);
  if (fold.written == kAlikeInFoldMax) return ++fold.folded, false;
  ++fold.written;
  return true;
}

// Minutes that are over, with more of an event than were written.
void EventLog::tell_folded(std::int64_t now) {
  for (auto& [event, fold] : folds_) {
    if (fold.folded == 0 || now - fold.begin_ms < kFoldMs) continue;
    put(fold.level,
        line_of(fold.level, event, {{"folded", std::to_string(fold.folded)}},
                "so many more of this event in the minute after the first", now),
        now);
    fold.folded = 0;
  }
}

bool EventLog::may_spend(config::LogLevel level, std::size_t bytes, std::int64_t now) {
  const double per_day = static_cast<double>(options_.budget_per_day_bytes);
  const double room = per_day / 24;  // an hour's worth may be written at once
  tokens_ = std::min(
      room, tokens_ + per_day * static_cast<double>(std::max<std::int64_t>(0, now - refilled_ms_)) /
                          kMsPerDay);
  refilled_ms_ = now;
  if (level >= config::LogLevel::Warn) {  // never dropped
    tokens_ = std::max(0.0, tokens_ - static_cast<double>(bytes));
    return true;
  }
  if (tokens_ >= static_cast<double>(bytes)) {
    tokens_ -= static_cast<double>(bytes);
    return true;
  }
  ++dropped_;
  if (now - told_ms_ >= kTellEveryMs) {
    told_ms_ = now;
    put(config::LogLevel::Warn,
        line_of(config::LogLevel::Warn, "log_dropped", {{"dropped", std::to_string(dropped_)}},
                "over log.budget_per_day", now),
        now);
  }
  return false;
}

std::uint64_t EventLog::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace giro::runtime
