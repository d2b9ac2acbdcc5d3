// Somebody else where a validator should be: another key, chain, version or time. Each validator
// that lives says so (surface 2.3).
#include <boost/asio.hpp>
#include <thread>

#include "p2p/mesh.h"
#include "testnet/process.h"
#include "testnet/setup.h"
#include "tests/process/cluster.h"

namespace giro::process_test {
namespace {

class ImpostorTest : public ClusterTest {
 protected:
  // In the place of bank-d, with these variables.
  void start_impostor(const std::filesystem::path& config, std::vector<std::string> variables) {
    testnet::Command command;
    command.arguments = {"/usr/bin/env"};
    for (auto& one : variables) command.arguments.push_back(std::move(one));
    for (const std::string& one :
         {giro_program().string(), std::string("start"), std::string("--config"), config.string(),
          std::string("--die-with-parent"), std::to_string(::getpid())})
      command.arguments.push_back(one);
    command.output = folder_.path() / "impostor.log";
    auto started = testnet::Process::start(command);
    ASSERT_TRUE(started.has_value()) << started.error();
    impostor_.emplace(std::move(*started));
  }
  void TearDown() override {
    if (impostor_) impostor_->stop(kPatience);
    if (HasFailure()) std::cerr << "--- impostor\n" << read_text(folder_.path() / "impostor.log");
    ClusterTest::TearDown();
  }
  void expect_named(const std::string& cause) const {
    expect_cause("bank-d", cause, {"bank-a", "bank-b", "bank-c"});
  }
  void expect_well_again() {
    if (impostor_) impostor_->stop(kPatience);
    impostor_.reset();
    start("bank-d");
    expect_named("");
    wait_ready();
  }

  std::optional<testnet::Process> impostor_;
};

TEST_F(ImpostorTest, Another_key_and_another_chain) {
  kill("bank-d");
  expect_named("UNREACHABLE");
  const auto config = supervisor_->network().node_config(node("bank-d"));
  const auto key = (folder_.path() / "fresh.key").string();
  const auto passphrase = supervisor_->network().directory / "passphrase";
  const Ran made = run_giro({"keys", "gen", key, "--throwaway", "--passphrase-file",
                             passphrase.string(), "--validator", config.string()});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  start_impostor(config, {"GIRO_KEYS__VALIDATOR__PATH=" + key,
                          "GIRO_KEYS__VALIDATOR__PASSPHRASE__FILE=" + passphrase.string()});
  expect_named("WRONG_KEY");
  expect_well_again();

  // The same names and ports, and another genesis file.
  testnet::Network other = supervisor_->network();
  other.directory = folder_.path() / "other";
  const auto set_up = testnet::set_up(other, giro_program());
  ASSERT_TRUE(set_up.has_value()) << set_up.error();
  kill("bank-d");
  start_impostor(other.node_config(*other.find("bank-d")), {});
  expect_named("WRONG_CHAIN");
  expect_well_again();
}

// Half a second beyond what is told, and half a second within what the protocol bears with.
TEST_F(ImpostorTest, A_clock_that_is_wrong) {
  kill("bank-d");
  const auto config = supervisor_->network().node_config(node("bank-d"));
  start_impostor(config, {"LD_PRELOAD=" GIRO_FAKETIME, "FAKETIME=+1.5", "DONT_FAKE_MONOTONIC=1"});
  expect_named("CLOCK_SKEW");
  // Its own, as it sees three that agree.
  expect_cause("bank-d", "CLOCK_SKEW", {"bank-d"});
  expect_well_again();
}

// As a later release would answer, until the set is upgraded.
TEST_F(ImpostorTest, A_version_that_is_not_spoken_here) {
  kill("bank-d");
  const auto directory = supervisor_->network().node_directory(node("bank-d")) / "tls";
  auto certificate = p2p::read_certificate(directory / "peer.pem", directory / "peer.key");
  ASSERT_TRUE(certificate.has_value());
  crypto::KeySigner signer(crypto::SecretKey::generate());
  boost::asio::io_context context{1};
  p2p::Mesh mesh(context,
                 {.terms = {.version = p2p::kProtocolVersion + 1, .chain = {}, .parameters = {}},
                  .signer = &signer,
                  .certificate = *certificate,
                  .listen_host = "127.0.0.1",
                  .listen_port = node("bank-d").p2p,
                  .peers = {},
                  .jitter = {},
                  .families = p2p::kFamilyDefaults,
                  .admission = {},
                  .timing = {}},
                 {});
  const auto listens = mesh.start();
  ASSERT_TRUE(listens.has_value()) << listens.error();
  std::thread loop([&context] { context.run(); });
  expect_named("VERSION_MISMATCH");
  boost::asio::post(context, [&] {
    mesh.stop();
    context.stop();
  });
  loop.join();
  expect_well_again();
}

}  // namespace
}  // namespace giro::process_test
