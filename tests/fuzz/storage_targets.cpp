// F15 to F18: what is read back from a disk, or comes as a snapshot from a peer.
#include <map>

#include "node/runtime/snapshot_content.h"
#include "node/runtime/store_rows.h"
#include "storage/file_memory.h"
#include "storage/log.h"
#include "storage/log_format.h"
#include "storage/snapshot_format.h"
#include "tests/fuzz/target.h"

namespace giro::fuzz::of_storage {
namespace {

using namespace storage;
using crypto::Reader;
using crypto::Writer;

// ---- a log: written, torn, rotten, opened again

constexpr const char* kLog = "/log";

// Byte by byte what happens: appends, syncs, cuts, a crash, a rotten byte. What was synced is there
// again after every crash; after rot it is there unchanged, or the log says that it is damaged.
class LogStory {
 public:
  bool run(ByteView input) {
    Reader in(input);
    if (!open()) return false;
    while (in.remaining() >= 3 && log_) step(in.u8(), in.u16());
    if (log_) crash(Crash::lose_unsynced());
    return lives_ > 2 && !records_.empty() && !rotten_;
  }

 private:
  bool open() {
    LogOptions options;
    options.segment_bytes = kLogSegmentBytesMin;
    options.salt = LogSalt{std::byte{42}};
    std::map<std::uint64_t, Bytes> found;
    auto opened = Log::open(port_, kLog, options, [&found](const LogRecord& record) {
      found[record.position.value] = crypto::to_bytes(record.payload);
    });
    ++lives_;
    if (!opened) {
      GIRO_CHECK(rotten_ && opened.error().code == LogErrorCode::Damaged, opened.error().text);
      log_.reset();
      return false;
    }
    for (const auto& [position, payload] : found) {
      const auto written = records_.find(position);
      GIRO_CHECK(written != records_.end() && written->second == payload, position);
    }
    // Rot in what was never proven durable looks like a torn tail (log_format.h).
    for (const auto& [position, payload] : records_)
      GIRO_CHECK(found.contains(position) || position > durable_ || position < cut_ || rotten_,
                 position, durable_, cut_);
    records_ = std::move(found);
    log_.emplace(std::move(*opened));
    durable_ = log_->durable().value;
    return true;
  }

  void crash(const Crash& how) {
    port_.crash(how);
    log_.reset();
    open();
  }

  void step(std::uint8_t what, std::uint16_t much) {
    switch (what % 8) {
      case 0:
      case 1:
      case 2: {
        Bytes payload(much % 700U);
        for (std::size_t i = 0; i < payload.size(); ++i)
          payload[i] = static_cast<std::byte>(what % 3 == 0 ? 0U : (i * much) >> 4U);
        if (!log_->has_room(payload.size())) return;
        records_[log_->append(RecordType{what}, payload).value] = payload;
        return;
      }
      case 3: {
        const auto synced = log_->sync();
        GIRO_CHECK(synced.has_value());
        durable_ = synced->value;
        return;
      }
      case 4: {
        if (log_->buffered_bytes() != 0) return;
        const LogPosition keep{log_->first().value + much % 8U};
        GIRO_CHECK(log_->cut(keep).has_value());
        cut_ = std::max(cut_, std::min(keep.value, log_->next().value));
        return;
      }
      case 5:
        return crash(much % 3U == 0   ? Crash::keep_unsynced()
                     : much % 3U == 1 ? Crash::tear_at(much)
                                      : Crash::shuffle(much));
      case 6: {
        const auto names = port_.list(kLog);
        if (!names || names->empty()) return;
        rotten_ = true;
        port_.rot(join_path(kLog, (*names)[what / 8U % names->size()]), much,
                  static_cast<std::byte>(1U << (what >> 5U)));
        return crash(Crash::process_only());
      }
      default: {
        const auto read = log_->read({log_->first().value + much % 16U});
        if (!read) return;
        GIRO_CHECK(records_.at(read->position.value) == read->payload, read->position.value);
      }
    }
  }

