// The sign state beside the log, at every way of losing one of them (protocol R37, R39).
#include "node/runtime/memory.h"

#include <gtest/gtest.h>

#include "consensus/wire/codec.h"
#include "crypto/digest.h"
#include "storage/file_memory.h"
#include "tests/unit/node/runtime/demo_ledger.h"

namespace giro::runtime {
namespace {

using consensus::AmnesiaRecord;
using consensus::CeilingRecord;
using consensus::Floor;
using storage::SignState;

constexpr std::uint64_t kEveryView = UINT64_MAX;

// One validator's disks. A start reads the log back and binds the sign state, as open_node does.
class MemoryTest : public testing::Test {
 protected:
  using Opened = std::expected<runtime::Opened, StartError>;

  MemoryTest() {
    chain_.bytes.fill(std::byte{9});
    EXPECT_TRUE(SignState::create(*disk_, kSigner, owner()));
  }

  Opened start(StartMode mode = StartMode::Normal) {
    runtime::Opened node;
    node.config.data_dir = "/data";
    node.config.sign_state_dir = kSigner;
    node.genesis.chain_id = chain_;
    node.genesis.genesis.parameters.epoch_blocks = kEpochBlocks;
    node.signer = std::make_unique<crypto::KeySigner>(key());
    EXPECT_TRUE(storage::make_directories(*disk_, "/data"));
    consensus::Header genesis;
    genesis.block = chain_;
    consensus::Recovery recovery(chain_, {}, genesis.hash(chain_), kEpochBlocks, genesis,
                                 genesis.hash(chain_), {});
    auto log = storage::Log::open(*disk_, "/data/log", {.segment_bytes = 1 << 16, .salt = {}},
                                  [&](const storage::LogRecord& stored) {
                                    const auto record = consensus::wire::decode_record(
                                        static_cast<std::uint8_t>(stored.type), stored.payload);
                                    ASSERT_TRUE(record.has_value());
                                    recovery.apply(*record);
                                  });
    EXPECT_TRUE(log.has_value()) << log.error().text;
    const auto logged = recovery.ceilings();
    node.log_was_empty = log->opened().records == 0;
    node.recovered = std::move(recovery).finish();
    node.log.emplace(std::move(*log));
    node.files = disk_.get();
    const Platform platform = real_platform(*node.files, node.config);
    auto bound = bind_sign_state(node, logged, mode, platform, [](const std::string&) {});
    if (!bound) return std::unexpected(bound.error());
    return node;
  }

  // What the driver does before it signs above the ceiling.
  static void raise(runtime::Opened& node, const CeilingRecord& to) {
    log_raise(node, to);
    ASSERT_TRUE(
        node.sign_state->raise({to.number, to.epoch.value, to.view.value, to.height.value}));
  }
  static void log_raise(runtime::Opened& node, const CeilingRecord& to) {
    append(node, to);
    ASSERT_TRUE(node.log->sync());
  }
  static void append(runtime::Opened& node, const consensus::DurableRecord& record) {
    const auto type = static_cast<std::uint16_t>(consensus::wire::type_of(record));
    node.log->append(storage::RecordType{type}, consensus::wire::encode_record(record));
  }
  // As the replica and the validator do between the two lives of giro recover.
  void adopt(runtime::Opened& node, const Floor& floor) {
    append(node, AmnesiaRecord{floor});
    ASSERT_TRUE(node.log->sync());
    adopt_unlogged(node, floor);
  }
  void adopt_unlogged(runtime::Opened& node, const Floor& floor) {
    const auto adopted =
        adopt_floor(*disk_, kSigner, owner(), node.sign_state,
                    {*node.floor_record, floor.epoch.value, floor.view.value, floor.height.value});
    ASSERT_TRUE(adopted.has_value()) << adopted.error().message;
  }
  void lose_log() { ASSERT_TRUE(storage::remove_tree(*disk_, "/data")); }
  void lose_sign_state() { ASSERT_TRUE(storage::remove_tree(*disk_, kSigner)); }
  // Both as they were, whenever the name was given.
  void copy(const std::string& from, const std::string& to) {
    ASSERT_TRUE(storage::make_directories(*disk_, to));
    const auto names = disk_->list(from);
    for (const std::string& name : *names) {
      const std::string path = storage::join_path(from, name);
      if (*disk_->type(path) == storage::FileType::Directory) {
        copy(path, storage::join_path(to, name));
      } else {
        const auto bytes = storage::read_whole(*disk_, path, UINT64_MAX);
        ASSERT_TRUE(storage::write_whole(*disk_, storage::join_path(to, name), *bytes));
      }
    }
  }
  void restore(const std::string& copied, const std::string& to) {
    ASSERT_TRUE(storage::remove_tree(*disk_, to));
    copy(copied, to);
  }
  [[nodiscard]] storage::Ceiling ceiling() { return *SignState::inspect(*disk_, kSigner, owner()); }
  // A life in which the key signed up to there.
  void live(const CeilingRecord& to) {
    auto node = start();
    ASSERT_TRUE(node.has_value()) << node.error().message;
    CeilingRecord raised = to;
    raised.number = node->ceiling.number + 1;
    raise(*node, raised);
  }

