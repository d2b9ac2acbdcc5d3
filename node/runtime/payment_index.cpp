#include "node/runtime/payment_index.h"

#include <algorithm>
#include <set>
#include <utility>

#include "node/ledger/outcome_leaf.h"
#include "node/runtime/fatal.h"
#include "node/runtime/store_rows.h"

namespace giro::runtime {
namespace {

using crypto::Bytes;
using crypto::ByteView;

// The block wrote the payment, since it changed it.
bool began_here(const ExecutedBlock& block, const ledger::PaymentTerms& terms) {
  const Bytes key = ledger::payment_key(terms.payer_bank, terms.uetr).to_bytes();
  const auto row = std::ranges::lower_bound(block.writes, key, {}, &ledger::Write::key);
  if (row == block.writes.end() || row->key != key || !row->value) return false;
  const auto payment = ledger::decode_record<ledger::Payment>(*row->value);
  return payment && payment->created_at.value == block.header.time.ms;
}

Bytes transition_value(const ledger::EventRecord& record, ledger::Code code) {
  Bytes value;
  crypto::Writer(value)
      .u16(static_cast<std::uint16_t>(record.type))
      .u16(static_cast<std::uint16_t>(code))
      .u32(record.index)
      .u32(record.actor)
      .raw(record.op_id.bytes)
      .u64(static_cast<std::uint64_t>(record.block_time.value));
  return value;
}

[[noreturn]] void stop_damaged() {
  stop_process(ExitCode::Invariant, "a payment row of the store is damaged");
}

EventPlace place_of(ByteView key) {
  crypto::Reader reader(key.last(12));
  const std::uint64_t height = reader.u64();
  return {height, reader.u32()};
}

}  // namespace

void put_payments(const ExecutedBlock& block, storage::WriteBatch& batch) {
  std::set<std::pair<ledger::InstId, ledger::Uetr>> begun;
  for (const Bytes& event : block.events) {
    const auto record = ledger::decode_event(event);
    if (!record || !ledger::is_of_payment(ledger::EventType{record->type})) continue;
    const auto payment = ledger::decode_record<ledger::PaymentEvent>(record->body);
    if (!payment) stop_process(ExitCode::Invariant, "a payment event of a block is damaged");
    const auto& terms = payment->terms;
    const EventPlace place{record->height, record->n};
    batch.put(rows::transition_key(terms.payer_bank, terms.uetr, place.height, place.n),
              transition_value(*record, payment->code));
    if (!began_here(block, terms) || !begun.insert({terms.payer_bank, terms.uetr}).second) continue;
    Bytes name;
    crypto::Writer(name).u32(terms.payer_bank).raw(terms.uetr.bytes);
    for (const auto& account : {terms.payer_account, terms.payee_account})
      batch.put(rows::payment_of_key(account, place.height, place.n), name);
  }
}

std::vector<Transition> read_transitions(const ledger::StateView& view, ledger::InstId payer_bank,
                                         const ledger::Uetr& uetr, EventPlace from,
                                         std::size_t limit) {
  std::vector<Transition> out;
  const Bytes first = rows::transition_key(payer_bank, uetr, from.height, from.n);
  view.scan(first, rows::transition_key(payer_bank, uetr, ~0ULL, ~0U),
            [&](ByteView key, ByteView value) {
              if (out.size() == limit) return false;
              crypto::Reader reader(value);
              Transition one;
              one.place = place_of(key);
              one.type = static_cast<ledger::EventType>(reader.u16());
              one.code = static_cast<ledger::Code>(reader.u16());
              one.index = reader.u32();
              one.actor = reader.u32();
              std::ranges::copy(reader.raw(one.op_id.bytes.size()), one.op_id.bytes.begin());
              one.time = {static_cast<std::int64_t>(reader.u64())};
              if (!reader.at_end()) stop_damaged();
              out.push_back(one);
              return true;
            });
  return out;
}

std::vector<PaymentOfAccount> read_payments_of(const ledger::StateView& view,
                                               const ledger::AccountId& account, EventPlace after,
                                               std::size_t limit) {
  std::vector<PaymentOfAccount> out;
  const Bytes first = rows::payment_of_key(account, after.height, after.n);
  view.scan(first, rows::payment_of_key(account, ~0ULL, ~0U), [&](ByteView key, ByteView value) {
    if (out.size() == limit) return false;
    if (std::ranges::equal(key, first)) return true;
    crypto::Reader reader(value);
    PaymentOfAccount one;
    one.began = place_of(key);
    one.payer_bank = reader.u32();
    std::ranges::copy(reader.raw(one.uetr.bytes.size()), one.uetr.bytes.begin());
    if (!reader.at_end()) stop_damaged();
    out.push_back(one);
    return true;
  });
  return out;
}

}  // namespace giro::runtime
