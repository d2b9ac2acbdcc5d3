// A store that is lost beside a log that was cut: it begins again with a certified snapshot, and
// never silently with block 0 (protocol R31, R34, R38).
#include "node/runtime/block_places.h"
#include "node/runtime/evidence_files.h"
#include "node/runtime/install.h"
#include "node/runtime/watched_store.h"
#include "tests/unit/node/runtime/disk_node.h"
#include "tests/unit/node/runtime/snapshot_world.h"

namespace giro::runtime {
namespace {

using consensus::Height;

class Rebuilding : public DiskNode {
 protected:
  Rebuilding() {
    const auto first = open();  // the first start, with block 0
    EXPECT_TRUE(first.has_value());
    genesis_root_ = first->executor.header.state_root;
  }

  // A snapshot on the disk, with a quorum's certificate. Gives the block that it ends with.
  consensus::Header keep_snapshot(std::uint64_t height, bool is_certified = true) {
    const SnapshotWorld world(height, demo_);
    auto snapshots = snapshots_in(disk_);
    const auto manifest = world.write(snapshots);
    consensus::Certificate certificate{
        consensus::snapshot_content(demo_->chain(), *agreed_manifest(manifest), kEpochBlocks), {}};
    for (std::uint32_t seat = 0; seat < 3; ++seat) {
      certificate.signatures.push_back(
          {{seat},
           demo_->validator_key(seat).sign(certificate.content.sign_bytes(demo_->chain()))});
    }
    if (is_certified) {
      const auto bytes = consensus::wire::encode_certificate(certificate);
      EXPECT_TRUE(snapshots.put_certificate(height, bytes).has_value());
    }
    return world.header();
  }
  // What a cut leaves in the log: `count` blocks above one, and a statement at the last of them. Of
  // one block the payload is not there.
  void cut_log_above(const consensus::Header& below, std::uint64_t count, Height unpaid = {}) {
    std::vector<consensus::DurableRecord> records;
    consensus::Block block{{}, {}, below.height, {}, below.time, {}};
    consensus::Hash parent = below.block;
    for (std::uint64_t i = 0; i < count; ++i) {
      const Height height{block.height.value + 1};
      block = {
          consensus::epoch_of(height, kEpochBlocks), {7}, height, parent, {block.time.ms + 1}, {}};
      if (height == unpaid) block.batches.push_back(crypto::sha256(crypto::as_view("batch")));
      parent = block.hash(demo_->chain());
      records.emplace_back(consensus::BlockRecord{block});
    }
    consensus::BaseRecord base{};
    base.set = *set_of_epoch(*demo_->state(), {0});
    base.set.epoch = consensus::epoch_of({block.height.value + 1}, kEpochBlocks);
    base.epoch_height = {base.set.epoch.value * kEpochBlocks};
    base.height = block.height;
    base.block = parent;
    base.time = block.time;
    records.emplace_back(base);
    // Promised above, and never to be forgotten.
    if (unpaid != Height{}) records.emplace_back(consensus::VoteRecord{promise_above(base.height)});
    auto log = storage::Log::open(disk_, "data/log", platform().log, [](const auto&) {});
    ASSERT_TRUE(log.has_value());
    for (const auto& record : records)
      log->append(storage::RecordType{static_cast<std::uint16_t>(consensus::wire::type_of(record))},
                  consensus::wire::encode_record(record));
    ASSERT_TRUE(log->sync().has_value());
  }
  static constexpr const char* kBreachFile = "000000000009-agreement-broken.json";
  static consensus::BreachRecord breach() {
    consensus::BreachRecord found;
    found.height = {9};
    found.theirs = crypto::sha256(crypto::as_view("theirs"));
    return found;
  }
  // The log knows that more than f are faulty; no file says so yet.
  void log_breach() {
    auto log = storage::Log::open(disk_, "data/log", platform().log, [](const auto&) {});
    ASSERT_TRUE(log.has_value());
    const consensus::DurableRecord record = breach();
    log->append(storage::RecordType{static_cast<std::uint16_t>(consensus::wire::type_of(record))},
                consensus::wire::encode_record(record));
    ASSERT_TRUE(log->sync().has_value());
  }
  static consensus::VoteContent promise_above(Height height) {
    const Height above{height.value + 1};
    return {consensus::VoteKind::Prepare, consensus::epoch_of(above, kEpochBlocks), {7}, above, {}};
  }
  consensus::Header genesis() const {
    consensus::Header first{};
    first.block = demo_->chain();
    first.time = demo_->time();
    return first;
  }
  void crash_at_each_change(const consensus::Header& newest);
  // For what is written of the present one, and not for a snapshot's state beside it.
  void leave_room_for_one_store() {
    const auto rows = storage::read_whole(disk_, FileStore::path_in("data/state"), UINT64_MAX);
    ASSERT_TRUE(rows.has_value());
    const std::uint64_t used = UINT64_MAX - *disk_.free_space("data");
    disk_.set_capacity(used + rows->size() * 3 / 2);
  }
  void rot(std::uint64_t height) {
    disk_.rot("data/snapshots/" + std::to_string(height) + "/00000000.chunk", 9, std::byte{1});
  }

