// The scalars of the ledger (ledger 2) and the enumerations of its records. Enumerators are wire
// values: append only.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/keys.h"
#include "node/ledger/amount.h"

namespace giro::ledger {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;
using crypto::Hash;
using crypto::PublicKey;
using Commit = crypto::Hash;  // salted (ledger 12); zero: absent

using InstId = std::uint32_t;   // from 1; 0: none
using TokenId = std::uint32_t;  // from 1; 0: none
using KeyId = std::uint64_t;    // crypto::key_id
using OperatorId = std::uint64_t;
using Day = std::uint32_t;  // UTC days since 1970

// Milliseconds since 1970 UTC, never negative in a record. The only time is the block's.
struct TimeMs {
  std::int64_t value{};
  friend constexpr auto operator<=>(const TimeMs&, const TimeMs&) = default;
};
inline constexpr std::int64_t kMsPerDay = 86'400'000;
[[nodiscard]] constexpr Day day_of(TimeMs time) {
  return time.value <= 0 ? 0 : static_cast<Day>(time.value / kMsPerDay);
}
// Saturates: a deadline too far to write down is the last moment there is.
[[nodiscard]] TimeMs add_ms(TimeMs time, std::uint64_t ms);

// 16 bytes from a client: account, operation, hold, proposal, or UETR. All-zero and all-one are
// forbidden.
struct Id {
  std::array<std::byte, 16> bytes{};
  friend constexpr auto operator<=>(const Id&, const Id&) = default;
  operator ByteView() const { return bytes; }  // NOLINT(google-explicit-constructor)
};
using AccountId = Id;
using OpId = Id;
using HoldId = Id;
using PropId = Id;
using Uetr = Id;
[[nodiscard]] bool is_valid(const Id& id);           // neither all-zero nor all-one
[[nodiscard]] bool is_uuid_version_4(const Id& id);  // RFC 4122 variant, version 4

// A short text of fixed length; all-zero: absent.
template <std::size_t N>
struct Ascii {
  std::array<std::byte, N> bytes{};
  friend constexpr auto operator<=>(const Ascii&, const Ascii&) = default;
  operator ByteView() const { return bytes; }  // NOLINT(google-explicit-constructor)
  [[nodiscard]] constexpr bool is_absent() const { return *this == Ascii{}; }
  [[nodiscard]] std::string_view text() const { return crypto::as_text(bytes); }
  // Text of another length gives the absent value.
  [[nodiscard]] static constexpr Ascii from(std::string_view text) {
    Ascii out;
    if (text.size() != N) return out;
    for (std::size_t i = 0; i < N; ++i) out.bytes[i] = static_cast<std::byte>(text[i]);
    return out;
  }
};
using Currency = Ascii<3>;     // ISO 4217
using CountryCode = Ascii<2>;  // ISO 3166
using Purpose = Ascii<4>;      // ISO 20022 external code
using Lei = Ascii<20>;         // ISO 17442

// Exponent of the currency table (rules version 1); nullopt: not in the table (code 113).
[[nodiscard]] std::optional<std::uint8_t> currency_scale(const Currency& currency);
// ISO 17442 check digits, mod 97-10.
[[nodiscard]] bool is_valid_lei(const Lei& lei);
// Pattern of 8 or 11.
[[nodiscard]] bool is_valid_bic(std::string_view bic);

[[nodiscard]] bool is_country(const CountryCode& country);      // two capital letters
[[nodiscard]] bool is_institution_name(std::string_view name);  // 1 to 32 of a-z 0-9 -

// At most N values in place: no allocation, copied with its owner.
template <typename T, std::size_t N>
class Bounded {
 public:
  using value_type = T;
  static constexpr std::size_t kMax = N;
  constexpr Bounded() = default;
  // More than N values: the rest is dropped.
  constexpr Bounded(std::initializer_list<T> values) {
    for (const T& value : values) (void)push_back(value);
  }
  // False: it is full.
  constexpr bool push_back(const T& value) {
    if (size_ == N) return false;
    items_[size_++] = value;
    return true;
  }
  constexpr void clear() { *this = Bounded{}; }
  [[nodiscard]] constexpr std::size_t size() const { return size_; }
  [[nodiscard]] constexpr bool empty() const { return size_ == 0; }
  constexpr T& operator[](std::size_t i) { return items_[i]; }
  constexpr const T& operator[](std::size_t i) const { return items_[i]; }
  constexpr T* begin() { return items_.data(); }
  constexpr T* end() { return items_.data() + size_; }
  constexpr const T* begin() const { return items_.data(); }
  constexpr const T* end() const { return items_.data() + size_; }
  [[nodiscard]] constexpr bool contains(const T& value) const {
    return std::find(begin(), end(), value) != end();
  }
  friend constexpr bool operator==(const Bounded& a, const Bounded& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  std::array<T, N> items_{};
  std::size_t size_ = 0;
};

// A list from a client that may be too long: it keeps one more than N, which shows that it is, and
// drops the rest, so that a claim costs no memory.
template <typename T, std::size_t N>
class Capped {
 public:
  using value_type = T;
  Capped() = default;
  Capped(std::initializer_list<T> values) : items_(values) {}
  void push_back(const T& value) {
    if (!is_over()) items_.push_back(value);
  }
  [[nodiscard]] bool is_over() const { return items_.size() > N; }
  [[nodiscard]] std::size_t size() const { return items_.size(); }
  [[nodiscard]] bool empty() const { return items_.empty(); }
  T& operator[](std::size_t i) { return items_[i]; }
  const T& operator[](std::size_t i) const { return items_[i]; }
  auto begin() { return items_.begin(); }
  auto end() { return items_.end(); }
  [[nodiscard]] auto begin() const { return items_.begin(); }
  [[nodiscard]] auto end() const { return items_.end(); }
  operator std::span<const T>() const { return items_; }  // NOLINT(google-explicit-constructor)

