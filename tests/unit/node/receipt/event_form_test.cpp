// Every event has a form with every member of its message in ledger.proto.
#include "node/receipt/event_form.h"

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>
#include <set>

#include "node/ledger/encode.h"
#include "node/ledger/ledger.pb.h"
#include "node/receipt/event_members.h"
#include "tests/unit/node/receipt/two_banks.h"

namespace giro::receipt {
namespace {

namespace json = boost::json;
namespace v1 = giro::ledger::v1;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using ledger::EventType;

// Gives every member a value: the highest of an enumeration, one element of a list.
struct Fill {
  template <class T>
  void operator()(std::uint32_t, T& value) const {
    if constexpr (std::same_as<T, ledger::Code>) {
      value = ledger::Code::BadSignature;
    } else if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(ledger::wire::kEnumMax<T>);
    } else if constexpr (std::integral<T>) {
      value = T{1};
    } else if constexpr (std::same_as<T, ledger::TimeMs>) {
      value = {1'700'000'000'000};
    } else if constexpr (std::same_as<T, ledger::Amount>) {
      value = {0, 12'345};
    } else if constexpr (ledger::wire::FixedBytes<T>) {
      value.bytes.fill(static_cast<std::byte>('A'));
    } else if constexpr (std::same_as<T, std::string>) {
      value = "text";
    } else if constexpr (ledger::wire::ByteString<T>) {
      value.push_back(static_cast<std::byte>('A'));
    } else if constexpr (ledger::wire::List<T>) {
      typename T::value_type element{};
      (*this)(0, element);
      value.push_back(element);
    } else if constexpr (ledger::wire::kIsOptional<T>) {
      (*this)(0, value.emplace());
    } else {
      T::fields(value, *this);
    }
  }
};
template <class T>
T filled() {
  T message{};
  Fill{}(0, message);
  return message;
}

struct EventCase {
  const Descriptor* descriptor;
  crypto::Bytes filled, empty;
  std::vector<EventType> types;
};
template <class T, class Proto>
EventCase each_of(std::vector<EventType> types) {
  return {Proto::descriptor(), ledger::encode(filled<T>()), ledger::encode(T{}), std::move(types)};
}

std::vector<EventCase> all_cases() {
  using enum EventType;
  return {
      each_of<ledger::PaymentEvent, v1::PaymentEvent>({PaymentPending, PaymentSettled,
                                                       PaymentRejected, PaymentCancelled,
                                                       PaymentExpired, PaymentReturned}),
      each_of<ledger::EntryEvent, v1::EntryEvent>({Entry}),
      each_of<ledger::MovementEvent, v1::MovementEvent>({Minted, Redeemed, ClawedBack}),
      each_of<ledger::HoldEvent, v1::HoldEvent>(
          {HoldCreated, HoldCaptured, HoldReleased, HoldExpired, HoldVoided}),
      each_of<ledger::AccountEvent, v1::AccountEvent>({AccountOpened, AccountChanged, AccountClosed,
                                                       AccountBlocked, AccountUnblocked,
                                                       AccountKeysChanged}),
      each_of<ledger::PositionEvent, v1::PositionEvent>(
          {PositionOpened, LimitsChanged, AmountFrozen}),
      each_of<ledger::TokenEvent, v1::TokenEvent>(
          {TokenCreated, TokenChanged, TokenPaused, TokenUnpaused}),
      each_of<ledger::CorridorEvent, v1::CorridorEvent>({CorridorChanged}),
      each_of<ledger::DenyListEvent, v1::DenyListEvent>({DenyListChanged}),
      each_of<ledger::RolePolicyEvent, v1::RolePolicyEvent>({RolePolicyChanged}),
      each_of<ledger::KeyRevokedEvent, v1::KeyRevokedEvent>({KeyRevoked}),
      each_of<ledger::InstitutionEvent, v1::InstitutionEvent>(
          {InstitutionAdded, InstitutionStatusChanged}),
      each_of<ledger::ProposalEvent, v1::ProposalEvent>({ProposalOpened, ProposalClosed}),
      each_of<ledger::VoteCastEvent, v1::VoteCastEvent>({VoteCast}),
      each_of<ledger::ParamEvent, v1::ParamEvent>({ParamChanged}),
      each_of<ledger::ValidatorSetEvent, v1::ValidatorSetEvent>({ValidatorSetChanged}),
      each_of<ledger::BulkEvent, v1::BulkEvent>({BulkProcessed}),
      each_of<ledger::BatchEvent, v1::BatchEvent>({BatchSettled}),
      each_of<ledger::AlarmEvent, v1::AlarmEvent>({InvariantAlarm}),
  };
}

ledger::EventRecord event(EventType type, crypto::Bytes body) {
  return {.height = 9,
          .n = 1,
          .index = 1,
          .type = static_cast<std::uint16_t>(type),
          .actor = 1,
          .op_id = filled<ledger::OpId>(),
          .block_time = {1'700'000'000'000},
          .scope = {},
          .body = std::move(body)};
}

// As people know the member; the rest has the name of ledger.proto, a time without its unit.
std::string member_name(const FieldDescriptor& field) {
  static const std::map<std::string, std::string> kNames = {
      {"ProposalEvent.id", "prop_id"},
      {"VoteCastEvent.id", "prop_id"},
      {"Token.token_class", "class"},
      {"BulkEvent.settled_amount", "settled_minor_units"},
      {"BulkEvent.pending_amount", "pending_minor_units"},
      {"BulkEvent.rejected_amount", "rejected_minor_units"}};
  const auto known = kNames.find(field.containing_type()->name() + "." + field.name());
  if (known != kNames.end()) return known->second;
  std::string name = field.name();
  if (name.ends_with("_ms")) name.resize(name.size() - 3);
  return name;
}

bool is_word(const json::value& value) {
  return value.is_string() && !value.as_string().empty() &&
         std::isalpha(static_cast<unsigned char>(value.as_string().front())) != 0;
}

// All members and no other; enumerations as words; likewise in the messages within.
void expect_members(const json::object& form, const Descriptor& message) {
  SCOPED_TRACE(message.name());
  EXPECT_EQ(static_cast<int>(form.size()), message.field_count()) << form;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    const auto* value = form.if_contains(member_name(field));
    ASSERT_NE(value, nullptr) << field.full_name() << " in " << form;
    const bool is_enum = field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM;
    EXPECT_TRUE(!is_enum || is_word(*value)) << field.full_name() << " " << *value;
    if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const json::value& one = field.is_repeated() ? value->at(0) : *value;
    expect_members(one.as_object(), *field.message_type());
  }
}

TEST(EventForm, Every_type_has_a_name_and_a_case_here) {
  std::set<EventType> known;
  for (const EventCase& each : all_cases()) known.insert(each.types.begin(), each.types.end());
  std::set<std::string> names;
  for (std::uint32_t type = 0; type <= 0xffff; ++type) {
    const auto number = static_cast<std::uint16_t>(type);
    const std::string name = event_name(number);
    EXPECT_EQ(!name.empty(), known.contains(EventType{number})) << type << " " << name;
    if (name.empty()) continue;
    names.insert(name);
    EXPECT_EQ(event_type(name), number) << name;
  }
  EXPECT_EQ(names.size(), known.size());
  EXPECT_TRUE(names.contains("payment_settled"));
  for (const char* none : {"", "Entry", "unknown", "payment", "entry "})
    EXPECT_EQ(event_type(none), std::nullopt) << none;
}

TEST(EventForm, Says_every_member_of_ledger_proto) {
  for (const EventCase& each : all_cases()) {
    for (const EventType type : each.types) {
      const auto form = write_event(event(type, each.filled), TwoBanks{});
      ASSERT_TRUE(form) << ledger::name(type);
      expect_members(form->at("fields").as_object(), *each.descriptor);
    }
  }
}

TEST(EventForm, An_empty_body_is_one_with_defaults_and_garbage_is_none) {
  for (const EventCase& each : all_cases()) {
    for (const EventType type : each.types) {
      EXPECT_TRUE(write_event(event(type, each.empty), TwoBanks{})) << ledger::name(type);
      auto bad = each.filled;
      bad.push_back(std::byte{0xff});
      EXPECT_FALSE(write_event(event(type, bad), TwoBanks{})) << ledger::name(type);
      EXPECT_FALSE(is_about(event(type, bad), ledger::TokenId{1})) << ledger::name(type);
    }
  }
  EXPECT_FALSE(write_event(event(EventType{99}, {}), TwoBanks{}));
}

// Of all events: what they say of an account or a token is found by it, whatever the member's name.
// An account has a bank: that of the payment, its servicer, or its token's issuer.
TEST(EventForm, Is_about_the_accounts_and_tokens_that_it_names) {
  const auto account = filled<ledger::AccountId>();
  ledger::AccountId other = account;
  other.bytes[3] ^= std::byte{1};
  const auto issuer_of = [](ledger::TokenId) { return ledger::InstId{1}; };
  for (const EventCase& each : all_cases()) {
    const bool is_payment = each.descriptor->FindFieldByName("terms") != nullptr;
    const bool has_account = is_payment || each.descriptor->FindFieldByName("account") != nullptr;
    const bool has_token = is_payment || each.descriptor->FindFieldByName("token") != nullptr;
    for (const EventType type : each.types) {
      const auto one = event(type, each.filled);
      EXPECT_EQ(is_about(one, {account, 0}, issuer_of), has_account) << ledger::name(type);
      EXPECT_EQ(is_about(one, {account, 1}, issuer_of), has_account) << ledger::name(type);
      EXPECT_FALSE(is_about(one, {account, 2}, issuer_of)) << ledger::name(type);
      EXPECT_FALSE(is_about(one, {other, 0}, issuer_of)) << ledger::name(type);
      EXPECT_EQ(is_about(one, ledger::TokenId{1}), has_token) << ledger::name(type);
      EXPECT_FALSE(is_about(one, ledger::TokenId{2})) << ledger::name(type);
    }
  }
}

TEST(EventForm, A_proposal_shows_its_action_as_it_was_proposed) {
  const auto expect_action = [](const auto& action, const char* member) {
    ledger::ProposalEvent proposal = filled<ledger::ProposalEvent>();
    proposal.action_type = std::remove_cvref_t<decltype(action)>::kType;
    proposal.action = ledger::encode(action);
    const auto form =
        write_event(event(EventType::ProposalOpened, ledger::encode(proposal)), TwoBanks{});
    ASSERT_TRUE(form);
    const auto& fields = form->at("fields").as_object();
    EXPECT_TRUE(fields.contains(member)) << fields;
    EXPECT_FALSE(fields.contains("action")) << fields;
    EXPECT_FALSE(fields.contains("action_type")) << fields;
  };
  expect_action(filled<ledger::InstAdd>(), "inst_add");
  expect_action(filled<ledger::InstStatus>(), "inst_status");
  expect_action(filled<ledger::InstKeys>(), "inst_keys");
  expect_action(filled<ledger::ValidatorSetAction>(), "validator_set");
  expect_action(filled<ledger::ParamSet>(), "param_set");
}

TEST(EventForm, Of_the_sweep_there_is_no_actor) {
  auto expired = event(EventType::PaymentExpired, ledger::encode(filled<ledger::PaymentEvent>()));
  expired.index = 0;
  expired.scope = {1, 2};
  const auto form = write_event(expired, TwoBanks{});
  ASSERT_TRUE(form);
  EXPECT_TRUE(form->at("actor").is_null());
  EXPECT_TRUE(form->at("op_id").is_null());
  EXPECT_EQ(form->at("scope"), json::value({"bank-a", "bank-b"}));
}

}  // namespace
}  // namespace giro::receipt
