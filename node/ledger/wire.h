// The canonical encoding (ledger 4.1): the protobuf wire format with one encoding per value. Field
// numbers ascend, each singular field comes once, varints are shortest, numeric lists are packed,
// nothing is written with its default value, nothing is unknown. Bytes of a fixed size are absent
// when all zero; an empty message is absent unless it is an element of a list or the member of a
// oneof.
//
// A message is a struct with
//   template <class Self, class Visit> static void fields(Self& self, Visit& visit) { visit(1,
//   self.a); ... }
// in ascending field order. One description serves the encoder and the strict decoder.
#pragma once

#include <concepts>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "node/ledger/codes.h"
#include "node/ledger/types.h"

namespace giro::ledger::wire {

enum class Fault : std::uint8_t {
  None,
  Malformed,  // not this wire format, a value outside its type, or fixed-size bytes of another size
              // (code 100)
  NonCanonical,  // readable, but not the one encoding of its value (code 110)
  BadId,         // an Id that is not 16 bytes, or all-zero, or all-one (code 105)
};

// The highest enumerator. Values above it are Malformed.
template <typename E>
inline constexpr std::uint64_t kEnumMax = 0;
template <>
inline constexpr std::uint64_t kEnumMax<InstitutionKind> = 3;
template <>
inline constexpr std::uint64_t kEnumMax<InstitutionStatus> = 3;
template <>
inline constexpr std::uint64_t kEnumMax<KeyStatus> = 1;
template <>
inline constexpr std::uint64_t kEnumMax<Role> = kRoleCount - 1;
template <>
inline constexpr std::uint64_t kEnumMax<TokenClass> = 1;
template <>
inline constexpr std::uint64_t kEnumMax<HolderPolicy> = 1;
template <>
inline constexpr std::uint64_t kEnumMax<AccountKind> = 4;
template <>
inline constexpr std::uint64_t kEnumMax<AuthMode> = 1;
template <>
inline constexpr std::uint64_t kEnumMax<AccountStatus> = 1;
template <>
inline constexpr std::uint64_t kEnumMax<Check> = 2;
template <>
inline constexpr std::uint64_t kEnumMax<CopResult> = 4;
template <>
inline constexpr std::uint64_t kEnumMax<ChargeBearer> = 3;
template <>
inline constexpr std::uint64_t kEnumMax<MintKind> = 2;
template <>
inline constexpr std::uint64_t kEnumMax<PaymentKind> = 3;
template <>
inline constexpr std::uint64_t kEnumMax<PaymentState> = 5;
template <>
inline constexpr std::uint64_t kEnumMax<HoldKind> = 3;
template <>
inline constexpr std::uint64_t kEnumMax<HoldStatus> = 4;
template <>
inline constexpr std::uint64_t kEnumMax<ProposalState> = 5;
template <>
inline constexpr std::uint64_t kEnumMax<SeatChange> = 2;
template <>
inline constexpr std::uint64_t kEnumMax<DenySubject> = 2;
template <>
inline constexpr std::uint64_t kEnumMax<Code> = 999;

template <typename T>
concept FixedBytes = requires(T value) {
  { value.bytes.size() } -> std::convertible_to<std::size_t>;
  value.bytes[0] = std::byte{};
};
template <typename T>
concept Varint = std::unsigned_integral<T> || std::is_enum_v<T>;
template <typename T>
inline constexpr bool kIsBoundedBytes = false;
template <std::size_t N>
inline constexpr bool kIsBoundedBytes<Bounded<std::byte, N>> = true;
template <typename T>
concept ByteString = std::same_as<T, Bytes> || std::same_as<T, ByteView> ||
                     std::same_as<T, std::string> || kIsBoundedBytes<T>;
template <typename T>
concept List = !ByteString<T> && requires(T list) {
  typename T::value_type;
  list.push_back(list[0]);
};

template <typename T>
inline constexpr bool kIsOptional = false;
template <typename T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

inline constexpr std::uint32_t kVarintType = 0;
inline constexpr std::uint32_t kBytesType = 2;

// Writes the fields that it visits. What fits kInPlace bytes is built without an allocation.
class Encoder {
 public:
  static constexpr std::size_t kInPlace = 1'024;
  Encoder() : begin_(in_place_), at_(in_place_), end_(in_place_ + kInPlace) {}
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  template <typename T>
  void operator()(std::uint32_t field, const T& value) {
    if constexpr (Varint<T>) {
      varint_field(field, static_cast<std::uint64_t>(value));
    } else if constexpr (std::same_as<T, TimeMs>) {
      varint_field(field, static_cast<std::uint64_t>(value.value));
    } else if constexpr (std::same_as<T, Amount>) {
      if (!value.is_zero()) bytes(field, to_big_endian(value));
    } else if constexpr (FixedBytes<T>) {
      if (value != T{}) bytes(field, value.bytes);
    } else if constexpr (std::same_as<T, std::string>) {
      if (!value.empty()) bytes(field, crypto::as_view(value));
    } else if constexpr (ByteString<T>) {
      if (!value.empty()) bytes(field, ByteView{value.begin(), value.end()});
    } else if constexpr (List<T>) {
      list(field, value);
    } else if constexpr (kIsOptional<T>) {
      if (value) message(field, *value, false);
    } else {
      message(field, value, false);
    }
  }

