// The genesis file: JSON that the consortium agrees on, byte for byte. Its SHA-256 is the chain id.
// Reading is strict: an unknown, missing, repeated or ill-typed member, or a value out of range, is
// an error with its path.
#pragma once

#include <cstddef>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "consensus/parameters.h"
#include "consensus/types.h"
#include "crypto/bytes.h"
#include "node/config/values.h"
#include "node/ledger/genesis.h"

namespace giro::config {

inline constexpr std::size_t kGenesisBytesMax = 64 * 1024 * 1024;

struct Genesis {
  std::string name;        // of the network: a-z 0-9 -, at most 32
  bool throwaway = false;  // a test network: nodes may then serve `auth = "open"` on loopback
  consensus::Parameters parameters;
  ledger::Genesis ledger;  // its network parameters and epoch_blocks are those of `parameters`
  std::map<std::string, HostPort>
      addresses;  // institution name of each validator -> its p2p address
};

// The validator set of epoch 0, ascending institution id: institutions get theirs from their place.
[[nodiscard]] std::vector<consensus::Member> first_members(const Genesis& genesis);

[[nodiscard]] crypto::Hash chain_id_of(std::string_view file_bytes);

// The form of the file and every reference in it. The error is "institutions[2].lei: ...".
[[nodiscard]] std::expected<Genesis, std::string> parse_genesis_file(std::string_view text);

// parse_genesis_file, then block 0 itself: what is not a legal first state is refused with the same
// kind of error.
struct CheckedGenesis {
  Genesis genesis;
  ledger::BlockResult block;
  crypto::Hash chain_id;
};
[[nodiscard]] std::expected<CheckedGenesis, std::string> check_genesis_file(std::string_view text);

// Deterministic, indented by two spaces, final line break. Gives the same bytes for what
// parse_genesis_file reads back.
[[nodiscard]] std::string write_genesis_file(const Genesis& genesis);

// "bank-a.USD", with ".7" behind it for product 7: how the file names a token.
[[nodiscard]] std::string token_name(const std::string& issuer, const ledger::Token& token);

}  // namespace giro::config
