#include "consensus/recovery.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "consensus/limits.h"
#include "crypto/check.h"

namespace giro::consensus {

RecoveredState RecoveredState::fresh(ValidatorSet genesis_set, const Header& genesis,
                                     const Hash& header_hash) {
  RecoveredState state;
  state.set = std::move(genesis_set);
  state.epoch_base = {genesis.height, genesis.block, header_hash};
  state.executed = genesis;
  state.base_hash = genesis.block;
  state.base_time = genesis.time;
  state.executed_hash = header_hash;
  return state;
}

Memory compare(const CeilingRecord& sign_state, const LoggedCeilings& logged) {
  const std::uint64_t known = logged.last ? logged.last->number : 0;
  if (known > sign_state.number + 1) return Memory::SignStateBehind;
  if (sign_state.number == 0) return Memory::Complete;  // nothing was ever signed
  if (known < sign_state.number) return Memory::LogBehind;
  const auto& same = known == sign_state.number ? logged.last : logged.before;
  return same == sign_state ? Memory::Complete : Memory::LogBehind;
}

Floor floor_below(const CeilingRecord& ceiling, std::uint64_t epoch_blocks) {
  return {ceiling.epoch, ceiling.view,
          std::min(ceiling.height, last_height(ceiling.epoch, epoch_blocks))};
}

// Follows the log in its order. Up to the newest stable height the chain is final: its payload is
// forgotten as soon as it lies at or below what the store reflects, its ids while they could be
// named again.
struct Recovery::State {
  struct Place {
    Block block;
    Hash hash;
  };

  Hash chain_id;
  std::uint64_t epoch_blocks = 0;
  RecoveredState result;
  std::map<Height, Header> headers;
  std::map<Height, Place> chain;  // above `forgotten`
  Height forgotten;               // final, and in the store
  Hash forgotten_hash;
  WallTime forgotten_time;
  std::map<Hash, BatchPtr> batches;
  std::map<Hash, WallTime> ordered;
  std::map<Height, ChainProofRecord> proven;
  LoggedCeilings ceilings;  // of `key`, as are the promises in `result`
  std::optional<crypto::PublicKey> key;
  std::map<crypto::PublicKey, Promises> of_other_keys;
  Height stated;          // the base of the newest statement
  Height highest_stated;  // of all of them: a store that was made again stated less than one before
  bool has_gap = false;

  void on(const BatchRecord& record) {
    // Nothing above the executed block can name what expired before it (protocol R5).
    if (record.batch->expires_at < result.executed.time) return;
    if (!ordered.contains(record.batch->id)) batches.emplace(record.batch->id, record.batch);
  }

  void on(const BlockRecord& record) {
    const Height height = record.block.height;
    if (height <= forgotten || height <= result.stable) return;
    const Hash hash = record.block.hash(chain_id);
    const auto known = chain.find(height);
    if (known != chain.end() && known->second.hash == hash) return;
    const auto below = chain.find(Height{height.value - 1});
    const bool links = below != chain.end() ? below->second.hash == record.block.parent
                                            : height.value == forgotten.value + 1 &&
                                                  forgotten_hash == record.block.parent;
    if (!links) return;
    // A later record at this place replaced what stood there and above.
    for (auto place = known; place != chain.end(); ++place)
      result.abandoned.push_back(place->second.block);
    chain.erase(known, chain.end());
    chain.emplace(height, Place{record.block, hash});
  }

  void on(const CertificateRecord& record) {
    const Certificate& certificate = record.certificate;
    if (certificate.content.kind == VoteKind::Attest)
      return on_stable(certificate.content.height, certificate);
    if (certificate.content.epoch == result.set.epoch) note(certificate);
  }

  void note(const Certificate& certificate) {
    if (!result.high || ranks_higher(certificate, *result.high)) result.high = certificate;
    if (certificate.content.height > result.stable) result.certificates.push_back(certificate);
  }

  void on_stable(Height height, const std::optional<Certificate>& proof) {
    if (height <= result.stable) return;
    result.stable = height;
    result.stable_proof = proof;
    std::erase_if(result.certificates,
                  [&](const Certificate& c) { return c.content.height <= height; });
    std::erase_if(result.votes, [&](const VoteContent& vote) { return vote.height <= height; });
    std::erase_if(result.abandoned, [&](const Block& block) { return block.height <= height; });
    std::erase_if(proven, [&](const auto& entry) { return entry.first <= height; });
    forget(std::min(height, result.executed.height));
  }

