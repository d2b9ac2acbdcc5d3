// The node, its peers, the validators and the blocks (surface 5.3).
#include <algorithm>
#include <boost/json.hpp>
#include <map>

#include "node/api/context.h"
#include "node/api/explain.h"
#include "node/api/ledger_forms.h"
#include "node/api/limits.h"
#include "node/api/reading.h"
#include "node/api/text.h"
#include "node/receipt/evidence_form.h"
#include "node/runtime/lineage.h"

namespace giro::api {
namespace {

namespace json = boost::json;

template <typename Tag>
std::string number(consensus::Strong<Tag> value) {
  return std::to_string(value.value);
}

json::object header_form(const runtime::HeaderInfo& info) {
  const auto& header = info.header;
  return {{"hash", crypto::to_hex(info.header_hash)},
          {"epoch", number(header.epoch)},
          {"height", number(header.height)},
          {"block", crypto::to_hex(header.block)},
          {"time", time_text(header.time.ms)},
          {"previous", crypto::to_hex(header.previous)},
          {"state_root", crypto::to_hex(header.state_root)},
          {"outcomes_root", crypto::to_hex(header.outcomes_root)},
          {"totals_root", crypto::to_hex(header.totals_root)},
          {"next_set", crypto::to_hex(header.next_set)},
          {"next_first_view", number(header.next_first_view)},
          {"rules_version", std::to_string(header.rules_version)}};
}

// Who attested: the places in the epoch's set, as institution names.
json::value attestation_form(StateReader& reader, const runtime::HeaderInfo& info) {
  if (!info.attest) return nullptr;
  const auto set = reader.read<ledger::ValidatorSet>(
      ledger::validator_set_key(info.attest->content.epoch.value));
  json::array signers;
  for (const auto& vote : info.attest->signatures) {
    const bool is_known = set && vote.voter.value < set->members.size();
    signers.emplace_back(is_known
                             ? reader.institution_name(set->members[vote.voter.value].institution)
                             : "#" + std::to_string(vote.voter.value));
  }
  return json::object{{"signers", std::move(signers)}};
}

json::object block_form(StateReader& reader, const runtime::BlockInfo& block) {
  json::array batches;
  for (const auto& batch : block.block.batches) batches.emplace_back(crypto::to_hex(batch));
  json::array operations;
  std::uint32_t index = 0;
  for (const auto& operation : block.operations) {
    json::object row{
        {"index", ++index},
        {"actor", operation.actor == 0 ? json::value(nullptr)
                                       : json::value(reader.institution_name(operation.actor))},
        {"op_id", to_uuid_text(operation.op_id)},
        {"operation_hash", crypto::to_hex(operation.operation_hash)},
        {"type", operation_type_name(operation.type)},
        {"recorded", operation.recorded}};
    put_code(row, operation.code);
    operations.push_back(std::move(row));
  }
  return {{"height", number(block.header.height)},
          {"epoch", number(block.block.epoch)},
          {"view", number(block.block.view)},
          {"hash", crypto::to_hex(block.block_hash)},
          {"parent", crypto::to_hex(block.block.parent)},
          {"time", time_text(block.header.time.ms)},
          {"batches", std::move(batches)},
          {"header", header_form(block)},
          {"operations", std::move(operations)},
          {"attestation", attestation_form(reader, block)}};
}

// Everything above the snapshot that the node began with is held.
std::string earliest_block(Context& context, consensus::Height head) {
  const auto is_held = [&context](std::uint64_t height) {
    return context.service.header({height}).has_value();
  };
  if (is_held(0)) return "0";
  return std::to_string(is_held(1) ? 1 : earliest_held(1, head.value, is_held));
}
json::object earliest_available(Context& context, consensus::Height head) {
  return {{"height", earliest_block(context, head)}};
}

void show_block(Context& context, const CallPtr& call) {
  const auto height = parse_number(call->captures[0]);
  if (!height) return fail(*call, problem(Fault::BadRequest, "a height is a decimal number"));
  const auto view = context.service.read();
  const auto block = context.service.block({*height});
  if (!block && *height <= view->height().value)
    return fail(*call,
                problem(Fault::Pruned, "this node began with a snapshot and holds blocks from " +
                                           earliest_block(context, view->height()) +
                                           " on; another node may hold this one"));
  if (!block) return fail(*call, problem(Fault::NotFound, "no block of this height here"));
  StateReader reader(*view);
  answer(*call, json::serialize(block_form(reader, *block)), view->height());
}

// The newest blocks first; the cursor is the lowest height given, and the next page ends below it.
void list_blocks(Context& context, const CallPtr& call) {
  std::uint64_t limit = kListDefault;
  if (const auto text = call->request->parameter("limit")) {
    const auto asked = parse_number(*text);
    if (!asked || *asked == 0 || *asked > kListMax) {
      return fail(*call, problem(Fault::BadRequest,
                                 "limit is a number from 1 to " + std::to_string(kListMax)));
    }
    limit = *asked;
  }
  const auto view = context.service.read();
  std::uint64_t next = view->height().value;
  if (const auto text = call->request->parameter("cursor")) {
    const auto above = parse_number(*text);
    if (!above || *above == 0) {
      return fail(*call,
                  problem(Fault::BadRequest, "cursor is the next_cursor of an earlier answer"));
    }
    next = std::min(next, *above - 1);
  }
  StateReader reader(*view);
  json::array items;
  bool has_more = false;
  std::size_t operations = 0;  // their blocks are read whole
  for (;; --next) {
    if (items.size() == limit || operations >= kBlockOperationsMax) {
      has_more = true;
      break;
    }
    const auto block = context.service.block({next});
    if (!block) break;
    json::object row = block_form(reader, *block);
    row["operations"] = block->operations.size();
    operations += block->operations.size();
    items.push_back(std::move(row));
    if (next == 0) break;
  }
  json::object out{{"items", std::move(items)}};
  out["next_cursor"] = has_more ? json::value(std::to_string(next + 1)) : json::value(nullptr);
  out["earliest_available"] = earliest_available(context, view->height());
  answer(*call, json::serialize(out), view->height());
}

// What a reader needs to check it: the bytes that were signed for, and the votes, as in a receipt.
json::object proven_header_form(Context& context, StateReader& reader,
                                const runtime::HeaderInfo& info) {
  json::object row = header_form(info);
  row["canonical"] = crypto::to_hex(info.header.canonical(context.config.chain_id));
  json::value attestation = attestation_form(reader, info);
  if (info.attest) {
    json::array votes;
    for (const auto& vote : info.attest->signatures)
      votes.push_back(json::object{{"member", vote.voter.value},
                                   {"signature", crypto::to_hex(vote.signature)}});
    attestation.as_object()["votes"] = std::move(votes);
  }
  row["attestation"] = std::move(attestation);
  return row;
}

// ?name= as a height; nullopt: answered.
std::optional<std::uint64_t> height_parameter(const Call& call, const char* name,
                                              std::uint64_t otherwise) {
  const auto text = call.request->parameter(name);
  if (!text) return otherwise;
  if (const auto height = parse_number(*text)) return height;
  fail(call, problem(Fault::BadRequest, std::string(name) + " is a height, a decimal number"));
  return std::nullopt;
}

// From one height up to another, both given; the cursor is the next one.
void list_headers(Context& context, const CallPtr& call) {
  Reading reading(context);
  const std::uint64_t head = reading.view->height().value;
  const auto limit = limit_of(*call);
  if (!limit) return;
  const auto from = height_parameter(*call, "from", head);
  if (!from) return;
  const auto to = height_parameter(*call, "to", head);
  if (!to) return;
  const auto first = height_parameter(*call, "cursor", *from);
  if (!first) return;
  const std::uint64_t last = std::min(*to, head);
  const auto is_held = [&context](std::uint64_t height) {
    return context.service.header({height}).has_value();
  };
  if (*first <= last && !is_held(*first)) {
    const auto earliest = std::to_string(earliest_held(*first, head, is_held));
    return fail(*call, problem(Fault::Pruned,
                               "this node began with a snapshot and holds headers "
                               "from " +
                                   earliest + " on; another node may hold these"));
  }
  json::array items;
  std::uint64_t next = *first;
  std::size_t votes = 0;
  for (; next <= last && items.size() < *limit && votes < kHeaderVotesMax; ++next) {
    const auto info = context.service.header({next});
    if (!info) break;
    if (info->attest) votes += info->attest->signatures.size();
    items.push_back(proven_header_form(context, reading.reader, *info));
  }
  const bool has_more = next <= last;
  reading.give(
      *call, {{"items", std::move(items)},
              {"next_cursor", has_more ? json::value(std::to_string(next)) : json::value(nullptr)},
              {"earliest_available", earliest_available(context, reading.view->height())}});
}

json::object peer_form(const runtime::PeerInfo& peer) {
  return {{"name", peer.name},
          {"institution", peer.institution},
          {"address", peer.address},
          {"connected", peer.connected},
          {"cause", peer.cause.empty() ? json::value(nullptr) : json::value(peer.cause)},
          {"detail", peer.detail},
          {"seconds_in_state", std::to_string(peer.seconds_in_state)},
          {"stable_height", number(peer.stable)},
          {"last_vote_height", number(peer.last_vote)},
          {"version", peer.version}};
}

// Network addresses are for operators (surface 5.1).
runtime::NodeInfo info_for(Context& context, const Call& call) {
  auto info = context.service.info();
  if (call.caller->has(Caller::Role::Operator)) return info;
  for (auto& peer : info.peers) {
    peer.address.clear();
    peer.detail.clear();
  }
  return info;
}

void show_node(Context& context, const CallPtr& call) {
  const auto info = context.service.info();
  const auto view = context.service.read();
  StateReader reader(*view);
  json::object heights{{"executed", number(info.executed)},
                       {"stored", number(view->height())},
                       {"stable", number(info.stable)},
                       {"committed", number(info.committed)},
                       {"tip", number(info.tip)}};
  std::size_t connected = 0;
  for (const auto& peer : info.peers) connected += peer.connected ? 1 : 0;
  json::object out{{"name", info.name},
                   {"institution", info.institution},
                   {"network", info.network},
                   {"chain_id", crypto::to_hex(info.chain)},
                   {"version", context.version},
                   {"role", info.validator ? "validator" : "observer"},
                   {"public_key", crypto::to_hex(info.key)},
                   {"epoch", number(info.epoch)},
                   {"view", number(info.view)},
                   {"leader", reader.institution_name(info.leader)},
                   {"validators", info.validators},
                   {"quorum", info.quorum},
                   {"faults_tolerated", info.faults},
                   {"connected", connected + (info.validator ? 1 : 0)},
                   {"height", std::move(heights)}};
  out["last_block_time"] = info.last_block_time ? json::value(time_text(info.last_block_time->ms))
                                                : json::value(nullptr);
  out["milliseconds_since_commit"] = std::to_string(info.milliseconds_since_commit);
  out["own_last_vote_height"] = number(info.own_last_vote);
  out["voting"] = info.voting;
  out["suspecting"] = info.suspecting;
  out["diverged"] = info.diverged;
  out["votes_stopped"] =
      info.votes_stopped.empty() ? json::value(nullptr) : json::value(info.votes_stopped);
  if (info.amnesic_below) out["amnesic_below"] = std::to_string(info.amnesic_below->value);
  if (const auto& search = info.floor_search)
    out["floor_search"] = {{"answers", search->answers}, {"needed", search->needed}};
  out["pool"] = json::object{{"operations", std::to_string(info.pool_operations)},
                             {"bytes", std::to_string(info.pool_bytes)}};
  out["disk_free"] = std::to_string(info.disk_free);
  answer(*call, json::serialize(out));
}

// Why it goes on or does not.
void show_explanation(Context& context, const CallPtr& call) {
  const auto info = info_for(context, *call);
  const Explanation found = explain(info, context.config.storage.stop_below_bytes);
  const auto names = [](const std::vector<std::string>& list) {
    return json::array(list.begin(), list.end());
  };
  json::array faults;
  for (const auto& fault : found.faults)
    faults.push_back(json::object{{"name", fault.name},
                                  {"cause", fault.cause},
                                  {"detail", fault.detail},
                                  {"seconds", std::to_string(fault.seconds)},
                                  {"last_vote_height", std::to_string(fault.last_vote)}});
  const auto view = context.service.read();
  StateReader reader(*view);
  json::value awaited;
  if (!found.waits_for.empty())
    awaited = json::object{{"what", found.waits_for},
                           {"needed", found.needed},
                           {"have", names(found.have)},
                           {"missing", names(found.missing)}};
  answer(*call, json::serialize(json::object{
                    {"code", found.code},
                    {"progressing", found.is_progressing},
                    {"height", number(info.executed)},
                    {"milliseconds_since_commit", std::to_string(info.milliseconds_since_commit)},
                    {"epoch", number(info.epoch)},
                    {"view", number(info.view)},
                    {"leader", reader.institution_name(info.leader)},
                    {"waits_for", std::move(awaited)},
                    {"faults", std::move(faults)},
                    {"advice", found.advice}}));
}

void list_peers(Context& context, const CallPtr& call) {
  json::array items;
  for (const auto& peer : info_for(context, *call).peers) items.push_back(peer_form(peer));
  answer(*call,
         json::serialize(json::object{{"items", std::move(items)}, {"next_cursor", nullptr}}));
}

// What this node holds, newest last (protocol R34).
void list_snapshots(Context& context, const CallPtr& call) {
  json::array items;
  for (const auto& snapshot : context.service.snapshots()) {
    items.push_back(json::object{{"height", number(snapshot.height)},
                                 {"time", time_text(snapshot.time.ms)},
                                 {"manifest", crypto::to_hex(snapshot.manifest)},
                                 {"chunks", snapshot.chunks},
                                 {"chunk_bytes", snapshot.chunk_bytes},
                                 {"certified", snapshot.certified},
                                 {"local", snapshot.local}});
  }
  answer(*call,
         json::serialize(json::object{{"items", std::move(items)}, {"next_cursor", nullptr}}));
}

// Proofs of misbehaviour by epoch and seat, of which one each is kept (protocol R46), and of a
// broken agreement (R11). The cursor is the place of the last one given.
void list_evidence(Context& context, const CallPtr& call) {
  const auto limit = limit_of(*call);
  if (!limit) return;
  const auto place = [](const runtime::EvidenceInfo& one) {
    return std::pair{epoch_of(one.evidence).value, culprit(one.evidence).value};
  };
  auto held = context.service.evidence();
  std::ranges::stable_sort(held, {}, place);
  if (const auto cursor = call->request->parameter("cursor")) {
    const auto last = parse_place(*cursor);
    if (!last) return fail(*call, bad_cursor());
    held.erase(held.begin(), std::ranges::upper_bound(held, *last, {}, place));
  }
  json::value next;
  if (held.size() > *limit) {
    held.resize(*limit);
    const auto [epoch, seat] = place(held.back());
    next = std::to_string(epoch) + "." + std::to_string(seat);
  }
  const auto view = context.service.read();
  StateReader reader(*view);
  json::array items;
  for (const auto& one : held) {
    json::object row = receipt::evidence_form(one.evidence);
    const bool is_known = one.institution != 0;
    row["validator"] =
        is_known ? json::value(reader.institution_name(one.institution)) : json::value(nullptr);
    row["public_key"] = is_known ? json::value(crypto::to_hex(one.key)) : json::value(nullptr);
    items.push_back(std::move(row));
  }
  json::value broken;
  if (const auto breach = context.service.breach()) {
    broken = receipt::breach_form(breach->record, [&](consensus::ReplicaId voter) {
      const bool is_known = voter.value < breach->seats.size();
      return is_known ? json::value(reader.institution_name(breach->seats[voter.value]))
                      : json::value(nullptr);
    });
  }
  answer(*call, json::serialize(json::object{{"items", std::move(items)},
                                             {"agreement_broken", std::move(broken)},
                                             {"next_cursor", std::move(next)}}));
}

// Who sits in the set of a height's epoch; the ledger keeps all sets.
void list_validators_of(const CallPtr& call, Reading& reading, std::uint64_t height) {
  const auto params = reading.reader.read<ledger::Params>(ledger::params_key());
  if (!params) return fail(*call, problem(Fault::Internal, "the parameters are missing"));
  const auto epoch = consensus::epoch_of({height}, params->epoch_blocks);
  const auto set = runtime::set_of_epoch(*reading.view, epoch);
  if (!set)
    return fail(*call, problem(Fault::NotFound, "the validators of epoch " + number(epoch) +
                                                    " are not decided yet"));
  json::array items;
  for (const auto& member : set->members)
    items.push_back(
        json::object{{"name", reading.reader.institution_name(member.institution.value)},
                     {"institution", member.institution.value},
                     {"public_key", crypto::to_hex(member.key)}});
  reading.give(*call, {{"epoch", number(epoch)},
                       {"quorum", set->quorum()},
                       {"faults_tolerated", set->faults()},
                       {"items", std::move(items)},
                       {"next_cursor", nullptr}});
}

void list_validators(Context& context, const CallPtr& call) {
  if (call->request->parameter("height")) {
    Reading reading(context);
    const auto height = height_parameter(*call, "height", 0);
    if (height) list_validators_of(call, reading, *height);
    return;
  }
  const auto info = context.service.info();
  const auto view = context.service.read();
  StateReader reader(*view);
  const auto set = reader.read<ledger::ValidatorSet>(ledger::validator_set_key(info.epoch.value));
  if (!set)
    return fail(*call, problem(Fault::Internal, "the validator set of the epoch is missing"));
  std::map<std::uint32_t, std::uint64_t> proofs;
  for (const auto& one : context.service.evidence()) ++proofs[one.institution];
  json::array items;
  for (const auto& member : set->members) {
    const auto peer =
        std::ranges::find(info.peers, member.institution, &runtime::PeerInfo::institution);
    const bool is_self = member.institution == info.institution && info.validator;
    json::object row{{"name", reader.institution_name(member.institution)},
                     {"institution", member.institution},
                     {"public_key", crypto::to_hex(member.key)},
                     {"leader", member.institution == info.leader},
                     {"equivocations", proofs[member.institution]},
                     {"connected", is_self || (peer != info.peers.end() && peer->connected)}};
    row["last_vote_height"] = is_self                    ? number(info.own_last_vote)
                              : peer != info.peers.end() ? number(peer->last_vote)
                                                         : std::string("0");
    items.push_back(std::move(row));
  }
  answer(*call,
         json::serialize(json::object{{"epoch", number(info.epoch)},
                                      {"quorum", info.quorum},
                                      {"faults_tolerated", info.faults},
                                      {"items", std::move(items)},
                                      {"next_cursor", nullptr}}),
         view->height());
}

}  // namespace

void add_node_routes(Router& router, Context& context) {
  const auto add = [&](const char* pattern, std::vector<std::string> parameters,
                       void (*function)(Context&, const CallPtr&)) {
    parameters.emplace_back("min_height");
    router.add({"GET", pattern, std::move(parameters), RateKind::Read,
                [&context, function](const CallPtr& call) { function(context, call); }});
  };
  add("/v1/blocks", {"limit", "cursor"}, list_blocks);
  add("/v1/blocks/{height}", {}, show_block);
  add("/v1/headers", {"from", "to", "limit", "cursor"}, list_headers);
  add("/v1/consensus/explain", {}, show_explanation);
  add("/v1/evidence", {"limit", "cursor"}, list_evidence);
  add("/v1/node", {}, show_node);
  add("/v1/peers", {}, list_peers);
  add("/v1/snapshots", {}, list_snapshots);
  add("/v1/validators", {"height"}, list_validators);
}

}  // namespace giro::api
