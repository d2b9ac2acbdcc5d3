#include "consensus/types.h"

#include <algorithm>

#include "crypto/digest.h"

namespace giro::consensus {

std::optional<ReplicaId> ValidatorSet::find(InstitutionId institution) const {
  const auto found = std::ranges::find(members, institution, &Member::institution);
  if (found == members.end()) return std::nullopt;
  return ReplicaId{static_cast<std::uint32_t>(found - members.begin())};
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
