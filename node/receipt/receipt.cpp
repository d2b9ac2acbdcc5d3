#include "node/receipt/receipt.h"

#include "crypto/digest.h"
#include "crypto/merkle.h"

namespace giro::receipt {

Hash receipt_id(const Hash& chain, const ledger::OutcomeLeaf& outcome,
                const consensus::Header& header) {
  return crypto::sha256({ledger::encode_leaf(outcome), header.hash(chain)});
}

Hash receipt_id(const Receipt& receipt) {
  return receipt_id(receipt.chain, receipt.outcome, receipt.header);
}

void disclose(Receipt& receipt, std::span<const Bytes> events, std::size_t position) {
  std::vector<Hash> leaves;
  leaves.reserve(events.size());
  for (const Bytes& event : events) leaves.push_back(crypto::merkle_leaf(event));
  receipt.events.push_back({static_cast<std::uint32_t>(position), events[position],
                            crypto::merkle_path(leaves, position)});
}

std::vector<ledger::PaymentEvent> shown_payments(const Receipt& receipt) {
  std::vector<ledger::PaymentEvent> payments;
  for (const DisclosedEvent& shown : receipt.events) {
    const auto record = ledger::decode_event(shown.event);
    if (!record || !ledger::is_of_payment(ledger::EventType{record->type})) continue;
    if (auto payment = ledger::decode_record<ledger::PaymentEvent>(record->body))
      payments.push_back(std::move(*payment));
  }
  return payments;
}

std::vector<std::uint32_t> shown_places(const Receipt& receipt) {
  std::vector<std::uint32_t> places;
  for (const DisclosedEvent& shown : receipt.events) {
    if (const auto record = ledger::decode_event(shown.event)) places.push_back(record->n);
  }
  return places;
}

consensus::VoteContent attest_content(const Hash& chain, const consensus::Header& header) {
  return {consensus::VoteKind::Attest, header.epoch, {}, header.height, header.hash(chain)};
}

}  // namespace giro::receipt
