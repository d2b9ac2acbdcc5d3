// A validator that is told to stop: nobody who waits there is left without an answer (surface 5.5).
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <csignal>

#include "tests/process/cluster.h"

namespace giro::process_test {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kWaiters = 1000;
constexpr std::chrono::seconds kStopTimeMax{5};

class StopTest : public ClusterTest {};

TEST_F(StopTest, A_thousand_clients_that_wait_are_answered_before_it_ends) {
  const auto& at = nodes()[1];
  asio::io_context io;
  std::vector<asio::ip::tcp::socket> waiting;
  for (std::size_t i = 0; i < kWaiters; ++i) {
    auto& socket = waiting.emplace_back(io);
    socket.connect({asio::ip::address_v4::loopback(), at.api_address().port});
    asio::write(socket, asio::buffer(std::string{
                            "GET /v1/operations/bank-a/"
                            "00000000-0000-4000-8000-000000000001?wait=committed&timeout="
                            "30s HTTP/1.1\r\nHost: localhost\r\n\r\n"}));
  }
  ASSERT_TRUE(until([&] { return metric(at, "giro_api_waiters") == kWaiters; }));

  supervisor_->signal(at.name, SIGTERM);
  const auto exit = supervisor_->wait_for_exit(at.name, kStopTimeMax);
  ASSERT_TRUE(exit.has_value()) << "it takes longer than " << kStopTimeMax.count() << " s";
  EXPECT_EQ(exit->to_string(), "exit code 0");
  for (auto& socket : waiting) {
    std::string answer;
    boost::system::error_code error;
    asio::read(socket, asio::dynamic_buffer(answer), error);
    ASSERT_EQ(error, asio::error::eof) << error.message();
    ASSERT_NE(answer.find(R"("status":"UNKNOWN")"), std::string::npos) << answer;
  }
  EXPECT_NE(read_text(supervisor_->network().node_log(at)).find("event=stopped"),
            std::string::npos);
}

}  // namespace
}  // namespace giro::process_test
