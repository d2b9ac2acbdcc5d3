// Steps 1 and 2 of ledger 4.4: bytes to Decoded to Verified.
#include <algorithm>

#include "crypto/digest.h"
#include "node/ledger/content.h"
#include "node/ledger/encode.h"
#include "node/ledger/operations/operation.h"

namespace giro::ledger {

namespace {

Code code_of_fault(wire::Fault fault) {
  switch (fault) {
    case wire::Fault::None:
      return Code::Ok;
    case wire::Fault::Malformed:
      return Code::Malformed;
    case wire::Fault::NonCanonical:
      return Code::NonCanonicalEncoding;
    case wire::Fault::BadId:
      return Code::BadId;
  }
  return Code::Malformed;
}

template <class Signatures>
Code check_signatures(const Signatures& signatures) {
  if (signatures.size() == 0) return Code::Malformed;
  for (std::size_t i = 1; i < signatures.size(); ++i) {
    if (!(signatures[i - 1].public_key < signatures[i].public_key))
      return Code::NonCanonicalEncoding;
  }
  return Code::Ok;
}

template <class Signatures>
void append_checks(std::vector<SignatureCheck>& checks, const Hash& message,
                   const Signatures& signatures) {
  for (const SignatureField& each : signatures)
    checks.push_back({message, each.public_key, each.signature});
}

// Only a BULK_PAY may be large: what is no operation at all is not.
Code unless_too_large(Code code, std::size_t size) {
  return size > kOperationBytesMax ? Code::TooLarge : code;
}

// Fields 1 to 4, then the one action, then nothing. `size` is that of the whole SignedOperation.
Code parse_body(ByteView body, std::size_t size, Operation& operation) {
  constexpr std::uint32_t kFirstAction = 10;
  wire::Decoder decoder(body);
  operation.version = 0;
  decoder(1, operation.version);
  if (decoder.fault() != wire::Fault::None)
    return unless_too_large(code_of_fault(decoder.fault()), size);
  if (operation.version != kOperationVersion) return unless_too_large(Code::BadVersion, size);
  decoder(2, operation.actor);
  decoder(3, operation.op_id);
  decoder(4, operation.valid_until);
  const std::uint32_t type = decoder.next_field();
  if (decoder.fault() != wire::Fault::None)
    return unless_too_large(code_of_fault(decoder.fault()), size);
  if (type == 0) return unless_too_large(Code::Malformed, size);  // no action
  if (type < kFirstAction) return unless_too_large(Code::NonCanonicalEncoding, size);
  const OperationRow* row = find_operation(type);
  if (row == nullptr) return unless_too_large(Code::UnknownOperation, size);
  if (size > row->bytes_max) return Code::TooLarge;
  const ByteView action = decoder.member();
  if (const auto fault = decoder.finish(); fault != wire::Fault::None) return code_of_fault(fault);
  return code_of_fault(row->parse(action, operation.action));
}

Code check_operation_bounds(const Operation& operation, std::uint32_t type) {
  Code code = operation.actor == 0 ? Code::Malformed : Code::Ok;
  if (code == Code::Ok && !is_valid(operation.op_id)) code = Code::BadId;
  const Code own = find_operation(type)->check(operation);
  return code == Code::Ok || (own != Code::Ok && own < code) ? own : code;
}

}  // namespace

// Parses tickets and appends their signature checks.
struct DecodedAccess {
  using Content = Decoded::Content;

  static Code add_ticket(Content& content, const Hash& chain_id, const Ticket& ticket,
                         std::span<const PaymentTerms> terms) {
    Content::ParsedTicket parsed;
    if (const auto fault = wire::decode(ticket.body, parsed.body); fault != wire::Fault::None) {
      return code_of_fault(fault);
    }
    if (ticket.signatures.size() > kTicketSignaturesMax) return Code::Malformed;
    if (const Code code = check_signatures(ticket.signatures); code != Code::Ok) return code;
    parsed.is_for_terms = parsed.body.terms_hash == terms_hash(terms);
    parsed.first_signature = content.checks.size();
    parsed.signature_count = ticket.signatures.size();
    append_checks(content.checks, ticket_sign_bytes(chain_id, ticket.body), ticket.signatures);
    content.tickets.push_back(parsed);
    return Code::Ok;
  }

