// What a snapshot holds, and what is refused when one is loaded (protocol R31, R34).
#include "node/runtime/install.h"
#include "tests/unit/node/runtime/file_store.h"
#include "tests/unit/node/runtime/snapshot_world.h"

namespace giro::runtime {
namespace {

std::map<crypto::Bytes, crypto::Bytes> all_rows(const storage::KeyValueReader& store) {
  std::map<crypto::Bytes, crypto::Bytes> rows;
  EXPECT_TRUE(store.scan({}, {}, [&](crypto::ByteView key, crypto::ByteView value) {
    rows[crypto::to_bytes(key)] = crypto::to_bytes(value);
    return true;
  }));
  return rows;
}

TEST(SnapshotContent, R34_what_is_local_is_no_part_of_it) {
  SnapshotWorld world(16);
  storage::MemoryFilePort first_port, second_port;
  auto first = snapshots_in(first_port);
  auto second = snapshots_in(second_port);
  world.put_local(1);
  const auto one = world.write(first);
  world.put_local(2);
  const auto two = world.write(second);
  EXPECT_EQ(storage::encode_snapshot_manifest(one), storage::encode_snapshot_manifest(two));
  world.rows()[rows::ordered_key({world.header().time.ms + 5}, {})] = {};
  storage::MemoryFilePort third_port;
  auto third = snapshots_in(third_port);
  EXPECT_NE(world.write(third).chunks, one.chunks) << "ordered ids are";
}

// What is signed is never the output of a serializer: these bytes are for good.
TEST(SnapshotContent, R34_the_block_has_a_fixed_layout) {
  StoredBlock block{};
  block.block = {{1}, {2}, {16}, {}, {5}, {consensus::Hash{}}};
  block.block.parent.bytes.fill(std::byte{0xAA});
  block.block.batches[0].bytes.fill(std::byte{0xBB});
  block.leaves = {{7, {std::byte{1}, std::byte{2}}}};
  block.events = {{std::byte{3}}};
  const auto bytes = encode_snapshot_block(block);
  const auto repeated = [](const char* two) {
    std::string text;
    for (int i = 0; i < 32; ++i) text += two;
    return text;
  };
  EXPECT_EQ(crypto::to_hex(bytes), "000000000000000100000000000000020000000000000010" +
                                       repeated("aa") + "000000000000000500000001" +
                                       repeated("bb") +
                                       "00000001000000070000000201020000000100000001"
                                       "03");
  const auto back = decode_snapshot_block(bytes);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->block, block.block);
  EXPECT_EQ(back->events, block.events);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_snapshot_block(crypto::ByteView(bytes).first(size)).has_value()) << size;
}

// At the end of an epoch and inside one.
class Loading : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Loading, R31_the_installed_state_is_complete_and_gives_the_same_snapshot_again) {
  SnapshotWorld world(GetParam());
  storage::MemoryFilePort port;
  auto snapshots = snapshots_in(port);
  const auto manifest = world.write(snapshots);
  storage::MemoryKeyValueStore store;
  const crypto::Bytes genesis_row{std::byte{1}};
  const auto loaded = load_snapshot(snapshots, manifest, world.check(), genesis_row, store);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text;
  const auto rows = all_rows(store);
  EXPECT_EQ(rows.at(rows::block_key({})), genesis_row);
  EXPECT_EQ(rows.at(rows::head_key()), consensus::wire::encode_header(world.header()));
  for (const auto& [key, value] : world.rows()) {
    const bool is_other_block =
        key[0] == std::byte{0x80} && key != rows::block_key(world.header().height);
    if (is_other_block) continue;
    ASSERT_TRUE(rows.contains(key)) << crypto::to_hex(key);
    EXPECT_EQ(rows.at(key), value) << crypto::to_hex(key);
  }
  // A validator that stands on it makes the same snapshot, without the blocks below.
  SnapshotWorld installed(GetParam());
  installed.rows() = rows;
  storage::MemoryFilePort again_port;
  auto again = snapshots_in(again_port);
  const SnapshotWorld::View view(installed);
  auto writer = again.create(GetParam(), storage::kSnapshotChunkBytesMin);
  const auto second = write_snapshot(view, kEpochBlocks, *writer);
  ASSERT_TRUE(second.has_value()) << second.error().text;
  EXPECT_EQ(second->chunks, manifest.chunks);
}
INSTANTIATE_TEST_SUITE_P(Heights, Loading, ::testing::Values(16, 80));

