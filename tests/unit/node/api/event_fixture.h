// A server whose blocks have the events that a test gives them.
#pragma once

#include <utility>

#include "node/receipt/event_form.h"
#include "tests/unit/node/api/server_fixture.h"

namespace giro::api {

class EventsFixture : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    alice_ = config::demo_aliases().at("ALICE").account;
    bob_ = config::demo_aliases().at("BOB").account;
    payment_.kind = ledger::PaymentKind::CrossBank;
    payment_.state = ledger::PaymentState::Settled;
    payment_.terms.payer_bank = 1;
    payment_.terms.payer_account = alice_;
    payment_.terms.payee_bank = 2;
    payment_.terms.payee_account = bob_;
    payment_.terms.token_from = 1;
    payment_.terms.token_to = 3;
    payment_.terms.amount = {0, 12'345};
    entry_.token = 1;
    entry_.account = alice_;
    entry_.amount = {0, 12'345};
    entry_.side = ledger::Side::Debit;
  }
  template <class Body>
  void add(ledger::EventType type, const Body& body, std::uint32_t index = 1) {
    ledger::EventRecord record{.height = height_ + 1,
                               .n = static_cast<std::uint32_t>(pending_.size() + 1),
                               .index = index,
                               .type = static_cast<std::uint16_t>(type),
                               .actor = index == 0 ? 0U : 1U,
                               .op_id = {},
                               .block_time = {1'700'000'000'000},
                               .scope = scope_,
                               .body = ledger::encode(body)};
    pending_.push_back(ledger::encode_event(record));
  }
  void end_block() {
    service.set_events(++height_, std::exchange(pending_, {}));
    service.set_height(height_);
  }
  // "1.1 payment_settled" for each.
  std::vector<std::string> list(const std::string& query) {
    last_ = document(get("/v1/events" + query));
    std::vector<std::string> out;
    for (const auto& item : last_.at("items").as_array()) {
      const auto& one = item.as_object();
      out.push_back(std::string(one.at("height").as_string()) + "." +
                    std::to_string(one.at("n").to_number<int>()) + " " +
                    std::string(one.at("type").as_string()));
    }
    return out;
  }
  std::string cursor() { return std::string(last_.at("next_cursor").as_string()); }

  ledger::AccountId alice_, bob_;
  ledger::PaymentEvent payment_;
  ledger::EntryEvent entry_;
  std::vector<crypto::Bytes> pending_;
  std::vector<ledger::InstId> scope_{1, 2};
  std::uint64_t height_ = 0;
  json::object last_;
};

}  // namespace giro::api
