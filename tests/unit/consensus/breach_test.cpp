// More than f are faulty, and show it: two proofs that different blocks are final at one height,
// or a view that begins beside a committed block (protocol R11, R27, R46).
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/unit/consensus/solo.h"

namespace giro::consensus::testing {
namespace {

Block another(Block block) {
  ++block.time.ms;
  return block;
}

Hash hash(const Block& block) {
  return block.hash(four().chain());
}

void hear_commit_votes(Solo& solo, const Block& block, View view) {
  const VoteContent content{VoteKind::Commit, {}, view, block.height, hash(block)};
  for (const std::size_t i : {0U, 1U, 2U}) solo.deliver(i, four().vote(i, content));
}

CertifiedBlocks committed(std::vector<Block> blocks, View view = {}) {
  const Certificate certificate = certified(VoteKind::Commit, blocks.back(), view);
  return {std::move(blocks), certificate};
}

Certificate attest(std::uint64_t height, std::string_view header) {
  return four().certificate({VoteKind::Attest, {}, {}, {height}, hash_of(header)});
}

ChainSegment segment_to(const Block& block) {
  const Header header = executed_after(four().genesis(), four(), block, 10).header;
  return {{block},
          header,
          four().certificate({VoteKind::Attest, {}, {}, {1}, header.hash(four().chain())})};
}

void expect_no_breach(const Solo& solo) {
  EXPECT_EQ(solo.events(EventType::BreachFound), 0U);
  EXPECT_EQ(solo.events(EventType::VotesStopped), 0U);
  EXPECT_TRUE(solo.records_of<BreachRecord>().empty());
  EXPECT_TRUE(solo.replica->may_vote());
  EXPECT_FALSE(solo.replica->view().is_broken);
}

// Said, written down once, and still so after a restart.
void expect_breach(const Solo& solo, std::uint64_t height, const Hash& ours, const Hash& theirs) {
  const auto records = solo.records_of<BreachRecord>();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].height, Height{height});
  EXPECT_EQ(records[0].ours, ours);
  EXPECT_EQ(records[0].theirs, theirs);
  EXPECT_EQ(solo.events(EventType::VotesStopped), 1U);
  ASSERT_EQ(solo.events(EventType::BreachFound), 1U);
  const auto said = std::ranges::find(solo.seen, EventType::BreachFound, &Event::type);
  EXPECT_EQ(said->height, Height{height});
  EXPECT_EQ(said->hash, ours);
  EXPECT_EQ(said->other, theirs);
  EXPECT_FALSE(solo.replica->may_vote());
  EXPECT_TRUE(solo.replica->view().is_broken);
  Solo again(four(), solo.index, solo.parameters,
             solo.recovered(Height{solo.headers.rbegin()->first}), {}, solo.headers);
  EXPECT_FALSE(again.replica->may_vote());
  EXPECT_EQ(again.events(EventType::BreachFound), 1U);
  EXPECT_EQ(again.events(EventType::VotesStopped), 1U);
  EXPECT_TRUE(again.records_of<BreachRecord>().empty()) << "it is known";
  EXPECT_TRUE(again.voted.empty());
  EXPECT_TRUE(again.sent_of<ProvenViewChange>().empty());
}

// Each piece can be checked by anybody, and names one member.
std::set<ReplicaId> accused(const Solo& solo) {
  std::set<ReplicaId> members;
  for (const EvidenceRecord& record : solo.records_of<EvidenceRecord>()) {
    EXPECT_TRUE(verify_evidence(record.evidence, four().set(), four().chain()));
    members.insert(culprit(record.evidence));
  }
  return members;
}

const std::set<ReplicaId> kSigners{{0}, {1}, {2}};

// A replica with block 1 committed in view 0, neither executed nor stable, and block 2 accepted.
class Breach : public ::testing::Test {
 protected:
  Breach() {
    solo.executes = false;
    solo.propose(first);
    solo.commit(first);
    solo.propose(second);
  }
  Solo solo{four(), 3};
  const Block first = solo.next_block();
  const Block second = solo.block_after(first);
};

// ---- beside what is committed

