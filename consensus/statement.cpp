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
  const bool proves_base = stable_proof && stable_proof->content.height == chain.base();
  out.persist.push_back(BaseRecord{set, first_view, epoch_base.height, epoch_base.block,
                                   epoch_base.header, chain.base(), chain.base_hash(),
                                   chain.base_time(), proves_base ? stable_proof : std::nullopt});
  state_view();
  state_chain();
  for (const auto& [place, digest] : asked) {
    const auto& [height, kind, at] = place;
    out.persist.push_back(VoteRecord{{kind, set.epoch, at, height, digest}});
  }
  for (const Evidence& one : evidence) out.persist.push_back(EvidenceRecord{one});
}

// The view and what was promised in it; the floor before an amnesia that came after it.
void Replica::State::state_view() {
  out.persist.push_back(ViewRecord{set.epoch, view});
  if (own_change) out.persist.push_back(ViewChangeRecord{*own_change});
  if (new_view) out.persist.push_back(NewViewRecord{*new_view});
  if (new_view_intent) out.persist.push_back(NewViewIntentRecord{*new_view_intent});
  if (abstain) out.persist.push_back(AbstainRecord{set.epoch, view});
  if (past_floor) out.persist.push_back(FloorRecord{*past_floor});
  if (amnesic_below) out.persist.push_back(AmnesiaRecord{*amnesic_below});
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
