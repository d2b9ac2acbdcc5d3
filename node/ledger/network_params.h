// Names, units and bounds of the network parameters of protocol 14 that travel in the params
// record, as numbers in their base unit. The ledger keeps and changes them (PARAM_SET, code 806)
// without knowing what they mean; the order of the rows is the order of protocol 14, and a row's
// number is its id for good: append only.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include "node/ledger/records.h"

namespace giro::ledger {

enum class ParamUnit : std::uint8_t { Number, Size, Milliseconds };

struct NetworkParamRule {
  std::uint32_t id{};
  std::string_view name;  // as in protocol 14, the genesis file and PARAM_SET
  ParamUnit unit{};
  std::uint64_t standard{};  // the default
  std::uint64_t min{};
  std::uint64_t max{};
  bool fixed_at_genesis = false;
};

[[nodiscard]] std::span<const NetworkParamRule> network_param_rules();  // ids 1, 2, 3, ...
[[nodiscard]] const NetworkParamRule* find_network_param(std::uint32_t id);
[[nodiscard]] const NetworkParamRule* find_network_param(std::string_view name);

// Every rule has a value in `params` (ascending id, nothing else), within its bounds, and together
// they make sense: view_timeout_base <= view_timeout_cap < clock_lag, batch_bytes <= block_bytes
// and author_quota. The answer is the rule that is broken first; nullptr: none.
[[nodiscard]] const NetworkParamRule* broken_network_param(std::span<const NetworkParam> params);

// The ledger's own parameters (ledger 13) by name, with bounds, in the order of the record's
// fields.
struct LedgerParamRule {
  std::string_view name;
  ParamUnit unit{};
  std::uint64_t Params::* value{};
  std::uint64_t standard{};  // the default
  std::uint64_t min{};
  std::uint64_t max{};
};
[[nodiscard]] std::span<const LedgerParamRule> ledger_param_rules();
[[nodiscard]] const LedgerParamRule* find_ledger_param(std::string_view name);
// Bounds, payment_retention >= return_window and payment_ttl <= payment_ttl_max; nullptr: all hold.
[[nodiscard]] const LedgerParamRule* broken_ledger_param(const Params& params);

// All defaults, those of the network parameters included.
[[nodiscard]] Params standard_params();

}  // namespace giro::ledger
