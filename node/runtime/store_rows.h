// The store's own rows beside the ledger's tables (01..31, ledger 9.1): blocks with their results,
// attest certificates, where each batch lies in the log, and what snapshots and the cutting of the
// log need (protocol R34). Local to this node: no digest covers them.
#pragma once

#include <optional>

#include "consensus/recovery.h"
#include "node/runtime/store.h"

namespace giro::runtime::rows {

[[nodiscard]] crypto::Bytes block_key(consensus::Height height);   // 80 ‖ height
[[nodiscard]] crypto::Bytes attest_key(consensus::Height height);  // 81 ‖ height
[[nodiscard]] crypto::Bytes batch_key(const consensus::Hash& id);  // 82 ‖ id
// 83 ‖ expiry ‖ id: the ordered ids of the head's height (protocol 2).
[[nodiscard]] crypto::Bytes ordered_key(consensus::WallTime expires_at, const consensus::Hash& id);
[[nodiscard]] crypto::Bytes ordered_end();
[[nodiscard]] std::optional<consensus::OrderedId> decode_ordered(crypto::ByteView key);
// 85 ‖ number of the interval between snapshots: the oldest place in the log of what its blocks
// name
[[nodiscard]] crypto::Bytes payload_key(std::uint64_t interval);
[[nodiscard]] crypto::Bytes log_start_key();  // 86: lowest height whose payload the log holds
// 87 ‖ epoch: the change that led to its set, where a snapshot came without the blocks before
[[nodiscard]] crypto::Bytes lineage_key(consensus::Epoch epoch);
// 88 ‖ token ‖ account ‖ number of the last entry that a block made: entries.h
[[nodiscard]] crypto::Bytes entry_key(ledger::TokenId token, const ledger::AccountId& account,
                                      std::uint64_t last);
// 89 ‖ payer bank ‖ uetr ‖ height ‖ n, 8a ‖ account ‖ height ‖ n: payment_index.h
[[nodiscard]] crypto::Bytes transition_key(ledger::InstId payer_bank, const ledger::Uetr& uetr,
                                           std::uint64_t height, std::uint32_t n);
[[nodiscard]] crypto::Bytes payment_of_key(const ledger::AccountId& account, std::uint64_t height,
                                           std::uint32_t n);
// The indexes, 88 to 8a: each row is made by one block, whatever came before it.
[[nodiscard]] crypto::Bytes index_begin();
[[nodiscard]] crypto::Bytes index_end();
[[nodiscard]] consensus::Height height_of_index(crypto::ByteView key, crypto::ByteView value);
[[nodiscard]] crypto::Bytes installed_key();  // 8e: the epoch of a snapshot that was installed
[[nodiscard]] crypto::Bytes head_key();       // 8f: the newest header

// With its header and results; heads and certificates are rows in the encoding of consensus/wire.
[[nodiscard]] crypto::Bytes encode_block(const ExecutedBlock& block);
[[nodiscard]] std::optional<StoredBlock> decode_block(crypto::ByteView bytes);

}  // namespace giro::runtime::rows
