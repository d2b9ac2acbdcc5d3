#include "tests/simulation/scenario_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "tests/simulation/byzantine.h"

namespace giro::sim {
namespace {

using Field = Condition::Field;

constexpr std::array<std::pair<std::string_view, Field>, 15> kFields = {{
    {"epoch", Field::Epoch},
    {"view", Field::View},
    {"stable", Field::Stable},
    {"executed", Field::Executed},
    {"committed", Field::Committed},
    {"prepared", Field::Prepared},
    {"tip", Field::Tip},
    {"available", Field::Available},
    {"up", Field::Up},
    {"active", Field::Active},
    {"amnesic", Field::Amnesic},
    {"voting", Field::Voting},
    {"suspecting", Field::Suspecting},
    {"member", Field::Member},
    {"evidence", Field::Evidence},
}};

constexpr std::array<std::pair<std::string_view, Lost>, 5> kLosses = {{
    {"nothing", Lost::Nothing},
    {"unsynced", Lost::Unsynced},
    {"data", Lost::Data},
    {"sign-state", Lost::SignState},
    {"both", Lost::Both},
}};

constexpr std::array<std::pair<std::string_view, ledger::SeatChange>, 3> kSeatChanges = {{
    {"add", ledger::SeatChange::Add},
    {"remove", ledger::SeatChange::Remove},
    {"renew", ledger::SeatChange::Replace},
}};

// A word that cannot stand where it stands; caught where the file is read.
struct BadWord {
  std::string reason;
};
[[noreturn]] void bad(std::string reason) {
  throw BadWord{std::move(reason)};
}

class Words {
 public:
  Words(std::string_view line, std::size_t nodes) : nodes_(nodes) {
    line = line.substr(0, line.find('#'));
    for (std::size_t at = 0; at < line.size();) {
      const auto begin = line.find_first_not_of(" \t\r", at);
      if (begin == std::string_view::npos) break;
      at = std::min(line.find_first_of(" \t\r", begin), line.size());
      words_.emplace_back(line.substr(begin, at - begin));
    }
  }

  [[nodiscard]] bool at_end() const { return next_ == words_.size(); }
  [[nodiscard]] std::string joined() const {
    std::string text;
    for (const auto& word : words_) text += (text.empty() ? "" : " ") + word;
    return text;
  }
  std::string word(const char* what) {
    if (at_end()) bad(std::string("it ends where ") + what + " is expected");
    return words_[next_++];
  }
  bool take(std::string_view word) {
    if (at_end() || words_[next_] != word) return false;
    ++next_;
    return true;
  }
  std::uint64_t number(const char* what) { return number_of(word(what), what); }

  Time time() {
    const std::string text = word("a time");
    const auto unit = std::ranges::find_if(text, [](char c) { return c < '0' || c > '9'; });
    static const std::map<std::string, Time> kUnits = {
        {"ms", kMillisecond}, {"s", kSecond}, {"m", 60 * kSecond}, {"h", 3600 * kSecond}};
    const auto found = kUnits.find(std::string(unit, text.end()));
    if (found == kUnits.end()) bad("a time is 200ms, 10s, 5m or 1h, not " + text);
    const auto count = number_of(std::string(text.begin(), unit), "a time");
    if (count > 100'000) bad("that is too long: " + text);
    return static_cast<Time>(count) * found->second;
  }

  NodeList node_list() {
    const std::string text = word("a node");
    if (text == "primary") return {{}, NodeList::Kind::Primary};
    if (text == "some") return {nodes_of("*"), NodeList::Kind::Some};
    return {nodes_of(text)};
  }

  // "0>1", "0,1-*": each of the left with each of the right; `-` is both ways.
  Links links() {
    const std::string text = word("a link");
    const auto mark = text.find_first_of("->");
    if (mark == std::string::npos) bad("a link is 0>1 or 0,1-*, not " + text);
    const auto left = nodes_of(text.substr(0, mark));
    const auto right = nodes_of(text.substr(mark + 1));
    Links links;
    for (const std::size_t a : left) {
      for (const std::size_t b : right) {
        if (a == b) continue;
        links.emplace(a, b);
        if (text[mark] == '-') links.emplace(b, a);
      }
    }
    return links;
  }

  MessageFilter::Range range(const char* what) {
    const std::string text = word(what);
    const auto dots = text.find("..");
    const auto first = number_of(text.substr(0, dots), what);
    if (dots == std::string::npos) return {first, first};
    const auto end = text.substr(dots + 2);
    return {first, end.empty() ? UINT64_MAX : number_of(end, what)};
  }

  // Up to the end, or to `within`.
  Conditions conditions() {
    Conditions all;
    do {
      all.push_back(condition());
    } while (take("and"));
    return all;
  }

  [[nodiscard]] static std::uint64_t number_of(const std::string& text, const char* what) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
      bad(std::string(what) + " is a number, not \"" + text + "\"");
    return value;
  }

