// The genesis file that this client believes: chain id, first validator set, names. Everything a
// node says is judged by it.
#pragma once

#include <expected>
#include <filesystem>

#include "node/client/error.h"
#include "node/config/genesis_file.h"
#include "node/receipt/verify.h"

namespace giro::client {

struct PinnedGenesis {
  config::Genesis genesis;
  crypto::Hash chain_id;

  [[nodiscard]] receipt::Genesis for_receipts() const;
};

[[nodiscard]] std::expected<PinnedGenesis, Error> read_genesis(const std::filesystem::path& file);

}  // namespace giro::client
