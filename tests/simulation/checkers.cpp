#include "tests/simulation/checkers.h"

#include <algorithm>

#include "crypto/digest.h"

namespace giro::sim {

using consensus::EventType;
using consensus::Hash;

Checkers::Checkers(const NetworkSetup& setup, const Sets& sets)
    : setup_(setup), sets_(sets), stable_(setup.nodes()) {}

void Checkers::on_wiped(std::size_t node) {
  for (std::size_t number = 0; number < setup_.keys(node); ++number)
    forgetful_.insert(setup_.validator_key(node, number).public_key());
}

const consensus::Member* Checkers::own_seat(std::size_t node, consensus::Epoch epoch,
                                            std::uint64_t index) const {
  const auto* seat = sets_.seat(epoch, index);
  return seat != nullptr && seat->institution == setup_.institution(node) ? seat : nullptr;
}

void Checkers::fail(std::string rule, std::size_t node, std::string text) const {
  throw Violation{std::move(rule), node, std::move(text)};
}

void Checkers::say(std::size_t node, const consensus::Vote& vote) {
  const auto& content = vote.content;
  const auto* seat = own_seat(node, content.epoch, vote.voter.value);
  if (seat == nullptr) return;                               // a proposal that is passed on
  if (vote.content.kind == consensus::VoteKind::Snapshot) {  // I8: the same state, the same bytes
    const auto [place, added] = snapshots_.try_emplace(vote.content.height, vote.content.digest);
    if (!added && place->second != vote.content.digest)
      fail("I8", node, "another snapshot at height " + std::to_string(vote.content.height.value));
  }
  if (content.kind == consensus::VoteKind::Prepare) expect_ended_before(node, content.epoch);
  if (content.kind == consensus::VoteKind::Attest &&
      content.height.value % setup_.parameters().epoch_blocks == 0)
    attested_[content.epoch].insert(vote.voter.value);
  const auto [place, added] = said_[seat->key].votes.try_emplace(
      {content.kind, content.epoch, content.view, content.height}, content.digest);
  if (!added && place->second != content.digest) {
    fail("I3", node,
         "two votes of kind " + std::to_string(static_cast<int>(content.kind)) + " at height " +
             std::to_string(content.height.value) + " of view " +
             std::to_string(content.view.value));
  }
}

void Checkers::expect_ended_before(std::size_t node, consensus::Epoch epoch) const {
  if (epoch.value == 0) return;
  const consensus::Epoch before{epoch.value - 1};
  const Members* members = sets_.of(before);
  const auto found = attested_.find(before);
  std::size_t attests = found == attested_.end() ? 0 : found->second.size();
  std::size_t size = 0;
  for (const auto& member : members == nullptr ? Members{} : *members) {
    ++size;
    const auto seat = setup_.node_of(member.institution);
    if (!seat || is_faulty(*seat)) ++attests;  // nobody knows what it said
  }
  const std::size_t quorum = (size + (size - 1) / 3) / 2 + 1;
  if (size == 0 || attests < quorum)
    fail("I4", node,
         "it votes in epoch " + std::to_string(epoch.value) +
             " before a quorum has attested the end of the one before");
}

void Checkers::on_said(std::size_t node, const consensus::Message& message) {
  if (is_faulty(node)) return;
  const auto once = [&](auto& said, consensus::Epoch epoch, consensus::View view,
                        const Hash& digest, const char* what) {
    const auto [place, added] = said.try_emplace({epoch, view}, digest);
    if (!added && place->second != digest)
      fail("I3", node, std::string("two ") + what + " for view " + std::to_string(view.value));
  };
  if (const auto* vote = std::get_if<consensus::Vote>(&message)) return say(node, *vote);
  if (const auto* proposal = std::get_if<consensus::PrePrepare>(&message)) {
    return say(node, proposal->vote);
  }
  // Others' promises are relayed; only the own ones are held against a node.
  if (const auto* change = std::get_if<consensus::ProvenViewChange>(&message)) {
    const auto& made = change->change;
    if (const auto* seat = own_seat(node, made.epoch, made.voter.value))
      once(said_[seat->key].changes, made.epoch, made.view, made.digest(setup_.chain()),
           "ViewChanges");
  } else if (const auto* begun = std::get_if<consensus::NewView>(&message)) {
    const Members* set = sets_.of(begun->epoch);
    const auto* seat =
        set == nullptr ? nullptr : own_seat(node, begun->epoch, begun->view.value % set->size());
    if (seat != nullptr)
      once(said_[seat->key].new_views, begun->epoch, begun->view, begun->digest(setup_.chain()),
           "NewViews");
  }
}

void Checkers::on_opened(std::size_t node, const crypto::PublicKey& key,
                         const consensus::RecoveredState& recovered,
                         const std::vector<consensus::VoteContent>& votes) {
  stable_[node] = {};
  if (is_faulty(node) || forgetful_.contains(key) || recovered.amnesic_below) return;
  const Said& said = said_[key];
  std::set<std::pair<Place, Hash>> remembered;
  for (const auto& vote : votes)
    remembered.insert({{vote.kind, vote.epoch, vote.view, vote.height}, vote.digest});
  for (const auto& [place, digest] : said.votes) {
    const auto& [kind, epoch, view, height] = place;
    if (epoch != recovered.set.epoch || height <= recovered.stable) continue;
    // In a view that was left nothing is signed any more: that is what is remembered of it.
    if (kind != consensus::VoteKind::Attest && view < recovered.view) continue;
    if (!remembered.contains({place, digest})) {
      fail("I3", node,
           "a vote of kind " + std::to_string(static_cast<int>(kind)) + " at height " +
               std::to_string(height.value) + " of view " + std::to_string(view.value) +
               " was said and is not remembered");
    }
  }
  for (const auto& [at, digest] : said.changes) {
    if (at.first == recovered.set.epoch && recovered.view < at.second)
      fail("I3", node, "it is back in a view that it left");
  }
}

void Checkers::on_consensus(std::size_t node, const consensus::Event& event) {
  if (event.type == EventType::ViewEntered) ++view_changes_;
  if (is_faulty(node)) return;
  const auto agree = [&](auto& agreed, const char* rule, const char* what) {
    const auto [place, added] = agreed.try_emplace(event.height, event.hash);
    if (!added && place->second != event.hash)
      fail(rule, node,
           std::string("another ") + what + " at height " + std::to_string(event.height.value));
  };
  switch (event.type) {
    case EventType::Committed:
      agree(blocks_, "I1", "block");
      committed_ = std::max(committed_, event.height);
      break;
    case EventType::Executed:
      agree(headers_, "I2", "header");
      break;
    case EventType::Stable:
      if (event.height < stable_[node]) fail("I3", node, "the stable height fell");
      stable_[node] = event.height;
      break;
    case EventType::EvidenceFound: {  // I12: it names the guilty only
      const auto culprit = setup_.node_of({event.detail});
      const auto* seat = sets_.seat_of(event.epoch, {event.detail});
      if (!culprit || seat == nullptr || (!is_faulty(*culprit) && !forgetful_.contains(seat->key)))
        fail("I12", node,
             "evidence against a correct node, institution " + std::to_string(event.detail));
      break;
    }
    case EventType::EpochEntered:
      epoch_ = std::max(epoch_, event.epoch);
      break;
    case EventType::Diverged:
      fail("I2", node, "it diverged at height " + std::to_string(event.height.value));
    case EventType::VotesStopped:
      fail("I3", node, "a correct node stopped voting, reason " + std::to_string(event.detail));
    default:
      break;
  }
}

}  // namespace giro::sim