TEST_F(Breach, R11_a_commit_certificate_beside_a_committed_block_is_not_just_late) {
  solo.deliver(0, committed({another(first)}, {1}));
  expect_breach(solo, 1, hash(first), hash(another(first)));
  EXPECT_EQ(solo.rejects(RejectReason::OldHeight), 0U);
  EXPECT_EQ(solo.replica->view().view, View{0}) << "nothing of it is used";
  const BreachRecord record = solo.records_of<BreachRecord>()[0];
  EXPECT_EQ(record.our_proof, certified(VoteKind::Commit, first, {}));
  EXPECT_EQ(record.their_proof, certified(VoteKind::Commit, another(first), {1}));
  EXPECT_EQ(record.blocks, std::vector{another(first)});
}

TEST_F(Breach, R11_a_certificate_of_the_committed_block_itself_is_late_and_no_more) {
  for (const View view : {View{0}, View{1}, View{9}}) solo.deliver(0, committed({first}, view));
  EXPECT_EQ(solo.rejects(RejectReason::OldHeight), 3U);
  expect_no_breach(solo);
}

TEST_F(Breach, R11_commit_votes_of_a_quorum_beside_a_committed_block) {
  hear_commit_votes(solo, another(first), {1});
  expect_breach(solo, 1, hash(first), hash(another(first)));
  EXPECT_EQ(solo.replica->view().view, View{0});
}

TEST_F(Breach, R13_a_commit_vote_for_another_block_than_the_committed_one_still_matters) {
  VoteContent content{VoteKind::Commit, {}, {1}, {1}, hash(first)};
  EXPECT_FALSE(solo.replica->wants(four().vote(0, content)));
  content.digest = hash(another(first));
  EXPECT_TRUE(solo.replica->wants(four().vote(0, content)));
}

TEST_F(Breach, R11_a_committed_block_whose_ancestor_is_not_ours) {
  const Block above = solo.block_after(another(first));
  solo.deliver(0, committed({above}));
  expect_breach(solo, 1, hash(first), hash(another(first)));
  EXPECT_EQ(solo.replica->view().committed, Height{1});
}

TEST_F(Breach, R30_a_segment_to_another_block_than_the_committed_one) {
  const ChainSegment segment = segment_to(another(first));
  for (const bool with_blocks : {true, false}) {
    Solo other(four(), 3);
    other.executes = false;
    other.propose(first);
    other.commit(first);
    other.deliver(0, with_blocks ? segment : ChainSegment{{}, segment.header, segment.attest});
    expect_breach(other, 1, hash(first), hash(another(first)));
    const BreachRecord record = other.records_of<BreachRecord>()[0];
    EXPECT_EQ(record.their_proof, segment.attest);
    EXPECT_EQ(record.header, segment.header);
    EXPECT_TRUE(accused(other).empty()) << "an attest and a commit vote do not contradict";
  }
}

TEST_F(Breach, R25_a_view_change_that_shows_a_commit_certificate_of_another_block) {
  solo.deliver(0, four().view_change(0, {1}, certified(VoteKind::Commit, another(first), {})));
  expect_breach(solo, 1, hash(first), hash(another(first)));
}

TEST_F(Breach, R27_a_new_view_on_a_commit_certificate_of_another_block) {
  solo.deliver(1, new_view_of({1}, certified(VoteKind::Commit, another(first), {})));
  expect_breach(solo, 1, hash(first), hash(another(first)));
  EXPECT_EQ(solo.replica->view().view, View{0});
}

TEST_F(Breach, R10_prepare_certificates_of_another_block_are_none) {
  const Certificate high = certified(VoteKind::Prepare, another(first), {});
  solo.deliver(0, four().view_change(0, {1}, high));
  solo.deliver(0, CertifiedBlocks{{another(first)}, high});
  solo.deliver(
      0, CertifiedBlocks{{another(second)}, certified(VoteKind::Prepare, another(second), {})});
  expect_no_breach(solo);
}

// ---- two certificates, and the block of the first is not here

