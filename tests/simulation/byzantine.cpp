#include "tests/simulation/byzantine.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "consensus/wire/codec.h"
#include "crypto/check.h"
#include "node/runtime/driver.h"

namespace giro::sim {
namespace {

using consensus::PrePrepare;

constexpr std::size_t kRecorded = 256;
constexpr Time kFresh = 1'500 * kMillisecond;  // an author sends again what nobody confirmed

std::optional<consensus::Message> message_in(const p2p::Frame& frame) {
  const crypto::ByteView bytes(*frame);
  auto message = consensus::wire::decode(std::to_integer<std::uint8_t>(bytes[5]), bytes.subspan(6));
  if (!message) return std::nullopt;
  return std::move(*message);
}

}  // namespace

Byzantine::Byzantine(const NetworkSetup& setup, Scheduler& scheduler, std::uint64_t seed,
                     Ports ports)
    : setup_(setup),
      scheduler_(scheduler),
      random_(seed, "byzantine"),
      late_random_(seed, "late behaviours"),
      ports_(std::move(ports)) {}

void Byzantine::add(std::size_t node) {
  Liar liar;
  const std::uint64_t count = 1 + random_.below(4);
  for (std::uint64_t i = 0; i < count; ++i) liar.does.push_back(&random_.pick(all()));
  constexpr double kOften[] = {1, 0.5, 0.1};
  liar.often = random_.pick(kOften);
  if (late_random_.chance(0.5)) {
    const Behaviour& one = late_random_.pick(late());
    if (one.stage != Stage::Clients) liar.does.push_back(&one);
  }
  liar.is_blind = late_random_.chance(0.5);
  liars_.emplace(node, std::move(liar));
}

void Byzantine::add(std::size_t node, std::string_view behaviour) {
  const Behaviour* found = find(behaviour);
  GIRO_CHECK(found != nullptr, behaviour);
  liars_[node].does.push_back(found);
}

const Byzantine::Behaviour* Byzantine::find(std::string_view id) {
  for (const auto* behaviours : {&all(), &late(), &directed()}) {
    const auto found = std::ranges::find(*behaviours, id, &Behaviour::id);
    if (found != behaviours->end()) return &*found;
  }
  return nullptr;
}

std::vector<const Byzantine::Behaviour*> Byzantine::with_quota() {
  std::vector<const Behaviour*> listed;
  for (const auto* behaviours : {&all(), &late()}) {
    for (const Behaviour& behaviour : *behaviours) listed.push_back(&behaviour);
  }
  return listed;
}

std::uint64_t Byzantine::activations(std::string_view behaviour) const {
  const auto found = activations_.find(std::string(behaviour));
  return found == activations_.end() ? 0 : found->second;
}

void Byzantine::send(std::size_t node, std::size_t to, const p2p::Frame& frame) {
  Liar& liar = liars_.at(node);
  if (liar.recorded.size() == kRecorded) liar.recorded.pop_front();
  liar.recorded.push_back(frame);
  const crypto::ByteView bytes(*frame);
  auto message = message_in(frame);
  if (!message) return ports_.deliver(node, to, frame);
  const auto remember = [&](const consensus::Vote& vote) {
    const auto& content = vote.content;
    liar.said.insert_or_assign({content.kind, content.view, content.height}, content.digest);
  };
  if (const auto* vote = std::get_if<consensus::Vote>(&*message)) remember(*vote);
  if (const auto* proposal = std::get_if<PrePrepare>(&*message)) remember(proposal->vote);
  Hand hand{*message,
            node,
            to,
            random_,
            setup_,
            liar.recorded,
            NetworkSetup::kGenesisMs + 1'000 + scheduler_.now() / kMillisecond,
            keeps_any(liar)};
  bool changed = false;
  Doers altered_by;
  for (const Behaviour* behaviour : liar.does) {
    if (!random_.chance(liar.often)) continue;
    const std::string_view id = behaviour->id;
    if (id == "B50") {  // what it said before, to whoever
      leave(node, to, *random_.pick(liar.recorded), {behaviour->id});
      continue;
    }
    if (id == "B52") {  // any byte of what leaves
      crypto::Bytes altered(bytes.begin(), bytes.end());
      const std::size_t at = 6 + random_.below(altered.size() - 6 + (altered.size() == 6 ? 1 : 0));
      if (at >= altered.size()) continue;
      altered[at] ^= static_cast<std::byte>(1U << random_.below(8));
      leave(node, to, std::move(altered), {behaviour->id});
      continue;
    }
    if (id == "FM") {
      change_fields(node, to, liar, frame);
      continue;
    }
    const bool was_dropped = hand.drop;
    if (behaviour->act == nullptr || !behaviour->act(hand)) continue;
    const bool adds = !hand.extra.empty() || !hand.raw.empty();
    if (!adds && !hand.drop) altered_by.emplace_back(id);
    if (!adds && hand.drop && !was_dropped && ports_.would_hear(node, to))
      count(to, {behaviour->id});
    for (const auto& extra : std::exchange(hand.extra, {}))
      leave(node, to, *runtime::frame_of(extra), {behaviour->id});
    for (const auto& raw : std::exchange(hand.raw, {})) leave(node, to, *raw, {behaviour->id});
    changed = true;
  }
  if (hand.drop) return;
  if (!changed) return ports_.deliver(node, to, frame);
  leave(node, to, *runtime::frame_of(*message), std::move(altered_by), hand.delay);
}

// With each Status some fields in turn, first as they stand, then, if the message can still be read
// and carries its signature, signed again.
void Byzantine::change_fields(std::size_t node, std::size_t to, Liar& liar,
                              const p2p::Frame& frame) {
  constexpr std::size_t kAtOnce = 12;
  const crypto::ByteView bytes(*frame);
  const auto type = std::to_integer<std::uint8_t>(bytes[5]);
  liar.fields.record(type, bytes.subspan(6));
  if (static_cast<consensus::wire::MessageType>(type) != consensus::wire::MessageType::Status)
    return;
  const auto& fields = FieldMutators::fields();
  for (std::size_t i = 0; i < kAtOnce; ++i) {
    const auto& field = fields[liar.next_field++ % fields.size()];
    const auto changed = liar.fields.mutate(field, random_);
    const auto raw = p2p::encode_frame(p2p::Family::Payload, field.type, changed);
    leave(node, to, *raw, {"FM", field.name});
    auto message = message_in(raw);
    if (!message || !sign_again(*message, node)) continue;
    leave(node, to, *runtime::frame_of(*message), {"FM", field.again});
  }
}

// Whatever of it the node signs itself.
bool Byzantine::sign_again(consensus::Message& message, std::size_t node) const {
  const crypto::SecretKey& key = setup_.validator_key(node);
  const crypto::Hash& chain = setup_.chain();
  if (auto* vote = std::get_if<consensus::Vote>(&message)) {
    vote->signature = key.sign(vote->content.sign_bytes(chain));
  } else if (auto* proposal = std::get_if<PrePrepare>(&message)) {
    proposal->vote.content.digest = proposal->block.hash(chain);
    proposal->vote.signature = key.sign(proposal->vote.content.sign_bytes(chain));
  } else if (auto* change = std::get_if<consensus::ProvenViewChange>(&message)) {
    change->change.signature = key.sign(change->change.digest(chain));
  } else if (auto* begun = std::get_if<consensus::NewView>(&message)) {
    begun->signature = key.sign(begun->digest(chain));
  } else if (auto* certificate = certificate_in(message)) {
    const auto own = std::ranges::find_if(
        certificate->signatures, [&](const auto& entry) { return entry.voter.value == node; });
    if (own == certificate->signatures.end()) return false;
    own->signature = key.sign(certificate->content.sign_bytes(chain));
  } else {
    return false;
  }
  return true;
}

void Byzantine::leave(std::size_t node, std::size_t to, crypto::Bytes bytes, Doers doers,
                      Time delay) {
  auto* made = new crypto::Bytes(std::move(bytes));
  marks_->emplace(made, std::move(doers));
  const p2p::Frame frame(made, [marks = marks_](const crypto::Bytes* gone) {
    marks->erase(gone);
    delete gone;
  });
  if (delay == 0) return ports_.deliver(node, to, frame);
  scheduler_.in(delay, [this, node, to, frame] { ports_.deliver(node, to, frame); });
}

void Byzantine::count(std::size_t to, const Doers& doers) {
  if (liars_.contains(to)) return;
  for (const std::string_view doer : doers) ++activations_[std::string(doer)];
}

bool Byzantine::on_arrival(std::size_t from, std::size_t to, const p2p::Frame& frame) {
  if (liars_.empty()) return true;
  if (const auto mark = marks_->find(frame.get()); mark != marks_->end()) {
    count(to, mark->second);
    mark->second.clear();  // a repeated frame is no second deed
  }
  const auto liar = liars_.find(to);
  return liar == liars_.end() || lets_in(from, to, liar->second, frame);
}

bool Byzantine::tells_of_lies(std::size_t node, const Liar& liar, consensus::Message& message) {
  const auto is_news = [&](const consensus::VoteContent& content) {
    const auto said = liar.said.find({content.kind, content.view, content.height});
    return said == liar.said.end() || said->second != content.digest;
  };
  if (const auto* proposal = std::get_if<PrePrepare>(&message))
    return proposal->vote.voter.value == node && is_news(proposal->vote.content);
  const auto* certificate = certificate_in(message);
  return certificate != nullptr && is_news(certificate->content) &&
         std::ranges::any_of(certificate->signatures,
                             [&](const auto& entry) { return entry.voter.value == node; });
}

// A batch is kept from it where its author sends it; what it asked for because a block names it
// comes from others.
bool Byzantine::lets_in(std::size_t from, std::size_t node, Liar& liar, const p2p::Frame& frame) {
  auto message = message_in(frame);
  if (!message) return true;
  // It would only stop the lies (protocol R40).
  if (std::holds_alternative<consensus::EvidenceMessage>(*message)) return false;
  if (liar.is_blind && tells_of_lies(node, liar, *message)) return false;
  const auto keeper = std::ranges::find_if(
      liar.does, [](const Behaviour* behaviour) { return behaviour->keeps.has_value(); });
  if (keeper == liar.does.end()) return true;
  if (const auto* proposal = std::get_if<PrePrepare>(&*message)) {
    for (const auto& batch : proposal->block.batches) liar.kept.erase(batch);
  }
  if (std::holds_alternative<consensus::BatchOffer>(*message)) return false;
  const auto* batch = std::get_if<consensus::BatchMessage>(&*message);
  const std::size_t victim = (node + 1) % setup_.size();
  if (batch == nullptr || from != victim || batch->batch->author != setup_.institution(victim))
    return true;
  liar.kept.insert_or_assign(batch->batch->id, scheduler_.now());
  if (const Time wait = *(*keeper)->keeps; wait > 0)
    scheduler_.in(wait, [this, from, node, frame, &liar, id = batch->batch->id] {
      liar.kept.erase(id);
      ports_.hand_in(from, node, frame);
    });
  return false;
}

bool Byzantine::keeps_any(const Liar& liar) const {
  return std::ranges::any_of(
      liar.kept, [&](const auto& entry) { return scheduler_.now() - entry.second < kFresh; });
}

}  // namespace giro::sim