  [[nodiscard]] crypto::SecretKey key() const {
    return *crypto::SecretKey::from_bytes(crypto::sha256(crypto::as_view("key")));
  }
  [[nodiscard]] storage::SignStateOwner owner() const { return {chain_, key().public_key()}; }

  static constexpr const char* kSigner = "/signer";
  crypto::Hash chain_;
  std::unique_ptr<storage::FilePort> disk_ = std::make_unique<storage::MemoryFilePort>();
};

TEST_F(MemoryTest, R37_a_fresh_key_and_a_whole_memory_start_and_are_recorded) {
  for (std::uint64_t i = 1; i <= 3; ++i) {
    const auto node = start();
    ASSERT_TRUE(node.has_value()) << node.error().message;
    EXPECT_EQ(node->ceiling.number, i);
    EXPECT_EQ(ceiling().record, i);
    EXPECT_FALSE(node->recovered.amnesic_below.has_value());
    EXPECT_FALSE(node->floor_record.has_value());
  }
}

TEST_F(MemoryTest, R37_a_raise_that_reached_the_log_alone_is_completed_however_often_it_crashes) {
  live({0, {}, {}, {8}});
  {
    auto node = start();
    ASSERT_TRUE(node.has_value());
    log_raise(*node, {node->ceiling.number + 1, {}, {1}, {8}});
  }
  // The start after it stops between its own record in the log and the sign state.
  int raises = 0;
  auto& port = dynamic_cast<storage::MemoryFilePort&>(*disk_);
  port.set_faults([&](storage::FileOperation operation,
                      std::string_view path) -> std::optional<storage::FileFault> {
    if (operation != storage::FileOperation::Sync || !path.ends_with("/ceiling")) return {};
    return ++raises == 3 ? std::optional(storage::FileFault{}) : std::nullopt;
  });
  const auto failed = start();
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, ExitCode::WriteFailed);
  port.set_faults({});
  const auto node = start();
  ASSERT_TRUE(node.has_value()) << node.error().message;
  EXPECT_FALSE(node->recovered.amnesic_below.has_value());
  EXPECT_EQ(node->ceiling.view, consensus::View{1});
  EXPECT_EQ(ceiling().view, 1U);
}

TEST_F(MemoryTest, R39_a_lost_log_makes_it_amnesic_up_to_the_ceiling) {
  live({0, {1}, {2}, {18}});
  lose_log();
  const auto refused = start();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ExitCode::Configuration);
  EXPECT_NE(refused.error().message.find("giro recover --from-peers"), std::string::npos);
  for (const StartMode mode : {StartMode::Recover, StartMode::Normal}) {
    const auto node = start(mode);
    ASSERT_TRUE(node.has_value()) << node.error().message;
    EXPECT_EQ(node->recovered.amnesic_below, (Floor{{1}, {2}, {18}}));
    EXPECT_FALSE(node->floor_record.has_value()) << "it has a sign state";
  }
}

