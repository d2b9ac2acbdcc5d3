#include "node/ledger/encode.h"

#include <algorithm>

#include "crypto/digest.h"

namespace giro::ledger {

Bytes encode_body(const Operation& operation) {
  wire::Encoder encoder;
  encoder(1, operation.version);
  encoder(2, operation.actor);
  encoder(3, operation.op_id);
  encoder(4, operation.valid_until);
  std::visit(
      [&encoder]<typename T>(const T& action) {
        if constexpr (!std::is_same_v<T, std::monostate>) encoder.message(T::kType, action);
      },
      operation.action);
  return encoder.take();
}

Hash operation_hash(ByteView body) {
  return crypto::sha256(body);
}

Hash operation_sign_bytes(const Hash& chain_id, const Hash& hash) {
  return crypto::tagged_hash("giro/operation/v1", {chain_id, hash});
}

Hash validator_key_sign_bytes(const Hash& chain_id, InstId institution, const PublicKey& key) {
  Bytes bytes;
  crypto::Writer writer(bytes);
  writer.text("giro/validator-key/v1").raw(chain_id).u64(institution).raw(key);
  return crypto::sha256(bytes);
}

namespace {

void sort_by_key(std::vector<SignatureField>& signatures) {
  std::sort(
      signatures.begin(), signatures.end(),
      [](const SignatureField& a, const SignatureField& b) { return a.public_key < b.public_key; });
}

}  // namespace

Bytes encode_signed_operation(ByteView body, std::vector<SignatureField> signatures) {
  sort_by_key(signatures);
  wire::Encoder encoder;
  encoder(1, body);
  encoder(2, signatures);
  return encoder.take();
}

Hash terms_hash(std::span<const PaymentTerms> terms) {
  Bytes hashes;
  for (const PaymentTerms& each : terms) {
    wire::Encoder canonical;
    PaymentTerms::fields(each, canonical);
    const Hash hash = crypto::sha256(canonical.view());
    hashes.insert(hashes.end(), hash.bytes.begin(), hash.bytes.end());
  }
  return crypto::tagged_hash("giro/terms/v1", {hashes});
}

Bytes encode_ticket_body(const TicketBody& body) {
  return wire::encode(body);
}

Hash ticket_sign_bytes(const Hash& chain_id, ByteView body) {
  return crypto::tagged_hash("giro/ticket/v1", {chain_id, crypto::sha256(body)});
}

Ticket make_ticket(Bytes body, std::vector<SignatureField> signatures) {
  sort_by_key(signatures);
  return {std::move(body), std::move(signatures)};
}

}  // namespace giro::ledger
