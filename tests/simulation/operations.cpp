#include "tests/simulation/operations.h"

#include <algorithm>
#include <utility>

#include "crypto/digest.h"
#include "node/ledger/encode.h"

namespace giro::sim {

runtime::OpId operation_id(std::string_view maker, std::uint64_t number) {
  crypto::Bytes seed;
  crypto::Writer(seed).u64(number);
  const crypto::Hash hash = crypto::tagged_hash(maker, {seed});
  runtime::OpId id;
  std::copy_n(hash.bytes.begin(), id.size(), id.begin());
  id[6] = (id[6] & std::byte{0x0F}) | std::byte{0x40};
  id[8] = (id[8] & std::byte{0x3F}) | std::byte{0x80};
  return id;
}

crypto::Bytes signed_operation(const NetworkSetup& setup, const ledger::Operation& operation,
                               const std::vector<const crypto::SecretKey*>& keys) {
  const auto body = ledger::encode_body(operation);
  const auto digest = ledger::operation_sign_bytes(setup.chain(), ledger::operation_hash(body));
  std::vector<ledger::SignatureField> signatures;
  for (const auto* key : keys) signatures.push_back({key->public_key(), key->sign(digest)});
  return ledger::encode_signed_operation(body, std::move(signatures));
}

crypto::Bytes signed_payment(const NetworkSetup& setup, const DemoPayment& payment) {
  static const auto accounts = config::demo_aliases();
  ledger::Transfer transfer;
  transfer.terms.uetr = {payment.id};
  transfer.terms.payer_bank = transfer.terms.payee_bank = kPayingBank;
  transfer.terms.payer_account = accounts.at(payment.back ? "MERCHANT" : "ALICE").account;
  transfer.terms.payee_account = accounts.at(payment.back ? "ALICE" : "MERCHANT").account;
  transfer.terms.token_from = transfer.terms.token_to = kPaidToken;
  transfer.terms.amount = {0, payment.amount};
  transfer.terms.charge_bearer = ledger::ChargeBearer::Shar;
  return signed_operation(setup,
                          {.actor = kPayingBank,
                           .op_id = {payment.id},
                           .valid_until = {payment.valid_until_ms},
                           .action = transfer},
                          {&setup.operator_key("bank-a", ledger::Role::Maker)});
}

}  // namespace giro::sim
