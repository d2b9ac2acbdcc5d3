// How a snapshot becomes certified, and when an offered one is believed (protocol R31, R34).
#include "consensus/snapshot.h"

#include <gtest/gtest.h>

#include "consensus/limits.h"
#include "consensus/snapshot_votes.h"
#include "consensus/vote_guard.h"
#include "consensus/wire/codec.h"
#include "tests/unit/consensus/solo.h"

namespace giro::consensus::testing {
namespace {

constexpr std::uint64_t kInterval = 16;
constexpr std::uint64_t kEpochBlocks = 10;

SnapshotManifest manifest_at(std::uint64_t height, std::string_view state = "state") {
  SnapshotManifest manifest;
  manifest.header = four().genesis();
  manifest.header.height = {height};
  manifest.header.epoch = epoch_of({height}, kEpochBlocks);
  manifest.header.state_root = hash_of(state);
  manifest.chunks = {hash_of("chunk 0"), hash_of("chunk 1")};
  return manifest;
}

VoteContent content_of(const SnapshotManifest& manifest) {
  return snapshot_content(four().chain(), manifest, kEpochBlocks);
}

Vote vote_of(std::size_t index, const VoteContent& content) {
  return four().vote(index, content);
}

class Votes : public ::testing::Test {
 protected:
  SnapshotVotes votes{
      four().chain(), {four().institution(1), four().signer(1).public_key()}, Parameters::tiny()};

