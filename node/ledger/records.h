// The records of the ledger (ledger 3), their keys (ledger 9.1) and their canonical encoding
// (ledger 4.1).
//
//   Bytes value = encode(position);            // once per block, by the overlay
//   std::optional<Position> p = decode_record<Position>(bytes);   // nullopt: not a canonical
//   encoding
//
// Index rows (tables 21, 23, 24, 26) have an empty value: their key says everything.
#pragma once

#include <optional>
#include <string>

#include "node/ledger/codes.h"
#include "node/ledger/key.h"
#include "node/ledger/terms.h"
#include "node/ledger/wire.h"

namespace giro::ledger {

// ---- 01 params ----

// Parameters of the network plane (protocol 14) travel in the same record, as numbers in their base
// unit (bytes, milliseconds, counts). Which id means which is the genesis file's affair; the ledger
// only keeps and changes them.
struct NetworkParam {
  std::uint32_t id{};  // from 1
  std::uint64_t value{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.id);
    visit(2, self.value);
  }
  friend bool operator==(const NetworkParam&, const NetworkParam&) = default;
};

// Ledger 13. Intervals in milliseconds.
struct Params {
  static constexpr Table kTable = Table::Params;
  std::uint64_t op_window_ms{};
  std::uint64_t outcome_retention_ms{};
  std::uint64_t payment_retention_ms{};
  std::uint64_t return_window_ms{};
  std::uint64_t attest_ttl_ms{};
  std::uint64_t payment_ttl_ms{};
  std::uint64_t payment_ttl_max_ms{};
  std::uint64_t hold_ttl_max_ms{};
  std::uint64_t gov_timelock_ms{};
  std::uint64_t proposal_ttl_max_ms{};
  std::uint64_t urgent_suspension_ms{};
  std::uint64_t sweep_max{};
  std::uint64_t sweep_delete_max{};
  std::uint64_t epoch_blocks{};  // fixed at genesis
  std::uint32_t rules_version{};
  std::vector<NetworkParam> network;  // ascending id; in force in this epoch
  std::vector<NetworkParam>
      network_next;  // ascending id; changes that take effect with the next epoch

  [[nodiscard]] static Params defaults();  // the defaults of ledger 13

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.op_window_ms);
    visit(2, self.outcome_retention_ms);
    visit(3, self.payment_retention_ms);
    visit(4, self.return_window_ms);
    visit(5, self.attest_ttl_ms);
    visit(6, self.payment_ttl_ms);
    visit(7, self.payment_ttl_max_ms);
    visit(8, self.hold_ttl_max_ms);
    visit(9, self.gov_timelock_ms);
    visit(10, self.proposal_ttl_max_ms);
    visit(11, self.urgent_suspension_ms);
    visit(12, self.sweep_max);
    visit(13, self.sweep_delete_max);
    visit(14, self.epoch_blocks);
    visit(15, self.rules_version);
    visit(16, self.network);
    visit(17, self.network_next);
  }
};

// ---- 02 to 08 institutions, keys, validators, governance ----

struct Institution {
  static constexpr Table kTable = Table::Institution;
  std::string name;  // unique, a-z 0-9 -, at most 32
  InstitutionKind kind{};
  Lei lei{};
  std::string bic;
  CountryCode country{};
  InstitutionStatus status{};
  TimeMs suspended_until{};      // urgent suspension only
  std::uint32_t deny_entries{};  // rows in its deny list: 0 saves the look-ups
  // Of the seat that it lost: with it, it may go on following (protocol R44). Zero: none.
  PublicKey observer_key{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.name);
    visit(2, self.kind);
    visit(3, self.lei);
    visit(4, self.bic);
    visit(5, self.country);
    visit(6, self.status);
    visit(7, self.suspended_until);
    visit(8, self.deny_entries);
    visit(9, self.observer_key);
  }
};

struct RolePolicy {
  static constexpr Table kTable = Table::RolePolicy;
  std::uint32_t quorum{};
  std::vector<KeyId> keys;  // ascending

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.quorum);
    visit(2, self.keys);
  }
};

