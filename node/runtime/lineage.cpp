#include "node/runtime/lineage.h"

#include <utility>

#include "consensus/wire/codec.h"
#include "node/ledger/query.h"
#include "node/runtime/store_rows.h"

namespace giro::runtime {
namespace {

std::vector<consensus::Member> members_of(const std::vector<ledger::Validator>& validators) {
  std::vector<consensus::Member> members;
  members.reserve(validators.size());
  for (const auto& validator : validators)
    members.push_back({{validator.institution}, validator.key});
  return members;
}

}  // namespace

std::optional<consensus::ValidatorSet> set_of_epoch(const ledger::StateView& state,
                                                    consensus::Epoch epoch) {
  const auto record = ledger::query_validators(state, epoch.value);
  if (!record || record->members.empty()) return std::nullopt;
  return consensus::ValidatorSet{epoch, members_of(record->members)};
}

std::optional<std::vector<receipt::SetChange>> Lineage::up_to(consensus::Epoch epoch) {
  Known known;
  {
    const std::lock_guard lock(mutex_);
    known = known_;
  }
  const auto state = store_.read();
  if (known.members.empty()) {
    auto genesis = set_of_epoch(*state, {});
    if (!genesis) return std::nullopt;
    known.members = std::move(genesis->members);
  }
  while (known.epoch < epoch) {
    if (!read_next(*state, known)) return std::nullopt;
  }
  std::vector<receipt::SetChange> changes;
  for (const auto& change : known.changes) {
    if (change.set.epoch <= epoch) changes.push_back(change);
  }
  const std::lock_guard lock(mutex_);
  if (known_.epoch < known.epoch) known_ = std::move(known);
  return changes;
}

bool Lineage::read_next(const ReadView& state, Known& known) const {
  const consensus::Epoch next{known.epoch.value + 1};
  auto change = change_into(store_, state, next, epoch_blocks_);
  if (!change) return false;
  if (*change) {
    auto& [last, attest, members] = **change;
    known.members = members;
    known.changes.push_back({last, std::move(attest.signatures), {next, std::move(members)}});
  }
  known.epoch = next;
  return true;
}

std::expected<std::optional<consensus::SetChange>, NotHeld> change_into(
    const Store& store, const ReadView& state, consensus::Epoch epoch, std::uint64_t epoch_blocks) {
  using Missing = std::unexpected<NotHeld>;
  const consensus::Epoch ended{epoch.value - 1};
  const auto before = set_of_epoch(state, ended);
  const auto after = set_of_epoch(state, epoch);
  if (!before || !after) return Missing(NotHeld{});
  if (before->members == after->members) return std::nullopt;
  const auto last = consensus::last_height(ended, epoch_blocks);
  const auto header = store.header(last);
  auto attest = store.attest_at_or_above(last);
  if (header && attest && attest->content.height == last)
    return consensus::SetChange{*header, std::move(*attest), after->members};
  const auto row = state.get(rows::lineage_key(epoch));
  auto kept = row ? consensus::wire::decode_lineage(*row)
                  : std::unexpected(consensus::RejectReason::Malformed);
  if (!kept || kept->size() != 1 || kept->front().members != after->members)
    return Missing(NotHeld{});
  return std::move(kept->front());
}

std::optional<AdmittedPeers> admitted_peers(const ledger::StateView& state,
                                            consensus::Epoch epoch) {
  const auto present = ledger::query_validators(state, epoch.value);
  if (!present) return std::nullopt;
  // The last block of an epoch has settled the next set; before that a change may be pending.
  const auto settled = ledger::query_validators(state, epoch.value + 1);
  AdmittedPeers peers;
  for (const auto& member : present->members)
    peers.emplace(consensus::InstitutionId{member.institution}, PeerKeys{member.key, {}});
  for (const auto& member : settled ? settled->members : present->next) {
    const auto [peer, is_new] = peers.try_emplace({member.institution}, PeerKeys{member.key, {}});
    if (!is_new && peer->second.key != member.key) peer->second.other_key = member.key;
  }
  for (const auto& [id, institution] : ledger::query_institutions(state)) {
    const bool is_out = institution.status != ledger::InstitutionStatus::Active;
    if (is_out || institution.observer_key == crypto::PublicKey{}) continue;
    peers.try_emplace({id}, PeerKeys{institution.observer_key, {}});
  }
  return peers;
}

}  // namespace giro::runtime