 private:
  std::set<std::size_t> nodes_of(const std::string& text) {
    std::set<std::size_t> list;
    for (std::size_t at = 0; at <= text.size();) {
      const auto comma = std::min(text.find(',', at), text.size());
      const std::string one = text.substr(at, comma - at);
      at = comma + 1;
      if (one == "*") {
        for (std::size_t node = 0; node < nodes_; ++node) list.insert(node);
        continue;
      }
      const auto node = number_of(one, "a node");
      if (node >= nodes_) bad("there is no node " + one);
      list.insert(node);
    }
    return list;
  }

  Condition condition() {
    Condition made;
    made.is_not = take("not");
    const std::string name = word("a condition");
    const auto* const field =
        std::ranges::find(kFields, name, &std::pair<std::string_view, Field>::first);
    if (field == kFields.end()) bad("unknown condition " + name);
    made.field = field->second;
    made.nodes = node_list();
    if (made.field == Field::Evidence) {
      made.value = number("the culprit");
    } else if (made.field < Field::Up) {
      made.compare = word("a comparison");
      constexpr std::array<std::string_view, 5> kSigns = {">=", "<=", "=", ">", "<"};
      if (std::ranges::find(kSigns, made.compare) == kSigns.end())
        bad("unknown comparison " + made.compare);
      std::string value = word("a number");
      made.is_above_last = value.starts_with("last");
      if (value == "last") value = "last+0";
      if (made.is_above_last) value = value.substr(std::min<std::size_t>(5, value.size()));
      made.value = number_of(value, "a value, N or last+N,");
    }
    return made;
  }

