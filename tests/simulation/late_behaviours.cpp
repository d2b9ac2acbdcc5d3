// What faulty authors, primaries and providers of snapshots do, and clients (assurance 4). Seeds
// draw these on a stream of their own, so that the draws of older seeds stay.
#include <algorithm>
#include <array>
#include <utility>

#include "consensus/wire/codec.h"
#include "crypto/digest.h"
#include "tests/simulation/byzantine.h"
#include "tests/simulation/operations.h"

namespace giro::sim {
namespace {

using consensus::PrePrepare;
using consensus::SnapshotChunk;
using consensus::SnapshotOffer;
using Hand = Byzantine::Hand;
using Stage = Byzantine::Stage;

constexpr std::int64_t kOwnBatchEveryMs = 200;
constexpr std::uint64_t kOwnBatches = 1'000'000'000;  // their numbers begin here

// --- authors

consensus::BatchMessage own_batch(const Hand& hand, std::uint64_t number,
                                  crypto::ByteView operation) {
  return {consensus::wire::make_batch(
      hand.self(), kOwnBatches + number,
      {hand.wall_ms + static_cast<std::int64_t>(hand.setup.parameters().batch_lifetime_ms) / 2},
      std::array{operation})};
}

// One that a client gave it, as it stands in the last batch of its own.
std::optional<crypto::Bytes> recorded_operation(const Hand& hand) {
  for (auto frame = hand.recorded.rbegin(); frame != hand.recorded.rend(); ++frame) {
    const crypto::ByteView bytes(**frame);
    const auto type = static_cast<consensus::wire::MessageType>(bytes[5]);
    if (type != consensus::wire::MessageType::Batch) continue;
    const auto batch = consensus::wire::parse_batch(crypto::to_bytes(bytes.subspan(6)));
    if (batch) return crypto::to_bytes((*batch)->operation(0));
  }
  return std::nullopt;
}

// The same for all, another one each time: of bad signatures, void, expired, about to expire, of
// more than there is, and one that may have been executed.
bool bad_operations(Hand& hand) {
  if (!std::holds_alternative<consensus::Status>(hand.message)) return false;
  const auto number = static_cast<std::uint64_t>(hand.wall_ms / kOwnBatchEveryMs);
  const auto payment = [&](std::uint64_t amount, std::int64_t valid_for_ms) {
    return signed_payment(
        hand.setup,
        {.id = operation_id("giro/sim/liar", number + hand.node * (1ULL << 40)),
         .amount = amount,
         .valid_until_ms = static_cast<std::int64_t>(number) * kOwnBatchEveryMs + valid_for_ms});
  };
  crypto::Bytes operation;
  switch (number % 6) {
    case 0:
      operation = payment(1, 20'000);
      operation.back() ^= std::byte{1};
      break;
    case 1:
      operation = crypto::Bytes(40, static_cast<std::byte>(number));
      break;
    case 2:
      operation = payment(1, -1'000);
      break;
    case 3:
      operation = payment(1, kOwnBatchEveryMs + 50);
      break;
    case 4:
      operation = payment(~0ULL, 20'000);
      break;
    default:
      auto recorded = recorded_operation(hand);
      if (!recorded) return false;
      operation = std::move(*recorded);
  }
  hand.extra.emplace_back(own_batch(hand, number, operation));
  return true;
}

// A block of more batches than there may be; batches without operations, of no form, too large, and
// more of them than the author has room for.
bool beyond_limits(Hand& hand) {
  const auto& parameters = hand.setup.parameters();
  if (auto* proposal = std::get_if<PrePrepare>(&hand.message)) {
    auto& batches = proposal->block.batches;
    while (batches.size() <= parameters.block_batches) batches.push_back(hand.some_hash());
    hand.sign_again(*proposal);
    return true;
  }
  if (!std::holds_alternative<consensus::Status>(hand.message)) return false;
  const auto raw = [&](crypto::ByteView bytes) {
    const auto type = static_cast<std::uint8_t>(consensus::wire::MessageType::Batch);
    hand.raw.push_back(p2p::encode_frame(p2p::Family::Payload, type, bytes));
  };
  const auto number = static_cast<std::uint64_t>(hand.wall_ms);
  switch (hand.random.below(4)) {
    case 0:
      raw(std::array{std::byte{8}, std::byte{1}});  // author 1, and nothing more
      break;
    case 1:
      raw(hand.some_hash().bytes);
      break;
    case 2: {
      const crypto::Bytes large(parameters.batch_bytes + 1, std::byte{7});
      hand.extra.emplace_back(own_batch(hand, number, large));
      break;
    }
    default:
      const crypto::Bytes full(parameters.batch_bytes - 100, std::byte{7});
      const std::uint64_t count = parameters.author_quota / parameters.batch_bytes + 4;
      for (std::uint64_t i = 0; i < count; ++i)
        hand.extra.emplace_back(own_batch(hand, number * 1'000 + i, full));
  }
  return true;
}

bool slow_walk(Hand& hand) {
  if (!std::holds_alternative<PrePrepare>(hand.message)) return false;
  const auto base = static_cast<Time>(hand.setup.parameters().view_timeout_base_ms);
  hand.delay = base * kMillisecond * 4 / 5;
  return true;
}

// The batches that it did not let itself know are those that this block could name.
bool proposes_without(Hand& hand) {
  return std::holds_alternative<PrePrepare>(hand.message) && hand.keeps_from_itself;
}

// --- providers

bool poison_chunk(Hand& hand) {
  auto* chunk = std::get_if<SnapshotChunk>(&hand.message);
  if (chunk == nullptr || chunk->bytes.empty()) return false;
  hand.random.pick(chunk->bytes) ^= static_cast<std::byte>(1U << hand.random.below(8));
  return true;
}

bool poison_for_one_half(Hand& hand) {
  return hand.is_one_half() && poison_chunk(hand);
}

std::optional<SnapshotOffer> last_offer(const Hand& hand) {
  for (auto frame = hand.recorded.rbegin(); frame != hand.recorded.rend(); ++frame) {
    const crypto::ByteView bytes(**frame);
    auto message =
        consensus::wire::decode(std::to_integer<std::uint8_t>(bytes[5]), bytes.subspan(6));
    auto* offer = message ? std::get_if<SnapshotOffer>(&*message) : nullptr;
    if (offer != nullptr) return std::move(*offer);
  }
  return std::nullopt;
}

// Between the chunks of one manifest it offers another, and goes on with that one's chunks.
bool swap_manifest(Hand& hand) {
  const auto* chunk = std::get_if<SnapshotChunk>(&hand.message);
  auto other = last_offer(hand);
  if (chunk == nullptr || !other) return false;
  hand.random.pick(other->manifest.chunks) = crypto::sha256(chunk->bytes);
  SnapshotChunk piece = *chunk;
  piece.place.manifest = other->manifest.digest(hand.setup.chain());
  hand.extra.emplace_back(std::move(*other));
  hand.extra.emplace_back(std::move(piece));
  hand.drop = true;
  return true;
}

// What an encoder would not write: lengths and counts of more than there is.
bool huge_counts(Hand& hand) {
  if (auto* chunk = std::get_if<SnapshotChunk>(&hand.message)) {
    if (hand.random.chance(0.5)) {
      chunk->size = ~0U;
    } else {
      chunk->place.offset = ~0U - 1;
    }
    return true;
  }
  if (auto* offer = std::get_if<SnapshotOffer>(&hand.message)) {
    offer->manifest.chunks.resize(131'073);
    return true;
  }
  if (!std::holds_alternative<consensus::Status>(hand.message)) return false;
  const auto type = static_cast<std::uint8_t>(1 + hand.random.below(23));
  crypto::Bytes bytes;
  if (hand.random.chance(0.5)) {  // a field of two gigabytes, of which nothing follows
    const auto field = 1 + hand.random.below(9);
    bytes = {static_cast<std::byte>(field << 3U | 2U),
             std::byte{0xFF},
             std::byte{0xFF},
             std::byte{0xFF},
             std::byte{0xFF},
             std::byte{0x07}};
  } else {  // a certificate's voters, sixty thousand of them
    constexpr std::size_t kVoters = 60'000;
    bytes = {std::byte{0x12}, std::byte{0xE0}, std::byte{0xD4}, std::byte{0x03}};
    bytes.resize(bytes.size() + kVoters, std::byte{1});
  }
  hand.raw.push_back(p2p::encode_frame(p2p::Family::Sync, type, bytes));
  return true;
}

// A quorum of signatures by its own key.
void certify_alone(const Hand& hand, consensus::Certificate& certificate) {
  const auto own = hand.key().sign(certificate.content.sign_bytes(hand.setup.chain()));
  for (auto& signature : certificate.signatures) signature.signature = own;
}

// A state that nobody came to, certified by itself; or by a set that it says came after the
// asker's.
bool forked_snapshot(Hand& hand) {
  auto* offer = std::get_if<SnapshotOffer>(&hand.message);
  if (offer == nullptr) return false;
  const std::uint64_t epoch_blocks = hand.setup.parameters().epoch_blocks;
  auto& header = offer->manifest.header;
  header.state_root = hand.some_hash();
  for (auto& chunk : offer->manifest.chunks) chunk = hand.some_hash();
  offer->certificate.content = snapshot_content(hand.setup.chain(), offer->manifest, epoch_blocks);
  certify_alone(hand, offer->certificate);
  if (hand.random.chance(0.5) || header.epoch.value == 0) return true;
  consensus::SetChange change{header, offer->certificate, {}};
  change.last.epoch.value = header.epoch.value - 1;
  change.last.height.value = header.epoch.value * epoch_blocks;
  for (std::size_t i = 0; i < hand.setup.size(); ++i)
    change.members.push_back({hand.setup.institution(i), hand.key().public_key()});
  change.last.next_set =
      consensus::ValidatorSet{header.epoch, change.members}.digest(hand.setup.chain());
  change.attest.content = {consensus::VoteKind::Attest, change.last.epoch, consensus::View{},
                           change.last.height, change.last.hash(hand.setup.chain())};
  certify_alone(hand, change.attest);
  offer->changes = {std::move(change)};
  return true;
}

}  // namespace

const std::vector<Byzantine::Behaviour>& Byzantine::late() {
  static const std::vector<Behaviour> behaviours = {
      {"B05", "batches of bad, void, expired and repeated operations", bad_operations},
      {"B06", "proposals just before the view's time is over", slow_walk},
      {"B07", "one author's batches later than the others'", proposes_without, Stage::Turns,
       300 * kMillisecond},
      {"B08", "blocks and batches beyond their limits, of no form", beyond_limits},
      {"B10", "one author's batches never", proposes_without, Stage::Turns, 0},
      {"B30", "clients: what is no operation", nullptr, Stage::Clients},
      {"B31", "clients: two operations under one id, at two nodes", nullptr, Stage::Clients},
      {"B32", "clients: the same again, at all nodes, long after", nullptr, Stage::Clients},
      {"B33", "clients: floods, with and without signatures that hold", nullptr, Stage::Clients},
      {"B34", "clients: another operation under the id of an old one", nullptr, Stage::Clients},
      {"B43", "chunks of a snapshot with a bit changed", poison_chunk, Stage::Snapshots},
      {"B43m", "another manifest between the chunks", swap_manifest, Stage::Snapshots},
      {"B44", "huge counts and sizes", huge_counts, Stage::Snapshots},
      {"B45", "snapshots of a fork, by a set of its own making", forked_snapshot, Stage::Snapshots},
      {"B46", "good chunks for one half, poison for the other", poison_for_one_half,
       Stage::Snapshots},
      {"FM", "any field of any message, as it stands or signed again", nullptr},
  };
  return behaviours;
}

}  // namespace giro::sim