// A key of an institution (table 04). `roles` are exactly the policies that name it.
struct InstitutionKey {
  static constexpr Table kTable = Table::Key;
  PublicKey public_key{};
  OperatorId operator_id{};  // opaque tag of one human or one service
  RoleSet roles{};           // role_bit
  TimeMs not_before{};       // valid from this block time
  TimeMs not_after{};        // and before this one
  KeyStatus status{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.public_key);
    visit(2, self.operator_id);
    visit(3, self.roles);
    visit(4, self.not_before);
    visit(5, self.not_after);
    visit(6, self.status);
  }
};

struct Validator {
  std::uint32_t institution{};
  crypto::PublicKey key{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.institution);
    visit(2, self.key);
  }
  friend bool operator==(const Validator&, const Validator&) = default;
};

// The set of one epoch. The set of the next epoch is written with the last block of this one.
struct ValidatorSet {
  static constexpr Table kTable = Table::ValidatorSet;
  std::vector<Validator> members;  // ascending institution
  std::vector<Validator> next;     // members of the next epoch when a change is pending, else empty
  std::uint32_t changes{};         // seats changed for the next epoch

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.members);
    visit(2, self.next);
    visit(3, self.changes);
  }
};

struct Vote {
  InstId institution{};
  bool yes{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.institution);
    visit(2, self.yes);
  }
};

struct Proposal {
  static constexpr Table kTable = Table::Proposal;
  std::uint32_t action_type{};
  Bytes action;  // canonical encoding of the action's message
  bool urgent{};
  std::vector<Vote> votes;
  ProposalState state{};
  TimeMs expires_at{};
  TimeMs execute_at{};
  std::uint32_t code{};
  TimeMs ended_at{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.action_type);
    visit(2, self.action);
    visit(3, self.urgent);
    visit(4, self.votes);
    visit(5, self.state);
    visit(6, self.expires_at);
    visit(7, self.execute_at);
    visit(8, self.code);
    visit(9, self.ended_at);
  }
};

struct UsedValidatorKey {
  static constexpr Table kTable = Table::UsedValidatorKey;
  InstId institution{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.institution);
  }
};

struct LeiOrName {
  static constexpr Table kTable = Table::LeiOrName;
  InstId institution{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.institution);
  }
};

// ---- 10 to 16 tokens, accounts, corridors ----

struct Token {
  static constexpr Table kTable = Table::Token;
  InstId issuer{};
  Currency currency{};
  std::uint8_t scale{};
  std::uint16_t product{};
  TokenClass token_class{};
  HolderPolicy holder_policy{};
  std::uint8_t features{};  // kCan...
  std::uint8_t paused{};    // kPause...
  Amount issuance_cap{};    // literal
  Amount max_tx{};          // 0: no limit
  Amount min_tx{};
  Amount fee_max{};
  Amount checker_threshold{};  // literal: 0 is always
  Amount dual_threshold{};     // literal: 0 is always
  Hash terms_hash{};
  Amount issued{};    // by the control account: never falls
  Amount redeemed{};  // by the control account: never falls
  Amount held{};      // sum over its positions
  Amount frozen{};    // sum over its positions
  Amount internal{};  // posted of FEE and SUSPENSE
  Amount posted{};    // sum over its positions: ledger I1 compares it with issued - redeemed
  std::uint64_t positions{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.issuer);
    visit(2, self.currency);
    visit(3, self.scale);
    visit(4, self.product);
    visit(5, self.token_class);
    visit(6, self.holder_policy);
    visit(7, self.features);
    visit(8, self.paused);
    visit(9, self.issuance_cap);
    visit(10, self.max_tx);
    visit(11, self.min_tx);
    visit(12, self.fee_max);
    visit(13, self.checker_threshold);
    visit(14, self.dual_threshold);
    visit(15, self.terms_hash);
    visit(16, self.issued);
    visit(17, self.redeemed);
    visit(18, self.held);
    visit(19, self.frozen);
    visit(20, self.internal);
    visit(21, self.posted);
    visit(22, self.positions);
  }
};

struct TokenByName {
  static constexpr Table kTable = Table::TokenByName;
  TokenId token{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.token);
  }
};

