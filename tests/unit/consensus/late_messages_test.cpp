// What was good when it was verified, and comes too late or where there is no room (protocol R13,
// R40, R43): dropped with its reason, and nothing changes.
#include <gtest/gtest.h>

#include "tests/unit/consensus/solo.h"

namespace giro::consensus::testing {
namespace {

// By the set of another epoch: verification may run before the replica enters it, or after it left.
VerifiedMessage judged_in(const Solo& solo, Epoch epoch, std::size_t from, Message message) {
  auto judged =
      solo.verifier.verify(four().institution(from), std::move(message), four().set(epoch));
  EXPECT_TRUE(judged.has_value());
  return *judged;
}

Header header_in(Epoch epoch, const Block& block) {
  Header header = executed_after(four().genesis(), four(), block, 10).header;
  header.epoch = epoch;
  return header;
}

// One of each that names an epoch, all of them of this one.
std::vector<Message> of_epoch(Epoch epoch) {
  const Block block{epoch, {}, first_height(epoch, 10), hash_of("below"), {kWallStartMs}, {}};
  const VoteContent content{VoteKind::Commit, epoch, {}, block.height, block.hash(four().chain())};
  const Header header = header_in(epoch, block);
  const Certificate attest =
      four().certificate({VoteKind::Attest, epoch, {}, block.height, header.hash(four().chain())});
  VoteContent other = content;
  other.digest = hash_of("another block");
  NewView made =
      four().new_view({four().view_change(0, {1}, {}, epoch), four().view_change(1, {1}, {}, epoch),
                       four().view_change(2, {1}, {}, epoch)});
  return {Suspect{epoch, {}, SuspectReason::Leaving},
          four().vote(0, content),
          four().proposal(block),
          CertifiedBlocks{{block}, four().certificate(content)},
          ChainSegment{{block}, header, attest},
          AttestProof{attest},
          four().view_change(0, {1}, {}, epoch),
          made};
}

void expect_all_dropped(Solo& solo, Epoch epoch, RejectReason reason) {
  const ReplicaView before = solo.replica->view();
  std::uint64_t count = solo.rejects(reason);
  for (const Message& message : of_epoch(epoch)) {
    solo.step(judged_in(solo, epoch, 0, message));
    EXPECT_EQ(solo.rejects(reason), ++count) << message.index();
  }
  const ReplicaView after = solo.replica->view();
  EXPECT_EQ(after.view, before.view);
  EXPECT_EQ(after.committed, before.committed);
  EXPECT_EQ(after.tip, before.tip);
  EXPECT_TRUE(after.voting);
  EXPECT_FALSE(after.suspecting);
}

TEST(Late, R43_what_was_judged_by_another_epochs_set_is_dropped) {
  Solo solo(four(), 1);
  expect_all_dropped(solo, {1}, RejectReason::FutureEpoch);
  for (int i = 0; i < 10; ++i) solo.make_stable(solo.next_block());
  ASSERT_EQ(solo.replica->set().epoch, Epoch{1});
  expect_all_dropped(solo, {0}, RejectReason::OldEpoch);
  const std::uint64_t before = solo.rejects(RejectReason::OldEpoch);
  solo.step(judged_in(solo, {0}, 0, FetchBlocks{{}, {5}, hash_of("block"), {}}));
  const VoteContent content{VoteKind::Commit, {}, {}, {11}, hash_of("one")};
  VoteContent other = content;
  other.digest = hash_of("two");
  solo.step(
      judged_in(solo, {0}, 0,
                EvidenceMessage{ConflictingVotes{four().vote(2, content), four().vote(2, other)}}));
  EXPECT_EQ(solo.rejects(RejectReason::OldEpoch), before + 2);
  EXPECT_EQ(solo.events(EventType::EvidenceFound), 0U);
}

TEST(Late, R13_what_lies_above_the_epoch_is_not_kept_whoever_signed_it) {
  Solo solo(four(), 1);
  const Block above{{}, {}, {11}, hash_of("below"), {kWallStartMs}, {}};
  Header header = header_in({}, above);
  const Certificate attest =
      four().certificate({VoteKind::Attest, {}, {}, {11}, header.hash(four().chain())});
  solo.deliver(0, CertifiedBlocks{{above}, certified(VoteKind::Commit, above, {})});
  solo.deliver(0, AttestProof{attest});
  solo.deliver(0, ChainSegment{{above}, header, attest});
  solo.deliver(0, four().vote(0, certified(VoteKind::Commit, above, {}).content));
  EXPECT_EQ(solo.rejects(RejectReason::BeyondWindow), 4U);
  const Block beyond{{}, {}, {9}, hash_of("below"), {kWallStartMs}, {}};  // two windows are 8
  solo.deliver(0, CertifiedBlocks{{beyond}, certified(VoteKind::Prepare, beyond, {}, 1)});
  EXPECT_EQ(solo.rejects(RejectReason::BeyondWindow), 5U);
  ProvenViewChange change = four().view_change(0, {1});
  change.change.stable = {11};
  change.change.stable_header = attest.content.digest;
  change.attest = attest;
  change.change.signature = *four().signer(0).sign(change.change.digest(four().chain()));
  solo.deliver(0, change);
  EXPECT_EQ(solo.rejects(RejectReason::Mismatch), 1U);
}

TEST(Late, R22_what_proves_less_than_is_known_is_dropped) {
  Solo solo(four(), 1);
  const Block first = solo.next_block();
  solo.make_stable(first);
  const std::uint64_t before =
      solo.rejects(RejectReason::OldHeight);  // attest votes beyond a quorum
  const Header& header = solo.headers.at({1});
  const Certificate attest =
      four().certificate({VoteKind::Attest, {}, {}, {1}, header.hash(four().chain())});
  solo.deliver(0, AttestProof{attest});
  solo.deliver(0, ChainSegment{{first}, header, attest});
  solo.deliver(0, CertifiedBlocks{{first}, certified(VoteKind::Commit, first, {}, 1)});
  EXPECT_EQ(solo.rejects(RejectReason::OldHeight), before + 3);
  const Block second = solo.next_block();
  solo.deliver(1 + 1, new_view_of({2}));
  ASSERT_EQ(solo.replica->view().view, View{2});
  solo.deliver(0, CertifiedBlocks{{second}, certified(VoteKind::Prepare, second, {}, 1)});
  solo.deliver(0, new_view_of({1}));
  solo.deliver(0, four().view_change(0, {1}));
  EXPECT_EQ(solo.rejects(RejectReason::OldView), 3U);
  EXPECT_EQ(solo.replica->view().view, View{2});
}

TEST(Late, R30_without_a_seat_nobody_is_believed_and_no_chain_taken_that_was_not_asked_for) {
  const Members five(5);
  Solo solo(four(), 1);
  Solo source(four(), 2);
  source.make_stable(source.next_block());
  const ChainSegment segment{
      {source.blocks.at({1})},
      source.headers.at({1}),
      four().certificate({VoteKind::Attest, {}, {}, {1}, source.header_hash({1})})};
  const auto tell = [&](std::uint32_t institution) {
    solo.step(*solo.verifier.verify({institution}, segment, solo.replica->set()));
  };
  tell(50);
  EXPECT_EQ(solo.rejects(RejectReason::NotMember), 1U) << "nothing is asked for";
  Status ahead;
  ahead.epoch = {1};
  ahead.stable = {12};
  solo.step(*solo.verifier.verify({60}, ahead, solo.replica->set()));
  ASSERT_EQ(solo.fetched.size(), 1U);
  EXPECT_EQ(solo.fetched[0].from, InstitutionId{60});
  tell(50);
  EXPECT_EQ(solo.rejects(RejectReason::NotMember), 2U) << "another one was asked";
  EXPECT_FALSE(solo.replica->wants(segment, {50}));
  EXPECT_TRUE(solo.replica->wants(segment, {60}));
  EXPECT_TRUE(solo.replica->wants(segment, four().institution(2)));
  tell(60);
  EXPECT_EQ(solo.replica->stable(), Height{1});
}

// ---- R40

TEST(Late, R40_without_room_no_block_is_taken_whatever_brings_it) {
  Solo solo(four(), 1);
  const Block block = solo.next_block();
  const Header header = header_in({}, block);
  const Certificate attest =
      four().certificate({VoteKind::Attest, {}, {}, {1}, header.hash(four().chain())});
  solo.step(StorageSpace{true});
  const std::size_t events = solo.seen.size();
  solo.step(StorageSpace{true});  // again
  EXPECT_EQ(solo.seen.size(), events);
  solo.deliver(0, four().proposal(block));
  solo.deliver(0, CertifiedBlocks{{block}, certified(VoteKind::Commit, block, {}, 1)});
  solo.deliver(0, ChainSegment{{block}, header, attest});
  solo.deliver(0, BlockRange{{block}});
  EXPECT_EQ(solo.rejects(RejectReason::StorageLow), 4U);
  EXPECT_EQ(solo.replica->view().tip, Height{0});
  solo.step(StorageSpace{false});
  EXPECT_EQ(solo.events(EventType::VotesResumed), 1U);
  solo.deliver(0, four().proposal(block));
  EXPECT_TRUE(solo.has_voted(VoteKind::Prepare, {1}));
}

TEST(Late, R40_with_room_again_what_was_prepared_meanwhile_is_committed) {
  Solo solo(four(), 1);
  const Block block = solo.next_block();
  solo.propose(block);
  ASSERT_TRUE(solo.has_voted(VoteKind::Prepare, {1}));
  solo.step(StorageSpace{true});
  solo.prepare(block);
  EXPECT_FALSE(solo.has_voted(VoteKind::Commit, {1}));
  EXPECT_EQ(solo.replica->view().prepared, Height{1});
  solo.step(StorageSpace{false});
  EXPECT_TRUE(solo.has_voted(VoteKind::Commit, {1}));
}

TEST(Late, R23_that_the_primary_leaves_stays_true_when_the_own_disk_has_room_again) {
  const Members seven(7);  // of four it and the primary would be enough to leave
  Solo solo(seven, 1);
  solo.deliver(0, Suspect{{}, {}, SuspectReason::Leaving});
  ASSERT_TRUE(solo.replica->view().suspecting);
  solo.step(StorageSpace{true});
  solo.step(StorageSpace{false});
  EXPECT_TRUE(solo.replica->view().suspecting);
  EXPECT_EQ(solo.events(EventType::SuspicionEnded), 0U);
}

TEST(Late, R40_a_primary_with_room_again_stays_unless_it_was_leaving_anyway) {
  Solo staying(four(), 0), going(four(), 0);
  going.step(Leaving{});
  for (Solo* solo : {&staying, &going}) {
    solo->step(StorageSpace{true});
    EXPECT_TRUE(solo->replica->view().suspecting);
    solo->step(StorageSpace{false});
  }
  EXPECT_FALSE(staying.replica->view().suspecting);
  EXPECT_TRUE(going.replica->view().suspecting);
}

TEST(Late, R39_an_amnesic_primary_neither_leaves_nor_resumes) {
  RecoveredState state = four().fresh();
  state.amnesic_below = Floor{{}, {}, {4}};
  Solo solo(four(), 0, Parameters::tiny(), state);
  solo.step(Leaving{});
  solo.step(StorageSpace{true});
  solo.step(StorageSpace{false});
  EXPECT_TRUE(solo.sent_of<Suspect>().empty());
  EXPECT_TRUE(solo.voted.empty());
  EXPECT_EQ(solo.events(EventType::VotesResumed), 1U);
  EXPECT_FALSE(solo.replica->view().voting);
}

// ---- what is asked for before a signature is checked

TEST(Wants, R13_only_what_could_still_matter_is_verified) {
  Solo solo(four(), 3);
  const auto wants = [&](const auto& message) { return solo.replica->wants(message); };
  const NewView first = new_view_of({1});
  EXPECT_TRUE(wants(first));
  EXPECT_FALSE(wants(
      four().new_view({four().view_change(0, {1}, {}, {1}), four().view_change(1, {1}, {}, {1}),
                       four().view_change(2, {1}, {}, {1})})));
  EXPECT_TRUE(wants(four().view_change(0, {1})));
  EXPECT_FALSE(wants(four().view_change(0, {1}, {}, {1})));
  solo.deliver(1, first);
  EXPECT_FALSE(wants(first)) << "it is here";
  NewView other = first;
  other.signature.bytes[0] ^= std::byte{1};
  EXPECT_TRUE(wants(other)) << "it may tell on the primary";
  EXPECT_FALSE(wants(new_view_of({0})));
  EXPECT_TRUE(wants(new_view_of({2})));
  EXPECT_FALSE(wants(four().view_change(0, {0})));
  EXPECT_FALSE(wants(four().view_change(0, {1}))) << "that view has begun";
  solo.deliver(0, four().view_change(0, {3}));
  EXPECT_FALSE(wants(four().view_change(0, {3})));
  EXPECT_FALSE(wants(four().view_change(0, {2})));
  EXPECT_TRUE(wants(four().view_change(0, {4})));

  const Block block = in_view(solo.next_block(), {1});
  const auto vote = [&](VoteKind kind, std::size_t voter, std::string_view digest = {}) {
    VoteContent content{kind, {}, {1}, {1}, block.hash(four().chain())};
    if (!digest.empty()) content.digest = hash_of(digest);
    return four().vote(voter, content);
  };
  EXPECT_TRUE(wants(vote(VoteKind::Prepare, 0)));
  solo.deliver(0, vote(VoteKind::Prepare, 0));
  EXPECT_FALSE(wants(vote(VoteKind::Prepare, 0)));
  EXPECT_TRUE(wants(vote(VoteKind::Prepare, 0, "another")));
  solo.propose(block);
  EXPECT_FALSE(wants(vote(VoteKind::Prepare, 2))) << "it is prepared";
  EXPECT_TRUE(wants(vote(VoteKind::Commit, 2)));
  solo.executes = false;
  solo.commit(block);
  Vote nobodys = vote(VoteKind::Commit, 0);
  nobodys.voter = {9};  // not looked at yet by anybody
  EXPECT_FALSE(wants(nobodys)) << "it is committed";
  Vote unknown = vote(VoteKind::Attest, 0);
  unknown.content.kind = VoteKind::Snapshot;
  EXPECT_FALSE(wants(unknown));
}

}  // namespace
}  // namespace giro::consensus::testing
