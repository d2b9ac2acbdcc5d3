#include "p2p/mesh_state.h"

#include <boost/asio/post.hpp>

#include <algorithm>

#include "crypto/check.h"

namespace giro::p2p {
namespace {

using Clock = std::chrono::steady_clock;
using ErrorCode = boost::system::error_code;

std::uint32_t system_random() {
  std::array<std::byte, 4> bytes{};
  crypto::random_bytes(bytes);
  return crypto::Reader(bytes).u32();
}

}  // namespace

Mesh::State::State(boost::asio::io_context& context, MeshOptions options, MeshCallbacks callbacks)
    : context_(context),
      options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      settings_{options_.terms, options_.families, options_.timing},
      timer_(context),
      read_scratch_(kReadBytesMax) {
  GIRO_CHECK(options_.signer != nullptr);
  GIRO_CHECK(is_sound(options_.families));
  if (!options_.jitter) options_.jitter = system_random;
}

std::expected<void, std::string> Mesh::State::start() {
  GIRO_CHECK(!started_);
  if (const auto updated = update_certificate(options_.certificate); !updated) {
    return std::unexpected("peer certificate: " + std::string(describe(updated.error())));
  }
  if (!options_.listen_host.empty()) {
    listener_ = std::make_shared<Listener>(context_, options_.admission,
                                           [weak = weak_from_this()](Socket socket) {
                                             if (const auto self = weak.lock())
                                               self->on_accepted(std::move(socket));
                                           });
    if (auto listening = listener_->start(options_.listen_host, options_.listen_port); !listening) {
      return listening;
    }
  }
  started_ = true;
  update_peers(std::move(options_.peers));
  last_tick_ = Clock::now();
  wait_tick();
  return {};
}

void Mesh::State::stop() {
  if (stopped_) return;
  stopped_ = true;
  timer_.cancel();
  if (listener_) listener_->stop();
  for (auto& [institution, peer] : peers_) {
    if (peer.dial) peer.dial->cancel();
    if (peer.live) fold(peer, *peer.live);
    peer.dial.reset();
    peer.live.reset();
    peer.dialling.reset();
    peer.record.state = PeerState::Idle;
    peer.record.cause = PeerCause::Stopped;
  }
  pending_.clear();
  const auto channels = std::exchange(channels_, {});
  for (const ChannelPtr& channel : channels) channel->finish_now(Reason::Stopping);
}

std::expected<void, CertificateError> Mesh::State::update_certificate(
    const PeerCertificate& certificate) {
  auto made = TlsContext::make(certificate);
  if (!made) return std::unexpected(made.error());
  tls_ = std::move(*made);
  options_.certificate = certificate;
  return {};
}

std::uint16_t Mesh::State::port() const {
  return listener_ ? listener_->port() : std::uint16_t{0};
}

// --- the set ---

Mesh::State::Peer* Mesh::State::find(std::optional<std::uint32_t> institution) {
  if (!institution) return nullptr;
  const auto found = peers_.find(*institution);
  return found == peers_.end() ? nullptr : &found->second;
}

Mesh::State::Peer* Mesh::State::find(const crypto::PublicKey& key) {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : find(found->second);
}

bool Mesh::State::add(PeerConfig config) {
  const std::uint32_t institution = config.institution;
  PeerStatus record;
  record.institution = institution;
  record.name = config.name;
  record.since = Clock::now();
  const auto [at, is_new] = peers_.try_emplace(
      institution,
      Peer{.config = std::move(config),
           .backoff = Backoff(options_.timing.backoff_min, options_.timing.backoff_max),
           .record = std::move(record),
           .live = {},
           .dialling = {},
           .admitted = {},
           .dial = {},
           .next_dial_at = {}});
  if (!is_new || !file_keys(at->second.config)) return false;
  if (!at->second.config.host.empty()) at->second.next_dial_at = Clock::now();
  return true;
}

// No key is two peers'.
bool Mesh::State::file_keys(const PeerConfig& config) {
  if (!by_key_.emplace(config.key, config.institution).second) return false;
  return !config.next_key || by_key_.emplace(*config.next_key, config.institution).second;
}

void Mesh::State::unfile_keys(const PeerConfig& config) {
  by_key_.erase(config.key);
  if (config.next_key) by_key_.erase(*config.next_key);
}

// The channel stays, with its key.
void Mesh::State::change(Peer& peer, PeerConfig config) {
  const bool moved = config.host != peer.config.host || config.port != peer.config.port;
  unfile_keys(peer.config);
  peer.config = std::move(config);
  GIRO_CHECK(file_keys(peer.config), peer.config.institution);
  peer.record.name = peer.config.name;
  if (!moved || peer.live) return;
  cancel_dialling(peer);
  peer.backoff.reset();
  if (!peer.config.host.empty()) peer.next_dial_at = Clock::now();
}

void Mesh::State::update_peers(std::vector<PeerConfig> configs) {
  if (!started_ || stopped_) {
    options_.peers = std::move(configs);
    return;
  }
  std::erase_if(configs,
                [this](const PeerConfig& c) { return c.key == options_.signer->public_key(); });
  std::map<std::uint32_t, PeerConfig> wanted;
  for (PeerConfig& config : configs) {
    const std::uint32_t institution = config.institution;
    GIRO_CHECK(wanted.emplace(institution, std::move(config)).second, institution);
  }
  std::vector<std::pair<Peer*, PeerConfig>> kept;
  for (auto at = peers_.begin(); at != peers_.end();) {
    Peer& peer = at->second;
    const auto found = wanted.find(at->first);
    const bool stays = found != wanted.end() &&
                       found->second.has_key(peer.live ? *peer.live->key() : peer.config.key);
    if (!stays) {
      detach(peer);
      at = peers_.erase(at);
      continue;
    }
    kept.push_back({&peer, std::move(found->second)});
    wanted.erase(found);
    ++at;
  }
  for (auto& [peer, config] : kept) change(*peer, std::move(config));
  for (auto& [institution, config] : wanted) GIRO_CHECK(add(std::move(config)), institution);
}

// Forgets a peer; its channels end after this call.
void Mesh::State::detach(Peer& peer) {
  unfile_keys(peer.config);
  if (peer.dial) peer.dial->cancel();
  const bool was_up = peer.live != nullptr;
  std::vector<ChannelPtr> ending{peer.live, peer.dialling, peer.admitted.lock()};
  boost::asio::post(context_, [self = shared_from_this(), ending = std::move(ending), was_up,
                               institution = peer.config.institution] {
    if (self->stopped_) return;
    for (const ChannelPtr& channel : ending) {
      if (channel) channel->finish(Reason::Removed);
    }
    if (was_up) self->tell_down(institution, PeerCause::Removed, "no longer in the set");
  });
}

// --- sending ---

bool Mesh::State::push(Peer& peer, const Frame& frame) {
  const Family family = family_of(frame);
  GIRO_CHECK(family != Family::Control);
  if (!peer.live || !peer.live->is_up()) return false;
  switch (peer.live->send(frame)) {
    case WriteQueue::Pushed::Queued:
      flush_soon(*peer.live);
      return true;
    case WriteQueue::Pushed::Dropped:
      break;
    case WriteQueue::Pushed::Overflow:
      boost::asio::post(context_, [weak = std::weak_ptr(peer.live), family] {
        const ChannelPtr channel = weak.lock();
        if (!channel) return;
        channel->end(
            {PeerCause::SlowReader, Reject::SlowReader,
             "does not take " + std::string(describe(family)) + " frames " + channel->endpoint()},
            Reason::SlowReader);
      });
      break;
  }
  peer.live->count_drop(family);
  ++peer.record.rejected[static_cast<std::size_t>(Reject::QueueFull)];
  return false;
}

bool Mesh::State::send(std::uint32_t institution, const Frame& frame) {
  Peer* peer = find(std::optional(institution));
  return peer != nullptr && push(*peer, frame);
}

std::size_t Mesh::State::broadcast(const Frame& frame) {
  std::size_t queued = 0;
  for (auto& [institution, peer] : peers_) queued += push(peer, frame) ? 1 : 0;
  return queued;
}

// One pass at the end of the loop's turn, so that what a turn sends to a peer leaves together.
void Mesh::State::flush_soon(Channel& channel) {
  if (!channel.claim_flush()) return;
  if (to_flush_.empty()) {
    boost::asio::post(context_, [self = shared_from_this()] {
      for (const auto& weak : std::exchange(self->to_flush_, {})) {
        if (const ChannelPtr waiting = weak.lock()) waiting->flush();
      }
    });
  }
  to_flush_.push_back(channel.weak_from_this());
}

// --- time ---

void Mesh::State::wait_tick() {
  timer_.expires_after(options_.timing.tick);
  timer_.async_wait([weak = weak_from_this()](const ErrorCode& error) {
    const auto self = weak.lock();
    if (error || !self || self->stopped_) return;
    self->tick(Clock::now());
    if (!self->stopped_) self->wait_tick();
  });
}

void Mesh::State::forgive_stall(SteadyTime now) {
  const auto late = now - last_tick_ - options_.timing.tick;
  last_tick_ = now;
  // This process (or its machine) stood still, and everybody's deadlines with it.
  if (late < options_.timing.silent_after / 2) return;
  for (const ChannelPtr& channel : channels_) channel->forgive(now, late);
  for (auto& [institution, peer] : peers_) {
    if (peer.dial) peer.dial->forgive(late);
  }
}

void Mesh::State::tick(SteadyTime now) {
  forgive_stall(now);
  if (listener_) listener_->tick();
  // Copies: a callback may change the set.
  for (const ChannelPtr& channel : std::vector(channels_.begin(), channels_.end()))
    channel->tick(now);
  if (stopped_) return;
  for (auto& [institution, peer] : peers_) {
    if (peer.dial) std::shared_ptr(peer.dial)->tick(now);
    const bool is_busy = peer.live || peer.dialling || peer.dial;
    if (!is_busy && peer.next_dial_at && *peer.next_dial_at <= now) dial(peer);
  }
}

}  // namespace giro::p2p
