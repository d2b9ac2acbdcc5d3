// ACCT_SET, ACCT_CLOSE and ACCT_KEYS_SET (ledger 5.2).
#include <algorithm>

#include "crypto/keys.h"
#include "node/ledger/operations/account_checks.h"
#include "node/ledger/operations/parties.h"

namespace giro::ledger {

Code check_account(const Cell<Account>* account) {
  if (account == nullptr) return Code::DebtorAccountNotFound;
  return account->value.status == AccountStatus::Closed ? Code::DebtorAccountClosed : Code::Ok;
}

void emit_account(Effects& effects, EventType type, InstId servicer, const AccountId& id,
                  const Account& account) {
  effects.emit(type, AccountEvent{.servicer = servicer, .account = id, .values = account},
               {servicer, account.owner});
}

// ---- ACCT_SET ----

Code check(const Operation&, const AcctSet& action) {
  return Lowest()
      .when(!is_country(action.country), Code::Malformed)
      .when(!is_valid(action.account), Code::BadId)
      .code();
}

Code require(Run& run, const AcctSet&) {
  run.requirements.add(run.actor(), Role::Onboard, 1);
  return Code::Ok;
}

Verdict run(Run& run, const AcctSet& action) {
  // step 7
  if (has_suspended_signer(run)) return Code::AgentSuspended;
  // step 10
  Cell<Account>* cell = run.overlay().find<Account>(account_key(run.actor(), action.account));
  if (const Code code = check_account(cell); code != Code::Ok) return code;

  Account& account = run.overlay().edit(*cell);
  account.country = action.country;
  account.kyc_tier = action.kyc_tier;
  account.kyc_valid_until = action.kyc_valid_until;
  emit_account(run.effects, EventType::AccountChanged, run.actor(), action.account, account);
  return Code::Ok;
}

// ---- ACCT_CLOSE ----

Code check(const Operation&, const AcctClose& action) {
  return is_valid(action.account) ? Code::Ok : Code::BadId;
}

Code require(Run& run, const AcctClose&) {
  run.requirements.add(run.actor(), Role::Onboard, 1);
  return Code::Ok;
}

namespace {

bool is_internal(AccountKind kind) {
  return kind != AccountKind::Customer && kind != AccountKind::Nostro;
}

// In every token of its servicer: an account has positions in no other.
bool has_balance(Overlay& overlay, InstId servicer, const AccountId& account) {
  const TokenId next = overlay.find<Meta>(meta_key())->value.next_token;
  for (TokenId id = 1; id < next; ++id) {
    const Cell<Token>* token = overlay.find<Token>(token_key(id));
    if (token == nullptr || token->value.issuer != servicer) continue;
    const Cell<Position>* position = overlay.find<Position>(position_key(id, account));
    if (position == nullptr) continue;
    if (!position->value.posted.is_zero() || !position->value.frozen.is_zero()) return true;
  }
  return false;
}

}  // namespace

Verdict run(Run& run, const AcctClose& action) {
  Overlay& overlay = run.overlay();
  // step 7
  if (has_suspended_signer(run)) return Code::AgentSuspended;
  // step 8
  Cell<Account>* cell = overlay.find<Account>(account_key(run.actor(), action.account));
  if (cell != nullptr && cell->value.open_items != 0) return Code::AccountHasOpenItems;
  // step 10
  if (const Code code = check_account(cell); code != Code::Ok) return code;
  if (is_internal(cell->value.kind)) return Code::DebtorKindNotAllowed;
  if (has_balance(overlay, run.actor(), action.account)) return Code::AccountNotEmpty;

  Account& account = overlay.edit(*cell);
  account.status = AccountStatus::Closed;
  emit_account(run.effects, EventType::AccountClosed, run.actor(), action.account, account);
  return Code::Ok;
}

// ---- ACCT_KEYS_SET ----

Code check(const Operation&, const AcctKeysSet& action) {
  return Lowest()
      .when(!std::ranges::all_of(action.policy.keys, crypto::is_valid_point), Code::Malformed)
      .when(!is_valid(action.account), Code::BadId)
      .code();
}

Code require(Run& run, const AcctKeysSet& action) {
  if (action.recovery) {
    run.requirements.add(run.actor(), Role::Onboard, 2);
    run.requirements.add(run.actor(), Role::Compliance, 1);
    return Code::Ok;
  }
  const Cell<Account>* account =
      run.overlay().find<Account>(account_key(run.actor(), action.account));
  if (account == nullptr) return Code::DebtorAccountNotFound;
  run.requirements.add(run.actor(), Role::Onboard, 1);
  run.requirements.add_account_keys(account->value);
  return Code::Ok;
}

Verdict run(Run& run, const AcctKeysSet& action) {
  // step 7
  if (has_suspended_signer(run)) return Code::AgentSuspended;
  // step 8
  if (!is_policy_sound(action.auth_mode, action.policy)) return Code::BadRolePolicy;
  // step 10
  Cell<Account>* cell = run.overlay().find<Account>(account_key(run.actor(), action.account));
  if (const Code code = check_account(cell); code != Code::Ok) return code;
  if (cell->value.kind != AccountKind::Customer) return Code::DebtorKindNotAllowed;

  Account& account = run.overlay().edit(*cell);
  account.auth_mode = action.auth_mode;
  account.policy = {.m = action.policy.m,
                    .keys = {action.policy.keys.begin(), action.policy.keys.end()}};
  if (action.recovery) account.blocks |= kBlockDebit;
  emit_account(run.effects, EventType::AccountKeysChanged, run.actor(), action.account, account);
  return Code::Ok;
}

}  // namespace giro::ledger
