#include "testnet/control.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

#include "node/client/http_client.h"
#include "node/client/json_fields.h"
#include "node/client/payment.h"
#include "testnet/monitor.h"
#include "testnet/ports.h"
#include "testnet/process.h"
#include "testnet/setup.h"
#include "testnet/supervisor.h"

namespace giro::testnet {
namespace {

namespace fs = std::filesystem;
using client::Error;
using client::ErrorKind;
using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr milliseconds kProbeTime{2'000};
constexpr milliseconds kProbePause{25};
constexpr std::chrono::seconds kDownPatience{20};
constexpr std::chrono::seconds kPaymentPatience{30};
constexpr int kPortAttempts = 3;
constexpr std::size_t kLogTailBytes = 1500;

std::unexpected<Error> failed(ErrorKind kind, std::string message) {
  return std::unexpected(Error{kind, {}, std::move(message)});
}

milliseconds since(Steady::time_point begin) {
  return std::chrono::duration_cast<milliseconds>(Steady::now() - begin);
}

fs::path lock_file(const fs::path& directory) {
  return directory / "supervisor.lock";
}
fs::path pid_file(const fs::path& directory) {
  return directory / "supervisor.pid";
}

// The lock is held by a living supervisor and by nobody else.
bool is_supervised(const fs::path& directory) {
  const int fd = ::open(lock_file(directory).c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return false;
  const bool is_held = ::flock(fd, LOCK_EX | LOCK_NB) != 0;
  ::close(fd);
  return is_held;
}

pid_t supervisor_pid(const fs::path& directory) {
  if (!is_supervised(directory)) return 0;
  std::ifstream in(pid_file(directory));
  pid_t pid = 0;
  in >> pid;
  return pid;
}

std::string tail_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  std::string all = std::move(text).str();
  if (all.size() > kLogTailBytes) all.erase(0, all.size() - kLogTailBytes);
  return all;
}

std::string log_tails(const Network& network) {
  std::string out;
  for (const auto& node : network.nodes) {
    const std::string tail = tail_of(network.node_log(node));
    if (!tail.empty()) out += "\n--- " + network.node_log(node).string() + "\n" + tail;
  }
  return out;
}

// Processes of the network, found by the configuration file they were started with.
pid_t node_pid(const Network& network, const Node& node) {
  const std::string wanted = network.node_config(node).string();
  std::error_code error;
  for (fs::directory_iterator each("/proc", error), last; !error && each != last;
       each.increment(error)) {
    const std::string name = each->path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream in(each->path() / "cmdline", std::ios::binary);
    std::vector<std::string> words;
    for (std::string word; std::getline(in, word, '\0');) words.push_back(word);
    if (words.size() > 3 && words[1] == "start" && words[2] == "--config" && words[3] == wanted) {
      return static_cast<pid_t>(std::stol(name));
    }
  }
  return 0;
}

bool is_ready(const Node& node) {
  client::HttpClient http({false, node.ops_address()});
  const auto answer = http.send("GET", "/readyz", {}, {}, kProbeTime);
  return answer && answer->status == 200;
}

client::Client client_of(const Network& network, const Node& node) {
  std::shared_ptr<client::TlsClient> tls;
  if (network.mtls) {
    auto made =
        client::TlsClient::make({network.client_certificate(), network.server_certificates()});
    if (made) tls = std::move(*made);  // without it the node does not answer
  }
  return client::Client({network.url(node)}, tls);
}

NodeStatus status_of(const Network& network, const Node& node) {
  NodeStatus out{.node = node, .pid = node_pid(network, node), .ready = false, .condition = {}};
  if (out.pid == 0) {
    out.condition = "not running";
    return out;
  }
  client::Client http = client_of(network, node);
  const auto answer = http.get("/v1/node");
  const auto* object = answer ? answer->if_object() : nullptr;
  if (object == nullptr) {
    out.condition = "does not answer";
    return out;
  }
  const auto* heights = client::object_field(*object, "height");
  out.height = heights == nullptr ? 0 : client::number_field(*heights, "executed");
  out.view = client::number_field(*object, "view");
  out.ready = is_ready(node);
  out.condition = client::bool_field(*object, "diverged") ? "diverged"
                  : client::bool_field(*object, "voting") ? "voting"
                                                          : "not voting";
  return out;
}

std::expected<Process, std::string> start_supervisor(const Network& network) {
  Command command;
  command.arguments = {own_program().string(), "testnet", "supervise", "--dir",
                       network.directory.string()};
  command.output = network.directory / "supervisor.log";
  command.new_session = true;
  return Process::start(command);
}

// Runs the nodes of a network whose files are whole; Undecided: a port was taken in between.
std::expected<void, Error> run(const Network& network, const UpOptions& options,
                               const Progress& progress) {
  auto supervisor = start_supervisor(network);
  if (!supervisor) return failed(ErrorKind::Unreachable, supervisor.error());
  const auto gave_up = [&]() -> std::optional<std::string> {
    if (!supervisor->is_running())
      return "the supervisor ended: " + tail_of(network.directory / "supervisor.log");
    const std::string said = tail_of(network.directory / "supervisor.log");
    for (const auto& node : network.nodes) {
      if (said.find(node.name + " ended: exit") != std::string::npos)
        return node.name + " did not start";
    }
    return std::nullopt;
  };
  if (auto ready = wait_until_ready(network.nodes, options.patience, progress, gave_up); !ready) {
    const std::string tails = log_tails(network);
    (void)supervisor->stop(kDownPatience);
    const bool port_taken = tails.find("Address already in use") != std::string::npos;
    return failed(port_taken ? ErrorKind::Undecided : ErrorKind::Unreachable,
                  ready.error() + tails);
  }
  supervisor->release();
  return {};
}

// Sets up or resumes, and runs. Under the port lock.
std::expected<Network, Error> bring_up(const UpOptions& options, std::optional<Network> found,
                                       const Progress& progress) {
  const auto lock = PortLock::take();
  if (!lock) return failed(ErrorKind::Undecided, lock.error());
  std::expected<void, Error> ran;
  for (int attempt = 0; attempt < kPortAttempts; ++attempt) {
    Network network;
    network.mtls = options.mtls;
    if (found) {
      network = *found;
      if (!are_free(network)) {
        if (auto chosen = choose_ports(network); !chosen)
          return failed(ErrorKind::Unreachable, chosen.error());
        progress("its ports are busy: moving to " + std::to_string(network.nodes.front().api));
        if (auto done = rewrite_ports(network); !done)
          return failed(ErrorKind::WriteFailed, done.error());
      }
      progress("resuming the network in " + network.directory.string());
    } else {
      network.directory = fs::absolute(options.directory).lexically_normal();
      for (const auto& name : config::demo_validators()) network.nodes.push_back({.name = name});
      if (auto chosen = choose_ports(network); !chosen)
        return failed(ErrorKind::Unreachable, chosen.error());
      progress("making keys and genesis in " + network.directory.string());
      if (auto done = set_up(network, own_program()); !done)
        return failed(ErrorKind::Unreachable, done.error());
      found = network;
    }
    network.monitor = 0;
    if (options.monitoring) {
      if (auto chosen = choose_monitor_port(network); !chosen)
        return failed(ErrorKind::Unreachable, chosen.error());
    }
    if (auto stored = store_network(network); !stored)
      return failed(ErrorKind::WriteFailed, stored.error());
    std::error_code ignored;  // what is not there needs no emptying
    fs::resize_file(network.directory / "supervisor.log", 0, ignored);
    ran = run(network, options, progress);
    if (ran) return network;
    if (ran.error().kind != ErrorKind::Undecided) break;
  }
  return std::unexpected(ran.error());
}

}  // namespace

bool NetworkStatus::is_ready() const {
  return supervisor != 0 && std::ranges::all_of(nodes, &NodeStatus::ready);
}

std::expected<void, std::string> wait_until_ready(
    const std::vector<Node>& nodes, milliseconds patience, const Progress& progress,
    const std::function<std::optional<std::string>()>& gave_up) {
  const auto end = Steady::now() + patience;
  std::vector<const Node*> waiting;
  for (const auto& node : nodes) waiting.push_back(&node);
  for (;;) {
    std::erase_if(waiting, [&](const Node* node) {
      if (!is_ready(*node)) return false;
      progress(node->name + " is ready");
      return true;
    });
    if (waiting.empty()) return {};
    if (gave_up) {
      if (auto reason = gave_up()) return std::unexpected(*reason);
    }
    if (Steady::now() >= end) break;
    std::this_thread::sleep_for(kProbePause);
  }
  std::string names;
  for (const Node* node : waiting) names += " " + node->name;
  return std::unexpected("not ready after " + std::to_string(patience.count() / 1000) +
                         " s:" + names);
}

std::expected<FirstPayment, Error> first_payment(const Network& network) {
  auto session = client::open_session(network.profile(), {}, [](const std::string& key) {
    return std::unexpected(Error{ErrorKind::NotAllowed, {}, key + " has no passphrase"});
  });
  if (!session) return std::unexpected(session.error());
  const auto directory = client::Directory::from_node(session->client, session->genesis);
  const auto from = client::parse_account("ALICE", session->profile);
  const auto to = client::parse_account("BOB", session->profile);
  if (!directory) return std::unexpected(directory.error());
  if (!from) return std::unexpected(from.error());
  if (!to) return std::unexpected(to.error());
  client::PaymentRequest request{.from = *from,
                                 .to = *to,
                                 .amount = "10.00",
                                 .currency = "EUR",
                                 .settle_token = {},
                                 .purpose = {},
                                 .travel_rule_data = {},
                                 .throwaway = true};
  const client::DraftOptions options{.op_id = {}, .now_ms = client::now_ms()};
  auto draft = client::draft_payment(session->client, *directory, request, options, session->keys,
                                     session->genesis.chain_id);
  if (!draft) return std::unexpected(draft.error());
  const auto bytes = client::sign(draft->draft, session->keys, session->genesis.chain_id);
  if (!bytes) return std::unexpected(bytes.error());
  const client::JournalEntry entry{.actor = draft->draft.actor,
                                   .op_id = draft->draft.operation.op_id.bytes,
                                   .summary = draft->draft.summary,
                                   .created_ms = options.now_ms,
                                   .operation_hash = bytes->operation_hash,
                                   .signed_operation = bytes->signed_operation,
                                   .status = {}};
  auto sent = client::send(*session, entry, kPaymentPatience);
  if (!sent) return std::unexpected(sent.error());
  return FirstPayment{std::move(*draft), std::move(*sent)};
}

// Adds Prometheus to a network that runs without it.
std::expected<void, Error> add_monitor(Network& network) {
  const auto lock = PortLock::take();
  if (!lock) return failed(ErrorKind::Undecided, lock.error());
  if (auto chosen = choose_monitor_port(network); !chosen)
    return failed(ErrorKind::Unreachable, chosen.error());
  if (auto stored = store_network(network); !stored)
    return failed(ErrorKind::WriteFailed, stored.error());
  return {};
}

std::expected<void, Error> wait_for_monitor(const Network& network, milliseconds patience) {
  const auto end = Steady::now() + patience;
  while (!is_monitor_ready(network)) {
    const std::string said = tail_of(network.directory / "supervisor.log");
    const bool has_ended = said.find("prometheus ended") != std::string::npos;
    if (has_ended || Steady::now() >= end)
      return failed(ErrorKind::Unreachable, "Prometheus does not answer at " +
                                                network.monitor_address().to_string() + "\n--- " +
                                                network.monitor_log().string() + "\n" +
                                                tail_of(network.monitor_log()));
    std::this_thread::sleep_for(kProbePause);
  }
  return {};
}

std::expected<Up, Error> up(const UpOptions& options, const Progress& progress) {
  const auto begin = Steady::now();
  Up out;
  if (options.monitoring) {
    if (const auto program = find_prometheus(); !program)
      return failed(ErrorKind::Unreachable, program.error());
  }
  auto found = load_network(options.directory);
  if (!found && !options.fresh) return failed(ErrorKind::Unreachable, found.error());
  if (options.fresh) {
    if (auto stopped = down(options.directory); !stopped && fs::exists(options.directory)) {
      return std::unexpected(stopped.error());
    }
    std::error_code error;
    // Only a directory that is a test network, or the empty remains of one, is removed.
    if (fs::exists(options.directory) && !fs::exists(options.directory / "network.json") &&
        !fs::exists(options.directory / "setup.log") && !fs::is_empty(options.directory)) {
      return failed(ErrorKind::Usage,
                    options.directory.string() + " is no test network; it is left alone");
    }
    fs::remove_all(options.directory, error);
    found = std::optional<Network>();
  } else if (!*found && fs::exists(options.directory) && !fs::is_empty(options.directory)) {
    return failed(ErrorKind::Unreachable,
                  options.directory.string() +
                      " holds files but no whole network; give --fresh to start "
                      "again, or another --dir");
  }
  Network network;
  if (*found && supervisor_pid((*found)->directory) != 0) {
    out.was_running = true;
    network = **found;
    if (options.monitoring && network.monitor == 0) {
      if (auto added = add_monitor(network); !added) return std::unexpected(added.error());
    }
    ::kill(supervisor_pid(network.directory), SIGHUP);
    auto ready = wait_until_ready(network.nodes, options.patience, progress);
    if (!ready) return failed(ErrorKind::Unreachable, ready.error() + log_tails(network));
  } else {
    auto brought = bring_up(options, *found, progress);
    if (!brought) return std::unexpected(brought.error());
    network = std::move(*brought);
  }
  if (network.monitor != 0) {
    if (auto ready = wait_for_monitor(network, options.patience); !ready)
      return std::unexpected(ready.error());
  }
  auto payment = first_payment(network);
  if (!payment) return std::unexpected(payment.error());
  out.payment = std::move(*payment);
  auto now = testnet::status(network.directory);
  if (!now) return std::unexpected(now.error());
  out.status = std::move(*now);
  client::Client http = client_of(network, network.nodes.front());
  if (const auto node = http.get("/v1/node"); node && node->is_object()) {
    out.quorum = client::number_field(node->get_object(), "quorum");
    out.faults = client::number_field(node->get_object(), "faults_tolerated");
  }
  out.took = since(begin);
  return out;
}

std::expected<bool, Error> down(const fs::path& directory) {
  const auto found = load_network(directory);
  if (!found) return failed(ErrorKind::Unreachable, found.error());
  if (!*found) return failed(ErrorKind::No, "there is no test network in " + directory.string());
  const Network& network = **found;
  const pid_t pid = supervisor_pid(network.directory);
  if (pid > 0) {
    const int pidfd = open_pidfd(pid);
    if (pidfd >= 0) {
      ::kill(pid, SIGTERM);
      if (!wait_for_end(pidfd, kDownPatience))
        ::kill(-pid, SIGKILL);  // its session: the nodes as well
      (void)wait_for_end(pidfd, kDownPatience);
      ::close(pidfd);
    }
  }
  // A supervisor that was killed took its nodes with it; make sure.
  for (const auto& node : network.nodes) {
    const pid_t left = node_pid(network, node);
    if (left == 0) continue;
    const int pidfd = open_pidfd(left);
    ::kill(left, SIGKILL);
    if (pidfd >= 0) {
      (void)wait_for_end(pidfd, kDownPatience);
      ::close(pidfd);
    }
  }
  std::error_code ignored;
  fs::remove(pid_file(network.directory), ignored);
  return pid > 0;
}

std::expected<NetworkStatus, Error> status(const fs::path& directory) {
  auto found = load_network(directory);
  if (!found) return failed(ErrorKind::Unreachable, found.error());
  if (!*found) return failed(ErrorKind::No, "there is no test network in " + directory.string());
  NetworkStatus out;
  out.network = std::move(**found);
  out.supervisor = supervisor_pid(out.network.directory);
  for (const auto& node : out.network.nodes) out.nodes.push_back(status_of(out.network, node));
  return out;
}

int supervise(const fs::path& directory) {
  const auto found = load_network(directory);
  if (!found || !*found) return 78;
  const int lock = ::open(lock_file(directory).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0 || ::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    std::fprintf(stderr, "%s: %s\n", lock_file(directory).c_str(), std::strerror(errno));
    return 75;
  }
  std::ofstream(pid_file(directory)) << ::getpid() << '\n';
  Supervisor supervisor(**found, own_program());
  const int code = supervisor.run();
  ::close(lock);
  return code;
}

}  // namespace giro::testnet
