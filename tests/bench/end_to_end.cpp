// Individually signed TRANSFERs through four real validators with fsync: operations a second, CPU
// per operation and validator, and the machine's own limit measured in the same run (README.md says
// how to read it). Bounded: it sends a fixed number of operations to 127.0.0.1 and stops the
// network that it started.
#include <unistd.h>

#include <atomic>
#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <numeric>
#include <sstream>
#include <string>
#include <thread>

#include "crypto/digest.h"
#include "node/client/session.h"
#include "testnet/control.h"

namespace {

namespace client = giro::client;
namespace crypto = giro::crypto;
namespace ledger = giro::ledger;
namespace testnet = giro::testnet;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kAccounts = 64;
constexpr auto kPatience = std::chrono::seconds(60);

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "end_to_end: %s\n", why.c_str());
  std::exit(1);
}

template <typename T>
T must(std::expected<T, client::Error> result, const char* what) {
  if (!result) die(std::string(what) + ": " + result.error().message);
  return std::move(*result);
}

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// One check of one signature, on one core, as the validators make them: with the parsed key cached.
double measure_check_us() {
  const auto key = crypto::SecretKey::generate();
  const crypto::Hash digest = crypto::sha256(crypto::as_view("giro"));
  const auto signature = key.sign(digest);
  constexpr int kChecks = 4000;
  const auto begin = Clock::now();
  for (int i = 0; i < kChecks; ++i) {
    if (!crypto::verify(key.public_key(), digest, signature))
      die("a good signature does not verify");
  }
  return seconds_since(begin) / kChecks * 1e6;
}

// The same with every core at it, as in the run: cores share a clock, a cache, sometimes a unit.
double measure_check_us_on_all_cores() {
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  std::vector<double> each(cores);
  std::vector<std::thread> threads;
  for (double& us : each) threads.emplace_back([&us] { us = measure_check_us(); });
  for (auto& thread : threads) thread.join();
  return std::accumulate(each.begin(), each.end(), 0.0) / static_cast<double>(cores);
}