struct AccountPolicy {
  std::uint32_t m{};
  std::vector<PublicKey> keys;  // ascending, at most kAccountKeysMax

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.m);
    visit(2, self.keys);
  }
};

struct Account {
  static constexpr Table kTable = Table::Account;
  AccountKind kind{};
  InstId owner{};  // NOSTRO only
  Commit owner_ref{};
  AuthMode auth_mode{};
  AccountPolicy policy;   // JOINT only
  std::uint8_t blocks{};  // kBlock...
  CountryCode country{};
  std::uint32_t kyc_tier{};
  TimeMs kyc_valid_until{};
  AccountStatus status{};
  std::uint64_t open_items{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.kind);
    visit(2, self.owner);
    visit(3, self.owner_ref);
    visit(4, self.auth_mode);
    visit(5, self.policy);
    visit(6, self.blocks);
    visit(7, self.country);
    visit(8, self.kyc_tier);
    visit(9, self.kyc_valid_until);
    visit(10, self.status);
    visit(11, self.open_items);
  }
};

// 0 in an amount or a count: no limit. No allowed_payee_banks: every bank.
struct PositionLimits {
  Amount max_tx{};
  Amount day_amount{};
  std::uint64_t day_count{};
  Bounded<InstId, kAllowedPayeeBanksMax> allowed_payee_banks{};  // ascending
  Amount max_balance{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.max_tx);
    visit(2, self.day_amount);
    visit(3, self.day_count);
    visit(4, self.allowed_payee_banks);
    visit(5, self.max_balance);
  }
};

struct Position {
  static constexpr Table kTable = Table::Position;
  Amount posted{};
  Amount held{};
  Amount frozen{};  // may exceed posted
  Amount dr_total{};
  Amount cr_total{};
  std::uint64_t dr_count{};
  std::uint64_t cr_count{};
  std::uint64_t entry_seq{};
  Hash entry_chain{};
  PositionLimits limits{};
  Day day{};  // of day_used and day_ops
  Amount day_used{};
  std::uint64_t day_ops{};
  std::uint64_t last_height{};

  [[nodiscard]] Amount available() const {  // max(0, posted - held - frozen)
    return subtract_or_zero(subtract_or_zero(posted, held), frozen);
  }

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.posted);
    visit(2, self.held);
    visit(3, self.frozen);
    visit(4, self.dr_total);
    visit(5, self.cr_total);
    visit(6, self.dr_count);
    visit(7, self.cr_count);
    visit(8, self.entry_seq);
    visit(9, self.entry_chain);
    visit(10, self.limits);
    visit(11, self.day);
    visit(12, self.day_used);
    visit(13, self.day_ops);
    visit(14, self.last_height);
  }
};

// The one NOSTRO account an institution uses for a token; its servicer is the token's issuer.
struct OwnAccount {
  static constexpr Table kTable = Table::OwnAccount;
  AccountId account{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.account);
  }
};

struct CorridorHalf {
  bool enabled{};
  Amount max_tx{};                                     // literal
  Amount daily_cap{};                                  // literal
  Bounded<TokenId, kSettleTokensMax> settle_tokens{};  // ascending
  Amount travel_rule_threshold{};                      // literal: 0 is always
  Amount cop_threshold{};                              // literal: 0 is always
  std::uint8_t required_checks{};                      // kCheck...
  bool purpose_required{};
  Amount auto_accept_max{};   // payee half only
  Amount standing_fee_max{};  // payee half only

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.enabled);
    visit(2, self.max_tx);
    visit(3, self.daily_cap);
    visit(4, self.settle_tokens);
    visit(5, self.travel_rule_threshold);
    visit(6, self.cop_threshold);
    visit(7, self.required_checks);
    visit(8, self.purpose_required);
    visit(9, self.auto_accept_max);
    visit(10, self.standing_fee_max);
  }
};

struct Corridor {
  static constexpr Table kTable = Table::Corridor;
  CorridorHalf payer;  // the payer bank's mandate to debit its own accounts
  CorridorHalf payee;  // the payee bank's mandate to mint
  Day day{};           // of day_used
  Amount day_used{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.payer);
    visit(2, self.payee);
    visit(3, self.day);
    visit(4, self.day_used);
  }
};

