// Bulk and batch (ledger 5.7, 5.8).
#include <algorithm>

#include "node/ledger/encode.h"
#include "tests/unit/node/ledger/reference/rules.h"

namespace giro::ledger::reference {

std::optional<Code> Rules::need(const BulkPay& bulk) {
  const PaymentTerms& first = bulk.items[0];
  if (!s_.tokens.contains(first.token_from)) return Code::TokenNotFound;
  const AcctKey payer(first.payer_bank, first.payer_account);
  if (!s_.accounts.contains(payer)) return Code::DebtorAccountNotFound;
  Money sum = 0;
  for (const PaymentTerms& item : bulk.items) sum += money(item.amount);
  need_of_debit(first.token_from, payer, sum);
  need_.add(first.payer_bank, Role::Compliance, 1);
  return std::nullopt;
}

// What concerns the debtor alone.
void Rules::check(const BulkPay& bulk) {
  const PaymentTerms& first = bulk.items[0];
  const AcctKey payer(first.payer_bank, first.payer_account);
  const Acct& account = s_.accounts.at(payer);
  f_.at(7, Code::AgentSuspended, s_.insts.at(first.payer_bank).is_out());
  for (const PaymentTerms& item : bulk.items) {
    const unsigned flag = item.settle_token == 0 ? kPauseTransfer : kPauseXbank;
    f_.at(9, Code::OperationPaused, is_paused(first.token_from, flag));
  }
  f_.at(8, Code::TtlOutOfRange, std::uint64_t{bulk.ttl_s} * 1'000 > s_.params.payment_ttl_max_ms);
  debtor(payer, first.token_from, account.kind == AccountKind::Customer);
  const bool crosses = std::ranges::any_of(
      bulk.items, [](const PaymentTerms& item) { return item.settle_token != 0; });
  if (crosses) screening(bulk.screening, 0);
  f_.at(13, Code::KycExpired, account.kyc_until < s_.now);
}

void Rules::act(const BulkPay& bulk) {
  const State before = s_;
  std::map<InstId, std::vector<PaymentTerms>> to_bank;
  std::map<InstId, const Ticket*> tickets;
  for (const PaymentTerms& item : bulk.items) {
    if (item.settle_token != 0) to_bank[item.payee_bank].push_back(item);
  }
  for (const Ticket& each : bulk.tickets) {
    if (const auto body = decode_record<TicketBody>(each.body)) tickets[body->payee_bank] = &each;
  }
  for (std::uint32_t i = 0; i < bulk.items.size(); ++i) {
    const PaymentTerms& item = bulk.items[i];
    const bool inside = item.settle_token == 0;
    const auto found = tickets.find(item.payee_bank);
    const Ticket* given = inside || found == tickets.end() ? nullptr : found->second;
    f_ = {};
    if (inside) {
      transfer_checks(item);
    } else {
      order(item, bulk.screening, given, terms_hash(to_bank.at(item.payee_bank)), bulk.ttl_s);
      const bool waits = given == nullptr && s_.tokens.contains(item.token_to) && !stands(item);
      f_.at(13, Code::AcceptanceRequired, bulk.all_or_nothing && waits);
    }
    const Code code = f_.any() ? f_.code() : Code::Ok;
    if (code == Code::Ok) {
      ++detail_;
      if (inside)
        transfer_posts(item);
      else
        place(item, given != nullptr || stands(item), bulk.ttl_s);
    } else if (!bulk.all_or_nothing) {
      write_rejected(item, inside ? PaymentKind::OnUs : PaymentKind::CrossBank, code);
    } else {
      s_ = before;
      leg_failed(i, code);
      return;
    }
  }
  f_ = {};
}

void Rules::leg_failed(std::uint32_t index, Code inner) {
  f_ = {};
  f_.at(0, Code::LegFailed, true);
  detail_ = index;
  inner_ = inner;
}

// ---- SETTLE_ATOMIC ----

std::optional<Code> Rules::need(const SettleAtomic& batch) {
  Need all;
  std::optional<Code> fault;
  for (const Leg& leg : batch.legs) {
    need_ = {};
    std::optional<Code> missing;
    if (leg.xfer) {
      Transfer order;
      order.terms.token_from = leg.xfer->token;
      order.terms.payer_account = leg.xfer->from;
      order.terms.amount = leg.xfer->amount;
      missing = need(order);
    }
    if (leg.mint) missing = need(*leg.mint);
    if (leg.burn) missing = need(*leg.burn);
    if (leg.capture) missing = need(*leg.capture);
    if (leg.accept) missing = need(*leg.accept);
    if (missing && (!fault || *missing < *fault)) fault = missing;
    all.add(need_);
  }
  // Somebody answers for the payer bank's screening, as in PAY.
  if (batch.payment) {
    need_ = {};
    const auto missing = need(Transfer{.terms = *batch.payment});
    need_.add(batch.payment->payer_bank, Role::Compliance, 1);
    if (missing && (!fault || *missing < *fault)) fault = missing;
    all.add(need_);
  }
  need_ = all;
  spares_ = false;
  return fault;
}

// The CUSTOMER accounts that a batch moves, and by how much.
struct Moved {
  std::map<AcctKey, Money> debited, credited, burned;
  Money to_fee = 0;
};

static Moved moved_by(const State& state, const SettleAtomic& batch, const PaymentTerms* terms) {
  Moved moved;
  const auto add = [&](std::map<AcctKey, Money>& side, TokenId token, const AccountId& id,
                       const Amount& amount) {
    const Tok* known = look(state.tokens, token);
    if (known == nullptr) return;
    const AcctKey at(known->issuer, id);
    const Acct* account = look(state.accounts, at);
    if (account != nullptr && account->kind == AccountKind::Customer) side[at] += money(amount);
  };
  for (const Leg& leg : batch.legs) {
    if (leg.xfer) {
      add(moved.debited, leg.xfer->token, leg.xfer->from, leg.xfer->amount);
      add(moved.credited, leg.xfer->token, leg.xfer->to, leg.xfer->amount);
      if (terms != nullptr && leg.xfer->from == terms->payer_account &&
          leg.xfer->to == internal_account(terms->token_from, AccountKind::Fee))
        moved.to_fee += money(leg.xfer->amount);
    }
    if (leg.mint) add(moved.credited, leg.mint->token, leg.mint->account, leg.mint->amount);
    if (leg.burn) add(moved.burned, leg.burn->token, leg.burn->account, leg.burn->amount);
    if (leg.capture) {
      const Holding* hold = look(state.holds, {leg.capture->creator, leg.capture->hold_id});
      if (hold == nullptr) continue;
      // Like BURN, a capture of another kind brings no customer anything.
      add(hold->kind == HoldKind::Escrow ? moved.debited : moved.burned, hold->token, hold->account,
          leg.capture->amount);
      if (hold->kind == HoldKind::Escrow)
        add(moved.credited, hold->token, hold->beneficiary, leg.capture->amount);
    }
  }
  return moved;
}

static bool stays_inside(const Moved& moved) {
  std::set<InstId> servicers;
  for (const auto* side : {&moved.debited, &moved.credited, &moved.burned}) {
    for (const auto& [at, amount] : *side) servicers.insert(at.first);
  }
  return servicers.size() <= 1 && (moved.debited.empty() || !moved.credited.empty());
}

void Rules::check(const SettleAtomic& batch) {
  if (!batch.payment) {
    f_.at(13, Code::EvidenceMissing, !stays_inside(moved_by(s_, batch, nullptr)));
    return;
  }
  const PaymentTerms& terms = *batch.payment;
  const Tok* from = look(s_.tokens, terms.token_from);
  const Tok* to = look(s_.tokens, terms.token_to);
  const Inst* payee_bank = look(s_.insts, terms.payee_bank);
  const AcctKey payer(terms.payer_bank, terms.payer_account);
  const AcctKey payee(terms.payee_bank, terms.payee_account);
  f_.at(7, Code::AgentSuspended, s_.insts.at(terms.payer_bank).is_out());
  f_.at(7, Code::InstitutionNotFound, payee_bank == nullptr);
  f_.at(7, Code::CreditorAgentSuspended, payee_bank != nullptr && payee_bank->is_out());
  f_.at(8, Code::IdInUse, s_.payments.contains({terms.payer_bank, terms.uetr}));
  f_.at(9, Code::TokenNotFound, from == nullptr || to == nullptr);
  if (from == nullptr || to == nullptr) return;
  const Acct* debtor_account = look(s_.accounts, payer);
  const Acct* creditor_account = look(s_.accounts, payee);
  debtor(payer, terms.token_from,
         debtor_account != nullptr && debtor_account->kind == AccountKind::Customer);
  creditor(payee, terms.token_to,
           creditor_account != nullptr && creditor_account->kind == AccountKind::Customer);
  denied(terms, payer, payee);
  f_.at(9, Code::OperationPaused, is_paused(terms.token_from, kPauseXbank));
  f_.at(9, Code::OperationPaused, is_paused(terms.token_to, kPauseXbank));
  f_.at(9, Code::TokenMismatch, from->currency != to->currency && money(terms.amount_to) == 0);
  if (!s_.corridors.contains({terms.payer_bank, terms.payee_bank, from->currency})) {
    f_.at(12, Code::CorridorDisabled, true);
  } else {
    f_.at(12, Code::CorridorDisabled, !effective(terms).enabled);
    f_.at(12, Code::CorridorTxLimit, money(terms.amount) > effective(terms).max_tx);
  }
  payer_evidence(terms, batch.screening);
  f_.at(13, Code::EvidenceMissing, !batch.ticket);
  if (batch.ticket) ticket(terms, terms_hash({&terms, 1}), *batch.ticket);
  const Money to_amount =
      money(terms.amount_to) == 0 ? money(terms.amount) : money(terms.amount_to);
  const Moved moved = moved_by(s_, batch, &terms);
  const std::map<AcctKey, Money> debits{{payer, money(terms.amount) + money(terms.payer_fee)}};
  const std::map<AcctKey, Money> credits{{payee, to_amount - money(terms.payee_fee)}};
  f_.at(13, Code::TermsMismatch,
        moved.debited != debits || moved.credited != credits ||
            moved.to_fee != money(terms.payer_fee));
  customer_limits(terms, payer);
}

std::optional<Code> Rules::leg(const Leg& leg) {
  f_ = {};
  if (leg.xfer) {
    const Tok& token = s_.tokens.at(leg.xfer->token);
    const AcctKey payer(token.issuer, leg.xfer->from), payee(token.issuer, leg.xfer->to);
    const Acct* from = look(s_.accounts, payer);
    const Acct* to = look(s_.accounts, payee);
    PaymentTerms terms;
    terms.payer_bank = bank_behind(payer);
    terms.payee_bank = bank_behind(payee);
    terms.payer_account = leg.xfer->from;
    terms.payee_account = leg.xfer->to;
    terms.token_from = terms.token_to = leg.xfer->token;
    terms.amount = leg.xfer->amount;
    PaymentTerms limited = terms;  // limits take it for a payment of the payee's bank
    const auto& payment = std::get<SettleAtomic>(op_.action).payment;
    if (payment) limited.payee_bank = payment->payee_bank;
    f_.at(7, Code::AgentSuspended, s_.insts.at(terms.payer_bank).is_out());
    f_.at(7, Code::CreditorAgentSuspended, s_.insts.at(terms.payee_bank).is_out());
    f_.at(9, Code::OperationPaused, is_paused(leg.xfer->token, kPauseTransfer));
    debtor(payer, leg.xfer->token, true);
    creditor(payee, leg.xfer->token,
             to != nullptr && (to->kind == AccountKind::Customer ||
                               to->kind == AccountKind::Nostro || to->kind == AccountKind::Fee));
    denied(terms, payer, payee);
    customer_limits(limited, payer);
    funds({leg.xfer->token, leg.xfer->from}, money(leg.xfer->amount));
    max_balance({leg.xfer->token, leg.xfer->to}, money(leg.xfer->amount));
    if (f_.any()) return f_.code();
    debit({leg.xfer->token, leg.xfer->from}, money(leg.xfer->amount));
    credit({leg.xfer->token, leg.xfer->to}, money(leg.xfer->amount));
    if (from->kind == AccountKind::Customer) use_limits(terms);
    return std::nullopt;
  }
  if (leg.mint) check(*leg.mint);
  if (leg.burn) check(*leg.burn);
  if (leg.capture) check(*leg.capture);
  if (leg.accept) check(*leg.accept);
  if (f_.any()) return f_.code();
  if (leg.mint) act(*leg.mint);
  if (leg.burn) act(*leg.burn);
  if (leg.capture) act(*leg.capture);
  if (leg.accept) act(*leg.accept);
  return std::nullopt;
}

void Rules::act(const SettleAtomic& batch) {
  const State before = s_;
  for (std::uint32_t i = 0; i < batch.legs.size(); ++i) {
    if (const auto code = leg(batch.legs[i])) {
      s_ = before;
      leg_failed(i, *code);
      return;
    }
  }
  f_ = {};
  if (!batch.payment) return;
  const PaymentTerms& terms = *batch.payment;
  const bool is_fx =
      s_.tokens.at(terms.token_from).currency != s_.tokens.at(terms.token_to).currency;
  const PaymentKind kind = is_fx                                  ? PaymentKind::Fx
                           : terms.payer_bank == terms.payee_bank ? PaymentKind::OnUs
                                                                  : PaymentKind::CrossBank;
  (void)book(kind, terms, PaymentState::Settled, Code::Ok);
}

}  // namespace giro::ledger::reference
