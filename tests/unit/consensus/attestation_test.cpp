// Attestation, divergence, timers and suspicion (protocol R16, R17, R19 to R21).
#include <gtest/gtest.h>

#include "consensus/limits.h"
#include "tests/unit/consensus/solo.h"

namespace giro::consensus::testing {
namespace {

// ---- R16, R17

TEST(R16, an_attest_quorum_with_the_own_execution_makes_a_height_stable) {
  Solo solo(four(), 1);
  const Block block = solo.next_block();
  solo.propose(block);
  solo.prepare(block);
  solo.commit(block);
  EXPECT_TRUE(solo.has_voted(VoteKind::Attest, {1}));
  EXPECT_EQ(solo.replica->stable().value, 0U);
  solo.attest(block);
  EXPECT_EQ(solo.replica->stable().value, 1U);
  EXPECT_EQ(solo.events(EventType::Stable), 1U);
  EXPECT_FALSE(
      solo.replica->wants(four().vote(3, {VoteKind::Commit, {}, {}, {1}, hash_of("late")})));
}

TEST(R16, attest_votes_that_come_before_the_own_execution_wait_for_it) {
  Solo solo(four(), 1);
  solo.executes = false;
  const Block block = solo.next_block();
  solo.propose(block);
  solo.commit(block);
  const Header header = executed_after(four().genesis(), four(), block, 10).header;
  solo.headers[{1}] = header;
  solo.attest(block);
  EXPECT_EQ(solo.replica->stable().value, 0U);
  solo.step(Executed{header, header.hash(four().chain())});
  EXPECT_EQ(solo.replica->stable().value, 1U);
}

TEST(R17, a_weak_quorum_of_other_headers_means_divergence) {
  Solo solo(four(), 1);
  const Block block = solo.next_block();
  solo.propose(block);
  solo.prepare(block);
  solo.commit(block);
  const VoteContent other{VoteKind::Attest, {}, {}, {1}, hash_of("another header")};
  solo.deliver(2, four().vote(2, other));
  EXPECT_FALSE(solo.replica->view().diverged);
  solo.deliver(3, four().vote(3, other));
  EXPECT_TRUE(solo.replica->view().diverged);
  EXPECT_EQ(solo.events(EventType::Diverged), 1U);
  ASSERT_TRUE(solo.divergence.has_value());
  EXPECT_EQ(solo.divergence->height, Height{1});
  ASSERT_TRUE(solo.divergence->ours.has_value());
  EXPECT_EQ(solo.divergence->ours->block, block.hash(four().chain()));
  ASSERT_EQ(solo.divergence->votes.size(), 2U);
  EXPECT_EQ(solo.divergence->votes[0].content, other);
  EXPECT_FALSE(solo.divergence->attest.has_value());
  solo.propose(solo.next_block());
  EXPECT_FALSE(solo.has_voted(VoteKind::Prepare, {2}));
}

TEST(R17, an_attest_certificate_over_another_header_means_divergence_too) {
  Solo solo(four(), 1);
  const Block block = solo.next_block();
  solo.propose(block);
  solo.commit(block);
  solo.deliver(
      2,
      AttestProof{four().certificate({VoteKind::Attest, {}, {}, {1}, hash_of("another header")})});
  EXPECT_TRUE(solo.replica->view().diverged);
  ASSERT_TRUE(solo.divergence.has_value());
  EXPECT_EQ(solo.divergence->attest->content.digest, hash_of("another header"));
}

// ---- R19 to R21

TEST(R19, the_timer_runs_with_work_only_and_its_end_is_told_once) {
  Solo solo(four(), 1);
  const auto base = static_cast<std::int64_t>(solo.parameters.view_timeout_base_ms);
  solo.pass(base + 10);
  solo.tick();
  EXPECT_TRUE(solo.sent_of<Suspect>().empty());  // no work
  const BatchPtr batch = batch_of(four().institution(2), 1, soon(solo));
  solo.deliver_batch(batch, 2);
  solo.pass(base - 1);
  solo.tick();
  EXPECT_TRUE(solo.sent_of<Suspect>().empty());
  solo.pass(1);
  solo.tick();
  ASSERT_EQ(solo.sent_of<Suspect>().size(), 1U);
  EXPECT_EQ(solo.sent_of<Suspect>()[0].reason, SuspectReason::Silent);
  solo.pass(3 * base);
  solo.tick();
  EXPECT_EQ(solo.sent_of<Suspect>().size(), 1U);
  EXPECT_TRUE(solo.sent_of<Status>().back().suspected);
  const Block block = solo.next_block({batch->id});
  solo.propose(block);
  EXPECT_TRUE(solo.has_voted(VoteKind::Prepare, {1}));  // it goes on voting
  solo.commit(block);
  EXPECT_FALSE(solo.replica->view().suspecting);
}

TEST(R19, an_idle_block_is_overdue_after_twice_the_interval) {
  Solo solo(four(), 1);
  solo.pass(2'000);
  solo.tick();
  solo.pass(1'000);
  solo.tick();
  EXPECT_EQ(solo.sent_of<Suspect>().size(), 1U);
}

TEST(R19, a_full_window_that_awaits_execution_is_no_work) {
  Solo solo(four(), 1);
  solo.executes = false;
  for (std::uint64_t i = 0; i < solo.parameters.window; ++i) {
    const Block block = solo.next_block();
    solo.propose(block);
    solo.commit(block);
  }
  solo.deliver_batch(batch_of(four().institution(2), 1, soon(solo)), 2);
  solo.pass(5'000);
  solo.tick();
  solo.pass(5'000);
  solo.tick();
  EXPECT_TRUE(solo.sent_of<Suspect>().empty());
}

TEST(R20, a_primary_that_leaves_says_so_and_is_suspected) {
  Solo primary(four(), 0);
  primary.step(Leaving{});
  ASSERT_EQ(primary.sent_of<Suspect>().size(), 1U);
  Solo solo(four(), 1);
  solo.deliver(2, Suspect{{}, {}, SuspectReason::Leaving});  // not the primary
  EXPECT_FALSE(solo.replica->view().suspecting);
  solo.deliver(0, primary.sent_of<Suspect>()[0]);
  ASSERT_EQ(solo.sent_of<Suspect>().size(), 1U);
  EXPECT_EQ(solo.sent_of<Suspect>()[0].reason, SuspectReason::Leaving);
  EXPECT_EQ(solo.replica->view().view, View{1});  // with the primary's own that is a weak quorum
}

TEST(R20, offers_are_fetched_by_the_primary_within_bounds) {
  Solo backup(four(), 1);
  backup.deliver(2, BatchOffer{{hash_of("batch")}});
  EXPECT_EQ(backup.rejects(RejectReason::NotAsked), 1U);
  Solo solo(four(), 0);
  const BatchPtr batch = batch_of(four().institution(3), 1, soon(solo));
  solo.deliver(2, BatchOffer{{batch->id}});
  ASSERT_EQ(solo.fetched.size(), 1U);
  EXPECT_EQ(solo.fetched[0].from, four().institution(2));
  solo.deliver_batch(batch, 2);
  EXPECT_EQ(solo.records_of<BatchRecord>().size(), 1U);
  std::size_t asked = 0;
  for (std::size_t i = 0; i <= kOffersMax / kFetchBatchesMax; ++i) {
    BatchOffer offer;
    for (std::size_t k = 0; k < kFetchBatchesMax; ++k)
      offer.batches.push_back(hash_of(std::to_string(asked++)));
    solo.deliver(2, offer);
  }
  EXPECT_EQ(solo.rejects(RejectReason::OverBudget), 1U);
}

TEST(R20, an_author_passed_over_while_other_blocks_commit_makes_the_primary_suspect) {
  Solo solo(four(), 1);
  const auto base = static_cast<std::int64_t>(solo.parameters.view_timeout_base_ms);
  const BatchPtr batch = batch_of(four().institution(2), 1, soon(solo));
  solo.deliver_batch(batch, 2);
  std::int64_t waited = 0;
  for (; waited < 4 * base; waited += 250) {
    EXPECT_TRUE(solo.sent_of<Suspect>().empty());
    solo.pass(250);
    solo.make_stable(solo.next_block());
    EXPECT_EQ(solo.sent_of<BatchOffer>().empty(), waited + 250 < base);
  }
  ASSERT_EQ(solo.sent_of<Suspect>().size(), 1U);
  EXPECT_EQ(solo.sent_of<Suspect>()[0].reason, SuspectReason::Censorship);
  solo.make_stable(solo.next_block({batch->id}));
  EXPECT_FALSE(solo.replica->view().suspecting);
}

TEST(R20, an_outage_is_no_censorship) {
  Solo solo(four(), 1);
  const BatchPtr batch = batch_of(four().institution(2), 1, soon(solo));
  solo.deliver_batch(batch, 2);
  for (int i = 0; i < 60; ++i) {
    solo.pass(200);
    solo.tick();
  }
  solo.make_stable(solo.next_block());  // the first block after it
  solo.pass(10);
  solo.tick();
  EXPECT_FALSE(solo.replica->view().suspecting);
}

// ---- R40

TEST(R40, with_the_disk_at_its_reserve_nothing_is_voted_for_or_taken_and_it_goes_on_with_room) {
  Solo solo(four(), 1);
  solo.executes = false;
  const Block first = solo.next_block();
  solo.propose(first);
  solo.commit(first);
  solo.step(StorageSpace{true});
  EXPECT_FALSE(solo.replica->view().voting);
  const std::size_t records = solo.log.size();
  const BatchPtr batch = batch_of(four().institution(2), 1, soon(solo));
  solo.deliver_batch(batch, 2);
  const Block second = solo.block_after(first);
  solo.propose(second);
  EXPECT_EQ(solo.rejects(RejectReason::StorageLow), 2U);
  const Header header = executed_after(four().genesis(), four(), first, 10).header;
  solo.step(Executed{header, header.hash(four().chain())});
  solo.pass(20'000);
  solo.tick();
  EXPECT_EQ(solo.log.size(), records);
  EXPECT_FALSE(solo.has_voted(VoteKind::Attest, {1}));
  EXPECT_TRUE(solo.sent_of<Suspect>().empty());

  solo.step(StorageSpace{false});
  EXPECT_TRUE(solo.replica->view().voting);
  EXPECT_TRUE(solo.has_voted(VoteKind::Attest, {1}));
  solo.propose(second);
  EXPECT_TRUE(solo.has_voted(VoteKind::Prepare, {2}));
  EXPECT_EQ(solo.events(EventType::VotesPaused), 1U);
  EXPECT_EQ(solo.events(EventType::VotesResumed), 1U);
}

TEST(R40, a_primary_without_room_hands_over) {
  Solo solo(four(), 0);
  solo.step(StorageSpace{true});
  ASSERT_EQ(solo.sent_of<Suspect>().size(), 1U);
  EXPECT_EQ(solo.sent_of<Suspect>()[0].reason, SuspectReason::Leaving);
  solo.step(StorageSpace{false});
  EXPECT_FALSE(solo.replica->view().suspecting);
}

}  // namespace
}  // namespace giro::consensus::testing
