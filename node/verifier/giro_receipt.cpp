#include "node/verifier/giro_receipt.h"

#include <array>
#include <utility>
#include <variant>

#include "node/config/genesis_file.h"
#include "node/ledger/amount.h"
#include "node/ledger/encode.h"
#include "node/ledger/events.h"
#include "node/ledger/ledger.h"
#include "node/ledger/messages.h"
#include "node/receipt/json.h"
#include "node/receipt/text.h"

namespace giro_receipt {

namespace config = giro::config;
namespace crypto = giro::crypto;
namespace ledger = giro::ledger;
namespace receipt = giro::receipt;

struct Genesis::Data {
  config::Genesis file;
  receipt::Genesis trusted;
};

namespace {

Verdict verdict_of(receipt::Failure failure) {
  switch (failure) {
    case receipt::Failure::Malformed:
      return Verdict::Malformed;
    case receipt::Failure::WrongChain:
      return Verdict::WrongChain;
    case receipt::Failure::BadLineage:
      return Verdict::BadLineage;
    case receipt::Failure::BadBody:
      return Verdict::BadBody;
    case receipt::Failure::BadPath:
      return Verdict::BadPath;
    case receipt::Failure::BadSignature:
      return Verdict::BadSignature;
    case receipt::Failure::NoQuorum:
      return Verdict::NoQuorum;
  }
  return Verdict::Malformed;
}

// Says what the numbers of a receipt stand for, as far as the genesis file knows.
class Teller {
 public:
  explicit Teller(const config::Genesis& file) : known_(file.ledger) {}

  [[nodiscard]] std::string institution(ledger::InstId id) const {
    if (id >= 1 && id <= known_.institutions.size()) return known_.institutions[id - 1].name;
    return "#" + std::to_string(id);
  }

  [[nodiscard]] Money money(ledger::TokenId token, const ledger::Amount& amount) const {
    Money out;
    out.token = token;
    out.minor_units = ledger::to_decimal(amount, 0);
    if (token < 1 || token > known_.tokens.size()) return out;
    const ledger::Token& record = known_.tokens[token - 1];
    out.token_name = config::token_name(institution(record.issuer), record);
    out.currency = record.currency.text();
    out.amount = ledger::to_decimal(amount, ledger::currency_scale(record.currency).value_or(0));
    return out;
  }

  [[nodiscard]] Payment ordered(const ledger::PaymentTerms& terms) const {
    Payment out;
    out.uetr = receipt::to_uuid_text(terms.uetr.bytes);
    out.payer_bank = institution(terms.payer_bank);
    out.payee_bank = institution(terms.payee_bank);
    out.payer_account = crypto::to_hex(terms.payer_account);
    out.payee_account = crypto::to_hex(terms.payee_account);
    out.amount = money(terms.token_from, terms.amount);
    if (!terms.amount_to.is_zero()) out.amount_to = money(terms.token_to, terms.amount_to);
    out.payer_fee = money(terms.token_from, terms.payer_fee);
    out.payee_fee = money(terms.token_to, terms.payee_fee);
    const bool is_exchange = !terms.amount_to.is_zero();
    out.credited = money(
        terms.token_to,
        ledger::subtract_or_zero(is_exchange ? terms.amount_to : terms.amount, terms.payee_fee));
    out.returned = money(terms.token_from, {});
    return out;
  }

  [[nodiscard]] Payment payment(const ledger::PaymentEvent& event) const {
    Payment out = ordered(event.terms);
    out.state = ledger::name(event.state);
    out.code = static_cast<std::uint16_t>(event.code);
    out.code_name = ledger::code_name(event.code);
    out.kind = ledger::name(event.kind);
    out.returned = money(event.terms.token_from, event.returned);
    if (event.original_payer_bank != 0) {
      out.original_payer_bank = institution(event.original_payer_bank);
      out.original_uetr = receipt::to_uuid_text(event.original.bytes);
    }
    if (event.state == ledger::PaymentState::Pending) out.expires_at_ms = event.expires_at.value;
    return out;
  }

