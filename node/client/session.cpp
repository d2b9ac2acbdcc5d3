#include "node/client/session.h"

#include <utility>

namespace giro::client {

std::expected<Session, Error> open_session(const std::filesystem::path& profile,
                                           const config::Environment& environment,
                                           Keyring::AskPassphrase ask) {
  auto loaded = config::load_profile(profile, environment);
  if (!loaded.ok()) {
    std::string lines;
    for (const auto& error : loaded.errors)
      lines += (lines.empty() ? "" : "\n") + error.to_string();
    std::error_code ignored;
    const auto kind =
        std::filesystem::exists(profile, ignored) ? ErrorKind::Usage : ErrorKind::Unreachable;
    return std::unexpected(Error{kind, {}, std::move(lines)});
  }
  auto genesis = read_genesis(loaded.value->genesis);
  if (!genesis) return std::unexpected(genesis.error());
  Session session{.profile = std::move(*loaded.value),
                  .genesis = std::move(*genesis),
                  .client = Client({}),
                  .journal = Journal({}),
                  .keys = Keyring({}, {}, {})};
  const auto tls = tls_of(session.profile);
  if (!tls) return std::unexpected(tls.error());
  session.client = Client(session.profile.api, *tls);
  session.journal = Journal(session.profile.journal);
  session.keys = Keyring(session.profile.keys, session.profile.institution, std::move(ask));
  return session;
}

std::expected<std::shared_ptr<TlsClient>, Error> tls_of(const config::Profile& profile) {
  if (!profile.tls) return std::shared_ptr<TlsClient>();
  auto made = TlsClient::make(*profile.tls);
  if (!made) return std::unexpected(Error{ErrorKind::Usage, {}, made.error()});
  return std::move(*made);
}

std::expected<Sent, Error> send(Session& session, const JournalEntry& entry,
                                std::chrono::milliseconds deadline) {
  if (auto begun = session.journal.begin(entry); !begun) return std::unexpected(begun.error());
  const OperationName name{entry.actor, entry.op_id};
  const auto begin = std::chrono::steady_clock::now();
  auto result = session.client.submit(entry.signed_operation, name, deadline);
  if (!result) return std::unexpected(result.error());
  Sent sent;
  sent.took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begin);
  sent.result = std::move(*result);
  if (!sent.result.receipt_id.empty()) {
    auto receipt = session.client.receipt(name, session.genesis.for_receipts());
    if (!receipt) return std::unexpected(receipt.error());
    // The receipt, not the node's word, says what happened.
    const bool agrees = ledger::code_name(receipt->receipt.outcome.code) == sent.result.code &&
                        receipt->receipt.outcome.height == sent.result.height;
    if (!agrees) {
      return std::unexpected(Error{ErrorKind::Internal, "WRONG_STATUS",
                                   "the node's status is not what the receipt proves"});
    }
    sent.receipt = std::move(*receipt);
  } else if (sent.result.status != "EXPIRED") {
    return std::unexpected(
        Error{ErrorKind::Internal, {}, "the node claims an outcome without a receipt"});
  }
  if (auto done = session.journal.finish(entry.op_id, sent.result.status); !done) {
    return std::unexpected(done.error());
  }
  return sent;
}

}  // namespace giro::client