  crypto::Hash genesis_root_;
};

TEST_F(Rebuilding, R34_a_damaged_store_begins_again_with_the_newest_certified_snapshot) {
  keep_snapshot(16);
  const auto newest = keep_snapshot(32);
  keep_snapshot(48, false);
  cut_log_above(newest, 3);
  damage_file_store(disk_, "data/state");
  const auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_EQ(opened->store->height(), newest.height);
  EXPECT_EQ(opened->recovered.base, newest.height);
  EXPECT_EQ(opened->recovered.chain.size(), 3U) << "executed again from the log";
  EXPECT_EQ(opened->recovered.set.epoch.value, 3U);
  EXPECT_FALSE(opened->recovered.amnesic_below.has_value()) << "its log remembers";
  EXPECT_EQ(opened->ceiling.number, 2U);
  EXPECT_EQ(*disk_.type("data/INSTALL"), storage::FileType::None);
}

// LevelDB opens such stores: what is wrong with them shows once they are read.
TEST_F(Rebuilding, R34_a_store_whose_rows_do_not_add_up_is_a_damaged_one) {
  const auto newest = keep_snapshot(16);
  cut_log_above(newest, 2);
  const auto damage = [&](const char* what, const auto& change) {
    SCOPED_TRACE(what);
    {
      const auto store = open_file_store(disk_, "data/state");
      ASSERT_TRUE(store.has_value());
      storage::WriteBatch batch;
      change(**store, batch);
      ASSERT_TRUE((*store)->write(batch, storage::Durability::Synced).has_value());
    }
    told_.clear();
    const auto opened = open();
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    EXPECT_NE(told_.find("the store is damaged"), std::string::npos) << told_;
    EXPECT_EQ(opened->found.stores_damaged, 1U);
    EXPECT_EQ(opened->store->height(), newest.height);
    EXPECT_EQ(ledger::state_root(opened->executor.tree.root(), opened->executor.chain_value),
              newest.state_root);
    EXPECT_FALSE(opened->recovered.amnesic_below.has_value());
  };
  ASSERT_TRUE(open().has_value());  // now it stands there
  const auto first_of = [](storage::KeyValueStore& store, ledger::Table table) {
    crypto::Bytes first;
    const auto done = store.scan(ledger::table_begin(table), ledger::table_end(table),
                                 [&](crypto::ByteView key, crypto::ByteView) {
                                   first = crypto::to_bytes(key);
                                   return false;
                                 });
    EXPECT_TRUE(done.has_value() && !first.empty());
    return first;
  };
  damage("a slot is gone",
         [&](auto& store, auto& batch) { batch.remove(first_of(store, ledger::Table::Slot)); });
  damage("a record is gone",
         [&](auto& store, auto& batch) { batch.remove(first_of(store, ledger::Table::Account)); });
  damage("a record is another", [&](auto& store, auto& batch) {
    batch.put(first_of(store, ledger::Table::Account), crypto::as_view("another"));
  });
  damage("the newest header is damaged",
         [](auto&, auto& batch) { batch.put(rows::head_key(), crypto::as_view("damaged")); });
  damage("the newest header is gone", [](auto&, auto& batch) { batch.remove(rows::head_key()); });
}

TEST_F(Rebuilding, R34_a_store_that_is_gone_begins_again_with_it_too) {
  const auto newest = keep_snapshot(16);
  cut_log_above(newest, 1);
  ASSERT_TRUE(storage::remove_tree(disk_, "data/state").has_value());
  const auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_EQ(opened->store->height(), newest.height);
  EXPECT_FALSE(opened->recovered.amnesic_below.has_value());
}

TEST_F(Rebuilding, R34_a_damaged_snapshot_is_removed_and_the_one_before_is_taken) {
  const auto older = keep_snapshot(16);
  keep_snapshot(32);
  cut_log_above(older, 2);
  rot(32);
  damage_file_store(disk_, "data/state");
  const auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_EQ(opened->store->height(), older.height);
  EXPECT_EQ(opened->recovered.chain.size(), 2U);
  EXPECT_EQ(*snapshots_in(disk_).heights(), std::vector<std::uint64_t>{16});
}

TEST_F(Rebuilding, R39_without_a_snapshot_it_has_lost_its_memory_and_says_so) {
  const auto older = keep_snapshot(16);
  keep_snapshot(32);
  cut_log_above(older, 2);
  rot(16);
  rot(32);
  damage_file_store(disk_, "data/state");
  const auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_EQ(opened->store->height(), Height{});
  EXPECT_EQ(opened->executor.header.state_root, genesis_root_) << "written a second time";
  EXPECT_TRUE(opened->recovered.amnesic_below.has_value());
  EXPECT_NE(told_.find("everything is fetched"), std::string::npos) << told_;
  EXPECT_EQ(disk_.list("data/quarantine")->size(), 3U) << "the damaged store, then both";
}

// protocol R11: others may have made something else final.
TEST_F(Rebuilding, R11_with_a_broken_agreement_nothing_is_taken_over_and_the_log_stays) {
  const auto older = keep_snapshot(16);
  keep_snapshot(32);
  cut_log_above(older, 2);
  log_breach();
  damage_file_store(disk_, "data/state");
  const auto opened = open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ExitCode::Configuration);
  EXPECT_NE(opened.error().message.find(kBreachFile), std::string::npos) << opened.error().message;
  EXPECT_NE(*disk_.type("data/log"), storage::FileType::None) << "it holds the proof";
  EXPECT_EQ(disk_.list("data/quarantine")->size(), 1U) << "the damaged store alone";
}

TEST_F(Rebuilding, R11_then_a_log_without_payload_is_a_whole_memory) {
  keep_snapshot(32);
  cut_log_above(genesis(), 24, {20});
  log_breach();
  damage_file_store(disk_, "data/state");
  const auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_EQ(opened->store->height(), Height{}) << "no snapshot of others";
  EXPECT_EQ(opened->recovered.chain.size(), 24U);
}

// The file is what a start with a damaged log goes by.
TEST_F(Rebuilding, R11_a_breach_that_only_the_log_knows_gets_its_file_at_the_next_start) {
  constexpr std::uint64_t kInFirstFrame = 128 + 20;  // storage/log_format.h
  cut_log_above(genesis(), 3);
  log_breach();
  for (int start = 0; start < 2; ++start) {
    const auto opened = open();
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    EXPECT_TRUE(opened->recovered.breach.has_value());
    EXPECT_NE(opened->broken_agreement.value_or("").find(kBreachFile), std::string::npos);
    EXPECT_EQ(*disk_.list("data/evidence"), std::vector<std::string>{kBreachFile});
  }
  disk_.rot(storage::join_path("data/log", disk_.list("data/log")->front()), kInFirstFrame,
            std::byte{1});
  const auto opened = open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().message.find("the log is damaged, and the agreement is broken"),
            std::string::npos)
      << opened.error().message;
}

