// Two processes with one validator key, at once or one after the other (assurance C09, C16;
// protocol R37, R40, R46). They may cost that validator its vote. They never make two histories,
// and somebody says whose key it is.
#include <unistd.h>

#include <boost/json.hpp>
#include <csignal>
#include <filesystem>
#include <iostream>

#include "testnet/ports.h"
#include "testnet/process.h"
#include "tests/process/partition.h"

namespace giro::process_test {
namespace {

using client::array_field;
using client::number_field;
using client::text_field;

class CloneTest : public PartitionTest {
 protected:
  // What the validator remembers, log and sign state, as at one instant.
  void copy_memory(const std::string& of) {
    supervisor_->signal(of, SIGSTOP);
    copy_now(of);
    supervisor_->signal(of, SIGCONT);
  }
  void copy_now(const std::string& of) {
    const auto from = supervisor_->network().node_directory(node(of));
    std::filesystem::create_directories(copy_);
    for (const char* part : {"data", "sign-state"}) {
      std::filesystem::copy(from / part, copy_ / part, std::filesystem::copy_options::recursive);
    }
  }
  // A process with the key of that validator and the copied memory, elsewhere.
  void start_clone(const std::string& of) {
    ASSERT_NO_FATAL_FAILURE(spawn_clone(of));
    ASSERT_TRUE(until([&] { return newest(clone_node_).height > 0; }));
    ports_.reset();
  }
  // It ends with that code, and those words.
  void expect_refused(const std::string& of, const std::string& words) {
    std::filesystem::remove(clone_log());  // what earlier runs said
    ASSERT_NO_FATAL_FAILURE(spawn_clone(of));
    const auto ended = clone_->wait(kPatience);
    ports_.reset();
    ASSERT_TRUE(ended.has_value());
    EXPECT_EQ(ended->number, 78);
    EXPECT_NE(read_text(clone_log()).find(words), std::string::npos);
  }
  std::filesystem::path clone_log() const { return folder_.path() / "clone.log"; }
  void spawn_clone(const std::string& of) {
    auto lock = testnet::PortLock::take();
    ASSERT_TRUE(lock.has_value()) << lock.error();
    ports_.emplace(std::move(*lock));
    testnet::Network alone;
    alone.nodes.push_back({.name = of});
    ASSERT_TRUE(testnet::choose_ports(alone).has_value());
    clone_node_ = alone.nodes.front();
    const auto set = [](const std::string& key, const std::string& value) {
      return "GIRO_" + key + "=" + value;
    };
    testnet::Command command;
    command.arguments = {"/usr/bin/env",
                         set("DATA_DIR", (copy_ / "data").string()),
                         set("SIGN_STATE_DIR", (copy_ / "sign-state").string()),
                         set("P2P__LISTEN", clone_node_.p2p_address().to_string()),
                         set("API__LISTEN", clone_node_.api_address().to_string()),
                         set("OPS__LISTEN", clone_node_.ops_address().to_string()),
                         set("OPS__SOCKET", (folder_.path() / "clone.sock").string()),
                         giro_program().string(),
                         "start",
                         "--config",
                         supervisor_->network().node_config(node(of)).string(),
                         "--die-with-parent",
                         std::to_string(::getpid())};
    command.output = clone_log();
    auto started = testnet::Process::start(command);
    ASSERT_TRUE(started.has_value()) << started.error();
    clone_.emplace(std::move(*started));
  }
  void TearDown() override {
    clone_.reset();
    ports_.reset();
    if (HasFailure()) std::cerr << "--- clone\n" << read_text(clone_log());
    PartitionTest::TearDown();
  }
  static std::string stopped(const testnet::Node& node) {
    return text_field(ask(node, "/v1/node"), "votes_stopped");
  }
  // How often the validator is named in what that one holds.
  static std::size_t proofs_against(const std::string& name, const testnet::Node& at) {
    const auto document = ask(at, "/v1/evidence");
    const auto* items = array_field(document, "items");
    return items == nullptr
               ? 0
               : static_cast<std::size_t>(std::ranges::count_if(*items, [&](const auto& item) {
                   return text_field(item.get_object(), "validator") == name;
                 }));
  }
  void expect_no_proofs() const {
    for (const auto& at : nodes()) {
      for (const auto& of : nodes())
        EXPECT_EQ(proofs_against(of.name, at), 0U) << of.name << " at " << at.name;
    }
  }

