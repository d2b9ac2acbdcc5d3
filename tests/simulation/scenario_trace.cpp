#include "tests/simulation/scenario_trace.h"

#include <algorithm>
#include <span>

#include "crypto/digest.h"

namespace giro::sim {
namespace {

using consensus::Event;
using consensus::EventType;

constexpr std::size_t kColumns = 100;
constexpr std::size_t kEventsShown = 120;  // of a node and step; the rest as a number and a digest

// What happened to a block; empty: the event is not about one.
std::string_view of_block(EventType type) {
  switch (type) {
    case EventType::BlockProposed:
      return "proposed";
    case EventType::BlockAccepted:
      return "accepted";
    case EventType::Prepared:
      return "prepared";
    case EventType::Committed:
      return "committed";
    case EventType::Executed:
      return "executed";
    case EventType::Stable:
      return "stable";
    default:
      return {};
  }
}

std::string of_node(const Event& event) {
  const auto number = [](std::uint64_t value) { return std::to_string(value); };
  switch (event.type) {
    case EventType::EpochEntered:
      return "epoch " + number(event.epoch.value) + " entered";
    case EventType::ViewEntered:
      return "view " + number(event.view.value) + " entered";
    case EventType::ViewActive:
      return "view " + number(event.view.value) + " active at " + number(event.height.value);
    case EventType::Suspecting:
      return "suspects view " + number(event.view.value);
    case EventType::SuspicionEnded:
      return "suspicion ended";
    case EventType::EvidenceFound:
      return "evidence against institution " + number(event.detail);
    case EventType::Diverged:
      return "diverged";
    case EventType::Abstaining:
      return "abstains";
    case EventType::BreachFound:
      return "breach at " + number(event.height.value);
    case EventType::VotesStopped:
      return "votes stopped";
    case EventType::FloorFound:
      return "floor at " + number(event.height.value);
    case EventType::FloorRefuted:
      return "floor refuted";
    case EventType::AmnesiaEnded:
      return "amnesia ended at " + number(event.height.value);
    default:
      return {};  // batches, joining, refusals
  }
}

bool is_shown(const Event& event) {
  return !of_block(event.type).empty() || !of_node(event).empty();
}

// Words that stay together; a block's are named by its height once.
std::vector<std::string> words_of(const std::vector<Event>& events) {
  std::vector<std::string> words;
  std::uint64_t height = 0;  // of the block in hand; 0: none
  for (const Event& event : events) {
    const std::string_view verb = of_block(event.type);
    if (verb.empty()) {
      height = 0;
      words.push_back(of_node(event));
    } else if (height == event.height.value) {
      words.back().append(" ").append(verb);
    } else {
      height = event.height.value;
      words.push_back(std::to_string(event.height.value) + " " + std::string(verb));
    }
  }
  return words;
}

std::string digest_of(std::span<const Event> events) {
  crypto::Bytes bytes;
  crypto::Writer writer(bytes);
  for (const Event& event : events)
    writer.u8(static_cast<std::uint8_t>(event.type)).u64(event.view.value).u64(event.height.value);
  return crypto::to_hex(crypto::sha256(bytes)).substr(0, 8);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

}  // namespace

void ScenarioTrace::begin(const std::string& step) {
  end_step();
  text_ += step + "\n";
}

void ScenarioTrace::add(std::size_t node, const Event& event) {
  if (is_shown(event)) nodes_[node].push_back(event);
}

std::string ScenarioTrace::take() {
  end_step();
  return std::move(text_);
}

void ScenarioTrace::end_step() {
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    auto& events = nodes_[node];
    if (events.empty()) continue;
    std::string rest;
    if (events.size() > kEventsShown) {
      const auto hidden = std::span<const Event>(events).subspan(kEventsShown);
      rest = "and " + std::to_string(hidden.size()) + " more, " + digest_of(hidden);
      events.resize(kEventsShown);
    }
    std::vector<std::string> words = words_of(events);
    if (!rest.empty()) words.push_back(rest);
    std::string line = "  " + std::to_string(node) + ":";
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (line.size() + words[i].size() + 2 > kColumns) {
        text_ += line + "\n";
        line = "    ";
      }
      line.append(" ").append(words[i]).append(i + 1 < words.size() ? ";" : "");
    }
    text_ += line + "\n";
    events.clear();
  }
}

std::string first_difference(const std::string& expected, const std::string& actual) {
  if (expected == actual) return {};
  const auto before = lines_of(expected);
  const auto after = lines_of(actual);
  std::size_t i = 0;
  while (i < before.size() && i < after.size() && before[i] == after[i]) ++i;
  const auto shown = [](const std::vector<std::string>& lines, std::size_t at) {
    return at < lines.size() ? lines[at] : std::string("(the end)");
  };
  return "line " + std::to_string(i + 1) + "\n     expected: " + shown(before, i) +
         "\n     happened: " + shown(after, i);
}

}  // namespace giro::sim
