#include "tests/process/stream.h"

#include <atomic>
#include <boost/json.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include "consensus/wire/codec.h"
#include "node/client/json_fields.h"
#include "storage/file_posix.h"
#include "storage/log.h"

namespace giro::process_test {
namespace {

using client::number_field;
using client::object_field;
using client::text_field;

TEST_F(StreamTest, A_backup_killed_and_another_paused_under_load_lose_nothing) {
  constexpr std::size_t kClients = 3, kStep = 12;
  Stream stream;
  for (std::size_t i = 0; i < kClients; ++i) {
    stream.add(payer(i));
  }
  ASSERT_TRUE(stream.more(kStep)) << "all four up";

  const auto victims = backups();
  ASSERT_GE(victims.size(), 2U);
  supervisor_->signal(victims[0], SIGKILL);
  ASSERT_TRUE(supervisor_->wait_for_exit(victims[0], kPatience).has_value());
  EXPECT_TRUE(stream.more(kStep)) << "three of four are a quorum";
  ASSERT_TRUE(supervisor_->start(victims[0]).has_value());
  wait_ready();
  EXPECT_TRUE(stream.more(kStep));

  supervisor_->signal(victims[1], SIGSTOP);
  EXPECT_TRUE(stream.more(kStep)) << "one validator hears nothing";
  supervisor_->signal(victims[1], SIGCONT);
  wait_ready();
  EXPECT_TRUE(stream.more(kStep));
  const auto all = stream.end();

  // Every operation has one outcome, the same at all four, and its receipt was verified by send().
  std::uint64_t highest = 0;
  for (const auto& sent : all) highest = std::max(highest, sent.result.height);
  wait_height(highest);
  std::size_t committed = 0;
  for (const auto& sent : all) {
    EXPECT_EQ(sent.result.status, "COMMITTED") << sent.result.code;
    EXPECT_TRUE(sent.receipt.has_value());
    committed += sent.result.status == "COMMITTED" ? 1 : 0;
  }
  expect_same_outcomes(all);
  expect_equal_headers();
  expect_conservation();
  // BOB has exactly what was paid: nothing twice, nothing lost.
  auto reader = session();
  const auto bob = client::parse_account("BOB", reader.profile);
  for (const auto& node : nodes()) {
    const auto account = get(node, "/v1/accounts/" + crypto::to_hex(bob->id));
    for (const auto& position : *client::array_field(account, "positions")) {
      if (text_field(position.get_object(), "token") != "bank-b.EUR") continue;
      EXPECT_EQ(text_field(position.get_object(), "posted"), ledger::to_decimal({0, committed}, 2))
          << node.name;
    }
  }
}

TEST_F(StreamTest, All_four_killed_at_once_go_on_from_their_disks) {
  Stream stream;
  stream.add(payer(0));
  ASSERT_TRUE(stream.more(5));
  for (const auto& node : nodes()) supervisor_->signal(node.name, SIGKILL);
  for (const auto& node : nodes()) {
    ASSERT_TRUE(supervisor_->wait_for_exit(node.name, kPatience).has_value());
    ASSERT_TRUE(supervisor_->start(node.name).has_value());
  }
  wait_ready();
  EXPECT_TRUE(stream.more(5));
  expect_settled(stream.end());
}

TEST_F(StreamTest, A_validator_that_lost_its_data_is_rebuilt_from_the_others_and_votes_again) {
  Stream stream;
  stream.add(payer(0));
  ASSERT_TRUE(stream.more(5));
  const std::string victim = backups().front();
  const testnet::Network& network = supervisor_->network();
  const testnet::Node& node = *network.find(victim);
  supervisor_->signal(victim, SIGKILL);
  ASSERT_TRUE(supervisor_->wait_for_exit(victim, kPatience).has_value());
  const auto wiped = std::chrono::steady_clock::now();
  ASSERT_GT(std::filesystem::remove_all(network.node_directory(node) / "data"), 0U);

  const std::string config = network.node_config(node).string();
  const Ran refused = run_giro({"start", "--config", config});
  EXPECT_EQ(refused.exit_code, 78);
  EXPECT_NE(refused.err.find("giro recover --from-peers"), std::string::npos) << refused.err;
  EXPECT_EQ(run_giro({"recover", "--config", config}).exit_code, 2) << "says from where";
  const Ran recovered = run_giro({"recover", "--from-peers", "--config", config});
  EXPECT_EQ(recovered.exit_code, 0) << recovered.err;
  EXPECT_NE(recovered.err.find("votes again above height"), std::string::npos) << recovered.err;
  ASSERT_TRUE(supervisor_->start(victim).has_value());
  wait_ready();
  EXPECT_LE(std::chrono::steady_clock::now() - wiped, kVotingAgain);
  EXPECT_TRUE(stream.more(5));
  expect_settled(stream.end());
}

// Epochs that are over soon.
class ShortEpochs : public StreamTest {
 protected:
  static constexpr std::uint64_t kEpochBlocks = 20;
  void adjust(config::DemoSetup& setup) const override {
    setup.parameters.epoch_blocks = kEpochBlocks;
    setup.parameters.window = 8;
    setup.parameters.idle_block_interval_ms = 200;
  }
  // The floor in a log, and that nothing at or below it was promised there.
  static void expect_silence_below_the_floor(const std::filesystem::path& log_directory) {
    storage::PosixFilePort files;
    std::optional<consensus::Floor> floor;
    std::size_t promises = 0;
    const auto look = [&](consensus::Epoch epoch, consensus::Height height) {
      ASSERT_TRUE(floor.has_value());
      EXPECT_GT(epoch, floor->epoch);
      EXPECT_GT(height, floor->height);
      ++promises;
    };
    const auto log = storage::Log::open(
        files, log_directory.string(), {}, [&](const storage::LogRecord& stored) {
          const auto record = consensus::wire::decode_record(static_cast<std::uint8_t>(stored.type),
                                                             stored.payload);
          ASSERT_TRUE(record.has_value());
          if (const auto* lost = std::get_if<consensus::AmnesiaRecord>(&*record))
            floor = lost->floor;
          if (const auto* vote = std::get_if<consensus::VoteRecord>(&*record))
            look(vote->content.epoch, vote->content.height);
          if (const auto* change = std::get_if<consensus::ViewChangeRecord>(&*record))
            look(change->change.change.epoch, {UINT64_MAX});
          if (const auto* made = std::get_if<consensus::NewViewIntentRecord>(&*record))
            look(made->new_view.epoch, {UINT64_MAX});
        });
    ASSERT_TRUE(log.has_value()) << log.error().text;
    ASSERT_TRUE(floor.has_value());
    EXPECT_EQ(floor->height.value % kEpochBlocks, 0U) << "the end of an epoch";
    EXPECT_GT(promises, 0U);
  }
};

TEST_F(ShortEpochs, A_validator_that_lost_data_and_sign_state_votes_again_from_a_later_epoch_on) {
  Stream stream;
  stream.add(payer(0));
  ASSERT_TRUE(stream.more(5));
  const std::string victim = backups().front();
  const testnet::Network& network = supervisor_->network();
  const testnet::Node& node = *network.find(victim);
  const std::filesystem::path home = network.node_directory(node);
  supervisor_->signal(victim, SIGKILL);
  ASSERT_TRUE(supervisor_->wait_for_exit(victim, kPatience).has_value());
  const auto wiped = std::chrono::steady_clock::now();
  ASSERT_GT(std::filesystem::remove_all(home / "data"), 0U);
  ASSERT_GT(std::filesystem::remove_all(home / "sign-state"), 0U);

  const std::string config = network.node_config(node).string();
  const Ran refused = run_giro({"start", "--config", config});
  EXPECT_EQ(refused.exit_code, 78);
  EXPECT_NE(refused.err.find("giro recover --from-peers"), std::string::npos) << refused.err;
  const Ran again = run_giro(
      {"init", "--home", home.string(), "--name", victim, "--genesis", network.genesis().string()});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_FALSE(std::filesystem::exists(home / "sign-state")) << "neither makes an empty one";
  const Ran recovered = run_giro({"recover", "--from-peers", "--config", config});
  EXPECT_EQ(recovered.exit_code, 0) << recovered.err;
  EXPECT_NE(recovered.err.find("3 validators have said"), std::string::npos) << recovered.err;
  const std::string other =
      network.node_config(nodes()[victim == nodes()[0].name ? 1 : 0]).string();
  EXPECT_TRUE(until([&] {
    const Ran why = run_giro({"peers", "why", victim, "--config", other});
    return why.out.find("UNREACHABLE") != std::string::npos;
  }));
  ASSERT_TRUE(supervisor_->start(victim).has_value());
  wait_ready();
  EXPECT_LE(std::chrono::steady_clock::now() - wiped, kVotingAgain);
  EXPECT_TRUE(stream.more(5));
  expect_settled(stream.end());
  supervisor_->stop_all(kPatience);
  expect_silence_below_the_floor(home / "data" / "log");
  expect_no_evidence();
}

TEST_F(ShortEpochs, A_sign_state_restored_from_a_copy_is_refused_and_made_anew_above_it) {
  Stream stream;
  stream.add(payer(0));
  const std::string victim = backups().front();
  const testnet::Network& network = supervisor_->network();
  const testnet::Node& node = *network.find(victim);
  const std::filesystem::path home = network.node_directory(node);
  std::filesystem::copy(home / "sign-state", home / "copy",
                        std::filesystem::copy_options::recursive);
  const auto epoch = [&] { return number_field(get(nodes()[0], "/v1/node"), "epoch"); };
  const std::uint64_t copied_in = epoch();
  ASSERT_TRUE(until([&] { return epoch() >= copied_in + 2; }));
  supervisor_->signal(victim, SIGKILL);
  ASSERT_TRUE(supervisor_->wait_for_exit(victim, kPatience).has_value());
  std::filesystem::remove_all(home / "sign-state");
  std::filesystem::rename(home / "copy", home / "sign-state");

  const std::string config = network.node_config(node).string();
  const Ran refused = run_giro({"start", "--config", config});
  EXPECT_EQ(refused.exit_code, 78);
  EXPECT_NE(refused.err.find("restored from a copy"), std::string::npos) << refused.err;
  const Ran recovered = run_giro({"recover", "--from-peers", "--config", config});
  EXPECT_EQ(recovered.exit_code, 0) << recovered.err;
  ASSERT_TRUE(supervisor_->start(victim).has_value());
  wait_ready();
  EXPECT_TRUE(stream.more(5));
  expect_settled(stream.end());
  expect_no_evidence();
}

// Epochs that last as long as it takes to look at them.
class LongerEpochs : public ShortEpochs {
 protected:
  void adjust(config::DemoSetup& setup) const override {
    ShortEpochs::adjust(setup);
    setup.parameters.epoch_blocks = 400;
    setup.parameters.idle_block_interval_ms = 100;
  }
};

// While another one is down, every certificate needs the victim's vote: the first that it is shown
// is above the copy.
TEST_F(LongerEpochs, A_copy_of_the_sign_state_beside_lost_data_is_found_out_and_made_anew) {
  Stream stream;
  stream.add(payer(0));
  const std::string victim = backups().at(0);
  const std::string other = backups().at(1);
  const testnet::Network& network = supervisor_->network();
  const testnet::Node& node = *network.find(victim);
  const std::filesystem::path home = network.node_directory(node);
  std::filesystem::copy(home / "sign-state", home / "copy",
                        std::filesystem::copy_options::recursive);
  supervisor_->signal(other, SIGKILL);
  ASSERT_TRUE(supervisor_->wait_for_exit(other, kPatience).has_value());
  ASSERT_TRUE(until([&] {
    const auto shown = get(node, "/v1/node");
    const auto* heights = object_field(shown, "height");
    return heights != nullptr && number_field(*heights, "stored") >= 100;
  }));
  supervisor_->signal(victim, SIGKILL);
  ASSERT_TRUE(supervisor_->wait_for_exit(victim, kPatience).has_value());
  std::filesystem::remove_all(home / "data");
  std::filesystem::remove_all(home / "sign-state");
  std::filesystem::rename(home / "copy", home / "sign-state");
  std::thread helper([&] {  // its answer is needed, once it is asked for
    EXPECT_TRUE(until([&] {
      const auto shown =
          client::Client({config::ApiUrl{false, node.api_address()}}).get("/v1/node");
      return shown && shown->is_object() && shown->get_object().contains("floor_search");
    }));
    EXPECT_TRUE(supervisor_->start(other).has_value());
  });
  const Ran recovered =
      run_giro({"recover", "--from-peers", "--config", network.node_config(node).string()});
  helper.join();
  EXPECT_EQ(recovered.exit_code, 0) << recovered.err;
  EXPECT_NE(recovered.err.find("3 validators have said"), std::string::npos) << recovered.err;
  ASSERT_TRUE(supervisor_->start(victim).has_value());
  wait_ready();
  EXPECT_TRUE(stream.more(5));
  expect_settled(stream.end());
  expect_no_evidence();
}

TEST_F(StreamTest, A_log_damaged_before_its_tail_is_set_aside_and_the_validator_comes_back) {
  Stream stream;
  stream.add(payer(0));
  ASSERT_TRUE(stream.more(10));
  const std::string victim = backups().front();
  const testnet::Network& network = supervisor_->network();
  const std::filesystem::path data = network.node_directory(*network.find(victim)) / "data";
  supervisor_->signal(victim, SIGKILL);
  ASSERT_TRUE(supervisor_->wait_for_exit(victim, kPatience).has_value());
  const auto segment = *std::filesystem::directory_iterator(data / "log");
  std::fstream file(segment.path(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096);
  file.write("damaged!", 8);
  file.close();
  ASSERT_TRUE(supervisor_->start(victim).has_value());
  wait_ready();
  EXPECT_TRUE(std::filesystem::exists(data / "quarantine"));
  EXPECT_TRUE(stream.more(5));
  expect_settled(stream.end());

  const std::string config = network.node_config(*network.find(victim)).string();
  const Ran running = run_giro({"db", "verify", "--config", config});
  EXPECT_EQ(running.exit_code, 1) << "the node runs";
  supervisor_->signal(victim, SIGTERM);
  ASSERT_TRUE(supervisor_->wait_for_exit(victim, kPatience).has_value());
  const Ran verified = run_giro({"db", "verify", "--json", "--config", config});
  ASSERT_EQ(verified.exit_code, 0) << verified.err;
  EXPECT_EQ(client::text_field(verified.document(), "base"), "0");
  EXPECT_GE(client::number_field(verified.document(), "operations"), 15U);
  EXPECT_GE(client::number_field(verified.document(), "certificates"), 1U);
  EXPECT_NE(verified.err.find("(100 %)"), std::string::npos) << verified.err;
  const Ran usage = run_giro({"db", "usage", "--json", "--config", config});
  ASSERT_EQ(usage.exit_code, 0) << usage.err;
  for (const char* part : {"log", "state", "quarantine"})
    EXPECT_GT(client::number_field(usage.document().at("bytes").as_object(), part), 0U) << part;
  EXPECT_TRUE(supervisor_->start(victim).has_value());
  wait_ready();
}

// A power failure may leave a store so, whose writes are not synced; the log has it all.
TEST_F(StreamTest, A_damaged_store_is_rebuilt_from_the_log) {
  Stream stream;
  stream.add(payer(0));
  ASSERT_TRUE(stream.more(10));
  const std::string victim = backups().front();
  const testnet::Network& network = supervisor_->network();
  const std::filesystem::path data = network.node_directory(*network.find(victim)) / "data";
  supervisor_->signal(victim, SIGKILL);
  ASSERT_TRUE(supervisor_->wait_for_exit(victim, kPatience).has_value());
  std::ofstream(data / "state" / "CURRENT") << "MANIFEST-999999\n";
  ASSERT_TRUE(supervisor_->start(victim).has_value());
  wait_ready();
  EXPECT_TRUE(std::filesystem::exists(data / "quarantine"));
  EXPECT_TRUE(stream.more(5));
  expect_settled(stream.end());
}

TEST_F(ClusterTest, The_same_operation_sent_ten_times_has_one_effect_and_one_outcome) {
  constexpr std::size_t kTimes = 10;
  auto own = session();
  const auto entry = payment(own, "7.00");
  const std::string body(crypto::as_text(entry.signed_operation));
  std::vector<client::HttpAnswer> answers(kTimes);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kTimes; ++i) {
    threads.emplace_back([&, i] {
      client::HttpClient http({false, nodes()[i % nodes().size()].api_address()});
      auto answer = http.send("POST", "/v1/operations?wait=committed&timeout=30s",
                              "application/x-protobuf", body, kPatience);
      ASSERT_TRUE(answer.has_value()) << answer.error().message;
      answers[i] = std::move(*answer);
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::string> receipts;
  for (const auto& answer : answers) {
    ASSERT_EQ(answer.status, 200U) << answer.body;
    const auto result = client::parse_operation_result(answer.body);
    ASSERT_TRUE(result.has_value());
    EXPECT_EQ(result->status, "COMMITTED") << result->code;
    receipts.insert(result->receipt_id);
  }
  EXPECT_EQ(receipts.size(), 1U);
  const auto final_status = client::parse_operation_result(answers.front().body);
  wait_height(final_status->height);

  const auto alice = client::parse_account("ALICE", own.profile);
  for (const auto& node : nodes()) {
    const auto account = get(node, "/v1/accounts/" + crypto::to_hex(alice->id));
    for (const auto& position : *client::array_field(account, "positions")) {
      if (text_field(position.get_object(), "token") != "bank-a.EUR") continue;
      EXPECT_EQ(text_field(position.get_object(), "posted"), "993.00") << node.name;
    }
  }

  // Another body under the same id is refused by every validator, and changes nothing.
  const auto directory = client::Directory::from_node(own.client, own.genesis);
  ASSERT_TRUE(directory.has_value());
  const client::PaymentRequest request{.from = *alice,
                                       .to = *client::parse_account("BOB", own.profile),
                                       .amount = "8.00",
                                       .currency = "EUR",
                                       .settle_token = {},
                                       .purpose = {},
                                       .travel_rule_data = {},
                                       .throwaway = true};
  const client::DraftOptions options{.op_id = entry.op_id, .now_ms = client::now_ms()};
  const auto draft = client::draft_payment(own.client, *directory, request, options, own.keys,
                                           own.genesis.chain_id);
  ASSERT_TRUE(draft.has_value()) << draft.error().to_string();
  const auto other = client::sign(draft->draft, own.keys, own.genesis.chain_id);
  ASSERT_TRUE(other.has_value());
  for (const auto& node : nodes()) {
    client::HttpClient http({false, node.api_address()});
    const auto answer = http.send("POST", "/v1/operations", "application/x-protobuf",
                                  std::string(crypto::as_text(other->signed_operation)), kPatience);
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->status, 409U) << node.name << answer->body;
  }
  expect_conservation();
}

}  // namespace
}  // namespace giro::process_test