  MemoryFilePort port_;
  std::optional<Log> log_;
  std::map<std::uint64_t, Bytes> records_;  // what may be there
  std::uint64_t durable_ = 0, cut_ = 1;
  int lives_ = 0;
  bool rotten_ = false;
};

bool run_log(ByteView input) {
  if (input.size() > 600) return false;
  return LogStory().run(input);
}

std::vector<Bytes> log_seeds() {
  std::vector<Bytes> seeds;
  for (const std::uint8_t end : {std::uint8_t{5}, std::uint8_t{6}}) {
    Bytes& seed = seeds.emplace_back();
    Writer out(seed);
    for (std::uint16_t i = 0; i < 8; ++i) out.u8(static_cast<std::uint8_t>(i % 3)).u16(i * 37);
    out.u8(3).u16(0).u8(7).u16(2).u8(1).u16(200).u8(end).u16(300);
    out.u8(1).u16(90).u8(3).u16(0).u8(4).u16(3).u8(5).u16(1);
  }
  return seeds;
}

// Structures of a segment as they are: with a check that fits, since no bytes come upon one.
bool run_log_format(ByteView input) {
  if (input.empty()) return false;
  const ByteView bytes = input.subspan(1);
  const FramePlace place{{}, 1, 128};
  switch (std::to_integer<unsigned>(input[0]) % 3) {
    case 0: {
      const auto record = parse_record(bytes, 7);
      return record && record->payload.size() <= bytes.size();
    }
    case 1: {
      const auto header = decode_segment_header(bytes);
      if (!header) return false;
      const Bytes again = encode_segment_header(*header);  // of other padding, it may be
      const auto same = decode_segment_header(again);
      GIRO_CHECK(same && encode_segment_header(*same) == again);
      return true;
    }
    default: {
      const auto frame = decode_frame(place, bytes);
      if (!frame) return false;
      const auto again = encode_frame(place, *frame);
      const auto same = decode_frame(place, again);
      GIRO_CHECK(same && encode_frame(place, *same) == again);
      return true;
    }
  }
}

// Everything but the check, which is made anew by writing what was read of the rest.
bool mutate_log_format(Bytes& input, std::uint64_t random) {
  if (input.empty() || std::to_integer<unsigned>(input[0]) % 3 != 0) return false;
  LogChain chain{};
  Bytes payload(input.begin() + 1, input.end());
  if (payload.size() > kRecordHeaderBytes)
    payload.erase(payload.begin(), payload.begin() + kRecordHeaderBytes);
  if (random % 2 == 0)
    payload.push_back(static_cast<std::byte>(random >> 8U));
  else if (!payload.empty())
    payload.pop_back();
  Bytes record{std::byte{0}};
  const ByteView pieces[] = {payload};
  encode_record(record, chain, 7, RecordType{static_cast<std::uint16_t>(random >> 3U)}, pieces);
  input = std::move(record);
  return true;
}

std::vector<Bytes> log_format_seeds() {
  Bytes record{std::byte{0}};
  LogChain chain{};
  const ByteView pieces[] = {crypto::as_view("a record")};
  encode_record(record, chain, 7, RecordType{3}, pieces);
  const auto frame = encode_frame({{}, 1, 128}, {FrameKind::Group, 36, 7, 1, 1, {}});
  return {record, tagged(1, encode_segment_header({1, kLogSegmentBytesMin, 1, {}, {}})),
          tagged(2, frame)};
}

// ---- snapshots

bool run_manifest(ByteView input) {
  const auto manifest = decode_snapshot_manifest(input);
  if (!manifest) return false;
  GIRO_CHECK(std::ranges::equal(encode_snapshot_manifest(*manifest), input));
  if (const auto agreed = runtime::agreed_manifest(*manifest))
    GIRO_CHECK(runtime::stored_manifest(*agreed, manifest->chunk_bytes) == *manifest);
  return true;
}

SnapshotManifest manifest_of(std::uint64_t chunks) {
  consensus::Header header;
  header.height = {16};
  consensus::SnapshotManifest agreed{header, {}};
  for (std::uint64_t i = 0; i < chunks; ++i)
    agreed.chunks.push_back(snapshot_chunk_digest(Bytes{std::byte(i)}));
  return runtime::stored_manifest(agreed, 4096);
}

// Its fields, and a check that fits.
bool mutate_manifest(Bytes& input, std::uint64_t random) {
  auto manifest = decode_snapshot_manifest(input);
  if (!manifest) manifest = manifest_of(1 + random % 3);
  const auto value = random >> 8U;
  switch (random % 5) {
    case 0:
      manifest->height = value % 64;
      break;
    case 1:
      manifest->chunk_bytes = value;
      break;
    case 2:
      manifest->chunks.push_back(snapshot_chunk_digest(input));
      break;
    case 3:
      if (!manifest->chunks.empty()) manifest->chunks.pop_back();
      break;
    default:
      if (!manifest->header.empty())
        manifest->header[value % manifest->header.size()] ^= std::byte{1};
  }
  input = encode_snapshot_manifest(*manifest);
  return true;
}

std::vector<Bytes> manifest_seeds() {
  return {encode_snapshot_manifest(manifest_of(1)), encode_snapshot_manifest(manifest_of(3))};
}

struct Rows {
  std::vector<std::pair<Bytes, Bytes>> rows;
  std::optional<std::string_view> wrong;
  friend bool operator==(const Rows&, const Rows&) = default;
};

Rows take_rows(ByteView stream, std::size_t step) {
  Rows out;
  SnapshotRows rows([&out](ByteView key, ByteView value) {
    out.rows.emplace_back(crypto::to_bytes(key), crypto::to_bytes(value));
  });
  while (!stream.empty() && !out.wrong) {
    const ByteView piece = stream.first(std::min(step, stream.size()));
    stream = stream.subspan(piece.size());
    out.wrong = rows.add(piece);
  }
  if (!out.wrong) out.wrong = rows.finish();
  return out;
}

bool run_chunk(ByteView input) {
  if (input.empty()) return false;
  const std::size_t step = 1 + std::to_integer<std::size_t>(input[0]);
  const ByteView stream = input.subspan(1);
  const Rows whole = take_rows(stream, stream.size() + 1);
  GIRO_CHECK(whole == take_rows(stream, step), step);
  if (whole.wrong) return false;
  Bytes again;
  for (const auto& [key, value] : whole.rows) append_snapshot_row(again, key, value);
  GIRO_CHECK(std::ranges::equal(again, stream));
  return !whole.rows.empty();
}

std::vector<Bytes> chunk_seeds() {
  Bytes stream{std::byte{3}};
  append_snapshot_row(stream, text_bytes("a"), text_bytes("one"));
  append_snapshot_row(stream, text_bytes("ab"), {});
  append_snapshot_row(stream, text_bytes("b"), text_bytes("three"));
  return {stream};
}

// Rows of a snapshot and of the store that are not the ledger's (F16, F19).
bool run_row(ByteView input) {
  if (input.empty()) return false;
  const ByteView bytes = input.subspan(1);
  switch (std::to_integer<unsigned>(input[0]) % 4) {
    case 0: {
      const auto epoch = runtime::decode_epoch(bytes);
      GIRO_CHECK(!epoch || std::ranges::equal(runtime::encode_epoch(*epoch), bytes));
      return epoch.has_value();
    }
    case 1:
      return runtime::decode_snapshot_block(bytes).has_value();
    case 2:
      return runtime::rows::decode_block(bytes).has_value();
    default: {
      const auto id = runtime::rows::decode_ordered(bytes);
      GIRO_CHECK(!id ||
                 std::ranges::equal(runtime::rows::ordered_key(id->expires_at, id->id), bytes));
      return id.has_value();
    }
  }
}

std::vector<Bytes> row_seeds() {
  const auto key = crypto::SecretKey::from_bytes(crypto::sha256(crypto::as_view("key")));
  runtime::SnapshotEpoch epoch;
  for (std::uint32_t i = 1; i <= 4; ++i) epoch.set.members.push_back({{i}, key->public_key()});
  runtime::StoredBlock stored;
  stored.block.height = {3};
  stored.block.batches.push_back(snapshot_chunk_digest({}));
  stored.leaves.emplace_back();
  stored.events.push_back(text_bytes("event"));
  runtime::ExecutedBlock executed;
  executed.block = stored.block;
  executed.leaves = stored.leaves;
  executed.events = stored.events;
  return {tagged(0, runtime::encode_epoch(epoch)),
          tagged(1, runtime::encode_snapshot_block(stored)),
          tagged(2, runtime::rows::encode_block(executed)),
          tagged(3, runtime::rows::ordered_key({5}, stored.block.batches[0]))};
}

}  // namespace

std::span<const Target> targets() {
  static constexpr Target kTargets[] = {
      {"F15", "manifest", run_manifest, manifest_seeds, mutate_manifest},
      {"F16", "chunk", run_chunk, chunk_seeds},
      {"F17", "log_format", run_log_format, log_format_seeds, mutate_log_format},
      {"F18", "log_repair", run_log, log_seeds},
      {"F19", "store_row", run_row, row_seeds}};
  return kTargets;
}

}  // namespace giro::fuzz::of_storage
