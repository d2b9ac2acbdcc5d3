// The half of Channel that speaks Family::Control: handshake, ping, goodbye.
#include <algorithm>

#include "p2p/channel.h"

namespace giro::p2p {
namespace {

using Clock = std::chrono::steady_clock;

// What we found wrong with the peer.
ChannelEnd end_of(Reason reason, std::string text) {
  switch (reason) {
    case Reason::WrongVersion:
      return {PeerCause::VersionMismatch, Reject::WrongVersion, std::move(text)};
    case Reason::WrongChain:
      return {PeerCause::WrongChain, Reject::WrongChain, std::move(text)};
    case Reason::WrongParameters:
      return {PeerCause::WrongChain, Reject::WrongParameters, std::move(text)};
    case Reason::UnknownKey:
      return {PeerCause::WrongKey, Reject::UnknownKey, std::move(text)};
    case Reason::WrongKey:
      return {PeerCause::WrongKey, Reject::WrongKey, std::move(text)};
    case Reason::BadProof:
      return {PeerCause::WrongKey, Reject::BadProof, std::move(text)};
    case Reason::Duplicate:
      return {};
    default:
      return {PeerCause::Violation, Reject::HandshakeMalformed, std::move(text)};
  }
}

// What the peer says is wrong with us, or with itself.
PeerCause cause_of_goodbye(Reason reason) {
  switch (reason) {
    case Reason::WrongVersion:
      return PeerCause::VersionMismatch;
    case Reason::WrongChain:
    case Reason::WrongParameters:
      return PeerCause::WrongChain;
    case Reason::UnknownKey:
    case Reason::WrongKey:
    case Reason::BadProof:
      return PeerCause::WrongKey;
    case Reason::Malformed:
      return PeerCause::Violation;
    case Reason::Duplicate:
      return PeerCause::None;
    case Reason::Replaced:
      return PeerCause::Replaced;
    case Reason::Removed:
      return PeerCause::Removed;
    case Reason::OverBudget:
      return PeerCause::OverBudget;
    case Reason::SlowReader:
      return PeerCause::SlowReader;
    case Reason::None:
    case Reason::Stopping:
    case Reason::SignerDown:
      return PeerCause::Closed;
  }
  return PeerCause::Closed;
}

}  // namespace

void Channel::on_control(ControlType type, crypto::ByteView payload) {
  const auto due = [this](ControlType expected) {
    switch (phase_) {
      case Phase::Hello:
        return expected == ControlType::Hello;
      case Phase::Proof:
        return expected == ControlType::Proof;
      case Phase::Welcome:
        return expected == ControlType::Welcome;
      case Phase::Up:
        return expected == ControlType::Ping || expected == ControlType::Pong;
      default:
        return false;
    }
  };
  if (type == ControlType::Goodbye) return on_goodbye(payload);
  if (!due(type)) return malformed("a control frame that is not due");
  switch (type) {
    case ControlType::Hello:
      return on_hello(payload);
    case ControlType::Proof:
      return on_proof(payload);
    case ControlType::Welcome:
      return on_welcome(payload);
    case ControlType::Ping:
      return on_ping(payload);
    case ControlType::Pong:
      return on_pong(payload);
    case ControlType::Goodbye:
      return;
  }
}

void Channel::on_hello(crypto::ByteView payload) {
  const std::optional<Hello> hello = decode_hello(payload);
  if (!hello) return malformed("malformed hello");
  const Reason reason = judge_hello(settings_.terms, *hello);
  if (reason != Reason::None) {
    return end(end_of(reason, explain_difference(settings_.terms, hello->terms) + " " + endpoint()),
               reason);
  }
  phase_ = Phase::Proof;
  if (role() == Role::Dialer) (void)prove();
}

void Channel::on_proof(crypto::ByteView payload) {
  const std::optional<Proof> proof = decode_proof(payload);
  if (!proof) return malformed("malformed proof");
  const std::shared_ptr<ChannelOwner> owner = owner_.lock();
  if (!owner) return close();
  ProofVerdict verdict = owner->on_proof(*this, *proof, exporter_);
  if (verdict.reason != Reason::None)
    return end(end_of(verdict.reason, std::move(verdict.text)), verdict.reason);
  if (role() == Role::Acceptor && !prove()) return;
  phase_ = Phase::Welcome;
  control(ControlType::Welcome, {});
}

void Channel::on_welcome(crypto::ByteView payload) {
  if (!payload.empty()) return malformed("malformed welcome");
  const std::shared_ptr<ChannelOwner> owner = owner_.lock();
  if (!owner) return close();
  phase_ = Phase::Up;
  decoder_.allow_full_frames();
  up_at_ = last_ping_at_ = Clock::now();
  owner->on_established(*this);
}

void Channel::on_goodbye(crypto::ByteView payload) {
  const std::optional<Reason> reason = decode_goodbye(payload);
  if (!reason) return malformed("malformed goodbye");
  end({cause_of_goodbye(*reason),
       {},
       "it says: " + std::string(describe(*reason)) + " " + endpoint()},
      Reason::None);
}

void Channel::on_ping(crypto::ByteView payload) {
  if (payload.size() != sizeof(std::uint64_t)) return malformed("malformed ping");
  control(ControlType::Pong, payload);
}

void Channel::on_pong(crypto::ByteView payload) {
  crypto::Reader reader(payload);
  const SteadyTime sent{SteadyTime::duration(static_cast<SteadyTime::rep>(reader.u64()))};
  if (!reader.at_end()) return malformed("malformed pong");
  const auto found = std::ranges::find(pings_, sent);
  if (found == pings_.end()) return;  // very late, or invented
  pings_.erase(pings_.begin(), found + 1);
  rtt_ = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - sent);
}

std::optional<std::chrono::microseconds> Channel::rtt() const {
  if (pings_.empty()) return rtt_;
  const auto awaited =
      std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - pings_.front());
  return std::max(rtt_.value_or(awaited), awaited);
}

bool Channel::prove() {
  const std::shared_ptr<ChannelOwner> owner = owner_.lock();
  if (!owner) {
    close();
    return false;
  }
  const std::optional<Proof> proof = owner->prove(exporter_, role());
  if (!proof) {
    end({PeerCause::SignerDown, {}, "the own signer gives no channel proof"}, Reason::SignerDown);
    return false;
  }
  control(ControlType::Proof, encode_proof(*proof));
  return true;
}

void Channel::malformed(const std::string& what) {
  const Reject reject = is_up() ? Reject::ControlMalformed : Reject::HandshakeMalformed;
  end({PeerCause::Violation, reject, what + " from " + endpoint()}, Reason::Malformed);
}

void Channel::control(ControlType type, crypto::ByteView payload) {
  // Its queue is bounded: who floods us with pings and does not read the answers loses some of
  // them.
  const auto pushed =
      queue_.push(encode_frame(Family::Control, static_cast<std::uint8_t>(type), payload));
  if (pushed != WriteQueue::Pushed::Queued) count_drop(Family::Control);
}

void Channel::identify(std::uint32_t institution, const crypto::PublicKey& key, SteadyTime now) {
  origin_.institution = institution;
  key_ = key;
  identified_at_ = now;
}

}  // namespace giro::p2p
