#include "p2p/channel.h"

#include <boost/asio/buffer.hpp>

#include <algorithm>

#include "crypto/check.h"

namespace giro::p2p {
namespace {

using Clock = std::chrono::steady_clock;
using ErrorCode = boost::system::error_code;

constexpr int kWritesPerTurn = 4;                   // then the other channels have their turn
constexpr std::size_t kPlainReadBytes = 16 * kKiB;  // one TLS record
constexpr std::size_t kDiscardBytesMax =
    1 * kMiB;  // read after our goodbye, so that it is not lost in a reset

bool would_block(const ErrorCode& error) {
  return error == boost::asio::error::would_block || error == boost::asio::error::try_again ||
         error == boost::asio::error::interrupted;
}

Reject reject_of(FrameReject reject) {
  switch (reject) {
    case FrameReject::TooShort:
      return Reject::FrameTooShort;
    case FrameReject::TooLong:
      return Reject::FrameTooLong;
    case FrameReject::UnknownFamily:
      return Reject::FrameUnknownFamily;
  }
  return Reject::FrameTooShort;
}

std::string milliseconds_text(MeshTiming::Duration duration) {
  return std::to_string(duration.count()) + " ms";
}

}  // namespace

Channel::Channel(std::weak_ptr<ChannelOwner> owner, const ChannelSettings& settings,
                 std::shared_ptr<TlsContext> tls, Socket socket, Origin origin)
    : owner_(std::move(owner)),
      settings_(settings),
      socket_(std::move(socket)),
      origin_(std::move(origin)),
      tls_(std::move(tls), origin_.role),
      decoder_(settings_.families),
      queue_(settings_.families),
      deadline_(Clock::now() + settings_.timing.handshake_deadline) {
  for (const FamilyLimits& family : settings_.families) {
    buckets_.emplace_back(family.inbound_bytes_per_second, family.inbound_burst_bytes,
                          Clock::now());
  }
}

void Channel::start() {
  ErrorCode ignored;  // a socket that refuses these is about to fail anyway
  socket_.non_blocking(true, ignored);
  socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  socket_.set_option(boost::asio::socket_base::keep_alive(true), ignored);
  if (role() == Role::Dialer) (void)advance_tls();  // its first message
  flush();
  wait_readable();
}

// --- reading ---

void Channel::wait_readable() {
  if (reading_ || paused_ || phase_ == Phase::Closed) return;
  reading_ = true;
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const ErrorCode& error) {
    self->reading_ = false;
    if (!error && self->phase_ != Phase::Closed) self->on_readable();
  });
}

void Channel::on_readable() {
  const std::shared_ptr<ChannelOwner> owner = owner_.lock();
  if (!owner) return close();
  const std::span<std::byte> scratch = owner->read_scratch();
  ErrorCode error;
  const std::size_t size =
      socket_.read_some(boost::asio::buffer(scratch.data(), scratch.size()), error);
  if (error && !would_block(error)) return on_hang_up(error.message());
  if (phase_ == Phase::Closing) {
    discarded_ += size;
    if (discarded_ > kDiscardBytesMax) return close();
  } else if (size > 0) {
    delivered_ = false;
    consume(scratch.first(size));
    if (delivered_) owner->on_read_batch_end();
    flush();
    pause_if_over_budget();
  }
  wait_readable();
}

void Channel::on_hang_up(const std::string& what) {
  if (phase_ == Phase::Closing) return close();
  if (is_up())
    return end({PeerCause::Closed, {}, "hung up (" + what + ") " + endpoint()}, Reason::None);
  end({PeerCause::Unreachable, {}, "hung up during the handshake " + endpoint()}, Reason::None);
}

void Channel::consume(crypto::ByteView cipher_text) {
  tls_.feed(cipher_text);
  if (!advance_tls()) return;
  while (!is_over()) {
    std::size_t size = 0;
    const TlsSession::Step step = tls_.read(decoder_.prepare(kPlainReadBytes), size);
    switch (step) {
      case TlsSession::Step::WantMore:
        return;
      case TlsSession::Step::Closed:
        return on_hang_up("closed");
      case TlsSession::Step::Failed:
        return on_tls_failed();
      case TlsSession::Step::Done:
        break;
    }
    decoder_.commit(size);
    deliver_frames();
  }
}