// A snapshot of other rows under the same header.
std::string fault_of(SnapshotWorld& world, const std::function<void(SnapshotWorld&)>& change) {
  storage::MemoryFilePort port;
  auto snapshots = snapshots_in(port);
  const auto before = world.rows();
  change(world);
  const auto manifest = world.write(snapshots);
  world.rows() = before;
  const auto verified = verify_snapshot(snapshots, manifest, world.check());
  return verified ? "" : verified.error().text;
}

TEST(SnapshotContent, B45_rows_that_do_not_belong_to_the_header_are_refused) {
  SnapshotWorld world(16);
  EXPECT_EQ(fault_of(world, [](SnapshotWorld&) {}), "");
  EXPECT_NE(
      fault_of(world,
               [](SnapshotWorld& to) { to.rows()[ledger::account_key(1, {}).to_bytes()] = {}; }),
      "");
  EXPECT_NE(fault_of(world,
                     [](SnapshotWorld& to) {
                       auto row = to.rows().lower_bound(crypto::Bytes{std::byte{2}});
                       row->second.back() ^= std::byte{1};
                     }),
            "")
      << "a record of the tree";
  EXPECT_NE(
      fault_of(world, [](SnapshotWorld& to) { to.rows().erase(ledger::chain_key().to_bytes()); }),
      "");
  EXPECT_NE(fault_of(world,
                     [](SnapshotWorld& to) {
                       ledger::Chain chain;
                       to.rows()[ledger::chain_key().to_bytes()] = ledger::encode(chain);
                     }),
            "");
}

TEST(SnapshotContent, B44_rows_of_no_table_and_other_forms_are_refused) {
  const SnapshotWorld world(16);
  const auto header = consensus::wire::encode_header(world.header());
  const auto fault = [&](std::vector<std::pair<crypto::Bytes, crypto::Bytes>> rows) {
    storage::MemoryFilePort port;
    auto snapshots = snapshots_in(port);
    auto writer = snapshots.create(16, storage::kSnapshotChunkBytesMin);
    for (const auto& [key, value] : rows) EXPECT_TRUE(writer->add(key, value).has_value());
    const auto manifest = writer->finish(header);
    return !verify_snapshot(snapshots, *manifest, world.check()).has_value();
  };
  const auto bytes = [](std::initializer_list<int> values) {
    crypto::Bytes out;
    for (const int value : values) out.push_back(static_cast<std::byte>(value));
    return out;
  };
  EXPECT_TRUE(fault({{bytes({0x00}), {}}}));
  EXPECT_TRUE(fault({{bytes({0x20}), {}}}));
  EXPECT_TRUE(fault({{bytes({0x8f}), header}})) << "a row of the store's own";
  EXPECT_TRUE(fault({{bytes({0x40, 1}), {}}}));
  EXPECT_TRUE(fault({{bytes({0x41}), {}}}));
  EXPECT_TRUE(fault({{bytes({0x42}), bytes({1, 2, 3})}}));
}

TEST(SnapshotContent, an_epoch_is_read_back_or_refused) {
  const SnapshotWorld world(16);
  SnapshotEpoch epoch{*set_of_epoch(SnapshotWorld::View(world), {1}), {3}, {{10}, {}, {}}};
  const auto bytes = encode_epoch(epoch);
  const auto back = decode_epoch(bytes);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->set, epoch.set);
  EXPECT_EQ(back->first_view, epoch.first_view);
  EXPECT_EQ(encode_epoch(*back), bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_epoch(crypto::ByteView(bytes).first(size)).has_value());
  crypto::Bytes longer = bytes;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(decode_epoch(longer).has_value());
  crypto::Bytes huge = bytes;
  huge[8] = std::byte{0xff};
  EXPECT_FALSE(decode_epoch(huge).has_value());
}

// ---- installing: stores by directory, which outlive their handles as on a disk

