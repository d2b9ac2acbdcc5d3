// The scenarios of Twins (assurance 4): which identities have two live copies, how the copies are
// parted in each view, and what happens meanwhile. A number names one, the same for ever.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace giro::sim {

enum class TwinsSet : std::uint8_t {
  ThreeViews,  // n = 4, one or two parts in each of three views: 16^3 x 4
  FourViews,   // four views: 16^4 x 4
  ThreeParts,  // three views of one to three parts: 41^3 x 4
  Drawn,       // n = 4 or 7, up to 12 views, messages lost and late, restarts: without end
};
[[nodiscard]] std::string_view name(TwinsSet set);
[[nodiscard]] std::optional<TwinsSet> twins_set_of(std::string_view name);
[[nodiscard]] std::vector<TwinsSet> all_twins_sets();
[[nodiscard]] std::optional<std::uint64_t> size_of(TwinsSet set);  // nullopt: without end

struct TwinsPlan {
  struct Phase {
    std::vector<std::size_t> part_of;  // by copy; copies of other parts are not heard
    // Message delays after which every link is cut; none: the parts run on until the view of those
    // that make no progress has timed out.
    std::optional<unsigned> cut_after;
    std::vector<std::size_t> packers;    // copies, one for each batch that is packed
    std::vector<std::size_t> restarted;  // copies that come back from their logs at its end
  };
  std::size_t nodes = 4;
  std::vector<std::size_t> identity_of;  // by copy: the first `nodes` are one of each
  std::vector<Phase> phases;
  double loss = 0;         // of each message, until the network heals
  unsigned delay_max = 1;  // in message delays
  bool twins_stay = false;

  [[nodiscard]] std::size_t copies() const { return identity_of.size(); }
  [[nodiscard]] bool is_twinned(std::size_t identity) const;
  [[nodiscard]] std::size_t faults() const { return (nodes - 1) / 3; }
};
[[nodiscard]] TwinsPlan plan_twins(TwinsSet set, std::uint64_t index);

}  // namespace giro::sim
