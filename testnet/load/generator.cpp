#include "testnet/load/generator.h"

#include <algorithm>
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <cmath>
#include <deque>
#include <memory>
#include <optional>
#include <random>

#include "node/client/json_fields.h"

namespace giro::testnet {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace json = boost::json;
using asio::ip::tcp;
using beast::error_code;
using SteadyClock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

constexpr std::chrono::seconds kAnswerPatience{40};  // more than a node lets wait
constexpr std::uint64_t kLoadAnswerBytesMax = 1024 * 1024;

tcp::endpoint endpoint_of(const config::HostPort& address) {
  return {asio::ip::make_address(address.host), address.port};
}

// What its status document says, or the problem instead of it.
void read_answer(const std::string& body, Shot& shot) {
  boost::system::error_code failed;
  const auto value = json::parse(body, failed);
  if (failed || !value.is_object()) return;
  const auto& document = value.get_object();
  shot.status = client::text_field(document, "status");
  shot.code = client::text_field(document, "code");
  if (const auto* outcome = client::object_field(document, "outcome")) {
    shot.code = client::text_field(*outcome, "code");
    shot.height = client::number_field(*outcome, "height");
  }
}

class LoadRun;

class Gun {
 public:
  Gun(LoadRun& run, asio::io_context& context, tcp::endpoint node)
      : run_(run), node_(std::move(node)), stream_(context) {}
  void fire(std::size_t number);

 private:
  void connect();
  void write();
  void read();
  void finish(const error_code& error);

  LoadRun& run_;
  tcp::endpoint node_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  http::request<http::span_body<const char>> request_;
  std::optional<http::response_parser<http::string_body>> answer_;
  std::size_t number_ = 0;
  bool is_connected_ = false;
};

class LoadRun {
 public:
  LoadRun(std::span<const LoadRequest> requests, const LoadPlan& plan)
      : requests_(requests), plan_(plan), shots_(requests.size()), timer_(context_) {
    for (std::size_t i = 0; i < plan.connections; ++i) {
      const auto& node = plan.nodes[i % plan.nodes.size()];
      guns_.push_back(std::make_unique<Gun>(*this, context_, endpoint_of(node)));
      idle_.push_back(guns_.back().get());
    }
  }
  std::vector<Shot> go() {
    begin_ = SteadyClock::now();
    advance();
    context_.run();
    return std::move(shots_);
  }
  [[nodiscard]] const LoadRequest& request(std::size_t number) const { return requests_[number]; }
  [[nodiscard]] Shot& shot(std::size_t number) { return shots_[number]; }
  void done(Gun* gun, std::size_t number) {
    shots_[number].answered = now();
    idle_.push_back(gun);
    advance();
  }

 private:
  [[nodiscard]] nanoseconds now() const { return SteadyClock::now() - begin_; }
  // Whatever is due goes out as long as a connection is idle.
  void advance() {
    const bool is_open_loop = !plan_.intended.empty();
    while (next_ < requests_.size() && !idle_.empty()) {
      const nanoseconds time = now();
      const nanoseconds due = is_open_loop ? plan_.intended[next_] : time;
      if (due > time) return sleep_until(due);
      shots_[next_].intended = due;
      Gun* gun = idle_.front();
      idle_.pop_front();
      gun->fire(next_++);
    }
  }
  void sleep_until(nanoseconds due) {
    if (is_sleeping_) return;
    is_sleeping_ = true;
    timer_.expires_at(begin_ + due);
    timer_.async_wait([this](const error_code&) {
      is_sleeping_ = false;
      advance();
    });
  }

  std::span<const LoadRequest> requests_;
  const LoadPlan& plan_;
  std::vector<Shot> shots_;
  asio::io_context context_{1};
  asio::steady_timer timer_;
  std::vector<std::unique_ptr<Gun>> guns_;
  std::deque<Gun*> idle_;
  SteadyClock::time_point begin_;
  std::size_t next_ = 0;
  bool is_sleeping_ = false;
};

void Gun::fire(std::size_t number) {
  number_ = number;
  const std::string& body = run_.request(number).body;
  request_ = {http::verb::post, "/v1/operations?wait=committed&timeout=30s", 11};
  request_.set(http::field::host, node_.address().to_string() + ":" + std::to_string(node_.port()));
  request_.set(http::field::content_type, "application/x-protobuf");
  request_.body() = {body.data(), body.size()};
  request_.prepare_payload();
  stream_.expires_after(kAnswerPatience);
  if (is_connected_) return write();
  connect();
}

void Gun::connect() {
  stream_.async_connect(node_, [this](const error_code& error) {
    if (error) return finish(error);
    is_connected_ = true;
    error_code ignored;
    stream_.socket().set_option(tcp::no_delay(true), ignored);
    write();
  });
}

void Gun::write() {
  http::async_write(stream_, request_, [this](const error_code& error, std::size_t) {
    if (error) return finish(error);
    read();
  });
}

void Gun::read() {
  answer_.emplace();
  answer_->body_limit(kLoadAnswerBytesMax);
  http::async_read(stream_, buffer_, *answer_,
                   [this](const error_code& error, std::size_t) { finish(error); });
}

void Gun::finish(const error_code& error) {
  Shot& shot = run_.shot(number_);
  if (!error) {
    shot.http_status = answer_->get().result_int();
    read_answer(answer_->get().body(), shot);
  }
  if (error || !answer_->get().keep_alive()) {
    stream_.close();
    buffer_.clear();
    is_connected_ = false;
  }
  run_.done(this, number_);
}

}  // namespace

std::vector<nanoseconds> poisson_arrivals(double rate, nanoseconds duration, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<nanoseconds> out;
  double at = 0;  // seconds
  const double end = std::chrono::duration<double>(duration).count();
  for (;;) {
    // In (0, 1]: the standard's exponential_distribution differs between libraries.
    const double uniform = (static_cast<double>(random() >> 11) + 1) * 0x1p-53;
    at -= std::log(uniform) / rate;
    if (at >= end) return out;
    out.emplace_back(static_cast<std::int64_t>(at * 1e9));
  }
}

std::vector<Shot> fire(std::span<const LoadRequest> requests, const LoadPlan& plan) {
  return LoadRun(requests, plan).go();
}

nanoseconds percentile(std::vector<nanoseconds>& values, double share) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  return values[std::clamp<std::size_t>(rank, 1, values.size()) - 1];
}

}  // namespace giro::testnet
