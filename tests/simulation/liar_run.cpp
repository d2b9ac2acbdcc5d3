#include "tests/simulation/liar_run.h"

#include <algorithm>

namespace giro::sim {
namespace {

using Stage = Byzantine::Stage;

constexpr Time kShownWithin = 300 * kSecond;
constexpr Time kTurn = 800 * kMillisecond;  // of the liar, and at most until another view
constexpr Time kViewWithin = 2 * kSecond;
constexpr Time kLeftBehindWithin = 60 * kSecond;
constexpr Time kLiedToWithin = 20 * kSecond;
constexpr std::uint64_t kSmallSegment = 4 * 1024;  // of the log, so that a cut takes payload away

const Byzantine::Behaviour& behaviour_of(std::uint64_t number) {
  const auto all = Byzantine::with_quota();
  return *all.at(number % all.size());
}

Plan plan_of_liar(std::uint64_t number, const Byzantine::Behaviour& behaviour) {
  Random random(number, "liar");
  Plan plan;
  plan.mode = Mode::Lies;
  plan.load_after = 0;
  plan.parameters = consensus::Parameters::tiny();
  plan.parameters.idle_block_interval_ms = 200;
  plan.parameters.view_timeout_base_ms = 300;
  plan.parameters.view_timeout_cap_ms = 1'200;
  plan.parameters.status_interval_ms = 100;
  const bool is_idle = behaviour.stage == Stage::Snapshots;  // who asks again needs no blocks
  plan.load_interval = (is_idle ? 400 : random.between(30, 60)) * kMillisecond;
  plan.network.delay_mean = random.between(1, 4) * kMillisecond;
  // Peers are asked for snapshots in their order.
  plan.faulty = {behaviour.stage == Stage::Snapshots ? 0 : random.below(plan.nodes)};
  if (behaviour.stage == Stage::Clients) plan.faulty.clear();
  return plan;
}

}  // namespace

LiarRun::LiarRun(const RunOptions& options, std::uint64_t wanted)
    : LiarRun(options, behaviour_of(options.plan.seed), wanted) {}

LiarRun::LiarRun(const RunOptions& options, const Byzantine::Behaviour& behaviour,
                 std::uint64_t wanted)
    : Simulation(options, plan_of_liar(options.plan.seed, behaviour)),
      behaviour_(behaviour),
      wanted_(wanted),
      false_clients_(setup_, *clients_, nodes_, scheduler_, options.plan.seed) {
  for (const std::size_t node : plan_.faulty) {
    byzantine_->add(node, behaviour_.id);
    byzantine_->keep_blind(node);
  }
  for (auto& node : nodes_) node->log_segment_bytes = kSmallSegment;
}

void LiarRun::begin_load() {
  Simulation::begin_load();
  if (behaviour_.stage == Stage::Clients) false_clients_.begin(behaviour_.id, 100 * kMillisecond);
}

std::uint64_t LiarRun::shown() const {
  const auto& of_clients = false_clients_.activations();
  const auto found = of_clients.find(behaviour_.id);
  return byzantine_->activations(behaviour_.id) + (found == of_clients.end() ? 0 : found->second);
}

bool LiarRun::is_shown() const {
  if (std::string_view(behaviour_.id) != "FM") return shown() >= wanted_;
  const auto& fields = FieldMutators::fields();
  if (shown() < kFieldQuota * fields.size()) return false;  // that much is soon told
  const auto is_met = [&](const std::string& name) {
    return byzantine_->activations(name) >= kFieldQuota;
  };
  const auto as_it_stood = [&](const auto& field) { return is_met(field.name); };
  const auto signed_again = [&](const auto& field) { return is_met(field.again); };
  return std::ranges::all_of(fields, as_it_stood) &&
         std::ranges::count_if(fields, signed_again) >=
             static_cast<std::ptrdiff_t>(kFieldsSignedAgain);
}

void LiarRun::live() {
  switch (behaviour_.stage) {
    case Stage::Turns:
      take_turns();
      break;
    case Stage::Snapshots:
      show_snapshots();
      break;
    case Stage::Clients:
      trouble_clients();
      break;
  }
  false_clients_.end();
  for (const auto& [id, count] : false_clients_.activations()) report_.behaviours[id] += count;
}

consensus::View LiarRun::highest_view() const {
  consensus::View highest;
  for (const auto& node : nodes_) {
    if (node->is_up() && is_correct(node->index()))
      highest = std::max(highest, node->validator().replica().view().view);
  }
  return highest;
}

void LiarRun::cut_off(std::size_t node, bool is_cut) {
  for (std::size_t other = 0; other < nodes_.size(); ++other)
    links_[node][other].cut = links_[other][node].cut = is_cut;
}

// Whoever is the primary is cut off until there is another; the liar has a while before that.
void LiarRun::take_turns() {
  while (!is_shown() && scheduler_.now() < kShownWithin) {
    const auto view = highest_view();
    const auto is_over = [&] { return is_shown() || highest_view() > view; };
    const std::size_t primary = view.value % setup_.size();
    if (primary == liar()) run_until(scheduler_.now() + kTurn, is_over);
    if (is_over()) continue;
    cut_off(primary, true);
    run_until(scheduler_.now() + kViewWithin, is_over);
    cut_off(primary, false);
    run_until(scheduler_.now() + kTurn / 4, [&] { return is_shown(); });
  }
}

void LiarRun::trouble_clients() {
  Random random(options_.plan.seed, "restarts");
  while (!is_shown() && scheduler_.now() < kShownWithin) {
    run_until(scheduler_.now() + 2 * kSecond, [&] { return is_shown(); });
    crash(random.below(nodes_.size()), storage::Crash::process_only(), kSecond / 2);
  }
}

// Two in turn, so that what is meant for one half of the others finds it; again if one of them was
// served by others before it had been lied to often enough.
void LiarRun::show_snapshots() {
  for (std::size_t round = 0; !is_shown() && scheduler_.now() < kShownWithin; ++round) {
    const std::size_t node = 1 + round % 2;
    fall_behind(node);
    ask_again(node, round == 0 ? wanted_ / 2 : wanted_);
  }
}

// The others' logs are cut below the older of two snapshots: what it has missed is gone.
void LiarRun::fall_behind(std::size_t node) {
  cut_off(node, true);
  const auto left_at = checkers_.stable(node);
  const auto has_left_behind = [&](const std::unique_ptr<SimNode>& other) {
    if (other->index() == node) return true;
    const auto held = other->validator().snapshots();
    return std::ranges::count_if(held, [&](const auto& snapshot) {
             return snapshot.certified && snapshot.height > left_at;
           }) >= 2;
  };
  run_until(scheduler_.now() + kLeftBehindWithin,
            [&] { return std::ranges::all_of(nodes_, has_left_behind); });
  run_until(scheduler_.now() + 300 * kMillisecond);
  cut_off(node, false);
}

// As soon as it was lied to it dies, so that it asks again; at last it is let be, and installs.
void LiarRun::ask_again(std::size_t node, std::uint64_t wanted) {
  const std::uint64_t installs = report_.installs;
  const auto is_served = [&] { return report_.installs > installs; };
  while (!is_served() && scheduler_.now() < kShownWithin) {
    const std::uint64_t before = shown();
    run_until(scheduler_.now() + kLiedToWithin, [&] { return shown() > before || is_served(); });
    if (shown() >= wanted || shown() == before) break;
    crash(node, storage::Crash::process_only(), 10 * kMillisecond);
  }
  run_until(scheduler_.now() + kLiedToWithin, is_served);
}

}  // namespace giro::sim
