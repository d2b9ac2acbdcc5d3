#include "testnet/relay.h"

#include <algorithm>
#include <array>
#include <deque>
#include <utility>

namespace giro::testnet {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::chrono::milliseconds kAcceptPause{100};

// Closes so that the other end sees a reset, not an end.
void slam(tcp::socket& socket) {
  ErrorCode ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

}  // namespace

// Two sockets and the bytes between them, each direction on its own. That one end is lost is news
// like its bytes: the other hears of it over the link, and not while that is stalled.
class Relay::Connection : public std::enable_shared_from_this<Relay::Connection> {
 public:
  Connection(asio::io_context& context, tcp::socket dialler, Link& forward, Link& backward)
      : dialler_(std::move(dialler)),
        target_(context),
        forward_{dialler_, target_, forward, asio::steady_timer(context)},
        backward_{target_, dialler_, backward, asio::steady_timer(context)} {}

  void start(const tcp::endpoint& target) {
    target_.async_connect(target, [self = shared_from_this()](const ErrorCode& error) {
      if (self->is_over_) return;
      if (error) return self->reset();
      ErrorCode ignored;
      self->dialler_.set_option(tcp::no_delay(true), ignored);
      self->target_.set_option(tcp::no_delay(true), ignored);
      self->read(self->forward_);
      self->read(self->backward_);
    });
  }

  void reset() {
    slam(dialler_);
    slam(target_);
    finish();
  }

  void resume() {
    write(forward_);
    write(backward_);
  }

  [[nodiscard]] bool is_over() const { return is_over_; }
  [[nodiscard]] std::size_t held() const { return forward_.held + backward_.held; }

 private:
  struct Chunk {
    SteadyClock::time_point due;
    std::vector<char> bytes;
  };
  struct Flow {
    tcp::socket& source;
    tcp::socket& sink;
    Link& link;
    asio::steady_timer timer;
    std::array<char, kReadBytes> buffer{};
    std::deque<Chunk> chunks{};
    std::size_t held = 0;
    bool is_reading = false, is_writing = false;
    bool has_ended = false;  // the source has said all
    bool is_lost = false;    // the source is gone without an end
    bool is_shut = false;    // the sink has heard all
  };

  [[nodiscard]] Flow& opposite(const Flow& flow) {
    return &flow == &forward_ ? backward_ : forward_;
  }

