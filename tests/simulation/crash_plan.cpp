#include "tests/simulation/crash_plan.h"

#include <array>

#include "tests/simulation/random.h"

namespace giro::sim {
namespace {

constexpr std::array<std::string_view, kStories> kStoryNames = {
    "calm",    "epoch-end", "view-change",     "all-restart", "snapshot", "log-cut",
    "install", "catch-up",  "lost-sign-state", "lost-data",   "lossy",    "slow-disk"};

// The log may be cut once two snapshots are certified (protocol R34).
constexpr std::uint64_t kSnapshotInterval = 16;
constexpr std::uint64_t kEpochBlocks = 10;

bool forgets(Story story) {
  return story == Story::Install || story == Story::LostSignState || story == Story::LostData;
}

}  // namespace

std::string_view name(Story story) {
  return kStoryNames.at(static_cast<std::size_t>(story));
}

CrashPlan plan_crashes(std::uint64_t scenario) {
  Random random(scenario, "crash scenario");
  CrashPlan drawn;
  drawn.story = static_cast<Story>(scenario % kStories);
  Plan& plan = drawn.plan;
  plan.mode = Mode::Crash;
  plan.load_after = 0;
  constexpr std::array<std::size_t, 8> kSizes = {4, 4, 4, 4, 4, 4, 5, 7};
  plan.nodes = random.pick(kSizes);
  plan.parameters = consensus::Parameters::tiny();
  constexpr std::array<std::uint64_t, 3> kWindows = {4, 4, 8};
  plan.parameters.window = random.pick(kWindows);
  plan.parameters.epoch_blocks = kEpochBlocks;
  plan.parameters.snapshot_interval = kSnapshotInterval;
  plan.parameters.batch_operations = 1 + random.below(8);
  plan.parameters.block_batches = 1 + random.below(4);
  plan.parameters.idle_block_interval_ms = 1'000;
  plan.parameters.view_timeout_base_ms = 1'000;
  plan.parameters.view_timeout_cap_ms = 4'000;
  plan.parameters.status_interval_ms = 400;
  plan.load_interval = random.between(30, 300) * kMillisecond;
  plan.network.delay_mean = random.between(1, 10) * kMillisecond;
  drawn.node = random.below(plan.nodes);
  if (forgets(drawn.story)) plan.forgetful.insert(drawn.node);
  drawn.begin = 1 + random.below(8);
  drawn.blocks = 1 + random.below(2);
  switch (drawn.story) {
    case Story::EpochEnd:
      drawn.begin = kEpochBlocks - 1;
      break;
    case Story::CatchUp:
      drawn.begin = kEpochBlocks + 2;
      break;
    case Story::Snapshot:
      drawn.begin = kSnapshotInterval - 1;
      break;
    case Story::LogCut:
      drawn.begin = 2 * kSnapshotInterval - 1;
      break;
    case Story::Install:
      drawn.begin = 2 * kSnapshotInterval + plan.parameters.window;
      break;
    case Story::Lossy:
      plan.network.loss = 0.05 + random.unit() * 0.2;
      plan.network.repeat = random.unit() * 0.3;
      break;
    default:
      break;
  }
  return drawn;
}

}  // namespace giro::sim