  // The chain up to here is final and executed.
  void forget(Height height) {
    while (!chain.empty() && chain.begin()->first <= height) {
      const Place& place = chain.begin()->second;
      forget_payload(place.block);
      forgotten = place.block.height;
      forgotten_hash = place.hash;
      forgotten_time = place.block.time;
      chain.erase(chain.begin());
    }
  }

  // Of an executed block: the store has it. Its ids stay while they are unexpired.
  void forget_payload(const Block& block) {
    for (const Hash& id : block.batches) {
      const auto batch = batches.find(id);
      if (batch == batches.end()) continue;
      ordered.emplace(id, batch->second->expires_at);
      batches.erase(batch);
    }
  }

  void on(const VoteRecord& record) {
    if (record.content.kind == VoteKind::Snapshot) return note_snapshot_vote(record.content);
    if (record.content.height <= result.stable) return;
    if (std::ranges::find(result.votes, record.content) == result.votes.end()) {
      result.votes.push_back(record.content);
    }
  }

  void on(const EpochRecord& record) {
    if (record.set.epoch < result.set.epoch) return;  // below the snapshot that this begins with
    GIRO_CHECK(record.last_header.height.value == record.set.epoch.value * epoch_blocks,
               record.last_header.height, record.set.epoch);
    on_stable(record.attest.content.height, record.attest);
    result.set = record.set;
    result.epoch_base = {record.last_header.height, record.last_header.block,
                         record.attest.content.digest};
    begin_epoch(record.first_view);
  }

  void begin_epoch(View first_view) {
    result.first_view = first_view;
    enter(first_view);
    result.high.reset();
    result.certificates.clear();
    result.votes.clear();
  }

  void enter(View view) {
    result.view = view;
    result.abstain = false;
    result.own_change.reset();
    result.new_view.reset();
    result.new_view_intent.reset();
  }

  // True if the record is of the view that is the present one after it.
  bool reach(Epoch epoch, View view) {
    if (epoch != result.set.epoch || view < result.view) return false;
    if (view > result.view) enter(view);
    return true;
  }

  void on(const AmnesiaRecord& record) { result.amnesic_below = record.floor; }

  void on(const FloorRecord& record) {
    result.amnesic_below.reset();
    result.floor = record.floor;
  }

  void on(const ViewRecord& record) { reach(record.epoch, record.view); }

  void on(const ViewChangeRecord& record) {
    const ViewChange& change = record.change.change;
    if (reach(change.epoch, change.view)) result.own_change = record.change;
  }

  void on(const NewViewRecord& record) {
    const NewView& new_view = record.new_view;
    if (!reach(new_view.epoch, new_view.view)) return;
    result.new_view = new_view;
    if (new_view.anchor) note(*new_view.anchor);
  }

  void on(const NewViewIntentRecord& record) {
    if (reach(record.new_view.epoch, record.new_view.view))
      result.new_view_intent = record.new_view;
  }

  void on(const CeilingRecord& record) {
    ceilings.before = ceilings.last;
    ceilings.last = record;
  }

  // The chain is everybody's; promises change with the key. One that comes back finds its own.
  // What stands before the first key is of nobody known: the log was cut there, and the statement
  // above the cut repeats it with its key.
  void on(const KeyRecord& record) {
    if (key == record.key) return;
    Promises left{std::exchange(ceilings, {}),
                  std::exchange(result.votes, {}),
                  std::exchange(result.snapshot_votes, {}),
                  std::exchange(result.own_change, std::nullopt),
                  std::exchange(result.new_view_intent, std::nullopt),
                  std::exchange(result.amnesic_below, std::nullopt),
                  std::exchange(result.floor, std::nullopt)};
    if (key) of_other_keys[*key] = std::move(left);
    if (auto known = of_other_keys.extract(record.key)) remember(std::move(known.mapped()));
    key = record.key;
  }

  // Less what is over since: heights that are stable, views and epochs that were left.
  void remember(Promises promises) {
    ceilings = promises.ceilings;
    result.votes = std::move(promises.votes);
    std::erase_if(result.votes, [&](const VoteContent& vote) {
      return vote.epoch != result.set.epoch || vote.height <= result.stable;
    });
    result.snapshot_votes = std::move(promises.snapshot_votes);
    const auto is_present = [&](Epoch epoch, View view) {
      return epoch == result.set.epoch && view == result.view;
    };
    const auto& change = promises.own_change;
    if (change && is_present(change->change.epoch, change->change.view)) result.own_change = change;
    const auto& intent = promises.new_view_intent;
    if (intent && is_present(intent->epoch, intent->view)) result.new_view_intent = intent;
    result.amnesic_below = promises.amnesic_below;
    result.floor = promises.floor;
  }

