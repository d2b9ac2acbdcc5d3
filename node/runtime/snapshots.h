// The snapshots of this node (protocol R34): made in the background at every multiple of
// `snapshot_interval`, certified, kept, given to peers that fetch one.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "consensus/message.h"
#include "consensus/parameters.h"
#include "consensus/snapshot_votes.h"
#include "node/runtime/lane.h"
#include "node/runtime/service.h"
#include "node/runtime/snapshot_content.h"
#include "node/runtime/store.h"
#include "storage/snapshot.h"

namespace giro::runtime {

class SnapshotKeeper {
 public:
  struct Options {
    crypto::Hash chain;
    consensus::Parameters parameters;
    std::uint64_t keep = 2;  // certified ones; at least 2 (protocol R34)
  };
  // What is held durably: the newest certified snapshot, and the one before.
  struct Certified {
    consensus::Height newest;
    std::optional<consensus::Height> older;
  };
  // All on the lane, but now, changes and tell: any thread.
  struct Ports {
    std::function<void(consensus::SnapshotVotes::Held)> held;
    std::function<bool(std::uint64_t bytes)> has_room;  // on the disk, beside its reserve
    std::function<consensus::Instant()> now;
    // Of the set, ascending, with their proofs; nullopt: the store does not hold them all.
    std::function<std::optional<std::vector<consensus::SetChange>>(consensus::Epoch from,
                                                                   consensus::Epoch to)>
        changes;
    std::function<void(Certified)> certified;
    std::function<void(std::string_view event, consensus::Height height, const std::string& text)>
        tell;
  };
  SnapshotKeeper(storage::Snapshots files, const Store& store, Options options,
                 std::unique_ptr<Lane> lane, Ports ports);

  void begin();  // tells of those that are there
  // The store's view at a multiple of the interval; written once that height is attested.
  void pin(std::shared_ptr<const ReadView> view);    // the store's lane
  void reached(consensus::Height attested);          // any thread
  void certify(consensus::Certificate certificate);  // any thread

  // --- any thread
  [[nodiscard]] std::vector<SnapshotInfo> list() const;
  // The newest certified one above; with the changes of the set that lead to it. It is kept while
  // that peer takes it.
  [[nodiscard]] std::optional<consensus::SnapshotOffer> offer(
      consensus::InstitutionId to, const consensus::FetchSnapshot& asked);
  // What the port gives, unless it is more than goes along with a snapshot.
  [[nodiscard]] std::optional<std::vector<consensus::SetChange>> changes_between(
      consensus::Epoch from, consensus::Epoch to) const;
  [[nodiscard]] consensus::SnapshotChunk chunk(consensus::InstitutionId to,
                                               const consensus::FetchChunk& asked);

 private:
  struct Kept {
    storage::SnapshotManifest manifest;
    consensus::SnapshotManifest agreed;
    crypto::Hash digest;
    std::optional<consensus::Certificate> certificate;
  };
  using KeptPtr = std::shared_ptr<const Kept>;
  void load_all();
  void load(std::uint64_t height, const ReadView& view);
  [[nodiscard]] std::uint64_t expected_bytes() const;
  void write(const ReadView& view);
  void add(Kept kept, const ReadView& view);
  void put(const consensus::Certificate& certificate);
  void prune();
  void note_taker(consensus::InstitutionId peer, consensus::Height height);
  [[nodiscard]] std::set<consensus::Height> being_taken();  // the mutex is held
  void tell_certified();
  [[nodiscard]] KeptPtr find(consensus::Height height) const;

  storage::Snapshots files_;
  const Store& store_;
  const Options options_;
  const Ports ports_;
  mutable std::mutex mutex_;  // of the four below
  std::map<consensus::Height, KeptPtr> kept_;
  std::map<consensus::Height, std::shared_ptr<const ReadView>> pinned_;
  using Place = std::pair<consensus::Height, std::uint64_t>;
  std::deque<std::pair<Place, std::shared_ptr<const crypto::Bytes>>> chunks_;
  struct Taking {
    consensus::Height height;
    consensus::Instant asked;  // last
  };
  std::map<consensus::InstitutionId, Taking> takers_;
  std::unique_ptr<Lane> lane_;  // the first to go: its work uses all of the above
};

}  // namespace giro::runtime
