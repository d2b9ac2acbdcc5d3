// Cutting the log (protocol R34): a restart knows the same whether or not everything below a
// statement is gone.
#include <gtest/gtest.h>

#include "tests/unit/consensus/network.h"
#include "tests/unit/consensus/solo.h"

namespace giro::consensus::testing {
namespace {

// What a restart would begin with, from these records.
RecoveredState recovered_from(const Solo& solo, const std::vector<DurableRecord>& log,
                              Height executed) {
  std::vector<Header> recent;
  std::vector<OrderedId> ordered;
  for (const auto& [at, header] : solo.headers) recent.push_back(header);
  for (const CommittedBlock& block : solo.executed) {
    if (block.block.height > executed) continue;
    for (const BatchPtr& batch : block.batches) ordered.push_back({batch->id, batch->expires_at});
  }
  const Header& top = solo.headers.at(executed);
  Recovery recovery(four().chain(), four().set(), four().genesis().hash(four().chain()),
                    solo.parameters.epoch_blocks, top, top.hash(four().chain()), recent);
  recovery.seed_ordered(ordered);
  for (const DurableRecord& record : log) recovery.apply(record);
  return std::move(recovery).finish();
}

void expect_same(const RecoveredState& full, const RecoveredState& cut) {
  EXPECT_EQ(full.set, cut.set);
  EXPECT_EQ(full.epoch_base.height, cut.epoch_base.height);
  EXPECT_EQ(full.epoch_base.block, cut.epoch_base.block);
  EXPECT_EQ(full.epoch_base.header, cut.epoch_base.header);
  EXPECT_EQ(full.first_view, cut.first_view);
  EXPECT_EQ(full.view, cut.view);
  EXPECT_EQ(full.abstain, cut.abstain);
  EXPECT_EQ(full.new_view, cut.new_view);
  EXPECT_EQ(full.own_change, cut.own_change);
  EXPECT_EQ(full.new_view_intent, cut.new_view_intent);
  EXPECT_EQ(full.stable, cut.stable);
  EXPECT_EQ(full.high, cut.high);
  EXPECT_EQ(full.base, cut.base);
  EXPECT_EQ(full.base_hash, cut.base_hash);
  EXPECT_EQ(full.chain, cut.chain);
  EXPECT_EQ(full.committed, cut.committed);
  EXPECT_EQ(full.amnesic_below, cut.amnesic_below);
  EXPECT_EQ(full.floor, cut.floor);
  EXPECT_EQ(full.evidence, cut.evidence);
  EXPECT_EQ(full.snapshot_votes, cut.snapshot_votes);
  const auto sorted = [](std::vector<VoteContent> votes) {
    std::ranges::sort(votes);
    return votes;
  };
  EXPECT_EQ(sorted(full.votes), sorted(cut.votes));
  EXPECT_EQ(full.unstable_headers, cut.unstable_headers);
  const auto ids_of = [](const RecoveredState& state) {
    std::vector<Hash> ids;
    for (const BatchPtr& batch : state.batches) ids.push_back(batch->id);
    std::ranges::sort(ids);
    return ids;
  };
  const auto ordered_of = [](const RecoveredState& state) {
    std::vector<Hash> ids;
    for (const OrderedId& id : state.ordered) ids.push_back(id.id);
    std::ranges::sort(ids);
    return ids;
  };
  EXPECT_EQ(ids_of(full), ids_of(cut));
  EXPECT_EQ(ordered_of(full), ordered_of(cut));
}

// The statement of a replica, and the log with nothing but it and batches.
std::vector<DurableRecord> statement_of(Solo& solo) {
  const std::size_t before = solo.log.size();
  solo.step(Restate{});
  std::vector<DurableRecord> cut;
  for (std::size_t i = 0; i < before; ++i) {
    if (std::holds_alternative<BatchRecord>(solo.log[i])) cut.push_back(solo.log[i]);
  }
  const auto begin = solo.log.begin() + static_cast<std::ptrdiff_t>(before);
  cut.insert(cut.end(), begin, solo.log.end());
  return cut;
}

TEST(Statement, R34_a_restart_from_it_knows_what_one_from_the_whole_log_does) {
  Solo solo(four(), 1);
  for (int i = 0; i < 12; ++i) {  // into the second epoch
    const BatchPtr batch =
        batch_of(four().institution(0), static_cast<std::uint64_t>(i + 1), soon(solo));
    solo.deliver_batch(batch, 0);
    solo.make_stable(solo.next_block({batch->id}));
  }
  // Its payload stands before the statement, which does not repeat it.
  const BatchPtr named = batch_of(four().institution(0), 100, soon(solo));
  solo.deliver_batch(named, 0);
  const Block open = solo.next_block({named->id});
  solo.propose(open);
  solo.prepare(open);
  const BatchPtr waiting = batch_of(four().institution(2), 1, soon(solo));
  solo.deliver_batch(waiting, 2);
  const auto full = solo.log;
  const auto cut = statement_of(solo);
  for (const std::uint64_t executed : {12U, 13U, 14U}) {
    if (!solo.headers.contains({executed})) continue;
    expect_same(recovered_from(solo, full, {executed}), recovered_from(solo, cut, {executed}));
    expect_same(recovered_from(solo, full, {executed}), recovered_from(solo, solo.log, {executed}));
    for (const auto& log : {cut, solo.log})  // a replica stands on it: its invariants are checked
      Solo again(four(), 1, solo.parameters, recovered_from(solo, log, {executed}), {},
                 solo.headers);
  }
  const RecoveredState state = recovered_from(solo, cut, {12});
  EXPECT_EQ(state.batches.size(), 2U) << "of the open block, and what none has named";
  EXPECT_EQ(state.set.epoch.value, 1U);
  EXPECT_FALSE(state.votes.empty());
}

TEST(Statement, R34_wherever_the_log_is_cut_below_it_the_restart_knows_the_same) {
  Solo solo(four(), 1);
  for (int i = 0; i < 11; ++i) solo.make_stable(solo.next_block());
  const Block open = solo.next_block();
  solo.propose(open);
  solo.prepare(open);
  const auto full = solo.log;
  (void)statement_of(solo);
  const RecoveredState whole = recovered_from(solo, full, {11});
  for (std::size_t from = 0; from <= full.size(); ++from) {
    const std::vector<DurableRecord> kept(solo.log.begin() + static_cast<std::ptrdiff_t>(from),
                                          solo.log.end());
    expect_same(whole, recovered_from(solo, kept, {11}));
    ASSERT_FALSE(::testing::Test::HasFailure()) << from;
  }
}

TEST(Statement, R38_a_store_that_lost_its_newest_writes_is_done_again_while_nothing_is_cut) {
  Solo solo(four(), 1);
  for (int i = 0; i < 3; ++i) solo.make_stable(solo.next_block());
  const auto full = solo.log;
  (void)statement_of(solo);
  for (const std::uint64_t executed : {0U, 1U, 2U, 3U}) {
    expect_same(recovered_from(solo, full, {executed}), recovered_from(solo, solo.log, {executed}));
  }
}

TEST(Statement, R34_a_store_that_is_lost_beside_a_log_that_was_cut_is_told) {
  Solo solo(four(), 1);
  for (int i = 0; i < 3; ++i) solo.make_stable(solo.next_block());
  const auto cut = statement_of(solo);
  const auto has_gap = [&](const std::vector<DurableRecord>& log, Height executed) {
    const Header& top = solo.headers.at(executed);
    Recovery recovery(four().chain(), four().set(), four().genesis().hash(four().chain()),
                      solo.parameters.epoch_blocks, top, top.hash(four().chain()), {});
    for (const DurableRecord& record : log) recovery.apply(record);
    return recovery.has_gap();
  };
  EXPECT_FALSE(has_gap(cut, {3}));
  EXPECT_TRUE(has_gap(cut, {2}));
  EXPECT_TRUE(has_gap(cut, {0}));
  EXPECT_FALSE(has_gap(solo.log, {0})) << "nothing is missing";
}

// What an installed snapshot says of where the chain begins.
BaseRecord snapshot_at(const Solo& solo, Height height) {
  const Epoch epoch = epoch_of({height.value + 1}, solo.parameters.epoch_blocks);
  const Height below{epoch.value * solo.parameters.epoch_blocks};
  const Header base = below == Height{} ? four().genesis() : solo.headers.at(below);
  const Header& top = solo.headers.at(height);
  return {four().set(epoch),
          base.next_first_view,
          below,
          base.block,
          base.hash(four().chain()),
          height,
          top.block,
          top.time,
          std::nullopt};
}

// A store that was lost beside a log that was cut begins with a snapshot; the cut kept every block
// above it. Old bases and epochs that the log still says change nothing.
TEST(Statement, R34_from_a_snapshot_the_log_that_was_cut_above_it_leads_on) {
  Solo solo(four(), 1);
  for (int i = 0; i < 9; ++i) solo.make_stable(solo.next_block());
  solo.step(Restate{});
  for (int i = 0; i < 6; ++i) solo.make_stable(solo.next_block());
  const Block open = solo.next_block();
  solo.propose(open);
  solo.prepare(open);
  solo.step(Restate{});
  for (const std::uint64_t height : {10U, 12U, 14U}) {  // 10 ends an epoch
    std::size_t first_kept = 0;
    while (first_kept < solo.log.size()) {
      const auto* block = std::get_if<BlockRecord>(&solo.log[first_kept]);
      if (block != nullptr && block->block.height.value > height) break;
      ++first_kept;
    }
    const Header& top = solo.headers.at(Height{height});
    const RecoveredState whole = recovered_from(solo, solo.log, {height});
    for (const std::size_t from : {std::size_t{0}, first_kept / 2, first_kept}) {
      Recovery recovery(four().chain(), four().set(), four().genesis().hash(four().chain()),
                        solo.parameters.epoch_blocks, top, top.hash(four().chain()), {top});
      recovery.begin_at(snapshot_at(solo, {height}));
      for (std::size_t i = from; i < solo.log.size(); ++i) recovery.apply(solo.log[i]);
      ASSERT_FALSE(recovery.has_gap()) << height << ' ' << from;
      const RecoveredState led = std::move(recovery).finish();
      expect_same(whole, led);
      ASSERT_FALSE(::testing::Test::HasFailure()) << height << ' ' << from;
    }
    Recovery too_little(four().chain(), four().set(), four().genesis().hash(four().chain()),
                        solo.parameters.epoch_blocks, top, top.hash(four().chain()), {top});
    too_little.begin_at(snapshot_at(solo, {height}));
    for (std::size_t i = first_kept + 1; i < solo.log.size(); ++i) too_little.apply(solo.log[i]);
    EXPECT_TRUE(too_little.has_gap()) << "a block is missing";
  }
}

// No attest certificate of the snapshot's height is held: it claims what it can prove.
TEST(Statement, R25_from_a_snapshot_it_makes_a_ViewChange_that_others_take) {
  Solo solo(four(), 1);
  for (int i = 0; i < 3; ++i) solo.make_stable(solo.next_block());
  const Header& top = solo.headers.at(Height{3});
  Recovery recovery(four().chain(), four().set(), four().genesis().hash(four().chain()),
                    solo.parameters.epoch_blocks, top, top.hash(four().chain()), {top});
  recovery.begin_at(snapshot_at(solo, {3}));
  Solo installed(four(), 1, solo.parameters, std::move(recovery).finish(), {}, solo.headers);
  for (const std::size_t from : {std::size_t{0}, std::size_t{2}, std::size_t{3}})
    installed.deliver(from, four().view_change(from, View{1}));
  installed.pass(5'000);
  installed.tick();
  ASSERT_EQ(installed.replica->view().view.value, 1U);
  const auto made = installed.records_of<ViewChangeRecord>();
  ASSERT_EQ(made.size(), 1U);
  EXPECT_EQ(made[0].change.change.stable, Height{});
  const auto sent = installed.sent_of<ProvenViewChange>();
  Solo other(four(), 2);
  for (const ProvenViewChange& change : sent)
    EXPECT_EQ(other.verdict(1, change), RejectReason::None);
}

// Begins with the snapshot of a height, as after an install.
Solo installed_at(const Solo& solo, std::uint64_t height,
                  std::optional<std::uint64_t> search = {}) {
  const Header& top = solo.headers.at(Height{height});
  Recovery recovery(four().chain(), four().set(), four().genesis().hash(four().chain()),
                    solo.parameters.epoch_blocks, top, top.hash(four().chain()), {top});
  recovery.begin_at(snapshot_at(solo, {height}));
  RecoveredState state = std::move(recovery).finish();
  state.floor_search = search;
  Solo installed(four(), 1, solo.parameters, std::move(state), {}, solo.headers);
  installed.blocks[{height}] = solo.blocks.at({height});
  return installed;
}

// No certificate comes with a snapshot's height. It keeps silent until it can show as much as it
// attested, and not longer.
TEST(Statement, R39_from_a_snapshot_it_answers_a_search_once_it_can_show_what_is_committed) {
  Solo solo(four(), 1);
  for (int i = 0; i < 12; ++i) solo.make_stable(solo.next_block());
  Solo inside = installed_at(solo, 3);
  inside.deliver(2, QueryStable{5});
  EXPECT_TRUE(inside.sent_of<ReplyStable>().empty());
  inside.make_stable(inside.next_block());
  inside.deliver(2, QueryStable{5});
  const auto replies = inside.sent_of<ReplyStable>();
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(replies[0].highest->content.height.value, 4U);
  // The last height of an epoch needs no proof in the next one.
  Solo ending = installed_at(solo, 10);
  ending.deliver(2, QueryStable{5});
  const auto at_base = ending.sent_of<ReplyStable>();
  ASSERT_EQ(at_base.size(), 1U);
  EXPECT_EQ(at_base[0].epoch.value, 1U);
  EXPECT_FALSE(at_base[0].highest);
}

TEST(Statement, R39_from_a_snapshot_a_floor_is_searched_and_found) {
  Solo solo(four(), 1);
  for (int i = 0; i < 12; ++i) solo.make_stable(solo.next_block());
  Solo searching = installed_at(solo, 12, 7);
  for (const std::size_t from : {std::size_t{0}, std::size_t{2}, std::size_t{3}})
    searching.deliver(from, ReplyStable{7, {1}, false, {}});
  const auto found = searching.replica->view().floor_search->found;
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->epoch.value, 1U);
  EXPECT_EQ(found->height.value, 20U) << "what the snapshot shows counts";
}

TEST(Statement, R34_the_view_and_its_promises_are_stated) {
  Solo solo(four(), 1);
  solo.make_stable(solo.next_block());
  for (const std::size_t from : {std::size_t{0}, std::size_t{2}, std::size_t{3}})
    solo.deliver(from, four().view_change(from, View{1}));
  solo.pass(5'000);
  solo.tick();
  ASSERT_EQ(solo.replica->view().view.value, 1U);
  const auto full = solo.log;
  const auto cut = statement_of(solo);
  const RecoveredState whole = recovered_from(solo, full, {1});
  ASSERT_TRUE(whole.own_change.has_value());
  expect_same(whole, recovered_from(solo, cut, {1}));
}

// The promises of a key that is not in use, and those of the one that is.
TEST(Statement, R43_each_key_finds_its_own_promises_wherever_the_log_is_cut) {
  Solo solo(four(), 1);
  for (int i = 0; i < 3; ++i) solo.make_stable(solo.next_block());
  const Block open = solo.next_block();
  solo.propose(open);
  solo.prepare(open);
  const KeyRecord first{four().identity(1).key}, second{four().identity(1, 1).key};
  const VoteContent snapshot{VoteKind::Snapshot, {}, {}, {2}, hash_of("manifest")};
  std::vector<DurableRecord> log{second, CeilingRecord{1, {}, {}, {4}}, FloorRecord{{{}, {}, {2}}},
                                 first, CeilingRecord{5, {}, {}, {8}}};
  log.insert(log.end(), solo.log.begin(), solo.log.end());
  for (const DurableRecord& record :
       std::vector<DurableRecord>{CeilingRecord{6, {}, {}, {12}}, VoteRecord{snapshot},
                                  FloorRecord{{{}, {}, {1}}}, AmnesiaRecord{kUnknownFloor}, second,
                                  CeilingRecord{2, {}, {}, {9}}, AmnesiaRecord{{{}, {}, {7}}}})
    log.push_back(record);
  const std::size_t before = log.size();
  const RecoveredState state = recovered_from(solo, log, {3});
  ASSERT_EQ(state.key, second.key);
  ASSERT_EQ(state.other_keys.size(), 1U);
  ASSERT_FALSE(state.other_keys.at(first.key).votes.empty());
  Solo restarted(four(), 1, solo.parameters, state, {}, solo.headers);
  const auto statement = statement_of(restarted);
  log.insert(log.end(), statement.begin(), statement.end());

  const auto expect_keys = [&](const RecoveredState& whole, const RecoveredState& cut) {
    expect_same(whole, cut);
    EXPECT_EQ(whole.key, cut.key);
    EXPECT_EQ(whole.ceilings.last, cut.ceilings.last);
    EXPECT_EQ(whole.ceilings.before, cut.ceilings.before);
    EXPECT_EQ(whole.other_keys.size(), cut.other_keys.size());
  };
  for (std::size_t from = 0; from <= before; ++from) {
    std::vector<DurableRecord> kept(log.begin() + static_cast<std::ptrdiff_t>(from), log.end());
    std::vector<DurableRecord> whole(log.begin(),
                                     log.begin() + static_cast<std::ptrdiff_t>(before));
    expect_keys(recovered_from(solo, whole, {3}), recovered_from(solo, kept, {3}));
    whole.emplace_back(first);  // the other key is back
    kept.emplace_back(first);
    const RecoveredState back = recovered_from(solo, kept, {3});
    EXPECT_EQ(back.amnesic_below, kUnknownFloor);
    EXPECT_FALSE(back.votes.empty());
    EXPECT_EQ(back.snapshot_votes, std::vector{snapshot});
    expect_keys(recovered_from(solo, whole, {3}), back);
    ASSERT_FALSE(::testing::Test::HasFailure()) << from;
  }
}

// What a search has found takes the place of a floor that nobody knew; a statement keeps it so.
TEST(Statement, R39_a_floor_that_was_found_stays_found) {
  const auto floor_stated = [](bool is_found) {
    RecoveredState state = four().fresh();
    state.floor_search = 7;
    state.amnesic_below = kUnknownFloor;
    Solo solo(four(), 3, Parameters::tiny(), std::move(state));
    for (std::size_t from = 0; is_found && from < 3; ++from)
      solo.deliver(from, ReplyStable{7, {}, false, {}});
    const auto found = solo.replica->view().floor_search->found;
    EXPECT_EQ(found.has_value(), is_found);
    solo.log.clear();
    solo.step(Restate{});
    const auto records = solo.records_of<AmnesiaRecord>();
    EXPECT_EQ(records.size(), 1U);
    return std::pair(found, records.at(0).floor);
  };
  const auto [none, unknown] = floor_stated(false);
  EXPECT_EQ(unknown, kUnknownFloor);
  const auto [found, stated] = floor_stated(true);
  EXPECT_EQ(stated, found);
}

// Random networks whose logs are cut to the bone again and again, with crashes, view changes and
// loss: nothing that R36 forbids is signed, and nobody is left behind.
class CutNetworks : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(CutNetworks, R34_cutting_costs_neither_safety_nor_progress) {
  NetworkSetup setup = view_change_setup(GetParam());
  setup.faults.loss_percent = static_cast<unsigned>(GetParam() % 3) * 3;
  Network network(setup);
  network.start_all();
  network.load(20'000, 60);
  std::uint64_t cuts = 0;
  for (int round = 0; round < 40; ++round) {
    network.run_for(250);
    const std::size_t node = network.random()() % network.size();
    if (network.node(node).is_up()) {
      network.node(node).cut_log();
      ++cuts;
    }
    if (round % 3 != 2) continue;
    network.run_for(5);  // perhaps in the middle of it
    const std::size_t victim = network.random()() % network.size();
    network.restart(victim);
  }
  EXPECT_GT(cuts, 20U);
  network.set_faults({});
  std::uint64_t highest = 0;
  for (std::size_t i = 0; i < network.size(); ++i)
    highest = std::max(highest, network.node(i).replica().stable().value);
  EXPECT_TRUE(network.run_to_height(highest + 20, 60'000)) << network.describe();
  expect_no_violations(network);
}

INSTANTIATE_TEST_SUITE_P(Some, CutNetworks, ::testing::Range(std::uint64_t{1}, std::uint64_t{9}));

}  // namespace
}  // namespace giro::consensus::testing
