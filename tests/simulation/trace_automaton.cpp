#include "tests/simulation/trace_automaton.h"

#include <algorithm>

#include "tests/simulation/layout.h"

namespace giro::sim {

using consensus::Epoch;
using consensus::Hash;
using consensus::Height;
using consensus::View;
using consensus::VoteContent;
using consensus::VoteKind;

namespace {

std::size_t faults_of(const Members& members) {
  return (members.size() - 1) / 3;
}
std::string at(const VoteContent& content) {
  return " at height " + std::to_string(content.height.value) + " of view " +
         std::to_string(content.view.value);
}

}  // namespace

TraceAutomaton::TraceAutomaton(const NetworkSetup& setup, const Sets& sets)
    : setup_(setup), sets_(sets), seen_(setup.nodes()) {}

void TraceAutomaton::fail(const char* rule, std::size_t node, std::string text) {
  throw Violation{rule, node, std::move(text)};
}

bool TraceAutomaton::is_own(std::size_t node, Epoch epoch, std::uint64_t index) const {
  const auto* seat = sets_.seat(epoch, index);
  return seat != nullptr && seat->institution == setup_.institution(node);
}

std::optional<std::uint32_t> TraceAutomaton::seat_of(Epoch epoch,
                                                     consensus::InstitutionId who) const {
  const Members* members = sets_.of(epoch);
  if (members == nullptr) return std::nullopt;
  const auto found = std::ranges::find(*members, who, &consensus::Member::institution);
  if (found == members->end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - members->begin());
}

Hash TraceAutomaton::hash_of(const consensus::Block& block) const {
  Layout bytes;
  bytes.text("giro/block/v1")
      .raw(setup_.chain())
      .number(block.epoch.value)
      .number(block.view.value)
      .number(block.height.value)
      .raw(block.parent)
      .number(static_cast<std::uint64_t>(block.time.ms))
      .number(block.batches.size());
  for (const auto& batch : block.batches) bytes.raw(batch);
  return bytes.hash();
}

Height TraceAutomaton::base_of(Epoch epoch) const {
  return {epoch.value * setup_.parameters().epoch_blocks};
}

// That in which the last block of the epoch before was proposed (protocol R41).
View TraceAutomaton::first_view(Epoch epoch) const {
  const auto decided = decided_.find(base_of(epoch));
  if (decided == decided_.end()) return {};
  const auto block = blocks_.find(decided->second);
  return block == blocks_.end() ? View{} : block->second.view;
}

// --- its lives

void TraceAutomaton::on_forgot(std::size_t node) {
  seen_[node].promised.clear();
}

void TraceAutomaton::on_opened(std::size_t node, const crypto::PublicKey& key,
                               const consensus::RecoveredState& recovered,
                               const std::vector<VoteContent>& votes) {
  count(TraceStep::Restart);
  auto& seen = seen_[node];
  seen.key = key;
  seen.stable = seen.told_committed = {};
  seen.proven = std::max(seen.proven, recovered.set.epoch);
  if (recovered.amnesic_below) seen.promised.erase(key);
  auto& promised = seen.promised[key];
  if (promised.floor == consensus::kUnknownFloor) promised.floor = {};  // found meanwhile
  for (const auto& floor : {recovered.floor, recovered.amnesic_below}) {
    if (floor) promised.floor = consensus::higher(promised.floor, *floor);
  }
  const Turn turn(recovered.set.epoch, recovered.view);
  if (turn < promised.turn) fail("R37", node, "it starts in a view that it left");
  promised.turn = promised.told = turn;
  for (const auto& content : votes) {
    promised.votes.insert(content);
    if (content.kind != VoteKind::Commit) continue;
    auto& highest = promised.committed[content.epoch];
    highest = std::max(highest, Rank(content.view, content.height));
  }
  for (const auto& block : recovered.chain) learn(node, block, hash_of(block));
  for (const auto& block : recovered.abandoned) learn(node, block, hash_of(block));
  for (const auto& batch : recovered.batches) seen.batches.insert(batch->id);
  for (const auto& block : recovered.chain) {
    if (block.height <= recovered.committed) mark_final(seen, hash_of(block));
  }
  mark_final(seen, recovered.base_hash);
  for (const auto& certificate : recovered.certificates) learn(node, certificate);
  if (recovered.high) learn(node, *recovered.high);
  if (recovered.new_view) learn(node, *recovered.new_view);
  for (const auto& proof : recovered.chain_proofs) learn_header(node, proof.header);
  for (const auto& content : votes) {
    if (const auto seat = seat_of(content.epoch, setup_.institution(node)))
      learn(node, consensus::Vote{content, {*seat}, {}});
  }
}

void TraceAutomaton::on_consensus(std::size_t node, const consensus::Event& event) {
  auto& seen = seen_[node];
  if (event.type == consensus::EventType::Abstaining) {
    seen.promised[seen.key].abstained.emplace(event.epoch, event.view);
  } else if (event.type == consensus::EventType::Executed) {
    expect_once(node, "I8", event.height, event.hash, attested_);
  } else if (event.type == consensus::EventType::Committed) {
    count(TraceStep::Decide);
    if (!seen.final.contains(event.hash))
      fail("R11", node,
           "it takes a block for committed without a proof, at height " +
               std::to_string(event.height.value));
    expect_once(node, "I1", event.height, event.hash, decided_);
    const auto block = blocks_.find(event.hash);
    const auto parent = block == blocks_.end() ? blocks_.end() : blocks_.find(block->second.parent);
    if (parent != blocks_.end() && block->second.time <= parent->second.time)
      fail("I11", node, "time stands still at height " + std::to_string(event.height.value));
  }
}

void TraceAutomaton::expect_once(std::size_t node, const char* rule, Height height,
                                 const Hash& digest, std::map<Height, Hash>& agreed) const {
  const auto [place, added] = agreed.try_emplace(height, digest);
  if (!added && place->second != digest)
    fail(rule, node, "not what the others say of height " + std::to_string(height.value));
}

// --- what it says

void TraceAutomaton::on_said(std::size_t node, const consensus::Message& message) {
  if (const auto* vote = std::get_if<consensus::Vote>(&message)) {
    judge_vote(node, *vote);
  } else if (const auto* proposal = std::get_if<consensus::PrePrepare>(&message)) {
    learn(node, proposal->block, hash_of(proposal->block));
    judge_proposal(node, *proposal);
    judge_vote(node, proposal->vote);
  } else if (const auto* change = std::get_if<consensus::ProvenViewChange>(&message)) {
    judge_leaving(node, change->change);
  } else if (const auto* begun = std::get_if<consensus::NewView>(&message)) {
    judge_beginning(node, *begun);
  } else if (const auto* status = std::get_if<consensus::Status>(&message)) {
    judge_status(node, *status);
  }
  on_heard(node, setup_.institution(node), message);
}

// Protocol R6, R7: the primary's, and its vote is for this block.
void TraceAutomaton::judge_proposal(std::size_t node, const consensus::PrePrepare& proposal) {
  const auto& content = proposal.vote.content;
  if (!is_own(node, content.epoch, proposal.vote.voter.value)) return;  // another's, passed on
  if (content.view.value % sets_.of(content.epoch)->size() != proposal.vote.voter.value)
    fail("R6", node, "it proposes, and is not the primary," + at(content));
  if (content.kind != VoteKind::Prepare || content.digest != hash_of(proposal.block) ||
      proposal.block.view != content.view)
    fail("R7", node, "its vote is not for the block that it proposes," + at(content));
  count(TraceStep::Propose);
}

void TraceAutomaton::judge_vote(std::size_t node, const consensus::Vote& vote) {
  const auto& content = vote.content;
  if (!is_own(node, content.epoch, vote.voter.value)) return;  // another's, passed on
  auto& promised = seen_[node].promised[seen_[node].key];
  if (!promised.judged.insert(content).second) return;  // said again
  if (content.kind == VoteKind::Attest) {
    count(TraceStep::Attest);
    return expect_once(node, "I8", content.height, content.digest, attested_);
  }
  if (content.kind == VoteKind::Snapshot) {
    count(TraceStep::Snapshot);
    if (content.height.value % setup_.parameters().snapshot_interval != 0)
      fail("R34", node, "a snapshot vote at height " + std::to_string(content.height.value));
    return expect_once(node, "I8", content.height, content.digest, snapshots_);
  }
  const Turn turn(content.epoch, content.view);
  if (turn < promised.turn) fail("R23", node, "a vote in a view that it left," + at(content));
  if (content.height <= promised.floor.height ||
      turn < Turn(promised.floor.epoch, promised.floor.view))
    fail("R39", node, "a vote at or below its floor," + at(content));
  if (promised.abstained.contains(turn))
    fail("R11", node, "a vote in a view in which it abstains," + at(content));
  promised.turn = turn;
  promised.votes.insert(content);
  if (content.kind == VoteKind::Prepare) {
    judge_prepare(node, content, promised);
  } else {
    judge_commit(node, vote, promised);
    auto& highest = promised.committed[content.epoch];
    highest = std::max(highest, Rank(content.view, content.height));
  }
}

// Protocol R8, R8a, R9, R29: the anchor, the block above one that it prepared, or what is proven.
void TraceAutomaton::judge_prepare(std::size_t node, const VoteContent& content,
                                   const Promised& promised) {
  auto& seen = seen_[node];
  auto& known = seen.epochs[content.epoch];
  const auto found = blocks_.find(content.digest);
  if (found == blocks_.end() || !seen.blocks.contains(content.digest))
    fail("R9", node, "it prepares a block that it was not shown," + at(content));
  const consensus::Block& block = found->second;
  if (block.epoch != content.epoch || block.height != content.height || block.view > content.view)
    fail("R8", node, "it prepares a block of another place," + at(content));
  for (const auto& batch : block.batches) {
    // Its own it may not have sent yet.
    const auto author = authors_.find(batch);
    if (author == authors_.end() || author->second == setup_.institution(node)) continue;
    if (!seen.batches.contains(batch))
      fail("R9", node, "it prepares a block without its payload," + at(content));
  }
  if (seen.proven < content.epoch) {
    const VoteContent end{
        VoteKind::Attest, {content.epoch.value - 1}, {}, base_of(content.epoch), {}};
    const auto& before = seen.epochs[end.epoch].certified;
    const auto proof = before.lower_bound(end);
    if (proof == before.end() || proof->kind != end.kind || proof->height != end.height)
      fail("R42", node,
           "it votes in an epoch without a proof that the one before has ended," + at(content));
    seen.proven = content.epoch;
    count(TraceStep::NextEpoch);
  }
  const auto anchors = known.anchors.find(content.view);
  const auto is_anchor = [&](const Hash& digest) {
    return anchors != known.anchors.end() && anchors->second.contains(digest);
  };
  const bool is_first = content.view == first_view(content.epoch);
  const auto proven = known.prepared.lower_bound({content.view, {}});
  const bool is_proven = proven != known.prepared.end() && proven->first == content.view;
  if (!is_first && !is_proven && anchors == known.anchors.end())
    fail("R27", node, "it votes in a view that has not begun," + at(content));
  if (is_anchor(content.digest)) return count(TraceStep::PrepareAnchor);
  const Height below{content.height.value - 1};
  const bool follows_base = below == base_of(content.epoch) && (is_first || is_anchor({}));
  const VoteContent before{VoteKind::Prepare, content.epoch, content.view, below, block.parent};
  if (block.view == content.view &&
      (follows_base || is_anchor(block.parent) || promised.votes.contains(before)))
    return count(TraceStep::PrepareNext);
  if (is_covered(known, content) || is_covered(known, before))
    return count(TraceStep::PrepareProven);
  // What is final is on every chain, whose anchor is not above it.
  const auto is_above = [&](const Hash& anchor) {
    const auto at_anchor = blocks_.find(anchor);
    return at_anchor != blocks_.end() && at_anchor->second.height > below;
  };
  if (seen.final.contains(block.parent) &&
      (anchors == known.anchors.end() || std::ranges::none_of(anchors->second, is_above)))
    return count(TraceStep::PrepareNext);
  fail("R8", node, "it prepares a block that does not follow," + at(content));
}

// Protocol R8a: a certificate of that view, for the block or a descendant.
bool TraceAutomaton::is_covered(const Known& known, const VoteContent& content) const {
  for (const VoteKind kind : {VoteKind::Prepare, VoteKind::Commit}) {
    auto proof =
        known.certified.lower_bound({kind, content.epoch, content.view, content.height, {}});
    for (; proof != known.certified.end() && proof->kind == kind && proof->view == content.view;
         ++proof) {
      Hash hash = proof->digest;
      auto block = blocks_.find(hash);
      while (block != blocks_.end() && block->second.height > content.height) {
        hash = block->second.parent;
        block = blocks_.find(hash);
      }
      if (hash == content.digest) return true;
    }
  }
  return false;
}

void TraceAutomaton::judge_commit(std::size_t node, const consensus::Vote& vote,
                                  const Promised& promised) {
  VoteContent prepare = vote.content;
  prepare.kind = VoteKind::Prepare;
  if (!promised.votes.contains(prepare))
    fail("R10", node, "a commit without its own prepare," + at(prepare));
  const auto& certified = seen_[node].epochs[prepare.epoch].certified;
  if (!certified.contains(prepare) && !certified.contains(vote.content))
    fail("R10", node, "a commit without a quorum of prepares," + at(prepare));
  count(TraceStep::Commit);
}

// Protocol R23, R24.
void TraceAutomaton::judge_leaving(std::size_t node, const consensus::ViewChange& change) {
  if (!is_own(node, change.epoch, change.voter.value)) return;
  auto& promised = seen_[node].promised[seen_[node].key];
  const Turn turn(change.epoch, change.view);
  if (!promised.changes.insert(turn).second) return;
  const std::string text = " for view " + std::to_string(change.view.value);
  if (turn < promised.turn) fail("R23", node, "a ViewChange for a view that it left," + text);
  if (turn <= Turn(promised.floor.epoch, promised.floor.view))
    fail("R39", node, "a ViewChange below its floor," + text);
  if (Rank(change.high.view, change.high.height) < promised.committed[change.epoch])
    fail("R23", node, "a ViewChange that hides what it voted to commit," + text);
  auto& known = seen_[node].epochs[change.epoch];
  const Members* members = sets_.of(change.epoch);
  if (members == nullptr || change.view.value == 0)
    fail("R23", node, "a ViewChange of no epoch," + text);
  const View below{change.view.value - 1};
  std::size_t moved = 0,
              leaving = 0;  // others: gone to that view or beyond; or suspecting the one below
  for (std::uint32_t member = 0; member < members->size(); ++member) {
    if (member == change.voter.value) continue;
    const auto left = known.left_for.find(member);
    const bool has_moved = left != known.left_for.end() && left->second >= change.view;
    moved += has_moved ? 1 : 0;
    leaving += has_moved || known.suspected.contains({member, below}) ? 1 : 0;
  }
  // Where it stands: what it said, or a view that it may have entered by what it heard (R10a, R27).
  View stands =
      promised.turn.first == change.epoch ? promised.turn.second : first_view(change.epoch);
  const auto enter = [&](View view) {
    if (view < change.view) stands = std::max(stands, view);
  };
  for (const auto& [view, anchors] : known.anchors) enter(view);
  for (const auto& [view, height] : known.prepared) enter(view);
  if (stands < below && moved <= faults_of(*members))
    fail("R24", node, "it jumps, and no weak quorum has moved there," + text);
  if (leaving < faults_of(*members))
    fail("R23", node, "it leaves, and no weak quorum suspects," + text);
  count(stands < below ? TraceStep::JumpToLaterView : TraceStep::LeaveWithWeakQuorum);
  promised.turn = turn;
}

// Protocol R26. What is in it, CertificateAudit judges.
void TraceAutomaton::judge_beginning(std::size_t node, const consensus::NewView& begun) {
  const Members* members = sets_.of(begun.epoch);
  if (members == nullptr || !is_own(node, begun.epoch, begun.view.value % members->size())) return;
  auto& promised = seen_[node].promised[seen_[node].key];
  const Turn turn(begun.epoch, begun.view);
  const auto& known = seen_[node].epochs[begun.epoch];
  if (known.anchors.contains(begun.view)) return;  // said again, or passed on by one that forgot it
  const std::string text = " view " + std::to_string(begun.view.value);
  if (turn <= Turn(promised.floor.epoch, promised.floor.view))
    fail("R39", node, "it begins, below its floor," + text);
  for (const auto& change : begun.changes) {
    // Its own it may have logged, died, and never sent.
    if (!is_own(node, begun.epoch, change.voter.value) &&
        !known.changes.contains({change.voter.value, change.view}))
      fail("R26", node, "it begins with a ViewChange that it was not sent," + text);
  }
  if (turn < promised.turn) fail("R23", node, "it begins a view that it left," + text);
  promised.turn = turn;
  count(TraceStep::BeginView);
}

// Protocol 15, A3.
void TraceAutomaton::judge_status(std::size_t node, const consensus::Status& status) {
  auto& seen = seen_[node];
  auto& promised = seen.promised[seen.key];
  const Turn turn(status.epoch, status.view);
  // In the turn in which it leaves, what it tells of the view before goes out behind its
  // ViewChange.
  if (turn < promised.told)
    fail("R23", node,
         "it is back in view " + std::to_string(status.view.value) + " of epoch " +
             std::to_string(status.epoch.value));
  if (status.stable < seen.stable || status.committed < seen.told_committed)
    fail("A3", node, "what it has committed has grown less");
  if (status.committed < status.stable) fail("A2", node, "more is stable than committed");
  promised.told = turn;
  promised.turn = std::max(promised.turn, turn);
  seen.stable = status.stable;
  seen.told_committed = status.committed;
  count(TraceStep::TellStatus);
}

}  // namespace giro::sim
