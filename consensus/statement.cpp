// Everything that a restart needs, written once more, so that the log below it may go (protocol
// R34, R38). Whoever reads the log back forgets what it read before the BaseRecord but for promises
// of the same epoch, and batches, which are not written again: the log is cut below the oldest one
// that is still needed.
#include <iterator>
#include <utility>

#include "consensus/replica_state.h"

namespace giro::consensus {

void Replica::State::on(Restate) {
  out.is_statement = true;
  out.needed_batches = pool.ids();
  if (keys.present) out.persist.push_back(KeyRecord{*keys.present});
  const bool proves_base = stable_proof && stable_proof->content.height == chain.base();
  out.persist.push_back(BaseRecord{set, first_view, epoch_base.height, epoch_base.block,
                                   epoch_base.header, chain.base(), chain.base_hash(),
                                   chain.base_time(), proves_base ? stable_proof : std::nullopt});
  out.persist.push_back(ViewRecord{set.epoch, view});
  state_other_keys();
  state_chain();
  state_promises();
  for (const Evidence& one : evidence) out.persist.push_back(EvidenceRecord{one});
  if (breach) out.persist.push_back(*breach);
}

namespace {

// An amnesia comes after the floor of the one before.
void state_floors(std::vector<DurableRecord>& records, const std::optional<Floor>& past,
                  const std::optional<Floor>& present) {
  if (past) records.emplace_back(FloorRecord{*past});
  if (present) records.emplace_back(AmnesiaRecord{*present});
}

// The newest two: whoever reads the log back compares the sign state with both (protocol R37).
void state_ceilings(std::vector<DurableRecord>& records, const LoggedCeilings& ceilings) {
  if (ceilings.before) records.emplace_back(*ceilings.before);
  if (ceilings.last) records.emplace_back(*ceilings.last);
}

}  // namespace

// The view and what the present key promised in it. The driver adds the ceilings and snapshot votes
// since the start.
void Replica::State::state_promises() {
  state_ceilings(out.persist, keys.ceilings);
  if (own_change) out.persist.push_back(ViewChangeRecord{*own_change});
  if (new_view) out.persist.push_back(NewViewRecord{*new_view});
  if (new_view_intent) out.persist.push_back(NewViewIntentRecord{*new_view_intent});
  if (abstain) out.persist.push_back(AbstainRecord{set.epoch, view});
  // A floor that was found has taken the place of the one before (R39).
  const bool is_found = floor_search && floor_search->found;
  state_floors(out.persist, past_floor, is_found ? floor_search->found : amnesic_below);
  for (const auto& [place, digest] : asked) {
    const auto& [height, kind, at] = place;
    out.persist.push_back(VoteRecord{{kind, set.epoch, at, height, digest}});
  }
  for (const VoteContent& vote : keys.snapshot_votes) out.persist.push_back(VoteRecord{vote});
}

// Each binds its key alone, should that be used again (R43). What is over by then is dropped when
// the log is read back.
void Replica::State::state_other_keys() {
  for (const auto& [key, promised] : keys.others) {
    out.persist.push_back(KeyRecord{key});
    state_ceilings(out.persist, promised.ceilings);
    const auto& change = promised.own_change;
    if (change && change->change.epoch == set.epoch)
      out.persist.push_back(ViewChangeRecord{*change});
    const auto& intent = promised.new_view_intent;
    if (intent && intent->epoch == set.epoch) out.persist.push_back(NewViewIntentRecord{*intent});
    state_floors(out.persist, promised.floor, promised.amnesic_below);
    for (const VoteContent& vote : promised.votes) {
      if (vote.epoch == set.epoch && vote.height > stable) out.persist.push_back(VoteRecord{vote});
    }
    for (const VoteContent& vote : promised.snapshot_votes) out.persist.push_back(VoteRecord{vote});
  }
  if (!keys.others.empty() && keys.present) out.persist.push_back(KeyRecord{*keys.present});
}

// The blocks above the base, what proves them, and what was abandoned. The order is that in which
// they once came: where the store lost its newest writes, blocks first, then what makes them
// stable.
void Replica::State::state_chain() {
  for (const auto& [hash, block] : abandoned.all()) out.persist.push_back(AbandonedRecord{block});
  for (Height next{chain.base().value + 1}; next <= chain.tip(); next = {next.value + 1})
    out.persist.push_back(BlockRecord{chain.find(next)->block});
  if (stable_proof && stable > chain.base())
    out.persist.push_back(CertificateRecord{*stable_proof});
  for (const auto& [height, proof] : chain_proofs) out.persist.push_back(proof);
  for (const auto* certificates : {&commits, &prepared}) {
    for (const auto& [height, certificate] : *certificates)
      out.persist.push_back(CertificateRecord{certificate});
  }
  if (high) out.persist.push_back(CertificateRecord{*high});
}

}  // namespace giro::consensus
