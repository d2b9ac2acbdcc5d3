// Fetching a certified snapshot from peers (protocol R31): when it is wanted, the offer, then chunk
// by chunk from several peers at once. Deterministic but for the disk, which its lane writes. All
// calls on the core thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "consensus/message.h"
#include "consensus/parameters.h"
#include "consensus/replica.h"
#include "node/runtime/lane.h"
#include "storage/snapshot.h"

namespace giro::runtime {

class SnapshotFetch {
 public:
  struct Ports {
    std::function<void(consensus::InstitutionId to, consensus::Message)> send;
    std::function<void(consensus::InstitutionId from, consensus::RejectReason)> refuse;
    std::function<void(std::function<void()>)> post;  // from the lane back to the core
    std::function<void(consensus::Height)> complete;  // a snapshot like one made here: install it
    std::function<void(std::string_view event, consensus::Height height, const std::string& text)>
        tell;
    std::function<bool(std::uint64_t bytes)> has_room;          // on the disk, beside its reserve
    std::function<void(const storage::SnapshotError&)> failed;  // the disk: does not return
    // The lane: the changes of the set up to an epoch, which are kept with the snapshot.
    std::function<std::vector<consensus::SetChange>(consensus::Epoch)> lineage;
  };
  SnapshotFetch(storage::Snapshots files, const crypto::Hash& chain,
                const consensus::Parameters& parameters, std::unique_ptr<Lane> lane, Ports ports);

  // Now and then: looks at where this validator and its peers stand, and goes on.
  void on_tick(consensus::Now now, const consensus::ReplicaView& view,
               const consensus::ValidatorSet& set);
  void on_offer(consensus::InstitutionId from, const consensus::SnapshotOffer& offer);
  void on_chunk(consensus::InstitutionId from, const consensus::SnapshotChunk& piece);

  struct Progress {
    consensus::Height height;
    std::uint64_t held = 0, chunks = 0;
  };
  [[nodiscard]] std::optional<Progress> progress() const;

 private:
  struct Question {
    consensus::InstitutionId peer;
    consensus::Instant deadline;
  };
  // A chunk that one peer is giving, piece by piece: who gave all of it is to blame for it.
  struct Pending {
    std::uint32_t index = 0;
    std::uint32_t size = 0;  // told with the first piece
    crypto::Bytes bytes;
    consensus::Instant since;
    consensus::Instant deadline;  // of the next piece
  };
  struct Source {
    std::optional<Pending> pending;
    std::uint32_t timeouts = 0;
    bool is_excluded = false;
    std::int64_t busy_us = 0;  // with chunks that are not pending any more
    std::uint64_t given = 0;   // bytes, in all
  };
  // A download, shared with the lane that writes it.
  struct Fetch {
    storage::SnapshotManifest manifest;
    crypto::Hash digest;
    std::shared_ptr<storage::SnapshotDownload> download;  // the lane's, but while none writes
    std::set<std::uint32_t> missing;                      // neither held nor being written
    std::uint64_t writing = 0;
    std::map<consensus::InstitutionId, Source> sources;
    bool is_complete = false;
  };
  [[nodiscard]] bool is_wanted(const consensus::ReplicaView& view);
  void give_up();
  void ask(const consensus::ReplicaView& view);
  void begin(const consensus::SnapshotOffer& offer);
  void go_on(const consensus::ReplicaView& view);
  void end_chunk(Source& source);
  void give_back(Source& source);
  [[nodiscard]] bool is_too_slow(const Source& source) const;
  void share_out();
  void request(consensus::InstitutionId peer, Source& source);
  void write(consensus::InstitutionId from, Pending chunk);
  void finish();
  void drop(const std::string& why);

  storage::Snapshots files_;
  const crypto::Hash chain_;
  const consensus::Parameters parameters_;
  const Ports ports_;
  consensus::Instant now_;
  consensus::ValidatorSet set_;
  consensus::Height executed_seen_;  // for noticing that nothing moves
  std::optional<consensus::Instant> executed_since_;
  std::optional<Question> asked_;
  std::optional<consensus::InstitutionId> last_peer_;
  consensus::Height wanted_above_;
  consensus::Instant no_room_until_;  // not asked for before: the disk had no room for the last one
  bool is_beginning_ = false;         // the lane looks at what is there already
  std::uint64_t turn_ = 0;  // of the fetch: what the lane answers to an older one is ignored
  std::optional<Fetch> fetch_;
  std::unique_ptr<Lane> lane_;
};

}  // namespace giro::runtime
