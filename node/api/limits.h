// Every size and time that a client can influence (surface 5.4, 5.5). What `api.limits` and
// `api.rates` of node.toml set is not here.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace giro::api {

inline constexpr std::size_t kHeaderBytesMax = 16 * 1024;
inline constexpr std::chrono::seconds kHeaderTime{10};
inline constexpr std::chrono::seconds kBodyTime{30};
inline constexpr std::chrono::seconds kIdleTime{60};
inline constexpr std::chrono::seconds kWriteTime{30};
inline constexpr std::chrono::seconds kDrainTimeMax{2};  // of a stop, for what is under way

inline constexpr std::size_t kTargetBytesMax = 4096;  // path and query
inline constexpr std::size_t kQueryParametersMax = 16;
inline constexpr std::size_t kPathSegmentsMax = 16;

inline constexpr std::chrono::milliseconds kWaitDefault{5000};
inline constexpr std::chrono::milliseconds kWaitMax{30000};
inline constexpr std::chrono::milliseconds kMinHeightWait{10000};
inline constexpr std::chrono::milliseconds kHeightPoll{10};
inline constexpr std::size_t kMinHeightWaitersMax = 1024;
inline constexpr std::size_t kProofWaitersMax = 1024;  // until their height is attested
inline constexpr std::size_t kEventWaitersMax = 256;   // who follow the events page by page

// Streams (surface 5.6), so many as api.limits.streams.
inline constexpr std::chrono::seconds kStreamBeat{5};        // the longest silence of a stream
inline constexpr std::chrono::seconds kStreamStallTime{60};  // of a reader that takes nothing
inline constexpr std::uint32_t kStreamPieceEvents = 100;

inline constexpr std::size_t kBatchOperationsMax = 500;
inline constexpr std::size_t kFormDepthMax = 8;             // of an operation as JSON
inline constexpr std::size_t kSimulatedSignaturesMax = 64;  // they are checked on the API's thread

inline constexpr std::uint32_t kListDefault = 100;
inline constexpr std::uint32_t kListMax = 1000;
// Rows that a list with a filter looks at for one answer; the next page goes on after them.
inline constexpr std::size_t kListVisitedMax = 5000;
// Blocks are read whole: an answer reads no more of them once they have had so many operations, and
// a list of events no more than so many blocks.
inline constexpr std::size_t kBlockOperationsMax = 20'000;
inline constexpr std::size_t kEventBlocksMax = 256;

// Of headers, a page ends with so many votes: all it takes then fits what clients read at once.
inline constexpr std::size_t kHeaderVotesMax = 20'000;

// Connections beyond the waiters and streams that node.toml allows: for requests that do not wait.
inline constexpr std::size_t kSpareConnections = 1024;
inline constexpr std::size_t kOpsConnectionsMax = 64;
inline constexpr std::size_t kOpsBodyBytesMax = 1024;
inline constexpr std::size_t kRateClientsMax = 4096;  // clients with a token bucket of their own

}  // namespace giro::api
