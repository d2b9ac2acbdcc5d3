// giro op build | sign | submit | simulate | status | wait
#include <iomanip>
#include <iostream>

#include "node/cli/command.h"
#include "node/cli/operation_file.h"
#include "node/client/json_fields.h"
#include "node/client/order.h"

namespace giro::cli {
namespace {

struct OpOptions {
  std::string file, id, actor, type;
  std::vector<std::string> keys;
  SubmitOptions submit;
};

void build(Run& run, const OpOptions& options) {
  if (!options.type.empty()) {
    const auto members = receipt::operation_members(options.type);
    if (members.empty())
      return fail_with(run, "op.build", 2, "no operation is called " + options.type);
    std::cout << members << "\n";
    return;
  }
  if (options.file.empty()) return fail_with(run, "op.build", 2, "FILE is the order");
  auto session = open_session(run);
  if (!session) return fail(run, "op.build", session.error());
  const auto drafting = options.submit.draft_options();
  if (!drafting) return fail(run, "op.build", drafting.error());
  const auto order = read_file(options.file);
  if (!order) return fail(run, "op.build", order.error());
  const auto draft = draft_from_json(*order, *session, *drafting);
  if (!draft) return fail(run, "op.build", draft.error());
  if (const auto kept = session->journal.keep(draft->operation.op_id.bytes, draft->openings); !kept)
    return fail(run, "op.build", kept.error());
  if (!draft->openings.empty()) std::cerr << openings_text(*session, *draft) << '\n';
  OperationFile file;
  file.chain_id = session->genesis.chain_id;
  file.actor = draft->actor;
  file.op_id = draft->operation.op_id.bytes;
  file.summary = draft->summary;
  file.body = ledger::encode_body(draft->operation);
  file.needs = draft->needs;
  file.account_keys = draft->account_keys;
  std::cout << write_operation_file(file);
}

// With the keys that are named, or with those of the profile that the operation needs.
void sign(Run& run, const OpOptions& options) {
  auto session = open_session(run);
  if (!session) return fail(run, "op.sign", session.error());
  const auto text = read_file(options.file);
  if (!text) return fail(run, "op.sign", text.error());
  auto file = read_operation_file(*text);
  if (!file) return fail(run, "op.sign", file.error());
  if (file->chain_id != session->genesis.chain_id) {
    return fail_with(run, "op.sign", 77,
                     "the operation is for another chain than the profile's genesis file");
  }
  if (options.keys.empty()) {
    const auto signatures = session->keys.sign(file->needs, file->sign_hash());
    if (!signatures) return fail(run, "op.sign", signatures.error());
    for (const auto& signature : *signatures) file->add(signature);
    const auto own = session->keys.sign_accounts(file->account_keys, file->sign_hash());
    if (!own) return fail(run, "op.sign", own.error());
    for (const auto& signature : *own) file->add(signature);
  }
  for (const auto& key : options.keys) {
    const auto signature = session->keys.sign_with(key, file->sign_hash());
    if (!signature) return fail(run, "op.sign", signature.error());
    file->add(*signature);
  }
  std::cerr << file->summary << ": " << file->signatures.size() << " signature(s)\n";
  std::cout << write_operation_file(*file);
}

// A signed document; or an order, which this profile's keys sign whole.
void submit(Run& run, const OpOptions& options) {
  constexpr const char* kSubmit = "op.submit";
  auto session = open_session(run);
  if (!session) return fail(run, kSubmit, session.error());
  const auto patience = options.submit.patience();
  if (!patience) return fail(run, kSubmit, patience.error());
  const auto text = read_file(options.file);
  if (!text) return fail(run, kSubmit, text.error());
  if (!is_operation_file(*text)) {
    const auto drafting = options.submit.draft_options();
    if (!drafting) return fail(run, kSubmit, drafting.error());
    if (resume_entry(run, kSubmit, *session, options.submit)) return;
    const auto draft = draft_from_json(*text, *session, *drafting);
    if (!draft) return fail(run, kSubmit, draft.error());
    return submit_draft(run, kSubmit, *session, *draft, options.submit);
  }
  const auto file = read_operation_file(*text);
  if (!file) return fail(run, kSubmit, file.error());
  const client::JournalEntry entry{
      .actor = file->actor,
      .op_id = file->op_id,
      .summary = file->summary,
      .created_ms = client::now_ms(),
      .operation_hash = ledger::operation_hash(file->body),
      .signed_operation = ledger::encode_signed_operation(file->body, file->signatures),
      .status = {}};
  if (!run.json)
    std::cout << "op " << receipt::to_uuid_text(entry.op_id) << "  " << entry.summary << std::endl;
  submit_entry(run, kSubmit, *session, entry, *patience);
}

// What the document of op build or op sign would get now. Nothing is sent.
void simulate(Run& run, const OpOptions& options) {
  constexpr const char* kSimulate = "op.simulate";
  auto session = open_session(run);
  if (!session) return fail(run, kSimulate, session.error());
  const auto text = read_file(options.file);
  if (!text) return fail(run, kSimulate, text.error());
  const auto file = read_operation_file(*text);
  if (!file) return fail(run, kSimulate, file.error());
  const auto simulated = client::simulate(session->client, file->body, file->signatures);
  if (!simulated) return fail(run, kSimulate, simulated.error());
  run.exit_code = simulated->code == "OK" ? 0 : 1;
  if (run.json) return print_json(kSimulate, simulated->document.get_object());
  const auto& document = simulated->document.get_object();
  std::cout << file->summary << "\n"
            << simulated->code << "  as of height " << client::text_field(document, "height")
            << '\n';
  for (const auto& need : simulated->needs) {
    std::cout << "  to be signed by " << need.count << " " << ledger::name(need.role) << " of "
              << need.institution << '\n';
  }
  for (const auto& policy : simulated->account_keys)
    std::cout << "  to be signed by " << policy.m << " of the account's own keys\n";
  if (const auto* journal = client::array_field(document, "journal")) {
    for (const auto& row : *journal) {
      if (!row.is_object()) continue;
      const auto& line = row.get_object();
      std::cout << "  " << client::text_field(line, "side") << ' '
                << client::text_field(line, "token") << ' ' << client::text_field(line, "account")
                << ' ' << client::text_field(line, "amount") << "  balance "
                << client::text_field(line, "balance") << '\n';
    }
  }
}

// Where it has been, at the first node that has seen it.
void trace(Run& run, const OpOptions& options) {
  constexpr const char* kTrace = "op.trace";
  auto session = open_session(run);
  if (!session) return fail(run, kTrace, session.error());
  const auto op_id = receipt::from_uuid_text(options.id);
  if (!op_id) return fail_with(run, kTrace, 2, "the operation id is a lower-case UUID");
  const auto entry = session->journal.find(*op_id);
  if (!entry) return fail(run, kTrace, entry.error());
  const std::string actor = !options.actor.empty() ? options.actor
                            : *entry               ? (*entry)->actor
                                                   : session->profile.institution;
  const auto value = session->client.get("/v1/operations/" + actor + "/" + options.id + "/trace");
  if (!value) return fail(run, kTrace, value.error());
  const auto* found = value->if_object();
  const auto* steps = found == nullptr ? nullptr : client::array_field(*found, "steps");
  if (steps == nullptr) return fail_with(run, kTrace, 70, "the node's answer is no trace");
  if (run.json) return print_json(kTrace, *found);
  std::cout << options.id << "  " << client::text_field(*found, "status") << '\n';
  for (const auto& row : *steps) {
    if (!row.is_object()) continue;
    const auto& step = row.get_object();
    std::cout << "  " << std::left << std::setw(10) << client::text_field(step, "step")
              << std::setw(26) << client::text_field(step, "time");
    if (const auto leader = client::text_field(step, "leader"); !leader.empty())
      std::cout << "by " << leader << " in view " << client::text_field(step, "view") << ' ';
    if (const auto height = client::text_field(step, "height"); !height.empty())
      std::cout << "height " << height << ' ';
    if (const auto code = client::text_field(step, "code"); !code.empty())
      std::cout << "index " << client::number_field(step, "index") << ' ' << code;
    if (const auto id = client::text_field(step, "receipt_id"); !id.empty())
      std::cout << "receipt " << id;
    std::cout << '\n';
  }
}

void show(Run& run, const OpOptions& options, bool wait) {
  const std::string command = wait ? "op.wait" : "op.status";
  auto session = open_session(run);
  if (!session) return fail(run, command, session.error());
  const auto op_id = receipt::from_uuid_text(options.id);
  if (!op_id) return fail_with(run, command, 2, "the operation id is a lower-case UUID");
  const auto patience = options.submit.patience();
  if (!patience) return fail(run, command, patience.error());
  const auto entry = session->journal.find(*op_id);
  if (!entry) return fail(run, command, entry.error());
  client::OperationName name{options.actor, *op_id};
  if (name.actor.empty()) name.actor = *entry ? (*entry)->actor : session->profile.institution;
  const auto result = wait ? session->client.wait(name, *patience) : session->client.status(name);
  if (!result) return fail(run, command, result.error());
  run.exit_code = !result->is_final() ? 75 : result->status == "COMMITTED" ? 0 : 1;
  if (run.json) return print_json(command, {{"operation", result->document}});
  std::cout << options.id << "  " << result->status;
  if (result->height != 0) std::cout << "  height " << result->height << " index " << result->index;
  if (!result->code.empty()) std::cout << "  " << result->code;
  if (!result->payment_state.empty()) std::cout << "  payment " << result->payment_state;
  std::cout << '\n';
}

}  // namespace

void add_op(CLI::App& app, Run& run) {
  CLI::App* group = app.add_subcommand("op", "Any operation, step by step");
  group->require_subcommand(1);
  auto options = std::make_shared<OpOptions>();

  CLI::App* build_command = add_command(*group, run, "build", "Make a body from an order in JSON");
  add_profile_option(*build_command, run);
  build_command->add_option(
      "FILE", options->file,
      R"(Order, as {"type":"PAY","from":"ALICE","to":"BOB","amount":"1.23"})");
  build_command->add_option("--members", options->type,
                            "Only say which members an order of this type has");
  options->submit.add_to(*build_command);
  build_command->callback([&run, options] { build(run, *options); });

  CLI::App* sign_command = add_command(*group, run, "sign", "Add signatures; needs no node");
  add_profile_option(*sign_command, run);
  sign_command->add_option("FILE", options->file, "Document of op build or op sign")->required();
  sign_command->add_option("--key", options->keys, "Keys of the profile; else those that it needs");
  sign_command->callback([&run, options] { sign(run, *options); });

  CLI::App* submit_command = add_command(*group, run, "submit", "Send until the status is final");
  add_profile_option(*submit_command, run);
  submit_command->add_option("FILE", options->file, "Document of op sign, or an order")->required();
  options->submit.add_to(*submit_command);
  submit_command->callback([&run, options] { submit(run, *options); });

  CLI::App* simulate_command =
      add_command(*group, run, "simulate", "What it would get now, and who must sign");
  add_profile_option(*simulate_command, run);
  simulate_command->add_option("FILE", options->file, "Document of op build or op sign")
      ->required();
  simulate_command->callback([&run, options] { simulate(run, *options); });

  CLI::App* trace_command =
      add_command(*group, run, "trace", "When it was proposed, committed, executed at a node");
  add_profile_option(*trace_command, run);
  trace_command->add_option("OP_ID", options->id, "Operation id")->required();
  trace_command->add_option("--actor", options->actor,
                            "Acting institution; else the journal's, else the profile's");
  trace_command->callback([&run, options] { trace(run, *options); });

  for (const bool wait : {false, true}) {
    CLI::App* command = add_command(*group, run, wait ? "wait" : "status",
                                    wait ? "Wait for the final status" : "The status now");
    add_profile_option(*command, run);
    command->add_option("OP_ID", options->id, "Operation id")->required();
    command->add_option("--actor", options->actor,
                        "Acting institution; else the journal's, else the profile's");
    if (wait)
      command->add_option("--wait", options->submit.wait, "How long to wait")
          ->capture_default_str();
    command->callback([&run, options, wait] { show(run, *options, wait); });
  }
}

}  // namespace giro::cli
