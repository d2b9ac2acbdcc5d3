#include "consensus/wire/convert.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <cstring>

#include "consensus/limits.h"
#include "crypto/check.h"
#include "crypto/mutant.h"

namespace giro::consensus::wire {
namespace {

constexpr std::size_t kHashBytes = sizeof(Hash::bytes);
constexpr std::size_t kSignatureBytes = sizeof(crypto::Signature::bytes);

// The first refusal of several steps; the later ones are not taken.
class Steps {
 public:
  template <typename Step>
  Steps& then(Step step) {
    if (reason_ == RejectReason::None) reason_ = step();
    return *this;
  }
  [[nodiscard]] RejectReason reason() const { return reason_; }

 private:
  RejectReason reason_ = RejectReason::None;
};

}  // namespace

std::string text(ByteView bytes) {
  return std::string(crypto::as_text(bytes));
}

std::string join(std::span<const Hash> hashes) {
  std::string joined;
  joined.reserve(hashes.size() * kHashBytes);
  for (const Hash& hash : hashes) joined += crypto::as_text(hash);
  return joined;
}

void write(const VoteContent& value, pb::VoteContent& out) {
  out.set_kind(static_cast<std::uint32_t>(value.kind));
  out.set_epoch(value.epoch.value);
  out.set_view(value.view.value);
  out.set_height(value.height.value);
  out.set_digest(text(value.digest));
}

void write(const Vote& value, pb::Vote& out) {
  write(value.content, *out.mutable_content());
  out.set_voter(value.voter.value);
  out.set_signature(text(value.signature));
}

void write(const Certificate& value, pb::Certificate& out) {
  write(value.content, *out.mutable_content());
  std::string signatures;
  signatures.reserve(value.signatures.size() * kSignatureBytes);
  for (const Certificate::Signed& entry : value.signatures) {
    out.add_voters(entry.voter.value);
    signatures += crypto::as_text(entry.signature);
  }
  out.set_signatures(std::move(signatures));
}

void write(const Block& value, pb::Block& out) {
  out.set_epoch(value.epoch.value);
  out.set_view(value.view.value);
  out.set_height(value.height.value);
  out.set_parent(text(value.parent));
  out.set_time_ms(value.time.ms);
  out.set_batches(join(value.batches));
}

void write(const Header& value, pb::Header& out) {
  out.set_epoch(value.epoch.value);
  out.set_height(value.height.value);
  out.set_block(text(value.block));
  out.set_time_ms(value.time.ms);
  out.set_previous(text(value.previous));
  out.set_state_root(text(value.state_root));
  out.set_outcomes_root(text(value.outcomes_root));
  out.set_totals_root(text(value.totals_root));
  out.set_next_set(text(value.next_set));
  out.set_next_first_view(value.next_first_view.value);
  out.set_rules_version(value.rules_version);
}

namespace {

void write_change(const ViewChange& value, pb::ViewChange& out) {
  out.set_epoch(value.epoch.value);
  out.set_view(value.view.value);
  out.set_voter(value.voter.value);
  out.set_high_view(value.high.view.value);
  out.set_high_height(value.high.height.value);
  out.set_high_digest(text(value.high.digest));
  out.set_stable(value.stable.value);
  out.set_stable_header(text(value.stable_header));
  out.set_signature(text(value.signature));
}

RejectReason read_change(const pb::ViewChange& in, ViewChange& out) {
  if (in.voter() >= kMembersMax) return RejectReason::Malformed;
  out.epoch = {in.epoch()};
  out.view = {in.view()};
  out.voter = {in.voter()};
  out.high.view = {in.high_view()};
  out.high.height = {in.high_height()};
  out.stable = {in.stable()};
  return Steps()
      .then([&] { return read(in.high_digest(), out.high.digest.bytes); })
      .then([&] { return read(in.stable_header(), out.stable_header.bytes); })
      .then([&] { return read(in.signature(), out.signature.bytes); })
      .reason();
}

}  // namespace

void write(const ProvenViewChange& value, pb::ProvenViewChange& out) {
  write_change(value.change, *out.mutable_change());
  if (value.high) write(*value.high, *out.mutable_high());
  if (value.attest) write(*value.attest, *out.mutable_attest());
}

void write(const NewView& value, pb::NewView& out) {
  out.set_epoch(value.epoch.value);
  out.set_view(value.view.value);
  for (const ViewChange& change : value.changes) write_change(change, *out.add_changes());
  if (value.anchor) write(*value.anchor, *out.mutable_anchor());
  out.set_signature(text(value.signature));
}

void write(const Evidence& value, pb::Evidence& out) {
  if (const auto* votes = std::get_if<ConflictingVotes>(&value)) {
    write(votes->first, *out.mutable_conflicting_votes()->mutable_first());
    write(votes->second, *out.mutable_conflicting_votes()->mutable_second());
  } else if (const auto* forgotten = std::get_if<ForgottenCommit>(&value)) {
    write(forgotten->commit, *out.mutable_forgotten_commit()->mutable_commit());
    write_change(forgotten->change, *out.mutable_forgotten_commit()->mutable_change());
  } else if (const auto* attest = std::get_if<FalseAttest>(&value)) {
    write(attest->vote, *out.mutable_false_attest()->mutable_vote());
    write(attest->certificate, *out.mutable_false_attest()->mutable_certificate());
  }
}

Bytes serialized(const google::protobuf::MessageLite& message) {
  Bytes bytes(message.ByteSizeLong());
  GIRO_CHECK(message.SerializeToArray(bytes.data(), static_cast<int>(bytes.size())));
  return bytes;
}

RejectReason read(const std::string& bytes, std::span<std::byte> out) {
  if (bytes.size() != out.size()) return RejectReason::Malformed;
  std::ranges::copy(crypto::as_view(bytes), out.begin());
  return RejectReason::None;
}

RejectReason read(const pb::VoteContent& in, VoteContent& out) {
  if (in.kind() < 1 || in.kind() > 4) return RejectReason::Malformed;
  out.kind = static_cast<VoteKind>(in.kind());
  out.epoch = {in.epoch()};
  out.view = {in.view()};
  out.height = {in.height()};
  const bool without_view = out.kind == VoteKind::Attest || out.kind == VoteKind::Snapshot;
  if (without_view && out.view.value != 0) return RejectReason::Malformed;
  return read(in.digest(), out.digest.bytes);
}

RejectReason read(const pb::Vote& in, Vote& out) {
  if (in.voter() >= kMembersMax) return RejectReason::Malformed;
  out.voter = {in.voter()};
  return Steps()
      .then([&] { return read(in.content(), out.content); })
      .then([&] { return read(in.signature(), out.signature.bytes); })
      .reason();
}

RejectReason read(const pb::Certificate& in, Certificate& out) {
  const auto count = static_cast<std::size_t>(in.voters_size());
  if (count > kMembersMax) return RejectReason::TooLarge;
  if (in.signatures().size() != count * kSignatureBytes) return RejectReason::Malformed;
  out.signatures.clear();
  out.signatures.reserve(count);
  ByteView signatures = crypto::as_view(in.signatures());
  for (const std::uint32_t voter : in.voters()) {
    if (voter >= kMembersMax) return RejectReason::Malformed;
    if (!out.signatures.empty() && voter <= out.signatures.back().voter.value && !GIRO_MUTANT(5)) {
      return RejectReason::Malformed;
    }
    Certificate::Signed& entry = out.signatures.emplace_back();
    entry.voter = {voter};
    std::ranges::copy(signatures.first(kSignatureBytes), entry.signature.bytes.begin());
    signatures = signatures.subspan(kSignatureBytes);
  }
  return read(in.content(), out.content);
}

RejectReason split(const std::string& bytes, std::size_t count_max, std::vector<Hash>& out) {
  if (bytes.size() % kHashBytes != 0) return RejectReason::Malformed;
  const std::size_t count = bytes.size() / kHashBytes;
  if (count > count_max) return RejectReason::TooLarge;
  out.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::memcpy(out[i].bytes.data(), bytes.data() + i * kHashBytes, kHashBytes);
  }
  return RejectReason::None;
}