TEST_F(Rebuilding, R11_nor_is_a_snapshot_installed_that_was_marked_before) {
  const auto newest = keep_snapshot(16);
  cut_log_above(genesis(), 3);
  log_breach();
  ASSERT_TRUE(mark_install(disk_, "data", newest.height).has_value());
  const auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_EQ(opened->store->height(), Height{}) << told_;
  EXPECT_NE(told_.find("the agreement is broken"), std::string::npos) << told_;
  EXPECT_EQ(*disk_.list("data/evidence"), std::vector<std::string>{kBreachFile});
}

TEST_F(Rebuilding, R11_nor_is_a_log_set_aside_that_is_damaged_behind_the_record) {
  cut_log_above(genesis(), 3);
  log_breach();
  log_breach();
  const std::string segment = storage::join_path("data/log", disk_.list("data/log")->front());
  const auto bytes = storage::read_whole(disk_, segment, UINT64_MAX);
  ASSERT_TRUE(bytes.has_value());
  // The last frame but one is that of the first record; the damage is in the frame before the last.
  const std::string_view text = crypto::as_text(*bytes);
  const auto last = text.rfind("gFRM");
  ASSERT_NE(last, std::string_view::npos);
  disk_.rot(segment, last + 20, std::byte{1});
  const auto opened = open();
  if (!opened) {
    EXPECT_NE(opened.error().message.find("the agreement is broken"), std::string::npos)
        << opened.error().message;
  } else {
    EXPECT_NE(told_.find("torn tail"), std::string::npos) << told_;
  }
  EXPECT_EQ(*disk_.list("data/evidence"), std::vector<std::string>{kBreachFile});
  EXPECT_NE(*disk_.type("data/log"), storage::FileType::None);
}

