#include "node/config/network_parameters.h"

#include <array>

namespace giro::config {
namespace {

using consensus::Parameters;

// In the order of protocol 14: the first has id 1.
constexpr std::array kParameterMembers{
    &Parameters::window,
    &Parameters::batch_bytes,
    &Parameters::batch_operations,
    &Parameters::batch_linger_ms,
    &Parameters::batch_lifetime_ms,
    &Parameters::block_bytes,
    &Parameters::block_batches,
    &Parameters::author_quota,
    &Parameters::idle_block_interval_ms,
    &Parameters::view_timeout_base_ms,
    &Parameters::view_timeout_cap_ms,
    &Parameters::status_interval_ms,
    &Parameters::clock_skew_ms,
    &Parameters::clock_lag_ms,
    &Parameters::snapshot_interval,
    &Parameters::snapshot_chunk,
    &Parameters::epoch_blocks,
};

}  // namespace

std::vector<ledger::NetworkParam> to_network_params(const Parameters& parameters) {
  std::vector<ledger::NetworkParam> params;
  for (std::size_t at = 0; at < kParameterMembers.size(); ++at) {
    params.push_back({static_cast<std::uint32_t>(at + 1), parameters.*kParameterMembers[at]});
  }
  return params;
}

Parameters to_parameters(std::span<const ledger::NetworkParam> params) {
  Parameters parameters;
  for (const ledger::NetworkParam& param : params) {
    if (param.id >= 1 && param.id <= kParameterMembers.size()) {
      parameters.*kParameterMembers[param.id - 1] = param.value;
    }
  }
  return parameters;
}

}  // namespace giro::config
