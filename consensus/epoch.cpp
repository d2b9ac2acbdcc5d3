// The end of an epoch and the beginning of the next, with the same members or others (protocol R41
// to R43).
#include "consensus/replica_state.h"
#include "crypto/check.h"
#include "crypto/mutant.h"

namespace giro::consensus {

void Replica::State::enter_next_epoch(const Header& last, const Certificate& attest) {
  GIRO_CHECK(committed == last.height && executed == last.height && chain.tip() == last.height,
             committed, executed, chain.tip());
  ValidatorSet next{Epoch{set.epoch.value + 1},
                    GIRO_MUTANT(6) ? set.members : next_members.value_or(set.members)};
  GIRO_CHECK(next.digest(chain_id) == last.next_set || GIRO_MUTANT(6), next.epoch);
  const std::size_t changed = changed_seats(set.members, next.members);
  GIRO_CHECK(changed <= set.faults() && next.size() <= kMembersMax, changed, next.size());
  GIRO_CHECK(changed == 0 || next.size() >= kMembersMin, changed, next.size());
  out.persist.push_back(EpochRecord{next, last.next_first_view, last, attest});
  const InstitutionId primary_before = set.at(set.primary(view)).institution;
  take_seats(std::move(next));
  view = last.next_first_view;  // active at once; its anchor is the last block (R42)
  epoch_base = {last.height, last.block, attest.content.digest};
  first_view = view;
  stage = Stage::Active;
  anchor.reset();
  anchor_fetch.reset();
  opening = false;
  new_view.reset();
  own_change.reset();
  new_view_intent.reset();
  changes.clear();
  stragglers.clear();
  new_view_asked = false;
  changes_since.reset();
  committed_at_entry = committed;
  out.view_change.reset();
  out.new_view.reset();
  if (!GIRO_MUTANT(35)) high.reset();
  abstain = false;
  next_members.reset();
  prepare_asked = stable;
  votes = VoteBook(set.size());
  waiting.clear();
  prepared.clear();
  commits.clear();
  proofs.clear();
  chain_proofs.clear();
  headers.clear();
  asked.clear();
  guilty.clear();
  suspicions.clear();
  if (set.at(set.primary(view)).institution != primary_before) censorship.reset();
  last_block = now.steady;
  last_commit = now.steady;
  emit(EventType::EpochEntered, stable, last.next_set);
  send_status();  // who is here already sends what it has of the new epoch (R22)
}

// Who is known to be ahead stays known, with a seat or without.
void Replica::State::take_seats(ValidatorSet next) {
  const bool was_member = me.has_value();
  // An answer stays while its member does, with its key: another key's process may have seen more.
  if (floor_search) {
    std::erase_if(floor_search->answers, [&](const auto& entry) {
      const auto seat = set.find(entry.first);
      return !seat || !next.find(set.at(*seat));
    });
  }
  set = std::move(next);
  me = GIRO_MUTANT(37) ? set.find(self) : set.find(Member{self, own_key});
  std::map<InstitutionId, Peer> members;
  for (const InstitutionId id : others()) {
    auto known = peers.extract(id);
    if (known.empty()) known = outsiders.extract(id);
    members.emplace(id, known.empty() ? Peer{} : std::move(known.mapped()));
  }
  outsiders.merge(peers);
  std::erase_if(outsiders, [&](const auto& entry) {
    const std::optional<Status>& status = entry.second.status;
    return !status || status->epoch <= set.epoch;
  });
  peers = std::move(members);
  for (auto& [id, peer] : peers) peer.suspects.reset();
  say_role(was_member);
}

// An observer follows: nothing of it counts, and nothing is signed (R43).
void Replica::State::say_role(bool was_member) {
  if (me.has_value() == was_member) return;
  if (me) return emit(EventType::Joined, stable);
  // Detail: our own seat is held with another key.
  emit(EventType::Observing, stable, {}, set.find(self) ? self.value : 0);
}

}  // namespace giro::consensus
