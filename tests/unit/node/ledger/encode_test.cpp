// The ledger's own codec against real protobuf: what one writes the other reads, and writes again
// as the same bytes.
#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "node/ledger/events.h"
#include "node/ledger/ledger.pb.h"
#include "node/ledger/outcome_leaf.h"
#include "tests/unit/node/ledger/demo.h"
#include "tests/unit/node/ledger/rules.h"

namespace giro::ledger::demo {
namespace {

namespace v1 = giro::ledger::v1;

std::string text(ByteView bytes) {
  return std::string(crypto::as_text(bytes));
}

// Parses with protobuf, checks that it knows every field, and writes it again.
template <class Message>
Message expect_same(ByteView bytes) {
  Message message;
  EXPECT_TRUE(message.ParseFromString(text(bytes)));
  EXPECT_TRUE(message.GetReflection()->GetUnknownFields(message).empty()) << message.DebugString();
  EXPECT_EQ(crypto::to_hex(crypto::as_view(message.SerializeAsString())), crypto::to_hex(bytes))
      << message.DebugString();
  return message;
}

TEST(Encode, Protobuf_writes_every_operation_as_the_ledger_does) {
  const World world;
  for (const std::string_view op :
       {"ROLE_SET",      "KEY_REVOKE",    "TOKEN_CREATE",  "TOKEN_SET",    "TOKEN_PAUSE",
        "TOKEN_UNPAUSE", "ACCT_OPEN",     "POSITION_OPEN", "ACCT_SET",     "ACCT_CLOSE",
        "ACCT_KEYS_SET", "LIMITS_SET",    "ACCT_BLOCK",    "ACCT_UNBLOCK", "FREEZE_AMOUNT",
        "DENY_SET",      "CORRIDOR_SET",  "CLAWBACK",      "MINT",         "REDEEM",
        "TRANSFER",      "PAY",           "PAY_RESPOND",   "PAY_CANCEL",   "RETURN",
        "BULK_PAY",      "SETTLE_ATOMIC", "HOLD_CREATE",   "HOLD_CAPTURE", "HOLD_RELEASE"}) {
    SCOPED_TRACE(op);
    const Signed signed_operation = sample(op, world);
    const auto envelope = expect_same<v1::SignedOperation>(signed_operation.bytes());
    EXPECT_EQ(static_cast<std::size_t>(envelope.signatures_size()), signed_operation.keys.size());
    const auto body = expect_same<v1::Operation>(crypto::as_view(envelope.body()));
    EXPECT_EQ(body.version(), 1U);
    EXPECT_EQ(body.actor(), signed_operation.operation.actor);
    EXPECT_EQ(body.valid_until_ms(),
              static_cast<std::uint64_t>(signed_operation.operation.valid_until.value));
    EXPECT_EQ(static_cast<std::uint32_t>(body.action_case()), signed_operation.verified()->type());
  }
}

TEST(Encode, Protobuf_writes_every_proposal_as_the_ledger_does) {
  const InstKeys keys{.institution = kB, .admin = bank_e().admin};
  const GovPropose proposals[] = {
      to_propose(bank_e()),
      to_propose(InstStatus{.institution = kB, .status = InstitutionStatus::Suspended}),
      to_propose(keys), seat_proposal(SeatChange::Add, kS),
      to_propose(ParamSet{.name = "payment_ttl", .value = 10'000})};
  for (const GovPropose& each : proposals) {
    const Signed signed_operation = operation(kA, 1, each, {&key(kA, Role::Governor)});
    const auto body = expect_same<v1::Operation>(signed_operation.verified()->body());
    EXPECT_NE(body.gov_propose().action_case(), v1::GovPropose::ACTION_NOT_SET);
  }
}

TEST(Encode, Protobuf_reads_the_values_of_a_payment) {
  Pay order = pay_order(1);
  attach_ticket(order);
  order.terms.cop_override = true;
  order.terms.category_purpose = Purpose::from("TRAD");
  order.ttl_s = 300;
  const auto body = expect_same<v1::Operation>(encode_body(pay(order).operation));
  const v1::Pay& pay = body.pay();
  EXPECT_EQ(pay.terms().uetr(), text(order.terms.uetr));
  EXPECT_EQ(pay.terms().payer_bank(), kA);
  EXPECT_EQ(pay.terms().amount(), text(to_big_endian(order.terms.amount)));
}

TEST(Encode, What_protobuf_writes_is_canonical) {
  v1::Operation body;
  body.set_version(1);
  body.set_actor(kA);
  body.set_op_id(text(uetr(1)));
  body.set_valid_until_ms(1'000);
  v1::AcctOpen& open = *body.mutable_acct_open();
  open.set_account(text(account_id("x")));
  open.set_country("US");
  open.set_kyc_tier(300);
  for (const std::uint32_t token : {1U, 2U, 300U}) open.add_tokens(token);
  v1::SignedOperation envelope;
  envelope.set_body(body.SerializeAsString());
  v1::Signature& signature = *envelope.add_signatures();
  signature.set_public_key(text(key(kA, Role::Onboard).public_key()));
  signature.set_signature(std::string(64, '\x01'));
  const std::string bytes = envelope.SerializeAsString();
  const ByteView view = crypto::as_view(bytes);
  const auto decoded = decode(chain_id(), {view.begin(), view.end()});
  ASSERT_TRUE(decoded.has_value()) << code_name(decoded.error());
  EXPECT_EQ(crypto::to_hex(decoded->body()), crypto::to_hex(crypto::as_view(envelope.body())));
}

TEST(Encode, Protobuf_reads_leaves_events_and_records) {
  World world;
  Pay order = pay_order(1);
  attach_ticket(order);
  std::vector<Signed> operations = {pay(order), pay(pay_order(2)), sample("SETTLE_ATOMIC", world)};
  std::uint64_t id = 33;  // the samples have one id
  for (const std::string_view op : {"ACCT_OPEN", "TOKEN_CREATE", "MINT", "BULK_PAY", "CLAWBACK"}) {
    operations.push_back(sample(op, world));
    operations.back().operation.op_id = uetr(id++);
  }
  std::vector<std::expected<Verified, Code>> verified;
  for (const Signed& each : operations) verified.push_back(each.verified());
  RecordCache cache;
  const BlockContext block{1, add_ms(world.now, 1'000)};
  auto result = apply(world.state, block, verified, cache);
  ASSERT_TRUE(result.has_value());
  for (const TokenTotals& totals : result->totals)
    expect_same<v1::TokenTotals>(encode_totals(totals));
  const BlockLeaves leaves = build_leaves(block, verified, *result);
  for (const OutcomeLeaf& leaf : leaves.leaves) {
    EXPECT_EQ(leaf.code, Code::Ok) << leaf.index;
    expect_same<v1::OutcomeLeaf>(encode_leaf(leaf));
  }
  for (const EventRecord& event : leaves.events) {
    expect_same<v1::EventRecord>(encode_event(event));
    switch (static_cast<EventType>(event.type)) {
      case EventType::Entry:
        expect_same<v1::EntryEvent>(event.body);
        break;
      case EventType::PaymentSettled:
      case EventType::PaymentPending:
        expect_same<v1::PaymentEvent>(event.body);
        break;
      case EventType::Minted:
      case EventType::ClawedBack:
        expect_same<v1::MovementEvent>(event.body);
        break;
      case EventType::BulkProcessed:
        expect_same<v1::BulkEvent>(event.body);
        break;
      case EventType::BatchSettled:
        expect_same<v1::BatchEvent>(event.body);
        break;
      case EventType::HoldCreated:
        expect_same<v1::HoldEvent>(event.body);
        break;
      case EventType::AccountOpened:
        expect_same<v1::AccountEvent>(event.body);
        break;
      case EventType::PositionOpened:
        expect_same<v1::PositionEvent>(event.body);
        break;
      case EventType::TokenCreated:
        expect_same<v1::TokenEvent>(event.body);
        break;
      default:
        ADD_FAILURE() << "no message for event " << event.type;
    }
  }
}

TEST(Encode, Protobuf_reads_the_events_of_controls) {
  struct Row {
    std::string_view operation;
    std::function<void(ByteView)> read;
  };
  const auto as = []<class Message>(const Message&) {
    return [](ByteView body) { expect_same<Message>(body); };
  };
  const Row rows[] = {
      {"ROLE_SET", as(v1::RolePolicyEvent{})},  {"KEY_REVOKE", as(v1::KeyRevokedEvent{})},
      {"TOKEN_SET", as(v1::TokenEvent{})},      {"TOKEN_PAUSE", as(v1::TokenEvent{})},
      {"TOKEN_UNPAUSE", as(v1::TokenEvent{})},  {"ACCT_SET", as(v1::AccountEvent{})},
      {"ACCT_CLOSE", as(v1::AccountEvent{})},   {"ACCT_KEYS_SET", as(v1::AccountEvent{})},
      {"LIMITS_SET", as(v1::PositionEvent{})},  {"ACCT_BLOCK", as(v1::AccountEvent{})},
      {"ACCT_UNBLOCK", as(v1::AccountEvent{})}, {"FREEZE_AMOUNT", as(v1::PositionEvent{})},
      {"DENY_SET", as(v1::DenyListEvent{})},    {"CORRIDOR_SET", as(v1::CorridorEvent{})},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.operation);
    World world;
    const Outcome outcome = world.run(sample(row.operation, world));
    ASSERT_FALSE(outcome.events.empty());
    row.read(outcome.events.back().body);
  }
}

TEST(Encode, The_schema_numbers_are_those_of_the_code) {
  EXPECT_EQ(v1::Operation::kTokenCreateFieldNumber, static_cast<int>(TokenCreate::kType));
  EXPECT_EQ(v1::Operation::kAcctOpenFieldNumber, static_cast<int>(AcctOpen::kType));
  EXPECT_EQ(v1::Operation::kPositionOpenFieldNumber, static_cast<int>(PositionOpen::kType));
  EXPECT_EQ(v1::Operation::kClawbackFieldNumber, static_cast<int>(Clawback::kType));
  EXPECT_EQ(v1::Operation::kPayRespondFieldNumber, static_cast<int>(PayRespond::kType));
  EXPECT_EQ(v1::Operation::kPayCancelFieldNumber, static_cast<int>(PayCancel::kType));
  EXPECT_EQ(v1::Operation::kReturnPaymentFieldNumber, static_cast<int>(ReturnPayment::kType));
  EXPECT_EQ(v1::Operation::kBulkPayFieldNumber, static_cast<int>(BulkPay::kType));
  EXPECT_EQ(v1::Operation::kSettleAtomicFieldNumber, static_cast<int>(SettleAtomic::kType));
  EXPECT_EQ(v1::Operation::kHoldCreateFieldNumber, static_cast<int>(HoldCreate::kType));
  EXPECT_EQ(v1::Operation::kHoldCaptureFieldNumber, static_cast<int>(HoldCapture::kType));
  EXPECT_EQ(v1::Operation::kHoldReleaseFieldNumber, static_cast<int>(HoldRelease::kType));
  EXPECT_EQ(v1::Operation::kMintFieldNumber, static_cast<int>(Mint::kType));
  EXPECT_EQ(v1::Operation::kRedeemFieldNumber, static_cast<int>(Redeem::kType));
  EXPECT_EQ(v1::Operation::kTransferFieldNumber, static_cast<int>(Transfer::kType));
  EXPECT_EQ(v1::Operation::kPayFieldNumber, static_cast<int>(Pay::kType));
}

TEST(Encode, The_domains_of_hashes_are_kept_apart) {
  const Bytes body = encode_body(transfer(transfer_order(1, "1.00")).operation);
  const Hash hash = crypto::sha256(body);
  EXPECT_EQ(operation_hash(body), hash);
  EXPECT_EQ(operation_sign_bytes(chain_id(), hash),
            crypto::tagged_hash("giro/operation/v1", {chain_id(), hash}));
  EXPECT_EQ(ticket_sign_bytes(chain_id(), body),
            crypto::tagged_hash("giro/ticket/v1", {chain_id(), hash}));
  const PaymentTerms a = pay_order(1).terms;
  const PaymentTerms b = pay_order(2).terms;
  const Hash hash_a = crypto::sha256(wire::encode(a));
  const Hash hash_b = crypto::sha256(wire::encode(b));
  const PaymentTerms both[] = {a, b};
  EXPECT_EQ(terms_hash(both), crypto::tagged_hash("giro/terms/v1", {hash_a, hash_b}));
}

}  // namespace
}  // namespace giro::ledger::demo
