#include "tests/simulation/message_filter.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <type_traits>

#include "consensus/wire/codec.h"

namespace giro::sim {
namespace {

using consensus::VoteKind;

struct Label {
  std::string_view kind;
  std::uint64_t view = 0;
  std::uint64_t height = 0;
};

constexpr std::array<std::string_view, 26> kKinds = {
    "Batch",        "BatchConfirm", "PrePrepare",      "Prepare",       "Commit",
    "Attest",       "SnapshotVote", "CertifiedBlocks", "ChainSegment",  "AttestProof",
    "Suspect",      "Status",       "FetchChain",      "FetchBatches",  "BatchOffer",
    "ViewChange",   "NewView",      "FetchBlocks",     "BlockRange",    "Evidence",
    "QueryStable",  "ReplyStable",  "FetchSnapshot",   "SnapshotOffer", "FetchChunk",
    "SnapshotChunk"};

std::string_view kind_of(VoteKind kind) {
  switch (kind) {
    case VoteKind::Prepare:
      return "Prepare";
    case VoteKind::Commit:
      return "Commit";
    case VoteKind::Attest:
      return "Attest";
    case VoteKind::Snapshot:
      break;
  }
  return "SnapshotVote";
}

struct Labels {
  Label operator()(const consensus::BatchMessage&) const { return {"Batch"}; }
  Label operator()(const consensus::BatchConfirm&) const { return {"BatchConfirm"}; }
  Label operator()(const consensus::PrePrepare& m) const {
    return {"PrePrepare", m.block.view.value, m.block.height.value};
  }
  Label operator()(const consensus::Vote& m) const {
    return {kind_of(m.content.kind), m.content.view.value, m.content.height.value};
  }
  Label operator()(const consensus::CertifiedBlocks& m) const {
    return {"CertifiedBlocks", m.certificate.content.view.value,
            m.certificate.content.height.value};
  }
  Label operator()(const consensus::ChainSegment& m) const {
    return {"ChainSegment", 0, m.header.height.value};
  }
  Label operator()(const consensus::AttestProof& m) const {
    return {"AttestProof", 0, m.attest.content.height.value};
  }
  Label operator()(const consensus::Suspect& m) const { return {"Suspect", m.view.value}; }
  Label operator()(const consensus::Status& m) const {
    return {"Status", m.view.value, m.committed.value};
  }
  Label operator()(const consensus::FetchChain& m) const {
    return {"FetchChain", 0, m.stable.value};
  }
  Label operator()(const consensus::FetchBatches&) const { return {"FetchBatches"}; }
  Label operator()(const consensus::BatchOffer&) const { return {"BatchOffer"}; }
  Label operator()(const consensus::ProvenViewChange& m) const {
    return {"ViewChange", m.change.view.value};
  }
  Label operator()(const consensus::NewView& m) const { return {"NewView", m.view.value}; }
  Label operator()(const consensus::FetchBlocks& m) const {
    return {"FetchBlocks", 0, m.height.value};
  }
  Label operator()(const consensus::BlockRange&) const { return {"BlockRange"}; }
  Label operator()(const consensus::EvidenceMessage&) const { return {"Evidence"}; }
  Label operator()(const consensus::QueryStable&) const { return {"QueryStable"}; }
  Label operator()(const consensus::ReplyStable&) const { return {"ReplyStable"}; }
  Label operator()(const consensus::FetchSnapshot&) const { return {"FetchSnapshot"}; }
  Label operator()(const consensus::SnapshotOffer&) const { return {"SnapshotOffer"}; }
  Label operator()(const consensus::FetchChunk&) const { return {"FetchChunk"}; }
  Label operator()(const consensus::SnapshotChunk&) const { return {"SnapshotChunk"}; }
};

}  // namespace

bool MessageFilter::is_kind(std::string_view name) {
  return std::ranges::find(kKinds, name) != kKinds.end();
}

bool MessageFilter::passes(std::size_t from, std::size_t to, const p2p::Frame& frame) {
  if (rules_.empty()) return true;
  const crypto::ByteView bytes(*frame);
  const auto message =
      consensus::wire::decode(std::to_integer<std::uint8_t>(bytes[5]), bytes.subspan(6));
  if (!message) return true;  // of a liar
  const Label label = std::visit(Labels(), *message);
  const auto rule = std::ranges::find_if(rules_, [&](const Rule& candidate) {
    return candidate.links.contains({from, to}) &&
           (candidate.kinds.empty() || candidate.kinds.contains(std::string(label.kind))) &&
           candidate.views.has(label.view) && candidate.heights.has(label.height);
  });
  if (rule == rules_.end()) return true;
  if (rule->holds) held_.push_back({from, to, frame, rule->kinds});
  return false;
}

std::vector<MessageFilter::Held> MessageFilter::release(const std::set<std::string>& kinds) {
  const auto ends = [&](const auto& one) { return kinds.empty() || one.kinds == kinds; };
  std::erase_if(rules_, ends);
  std::vector<Held> released;
  std::ranges::copy_if(held_, std::back_inserter(released), ends);
  std::erase_if(held_, ends);
  return released;
}

}  // namespace giro::sim
