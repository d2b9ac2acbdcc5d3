// giro testnet load
#include <cmath>
#include <cstdio>
#include <iostream>

#include "node/cli/command.h"
#include "testnet/load/generator.h"
#include "testnet/load/load.h"

namespace giro::cli {
namespace {

using std::chrono::nanoseconds;

double milliseconds_of(nanoseconds time) {
  return static_cast<double>(time.count()) / 1e6;
}

std::string fixed(double value, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

struct LoadLatency {
  double p50 = 0, p90 = 0, p99 = 0, max = 0;  // milliseconds
};

LoadLatency latency_of(std::vector<nanoseconds> values) {
  const auto at = [&values](double share) {
    return milliseconds_of(testnet::percentile(values, share));
  };
  return {at(0.50), at(0.90), at(0.99), at(1.0)};
}

std::size_t committed(const testnet::LoadRound& round) {
  return round.latencies.size();
}

double rate_of(const testnet::LoadRound& round) {
  return round.took.count() > 0 ? static_cast<double>(committed(round)) / round.took.count() : 0;
}

// Microseconds of CPU per committed operation and validator.
double cost_of(const testnet::LoadRound& round, std::size_t validators) {
  const double operations = static_cast<double>(committed(round) * validators);
  return operations > 0 ? round.cpu.count() * 1e6 / operations : 0;
}

// What no four validators on these cores can exceed, whatever else costs nothing.
double limit_of(const testnet::LoadResult& result) {
  return result.cores / (static_cast<double>(result.validators) * result.check.count() * 1e-6);
}

json::object form(const testnet::LoadRound& round, std::size_t validators) {
  json::object ended;
  for (const auto& [what, count] : round.ended) ended[what] = count;
  const auto latency = latency_of(round.latencies);
  return {
      {"waiters", round.waiters},
      {"offered", round.offered},
      {"ended", std::move(ended)},
      {"seconds", round.took.count()},
      {"committed_per_second", rate_of(round)},
      {"milliseconds",
       {{"p50", latency.p50}, {"p90", latency.p90}, {"p99", latency.p99}, {"max", latency.max}}},
      {"cpu_microseconds_per_operation_and_validator", cost_of(round, validators)}};
}

std::string text_of(const LoadLatency& latency) {
  return "p50 " + fixed(latency.p50, 1) + " ms  p90 " + fixed(latency.p90, 1) + " ms  p99 " +
         fixed(latency.p99, 1) + " ms  max " + fixed(latency.max, 1) + " ms";
}

// Of all rounds that have waiters, or of all that have none.
std::vector<nanoseconds> pooled(const testnet::LoadResult& result, bool with_waiters) {
  std::vector<nanoseconds> out;
  for (const auto& round : result.rounds) {
    if ((round.waiters != 0) == with_waiters)
      out.insert(out.end(), round.latencies.begin(), round.latencies.end());
  }
  return out;
}

void print(const testnet::LoadResult& result, bool has_waiters) {
  for (const auto& round : result.rounds) {
    std::cout << "offered " << round.offered;
    for (const auto& [what, count] : round.ended) std::cout << "  " << what << ' ' << count;
    if (has_waiters) std::cout << "  waiters " << round.waiters;
    std::cout << "\n  " << fixed(rate_of(round), 0) << " committed/s  "
              << text_of(latency_of(round.latencies)) << "  CPU "
              << fixed(cost_of(round, result.validators), 0) << " us per operation and validator\n";
  }
  std::cout << "signature check " << fixed(result.check.count(), 1)
            << " us with every core at it: at most " << fixed(limit_of(result), 0)
            << " operations/s on " << result.cores << " cores\n";
  if (!has_waiters) return;
  const auto without = latency_of(pooled(result, false)), with = latency_of(pooled(result, true));
  std::cout << "without waiters  " << text_of(without) << "\nwith waiters     " << text_of(with)
            << "\np99 with them over p99 without: " << fixed(with.p99 / without.p99, 3) << '\n';
}

struct LoadArguments {
  testnet::LoadOptions load{.directory = ".giro-testnet"};
  std::string duration = "10s";
  bool closed = false;
};

void load(Run& run, LoadArguments arguments) {
  const auto duration = parse_duration(arguments.duration);
  if (!duration || *duration < std::chrono::seconds(1))
    return fail_with(run, "testnet.load", 2, "--for: a duration of at least 1s, as 30s");
  arguments.load.duration = std::chrono::duration_cast<std::chrono::seconds>(*duration);
  if (arguments.closed) arguments.load.rate = 0;
  const auto result =
      testnet::run_load(arguments.load, [](const std::string& text) { std::cerr << text << '\n'; });
  if (!result) return fail(run, "testnet.load", result.error());
  if (!run.json) return print(*result, arguments.load.waiters != 0);
  json::array rounds;
  for (const auto& round : result->rounds) rounds.push_back(form(round, result->validators));
  json::object out{{"cores", result->cores},
                   {"validators", result->validators},
                   {"signature_check_microseconds", result->check.count()},
                   {"limit_per_second", limit_of(*result)},
                   {"rounds", std::move(rounds)}};
  if (arguments.load.waiters != 0) {
    out["waiters_p99_ratio"] =
        latency_of(pooled(*result, true)).p99 / latency_of(pooled(*result, false)).p99;
  }
  print_json("testnet.load", out);
}

}  // namespace

void add_testnet_load(CLI::App& testnet, Run& run) {
  auto options = std::make_shared<LoadArguments>();
  CLI::App* command = add_command(
      testnet, run, "load",
      "Individually signed payments, made beforehand, and how long each takes from the moment at "
      "which it should have been sent");
  command->add_option("--dir", options->load.directory, "Of the network")->capture_default_str();
  command->add_option("--rate", options->load.rate, "Operations a second, at random times")
      ->capture_default_str();
  command->add_option("--for", options->duration, "How long")->capture_default_str();
  command->add_flag("--closed", options->closed,
                    "Instead: each connection sends its next one when it is answered");
  command->add_option("--operations", options->load.operations, "With --closed: how many")
      ->capture_default_str();
  command->add_option("--connections", options->load.connections, "To all nodes together")
      ->capture_default_str();
  command->add_option("--accounts", options->load.accounts, "Between which it is paid")
      ->capture_default_str();
  command->add_option("--seed", options->load.seed, "Of the random times")->capture_default_str();
  command->add_option("--rounds", options->load.rounds, "One after another")->capture_default_str();
  command
      ->add_option("--waiters", options->load.waiters,
                   "Clients that only wait, in every second round: what do they cost the others?")
      ->capture_default_str();
  command->callback([&run, options] { load(run, *options); });
}

}  // namespace giro::cli
