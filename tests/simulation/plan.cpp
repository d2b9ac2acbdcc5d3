#include "tests/simulation/plan.h"

#include <algorithm>
#include <array>
#include <utility>

#include "tests/simulation/random.h"

namespace giro::sim {
namespace {

constexpr std::array<std::pair<Mode, std::string_view>, 9> kNames = {{
    {Mode::Happy, "happy"},
    {Mode::Crash, "crash"},
    {Mode::Storage, "storage"},
    {Mode::Partition, "partition"},
    {Mode::Byz, "byz"},
    {Mode::Everything, "everything"},
    {Mode::Reconfig, "reconfig"},
    {Mode::Lies, "lies"},
    {Mode::Swarm, "swarm"},
}};

// How long seeds are (Length::Drawn).
constexpr double kFull = 0.02;  // of all: as with Length::Full
constexpr double kLong = 0.1;   // of the others: trouble as long as it was drawn, and no calm
constexpr Time kShortest = 12 * kSecond;
constexpr double kShortMean = 22 * kSecond;
constexpr double kPaceMin = 0.25;

struct Switches {
  bool network, crash, storage, partition, clocks, pauses, wipe, byz;
};

Mode draw_mode(Random& random) {
  constexpr std::array<std::pair<Mode, std::uint64_t>, 6> kWeights = {{{Mode::Happy, 5},
                                                                       {Mode::Crash, 20},
                                                                       {Mode::Storage, 15},
                                                                       {Mode::Partition, 20},
                                                                       {Mode::Byz, 20},
                                                                       {Mode::Everything, 20}}};
  std::uint64_t at = random.below(100);
  for (const auto& [mode, weight] : kWeights) {
    if (at < weight) return mode;
    at -= weight;
  }
  return Mode::Everything;
}

Switches switches_of(Mode mode, Random& random) {
  const auto sometimes = [&] { return random.chance(0.5); };
  switch (mode) {
    case Mode::Crash:
      return {sometimes(), true, false, false, false, sometimes(), false, false};
    case Mode::Storage:
      return {sometimes(), sometimes(), true, false, false, false, true, false};
    case Mode::Partition:
      return {sometimes(), false, false, true, sometimes(), sometimes(), false, false};
    case Mode::Byz:
      return {sometimes(), sometimes(), false, sometimes(), false, false, false, true};
    case Mode::Everything:
      return {true,        sometimes(), sometimes(), sometimes(),
              sometimes(), sometimes(), sometimes(), sometimes()};
    case Mode::Reconfig:
      return {sometimes(), sometimes(), false,       sometimes(),
              false,       sometimes(), sometimes(), random.chance(0.3)};
    case Mode::Happy:
    case Mode::Lies:
    case Mode::Swarm:
      break;
  }
  return {};
}

// Seats change hands: epochs are short, and there is time for several.
void draw_seat_changes(Random& random, Plan& plan) {
  constexpr std::array<std::uint64_t, 3> kShortEpochs = {10, 10, 25};
  plan.parameters.epoch_blocks = random.pick(kShortEpochs);
  plan.newcomers = 1;
  plan.safety = random.between(60, 150) * kSecond;
  plan.load_interval = random.between(100, 600) * kMillisecond;
  plan.seat_changes = random.between(5, 20) * kSecond;
}

consensus::Parameters draw_parameters(Random& random) {
  auto parameters = consensus::Parameters::tiny();
  constexpr std::array<std::uint64_t, 4> kWindows = {4, 4, 8, 64};
  constexpr std::array<std::uint64_t, 4> kEpochs = {10, 10, 25, 100};
  parameters.window = random.pick(kWindows);
  parameters.epoch_blocks = random.pick(kEpochs);
  parameters.batch_operations = 1 + random.below(8);
  parameters.block_batches = 1 + random.below(4);
  parameters.idle_block_interval_ms = 1'000;
  parameters.view_timeout_base_ms = 1'000;
  parameters.view_timeout_cap_ms = 8'000;
  parameters.status_interval_ms = 200;
  return parameters;
}

// The same troubles in less time: at most four times as often, and each twice at least, as a mean.
void draw_length(Random random, Plan& plan) {
  if (random.chance(kFull)) return;
  const bool is_long = random.chance(kLong);
  const Time drawn = kShortest + random.exponential(kShortMean);
  plan.load_after = random.between(1, 5) * kSecond;
  if (is_long || drawn >= plan.safety) return;
  plan.pace = std::max(kPaceMin, static_cast<double>(drawn) / static_cast<double>(plan.safety));
  plan.safety = drawn;
  for (auto* mean : {&plan.crashes, &plan.power_failures, &plan.partitions, &plan.clogs,
                     &plan.pauses, &plan.clock_jumps, &plan.slow_disks, &plan.disk_errors,
                     &plan.store_damages, &plan.seat_changes, &plan.wipes}) {
    if (!*mean) continue;
    const auto at_pace = static_cast<Time>(static_cast<double>(**mean) * plan.pace);
    *mean = std::min(at_pace, drawn / 2);
  }
}

}  // namespace

std::string_view name(Mode mode) {
  return std::ranges::find(kNames, mode, &std::pair<Mode, std::string_view>::first)->second;
}

std::optional<Mode> mode_of(std::string_view text) {
  const auto found = std::ranges::find(kNames, text, &std::pair<Mode, std::string_view>::second);
  if (found == kNames.end()) return std::nullopt;
  return found->first;
}

std::vector<Mode> all_modes() {
  std::vector<Mode> modes;
  for (const auto& [mode, text] : kNames) modes.push_back(mode);
  return modes;
}

Plan draw_plan(const PlanOptions& options) {
  Random random(options.seed, "plan");
  Plan plan;
  // Beside the other modes, on a stream of its own: older seeds stay.
  Random of_seats(options.seed, "seats");
  const bool is_reconfig = of_seats.chance(0.15);
  const Mode drawn = draw_mode(random);
  const Mode swarm = is_reconfig ? Mode::Reconfig : drawn;
  plan.mode = options.mode == Mode::Swarm ? swarm : options.mode;
  constexpr std::array<std::size_t, 10> kSizes = {4, 4, 4, 4, 4, 4, 5, 6, 7, 10};
  const std::size_t size = random.pick(kSizes);
  plan.nodes = options.nodes.value_or(size);
  plan.parameters = draw_parameters(random);
  plan.safety = random.between(30, 240) * kSecond;
  plan.load_interval = random.between(30, 600) * kMillisecond;

  const Switches on = switches_of(plan.mode, random);
  const auto every = [&](bool is_on, std::int64_t low_s, std::int64_t high_s) {
    const Time mean = random.between(low_s, high_s) * kSecond;
    return is_on ? std::optional(mean) : std::nullopt;
  };
  const double loss = random.unit() * 0.3;
  const double repeat = random.unit() * 0.5;
  const Time delay = random.chance(0.7) ? random.between(1, 20) : random.between(20, 500);
  if (on.network) {
    plan.network.loss = random.chance(0.5) ? loss : 0;
    plan.network.repeat = random.chance(0.5) ? repeat : 0;
    plan.network.delay_mean = delay * kMillisecond;
  }
  plan.crashes = every(on.crash, 3, 40);
  plan.power_failures = every(on.crash, 3, 60);
  plan.all_at_once = on.crash && random.chance(0.5);
  plan.partitions = every(on.partition, 5, 40);
  plan.clogs = every(on.partition || on.network, 5, 40);
  plan.pauses = every(on.pauses, 5, 60);
  plan.clock_jumps = every(on.clocks, 10, 90);
  plan.clock_rates = on.clocks;
  plan.slow_disks = every(on.storage, 10, 60);
  plan.disk_errors = every(on.storage, 10, 90);

  Random of_snapshots(options.seed, "snapshots");  // a stream of its own: older seeds stay
  constexpr std::array<std::uint64_t, 4> kIntervals = {16, 16, 32, 64};
  plan.parameters.snapshot_interval = of_snapshots.pick(kIntervals);
  const Time mean = of_snapshots.between(15, 90) * kSecond;
  if (on.storage && of_snapshots.chance(0.5)) plan.store_damages = mean;

  if (plan.mode == Mode::Reconfig) draw_seat_changes(of_seats, plan);

  std::vector<std::size_t> order(plan.nodes);
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  for (std::size_t i = 0; i < plan.faults(); ++i) {
    const bool lies = on.byz && (!on.wipe || random.chance(0.5));
    if (lies) {
      plan.faulty.insert(order[i]);
    } else if (on.wipe) {
      plan.forgetful.insert(order[i]);
    }
  }
  if (!plan.forgetful.empty()) plan.wipes = 60 * kSecond;
  if (options.length == Length::Drawn) draw_length(Random(options.seed, "length"), plan);
  return plan;
}

}  // namespace giro::sim
