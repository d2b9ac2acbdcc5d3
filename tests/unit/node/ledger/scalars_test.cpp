// Amounts, ids, currencies, codes and keys.
#include <gtest/gtest.h>

#include <set>

#include "crypto/digest.h"
#include "node/ledger/events.h"
#include "tests/unit/node/ledger/demo.h"

namespace giro::ledger::demo {
namespace {

constexpr Amount kMax{~0ULL, ~0ULL};

TEST(AmountTest, Addition_and_subtraction_are_checked_at_both_ends) {
  EXPECT_EQ(checked_add({0, ~0ULL}, {0, 1}), Amount(1, 0));
  EXPECT_EQ(checked_add(kMax, {0, 0}), kMax);
  EXPECT_FALSE(checked_add(kMax, {0, 1}).has_value());
  EXPECT_FALSE(checked_add({~0ULL, 1}, {0, ~0ULL}).has_value());
  EXPECT_EQ(checked_subtract({1, 0}, {0, 1}), Amount(0, ~0ULL));
  EXPECT_FALSE(checked_subtract({0, 1}, {0, 2}).has_value());
  EXPECT_FALSE(checked_subtract({1, 0}, {1, 1}).has_value());
  EXPECT_EQ(subtract_or_zero({0, 1}, {0, 2}), Amount{});
}

TEST(AmountTest, Bytes_and_order_agree) {
  const Amount amounts[] = {{0, 0}, {0, 1}, {0, 256}, {1, 0}, {1, ~0ULL}, {~0ULL, 0}};
  for (const Amount a : amounts) {
    EXPECT_EQ(from_big_endian(to_big_endian(a)), a);
    for (const Amount b : amounts) EXPECT_EQ(a < b, to_big_endian(a) < to_big_endian(b));
  }
}

TEST(AmountTest, Decimals_at_the_edges) {
  EXPECT_EQ(to_decimal({0, 123456}, 2), "1234.56");
  EXPECT_EQ(to_decimal({0, 5}, 2), "0.05");
  EXPECT_EQ(to_decimal({0, 0}, 3), "0.000");
  EXPECT_EQ(to_decimal({0, 7}, 0), "7");
  EXPECT_EQ(to_decimal(kMax, 0), "340282366920938463463374607431768211455");
  struct Row {
    std::string_view text;
    std::uint8_t scale;
    std::optional<std::uint64_t> value;
    DecimalError error{};
  };
  const Row rows[] = {
      {"12.5", 2, 1250},
      {"12", 2, 1200},
      {"0.01", 2, 1},
      {"007", 0, 7},
      {"9999999999999999.99", 2, 999'999'999'999'999'999},
      {"10000000000000000.00", 2, std::nullopt, DecimalError::OutOfRange},
      {"999999999999999999999999999999", 0, std::nullopt, DecimalError::OutOfRange},
      {"1.234", 2, std::nullopt, DecimalError::TooPrecise},
      {"1.0", 0, std::nullopt, DecimalError::TooPrecise},
      {"", 2, std::nullopt, DecimalError::Syntax},
      {".5", 2, std::nullopt, DecimalError::Syntax},
      {"5.", 2, std::nullopt, DecimalError::Syntax},
      {"-1", 2, std::nullopt, DecimalError::Syntax},
      {"1,0", 2, std::nullopt, DecimalError::Syntax},
      {"1.2.3", 2, std::nullopt, DecimalError::Syntax},
      {" 1", 2, std::nullopt, DecimalError::Syntax},
  };
  for (const Row& row : rows) {
    DecimalError error{};
    const auto amount = from_decimal(row.text, row.scale, error);
    EXPECT_EQ(amount.has_value(), row.value.has_value()) << row.text;
    if (row.value && amount) {
      EXPECT_EQ(amount->lo, *row.value) << row.text;
    } else {
      EXPECT_EQ(error, row.error) << row.text;
    }
  }
}

TEST(Scalars, Times_saturate) {
  EXPECT_EQ(add_ms({5}, 7).value, 12);
  EXPECT_EQ(add_ms({5}, ~0ULL).value, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(day_of({86'399'999}), 0U);
  EXPECT_EQ(day_of({86'400'000}), 1U);
}

TEST(Scalars, Ids_are_neither_all_zero_nor_all_one) {
  Id ones;
  ones.bytes.fill(std::byte{0xFF});
  EXPECT_FALSE(is_valid(Id{}));
  EXPECT_FALSE(is_valid(ones));
  EXPECT_TRUE(is_valid(uetr(1)));
  EXPECT_TRUE(is_uuid_version_4(uetr(1)));
  Id version_1 = uetr(1);
  version_1.bytes[6] = std::byte{0x10};
  EXPECT_FALSE(is_uuid_version_4(version_1));
}

TEST(Scalars, The_currency_table_gives_the_exponent) {
  EXPECT_EQ(currency_scale(Currency::from("JPY")), 0);
  EXPECT_EQ(currency_scale(Currency::from("USD")), 2);
  EXPECT_EQ(currency_scale(Currency::from("KWD")), 3);
  EXPECT_EQ(currency_scale(Currency::from("CLF")), 4);
  EXPECT_FALSE(currency_scale(Currency::from("usd")).has_value());
  EXPECT_FALSE(currency_scale(Currency{}).has_value());
}

TEST(Scalars, A_lei_has_its_check_digits_and_a_bic_its_pattern) {
  EXPECT_TRUE(is_valid_lei(Lei::from("GIRO00DEMO00BANK0A36")));
  EXPECT_FALSE(is_valid_lei(Lei::from("GIRO00DEMO00BANK0A37")));
  EXPECT_FALSE(is_valid_lei(Lei::from("GIRO00DEMO00BANK0a36")));
  EXPECT_TRUE(is_valid_bic("GIRAUS33"));
  EXPECT_TRUE(is_valid_bic("GIRAUS33XXX"));
  EXPECT_FALSE(is_valid_bic("GIRAUS3"));
  EXPECT_FALSE(is_valid_bic("GIR4US33"));
}

TEST(Codes, The_table_is_complete_ascending_and_knows_its_names) {
  std::set<std::string_view> names;
  std::uint16_t previous = 0;
  for (const CodeRow& row : code_rows()) {
    const auto number = static_cast<std::uint16_t>(row.code);
    EXPECT_TRUE(number == 0 || number > previous);
    previous = number;
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_EQ(code_of(number), row.code);
    EXPECT_EQ(code_name(row.code), row.name);
    EXPECT_EQ(row.iso.empty(), number == 0 || number == 702) << row.name;
    EXPECT_TRUE(row.iso.empty() || row.iso.size() == 4) << row.name;
  }
  EXPECT_EQ(code_rows().size(), 113U);
  for (const std::uint32_t reserved : {103U, 208U, 209U, 415U, 515U, 611U, 612U, 614U, 615U, 616U,
                                       705U, 706U, 707U, 805U, 1'000U, 65'536U + 100U}) {
    EXPECT_FALSE(code_of(reserved).has_value()) << reserved;
  }
  EXPECT_EQ(code_name(static_cast<Code>(999)), "UNKNOWN");
}

TEST(Codes, A_code_of_the_steps_that_leave_no_trace_may_be_sent_again) {
  for (const CodeRow& row : code_rows()) {
    const auto number = static_cast<std::uint16_t>(row.code);
    if ((number >= 100 && number <= 206) || number == 210 || number == 211) {
      EXPECT_EQ(row.retry, Retry::Void) << row.name;
    }
  }
  EXPECT_EQ(find_code(Code::InsufficientFunds)->retry, Retry::NewId);
  EXPECT_EQ(find_code(Code::TokenMismatch)->retry, Retry::Never);
  EXPECT_EQ(find_code(Code::InstitutionNotFound)->iso, "RC03");
  EXPECT_EQ(find_code(Code::InstitutionNotFound)->iso_creditor, "RC04");
}

TEST(Events, Have_names) {
  EXPECT_EQ(name(EventType::PaymentSettled), "PaymentSettled");
  EXPECT_EQ(name(EventType::InvariantAlarm), "InvariantAlarm");
  EXPECT_EQ(name(static_cast<EventType>(9)), "Unknown");
}

TEST(Keys, Order_as_their_integers_do) {
  EXPECT_LT(token_key(1), token_key(256));
  EXPECT_LT(deadline_key({1}, DeadlineKind::Hold, payment_key(1, uetr(1))),
            deadline_key({256}, DeadlineKind::Suspension, payment_key(1, uetr(1))));
  EXPECT_LT(deadline_key({1}, DeadlineKind::Payment, payment_key(9, uetr(1))),
            deadline_key({1}, DeadlineKind::Hold, payment_key(1, uetr(1))));
  EXPECT_EQ(position_key(7, kBuyer).table(), Table::Position);
  EXPECT_EQ(token_of(position_key(7, kBuyer)), 7U);
  EXPECT_EQ(account_of(position_key(7, kBuyer)), kBuyer);
}

TEST(Keys, Internal_accounts_and_first_chains_are_those_of_the_design) {
  Bytes name;
  crypto::Writer(name).u32(7).u8(2);
  const Hash hash = crypto::tagged_hash("giro/internal/v1", {name});
  const AccountId fee = internal_account(7, AccountKind::Fee);
  EXPECT_TRUE(std::equal(fee.bytes.begin(), fee.bytes.end(), hash.bytes.begin()));
  EXPECT_NE(internal_account(7, AccountKind::Suspense), fee);
  EXPECT_NE(internal_account(8, AccountKind::Fee), fee);
}

TEST(Keys, The_end_of_a_prefix_is_the_first_key_beyond_it) {
  EXPECT_EQ(prefix_end(Bytes{std::byte{1}, std::byte{0xFF}}), Bytes{std::byte{2}});
  EXPECT_EQ(table_end(Table::Outcome), table_begin(Table::Retention));
}

// Every record survives its encoding; a second encoding of it is refused.
TEST(Records, Keep_their_values) {
  World world;
  for (const auto& [key, value] : world.state.rows) {
    const auto same = [&]<class Record>(Record) {
      const auto record = decode_record<Record>(value);
      ASSERT_TRUE(record.has_value()) << crypto::to_hex(key);
      EXPECT_EQ(encode(*record), value) << crypto::to_hex(key);
      Bytes longer = value;
      longer.push_back(std::byte{0x78});
      EXPECT_FALSE(decode_record<Record>(longer).has_value());
    };
    switch (static_cast<Table>(key[0])) {
      case Table::Params:
        same(Params{});
        break;
      case Table::Institution:
        same(Institution{});
        break;
      case Table::RolePolicy:
        same(RolePolicy{});
        break;
      case Table::Key:
        same(InstitutionKey{});
        break;
      case Table::ValidatorSet:
        same(ValidatorSet{});
        break;
      case Table::Token:
        same(Token{});
        break;
      case Table::Account:
        same(Account{});
        break;
      case Table::Position:
        same(Position{});
        break;
      case Table::OwnAccount:
        same(OwnAccount{});
        break;
      case Table::Corridor:
        same(Corridor{});
        break;
      case Table::Meta:
        same(Meta{});
        break;
      default:
        break;
    }
  }
}

}  // namespace
}  // namespace giro::ledger::demo