  // Ascending by payee bank; each is for all payments of the bulk to that bank.
  static Code add_bulk_tickets(Content& content, const Hash& chain_id, const BulkPay& bulk) {
    InstId previous = 0;
    for (const Ticket& ticket : bulk.tickets) {
      TicketBody body;
      if (const auto fault = wire::decode(ticket.body, body); fault != wire::Fault::None)
        return code_of_fault(fault);
      if (body.payee_bank <= previous) return Code::NonCanonicalEncoding;
      previous = body.payee_bank;
      std::vector<PaymentTerms> terms;
      std::copy_if(bulk.items.begin(), bulk.items.end(), std::back_inserter(terms),
                   [&body](const PaymentTerms& item) {
                     return item.payee_bank == body.payee_bank && item.settle_token != 0;
                   });
      if (terms.empty()) return Code::Malformed;
      if (const Code code = add_ticket(content, chain_id, ticket, terms); code != Code::Ok)
        return code;
    }
    return Code::Ok;
  }

  static Code add_tickets(Content& content, const Hash& chain_id) {
    const Action& action = content.operation.action;
    if (const auto* pay = std::get_if<Pay>(&action); pay != nullptr && pay->ticket)
      return add_ticket(content, chain_id, *pay->ticket, {&pay->terms, 1});
    if (const auto* batch = std::get_if<SettleAtomic>(&action); batch != nullptr && batch->ticket)
      return add_ticket(content, chain_id, *batch->ticket, {&*batch->payment, 1});
    if (const auto* bulk = std::get_if<BulkPay>(&action))
      return add_bulk_tickets(content, chain_id, *bulk);
    return Code::Ok;
  }

  static std::expected<Decoded, Code> decode(const Hash& chain_id, Bytes bytes) {
    const std::size_t size = bytes.size();
    if (size > kBulkBytesMax) return std::unexpected(Code::TooLarge);
    auto content = std::make_unique<Content>();
    content->bytes = std::move(bytes);
    Bounded<SignatureField, kEnvelopeSignaturesMax> signatures;
    wire::Decoder envelope(content->bytes);
    envelope(1, content->body);
    envelope(2, signatures);
    if (const auto fault = envelope.finish(); fault != wire::Fault::None) {
      return std::unexpected(unless_too_large(code_of_fault(fault), size));
    }
    if (content->body.empty()) return std::unexpected(unless_too_large(Code::Malformed, size));
    if (const Code code = check_signatures(signatures); code != Code::Ok)
      return std::unexpected(unless_too_large(code, size));
    return decode_content(chain_id, std::move(content), signatures, size);
  }

  static std::expected<Decoded, Code> decode_body(const Hash& chain_id, Bytes body) {
    const std::size_t size = body.size();
    if (size > kBulkBytesMax) return std::unexpected(Code::TooLarge);
    auto content = std::make_unique<Content>();
    content->bytes = std::move(body);
    content->body = content->bytes;
    return decode_content(chain_id, std::move(content), {}, size);
  }

