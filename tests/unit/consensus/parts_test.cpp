// The parts that have no rules of their own: linked blocks, held batches, questions, counted votes.
#include <gtest/gtest.h>

#include "consensus/chain.h"
#include "consensus/dissemination.h"
#include "consensus/limits.h"
#include "consensus/votes.h"
#include "tests/unit/consensus/solo.h"

namespace giro::consensus::testing {
namespace {

Block block_of(std::uint64_t view, std::uint64_t height, std::size_t ids = 0) {
  return {{},
          {view},
          {height},
          hash_of("parent"),
          {kWallStartMs},
          std::vector<Hash>(ids, hash_of("id"))};
}

// ---- R13: blocks that wait, R28: blocks that were abandoned

TEST(WaitingBlocks, R13_each_sender_pays_for_its_own_and_gets_it_back) {
  WaitingBlocks waiting;
  const std::uint64_t two = 2 * (kBlockOverheadBytes + 3 * sizeof(Hash));
  EXPECT_EQ(waiting.bytes({10}), 0U);
  EXPECT_EQ(waiting.add(block_of(1, 5, 3), hash_of("a"), {10}, two), RejectReason::None);
  EXPECT_EQ(waiting.add(block_of(1, 5, 3), hash_of("b"), {20}, two), RejectReason::Duplicate);
  EXPECT_EQ(waiting.add(block_of(1, 6, 3), hash_of("c"), {10}, two), RejectReason::None);
  EXPECT_EQ(waiting.bytes({10}), two);
  EXPECT_EQ(waiting.add(block_of(1, 7), hash_of("d"), {10}, two), RejectReason::OverBudget);
  EXPECT_EQ(waiting.add(block_of(1, 7), hash_of("d"), {20}, two), RejectReason::None);
  waiting.erase({1}, {9});  // nothing there
  waiting.erase({1}, {5});
  EXPECT_EQ(waiting.bytes({10}), two / 2);
  EXPECT_EQ(waiting.find({1}, {5}), nullptr);
  waiting.release_views({1});
  EXPECT_NE(waiting.find({1}, {6}), nullptr);
  waiting.release({6});
  EXPECT_EQ(waiting.bytes({10}), 0U);
  EXPECT_NE(waiting.find({1}, {7}), nullptr);
  waiting.release_views({2});
  EXPECT_EQ(waiting.bytes({20}), 0U);
}

TEST(AbandonedBlocks, R28_the_bytes_are_bounded_and_the_lowest_views_go_first) {
  AbandonedBlocks abandoned;
  const std::size_t ids = kBlockBatchesMax;
  const std::size_t fit = kAbandonedBytesMax / (kBlockOverheadBytes + ids * sizeof(Hash));
  for (std::uint64_t view = 1; view <= fit; ++view)
    abandoned.add(block_of(view, 5, ids), hash_of(std::to_string(view)));
  abandoned.add(block_of(1, 5, ids), hash_of("1"));  // again: charged once
  EXPECT_EQ(abandoned.all().size(), fit);
  abandoned.add(block_of(fit + 1, 4, ids), hash_of("newest"));
  EXPECT_EQ(abandoned.all().size(), fit);
  EXPECT_EQ(abandoned.find(hash_of("1")), nullptr);
  ASSERT_NE(abandoned.find(hash_of("2")), nullptr);
  abandoned.release({4});
  EXPECT_EQ(abandoned.find(hash_of("newest")), nullptr);
  EXPECT_EQ(abandoned.all().size(), fit - 1);
  abandoned.add(block_of(1, 6, ids), hash_of("room again"));
  EXPECT_EQ(abandoned.all().size(), fit);
}

TEST(Chain, only_what_lies_between_base_and_tip_is_found) {
  Chain chain({5}, hash_of("base"), {kWallStartMs});
  EXPECT_EQ(chain.find(Height{5}), nullptr);
  EXPECT_EQ(chain.hash_at({5}), hash_of("base"));
  EXPECT_EQ(chain.hash_at({4}), std::nullopt);
  EXPECT_EQ(chain.tip_hash(), hash_of("base"));
  Block block = block_of(0, 6);
  block.parent = hash_of("base");
  chain.append(block, hash_of("six"), {});
  EXPECT_EQ(chain.hash_at({6}), hash_of("six"));
  EXPECT_EQ(chain.hash_at({7}), std::nullopt);
  EXPECT_TRUE(chain.cut_above({6}).empty());
  EXPECT_EQ(chain.cut_above({5}).size(), 1U);
  EXPECT_EQ(chain.tip(), chain.base());
}

// ---- R5: ids that blocks have named

TEST(NamedIds, R5_an_id_is_forgotten_when_committed_and_expired_and_not_before) {
  NamedIds named;
  const Hash low = hash_of("low"), high = hash_of("high"), unknown = hash_of("unknown");
  named.add(low, {3});
  named.add(low, {4});  // the first one stands
  EXPECT_EQ(named.height_of(low), Height{3});
  named.add(high, {9});
  named.add(unknown, {3});
  named.set_expiry(low, {100});
  named.set_expiry(low, {900});  // known already
  named.set_expiry(high, {100});
  named.set_expiry(hash_of("never named"), {100});
  named.prune({100}, {5});
  EXPECT_EQ(named.size(), 3U) << "not yet past its expiry";
  named.prune({101}, {5});
  EXPECT_EQ(named.height_of(low), std::nullopt);
  EXPECT_EQ(named.height_of(high), Height{9})
      << "its block may be cut, and it is needed until then";
  EXPECT_EQ(named.height_of(unknown), Height{3}) << "its expiry is unknown";
  named.remove(high, {8});  // another block's
  EXPECT_EQ(named.height_of(high), Height{9});
  named.remove(high, {9});
  named.remove(high, {9});
  EXPECT_EQ(named.height_of(high), std::nullopt);
  named.prune({1'000}, {9});
  EXPECT_EQ(named.size(), 1U);
}

// ---- R3, R6: batches

class Pool : public ::testing::Test {
 protected:
  BatchPool pool;
  std::uint64_t next_seq = 0;
  Hash held(std::uint32_t author, std::int64_t expires_ms, std::string_view text = "pay") {
    const BatchPtr batch = batch_of({author}, ++next_seq, expires_ms, text);
    pool.insert(batch, true, Instant{static_cast<std::int64_t>(next_seq)});
    return batch->id;
  }
  std::vector<Hash> take(std::uint64_t bytes, std::int64_t time_ms = 1'000) {
    return pool.take({bytes, 10, {time_ms}, 1'000});
  }
};

TEST_F(Pool, R6_what_does_not_fit_the_blocks_time_is_passed_over_and_kept) {
  const Hash expired = held(10, 999);
  const Hash at_first = held(10, 1'000), at_last = held(10, 3'000);
  const Hash too_late = held(10, 3'001);
  EXPECT_EQ(take(10'000), (std::vector{at_first, at_last}));
  EXPECT_EQ(pool.available_count(), 4U) << "taking names nothing yet";
  EXPECT_TRUE(pool.holds(expired) && pool.holds(too_late));
  EXPECT_TRUE(take(10'000, 5'000).empty());
}

TEST_F(Pool, R6_an_author_whose_next_batch_does_not_fit_is_done_and_the_others_go_on) {
  const Hash large = held(10, 2'000, std::string(500, 'x'));
  held(10, 2'000);
  const Hash small = held(20, 2'000);
  EXPECT_EQ(take(100), std::vector{small});
  EXPECT_EQ(take(10'000).front(), large) << "it begins after the author that was served last";
}

TEST_F(Pool, R2_what_the_own_clock_calls_expired_is_available_again_when_the_clock_goes_back) {
  const Hash id = held(10, 1'000);
  EXPECT_EQ(pool.oldest_arrival(), Instant{1});
  pool.set_clock({1'001});
  EXPECT_EQ(pool.available_count(), 0U);
  EXPECT_EQ(pool.oldest_arrival(), std::nullopt);
  EXPECT_TRUE(pool.oldest().empty());
  EXPECT_TRUE(pool.holds(id)) << "another clock may still let a block name it";
  pool.set_clock({1'000});
  EXPECT_EQ(pool.available_count(), 1U);
  EXPECT_EQ(take(10'000), std::vector{id});
}

TEST_F(Pool,
       R5_what_block_time_has_passed_is_dropped_whether_fresh_or_stale_and_its_quota_given_back) {
  held(10, 1'000);
  pool.set_clock({1'500});
  held(10, 1'400);  // came late: stale at once
  held(10, 2'000);
  EXPECT_EQ(pool.available_count(), 1U);
  EXPECT_EQ(pool.drop_expired({1'400}).size(), 1U);
  EXPECT_EQ(pool.unordered_count({10}), 2U);
  EXPECT_EQ(pool.drop_expired({2'001}).size(), 2U);
  EXPECT_EQ(pool.unordered_bytes({10}), 0U);
  EXPECT_EQ(pool.unordered_count({10}), 0U);
  EXPECT_EQ(pool.size(), 0U);
}

TEST_F(Pool, R3_each_step_of_a_batch_is_taken_once_and_none_back_from_an_ordered_one) {
  const Hash id = held(10, 2'000), other = held(10, 2'000);
  pool.name(hash_of("not held"));
  pool.unname(hash_of("not held"));
  pool.order(hash_of("not held"));
  pool.forget(hash_of("not held"));
  pool.unname(id);  // no block named it
  EXPECT_EQ(pool.available_count(), 2U);
  pool.name(id);
  pool.order(id);
  EXPECT_EQ(pool.unordered_count({10}), 1U);
  pool.order(id);
  pool.name(id);
  pool.unname(id);
  EXPECT_EQ(pool.unordered_count({10}), 1U) << "given back once";
  EXPECT_EQ(pool.available_count(), 1U);
  pool.forget(id);
  pool.forget(id);
  EXPECT_EQ(pool.unordered_count({10}), 1U);
  EXPECT_EQ(pool.ids(), std::vector{other});
  EXPECT_EQ(pool.unordered_bytes({20}), 0U);
}

TEST_F(Pool, R2_own_batches_are_sent_again_within_the_bytes_of_a_turn_and_not_to_who_confirmed) {
  const Hash first = held(10, 2'000, std::string(300, 'x'));
  const Hash second = held(10, 2'000, std::string(300, 'y'));
  OwnBatches own;
  own.add(first, Instant{0});
  own.add(second, Instant{0});
  own.confirm(hash_of("ordered meanwhile"), {20});
  EXPECT_FALSE(own.contains(hash_of("ordered meanwhile")));
  EXPECT_TRUE(own.due({20}, Instant{kResendBatchAfterUs - 1}, pool, 400).empty());
  const auto due = own.due({20}, Instant{kResendBatchAfterUs}, pool, 400);
  ASSERT_EQ(due.size(), 1U);
  own.confirm(due[0]->id, {20});
  const auto rest = own.due({20}, Instant{kResendBatchAfterUs}, pool, 400);
  ASSERT_EQ(rest.size(), 1U) << "the other one's turn";
  EXPECT_NE(rest[0]->id, due[0]->id);
  EXPECT_EQ(own.due({30}, Instant{kResendBatchAfterUs}, pool, 1'000).size(), 2U);
  EXPECT_EQ(own.due({40}, Instant{kResendBatchAfterUs}, pool, 1).size(), 1U) << "one at least";
}

// ---- R9, R20: questions for payload

TEST(PayloadRequests, R20_what_was_only_offered_is_given_up_after_every_peer_was_asked) {
  PayloadRequests requests;
  const std::vector<InstitutionId> peers{{10}, {20}, {30}};
  const Hash offered = hash_of("offered"), named = hash_of("named");
  requests.want(offered, false, {0}, InstitutionId{20});
  requests.want(named, true, {0}, InstitutionId{77});  // its source is none of the peers
  requests.want(named, false, {0}, std::nullopt);      // an offer takes nothing from it
  EXPECT_EQ(requests.offered(), 1U);
  EXPECT_TRUE(requests.ask({0}, {}, 10).empty()) << "nobody to ask";
  std::map<Hash, std::vector<InstitutionId>> asked;
  for (std::int64_t at = 0; at < 12 * kFetchRetryUs; at += kFetchRetryUs) {
    for (const Fetch& fetch : requests.ask({at}, peers, 10)) {
      for (const Hash& id : std::get<FetchBatches>(fetch.what).batches)
        asked[id].push_back(fetch.from);
    }
  }
  EXPECT_EQ(asked[offered].front(), InstitutionId{20}) << "its source first";
  EXPECT_EQ(asked[offered].size(), 4U);
  EXPECT_EQ(asked[named].size(), 12U) << "what a block names is asked for without end";
  EXPECT_EQ(std::set(asked[named].begin(), asked[named].end()).size(), 3U);
  EXPECT_EQ(requests.find(offered), nullptr);
  EXPECT_EQ(requests.offered(), 0U);
  requests.done(offered);
  requests.done(named);
  EXPECT_TRUE(requests.empty());
  EXPECT_EQ(requests.due(), std::nullopt);
}

TEST(PayloadRequests, R9_an_offer_that_a_block_names_counts_as_named) {
  PayloadRequests requests;
  requests.want(hash_of("id"), false, {0}, std::nullopt);
  requests.want(hash_of("id"), true, {0}, std::nullopt);
  EXPECT_EQ(requests.offered(), 0U);
  EXPECT_TRUE(requests.find(hash_of("id"))->named);
  requests.want(hash_of("id"), true, {0}, std::nullopt);
  EXPECT_EQ(requests.offered(), 0U);
}

TEST(PayloadRequests, R9_no_more_are_on_their_way_than_there_is_room_for) {
  PayloadRequests requests;
  for (int i = 0; i < 5; ++i) requests.want(hash_of(std::to_string(i)), true, {i}, std::nullopt);
  EXPECT_EQ(requests.due(), Instant{0});
  const auto count = [](const std::vector<Fetch>& fetches) {
    std::size_t ids = 0;
    for (const Fetch& fetch : fetches) ids += std::get<FetchBatches>(fetch.what).batches.size();
    return ids;
  };
  EXPECT_EQ(count(requests.ask({2}, {{10}, {20}}, 2)), 2U);
  EXPECT_EQ(count(requests.ask({2}, {{10}, {20}}, 2)), 0U);
  requests.done(hash_of("0"));
  EXPECT_EQ(count(requests.ask({2}, {{10}, {20}}, 2)), 1U);
  EXPECT_EQ(count(requests.ask({2}, {{10}, {20}}, 9)), 0U) << "the others are not due";
  EXPECT_EQ(requests.due(), Instant{3});
  EXPECT_EQ(requests.oldest(2).size(), 2U);
  EXPECT_EQ(requests.oldest(9).size(), 4U);
}

// ---- R13: votes

TEST(VoteBook, R13_a_voter_that_no_set_has_is_found_nowhere_and_places_without_votes_count_none) {
  VoteBook book(4);
  const VoteContent content{VoteKind::Commit, {0}, {2}, {7}, hash_of("block")};
  EXPECT_EQ(book.count(content), 0U);
  EXPECT_TRUE(book.contradicting(content).empty());
  EXPECT_EQ(book.agreed(VoteKind::Commit, {2}, {7}, 1), std::nullopt);
  EXPECT_EQ(book.add(four().vote(1, content), std::nullopt).reason, RejectReason::None);
  EXPECT_EQ(book.find(VoteKind::Commit, {2}, {7}, {4}), nullptr);
  EXPECT_EQ(book.find(VoteKind::Commit, {2}, {7}, {UINT32_MAX}), nullptr);
  EXPECT_EQ(book.find(VoteKind::Commit, {2}, {7}, {2}), nullptr);
  EXPECT_NE(book.find(VoteKind::Commit, {2}, {7}, {1}), nullptr);
}

// What operators see: whatever they are for, of this view alone.
TEST(VoteBook, Held_votes_are_those_at_the_place_for_any_block) {
  VoteBook book(4);
  EXPECT_EQ(book.held(VoteKind::Commit, {2}, {7}), 0U);
  const auto add = [&](std::size_t voter, VoteKind kind, std::uint64_t view, const char* block) {
    const VoteContent content{kind, {0}, {view}, {7}, hash_of(block)};
    ASSERT_EQ(book.add(four().vote(voter, content), std::nullopt).reason, RejectReason::None);
  };
  add(1, VoteKind::Commit, 2, "block");
  add(2, VoteKind::Commit, 2, "another");
  add(3, VoteKind::Commit, 3, "block");
  add(3, VoteKind::Prepare, 2, "block");
  EXPECT_EQ(book.held(VoteKind::Commit, {2}, {7}), 2U);
  EXPECT_EQ(book.held(VoteKind::Prepare, {2}, {7}), 1U);
  EXPECT_EQ(book.held(VoteKind::Commit, {2}, {8}), 0U);
}

TEST(VoteBook, R46_a_commit_is_forgotten_by_a_promise_for_a_later_view_with_a_lower_mark_alone) {
  VoteBook book(4);
  const VoteContent content{VoteKind::Commit, {0}, {2}, {7}, hash_of("block")};
  (void)book.add(four().vote(1, content), std::nullopt);
  VoteContent prepare = content;
  prepare.kind = VoteKind::Prepare;
  prepare.height = {9};
  (void)book.add(four().vote(1, prepare), std::nullopt);
  const auto forgotten = [&](std::uint64_t below, std::uint64_t view, std::uint64_t height,
                             std::uint32_t voter = 1) {
    return book.commit_above({voter}, {below}, {{view}, {height}, {}}) != nullptr;
  };
  EXPECT_TRUE(forgotten(3, 2, 6));
  EXPECT_TRUE(forgotten(3, 1, 99));
  EXPECT_FALSE(forgotten(3, 2, 7));
  EXPECT_FALSE(forgotten(2, 1, 6)) << "of the view that was promised";
  EXPECT_FALSE(forgotten(3, 2, 6, 0)) << "another member's";
}

TEST(VoteBook, R13_early_votes_are_paid_for_until_they_are_released) {
  VoteBook book(4);
  const VoteContent content{VoteKind::Prepare, {0}, {2}, {7}, hash_of("block")};
  EXPECT_EQ(book.add(four().vote(1, content), kVoteBytes).reason, RejectReason::None);
  EXPECT_EQ(book.early_bytes({1}), kVoteBytes);
  VoteContent next = content;
  next.height = {8};
  EXPECT_EQ(book.add(four().vote(1, next), kVoteBytes).reason, RejectReason::OverBudget);
  EXPECT_EQ(book.add(four().vote(1, next), std::nullopt).reason, RejectReason::None);
  book.release({7});
  EXPECT_EQ(book.early_bytes({1}), 0U);
  EXPECT_EQ(book.size(), 1U);
  book.release_views({2}, {9});
  EXPECT_EQ(book.size(), 1U) << "a prepare vote of the present view";
  book.release_views({3}, {0});
  EXPECT_EQ(book.size(), 0U);
}

// ---- names and properties of reasons

TEST(RejectReason, R45_each_has_a_name_of_its_own_and_what_is_only_late_is_no_violation) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kRejectReasons; ++i) {
    const std::string_view its = name(static_cast<RejectReason>(i));
    EXPECT_FALSE(its.empty()) << i;
    EXPECT_TRUE(names.insert(its).second) << its;
  }
  for (const RejectReason late :
       {RejectReason::OldEpoch, RejectReason::FutureEpoch, RejectReason::OldView,
        RejectReason::FutureView, RejectReason::OldHeight, RejectReason::BeyondWindow,
        RejectReason::OverBudget, RejectReason::Duplicate, RejectReason::NotAsked,
        RejectReason::StorageLow, RejectReason::OverQuota, RejectReason::AlreadyOrdered}) {
    EXPECT_FALSE(is_violation(late)) << name(late);
  }
  for (const RejectReason fault :
       {RejectReason::Malformed, RejectReason::TooLarge, RejectReason::BadSignature,
        RejectReason::BadCertificate, RejectReason::BadLink, RejectReason::NotPrimary,
        RejectReason::Mismatch, RejectReason::NotVoter}) {
    EXPECT_TRUE(is_violation(fault)) << name(fault);
  }
}

}  // namespace
}  // namespace giro::consensus::testing
