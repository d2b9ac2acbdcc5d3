// What changes who may do what, and under which rules.
#include <algorithm>

#include "tests/unit/node/ledger/reference/generator.h"

namespace giro::ledger::reference {

RoleKeys Generator::policy(InstId inst, Role role) {
  const Inst& known = s_.insts.at(inst);
  RoleKeys policy;
  policy.quorum = static_cast<std::uint32_t>(1 + random_.below(2));
  for (const auto& [id, key] : known.keys) {
    const bool wanted = key.roles.contains(role) ? !random_.one_in(12) : random_.one_in(90);
    if (!wanted || (key.revoked && !random_.one_in(20))) continue;
    policy.keys.push_back({.public_key = key.key,
                           .operator_id = key.human,
                           .not_before = {},
                           .not_after = TimeMs{now_ + static_cast<Ms>(1'000 * kDayMs)}});
  }
  if (random_.one_in(2) || policy.keys.size() < 3)
    policy.keys.push_back({.public_key = random_.key(),
                           .operator_id = 1'000 + random_.below(40),
                           .not_before = {},
                           .not_after = TimeMs{now_ + static_cast<Ms>(1'000 * kDayMs)}});
  if (random_.one_in(40)) policy.quorum = static_cast<std::uint32_t>(random_.below(5));
  std::ranges::sort(policy.keys, {}, &RoleKey::public_key);
  return policy;
}

bool Generator::role_set() {
  const auto role = static_cast<Role>(random_.below(kRoleCount));
  out_.operation.actor = bank();
  out_.operation.action = RoleChange{.role = role, .policy = policy(out_.operation.actor, role)};
  return true;
}

bool Generator::key_revoke() {
  const InstId inst = bank();
  const auto& keys = s_.insts.at(inst).keys;
  auto key = keys.begin();
  std::advance(key, random_.below(keys.size()));
  out_.operation.actor = inst;
  out_.operation.action = KeyRevoke{.key_id = random_.one_in(8) ? random_.next() : key->first};
  return true;
}

bool Generator::propose(GovPropose order) {
  out_.operation.actor = static_cast<InstId>(1 + random_.below(random_.one_in(10) ? 5 : 4));
  order.ttl_s = static_cast<std::uint32_t>(60 + random_.below(7'200));
  if (random_.one_in(40)) order.ttl_s = random_.one_in(2) ? 0 : 40 * 86'400;
  out_.operation.action = order;
  return true;
}

bool Generator::gov_propose() {
  GovPropose order;
  const InstId inst = static_cast<InstId>(1 + random_.below(s_.insts.size() + 1));
  const Inst* known = look(s_.insts, inst);
  switch (random_.below(6)) {
    case 0: {
      static constexpr std::string_view kLeis[] = {"GIRO00DEMO00BANK0E24", "GIRO00DEMO00BANK0A36"};
      InstAdd add;
      add.name = random_.one_in(8) ? "bank-b" : "bank-x" + std::to_string(random_.below(20));
      add.kind = InstitutionKind::Bank;
      add.lei = Lei::from(kLeis[random_.one_in(5) ? 1 : 0]);
      if (random_.one_in(20)) add.lei.bytes[3] = std::byte{'Z'};
      add.bic = "GIREFRPP";
      add.country = country();
      add.admin.quorum = 2;
      for (unsigned n = 0; n < 3; ++n)
        add.admin.keys.push_back({.public_key = random_.key(),
                                  .operator_id = random_.one_in(20) ? 1 : 100 + n,
                                  .not_before = {},
                                  .not_after = TimeMs{now_ + static_cast<Ms>(kDayMs * 900)}});
      std::ranges::sort(add.admin.keys, {}, &RoleKey::public_key);
      order.inst_add = add;
      break;
    }
    case 1:
    case 2: {
      InstStatus status{.institution = inst, .status = InstitutionStatus::Active};
      const bool is_active = known != nullptr && known->status == InstitutionStatus::Active;
      if (is_active || random_.one_in(6))
        status.status = static_cast<InstitutionStatus>(random_.one_in(6) ? random_.below(4) : 1);
      order.inst_status = status;
      order.urgent = status.status == InstitutionStatus::Suspended && random_.one_in(2);
      break;
    }
    case 3:
      if (known == nullptr) return false;
      order.inst_keys = InstKeys{.institution = inst, .admin = policy(inst, Role::Admin)};
      break;
    case 4: {
      ValidatorSetAction action;
      action.institution = inst;
      const bool sits = s_.next_seats.contains(inst);
      action.change = !sits ? SeatChange::Add : static_cast<SeatChange>(1 + random_.below(2));
      if (random_.one_in(8)) action.change = static_cast<SeatChange>(random_.below(3));
      if (action.change != SeatChange::Remove) {
        action.public_key = random_.one_in(10) ? *s_.used_validator_keys.begin() : random_.key();
        action.possession.bytes.fill(std::byte{1});
      }
      order.validator_set = action;
      order.urgent = action.change != SeatChange::Add && random_.one_in(3);
      break;
    }
    default: {
      static constexpr std::pair<std::string_view, std::uint64_t> kParams[] = {
          {"op_window", 2 * kHourMs},
          {"outcome_retention", kMinuteMs},
          {"payment_retention", 35 * kDayMs},
          {"return_window", 10 * kDayMs},
          {"attest_ttl", 10 * kMinuteMs},
          {"payment_ttl", kMinuteMs},
          {"payment_ttl_max", kDayMs},
          {"hold_ttl_max", 3 * kDayMs},
          {"gov_timelock", 30'000},
          {"proposal_ttl_max", 2 * kHourMs},
          {"urgent_suspension", kHourMs},
          {"sweep_max", 150},
          {"no_such_param", 1}};
      const auto& [name, value] = kParams[random_.below(std::size(kParams))];
      order.param_set =
          ParamSet{.name = std::string(name),
                   .value = random_.one_in(10) ? random_.below(kDayMs) : value + random_.below(9)};
    }
  }
  if (random_.one_in(25)) order.urgent = !order.urgent;
  return propose(order);
}

bool Generator::gov_vote() {
  std::uint64_t seen = 0;
  GovVote vote;
  for (const auto& [at, proposal] : s_.proposals) {
    if (proposal.state != ProposalState::Open && !random_.one_in(12)) continue;
    if (!random_.one_in(++seen)) continue;
    vote = {.proposer = at.first, .prop_id = at.second, .yes = !random_.one_in(7)};
    do {
      out_.operation.actor = static_cast<InstId>(1 + random_.below(random_.one_in(10) ? 5 : 4));
    } while (proposal.votes.contains(out_.operation.actor) && !random_.one_in(6));
  }
  if (seen == 0) return false;
  if (random_.one_in(30)) vote.prop_id = random_.id();
  out_.operation.action = vote;
  return true;
}

bool Generator::token_create() {
  if (s_.tokens.size() > 12) return false;
  static constexpr std::string_view kCurrencies[] = {"USD", "EUR", "JPY", "KWD", "XXX"};
  TokenCreate order;
  order.currency = Currency::from(kCurrencies[random_.below(std::size(kCurrencies))]);
  order.product = static_cast<std::uint16_t>(random_.below(4));
  out_.operation.actor = bank();
  const bool settles = out_.operation.actor == 5 ? !random_.one_in(6) : random_.one_in(10);
  order.token_class = settles ? TokenClass::Settlement : TokenClass::Deposit;
  order.holder_policy =
      settles && !random_.one_in(6) ? HolderPolicy::MemberBanksOnly : HolderPolicy::IssuerCustomers;
  order.features = static_cast<std::uint8_t>(random_.below(8));
  order.issuance_cap = {0, 1'000'000'00};
  order.max_tx = {0, 500'000'00};
  order.fee_max = {0, 100'00};
  order.checker_threshold = {0, 100'000'00};
  order.dual_threshold = {0, 200'000'00};
  out_.operation.action = order;
  return true;
}

bool Generator::token_set() {
  TokenSet order;
  order.token = any_token();
  const Money out = s_.outstanding(order.token);
  out_.operation.actor = random_.one_in(20) ? bank() : issuer(order.token);
  const std::uint64_t outstanding = static_cast<std::uint64_t>(out);
  order.issuance_cap = {0, outstanding + random_.below(100'000'000'000) + 1};
  if (random_.one_in(10) && outstanding > 0)
    order.issuance_cap = {0, outstanding - random_.below(2)};
  order.max_tx = {0, random_.one_in(4) ? 0 : 50'000'000'00 - random_.below(4'999'000'000)};
  order.min_tx = {0, random_.below(5)};
  order.fee_max = {0, 50'00 + random_.below(100'00)};
  order.checker_threshold = {0, random_.below(200'000'00)};
  order.dual_threshold = {0, random_.one_in(3) ? 10'000'00U : 10'000'000'00U};
  if (random_.one_in(40)) order.token = 99;
  out_.operation.action = order;
  return true;
}

bool Generator::token_pause() {
  const TokenId token = any_token();
  out_.operation.actor = random_.one_in(20) ? bank() : issuer(token);
  out_.operation.action =
      TokenPause{.token = token, .flags = static_cast<std::uint8_t>(1U << random_.below(4))};
  return true;
}

bool Generator::token_unpause() {
  TokenId token = any_token();
  for (const auto& [id, record] : s_.tokens)
    token = record.paused != 0 && !random_.one_in(3) ? id : token;
  out_.operation.actor = issuer(token);
  out_.operation.action =
      TokenUnpause{.token = token, .flags = static_cast<std::uint8_t>(random_.one_in(3) ? 3 : 15)};
  return true;
}

static PolicyFields some_policy(Random& random, AuthMode mode) {
  PolicyFields policy;
  if (mode == AuthMode::Custodial && !random.one_in(30)) return policy;
  std::set<PublicKey> keys;
  for (std::uint64_t n = 1 + random.below(4); n > 0; --n) keys.insert(random.key());
  for (const PublicKey& key : keys) (void)policy.keys.push_back(key);
  policy.m = static_cast<std::uint32_t>(1 + random.below(keys.size()));
  if (random.one_in(20)) policy.m = static_cast<std::uint32_t>(random.below(6));
  return policy;
}

bool Generator::acct_open() {
  AcctOpen order;
  out_.operation.actor = bank();
  const InstId actor = out_.operation.actor;
  order.account = random_.id();
  PosKey other;  // the id that another servicer gave
  if (random_.one_in(8) && pick_kind(other, AccountKind::Customer)) order.account = other.second;
  order.kind = actor == 5 || random_.one_in(3) ? AccountKind::Nostro : AccountKind::Customer;
  if (order.kind == AccountKind::Nostro) {
    do {
      order.owner = static_cast<InstId>(1 + random_.below(s_.insts.size() + 1));
    } while (order.owner == actor);
  } else if (random_.one_in(4)) {
    order.auth_mode = AuthMode::Joint;
  }
  if (order.kind == AccountKind::Customer) order.policy = some_policy(random_, order.auth_mode);
  order.country = country();
  order.kyc_valid_until = TimeMs{now_ + static_cast<Ms>(random_.below(200 * kDayMs))};
  order.max_balance = {0, random_.one_in(3) ? random_.below(100'000'00) : 0};
  for (const auto& [id, token] : s_.tokens) {
    if (token.issuer == actor ? random_.one_in(2) : random_.one_in(60))
      (void)order.tokens.push_back(id);
  }
  if (s_.accounts.size() > 80 && !random_.one_in(10)) return false;
  out_.operation.action = order;
  return true;
}

bool Generator::position_open() {
  PosKey at;
  if (!pick(at, [](const PosKey&, const Acct& account, const Pos&) {
        return account.kind == AccountKind::Customer || account.kind == AccountKind::Nostro;
      }))
    return false;
  PositionOpen order;
  order.account = at.second;
  order.token = any_token();
  for (const auto& [id, token] : s_.tokens) {
    if (token.issuer == issuer(at.first) && !s_.positions.contains({id, at.second}) &&
        !random_.one_in(3))
      order.token = id;
  }
  if (random_.one_in(40)) order.account = random_.id();
  out_.operation.actor = issuer(at.first);
  out_.operation.action = order;
  return true;
}

bool Generator::acct_set() {
  PosKey at;
  if (!pick_kind(at, AccountKind::Customer)) return false;
  out_.operation.actor = random_.one_in(30) ? bank() : issuer(at.first);
  AcctSet order;
  order.account = at.second;
  order.country = country();
  order.kyc_tier = static_cast<std::uint32_t>(random_.below(4));
  order.kyc_valid_until = TimeMs{now_ + static_cast<Ms>(random_.below(200 * kDayMs))};
  if (random_.one_in(20))
    order.kyc_valid_until = TimeMs{now_ + static_cast<Ms>(random_.below(60'000))};
  out_.operation.action = order;
  return true;
}

bool Generator::acct_close() {
  PosKey at;
  if (!pick(at, [&](const PosKey&, const Acct& account, const Pos& position) {
        return (account.kind == AccountKind::Customer || account.kind == AccountKind::Nostro ||
                random_.one_in(20)) &&
               (position.posted == 0 || random_.one_in(10));
      }))
    return false;
  out_.operation.actor = issuer(at.first);
  out_.operation.action = AcctClose{.account = random_.one_in(30) ? random_.id() : at.second};
  return true;
}

bool Generator::acct_keys_set() {
  PosKey at;
  if (!pick_kind(at, random_.one_in(20) ? AccountKind::Nostro : AccountKind::Customer))
    return false;
  AcctKeysSet order;
  order.account = random_.one_in(30) ? random_.id() : at.second;
  order.auth_mode = random_.one_in(2) ? AuthMode::Joint : AuthMode::Custodial;
  order.policy = some_policy(random_, order.auth_mode);
  order.recovery = random_.one_in(5);
  out_.operation.actor = issuer(at.first);
  out_.operation.action = order;
  return true;
}

bool Generator::limits_set() {
  PosKey at;
  if (!pick_kind(at, random_.one_in(3) ? AccountKind::Nostro : AccountKind::Customer)) return false;
  if (random_.one_in(30)) at.second = internal_account(at.first, AccountKind::Fee);
  LimitsSet order;
  order.account = at.second;
  order.token = random_.one_in(40) ? any_token() : at.first;
  order.limits.max_tx = {0, random_.one_in(2) ? 0 : 5'000'00 + random_.below(100'000'000)};
  order.limits.day_amount = {0, random_.one_in(2) ? 0 : 20'000'00 + random_.below(100'000'000)};
  order.limits.day_count = random_.one_in(2) ? 0 : 3 + random_.below(20);
  if (random_.one_in(4)) order.limits.allowed_payee_banks = {1, 2};
  order.limits.max_balance = {0, random_.one_in(2) ? 0 : 10'000'00 + random_.below(1'000'000'000)};
  const Acct& account = s_.accounts.at({issuer(at.first), at.second});
  out_.operation.actor = account.kind == AccountKind::Nostro ? account.owner : issuer(at.first);
  out_.operation.action = order;
  return true;
}

bool Generator::acct_block() {
  PosKey at;
  if (!pick_kind(at, random_.one_in(6) ? AccountKind::Nostro : AccountKind::Customer)) return false;
  AcctBlock order;
  order.account = random_.one_in(30) ? random_.id() : at.second;
  order.debit = random_.one_in(2);
  order.credit = !order.debit || random_.one_in(3);
  order.reason_class = 1;
  out_.operation.actor = issuer(at.first);
  out_.operation.action = order;
  return true;
}

bool Generator::acct_unblock() {
  PosKey at;
  if (!pick(at, [&](const PosKey&, const Acct& account, const Pos&) {
        return account.no_debit || account.no_credit || random_.one_in(40);
      }))
    return false;
  AcctUnblock order;
  order.account = at.second;
  order.debit = !random_.one_in(5);
  order.credit = !order.debit || !random_.one_in(5);
  out_.operation.actor = issuer(at.first);
  out_.operation.action = order;
  return true;
}

bool Generator::freeze() {
  PosKey at;
  if (!pick_kind(at, AccountKind::Customer)) return false;
  FreezeAmount order;
  order.account = random_.one_in(30) ? random_.id() : at.second;
  order.token = random_.one_in(30) ? any_token() : at.first;
  order.amount = random_.one_in(2) ? Amount{} : Amount{0, random_.below(2'000'000)};
  out_.operation.actor = random_.one_in(30) ? bank() : issuer(at.first);
  out_.operation.action = order;
  return true;
}

bool Generator::deny_set() {
  DenySet order;
  out_.operation.actor = bank();
  const auto& denied = s_.insts.at(out_.operation.actor).denied;
  if (!denied.empty() && !random_.one_in(3)) {
    const auto& [kind, inst, account, country] = denied.begin()->first;
    order.remove.push_back({.kind = kind,
                            .institution = inst,
                            .account = account,
                            .country = country,
                            .reason_class = 0});
  } else {
    DenyEntry entry;
    entry.kind = static_cast<DenySubject>(random_.below(3));
    PosKey at;
    if (!pick_kind(at, AccountKind::Customer)) return false;
    if (entry.kind != DenySubject::Country) entry.institution = issuer(at.first);
    if (entry.kind == DenySubject::Account) entry.account = at.second;
    if (entry.kind == DenySubject::Country) entry.country = country();
    entry.reason_class = 2;
    order.add.push_back(entry);
  }
  out_.operation.action = order;
  return true;
}

bool Generator::corridor_set() {
  CorridorSet order;
  out_.operation.actor = static_cast<InstId>(1 + random_.below(4));
  order.incoming = random_.one_in(2);
  do {
    order.peer = static_cast<InstId>(1 + random_.below(random_.one_in(20) ? 9 : 4));
  } while (order.peer == out_.operation.actor);
  order.currency = Currency::from(random_.one_in(3) ? "EUR" : "USD");
  if (random_.one_in(40)) order.currency = Currency::from("XXX");
  CorridorHalf& half = order.half;
  half.enabled = !random_.one_in(15);
  half.max_tx = {0, 100'000'00 + random_.below(200'000'000)};
  half.daily_cap = {0, random_.one_in(5) ? random_.below(50'000'00) : 5'000'000'00U};
  for (const auto& [id, token] : s_.tokens) {
    if (token.currency == order.currency ? !random_.one_in(5) : random_.one_in(150))
      (void)half.settle_tokens.push_back(id);
  }
  half.travel_rule_threshold = {0, random_.below(2'000'00)};
  half.cop_threshold = {0, random_.below(2'000'00)};
  half.required_checks = static_cast<std::uint8_t>(random_.one_in(4) ? random_.below(8) : 3);
  half.purpose_required = random_.one_in(5);
  if (order.incoming) {
    half.auto_accept_max = {0, random_.below(3'000'00)};
    half.standing_fee_max = {0, random_.below(10'00)};
  }
  out_.operation.action = order;
  return true;
}

}  // namespace giro::ledger::reference
