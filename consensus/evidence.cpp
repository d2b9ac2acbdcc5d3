#include "consensus/evidence.h"

#include <tuple>

#include "crypto/overloaded.h"

namespace giro::consensus {
namespace {

const Vote& first_vote(const Evidence& evidence) {
  return std::visit(
      crypto::Overloaded{[](const ConflictingVotes& e) -> const Vote& { return e.first; },
                         [](const ForgottenCommit& e) -> const Vote& { return e.commit; },
                         [](const FalseAttest& e) -> const Vote& { return e.vote; }},
      evidence);
}

bool is_contradiction(const ConflictingVotes& e) {
  VoteContent same = e.second.content;
  same.digest = e.first.content.digest;
  return e.first.voter == e.second.voter && e.first.content == same &&
         e.first.content.digest != e.second.content.digest;
}

bool is_contradiction(const ForgottenCommit& e) {
  const VoteContent& commit = e.commit.content;
  return commit.kind == VoteKind::Commit && e.commit.voter == e.change.voter &&
         commit.epoch == e.change.epoch && commit.view < e.change.view &&
         std::tuple(e.change.high.view, e.change.high.height) <
             std::tuple(commit.view, commit.height);
}

bool is_contradiction(const FalseAttest& e) {
  VoteContent same = e.certificate.content;
  same.digest = e.vote.content.digest;
  return e.vote.content == same && same.kind == VoteKind::Attest &&
         e.certificate.content.digest != e.vote.content.digest;
}

}  // namespace

ReplicaId culprit(const Evidence& evidence) {
  return first_vote(evidence).voter;
}
Epoch epoch_of(const Evidence& evidence) {
  return first_vote(evidence).content.epoch;
}
Height height_of(const Evidence& evidence) {
  return first_vote(evidence).content.height;
}

bool contradicts(const Evidence& evidence) {
  return std::visit([](const auto& kind) { return is_contradiction(kind); }, evidence);
}

bool verify_evidence(const Evidence& evidence, const ValidatorSet& set, const Hash& chain) {
  const ReplicaId member = culprit(evidence);
  if (epoch_of(evidence) != set.epoch || member.value >= set.size()) return false;
  if (!contradicts(evidence)) return false;
  const auto is_signed = [&](const Hash& digest, const crypto::Signature& signature) {
    return crypto::verify(set.at(member).key, digest, signature);
  };
  const auto is_cast = [&](const Vote& vote) {
    return is_signed(vote.content.sign_bytes(chain), vote.signature);
  };
  return std::visit(
      crypto::Overloaded{
          [&](const ConflictingVotes& e) { return is_cast(e.first) && is_cast(e.second); },
          [&](const ForgottenCommit& e) {
            return is_cast(e.commit) && is_signed(e.change.digest(chain), e.change.signature);
          },
          [&](const FalseAttest& e) {
            return is_cast(e.vote) && verify_certificate(e.certificate, set, chain);
          }},
      evidence);
}

}  // namespace giro::consensus
