// The protocol as an automaton beside each correct validator (assurance 9): from what it has heard
// and said it knows which steps the rules allow, and breaks the run at the first that they do not.
// It sees frames, restarts and events, never the inside of a replica; it shares no rule with
// consensus/. It keeps what was ever heard, so what a validator forgot or dropped makes it milder,
// never wrong.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "consensus/message.h"
#include "consensus/output.h"
#include "consensus/recovery.h"
#include "tests/simulation/sets.h"
#include "tests/simulation/world.h"

namespace giro::sim {

// A step that was judged. In the order of kTraceStepNames.
enum class TraceStep : std::uint8_t {
  Propose,
  PrepareNext,    // above what it prepared
  PrepareAnchor,  // under the new view
  PrepareProven,  // covered by a certificate
  Commit,
  Attest,
  Snapshot,
  LeaveWithWeakQuorum,
  JumpToLaterView,
  BeginView,
  StartView,  // the NewView was another's, or no one's
  Decide,
  NextEpoch,
  TellStatus,
  Restart,
};
inline constexpr std::array kTraceStepNames = {
    "propose",    "prepare",  "prepare-anchor", "prepare-proven", "commit",
    "attest",     "snapshot", "leave",          "jump",           "begin-view",
    "start-view", "decide",   "next-epoch",     "tell-status",    "restart"};
using TraceSteps = std::array<std::uint64_t, kTraceStepNames.size()>;

class TraceAutomaton {
 public:
  // Both outlive it.
  TraceAutomaton(const NetworkSetup& setup, const Sets& sets);

  // For correct nodes only. A rule that does not hold is thrown as a Violation.
  void on_opened(std::size_t node, const crypto::PublicKey& key,
                 const consensus::RecoveredState& recovered,
                 const std::vector<consensus::VoteContent>& votes);
  // Whatever it says itself counts as heard. What a liar sends must have been found valid before.
  void on_heard(std::size_t node, consensus::InstitutionId from, const consensus::Message& message);
  void on_said(std::size_t node, const consensus::Message& message);
  void on_consensus(std::size_t node, const consensus::Event& event);
  // What its keys promised is not expected to be remembered (protocol R39).
  void on_forgot(std::size_t node);

  // By a correct node; nullptr: not yet.
  [[nodiscard]] const consensus::Block* decided(consensus::Height height) const;
  [[nodiscard]] const TraceSteps& steps() const { return steps_; }

 private:
  using Turn = std::pair<consensus::Epoch, consensus::View>;
  using Rank = std::pair<consensus::View, consensus::Height>;
  struct Known {  // of one epoch
    std::map<consensus::VoteContent, std::set<std::uint32_t>> votes;
    std::set<consensus::VoteContent> certified;
    std::set<Rank> prepared;  // places of prepare and commit certificates
    std::map<consensus::View, std::set<consensus::Hash>>
        anchors;  // zero: the end of the epoch before
    std::map<std::uint32_t, consensus::View>
        left_for;  // by member: the highest view that it moved to
    std::set<std::pair<std::uint32_t, consensus::View>> suspected;
    std::set<std::pair<std::uint32_t, consensus::View>> changes;
  };
  struct Promised {   // by one key
    Turn turn, told;  // in which it said something, and told its status
    std::set<consensus::VoteContent> votes;
    std::map<consensus::Epoch, Rank> committed;  // the highest that it voted to commit
    std::set<consensus::VoteContent> judged;
    std::set<Turn> changes, abstained;
    consensus::Floor floor;
  };
  struct Observed {
    crypto::PublicKey key;
    consensus::Epoch proven;  // the highest that it was in when it started
    std::map<consensus::Epoch, Known> epochs;
    std::map<crypto::PublicKey, Promised> promised;
    std::set<consensus::Hash> blocks, batches, final;
    consensus::Height stable, told_committed;  // of this life
  };

  void note_own(std::size_t node, consensus::InstitutionId from, const consensus::Vote& vote);
  void learn(std::size_t node, const consensus::Vote& vote);
  void learn(std::size_t node, const consensus::Certificate& certificate);
  void learn(std::size_t node, const consensus::Block& block, const consensus::Hash& hash);
  void learn(std::size_t node, const consensus::NewView& begun);
  void learn(std::size_t node, const consensus::ViewChange& change);
  void learn_header(std::size_t node, const consensus::Header& header);
  void certify(Observed& seen, Known& known, const consensus::VoteContent& content);
  void mark_final(Observed& seen, consensus::Hash hash) const;

  void judge_proposal(std::size_t node, const consensus::PrePrepare& proposal);
  void judge_vote(std::size_t node, const consensus::Vote& vote);
  void judge_prepare(std::size_t node, const consensus::VoteContent& content,
                     const Promised& promised);
  void judge_commit(std::size_t node, const consensus::Vote& vote, const Promised& promised);
  void judge_leaving(std::size_t node, const consensus::ViewChange& change);
  void judge_beginning(std::size_t node, const consensus::NewView& begun);
  void judge_status(std::size_t node, const consensus::Status& status);
  void judge_start(std::size_t node, const consensus::Event& event);
  void expect_once(std::size_t node, const char* rule, consensus::Height height,
                   const consensus::Hash& digest,
                   std::map<consensus::Height, consensus::Hash>& agreed) const;

  [[nodiscard]] bool is_covered(const Known& known, const consensus::VoteContent& content) const;
  [[nodiscard]] bool is_own(std::size_t node, consensus::Epoch epoch, std::uint64_t index) const;
  [[nodiscard]] std::optional<std::uint32_t> seat_of(consensus::Epoch epoch,
                                                     consensus::InstitutionId who) const;
  [[nodiscard]] consensus::Hash hash_of(const consensus::Block& block) const;
  [[nodiscard]] consensus::Height base_of(consensus::Epoch epoch) const;
  [[nodiscard]] consensus::View first_view(consensus::Epoch epoch) const;
  [[noreturn]] static void fail(const char* rule, std::size_t node, std::string text);
  void count(TraceStep step) { ++steps_[static_cast<std::size_t>(step)]; }

  const NetworkSetup& setup_;
  const Sets& sets_;
  std::vector<Observed> seen_;
  std::map<consensus::Hash, consensus::Block> blocks_;           // that anybody has named
  std::map<consensus::Hash, consensus::InstitutionId> authors_;  // of batches that were sent
  std::map<consensus::Height, consensus::Hash> decided_, attested_, snapshots_;
  TraceSteps steps_{};
};

}  // namespace giro::sim
