// What a running node offers to node/api and node/metrics: submit, wait, read. Every method may be
// called from any thread; callbacks run on a thread of the node, must not block, and are called
// exactly once.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "consensus/certificate.h"
#include "consensus/evidence.h"
#include "consensus/message.h"
#include "consensus/output.h"
#include "consensus/types.h"
#include "node/config/genesis_file.h"
#include "node/config/node_config.h"
#include "node/ledger/events.h"
#include "node/ledger/ledger.h"
#include "node/receipt/position.h"
#include "node/receipt/receipt.h"
#include "node/runtime/measures.h"

namespace giro::runtime {

using OpId = std::array<std::byte, 16>;

// surface 0: the life of an operation as this node sees it. The last three are final and rest on an
// attested height.
enum class OperationStatus : std::uint8_t {
  Unknown,
  Received,
  Ordering,
  Committed,
  Rejected,
  Expired
};

struct RecordedOutcome {
  ledger::Code code{};
  ledger::Code inner{};
  std::uint32_t detail_index = 0;
  consensus::Height height;
  std::uint32_t index = 0;                        // in the outcomes tree: operations count from 1
  std::optional<consensus::WallTime> block_time;  // nullopt: the node began with a snapshot above
};

struct OperationInfo {
  OperationStatus status = OperationStatus::Unknown;
  std::uint32_t actor = 0;
  OpId op_id{};
  std::optional<crypto::Hash> operation_hash;
  std::optional<consensus::WallTime> valid_until;
  std::optional<RecordedOutcome> outcome;
  std::optional<crypto::Hash> receipt_id;  // of a final one whose block is here
};

// When things happened, by this node's wall clock.
struct BlockTrace {
  consensus::Height height;
  consensus::View view;
  std::uint32_t leader = 0;  // institution: who proposed it
  std::optional<consensus::WallTime> proposed, prepared, committed, executed, attested;
};
struct OperationTrace {
  std::optional<consensus::WallTime> received;  // nullopt: it was admitted elsewhere
  std::optional<BlockTrace> block;              // nullopt: it has not run
};

// A view that this node went into, by its own clock. Another one began because this node, or so
// many others, wanted to leave the view before.
struct ViewInfo {
  consensus::Epoch epoch;
  consensus::View view;
  std::uint32_t leader = 0;     // institution
  consensus::Height committed;  // when it was entered
  consensus::WallTime entered;
  std::optional<consensus::WallTime> active;       // nullopt: it did not begin here
  std::optional<consensus::SuspectReason> reason;  // nullopt: this node followed the others
};

enum class RefusalReason : std::uint8_t {
  Ledger,    // `code` says why; nothing was recorded, unless code is 212
  Capacity,  // no room for more waiting operations
  NotReady,  // starting, stopping, or a node that does not vote
  DiskLow,   // free space has reached storage.stop_below
};
struct Refusal {
  RefusalReason reason{};
  ledger::Code code{};
  std::optional<crypto::Hash> existing_hash;  // 212: of the operation that has the id
  std::optional<crypto::Hash> submitted_hash;
};
struct Admitted {
  OperationInfo info;
  bool duplicate = false;  // the same bytes were known already: pending or final
};
using SubmitAnswer = std::expected<Admitted, Refusal>;

// One consistent height of the stored ledger. Cheap to take; release it soon, since it pins store
// files.
class ReadView : public ledger::StateView {
 public:
  [[nodiscard]] virtual consensus::Height height() const = 0;
  [[nodiscard]] virtual consensus::WallTime time() const = 0;
};

struct HeaderInfo {
  consensus::Header header;
  consensus::Hash header_hash;
  std::optional<consensus::Certificate> attest;  // of this height, if held
};

struct BlockEvents {
  std::shared_ptr<const std::vector<crypto::Bytes>> events;  // canonical EventRecords, n from 1
  std::size_t operations = 0;                                // of the block, which was read whole
};

struct BlockInfo : HeaderInfo {
  consensus::Block block;
  consensus::Hash block_hash;
  struct Operation {
    std::uint32_t actor = 0;
    OpId op_id{};
    crypto::Hash operation_hash;
    std::uint32_t type = 0;  // ledger operation number
    ledger::Code code{};
    bool recorded = false;
  };
  std::vector<Operation> operations;
};

struct PeerInfo {
  std::uint32_t institution = 0;
  std::string name;
  std::string address;
  bool connected = false;
  std::string cause;   // UNREACHABLE, WRONG_KEY, ...; empty when connected and heard
  std::string detail;  // for people
  std::uint64_t seconds_in_state = 0;
  consensus::Height stable, last_vote;
  std::string version;
  bool seated = false;       // in the present set of validators
  bool leaves_view = false;  // it wants a later view than ours, or to leave ours
  // Of its last beacon: hints, never for the protocol.
  bool is_heard = false;                   // there was one
  std::uint64_t heard_ms_ago = 0;          // 0 also before the first one
  std::string stopped;                     // why it votes no more, a code
  std::vector<std::uint32_t> sees;         // institutions with which it has a channel
  std::int64_t clock_ahead_ms = 0;         // at least: clock_offset.h
  std::optional<std::uint64_t> disk_free;  // if it said
};

struct NodeInfo {
  std::string name;
  std::uint32_t institution = 0;
  std::string network;
  crypto::Hash chain;
  crypto::PublicKey key;
  bool validator = false;
  consensus::Epoch epoch;
  consensus::View view;
  std::uint32_t leader = 0;  // institution
  std::uint64_t validators = 0, quorum = 0, faults = 0;
  consensus::Height stable, executed, committed, tip;
  std::optional<consensus::WallTime> last_block_time;
  std::uint64_t milliseconds_since_commit = 0;
  consensus::Height own_last_vote;
  bool suspecting = false, voting = false, diverged = false;
  bool changing_view = false;  // its view has not begun here
  // It casts no more votes in this run of its process, and why: a stable code. Empty: nothing of
  // the kind.
  std::string votes_stopped;
  // It lost its memory, and votes again once a height above this is stable (protocol R39).
  std::optional<consensus::Height> amnesic_below;
  bool is_sign_state_copied = false;  // it never votes again with the one it has
  // Its sign state is lost: so many of the others have said how far they are, of so many that are
  // needed to know how far its key may have signed.
  struct FloorSearch {
    std::uint64_t answers = 0, needed = 0;
    bool is_over = false;
  };
  std::optional<FloorSearch> floor_search;
  std::uint64_t pool_operations = 0, pool_bytes = 0;
  std::uint64_t disk_free = 0;
  bool is_disk_low = false;  // below the reserve, or not far enough above it again
  std::vector<PeerInfo> peers;
};

// How far the network is: its own, or what more seated peers than may be faulty say.
[[nodiscard]] std::uint64_t believed_head(const NodeInfo& info);

// Named checks of /readyz (surface 5.1): true is good.
struct Probe {
  std::string name;
  bool ok = false;
  std::string detail;
};

// Entries of one position (ledger 9.3, 10): no one can be left out or put in without breaking the
// chain, from opening_chain to the position's own.
struct StatementEntry {
  ledger::EntryEvent entry;
  crypto::Bytes canonical;  // what is hashed into the chain
};
struct Statement {
  std::uint64_t after = 0;  // number of the entry before the first one
  crypto::Hash opening_chain;
  ledger::Amount opening_balance;
  std::vector<StatementEntry> entries;  // ascending, without a gap
};
// A place in the order of the ledger's events; n counts those of a block from 1.
struct EventPlace {
  std::uint64_t height = 0;
  std::uint32_t n = 0;
  friend bool operator==(const EventPlace&, const EventPlace&) = default;
};

// The node began with a snapshot, and has entries only from some block above it on.
struct StatementNotHeld {
  std::uint64_t held_after = 0;  // ask for what comes after this one, or ask another node
};

// A proof that is held here (protocol R46), and whose seat it was: both empty if the stored ledger
// does not reach that epoch yet.
struct EvidenceInfo {
  std::uint32_t institution = 0;
  crypto::PublicKey key;
  consensus::Evidence evidence;
};

// More validators lied than the network can bear (protocol R11).
struct BreachInfo {
  consensus::BreachRecord record;
  std::vector<std::uint32_t> seats;  // institutions of its epoch; empty if that is not known here
};

// One snapshot that is held here (protocol R34).
struct SnapshotInfo {
  consensus::Height height;
  consensus::WallTime time;  // of its block
  crypto::Hash manifest;     // digest
  std::uint64_t chunks = 0;
  std::uint64_t chunk_bytes = 0;
  bool certified = false;
  bool local = false;  // made on command: never voted for or served
};

class Service {
 public:
  virtual ~Service() = default;

