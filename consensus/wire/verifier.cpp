#include "consensus/wire/verifier.h"

#include <utility>

#include "crypto/check.h"
#include "crypto/mutant.h"

namespace giro::consensus::wire {
namespace {

// One check of a claim against a set: None, or why not.
class Judge {
 public:
  Judge(const Hash& chain, InstitutionId from, const ValidatorSet& set)
      : chain_(chain), from_(from), set_(set) {}

  [[nodiscard]] RejectReason operator()(const BatchConfirm&) const { return RejectReason::None; }
  [[nodiscard]] RejectReason operator()(const BatchOffer&) const { return RejectReason::None; }
  [[nodiscard]] RejectReason operator()(const Status&) const { return RejectReason::None; }
  [[nodiscard]] RejectReason operator()(const Suspect& m) const { return epoch(m.epoch); }

  [[nodiscard]] RejectReason operator()(const Vote& m) const {
    if (const RejectReason reason = epoch(m.content.epoch); reason != RejectReason::None)
      return reason;
    // Votes are sent by those who cast them, so that early ones burden the right budget (protocol
    // R13).
    if (m.voter.value >= set_.size() || set_.at(m.voter).institution != from_) {
      return RejectReason::NotVoter;
    }
    return signature(m);
  }

  [[nodiscard]] RejectReason operator()(const PrePrepare& m) const {
    if (const RejectReason reason = epoch(m.block.epoch); reason != RejectReason::None)
      return reason;
    const VoteContent expected{VoteKind::Prepare, m.block.epoch, m.block.view, m.block.height,
                               m.block.hash(chain_)};
    if (m.vote.content != expected) return RejectReason::Mismatch;
    if (m.vote.voter != set_.primary(m.block.view) && !GIRO_MUTANT(10))
      return RejectReason::NotPrimary;
    return signature(m.vote);
  }

  [[nodiscard]] RejectReason operator()(const CertifiedBlocks& m) const {
    const VoteContent& content = m.certificate.content;
    if (const RejectReason reason = epoch(content.epoch); reason != RejectReason::None)
      return reason;
    if (content.kind != VoteKind::Prepare && content.kind != VoteKind::Commit) {
      return RejectReason::Mismatch;
    }
    if (m.blocks.empty()) return RejectReason::Malformed;
    if (!are_linked(m.blocks)) return RejectReason::BadLink;
    const Block& last = m.blocks.back();
    // A block keeps the view in which it was proposed; the certificate's may be a later one
    // (protocol 2).
    if (content.height != last.height || content.view < last.view ||
        content.digest != last.hash(chain_)) {
      return RejectReason::Mismatch;
    }
    return certificate(m.certificate);
  }

  [[nodiscard]] RejectReason operator()(const ChainSegment& m) const {
    if (const RejectReason reason = epoch(m.header.epoch); reason != RejectReason::None)
      return reason;
    if (!are_linked(m.blocks)) return RejectReason::BadLink;
    if (!m.blocks.empty()) {
      const Block& last = m.blocks.back();
      if (m.header.height != last.height || m.header.time != last.time ||
          m.header.block != last.hash(chain_)) {
        return RejectReason::BadLink;
      }
    }
    const VoteContent expected{VoteKind::Attest, m.header.epoch, View{}, m.header.height,
                               m.header.hash(chain_)};
    if (m.attest.content != expected) return RejectReason::Mismatch;
    return certificate(m.attest);
  }

  [[nodiscard]] RejectReason operator()(const AttestProof& m) const {
    const VoteContent& content = m.attest.content;
    if (const RejectReason reason = epoch(content.epoch); reason != RejectReason::None)
      return reason;
    if (content.kind != VoteKind::Attest) return RejectReason::Mismatch;
    return certificate(m.attest);
  }

  [[nodiscard]] RejectReason operator()(const ProvenViewChange& m) const {
    const ViewChange& change = m.change;
    if (const RejectReason reason = epoch(change.epoch); reason != RejectReason::None)
      return reason;
    if (change.voter.value >= set_.size() || set_.at(change.voter).institution != from_) {
      return RejectReason::NotVoter;
    }
    if (m.high.has_value() == change.high.is_none()) return RejectReason::Mismatch;
    if (!has_form(change.high)) return RejectReason::Mismatch;
    if (m.high && (!is_high(*m.high, change.view) || mark_of(*m.high) != change.high)) {
      return RejectReason::Mismatch;  // R25
    }
    const VoteContent attested{VoteKind::Attest, change.epoch, View{}, change.stable,
                               change.stable_header};
    if (m.attest && m.attest->content != attested) return RejectReason::Mismatch;
    if (!signed_by(change.voter, change.digest(chain_), change.signature)) {
      return RejectReason::BadSignature;
    }
    for (const auto* proof : {&m.high, &m.attest}) {
      if (*proof && !GIRO_MUTANT(15) && certificate(**proof) != RejectReason::None)
        return RejectReason::BadCertificate;
    }
    return RejectReason::None;
  }

  // Whoever relays it (protocol R27).
  [[nodiscard]] RejectReason operator()(const NewView& m) const {
    if (const RejectReason reason = epoch(m.epoch); reason != RejectReason::None) return reason;
    if (m.changes.size() != set_.quorum() - (GIRO_MUTANT(3) ? 1 : 0)) return RejectReason::Mismatch;
    for (std::size_t i = 0; i < m.changes.size(); ++i) {
      const ViewChange& change = m.changes[i];
      const bool distinct = i == 0 || m.changes[i - 1].voter < change.voter;
      if (!distinct || change.voter.value >= set_.size() || change.epoch != m.epoch ||
          change.view != m.view || change.high.view >= m.view || !has_form(change.high)) {
        return RejectReason::Mismatch;
      }
    }
    const HighMark mark = highest_mark(m.changes);
    if (m.anchor.has_value() == mark.is_none()) return RejectReason::Mismatch;
    if (m.anchor &&
        (!is_high(*m.anchor, m.view) || (mark_of(*m.anchor) != mark && !GIRO_MUTANT(16)))) {
      return RejectReason::Mismatch;
    }
    if (!signed_by(set_.primary(m.view), m.digest(chain_), m.signature)) {
      return RejectReason::BadSignature;
    }
    for (const ViewChange& change : m.changes) {
      if (!signed_by(change.voter, change.digest(chain_), change.signature)) {
        return RejectReason::BadSignature;
      }
    }
    return m.anchor && !GIRO_MUTANT(15) ? certificate(*m.anchor) : RejectReason::None;
  }

