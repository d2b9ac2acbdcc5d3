// Transfers and cross-bank payments (ledger 5.4 to 5.6).
#include <algorithm>

#include "node/ledger/encode.h"
#include "tests/unit/node/ledger/reference/rules.h"

namespace giro::ledger::reference {

// ---- inside one token ----

void Rules::transfer_checks(const PaymentTerms& terms) {
  const Tok& token = s_.tokens.at(terms.token_from);
  const AcctKey payer(token.issuer, terms.payer_account), payee(token.issuer, terms.payee_account);
  const Acct* from = look(s_.accounts, payer);
  const Acct* to = look(s_.accounts, payee);
  const Inst* payee_bank = look(s_.insts, terms.payee_bank);
  const Money amount = money(terms.amount), payer_fee = money(terms.payer_fee);
  f_.at(7, Code::AgentSuspended, s_.insts.at(terms.payer_bank).is_out());
  f_.at(7, Code::InstitutionNotFound, payee_bank == nullptr);
  f_.at(7, Code::CreditorAgentSuspended, payee_bank != nullptr && payee_bank->is_out());
  f_.at(8, Code::IdInUse, s_.payments.contains({terms.payer_bank, terms.uetr}));
  f_.at(9, Code::OperationPaused, is_paused(terms.token_from, kPauseTransfer));
  f_.at(9, Code::TokenMismatch, terms.token_to != terms.token_from);
  debtor(payer, terms.token_from, true);
  bool allowed = true;
  if (from != nullptr && to != nullptr) {
    const AccountKind a = from->kind, b = to->kind;
    const bool ends = b == AccountKind::Customer || b == AccountKind::Fee;
    if (a == AccountKind::Customer)
      allowed = ends;
    else if (a == AccountKind::Nostro)
      allowed = b == AccountKind::Nostro;
    else
      allowed = ends || b == AccountKind::Nostro;
  }
  creditor(payee, terms.token_from, allowed);
  if (to != nullptr)
    f_.at(10, Code::CreditorAccountNotFound, bank_behind(payee) != terms.payee_bank);
  denied(terms, payer, payee);
  customer_limits(terms, payer);
  funds({terms.token_from, terms.payer_account}, amount + payer_fee);
  const Money payee_fee = money(terms.payee_fee);
  if (payee_fee <= amount) max_balance({terms.token_from, terms.payee_account}, amount - payee_fee);
}

void Rules::transfer_posts(const PaymentTerms& terms) {
  const Tok& token = s_.tokens.at(terms.token_from);
  const Money amount = money(terms.amount);
  const Money payer_fee = money(terms.payer_fee), payee_fee = money(terms.payee_fee);
  debit({terms.token_from, terms.payer_account}, amount + payer_fee);
  credit({terms.token_from, terms.payee_account}, amount - payee_fee);
  credit({terms.token_from, internal_account(terms.token_from, AccountKind::Fee)},
         payer_fee + payee_fee);
  if (s_.accounts.at({token.issuer, terms.payer_account}).kind == AccountKind::Customer)
    use_limits(terms);
  (void)book(PaymentKind::OnUs, terms, PaymentState::Settled, Code::Ok);
}

std::optional<Code> Rules::need(const Transfer& order) {
  const PaymentTerms& terms = order.terms;
  const Tok* token = look(s_.tokens, terms.token_from);
  if (token == nullptr) return Code::TokenNotFound;
  const AcctKey payer(token->issuer, terms.payer_account);
  if (!s_.accounts.contains(payer)) return Code::DebtorAccountNotFound;
  need_of_debit(terms.token_from, payer, money(terms.amount));
  return std::nullopt;
}
void Rules::check(const Transfer& order) {
  transfer_checks(order.terms);
}
void Rules::act(const Transfer& order) {
  transfer_posts(order.terms);
}

// ---- between banks ----

Half Rules::effective(const PaymentTerms& terms) const {
  const Currency& currency = s_.tokens.at(terms.token_from).currency;
  const Corr* corridor = look(s_.corridors, {terms.payer_bank, terms.payee_bank, currency});
  if (corridor == nullptr) return {};
  const Half &a = corridor->payer, &b = corridor->payee;
  Half both;
  both.enabled = a.enabled && b.enabled;
  both.max_tx = std::min(a.max_tx, b.max_tx);
  both.daily_cap = std::min(a.daily_cap, b.daily_cap);
  std::ranges::set_intersection(a.settle, b.settle, std::inserter(both.settle, both.settle.end()));
  both.travel = std::min(a.travel, b.travel);
  both.cop = std::min(a.cop, b.cop);
  both.checks = a.checks | b.checks;
  both.purpose = a.purpose || b.purpose;
  both.auto_max = b.auto_max;
  both.standing_fee = b.standing_fee;
  return both;
}

Rules::Path Rules::path(const PaymentTerms& terms) const {
  Path path;
  const TokenId s = terms.settle_token;
  const auto own = [&](InstId bank, bool is_debit) -> std::optional<AccountId> {
    const AccountId* account = look(s_.own, {bank, s});
    if (account == nullptr) return std::nullopt;
    const Acct& record = s_.accounts.at({s_.tokens.at(s).issuer, *account});
    if (record.closed || (is_debit ? record.no_debit : record.no_credit)) return std::nullopt;
    return *account;
  };
  path.burns = s != terms.token_from;
  path.mints = s != terms.token_to;
  if (!s_.tokens.contains(s)) {
    path.whole = false;
    return path;
  }
  if (s != terms.token_from) path.debited = own(terms.payer_bank, true);
  if (s != terms.token_to) path.credited = own(terms.payee_bank, false);
  path.whole = (s == terms.token_from || path.debited) && (s == terms.token_to || path.credited);
  return path;
}

// Step 7.
void Rules::pay_status(const PaymentTerms& terms) {
  const Inst* payee_bank = look(s_.insts, terms.payee_bank);
  f_.at(7, Code::AgentSuspended, s_.insts.at(terms.payer_bank).is_out());
  f_.at(7, Code::InstitutionNotFound, payee_bank == nullptr);
  if (payee_bank != nullptr) {
    f_.at(7, Code::CreditorAgentSuspended, payee_bank->is_out());
    f_.at(7, Code::IssuerExiting,
          payee_bank->status == InstitutionStatus::Exiting && terms.settle_token != terms.token_to);
  }
}

// Steps 7 to 11.
void Rules::pay_parties(const PaymentTerms& terms) {
  const AcctKey payer(terms.payer_bank, terms.payer_account);
  const AcctKey payee(terms.payee_bank, terms.payee_account);
  const Acct* from = look(s_.accounts, payer);
  const Acct* to = look(s_.accounts, payee);
  pay_status(terms);
  f_.at(8, Code::SameBank, terms.payer_bank == terms.payee_bank);
  const Tok* a = look(s_.tokens, terms.token_from);
  const Tok* b = look(s_.tokens, terms.token_to);
  const Tok* s = look(s_.tokens, terms.settle_token);
  f_.at(9, Code::TokenNotFound, a == nullptr || b == nullptr || s == nullptr);
  f_.at(9, Code::OperationPaused, is_paused(terms.token_from, kPauseXbank));
  f_.at(9, Code::OperationPaused, is_paused(terms.token_to, kPauseXbank));
  f_.at(9, Code::OperationPaused, is_paused(terms.settle_token, kPauseTransfer));
  if (a != nullptr && b != nullptr) f_.at(9, Code::TokenMismatch, a->currency != b->currency);
  if (a != nullptr && s != nullptr) f_.at(9, Code::TokenMismatch, a->currency != s->currency);
  debtor(payer, terms.token_from, from != nullptr && from->kind == AccountKind::Customer);
  creditor(payee, terms.token_to, to != nullptr && to->kind == AccountKind::Customer);
  denied(terms, payer, payee);
}

// Step 12.
void Rules::pay_corridor(const PaymentTerms& terms) {
  const Currency& currency = s_.tokens.at(terms.token_from).currency;
  if (!s_.corridors.contains({terms.payer_bank, terms.payee_bank, currency})) {
    f_.at(12, Code::CorridorDisabled, true);
    return;
  }
  const Half corridor = effective(terms);
  f_.at(12, Code::CorridorTxLimit, money(terms.amount) > corridor.max_tx);
  f_.at(12, Code::CorridorDisabled, !corridor.enabled);
  f_.at(12, Code::SettleTokenNotAgreed, !corridor.settle.contains(terms.settle_token));
  f_.at(12, Code::NoSettlementPath, !path(terms).whole);
}

// Step 16.
void Rules::pay_settlement(const PaymentTerms& terms, bool corridor) {
  const Path way = path(terms);
  if (!way.whole || !s_.tokens.contains(terms.token_to)) return;
  const Money amount = money(terms.amount), payee_fee = money(terms.payee_fee);
  if (way.mints) cap(terms.token_to, amount);
  if (way.debited)
    f_.at(16, Code::SettlementFundsInsufficient,
          s_.available({terms.settle_token, *way.debited}) < amount);
  if (!corridor) return;
  if (way.credited) max_balance({terms.settle_token, *way.credited}, amount);
  if (payee_fee <= amount) max_balance({terms.token_to, terms.payee_account}, amount - payee_fee);
  const Currency& currency = s_.tokens.at(terms.token_from).currency;
  const Corr* known = look(s_.corridors, {terms.payer_bank, terms.payee_bank, currency});
  if (known == nullptr) return;
  const Money used = known->day == s_.now / kMsPerDay ? known->day_used : 0;
  f_.at(16, Code::CorridorDailyCap, used + amount > effective(terms).daily_cap);
}

void Rules::screening(const Screening& given, unsigned required) {
  const std::pair<unsigned, Check> checks[] = {{kCheckSanctions, given.sanctions},
                                               {kCheckAmlFraud, given.aml_fraud},
                                               {kCheckOther, given.other}};
  for (const auto& [bit, result] : checks) {
    f_.at(13, Code::EvidenceMissing, (required & bit) != 0 && result == Check::NotDone);
    f_.at(13, Code::ScreeningFailed, result == Check::Fail);
  }
  const Ms ttl = static_cast<Ms>(s_.params.attest_ttl_ms);
  f_.at(13, Code::EvidenceStale,
        given.screened_at.value < s_.now - ttl || given.screened_at.value > s_.now + 60'000);
}

void Rules::payer_evidence(const PaymentTerms& terms, const Screening& by_payer) {
  const Half corridor = effective(terms);
  screening(by_payer, corridor.checks);
  f_.at(13, Code::TravelRuleMissing,
        money(terms.amount) >= corridor.travel && terms.travel_rule_commit == Commit{});
  f_.at(13, Code::PurposeRequired, corridor.purpose && terms.purpose.is_absent());
}

void Rules::payee_evidence(const PaymentTerms& terms, bool ack, CopResult cop) {
  const Half corridor = effective(terms);
  f_.at(13, Code::TravelRuleNotAcked, money(terms.amount) >= corridor.travel && !ack);
  const bool overridden =
      (cop == CopResult::Close || cop == CopResult::NotApplicable) && terms.cop_override;
  f_.at(13, Code::CopNoMatch,
        money(terms.amount) >= corridor.cop && cop != CopResult::Match && !overridden);
}

void Rules::ticket(const PaymentTerms& terms, const Hash& hash, const Ticket& given) {
  const auto body = decode_record<TicketBody>(given.body);
  const Tok* token = look(s_.tokens, terms.token_to);
  if (!body || token == nullptr) return;
  std::map<Role, std::uint32_t> roles{{Role::Compliance, 1}};
  if (money(terms.amount) >= token->dual)
    roles[Role::Issuer] = quorum(terms.payee_bank, Role::Issuer);
  Keys keys;
  for (const SignatureField& each : given.signatures) keys.insert(each.public_key);
  f_.at(13, Code::EvidenceMissing,
        body->payee_bank != terms.payee_bank || body->terms_hash != hash ||
            unmet_of(terms.payee_bank, roles, keys).has_value());
  f_.at(13, Code::EvidenceStale, body->expires_at.value <= s_.now);
  screening(body->screening, effective(terms).checks);
  payee_evidence(terms, body->travel_rule_ack, terms.cop_result);
}

bool Rules::stands(const PaymentTerms& terms) const {
  const Half corridor = effective(terms);
  const Money amount = money(terms.amount);
  return amount <= corridor.auto_max && amount < corridor.travel && amount < corridor.cop &&
         amount < s_.tokens.at(terms.token_to).dual &&
         money(terms.payee_fee) <= corridor.standing_fee;
}

void Rules::settle(const PaymentTerms& terms, const AccountId& payee, bool corridor) {
  const Path way = path(terms);
  const Money x = money(terms.amount), p = money(terms.payer_fee), q = money(terms.payee_fee);
  debit({terms.token_from, terms.payer_account}, x + p);
  credit({terms.token_from, internal_account(terms.token_from, AccountKind::Fee)}, p);
  if (way.burns) s_.tokens.at(terms.token_from).redeemed += x;
  if (way.debited) debit({terms.settle_token, *way.debited}, x);
  if (way.credited) credit({terms.settle_token, *way.credited}, x);
  if (way.mints) s_.tokens.at(terms.token_to).issued += x;
  credit({terms.token_to, payee}, x - q);
  credit({terms.token_to, internal_account(terms.token_to, AccountKind::Fee)}, q);
  if (!corridor) return;
  const Currency& currency = s_.tokens.at(terms.token_from).currency;
  Corr& used = s_.corridors.at({terms.payer_bank, terms.payee_bank, currency});
  if (used.day != s_.now / kMsPerDay) used.day_used = 0;
  used.day = s_.now / kMsPerDay;
  used.day_used += x;
}

// All checks of a payment as PAY orders it.
void Rules::order(const PaymentTerms& terms, const Screening& by_payer, const Ticket* given,
                  const Hash& hash, std::uint32_t ttl_s) {
  const OwnedKey id(terms.payer_bank, terms.uetr);
  f_.at(8, Code::IdInUse, s_.payments.contains(id));
  f_.at(8, Code::IdInUse, given == nullptr && s_.holds.contains(id));
  f_.at(8, Code::TtlOutOfRange, std::uint64_t{ttl_s} * 1'000 > s_.params.payment_ttl_max_ms);
  pay_parties(terms);
  pay_corridor(terms);
  payer_evidence(terms, by_payer);
  if (given != nullptr) ticket(terms, hash, *given);
  const AcctKey payer(terms.payer_bank, terms.payer_account);
  customer_limits(terms, payer);
  funds({terms.token_from, terms.payer_account}, money(terms.amount) + money(terms.payer_fee));
  if (f_.any()) return;
  if (given != nullptr || stands(terms)) pay_settlement(terms, true);
}

void Rules::place(const PaymentTerms& terms, bool now, std::uint32_t ttl_s) {
  use_limits(terms);
  if (now) {
    settle(terms, terms.payee_account, true);
    (void)book(PaymentKind::CrossBank, terms, PaymentState::Settled, Code::Ok);
    return;
  }
  const std::uint64_t ttl = ttl_s == 0 ? s_.params.payment_ttl_ms : std::uint64_t{ttl_s} * 1'000;
  Paym& payment = book(PaymentKind::CrossBank, terms, PaymentState::Pending, Code::Ok);
  payment.expires = s_.now + static_cast<Ms>(ttl);
  Holding hold;
  hold.token = terms.token_from;
  hold.account = terms.payer_account;
  hold.amount = money(terms.amount) + money(terms.payer_fee);
  hold.kind = HoldKind::Payment;
  hold.created = s_.now;
  hold.expires = payment.expires;
  hold.height = s_.height;
  s_.holds[{terms.payer_bank, terms.uetr}] = hold;
}

std::optional<Code> Rules::need(const Pay& order) {
  const PaymentTerms& terms = order.terms;
  if (!s_.tokens.contains(terms.token_from)) return Code::TokenNotFound;
  const AcctKey payer(terms.payer_bank, terms.payer_account);
  if (!s_.accounts.contains(payer)) return Code::DebtorAccountNotFound;
  need_of_debit(terms.token_from, payer, money(terms.amount));
  need_.add(terms.payer_bank, Role::Compliance, 1);
  return std::nullopt;
}
void Rules::check(const Pay& pay) {
  order(pay.terms, pay.screening, pay.ticket ? &*pay.ticket : nullptr, terms_hash({&pay.terms, 1}),
        pay.ttl_s);
}
void Rules::act(const Pay& pay) {
  place(pay.terms, pay.ticket.has_value() || stands(pay.terms), pay.ttl_s);
}

}  // namespace giro::ledger::reference