TEST_F(Rebuilding, R11_no_start_when_that_file_cannot_be_written) {
  cut_log_above(genesis(), 3);
  log_breach();
  disk_.set_capacity(UINT64_MAX - *disk_.free_space("data") + 64);
  const auto opened = open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ExitCode::WriteFailed);
}

TEST_F(Rebuilding, R11_a_file_of_a_breach_that_the_log_does_not_know_ends_the_start) {
  cut_log_above(genesis(), 3);
  ASSERT_EQ(EvidenceFiles(disk_, "data", demo_->chain()).keep(breach(), {}), std::nullopt);
  const auto opened = open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ExitCode::Configuration);
  EXPECT_NE(opened.error().message.find(kBreachFile), std::string::npos) << opened.error().message;
}

TEST_F(Rebuilding, R34_a_log_that_does_not_lead_on_from_the_snapshot_is_no_memory) {
  auto missing = keep_snapshot(16);
  ++missing.height.value;
  cut_log_above(missing, 2);
  damage_file_store(disk_, "data/state");
  const auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_TRUE(opened->recovered.amnesic_below.has_value());
}

// Else receipts of the blocks below would be gone for nothing.
TEST_F(Rebuilding, R38_from_a_log_that_is_whole_everything_is_executed_again) {
  keep_snapshot(16);
  cut_log_above(genesis(), 3);
  damage_file_store(disk_, "data/state");
  const auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_EQ(opened->store->height(), Height{});
  EXPECT_EQ(opened->recovered.chain.size(), 3U);
  EXPECT_FALSE(opened->recovered.amnesic_below.has_value());
}

// Blocks that it followed while it fetched the snapshot above them: nobody may hold their payload
// any more.
TEST_F(Rebuilding, R31_a_log_without_the_payload_of_its_blocks_goes_on_from_a_snapshot_above_them) {
  keep_snapshot(16);
  const auto newest = keep_snapshot(32);
  cut_log_above(genesis(), 24, {20});
  damage_file_store(disk_, "data/state");
  const auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_EQ(opened->store->height(), newest.height);
  EXPECT_EQ(opened->recovered.committed, newest.height);
  EXPECT_FALSE(opened->recovered.amnesic_below.has_value()) << "its log remembers";
  EXPECT_EQ(disk_.list("data/quarantine")->size(), 1U) << "the store alone";
}

