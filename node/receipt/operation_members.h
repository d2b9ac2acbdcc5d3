// The table behind operation_form.h: the members of each message of ledger.proto, in the order of
// its fields. A message without a row does not compile.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "node/receipt/operation_form.h"

namespace giro::receipt {

enum class Kind : std::uint8_t {
  Plain,  // as its type says
  Token,
  TokenTo,     // whose scale `MoneyTo` has
  OtherToken,  // whose scale nothing has
  Institution,
  Account,
  Money,
  MoneyTo,
};

struct FormMember {
  std::string_view name;
  Kind kind = Kind::Plain;
  bool is_optional = false;
  std::span<const std::string_view> words = {};  // of an enumeration by value, of flags by bit
};

constexpr FormMember optional(std::string_view name, Kind kind = Kind::Plain) {
  return {name, kind, true, {}};
}
constexpr FormMember word(std::string_view name, std::span<const std::string_view> words) {
  return {name, Kind::Plain, true, words};
}

using Words = std::string_view[];
inline constexpr Words kInstitutionKindWords = {"BANK", "SETTLEMENT_AGENT", "CENTRAL_BANK",
                                                "OBSERVER"};
inline constexpr Words kInstitutionStatusWords = {"ACTIVE", "SUSPENDED", "EXITING", "EXITED"};
inline constexpr Words kSeatWords = {"ADD", "REMOVE", "REPLACE"};
inline constexpr Words kRoleWords = {"ADMIN",  "ISSUER",   "TREASURY", "COMPLIANCE",
                                     "LEGAL",  "MAKER",    "CHECKER",  "ONBOARD",
                                     "PAUSER", "GOVERNOR", "AUDITOR"};
inline constexpr Words kTokenClassWords = {"DEPOSIT", "SETTLEMENT"};
inline constexpr Words kHolderPolicyWords = {"ISSUER_CUSTOMERS", "MEMBER_BANKS_ONLY"};
inline constexpr Words kFeatureWords = {"CAN_CLAWBACK", "CAN_FREEZE", "CAN_ESCROW"};
inline constexpr Words kPauseWords = {"MINT", "REDEEM", "TRANSFER", "XBANK"};
inline constexpr Words kAccountKindWords = {"CUSTOMER", "NOSTRO", "FEE", "SUSPENSE",
                                            "LEGAL_CUSTODY"};
inline constexpr Words kAuthModeWords = {"CUSTODIAL", "JOINT"};
inline constexpr Words kDenyWords = {"ACCOUNT", "INSTITUTION", "COUNTRY"};
inline constexpr Words kCheckBitWords = {"sanctions", "aml_fraud", "other"};
inline constexpr Words kCheckWords = {"NOT_DONE", "PASS", "FAIL"};
inline constexpr Words kCopWords = {"NOT_CHECKED", "MATCH", "CLOSE", "NO_MATCH", "NOT_APPLICABLE"};
inline constexpr Words kChargeWords = {"DEBT", "SHAR", "CRED", "SLEV"};
inline constexpr Words kMintKindWords = {"DEPOSIT", "INTEREST", "CORRECTION"};
inline constexpr Words kHoldKindWords = {"PAYMENT", "ESCROW", "REDEEM", "LEGAL"};

template <class T>
inline constexpr std::array<FormMember, 0> kMembers{};

template <>
inline constexpr auto kMembers<ledger::RoleKey> = std::to_array<FormMember>(
    {{"public_key"}, {"operator_id"}, optional("not_before"), {"not_after"}});
template <>
inline constexpr auto kMembers<ledger::RoleKeys> =
    std::to_array<FormMember>({{"quorum"}, {"keys"}});
template <>
inline constexpr auto kMembers<ledger::InstAdd> = std::to_array<FormMember>(
    {{"name"}, word("kind", kInstitutionKindWords), {"lei"}, {"bic"}, {"country"}, {"admin"}});
template <>
inline constexpr auto kMembers<ledger::InstStatus> = std::to_array<FormMember>(
    {{"institution", Kind::Institution}, {"status", Kind::Plain, false, kInstitutionStatusWords}});
template <>
inline constexpr auto kMembers<ledger::InstKeys> =
    std::to_array<FormMember>({{"institution", Kind::Institution}, {"admin"}});
template <>
inline constexpr auto kMembers<ledger::ValidatorSetAction> =
    std::to_array<FormMember>({{"change", Kind::Plain, false, kSeatWords},
                               {"institution", Kind::Institution},
                               optional("public_key"),
                               optional("possession")});
template <>
inline constexpr auto kMembers<ledger::ParamSet> = std::to_array<FormMember>({{"name"}, {"value"}});
template <>
inline constexpr auto kMembers<ledger::GovPropose> =
    std::to_array<FormMember>({{"ttl_s"},
                               optional("urgent"),
                               optional("inst_add"),
                               optional("inst_status"),
                               optional("inst_keys"),
                               optional("validator_set"),
                               optional("param_set")});
template <>
inline constexpr auto kMembers<ledger::GovVote> =
    std::to_array<FormMember>({{"proposer", Kind::Institution}, {"prop_id"}, {"yes"}});
template <>
inline constexpr auto kMembers<ledger::RoleChange> =
    std::to_array<FormMember>({{"role", Kind::Plain, false, kRoleWords}, {"policy"}});
template <>
inline constexpr auto kMembers<ledger::KeyRevoke> = std::to_array<FormMember>({{"key_id"}});
template <>
inline constexpr auto kMembers<ledger::TokenCreate> =
    std::to_array<FormMember>({{"currency"},
                               optional("product"),
                               word("class", kTokenClassWords),
                               word("holder_policy", kHolderPolicyWords),
                               word("features", kFeatureWords),
                               {"issuance_cap", Kind::Money},
                               optional("max_tx", Kind::Money),
                               optional("min_tx", Kind::Money),
                               optional("fee_max", Kind::Money),
                               {"checker_threshold", Kind::Money},
                               {"dual_threshold", Kind::Money},
                               optional("terms_hash")});
// TOKEN_SET sets all of them: a limit that it does not name would become "no limit".
template <>
inline constexpr auto kMembers<ledger::TokenSet> =
    std::to_array<FormMember>({{"token", Kind::Token},
                               {"issuance_cap", Kind::Money},
                               {"max_tx", Kind::Money},
                               {"min_tx", Kind::Money},
                               {"fee_max", Kind::Money},
                               {"checker_threshold", Kind::Money},
                               {"dual_threshold", Kind::Money},
                               optional("terms_hash")});
template <>
inline constexpr auto kMembers<ledger::TokenPause> =
    std::to_array<FormMember>({{"token", Kind::Token}, {"flags", Kind::Plain, false, kPauseWords}});
template <>
inline constexpr auto kMembers<ledger::TokenUnpause> = kMembers<ledger::TokenPause>;
template <>
inline constexpr auto kMembers<ledger::PolicyFields> = std::to_array<FormMember>({{"m"}, {"keys"}});
template <>
inline constexpr auto kMembers<ledger::AcctOpen> =
    std::to_array<FormMember>({{"account", Kind::Account},
                               word("kind", kAccountKindWords),
                               optional("owner", Kind::Institution),
                               optional("owner_ref"),
                               word("auth_mode", kAuthModeWords),
                               optional("policy"),
                               {"country"},
                               optional("kyc_tier"),
                               optional("kyc_valid_until"),
                               optional("max_balance", Kind::Money),
                               optional("tokens", Kind::Token)});
template <>
inline constexpr auto kMembers<ledger::PositionOpen> = std::to_array<FormMember>(
    {{"account", Kind::Account}, {"token", Kind::Token}, optional("max_balance", Kind::Money)});
template <>
inline constexpr auto kMembers<ledger::AcctSet> = std::to_array<FormMember>(
    {{"account", Kind::Account}, {"country"}, {"kyc_tier"}, {"kyc_valid_until"}});
template <>
inline constexpr auto kMembers<ledger::AcctClose> =
    std::to_array<FormMember>({{"account", Kind::Account}});
template <>
inline constexpr auto kMembers<ledger::AcctKeysSet> =
    std::to_array<FormMember>({{"account", Kind::Account},
                               {"auth_mode", Kind::Plain, false, kAuthModeWords},
                               optional("policy"),
                               optional("recovery")});
// 0 is no limit; all are set anew, so all must be said.
template <>
inline constexpr auto kMembers<ledger::PositionLimits> =
    std::to_array<FormMember>({{"max_tx", Kind::Money},
                               {"day_amount", Kind::Money},
                               {"day_count"},
                               optional("allowed_payee_banks", Kind::Institution),
                               {"max_balance", Kind::Money}});
template <>
inline constexpr auto kMembers<ledger::LimitsSet> =
    std::to_array<FormMember>({{"account", Kind::Account}, {"token", Kind::Token}, {"limits"}});
template <>
inline constexpr auto kMembers<ledger::AcctBlock> =
    std::to_array<FormMember>({{"account", Kind::Account},
                               optional("debit"),
                               optional("credit"),
                               optional("reason_class"),
                               optional("case_commit")});
template <>
inline constexpr auto kMembers<ledger::AcctUnblock> = kMembers<ledger::AcctBlock>;
template <>
inline constexpr auto kMembers<ledger::FreezeAmount> = std::to_array<FormMember>(
    {{"account", Kind::Account}, {"token", Kind::Token}, {"amount", Kind::Money}});
template <>
inline constexpr auto kMembers<ledger::DenyEntry> =
    std::to_array<FormMember>({{"kind", Kind::Plain, false, kDenyWords},
                               optional("institution", Kind::Institution),
                               optional("account", Kind::Account),
                               optional("country"),
                               optional("reason_class")});
template <>
inline constexpr auto kMembers<ledger::DenySet> =
    std::to_array<FormMember>({optional("add"), optional("remove")});
// Literal thresholds: 0 is always, a cap of 0 nothing. All are set anew.
template <>
inline constexpr auto kMembers<ledger::CorridorHalf> =
    std::to_array<FormMember>({{"enabled"},
                               {"max_tx", Kind::Money},
                               {"daily_cap", Kind::Money},
                               optional("settle_tokens", Kind::OtherToken),
                               {"travel_rule_threshold", Kind::Money},
                               {"cop_threshold", Kind::Money},
                               word("required_checks", kCheckBitWords),
                               optional("purpose_required"),
                               optional("auto_accept_max", Kind::Money),
                               optional("standing_fee_max", Kind::Money)});
template <>
inline constexpr auto kMembers<ledger::CorridorSet> =
    std::to_array<FormMember>({{"incoming"}, {"peer", Kind::Institution}, {"currency"}, {"half"}});
template <>
inline constexpr auto kMembers<ledger::Clawback> =
    std::to_array<FormMember>({{"token", Kind::Token},
                               {"account", Kind::Account},
                               {"amount", Kind::Money},
                               optional("up_to"),
                               optional("burn"),
                               optional("include_holds"),
                               {"legal_order_commit"},
                               {"jurisdiction"}});
template <>
inline constexpr auto kMembers<ledger::Mint> =
    std::to_array<FormMember>({{"token", Kind::Token},
                               {"account", Kind::Account},
                               {"amount", Kind::Money},
                               word("kind", kMintKindWords),
                               optional("core_ref_commit")});
template <>
inline constexpr auto kMembers<ledger::Redeem> =
    std::to_array<FormMember>({{"token", Kind::Token},
                               {"account", Kind::Account},
                               {"amount", Kind::Money},
                               optional("payout_commit")});
template <>
inline constexpr auto kMembers<ledger::PaymentTerms> =
    std::to_array<FormMember>({optional("uetr"),
                               optional("payer_bank", Kind::Institution),
                               {"payer_account", Kind::Account},
                               {"payee_bank", Kind::Institution},
                               {"payee_account", Kind::Account},
                               {"token_from", Kind::Token},
                               {"token_to", Kind::TokenTo},
                               {"amount", Kind::Money},
                               optional("amount_to", Kind::MoneyTo),
                               optional("settle_token", Kind::OtherToken),
                               word("charge_bearer", kChargeWords),
                               optional("payer_fee", Kind::Money),
                               optional("payee_fee", Kind::MoneyTo),
                               optional("purpose"),
                               optional("category_purpose"),
                               optional("remittance_commit"),
                               optional("travel_rule_commit"),
                               optional("document_commit"),
                               optional("e2e_commit"),
                               word("cop_result", kCopWords),
                               optional("cop_override")});
template <>
inline constexpr auto kMembers<ledger::Transfer> = std::to_array<FormMember>({{"terms"}});
template <>
inline constexpr auto kMembers<ledger::Screening> =
    std::to_array<FormMember>({word("sanctions", kCheckWords),
                               word("aml_fraud", kCheckWords),
                               word("other", kCheckWords),
                               {"screened_at"},
                               optional("list_version")});
template <>
inline constexpr auto kMembers<ledger::SignatureField> =
    std::to_array<FormMember>({{"public_key"}, {"signature"}});
template <>
inline constexpr auto kMembers<ledger::Ticket> =
    std::to_array<FormMember>({{"body"}, {"signatures"}});
template <>
inline constexpr auto kMembers<ledger::Pay> =
    std::to_array<FormMember>({{"terms"}, {"screening"}, optional("ticket"), optional("ttl_s")});
template <>
inline constexpr auto kMembers<ledger::PayRespond> =
    std::to_array<FormMember>({{"payer_bank", Kind::Institution},
                               {"uetr"},
                               {"accept"},
                               optional("reason"),
                               optional("screening"),
                               word("cop_result", kCopWords),
                               optional("travel_rule_ack")});
template <>
inline constexpr auto kMembers<ledger::PayCancel> = std::to_array<FormMember>({{"uetr"}});
template <>
inline constexpr auto kMembers<ledger::ReturnPayment> =
    std::to_array<FormMember>({{"payer_bank", Kind::Institution},
                               {"uetr"},
                               {"amount", Kind::Money},
                               optional("reason"),
                               optional("by_bank")});
template <>
inline constexpr auto kMembers<ledger::BulkPay> =
    std::to_array<FormMember>({optional("all_or_nothing"),
                               {"items"},
                               {"control_sum", Kind::Money},
                               optional("screening"),
                               optional("tickets"),
                               optional("ttl_s")});
template <>
inline constexpr auto kMembers<ledger::HoldCapture> = std::to_array<FormMember>(
    {{"creator", Kind::Institution}, {"hold_id"}, {"amount", Kind::Money}});
template <>
inline constexpr auto kMembers<ledger::Xfer> = std::to_array<FormMember>({{"token", Kind::Token},
                                                                          {"from", Kind::Account},
                                                                          {"to", Kind::Account},
                                                                          {"amount", Kind::Money}});
template <>
inline constexpr auto kMembers<ledger::Leg> =
    std::to_array<FormMember>({optional("xfer"), optional("mint"), optional("burn"),
                               optional("capture"), optional("accept")});
template <>
inline constexpr auto kMembers<ledger::SettleAtomic> = std::to_array<FormMember>(
    {{"legs"}, optional("payment"), optional("screening"), optional("ticket")});
template <>
inline constexpr auto kMembers<ledger::HoldCreate> =
    std::to_array<FormMember>({{"token", Kind::Token},
                               {"account", Kind::Account},
                               {"amount", Kind::Money},
                               {"kind", Kind::Plain, false, kHoldKindWords},
                               optional("beneficiary", Kind::Account),
                               optional("captor", Kind::Institution),
                               optional("payer_may_release"),
                               optional("ttl_s"),
                               optional("case_commit")});
template <>
inline constexpr auto kMembers<ledger::HoldRelease> =
    std::to_array<FormMember>({{"creator", Kind::Institution}, {"hold_id"}});

template <typename T>
concept Message = requires { requires std::tuple_size_v<decltype(kMembers<T>)> != 0; };

// Calls `step(member, value)` for each field.
template <class Step>
class MemberVisit {
 public:
  MemberVisit(Step step, std::span<const FormMember> members)
      : step_(std::move(step)), members_(members) {}
  template <typename T>
  void operator()(std::uint32_t, T& value) {
    step_(members_[at_++], value);
  }

 private:
  Step step_;
  std::span<const FormMember> members_;
  std::size_t at_ = 0;
};
template <class T, class Step>
void visit_members(T& message, Step step) {
  using Plain = std::remove_const_t<T>;
  MemberVisit<Step> visit(std::move(step), kMembers<Plain>);
  Plain::fields(message, visit);
}

// Of members that go with others; nullopt: they do.
[[nodiscard]] std::optional<FormError> check_companions(const ledger::Action& action);

// Decimals of the amounts of a message, as its tokens say.
struct Scales {
  std::optional<std::uint8_t> from, to;
};

}  // namespace giro::receipt
