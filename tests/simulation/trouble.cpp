// The faults of a simulation: networks that lose and part, machines that die, disks that fail,
// clocks that jump; and their end.
#include <algorithm>

#include "crypto/check.h"
#include "tests/simulation/simulation.h"

namespace giro::sim {
namespace {

constexpr Time kPartitionMax = 30 * kSecond;
constexpr Time kDownMax = 30 * kSecond;

}  // namespace

// In a short seed shorter too, but now and then as long as ever: long enough that the others cut
// their logs meanwhile.
Time Simulation::lasting(Random& random, Time most) const {
  constexpr double kLong = 0.15;
  if (plan_.pace == 1 || random.chance(kLong)) return random.between(0, most);
  return random.between(0, static_cast<Time>(static_cast<double>(most) * plan_.pace));
}

void Simulation::deliver(std::size_t from, std::size_t to, const p2p::Frame& frame) {
  const Link& link = links_[from][to];
  if (link.cut) return;
  const auto& network = plan_.network;
  if (!healed_ && network_random_.chance(network.loss)) return;
  int copies = 1;
  if (!healed_ && network_random_.chance(network.repeat)) copies = 2;
  const Time mean =
      healed_ ? std::min<Time>(network.delay_mean, 50 * kMillisecond) : network.delay_mean;
  const consensus::Member sender{setup_.institution(from), nodes_[from]->key()};
  for (int copy = 0; copy < copies; ++copy) {
    const Time delay = network.delay_min + network_random_.exponential(static_cast<double>(mean));
    const Time when = std::max(scheduler_.now(), link.clogged_until) + delay;
    scheduler_.at(when, [this, sender, from, to, frame] {
      if (!nodes_[to]->is_up() || links_[from][to].cut || !has_channel(sender, from, to)) return;
      ++report_.deliveries;
      if (!byzantine_->on_arrival(from, to, frame)) return;
      listen(from, to, frame);
      nodes_[to]->receive(sender, frame);
    });
  }
}

// Each end knows the other's key, and the sender has not taken another since (protocol R44).
bool Simulation::has_channel(const consensus::Member& sender, std::size_t from,
                             std::size_t to) const {
  const consensus::Member receiver{setup_.institution(to), nodes_[to]->key()};
  return nodes_[from]->key() == sender.key && nodes_[from]->lets_in(receiver) &&
         nodes_[to]->lets_in(sender);
}

void Simulation::every(std::optional<Time> mean, const char* name,
                       std::function<void(Random&)> trouble) {
  if (!mean) return;
  struct Source {
    Random random;
    Time mean;
    std::function<void(Random&)> trouble;
  };
  auto source =
      std::make_shared<Source>(Source{Random(options_.plan.seed, name), *mean, std::move(trouble)});
  // Each draws its next before it does anything, so that what it does shifts nothing.
  auto next = std::make_shared<std::function<void()>>();
  *next = [this, source, again = std::weak_ptr(next)] {
    const auto self = again.lock();
    if (!self || healed_) return;
    const Time wait = 1 + source->random.exponential(static_cast<double>(source->mean));
    scheduler_.in(wait, [this, source, self] {
      if (healed_) return;
      source->trouble(source->random);
      (*self)();
    });
  };
  (*next)();
}

void Simulation::begin_trouble() {
  const std::size_t count = nodes_.size();
  if (plan_.clock_rates) {
    Random random(options_.plan.seed, "clock rates");
    for (auto& node : nodes_) node->set_clock(0.9 + random.unit() * 0.2, 0);
  }
  every(plan_.crashes, "crashes", [this, count](Random& random) {
    const Time down = lasting(random, kDownMax);
    crash(random.below(count), storage::Crash::process_only(), down);
  });
  every(plan_.power_failures, "power failures", [this, count](Random& random) {
    const bool all = plan_.all_at_once && random.chance(0.3);
    const std::size_t one = random.below(count);
    for (std::size_t node = 0; node < count; ++node) {
      const std::uint64_t how = random.next();
      const Time down = all ? random.between(0, 5 * kSecond) : lasting(random, kDownMax);
      if (!all && node != one) continue;
      const auto lost = how % 4 == 0   ? storage::Crash::lose_unsynced()
                        : how % 4 == 1 ? storage::Crash::tear_at((how >> 8) % 262'144)
                                       : storage::Crash::shuffle(how);
      crash(node, lost, down);
    }
  });
  every(plan_.partitions, "partitions", [this](Random&) { partition(); });
  every(plan_.clogs, "clogs", [this, count](Random& random) {
    const std::size_t from = random.below(count);
    const std::size_t to = random.below(count);
    links_[from][to].clogged_until = scheduler_.now() + random.between(0, 5 * kSecond);
  });
  every(plan_.pauses, "pauses", [this, count](Random& random) {
    nodes_[random.below(count)]->pause_until(scheduler_.now() + lasting(random, 20 * kSecond));
  });
  every(plan_.clock_jumps, "clock jumps", [this, count](Random& random) {
    const std::size_t node = random.below(count);
    const std::int64_t bound = random.chance(0.7) ? 2'000 : 86'400'000;
    const std::int64_t wall_offset_ms = random.between(-bound, bound);
    nodes_[node]->set_clock(0.9 + random.unit() * 0.2, wall_offset_ms);
  });
  every(plan_.slow_disks, "slow disks", [this, count](Random& random) {
    const std::size_t node = random.below(count);
    nodes_[node]->costs.slow_disk =
        random.chance(0.5) ? 1 : static_cast<double>(random.between(10, 1000));
  });
  every(plan_.disk_errors, "disk errors", [this, count](Random& random) {
    const std::size_t node = random.below(count);
    auto left = std::make_shared<std::uint64_t>(random.below(30));
    const std::uint64_t written = random.below(5'000);
    if (!nodes_[node]->is_up()) return;  // a failing change ends a life, and has none to end
    nodes_[node]->disk().set_faults(
        [left, written](storage::FileOperation operation,
                        std::string_view) -> std::optional<storage::FileFault> {
          using storage::FileOperation;
          const bool is_change =
              operation == FileOperation::Write || operation == FileOperation::Sync ||
              operation == FileOperation::SyncDirectory || operation == FileOperation::Rename;
          if (!is_change || (*left)-- != 0) return std::nullopt;
          return storage::FileFault{storage::FileErrorCode::Io, written};
        });
  });
  every(plan_.store_damages, "store damages",
        [this, count](Random& random) { damage_store(random.below(count), random); });
  every(plan_.seat_changes, "seat changes", [this](Random& random) { change_seats(random); });
  every(plan_.wipes, "wipes", [this](Random& random) {
    std::vector<std::size_t> victims(plan_.forgetful.begin(), plan_.forgetful.end());
    const std::size_t victim = random.pick(victims);
    wipe(victim, static_cast<Loss>(random.below(3)));
  });
}

void Simulation::partition() {
  const std::size_t count = nodes_.size();
  Random& random = network_random_;
  std::vector<std::pair<std::size_t, std::size_t>> cut;
  const auto both = [&](std::size_t a, std::size_t b) {
    cut.emplace_back(a, b);
    cut.emplace_back(b, a);
  };
  const std::uint64_t kind = random.below(5);
  const std::size_t one = random.below(count);
  std::vector<bool> side(count);
  for (std::size_t i = 0; i < count; ++i) side[i] = random.chance(0.5);
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = a + 1; b < count; ++b) {
      if (kind == 0) {  // everybody alone
        both(a, b);
      } else if (kind == 1 && side[a] != side[b]) {  // two parts
        both(a, b);
      } else if (kind == 2 && (a == one || b == one)) {  // one is cut off
        both(a, b);
      } else if (kind == 3 && (a == one || b == one)) {  // one hears nobody, or nobody hears it
        side[0] ? cut.emplace_back(one, a == one ? b : a) : cut.emplace_back(a == one ? b : a, one);
      } else if (kind == 4 && b - a != 1 && b - a != count - 1) {  // a ring
        both(a, b);
      }
    }
  }
  for (const auto& [from, to] : cut) links_[from][to].cut = true;
  scheduler_.in(lasting(random, kPartitionMax), [this, cut] {
    for (const auto& [from, to] : cut) links_[from][to].cut = false;
  });
}

void Simulation::crash(std::size_t node, const storage::Crash& how, Time down) {
  if (!nodes_[node]->is_up()) return;
  ++report_.crashes;
  if (options_.log != LogDetail::Off) say(node, "crashes");
  nodes_[node]->crash(how);
  scheduler_.in(healed_ ? std::min(down, kSecond) : down, [this, node] { restart(node); });
}

void Simulation::restart(std::size_t node) {
  if (nodes_[node]->is_up()) return;
  if (options_.log != LogDetail::Off) say(node, "starts");
  auto& wiped = wiped_[node];
  const std::size_t key = nodes_[node]->key_number();
  const auto mode = wiped.contains(key) ? runtime::StartMode::Recover : runtime::StartMode::Normal;
  const auto started = nodes_[node]->start(mode);
  if (!started && started.error().code == runtime::ExitCode::Damaged && rotten_[node]) {
    damaged_[node] = true;  // it has found damaged rows, and the next start rebuilds them
    rotten_[node] = false;
    return scheduler_.in(kSecond, [this, node] { restart(node); });
  }
  if (!started && is_correct(node))
    throw Violation{"I3", node, "a correct node does not start: " + started.error().message};
  // Until it has a sign state, it has to be asked for a floor in each of its lives.
  if (nodes_[node]->is_up() && !nodes_[node]->validator().replica().view().floor_search)
    wiped.erase(key);
}

void Simulation::wipe(std::size_t node, Loss loss) {
  if (options_.log != LogDetail::Off)
    say(node, std::string("loses ") + (loss == Loss::Data        ? "its data"
                                       : loss == Loss::SignState ? "its sign state"
                                                                 : "data and sign state"));
  if (nodes_[node]->is_up()) crash(node, storage::Crash::lose_unsynced(), 2 * kSecond);
  if (loss != Loss::SignState) nodes_[node]->wipe_data();
  if (loss != Loss::Data) nodes_[node]->lose_sign_state();
  forget(node);
}

// Each key that it has had may find its own promises gone, now or when it is back.
void Simulation::forget(std::size_t node) {
  forgot_.insert(node);
  for (std::size_t key = 0; key < setup_.keys(node); ++key) wiped_[node].insert(key);
  checkers_.on_wiped(node);
  automaton_.on_forgot(node);
}

void Simulation::damage_store(std::size_t node, Random& random) {
  if (options_.log != LogDetail::Off) say(node, "has a damaged store");
  if (nodes_[node]->is_up()) crash(node, storage::Crash::process_only(), 2 * kSecond);
  damaged_[node] = true;
  if (nodes_[node]->damage_store(random)) rotten_[node] = true;
}

void Simulation::heal() {
  healed_ = true;
  for (auto& row : links_) std::ranges::fill(row, Link{});
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i]->disk().set_faults({});
    nodes_[i]->costs.slow_disk = 1;
    nodes_[i]->set_clock(1, ahead_ms_);
    nodes_[i]->resume();
    if (const std::size_t due = consortium_->due_key(i); due != nodes_[i]->key_number())
      change_key(i, due, 0);
    restart(i);
    // What is damaged and was not read yet is found now, and not in the audit.
    if (rotten_[i] && nodes_[i]->is_up()) {
      (void)nodes_[i]->ask([](runtime::Validator& validator) {
        validator.store->read()->scan({}, {}, [](auto, auto) { return true; });
      });
      rotten_[i] = false;
    }
  }
}

}  // namespace giro::sim
