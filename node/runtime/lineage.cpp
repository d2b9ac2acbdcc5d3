#include "node/runtime/lineage.h"

#include <utility>

#include "consensus/wire/codec.h"
#include "node/ledger/query.h"
#include "node/runtime/store_rows.h"

namespace giro::runtime {
namespace {

// Looked through for each question, where what is before them is not held.
constexpr std::uint64_t kEpochsMax = 200'000;

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
  const auto known = known_to(epoch);
  if (known->epoch < epoch) return std::nullopt;
  std::vector<receipt::SetChange> changes;
  for (const auto& [into, change] : known->changes) {
    if (into <= epoch)
      changes.push_back({change.last, change.attest.signatures, {into, change.members}});
  }
  return changes;
}

std::optional<std::vector<consensus::SetChange>> Lineage::between(consensus::Epoch from,
                                                                  consensus::Epoch to) {
  if (from > to) return std::nullopt;
  auto known = known_to(to);
  if (known->epoch < to) {  // some change since genesis is not held; and of these?
    if (to.value - from.value > kEpochsMax) return std::nullopt;
    const auto state = store_.read();
    Known later{from, {}};
    while (later.epoch < to) {
      if (!read_next(*state, later)) return std::nullopt;
    }
    known = std::make_shared<const Known>(std::move(later));
  }
  std::vector<consensus::SetChange> changes;
  for (const auto& [into, change] : known->changes) {
    if (into > from && into <= to) changes.push_back(change);
  }
  return changes;
}

std::shared_ptr<const Lineage::Known> Lineage::known_to(consensus::Epoch epoch) {
  std::shared_ptr<const Known> known;
  {
    const std::lock_guard lock(mutex_);
    known = known_;
  }
  if (known->epoch >= epoch) return known;
  Known further = *known;
  const auto state = store_.read();
  while (further.epoch < epoch && read_next(*state, further)) {
  }
  known = std::make_shared<const Known>(std::move(further));
  const std::lock_guard lock(mutex_);
  if (known_->epoch < known->epoch) known_ = known;
  return known;
}

bool Lineage::read_next(const ReadView& state, Known& known) const {
  const consensus::Epoch next{known.epoch.value + 1};
  auto change = change_into(store_, state, next, epoch_blocks_);
  if (!change) return false;
  if (*change) known.changes.emplace_back(next, std::move(**change));
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
