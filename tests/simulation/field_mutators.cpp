#include "tests/simulation/field_mutators.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "consensus/wire/codec.h"
#include "consensus/wire/consensus.pb.h"
#include "crypto/check.h"

namespace giro::sim {
namespace {

namespace pb = consensus::v1;
using consensus::wire::MessageType;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::size_t kGrown = 32 * 1024;

const Message& prototype(MessageType type) {
  switch (type) {
    case MessageType::Batch:
      return pb::Batch::default_instance();
    case MessageType::BatchConfirm:
      return pb::BatchConfirm::default_instance();
    case MessageType::PrePrepare:
      return pb::PrePrepare::default_instance();
    case MessageType::Vote:
      return pb::Vote::default_instance();
    case MessageType::CertifiedBlocks:
      return pb::CertifiedBlocks::default_instance();
    case MessageType::ChainSegment:
      return pb::ChainSegment::default_instance();
    case MessageType::AttestProof:
      return pb::AttestProof::default_instance();
    case MessageType::Suspect:
      return pb::Suspect::default_instance();
    case MessageType::Status:
      return pb::Status::default_instance();
    case MessageType::FetchChain:
      return pb::FetchChain::default_instance();
    case MessageType::FetchBatches:
    case MessageType::BatchOffer:
      return pb::BatchIds::default_instance();
    case MessageType::ViewChange:
      return pb::ProvenViewChange::default_instance();
    case MessageType::NewView:
      return pb::NewView::default_instance();
    case MessageType::FetchBlocks:
      return pb::FetchBlocks::default_instance();
    case MessageType::BlockRange:
      return pb::BlockRange::default_instance();
    case MessageType::Evidence:
      return pb::Evidence::default_instance();
    case MessageType::QueryStable:
      return pb::QueryStable::default_instance();
    case MessageType::ReplyStable:
      return pb::ReplyStable::default_instance();
    case MessageType::FetchSnapshot:
      return pb::FetchSnapshot::default_instance();
    case MessageType::SnapshotOffer:
      return pb::SnapshotOffer::default_instance();
    case MessageType::FetchChunk:
      return pb::ChunkPlace::default_instance();
    case MessageType::SnapshotChunk:
      return pb::SnapshotChunk::default_instance();
  }
  GIRO_CHECK(false);
}

void list_fields(std::uint8_t type, const Descriptor& of, const std::vector<int>& above,
                 const std::string& prefix, std::vector<FieldMutators::Field>& out) {
  for (int i = 0; i < of.field_count(); ++i) {
    const FieldDescriptor& field = *of.field(i);
    auto path = above;
    path.push_back(field.number());
    std::string name = prefix + "." + std::string(field.name());
    out.push_back({type, path, name, name + " again"});
    if (field.message_type() != nullptr) list_fields(type, *field.message_type(), path, name, out);
  }
}

std::string some_bytes(std::size_t size, Random& random) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.below(256));
  return bytes;
}

// Values of the right size everywhere, two entries in each list.
void fill(Message& message, Random& random) {
  const auto& reflection = *message.GetReflection();
  const Descriptor& of = *message.GetDescriptor();
  for (int i = 0; i < of.field_count(); ++i) {
    const FieldDescriptor& field = *of.field(i);
    const std::size_t size = field.name() == "signature" || field.name() == "signatures" ? 64 : 32;
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        for (int n = 0; n < (field.is_repeated() ? 2 : 1); ++n)
          fill(field.is_repeated() ? *reflection.AddMessage(&message, &field)
                                   : *reflection.MutableMessage(&message, &field),
               random);
        break;
      case FieldDescriptor::CPPTYPE_STRING:
        if (field.is_repeated()) {
          reflection.AddString(&message, &field, some_bytes(size, random));
        } else {
          reflection.SetString(&message, &field, some_bytes(size, random));
        }
        break;
      case FieldDescriptor::CPPTYPE_UINT32:
        if (field.is_repeated()) {
          reflection.AddUInt32(&message, &field, 1);
          reflection.AddUInt32(&message, &field, 2);
        } else {
          reflection.SetUInt32(&message, &field, 1);
        }
        break;
      case FieldDescriptor::CPPTYPE_UINT64:
        reflection.SetUInt64(&message, &field, 1 + random.below(20));
        break;
      case FieldDescriptor::CPPTYPE_INT64:
        reflection.SetInt64(&message, &field, 1'790'000'000'000);
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        reflection.SetBool(&message, &field, true);
        break;
      default:
        GIRO_CHECK(false, field.full_name());
    }
  }
}

std::uint64_t changed_number(std::uint64_t value, std::uint64_t max, std::uint64_t other,
                             Random& random) {
  const std::uint64_t values[] = {0,       value + 1,   value - 1,     max,
                                  max / 2, max / 2 + 1, value * 2 + 1, other};
  return random.pick(values) & max;
}

std::string changed_bytes(const std::string& value, const std::string& other, Random& random) {
  std::string changed = value;
  switch (random.below(7)) {
    case 0:
      return {};
    case 1:
      return value + value;
    case 2:
      return value.substr(0, value.size() / 2);
    case 3:
      return value + std::string(kGrown, '\x01');
    case 4:
      return std::string(value.size(), '\0');
    case 5:
      if (other != value) return other;
      [[fallthrough]];
    default:
      if (changed.empty()) return "\x01";
      random.pick(changed) ^= static_cast<char>(1U << random.below(7));
      return changed;
  }
}

