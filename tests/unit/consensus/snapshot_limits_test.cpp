// Snapshots at their limits: which votes are kept, sent again and remembered, and which lineages
// lead to an offered one (protocol R31, R34, R36, R42).
#include <gtest/gtest.h>

#include "consensus/limits.h"
#include "consensus/snapshot_votes.h"
#include "consensus/vote_guard.h"
#include "tests/unit/consensus/solo.h"

namespace giro::consensus::testing {
namespace {

class Certifying : public ::testing::Test {
 protected:
  static SnapshotManifest manifest(std::uint64_t height, std::string_view state = "state") {
    SnapshotManifest made;
    made.header = four().genesis();
    made.header.height = {height};
    made.header.epoch = epoch_of({height}, 10);
    made.header.state_root = hash_of(state);
    made.chunks = {hash_of("chunk")};
    return made;
  }
  static VoteContent content(std::uint64_t height, std::string_view state = "state") {
    return snapshot_content(four().chain(), manifest(height, state), 10);
  }
  static SnapshotVotes::Held held(std::uint64_t height) {
    return {content(height), four().set(epoch_of({height}, 10)), std::nullopt};
  }
  RejectReason give(std::size_t index, const VoteContent& what) {
    return votes.on_vote(four().institution(index), four().vote(index, what));
  }
  SnapshotVotes votes{
      four().chain(), {four().institution(1), four().signer(1).public_key()}, Parameters::tiny()};
};

// ---- R34: votes

TEST_F(Certifying,
       R34_a_certificate_that_comes_later_is_taken_and_the_own_vote_is_asked_for_no_more) {
  votes.hold(held(16));
  EXPECT_EQ(votes.newest_certified(), Height{0});
  SnapshotVotes::Held with = held(16);
  with.certificate = four().certificate(with.content);
  votes.hold(with);
  votes.hold(held(16));  // and it is not lost again
  EXPECT_EQ(votes.newest_certified(), Height{16});
  EXPECT_TRUE(votes.requests(true).empty());
  EXPECT_TRUE(votes.voted().empty());
}

TEST_F(Certifying, R34_an_older_snapshot_than_the_newest_few_is_not_voted_for) {
  for (std::uint64_t i = 2; i < 2 + kOpenSnapshotsMax; ++i) votes.hold(held(16 * i));
  const std::vector<VoteRequest> asked = votes.requests(true);
  EXPECT_EQ(asked.size(), kOpenSnapshotsMax);
  EXPECT_EQ(votes.voted().size(), kOpenSnapshotsMax);
  votes.hold(held(16));
  EXPECT_TRUE(votes.requests(true).empty());
  EXPECT_EQ(give(0, content(16)), RejectReason::OldHeight);
  // A newer one takes the oldest's place; its own vote, signed meanwhile, is not missed.
  votes.hold(held(16 * (2 + kOpenSnapshotsMax)));
  votes.on_own(four().vote(1, asked.front().content));
  EXPECT_EQ(votes.voted().size(), kOpenSnapshotsMax - 1);
  votes.on_status(four().institution(0), {}, Instant{1'000'000});
  EXPECT_TRUE(votes.take_sent().empty()) << "of those that are left none is signed";
}

TEST_F(Certifying, R34_a_second_early_vote_of_a_sender_for_a_height_is_refused) {
  EXPECT_EQ(give(0, content(16)), RejectReason::None);
  EXPECT_EQ(give(0, content(16)), RejectReason::Duplicate);
  EXPECT_EQ(give(0, content(16, "another state")), RejectReason::Duplicate);
  EXPECT_EQ(votes.waiting(), 1U);
}

TEST_F(Certifying, R34_early_votes_of_all_make_a_certificate_of_a_quorum) {
  for (const std::size_t index : {0U, 2U, 3U})
    EXPECT_EQ(give(index, content(16)), RejectReason::None);
  SnapshotVotes::Held mine = held(16);
  votes.hold(mine);
  const auto certified_now = votes.take_certified();
  ASSERT_EQ(certified_now.size(), 1U);
  EXPECT_EQ(certified_now[0].signatures.size(), four().set().quorum());
  EXPECT_TRUE(votes.requests(true).empty()) << "certified without us";
}

TEST_F(Certifying, R43_an_observer_certifies_what_it_holds_and_sends_no_vote) {
  SnapshotVotes::Held without = held(16);
  without.set.members.erase(without.set.members.begin() + 1);
  without.set.members.push_back(four().identity(1));  // by another institution's place
  without.set.members.back().institution = {99};
  votes.hold(without);
  votes.on_status(four().institution(0), {}, Instant{1'000'000});
  EXPECT_TRUE(votes.take_sent().empty());
  EXPECT_TRUE(votes.voted().empty());
}

TEST_F(Certifying, B44_only_so_many_are_sent_votes_again) {
  votes.hold(held(16));
  ASSERT_EQ(votes.requests(true).size(), 1U);
  votes.on_status({10}, {}, Instant{1});
  EXPECT_TRUE(votes.take_sent().empty()) << "it is not signed yet";
  votes.on_own(four().vote(1, content(16)));
  for (std::uint32_t i = 0; i < kMembersMax + 5; ++i) votes.on_status({i}, {}, Instant{1});
  EXPECT_EQ(votes.take_sent().size(), kMembersMax);
  votes.on_status({0}, {}, Instant{1'000'000'000});
  EXPECT_EQ(votes.take_sent().size(), 1U) << "who is known is helped again";
  // The places were never given back: after so many peers in its life no other one was helped.
  votes.on_status({9'000}, {}, Instant{1'000'000'000});
  EXPECT_EQ(votes.take_sent().size(), 1U) << "who was helped long ago makes room";
}

// A sender kept its place after its votes were gone: so many strangers, and no vote of a member
// that came before the own snapshot was kept any more.
TEST_F(Certifying, B44_senders_whose_early_votes_are_gone_make_room) {
  for (std::uint32_t i = 0; i < kMembersMax; ++i)
    EXPECT_EQ(votes.on_vote({1'000 + i}, four().vote(0, content(16))), RejectReason::None);
  EXPECT_EQ(give(0, content(16)), RejectReason::OverBudget);
  votes.hold(held(16));
  EXPECT_EQ(votes.waiting(), 0U);
  EXPECT_EQ(give(0, content(32)), RejectReason::None);
  EXPECT_EQ(votes.waiting(), 1U);
}

// ---- R36: the guard

class Guarding : public ::testing::Test, protected DurabilityPort {
 protected:
  VoteGuard guard{four().signer(1), four().chain(), four().institution(1),
                  Ceiling{1, {2}, {3}, {20}}, 4};
  static VoteContent snapshot(std::uint64_t i) {
    return {VoteKind::Snapshot, {1}, {}, {i}, hash_of(std::to_string(i))};
  }
};

TEST_F(Guarding, R36_a_log_with_as_many_snapshot_votes_as_are_kept_may_have_held_older_ones) {
  for (std::uint64_t i = 0; i < kSnapshotVotesKept; ++i) guard.restore(snapshot(10 + i));
  VoteContent older = snapshot(9);
  EXPECT_EQ(guard.sign(durable(1), 1, older, {1}).error(), SignRefusal::BelowFloor);
  guard.restore(older);
  EXPECT_EQ(guard.snapshot_votes().size(), kSnapshotVotesKept) << "it is below what is remembered";
  EXPECT_TRUE(guard.sign(durable(1), 1, snapshot(10), {1}).has_value());
}

TEST_F(Guarding, R37_what_only_the_ceiling_forbids_may_be_signed_later) {
  const VoteContent above{VoteKind::Prepare, {2}, {3}, {21}, hash_of("block")};
  EXPECT_TRUE(guard.may_ever_sign(above));
  EXPECT_EQ(guard.sign(durable(1), 1, above, {1}).error(), SignRefusal::AboveCeiling);
  guard.release({21});
  EXPECT_FALSE(guard.may_ever_sign(above));
}

TEST_F(Guarding, R36_no_new_view_of_a_view_that_was_left_or_above_the_ceiling_or_not_durable) {
  NewView made;
  made.epoch = {2};
  made.view = {3};
  EXPECT_EQ(guard.sign(durable(0), 1, made).error(), SignRefusal::NotDurable);
  EXPECT_EQ(guard.sign(durable(0), 1, ProvenViewChange{}).error(), SignRefusal::NotDurable);
  EXPECT_TRUE(guard.sign(durable(1), 1, made).has_value());
  made.view = {4};
  EXPECT_EQ(guard.sign(durable(1), 1, made).error(), SignRefusal::AboveCeiling);
  guard.leave_below({2}, {3});
  made.view = {2};
  EXPECT_EQ(guard.sign(durable(1), 1, made).error(), SignRefusal::LeftView);
}

// ---- R31, R42: lineages

class Leading : public Certifying {
 protected:
  // The last header of an epoch, attested by its set, that names these members.
  static SetChange change(std::uint64_t epoch, const Header& last, std::vector<Member> members) {
    SetChange made{last, {}, std::move(members)};
    made.last.epoch = {epoch};
    made.last.height = last_height({epoch}, 10);
    made.last.next_set = ValidatorSet{{epoch + 1}, made.members}.digest(four().chain());
    made.attest = attested(made.last);
    return made;
  }
  static Certificate attested(const Header& last) {
    return four().certificate(
        {VoteKind::Attest, last.epoch, {}, last.height, last.hash(four().chain())});
  }
  static RejectReason verdict(const SnapshotOffer& offer, Epoch trusted = {}) {
    return judge_offer(offer, four().set(trusted), four().chain(), 10, 16);
  }
  // Of height 80, the last of epoch 7: its own header names the set of epoch 8.
  static SnapshotOffer at_the_end_of_an_epoch(std::vector<Member> next) {
    SnapshotOffer offer{manifest(80), {}, {}};
    offer.changes = {change(7, offer.manifest.header, std::move(next))};
    offer.manifest.header = offer.changes[0].last;
    offer.certificate = four().certificate(snapshot_content(four().chain(), offer.manifest, 10));
    return offer;
  }
};

TEST_F(Leading, R31_at_the_end_of_an_epoch_the_set_before_signs_and_the_next_one_is_named) {
  std::vector<Member> next = four().set().members;
  next[3].key = four().signer(3, 1).public_key();
  const SnapshotOffer offer = at_the_end_of_an_epoch(next);
  EXPECT_EQ(verdict(offer), RejectReason::None);
  EXPECT_EQ(verdict(offer, {7}), RejectReason::None);
  SnapshotOffer more = offer;
  more.changes.push_back(change(8, manifest(90).header, four().set().members));
  EXPECT_EQ(verdict(more), RejectReason::BadLink) << "nothing comes after the own height's change";
  SnapshotOffer beside = offer;
  beside.changes[0].last.time.ms += 1;
  beside.changes[0].attest = attested(beside.changes[0].last);
  EXPECT_EQ(verdict(beside), RejectReason::BadLink) << "of the own epoch, and not the own header";
}

TEST_F(Leading, R42_a_lineage_goes_forward_and_no_further_than_the_snapshot) {
  SnapshotOffer offer{manifest(48), four().certificate(content(48)), {}};
  EXPECT_EQ(verdict(offer), RejectReason::None);
  offer.changes = {change(2, manifest(30).header, four().set().members)};
  EXPECT_EQ(verdict(offer), RejectReason::None);
  offer.changes.push_back(change(1, manifest(20).header, four().set().members));
  EXPECT_EQ(verdict(offer), RejectReason::BadLink) << "backwards";
  offer.changes = {change(4, manifest(50).header, four().set().members)};
  EXPECT_EQ(verdict(offer), RejectReason::BadLink) << "of the snapshot's own epoch";
  offer.changes = {change(5, manifest(60).header, four().set().members)};
  EXPECT_EQ(verdict(offer), RejectReason::BadLink) << "above it";
  offer.changes = {change(2, manifest(30).header, std::vector<Member>(kMembersMax + 1))};
  EXPECT_EQ(verdict(offer), RejectReason::BadLink) << "more than a set may have";
}

TEST_F(Leading, R34_no_snapshot_of_height_0_is_certified) {
  SnapshotOffer genesis{manifest(0), {}, {}};
  EXPECT_EQ(verdict(genesis), RejectReason::Malformed);
}

}  // namespace
}  // namespace giro::consensus::testing
