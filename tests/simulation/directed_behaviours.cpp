// Lies that scenarios tell and seeds do not draw: each needs a place that is prepared for it.
#include <algorithm>
#include <utility>

#include "consensus/wire/codec.h"
#include "tests/simulation/byzantine.h"

namespace giro::sim {
namespace {

using consensus::Certificate;
using consensus::VoteKind;
using Hand = Byzantine::Hand;

// An ordering certificate that it sent before, of this epoch and below the mark.
std::optional<Certificate> older_than(const Hand& hand, const Certificate& mark) {
  for (auto frame = hand.recorded.rbegin(); frame != hand.recorded.rend(); ++frame) {
    const crypto::ByteView bytes(**frame);
    const auto message =
        consensus::wire::decode(std::to_integer<std::uint8_t>(bytes[5]), bytes.subspan(6));
    const auto* change = message ? std::get_if<consensus::ProvenViewChange>(&*message) : nullptr;
    if (change == nullptr || !change->high) continue;
    const auto& content = change->high->content;
    if (content.epoch == mark.content.epoch && ranks_higher(mark, *change->high))
      return change->high;
  }
  return std::nullopt;
}

bool older_anchor(Hand& hand) {
  auto* begun = std::get_if<consensus::NewView>(&hand.message);
  if (begun == nullptr || !begun->anchor) return false;
  auto older = older_than(hand, *begun->anchor);
  if (!older) return false;
  begun->anchor = std::move(older);
  begun->signature = hand.key().sign(begun->digest(hand.setup.chain()));
  return true;
}

// Its own promise names a view and no height: in a comparison by view first it would be the
// maximum, and stand for none.
bool hide_highs(Hand& hand) {
  auto* begun = std::get_if<consensus::NewView>(&hand.message);
  if (begun == nullptr || !begun->anchor || begun->view.value == 0) return false;
  const auto own =
      std::ranges::find(begun->changes, consensus::ReplicaId{static_cast<std::uint32_t>(hand.node)},
                        &consensus::ViewChange::voter);
  if (own == begun->changes.end()) return false;
  own->high = {{begun->view.value - 1}, {}, {}};
  own->signature = hand.key().sign(own->digest(hand.setup.chain()));
  begun->anchor.reset();
  begun->signature = hand.key().sign(begun->digest(hand.setup.chain()));
  return true;
}

// After its own prepare vote the next block, another one for each, signed by itself.
bool usurp(Hand& hand) {
  const auto* vote = std::get_if<consensus::Vote>(&hand.message);
  if (vote == nullptr || vote->content.kind != VoteKind::Prepare) return false;
  const auto& below = vote->content;
  if (below.view.value % hand.setup.size() == hand.node) return false;  // its own turn
  const auto ahead = static_cast<std::int64_t>(hand.to + 1);
  const consensus::Block block{
      below.epoch, below.view, {below.height.value + 1}, below.digest, {hand.wall_ms + ahead}, {}};
  consensus::Vote own = *vote;
  own.content.height = block.height;
  own.content.digest = block.hash(hand.setup.chain());
  own.signature = hand.key().sign(own.content.sign_bytes(hand.setup.chain()));
  hand.extra.emplace_back(consensus::PrePrepare{block, own});
  return true;
}

// Another author's batch, with an operation that its client did not sign.
bool other_payload(Hand& hand) {
  auto* message = std::get_if<consensus::BatchMessage>(&hand.message);
  if (message == nullptr) return false;
  const consensus::Batch& batch = *message->batch;
  if (batch.author == hand.setup.institution(hand.node)) return false;
  std::vector<crypto::Bytes> operations;
  for (std::size_t i = 0; i < batch.operations.size(); ++i)
    operations.push_back(crypto::to_bytes(batch.operation(i)));
  operations.front().back() ^= std::byte{1};
  const std::vector<crypto::ByteView> views(operations.begin(), operations.end());
  message->batch =
      consensus::wire::make_batch(batch.author, batch.author_seq, batch.expires_at, views);
  return true;
}

}  // namespace

const std::vector<Byzantine::Behaviour>& Byzantine::directed() {
  static const std::vector<Behaviour> behaviours = {
      {"B18o", "a NewView whose anchor is an older certificate", older_anchor},
      {"B17h", "a NewView with a mark of no height", hide_highs},
      {"B20p", "proposals out of turn, another one for each", usurp},
      {"B22p", "other payload than was asked for", other_payload},
  };
  return behaviours;
}

}  // namespace giro::sim
