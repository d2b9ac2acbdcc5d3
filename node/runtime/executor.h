// The executor's lane (architecture 6): applies committed blocks in order, computes the roots and
// the header (protocol R15, ledger 9), hands the result to the store and then to the replica, which
// attests it (protocol R16).
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "consensus/output.h"
#include "consensus/parameters.h"
#include "consensus/replica.h"
#include "node/ledger/ledger.h"
#include "node/ledger/roots.h"
#include "node/ledger/state_tree.h"
#include "node/receipt/position.h"
#include "node/runtime/catch_up.h"
#include "node/runtime/intake.h"
#include "node/runtime/lane.h"
#include "node/runtime/payload.h"
#include "node/runtime/store.h"

namespace giro::runtime {

class Executor {
 public:
  struct Start {
    crypto::Hash chain;
    std::uint64_t epoch_blocks = 0;
    consensus::Header header;  // of the newest executed block
    consensus::Hash header_hash;
    crypto::Hash chain_value;  // ledger 9.2, at that block
    ledger::StateTree tree;
    std::uint64_t rules_version = 1;
    std::uint64_t hash_seed = 0;  // secret of this process
  };
  struct Ports {
    std::function<void(consensus::Executed)> executed;  // on the lane
    // What ran, for intake and waiters; before `executed`.
    std::function<void(const ExecutedBlock&, const std::vector<Intake::Ran>&)> ran;
  };
  Executor(Start start, Store& store, Payload& payload, BatchIndex& index,
           std::unique_ptr<Lane> lane, Ports ports);
  ~Executor();  // finishes the block at hand and stops

  void push(
      consensus::CommittedBlock block);  // any thread; contiguous and ascending (protocol R12)

  // A position as the newest executed block left it, with its way to that block's state root; the
  // header is not attested yet, and neither attestation nor lineage is in it. nullopt: there is no
  // such position, or the node stops.
  using OnProven = std::function<void(std::optional<receipt::PositionProof>)>;
  // Any thread. False: too many are waiting already; else `done` is called once, on the lane.
  [[nodiscard]] bool prove(ledger::TokenId token, const ledger::AccountId& account, OnProven done);

 private:
  void run();
  [[nodiscard]] std::optional<receipt::PositionProof> proof_of(
      ledger::TokenId token, const ledger::AccountId& account) const;
  void execute(const consensus::CommittedBlock& committed);
  [[nodiscard]] consensus::Header header_of(
      const consensus::CommittedBlock& committed, const ledger::BlockRoots& roots,
      const std::optional<std::vector<consensus::Member>>& next_members) const;

  Start at_;
  Store& store_;
  Payload& payload_;
  BatchIndex& index_;
  Ports ports_;
  ledger::RecordCache cache_;
  mutable std::mutex mutex_;  // of the three below
  std::deque<consensus::CommittedBlock> queue_;
  std::size_t proofs_waiting_ = 0;
  bool stopping_ = false;
  std::unique_ptr<Lane> lane_;  // the first to go: its work uses all of the above
};

}  // namespace giro::runtime
