// The result codes of ledger 7 with their names, ISO 20022 reasons and retry classes. Numbers are
// never reused.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace giro::ledger {

enum class Code : std::uint16_t {
  Ok = 0,
  Malformed = 100,
  UnknownOperation = 101,
  BadVersion = 102,
  TooLarge = 104,
  BadId = 105,
  BadUetr = 106,
  ZeroAmount = 107,
  AmountOutOfRange = 108,
  SameAccount = 109,
  NonCanonicalEncoding = 110,
  TooManyItems = 111,
  BadLeiOrBic = 112,
  BadCurrency = 113,
  BadScale = 114,  // edge only
  ControlSumMismatch = 115,
  BadSignature = 200,
  UnknownKey = 201,
  KeyNotActive = 202,
  RoleNotPermitted = 203,
  NotAuthorisedForAccount = 204,
  QuorumNotMet = 205,
  SameOperator = 206,
  SodViolation = 207,
  OperationExpired = 210,
  ValidUntilTooFar = 211,
  IdempotencyConflict = 212,
  Duplicate = 213,
  BadRolePolicy = 214,
  InstitutionNotFound = 300,
  AgentSuspended = 301,
  CreditorAgentSuspended = 302,
  TokenNotFound = 303,
  TokenExists = 304,
  OperationPaused = 305,
  IssuerExiting = 306,
  DebtorAccountNotFound = 307,
  CreditorAccountNotFound = 308,
  DebtorAccountClosed = 309,
  CreditorAccountClosed = 310,
  AccountExists = 311,
  DebtorPositionNotOpen = 312,
  CreditorPositionNotOpen = 313,
  DebtorKindNotAllowed = 314,
  CreditorKindNotAllowed = 315,
  AccountNotEmpty = 316,
  TokenMismatch = 317,
  SameBank = 318,
  AccountHasOpenItems = 319,
  ReferenceUsed = 320,
  KeyNotFound = 321,
  InstitutionKindNotAllowed = 322,
  InsufficientFunds = 400,
  FundsOnHold = 401,
  FundsFrozen = 402,
  TxLimitAccount = 403,
  DailyAmountLimit = 404,
  DailyCountLimit = 405,
  TxLimitToken = 406,
  BelowMinimum = 407,
  IssuanceCapExceeded = 408,
  ArithmeticOverflow = 409,
  FeeExceedsMax = 410,
  CorridorTxLimit = 411,
  CorridorDailyCap = 412,
  SettlementFundsInsufficient = 413,
  ExposureLimit = 414,
  DebtorBlocked = 500,
  CreditorBlocked = 501,
  Denylisted = 502,
  CorridorDisabled = 503,
  EvidenceMissing = 504,
  ScreeningFailed = 505,
  EvidenceStale = 506,
  TravelRuleMissing = 507,
  TravelRuleNotAcked = 508,
  CopNoMatch = 509,
  PurposeRequired = 510,
  HolderNotEligible = 511,
  KycExpired = 512,
  FeatureNotEnabled = 513,
  LegalRefRequired = 514,
  PayeeBankNotAllowed = 516,
  Regulatory = 517,  // reason only
  AcceptanceRequired = 518,
  PaymentNotFound = 600,
  PaymentWrongState = 601,
  PaymentExpired = 602,
  HoldNotFound = 603,
  HoldAlreadyCaptured = 604,
  HoldAlreadyReleased = 605,
  HoldExpired = 606,
  ExceedsHoldAmount = 607,
  ReturnExceedsOriginal = 608,
  AlreadyReturned = 609,
  ReturnOfReturn = 610,
  WindowClosed = 613,
  IdInUse = 617,
  HoldKindNotAllowed = 618,
  TtlOutOfRange = 619,
  NoSettlementPath = 700,
  SettleTokenNotAgreed = 701,
  LegFailed = 702,
  TermsMismatch = 703,
  LinkedFailed = 704,
  ProposalNotFound = 800,
  AlreadyVoted = 801,
  ProposalClosed = 802,
  NotEligibleVoter = 803,
  UnsafeChange = 804,
  ParamOutOfRange = 806,
  InvariantViolation = 900,
  Capacity = 902,  // admission only
};

// Column R of ledger 7.
enum class Retry : std::uint8_t {
  None,     // 0 OK
  Void,     // S: the same id may be sent again
  NewId,    // N: recorded; the same order may succeed later under a new id
  Never,    // -: recorded; the order must change
  OfInner,  // 702: that of the inner code
};

struct CodeRow {
  Code code;
  std::string_view name;          // "INSUFFICIENT_FUNDS"
  std::string_view iso;           // external status reason; empty: none, or that of the inner code
  std::string_view iso_creditor;  // when the creditor side differs (300), else empty
  Retry retry;
};

[[nodiscard]] std::span<const CodeRow> code_rows();  // ascending; complete
[[nodiscard]] const CodeRow* find_code(Code code);   // nullptr: not a code of this version
[[nodiscard]] std::optional<Code> code_of(std::uint32_t number);
[[nodiscard]] std::string_view code_name(Code code);   // "UNKNOWN" for what is no code
[[nodiscard]] std::string_view iso_reason(Code code);  // debtor side; empty: none

}  // namespace giro::ledger
