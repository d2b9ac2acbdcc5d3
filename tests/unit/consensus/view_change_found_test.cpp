// View changes that once went wrong, found by review. Each is kept as it was found.
#include <gtest/gtest.h>

#include "consensus/chain.h"
#include "consensus/limits.h"
#include "tests/unit/consensus/network.h"
#include "tests/unit/consensus/solo.h"

namespace giro::consensus::testing {
namespace {

// A prepared block that all correct members abandoned when they adopted a NewView that did not know
// of it becomes the anchor of a later view. Nobody served it, for ever, without a faulty member.
void abandoned_anchor(bool restart_all) {
  NetworkSetup setup = view_change_setup(900);
  setup.parameters.epoch_blocks = 1000;
  setup.parameters.window = 64;
  Network network(setup);
  int phase = 0;
  network.set_tap([&](Network::Packet packet) -> std::vector<Network::Packet> {
    auto message = wire::decode(packet.type, packet.bytes);
    if (!message) return {packet};
    const Vote* vote = std::get_if<Vote>(&*message);
    if (phase == 1 && vote != nullptr) {
      // Only 0 hears prepare votes; nobody hears commit votes. CertifiedBlocks of 0 are lost too.
      if (vote->content.kind == VoteKind::Prepare && packet.to != 0) return {};
      if (vote->content.kind == VoteKind::Commit) return {};
    }
    if (phase <= 2 && phase > 0 && std::holds_alternative<CertifiedBlocks>(*message)) return {};
    if (phase == 2 && vote != nullptr && vote->content.kind != VoteKind::Attest &&
        vote->content.view <= View{1}) {
      return {};  // a bad moment: votes of views 0 and 1 are lost
    }
    return {packet};
  });
  network.start_all();
  network.run_for(500);
  phase = 1;
  ASSERT_TRUE(network.run_until(
      [&] {
        const ReplicaView view = network.node(0).replica().view();
        return view.prepared > view.committed;
      },
      2'000));
  phase = 2;
  network.isolate(0);
  ASSERT_TRUE(network.run_until(
      [&] {
        for (std::size_t i = 1; i < 4; ++i) {
          const ReplicaView view = network.node(i).replica().view();
          if (view.view != View{1} || view.changing_view) return false;
          if (view.tip <= view.committed) return false;  // the first block of view 1 is accepted
        }
        return true;
      },
      5'000))
      << network.describe();
  network.heal();  // 0 adopts the NewView of view 1, too
  ASSERT_TRUE(network.run_until(
      [&] {
        const ReplicaView view = network.node(0).replica().view();
        return view.view == View{1} && !view.changing_view && view.tip > view.committed;
      },
      2'000))
      << network.describe();
  network.isolate(1);  // the set of view 2 needs the ViewChange of 0
  ASSERT_TRUE(
      network.run_until([&] { return network.node(0).replica().view().view >= View{2}; }, 10'000));
  network.run_for(300);
  phase = 3;
  network.heal();
  if (restart_all) {
    network.run_for(5'000);
    for (std::size_t i = 0; i < 4; ++i) network.restart(i);
  }
  const std::uint64_t before = network.node(0).replica().stable().value;
  const bool moved = network.run_to_height(before + 3, 300'000);
  EXPECT_TRUE(moved);
}

TEST(Found, R28_an_anchor_that_all_had_abandoned_is_still_held) {
  abandoned_anchor(false);
}
TEST(Found, R28_an_anchor_that_all_had_abandoned_is_still_held_after_a_restart) {
  abandoned_anchor(true);
}

// abort. The chain began by R8a above the own window; the vote for it is remembered, the block
// is not.
TEST(Found, R38_a_chain_that_began_above_the_window_is_remembered_like_its_vote) {
  Solo solo(four(), 3);
  solo.executes = false;
  std::vector<Block> blocks;
  for (std::uint64_t i = 0; i < solo.parameters.window; ++i) {
    blocks.push_back(solo.next_block());
    solo.propose(blocks.back());
  }
  const Block next = in_view(solo.block_after(blocks.back()), {1});
  solo.deliver(2, CertifiedBlocks{{next}, certified(VoteKind::Prepare, next, {1})});
  ASSERT_EQ(solo.replica->view().view, View{1});
  ASSERT_TRUE(solo.has_voted(VoteKind::Prepare, next.height));
  const auto log = solo.log;
  Solo again(four(), 3, solo.parameters, solo.recovered({0}));
  again.log = log;
  EXPECT_TRUE(again.replica->view().voting);
  EXPECT_EQ(again.replica->view().tip, next.height);
  // The NewView comes, the window moves, and the primary of view 1 equivocates at that height.
  if (again.replica->view().changing_view)
    again.deliver(1, new_view_of({1}, certified(VoteKind::Prepare, blocks.back(), {0})));
  EXPECT_TRUE(again.replica->view().voting);
  again.commit(blocks.front());
  again.attest(blocks.front());
  EXPECT_EQ(again.replica->stable(), Height{1});
  Block other = next;
  ++other.time.ms;
  again.propose(other);  // once a broken invariant
  EXPECT_EQ(again.replica->view().view, View{1});
}

// a commit certificate that is known before its block is not used when the block comes as an
// anchor or below one.
TEST(Found, R11_a_known_commit_is_applied_when_its_block_arrives_below_an_anchor) {
  Solo solo(four(), 3);
  const Block block = solo.next_block();
  solo.commit(block);  // the block itself was lost
  EXPECT_EQ(solo.replica->view().committed, Height{0});
  solo.deliver(1, new_view_of({1}, certified(VoteKind::Prepare, block, {0})));
  solo.deliver(0, BlockRange{{block}});
  EXPECT_TRUE(solo.replica->view().voting);
  EXPECT_EQ(solo.replica->view().committed, Height{1});
  for (const VoteKind kind : {VoteKind::Prepare, VoteKind::Commit}) {
    const VoteContent content{kind, {}, {1}, {1}, block.hash(four().chain())};
    for (const std::size_t i : {0U, 1U, 2U}) solo.deliver(i, four().vote(i, content));
  }
  EXPECT_EQ(solo.replica->view().committed, Height{1}) << "even by q commit votes of view 1";
}

// stopped by R27, votes again after a restart.
TEST(Found, R27_a_stop_survives_a_restart) {
  Solo solo(four(), 3);
  solo.executes = false;
  const Block first = solo.next_block();
  solo.propose(first);
  solo.prepare(first);
  solo.commit(first);
  const Block second = solo.next_block();
  solo.propose(second);
  solo.prepare(second);
  solo.commit(second);
  ASSERT_EQ(solo.replica->view().committed, Height{2});
  solo.deliver(1, new_view_of({1}, certified(VoteKind::Prepare, first, {0})));
  EXPECT_EQ(solo.events(EventType::VotesStopped), 1U);
  Solo again(four(), 3, solo.parameters, solo.recovered({0}));
  EXPECT_FALSE(again.replica->view().voting);
  EXPECT_TRUE(again.voted.empty());
  // A certificate of that view, which begins its chain, changes nothing.
  std::vector<Block> above;
  while (above.size() < 4)
    above.push_back(in_view(solo.block_after(above.empty() ? second : above.back()), {1}));
  solo.deliver(2, CertifiedBlocks{above, certified(VoteKind::Prepare, above.back(), {1})});
  ASSERT_EQ(solo.replica->view().tip, Height{6});
  Solo later(four(), 3, solo.parameters, solo.recovered({0}));
  EXPECT_FALSE(later.replica->view().voting);
  EXPECT_TRUE(later.voted.empty());
}

// behind by more views than are kept, a validator that catches up by segments is never told
// the view.
TEST(Found, R22_far_behind_in_views_under_load_it_is_told_the_view) {
  NetworkSetup setup = view_change_setup(77, 7);
  setup.parameters.epoch_blocks = 100'000;
  setup.parameters.window = 16;
  Network network(setup);
  network.start_all();
  network.load(3'000, 100);
  network.run_for(300);
  network.isolate(6);
  for (std::uint64_t view = 0; view < 4; ++view) {
    network.crash(view);
    ASSERT_TRUE(network.run_until(
        [&] { return network.node(5).replica().view().view.value >= view + 1; }, 8'000));
    network.restart(view);
    network.run_for(500);
  }
  network.heal();
  const bool joined = network.run_until(
      [&] {
        return network.node(6).replica().view().view == network.node(5).replica().view().view;
      },
      60'000);
  EXPECT_TRUE(joined);
}

// every view asks the same first holder again.
TEST(Found, R28_a_later_view_with_the_same_anchor_asks_another_holder) {
  Solo solo(four(), 3);
  const Block block = solo.next_block();
  const Certificate high = certified(VoteKind::Prepare, block, {0});
  for (const std::uint64_t view : {1U, 2U, 5U, 6U}) solo.deliver(1, new_view_of({view}, high));
  std::vector<InstitutionId> asked;
  for (const Outbound& outbound : solo.sent) {
    if (std::holds_alternative<FetchBlocks>(outbound.message)) asked.push_back(*outbound.to);
  }
  ASSERT_EQ(asked.size(), 4U);
  EXPECT_FALSE(asked[0] == asked[1] && asked[1] == asked[2] && asked[2] == asked[3]);
}

// a second NewView, kept as a record after the chain began by R8a, is the anchor after a
// restart.
TEST(Found, R28_a_second_new_view_stays_a_record_after_a_restart) {
  Solo solo(four(), 3);
  std::vector<Block> old;
  for (int i = 0; i < 4; ++i) {
    old.push_back(solo.next_block());
    solo.propose(old.back());
  }
  // View 1 began on block 1 for the others: its first block stands on it.
  const Block first = in_view(solo.block_after(old[0]), {1});
  solo.deliver(2, CertifiedBlocks{{first}, certified(VoteKind::Prepare, first, {1})});
  ASSERT_TRUE(solo.has_voted(VoteKind::Prepare, {2}));
  // Another NewView for view 1, with the certificate of a block of view 0 that is not on the chain.
  solo.deliver(1, new_view_of({1}, certified(VoteKind::Prepare, old[3], {0})));
  solo.voted.clear();
  const Block second = solo.block_after(first);
  Solo again(four(), 3, solo.parameters, solo.recovered({0}));
  EXPECT_EQ(again.replica->view().tip, Height{2});
  again.propose(second);
  EXPECT_TRUE(again.has_voted(VoteKind::Prepare, {3}));
}

bool has_voted_only_at(const Solo& solo, Height height) {
  return solo.has_voted(VoteKind::Prepare, height) &&
         std::ranges::all_of(solo.voted,
                             [&](const auto& vote) { return vote.first.second == height; });
}

// the chain began with a certificate above the window; after a restart the lower anchor of a
// NewView that came later was taken for its beginning, and the tip was beyond all that A2 allows.
TEST(Found, R28_a_certificate_above_the_window_began_the_chain_after_a_restart_too) {
  Solo solo(four(), 3);
  const std::uint64_t window = solo.parameters.window;
  std::vector<Block> old;
  while (old.size() < window) {
    old.push_back(old.empty() ? solo.next_block() : solo.block_after(old.back()));
    solo.propose(old.back());
  }
  Block last = old.back();
  std::vector<Block> above;
  while (above.size() < 2) above.push_back(last = in_view(solo.block_after(last), {1}));
  solo.deliver(2, CertifiedBlocks{above, certified(VoteKind::Prepare, last, {1})});
  ASSERT_EQ(solo.replica->view().tip, last.height);
  ASSERT_FALSE(solo.replica->view().changing_view);
  solo.deliver(1, new_view_of({1}, certified(VoteKind::Prepare, old[0], {0})));
  ASSERT_EQ(solo.records_of<NewViewRecord>().size(), 1U);

  // As if it had died before that vote was in the log: R29 asks for it again, and for no other.
  std::erase_if(solo.log, [&](const DurableRecord& record) {
    const auto* vote = std::get_if<VoteRecord>(&record);
    return vote != nullptr && vote->content.view == View{1};
  });
  Solo again(four(), 3, solo.parameters, solo.recovered({0}));
  EXPECT_EQ(again.replica->view().tip, last.height);
  EXPECT_FALSE(again.replica->view().changing_view);
  EXPECT_TRUE(has_voted_only_at(again, last.height));
}

// the same within the window, where what lies between was proposed in an older view.
TEST(Found, R28_a_certificate_within_the_window_began_the_chain_after_a_restart_too) {
  Solo solo(four(), 3);
  const Block first = solo.next_block();
  solo.propose(first);
  const Block second = solo.block_after(first);
  solo.propose(second);
  const Block third = in_view(solo.block_after(second), {1});
  solo.deliver(2, CertifiedBlocks{{third}, certified(VoteKind::Prepare, third, {1})});
  solo.deliver(1, new_view_of({1}, certified(VoteKind::Prepare, first, {0})));
  std::erase_if(solo.log, [&](const DurableRecord& record) {
    const auto* vote = std::get_if<VoteRecord>(&record);
    return vote != nullptr && vote->content.view == View{1};
  });
  Solo again(four(), 3, solo.parameters, solo.recovered({0}));
  EXPECT_TRUE(has_voted_only_at(again, {3}));
}

// a block above the window, voted for in a view that was then left, was nowhere after a restart.
TEST(Found, R9_a_block_voted_for_above_the_window_is_held_after_its_view_was_left) {
  Solo solo(four(), 3);
  std::vector<Block> blocks;
  while (blocks.size() < solo.parameters.window) {
    blocks.push_back(blocks.empty() ? solo.next_block() : solo.block_after(blocks.back()));
    solo.propose(blocks.back());
  }
  const Block above = in_view(solo.block_after(blocks.back()), {1});
  solo.deliver(2, CertifiedBlocks{{above}, certified(VoteKind::Prepare, above, {1})});
  ASSERT_TRUE(solo.has_voted(VoteKind::Prepare, above.height));
  for (const std::size_t i : {0U, 1U, 2U}) solo.deliver(i, four().view_change(i, {2}));
  ASSERT_EQ(solo.replica->view().view, View{2});
  Solo again(four(), 3, solo.parameters, solo.recovered({0}));
  ASSERT_TRUE(again.replica->view().changing_view);
  const Hash hash = above.hash(four().chain());
  again.deliver(1, FetchBlocks{{}, above.height, hash, blocks.back().height});
  ASSERT_EQ(again.sent_of<BlockRange>().size(), 1U);
  EXPECT_EQ(again.sent_of<BlockRange>()[0].blocks.at(0), above);
}

// the log was torn among the blocks that a commit certificate above the window covers: what it
// still held lay beyond all that A2 allows, and the process ended at each start.
TEST(Found, R38_blocks_above_the_window_whose_certified_end_was_torn_off_are_dropped) {
  for (const std::uint64_t view : {0U, 1U}) {
    Solo solo(four(), 3);
    solo.executes = false;
    const std::uint64_t window = solo.parameters.window;
    std::vector<Block> blocks;
    while (blocks.size() < window + 2) {
      const bool is_above = blocks.size() >= window;
      const Block next = blocks.empty() ? solo.next_block() : solo.block_after(blocks.back());
      blocks.push_back(is_above ? in_view(next, {view}) : next);
    }
    solo.deliver(2, CertifiedBlocks{blocks, certified(VoteKind::Commit, blocks.back(), {view})});
    const auto is_last = [&](const DurableRecord& record) {
      const auto* block = std::get_if<BlockRecord>(&record);
      return block != nullptr && block->block.height == blocks.back().height;
    };
    const auto torn = std::ranges::find_if(solo.log, is_last);
    ASSERT_NE(torn, solo.log.end());
    solo.log.erase(torn, solo.log.end());
    Solo again(four(), 3, solo.parameters, solo.recovered({0}));
    EXPECT_EQ(again.replica->view().committed, Height{});
    // A NewView drops them from memory, and the log still has them.
    again.log.insert(again.log.begin(), solo.log.begin(), solo.log.end());
    if (view > 0)
      again.deliver(1, new_view_of({view}, certified(VoteKind::Prepare, blocks[window - 1], {0})));
    Solo third(four(), 3, solo.parameters, again.recovered({0}));
    EXPECT_FALSE(third.replica->view().changing_view);
    EXPECT_EQ(third.replica->view().tip, Height{window});
    third.deliver(2, CertifiedBlocks{blocks, certified(VoteKind::Commit, blocks.back(), {view})});
    EXPECT_EQ(third.replica->view().committed, blocks.back().height);
  }
}

// blocks for an anchor far above the window, not asked for, fill memory.
TEST(Found, R28_blocks_that_were_not_asked_for_are_not_kept) {
  Parameters parameters = Parameters::tiny();
  parameters.epoch_blocks = 1000;
  Solo solo(four(), 3, parameters);
  std::vector<Block> blocks{solo.next_block()};
  for (int i = 0; i < 500; ++i) blocks.push_back(solo.block_after(blocks.back()));
  solo.deliver(1, new_view_of({1}, certified(VoteKind::Prepare, blocks.back(), {0})));
  EXPECT_TRUE(solo.sent_of<FetchBlocks>().empty());
  for (std::size_t end = blocks.size(); end > 0; end -= std::min<std::size_t>(end, 50)) {
    const std::size_t begin = end - std::min<std::size_t>(end, 50);
    solo.deliver(0, BlockRange{{blocks.begin() + static_cast<std::ptrdiff_t>(begin),
                                blocks.begin() + static_cast<std::ptrdiff_t>(end)}});
  }
  EXPECT_LT(solo.replica->view().tip, Height{100});
}

TEST(Found, A10_abandoned_blocks_stay_within_their_budget_and_the_lowest_views_go_first) {
  AbandonedBlocks abandoned;
  const std::vector<Hash> ids(kBlockBatchesMax, hash_of("id"));  // 2 MiB each
  const std::uint64_t count = kAbandonedBytesMax / (ids.size() * sizeof(Hash)) + 1;
  std::vector<Hash> hashes;
  for (std::uint64_t view = 1; view <= count; ++view) {
    const Block block{{}, {view}, {5}, {}, {}, ids};
    hashes.push_back(hash_of(std::to_string(view)));
    abandoned.add(block, hashes.back());
  }
  EXPECT_EQ(abandoned.find(hashes.front()), nullptr);
  EXPECT_NE(abandoned.find(hashes.back()), nullptr);
  abandoned.release({4});
  EXPECT_NE(abandoned.find(hashes.back()), nullptr);
  abandoned.release({5});
  EXPECT_EQ(abandoned.find(hashes.back()), nullptr);
}

// A primary signs two NewViews, each with ViewChanges that another member sent: the others follow
// the one, and the validator that adopted the other lacks its anchor when it catches up with what
// was committed in that very view. It took one liar for more than f, and never voted again.
class TwoNewViews : public ::testing::Test {
 protected:
  TwoNewViews() {
    const Block abandoned = solo.next_block();
    solo.deliver(1, new_view_of(View{1}, certified(VoteKind::Prepare, abandoned, View{0})));
    Block followed = in_view(abandoned, View{1});
    followed.time.ms += 1;
    const Header header =
        executed_after(four().genesis(), four(), followed, solo.parameters.epoch_blocks).header;
    const VoteContent attested{
        VoteKind::Attest, {}, {}, header.height, header.hash(four().chain())};
    segment = ChainSegment{{followed}, header, four().certificate(attested)};
  }

  Solo solo{four(), 3};
  ChainSegment segment;
};

TEST_F(TwoNewViews, who_adopted_the_other_abstains_in_that_view) {
  solo.deliver(0, segment);
  EXPECT_EQ(solo.replica->view().committed, Height{1});
  EXPECT_EQ(solo.events(EventType::VotesStopped), 0U);
  EXPECT_EQ(solo.events(EventType::Abstaining), 1U);
  EXPECT_TRUE(solo.replica->may_vote());
  EXPECT_FALSE(solo.has_voted(VoteKind::Prepare, Height{1}));
  EXPECT_FALSE(solo.has_voted(VoteKind::Commit, Height{1}));
}

TEST_F(TwoNewViews, it_takes_part_in_the_next_view) {
  solo.deliver(0, segment);
  solo.deliver(0, four().view_change(0, View{2}));
  solo.deliver(2, four().view_change(2, View{2}));
  ASSERT_EQ(solo.sent_of<ProvenViewChange>().size(), 1U);
  EXPECT_EQ(solo.sent_of<ProvenViewChange>().front().change.view, View{2});
}

TEST_F(TwoNewViews, it_abstains_after_a_restart_too) {
  solo.deliver(0, segment);
  Solo again(four(), 3, Parameters::tiny(), solo.recovered(Height{1}), {}, solo.headers);
  EXPECT_EQ(again.events(EventType::VotesStopped), 0U);
  EXPECT_TRUE(again.replica->may_vote());
  const Block next = again.block_after(segment.blocks.back());
  again.propose(next);
  EXPECT_FALSE(again.has_voted(VoteKind::Prepare, Height{2}));
}

TEST_F(TwoNewViews, against_a_commit_of_a_lower_view_it_stops) {
  Block committed = in_view(segment.blocks.front(), View{0});
  committed.time.ms += 1;
  const Certificate commit = certified(VoteKind::Commit, committed, View{0});
  solo.deliver(0, CertifiedBlocks{{committed}, commit});
  EXPECT_EQ(solo.events(EventType::VotesStopped), 1U);
}

// A NewView reached this validator alone, and blocks of its anchor's chain were fetched. The others
// went on to a later view, where they committed another block in the place of one of them.
class AnchorOvertaken : public ::testing::Test {
 protected:
  // The anchor is the last of `fetched`; they stand above a first block that both chains have.
  void adopt(const std::vector<Block>& fetched) {
    solo.deliver(1, new_view_of(View{1}, certified(VoteKind::Prepare, fetched.back(), View{0})));
    solo.deliver(0, BlockRange{fetched});
  }
  void catch_up_with(Block other) {
    other.view = {2};
    other.time.ms += 1;
    Header header = four().genesis();
    for (const Block& block : {first, other})
      header = executed_after(header, four(), block, solo.parameters.epoch_blocks).header;
    const VoteContent attested{
        VoteKind::Attest, {}, {}, header.height, header.hash(four().chain())};
    solo.deliver(0, ChainSegment{{first, other}, header, four().certificate(attested)});
  }
  void expect_abstains() {
    EXPECT_EQ(solo.replica->view().committed, Height{2});
    EXPECT_EQ(solo.replica->view().tip, Height{2});
    EXPECT_EQ(solo.events(EventType::VotesStopped), 0U);
    EXPECT_EQ(solo.events(EventType::Abstaining), 1U);
    EXPECT_TRUE(solo.replica->may_vote());
  }

  Solo solo{four(), 3};
  const Block first = solo.next_block();
};

TEST_F(AnchorOvertaken, R11_below_the_anchor_it_abstains) {
  const Block second = solo.block_after(first);
  adopt({second, solo.block_after(second)});
  catch_up_with(second);
  expect_abstains();
}

TEST_F(AnchorOvertaken, R11_also_when_both_chains_name_one_batch) {
  const BatchPtr batch = batch_of(four().institution(2), 1, soon(solo));
  solo.deliver_batch(batch, 2);
  const Block second = solo.block_after(first);
  adopt({second, solo.block_after(second, {batch->id})});
  catch_up_with(solo.block_after(first, {batch->id}));
  expect_abstains();
}

TEST_F(AnchorOvertaken, R11_in_the_anchor_s_own_place_too) {
  const Block second = solo.block_after(first);
  adopt({second});
  catch_up_with(second);
  expect_abstains();
}

}  // namespace
}  // namespace giro::consensus::testing
