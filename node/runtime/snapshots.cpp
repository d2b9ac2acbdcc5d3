#include "node/runtime/snapshots.h"

#include <algorithm>
#include <utility>

#include "consensus/limits.h"
#include "consensus/wire/codec.h"
#include "consensus/wire/snapshot_codec.h"
#include "crypto/check.h"
#include "node/ledger/audit.h"
#include "node/runtime/fatal.h"
#include "node/runtime/lineage.h"
#include "p2p/frame.h"

namespace giro::runtime {
namespace {

using consensus::Height;

// A view pins files of the store: if writing cannot keep up, the older one is let go.
constexpr std::size_t kPinnedMax = 2;
// Chunks in memory while peers take them piece by piece: reading one costs its digest.
constexpr std::size_t kCachedMax = 4;
// Who has not asked for so long does not take it any more; and so many are kept for takers.
constexpr std::int64_t kTakingUs = 60'000'000;
constexpr std::size_t kTakenMax = 4;

[[noreturn]] void stop_on(const storage::SnapshotError& error) {
  stop_process(ExitCode::WriteFailed, "a snapshot cannot be written: " + error.text);
}

bool is_full(const storage::SnapshotError& error) {
  return error.file && error.file->code == storage::FileErrorCode::NoSpace;
}

}  // namespace

SnapshotKeeper::SnapshotKeeper(storage::Snapshots files, const Store& store, Options options,
                               std::unique_ptr<Lane> lane, Ports ports)
    : files_(std::move(files)),
      store_(store),
      options_(std::move(options)),
      ports_(std::move(ports)),
      lane_(std::move(lane)) {}

void SnapshotKeeper::begin() {
  lane_->post([this] { load_all(); });
}

void SnapshotKeeper::load_all() {
  const auto heights = files_.heights();
  if (!heights) stop_on(heights.error());
  const auto view = store_.read();
  for (const std::uint64_t height : *heights) load(height, *view);
  prune();
  tell_certified();
}

void SnapshotKeeper::load(std::uint64_t height, const ReadView& view) {
  auto manifest = files_.manifest(height);
  if (!manifest && manifest.error().code == storage::SnapshotErrorCode::File)
    stop_on(manifest.error());  // it was not read: nothing against it
  auto agreed = manifest ? agreed_manifest(*manifest) : std::nullopt;
  const auto executed = store_.header({height});
  const bool is_other = agreed && executed && agreed->header != *executed;
  if (!agreed || is_other) {
    ports_.tell("snapshot_damaged", {height},
                is_other ? "removed: it is of another state than the one executed here"
                         : "removed: its manifest fails its checks");
    if (const auto gone = files_.remove(height); !gone) stop_on(gone.error());
    return;
  }
  Kept kept{std::move(*manifest), std::move(*agreed), {}, {}};
  kept.digest = kept.agreed.digest(options_.chain);
  const auto bytes = files_.certificate(height);
  const auto certificate =
      bytes && *bytes ? std::optional(consensus::wire::decode_certificate(**bytes)) : std::nullopt;
  const auto set = set_of_epoch(view, kept.agreed.header.epoch);
  const bool is_certified =
      certificate && *certificate && set &&
      (*certificate)->content == consensus::snapshot_content(options_.chain, kept.agreed,
                                                             options_.parameters.epoch_blocks) &&
      verify_certificate(**certificate, *set, options_.chain);
  if (is_certified) kept.certificate = **certificate;
  add(std::move(kept), view);
}

void SnapshotKeeper::pin(std::shared_ptr<const ReadView> view) {
  const std::lock_guard lock(mutex_);
  pinned_.insert_or_assign(view->height(), std::move(view));
  if (pinned_.size() > kPinnedMax) pinned_.erase(pinned_.begin());
}

void SnapshotKeeper::reached(Height attested) {
  const std::lock_guard lock(mutex_);
  while (!pinned_.empty() && pinned_.begin()->first <= attested) {
    auto view = std::move(pinned_.begin()->second);
    pinned_.erase(pinned_.begin());
    lane_->post([this, view = std::move(view)] { write(*view); });
  }
}

// As large as the newest one will it be, about; and half as much again for its growth.
std::uint64_t SnapshotKeeper::expected_bytes() const {
  const std::lock_guard lock(mutex_);
  if (kept_.empty()) return 0;  // the store says nothing: its history is in no snapshot
  const auto& newest = kept_.rbegin()->second->manifest;
  return newest.chunks.size() * newest.chunk_bytes * 3 / 2;
}

void SnapshotKeeper::write(const ReadView& view) {
  const Height height = view.height();
  prune();  // what peers take goes first
  if (!ports_.has_room(expected_bytes()))
    return ports_.tell("snapshot_skipped", height, "the disk has no room beside its reserve");
  auto writer = files_.create(height.value, options_.parameters.snapshot_chunk);
  if (!writer && writer.error().code == storage::SnapshotErrorCode::AlreadyExists) return;
  if (!writer && is_full(writer.error()))
    return ports_.tell("snapshot_failed", height, writer.error().text);
  if (!writer) stop_on(writer.error());
  if (const auto finding = ledger::audit(view)) {  // ledger 8
    stop_process(ExitCode::Invariant, "ledger invariant I" + std::to_string(finding->invariant) +
                                          " is broken at height " + std::to_string(height.value) +
                                          ", record " + crypto::to_hex(finding->record));
  }
  auto manifest = write_snapshot(view, options_.parameters.epoch_blocks, *writer);
  if (!manifest) {
    // A full disk costs this snapshot, anything else that fails ends the process (protocol R40).
    const auto& error = manifest.error();
    if (error.code == storage::SnapshotErrorCode::File && !is_full(error)) stop_on(error);
    if (const auto gone = writer->discard(); !gone) stop_on(gone.error());
    return ports_.tell("snapshot_failed", height, error.text);
  }
  auto agreed = agreed_manifest(*manifest);
  GIRO_CHECK(agreed.has_value(), height);
  ports_.tell("snapshot_written", height, std::to_string(manifest->chunks.size()) + " chunks");
  Kept kept{std::move(*manifest), std::move(*agreed), {}, {}};
  kept.digest = kept.agreed.digest(options_.chain);
  add(std::move(kept), view);
  prune();
}

// Those at other heights are the operator's: they are listed, and never voted for or served.
void SnapshotKeeper::add(Kept kept, const ReadView& view) {
  const Height height = kept.agreed.header.height;
  const bool is_local = height.value % options_.parameters.snapshot_interval != 0;
  const auto set = set_of_epoch(view, kept.agreed.header.epoch);
  consensus::SnapshotVotes::Held held{
      consensus::snapshot_content(options_.chain, kept.agreed, options_.parameters.epoch_blocks),
      set.value_or(consensus::ValidatorSet{}), kept.certificate};
  {
    const std::lock_guard lock(mutex_);
    kept_.insert_or_assign(height, std::make_shared<const Kept>(std::move(kept)));
  }
  // What others have not attested is no state to vote for yet; what is certified needs no vote.
  const bool is_agreed = held.certificate || height <= store_.attested();
  if (!is_local && set && is_agreed) ports_.held(std::move(held));
}

void SnapshotKeeper::certify(consensus::Certificate certificate) {
  lane_->post([this, certificate = std::move(certificate)] { put(certificate); });
}

void SnapshotKeeper::put(const consensus::Certificate& certificate) {
  const Height height = certificate.content.height;
  const KeptPtr known = find(height);
  if (known == nullptr || known->digest != certificate.content.digest) return;
  // Beside it, since the blocks that prove the set will not be in a store that begins with it.
  const auto lineage = changes_between(
      {}, consensus::epoch_of({height.value + 1}, options_.parameters.epoch_blocks));
  if (lineage) {
    const auto put = files_.put_lineage(height.value, consensus::wire::encode_lineage(*lineage));
    if (!put) stop_on(put.error());
  }
  const auto done =
      files_.put_certificate(height.value, consensus::wire::encode_certificate(certificate));
  if (!done) stop_on(done.error());
  Kept certified = *known;
  certified.certificate = certificate;
  {
    const std::lock_guard lock(mutex_);
    kept_.insert_or_assign(height, std::make_shared<const Kept>(std::move(certified)));
  }
  ports_.tell("snapshot_certified", height, "a quorum has signed its manifest");
  prune();
  tell_certified();
}

// The newest certified ones stay, and of what is newer than they are as many as can still be
// certified: votes are taken for no more. The operator's own stay too, and, while the disk has room
// for the next one, what a peer is taking: where snapshots follow each other faster than one
// crosses the network it would begin for ever.
void SnapshotKeeper::prune() {
  const bool has_room = ports_.has_room(expected_bytes());
  std::vector<Height> goes;
  {
    const std::lock_guard lock(mutex_);
    const std::set<Height> taken = has_room ? being_taken() : std::set<Height>();
    std::uint64_t certified = 0;
    std::uint64_t open = 0;
    std::size_t for_takers = 0;
    for (auto entry = kept_.rbegin(); entry != kept_.rend(); ++entry) {
      const bool is_local = entry->first.value % options_.parameters.snapshot_interval != 0;
      const bool is_certified = entry->second->certificate.has_value();
      if (!is_local && !is_certified) ++open;
      const bool is_late = !is_certified && open > consensus::kOpenSnapshotsMax;
      const bool is_old = !is_local && certified >= options_.keep;
      const bool is_for_takers =
          is_old && taken.contains(entry->first) && ++for_takers <= kTakenMax;
      if ((is_old && !is_for_takers) || (!is_local && is_late)) goes.push_back(entry->first);
      if (is_certified) ++certified;
    }
    for (const Height height : goes) kept_.erase(height);
  }
  for (const Height height : goes) {
    if (const auto gone = files_.remove(height.value); !gone) stop_on(gone.error());
  }
}

void SnapshotKeeper::tell_certified() {
  std::optional<Certified> certified;
  {
    const std::lock_guard lock(mutex_);
    for (auto entry = kept_.rbegin(); entry != kept_.rend(); ++entry) {
      if (!entry->second->certificate) continue;
      if (certified) {
        certified->older = entry->first;
        break;
      }
      certified = Certified{entry->first, std::nullopt};
    }
  }
  if (certified) ports_.certified(*certified);
}

SnapshotKeeper::KeptPtr SnapshotKeeper::find(Height height) const {
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find(height);
  return found == kept_.end() ? nullptr : found->second;
}

std::vector<SnapshotInfo> SnapshotKeeper::list() const {
  std::vector<SnapshotInfo> infos;
  const std::lock_guard lock(mutex_);
  for (const auto& [height, kept] : kept_) {
    infos.push_back({.height = height,
                     .time = kept->agreed.header.time,
                     .manifest = kept->digest,
                     .chunks = kept->manifest.chunks.size(),
                     .chunk_bytes = kept->manifest.chunk_bytes,
                     .certified = kept->certificate.has_value(),
                     .local = height.value % options_.parameters.snapshot_interval != 0});
  }
  return infos;
}

// ---- for peers

std::optional<std::vector<consensus::SetChange>> SnapshotKeeper::changes_between(
    consensus::Epoch from, consensus::Epoch to) const {
  auto changes = ports_.changes(from, to);
  if (changes && changes->size() > consensus::kSnapshotLinksMax) return std::nullopt;
  return changes;
}

// Each peer takes one at a time: it holds no more than that, however it asks.
void SnapshotKeeper::note_taker(consensus::InstitutionId peer, Height height) {
  const std::lock_guard lock(mutex_);
  takers_.insert_or_assign(peer, Taking{height, ports_.now()});
}

std::set<Height> SnapshotKeeper::being_taken() {
  const consensus::Instant now = ports_.now();
  std::erase_if(takers_,
                [&](const auto& entry) { return now.us - entry.second.asked.us > kTakingUs; });
  std::set<Height> heights;
  for (const auto& [peer, taking] : takers_) heights.insert(taking.height);
  return heights;
}

std::optional<consensus::SnapshotOffer> SnapshotKeeper::offer(
    consensus::InstitutionId to, const consensus::FetchSnapshot& asked) {
  KeptPtr newest;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [height, kept] : kept_) {
      if (kept->certificate && height > asked.above) newest = kept;
    }
  }
  if (newest == nullptr) return std::nullopt;
  // To the set that follows: where the height ends its epoch, nobody else could prove that one.
  const Height next{newest->agreed.header.height.value + 1};
  auto changes =
      changes_between(asked.epoch, consensus::epoch_of(next, options_.parameters.epoch_blocks));
  if (!changes) return std::nullopt;
  consensus::SnapshotOffer offer{newest->agreed, *newest->certificate, std::move(*changes)};
  if (!p2p::fits_frame(consensus::wire::encode_snapshot(offer).size())) {
    ports_.tell("snapshot_not_offered", newest->agreed.header.height,
                "its chunks and the changes of the set fill more than a frame");
    return std::nullopt;
  }
  note_taker(to, newest->agreed.header.height);
  return offer;
}

