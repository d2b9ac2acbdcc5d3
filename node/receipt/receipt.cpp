#include "node/receipt/receipt.h"

#include "crypto/digest.h"

namespace giro::receipt {

Hash receipt_id(const Hash& chain, const ledger::OutcomeLeaf& outcome,
                const consensus::Header& header) {
  return crypto::sha256({ledger::encode_leaf(outcome), header.hash(chain)});
}

Hash receipt_id(const Receipt& receipt) {
  return receipt_id(receipt.chain, receipt.outcome, receipt.header);
}

consensus::VoteContent attest_content(const Hash& chain, const consensus::Header& header) {
  return {consensus::VoteKind::Attest, header.epoch, {}, header.height, header.hash(chain)};
}

}  // namespace giro::receipt