TEST(TwoCertificates, R11_the_second_is_neither_dropped_nor_followed) {
  Solo solo(four(), 3);
  const Block block = solo.next_block();
  hear_commit_votes(solo, another(block), {});
  expect_no_breach(solo);
  solo.deliver(0, committed({block}));
  expect_breach(solo, 1, hash(another(block)), hash(block));
  EXPECT_EQ(solo.replica->view().committed, Height{0});
  EXPECT_EQ(solo.replica->view().tip, Height{0});
  EXPECT_EQ(accused(solo), kSigners) << "they signed both in one view";
  solo.deliver(0, committed({another(block)}));
  EXPECT_EQ(solo.replica->view().committed, Height{1}) << "the first is followed";
  EXPECT_EQ(solo.events(EventType::VotesStopped), 1U) << "said once";
}

TEST(TwoCertificates, I12_of_different_views_accuse_nobody_by_themselves) {
  Solo solo(four(), 3);
  const Block block = solo.next_block();
  hear_commit_votes(solo, another(block), {});
  solo.deliver(0, committed({block}, {1}));
  expect_breach(solo, 1, hash(another(block)), hash(block));
  EXPECT_EQ(solo.replica->view().view, View{0});
  EXPECT_TRUE(accused(solo).empty());
}

TEST(TwoCertificates, R46_of_different_views_accuse_who_promised_to_know_of_no_commit) {
  Solo solo(four(), 3);
  const Block block = solo.next_block();
  solo.deliver(1, four().view_change(1, {1}));
  solo.deliver(0, committed({block}));
  ASSERT_TRUE(accused(solo).empty()) << "certificates are not searched for it while all is well";
  solo.deliver(0, committed({another(block)}, {1}));
  EXPECT_EQ(solo.events(EventType::BreachFound), 1U);
  EXPECT_EQ(accused(solo), (std::set<ReplicaId>{{1}}));
}

TEST(TwoCertificates, R11_a_certificate_above_covers_its_ancestors) {
  Solo solo(four(), 3);
  const Block block = solo.next_block();
  hear_commit_votes(solo, another(block), {});
  solo.deliver(0, committed({block, solo.block_after(block)}));
  expect_breach(solo, 1, hash(another(block)), hash(block));
  EXPECT_EQ(solo.records_of<BreachRecord>()[0].blocks.size(), 2U);
  EXPECT_EQ(solo.replica->view().tip, Height{0});
}

TEST(TwoCertificates, R30_a_segment_is_not_adopted_beside_one) {
  Solo solo(four(), 3);
  const Block block = solo.next_block();
  hear_commit_votes(solo, another(block), {});
  solo.deliver(0, segment_to(block));
  expect_breach(solo, 1, hash(another(block)), hash(block));
  EXPECT_EQ(solo.replica->view().committed, Height{0});
}

// A prepare certificate begins a view with a chain that does not hold the block that the view
// committed; then that chain is committed.
class ForkInOneView : public Breach {
 protected:
  ForkInOneView() {
    hear_commit_votes(solo, another(second), view);
    solo.deliver(0, CertifiedBlocks{{below, above}, certified(VoteKind::Prepare, above, view)});
  }
  static constexpr View view{1};
  const Block below = in_view(second, view);
  const Block above = solo.block_after(below);
};

TEST_F(ForkInOneView, R11_is_found_when_the_view_begins) {
  expect_breach(solo, 2, hash(another(second)), hash(above));
  EXPECT_EQ(solo.records_of<BreachRecord>()[0].their_proof,
            certified(VoteKind::Prepare, above, view));
}

TEST_F(ForkInOneView, R11_is_not_committed_and_nothing_of_its_proof_is_kept) {
  hear_commit_votes(solo, above, view);
  EXPECT_EQ(solo.replica->view().committed, Height{1});
  for (const CertificateRecord& record : solo.records_of<CertificateRecord>()) {
    const VoteContent& content = record.certificate.content;
    EXPECT_FALSE(content.kind == VoteKind::Commit && content.height == above.height);
  }
}

