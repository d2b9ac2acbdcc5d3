#include "tests/unit/node/ledger/rules.h"

namespace giro::ledger::demo {

namespace {

const AccountId kNobodys = account_id("nobody's");

Given closed(const AccountId& id) {
  return account(kA, id, [](Account& a) { a.status = AccountStatus::Closed; });
}
Given one_operator(Role role, OperatorId id) {
  return key_record(key(kA, role, 2), kA, [id](InstitutionKey& k) { k.operator_id = id; });
}
template <class T>
std::function<Signed(World&)> changed_with(std::string_view operation, Keys keys,
                                           std::function<void(T&)> change) {
  return [=](World& world) {
    Signed out = sample(operation, world);
    change(action_of<T>(out));
    out.keys = keys;
    return out;
  };
}

void add_token_control_rules(std::vector<Rule>& rules) {
  static constexpr std::string_view kSet = "TOKEN_SET", kPause = "TOKEN_PAUSE",
                                    kUnpause = "TOKEN_UNPAUSE";
  const auto set = [](std::function<void(TokenSet&)> f) {
    return changed<TokenSet>(kSet, std::move(f));
  };
  const auto pause = [](std::function<void(TokenPause&)> f) {
    return changed<TokenPause>(kPause, std::move(f));
  };
  const auto unpause = [](std::function<void(TokenUnpause&)> f) {
    return changed<TokenUnpause>(kUnpause, std::move(f));
  };
  rules.insert(
      rules.end(),
      {
          {kSet, Code::Ok, "a cap of what is outstanding", {}, as_sampled(kSet)},
          {kSet, Code::Malformed, "a minimum above the maximum", {}, set([](auto& t) {
             t.min_tx = cents("1000.01");
           })},
          {kSet, Code::Ok, "a minimum, and no maximum", {}, set([](auto& t) {
             t.max_tx = {};
             t.min_tx = cents("1000.01");
           })},
          {kSet, Code::AmountOutOfRange, "19 digits", {}, set([](auto& t) { t.fee_max = {1, 0}; })},
          {kSet, Code::TokenNotFound, "a token nobody issued", {}, set([](auto& t) {
             t.token = 99;
           })},
          {kSet, Code::UnknownKey, "another bank's token", {}, set([](auto& t) {
             t.token = kBUsd;
           })},
          {kSet,
           Code::QuorumNotMet,
           "one issuer",
           {},
           with_keys(kSet, quorum(kA, Role::Issuer, 1))},
          {kSet, Code::SameOperator, "two keys of one human", one_operator(Role::Issuer, 104),
           as_sampled(kSet)},
          {kSet, Code::IssuanceCapExceeded, "a cap below what is outstanding", {}, set([](auto& t) {
             t.issuance_cap = cents("1999999.99");
           })},

          {kPause, Code::Ok, "one may stop it", {}, as_sampled(kPause)},
          {kPause, Code::Malformed, "nothing to pause", {}, pause([](auto& p) { p.flags = 0; })},
          {kPause, Code::Malformed, "a flag that does not exist", {}, pause([](auto& p) {
             p.flags = 16;
           })},
          {kPause, Code::TokenNotFound, "a token nobody issued", {}, pause([](auto& p) {
             p.token = 99;
           })},

          {kUnpause, Code::Ok, "two let it go on", {}, as_sampled(kUnpause)},
          {kUnpause, Code::Malformed, "nothing to go on with", {}, unpause([](auto& p) {
             p.flags = 0;
           })},
          {kUnpause, Code::TokenNotFound, "a token nobody issued", {}, unpause([](auto& p) {
             p.token = 99;
           })},
          {kUnpause,
           Code::QuorumNotMet,
           "one cannot",
           {},
           with_keys(kUnpause, quorum(kA, Role::Pauser, 1))},
          {kUnpause, Code::SameOperator, "two keys of one human", one_operator(Role::Pauser, 116),
           as_sampled(kUnpause)},
      });
}

// What ACCT_SET, ACCT_BLOCK and ACCT_UNBLOCK have in common.
template <class T>
void add_lookup_rules(std::vector<Rule>& rules, std::string_view op, const AccountId& sampled) {
  const auto of = [op](const AccountId& id) {
    return changed<T>(op, [id](T& a) { a.account = id; });
  };
  rules.insert(
      rules.end(),
      {
          {op, Code::Ok, "as it should be", {}, as_sampled(op)},
          {op, Code::BadId, "no account id", {}, of({})},
          {op, Code::DebtorAccountNotFound, "no such account", {}, of(kNobodys)},
          {op, Code::DebtorAccountNotFound, "an account of another bank", {}, of(kSupplier)},
          {op, Code::DebtorAccountClosed, "a closed account", closed(sampled), as_sampled(op),
           false},
      });
}

void add_close_rules(std::vector<Rule>& rules) {
  static constexpr std::string_view kOp = "ACCT_CLOSE";
  const auto of = [](const AccountId& id) {
    return changed<AcctClose>(kOp, [id](AcctClose& a) { a.account = id; });
  };
  rules.insert(
      rules.end(),
      {
          {kOp, Code::Ok, "an empty account", {}, as_sampled(kOp)},
          {kOp, Code::Ok, "a correspondent's empty account", {}, of(nostro(kB, kAUsd))},
          {kOp, Code::BadId, "no account id", {}, of({})},
          {kOp, Code::DebtorAccountNotFound, "no such account", {}, of(kNobodys)},
          {kOp, Code::DebtorAccountClosed, "it is closed", closed(kMerchant), as_sampled(kOp)},
          {kOp,
           Code::DebtorKindNotAllowed,
           "an account of the ledger's own",
           {},
           of(internal_account(kAUsd, AccountKind::Fee))},
          {kOp, Code::AccountNotEmpty, "it has money", {}, of(kBuyer)},
          {kOp, Code::AccountNotEmpty, "it has money in the second of its tokens",
           no_position(kAUsd, kBuyer), of(kBuyer)},
          {kOp, Code::AccountNotEmpty, "an amount is frozen", frozen(kAUsd, kMerchant, "1.00"),
           as_sampled(kOp)},
          {kOp, Code::AccountHasOpenItems, "a payment is on its way",
           account(kA, kMerchant, [](Account& a) { a.open_items = 1; }), as_sampled(kOp)},
      });
}

void add_keys_rules(std::vector<Rule>& rules) {
  static constexpr std::string_view kOp = "ACCT_KEYS_SET";
  const auto change = [](std::function<void(AcctKeysSet&)> f) {
    return changed<AcctKeysSet>(kOp, std::move(f));
  };
  const Keys onboard = quorum(kA, Role::Onboard, 1);
  const Keys recovery = quorum(kA, Role::Onboard, 2) + key(kA, Role::Compliance);
  const auto recovers = [](Keys keys, const AccountId& id) {
    return changed_with<AcctKeysSet>(kOp, keys, [id](AcctKeysSet& a) {
      a.recovery = true;
      a.account = id;
    });
  };
  const Given joint = account(kA, kMerchant, [](Account& a) {
    const PolicyFields policy = joint_policy(2, 3);
    a.auth_mode = AuthMode::Joint;
    a.policy = {.m = policy.m, .keys = {policy.keys.begin(), policy.keys.end()}};
  });
  rules.insert(
      rules.end(),
      {
          {kOp, Code::Ok, "a custodial account gets keys", {}, as_sampled(kOp)},
          {kOp, Code::Ok, "two of its present keys agree", joint,
           with_keys(kOp, onboard + account_key_of(1) + account_key_of(3))},
          {kOp, Code::Ok, "recovery without them", joint, recovers(recovery, kMerchant)},
          {kOp, Code::Ok, "back to the bank", joint,
           changed_with<AcctKeysSet>(kOp, onboard + account_key_of(1) + account_key_of(2),
                                     [](AcctKeysSet& a) {
                                       a.auth_mode = AuthMode::Custodial;
                                       a.policy = {};
                                     })},
          {kOp, Code::Malformed, "a key that is no point", {}, change([](auto& a) {
             a.policy.keys[0].bytes.fill(std::byte{5});
           })},
          {kOp, Code::BadId, "no account id", {}, change([](auto& a) { a.account = {}; })},
          {kOp, Code::NotAuthorisedForAccount, "one of its present keys", joint,
           with_keys(kOp, onboard + account_key_of(1))},
          {kOp,
           Code::QuorumNotMet,
           "recovery by one of ONBOARD",
           {},
           recovers(onboard + key(kA, Role::Compliance), kMerchant)},
          {kOp, Code::SameOperator, "recovery by two keys of one human",
           one_operator(Role::Onboard, 114), recovers(recovery, kMerchant)},
          {kOp, Code::BadRolePolicy, "more signatures than keys", {}, change([](auto& a) {
             a.policy.m = 3;
           })},
          {kOp, Code::BadRolePolicy, "a key twice", {}, change([](auto& a) {
             a.policy.keys[1] = a.policy.keys[0];
           })},
          {kOp, Code::BadRolePolicy, "custodial with keys", {}, change([](auto& a) {
             a.auth_mode = AuthMode::Custodial;
           })},
          {kOp, Code::DebtorAccountNotFound, "no such account", {}, change([](auto& a) {
             a.account = kNobodys;
           })},
          {kOp,
           Code::DebtorAccountNotFound,
           "recovery of no account",
           {},
           recovers(recovery, kNobodys)},
          {kOp, Code::DebtorAccountClosed, "a closed account", closed(kMerchant), as_sampled(kOp)},
          {kOp, Code::DebtorKindNotAllowed, "a correspondent's account", {}, change([](auto& a) {
             a.account = nostro(kB, kAUsd);
           })},
      });
}

void add_limit_rules(std::vector<Rule>& rules) {
  static constexpr std::string_view kOp = "LIMITS_SET";
  const Keys raise = quorum(kA, Role::Onboard, 1) + key(kA, Role::Checker);
  const auto change = [](std::function<void(LimitsSet&)> f) {
    return changed<LimitsSet>(kOp, std::move(f));
  };
  const auto limit = [change](std::function<void(PositionLimits&)> f) {
    return change([f](LimitsSet& l) { f(l.limits); });
  };
  const auto raised = [](Keys keys) {
    return changed_with<LimitsSet>(kOp, keys,
                                   [](LimitsSet& l) { l.limits.max_tx = cents("1000000.01"); });
  };
  // Of B at A: its owner's business.
  const auto of_nostro = [](Keys keys) {
    return [keys](World& world) {
      Signed out = sample(kOp, world);
      out.operation.actor = kB;
      out.keys = keys;
      LimitsSet& set = action_of<LimitsSet>(out);
      set.account = nostro(kB, kAUsd);
      set.limits = {};
      set.limits.max_balance = cents("9.00");
      return out;
    };
  };
  const Given two_banks =
      position(kAUsd, kBuyer, [](Position& p) { p.limits.allowed_payee_banks = {kA, kB}; });
  const Given max_balance =
      position(kAUsd, kBuyer, [](Position& p) { p.limits.max_balance = cents("3000000.00"); });
  const Given wrong_sum = position(kAUsd, kBuyer, [](Position& p) { p.cr_total = cents("1.00"); });
  rules.insert(
      rules.end(),
      {
          {kOp, Code::Ok, "less for one payment", {}, as_sampled(kOp)},
          {kOp, Code::Ok, "more, with a checker", {}, raised(raise)},
          {kOp,
           Code::Ok,
           "the owner sets its exposure",
           {},
           of_nostro(quorum(kB, Role::Treasury, 2))},
          {kOp, Code::Ok, "a list of banks where all were allowed", {}, limit([](auto& l) {
             l.allowed_payee_banks = {kA, kB};
           })},
          {kOp, Code::Ok, "a shorter list", two_banks,
           limit([](auto& l) { l.allowed_payee_banks = {kA}; })},
          {kOp, Code::QuorumNotMet, "another bank on the list", two_banks,
           limit([](auto& l) { l.allowed_payee_banks = {kA, kC}; })},
          {kOp, Code::QuorumNotMet, "no list any more", two_banks,
           limit([](auto& l) { l.allowed_payee_banks = {}; })},
          {kOp,
           Code::QuorumNotMet,
           "more for one payment",
           {},
           raised(quorum(kA, Role::Onboard, 1))},
          {kOp, Code::QuorumNotMet, "more for a day", {}, limit([](auto& l) {
             l.day_amount = cents("1500000.01");
           })},
          {kOp, Code::QuorumNotMet, "no limit is the highest", {}, limit([](auto& l) {
             l.day_count = 0;
           })},
          {kOp, Code::QuorumNotMet, "more to have", max_balance,
           limit([](auto& l) { l.max_balance = cents("3000000.01"); })},
          {kOp,
           Code::QuorumNotMet,
           "one treasurer of the owner",
           {},
           of_nostro(quorum(kB, Role::Treasury, 1))},
          {kOp, Code::SameOperator, "one human raises it",
           key_record(key(kA, Role::Onboard), kA, [](auto& k) { k.operator_id = 113; }),
           raised(raise)},
          {kOp, Code::BadId, "no account id", {}, change([](auto& l) { l.account = {}; })},
          {kOp, Code::AmountOutOfRange, "19 digits", {}, limit([](auto& l) {
             l.max_balance = {1, 0};
           })},
          {kOp, Code::NonCanonicalEncoding, "banks out of order", {}, limit([](auto& l) {
             l.allowed_payee_banks = {kB, kA};
           })},
          {kOp, Code::InstitutionNotFound, "a bank nobody knows", {}, limit([](auto& l) {
             l.allowed_payee_banks = {77};
           })},
          {kOp, Code::TokenNotFound, "a token nobody issued", {}, change([](auto& l) {
             l.token = 99;
           })},
          {kOp, Code::DebtorAccountNotFound, "no such account", {}, change([](auto& l) {
             l.account = kNobodys;
           })},
          {kOp, Code::DebtorAccountClosed, "a closed account", closed(kBuyer), as_sampled(kOp),
           false},
          {kOp, Code::DebtorPositionNotOpen, "no position in it", {}, change([](auto& l) {
             l.account = kMerchant;
             l.token = kAEur;
           })},
          {kOp,
           Code::DebtorKindNotAllowed,
           "an account of the ledger's own",
           {},
           changed_with<LimitsSet>(
               kOp, raise,
               [](auto& l) { l.account = internal_account(kAUsd, AccountKind::Suspense); })},
          {kOp, Code::InvariantViolation, "a position that does not add up", wrong_sum,
           as_sampled(kOp), false},
      });
}

void add_freeze_rules(std::vector<Rule>& rules) {
  static constexpr std::string_view kOp = "FREEZE_AMOUNT";
  const auto change = [](std::function<void(FreezeAmount&)> f) {
    return changed<FreezeAmount>(kOp, std::move(f));
  };
  const Keys one = quorum(kA, Role::Compliance, 1), two = quorum(kA, Role::Compliance, 2);
  const Given more = frozen(kAUsd, kBuyer, "5000.01");
  const Given wrong_sum = position(kAUsd, kBuyer, [](Position& p) { p.cr_total = cents("1.00"); });
  rules.insert(
      rules.end(),
      {
          {kOp, Code::Ok, "one may freeze", {}, as_sampled(kOp)},
          {kOp, Code::Ok, "the same again", frozen(kAUsd, kBuyer, "5000.00"), as_sampled(kOp)},
          {kOp, Code::Ok, "more than there is", {}, change([](auto& f) {
             f.amount = cents("9000000.00");
           })},
          {kOp, Code::Ok, "two may lower it", more, with_keys(kOp, two)},
          {kOp, Code::Ok, "to nothing", more,
           changed_with<FreezeAmount>(kOp, two, [](auto& f) { f.amount = {}; })},
          {kOp, Code::QuorumNotMet, "one may not lower it", more, with_keys(kOp, one)},
          {kOp, Code::SameOperator, "two keys of one human",
           both(more, one_operator(Role::Compliance, 109)), with_keys(kOp, two)},
          {kOp, Code::BadId, "no account id", {}, change([](auto& f) { f.account = {}; })},
          {kOp, Code::AmountOutOfRange, "19 digits", {}, change([](auto& f) {
             f.amount = {1, 0};
           })},
          {kOp, Code::TokenNotFound, "a token nobody issued", {}, change([](auto& f) {
             f.token = 99;
           })},
          {kOp, Code::DebtorAccountNotFound, "no such account", {}, change([](auto& f) {
             f.account = kNobodys;
           })},
          {kOp, Code::DebtorPositionNotOpen, "no position in it", {}, change([](auto& f) {
             f.account = kMerchant;
             f.token = kAEur;
           })},
          {kOp, Code::FeatureNotEnabled, "a token that cannot freeze",
           token(kAUsd, [](auto& t) { t.features = kCanClawback | kCanEscrow; }), as_sampled(kOp)},
          {kOp, Code::InvariantViolation, "a position that does not add up", wrong_sum,
           as_sampled(kOp), false},
      });
}

}  // namespace

void add_control_rules(std::vector<Rule>& rules) {
  add_token_control_rules(rules);
  add_lookup_rules<AcctSet>(rules, "ACCT_SET", kMerchant);
  add_close_rules(rules);
  add_keys_rules(rules);
  add_limit_rules(rules);
  add_lookup_rules<AcctBlock>(rules, "ACCT_BLOCK", kBuyer);
  add_lookup_rules<AcctUnblock>(rules, "ACCT_UNBLOCK", kBuyer);
  rules.insert(rules.end(),
               {
                   {"ACCT_SET",
                    Code::Malformed,
                    "no country",
                    {},
                    changed<AcctSet>("ACCT_SET", [](auto& a) { a.country = {}; })},
                   {"ACCT_BLOCK",
                    Code::Malformed,
                    "neither side",
                    {},
                    changed<AcctBlock>("ACCT_BLOCK", [](auto& a) { a.debit = false; })},
                   {"ACCT_UNBLOCK",
                    Code::Malformed,
                    "neither side",
                    {},
                    changed<AcctUnblock>("ACCT_UNBLOCK", [](auto& a) { a.debit = false; })},
                   {"ACCT_UNBLOCK",
                    Code::QuorumNotMet,
                    "one cannot",
                    {},
                    with_keys("ACCT_UNBLOCK", quorum(kA, Role::Compliance, 1))},
                   {"ACCT_UNBLOCK", Code::SameOperator, "two keys of one human",
                    one_operator(Role::Compliance, 109), as_sampled("ACCT_UNBLOCK")},
               });
  add_freeze_rules(rules);
}

}  // namespace giro::ledger::demo
