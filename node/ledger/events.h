// The events of ledger 10: numbers, and the messages that their bodies encode canonically. Clients
// read them by ledger.proto; numbers are never reused.
#pragma once

#include "node/ledger/messages.h"
#include "node/ledger/records.h"

namespace giro::ledger {

enum class EventType : std::uint16_t {
  PaymentPending = 1,  // PaymentEvent, also the next five
  PaymentSettled = 2,
  PaymentRejected = 3,
  PaymentCancelled = 4,
  PaymentExpired = 5,
  PaymentReturned = 6,
  Entry = 10,   // EntryEvent
  Minted = 11,  // MovementEvent, also the next two
  Redeemed = 12,
  ClawedBack = 13,
  HoldCreated = 20,  // HoldEvent, also the next four
  HoldCaptured = 21,
  HoldReleased = 22,
  HoldExpired = 23,
  HoldVoided = 24,
  AccountOpened = 30,  // AccountEvent, also the next five
  AccountChanged = 31,
  AccountClosed = 32,
  AccountBlocked = 33,
  AccountUnblocked = 34,
  AccountKeysChanged = 35,
  PositionOpened = 36,  // PositionEvent, also the next two
  LimitsChanged = 37,
  AmountFrozen = 38,
  TokenCreated = 40,  // TokenEvent, also the next three
  TokenChanged = 41,
  TokenPaused = 42,
  TokenUnpaused = 43,
  CorridorChanged = 44,    // CorridorEvent
  DenyListChanged = 45,    // DenyListEvent
  RolePolicyChanged = 50,  // RolePolicyEvent
  KeyRevoked = 51,         // KeyRevokedEvent
  InstitutionAdded = 52,   // InstitutionEvent, also the next
  InstitutionStatusChanged = 53,
  ProposalOpened = 54,  // ProposalEvent, also ProposalClosed
  VoteCast = 55,        // VoteCastEvent
  ProposalClosed = 56,
  ParamChanged = 57,         // ParamEvent
  ValidatorSetChanged = 58,  // ValidatorSetEvent
  BulkProcessed = 60,        // BulkEvent
  BatchSettled = 61,         // BatchEvent
  InvariantAlarm = 62,       // AlarmEvent
};
[[nodiscard]] constexpr bool is_of_payment(EventType type) {
  return type >= EventType::PaymentPending && type <= EventType::PaymentReturned;
}
[[nodiscard]] std::string_view name(
    EventType type);  // "PaymentSettled"; "Unknown" for what is no event

enum class Side : std::uint8_t { Debit = 0, Credit = 1 };
enum class EntryType : std::uint8_t {
  Mint = 0,
  Redeem = 1,
  Payment = 2,
  Fee = 3,
  Settlement = 4,
  Return = 5,
  Clawback = 6,
  Escrow = 7,
  Genesis = 8,
};

[[nodiscard]] std::string_view name(EntryType type);      // "SETTLEMENT"
[[nodiscard]] std::string_view name(PaymentKind kind);    // "XBANK"
[[nodiscard]] std::string_view name(PaymentState state);  // "SETTLED"

template <>
inline constexpr std::uint64_t wire::kEnumMax<Side> = 1;
template <>
inline constexpr std::uint64_t wire::kEnumMax<EntryType> = 8;

// One line on one position (ledger 9.3). Its canonical bytes are hashed into the position's
// entry_chain.
struct EntryEvent {
  TokenId token{};
  AccountId account{};
  std::uint64_t seq{};  // of the position, from 1
  Side side{};
  Amount amount{};
  Amount balance{};  // posted after it
  std::uint64_t height{};
  std::uint32_t index{};  // of the operation
  std::uint32_t line{};   // of the operation's journal, from 1
  InstId payer_bank{};    // of the payment; else the actor
  Id reference{};         // UETR of the payment; else the op_id
  EntryType type{};
  InstId counterparty_bank{};
  TimeMs block_time{};
  Commit e2e_commit{};
  Commit remittance_commit{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.token);
    visit(2, self.account);
    visit(3, self.seq);
    visit(4, self.side);
    visit(5, self.amount);
    visit(6, self.balance);
    visit(7, self.height);
    visit(8, self.index);
    visit(9, self.line);
    visit(10, self.payer_bank);
    visit(11, self.reference);
    visit(12, self.type);
    visit(13, self.counterparty_bank);
    visit(14, self.block_time);
    visit(15, self.e2e_commit);
    visit(16, self.remittance_commit);
  }
};
// entry_chain(n) = SHA-256("giro/entry/v1" ‖ entry_chain(n-1) ‖ entry)
[[nodiscard]] Hash next_entry_chain(const Hash& previous, ByteView entry);