consensus::SnapshotChunk SnapshotKeeper::chunk(consensus::InstitutionId to,
                                               const consensus::FetchChunk& asked) {
  consensus::SnapshotChunk answer{asked, 0, {}};
  const KeptPtr kept = find(asked.height);
  if (kept == nullptr || !kept->certificate || kept->digest != asked.manifest) return answer;
  note_taker(to, asked.height);
  const std::pair place(asked.height, std::uint64_t{asked.index});
  std::shared_ptr<const crypto::Bytes> bytes;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [at, chunk] : chunks_) {
      if (at == place) bytes = chunk;
    }
  }
  if (bytes == nullptr) {
    auto read = files_.chunk(kept->manifest, asked.index);
    if (!read) return answer;  // gone meanwhile, or the disk rots: others have it
    bytes = std::make_shared<const crypto::Bytes>(std::move(*read));
    const std::lock_guard lock(mutex_);
    chunks_.emplace_back(place, bytes);
    if (chunks_.size() > kCachedMax) chunks_.pop_front();
  }
  if (asked.offset >= bytes->size()) return answer;
  const auto piece = crypto::ByteView(*bytes).subspan(asked.offset);
  answer.size = static_cast<std::uint32_t>(bytes->size());
  answer.bytes = crypto::to_bytes(
      piece.first(std::min<std::size_t>(piece.size(), consensus::kSnapshotPieceBytesMax)));
  return answer;
}

}  // namespace giro::runtime
