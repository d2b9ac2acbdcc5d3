// What faulty validators do (assurance 4), one function each, by its id there.
#include <algorithm>
#include <utility>

#include "tests/simulation/byzantine.h"

namespace giro::sim {

namespace {

using consensus::Certificate;
using consensus::Hash;
using consensus::PrePrepare;
using consensus::Vote;
using consensus::VoteKind;
using Hand = Byzantine::Hand;

bool equivocate(Hand& hand) {
  auto* proposal = std::get_if<PrePrepare>(&hand.message);
  if (proposal == nullptr || !hand.is_one_half()) return false;
  proposal->block.batches.clear();
  ++proposal->block.time.ms;
  hand.sign_again(*proposal);
  return true;
}

bool reorder(Hand& hand) {
  auto* proposal = std::get_if<PrePrepare>(&hand.message);
  if (proposal == nullptr || !hand.is_one_half()) return false;
  std::ranges::reverse(proposal->block.batches);
  if (proposal->block.batches.size() < 2) ++proposal->block.time.ms;
  hand.sign_again(*proposal);
  return true;
}

bool wrong_height(Hand& hand) {
  auto* proposal = std::get_if<PrePrepare>(&hand.message);
  if (proposal == nullptr) return false;
  switch (hand.random.below(3)) {
    case 0:
      ++proposal->block.height.value;
      break;
    case 1:
      --proposal->block.height.value;
      break;
    default:
      proposal->block.parent = hand.some_hash();
  }
  hand.sign_again(*proposal);
  return true;
}

bool height_beyond(Hand& hand) {
  auto* proposal = std::get_if<PrePrepare>(&hand.message);
  if (proposal == nullptr) return false;
  const auto& parameters = hand.setup.parameters();
  const std::uint64_t last =
      (proposal->block.epoch.value + 1) * parameters.epoch_blocks;  // of the epoch
  const std::uint64_t places[] = {0, proposal->block.height.value + parameters.window + 1, last + 1,
                                  ~0ULL};
  proposal->block.height.value = places[hand.random.below(4)];
  hand.sign_again(*proposal);
  return true;
}

bool to_some_only(Hand& hand) {
  if (!std::holds_alternative<PrePrepare>(hand.message) &&
      !std::holds_alternative<consensus::BatchMessage>(hand.message))
    return false;
  const std::size_t faults = (hand.setup.size() - 1) / 3;
  const std::size_t place = (hand.to + hand.setup.size() - hand.node) % hand.setup.size();
  hand.drop = place > 2 * faults - 1;  // itself and 2f - 1 others hold it
  return hand.drop;
}

bool name_twice(Hand& hand) {
  auto* proposal = std::get_if<PrePrepare>(&hand.message);
  if (proposal == nullptr) return false;
  auto& batches = proposal->block.batches;
  batches.push_back(batches.empty() ? hand.some_hash() : batches.front());
  hand.sign_again(*proposal);
  return true;
}

bool time_at_bounds(Hand& hand) {
  auto* proposal = std::get_if<PrePrepare>(&hand.message);
  if (proposal == nullptr) return false;
  const auto& parameters = hand.setup.parameters();
  const auto skew = static_cast<std::int64_t>(parameters.clock_skew_ms);
  proposal->block.time.ms += hand.random.chance(0.5) ? skew - 1 : -skew;
  hand.sign_again(*proposal);
  return true;
}

bool hide_high(Hand& hand) {
  auto* change = std::get_if<consensus::ProvenViewChange>(&hand.message);
  if (change == nullptr || !change->high) return false;
  change->high.reset();
  change->change.high = {};
  change->change.signature = hand.key().sign(change->change.digest(hand.setup.chain()));
  return true;
}

bool mixed_certificate(Hand& hand) {
  Certificate* certificate = certificate_in(hand.message);
  if (certificate == nullptr) return false;
  auto& content = certificate->content;
  switch (hand.random.below(4)) {
    case 0:
      ++content.view.value;
      break;
    case 1:
      ++content.height.value;
      break;
    case 2:
      content.kind = content.kind == VoteKind::Commit ? VoteKind::Prepare : VoteKind::Commit;
      break;
    default:
      content.digest = hand.some_hash();
  }
  return true;
}

bool huge_view(Hand& hand) {
  auto* change = std::get_if<consensus::ProvenViewChange>(&hand.message);
  if (change != nullptr) {
    change->change.view.value = hand.random.chance(0.5) ? ~0ULL : 1ULL << 40;
    change->change.signature = hand.key().sign(change->change.digest(hand.setup.chain()));
    return true;
  }
  auto* suspicion = std::get_if<consensus::Suspect>(&hand.message);
  if (suspicion == nullptr) return false;
  suspicion->view.value = ~0ULL;
  return true;
}

bool always_suspect(Hand& hand) {
  auto* status = std::get_if<consensus::Status>(&hand.message);
  if (status == nullptr) return false;
  status->suspected = true;
  hand.extra.emplace_back(
      consensus::Suspect{status->epoch, status->view, consensus::SuspectReason::Silent});
  consensus::ViewChange change{.epoch = status->epoch,
                               .view = {status->view.value + 1},
                               .voter = {static_cast<std::uint32_t>(hand.node)},
                               .high = {},
                               .stable = {},
                               .stable_header = {},
                               .signature = {}};
  const auto epoch_blocks = hand.setup.parameters().epoch_blocks;
  change.stable.value = status->epoch.value * epoch_blocks;
  change.signature = hand.key().sign(change.digest(hand.setup.chain()));
  hand.extra.emplace_back(consensus::ProvenViewChange{change, std::nullopt, std::nullopt});
  return true;
}

bool poor_new_view(Hand& hand) {
  auto* begun = std::get_if<consensus::NewView>(&hand.message);
  if (begun == nullptr || begun->changes.empty()) return false;
  switch (hand.random.below(3)) {
    case 0:
      begun->changes.pop_back();
      break;
    case 1:
      begun->changes.back() = begun->changes.front();
      break;
    default:
      std::ranges::reverse(begun->changes);
  }
  begun->signature = hand.key().sign(begun->digest(hand.setup.chain()));
  return true;
}

bool lower_anchor(Hand& hand) {
  auto* begun = std::get_if<consensus::NewView>(&hand.message);
  if (begun == nullptr || !begun->anchor) return false;
  begun->anchor.reset();
  begun->signature = hand.key().sign(begun->digest(hand.setup.chain()));
  return true;
}

bool withhold_new_view(Hand& hand) {
  if (!std::holds_alternative<consensus::NewView>(hand.message) || hand.is_one_half()) return false;
  return hand.drop = true;
}

bool other_context(Hand& hand) {
  auto* vote = std::get_if<Vote>(&hand.message);
  if (vote == nullptr) return false;
  switch (hand.random.below(4)) {  // the signature stays
    case 0:
      ++vote->content.epoch.value;
      break;
    case 1:
      ++vote->content.view.value;
      break;
    case 2:
      vote->voter.value = (vote->voter.value + 1) % static_cast<std::uint32_t>(hand.setup.size());
      break;
    default:
      vote->content.kind =
          vote->content.kind == VoteKind::Commit ? VoteKind::Prepare : VoteKind::Commit;
  }
  return true;
}

bool duplicate_signer(Hand& hand) {
  Certificate* certificate = certificate_in(hand.message);
  if (certificate == nullptr || certificate->signatures.size() < 2) return false;
  certificate->signatures.back() = certificate->signatures.front();
  return true;
}

bool sub_quorum(Hand& hand) {
  Certificate* certificate = certificate_in(hand.message);
  if (certificate == nullptr || certificate->signatures.empty()) return false;
  certificate->signatures.pop_back();
  return true;
}

bool two_votes(Hand& hand) {
  auto* vote = std::get_if<Vote>(&hand.message);
  if (vote == nullptr || vote->content.kind == VoteKind::Attest || !hand.is_one_half())
    return false;
  vote->content.digest = hand.some_hash();
  hand.sign(*vote);
  return true;
}

bool commit_unprepared(Hand& hand) {
  auto* vote = std::get_if<Vote>(&hand.message);
  if (vote == nullptr || vote->content.kind != VoteKind::Prepare) return false;
  Vote commit = *vote;
  commit.content.kind = VoteKind::Commit;
  hand.sign(commit);
  hand.extra.emplace_back(commit);
  return true;
}

bool withhold_votes(Hand& hand) {
  if (!std::holds_alternative<Vote>(hand.message)) return false;
  return hand.drop = true;
}

bool false_attest(Hand& hand) {
  auto* vote = std::get_if<Vote>(&hand.message);
  if (vote == nullptr || vote->content.kind != VoteKind::Attest) return false;
  if (hand.random.chance(0.5))
    vote->content.digest = hand.some_hash();
  else
    vote->content.height.value += 1 + hand.random.below(10);
  hand.sign(*vote);
  return true;
}

bool mute(Hand& hand) {
  return hand.drop = true;
}

bool false_evidence(Hand& hand) {
  auto* vote = std::get_if<Vote>(&hand.message);
  if (vote == nullptr) return false;
  Vote left = *vote;
  left.voter.value = (left.voter.value + 1) % static_cast<std::uint32_t>(hand.setup.size());
  Vote right = left;
  right.content.digest = hand.some_hash();
  hand.extra.emplace_back(
      consensus::EvidenceMessage{consensus::ConflictingVotes{.first = left, .second = right}});
  return true;
}

bool no_answers(Hand& hand) {
  if (!std::holds_alternative<consensus::ChainSegment>(hand.message) &&
      !std::holds_alternative<consensus::BlockRange>(hand.message) &&
      !std::holds_alternative<consensus::BatchMessage>(hand.message) &&
      !std::holds_alternative<consensus::CertifiedBlocks>(hand.message))
    return false;
  return hand.drop = true;
}

bool lying_status(Hand& hand) {
  auto* status = std::get_if<consensus::Status>(&hand.message);
  if (status == nullptr) return false;
  const std::uint64_t height = hand.random.chance(0.5) ? ~0ULL : hand.random.below(1'000);
  status->stable.value = status->committed.value = status->tip.value = height;
  if (hand.random.chance(0.3)) status->epoch.value = hand.random.below(100);
  if (hand.random.chance(0.3)) status->view.value = ~0ULL;
  return true;
}

bool unlinked_blocks(Hand& hand) {
  std::vector<consensus::Block>* blocks = nullptr;
  if (auto* segment = std::get_if<consensus::ChainSegment>(&hand.message))
    blocks = &segment->blocks;
  if (auto* range = std::get_if<consensus::BlockRange>(&hand.message)) blocks = &range->blocks;
  if (auto* proven = std::get_if<consensus::CertifiedBlocks>(&hand.message))
    blocks = &proven->blocks;
  if (blocks == nullptr || blocks->empty()) return false;
  auto& block = (*blocks)[hand.random.below(blocks->size())];
  switch (hand.random.below(3)) {
    case 0:
      block.parent = hand.some_hash();
      break;
    case 1:
      block.batches.clear();
      ++block.time.ms;
      break;
    default:
      std::ranges::reverse(*blocks);
  }
  return true;
}

}  // namespace

consensus::Certificate* certificate_in(consensus::Message& message) {
  if (auto* blocks = std::get_if<consensus::CertifiedBlocks>(&message)) return &blocks->certificate;
  if (auto* segment = std::get_if<consensus::ChainSegment>(&message)) return &segment->attest;
  if (auto* proof = std::get_if<consensus::AttestProof>(&message)) return &proof->attest;
  if (auto* change = std::get_if<consensus::ProvenViewChange>(&message))
    return change->high ? &*change->high : nullptr;
  if (auto* begun = std::get_if<consensus::NewView>(&message))
    return begun->anchor ? &*begun->anchor : nullptr;
  return nullptr;
}

consensus::Hash Byzantine::Hand::some_hash() {
  consensus::Hash hash;
  for (std::byte& byte : hash.bytes) byte = static_cast<std::byte>(random.below(256));
  return hash;
}

void Byzantine::Hand::sign(consensus::Vote& vote) const {
  vote.signature = key().sign(vote.content.sign_bytes(setup.chain()));
}

void Byzantine::Hand::sign_again(consensus::PrePrepare& proposal) const {
  proposal.vote.content.digest = proposal.block.hash(setup.chain());
  proposal.vote.content.height = proposal.block.height;
  sign(proposal.vote);
}

const std::vector<Byzantine::Behaviour>& Byzantine::all() {
  static const std::vector<Behaviour> behaviours = {
      {"B01", "another block for half of the others", equivocate},
      {"B02", "the same batches in another order", reorder},
      {"B03", "a height or a parent that does not follow", wrong_height},
      {"B04", "a height outside window or epoch", height_beyond},
      {"B09", "block and payload to 2f members only", to_some_only},
      {"B11", "a batch twice in a block, or none that exists", name_twice},
      {"B12", "block times at the bounds", time_at_bounds},
      {"B13", "a ViewChange that hides its high", hide_high},
      {"B14", "a certificate of another view, height, kind or digest", mixed_certificate},
      {"B15", "a huge view", huge_view},
      {"B16", "suspicion and ViewChange all the time", always_suspect},
      {"B17", "a NewView with too few, double or unsorted ViewChanges", poor_new_view},
      {"B18", "a NewView whose anchor is not the maximum", lower_anchor},
      {"B19", "a NewView for half of the others", withhold_new_view},
      {"B20", "a vote moved to another epoch, view, kind or voter", other_context},
      {"B21", "a signer twice in a certificate", duplicate_signer},
      {"B23", "a certificate of fewer than a quorum", sub_quorum},
      {"B25", "votes for two blocks", two_votes},
      {"B25c", "commit without a prepare certificate", commit_unprepared},
      {"B26", "no votes", withhold_votes},
      {"B27", "attests for a wrong header or height", false_attest},
      {"B28", "silence", mute},
      {"B29", "made-up evidence", false_evidence},
      {"B40", "no answers to who is behind", no_answers},
      {"B41", "a Status that lies", lying_status},
      {"B42", "blocks that do not link", unlinked_blocks},
      // Byzantine::send does these: they work on frames.
      {"B50", "old traffic again", nullptr},
      {"B52", "any bit changed", nullptr},
  };
  return behaviours;
}

}  // namespace giro::sim
