// The program as a person uses it: testnet up, pay, receipt, down.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include "node/client/json_fields.h"
#include "node/config/profile.h"
#include "node/receipt/text.h"
#include "testnet/network.h"
#include "testnet/ports.h"
#include "testnet/process.h"
#include "tests/process/run.h"

namespace giro::process_test {
namespace {

using client::array_field;
using client::number_field;
using client::object_field;
using client::text_field;

// Stops a network whatever the test did.
struct Network {
  explicit Network(std::filesystem::path at) : directory(std::move(at)) {}
  ~Network() { (void)run_giro({"testnet", "down", "--dir", directory.string()}); }
  [[nodiscard]] Ran run(const std::string& command,
                        const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"testnet", command, "--dir", directory.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_giro(arguments);
  }
  [[nodiscard]] std::filesystem::path profile() const { return directory / "client.toml"; }
  std::filesystem::path directory;
};

std::vector<pid_t> pids_of(const boost::json::object& up) {
  std::vector<pid_t> out;
  for (const auto& node : *array_field(up, "nodes")) {
    out.push_back(static_cast<pid_t>(number_field(node.get_object(), "pid")));
  }
  return out;
}

TEST(Testnet, Up_twice_two_side_by_side_and_down_leaves_nothing) {
  const Folder folder;
  const Network first(folder.path() / "one"), second(folder.path() / "two");
  Ran ran_first, ran_second;
  std::thread other([&] { ran_second = second.run("up", {"--json"}); });
  ran_first = first.run("up", {"--json"});
  other.join();
  ASSERT_EQ(ran_first.exit_code, 0) << ran_first.err;
  ASSERT_EQ(ran_second.exit_code, 0) << ran_second.err;
  const auto up = ran_first.document();
  EXPECT_EQ(text_field(up, "schema"), "giro.testnet.up/1");
  EXPECT_EQ(text_field(*object_field(up, "first_payment"), "status"), "COMMITTED");
  std::cerr << "up took " << number_field(up, "milliseconds") << " ms beside another\n";

  const auto again = first.run("up", {"--json"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_TRUE(client::bool_field(again.document(), "was_running"));
  EXPECT_EQ(pids_of(again.document()), pids_of(up));
  EXPECT_EQ(first.run("status").exit_code, 0);

  for (const Network* network : {&first, &second}) {
    const auto described = testnet::load_network(network->directory);
    ASSERT_TRUE(described.has_value() && described->has_value());
    ASSERT_EQ(network->run("down").exit_code, 0);
    EXPECT_TRUE(testnet::are_free(**described)) << "a port is still open";
    EXPECT_NE(network->run("status").exit_code, 0);
  }
  for (const auto& ran : {ran_first, ran_second}) {
    for (const pid_t pid : pids_of(ran.document())) EXPECT_EQ(testnet::open_pidfd(pid), -1) << pid;
  }

  const auto resumed = first.run("up", {"--json"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_GT(
      number_field(*object_field(*object_field(resumed.document(), "first_payment"), "outcome"),
                   "height"),
      number_field(*object_field(*object_field(up, "first_payment"), "outcome"), "height"))
      << "its data was kept";
}

TEST(Testnet, A_directory_that_is_something_else_is_named_and_left_alone) {
  const Folder folder;
  const auto directory = folder.path() / "mine";
  std::filesystem::create_directories(directory / "photos");
  for (const bool fresh : {false, true}) {
    std::vector<std::string> arguments{"testnet", "up", "--dir", directory.string()};
    if (fresh) arguments.emplace_back("--fresh");
    const auto ran = run_giro(arguments);
    EXPECT_NE(ran.exit_code, 0);
    EXPECT_NE(ran.err.find("mine"), std::string::npos);
    EXPECT_TRUE(std::filesystem::exists(directory / "photos"));
  }
}

TEST(Testnet, A_load_counts_what_became_of_each_payment) {
  const Folder folder;
  const Network network(folder.path() / "net");
  EXPECT_EQ(network.run("load").exit_code, 1) << "there is none";
  ASSERT_EQ(network.run("up").exit_code, 0);
  EXPECT_EQ(network.run("load", {"--connections", "0"}).exit_code, 2);
  EXPECT_EQ(network.run("load", {"--for", "a while"}).exit_code, 2);
  const auto at_a_rate = network.run(
      "load", {"--json", "--rate", "100", "--for", "2s", "--accounts", "4", "--waiters", "50"});
  ASSERT_EQ(at_a_rate.exit_code, 0) << at_a_rate.err;
  const auto closed = network.run("load", {"--json", "--closed", "--operations", "200",
                                           "--connections", "8", "--accounts", "4"});
  ASSERT_EQ(closed.exit_code, 0) << closed.err;
  EXPECT_EQ(array_field(at_a_rate.document(), "rounds")->size(), 2U);
  EXPECT_EQ(array_field(closed.document(), "rounds")->size(), 1U);
  for (const auto& ran : {at_a_rate, closed}) {
    const auto document = ran.document();
    for (const auto& value : *array_field(document, "rounds")) {
      const auto& round = value.get_object();
      const auto& ended = *object_field(round, "ended");
      EXPECT_EQ(ended.size(), 1U) << boost::json::serialize(ended);
      EXPECT_EQ(ended.at("COMMITTED").as_int64(), round.at("offered").as_int64());
      EXPECT_GT(round.at("milliseconds").at("p50").to_number<double>(), 0.0);
      EXPECT_GT(round.at("cpu_microseconds_per_operation_and_validator").to_number<double>(), 0.0);
    }
  }
  EXPECT_GE(array_field(at_a_rate.document(), "rounds")->at(1).at("waiters").as_int64(), 49);
}

TEST(Commands, Pay_show_and_verify_on_a_test_network) {
  const Folder folder;
  const Network network(folder.path() / "net");
  const auto up = network.run("up");
  ASSERT_EQ(up.exit_code, 0) << up.err;
  const auto giro = [&network](const std::vector<std::string>& arguments) {
    return run_giro(arguments, network.profile());
  };

  const auto paid = giro({"pay", "ALICE", "BOB", "1.23"});
  ASSERT_EQ(paid.exit_code, 0) << paid.out << paid.err;
  EXPECT_EQ(paid.out.rfind("op ", 0), 0U);
  EXPECT_NE(paid.out.find("PAY EUR 1.23  ALICE@bank-a -> BOB@bank-b"), std::string::npos)
      << paid.out;
  EXPECT_NE(paid.out.find("COMMITTED height "), std::string::npos);
  EXPECT_NE(paid.out.find("payment SETTLED; receipt verified ("), std::string::npos);
  const std::string id = paid.out.substr(3, 36);

  const auto trace = giro({"op", "trace", id});
  ASSERT_EQ(trace.exit_code, 0) << trace.err;
  for (const char* step : {"RECEIVED", "PROPOSED", "by bank-", "PREPARED", "COMMITTED", "EXECUTED",
                           "index 1 OK", "ATTESTED", "receipt "})
    EXPECT_NE(trace.out.find(step), std::string::npos) << step << " in " << trace.out;
  EXPECT_EQ(giro({"op", "trace", "00000000-0000-4000-8000-000000000001"}).exit_code, 1);

  // The same id is the same payment.
  const auto again = giro({"pay", "ALICE", "BOB", "1.23", "--id", id, "--json"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_TRUE(client::bool_field(*object_field(again.document(), "operation"), "duplicate"));

  const auto account = giro({"account", "show", "ALICE", "--json"});
  ASSERT_EQ(account.exit_code, 0) << account.err;
  const auto shown = account.document();
  for (const auto& position : *array_field(shown, "positions")) {
    if (text_field(position.get_object(), "token") != "bank-a.EUR") continue;
    EXPECT_EQ(text_field(position.get_object(), "posted"), "988.77");
  }

  const auto statement = giro({"account", "entries", "ALICE", "bank-a.EUR", "--json"});
  ASSERT_EQ(statement.exit_code, 0) << statement.err;
  const auto entries = statement.document();
  EXPECT_TRUE(client::bool_field(entries, "complete"));
  EXPECT_EQ(text_field(*object_field(entries, "closing"), "balance"), "988.77");
  EXPECT_EQ(text_field(array_field(entries, "items")->front().get_object(), "type"), "GENESIS");
  const auto part =
      giro({"account", "entries", "ALICE", "bank-a.EUR", "--after", "1", "--count", "1"});
  EXPECT_EQ(part.exit_code, 0) << part.err;
  EXPECT_NE(part.out.find("there are more: --after 2"), std::string::npos) << part.out;
  EXPECT_EQ(giro({"account", "entries", "ALICE", "bank-b.EUR"}).exit_code, 1);

  const auto today = receipt::to_time_text(std::chrono::duration_cast<std::chrono::milliseconds>(
                                               std::chrono::system_clock::now().time_since_epoch())
                                               .count())
                         .substr(0, 10);
  for (const std::vector<std::string>& period :
       {std::vector<std::string>{"--from", today}, {"--from", today, "--to", "2099-01-01"}}) {
    std::vector<std::string> arguments{"account",    "entries",  "ALICE",
                                       "bank-a.EUR", "--verify", "--json"};
    arguments.insert(arguments.end(), period.begin(), period.end());
    const auto of_today = giro(arguments);
    ASSERT_EQ(of_today.exit_code, 0) << of_today.err;
    const auto document = of_today.document();
    EXPECT_EQ(text_field(*object_field(document, "closing"), "balance"), "988.77");
    EXPECT_FALSE(text_field(document, "verified_height").empty());
  }
  const auto past =
      giro({"account", "entries", "ALICE", "bank-a.EUR", "--day", "2020-02-29", "--verify"});
  EXPECT_EQ(past.exit_code, 0) << past.err;
  EXPECT_NE(past.out.find("closing balance 0.00 bank-a.EUR after entry 0"), std::string::npos)
      << past.out;
  EXPECT_NE(past.out.find("verified: leads to the position at height"), std::string::npos);
  const auto future =
      giro({"account", "entries", "ALICE", "bank-a.EUR", "--day", "2099-01-01", "--verify"});
  EXPECT_EQ(future.exit_code, 0) << future.err;
  EXPECT_NE(future.out.find("opening balance 988.77"), std::string::npos) << future.out;
  EXPECT_EQ(giro({"account", "entries", "ALICE", "bank-a.EUR", "--from", "2099-01-01", "--to",
                  "2020-01-01"})
                .exit_code,
            2);
  EXPECT_EQ(giro({"account", "entries", "ALICE", "bank-a.EUR", "--day", "tomorrow"}).exit_code, 2);

  const auto proof = giro({"account", "proof", "ALICE", "bank-a.EUR"});
  ASSERT_EQ(proof.exit_code, 0) << proof.err;
  const auto proof_file = folder.path() / "position.json";
  std::ofstream(proof_file) << proof.out;
  const auto verify_proof = [&] {
    return run_giro({"account", "verify", proof_file.string(), "--genesis",
                     (network.directory / "genesis.json").string()});
  };
  const auto proven = verify_proof();
  EXPECT_EQ(proven.exit_code, 0) << proven.out;
  EXPECT_NE(proven.out.find("posted 988.77, held 0.00"), std::string::npos) << proven.out;
  std::ofstream(proof_file) << crypto::to_hex(crypto::as_view(proof.out));
  EXPECT_EQ(verify_proof().exit_code, 1);

  const auto receipt = giro({"receipt", "get", id});
  ASSERT_EQ(receipt.exit_code, 0) << receipt.err;
  const auto file = folder.path() / "receipt.json";
  std::ofstream(file) << receipt.out;
  const std::string genesis = (network.directory / "genesis.json").string();
  const auto valid = run_giro({"receipt", "verify", file.string(), "--genesis", genesis});
  EXPECT_EQ(valid.exit_code, 0);
  EXPECT_EQ(valid.out.rfind("VALID  PAY " + id + "  EUR 1.23  bank-a -> bank-b  outcome OK", 0), 0U)
      << valid.out;
  EXPECT_NE(valid.out.find("\n  payment SETTLED  bank-a/"), std::string::npos) << valid.out;
  std::string tampered = receipt.out;
  tampered[tampered.find("\"height\"") + 12] ^= 1;
  std::ofstream(file) << tampered;
  EXPECT_EQ(run_giro({"receipt", "verify", file.string(), "--genesis", genesis}).exit_code, 1);

  // Beyond standing acceptance, with the payee bank's keys at hand: settled at once.
  const auto large = giro({"pay", "ALICE", "BOB", "2000.00", "--currency", "USD"});
  EXPECT_EQ(large.exit_code, 0) << large.out << large.err;
  EXPECT_NE(large.out.find("pre-accepted with the keys of bank-b"), std::string::npos);
  EXPECT_NE(large.out.find("payment SETTLED"), std::string::npos) << large.out;

  // More than she has: a recorded no.
  const auto poor = giro({"pay", "ALICE", "BOB", "999.00"});
  EXPECT_EQ(poor.exit_code, 1) << poor.out;
  EXPECT_NE(poor.out.find("REJECTED"), std::string::npos);
  EXPECT_NE(poor.out.find("INSUFFICIENT_FUNDS (AM04)"), std::string::npos) << poor.out;

  const auto transfer = giro({"pay", "ALICE", "MERCHANT", "5.00", "--currency", "USD"});
  EXPECT_EQ(transfer.exit_code, 0) << transfer.out << transfer.err;
  EXPECT_NE(transfer.out.find("TRANSFER USD 5.00"), std::string::npos);

  const auto minted = giro({"mint", "bank-a.EUR", "ALICE", "100"});
  EXPECT_EQ(minted.exit_code, 0) << minted.out << minted.err;
  const std::string says = "what opens its commitments is kept in ";
  const auto said = minted.out.find(says);
  ASSERT_NE(said, std::string::npos) << minted.out;
  const auto path = minted.out.substr(said + says.size());
  EXPECT_TRUE(std::filesystem::exists(path.substr(0, path.find('\n')))) << path;
  const auto redeemed = giro({"redeem", "bank-a.EUR", "ALICE", "50"});
  EXPECT_EQ(redeemed.exit_code, 0) << redeemed.out << redeemed.err;
  const auto supply = giro({"token", "supply", "bank-a.EUR", "--json"});
  EXPECT_EQ(text_field(supply.document(), "outstanding"), "1038.77")
      << "1000 - 10 - 1.23 + 100 - 50";

  const auto created = giro({"token", "create", "GBP"});
  EXPECT_EQ(created.exit_code, 0) << created.out << created.err;
  const auto opened = giro({"account", "open", "--token", "bank-a.GBP", "--country", "GB"});
  EXPECT_EQ(opened.exit_code, 0) << opened.out << opened.err;
  EXPECT_EQ(giro({"account", "list"}).exit_code, 0);
  EXPECT_EQ(giro({"token", "list"}).exit_code, 0);

  const std::string committed = transfer.out.substr(transfer.out.find("height ") + 7);
  const std::string height_of_transfer = committed.substr(0, committed.find(' '));
  const auto expect_says = [&](const std::vector<std::string>& arguments,
                               const std::string& words) {
    const auto ran = giro(arguments);
    EXPECT_EQ(ran.exit_code, 0) << arguments[1] << ": " << ran.err;
    EXPECT_NE(ran.out.find(words), std::string::npos) << ran.out;
  };
  expect_says({"chain", "blocks", "--count", "1"}, " operations  attested bank-");
  expect_says({"chain", "block", height_of_transfer}, "TRANSFER        OK");
  expect_says({"chain", "headers", "--from", "1", "--count", "2"}, "there are more: --from 3");
  expect_says({"chain", "validators"}, "3 are a quorum, 1 may be faulty");
  expect_says({"chain", "validators", "--height", "1"}, "bank-d");
  expect_says({"chain", "conservation"}, "bank-a.EUR");
  expect_says({"chain", "institution", "bank-a"}, "pays to bank-b USD: at most ");
  EXPECT_EQ(giro({"chain", "block", "999999"}).exit_code, 1);
  EXPECT_EQ(giro({"chain", "block", "3?x"}).exit_code, 2);

  // What happened, in order: all of it, some of it, and on from where a reader stopped.
  const auto lines_of = [](const Ran& ran) {
    std::vector<boost::json::object> lines;
    std::istringstream in(ran.out);
    for (std::string line; std::getline(in, line);)
      lines.push_back(boost::json::parse(line).as_object());
    return lines;
  };
  EXPECT_EQ(giro({"events"}).exit_code, 2) << "from where?";
  EXPECT_EQ(giro({"events", "--after", "1"}).exit_code, 2);
  EXPECT_EQ(giro({"events", "--after", "0.0", "--type", "paid"}).exit_code, 2);
  EXPECT_EQ(giro({"events", "--after", "0.0", "--token", "bank-a.XXX"}).exit_code, 1);
  const auto settled = giro({"events", "--after", "0.0", "--type", "payment_settled"});
  ASSERT_EQ(settled.exit_code, 0) << settled.err;
  EXPECT_NE(settled.out.find("payment_settled        1.23 bank-a.EUR"), std::string::npos)
      << settled.out;
  EXPECT_NE(settled.out.find("@bank-b"), std::string::npos) << settled.out;
  const auto all = lines_of(giro({"events", "--after", "0.0", "--json"}));
  EXPECT_GT(all.size(), 10U);
  const auto cursor = folder.path() / "cursor";
  std::vector<boost::json::object> read;
  for (const char* count : {"3", "1", "100000"}) {
    const auto page = giro(
        {"events", "--after", "0.0", "--cursor-file", cursor.string(), "--count", count, "--json"});
    ASSERT_EQ(page.exit_code, 0) << page.err;
    for (auto& line : lines_of(page)) read.push_back(std::move(line));
  }
  ASSERT_EQ(read.size(), all.size()) << "a reader that goes on by its file sees each event once";
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(text_field(read[i], "schema"), "giro.events/1");
    EXPECT_EQ(boost::json::serialize(read[i]), boost::json::serialize(all[i]));
  }
  auto followed = std::async(std::launch::async, [&] {
    return giro({"events", "--follow", "--cursor-file", cursor.string(), "--type", "account_opened",
                 "--count", "1"});
  });
  EXPECT_EQ(giro({"account", "open", "--token", "bank-a.EUR", "--country", "DE"}).exit_code, 0);
  EXPECT_NE(followed.get().out.find("account_opened"), std::string::npos);
  std::ofstream(cursor) << "photos";
  EXPECT_EQ(giro({"events", "--cursor-file", cursor.string()}).exit_code, 2);

  // Step by step, as several signers do it.
  std::ofstream(folder.path() / "order.json")
      << R"({"type":"MINT","token":"bank-a.EUR","account":"ALICE","amount":"1","core_ref_commit":{"data":"book 7"}})";
  const auto built = giro({"op", "build", (folder.path() / "order.json").string()});
  ASSERT_EQ(built.exit_code, 0) << built.err;
  std::ofstream(folder.path() / "built.json") << built.out;
  const auto one =
      giro({"op", "sign", (folder.path() / "built.json").string(), "--key", "bank-a-issuer-1"});
  ASSERT_EQ(one.exit_code, 0) << one.err;
  std::ofstream(folder.path() / "one.json") << one.out;
  EXPECT_EQ(giro({"op", "submit", (folder.path() / "one.json").string()}).exit_code, 77)
      << "one of two signers";
  const auto both =
      giro({"op", "sign", (folder.path() / "one.json").string(), "--key", "bank-a-issuer-2"});
  std::ofstream(folder.path() / "both.json") << both.out;
  const auto submitted = giro({"op", "submit", (folder.path() / "both.json").string()});
  EXPECT_EQ(submitted.exit_code, 0) << submitted.out << submitted.err;

  const auto status = giro({"status", "--json"});
  EXPECT_EQ(status.exit_code, 0) << status.err;
  EXPECT_EQ(text_field(status.document(), "condition"), "PROGRESSING");

  // What a node sees of the others, and how far its key may have signed.
  const auto peers = giro({"peers", "list", "--json"});
  ASSERT_EQ(peers.exit_code, 0) << peers.err;
  EXPECT_EQ(text_field(peers.document(), "schema"), "giro.peers.list/1");
  EXPECT_EQ(array_field(peers.document(), "items")->size(), 3U);
  const auto table = giro({"peers", "list"});
  for (const char* name : {"bank-b", "bank-c", "bank-d"})
    EXPECT_NE(table.out.find(name), std::string::npos) << table.out;
  const auto why = giro({"peers", "why", "bank-b"});
  EXPECT_EQ(why.exit_code, 0) << why.err;
  EXPECT_NE(why.out.find("bank-b  connected"), std::string::npos) << why.out;
  EXPECT_NE(why.out.find("nothing is wrong"), std::string::npos) << why.out;
  EXPECT_EQ(giro({"peers", "why", "bank-z"}).exit_code, 1);
  EXPECT_EQ(giro({"peers", "why"}).exit_code, 2);
  EXPECT_EQ(giro({"peers", "list", "--api", "nowhere"}).exit_code, 2);

  const std::string node = (network.directory / "bank-a" / "node.toml").string();
  const auto ceiling = run_giro({"sign-state", "show", "--config", node, "--json"});
  ASSERT_EQ(ceiling.exit_code, 0) << ceiling.err;
  EXPECT_EQ(text_field(ceiling.document(), "schema"), "giro.sign-state.show/1");
  EXPECT_EQ(text_field(ceiling.document(), "epoch"), "0");
  EXPECT_GT(number_field(ceiling.document(), "height"), 0U);
  EXPECT_GT(number_field(ceiling.document(), "record"), 0U);
  const auto shown_ceiling = run_giro({"sign-state", "show", "--config", node});
  EXPECT_NE(shown_ceiling.out.find("may have signed up to epoch 0"), std::string::npos)
      << shown_ceiling.out;

  const auto louder = run_giro({"log-level", "debug", "--config", node});
  EXPECT_EQ(louder.exit_code, 0) << louder.err;
  EXPECT_EQ(run_giro({"log-level", "loud", "--config", node}).exit_code, 2);
  const std::string log = read_text(network.directory / "bank-a" / "node.log");
  EXPECT_NE(log.find("event=block_executed"), std::string::npos);
  EXPECT_EQ(log.find("988.77"), std::string::npos) << "no amounts";

  const auto env = network.run("env");
  EXPECT_NE(env.out.find("export GIRO_PROFILE='" + network.profile().string() + "'"),
            std::string::npos);
  EXPECT_EQ(network.run("logs").exit_code, 0);
}

// A profile that shows another certificate and knows one node.
std::filesystem::path profile_of(const testnet::Network& network, const testnet::Node& node,
                                 const std::string& certificate) {
  auto profile = *config::load_profile(network.profile(), {}).value;
  profile.api = {network.url(node)};
  profile.tls->client = {certificate + ".pem", certificate + ".key"};
  const std::filesystem::path file = certificate + ".toml";
  std::ofstream(file) << config::write_profile(profile);
  return file;
}

TEST(Testnet, With_mutual_TLS_each_client_may_what_its_row_says) {
  const Folder folder;
  const Network network(folder.path() / "net");
  const Ran up = network.run("up", {"--mtls", "--json"});
  ASSERT_EQ(up.exit_code, 0) << up.err;
  const auto node_form = array_field(up.document(), "nodes")->at(0).as_object();
  EXPECT_TRUE(text_field(node_form, "api").starts_with("https://"));
  const Ran paid = run_giro({"pay", "ALICE", "BOB", "1.23"}, network.profile());
  EXPECT_EQ(paid.exit_code, 0) << paid.err;
  EXPECT_EQ(run_giro({"events", "--after", "0.0"}, network.profile()).exit_code, 0);
  EXPECT_EQ(run_giro({"status", "--why", "--api", text_field(node_form, "api")}, network.profile())
                .exit_code,
            0);

  const auto described = **testnet::load_network(network.directory);
  const auto& bank_b = *described.find("bank-b");
  const std::string books = (folder.path() / "books").string();
  const Ran made =
      run_giro({"keys", "client", books, "--institution", "bank-b", "--roles", "reader,observer"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const auto profile = profile_of(described, bank_b, books);
  const std::string config = described.node_config(bank_b).string();
  const auto clients = described.node_directory(bank_b) / "clients.toml";
  const std::string before = read_text(clients);
  EXPECT_EQ(run_giro({"account", "show", "BOB"}, profile).exit_code, 77) << "it is not known yet";
  std::ofstream(clients, std::ios::app) << made.out;
  const Ran reloaded = run_giro({"reload", "--config", config});
  ASSERT_EQ(reloaded.exit_code, 0) << reloaded.err;
  EXPECT_EQ(run_giro({"account", "show", "BOB"}, profile).exit_code, 0);
  EXPECT_EQ(run_giro({"account", "show", "ALICE"}, profile).exit_code, 77);
  const Ran refused = run_giro({"pay", "BOB", "ALICE", "0.10"}, profile);
  EXPECT_EQ(refused.exit_code, 77) << refused.out << refused.err;
  std::ofstream(clients) << before << "[[client]]\nname = \"x\"\n";
  const Ran wrong = run_giro({"reload", "--config", config});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_NE(wrong.err.find("key_sha256"), std::string::npos) << wrong.err;
  EXPECT_EQ(run_giro({"account", "show", "BOB"}, profile).exit_code, 0);
  std::ofstream(clients) << before;
  EXPECT_EQ(run_giro({"reload", "--config", config}).exit_code, 0);
  EXPECT_EQ(run_giro({"account", "show", "BOB"}, profile).exit_code, 77);

  ASSERT_EQ(network.run("down").exit_code, 0);
  EXPECT_EQ(run_giro({"reload", "--config", config}).exit_code, 69);
  const Ran again = network.run("up", {"--json"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_TRUE(text_field(array_field(again.document(), "nodes")->at(0).as_object(), "api")
                  .starts_with("https://"))
      << "it is still the same network";
}

}  // namespace
}  // namespace giro::process_test
