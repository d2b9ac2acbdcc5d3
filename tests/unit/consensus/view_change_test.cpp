// Leaving a view and beginning the next, rule by rule (protocol R10a, R11, R23 to R29).
#include <gtest/gtest.h>

#include "consensus/limits.h"
#include "tests/unit/consensus/solo.h"

namespace giro::consensus::testing {
namespace {

// The others' ViewChanges for a view, as far as they are given.
void hear_changes(Solo& solo, View view, std::initializer_list<std::size_t> from,
                  const std::optional<Certificate>& high = {}) {
  for (const std::size_t i : from) solo.deliver(i, four().view_change(i, view, high));
}

template <typename Record>
std::size_t index_of(const Solo& solo) {
  for (std::size_t i = 0; i < solo.log.size(); ++i) {
    if (std::holds_alternative<Record>(solo.log[i])) return i;
  }
  return solo.log.size();
}

// ---- R23: leaving

TEST(R23, alone_a_validator_suspects_and_goes_on_voting) {
  Solo solo(four(), 3);
  const BatchPtr batch = batch_of(four().institution(2), 1, soon(solo));
  solo.deliver_batch(batch, 2);
  solo.pass(1'000);
  solo.tick();
  EXPECT_TRUE(solo.replica->view().suspecting);
  EXPECT_TRUE(solo.sent_of<ProvenViewChange>().empty());
  solo.propose(solo.next_block({batch->id}));
  EXPECT_TRUE(solo.has_voted(VoteKind::Prepare, {1}));
}

TEST(R23, with_a_weak_quorum_it_leaves_and_promises) {
  Solo solo(four(), 3);
  const Block block = solo.next_block();
  solo.propose(block);
  solo.prepare(block);
  const Block next = solo.block_after(block);
  solo.propose(next);
  solo.pass(1'000);
  solo.tick();
  solo.deliver(2, Suspect{{}, {}, SuspectReason::Silent});
  ASSERT_EQ(solo.sent_of<ProvenViewChange>().size(), 1U);
  const ProvenViewChange sent = solo.sent_of<ProvenViewChange>()[0];
  EXPECT_EQ(sent.change.view, View{1});
  EXPECT_EQ(sent.change.high, (HighMark{{0}, {1}, block.hash(four().chain())}));
  EXPECT_EQ(solo.verdict(0, sent), RejectReason::NotVoter);
  Solo other(four(), 2);
  EXPECT_EQ(other.verdict(3, sent), RejectReason::None);
  EXPECT_EQ(solo.replica->view().view, View{1});
  EXPECT_FALSE(solo.replica->view().voting);
  // Nothing more in the view that was left.
  solo.voted.clear();
  solo.prepare(next);
  EXPECT_FALSE(solo.has_voted(VoteKind::Commit, {2}));
  // The same bytes whenever it is sent again.
  solo.pass(300);
  solo.tick();
  ASSERT_GE(solo.sent_of<ProvenViewChange>().size(), 2U);
  EXPECT_EQ(solo.sent_of<ProvenViewChange>().back(), sent);
  EXPECT_TRUE(solo.sent_of<Status>().back().awaits_new_view);
}

TEST(R23, a_view_change_of_another_counts_as_its_suspicion) {
  Solo solo(four(), 3);
  solo.deliver_batch(batch_of(four().institution(2), 1, soon(solo)), 2);
  hear_changes(solo, {1}, {2});
  EXPECT_EQ(solo.replica->view().view, View{0});
  solo.pass(1'000);
  solo.tick();
  EXPECT_EQ(solo.replica->view().view, View{1});
}

TEST(R11, commit_votes_of_the_view_that_was_left_still_make_a_block_final) {
  Solo solo(four(), 3);
  const Block block = solo.next_block();
  solo.propose(block);
  solo.prepare(block);
  hear_changes(solo, {1}, {0, 2});
  ASSERT_EQ(solo.replica->view().view, View{1});
  solo.commit(block);
  EXPECT_EQ(solo.replica->view().committed, Height{1});
}

TEST(R20, a_member_that_waits_in_a_later_view_is_brought_back_a_few_times_for_each_epoch) {
  Solo solo(four(), 0);
  const auto patience =
      static_cast<std::int64_t>(solo.parameters.view_timeout_base_ms) * kStragglerTimeouts;
  solo.deliver(1, new_view_of({1}));
  hear_changes(solo, {9}, {3});
  for (std::uint64_t view = 1; view <= kStragglerTurns; ++view) {
    for (const std::int64_t wait : {patience / 2, patience / 2 - 10}) {
      solo.make_stable(in_view(solo.next_block(), {view}));
      EXPECT_EQ(solo.sent_of<Suspect>().size(), view - 1);
      solo.pass(wait);
    }
    solo.make_stable(in_view(solo.next_block(), {view}));
    solo.pass(10);
    solo.tick();
    ASSERT_EQ(solo.sent_of<Suspect>().size(), view);
    EXPECT_EQ(solo.sent_of<Suspect>().back().reason, SuspectReason::Straggler);
    ASSERT_EQ(solo.replica->view().view, View{view + 1});  // with its own that is a weak quorum
    if (view < kStragglerTurns) {
      const Height stable = solo.replica->stable();
      const Certificate high = certified(VoteKind::Commit, solo.blocks.at(stable), {view}, 0);
      solo.deliver(1, new_view_of({view + 1}, high));
    }
  }
  // In the view after those it leads itself, and has no more of them for this member.
  hear_changes(solo, {kStragglerTurns + 1}, {1, 2});
  ASSERT_TRUE(solo.replica->view().voting);
  solo.pass(patience);
  solo.tick();
  EXPECT_EQ(std::ranges::count(solo.sent_of<Suspect>(), SuspectReason::Straggler, &Suspect::reason),
            kStragglerTurns);
}

TEST(R20, a_process_that_stops_leaves_no_view) {
  Solo solo(four(), 3);
  solo.step(Leaving{});
  solo.deliver(0, Suspect{{}, {}, SuspectReason::Leaving});
  EXPECT_EQ(solo.replica->view().view, View{0});
}

// ---- R24: following

TEST(R24, a_weak_quorum_above_is_followed_to_the_smallest_of_their_highest) {
  Solo solo(four(), 3);
  hear_changes(solo, {9}, {0});
  hear_changes(solo, {3}, {0});  // of a peer only the highest is kept
  EXPECT_EQ(solo.rejects(RejectReason::Duplicate), 1U);
  EXPECT_EQ(solo.replica->view().view, View{0});
  hear_changes(solo, {5}, {2});
  EXPECT_EQ(solo.replica->view().view, View{5});
  EXPECT_EQ(solo.sent_of<ProvenViewChange>().size(), 1U);
}

TEST(R24, a_peer_that_names_a_huge_view_gains_nothing) {
  Solo solo(four(), 3);
  hear_changes(solo, {UINT64_MAX}, {2});
  EXPECT_EQ(solo.replica->view().view, View{0});
  solo.make_stable(solo.next_block());
  EXPECT_EQ(solo.replica->stable(), Height{1});
  hear_changes(solo, {1}, {0, 1});
  EXPECT_EQ(solo.replica->view().view, View{1});
}

// ---- R25

TEST(R25, what_is_not_proven_is_refused) {
  const Solo solo(four(), 3);
  Block block = solo.next_block();
  const Certificate high = certified(VoteKind::Prepare, block, {0});
  const ProvenViewChange good = four().view_change(2, {1}, high);
  EXPECT_EQ(solo.verdict(2, good), RejectReason::None);
  EXPECT_EQ(solo.verdict(1, good), RejectReason::NotVoter);
  ProvenViewChange bad = good;
  bad.change.stable = {4};
  EXPECT_EQ(solo.verdict(2, bad), RejectReason::BadSignature);
  bad = good;
  bad.high.reset();
  EXPECT_EQ(solo.verdict(2, bad), RejectReason::Mismatch);
  bad = four().view_change(2, {1});
  bad.high = high;
  EXPECT_EQ(solo.verdict(2, bad), RejectReason::Mismatch);
  bad = good;
  bad.high->signatures.pop_back();
  EXPECT_EQ(solo.verdict(2, bad), RejectReason::BadCertificate);
  EXPECT_EQ(solo.verdict(2, four().view_change(2, {1}, certified(VoteKind::Prepare, block, {1}))),
            RejectReason::Mismatch);  // not of a view below
  EXPECT_EQ(solo.verdict(2, four().view_change(2, {1}, certified(VoteKind::Snapshot, block, {0}))),
            RejectReason::Mismatch);
  EXPECT_EQ(solo.verdict(2, four().view_change(2, {1}, {}, {1})), RejectReason::FutureEpoch);
  bad = good;
  bad.attest = four().certificate({VoteKind::Attest, {}, {}, {1}, hash_of("header")});
  EXPECT_EQ(solo.verdict(2, bad), RejectReason::Mismatch);  // not what the change says
}

TEST(R25, a_stable_height_without_proof_is_the_end_of_the_epoch_before) {
  Solo solo(four(), 3);
  ProvenViewChange lie = four().view_change(2, {1});
  lie.change.stable = {4};
  lie.change.signature = *four().signer(2).sign(lie.change.digest(four().chain()));
  solo.deliver(2, lie);
  lie = four().view_change(2, {1});
  lie.change.stable_header = hash_of("another");
  lie.change.signature = *four().signer(2).sign(lie.change.digest(four().chain()));
  solo.deliver(2, lie);
  EXPECT_EQ(solo.rejects(RejectReason::Mismatch), 2U);
}

// ---- R26: the primary

TEST(R26, the_primary_begins_its_view_once_with_the_highest_certificate) {
  Solo solo(four(), 1);
  const Block block = solo.next_block();
  solo.propose(block);
  solo.prepare(block);
  hear_changes(solo, {1}, {0, 2});
  const auto begun = solo.sent_of<NewView>();
  ASSERT_EQ(begun.size(), 1U);
  EXPECT_EQ(begun[0].changes.size(), 3U);
  ASSERT_TRUE(begun[0].anchor.has_value());
  EXPECT_EQ(mark_of(*begun[0].anchor).digest, block.hash(four().chain()));
  EXPECT_EQ(Solo(four(), 2).verdict(1, begun[0]), RejectReason::None);
  EXPECT_LT(index_of<NewViewIntentRecord>(solo), index_of<NewViewRecord>(solo));
  hear_changes(solo, {1}, {3});
  EXPECT_EQ(solo.sent_of<NewView>().size(), 1U);
  // R29: the anchor is voted for again, and the first block follows at once.
  ASSERT_EQ(solo.sent_of<PrePrepare>().size(), 1U);
  const Block first = solo.sent_of<PrePrepare>()[0].block;
  EXPECT_EQ(first.view, View{1});
  EXPECT_EQ(first.parent, block.hash(four().chain()));
}

TEST(R26, it_prefers_changes_whose_highest_block_it_holds_and_does_not_wait_for_ever) {
  Solo solo(four(), 1);
  const Block unknown = solo.next_block();
  const Certificate high = certified(VoteKind::Prepare, unknown, {0}, 1);
  solo.deliver(0, four().view_change(0, {1}, high));
  hear_changes(solo, {1}, {3});
  EXPECT_TRUE(solo.sent_of<NewView>().empty());  // of three all are needed, and one is not held
  hear_changes(solo, {1}, {2});
  ASSERT_EQ(solo.sent_of<NewView>().size(), 1U);
  EXPECT_FALSE(solo.sent_of<NewView>()[0].anchor.has_value());

  Solo patient(four(), 1);
  patient.deliver(0, four().view_change(0, {1}, high));
  hear_changes(patient, {1}, {2});
  EXPECT_TRUE(patient.sent_of<NewView>().empty());
  patient.pass(100);
  patient.tick();
  ASSERT_EQ(patient.sent_of<NewView>().size(), 1U);
  EXPECT_TRUE(patient.sent_of<NewView>()[0].anchor.has_value());
  EXPECT_EQ(patient.sent_of<FetchBlocks>().size(), 1U);
}

// ---- R27

TEST(R27, what_is_no_new_view_is_refused) {
  const Solo solo(four(), 3);
  const Block block = solo.next_block();
  const Certificate high = certified(VoteKind::Commit, block, {0});
  const NewView good = new_view_of({1}, high);
  EXPECT_EQ(solo.verdict(2, good), RejectReason::None);  // whoever relays it
  NewView bad = good;
  bad.changes.pop_back();
  EXPECT_EQ(solo.verdict(1, bad), RejectReason::Mismatch);
  bad = good;
  bad.changes[1] = bad.changes[0];
  EXPECT_EQ(solo.verdict(1, bad), RejectReason::Mismatch);
  bad = good;
  std::swap(bad.changes[0], bad.changes[1]);
  EXPECT_EQ(solo.verdict(1, bad), RejectReason::Mismatch);
  bad = good;
  bad.anchor.reset();
  EXPECT_EQ(solo.verdict(1, bad), RejectReason::Mismatch);
  bad = good;
  bad.anchor = certified(VoteKind::Prepare, solo.block_after(block), {0});
  EXPECT_EQ(solo.verdict(1, bad), RejectReason::Mismatch);  // not the highest of the marks
  bad = good;
  bad.changes[1].stable = {3};
  EXPECT_EQ(solo.verdict(1, bad), RejectReason::BadSignature);
  bad = good;
  bad.view = {2};
  EXPECT_EQ(solo.verdict(1, bad), RejectReason::Mismatch);
  bad = good;
  bad.signature = *four().signer(3).sign(bad.digest(four().chain()));
  EXPECT_EQ(solo.verdict(1, bad), RejectReason::BadSignature);
  bad = good;
  bad.anchor->signatures.pop_back();
  EXPECT_EQ(solo.verdict(1, bad), RejectReason::BadCertificate);
}

TEST(R27, an_anchor_beside_a_committed_block_stops_this_validator) {
  Solo solo(four(), 3);
  solo.executes = false;
  const Block block = solo.next_block();
  solo.propose(block);
  solo.commit(block);
  ASSERT_EQ(solo.replica->view().committed, Height{1});
  solo.deliver(1, new_view_of({1}));  // every high is none: the committed block is forgotten
  EXPECT_EQ(solo.events(EventType::VotesStopped), 1U);
  EXPECT_FALSE(solo.replica->view().voting);
}

TEST(R27, blocks_committed_in_the_view_itself_are_no_conflict) {
  Solo solo(four(), 3);
  const Block first = in_view(solo.next_block(), {1});
  solo.deliver(2, CertifiedBlocks{{first}, certified(VoteKind::Commit, first, {1})});
  EXPECT_EQ(solo.replica->view().view, View{1});  // R10a
  ASSERT_EQ(solo.replica->view().committed, Height{1});
  solo.deliver(1, new_view_of({1}));
  EXPECT_EQ(solo.events(EventType::VotesStopped), 0U);
  EXPECT_TRUE(solo.replica->view().voting);
  EXPECT_EQ(solo.records_of<NewViewRecord>().size(), 1U);  // kept for those who lack it
}

// ---- R28, R29: adopting

TEST(R28, the_chain_starts_at_the_anchor_and_what_was_abandoned_is_available_again) {
  Solo solo(four(), 3);
  const Block block = solo.next_block();
  solo.propose(block);
  solo.prepare(block);
  const BatchPtr batch = batch_of(four().institution(2), 1, soon(solo));
  solo.deliver_batch(batch, 2);
  solo.propose(solo.block_after(block, {batch->id}));
  EXPECT_EQ(solo.replica->view().available_batches, 0U);
  solo.voted.clear();
  solo.deliver(1, new_view_of({1}, certified(VoteKind::Prepare, block, {0})));
  const ReplicaView view = solo.replica->view();
  EXPECT_EQ(view.view, View{1});
  EXPECT_EQ(view.tip, Height{1});
  EXPECT_EQ(view.available_batches, 1U);
  EXPECT_TRUE(solo.has_voted(VoteKind::Prepare, {1}));  // R29: under the new view
  const VoteContent again{VoteKind::Prepare, {}, {1}, {1}, block.hash(four().chain())};
  for (const std::size_t i : {0U, 1U, 2U}) solo.deliver(i, four().vote(i, again));
  EXPECT_TRUE(solo.has_voted(VoteKind::Commit, {1}));
  const Block next = in_view(solo.block_after(block, {batch->id}), {1});
  solo.propose(next);
  EXPECT_TRUE(solo.has_voted(VoteKind::Prepare, {2}));
}

TEST(R28, ancestors_are_fetched_by_hash_from_those_who_signed) {
  Solo solo(four(), 3);
  std::vector<Block> blocks{solo.next_block()};
  for (int i = 0; i < 2; ++i) blocks.push_back(solo.block_after(blocks.back()));
  solo.deliver(1, new_view_of({1}, certified(VoteKind::Prepare, blocks.back(), {0})));
  EXPECT_FALSE(solo.replica->view().voting);
  ASSERT_EQ(solo.sent_of<FetchBlocks>().size(), 1U);
  EXPECT_EQ(solo.sent_of<FetchBlocks>()[0].hash, blocks.back().hash(four().chain()));
  solo.deliver(2, BlockRange{{blocks[0]}});  // true, and not what was asked for
  EXPECT_EQ(solo.rejects(RejectReason::NotAsked), 1U);
  solo.pass(600);
  solo.tick();
  ASSERT_EQ(solo.sent_of<FetchBlocks>().size(), 2U);  // the next holder
  solo.deliver(0, BlockRange{{blocks[1], blocks[2]}});
  ASSERT_EQ(solo.sent_of<FetchBlocks>().size(), 3U);
  EXPECT_EQ(solo.sent_of<FetchBlocks>()[2].hash, blocks[0].hash(four().chain()));
  solo.deliver(1, BlockRange{{blocks[0]}});
  EXPECT_TRUE(solo.replica->view().voting);
  EXPECT_EQ(solo.replica->view().tip, Height{3});
  EXPECT_TRUE(solo.has_voted(VoteKind::Prepare, {3}));
  EXPECT_FALSE(solo.has_voted(VoteKind::Prepare, {2}));  // below the anchor nothing is voted for
}

TEST(R28, who_holds_a_chain_serves_it_and_nothing_else) {
  Solo solo(four(), 3);
  const Block block = solo.next_block();
  solo.propose(block);
  const Block next = solo.block_after(block);
  solo.propose(next);
  solo.deliver(2, FetchBlocks{{}, {2}, next.hash(four().chain()), {0}});
  ASSERT_EQ(solo.sent_of<BlockRange>().size(), 1U);
  EXPECT_EQ(solo.sent_of<BlockRange>()[0].blocks, (std::vector<Block>{block, next}));
  solo.deliver(2, FetchBlocks{{}, {2}, hash_of("other"), {0}});  // too soon
  EXPECT_EQ(solo.rejects(RejectReason::OverBudget), 1U);
  solo.pass(10);
  solo.deliver(2, FetchBlocks{{}, {2}, hash_of("other"), {0}});
  EXPECT_EQ(solo.rejects(RejectReason::NotAsked), 1U);
}

TEST(R28, the_payload_below_the_anchor_is_held_before_it_is_voted_for) {
  Solo solo(four(), 3);
  const BatchPtr batch = batch_of(four().institution(2), 1, soon(solo));
  const Block block = solo.next_block({batch->id});
  const Block next = solo.block_after(block);
  solo.deliver(1, new_view_of({1}, certified(VoteKind::Prepare, next, {0})));
  solo.deliver(0, BlockRange{{block, next}});
  EXPECT_FALSE(solo.has_voted(VoteKind::Prepare, {2}));
  solo.deliver_batch(batch, 2);
  EXPECT_TRUE(solo.has_voted(VoteKind::Prepare, {2}));
}

TEST(R28, a_second_new_view_is_ignored_and_tells_on_the_primary) {
  Solo solo(four(), 3);
  const Block block = solo.next_block();
  solo.propose(block);
  solo.deliver(1, new_view_of({1}));
  EXPECT_EQ(solo.replica->view().tip, Height{0});
  solo.deliver(1, new_view_of({1}));
  EXPECT_TRUE(solo.sent_of<Suspect>().empty());
  EXPECT_FALSE(solo.replica->wants(new_view_of({1})));
  solo.deliver(1, new_view_of({1}, certified(VoteKind::Prepare, block, {0})));
  EXPECT_EQ(solo.replica->view().tip, Height{0});
  ASSERT_EQ(solo.sent_of<Suspect>().size(), 1U);
  EXPECT_EQ(solo.sent_of<Suspect>()[0].reason, SuspectReason::Equivocation);
}

TEST(R29, an_anchor_at_the_end_of_the_window_commits_without_a_block_above_it) {
  Solo solo(four(), 3);
  solo.executes = false;
  std::vector<Block> blocks;
  for (std::uint64_t i = 0; i < solo.parameters.window; ++i) {
    blocks.push_back(solo.next_block());
    solo.propose(blocks.back());
    solo.prepare(blocks.back());
  }
  const Block& last = blocks.back();
  solo.deliver(1, new_view_of({1}, certified(VoteKind::Prepare, last, {0})));
  for (const VoteKind kind : {VoteKind::Prepare, VoteKind::Commit}) {
    const VoteContent content{kind, {}, {1}, last.height, last.hash(four().chain())};
    for (const std::size_t i : {0U, 1U, 2U}) solo.deliver(i, four().vote(i, content));
  }
  EXPECT_EQ(solo.replica->view().committed, last.height);
}

TEST(R29, an_anchor_that_is_committed_here_is_voted_for_since_others_may_lack_it) {
  Solo solo(four(), 3);
  const Block block = solo.next_block();
  solo.propose(block);
  solo.prepare(block);
  solo.commit(block);
  ASSERT_EQ(solo.replica->view().committed, Height{1});
  const std::size_t before = solo.sent_of<Vote>().size();
  solo.deliver(1, new_view_of({1}, certified(VoteKind::Prepare, block, {0})));
  ASSERT_EQ(solo.sent_of<Vote>().size(), before + 1);
  const VoteContent prepare{VoteKind::Prepare, {}, {1}, {1}, block.hash(four().chain())};
  EXPECT_EQ(solo.sent_of<Vote>().back().content, prepare);
  for (const std::size_t i : {0U, 1U, 2U}) solo.deliver(i, four().vote(i, prepare));
  EXPECT_EQ(solo.sent_of<Vote>().back().content.kind, VoteKind::Commit);
  EXPECT_EQ(solo.sent_of<Vote>().back().content.view, View{1});
}

TEST(R29, the_timer_of_a_view_waits_for_a_quorum_of_members) {
  Solo solo(four(), 3);
  hear_changes(solo, {1}, {0, 2});
  solo.pass(20'000);
  solo.tick();
  EXPECT_EQ(solo.replica->view().view, View{1});  // two and itself are a quorum: it ran
  EXPECT_TRUE(solo.replica->view().suspecting);
  Solo lonely(four(), 3, Parameters::tiny());
  lonely.deliver_batch(batch_of(four().institution(2), 1, soon(lonely)), 2);
  hear_changes(lonely, {1}, {2});
  lonely.pass(1'000);
  lonely.tick();
  ASSERT_EQ(lonely.replica->view().view, View{1});
  lonely.pass(20'000);
  lonely.tick();
  EXPECT_FALSE(lonely.replica->view().suspecting);  // with one other only it re-sends and waits
}

TEST(R21, each_view_without_a_commit_doubles_the_time_up_to_the_cap) {
  Solo solo(four(), 3);
  const auto base = static_cast<std::int64_t>(solo.parameters.view_timeout_base_ms);
  std::int64_t expected = base;
  for (std::uint64_t view = 1; view < 6; ++view) {
    hear_changes(solo, {view}, {0, 1});
    ASSERT_EQ(solo.replica->view().view, View{view});
    expected =
        std::min(expected * 2, static_cast<std::int64_t>(solo.parameters.view_timeout_cap_ms));
    if (solo.parameters.view_timeout_base_ms == 0) break;
    solo.pass(expected - 1);
    solo.tick();
    EXPECT_FALSE(solo.replica->view().suspecting) << view;
    solo.pass(1);
    solo.tick();
    EXPECT_TRUE(solo.replica->view().suspecting) << view;
  }
}

// ---- R10a

TEST(R10a, a_prepare_quorum_of_a_later_view_is_used_after_that_view_was_persisted) {
  Solo solo(four(), 3);
  const Block block = in_view(solo.next_block(), {1});
  const VoteContent content{VoteKind::Prepare, {}, {1}, {1}, block.hash(four().chain())};
  for (const std::size_t i : {0U, 1U, 2U}) solo.deliver(i, four().vote(i, content));
  EXPECT_EQ(solo.replica->view().view, View{1});
  EXPECT_LT(index_of<ViewRecord>(solo), index_of<CertificateRecord>(solo));
  EXPECT_TRUE(solo.sent_of<ProvenViewChange>().empty());
  EXPECT_TRUE(solo.sent_of<Status>().back().awaits_new_view);
  // R8a: the certificate lets the chain begin.
  solo.deliver(2, CertifiedBlocks{{block}, certified(VoteKind::Prepare, block, {1})});
  EXPECT_TRUE(solo.replica->view().voting);
  EXPECT_TRUE(solo.has_voted(VoteKind::Prepare, {1}));
  EXPECT_TRUE(solo.has_voted(VoteKind::Commit, {1}));
}

TEST(R10a, a_commit_quorum_of_a_later_view_ends_what_the_lower_one_had_accepted) {
  Solo solo(four(), 3);
  const Block mine = solo.next_block();
  solo.propose(mine);
  Block theirs = in_view(mine, {1});
  ++theirs.time.ms;
  solo.deliver(2, CertifiedBlocks{{theirs}, certified(VoteKind::Commit, theirs, {1})});
  EXPECT_EQ(solo.replica->view().view, View{1});
  EXPECT_EQ(solo.replica->view().committed, Height{1});
  EXPECT_EQ(solo.events(EventType::Abstaining), 0U);
  EXPECT_TRUE(solo.replica->view().voting);
}

// ---- R38: starting again at each of these moments

TEST(R38, a_view_change_is_sent_again_with_the_same_bytes) {
  Solo solo(four(), 3);
  const Block block = solo.next_block();
  solo.propose(block);
  solo.prepare(block);
  hear_changes(solo, {1}, {0, 2});
  ASSERT_EQ(solo.sent_of<ProvenViewChange>().size(), 1U);
  Solo again(four(), 3, solo.parameters, solo.recovered({0}));
  ASSERT_EQ(again.sent_of<ProvenViewChange>().size(), 1U);
  EXPECT_EQ(again.sent_of<ProvenViewChange>()[0], solo.sent_of<ProvenViewChange>()[0]);
  EXPECT_EQ(again.replica->view().view, View{1});
  EXPECT_FALSE(again.replica->view().voting);
  again.prepare(block);  // of the view that was left
  EXPECT_FALSE(again.has_voted(VoteKind::Commit, {1}));
}

TEST(R38, a_primary_that_forgot_nothing_begins_its_view_with_the_same_bytes) {
  Solo solo(four(), 1);
  hear_changes(solo, {1}, {0, 2});
  ASSERT_EQ(solo.sent_of<NewView>().size(), 1U);
  // Crashed after the intent was on disk, before it was adopted.
  solo.log.resize(index_of<NewViewRecord>(solo));
  Solo again(four(), 1, solo.parameters, solo.recovered({0}));
  ASSERT_EQ(again.sent_of<NewView>().size(), 1U);
  EXPECT_EQ(again.sent_of<NewView>()[0], solo.sent_of<NewView>()[0]);
  EXPECT_TRUE(again.replica->view().voting);
}

TEST(R38, what_an_older_view_left_above_the_anchor_is_not_voted_for) {
  Solo solo(four(), 3);
  const Block block = solo.next_block();
  solo.propose(block);
  solo.propose(solo.block_after(block));
  solo.deliver(1, new_view_of({1}, certified(VoteKind::Prepare, block, {0})));
  Solo again(four(), 3, solo.parameters, solo.recovered({0}));
  EXPECT_EQ(again.replica->view().view, View{1});
  EXPECT_EQ(again.replica->view().tip, Height{1});
  EXPECT_TRUE(again.has_voted(VoteKind::Prepare, {1}));
  EXPECT_FALSE(again.has_voted(VoteKind::Prepare, {2}));
}

TEST(R38, an_anchor_that_was_being_fetched_is_fetched_again) {
  Solo solo(four(), 3);
  const Block block = solo.next_block();
  solo.deliver(1, new_view_of({1}, certified(VoteKind::Prepare, block, {0})));
  Solo again(four(), 3, solo.parameters, solo.recovered({0}));
  EXPECT_FALSE(again.replica->view().voting);
  again.tick();
  ASSERT_EQ(again.sent_of<FetchBlocks>().size(), 1U);
  again.deliver(0, BlockRange{{block}});
  EXPECT_TRUE(again.has_voted(VoteKind::Prepare, {1}));
}

TEST(R38, a_view_that_was_entered_by_certificate_is_remembered_wherever_the_log_ends) {
  Solo solo(four(), 3);
  const Block block = in_view(solo.next_block(), {1});
  solo.deliver(2, CertifiedBlocks{{block}, certified(VoteKind::Prepare, block, {1})});
  const std::vector<DurableRecord> whole = solo.log;
  const std::size_t entered = index_of<ViewRecord>(solo);
  for (std::size_t kept = 0; kept <= whole.size(); ++kept) {
    solo.log.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(kept));
    const Solo again(four(), 3, solo.parameters, solo.recovered({0}));
    EXPECT_EQ(again.replica->view().view, View{kept > entered ? 1U : 0U}) << kept;
  }
}

// ---- R41, R42

TEST(R42, a_view_change_in_a_new_epoch_with_nothing_prepared_stands_on_the_last_block) {
  Solo solo(four(), 3);
  while (solo.replica->stable().value < solo.parameters.epoch_blocks)
    solo.make_stable(solo.next_block());
  ASSERT_EQ(solo.replica->view().epoch, Epoch{1});
  const auto change = [&](std::size_t i) {
    ProvenViewChange made = four().view_change(i, {1}, {}, {1});
    made.change.stable = {solo.parameters.epoch_blocks};
    made.change.stable_header = solo.header_hash({solo.parameters.epoch_blocks});
    made.change.signature = *four().signer(i).sign(made.change.digest(four().chain()));
    return made;
  };
  for (const std::size_t i : {0U, 2U}) solo.deliver(i, change(i));
  ASSERT_EQ(solo.sent_of<ProvenViewChange>().size(), 1U);
  EXPECT_TRUE(solo.sent_of<ProvenViewChange>()[0].change.high.is_none());
  EXPECT_FALSE(solo.sent_of<ProvenViewChange>()[0].attest.has_value());
  solo.deliver(1, four().new_view({change(0), change(1), change(2)}));
  EXPECT_TRUE(solo.replica->view().voting);
  const Block first = in_view(solo.next_block(), {1});
  solo.propose(first);
  EXPECT_TRUE(solo.has_voted(VoteKind::Prepare, first.height));
}

}  // namespace
}  // namespace giro::consensus::testing