  SnapshotVotes::Held held(std::uint64_t height, std::string_view state = "state") {
    const VoteContent content = content_of(manifest_at(height, state));
    return {content, four().set(content.epoch), std::nullopt};
  }
  RejectReason give(std::size_t index, const VoteContent& content) {
    return votes.on_vote(four().institution(index), vote_of(index, content));
  }
  // Signs what is asked for, as the driver does.
  std::size_t sign_own() {
    const auto requests = votes.requests(true);
    for (const VoteRequest& request : requests) votes.on_own(vote_of(1, request.content));
    return requests.size();
  }
};

TEST(Manifest, its_digest_covers_everything_in_it) {
  const Hash& chain = four().chain();
  const SnapshotManifest manifest = manifest_at(16);
  SnapshotManifest other = manifest;
  other.header.state_root.bytes[0] ^= std::byte{1};
  EXPECT_NE(other.digest(chain), manifest.digest(chain));
  other = manifest;
  std::swap(other.chunks[0], other.chunks[1]);
  EXPECT_NE(other.digest(chain), manifest.digest(chain));
  other = manifest;
  other.chunks.pop_back();
  EXPECT_NE(other.digest(chain), manifest.digest(chain));
  EXPECT_NE(manifest.digest(hash_of("another chain")), manifest.digest(chain));
}

TEST_F(Votes, R34_a_quorum_for_the_own_manifest_certifies_it) {
  const VoteContent content = held(16).content;
  votes.hold(held(16));
  EXPECT_EQ(sign_own(), 1U);
  EXPECT_EQ(give(0, content), RejectReason::None);
  EXPECT_EQ(give(0, content), RejectReason::Duplicate);
  EXPECT_TRUE(votes.take_certified().empty());
  EXPECT_EQ(give(3, content), RejectReason::None);
  const auto certified = votes.take_certified();
  ASSERT_EQ(certified.size(), 1U);
  EXPECT_EQ(certified[0].content, content);
  EXPECT_TRUE(verify_certificate(certified[0], four().set(content.epoch), four().chain()));
  EXPECT_EQ(votes.newest_certified().value, 16U);
  EXPECT_EQ(give(2, content), RejectReason::None);
  EXPECT_TRUE(votes.take_certified().empty()) << "once";
}

TEST_F(Votes, R34_votes_that_come_before_the_own_snapshot_wait_for_it) {
  const VoteContent content = held(16).content;
  for (const std::size_t index : {std::size_t{0}, std::size_t{2}, std::size_t{3}})
    EXPECT_EQ(give(index, content), RejectReason::None);
  EXPECT_EQ(votes.waiting(), 3U);
  EXPECT_TRUE(votes.take_certified().empty()) << "nothing is believed without the own state";
  votes.hold(held(16));
  EXPECT_EQ(votes.take_certified().size(), 1U);
  EXPECT_EQ(votes.waiting(), 0U);
}

TEST_F(Votes, R39_nothing_is_asked_for_while_it_may_not_vote) {
  votes.hold(held(16));
  EXPECT_TRUE(votes.requests(false).empty());
  EXPECT_EQ(votes.requests(true).size(), 1U);
  EXPECT_TRUE(votes.requests(true).empty()) << "once";
}

TEST_F(Votes, R43_without_a_seat_in_its_epoch_it_does_not_vote) {
  SnapshotVotes::Held without = held(16);
  without.set.members.erase(without.set.members.begin() + 1);
  votes.hold(without);
  EXPECT_TRUE(votes.requests(true).empty());
  SnapshotVotes::Held rekeyed = held(32);
  rekeyed.set.members[1].key = rekeyed.set.members[2].key;
  votes.hold(rekeyed);
  EXPECT_TRUE(votes.requests(true).empty());
}

TEST_F(Votes, B27_f_liars_certify_nothing_false_and_do_not_stop_what_is_true) {
  const VoteContent truth = held(16).content;
  const VoteContent lie = content_of(manifest_at(16, "another state"));
  EXPECT_EQ(give(3, lie), RejectReason::None);
  votes.hold(held(16));
  EXPECT_EQ(give(3, truth), RejectReason::ConflictingVote);
  EXPECT_EQ(sign_own(), 1U);
  EXPECT_EQ(give(0, truth), RejectReason::None);
  EXPECT_TRUE(votes.take_certified().empty());
  EXPECT_EQ(give(2, truth), RejectReason::None);
  const auto certified = votes.take_certified();
  ASSERT_EQ(certified.size(), 1U);
  EXPECT_EQ(certified[0].content, truth);
  EXPECT_EQ(votes.contradicted(), std::nullopt);
}

TEST_F(Votes, R17_a_quorum_for_another_manifest_says_that_the_own_state_is_not_theirs) {
  const VoteContent theirs = content_of(manifest_at(16, "another state"));
  votes.hold(held(16));
  EXPECT_EQ(give(0, theirs), RejectReason::None);
  EXPECT_EQ(give(2, theirs), RejectReason::None);
  EXPECT_EQ(votes.contradicted(), std::nullopt) << "that may be liars";
  EXPECT_EQ(give(3, theirs), RejectReason::None);
  EXPECT_EQ(votes.contradicted(), Height{16});
  EXPECT_TRUE(votes.requests(true).empty());
  EXPECT_TRUE(votes.take_certified().empty());
}

TEST_F(Votes, B20_B22_what_is_not_a_vote_of_its_sender_for_such_a_height_is_refused) {
  votes.hold(held(16));
  const VoteContent content = held(16).content;
  const InstitutionId from = four().institution(2);
  Vote vote = vote_of(2, content);
  vote.signature.bytes[9] ^= std::byte{1};
  EXPECT_EQ(votes.on_vote(from, vote), RejectReason::BadSignature);
  vote = vote_of(2, content);
  vote.voter = {3};
  EXPECT_EQ(votes.on_vote(from, vote), RejectReason::NotVoter);
  EXPECT_EQ(votes.on_vote(four().institution(0), vote_of(2, content)), RejectReason::NotVoter);
  EXPECT_EQ(votes.on_vote(InstitutionId{999}, vote_of(2, content)), RejectReason::NotMember);
  const auto refused = [&](VoteContent changed) {
    return votes.on_vote(from, vote_of(2, changed)) == RejectReason::Malformed;
  };
  VoteContent changed = content;
  changed.kind = VoteKind::Attest;
  EXPECT_TRUE(refused(changed));
  changed = content;
  changed.epoch = {9};
  EXPECT_TRUE(refused(changed));
  changed = content;
  changed.height = {17};
  EXPECT_TRUE(refused(changed)) << "no multiple of the interval";
  changed.height = {0};
  EXPECT_TRUE(refused(changed));
  changed = content;
  changed.view = {1};
  EXPECT_TRUE(refused(changed));
}

TEST_F(Votes, R34_the_own_vote_is_sent_again_until_the_other_holds_the_certificate) {
  votes.hold(held(16));
  sign_own();
  const InstitutionId peer = four().institution(0);
  votes.on_status(peer, Height{0}, Instant{1'000'000});
  auto sent = votes.take_sent();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].to, peer);
  EXPECT_EQ(std::get<Vote>(sent[0].message).content, held(16).content);
  votes.on_status(peer, Height{0}, Instant{1'100'000});
  EXPECT_TRUE(votes.take_sent().empty()) << "not with every Status";
  votes.on_status(peer, Height{0}, Instant{10'000'000});
  EXPECT_EQ(votes.take_sent().size(), 1U);
  votes.on_status(peer, Height{16}, Instant{20'000'000});
  EXPECT_TRUE(votes.take_sent().empty());
}

