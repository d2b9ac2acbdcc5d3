// The half of Mesh::State that makes, judges and loses channels.
#include <algorithm>

#include "p2p/mesh_state.h"

namespace giro::p2p {
namespace {

using Clock = std::chrono::steady_clock;
using ErrorCode = boost::system::error_code;

// Dialling again at once will not mend these; only the other operator can.
bool is_refusal(PeerCause cause) {
  switch (cause) {
    case PeerCause::WrongKey:
    case PeerCause::WrongChain:
    case PeerCause::VersionMismatch:
    case PeerCause::Replaced:
    case PeerCause::Removed:
    case PeerCause::OverBudget:
    case PeerCause::SignerDown:
      return true;
    default:
      return false;
  }
}

std::string short_key(const crypto::PublicKey& key) {
  return crypto::to_hex(crypto::ByteView(key).first(6)) + "…";
}

}  // namespace

// --- dialling ---

void Mesh::State::dial(Peer& peer) {
  peer.next_dial_at.reset();
  ++peer.record.dials;
  if (peer.record.state != PeerState::Refused) peer.record.state = PeerState::Dialing;
  const std::uint32_t institution = peer.config.institution;
  peer.dial = std::make_shared<Dial>(
      context_, Dial::Target{peer.config.host, peer.config.port, peer.attempts++},
      Clock::now() + options_.timing.connect_deadline,
      [weak = weak_from_this(), institution](std::expected<Socket, std::string> result) {
        if (const auto self = weak.lock()) self->on_dialled(institution, std::move(result));
      });
  peer.dial->start();
}

void Mesh::State::on_dialled(std::uint32_t institution, std::expected<Socket, std::string> result) {
  Peer* peer = find(std::optional(institution));
  if (stopped_ || peer == nullptr) return;
  peer->record.endpoint = peer->dial->endpoint();
  peer->dial.reset();
  if (!result) {
    blame(*peer, {PeerCause::Unreachable, {}, result.error()});
    return schedule_dial(*peer, false);
  }
  auto channel =
      std::make_shared<Channel>(weak_from_this(), settings_, tls_, std::move(*result),
                                Channel::Origin{Role::Dialer, peer->record.endpoint, institution});
  peer->dialling = channel;
  channels_.insert(channel);
  channel->start();
}

void Mesh::State::schedule_dial(Peer& peer, bool refused) {
  peer.record.state = refused ? PeerState::Refused : PeerState::Backoff;
  if (peer.config.host.empty()) {
    peer.record.state = PeerState::Idle;
    return;
  }
  if (refused) peer.backoff.raise_to_max();
  peer.next_dial_at = Clock::now() + peer.backoff.next(options_.jitter());
}

void Mesh::State::cancel_dialling(Peer& peer) {
  if (peer.dial) std::exchange(peer.dial, nullptr)->cancel();
  if (peer.dialling) std::exchange(peer.dialling, nullptr)->close();
  peer.next_dial_at.reset();
}

// --- accepting ---

void Mesh::State::on_accepted(Socket socket) {
  if (stopped_) return;
  ++accepted_;
  ErrorCode error;
  const auto remote = socket.remote_endpoint(error);
  if (error) return;  // gone already
  const std::string address = remote.address().to_string();
  evict_for(address);
  auto channel = std::make_shared<Channel>(weak_from_this(), settings_, tls_, std::move(socket),
                                           Channel::Origin{Role::Acceptor, text_of(remote), {}});
  pending_.push_back({channel, address});
  channels_.insert(channel);
  channel->start();
}

// Room for one more: of its own address first, so that one stranger cannot displace the others. The
// oldest goes, since an honest handshake takes milliseconds.
void Mesh::State::evict_for(const std::string& address) {
  const auto is_same = [&](const Pending& pending) { return pending.address == address; };
  const auto same = static_cast<std::size_t>(std::ranges::count_if(pending_, is_same));
  auto victim = pending_.end();
  if (same >= options_.admission.pending_per_address_max) {
    victim = std::ranges::find_if(pending_, is_same);
  } else if (pending_.size() >= options_.admission.pending_max) {
    victim = pending_.begin();
  }
  if (victim == pending_.end()) return;
  const ChannelPtr channel = victim->channel;
  pending_.erase(victim);
  ++rejected_[static_cast<std::size_t>(Reject::Evicted)];
  channel->close();
}

// --- one channel per identity ---

bool Mesh::State::is_arbiter(const crypto::PublicKey& other) const {
  return options_.signer->public_key() < other;
}

// Whoever has the other key of a peer, the one of the epoch before or of the next, takes no channel
// away from the key that holds the seat now (protocol R43).
bool Mesh::State::would_displace_seat(const Peer& peer, const Channel& channel,
                                      const crypto::PublicKey& key) {
  return peer.live && peer.live.get() != &channel && !peer.live->is_over() &&
         peer.live->key() == peer.config.key && key != peer.config.key;
}

// README, Decisions: the end with the lower key decides which channel of the pair lives.
Reason Mesh::State::admit(Peer& peer, Channel& channel, const crypto::PublicKey& key) {
  if (would_displace_seat(peer, channel, key)) return Reason::Replaced;
  if (!is_arbiter(key)) return Reason::None;
  const ChannelPtr rival = peer.admitted.lock();
  if (rival && rival.get() != &channel && !rival->is_over()) {
    const bool is_simultaneous =
        rival->role() != channel.role() &&
        Clock::now() - rival->identified_at() < options_.timing.simultaneous_window;
    if (is_simultaneous) return Reason::Duplicate;
    if (rival != peer.live) rival->finish(Reason::Replaced);
  }
  peer.admitted = channel.weak_from_this();
  return Reason::None;
}

ProofVerdict Mesh::State::on_proof(Channel& channel, const Proof& proof,
                                   crypto::ByteView exporter) {
  const bool is_dialer = channel.role() == Role::Dialer;
  Peer* dialled = find(channel.institution());
  if (is_dialer && dialled == nullptr) return {Reason::Removed, "no longer in the set"};
  std::optional<crypto::PublicKey> expected;
  if (is_dialer) expected = dialled->config.has_key(proof.key) ? proof.key : dialled->config.key;
  const Reason judged =
      judge_proof(options_.terms, exporter, is_dialer ? Role::Acceptor : Role::Dialer, proof,
                  expected, [this](const crypto::PublicKey& key) { return find(key) != nullptr; });
  switch (judged) {
    case Reason::None:
      break;
    case Reason::WrongKey: {
      const Peer* other = find(proof.key);
      return {judged, channel.endpoint() + " shows key " + short_key(proof.key) +
                          (other != nullptr ? " of " + other->config.name : std::string()) +
                          ", not " + short_key(dialled->config.key)};
    }
    default:
      return {judged, std::string(describe(judged)) + " " + short_key(proof.key) + " from " +
                          channel.endpoint()};
  }
  Peer& peer = *find(proof.key);
  const Reason admitted = admit(peer, channel, proof.key);
  if (admitted == Reason::None) channel.identify(peer.config.institution, proof.key, Clock::now());
  return {admitted, {}};
}

std::optional<Proof> Mesh::State::prove(crypto::ByteView exporter, Role role) {
  const auto signature = options_.signer->sign(proof_digest(options_.terms, exporter, role));
  if (!signature) return std::nullopt;
  return Proof{options_.signer->public_key(), *signature};
}

void Mesh::State::on_established(Channel& channel) {
  const ChannelPtr self = channel.shared_from_this();
  std::erase_if(pending_, [&](const Pending& pending) { return pending.channel == self; });
  Peer* peer = find(channel.institution());
  // The set may have changed since the proof: then its key is no longer this institution's.
  if (stopped_ || peer == nullptr || !channel.key() || !peer->config.has_key(*channel.key())) {
    return channel.finish(Reason::Removed);
  }
  if (would_displace_seat(*peer, channel, *channel.key())) return channel.finish(Reason::Replaced);
  if (peer->dialling == self) peer->dialling.reset();
  cancel_dialling(*peer);
  const std::uint32_t institution = peer->config.institution;
  if (const ChannelPtr old = std::exchange(peer->live, nullptr)) {
    fold(*peer, *old);
    old->finish(Reason::Replaced);
    tell_down(institution, PeerCause::Replaced, "a newer channel took over " + old->endpoint());
  }
  connected(institution, self);
}

void Mesh::State::connected(std::uint32_t institution, const ChannelPtr& channel) {
  Peer* peer = find(std::optional(institution));  // again: a callback may have changed the set
  if (stopped_ || channel->is_over()) return;
  if (peer == nullptr || peer->live) return channel->finish(Reason::Removed);
  peer->live = channel;
  PeerStatus& record = peer->record;
  record.state = PeerState::Connected;
  record.cause = PeerCause::None;
  record.text.clear();
  record.since = Clock::now();
  record.endpoint = channel->endpoint();
  record.dialled = channel->role() == Role::Dialer;
  record.certificate_not_after = channel->certificate_not_after();
  ++record.connects;
  if (callbacks_.on_up) callbacks_.on_up(institution);
}

void Mesh::State::on_frame(Channel& channel, const FrameView& frame) {
  const Peer* peer = find(channel.institution());
  if (stopped_ || peer == nullptr || peer->live.get() != &channel) return;
  if (callbacks_.on_frame) {
    callbacks_.on_frame(peer->config.institution, *channel.key(), frame.family, frame.type,
                        frame.payload);
  }
}

void Mesh::State::on_read_batch_end() {
  if (!stopped_ && callbacks_.on_read_batch_end) callbacks_.on_read_batch_end();
}

// --- losing a channel ---

// `since` goes on while the operator would be told the same code.
void Mesh::State::blame(Peer& peer, const ChannelEnd& end) {
  if (end.cause == PeerCause::None) return;
  if (code_of(end.cause) != code_of(peer.record.cause)) peer.record.since = Clock::now();
  peer.record.cause = end.cause;
  peer.record.text = end.text;
}

void Mesh::State::on_ended(Channel& channel, const ChannelEnd& end) {
  const ChannelPtr self = channel.shared_from_this();
  std::erase_if(pending_, [&](const Pending& pending) { return pending.channel == self; });
  if (stopped_) return;
  Peer* peer = find(channel.institution());
  if (end.reject)
    ++(peer != nullptr ? peer->record.rejected : rejected_)[static_cast<std::size_t>(*end.reject)];
  if (peer == nullptr) return;
  if (peer->live == self) {
    fold(*peer, channel);
    peer->live.reset();
    if (Clock::now() - channel.up_at() >= options_.timing.stable_after) peer->backoff.reset();
    return lost(*peer, end);
  }
  if (peer->dialling == self) {
    peer->dialling.reset();
    if (peer->live) return;
    blame(*peer, end);
    schedule_dial(*peer, is_refusal(end.cause));
  }
}

void Mesh::State::lost(Peer& peer, const ChannelEnd& end) {
  blame(peer, end);
  schedule_dial(peer, is_refusal(end.cause));
  tell_down(peer.config.institution, end.cause, end.text);
}

void Mesh::State::tell_down(std::uint32_t institution, PeerCause cause, const std::string& text) {
  if (!stopped_ && callbacks_.on_down) callbacks_.on_down(institution, cause, text);
}

void Mesh::State::on_released(Channel& channel) {
  const ChannelPtr self = channel.shared_from_this();
  channels_.erase(self);
  std::erase_if(pending_, [&](const Pending& pending) { return pending.channel == self; });
}

}  // namespace giro::p2p
