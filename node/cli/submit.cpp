// Sending from the command line: what is printed before, how it ended, which exit code that is.
#include <cstdio>
#include <iostream>

#include "node/cli/command.h"

namespace giro::cli {
namespace {

// "22:46:07Z" of "2026-11-21T22:46:07.000Z"
std::string clock_of(std::int64_t ms) {
  const std::string text =
      receipt::to_time_text(std::clamp<std::int64_t>(ms, 0, receipt::kTimeMsMax));
  return text.substr(11, 8) + "Z";
}

json::object receipt_form(const client::VerifiedReceipt& receipt) {
  return {{"receipt_id", crypto::to_hex(receipt.facts.receipt_id)},
          {"signatures", receipt.receipt.attestation.size()},
          {"validators", receipt.facts.set.size()},
          {"quorum", receipt.facts.set.quorum()},
          {"verified", true}};
}

std::string verified_text(const client::VerifiedReceipt& receipt) {
  const auto& set = receipt.facts.set;
  return "receipt verified (" + std::to_string(receipt.receipt.attestation.size()) + " of " +
         std::to_string(set.size()) + " signatures, quorum " + std::to_string(set.quorum()) + ")";
}

void print_end(const client::Sent& sent) {
  const auto& result = sent.result;
  std::cout << result.status;
  if (result.height != 0) {
    std::cout << " height " << result.height << " index " << result.index << " in "
              << sent.took.count() << " ms";
  }
  if (result.duplicate) std::cout << "; known already";
  if (!result.code.empty() && result.code != "OK") {
    std::cout << "; " << result.code;
    if (!result.iso_reason.empty()) std::cout << " (" << result.iso_reason << ")";
  }
  if (!result.payment_state.empty()) std::cout << "; payment " << result.payment_state;
  if (sent.receipt) std::cout << "; " << verified_text(*sent.receipt);
  std::cout << '\n';
}

}  // namespace

void submit_entry(Run& run, const std::string& command, client::Session& session,
                  const client::JournalEntry& entry, std::chrono::milliseconds patience,
                  json::object more) {
  const auto sent = client::send(session, entry, patience);
  if (!sent) return fail(run, command, sent.error());
  run.exit_code = sent->result.status == "COMMITTED" ? 0 : 1;
  if (!run.json) return print_end(*sent);
  json::object document{
      {"operation", sent->result.document},
      {"milliseconds", sent->took.count()},
      {"receipt", sent->receipt ? json::value(receipt_form(*sent->receipt)) : nullptr}};
  for (auto& [name, value] : more) document[name] = std::move(value);
  print_json(command, document);
}

void submit_draft(Run& run, const std::string& command, client::Session& session,
                  const client::Draft& draft, const SubmitOptions& options, json::object more,
                  const std::vector<std::string>& notes) {
  const auto patience = options.patience();
  if (!patience) return fail(run, command, patience.error());
  client::JournalEntry entry{.actor = draft.actor,
                             .op_id = draft.operation.op_id.bytes,
                             .summary = draft.summary,
                             .created_ms = client::now_ms(),
                             .operation_hash = {},
                             .signed_operation = {},
                             .status = {}};
  auto bytes = client::sign(draft, session.keys, session.genesis.chain_id);
  if (!bytes) return fail(run, command, bytes.error());
  entry.operation_hash = bytes->operation_hash;
  entry.signed_operation = std::move(bytes->signed_operation);
  if (!run.json) {
    std::cout << "op " << receipt::to_uuid_text(entry.op_id) << "  " << draft.summary
              << "  valid until " << clock_of(draft.operation.valid_until.value) << '\n';
    for (const auto& note : notes) std::cout << note << '\n';
    std::cout.flush();
  }
  submit_entry(run, command, session, entry, *patience, std::move(more));
}

}  // namespace giro::cli
