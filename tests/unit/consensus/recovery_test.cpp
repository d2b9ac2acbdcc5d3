// Who is behind, who restarts, and the end of an epoch (protocol R22, R30, R38 to R43).
#include <gtest/gtest.h>

#include "tests/unit/consensus/solo.h"

namespace giro::consensus::testing {
namespace {

// ---- R22, R30

TEST(R22, who_is_ahead_sends_what_the_other_lacks_when_it_does_not_move) {
  Solo solo(four(), 1);
  const Block first = solo.next_block();
  solo.make_stable(first);
  const Block second = solo.next_block();
  solo.propose(second);
  solo.prepare(second);
  solo.commit(second);
  solo.propose(solo.next_block());
  solo.sent.clear();
  Status behind;
  behind.stable = {0};
  behind.committed = {1};
  behind.tip = {1};
  solo.deliver(3, behind);  // the first one heard
  EXPECT_EQ(solo.sent_of<AttestProof>().size(), 1U);
  ASSERT_EQ(solo.sent_of<CertifiedBlocks>().size(), 1U);
  EXPECT_EQ(solo.sent_of<CertifiedBlocks>()[0].blocks.size(), 1U);
  EXPECT_EQ(solo.sent_of<PrePrepare>().size(), 2U);
  EXPECT_EQ(solo.sent_of<Vote>().size(), 4U);  // prepare and commit of 2, prepare of 3, attest of 2
  for (const Outbound& outbound : solo.sent) EXPECT_EQ(outbound.to, four().institution(3));
  solo.sent.clear();
  solo.deliver(3, behind);  // too soon
  EXPECT_TRUE(solo.sent.empty());
  solo.pass(150);
  behind.tip = {2};
  solo.deliver(3, behind);  // it moves
  EXPECT_TRUE(solo.sent.empty());
  solo.deliver(3, behind);
  EXPECT_FALSE(solo.sent.empty());
}

TEST(R22, B41_claims_of_any_height_are_survived_and_answered_within_bounds) {
  Solo solo(four(), 1);
  solo.make_stable(solo.next_block());
  solo.propose(solo.next_block());
  for (const std::uint64_t claim :
       {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX - 1, UINT64_MAX}) {
    for (int field = 0; field < 32; ++field) {
      Status status;
      if (field & 1) status.stable = {claim};
      if (field & 2) status.committed = {claim};
      if (field & 4) status.tip = {claim};
      if (field & 8) status.view = {claim};
      if (field & 16) status.log_start = {claim};
      solo.pass(200);
      solo.deliver(3, status);
      solo.pass(200);
      solo.deliver(3, status);
      EXPECT_LE(solo.sent.size(), 80U);
      solo.sent.clear();
    }
  }
  EXPECT_EQ(solo.replica->view().committed.value, 1U);
}

TEST(R22, a_peer_that_keeps_changing_its_epoch_is_not_helped_without_end) {
  Solo solo(four(), 1);
  solo.make_stable(solo.next_block());
  solo.sent.clear();
  for (int i = 0; i < 1'000; ++i) {
    Status status;
    status.epoch = {static_cast<std::uint64_t>(i % 2)};
    solo.deliver(3, status);
  }
  EXPECT_LE(solo.sent_of<AttestProof>().size(), 1U);
}

ChainSegment segment_of(const Solo& source, std::uint64_t from, std::uint64_t to) {
  ChainSegment segment{{}, source.headers.at({to}), {}};
  for (std::uint64_t h = from; h <= to; ++h) segment.blocks.push_back(source.blocks.at({h}));
  segment.attest = four().certificate(
      {VoteKind::Attest, segment.header.epoch, {}, {to}, source.header_hash({to})});
  return segment;
}

TEST(R30, a_segment_is_asked_of_those_who_claim_more_in_turn_committed_executed_and_compared) {
  Solo source(four(), 1);
  for (int i = 0; i < 9; ++i) source.make_stable(source.next_block());
  Solo solo(four(), 3);
  Status claim;
  claim.stable = claim.committed = claim.tip = {9};
  solo.deliver(0, claim);
  solo.deliver(1, claim);
  ASSERT_EQ(solo.fetched.size(), 1U);  // one question at a time
  EXPECT_EQ(std::get<FetchChain>(solo.fetched[0].what).stable.value, 0U);
  solo.pass(1'001);
  solo.tick();
  ASSERT_EQ(solo.fetched.size(), 2U);
  EXPECT_NE(solo.fetched[0].from, solo.fetched[1].from);
  solo.deliver(1, segment_of(source, 2, 9));  // does not continue what we have
  EXPECT_EQ(solo.rejects(RejectReason::BeyondWindow), 1U);
  solo.deliver(1, segment_of(source, 1, 9));
  EXPECT_EQ(solo.replica->view().committed.value, 9U);
  EXPECT_EQ(solo.replica->stable().value, 9U);
  EXPECT_EQ(solo.records_of<ChainProofRecord>().size(), 1U);
  solo.deliver(1, segment_of(source, 1, 9));
  EXPECT_EQ(solo.rejects(RejectReason::OldHeight), 1U);
}

TEST(R30, who_gave_news_is_asked_again_and_who_does_not_answer_is_not) {
  Solo source(four(), 1);
  for (int i = 0; i < 8; ++i) source.make_stable(source.next_block());
  Solo solo(four(), 3);
  Status claim;
  claim.stable = {8};
  for (const std::size_t peer : {0U, 1U, 2U}) solo.deliver(peer, claim);
  ASSERT_EQ(solo.fetched.size(), 1U);
  EXPECT_EQ(solo.fetched[0].from, four().institution(0));
  solo.pass(1'001);
  solo.tick();
  ASSERT_EQ(solo.fetched.size(), 2U);
  EXPECT_EQ(solo.fetched[1].from, four().institution(1));
  solo.deliver(1, segment_of(source, 1, 3));
  solo.deliver(1, segment_of(source, 4, 6));
  ASSERT_EQ(solo.fetched.size(), 4U);
  EXPECT_EQ(solo.fetched[2].from, four().institution(1));
  EXPECT_EQ(solo.fetched[3].from, four().institution(1));
}

TEST(R42, at_the_end_of_the_epoch_its_last_header_opens_the_next) {
  Solo source(four(), 1);
  for (int i = 0; i < 10; ++i) source.make_stable(source.next_block());
  EXPECT_EQ(source.replica->set().epoch.value, 1U);
  Solo solo(four(), 3);
  solo.deliver(1, segment_of(source, 1, 10));
  EXPECT_EQ(solo.replica->set().epoch.value, 1U);
  ASSERT_EQ(solo.records_of<EpochRecord>().size(), 1U);
  EXPECT_EQ(solo.records_of<EpochRecord>()[0].set.digest(four().chain()),
            source.headers.at({10}).next_set);
}

TEST(R30, payload_of_a_segment_is_asked_from_several_peers) {
  Solo source(four(), 1);
  std::vector<BatchPtr> batches;
  for (int i = 1; i <= 6; ++i) {
    batches.push_back(batch_of(four().institution(2), static_cast<std::uint64_t>(i), soon(source)));
    source.deliver_batch(batches.back(), 2);
    source.make_stable(source.next_block({batches.back()->id}));
  }
  Solo solo(four(), 3);
  solo.deliver(1, segment_of(source, 1, 6));
  std::set<InstitutionId> asked;
  for (const Fetch& fetch : solo.fetched) asked.insert(fetch.from);
  EXPECT_EQ(asked.size(), 3U);
  EXPECT_EQ(solo.replica->view().executed.value, 0U);
  for (const BatchPtr& batch : batches) solo.deliver_batch(batch, 1);
  EXPECT_EQ(solo.replica->stable().value, 6U);
}

TEST(R30, a_segment_beside_our_committed_chain_means_more_than_f_are_faulty) {
  Solo source(four(), 1);
  Solo solo(four(), 3);
  const Block block = solo.next_block();
  solo.propose(block);
  solo.commit(block);
  source.pass(5);
  source.make_stable(source.next_block());
  source.make_stable(source.next_block());
  solo.deliver(1, segment_of(source, 1, 2));
  EXPECT_EQ(solo.rejects(RejectReason::ConflictsWithCommitted), 1U);
  EXPECT_EQ(solo.events(EventType::VotesStopped), 1U);
  EXPECT_EQ(solo.replica->view().committed.value, 1U);
}

// ---- R38, R40, R41

TEST(R38, everything_open_comes_back_after_a_restart) {
  Solo solo(four(), 1);
  const BatchPtr ordered = batch_of(four().institution(2), 1, soon(solo), "ordered");
  const BatchPtr open = batch_of(four().institution(2), 2, soon(solo), "open");
  const BatchPtr mine = batch_of(four().institution(1), 1, soon(solo), "mine");
  solo.deliver_batch(ordered, 2);
  solo.deliver_batch(open, 2);
  solo.deliver_batch(mine, 1);
  solo.make_stable(solo.next_block({ordered->id}));
  const Block second = solo.next_block();
  solo.propose(second);
  solo.prepare(second);
  solo.propose(solo.next_block({open->id}));
  Solo again(four(), 1, Parameters::tiny(), solo.recovered({1}));
  const ReplicaView before = solo.replica->view();
  const ReplicaView after = again.replica->view();
  EXPECT_EQ(after.stable, before.stable);
  EXPECT_EQ(after.executed, before.executed);
  EXPECT_EQ(after.committed, before.committed);
  EXPECT_EQ(after.prepared, before.prepared);
  EXPECT_EQ(after.tip, before.tip);
  EXPECT_EQ(after.available_batches, 1U);
  EXPECT_EQ(again.sent_of<Status>().back().high.height.value, 2U);
  EXPECT_TRUE(again.has_voted(VoteKind::Prepare, {2}));
  EXPECT_TRUE(again.has_voted(VoteKind::Prepare, {3}));
  EXPECT_TRUE(again.has_voted(VoteKind::Commit, {2}));
  EXPECT_FALSE(again.has_voted(VoteKind::Attest, {1}));  // stable: nobody asks for it
  again.deliver(3, Status{});
  ASSERT_EQ(again.sent_of<BatchMessage>().size(), 1U);  // own batches, to those who may lack them
  EXPECT_EQ(again.sent_of<BatchMessage>()[0].batch->id, mine->id);
  again.deliver_batch(ordered, 2);
  EXPECT_EQ(again.rejects(RejectReason::AlreadyOrdered), 1U);
}

TEST(R38, what_the_store_lost_is_done_again_across_the_end_of_an_epoch) {
  Solo solo(four(), 1);
  for (int i = 0; i < 12; ++i) solo.make_stable(solo.next_block());
  for (const std::uint64_t kept : {12U, 10U, 9U, 7U}) {
    RecoveredState state = solo.recovered({kept});
    EXPECT_EQ(state.stable.value, 12U);
    EXPECT_EQ(state.committed.value, 12U);
    EXPECT_EQ(state.set.epoch.value, 1U);
    const std::map<Height, Header> known(solo.headers.begin(), solo.headers.upper_bound({kept}));
    Solo again(four(), 1, Parameters::tiny(), state, {}, known);
    EXPECT_EQ(again.executed.size(), 12U - kept);
    EXPECT_EQ(again.headers, solo.headers);
    EXPECT_EQ(again.replica->view().executed.value, 12U) << kept;
    EXPECT_FALSE(again.has_voted(VoteKind::Attest, {11}));
  }
}

TEST(R40, an_own_vote_that_we_do_not_remember_stops_voting) {
  Solo solo(four(), 0);
  Block block = solo.next_block();
  solo.deliver(2, four().proposal(block));  // our signature, never given here
  EXPECT_EQ(solo.events(EventType::VotesStopped), 1U);
  solo.pass(5'000);
  solo.tick();
  EXPECT_TRUE(solo.sent_of<PrePrepare>().empty());
  Solo backup(four(), 1);
  block = backup.next_block();
  backup.deliver(
      2, CertifiedBlocks{
             {block},
             four().certificate({VoteKind::Commit, {}, {}, {1}, block.hash(four().chain())})});
  EXPECT_EQ(backup.events(EventType::VotesStopped), 1U);
  EXPECT_EQ(backup.replica->view().committed.value, 1U);  // and goes on following
}

TEST(R41, no_block_of_the_next_epoch_before_the_last_height_is_stable) {
  Solo solo(four(), 1);
  for (int i = 0; i < 9; ++i) solo.make_stable(solo.next_block());
  const Block last = solo.next_block();
  solo.propose(last);
  solo.prepare(last);
  solo.commit(last);
  EXPECT_EQ(solo.replica->set().epoch.value, 0U);
  const Block first = solo.block_after(last);
  EXPECT_EQ(first.epoch.value, 1U);
  EXPECT_EQ(solo.verdict(0, four().proposal(first)), RejectReason::FutureEpoch);
  solo.attest(last);
  EXPECT_EQ(solo.replica->set().epoch.value, 1U);
  EXPECT_EQ(solo.verdict(0, four().proposal(last)), RejectReason::OldEpoch);
  solo.propose(first);
  EXPECT_TRUE(solo.has_voted(VoteKind::Prepare, {11}));
  EXPECT_EQ(solo.sent_of<Status>().back().high, VoteContent{});  // in e+1 its high is none
}

TEST(R43, an_observer_follows_and_never_votes) {
  Solo source(four(), 1);
  for (int i = 0; i < 3; ++i) source.make_stable(source.next_block());
  RecoveredState fresh = four().fresh();
  Replica observer(four().chain(), {{50}, {}}, Parameters::tiny(), {}, fresh, source.now);
  const wire::Verifier verifier(four().chain(), {50});
  observer.step(source.now,
                *verifier.verify(four().institution(1), segment_of(source, 1, 3), observer.set()));
  Output output = observer.take_output();
  EXPECT_EQ(output.execute.size(), 3U);
  EXPECT_TRUE(output.sign.empty());
  EXPECT_FALSE(observer.view().voting);
}

}  // namespace
}  // namespace giro::consensus::testing