// User and system time of a process so far, in seconds (proc(5)).
double cpu_seconds(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

ledger::AccountId account_id(std::size_t number) {
  ledger::AccountId id;
  id.bytes.fill(std::byte{0xbe});
  id.bytes[0] = static_cast<std::byte>(number);
  return id;
}

class Load {
 public:
  Load(client::Session& session, testnet::Network network)
      : session_(session), network_(std::move(network)) {}

  // Accounts with money at bank-a, by the same operations that a bank would use.
  void prepare() {
    auto directory =
        must(client::Directory::from_node(session_.client, session_.genesis), "directory");
    for (std::size_t i = 0; i < kAccounts; ++i) {
      const client::DraftOptions options{
          .op_id = {}, .valid_for = kPatience * 4, .now_ms = client::now_ms()};
      send(must(client::draft_account_open(directory,
                                           {.servicer = "bank-a",
                                            .id = account_id(i),
                                            .tokens = {"bank-a.USD"},
                                            .country = "US",
                                            .nostro_owner = {}},
                                           options),
                "account open"));
      send(must(client::draft_mint(
                    directory,
                    {.token = "bank-a.USD",
                     .account = {.servicer = "bank-a", .id = account_id(i), .alias = "load"},
                     .amount = "10000.00",
                     .reference = "load " + std::to_string(i)},
                    options),
                "mint"));
    }
    bank_ = must(directory.institution("bank-a"), "bank-a");
    token_ = must(directory.token("bank-a.USD"), "token");
  }

  void presign(std::size_t count) {
    const client::DraftOptions options{
        .op_id = {}, .valid_for = std::chrono::minutes(30), .now_ms = client::now_ms()};
    for (std::size_t i = 0; i < count; ++i) {
      ledger::Transfer transfer;
      client::Draft draft{.actor = "bank-a",
                          .operation = client::new_operation(bank_.id, options),
                          .needs = {client::need(bank_, ledger::Role::Maker)},
                          .summary = {}};
      transfer.terms.uetr = draft.operation.op_id;
      transfer.terms.payer_bank = transfer.terms.payee_bank = bank_.id;
      transfer.terms.payer_account = account_id(i % kAccounts);
      transfer.terms.payee_account = account_id((i * 7 + 1) % kAccounts);
      if (transfer.terms.payer_account == transfer.terms.payee_account) {
        transfer.terms.payee_account = account_id((i + 1) % kAccounts);
      }
      transfer.terms.token_from = transfer.terms.token_to = token_.id;
      transfer.terms.amount = {0, 1};
      transfer.terms.charge_bearer = ledger::ChargeBearer::Shar;
      draft.operation.action = transfer;
      auto signed_draft =
          must(client::sign(draft, session_.keys, session_.genesis.chain_id), "sign");
      const auto text = crypto::as_text(signed_draft.signed_operation);
      bodies_.emplace_back(text);
      ids_.emplace_back(draft.operation.op_id.bytes);
    }
  }

  // Closed loop: every connection sends its next operation when the node has admitted the last one.
  void run(std::size_t connections) {
    std::atomic<std::size_t> next = 0;
    std::vector<std::thread> threads;
    for (std::size_t c = 0; c < connections; ++c) {
      threads.emplace_back([&, c] {
        const auto& node = network_.nodes[c % network_.nodes.size()];
        client::HttpClient http({.tls = false, .address = node.api_address()});
        for (std::size_t i = next++; i < bodies_.size(); i = next++) submit(http, bodies_[i]);
      });
    }
    for (auto& thread : threads) thread.join();
  }

  // Until no node has an operation that is not recorded, and what is executed is stable.
  void drain() {
    const auto deadline = Clock::now() + kPatience;
    for (const auto& node : network_.nodes) {
      client::HttpClient http({.tls = false, .address = node.api_address()});
      for (;;) {
        const auto answer = http.send("GET", "/v1/node", {}, {}, std::chrono::seconds(5));
        if (!answer) die(answer.error().message);
        if (answer->status == 200) {
          const auto info = boost::json::parse(answer->body).as_object();
          if (info.at("pool").at("operations").as_string() == "0") break;
        }
        if (Clock::now() > deadline) die("operations are still waiting after a minute");
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    }
  }

  // Every operation has the outcome that was ordered.
  void check() {
    for (const auto& id : ids_) {
      const auto result = must(session_.client.wait({"bank-a", id}, kPatience), "status");
      if (result.status != "COMMITTED") die("an operation is " + result.status + " " + result.code);
    }
  }

 private:
  void send(const client::Draft& draft) {
    const auto bytes = must(client::sign(draft, session_.keys, session_.genesis.chain_id), "sign");
    const auto result =
        must(session_.client.submit(bytes.signed_operation,
                                    {draft.actor, giro::receipt::Uuid{draft.operation.op_id.bytes}},
                                    kPatience),
             "submit");
    if (result.status != "COMMITTED") die(draft.summary + ": " + result.status + " " + result.code);
  }
  static void submit(client::HttpClient& http, const std::string& body) {
    for (int attempt = 0; attempt < 100; ++attempt) {
      const auto answer = http.send("POST", "/v1/operations?wait=received",
                                    "application/x-protobuf", body, std::chrono::seconds(20));
      if (!answer) die(answer.error().message);
      if (answer->status == 200 || answer->status == 202) return;
      if (answer->status != 429 && answer->status != 503)
        die("HTTP " + std::to_string(answer->status) + answer->body);
    }
    die("the node takes no more");
  }

  client::Session& session_;
  testnet::Network network_;
  client::InstitutionFacts bank_;
  client::TokenFacts token_;
  std::vector<std::string> bodies_;
  std::vector<giro::receipt::Uuid> ids_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) die("usage: end_to_end GIRO_PROGRAM DIRECTORY [OPERATIONS [CONNECTIONS]]");
  const std::string giro = argv[1], directory = argv[2];
  const std::size_t operations = argc > 3 ? std::stoul(argv[3]) : 20'000;
  const std::size_t connections = argc > 4 ? std::stoul(argv[4]) : 64;
  const auto run = [&](const std::string& verb) {
    if (std::system((giro + " testnet " + verb + " --dir " + directory + " >&2").c_str()) != 0)
      die("testnet " + verb);
  };
  run("up --fresh");
  auto status = must(testnet::status(directory), "status");
  auto session = must(client::open_session(status.network.profile(), {}, {}), "profile");
  Load load(session, status.network);
  load.prepare();
  load.presign(operations);
  const double check_before = measure_check_us_on_all_cores();

  double cpu = 0;
  for (const auto& node : status.nodes) cpu -= cpu_seconds(node.pid);
  const auto begin = Clock::now();
  load.run(connections);
  load.drain();
  const double took = seconds_since(begin);
  for (const auto& node : status.nodes) cpu += cpu_seconds(node.pid);
  const double check_us = (check_before + measure_check_us_on_all_cores()) / 2;
  load.check();
  run("down");

  const double count = static_cast<double>(operations);
  const double cores = static_cast<double>(std::thread::hardware_concurrency());
  const double limit = cores / (4 * check_us * 1e-6);
  std::printf("operations              %zu over %zu connections, in %.2f s\n", operations,
              connections, took);
  std::printf("throughput              %.0f operations/s\n", count / took);
  std::printf("signature check         %.1f us\n", check_us);
  std::printf("machine's limit         %.0f operations/s = %.0f cores / (4 x check)\n", limit,
              cores);
  std::printf("share of the limit      %.0f %%\n", 100 * count / took / limit);
  std::printf("CPU                     %.0f us per operation and validator\n",
              cpu * 1e6 / count / 4);
}
