// The part of Mesh::State that tells the operator.
#include <algorithm>

#include "p2p/mesh_state.h"

namespace giro::p2p {
namespace {

using Clock = std::chrono::steady_clock;

void add_counts(std::array<FamilyCounts, kFamilyCount>& sums,
                const std::array<FamilyCounts, kFamilyCount>& counts) {
  for (std::size_t i = 0; i < kFamilyCount; ++i) {
    sums[i].frames_in += counts[i].frames_in;
    sums[i].bytes_in += counts[i].bytes_in;
    sums[i].frames_out += counts[i].frames_out;
    sums[i].bytes_out += counts[i].bytes_out;
    sums[i].dropped += counts[i].dropped;
    sums[i].slowed += counts[i].slowed;
  }
}

}  // namespace

// What a channel counted outlives it.
void Mesh::State::fold(Peer& peer, const Channel& channel) {
  add_counts(peer.record.families, channel.counts());
  peer.record.last_frame = channel.last_frame_at();
  peer.record.rtt = channel.rtt();
}

bool Mesh::State::is_connected(std::uint32_t institution) const {
  const auto found = peers_.find(institution);
  return found != peers_.end() && found->second.live != nullptr;
}

PeerStatus Mesh::State::status_of(const Peer& peer) const {
  PeerStatus status = peer.record;
  if (!peer.live) {
    if (peer.dial) status.endpoint = peer.dial->endpoint();
    return status;
  }
  const Channel& channel = *peer.live;
  add_counts(status.families, channel.counts());
  status.rtt = channel.rtt();
  status.last_frame = channel.last_frame_at();
  status.queued_bytes = channel.queued_bytes();
  const auto quiet = Clock::now() - channel.last_frame_at();
  if (quiet > options_.timing.silent_after) {
    status.cause = PeerCause::Silent;
    status.since = channel.last_frame_at();
    status.text =
        "no frame for " +
        std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(quiet).count()) +
        " ms " + channel.endpoint();
  }
  return status;
}

std::optional<PeerStatus> Mesh::State::status(std::uint32_t institution) const {
  const auto found = peers_.find(institution);
  if (found == peers_.end()) return std::nullopt;
  return status_of(found->second);
}

std::vector<PeerStatus> Mesh::State::peers() const {
  std::vector<PeerStatus> all;
  for (const auto& [institution, peer] : peers_) all.push_back(status_of(peer));
  return all;
}

MeshStatus Mesh::State::status() const {
  MeshStatus status;
  status.peers = peers_.size();
  status.connected = static_cast<std::size_t>(std::ranges::count_if(
      peers_, [](const auto& entry) { return entry.second.live != nullptr; }));
  status.pending = pending_.size();
  status.accepted = accepted_;
  status.rejected = rejected_;
  return status;
}

}  // namespace giro::p2p
