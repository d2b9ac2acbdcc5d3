#include "storage/read_ahead.h"

#include <gtest/gtest.h>

#include <thread>

#include "storage/key_value_memory.h"

namespace giro::storage {
namespace {

Bytes text(const std::string& value) {
  return crypto::to_bytes(crypto::as_view(value));
}

// More than the blocks that may wait, with values of every size from none.
class ReadAheadTest : public ::testing::Test {
 protected:
  ReadAheadTest() {
    for (std::size_t i = 0; i < 3'000; ++i) {
      WriteBatch batch;
      batch.put(text("k" + std::to_string(10'000 + i)), Bytes(i, std::byte{7}));
      EXPECT_TRUE(store_.write(batch, Durability::Buffered).has_value());
    }
  }
  struct Seen {
    std::vector<std::pair<Bytes, std::size_t>> rows;
    bool is_own_thread = true;
  };
  static Seen scan(const KeyValueReader& reader, std::size_t at_most) {
    Seen seen;
    const auto self = std::this_thread::get_id();
    const auto done = reader.scan(text("k"), {}, [&](ByteView key, ByteView value) {
      seen.is_own_thread = seen.is_own_thread && std::this_thread::get_id() == self;
      seen.rows.emplace_back(crypto::to_bytes(key), value.size());
      return seen.rows.size() < at_most;
    });
    EXPECT_TRUE(done.has_value());
    return seen;
  }
  MemoryKeyValueStore store_;
};

TEST_F(ReadAheadTest, Gives_the_same_rows_in_the_same_order_on_the_caller_s_thread) {
  const auto seen = scan(ReadAhead(store_), SIZE_MAX);
  EXPECT_EQ(seen.rows, scan(store_, SIZE_MAX).rows);
  EXPECT_EQ(seen.rows.size(), 3'000U);
  EXPECT_TRUE(seen.is_own_thread);
  EXPECT_EQ(ReadAhead(store_).get(text("k10003")).value()->size(), 3U);
}

TEST_F(ReadAheadTest, Stops_when_the_visitor_has_enough) {
  for (const std::size_t enough : {1U, 700U, 1'500U, 2'999U})
    EXPECT_EQ(scan(ReadAhead(store_), enough).rows, scan(store_, enough).rows) << enough;
}

TEST_F(ReadAheadTest, Of_no_rows_there_is_nothing_to_visit) {
  const auto done = ReadAhead(store_).scan(text("x"), {}, [](ByteView, ByteView) {
    ADD_FAILURE();
    return true;
  });
  EXPECT_TRUE(done.has_value());
}

// Fails after some rows: they were shown, and the failure is told.
class FailingReader final : public KeyValueReader {
 public:
  explicit FailingReader(const KeyValueReader& reader) : reader_(reader) {}
  KeyValueResult<std::optional<Bytes>> get(ByteView key) const override { return reader_.get(key); }
  KeyValueResult<void> scan(ByteView from, ByteView to, const Visit& visit) const override {
    std::size_t rows = 0;
    (void)reader_.scan(
        from, to, [&](ByteView key, ByteView value) { return ++rows <= 100 && visit(key, value); });
    return std::unexpected(KeyValueError{KeyValueErrorCode::Corruption, "a bad block"});
  }

 private:
  const KeyValueReader& reader_;
};

TEST_F(ReadAheadTest, A_failure_is_told_after_the_rows_before_it) {
  std::size_t rows = 0;
  const auto done = ReadAhead(FailingReader(store_)).scan(text("k"), {}, [&](ByteView, ByteView) {
    ++rows;
    return true;
  });
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().text, "a bad block");
  EXPECT_EQ(rows, 100U);
}

}  // namespace
}  // namespace giro::storage
