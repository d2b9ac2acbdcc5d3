// Sending from the command line: what is printed before, how it ended, which exit code that is.
#include <algorithm>
#include <iostream>

#include "node/cli/command.h"
#include "node/client/json_fields.h"
#include "node/client/order.h"

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

// Of 702 and of a bulk: which part, from 0, and its own code.
std::string detail_text(const client::OperationResult& result) {
  const auto* outcome = client::object_field(result.document.get_object(), "outcome");
  const auto* detail = outcome == nullptr ? nullptr : client::object_field(*outcome, "detail");
  if (detail == nullptr) return {};
  return ", part " + std::to_string(client::number_field(*detail, "index")) + ": " +
         client::text_field(*detail, "code");
}

// Column R of ledger 7: what to do about it.
std::string_view advice_of(std::string_view code) {
  const auto rows = ledger::code_rows();
  const auto row = std::ranges::find(rows, code, &ledger::CodeRow::name);
  if (row == rows.end()) return {};
  switch (row->retry) {
    case ledger::Retry::NewId:
      return ", the same order may succeed later under a new id";
    case ledger::Retry::Never:
      return ", the order must change";
    case ledger::Retry::None:
    case ledger::Retry::Void:
    case ledger::Retry::OfInner:
      break;
  }
  return {};
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
    std::cout << detail_text(result) << advice_of(result.code);
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

std::string openings_text(const client::Session& session, const client::Draft& draft) {
  return "what opens its commitments is kept in " +
         session.journal.openings_file(draft.operation.op_id.bytes).string();
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
  if (const auto kept = session.journal.keep(entry.op_id, draft.openings); !kept)
    return fail(run, command, kept.error());
  entry.operation_hash = bytes->operation_hash;
  entry.signed_operation = std::move(bytes->signed_operation);
  if (!run.json) {
    std::cout << "op " << receipt::to_uuid_text(entry.op_id) << "  " << draft.summary
              << "  valid until " << clock_of(draft.operation.valid_until.value) << '\n';
    for (const auto& note : notes) std::cout << note << '\n';
    if (!draft.openings.empty()) std::cout << "  " << openings_text(session, draft) << '\n';
    std::cout.flush();
  }
  submit_entry(run, command, session, entry, *patience, std::move(more));
}

bool resume_entry(Run& run, const std::string& command, client::Session& session,
                  const SubmitOptions& options) {
  const auto id = receipt::from_uuid_text(options.id);
  if (!id) return false;
  const auto known = session.journal.find(*id);
  if (!known) {
    fail(run, command, known.error());
    return true;
  }
  if (!*known) return false;
  const auto patience = options.patience();
  if (!patience) {
    fail(run, command, patience.error());
    return true;
  }
  if (!run.json)
    std::cout << "op " << options.id << "  " << (*known)->summary << "  sent before, again\n";
  submit_entry(run, command, session, **known, *patience);
  return true;
}

void submit_order(Run& run, const std::string& command, client::Session& session,
                  const json::object& order, const SubmitOptions& options) {
  const auto drafting = options.draft_options();
  if (!drafting) return fail(run, command, drafting.error());
  if (resume_entry(run, command, session, options)) return;
  const auto directory = client::Directory::from_node(session.client, session.genesis);
  if (!directory) return fail(run, command, directory.error());
  const auto drafted = client::draft_order(order, *directory, session.profile, session.client,
                                           session.genesis.chain_id, *drafting);
  if (!drafted) return fail(run, command, drafted.error());
  std::vector<std::string> notes;
  if (!drafted->warning.empty())
    notes.push_back("  as things stand the ledger would answer " + drafted->warning);
  submit_draft(run, command, session, drafted->draft, options, {}, notes);
}

}  // namespace giro::cli
