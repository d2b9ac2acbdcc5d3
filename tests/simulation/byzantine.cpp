#include "tests/simulation/byzantine.h"

#include <utility>

#include "consensus/wire/codec.h"
#include "crypto/check.h"
#include "node/runtime/driver.h"

namespace giro::sim {
namespace {

constexpr std::size_t kRecorded = 256;

}  // namespace

Byzantine::Byzantine(const NetworkSetup& setup, Scheduler& scheduler, std::uint64_t seed,
                     Deliver deliver)
    : setup_(setup),
      scheduler_(scheduler),
      random_(seed, "byzantine"),
      deliver_(std::move(deliver)) {}

void Byzantine::add(std::size_t node) {
  Liar liar;
  const std::uint64_t count = 1 + random_.below(4);
  for (std::uint64_t i = 0; i < count; ++i) liar.does.push_back(&random_.pick(all()));
  constexpr double kOften[] = {1, 0.5, 0.1};
  liar.often = random_.pick(kOften);
  liars_.emplace(node, std::move(liar));
}

void Byzantine::add(std::size_t node, std::string_view behaviour) {
  const Behaviour* found = find(behaviour);
  GIRO_CHECK(found != nullptr, behaviour);
  liars_[node].does.push_back(found);
}

bool Byzantine::is_ignored(const p2p::Frame& frame) {
  return (*frame)[5] == static_cast<std::byte>(consensus::wire::MessageType::Evidence);
}

void Byzantine::send(std::size_t node, std::size_t to, const p2p::Frame& frame) {
  Liar& liar = liars_.at(node);
  if (liar.recorded.size() == kRecorded) liar.recorded.pop_front();
  liar.recorded.push_back(frame);
  const crypto::ByteView bytes(*frame);
  auto message = consensus::wire::decode(std::to_integer<std::uint8_t>(bytes[5]), bytes.subspan(6));
  if (!message) return deliver_(node, to, frame);
  Hand hand{*message,
            node,
            to,
            random_,
            setup_,
            liar.recorded,
            NetworkSetup::kGenesisMs + 1'000 + scheduler_.now() / kMillisecond};
  bool changed = false;
  for (const Behaviour* behaviour : liar.does) {
    if (!random_.chance(liar.often)) continue;
    const std::string id = behaviour->id;
    if (id == "B50") {  // what it said before, to whoever
      ++activations_[id];
      deliver_(node, to, random_.pick(liar.recorded));
      continue;
    }
    if (id == "B52") {  // any byte of what leaves
      crypto::Bytes altered(bytes.begin(), bytes.end());
      const std::size_t at = 6 + random_.below(altered.size() - 6 + (altered.size() == 6 ? 1 : 0));
      if (at >= altered.size()) continue;
      altered[at] ^= static_cast<std::byte>(1U << random_.below(8));
      ++activations_[id];
      deliver_(node, to, std::make_shared<const crypto::Bytes>(std::move(altered)));
      continue;
    }
    if (!behaviour->act(hand)) continue;
    ++activations_[id];
    changed = true;
  }
  for (const auto& extra : hand.extra) deliver_(node, to, runtime::frame_of(extra));
  if (hand.drop) return;
  deliver_(node, to, changed ? runtime::frame_of(*message) : frame);
}

}  // namespace giro::sim
