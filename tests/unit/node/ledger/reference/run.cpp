// The steps of ledger 4.4 around an operation.
#include "crypto/digest.h"
#include "node/ledger/encode.h"
#include "tests/unit/node/ledger/reference/rules.h"

namespace giro::ledger::reference {
namespace {

// Step 1 (ledger 2, 4.1, 5): what the bytes alone say.
class Form {
 public:
  explicit Form(InstId actor) : actor_(actor) {}
  void at(Code code, bool bad) { found_.at(1, code, bad); }
  void amount(const Amount& amount) {
    at(Code::ZeroAmount, amount.is_zero());
    at(Code::AmountOutOfRange, amount > kOperationAmountMax);
  }
  void terms(const PaymentTerms& terms) {
    amount(terms.amount);
    at(Code::BadUetr, !is_uuid_version_4(terms.uetr));
    at(Code::Malformed, terms.charge_bearer == ChargeBearer::Debt && !terms.payee_fee.is_zero());
    at(Code::Malformed, terms.charge_bearer == ChargeBearer::Cred && !terms.payer_fee.is_zero());
    at(Code::SameAccount, terms.payer_account == terms.payee_account &&
                              (terms.payer_bank == terms.payee_bank ||
                               (terms.settle_token == 0 && terms.token_from == terms.token_to)));
    at(Code::Malformed, terms.payer_bank != actor_);
  }
  [[nodiscard]] InstId actor() const { return actor_; }
  [[nodiscard]] Code code() const { return found_.any() ? found_.code() : Code::Ok; }

