#include "node/runtime/store.h"

#include <condition_variable>

#include "storage/key_value_memory.h"

namespace giro::runtime {
namespace {

crypto::Bytes bytes_of(std::string_view text) {
  return crypto::to_bytes(crypto::as_view(text));
}

crypto::Hash hash_of(std::uint8_t fill) {
  crypto::Hash hash;
  hash.bytes.fill(std::byte{fill});
  return hash;
}

consensus::Header header_at(std::uint64_t height) {
  consensus::Header header;
  header.height = {height};
  header.time = {static_cast<std::int64_t>(1000 + height)};
  header.block = hash_of(static_cast<std::uint8_t>(height));
  return header;
}

ExecutedBlock block_at(std::uint64_t height, std::vector<ledger::Write> writes) {
  ExecutedBlock block;
  block.block.height = {height};
  block.header = header_at(height);
  block.header_hash = hash_of(static_cast<std::uint8_t>(height + 100));
  block.writes = std::move(writes);
  block.leaves = {{0, bytes_of("sweep")}, {53, bytes_of("pay")}};
  block.events = {bytes_of("event")};
  block.batches = {
      {hash_of(static_cast<std::uint8_t>(height + 50)), storage::LogPosition{height * 10}}};
  return block;
}

consensus::Certificate attest_at(std::uint64_t height) {
  consensus::Certificate certificate;
  certificate.content = {consensus::VoteKind::Attest, {0}, {0}, {height}, hash_of(7)};
  for (std::uint32_t voter = 0; voter < 3; ++voter) certificate.signatures.push_back({{voter}, {}});
  return certificate;
}

ledger::Write put(std::string_view key, std::string_view value) {
  return {bytes_of(key), bytes_of(value)};
}
ledger::Write erase(std::string_view key) {
  return {bytes_of(key), std::nullopt};
}

std::vector<std::pair<std::string, std::string>> scan(const ledger::StateView& view,
                                                      std::string_view from, std::string_view to) {
  std::vector<std::pair<std::string, std::string>> rows;
  view.scan(bytes_of(from), bytes_of(to), [&](crypto::ByteView key, crypto::ByteView value) {
    rows.emplace_back(crypto::as_text(key), crypto::as_text(value));
    return true;
  });
  return rows;
}

class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    auto backing = std::make_unique<storage::MemoryKeyValueStore>();
    store_ = std::make_unique<Store>(std::move(backing));
    store_->write_genesis({put("a", "0"), put("c", "0"), put("e", "0")}, header_at(0),
                          hash_of(100));
  }
  void start() {
    store_->start(std::make_unique<ThreadLane>(),
                  [this](consensus::Height written, consensus::Height attested) {
                    const std::lock_guard lock(mutex_);
                    written_ = written;
                    attested_ = attested;
                    changed_.notify_all();
                  });
  }
  void wait_for(std::uint64_t written, std::uint64_t attested) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds(10), [&] {
      return written_.value >= written && attested_.value >= attested;
    }));
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  consensus::Height written_, attested_;
  std::unique_ptr<Store> store_;  // the first to go: its lane uses the others
};

TEST_F(StoreTest, The_newest_state_shows_what_is_pushed_before_it_is_written) {
  store_->push(block_at(
      1, {put("b", "1"), put("c", "1"), erase("e")}));  // the store thread does not run yet
  const auto& state = store_->newest_state();
  EXPECT_EQ(state.get(bytes_of("b")), bytes_of("1"));
  EXPECT_EQ(state.get(bytes_of("c")), bytes_of("1"));
  EXPECT_EQ(state.get(bytes_of("e")), std::nullopt);
  EXPECT_EQ(state.get(bytes_of("a")), bytes_of("0"));
  EXPECT_EQ(store_->height().value, 0U);
  EXPECT_EQ(store_->read()->get(bytes_of("b")), std::nullopt);
}

TEST_F(StoreTest, A_scan_of_the_newest_state_merges_in_key_order_and_the_newer_row_wins) {
  store_->push(block_at(1, {put("b", "1"), put("c", "1"), erase("e"), put("f", "1")}));
  using Rows = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(scan(store_->newest_state(), "a", "g"),
            (Rows{{"a", "0"}, {"b", "1"}, {"c", "1"}, {"f", "1"}}));
  EXPECT_EQ(scan(store_->newest_state(), "b", "d"), (Rows{{"b", "1"}, {"c", "1"}}));
}

