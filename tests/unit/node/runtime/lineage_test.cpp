#include "node/runtime/lineage.h"

#include <gtest/gtest.h>

#include <condition_variable>

#include "consensus/wire/codec.h"
#include "crypto/digest.h"
#include "node/ledger/records.h"
#include "node/runtime/store_rows.h"
#include "storage/key_value_memory.h"
#include "tests/unit/node/runtime/demo_ledger.h"

namespace giro::runtime {
namespace {

crypto::PublicKey key_of(std::string_view name) {
  const crypto::Hash scalar = crypto::sha256(crypto::as_view(name));
  return crypto::SecretKey::from_bytes(scalar)->public_key();
}

using Seats = std::vector<std::pair<std::uint32_t, std::string_view>>;

std::vector<ledger::Validator> validators(const Seats& seats) {
  std::vector<ledger::Validator> out;
  for (const auto& [institution, name] : seats) out.push_back({institution, key_of(name)});
  return out;
}
ledger::Write set_row(std::uint64_t epoch, const Seats& seats, const Seats& next = {}) {
  const ledger::ValidatorSet record{
      .members = validators(seats), .next = validators(next), .changes = next.empty() ? 0U : 1U};
  return {ledger::validator_set_key(epoch).to_bytes(), ledger::encode(record)};
}

const Seats kFour{{1, "a"}, {2, "b"}, {3, "c"}, {4, "d"}};
const Seats kFive{{1, "a"}, {2, "b"}, {3, "c"}, {4, "d"}, {5, "e"}};
const Seats kRenewed{{1, "a"}, {2, "b'"}, {3, "c"}, {4, "d"}, {5, "e"}};

class LineageTest : public testing::Test {
 protected:
  LineageTest() : store_(std::make_unique<storage::MemoryKeyValueStore>()) {
    store_.write_genesis({set_row(0, kFour)}, {}, {});
    store_.start(std::make_unique<ThreadLane>(),
                 [this](consensus::Height written, consensus::Height attested) {
                   const std::lock_guard lock(mutex_);
                   written_ = written;
                   attested_ = attested;
                   changed_.notify_all();
                 });
  }
  ~LineageTest() override { store_.stop(); }