// An entry less, one twice, two exchanged, or none.
void change_list(Message& message, const FieldDescriptor& field, Random& random) {
  const auto& reflection = *message.GetReflection();
  const int size = reflection.FieldSize(message, &field);
  if (size == 0) {
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      fill(*reflection.AddMessage(&message, &field), random);
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_UINT32) {
      reflection.AddUInt32(&message, &field, 0);
    } else {
      reflection.AddString(&message, &field, "");
    }
    return;
  }
  const int at = static_cast<int>(random.below(static_cast<std::uint64_t>(size)));
  switch (random.below(size > 1 ? 4 : 3)) {
    case 0:
      return reflection.RemoveLast(&message, &field);
    case 1:
      return reflection.ClearField(&message, &field);
    case 2:
      if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        const std::unique_ptr<Message> copy(
            reflection.GetRepeatedMessage(message, &field, at).New());
        copy->CopyFrom(reflection.GetRepeatedMessage(message, &field, at));
        reflection.AddMessage(&message, &field)->CopyFrom(*copy);
      } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_UINT32) {
        reflection.AddUInt32(&message, &field, reflection.GetRepeatedUInt32(message, &field, at));
      } else {
        reflection.AddString(&message, &field, reflection.GetRepeatedString(message, &field, at));
      }
      return;
    default:
      return reflection.SwapElements(&message, &field, at, (at + 1) % size);
  }
}

// `other`: the same part of another message; it may be empty.
void change_value(Message& message, const Message& other, const FieldDescriptor& field,
                  Random& random) {
  const auto& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection.SetUInt32(
          &message, &field,
          static_cast<std::uint32_t>(changed_number(reflection.GetUInt32(message, &field), ~0U,
                                                    reflection.GetUInt32(other, &field), random)));
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection.SetUInt64(&message, &field,
                                  changed_number(reflection.GetUInt64(message, &field), ~0ULL,
                                                 reflection.GetUInt64(other, &field), random));
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection.SetInt64(
          &message, &field,
          static_cast<std::int64_t>(changed_number(
              static_cast<std::uint64_t>(reflection.GetInt64(message, &field)), ~0ULL,
              static_cast<std::uint64_t>(reflection.GetInt64(other, &field)), random)));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.SetBool(&message, &field, !reflection.GetBool(message, &field));
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection.SetString(&message, &field,
                                  changed_bytes(reflection.GetString(message, &field),
                                                reflection.GetString(other, &field), random));
    default:  // a part: gone, there, or that of another message
      if (reflection.HasField(message, &field) && random.chance(0.5))
        return reflection.ClearField(&message, &field);
      reflection.MutableMessage(&message, &field)->CopyFrom(reflection.GetMessage(other, &field));
  }
}

}  // namespace

const std::vector<FieldMutators::Field>& FieldMutators::fields() {
  static const std::vector<Field> all = [] {
    std::vector<Field> listed;
    for (std::uint8_t type = 1; consensus::wire::family_of(type); ++type) {
      const Descriptor& of = *prototype(static_cast<MessageType>(type)).GetDescriptor();
      std::string name(of.name());
      if (static_cast<MessageType>(type) == MessageType::BatchOffer) name = "BatchOffer";
      list_fields(type, of, {}, name, listed);
    }
    return listed;
  }();
  return all;
}

void FieldMutators::record(std::uint8_t type, crypto::ByteView bytes) {
  Recorded& recorded = recorded_[type];
  recorded.before = std::exchange(recorded.last, crypto::to_bytes(bytes));
}

crypto::Bytes FieldMutators::mutate(const Field& field, Random& random) const {
  for (;;) {
    if (auto changed = try_to_mutate(field, random)) return std::move(*changed);
  }
}

std::optional<crypto::Bytes> FieldMutators::try_to_mutate(const Field& field,
                                                          Random& random) const {
  const Message& empty = prototype(static_cast<MessageType>(field.type));
  const std::unique_ptr<Message> message(empty.New()), other(empty.New());
  const auto recorded = recorded_.find(field.type);
  if (recorded == recorded_.end() || random.chance(0.1)) {
    fill(*message, random);
  } else {
    const auto& [last, before] = recorded->second;
    message->ParseFromArray(last.data(), static_cast<int>(last.size()));
    other->ParseFromArray(before.data(), static_cast<int>(before.size()));
  }
  const std::string original = message->SerializeAsString();
  Message* part = message.get();
  const Message* other_part = other.get();
  for (std::size_t depth = 0;; ++depth) {
    const FieldDescriptor* at = part->GetDescriptor()->FindFieldByNumber(field.path[depth]);
    const auto& reflection = *part->GetReflection();
    if (depth + 1 == field.path.size()) {
      at->is_repeated() ? change_list(*part, *at, random)
                        : change_value(*part, *other_part, *at, random);
      break;
    }
    if (!at->is_repeated()) {
      if (!reflection.HasField(*part, at)) fill(*reflection.MutableMessage(part, at), random);
      part = reflection.MutableMessage(part, at);
      other_part = &other_part->GetReflection()->GetMessage(*other_part, at);
      continue;
    }
    if (reflection.FieldSize(*part, at) == 0) fill(*reflection.AddMessage(part, at), random);
    const auto size = static_cast<std::uint64_t>(reflection.FieldSize(*part, at));
    part = reflection.MutableRepeatedMessage(part, at, static_cast<int>(random.below(size)));
    other_part = part;  // lists need not be as long
  }
  const std::string bytes = message->SerializeAsString();
  if (bytes == original) return std::nullopt;
  return crypto::to_bytes(crypto::as_view(bytes));
}

}  // namespace giro::sim
