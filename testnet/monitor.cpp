#include "testnet/monitor.h"

#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "node/client/http_client.h"
#include "node/client/journal.h"
#include "testnet/ports.h"

namespace giro::testnet {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kMonitorProbe{2'000};
constexpr const char* kSetpriv = "/usr/bin/setpriv";  // of util-linux, which every Debian has

// In a test network things happen within seconds.
std::string prometheus_yml(const Network& network) {
  std::ostringstream out;
  out << "global:\n"
         "  scrape_interval: 1s\n"
         "  evaluation_interval: 1s\n"
         "rule_files: [rules.yml]\n"
         "scrape_configs:\n"
         "  - job_name: giro\n"
         "    static_configs:\n";
  for (const auto& node : network.nodes)
    out << "      - targets: [\"" << node.ops_address().to_string() << "\"]\n"
        << "        labels: { instance: \"" << node.name << "\" }\n";
  return std::move(out).str();
}

}  // namespace

std::expected<fs::path, std::string> find_prometheus() {
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe)
  std::istringstream folders(path == nullptr ? "/usr/bin" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const fs::path program = fs::path(folder) / "prometheus";
    if (!folder.empty() && ::access(program.c_str(), X_OK) == 0) return program;
  }
  return std::unexpected(
      "Prometheus is not installed: apt-get install --no-install-recommends prometheus");
}

std::expected<void, std::string> choose_monitor_port(Network& network) {
  constexpr int kPorts = 400;  // below the next thousand's p2p ports
  for (int up = 0; up < kPorts; ++up) {
    network.monitor = static_cast<std::uint16_t>(kMonitorPort + up);
    if (is_free(network.monitor)) return {};
  }
  network.monitor = 0;
  return std::unexpected("no free port for Prometheus from " + std::to_string(kMonitorPort) +
                         " on");
}

std::expected<Process, std::string> start_monitor(const Network& network) {
  const auto program = find_prometheus();
  if (!program) return std::unexpected(program.error());
  const fs::path folder = network.monitor_directory();
  std::error_code error;
  fs::create_directories(folder / "data", error);
  if (error) return std::unexpected(folder.string() + ": " + error.message());
  const std::string configuration = prometheus_yml(network);
  const std::pair<const char*, std::string_view> files[] = {{"prometheus.yml", configuration},
                                                            {"rules.yml", kMonitoringRules},
                                                            {"runbook.md", kMonitoringRunbook}};
  for (const auto& [name, text] : files) {
    const auto written = client::write_file_durably(folder / name, text, 0644);
    if (!written) return std::unexpected(written.error().message);
  }
  Command command;
  command.arguments = {kSetpriv,
                       "--pdeathsig",
                       "KILL",
                       program->string(),
                       "--config.file=" + (folder / "prometheus.yml").string(),
                       "--storage.tsdb.path=" + (folder / "data").string(),
                       "--web.listen-address=" + network.monitor_address().to_string(),
                       "--log.level=warn"};
  command.output = network.monitor_log();
  return Process::start(command);
}

bool is_monitor_ready(const Network& network) {
  client::HttpClient http({false, network.monitor_address()});
  const auto answer = http.send("GET", "/-/ready", {}, {}, kMonitorProbe);
  return answer && answer->status == 200;
}

}  // namespace giro::testnet