TEST_F(Votes, B44_only_the_newest_few_heights_and_a_few_early_votes_of_each_sender_are_kept) {
  for (std::uint64_t i = 1; i <= 100; ++i) (void)give(0, content_of(manifest_at(i * kInterval)));
  EXPECT_EQ(votes.waiting(), kOpenSnapshotsMax);
  for (std::uint64_t i = 1; i <= 10; ++i) votes.hold(held(i * kInterval));
  EXPECT_EQ(votes.requests(true).size(), kOpenSnapshotsMax);
  EXPECT_EQ(votes.waiting(), 0U);
  EXPECT_EQ(give(2, content_of(manifest_at(kInterval))), RejectReason::OldHeight);
  for (std::uint32_t i = 0; i < 1'000; ++i) {
    const Vote vote = vote_of(2, content_of(manifest_at(11 * kInterval)));
    (void)votes.on_vote(InstitutionId{i}, vote);
  }
  EXPECT_LE(votes.waiting(), kMembersMax * kOpenSnapshotsMax);
}

TEST_F(Votes, R34_a_certificate_that_is_held_already_is_not_made_again) {
  SnapshotVotes::Held with = held(16);
  with.certificate = four().certificate(with.content);
  votes.hold(with);
  EXPECT_EQ(votes.newest_certified().value, 16U);
  sign_own();
  (void)give(0, with.content);
  (void)give(2, with.content);
  EXPECT_TRUE(votes.take_certified().empty());
}

// ---- the guard

