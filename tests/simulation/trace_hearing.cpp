// What a validator has heard, as far as the automaton judges by it.
#include <algorithm>

#include "tests/simulation/trace_automaton.h"

namespace giro::sim {

using consensus::Epoch;
using consensus::Hash;
using consensus::View;
using consensus::VoteContent;
using consensus::VoteKind;

namespace {

std::size_t quorum_of(const Members& members) {
  return (members.size() + (members.size() - 1) / 3) / 2 + 1;
}

}  // namespace

void TraceAutomaton::certify(Observed& seen, Known& known, const VoteContent& content) {
  if (!known.certified.insert(content).second) return;
  if (content.kind == VoteKind::Prepare || content.kind == VoteKind::Commit)
    known.prepared.emplace(content.view, content.height);
  if (content.kind == VoteKind::Commit) mark_final(seen, content.digest);
}

// A block that is final, and all below it that are known (protocol R11).
void TraceAutomaton::mark_final(Observed& seen, Hash hash) const {
  while (seen.final.insert(hash).second) {
    const auto block = blocks_.find(hash);
    if (block == blocks_.end()) return;  // learnt later: learn() goes on from there
    hash = block->second.parent;
  }
}

const consensus::Block* TraceAutomaton::decided(consensus::Height height) const {
  const auto place = decided_.find(height);
  const auto block = place == decided_.end() ? blocks_.end() : blocks_.find(place->second);
  return block == blocks_.end() ? nullptr : &block->second;
}

void TraceAutomaton::learn(std::size_t node, const consensus::Vote& vote) {
  const auto& content = vote.content;
  const Members* members = sets_.of(content.epoch);
  if (members == nullptr || vote.voter.value >= members->size()) return;
  auto& known = seen_[node].epochs[content.epoch];
  auto& voters = known.votes[content];
  voters.insert(vote.voter.value);
  if (voters.size() >= quorum_of(*members)) certify(seen_[node], known, content);
}

void TraceAutomaton::learn(std::size_t node, const consensus::Certificate& certificate) {
  const auto& content = certificate.content;
  if (sets_.of(content.epoch) == nullptr) return;
  if (content.kind == VoteKind::Attest)
    expect_once(node, "I8", content.height, content.digest, attested_);
  if (content.kind == VoteKind::Snapshot)
    expect_once(node, "I8", content.height, content.digest, snapshots_);
  certify(seen_[node], seen_[node].epochs[content.epoch], content);
}

void TraceAutomaton::learn(std::size_t node, const consensus::Block& block, const Hash& hash) {
  seen_[node].blocks.insert(hash);
  if (!blocks_.emplace(hash, block).second) return;
  for (auto& seen : seen_) {
    if (seen.final.contains(hash)) mark_final(seen, block.parent);
  }
}

void TraceAutomaton::learn(std::size_t node, const consensus::ViewChange& change) {
  auto& known = seen_[node].epochs[change.epoch];
  auto& highest = known.left_for[change.voter.value];
  highest = std::max(highest, change.view);
  known.changes.emplace(change.voter.value, change.view);
}

void TraceAutomaton::learn(std::size_t node, const consensus::NewView& begun) {
  for (const auto& change : begun.changes) learn(node, change);
  if (begun.anchor) learn(node, *begun.anchor);
  seen_[node].epochs[begun.epoch].anchors[begun.view].insert(
      begun.anchor ? begun.anchor->content.digest : Hash{});
}

// Proven by an attest certificate: what it was made of is final (protocol R16).
void TraceAutomaton::learn_header(std::size_t node, const consensus::Header& header) {
  mark_final(seen_[node], header.block);
}

// A vote of its own that comes back to it was judged when it was cast. One that has lost its memory
// since then may pass it on, wherever it votes again.
void TraceAutomaton::note_own(std::size_t node, consensus::InstitutionId from,
                              const consensus::Vote& vote) {
  if (from == setup_.institution(node) || !is_own(node, vote.content.epoch, vote.voter.value))
    return;
  seen_[node].promised[seen_[node].key].judged.insert(vote.content);
}

void TraceAutomaton::on_heard(std::size_t node, consensus::InstitutionId from,
                              const consensus::Message& message) {
  auto& seen = seen_[node];
  const auto suspects = [&](Epoch epoch, View view) {
    if (const auto index = seat_of(epoch, from)) seen.epochs[epoch].suspected.emplace(*index, view);
  };
  const auto all = [&](const std::vector<consensus::Block>& blocks) {
    for (const auto& block : blocks) learn(node, block, hash_of(block));
  };
  if (const auto* vote = std::get_if<consensus::Vote>(&message)) {
    note_own(node, from, *vote);
    learn(node, *vote);
  } else if (const auto* proposal = std::get_if<consensus::PrePrepare>(&message)) {
    note_own(node, from, proposal->vote);
    learn(node, proposal->block, hash_of(proposal->block));
    learn(node, proposal->vote);
  } else if (const auto* proven = std::get_if<consensus::CertifiedBlocks>(&message)) {
    all(proven->blocks);
    learn(node, proven->certificate);
  } else if (const auto* segment = std::get_if<consensus::ChainSegment>(&message)) {
    all(segment->blocks);
    learn(node, segment->attest);
    learn_header(node, segment->header);
  } else if (const auto* range = std::get_if<consensus::BlockRange>(&message)) {
    all(range->blocks);
  } else if (const auto* proof = std::get_if<consensus::AttestProof>(&message)) {
    learn(node, proof->attest);
  } else if (const auto* batch = std::get_if<consensus::BatchMessage>(&message)) {
    seen.batches.insert(batch->batch->id);
    authors_.try_emplace(batch->batch->id, batch->batch->author);
  } else if (const auto* suspect = std::get_if<consensus::Suspect>(&message)) {
    suspects(suspect->epoch, suspect->view);
  } else if (const auto* status = std::get_if<consensus::Status>(&message)) {
    if (status->suspected) suspects(status->epoch, status->view);
  } else if (const auto* change = std::get_if<consensus::ProvenViewChange>(&message)) {
    learn(node, change->change);
    if (change->high) learn(node, *change->high);
    if (change->attest) learn(node, *change->attest);
  } else if (const auto* begun = std::get_if<consensus::NewView>(&message)) {
    learn(node, *begun);
  } else if (const auto* reply = std::get_if<consensus::ReplyStable>(&message)) {
    if (reply->highest) learn(node, *reply->highest);
  } else if (const auto* offer = std::get_if<consensus::SnapshotOffer>(&message)) {
    learn(node, offer->certificate);
    for (const auto& link : offer->changes) learn(node, link.attest);
  }
}

}  // namespace giro::sim
