// What a replica starts from: a fresh chain, or what the log remembers (protocol R38).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "consensus/output.h"

namespace giro::consensus {

// Ids that blocks have named and that must not be named again until block time has passed their
// expiry (protocol R5).
struct OrderedId {
  Hash id;
  WallTime expires_at;
};

// The last block of the epoch before, on which this one stands.
struct EpochBase {
  Height height;
  Hash block;
  Hash header;  // its hash
};

// The newest CeilingRecord of a log, and the one before it.
struct LoggedCeilings {
  std::optional<CeilingRecord> last;
  std::optional<CeilingRecord> before;
};

// What a key promised: it binds that key alone, and binds it for good (protocol R43).
struct Promises {
  LoggedCeilings ceilings;
  std::vector<VoteContent> votes;
  std::vector<VoteContent> snapshot_votes;
  std::optional<ProvenViewChange> own_change;
  std::optional<NewView> new_view_intent;
  std::optional<Floor> amnesic_below;
  std::optional<Floor> floor;
};

struct RecoveredState {
  ValidatorSet set;  // of the present epoch
  EpochBase epoch_base;
  View first_view;  // of the epoch
  View view;
  std::optional<ProvenViewChange> own_change;  // for this view, not signed
  std::optional<NewView> new_view;             // adopted, of this view
  std::optional<NewView> new_view_intent;      // own, for this view, not signed
  Header executed;  // of the highest block whose effects are in the store; block 0 on a fresh chain
  Hash executed_hash;  // its header hash
  Height stable;  // above executed.height only if the store lost its newest writes: then they are
                  // redone
  std::optional<Certificate> stable_proof;
  std::optional<Certificate> high;
  Height base;     // the lower of stable and executed: the chain below it is final and in the store
  Hash base_hash;  // of its block
  WallTime base_time;
  std::vector<Block>
      chain;         // above base, ascending, linked: executed, then committed, then accepted ones
  Height committed;  // >= executed.height
  std::vector<Block> abandoned;           // above stable, replaced by others since
  std::vector<Certificate> certificates;  // prepare and commit above stable, in log order
  std::vector<VoteContent> votes;         // own votes above stable, in log order
  std::vector<Header> unstable_headers;   // stable+1 .. executed, for attest votes; from the store
  std::vector<BatchPtr> batches;          // held and not named by an executed block
  std::vector<OrderedId> ordered;         // named by executed blocks
  // From the store, not the log: when the last height of the epoch is executed and not stable, the
  // members of the next one.
  std::optional<std::vector<Member>> next_members;
  std::vector<ChainProofRecord> chain_proofs;  // above stable
  bool abstain = false;                        // R11: no more votes in (epoch, view)
  // R39: set while what was signed up to there is not remembered.
  std::optional<Floor> amnesic_below;
  std::optional<Floor> floor;               // of an amnesia that is over: for the guard
  std::vector<Evidence> evidence;           // the newest, to be written again
  std::optional<BreachRecord> breach;       // the first: no more votes, with whichever key
  std::vector<VoteContent> snapshot_votes;  // own, the newest: for the guard
  // R39: set while there is no sign state, and so no telling what was signed. The number of the
  // search for a floor: another one in every life of the process.
  std::optional<std::uint64_t> floor_search;
  // Whose the promises above are, by the log; and what a statement repeats beside them.
  std::optional<crypto::PublicKey> key;
  LoggedCeilings ceilings;
  std::map<crypto::PublicKey, Promises> other_keys;

  // Genesis: block 0 executed and stable, epoch 0, view 0.
  [[nodiscard]] static RecoveredState fresh(ValidatorSet genesis_set, const Header& genesis,
                                            const Hash& header_hash);
};

// What a sign state and the log beside it say of one another (protocol R37).
enum class Memory : std::uint8_t {
  Complete,
  LogBehind,        // it does not know the sign state's last record: amnesic up to the ceiling
  SignStateBehind,  // more than one record behind: restored from a copy, and as good as missing
};
// A record is known if the log has it word for word. A number alone would do for one life of the
// key; a log restored from before a sign state was lost and made anew may have the number as well.
[[nodiscard]] Memory compare(const CeilingRecord& sign_state, const LoggedCeilings& logged);
// What the key may have signed below that ceiling: nothing lies above the end of the ceiling's
// epoch, whose height runs ahead of what was signed.
[[nodiscard]] Floor floor_below(const CeilingRecord& ceiling, std::uint64_t epoch_blocks);

// Feeds on the log's records in order and forgets what `executed` makes superfluous as it goes, so
// that memory follows what is open and not the length of the log.
class Recovery {
 public:
  // From the store: the header of the highest executed block and of those below it that may not be
  // stable yet.
  Recovery(const Hash& chain, ValidatorSet genesis_set, const Hash& genesis_header,
           std::uint64_t epoch_blocks, Header executed, Hash executed_hash,
           std::vector<Header> recent_headers);
  // Where the chain begins for a store that began with a snapshot, before anything is applied: of
  // what the log says below it only promises count (protocol R31).
  void begin_at(const BaseRecord& snapshot);
  // Ids that executed blocks named, from the store, before anything is applied: a log that was cut
  // may not hold their batches any more (protocol R34).
  void seed_ordered(const std::vector<OrderedId>& ids);
  void apply(const DurableRecord& record);
  // The base of the newest statement in the log; 0 if there is none.
  [[nodiscard]] Height stated() const;
  // The log does not lead from the store to there: it was cut, or began with a snapshot, and the
  // store that went with it is lost. finish() must not be called.
  [[nodiscard]] bool has_gap() const;
  // The highest block above the store and up to the highest base whose payload the log lacks: it
  // was followed while a snapshot above it was fetched (protocol R31). A store at or above needs it
  // not; below, finish() may be called, and execution waits for what nobody may hold any more.
  [[nodiscard]] std::optional<Height> lacks_payload() const;
  [[nodiscard]] const std::optional<BreachRecord>& breach() const;  // the first
  [[nodiscard]] const std::vector<VoteContent>& votes() const;      // for the guard
  [[nodiscard]] LoggedCeilings ceilings() const;                    // of the last key
  [[nodiscard]] std::optional<crypto::PublicKey> last_key() const;
  [[nodiscard]] RecoveredState finish() &&;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace giro::consensus
