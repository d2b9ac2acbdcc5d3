#include "testnet/link_proxy.h"

#include <gtest/gtest.h>

#include <boost/asio.hpp>
#include <future>
#include <thread>

#include "testnet/relay.h"

namespace giro::testnet {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using namespace std::chrono_literals;

constexpr auto kProxyPatience = 20s;

// Two nodes that listen; the test speaks for both.
class LinkProxyTest : public testing::Test {
 protected:
  void SetUp() override {
    for (std::size_t i = 0; i < acceptors_.size(); ++i) {
      acceptors_[i] = tcp::acceptor(context_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
      nodes_.push_back({.name = i == 0   ? "a"
                                : i == 1 ? "b"
                                         : "c",
                        .p2p = acceptors_[i].local_endpoint().port(),
                        .api = 0,
                        .ops = 0});
    }
    auto started = LinkProxy::start(nodes_);
    ASSERT_TRUE(started.has_value()) << started.error();
    proxy_ = std::move(*started);
  }
  struct Ends {
    tcp::socket near, far;
  };
  // `from` dials `to`.
  Ends connect(std::size_t from, std::size_t to) {
    Ends ends{dial(from, to), tcp::socket(context_)};
    acceptors_[to].accept(ends.far);
    return ends;
  }
  tcp::socket dial(std::size_t from, std::size_t to) {
    tcp::socket socket(context_);
    socket.connect({asio::ip::address_v4::loopback(),
                    proxy_->address(nodes_[from].name, nodes_[to].name).port});
    return socket;
  }
  static void say(tcp::socket& socket, const std::string& text) {
    asio::write(socket, asio::buffer(text));
  }
  static std::string hear(tcp::socket& socket, std::size_t size) {
    std::string text(size, '\0');
    ErrorCode error;
    text.resize(asio::read(socket, asio::buffer(text), error));
    return text;
  }
  // How it ends: what a read gives that waits for it.
  static ErrorCode end_of(tcp::socket& socket) {
    char byte = 0;
    ErrorCode error;
    while (asio::read(socket, asio::buffer(&byte, 1), error) == 1) continue;
    return error;
  }
  static bool comes(const std::function<bool()>& is_true) {
    const auto end = std::chrono::steady_clock::now() + kProxyPatience;
    while (!is_true()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

  asio::io_context context_;
  std::array<tcp::acceptor, 3> acceptors_{tcp::acceptor(context_), tcp::acceptor(context_),
                                          tcp::acceptor(context_)};
  std::vector<Node> nodes_;
  std::unique_ptr<LinkProxy> proxy_;
};

TEST_F(LinkProxyTest, Bytes_pass_both_ways_and_an_end_is_an_end) {
  auto [near, far] = connect(0, 1);
  std::string large(3 * Relay::kHeldBytesMax, 'x');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 31 >> 3);
  auto sent = std::async(std::launch::async, [&, &from = near] {
    say(from, large);
    from.shutdown(tcp::socket::shutdown_send);
  });
  EXPECT_EQ(hear(far, large.size()), large);
  EXPECT_EQ(end_of(far), asio::error::eof);
  sent.get();
  say(far, "answer after the end");
  far.close();
  EXPECT_EQ(hear(near, 20), "answer after the end");
  EXPECT_EQ(end_of(near), asio::error::eof);
  EXPECT_TRUE(comes([&] { return proxy_->traffic({"a", "b"}).connections == 0; }));
  EXPECT_EQ(proxy_->traffic({"a", "b"}).carried, large.size());
  EXPECT_EQ(proxy_->traffic({"b", "a"}).carried, 20U);
}

TEST_F(LinkProxyTest, A_stalled_direction_holds_its_bytes_and_the_other_one_goes_on) {
  auto [near, far] = connect(0, 1);
  proxy_->stall({"a", "b"});
  say(near, "question");
  say(far, "meanwhile");
  EXPECT_EQ(hear(near, 9), "meanwhile");
  EXPECT_TRUE(comes([&] { return proxy_->traffic({"a", "b"}).held == 8; }));
  EXPECT_EQ(far.available(), 0U);
  // Whoever has dialled: it is the direction that counts.
  auto [other_near, other_far] = connect(1, 0);
  say(other_far, "too");
  EXPECT_TRUE(comes([&] { return proxy_->traffic({"b", "a"}).held == 3; }));
  EXPECT_EQ(other_near.available(), 0U);
  proxy_->heal();
  EXPECT_EQ(hear(far, 8), "question");
  EXPECT_EQ(hear(other_near, 3), "too");
}

TEST_F(LinkProxyTest, What_is_held_is_bounded_and_the_sender_is_slowed) {
  auto [near, far] = connect(0, 1);
  proxy_->stall({"a", "b"});
  near.non_blocking(true);
  const std::string block(64 * 1024, 'x');
  std::size_t taken = 0;
  constexpr std::size_t kTooMuch = 256 * 1024 * 1024;
  // The relay reads until it is full, and the buffers of both kernels fill behind it.
  const auto is_full = [&] {
    ErrorCode error;
    for (; taken < kTooMuch && !error;) taken += near.write_some(asio::buffer(block), error);
    return proxy_->traffic({"a", "b"}).held + 16 * 1024 > Relay::kHeldBytesMax;
  };
  EXPECT_TRUE(comes(is_full));
  EXPECT_LE(proxy_->traffic({"a", "b"}).held, Relay::kHeldBytesMax);
  EXPECT_LT(taken, kTooMuch);
  proxy_->heal();
  near.close();
  EXPECT_EQ(hear(far, taken).size(), taken);
}

TEST_F(LinkProxyTest, A_lost_end_is_not_heard_of_over_a_stalled_link) {
  auto [near, far] = connect(0, 1);
  proxy_->stall({"a", "b"});
  near.set_option(asio::socket_base::linger(true, 0));
  near.close();
  say(far, "into the void");
  far.non_blocking(true);
  char byte = 0;
  ErrorCode error;
  // The answer of a third way shows that the loop had its turns meanwhile.
  auto [third_near, third_far] = connect(0, 2);
  say(third_near, "turn");
  EXPECT_EQ(hear(third_far, 4), "turn");
  far.read_some(asio::buffer(&byte, 1), error);
  EXPECT_EQ(error, asio::error::would_block);
  far.non_blocking(false);
  proxy_->heal();
  EXPECT_EQ(end_of(far), asio::error::connection_reset);
}

TEST_F(LinkProxyTest, A_cut_pair_is_reset_and_refused_until_it_is_healed) {
  auto [near, far] = connect(0, 1);
  auto [other_near, other_far] = connect(1, 0);
  auto [third_near, third_far] = connect(0, 2);
  proxy_->cut("a", "b");
  for (tcp::socket* socket : {&near, &far, &other_near, &other_far})
    EXPECT_EQ(end_of(*socket), asio::error::connection_reset);
  auto refused = dial(0, 1);
  EXPECT_EQ(end_of(refused), asio::error::connection_reset);
  say(third_near, "still here");
  EXPECT_EQ(hear(third_far, 10), "still here");
  proxy_->heal();
  auto [again, far_again] = connect(0, 1);
  say(again, "hello");
  EXPECT_EQ(hear(far_again, 5), "hello");
}

TEST_F(LinkProxyTest, A_reset_is_for_once) {
  auto [near, far] = connect(0, 1);
  proxy_->reset("a", "b");
  EXPECT_EQ(end_of(far), asio::error::connection_reset);
  auto [again, far_again] = connect(0, 1);
  say(again, "hello");
  EXPECT_EQ(hear(far_again, 5), "hello");
}

TEST_F(LinkProxyTest, A_partition_cuts_between_the_groups_only) {
  auto [together_near, together_far] = connect(0, 1);
  auto [across_near, across_far] = connect(1, 2);
  proxy_->partition({{"a", "b"}, {"c"}});
  EXPECT_EQ(end_of(across_near), asio::error::connection_reset);
  say(together_near, "ours");
  EXPECT_EQ(hear(together_far, 4), "ours");
}

TEST_F(LinkProxyTest, A_throttled_direction_is_as_slow_as_that_and_the_other_is_not) {
  auto [near, far] = connect(0, 1);
  constexpr std::size_t kBytes = 40'000;
  proxy_->throttle({"a", "b"}, 100'000);
  const std::string large(kBytes, 'x');
  const auto begin = std::chrono::steady_clock::now();
  say(near, large);
  say(far, "meanwhile");
  EXPECT_EQ(hear(near, 9), "meanwhile");
  EXPECT_LT(proxy_->traffic({"a", "b"}).carried, kBytes);
  EXPECT_EQ(hear(far, kBytes), large);
  // The last piece waits for all before it: 40,000 less a twentieth of a second of the rate.
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 340ms);
  proxy_->throttle({"a", "b"}, 1);
  say(near, "held, but for some of it");
  proxy_->heal();
  EXPECT_EQ(hear(far, 24), "held, but for some of it");
}

TEST_F(LinkProxyTest, Delayed_bytes_take_that_long_and_stay_in_order) {
  auto [near, far] = connect(0, 1);
  constexpr auto kDelay = 1s;  // time enough to look
  proxy_->delay({"a", "b"}, kDelay);
  const auto begin = std::chrono::steady_clock::now();
  say(near, "first");
  EXPECT_TRUE(comes([&] { return proxy_->traffic({"a", "b"}).held == 5; }));
  proxy_->delay({"a", "b"}, 0ms);
  say(near, "second");
  EXPECT_EQ(hear(far, 11), "firstsecond");
  EXPECT_GE(std::chrono::steady_clock::now() - begin, kDelay);
}

TEST_F(LinkProxyTest, One_bit_is_flipped_once) {
  auto [near, far] = connect(0, 1);
  proxy_->corrupt({"a", "b"});
  const std::string text(64, 'x');
  say(near, text);
  const std::string heard = hear(far, text.size());
  ASSERT_EQ(heard.size(), text.size());
  std::size_t different = 0;
  for (std::size_t i = 0; i < text.size(); ++i) different += heard[i] != text[i] ? 1 : 0;
  EXPECT_EQ(different, 1U);
  say(near, text);
  EXPECT_EQ(hear(far, text.size()), text);
}

TEST_F(LinkProxyTest, A_target_that_does_not_listen_is_a_reset) {
  acceptors_[1].close();
  auto near = dial(0, 1);
  EXPECT_EQ(end_of(near), asio::error::connection_reset);
}

TEST_F(LinkProxyTest, At_its_end_every_connection_is_reset_and_every_port_closed) {
  auto [near, far] = connect(0, 1);
  const auto port = proxy_->address("a", "b").port;
  proxy_->stall({"a", "b"});
  say(near, "never heard");
  EXPECT_TRUE(comes([&] { return proxy_->traffic({"a", "b"}).held == 11; }));
  proxy_.reset();
  EXPECT_EQ(end_of(near), asio::error::connection_reset);
  EXPECT_EQ(end_of(far), asio::error::connection_reset);
  tcp::socket late(context_);
  ErrorCode error;
  late.connect({asio::ip::address_v4::loopback(), port}, error);
  EXPECT_EQ(error, asio::error::connection_refused);
}

}  // namespace
}  // namespace giro::testnet
