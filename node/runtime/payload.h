// The operations of batches, decoded and with their signatures checked: once per validator
// (protocol A12), in parallel with agreement (protocol R3), on the verifier pool. Thread-safe.
#pragma once

#include <condition_variable>
#include <expected>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "consensus/types.h"
#include "crypto/verifier_pool.h"
#include "node/ledger/ledger.h"

namespace giro::runtime {

using CheckedOperation = std::expected<ledger::Verified, ledger::Code>;

class Payload {
 public:
  // `pool` outlives this.
  Payload(crypto::VerifierPool& pool, const crypto::Hash& chain) : pool_(pool), chain_(chain) {}

  // Starts the checks of a batch; a second call for the same id does nothing.
  void begin(const consensus::BatchPtr& batch);
  // For a batch packed here: its operations were checked when they were admitted.
  void put(const consensus::BatchPtr& batch, std::vector<CheckedOperation> operations);
  // Gives the operations away, in the batch's order; waits until they are checked. The entry is
  // gone afterwards. A batch that was never begun is begun now.
  [[nodiscard]] std::vector<CheckedOperation> take(const consensus::BatchPtr& batch);
  // Batches that no block can name any more (protocol R5).
  void forget_expired(consensus::WallTime block_time);

 private:
  struct Entry {
    consensus::BatchPtr batch;
    bool done = false;
    std::vector<CheckedOperation> operations;
  };
  void check(const std::shared_ptr<Entry>& entry);

  crypto::VerifierPool& pool_;
  const crypto::Hash chain_;
  std::mutex mutex_;  // of everything below; never held while checking
  std::condition_variable done_;
  std::map<crypto::Hash, std::shared_ptr<Entry>> entries_;
};

}  // namespace giro::runtime
