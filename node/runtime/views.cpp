// What a node shows: status of operations, receipts, blocks, probes. Changes nothing that counts.
#include <algorithm>
#include <chrono>
#include <functional>
#include <ranges>
#include <span>

#include "consensus/limits.h"
#include "crypto/merkle.h"
#include "node/ledger/events.h"
#include "node/ledger/messages.h"
#include "node/ledger/outcome_leaf.h"
#include "node/ledger/records.h"
#include "node/receipt/receipt.h"
#include "node/runtime/clock_offset.h"
#include "node/runtime/fatal.h"
#include "node/runtime/validator.h"

namespace giro::runtime {
namespace {

// Of the blocks that were read with their events, and may be asked for again.
constexpr std::size_t kWholeBlocksMax = 8;
constexpr std::size_t kWholeBytesMax = 32 << 20;
constexpr std::uint64_t kSyncedWithin =
    10;  // blocks behind the highest attested height (surface 5.1)

std::optional<ledger::OutcomeRecord> outcome_of(const ledger::StateView& state,
                                                const OperationKey& key) {
  const auto row = state.get(ledger::outcome_key(key.first, ledger::OpId{key.second}));
  if (!row) return std::nullopt;
  return ledger::decode_record<ledger::OutcomeRecord>(*row);
}

ledger::OutcomeLeaf leaf_at(const StoredBlock& block, std::uint32_t index) {
  if (index >= block.leaves.size())
    stop_process(ExitCode::Invariant, "an outcome names a leaf that its block lacks");
  const auto leaf = ledger::decode_leaf(block.leaves[index].canonical);
  if (!leaf) stop_process(ExitCode::Invariant, "an outcome leaf of the store is damaged");
  return *leaf;
}

ledger::EventRecord event_at(const StoredBlock& block, std::size_t i) {
  auto event = ledger::decode_event(block.events[i]);
  if (!event) stop_process(ExitCode::Invariant, "an event of the store is damaged");
  return std::move(*event);
}

// The events of one outcome, which lie side by side in those of its block.
struct OutcomeEvents {
  std::size_t first = 0;  // among the block's
  std::span<const crypto::Bytes> all;
  std::vector<std::size_t> of_payments;  // positions in `all`
};
OutcomeEvents events_of(const StoredBlock& block, std::uint32_t index) {
  const auto first_from = [&block](std::uint32_t outcome) {
    const auto places = std::views::iota(std::size_t{0}, block.events.size());
    const auto found = std::ranges::partition_point(
        places, [&](std::size_t i) { return event_at(block, i).index < outcome; });
    return static_cast<std::size_t>(found - places.begin());
  };
  const std::size_t first = first_from(index), end = first_from(index + 1);
  OutcomeEvents out{first, std::span(block.events).subspan(first, end - first), {}};
  for (std::size_t i = first; i < end; ++i) {
    if (ledger::is_of_payment(ledger::EventType{event_at(block, i).type}))
      out.of_payments.push_back(i - first);
  }
  return out;
}

std::size_t bytes_of(const StoredBlock& block) {
  constexpr std::size_t kEach = 64;  // of each: what the allocator and the vectors take
  std::size_t bytes = 0;
  for (const auto& leaf : block.leaves) bytes += kEach + leaf.canonical.size();
  for (const auto& event : block.events) bytes += kEach + event.size();
  return bytes;
}

std::string plural(std::uint64_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

}  // namespace

std::shared_ptr<const StoredBlock> Validator::block(consensus::Height height) {
  {
    const std::lock_guard lock(recent_mutex_);
    if (const auto found = recent_.find(height); found != recent_.end()) return found->second;
  }
  auto stored = store->block(height);
  return stored ? std::make_shared<const StoredBlock>(std::move(*stored)) : nullptr;
}

std::shared_ptr<const StoredBlock> Validator::block_with_events(consensus::Height height) {
  const std::lock_guard lock(whole_mutex_);
  const auto found = std::ranges::find(whole_, height, &WholeBlock::height);
  if (found != whole_.end()) return found->block;
  auto stored = store->block(height);
  if (!stored) return nullptr;
  auto block = std::make_shared<const StoredBlock>(std::move(*stored));
  const std::size_t bytes = bytes_of(*block);
  while (!whole_.empty() &&
         (whole_.size() == kWholeBlocksMax || whole_bytes_ + bytes > kWholeBytesMax)) {
    whole_bytes_ -= whole_.front().bytes;
    whole_.pop_front();
  }
  whole_bytes_ += bytes;
  return whole_.emplace_back(height, std::move(block), bytes).block;
}

OperationInfo Validator::status(const OperationKey& key) {
  OperationInfo info{.status = OperationStatus::Unknown,
                     .actor = key.first,
                     .op_id = key.second,
                     .operation_hash = {},
                     .valid_until = {},
                     .outcome = {},
                     .receipt_id = {}};
  const auto state = store->read();
  if (const auto outcome = outcome_of(*state, key)) {
    info.operation_hash = outcome->operation_hash;
    info.valid_until = consensus::WallTime{outcome->valid_until.value};
    const consensus::Height height{outcome->height};
    const auto at = block(height);  // none below the snapshot that this node began with
    info.outcome = RecordedOutcome{.code = outcome->code,
                                   .inner = outcome->detail_inner,
                                   .detail_index = outcome->detail_index,
                                   .height = height,
                                   .index = outcome->index,
                                   .block_time = {}};
    if (at != nullptr) info.outcome->block_time = at->header.time;
    if (height > final_height()) {
      info.status = OperationStatus::Ordering;
      return info;
    }
    info.status =
        outcome->code == ledger::Code::Ok ? OperationStatus::Committed : OperationStatus::Rejected;
    if (at != nullptr)
      info.receipt_id = receipt::receipt_id(chain, leaf_at(*at, outcome->index), at->header);
    return info;
  }
  if (const auto pending = intake.pending(key.first, key.second)) return *pending;
  if (finality.is_expired(key)) info.status = OperationStatus::Expired;
  return info;
}

void Validator::submit(crypto::Bytes signed_operation, std::function<void(SubmitAnswer)> done) {
  const auto admitted = [this, done = std::move(done)](SubmitAnswer answer) {
    if (answer && !answer->duplicate)
      trace_.received({answer->info.actor, answer->info.op_id}, around_.now().wall);
    done(std::move(answer));
  };
  intake.submit(std::move(signed_operation), admitted);
}

bool Validator::attest(receipt::Attested& proof) {
  const consensus::Height height = proof.header.height;
  if (height > final_height()) return false;
  const auto attest = store->attest_at_or_above(height);
  if (!attest) return false;
  proof.later_headers.clear();
  for (std::uint64_t above = height.value + 1; above <= attest->content.height.value; ++above) {
    const auto later = block({above});
    if (later == nullptr) return false;
    proof.later_headers.push_back(later->header);
  }
  auto lineage = lineage_->up_to(attest->content.epoch);
  if (!lineage) return false;
  proof.attestation = attest->signatures;
  proof.lineage = std::move(*lineage);
  return true;
}

std::optional<receipt::Receipt> Validator::receipt_of_leaf(const StoredBlock& block,
                                                           std::uint32_t index) {
  receipt::Receipt receipt;
  receipt.chain = chain;
  receipt.outcome = leaf_at(block, index);
  receipt.header = block.header;
  if (!attest(receipt)) return std::nullopt;
  std::vector<crypto::Hash> hashes;
  hashes.reserve(block.leaves.size());
  for (const auto& leaf : block.leaves) hashes.push_back(crypto::merkle_leaf(leaf.canonical));
  receipt.path = crypto::merkle_path(hashes, index);
  return receipt;
}

std::optional<BlockEvents> Validator::events(consensus::Height height) {
  const auto at = height <= final_height() ? block_with_events(height) : nullptr;
  if (at == nullptr) return std::nullopt;
  return BlockEvents{{at, &at->events}, at->leaves.size()};
}

std::optional<receipt::Receipt> Validator::receipt_of_event(EventPlace place) {
  const auto at = block_with_events({place.height});
  if (at == nullptr || place.n == 0 || place.n > at->events.size()) return std::nullopt;
  const std::uint32_t index = event_at(*at, place.n - 1).index;
  auto receipt = receipt_of_leaf(*at, index);
  if (!receipt) return std::nullopt;
  const OutcomeEvents events = events_of(*at, index);
  receipt::disclose(*receipt, events.all, place.n - 1 - events.first);
  return receipt;
}

std::optional<receipt::Receipt> Validator::receipt(const OperationKey& key) {
  const auto outcome = outcome_of(*store->read(), key);
  const auto at = outcome ? block_with_events({outcome->height}) : nullptr;
  if (at == nullptr) return std::nullopt;
  auto made = receipt_of_leaf(*at, outcome->index);
  if (!made) return std::nullopt;
  receipt::Receipt& receipt = *made;

  // A bulk's payments are of many payees: each has a receipt of its own.
  if (at->leaves[outcome->index].type != ledger::BulkPay::kType) {
    const OutcomeEvents events = events_of(*at, outcome->index);
    for (const std::size_t position : events.of_payments)
      receipt::disclose(receipt, events.all, position);
  }

  std::uint32_t index = outcome->index - 1;  // among the block's operations; leaf 0 is the sweep's
  for (const auto& id : at->block.batches) {
    const auto batch = catch_up_->batch(id);
    if (batch == nullptr) break;  // cut from the log: the receipt goes without the body
    if (index >= batch->operations.size()) {
      index -= static_cast<std::uint32_t>(batch->operations.size());
      continue;
    }
    const auto decoded = ledger::decode(chain, crypto::to_bytes(batch->operation(index)));
    if (!decoded) return std::nullopt;
    receipt::SignedBody body{.body = crypto::to_bytes(decoded->body()), .signatures = {}};
    const auto checks = decoded->signature_checks();
    for (const auto& check : checks) {
      if (check.message != checks.front().message) break;  // tickets follow the envelope
      body.signatures.push_back({check.key, check.signature});
    }
    receipt.operation = std::move(body);
    break;
  }
  return receipt;
}

std::uint64_t believed_head(const NodeInfo& info) {
  std::vector<std::uint64_t> said;
  for (const auto& peer : info.peers) {
    if (peer.seated) said.push_back(peer.stable.value);
  }
  std::ranges::sort(said, std::greater{});
  const bool is_enough = said.size() > info.faults;
  return std::max(info.stable.value, is_enough ? said[info.faults] : 0);
}

void Validator::publish_info() {
  const consensus::ReplicaView view = driver_->replica().view();
  const consensus::ValidatorSet& set = driver_->replica().set();
  const std::int64_t now_us = around_.now().steady.us;
  const Finality::Clock::time_point now{std::chrono::microseconds(now_us)};
  NodeInfo info;
  info.name = config.name;
  info.institution = self.value;
  info.network = genesis.genesis.name;
  info.chain = chain;
  info.validator = view.member;
  if (signer) info.key = signer->public_key();
  info.epoch = view.epoch;
  info.view = view.view;
  info.leader = set.at(view.primary).institution.value;
  info.validators = set.size();
  info.quorum = set.quorum();
  info.faults = set.faults();
  info.stable = view.stable;
  info.executed = view.executed;
  info.committed = view.committed;
  info.tip = view.tip;
  if (const auto head = block(view.executed)) info.last_block_time = head->header.time;
  info.milliseconds_since_commit =
      last_commit_.us == 0
          ? 0
          : static_cast<std::uint64_t>(std::max<std::int64_t>(0, now_us - last_commit_.us) / 1000);
  info.own_last_vote = driver_->own_last_vote();
  info.suspecting = view.suspecting;
  info.changing_view = view.changing_view;
  info.voting = view.voting;
  info.diverged = view.diverged;
  info.votes_stopped = votes_stopped_;
  if (view.amnesic_below) info.amnesic_below = view.amnesic_below->height;
  info.is_sign_state_copied = !view.floor_search && view.amnesic_below == consensus::kUnknownFloor;
  if (const auto& search = view.floor_search)
    info.floor_search = {search->answers, search->needed, search->found.has_value()};
  const auto load = intake.load();
  info.pool_operations = load.operations;
  info.pool_bytes = load.bytes;
  if (const auto space = files_.free_space(config.data_dir.string())) info.disk_free = *space;
  const auto peers = around_.peers();
  info.is_disk_low = storage_low_;
  Driver::Hints hints{.disk_free = info.disk_free,
                      .version = GIRO_VERSION,
                      .sees = {},
                      .stopped = view.diverged             ? "DIVERGED"
                                 : !votes_stopped_.empty() ? votes_stopped_
                                 : info.is_disk_low        ? "DISK_LOW"
                                                           : ""};
  for (const auto& peer : peers) {
    PeerInfo shown;
    shown.institution = peer.institution;
    shown.name = peer.name;
    shown.address = peer.endpoint;
    shown.connected = peer.state == p2p::PeerState::Connected;
    if (shown.connected && hints.sees.size() < consensus::kStatusSeesMax)
      hints.sees.push_back({peer.institution});
    shown.cause = std::string(p2p::code_of(peer.cause));
    shown.detail = peer.text;
    if (peer.since.time_since_epoch().count() != 0) {
      shown.seconds_in_state = static_cast<std::uint64_t>(std::max<std::int64_t>(
          0, std::chrono::duration_cast<std::chrono::seconds>(now - peer.since).count()));
    }
    const auto heard = std::ranges::find(view.peers, consensus::InstitutionId{peer.institution},
                                         &consensus::ReplicaView::Peer::institution);
    if (heard != view.peers.end()) {
      shown.stable = heard->status.stable;
      shown.last_vote = std::max(heard->last_vote, driver_->heard_vote({peer.institution}));
      shown.version = heard->status.version;
      shown.stopped = heard->status.stopped;
      for (const auto one : heard->status.sees) shown.sees.push_back(one.value);
      shown.leaves_view = heard->status.view > view.view ||
                          (heard->status.view == view.view && heard->status.suspected);
      if (heard->heard.us != 0) {
        const std::int64_t ago_ms = std::max<std::int64_t>(0, now_us - heard->heard.us) / 1000;
        shown.heard_ms_ago = static_cast<std::uint64_t>(ago_ms);
        shown.is_heard = true;
        if (heard->status.disk_free != 0) shown.disk_free = heard->status.disk_free;
        if (heard->status.clock.ms != 0 && peer.rtt) {
          shown.clock_ahead_ms = clock_ahead_ms({.said_ms = heard->status.clock.ms,
                                                 .age_ms = ago_ms,
                                                 .own_ms = around_.now().wall.ms,
                                                 .rtt = *peer.rtt});
        }
      }
    }
    shown.seated = set.find(consensus::InstitutionId{peer.institution}).has_value();
    info.peers.push_back(std::move(shown));
  }
  publish_measures(view, peers);
  driver_->set_hints(std::move(hints));
  const std::lock_guard lock(info_mutex_);
  info_ = std::move(info);
}

NodeInfo Validator::info() {
  const std::lock_guard lock(info_mutex_);
  return info_;
}

std::vector<Probe> Validator::ready() {
  const NodeInfo now = info();
  const std::uint64_t highest = believed_head(now);
  const std::uint64_t behind = highest > now.executed.value ? highest - now.executed.value : 0;
  const bool votes = now.voting && now.own_last_vote.value > 0 &&
                     now.own_last_vote.value + kSyncedWithin >= now.executed.value;
  std::vector<Probe> probes{
      {"storage", true, "open"},
      {"chain", true, "genesis " + crypto::to_hex(chain).substr(0, 6)},
      {"synced", behind <= kSyncedWithin, plural(behind, "block") + " behind"},
      {"disk", !now.is_disk_low, std::to_string(now.disk_free) + " bytes free"},
      {"not_diverged", !now.diverged,
       now.diverged ? "the own results contradict the others'" : "agrees"}};
  if (now.validator) {
    const std::string last = "last own vote at height " + std::to_string(now.own_last_vote.value);
    probes.push_back({"voting", votes,
                      now.votes_stopped.empty() ? last : last + ", stopped: " + now.votes_stopped});
    probes.push_back({"signer", true, "file"});
  }
  return probes;
}

}  // namespace giro::runtime
