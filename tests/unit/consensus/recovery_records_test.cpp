// Reading the log back, record by record, in orders that a torn tail, a cut, an older store or
// another key leave behind (protocol R34, R37, R38, R43).
#include <gtest/gtest.h>

#include "consensus/limits.h"
#include "tests/unit/consensus/solo.h"

namespace giro::consensus::testing {
namespace {

class Reading : public ::testing::Test {
 protected:
  Reading() {
    for (int i = 0; i < 5; ++i) source.make_stable(source.next_block());
  }
  // A store that ends with this height.
  Recovery reading(std::uint64_t executed = 0) const {
    std::vector<Header> recent;
    for (const auto& [at, header] : source.headers) recent.push_back(header);
    const Header& top = source.headers.at({executed});
    return Recovery(four().chain(), four().set(), four().genesis().hash(four().chain()), 10, top,
                    top.hash(four().chain()), recent);
  }
  RecoveredState read(const std::vector<DurableRecord>& log, std::uint64_t executed = 0) const {
    Recovery recovery = reading(executed);
    for (const DurableRecord& record : log) recovery.apply(record);
    return std::move(recovery).finish();
  }
  const Block& block(std::uint64_t height) const { return source.blocks.at({height}); }
  Certificate attest(std::uint64_t height) const {
    return four().certificate({VoteKind::Attest, {}, {}, {height}, source.header_hash({height})});
  }
  BaseRecord base_at(std::uint64_t height) const {
    return {four().set(),
            {},
            {},
            four().chain(),
            four().genesis().hash(four().chain()),
            {height},
            block(height).hash(four().chain()),
            block(height).time,
            attest(height)};
  }
  static VoteContent vote(VoteKind kind, std::uint64_t height, std::uint64_t epoch = 0,
                          std::uint64_t view = 0) {
    return {kind, {epoch}, {view}, {height}, hash_of("digest")};
  }
  Solo source{four(), 1};
};

// ---- the chain

TEST_F(Reading, R38_a_block_that_continues_nothing_is_left_out) {
  Block beside = block(2);
  beside.parent = hash_of("another parent");
  Block first_beside = block(1);
  first_beside.parent = hash_of("another genesis");
  const RecoveredState state =
      read({BlockRecord{first_beside}, BlockRecord{block(1)}, BlockRecord{beside},
            BlockRecord{block(3)}, BlockRecord{block(2)}, BlockRecord{block(2)}});
  EXPECT_EQ(state.chain, (std::vector{block(1), block(2)}));
  EXPECT_TRUE(state.abandoned.empty());
}

TEST_F(Reading, R38_what_replaced_a_block_stands_and_what_it_replaced_is_remembered) {
  Block other = block(2);
  ++other.time.ms;
  const RecoveredState state = read(
      {BlockRecord{block(1)}, BlockRecord{block(2)}, BlockRecord{block(3)}, BlockRecord{other}});
  EXPECT_EQ(state.chain, (std::vector{block(1), other}));
  EXPECT_EQ(state.abandoned, (std::vector{block(2), block(3)}));
}

TEST_F(Reading, R34_a_block_at_or_below_what_is_stable_says_nothing_new) {
  std::vector<DurableRecord> log;
  for (std::uint64_t height = 1; height <= 3; ++height) log.push_back(BlockRecord{block(height)});
  log.push_back(CertificateRecord{attest(3)});
  const RecoveredState before = read(log, 1);  // the store has lost two of them
  Block other = block(2);
  ++other.time.ms;
  log.push_back(BlockRecord{other});
  log.push_back(BlockRecord{block(1)});
  log.push_back(CertificateRecord{attest(2)});
  log.push_back(AbandonedRecord{other});
  log.push_back(ChainProofRecord{source.headers.at({2}), attest(2)});
  log.push_back(VoteRecord{vote(VoteKind::Prepare, 3)});
  const RecoveredState after = read(log, 1);
  EXPECT_EQ(after.stable, Height{3});
  EXPECT_EQ(after.base, Height{1});
  EXPECT_EQ(after.chain, before.chain);
  EXPECT_TRUE(after.abandoned.empty() && after.chain_proofs.empty() && after.votes.empty());
}

TEST_F(Reading, R38_a_proof_makes_only_its_own_block_committed) {
  const ChainProofRecord proof{source.headers.at({2}), attest(2)};
  const std::vector<DurableRecord> log{proof, BlockRecord{block(1)}, BlockRecord{block(2)}};
  EXPECT_EQ(read(log).committed, Height{2});
  EXPECT_EQ(read(log).chain_proofs.size(), 1U);
  Block other = block(2);
  ++other.time.ms;
  EXPECT_EQ(read({proof, BlockRecord{block(1)}, BlockRecord{other}}).committed, Height{0});
  EXPECT_EQ(
      read({BlockRecord{block(1)}, CertificateRecord{certified(VoteKind::Prepare, block(1), {0})}})
          .committed,
      Height{0})
      << "prepared is not committed";
  EXPECT_EQ(
      read({BlockRecord{block(1)}, CertificateRecord{certified(VoteKind::Commit, block(1), {0})}})
          .committed,
      Height{1});
}

TEST_F(Reading, R5_a_batch_that_had_expired_before_the_executed_block_is_not_held) {
  const std::int64_t then = source.headers.at({1}).time.ms;
  const BatchPtr expired = batch_of({10}, 1, then - 1), last = batch_of({10}, 2, then);
  const RecoveredState state = read({BlockRecord{block(1)}, CertificateRecord{attest(1)},
                                     BatchRecord{expired}, BatchRecord{last}},
                                    1);
  ASSERT_EQ(state.batches.size(), 1U);
  EXPECT_EQ(state.batches[0]->id, last->id);
}

// ---- views and promises

TEST_F(Reading, R38_records_of_a_lower_view_or_another_epoch_change_nothing) {
  const auto change = [](std::uint64_t view, std::uint64_t epoch = 0) {
    return ViewChangeRecord{four().view_change(1, {view}, {}, {epoch})};
  };
  std::vector<DurableRecord> log{ViewRecord{{0}, {2}}, change(3), NewViewRecord{new_view_of({3})},
                                 NewViewIntentRecord{new_view_of({3})}, AbstainRecord{{0}, {3}}};
  const RecoveredState before = read(log);
  EXPECT_EQ(before.view, View{3});
  EXPECT_TRUE(before.own_change && before.new_view && before.new_view_intent && before.abstain);
  for (const DurableRecord& late :
       {DurableRecord(ViewRecord{{0}, {2}}), DurableRecord(change(2)), DurableRecord(change(9, 1)),
        DurableRecord(NewViewRecord{new_view_of({2})}),
        DurableRecord(NewViewIntentRecord{new_view_of({1})}),
        DurableRecord(AbstainRecord{{0}, {2}}), DurableRecord(ViewRecord{{1}, {9}})}) {
    log.push_back(late);
    const RecoveredState after = read(log);
    EXPECT_EQ(after.view, View{3}) << late.index();
    EXPECT_EQ(after.own_change, before.own_change) << late.index();
    EXPECT_EQ(after.new_view, before.new_view) << late.index();
    EXPECT_EQ(after.new_view_intent, before.new_view_intent) << late.index();
    EXPECT_TRUE(after.abstain) << late.index();
  }
  log.push_back(ViewRecord{{0}, {4}});
  const RecoveredState left = read(log);
  EXPECT_FALSE(left.own_change || left.new_view || left.new_view_intent || left.abstain);
  for (const AbstainRecord& other : {AbstainRecord{{0}, {3}}, AbstainRecord{{1}, {4}}}) {
    log.push_back(other);
    EXPECT_FALSE(read(log).abstain) << "of another view or epoch";
  }
}

TEST_F(Reading, R10a_the_certificate_of_an_adopted_new_view_is_high_unless_a_higher_one_is_known) {
  const Certificate low = certified(VoteKind::Prepare, block(1), {0});
  const NewViewRecord adopted{new_view_of({2}, low)};
  EXPECT_EQ(read({adopted}).high, low);
  const Certificate higher = certified(VoteKind::Commit, block(2), {1});
  EXPECT_EQ(read({CertificateRecord{higher}, adopted}).high, higher);
  EXPECT_EQ(read({adopted, CertificateRecord{higher}}).high, higher);
  Certificate other_epoch = higher;
  other_epoch.content.epoch = {1};
  EXPECT_EQ(read({adopted, CertificateRecord{other_epoch}}).high, low);
}

TEST_F(Reading, R43_a_key_that_comes_back_finds_what_is_not_over_yet) {
  const KeyRecord first{four().signer(1, 0).public_key()}, second{four().signer(1, 1).public_key()};
  const ViewChangeRecord change{four().view_change(1, {2})};
  const NewViewIntentRecord intent{new_view_of({2})};
  const Floor floor{{0}, {1}, {1}};
  std::vector<DurableRecord> log{first,
                                 CeilingRecord{7, {0}, {2}, {4}},
                                 change,
                                 intent,
                                 VoteRecord{vote(VoteKind::Prepare, 1, 0, 2)},
                                 VoteRecord{vote(VoteKind::Prepare, 9, 0, 2)},
                                 VoteRecord{vote(VoteKind::Prepare, 19, 1, 2)},
                                 VoteRecord{vote(VoteKind::Snapshot, 16, 1)},
                                 FloorRecord{floor},
                                 second};
  RecoveredState state = read(log);
  EXPECT_EQ(state.key, second.key);
  EXPECT_TRUE(state.votes.empty() && state.snapshot_votes.empty());
  EXPECT_FALSE(state.own_change || state.new_view_intent || state.floor || state.ceilings.last);
  ASSERT_EQ(state.other_keys.size(), 1U);
  EXPECT_EQ(state.other_keys.at(first.key).votes.size(), 3U);
  log.push_back(second);  // said again: nothing is lost
  EXPECT_EQ(read(log).other_keys.size(), 1U);
  log.push_back(BlockRecord{block(1)});
  log.push_back(CertificateRecord{attest(1)});
  log.push_back(first);
  state = read(log, 1);
  EXPECT_EQ(state.own_change, change.change);
  EXPECT_EQ(state.new_view_intent, intent.new_view);
  EXPECT_EQ(state.votes, std::vector{vote(VoteKind::Prepare, 9, 0, 2)});
  EXPECT_EQ(state.snapshot_votes, std::vector{vote(VoteKind::Snapshot, 16, 1)});
  EXPECT_EQ(state.floor, floor);
  EXPECT_EQ(state.ceilings.last->number, 7U);
  // Its view is left meanwhile.
  log.insert(log.end() - 1, ViewRecord{{0}, {3}});
  state = read(log, 1);
  EXPECT_FALSE(state.own_change || state.new_view_intent);
  EXPECT_EQ(state.view, View{3});
}

TEST_F(Reading, R43_what_stands_before_the_first_key_is_of_nobody_known) {
  const RecoveredState state =
      read({VoteRecord{vote(VoteKind::Prepare, 1)}, CeilingRecord{3, {}, {}, {4}},
            KeyRecord{four().signer(1).public_key()}});
  EXPECT_TRUE(state.votes.empty() && state.other_keys.empty());
  EXPECT_FALSE(state.ceilings.last.has_value());
}

// ---- epochs

TEST_F(Reading, R42_an_epoch_that_is_over_does_not_come_back) {
  Solo longer(four(), 1);
  for (int i = 0; i < 12; ++i) longer.make_stable(longer.next_block());
  Recovery recovery(four().chain(), four().set(), four().genesis().hash(four().chain()), 10,
                    longer.headers.at({12}), longer.header_hash({12}), {});
  BaseRecord snapshot{four().set({1}),
                      {},
                      {10},
                      {},
                      {},
                      {12},
                      longer.headers.at({12}).block,
                      longer.headers.at({12}).time,
                      std::nullopt};
  snapshot.epoch_block = longer.headers.at({10}).block;
  snapshot.epoch_header = longer.header_hash({10});
  recovery.begin_at(snapshot);
  for (const DurableRecord& record : longer.log) recovery.apply(record);
  // Of the epoch before the one in which the snapshot lies.
  recovery.apply(EpochRecord{four().set({0}), {7}, four().genesis(), {}});
  const RecoveredState state = std::move(recovery).finish();
  EXPECT_EQ(state.set.epoch, Epoch{1});
  EXPECT_EQ(state.first_view, View{0});
  EXPECT_EQ(state.stable, Height{12});
}

// ---- statements

TEST_F(Reading, R34_a_statement_whose_base_is_not_ours_tells_of_a_gap) {
  Recovery recovery = reading(0);
  recovery.apply(BlockRecord{block(1)});
  recovery.apply(base_at(1));
  EXPECT_FALSE(recovery.has_gap()) << "the log leads there";
  EXPECT_EQ(recovery.stated(), Height{1});
  Block other = block(1);
  ++other.time.ms;
  Recovery beside = reading(0);
  beside.apply(BlockRecord{other});
  beside.apply(base_at(1));
  EXPECT_TRUE(beside.has_gap()) << "another block stands there";
  Recovery missing = reading(0);
  missing.apply(base_at(1));
  EXPECT_TRUE(missing.has_gap());
}

// A store that was lost and is made again stands at the genesis, and the statement's base with it.
TEST_F(Reading, R37_a_statement_made_below_the_own_epoch_forgets_no_epoch_and_no_view) {
  BaseRecord base{four().set(Epoch{1}), View{2}, {10},           hash_of("block 10"),
                  hash_of("header 10"), {},      four().chain(), four().genesis().time,
                  std::nullopt};
  const VoteContent said = vote(VoteKind::Prepare, 11, 1, 5);
  const RecoveredState state = read({base, ViewRecord{{1}, {5}}, VoteRecord{said}}, 0);
  EXPECT_EQ(state.set, four().set(Epoch{1}));
  EXPECT_EQ(state.epoch_base.height, Height{10});
  EXPECT_EQ(state.epoch_base.header, hash_of("header 10"));
  EXPECT_EQ(state.first_view, View{2});
  EXPECT_EQ(state.view, View{5});
  EXPECT_EQ(state.base, Height{});
  EXPECT_EQ(state.votes, std::vector{said});
}

// It followed blocks while it fetched a snapshot above them; then the store was lost.
TEST_F(Reading, R31_a_log_tells_which_payload_below_an_installed_snapshot_it_never_had) {
  const BatchPtr named = batch_of({10}, 1, soon(source));
  Block second = block(2);
  second.batches = {named->id};
  Block third = block(3);
  third.parent = second.hash(four().chain());
  BaseRecord base = base_at(3);
  base.block = third.hash(four().chain());
  const std::vector<DurableRecord> followed{BlockRecord{block(1)}, BlockRecord{second},
                                            BlockRecord{third}};
  const auto lacking = [&](std::vector<DurableRecord> more, std::uint64_t executed = 0) {
    Recovery recovery = reading(executed);
    for (const DurableRecord& record : followed) recovery.apply(record);
    for (const DurableRecord& record : more) recovery.apply(record);
    EXPECT_FALSE(recovery.has_gap());
    return recovery.lacks_payload();
  };
  EXPECT_EQ(lacking({base}), Height{2});
  EXPECT_EQ(lacking({}), std::nullopt) << "what no snapshot covers is still to be had";
  EXPECT_EQ(lacking({base_at(1)}), std::nullopt) << "it lies above the base";
  EXPECT_EQ(lacking({BatchRecord{named}, base}), std::nullopt);
  EXPECT_EQ(lacking({base, BatchRecord{named}}), std::nullopt) << "it came later";
  Recovery kept = reading(0);  // nothing of the memory is in question
  for (const DurableRecord& record : followed) kept.apply(record);
  kept.apply(base);
  kept.apply(VoteRecord{vote(VoteKind::Prepare, 4)});
  EXPECT_EQ(std::move(kept).finish().votes.size(), 1U);
}

// What a snapshot that was installed begins with names the epoch above it. Its store is lost, and
// the log leads there from the genesis all the same.
TEST_F(Reading, R37_a_snapshot_above_a_lost_store_forgets_no_epoch_and_no_view) {
  for (int i = 5; i < 10; ++i) source.make_stable(source.next_block());
  std::vector<DurableRecord> log;
  for (std::uint64_t height = 1; height <= 10; ++height) log.push_back(BlockRecord{block(height)});
  const Hash last = block(10).hash(four().chain());
  log.push_back(BaseRecord{four().set(Epoch{1}),
                           View{2},
                           {10},
                           last,
                           source.header_hash({10}),
                           {10},
                           last,
                           block(10).time,
                           std::nullopt});
  const VoteContent said = vote(VoteKind::Prepare, 11, 1, 5);
  const ViewChangeRecord left{four().view_change(1, {5}, {}, {1})};
  log.insert(log.end(), {left, VoteRecord{said}});
  for (const std::uint64_t executed : {std::uint64_t{0}, std::uint64_t{4}}) {
    const RecoveredState state = read(log, executed);
    EXPECT_EQ(state.set.epoch, Epoch{1});
    EXPECT_EQ(state.epoch_base.height, Height{10});
    EXPECT_EQ(state.first_view, View{2});
    EXPECT_EQ(state.view, View{5});
    EXPECT_EQ(state.own_change, left.change);
    EXPECT_EQ(state.votes, std::vector{said});
    EXPECT_EQ(state.stable, Height{10});
    EXPECT_EQ(state.base, Height{executed}) << "what the store lacks is executed again";
    EXPECT_EQ(state.chain.size(), 10 - executed);
  }
}

TEST_F(Reading, R34_the_chain_that_was_read_goes_on_above_the_base_of_a_statement) {
  const BatchPtr named = batch_of({10}, 1, soon(source));
  Block second = block(2);
  second.batches = {named->id};
  // The log was cut below block 1, which is in the store and made nothing stable.
  std::vector<DurableRecord> log{BatchRecord{named},
                                 BlockRecord{block(1)},
                                 BlockRecord{block(2)},
                                 BlockRecord{block(3)},
                                 VoteRecord{vote(VoteKind::Prepare, 2)},
                                 VoteRecord{vote(VoteKind::Prepare, 3)},
                                 CertificateRecord{certified(VoteKind::Prepare, block(2), {0})},
                                 CertificateRecord{certified(VoteKind::Prepare, block(3), {0})},
                                 base_at(2)};
  const RecoveredState state = read(log, 2);
  EXPECT_EQ(state.base, Height{2});
  EXPECT_EQ(state.stable, Height{2});
  EXPECT_EQ(state.stable_proof, attest(2));
  EXPECT_EQ(state.chain, std::vector{block(3)});
  EXPECT_EQ(state.votes, std::vector{vote(VoteKind::Prepare, 3)});
  EXPECT_EQ(state.certificates.size(), 1U);
  // Where another block stood in the base's place, nothing above it is left.
  Block other = block(2);
  ++other.time.ms;
  Block above = block(3);
  above.parent = other.hash(four().chain());
  log[2] = BlockRecord{other};
  log[3] = BlockRecord{above};
  EXPECT_TRUE(read(log, 2).chain.empty());
}

// ---- what is bounded

TEST_F(Reading, R46_evidence_is_kept_once_and_the_newest) {
  const auto evidence = [](std::uint64_t height) {
    return EvidenceRecord{ConflictingVotes{{vote(VoteKind::Commit, height), {1}, {}},
                                           {vote(VoteKind::Commit, height, 0, 1), {1}, {}}}};
  };
  std::vector<DurableRecord> log{evidence(1), evidence(1)};
  EXPECT_EQ(read(log).evidence.size(), 1U);
  for (std::uint64_t height = 2; height <= kEvidenceMax + 1; ++height)
    log.push_back(evidence(height));
  const RecoveredState state = read(log);
  ASSERT_EQ(state.evidence.size(), kEvidenceMax);
  EXPECT_EQ(height_of(state.evidence.front()), Height{2});
  EXPECT_EQ(height_of(state.evidence.back()), Height{kEvidenceMax + 1});
}

TEST_F(Reading, R34_of_the_own_snapshot_votes_the_newest_few_are_remembered) {
  std::vector<DurableRecord> log;
  for (std::uint64_t i = kSnapshotVotesKept + 2; i > 0; --i) {
    log.push_back(VoteRecord{vote(VoteKind::Snapshot, 16 * i)});
    log.push_back(VoteRecord{vote(VoteKind::Snapshot, 16 * i)});
  }
  const RecoveredState state = read(log);
  ASSERT_EQ(state.snapshot_votes.size(), kSnapshotVotesKept);
  EXPECT_EQ(state.snapshot_votes.front().height, Height{48});
}

TEST_F(Reading, R28_an_abandoned_block_is_kept_once_until_something_stable_stands_beside_it) {
  Block first = block(1), third = block(3);
  first.view = third.view = {7};
  std::vector<DurableRecord> log{AbandonedRecord{first}, AbandonedRecord{third},
                                 AbandonedRecord{third}};
  EXPECT_EQ(read(log).abandoned, (std::vector{first, third}));
  log.push_back(BlockRecord{block(1)});
  log.push_back(CertificateRecord{attest(1)});
  EXPECT_EQ(read(log, 1).abandoned, std::vector{third});
}

// ---- R37

TEST(R37, an_empty_sign_state_is_a_fresh_key_and_one_far_behind_its_log_is_a_copy) {
  const CeilingRecord third{3, {1}, {2}, {8}}, fourth{4, {1}, {2}, {12}}, fifth{5, {1}, {3}, {12}};
  EXPECT_EQ(compare({}, {}), Memory::Complete);
  EXPECT_EQ(compare({}, {fourth, third}), Memory::SignStateBehind);
  EXPECT_EQ(compare(fourth, {fourth, third}), Memory::Complete);
  EXPECT_EQ(compare(fourth, {fifth, fourth}), Memory::Complete) << "one record behind";
  EXPECT_EQ(compare(third, {fifth, fourth}), Memory::SignStateBehind);
  EXPECT_EQ(compare(fifth, {fourth, third}), Memory::LogBehind);
  EXPECT_EQ(compare(fourth, {}), Memory::LogBehind);
  EXPECT_EQ(compare({4, {1}, {2}, {16}}, {fifth, fourth}), Memory::LogBehind) << "word for word";
}

TEST(R39, a_floor_lies_above_both_that_it_is_made_of) {
  const Floor low{{1}, {2}, {30}}, late{{2}, {0}, {15}};
  EXPECT_EQ(higher(low, late), (Floor{{2}, {0}, {30}}));
  EXPECT_EQ(higher(late, low), (Floor{{2}, {0}, {30}}));
  EXPECT_EQ(higher(low, {{1}, {1}, {40}}), (Floor{{1}, {2}, {40}}));
  EXPECT_EQ(floor_below({1, {1}, {2}, {99}}, 10), (Floor{{1}, {2}, {20}}));
  EXPECT_EQ(floor_below({1, {1}, {2}, {19}}, 10), (Floor{{1}, {2}, {19}}));
}

}  // namespace
}  // namespace giro::consensus::testing
