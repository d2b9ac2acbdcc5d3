#include "node/runtime/meters.h"

#include <algorithm>

#include "crypto/check.h"
#include "node/ledger/ledger.h"

namespace giro::runtime {
namespace {

// By SuspectReason, which begins with 1.
constexpr std::array<std::string_view, 6> kViewChangeCauses{"followed",     "silent",  "censorship",
                                                            "equivocation", "leaving", "straggler"};
constexpr std::array<std::string_view, 3> kConflictNames{"key_used_elsewhere", "quorum_contradicts",
                                                         "sign_state_copied"};
constexpr std::array<std::string_view, kStepCount> kStepNames{"prepare", "commit", "execute",
                                                              "attest"};

}  // namespace

void Timing::add(double seconds) {
  const auto bucket = std::ranges::lower_bound(kBounds, seconds) - kBounds.begin();
  buckets_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  nanoseconds_.fetch_add(static_cast<std::uint64_t>(std::max(0.0, seconds) * 1e9),
                         std::memory_order_relaxed);
}

Timing::Counts Timing::counts() const {
  Counts out;
  for (std::size_t i = 0; i < buckets_.size(); ++i) out.buckets[i] = buckets_[i].load();
  out.seconds = static_cast<double>(nanoseconds_.load()) / 1e9;
  return out;
}

void Meters::ran(std::uint32_t type, ledger::Code code) {
  const auto number = static_cast<std::size_t>(code);
  if (code != ledger::Code::Ok) {
    if (number < kCodes) rejected_[number].fetch_add(1, std::memory_order_relaxed);
  } else if (type < kTypes) {
    committed_[type].fetch_add(1, std::memory_order_relaxed);
  }
}

void Meters::view_left(std::optional<consensus::SuspectReason> cause) {
  const std::size_t at = cause ? static_cast<std::size_t>(*cause) : 0;
  if (at < kCauses) ++view_changes_[at];
}

void Meters::read_into(Measures& out) const {
  for (std::size_t i = 0; i < kCauses; ++i)
    out.view_changes.emplace_back(kViewChangeCauses[i], view_changes_[i].load());
  for (std::size_t i = 0; i < kStepCount; ++i)
    out.steps.emplace_back(kStepNames[i], steps[i].counts());
  out.commit = commit.counts();
  for (const auto& row : ledger::operation_names()) {
    GIRO_CHECK(row.type < kTypes, row.type);
    out.committed.emplace_back(row.name, committed_[row.type].load());
  }
  for (const auto& row : ledger::code_rows()) {
    const auto number = static_cast<std::size_t>(row.code);
    GIRO_CHECK(number < kCodes, number);
    if (row.code != ledger::Code::Ok) out.rejected.emplace_back(row.name, rejected_[number].load());
  }
  out.expired = expired_.load();
  out.log_sync = log_sync.counts();
  out.sign_state_sync = sign_state_sync.counts();
  out.truncations = {{"log", found.log_tails_cut}, {"sign_state", found.sign_state_slots_bad}};
  out.corruptions = {{"log", found.logs_damaged},
                     {"state", found.stores_damaged},
                     {"snapshots", snapshots_damaged_.load()}};
  out.signing = signing.counts();
  out.signer_up = signer_up_.load();
  for (std::size_t i = 0; i < kConflicts; ++i)
    out.sign_refused.emplace_back(kConflictNames[i], conflicts_[i].load());
}

}  // namespace giro::runtime