 private:
  std::vector<T> items_;
};

enum class InstitutionKind : std::uint8_t {
  Bank = 0,
  SettlementAgent = 1,
  CentralBank = 2,
  Observer = 3
};
enum class InstitutionStatus : std::uint8_t { Active = 0, Suspended = 1, Exiting = 2, Exited = 3 };
enum class KeyStatus : std::uint8_t { Active = 0, Revoked = 1 };

// Also the bit number in Key::roles.
enum class Role : std::uint8_t {
  Admin = 0,
  Issuer = 1,
  Treasury = 2,
  Compliance = 3,
  Legal = 4,
  Maker = 5,
  Checker = 6,
  Onboard = 7,
  Pauser = 8,
  Governor = 9,
  Auditor = 10,
};
inline constexpr std::size_t kRoleCount = 11;
using RoleSet = std::uint16_t;
[[nodiscard]] constexpr RoleSet role_bit(Role role) {
  return static_cast<RoleSet>(1U << static_cast<unsigned>(role));
}
[[nodiscard]] std::string_view name(Role role);  // "ADMIN"

enum class TokenClass : std::uint8_t { Deposit = 0, Settlement = 1 };
enum class HolderPolicy : std::uint8_t { IssuerCustomers = 0, MemberBanksOnly = 1 };
// Bits of Token::features and Token::paused.
inline constexpr std::uint8_t kCanClawback = 1, kCanFreeze = 2, kCanEscrow = 4, kAllFeatures = 7;
inline constexpr std::uint8_t kPauseMint = 1, kPauseRedeem = 2, kPauseTransfer = 4, kPauseXbank = 8;

enum class AccountKind : std::uint8_t {
  Customer = 0,
  Nostro = 1,
  Fee = 2,
  Suspense = 3,
  LegalCustody = 4
};
enum class AuthMode : std::uint8_t { Custodial = 0, Joint = 1 };
enum class AccountStatus : std::uint8_t { Open = 0, Closed = 1 };
// Bits of Account::blocks.
inline constexpr std::uint8_t kBlockDebit = 1, kBlockCredit = 2;

// Bits of CorridorHalf::required_checks.
inline constexpr std::uint8_t kCheckSanctions = 1, kCheckAmlFraud = 2, kCheckOther = 4;
enum class Check : std::uint8_t { NotDone = 0, Pass = 1, Fail = 2 };
enum class CopResult : std::uint8_t {
  NotChecked = 0,
  Match = 1,
  Close = 2,
  NoMatch = 3,
  NotApplicable = 4
};
enum class ChargeBearer : std::uint8_t { Debt = 0, Shar = 1, Cred = 2, Slev = 3 };
enum class MintKind : std::uint8_t { Deposit = 0, Interest = 1, Correction = 2 };

enum class PaymentKind : std::uint8_t { OnUs = 0, CrossBank = 1, Fx = 2, Return = 3 };
enum class PaymentState : std::uint8_t {
  Pending = 0,
  Settled = 1,
  Rejected = 2,
  Cancelled = 3,
  Expired = 4,
  Returned = 5,
};
enum class HoldKind : std::uint8_t { Payment = 0, Escrow = 1, Redeem = 2, Legal = 3 };
enum class HoldStatus : std::uint8_t {
  Active = 0,
  Captured = 1,
  Released = 2,
  Expired = 3,
  Voided = 4
};
enum class ProposalState : std::uint8_t {
  Open = 0,
  Passed = 1,
  Executed = 2,
  Failed = 3,
  Rejected = 4,
  Expired = 5,
};
// What a VALIDATOR_SET proposal does to a seat.
enum class SeatChange : std::uint8_t { Add = 0, Remove = 1, Replace = 2 };
enum class DenySubject : std::uint8_t { Account = 0, Institution = 1, Country = 2 };

}  // namespace giro::ledger