  void execute(std::uint64_t height, std::vector<ledger::Write> writes) {
    ExecutedBlock block;
    block.block.height = {height};
    block.header.height = {height};
    block.header.epoch = consensus::epoch_of({height}, kEpochBlocks);
    block.writes = std::move(writes);
    store_.push(std::move(block));
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return written_.value >= height; });
  }
  void attest(std::uint64_t height) {
    consensus::Certificate certificate;
    certificate.content.kind = consensus::VoteKind::Attest;
    certificate.content.height = {height};
    certificate.signatures.push_back({{static_cast<std::uint32_t>(height)}, {}});
    store_.push(std::move(certificate));
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return attested_.value >= height; });
  }
  // Epochs 0 to 3: a fifth joins with 1, nothing in 2, a new key in 3.
  void run() {
    for (std::uint64_t height = 1; height <= 30; ++height) {
      std::vector<ledger::Write> writes;
      if (height == 10) writes.push_back(set_row(1, kFive));
      if (height == 20) writes.push_back(set_row(2, kFive));
      if (height == 30) writes.push_back(set_row(3, kRenewed));
      execute(height, std::move(writes));
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  consensus::Height written_, attested_;
  Store store_;
};

TEST_F(LineageTest, R18_holds_the_last_headers_of_epochs_that_changed_the_set) {
  run();
  for (const std::uint64_t height : {5U, 10U, 20U, 30U}) attest(height);
  Lineage lineage(store_, kEpochBlocks);
  EXPECT_TRUE(lineage.up_to({0})->empty());
  const auto all = lineage.up_to({3});
  ASSERT_TRUE(all.has_value());
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ((*all)[0].header.height.value, 10U);
  EXPECT_EQ((*all)[0].set.epoch.value, 1U);
  EXPECT_EQ((*all)[0].set.size(), 5U);
  EXPECT_EQ((*all)[0].attestation[0].voter.value, 10U);
  EXPECT_EQ((*all)[1].header.height.value, 30U);
  EXPECT_EQ((*all)[1].set.members[1].key, key_of("b'"));
  EXPECT_EQ(lineage.up_to({2})->size(), 1U);  // of an older receipt
}

// A store that began with a snapshot has no blocks before it: what came along stands in for them.
TEST_F(LineageTest, R18_what_came_with_a_snapshot_stands_in_for_the_blocks) {
  auto backing = std::make_unique<storage::MemoryKeyValueStore>();
  storage::KeyValueStore& below = *backing;
  Store store(std::move(backing));
  store.write_genesis({set_row(0, kFour), set_row(1, kFive)}, {}, {});
  Lineage lineage(store, kEpochBlocks);
  EXPECT_FALSE(lineage.up_to({1}).has_value());
  consensus::SetChange change{{}, {}, {}};
  change.last.height = {10};
  for (const auto& [institution, name] : kFour)
    change.members.push_back({{institution}, key_of(name)});
  change.attest.content.kind = consensus::VoteKind::Attest;
  change.attest.signatures.push_back({{7}, {}});
  const auto put = [&] {
    storage::WriteBatch batch;
    batch.put(rows::lineage_key({1}), consensus::wire::encode_lineage({&change, 1}));
    ASSERT_TRUE(below.write(batch, storage::Durability::Synced));
  };
  put();
  EXPECT_FALSE(lineage.up_to({1}).has_value()) << "of another set than the ledger's";
  change.members.push_back({{5}, key_of("e")});
  put();
  const auto all = lineage.up_to({1});
  ASSERT_TRUE(all.has_value());
  ASSERT_EQ(all->size(), 1U);
  EXPECT_EQ((*all)[0].header, change.last);
  EXPECT_EQ((*all)[0].set.size(), 5U);
  EXPECT_EQ((*all)[0].attestation[0].voter.value, 7U);
}

// With each snapshot they are asked for from the first epoch on: read anew each time, they would
// cost the square of the epochs.
TEST_F(LineageTest, R34_each_change_is_read_once) {
  auto backing = std::make_unique<storage::MemoryKeyValueStore>();
  storage::KeyValueStore& below = *backing;
  Store store(std::move(backing));
  store.write_genesis({set_row(0, kFour), set_row(1, kFive), set_row(2, kRenewed)}, {}, {});
  const auto change_rows = [&](bool is_there, std::uint64_t epoch, const Seats& seats) {
    consensus::SetChange change{{}, {}, {}};
    change.last.height = {epoch * kEpochBlocks};
    for (const auto& [institution, name] : seats)
      change.members.push_back({{institution}, key_of(name)});
    change.attest.content.kind = consensus::VoteKind::Attest;
    storage::WriteBatch batch;
    if (is_there) {
      batch.put(rows::lineage_key({epoch}), consensus::wire::encode_lineage({&change, 1}));
    } else {
      batch.remove(rows::lineage_key({epoch}));
    }
    ASSERT_TRUE(below.write(batch, storage::Durability::Synced));
  };
  const auto heights = [](const std::optional<std::vector<consensus::SetChange>>& changes) {
    std::vector<std::uint64_t> out;
    for (const auto& change : changes.value()) out.push_back(change.last.height.value);
    return out;
  };
  using Heights = std::vector<std::uint64_t>;
  Lineage lineage(store, kEpochBlocks);
  change_rows(true, 1, kFive);
  EXPECT_FALSE(lineage.between({0}, {2}).has_value());  // reads the first, and not the second
  change_rows(false, 1, kFive);
  EXPECT_EQ(heights(lineage.between({0}, {1})), (Heights{10}));
  change_rows(true, 2, kRenewed);
  EXPECT_EQ(heights(lineage.between({0}, {2})), (Heights{10, 20}));
  change_rows(false, 2, kRenewed);
  EXPECT_EQ(heights(lineage.between({0}, {2})), (Heights{10, 20}));
  EXPECT_EQ(heights(lineage.between({1}, {2})), (Heights{20}));
  EXPECT_TRUE(lineage.between({2}, {2})->empty());
  EXPECT_FALSE(lineage.between({2}, {1}).has_value());
}

TEST_F(LineageTest, R31_what_is_held_is_given_though_what_is_before_is_not) {
  run();
  attest(30);
  Lineage lineage(store_, kEpochBlocks);
  EXPECT_FALSE(lineage.between({0}, {3}).has_value());
  const auto changes = lineage.between({1}, {3});
  ASSERT_TRUE(changes.has_value());
  ASSERT_EQ(changes->size(), 1U);
  EXPECT_EQ(changes->front().members[1].key, key_of("b'"));
}

TEST_F(LineageTest, without_the_proof_of_a_change_there_is_none_until_it_comes) {
  run();
  attest(9);
  attest(11);  // not of the last height itself
  Lineage lineage(store_, kEpochBlocks);
  EXPECT_FALSE(lineage.up_to({1}).has_value());
  attest(20);
  EXPECT_FALSE(lineage.up_to({2}).has_value());
  EXPECT_TRUE(lineage.up_to({0}).has_value());
  EXPECT_FALSE(lineage.up_to({9}).has_value());  // not executed yet
}

TEST_F(LineageTest, R44_lets_in_the_set_of_the_epoch_the_next_and_who_lost_its_seat) {
  EXPECT_FALSE(admitted_peers(*store_.read(), {1}).has_value());
  auto peers = admitted_peers(*store_.read(), {0});
  ASSERT_TRUE(peers.has_value());
  EXPECT_EQ(peers->size(), 4U);
  // Pending: one more, and a new key.
  execute(1, {set_row(0, kFour, kRenewed)});
  peers = admitted_peers(*store_.read(), {0});
  EXPECT_EQ(peers->size(), 5U);
  EXPECT_EQ(peers->at({5}), (PeerKeys{key_of("e"), {}}));
  EXPECT_EQ(peers->at({2}), (PeerKeys{key_of("b"), key_of("b'")}));
  // Settled by the last block, while the epoch has not ended: its members are still needed.
  const Seats smaller{{1, "a"}, {2, "b'"}, {3, "c"}, {5, "e"}};
  const auto institution = [](std::uint32_t id, ledger::InstitutionStatus status,
                              std::string_view key) {
    ledger::Institution record;
    record.status = status;
    if (!key.empty()) record.observer_key = key_of(key);
    return ledger::Write{ledger::institution_key(id).to_bytes(), ledger::encode(record)};
  };
  execute(2, {institution(4, ledger::InstitutionStatus::Active, "d"),
              institution(6, ledger::InstitutionStatus::Exited, "f"),
              institution(7, ledger::InstitutionStatus::Active, ""), set_row(1, smaller)});
  peers = admitted_peers(*store_.read(), {0});
  EXPECT_EQ(peers->at({4}), (PeerKeys{key_of("d"), {}}));
  EXPECT_EQ(peers->at({2}), (PeerKeys{key_of("b"), key_of("b'")}));
  EXPECT_EQ(peers->size(), 5U);
  peers = admitted_peers(*store_.read(), {1});
  EXPECT_EQ(peers->at({4}), (PeerKeys{key_of("d"), {}}));  // as an observer
  EXPECT_EQ(peers->at({2}), (PeerKeys{key_of("b'"), {}}));
  EXPECT_EQ(peers->size(), 5U);
}

}  // namespace
}  // namespace giro::runtime
