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

TEST(R46, what_is_told_of_our_own_key_is_kept_as_well) {
  Solo solo(four(), 3);
  solo.deliver(1, EvidenceMessage{ConflictingVotes{vote_of(3, VoteKind::Commit, 0, "one"),
                                                   vote_of(3, VoteKind::Commit, 0, "two")}});
  EXPECT_EQ(solo.records_of<EvidenceRecord>().size(), 1U);
  EXPECT_EQ(solo.events(EventType::EvidenceFound), 1U);
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
