#include "node/runtime/start.h"

#include <gtest/gtest.h>

#include "consensus/wire/codec.h"
#include "node/config/demo_genesis.h"
#include "storage/file_memory.h"
#include "storage/key_value_memory.h"
#include "tests/unit/node/runtime/execution.h"

namespace giro::runtime {
namespace {

constexpr std::uint64_t kEpochBlocks = 10;

// A validator's files on a disk in memory. The store is lost with each process.
class StartTest : public testing::Test {
 protected:
  StartTest() {
    config::DemoSetup setup;
    setup.time = {1'700'000'000'000};
    setup.parameters.epoch_blocks = kEpochBlocks;
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
              const auto secret = keys_.at(key_).reveal();
              return std::make_unique<crypto::KeySigner>(*crypto::SecretKey::from_bytes(secret));
            },
        .log = {.segment_bytes = 64 * 1024, .salt = storage::LogSalt{}},
        .random = [](std::span<std::byte> out) { std::ranges::fill(out, std::byte{7}); }};
  }
  void use_key(const std::string& name) {
    if (!keys_.contains(name)) keys_.emplace(name, crypto::SecretKey::generate());
    key_ = name;
  }
  std::expected<Opened, StartError> open() {
    return open_node(config_, StartMode::Normal, platform(), [](const std::string&) {});
  }
  static void append(Opened& node, const consensus::DurableRecord& record) {
    const auto type = static_cast<std::uint16_t>(consensus::wire::type_of(record));
    node.log->append(storage::RecordType{type}, consensus::wire::encode_record(record));
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
  std::string key_ = "bank-a";
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

TEST_F(StartTest, A_data_dir_of_another_format_or_owner_is_left_alone) {
  ASSERT_TRUE(open().has_value());
  const auto written = storage::read_whole(disk_, "/data/IDENTITY", 4096);
  ASSERT_TRUE(written.has_value());
  const std::string identity(crypto::as_text(*written));
  const auto refusal = [&](const std::string& text) {
    EXPECT_TRUE(storage::write_whole(disk_, "/data/IDENTITY", crypto::as_view(text)).has_value());
    const auto opened = open();
    return opened ? std::string() : opened.error().message;
  };
  EXPECT_NE(refusal("giro data 1" + identity.substr(identity.find('\n'))).find("\"giro data 1\""),
            std::string::npos);
  EXPECT_NE(refusal("giro data 1").find("giro recover"), std::string::npos) << "cut off";
  for (const auto& other : {std::string(), std::string("something else"), identity + "more"})
    EXPECT_NE(refusal(other).find("another chain or institution"), std::string::npos) << other;
  EXPECT_EQ(refusal(identity), "");
}

// Found by the crash sweep: a process that died between making data_dir, or the log in it, and
// making its name durable left a directory that the next one wrote to; the power failure took all.
TEST_F(StartTest, Dying_anywhere_in_the_first_start_costs_nothing_of_the_next) {
  bool is_whole = false;
  for (std::uint64_t survived = 0; !is_whole; ++survived) {
    SCOPED_TRACE(survived);
    ASSERT_LT(survived, 1'000U);
    ASSERT_TRUE(storage::remove_tree(disk_, "/data").has_value());
    ASSERT_TRUE(storage::remove_tree(disk_, "/sign").has_value());
    ASSERT_TRUE(disk_.sync_directory("/").has_value());
    ASSERT_TRUE(create_sign_state(config_, platform()).has_value());
    std::uint64_t changes = 0;
    disk_.set_faults([&](storage::FileOperation operation,
                         std::string_view) -> std::optional<storage::FileFault> {
      using storage::FileOperation;
      const bool is_change =
          operation == FileOperation::Write || operation == FileOperation::Sync ||
          operation == FileOperation::CreateDirectory || operation == FileOperation::Rename ||
          operation == FileOperation::SyncDirectory;
      if (is_change) ++changes;
      if (changes <= survived) return std::nullopt;
      return storage::FileFault{};
    });
    is_whole = open().has_value();
    disk_.set_faults({});
    disk_.crash(storage::Crash::process_only());
    std::uint64_t starts = 0;
    {
      const auto second = open();
      ASSERT_TRUE(second.has_value()) << second.error().message;
      starts = second->ceiling.number;
    }
    disk_.crash(storage::Crash::lose_unsynced());
    const auto third = open();
    ASSERT_TRUE(third.has_value()) << third.error().message;
    EXPECT_EQ(third->ceiling.number, starts + 1);
  }
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

// Protocol R43: the key of the present epoch's set votes, any other one follows until it is in it.
TEST_F(StartTest, R43_a_new_key_starts_as_an_observer_and_has_promised_nothing) {
  ASSERT_TRUE(open().has_value());
  ASSERT_TRUE(open().has_value());
  use_key("the new one");
  ASSERT_TRUE(create_sign_state(config_, platform()).has_value());
  auto renewed = open();
  ASSERT_TRUE(renewed.has_value()) << renewed.error().message;
  EXPECT_FALSE(renewed->recovered.set.find({renewed->self, renewed->signer->public_key()}));
  EXPECT_FALSE(renewed->recovered.amnesic_below);
  EXPECT_EQ(renewed->ceiling.number, 1U);  // of its own
  renewed = std::unexpected(StartError{});
  const auto again = open();
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(again->ceiling.number, 2U);
}

// A key that was changed before its epoch ended had no way back: its promises were forgotten though
// the log held them, and one more fault stopped the chain.
TEST_F(StartTest, R43_going_back_to_the_old_key_is_an_ordinary_restart) {
  const consensus::VoteContent vote{consensus::VoteKind::Prepare, {0}, {0}, {1}, config_.chain_id};
  {
    auto first = open();
    ASSERT_TRUE(first.has_value()) << first.error().message;
    append(*first, consensus::VoteRecord{vote});
    ASSERT_TRUE(first->log->sync().has_value());
  }
  use_key("the new one");
  ASSERT_TRUE(create_sign_state(config_, platform()).has_value());
  {
    const auto renewed = open();
    ASSERT_TRUE(renewed.has_value()) << renewed.error().message;
    EXPECT_TRUE(renewed->votes.empty());
  }
  use_key("bank-a");
  const auto back = open();
  ASSERT_TRUE(back.has_value()) << back.error().message;
  EXPECT_FALSE(back->recovered.amnesic_below);
  EXPECT_EQ(back->ceiling.number, 2U);
  ASSERT_EQ(back->votes.size(), 1U);
  EXPECT_EQ(back->votes[0], vote);
}

TEST_F(StartTest, R37_a_sign_state_from_a_copy_is_refused_though_another_key_signed_in_between) {
  const auto path = storage::SignState::path_of("/sign", keys_.at("bank-a").public_key());
  const auto copy = storage::read_whole(disk_, path + "/ceiling", 64 * 1024);
  ASSERT_TRUE(copy.has_value());
  ASSERT_TRUE(open().has_value());
  ASSERT_TRUE(open().has_value());
  use_key("the new one");
  ASSERT_TRUE(create_sign_state(config_, platform()).has_value());
  ASSERT_TRUE(open().has_value());
  use_key("bank-a");
  ASSERT_TRUE(storage::write_whole(disk_, path + "/ceiling", *copy).has_value());
  const auto opened = open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().message.find("restored from a copy"), std::string::npos);
}

TEST_F(StartTest, the_key_of_another_institution_is_refused) {
  use_key("bank-b");
  ASSERT_TRUE(create_sign_state(config_, platform()).has_value());
  const auto opened = open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ExitCode::Configuration);
  EXPECT_NE(opened.error().message.find("another institution"), std::string::npos);
}

// The log may be in an epoch of other members, far above the blocks that are executed again: each
// of these ends its epoch with the set that the ledger had then (protocol R41).
TEST_F(StartTest, R41_a_lost_store_is_executed_again_through_sets_that_are_not_the_present_one) {
  consensus::ValidatorSet genesis_set;
  std::vector<consensus::Block> blocks;
  {
    auto first = open();
    ASSERT_TRUE(first.has_value()) << first.error().message;
    genesis_set = first->recovered.set;
    blocks = empty_blocks(first->executor.header, 2 * kEpochBlocks, kEpochBlocks);
    for (const auto& block : blocks) {
      append(*first, consensus::BlockRecord{block});
      if (block.height.value % kEpochBlocks != 0) continue;
      consensus::ValidatorSet next{{block.epoch.value + 1}, genesis_set.members};
      if (block.epoch.value == 1) next.members[1].key = crypto::SecretKey::generate().public_key();
      consensus::Header last;
      last.epoch = block.epoch;
      last.height = block.height;
      last.block = block.hash(config_.chain_id);
      last.next_set = next.digest(config_.chain_id);
      const consensus::Certificate attest{
          {consensus::VoteKind::Attest, block.epoch, {}, block.height, last.hash(config_.chain_id)},
          {}};
      append(*first, consensus::EpochRecord{next, {}, last, attest});
    }
    ASSERT_TRUE(first->log->sync().has_value());
  }
  auto again = open();
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(again->recovered.set.epoch.value, 2U);
  EXPECT_NE(again->recovered.set.members, genesis_set.members);
  ASSERT_EQ(again->recovered.chain, blocks);
  EXPECT_EQ(again->executor.header.height.value, 0U);
  again->store->start(std::make_unique<ThreadLane>(), [](consensus::Height, consensus::Height) {});
  const auto answers = execute(std::move(again->executor), *again->store, again->recovered.chain);
  ASSERT_EQ(answers.size(), blocks.size());
  const consensus::Executed& last = answers[kEpochBlocks - 1];
  EXPECT_EQ(last.next_members, genesis_set.members);
  const consensus::ValidatorSet second{{1}, genesis_set.members};
  EXPECT_EQ(last.header.next_set, second.digest(config_.chain_id));
  again->store->stop();
}

}  // namespace
}  // namespace giro::runtime
