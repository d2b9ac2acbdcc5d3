// TOKEN_SET, TOKEN_PAUSE and TOKEN_UNPAUSE (ledger 5.2).
#include "node/ledger/operations/parties.h"

namespace giro::ledger {

// ---- TOKEN_SET ----

Code check(const Operation&, const TokenSet& action) {
  return Lowest()
      .when(!action.max_tx.is_zero() && action.max_tx < action.min_tx, Code::Malformed)
      .also(check_optional_amount(action.issuance_cap))
      .also(check_optional_amount(action.max_tx))
      .also(check_optional_amount(action.min_tx))
      .also(check_optional_amount(action.fee_max))
      .also(check_optional_amount(action.checker_threshold))
      .also(check_optional_amount(action.dual_threshold))
      .code();
}

Code require(Run& run, const TokenSet& action) {
  const Cell<Token>* token = run.overlay().find<Token>(token_key(action.token));
  if (token == nullptr) return Code::TokenNotFound;
  run.requirements.add_quorum(run.overlay(), token->value.issuer, Role::Issuer);
  return Code::Ok;
}

Verdict run(Run& run, const TokenSet& action) {
  // step 7
  if (has_suspended_signer(run)) return Code::AgentSuspended;
  Cell<Token>& cell = *run.overlay().find<Token>(token_key(action.token));
  // step 16
  const Amount outstanding = subtract_or_zero(cell.value.issued, cell.value.redeemed);
  if (action.issuance_cap < outstanding) return Code::IssuanceCapExceeded;

  Token& token = run.overlay().edit(cell);
  token.issuance_cap = action.issuance_cap;
  token.max_tx = action.max_tx;
  token.min_tx = action.min_tx;
  token.fee_max = action.fee_max;
  token.checker_threshold = action.checker_threshold;
  token.dual_threshold = action.dual_threshold;
  token.terms_hash = action.terms_hash;
  run.effects.emit(EventType::TokenChanged, TokenEvent{.token = action.token, .values = token}, {});
  return Code::Ok;
}

// ---- TOKEN_PAUSE, TOKEN_UNPAUSE ----

namespace {

constexpr std::uint8_t kAllPauses = kPauseMint | kPauseRedeem | kPauseTransfer | kPauseXbank;

Code check_pauses(std::uint8_t flags) {
  return flags == 0 || flags > kAllPauses ? Code::Malformed : Code::Ok;
}

void change_pauses(Run& run, TokenId id, std::uint8_t set, std::uint8_t clear) {
  Token& token = run.overlay().edit(*run.overlay().find<Token>(token_key(id)));
  token.paused = static_cast<std::uint8_t>((token.paused | set) & ~clear);
  run.effects.emit(set != 0 ? EventType::TokenPaused : EventType::TokenUnpaused,
                   TokenEvent{.token = id, .values = token}, {});
}

}  // namespace

Code check(const Operation&, const TokenPause& action) {
  return check_pauses(action.flags);
}

Code require(Run& run, const TokenPause& action) {
  const Cell<Token>* token = run.overlay().find<Token>(token_key(action.token));
  if (token == nullptr) return Code::TokenNotFound;
  run.requirements.add(token->value.issuer, Role::Pauser, 1);
  return Code::Ok;
}

// Stopping is fast: one signature, also of a suspended issuer.
Verdict run(Run& run, const TokenPause& action) {
  change_pauses(run, action.token, action.flags, 0);
  return Code::Ok;
}

Code check(const Operation&, const TokenUnpause& action) {
  return check_pauses(action.flags);
}

Code require(Run& run, const TokenUnpause& action) {
  const Cell<Token>* token = run.overlay().find<Token>(token_key(action.token));
  if (token == nullptr) return Code::TokenNotFound;
  run.requirements.add_quorum(run.overlay(), token->value.issuer, Role::Pauser);
  return Code::Ok;
}

Verdict run(Run& run, const TokenUnpause& action) {
  // step 7
  if (has_suspended_signer(run)) return Code::AgentSuspended;
  change_pauses(run, action.token, 0, action.flags);
  return Code::Ok;
}

}  // namespace giro::ledger