// False: there is no plain text to be read yet, or ever.
bool Channel::advance_tls() {
  if (tls_done_) return true;
  switch (tls_.handshake()) {
    case TlsSession::Step::WantMore:
      return false;
    case TlsSession::Step::Closed:
    case TlsSession::Step::Failed:
      on_tls_failed();
      return false;
    case TlsSession::Step::Done:
      break;
  }
  tls_done_ = true;
  exporter_ = tls_.exporter();
  certificate_not_after_ = tls_.peer_certificate_not_after();
  phase_ = Phase::Hello;
  control(ControlType::Hello, encode_hello(settings_.terms));
  return true;
}

void Channel::on_tls_failed() {
  const std::string what = tls_.error();
  end({PeerCause::Violation, Reject::TlsFailed, "TLS: " + what + " " + endpoint()},
      Reason::Malformed);
}

void Channel::deliver_frames() {
  while (!is_over()) {
    const auto next = decoder_.next();
    if (!next) {
      return end({PeerCause::Violation, reject_of(next.error()),
                  std::string(describe(next.error())) + " from " + endpoint()},
                 Reason::Malformed);
    }
    if (!*next) return;
    on_frame(**next);
  }
}

void Channel::on_frame(const FrameView& frame) {
  const auto family = static_cast<std::size_t>(frame.family);
  const std::size_t size = kFrameHeaderBytes + frame.payload.size();
  last_frame_at_ = Clock::now();
  buckets_[family].charge(last_frame_at_, size);
  ++counts_[family].frames_in;
  counts_[family].bytes_in += size;
  if (frame.family == Family::Control) {
    return on_control(static_cast<ControlType>(frame.type), frame.payload);
  }
  if (!is_up()) return malformed("a frame before the proof");
  const std::shared_ptr<ChannelOwner> owner = owner_.lock();
  if (!owner) return close();
  delivered_ = true;
  owner->on_frame(*this, frame);
}

void Channel::pause_if_over_budget() {
  if (!is_up()) return;
  const SteadyTime now = Clock::now();
  for (std::size_t i = 0; i < kFamilyCount; ++i) {
    if (!buckets_[i].is_over(now)) continue;
    paused_ = true;
    ++counts_[i].slowed;
  }
}

// --- writing ---

void Channel::wait_writable() {
  if (!blocked_since_) blocked_since_ = Clock::now();
  writing_ = true;
  socket_.async_wait(Socket::wait_write, [self = shared_from_this()](const ErrorCode& error) {
    self->writing_ = false;
    if (!error) self->flush();
  });
}

// False: nothing to write. Only called when the last cipher text has gone.
bool Channel::refill_cipher_text() {
  cipher_text_.clear();
  cipher_sent_ = 0;
  const std::shared_ptr<ChannelOwner> owner = owner_.lock();
  if (tls_done_ && owner && !queue_.empty()) {
    crypto::Bytes& plain = owner->write_scratch();
    plain.clear();
    queue_.gather(plain, kWriteBytesMax, counts_);
    if (!tls_.write(plain)) queue_.clear();  // reading will find the session broken
  }
  tls_.take_output(cipher_text_);
  return !cipher_text_.empty();
}

void Channel::flush() {
  flush_due_ = false;
  if (phase_ == Phase::Closed || writing_ || shut_down_) return;
  for (int i = 0; i < kWritesPerTurn; ++i) {
    if (cipher_sent_ == cipher_text_.size() && !refill_cipher_text()) {
      if (phase_ == Phase::Closing) {
        ErrorCode ignored;
        socket_.shutdown(Socket::shutdown_send, ignored);
        shut_down_ = true;
      }
      return;
    }
    ErrorCode error;
    const std::size_t size = socket_.write_some(
        boost::asio::buffer(cipher_text_.data() + cipher_sent_, cipher_text_.size() - cipher_sent_),
        error);
    if (would_block(error)) return wait_writable();
    if (error) {
      // Reading tells why, after what the peer still had to say (a goodbye, perhaps).
      shut_down_ = true;
      return;
    }
    cipher_sent_ += size;
    blocked_since_.reset();
  }
  if (const auto owner = owner_.lock()) owner->flush_soon(*this);
}

