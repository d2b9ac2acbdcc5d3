#include "node/ledger/network_params.h"

#include <array>

#include "node/ledger/limits.h"

namespace giro::ledger {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;

enum : std::uint32_t {
  kWindow = 1,
  kBatchBytes,
  kBatchOperations,
  kBatchLinger,
  kBatchLifetime,
  kBlockBytes,
  kBlockBatches,
  kAuthorQuota,
  kIdleBlockInterval,
  kViewTimeoutBase,
  kViewTimeoutCap,
  kStatusInterval,
  kClockSkew,
  kClockLag,
  kSnapshotInterval,
  kSnapshotChunk,
  kEpochBlocks,
};
constexpr auto kCount = ParamUnit::Number;
constexpr auto kBytes = ParamUnit::Size;
constexpr auto kMs = ParamUnit::Milliseconds;

constexpr std::array kNetwork{
    NetworkParamRule{kWindow, "window", kCount, 64, 4, 1024},
    NetworkParamRule{kBatchBytes, "batch_bytes", kBytes, 512 * kKiB, kKiB, 4 * kMiB},
    NetworkParamRule{kBatchOperations, "batch_operations", kCount, 4096, 1, 65536},
    NetworkParamRule{kBatchLinger, "batch_linger", kMs, 2, 0, kSecondMs},
    NetworkParamRule{kBatchLifetime, "batch_lifetime", kMs, kMinuteMs, kSecondMs, kHourMs},
    NetworkParamRule{kBlockBytes, "block_bytes", kBytes, 4 * kMiB, kKiB, 32 * kMiB},
    NetworkParamRule{kBlockBatches, "block_batches", kCount, 1024, 1, 65536},
    NetworkParamRule{kAuthorQuota, "author_quota", kBytes, 32 * kMiB, kKiB, 256 * kMiB},
    NetworkParamRule{kIdleBlockInterval, "idle_block_interval", kMs, kSecondMs, 100, kMinuteMs},
    NetworkParamRule{kViewTimeoutBase, "view_timeout_base", kMs, kSecondMs, 100, 10 * kSecondMs},
    NetworkParamRule{kViewTimeoutCap, "view_timeout_cap", kMs, 8 * kSecondMs, 100, 10 * kSecondMs},
    NetworkParamRule{kStatusInterval, "status_interval", kMs, 200, 50, 5 * kSecondMs},
    NetworkParamRule{kClockSkew, "clock_skew", kMs, 2 * kSecondMs, 100, 10 * kSecondMs},
    NetworkParamRule{kClockLag, "clock_lag", kMs, 20 * kSecondMs, 101, kHourMs},
    NetworkParamRule{kSnapshotInterval, "snapshot_interval", kCount, 10'000, 16, 100'000'000},
    NetworkParamRule{kSnapshotChunk, "snapshot_chunk", kBytes, 4 * kMiB, 64 * kKiB, 16 * kMiB},
    NetworkParamRule{kEpochBlocks, "epoch_blocks", kCount, 1'000, 10, 100'000, true},
};

constexpr std::array kLedger{
    LedgerParamRule{"op_window", kMs, &Params::op_window_ms, kDayMs, kMinuteMs, kDayMs},
    LedgerParamRule{"outcome_retention", kMs, &Params::outcome_retention_ms, kHourMs, 0, kDayMs},
    LedgerParamRule{"payment_retention", kMs, &Params::payment_retention_ms, 400 * kDayMs,
                    35 * kDayMs, 800 * kDayMs},
    LedgerParamRule{"return_window", kMs, &Params::return_window_ms, 396 * kDayMs, kDayMs,
                    800 * kDayMs},
    LedgerParamRule{"attest_ttl", kMs, &Params::attest_ttl_ms, 15 * kMinuteMs, kMinuteMs, kDayMs},
    LedgerParamRule{"payment_ttl", kMs, &Params::payment_ttl_ms, 5 * kMinuteMs, 10 * kSecondMs,
                    30 * kDayMs},
    LedgerParamRule{"payment_ttl_max", kMs, &Params::payment_ttl_max_ms, 5 * kDayMs, kMinuteMs,
                    30 * kDayMs},
    LedgerParamRule{"hold_ttl_max", kMs, &Params::hold_ttl_max_ms, 180 * kDayMs, kDayMs,
                    730 * kDayMs},
    LedgerParamRule{"gov_timelock", kMs, &Params::gov_timelock_ms, kDayMs, 0, 30 * kDayMs},
    LedgerParamRule{"proposal_ttl_max", kMs, &Params::proposal_ttl_max_ms, 7 * kDayMs, kHourMs,
                    30 * kDayMs},
    LedgerParamRule{"urgent_suspension", kMs, &Params::urgent_suspension_ms, 3 * kDayMs, kHourMs,
                    7 * kDayMs},
    LedgerParamRule{"sweep_max", kCount, &Params::sweep_max, 2'000, 100, 20'000},
    LedgerParamRule{"sweep_delete_max", kCount, &Params::sweep_delete_max, 20'000, 1'000, 200'000},
};

}  // namespace

std::span<const NetworkParamRule> network_param_rules() {
  return kNetwork;
}

const NetworkParamRule* find_network_param(std::uint32_t id) {
  return id == 0 || id > kNetwork.size() ? nullptr : &kNetwork[id - 1];
}

const NetworkParamRule* find_network_param(std::string_view name) {
  for (const NetworkParamRule& rule : kNetwork) {
    if (rule.name == name) {
      return &rule;
    }
  }
  return nullptr;
}

const NetworkParamRule* broken_network_param(std::span<const NetworkParam> params) {
  for (std::size_t at = 0; at < kNetwork.size(); ++at) {
    const NetworkParamRule& rule = kNetwork[at];
    if (at >= params.size() || params[at].id != rule.id || params[at].value < rule.min ||
        params[at].value > rule.max) {
      return &rule;
    }
  }
  if (params.size() != kNetwork.size()) {
    return &kNetwork.back();
  }
  const auto value = [&](std::uint32_t id) { return params[id - 1].value; };
  if (value(kViewTimeoutBase) > value(kViewTimeoutCap)) {
    return &kNetwork[kViewTimeoutBase - 1];
  }
  if (value(kClockLag) <= value(kViewTimeoutCap)) {
    return &kNetwork[kClockLag - 1];
  }
  if (value(kBatchBytes) > value(kBlockBytes) || value(kBatchBytes) > value(kAuthorQuota)) {
    return &kNetwork[kBatchBytes - 1];
  }
  return nullptr;
}

std::span<const LedgerParamRule> ledger_param_rules() {
  return kLedger;
}

const LedgerParamRule* find_ledger_param(std::string_view name) {
  for (const LedgerParamRule& rule : kLedger) {
    if (rule.name == name) {
      return &rule;
    }
  }
  return nullptr;
}

const LedgerParamRule* broken_ledger_param(const Params& params) {
  for (const LedgerParamRule& rule : kLedger) {
    if (params.*rule.value < rule.min || params.*rule.value > rule.max) {
      return &rule;
    }
  }
  if (params.payment_retention_ms < params.return_window_ms) {
    return find_ledger_param("payment_retention");
  }
  return params.payment_ttl_ms > params.payment_ttl_max_ms ? find_ledger_param("payment_ttl")
                                                           : nullptr;
}

Params standard_params() {
  Params params;
  for (const LedgerParamRule& rule : kLedger) {
    params.*rule.value = rule.standard;
  }
  for (const NetworkParamRule& rule : kNetwork) {
    params.network.push_back({rule.id, rule.standard});
  }
  params.epoch_blocks = kNetwork[kEpochBlocks - 1].standard;
  params.rules_version = kRulesVersion;
  return params;
}

}  // namespace giro::ledger
