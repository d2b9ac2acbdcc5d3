// A validator's snapshots: made, certified, served, fetched; and the log that is cut below them
// (protocol R31, R34).
#include <algorithm>
#include <utility>

#include "node/runtime/fatal.h"
#include "node/runtime/install.h"
#include "node/runtime/validator.h"

namespace giro::runtime {

using consensus::Height;
using consensus::InstitutionId;

namespace {
constexpr std::int64_t kOfferPauseUs = 1'000'000;
constexpr std::uint64_t kStoreFactor = 3;  // of a snapshot: its rows, and those being merged
}  // namespace

void Validator::tell(config::LogLevel level, std::string_view event, Height height,
                     std::string_view text) {
  around_.events.write(level, event, {{"height", std::to_string(height.value)}}, text);
}

void Validator::bind_snapshots() {
  const auto& parameters = genesis.genesis.parameters;
  const std::string root = storage::join_path(config.data_dir.string(), "snapshots");
  auto files = storage::Snapshots::open(files_, root);
  if (!files) stop_process(ExitCode::WriteFailed, "snapshots: " + files.error().text);
  kept_.log_start = store->log_start();
  const auto say = [this](std::string_view event, Height height, const std::string& text) {
    if (event == "snapshot_damaged") meters_.snapshot_damaged();
    tell(config::LogLevel::Info, event, height, text);
  };
  keeper_ = std::make_unique<SnapshotKeeper>(
      *files, *store,
      SnapshotKeeper::Options{chain, parameters,
                              std::max<std::uint64_t>(2, config.storage.snapshot_keep)},
      around_.lane(Work::Snapshots),
      SnapshotKeeper::Ports{
          .held =
              [this](consensus::SnapshotVotes::Held held) {
                around_.post([this, held = std::move(held)] {
                  driver_->on_snapshot(held);
                  after_inputs();
                });
              },
          .has_room = [this](std::uint64_t bytes) { return has_room(bytes); },
          .now = [this] { return around_.now().steady; },
          .changes = [this](consensus::Epoch from,
                            consensus::Epoch to) { return lineage_->between(from, to); },
          .certified =
              [this](SnapshotKeeper::Certified certified) {
                around_.post([this, certified] { on_certified(certified); });
              },
          .tell = say});
  fetch_ = std::make_unique<SnapshotFetch>(
      std::move(*files), chain, parameters, around_.lane(Work::SnapshotFetch),
      SnapshotFetch::Ports{.send =
                               [this](InstitutionId to, const consensus::Message& message) {
                                 around_.send(to, frame_of(message));
                               },
                           .refuse =
                               [this](InstitutionId from, consensus::RejectReason reason) {
                                 if (consensus::is_violation(reason)) on_violation(from, reason);
                               },
                           .post = around_.post,
                           .complete =
                               [this](Height height) {
                                 fetched_ = height;
                                 take_over_fetched();
                               },
                           .tell = say,
                           .has_room = [this](std::uint64_t bytes) { return has_room(bytes); },
                           .failed =
                               [](const storage::SnapshotError& error) {
                                 stop_process(ExitCode::WriteFailed, "snapshots: " + error.text);
                               },
                           .lineage =
                               [this](consensus::Epoch epoch) {
                                 return keeper_->changes_between({}, epoch).value_or(
                                     std::vector<consensus::SetChange>());
                               }});
  store->pin_every(parameters.snapshot_interval,
                   [this](std::shared_ptr<const ReadView> view) { keeper_->pin(std::move(view)); });
}

// Loading it takes room for a second store beside the present one. Without it the snapshot waits.
void Validator::take_over_fetched() {
  const consensus::ReplicaView view = driver_->replica().view();
  if (fetched_ && (view.is_broken || view.executed >= *fetched_)) fetched_.reset();
  if (!fetched_) return;
  const auto whole = fetch_->progress();
  const std::uint64_t bytes =
      whole ? kStoreFactor * whole->chunks * genesis.genesis.parameters.snapshot_chunk : 0;
  if (!has_room(bytes)) {
    if (!std::exchange(waits_for_room_, true))
      tell(config::LogLevel::Warn, "snapshot_waits", *fetched_,
           "fetched whole, and the disk has no room for " + std::to_string(bytes) +
               " bytes beside its reserve: free some, until then nothing is executed here");
    return;
  }
  const Height height = *std::exchange(fetched_, std::nullopt);
  const auto marked = mark_install(files_, config.data_dir.string(), height);
  if (!marked) stop_process(ExitCode::WriteFailed, "data_dir: " + marked.error().text);
  tell(config::LogLevel::Info, "snapshot_install", height,
       "fetched whole: opening again with its state");
  if (around_.reopen) around_.reopen();
}

bool Validator::has_room(std::uint64_t bytes) {
  const std::uint64_t free = info().disk_free;
  return !storage_low_ && free >= config.storage.stop_below_bytes &&
         free - config.storage.stop_below_bytes >= bytes;
}

// The older of the two newest certified snapshots is what a peer that is behind may begin with:
// nothing below it is needed any more (protocol R34).
void Validator::on_certified(SnapshotKeeper::Certified certified) {
  kept_.snapshot = certified.newest;
  driver_->on_kept(kept_);
  const auto& above = certified.older;
  if (above && above->value >= kept_.log_start.value && !cut_above_) {
    cut_above_ = above;
    driver_->on_restate();
  }
  after_inputs();
}

void Validator::on_stated(const std::vector<consensus::Hash>& needed) {
  if (!cut_above_) return;
  const Height above = *std::exchange(cut_above_, std::nullopt);
  kept_.log_start = {above.value + 1};
  driver_->on_kept(kept_);
  // Of this statement, since the checkpoint is: a newer one may be further than the store.
  store->checkpoint(above, [this, above, needed,
                            statement = statement_](std::optional<storage::LogPosition> oldest) {
    cut_log(above, std::min(statement, oldest.value_or(statement)), needed);
  });
}

// Below everything that a block above names, and that none names yet.
void Validator::cut_log(Height above, storage::LogPosition oldest,
                        const std::vector<consensus::Hash>& needed) {
  for (const consensus::Hash& id : needed) {
    auto position = index_.find(id);
    if (!position) position = store->batch_position(id);
    if (!position) return;  // not on its place yet: with the next snapshot
    oldest = std::min(oldest, *position);
  }
  log_writer_->cut(oldest, above);
  tell(config::LogLevel::Info, "log_cut", above, "payload is kept above this height");
}

void Validator::on_snapshot_message(InstitutionId from, consensus::Message message) {
  if (const auto* offer = std::get_if<consensus::SnapshotOffer>(&message))
    return fetch_->on_offer(from, *offer);
  if (const auto* piece = std::get_if<consensus::SnapshotChunk>(&message))
    return fetch_->on_chunk(from, *piece);
  serve_snapshot(from, std::move(message));
}

// Reads the disk: not on the core thread, and for each peer one answer after another.
void Validator::serve_snapshot(InstitutionId from, consensus::Message asked) {
  if (std::holds_alternative<consensus::FetchSnapshot>(asked)) {  // its answer is large
    const consensus::Instant now = around_.now().steady;
    const auto offered = offered_.find(from);
    if (offered != offered_.end() && now.us - offered->second.us < kOfferPauseUs) return;
    offered_.insert_or_assign(from, now);
  }
  if (!serving_.insert(from).second) return;
  pool->run([this, from, asked = std::move(asked)] {
    p2p::Frame frame;
    if (const auto* fetch = std::get_if<consensus::FetchSnapshot>(&asked)) {
      if (auto offer = keeper_->offer(from, *fetch)) frame = frame_of(std::move(*offer));
    } else if (const auto* piece = std::get_if<consensus::FetchChunk>(&asked)) {
      frame = frame_of(keeper_->chunk(from, *piece));
    }
    around_.post([this, from, frame = std::move(frame)] {
      serving_.erase(from);
      if (frame) around_.send(from, frame);
    });
  });
}

}  // namespace giro::runtime
