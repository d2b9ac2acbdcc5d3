// Every change of the validator set since genesis, with its proof (protocol R18): what receipts
// carry, and snapshots for whoever is behind; and who may follow as an observer. Read from the
// store as epochs end, each epoch once; any thread.
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
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
  // Those that lead from the set of one epoch to that of a later one; the store may lack what is
  // before.
  [[nodiscard]] std::optional<std::vector<consensus::SetChange>> between(consensus::Epoch from,
                                                                         consensus::Epoch to);

 private:
  struct Known {
    consensus::Epoch epoch;  // everything up to its set
    std::vector<std::pair<consensus::Epoch, consensus::SetChange>> changes;  // by whose set it is
  };
  // Up to that epoch, or as far as the store goes.
  [[nodiscard]] std::shared_ptr<const Known> known_to(consensus::Epoch epoch);
  [[nodiscard]] bool read_next(const ReadView& state, Known& known) const;

  const Store& store_;
  const std::uint64_t epoch_blocks_;
  std::mutex mutex_;  // of known_
  std::shared_ptr<const Known> known_ = std::make_shared<const Known>();
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
