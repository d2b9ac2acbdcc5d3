#include "node/ledger/overlay.h"

#include <gtest/gtest.h>

#include "tests/unit/node/ledger/demo.h"

namespace giro::ledger::demo {
namespace {

Bytes meta_row(std::uint64_t next_slot) {
  Meta meta;
  meta.next_slot = next_slot;
  return encode(meta);
}

class OverlayTest : public ::testing::Test {
 protected:
  OverlayTest() {
    state_.rows[meta_key().to_bytes()] = meta_row(5);
    Token token;
    token.issuer = 7;
    state_.rows[token_key(1).to_bytes()] = encode(token);
    overlay_.begin_block(state_);
  }
  std::vector<std::string> write_keys() {
    std::vector<std::string> keys;
    for (const Write& write : overlay_.take_writes()) {
      keys.push_back((write.value ? "put " : "delete ") + crypto::to_hex(write.key));
    }
    return keys;
  }
  static std::string put(const Key& key) { return "put " + crypto::to_hex(key); }
  static std::string deleted(const Key& key) { return "delete " + crypto::to_hex(key); }

  MemoryState state_;
  Overlay overlay_{RecordCache::Limits{.records = 640}};
};

TEST_F(OverlayTest, Reading_writes_nothing) {
  ASSERT_NE(overlay_.find<Token>(token_key(1)), nullptr);
  EXPECT_EQ(overlay_.find<Token>(token_key(2)), nullptr);
  EXPECT_TRUE(write_keys().empty());
}

TEST_F(OverlayTest, A_rolled_back_change_leaves_no_write) {
  const auto savepoint = overlay_.begin();
  overlay_.edit(*overlay_.find<Token>(token_key(1))).issuer = 8;
  overlay_.create<Token>(token_key(2));
  overlay_.rows().put(uetr_index_key(uetr(1), 1));
  overlay_.rollback(savepoint);
  EXPECT_EQ(overlay_.find<Token>(token_key(1))->value.issuer, 7U);
  EXPECT_EQ(overlay_.find<Token>(token_key(2)), nullptr);
  EXPECT_TRUE(write_keys().empty());
}

TEST_F(OverlayTest, Savepoints_nest) {
  const auto outer = overlay_.begin();
  Cell<Token>& token = *overlay_.find<Token>(token_key(1));
  overlay_.edit(token).product = 1;
  const auto inner = overlay_.begin();
  overlay_.edit(token).product = 2;
  overlay_.create<Token>(token_key(2));
  overlay_.rollback(inner);
  EXPECT_EQ(token.value.product, 1U);
  EXPECT_EQ(overlay_.find<Token>(token_key(2)), nullptr);
  const auto kept = overlay_.begin();
  overlay_.edit(token).product = 3;
  overlay_.release(kept);
  EXPECT_EQ(token.value.product, 3U);
  overlay_.rollback(outer);
  EXPECT_EQ(token.value.product, 0U);
  EXPECT_TRUE(write_keys().empty());
}

TEST_F(OverlayTest, The_value_before_is_that_of_the_operations_start) {
  const auto savepoint = overlay_.begin();
  Cell<Token>& token = *overlay_.find<Token>(token_key(1));
  overlay_.edit(token).product = 1;
  const auto inner = overlay_.begin();
  overlay_.edit(token).product = 2;
  overlay_.release(inner);
  int visits = 0;
  overlay_.changed_since<Token>(savepoint,
                                [&](const Cell<Token>& cell, const Token& before, bool existed) {
                                  ++visits;
                                  EXPECT_EQ(before.product, 0U);
                                  EXPECT_EQ(cell.value.product, 2U);
                                  EXPECT_TRUE(existed);
                                });
  EXPECT_EQ(visits, 1);
}

TEST_F(OverlayTest, New_tree_records_take_the_next_slots_in_key_order) {
  const auto savepoint = overlay_.begin();
  overlay_.create<Account>(account_key(2, kBuyer));
  overlay_.create<Account>(account_key(1, kBuyer));
  overlay_.create<Token>(token_key(9));
  overlay_.create<OutcomeRecord>(outcome_key(1, uetr(1)));  // no tree table
  overlay_.release(savepoint);
  const auto writes = overlay_.take_writes();
  std::vector<Bytes> slots;
  for (const Write& write : writes) {
    if (write.key[0] == static_cast<std::byte>(Table::Slot)) slots.push_back(*write.value);
  }
  EXPECT_EQ(slots, (std::vector{token_key(9).to_bytes(), account_key(1, kBuyer).to_bytes(),
                                account_key(2, kBuyer).to_bytes()}));
  EXPECT_EQ(decode_record<Meta>(*writes.back().value)->next_slot, 8U);
}

TEST_F(OverlayTest, An_index_row_that_came_and_went_leaves_no_trace) {
  const Key row = uetr_index_key(uetr(1), 1);
  const Key gone = deadline_key({5}, DeadlineKind::Payment, payment_key(1, uetr(2)));
  const Key back = retention_key(3, RetentionKind::Payment, payment_key(1, uetr(3)));
  overlay_.rows().put(row);
  overlay_.rows().erase(row);
  overlay_.rows().erase(gone);
  overlay_.rows().erase(back);
  overlay_.rows().put(back);
  EXPECT_EQ(write_keys(), std::vector{deleted(gone)});
}

TEST_F(OverlayTest, A_record_made_and_erased_in_one_block_is_no_write) {
  const auto savepoint = overlay_.begin();
  overlay_.erase(overlay_.create<Hold>(hold_key(1, uetr(1))));
  overlay_.erase(*overlay_.find<Token>(token_key(1)));
  overlay_.release(savepoint);
  EXPECT_EQ(write_keys(), std::vector{deleted(token_key(1))});
}

TEST_F(OverlayTest, Writes_ascend_over_all_tables) {
  const auto savepoint = overlay_.begin();
  overlay_.create<MintReference>(mint_reference_key(1, Commit{}));
  overlay_.create<OutcomeRecord>(outcome_key(1, uetr(1)));
  overlay_.create<Hold>(hold_key(1, uetr(1)));
  overlay_.create<Payment>(payment_key(1, uetr(1)));
  for (const Key& key : {uetr_index_key(uetr(1), 1), hold_of_position_key(1, kBuyer, 1, 1, uetr(1)),
                         deadline_key({5}, DeadlineKind::Payment, payment_key(1, uetr(1))),
                         retention_key(1, RetentionKind::Outcome, outcome_key(1, uetr(1)))}) {
    overlay_.rows().put(key);
  }
  overlay_.create<Deny>(deny_institution_key(1, 2));
  overlay_.create<Position>(position_key(1, kBuyer));
  (void)overlay_.edit(*overlay_.find<Meta>(meta_key()));
  overlay_.release(savepoint);
  const auto writes = overlay_.take_writes();
  ASSERT_EQ(writes.size(), 12U);
  for (std::size_t i = 1; i < writes.size(); ++i) EXPECT_LT(writes[i - 1].key, writes[i].key);
}

TEST_F(OverlayTest, What_is_written_becomes_the_cache) {
  const auto savepoint = overlay_.begin();
  overlay_.edit(*overlay_.find<Token>(token_key(1))).product = 4;
  overlay_.release(savepoint);
  (void)overlay_.take_writes();
  overlay_.end_block();
  const MemoryState nothing;
  overlay_.begin_block(nothing);
  ASSERT_NE(overlay_.find<Token>(token_key(1)), nullptr) << "read from the state again";
  EXPECT_EQ(overlay_.find<Token>(token_key(1))->value.product, 4U);
  EXPECT_TRUE(write_keys().empty()) << "a clean record was written again";
}

TEST_F(OverlayTest, The_cache_keeps_its_bound_and_the_records_used_last) {
  for (TokenId id = 100; id < 200; ++id) (void)overlay_.find<Position>(position_key(id, kBuyer));
  overlay_.end_block();
  overlay_.begin_block(state_);
  for (TokenId id = 300; id < 600; ++id) (void)overlay_.find<Position>(position_key(id, kBuyer));
  overlay_.end_block();
  EXPECT_LE(overlay_.size(), 640U);
  Overlay none(RecordCache::Limits{.records = 0});
  none.begin_block(state_);
  (void)none.find<Token>(token_key(1));
  none.end_block();
  EXPECT_EQ(none.size(), 0U);
}

TEST_F(OverlayTest, A_record_that_cannot_be_decoded_is_reported) {
  state_.rows[token_key(3).to_bytes()] = {std::byte{0xFF}};
  EXPECT_EQ(overlay_.find<Token>(token_key(3)), nullptr);
  ASSERT_TRUE(overlay_.corrupt().has_value());
  EXPECT_EQ(*overlay_.corrupt(), token_key(3));
}

}  // namespace
}  // namespace giro::ledger::demo
