#include "node/receipt/event_form.h"

#include "node/ledger/query.h"
#include "node/receipt/event_members.h"
#include "node/receipt/form_writer.h"

namespace giro::receipt {
namespace {

namespace json = boost::json;
using ledger::EventType;

// Types are few, and their numbers are never reused (events.h).
constexpr std::uint16_t kTypeMax = 100;

// Calls `visit` with the body as the message of its type. False: it is none.
template <class T, class Visit>
bool visit_as(ledger::ByteView body, Visit& visit) {
  const auto message = ledger::decode_record<T>(body);
  if (message) visit(*message);
  return message.has_value();
}
template <class Visit>
bool visit_body(EventType type, ledger::ByteView body, Visit visit) {
  switch (type) {
    case EventType::PaymentPending:
    case EventType::PaymentSettled:
    case EventType::PaymentRejected:
    case EventType::PaymentCancelled:
    case EventType::PaymentExpired:
    case EventType::PaymentReturned:
      return visit_as<ledger::PaymentEvent>(body, visit);
    case EventType::Entry:
      return visit_as<ledger::EntryEvent>(body, visit);
    case EventType::Minted:
    case EventType::Redeemed:
    case EventType::ClawedBack:
      return visit_as<ledger::MovementEvent>(body, visit);
    case EventType::HoldCreated:
    case EventType::HoldCaptured:
    case EventType::HoldReleased:
    case EventType::HoldExpired:
    case EventType::HoldVoided:
      return visit_as<ledger::HoldEvent>(body, visit);
    case EventType::AccountOpened:
    case EventType::AccountChanged:
    case EventType::AccountClosed:
    case EventType::AccountBlocked:
    case EventType::AccountUnblocked:
    case EventType::AccountKeysChanged:
      return visit_as<ledger::AccountEvent>(body, visit);
    case EventType::PositionOpened:
    case EventType::LimitsChanged:
    case EventType::AmountFrozen:
      return visit_as<ledger::PositionEvent>(body, visit);
    case EventType::TokenCreated:
    case EventType::TokenChanged:
    case EventType::TokenPaused:
    case EventType::TokenUnpaused:
      return visit_as<ledger::TokenEvent>(body, visit);
    case EventType::CorridorChanged:
      return visit_as<ledger::CorridorEvent>(body, visit);
    case EventType::DenyListChanged:
      return visit_as<ledger::DenyListEvent>(body, visit);
    case EventType::RolePolicyChanged:
      return visit_as<ledger::RolePolicyEvent>(body, visit);
    case EventType::KeyRevoked:
      return visit_as<ledger::KeyRevokedEvent>(body, visit);
    case EventType::InstitutionAdded:
    case EventType::InstitutionStatusChanged:
      return visit_as<ledger::InstitutionEvent>(body, visit);
    case EventType::ProposalOpened:
    case EventType::ProposalClosed:
      return visit_as<ledger::ProposalEvent>(body, visit);
    case EventType::VoteCast:
      return visit_as<ledger::VoteCastEvent>(body, visit);
    case EventType::ParamChanged:
      return visit_as<ledger::ParamEvent>(body, visit);
    case EventType::ValidatorSetChanged:
      return visit_as<ledger::ValidatorSetEvent>(body, visit);
    case EventType::BulkProcessed:
      return visit_as<ledger::BulkEvent>(body, visit);
    case EventType::BatchSettled:
      return visit_as<ledger::BatchEvent>(body, visit);
    case EventType::InvariantAlarm:
      return visit_as<ledger::AlarmEvent>(body, visit);
  }
  return false;
}

// The accounts that a message names, each at a bank.
using OnAccount = std::function<void(const ledger::AccountId&, ledger::InstId)>;
using IssuerOf = std::function<ledger::InstId(ledger::TokenId)>;
template <class T>
void visit_accounts(const T& message, const IssuerOf& issuer_of, const OnAccount& visit) {
  if constexpr (requires { message.terms; }) {
    visit(message.terms.payer_account, message.terms.payer_bank);
    visit(message.terms.payee_account, message.terms.payee_bank);
  } else if constexpr (requires { message.account, message.servicer; }) {
    visit(message.account, message.servicer);
  } else if constexpr (requires { message.account, message.token; }) {
    visit(message.account, issuer_of(message.token));
  } else {
    static_assert(!requires { message.account; }, "at which bank?");
  }
}

template <class T>
bool names_token(const T& message, ledger::TokenId token) {
  if constexpr (requires { message.terms; }) {
    const auto& terms = message.terms;
    return terms.token_from == token || terms.token_to == token || terms.settle_token == token;
  } else if constexpr (requires { message.token; }) {
    return message.token == token;
  } else {
    return false;
  }
}

template <class T>
json::object fields_of(const T& message, const Names& names) {
  return FormWriter(names).message(message);
}
// The action as GOV_PROPOSE has it, instead of its bytes.
json::object fields_of(const ledger::ProposalEvent& message, const Names& names) {
  json::object out = FormWriter(names).message(message);
  ledger::Proposal proposal;
  proposal.action_type = message.action_type;
  proposal.action = message.action;
  const auto action = ledger::action_of(proposal);
  if (!action) return out;
  out.erase("action_type");
  out.erase("action");
  std::visit(
      [&]<class T>(const T& each) {
        constexpr std::size_t kBefore = 2;  // ttl_s, urgent
        const auto& member =
            kMembers<ledger::GovPropose>[kBefore + T::kType - ledger::InstAdd::kType];
        out[member.name] = FormWriter(names).message(each);
      },
      *action);
  return out;
}

}  // namespace

std::string event_name(std::uint16_t type) {
  const std::string_view name = ledger::name(EventType{type});
  if (name == "Unknown") return {};
  std::string out;
  for (const char c : name) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    if (is_upper && !out.empty()) out += '_';
    out += is_upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

std::optional<std::uint16_t> event_type(std::string_view name) {
  for (std::uint16_t type = 1; type <= kTypeMax; ++type)
    if (!name.empty() && event_name(type) == name) return type;
  return std::nullopt;
}

std::optional<json::object> write_event(const ledger::EventRecord& event, const Names& names) {
  json::object fields;
  const bool is_known = visit_body(EventType{event.type}, event.body, [&](const auto& message) {
    fields = fields_of(message, names);
  });
  if (!is_known) return std::nullopt;
  const bool is_sweep = event.index == 0;
  json::array scope;
  for (const ledger::InstId institution : event.scope)
    scope.emplace_back(names.institution_name(institution));
  return json::object{
      {"height", std::to_string(event.height)},
      {"n", event.n},
      {"index", event.index},
      {"type", event_name(event.type)},
      {"actor", is_sweep ? json::value(nullptr) : json::value(names.institution_name(event.actor))},
      {"op_id", is_sweep ? json::value(nullptr) : json::value(to_uuid_text(event.op_id.bytes))},
      {"block_time", to_time_text(event.block_time.value)},
      {"scope", std::move(scope)},
      {"fields", std::move(fields)}};
}

bool is_about(const ledger::EventRecord& event, const AccountAt& account,
              const IssuerOf& issuer_of) {
  bool found = false;
  const bool is_event = visit_body(EventType{event.type}, event.body, [&](const auto& message) {
    visit_accounts(message, issuer_of, [&](const ledger::AccountId& id, ledger::InstId servicer) {
      found = found ||
              (id == account.account && (account.servicer == 0 || account.servicer == servicer));
    });
  });
  return is_event && found;
}

bool is_about(const ledger::EventRecord& event, ledger::TokenId token) {
  bool found = false;
  return visit_body(EventType{event.type}, event.body,
                    [&](const auto& message) { found = names_token(message, token); }) &&
         found;
}

}  // namespace giro::receipt