  void on(const AbstainRecord& record) {
    if (record.epoch == result.set.epoch && record.view == result.view) result.abstain = true;
  }

  void on(const AbandonedRecord& record) {
    const bool is_known =
        std::ranges::find(result.abandoned, record.block) != result.abandoned.end();
    if (record.block.height > result.stable && !is_known) result.abandoned.push_back(record.block);
  }

  void on(const ChainProofRecord& record) {
    if (record.header.height > result.stable) proven.insert_or_assign(record.header.height, record);
  }

  void on(const EvidenceRecord& record) {  // for people
    if (std::ranges::find(result.evidence, record.evidence) != result.evidence.end()) return;
    result.evidence.push_back(record.evidence);
    if (result.evidence.size() > kEvidenceMax) result.evidence.erase(result.evidence.begin());
  }

  // For good, whatever comes after it.
  void on(const BreachRecord& record) {
    if (!result.breach) result.breach = record;
  }

  // They outlive their height's stability (R34); the guard wants the newest few.
  void note_snapshot_vote(const VoteContent& content) {
    std::vector<VoteContent>& votes = result.snapshot_votes;
    if (std::ranges::find(votes, content) != votes.end()) return;
    votes.push_back(content);
    std::ranges::sort(votes, {}, &VoteContent::height);
    if (votes.size() > kSnapshotVotesKept) votes.erase(votes.begin());
  }

  // A statement of everything (R34), or what an installed snapshot begins with (R31). A store that
  // lost its newest writes may lie below it: then the log was not cut yet, what was read before
  // stands, and what follows only repeats it. Promises and proofs above the base are kept: they are
  // true wherever they stand.
  void on(const BaseRecord& record) {
    stated = record.height;
    highest_stated = std::max(highest_stated, stated);
    // The chain that was read leads there already: what it says above the base stands, and the
    // batches of it, which a statement does not repeat.
    if (record.height <= forgotten) return take_epoch(record);
    if (record.height > result.executed.height) {
      const auto base = chain.find(record.height);
      has_gap = base == chain.end() || base->second.hash != record.block;
      if (has_gap) return;
      // A store that stood here and is lost: what was said above it is of the epoch that it was in.
      on_stable(record.height, record.proof);
      return take_epoch(record);
    }
    has_gap = false;
    begin_at(record);
  }

  [[nodiscard]] std::optional<Height> lacks_payload() const {
    for (auto place = chain.upper_bound(highest_stated); place != chain.begin();) {
      const Block& block = (--place)->second.block;
      if (block.height <= result.executed.height) break;
      const bool is_held =
          std::ranges::all_of(block.batches, [&](const Hash& id) { return batches.contains(id); });
      if (!is_held) return block.height;
    }
    return std::nullopt;
  }

  void begin_at(const BaseRecord& record) {
    take_epoch(record);
    take_base(record);
  }

  // The epoch of the moment it was stated in, however far below the base lies: a store that is
  // made again stands at the genesis for a while, and what is said after it is of this epoch.
  void take_epoch(const BaseRecord& record) {
    if (record.set.epoch <= result.set.epoch) return;
    result.set = record.set;
    result.epoch_base = {record.epoch_height, record.epoch_block, record.epoch_header};
    begin_epoch(record.first_view);
  }

  void take_base(const BaseRecord& record) {
    const auto base = chain.find(record.height);
    const bool continues = base != chain.end() && base->second.hash == record.block;
    for (const auto& [height, place] : chain) {
      if (height <= record.height) forget_payload(place.block);
    }
    chain.erase(chain.begin(), continues ? std::next(base) : chain.end());
    const auto is_below = [&](Height height) { return height <= record.height; };
    std::erase_if(result.certificates, [&](const auto& c) { return is_below(c.content.height); });
    std::erase_if(result.votes, [&](const auto& vote) { return is_below(vote.height); });
    std::erase_if(result.abandoned, [&](const auto& block) { return is_below(block.height); });
    std::erase_if(proven, [&](const auto& entry) { return is_below(entry.first); });
    result.stable = record.height;
    result.stable_proof = record.proof;
    forgotten = record.height;
    forgotten_hash = record.block;
    forgotten_time = record.time;
  }