  [[nodiscard]] RejectReason operator()(const EvidenceMessage& m) const {
    if (const RejectReason reason = epoch(epoch_of(m.evidence)); reason != RejectReason::None)
      return reason;
    return verify_evidence(m.evidence, set_, chain_) ? RejectReason::None
                                                     : RejectReason::BadSignature;
  }

  [[nodiscard]] RejectReason operator()(const QueryStable&) const { return RejectReason::None; }
  // One of an earlier epoch says no more than that its sender has not ended that: its certificate
  // is not looked at, here and in the replica. One of a later epoch cannot be judged.
  [[nodiscard]] RejectReason operator()(const ReplyStable& m) const {
    if (m.epoch > set_.epoch) return RejectReason::FutureEpoch;
    if (m.epoch < set_.epoch || !m.highest) return RejectReason::None;
    const VoteContent& content = m.highest->content;
    const bool proves = content.kind == VoteKind::Commit || content.kind == VoteKind::Attest;
    if (!proves || content.epoch != m.epoch) return RejectReason::Mismatch;
    return certificate(*m.highest);
  }

  [[nodiscard]] RejectReason operator()(const FetchBlocks& m) const { return epoch(m.epoch); }
  [[nodiscard]] RejectReason operator()(const BlockRange& m) const {
    if (m.blocks.empty()) return RejectReason::Malformed;
    if (const RejectReason reason = epoch(m.blocks.back().epoch); reason != RejectReason::None)
      return reason;
    return are_linked(m.blocks) ? RejectReason::None : RejectReason::BadLink;
  }

 private:
  // None is written in one way. Marks are compared by view first: one of a high view and no height
  // would be the maximum, stand for none, and hide the certificates of all the others (R27).
  [[nodiscard]] static bool has_form(const HighMark& mark) {
    return !mark.is_none() || mark == HighMark{} || GIRO_MUTANT(26);
  }

  // A prepare or commit certificate of this epoch and of a view below.
  [[nodiscard]] bool is_high(const Certificate& high, View below) const {
    const VoteContent& content = high.content;
    const bool orders = content.kind == VoteKind::Prepare || content.kind == VoteKind::Commit;
    return orders && content.epoch == set_.epoch && content.view < below;
  }

  [[nodiscard]] bool signed_by(ReplicaId voter, const Hash& digest,
                               const crypto::Signature& signature) const {
    return crypto::verify(set_.at(voter).key, digest, signature);
  }

  [[nodiscard]] RejectReason epoch(Epoch epoch) const {
    if (epoch < set_.epoch) return RejectReason::OldEpoch;
    return epoch > set_.epoch ? RejectReason::FutureEpoch : RejectReason::None;
  }

  [[nodiscard]] RejectReason signature(const Vote& vote) const {
    const bool valid =
        crypto::verify(set_.at(vote.voter).key, vote.content.sign_bytes(chain_), vote.signature);
    return valid ? RejectReason::None : RejectReason::BadSignature;
  }

  [[nodiscard]] RejectReason certificate(const Certificate& certificate) const {
    return verify_certificate(certificate, set_, chain_) ? RejectReason::None
                                                         : RejectReason::BadCertificate;
  }

  // Each block's parent, height and epoch follow the one before; times rise (protocol R5, R8).
  [[nodiscard]] bool are_linked(const std::vector<Block>& blocks) const {
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      if (blocks[i].epoch != set_.epoch) return false;
      if (i == 0) continue;
      const Block& below = blocks[i - 1];
      if (blocks[i].height.value != below.height.value + 1 || blocks[i].time <= below.time ||
          blocks[i].view < below.view || blocks[i].parent != below.hash(chain_)) {
        return false;
      }
    }
    return true;
  }

  const Hash& chain_;
  InstitutionId from_;
  const ValidatorSet& set_;
};

}  // namespace

std::expected<VerifiedMessage, RejectReason> Verifier::verify(InstitutionId from, Message message,
                                                              const ValidatorSet& set) const {
  if (from == self_) return std::unexpected(RejectReason::FromSelf);
  // Without a seat in our epoch nothing is said that would have to be believed.
  const bool proves_itself = std::holds_alternative<Status>(message) ||
                             std::holds_alternative<ChainSegment>(message) ||
                             std::holds_alternative<QueryStable>(message);
  if (!set.find(from) && !proves_itself) return std::unexpected(RejectReason::NotMember);
  const Judge judge(chain_, from, set);
  return std::visit(
      [&](auto& content) -> std::expected<VerifiedMessage, RejectReason> {
        using Content = std::remove_cvref_t<decltype(content)>;
        if constexpr (std::is_constructible_v<Claim, Content>) {
          if (const RejectReason reason = judge(content); reason != RejectReason::None) {
            return std::unexpected(reason);
          }
          return VerifiedMessage(from, Claim(std::move(content)));
        } else {
          return std::unexpected(
              RejectReason::UnknownType);  // requests and payload: not for the replica
        }
      },
      message);
}

}  // namespace giro::consensus::wire
