// What clients do wrong, on purpose or not, to every endpoint of the document: malformed, oversize,
// slow, pipelined, half closed, cut off and plain garbage. The server goes on answering, and keeps
// nothing of it.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <thread>

#include "node/api/limits.h"
#include "tests/unit/node/api/server_fixture.h"

namespace giro::api {
namespace {

using Steady = std::chrono::steady_clock;

// Bytes of memory that come and go are not returned at once; what is kept of each connection would
// add up. Sanitizers keep what is freed for a while, and find leaks themselves.
#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t kGrowthMax = 512UL << 20;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr std::size_t kGrowthMax = 512UL << 20;
#else
constexpr std::size_t kGrowthMax = 4UL << 20;
#endif
#else
constexpr std::size_t kGrowthMax = 4UL << 20;
#endif

std::size_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  in >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator open("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(open), end(open)));
}

// A client's end of a connection, without any help in keeping to HTTP.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const timeval patience{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    is_open_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  [[nodiscard]] bool is_open() const { return is_open_; }
  // The server may have closed: then what it does not take is lost.
  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void half_close() const { ::shutdown(socket_, SHUT_WR); }
  // So that closing resets the connection.
  void abandon() const {
    const linger now{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  // Until the server closes.
  [[nodiscard]] std::string rest() const {
    std::string out;
    char some[8192];
    for (;;) {
      const auto size = ::recv(socket_, some, sizeof some, 0);
      if (size <= 0) return out;
      out.append(some, static_cast<std::size_t>(size));
    }
  }
  // Whether the server has closed, within so long.
  [[nodiscard]] bool is_closed_within(std::chrono::seconds patience) const {
    const timeval until{patience.count(), 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &until, sizeof until);
    char some[8192];
    ssize_t size = 0;
    while ((size = ::recv(socket_, some, sizeof some, 0)) > 0) continue;
    return size == 0 || errno == ECONNRESET;
  }

 private:
  int socket_;
  bool is_open_ = false;
};

class HostileClientsTest : public ServerTest {
 protected:
  struct Endpoint {
    std::string method, target, body;
    [[nodiscard]] std::string head(const std::string& more = {}) const {
      return method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + more;
    }
    // As it should be. The last of a connection says so.
    [[nodiscard]] std::string request(bool is_last = true) const {
      std::string more = is_last ? "Connection: close\r\n" : "";
      if (method == "POST")
        more += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n";
      return head(more) + "\r\n" + body;
    }
  };
  // All of the document, as its examples say.
  std::vector<Endpoint> endpoints() {
    const json::value whole = document(get("/v1/openapi.json"));
    const auto resolved = [&whole](const json::value& value) -> const json::object& {
      const auto* reference = value.as_object().if_contains("$ref");
      if (reference == nullptr) return value.as_object();
      return whole.at_pointer(std::string(reference->as_string()).substr(1)).as_object();
    };
    std::vector<Endpoint> out;
    for (const auto& [pattern, methods] : whole.at("paths").as_object()) {
      for (const auto& [method, operation] : methods.as_object()) {
        Endpoint one{.method = method == "get" ? "GET" : "POST", .target = pattern, .body = {}};
        std::string query = "?";
        if (const auto* list = operation.as_object().if_contains("parameters")) {
          for (const auto& each : list->as_array()) {
            const auto& parameter = resolved(each);
            const std::string name(parameter.at("name").as_string());
            if (!parameter.contains("required")) continue;
            const auto* example = parameter.at("example").if_string();
            if (example == nullptr) continue;
            const auto at = one.target.find("{" + name + "}");
            if (at != std::string::npos) {
              one.target.replace(at, name.size() + 2, std::string(*example));
            } else {
              query += name + "=" + std::string(*example) + "&";
            }
          }
        }
        if (query.size() > 1) one.target += query.substr(0, query.size() - 1);
        if (one.method == "POST") {
          const auto& examples =
              operation.at_pointer("/requestBody/content/application~1json/examples");
          one.body = json::serialize(examples.as_object().begin()->value().at("value"));
        }
        out.push_back(std::move(one));
      }
    }
    return out;
  }

  // Everything that comes back is HTTP, and nothing of it an error of ours.
  void expect_answers(const std::string& sent, const std::string& came) {
    if (came.empty()) return;
    ++answers_;
    EXPECT_TRUE(came.starts_with("HTTP/1.1 ")) << came.substr(0, 200);
    EXPECT_EQ(came.find("HTTP/1.1 500"), std::string::npos) << sent.substr(0, 500) << came;
  }
  void exchange(const std::string& bytes) {
    const RawClient client(server->api_port());
    ASSERT_TRUE(client.is_open());
    client.send(bytes);
    client.half_close();
    expect_answers(bytes, client.rest());
  }

  std::string mutated(std::string bytes) {
    const auto below = [this](std::size_t limit) {
      return static_cast<std::size_t>(random_() % std::max<std::size_t>(limit, 1));
    };
    for (std::size_t times = 1 + below(4); times != 0 && !bytes.empty(); --times) {
      const std::size_t at = below(bytes.size());
      switch (below(5)) {
        case 0:
          bytes[at] = static_cast<char>(random_());
          break;
        case 1:
          bytes.insert(at, 1 + below(40), static_cast<char>(random_()));
          break;
        case 2:
          bytes.erase(at, 1 + below(20));
          break;
        case 3:
          bytes.insert(at, bytes.substr(below(bytes.size()), below(100)));
          break;
        default:
          bytes.resize(at);
      }
    }
    return bytes;
  }

  void malformed(const Endpoint& one) {
    for (int i = 0; i < 6; ++i) exchange(mutated(one.request()));
    for (const char* more :
         {"Content-Length: -1\r\n", "Content-Length: 18446744073709551615\r\n",
          "Content-Length: 5\r\nContent-Length: 6\r\n", "Transfer-Encoding: chunked\r\n",
          "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "Transfer-Encoding: gzip\r\n",
          "Expect: 100-continue\r\nContent-Length: 5\r\n", "Upgrade: h2c\r\n", ": empty\r\n",
          "Host: localhost\r\n", "folded: a\r\n b\r\n"}) {
      exchange(one.head(more) + "\r\nzzzz\r\n5\r\nab");
    }
  }
  void oversize(const Endpoint& one) {
    exchange(one.head("X-Long: " + std::string(kHeaderBytesMax, 'x') + "\r\n") + "\r\n");
    exchange(one.method + " " + one.target + "?" + std::string(kTargetBytesMax, 'x') +
             " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    std::string many;
    for (int i = 0; i < 2000; ++i) many += "a: b\r\n";
    exchange(one.head(many) + "\r\n");
    const std::size_t size = config().api.body_bytes + 1;
    exchange(one.head("Content-Type: application/json\r\nContent-Length: " + std::to_string(size) +
                      "\r\n") +
             "\r\n" + std::string(size, '['));
    exchange(one.head("Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n") +
             "\r\nfffffff\r\n" + std::string(size, '['));
    // Of a size that is allowed, and deep.
    exchange(one.head("Content-Type: application/json\r\nContent-Length: 60000\r\n") + "\r\n" +
             std::string(60'000, '['));
  }
  void unusual(const Endpoint& one) {
    std::string pipelined;
    for (int i = 0; i < 15; ++i) pipelined += one.request(false);
    exchange(pipelined + one.request());
    const RawClient slow(server->api_port());
    for (const char each : one.request()) slow.send({&each, 1});
    expect_answers("byte by byte", slow.rest());
    const auto whole = one.request();
    exchange(whole.substr(0, whole.size() / 2));
    for (const std::size_t part : {std::size_t{0}, whole.size() / 2, whole.size()}) {
      const RawClient gone(server->api_port());
      gone.send(std::string_view(whole).substr(0, part));
      gone.abandon();  // without reading the answer
    }
  }
  void garbage() {
    std::string noise(5000, '\0');
    for (char& each : noise) each = static_cast<char>(random_());
    for (const std::string& bytes :
         {noise, std::string(70'000, 'A'), std::string(5'000, '\n'), std::string(300, '\0'),
          std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),
          std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), std::string("GET /\r\n\r\n"),
          std::string("GET http://[::1 HTTP/1.1\r\n\r\n"), std::string("\r\n\r\n\r\n")})
      exchange(bytes);
  }

  std::size_t metric_lines() {
    const auto body = get_ops("/metrics").body;
    return static_cast<std::size_t>(std::ranges::count(body, '\n'));
  }
  // Connections that a test has left are closed by the server soon after.
  [[nodiscard]] static bool descriptors_return_to(std::size_t count) {
    const auto end = Steady::now() + std::chrono::seconds(15);
    while (open_descriptors() > count && Steady::now() < end) std::this_thread::yield();
    return open_descriptors() <= count;
  }

  std::mt19937 random_{20261124};
  std::size_t answers_ = 0;
};

TEST_F(HostileClientsTest, Whatever_they_send_to_any_endpoint_it_goes_on_and_keeps_nothing_of_it) {
  service.set_height(10);
  const auto all = endpoints();
  ASSERT_GT(all.size(), 30U);
  const std::size_t descriptors = open_descriptors();
  constexpr int kWarmUp = 2, kRounds = 8;
  std::size_t resident = 0, lines = 0;
  for (int round = 0; round < kWarmUp + kRounds; ++round) {
    if (round == kWarmUp) {
      resident = resident_bytes();
      lines = metric_lines();
    }
    for (const auto& each : all) {
      malformed(each);
      oversize(each);
      unusual(each);
    }
    garbage();
    ASSERT_EQ(get("/v1/node").status, 200U) << "round " << round;
    ASSERT_FALSE(HasFailure()) << "round " << round;
  }
  EXPECT_TRUE(descriptors_return_to(descriptors)) << open_descriptors() << " of " << descriptors;
  const std::size_t after = resident_bytes();
  EXPECT_LE(after, resident + kGrowthMax) << "bytes more: " << after - resident;
  EXPECT_EQ(metric_lines(), lines) << "no label comes from a client";
  EXPECT_GT(answers_, all.size() * 20);
  RecordProperty("bytes_more", std::to_string(after - std::min(after, resident)));
  RecordProperty("answers", std::to_string(answers_));
}

// Each of the patiences of limits.h that is short enough for a test.
TEST_F(HostileClientsTest, Those_who_never_finish_are_given_up_and_hold_up_nobody) {
  service.set_height(10);
  const std::size_t descriptors = open_descriptors();
  {
    std::vector<std::unique_ptr<RawClient>> slow;
    for (int i = 0; i < 64; ++i) slow.push_back(std::make_unique<RawClient>(server->api_port()));
    const std::string head = "GET /v1/node HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
    for (const char each : head) {
      for (const auto& client : slow) client->send({&each, 1});
      ASSERT_EQ(get("/v1/node").status, 200U) << "others are answered meanwhile";
    }
    const auto given_up = std::chrono::seconds(kHeaderTime) + std::chrono::seconds(5);
    for (const auto& client : slow) EXPECT_TRUE(client->is_closed_within(given_up));
  }
  EXPECT_TRUE(descriptors_return_to(descriptors)) << open_descriptors() << " of " << descriptors;
}

}  // namespace
}  // namespace giro::api
