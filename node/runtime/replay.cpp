#include "node/runtime/replay.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "consensus/wire/codec.h"
#include "node/ledger/audit.h"
#include "node/runtime/catch_up.h"
#include "node/runtime/executor.h"
#include "node/runtime/lineage.h"
#include "node/runtime/local_snapshot.h"
#include "node/runtime/open_store.h"
#include "node/runtime/snapshot_content.h"
#include "node/runtime/store_rows.h"
#include "node/runtime/watched_store.h"
#include "storage/snapshot.h"

namespace giro::runtime {
namespace {

using consensus::Height;
using crypto::Bytes;
using crypto::ByteView;
using ReplayFailure = std::unexpected<ReplayError>;
using ReplayStep = std::expected<void, ReplayError>;

ReplayFailure not_run(std::string text) {
  return ReplayFailure(ReplayError{ReplayFault::NotRun, std::move(text)});
}
ReplayFailure other_result(Height height, const std::string& what) {
  return ReplayFailure(
      ReplayError{ReplayFault::Differs, "height " + std::to_string(height.value) + ": " + what});
}

constexpr std::size_t kReplayedAtOnce = 4096;
const Bytes kReplayedEnd{std::byte{32}};  // of the ledger: 01..31 (ledger 9.1)

// Empty: they are the same.
std::string first_difference(const consensus::Header& stored, const consensus::Header& again) {
  const auto field = [](bool is_equal, const char* name) {
    return is_equal ? std::string() : std::string(name) + " of the header is another one";
  };
  for (const std::string& found :
       {field(stored.state_root == again.state_root, "state_root"),
        field(stored.outcomes_root == again.outcomes_root, "outcomes_root"),
        field(stored.totals_root == again.totals_root, "totals_root"),
        field(stored.next_set == again.next_set, "next_set"),
        field(stored.next_first_view == again.next_first_view, "next_first_view"),
        field(stored.rules_version == again.rules_version, "rules_version"),
        field(stored.previous == again.previous, "previous"),
        field(stored.time == again.time, "time"), field(stored == again, "epoch, height or block")})
    if (!found.empty()) return found;
  return {};
}

std::string first_difference(const StoredBlock& stored, const StoredBlock& again) {
  if (auto found = first_difference(stored.header, again.header); !found.empty()) return found;
  const bool same_leaves = std::ranges::equal(stored.leaves, again.leaves, [](auto& a, auto& b) {
    return a.type == b.type && a.canonical == b.canonical;
  });
  if (!same_leaves) return "the outcomes are other ones";
  if (stored.events != again.events) return "the events are other ones";
  return stored.header_hash == again.header_hash ? "" : "the header's hash is not its own";
}

// What the log gives again, of both stores.
struct Replayable {
  Bytes from, to;
  std::function<bool(ByteView, ByteView)> takes;
};

std::vector<std::pair<Bytes, Bytes>> rows_of(const ledger::StateView& state, const Bytes& from,
                                             const Replayable& part) {
  std::vector<std::pair<Bytes, Bytes>> rows;
  state.scan(from, part.to, [&](ByteView key, ByteView value) {
    if (part.takes(key, value)) rows.emplace_back(crypto::to_bytes(key), crypto::to_bytes(value));
    return rows.size() < kReplayedAtOnce;
  });
  return rows;
}

class Replay {
 public:
  Replay(const config::NodeConfig& config, const Platform& platform, const Progress& tell)
      : config_(config), platform_(platform), tell_(tell) {
    scratch_.config = config;
    scratch_.config.data_dir = config.data_dir / "replay";
    scratch_.files = &platform.files;
  }
  ~Replay() {
    scratch_.store.reset();
    (void)storage::remove_tree(platform_.files, scratch_.config.data_dir.string());
  }
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;

  std::expected<Replayed, ReplayError> run(const ReplayProgress& progress) {
    for (const auto step : {&Replay::open, &Replay::choose_base, &Replay::open_scratch}) {
      if (const ReplayStep done = (this->*step)(); !done) return ReplayFailure(done.error());
    }
    if (const ReplayStep done = execute_all(progress); !done) return ReplayFailure(done.error());
    tell_("comparing the records of the ledger");
    if (const ReplayStep done = compare_states(); !done) return ReplayFailure(done.error());
    return result_;
  }

 private:
  [[nodiscard]] std::string below(const char* name) const {
    return storage::join_path(config_.data_dir.string(), name);
  }

