// The door for clients' operations (architecture 4, steps 1 and 2): checks, admits, keeps them
// until they are recorded, and packs them into batches (protocol R1, R2).
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "consensus/parameters.h"
#include "consensus/types.h"
#include "crypto/verifier_pool.h"
#include "node/runtime/payload.h"
#include "node/runtime/service.h"

namespace giro::runtime {

using OperationKey = std::pair<std::uint32_t, OpId>;

class Intake {
 public:
  struct Limits {
    std::uint64_t operations = 50'000;
    std::uint64_t bytes = 256 * 1024 * 1024;
  };
  struct Ports {
    std::function<std::shared_ptr<const ReadView>()> read;
    // The status of an operation that is recorded or was admitted before.
    std::function<OperationInfo(std::uint32_t actor, const OpId&)> status;
    std::function<void()> wake;  // pack() has something to do: on the core thread, soon
    std::function<consensus::WallTime()> clock;
  };

  Intake(const crypto::Hash& chain, consensus::InstitutionId self,
         const consensus::Parameters& parameters, Limits limits, crypto::VerifierPool& pool,
         Payload& payload, Ports ports);

  // Any thread. `done` is called once, here or on a pool thread.
  void submit(crypto::Bytes signed_operation, std::function<void(SubmitAnswer)> done);
  void close();                    // from now on NotReady
  void set_storage_low(bool low);  // refuses new operations while it is, and packs none
  // Without a seat nobody takes our batches: new operations are refused, and none are packed.
  void set_seated(bool seated);

  // What is known here of an operation that is not recorded: Received, Ordering, with its hash and
  // time limit.
  [[nodiscard]] std::optional<OperationInfo> pending(std::uint32_t actor, const OpId& op_id) const;
  struct Load {
    std::uint64_t operations = 0, bytes = 0;
    std::optional<consensus::WallTime> oldest;  // when it came
  };
  [[nodiscard]] Load load();

  // --- core thread
  // -------------------------------------------------------------------------------------------------
  // Batches that are due (protocol R1); `unordered` own batches wait for a block at present.
  [[nodiscard]] std::vector<consensus::BatchPtr> pack(consensus::Now now, std::uint64_t unordered);
  // When pack() will have something, if nothing else happens: a moment that has passed would hide
  // the deadlines of the replica, which share its timer.
  [[nodiscard]] std::optional<consensus::Instant> next_deadline(std::uint64_t unordered) const;
  // An own batch found in the log at start.
  void track(const consensus::BatchPtr& batch);

  // --- executor thread: a block was executed
  // ---------------------------------------------------------------------
  struct Ran {
    OperationKey key;
    bool recorded = false;
    std::uint32_t type = 0;  // ledger operation number
    ledger::Code code{};
  };
  // Own batches among `batches` are done; operations that ran are no longer pending here; own
  // batches that `time` passed un-ordered are packed again while their operations are valid
  // (protocol R2).
  void on_executed(consensus::WallTime time, const std::vector<consensus::Hash>& batches,
                   const std::vector<Ran>& ran);
  // Attested time: operations that can no longer run leave, and were not recorded.
  [[nodiscard]] std::vector<OperationKey> expire(consensus::WallTime attested_time);

 private:
  struct Pending {
    crypto::Hash operation_hash;
    consensus::WallTime valid_until;
    std::size_t bytes = 0;
    consensus::WallTime since;  // it waits here
    bool packed = false;
  };
  struct Submission {
    ledger::Decoded decoded;
    OperationKey key;
    std::size_t bytes = 0;
    std::function<void(SubmitAnswer)> done;
  };
  // What no batch has room for would wait until it expires: nobody takes a larger one (protocol
  // R3).
  [[nodiscard]] bool fits(std::size_t operation_bytes) const;
  void check_next_lot();                                             // mutex_ held
  void arrived(const OperationKey& key, consensus::WallTime since);  // mutex_ held
  void answer_lot(std::vector<Submission> lot, const std::vector<std::size_t>& first_check,
                  const crypto::Verdicts& verdicts);
  [[nodiscard]] SubmitAnswer admit(Submission& submission, std::span<const bool> valid,
                                   const ReadView& state);
  [[nodiscard]] std::optional<SubmitAnswer> known(const OperationKey& key,
                                                  const crypto::Hash& hash);
  [[nodiscard]] consensus::BatchPtr pack_one(
      consensus::WallTime now);  // mutex_ held; null: nothing left to pack
  void pack_again(const consensus::BatchPtr& batch, consensus::WallTime time);

  const crypto::Hash chain_;
  const consensus::InstitutionId self_;
  const consensus::Parameters parameters_;
  const std::uint64_t batch_bytes_;  // that every validator takes
  const Limits limits_;
  crypto::VerifierPool& pool_;
  Payload& payload_;
  const Ports ports_;

  mutable std::mutex mutex_;  // of everything below
  bool closed_ = false;
  bool storage_low_ = false;
  bool seated_ = true;
  bool checking_ = false;
  std::vector<Submission> arriving_;
  std::size_t arriving_bytes_ = 0;
  std::map<OperationKey, Pending> pending_;
  std::size_t pending_bytes_ = 0;
  // Of pending_, oldest first, and some that have left it.
  std::deque<std::pair<consensus::WallTime, OperationKey>> arrivals_;
  std::deque<ledger::Verified> waiting_;      // admitted, not packed; oldest first
  std::optional<consensus::Instant> oldest_;  // when pack() first saw the oldest of them
  std::size_t waiting_bytes_ = 0;
  std::uint64_t next_seq_ = 0;
  std::map<crypto::Hash, consensus::BatchPtr> own_;  // packed, not ordered
};

}  // namespace giro::runtime
