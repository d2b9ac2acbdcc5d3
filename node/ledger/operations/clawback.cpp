// CLAWBACK: money is taken from a customer by order of a court or an authority (ledger 5.3).
#include "node/ledger/operations/hold_records.h"
#include "node/ledger/operations/parties.h"
#include "node/ledger/operations/payment_records.h"

namespace giro::ledger {

namespace {

bool is_jurisdiction(const CountryCode& country) {
  return country.is_absent() ||
         std::all_of(country.bytes.begin(), country.bytes.end(),
                     [](std::byte b) { return b >= std::byte{'A'} && b <= std::byte{'Z'}; });
}

}  // namespace

Code check(const Operation&, const Clawback& action) {
  return Lowest()
      .when(!is_jurisdiction(action.jurisdiction), Code::Malformed)
      .when(!is_valid(action.account), Code::BadId)
      .also(check_amount(action.amount))
      .code();
}

Code require(Run& run, const Clawback& action) {
  Overlay& overlay = run.overlay();
  const Cell<Token>* token = overlay.find<Token>(token_key(action.token));
  if (token == nullptr) return Code::TokenNotFound;
  const InstId issuer = token->value.issuer;  // the account decides nothing: step 10 misses it
  run.requirements.add(issuer, Role::Legal, 1);
  run.requirements.add(issuer, Role::Compliance, 1);
  if (action.amount >= token->value.dual_threshold) run.requirements.add(issuer, Role::Admin, 1);
  return Code::Ok;
}

namespace {

Amount unheld(const Party& party) {
  return subtract_or_zero(party.position->value.posted, party.position->value.held);
}

// One that is past its end is already dead, so it ends as the sweep would end it.
Code void_hold(Effects& effects, Cell<Hold>& hold, std::uint32_t& voided) {
  const bool is_dead = is_expired(hold.value, effects.block.time);
  const HoldStatus status = is_dead ? HoldStatus::Expired : HoldStatus::Voided;
  if (!is_dead) ++voided;
  if (hold.value.kind != HoldKind::Payment) return end_hold(effects, hold, status);
  const auto [bank, uetr] = owned_id_of(hold.key);
  Cell<Payment>* payment = find_payment(effects, bank, uetr);
  if (payment == nullptr) return Code::InvariantViolation;
  return is_dead ? end_pending(effects, *payment, PaymentState::Expired, Code::PaymentExpired)
                 : end_pending(effects, *payment, PaymentState::Rejected, Code::Regulatory, status);
}

// Voids holds, oldest first, until `amount` is free or none is left.
Code free_held_money(Effects& effects, const Party& debtor, Amount amount, std::uint32_t& voided) {
  if (unheld(debtor) >= amount) return Code::Ok;
  for (Cell<Hold>* hold :
       active_holds(effects.overlay, debtor.token_id, debtor.account_id, kVoidedHoldsMax)) {
    if (const Code code = void_hold(effects, *hold, voided); code != Code::Ok) return code;
    if (unheld(debtor) >= amount) break;
  }
  return Code::Ok;
}

// Frozen money goes first.
Code thaw(Effects& effects, const Party& debtor, Amount taken) {
  Position& position = effects.overlay.edit(*debtor.position);
  Token& token = effects.overlay.edit(*debtor.token);
  const Amount thawed = std::min(position.frozen, taken);
  const auto rest = checked_subtract(token.frozen, thawed);
  if (!rest) return Code::InvariantViolation;
  position.frozen = subtract_or_zero(position.frozen, thawed);
  token.frozen = *rest;
  return Code::Ok;
}

Code post_clawback(Run& run, const Clawback& action, const Party& debtor, Amount taken) {
  const Journal::Reference entries{.payer_bank = run.actor(), .id = run.operation.op_id()};
  Journal journal(run.effects, entries);
  const InstId issuer = debtor.servicer;
  run.effects.seizures.push_back({.position = debtor.position->key, .beyond_available = true});
  const Code debit = journal.debit(debtor, taken, EntryType::Clawback, issuer);
  if (action.burn) {
    run.effects.mandate(action.token).burn = true;
    return first_of({debit, journal.burn(*debtor.token, taken)});
  }
  const Party custody = load_party(run.overlay(), action.token,
                                   internal_account(action.token, AccountKind::LegalCustody));
  if (custody.position == nullptr) return Code::InvariantViolation;
  return first_of({debit, journal.credit(custody, taken, EntryType::Clawback, issuer)});
}

}  // namespace

// Neither a suspension nor a block, a pause or a freeze stops it.
Verdict run(Run& run, const Clawback& action) {
  const Party debtor = load_party(run.overlay(), action.token, action.account);
  if (debtor.account == nullptr) return Code::DebtorAccountNotFound;
  const bool is_customer = debtor.kind() == AccountKind::Customer;
  const Code accounts =
      Lowest()
          .when(debtor.position == nullptr, Code::DebtorPositionNotOpen)
          .when(!is_customer, Code::DebtorKindNotAllowed)
          .when((debtor.token->value.features & kCanClawback) == 0, Code::FeatureNotEnabled)
          .code();
  if (accounts != Code::Ok) return accounts;
  if (action.legal_order_commit == Commit{}) return Code::LegalRefRequired;

  std::uint32_t voided = 0;
  if (action.include_holds) {
    const Code code = free_held_money(run.effects, debtor, action.amount, voided);
    if (code != Code::Ok) return code;
  }
  const Amount taken = action.up_to ? std::min(action.amount, unheld(debtor)) : action.amount;
  if (taken.is_zero() || unheld(debtor) < taken) return Code::InsufficientFunds;
  const Code code =
      first_of({thaw(run.effects, debtor, taken), post_clawback(run, action, debtor, taken)});
  if (code != Code::Ok) return code;
  run.effects.emit(EventType::ClawedBack,
                   MovementEvent{.token = action.token,
                                 .account = action.account,
                                 .amount = taken,
                                 .commit = action.legal_order_commit,
                                 .jurisdiction = action.jurisdiction,
                                 .voided_holds = voided},
                   {debtor.servicer});
  return Code::Ok;
}

}  // namespace giro::ledger
