#include "node/runtime/snapshot_fetch.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "consensus/limits.h"
#include "consensus/wire/codec.h"
#include "node/runtime/snapshot_content.h"

namespace giro::runtime {
namespace {

using consensus::Height;
using consensus::InstitutionId;
using consensus::RejectReason;

constexpr std::int64_t kOfferTimeoutUs = 5'000'000;
constexpr std::int64_t kPieceTimeoutUs = 10'000'000;  // a mebibyte in that time, or another peer
constexpr std::uint32_t kTimeoutsMax = 3;
// Of a peer, over the whole fetch, beyond some patience: one that is slower could keep it open for
// days, and nothing else is fetched meanwhile (B40).
constexpr std::uint64_t kBytesPerSecondMin = 256 * 1024;
constexpr std::int64_t kSlowPatienceUs = 30'000'000;
constexpr std::size_t kPendingMax = 4;  // chunks in memory
constexpr std::int64_t kNoRoomPauseUs = 60'000'000;
constexpr std::int64_t kPatienceUs = 20'000'000;   // behind, and nothing was executed for so long
constexpr std::uint64_t kReplayBlocksMax = 4'096;  // more is not worth replaying

std::int64_t time_for(std::uint64_t bytes) {
  return static_cast<std::int64_t>(bytes * 1'000'000 / kBytesPerSecondMin);
}

}  // namespace

SnapshotFetch::SnapshotFetch(storage::Snapshots files, const crypto::Hash& chain,
                             const consensus::Parameters& parameters, std::unique_ptr<Lane> lane,
                             Ports ports)
    : files_(std::move(files)),
      chain_(chain),
      parameters_(parameters),
      ports_(std::move(ports)),
      lane_(std::move(lane)) {}

// Claims decide only whether to look: an offer proves itself. f+1 peers that cannot give what comes
// next include a correct one; so does a snapshot that f+1 have far above. If a liar keeps us from
// what others could give, nothing moves, and a snapshot helps as well.
bool SnapshotFetch::is_wanted(const consensus::ReplicaView& view) {
  if (!executed_since_ || executed_seen_ != view.executed) {
    executed_seen_ = view.executed;
    executed_since_ = now_;
  }
  const bool is_still = now_.us - executed_since_->us >= kPatienceUs;
  // What the store lost is done again from the own log: no peer is needed for it. But of blocks
  // below a snapshot that was installed the log may hold no payload, nor does any peer by now.
  if (view.stable > view.executed && !is_still) return false;
  const std::uint64_t next = view.executed.value + 1;
  const std::uint64_t far =
      view.executed.value + std::max(2 * parameters_.snapshot_interval, kReplayBlocksMax);
  std::size_t cannot_give = 0, far_above = 0, ahead = 0;
  for (const auto& peer : view.peers) {
    cannot_give += peer.status.log_start.value > next ? 1 : 0;
    far_above += peer.status.snapshot.value >= far ? 1 : 0;
    ahead += peer.status.stable > view.executed ? 1 : 0;
  }
  // None of them may be left in the present set (R42): what they give proves itself all the same.
  ahead += view.outsiders.size();
  const bool is_stuck = ahead > 0 && is_still;
  return std::max(cannot_give, far_above) >= set_.weak_quorum() || is_stuck;
}

void SnapshotFetch::on_tick(consensus::Now now, const consensus::ReplicaView& view,
                            const consensus::ValidatorSet& set) {
  now_ = now.steady;
  if (view.is_broken) return give_up();
  if (set_.epoch != set.epoch || set_.members.empty()) set_ = set;
  const bool is_wanted_now = is_wanted(view);
  wanted_above_ = std::max(view.executed, view.stable);
  if (fetch_ && view.executed.value >= fetch_->manifest.height) drop("it was overtaken by replay");
  if (is_beginning_) return;
  if (fetch_) return go_on(view);
  if (asked_ && now_ < asked_->deadline) return;
  asked_.reset();
  if (is_wanted_now && now_ >= no_room_until_) ask(view);
}

// Which of two chains holds is for people to say (R11): none is jumped to.
void SnapshotFetch::give_up() {
  asked_.reset();
  if (is_beginning_) ++turn_;
  if (fetch_) drop("other validators have finalised another chain");
}

// One after another of those that say they have one.
void SnapshotFetch::ask(const consensus::ReplicaView& view) {
  std::vector<InstitutionId> able;
  for (const auto* peers : {&view.peers, &view.outsiders}) {
    for (const auto& peer : *peers) {
      if (peer.status.snapshot > view.executed) able.push_back(peer.institution);
    }
  }
  if (able.empty()) return;
  std::ranges::sort(able);
  const auto after = last_peer_ ? std::ranges::upper_bound(able, *last_peer_) : able.begin();
  const InstitutionId peer = after == able.end() ? able.front() : *after;
  last_peer_ = peer;
  asked_ = Question{peer, {now_.us + kOfferTimeoutUs}};
  ports_.send(peer, consensus::FetchSnapshot{set_.epoch, view.executed});
}

void SnapshotFetch::on_offer(InstitutionId from, const consensus::SnapshotOffer& offer) {
  if (fetch_ || is_beginning_ || !asked_ || asked_->peer != from)
    return ports_.refuse(from, RejectReason::NotAsked);
  const RejectReason reason =
      judge_offer(offer, set_, chain_, parameters_.epoch_blocks, parameters_.snapshot_interval);
  if (reason != RejectReason::None) return ports_.refuse(from, reason);
  if (offer.manifest.header.height <= wanted_above_)
    return ports_.refuse(from, RejectReason::OldHeight);
  asked_.reset();
  const std::uint64_t bytes = offer.manifest.chunks.size() * parameters_.snapshot_chunk;
  if (!ports_.has_room(bytes)) {
    no_room_until_ = {now_.us + kNoRoomPauseUs};
    return ports_.tell(
        "snapshot_not_fetched", offer.manifest.header.height,
        "the disk has no room for " + std::to_string(bytes) + " bytes beside its reserve");
  }
  begin(offer);
}

// From here on the manifest is the one that a quorum signed, whoever gives the chunks (B43).
void SnapshotFetch::begin(const consensus::SnapshotOffer& offer) {
  is_beginning_ = true;
  const std::uint64_t turn = ++turn_;
  const auto manifest = stored_manifest(offer.manifest, parameters_.snapshot_chunk);
  const auto digest = offer.manifest.digest(chain_);
  const auto certificate = consensus::wire::encode_certificate(offer.certificate);
  ports_.tell("snapshot_fetch", offer.manifest.header.height,
              std::to_string(manifest.chunks.size()) + " chunks");
  lane_->post(
      [this, turn, manifest, digest, certificate, epoch = set_.epoch, changes = offer.changes] {
        auto lineage_changes = ports_.lineage(epoch);
        lineage_changes.insert(lineage_changes.end(), changes.begin(), changes.end());
        const auto lineage = consensus::wire::encode_lineage(lineage_changes);
        const auto heights = files_.heights();
        if (!heights) return ports_.failed(heights.error());
        // One that came whole before, or was made here: only if it is the one that is certified.
        const bool is_there = std::ranges::binary_search(*heights, manifest.height);
        const auto known = files_.manifest(manifest.height);
        if (is_there && !known && known.error().code == storage::SnapshotErrorCode::File)
          return ports_.failed(known.error());  // it was not read: nothing against it
        if (is_there && (!known || *known != manifest)) {
          if (const auto gone = files_.remove(manifest.height); !gone)
            return ports_.failed(gone.error());
        } else if (is_there) {
          if (const auto put = files_.put_lineage(manifest.height, lineage); !put)
            return ports_.failed(put.error());
          if (const auto put = files_.put_certificate(manifest.height, certificate); !put)
            return ports_.failed(put.error());
          return ports_.post([this, turn, manifest, digest] {
            is_beginning_ = false;
            if (turn != turn_) return;
            fetch_ = Fetch{manifest, digest, nullptr, {}, 0, {}, true};
            ports_.complete({manifest.height});
          });
        }
        const auto left = files_.unfinished();
        if (!left) return ports_.failed(left.error());
        if (*left && (*left)->first.height != manifest.height) {
          if (const auto gone = files_.drop_downloads(); !gone) return ports_.failed(gone.error());
        }
        auto download = files_.download(manifest, certificate, lineage);
        if (!download) return ports_.failed(download.error());
        auto shared = std::make_shared<storage::SnapshotDownload>(std::move(*download));
        ports_.post([this, turn, manifest, digest, shared] {
          is_beginning_ = false;
          if (turn != turn_) return;
          Fetch fetch{manifest, digest, shared, {}, 0, {}, false};
          for (std::uint32_t i = 0; i < manifest.chunks.size(); ++i) {
            if (!shared->holds(i)) fetch.missing.insert(i);
          }
          fetch_ = std::move(fetch);
          if (fetch_->missing.empty()) finish();
        });
      });
}

void SnapshotFetch::go_on(const consensus::ReplicaView& view) {
  if (fetch_->is_complete) return;
  for (const auto* peers : {&view.peers, &view.outsiders}) {
    for (const auto& peer : *peers) {
      if (peer.status.snapshot.value >= fetch_->manifest.height)
        fetch_->sources.try_emplace(peer.institution);
    }
  }
  bool has_source = false;
  for (auto& [peer, source] : fetch_->sources) {
    if (source.pending && now_ >= source.pending->deadline) {  // B40
      give_back(source);
      source.is_excluded = ++source.timeouts >= kTimeoutsMax;
    }
    if (is_too_slow(source)) {
      give_back(source);
      source.is_excluded = true;
    }
    has_source = has_source || !source.is_excluded;
  }
  if (!has_source && fetch_->writing == 0) return drop("no peer has it any more");
  share_out();
}

void SnapshotFetch::end_chunk(Source& source) {
  source.busy_us += now_.us - source.pending->since.us;
  source.pending.reset();
}

void SnapshotFetch::give_back(Source& source) {
  if (!source.pending) return;
  fetch_->missing.insert(source.pending->index);
  end_chunk(source);
}

bool SnapshotFetch::is_too_slow(const Source& source) const {
  const std::int64_t present = source.pending ? now_.us - source.pending->since.us : 0;
  return source.busy_us + present > kSlowPatienceUs + time_for(source.given);
}

// As soon as somebody has nothing to do: a chunk a tick would be slower than snapshots are
// replaced. Who kept us waiting comes last: what it held is another one's now.
void SnapshotFetch::share_out() {
  if (!ports_.has_room(kPendingMax * parameters_.snapshot_chunk)) return;  // a tick goes on
  std::size_t pending = 0;
  std::vector<std::pair<InstitutionId, Source*>> idle;
  for (auto& [peer, source] : fetch_->sources) {
    if (source.pending) ++pending;
    if (!source.is_excluded && !source.pending) idle.emplace_back(peer, &source);
  }
  std::ranges::stable_sort(idle, {}, [](const auto& entry) { return entry.second->timeouts; });
  for (const auto& [peer, source] : idle) {
    if (fetch_->missing.empty() || pending + fetch_->writing >= kPendingMax) return;
    source->pending = Pending{*fetch_->missing.begin(), 0, {}, now_, {}};
    fetch_->missing.erase(fetch_->missing.begin());
    ++pending;
    request(peer, *source);
  }
}

void SnapshotFetch::request(InstitutionId peer, Source& source) {
  const std::int64_t chunk_us = kPieceTimeoutUs + time_for(parameters_.snapshot_chunk);
  source.pending->deadline = {
      std::min(now_.us + kPieceTimeoutUs, source.pending->since.us + chunk_us)};
  ports_.send(peer,
              consensus::FetchChunk{{fetch_->manifest.height},
                                    fetch_->digest,
                                    source.pending->index,
                                    static_cast<std::uint32_t>(source.pending->bytes.size())});
}

void SnapshotFetch::on_chunk(InstitutionId from, const consensus::SnapshotChunk& piece) {
  const auto source = fetch_ ? fetch_->sources.find(from) : decltype(fetch_->sources.end()){};
  if (!fetch_ || source == fetch_->sources.end() || !source->second.pending)
    return ports_.refuse(from, RejectReason::NotAsked);
  Pending& pending = *source->second.pending;
  const consensus::FetchChunk expected{{fetch_->manifest.height},
                                       fetch_->digest,
                                       pending.index,
                                       static_cast<std::uint32_t>(pending.bytes.size())};
  if (piece.place != expected) return ports_.refuse(from, RejectReason::NotAsked);
  const auto give_up = [&] {
    give_back(source->second);
    source->second.is_excluded = true;
    share_out();
  };
  if (piece.size == 0) return give_up();  // it has removed it meanwhile
  // Every piece is as large as it can be: nobody keeps a chunk open with single bytes (B40).
  const std::size_t left = piece.size - expected.offset;
  const bool is_full =
      piece.bytes.size() == std::min<std::size_t>(left, consensus::kSnapshotPieceBytesMax);
  const bool is_same = pending.bytes.empty() || piece.size == pending.size;
  if (!is_full || !is_same || piece.size > parameters_.snapshot_chunk) {
    give_up();
    return ports_.refuse(from, RejectReason::Malformed);
  }
  pending.size = piece.size;
  source->second.given += piece.bytes.size();
  pending.bytes.insert(pending.bytes.end(), piece.bytes.begin(), piece.bytes.end());
  if (pending.bytes.size() < pending.size) return request(from, source->second);
  Pending whole = std::move(pending);
  end_chunk(source->second);
  source->second.timeouts = 0;
  write(from, std::move(whole));
}

// Checked against the manifest before it is stored; the one who gave all of it is to blame.
void SnapshotFetch::write(InstitutionId from, Pending chunk) {
  ++fetch_->writing;
  lane_->post([this, turn = turn_, from, download = fetch_->download, chunk = std::move(chunk)] {
    const auto stored = download->put(chunk.index, chunk.bytes);
    if (!stored && stored.error().code != storage::SnapshotErrorCode::Damaged)
      return ports_.failed(stored.error());
    ports_.post([this, turn, from, index = chunk.index, is_good = stored.has_value()] {
      if (turn != turn_ || !fetch_) return;
      --fetch_->writing;
      if (!is_good) {
        fetch_->missing.insert(index);
        fetch_->sources[from].is_excluded = true;
        share_out();
        return ports_.refuse(from, RejectReason::Mismatch);
      }
      const bool is_pending = std::ranges::any_of(
          fetch_->sources, [](const auto& entry) { return entry.second.pending.has_value(); });
      if (fetch_->missing.empty() && fetch_->writing == 0 && !is_pending) return finish();
      share_out();
    });
  });
}

void SnapshotFetch::finish() {
  fetch_->is_complete = true;
  lane_->post([this, turn = turn_, download = fetch_->download] {
    if (const auto done = download->finish(); !done) return ports_.failed(done.error());
    ports_.post([this, turn, height = download->manifest().height] {
      if (turn == turn_) ports_.complete({height});
    });
  });
}

void SnapshotFetch::drop(const std::string& why) {
  ports_.tell("snapshot_fetch_ended", {fetch_->manifest.height}, why);
  fetch_.reset();
  ++turn_;
}

std::optional<SnapshotFetch::Progress> SnapshotFetch::progress() const {
  if (!fetch_) return std::nullopt;
  const std::uint64_t chunks = fetch_->manifest.chunks.size();
  std::uint64_t open = fetch_->missing.size() + fetch_->writing;
  for (const auto& [peer, source] : fetch_->sources) open += source.pending ? 1 : 0;
  return Progress{{fetch_->manifest.height}, chunks - open, chunks};
}

}  // namespace giro::runtime
