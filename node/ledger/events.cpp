#include "node/ledger/events.h"

#include <algorithm>

#include "crypto/digest.h"

namespace giro::ledger {

namespace {

struct EventRow {
  EventType type;
  std::string_view name;
};
constexpr EventRow kEventRows[] = {
    {EventType::PaymentPending, "PaymentPending"},
    {EventType::PaymentSettled, "PaymentSettled"},
    {EventType::PaymentRejected, "PaymentRejected"},
    {EventType::PaymentCancelled, "PaymentCancelled"},
    {EventType::PaymentExpired, "PaymentExpired"},
    {EventType::PaymentReturned, "PaymentReturned"},
    {EventType::Entry, "Entry"},
    {EventType::Minted, "Minted"},
    {EventType::Redeemed, "Redeemed"},
    {EventType::ClawedBack, "ClawedBack"},
    {EventType::HoldCreated, "HoldCreated"},
    {EventType::HoldCaptured, "HoldCaptured"},
    {EventType::HoldReleased, "HoldReleased"},
    {EventType::HoldExpired, "HoldExpired"},
    {EventType::HoldVoided, "HoldVoided"},
    {EventType::AccountOpened, "AccountOpened"},
    {EventType::AccountChanged, "AccountChanged"},
    {EventType::AccountClosed, "AccountClosed"},
    {EventType::AccountBlocked, "AccountBlocked"},
    {EventType::AccountUnblocked, "AccountUnblocked"},
    {EventType::AccountKeysChanged, "AccountKeysChanged"},
    {EventType::PositionOpened, "PositionOpened"},
    {EventType::LimitsChanged, "LimitsChanged"},
    {EventType::AmountFrozen, "AmountFrozen"},
    {EventType::TokenCreated, "TokenCreated"},
    {EventType::TokenChanged, "TokenChanged"},
    {EventType::TokenPaused, "TokenPaused"},
    {EventType::TokenUnpaused, "TokenUnpaused"},
    {EventType::CorridorChanged, "CorridorChanged"},
    {EventType::DenyListChanged, "DenyListChanged"},
    {EventType::RolePolicyChanged, "RolePolicyChanged"},
    {EventType::KeyRevoked, "KeyRevoked"},
    {EventType::InstitutionAdded, "InstitutionAdded"},
    {EventType::InstitutionStatusChanged, "InstitutionStatusChanged"},
    {EventType::ProposalOpened, "ProposalOpened"},
    {EventType::VoteCast, "VoteCast"},
    {EventType::ProposalClosed, "ProposalClosed"},
    {EventType::ParamChanged, "ParamChanged"},
    {EventType::ValidatorSetChanged, "ValidatorSetChanged"},
    {EventType::BulkProcessed, "BulkProcessed"},
    {EventType::BatchSettled, "BatchSettled"},
    {EventType::InvariantAlarm, "InvariantAlarm"},
};

}  // namespace

std::string_view name(EventType type) {
  const auto* row = std::find_if(std::begin(kEventRows), std::end(kEventRows),
                                 [type](const EventRow& each) { return each.type == type; });
  return row == std::end(kEventRows) ? "Unknown" : row->name;
}

std::string_view name(EntryType type) {
  constexpr std::string_view kNames[] = {"MINT",   "REDEEM",   "PAYMENT", "FEE",    "SETTLEMENT",
                                         "RETURN", "CLAWBACK", "ESCROW",  "GENESIS"};
  static_assert(std::size(kNames) == wire::kEnumMax<EntryType> + 1);
  const auto at = static_cast<std::size_t>(type);
  return at < std::size(kNames) ? kNames[at] : "UNKNOWN";
}

std::string_view name(PaymentKind kind) {
  constexpr std::string_view kNames[] = {"ONUS", "XBANK", "FX", "RETURN"};
  static_assert(std::size(kNames) == wire::kEnumMax<PaymentKind> + 1);
  const auto at = static_cast<std::size_t>(kind);
  return at < std::size(kNames) ? kNames[at] : "UNKNOWN";
}

std::string_view name(PaymentState state) {
  constexpr std::string_view kNames[] = {"PENDING",   "SETTLED", "REJECTED",
                                         "CANCELLED", "EXPIRED", "RETURNED"};
  static_assert(std::size(kNames) == wire::kEnumMax<PaymentState> + 1);
  const auto at = static_cast<std::size_t>(state);
  return at < std::size(kNames) ? kNames[at] : "UNKNOWN";
}

Hash next_entry_chain(const Hash& previous, ByteView entry) {
  return crypto::tagged_hash("giro/entry/v1", {previous, entry});
}

}  // namespace giro::ledger
