// What a node measures of itself, for node/metrics: counted since the process began, or as it is at
// the last tick. Nothing decides on any of it.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace giro::runtime {

// A histogram of seconds. Any thread adds, with two atomic additions.
class Timing {
 public:
  static constexpr std::array kBounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                      0.05,   0.1,     0.25,   0.5,   1.0,    2.5,   5.0,  10.0};
  struct Counts {
    std::array<std::uint64_t, kBounds.size() + 1> buckets{};  // each its own; the last: above all
    double seconds = 0;
  };
  void add(double seconds);
  [[nodiscard]] Counts counts() const;

 private:
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> buckets_{};
  std::atomic<std::uint64_t> nanoseconds_ = 0;
};

// What the lowest height that is not committed here is in.
enum class Phase : std::uint8_t { Idle, Prepare, Commit, ViewChange };
// What a block goes through, from its proposal to its attestation by a quorum.
enum class Step : std::uint8_t { Prepare, Commit, Execute, Attest };
inline constexpr std::size_t kStepCount = 4;
enum class SyncState : std::uint8_t { Synced, Blocks, Snapshot };

struct PeerMeasures {
  std::uint32_t institution = 0;
  std::string name;
  std::optional<double> rtt_seconds;           // while connected
  std::optional<double> clock_offset_seconds;  // its less ours; once it said a time
  std::uint64_t queue_bytes = 0;
  std::uint64_t connects = 0;
  std::optional<std::chrono::sys_seconds> certificate_not_after;
  struct Traffic {
    std::uint64_t in = 0, out = 0;
  };
  std::vector<std::pair<std::string_view, Traffic>> messages;       // by family, all of them
  std::vector<std::pair<std::string_view, std::uint64_t>> invalid;  // by reason, all of them
};

struct VoteMeasures {
  std::string name;
  std::uint64_t missed = 0, late = 0;
};

struct DiskMeasures {
  struct Space {
    std::uint64_t free = 0, size = 0;
  };
  Space data, signer;
  std::map<std::string, std::uint64_t> parts;  // bytes of the files of each
};

template <typename Value>
using Named = std::vector<std::pair<std::string_view, Value>>;

struct Measures {
  // Consensus
  Phase phase = Phase::Idle;
  std::uint64_t prepare_votes = 0, commit_votes = 0;
  double view_timer_seconds = 0;
  Named<std::uint64_t> view_changes;  // by cause, all of them
  Named<Timing::Counts> steps;
  Timing::Counts commit;
  std::vector<VoteMeasures> votes;
  // Ledger and pool
  Named<std::uint64_t> committed;  // operations executed with OK, by type, all of them
  Named<std::uint64_t> rejected;   // with another code, all of them
  std::uint64_t expired = 0;
  double pool_oldest_seconds = 0;
  // Peers and sync
  std::vector<PeerMeasures> peers;
  SyncState sync = SyncState::Synced;
  double sync_progress = 1;
  // Storage
  std::optional<DiskMeasures> disk;  // nullopt: not looked at yet
  Timing::Counts log_sync, sign_state_sync;
  Named<std::uint64_t> truncations, corruptions;  // by part, all of them
  std::uint64_t earliest_block = 0;
  // Keys: of a validator
  std::optional<std::string> signer;  // its provider
  Timing::Counts signing;
  bool signer_up = false;
  std::uint64_t sign_ceiling = 0;
  Named<std::uint64_t> sign_refused;                                 // by reason, all of them
  std::map<std::string, std::chrono::sys_seconds> own_certificates;  // when they end
  // Process
  std::uint64_t log_dropped = 0;  // lines that log.budget_per_day left no room for
};

}  // namespace giro::runtime
