// Makes valid receipts, and the keys to make invalid ones that are signed all the same.
#pragma once

#include <string>
#include <vector>

#include "crypto/digest.h"
#include "crypto/merkle.h"
#include "node/receipt/text.h"
#include "node/receipt/verify.h"

namespace giro::receipt::test {

inline crypto::SecretKey secret(std::uint64_t number) {
  Bytes scalar(24);
  crypto::Writer(scalar).u64(number);
  return std::move(*crypto::SecretKey::from_bytes(scalar));
}

inline Hash digest(std::string_view text) {
  return crypto::sha256(crypto::as_view(text));
}

// Validators by the numbers of their keys; institution ids 1, 2, 3 ... in that order.
inline std::vector<consensus::Member> members_of(const std::vector<std::uint64_t>& keys) {
  std::vector<consensus::Member> members;
  for (std::uint32_t i = 0; i < keys.size(); ++i) {
    members.push_back({{i + 1}, secret(keys[i]).public_key()});
  }
  return members;
}

// Attest votes of the members in `voters`, whose keys are `keys`.
inline Attestation attest(const Hash& chain, const consensus::Header& header,
                          const std::vector<std::uint64_t>& keys,
                          const std::vector<std::uint32_t>& voters) {
  Attestation attestation;
  const Hash bytes = attest_content(chain, header).sign_bytes(chain);
  for (const std::uint32_t voter : voters) {
    attestation.push_back({{voter}, secret(keys.at(voter)).sign(bytes)});
  }
  return attestation;
}

inline const std::vector<std::uint64_t> kGenesisKeys{101, 102, 103, 104};
inline const std::vector<std::uint64_t> kSecondKeys{101, 102, 103, 104, 105};  // one joined
inline const std::vector<std::uint64_t> kThirdKeys{101, 202, 103, 104, 105};   // one has a new key

inline Genesis genesis() {
  return {digest("the genesis file"), members_of(kGenesisKeys)};
}

inline consensus::Header header_at(std::uint64_t epoch, std::uint64_t height) {
  consensus::Header header;
  header.epoch.value = epoch;
  header.height.value = height;
  header.block = digest("block " + std::to_string(height));
  header.time.ms = 1'763'764'867'000 + static_cast<std::int64_t>(height);
  header.previous = digest("previous of " + std::to_string(height));
  header.state_root = digest("state " + std::to_string(height));
  header.outcomes_root = digest("outcomes " + std::to_string(height));
  header.totals_root = digest("totals " + std::to_string(height));
  header.rules_version = 1;
  return header;
}

struct Shape {
  std::uint32_t operations = 6;  // of the block
  std::uint32_t index = 3;       // of the one that the receipt is for
  std::uint64_t later_headers = 0;
  std::size_t set_changes = 0;  // 0 to 2
  std::vector<std::uint32_t> voters{0, 1, 3};
  bool redacted = false;  // as the receipt of the sweep always is
  // What became of it.
  ledger::Code code = ledger::Code::LegFailed;
  std::uint32_t detail_index = 4;
  ledger::Code detail_inner = ledger::Code::InsufficientFunds;
  bool recorded = true;
  std::vector<std::size_t> shown{};  // of its three events
  // Of the payment among them.
  ledger::PaymentState state = ledger::PaymentState::Settled;
  ledger::TokenId token = 3;
  ledger::Amount payee_fee{};
  Hash chain = genesis().chain;
};

inline Uuid uuid(std::byte each) {
  Uuid out{};
  out.fill(each);
  return out;
}

// Of one outcome: an entry, the payment, a bulk's end.
inline std::vector<Bytes> events_of(const ledger::OutcomeLeaf& leaf, const Shape& shape) {
  ledger::EventRecord record{.height = leaf.height,
                             .n = 40,
                             .index = leaf.index,
                             .actor = leaf.actor,
                             .op_id = leaf.op_id,
                             .block_time = leaf.block_time,
                             .scope = {1, 2},
                             .body = {}};
  std::vector<Bytes> events;
  const auto add = [&](ledger::EventType type, const auto& body) {
    ++record.n;
    record.type = static_cast<std::uint16_t>(type);
    record.body = ledger::encode(body);
    events.push_back(ledger::encode_event(record));
  };
  ledger::PaymentTerms terms{.uetr = {uuid(std::byte{0x42})},
                             .payer_bank = 1,
                             .payee_bank = 2,
                             .token_from = shape.token,
                             .token_to = 4,
                             .amount = {0, 12'345},
                             .payee_fee = shape.payee_fee};
  add(ledger::EventType::Entry,
      ledger::EntryEvent{.token = shape.token, .seq = 9, .amount = terms.amount});
  add(ledger::EventType::PaymentSettled,
      ledger::PaymentEvent{.kind = ledger::PaymentKind::CrossBank,
                           .terms = terms,
                           .state = shape.state,
                           .expires_at = {1'763'764'900'000}});
  add(ledger::EventType::BulkProcessed, ledger::BulkEvent{});
  return events;
}

// Keys of the validators that attest a receipt of this shape.
inline const std::vector<std::uint64_t>& keys_of(std::size_t set_changes) {
  return set_changes == 0 ? kGenesisKeys : set_changes == 1 ? kSecondKeys : kThirdKeys;
}

inline SetChange set_change(const Hash& chain, std::uint64_t epoch,
                            const std::vector<std::uint64_t>& old_keys,
                            const std::vector<std::uint64_t>& new_keys,
                            const std::vector<std::uint32_t>& voters) {
  SetChange change;
  change.set = {{epoch + 1}, members_of(new_keys)};
  change.header = header_at(epoch, (epoch + 1) * 100);
  change.header.next_set = change.set.digest(chain);
  change.header.next_first_view.value = 2;
  change.attestation = attest(chain, change.header, old_keys, voters);
  return change;
}

// Signs again what follows from the headers: for receipts edited on purpose.
inline void attest_again(Receipt& receipt, std::size_t set_changes,
                         const std::vector<std::uint32_t>& voters) {
  receipt.attestation =
      attest(receipt.chain, receipt.attested_header(), keys_of(set_changes), voters);
}

inline Receipt make_receipt(const Shape& shape = {}) {
  Receipt receipt;
  receipt.chain = shape.chain;
  const std::uint64_t epoch = shape.set_changes == 0 ? 0 : 9;
  receipt.header = header_at(epoch, epoch * 100 + 42);

  SignedBody operation;
  operation.body = crypto::to_bytes(crypto::as_view("pay EUR 1.23 from ALICE to BOB"));
  const Hash operation_hash = crypto::sha256(operation.body);
  const Hash sign_bytes = crypto::tagged_hash("giro/operation/v1", {receipt.chain, operation_hash});
  for (const std::uint64_t key : {std::uint64_t{11}, std::uint64_t{12}}) {
    operation.signatures.push_back({secret(key).public_key(), secret(key).sign(sign_bytes)});
  }
  if (operation.signatures[0].public_key > operation.signatures[1].public_key) {
    std::swap(operation.signatures[0], operation.signatures[1]);
  }
  if (!shape.redacted && shape.index != 0) receipt.operation = operation;

  std::vector<Hash> leaves;
  for (std::uint32_t i = 0; i <= shape.operations; ++i) {
    ledger::OutcomeLeaf leaf;
    leaf.height = receipt.header.height.value;
    leaf.index = i;
    leaf.block_time.value = receipt.header.time.ms;
    leaf.operation_hash = i == shape.index ? operation_hash : digest(std::to_string(i));
    leaf.actor = 7;
    for (std::size_t k = 0; k < 16; ++k) leaf.op_id.bytes[k] = static_cast<std::byte>(16 * k + i);
    leaf.code = shape.code;
    leaf.detail_index = shape.detail_index;
    leaf.detail_inner = shape.detail_inner;
    leaf.recorded = shape.recorded;
    const std::vector<Bytes> events = events_of(leaf, shape);
    std::vector<Hash> event_leaves;
    for (const Bytes& event : events) event_leaves.push_back(crypto::merkle_leaf(event));
    leaf.event_count = static_cast<std::uint32_t>(events.size());
    leaf.events_root = crypto::merkle_root(event_leaves);
    leaves.push_back(ledger::leaf_hash(leaf));
    if (i != shape.index) continue;
    receipt.outcome = leaf;
    for (const std::size_t position : shape.shown) disclose(receipt, events, position);
  }
  receipt.header.outcomes_root = crypto::merkle_root(leaves);
  receipt.path = crypto::merkle_path(leaves, shape.index);

  for (std::uint64_t i = 1; i <= shape.later_headers; ++i) {
    consensus::Header header = header_at(epoch, receipt.header.height.value + i);
    header.previous = receipt.attested_header().hash(receipt.chain);
    receipt.later_headers.push_back(header);
  }
  if (shape.set_changes >= 1) {
    receipt.lineage.push_back(set_change(receipt.chain, 2, kGenesisKeys, kSecondKeys, {0, 1, 2}));
  }
  if (shape.set_changes >= 2) {
    receipt.lineage.push_back(set_change(receipt.chain, 6, kSecondKeys, kThirdKeys, {0, 2, 3, 4}));
  }
  attest_again(receipt, shape.set_changes, shape.voters);
  return receipt;
}

}  // namespace giro::receipt::test