TEST_F(StoreTest, A_scan_stops_where_the_visitor_says) {
  store_->push(block_at(1, {put("b", "1"), put("d", "1")}));
  for (std::size_t limit = 1; limit <= 5; ++limit) {
    std::size_t seen = 0;
    store_->newest_state().scan(bytes_of("a"), bytes_of("z"),
                                [&](crypto::ByteView, crypto::ByteView) { return ++seen < limit; });
    EXPECT_EQ(seen, limit);
  }
}

TEST_F(StoreTest, State_and_height_appear_together) {
  start();
  store_->push(block_at(1, {put("a", "1")}));
  store_->push(block_at(2, {put("a", "2")}));
  wait_for(2, 0);
  const auto view = store_->read();
  EXPECT_EQ(view->height().value, 2U);
  EXPECT_EQ(view->time().ms, 1002);
  EXPECT_EQ(view->get(bytes_of("a")), bytes_of("2"));
  store_->push(block_at(3, {put("a", "3")}));
  wait_for(3, 0);
  EXPECT_EQ(view->get(bytes_of("a")), bytes_of("2"));  // a view does not move
}

TEST_F(StoreTest, A_block_reads_back_as_it_was_executed) {
  start();
  const ExecutedBlock pushed = block_at(1, {});
  store_->push(pushed);
  wait_for(1, 0);
  const auto stored = store_->block({1});
  ASSERT_TRUE(stored.has_value());
  EXPECT_EQ(stored->block, pushed.block);
  EXPECT_EQ(stored->header, pushed.header);
  EXPECT_EQ(stored->header_hash, pushed.header_hash);
  ASSERT_EQ(stored->leaves.size(), 2U);
  EXPECT_EQ(stored->leaves[1].type, 53U);
  EXPECT_EQ(stored->leaves[1].canonical, bytes_of("pay"));
  EXPECT_EQ(stored->events, pushed.events);
  EXPECT_EQ(store_->batch_position(hash_of(51)), storage::LogPosition{10});
  EXPECT_EQ(store_->batch_position(hash_of(99)), std::nullopt);
  EXPECT_FALSE(store_->block({2}).has_value());
}

TEST_F(StoreTest, The_lowest_certificate_at_or_above_a_height_is_found) {
  start();
  store_->push(attest_at(2));
  store_->push(attest_at(5));
  wait_for(0, 5);
  EXPECT_EQ(store_->attested().value, 5U);
  EXPECT_EQ(store_->attest_at_or_above({1})->content.height.value, 2U);
  EXPECT_EQ(store_->attest_at_or_above({2}), attest_at(2));
  EXPECT_EQ(store_->attest_at_or_above({3})->content.height.value, 5U);
  EXPECT_EQ(store_->attest_at_or_above({6}), std::nullopt);
}

// A store that lost its newest writes may still lack the blocks that they are about.
TEST_F(StoreTest, Certificates_are_put_back_before_their_blocks_are_executed_again) {
  EXPECT_FALSE(store_->has_attest({5}));
  store_->restore({attest_at(2), attest_at(5)});
  EXPECT_TRUE(store_->has_attest({5}));
  EXPECT_EQ(store_->attested().value, 5U);
  EXPECT_EQ(store_->attest_at_or_above({3}), attest_at(5));
  start();
  for (std::uint64_t height = 1; height <= 5; ++height) store_->push(block_at(height, {}));
  wait_for(5, 5);
}

TEST_F(StoreTest, Written_rows_leave_memory_and_the_state_stays_the_same) {
  start();
  for (std::uint64_t height = 1; height <= 50; ++height) {
    store_->push(block_at(
        height, {put("a", std::to_string(height)), put("k" + std::to_string(height), "x")}));
    if (height % 7 == 0) wait_for(height, 0);
    EXPECT_EQ(store_->newest_state().get(bytes_of("a")), bytes_of(std::to_string(height)));
    EXPECT_EQ(scan(store_->newest_state(), "k", "l").size(), height);
  }
}

}  // namespace
}  // namespace giro::runtime
