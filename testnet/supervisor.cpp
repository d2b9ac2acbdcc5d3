#include "testnet/supervisor.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <set>
#include <vector>

#include "testnet/monitor.h"

namespace giro::testnet {
namespace {

constexpr std::chrono::seconds kStopPatience{8};
constexpr const char* kMonitor = "prometheus";  // beside the nodes' names

void say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

}  // namespace

Supervisor::Supervisor(Network network, std::filesystem::path giro)
    : network_(std::move(network)), giro_(std::move(giro)) {}

Supervisor::~Supervisor() = default;

std::expected<void, std::string> Supervisor::start(const std::string& name) {
  const Node* node = network_.find(name);
  if (node == nullptr) return std::unexpected("the network has no node " + name);
  if (is_running(name)) return {};
  Command command;
  command.arguments = {giro_.string(),      "start",
                       "--config",          network_.node_config(*node).string(),
                       "--die-with-parent", std::to_string(::getpid())};
  command.output = network_.node_log(*node);
  auto process = Process::start(command);
  if (!process) return std::unexpected(process.error());
  processes_.insert_or_assign(name, std::move(*process));
  return {};
}

std::expected<void, std::string> Supervisor::start_all() {
  for (const auto& node : network_.nodes) {
    if (auto started = start(node.name); !started) return started;
  }
  if (network_.monitor == 0 || is_running(kMonitor)) return {};
  auto monitor = start_monitor(network_);
  if (!monitor) return std::unexpected(monitor.error());
  processes_.insert_or_assign(kMonitor, std::move(*monitor));
  return {};
}

// `up` may have added Prometheus to a network that runs.
void Supervisor::read_again() {
  if (const auto now = load_network(network_.directory); now && *now)
    network_.monitor = (*now)->monitor;
}

bool Supervisor::is_running(const std::string& node) {
  const auto found = processes_.find(node);
  return found != processes_.end() && found->second.is_running();
}

void Supervisor::signal(const std::string& node, int number) {
  if (const auto found = processes_.find(node); found != processes_.end())
    found->second.signal(number);
}

std::optional<Exit> Supervisor::wait_for_exit(const std::string& node,
                                              std::chrono::milliseconds deadline) {
  const auto found = processes_.find(node);
  if (found == processes_.end()) return std::nullopt;
  return found->second.wait(deadline);
}

pid_t Supervisor::pid(const std::string& node) const {
  const auto found = processes_.find(node);
  return found == processes_.end() ? 0 : found->second.pid();
}

void Supervisor::stop_all(std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  for (auto& [name, process] : processes_) {
    process.signal(SIGTERM);
    process.signal(SIGCONT);
  }
  for (auto& [name, process] : processes_) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    (void)process.stop(std::max(left, std::chrono::milliseconds(0)));
  }
}

int Supervisor::run() {
  sigset_t watched;
  sigemptyset(&watched);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&watched, number);
  sigprocmask(SIG_BLOCK, &watched, nullptr);
  const int signals = ::signalfd(-1, &watched, SFD_CLOEXEC);
  if (auto started = start_all(); !started) {
    say(started.error());
    return 70;
  }
  std::set<std::string> ended;
  for (;;) {
    std::vector<pollfd> polled{{signals, POLLIN, 0}};
    for (auto& [name, process] : processes_) {
      if (!ended.contains(name)) polled.push_back({process.pidfd(), POLLIN, 0});
    }
    if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) return 70;
    if ((polled.front().revents & POLLIN) != 0) {
      signalfd_siginfo received{};
      if (::read(signals, &received, sizeof received) != sizeof received) return 70;
      if (received.ssi_signo != SIGHUP) break;
      ended.clear();
      read_again();
      if (auto started = start_all(); !started) say(started.error());
    }
    for (auto& [name, process] : processes_) {
      if (ended.contains(name) || process.is_running()) continue;
      ended.insert(name);
      say(name +
          " ended: " + process.wait(std::chrono::milliseconds(0)).value_or(Exit{}).to_string());
    }
  }
  stop_all(kStopPatience);
  ::close(signals);
  say("stopped");
  return 0;
}

}  // namespace giro::testnet