 private:
  InstId actor_;
  Findings found_;
};

void form_of(const Mint& order, Form& form) {
  form.amount(order.amount);
  form.at(Code::Malformed, order.core_ref_commit == Commit{});
}
void form_of(const Redeem& order, Form& form) {
  form.amount(order.amount);
}
void form_of(const Clawback& order, Form& form) {
  form.amount(order.amount);
}
void form_of(const HoldCreate& order, Form& form) {
  form.amount(order.amount);
}
void form_of(const HoldCapture& order, Form& form) {
  form.amount(order.amount);
}
void form_of(const ReturnPayment& order, Form& form) {
  form.amount(order.amount);
}
void form_of(const Transfer& order, Form& form) {
  form.terms(order.terms);
}
void form_of(const Pay& order, Form& form) {
  form.terms(order.terms);
}
void form_of(const TokenCreate& order, Form& form) {
  form.at(Code::BadCurrency, !currency_scale(order.currency));
}
void form_of(const CorridorSet& order, Form& form) {
  form.at(Code::Malformed, order.peer == form.actor());
  form.at(Code::BadCurrency, !currency_scale(order.currency));
}
void form_of(const AcctOpen& order, Form& form) {
  form.at(Code::Malformed, order.kind == AccountKind::Nostro && order.owner == form.actor());
}
void form_of(const GovPropose& order, Form& form) {
  if (order.inst_add) {
    form.at(Code::BadLeiOrBic, !is_valid_lei(order.inst_add->lei));
    form.at(Code::BadLeiOrBic, !is_valid_bic(order.inst_add->bic));
  }
}
void form_of(const BulkPay& bulk, Form& form) {
  Money sum = 0;
  for (const PaymentTerms& item : bulk.items) {
    form.terms(item);
    sum += money(item.amount);
    form.at(Code::Malformed, item.payer_account != bulk.items[0].payer_account ||
                                 item.token_from != bulk.items[0].token_from);
  }
  form.at(Code::TooManyItems, bulk.items.empty() || bulk.items.size() > kBulkItemsMax);
  form.at(Code::ControlSumMismatch, sum != money(bulk.control_sum));
}
void form_of(const SettleAtomic& batch, Form& form) {
  form.at(Code::TooManyItems, batch.legs.size() < 2 || batch.legs.size() > 16);
  for (const Leg& leg : batch.legs) {
    if (leg.xfer) {
      form.amount(leg.xfer->amount);
      form.at(Code::SameAccount, leg.xfer->from == leg.xfer->to);
    }
    if (leg.mint) form.amount(leg.mint->amount);
    if (leg.burn) form.amount(leg.burn->amount);
    if (leg.capture) form.amount(leg.capture->amount);
  }
  if (batch.payment) form.terms(*batch.payment);
}
template <class Action>
void form_of(const Action&, Form&) {}

// The UETR of what settles or orders a payment is its op_id (ledger 2).
const Uetr* uetr_of(const Action& action) {
  if (const auto* order = std::get_if<Transfer>(&action)) return &order->terms.uetr;
  if (const auto* order = std::get_if<Pay>(&action)) return &order->terms.uetr;
  if (const auto* batch = std::get_if<SettleAtomic>(&action))
    return batch->payment ? &batch->payment->uetr : nullptr;
  return nullptr;
}

}  // namespace

Code Rules::form() const {
  Form form(actor_);
  form.at(Code::BadVersion, op_.version != 1);
  form.at(Code::BadId, !is_valid(op_.op_id));
  if (const Uetr* uetr = uetr_of(op_.action)) form.at(Code::BadUetr, *uetr != op_.op_id);
  if (std::holds_alternative<ReturnPayment>(op_.action))
    form.at(Code::BadUetr, !is_uuid_version_4(op_.op_id));
  std::visit([&form](const auto& action) { form_of(action, form); }, op_.action);
  return form.code();
}

// A recorded failure of a payment leaves a REJECTED one (ledger 4.4).
void Rules::record_failure(Code code) {
  if (const auto* order = std::get_if<Transfer>(&op_.action))
    write_rejected(order->terms, PaymentKind::OnUs, code);
  if (const auto* order = std::get_if<Pay>(&op_.action))
    write_rejected(order->terms, PaymentKind::CrossBank, code);
  if (const auto* order = std::get_if<ReturnPayment>(&op_.action)) {
    const OwnedKey at(actor_, op_.op_id);
    write_rejected(return_terms(*order, false), PaymentKind::Return, code);
    if (Paym* booked = look(s_.payments, at);
        booked != nullptr && booked->state == PaymentState::Rejected && booked->index == index_ &&
        booked->height == s_.height) {
      booked->original = order->uetr;
      booked->original_bank = order->payer_bank;
    }
  }
  if (const auto* batch = std::get_if<SettleAtomic>(&op_.action); batch && batch->payment) {
    const PaymentTerms& terms = *batch->payment;
    const Tok* from = look(s_.tokens, terms.token_from);
    const Tok* to = look(s_.tokens, terms.token_to);
    const bool is_fx = from != nullptr && to != nullptr && from->currency != to->currency;
    write_rejected(terms, is_fx ? PaymentKind::Fx : PaymentKind::CrossBank,
                   code == Code::LegFailed ? inner_ : code);
  }
  if (const auto* bulk = std::get_if<BulkPay>(&op_.action); bulk && code == Code::LegFailed) {
    for (std::uint32_t i = 0; i < bulk->items.size(); ++i) {
      const PaymentTerms& item = bulk->items[i];
      write_rejected(item, item.settle_token == 0 ? PaymentKind::OnUs : PaymentKind::CrossBank,
                     i == detail_ ? inner_ : Code::LinkedFailed);
    }
  }
}

std::optional<Need> Rules::needed(State& state, const Operation& operation) {
  const Keys nobody;
  if (!state.insts.contains(operation.actor)) return std::nullopt;
  Rules rules(state, operation, nobody, 0);
  const auto fault =
      std::visit([&rules](const auto& action) { return rules.need(action); }, operation.action);
  return fault ? std::nullopt : std::optional(rules.need_);
}

Verdict Rules::run() {
  if (const Code code = form(); code != Code::Ok) return {.code = code};
  const Ms until = op_.valid_until.value;
  if (s_.now > until) return {.code = Code::OperationExpired};
  if (until > s_.now + static_cast<Ms>(s_.params.op_window_ms))
    return {.code = Code::ValidUntilTooFar};
  const Hash hash = crypto::sha256(encode_body(op_));
  const OwnedKey at(actor_, op_.op_id);
  if (const Done* done = look(s_.outcomes, at)) {
    if (done->operation == hash) return {.code = Code::Duplicate, .inner = done->code};
    return {.code = Code::IdempotencyConflict};
  }
  if (!s_.insts.contains(actor_)) return {.code = Code::InstitutionNotFound};
  if (const auto code = std::visit([this](const auto& action) { return need(action); }, op_.action))
    return {.code = *code};
  if (const auto code = unmet(need_)) return {.code = *code};
  signer_status();
  std::visit([this](const auto& action) { check(action); }, op_.action);
  if (!f_.any()) std::visit([this](const auto& action) { act(action); }, op_.action);
  const Verdict verdict{
      .code = f_.any() ? f_.code() : Code::Ok, .recorded = true, .index = detail_, .inner = inner_};
  if (f_.any()) record_failure(verdict.code);
  s_.outcomes[at] = {.code = verdict.code,
                     .index = verdict.index,
                     .inner = verdict.inner,
                     .operation = hash,
                     .valid_until = until,
                     .height = s_.height,
                     .place = index_};
  return verdict;
}

}  // namespace giro::ledger::reference
