// F03 to F09, F13 to F17: what validators say to one another, and what their logs hold. Field by
// field by reflection (tests/simulation/field_mutators.h), and signed again, so that what is wrong
// is not always the signature.
#include <algorithm>
#include <random>
#include <variant>

#include "consensus/wire/codec.h"
#include "consensus/wire/verifier.h"
#include "crypto/overloaded.h"
#include "tests/fuzz/target.h"
#include "tests/simulation/certificate_audit.h"
#include "tests/simulation/field_mutators.h"

namespace giro::fuzz::of_consensus {
namespace {

using namespace consensus;
using sim::FieldMutators;
using wire::MessageType;

const sim::NetworkSetup& setup() {
  static const sim::NetworkSetup four(4, Parameters::tiny());
  return four;
}
const Hash& chain() {
  return setup().chain();
}
const crypto::SecretKey& key_of(ReplicaId member) {
  return setup().validator_key(member.value % setup().size());
}
const ValidatorSet& members() {
  static const ValidatorSet set = [] {
    ValidatorSet made;
    for (std::size_t i = 0; i < setup().size(); ++i)
      made.members.push_back({setup().institution(i), setup().validator_key(i).public_key()});
    return made;
  }();
  return set;
}

// ---- one of each

Vote vote_of(std::uint32_t voter, const VoteContent& content) {
  return {content, {voter}, key_of({voter}).sign(content.sign_bytes(chain()))};
}

Certificate certificate_of(const VoteContent& content) {
  Certificate made{content, {}};
  for (std::uint32_t i = 0; i < members().quorum(); ++i)
    made.signatures.push_back({{i}, vote_of(i, content).signature});
  return made;
}

Block block_at(std::uint64_t height, const Hash& parent) {
  return {{0},
          {0},
          {height},
          parent,
          {1'790'000'001'000 + static_cast<std::int64_t>(height)},
          {crypto::sha256(Bytes{static_cast<std::byte>(height)})}};
}

Header header_of(const Block& block) {
  Header header;
  header.height = block.height;
  header.block = block.hash(chain());
  header.time = block.time;
  header.rules_version = 1;
  return header;
}

VoteContent content_of(VoteKind kind, const Block& block) {
  const bool is_header = kind == VoteKind::Attest;
  return {kind,
          {0},
          {0},
          block.height,
          is_header ? header_of(block).hash(chain()) : block.hash(chain())};
}

void sign(ViewChange& change) {
  change.signature = key_of(change.voter).sign(change.digest(chain()));
}
void sign(NewView& begun) {
  begun.signature = key_of(members().primary(begun.view)).sign(begun.digest(chain()));
}

ProvenViewChange view_change_of(std::uint32_t voter, const std::optional<Certificate>& high) {
  ProvenViewChange made;
  made.change.view = {1};
  made.change.voter = {voter};
  if (high) made.change.high = mark_of(*high);
  made.high = high;
  sign(made.change);
  return made;
}

std::vector<Message> all_messages() {
  const Block first = block_at(1, chain()), second = block_at(2, first.hash(chain()));
  const Certificate commit = certificate_of(content_of(VoteKind::Commit, second));
  const Certificate attest = certificate_of(content_of(VoteKind::Attest, second));
  NewView begun{{0}, {1}, {}, commit, {}};
  for (std::uint32_t i = 0; i < 3; ++i)
    begun.changes.push_back(
        view_change_of(i, i == 1 ? std::optional(commit) : std::nullopt).change);
  sign(begun);
  const SnapshotManifest manifest{header_of(second), {chain(), first.parent}};
  const FetchChunk place{{2}, manifest.digest(chain()), 0, 0};
  const ByteView operation[] = {crypto::as_view("pay")};
  Status status;
  status.stable = {1};
  status.high = commit.content;
  status.missing = {chain()};
  status.clock = {1'790'000'000'000};
  status.version = "giro 0.1";
  return {
      BatchMessage{wire::make_batch(members().members[0].institution, 1, {5}, operation)},
      BatchConfirm{chain()},
      PrePrepare{first, vote_of(0, content_of(VoteKind::Prepare, first))},
      vote_of(1, content_of(VoteKind::Prepare, first)),
      vote_of(2, content_of(VoteKind::Commit, first)),
      vote_of(3, content_of(VoteKind::Attest, first)),
      vote_of(3, content_of(VoteKind::Snapshot, first)),
      CertifiedBlocks{{first, second}, commit},
      ChainSegment{{first, second}, header_of(second), attest},
      AttestProof{attest},
      Suspect{{0}, {0}, SuspectReason::Silent},
      status,
      FetchChain{{0}, {2}},
      FetchBatches{{chain()}},
      BatchOffer{{chain()}},
      view_change_of(2, commit),
      view_change_of(3, std::nullopt),
      begun,
      FetchBlocks{{0}, {5}, chain(), {2}},
      BlockRange{{first, second}},
      EvidenceMessage{ConflictingVotes{vote_of(1, content_of(VoteKind::Prepare, first)),
                                       vote_of(1, {VoteKind::Prepare, {0}, {0}, {1}, chain()})}},
      QueryStable{7},
      ReplyStable{7, {0}, false, attest},
      FetchSnapshot{{0}, {1}},
      SnapshotOffer{
          manifest,
          certificate_of(snapshot_content(chain(), manifest, setup().parameters().epoch_blocks)),
          {}},
      place,
      SnapshotChunk{place, 8, Bytes(8, std::byte{7})}};
}

// ---- envelopes: type, message

// By family, as assurance 8 numbers them. Any type is an envelope (F03).
constexpr MessageType kPrePrepare[] = {MessageType::PrePrepare, MessageType::CertifiedBlocks,
                                       MessageType::Batch};
constexpr MessageType kVotes[] = {MessageType::Vote, MessageType::AttestProof};
constexpr MessageType kViewChange[] = {MessageType::Suspect, MessageType::ViewChange};
constexpr MessageType kNewView[] = {MessageType::NewView};
constexpr MessageType kStatus[] = {MessageType::Status,       MessageType::FetchChain,
                                   MessageType::FetchBatches, MessageType::BatchOffer,
                                   MessageType::FetchBlocks,  MessageType::QueryStable,
                                   MessageType::ReplyStable};
constexpr MessageType kBlocks[] = {MessageType::ChainSegment, MessageType::BlockRange,
                                   MessageType::Evidence};
constexpr MessageType kSnapshots[] = {MessageType::FetchSnapshot, MessageType::SnapshotOffer,
                                      MessageType::FetchChunk, MessageType::SnapshotChunk};

std::uint8_t number_of(const Message& message) {
  return static_cast<std::uint8_t>(wire::type_of(message));
}

// One encoding for each value; the verifier answers for all of them.
std::optional<Message> read(ByteView input) {
  if (input.empty()) return std::nullopt;
  const auto type = std::to_integer<std::uint8_t>(input[0]);
  auto message = wire::decode(type, input.subspan(1));
  if (!message) return std::nullopt;
  GIRO_CHECK(wire::family_of(type).has_value() && number_of(*message) == type);
  GIRO_CHECK(std::ranges::equal(wire::encode(*message), input.subspan(1)));
  return *std::move(message);
}

constexpr bool carries_claim(MessageType type) {
  for (const MessageType none :
       {MessageType::Batch, MessageType::FetchChain, MessageType::FetchBatches,
        MessageType::FetchSnapshot, MessageType::SnapshotOffer, MessageType::FetchChunk,
        MessageType::SnapshotChunk})
    if (type == none) return false;
  return true;
}

// From whoever may say it: the author, or member 1.
InstitutionId sender_of(const Message& message) {
  std::uint32_t member = 1;
  if (const auto* vote = std::get_if<Vote>(&message)) member = vote->voter.value;
  if (const auto* change = std::get_if<ProvenViewChange>(&message))
    member = change->change.voter.value;
  if (const auto* begun = std::get_if<NewView>(&message))
    member = members().primary(begun->view).value;
  if (const auto* proposal = std::get_if<PrePrepare>(&message)) member = proposal->vote.voter.value;
  return members().members[member % members().size()].institution;
}

bool is_verified(const Message& message) {
  const wire::Verifier verifier(chain(), members().members[0].institution);
  return verifier.verify(sender_of(message), message, members()).has_value();
}

bool run_envelope(ByteView input) {
  const auto message = read(input);
  if (!message) return false;
  return !carries_claim(wire::type_of(*message)) || is_verified(*message);
}

bool run_snapshot_message(ByteView input) {
  const auto message = read(input);
  if (!message) return false;
  const auto* offer = std::get_if<SnapshotOffer>(&*message);
  if (offer == nullptr) return true;
  const Parameters& parameters = setup().parameters();
  return judge_offer(*offer, members(), chain(), parameters.epoch_blocks,
                     parameters.snapshot_interval) == RejectReason::None;
}

// F09: what our verifier takes, the one written from the protocol's text finds nothing wrong with;
// and of certificates with exactly a quorum in order both say the same.
bool run_certificate(ByteView input) {
  static const sim::Sets sets(setup(), sim::Sets::Kind::Fixed);
  const auto message = read(input);
  if (!message || !carries_claim(wire::type_of(*message))) return false;
  sim::CertificateAudit audit(setup(), sets);
  const bool good = is_verified(*message);
  if (good) {
    const auto wrong = audit.judge(*message);
    // That a height lies in its epoch is for the replica to say, which knows epoch_blocks.
    GIRO_CHECK(!wrong || wrong->find("not in its epoch") != std::string::npos, *wrong);
  }
  const Certificate* certificate = nullptr;
  if (const auto* proof = std::get_if<AttestProof>(&*message)) certificate = &proof->attest;
  if (const auto* blocks = std::get_if<CertifiedBlocks>(&*message))
    certificate = &blocks->certificate;
  if (certificate != nullptr && certificate->content.epoch == members().epoch &&
      certificate->signatures.size() == members().quorum()) {
    const auto wrong = audit.judge(*certificate);
    const bool taken = verify_certificate(*certificate, members(), chain());
    GIRO_CHECK(!taken || !wrong || wrong->find("not in its epoch") != std::string::npos, *wrong);
    const bool in_order =
        std::ranges::is_sorted(certificate->signatures, {}, &Certificate::Signed::voter);
    GIRO_CHECK(taken || wrong || !in_order);
  }
  return good;
}

// ---- changes

// All signatures of it anew, by whom it names; at times a certificate has one of them twice, or one
// less.
void sign_again(Message& message, sim::Random& random) {
  const auto again = [&random](Certificate& certificate) {
    auto& entries = certificate.signatures;
    if (entries.size() > 1 && random.chance(0.2)) entries.back().voter = entries.front().voter;
    if (entries.size() > 1 && random.chance(0.1)) entries.pop_back();
    const Hash said = certificate.content.sign_bytes(chain());
    for (auto& entry : certificate.signatures) entry.signature = key_of(entry.voter).sign(said);
  };
  const auto vote = [](Vote& each) {
    each.signature = key_of(each.voter).sign(each.content.sign_bytes(chain()));
  };
  std::visit(crypto::Overloaded{[&](Vote& each) { vote(each); },
                                [&](PrePrepare& each) {
                                  each.vote.content.digest = each.block.hash(chain());
                                  vote(each.vote);
                                },
                                [&](CertifiedBlocks& each) {
                                  if (!each.blocks.empty())
                                    each.certificate.content.digest =
                                        each.blocks.back().hash(chain());
                                  again(each.certificate);
                                },
                                [&](ChainSegment& each) {
                                  each.attest.content.digest = each.header.hash(chain());
                                  again(each.attest);
                                },
                                [&](AttestProof& each) { again(each.attest); },
                                [&](ProvenViewChange& each) {
                                  if (each.high)
                                    again(*each.high), each.change.high = mark_of(*each.high);
                                  if (each.attest) again(*each.attest);
                                  sign(each.change);
                                },
                                [&](NewView& each) {
                                  for (ViewChange& change : each.changes) sign(change);
                                  if (each.anchor) again(*each.anchor);
                                  sign(each);
                                },
                                [&](ReplyStable& each) {
                                  if (each.highest) again(*each.highest);
                                },
                                [&](SnapshotOffer& each) {
                                  each.certificate.content.digest = each.manifest.digest(chain());
                                  again(each.certificate);
                                  for (SetChange& change : each.changes) again(change.attest);
                                },
                                [](auto&) {}},
             message);
}

bool mutate_message(Bytes& input, std::uint64_t seed) {
  if (input.empty()) return false;
  const auto type = std::to_integer<std::uint8_t>(input[0]);
  static const auto fields = [] {
    std::map<std::uint8_t, std::vector<FieldMutators::Field>> by_type;
    for (const auto& field : FieldMutators::fields()) by_type[field.type].push_back(field);
    return by_type;
  }();
  const auto found = fields.find(type);
  if (found == fields.end()) return false;
  sim::Random random(seed, "fuzz");
  Bytes bytes(input.begin() + 1, input.end());
  if (!wire::decode(type, bytes)) return false;
  FieldMutators mutators;
  mutators.record(type, bytes);
  bytes = mutators.mutate(random.pick(found->second), random);
  auto message = wire::decode(type, bytes);
  if (message && random.chance(0.8)) {
    sign_again(*message, random);
    bytes = wire::encode(*message);
  }
  input = tagged(type, bytes);
  return true;
}

// ---- rows

std::vector<Bytes> seeds_of(std::span<const MessageType> types) {
  std::vector<Bytes> seeds;
  for (const Message& message : all_messages())
    if (types.empty() || std::ranges::find(types, wire::type_of(message)) != types.end())
      seeds.push_back(tagged(number_of(message), wire::encode(message)));
  return seeds;
}

// Votes that order blocks, and those for what is executed (F05, F06).
std::vector<Bytes> vote_seeds(bool orders) {
  std::vector<Bytes> seeds;
  for (const Bytes& seed : seeds_of(kVotes)) {
    const auto message = read(seed);
    const auto* vote = std::get_if<Vote>(&*message);
    const bool is_ordering = vote != nullptr && (vote->content.kind == VoteKind::Prepare ||
                                                 vote->content.kind == VoteKind::Commit);
    if (is_ordering == orders) seeds.push_back(seed);
  }
  return seeds;
}

bool run_record(ByteView input) {
  if (input.empty()) return false;
  const auto type = std::to_integer<std::uint8_t>(input[0]);
  const auto record = wire::decode_record(type, input.subspan(1));
  if (!record) return false;
  GIRO_CHECK(static_cast<std::uint8_t>(wire::type_of(*record)) == type);
  GIRO_CHECK(std::ranges::equal(wire::encode_record(*record), input.subspan(1)));
  return true;
}

std::vector<Bytes> record_seeds() {
  const Block block = block_at(1, chain());
  const Certificate commit = certificate_of(content_of(VoteKind::Commit, block));
  const Certificate attest = certificate_of(content_of(VoteKind::Attest, block));
  const DurableRecord records[] = {
      BlockRecord{block},
      CertificateRecord{commit},
      VoteRecord{commit.content},
      EpochRecord{members(), {2}, header_of(block), attest},
      CeilingRecord{1, {2}, {3}, {4}},
      ViewRecord{{1}, {2}},
      ViewChangeRecord{view_change_of(2, commit)},
      BaseRecord{
          members(), {2}, {1}, block.hash(chain()), chain(), {1}, chain(), block.time, attest},
      KeyRecord{members().members[0].key},
      BreachRecord{{1}, chain(), chain(), commit, attest, header_of(block), {}, {block}}};
  std::vector<Bytes> seeds;
  for (const DurableRecord& each : records)
    seeds.push_back(
        tagged(static_cast<std::uint8_t>(wire::type_of(each)), wire::encode_record(each)));
  return seeds;
}

}  // namespace

std::span<const Target> targets() {
  static constexpr Target kTargets[] = {
      {"F03", "envelope", run_envelope, [] { return seeds_of({}); }, mutate_message},
      {"F04", "pre_prepare", run_envelope, [] { return seeds_of(kPrePrepare); }, mutate_message},
      {"F05", "vote", run_envelope, [] { return vote_seeds(true); }, mutate_message},
      {"F06", "attest_vote", run_envelope, [] { return vote_seeds(false); }, mutate_message},
      {"F07", "view_change", run_envelope, [] { return seeds_of(kViewChange); }, mutate_message},
      {"F08", "new_view", run_envelope, [] { return seeds_of(kNewView); }, mutate_message},
      {"F09", "certificate", run_certificate, [] { return seeds_of({}); }, mutate_message},
      {"F13", "status", run_envelope, [] { return seeds_of(kStatus); }, mutate_message},
      {"F14", "block_response", run_envelope, [] { return seeds_of(kBlocks); }, mutate_message},
      {"F15", "snapshot_message", run_snapshot_message, [] { return seeds_of(kSnapshots); },
       mutate_message},
      {"F17", "log_record", run_record, record_seeds}};
  return kTargets;
}

}  // namespace giro::fuzz::of_consensus
