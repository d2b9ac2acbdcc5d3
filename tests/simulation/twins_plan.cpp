#include "tests/simulation/twins_plan.h"

#include <algorithm>
#include <array>

#include "crypto/check.h"
#include "tests/simulation/random.h"

namespace giro::sim {
namespace {

using Partition = std::vector<std::size_t>;  // part by copy

// Every way to part so many copies into at most so many parts: strings in which each number is at
// most one above the highest before it.
std::vector<Partition> partitions(std::size_t copies, std::size_t parts) {
  std::vector<Partition> all{{}};
  for (std::size_t i = 0; i < copies; ++i) {
    std::vector<Partition> longer;
    for (const Partition& begun : all) {
      const std::size_t used = begun.empty() ? 0 : std::ranges::max(begun) + 1;
      for (std::size_t part = 0; part <= std::min(used, parts - 1); ++part) {
        longer.push_back(begun);
        longer.back().push_back(part);
      }
    }
    all = std::move(longer);
  }
  return all;
}

struct Shape {
  std::size_t views;
  std::size_t parts;
};
constexpr std::size_t kNodes = 4;  // of the complete sets

Shape shape_of(TwinsSet set) {
  if (set == TwinsSet::FourViews) return {4, 2};
  return {3, set == TwinsSet::ThreeParts ? 3U : 2U};
}

const std::vector<Partition>& partitions_of(TwinsSet set) {
  static const std::vector<Partition> two = partitions(kNodes + 1, 2);
  static const std::vector<Partition> three = partitions(kNodes + 1, 3);
  return shape_of(set).parts == 2 ? two : three;
}

// Where a phase is cut, and what there is to order. A block is committed everywhere three message
// delays after it was proposed, and its header certified one later; with a ViewChange and a NewView
// before it, seven. A window full of blocks in flight is cut somewhere between proposal and commit
// just as well. One copy of each part packs, and both of a twin, which as primaries then propose
// different blocks.
void draw_events(const TwinsPlan& plan, TwinsPlan::Phase& phase, Random& random) {
  if (!random.chance(0.25)) phase.cut_after = static_cast<unsigned>(random.between(2, 11));
  const std::size_t extra = random.chance(0.25) ? 3 : 0;  // the window is full at once
  std::size_t parts = 0;
  for (std::size_t copy = 0; copy < plan.copies(); ++copy) {
    const bool is_first = phase.part_of[copy] == parts;
    if (is_first) ++parts;
    if (is_first) phase.packers.insert(phase.packers.end(), extra, copy);
    if (is_first || plan.is_twinned(plan.identity_of[copy])) phase.packers.push_back(copy);
  }
}

TwinsPlan complete(TwinsSet set, std::uint64_t index) {
  const std::vector<Partition>& all = partitions_of(set);
  Random random(index, name(set));
  TwinsPlan plan;
  plan.nodes = kNodes;
  for (std::size_t i = 0; i < kNodes; ++i) plan.identity_of.push_back(i);
  plan.identity_of.push_back(index % kNodes);
  std::uint64_t rest = index / kNodes;
  for (std::size_t view = 0; view < shape_of(set).views; ++view) {
    TwinsPlan::Phase phase;
    phase.part_of = all[rest % all.size()];
    rest /= all.size();
    draw_events(plan, phase, random);
    plan.phases.push_back(std::move(phase));
  }
  GIRO_CHECK(rest == 0, index);
  plan.twins_stay = random.chance(0.5);
  return plan;
}

TwinsPlan drawn(std::uint64_t index) {
  Random random(index, name(TwinsSet::Drawn));
  TwinsPlan plan;
  plan.nodes = random.chance(0.5) ? 4 : 7;
  for (std::size_t i = 0; i < plan.nodes; ++i) plan.identity_of.push_back(i);
  while (plan.copies() < plan.nodes + plan.faults()) {
    const std::size_t twinned = random.below(plan.nodes);
    if (!plan.is_twinned(twinned)) plan.identity_of.push_back(twinned);
  }
  if (random.chance(0.5)) plan.loss = 0.3 * random.unit();
  plan.delay_max = static_cast<unsigned>(random.between(1, 3));
  const bool restarts = random.chance(0.5);
  const double moves = random.chance(0.5) ? 1.0 : 0.15;  // between parts: a partition may last
  std::vector<std::size_t> sides(plan.copies());
  for (std::size_t& side : sides) side = random.below(3);
  const auto views = static_cast<std::size_t>(random.between(2, 12));
  for (std::size_t view = 0; view < views; ++view) {
    TwinsPlan::Phase phase;
    std::vector<std::size_t> known;  // parts are numbered in the order of their first copies
    for (std::size_t& side : sides) {
      if (random.chance(moves)) side = random.below(3);
      const auto part = std::ranges::find(known, side);
      phase.part_of.push_back(static_cast<std::size_t>(part - known.begin()));
      if (part == known.end()) known.push_back(side);
    }
    draw_events(plan, phase, random);
    for (std::size_t copy = 0; restarts && copy < plan.copies(); ++copy) {
      if (random.chance(0.2)) phase.restarted.push_back(copy);
    }
    plan.phases.push_back(std::move(phase));
  }
  plan.twins_stay = random.chance(0.5);
  return plan;
}

constexpr std::array kSets = {TwinsSet::ThreeViews, TwinsSet::FourViews, TwinsSet::ThreeParts,
                              TwinsSet::Drawn};

}  // namespace

std::string_view name(TwinsSet set) {
  switch (set) {
    case TwinsSet::ThreeViews:
      return "twins";
    case TwinsSet::FourViews:
      return "twins-views";
    case TwinsSet::ThreeParts:
      return "twins-parts";
    case TwinsSet::Drawn:
      return "twins-drawn";
  }
  return {};
}

std::vector<TwinsSet> all_twins_sets() {
  return {kSets.begin(), kSets.end()};
}

std::optional<TwinsSet> twins_set_of(std::string_view text) {
  const auto found = std::ranges::find(kSets, text, [](TwinsSet set) { return name(set); });
  return found == kSets.end() ? std::nullopt : std::optional(*found);
}

std::optional<std::uint64_t> size_of(TwinsSet set) {
  if (set == TwinsSet::Drawn) return std::nullopt;
  std::uint64_t size = kNodes;
  for (std::size_t view = 0; view < shape_of(set).views; ++view) size *= partitions_of(set).size();
  return size;
}

bool TwinsPlan::is_twinned(std::size_t identity) const {
  return std::ranges::count(identity_of, identity) > 1;
}

TwinsPlan plan_twins(TwinsSet set, std::uint64_t index) {
  return set == TwinsSet::Drawn ? drawn(index) : complete(set, index);
}

}  // namespace giro::sim
