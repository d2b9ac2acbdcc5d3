// Between the struct that agreement runs on and the numbered parameters of the ledger's record.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "consensus/parameters.h"
#include "node/ledger/network_params.h"

namespace giro::config {

[[nodiscard]] std::vector<ledger::NetworkParam> to_network_params(
    const consensus::Parameters& parameters);
// Unknown ids are skipped, absent ones keep their default.
[[nodiscard]] consensus::Parameters to_parameters(std::span<const ledger::NetworkParam> params);

}  // namespace giro::config
