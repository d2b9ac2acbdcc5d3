// A client at work: a profile with everything that it names, opened. What `giro pay` and the test
// network use.
#pragma once

#include <chrono>
#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "node/client/client.h"
#include "node/client/genesis.h"
#include "node/client/journal.h"
#include "node/client/keyring.h"
#include "node/client/operations.h"
#include "node/config/profile.h"

namespace giro::client {

struct Session {
  config::Profile profile;
  PinnedGenesis genesis;
  Client client;
  Journal journal;
  Keyring keys;
};

// Unreachable names the file that is missing; Usage has every error of the profile, one a line.
[[nodiscard]] std::expected<Session, Error> open_session(const std::filesystem::path& profile,
                                                         const config::Environment& environment,
                                                         Keyring::AskPassphrase ask);

// The certificates of a profile; null: it names none.
[[nodiscard]] std::expected<std::shared_ptr<TlsClient>, Error> tls_of(
    const config::Profile& profile);

struct Sent {
  OperationResult result;
  std::chrono::milliseconds took{};        // from the first byte sent to the final status
  std::optional<VerifiedReceipt> receipt;  // of a recorded outcome, COMMITTED or REJECTED
};

// Journals, sends until final, then fetches and verifies the receipt: a status that claims an
// outcome without one that verifies is an error.
[[nodiscard]] std::expected<Sent, Error> send(Session& session, const JournalEntry& entry,
                                              std::chrono::milliseconds deadline);

}  // namespace giro::client
