// giro start: runs a node in the foreground until SIGTERM or SIGINT.
// giro recover: the same for a validator that lost its data or its sign state, until it may vote
// again (protocol R39).
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <thread>

#include "node/api/server.h"
#include "node/cli/command.h"
#include "node/cli/commit.h"
#include "node/config/node_config.h"
#include "node/runtime/node.h"

namespace giro::cli {
namespace {

constexpr int kConfiguration = 78;

struct StartOptions {
  std::string file = "/etc/giro/node.toml";
  int parent = 0;
  runtime::StartMode mode = runtime::StartMode::Normal;
};

// Tells systemd (sd_notify(3)); nothing where nobody listens.
void notify(const std::string& state) {
  const char* path = std::getenv("NOTIFY_SOCKET");  // NOLINT(concurrency-mt-unsafe)
  if (path == nullptr || (*path != '/' && *path != '@')) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t size = std::strlen(path);
  if (size >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, path, size);
  if (*path == '@') address.sun_path[0] = '\0';
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
  (void)::sendto(fd, state.data(), state.size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&address), length);
  ::close(fd);
}

// As many descriptors as the system allows: waiters are connections.
void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

// Why a node's life ended.
enum class End : std::uint8_t {
  Signal,
  FloorFound,  // it had no sign state; with one it goes on
  Copied,      // its sign state turned out to be an old copy, and counts as none
  Reopen,      // with the state of a snapshot that it fetched (protocol R31)
  MayVote,
};

bool goes_on(End end) {
  return end == End::FloorFound || end == End::Copied || end == End::Reopen;
}

std::string progress_text(const runtime::NodeInfo& info) {
  const std::string height = "height " + std::to_string(info.stable.value);
  if (info.floor_search) {
    return height + "; how far this key may have signed, " +
           std::to_string(info.floor_search->answers) + " of " +
           std::to_string(info.floor_search->needed) + " validators have said";
  }
  return height + "; votes again above height " + std::to_string(info.amnesic_below->value);
}

// Until SIGTERM or SIGINT; in recovery also until the node has come as far as it can, saying how
// far it is.
End wait_for_end(const sigset_t& signals, runtime::Node& node, runtime::StartMode mode) {
  int number = 0;
  if (mode == runtime::StartMode::Normal) return sigwait(&signals, &number), End::Signal;
  for (std::string told;;) {
    const runtime::NodeInfo info = node.info();
    if (info.floor_search && info.floor_search->is_over) return End::FloorFound;
    if (info.is_sign_state_copied) return End::Copied;
    if (!info.floor_search && !info.amnesic_below) return End::MayVote;
    std::string text = progress_text(info);
    if (text != told) std::cerr << "giro: " << text << '\n';
    told = std::move(text);
    const timespec second{.tv_sec = 1, .tv_nsec = 0};
    if (sigtimedwait(&signals, nullptr, &second) >= 0) return End::Signal;
  }
}

// One life of the node.
std::expected<End, runtime::StartError> live(const config::NodeConfig& config,
                                             runtime::StartMode mode, const sigset_t& signals) {
  auto node = runtime::Node::open(config, mode, [](const std::string& text) {
    std::cerr << "giro: " << text << '\n';
    notify("STATUS=" + text);
  });
  if (!node) return std::unexpected(node.error());
  auto server = api::Server::start(config, **node, kVersion, kCommit);
  if (!server) {
    return std::unexpected(
        runtime::StartError{runtime::ExitCode::Configuration, std::move(server.error())});
  }
  End end = End::Signal;
  std::thread on_signal([&] {
    end = wait_for_end(signals, **node, mode);
    if (!goes_on(end)) notify("STOPPING=1");
    (*server)->stop();
    (*node)->stop();
  });
  notify("READY=1");
  // A snapshot counts only while nobody asked for the end: its mark outlives this process.
  const bool is_to_reopen = (*node)->run();
  // The waiting thread has to end as well, whoever ended run().
  pthread_kill(on_signal.native_handle(), SIGTERM);
  on_signal.join();
  (*server)->stop();
  if (is_to_reopen) {
    notify("RELOADING=1");
    return End::Reopen;
  }
  if (end != End::FloorFound) return end;
  const auto adopted = (*node)->adopt_floor();
  if (!adopted) return std::unexpected(adopted.error());
  return end;
}

void start(Run& run, const StartOptions& options) {
  if (options.parent != 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != options.parent) return fail_with(run, "start", 70, "the supervisor is gone");
  }
  const auto loaded = config::load_node_config(options.file, run.environment);
  if (!loaded.ok()) {
    for (const auto& error : loaded.errors) std::cerr << error.to_string() << '\n';
    run.exit_code = kConfiguration;
    return;
  }
  raise_file_limit();
  // Blocked before any thread exists, so that one thread of our own receives them.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  std::expected<End, runtime::StartError> end = End::Reopen;
  while (end && goes_on(*end)) end = live(*loaded.value, options.mode, signals);
  if (!end) return fail_with(run, "start", static_cast<int>(end.error().code), end.error().message);
  if (*end == End::MayVote) {
    std::cerr << "giro: recovered: this validator may vote while it has a seat. Go on with  giro "
                 "start --config "
              << options.file << '\n';
  }
}

}  // namespace

void add_start(CLI::App& app, Run& run) {
  auto options = std::make_shared<StartOptions>();
  CLI::App* command = app.add_subcommand("start", "Run a node in the foreground until SIGTERM");
  command->add_option("--config", options->file, "node.toml")->capture_default_str();
  // For the test network: ends with the process of this id.
  command->add_option("--die-with-parent", options->parent)->group("");
  command->callback([&run, options] { start(run, *options); });
}

void add_recover(CLI::App& app, Run& run) {
  auto options = std::make_shared<StartOptions>();
  options->mode = runtime::StartMode::Recover;
  CLI::App* command = app.add_subcommand(
      "recover", "Bring a validator back that lost its data or sign state; ends when it may vote");
  command->add_option("--config", options->file, "node.toml")->capture_default_str();
  command->add_flag("--from-peers")
      ->description("Fetch the chain from the others, and learn how far the key may have signed")
      ->required();
  command->callback([&run, options] { start(run, *options); });
}

}  // namespace giro::cli
