#include "tests/simulation/crash_sweep.h"

#include <algorithm>
#include <utility>

#include "consensus/wire/codec.h"

namespace giro::sim {
namespace {

constexpr Time kWarmUpMax = 60 * kSecond;
constexpr Time kAfterDeath = 2 * kSecond;              // of the story, before everything heals
constexpr std::uint64_t kLogSegmentBytes = 16 * 1024;  // so that a cut removes some

RunOptions options_of(std::uint64_t scenario, LogDetail log, std::uint64_t until_event) {
  RunOptions options;
  options.plan.seed = scenario;
  options.log = log;
  options.until_event = until_event;
  return options;
}

bool is_attest(const p2p::Frame& frame) {
  const crypto::ByteView bytes(*frame);
  const auto message =
      consensus::wire::decode(std::to_integer<std::uint8_t>(bytes[5]), bytes.subspan(6));
  const auto* vote = message ? std::get_if<consensus::Vote>(&*message) : nullptr;
  return vote != nullptr && vote->content.kind == consensus::VoteKind::Attest;
}

}  // namespace

CrashSweep::CrashSweep(std::uint64_t scenario, LogDetail log, std::uint64_t until_event,
                       Decide decide)
    : CrashSweep(plan_crashes(scenario), options_of(scenario, log, until_event),
                 std::move(decide)) {}

CrashSweep::CrashSweep(CrashPlan plan, const RunOptions& options, Decide decide)
    : Simulation(options, plan.plan), crash_plan_(std::move(plan)), decide_(std::move(decide)) {
  for (auto& node : nodes_) node->log_segment_bytes = kLogSegmentBytes;
}

// --- the scenario

void CrashSweep::live() {
  const std::size_t one = crash_plan_.node;
  const bool is_absent = crash_plan_.story == Story::Install || crash_plan_.story == Story::CatchUp;
  const auto at_height = [this](std::uint64_t height) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      count += nodes_[i]->is_up() && checkers_.stable(i).value >= height ? 1 : 0;
    return count;
  };
  if (is_absent) {
    run_until(kWarmUpMax, [&] { return at_height(2) == nodes_.size(); });
    if (crash_plan_.story == Story::CatchUp) {
      cut_off(one);
    } else {
      lose(one, Loss::Data);
    }
  }
  const std::size_t expected = nodes_.size() - (is_absent ? 1 : 0);
  run_until(kWarmUpMax, [&] {
    return at_height(crash_plan_.begin) >= expected &&
           (crash_plan_.story != Story::Install || report_.log_cuts >= expected);
  });
  is_swept_ = true;
  begin_story();
  const std::uint64_t target = checkers_.committed().value + crash_plan_.blocks;
  const std::size_t quorum = nodes_.size() - plan_.faults();
  run_until(scheduler_.now() + crash_plan_.at_most, [&] {
    if (died_at_ && scheduler_.now() > died_when_ + down_ + kAfterDeath) return true;
    return at_height(target) >= quorum && is_told();
  });
  is_swept_ = false;
}

void CrashSweep::cut_off(std::size_t node) {
  for (std::size_t other = 0; other < nodes_.size(); ++other)
    links_[node][other].cut = links_[other][node].cut = true;
}

// It stays down.
void CrashSweep::lose(std::size_t node, Loss loss) {
  nodes_[node]->crash(storage::Crash::lose_unsynced());
  loss == Loss::Data ? nodes_[node]->wipe_data() : nodes_[node]->lose_sign_state();
  forget(node);
}

void CrashSweep::begin_story() {
  const std::size_t one = crash_plan_.node;
  before_ = {checkers_.committed(), checkers_.view_changes()};
  const auto come_back = [this](std::size_t node, Time down) {
    scheduler_.in(down, [this, node] { restart(node); });
  };
  switch (crash_plan_.story) {
    case Story::ViewChange:
      cut_off(nodes_[one]->validator().replica().view().primary.value);
      break;
    case Story::AllRestart:
      for (std::size_t node = 0; node < nodes_.size(); ++node) {
        nodes_[node]->crash(storage::Crash::lose_unsynced());
        come_back(node, static_cast<Time>(node) * 20 * kMillisecond);
      }
      break;
    case Story::Install:
      restart(one);
      break;
    case Story::CatchUp:
      for (auto& row : links_) std::ranges::fill(row, Link{});
      break;
    case Story::LostSignState:
      lose(one, Loss::SignState);
      come_back(one, 10 * kMillisecond);
      break;
    case Story::LostData:
      lose(one, Loss::Data);
      come_back(one, 10 * kMillisecond);
      break;
    case Story::SlowDisk:
      nodes_[one]->costs.slow_disk = 100;
      break;
    default:
      break;
  }
}

bool CrashSweep::is_told() const {
  const SimNode& node = *nodes_[crash_plan_.node];
  switch (crash_plan_.story) {
    case Story::ViewChange:
      return checkers_.view_changes() > before_.view_changes;
    case Story::LogCut:
      return report_.log_cuts >= nodes_.size() - plan_.faults();
    case Story::Snapshot:
      return report_.snapshots >= nodes_.size() - plan_.faults();
    case Story::Install:
      if (report_.installs == 0) return false;
      [[fallthrough]];
    case Story::CatchUp:
    case Story::LostData:
      return node.is_up() && checkers_.stable(crash_plan_.node) >= before_.committed;
    case Story::LostSignState:
      return node.is_up() && wiped_[crash_plan_.node].empty();
    default:
      return true;
  }
}

// --- the points

void CrashSweep::on_send(std::size_t node, std::optional<consensus::InstitutionId> to,
                         const p2p::Frame& frame) {
  const Act act = is_swept_ && is_attest(frame) ? Act::Attest : Act::Send;
  on_act(node, act, Moment::Before);
  Simulation::on_send(node, to, frame);
  on_act(node, act, Moment::After);
}

void CrashSweep::on_consensus(std::size_t node, const consensus::Event& event) {
  const bool is_entry = event.type == consensus::EventType::EpochEntered;
  if (is_entry) on_act(node, Act::Epoch, Moment::Before);
  Simulation::on_consensus(node, event);
  if (is_entry) on_act(node, Act::Epoch, Moment::After);
}

void CrashSweep::on_act(std::size_t node, Act act, Moment moment) {
  if (!is_swept_ || died_at_) return;
  // Nothing lies between what follows an act and what comes before the next one of the same event.
  const std::pair place{node, scheduler_.events()};
  const bool is_same = moment == Moment::Before && behind_ == place;
  behind_.reset();
  if (moment == Moment::After) behind_ = place;
  if (is_same) return;
  const Point point{++points_, node, act, moment};
  const auto outcome = decide_(point);
  if (!outcome) return;
  died_at_ = point;
  died_when_ = scheduler_.now();
  const CrashRun run{options_.plan.seed, point.number, *outcome};
  Random random(run.number(), "death");
  down_ = random.chance(0.6) ? random.between(1, 100) * kMillisecond
                             : random.between(100, 2'500) * kMillisecond;
  if (options_.log != LogDetail::Off)
    say(node, "dies " + std::string(moment == Moment::Before ? "before " : "after ") +
                  std::string(sim::name(act)) + ", " + std::string(sim::name(*outcome)));
  nodes_[node]->die_here(*outcome, random.next());
}

void CrashSweep::on_died(std::size_t node) {
  ++report_.crashes;
  if (nodes_[node]->is_up()) nodes_[node]->crash(storage::Crash::process_only());
  scheduler_.in(down_, [this, node] { restart(node); });
}

}  // namespace giro::sim