  std::filesystem::path copy_ = folder_.path() / "copy";
  testnet::Node clone_node_;
  std::optional<testnet::PortLock> ports_;  // until the clone has bound them, or has ended
  std::optional<testnet::Process> clone_;
};

TEST_F(CloneTest, A_clone_beside_its_original_stops_voting_and_says_why) {
  const std::string victim = backups()[0];
  const std::string away = backups()[1];  // then every certificate needs the victim's vote
  Stream stream;
  stream.add(payer(place_of(leader())));
  ASSERT_TRUE(stream.more(5));
  copy_memory(victim);
  kill(away);
  ASSERT_TRUE(stream.more(5));
  ASSERT_NO_FATAL_FAILURE(start_clone(victim));
  EXPECT_TRUE(until([&] { return stopped(clone_node_) == "KEY_USED_ELSEWHERE"; }));
  EXPECT_EQ(stopped(node(victim)), "") << "it remembers what it has signed";
  const std::string refused = "giro_sign_refused_total{reason=\"key_used_elsewhere\"}";
  EXPECT_TRUE(until([&] { return metric(clone_node_, refused) == 1; }));
  EXPECT_EQ(metric(node(victim), refused), 0);
  EXPECT_TRUE(stream.more(5));
  clone_->stop(kPatience);
  // What it knows now it keeps: its sign state is no longer the key's.
  expect_refused(victim, "this key has signed what neither log nor sign state tells");
  start(away);
  wait_ready();
  EXPECT_TRUE(stream.more(5));
  expect_settled(stream.end());
  expect_no_proofs();
}

TEST_F(CloneTest, An_old_copy_started_instead_of_its_original_stops_voting_and_says_why) {
  const std::string victim = leader();
  const std::string away = others_than(victim)[1];
  Stream stream;
  stream.add(payer(place_of(others_than(victim)[0])));
  ASSERT_TRUE(stream.more(5));
  copy_memory(victim);
  kill(away);
  ASSERT_TRUE(stream.more(5));
  kill(victim);
  ASSERT_NO_FATAL_FAILURE(start_clone(victim));
  EXPECT_TRUE(until([&] { return stopped(clone_node_) == "KEY_USED_ELSEWHERE"; }));
  for (const auto& other : others_than(victim)) {
    if (other == away) continue;
    expect_cause(victim, "SIGN_REFUSED", {other});
  }
  clone_->stop(kPatience);
  expect_refused(victim, "this key has signed what neither log nor sign state tells");
  std::filesystem::remove_all(copy_ / "sign-state");
  expect_refused(victim, "learn from the other validators how far this key may have signed");
  start(victim);
  start(away);
  wait_ready();
  EXPECT_TRUE(stream.more(5));
  expect_settled(stream.end());
  expect_no_proofs();
}

// Nobody is suspected while the test looks.
class PatientCloneTest : public CloneTest {
 protected:
  void adjust(config::DemoSetup& setup) const override {
    setup.parameters.view_timeout_base_ms = 3000;
    setup.parameters.idle_block_interval_ms = 2000;
  }
  // What it has accepted beyond what is committed.
  static std::uint64_t open_blocks(const testnet::Node& node) {
    const auto shown = ask(node, "/v1/node");
    const auto* heights = client::object_field(shown, "height");
    if (heights == nullptr) return 0;
    return number_field(*heights, "tip") - number_field(*heights, "committed");
  }
};

// The primary hangs, and its clone proposes the next block to the one validator that both reach.
// Then the primary goes on, and proposes another.
TEST_F(PatientCloneTest, R46_Two_proposals_by_one_key_leave_a_proof_that_names_it) {
  const std::string victim = leader();
  const auto others = others_than(victim);
  const testnet::Node& witness = node(others[0]);
  {
    Stream stream;
    stream.add(payer(0));
    ASSERT_TRUE(stream.more(5));
    expect_settled(stream.end());
  }
  // An idle block has just been made: the next one is two seconds away.
  const std::uint64_t height = newest(witness).height;
  ASSERT_TRUE(until([&] { return newest(witness).height > height; }));
  supervisor_->signal(victim, SIGSTOP);
  proxy_->partition({{victim, others[0]}, {others[1], others[2]}});
  copy_now(victim);
  ASSERT_EQ(open_blocks(witness), 0U);
  ASSERT_NO_FATAL_FAILURE(start_clone(victim));
  ASSERT_TRUE(until([&] { return open_blocks(witness) > 0; })) << "the clone leads";
  clone_->signal(SIGKILL);
  ASSERT_TRUE(clone_->wait(kPatience).has_value());
  EXPECT_EQ(proofs_against(victim, witness), 0U);
  supervisor_->signal(victim, SIGCONT);
  EXPECT_TRUE(until([&] { return proofs_against(victim, witness) > 0; }));
  EXPECT_NE(scrape(witness).find("giro_equivocation_total{validator=\"" + victim + "\"} 1"),
            std::string::npos);
  proxy_->heal();
  kill(witness.name);
  start(witness.name);
  // Not of the victim: told of the clone's vote before it votes there itself, it stops for good.
  wait_ready(others);
  EXPECT_EQ(proofs_against(victim, witness), 1U) << "the log keeps it";
  const auto kept = supervisor_->network().node_directory(witness) / "data" / "evidence";
  ASSERT_TRUE(std::filesystem::exists(kept));
  const std::filesystem::directory_iterator files(kept);
  const auto file = boost::json::parse(read_text(files->path())).as_object();
  EXPECT_EQ(text_field(file, "kind"), "CONFLICTING_VOTES") << files->path();
  EXPECT_EQ(array_field(file, "validators")->size(), 4U);
  Stream stream;
  stream.add(payer(0));
  EXPECT_TRUE(stream.more(5));
  expect_settled(stream.end());
}

}  // namespace
}  // namespace giro::process_test
