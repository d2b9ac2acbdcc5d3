// What clients see of a node that stops (surface 5.5): who waits is told what is known, streams end
// where they can be resumed, and /readyz says no until the last one has gone.
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <thread>

#include "tests/unit/node/api/server_fixture.h"
#include "tests/unit/node/api/stream_reader.h"

namespace giro::api {
namespace {

namespace asio = boost::asio;

// A connection to the API, as bytes.
class RawConnection {
 public:
  explicit RawConnection(std::uint16_t port) : socket_(io_) {
    socket_.connect({asio::ip::address_v4::loopback(), port}, error_);
  }
  [[nodiscard]] bool is_open() const { return !error_; }
  void write(const std::string& bytes) { asio::write(socket_, asio::buffer(bytes), error_); }
  // Until the server closes.
  [[nodiscard]] std::string read_all() {
    std::string out;
    asio::read(socket_, asio::dynamic_buffer(out), error_);
    is_reset_ = error_ != asio::error::eof;
    return out;
  }
  // Up to the end of an answer's head.
  [[nodiscard]] std::string read_head() {
    std::string out;
    for (char one = 0;
         !out.ends_with("\r\n\r\n") && asio::read(socket_, asio::buffer(&one, 1), error_);)
      out += one;
    return out;
  }
  [[nodiscard]] bool is_reset() const { return is_reset_; }

 private:
  boost::system::error_code error_;
  asio::io_context io_;
  asio::ip::tcp::socket socket_;
  bool is_reset_ = false;
};

std::string request(const std::string& line, const std::string& body = {}) {
  return line + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\n" +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class DrainTest : public ServerTest {
 protected:
  // Begins the stop on a thread of its own; over when the server has stopped.
  [[nodiscard]] std::future<void> begin_stop() {
    return std::async(std::launch::async, [this] { server->stop(); });
  }
  // Until the ops port says that the node stops. False: it never did.
  [[nodiscard]] bool await_not_ready() {
    for (int tries = 0; tries < 10'000; ++tries) {
      const auto answer = get_ops("/readyz?verbose");
      if (answer.status == 503)
        return answer.body.find("[-] not_stopping failed") != std::string::npos;
      if (answer.status != 200) return false;
    }
    return false;
  }
};

TEST_F(DrainTest, Who_waits_is_told_what_is_known) {
  service.set_instant(false);
  const std::string body(crypto::as_text(mint({std::byte{7}})));
  RawConnection submitting(server->api_port()), asking(server->api_port());
  submitting.write(request("POST /v1/operations?wait=committed&timeout=30s", body));
  asking.write(request(
      "GET /v1/operations/bank-a/00000000-0000-4000-8000-000000000001?wait=committed&timeout=30s"));
  service.await_waiters(2);
  RawConnection behind(server->api_port());
  behind.write(request("GET /v1/tokens?min_height=1000000"));
  server->stop();
  const auto submitted = submitting.read_all();
  EXPECT_EQ(submitted.rfind("HTTP/1.1 202 ", 0), 0U) << submitted;
  EXPECT_NE(submitted.find("Connection: close\r\n"), std::string::npos) << submitted;
  EXPECT_NE(submitted.find(R"("status":"RECEIVED")"), std::string::npos) << submitted;
  EXPECT_FALSE(submitting.is_reset());
  const auto asked = asking.read_all();
  EXPECT_NE(asked.find(R"("status":"UNKNOWN")"), std::string::npos) << asked;
  EXPECT_FALSE(asking.is_reset());
}

TEST_F(DrainTest, Streams_end_where_they_can_be_resumed) {
  test::StreamReader stream(server->api_port(), "");
  EXPECT_EQ(stream.head().rfind("HTTP/1.1 200 ", 0), 0U);
  ASSERT_TRUE(stream.next().has_value()) << "the first beat";
  server->stop();
  while (stream.next()) {
  }
  EXPECT_TRUE(stream.has_ended_well()) << "with the last chunk, not in the middle of one";
}

TEST_F(DrainTest, Until_the_last_client_has_gone_it_says_that_it_is_not_ready_and_takes_nothing) {
  RawConnection idle(server->api_port());
  idle.write(request("GET /v1/tokens"));
  EXPECT_EQ(idle.read_head().rfind("HTTP/1.1 200 ", 0), 0U);
  const std::string body(crypto::as_text(mint({std::byte{7}})));
  const std::string bytes = request("POST /v1/operations", body);
  RawConnection slow(server->api_port());
  slow.write(bytes.substr(0, bytes.size() - 1));
  // A later answer on another connection: the head of the slow one has been read.
  EXPECT_EQ(get("/v1/tokens").status, 200U);

  const auto stopped = begin_stop();
  ASSERT_TRUE(await_not_ready());
  EXPECT_FALSE(RawConnection(server->api_port()).is_open()) << "no more clients";
  (void)idle.read_all();  // what was left of its answer
  EXPECT_FALSE(idle.is_reset());
  slow.write(bytes.substr(bytes.size() - 1));
  const auto refused = slow.read_all();
  EXPECT_EQ(refused.rfind("HTTP/1.1 503 ", 0), 0U) << refused;
  EXPECT_NE(refused.find(R"("code":"NOT_READY")"), std::string::npos) << refused;
  EXPECT_FALSE(slow.is_reset());
  EXPECT_EQ(service.submissions(), 0U);
  stopped.wait();
}

TEST_F(DrainTest, Who_never_ends_his_request_is_cut_off) {
  RawConnection slow(server->api_port());
  slow.write("POST /v1/operations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1");
  EXPECT_EQ(get("/v1/tokens").status, 200U);
  server->stop();
  EXPECT_EQ(slow.read_all(), "");
  server->stop();  // again: nothing to do
}

}  // namespace
}  // namespace giro::api