TEST_F(Rebuilding, R31_a_crash_at_any_call_of_that_ends_in_the_same_state) {
  const auto newest = keep_snapshot(32);
  cut_log_above(genesis(), 24, {20});
  damage_file_store(disk_, "data/state");
  crash_at_each_change(newest);
}

TEST_F(Rebuilding, R31_no_snapshot_below_them_helps_and_the_memory_stays) {
  keep_snapshot(16);
  cut_log_above(genesis(), 24, {20});
  damage_file_store(disk_, "data/state");
  const auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_EQ(opened->store->height(), Height{}) << "receipts below would be gone for nothing";
  EXPECT_EQ(opened->recovered.committed, Height{24})
      << "what a snapshot was installed for is final";
  EXPECT_EQ(opened->recovered.chain.size(), 24U);
  EXPECT_EQ(opened->votes, std::vector{promise_above({24})});
  EXPECT_FALSE(opened->recovered.amnesic_below.has_value());
  EXPECT_EQ(disk_.list("data/quarantine")->size(), 1U);
}

// Stops the machine at each change that a start makes, one after another.
void Rebuilding::crash_at_each_change(const consensus::Header& newest) {
  const auto prepared = disk_.clone();
  bool is_done = false;
  for (std::uint64_t stop = 0; !is_done; ++stop) {
    const auto disk = prepared->clone();
    auto on = platform();
    Platform there{
        .files = *disk,
        .open_store =
            [&disk](const std::string& directory) { return open_file_store(*disk, directory); },
        .open_key = on.open_key,
        .log = on.log,
        .random = on.random};
    disk->set_faults([stop, count = std::uint64_t{0}](
                         storage::FileOperation operation,
                         std::string_view path) mutable -> std::optional<storage::FileFault> {
      using storage::FileOperation;
      const bool is_change =
          operation == FileOperation::Write || operation == FileOperation::Sync ||
          operation == FileOperation::SyncDirectory || operation == FileOperation::Rename ||
          operation == FileOperation::Remove;
      // A store that fails to write ends the process, and this is the test's.
      const bool is_store = path.find("/state/") != std::string_view::npos;
      if (!is_change || is_store || count++ != stop) return std::nullopt;
      return storage::FileFault{};
    });
    const auto quiet = [](const std::string&) {};
    is_done = open_node(config_, StartMode::Normal, there, quiet).has_value();
    disk->set_faults({});
    disk->crash(storage::Crash::lose_unsynced());
    const auto opened = open_node(config_, StartMode::Normal, there, quiet);
    ASSERT_TRUE(opened.has_value()) << stop << ": " << opened.error().message;
    EXPECT_EQ(opened->store->height(), newest.height) << stop;
    EXPECT_FALSE(opened->recovered.amnesic_below.has_value()) << stop;
  }
}

TEST_F(Rebuilding, R34_a_crash_at_any_call_of_it_ends_in_the_same_state) {
  const auto newest = keep_snapshot(16);
  cut_log_above(newest, 2);
  damage_file_store(disk_, "data/state");
  crash_at_each_change(newest);
}

TEST_F(Rebuilding, R40_a_store_that_was_marked_while_it_ran_is_rebuilt) {
  const auto newest = keep_snapshot(16);
  cut_log_above(newest, 2);
  ASSERT_TRUE(open().has_value());  // now it stands there
  const DamageMark mark(disk_, "data");
  mark.set("a row is damaged");
  told_.clear();
  const auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_NE(told_.find("rows of the store were damaged"), std::string::npos) << told_;
  EXPECT_EQ(opened->store->height(), newest.height);
  EXPECT_FALSE(opened->recovered.amnesic_below.has_value());
  EXPECT_FALSE(*mark.is_set());
  EXPECT_EQ(disk_.list("data/quarantine")->size(), 1U);
}

