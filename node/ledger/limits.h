// Every size that a client can influence (ledger 2, 13; architecture 7). Fixed by rules version 1.
#pragma once

#include <cstddef>
#include <cstdint>

namespace giro::ledger {

inline constexpr std::uint64_t kSecondMs = 1'000;
inline constexpr std::uint64_t kMinuteMs = 60 * kSecondMs;
inline constexpr std::uint64_t kHourMs = 60 * kMinuteMs;
inline constexpr std::uint64_t kDayMs = 24 * kHourMs;

inline constexpr std::size_t kOperationBytesMax =
    16 * 1024;                                            // SignedOperation but BULK_PAY; 104 above
inline constexpr std::size_t kBulkBytesMax = 512 * 1024;  // of a BULK_PAY
inline constexpr std::size_t kBulkItemsMax = 1'000;
inline constexpr std::size_t kBatchLegsMin = 2;
inline constexpr std::size_t kBatchLegsMax = 16;
inline constexpr std::size_t kVoidedHoldsMax = 64;  // of one CLAWBACK
inline constexpr std::size_t kEnvelopeSignaturesMax = 16;
inline constexpr std::size_t kTicketSignaturesMax = 8;
inline constexpr std::size_t kListVersionBytesMax = 32;
inline constexpr std::size_t kAccountKeysMax = 8;
inline constexpr std::size_t kAccountTokensMax = 16;
inline constexpr std::size_t kRolePolicyKeysMax = 32;
inline constexpr std::size_t kDenyEntriesMax = 64;  // of one DENY_SET: 111 above
inline constexpr std::size_t kAllowedPayeeBanksMax = 16;
inline constexpr std::size_t kSettleTokensMax = 4;
inline constexpr std::size_t kInstitutionNameMax = 32;
inline constexpr std::size_t kValidatorsMin = 4;    // ledger I20
inline constexpr std::size_t kValidatorsMax = 128;  // what consensus messages have room for
inline constexpr std::uint32_t kOperationVersion = 1;
inline constexpr std::uint32_t kRulesVersion = 1;
// Screening may be dated this far ahead of block time (ledger 5.5): the clocks of two banks differ.
inline constexpr std::int64_t kScreeningAheadMs = 60'000;

}  // namespace giro::ledger
