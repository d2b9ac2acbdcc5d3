// What was sent, written and synced before it is sent (ledger 4.3, rule 6): one file an operation,
// so that the same bytes can be sent again after a crash of the client. A directory; several
// processes may share it.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/bytes.h"
#include "node/client/commitment.h"
#include "node/client/error.h"
#include "node/receipt/text.h"

namespace giro::client {

struct JournalEntry {
  std::string actor;  // institution name
  receipt::Uuid op_id{};
  std::string summary;  // for people: "PAY EUR 1.23 ALICE -> BOB"
  std::int64_t created_ms = 0;
  crypto::Hash operation_hash;
  crypto::Bytes signed_operation;
  std::string status;  // empty until it is final
};

class Journal {
 public:
  explicit Journal(std::filesystem::path directory) : directory_(std::move(directory)) {}

  // Durable when this returns. The same id with another operation hash is refused. With the same
  // one it is stored anew, since signatures may have been added.
  [[nodiscard]] std::expected<void, Error> begin(const JournalEntry& entry);
  [[nodiscard]] std::expected<void, Error> finish(const receipt::Uuid& op_id,
                                                  std::string_view status);
  // What opens the commitments of an operation (ledger 12), beside those that are kept already:
  // durable when this returns. It is as secret as the data in it.
  [[nodiscard]] std::expected<void, Error> keep(const receipt::Uuid& op_id,
                                                const std::vector<Opening>& openings);
  [[nodiscard]] std::expected<std::vector<Opening>, Error> openings(
      const receipt::Uuid& op_id) const;
  [[nodiscard]] std::filesystem::path openings_file(const receipt::Uuid& op_id) const;
  // nullopt: not in the journal.
  [[nodiscard]] std::expected<std::optional<JournalEntry>, Error> find(
      const receipt::Uuid& op_id) const;

 private:
  [[nodiscard]] std::filesystem::path path_of(const receipt::Uuid& op_id) const;
  [[nodiscard]] std::expected<void, Error> store(const JournalEntry& entry);
  std::filesystem::path directory_;
};

// Replaces or makes `file` as one step and durably, with the given mode. For everything that this
// client writes.
[[nodiscard]] std::expected<void, Error> write_file_durably(const std::filesystem::path& file,
                                                            std::string_view text, unsigned mode);

}  // namespace giro::client
