#include "node/runtime/install.h"

#include <charconv>
#include <optional>
#include <ranges>
#include <utility>

#include "consensus/wire/codec.h"
#include "node/runtime/store_rows.h"

namespace giro::runtime {
namespace {

using Failure = std::unexpected<std::string>;
using Done = std::expected<void, std::string>;

// With less a disk is full, for something that may be as large as it likes.
constexpr std::uint64_t kFullBytes = 64ULL << 20;

std::string mark_path(const std::string& data) {
  return storage::join_path(data, "INSTALL");
}

std::string state_path(const InstallFrom& from) {
  return storage::join_path(from.data, "state");
}
std::string fresh_path(const InstallFrom& from) {
  return state_path(from) + ".new";
}
std::string old_path(const InstallFrom& from) {
  return state_path(from) + ".old";
}

template <typename T>
Done done(const storage::FileResult<T>& result) {
  if (!result) return Failure(result.error().text);
  return {};
}

std::expected<std::optional<consensus::Height>, std::string> marked(storage::FilePort& files,
                                                                    const std::string& data) {
  const auto bytes = storage::read_whole(files, mark_path(data), 64);
  if (!bytes && bytes.error().code == storage::FileErrorCode::NotFound) return std::nullopt;
  if (!bytes) return Failure(bytes.error().text);
  const std::string_view text = crypto::as_text(*bytes);
  consensus::Height height;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), height.value);
  if (parsed.ec != std::errc{}) return Failure("INSTALL in the data directory holds no height");
  return height;
}

Done unmark(const InstallFrom& from) {
  if (auto gone = done(from.files.remove(mark_path(from.data))); !gone) return gone;
  return done(from.files.sync_directory(from.data));
}

// The height of the present store; none where there is none.
std::expected<consensus::Height, std::string> stored_height(const InstallFrom& from,
                                                            const std::string& state) {
  const auto type = from.files.type(state);
  if (!type) return Failure(type.error().text);
  if (*type == storage::FileType::None) return consensus::Height{};
  const auto store = from.open_store(state);
  if (!store && store.error().code == storage::KeyValueErrorCode::Corruption)
    return consensus::Height{};  // nothing of it can be used
  if (!store) return Failure(store.error().text);
  const auto head = (*store)->get(rows::head_key());
  if (!head && head.error().code == storage::KeyValueErrorCode::Corruption)
    return consensus::Height{};
  if (!head) return Failure(head.error().text);
  const auto header = *head ? consensus::wire::decode_header(**head) : consensus::Header{};
  return header ? header->height : consensus::Height{};
}

// How its set came to be (protocol R18): the store that is left behind proved it, the new one has
// no blocks to do so. Without it the node runs, and can give neither receipts nor offers.
Done load_lineage(const InstallFrom& from, const storage::Snapshots& snapshots,
                  consensus::Height height, storage::KeyValueStore& into) {
  const auto bytes = snapshots.lineage(height.value);
  if (!bytes && bytes.error().code == storage::SnapshotErrorCode::File)
    return Failure(bytes.error().text);
  auto changes = bytes && *bytes ? consensus::wire::decode_lineage(**bytes)
                                 : std::unexpected(consensus::RejectReason::Malformed);
  if (!changes) {
    from.progress("the snapshot came without its lineage: no receipts and no snapshots are given");
    return {};
  }
  storage::WriteBatch batch;
  for (const consensus::SetChange& change : *changes) {
    const consensus::Epoch epoch{change.last.epoch.value + 1};
    batch.put(rows::lineage_key(epoch), consensus::wire::encode_lineage({&change, 1}));
  }
  if (const auto written = into.write(batch, storage::Durability::Synced); !written)
    return Failure(written.error().text);
  return {};
}

// Empty: it was loaded. Else why the snapshot is no good.
std::expected<std::string, std::string> load_fresh(const InstallFrom& from,
                                                   const storage::Snapshots& snapshots,
                                                   consensus::Height height,
                                                   const std::string& fresh) {
  if (auto gone = done(storage::remove_tree(from.files, fresh)); !gone)
    return Failure(gone.error());
  const auto manifest = snapshots.manifest(height.value);
  if (!manifest && manifest.error().code == storage::SnapshotErrorCode::File)
    return Failure(manifest.error().text);
  if (!manifest) return manifest.error().text;
  auto store = from.open_store(fresh);
  if (!store) return Failure(store.error().text);
  const auto loaded = load_snapshot(snapshots, *manifest, from.check, from.genesis_row, **store);
  if (!loaded && loaded.error().is_disk) return Failure(loaded.error().text);
  if (!loaded) return loaded.error().text;
  if (auto led = load_lineage(from, snapshots, height, **store); !led) return Failure(led.error());
  return std::string();
}

// An error: it could not be read, which says nothing against it.
std::expected<bool, std::string> is_certified(const InstallFrom& from,
                                              const storage::Snapshots& snapshots,
                                              std::uint64_t height) {
  const auto manifest = snapshots.manifest(height);
  const auto agreed = manifest ? agreed_manifest(*manifest) : std::nullopt;
  const auto bytes = snapshots.certificate(height);
  if (!manifest && manifest.error().code == storage::SnapshotErrorCode::File)
    return Failure(manifest.error().text);
  if (!bytes && bytes.error().code == storage::SnapshotErrorCode::File)
    return Failure(bytes.error().text);
  if (!agreed || !bytes || !*bytes) return false;
  const auto certificate = consensus::wire::decode_certificate(**bytes);
  return certificate &&
         certificate->content ==
             consensus::snapshot_content(from.check.chain, *agreed, from.check.epoch_blocks);
}

