#include "tests/fuzz/operation_mutator.h"

#include <google/protobuf/message.h>

#include <memory>
#include <set>

#include "node/ledger/encode.h"
#include "node/ledger/ledger.pb.h"
#include "tests/unit/node/ledger/demo.h"

namespace giro::fuzz::of_ledger {
namespace {

using namespace ledger;
namespace pb = giro::ledger::v1;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string changed_bytes(std::string value, const std::string& other, Engine& random) {
  switch (random() % 6) {
    case 0:
      return other;
    case 1:
      return {};
    case 2:
      return value.substr(0, value.size() / 2);
    case 3:
      return value + value;
    default: {
      if (value.empty()) return std::string(16, '\x01');
      // Amounts are 16 bytes: their low end, most often.
      char& at = random() % 2 == 0 ? value.back() : pick(value, random);
      at = static_cast<char>(at ^ static_cast<char>(1U << random() % 8));
      return value;
    }
  }
}

std::uint64_t changed_number(std::uint64_t value, std::uint64_t other, Engine& random) {
  const std::uint64_t values[] = {0, random() % 9, value + 1, value - 1, other, random(), ~0ULL};
  return pick(values, random);
}

// A singular field of a number or bytes; a list loses or doubles an entry; a part is gone or
// filled. NOLINTNEXTLINE(misc-no-recursion): as deep as the schema
void change(Message& message, const Message& other, Engine& random) {
  const auto& reflection = *message.GetReflection();
  const auto& of = *message.GetDescriptor();
  if (of.field_count() == 0) return;
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  const FieldDescriptor* field =
      fields.empty() || random() % 4 == 0
          ? of.field(static_cast<int>(random() % static_cast<std::uint64_t>(of.field_count())))
          : pick(fields, random);
  if (field->is_repeated()) {
    const int size = reflection.FieldSize(message, field);
    const int at = size == 0 ? 0 : static_cast<int>(random() % static_cast<std::uint64_t>(size));
    const bool is_message = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (size > 0 && random() % 4 == 0) return reflection.RemoveLast(&message, field);
    if (size > 1 && random() % 4 == 0) return reflection.SwapElements(&message, field, at, 0);
    if (is_message && size > 0 && random() % 4 != 0) {
      Message& part = *reflection.MutableRepeatedMessage(&message, field, at);
      const std::unique_ptr<Message> same(part.New());
      same->CopyFrom(part);
      return change(part, *same, random);
    }
    if (is_message) {
      Message& added = *reflection.AddMessage(&message, field);
      if (size > 0) added.CopyFrom(reflection.GetRepeatedMessage(message, field, at));
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_UINT32) {
      reflection.AddUInt32(&message, field, static_cast<std::uint32_t>(random() % 9));
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      reflection.AddString(&message, field,
                           size > 0 ? reflection.GetRepeatedString(message, field, at) : "x");
    }
    return;
  }
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection.SetUInt32(
          &message, field,
          static_cast<std::uint32_t>(changed_number(reflection.GetUInt32(message, field),
                                                    reflection.GetUInt32(other, field), random)));
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection.SetUInt64(&message, field,
                                  changed_number(reflection.GetUInt64(message, field),
                                                 reflection.GetUInt64(other, field), random));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.SetBool(&message, field, !reflection.GetBool(message, field));
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection.SetString(&message, field,
                                  changed_bytes(reflection.GetString(message, field),
                                                reflection.GetString(other, field), random));
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection.SetEnumValue(&message, field, static_cast<int>(random() % 6));
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      if (reflection.HasField(message, field) && random() % 8 == 0)
        return reflection.ClearField(&message, field);
      return change(*reflection.MutableMessage(&message, field),
                    reflection.GetMessage(other, field), random);
    }
    default:
      return;
  }
}

// The UETR of what settles or orders a payment is its op_id; an id is a version 4 UUID.
void mend_ids(pb::Operation& operation, bool fresh, Engine& random) {
  std::string id = operation.op_id();
  id.resize(16, '\x11');
  if (fresh)
    for (char& each : id) each = static_cast<char>(random());
  id[6] = static_cast<char>((id[6] & 0x0F) | 0x40);
  id[8] = static_cast<char>((id[8] & 0x3F) | 0x80);
  operation.set_op_id(id);
  if (operation.has_transfer()) operation.mutable_transfer()->mutable_terms()->set_uetr(id);
  if (operation.has_pay()) operation.mutable_pay()->mutable_terms()->set_uetr(id);
  if (operation.has_settle_atomic() && operation.settle_atomic().has_payment())
    operation.mutable_settle_atomic()->mutable_payment()->set_uetr(id);
}

// Signed by some roles of the actor, at times of another institution.
Bytes sign_again(const pb::Operation& operation, Engine& random) {
  const InstId inst = random() % 8 == 0 ? static_cast<InstId>(1 + random() % 5) : operation.actor();
  std::set<PublicKey> keys;
  for (std::uint8_t role = 0; role < kRoleCount; ++role) {
    if (random() % 4 == 0 || inst < 1 || inst > 5) continue;
    for (const unsigned number : {1U, 2U}) {
      const bool has_two = role <= 3 || role == static_cast<std::uint8_t>(Role::Onboard) ||
                           role == static_cast<std::uint8_t>(Role::Pauser);
      if ((number == 1 || has_two) && keys.size() < 16)
        keys.insert(demo::key(inst, static_cast<Role>(role), number).public_key());
    }
  }
  if (keys.empty()) keys.insert(demo::stranger().public_key());
  const std::vector<PublicKey> list(keys.begin(), keys.end());
  return filler_signed(text_bytes(operation.SerializeAsString()), list);
}

}  // namespace

Bytes filler_signed(ByteView body, std::span<const ledger::PublicKey> keys) {
  std::vector<SignatureField> signatures;
  for (const PublicKey& key : keys) {
    signatures.push_back({});
    signatures.back().public_key = key;
    signatures.back().signature.bytes.fill(std::byte{1});
  }
  return encode_signed_operation(body, std::move(signatures));
}

std::optional<Bytes> changed_operation(ByteView signed_operation, ByteView other, Engine& random) {
  pb::SignedOperation outer, other_outer;
  pb::Operation operation, other_operation;
  if (!outer.ParseFromArray(signed_operation.data(), static_cast<int>(signed_operation.size())) ||
      !operation.ParseFromString(outer.body()))
    return std::nullopt;
  other_outer.ParseFromArray(other.data(), static_cast<int>(other.size()));
  other_operation.ParseFromString(other_outer.body());
  const bool is_new = random() % 2 == 0;
  for (std::uint64_t n = random() % 3; n-- > 0;) change(operation, other_operation, random);
  if (random() % 8 != 0) mend_ids(operation, is_new, random);
  return sign_again(operation, random);
}

}  // namespace giro::fuzz::of_ledger
