// What is refused before it reaches the replica, one field at a time (protocol R8a, R13, R25, R27,
// R30, R39, R43, R46).
#include <gtest/gtest.h>

#include "tests/unit/consensus/solo.h"

namespace giro::consensus::testing {
namespace {

class Verifying : public ::testing::Test {
 protected:
  Solo solo{four(), 3};
  std::vector<Block> blocks = three_blocks();

  std::vector<Block> three_blocks() const {
    std::vector<Block> made{solo.next_block()};
    while (made.size() < 3) made.push_back(solo.block_after(made.back()));
    return made;
  }
  static ViewChange resigned(ViewChange change) {
    change.signature = *four().signer(change.voter.value).sign(change.digest(four().chain()));
    return change;
  }
  static NewView resigned(NewView made) {
    const ReplicaId primary = four().set().primary(made.view);
    made.signature = *four().signer(primary.value).sign(made.digest(four().chain()));
    return made;
  }
  // The verdict on a NewView of view 2 with this change of one of its ViewChanges, all signed anew.
  template <typename Alter>
  RejectReason with_altered_change(std::size_t which, Alter alter) const {
    NewView made = new_view_of({2}, certified(VoteKind::Prepare, blocks[0], {0}));
    alter(made.changes[which]);
    const ReplicaId signer{std::min(made.changes[which].voter.value, 3U)};
    made.changes[which].signature =
        *four().signer(signer.value).sign(made.changes[which].digest(four().chain()));
    return solo.verdict(2, resigned(made));
  }
  static Certificate attest_of(const Header& header) {
    return four().certificate(
        {VoteKind::Attest, header.epoch, {}, header.height, header.hash(four().chain())});
  }
};

// ---- R27

// It took the place of the maximum: the view of a mark ranks before its height, and a mark of
// height 0 stands for none. So with one ViewChange that names a view and no height a primary could
// leave out the certificates of all the others, and begin its view below a committed block.
TEST_F(Verifying, R27_a_mark_of_no_height_is_none_and_hides_no_certificate) {
  const Certificate high = certified(VoteKind::Commit, blocks[0], {0});
  NewView made = new_view_of({2}, high);
  ASSERT_EQ(solo.verdict(2, made), RejectReason::None);
  made.changes[2].high.view = {1};  // the primary's own: "prepared in view 1, at height 0"
  made.changes[2] = resigned(made.changes[2]);
  made.anchor.reset();
  made = resigned(made);
  EXPECT_EQ(solo.verdict(2, made), RejectReason::Mismatch);
  made = new_view_of({2}, high);
  made.changes[2].high.digest = hash_of("no block");
  made.changes[2] = resigned(made.changes[2]);
  EXPECT_EQ(solo.verdict(2, resigned(made)), RejectReason::Mismatch);
}

TEST_F(Verifying, R27_each_of_its_view_changes_is_of_a_member_of_this_epoch_and_for_this_view) {
  EXPECT_EQ(with_altered_change(1, [](ViewChange&) {}), RejectReason::None);
  EXPECT_EQ(with_altered_change(2, [](ViewChange& c) { c.voter = {4}; }), RejectReason::Mismatch);
  EXPECT_EQ(with_altered_change(1, [](ViewChange& c) { c.epoch = {1}; }), RejectReason::Mismatch);
  EXPECT_EQ(with_altered_change(1, [](ViewChange& c) { c.view = {3}; }), RejectReason::Mismatch);
  EXPECT_EQ(with_altered_change(
                1, [](ViewChange& c) { c.high = {{2}, {1}, hash_of("of the view that begins")}; }),
            RejectReason::Mismatch);
  NewView made = new_view_of({2});
  made.changes[1].signature.bytes[3] ^= std::byte{1};
  EXPECT_EQ(solo.verdict(2, resigned(made)), RejectReason::BadSignature);
  made = new_view_of({2});
  made.epoch = {1};
  EXPECT_EQ(solo.verdict(2, made), RejectReason::FutureEpoch);
}

TEST_F(Verifying, R27_the_anchors_certificate_orders_blocks_of_this_epoch) {
  const Certificate high = certified(VoteKind::Prepare, blocks[0], {0});
  for (const VoteKind kind : {VoteKind::Attest, VoteKind::Snapshot}) {
    NewView made = new_view_of({2}, high);
    made.anchor = certified(kind, blocks[0], {0});
    EXPECT_EQ(solo.verdict(2, resigned(made)), RejectReason::Mismatch);
  }
  NewView made = new_view_of({2}, high);
  made.anchor->content.epoch = {1};
  EXPECT_EQ(solo.verdict(2, resigned(made)), RejectReason::Mismatch);
  made = new_view_of({2}, high);
  made.anchor = certified(VoteKind::Commit, blocks[0], {0});  // proves the same place
  EXPECT_EQ(solo.verdict(2, resigned(made)), RejectReason::None);
}

// ---- R25

TEST_F(Verifying, R25_the_marks_of_a_view_change_say_what_its_certificates_do) {
  const Certificate high = certified(VoteKind::Prepare, blocks[0], {0});
  const auto verdict = [&](ProvenViewChange made) {
    made.change = resigned(made.change);
    return solo.verdict(1, made);
  };
  ProvenViewChange made = four().view_change(1, {2}, high);
  EXPECT_EQ(verdict(made), RejectReason::None);
  made.change.high.digest = hash_of("another block");
  EXPECT_EQ(verdict(made), RejectReason::Mismatch);
  made = four().view_change(1, {2}, high);
  made.change.high.height = {2};
  EXPECT_EQ(verdict(made), RejectReason::Mismatch);
  made = four().view_change(1, {2});
  made.change.high.view = {1};  // none has no view
  EXPECT_EQ(verdict(made), RejectReason::Mismatch);
  made = four().view_change(1, {2});
  made.change.voter = {4};
  EXPECT_EQ(solo.verdict(1, made), RejectReason::NotVoter);
  made = four().view_change(1, {2}, high);
  made.high->content.epoch = {1};
  EXPECT_EQ(verdict(made), RejectReason::Mismatch);
  made = four().view_change(1, {2});
  made.change.stable = {1};
  made.attest = four().certificate({VoteKind::Attest, {}, {}, {1}, made.change.stable_header});
  EXPECT_EQ(verdict(made), RejectReason::None);
  made.attest->signatures[1].signature.bytes[0] ^= std::byte{1};
  EXPECT_EQ(verdict(made), RejectReason::BadCertificate);
}

// ---- R8a, R28, R30: blocks

TEST_F(Verifying, R8a_a_certificate_is_of_the_last_blocks_view_or_a_later_one) {
  const auto verdict = [&](std::vector<Block> chain, View view) {
    const Certificate certificate = certified(VoteKind::Prepare, chain.back(), view);
    return solo.verdict(0, CertifiedBlocks{std::move(chain), certificate});
  };
  const auto in = [](Block block, std::uint64_t view) { return in_view(std::move(block), {view}); };
  EXPECT_EQ(verdict({in(blocks[0], 1)}, {1}), RejectReason::None);
  EXPECT_EQ(verdict({in(blocks[0], 1)}, {2}), RejectReason::None);  // as an anchor (R29)
  EXPECT_EQ(verdict({in(blocks[0], 1)}, {0}), RejectReason::Mismatch);
  // Views rise along a chain.
  Block above = in(solo.block_after(in(blocks[0], 2)), 1);
  EXPECT_EQ(verdict({in(blocks[0], 2), above}, {3}), RejectReason::BadLink);
  above = in(above, 2);
  EXPECT_EQ(verdict({in(blocks[0], 2), above}, {3}), RejectReason::None);
  above.parent = hash_of("another parent");
  EXPECT_EQ(verdict({in(blocks[0], 2), above}, {3}), RejectReason::BadLink);
  above = in(solo.block_after(in(blocks[0], 2)), 2);
  above.time = blocks[0].time;
  EXPECT_EQ(verdict({in(blocks[0], 2), above}, {3}), RejectReason::BadLink);
  CertifiedBlocks none{{}, certified(VoteKind::Prepare, blocks[0], {0})};
  EXPECT_EQ(solo.verdict(0, none), RejectReason::Malformed);
  CertifiedBlocks another{{blocks[0]}, certified(VoteKind::Prepare, in(blocks[0], 1), {1})};
  EXPECT_EQ(solo.verdict(0, another), RejectReason::Mismatch) << "of another block there";
  CertifiedBlocks later{{blocks[0]}, certified(VoteKind::Prepare, blocks[0], {0})};
  later.certificate.content.epoch = {1};
  EXPECT_EQ(solo.verdict(0, later), RejectReason::FutureEpoch);
}

TEST_F(Verifying, R28_a_range_is_linked_and_of_this_epoch) {
  EXPECT_EQ(solo.verdict(0, BlockRange{blocks}), RejectReason::None);
  EXPECT_EQ(solo.verdict(0, BlockRange{}), RejectReason::Malformed);
  EXPECT_EQ(solo.verdict(0, BlockRange{{blocks[0], blocks[2]}}), RejectReason::BadLink);
  std::vector<Block> mixed = blocks;
  mixed[0].epoch = {1};
  EXPECT_EQ(solo.verdict(0, BlockRange{mixed}), RejectReason::BadLink);
  mixed[2].epoch = {1};
  EXPECT_EQ(solo.verdict(0, BlockRange{mixed}), RejectReason::FutureEpoch);
  EXPECT_EQ(solo.verdict(0, FetchBlocks{{1}, {5}, {}, {}}), RejectReason::FutureEpoch);
}

TEST_F(Verifying, R30_a_segments_header_is_of_its_last_block) {
  const Header header = executed_after(four().genesis(), four(), blocks[2], 10).header;
  ASSERT_EQ(solo.verdict(0, ChainSegment{blocks, header, attest_of(header)}), RejectReason::None);
  const auto verdict = [&](auto alter) {
    Header altered = header;
    alter(altered);
    return solo.verdict(0, ChainSegment{blocks, altered, attest_of(altered)});
  };
  EXPECT_EQ(verdict([](Header& h) { ++h.time.ms; }), RejectReason::BadLink);
  EXPECT_EQ(verdict([](Header& h) { h.height = {4}; }), RejectReason::BadLink);
  EXPECT_EQ(verdict([](Header& h) { h.block = hash_of("another"); }), RejectReason::BadLink);
  EXPECT_EQ(verdict([](Header& h) { h.epoch = {1}; }), RejectReason::FutureEpoch);
  AttestProof proof{attest_of(header)};
  proof.attest.content.epoch = {1};
  EXPECT_EQ(solo.verdict(0, proof), RejectReason::FutureEpoch);
}

// ---- R13, R20, R39, R43

TEST_F(Verifying, R43_only_the_set_of_the_present_epoch_judges) {
  EXPECT_EQ(solo.verdict(0, Suspect{{0}, {0}, SuspectReason::Silent}), RejectReason::None);
  EXPECT_EQ(solo.verdict(0, Suspect{{1}, {0}, SuspectReason::Silent}), RejectReason::FutureEpoch);
  Block later = blocks[0];
  later.epoch = {1};
  EXPECT_EQ(solo.verdict(0, four().proposal(later)), RejectReason::FutureEpoch);
  Certificate certificate = certified(VoteKind::Commit, blocks[0], {0});
  EXPECT_EQ(solo.verdict(0, ReplyStable{1, {0}, false, certificate}), RejectReason::None);
  certificate.content.kind = VoteKind::Prepare;
  EXPECT_EQ(solo.verdict(0, ReplyStable{1, {0}, false, certificate}), RejectReason::Mismatch);
  certificate.content = certified(VoteKind::Commit, later, {0}).content;
  EXPECT_EQ(solo.verdict(0, ReplyStable{1, {0}, false, certificate}), RejectReason::Mismatch);
  EXPECT_EQ(solo.verdict(0, ReplyStable{1, {1}, false, {}}), RejectReason::FutureEpoch);
}

TEST_F(Verifying,
       R13_a_certificate_of_more_votes_than_members_or_of_one_epoch_for_another_is_none) {
  Certificate crowded = certified(VoteKind::Commit, blocks[0], {0}, 9);
  EXPECT_TRUE(verify_certificate(crowded, four().set(), four().chain()));
  crowded.signatures.push_back(crowded.signatures.back());
  EXPECT_FALSE(verify_certificate(crowded, four().set(), four().chain()));
  const Certificate good = certified(VoteKind::Commit, blocks[0], {0});
  EXPECT_FALSE(verify_certificate(good, four().set({1}), four().chain()));
  Certificate stranger = good;
  stranger.signatures.back().voter = {4};
  EXPECT_FALSE(verify_certificate(stranger, four().set(), four().chain()));
}

// ---- R46

TEST_F(Verifying, R46_what_is_told_must_be_signed_and_must_conflict) {
  const auto verdict = [&](const Evidence& evidence) {
    return solo.verdict(0, EvidenceMessage{evidence});
  };
  const auto content = [](VoteKind kind, std::string_view digest, std::uint64_t view = 0) {
    return VoteContent{kind, {0}, {view}, {3}, hash_of(digest)};
  };
  const Vote one = four().vote(1, content(VoteKind::Commit, "one"));
  const Vote two = four().vote(1, content(VoteKind::Commit, "two"));
  EXPECT_EQ(verdict(ConflictingVotes{one, two}), RejectReason::None);
  EXPECT_EQ(verdict(ConflictingVotes{one, one}), RejectReason::BadSignature);
  EXPECT_EQ(verdict(ConflictingVotes{one, four().vote(1, content(VoteKind::Commit, "two", 1))}),
            RejectReason::BadSignature)
      << "another place";
  EXPECT_EQ(verdict(ConflictingVotes{one, four().vote(2, two.content)}), RejectReason::BadSignature)
      << "two members";
  Vote forged = four().vote(2, one.content);
  forged.voter = {1};
  EXPECT_EQ(verdict(ConflictingVotes{forged, two}), RejectReason::BadSignature);
  EXPECT_EQ(verdict(ConflictingVotes{two, forged}), RejectReason::BadSignature);
  Vote stranger_one = one, stranger_two = two;
  stranger_one.voter = stranger_two.voter = {4};
  EXPECT_EQ(verdict(ConflictingVotes{stranger_one, stranger_two}), RejectReason::BadSignature);
  VoteContent later = one.content;
  later.epoch = {1};
  EXPECT_EQ(verdict(ConflictingVotes{four().vote(1, later), two}), RejectReason::FutureEpoch);

  const ViewChange forgets = four().view_change(1, {1}).change;
  EXPECT_EQ(verdict(ForgottenCommit{one, forgets}), RejectReason::None);
  EXPECT_EQ(verdict(ForgottenCommit{four().vote(1, content(VoteKind::Prepare, "one")), forgets}),
            RejectReason::BadSignature)
      << "a prepare vote promises nothing";
  EXPECT_EQ(verdict(ForgottenCommit{one, four().view_change(2, {1}).change}),
            RejectReason::BadSignature);
  EXPECT_EQ(verdict(ForgottenCommit{one, four().view_change(1, {1}, {}, {1}).change}),
            RejectReason::BadSignature);
  EXPECT_EQ(verdict(ForgottenCommit{four().vote(1, content(VoteKind::Commit, "one", 1)), forgets}),
            RejectReason::BadSignature)
      << "of the view that was promised";
  EXPECT_EQ(verdict(ForgottenCommit{forged, forgets}), RejectReason::BadSignature);
  ViewChange unsigned_change = forgets;
  unsigned_change.signature.bytes[0] ^= std::byte{1};
  EXPECT_EQ(verdict(ForgottenCommit{one, unsigned_change}), RejectReason::BadSignature);

  const VoteContent attested = content(VoteKind::Attest, "header");
  const Certificate attest = four().certificate(attested);
  const Vote lie = four().vote(3, content(VoteKind::Attest, "lie"));
  EXPECT_EQ(verdict(FalseAttest{lie, attest}), RejectReason::None);
  EXPECT_EQ(verdict(FalseAttest{four().vote(3, attested), attest}), RejectReason::BadSignature);
  EXPECT_EQ(verdict(FalseAttest{two, four().certificate(one.content)}), RejectReason::BadSignature)
      << "commit votes beside a quorum are none";
  Vote unsigned_lie = lie;
  unsigned_lie.signature.bytes[0] ^= std::byte{1};
  EXPECT_EQ(verdict(FalseAttest{unsigned_lie, attest}), RejectReason::BadSignature);
  Certificate weak = attest;
  weak.signatures.pop_back();
  EXPECT_EQ(verdict(FalseAttest{lie, weak}), RejectReason::BadSignature);
}

}  // namespace
}  // namespace giro::consensus::testing
