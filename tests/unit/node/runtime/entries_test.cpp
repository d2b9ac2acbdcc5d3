// Entries are found again by their number, in whatever blocks they are (ledger 9.3, 10).
#include "node/runtime/entries.h"

#include <gtest/gtest.h>

#include "node/ledger/outcome_leaf.h"
#include "node/receipt/statement.h"
#include "node/runtime/fatal.h"
#include "storage/key_value_memory.h"

namespace giro::runtime {
namespace {

constexpr ledger::TokenId kToken = 3;

ledger::AccountId account(std::uint8_t fill) {
  ledger::AccountId id;
  id.bytes.fill(std::byte{fill});
  return id;
}

// A store whose blocks move two positions, some more often than others.
class EntriesTest : public testing::Test {
 protected:
  EntriesTest() {
    store_.write_genesis({}, {}, {});
    store_.start(std::make_unique<InlineLane>(), [](consensus::Height, consensus::Height) {});
    for (const auto fill : {kOne, kOther})
      at_[fill].entry_chain = ledger::first_entry_chain(kToken, account(fill));
  }

  // Credits of 10, so many for each; `is_kept` false: the node had no such block.
  void block(std::uint64_t ones, std::uint64_t others, bool is_kept = true) {
    ExecutedBlock block;
    block.header.height = block.block.height = {++height_};
    block.header.time = {static_cast<std::int64_t>(height_) * 1'000};
    ledger::EventRecord record;
    record.height = height_;
    record.type = 11;
    block.events.push_back(ledger::encode_event(record));  // one of another type
    for (const auto& [fill, count] : {std::pair(kOne, ones), std::pair(kOther, others)}) {
      for (std::uint64_t i = 0; i < count; ++i) {
        ledger::Position& position = at_[fill];
        position.posted.lo += 10;
        const ledger::EntryEvent entry{.token = kToken,
                                       .account = account(fill),
                                       .seq = ++position.entry_seq,
                                       .side = ledger::Side::Credit,
                                       .amount = {0, 10},
                                       .balance = position.posted,
                                       .height = height_,
                                       .index = 1,
                                       .line = 1,
                                       .payer_bank = 1,
                                       .reference = {},
                                       .type = ledger::EntryType::Payment,
                                       .counterparty_bank = 2,
                                       .block_time = {1},
                                       .e2e_commit = {},
                                       .remittance_commit = {}};
        record.type = static_cast<std::uint32_t>(ledger::EventType::Entry);
        record.body = ledger::encode(entry);
        position.entry_chain = ledger::next_entry_chain(position.entry_chain, record.body);
        block.events.push_back(ledger::encode_event(record));
      }
      if (count > 0)
        block.writes.push_back(
            {ledger::position_key(kToken, account(fill)).to_bytes(), ledger::encode(at_[fill])});
    }
    if (is_kept) store_.push(std::move(block));
  }
  auto read(std::uint64_t after, std::size_t limit = 1000, std::uint8_t fill = kOne) {
    return read_statement(store_, kToken, account(fill), at_[fill], after, limit);
  }
  // Of what was read, judged as its reader does.
  static receipt::CheckedStatement checked(const Statement& read, std::uint8_t fill = kOne) {
    receipt::StatementPart part{.token = kToken,
                                .account = account(fill),
                                .after = read.after,
                                .opening_chain = read.opening_chain,
                                .opening_balance = read.opening_balance,
                                .entries = {}};
    for (const auto& entry : read.entries) part.entries.push_back(entry.canonical);
    const auto judged = receipt::check_statement(part);
    EXPECT_TRUE(judged.has_value()) << judged.error();
    return judged.value_or(receipt::CheckedStatement{});
  }

  static constexpr std::uint8_t kOne = 5, kOther = 6;
  std::uint64_t height_ = 0;
  std::map<std::uint8_t, ledger::Position> at_;
  Store store_{std::make_unique<storage::MemoryKeyValueStore>()};
};

TEST_F(EntriesTest, I7_from_any_entry_on_they_lead_to_the_position) {
  for (const auto& [ones, others] :
       {std::pair(1, 3), std::pair(4, 0), std::pair(0, 2), std::pair(2, 1), std::pair(1, 1)})
    block(static_cast<std::uint64_t>(ones), static_cast<std::uint64_t>(others));
  for (const auto fill : {kOne, kOther}) {
    const std::uint64_t newest = at_[fill].entry_seq;
    for (std::uint64_t after = 0; after <= newest + 1; ++after) {
      const auto statement = read(after, 1000, fill);
      ASSERT_TRUE(statement.has_value());
      const auto judged = checked(*statement, fill);
      EXPECT_EQ(judged.entries.size(), newest - std::min(after, newest));
      EXPECT_EQ(judged.last, newest);
      EXPECT_EQ(judged.closing_chain, at_[fill].entry_chain);
      EXPECT_EQ(judged.closing_balance, at_[fill].posted);
    }
  }
}

TEST_F(EntriesTest, Page_by_page_it_is_the_same) {
  for (int i = 0; i < 5; ++i) block(3, 1);
  for (std::size_t limit = 1; limit <= 4; ++limit) {
    std::uint64_t after = 0, seen = 0;
    crypto::Hash chain = ledger::first_entry_chain(kToken, account(kOne));
    while (after < 15) {
      const auto page = read(after, limit);
      ASSERT_TRUE(page.has_value());
      ASSERT_FALSE(page->entries.empty());
      EXPECT_LE(page->entries.size(), limit);
      EXPECT_EQ(page->opening_chain, chain);
      chain = checked(*page).closing_chain;
      after = page->entries.back().entry.seq;
      seen += page->entries.size();
    }
    EXPECT_EQ(seen, 15U);
    EXPECT_EQ(chain, at_[kOne].entry_chain);
  }
}

TEST_F(EntriesTest, A_reader_of_an_older_height_sees_what_it_shows) {
  block(2, 0);
  const ledger::Position then = at_[kOne];
  block(2, 0);
  const auto statement = read_statement(store_, kToken, account(kOne), then, 0, 1000);
  ASSERT_TRUE(statement.has_value());
  EXPECT_EQ(statement->entries.size(), 2U);
}

TEST_F(EntriesTest, R34_what_lies_below_a_snapshot_is_not_held_and_where_it_goes_on_is_told) {
  block(2, 1, false);
  block(2, 0, false);
  EXPECT_EQ(read(0).error().held_after, 4U) << "nothing of it, but how it stands";
  EXPECT_EQ(read(4)->opening_chain, at_[kOne].entry_chain);
  block(2, 0);
  block(3, 0);
  for (std::uint64_t after = 0; after < 6; ++after) {
    const auto statement = read(after);
    ASSERT_FALSE(statement.has_value()) << after;
    EXPECT_EQ(statement.error().held_after, 6U);
  }
  const auto statement = read(6);
  ASSERT_TRUE(statement.has_value());
  EXPECT_EQ(checked(*statement).closing_chain, at_[kOne].entry_chain);
  EXPECT_EQ(statement->entries.size(), 3U);
}

// How many entries block by block, and what lies before each moment around each block.
TEST_F(EntriesTest, L10_what_came_before_a_time_is_counted_in_whole_blocks) {
  const std::uint64_t counts[] = {3, 0, 1, 2, 0, 0, 5, 1};
  std::vector<std::uint64_t> total{0};  // before the block of each height
  for (const auto count : counts) {
    total.push_back(total.back() + count);
    block(count, 1);
  }
  const auto before = [&](std::int64_t ms) {
    return entries_before(store_, kToken, account(kOne), at_[kOne], {ms});
  };
  for (std::size_t height = 1; height < total.size(); ++height) {
    const auto at = static_cast<std::int64_t>(height) * 1'000;
    EXPECT_EQ(before(at - 1), total[height - 1]);
    EXPECT_EQ(before(at), total[height - 1]) << "the block's own time is not before it";
    EXPECT_EQ(before(at + 1), total[height]);
  }
  EXPECT_EQ(before(0), 0U);
  EXPECT_EQ(before(4'000'000'000'000), total.back()) << "the future";
  const ledger::Position none;
  EXPECT_EQ(entries_before(store_, kToken, account(9), none, {5'000}), 0U);
}

TEST_F(EntriesTest, L10_a_reader_of_an_older_height_counts_what_it_shows) {
  block(2, 0);
  const ledger::Position then = at_[kOne];
  block(2, 0);
  EXPECT_EQ(entries_before(store_, kToken, account(kOne), then, {9'000}), 2U);
}

TEST_F(EntriesTest, R34_a_time_below_the_snapshot_is_not_held) {
  block(2, 1, false);
  block(2, 0, false);
  const auto before = [&](std::uint8_t fill, std::int64_t ms) {
    return entries_before(store_, kToken, account(fill), at_[fill], {ms});
  };
  EXPECT_EQ(before(kOne, 9'000).error().held_after, 4U);
  block(2, 0);
  block(3, 0);
  EXPECT_EQ(before(kOne, 3'001), 6U);
  EXPECT_EQ(before(kOne, 4'001), 9U);
  // At or before its first own entries it cannot tell, and read_statement says so.
  const auto below = before(kOne, 3'000);
  ASSERT_TRUE(below.has_value());
  EXPECT_EQ(read(*below).error().held_after, 6U);
  EXPECT_EQ(before(kOther, 9'000).error().held_after, 1U) << "no entry of its own at all";
}

TEST_F(EntriesTest, A_block_whose_entries_and_positions_do_not_agree_ends_the_process) {
  EXPECT_EXIT(
      {
        block(1, 0);
        ExecutedBlock bad;
        bad.events = store_.block({1})->events;
        storage::WriteBatch batch;
        put_entries(bad, batch);  // the block's writes lack the position
      },
      testing::ExitedWithCode(static_cast<int>(ExitCode::Invariant)), "do not agree");
}

// One answer must not hold the thread of all others for as long as a thousand full blocks take.
TEST_F(EntriesTest, Ends_early_where_the_blocks_between_are_full) {
  constexpr std::uint64_t kBlocks = 4, kFull = kStatementEventsMax / 2;
  for (std::uint64_t i = 0; i < kBlocks; ++i) block(1, kFull);
  std::uint64_t after = 0;
  std::size_t parts = 0;
  while (after < kBlocks) {
    const auto part = read(after);
    ASSERT_TRUE(part.has_value());
    ASSERT_FALSE(part->entries.empty()) << "each goes on";
    after = checked(*part).last;
    ++parts;
  }
  EXPECT_EQ(parts, 2U) << "of two blocks each";
}

}  // namespace
}  // namespace giro::runtime
