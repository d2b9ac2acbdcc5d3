#include "node/runtime/start.h"

#include <gtest/gtest.h>

#include "node/config/demo_genesis.h"
#include "storage/file_memory.h"
#include "storage/key_value_memory.h"

namespace giro::runtime {
namespace {

// A validator's files on a disk in memory.
class StartTest : public testing::Test {
 protected:
  StartTest() {
    config::DemoSetup setup;
    setup.time = {1'700'000'000'000};
    for (const auto& entry : config::demo_operators())
      setup.operators.emplace(entry, crypto::SecretKey::generate().public_key());
    std::uint16_t port = 7301;
    for (const auto& name : config::demo_validators()) {
      auto key = crypto::SecretKey::generate();
      setup.validators.emplace(name,
                               config::DemoValidator{key.public_key(), {"127.0.0.1", port++}});
      keys_.emplace(name, std::move(key));
    }
    const std::string genesis = config::write_genesis_file(config::demo_genesis(setup));
    config_.name = "bank-a";
    config_.genesis = "/genesis.json";
    config_.chain_id = config::chain_id_of(genesis);
    config_.data_dir = "/data";
    config_.sign_state_dir = "/sign";
    config_.validator_key.emplace();
    EXPECT_TRUE(storage::write_whole(disk_, "/genesis.json", crypto::as_view(genesis)).has_value());
    EXPECT_TRUE(create_sign_state(config_, platform()).has_value());
  }

  Platform platform() {
    return {
        .files = disk_,
        .open_store =
            [](const std::string&) { return std::make_unique<storage::MemoryKeyValueStore>(); },
        .open_key =
            [this](const config::NodeConfig&) {
              const auto secret = keys_.at("bank-a").reveal();
              return std::make_unique<crypto::KeySigner>(*crypto::SecretKey::from_bytes(secret));
            },
        .log = {.segment_bytes = 64 * 1024, .salt = storage::LogSalt{}},
        .random = [](std::span<std::byte> out) { std::ranges::fill(out, std::byte{7}); }};
  }
  std::expected<Opened, StartError> open() {
    return open_node(config_, StartMode::Normal, platform(), [](const std::string&) {});
  }
  // A start that is recorded in the log, and dies before the sign state is raised.
  void start_and_die_at_the_raise() {
    // The opening of the sign state writes as well: it makes durable what it read.
    bool is_open = false, is_recorded = false;
    disk_.set_faults([&](storage::FileOperation operation,
                         std::string_view path) -> std::optional<storage::FileFault> {
      using storage::FileOperation;
      const bool is_ceiling = path.starts_with("/sign") && path.ends_with("/ceiling");
      is_open = is_open || is_ceiling;
      is_recorded = is_recorded ||
                    (is_open && operation == FileOperation::Sync && path.starts_with("/data/log"));
      if (!is_recorded || !is_ceiling || operation != FileOperation::Write) return std::nullopt;
      return storage::FileFault{};
    });
    const auto opened = open();
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, ExitCode::WriteFailed) << opened.error().message;
    disk_.set_faults({});
    disk_.crash(storage::Crash::lose_unsynced());
  }

  storage::MemoryFilePort disk_;
  std::map<std::string, crypto::SecretKey> keys_;
  config::NodeConfig config_;
};

TEST_F(StartTest, A_start_is_recorded_in_log_and_sign_state) {
  auto first = open();
  ASSERT_TRUE(first.has_value()) << first.error().message;
  EXPECT_EQ(first->ceiling.number, 1U);
  first = std::unexpected(StartError{});
  disk_.crash(storage::Crash::lose_unsynced());
  const auto second = open();
  ASSERT_TRUE(second.has_value()) << second.error().message;
  EXPECT_EQ(second->ceiling.number, 2U);
}

// Else the log would be two ahead, and the sign state would count as restored from a copy
// (protocol R37).
TEST_F(StartTest, Dying_twice_between_log_and_sign_state_is_no_restored_copy) {
  start_and_die_at_the_raise();
  start_and_die_at_the_raise();
  start_and_die_at_the_raise();
  const auto opened = open();
  EXPECT_TRUE(opened.has_value()) << opened.error().message;
}

TEST_F(StartTest, A_sign_state_from_a_copy_is_refused) {
  const auto path = storage::SignState::path_of("/sign", keys_.at("bank-a").public_key());
  ASSERT_TRUE(open().has_value());
  const auto copy = storage::read_whole(disk_, path + "/ceiling", 64 * 1024);
  ASSERT_TRUE(copy.has_value());
  ASSERT_TRUE(open().has_value());
  ASSERT_TRUE(open().has_value());
  ASSERT_TRUE(storage::write_whole(disk_, path + "/ceiling", *copy).has_value());
  const auto opened = open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ExitCode::Configuration);
  EXPECT_NE(opened.error().message.find("restored from a copy"), std::string::npos);
}

}  // namespace
}  // namespace giro::runtime
