#include "node/ledger/operations/settlement.h"

#include <algorithm>

#include "node/ledger/operations/parties.h"

namespace giro::ledger {

bool EffectiveCorridor::allows(TokenId settle_token) const {
  return cell != nullptr && cell->value.payer.settle_tokens.contains(settle_token) &&
         cell->value.payee.settle_tokens.contains(settle_token);
}

EffectiveCorridor load_corridor(Overlay& overlay, InstId from, InstId to,
                                const Currency& currency) {
  EffectiveCorridor out;
  out.cell = overlay.find<Corridor>(corridor_key(from, to, currency));
  if (out.cell == nullptr) return out;
  const CorridorHalf& payer = out.cell->value.payer;
  const CorridorHalf& payee = out.cell->value.payee;
  out.enabled = payer.enabled && payee.enabled;
  out.max_tx = std::min(payer.max_tx, payee.max_tx);
  out.daily_cap = std::min(payer.daily_cap, payee.daily_cap);
  out.travel_rule_threshold = std::min(payer.travel_rule_threshold, payee.travel_rule_threshold);
  out.cop_threshold = std::min(payer.cop_threshold, payee.cop_threshold);
  out.required_checks = static_cast<std::uint8_t>(payer.required_checks | payee.required_checks);
  out.purpose_required = payer.purpose_required || payee.purpose_required;
  out.auto_accept_max = payee.auto_accept_max;
  out.standing_fee_max = payee.standing_fee_max;
  return out;
}

namespace {

Party load_own(Overlay& overlay, InstId owner, TokenId token) {
  const Cell<Token>* record = overlay.find<Token>(token_key(token));
  const Cell<OwnAccount>* own = overlay.find<OwnAccount>(own_account_key(owner, token));
  if (record == nullptr || own == nullptr) return {};
  return load_party(overlay, record->value.issuer, token, own->value.account);
}

// An own account that is closed or blocked on the side that is to move is no path.
bool may_move(const Party& own, std::uint8_t blocking) {
  return own.position != nullptr && own.account->value.status == AccountStatus::Open &&
         (own.account->value.blocks & blocking) == 0;
}

}  // namespace

SettlementPath load_path(Overlay& overlay, const PaymentTerms& terms) {
  SettlementPath path;
  path.kind = terms.settle_token == terms.token_from ? SettlementPath::Kind::TokenFrom
              : terms.settle_token == terms.token_to ? SettlementPath::Kind::TokenTo
                                                     : SettlementPath::Kind::ThirdToken;
  path.is_complete = true;
  if (path.debits_payer_own()) {
    path.payer_own = load_own(overlay, terms.payer_bank, terms.settle_token);
    path.is_complete = may_move(path.payer_own, kBlockDebit);
  }
  if (path.credits_payee_own()) {
    path.payee_own = load_own(overlay, terms.payee_bank, terms.settle_token);
    path.is_complete = path.is_complete && may_move(path.payee_own, kBlockCredit);
  }
  return path;
}

namespace {

// What the corridor would have moved today with this payment.
std::optional<Amount> day_use(const Corridor& corridor, Day today, Amount amount) {
  return checked_add(corridor.day == today ? corridor.day_used : Amount{}, amount);
}

}  // namespace

Code check_settlement(const Effects& effects, const Settlement& s) {
  const Amount amount = s.terms.amount;
  Lowest lowest;
  lowest
      .when(s.path.mints() && exceeds_cap(s.creditor.token->value, amount),
            Code::IssuanceCapExceeded)
      .when(s.path.debits_payer_own() && s.path.payer_own.position->value.available() < amount,
            Code::SettlementFundsInsufficient);
  if (s.corridor == nullptr) return lowest.code();
  const Amount net = subtract_or_zero(amount, s.terms.payee_fee);
  const std::optional<Amount> used = day_use(s.corridor->cell->value, effects.today(), amount);
  return lowest.when(!used || *used > s.corridor->daily_cap, Code::CorridorDailyCap)
      .when(s.path.credits_payee_own() && exceeds_max_balance(s.path.payee_own, amount),
            Code::ExposureLimit)
      .when(exceeds_max_balance(s.creditor, net), Code::ExposureLimit)
      .code();
}

namespace {

[[nodiscard]] Code count_day_use(Effects& effects, const Settlement& s) {
  if (s.corridor == nullptr) return Code::Ok;
  const auto used = day_use(s.corridor->cell->value, effects.today(), s.terms.amount);
  if (!used) return Code::ArithmeticOverflow;
  Corridor& corridor = effects.overlay.edit(*s.corridor->cell);
  corridor.day = effects.today();
  corridor.day_used = *used;
  return Code::Ok;
}

}  // namespace

Code settle(Effects& effects, const Settlement& s) {
  const PaymentTerms& terms = s.terms;
  const auto total = checked_add(terms.amount, terms.payer_fee);
  const auto net = checked_subtract(terms.amount, terms.payee_fee);
  if (!total || !net) return Code::ArithmeticOverflow;
  if (const Code code = count_day_use(effects, s); code != Code::Ok) return code;
  effects.balances_banks = true;

  const Journal::Reference entries = entries_of(terms);
  Journal journal(effects, entries);
  Code code =
      first_of({journal.debit(s.debtor, *total, s.type, terms.payee_bank),
                credit_fee(effects, journal, *s.debtor.token, terms.payer_fee, terms.payer_bank)});
  if (s.path.burns()) {
    effects.mandate(terms.token_from).burn = true;
    code = first_of({code, journal.burn(*s.debtor.token, terms.amount)});
  }
  if (s.path.debits_payer_own()) {
    code = first_of({code, journal.debit(s.path.payer_own, terms.amount, EntryType::Settlement,
                                         terms.payee_bank)});
  }
  if (s.path.credits_payee_own()) {
    code = first_of({code, journal.credit(s.path.payee_own, terms.amount, EntryType::Settlement,
                                          terms.payer_bank)});
  }
  if (s.path.mints()) {
    effects.mandate(terms.token_to).mint = true;
    code = first_of({code, journal.mint(*s.creditor.token, terms.amount)});
  }
  return first_of(
      {code, journal.credit(s.creditor, *net, s.type, terms.payer_bank),
       credit_fee(effects, journal, *s.creditor.token, terms.payee_fee, terms.payer_bank)});
}

Journal::Reference entries_of(const PaymentTerms& terms) {
  return {.payer_bank = terms.payer_bank,
          .id = terms.uetr,
          .e2e_commit = terms.e2e_commit,
          .remittance_commit = terms.remittance_commit};
}

Code credit_fee(Effects& effects, Journal& journal, Cell<Token>& token, Amount fee,
                InstId counterparty) {
  if (fee.is_zero()) return Code::Ok;
  const TokenId id = token_of(token.key);
  const Party account =
      load_party(effects.overlay, token.value.issuer, id, effects.fee_account(id));
  if (account.position == nullptr) return Code::InvariantViolation;
  return journal.credit(account, fee, EntryType::Fee, counterparty);
}

bool is_kyc_expired(const Party& debtor, TimeMs now) {
  return debtor.kind() == AccountKind::Customer && now > debtor.account->value.kyc_valid_until;
}

}  // namespace giro::ledger
