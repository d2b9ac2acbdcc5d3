#include "node/client/commitment.h"

#include "crypto/digest.h"
#include "crypto/keys.h"

namespace giro::client {
namespace {

// SHA-256("giro/commit/v1" ‖ type ‖ 32-byte salt ‖ length u64 ‖ data).
ledger::Commit commit_of(const Opening& opening) {
  crypto::Bytes length;
  crypto::Writer(length).u64(opening.data.size());
  return crypto::tagged_hash("giro/commit/v1", {crypto::as_view(opening.type), opening.salt, length,
                                                crypto::as_view(opening.data)});
}

}  // namespace

Opening make_commit(std::string_view type, std::string_view data) {
  Opening made{.type = std::string(type), .salt = {}, .data = std::string(data), .commit = {}};
  crypto::random_bytes(made.salt.bytes);
  made.commit = commit_of(made);
  return made;
}

bool is_opened(const Opening& opening) {
  return commit_of(opening) == opening.commit;
}

}  // namespace giro::client