// --- time ---

void Channel::tick(SteadyTime now) {
  switch (phase_) {
    case Phase::Closed:
      return;
    case Phase::Up:
      return tick_up(now);
    case Phase::Closing:
      if (now >= deadline_) close();
      return;
    default:
      if (now < deadline_) return;
      end({PeerCause::Silent, Reject::HandshakeTimeout,
           "no handshake within " + milliseconds_text(settings_.timing.handshake_deadline) + " " +
               endpoint()},
          Reason::None);
  }
}

void Channel::tick_up(SteadyTime now) {
  bool over = false;
  for (std::size_t i = 0; i < kFamilyCount; ++i) {
    over = buckets_[i].is_over(now) || over;
    const auto max = settings_.families[i].over_budget_max;
    if (max.count() > 0 && buckets_[i].over_since() && now - *buckets_[i].over_since() > max) {
      return end({PeerCause::OverBudget, Reject::OverBudget,
                  std::string(describe(static_cast<Family>(i))) + " over budget for " +
                      milliseconds_text(max) + " " + endpoint()},
                 Reason::OverBudget);
    }
  }
  if (paused_) {
    last_frame_at_ = now;  // not heard because not listened to
    paused_ = over;
    wait_readable();
  }
  if (now - last_frame_at_ > settings_.timing.silent_cut) {
    return end({PeerCause::Silent,
                {},
                "silent for " + milliseconds_text(settings_.timing.silent_cut) + " " + endpoint()},
               Reason::None);
  }
  if (blocked_since_ && now - *blocked_since_ > settings_.timing.write_stall_cut) {
    return end({PeerCause::SlowReader, Reject::SlowReader,
                "takes nothing for " + milliseconds_text(settings_.timing.write_stall_cut) + " " +
                    endpoint()},
               Reason::None);
  }
  if (now - last_ping_at_ >= settings_.timing.ping_interval) {
    last_ping_at_ = now;
    pings_.push_back(now);
    if (pings_.size() > kPingsOpenMax) pings_.pop_front();
    crypto::Bytes payload;
    crypto::Writer(payload).u64(static_cast<std::uint64_t>(now.time_since_epoch().count()));
    control(ControlType::Ping, payload);
    flush();
  }
}

void Channel::forgive(SteadyTime now, SteadyTime::duration stalled) {
  deadline_ += stalled;
  last_frame_at_ = std::min(now, last_frame_at_ + stalled);
  if (blocked_since_) blocked_since_ = std::min(now, *blocked_since_ + stalled);
}

// --- the end ---

void Channel::end(ChannelEnd end, Reason goodbye) {
  if (is_over()) return;
  const auto self = shared_from_this();
  finish(goodbye);
  if (const auto owner = owner_.lock()) owner->on_ended(*this, end);
}

void Channel::finish(Reason goodbye) {
  if (is_over()) return;
  if (goodbye == Reason::None) return close();
  // Our hello still goes out: whoever differs from us is to learn from what.
  if (is_up()) queue_.clear_whole_frames();
  control(ControlType::Goodbye, encode_goodbye(goodbye));
  phase_ = Phase::Closing;
  deadline_ = Clock::now() + settings_.timing.goodbye_deadline;
  paused_ = false;
  flush();
  wait_readable();
}

void Channel::finish_now(Reason goodbye) {
  finish(goodbye);
  close();
}

void Channel::close() {
  if (phase_ == Phase::Closed) return;
  const auto self = shared_from_this();
  phase_ = Phase::Closed;
  queue_.clear();
  ErrorCode ignored;
  socket_.close(ignored);
  if (const auto owner = owner_.lock()) owner->on_released(*this);
}

}  // namespace giro::p2p
