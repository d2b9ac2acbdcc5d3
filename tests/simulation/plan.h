// What one seed draws before it begins: the network's shape, its parameters, and which troubles it
// will have (assurance 3: each seed switches a random subset of faults off).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "consensus/parameters.h"
#include "tests/simulation/scheduler.h"

namespace giro::sim {

enum class Mode : std::uint8_t {
  Happy,
  Crash,
  Storage,
  Partition,
  Byz,
  Everything,
  Reconfig,
  Lies,  // liar_run.h
  Swarm
};
[[nodiscard]] std::string_view name(Mode mode);
[[nodiscard]] std::optional<Mode> mode_of(std::string_view name);
[[nodiscard]] std::vector<Mode> all_modes();

struct Plan {
  Mode mode = Mode::Happy;    // never Swarm
  std::size_t nodes = 4;      // members of the genesis set
  std::size_t newcomers = 0;  // nodes that have no seat in it
  consensus::Parameters parameters;
  Time safety = 60 * kSecond;  // how long the trouble lasts
  double pace = 1;             // less: troubles come and go so much faster than they were drawn
  // The load goes on for so long once all have caught up after healing, and the seed ends when
  // there is nothing more to wait for; none: as long as an operation may take, and then some.
  std::optional<Time> load_after;
  Time load_interval = 100 * kMillisecond;

  struct Network {
    double loss = 0;
    double repeat = 0;
    Time delay_min = 200;
    Time delay_mean = 1 * kMillisecond;
  } network;
  // Mean time between two of a kind; none: never.
  std::optional<Time> crashes, power_failures, partitions, clogs, pauses, clock_jumps, slow_disks,
      disk_errors, store_damages, seat_changes, wipes;
  bool all_at_once = false;  // now and then every node loses power
  bool clock_rates = false;  // they run up to a tenth too fast or too slow
  // At most f together: those whose memory is taken away, and those that lie.
  std::set<std::size_t> forgetful;  // their data, their sign state or both are lost now and then
  std::set<std::size_t> faulty;

  [[nodiscard]] std::size_t faults() const { return (nodes - 1) / 3; }
};

enum class Length : std::uint8_t {
  Drawn,  // most are short, a few long
  Full    // trouble as long as it is drawn, and a calm of minutes: what all seeds once were
};

struct PlanOptions {
  std::uint64_t seed = 1;
  Mode mode = Mode::Swarm;
  std::optional<std::size_t> nodes;
  Length length = Length::Drawn;
};
[[nodiscard]] Plan draw_plan(const PlanOptions& options);

}  // namespace giro::sim
