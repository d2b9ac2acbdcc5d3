// LIMITS_SET and FREEZE_AMOUNT (ledger 5.2): bounds of one position.
#include <algorithm>

#include "node/ledger/operations/account_checks.h"
#include "node/ledger/operations/parties.h"

namespace giro::ledger {

void emit_position(Effects& effects, EventType type, TokenId token, const AccountId& id) {
  Overlay& overlay = effects.overlay;
  const InstId servicer = overlay.find<Token>(token_key(token))->value.issuer;
  const Party party = load_party(overlay, servicer, token, id);
  effects.emit(type,
               PositionEvent{.servicer = servicer,
                             .account = id,
                             .token = token,
                             .limits = party.position->value.limits,
                             .frozen = party.position->value.frozen},
               {servicer, party.account->value.owner});
}

namespace {

Party party_of(Overlay& overlay, TokenId token, const AccountId& account) {
  const InstId servicer = overlay.find<Token>(token_key(token))->value.issuer;
  return load_party(overlay, servicer, token, account);
}

// 0: no limit.
template <class Value>
bool is_raised(Value before, Value after) {
  return before != Value{} && (after == Value{} || after > before);
}

bool is_any_raised(const PositionLimits& before, const PositionLimits& after) {
  const auto& banks = after.allowed_payee_banks;
  const bool has_more_banks = !before.allowed_payee_banks.empty() &&
                              (banks.empty() || !std::ranges::all_of(banks, [&before](InstId bank) {
                                 return before.allowed_payee_banks.contains(bank);
                               }));
  return is_raised(before.max_tx, after.max_tx) || is_raised(before.day_amount, after.day_amount) ||
         is_raised(before.day_count, after.day_count) || has_more_banks ||
         is_raised(before.max_balance, after.max_balance);
}

}  // namespace

// ---- LIMITS_SET ----

Code check(const Operation&, const LimitsSet& action) {
  const auto& banks = action.limits.allowed_payee_banks;
  const bool ascends =
      std::adjacent_find(banks.begin(), banks.end(), std::greater_equal<>()) == banks.end();
  return Lowest()
      .when(!is_valid(action.account), Code::BadId)
      .also(check_optional_amount(action.limits.max_tx))
      .also(check_optional_amount(action.limits.day_amount))
      .also(check_optional_amount(action.limits.max_balance))
      .when(!ascends, Code::NonCanonicalEncoding)
      .code();
}

Code require(Run& run, const LimitsSet& action) {
  Overlay& overlay = run.overlay();
  if (overlay.find<Token>(token_key(action.token)) == nullptr) return Code::TokenNotFound;
  const Party party = party_of(overlay, action.token, action.account);
  if (party.account == nullptr) return Code::DebtorAccountNotFound;
  if (party.kind() == AccountKind::Nostro) {
    run.requirements.add_quorum(overlay, party.account->value.owner, Role::Treasury);
    return Code::Ok;
  }
  run.requirements.add(party.servicer, Role::Onboard, 1);
  if (party.position != nullptr && is_any_raised(party.position->value.limits, action.limits))
    run.requirements.add(party.servicer, Role::Checker, 1);
  return Code::Ok;
}

Verdict run(Run& run, const LimitsSet& action) {
  Overlay& overlay = run.overlay();
  // step 7
  const auto& banks = action.limits.allowed_payee_banks;
  const bool has_unknown_bank = std::ranges::any_of(
      banks, [&overlay](InstId bank) { return find_institution(overlay, bank) == nullptr; });
  const Code status = Lowest()
                          .when(has_unknown_bank, Code::InstitutionNotFound)
                          .when(has_suspended_signer(run), Code::AgentSuspended)
                          .code();
  if (status != Code::Ok) return status;
  // step 10
  const Party party = party_of(overlay, action.token, action.account);
  constexpr AccountKinds kAllowed = kind_bit(AccountKind::Customer) | kind_bit(AccountKind::Nostro);
  if (const Code code = check_debtor(party, kAllowed); code != Code::Ok) return code;

  overlay.edit(*party.position).limits = action.limits;
  emit_position(run.effects, EventType::LimitsChanged, action.token, action.account);
  return Code::Ok;
}

// ---- FREEZE_AMOUNT ----

Code check(const Operation&, const FreezeAmount& action) {
  return Lowest()
      .when(!is_valid(action.account), Code::BadId)
      .also(check_optional_amount(action.amount))
      .code();
}

Code require(Run& run, const FreezeAmount& action) {
  Overlay& overlay = run.overlay();
  if (overlay.find<Token>(token_key(action.token)) == nullptr) return Code::TokenNotFound;
  const Party party = party_of(overlay, action.token, action.account);
  const bool lowers = party.position != nullptr && action.amount < party.position->value.frozen;
  run.requirements.add(party.servicer, Role::Compliance, lowers ? 2 : 1);
  return Code::Ok;
}

Verdict run(Run& run, const FreezeAmount& action) {
  Overlay& overlay = run.overlay();
  const Party party = party_of(overlay, action.token, action.account);
  // step 10
  if (party.account == nullptr) return Code::DebtorAccountNotFound;
  if (party.position == nullptr) return Code::DebtorPositionNotOpen;
  if ((party.token->value.features & kCanFreeze) == 0) return Code::FeatureNotEnabled;

  Position& position = overlay.edit(*party.position);
  Token& token = overlay.edit(*party.token);
  const auto others = checked_subtract(token.frozen, position.frozen);
  const auto frozen = others ? checked_add(*others, action.amount) : std::nullopt;
  if (!frozen) return Code::ArithmeticOverflow;
  token.frozen = *frozen;
  position.frozen = action.amount;
  emit_position(run.effects, EventType::AmountFrozen, action.token, action.account);
  return Code::Ok;
}

}  // namespace giro::ledger
