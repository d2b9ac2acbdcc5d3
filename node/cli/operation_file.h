// An operation on its way from builder to signers to sender: one JSON document, giro.operation/1,
// that several people may add their signatures to, offline.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "node/client/keyring.h"
#include "node/client/operations.h"
#include "node/client/session.h"

namespace giro::cli {

struct OperationFile {
  crypto::Hash chain_id;
  std::string actor;
  receipt::Uuid op_id{};
  std::string summary;
  crypto::Bytes body;
  std::vector<client::KeyNeed> needs;  // as the builder saw them; the ledger decides
  std::vector<ledger::AccountPolicy> account_keys;
  std::vector<ledger::SignatureField> signatures;

  [[nodiscard]] crypto::Hash sign_hash() const;
  // A second signature of one key replaces the first.
  void add(const ledger::SignatureField& signature);
};

// Of the text of a file: it says that it is one.
[[nodiscard]] bool is_operation_file(std::string_view text);
[[nodiscard]] std::string write_operation_file(const OperationFile& file);
[[nodiscard]] std::expected<OperationFile, client::Error> read_operation_file(
    std::string_view text);

// What `giro op build` reads: any operation in its form (receipt/operation_form.h), or a payment as
// a person orders it: {"type":"PAY","from":"ALICE","to":"BOB","amount":"1.23"}. Unknown members are
// refused.
[[nodiscard]] std::expected<client::Draft, client::Error> draft_from_json(
    std::string_view text, client::Session& session, const client::DraftOptions& options);

}  // namespace giro::cli
