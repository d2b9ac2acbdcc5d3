// ACCT_OPEN and POSITION_OPEN (ledger 5.2).
#include <algorithm>

#include "node/ledger/operations/account_checks.h"
#include "node/ledger/operations/opening.h"
#include "node/ledger/operations/parties.h"

namespace giro::ledger {

Cell<Account>& open_account(Effects& effects, InstId servicer, const AccountId& account,
                            Account values) {
  Cell<Account>& cell = effects.overlay.create<Account>(account_key(servicer, account));
  cell.value = std::move(values);
  effects.emit(EventType::AccountOpened,
               AccountEvent{.servicer = servicer, .account = account, .values = cell.value},
               {servicer, cell.value.owner});
  return cell;
}

void open_position(Effects& effects, const PositionOpening& opening) {
  Overlay& overlay = effects.overlay;
  Cell<Position>& cell = overlay.create<Position>(position_key(opening.token, opening.account));
  cell.value.entry_chain = first_entry_chain(opening.token, opening.account);
  cell.value.limits.max_balance = opening.max_balance;
  cell.value.last_height = effects.block.height;
  ++overlay.edit(*overlay.find<Token>(token_key(opening.token))).positions;
  const Account& account = opening.holder->value;
  if (account.kind == AccountKind::Nostro) {
    overlay.create<OwnAccount>(own_account_key(account.owner, opening.token)).value.account =
        opening.account;
  }
  effects.emit(EventType::PositionOpened,
               PositionEvent{.servicer = opening.servicer,
                             .account = opening.account,
                             .token = opening.token,
                             .limits = cell.value.limits},
               {opening.servicer, account.owner});
}

bool is_policy_sound(AuthMode mode, const PolicyFields& policy) {
  if (mode == AuthMode::Custodial) return policy.m == 0 && policy.keys.empty();
  return policy.m >= 1 && policy.m <= policy.keys.size() &&
         std::adjacent_find(policy.keys.begin(), policy.keys.end(), std::greater_equal<>()) ==
             policy.keys.end();
}

namespace {

// What decides whether an account may hold a token (511).
bool is_eligible(Overlay& overlay, InstId servicer, AccountKind kind, InstId owner,
                 const Token& token) {
  if (token.issuer != servicer) return false;
  switch (kind) {
    case AccountKind::Customer:
      return token.holder_policy != HolderPolicy::MemberBanksOnly;
    case AccountKind::Nostro: {
      const Institution* institution = find_institution(overlay, owner);
      return institution != nullptr && institution->kind != InstitutionKind::Observer;
    }
    default:
      return false;  // internal accounts are opened with their token, and hold nothing else
  }
}

// Open: one that was closed makes room for another.
bool has_own_account(Overlay& overlay, InstId owner, TokenId token) {
  const Cell<OwnAccount>* own = overlay.find<OwnAccount>(own_account_key(owner, token));
  if (own == nullptr) return false;
  const InstId servicer = overlay.find<Token>(token_key(token))->value.issuer;
  const Cell<Account>* account = overlay.find<Account>(account_key(servicer, own->value.account));
  return account == nullptr || account->value.status == AccountStatus::Open;
}

// Steps 7 of both operations.
Code check_institutions(Run& run, std::span<const TokenId> tokens) {
  if (has_suspended_signer(run)) return Code::AgentSuspended;
  for (const TokenId id : tokens) {
    const Cell<Token>* token = run.overlay().find<Token>(token_key(id));
    if (token == nullptr) continue;
    const Institution* issuer = find_institution(run.overlay(), token->value.issuer);
    if (issuer != nullptr && issuer->status == InstitutionStatus::Exiting)
      return Code::IssuerExiting;
  }
  return Code::Ok;
}

bool is_ascending(std::span<const TokenId> tokens) {
  return std::adjacent_find(tokens.begin(), tokens.end(), std::greater_equal<>()) == tokens.end();
}

void require_onboarding(Run& run, AccountKind kind, InstId owner) {
  run.requirements.add(run.actor(), Role::Onboard, 1);
  if (kind == AccountKind::Nostro)
    run.requirements.add_quorum(run.overlay(), owner, Role::Treasury);
}

}  // namespace

// ---- ACCT_OPEN ----

Code check(const Operation& operation, const AcctOpen& action) {
  const bool is_nostro = action.kind == AccountKind::Nostro;
  const bool has_valid_keys =
      std::all_of(action.policy.keys.begin(), action.policy.keys.end(), crypto::is_valid_point);
  return Lowest()
      .when(!is_nostro && action.kind != AccountKind::Customer, Code::Malformed)
      .when(is_nostro != (action.owner != 0), Code::Malformed)
      .when(is_nostro && action.owner == operation.actor, Code::Malformed)
      .when(is_nostro && action.auth_mode != AuthMode::Custodial, Code::Malformed)
      .when(!is_country(action.country) || !has_valid_keys, Code::Malformed)
      .when(!is_valid(action.account), Code::BadId)
      .also(check_optional_amount(action.max_balance))
      .when(!is_ascending(action.tokens), Code::NonCanonicalEncoding)
      .code();
}

Code require(Run& run, const AcctOpen& action) {
  if (action.kind == AccountKind::Nostro &&
      find_institution(run.overlay(), action.owner) == nullptr) {
    return Code::InstitutionNotFound;
  }
  require_onboarding(run, action.kind, action.owner);
  return Code::Ok;
}

Verdict run(Run& run, const AcctOpen& action) {
  Overlay& overlay = run.overlay();
  if (const Code code = check_institutions(run, action.tokens); code != Code::Ok) return code;

  // step 8
  if (!is_policy_sound(action.auth_mode, action.policy)) return Code::BadRolePolicy;
  if (overlay.find<Account>(account_key(run.actor(), action.account)) != nullptr)
    return Code::AccountExists;
  for (const TokenId token : action.tokens) {
    if (action.kind == AccountKind::Nostro && has_own_account(overlay, action.owner, token))
      return Code::AccountExists;
  }
  // step 9
  for (const TokenId token : action.tokens) {
    if (overlay.find<Token>(token_key(token)) == nullptr) return Code::TokenNotFound;
  }
  // step 10
  for (const TokenId token : action.tokens) {
    const Token& record = overlay.find<Token>(token_key(token))->value;
    if (!is_eligible(overlay, run.actor(), action.kind, action.owner, record))
      return Code::HolderNotEligible;
  }

  Account account{.kind = action.kind,
                  .owner = action.owner,
                  .owner_ref = action.owner_ref,
                  .auth_mode = action.auth_mode,
                  .policy = {.m = action.policy.m,
                             .keys = {action.policy.keys.begin(), action.policy.keys.end()}},
                  .country = action.country,
                  .kyc_tier = action.kyc_tier,
                  .kyc_valid_until = action.kyc_valid_until};
  const Cell<Account>& cell =
      open_account(run.effects, run.actor(), action.account, std::move(account));
  for (const TokenId token : action.tokens) {
    open_position(run.effects, {.servicer = run.actor(),
                                .account = action.account,
                                .holder = &cell,
                                .token = token,
                                .max_balance = action.max_balance});
  }
  return Code::Ok;
}

// ---- POSITION_OPEN ----

Code check(const Operation&, const PositionOpen& action) {
  return Lowest()
      .when(!is_valid(action.account), Code::BadId)
      .also(check_optional_amount(action.max_balance))
      .code();
}

Code require(Run& run, const PositionOpen& action) {
  const Cell<Account>* account =
      run.overlay().find<Account>(account_key(run.actor(), action.account));
  if (account == nullptr) return Code::DebtorAccountNotFound;
  require_onboarding(run, account->value.kind, account->value.owner);
  return Code::Ok;
}

Verdict run(Run& run, const PositionOpen& action) {
  Overlay& overlay = run.overlay();
  if (const Code code = check_institutions(run, {&action.token, 1}); code != Code::Ok) return code;
  // step 9
  const Cell<Token>* token = overlay.find<Token>(token_key(action.token));
  if (token == nullptr) return Code::TokenNotFound;
  // step 10
  const Cell<Account>& account = *overlay.find<Account>(account_key(run.actor(), action.account));
  const AccountKind kind = account.value.kind;
  const bool is_eligible_holder =
      is_eligible(overlay, run.actor(), kind, account.value.owner, token->value);
  const bool is_open =
      token->value.issuer == run.actor() &&
      overlay.find<Position>(position_key(action.token, action.account)) != nullptr;
  const Code code =
      Lowest()
          .when(account.value.status == AccountStatus::Closed, Code::DebtorAccountClosed)
          .when(is_open, Code::AccountExists)
          .when(kind == AccountKind::Nostro &&
                    has_own_account(overlay, account.value.owner, action.token),
                Code::AccountExists)
          .when(!is_eligible_holder, Code::HolderNotEligible)
          .code();
  if (code != Code::Ok) return code;
  open_position(run.effects, {.servicer = run.actor(),
                              .account = action.account,
                              .holder = &account,
                              .token = action.token,
                              .max_balance = action.max_balance});
  return Code::Ok;
}

}  // namespace giro::ledger