TEST_F(MemoryTest, R39_without_a_sign_state_it_starts_to_recover_only_and_with_nothing_to_sign) {
  live({0, {1}, {2}, {18}});
  lose_sign_state();
  const auto refused = start();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ExitCode::Configuration);
  EXPECT_NE(refused.error().message.find("giro recover --from-peers"), std::string::npos);
  std::optional<std::uint64_t> before;
  for (int i = 0; i < 2; ++i) {  // stopped while it asks: it asks again, under another number
    const auto node = start(StartMode::Recover);
    ASSERT_TRUE(node.has_value()) << node.error().message;
    EXPECT_TRUE(node->floor_record.has_value());
    EXPECT_FALSE(node->sign_state.has_value());
    ASSERT_TRUE(node->recovered.floor_search.has_value());
    EXPECT_NE(node->recovered.floor_search, before);
    before = node->recovered.floor_search;
  }
  EXPECT_FALSE(start().has_value());
}

TEST_F(MemoryTest, R39_the_floor_becomes_the_ceiling_and_the_next_start_is_amnesic_up_to_it) {
  live({0, {1}, {2}, {18}});
  lose_sign_state();
  lose_log();
  {
    auto node = start(StartMode::Recover);
    ASSERT_TRUE(node.has_value());
    adopt(*node, {{2}, {kEveryView}, {30}});
  }
  for (int i = 0; i < 3; ++i) {  // with the log, and when that is lost again
    if (i == 2) lose_log();
    const auto node = start(StartMode::Recover);
    ASSERT_TRUE(node.has_value()) << node.error().message;
    EXPECT_EQ(node->recovered.amnesic_below, (Floor{{2}, {kEveryView}, {30}}));
    EXPECT_FALSE(node->floor_record.has_value());
    EXPECT_EQ(node->ceiling.epoch, consensus::Epoch{2});
  }
}

TEST_F(MemoryTest, R39_a_floor_in_an_old_log_makes_no_sign_state) {
  live({0, {1}, {2}, {18}});
  lose_sign_state();
  {
    auto node = start(StartMode::Recover);
    ASSERT_TRUE(node.has_value());
    adopt(*node, {{2}, {kEveryView}, {30}});
  }
  ASSERT_TRUE(start().has_value());  // the log has that floor now
  copy("/data", "/old");
  {
    auto node = start();
    ASSERT_TRUE(node.has_value());
    append(*node, consensus::FloorRecord{{{2}, {kEveryView}, {30}}});
    raise(*node, {node->ceiling.number + 1, {3}, {0}, {39}});
  }
  lose_sign_state();
  restore("/old", "/data");
  const auto node = start(StartMode::Recover);
  ASSERT_TRUE(node.has_value());
  EXPECT_TRUE(node->floor_record.has_value()) << "it asks again";
  EXPECT_FALSE(start().has_value());
}

TEST_F(MemoryTest, R39_an_old_log_beside_a_sign_state_made_anew_is_never_taken_for_its_own) {
  // Of the first life, its logs at every record number.
  std::vector<std::string> copies;
  for (std::uint64_t i = 1; i <= 4; ++i) {
    live({0, {0}, {i}, {8}});
    copies.push_back("/old" + std::to_string(i));
    copy("/data", copies.back());
  }
  lose_log();
  lose_sign_state();
  const Floor floor{{0}, {kEveryView}, {10}};
  {
    auto node = start(StartMode::Recover);
    ASSERT_TRUE(node.has_value());
    adopt(*node, floor);
  }
  for (int starts = 0; starts < 10; ++starts) {
    for (const std::string& old : copies) {
      copy(kSigner, "/signer-now");
      copy("/data", "/data-now");
      restore(old, "/data");
      const auto node = start();
      if (node.has_value()) {
        EXPECT_EQ(node->recovered.amnesic_below, floor) << starts << old;
      } else {
        EXPECT_EQ(node.error().code, ExitCode::Configuration);
      }
      restore("/signer-now", kSigner);
      restore("/data-now", "/data");
      ASSERT_TRUE(storage::remove_tree(*disk_, "/signer-now"));
      ASSERT_TRUE(storage::remove_tree(*disk_, "/data-now"));
    }
    ASSERT_TRUE(start(StartMode::Recover).has_value());
  }
}

