#include "node/ledger/operations/parties.h"

namespace giro::ledger {

Code check_amount(Amount amount) {
  if (amount.is_zero()) return Code::ZeroAmount;
  return check_optional_amount(amount);
}

Code check_optional_amount(Amount amount) {
  return amount > kOperationAmountMax ? Code::AmountOutOfRange : Code::Ok;
}

const Institution* find_institution(Overlay& overlay, InstId inst) {
  const Cell<Institution>* cell = overlay.find<Institution>(institution_key(inst));
  return cell == nullptr ? nullptr : &cell->value;
}

bool is_suspended(const Institution& institution) {
  return institution.status == InstitutionStatus::Suspended ||
         institution.status == InstitutionStatus::Exited;
}

bool is_suspended(Overlay& overlay, InstId inst) {
  const Institution* institution = find_institution(overlay, inst);
  return institution != nullptr && is_suspended(*institution);
}

bool has_suspended_signer(Run& run) {
  InstId previous = 0;
  for (const Requirement& each : run.requirements.all()) {
    if (each.institution != previous && is_suspended(run.overlay(), each.institution)) return true;
    previous = each.institution;
  }
  return false;
}

Code check_debtor(const Party& debtor, AccountKinds allowed) {
  if (debtor.account == nullptr) return Code::DebtorAccountNotFound;
  if (debtor.account->value.status == AccountStatus::Closed) return Code::DebtorAccountClosed;
  if (debtor.position == nullptr) return Code::DebtorPositionNotOpen;
  if ((kind_bit(debtor.kind()) & allowed) == 0) return Code::DebtorKindNotAllowed;
  return Code::Ok;
}

Code check_creditor(const Party& creditor, AccountKinds allowed) {
  if (creditor.account == nullptr) return Code::CreditorAccountNotFound;
  if (creditor.account->value.status == AccountStatus::Closed) return Code::CreditorAccountClosed;
  if (creditor.position == nullptr) return Code::CreditorPositionNotOpen;
  if ((kind_bit(creditor.kind()) & allowed) == 0) return Code::CreditorKindNotAllowed;
  return Code::Ok;
}

InstId bank_of(const Party& party) {
  return party.kind() == AccountKind::Nostro ? party.account->value.owner : party.servicer;
}

bool is_debit_blocked(const Party& party) {
  return (party.account->value.blocks & kBlockDebit) != 0;
}
bool is_credit_blocked(const Party& party) {
  return (party.account->value.blocks & kBlockCredit) != 0;
}

namespace {

bool is_denied_by(Overlay& overlay, InstId list, InstId bank, const Party& party) {
  const auto has = [&overlay](const Key& key) { return overlay.find<Deny>(key) != nullptr; };
  if (has(deny_account_key(list, party.servicer, party.account_id))) return true;
  if (has(deny_institution_key(list, bank))) return true;
  if (const CountryCode& country = party.account->value.country;
      !country.is_absent() && has(deny_country_key(list, country))) {
    return true;
  }
  const Institution* institution = find_institution(overlay, bank);
  return institution != nullptr && !institution->country.is_absent() &&
         has(deny_country_key(list, institution->country));
}

}  // namespace

bool is_denied(Overlay& overlay, const PaymentTerms& terms, const Party& debtor,
               const Party& creditor) {
  const auto denies = [&](InstId list) {
    const Institution* owner = find_institution(overlay, list);
    if (owner == nullptr || owner->deny_entries == 0) return false;
    return is_denied_by(overlay, list, terms.payer_bank, debtor) ||
           is_denied_by(overlay, list, terms.payee_bank, creditor);
  };
  return denies(terms.payer_bank) ||
         (terms.payee_bank != terms.payer_bank && denies(terms.payee_bank));
}

namespace {

bool exceeds(Amount value, Amount limit) {
  return !limit.is_zero() && value > limit;
}

// What the position has used of its limits today.
struct Use {
  Amount amount{};
  std::uint64_t count = 0;
};
Use used_today(const Position& position, Day today) {
  return position.day == today ? Use{position.day_used, position.day_ops} : Use{};
}

}  // namespace

Code check_limits(const Effects& effects, const PaymentTerms& terms, const Party& debtor,
                  const Party& creditor) {
  const auto total = checked_add(terms.amount, terms.payer_fee);
  if (!total) return Code::ArithmeticOverflow;
  Lowest lowest;
  if (debtor.kind() == AccountKind::Customer) {
    const PositionLimits& limits = debtor.position->value.limits;
    const Use used = used_today(debtor.position->value, effects.today());
    const auto day_amount = checked_add(used.amount, *total);
    if (!day_amount) return Code::ArithmeticOverflow;
    lowest.when(exceeds(*total, limits.max_tx), Code::TxLimitAccount)
        .when(exceeds(*day_amount, limits.day_amount), Code::DailyAmountLimit)
        .when(limits.day_count != 0 && used.count >= limits.day_count, Code::DailyCountLimit)
        .when(exceeds(*total, debtor.token->value.max_tx), Code::TxLimitToken)
        .when(terms.amount < debtor.token->value.min_tx, Code::BelowMinimum)
        .when(!limits.allowed_payee_banks.empty() &&
                  !limits.allowed_payee_banks.contains(terms.payee_bank),
              Code::PayeeBankNotAllowed);
  }
  return lowest.when(terms.payee_fee > terms.amount, Code::ArithmeticOverflow)
      .when(terms.payer_fee > debtor.token->value.fee_max ||
                terms.payee_fee > creditor.token->value.fee_max,
            Code::FeeExceedsMax)
      .code();
}

void use_limits(Effects& effects, const Party& debtor, Amount total) {
  if (debtor.kind() != AccountKind::Customer) return;
  Position& position = effects.overlay.edit(*debtor.position);
  const Use used = used_today(position, effects.today());
  position.day = effects.today();
  position.day_used = checked_add(used.amount, total).value_or(used.amount);
  position.day_ops = used.count + 1;
}

void give_back_limits(Effects& effects, const Party& debtor, Amount total, TimeMs created_at) {
  if (debtor.kind() != AccountKind::Customer || day_of(created_at) != effects.today()) return;
  Position& position = effects.overlay.edit(*debtor.position);
  if (position.day != effects.today()) return;
  position.day_used = subtract_or_zero(position.day_used, total);
  if (position.day_ops > 0) --position.day_ops;
}

Code check_funds(const Position& position, Amount needed) {
  if (position.posted < needed) return Code::InsufficientFunds;
  if (subtract_or_zero(position.posted, position.held) < needed) return Code::FundsOnHold;
  if (position.available() < needed) return Code::FundsFrozen;
  return Code::Ok;
}

bool exceeds_max_balance(const Party& creditor, Amount amount) {
  const Position& position = creditor.position->value;
  const auto balance = checked_add(position.posted, amount);
  return !balance || exceeds(*balance, position.limits.max_balance);
}

bool exceeds_cap(const Token& token, Amount amount) {
  const auto outstanding = checked_add(subtract_or_zero(token.issued, token.redeemed), amount);
  return !outstanding || *outstanding > token.issuance_cap;
}

}  // namespace giro::ledger
