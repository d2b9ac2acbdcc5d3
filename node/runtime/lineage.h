// Every change of the validator set since genesis, with its proof (protocol R18): what receipts
// carry, and who may follow as an observer. Read from the store as epochs end; any thread.
#pragma once

#include <expected>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "consensus/snapshot.h"
#include "node/receipt/receipt.h"
#include "node/runtime/store.h"

namespace giro::runtime {

class Lineage {
 public:
  Lineage(const Store& store, std::uint64_t epoch_blocks)
      : store_(store), epoch_blocks_(epoch_blocks) {}

  // Ascending: each names the set of its epoch, proven by the last header of the epoch before.
  // nullopt: the store does not hold all of it, yet or any more.
  [[nodiscard]] std::optional<std::vector<receipt::SetChange>> up_to(consensus::Epoch epoch);

 private:
  struct Known {
    consensus::Epoch epoch;                  // everything up to its set
    std::vector<consensus::Member> members;  // of that one; none: nothing was read yet
    std::vector<receipt::SetChange> changes;
  };
  [[nodiscard]] bool read_next(const ReadView& state, Known& known) const;

  const Store& store_;
  const std::uint64_t epoch_blocks_;
  std::mutex mutex_;  // of known_
  Known known_;
};

// The change that led to the set of `epoch`, if it is another one than that of the epoch before:
// from the block that ended that, or where a snapshot came without it, from what came along. The
// error: the store does not hold it, yet or any more.
struct NotHeld {};
[[nodiscard]] std::expected<std::optional<consensus::SetChange>, NotHeld> change_into(
    const Store& store, const ReadView& state, consensus::Epoch epoch, std::uint64_t epoch_blocks);

// From the ledger's record; nullopt: there is none, or it is damaged.
[[nodiscard]] std::optional<consensus::ValidatorSet> set_of_epoch(const ledger::StateView& state,
                                                                  consensus::Epoch epoch);

// Whose channels are let in (protocol R44), by institution: who sits in the set of `epoch`, with
// its key of the next one beside it if that differs; who will sit there; and, as observers, ACTIVE
// institutions that lost their seats, with the key of their last one. nullopt: the state knows no
// set of that epoch yet.
struct PeerKeys {
  crypto::PublicKey key;
  std::optional<crypto::PublicKey> other_key;
  friend bool operator==(const PeerKeys&, const PeerKeys&) = default;
};
using AdmittedPeers = std::map<consensus::InstitutionId, PeerKeys>;
[[nodiscard]] std::optional<AdmittedPeers> admitted_peers(const ledger::StateView& state,
                                                          consensus::Epoch epoch);

}  // namespace giro::runtime
