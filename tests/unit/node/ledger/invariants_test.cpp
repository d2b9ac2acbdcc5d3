// The invariants of one operation (ledger 8), each broken on purpose, and the audit.
#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "node/ledger/audit.h"
#include "node/ledger/events.h"
#include "node/ledger/invariants.h"
#include "node/ledger/journal.h"
#include "tests/unit/node/ledger/demo.h"

namespace giro::ledger::demo {
namespace {

// Runs `change` as if it were an operation and gives the invariant that it breaks; 0: none.
int broken_by(const std::function<void(Effects&)>& change) {
  World world;
  Overlay overlay(RecordCache::Limits{.records = 0});
  overlay.begin_block(world.state);
  const Params params = *query_params(world.state);
  Effects effects{.overlay = overlay,
                  .params = params,
                  .block = {1, add_ms(world.now, 1)},
                  .events = {},
                  .flows = {},
                  .mandates = {}};
  const auto savepoint = overlay.begin();
  change(effects);
  const auto violation = check_operation(effects, savepoint);
  return violation ? violation->invariant : 0;
}

Position& edit_position(Effects& effects, TokenId token, const AccountId& account) {
  return effects.overlay.edit(*effects.overlay.find<Position>(position_key(token, account)));
}
Token& edit_token(Effects& effects, TokenId token) {
  return effects.overlay.edit(*effects.overlay.find<Token>(token_key(token)));
}

TEST(Invariants, A_balanced_journal_breaks_none) {
  EXPECT_EQ(broken_by([](Effects& effects) {
              const Journal::Reference entries{};
              Journal journal(effects, entries);
              const Party from = load_party(effects.overlay, kA, kAUsd, kBuyer);
              const Party to = load_party(effects.overlay, kA, kAUsd, kMerchant);
              EXPECT_EQ(journal.debit(from, {0, 5}, EntryType::Payment, kA), Code::Ok);
              EXPECT_EQ(journal.credit(to, {0, 5}, EntryType::Payment, kA), Code::Ok);
            }),
            0);
}

TEST(Invariants, Each_broken_one_is_named) {
  const auto journal_of = [](const std::function<void(Effects&, Journal&)>& post) {
    return [post](Effects& effects) {
      const Journal::Reference entries{};
      Journal journal(effects, entries);
      post(effects, journal);
    };
  };
  EXPECT_EQ(broken_by(journal_of([](Effects& effects, Journal& journal) {
              (void)journal.debit(load_party(effects.overlay, kA, kAUsd, kBuyer), {0, 5},
                                  EntryType::Payment, kA);
            })),
            2)
      << "a debit without a credit";
  EXPECT_EQ(
      broken_by([](Effects& effects) { edit_position(effects, kAUsd, kBuyer).held = {1, 0}; }), 4)
      << "more held than posted";
  EXPECT_EQ(broken_by([](Effects& effects) {
              edit_position(effects, kAUsd, kBuyer).held = {0, 5};
              edit_token(effects, kAUsd).held = {0, 5};
            }),
            4)
      << "held without a hold";
  EXPECT_EQ(broken_by([](Effects& effects) {
              Hold& hold = effects.overlay.create<Hold>(hold_key(kA, uetr(1))).value;
              hold.kind = HoldKind::Escrow;
              hold.token = kAUsd;
              hold.account = kBuyer;
              hold.amount = {0, 5};
            }),
            4)
      << "a hold without held";
  EXPECT_EQ(broken_by(journal_of([](Effects& effects, Journal& journal) {
              const Party from = load_party(effects.overlay, kA, kAUsd, kBuyer);
              const Party to = load_party(effects.overlay, kA, kAUsd, kMerchant);
              effects.overlay.find<Position>(position_key(kAUsd, kBuyer))->value.frozen =
                  from.position->value.posted;
              (void)journal.debit(from, {0, 5}, EntryType::Payment, kA);
              (void)journal.credit(to, {0, 5}, EntryType::Payment, kA);
            })),
            5)
      << "more debited than available";
  EXPECT_EQ(broken_by(journal_of([](Effects& effects, Journal& journal) {
              const Party to = load_party(effects.overlay, kA, kAUsd, kBuyer);
              effects.mandate(kAUsd).mint = true;
              (void)journal.mint(*to.token, cents("998000000.01"));
              (void)journal.credit(to, cents("998000000.01"), EntryType::Mint, kA);
            })),
            6)
      << "beyond the cap";
  EXPECT_EQ(
      broken_by([](Effects& effects) { edit_position(effects, kAUsd, kBuyer).cr_total.lo += 1; }),
      7);
  EXPECT_EQ(broken_by([](Effects& effects) { --edit_position(effects, kAUsd, kBuyer).entry_seq; }),
            7);
  EXPECT_EQ(broken_by([](Effects& effects) { edit_token(effects, kAUsd).issued.lo -= 1; }), 7);
  EXPECT_EQ(broken_by(journal_of([](Effects& effects, Journal& journal) {
              const Party to = load_party(effects.overlay, kA, kAUsd, kBuyer);
              (void)journal.mint(*to.token, {0, 5});
              (void)journal.credit(to, {0, 5}, EntryType::Mint, kA);
            })),
            8)
      << "a mint without a mandate";
  EXPECT_EQ(broken_by(journal_of([](Effects& effects, Journal& journal) {
              const Party from = load_party(effects.overlay, kA, kAUsd, kBuyer);
              (void)journal.debit(from, {0, 5}, EntryType::Redeem, kA);
              (void)journal.burn(*from.token, {0, 5});
            })),
            8)
      << "a burn without a mandate";
  EXPECT_EQ(broken_by([](Effects& effects) {
              Payment& payment = effects.overlay.create<Payment>(payment_key(kA, uetr(1))).value;
              payment.terms.payer_bank = kA;
              payment.terms.uetr = uetr(1);
              payment.has_hold = true;
            }),
            14)
      << "PENDING without its hold";
  EXPECT_EQ(broken_by([](Effects& effects) {
              Payment& payment = effects.overlay.create<Payment>(payment_key(kA, uetr(1))).value;
              payment.state = PaymentState::Settled;
              payment.returned = {0, 1};
            }),
            13);
}

// The buyer's debit of 5, in spite of a block, and as a seizure.
TEST(Invariants, A_blocked_account_is_debited_by_a_seizure_alone) {
  for (const bool is_seized : {false, true}) {
    EXPECT_EQ(broken_by([is_seized](Effects& effects) {
                const Party from = load_party(effects.overlay, kAUsd, kBuyer);
                const Party to = load_party(effects.overlay, kAUsd, kMerchant);
                effects.overlay.edit(*from.account).blocks = kBlockDebit;
                if (is_seized) effects.seizures.push_back({.position = from.position->key});
                const Journal::Reference entries{};
                Journal journal(effects, entries);
                (void)journal.debit(from, {0, 5}, EntryType::Clawback, kA);
                (void)journal.credit(to, {0, 5}, EntryType::Clawback, kA);
              }),
              is_seized ? 0 : 19);
  }
}

TEST(Invariants, Only_a_clawback_or_a_hold_lets_go_of_what_is_not_available) {
  for (const bool is_clawback : {false, true}) {
    EXPECT_EQ(
        broken_by([is_clawback](Effects& effects) {
          const Party from = load_party(effects.overlay, kAUsd, kBuyer);
          const Party to = load_party(effects.overlay, kAUsd, kMerchant);
          const Amount frozen = cents("2000000.00");
          const Journal::Reference entries{};
          Journal journal(effects, entries);
          // As it was before: not by this operation.
          from.position->value.frozen = from.token->value.frozen = frozen;
          if (is_clawback)
            effects.seizures.push_back({.position = from.position->key, .beyond_available = true});
          (void)journal.debit(from, {0, 5}, EntryType::Clawback, kA);
          (void)journal.credit(to, {0, 5}, EntryType::Clawback, kA);
        }),
        is_clawback ? 0 : 5);
  }
}

TEST(Invariants, Banks_gain_nothing_by_a_payment_but_fees) {
  for (const bool balances : {false, true}) {
    EXPECT_EQ(broken_by([balances](Effects& effects) {
                effects.balances_banks = balances;
                const Journal::Reference entries{};
                Journal journal(effects, entries);
                (void)journal.debit(load_party(effects.overlay, kSUsd, nostro(kA, kSUsd)), {0, 5},
                                    EntryType::Settlement, kB);
                (void)journal.credit(load_party(effects.overlay, kSUsd, nostro(kB, kSUsd)), {0, 5},
                                     EntryType::Settlement, kA);
              }),
              balances ? 9 : 0);
  }
}

TEST(Invariants, What_is_returned_is_the_sum_of_its_returns) {
  EXPECT_EQ(broken_by([](Effects& effects) {
              const PaymentTerms terms = pay_order(1).terms;
              Payment& payment = effects.overlay.create<Payment>(payment_key(kA, terms.uetr)).value;
              payment.terms = terms;
              payment.state = PaymentState::Settled;
              payment.settled_at = effects.block.time;
              payment.returned = {0, 1};
            }),
            13);
}

TEST(Invariants, A_hold_of_a_payment_needs_its_payment) {
  EXPECT_EQ(broken_by([](Effects& effects) {
              edit_position(effects, kAUsd, kBuyer).held = {0, 5};
              edit_token(effects, kAUsd).held = {0, 5};
              Hold& hold = effects.overlay.create<Hold>(hold_key(kA, uetr(1))).value;
              hold.token = kAUsd;
              hold.account = kBuyer;
              hold.amount = {0, 5};
            }),
            14);
}

TEST(Invariants, A_balance_never_falls_below_zero) {
  World world;
  Overlay overlay(RecordCache::Limits{.records = 0});
  overlay.begin_block(world.state);
  const Params params = *query_params(world.state);
  Effects effects{.overlay = overlay,
                  .params = params,
                  .block = {1, add_ms(world.now, 1)},
                  .events = {},
                  .flows = {},
                  .mandates = {}};
  const Journal::Reference entries{};
  Journal journal(effects, entries);
  const Party merchant = load_party(overlay, kA, kAUsd, kMerchant);
  EXPECT_EQ(journal.debit(merchant, {0, 1}, EntryType::Payment, kA), Code::InvariantViolation);
}

TEST(Invariants, A_violation_in_an_operation_is_rolled_back_and_raises_the_alarm) {
  World world;
  world.expect_sound(false);
  world.edit<Position>(position_key(kAUsd, kMerchant), [](Position& p) { p.cr_total.lo += 1; });
  const Outcome outcome = world.run(transfer(transfer_order(1, "1.00")));
  EXPECT_EQ(outcome.code, Code::InvariantViolation);
  EXPECT_TRUE(outcome.recorded);
  ASSERT_EQ(static_cast<EventType>(outcome.events.front().type), EventType::InvariantAlarm);
  AlarmEvent alarm;
  ASSERT_EQ(wire::decode(outcome.events.front().body, alarm), wire::Fault::None);
  EXPECT_EQ(alarm.invariant, 7U);
  EXPECT_EQ(alarm.record, position_key(kAUsd, kMerchant).to_bytes());
  EXPECT_EQ(world.posted(kAUsd, kBuyer), "2000000.00");
  EXPECT_EQ(world.run(transfer(transfer_order(2, "1.00"))).code, Code::InvariantViolation);
}

TEST(Audit, Finds_what_the_running_totals_cannot_see) {
  struct Row {
    std::uint8_t invariant;
    std::function<void(World&)> damage;
  };
  const auto position_of = [](std::function<void(Position&)> change) {
    return [change](World& world) { world.edit<Position>(position_key(kAUsd, kBuyer), change); };
  };
  const Row rows[] = {
      {0,
       [](World& world) {
         world.state.rows[position_key(kAUsd, kBuyer).to_bytes()] = {std::byte{1}};
       }},
      {1, position_of([](Position& p) { p.posted.lo += 1, p.cr_total.lo += 1; })},
      {4, position_of([](Position& p) { p.held.lo += 1; })},
      {4, position_of([](Position& p) { p.frozen.lo += 1; })},
      {7, position_of([](Position& p) { p.cr_total.lo += 1; })},
      {7, position_of([](Position& p) { ++p.entry_seq; })},
      {10,
       [](World& world) {
         world.edit<Account>(account_key(kS, nostro(kA, kSUsd)),
                             [](Account& a) { a.kind = AccountKind::Customer; });
       }},
      {11,
       [](World& world) {
         world.edit<Account>(account_key(kA, kBuyer),
                             [](Account& a) { a.status = AccountStatus::Closed; });
       }},
      {11,
       [](World& world) {
         world.edit<Account>(account_key(kA, kMerchant), [](Account& a) {
           a.status = AccountStatus::Closed;
           a.open_items = 1;
         });
       }},
      {14,
       [](World& world) {
         world.run(pay(pay_order(1)));
         world.edit<Payment>(payment_key(kA, uetr(1)),
                             [](Payment& p) { p.state = PaymentState::Cancelled; });
       }},
      {0,
       [](World& world) {
         world.run(pay(pay_order(1)));
         auto& state = world.state.rows;
         state[payment_key(kA, uetr(9)).to_bytes()] = state[payment_key(kA, uetr(1)).to_bytes()];
       }},
      {4,
       [](World& world) {
         world.run(pay(pay_order(1)));
         world.state.rows.erase(table_begin(Table::HoldOfPosition));
         const auto row = world.state.rows.lower_bound(table_begin(Table::HoldOfPosition));
         world.state.rows.erase(row);
       }},
  };
  World sound;
  EXPECT_FALSE(audit(sound.state).has_value());
  for (const Row& row : rows) {
    World world;
    row.damage(world);
    const auto finding = audit(world.state);
    ASSERT_TRUE(finding.has_value()) << int{row.invariant};
    EXPECT_EQ(finding->invariant, row.invariant) << finding->what;
  }
}

}  // namespace
}  // namespace giro::ledger::demo
