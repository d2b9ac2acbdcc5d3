// What cannot be while at most f are faulty: other proofs that something is final than those that
// are held here (protocol R11, R27; the end of section 13). The votes end for good, and both proofs
// are kept.
#include <algorithm>

#include "consensus/limits.h"
#include "consensus/replica_state.h"

namespace giro::consensus {

// All that it holds is of one.
Epoch epoch_of(const BreachRecord& record) {
  for (const auto* proof : {&record.their_proof, &record.our_proof}) {
    if (*proof) return (*proof)->content.epoch;
  }
  if (record.new_view) return record.new_view->epoch;
  return record.blocks.empty() ? Epoch{} : record.blocks.front().epoch;
}

// Committed, or under a commit certificate whose block may not be here. None: nothing, or it is
// stable and was released.
std::optional<Hash> Replica::State::final_at(Height height) const {
  if (height <= committed) return chain.hash_at(height);
  const auto commit = commits.find(height);
  if (commit == commits.end()) return std::nullopt;
  return commit->second.content.digest;
}

// Of the block itself, or of the nearest committed one above it.
std::optional<Certificate> Replica::State::proof_of(Height height) const {
  const auto commit = commits.lower_bound(height);
  if (commit != commits.end() && (commit->first == height || commit->first <= committed))
    return commit->second;
  const auto proof = chain_proofs.lower_bound(height);
  if (proof != chain_proofs.end()) return proof->second.attest;
  if (stable >= height) return stable_proof;
  return std::nullopt;
}

const Certificate* Replica::State::attested_at(Height height) const {
  if (const auto proof = proofs.find(height); proof != proofs.end()) return &proof->second;
  if (const auto proof = chain_proofs.find(height); proof != chain_proofs.end())
    return &proof->second.attest;
  const bool is_stable = stable_proof && stable_proof->content.height == height &&
                         stable_proof->content.epoch == set.epoch;
  return is_stable ? &*stable_proof : nullptr;
}

namespace {

std::vector<Block> first_of(const std::vector<Block>& blocks, Height from) {
  std::vector<Block> first;
  std::size_t bytes = 0;
  for (const Block& block : blocks) {
    if (block.height < from) continue;
    bytes += kBlockOverheadBytes + block.batches.size() * sizeof(Hash);
    if (bytes > kPushBytesMax) break;
    first.push_back(block);
  }
  return first;
}

}  // namespace

// Of this epoch, verified: whether it proves another block, or header, than what is final here.
// Then nothing of it may be used. `blocks` are those that it covers, linked, the last one its own;
// `header` is what it attests. A prepare certificate proves nothing of the kind: after a view
// change another block may stand where one was prepared.
bool Replica::State::refutes(const Certificate& proof, const std::vector<Block>& blocks,
                             const Header* header) {
  const VoteContent& content = proof.content;
  if (content.kind == VoteKind::Prepare) return false;
  BreachRecord found;
  found.their_proof = proof;
  if (header != nullptr) found.header = *header;
  if (content.kind == VoteKind::Attest) {
    const Certificate* held = attested_at(content.height);
    if (held != nullptr && held->content.digest != content.digest) {
      found.height = content.height;
      found.ours = held->content.digest;
      found.theirs = content.digest;
      found.our_proof = *held;
      stop_for(found);
      return true;
    }
    if (header == nullptr) return false;  // its block is not known
  }
  const auto parts_at = [&](Height height, const Hash& hash) {
    const std::optional<Hash> here = final_at(height);
    if (!here || *here == hash) return false;
    found.height = height;
    found.ours = *here;
    found.theirs = hash;
    return true;
  };
  // Where the two part lies lowest: each block names the one below it.
  const auto above = std::ranges::find_if(blocks, [&](const Block& block) {
    return parts_at(Height{block.height.value - 1}, block.parent);
  });
  const Hash& top = header != nullptr ? header->block : content.digest;
  if (above == blocks.end() && !parts_at(content.height, top))
    return chain.hash_at(content.height) == top && forks_below(content.height, proof);
  found.our_proof = proof_of(found.height);
  if (!breach) found.blocks = first_of(blocks, found.height);
  stop_for(found);
  return true;
}

// The chain up to there is about to be committed, and a commit certificate of another block below
// it is held: a prepare certificate brought that chain here.
bool Replica::State::forks_below(Height height, const std::optional<Certificate>& proof) {
  for (Height next{committed.value + 1}; next <= height; next = {next.value + 1}) {
    const auto commit = commits.find(next);
    const Hash& hash = chain.find(next)->hash;
    if (commit == commits.end() || commit->second.content.digest == hash) continue;
    stop_for({next, commit->second.content.digest, hash, commit->second, proof, {}, {}, {}});
    return true;
  }
  return false;
}

// What cannot be if the view begins there: a block committed in a lower view that it does not
// extend (R27), or one committed in the view itself, at its start or below, and not on the chain
// that a quorum of the view prepared. Without that quorum the primary alone may have begun it
// twice. What was committed in the view above its start is no conflict; certificates of what is
// stable are not kept; and where votes ended in the view (R11) its start was not followed.
const Certificate* Replica::State::commit_beside(const Anchor& start) const {
  if (abstain) return nullptr;
  const auto begun = prepared.find(start.height);
  const bool is_prepared = begun != prepared.end() && begun->second.content.digest == start.hash;
  const auto beside = std::ranges::find_if(commits, [&](const auto& entry) {
    const auto& [height, certificate] = entry;
    const bool is_above = height > start.height;
    const bool parts = chain.hash_at(height) != certificate.content.digest;
    if (certificate.content.view < view) return is_above || parts;
    return is_prepared && !is_above && parts;
  });
  return beside == commits.end() ? nullptr : &beside->second;
}

// R27: the view begins beside a committed block.
bool Replica::State::refutes_start(const Anchor& start) {
  const Certificate* commit = commit_beside(start);
  if (commit != nullptr) stop_for_anchor(*commit, start);
  return commit != nullptr;
}

void Replica::State::stop_for_anchor(const Certificate& commit, const Anchor& start) {
  const VoteContent& content = commit.content;
  BreachRecord found{content.height, content.digest, start.hash, commit, {}, {}, new_view, {}};
  if (const auto began = prepared.find(start.height);
      began != prepared.end() && began->second.content.digest == start.hash)
    found.their_proof = began->second;
  stop_for(found);
}

// A quorum broke R5. What is certified is followed all the same.
void Replica::State::stop_for_repeat(const Block& block, const Hash& hash) {
  stop_for({block.height, {}, hash, {}, {}, {}, {}, {block}});
}

// The first is kept: one is enough, and more would let the culprits write our log.
void Replica::State::stop_for(const BreachRecord& found) {
  if (breach) {
    refuse(RejectReason::ConflictsWithCommitted);
  } else {
    out.persist.push_back(found);
    remember(found);
  }
  if (found.their_proof) watch_own_key(*found.their_proof);
  accuse(found);
}

void Replica::State::remember(const BreachRecord& known) {
  breach = known;
  emit(EventType::BreachFound, known.height, known.ours);
  out.events.back().other = known.theirs;
  stop_voting(RejectReason::ConflictsWithCommitted);
}

// R46. The signers of both certificates, if they are of one place; and who promised to leave a view
// without the block that it had committed there. Nobody else: a correct member may have signed for
// both blocks of one height, in different views, and what a quorum attested proves nothing where
// quorums lie.
void Replica::State::accuse(const BreachRecord& found) {
  const auto accuse_of = [&](const Evidence& evidence_against) {
    if (contradicts(evidence_against)) on_evidence(evidence_against);
  };
  const auto votes_of = [](const std::optional<Certificate>& certificate) {
    std::vector<Vote> cast;
    if (!certificate) return cast;
    for (const auto& [voter, signature] : certificate->signatures)
      cast.push_back({certificate->content, voter, signature});
    return cast;
  };
  const std::vector<Vote> ours = votes_of(found.our_proof);
  const std::vector<Vote> theirs = votes_of(found.their_proof);
  for (const Vote& first : ours) {
    for (const Vote& second : theirs) accuse_of(ConflictingVotes{first, second});
  }
  std::vector<ViewChange> promises;
  for (const auto& [voter, message] : changes) promises.push_back(message.change);
  if (found.new_view)
    promises.insert(promises.end(), found.new_view->changes.begin(), found.new_view->changes.end());
  for (const auto* commits_cast : {&ours, &theirs}) {
    for (const Vote& commit : *commits_cast) {
      for (const ViewChange& change : promises) accuse_of(ForgottenCommit{commit, change});
    }
  }
}

}  // namespace giro::consensus
