#include "tests/simulation/certificate_audit.h"

#include <algorithm>
#include <tuple>

#include "crypto/keys.h"
#include "tests/simulation/layout.h"

namespace giro::sim {
namespace {

std::size_t quorum_of(std::size_t members) {
  const std::size_t faults = (members - 1) / 3;
  return (members + faults) / 2 + 1;
}

crypto::Hash change_bytes(const crypto::Hash& chain, const consensus::ViewChange& change) {
  return Layout()
      .text("giro/view-change/v1")
      .raw(chain)
      .number(change.epoch.value)
      .number(change.view.value)
      .number(change.voter.value)
      .number(change.high.view.value)
      .number(change.high.height.value)
      .raw(change.high.digest)
      .number(change.stable.value)
      .raw(change.stable_header)
      .hash();
}

auto rank(const consensus::HighMark& mark) {
  return std::tuple(mark.height.value != 0, mark.view.value, mark.height.value);
}

}  // namespace

crypto::Hash CertificateAudit::vote_bytes(const consensus::VoteContent& content) const {
  return Layout()
      .text("giro/vote/v1")
      .raw(setup_.chain())
      .one(static_cast<std::uint8_t>(content.kind))
      .number(content.epoch.value)
      .number(content.view.value)
      .number(content.height.value)
      .raw(content.digest)
      .hash();
}

std::optional<std::string> CertificateAudit::judge(const consensus::Certificate& certificate) {
  ++judged_;
  const auto& content = certificate.content;
  const crypto::Hash said = vote_bytes(content);
  Layout whole;
  whole.raw(said);
  std::set<std::uint32_t> voters;
  for (const auto& entry : certificate.signatures)
    whole.number(entry.voter.value).raw(entry.signature);
  const crypto::Hash name = whole.hash();
  if (good_.contains(name)) return std::nullopt;
  const bool has_no_view =
      content.kind == consensus::VoteKind::Attest || content.kind == consensus::VoteKind::Snapshot;
  if (has_no_view && content.view.value != 0) return "an attest or snapshot vote with a view";
  if (!is_in_epoch(content)) return "its height is not in its epoch";
  const Members* set = sets_.of(content.epoch);
  if (set == nullptr) return "a certificate of an epoch that nobody has executed up to";
  for (const auto& entry : certificate.signatures) {
    if (entry.voter.value >= set->size()) return "a voter that is no member";
    if (!voters.insert(entry.voter.value).second) return "a voter twice";
    if (!crypto::verify((*set)[entry.voter.value].key, said, entry.signature))
      return "a signature that does not verify";
  }
  if (voters.size() < quorum_of(set->size())) return "too few voters";
  good_.insert(name);
  return std::nullopt;
}

bool CertificateAudit::is_in_epoch(const consensus::VoteContent& content) const {
  const std::uint64_t epoch_blocks = setup_.parameters().epoch_blocks;
  return content.height.value != 0 &&
         (content.height.value - 1) / epoch_blocks == content.epoch.value;
}

bool CertificateAudit::is_signed(const consensus::ViewChange& change) const {
  const auto* member = sets_.seat(change.epoch, change.voter.value);
  return member != nullptr &&
         crypto::verify(member->key, change_bytes(setup_.chain(), change), change.signature);
}

std::optional<std::string> CertificateAudit::judge(const consensus::Vote& vote) {
  if (!is_in_epoch(vote.content)) return "a vote whose height is not in its epoch";
  const auto* member = sets_.seat(vote.content.epoch, vote.voter.value);
  if (member == nullptr) return "a vote of one that is no member";
  if (!crypto::verify(member->key, vote_bytes(vote.content), vote.signature))
    return "a vote that its member's key of that epoch did not sign";
  return std::nullopt;
}

// What leads from one set to another names the members that there are (protocol R18).
std::optional<std::string> CertificateAudit::judge(const consensus::SetChange& change) {
  const Members* members = sets_.of({change.last.epoch.value + 1});
  if (members == nullptr || *members != change.members) return "a lineage with another set";
  return judge(change.attest);
}

std::optional<std::string> CertificateAudit::judge(const consensus::NewView& begun) {
  ++judged_;
  std::set<std::uint32_t> voters;
  consensus::HighMark highest;
  Layout bytes;
  bytes.text("giro/new-view/v1")
      .raw(setup_.chain())
      .number(begun.epoch.value)
      .number(begun.view.value)
      .number(begun.changes.size());
  std::uint32_t last = 0;
  for (const auto& change : begun.changes) {
    if (change.epoch != begun.epoch || change.view != begun.view)
      return "a ViewChange of another view";
    if (!is_signed(change)) return "a ViewChange that is not signed";
    if (!voters.insert(change.voter.value).second || change.voter.value < last)
      return "ViewChanges twice or out of order";
    last = change.voter.value;
    const bool is_none = change.high.height.value == 0;
    if (is_none && change.high != consensus::HighMark{}) return "a mark of no height";
    if (!is_none && change.high.view >= begun.view) return "a high of a view that is not below";
    if (rank(change.high) > rank(highest)) highest = change.high;
    bytes.raw(change_bytes(setup_.chain(), change));
  }
  const Members* set = sets_.of(begun.epoch);
  if (set == nullptr || voters.size() < quorum_of(set->size())) return "too few ViewChanges";
  if (begun.anchor.has_value() != (highest.height.value != 0)) return "an anchor without a high";
  consensus::HighMark anchor;
  if (begun.anchor) {
    const auto& content = begun.anchor->content;
    anchor = {content.view, content.height, content.digest};
    // Of two marks of one view and height a faulty voter invented one: the certificate says which.
    if (rank(anchor) != rank(highest) ||
        std::ranges::find(begun.changes, anchor, &consensus::ViewChange::high) ==
            begun.changes.end())
      return "an anchor that is not the maximum";
    if (content.epoch != begun.epoch) return "an anchor of another epoch";
    if (auto wrong = judge(*begun.anchor)) return wrong;
  }
  bytes.number(anchor.view.value).number(anchor.height.value).raw(anchor.digest);
  if (!crypto::verify((*set)[begun.view.value % set->size()].key, bytes.hash(), begun.signature))
    return "a NewView that its primary did not sign";
  return std::nullopt;
}

std::optional<std::string> CertificateAudit::judge(const consensus::Message& message) {
  if (const auto* vote = std::get_if<consensus::Vote>(&message)) return judge(*vote);
  if (const auto* proposal = std::get_if<consensus::PrePrepare>(&message))
    return judge(proposal->vote);
  if (const auto* blocks = std::get_if<consensus::CertifiedBlocks>(&message))
    return judge(blocks->certificate);
  if (const auto* segment = std::get_if<consensus::ChainSegment>(&message))
    return judge(segment->attest);
  if (const auto* offer = std::get_if<consensus::SnapshotOffer>(&message)) {
    for (const auto& change : offer->changes) {
      if (auto wrong = judge(change)) return wrong;
    }
    return judge(offer->certificate);
  }
  if (const auto* proof = std::get_if<consensus::AttestProof>(&message))
    return judge(proof->attest);
  if (const auto* change = std::get_if<consensus::ProvenViewChange>(&message)) {
    if (!is_signed(change->change)) return "a ViewChange that is not signed";
    if (change->high) {
      const auto& content = change->high->content;
      const auto& mark = change->change.high;
      if (content.view != mark.view || content.height != mark.height ||
          content.digest != mark.digest)
        return "a high that is not the one attached";
      if (auto wrong = judge(*change->high)) return wrong;
    }
    if (change->attest) return judge(*change->attest);
    return std::nullopt;
  }
  if (const auto* begun = std::get_if<consensus::NewView>(&message)) return judge(*begun);
  if (const auto* reply = std::get_if<consensus::ReplyStable>(&message))
    return reply->highest ? judge(*reply->highest) : std::nullopt;
  return std::nullopt;
}

}  // namespace giro::sim