RejectReason read(const pb::Block& in, Block& out) {
  out.epoch = {in.epoch()};
  out.view = {in.view()};
  out.height = {in.height()};
  out.time = {in.time_ms()};
  if (out.height.value == 0 || out.time.ms < 0 || out.time.ms > kTimeMsMax)
    return RejectReason::Malformed;  // genesis never travels
  return Steps()
      .then([&] { return read(in.parent(), out.parent.bytes); })
      .then([&] { return split(in.batches(), kBlockBatchesMax, out.batches); })
      .reason();
}

RejectReason read(const pb::Header& in, Header& out) {
  out.epoch = {in.epoch()};
  out.height = {in.height()};
  out.time = {in.time_ms()};
  out.next_first_view = {in.next_first_view()};
  out.rules_version = in.rules_version();
  if (out.time.ms < 0 || out.time.ms > kTimeMsMax) return RejectReason::Malformed;
  return Steps()
      .then([&] { return read(in.block(), out.block.bytes); })
      .then([&] { return read(in.previous(), out.previous.bytes); })
      .then([&] { return read(in.state_root(), out.state_root.bytes); })
      .then([&] { return read(in.outcomes_root(), out.outcomes_root.bytes); })
      .then([&] { return read(in.totals_root(), out.totals_root.bytes); })
      .then([&] { return read(in.next_set(), out.next_set.bytes); })
      .reason();
}

