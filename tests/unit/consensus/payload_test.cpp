// Dissemination: batches, quotas, own ones again, and what blocks may name (protocol R2, R3, R5,
// R6).
#include <gtest/gtest.h>

#include "consensus/limits.h"
#include "tests/unit/consensus/solo.h"

namespace giro::consensus::testing {
namespace {

// ---- R3

TEST(R3, a_batch_is_logged_then_confirmed_to_its_author_and_again_when_it_comes_again) {
  Solo solo(four(), 1);
  const BatchPtr batch = batch_of(four().institution(2), 1, soon(solo));
  solo.deliver_batch(batch, 2);
  ASSERT_EQ(solo.records_of<BatchRecord>().size(), 1U);
  ASSERT_EQ(solo.sent_of<BatchConfirm>().size(), 1U);
  EXPECT_EQ(solo.sent_of<BatchConfirm>()[0].batch, batch->id);
  solo.deliver_batch(batch, 2);
  EXPECT_EQ(solo.records_of<BatchRecord>().size(), 1U);
  EXPECT_EQ(solo.sent_of<BatchConfirm>().size(), 2U);
  EXPECT_EQ(solo.rejects(RejectReason::Duplicate), 1U);
}

TEST(R3, refuses_strangers_relays_expiry_and_size) {
  Solo solo(four(), 1);
  const auto lifetime = static_cast<std::int64_t>(solo.parameters.batch_lifetime_ms);
  const auto skew = static_cast<std::int64_t>(solo.parameters.clock_skew_ms);
  const InstitutionId author = four().institution(2);
  solo.deliver_batch(batch_of(author, 1, soon(solo)), 3);
  EXPECT_EQ(solo.rejects(RejectReason::NotAuthor), 1U);
  solo.step(BatchAvailable{batch_of({77}, 1, soon(solo)), {77}});
  EXPECT_EQ(solo.rejects(RejectReason::AuthorNotMember), 1U);
  solo.deliver_batch(batch_of(author, 2, solo.now.wall.ms + lifetime + skew), 2);
  EXPECT_EQ(solo.rejects(RejectReason::ExpiresTooLate), 0U);
  solo.deliver_batch(batch_of(author, 3, solo.now.wall.ms + lifetime + skew + 1), 2);
  EXPECT_EQ(solo.rejects(RejectReason::ExpiresTooLate), 1U);
  solo.deliver_batch(batch_of(author, 4, solo.now.wall.ms - 1), 2);
  EXPECT_EQ(solo.rejects(RejectReason::Expired), 1U);
  solo.deliver_batch(batch_of(author, 5, soon(solo), std::string(solo.parameters.batch_bytes, 'x')),
                     2);
  EXPECT_EQ(solo.rejects(RejectReason::TooLarge), 1U);
  EXPECT_EQ(solo.replica->view().available_batches, 1U);
  EXPECT_EQ(solo.events(EventType::BatchRefused), 5U);
}

TEST(R3, the_quota_of_unordered_bytes_holds_to_the_byte_and_is_given_back_by_order) {
  Parameters parameters = Parameters::tiny();
  const InstitutionId author = four().institution(2);
  const BatchPtr first = batch_of(author, 1, kWallStartMs + 30'000, "first");
  const BatchPtr second = batch_of(author, 2, kWallStartMs + 30'000, "again");
  const BatchPtr third = batch_of(author, 3, kWallStartMs + 30'000, "3");
  parameters.author_quota = first->bytes.size() + second->bytes.size() + 2 * kBatchOverheadBytes;
  Solo solo(four(), 1, parameters);
  solo.deliver_batch(first, 2);
  solo.deliver_batch(second, 2);  // exactly at the quota
  EXPECT_EQ(solo.rejects(RejectReason::OverQuota), 0U);
  solo.deliver_batch(third, 2);
  EXPECT_EQ(solo.rejects(RejectReason::OverQuota), 1U);
  const Block block = solo.next_block({first->id});
  solo.propose(block);
  solo.deliver_batch(third, 2);  // named is not ordered
  EXPECT_EQ(solo.rejects(RejectReason::OverQuota), 2U);
  solo.prepare(block);
  solo.commit(block);
  solo.deliver_batch(third, 2);
  EXPECT_EQ(solo.rejects(RejectReason::OverQuota), 2U);
}

TEST(R3, many_small_batches_are_charged_for_the_memory_that_they_take) {
  Parameters parameters = Parameters::tiny();
  parameters.author_quota = 3 * (kBatchOverheadBytes + 64);
  Solo solo(four(), 1, parameters);
  for (std::uint64_t seq = 1; seq <= 10; ++seq) {
    solo.deliver_batch(batch_of(four().institution(2), seq, soon(solo), "x"), 2);
  }
  EXPECT_EQ(solo.replica->view().available_batches, 3U);
  EXPECT_EQ(solo.rejects(RejectReason::OverQuota), 7U);
  const std::uint64_t left = solo.replica->own_quota_left();  // what it says is what is taken
  const BatchPtr empty = batch_of(four().institution(1), 1, soon(solo), "x");
  const std::string filler(left - empty->bytes.size() - 1, 'x');
  const BatchPtr full = batch_of(four().institution(1), 1, soon(solo), filler);
  EXPECT_LE(full->bytes.size(), left);
  solo.deliver_batch(full, 1);
  EXPECT_EQ(solo.rejects(RejectReason::OverQuota), 7U);
}

TEST(R3, neither_quota_nor_clock_keeps_a_block_from_its_payload) {
  Parameters parameters = Parameters::tiny();
  parameters.author_quota = 1;
  Solo solo(four(), 1, parameters);
  const BatchPtr batch = batch_of(four().institution(2), 1, soon(solo));
  const Block block = solo.next_block({batch->id});
  solo.propose(block);
  EXPECT_FALSE(solo.has_voted(VoteKind::Prepare, {1}));
  solo.pass(31'000);  // by the own clock the batch has expired meanwhile
  solo.deliver_batch(batch, 3);
  EXPECT_TRUE(solo.has_voted(VoteKind::Prepare, {1}));
}

TEST(R2, own_batches_go_to_all_and_again_to_those_who_do_not_confirm) {
  Solo solo(four(), 1);
  const BatchPtr batch = batch_of(four().institution(1), 1, soon(solo));
  solo.deliver_batch(batch, 1);
  ASSERT_EQ(solo.sent_of<BatchMessage>().size(), 1U);
  EXPECT_EQ(solo.replica->unordered_own_batches(), 1U);
  solo.deliver(2, BatchConfirm{batch->id});
  solo.sent.clear();
  solo.pass(500);
  solo.deliver(3, Status{});
  EXPECT_EQ(solo.sent_of<BatchMessage>().size(), 0U);  // not more often than once a second
  solo.pass(600);
  solo.deliver(2, Status{});
  EXPECT_EQ(solo.sent_of<BatchMessage>().size(), 0U);  // has it
  solo.deliver(3, Status{});
  EXPECT_EQ(solo.sent_of<BatchMessage>().size(), 1U);
  solo.deliver(3, BatchConfirm{hash_of("another")});
  EXPECT_EQ(solo.rejects(RejectReason::NotAsked), 1U);
}

// ---- R5, R6

TEST(R5, a_block_names_each_batch_once_and_none_of_its_ancestors) {
  Solo twice(four(), 1);
  const BatchPtr batch = batch_of(four().institution(2), 1, soon(twice));
  twice.deliver_batch(batch, 2);
  twice.propose(twice.next_block({batch->id, batch->id}));
  EXPECT_EQ(twice.rejects(RejectReason::BadBatchList), 1U);
  EXPECT_EQ(twice.replica->view().tip.value, 0U);
  Solo solo(four(), 1);
  solo.deliver_batch(batch, 2);
  solo.propose(solo.next_block({batch->id}));
  EXPECT_EQ(solo.replica->view().tip.value, 1U);
  solo.propose(solo.next_block({batch->id}));
  EXPECT_EQ(solo.rejects(RejectReason::BadBatchList), 1U);
  EXPECT_EQ(solo.replica->view().tip.value, 1U);
  Solo crowded(four(), 1);
  std::vector<Hash> ids;
  for (std::uint64_t i = 0; i <= crowded.parameters.block_batches; ++i)
    ids.push_back(hash_of(std::to_string(i)));
  crowded.propose(crowded.next_block(ids));
  EXPECT_EQ(crowded.rejects(RejectReason::BadBatchList), 1U);
}

TEST(R5, an_id_is_remembered_until_block_time_has_passed_its_expiry) {
  Solo solo(four(), 1);
  const BatchPtr batch = batch_of(four().institution(2), 1, solo.now.wall.ms + 1'000);
  solo.deliver_batch(batch, 2);
  solo.make_stable(solo.next_block({batch->id}));
  solo.pass(500);
  solo.make_stable(solo.next_block());
  solo.deliver_batch(batch, 2);
  EXPECT_EQ(solo.rejects(RejectReason::AlreadyOrdered), 1U);
  solo.pass(600);
  solo.make_stable(solo.next_block());
  solo.deliver_batch(batch, 2);
  EXPECT_EQ(solo.rejects(RejectReason::AlreadyOrdered), 1U);
  EXPECT_EQ(solo.rejects(RejectReason::Expired), 1U);
}

TEST(R5, a_batch_out_of_the_blocks_time_is_refused_before_and_after_it_arrives) {
  Solo solo(four(), 1);
  const auto lifetime = static_cast<std::int64_t>(solo.parameters.batch_lifetime_ms);
  const BatchPtr held = batch_of(four().institution(2), 1, solo.now.wall.ms + 10);
  solo.deliver_batch(held, 2);
  solo.pass(100);
  solo.propose(solo.next_block({held->id}));
  EXPECT_EQ(solo.rejects(RejectReason::BatchOutOfTime), 1U);
  EXPECT_EQ(solo.replica->view().tip.value, 0U);
  Solo other(four(), 1);
  const BatchPtr late = batch_of(four().institution(2), 2, other.now.wall.ms + 2 * lifetime + 1);
  other.propose(other.next_block({late->id}));
  EXPECT_EQ(other.replica->view().tip.value, 1U);
  other.deliver_batch(late, 0);
  EXPECT_EQ(other.rejects(RejectReason::BatchOutOfTime), 1U);
  EXPECT_FALSE(other.has_voted(VoteKind::Prepare, {1}));
}

TEST(R5, the_payload_of_a_block_stays_within_block_bytes) {
  Parameters parameters = Parameters::tiny();
  const BatchPtr one =
      batch_of(four().institution(2), 1, kWallStartMs + 30'000, std::string(200, 'a'));
  const BatchPtr two =
      batch_of(four().institution(2), 2, kWallStartMs + 30'000, std::string(200, 'b'));
  parameters.block_bytes = one->bytes.size() + two->bytes.size();
  Solo exact(four(), 1, parameters);
  exact.propose(exact.next_block({one->id, two->id}));
  exact.deliver_batch(one, 2);
  exact.deliver_batch(two, 2);
  EXPECT_TRUE(exact.has_voted(VoteKind::Prepare, {1}));
  --parameters.block_bytes;
  Solo above(four(), 1, parameters);
  above.propose(above.next_block({one->id, two->id}));
  above.deliver_batch(one, 2);
  above.deliver_batch(two, 2);
  EXPECT_FALSE(above.has_voted(VoteKind::Prepare, {1}));
  EXPECT_EQ(above.rejects(RejectReason::TooMuchPayload), 1U);
}

TEST(R6, the_primary_takes_batches_round_robin_over_authors_oldest_first_within_limits) {
  Parameters parameters = Parameters::tiny();
  parameters.block_batches = 3;
  Solo solo(four(), 0, parameters);
  solo.executes = false;
  const Block first = [&] {
    solo.deliver_batch(
        batch_of(four().institution(3), 1, soon(solo), "goes alone, since nothing is in flight"),
        3);
    return solo.sent_of<PrePrepare>().at(0).block;
  }();
  ASSERT_EQ(first.batches.size(), 1U);
  std::map<std::pair<std::size_t, int>, Hash> ids;
  for (const int seq : {7, 5, 6}) {
    for (const std::size_t author : {2U, 1U}) {
      const BatchPtr batch =
          batch_of(four().institution(author), static_cast<std::uint64_t>(seq), soon(solo));
      ids[{author, seq}] = batch->id;
      solo.deliver_batch(batch, author);
    }
  }
  EXPECT_EQ(solo.sent_of<PrePrepare>().size(), 1U);  // in flight, small, and young
  solo.pass(10);
  solo.tick();
  ASSERT_GE(solo.sent_of<PrePrepare>().size(), 2U);
  const Block second = solo.sent_of<PrePrepare>()[1].block;
  EXPECT_EQ(second.batches, (std::vector<Hash>{ids[{1, 5}], ids[{2, 5}], ids[{1, 6}]}));
  EXPECT_EQ(second.parent, first.hash(four().chain()));
  EXPECT_GT(second.time, first.time);
}

TEST(R6, no_block_above_the_window_and_none_for_a_full_one) {
  Solo solo(four(), 0);
  for (int i = 1; i <= 12; ++i) {
    solo.deliver_batch(batch_of(four().institution(1), static_cast<std::uint64_t>(i), soon(solo),
                                std::string(3'900, 'x')),
                       1);
    solo.pass(20);
    solo.tick();
  }
  EXPECT_EQ(solo.replica->view().tip.value, solo.parameters.window);
}

}  // namespace
}  // namespace giro::consensus::testing
