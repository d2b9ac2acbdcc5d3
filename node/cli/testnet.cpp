// giro testnet up | down | status | env | logs
#include <sys/inotify.h>
#include <unistd.h>

#include <fstream>
#include <iomanip>
#include <iostream>

#include "node/cli/command.h"
#include "testnet/control.h"
#include "testnet/process.h"

namespace giro::cli {
namespace {

constexpr const char* kDirectory = ".giro-testnet";

json::object form(const testnet::Network& network, const testnet::NodeStatus& status) {
  return {{"name", status.node.name},
          {"pid", status.pid},
          {"api", network.url(status.node).to_string()},
          {"ops", "http://" + status.node.ops_address().to_string()},
          {"p2p", status.node.p2p_address().to_string()},
          {"ready", status.ready},
          {"condition", status.condition},
          {"height", std::to_string(status.height)},
          {"view", std::to_string(status.view)}};
}

// Where it runs; empty where it does not.
std::string prometheus_url(const testnet::NetworkStatus& status) {
  if (status.supervisor == 0 || status.network.monitor == 0) return {};
  return "http://" + status.network.monitor_address().to_string();
}

json::value prometheus_form(const testnet::NetworkStatus& status) {
  const std::string url = prometheus_url(status);
  return url.empty() ? json::value(nullptr) : json::value(json::string(url));
}

void print_nodes(const testnet::NetworkStatus& status) {
  for (const auto& node : status.nodes) {
    std::cout << "  " << node.node.name << "  ";
    if (node.pid != 0) std::cout << "pid " << node.pid << "  ";
    std::cout << "api " << status.network.url(node.node).to_string() << "  ops http://"
              << node.node.ops_address().to_string() << "  " << node.condition << '\n';
  }
}

std::string seconds_text(std::chrono::milliseconds time) {
  return std::to_string(time.count() / 1000) + "." + std::to_string(time.count() % 1000 / 100) +
         " s";
}

// What the user has to type to mean this directory.
std::string dir_option(const std::string& directory) {
  return directory == kDirectory ? "" : " --dir " + directory;
}

struct TestnetOptions {
  std::string directory = kDirectory, node;
  bool fresh = false, follow = false, mtls = false, monitoring = false;
  int lines = 20;
};

void up(Run& run, const TestnetOptions& options) {
  const auto done = testnet::up({.directory = options.directory,
                                 .fresh = options.fresh,
                                 .mtls = options.mtls,
                                 .monitoring = options.monitoring},
                                [](const std::string& text) { std::cerr << text << '\n'; });
  if (!done) return fail(run, "testnet.up", done.error());
  const auto& payment = done->payment;
  const std::string uetr = receipt::to_uuid_text(payment.sent.result.name.op_id);
  std::uint64_t height = 0, view = 0;
  for (const auto& node : done->status.nodes) {
    height = std::max(height, node.height);
    view = std::max(view, node.view);
  }
  if (payment.sent.result.status != "COMMITTED") {
    return fail_with(
        run, "testnet.up", 1,
        "the first payment was " + payment.sent.result.status + " " + payment.sent.result.code);
  }
  if (run.json) {
    json::array nodes;
    for (const auto& node : done->status.nodes) nodes.push_back(form(done->status.network, node));
    return print_json("testnet.up", {{"prometheus", prometheus_form(done->status)},
                                     {"network", done->status.network.name},
                                     {"directory", done->status.network.directory.string()},
                                     {"milliseconds", done->took.count()},
                                     {"was_running", done->was_running},
                                     {"nodes", std::move(nodes)},
                                     {"first_payment", payment.sent.result.document},
                                     {"profile", done->status.network.profile().string()}});
  }
  std::cout << "Network " << done->status.network.name << ", in " << options.directory << '\n';
  print_nodes(done->status);
  std::cout << (done->was_running ? "Running already, ready after " : "Ready in ")
            << seconds_text(done->took) << ": height " << height << ", view " << view << ", quorum "
            << done->quorum << " of " << done->status.nodes.size() << ", tolerates " << done->faults
            << (done->faults == 1 ? " fault\n" : " faults\n");
  std::cout << "First payment EUR 10.00 ALICE@bank-a -> BOB@bank-b committed at height "
            << payment.sent.result.height << " in " << payment.sent.took.count()
            << " ms, receipt verified\n";
  std::cout << "  Explorer  "
            << done->status.network.url(done->status.nodes.front().node).to_string()
            << "/ui/payments/bank-a/" << uetr << '\n';
  std::cout << "  Use it    eval \"$(giro testnet env" << dir_option(options.directory)
            << ")\"; giro pay ALICE BOB 1.23        Metrics  http://"
            << done->status.nodes.front().node.ops_address().to_string() << "/metrics\n";
  if (const std::string url = prometheus_url(done->status); !url.empty())
    std::cout << "  Watch it  " << url << "/alerts   Prometheus; what to do for each is in "
              << (done->status.network.monitor_directory() / "runbook.md").string() << '\n';
  std::cout << "  Stop      giro testnet down" << dir_option(options.directory) << '\n';
}

void down(Run& run, const TestnetOptions& options) {
  const auto done = testnet::down(options.directory);
  if (!done) return fail(run, "testnet.down", done.error());
  if (run.json) return print_json("testnet.down", {{"was_running", *done}});
  std::cout << (*done ? "Stopped. " : "It was not running. ") << "Its data stays in "
            << options.directory << "; giro testnet up resumes it\n";
}

void show(Run& run, const TestnetOptions& options) {
  const auto status = testnet::status(options.directory);
  if (!status) return fail(run, "testnet.status", status.error());
  run.exit_code = status->is_ready() ? 0 : 1;
  if (run.json) {
    json::array nodes;
    for (const auto& node : status->nodes) nodes.push_back(form(status->network, node));
    return print_json("testnet.status", {{"network", status->network.name},
                                         {"directory", status->network.directory.string()},
                                         {"prometheus", prometheus_form(*status)},
                                         {"running", status->supervisor != 0},
                                         {"ready", status->is_ready()},
                                         {"nodes", std::move(nodes)}});
  }
  std::cout << "Network " << status->network.name << ", in " << options.directory << "  "
            << (status->supervisor == 0 ? "stopped"
                : status->is_ready()    ? "ready"
                                        : "not ready")
            << '\n';
  for (const auto& node : status->nodes) {
    std::cout << "  " << node.node.name << "  ";
    if (node.pid != 0) std::cout << "pid " << node.pid << "  ";
    std::cout << "api " << status->network.url(node.node).to_string() << "  " << node.condition;
    if (node.height != 0) std::cout << "  height " << node.height << "  view " << node.view;
    std::cout << '\n';
  }
  if (const std::string url = prometheus_url(*status); !url.empty())
    std::cout << "  Prometheus  " << url << '\n';
}

std::string shell_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

void env(Run& run, const TestnetOptions& options) {
  const auto network = testnet::load_network(options.directory);
  if (!network) return fail_with(run, "testnet.env", 69, network.error());
  if (!*network)
    return fail_with(run, "testnet.env", 1, "there is no test network in " + options.directory);
  const std::string profile = (*network)->profile().string();
  const std::string program = testnet::own_program().parent_path().string();
  if (run.json) return print_json("testnet.env", {{"GIRO_PROFILE", profile}, {"PATH", program}});
  std::cout << "export GIRO_PROFILE=" << shell_quoted(profile) << '\n'
            << "case \":$PATH:\" in *:" << shell_quoted(program)
            << ":*) ;; *) export PATH=" << shell_quoted(program) << ":\"$PATH\" ;; esac\n";
}

// Prints what was appended since `at`.
std::streamoff print_from(const std::filesystem::path& file, const std::string& prefix,
                          std::streamoff at) {
  std::ifstream in(file, std::ios::binary);
  in.seekg(at);
  std::string line;
  while (std::getline(in, line)) {
    if (in.eof()) break;  // the line is not whole yet
    std::cout << prefix << line << '\n';
    at += static_cast<std::streamoff>(line.size() + 1);
  }
  std::cout.flush();
  return at;
}

std::streamoff start_of_last_lines(const std::filesystem::path& file, int count) {
  std::ifstream in(file, std::ios::binary);
  std::vector<std::streamoff> starts{0};
  std::string line;
  std::streamoff at = 0;
  while (std::getline(in, line) && !in.eof()) {
    at += static_cast<std::streamoff>(line.size() + 1);
    starts.push_back(at);
  }
  const auto keep = static_cast<std::size_t>(std::max(0, count));
  return starts.size() - 1 <= keep ? 0 : starts[starts.size() - 1 - keep];
}

void logs(Run& run, const TestnetOptions& options) {
  const auto network = testnet::load_network(options.directory);
  if (!network) return fail_with(run, "testnet.logs", 69, network.error());
  if (!*network)
    return fail_with(run, "testnet.logs", 1, "there is no test network in " + options.directory);
  struct Followed {
    std::filesystem::path file;
    std::string prefix;
    std::streamoff at = 0;
  };
  std::vector<Followed> files;
  for (const auto& node : (*network)->nodes) {
    if (!options.node.empty() && node.name != options.node) continue;
    files.push_back({(*network)->node_log(node), options.node.empty() ? node.name + "  " : "", 0});
  }
  if (files.empty())
    return fail_with(run, "testnet.logs", 2, "the network has no node " + options.node);
  const int watch = options.follow ? ::inotify_init1(IN_CLOEXEC) : -1;
  for (auto& one : files) {
    if (watch >= 0) ::inotify_add_watch(watch, one.file.c_str(), IN_MODIFY);
    one.at = print_from(one.file, one.prefix, start_of_last_lines(one.file, options.lines));
  }
  std::array<char, 4096> events{};
  while (watch >= 0 && ::read(watch, events.data(), events.size()) > 0 && std::cout) {
    for (auto& one : files) one.at = print_from(one.file, one.prefix, one.at);
  }
  if (watch >= 0) ::close(watch);
}

}  // namespace

void add_testnet(CLI::App& app, Run& run) {
  CLI::App* group = app.add_subcommand("testnet", "A network of four banks on this machine");
  group->require_subcommand(1);
  auto options = std::make_shared<TestnetOptions>();
  const auto add = [&](const char* name, const char* help,
                       void (*function)(Run&, const TestnetOptions&)) {
    CLI::App* command = add_command(*group, run, name, help);
    command->add_option("--dir", options->directory, "Its directory")->capture_default_str();
    command->callback([&run, options, function] { function(run, *options); });
    return command;
  };
  CLI::App* up_command = add("up", "Start it, or resume it, and make a first payment", up);
  up_command->add_flag("--fresh", options->fresh, "Throw away what is there");
  up_command->add_flag("--mtls", options->mtls,
                       "The rules of production: a new network's APIs ask for certificates");
  up_command->add_flag("--monitoring", options->monitoring,
                       "Prometheus beside it, with the shipped alerts (package prometheus)");
  add("down", "Stop it; its data stays", down);
  add("status", "Its nodes; exit code 0 when all are ready", show);
  add("env", "Shell lines that make this network the client's: eval \"$(giro testnet env)\"", env);
  CLI::App* logs_command = add("logs", "What the nodes say", logs);
  logs_command->add_option("NODE", options->node, "Only this one");
  logs_command->add_flag("-f,--follow", options->follow, "Go on as they say more");
  logs_command->add_option("-n,--lines", options->lines, "Last lines of each")
      ->capture_default_str();
  add_testnet_load(*group, run);
  CLI::App* supervise_command =
      group->add_subcommand("supervise", "Runs the nodes of a network")->group("");
  supervise_command->add_option("--dir", options->directory);
  supervise_command->callback(
      [&run, options] { run.exit_code = testnet::supervise(options->directory); });
}

}  // namespace giro::cli
