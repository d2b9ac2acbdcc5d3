// What operation_members.h is for operations, for the events of ledger 10 and the records in them.
#pragma once

#include "node/ledger/events.h"
#include "node/receipt/operation_members.h"

namespace giro::receipt {

inline constexpr Words kSideWords = {"DEBIT", "CREDIT"};
inline constexpr Words kAccountStatusWords = {"OPEN", "CLOSED"};
inline constexpr Words kProposalStateWords = {"OPEN",   "PASSED",   "EXECUTED",
                                              "FAILED", "REJECTED", "EXPIRED"};

constexpr FormMember always(std::string_view name, std::span<const std::string_view> words) {
  return {name, Kind::Plain, false, words};
}

template <>
inline constexpr auto kMembers<ledger::EntryEvent> =
    std::to_array<FormMember>({{"token", Kind::Token},
                               {"account", Kind::Account},
                               {"seq"},
                               always("side", kSideWords),
                               {"amount", Kind::Money},
                               {"balance", Kind::Money},
                               {"height"},
                               {"index"},
                               {"line"},
                               {"payer_bank", Kind::Institution},
                               {"reference"},
                               {"type"},
                               optional("counterparty_bank", Kind::Institution),
                               {"block_time"},
                               optional("e2e_commit"),
                               optional("remittance_commit")});
template <>
inline constexpr auto kMembers<ledger::PaymentEvent> =
    std::to_array<FormMember>({{"kind"},
                               {"terms"},
                               {"state"},
                               {"code"},
                               optional("expires_at"),
                               {"returned", Kind::Money},
                               optional("original"),
                               optional("original_payer_bank", Kind::Institution)});
template <>
inline constexpr auto kMembers<ledger::MovementEvent> =
    std::to_array<FormMember>({{"token", Kind::Token},
                               {"account", Kind::Account},
                               {"amount", Kind::Money},
                               always("kind", kMintKindWords),
                               optional("commit"),
                               optional("jurisdiction"),
                               optional("voided_holds")});
template <>
inline constexpr auto kMembers<ledger::HoldEvent> =
    std::to_array<FormMember>({{"creator", Kind::Institution},
                               {"hold_id"},
                               {"token", Kind::Token},
                               {"account", Kind::Account},
                               {"amount", Kind::Money},
                               {"captured", Kind::Money},
                               always("kind", kHoldKindWords)});
template <>
inline constexpr auto kMembers<ledger::AccountPolicy> =
    std::to_array<FormMember>({{"m"}, {"keys"}});
template <>
inline constexpr auto kMembers<ledger::Account> =
    std::to_array<FormMember>({always("kind", kAccountKindWords),
                               optional("owner", Kind::Institution),
                               optional("owner_ref"),
                               always("auth_mode", kAuthModeWords),
                               optional("policy"),
                               always("blocks", kSideWords),
                               optional("country"),
                               {"kyc_tier"},
                               optional("kyc_valid_until"),
                               always("status", kAccountStatusWords),
                               {"open_items"}});
template <>
inline constexpr auto kMembers<ledger::AccountEvent> = std::to_array<FormMember>(
    {{"servicer", Kind::Institution}, {"account", Kind::Account}, {"values"}});
template <>
inline constexpr auto kMembers<ledger::PositionEvent> =
    std::to_array<FormMember>({{"servicer", Kind::Institution},
                               {"account", Kind::Account},
                               {"token", Kind::Token},
                               {"limits"},
                               {"frozen", Kind::Money}});
template <>
inline constexpr auto kMembers<ledger::Token> =
    std::to_array<FormMember>({{"issuer", Kind::Institution},
                               {"currency"},
                               {"scale"},
                               {"product"},
                               always("class", kTokenClassWords),
                               always("holder_policy", kHolderPolicyWords),
                               always("features", kFeatureWords),
                               always("paused", kPauseWords),
                               {"issuance_cap", Kind::Money},
                               {"max_tx", Kind::Money},
                               {"min_tx", Kind::Money},
                               {"fee_max", Kind::Money},
                               {"checker_threshold", Kind::Money},
                               {"dual_threshold", Kind::Money},
                               optional("terms_hash"),
                               {"issued", Kind::Money},
                               {"redeemed", Kind::Money},
                               {"held", Kind::Money},
                               {"frozen", Kind::Money},
                               {"internal", Kind::Money},
                               {"posted", Kind::Money},
                               {"positions"}});
template <>
inline constexpr auto kMembers<ledger::TokenEvent> =
    std::to_array<FormMember>({{"token", Kind::Token}, {"values"}});
template <>
inline constexpr auto kMembers<ledger::CorridorEvent> = std::to_array<FormMember>(
    {{"from", Kind::Institution}, {"to", Kind::Institution}, {"currency"}, {"payer"}, {"payee"}});
template <>
inline constexpr auto kMembers<ledger::DenyListEvent> =
    std::to_array<FormMember>({{"institution", Kind::Institution}, {"entries"}});
template <>
inline constexpr auto kMembers<ledger::RolePolicyEvent> = std::to_array<FormMember>(
    {{"institution", Kind::Institution}, always("role", kRoleWords), {"policy"}});
template <>
inline constexpr auto kMembers<ledger::KeyRevokedEvent> =
    std::to_array<FormMember>({{"institution", Kind::Institution}, {"key_id"}});
template <>
inline constexpr auto kMembers<ledger::Institution> =
    std::to_array<FormMember>({{"name"},
                               always("kind", kInstitutionKindWords),
                               optional("lei"),
                               optional("bic"),
                               optional("country"),
                               always("status", kInstitutionStatusWords),
                               optional("suspended_until"),
                               {"deny_entries"},
                               optional("observer_key")});
template <>
inline constexpr auto kMembers<ledger::InstitutionEvent> =
    std::to_array<FormMember>({{"institution", Kind::Institution}, {"values"}});
template <>
inline constexpr auto kMembers<ledger::ParamEvent> =
    std::to_array<FormMember>({{"name"}, {"value"}, optional("from_epoch")});
template <>
inline constexpr auto kMembers<ledger::ProposalEvent> =
    std::to_array<FormMember>({{"proposer", Kind::Institution},
                               {"prop_id"},
                               {"action_type"},
                               {"action"},
                               {"urgent"},
                               always("state", kProposalStateWords),
                               {"expires_at"},
                               optional("execute_at"),
                               {"code"}});
template <>
inline constexpr auto kMembers<ledger::VoteCastEvent> = std::to_array<FormMember>(
    {{"proposer", Kind::Institution}, {"prop_id"}, {"institution", Kind::Institution}, {"yes"}});
template <>
inline constexpr auto kMembers<ledger::Validator> =
    std::to_array<FormMember>({{"institution", Kind::Institution}, {"public_key"}});
template <>
inline constexpr auto kMembers<ledger::ValidatorSetEvent> =
    std::to_array<FormMember>({{"epoch"}, {"members"}});
// Which currency it is, only the operation says.
template <>
inline constexpr auto kMembers<ledger::BulkEvent> =
    std::to_array<FormMember>({{"settled"},
                               {"pending"},
                               {"rejected"},
                               {"settled_minor_units"},
                               {"pending_minor_units"},
                               {"rejected_minor_units"}});
template <>
inline constexpr auto kMembers<ledger::BatchEvent> = std::to_array<FormMember>({{"legs"}});
template <>
inline constexpr auto kMembers<ledger::AlarmEvent> =
    std::to_array<FormMember>({{"invariant"}, {"record"}});

}  // namespace giro::receipt