RejectReason read(const pb::ProvenViewChange& in, ProvenViewChange& out) {
  return Steps()
      .then([&] { return read_change(in.change(), out.change); })
      .then(
          [&] { return in.has_high() ? read(in.high(), out.high.emplace()) : RejectReason::None; })
      .then([&] {
        return in.has_attest() ? read(in.attest(), out.attest.emplace()) : RejectReason::None;
      })
      .reason();
}

RejectReason read(const pb::NewView& in, NewView& out) {
  out.epoch = {in.epoch()};
  out.view = {in.view()};
  for (const pb::ViewChange& change : in.changes()) {
    if (const RejectReason reason = read_change(change, out.changes.emplace_back());
        reason != RejectReason::None) {
      return reason;
    }
  }
  return Steps()
      .then([&] {
        return in.has_anchor() ? read(in.anchor(), out.anchor.emplace()) : RejectReason::None;
      })
      .then([&] { return read(in.signature(), out.signature.bytes); })
      .reason();
}

RejectReason read(const pb::Evidence& in, Evidence& out) {
  const int kinds = (in.has_conflicting_votes() ? 1 : 0) + (in.has_forgotten_commit() ? 1 : 0) +
                    (in.has_false_attest() ? 1 : 0);
  if (kinds != 1) return RejectReason::Malformed;
  Steps steps;
  if (in.has_conflicting_votes()) {
    auto& votes = out.emplace<ConflictingVotes>();
    steps.then([&] { return read(in.conflicting_votes().first(), votes.first); }).then([&] {
      return read(in.conflicting_votes().second(), votes.second);
    });
  } else if (in.has_forgotten_commit()) {
    auto& forgotten = out.emplace<ForgottenCommit>();
    steps.then([&] { return read(in.forgotten_commit().commit(), forgotten.commit); }).then([&] {
      return read_change(in.forgotten_commit().change(), forgotten.change);
    });
  } else {
    auto& attest = out.emplace<FalseAttest>();
    steps.then([&] { return read(in.false_attest().vote(), attest.vote); }).then([&] {
      return read(in.false_attest().certificate(), attest.certificate);
    });
  }
  return steps.reason();
}

std::size_t count_fields(ByteView bytes, std::uint32_t field, std::size_t limit) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                            static_cast<int>(bytes.size()));
  std::size_t count = 0;
  while (const std::uint32_t tag = in.ReadTag()) {
    if (tag >> 3 == field && ++count > limit) break;
    std::uint64_t value = 0;
    const std::uint32_t type = tag & 7;
    if (type == 0 ? !in.ReadVarint64(&value)
                  : type != 2 || !in.ReadVarint64(&value) || value > bytes.size() ||
                        !in.Skip(static_cast<int>(value))) {
      break;  // parse refuses what follows
    }
  }
  return count;
}

namespace {

// What a parser keeps aside: a field that `type` has not, or that is written in another way than
// ours, as a number (wire type 0) or as bytes (2). To look for it in the bytes takes a small part
// of the time in which reflection would discard it, and comes before the parser: each such field
// would take many times its bytes in memory (A10), and count_fields ends at the first of a type
// that we do not write. What is not even well formed the parser refuses. Depth is the schema's.
bool has_unknown_field(google::protobuf::io::CodedInputStream& in,
                       const google::protobuf::Descriptor& type) {
  using Field = google::protobuf::FieldDescriptor;
  while (const std::uint32_t tag = in.ReadTag()) {
    const Field* field = type.FindFieldByNumber(static_cast<int>(tag >> 3));
    if (field == nullptr) return true;
    const auto* message = field->message_type();
    const bool is_bytes =
        message != nullptr || field->is_packed() || field->cpp_type() == Field::CPPTYPE_STRING;
    std::uint64_t value = 0;
    if ((tag & 7) != (is_bytes ? 2U : 0U) || !in.ReadVarint64(&value)) return true;
    if (message == nullptr) {
      if (is_bytes && !in.Skip(static_cast<int>(value))) return true;
      continue;
    }
    const auto outer = in.PushLimit(static_cast<int>(value));
    if (has_unknown_field(in, *message)) return true;
    in.PopLimit(outer);
  }
  return false;
}

}  // namespace

RejectReason parse(ByteView bytes, std::size_t size_max, google::protobuf::Message& out) {
  if (bytes.size() > size_max) return RejectReason::TooLarge;
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                            static_cast<int>(bytes.size()));
  if (has_unknown_field(in, *out.GetDescriptor())) return RejectReason::Malformed;
  if (!out.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return RejectReason::Malformed;
  if (out.ByteSizeLong() != bytes.size()) return RejectReason::Malformed;
  const Bytes again = serialized(out);
  return std::ranges::equal(again, bytes) ? RejectReason::None : RejectReason::Malformed;
}

}  // namespace giro::consensus::wire