class Installing : public ::testing::Test {
 protected:
  using Rows = std::map<crypto::Bytes, crypto::Bytes>;
  std::expected<void, std::string> install(storage::FilePort& port, bool is_broken = false) {
    return install_marked(
        {.files = port,
         .data = "data",
         .check = world_.check(),
         .genesis_row = {std::byte{1}},
         .open_store =
             [&](const std::string& directory) { return open_file_store(port, directory); },
         .progress = [](const std::string&) {},
         .is_agreement_broken = is_broken});
  }
  consensus::Height height_of(storage::FilePort& port) {
    const auto store = open_file_store(port, "data/state");
    const auto head = (*store)->get(rows::head_key());
    if (!head || !*head) return {};
    return consensus::wire::decode_header(**head)->height;
  }
  // A store at height 3, and the snapshot of 16 beside it, marked.
  void prepare(storage::FilePort& port) {
    auto snapshots = snapshots_in(port);
    manifest_ = world_.write(snapshots);
    const auto old = open_file_store(port, "data/state");
    consensus::Header header = world_.header();
    header.height = {3};
    storage::WriteBatch batch;
    batch.put(rows::head_key(), consensus::wire::encode_header(header));
    ASSERT_TRUE((*old)->write(batch, storage::Durability::Synced));
    ASSERT_TRUE(mark_install(port, "data", {16}));
  }

  SnapshotWorld world_{16};
  storage::SnapshotManifest manifest_;
};

// More than f are faulty: what a quorum certified is no longer what must be true.
TEST_F(Installing, R11_with_a_broken_agreement_the_store_stays_and_the_mark_goes) {
  storage::MemoryFilePort port;
  prepare(port);
  const auto done = install(port, true);
  ASSERT_TRUE(done.has_value()) << done.error();
  EXPECT_EQ(height_of(port).value, 3U);
  EXPECT_EQ(*port.type("data/INSTALL"), storage::FileType::None);
}

TEST_F(Installing, R31_the_marked_snapshot_becomes_the_store) {
  storage::MemoryFilePort port;
  prepare(port);
  EXPECT_EQ(height_of(port).value, 3U);
  const auto done = install(port);
  ASSERT_TRUE(done.has_value()) << done.error();
  EXPECT_EQ(height_of(port).value, 16U);
  EXPECT_EQ(*port.type("data/INSTALL"), storage::FileType::None);
  EXPECT_EQ(*port.type("data/state.old"), storage::FileType::None);
  EXPECT_TRUE(install(port).has_value()) << "nothing is marked any more";
}

// The blocks that prove the sets before are not in a store that begins with a snapshot.
TEST_F(Installing, R18_the_lineage_that_stands_beside_it_is_taken_along) {
  storage::MemoryFilePort port;
  prepare(port);
  consensus::SetChange change{world_.header(), {}, {{{1}, {}}}};
  change.attest.content.kind = consensus::VoteKind::Attest;
  change.attest.signatures.push_back({{1}, {}});
  const auto bytes = consensus::wire::encode_lineage({&change, 1});
  ASSERT_TRUE(snapshots_in(port).put_lineage(16, bytes));
  const auto done = install(port);
  ASSERT_TRUE(done.has_value()) << done.error();
  const auto store = open_file_store(port, "data/state");
  const auto row = (*store)->get(rows::lineage_key({change.last.epoch.value + 1}));
  ASSERT_TRUE(row.has_value() && *row);
  EXPECT_EQ(**row, bytes);
}

TEST_F(Installing, R31_a_crash_at_any_call_ends_in_the_new_state) {
  storage::MemoryFilePort prepared;
  prepare(prepared);
  bool is_done = false;
  for (std::uint64_t stop = 0; !is_done; ++stop) {
    const auto disk = prepared.clone();
    disk->set_faults(
        [&disk, stop, count = std::uint64_t{0}](
            storage::FileOperation, std::string_view) mutable -> std::optional<storage::FileFault> {
          if (count < stop) return ++count, std::nullopt;
          if (count++ == stop) disk->crash(storage::Crash::shuffle(stop));
          return storage::FileFault{};
        });
    is_done = install(*disk).has_value();
    disk->set_faults({});
    const auto again = install(*disk);
    ASSERT_TRUE(again.has_value()) << stop << ' ' << again.error();
    ASSERT_EQ(height_of(*disk).value, 16U) << stop;
    EXPECT_EQ(*disk->type("data/INSTALL"), storage::FileType::None) << stop;
  }
}

