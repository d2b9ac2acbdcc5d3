// A live copy of a validator for Twins: the real core (replica, vote guard, verifier, recovery) on
// a log of values in memory, and an execution that is a hash. It keeps the driver's law (persist,
// sign, send, execute), with a disk and a ledger that take no time; several messages share a turn.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "consensus/replica.h"
#include "consensus/vote_guard.h"
#include "consensus/wire/verifier.h"
#include "tests/simulation/network_setup.h"
#include "tests/simulation/world.h"

namespace giro::sim {

// What a copy asks of the world around it. What is thrown there passes through it.
class CopyWorld {
 public:
  virtual ~CopyWorld() = default;
  // Nobody: to all other members.
  virtual void on_send(std::size_t copy, std::optional<consensus::InstitutionId> to,
                       consensus::Message message) = 0;
  virtual void on_stored(std::size_t copy, const consensus::DurableRecord& record) = 0;
  virtual void on_event(std::size_t copy, const consensus::Event& event) = 0;
  virtual void on_opened(std::size_t copy, const consensus::RecoveredState& recovered,
                         const std::vector<consensus::VoteContent>& votes) = 0;
};

// Signs with a key of the setup's, which outlives it.
class SetupSigner final : public crypto::Signer {
 public:
  explicit SetupSigner(const crypto::SecretKey& key) : key_(key) {}
  [[nodiscard]] const crypto::PublicKey& public_key() const override { return key_.public_key(); }
  [[nodiscard]] std::optional<crypto::Signature> sign(const crypto::Hash& digest) override {
    return key_.sign(digest);
  }

 private:
  const crypto::SecretKey& key_;
};

class Copy final : consensus::DurabilityPort {
 public:
  // The world and the setup outlive it.
  Copy(CopyWorld& world, const NetworkSetup& setup, std::size_t copy, std::size_t identity);

  void start(consensus::Now now);  // from what its log holds: also in the middle of a life
  void receive(consensus::Now now, consensus::InstitutionId from,
               const consensus::Message& message);
  void submit(consensus::Now now);  // a batch of one operation of its own, if the quota allows
  void on_time(consensus::Now now);
  // Performs what the turn asks for. Throws Violation("I3") where a promise is not kept.
  void end_turn(consensus::Now now);
  [[nodiscard]] consensus::Instant deadline() const { return deadline_; }
  [[nodiscard]] const consensus::Replica& replica() const { return *replica_; }

 private:
  struct Stored {
    consensus::Header header;
    consensus::Block block;
    std::vector<consensus::BatchPtr> batches;
  };
  void perform(consensus::Now now, consensus::Output output);
  void store(consensus::DurableRecord record);
  void note(const consensus::DurableRecord& record);
  void expect_durable(const consensus::VoteContent& content) const;
  void expect_durable(const consensus::ViewChange& change) const;
  void expect_durable(const consensus::NewView& made) const;
  [[noreturn]] void fail(const std::string& text) const;
  void answer(consensus::InstitutionId from, const consensus::FetchChain& question);
  void answer(consensus::InstitutionId from, const consensus::FetchBatches& question);
  consensus::Executed execute(const consensus::CommittedBlock& block);

  CopyWorld& world_;
  const NetworkSetup& setup_;
  std::size_t copy_;
  std::size_t identity_;
  consensus::Member self_;
  consensus::wire::Verifier verifier_;

  // its disk
  std::vector<consensus::DurableRecord> log_;
  std::vector<Stored> store_;  // by height
  consensus::Ceiling sign_state_;
  std::uint64_t next_seq_ = 1;

  // what the log holds, by name
  std::map<consensus::Hash, std::vector<consensus::Hash>> blocks_;  // and the batches each names
  std::map<consensus::Hash, consensus::BatchPtr> batches_;
  std::set<consensus::VoteContent> certificates_;
  std::map<consensus::Height, consensus::Certificate> attests_;

  SetupSigner signer_;
  std::unique_ptr<consensus::VoteGuard> guard_;
  std::unique_ptr<consensus::Replica> replica_;
  consensus::Instant deadline_;
};

// Members of every epoch.
[[nodiscard]] consensus::ValidatorSet twins_members(const NetworkSetup& setup,
                                                    consensus::Epoch epoch);

}  // namespace giro::sim
