#include "node/ledger/operations/batch_legs.h"

#include "node/ledger/operations/hold_records.h"
#include "node/ledger/operations/parties.h"
#include "node/ledger/operations/settlement.h"

namespace giro::ledger {

namespace {

Code check_xfer(const Xfer& action) {
  return Lowest()
      .when(!is_valid(action.from) || !is_valid(action.to), Code::BadId)
      .also(check_amount(action.amount))
      .when(action.from == action.to, Code::SameAccount)
      .code();
}

Code require_xfer(Run& run, const Xfer& action) {
  const Party debtor = load_party(run.overlay(), action.token, action.from);
  if (debtor.token == nullptr) return Code::TokenNotFound;
  if (debtor.account == nullptr) return Code::DebtorAccountNotFound;
  run.requirements.add_debit(run.overlay(), debtor.servicer, debtor.account->value, action.amount,
                             debtor.token->value);
  return Code::Ok;
}

// What limits, deny lists and entries see of it.
PaymentTerms terms_of_xfer(const Run& run, const Xfer& action, const Party& debtor,
                           const Party& creditor) {
  PaymentTerms terms;
  terms.uetr = run.operation.op_id();
  terms.payer_bank = bank_of(debtor);
  terms.payer_account = action.from;
  terms.payee_bank = bank_of(creditor);
  terms.payee_account = action.to;
  terms.token_from = terms.token_to = action.token;
  terms.amount = action.amount;
  return terms;
}

// Steps 10 to 16 of a TRANSFER without fees.
Code check_xfer_order(Run& run, const PaymentTerms& terms, const Party& debtor,
                      const Party& creditor, InstId payee_bank) {
  const Code blocks = Lowest()
                          .when(is_debit_blocked(debtor), Code::DebtorBlocked)
                          .when(is_credit_blocked(creditor), Code::CreditorBlocked)
                          .when(is_denied(run.overlay(), terms, debtor, creditor), Code::Denylisted)
                          .code();
  if (blocks != Code::Ok) return blocks;
  if (is_kyc_expired(debtor, run.now())) return Code::KycExpired;
  PaymentTerms limited = terms;  // the customer pays the bank of the payment, by whatever way
  if (payee_bank != 0) limited.payee_bank = payee_bank;
  if (const Code code = check_limits(run.effects, limited, debtor, creditor); code != Code::Ok)
    return code;
  if (const Code code = check_funds(debtor.position->value, terms.amount); code != Code::Ok)
    return code;
  return exceeds_max_balance(creditor, terms.amount) ? Code::ExposureLimit : Code::Ok;
}

Code run_xfer(Run& run, const Xfer& action, InstId payee_bank) {
  constexpr AccountKinds kPayees =
      kind_bit(AccountKind::Customer) | kind_bit(AccountKind::Nostro) | kind_bit(AccountKind::Fee);
  const Party debtor = load_party(run.overlay(), action.token, action.from);
  const Party creditor = load_party(run.overlay(), action.token, action.to);
  if (creditor.account != nullptr && is_suspended(run.overlay(), bank_of(creditor)))
    return Code::CreditorAgentSuspended;
  if ((debtor.token->value.paused & kPauseTransfer) != 0) return Code::OperationPaused;
  const Code accounts =
      Lowest().also(check_debtor(debtor, kAnyKind)).also(check_creditor(creditor, kPayees)).code();
  if (accounts != Code::Ok) return accounts;
  const PaymentTerms terms = terms_of_xfer(run, action, debtor, creditor);
  if (const Code code = check_xfer_order(run, terms, debtor, creditor, payee_bank);
      code != Code::Ok)
    return code;

  const Journal::Reference entries{.payer_bank = run.actor(), .id = run.operation.op_id()};
  Journal journal(run.effects, entries);
  const Code code =
      first_of({journal.debit(debtor, action.amount, EntryType::Payment, terms.payee_bank),
                journal.credit(creditor, action.amount, EntryType::Payment, terms.payer_bank)});
  if (code == Code::Ok) use_limits(run.effects, debtor, action.amount);
  return code;
}

}  // namespace

Code check_leg(const Operation& operation, const Leg& leg) {
  const int members = (leg.xfer ? 1 : 0) + (leg.mint ? 1 : 0) + (leg.burn ? 1 : 0) +
                      (leg.capture ? 1 : 0) + (leg.accept ? 1 : 0);
  if (members != 1) return Code::Malformed;
  if (leg.xfer) return check_xfer(*leg.xfer);
  if (leg.mint) return check_mint_leg(operation, *leg.mint);
  if (leg.burn) return check(operation, *leg.burn);
  if (leg.capture) return check(operation, *leg.capture);
  return leg.accept->accept ? check(operation, *leg.accept) : Code::Malformed;
}

Code require_leg(Run& run, const Leg& leg) {
  if (leg.xfer) return require_xfer(run, *leg.xfer);
  if (leg.mint) return require(run, *leg.mint);
  if (leg.burn) return require(run, *leg.burn);
  if (leg.capture) return require(run, *leg.capture);
  return require(run, *leg.accept);
}

Code run_leg(Run& run, const Leg& leg, InstId payee_bank) {
  if (leg.xfer) return run_xfer(run, *leg.xfer, payee_bank);
  if (leg.mint) return ledger::run(run, *leg.mint).code;
  if (leg.burn) return ledger::run(run, *leg.burn).code;
  if (leg.capture) return ledger::run(run, *leg.capture).code;
  return ledger::run(run, *leg.accept).code;
}

namespace {

void add_move(std::vector<CustomerMove>& moves, const Party& party, const CustomerMove& move) {
  if (party.account == nullptr || party.kind() != AccountKind::Customer) return;
  CustomerMove& added = moves.emplace_back(move);
  added.servicer = party.servicer;
  added.token = party.token_id;
  added.account = party.account_id;
}

}  // namespace

std::vector<CustomerMove> customer_moves(Run& run, std::span<const Leg> legs) {
  Overlay& overlay = run.overlay();
  std::vector<CustomerMove> moves;
  for (const Leg& leg : legs) {
    if (const auto& xfer = leg.xfer) {
      add_move(moves, load_party(overlay, xfer->token, xfer->from),
               {.to = xfer->to, .debited = xfer->amount});
      add_move(moves, load_party(overlay, xfer->token, xfer->to), {.credited = xfer->amount});
    } else if (const auto& mint = leg.mint) {
      add_move(moves, load_party(overlay, mint->token, mint->account), {.credited = mint->amount});
    } else if (const auto& burn = leg.burn) {
      add_move(moves, load_party(overlay, burn->token, burn->account),
               {.debited = burn->amount, .is_burn = true});
    } else if (const auto& capture = leg.capture) {
      const Cell<Hold>* hold = find_hold(run.effects, capture->creator, capture->hold_id);
      if (hold == nullptr) continue;
      add_move(moves, party_of(overlay, hold->value),
               {.debited = capture->amount, .is_burn = hold->value.kind != HoldKind::Escrow});
      if (hold->value.kind == HoldKind::Escrow)
        add_move(moves, load_party(overlay, hold->value.token, hold->value.beneficiary),
                 {.credited = capture->amount});
    }
  }
  return moves;
}

}  // namespace giro::ledger
