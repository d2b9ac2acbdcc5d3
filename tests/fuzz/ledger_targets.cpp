// F10, F12, F19, F21, F22: operations, records, and blocks of operations on the demo state.
#include <algorithm>
#include <memory>
#include <set>

#include "node/ledger/audit.h"
#include "node/ledger/encode.h"
#include "node/ledger/ledger.pb.h"
#include "node/ledger/outcome_leaf.h"
#include "node/ledger/state_tree.h"
#include "tests/fuzz/operation_mutator.h"
#include "tests/fuzz/target.h"
#include "tests/unit/node/ledger/demo.h"
#include "tests/unit/node/ledger/reference/generator.h"
#include "tests/unit/node/ledger/reference/history.h"

namespace giro::fuzz::of_ledger {
namespace {

using namespace ledger;
namespace pb = giro::ledger::v1;

// ---- operations

std::expected<Verified, Code> verified(Bytes signed_operation) {
  auto decoded = decode(demo::chain_id(), std::move(signed_operation));
  if (!decoded) return std::unexpected(decoded.error());
  const std::size_t count = decoded->signature_checks().size();
  const auto valid = std::make_unique<bool[]>(count);
  std::fill_n(valid.get(), count, true);
  return verify(*std::move(decoded), {valid.get(), count});
}

// What the decoder takes has one encoding, the encoder's, and protobuf reads the same.
bool check_operation(ByteView input) {
  const auto operation = verified(crypto::to_bytes(input));
  if (!operation) return false;
  GIRO_CHECK(std::ranges::equal(operation->signed_operation(), input));
  GIRO_CHECK(std::ranges::equal(encode_body(operation->operation()), operation->body()));
  GIRO_CHECK(operation->operation_hash() == crypto::sha256(operation->body()));
  pb::SignedOperation general;
  GIRO_CHECK(general.ParseFromArray(input.data(), static_cast<int>(input.size())));
  GIRO_CHECK(std::ranges::equal(crypto::as_view(general.body()), operation->body()));
  pb::Operation body;
  GIRO_CHECK(body.ParseFromString(general.body()));
  GIRO_CHECK(body.SerializeAsString() == general.body());  // no unknown field, ledger 4.1
  GIRO_CHECK(static_cast<std::uint32_t>(body.action_case()) == operation->type());
  return true;
}

bool run_operation(ByteView input) {
  return check_operation(input);
}

bool mutate_operation(Bytes& input, std::uint64_t seed) {
  Engine random(seed);
  auto changed = changed_operation(input, input, random);
  if (!changed) return false;
  input = *std::move(changed);
  return true;
}

// ---- seeds: what histories hold, one operation of each type that succeeded

Bytes bytes_of(const reference::Submitted& submitted) {
  const std::vector<PublicKey> keys(submitted.signers.begin(), submitted.signers.end());
  return filler_signed(encode_body(submitted.operation), keys);
}

std::vector<Bytes> seeds_of(bool governance) {
  std::vector<Bytes> seeds;
  std::set<std::size_t> kinds;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    reference::Reach reach;
    for (const auto& block : reference::run_new(seed, reach).history.blocks)
      for (const auto& each : block.operations) {
        const auto& action = each.operation.action;
        std::size_t kind = action.index();
        if (const auto* order = std::get_if<GovPropose>(&action))
          kind = 100 + (order->inst_add ? 1U : 0U) + (order->param_set ? 2U : 0U) +
                 (order->inst_status ? 4U : 0U);
        const bool is_governance = kind >= 100 || std::holds_alternative<GovVote>(action);
        Bytes bytes = bytes_of(each);
        if ((!governance || is_governance) && bytes.size() < 2'000 && check_operation(bytes) &&
            kinds.insert(kind).second)
          seeds.push_back(std::move(bytes));
      }
  }
  return seeds;
}
std::vector<Bytes> operation_seeds() {
  return seeds_of(false);
}
std::vector<Bytes> governance_seeds() {
  return seeds_of(true);
}

bool run_governance(ByteView input) {
  const auto decoded = decode(demo::chain_id(), crypto::to_bytes(input));
  return decoded && (decoded->type() == GovPropose::kType || decoded->type() == GovVote::kType) &&
         check_operation(input);
}

// ---- records and leaves

template <class Record>
bool check_record(ByteView bytes) {
  const auto record = decode_record<Record>(bytes);
  GIRO_CHECK(!record || std::ranges::equal(encode(*record), bytes));
  return record.has_value();
}

struct RecordRow {
  Table table;
  bool (*check)(ByteView);
};
constexpr RecordRow kRecords[] = {
    {Table::Params, check_record<Params>},
    {Table::Institution, check_record<Institution>},
    {Table::RolePolicy, check_record<RolePolicy>},
    {Table::Key, check_record<InstitutionKey>},
    {Table::ValidatorSet, check_record<ledger::ValidatorSet>},
    {Table::Proposal, check_record<Proposal>},
    {Table::Token, check_record<Token>},
    {Table::Account, check_record<Account>},
    {Table::Position, check_record<Position>},
    {Table::OwnAccount, check_record<OwnAccount>},
    {Table::Corridor, check_record<Corridor>},
    {Table::Deny, check_record<Deny>},
    {Table::Payment, check_record<Payment>},
    {Table::Hold, check_record<Hold>},
    {Table::Outcome, check_record<OutcomeRecord>},
    {Table::MintReference, check_record<MintReference>},
    {Table::Meta, check_record<Meta>},
};

bool run_record(ByteView input) {
  if (input.empty()) return false;
  const RecordRow& row = kRecords[std::to_integer<std::size_t>(input[0]) % std::size(kRecords)];
  return row.check(input.subspan(1));
}

const demo::MemoryState& genesis_state() {
  static const demo::MemoryState state = [] {
    demo::MemoryState made;
    made.store(build_genesis(reference::history_genesis(1))->writes);
    return made;
  }();
  return state;
}

std::vector<Bytes> record_seeds() {
  std::vector<Bytes> seeds;
  std::set<std::byte> tables;
  for (const auto& [key, value] : genesis_state().rows)
    for (std::size_t i = 0; i < std::size(kRecords); ++i)
      if (std::to_integer<std::uint8_t>(key[0]) == static_cast<std::uint8_t>(kRecords[i].table) &&
          tables.insert(key[0]).second)
        seeds.push_back(tagged(static_cast<std::uint8_t>(i), value));
  return seeds;
}

bool run_leaf(ByteView input) {
  if (input.empty()) return false;
  const ByteView bytes = input.subspan(1);
  if ((input[0] & std::byte{1}) == std::byte{0}) {
    const auto leaf = decode_leaf(bytes);
    GIRO_CHECK(!leaf || std::ranges::equal(encode(*leaf), bytes));
    return leaf.has_value();
  }
  const auto event = decode_event(bytes);
  GIRO_CHECK(!event || std::ranges::equal(encode(*event), bytes));
  return event.has_value();
}

std::vector<Bytes> leaf_seeds() {
  OutcomeLeaf leaf;
  leaf.height = 3;
  leaf.index = 1;
  leaf.block_time.value = 1'790'000'000'000;
  leaf.operation_hash = crypto::sha256(crypto::as_view("operation"));
  leaf.code = Code::LegFailed;
  leaf.detail_inner = Code::InsufficientFunds;
  leaf.recorded = true;
  leaf.event_count = 2;
  EventRecord event{.height = 3,
                    .n = 1,
                    .index = 1,
                    .type = 7,
                    .actor = 1,
                    .op_id = {},
                    .block_time = {5},
                    .scope = {1, 2},
                    .body = text_bytes("event")};
  return {tagged(0, encode(leaf)), tagged(1, encode(event))};
}

// ---- blocks

// Blocks of operations: after how many seconds, size, SignedOperation; a new block where time
// passes.
struct Story {
  struct Entry {
    std::uint8_t after = 0;
    Bytes bytes;
  };
  std::vector<Entry> entries;

