#include "testnet/load/load.h"

#include <optional>
#include <utility>

#include "testnet/control.h"
#include "testnet/load/generator.h"
#include "testnet/load/machine.h"
#include "testnet/load/waiters.h"

namespace giro::testnet {
namespace {

using client::Error;
using client::ErrorKind;

constexpr std::size_t kLoadConnectionsMax = 4096;
constexpr std::size_t kLoadOperationsMax = 2'000'000;  // they are held in memory, signed

std::string ending_of(const Shot& shot) {
  if (shot.http_status == 0) return "no answer";
  if (shot.http_status != 200) return "HTTP " + std::to_string(shot.http_status) + " " + shot.code;
  return shot.code.empty() || shot.code == "OK" ? shot.status : shot.status + " " + shot.code;
}

class LoadSession {
 public:
  LoadSession(const LoadOptions& options, NetworkStatus status, client::Session session,
              const Workload::Progress& progress)
      : options_(options),
        status_(std::move(status)),
        session_(std::move(session)),
        progress_(progress) {}

  std::expected<LoadResult, Error> run() {
    auto workload = Workload::prepare(session_, options_.accounts, progress_);
    if (!workload) return std::unexpected(workload.error());
    LoadResult out{.rounds = {},
                   .validators = status_.nodes.size(),
                   .cores = core_count(),
                   .check = measure_signature_check()};
    for (std::size_t i = 0; i < options_.rounds; ++i) {
      for (const bool with_waiters : {false, true}) {
        if (with_waiters && options_.waiters == 0) continue;
        auto one = round(*workload, with_waiters ? options_.waiters : 0, options_.seed + i);
        if (!one) return std::unexpected(one.error());
        out.rounds.push_back(std::move(*one));
      }
    }
    out.check = (out.check + measure_signature_check()) / 2;
    return out;
  }

 private:
  std::expected<LoadRound, Error> round(Workload& workload, std::size_t waiters,
                                        std::uint64_t seed) {
    LoadPlan plan{.nodes = {}, .connections = options_.connections, .intended = {}};
    for (const auto& node : status_.nodes) plan.nodes.push_back(node.node.api_address());
    if (options_.rate > 0) plan.intended = poisson_arrivals(options_.rate, options_.duration, seed);
    const auto requests =
        workload.presign(options_.rate > 0 ? plan.intended.size() : options_.operations, progress_);
    if (!requests) return std::unexpected(requests.error());
    std::optional<Waiters> waiting;
    if (waiters != 0) {
      progress_("opening " + std::to_string(waiters) + " waiters");
      auto opened = Waiters::open(plan.nodes.front(), waiters);
      if (!opened) return std::unexpected(Error{ErrorKind::No, {}, opened.error()});
      waiting.emplace(std::move(*opened));
    }
    LoadRound out;
    out.waiters = waiting ? waiting->counts().waiting : 0;
    out.offered = requests->size();
    progress_("sending");
    out.cpu -= cpu_of_validators();
    const auto shots = fire(*requests, plan);
    out.cpu += cpu_of_validators();
    for (const auto& shot : shots) {
      ++out.ended[ending_of(shot)];
      out.took = std::max<std::chrono::duration<double>>(out.took, shot.answered);
      if (shot.status == "COMMITTED") out.latencies.push_back(shot.answered - shot.intended);
    }
    return out;
  }
  [[nodiscard]] std::chrono::duration<double> cpu_of_validators() const {
    std::chrono::duration<double> sum{};
    for (const auto& node : status_.nodes) sum += cpu_time(node.pid);
    return sum;
  }

  const LoadOptions& options_;
  NetworkStatus status_;
  client::Session session_;
  const Workload::Progress& progress_;
};

std::optional<std::string> refusal_of(const LoadOptions& options) {
  const double operations = options.rate > 0
                                ? options.rate * static_cast<double>(options.duration.count())
                                : static_cast<double>(options.operations);
  if (operations < 1 || operations > static_cast<double>(kLoadOperationsMax))
    return "a round has 1 to " + std::to_string(kLoadOperationsMax) + " operations";
  if (options.connections < 1 || options.connections > kLoadConnectionsMax)
    return "there are 1 to " + std::to_string(kLoadConnectionsMax) + " connections";
  if (options.accounts < 2 || options.accounts > 100'000)
    return "a payment needs 2 accounts, and there are 100000 at most";
  if (options.rounds < 1 || options.rounds > 100) return "there are 1 to 100 rounds";
  if (options.waiters > 15'000) return "at most 15000 can wait: a node answers each in 30 s";
  return std::nullopt;
}

}  // namespace

std::expected<LoadResult, Error> run_load(const LoadOptions& options,
                                          const Workload::Progress& progress) {
  if (const auto why = refusal_of(options))
    return std::unexpected(Error{ErrorKind::Usage, {}, *why});
  auto running = testnet::status(options.directory);
  if (!running) return std::unexpected(running.error());
  if (!running->is_ready())
    return std::unexpected(Error{ErrorKind::Unreachable,
                                 {},
                                 "the network in " + options.directory.string() +
                                     " is not ready: giro testnet up starts it"});
  if (running->network.mtls)
    return std::unexpected(
        Error{ErrorKind::Usage, {}, "a load runs on a network without --mtls only"});
  auto session = client::open_session(running->network.profile(), {}, {});
  if (!session) return std::unexpected(session.error());
  return LoadSession(options, std::move(*running), std::move(*session), progress).run();
}

}  // namespace giro::testnet
