// The deposit-token ledger: pure functions over a state view (ledger 17).
//
// State after block h is a function of genesis and the blocks 1..h. Nothing here reads a clock,
// allocates in proportion to state, throws across the interface or keeps anything between calls but
// the RecordCache, which never changes a result. The caller decodes and verifies in parallel, calls
// apply() for committed blocks in order, stores the writes together with its own chain row
// (records.h, Chain) in one atomic batch, and computes the roots off this thread.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "crypto/verifier_pool.h"
#include "node/ledger/codes.h"
#include "node/ledger/records.h"
#include "node/ledger/types.h"

namespace giro::ledger {

using crypto::SignatureCheck;

// Read-only, at one height. Used by one call at a time; may be called from the thread of that call
// only.
class StateView {
 public:
  virtual ~StateView() = default;
  [[nodiscard]] virtual std::optional<Bytes> get(ByteView key) const = 0;
  // Visits from <= key < to in key order until `visit` answers false. A visit does not read the
  // state itself.
  virtual void scan(ByteView from, ByteView to,
                    const std::function<bool(ByteView, ByteView)>& visit) const = 0;
};

struct Operation;  // messages.h: the parsed body

// A well-formed operation: passed step 1 of ledger 4.4. Owns its bytes; move-only and cheap to
// move.
class Decoded {
 public:
  Decoded(Decoded&&) noexcept;
  Decoded& operator=(Decoded&&) noexcept;
  ~Decoded();

  // Of the envelope, then of every ticket. One verdict for each goes to verify().
  [[nodiscard]] std::span<const SignatureCheck> signature_checks() const;
  [[nodiscard]] const crypto::Hash& operation_hash() const;  // SHA-256(body)
  [[nodiscard]] ByteView signed_operation() const;           // as received
  [[nodiscard]] ByteView body() const;
  [[nodiscard]] InstId actor() const;
  [[nodiscard]] const OpId& op_id() const;
  [[nodiscard]] TimeMs valid_until() const;
  [[nodiscard]] std::uint32_t type() const;  // field number of the action: ledger 5
  [[nodiscard]] const Operation& operation() const;

 private:
  friend class Verified;
  friend struct DecodedAccess;
  struct Content;
  explicit Decoded(std::unique_ptr<Content> content);
  std::unique_ptr<Content> content_;
};

// An operation all of whose signatures verify: passed step 2. Made only by verify(), it carries the
// keys that signed.
class Verified {
 public:
  Verified(Verified&&) noexcept;
  Verified& operator=(Verified&&) noexcept;
  ~Verified();

  struct Signer {
    PublicKey key;
    KeyId id;
  };
  [[nodiscard]] const crypto::Hash& operation_hash() const { return decoded_.operation_hash(); }
  [[nodiscard]] ByteView signed_operation() const { return decoded_.signed_operation(); }
  [[nodiscard]] ByteView body() const { return decoded_.body(); }
  [[nodiscard]] InstId actor() const { return decoded_.actor(); }
  [[nodiscard]] const OpId& op_id() const { return decoded_.op_id(); }
  [[nodiscard]] TimeMs valid_until() const { return decoded_.valid_until(); }
  [[nodiscard]] std::uint32_t type() const { return decoded_.type(); }
  [[nodiscard]] const Operation& operation() const { return decoded_.operation(); }
  [[nodiscard]] std::span<const Signer> signers() const;  // of the envelope

  struct TicketView {
    const TicketBody& body;
    bool is_for_terms;  // its terms_hash is that of the operation's terms
    std::span<const Signer> signers;
  };
  [[nodiscard]] std::size_t ticket_count() const;
  [[nodiscard]] TicketView ticket(std::size_t i) const;  // i < ticket_count()