  [[nodiscard]] virtual const config::CheckedGenesis& genesis() const = 0;

  // Checks form and signatures off the caller's thread, admits, and answers. The operation is in
  // memory only.
  virtual void submit(crypto::Bytes signed_operation, std::function<void(SubmitAnswer)> done) = 0;
  // The status now.
  [[nodiscard]] virtual OperationInfo operation(std::uint32_t actor, const OpId& op_id) = 0;
  // Of the last ones, in memory only.
  [[nodiscard]] virtual std::optional<OperationTrace> trace(std::uint32_t actor,
                                                            const OpId& op_id) = 0;
  // Answers when the status is final or the time is over, with the status then. False: too many
  // waiters; `done` is not called. Touches no consensus state.
  virtual bool wait(std::uint32_t actor, const OpId& op_id, std::chrono::milliseconds timeout,
                    std::function<void(OperationInfo)> done) = 0;
  // Who waits is answered with the status as it is, and from now on wait() says false.
  virtual void stop_waiting() = 0;
  // Of a client of clients.toml that asks: when its certificate ends, so that an ended one is told
  // of.
  virtual void client_shows(const std::string& client,
                            std::chrono::sys_seconds certificate_end) = 0;

  [[nodiscard]] virtual std::shared_ptr<const ReadView> read() = 0;
  [[nodiscard]] virtual std::optional<HeaderInfo> header(consensus::Height height) = 0;
  [[nodiscard]] virtual std::optional<BlockInfo> block(consensus::Height height) = 0;
  // Of an attested block. nullopt: not attested yet, or below the snapshot that the node began
  // with.
  [[nodiscard]] virtual std::optional<BlockEvents> events(consensus::Height height) = 0;
  // Of a position as a read view shows it; at most `limit` entries after the given one.
  [[nodiscard]] virtual std::expected<Statement, StatementNotHeld> statement(
      ledger::TokenId token, const ledger::AccountId& account, const ledger::Position& position,
      std::uint64_t after, std::size_t limit) = 0;
  // Shows the events of the operation's payments, unless it is a bulk, whose payments are of many
  // payees. nullopt before a final recorded outcome.
  [[nodiscard]] virtual std::optional<receipt::Receipt> receipt(std::uint32_t actor,
                                                                const OpId& op_id) = 0;
  // Of the outcome that this event belongs to, without the body; shows this event alone.
  [[nodiscard]] virtual std::optional<receipt::Receipt> receipt_of_event(EventPlace place) = 0;

