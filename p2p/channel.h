// One connection to one peer: socket, TLS, handshake, frames, budgets. Knows its peer only through
// its owner. Included by the Asio part of this folder only. Same thread rule as Mesh.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "crypto/keys.h"
#include "p2p/budget.h"
#include "p2p/frame.h"
#include "p2p/handshake.h"
#include "p2p/limits.h"
#include "p2p/status.h"
#include "p2p/tls.h"
#include "p2p/write_queue.h"

namespace giro::p2p {

class Channel;
using Socket = boost::asio::ip::tcp::socket;

struct ChannelSettings {
  ChannelTerms terms;
  FamilyTable families;
  MeshTiming timing;
};

// Why a channel ended, as its own side sees it.
struct ChannelEnd {
  PeerCause cause = PeerCause::None;
  std::optional<Reject> reject = std::nullopt;
  std::string text = {};
};

struct ProofVerdict {
  Reason reason = Reason::None;
  std::string text = {};
};

class ChannelOwner {
 public:
  virtual ~ChannelOwner() = default;
  // The peer's proof on this channel: who is it, may it, and is this channel wanted?
  virtual ProofVerdict on_proof(Channel& channel, const Proof& proof,
                                crypto::ByteView exporter) = 0;
  virtual std::optional<Proof> prove(crypto::ByteView exporter, Role role) = 0;
  virtual void on_established(Channel& channel) = 0;
  virtual void on_frame(Channel& channel, const FrameView& frame) = 0;
  virtual void on_read_batch_end() = 0;
  // At most once, never after finish() or close().
  virtual void on_ended(Channel& channel, const ChannelEnd& end) = 0;
  // The socket is closed: the last that is heard of it.
  virtual void on_released(Channel& channel) = 0;
  virtual void flush_soon(Channel& channel) = 0;
  // Shared by all channels, since one of them works at a time.
  virtual std::span<std::byte> read_scratch() = 0;
  virtual crypto::Bytes& write_scratch() = 0;
};

class Channel : public std::enable_shared_from_this<Channel> {
 public:
  struct Origin {
    Role role;
    std::string endpoint;                      // of the other side, for people
    std::optional<std::uint32_t> institution;  // the peer that was dialled
  };
  Channel(std::weak_ptr<ChannelOwner> owner, const ChannelSettings& settings,
          std::shared_ptr<TlsContext> tls, Socket socket, Origin origin);

  void start();
  void tick(SteadyTime now);
  // This process was not running for so long: nobody else is to blame.
  void forgive(SteadyTime now, SteadyTime::duration stalled);

  [[nodiscard]] WriteQueue::Pushed send(const Frame& frame) { return queue_.push(frame); }
  void flush();
  // True once for each flush(): whoever gets it sees to it that flush() is called soon.
  [[nodiscard]] bool claim_flush() { return !std::exchange(flush_due_, true); }

  // Tells the owner, says goodbye (Reason::None: hangs up at once).
  void end(ChannelEnd end, Reason goodbye);
  // The same without telling the owner.
  void finish(Reason goodbye);
  // One last attempt to write, then the socket is closed.
  void finish_now(Reason goodbye);
  void close();

  // The owner knows now whom it belongs to: the key was proven.
  void identify(std::uint32_t institution, const crypto::PublicKey& key, SteadyTime now);

  [[nodiscard]] Role role() const { return origin_.role; }
  [[nodiscard]] const std::string& endpoint() const { return origin_.endpoint; }
  [[nodiscard]] std::optional<std::uint32_t> institution() const { return origin_.institution; }
  [[nodiscard]] const std::optional<crypto::PublicKey>& key() const { return key_; }
  [[nodiscard]] bool is_up() const { return phase_ == Phase::Up; }
  [[nodiscard]] bool is_over() const { return phase_ >= Phase::Closing; }
  [[nodiscard]] SteadyTime identified_at() const { return identified_at_; }
  [[nodiscard]] SteadyTime up_at() const { return up_at_; }
  [[nodiscard]] SteadyTime last_frame_at() const { return last_frame_at_; }
  // Of the last ping that was answered, or how long an answer is awaited, if that is more. None
  // before the first ping.
  [[nodiscard]] std::optional<std::chrono::microseconds> rtt() const;
  [[nodiscard]] std::size_t queued_bytes() const { return queue_.bytes(); }
  [[nodiscard]] const std::array<FamilyCounts, kFamilyCount>& counts() const { return counts_; }
  void count_drop(Family family) { ++counts_[static_cast<std::size_t>(family)].dropped; }
  [[nodiscard]] std::optional<std::chrono::sys_seconds> certificate_not_after() const {
    return certificate_not_after_;
  }

 private:
  static constexpr std::size_t kPingsOpenMax = 16;  // more than are sent until silent_cut
  enum class Phase { Tls, Hello, Proof, Welcome, Up, Closing, Closed };

  void wait_readable();
  void wait_writable();
  void on_readable();
  void on_hang_up(const std::string& what);
  void consume(crypto::ByteView cipher_text);
  [[nodiscard]] bool advance_tls();
  void deliver_frames();
  void pause_if_over_budget();
  void on_frame(const FrameView& frame);
  void on_control(ControlType type, crypto::ByteView payload);
  void on_hello(crypto::ByteView payload);
  void on_proof(crypto::ByteView payload);
  void on_welcome(crypto::ByteView payload);
  void on_goodbye(crypto::ByteView payload);
  void on_ping(crypto::ByteView payload);
  void on_pong(crypto::ByteView payload);
  void on_tls_failed();
  void malformed(const std::string& what);
  [[nodiscard]] bool prove();
  void control(ControlType type, crypto::ByteView payload);
  void tick_up(SteadyTime now);
  [[nodiscard]] bool refill_cipher_text();

  std::weak_ptr<ChannelOwner> owner_;
  ChannelSettings settings_;
  Socket socket_;
  Origin origin_;
  TlsSession tls_;
  FrameDecoder decoder_;
  WriteQueue queue_;
  std::vector<TokenBucket> buckets_;
  std::array<FamilyCounts, kFamilyCount> counts_{};

  Phase phase_ = Phase::Tls;
  bool tls_done_ = false;
  bool reading_ = false;  // a wait is pending
  bool writing_ = false;
  bool paused_ = false;
  bool flush_due_ = false;
  bool shut_down_ = false;
  bool delivered_ = false;  // a frame of a user in this read
  std::array<std::byte, kExporterBytes> exporter_{};
  crypto::Bytes cipher_text_;  // being written
  std::size_t cipher_sent_ = 0;
  std::size_t discarded_ = 0;  // read while closing

  std::optional<crypto::PublicKey> key_;  // proven
  SteadyTime deadline_;                   // of the handshake, then of the goodbye
  SteadyTime identified_at_{};
  SteadyTime up_at_{};
  SteadyTime last_frame_at_{};
  SteadyTime last_ping_at_{};
  std::deque<SteadyTime> pings_;             // that are not answered, the newest kPingsOpenMax
  std::optional<SteadyTime> blocked_since_;  // a write waits for the peer
  std::optional<std::chrono::microseconds> rtt_;
  std::optional<std::chrono::sys_seconds> certificate_not_after_;
};

}  // namespace giro::p2p
