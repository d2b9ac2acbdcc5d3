// Building operations: canonical bodies, sign bytes, envelopes and tickets. For the client library
// and for tests.
//
//   Operation op{.actor = 1, .op_id = uetr, .valid_until = {...}, .action = Pay{...}};
//   Bytes body = encode_body(op);
//   Signature s = key.sign(operation_sign_bytes(chain_id, crypto::sha256(body)));
//   Bytes bytes = encode_signed_operation(body, {{key.public_key(), s}, ...});
#pragma once

#include <span>

#include "node/ledger/messages.h"

namespace giro::ledger {

// Canonical Operation. The action must not be empty (std::monostate).
[[nodiscard]] Bytes encode_body(const Operation& operation);
[[nodiscard]] Hash operation_hash(ByteView body);  // SHA-256(body)
// SHA-256("giro/operation/v1" ‖ chain_id ‖ operation hash)
[[nodiscard]] Hash operation_sign_bytes(const Hash& chain_id, const Hash& operation_hash);
// Sorts the signatures by public key, as the envelope wants them.
[[nodiscard]] Bytes encode_signed_operation(ByteView body, std::vector<SignatureField> signatures);

// What a validator key signs to prove that its owner wants the seat (ledger 5.1):
// SHA-256("giro/validator-key/v1" ‖ chain_id ‖ institution as 8 bytes ‖ key)
[[nodiscard]] Hash validator_key_sign_bytes(const Hash& chain_id, InstId institution,
                                            const PublicKey& key);

// SHA-256("giro/terms/v1" ‖ SHA-256(canonical terms 1) ‖ SHA-256(canonical terms 2) ‖ ...)
[[nodiscard]] Hash terms_hash(std::span<const PaymentTerms> terms);
[[nodiscard]] Bytes encode_ticket_body(const TicketBody& body);
// SHA-256("giro/ticket/v1" ‖ chain_id ‖ SHA-256(body))
[[nodiscard]] Hash ticket_sign_bytes(const Hash& chain_id, ByteView body);
// Sorts the signatures by public key.
[[nodiscard]] Ticket make_ticket(Bytes body, std::vector<SignatureField> signatures);

}  // namespace giro::ledger