  // How many of these entries were made before a time.
  [[nodiscard]] virtual std::expected<std::uint64_t, StatementNotHeld> entries_before(
      ledger::TokenId token, const ledger::AccountId& account, const ledger::Position& position,
      consensus::WallTime time) = 0;
  // A position as it stands now, with its way to the state root of the newest header, which need
  // not be attested yet. False: too many ask at once, and `done` is not called. nullopt: there is
  // none, or the node stops.
  [[nodiscard]] virtual bool prove(
      ledger::TokenId token, const ledger::AccountId& account,
      std::function<void(std::optional<receipt::PositionProof>)> done) = 0;
  // Adds to a proof's header why it is to be believed. False: a quorum has not attested it yet.
  [[nodiscard]] virtual bool attest(receipt::Attested& proof) = 0;

  [[nodiscard]] virtual NodeInfo info() = 0;
  [[nodiscard]] virtual Measures measures() = 0;
  [[nodiscard]] virtual std::vector<ViewInfo>
  views() = 0;  // of this run, the last ones; oldest first
  [[nodiscard]] virtual std::vector<SnapshotInfo> snapshots() = 0;  // ascending height
  [[nodiscard]] virtual std::vector<EvidenceInfo> evidence() = 0;   // oldest first
  [[nodiscard]] virtual std::optional<BreachInfo> breach() = 0;
  // Of the log, until the end of the process.
  virtual void set_log_level(config::LogLevel level) = 0;
  [[nodiscard]] virtual std::vector<Probe> live() = 0;
  [[nodiscard]] virtual std::vector<Probe> ready() = 0;
};

}  // namespace giro::runtime