  // The body has been checked against the leaf. One that ended in steps 1 and 2 may be no
  // operation.
  void tell_body(const receipt::Receipt& of, Facts& facts) const {
    std::vector<ledger::SignatureField> signatures;
    for (const auto& one : of.operation->signatures)
      signatures.push_back({one.public_key, one.signature});
    const auto decoded = ledger::decode(
        of.chain, ledger::encode_signed_operation(of.operation->body, std::move(signatures)));
    if (!decoded) return;
    facts.operation = ledger::operation_name(decoded->type());
    const auto& action = decoded->operation().action;
    if (const auto* pay = std::get_if<ledger::Pay>(&action)) facts.ordered = ordered(pay->terms);
    if (const auto* transfer = std::get_if<ledger::Transfer>(&action))
      facts.ordered = ordered(transfer->terms);
  }

 private:
  const ledger::Genesis& known_;
};

Facts facts_of(const receipt::Receipt& of, const receipt::Verified& verified,
               const config::Genesis& file) {
  const Teller teller(file);
  const ledger::OutcomeLeaf& outcome = of.outcome;
  Facts facts;
  facts.receipt_id = crypto::to_hex(verified.receipt_id);
  facts.operation_hash = crypto::to_hex(outcome.operation_hash);
  if (outcome.index != 0) {
    facts.actor = teller.institution(outcome.actor);
    facts.op_id = receipt::to_uuid_text(outcome.op_id.bytes);
  }
  facts.code = static_cast<std::uint16_t>(outcome.code);
  facts.code_name = ledger::code_name(outcome.code);
  facts.detail_index = outcome.detail_index;
  facts.detail_code = static_cast<std::uint16_t>(outcome.detail_inner);
  facts.recorded = outcome.recorded || outcome.index == 0;
  facts.height = outcome.height;
  facts.index = outcome.index;
  facts.time_ms = outcome.block_time.value;
  for (const auto& payment : receipt::shown_payments(of))
    facts.payments.push_back(teller.payment(payment));
  facts.has_body = of.operation.has_value();
  if (facts.has_body) teller.tell_body(of, facts);
  for (const auto& vote : of.attestation)
    facts.signers.push_back(teller.institution(verified.set.at(vote.voter).institution.value));
  facts.quorum = verified.set.quorum();
  facts.validators = verified.set.size();
  facts.epoch = verified.set.epoch.value;
  facts.set_changes = verified.set_changes;
  return facts;
}

}  // namespace

std::string_view name(Verdict verdict) {
  constexpr std::array<std::string_view, 8> kNames{"VALID",         "MALFORMED", "WRONG_CHAIN",
                                                   "BAD_LINEAGE",   "BAD_BODY",  "BAD_PATH",
                                                   "BAD_SIGNATURE", "NO_QUORUM"};
  const auto at = static_cast<std::size_t>(verdict);
  return at < kNames.size() ? kNames[at] : "UNKNOWN";
}

Genesis::Genesis(std::shared_ptr<const Data> data) : data_(std::move(data)) {}

std::optional<Genesis> Genesis::read(std::string_view file, std::string* why) {
  const auto refuse = [why](std::string text) {
    if (why != nullptr) *why = std::move(text);
    return std::nullopt;
  };
  if (file.size() > config::kGenesisBytesMax) return refuse("is too large for a genesis file");
  auto parsed = config::parse_genesis_file(file);
  if (!parsed) return refuse(parsed.error());
  receipt::Genesis trusted{config::chain_id_of(file), config::first_members(*parsed)};
  return Genesis(std::make_shared<const Data>(Data{std::move(*parsed), std::move(trusted)}));
}

std::string Genesis::chain_id() const {
  return crypto::to_hex(data_->trusted.chain);
}

std::string Genesis::network() const {
  return data_->file.name;
}

Checked Genesis::verify(std::string_view text) const {
  const auto parsed = receipt::from_json(text);
  if (!parsed) return {};
  const auto verified = receipt::verify(*parsed, data_->trusted);
  if (!verified) return {verdict_of(verified.error()), {}};
  return {Verdict::Valid, facts_of(*parsed, *verified, data_->file)};
}

}  // namespace giro_receipt