  std::vector<std::string> words_;
  std::size_t next_ = 0;
  std::size_t nodes_;
};

void read_network(Words& words, Plan& plan) {
  auto& parameters = plan.parameters;
  const auto milliseconds = [&] { return static_cast<std::uint64_t>(words.time() / kMillisecond); };
  while (!words.at_end()) {
    const std::string name = words.word("a parameter");
    if (name == "nodes") {
      plan.nodes = words.number("nodes");
      if (plan.nodes < 4 || plan.nodes > 13) bad("nodes are 4 to 13");
    } else if (name == "newcomer") {
      plan.newcomers = 1;
    } else if (name == "window") {
      parameters.window = words.number("window");
      if (parameters.window < 4 || parameters.window > 1024) bad("a window is 4 to 1024 blocks");
    } else if (name == "epoch") {
      parameters.epoch_blocks = words.number("epoch");
      if (parameters.epoch_blocks < 10) bad("an epoch has 10 blocks or more");
    } else if (name == "idle") {
      parameters.idle_block_interval_ms = milliseconds();
    } else if (name == "timeout") {
      parameters.view_timeout_base_ms = milliseconds();
    } else if (name == "cap") {
      parameters.view_timeout_cap_ms = milliseconds();
    } else if (name == "status") {
      parameters.status_interval_ms = milliseconds();
    } else if (name == "delay") {
      plan.network.delay_mean = words.time();
    } else {
      bad("unknown parameter " + name);
    }
  }
}

Lost read_loss(Words& words) {
  if (!words.take("losing")) return Lost::Nothing;
  const std::string name = words.word("what is lost");
  const auto* const found =
      std::ranges::find(kLosses, name, &std::pair<std::string_view, Lost>::first);
  if (found == kLosses.end()) bad("unknown loss " + name);
  return found->second;
}

std::set<std::string> read_kinds(Words& words) {
  std::set<std::string> kinds;
  const std::string text = words.word("a kind of message");
  for (std::size_t at = 0; at < text.size() && text != "*";) {
    const auto comma = std::min(text.find(',', at), text.size());
    const std::string kind = text.substr(at, comma - at);
    if (!MessageFilter::is_kind(kind)) bad("unknown kind of message " + kind);
    kinds.insert(kind);
    at = comma + 1;
  }
  return kinds;
}

step::Filter read_filter(Words& words, bool holds) {
  step::Filter filter;
  filter.rule.holds = holds;
  filter.rule.kinds = read_kinds(words);
  filter.rule.links = words.links();
  while (!words.at_end()) {
    if (words.take("view"))
      filter.rule.views = words.range("a view");
    else if (words.take("height"))
      filter.rule.heights = words.range("a height");
    else
      bad("only view and height narrow a filter");
  }
  return filter;
}

step::Run read_run(Words& words) {
  step::Run run;
  if (!words.take("until")) {
    run.time = words.time();
    return run;
  }
  run.until = words.conditions();
  if (!words.take("within")) bad("`run until` needs `within TIME`");
  run.time = words.time();
  return run;
}

step::Clock read_clock(Words& words) {
  step::Clock clock{words.node_list()};
  const bool is_behind = words.take("behind");
  if (!is_behind && !words.take("ahead")) bad("a clock is ahead or behind");
  clock.ahead_ms = words.time() / kMillisecond * (is_behind ? -1 : 1);
  return clock;
}

step::Seat read_seat(Words& words) {
  step::Seat seat{words.node_list()};
  const std::string name = words.word("add, remove or renew");
  const auto* const found = std::ranges::find(
      kSeatChanges, name, &std::pair<std::string_view, ledger::SeatChange>::first);
  if (found == kSeatChanges.end()) bad("a seat is added, removed or renewed, not " + name);
  seat.change = found->second;
  return seat;
}

decltype(Step::what) read_step(const std::string& verb, Words& words) {
  if (verb == "pay") {
    step::Pay pay{words.node_list()};
    if (!words.at_end()) pay.count = words.number("a count");
    return pay;
  }
  if (verb == "cut") return step::Cut{words.links()};
  if (verb == "join") return step::Join{words.links()};
  if (verb == "lose" || verb == "hold") return read_filter(words, verb == "hold");
  if (verb == "release") return words.at_end() ? step::Release{} : step::Release{read_kinds(words)};
  if (verb == "crash") {
    NodeList nodes = words.node_list();
    return step::Crash{std::move(nodes), read_loss(words)};
  }
  if (verb == "start") return step::Start{words.node_list()};
  if (verb == "save") return step::Save{words.node_list()};
  if (verb == "restore") {
    NodeList nodes = words.node_list();
    const std::string what = words.word("data or sign-state");
    if (what != "data" && what != "sign-state") bad("data or sign-state is put back, not " + what);
    return step::Restore{std::move(nodes), what == "data" ? Kept::Data : Kept::SignState};
  }
  if (verb == "clock") return read_clock(words);
  if (verb == "seat") return read_seat(words);
  if (verb == "key") return step::Key{words.node_list()};
  if (verb == "run") return read_run(words);
  if (verb == "expect") return step::Expect{words.conditions()};
  if (verb == "never") return step::Never{words.conditions()};
  bad("unknown command " + verb);
}

void read_line(Words& words, std::size_t line, Scenario& scenario) {
  const std::string text = words.joined();
  const std::string verb = words.word("a command");
  Plan& plan = scenario.plan;
  if (verb == "network") {
    if (!scenario.steps.empty() || !scenario.lies.empty()) bad("`network` comes first");
    return read_network(words, plan);
  }
  if (verb == "liar") {
    if (!scenario.steps.empty()) bad("`liar` comes before the first step");
    const NodeList liars = words.node_list();
    const std::string id = words.word("a behaviour");
    if (Byzantine::find(id) == nullptr)
      bad("unknown behaviour " + id + "; giro-sim --list behaviours");
    for (const std::size_t node : liars.nodes) {
      plan.faulty.insert(node);
      scenario.lies.emplace_back(node, id);
    }
    if (plan.faulty.size() > plan.faults()) bad("more than f nodes are faulty");
    return;
  }
  scenario.steps.push_back({line, text, read_step(verb, words)});
}

}  // namespace

std::expected<Scenario, ScenarioError> read_scenario(std::string name, std::string_view text) {
  Scenario scenario{.name = std::move(name), .plan = {}, .lies = {}, .steps = {}};
  scenario.plan.mode = Mode::Partition;  // a happy one has no view change (L3)
  scenario.plan.parameters = consensus::Parameters::tiny();
  std::size_t line = 0;
  while (!text.empty()) {
    ++line;
    const auto end = std::min(text.find('\n'), text.size());
    Words words(text.substr(0, end), scenario.plan.nodes + scenario.plan.newcomers);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (words.at_end()) continue;
    try {
      read_line(words, line, scenario);
      if (!words.at_end()) bad("nothing may follow, and there is " + words.word("a word"));
    } catch (const BadWord& wrong) {
      return std::unexpected(ScenarioError{line, wrong.reason});
    }
  }
  if (scenario.steps.empty()) return std::unexpected(ScenarioError{line, "it has no step"});
  return scenario;
}

}  // namespace giro::sim