TEST_F(MemoryTest, R39_a_sign_state_restored_from_a_copy_counts_as_missing_and_is_raised) {
  live({0, {1}, {2}, {18}});
  copy(kSigner, "/old");
  live({0, {1}, {3}, {18}});
  live({0, {2}, {0}, {28}});
  restore("/old", kSigner);
  const auto refused = start();
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("restored from a copy"), std::string::npos);
  {
    auto node = start(StartMode::Recover);
    ASSERT_TRUE(node.has_value()) << node.error().message;
    ASSERT_TRUE(node->floor_record.has_value());
    EXPECT_TRUE(node->sign_state.has_value()) << "held, so that no other process takes it";
    adopt(*node, {{2}, {kEveryView}, {30}});
  }
  const auto node = start();
  ASSERT_TRUE(node.has_value()) << node.error().message;
  EXPECT_EQ(node->recovered.amnesic_below, (Floor{{2}, {kEveryView}, {30}}));
}

TEST_F(MemoryTest, R39_a_copys_ceiling_that_ran_ahead_of_the_floor_does_not_fall) {
  live({0, {2}, {5}, {36}});
  copy(kSigner, "/old");
  live({0, {2}, {6}, {36}});
  live({0, {2}, {7}, {36}});
  restore("/old", kSigner);
  {
    auto node = start(StartMode::Recover);
    ASSERT_TRUE(node.has_value());
    adopt(*node, {{2}, {kEveryView}, {30}});
  }
  EXPECT_EQ(ceiling().height, 36U);
  const auto node = start();
  ASSERT_TRUE(node.has_value()) << node.error().message;
  EXPECT_EQ(node->recovered.amnesic_below, (Floor{{2}, {kEveryView}, {30}}));
}

TEST_F(MemoryTest, R39_a_copy_beside_a_lost_log_is_refused_once_the_key_was_seen_above_it) {
  live({0, {1}, {2}, {18}});
  copy(kSigner, "/old");
  live({0, {2}, {0}, {28}});
  restore("/old", kSigner);
  lose_log();
  {
    auto node = start(StartMode::Recover);  // it cannot know yet
    ASSERT_TRUE(node.has_value()) << node.error().message;
    EXPECT_FALSE(node->floor_record.has_value());
    append(*node, AmnesiaRecord{consensus::kUnknownFloor});  // the replica saw its own vote
    ASSERT_TRUE(node->log->sync());
  }
  const auto refused = start();
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("signed what neither log nor sign state tells"),
            std::string::npos);
  {
    auto node = start(StartMode::Recover);
    ASSERT_TRUE(node.has_value()) << node.error().message;
    ASSERT_TRUE(node->floor_record.has_value());
    adopt(*node, {{2}, {kEveryView}, {30}});
  }
  const auto node = start();
  ASSERT_TRUE(node.has_value()) << node.error().message;
  EXPECT_EQ(node->recovered.amnesic_below, (Floor{{2}, {kEveryView}, {30}}));
}

TEST_F(MemoryTest, R39_a_refuted_copy_stays_refuted_until_a_floor_is_found) {
  live({0, {1}, {2}, {18}});
  copy(kSigner, "/old");
  for (std::uint64_t view = 3; view < 6; ++view) live({0, {1}, {view}, {18}});
  copy(kSigner, "/later");
  live({0, {2}, {0}, {28}});
  restore("/old", kSigner);
  lose_log();
  {
    auto node = start(StartMode::Recover);
    ASSERT_TRUE(node.has_value());
    append(*node, AmnesiaRecord{consensus::kUnknownFloor});
    ASSERT_TRUE(node->log->sync());
  }
  for (const char* again : {"/old", "/later", "/old"}) {
    restore(again, kSigner);
    EXPECT_FALSE(start().has_value()) << again;
    const auto node = start(StartMode::Recover);
    ASSERT_TRUE(node.has_value()) << node.error().message;
    EXPECT_TRUE(node->floor_record.has_value()) << again;
  }
  const Floor floor{{2}, {kEveryView}, {30}};
  {
    auto node = start(StartMode::Recover);
    adopt_unlogged(*node, floor);  // the log's record was lost with the process: it asks once more
  }
  {
    auto node = start(StartMode::Recover);
    ASSERT_TRUE(node.has_value()) << node.error().message;
    ASSERT_TRUE(node->floor_record.has_value());
    adopt(*node, floor);
  }
  const auto node = start();
  ASSERT_TRUE(node.has_value()) << node.error().message;
  EXPECT_EQ(node->recovered.amnesic_below, floor);
}