  // An element of a list or the member of a oneof: also when empty.
  template <typename T>
  void message(std::uint32_t field, const T& value, bool keep_empty = true) {
    const std::size_t start = size();
    room(kVarintMax);
    varint(tag_of(field, kBytesType));
    const std::size_t length_at = size();
    room(1);
    ++at_;
    T::fields(value, *this);
    const std::size_t length = size() - length_at - 1;
    if (length == 0 && !keep_empty) {
      at_ = begin_ + start;
    } else {
      set_length(length_at, length);
    }
  }

  void bytes(std::uint32_t field, ByteView value) {
    room(2 * kVarintMax + value.size());
    varint(tag_of(field, kBytesType));
    varint(value.size());
    if (!value.empty()) std::memcpy(at_, value.data(), value.size());
    at_ += value.size();
  }

  [[nodiscard]] ByteView view() const { return {begin_, at_}; }
  [[nodiscard]] Bytes take() const { return {begin_, at_}; }

 private:
  static constexpr std::size_t kVarintMax = 10;
  [[nodiscard]] static std::uint64_t tag_of(std::uint32_t field, std::uint32_t type) {
    return std::uint64_t{field} << 3 | type;
  }
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(at_ - begin_); }

  void room(std::size_t bytes) {
    if (static_cast<std::size_t>(end_ - at_) < bytes) grow(bytes);
  }
  void grow(std::size_t bytes) {
    Bytes larger(2 * (size() + bytes));
    std::memcpy(larger.data(), begin_, size());
    at_ = larger.data() + size();
    heap_ = std::move(larger);
    begin_ = heap_.data();
    end_ = begin_ + heap_.size();
  }

  void varint(std::uint64_t value) {
    while (value >= 0x80) {
      *at_++ = static_cast<std::byte>(value | 0x80);
      value >>= 7;
    }
    *at_++ = static_cast<std::byte>(value);
  }
  void varint_field(std::uint32_t field, std::uint64_t value) {
    if (value == 0) return;
    room(2 * kVarintMax);
    varint(tag_of(field, kVarintType));
    varint(value);
  }

  template <typename L>
  void list(std::uint32_t field, const L& values) {
    using Item = typename L::value_type;
    if (values.size() == 0) return;
    if constexpr (Varint<Item>) {
      room(kVarintMax);
      varint(tag_of(field, kBytesType));
      const std::size_t length_at = size();
      room(1);
      ++at_;
      for (const Item& item : values) {
        room(kVarintMax);
        varint(static_cast<std::uint64_t>(item));
      }
      set_length(length_at, size() - length_at - 1);
    } else if constexpr (FixedBytes<Item>) {
      for (const Item& item : values) bytes(field, item.bytes);
    } else {
      for (const Item& item : values) message(field, item);
    }
  }