TEST_F(ForkInOneView, R38_both_proofs_in_a_log_end_the_votes_and_the_first_is_followed) {
  std::erase_if(solo.log, [](const auto& r) { return std::holds_alternative<BreachRecord>(r); });
  solo.log.emplace_back(CertificateRecord{certified(VoteKind::Commit, above, view)});
  Solo again(four(), 3, solo.parameters, solo.recovered({0}));
  EXPECT_FALSE(again.replica->may_vote());
  EXPECT_EQ(again.events(EventType::BreachFound), 1U);
  EXPECT_EQ(again.records_of<BreachRecord>().size(), 1U);
  EXPECT_EQ(again.replica->view().committed, Height{1});
  EXPECT_EQ(again.replica->view().tip, Height{1}) << "of the other chain nothing is left";
  again.deliver(0, committed({another(second)}, view));
  EXPECT_EQ(again.replica->view().committed, Height{2});
}

TEST_F(Breach, R38_a_record_of_two_proofs_is_believed_before_what_the_log_says_besides) {
  const Block ours = another(second);
  solo.log.emplace_back(BreachRecord{
      {2}, hash(ours), hash(second), certified(VoteKind::Commit, ours, {}), {}, {}, {}, {}});
  solo.log.emplace_back(CertificateRecord{certified(VoteKind::Commit, second, {})});
  EXPECT_EQ(solo.recovered({0}).committed, Height{1});
}

// ---- a view that begins beside a commit (R27), and is active when that is learnt

TEST_F(Breach, R27_a_commit_of_a_lower_view_that_the_active_view_does_not_extend) {
  solo.deliver(1, new_view_of({1}, certified(VoteKind::Prepare, second, {})));
  ASSERT_FALSE(solo.replica->view().changing_view);
  expect_no_breach(solo);
  hear_commit_votes(solo, another(second), {});
  expect_breach(solo, 2, hash(another(second)), hash(second));
  EXPECT_EQ(solo.replica->view().committed, Height{1});
}

TEST_F(Breach, R11_a_commit_of_the_view_below_its_certified_start) {
  const Block start = in_view(second, {1});
  solo.deliver(0, CertifiedBlocks{{start}, certified(VoteKind::Prepare, start, {1})});
  ASSERT_FALSE(solo.replica->view().changing_view);
  hear_commit_votes(solo, another(second), {1});
  expect_breach(solo, 2, hash(another(second)), hash(start));
}

// The primary alone can do that: it began the view twice.
TEST_F(Breach, R11_a_commit_of_the_view_beside_its_anchor_ends_the_votes_in_the_view_alone) {
  for (const bool commit_is_first : {true, false}) {
    Solo other(four(), 3);
    other.executes = false;
    other.propose(first);
    other.commit(first);
    other.propose(second);
    const auto learn_commit = [&] { hear_commit_votes(other, another(second), {1}); };
    if (commit_is_first) learn_commit();
    other.deliver(1, new_view_of({1}, certified(VoteKind::Prepare, second, {})));
    if (!commit_is_first) learn_commit();
    expect_no_breach(other);
    EXPECT_EQ(other.events(EventType::Abstaining), 1U);
    EXPECT_FALSE(other.replica->view().voting);
    other.deliver(0, committed({another(second)}, {1}));
    EXPECT_EQ(other.replica->view().committed, Height{2});
  }
}

// ---- two attested headers

TEST(TwoHeaders, R17_of_a_height_that_is_not_executed_here) {
  Solo solo(four(), 3);
  solo.deliver(0, AttestProof{attest(2, "one")});
  solo.deliver(0, AttestProof{attest(2, "one")});
  expect_no_breach(solo);
  solo.deliver(0, AttestProof{attest(2, "two")});
  expect_breach(solo, 2, hash_of("one"), hash_of("two"));
  EXPECT_EQ(accused(solo), kSigners);
}

TEST(TwoHeaders, R17_beside_what_is_stable) {
  Solo solo(four(), 3);
  solo.make_stable(solo.next_block());
  solo.deliver(0, AttestProof{attest(1, "another")});
  expect_breach(solo, 1, solo.header_hash({1}), hash_of("another"));
  EXPECT_EQ(accused(solo), (std::set<ReplicaId>{{0}, {1}}))
      << "our vote stands in the other's place";
}

// ---- R27