struct Deny {
  static constexpr Table kTable = Table::Deny;
  std::uint32_t reason_class{};
  std::uint64_t height{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.reason_class);
    visit(2, self.height);
  }
};

// ---- 20 to 27 payments, holds, outcomes ----

struct Payment {
  static constexpr Table kTable = Table::Payment;
  PaymentKind kind{};
  PaymentTerms terms{};
  PaymentState state{};
  Code reason{};  // why it is REJECTED or EXPIRED
  bool has_hold{};
  TimeMs created_at{};
  TimeMs expires_at{};  // PENDING, and those that were
  TimeMs settled_at{};
  TimeMs ended_at{};  // the last change of state; 0 while PENDING
  Amount returned{};
  Uetr original{};  // RETURN: the payment it returns, of the same two banks
  InstId original_payer_bank{};
  std::uint64_t last_height{};
  std::uint32_t last_index{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.kind);
    visit(2, self.terms);
    visit(3, self.state);
    visit(4, self.reason);
    visit(5, self.has_hold);
    visit(6, self.created_at);
    visit(7, self.expires_at);
    visit(8, self.settled_at);
    visit(9, self.ended_at);
    visit(10, self.returned);
    visit(11, self.original);
    visit(12, self.original_payer_bank);
    visit(13, self.last_height);
    visit(14, self.last_index);
  }
};

struct Hold {
  static constexpr Table kTable = Table::Hold;
  TokenId token{};
  AccountId account{};
  Amount amount{};
  Amount captured{};
  HoldKind kind{};
  AccountId beneficiary{};
  InstId captor{};
  bool payer_may_release{};
  TimeMs created_at{};
  TimeMs expires_at{};  // 0: never (LEGAL)
  HoldStatus status{};
  std::uint64_t created_height{};
  TimeMs ended_at{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.token);
    visit(2, self.account);
    visit(3, self.amount);
    visit(4, self.captured);
    visit(5, self.kind);
    visit(6, self.beneficiary);
    visit(7, self.captor);
    visit(8, self.payer_may_release);
    visit(9, self.created_at);
    visit(10, self.expires_at);
    visit(11, self.status);
    visit(12, self.created_height);
    visit(13, self.ended_at);
  }
};

// The one result of (actor, op_id). Kept until valid_until + outcome_retention.
struct OutcomeRecord {
  static constexpr Table kTable = Table::Outcome;
  Code code{};
  std::uint32_t detail_index{};
  Code detail_inner{};
  std::uint64_t height{};
  std::uint32_t index{};  // place in the outcomes tree: operations count from 1
  Hash operation_hash{};
  TimeMs valid_until{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.code);
    visit(2, self.detail_index);
    visit(3, self.detail_inner);
    visit(4, self.height);
    visit(5, self.index);
    visit(6, self.operation_hash);
    visit(7, self.valid_until);
  }
};

struct MintReference {
  static constexpr Table kTable = Table::MintReference;
  TimeMs used_at{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.used_at);
  }
};

// ---- 30, 31 slots and meta ----

// Row meta_key(): what the state machine continues from. apply() writes it with every block.
struct Meta {
  static constexpr Table kTable = Table::Meta;
  std::uint64_t height{};
  TimeMs block_time{};
  std::uint64_t epoch{};  // of `height`; block 0 belongs to epoch 0
  InstId next_institution{};
  TokenId next_token{};
  std::uint64_t next_slot{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.height);
    visit(2, self.block_time);
    visit(3, self.epoch);
    visit(4, self.next_institution);
    visit(5, self.next_token);
    visit(6, self.next_slot);
  }
  friend bool operator==(const Meta&, const Meta&) = default;
};

// Row chain_key(): the chain value of ledger 9.2 at the state's height. Written by whoever computes
// the roots, in the same atomic batch; apply() neither reads nor writes it, so hashing the write
// set never delays the next block.
struct Chain {
  static constexpr Table kTable = Table::Meta;
  Hash value{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.value);
  }
};

