// Table numbers and record keys (ledger 9.1): one byte of table, then integers big-endian and ids
// as they are.
#pragma once

#include <array>
#include <compare>
#include <cstring>

#include "node/ledger/types.h"

namespace giro::ledger {

enum class Table : std::uint8_t {
  Params = 1,
  Institution = 2,
  RolePolicy = 3,
  Key = 4,
  ValidatorSet = 5,
  Proposal = 6,
  UsedValidatorKey = 7,
  LeiOrName = 8,
  Token = 10,
  TokenByName = 11,
  Account = 12,
  Position = 13,
  OwnAccount = 14,
  Corridor = 15,
  Deny = 16,
  Payment = 20,
  UetrIndex = 21,
  Hold = 22,
  HoldOfPosition = 23,
  Deadline = 24,
  Outcome = 25,
  Retention = 26,
  MintReference = 27,
  Slot = 30,
  Meta = 31,
};

// "Tree: yes" of ledger 9.1: such a record has a slot from its creation on and is never deleted.
[[nodiscard]] constexpr bool is_in_tree(Table table) {
  switch (table) {
    case Table::Params:
    case Table::Institution:
    case Table::RolePolicy:
    case Table::Key:
    case Table::ValidatorSet:
    case Table::Token:
    case Table::Account:
    case Table::Position:
    case Table::OwnAccount:
    case Table::Corridor:
      return true;
    default:
      return false;
  }
}

// Kinds of the deadline table (ledger 6), in the order in which one moment's deadlines run.
enum class DeadlineKind : std::uint8_t { Suspension = 1, Proposal = 2, Payment = 3, Hold = 4 };
// Kinds of the retention table.
enum class RetentionKind : std::uint8_t {
  Outcome = 1,
  Payment = 2,
  Hold = 3,
  MintReference = 4,
  Proposal = 5
};

// A record key in place. Longer than kMax cannot be built from the key functions of records.h.
class Key {
 public:
  static constexpr std::size_t kMax = 55;
  Key() = default;
  explicit Key(Table table) { u8(static_cast<std::uint8_t>(table)); }

  Key& u8(std::uint8_t value) {
    bytes_[size_++] = static_cast<std::byte>(value);
    return *this;
  }
  Key& u16(std::uint16_t value) { return big_endian(value, 2); }
  Key& u32(std::uint32_t value) { return big_endian(value, 4); }
  Key& u64(std::uint64_t value) { return big_endian(value, 8); }
  Key& raw(ByteView bytes) {
    std::memcpy(bytes_.data() + size_, bytes.data(), bytes.size());
    size_ = static_cast<std::uint8_t>(size_ + bytes.size());
    return *this;
  }

  [[nodiscard]] ByteView view() const { return {bytes_.data(), size_}; }
  operator ByteView() const { return view(); }  // NOLINT(google-explicit-constructor)
  [[nodiscard]] Bytes to_bytes() const { return {bytes_.begin(), bytes_.begin() + size_}; }
  [[nodiscard]] Table table() const { return static_cast<Table>(bytes_[0]); }
  [[nodiscard]] std::size_t size() const { return size_; }

  friend bool operator==(const Key& a, const Key& b) {
    return a.size_ == b.size_ && std::memcmp(a.bytes_.data(), b.bytes_.data(), a.size_) == 0;
  }
  friend std::strong_ordering operator<=>(const Key& a, const Key& b) {
    const int order =
        std::memcmp(a.bytes_.data(), b.bytes_.data(), a.size_ < b.size_ ? a.size_ : b.size_);
    if (order != 0) return order <=> 0;
    return a.size_ <=> b.size_;
  }

 private:
  Key& big_endian(std::uint64_t value, int size) {
    for (int shift = (size - 1) * 8; shift >= 0; shift -= 8)
      u8(static_cast<std::uint8_t>(value >> shift));
    return *this;
  }
  std::array<std::byte, kMax> bytes_{};
  std::uint8_t size_ = 0;
};

}  // namespace giro::ledger
