#include "tests/simulation/scenario.h"

#include <algorithm>
#include <utility>

namespace giro::sim {
namespace {

bool compares(std::uint64_t left, const std::string& sign, std::uint64_t right) {
  if (sign == ">=") return left >= right;
  if (sign == "<=") return left <= right;
  if (sign == ">") return left > right;
  if (sign == "<") return left < right;
  return left == right;
}

std::uint64_t number_of(Condition::Field field, const consensus::ReplicaView& view) {
  using Field = Condition::Field;
  switch (field) {
    case Field::Epoch:
      return view.epoch.value;
    case Field::View:
      return view.view.value;
    case Field::Stable:
      return view.stable.value;
    case Field::Executed:
      return view.executed.value;
    case Field::Committed:
      return view.committed.value;
    case Field::Prepared:
      return view.prepared.value;
    case Field::Available:
      return view.available_batches;
    default:
      return view.tip.value;
  }
}

RunOptions options_of(LogDetail log) {
  RunOptions options;
  options.log = log;
  return options;
}

}  // namespace

ScenarioRun::ScenarioRun(const Scenario& scenario, LogDetail log)
    : Simulation(options_of(log), scenario.plan),
      scenario_(scenario),
      trace_(setup_.nodes()),
      evidence_(setup_.nodes()) {
  for (const auto& [node, behaviour] : scenario.lies) byzantine_->add(node, behaviour);
}

void ScenarioRun::live() {
  for (const Step& step : scenario_.steps) {
    line_ = step.line;
    changed_ = true;
    if (options_.log != LogDetail::Off) say(0, "--- " + step.text);
    trace_.begin(step.text);
    std::visit([this](const auto& what) { perform(what); }, step.what);
  }
  never_.clear();
  release({});
  line_ = 0;
}

// --- what nodes do

void ScenarioRun::deliver(std::size_t from, std::size_t to, const p2p::Frame& frame) {
  if (filter_.passes(from, to, frame)) Simulation::deliver(from, to, frame);
}

void ScenarioRun::on_consensus(std::size_t node, const consensus::Event& event) {
  changed_ = true;
  if (line_ != 0) trace_.add(node, event);
  if (event.type == consensus::EventType::EvidenceFound) {
    if (const auto culprit = setup_.node_of({event.detail})) evidence_[node].insert(*culprit);
  }
  Simulation::on_consensus(node, event);
}

void ScenarioRun::on_opened(std::size_t node, const runtime::Opened& opened) {
  changed_ = true;
  Simulation::on_opened(node, opened);
}

// --- steps

void ScenarioRun::perform(const step::Pay& step) {
  for (const std::size_t node : nodes_of(step.nodes)) {
    for (std::uint64_t i = 0; i < step.count && nodes_[node]->is_up(); ++i) clients_->offer(node);
  }
}

void ScenarioRun::perform(const step::Cut& step) {
  for (const auto& [from, to] : step.links) links_[from][to].cut = true;
}

void ScenarioRun::perform(const step::Join& step) {
  for (const auto& [from, to] : step.links) links_[from][to].cut = false;
}

void ScenarioRun::perform(const step::Filter& step) {
  filter_.add(step.rule);
}

void ScenarioRun::perform(const step::Release& step) {
  release(step.kinds);
}

void ScenarioRun::perform(const step::Crash& step) {
  for (const std::size_t node : nodes_of(step.nodes)) {
    if (nodes_[node]->is_up()) {
      ++report_.crashes;
      nodes_[node]->crash(step.lost == Lost::Nothing ? storage::Crash::process_only()
                                                     : storage::Crash::lose_unsynced());
    }
    if (step.lost == Lost::Data || step.lost == Lost::Both) nodes_[node]->wipe_data();
    if (step.lost == Lost::SignState || step.lost == Lost::Both) nodes_[node]->lose_sign_state();
    if (step.lost == Lost::Nothing || step.lost == Lost::Unsynced) continue;
    forget(node);
  }
}

void ScenarioRun::perform(const step::Start& step) {
  for (const std::size_t node : nodes_of(step.nodes)) restart(node);
}

void ScenarioRun::perform(const step::Save& step) {
  for (const std::size_t node : nodes_of(step.nodes)) nodes_[node]->save();
}

void ScenarioRun::perform(const step::Restore& step) {
  for (const std::size_t node : nodes_of(step.nodes)) {
    step.what == Kept::Data ? nodes_[node]->restore_data() : nodes_[node]->restore_sign_state();
    forget(node);
  }
}

void ScenarioRun::perform(const step::Clock& step) {
  for (const std::size_t node : nodes_of(step.nodes)) nodes_[node]->set_clock(1, step.ahead_ms);
}

void ScenarioRun::perform(const step::Seat& step) {
  for (const std::size_t node : nodes_of(step.nodes)) consortium_->propose(step.change, node);
}

void ScenarioRun::perform(const step::Key& step) {
  for (const std::size_t node : nodes_of(step.nodes)) {
    change_key(node, setup_.keys(node) - 1, 0);
    restart(node);
  }
}

void ScenarioRun::perform(const step::Run& step) {
  const Conditions until = resolved(step.until);
  const Time end = scheduler_.now() + step.time;
  const bool is_done = run_until(end, [&] {
    if (!std::exchange(changed_, false)) return false;
    check_never();
    return !until.empty() && holds(until);
  });
  if (!is_done && !until.empty()) throw Violation{"L1", 0, "waited for in vain" + places()};
}

void ScenarioRun::perform(const step::Expect& step) {
  if (!holds(resolved(step.conditions)))
    throw Violation{"expect", 0, "it does not hold" + places()};
}

void ScenarioRun::perform(const step::Never& step) {
  never_.push_back(resolved(step.conditions));
  check_never();
}

void ScenarioRun::release(const std::set<std::string>& kinds) {
  for (const auto& held : filter_.release(kinds)) deliver(held.from, held.to, held.frame);
}

void ScenarioRun::check_never() {
  for (const auto& never : never_) {
    if (std::ranges::all_of(never, [&](const Condition& one) { return holds_anywhere(one); }))
      throw Violation{"expect", 0, "what should never hold does" + places()};
  }
}

// --- conditions

// `last` is the height as the step began, for as long as the condition is looked at.
Conditions ScenarioRun::resolved(Conditions conditions) const {
  const auto last = checkers_.committed().value;
  for (Condition& condition : conditions) {
    if (std::exchange(condition.is_above_last, false)) condition.value += last;
  }
  return conditions;
}

std::size_t ScenarioRun::leader() const {
  std::size_t leader = 0;
  std::pair<consensus::Epoch, consensus::View> highest;
  for (const auto& node : nodes_) {
    if (!node->is_up()) continue;
    const auto view = node->validator().replica().view();
    if (std::pair(view.epoch, view.view) < highest) continue;
    highest = {view.epoch, view.view};
    const auto* seat = sets_.seat(view.epoch, view.primary.value);
    leader = seat == nullptr ? 0 : setup_.node_of(seat->institution).value_or(0);
  }
  return leader;
}

std::set<std::size_t> ScenarioRun::nodes_of(const NodeList& list) const {
  return list.kind == NodeList::Kind::Primary ? std::set{leader()} : list.nodes;
}

bool ScenarioRun::holds(const Conditions& conditions) const {
  return std::ranges::all_of(conditions, [this](const Condition& condition) {
    if (condition.nodes.kind == NodeList::Kind::Some) return holds_anywhere(condition);
    return std::ranges::all_of(nodes_of(condition.nodes),
                               [&](std::size_t node) { return holds(condition, node); });
  });
}

bool ScenarioRun::holds_anywhere(const Condition& condition) const {
  return std::ranges::any_of(nodes_of(condition.nodes),
                             [&](std::size_t node) { return holds(condition, node); });
}

bool ScenarioRun::holds(const Condition& condition, std::size_t node) const {
  using Field = Condition::Field;
  if (condition.field == Field::Up) return nodes_[node]->is_up() != condition.is_not;
  if (condition.field == Field::Evidence)
    return evidence_[node].contains(condition.value) != condition.is_not;
  if (!nodes_[node]->is_up()) return false;
  const auto view = nodes_[node]->validator().replica().view();
  bool is_so = false;
  if (condition.field == Field::Active) {
    is_so = !view.changing_view;
  } else if (condition.field == Field::Amnesic) {
    is_so = view.amnesic_below.has_value() || view.floor_search.has_value();
  } else if (condition.field == Field::Voting) {
    is_so = view.voting;
  } else if (condition.field == Field::Suspecting) {
    is_so = view.suspecting;
  } else if (condition.field == Field::Member) {
    is_so = view.member;
  } else {
    is_so = compares(number_of(condition.field, view), condition.compare, condition.value);
  }
  return is_so != condition.is_not;
}

}  // namespace giro::sim