  static Story read(ByteView input) {
    Story story;
    crypto::Reader in(input);
    while (in.remaining() >= 3 && story.entries.size() < 24) {
      const std::uint8_t after = in.u8();
      const std::size_t size = std::min<std::size_t>(in.u16(), in.remaining());
      story.entries.push_back({after, crypto::to_bytes(in.raw(size))});
    }
    return story;
  }
  [[nodiscard]] Bytes bytes() const {
    Bytes out;
    crypto::Writer writer(out);
    for (const Entry& each : entries)
      writer.u8(each.after).u16(static_cast<std::uint16_t>(each.bytes.size())).raw(each.bytes);
    return out;
  }
};

class Blocks {
 public:
  // How many operations succeeded.
  std::size_t run(const Story& story) {
    std::vector<std::expected<Verified, Code>> operations;
    for (const Story::Entry& each : story.entries) {
      if (each.after != 0) block(std::exchange(operations, {}), each.after);
      operations.push_back(verified(each.bytes));
    }
    block(std::move(operations), 1);
    const auto rebuilt = StateTree::rebuild(state_);
    GIRO_CHECK(rebuilt.has_value() && rebuilt->root() == tree_.root());
    const auto finding = audit(state_);
    GIRO_CHECK(!finding, std::string(finding->what));
    return ok_;
  }