struct PaymentEvent {
  PaymentKind kind{};
  PaymentTerms terms{};
  PaymentState state{};
  Code code{};
  TimeMs expires_at{};
  Amount returned{};
  Uetr original{};
  InstId original_payer_bank{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.kind);
    visit(2, self.terms);
    visit(3, self.state);
    visit(4, self.code);
    visit(5, self.expires_at);
    visit(6, self.returned);
    visit(7, self.original);
    visit(8, self.original_payer_bank);
  }
};

struct MovementEvent {
  TokenId token{};
  AccountId account{};
  Amount amount{};
  MintKind kind{};  // Minted
  Commit commit{};
  CountryCode jurisdiction{};    // ClawedBack
  std::uint32_t voided_holds{};  // ClawedBack

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.token);
    visit(2, self.account);
    visit(3, self.amount);
    visit(4, self.kind);
    visit(5, self.commit);
    visit(6, self.jurisdiction);
    visit(7, self.voided_holds);
  }
};

struct HoldEvent {
  InstId creator{};
  HoldId hold_id{};
  TokenId token{};
  AccountId account{};
  Amount amount{};
  Amount captured{};
  HoldKind kind{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.creator);
    visit(2, self.hold_id);
    visit(3, self.token);
    visit(4, self.account);
    visit(5, self.amount);
    visit(6, self.captured);
    visit(7, self.kind);
  }
};

struct AccountEvent {
  InstId servicer{};
  AccountId account{};
  Account values;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.servicer);
    visit(2, self.account);
    visit(3, self.values);
  }
};

struct PositionEvent {
  InstId servicer{};
  AccountId account{};
  TokenId token{};
  PositionLimits limits{};
  Amount frozen{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.servicer);
    visit(2, self.account);
    visit(3, self.token);
    visit(4, self.limits);
    visit(5, self.frozen);
  }
};

struct TokenEvent {
  TokenId token{};
  Token values;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.token);
    visit(2, self.values);
  }
};

struct CorridorEvent {
  InstId from{};
  InstId to{};
  Currency currency{};
  CorridorHalf payer{};
  CorridorHalf payee{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.from);
    visit(2, self.to);
    visit(3, self.currency);
    visit(4, self.payer);
    visit(5, self.payee);
  }
};

// What is on the list is nobody else's affair (ledger 12).
struct DenyListEvent {
  InstId institution{};
  std::uint32_t entries{};  // of its list now

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.institution);
    visit(2, self.entries);
  }
};

struct RolePolicyEvent {
  InstId institution{};
  Role role{};
  RoleKeys policy{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.institution);
    visit(2, self.role);
    visit(3, self.policy);
  }
};

struct KeyRevokedEvent {
  InstId institution{};
  KeyId key_id{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.institution);
    visit(2, self.key_id);
  }
};

struct InstitutionEvent {
  InstId institution{};
  Institution values{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.institution);
    visit(2, self.values);
  }
};

struct ParamEvent {
  std::string name{};
  std::uint64_t value{};
  std::uint64_t from_epoch{};  // 0: in force already

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.name);
    visit(2, self.value);
    visit(3, self.from_epoch);
  }
};

// ProposalOpened, ProposalClosed.
struct ProposalEvent {
  InstId proposer{};
  PropId id{};
  std::uint32_t action_type{};
  Bytes action;  // canonical message of the type
  bool urgent{};
  ProposalState state{};
  TimeMs expires_at{};
  TimeMs execute_at{};
  std::uint32_t code{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.proposer);
    visit(2, self.id);
    visit(3, self.action_type);
    visit(4, self.action);
    visit(5, self.urgent);
    visit(6, self.state);
    visit(7, self.expires_at);
    visit(8, self.execute_at);
    visit(9, self.code);
  }
};

struct VoteCastEvent {
  InstId proposer{};
  PropId id{};
  InstId institution{};
  bool yes{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.proposer);
    visit(2, self.id);
    visit(3, self.institution);
    visit(4, self.yes);
  }
};

// ValidatorSetChanged: the set of `epoch` as it stands with this change.
struct ValidatorSetEvent {
  std::uint64_t epoch{};
  std::vector<Validator> members;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.epoch);
    visit(2, self.members);
  }
};

// BulkProcessed: how many items ended how, and their amounts.
struct BulkEvent {
  std::uint32_t settled{};
  std::uint32_t pending{};
  std::uint32_t rejected{};
  Amount settled_amount{};
  Amount pending_amount{};
  Amount rejected_amount{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.settled);
    visit(2, self.pending);
    visit(3, self.rejected);
    visit(4, self.settled_amount);
    visit(5, self.pending_amount);
    visit(6, self.rejected_amount);
  }
};

// BatchSettled.
struct BatchEvent {
  std::uint32_t legs{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.legs);
  }
};

struct AlarmEvent {
  std::uint32_t invariant{};
  Bytes record;  // key of the record that broke it

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.invariant);
    visit(2, self.record);
  }
};

}  // namespace giro::ledger
