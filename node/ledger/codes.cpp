#include "node/ledger/codes.h"

#include <algorithm>

namespace giro::ledger {

namespace {

// Ledger 7, ascending.
constexpr CodeRow kCodeRows[] = {
    {Code::Ok, "OK", "", "", Retry::None},
    {Code::Malformed, "MALFORMED", "FF01", "", Retry::Void},
    {Code::UnknownOperation, "UNKNOWN_OPERATION", "AG03", "", Retry::Void},
    {Code::BadVersion, "BAD_VERSION", "FF01", "", Retry::Void},
    {Code::TooLarge, "TOO_LARGE", "FF01", "", Retry::Void},
    {Code::BadId, "BAD_ID", "CH16", "", Retry::Void},
    {Code::BadUetr, "BAD_UETR", "FF08", "", Retry::Void},
    {Code::ZeroAmount, "ZERO_AMOUNT", "AM01", "", Retry::Void},
    {Code::AmountOutOfRange, "AMOUNT_OUT_OF_RANGE", "AM12", "", Retry::Void},
    {Code::SameAccount, "SAME_ACCOUNT", "CH16", "", Retry::Void},
    {Code::NonCanonicalEncoding, "NON_CANONICAL_ENCODING", "FF01", "", Retry::Void},
    {Code::TooManyItems, "TOO_MANY_ITEMS", "AM18", "", Retry::Void},
    {Code::BadLeiOrBic, "BAD_LEI_OR_BIC", "BE15", "", Retry::Void},
    {Code::BadCurrency, "BAD_CURRENCY", "AM11", "", Retry::Void},
    {Code::BadScale, "BAD_SCALE", "CH20", "", Retry::Void},
    {Code::ControlSumMismatch, "CONTROL_SUM_MISMATCH", "AM10", "", Retry::Void},
    {Code::BadSignature, "BAD_SIGNATURE", "DS0B", "", Retry::Void},
    {Code::UnknownKey, "UNKNOWN_KEY", "DS0E", "", Retry::Void},
    {Code::KeyNotActive, "KEY_NOT_ACTIVE", "DS0D", "", Retry::Void},
    {Code::RoleNotPermitted, "ROLE_NOT_PERMITTED", "DS0G", "", Retry::Void},
    {Code::NotAuthorisedForAccount, "NOT_AUTHORISED_FOR_ACCOUNT", "DS0H", "", Retry::Void},
    {Code::QuorumNotMet, "QUORUM_NOT_MET", "DS0A", "", Retry::Void},
    {Code::SameOperator, "SAME_OPERATOR", "DS26", "", Retry::Void},
    {Code::SodViolation, "SOD_VIOLATION", "DS19", "", Retry::Never},
    {Code::OperationExpired, "OPERATION_EXPIRED", "TM01", "", Retry::Void},
    {Code::ValidUntilTooFar, "VALID_UNTIL_TOO_FAR", "CH03", "", Retry::Void},
    {Code::IdempotencyConflict, "IDEMPOTENCY_CONFLICT", "DU03", "", Retry::Never},
    {Code::Duplicate, "DUPLICATE", "AM05", "", Retry::Never},
    {Code::BadRolePolicy, "BAD_ROLE_POLICY", "CH16", "", Retry::Never},
    {Code::InstitutionNotFound, "INSTITUTION_NOT_FOUND", "RC03", "RC04", Retry::Never},
    {Code::AgentSuspended, "AGENT_SUSPENDED", "AG10", "", Retry::NewId},
    {Code::CreditorAgentSuspended, "CREDITOR_AGENT_SUSPENDED", "AG11", "", Retry::NewId},
    {Code::TokenNotFound, "TOKEN_NOT_FOUND", "AC09", "", Retry::Never},
    {Code::TokenExists, "TOKEN_EXISTS", "CH16", "", Retry::Never},
    {Code::OperationPaused, "OPERATION_PAUSED", "ED06", "", Retry::NewId},
    {Code::IssuerExiting, "ISSUER_EXITING", "AG03", "", Retry::Never},
    {Code::DebtorAccountNotFound, "DEBTOR_ACCOUNT_NOT_FOUND", "AC02", "", Retry::Never},
    {Code::CreditorAccountNotFound, "CREDITOR_ACCOUNT_NOT_FOUND", "AC03", "", Retry::Never},
    {Code::DebtorAccountClosed, "DEBTOR_ACCOUNT_CLOSED", "AC05", "", Retry::Never},
    {Code::CreditorAccountClosed, "CREDITOR_ACCOUNT_CLOSED", "AC07", "", Retry::Never},
    {Code::AccountExists, "ACCOUNT_EXISTS", "CH16", "", Retry::Never},
    {Code::DebtorPositionNotOpen, "DEBTOR_POSITION_NOT_OPEN", "AC10", "", Retry::NewId},
    {Code::CreditorPositionNotOpen, "CREDITOR_POSITION_NOT_OPEN", "AC11", "", Retry::NewId},
    {Code::DebtorKindNotAllowed, "DEBTOR_KIND_NOT_ALLOWED", "AC13", "", Retry::Never},
    {Code::CreditorKindNotAllowed, "CREDITOR_KIND_NOT_ALLOWED", "AC14", "", Retry::Never},
    {Code::AccountNotEmpty, "ACCOUNT_NOT_EMPTY", "CH16", "", Retry::NewId},
    {Code::TokenMismatch, "TOKEN_MISMATCH", "CURR", "", Retry::Never},
    {Code::SameBank, "SAME_BANK", "AG03", "", Retry::Never},
    {Code::AccountHasOpenItems, "ACCOUNT_HAS_OPEN_ITEMS", "CH16", "", Retry::NewId},
    {Code::ReferenceUsed, "REFERENCE_USED", "AM05", "", Retry::Never},
    {Code::KeyNotFound, "KEY_NOT_FOUND", "DS0E", "", Retry::Never},
    {Code::InstitutionKindNotAllowed, "INSTITUTION_KIND_NOT_ALLOWED", "AG03", "", Retry::Never},
    {Code::InsufficientFunds, "INSUFFICIENT_FUNDS", "AM04", "", Retry::NewId},
    {Code::FundsOnHold, "FUNDS_ON_HOLD", "AM04", "", Retry::NewId},
    {Code::FundsFrozen, "FUNDS_FROZEN", "AM07", "", Retry::NewId},
    {Code::TxLimitAccount, "TX_LIMIT_ACCOUNT", "AM14", "", Retry::Never},
    {Code::DailyAmountLimit, "DAILY_AMOUNT_LIMIT", "AM21", "", Retry::NewId},
    {Code::DailyCountLimit, "DAILY_COUNT_LIMIT", "SL15", "", Retry::NewId},
    {Code::TxLimitToken, "TX_LIMIT_TOKEN", "AM02", "", Retry::Never},
    {Code::BelowMinimum, "BELOW_MINIMUM", "AM06", "", Retry::Never},
    {Code::IssuanceCapExceeded, "ISSUANCE_CAP_EXCEEDED", "AM23", "", Retry::NewId},
    {Code::ArithmeticOverflow, "ARITHMETIC_OVERFLOW", "AM12", "", Retry::Never},
    {Code::FeeExceedsMax, "FEE_EXCEEDS_MAX", "AM09", "", Retry::Never},
    {Code::CorridorTxLimit, "CORRIDOR_TX_LIMIT", "AM13", "", Retry::Never},
    {Code::CorridorDailyCap, "CORRIDOR_DAILY_CAP", "AM13", "", Retry::NewId},
    {Code::SettlementFundsInsufficient, "SETTLEMENT_FUNDS_INSUFFICIENT", "AM23", "", Retry::NewId},
    {Code::ExposureLimit, "EXPOSURE_LIMIT", "AM23", "", Retry::NewId},
    {Code::DebtorBlocked, "DEBTOR_BLOCKED", "AC06", "", Retry::NewId},
    {Code::CreditorBlocked, "CREDITOR_BLOCKED", "AC06", "", Retry::NewId},
    {Code::Denylisted, "DENYLISTED", "RR04", "", Retry::Never},
    {Code::CorridorDisabled, "CORRIDOR_DISABLED", "ED01", "", Retry::NewId},
    {Code::EvidenceMissing, "EVIDENCE_MISSING", "RR04", "", Retry::Never},
    {Code::ScreeningFailed, "SCREENING_FAILED", "RR04", "", Retry::Never},
    {Code::EvidenceStale, "EVIDENCE_STALE", "RR04", "", Retry::NewId},
    {Code::TravelRuleMissing, "TRAVEL_RULE_MISSING", "RR02", "", Retry::Never},
    {Code::TravelRuleNotAcked, "TRAVEL_RULE_NOT_ACKED", "RR03", "", Retry::Never},
    {Code::CopNoMatch, "COP_NO_MATCH", "BE01", "", Retry::Never},
    {Code::PurposeRequired, "PURPOSE_REQUIRED", "FF07", "", Retry::Never},
    {Code::HolderNotEligible, "HOLDER_NOT_ELIGIBLE", "AG01", "", Retry::Never},
    {Code::KycExpired, "KYC_EXPIRED", "NOCM", "", Retry::NewId},
    {Code::FeatureNotEnabled, "FEATURE_NOT_ENABLED", "AG03", "", Retry::Never},
    {Code::LegalRefRequired, "LEGAL_REF_REQUIRED", "FF01", "", Retry::Never},
    {Code::PayeeBankNotAllowed, "PAYEE_BANK_NOT_ALLOWED", "SL11", "", Retry::Never},
    {Code::Regulatory, "REGULATORY", "RR04", "", Retry::Never},
    {Code::AcceptanceRequired, "ACCEPTANCE_REQUIRED", "AG03", "", Retry::Never},
    {Code::PaymentNotFound, "PAYMENT_NOT_FOUND", "AG09", "", Retry::Never},
    {Code::PaymentWrongState, "PAYMENT_WRONG_STATE", "FF12", "", Retry::Never},
    {Code::PaymentExpired, "PAYMENT_EXPIRED", "AB05", "", Retry::Never},
    {Code::HoldNotFound, "HOLD_NOT_FOUND", "CH16", "", Retry::Never},
    {Code::HoldAlreadyCaptured, "HOLD_ALREADY_CAPTURED", "CH16", "", Retry::Never},
    {Code::HoldAlreadyReleased, "HOLD_ALREADY_RELEASED", "CH16", "", Retry::Never},
    {Code::HoldExpired, "HOLD_EXPIRED", "TM01", "", Retry::Never},
    {Code::ExceedsHoldAmount, "EXCEEDS_HOLD_AMOUNT", "AM09", "", Retry::Never},
    {Code::ReturnExceedsOriginal, "RETURN_EXCEEDS_ORIGINAL", "AM09", "", Retry::Never},
    {Code::AlreadyReturned, "ALREADY_RETURNED", "FF12", "", Retry::Never},
    {Code::ReturnOfReturn, "RETURN_OF_RETURN", "AG13", "", Retry::Never},
    {Code::WindowClosed, "WINDOW_CLOSED", "TM01", "", Retry::Never},
    {Code::IdInUse, "ID_IN_USE", "AM05", "", Retry::Never},
    {Code::HoldKindNotAllowed, "HOLD_KIND_NOT_ALLOWED", "CH16", "", Retry::Never},
    {Code::TtlOutOfRange, "TTL_OUT_OF_RANGE", "CH03", "", Retry::Never},
    {Code::NoSettlementPath, "NO_SETTLEMENT_PATH", "ED01", "", Retry::NewId},
    {Code::SettleTokenNotAgreed, "SETTLE_TOKEN_NOT_AGREED", "RC15", "", Retry::Never},
    {Code::LegFailed, "LEG_FAILED", "", "", Retry::OfInner},
    {Code::TermsMismatch, "TERMS_MISMATCH", "AM09", "", Retry::Never},
    {Code::LinkedFailed, "LINKED_FAILED", "MS03", "", Retry::NewId},
    {Code::ProposalNotFound, "PROPOSAL_NOT_FOUND", "CH16", "", Retry::Never},
    {Code::AlreadyVoted, "ALREADY_VOTED", "CH16", "", Retry::Never},
    {Code::ProposalClosed, "PROPOSAL_CLOSED", "CH16", "", Retry::Never},
    {Code::NotEligibleVoter, "NOT_ELIGIBLE_VOTER", "CH16", "", Retry::Never},
    {Code::UnsafeChange, "UNSAFE_CHANGE", "CH16", "", Retry::NewId},
    {Code::ParamOutOfRange, "PARAM_OUT_OF_RANGE", "CH16", "", Retry::Never},
    {Code::InvariantViolation, "INVARIANT_VIOLATION", "FF10", "", Retry::Never},
    {Code::Capacity, "CAPACITY", "AB10", "", Retry::Void},
};

}  // namespace

std::span<const CodeRow> code_rows() {
  return kCodeRows;
}

const CodeRow* find_code(Code code) {
  const auto* row = std::lower_bound(std::begin(kCodeRows), std::end(kCodeRows), code,
                                     [](const CodeRow& a, Code b) { return a.code < b; });
  return row != std::end(kCodeRows) && row->code == code ? row : nullptr;
}

std::optional<Code> code_of(std::uint32_t number) {
  if (number > 999) return std::nullopt;
  const CodeRow* row = find_code(static_cast<Code>(number));
  return row == nullptr ? std::nullopt : std::optional(row->code);
}

std::string_view code_name(Code code) {
  const CodeRow* row = find_code(code);
  return row == nullptr ? "UNKNOWN" : row->name;
}

std::string_view iso_reason(Code code) {
  const CodeRow* row = find_code(code);
  return row == nullptr ? std::string_view{} : row->iso;
}

}  // namespace giro::ledger
