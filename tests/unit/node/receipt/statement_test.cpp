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

// Two entries a second: of a statement in parts, which are those of [13 s, 16 s)?
constexpr std::int64_t kBegin = 13'000, kEnd = 16'000;

StatementPart with_times(StatementPart part) {
  for (auto& bytes : part.entries) {
    auto entry = *ledger::decode_record<ledger::EntryEvent>(bytes);
    entry.block_time = {static_cast<std::int64_t>(10 + entry.seq / 2) * 1'000};
    bytes = ledger::encode(entry);
  }
  return part;
}

const StatementPart kTimed = with_times(statement(12));

// The entries from `from` up to `to`, as a node gives them.
StatementPart part_of_timed(std::uint64_t after, std::uint64_t last) {
  StatementPart before = kTimed, part = kTimed;
  before.entries.resize(after);
  const auto at = *check_statement(before);
  part.after = after;
  part.opening_chain = at.closing_chain;
  part.opening_balance = at.closing_balance;
  part.entries.assign(kTimed.entries.begin() + static_cast<int>(after),
                      kTimed.entries.begin() + static_cast<int>(last));
  return part;
}

ledger::Position proven_position() {
  const auto whole = *check_statement(kTimed);
  ledger::Position position;
  position.entry_seq = whole.last;
  position.entry_chain = whole.closing_chain;
  position.posted = whole.closing_balance;
  return position;
}

using Parts = std::vector<StatementPart>;

// "6 to 11" if the parts prove that the period's entries are those after 6 up to 11; "" if not.
std::string proven_period(const Parts& parts,
                          const ledger::Position& position = proven_position()) {
  StatementCheck check({kBegin}, {kEnd});
  for (const auto& part : parts) {
    if (!check.add(part)) return {};
  }
  const auto period = check.lead_to(position);
  if (!period || !period->is_begin_seen) return {};
  return std::to_string(period->opening.seq) + " to " + std::to_string(period->closing.seq);
}

TEST(StatementOfPeriod, Is_proven_whatever_the_parts) {
  EXPECT_EQ(proven_period({kTimed}), "5 to 11");
  for (std::uint64_t begin = 0; begin < 5; ++begin) {
    for (std::uint64_t cut = begin; cut <= 12; ++cut)
      EXPECT_EQ(proven_period({part_of_timed(begin, cut), part_of_timed(cut, 12)}), "5 to 11");
  }
  EXPECT_EQ(proven_period({part_of_timed(5, 12)}), "") << "whether 5 is of it nobody has seen";
  StatementCheck empty({90'000}, {91'000});
  ASSERT_TRUE(empty.add(kTimed));
  const auto future = empty.lead_to(proven_position());
  ASSERT_TRUE(future);
  EXPECT_EQ(future->opening.seq, 12U);
  EXPECT_EQ(future->closing.balance, proven_position().posted);
  StatementCheck past({1}, {2});
  ASSERT_TRUE(past.add(kTimed));
  EXPECT_EQ(past.lead_to(proven_position())->closing.seq, 0U);
}

TEST(StatementOfPeriod, Nothing_of_it_can_be_changed) {
  const Parts truth{part_of_timed(4, 5), part_of_timed(5, 9), part_of_timed(9, 12)};
  ASSERT_EQ(proven_period(truth), "5 to 11");
  std::size_t changes = 0;
  const auto refused = [&](const Parts& parts, const std::string& what) {
    ++changes;
    EXPECT_EQ(proven_period(parts), "") << what;
  };
  for (std::size_t at = 0; at < truth.size(); ++at) {
    for (std::size_t entry = 0; entry < truth[at].entries.size(); ++entry) {
      const std::string name = std::to_string(at) + "/" + std::to_string(entry);
      for (std::size_t byte = 0; byte < truth[at].entries[entry].size(); ++byte) {
        for (int bit = 0; bit < 8; ++bit) {
          Parts other = truth;
          other[at].entries[entry][byte] ^= static_cast<std::byte>(1U << bit);
          refused(other, "a bit of " + name);
        }
      }
      Parts without = truth, twice = truth, cut = truth;
      auto& entries = without[at].entries;
      entries.erase(entries.begin() + static_cast<int>(entry));
      refused(without, name + " left out");
      twice[at].entries.push_back(truth[at].entries[entry]);
      refused(twice, name + " twice");
      cut[at].entries[entry].pop_back();
      refused(cut, name + " cut");
    }
    Parts without = truth, moved = truth, balance = truth, chain = truth, number = truth;
    without.erase(without.begin() + static_cast<int>(at));
    if (at > 0) {
      refused(without, "a part left out");
      std::swap(moved[at], moved[at - 1]);
      refused(moved, "parts exchanged");
    }
    balance[at].opening_balance.lo ^= 1;
    refused(balance, "another opening balance");
    chain[at].opening_chain.bytes[7] ^= std::byte{1};
    refused(chain, "another opening chain");
    number[at].after += 1;
    refused(number, "another number");
  }
  for (int i = 0; i < 3; ++i) {
    auto position = proven_position();
    if (i == 0) position.entry_seq += 1;
    if (i == 1) position.entry_chain.bytes[0] ^= std::byte{1};
    if (i == 2) position.posted.lo += 1;
    EXPECT_EQ(proven_period(truth, position), "") << "another position " << i;
  }
  EXPECT_GE(changes, 200U);
}

}  // namespace
}  // namespace giro::receipt
