#include "tests/unit/consensus/network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "crypto/check.h"

namespace giro::consensus::testing {

NetworkSetup view_change_setup(std::uint64_t seed, std::size_t members) {
  NetworkSetup setup;
  setup.seed = seed;
  setup.members = members;
  setup.parameters.idle_block_interval_ms = 100;
  setup.parameters.status_interval_ms = 50;
  setup.parameters.view_timeout_base_ms = 400;
  setup.parameters.view_timeout_cap_ms = 3'200;
  return setup;
}

Network::Network(NetworkSetup setup)
    : setup_(setup),
      members_(setup.members),
      random_(setup.seed),
      lives_(setup.members),
      skew_ms_(setup.members) {
  for (std::size_t i = 0; i < setup.members; ++i) {
    nodes_.push_back(std::make_unique<Node>(*this, members_, i, setup.parameters, setup.timing));
  }
}

Network::~Network() = default;

std::uint64_t Network::draw(std::uint64_t below) {
  return below == 0 ? 0 : random_() % below;
}

void Network::start_all() {
  for (auto& node : nodes_) node->start();
}

void Network::crash(std::size_t node) {
  ++lives_[node];
  nodes_[node]->crash(draw(nodes_[node]->unsynced() + 1), draw(4));
}

void Network::restart(std::size_t node) {
  if (nodes_[node]->is_up()) crash(node);
  nodes_[node]->start();
}

void Network::wipe(std::size_t node) {
  if (nodes_[node]->is_up()) crash(node);
  nodes_[node]->wipe();
  nodes_[node]->start();
}

void Network::restart_with_key(std::size_t node, std::size_t key) {
  if (nodes_[node]->is_up()) crash(node);
  nodes_[node]->use_key(key);
  nodes_[node]->start();
}

void Network::change_disk(std::size_t node, const std::function<void(Node&)>& change) {
  if (nodes_[node]->is_up()) crash(node);
  change(*nodes_[node]);
  nodes_[node]->start();
}

void Network::adopt_floor(std::size_t node) {
  const std::optional<Floor> floor = nodes_[node]->found_floor();
  GIRO_CHECK(floor.has_value(), node);
  silent_until_[node] = floor->epoch;
  change_disk(node, [&](Node& down) { down.adopt(*floor); });
}

void Network::isolate(std::size_t node) {
  for (std::size_t i = 0; i < size(); ++i) {
    if (i == node) continue;
    cut_.emplace(i, node);
    cut_.emplace(node, i);
  }
}

void Network::schedule(std::int64_t us, std::size_t node, std::uint64_t life,
                       std::function<void()> what) {
  queue_.push({now_us_ + us, next_number_++, node, life, std::move(what)});
}

void Network::later(std::size_t node, std::int64_t us, std::function<void()> what) {
  schedule(us, node, lives_[node], std::move(what));
}

Now Network::now(std::size_t node) const {
  return {Instant{now_us_}, WallTime{kWallStartMs + now_us_ / 1000 + skew_ms_[node]}};
}

void Network::send(std::size_t from, InstitutionId to, wire::MessageType type, Bytes bytes) {
  Packet packet{from, members_.index_of(to), static_cast<std::uint8_t>(type), std::move(bytes)};
  if (!tap_) return deliver(std::move(packet));
  for (Packet& changed : tap_(std::move(packet))) deliver(std::move(changed));
}

void Network::deliver(Packet packet) {
  if (cut_.contains({packet.from, packet.to})) return;
  const Faults& faults = setup_.faults;
  if (draw(100) < faults.loss_percent) return;
  const unsigned copies = draw(100) < faults.duplicate_percent ? 2 : 1;
  for (unsigned i = 0; i < copies; ++i) {
    const auto spread = static_cast<std::uint64_t>(faults.delay_us_max - faults.delay_us_min + 1);
    const std::int64_t delay = faults.delay_us_min + static_cast<std::int64_t>(draw(spread));
    schedule(delay, packet.to, kAnyLife, [this, packet] {
      if (nodes_[packet.to]->is_up()) {
        nodes_[packet.to]->receive(members_.institution(packet.from), packet.type, packet.bytes);
      }
    });
  }
}

bool Network::run_one(std::int64_t until_us) {
  if (queue_.empty() || queue_.top().at_us > until_us) {
    now_us_ = until_us;
    return false;
  }
  const Happening next = queue_.top();
  queue_.pop();
  now_us_ = next.at_us;
  if (next.life == kAnyLife || next.life == lives_[next.node]) next.what();
  return true;
}

bool Network::run_until(const std::function<bool()>& condition, std::int64_t limit_ms) {
  const std::int64_t until = now_us_ + limit_ms * 1000;
  while (!condition()) {
    if (!run_one(until)) return condition();
  }
  return true;
}

void Network::run_for(std::int64_t ms) {
  const std::int64_t until = now_us_ + ms * 1000;
  while (run_one(until)) {
  }
}

bool Network::run_to_height(std::uint64_t height, std::int64_t limit_ms) {
  return run_until(
      [&] {
        return std::ranges::all_of(nodes_, [&](const auto& node) {
          return !node->is_up() || node->replica().stable().value >= height;
        });
      },
      limit_ms);
}

std::string Network::describe() {
  std::ostringstream out;
  out << "at " << now_us_ / 1000 << " ms";
  for (std::size_t i = 0; i < size(); ++i) {
    out << "\n  node " << i;
    if (!nodes_[i]->is_up()) {
      out << " down";
      continue;
    }
    const ReplicaView view = nodes_[i]->replica().view();
    out << " epoch " << view.epoch << " view " << view.view << " stable " << view.stable
        << " executed " << view.executed << " committed " << view.committed << " prepared "
        << view.prepared << " tip " << view.tip << (view.voting ? "" : " mute")
        << (view.diverged ? " diverged" : "") << (view.suspecting ? " suspecting" : "")
        << " batches " << view.available_batches << " rejects";
    const RejectCounts counts = nodes_[i]->replica().rejects();
    for (std::size_t r = 0; r < kRejectReasons; ++r) {
      if (counts[r] > 0) out << ' ' << name(static_cast<RejectReason>(r)) << ':' << counts[r];
    }
  }
  return out.str();
}

void Network::load(std::int64_t every_us, std::size_t operation_bytes) {
  schedule(every_us, 0, kAnyLife, [this, every_us, operation_bytes] {
    const std::size_t target = draw(size());
    if (nodes_[target]->is_up()) nodes_[target]->submit(operation_bytes);
    load(every_us, operation_bytes);
  });
}

// Vote safety, across restarts: one digest for a place in a correct member's whole life (protocol
// R36).
void Network::on_vote(std::size_t node, const Vote& vote) {
  if (faulty_.contains(node)) return;
  const VoteContent& content = vote.content;
  // Nobody votes without a seat of that epoch, or in another one's place (protocol R43).
  const ValidatorSet set = members_.set(content.epoch);
  GIRO_CHECK(set.find(members_.institution(node)) == vote.voter, node, content.epoch);
  GIRO_CHECK(
      crypto::verify(set.at(vote.voter).key, content.sign_bytes(members_.chain()), vote.signature),
      node, content.epoch);
  const auto [place, added] = votes_.try_emplace(
      {node, content.kind, content.epoch, content.view, content.height}, content.digest);
  GIRO_CHECK(added || place->second == content.digest, node, content.height);
  const auto silent = silent_until_.find(node);
  GIRO_CHECK(silent == silent_until_.end() || content.epoch > silent->second, node, content.height);
}

void Network::on_promise(std::size_t node, const ProvenViewChange& proven) {
  const ViewChange& change = proven.change;
  const Hash digest = change.digest(members_.chain());
  const auto& place = view_changes_.try_emplace({node, change.epoch, change.view}, digest).first;
  GIRO_CHECK(faulty_.contains(node) || place->second == digest, node, change.view);
  const auto silent = silent_until_.find(node);
  GIRO_CHECK(silent == silent_until_.end() || change.epoch > silent->second, node, change.view);
}

void Network::on_promise(std::size_t node, const NewView& made) {
  const Hash digest = made.digest(members_.chain());
  const auto& place = new_views_.try_emplace({node, made.epoch, made.view}, digest).first;
  GIRO_CHECK(faulty_.contains(node) || place->second == digest, node, made.view);
  const auto silent = silent_until_.find(node);
  GIRO_CHECK(silent == silent_until_.end() || made.epoch > silent->second, node, made.view);
}

// Agreement and prefix (G1), and each batch once on the chain (R5).
void Network::on_executed(std::size_t node, const CommittedBlock& block, const Header& header) {
  const Height height = block.block.height;
  const Agreed mine{block.hash, header.hash(members_.chain())};
  const auto [agreed, added] = agreed_.try_emplace(height, mine);
  GIRO_CHECK(agreed->second.block == mine.block && agreed->second.header == mine.header, node,
             height);
  const auto below = agreed_.find(Height{height.value - 1});
  if (below != agreed_.end()) GIRO_CHECK(block.block.parent == below->second.block, node, height);
  GIRO_CHECK(block.batches.size() == block.block.batches.size(), height);
  for (std::size_t i = 0; i < block.batches.size(); ++i) {
    const Hash& id = block.batches[i]->id;
    GIRO_CHECK(id == block.block.batches[i], height);
    const auto [place, fresh] = ordered_.try_emplace(id, height);
    GIRO_CHECK(fresh || place->second == height, node, height);
  }
}

void expect_no_violations(Network& network) {
  for (std::size_t i = 0; i < network.size(); ++i) {
    const RejectCounts counts = network.node(i).rejects();
    for (std::size_t r = 0; r < kRejectReasons; ++r) {
      const auto reason = static_cast<RejectReason>(r);
      if (!is_violation(reason)) continue;
      EXPECT_EQ(counts[r], 0U) << name(reason);
      EXPECT_EQ(network.node(i).wire_rejects(reason), 0U) << name(reason);
    }
  }
}

}  // namespace giro::consensus::testing
