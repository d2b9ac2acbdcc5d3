// One replica, driven by hand: messages go through the real verifier, own votes through a real
// guard.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "consensus/replica.h"
#include "consensus/vote_guard.h"
#include "consensus/wire/codec.h"
#include "consensus/wire/verifier.h"
#include "tests/unit/consensus/members.h"

namespace giro::consensus::testing {

class Solo final : DurabilityPort {
 public:
  explicit Solo(const Members& members, std::size_t index,
                const Parameters& parameters = Parameters::tiny(),
                std::optional<RecoveredState> state = std::nullopt,
                const ReplicaLimits& limits = {}, std::map<Height, Header> known = {});

  // Steps the input, then performs the output: records kept, votes signed and stepped back, blocks
  // executed if `executes`. What was sent stays in `sent`.
  void deliver(std::size_t from, Message message);
  void deliver_batch(const BatchPtr& batch, std::size_t from);
  void step(Input input);
  void pass(std::int64_t ms);  // time, without a step in between
  void tick() { step(TimePassed{}); }
  void perform();  // what is in the replica's output now
  [[nodiscard]] RejectReason verdict(std::size_t from, Message message) const;  // the verifier's

  // From everybody but the replica: a block and what makes it committed, or stable.
  void propose(const Block& block);
  void prepare(const Block& block);
  void commit(const Block& block);
  void attest(const Block& block);
  void make_stable(const Block& block);  // all of it
  [[nodiscard]] Block next_block(
      std::vector<Hash> batches = {}) const;  // after the last executed or accepted one
  [[nodiscard]] Block block_after(const Block& below, std::vector<Hash> batches = {}) const;
  [[nodiscard]] Hash header_hash(Height height) const {
    return headers.at(height).hash(members.chain());
  }

  [[nodiscard]] std::uint64_t rejects(RejectReason reason) const {
    return replica->rejects()[static_cast<std::size_t>(reason)];
  }
  [[nodiscard]] std::uint64_t events(EventType type) const;
  template <typename Kind>
  [[nodiscard]] std::vector<Kind> sent_of() const {
    std::vector<Kind> found;
    for (const Outbound& outbound : sent) {
      if (const Kind* kind = std::get_if<Kind>(&outbound.message)) found.push_back(*kind);
    }
    return found;
  }
  template <typename Kind>
  [[nodiscard]] std::vector<Kind> records_of() const {
    std::vector<Kind> found;
    for (const DurableRecord& record : log) {
      if (const Kind* kind = std::get_if<Kind>(&record)) found.push_back(*kind);
    }
    return found;
  }
  [[nodiscard]] bool has_voted(VoteKind kind, Height height) const {
    return voted.contains({kind, height});
  }

  // Everything the log has, as a restart would see it.
  [[nodiscard]] RecoveredState recovered(Height executed) const;

  const Members& members;
  std::size_t index;
  InstitutionId self;
  Parameters parameters;
  wire::Verifier verifier;
  VoteGuard guard;
  Now now{Instant{0}, WallTime{kWallStartMs}};
  bool executes = true;
  std::unique_ptr<Replica> replica;

  std::vector<DurableRecord> log;
  std::vector<Outbound> sent;
  std::vector<Fetch> fetched;
  std::vector<Event> seen;
  std::optional<Divergence> divergence;
  std::vector<CommittedBlock> executed;
  std::map<Height, Header> headers;
  std::map<Height, Block> blocks;  // proposed through this class
  std::map<std::pair<VoteKind, Height>, Hash> voted;
};

[[nodiscard]] const Members& four();
// Of all members but one: the replica under test, which would know its own vote.
[[nodiscard]] Certificate certified(VoteKind kind, const Block& block, View view,
                                    std::size_t without = 3);
[[nodiscard]] Block in_view(Block block, View view);
// From members 0, 1 and 2; the certificate is that of member 0.
[[nodiscard]] NewView new_view_of(View view, const std::optional<Certificate>& high = {});
[[nodiscard]] inline std::int64_t soon(const Solo& solo) {
  return solo.now.wall.ms + 30'000;
}

}  // namespace giro::consensus::testing