  ReplayStep open() {
    auto genesis = genesis_of(platform_.files, config_);
    if (!genesis) return not_run(genesis.error());
    scratch_.genesis = std::move(*genesis);
    auto lock = platform_.files.lock(below("LOCK"));
    if (!lock && lock.error().code == storage::FileErrorCode::Locked)
      return not_run("the node runs: stop it first, its store can be opened once only");
    if (!lock) return not_run(lock.error().text);
    lock_ = std::move(*lock);
    const auto type = platform_.files.type(below("state"));
    if (!type) return not_run(type.error().text);
    if (*type == storage::FileType::None) return not_run("data_dir holds no store");
    auto backing = platform_.open_store(below("state"));
    if (!backing) return not_run("the store: " + backing.error().text);
    store_ = std::make_unique<Store>(std::make_unique<WatchedStore>(
        std::move(*backing), DamageMark(platform_.files, config_.data_dir.string())));
    if (store_->is_empty()) return not_run("the store is empty");
    tell_("reading back the log");
    auto log = storage::Log::open(platform_.files, below("log"), platform_.log,
                                  [](const storage::LogRecord&) {});
    if (!log)
      return not_run("the log, " + log.error().segment + ":" + std::to_string(log.error().offset) +
                     ": " + log.error().text);
    log_ = std::move(*log);
    result_.head = store_->height();
    return {};
  }

  // The blocks above it are here, and so is what they name.
  ReplayStep choose_base() {
    const Height log_start = store_->log_start();
    if (log_start.value <= 1) return {};
    const auto snapshots = list_snapshots(platform_.files, config_);
    if (!snapshots) return not_run(snapshots.error());
    for (const SnapshotInfo& info : *snapshots) {
      const bool reaches = info.height.value + 1 >= log_start.value && info.height <= result_.head;
      if (!reaches || !info.certified) continue;
      tell_("verifying the snapshot of height " + std::to_string(info.height.value));
      const auto verified = verify_local_snapshot(platform_.files, config_, info.height);
      if (!verified)
        return ReplayFailure(
            ReplayError{ReplayFault::Differs,
                        "snapshot " + std::to_string(info.height.value) + ": " + verified.error()});
      result_.base = info.height;
      return {};
    }
    return not_run("the log begins at height " + std::to_string(log_start.value) +
                   ", and no certified snapshot reaches it");
  }

  ReplayStep open_scratch() {
    const std::string data = scratch_.config.data_dir.string();
    if (const auto gone = storage::remove_tree(platform_.files, data); !gone)
      return not_run(gone.error().text);
    if (const auto made = storage::make_directories(platform_.files, data); !made)
      return not_run(made.error().text);
    if (result_.base > Height{}) {
      auto into = platform_.open_store(storage::join_path(data, "state"));
      if (!into) return not_run(into.error().text);
      const auto snapshots = storage::Snapshots::view(platform_.files, below("snapshots"));
      const auto manifest = snapshots.manifest(result_.base.value);
      if (!manifest) return not_run(manifest.error().text);
      const auto& parameters = scratch_.genesis.genesis.parameters;
      const auto loaded =
          load_snapshot(snapshots, *manifest, {scratch_.genesis.chain_id, parameters.epoch_blocks},
                        genesis_row(scratch_.genesis), **into);
      if (!loaded) return not_run(loaded.error().text);
    }
    if (const auto opened = open_store(scratch_, platform_, tell_); !opened)
      return not_run(opened.error().message);
    scratch_.store->start(std::make_unique<InlineLane>(), [](Height, Height) {});
    return {};
  }

  ReplayStep execute_all(const ReplayProgress& progress) {
    const Hash chain = scratch_.genesis.chain_id;
    consensus::Hash parent = scratch_.executor.header.block;
    crypto::VerifierPool pool(std::max(std::thread::hardware_concurrency(), 1U));
    Payload payload(pool, chain);
    BatchIndex index;
    Executor executor(std::move(scratch_.executor), *scratch_.store, payload, index,
                      std::make_unique<InlineLane>(),
                      {.executed = [](consensus::Executed) {},
                       .ran = [](const ExecutedBlock&, const std::vector<Intake::Ran>&) {}});
    for (Height at{result_.base.value + 1}; at <= result_.head; ++at.value) {
      progress(at, result_.head);
      const auto stored = store_->block(at);
      if (!stored) return other_result(at, "the store has no such block");
      if (const ReplayStep sound = check_chain(*stored, at, parent); !sound) return sound;
      parent = stored->block_hash;
      auto batches = batches_of(*stored);
      if (!batches) return ReplayFailure(batches.error());
      if (const ReplayStep sound = check_certificate(*stored); !sound) return sound;
      executor.push({stored->block, stored->block_hash, std::move(*batches)});
      const auto again = scratch_.store->block(at);
      if (!again) return other_result(at, "it was not executed");
      if (const auto found = first_difference(*stored, *again); !found.empty())
        return other_result(at, found);
      result_.operations += again->leaves.size() - 1;
    }
    return {};
  }

