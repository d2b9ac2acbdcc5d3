// What one operation, or one step of the sweep, works with: the overlay, the block, the events it
// emits, and the flows that the invariants are checked against afterwards.
#pragma once

#include <initializer_list>

#include "node/ledger/events.h"
#include "node/ledger/overlay.h"

namespace giro::ledger {

// Debits and credits of one token in one operation, control account included (ledger I2).
struct TokenFlow {
  TokenId token{};
  Amount debits{};
  Amount credits{};
};

// Why issued or redeemed of a token may rise in this operation (ledger I8).
struct Mandate {
  TokenId token{};
  bool mint = false;
  bool burn = false;
};

// A debit of an account that may not be debited otherwise (ledger I5, I19).
struct Seizure {
  Key position;
  bool beyond_available = false;  // up to posted - held
};

struct Violation {
  std::uint8_t invariant{};
  Key record;
};

struct Effects {
  Overlay& overlay;
  const Params& params;
  BlockContext block;
  std::uint32_t index = 0;  // of the operation; 0: the sweep
  std::vector<Event> events;
  std::vector<TokenFlow> flows;
  std::vector<Mandate> mandates;
  std::vector<Seizure> seizures{};
  bool balances_banks = false;  // a cross-bank payment or its return was settled: ledger I9
  std::uint32_t lines = 0;      // journal lines so far
  std::vector<std::pair<TokenId, AccountId>> fee_accounts{};  // of this block: each is hashed once

  // Ready for the next operation; keeps the memory.
  void reset(std::uint32_t next_index) {
    index = next_index;
    events.clear();
    flows.clear();
    mandates.clear();
    seizures.clear();
    balances_banks = false;
    lines = 0;
  }

  // `scope` in any order; 0 and repetitions are left out.
  template <class Body>
  void emit(EventType type, const Body& body, std::initializer_list<InstId> scope) {
    emit_encoded(type, encode(body), std::span(scope.begin(), scope.size()));
  }
  [[nodiscard]] const Seizure* seizure_of(const Key& position) const;
  void emit_encoded(EventType type, Bytes body, std::span<const InstId> scope);

  // For a part of an operation that may fail alone: what it did here goes with its savepoint.
  struct Mark {
    std::size_t events = 0;
    std::vector<TokenFlow> flows;
    std::vector<Mandate> mandates;
    std::uint32_t lines = 0;
    bool balances_banks = false;
  };
  [[nodiscard]] Mark mark() const;
  void rollback(Mark mark);

  [[nodiscard]] TokenFlow& flow(TokenId token);
  [[nodiscard]] Mandate& mandate(TokenId token);
  [[nodiscard]] AccountId fee_account(TokenId token);
  [[nodiscard]] std::uint64_t epoch() const;  // of the block
  [[nodiscard]] Day today() const { return day_of(block.time); }
};

}  // namespace giro::ledger