TEST_F(MemoryTest, R39_a_sign_state_that_is_put_back_later_lowers_no_floor) {
  for (std::uint64_t view = 0; view < 20; ++view) live({0, {0}, {view}, {8}});
  copy(kSigner, "/old");
  live({0, {1}, {9}, {18}});
  lose_sign_state();
  lose_log();
  const Floor floor{{2}, {kEveryView}, {30}};
  {
    auto node = start(StartMode::Recover);
    ASSERT_TRUE(node.has_value());
    adopt(*node, floor);
  }
  ASSERT_TRUE(start().has_value());
  restore("/old", kSigner);  // more records, and less signed
  const auto node = start();
  ASSERT_TRUE(node.has_value()) << node.error().message;
  EXPECT_EQ(node->recovered.amnesic_below, floor);
  EXPECT_EQ(node->ceiling.epoch, floor.epoch);
  EXPECT_EQ(node->ceiling.view, floor.view);
  EXPECT_GE(node->ceiling.height, floor.height);
}

TEST_F(MemoryTest, R39_a_sign_state_without_its_ceiling_is_not_searched_for_but_moved_away) {
  live({0, {1}, {2}, {18}});
  ASSERT_TRUE(
      disk_->remove(storage::join_path(SignState::path_of(kSigner, owner().key), "ceiling")));
  for (const auto mode : {StartMode::Normal, StartMode::Recover}) {
    const auto refused = start(mode);
    ASSERT_FALSE(refused.has_value());
    EXPECT_NE(refused.error().message.find("move it away"), std::string::npos);
  }
  lose_sign_state();
  auto node = start(StartMode::Recover);
  ASSERT_TRUE(node.has_value()) << node.error().message;
  adopt(*node, {{2}, {kEveryView}, {30}});
  EXPECT_EQ(ceiling().epoch, 2U);
}

TEST_F(MemoryTest, R39_a_file_that_was_brought_back_meanwhile_is_not_overwritten) {
  live({0, {1}, {2}, {18}});
  copy(kSigner, "/kept");
  const storage::Ceiling kept = ceiling();
  lose_sign_state();
  auto node = start(StartMode::Recover);
  ASSERT_TRUE(node.has_value());
  copy("/kept", kSigner);
  const auto adopted = adopt_floor(*disk_, kSigner, owner(), node->sign_state,
                                   {*node->floor_record, 2, kEveryView, 30});
  ASSERT_FALSE(adopted.has_value());
  EXPECT_EQ(adopted.error().code, ExitCode::Configuration);
  EXPECT_EQ(ceiling(), kept);
  const auto again = start();
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_FALSE(again->recovered.amnesic_below.has_value()) << "nothing was signed meanwhile";
}

TEST_F(MemoryTest, an_unreadable_sign_state_says_what_to_do_and_is_left_alone) {
  live({0, {1}, {2}, {18}});
  const std::string file = storage::join_path(SignState::path_of(kSigner, owner().key), "ceiling");
  auto& port = dynamic_cast<storage::MemoryFilePort&>(*disk_);
  for (const std::uint64_t slot : {0U, 4096U}) port.rot(file, slot + 20, std::byte{1});
  for (const StartMode mode : {StartMode::Normal, StartMode::Recover}) {
    const auto refused = start(mode);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ExitCode::Configuration);
    EXPECT_NE(refused.error().message.find("move it away"), std::string::npos);
  }
}

}  // namespace
}  // namespace giro::runtime
