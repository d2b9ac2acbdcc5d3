// What settings, pauses, blocks, deny lists and corridors do to payments (ledger 5.2, 5.3, 15).
#include <gtest/gtest.h>

#include "node/ledger/events.h"
#include "node/ledger/invariants.h"
#include "node/ledger/journal.h"
#include "tests/unit/node/ledger/rules.h"

namespace giro::ledger::demo {
namespace {

// The sample of an operation, as `actor` orders it under an id of its own.
Signed control(const World& world, std::string_view name, std::uint64_t n) {
  Signed out = sample(name, world);
  out.operation.op_id = uetr(n);
  return out;
}
Signed by_b(Signed operation, Keys keys) {
  operation.operation.actor = kB;
  operation.keys = std::move(keys);
  return operation;
}
Code pay_code(World& world, std::uint64_t n) {
  Pay order = pay_order(n, world.now);
  attach_ticket(order, world.now);
  return world.run(pay(order, world.now)).code;
}
Code transfer_code(World& world, std::uint64_t n, std::string_view amount = "10.00") {
  return world.run(transfer(transfer_order(n, amount), world.now)).code;
}
EventType only_event(const Outcome& outcome) {
  EXPECT_EQ(outcome.events.size(), 1U);
  return static_cast<EventType>(outcome.events.front().type);
}

TEST(Controls, Scenario_10_what_is_paused_stops_and_nothing_else) {
  World world;
  EXPECT_EQ(only_event(world.run(control(world, "TOKEN_PAUSE", 1))), EventType::TokenPaused);
  EXPECT_EQ(pay_code(world, 2), Code::OperationPaused);
  EXPECT_EQ(transfer_code(world, 3), Code::Ok);
  Signed unpause = control(world, "TOKEN_UNPAUSE", 4);
  unpause.keys = quorum(kA, Role::Pauser, 1);
  EXPECT_EQ(world.run(unpause).code, Code::QuorumNotMet);
  unpause.keys = quorum(kA, Role::Pauser, 2);
  EXPECT_EQ(only_event(world.run(unpause)), EventType::TokenUnpaused);
  EXPECT_EQ(pay_code(world, 5), Code::Ok);
}

TEST(Controls, each_flag_pauses_its_own) {
  struct Row {
    std::uint8_t flag;
    std::string_view stopped;
  };
  for (const Row& row : {Row{kPauseMint, "MINT"}, Row{kPauseRedeem, "REDEEM"},
                         Row{kPauseTransfer, "TRANSFER"}, Row{kPauseXbank, "PAY"}}) {
    World world;
    Signed pause = control(world, "TOKEN_PAUSE", 1);
    action_of<TokenPause>(pause).flags = row.flag;
    ASSERT_EQ(world.run(pause).code, Code::Ok);
    std::uint64_t n = 10;
    for (const std::string_view op : {"MINT", "REDEEM", "TRANSFER", "PAY"}) {
      SCOPED_TRACE(op);
      const Code expected = op == row.stopped ? Code::OperationPaused : Code::Ok;
      if (op == "PAY") {
        EXPECT_EQ(pay_code(world, ++n), expected);
      } else if (op == "TRANSFER") {
        EXPECT_EQ(transfer_code(world, ++n), expected);
      } else {
        EXPECT_EQ(world.run(control(world, op, ++n)).code, expected);
      }
    }
  }
}

TEST(Controls, a_token_obeys_its_new_settings_at_once) {
  World world;
  ASSERT_EQ(only_event(world.run(control(world, "TOKEN_SET", 1))), EventType::TokenChanged);
  EXPECT_EQ(transfer_code(world, 2, "1000.00"), Code::Ok);
  EXPECT_EQ(transfer_code(world, 3, "1000.01"), Code::TxLimitToken);
  Signed mint = control(world, "MINT", 4);
  EXPECT_EQ(world.run(mint).code, Code::QuorumNotMet);  // no dual_threshold: always one more
  mint.keys = quorum(kA, Role::Issuer, 3);
  EXPECT_EQ(world.run(mint).code, Code::IssuanceCapExceeded);
}

TEST(Controls, a_blocked_account_neither_pays_nor_is_paid) {
  World world;
  Signed block = control(world, "ACCT_BLOCK", 1);
  action_of<AcctBlock>(block).credit = true;
  ASSERT_EQ(only_event(world.run(block)), EventType::AccountBlocked);
  EXPECT_EQ(pay_code(world, 2), Code::DebtorBlocked);
  EXPECT_EQ(world.run(control(world, "MINT", 3)).code, Code::CreditorBlocked);
  // DEBIT alone is lifted.
  ASSERT_EQ(only_event(world.run(control(world, "ACCT_UNBLOCK", 4))), EventType::AccountUnblocked);
  EXPECT_EQ(pay_code(world, 5), Code::Ok);
  EXPECT_EQ(world.run(control(world, "MINT", 6)).code, Code::CreditorBlocked);
}

TEST(Controls, Scenario_9_blocked_frozen_and_apart) {
  World world;
  Signed block = control(world, "ACCT_BLOCK", 1);
  AcctBlock& action = action_of<AcctBlock>(block);
  action.account = kSupplier;
  action.debit = false;
  action.credit = true;
  ASSERT_EQ(world.run(by_b(block, quorum(kB, Role::Compliance, 1))).code, Code::Ok);
  EXPECT_EQ(pay_code(world, 2), Code::CreditorBlocked);

  Signed freeze = control(world, "FREEZE_AMOUNT", 3);
  action_of<FreezeAmount>(freeze).account = kSupplier;
  action_of<FreezeAmount>(freeze).token = kBUsd;
  const Outcome frozen = world.run(by_b(freeze, quorum(kB, Role::Compliance, 1)));
  EXPECT_EQ(only_event(frozen), EventType::AmountFrozen);
  EXPECT_EQ(frozen.events[0].scope, (std::vector<std::uint32_t>{kB}));
  EXPECT_EQ(query_token(world.state, kBUsd)->frozen, cents("5000.00"));
  const auto redeem = [&world](std::uint64_t n, std::string_view amount) {
    Signed out = control(world, "REDEEM", n);
    Redeem& order = action_of<Redeem>(out);
    order.account = kSupplier;
    order.token = kBUsd;
    order.amount = cents(amount);
    return world.run(by_b(out, quorum(kB, Role::Treasury, 2) + key(kB, Role::Maker))).code;
  };
  EXPECT_EQ(redeem(4, "5000.01"), Code::FundsFrozen);
  EXPECT_EQ(redeem(5, "5000.00"), Code::Ok);

  Signed role = control(world, "ROLE_SET", 6);
  action_of<RoleChange>(role) = {
      .role = Role::Legal,
      .policy = {.quorum = 1, .keys = {role_key(validator_key("legal"), 109)}}};
  EXPECT_EQ(world.run(by_b(role, quorum(kB, Role::Admin, 2))).code, Code::SodViolation);
}

TEST(Controls, recovery_gives_new_keys_and_blocks_until_compliance_looked) {
  World world;
  Signed keys = control(world, "ACCT_KEYS_SET", 1);
  AcctKeysSet& action = action_of<AcctKeysSet>(keys);
  action.account = kBuyer;
  action.policy = joint_policy(2, 2);
  ASSERT_EQ(only_event(world.run(keys)), EventType::AccountKeysChanged);
  EXPECT_EQ(transfer_code(world, 2), Code::NotAuthorisedForAccount);

  Signed recovery = control(world, "ACCT_KEYS_SET", 3);
  AcctKeysSet& recovered = action_of<AcctKeysSet>(recovery);
  recovered.account = kBuyer;
  recovered.policy.m = 1;
  recovered.policy.keys = {account_key_of(3).public_key()};
  recovered.recovery = true;
  recovery.keys = quorum(kA, Role::Onboard, 2) + key(kA, Role::Compliance);
  ASSERT_EQ(world.run(recovery).code, Code::Ok);
  Signed order = transfer(transfer_order(4, "10.00"), world.now);
  order.keys = order.keys + account_key_of(3);
  EXPECT_EQ(world.run(order).code, Code::DebtorBlocked);
  ASSERT_EQ(world.run(control(world, "ACCT_UNBLOCK", 5)).code, Code::Ok);
  order.operation.op_id = uetr(6);
  std::get<Transfer>(order.operation.action).terms.uetr = uetr(6);
  EXPECT_EQ(world.run(order).code, Code::Ok);
}

TEST(Controls, a_closed_account_stays_closed_and_makes_room_for_another) {
  World world;
  ASSERT_EQ(only_event(world.run(control(world, "ACCT_CLOSE", 1))), EventType::AccountClosed);
  EXPECT_EQ(transfer_code(world, 2), Code::CreditorAccountClosed);
  Signed again = control(world, "ACCT_OPEN", 3);
  action_of<AcctOpen>(again).account = kMerchant;
  EXPECT_EQ(world.run(again).code, Code::AccountExists);
  // B's empty account at A: closed, it is no second one.
  Signed close = control(world, "ACCT_CLOSE", 4);
  action_of<AcctClose>(close).account = nostro(kB, kAUsd);
  ASSERT_EQ(world.run(close).code, Code::Ok);
  Signed nostro_open = control(world, "ACCT_OPEN", 5);
  AcctOpen& open = action_of<AcctOpen>(nostro_open);
  open.kind = AccountKind::Nostro;
  open.owner = kB;
  open.tokens = {kAUsd};
  nostro_open.keys = quorum(kA, Role::Onboard, 1) + quorum(kB, Role::Treasury, 2);
  ASSERT_EQ(world.run(nostro_open).code, Code::Ok);
  Pay order = pay_order(6, world.now);
  order.terms.settle_token = kAUsd;
  attach_ticket(order, world.now);
  EXPECT_EQ(world.run(pay(order, world.now)).code, Code::Ok);
  EXPECT_EQ(world.posted(kAUsd, open.account), "125000.00");
}

TEST(Controls, limits_hold_from_the_next_payment_on) {
  World world;
  ASSERT_EQ(only_event(world.run(control(world, "LIMITS_SET", 1))), EventType::LimitsChanged);
  EXPECT_EQ(transfer_code(world, 2, "1000.00"), Code::Ok);
  EXPECT_EQ(transfer_code(world, 3, "1000.01"), Code::TxLimitAccount);
}

TEST(Controls, a_deny_list_counts_what_is_on_it) {
  World world;
  Signed deny = control(world, "DENY_SET", 1);
  DenyEntry supplier;
  supplier.institution = kB;
  supplier.account = kSupplier;
  supplier.reason_class = 2;
  action_of<DenySet>(deny).add = {supplier, deny_country("KP")};
  const Outcome denied = world.run(deny);
  EXPECT_EQ(only_event(denied), EventType::DenyListChanged);
  EXPECT_EQ(denied.events[0].scope, (std::vector<std::uint32_t>{kA}));  // no tipping-off
  EXPECT_EQ(query_institution(world.state, kA)->deny_entries, 2U);
  EXPECT_EQ(pay_code(world, 2), Code::Denylisted);

  Signed again = control(world, "DENY_SET", 3);  // KP once more is still one
  ASSERT_EQ(world.run(again).code, Code::Ok);
  EXPECT_EQ(query_institution(world.state, kA)->deny_entries, 2U);
  Signed forgive = control(world, "DENY_SET", 4);
  supplier.reason_class = 0;
  DenyEntry nobody = deny_country("IR");
  nobody.reason_class = 0;
  action_of<DenySet>(forgive) = {.add = {}, .remove = {supplier, nobody}};
  forgive.keys = quorum(kA, Role::Compliance, 2);
  ASSERT_EQ(world.run(forgive).code, Code::Ok);
  EXPECT_EQ(query_institution(world.state, kA)->deny_entries, 1U);
  EXPECT_EQ(pay_code(world, 5), Code::Ok);
}

TEST(Controls, a_corridor_is_open_when_both_halves_are) {
  World world;
  Signed outgoing = control(world, "CORRIDOR_SET", 1);
  const Outcome changed = world.run(outgoing);
  EXPECT_EQ(only_event(changed), EventType::CorridorChanged);
  EXPECT_EQ(changed.events[0].scope, (std::vector<std::uint32_t>{kA, kC}));
  // One of COMPLIANCE stops what goes to B.
  Signed stop = control(world, "CORRIDOR_SET", 2);
  CorridorSet& set = action_of<CorridorSet>(stop);
  set.peer = kB;
  set.half =
      decode_record<Corridor>(*world.state.get(corridor_key(kA, kB, Currency::from("USD"))))->payer;
  set.half.enabled = false;
  stop.keys = quorum(kA, Role::Compliance, 1);
  ASSERT_EQ(world.run(stop).code, Code::Ok);
  EXPECT_EQ(pay_code(world, 3), Code::CorridorDisabled);
}

// ---- the invariants behind these rules, without the checks before them ----

class Posting {
 public:
  explicit Posting(World& world) : world_(world), overlay_(RecordCache::Limits{}) {
    overlay_.begin_block(world_.state);
  }
  // Buyer to merchant, as no operation would.
  int move(bool is_seizure = false) {
    Effects effects{.overlay = overlay_,
                    .params = params_,
                    .block = {world_.height + 1, add_ms(world_.now, 1'000)},
                    .events = {},
                    .flows = {},
                    .mandates = {}};
    if (is_seizure) effects.seizures.push_back({.position = position_key(kAUsd, kBuyer)});
    const Overlay::Savepoint savepoint = overlay_.begin();
    const Journal::Reference reference{.payer_bank = kA, .id = uetr(1)};
    Journal journal(effects, reference);
    const Party debtor = load_party(overlay_, kA, kAUsd, kBuyer);
    const Party creditor = load_party(overlay_, kA, kAUsd, kMerchant);
    EXPECT_EQ(journal.debit(debtor, cents("1.00"), EntryType::Payment, kA), Code::Ok);
    EXPECT_EQ(journal.credit(creditor, cents("1.00"), EntryType::Payment, kA), Code::Ok);
    return found(effects, savepoint);
  }
  int settle(const PaymentTerms& terms) {
    Effects effects{.overlay = overlay_,
                    .params = params_,
                    .block = {world_.height + 1, add_ms(world_.now, 1'000)},
                    .events = {},
                    .flows = {},
                    .mandates = {}};
    const Overlay::Savepoint savepoint = overlay_.begin();
    Payment& payment = overlay_.create<Payment>(payment_key(terms.payer_bank, terms.uetr)).value;
    payment.terms = terms;
    payment.state = PaymentState::Settled;
    payment.created_at = payment.settled_at = world_.now;
    return found(effects, savepoint);
  }

 private:
  int found(const Effects& effects, const Overlay::Savepoint& savepoint) {
    const auto violation = check_operation(effects, savepoint);
    overlay_.rollback(savepoint);
    return violation ? violation->invariant : 0;
  }

  World& world_;
  Overlay overlay_;
  Params params_ = Params::defaults();
};

// Who signs is the issuer's business whatever the account: its absence is recorded (ledger 4.4).
TEST(Controls, an_account_that_does_not_decide_who_signs_is_missed_on_record) {
  World world;
  Signed clawback = control(world, "CLAWBACK", 1);
  action_of<Clawback>(clawback).account = account_id("nobody");
  HoldCreate order = escrow_order();
  order = {.token = order.token,
           .account = account_id("nobody"),
           .amount = order.amount,
           .kind = HoldKind::Legal};
  const Signed legal_hold = operation(kA, 2, order, quorum(kA, Role::Compliance, 1));
  for (const Signed& each : {clawback, legal_hold}) {
    const Outcome outcome = world.run(each);
    EXPECT_EQ(outcome.code, Code::DebtorAccountNotFound);
    EXPECT_TRUE(outcome.recorded);
  }
}

// The closed account was looked for at the actor, not at the issuer of its token.
TEST(Controls, a_closed_own_account_of_another_issuer_is_in_nobodys_way) {
  World world;
  const AccountId old = account_id("old");
  const AcctOpen open{.account = old,
                      .kind = AccountKind::Nostro,
                      .owner = kA,
                      .country = CountryCode::from("US"),
                      .tokens = {kCEur}};
  ASSERT_EQ(
      world
          .run(operation(kC, 1, open, quorum(kC, Role::Onboard, 1) + quorum(kA, Role::Treasury, 2)))
          .code,
      Code::Ok);
  ASSERT_EQ(
      world.run(operation(kC, 2, AcctClose{.account = old}, quorum(kC, Role::Onboard, 1))).code,
      Code::Ok);
  const PositionOpen position{.account = nostro(kA, kSUsd), .token = kCEur};
  EXPECT_EQ(world
                .run(operation(kS, 3, position,
                               quorum(kS, Role::Onboard, 1) + quorum(kA, Role::Treasury, 2)))
                .code,
            Code::HolderNotEligible);
}

TEST(Controls, I19_a_blocked_account_is_debited_by_force_only) {
  World world;
  EXPECT_EQ(Posting(world).move(), 0);
  account(kA, kBuyer, [](Account& a) { a.blocks = kBlockDebit; })(world);
  EXPECT_EQ(Posting(world).move(), 19);
  EXPECT_EQ(Posting(world).move(true), 0);
}

TEST(Controls, I19_no_payment_settles_with_one_whom_a_bank_denies) {
  World world;
  const PaymentTerms terms = pay_order(1).terms;
  EXPECT_EQ(Posting(world).settle(terms), 0);
  denies(kB, deny_account_key(kB, kA, kBuyer))(world);
  EXPECT_EQ(Posting(world).settle(terms), 19);
}

TEST(Controls, I11_a_closed_account_has_nothing) {
  World world;
  account(kA, kMerchant, [](Account& a) { a.status = AccountStatus::Closed; })(world);
  EXPECT_EQ(Posting(world).move(), 11);
}

}  // namespace
}  // namespace giro::ledger::demo