 private:
  // What the body says, and what there is to verify.
  static std::expected<Decoded, Code> decode_content(
      const Hash& chain_id, std::unique_ptr<Content> content,
      const Bounded<SignatureField, kEnvelopeSignaturesMax>& signatures, std::size_t size) {
    Operation& operation = content->operation;
    if (const Code code = parse_body(content->body, size, operation); code != Code::Ok)
      return std::unexpected(code);
    std::visit(
        [&content]<class T>(const T&) {
          if constexpr (!std::is_same_v<T, std::monostate>) content->type = T::kType;
        },
        operation.action);
    if (const Code code = check_operation_bounds(operation, content->type); code != Code::Ok) {
      return std::unexpected(code);
    }
    content->hash = operation_hash(content->body);
    content->envelope_signatures = signatures.size();
    const auto* propose = std::get_if<GovPropose>(&operation.action);
    const ValidatorSetAction* seat =
        propose != nullptr && propose->validator_set ? &*propose->validator_set : nullptr;
    const bool has_possession = seat != nullptr && seat->change != SeatChange::Remove;
    content->checks.reserve(signatures.size() + (has_possession ? 1 : 0));
    append_checks(content->checks, operation_sign_bytes(chain_id, content->hash), signatures);
    if (has_possession) {
      content->checks.push_back(
          {validator_key_sign_bytes(chain_id, seat->institution, seat->public_key),
           seat->public_key, seat->possession});
    }
    if (const Code code = add_tickets(*content, chain_id); code != Code::Ok)
      return std::unexpected(code);
    return Decoded(std::move(content));
  }
};

// ---- Decoded ----

Decoded::Decoded(std::unique_ptr<Content> content) : content_(std::move(content)) {}
Decoded::Decoded(Decoded&&) noexcept = default;
Decoded& Decoded::operator=(Decoded&&) noexcept = default;
Decoded::~Decoded() = default;

std::span<const SignatureCheck> Decoded::signature_checks() const {
  return content_->checks;
}
const Hash& Decoded::operation_hash() const {
  return content_->hash;
}
ByteView Decoded::signed_operation() const {
  return content_->bytes;
}
ByteView Decoded::body() const {
  return content_->body;
}
InstId Decoded::actor() const {
  return content_->operation.actor;
}
const OpId& Decoded::op_id() const {
  return content_->operation.op_id;
}
TimeMs Decoded::valid_until() const {
  return content_->operation.valid_until;
}
std::uint32_t Decoded::type() const {
  return content_->type;
}
const Operation& Decoded::operation() const {
  return content_->operation;
}

// ---- Verified ----

Verified::Verified(Decoded decoded) : decoded_(std::move(decoded)) {
  Decoded::Content& content = *decoded_.content_;
  content.signers.reserve(content.checks.size());
  for (const SignatureCheck& check : content.checks) {
    content.signers.push_back({check.key, crypto::key_id(check.key)});
  }
}
Verified::Verified(Verified&&) noexcept = default;
Verified& Verified::operator=(Verified&&) noexcept = default;
Verified::~Verified() = default;

std::span<const Verified::Signer> Verified::signers() const {
  return std::span(decoded_.content_->signers).first(decoded_.content_->envelope_signatures);
}
std::size_t Verified::ticket_count() const {
  return decoded_.content_->tickets.size();
}
Verified::TicketView Verified::ticket(std::size_t i) const {
  const Decoded::Content& content = *decoded_.content_;
  const auto& ticket = content.tickets[i];
  return {ticket.body, ticket.is_for_terms,
          std::span(content.signers).subspan(ticket.first_signature, ticket.signature_count)};
}

std::expected<Decoded, Code> decode(const Hash& chain_id, Bytes signed_operation) {
  return DecodedAccess::decode(chain_id, std::move(signed_operation));
}

std::expected<Decoded, Code> decode_body(const Hash& chain_id, Bytes body) {
  return DecodedAccess::decode_body(chain_id, std::move(body));
}

std::expected<Verified, Code> verify(Decoded operation, std::span<const bool> signature_is_valid) {
  if (signature_is_valid.size() != operation.signature_checks().size() ||
      !std::all_of(signature_is_valid.begin(), signature_is_valid.end(),
                   [](bool valid) { return valid; })) {
    return std::unexpected(Code::BadSignature);
  }
  return Verified(std::move(operation));
}

}  // namespace giro::ledger
