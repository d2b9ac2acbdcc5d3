// How seats change hands in a simulation, and what operators do about it (protocol R41 to R43).
#include "tests/simulation/simulation.h"

namespace giro::sim {

// Seats change hands within the fault budget: as many members as may forget or lie are within f of
// every set, and no more changes are under way than one epoch's end takes (protocol R43). The first
// f+1 members stay as they are: whoever is behind finds a correct one by a key that it knows.
void Simulation::change_seats(Random& random) {
  using ledger::SeatChange;
  const auto change = static_cast<SeatChange>(random.below(3));
  const std::size_t fixed = plan_.faults() + 1;
  const std::size_t node = fixed + random.below(nodes_.size() - fixed);
  const bool has_seat = consortium_->seat(node) != nullptr;
  const std::size_t least = consortium_->least_seats();
  if (!consortium_->is_settled(node) || consortium_->open() >= (least - 1) / 3) return;
  const std::size_t doubtful = plan_.forgetful.size() + plan_.faulty.size();
  const bool may_leave = least > 4 && (least - 2) / 3 >= doubtful;
  if (!has_seat) {
    consortium_->propose(SeatChange::Add, node);
  } else if (change == SeatChange::Remove && may_leave) {
    consortium_->propose(SeatChange::Remove, node);
  } else {
    consortium_->propose(SeatChange::Replace, node);
  }
}

// Operators: a node gets the key of its seat, some time after; now and then one is too early, and
// goes back (protocol R37).
void Simulation::begin_tending_keys() {
  constexpr Time kLookEvery = 500 * kMillisecond;
  auto random = std::make_shared<Random>(options_.plan.seed, "operators");
  auto next = std::make_shared<std::function<void()>>();
  *next = [this, random, again = std::weak_ptr(next)] {
    const auto self = again.lock();
    for (std::size_t node = 0; node < nodes_.size(); ++node) {
      const bool is_now = random->chance(0.2);
      const bool is_early = random->chance(0.02);
      const Time down = random->between(0, 3 * kSecond);
      const std::size_t due = consortium_->due_key(node);
      const std::size_t last = setup_.keys(node) - 1;
      if (nodes_[node]->key_number() != due) {
        if (is_now || healed_) change_key(node, due, healed_ ? 0 : down);
      } else if (is_early && !healed_ && last != due && !consortium_->is_settled(node)) {
        change_key(node, last, down);
      }
    }
    if (self) scheduler_.in(kLookEvery, [self] { (*self)(); });
  };
  (*next)();
}

void Simulation::change_key(std::size_t node, std::size_t number, Time down) {
  if (options_.log != LogDetail::Off) say(node, "takes key " + std::to_string(number));
  ++report_.keys;
  if (nodes_[node]->is_up()) crash(node, storage::Crash::process_only(), down);
  nodes_[node]->use_key(number);
}

}  // namespace giro::sim
