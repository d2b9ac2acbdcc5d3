// Both bindings of the key-value port keep the same contract.
#include "storage/key_value.h"

#include <fstream>

#include "crypto/keys.h"
#include "storage/file_memory.h"
#include "storage/key_value_leveldb.h"
#include "storage/key_value_memory.h"
#include "tests/unit/storage/test_disk.h"

namespace giro::storage::test {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct MemoryBinding {
  std::unique_ptr<KeyValueStore> store = std::make_unique<MemoryKeyValueStore>();
};

struct LevelDbBinding {
  TemporaryDirectory directory;
  std::unique_ptr<KeyValueStore> store = std::move(*open_leveldb(directory.path() + "/db", {}));
};

template <typename Binding>
class KeyValueTest : public ::testing::Test {
 protected:
  Binding binding_;
  KeyValueStore& store_ = *binding_.store;

  void put(std::string_view key, std::string_view value) {
    WriteBatch batch;
    batch.put(crypto::as_view(key), crypto::as_view(value));
    ASSERT_TRUE(store_.write(batch));
  }
  void remove(std::string_view key) {
    WriteBatch batch;
    batch.remove(crypto::as_view(key));
    ASSERT_TRUE(store_.write(batch, Durability::Synced));
  }
  static std::optional<std::string> get(const KeyValueReader& reader, std::string_view key) {
    const auto value = reader.get(crypto::as_view(key));
    EXPECT_TRUE(value);
    if (!value || !*value) return std::nullopt;
    return text_of(**value);
  }
  static Pairs scan(const KeyValueReader& reader, std::string_view from, std::string_view to) {
    Pairs pairs;
    EXPECT_TRUE(reader.scan(crypto::as_view(from), crypto::as_view(to),
                            [&pairs](ByteView key, ByteView value) {
                              pairs.emplace_back(text_of(key), text_of(value));
                              return true;
                            }));
    return pairs;
  }
};

struct BindingNames {
  template <typename T>
  static std::string GetName(int) {
    return std::is_same_v<T, MemoryBinding> ? "Memory" : "LevelDb";
  }
};

using Bindings = ::testing::Types<MemoryBinding, LevelDbBinding>;
TYPED_TEST_SUITE(KeyValueTest, Bindings, BindingNames);

TYPED_TEST(KeyValueTest, Get_gives_the_newest_value_or_none) {
  this->put("a", "1");
  this->put("a", "2");
  this->put("empty", "");
  EXPECT_EQ(this->get(this->store_, "a"), "2");
  EXPECT_EQ(this->get(this->store_, "empty"), "");
  EXPECT_EQ(this->get(this->store_, "b"), std::nullopt);
  this->remove("a");
  this->remove("never there");
  EXPECT_EQ(this->get(this->store_, "a"), std::nullopt);
}

TYPED_TEST(KeyValueTest, The_last_change_of_a_batch_wins) {
  WriteBatch batch;
  batch.put(crypto::as_view("a"), crypto::as_view("1"));
  batch.remove(crypto::as_view("a"));
  batch.put(crypto::as_view("b"), crypto::as_view("1"));
  batch.put(crypto::as_view("b"), crypto::as_view("2"));
  WriteBatch later;
  later.put(crypto::as_view("c"), crypto::as_view("3"));
  batch.append(later);
  batch.append(batch);
  EXPECT_EQ(batch.count(), 10U);
  ASSERT_TRUE(this->store_.write(batch));
  EXPECT_EQ(this->scan(this->store_, "", ""), (Pairs{{"b", "2"}, {"c", "3"}}));
  batch.clear();
  EXPECT_TRUE(batch.is_empty());
  EXPECT_EQ(batch.bytes(), 0U);
  EXPECT_TRUE(this->store_.write(batch));
}

TYPED_TEST(KeyValueTest, Scan_goes_in_order_of_unsigned_bytes_and_excludes_its_end) {
  for (const auto* key : {"b", "a", "ab", "\xff", "\x7f", ""}) this->put(key, "v");
  EXPECT_EQ(this->scan(this->store_, "", ""),
            (Pairs{{"", "v"}, {"a", "v"}, {"ab", "v"}, {"b", "v"}, {"\x7f", "v"}, {"\xff", "v"}}));
  EXPECT_EQ(this->scan(this->store_, "a", "b"), (Pairs{{"a", "v"}, {"ab", "v"}}));
  EXPECT_EQ(this->scan(this->store_, "b", "a"), Pairs{});
  EXPECT_EQ(this->scan(this->store_, "aa", "ab"), Pairs{});
}

TYPED_TEST(KeyValueTest, Scan_stops_when_told_and_sees_the_store_as_it_began) {
  for (const auto* key : {"a", "b", "c"}) this->put(key, "1");
  std::string seen;
  ASSERT_TRUE(this->store_.scan({}, {}, [&](ByteView key, ByteView) {
    seen += text_of(key);
    this->put("bb", "2");
    return seen.size() < 2;
  }));
  EXPECT_EQ(seen, "ab");
  EXPECT_EQ(this->scan(this->store_, "", "").size(), 4U);
}

TYPED_TEST(KeyValueTest, A_snapshot_does_not_move) {
  this->put("a", "1");
  this->put("b", "1");
  const auto snapshot = this->store_.snapshot();
  this->put("a", "2");
  this->remove("b");
  this->put("c", "2");
  EXPECT_EQ(this->get(*snapshot, "a"), "1");
  EXPECT_EQ(this->scan(*snapshot, "", ""), (Pairs{{"a", "1"}, {"b", "1"}}));
  EXPECT_EQ(this->scan(this->store_, "", ""), (Pairs{{"a", "2"}, {"c", "2"}}));
}

TYPED_TEST(KeyValueTest, Keys_values_and_batches_are_taken_at_their_limit_and_refused_above) {
  const auto write = [this](std::uint64_t key_bytes, std::uint64_t value_bytes) {
    WriteBatch batch;
    batch.put(Bytes(key_bytes), Bytes(value_bytes));
    const auto written = this->store_.write(batch);
    return written ? std::nullopt : std::optional(written.error().code);
  };
  EXPECT_EQ(write(kKeyBytesMax, 1), std::nullopt);
  EXPECT_EQ(write(kKeyBytesMax + 1, 1), KeyValueErrorCode::TooLarge);
  EXPECT_EQ(write(1, kValueBytesMax), std::nullopt);
  EXPECT_EQ(write(1, kValueBytesMax + 1), KeyValueErrorCode::TooLarge);
  WriteBatch long_removal;
  long_removal.remove(Bytes(kKeyBytesMax + 1));
  EXPECT_EQ(this->store_.write(long_removal).error().code, KeyValueErrorCode::TooLarge);

  WriteBatch batch;
  const Bytes value(kValueBytesMax - 17);
  for (std::uint64_t i = 0; i < kWriteBatchBytesMax / kValueBytesMax; ++i) {
    batch.put(Bytes(1, static_cast<std::byte>(i)), value);
  }
  EXPECT_EQ(batch.bytes(), kWriteBatchBytesMax);
  EXPECT_TRUE(this->store_.write(batch));
  batch.remove({});
  EXPECT_EQ(this->store_.write(batch).error().code, KeyValueErrorCode::TooLarge);
}

TEST(LevelDb, Reopens_with_what_was_written) {
  const TemporaryDirectory directory;
  WriteBatch batch;
  batch.put(crypto::as_view("a"), crypto::as_view("1"));
  {
    auto store = open_leveldb(directory.path() + "/db", {});
    ASSERT_TRUE(store);
    ASSERT_TRUE((*store)->write(batch));
    EXPECT_EQ(open_leveldb(directory.path() + "/db", {}).error().code, KeyValueErrorCode::Io);
  }
  LevelDbOptions options;
  options.must_exist = true;
  auto store = open_leveldb(directory.path() + "/db", options);
  ASSERT_TRUE(store);
  EXPECT_EQ((*store)->get(crypto::as_view("a")), bytes_of("1"));
  EXPECT_FALSE(open_leveldb(directory.path() + "/none", options));
}

// A power failure may lose any sector that was not synced, and leave zeros in its place.
TEST(LevelDb, A_write_that_was_lost_before_others_is_corruption_wherever_it_was) {
  const TemporaryDirectory directory;
  const auto path = directory.path() + "/db";
  constexpr int kWrites = 300;
  const auto key_of = [](int i) { return bytes_of(std::to_string(1000 + i)); };
  {
    auto store = open_leveldb(path, {});
    ASSERT_TRUE(store);
    for (int i = 0; i < kWrites; ++i) {
      WriteBatch batch;
      batch.put(key_of(i), Bytes(485, std::byte{7}));  // a record of LevelDB's is a sector
      ASSERT_TRUE((*store)->write(batch));
    }
  }
  std::filesystem::path log;
  for (const auto& entry : std::filesystem::directory_iterator(path))
    if (entry.path().extension() == ".log") log = entry.path();
  const std::uint64_t size = std::filesystem::file_size(log);
  constexpr std::uint64_t kSector = 512;
  ASSERT_EQ(size, kWrites * kSector);
  int refused = 0, opened = 0;
  // One sector, a whole block of LevelDB's, and everything to the end.
  for (const std::uint64_t lost : {kSector, 64 * kSector, size}) {
    for (std::uint64_t at = 0; at < size; at += 11 * kSector) {
      const TemporaryDirectory copied;
      const std::filesystem::path copy = copied.path() + "/db";
      std::filesystem::copy(path, copy);
      std::fstream file(copy / log.filename(), std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(static_cast<std::streamoff>(at));
      file << std::string(std::min(lost, size - at), '\0');
      file.close();
      const auto store = open_leveldb(copy.string(), {});
      if (!store) {
        EXPECT_EQ(store.error().code, KeyValueErrorCode::Corruption);
        ++refused;
        continue;
      }
      ++opened;
      bool is_missing = false;
      for (int i = 0; i < kWrites; ++i) {
        const auto value = (*store)->get(key_of(i));
        ASSERT_TRUE(value);
        ASSERT_FALSE(*value && is_missing) << "write " << i << " without one before it, " << at;
        is_missing = !*value;
      }
      EXPECT_TRUE(is_missing);
    }
  }
  EXPECT_GT(refused, 10);
  EXPECT_GT(opened, 0);
}

// Else LevelDB removes the manifest that CURRENT names by then, and the store is lost.
TEST(LevelDb, A_directory_that_cannot_be_synced_costs_the_opening_and_not_the_store) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/db";
  MemoryFilePort names;  // asked for the syncs of names alone
  ASSERT_TRUE(make_directories(names, path).has_value());
  LevelDbOptions options;
  options.files = &names;
  int opened = 0;
  bool has_failed = true;
  for (int stop = 0; has_failed; ++stop) {
    {
      has_failed = false;
      names.set_faults([&, count = 0](FileOperation operation,
                                      std::string_view) mutable -> std::optional<FileFault> {
        if (operation != FileOperation::SyncDirectory || count++ != stop) return std::nullopt;
        has_failed = true;
        return FileFault{};
      });
      const auto store = open_leveldb(path, options);
      names.set_faults({});
      ASSERT_EQ(store.has_value(), !has_failed) << stop;
      if (!store) {
        EXPECT_EQ(store.error().code, KeyValueErrorCode::Io) << store.error().text;
      }
    }
    auto store = open_leveldb(path, options);
    ASSERT_TRUE(store.has_value()) << stop << ": " << store.error().text;
    EXPECT_EQ((*store)->get(crypto::as_view("opened")).value().has_value(), opened > 0);
    WriteBatch batch;
    batch.put(crypto::as_view("opened"), crypto::as_view("yes"));
    ASSERT_TRUE((*store)->write(batch, Durability::Synced).has_value());
    ++opened;
  }
  EXPECT_GT(opened, 2) << "a write-ahead file and CURRENT have names";
}

TEST(LevelDb, Tells_corruption_from_a_failed_file_system) {
  const TemporaryDirectory directory;
  const auto path = directory.path() + "/db";
  LevelDbOptions options;
  options.write_buffer_bytes = 64 << 10;
  {
    auto store = open_leveldb(path, options);
    ASSERT_TRUE(store);
    for (int i = 0; i < 200; ++i) {
      WriteBatch batch;
      Bytes value(2000);
      crypto::random_bytes(value);
      batch.put(bytes_of(std::to_string(1000 + i)), value);
      ASSERT_TRUE((*store)->write(batch));
    }
  }
  bool has_flipped = false;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() != ".ldb") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(1000);
    file.put('\x55');
    has_flipped = true;
  }
  ASSERT_TRUE(has_flipped);
  auto store = open_leveldb(path, options);
  ASSERT_TRUE(store);
  const auto scanned = (*store)->scan({}, {}, [](ByteView, ByteView) { return true; });
  ASSERT_FALSE(scanned);
  EXPECT_EQ(scanned.error().code, KeyValueErrorCode::Corruption);
  EXPECT_GT((*store)->approximate_bytes(), 0U);
  EXPECT_EQ(open_leveldb("/nonexistent/db", {}).error().code, KeyValueErrorCode::Io);
}

}  // namespace
}  // namespace giro::storage::test
