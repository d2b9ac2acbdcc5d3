#include "consensus/types.h"

#include <algorithm>

#include "crypto/digest.h"

namespace giro::consensus {

std::optional<ReplicaId> ValidatorSet::find(InstitutionId institution) const {
  const auto found = std::ranges::find(members, institution, &Member::institution);
  if (found == members.end()) return std::nullopt;
  return ReplicaId{static_cast<std::uint32_t>(found - members.begin())};
}

std::optional<ReplicaId> ValidatorSet::find(const Member& member) const {
  const std::optional<ReplicaId> seat = find(member.institution);
  return seat && at(*seat).key == member.key ? seat : std::nullopt;
}

// Both are in order of institution id: they are walked side by side.
std::size_t changed_seats(const std::vector<Member>& before, const std::vector<Member>& after) {
  std::size_t changed = 0;
  auto old = before.begin();
  auto now = after.begin();
  while (old != before.end() || now != after.end()) {
    const bool is_gone =
        now == after.end() || (old != before.end() && old->institution < now->institution);
    const bool is_new = !is_gone && (old == before.end() || now->institution < old->institution);
    if (is_gone || is_new || old->key != now->key) ++changed;
    if (!is_new) ++old;
    if (!is_gone) ++now;
  }
  return changed;
}

Hash ValidatorSet::digest(const Hash& chain) const {
  Bytes bytes;
  crypto::Writer writer(bytes);
  writer.text("giro/set/v1").raw(chain).u64(epoch.value).u64(members.size());
  for (const Member& member : members) writer.u64(member.institution.value).raw(member.key);
  return crypto::sha256(bytes);
}

Hash Block::hash(const Hash& chain) const {
  if (height.value == 0) return chain;  // block 0 is genesis: its hash is the chain id
  Bytes bytes;
  bytes.reserve(160 + batches.size() * 32);
  crypto::Writer writer(bytes);
  writer.text("giro/block/v1").raw(chain).u64(epoch.value).u64(view.value).u64(height.value);
  writer.raw(parent).u64(static_cast<std::uint64_t>(time.ms)).u64(batches.size());
  for (const Hash& batch : batches) writer.raw(batch);
  return crypto::sha256(bytes);
}

Bytes Header::canonical(const Hash& chain) const {
  Bytes bytes;
  bytes.reserve(320);
  crypto::Writer writer(bytes);
  writer.text("giro/header/v1").raw(chain).u64(epoch.value).u64(height.value).raw(block);
  writer.u64(static_cast<std::uint64_t>(time.ms)).raw(previous);
  writer.raw(state_root).raw(outcomes_root).raw(totals_root);
  writer.raw(next_set).u64(next_first_view.value).u64(rules_version);
  return bytes;
}

Hash Header::hash(const Hash& chain) const {
  return crypto::sha256(canonical(chain));
}

}  // namespace giro::consensus