  // One byte was left for the length of what follows it; a longer one moves the rest.
  void set_length(std::size_t length_at, std::size_t length) {
    std::size_t more = 0;
    for (std::size_t rest = length >> 7; rest != 0; rest >>= 7) ++more;
    room(more);
    std::byte* const body = begin_ + length_at + 1;
    if (more != 0) std::memmove(body + more, body, length);
    at_ = begin_ + length_at;
    varint(length);
    at_ += length;
  }

  std::byte* begin_;
  std::byte* at_;
  std::byte* end_;
  Bytes heap_;
  std::byte in_place_[kInPlace];
};

// Reads the fields that it visits. After a fault everything keeps its default. Never reads outside
// its bytes and allocates nothing beyond what the bytes carry.
class Decoder {
 public:
  explicit Decoder(ByteView in) : at_(in.data()), end_(in.data() + in.size()) { next_tag(); }

  template <typename T>
  void operator()(std::uint32_t field, T& value) {
    if (field_ != field || fault_ != Fault::None) return;
    if constexpr (Varint<T>) {
      const std::uint64_t raw = varint_field();
      if constexpr (std::is_enum_v<T>) {
        if (raw > kEnumMax<T>) return fail(Fault::Malformed);
      } else if constexpr (std::same_as<T, bool>) {
        if (raw > 1) return fail(Fault::NonCanonical);
      } else {
        if (raw > std::numeric_limits<T>::max()) return fail(Fault::Malformed);
      }
      value = static_cast<T>(raw);
    } else if constexpr (std::same_as<T, TimeMs>) {
      const std::uint64_t raw = varint_field();
      if (raw > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return fail(Fault::Malformed);
      value.value = static_cast<std::int64_t>(raw);
    } else if constexpr (std::same_as<T, Amount>) {
      std::array<std::byte, 16> raw{};
      fixed(raw, false);
      value = from_big_endian(raw);
    } else if constexpr (FixedBytes<T>) {
      fixed(value.bytes, std::same_as<T, Id>);
    } else if constexpr (ByteString<T>) {
      const ByteView raw = bytes_field();
      if (raw.empty()) return fail(Fault::NonCanonical);
      if constexpr (std::same_as<T, std::string>) {
        // Names have no other letters; a protobuf reader would stop at what is not UTF-8.
        for (const std::byte byte : raw) {
          if (std::to_integer<unsigned>(byte) >= 0x80) return fail(Fault::Malformed);
        }
        value.assign(crypto::as_text(raw));
      } else if constexpr (std::same_as<T, Bytes>) {
        value.assign(raw.begin(), raw.end());
      } else if constexpr (kIsBoundedBytes<T>) {
        for (const std::byte byte : raw) {
          if (!value.push_back(byte)) return fail(Fault::Malformed);
        }
      } else {
        value = raw;
      }
    } else if constexpr (List<T>) {
      list(field, value);
      return;
    } else {
      const ByteView raw = bytes_field();
      if (raw.empty()) return fail(Fault::NonCanonical);
      if constexpr (kIsOptional<T>) {
        nested(raw, value.emplace());
      } else {
        nested(raw, value);
      }
    }
    next_tag();
  }

  // The member of a oneof: its bytes, possibly empty. Call only when next_field() is its field.
  [[nodiscard]] ByteView member() {
    const ByteView raw = bytes_field();
    next_tag();
    return raw;
  }

  [[nodiscard]] std::uint32_t next_field() const {
    return field_;
  }  // 0: at the end, or after a fault
  // Call once, after the last field: what is left over is unknown, repeated or out of order.
  [[nodiscard]] Fault finish() {
    if (fault_ == Fault::None && field_ != 0) fail(Fault::NonCanonical);
    return fault_;
  }
  [[nodiscard]] Fault fault() const { return fault_; }

 private:
  void fail(Fault fault) {
    if (fault_ == Fault::None) fault_ = fault;
    field_ = 0;
    at_ = end_;
  }

  void next_tag() {
    field_ = 0;
    if (fault_ != Fault::None || at_ == end_) return;
    const std::uint64_t tag = varint();
    if (fault_ != Fault::None) return;
    const std::uint64_t field = tag >> 3;
    type_ = static_cast<std::uint32_t>(tag & 7);
    if (field == 0 || field > 0x1FFFFFFF || type_ == 3 || type_ == 4 || type_ > 5)
      return fail(Fault::Malformed);
    field_ = static_cast<std::uint32_t>(field);
  }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
      if (at_ == end_) {
        fail(Fault::Malformed);
        return 0;
      }
      const auto byte = static_cast<std::uint64_t>(*at_++);
      if (shift == 63 && byte > 1) {
        fail(Fault::Malformed);
        return 0;
      }
      value |= (byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) {
        if (byte == 0 && shift != 0) fail(Fault::NonCanonical);
        return value;
      }
    }
    fail(Fault::Malformed);
    return 0;
  }

  std::uint64_t varint_field() {
    if (type_ != kVarintType) {
      fail(Fault::NonCanonical);
      return 0;
    }
    const std::uint64_t value = varint();
    if (value == 0) fail(Fault::NonCanonical);
    return value;
  }

  ByteView bytes_field() {
    if (type_ != kBytesType) {
      fail(Fault::NonCanonical);
      return {};
    }
    const std::uint64_t size = varint();
    if (fault_ != Fault::None) return {};
    if (size > static_cast<std::uint64_t>(end_ - at_)) {
      fail(Fault::Malformed);
      return {};
    }
    const ByteView raw{at_, static_cast<std::size_t>(size)};
    at_ += size;
    return raw;
  }

  template <std::size_t N>
  void fixed(std::array<std::byte, N>& out, bool is_id) {
    const ByteView raw = bytes_field();
    if (fault_ != Fault::None) return;
    if (raw.empty()) return fail(Fault::NonCanonical);
    if (raw.size() != N) return fail(is_id ? Fault::BadId : Fault::Malformed);
    std::memcpy(out.data(), raw.data(), N);
    if (out == std::array<std::byte, N>{}) return fail(is_id ? Fault::BadId : Fault::NonCanonical);
    if constexpr (N == 16) {
      if (is_id && !is_valid(Id{out})) return fail(Fault::BadId);
    }
  }

  template <typename T>
  void nested(ByteView raw, T& value) {
    if (fault_ != Fault::None) return;
    Decoder inner(raw);
    T::fields(value, inner);
    if (const Fault fault = inner.finish(); fault != Fault::None) fail(fault);
  }

  template <typename L>
  void list(std::uint32_t field, L& values) {
    using Item = typename L::value_type;
    if constexpr (Varint<Item>) {
      const ByteView raw = bytes_field();
      if (raw.empty()) return fail(Fault::NonCanonical);
      Decoder packed(raw, 0);
      while (packed.at_ != packed.end_) {
        const std::uint64_t item = packed.varint();
        if (packed.fault_ != Fault::None) return fail(packed.fault_);
        if (item > std::numeric_limits<Item>::max()) return fail(Fault::Malformed);
        if (!push(values, static_cast<Item>(item))) return fail(Fault::Malformed);
      }
      next_tag();
    } else {
      while (field_ == field && fault_ == Fault::None) {
        Item item{};
        if constexpr (FixedBytes<Item>) {
          fixed(item.bytes, std::same_as<Item, Id>);
        } else {
          nested(bytes_field(), item);
        }
        if (fault_ != Fault::None) return;
        if (!push(values, item)) return fail(Fault::Malformed);
        next_tag();
      }
    }
  }

  template <typename L, typename Item>
  static bool push(L& values, const Item& item) {
    if constexpr (requires {
                    { values.push_back(item) } -> std::same_as<bool>;
                  }) {
      return values.push_back(item);
    } else {
      values.push_back(item);
      return true;
    }
  }

  Decoder(ByteView in, int) : at_(in.data()), end_(in.data() + in.size()) {}

  const std::byte* at_;
  const std::byte* end_;
  std::uint32_t field_ = 0;
  std::uint32_t type_ = 0;
  Fault fault_ = Fault::None;
};

template <typename T>
[[nodiscard]] Bytes encode(const T& message) {
  Encoder encoder;
  T::fields(message, encoder);
  return encoder.take();
}

template <typename T>
[[nodiscard]] Fault decode(ByteView in, T& message) {
  Decoder decoder(in);
  T::fields(message, decoder);
  return decoder.finish();
}

}  // namespace giro::ledger::wire