// ---- keys ----

[[nodiscard]] Key params_key();
[[nodiscard]] Key institution_key(InstId inst);
[[nodiscard]] Key role_policy_key(InstId inst, Role role);
[[nodiscard]] Key key_key(InstId inst, KeyId id);
[[nodiscard]] Key validator_set_key(std::uint64_t epoch);
[[nodiscard]] Key proposal_key(InstId proposer, const PropId& id);
[[nodiscard]] Key used_validator_key_key(const PublicKey& key);
[[nodiscard]] Key lei_key(const Lei& lei);
[[nodiscard]] Key name_key(std::string_view name);  // at most kInstitutionNameMax
[[nodiscard]] Key token_key(TokenId token);
[[nodiscard]] Key token_by_name_key(InstId issuer, const Currency& currency, std::uint16_t product);
[[nodiscard]] Key account_key(InstId servicer, const AccountId& account);
[[nodiscard]] Key position_key(TokenId token, const AccountId& account);
[[nodiscard]] Key own_account_key(InstId owner, TokenId token);
[[nodiscard]] Key corridor_key(InstId from, InstId to, const Currency& currency);
[[nodiscard]] Key deny_account_key(InstId list, InstId servicer, const AccountId& account);
[[nodiscard]] Key deny_institution_key(InstId list, InstId subject);
[[nodiscard]] Key deny_country_key(InstId list, const CountryCode& country);
[[nodiscard]] Key payment_key(InstId payer_bank, const Uetr& uetr);
[[nodiscard]] Key uetr_index_key(const Uetr& uetr, InstId payer_bank);
[[nodiscard]] Key hold_key(InstId creator, const HoldId& id);
[[nodiscard]] Key hold_of_position_key(TokenId token, const AccountId& account,
                                       std::uint64_t created_height, InstId creator,
                                       const HoldId& id);
[[nodiscard]] Key outcome_key(InstId actor, const OpId& id);
[[nodiscard]] Key mint_reference_key(TokenId token, const Commit& commit);
[[nodiscard]] Key slot_key(std::uint64_t slot);  // value: the record's key, as it is
[[nodiscard]] Key meta_key();
[[nodiscard]] Key chain_key();

// The token of a token_key or position_key, and the account of a position_key.
[[nodiscard]] TokenId token_of(const Key& key);
[[nodiscard]] AccountId account_of(const Key& position_key);
// What a payment_key or hold_key names: the institution and its own id.
struct OwnedId {
  InstId institution{};
  Id id{};
};
[[nodiscard]] OwnedId owned_id_of(const Key& key);

// `subject` is the key of the record that falls due, kept without its table byte.
[[nodiscard]] Key deadline_key(TimeMs time, DeadlineKind kind, const Key& subject);
[[nodiscard]] Key retention_key(Day day, RetentionKind kind, const Key& subject);

// First and one-past-last key of a table, and of a prefix of it: for StateView::scan.
[[nodiscard]] Bytes table_begin(Table table);
[[nodiscard]] Bytes table_end(Table table);
[[nodiscard]] Bytes prefix_end(ByteView prefix);

// The FEE, SUSPENSE or LEGAL_CUSTODY account of a token: first 16 bytes of
// SHA-256("giro/internal/v1" ‖ token ‖ kind), token as u32 and kind as u8 (AccountKind),
// big-endian.
[[nodiscard]] AccountId internal_account(TokenId token, AccountKind kind);
// entry_chain(0) of a position: SHA-256("giro/entry/v1" ‖ token ‖ account).
[[nodiscard]] Hash first_entry_chain(TokenId token, const AccountId& account);

// ---- encoding ----

template <typename Record>
[[nodiscard]] Bytes encode(const Record& record) {
  return wire::encode(record);
}
// nullopt: not the canonical encoding of a Record; the state is damaged.
template <typename Record>
[[nodiscard]] std::optional<Record> decode_record(ByteView bytes) {
  Record record{};
  if (wire::decode(bytes, record) != wire::Fault::None) return std::nullopt;
  return record;
}

}  // namespace giro::ledger
