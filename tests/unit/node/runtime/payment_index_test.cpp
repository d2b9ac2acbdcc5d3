// Payments are found again by account, and each with its history (ledger 10).
#include "node/runtime/payment_index.h"

#include <gtest/gtest.h>

#include "node/ledger/outcome_leaf.h"
#include "storage/key_value_memory.h"

namespace giro::runtime {
namespace {

using ledger::EventType;
using ledger::PaymentState;

template <class T>
T id_of(std::uint8_t fill) {
  T id;
  id.bytes.fill(std::byte{fill});
  return id;
}

class PaymentIndexTest : public testing::Test {
 protected:
  static constexpr ledger::InstId kBank = 1;
  static constexpr std::uint8_t kAlice = 5, kBob = 6, kCarol = 7;

  PaymentIndexTest() {
    store_.write_genesis({}, {}, {});
    store_.start(std::make_unique<InlineLane>(), [](consensus::Height, consensus::Height) {});
  }

  struct Step {
    std::uint8_t uetr;
    EventType type;
    std::uint8_t from = kAlice, to = kBob;
  };
  // What happened in one block, in order.
  void block(const std::vector<Step>& steps) {
    ExecutedBlock block;
    block.header.height = block.block.height = {++height_};
    block.header.time = {static_cast<std::int64_t>(height_) * 1000};
    std::map<crypto::Bytes, crypto::Bytes> writes;
    for (const Step& step : steps) {
      const auto uetr = id_of<ledger::Uetr>(step.uetr);
      auto& payment = payments_[step.uetr];
      if (payment.created_at.value == 0) payment.created_at = {block.header.time.ms};
      payment.terms.uetr = uetr;
      payment.terms.payer_bank = kBank;
      payment.terms.payer_account = id_of<ledger::AccountId>(step.from);
      payment.terms.payee_account = id_of<ledger::AccountId>(step.to);
      writes[ledger::payment_key(kBank, uetr).to_bytes()] = ledger::encode(payment);
      ledger::PaymentEvent event;
      event.terms = payment.terms;
      ledger::EventRecord record;
      record.height = height_;
      record.n = static_cast<std::uint32_t>(block.events.size() + 1);
      record.index = 3;
      record.type = static_cast<std::uint16_t>(step.type);
      record.actor = kBank;
      record.op_id = uetr;
      record.block_time = {block.header.time.ms};
      record.body = ledger::encode(event);
      block.events.push_back(ledger::encode_event(record));
    }
    for (auto& [key, value] : writes) block.writes.push_back({key, value});
    store_.push(std::move(block));
  }

  [[nodiscard]] std::vector<std::uint8_t> of_account(std::uint8_t account, EventPlace after = {},
                                                     std::size_t limit = 100) const {
    std::vector<std::uint8_t> out;
    const auto view = store_.read();
    for (const auto& one :
         read_payments_of(*view, id_of<ledger::AccountId>(account), after, limit)) {
      EXPECT_EQ(one.payer_bank, kBank);
      out.push_back(static_cast<std::uint8_t>(one.uetr.bytes[0]));
    }
    return out;
  }

  std::uint64_t height_ = 0;
  std::map<std::uint8_t, ledger::Payment> payments_;
  Store store_{std::make_unique<storage::MemoryKeyValueStore>()};
};

TEST_F(PaymentIndexTest, Both_accounts_have_a_payment_once_in_the_order_of_its_beginning) {
  block({{30, EventType::PaymentPending}, {10, EventType::PaymentSettled, kAlice, kCarol}});
  block({{30, EventType::PaymentSettled}});
  block({{20, EventType::PaymentPending}, {20, EventType::PaymentCancelled}});
  EXPECT_EQ(of_account(kAlice), (std::vector<std::uint8_t>{30, 10, 20}));
  EXPECT_EQ(of_account(kBob), (std::vector<std::uint8_t>{30, 20}));
  EXPECT_EQ(of_account(kCarol), (std::vector<std::uint8_t>{10}));
  EXPECT_EQ(of_account(kAlice, {1, 1}), (std::vector<std::uint8_t>{10, 20}));
  EXPECT_EQ(of_account(kAlice, {1, 1}, 1), (std::vector<std::uint8_t>{10}));
  EXPECT_TRUE(of_account(kAlice, {3, 1}).empty());
}

TEST_F(PaymentIndexTest, Each_transition_is_told_with_what_made_it) {
  block({{30, EventType::PaymentPending}, {31, EventType::PaymentSettled}});
  block({});
  block({{30, EventType::PaymentSettled}});
  block({{30, EventType::PaymentReturned}});
  const auto view = store_.read();
  const auto history = read_transitions(*view, kBank, id_of<ledger::Uetr>(30), {}, 100);
  ASSERT_EQ(history.size(), 3U);
  EXPECT_EQ(history[0].type, EventType::PaymentPending);
  EXPECT_EQ(history[2].type, EventType::PaymentReturned);
  EXPECT_EQ(history[1].place.height, 3U);
  EXPECT_EQ(history[1].place.n, 1U);
  EXPECT_EQ(history[1].time.value, 3000);
  EXPECT_EQ(history[1].index, 3U);
  EXPECT_EQ(history[1].actor, kBank);
  EXPECT_EQ(history[1].op_id, id_of<ledger::OpId>(30));
  EXPECT_EQ(read_transitions(*view, kBank, id_of<ledger::Uetr>(30), {}, 2).size(), 2U);
  EXPECT_TRUE(read_transitions(*view, kBank + 1, id_of<ledger::Uetr>(30), {}, 100).empty());
}

TEST_F(PaymentIndexTest, A_view_shows_the_rows_of_its_height) {
  block({{30, EventType::PaymentPending}});
  const auto then = store_.read();
  block({{30, EventType::PaymentSettled}, {31, EventType::PaymentSettled}});
  EXPECT_EQ(read_transitions(*then, kBank, id_of<ledger::Uetr>(30), {}, 100).size(), 1U);
  EXPECT_EQ(read_payments_of(*then, id_of<ledger::AccountId>(kAlice), {}, 100).size(), 1U);
}

}  // namespace
}  // namespace giro::runtime