  // What the executor takes for granted.
  [[nodiscard]] ReplayStep check_chain(const StoredBlock& stored, Height at,
                                       const consensus::Hash& parent) const {
    const auto& [chain, epoch_blocks] =
        SnapshotCheck{scratch_.genesis.chain_id, scratch_.genesis.genesis.parameters.epoch_blocks};
    const consensus::Block& block = stored.block;
    if (block.height != at || block.epoch != consensus::epoch_of(at, epoch_blocks))
      return other_result(at, "the block there is of another height");
    if (block.parent != parent)
      return other_result(at, "the block does not continue the one below");
    if (block.hash(chain) != stored.block_hash)
      return other_result(at, "the block's hash is not its own");
    return {};
  }

  [[nodiscard]] std::expected<std::vector<consensus::BatchPtr>, ReplayError> batches_of(
      const StoredBlock& stored) const {
    const CatchUp log(*store_, *log_, no_index_, scratch_.genesis.genesis.parameters.epoch_blocks);
    std::vector<consensus::BatchPtr> batches;
    for (const auto& id : stored.block.batches) {
      auto batch = log.batch(id);
      if (!batch || batch->id != id)
        return other_result(stored.block.height,
                            "the log does not hold batch " + crypto::to_hex(id));
      batches.push_back(std::move(batch));
    }
    return batches;
  }

  // By the set that the records made here name, of the epoch that the block is in.
  [[nodiscard]] ReplayStep check_certificate(const StoredBlock& stored) {
    const Height at = stored.block.height;
    const auto certificate = store_->attest_at_or_above(at);
    if (!certificate || certificate->content.height != at) return {};
    if (!set_ || set_->epoch != stored.block.epoch)
      set_ = set_of_epoch(*scratch_.store->read(), stored.block.epoch);
    const consensus::VoteContent expected{
        consensus::VoteKind::Attest, stored.block.epoch, {}, at, stored.header_hash};
    if (!set_ || certificate->content != expected ||
        !verify_certificate(*certificate, *set_, scratch_.genesis.chain_id))
      return other_result(at, "its certificate is not a quorum's for this header");
    ++result_.certificates;
    result_.attested = at;
    return {};
  }

  ReplayStep compare_states() {
    const auto kept = store_->read(), again = scratch_.store->read();
    const auto every = [](ByteView, ByteView) { return true; };
    if (const ReplayStep same = compare(*kept, *again, {{}, kReplayedEnd, every}); !same)
      return same;
    // Of the indexes what the blocks above the base put there.
    const Height base = result_.base;
    const auto above = [base](ByteView key, ByteView value) {
      return base.value == 0 || rows::height_of_index(key, value) > base;
    };
    if (const ReplayStep same =
            compare(*kept, *again, {rows::index_begin(), rows::index_end(), above});
        !same)
      return same;
    if (const auto finding = ledger::audit(*kept))
      return other_result(result_.head,
                          "invariant I" + std::to_string(finding->invariant) +
                              " of the ledger is broken: " + std::string(finding->what) +
                              ", record " + crypto::to_hex(finding->record));
    return {};
  }

  ReplayStep compare(const ReadView& kept, const ReadView& again, const Replayable& part) {
    Bytes from = part.from;
    for (;;) {
      const auto left = rows_of(kept, from, part), right = rows_of(again, from, part);
      const auto [one, other] = std::ranges::mismatch(left, right);
      if (one != left.end() || other != right.end()) {
        const bool is_left =
            other == right.end() || (one != left.end() && one->first <= other->first);
        return other_result(result_.head, "the record " +
                                              crypto::to_hex(is_left ? one->first : other->first) +
                                              " of the store is not what the log gives");
      }
      result_.records += left.size();
      if (left.size() < kReplayedAtOnce) return {};
      from = left.back().first;
      from.push_back(std::byte{0});
    }
  }

  using Hash = crypto::Hash;
  const config::NodeConfig& config_;
  const Platform& platform_;
  const Progress& tell_;
  std::unique_ptr<storage::FileLock> lock_;
  std::unique_ptr<Store> store_;
  std::optional<storage::Log> log_;
  const BatchIndex no_index_;
  Opened scratch_;  // where everything is made again
  std::optional<consensus::ValidatorSet> set_;
  Replayed result_;
};

}  // namespace

std::expected<Replayed, ReplayError> replay(const config::NodeConfig& config,
                                            const Platform& platform, const Progress& tell,
                                            const ReplayProgress& progress) {
  return Replay(config, platform, tell).run(progress);
}

}  // namespace giro::runtime