TEST_F(Installing, R31_one_that_rots_is_removed_and_the_store_stays) {
  storage::MemoryFilePort port;
  prepare(port);
  port.rot("data/snapshots/16/00000000.chunk", 9, std::byte{1});
  ASSERT_TRUE(install(port).has_value());
  EXPECT_EQ(height_of(port).value, 3U);
  EXPECT_TRUE(snapshots_in(port).heights()->empty());
  EXPECT_EQ(*port.type("data/INSTALL"), storage::FileType::None);
}

TEST_F(Installing, R31_a_store_that_is_as_far_already_is_kept) {
  storage::MemoryFilePort port;
  prepare(port);
  ASSERT_TRUE(mark_install(port, "data", {2}));
  ASSERT_TRUE(install(port).has_value());
  EXPECT_EQ(height_of(port).value, 3U);
}

// Nothing was learnt about the snapshot: it stays, and so does the mark (protocol R40).
TEST_F(Installing, R40_a_disk_that_fails_is_no_reason_to_throw_the_snapshot_away) {
  storage::MemoryFilePort prepared;
  prepare(prepared);
  for (std::uint64_t stop = 0;; ++stop) {
    const auto disk = prepared.clone();
    disk->set_faults([stop, count = std::uint64_t{0}](
                         storage::FileOperation operation,
                         std::string_view) mutable -> std::optional<storage::FileFault> {
      if (operation != storage::FileOperation::Write || count++ != stop) return std::nullopt;
      return storage::FileFault{storage::FileErrorCode::NoSpace, 0};
    });
    const bool is_done = install(*disk).has_value();
    disk->set_faults({});
    EXPECT_EQ(snapshots_in(*disk).heights()->size(), 1U) << stop;
    ASSERT_TRUE(install(*disk).has_value()) << stop;
    EXPECT_EQ(height_of(*disk).value, 16U) << stop;
    if (is_done) break;
  }
}

// The node goes on with what it has: else it would not start before somebody makes room.
TEST_F(Installing, R31_a_full_disk_leaves_the_store_and_the_snapshot_as_they_are) {
  storage::MemoryFilePort port;
  prepare(port);
  const std::uint64_t used = UINT64_MAX - *port.free_space("data");
  for (const std::uint64_t room : {1U, 64U, 4096U}) {
    port.set_capacity(used + room);
    ASSERT_TRUE(install(port).has_value()) << room;
    EXPECT_EQ(height_of(port).value, 3U) << room;
    EXPECT_EQ(snapshots_in(port).heights()->size(), 1U) << room;
    EXPECT_EQ(*port.type("data/INSTALL"), storage::FileType::None) << room;
    EXPECT_EQ(*port.type("data/state.new"), storage::FileType::None) << room;
    port.set_capacity(UINT64_MAX);
    ASSERT_TRUE(mark_install(port, "data", {16}).has_value());
  }
  ASSERT_TRUE(install(port).has_value());
  EXPECT_EQ(height_of(port).value, 16U);
}

// Between the two renames; the snapshot has rotted since.
TEST_F(Installing, R31_a_store_that_was_moved_away_comes_back) {
  storage::MemoryFilePort port;
  prepare(port);
  ASSERT_TRUE(port.rename("data/state", "data/state.old").has_value());
  port.rot("data/snapshots/16/00000000.chunk", 9, std::byte{1});
  ASSERT_TRUE(install(port).has_value());
  EXPECT_EQ(height_of(port).value, 3U);
}

// It was not read: what a power failure may leave of the store is no reason to stay without one.
TEST_F(Installing, R31_a_store_that_is_damaged_gives_way) {
  storage::MemoryFilePort port;
  prepare(port);
  damage_file_store(port, "data/state");
  const auto done = install(port);
  ASSERT_TRUE(done.has_value()) << done.error();
  EXPECT_EQ(height_of(port).value, 16U);
}

}  // namespace
}  // namespace giro::runtime
