// A statement stands only as it was made (ledger 9.3): whatever is left out, put in, moved or
// changed is found by whoever knows where the position stands.
#include "node/receipt/statement.h"

#include <gtest/gtest.h>

#include "node/ledger/records.h"

namespace giro::receipt {
namespace {

constexpr ledger::TokenId kToken = 7;

ledger::AccountId account() {
  ledger::AccountId id;
  id.bytes.fill(std::byte{0xAB});
  return id;
}

// Credits of 100 and debits of 30, in turn.
StatementPart statement(std::uint64_t entries) {
  StatementPart part{.token = kToken,
                     .account = account(),
                     .after = 0,
                     .opening_chain = ledger::first_entry_chain(kToken, account()),
                     .opening_balance = {},
                     .entries = {}};
  std::uint64_t balance = 0;
  for (std::uint64_t seq = 1; seq <= entries; ++seq) {
    const bool is_credit = seq % 2 == 1;
    balance = is_credit ? balance + 100 : balance - 30;
    ledger::EntryEvent entry{.token = kToken,
                             .account = account(),
                             .seq = seq,
                             .side = is_credit ? ledger::Side::Credit : ledger::Side::Debit,
                             .amount = {0, is_credit ? 100U : 30U},
                             .balance = {0, balance},
                             .height = 10 + seq,
                             .index = 1,
                             .line = 2,
                             .payer_bank = 1,
                             .reference = {},
                             .type = ledger::EntryType::Payment,
                             .counterparty_bank = 2,
                             .block_time = {1'790'000'000'000},
                             .e2e_commit = {},
                             .remittance_commit = {}};
    entry.reference.bytes[0] = static_cast<std::byte>(seq);
    part.entries.push_back(ledger::encode(entry));
  }
  return part;
}

const StatementPart kTrue = statement(12);

// Whether someone who knows the position's chain and number takes it for complete.
bool is_taken(const StatementPart& part) {
  const auto checked = check_statement(part), truth = check_statement(kTrue);
  return checked && checked->last == truth->last && checked->closing_chain == truth->closing_chain;
}

TEST(Statement, The_true_one_is_complete_whole_and_in_parts) {
  EXPECT_TRUE(is_taken(kTrue));
  const auto whole = check_statement(kTrue);
  ASSERT_EQ(whole->entries.size(), 12U);
  EXPECT_EQ(whole->closing_balance, (ledger::Amount{0, 420}));
  for (std::uint64_t cut = 0; cut <= 12; ++cut) {
    StatementPart first = kTrue, second = kTrue;
    first.entries.resize(cut);
    second.entries.erase(second.entries.begin(), second.entries.begin() + static_cast<int>(cut));
    const auto one = check_statement(first);
    ASSERT_TRUE(one.has_value());
    second.after = one->last;
    second.opening_chain = one->closing_chain;
    second.opening_balance = one->closing_balance;
    const auto two = check_statement(second);
    ASSERT_TRUE(two.has_value()) << two.error();
    EXPECT_EQ(two->closing_chain, whole->closing_chain);
    EXPECT_EQ(two->closing_balance, whole->closing_balance);
  }
}

TEST(Statement, Each_changed_bit_is_found) {
  std::size_t changes = 0;
  for (std::size_t at = 0; at < kTrue.entries.size(); ++at) {
    for (std::size_t byte = 0; byte < kTrue.entries[at].size(); ++byte) {
      for (int bit = 0; bit < 8; ++bit, ++changes) {
        StatementPart other = kTrue;
        other.entries[at][byte] ^= static_cast<std::byte>(1U << bit);
        EXPECT_FALSE(is_taken(other)) << "entry " << at + 1 << " byte " << byte << " bit " << bit;
      }
    }
  }
  EXPECT_GE(changes, 200U);
}

TEST(Statement, Entries_left_out_put_in_or_moved_are_found) {
  for (std::size_t at = 0; at < kTrue.entries.size(); ++at) {
    StatementPart without = kTrue, twice = kTrue, cut = kTrue, longer = kTrue;
    without.entries.erase(without.entries.begin() + static_cast<int>(at));
    twice.entries.insert(twice.entries.begin() + static_cast<int>(at), kTrue.entries[at]);
    cut.entries[at].pop_back();
    longer.entries[at].push_back(std::byte{0});
    for (const auto& [other, what] : {std::pair(without, "without"), std::pair(twice, "twice"),
                                      std::pair(cut, "cut"), std::pair(longer, "longer")})
      EXPECT_FALSE(is_taken(other)) << what << ' ' << at + 1;
    for (std::size_t with = at + 1; with < kTrue.entries.size(); ++with) {
      StatementPart moved = kTrue;
      std::swap(moved.entries[at], moved.entries[with]);
      EXPECT_FALSE(is_taken(moved)) << at + 1 << " and " << with + 1;
    }
  }
}

TEST(Statement, Another_opening_is_found) {
  StatementPart other = kTrue;
  other.opening_balance = {0, 1};
  EXPECT_EQ(check_statement(other).error(), "it does not begin as the position began");
  other = kTrue;
  other.opening_chain.bytes[0] ^= std::byte{1};
  EXPECT_EQ(check_statement(other).error(), "it does not begin as the position began");
  other = kTrue;
  other.after = 1;
  EXPECT_EQ(check_statement(other).error(), "entry 2 is missing");
  other = kTrue;
  other.token = 8;
  EXPECT_FALSE(check_statement(other).has_value());
  other.opening_chain = ledger::first_entry_chain(8, account());
  EXPECT_EQ(check_statement(other).error(), "entry 1 is of another position");
}

}  // namespace
}  // namespace giro::receipt
