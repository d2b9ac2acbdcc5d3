#include "node/client/genesis.h"

#include <fstream>
#include <sstream>

namespace giro::client {

receipt::Genesis PinnedGenesis::for_receipts() const {
  return {chain_id, config::first_members(genesis)};
}

std::expected<PinnedGenesis, Error> read_genesis(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  if (!in || text.view().size() > config::kGenesisBytesMax) {
    return std::unexpected(
        Error{ErrorKind::Unreachable, {}, "cannot read the genesis file " + file.string()});
  }
  auto genesis = config::parse_genesis_file(text.view());
  if (!genesis) {
    return std::unexpected(Error{ErrorKind::No, {}, file.string() + ": " + genesis.error()});
  }
  return PinnedGenesis{std::move(*genesis), config::chain_id_of(text.view())};
}

}  // namespace giro::client