class SnapshotGuard : public ::testing::Test, protected DurabilityPort {
 protected:
  VoteGuard guard{four().signer(1), four().chain(), four().institution(1),
                  Ceiling{1, {99}, {0}, {1'000}}, 4};
  std::expected<Vote, SignRefusal> sign(const VoteContent& content) {
    return guard.sign(durable(1), 1, content, {1});
  }
};

TEST_F(SnapshotGuard, R36_a_stable_height_does_not_forbid_its_snapshot_but_a_second_digest_is) {
  guard.release(Height{40});
  const VoteContent content = content_of(manifest_at(32));
  EXPECT_TRUE(guard.may_ever_sign(content));
  EXPECT_TRUE(sign(content).has_value());
  EXPECT_TRUE(sign(content).has_value());
  const VoteContent other = content_of(manifest_at(32, "another state"));
  EXPECT_FALSE(guard.may_ever_sign(other));
  EXPECT_EQ(sign(other).error(), SignRefusal::Conflict);
  VoteGuard reloaded(four().signer(1), four().chain(), four().institution(1),
                     Ceiling{1, {99}, {0}, {1'000}}, 4);
  reloaded.release(Height{40});
  reloaded.restore(content);
  EXPECT_EQ(reloaded.sign(durable(1), 1, other, {1}).error(), SignRefusal::Conflict);
}

TEST_F(SnapshotGuard, R39_what_may_be_forgotten_is_not_signed) {
  guard.forbid(Floor{{3}, {0}, {32}});
  EXPECT_FALSE(guard.may_ever_sign(content_of(manifest_at(32))));
  EXPECT_EQ(sign(content_of(manifest_at(32))).error(), SignRefusal::BelowFloor);
  EXPECT_TRUE(sign(content_of(manifest_at(48))).has_value());
}

TEST_F(SnapshotGuard, R36_what_leaves_its_memory_is_refused_from_then_on) {
  for (std::uint64_t i = 1; i <= kSnapshotVotesKept + 1; ++i)
    ASSERT_TRUE(sign(content_of(manifest_at(i * kInterval))).has_value());
  EXPECT_EQ(sign(content_of(manifest_at(kInterval))).error(), SignRefusal::BelowFloor);
  EXPECT_EQ(guard.snapshot_votes().size(), kSnapshotVotesKept);
}

// ---- offers

SnapshotOffer offer_at(std::uint64_t height) {
  SnapshotOffer offer{manifest_at(height), {}, {}};
  offer.certificate = four().certificate(content_of(offer.manifest));
  return offer;
}

RejectReason judge(const SnapshotOffer& offer, const ValidatorSet& trusted = four().set()) {
  return judge_offer(offer, trusted, four().chain(), kEpochBlocks, kInterval);
}

TEST(Offer, R31_a_certified_snapshot_of_a_later_epoch_of_the_same_members_is_believed) {
  EXPECT_EQ(judge(offer_at(16)), RejectReason::None);
  EXPECT_EQ(judge(offer_at(160)), RejectReason::None);
  EXPECT_EQ(judge(offer_at(16), four().set({2})), RejectReason::OldEpoch);
}

TEST(Offer, B42_B43_one_field_changed_under_a_good_certificate_is_refused) {
  SnapshotOffer offer = offer_at(16);
  offer.manifest.chunks[0].bytes[0] ^= std::byte{1};
  EXPECT_EQ(judge(offer), RejectReason::Mismatch);
  offer = offer_at(16);
  offer.manifest.header.state_root.bytes[0] ^= std::byte{1};
  EXPECT_EQ(judge(offer), RejectReason::Mismatch);
  offer = offer_at(16);
  offer.manifest.chunks.clear();
  EXPECT_EQ(judge(offer), RejectReason::Malformed);
  offer = offer_at(16);
  offer.certificate = offer_at(32).certificate;
  EXPECT_EQ(judge(offer), RejectReason::Mismatch);
  offer = offer_at(16);
  offer.certificate.content.kind = VoteKind::Attest;
  EXPECT_EQ(judge(offer), RejectReason::Mismatch);
  offer = offer_at(16);
  offer.certificate.signatures.pop_back();
  EXPECT_EQ(judge(offer), RejectReason::BadCertificate) << "below a quorum";
  offer = offer_at(16);
  offer.certificate.signatures[0].signature.bytes[0] ^= std::byte{1};
  EXPECT_EQ(judge(offer), RejectReason::BadCertificate);
  offer = offer_at(17);
  EXPECT_EQ(judge(offer), RejectReason::Malformed) << "made on command, whoever signs it";
  offer = offer_at(16);
  offer.manifest.header.epoch = {2};
  EXPECT_EQ(judge(offer), RejectReason::Malformed);
}

// Four members, of which the last is replaced by a fifth after epoch 2.
class Lineage : public ::testing::Test {
 protected:
  Lineage() {
    change.last = four().genesis();
    change.last.epoch = {2};
    change.last.height = last_height({2}, kEpochBlocks);
    change.members = four().set().members;
    change.members[3].key = five.set().members[4].key;
    const ValidatorSet next{{3}, change.members};
    change.last.next_set = next.digest(four().chain());
    change.attest = four().certificate(
        {VoteKind::Attest, {2}, {}, change.last.height, change.last.hash(four().chain())});
    offer.manifest = manifest_at(48);
    offer.certificate = {content_of(offer.manifest), {}};
    for (std::uint32_t i = 1; i < 4; ++i) {
      const std::size_t signer = i == 3 ? 4 : i;
      offer.certificate.signatures.push_back(
          {{i}, *five.signer(signer).sign(offer.certificate.content.sign_bytes(four().chain()))});
    }
    offer.changes = {change};
  }
  Members five{5};
  SetChange change;
  SnapshotOffer offer;
};

TEST_F(Lineage, R42_the_set_in_force_says_who_comes_next) {
  EXPECT_EQ(judge(offer), RejectReason::None);
  EXPECT_EQ(judge(offer, {{3}, change.members}), RejectReason::OldEpoch) << "asked for before";
  offer.changes.clear();
  EXPECT_EQ(judge(offer, {{3}, change.members}), RejectReason::None);
  EXPECT_EQ(judge(offer), RejectReason::BadCertificate) << "signed by one whom nobody named";
}

TEST_F(Lineage, B45_a_lineage_that_was_not_made_by_the_set_in_force_is_refused) {
  SnapshotOffer forged = offer;
  forged.changes[0].attest.signatures[0].signature.bytes[3] ^= std::byte{1};
  EXPECT_EQ(judge(forged), RejectReason::BadCertificate);
  forged = offer;
  forged.changes[0].members[0].key = five.set().members[4].key;
  EXPECT_EQ(judge(forged), RejectReason::BadLink);
  forged = offer;
  forged.changes[0].last.height = {29};
  EXPECT_EQ(judge(forged), RejectReason::BadLink) << "not the last of its epoch";
  forged = offer;
  forged.changes[0].last.time.ms += 1;
  EXPECT_EQ(judge(forged), RejectReason::Mismatch);
  forged = offer;
  forged.changes.push_back(change);
  EXPECT_EQ(judge(forged), RejectReason::BadLink) << "twice";
  forged = offer;
  forged.changes[0].members.clear();
  EXPECT_EQ(judge(forged), RejectReason::BadLink);
}

// ---- on the wire

template <typename Value>
RejectReason decoded(const Value& value) {
  const Message message(value);
  const auto type = static_cast<std::uint8_t>(wire::type_of(message));
  const Bytes bytes = wire::encode(message);
  const auto back = wire::decode(type, bytes);
  if (!back) return back.error();
  EXPECT_EQ(wire::encode(*back), bytes);
  EXPECT_TRUE(std::holds_alternative<Value>(*back));
  // One encoding only, and no byte may be missing or too much.
  Bytes longer = bytes;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(wire::decode(type, longer).has_value());
  for (std::size_t size = 0; size < std::min<std::size_t>(bytes.size(), 400); ++size) {
    const auto cut = wire::decode(type, ByteView(bytes).first(size));
    EXPECT_TRUE(!cut || wire::encode(*cut) != bytes);
  }
  return RejectReason::None;
}

TEST_F(Lineage, the_messages_come_back_as_they_were) {
  EXPECT_EQ(decoded(offer), RejectReason::None);
  EXPECT_EQ(decoded(FetchSnapshot{{3}, {77}}), RejectReason::None);
  EXPECT_EQ(decoded(FetchChunk{{16}, hash_of("manifest"), 3, 4096}), RejectReason::None);
  const FetchChunk place{{16}, hash_of("manifest"), 3, 4096};
  EXPECT_EQ(decoded(SnapshotChunk{place, 5'000, Bytes(904, std::byte{7})}), RejectReason::None);
  EXPECT_EQ(decoded(SnapshotChunk{place, 0, {}}), RejectReason::None);
}

TEST_F(Lineage, B44_counts_and_sizes_beyond_the_limits_are_refused) {
  FetchChunk place{{16}, hash_of("manifest"), kSnapshotChunksMax - 1, 0};
  EXPECT_EQ(decoded(place), RejectReason::None);
  place.index = kSnapshotChunksMax;
  EXPECT_EQ(decoded(place), RejectReason::Malformed);
  place.index = 0;
  place.offset = kSnapshotChunkBytesMax;
  EXPECT_EQ(decoded(place), RejectReason::Malformed);
  place.offset = 10;
  EXPECT_EQ(decoded(SnapshotChunk{place, 10, Bytes(1)}), RejectReason::Malformed);
  EXPECT_EQ(decoded(SnapshotChunk{place, 12, Bytes(3)}), RejectReason::Malformed);
  EXPECT_EQ(decoded(SnapshotChunk{place, 12, {}}), RejectReason::Malformed);
  EXPECT_EQ(decoded(SnapshotChunk{place, 0, Bytes(1)}), RejectReason::Malformed);
  EXPECT_EQ(decoded(SnapshotChunk{place, kSnapshotChunkBytesMax, Bytes(kSnapshotPieceBytesMax)}),
            RejectReason::None);
  EXPECT_NE(
      decoded(SnapshotChunk{place, kSnapshotChunkBytesMax, Bytes(kSnapshotPieceBytesMax + 1)}),
      RejectReason::None);
  EXPECT_EQ(decoded(SnapshotChunk{place, kSnapshotChunkBytesMax + 1, Bytes(1)}),
            RejectReason::Malformed);
  offer.manifest.chunks.clear();
  EXPECT_EQ(decoded(offer), RejectReason::Malformed);
  offer.manifest.chunks.resize(kSnapshotChunksMax + 1);
  EXPECT_EQ(decoded(offer), RejectReason::TooLarge);
  offer.manifest.chunks.resize(1);
  offer.changes.assign(kSnapshotLinksMax + 1, SetChange{});
  EXPECT_EQ(decoded(offer), RejectReason::TooLarge);
  offer.changes.assign(1, change);
  offer.changes[0].members.assign(kMembersMax + 1, change.members[0]);
  EXPECT_EQ(decoded(offer), RejectReason::TooLarge);
}

TEST(Status, tells_what_can_be_served) {
  Status status;
  status.snapshot = {32};
  status.log_start = {17};
  const auto back = wire::decode(9, wire::encode(status));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(std::get<Status>(*back).snapshot.value, 32U);
  Solo solo(four(), 1);
  solo.step(Kept{{32}, {17}});
  solo.sent.clear();
  solo.pass(1'000);
  solo.tick();
  ASSERT_FALSE(solo.sent_of<Status>().empty());
  EXPECT_EQ(solo.sent_of<Status>()[0].snapshot.value, 32U);
  EXPECT_EQ(solo.sent_of<Status>()[0].log_start.value, 17U);
}

TEST(Contradicted, R17_a_validator_whose_snapshot_is_not_the_certified_one_stops_voting) {
  Solo solo(four(), 1);
  EXPECT_TRUE(solo.replica->may_vote());
  solo.step(Contradicted{{16}});
  EXPECT_FALSE(solo.replica->may_vote());
  EXPECT_TRUE(solo.replica->view().diverged);
}

}  // namespace
}  // namespace giro::consensus::testing