 private:
  // Total for all operations, the same with any cache; each block checks its own invariants
  // (ledger 8), the audit all of them at the end.
  void block(const std::vector<std::expected<Verified, Code>>& operations, std::uint8_t after) {
    now_ = TimeMs{now_.value + after * 1'000};
    const BlockContext context{++height_, now_};
    RecordCache empty;
    const auto result = apply(state_, context, operations, warm_);
    GIRO_CHECK(result.has_value(), static_cast<unsigned>(result.error().invariant));
    const auto again = apply(state_, context, operations, empty);
    GIRO_CHECK(again && demo::fingerprint(*again) == demo::fingerprint(*result));
    state_.store(result->writes);
    tree_.apply(result->writes);
    for (const Outcome& each : result->outcomes) ok_ += each.code == Code::Ok ? 1 : 0;
  }

  static const StateTree& genesis_tree() {
    static const StateTree tree = *StateTree::rebuild(genesis_state());
    return tree;
  }

  demo::MemoryState state_ = genesis_state();
  StateTree tree_ = genesis_tree();
  RecordCache warm_;
  TimeMs now_ = demo::kGenesisTime;
  std::uint64_t height_ = 0;
  std::size_t ok_ = 0;
};

bool run_block(ByteView input) {
  return Blocks().run(Story::read(input)) > 0;
}

bool mutate_block(Bytes& input, std::uint64_t seed) {
  Engine random(seed);
  Story story = Story::read(input);
  if (story.entries.empty()) return false;
  Story::Entry& entry = pick(story.entries, random);
  const Bytes other = pick(story.entries, random).bytes;
  switch (random() % 8) {
    case 0:
      entry.after = static_cast<std::uint8_t>(random() % 4 == 0 ? random() : random() % 2);
      break;
    case 1:
      std::swap(entry, pick(story.entries, random));
      break;
    case 2:
      if (story.entries.size() > 1) story.entries.pop_back();
      break;
    case 3:
    case 4:
      if (auto added = changed_operation(other, entry.bytes, random))
        story.entries.push_back({static_cast<std::uint8_t>(random() % 2), *std::move(added)});
      break;
    default:
      if (auto changed = changed_operation(entry.bytes, other, random))
        entry.bytes = *std::move(changed);
  }
  input = story.bytes();
  return true;
}

// The beginnings of histories, which are valid at their genesis.
std::vector<Bytes> block_seeds() {
  std::vector<Bytes> seeds;
  for (const std::uint64_t seed : {1U, 4U, 7U, 10U, 13U, 16U}) {  // like 1: without a time lock
    reference::Reach reach;
    Story story;
    for (const auto& block : reference::run_new(seed, reach).history.blocks) {
      const auto after = (block.time - demo::kGenesisTime.value) / 1'000;
      if (after > 255 || story.entries.size() > 8) break;
      for (const auto& each : block.operations)
        if (Bytes bytes = bytes_of(each); bytes.size() < 1'500)
          story.entries.push_back(
              {static_cast<std::uint8_t>(story.entries.empty() ? 1 : 0), std::move(bytes)});
    }
    if (story.entries.size() > 10) story.entries.resize(10);
    if (!story.entries.empty()) seeds.push_back(story.bytes());
  }
  return seeds;
}

// F21: bytes that are signed are of one domain and one value each.
bool run_sign_bytes(ByteView input) {
  const auto decoded = decode_body(demo::chain_id(), crypto::to_bytes(input));
  if (!decoded) return false;
  const Bytes body = encode_body(decoded->operation());
  GIRO_CHECK(std::ranges::equal(body, input));
  const Hash said = operation_sign_bytes(demo::chain_id(), operation_hash(body));
  GIRO_CHECK(said != ticket_sign_bytes(demo::chain_id(), body));
  Bytes unknown = body;
  for (const int byte : {0xf8, 0x3f, 0x01}) unknown.push_back(static_cast<std::byte>(byte));
  GIRO_CHECK(!decode_body(demo::chain_id(), unknown));  // field 1023, of nobody
  return true;
}

std::vector<Bytes> sign_bytes_seeds() {
  std::vector<Bytes> seeds;
  for (const Bytes& each : seeds_of(false))
    seeds.push_back(crypto::to_bytes(verified(each)->body()));
  return seeds;
}

}  // namespace

std::span<const Target> targets() {
  static constexpr Target kTargets[] = {
      {"F10", "operation", run_operation, operation_seeds, mutate_operation},
      {"F12", "governance", run_governance, governance_seeds, mutate_operation},
      {"F19", "record", run_record, record_seeds},
      {"F21", "leaf", run_leaf, leaf_seeds},
      {"F21", "sign_bytes", run_sign_bytes, sign_bytes_seeds},
      {"F22", "block", run_block, block_seeds, mutate_block}};
  return kTargets;
}

}  // namespace giro::fuzz::of_ledger