  // What a slow link takes at once is a twentieth of a second of it, so that it flows evenly.
  static std::size_t read_size(const Link& link) {
    if (link.rate == 0) return kReadBytes;
    return std::clamp<std::size_t>(link.rate / 20, 1, kReadBytes);
  }
  static void take_rate(Link& link, std::size_t bytes) {
    if (link.rate == 0) return;
    const auto cost = std::chrono::nanoseconds(bytes * 1'000'000'000 / link.rate);
    link.free_at = std::max(link.free_at, SteadyClock::now()) + cost;
  }

  // A flow that holds its limit reads no more: TCP then slows the one who sends.
  void read(Flow& flow) {
    if (is_over_ || flow.is_reading || flow.has_ended || flow.is_lost) return;
    const std::size_t room = read_size(flow.link);
    if (flow.held + room > (flow.link.rate == 0 ? kHeldBytesMax : room)) return;
    flow.is_reading = true;
    flow.source.async_read_some(asio::buffer(flow.buffer, room), [self = shared_from_this(), &flow](
                                                                     const ErrorCode& error,
                                                                     std::size_t size) {
      flow.is_reading = false;
      if (self->is_over_) return;
      if (error && error != asio::error::eof) return self->lose(flow);
      flow.has_ended = error == asio::error::eof;
      if (size > 0) {
        const auto end = flow.buffer.begin() + static_cast<std::ptrdiff_t>(size);
        flow.chunks.push_back({SteadyClock::now() + flow.link.delay, {flow.buffer.begin(), end}});
        flow.held += size;
      }
      self->write(flow);
      self->read(flow);
    });
  }

  void write(Flow& flow) {
    if (is_over_ || flow.is_writing || flow.link.stalled || opposite(flow).is_lost) return;
    if (flow.is_lost) return reset();
    if (flow.chunks.empty()) return flow.has_ended ? shut(flow) : void();
    Chunk& next = flow.chunks.front();
    const auto due = std::max(next.due, flow.link.free_at);
    if (due > SteadyClock::now()) {
      flow.timer.expires_at(due);
      flow.timer.async_wait([self = shared_from_this(), &flow](const ErrorCode& error) {
        if (!error) self->write(flow);
      });
      return;
    }
    if (std::exchange(flow.link.corrupts, false)) next.bytes[next.bytes.size() / 2] ^= 1;
    take_rate(flow.link, next.bytes.size());
    flow.is_writing = true;
    asio::async_write(flow.sink, asio::buffer(next.bytes),
                      [self = shared_from_this(), &flow](const ErrorCode& error, std::size_t size) {
                        flow.is_writing = false;
                        if (self->is_over_) return;
                        if (error) return self->lose(self->opposite(flow));
                        flow.link.carried += size;
                        flow.held -= size;
                        flow.chunks.pop_front();
                        self->write(flow);
                        self->read(flow);
                      });
  }

  void lose(Flow& flow) {
    flow.is_lost = true;
    if (!flow.link.stalled) reset();
  }

  void shut(Flow& flow) {
    if (std::exchange(flow.is_shut, true)) return;
    ErrorCode ignored;
    flow.sink.shutdown(tcp::socket::shutdown_send, ignored);
    if (!opposite(flow).is_shut) return;
    dialler_.close(ignored);
    target_.close(ignored);
    finish();
  }

  void finish() {
    is_over_ = true;
    for (Flow* flow : {&forward_, &backward_}) {
      flow->timer.cancel();
      flow->held = 0;
    }
  }

  tcp::socket dialler_;
  tcp::socket target_;
  Flow forward_;
  Flow backward_;
  bool is_over_ = false;
};

Relay::Relay(asio::io_context& context, const Tcp::endpoint& target, Link& forward, Link& backward)
    : context_(context),
      target_(target),
      forward_(forward),
      backward_(backward),
      acceptor_(context),
      pause_(context) {}

Relay::~Relay() = default;

std::expected<void, std::string> Relay::listen() {
  ErrorCode error;
  const tcp::endpoint any(asio::ip::address_v4::loopback(), 0);
  const auto failed = [&] { return std::unexpected("a relay cannot listen: " + error.message()); };
  if (acceptor_.open(any.protocol(), error)) return failed();
  if (acceptor_.bind(any, error)) return failed();
  if (acceptor_.listen(asio::socket_base::max_listen_connections, error)) return failed();
  port_ = acceptor_.local_endpoint(error).port();
  if (error) return failed();
  accept();
  return {};
}

void Relay::accept() {
  if (!acceptor_.is_open()) return;
  acceptor_.async_accept([self = shared_from_this()](const ErrorCode& error, tcp::socket dialler) {
    if (!self->acceptor_.is_open()) return;
    if (!error) {
      self->on_accepted(std::move(dialler));
      return self->accept();
    }
    self->pause_.expires_after(kAcceptPause);  // out of file handles, say
    self->pause_.async_wait([self](const ErrorCode& cancelled) {
      if (!cancelled) self->accept();
    });
  });
}

void Relay::on_accepted(Tcp::socket dialler) {
  std::erase_if(connections_, [](const auto& one) { return one->is_over(); });
  if (refuses_ || connections_.size() >= kConnectionsMax) return slam(dialler);
  const auto made = std::make_shared<Connection>(context_, std::move(dialler), forward_, backward_);
  connections_.push_back(made);
  ++accepted_;
  made->start(target_);
}

std::size_t Relay::connections() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(connections_, [](const auto& one) { return !one->is_over(); }));
}

std::size_t Relay::held() const {
  std::size_t sum = 0;
  for (const auto& one : connections_) sum += one->held();
  return sum;
}

void Relay::reset() {
  for (const auto& one : connections_) one->reset();
  connections_.clear();
}

void Relay::refuse(bool is_on) {
  refuses_ = is_on;
}

void Relay::resume() {
  for (const auto& one : connections_) one->resume();
}

void Relay::close() {
  ErrorCode ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  reset();
}

}  // namespace giro::testnet
