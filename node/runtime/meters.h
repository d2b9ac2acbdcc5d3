// What the parts of a validator count, each where it happens. Everything may be fed and read by any
// thread, at the price of an atomic addition.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "consensus/message.h"
#include "node/ledger/codes.h"
#include "node/runtime/measures.h"

namespace giro::runtime {

// Found when the node was opened: of this process, not of all time.
struct StorageFindings {
  std::uint64_t log_tails_cut = 0, sign_state_slots_bad = 0;
  std::uint64_t logs_damaged = 0, stores_damaged = 0;
};

// Why this validator's key signs no more: what it would have to sign may contradict what it has.
enum class SignConflict : std::uint8_t { KeyUsedElsewhere, QuorumContradicts, SignStateCopied };

class Meters {
 public:
  void ran(std::uint32_t type, ledger::Code code);  // an operation, recorded
  void expired(std::uint64_t operations) { expired_ += operations; }
  // nullopt: others had left it already.
  void view_left(std::optional<consensus::SuspectReason> cause);
  void sign_refused(SignConflict conflict) { ++conflicts_[static_cast<std::size_t>(conflict)]; }
  void snapshot_damaged() { ++snapshots_damaged_; }
  void signed_in(double seconds, bool worked) {
    signing.add(seconds);
    signer_up_ = worked;
  }
  void read_into(Measures& out) const;

  Timing log_sync, sign_state_sync, signing, commit;
  std::array<Timing, kStepCount> steps;
  StorageFindings found;  // set before any other thread is

 private:
  using Counter = std::atomic<std::uint64_t>;
  static constexpr std::size_t kTypes = 256, kCodes = 1024;  // more than there are of either
  static constexpr std::size_t kCauses = 6, kConflicts = 3;

  std::array<Counter, kTypes> committed_{};
  std::array<Counter, kCodes> rejected_{};
  std::array<Counter, kCauses> view_changes_{};
  std::array<Counter, kConflicts> conflicts_{};
  Counter expired_ = 0, snapshots_damaged_ = 0;
  std::atomic<bool> signer_up_ = true;
};

}  // namespace giro::runtime
