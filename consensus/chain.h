// The blocks between what is final here and the tip: the accepted chain of the present view and the
// committed blocks below it, the blocks that wait for their turn, and the batch ids that all of
// them name (protocol 2, R5, R8).
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "consensus/message.h"
#include "consensus/reject.h"

namespace giro::consensus {

struct Slot {
  Block block;
  Hash hash;
  Instant accepted_at;
  std::size_t missing = 0;  // batches not held
  bool invalid = false;     // its payload breaks R5: never voted for
};

// Linked slots above a final base. Heights outside are our mistake.
class Chain {
 public:
  Chain(Height base, const Hash& base_hash, WallTime base_time)
      : base_(base), base_hash_(base_hash), base_time_(base_time) {}

  [[nodiscard]] Height base() const { return base_; }
  [[nodiscard]] const Hash& base_hash() const { return base_hash_; }
  [[nodiscard]] WallTime base_time() const { return base_time_; }
  [[nodiscard]] Height tip() const { return {base_.value + slots_.size()}; }
  [[nodiscard]] const Hash& tip_hash() const {
    return slots_.empty() ? base_hash_ : slots_.back().hash;
  }
  [[nodiscard]] WallTime tip_time() const {
    return slots_.empty() ? base_time_ : slots_.back().block.time;
  }
  [[nodiscard]] Slot* find(Height height);
  [[nodiscard]] const Slot* find(Height height) const;
  [[nodiscard]] std::optional<Hash> hash_at(Height height) const;  // the base's too

  Slot& append(Block block, const Hash& hash, Instant now);
  std::vector<Slot> cut_above(Height height);  // what was cut, ascending
  void release(Height height);                 // the new base

 private:
  std::deque<Slot> slots_;
  Height base_;
  Hash base_hash_;
  WallTime base_time_;
};

// Signed proposals that cannot be accepted yet: above the tip, above H, ahead of the clock, or of a
// later view. Bounded in bytes per sender (protocol R8, R13).
class WaitingBlocks {
 public:
  struct Waiting {
    Block block;
    Hash hash;
    InstitutionId sender;
    bool reported = false;  // refused for its age, and counted; kept in case a certificate comes to
                            // cover it (R8a)
  };
  // None, Duplicate or OverBudget.
  RejectReason add(const Block& block, const Hash& hash, InstitutionId sender,
                   std::uint64_t budget);
  [[nodiscard]] Waiting* find(View view, Height height);
  [[nodiscard]] const Waiting* find(View view, Height height) const;
  void erase(View view, Height height);
  void release(Height height);  // at or below
  void release_views(View below);
  void clear();
  [[nodiscard]] std::uint64_t bytes(InstitutionId sender) const;

 private:
  using Places = std::map<std::tuple<View, Height>, Waiting>;
  Places::iterator erase(Places::iterator place);
  Places places_;
  std::map<InstitutionId, std::uint64_t> bytes_;
};

// Blocks that were accepted and cut again. While nothing stable is beside them, a certificate that
// some member holds may make one of them an anchor (protocol R9, R28): f+1 correct members promised
// to hold it. Beyond the budget those of the lowest views go first.
class AbandonedBlocks {
 public:
  void add(const Block& block, const Hash& hash);
  [[nodiscard]] const Block* find(const Hash& hash) const;
  [[nodiscard]] const std::map<Hash, Block>& all() const { return blocks_; }
  void release(Height height);  // at or below

 private:
  std::map<Hash, Block> blocks_;
  std::set<std::tuple<View, Height, Hash>> by_view_;
  std::size_t bytes_ = 0;
};

// Ids named by the chain that must not be named again, until block time has passed their expiry
// (protocol R5).
class NamedIds {
 public:
  void add(const Hash& id, Height height);
  void set_expiry(const Hash& id, WallTime expires_at);
  void remove(const Hash& id,
              Height height);  // its block was cut; no effect if another height names it
  [[nodiscard]] std::optional<Height> height_of(const Hash& id) const;
  // A block of this time was committed at this height.
  void prune(WallTime block_time, Height committed);
  [[nodiscard]] std::size_t size() const { return ids_.size(); }

 private:
  struct Entry {
    Height height;
    std::optional<WallTime> expires_at;  // unknown until the payload is here
  };
  std::map<Hash, Entry> ids_;
  std::set<std::pair<WallTime, Hash>> by_expiry_;
};

}  // namespace giro::consensus
