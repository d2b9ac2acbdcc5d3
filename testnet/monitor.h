// Prometheus with the shipped alerts over a network's ops ports: Debian's program, where it is
// installed (surface 10.1). Its files are in <network>/monitoring.
#pragma once

#include <expected>
#include <filesystem>
#include <string>

#include "testnet/network.h"
#include "testnet/process.h"

namespace giro::testnet {

inline constexpr std::uint16_t kMonitorPort = 7601;

// What testnet/monitoring has, as it was when this program was built.
extern const char* const kMonitoringRules;
extern const char* const kMonitoringRunbook;

// The error says which package is missing.
[[nodiscard]] std::expected<std::filesystem::path, std::string> find_prometheus();

// A free port; stored in network.json by the caller. The error: there is none.
[[nodiscard]] std::expected<void, std::string> choose_monitor_port(Network& network);

// Writes its configuration, the rules and the runbook, and starts it: it dies with this process.
[[nodiscard]] std::expected<Process, std::string> start_monitor(const Network& network);

[[nodiscard]] bool is_monitor_ready(const Network& network);

}  // namespace giro::testnet
