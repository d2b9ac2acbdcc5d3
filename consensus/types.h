// The vocabulary of agreement: positions, blocks, headers, validator sets, and how each is hashed
// (protocol 2). Values only: copyable, ordered where an order has a meaning, owned by whoever holds
// them, no thread of their own.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/keys.h"

namespace giro::consensus {

using crypto::Bytes;
using crypto::ByteView;
using crypto::Hash;

// A number with a meaning. Arithmetic is written out where it is used: `Height{tip.value + 1}`.
template <typename Tag>
struct Strong {
  std::uint64_t value{};
  friend auto operator<=>(const Strong&, const Strong&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Strong& number) {
    return out << number.value;
  }
};
using Epoch = Strong<struct EpochTag>;
using View = Strong<struct ViewTag>;
using Height = Strong<struct HeightTag>;

// Place of a member in its epoch's validator set, 0 .. n-1. Meaningless without the epoch.
struct ReplicaId {
  std::uint32_t value{};
  friend auto operator<=>(const ReplicaId&, const ReplicaId&) = default;
  friend std::ostream& operator<<(std::ostream& out, ReplicaId id) { return out << id.value; }
};

// An institution's id on the ledger: the identity that outlives epochs. Channels and batch authors
// are named by it.
struct InstitutionId {
  std::uint32_t value{};
  friend auto operator<=>(const InstitutionId&, const InstitutionId&) = default;
  friend std::ostream& operator<<(std::ostream& out, InstitutionId id) { return out << id.value; }
};

// UTC milliseconds: block times and expiries.
struct WallTime {
  std::int64_t ms{};
  friend auto operator<=>(const WallTime&, const WallTime&) = default;
  friend std::ostream& operator<<(std::ostream& out, WallTime time) { return out << time.ms; }
};

// Microseconds of a clock that never goes back, from an arbitrary start: timers.
struct Instant {
  std::int64_t us{};
  friend auto operator<=>(const Instant&, const Instant&) = default;
};

// The two clocks of a validator, read once for each turn by the driver. The wall clock may jump;
// nothing but block times and expiries looks at it.
struct Now {
  Instant steady;
  WallTime wall;
};

struct Member {
  InstitutionId institution;
  crypto::PublicKey key;
  friend bool operator==(const Member&, const Member&) = default;
};

// The members of one epoch in order of institution id (protocol 2, R41).
struct ValidatorSet {
  Epoch epoch;
  std::vector<Member> members;

  [[nodiscard]] std::size_t size() const { return members.size(); }
  [[nodiscard]] std::size_t faults() const { return (members.size() - 1) / 3; }             // f
  [[nodiscard]] std::size_t quorum() const { return (members.size() + faults()) / 2 + 1; }  // q
  [[nodiscard]] std::size_t weak_quorum() const { return faults() + 1; }                    // f+1
  [[nodiscard]] ReplicaId primary(View view) const {
    return {static_cast<std::uint32_t>(view.value % members.size())};
  }
  [[nodiscard]] std::optional<ReplicaId> find(InstitutionId institution) const;
  // Its seat, if it sits there with this very key.
  [[nodiscard]] std::optional<ReplicaId> find(const Member& member) const;
  [[nodiscard]] const Member& at(ReplicaId id) const { return members.at(id.value); }
  // SHA-256("giro/set/v1" ‖ chain ‖ epoch ‖ count ‖ institution id, key ...)
  [[nodiscard]] Hash digest(const Hash& chain) const;
  friend bool operator==(const ValidatorSet&, const ValidatorSet&) = default;
};

// Seats added, removed or given another key: at most f of the set before may change at once, and n
// stays at 4 or more (protocol R43). The ledger sees to that.
[[nodiscard]] std::size_t changed_seats(const std::vector<Member>& before,
                                        const std::vector<Member>& after);

// Signed operations packed by one validator (protocol R2). Immutable; shared by pointer, since
// payload is large.
struct Batch {
  struct Range {
    std::uint32_t offset{};
    std::uint32_t size{};
  };
  Hash id;  // SHA-256("giro/batch/v1" ‖ bytes)
  InstitutionId author;
  std::uint64_t author_seq{};
  WallTime expires_at;
  Bytes bytes;                    // as it travels and is stored
  std::vector<Range> operations;  // each SignedOperation inside `bytes`
  [[nodiscard]] ByteView operation(std::size_t index) const {
    return ByteView(bytes).subspan(operations.at(index).offset, operations.at(index).size);
  }
};
using BatchPtr = std::shared_ptr<const Batch>;

// The unit of agreement. Payload is named, not carried.
struct Block {
  Epoch epoch;
  View view;  // in which it was proposed
  Height height;
  Hash parent;
  WallTime time;
  std::vector<Hash> batches;
  [[nodiscard]] Hash hash(const Hash& chain) const;  // "giro/block/v1"
  friend bool operator==(const Block&, const Block&) = default;
};

// What executing a block gave; the unit of proof. The header of block 0 is made from the genesis
// state.
struct Header {
  Epoch epoch;
  Height height;
  Hash block;
  WallTime time;
  Hash previous;  // hash of the header below; zero for block 0
  Hash state_root;
  Hash outcomes_root;
  Hash totals_root;
  Hash next_set;         // digest of the next epoch's set; zero but at the last height of an epoch
  View next_first_view;  // zero but at the last height of an epoch
  std::uint64_t rules_version{};
  [[nodiscard]] Bytes canonical(
      const Hash& chain) const;                      // tag, chain, then the fields above in order
  [[nodiscard]] Hash hash(const Hash& chain) const;  // SHA-256 of canonical(): "giro/header/v1"
  friend bool operator==(const Header&, const Header&) = default;
};

// Heights of an epoch: e·epoch_blocks+1 .. (e+1)·epoch_blocks (protocol R41). Block 0 belongs to
// none.
[[nodiscard]] constexpr Height first_height(Epoch epoch, std::uint64_t epoch_blocks) {
  return {epoch.value * epoch_blocks + 1};
}
[[nodiscard]] constexpr Height last_height(Epoch epoch, std::uint64_t epoch_blocks) {
  return {(epoch.value + 1) * epoch_blocks};
}
// Epoch of a height >= 1; height 0 counts with epoch 0.
[[nodiscard]] constexpr Epoch epoch_of(Height height, std::uint64_t epoch_blocks) {
  return {height.value == 0 ? 0 : (height.value - 1) / epoch_blocks};
}

}  // namespace giro::consensus
