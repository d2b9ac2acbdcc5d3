#include "consensus/evidence.h"

#include <gtest/gtest.h>

#include "tests/unit/consensus/solo.h"

namespace giro::consensus::testing {
namespace {

Vote vote_of(std::size_t member, VoteKind kind, std::uint64_t view, std::string_view digest,
             std::uint64_t height = 1) {
  return four().vote(member, {kind, {}, {view}, {height}, hash_of(digest)});
}

bool holds(const Evidence& evidence) {
  return verify_evidence(evidence, four().set(), four().chain());
}

TEST(R46, two_votes_for_one_place_are_evidence) {
  const Vote first = vote_of(2, VoteKind::Commit, 1, "one");
  EXPECT_TRUE(holds(ConflictingVotes{first, vote_of(2, VoteKind::Commit, 1, "two")}));
  EXPECT_FALSE(holds(ConflictingVotes{first, first}));
  EXPECT_FALSE(holds(ConflictingVotes{first, vote_of(2, VoteKind::Commit, 2, "two")}));
  EXPECT_FALSE(holds(ConflictingVotes{first, vote_of(2, VoteKind::Commit, 1, "two", 2)}));
  EXPECT_FALSE(holds(ConflictingVotes{first, vote_of(2, VoteKind::Prepare, 1, "two")}));
  EXPECT_FALSE(holds(ConflictingVotes{first, vote_of(3, VoteKind::Commit, 1, "two")}));
  Vote forged = vote_of(3, VoteKind::Commit, 1, "two");
  forged.voter = {2};
  EXPECT_FALSE(holds(ConflictingVotes{first, forged}));
}

TEST(R46, a_view_change_that_forgets_a_commit_is_evidence) {
  const Vote commit = vote_of(2, VoteKind::Commit, 0, "block", 3);
  const ViewChange forgets = four().view_change(2, {1}).change;
  EXPECT_TRUE(holds(ForgottenCommit{commit, forgets}));
  const Certificate high = four().certificate({VoteKind::Prepare, {}, {}, {3}, hash_of("block")});
  EXPECT_FALSE(holds(ForgottenCommit{commit, four().view_change(2, {1}, high).change}));
  EXPECT_FALSE(holds(ForgottenCommit{vote_of(2, VoteKind::Prepare, 0, "block", 3), forgets}));
  EXPECT_FALSE(holds(ForgottenCommit{vote_of(2, VoteKind::Commit, 1, "block", 3), forgets}));
  EXPECT_FALSE(holds(ForgottenCommit{commit, four().view_change(3, {1}).change}));
  ViewChange forged = forgets;
  forged.stable = {1};
  EXPECT_FALSE(holds(ForgottenCommit{commit, forged}));
}

TEST(R46, an_attest_beside_the_quorum_is_evidence) {
  const Certificate quorum = four().certificate({VoteKind::Attest, {}, {}, {1}, hash_of("header")});
  EXPECT_TRUE(holds(FalseAttest{vote_of(3, VoteKind::Attest, 0, "other"), quorum}));
  EXPECT_FALSE(holds(FalseAttest{vote_of(3, VoteKind::Attest, 0, "header"), quorum}));
  EXPECT_FALSE(holds(FalseAttest{vote_of(3, VoteKind::Attest, 0, "other", 2), quorum}));
  Certificate weak = quorum;
  weak.signatures.pop_back();
  EXPECT_FALSE(holds(FalseAttest{vote_of(3, VoteKind::Attest, 0, "other"), weak}));
}

TEST(R46, what_is_found_is_kept_and_told_once) {
  Solo solo(four(), 1);
  const Block block = solo.next_block();
  solo.propose(block);
  solo.deliver(3, vote_of(3, VoteKind::Prepare, 0, "another"));
  solo.prepare(block);
  ASSERT_EQ(solo.sent_of<EvidenceMessage>().size(), 1U);
  solo.deliver(3, vote_of(3, VoteKind::Commit, 0, "one"));
  solo.deliver(3, vote_of(3, VoteKind::Commit, 0, "two"));
  EXPECT_EQ(solo.sent_of<EvidenceMessage>().size(), 1U);
  EXPECT_EQ(solo.records_of<EvidenceRecord>().size(), 1U);
  // Another validator believes it, and tells it on, once.
  const EvidenceMessage told = solo.sent_of<EvidenceMessage>()[0];
  Solo other(four(), 2);
  other.deliver(1, told);
  other.deliver(0, told);
  EXPECT_EQ(other.records_of<EvidenceRecord>().size(), 1U);
  EXPECT_EQ(other.events(EventType::EvidenceFound), 1U);
  EXPECT_EQ(other.sent_of<EvidenceMessage>().size(), 1U);
  EvidenceMessage forged = told;
  std::get<ConflictingVotes>(forged.evidence).first.voter = {0};
  EXPECT_EQ(other.verdict(1, forged), RejectReason::BadSignature);
}

EvidenceMessage two_of_ours(const char* one, const char* two) {
  return {
      ConflictingVotes{vote_of(3, VoteKind::Commit, 0, one), vote_of(3, VoteKind::Commit, 0, two)}};
}

TEST(R46, what_is_told_of_our_own_key_is_kept_as_well) {
  Solo solo(four(), 3);
  solo.deliver(1, two_of_ours("one", "two"));
  EXPECT_EQ(solo.records_of<EvidenceRecord>().size(), 1U);
  EXPECT_EQ(solo.events(EventType::EvidenceFound), 1U);
}

// ---- R40: what it says of our own key

// The process that comes after this one finds in the log that it cannot know all.
bool forgets_for_good(const Solo& solo) {
  const RecoveredState next = solo.recovered({0});
  return next.amnesic_below.has_value() && *next.amnesic_below == kUnknownFloor;
}

TEST(R40, two_votes_of_ours_for_one_place_stop_our_votes_for_good) {
  Solo solo(four(), 3);
  solo.deliver(1, two_of_ours("one", "two"));
  EXPECT_EQ(solo.events(EventType::VotesStopped), 1U);
  EXPECT_TRUE(forgets_for_good(solo));
  solo.propose(solo.next_block());
  EXPECT_FALSE(solo.has_voted(VoteKind::Prepare, {1}));
  Solo other(four(), 2);
  other.deliver(1, two_of_ours("one", "two"));
  EXPECT_EQ(other.events(EventType::VotesStopped), 0U);
}

TEST(R40, a_promise_of_ours_that_forgets_a_commit_of_ours_stops_our_votes) {
  Solo solo(four(), 3);
  solo.deliver(1, EvidenceMessage{ForgottenCommit{vote_of(3, VoteKind::Commit, 0, "block"),
                                                  four().view_change(3, {1}).change}});
  EXPECT_EQ(solo.events(EventType::VotesStopped), 1U);
  EXPECT_TRUE(forgets_for_good(solo));
}

TEST(R40, a_false_attest_stops_our_votes_unless_it_was_our_own_mistake) {
  for (const bool is_ours : {false, true}) {
    Solo solo(four(), 3);
    const Block block = solo.next_block();
    solo.propose(block);
    solo.prepare(block);
    solo.commit(block);
    ASSERT_TRUE(solo.has_voted(VoteKind::Attest, {1}));
    VoteContent truth{VoteKind::Attest, {}, {}, {1}, hash_of("what the others have")};
    VoteContent said = truth;
    said.digest = is_ours ? solo.header_hash({1}) : hash_of("neither");
    solo.deliver(1,
                 EvidenceMessage{FalseAttest{four().vote(3, said), four().certificate(truth, 3)}});
    EXPECT_EQ(solo.records_of<EvidenceRecord>().size(), 1U);
    EXPECT_EQ(forgets_for_good(solo), !is_ours);
  }
}

TEST(R40, a_proposal_of_ours_that_is_not_remembered_stops_our_votes_for_good) {
  Solo solo(four(), 0);
  const Block block = solo.next_block();
  solo.deliver(
      1, PrePrepare{block,
                    four().vote(0, {VoteKind::Prepare, {}, {}, {1}, block.hash(four().chain())})});
  EXPECT_EQ(solo.events(EventType::VotesStopped), 1U);
  EXPECT_TRUE(forgets_for_good(solo));
}

TEST(R40, what_was_forgotten_below_the_floor_is_no_proof) {
  RecoveredState state = Solo(four(), 3).recovered({0});
  state.floor = Floor{{}, {}, {1}};
  Solo solo(four(), 3, Parameters::tiny(), state);
  solo.deliver(1, two_of_ours("one", "two"));
  EXPECT_EQ(solo.records_of<EvidenceRecord>().size(), 1U);
  EXPECT_EQ(solo.events(EventType::VotesStopped), 0U);
}

// Restored from a copy: the ceiling that it believes in is not the key's.
TEST(R40, an_amnesic_one_whose_key_signed_above_its_floor_forgets_how_far) {
  const Block block = Solo(four(), 0).next_block();
  const Vote proposed =
      four().vote(0, {VoteKind::Prepare, {}, {}, {1}, block.hash(four().chain())});
  for (const std::uint64_t ceiling : {0U, 1U}) {
    for (const bool is_proposal : {false, true}) {
      const std::size_t victim = is_proposal ? 0 : 3;
      RecoveredState state = Solo(four(), victim).recovered({0});
      state.amnesic_below = Floor{{}, {}, {ceiling}};
      Solo solo(four(), victim, Parameters::tiny(), state);
      if (is_proposal) {
        solo.deliver(1, PrePrepare{block, proposed});
        EXPECT_EQ(solo.replica->view().tip, Height{1});  // it follows, like everybody
      } else {
        solo.deliver(1, two_of_ours("one", "two"));
      }
      EXPECT_EQ(solo.events(EventType::VotesStopped), 0U);
      EXPECT_EQ(forgets_for_good(solo), ceiling == 0) << ceiling;
    }
  }
}

TEST(R40, a_later_piece_of_evidence_is_looked_at_though_the_first_is_kept) {
  Solo solo(four(), 3);
  const Block block = solo.next_block();
  solo.propose(block);
  solo.prepare(block);
  solo.commit(block);
  const VoteContent truth{VoteKind::Attest, {}, {}, {1}, hash_of("what the others have")};
  VoteContent ours = truth;
  ours.digest = solo.header_hash({1});
  solo.deliver(1, EvidenceMessage{FalseAttest{four().vote(3, ours), four().certificate(truth, 3)}});
  ASSERT_FALSE(forgets_for_good(solo));
  solo.deliver(1, two_of_ours("one", "two"));
  EXPECT_EQ(solo.records_of<EvidenceRecord>().size(), 1U);
  EXPECT_TRUE(forgets_for_good(solo));
}

// It was repaired since: what it attested wrongly is no longer remembered.
TEST(R40, a_false_attest_at_a_stable_height_says_nothing_of_the_key) {
  Solo solo(four(), 3);
  const Block block = solo.next_block();
  solo.propose(block);
  solo.prepare(block);
  solo.commit(block);
  solo.attest(block);
  ASSERT_EQ(solo.replica->view().stable, Height{1});
  const VoteContent truth{VoteKind::Attest, {}, {}, {1}, solo.header_hash({1})};
  VoteContent said = truth;
  said.digest = hash_of("a damaged store");
  solo.deliver(1, EvidenceMessage{FalseAttest{four().vote(3, said), four().certificate(truth, 3)}});
  EXPECT_EQ(solo.records_of<EvidenceRecord>().size(), 1U);
  EXPECT_EQ(solo.events(EventType::VotesStopped), 0U);
}

// A store that was damaged gave a header; rebuilt, it gives another.
TEST(R17, another_result_after_a_restart_is_not_attested_beside_the_first) {
  Solo before(four(), 3);
  const Block block = before.next_block();
  before.propose(block);
  before.prepare(block);
  before.commit(block);
  ASSERT_TRUE(before.has_voted(VoteKind::Attest, {1}));
  for (DurableRecord& record : before.log) {
    auto* vote = std::get_if<VoteRecord>(&record);
    if (vote != nullptr && vote->content.kind == VoteKind::Attest)
      vote->content.digest = hash_of("a damaged store");
  }
  Solo again(four(), 3, before.parameters, before.recovered({0}));
  ASSERT_EQ(again.replica->view().executed, Height{1});
  EXPECT_FALSE(again.has_voted(VoteKind::Attest, {1}));
  again.attest(block);
  EXPECT_EQ(again.replica->view().stable, Height{1});
}

TEST(R46, who_was_named_before_a_restart_is_not_named_again) {
  const auto told = [](const char* one) {
    return EvidenceMessage{ConflictingVotes{vote_of(3, VoteKind::Commit, 0, one),
                                            vote_of(3, VoteKind::Commit, 0, "two")}};
  };
  Solo before(four(), 1);
  before.deliver(2, told("one"));
  Solo after(four(), 1, Parameters::tiny(), before.recovered({0}));
  after.deliver(2, told("another"));
  EXPECT_TRUE(after.records_of<EvidenceRecord>().empty());
  EXPECT_EQ(after.rejects(RejectReason::Duplicate), 1U);
}

TEST(R46, a_forgotten_commit_is_found_whichever_comes_first) {
  for (const bool vote_first : {true, false}) {
    Solo solo(four(), 1);
    const Vote commit = vote_of(3, VoteKind::Commit, 0, "block");
    if (vote_first) solo.deliver(3, commit);
    solo.deliver(3, four().view_change(3, {1}));
    if (!vote_first) solo.deliver(3, commit);
    EXPECT_EQ(solo.records_of<EvidenceRecord>().size(), 1U) << vote_first;
  }
}

TEST(R46, a_false_attest_is_found_when_the_height_becomes_stable) {
  Solo solo(four(), 1);
  const Block block = solo.next_block();
  solo.propose(block);
  solo.prepare(block);
  solo.commit(block);
  solo.deliver(3, vote_of(3, VoteKind::Attest, 0, "another header"));
  const VoteContent truth{VoteKind::Attest, {}, {}, {1}, solo.header_hash({1})};
  for (const std::size_t i : {0U, 2U}) solo.deliver(i, four().vote(i, truth));
  ASSERT_EQ(solo.records_of<EvidenceRecord>().size(), 1U);
  EXPECT_TRUE(holds(solo.records_of<EvidenceRecord>()[0].evidence));
}

}  // namespace
}  // namespace giro::consensus::testing
