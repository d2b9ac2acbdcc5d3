// The end of an epoch and the beginning of the next (protocol R41, R42).
#include "consensus/replica_state.h"
#include "crypto/check.h"

namespace giro::consensus {

void Replica::State::enter_next_epoch(const Header& last, const Certificate& attest) {
  GIRO_CHECK(committed == last.height && executed == last.height && chain.tip() == last.height,
             committed, executed, chain.tip());
  ValidatorSet next{Epoch{set.epoch.value + 1}, next_members.value_or(set.members)};
  GIRO_CHECK(next.digest(chain_id) == last.next_set, next.epoch);
  out.persist.push_back(EpochRecord{next, last.next_first_view, last, attest});
  const InstitutionId primary_before = set.at(set.primary(view)).institution;
  set = std::move(next);
  me = set.find(self);
  view = last.next_first_view;  // active at once; its anchor is the last block (R42)
  epoch_base = {last.height, last.block, attest.content.digest};
  first_view = view;
  stage = Stage::Active;
  anchor.reset();
  anchor_fetch.reset();
  opening = false;
  new_view.reset();
  own_change.reset();
  changes.clear();
  stragglers.clear();
  new_view_asked = false;
  changes_since.reset();
  committed_at_entry = committed;
  out.view_change.reset();
  out.new_view.reset();
  high.reset();
  abstain = false;
  next_members.reset();
  prepare_asked = stable;
  votes = VoteBook(set.size());
  waiting.clear();
  prepared.clear();
  commits.clear();
  proofs.clear();
  headers.clear();
  asked.clear();
  guilty.clear();
  suspicions.clear();
  if (set.at(set.primary(view)).institution != primary_before) censorship.reset();
  std::map<InstitutionId, Peer> members;
  for (const InstitutionId id : others()) members.emplace(id, std::move(peers[id]));
  peers = std::move(members);
  if (floor_search)
    std::erase_if(floor_search->answers, [&](const auto& entry) { return !set.find(entry.first); });
  for (auto& [id, peer] : peers) peer.suspects.reset();
  last_block = now.steady;
  last_commit = now.steady;
  emit(EventType::EpochEntered, stable, last.next_set);
  send_status();  // who is here already sends what it has of the new epoch (R22)
}

}  // namespace giro::consensus
