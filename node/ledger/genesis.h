// Block 0: from what the consortium agreed on to the first state (ledger 14). Balances are booked
// as GENESIS entries, so that every statement begins there, and all invariants hold. Pure; the file
// form is node/config/genesis_file.h.
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "node/ledger/ledger.h"

namespace giro::ledger {

struct GenesisKey {
  PublicKey public_key{};
  OperatorId operator_id{};
  std::vector<Role> roles;
  TimeMs not_before{};
  TimeMs not_after{};
};

struct GenesisInstitution {
  std::string name;
  InstitutionKind kind{};
  Lei lei{};
  std::string bic;
  CountryCode country{};
  std::vector<GenesisKey> keys;
  std::map<Role, std::uint32_t> quorums;  // of every role that has a key
  std::optional<PublicKey> validator;     // its seat in the first validator set
};

struct GenesisPosition {
  TokenId token{};
  Amount balance{};
  PositionLimits limits{};
};

struct GenesisAccount {
  InstId servicer{};
  AccountId id{};
  Account record{};  // CUSTOMER or NOSTRO; status, blocks and open_items are those of a new account
  std::vector<GenesisPosition> positions;
};

struct GenesisCorridor {
  InstId from{};
  InstId to{};
  Currency currency{};
  CorridorHalf payer;
  CorridorHalf payee;
};

// Institutions and tokens get their ids from their place, from 1.
struct Genesis {
  TimeMs time{};  // of block 0
  Params params{};
  std::vector<GenesisInstitution> institutions;
  std::vector<Token> tokens;  // issuer to terms_hash; scale and totals are computed
  std::vector<GenesisAccount> accounts;
  std::vector<GenesisCorridor> corridors;
};

// What is wrong and where: item "institutions[2].lei", reason "is not a valid LEI".
struct GenesisError {
  std::string item;
  std::string reason;
};

// Bounds of one genesis.
inline constexpr std::size_t kGenesisInstitutionsMax = 1'000;
inline constexpr std::size_t kGenesisTokensMax = 10'000;
inline constexpr std::size_t kGenesisAccountsMax = 1'000'000;
inline constexpr std::size_t kGenesisCorridorsMax = 100'000;

// The first state as the result of block 0: writes (slots and meta included, ascending), the Entry
// events of the balances as sweep events, totals of every token. The caller stores it and computes
// the roots like those of any block, with chain(-1) zero. Everything a later operation would check
// is checked; the first fault is the answer.
[[nodiscard]] std::expected<BlockResult, GenesisError> build_genesis(const Genesis& genesis);

}  // namespace giro::ledger
