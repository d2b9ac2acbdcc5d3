// A whole validator in the simulator: the code of node/runtime on a disk in memory, with clocks,
// lanes and channels that are events of the one thread (assurance 3).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "node/runtime/validator.h"
#include "storage/file_memory.h"
#include "tests/simulation/crash_points.h"
#include "tests/simulation/network_setup.h"
#include "tests/simulation/random.h"
#include "tests/simulation/world.h"

namespace giro::sim {

// What the work of a node costs in virtual time; drawn for each seed.
struct Costs {
  Time sync = 1 * kMillisecond;
  Time execute = 300;
  Time store = 300;
  double slow_disk = 1;  // a factor of sync and store, a fault
};

class SimNode final : private runtime::EventSink {
 public:
  SimNode(World& world, const NetworkSetup& setup, std::size_t index, std::uint64_t seed);
  ~SimNode() override;

  [[nodiscard]] bool is_up() const { return validator_ != nullptr; }
  // From what the disk holds. An error leaves it down; so does a death while it opens.
  [[nodiscard]] std::expected<void, runtime::StartError> start(
      runtime::StartMode mode = runtime::StartMode::Normal);
  // The process dies, and of what its disk has not synced remains what `crash` says.
  void crash(const storage::Crash& crash);
  // While it is down: what an operator lost. Without either, it starts in StartMode::Recover alone.
  void wipe_data();
  void lose_sign_state();

  // What the disk holds now, synced or not; and a part of that put back, while it is down: what an
  // operator does with a backup.
  void save();
  void restore_data();
  void restore_sign_state();

  // Called in World::on_act(): the machine stops in the middle of what it does, and leaves of what
  // it has not synced what `outcome` says. Back where the node was given the word, on_died().
  [[noreturn]] void die_here(Outcome outcome, std::uint64_t draw);

  // While it is down. True: rows may be damaged that a start does not read.
  bool damage_store(Random& random);
  // A reader from outside, who may meet damaged rows. False: that has ended the process.
  bool ask(const std::function<void(runtime::Validator&)>& question);

  // While it is down: the key that it has from its next start on. And the empty sign state of a key
  // that was made for it, in whatever state it is (protocol R37).
  void use_key(std::size_t number);
  void make_sign_state(std::size_t number);
  [[nodiscard]] std::size_t key_number() const { return key_; }
  [[nodiscard]] const crypto::PublicKey& key() const {
    return setup_.validator_key(index_, key_).public_key();
  }
  // Whether it has a channel for whoever proves that key (protocol R44), as of its last life.
  [[nodiscard]] bool lets_in(const consensus::Member& peer) const;

  void receive(const consensus::Member& from, const p2p::Frame& frame);
  void submit(crypto::Bytes operation, std::function<void(runtime::SubmitAnswer)> done);
  [[nodiscard]] runtime::Validator& validator() { return *validator_; }
  [[nodiscard]] storage::MemoryFilePort& disk() { return disk_; }
  [[nodiscard]] std::size_t index() const { return index_; }
  [[nodiscard]] std::uint64_t starts() const { return starts_; }

  // --- faults
  Costs costs;
  std::uint64_t log_segment_bytes = 256 * 1024;              // before its first start
  void set_clock(double rate, std::int64_t wall_offset_ms);  // steady time never falls
  void pause_until(Time until);                              // nothing of it happens before then
  void resume() { paused_until_ = 0; }
  [[nodiscard]] consensus::Now now() const;

 private:
  class SimLane;
  [[nodiscard]] std::expected<void, runtime::StartError> open(runtime::StartMode mode);
  [[nodiscard]] config::NodeConfig node_config() const;
  [[nodiscard]] runtime::Platform platform(std::size_t key);
  [[nodiscard]] runtime::Surroundings surroundings();
  void later(Time delay, std::function<void()> work);  // unless it has died by then
  void at(Time when, std::function<void()> work);
  void wake_at(std::optional<consensus::Instant> deadline);
  void tick();
  void adopt_floor();
  void restore(const std::string& directory);
  void act(Act act, Moment moment);
  void write(config::LogLevel level, std::string_view event, Fields fields,
             std::string_view message) override;

  World& world_;
  const NetworkSetup& setup_;
  const std::size_t index_;
  std::size_t key_ = 0;
  std::map<std::uint32_t, p2p::PeerConfig> let_in_;  // by institution
  Random random_;
  storage::MemoryFilePort disk_;
  TellingFiles files_{disk_, [this](Act what, Moment moment) { act(what, moment); }};
  std::unique_ptr<storage::MemoryFilePort> saved_;
  std::shared_ptr<bool> dead_;  // of the present life
  std::uint64_t life_ = 0;
  std::uint64_t starts_ = 0;
  std::unique_ptr<runtime::Validator> validator_;
  // What waits for its time, which ends with the process: the scheduler has only the numbers.
  std::unordered_map<std::uint64_t, std::function<void()>> pending_;
  std::uint64_t next_pending_ = 0;
  std::optional<consensus::Instant> armed_;
  Time paused_until_ = 0;
  // The clock: steady = steady_at_ + (now - since_) * rate_.
  Time since_ = 0;
  double steady_at_ = 1e9;
  double rate_ = 1;
  std::int64_t wall_offset_ms_ = 0;
};

}  // namespace giro::sim
