#include "node/runtime/executor.h"

#include <gtest/gtest.h>

#include "node/ledger/records.h"
#include "storage/key_value_memory.h"
#include "tests/unit/node/runtime/demo_ledger.h"
#include "tests/unit/node/runtime/execution.h"

namespace giro::runtime {
namespace {

// The demo network's first state, in which seat 1 is about to take a new key.
class ExecutorTest : public testing::Test {
 protected:
  ExecutorTest() : store_(std::make_unique<storage::MemoryKeyValueStore>()) {
    auto writes = demo_.genesis().block.writes;
    const auto row =
        std::ranges::find(writes, ledger::validator_set_key(0).to_bytes(), &ledger::Write::key);
    auto set = *ledger::decode_record<ledger::ValidatorSet>(*row->value);
    set.next = set.members;
    set.next[1].key = crypto::SecretKey::generate().public_key();
    set.changes = 1;
    row->value = ledger::encode(set);
    for (const auto& validator : set.next)
      renewed_.push_back({{validator.institution}, validator.key});
    genesis_.block = demo_.chain();
    genesis_.time = demo_.time();
    store_.write_genesis(writes, genesis_, genesis_.hash(demo_.chain()));
    store_.start(std::make_unique<ThreadLane>(), [](consensus::Height, consensus::Height) {});
  }
  ~ExecutorTest() override { store_.stop(); }

  Executor::Start start() {
    return {.chain = demo_.chain(),
            .epoch_blocks = kEpochBlocks,
            .header = genesis_,
            .header_hash = genesis_.hash(demo_.chain()),
            .chain_value = {},
            .tree = *ledger::StateTree::rebuild(*store_.read())};
  }

  DemoLedger demo_{[] {
    consensus::Parameters parameters;
    parameters.epoch_blocks = kEpochBlocks;
    return parameters;
  }()};
  consensus::Header genesis_;
  std::vector<consensus::Member> renewed_;
  Store store_;
};

TEST_F(ExecutorTest,
       R41_the_last_header_of_an_epoch_names_the_set_that_the_ledger_has_for_the_next) {
  const auto answers = execute(start(), store_, empty_blocks(genesis_, 30, kEpochBlocks));
  ASSERT_EQ(answers.size(), 30U);
  for (const auto& answer : answers) {
    const consensus::Header& header = answer.header;
    if (header.height.value % kEpochBlocks != 0) {
      EXPECT_EQ(header.next_set, crypto::Hash{}) << header.height;
      EXPECT_FALSE(answer.next_members) << header.height;
      continue;
    }
    const consensus::ValidatorSet next{{header.epoch.value + 1}, renewed_};
    EXPECT_EQ(header.next_set, next.digest(demo_.chain())) << header.height;
    EXPECT_EQ(answer.next_members, renewed_) << header.height;
  }
}

}  // namespace
}  // namespace giro::runtime
