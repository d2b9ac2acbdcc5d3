// A commitment on the ledger and what opens it (ledger 12). Who has salt and data can show what was
// committed to; without them nobody can, and so whoever makes one keeps them: journal.h.
#pragma once

#include <string>
#include <string_view>

#include "node/ledger/types.h"

namespace giro::client {

struct Opening {
  std::string type;  // what it is about: "core-ref"
  crypto::Hash salt;
  std::string data;
  ledger::Commit commit;
};

// With a salt of its own.
[[nodiscard]] Opening make_commit(std::string_view type, std::string_view data);
// Whether this type, salt and data are those of the commitment.
[[nodiscard]] bool is_opened(const Opening& opening);

}  // namespace giro::client
