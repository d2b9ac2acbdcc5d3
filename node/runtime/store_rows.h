// The store's own rows beside the ledger's tables (01..31, ledger 9.1): blocks with their results,
// attest certificates, and where each batch lies in the log. Local to this node: no digest covers
// them.
#pragma once

#include <optional>

#include "node/runtime/store.h"

namespace giro::runtime::rows {

[[nodiscard]] crypto::Bytes block_key(consensus::Height height);   // 80 ‖ height
[[nodiscard]] crypto::Bytes attest_key(consensus::Height height);  // 81 ‖ height
[[nodiscard]] crypto::Bytes batch_key(const consensus::Hash& id);  // 82 ‖ id
[[nodiscard]] crypto::Bytes head_key();                            // 8f: the newest header

// With its header and results; heads and certificates are rows in the encoding of consensus/wire.
[[nodiscard]] crypto::Bytes encode_block(const ExecutedBlock& block);
[[nodiscard]] std::optional<StoredBlock> decode_block(crypto::ByteView bytes);

}  // namespace giro::runtime::rows
