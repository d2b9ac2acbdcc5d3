#include "crypto/digest.h"
#include "tests/unit/node/ledger/rules.h"

namespace giro::ledger::demo {

namespace {

const AccountId kFee = internal_account(kAUsd, AccountKind::Fee);
const AccountId kCustody = internal_account(kAUsd, AccountKind::LegalCustody);

void add_mint_rules(std::vector<Rule>& rules) {
  static constexpr std::string_view kOp = "MINT";
  const auto change = [](std::function<void(Mint&)> f) { return changed<Mint>(kOp, std::move(f)); };
  const auto to = [change](const AccountId& id) {
    return change([id](auto& m) { m.account = id; });
  };
  rules.insert(
      rules.end(),
      {
          {kOp, Code::Ok, "to a customer", {}, as_sampled(kOp)},
          {kOp, Code::Ok, "to FEE, as interest of the bank's own", {}, to(kFee)},
          {kOp,
           Code::Ok,
           "exactly to the cap",
           {},
           [](World& world) {
             Signed mint = sample(kOp, world);
             action_of<Mint>(mint).amount = cents("998000000.00");
             mint.keys = quorum(kA, Role::Issuer, 3);
             return mint;
           }},
          {kOp, Code::Malformed, "no reference", {}, change([](auto& m) {
             m.core_ref_commit = {};
           })},
          {kOp, Code::BadId, "no account", {}, change([](auto& m) { m.account = {}; })},
          {kOp, Code::ZeroAmount, "nothing", {}, change([](auto& m) { m.amount = {}; })},
          {kOp, Code::AmountOutOfRange, "19 digits", {}, change([](auto& m) {
             m.amount = {0, 1'000'000'000'000'000'000};
           })},
          {kOp,
           Code::QuorumNotMet,
           "one issuer of two",
           {},
           with_keys(kOp, quorum(kA, Role::Issuer, 1))},
          {kOp,
           Code::QuorumNotMet,
           "two of three from the dual threshold on",
           {},
           change([](auto& m) { m.amount = cents("10000000.00"); })},
          {kOp, Code::SameOperator, "two keys of one human",
           key_record(key(kA, Role::Issuer, 2), kA, [](auto& k) { k.operator_id = 104; }),
           as_sampled(kOp)},
          {kOp,
           Code::RoleNotPermitted,
           "an actor that has no part in it",
           {},
           [](World& world) {
             Signed mint = sample(kOp, world);
             mint.operation.actor = kB;
             return mint;
           }},
          {kOp, Code::CreditorAgentSuspended, "the owner of the account is suspended",
           status(kB, InstitutionStatus::Suspended), to(nostro(kB, kAUsd))},
          {kOp, Code::TokenNotFound, "nobody's token", {}, change([](auto& m) { m.token = 99; })},
          {kOp, Code::OperationPaused, "MINT is paused",
           token(kAUsd, [](auto& t) { t.paused = kPauseMint; }), as_sampled(kOp)},
          {kOp, Code::IssuerExiting, "a bank that leaves", status(kA, InstitutionStatus::Exiting),
           as_sampled(kOp)},
          {kOp, Code::CreditorAccountNotFound, "no such account", {}, to(kSupplier)},
          {kOp, Code::CreditorAccountClosed, "closed",
           both(account(kA, kMerchant, [](auto& a) { a.status = AccountStatus::Closed; }),
                [](World&) {}),
           to(kMerchant)},
          {kOp, Code::CreditorPositionNotOpen, "no position", {}, change([](auto& m) {
             m.account = kMerchant, m.token = kAEur;
           })},
          {kOp, Code::CreditorKindNotAllowed, "not into legal custody", {}, to(kCustody)},
          {kOp, Code::ReferenceUsed, "one booking, one mint",
           [](World& world) {
             Signed first = sample(kOp, world);
             first.operation.op_id = uetr(9);
             world.run(first);
           },
           as_sampled(kOp)},
          {kOp,
           Code::IssuanceCapExceeded,
           "one cent above the cap",
           {},
           [](World& world) {
             Signed mint = sample(kOp, world);
             action_of<Mint>(mint).amount = cents("998000000.01");
             mint.keys = quorum(kA, Role::Issuer, 3);
             return mint;
           }},
          {kOp, Code::ArithmeticOverflow, "credits beyond 128 bits",
           position(kAUsd, kBuyer,
                    [](auto& p) {
                      p.cr_total = {~0ULL, ~0ULL};
                      p.dr_total = subtract_or_zero(p.cr_total, p.posted);
                    }),
           as_sampled(kOp)},
          {kOp, Code::ExposureLimit, "above the owner's limit", {}, change([](auto& m) {
             m.account = nostro(kB, kAUsd), m.amount = cents("300000.01");
           })},
          {kOp, Code::CreditorBlocked, "CREDIT is blocked",
           account(kA, kBuyer, [](auto& a) { a.blocks = kBlockCredit; }), as_sampled(kOp)},
          {kOp, Code::InvariantViolation, "a position that does not add up",
           position(kAUsd, kBuyer, [](auto& p) { p.cr_total.lo += 1; }), as_sampled(kOp), false},
      });
}

void add_redeem_rules(std::vector<Rule>& rules) {
  static constexpr std::string_view kOp = "REDEEM";
  const auto change = [](std::function<void(Redeem&)> f) {
    return changed<Redeem>(kOp, std::move(f));
  };
  const auto amount = [change](std::string_view text) {
    return change([text](auto& r) { r.amount = cents(text); });
  };
  rules.insert(
      rules.end(),
      {
          {kOp, Code::Ok, "by the customer's bank", {}, as_sampled(kOp)},
          {kOp, Code::Ok, "also while the bank is suspended",
           status(kA, InstitutionStatus::Suspended), as_sampled(kOp)},
          {kOp, Code::BadId, "no account", {}, change([](auto& r) { r.account = {}; })},
          {kOp, Code::ZeroAmount, "nothing", {}, change([](auto& r) { r.amount = {}; })},
          {kOp, Code::AmountOutOfRange, "19 digits", {}, change([](auto& r) {
             r.amount = {1, 0};
           })},
          {kOp, Code::NotAuthorisedForAccount, "the customer's own key is missing",
           account(kA, kBuyer,
                   [](auto& a) {
                     a.auth_mode = AuthMode::Joint;
                     a.policy = {.m = 1, .keys = {stranger().public_key()}};
                   }),
           as_sampled(kOp)},
          {kOp,
           Code::QuorumNotMet,
           "one treasurer of two",
           {},
           with_keys(kOp, quorum(kA, Role::Treasury, 1) + key(kA, Role::Maker))},
          {kOp, Code::SameOperator, "maker and treasurer are one human",
           key_record(key(kA, Role::Maker), kA, [](auto& k) { k.operator_id = 107; }),
           as_sampled(kOp)},
          {kOp, Code::TokenNotFound, "nobody's token", {}, change([](auto& r) { r.token = 99; })},
          {kOp, Code::OperationPaused, "REDEEM is paused",
           token(kAUsd, [](auto& t) { t.paused = kPauseRedeem; }), as_sampled(kOp)},
          {kOp, Code::DebtorAccountNotFound, "no such account", {}, change([](auto& r) {
             r.account = kSupplier;
           })},
          {kOp, Code::DebtorAccountClosed, "closed",
           account(kA, kMerchant, [](auto& a) { a.status = AccountStatus::Closed; }),
           change([](auto& r) { r.account = kMerchant; })},
          {kOp, Code::DebtorPositionNotOpen, "no position", {}, change([](auto& r) {
             r.account = kMerchant, r.token = kAEur;
           })},
          {kOp,
           Code::InsufficientFunds,
           "one cent above posted",
           {},
           [](World& world) {
             Signed redeem = sample(kOp, world);
             action_of<Redeem>(redeem).amount = cents("2000000.01");
             redeem.keys = redeem.keys + key(kA, Role::Checker);
             return redeem;
           }},
          {kOp, Code::FundsOnHold, "the rest is held for a payment",
           [](World& world) {
             Pay order = pay_order(9, world.now);
             order.terms.amount = cents("999900.00");
             world.run(pay(order, world.now));
           },
           [](World& world) {
             Signed redeem = sample(kOp, world);
             action_of<Redeem>(redeem).amount = cents("1000075.01");
             redeem.keys = redeem.keys + key(kA, Role::Checker);
             return redeem;
           }},
          {kOp, Code::FundsFrozen, "one cent above available", frozen(kAUsd, kBuyer, "1999950.00"),
           amount("50.01")},
          {kOp, Code::DebtorBlocked, "DEBIT is blocked",
           account(kA, kBuyer, [](auto& a) { a.blocks = kBlockDebit; }), as_sampled(kOp)},
          {kOp, Code::InvariantViolation, "a position that does not add up",
           position(kAUsd, kBuyer, [](auto& p) { p.cr_total.lo += 1; }), as_sampled(kOp), false},
      });
}

}  // namespace

void add_issue_rules(std::vector<Rule>& rules) {
  add_mint_rules(rules);
  add_redeem_rules(rules);
}

}  // namespace giro::ledger::demo
