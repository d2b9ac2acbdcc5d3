// Sizes that the maker of a proof chooses (architecture 7). One more is MALFORMED.
#pragma once

#include <cstddef>

#include "node/ledger/limits.h"

namespace giro::receipt {

inline constexpr std::size_t kTextBytesMax = 4 * 1024 * 1024;
inline constexpr std::size_t kBodyBytesMax = ledger::kBulkBytesMax;  // the largest operation
inline constexpr std::size_t kBodySignaturesMax = ledger::kEnvelopeSignaturesMax;
// Shown of one outcome; one CLAWBACK may end the most payments.
inline constexpr std::size_t kEventsMax = 64;
static_assert(kEventsMax >= ledger::kVoidedHoldsMax);
inline constexpr std::size_t kEventBytesMax = 4096;   // an account with all its keys is the largest
inline constexpr std::size_t kPathMax = 32;           // an outcomes tree has at most 2^32 leaves
inline constexpr std::size_t kStatePathMax = 64;      // slots are numbers of 64 bits
inline constexpr std::size_t kRecordBytesMax = 1024;  // a position, in canonical encoding
inline constexpr std::size_t kLaterHeadersMax = 1024;  // the widest window (protocol 14)
inline constexpr std::size_t kMembersMax = 256;
inline constexpr std::size_t kSetChangesMax = 1024;

}  // namespace giro::receipt