TEST_F(Breach, R27_the_stop_outlives_the_view_that_caused_it) {
  solo.deliver(1, new_view_of({1}));  // every high is none: the committed block is forgotten
  expect_breach(solo, 1, hash(first), four().genesis().block);
  EXPECT_EQ(accused(solo), kSigners) << "they promised to know of no commit";
  EXPECT_EQ(solo.records_of<BreachRecord>()[0].new_view, new_view_of({1}));
  const Block elsewhere = in_view(second, {2});
  solo.deliver(2, CertifiedBlocks{{elsewhere}, certified(VoteKind::Prepare, elsewhere, {2})});
  ASSERT_EQ(solo.replica->view().view, View{2});
  Solo again(four(), 3, solo.parameters, solo.recovered({0}));
  EXPECT_FALSE(again.replica->may_vote());
  EXPECT_TRUE(again.voted.empty());
}

// ---- R40: our key under the other proof

CertifiedBlocks with_our_vote(const Block& block, View view) {
  return {{block}, certified(VoteKind::Commit, block, view, 0)};
}

TEST_F(Breach, R40_a_vote_of_ours_that_we_never_cast_shows_in_a_refuted_certificate) {
  for (const bool is_signed_by_us : {false, true}) {
    Solo other(four(), 3);
    other.executes = false;
    other.propose(first);
    other.commit(first);
    other.deliver(
        0, is_signed_by_us ? with_our_vote(another(first), {1}) : committed({another(first)}, {1}));
    EXPECT_EQ(other.events(EventType::BreachFound), 1U);
    EXPECT_EQ(other.records_of<AmnesiaRecord>().size(), is_signed_by_us ? 1U : 0U);
    EXPECT_EQ(other.events(EventType::FloorRefuted), is_signed_by_us ? 1U : 0U);
    EXPECT_EQ(other.recovered({0}).amnesic_below.has_value(), is_signed_by_us);
  }
}

TEST(TwoCertificates, R40_the_vote_that_the_log_remembers_is_no_alarm_at_the_start) {
  Solo solo(four(), 3);
  const Block block = solo.next_block();
  const Certificate refuted = with_our_vote(block, {}).certificate;
  solo.log.emplace_back(CertificateRecord{certified(VoteKind::Commit, another(block), {})});
  solo.log.emplace_back(VoteRecord{refuted.content});
  solo.log.emplace_back(CertificateRecord{refuted});
  Solo again(four(), 3, solo.parameters, solo.recovered({0}));
  EXPECT_EQ(again.events(EventType::BreachFound), 1U);
  EXPECT_TRUE(again.records_of<AmnesiaRecord>().empty());
}

// ---- R34, R38: kept

TEST_F(Breach, R34_it_is_part_of_every_statement_and_of_no_key) {
  solo.deliver(0, committed({another(first)}));
  solo.step(Restate{});
  const auto records = solo.records_of<BreachRecord>();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0], records[1]);
  solo.log.emplace_back(KeyRecord{four().identity(3, 1).key});
  EXPECT_EQ(solo.recovered({0}).breach, records[0]);
}

TEST_F(Breach, R38_two_certificates_in_the_log_are_found_at_the_start) {
  solo.log.emplace_back(CertificateRecord{certified(VoteKind::Commit, another(first), {})});
  Solo again(four(), 3, solo.parameters, solo.recovered({0}));
  EXPECT_EQ(again.events(EventType::BreachFound), 1U);
  EXPECT_EQ(again.records_of<BreachRecord>().size(), 1U);
  EXPECT_FALSE(again.replica->may_vote());
}

// ---- R10a

TEST_F(Breach, R10a_a_later_commit_certificate_of_a_committed_block_becomes_the_highest) {
  hear_commit_votes(solo, first, {1});
  expect_no_breach(solo);
  EXPECT_EQ(solo.replica->view().view, View{1});
  const RecoveredState state = solo.recovered({0});
  ASSERT_TRUE(state.high.has_value());
  EXPECT_EQ(state.high->content.kind, VoteKind::Commit);
  EXPECT_EQ(state.high->content.view, View{1});
  Solo again(four(), 3, solo.parameters, state);
  EXPECT_EQ(again.sent_of<Status>().back().high.view, View{1});
  expect_no_breach(again);
}

}  // namespace
}  // namespace giro::consensus::testing
