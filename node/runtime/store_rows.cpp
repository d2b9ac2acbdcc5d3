#include "node/runtime/store_rows.h"

#include "consensus/wire/codec.h"

namespace giro::runtime::rows {
namespace {

using crypto::Bytes;
using crypto::ByteView;
using crypto::Reader;
using crypto::Writer;

Bytes numbered(std::uint8_t table, std::uint64_t number) {
  Bytes key;
  Writer(key).u8(table).u64(number);
  return key;
}

void put_sized(Writer& writer, ByteView bytes) {
  writer.u32(static_cast<std::uint32_t>(bytes.size())).raw(bytes);
}

Bytes get_sized(Reader& reader) {
  const std::uint32_t size = reader.u32();
  return size <= reader.remaining() ? crypto::to_bytes(reader.raw(size))
                                    : (reader.raw(size), Bytes{});
}

}  // namespace

Bytes block_key(consensus::Height height) {
  return numbered(0x80, height.value);
}
Bytes attest_key(consensus::Height height) {
  return numbered(0x81, height.value);
}
Bytes head_key() {
  return {std::byte{0x8f}};
}
Bytes batch_key(const consensus::Hash& id) {
  Bytes key;
  Writer(key).u8(0x82).raw(id);
  return key;
}

Bytes ordered_key(consensus::WallTime expires_at, const consensus::Hash& id) {
  Bytes key;
  Writer(key).u8(0x83).u64(static_cast<std::uint64_t>(expires_at.ms)).raw(id);
  return key;
}
Bytes ordered_end() {
  return {std::byte{0x84}};
}
std::optional<consensus::OrderedId> decode_ordered(ByteView key) {
  Reader reader(key);
  if (reader.u8() != 0x83) return std::nullopt;
  const consensus::WallTime expires_at{static_cast<std::int64_t>(reader.u64())};
  const consensus::OrderedId id{reader.hash(), expires_at};
  return reader.at_end() ? std::optional(id) : std::nullopt;
}
Bytes payload_key(std::uint64_t interval) {
  return numbered(0x85, interval);
}
Bytes log_start_key() {
  return {std::byte{0x86}};
}
Bytes lineage_key(consensus::Epoch epoch) {
  return numbered(0x87, epoch.value);
}
Bytes entry_key(ledger::TokenId token, const ledger::AccountId& account, std::uint64_t last) {
  Bytes key;
  Writer(key).u8(0x88).u32(token).raw(account.bytes).u64(last);
  return key;
}
Bytes transition_key(ledger::InstId payer_bank, const ledger::Uetr& uetr, std::uint64_t height,
                     std::uint32_t n) {
  Bytes key;
  Writer(key).u8(0x89).u32(payer_bank).raw(uetr.bytes).u64(height).u32(n);
  return key;
}
Bytes payment_of_key(const ledger::AccountId& account, std::uint64_t height, std::uint32_t n) {
  Bytes key;
  Writer(key).u8(0x8a).raw(account.bytes).u64(height).u32(n);
  return key;
}
Bytes index_begin() {
  return {std::byte{0x88}};
}
Bytes index_end() {
  return {std::byte{0x8b}};
}
consensus::Height height_of_index(ByteView key, ByteView value) {
  constexpr std::size_t kPlaceBytes = 12;  // height and n
  const bool is_entry = Reader(key).u8() == 0x88;
  const bool has_place = !is_entry && key.size() > kPlaceBytes;
  Reader place(is_entry ? value : has_place ? key.last(kPlaceBytes) : ByteView{});
  return {place.u64()};
}
Bytes installed_key() {
  return {std::byte{0x8e}};
}

Bytes encode_block(const ExecutedBlock& executed) {
  Bytes bytes;
  Writer writer(bytes);
  // Block 0 is no block of agreement: it never travels, and the wire has no form for it.
  const bool is_genesis = executed.block.height.value == 0;
  put_sized(writer, is_genesis ? Bytes{} : consensus::wire::encode_block(executed.block));
  writer.raw(executed.block_hash);
  put_sized(writer, consensus::wire::encode_header(executed.header));
  writer.raw(executed.header_hash).u32(static_cast<std::uint32_t>(executed.leaves.size()));
  for (const auto& leaf : executed.leaves) {
    writer.u32(leaf.type);
    put_sized(writer, leaf.canonical);
  }
  writer.u32(static_cast<std::uint32_t>(executed.events.size()));
  for (const auto& event : executed.events) put_sized(writer, event);
  return bytes;
}

std::optional<StoredBlock> decode_block(ByteView bytes) {
  Reader reader(bytes);
  const Bytes body = get_sized(reader);
  const auto block = body.empty() ? consensus::Block{} : consensus::wire::decode_block(body);
  const auto block_hash = reader.hash();
  const auto header = consensus::wire::decode_header(get_sized(reader));
  if (!block || !header) return std::nullopt;
  StoredBlock stored{.block = *block,
                     .block_hash = block_hash,
                     .header = *header,
                     .header_hash = reader.hash(),
                     .leaves = {},
                     .events = {}};
  for (std::uint32_t count = reader.u32(); count > 0 && reader.ok(); --count) {
    const std::uint32_t type = reader.u32();
    stored.leaves.push_back({type, get_sized(reader)});
  }
  for (std::uint32_t count = reader.u32(); count > 0 && reader.ok(); --count)
    stored.events.push_back(get_sized(reader));
  if (!reader.at_end()) return std::nullopt;
  return stored;
}

}  // namespace giro::runtime::rows
