#include "testnet/network.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "node/client/operations.h"
#include "testnet/ports.h"
#include "testnet/process.h"

namespace giro::testnet {
namespace {

namespace fs = std::filesystem;

struct Folder {
  Folder()
      : path(fs::temp_directory_path() /
             ("giro-testnet-" + receipt::to_uuid_text(client::new_uuid()))) {
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

// Listens on a free port, or on the given one, as long as it lives.
struct Listener {
  explicit Listener(std::uint16_t wanted = 0) : fd(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(wanted);
    socklen_t size = sizeof address;
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    is_listening =
        ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 && ::listen(fd, 1) == 0;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
  }
  ~Listener() { ::close(fd); }
  int fd;
  bool is_listening = false;
  std::uint16_t port = 0;
};

TEST(Network, Is_read_back_as_it_was_stored) {
  const Folder folder;
  EXPECT_EQ(*load_network(folder.path), std::nullopt);
  Network network;
  network.directory = folder.path;
  network.nodes = {{"bank-a", 1, 2, 3}, {"bank-b", 4, 5, 6}};
  ASSERT_TRUE(store_network(network).has_value());
  const auto loaded = load_network(folder.path);
  ASSERT_TRUE(loaded.has_value() && loaded->has_value());
  EXPECT_EQ((*loaded)->nodes.size(), 2U);
  EXPECT_EQ((*loaded)->find("bank-b")->ops, 6);
  EXPECT_EQ((*loaded)->find("bank-c"), nullptr);
}

TEST(Network, A_damaged_description_is_named) {
  const Folder folder;
  std::ofstream(folder.path / "network.json") << "{";
  const auto loaded = load_network(folder.path);
  ASSERT_FALSE(loaded.has_value());
  EXPECT_NE(loaded.error().find("network.json is damaged"), std::string::npos);
}

TEST(Ports, One_that_someone_listens_on_is_busy) {
  const Listener listener;
  ASSERT_TRUE(listener.is_listening);
  EXPECT_FALSE(is_free(listener.port));
}

TEST(Ports, All_move_up_together_when_one_is_busy) {
  Network first;
  first.nodes = {{.name = "a"}, {.name = "b"}};
  ASSERT_TRUE(choose_ports(first).has_value());
  EXPECT_EQ(first.nodes[1].p2p, first.nodes[0].p2p + 1);
  EXPECT_EQ(first.nodes[0].api, first.nodes[0].p2p + 100);
  EXPECT_EQ(first.nodes[0].ops, first.nodes[0].p2p + 200);
  const Listener busy(first.nodes[1].api);
  ASSERT_TRUE(busy.is_listening);
  Network second = first;
  ASSERT_TRUE(choose_ports(second).has_value());
  for (const auto& node : second.nodes) {
    for (const auto& other : first.nodes) {
      EXPECT_NE(node.p2p, other.p2p);
      EXPECT_NE(node.api, other.api);
      EXPECT_NE(node.ops, other.ops);
    }
  }
}

TEST(Process, Its_end_is_seen_with_its_reason) {
  auto fails = Process::start({{"/bin/sh", "-c", "exit 7"}, {}, false});
  ASSERT_TRUE(fails.has_value()) << fails.error();
  EXPECT_EQ(fails->wait(std::chrono::seconds(20))->to_string(), "exit code 7");
  auto waits = Process::start({{"/bin/sh", "-c", "read x </dev/tty; exec sleep 1000"}, {}, true});
  ASSERT_TRUE(waits.has_value());
  EXPECT_TRUE(waits->is_running());
  waits->signal(SIGKILL);
  EXPECT_EQ(waits->wait(std::chrono::seconds(20))->to_string(), "signal 9");
  EXPECT_FALSE(waits->is_running());
}

TEST(Process, One_that_ignores_SIGTERM_is_killed_when_the_patience_is_over) {
  const Folder folder;
  auto stubborn =
      Process::start({{"/bin/sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"},
                      folder.path / "out",
                      false});
  ASSERT_TRUE(stubborn.has_value());
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (fs::file_size(folder.path / "out") == 0 && std::chrono::steady_clock::now() < end) {
  }
  EXPECT_EQ(stubborn->stop(std::chrono::milliseconds(50)).to_string(), "signal 9");
}

TEST(Process, Destruction_leaves_nothing_behind) {
  pid_t pid = 0;
  {
    auto process = Process::start({{"/bin/sleep", "1000"}, {}, false});
    ASSERT_TRUE(process.has_value());
    pid = process->pid();
  }
  EXPECT_EQ(open_pidfd(pid), -1);
}

TEST(Process, A_program_that_is_not_there_is_an_error) {
  EXPECT_FALSE(Process::start({{"/nonexistent/giro"}, {}, false}).has_value());
}

}  // namespace
}  // namespace giro::testnet