 private:
  friend std::expected<Verified, Code> verify(Decoded, std::span<const bool>);
  explicit Verified(Decoded decoded);
  Decoded decoded_;
};

// Step 1: form, sizes, static bounds. A function of the bytes and the chain id alone.
[[nodiscard]] std::expected<Decoded, Code> decode(const crypto::Hash& chain_id,
                                                  Bytes signed_operation);
// The same of a body that nobody has signed yet: for preview().
[[nodiscard]] std::expected<Decoded, Code> decode_body(const crypto::Hash& chain_id, Bytes body);
// Step 2. One verdict for each of signature_checks(), in order; a wrong number of them is
// BAD_SIGNATURE.
[[nodiscard]] std::expected<Verified, Code> verify(Decoded operation,
                                                   std::span<const bool> signature_is_valid);
// Steps 3 to 6 at `now`: guards the pool, has no effect. A refusal is never recorded.
[[nodiscard]] std::expected<void, Code> admit(const StateView& state, const Verified& operation,
                                              TimeMs now);

struct BlockContext {
  std::uint64_t height{};
  TimeMs time;
};

// `body` is the canonical encoding of the event type's message (events.h).
struct Event {
  std::uint16_t type{};
  Bytes body;
  std::vector<std::uint32_t> scope;  // institutions that may read it, ascending; empty: all
};

struct Outcome {
  Code code{};
  bool recorded{};
  std::uint32_t index{};  // detail of 702 and of bulk: which part
  Code inner{Code::Ok};   // detail of 702; for 213 the code of the first execution
  std::vector<Event> events;
};

struct Write {
  Bytes key;
  std::optional<Bytes> value;  // nullopt: delete
};

struct TokenTotals {
  std::uint32_t token{};
  Amount issued, redeemed, held, frozen, internal;
  std::uint64_t positions{};
};

struct BlockResult {
  std::vector<Write>
      writes;  // ascending key, each once; slots (table 30) and the meta row included
  std::vector<Event> sweep_events;  // of leaf 0
  std::vector<Outcome> outcomes;    // one for each operation, in order
  std::vector<TokenTotals> totals;  // every token, ascending
  std::optional<std::vector<Validator>>
      next_validators;  // last block of an epoch: the set of the next
};

// The node stops before it attests the result. 0: a record could not be decoded; 1 to 23: that
// invariant of ledger 8.
struct Fatal {
  std::uint8_t invariant{};
  Bytes evidence;  // the key of the record
};

// Decoded records kept between blocks of one state, in step with it: after apply() it holds what
// the writes hold. Hand it only to apply() on the successive states of one ledger; after anything
// else (a snapshot, a Fatal) call clear(). Bounded; one thread.
class RecordCache {
 public:
  struct Limits {
    std::size_t records = 1'000'000;  // kept between blocks
    std::uint64_t hash_seed =
        0;  // secret of this node: ids come from clients, who must not choose collisions
  };
  RecordCache();
  explicit RecordCache(Limits limits);
  RecordCache(RecordCache&&) noexcept;
  RecordCache& operator=(RecordCache&&) noexcept;
  ~RecordCache();
  void clear();
  [[nodiscard]] std::size_t size() const;

 private:
  friend struct RecordCacheAccess;
  struct Content;
  std::unique_ptr<Content> content_;
};

// One block: the sweep, then the operations in order. What failed step 1 or 2 comes as its code and
// stays void. Total: any operations give a result or Fatal. `state` is the state after height - 1;
// block.time is later than its time.
[[nodiscard]] std::expected<BlockResult, Fatal> apply(
    const StateView& state, const BlockContext& block,
    std::span<const std::expected<Verified, Code>> operations, RecordCache& cache);

// The outcome that `operation` would have as the only one of block `next`, before its sweep. No
// effect.
[[nodiscard]] Outcome simulate(const StateView& state, const BlockContext& next,
                               const Verified& operation);

// `count` distinct operators of `institution` with `role`.
struct Requirement {
  InstId institution{};
  Role role{};
  std::uint32_t count{};
};

// Who must sign an operation, and what it would do with their signatures (ledger 10).
struct Preview {
  std::vector<Requirement> roles;           // ascending institution, then role
  std::vector<AccountPolicy> account_keys;  // of JOINT accounts: m of these keys each
  Code authority{};                         // of the signatures that it has: step 6
  Outcome outcome;                          // as simulate(), if all of them had signed
};
// After a refusal in steps 3 to 5 the outcome has its code, and nobody is named.
[[nodiscard]] Preview preview(const StateView& state, const BlockContext& next,
                              const Verified& operation);

// The operations of ledger 5, ascending by number.
struct OperationName {
  std::uint32_t type = 0;
  std::string_view name;  // "TOKEN_CREATE"
};
[[nodiscard]] std::vector<OperationName> operation_names();
[[nodiscard]] std::string_view operation_name(std::uint32_t type);  // "UNKNOWN" for none

}  // namespace giro::ledger