  [[nodiscard]] bool is_proven_committed(Height height, const Hash& hash) const {
    if (height <= result.stable) return true;
    const auto proof = proven.find(height);
    if (proof != proven.end() && proof->second.header.block == hash) return true;
    return std::ranges::any_of(result.certificates, [&](const Certificate& c) {
      return c.content.kind == VoteKind::Commit && c.content.height == height &&
             c.content.digest == hash;
    });
  }

  // R11: another block is final there, by the first certificate of the height or by a record of two
  // proofs. Then what stands on this one is not final either, whatever proves it.
  [[nodiscard]] bool is_refuted(Height height, const Hash& hash) const {
    const auto first = std::ranges::find_if(result.certificates, [&](const Certificate& c) {
      return c.content.kind == VoteKind::Commit && c.content.height == height;
    });
    if (first != result.certificates.end() && first->content.digest != hash) return true;
    // One of a repeated batch (R5) refutes no block.
    return result.breach && result.breach->ours != Hash{} && result.breach->height == height &&
           result.breach->theirs == hash;
  }

  RecoveredState finish() {
    GIRO_CHECK(forgotten == std::min(result.stable, result.executed.height), forgotten,
               result.stable,
               result.executed.height);  // the log runs ahead of the store, never behind it
    result.base = forgotten;
    result.base_hash = forgotten_hash;
    result.base_time = forgotten_time;
    Hash executed_block = forgotten_hash;
    result.committed = std::max(result.executed.height, result.stable);
    bool may_commit = true;
    for (const auto& [height, place] : chain) {
      if (height <= result.executed.height) forget_payload(place.block);
      if (height == result.executed.height) executed_block = place.hash;
      may_commit = may_commit && (height <= result.committed || !is_refuted(height, place.hash));
      if (may_commit && is_proven_committed(height, place.hash))
        result.committed = std::max(result.committed, height);
      result.chain.push_back(place.block);
    }
    GIRO_CHECK(executed_block == result.executed.block, result.executed.height);
    GIRO_CHECK(result.committed.value <= result.base.value + result.chain.size(), result.committed,
               result.chain.size());
    for (const auto& [height, header] : headers) {
      if (height > result.stable && height <= result.executed.height) {
        result.unstable_headers.push_back(header);
      }
    }
    for (const auto& [height, proof] : proven) result.chain_proofs.push_back(proof);
    for (const auto& [id, batch] : batches) result.batches.push_back(batch);
    for (const auto& [id, expires_at] : ordered) result.ordered.push_back({id, expires_at});
    result.key = key;
    result.ceilings = ceilings;
    result.other_keys = std::move(of_other_keys);
    return std::move(result);
  }
};

Recovery::Recovery(const Hash& chain, ValidatorSet genesis_set, const Hash& genesis_header,
                   std::uint64_t epoch_blocks, Header executed, Hash executed_hash,
                   std::vector<Header> recent_headers)
    : state_(std::make_shared<State>()) {
  state_->chain_id = chain;
  state_->epoch_blocks = epoch_blocks;
  state_->forgotten_hash = chain;
  state_->forgotten_time = executed.time;
  state_->result.set = std::move(genesis_set);
  state_->result.epoch_base = {Height{}, chain, genesis_header};
  state_->result.executed = executed;
  state_->result.executed_hash = executed_hash;
  for (Header& header : recent_headers) state_->headers.emplace(header.height, header);
}

void Recovery::begin_at(const BaseRecord& snapshot) {
  state_->begin_at(snapshot);
}

void Recovery::seed_ordered(const std::vector<OrderedId>& ids) {
  for (const OrderedId& id : ids) state_->ordered.emplace(id.id, id.expires_at);
}

bool Recovery::has_gap() const {
  return state_->has_gap;
}

std::optional<Height> Recovery::lacks_payload() const {
  return state_->lacks_payload();
}

Height Recovery::stated() const {
  return state_->stated;
}

void Recovery::apply(const DurableRecord& record) {
  std::visit([this](const auto& kind) { state_->on(kind); }, record);
}

const std::optional<BreachRecord>& Recovery::breach() const {
  return state_->result.breach;
}

const std::vector<VoteContent>& Recovery::votes() const {
  return state_->result.votes;
}

LoggedCeilings Recovery::ceilings() const {
  return state_->ceilings;
}

std::optional<crypto::PublicKey> Recovery::last_key() const {
  return state_->key;
}

RecoveredState Recovery::finish() && {
  return state_->finish();
}

}  // namespace giro::consensus
