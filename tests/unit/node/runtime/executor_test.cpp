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

// ALICE's position in the state after each of some blocks, as a client that has the genesis file
// sees it.
TEST_F(ExecutorTest, L9_2_a_position_is_proven_by_the_state_root_of_the_newest_header) {
  crypto::VerifierPool pool(1);
  Payload payload(pool, demo_.chain());
  BatchIndex index;
  Executor executor(start(), store_, payload, index, std::make_unique<InlineLane>(),
                    {.executed = [](const consensus::Executed&) {},
                     .ran = [](const ExecutedBlock&, const std::vector<Intake::Ran>&) {}});
  receipt::Genesis genesis{demo_.chain(), {}};
  for (std::uint32_t seat = 0; seat < 4; ++seat)
    genesis.members.push_back({{seat + 1}, demo_.validator_key(seat).public_key()});
  const auto alice = config::demo_aliases().at("ALICE").account;
  const auto judged = [&](std::optional<receipt::PositionProof> proof) {
    const auto content = receipt::attest_content(demo_.chain(), proof->header);
    for (std::uint32_t seat = 0; seat < 3; ++seat)
      proof->attestation.push_back(
          {{seat}, demo_.validator_key(seat).sign(content.sign_bytes(demo_.chain()))});
    return receipt::verify_position_json(receipt::to_json(*proof), genesis).has_value();
  };
  std::uint64_t heights = 0;
  for (const auto& block : empty_blocks(genesis_, 3, kEpochBlocks)) {
    executor.push({block, block.hash(demo_.chain()), {}});
    std::optional<receipt::PositionProof> proof;
    ASSERT_TRUE(executor.prove(1, alice, [&](auto made) { proof = std::move(made); }));
    ASSERT_TRUE(proof);
    EXPECT_EQ(proof->header.height.value, ++heights);
    EXPECT_EQ(proof->position.posted, (ledger::Amount{0, 200'000'000}));
    EXPECT_TRUE(judged(proof));
    proof->position.posted.lo += 1;
    EXPECT_FALSE(judged(proof));
  }
  bool is_told = false;
  ASSERT_TRUE(executor.prove(3, alice, [&](const auto& made) { is_told = !made; }));
  EXPECT_TRUE(is_told) << "she has no position in that token";
}

// Clients cannot hold the executor back: what waits is bounded.
TEST_F(ExecutorTest, L9_2_proofs_that_wait_are_bounded_and_end_with_the_node) {
  class HeldLane final : public Lane {
   public:
    explicit HeldLane(std::vector<std::function<void()>>& held) : held_(held) {}
    ~HeldLane() override {
      std::ranges::for_each(held_, [](auto& work) { work(); });
    }
    void post(std::function<void()> work) override { held_.push_back(std::move(work)); }

   private:
    std::vector<std::function<void()>>& held_;
  };
  crypto::VerifierPool pool(1);
  Payload payload(pool, demo_.chain());
  BatchIndex index;
  std::vector<std::function<void()>> held;
  std::size_t asked = 0, without = 0;
  {
    Executor executor(start(), store_, payload, index, std::make_unique<HeldLane>(held), {});
    const auto alice = config::demo_aliases().at("ALICE").account;
    while (asked < 1000 && executor.prove(1, alice, [&](const auto& made) { without += !made; }))
      ++asked;
  }
  EXPECT_EQ(asked, 64U);
  EXPECT_EQ(without, asked);
}

}  // namespace
}  // namespace giro::runtime
