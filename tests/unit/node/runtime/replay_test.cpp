// The log executed again must give what is stored (ledger I22); what was changed in the store must
// be found, and named.
#include "node/runtime/replay.h"

#include <functional>

#include "consensus/wire/codec.h"
#include "node/ledger/records.h"
#include "node/runtime/store_rows.h"
#include "tests/unit/node/runtime/disk_node.h"
#include "tests/unit/node/runtime/execution.h"
#include "tests/unit/node/runtime/snapshot_world.h"

namespace giro::runtime {
namespace {

using consensus::Height;

constexpr std::uint64_t kBlocks = 25;
constexpr std::uint64_t kCertified = 20;

// A node that executed some blocks over two ends of epochs, and was stopped.
class ReplayTest : public DiskNode {
 protected:
  ReplayTest() {
    auto node = open();
    EXPECT_TRUE(node.has_value());
    node->store->start(std::make_unique<InlineLane>(), [](Height, Height) {});
    const consensus::Header genesis = node->executor.header;
    execute(std::move(node->executor), *node->store,
            empty_blocks(genesis, kBlocks, node->genesis.genesis.parameters.epoch_blocks));
    node->store->push(certificate(*node->store->header({kCertified}), 3));
    node->store->stop();
  }

  consensus::Certificate certificate(const consensus::Header& header, std::uint32_t voters) {
    consensus::Certificate made{
        {consensus::VoteKind::Attest, header.epoch, {}, header.height, header.hash(demo_->chain())},
        {}};
    for (std::uint32_t seat = 0; seat < voters; ++seat)
      made.signatures.push_back(
          {{seat}, demo_->validator_key(seat).sign(made.content.sign_bytes(demo_->chain()))});
    return made;
  }
  std::expected<Replayed, ReplayError> again() {
    return replay(
        config_, platform(), [](const std::string&) {},
        [this](Height at, Height head) { seen_.emplace_back(at.value, head.value); });
  }
  void change(const std::function<void(storage::KeyValueStore&, storage::WriteBatch&)>& what) {
    const auto store = open_file_store(disk_, "data/state");
    ASSERT_TRUE(store.has_value());
    storage::WriteBatch batch;
    what(**store, batch);
    ASSERT_TRUE((*store)->write(batch, storage::Durability::Synced).has_value());
  }
  void change_block(std::uint64_t height, const std::function<void(StoredBlock&)>& what) {
    change([&](storage::KeyValueStore& store, storage::WriteBatch& batch) {
      auto block = *rows::decode_block(**store.get(rows::block_key({height})));
      what(block);
      ExecutedBlock changed;
      changed.block = block.block;
      changed.block_hash = block.block_hash;
      changed.header = block.header;
      changed.header_hash = block.header_hash;
      changed.leaves = block.leaves;
      changed.events = block.events;
      batch.put(rows::block_key({height}), rows::encode_block(changed));
    });
  }
  void expect_fault(ReplayFault fault, const std::string& text) {
    const auto done = again();
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().fault, fault) << done.error().text;
    EXPECT_NE(done.error().text.find(text), std::string::npos) << done.error().text;
    EXPECT_EQ(*disk_.type("data/replay"), storage::FileType::None);
  }

