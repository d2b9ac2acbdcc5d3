#include "crypto/digest.h"
#include "tests/unit/node/ledger/rules.h"

namespace giro::ledger::demo {

namespace {

const AccountId kFresh = account_id("new");

// A NOSTRO of C at A in A.USD: ONBOARD of A and TREASURY of C.
Signed nostro_open(const World& world) {
  Signed open = sample("ACCT_OPEN", world);
  auto& action = action_of<AcctOpen>(open);
  action.kind = AccountKind::Nostro;
  action.owner = kC;
  action.tokens = {kAUsd};
  action.kyc_valid_until = {};
  open.keys = quorum(kA, Role::Onboard, 1) + quorum(kC, Role::Treasury, 2);
  return open;
}

// The second position of B's NOSTRO at A.
Signed nostro_position(const World& world) {
  Signed open = sample("POSITION_OPEN", world);
  action_of<PositionOpen>(open) = {.account = nostro(kB, kAUsd), .token = kAEur, .max_balance = {}};
  open.keys = quorum(kA, Role::Onboard, 1) + quorum(kB, Role::Treasury, 2);
  return open;
}

std::function<Signed(World&)> of(Signed (*make)(const World&),
                                 std::function<void(Signed&)> change) {
  return [make, change](World& world) {
    Signed out = make(world);
    change(out);
    return out;
  };
}

void set_joint(AcctOpen& open, std::uint32_t m, unsigned keys) {
  open.auth_mode = AuthMode::Joint;
  open.policy.m = m;
  std::vector<PublicKey> all;
  for (unsigned n = 1; n <= keys; ++n) all.push_back(key(kD, Role::Admin, n).public_key());
  std::sort(all.begin(), all.end());
  for (const PublicKey& each : all) (void)open.policy.keys.push_back(each);
}

void add_token_rules(std::vector<Rule>& rules) {
  static constexpr std::string_view kOp = "TOKEN_CREATE";
  const auto change = [](std::function<void(TokenCreate&)> f) {
    return changed<TokenCreate>(kOp, std::move(f));
  };
  rules.insert(
      rules.end(),
      {
          {kOp, Code::Ok, "the next token", {}, as_sampled(kOp)},
          {kOp, Code::Malformed, "a feature that does not exist", {}, change([](auto& t) {
             t.features = 8;
           })},
          {kOp, Code::Malformed, "a minimum above the maximum", {}, change([](auto& t) {
             t.max_tx = cents("1.00"), t.min_tx = cents("2.00");
           })},
          {kOp, Code::AmountOutOfRange, "19 digits", {}, change([](auto& t) {
             t.issuance_cap = {0, 1'000'000'000'000'000'000};
           })},
          {kOp, Code::BadCurrency, "not in the table", {}, change([](auto& t) {
             t.currency = Currency::from("XXX");
           })},
          {kOp, Code::BadCurrency, "absent", {}, change([](auto& t) { t.currency = {}; })},
          {kOp, Code::IssuerExiting, "an issuer on its way out",
           status(kA, InstitutionStatus::Exiting), as_sampled(kOp)},
          {kOp, Code::TokenExists, "the same currency and product again", {}, change([](auto& t) {
             t.product = 0;
           })},
          {kOp,
           Code::InstitutionKindNotAllowed,
           "a bank with a settlement token",
           {},
           change([](auto& t) {
             t.token_class = TokenClass::Settlement,
             t.holder_policy = HolderPolicy::MemberBanksOnly;
           })},
          {kOp,
           Code::InstitutionKindNotAllowed,
           "an agent with deposits",
           {},
           [](World& world) {
             Signed create = sample(kOp, world);
             create.operation.actor = kS;
             create.keys = quorum(kS, Role::Issuer, 2);
             return create;
           }},
          {kOp,
           Code::InstitutionKindNotAllowed,
           "a settlement token for customers",
           {},
           [](World& world) {
             Signed create = sample(kOp, world);
             create.operation.actor = kS;
             create.keys = quorum(kS, Role::Issuer, 2);
             action_of<TokenCreate>(create).token_class = TokenClass::Settlement;
             return create;
           }},
          {kOp,
           Code::QuorumNotMet,
           "one issuer of two",
           {},
           with_keys(kOp, quorum(kA, Role::Issuer, 1))},
          {kOp, Code::SameOperator, "two keys of one human",
           key_record(key(kA, Role::Issuer, 2), kA, [](auto& k) { k.operator_id = 104; }),
           as_sampled(kOp)},
      });
}

void add_open_rules(std::vector<Rule>& rules) {
  static constexpr std::string_view kOp = "ACCT_OPEN";
  const auto change = [](std::function<void(AcctOpen&)> f) {
    return changed<AcctOpen>(kOp, std::move(f));
  };
  const auto of_nostro = [](std::function<void(Signed&)> f) {
    return of(nostro_open, std::move(f));
  };
  rules.insert(
      rules.end(),
      {
          {kOp, Code::Ok, "a customer with two positions", {}, as_sampled(kOp)},
          {kOp, Code::Ok, "a joint account", {}, change([](auto& a) { set_joint(a, 2, 3); })},
          {kOp, Code::Ok, "a correspondent account", {}, of_nostro([](auto&) {})},
          {kOp, Code::Malformed, "a kind of the ledger's own", {}, change([](auto& a) {
             a.kind = AccountKind::Fee;
           })},
          {kOp, Code::Malformed, "an owner of a customer account", {}, change([](auto& a) {
             a.owner = kB;
           })},
          {kOp, Code::Malformed, "a correspondent account at itself", {}, of_nostro([](Signed& s) {
             action_of<AcctOpen>(s).owner = kA;
           })},
          {kOp, Code::Malformed, "a country in lower case", {}, change([](auto& a) {
             a.country = CountryCode::from("us");
           })},
          {kOp, Code::Malformed, "a key that is no point", {}, change([](auto& a) {
             set_joint(a, 1, 0);
             PublicKey key;
             key.bytes.fill(std::byte{0xEE});
             (void)a.policy.keys.push_back(key);
           })},
          {kOp, Code::BadId, "no account id", {}, change([](auto& a) { a.account = {}; })},
          {kOp, Code::AmountOutOfRange, "19 digits", {}, change([](auto& a) {
             a.max_balance = {1, 0};
           })},
          {kOp, Code::NonCanonicalEncoding, "tokens out of order", {}, change([](auto& a) {
             a.tokens = {kAEur, kAUsd};
           })},
          {kOp, Code::InstitutionNotFound, "an owner nobody knows", {}, of_nostro([](Signed& s) {
             action_of<AcctOpen>(s).owner = 77;
           })},
          {kOp, Code::AgentSuspended, "a suspended owner must sign",
           status(kC, InstitutionStatus::Suspended), of_nostro([](auto&) {})},
          {kOp, Code::IssuerExiting, "no new positions at a bank that leaves",
           status(kA, InstitutionStatus::Exiting), as_sampled(kOp)},
          {kOp, Code::BadRolePolicy, "more signatures than keys", {}, change([](auto& a) {
             set_joint(a, 3, 2);
           })},
          {kOp, Code::BadRolePolicy, "joint without a quorum", {}, change([](auto& a) {
             set_joint(a, 0, 2);
           })},
          {kOp, Code::BadRolePolicy, "keys of a custodial account", {}, change([](auto& a) {
             set_joint(a, 1, 1), a.auth_mode = AuthMode::Custodial;
           })},
          {kOp, Code::AccountExists, "the id is taken", {}, change([](auto& a) {
             a.account = kBuyer;
           })},
          {kOp,
           Code::AccountExists,
           "a second own account in one token",
           {},
           of_nostro([](Signed& s) {
             action_of<AcctOpen>(s).owner = kB;
             s.keys = quorum(kA, Role::Onboard, 1) + quorum(kB, Role::Treasury, 2);
           })},
          {kOp, Code::TokenNotFound, "a token nobody issued", {}, change([](auto& a) {
             a.tokens = {99};
           })},
          {kOp, Code::HolderNotEligible, "a token of another issuer", {}, change([](auto& a) {
             a.tokens = {kBUsd};
           })},
          {kOp,
           Code::HolderNotEligible,
           "a customer in a settlement token",
           {},
           [](World& world) {
             Signed open = sample(kOp, world);
             open.operation.actor = kS;
             open.keys = quorum(kS, Role::Onboard, 1);
             action_of<AcctOpen>(open).tokens = {kSUsd};
             return open;
           }},
          {kOp,
           Code::QuorumNotMet,
           "one treasurer of the owner's two",
           {},
           of_nostro([](Signed& s) {
             s.keys = quorum(kA, Role::Onboard, 1) + quorum(kC, Role::Treasury, 1);
           })},
          {kOp, Code::UnknownKey, "the owner did not sign", {}, of_nostro([](Signed& s) {
             s.keys = quorum(kA, Role::Onboard, 1);
           })},
          {kOp, Code::SameOperator, "the owner's treasurers are one human",
           key_record(key(kC, Role::Treasury, 2), kC, [](auto& k) { k.operator_id = 107; }),
           of_nostro([](auto&) {})},
      });
}

void add_position_rules(std::vector<Rule>& rules) {
  static constexpr std::string_view kOp = "POSITION_OPEN";
  const auto change = [](std::function<void(PositionOpen&)> f) {
    return changed<PositionOpen>(kOp, std::move(f));
  };
  const auto of_nostro = [](std::function<void(Signed&)> f) {
    return of(nostro_position, std::move(f));
  };
  rules.insert(
      rules.end(),
      {
          {kOp, Code::Ok, "a second currency", {}, as_sampled(kOp)},
          {kOp, Code::Ok, "of a correspondent account", {}, of_nostro([](auto&) {})},
          {kOp, Code::BadId, "no account id", {}, change([](auto& p) { p.account = {}; })},
          {kOp, Code::AmountOutOfRange, "19 digits", {}, change([](auto& p) {
             p.max_balance = {1, 0};
           })},
          {kOp, Code::TokenNotFound, "a token nobody issued", {}, change([](auto& p) {
             p.token = 99;
           })},
          {kOp, Code::IssuerExiting, "a bank that leaves", status(kA, InstitutionStatus::Exiting),
           as_sampled(kOp)},
          {kOp, Code::DebtorAccountNotFound, "no such account", {}, change([](auto& p) {
             p.account = kFresh;
           })},
          {kOp, Code::DebtorAccountClosed, "a closed account",
           account(kA, kMerchant, [](auto& a) { a.status = AccountStatus::Closed; }),
           as_sampled(kOp)},
          {kOp, Code::AccountExists, "it is open", {}, change([](auto& p) { p.token = kAUsd; })},
          {kOp, Code::AccountExists, "another own account of the owner",
           [](World& world) {
             world.edit<OwnAccount>(own_account_key(kB, kAEur),
                                    [](OwnAccount& own) { own.account = kFresh; });
           },
           of_nostro([](auto&) {})},
          {kOp, Code::HolderNotEligible, "a token of another issuer", {}, change([](auto& p) {
             p.token = kBUsd;
           })},
          {kOp,
           Code::HolderNotEligible,
           "an internal account holds its own token only",
           {},
           change([](auto& p) { p.account = internal_account(kAUsd, AccountKind::Fee); })},
          {kOp,
           Code::QuorumNotMet,
           "one treasurer of the owner's two",
           {},
           of_nostro([](Signed& s) {
             s.keys = quorum(kA, Role::Onboard, 1) + quorum(kB, Role::Treasury, 1);
           })},
          {kOp, Code::SameOperator, "the owner's treasurers are one human",
           key_record(key(kB, Role::Treasury, 2), kB, [](auto& k) { k.operator_id = 107; }),
           of_nostro([](auto&) {})},
      });
}

}  // namespace

void add_account_rules(std::vector<Rule>& rules) {
  add_token_rules(rules);
  add_open_rules(rules);
  add_position_rules(rules);
}

}  // namespace giro::ledger::demo