// What lies there after a crash between the two renames of switch_to() is the old store.
Done finish_crashed_switch(const InstallFrom& from) {
  const auto left = from.files.type(old_path(from));
  const auto there = from.files.type(state_path(from));
  if (!left || !there) return Failure((!left ? left : there).error().text);
  if (*there == storage::FileType::None && *left != storage::FileType::None)
    return done(from.files.rename(old_path(from), state_path(from)));
  return {};
}

// Makes the store of a snapshot beside the present one. False: there is nothing to switch to, since
// the present one is as high, or since the snapshot is no good, and is removed.
std::expected<bool, std::string> fresh_store(const InstallFrom& from, consensus::Height height) {
  const auto present = stored_height(from, state_path(from));
  if (!present) return Failure(present.error());
  if (*present >= height) return false;
  auto snapshots = storage::Snapshots::open(from.files, storage::join_path(from.data, "snapshots"));
  if (!snapshots) return Failure(snapshots.error().text);
  from.progress("loading the snapshot of height " + std::to_string(height.value));
  const auto wrong = load_fresh(from, *snapshots, height, fresh_path(from));
  if (!wrong) return Failure(wrong.error());
  if (wrong->empty()) return true;
  from.progress("the snapshot cannot be taken over and is removed: " + *wrong);
  if (auto gone = done(storage::remove_tree(from.files, fresh_path(from))); !gone)
    return Failure(gone.error());
  const auto removed = snapshots->remove(height.value);
  if (!removed && removed.error().code != storage::SnapshotErrorCode::NotFound)
    return Failure(removed.error().text);
  return false;
}

// The old one goes under another name first: whatever a crash leaves, the mark is still there, and
// the snapshot is loaded once more.
Done switch_to(const InstallFrom& from, bool has_fresh) {
  if (has_fresh) {
    if (auto gone = done(storage::remove_tree(from.files, old_path(from))); !gone) return gone;
    const auto type = from.files.type(state_path(from));
    if (!type) return Failure(type.error().text);
    if (*type != storage::FileType::None) {
      if (auto moved = done(from.files.rename(state_path(from), old_path(from))); !moved)
        return moved;
    }
    if (auto moved = done(from.files.rename(fresh_path(from), state_path(from))); !moved)
      return moved;
    if (auto synced = done(from.files.sync_directory(from.data)); !synced) return synced;
  }
  if (auto gone = done(storage::remove_tree(from.files, old_path(from))); !gone) return gone;
  return unmark(from);
}

}  // namespace

storage::FileResult<void> mark_install(storage::FilePort& files, const std::string& data,
                                       consensus::Height height) {
  return storage::write_whole(files, mark_path(data),
                              crypto::as_view(std::to_string(height.value)));
}

storage::FileResult<bool> is_install_marked(storage::FilePort& files, const std::string& data) {
  const auto type = files.type(mark_path(data));
  if (!type) return std::unexpected(type.error());
  return *type != storage::FileType::None;
}

Done install_marked(const InstallFrom& from) {
  const auto height = marked(from.files, from.data);
  if (!height) return Failure(height.error());
  if (!*height) return {};
  if (auto finished = finish_crashed_switch(from); !finished) return finished;
  if (from.is_agreement_broken) {
    from.progress("the agreement is broken: the snapshot is not taken over");
    if (auto gone = done(storage::remove_tree(from.files, fresh_path(from))); !gone) return gone;
    return unmark(from);
  }
  const auto fresh = fresh_store(from, **height);
  if (fresh) return switch_to(from, *fresh);
  const auto free = from.files.free_space(from.data);
  if (!free || *free >= kFullBytes) return Failure(fresh.error());
  // The present store goes on, as it did while the snapshot came.
  from.progress("the snapshot cannot be taken over now: " + fresh.error());
  if (auto gone = done(storage::remove_tree(from.files, fresh_path(from))); !gone) return gone;
  return unmark(from);
}

std::expected<bool, std::string> install_newest(const InstallFrom& from,
                                                consensus::Height at_least) {
  const auto snapshots =
      storage::Snapshots::open(from.files, storage::join_path(from.data, "snapshots"));
  if (!snapshots) return Failure(snapshots.error().text);
  const auto heights = snapshots->heights();
  if (!heights) return Failure(heights.error().text);
  for (const std::uint64_t height : *heights | std::views::reverse) {
    const auto present = stored_height(from, state_path(from));
    if (!present) return Failure(present.error());
    if (height <= present->value || height < at_least.value) return false;
    const auto certified = is_certified(from, *snapshots, height);
    if (!certified) return Failure(certified.error());
    if (!*certified) continue;
    if (auto mark = done(mark_install(from.files, from.data, {height})); !mark)
      return Failure(mark.error());
    const auto fresh = fresh_store(from, {height});  // without it there is no store: no second way
    if (!fresh) {
      (void)storage::remove_tree(from.files, fresh_path(from));  // the disk may be full of it
      return Failure(fresh.error());
    }
    if (auto switched = switch_to(from, *fresh); !switched) return Failure(switched.error());
    if (*fresh) return true;
  }
  return false;
}

}  // namespace giro::runtime