  std::vector<std::pair<std::uint64_t, std::uint64_t>> seen_;
};

TEST_F(ReplayTest, I22_the_log_gives_what_is_stored) {
  const auto done = again();
  ASSERT_TRUE(done.has_value()) << done.error().text;
  EXPECT_EQ(done->base, Height{0});
  EXPECT_EQ(done->head, Height{kBlocks});
  EXPECT_EQ(done->operations, 0U);
  EXPECT_EQ(done->certificates, 1U);
  EXPECT_EQ(done->attested, Height{kCertified});
  EXPECT_GT(done->records, 50U);
  EXPECT_EQ(seen_.size(), kBlocks);
  EXPECT_EQ(seen_.back(), std::pair(kBlocks, kBlocks));
  EXPECT_EQ(*disk_.type("data/replay"), storage::FileType::None);
}

TEST_F(ReplayTest, I22_what_a_crashed_replay_left_is_thrown_away) {
  ASSERT_TRUE(storage::make_directories(disk_, "data/replay/state").has_value());
  ASSERT_TRUE(
      storage::write_whole(disk_, FileStore::path_in("data/replay/state"), crypto::as_view("half"))
          .has_value());
  EXPECT_TRUE(again().has_value());
}

TEST_F(ReplayTest, I22_each_kind_of_change_in_the_records_is_found) {
  const auto key = ledger::institution_key(2).to_bytes();
  crypto::Bytes kept;
  change([&](storage::KeyValueStore& store, storage::WriteBatch& batch) {
    kept = **store.get(key);
    auto other = kept;
    other.back() ^= std::byte{1};
    batch.put(key, other);
  });
  expect_fault(ReplayFault::Differs, crypto::to_hex(key));
  change([&](storage::KeyValueStore&, storage::WriteBatch& batch) { batch.remove(key); });
  expect_fault(ReplayFault::Differs, crypto::to_hex(key));
  const auto strange = ledger::institution_key(9999).to_bytes();
  change([&](storage::KeyValueStore&, storage::WriteBatch& batch) {
    batch.put(key, kept);
    batch.put(strange, kept);
  });
  expect_fault(ReplayFault::Differs, crypto::to_hex(strange));
  change([&](storage::KeyValueStore&, storage::WriteBatch& batch) { batch.remove(strange); });
  EXPECT_TRUE(again().has_value());
}

TEST_F(ReplayTest, I22_so_are_changes_in_the_indexes) {
  crypto::Bytes key, kept;
  change([&](storage::KeyValueStore& store, storage::WriteBatch& batch) {
    const auto read = store.scan(rows::index_begin(), rows::index_end(),
                                 [&](crypto::ByteView at, crypto::ByteView value) {
                                   key = crypto::to_bytes(at);
                                   kept = crypto::to_bytes(value);
                                   return false;
                                 });
    ASSERT_TRUE(read.has_value());
    ASSERT_FALSE(key.empty()) << "the entries of block 0";
    batch.remove(key);
  });
  expect_fault(ReplayFault::Differs, crypto::to_hex(key));
  const auto strange = rows::payment_of_key(ledger::AccountId{}, kBlocks, 1);
  change([&](storage::KeyValueStore&, storage::WriteBatch& batch) {
    batch.put(key, kept);
    batch.put(strange, kept);
  });
  expect_fault(ReplayFault::Differs, crypto::to_hex(strange));
  change([&](storage::KeyValueStore&, storage::WriteBatch& batch) { batch.remove(strange); });
  EXPECT_TRUE(again().has_value());
}

TEST_F(ReplayTest, I22_each_kind_of_change_in_a_block_is_found_at_its_height) {
  const crypto::Hash wrong{};
  const std::vector<std::pair<std::string, std::function<void(StoredBlock&)>>> changes = {
      {"height 7: state_root", [&](StoredBlock& at) { at.header.state_root = wrong; }},
      {"height 7: outcomes_root", [&](StoredBlock& at) { at.header.outcomes_root = wrong; }},
      {"height 7: totals_root", [&](StoredBlock& at) { at.header.totals_root = wrong; }},
      {"height 7: next_set", [](StoredBlock& at) { at.header.next_set.bytes.fill(std::byte{1}); }},
      {"height 7: next_first_view", [](StoredBlock& at) { at.header.next_first_view = {3}; }},
      {"height 7: rules_version", [](StoredBlock& at) { at.header.rules_version = 9; }},
      {"height 7: previous", [&](StoredBlock& at) { at.header.previous = wrong; }},
      {"height 7: time", [](StoredBlock& at) { at.header.time.ms += 1; }},
      {"height 7: epoch, height or block", [&](StoredBlock& at) { at.header.block = wrong; }},
      {"height 7: the header's hash", [&](StoredBlock& at) { at.header_hash = wrong; }},
      {"height 7: the outcomes", [](StoredBlock& at) { at.leaves.front().type = 50; }},
      {"height 7: the events", [](StoredBlock& at) { at.events.emplace_back(); }},
      {"height 7: the block does not continue", [&](StoredBlock& at) { at.block.parent = wrong; }},
      {"height 7: the block's hash", [](StoredBlock& at) { at.block.view = {5}; }},
      {"height 7: the block there is of another", [](StoredBlock& at) { at.block.epoch = {3}; }},
      {"height 7: the log does not hold batch",
       [this](StoredBlock& at) {
         at.block.batches.push_back({});
         at.block_hash = at.block.hash(demo_->chain());
       }},
  };
  for (const auto& [text, what] : changes) {
    SCOPED_TRACE(text);
    StoredBlock kept;
    change_block(7, [&](StoredBlock& at) {
      kept = at;
      what(at);
    });
    expect_fault(ReplayFault::Differs, text);
    change_block(7, [&](StoredBlock& at) { at = kept; });
  }
  EXPECT_TRUE(again().has_value());
  change([](storage::KeyValueStore&, storage::WriteBatch& batch) {
    batch.remove(rows::block_key({7}));
  });
  expect_fault(ReplayFault::Differs, "height 7: the store has no such block");
}

TEST_F(ReplayTest, R16_a_certificate_that_is_no_quorums_or_for_another_header_is_found) {
  consensus::Header header;
  change([&](storage::KeyValueStore& store, storage::WriteBatch& batch) {
    header = rows::decode_block(**store.get(rows::block_key({kCertified})))->header;
    batch.put(rows::attest_key({kCertified}),
              consensus::wire::encode_certificate(certificate(header, 2)));
  });
  expect_fault(ReplayFault::Differs, "height 20: its certificate");
  change([&](storage::KeyValueStore&, storage::WriteBatch& batch) {
    auto other = header;
    other.totals_root = {};
    batch.put(rows::attest_key({kCertified}),
              consensus::wire::encode_certificate(certificate(other, 3)));
  });
  expect_fault(ReplayFault::Differs, "height 20: its certificate");
}

TEST_F(ReplayTest, Where_nothing_can_be_said_nothing_is_said_against_the_store) {
  {
    const auto lock = disk_.lock("data/LOCK");
    ASSERT_TRUE(lock.has_value());
    expect_fault(ReplayFault::NotRun, "stop it first");
  }
  crypto::Bytes start;
  crypto::Writer(start).u64(9);
  change([&](storage::KeyValueStore&, storage::WriteBatch& batch) {
    batch.put(rows::log_start_key(), start);
  });
  expect_fault(ReplayFault::NotRun, "the log begins at height 9, and no certified snapshot");
  config_.data_dir = "elsewhere";
  ASSERT_TRUE(storage::make_directories(disk_, "elsewhere").has_value());
  const auto done = again();
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().fault, ReplayFault::NotRun);
}

}  // namespace
}  // namespace giro::runtime