TEST_F(Rebuilding, R40_a_crash_at_any_call_of_that_ends_in_the_same_state) {
  const auto newest = keep_snapshot(16);
  cut_log_above(newest, 2);
  DamageMark(disk_, "data").set("a row is damaged");
  crash_at_each_change(newest);
}

// A store that was lost has nothing to go on with: here a full disk is an error.
TEST_F(Rebuilding, R34_without_room_to_rebuild_it_the_start_ends_and_the_memory_stays) {
  const auto newest = keep_snapshot(16);
  cut_log_above(newest, 2);
  ASSERT_TRUE(open().has_value());
  DamageMark(disk_, "data").set("a row is damaged");
  leave_room_for_one_store();
  for (int turn = 0; turn < 2; ++turn) {
    const auto opened = open();
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, ExitCode::WriteFailed) << opened.error().message;
  }
  disk_.set_capacity(UINT64_MAX);
  const auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_EQ(opened->store->height(), newest.height);
  EXPECT_FALSE(opened->recovered.amnesic_below.has_value());
}

// The rows of one key are damaged.
class RottenStore final : public storage::KeyValueStore {
 public:
  storage::KeyValueResult<std::optional<crypto::Bytes>> get(crypto::ByteView) const override {
    return std::unexpected(error);
  }
  storage::KeyValueResult<void> scan(crypto::ByteView, crypto::ByteView,
                                     const Visit&) const override {
    return std::unexpected(error);
  }
  storage::KeyValueResult<void> write(const storage::WriteBatch&, storage::Durability) override {
    return std::unexpected(error);
  }
  std::unique_ptr<storage::KeyValueReader> snapshot() const override {
    auto copy = std::make_unique<RottenStore>();
    copy->error = error;
    return copy;
  }
  std::uint64_t approximate_bytes() const override { return 0; }
  storage::KeyValueError error{storage::KeyValueErrorCode::Corruption, "block checksum mismatch"};
};

TEST(WatchedStore, R40_whoever_reads_or_writes_damaged_rows_leaves_a_mark) {
  using Use = std::function<bool(storage::KeyValueStore&)>;
  const std::vector<Use> uses = {
      [](auto& store) { return store.get({}).has_value(); },
      [](auto& store) { return store.scan({}, {}, {}).has_value(); },
      [](auto& store) { return store.write({}, storage::Durability::Buffered).has_value(); },
      [](auto& store) { return store.snapshot()->get({}).has_value(); },
      [](auto& store) { return store.snapshot()->scan({}, {}, {}).has_value(); }};
  for (const auto& use : uses) {
    storage::MemoryFilePort disk;
    ASSERT_TRUE(storage::make_directories(disk, "data").has_value());
    const DamageMark mark(disk, "data");
    auto rotten = std::make_unique<RottenStore>();
    auto& error = rotten->error;
    WatchedStore store(std::move(rotten), mark);
    error.code = storage::KeyValueErrorCode::Io;
    EXPECT_FALSE(use(store));
    EXPECT_FALSE(*mark.is_set()) << "a disk that fails says nothing against the rows";
    error.code = storage::KeyValueErrorCode::Corruption;
    EXPECT_FALSE(use(store));
    EXPECT_TRUE(*mark.is_set());
    disk.crash(storage::Crash::lose_unsynced());
    EXPECT_TRUE(*mark.is_set()) << "the process ends right after it";
  }
}

TEST(BlockPlaces, R34_the_oldest_above_is_kept_by_intervals) {
  BlockPlaces places(16);
  EXPECT_FALSE(places.oldest_above({0}).has_value());
  for (std::uint64_t height = 1; height <= 40; ++height) places.add({height}, {100 + height});
  places.add({33}, {90});  // accepted in an earlier view, before those below it
  EXPECT_EQ(places.oldest_above({0})->value, 90U);
  places.add({34}, {200});
  EXPECT_EQ(places.oldest_above({16})->value, 90U);
  EXPECT_EQ(places.oldest_above({32})->value, 90U);
  EXPECT_FALSE(places.oldest_above({48}).has_value());
}

}  // namespace
}  // namespace giro::runtime
