#include "testnet/load/waiters.h"

#include <atomic>
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <future>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "node/client/operations.h"
#include "node/receipt/text.h"

namespace giro::testnet {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using beast::error_code;

// Below what a node lets one client read in a second (api.rates.read), answers included.
constexpr std::chrono::microseconds kOpenPause{2'500};
constexpr std::chrono::seconds kWaiterPatience{40};
constexpr std::chrono::seconds kRetryPause{1};

}  // namespace

struct Waiters::Crowd {
  class Waiter {
   public:
    Waiter(Crowd& crowd, asio::io_context& context)
        : crowd_(crowd), stream_(context), pause_(context) {
      request_ = {http::verb::get,
                  "/v1/operations/bank-a/" + receipt::to_uuid_text(client::new_uuid()) +
                      "?wait=committed&timeout=30s",
                  11};
      request_.set(http::field::host, crowd.node.to_string());
    }
    void start() {
      const tcp::endpoint address(asio::ip::make_address(crowd_.node.host), crowd_.node.port);
      stream_.expires_after(kWaiterPatience);
      stream_.async_connect(address, [this](const error_code& error) {
        if (error) return fail();
        ask();
      });
    }

   private:
    void ask() {
      stream_.expires_after(kWaiterPatience);
      http::async_write(stream_, request_, [this](const error_code& error, std::size_t) {
        if (error) return fail();
        ++crowd_.waiting;
        answer_.emplace();
        http::async_read(stream_, buffer_, *answer_, [this](const error_code& lost, std::size_t) {
          --crowd_.waiting;
          if (lost || answer_->get().result() != http::status::ok) return fail();
          ++crowd_.answered;
          ask();
        });
      });
    }
    void fail() {
      ++crowd_.failed;
      stream_.close();
      buffer_.clear();
      pause_.expires_after(kRetryPause);
      pause_.async_wait([this](const error_code& cancelled) {
        if (!cancelled) start();
      });
    }

    Crowd& crowd_;
    beast::tcp_stream stream_;
    asio::steady_timer pause_;
    beast::flat_buffer buffer_;
    http::request<http::empty_body> request_;
    std::optional<http::response_parser<http::string_body>> answer_;
  };

  config::HostPort node;
  std::atomic<std::size_t> waiting = 0, answered = 0, failed = 0;
  asio::io_context context{1};
  asio::steady_timer timer{context};
  std::vector<std::unique_ptr<Waiter>> all;
  std::thread thread;

  void add(std::size_t left) {
    if (left == 0) return;
    all.push_back(std::make_unique<Waiter>(*this, context));
    all.back()->start();
    timer.expires_after(kOpenPause);
    timer.async_wait([this, left](const error_code& cancelled) {
      if (!cancelled) add(left - 1);
    });
  }
};

Waiters::Waiters(std::unique_ptr<Crowd> crowd) : crowd_(std::move(crowd)) {}
Waiters::Waiters(Waiters&&) noexcept = default;
Waiters& Waiters::operator=(Waiters&&) noexcept = default;
Waiters::~Waiters() {
  if (!crowd_) return;
  crowd_->context.stop();
  crowd_->thread.join();
}

std::expected<Waiters, std::string> Waiters::open(const config::HostPort& node, std::size_t count) {
  Waiters out(std::make_unique<Crowd>());
  Crowd& crowd = *out.crowd_;
  crowd.node = node;
  crowd.thread = std::thread([&crowd, count] {
    crowd.add(count);
    const auto stays = asio::make_work_guard(crowd.context);
    crowd.context.run();
  });
  const auto end = std::chrono::steady_clock::now() + kOpenPause * count + kWaiterPatience;
  // Some are always between two questions.
  while (crowd.waiting + count / 100 < count) {
    if (std::chrono::steady_clock::now() > end)
      return std::unexpected("only " + std::to_string(crowd.waiting) + " of " +
                             std::to_string(count) + " wait at " + node.to_string() + ", " +
                             std::to_string(crowd.failed) + " failed");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return out;
}

Waiters::Counts Waiters::counts() const {
  return {crowd_->waiting, crowd_->answered, crowd_->failed};
}

}  // namespace giro::testnet
