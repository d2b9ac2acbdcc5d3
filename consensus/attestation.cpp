// What execution gave, what others say it gave, and what becomes stable (protocol R16, R17).
#include <algorithm>

#include "consensus/replica_state.h"
#include "crypto/check.h"
#include "crypto/mutant.h"

namespace giro::consensus {

void Replica::State::on(Executed&& result) {
  const Header& header = result.header;
  if (header.height <= executed) return refuse(RejectReason::OldHeight);
  GIRO_CHECK(header.height.value == executed.value + 1 && header.height <= handed, header.height,
             executed);
  GIRO_CHECK(header.block == chain.hash_at(header.height), header.height);
  executed = header.height;
  executed_hash = result.header_hash;
  for (const Hash& id : chain.find(executed)->block.batches) pool.forget(id);
  if (executed == last_height()) next_members = std::move(result.next_members);
  emit(EventType::Executed, executed, executed_hash);
  if (executed <= stable) {  // done again, after the store lost it
    if (executed == stable && stable_proof && stable_proof->content.digest != executed_hash)
      diverge({.epoch = set.epoch, .height = executed, .ours = header, .attest = stable_proof});
    return chain.release(executed);
  }
  headers.emplace(executed, OwnHeader{header, executed_hash});
  if (const auto proof = proofs.find(executed); proof != proofs.end()) {
    const Certificate attest = proof->second;
    learn_proof(attest);
  }
  if (executed > stable) try_stable(executed);
  // Below a height that others made stable nobody counts our vote any more.
  const bool is_late = !proofs.empty() && proofs.rbegin()->first > executed;
  const VoteContent content{VoteKind::Attest, set.epoch, View{}, executed, executed_hash};
  // A damaged store that was rebuilt gives another result than we once attested: no second vote.
  const bool is_other = asked.contains({executed, VoteKind::Attest, View{}}) && !remembers(content);
  if (executed > stable && may_vote() && !is_late && !is_other) ask_vote(content);
}

// What is executed and was not attested when it was: before a restart, or while the disk was full.
void Replica::State::attest_executed() {
  for (const auto& [height, header] : headers) {
    if (asked.contains({height, VoteKind::Attest, View{}})) continue;
    ask_vote({VoteKind::Attest, set.epoch, View{}, height, header.hash});
  }
}

void Replica::State::try_stable(Height height) {
  const auto own_header = headers.find(height);
  if (own_header == headers.end()) return;
  const VoteContent content{VoteKind::Attest, set.epoch, View{}, height, own_header->second.hash};
  auto others = votes.contradicting(content);
  if (others.size() >= set.weak_quorum()) {
    return diverge({.epoch = set.epoch,
                    .height = height,
                    .ours = own_header->second.header,
                    .votes = std::move(others)});
  }
  const std::size_t quorum = GIRO_MUTANT(4) ? set.weak_quorum() : set.quorum();
  if (votes.count(content) >= quorum)
    return make_stable(height, votes.certificate(content, quorum));
  if (GIRO_MUTANT(25) && height == last_height()) make_stable(height, {content, {}});
}

void Replica::State::on(const AttestProof& proof, InstitutionId) {
  const VoteContent& content = proof.attest.content;
  if (content.epoch != set.epoch) {
    return refuse(content.epoch < set.epoch ? RejectReason::OldEpoch : RejectReason::FutureEpoch);
  }
  if (refutes(proof.attest)) return;
  if (content.height <= stable) return refuse(RejectReason::OldHeight);
  if (content.height > last_height()) return refuse(RejectReason::BeyondWindow);
  watch_own_key(proof.attest);
  learn_proof(proof.attest);
}

// A verified attest certificate above stable: with the own execution it makes the height stable,
// before that it waits. False if it changed nothing.
bool Replica::State::learn_proof(const Certificate& attest) {
  const Height height = attest.content.height;
  const auto own_header = headers.find(height);
  if (own_header == headers.end()) {
    const auto [place, is_new] = proofs.try_emplace(height, attest);
    if (proofs.size() <= kProofsMax) return is_new;
    const auto last = std::prev(proofs.end());  // the lowest are wanted first
    const bool is_kept = last != place;
    proofs.erase(last);
    return is_kept;
  }
  if (own_header->second.hash != attest.content.digest) {
    diverge({.epoch = set.epoch,
             .height = height,
             .ours = own_header->second.header,
             .attest = attest});
    return false;  // for good: the same answer would be news again and again (R30)
  }
  make_stable(height, attest);
  send_status();  // others are ahead: they say at once how far (R32)
  return true;
}

void Replica::State::make_stable(Height height, const Certificate& attest) {
  GIRO_CHECK(height > stable && height <= executed, height, stable, executed);
  const Header header = headers.at(height).header;
  for (const Vote& vote : votes.contradicting(attest.content))
    on_evidence(FalseAttest{vote, attest});
  stable = height;
  stable_proof = attest;
  emit(EventType::Stable, height, attest.content.digest);
  release_below(height);
  // The epoch's record carries the same proof: a torn tail cannot leave an ended epoch without a
  // next.
  if (height == last_height()) enter_next_epoch(header, attest);
  out.persist.push_back(CertificateRecord{attest});
}

// Nothing at or below a stable height is asked for again, but by those who fetch it from the store.
void Replica::State::release_below(Height height) {
  votes.release(height);
  waiting.release(height);
  abandoned.release(height);
  chain.release(height);
  const auto below = [height](const auto& entry) { return entry.first <= height; };
  std::erase_if(prepared, below);
  std::erase_if(commits, below);
  std::erase_if(proofs, below);
  std::erase_if(chain_proofs, below);
  std::erase_if(headers, below);
  asked.erase(asked.begin(), asked.upper_bound({height, VoteKind::Snapshot, View{UINT64_MAX}}));
  std::erase_if(out.sign,
                [height](const VoteRequest& request) { return request.content.height <= height; });
}

void Replica::State::diverge(Divergence found) {
  if (diverged) return;
  diverged = true;
  out.sign.clear();
  out.view_change.reset();
  out.new_view.reset();
  emit(EventType::Diverged, found.height, executed_hash);
  out.divergence = std::move(found);
}

}  // namespace giro::consensus
