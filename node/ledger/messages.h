// The bodies of operations (ledger 4.1, 5): what ledger.proto describes, as values. Field numbers
// are those of the schema; the member of the oneof has the operation type as its field number.
#pragma once

#include <variant>

#include "node/ledger/records.h"

namespace giro::ledger {

// A key of a role policy, as ROLE_SET and the ADMIN policies of proposals give it.
struct RoleKey {
  PublicKey public_key{};
  OperatorId operator_id{};
  TimeMs not_before{};
  TimeMs not_after{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.public_key);
    visit(2, self.operator_id);
    visit(3, self.not_before);
    visit(4, self.not_after);
  }
};
// More than kRolePolicyKeysMax keys are 214, not a fault of form: no Bounded.
struct RoleKeys {
  std::uint32_t quorum{};
  std::vector<RoleKey> keys;  // ascending public key

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.quorum);
    visit(2, self.keys);
  }
};

// The actions of a proposal. kType is the field in GovPropose.
struct InstAdd {
  static constexpr std::uint32_t kType = 10;
  std::string name{};
  InstitutionKind kind{};
  Lei lei{};
  std::string bic{};
  CountryCode country{};
  RoleKeys admin{};  // its first policy

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.name);
    visit(2, self.kind);
    visit(3, self.lei);
    visit(4, self.bic);
    visit(5, self.country);
    visit(6, self.admin);
  }
};

struct InstStatus {
  static constexpr std::uint32_t kType = 11;
  InstId institution{};
  InstitutionStatus status{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.institution);
    visit(2, self.status);
  }
};

// A new ADMIN policy, for an institution that lost its own.
struct InstKeys {
  static constexpr std::uint32_t kType = 12;
  InstId institution{};
  RoleKeys admin{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.institution);
    visit(2, self.admin);
  }
};

// VALIDATOR_SET: one seat of the next epoch's set.
struct ValidatorSetAction {
  static constexpr std::uint32_t kType = 13;
  SeatChange change{};
  InstId institution{};
  PublicKey public_key{};          // absent: Remove
  crypto::Signature possession{};  // by that key: see validator_key_sign_bytes

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.change);
    visit(2, self.institution);
    visit(3, self.public_key);
    visit(4, self.possession);
  }
};

struct ParamSet {
  static constexpr std::uint32_t kType = 14;
  std::string name{};     // of ledger 13 or protocol 14
  std::uint64_t value{};  // in its base unit

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.name);
    visit(2, self.value);
  }
};

using GovAction = std::variant<InstAdd, InstStatus, InstKeys, ValidatorSetAction, ParamSet>;

// Exactly one action.
struct GovPropose {
  static constexpr std::uint32_t kType = 10;
  std::uint32_t ttl_s{};
  bool urgent{};
  std::optional<InstAdd> inst_add{};
  std::optional<InstStatus> inst_status{};
  std::optional<InstKeys> inst_keys{};
  std::optional<ValidatorSetAction> validator_set{};
  std::optional<ParamSet> param_set{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.ttl_s);
    visit(2, self.urgent);
    visit(InstAdd::kType, self.inst_add);
    visit(InstStatus::kType, self.inst_status);
    visit(InstKeys::kType, self.inst_keys);
    visit(ValidatorSetAction::kType, self.validator_set);
    visit(ParamSet::kType, self.param_set);
  }
};

struct GovVote {
  static constexpr std::uint32_t kType = 11;
  InstId proposer{};
  PropId prop_id{};
  bool yes{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.proposer);
    visit(2, self.prop_id);
    visit(3, self.yes);
  }
};

// ROLE_SET.
struct RoleChange {
  static constexpr std::uint32_t kType = 12;
  Role role{};
  RoleKeys policy{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.role);
    visit(2, self.policy);
  }
};

struct KeyRevoke {
  static constexpr std::uint32_t kType = 13;
  KeyId key_id{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.key_id);
  }
};

struct TokenCreate {
  static constexpr std::uint32_t kType = 20;
  Currency currency{};
  std::uint16_t product{};
  TokenClass token_class{};
  HolderPolicy holder_policy{};
  std::uint8_t features{};  // kCan...
  Amount issuance_cap{};
  Amount max_tx{};
  Amount min_tx{};
  Amount fee_max{};
  Amount checker_threshold{};
  Amount dual_threshold{};
  Hash terms_hash{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.currency);
    visit(2, self.product);
    visit(3, self.token_class);
    visit(4, self.holder_policy);
    visit(5, self.features);
    visit(6, self.issuance_cap);
    visit(7, self.max_tx);
    visit(8, self.min_tx);
    visit(9, self.fee_max);
    visit(10, self.checker_threshold);
    visit(11, self.dual_threshold);
    visit(12, self.terms_hash);
  }
};

// All settings anew: what is absent becomes zero.
struct TokenSet {
  static constexpr std::uint32_t kType = 21;
  TokenId token{};
  Amount issuance_cap{};
  Amount max_tx{};
  Amount min_tx{};
  Amount fee_max{};
  Amount checker_threshold{};
  Amount dual_threshold{};
  Hash terms_hash{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.token);
    visit(2, self.issuance_cap);
    visit(3, self.max_tx);
    visit(4, self.min_tx);
    visit(5, self.fee_max);
    visit(6, self.checker_threshold);
    visit(7, self.dual_threshold);
    visit(8, self.terms_hash);
  }
};

struct TokenPause {
  static constexpr std::uint32_t kType = 22;
  TokenId token{};
  std::uint8_t flags{};  // kPause...

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.token);
    visit(2, self.flags);
  }
};

struct TokenUnpause {
  static constexpr std::uint32_t kType = 23;
  TokenId token{};
  std::uint8_t flags{};  // kPause...

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.token);
    visit(2, self.flags);
  }
};

// Account keys of an ACCT_OPEN or ACCT_KEYS_SET. JOINT only.
struct PolicyFields {
  std::uint32_t m{};
  Bounded<PublicKey, kAccountKeysMax> keys{};  // ascending

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.m);
    visit(2, self.keys);
  }
};

struct AcctOpen {
  static constexpr std::uint32_t kType = 30;
  AccountId account{};
  AccountKind kind{};  // CUSTOMER or NOSTRO
  InstId owner{};      // NOSTRO
  Commit owner_ref{};
  AuthMode auth_mode{};
  PolicyFields policy{};
  CountryCode country{};
  std::uint32_t kyc_tier{};
  TimeMs kyc_valid_until{};
  Amount max_balance{};                          // of every position opened here
  Bounded<TokenId, kAccountTokensMax> tokens{};  // ascending

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.account);
    visit(2, self.kind);
    visit(3, self.owner);
    visit(4, self.owner_ref);
    visit(5, self.auth_mode);
    visit(6, self.policy);
    visit(7, self.country);
    visit(8, self.kyc_tier);
    visit(9, self.kyc_valid_until);
    visit(10, self.max_balance);
    visit(11, self.tokens);
  }
};

struct PositionOpen {
  static constexpr std::uint32_t kType = 31;
  AccountId account{};
  TokenId token{};
  Amount max_balance{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.account);
    visit(2, self.token);
    visit(3, self.max_balance);
  }
};

struct AcctSet {
  static constexpr std::uint32_t kType = 32;
  AccountId account{};
  CountryCode country{};
  std::uint32_t kyc_tier{};
  TimeMs kyc_valid_until{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.account);
    visit(2, self.country);
    visit(3, self.kyc_tier);
    visit(4, self.kyc_valid_until);
  }
};

struct AcctClose {
  static constexpr std::uint32_t kType = 33;
  AccountId account{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.account);
  }
};

struct AcctKeysSet {
  static constexpr std::uint32_t kType = 34;
  AccountId account{};
  AuthMode auth_mode{};
  PolicyFields policy{};
  bool recovery{};  // without the present keys; sets the DEBIT block

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.account);
    visit(2, self.auth_mode);
    visit(3, self.policy);
    visit(4, self.recovery);
  }
};

// All limits anew.
struct LimitsSet {
  static constexpr std::uint32_t kType = 35;
  AccountId account{};
  TokenId token{};
  PositionLimits limits{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.account);
    visit(2, self.token);
    visit(3, self.limits);
  }
};

struct AcctBlock {
  static constexpr std::uint32_t kType = 36;
  AccountId account{};
  bool debit{};
  bool credit{};
  std::uint32_t reason_class{};
  Commit case_commit{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.account);
    visit(2, self.debit);
    visit(3, self.credit);
    visit(4, self.reason_class);
    visit(5, self.case_commit);
  }
};

struct AcctUnblock {
  static constexpr std::uint32_t kType = 37;
  AccountId account{};
  bool debit{};
  bool credit{};
  std::uint32_t reason_class{};
  Commit case_commit{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.account);
    visit(2, self.debit);
    visit(3, self.credit);
    visit(4, self.reason_class);
    visit(5, self.case_commit);
  }
};

struct FreezeAmount {
  static constexpr std::uint32_t kType = 38;
  AccountId account{};
  TokenId token{};
  Amount amount{};  // absolute; may be 0, may exceed posted

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.account);
    visit(2, self.token);
    visit(3, self.amount);
  }
};

// One subject of a deny list; what does not belong to its kind is absent.
struct DenyEntry {
  DenySubject kind{};
  InstId institution{};  // of an account: its servicer
  AccountId account{};
  CountryCode country{};
  std::uint32_t reason_class{};  // absent in a removal

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.kind);
    visit(2, self.institution);
    visit(3, self.account);
    visit(4, self.country);
    visit(5, self.reason_class);
  }
};

// More than kDenyEntriesMax entries are 111, not a fault of form: no Bounded.
struct DenySet {
  static constexpr std::uint32_t kType = 40;
  std::vector<DenyEntry> add;  // ascending by key, as are those to remove
  std::vector<DenyEntry> remove;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.add);
    visit(2, self.remove);
  }
};

// The actor's half of a corridor, anew.
struct CorridorSet {
  static constexpr std::uint32_t kType = 41;
  bool incoming{};  // the half of the actor as payee bank
  InstId peer{};
  Currency currency{};
  CorridorHalf half{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.incoming);
    visit(2, self.peer);
    visit(3, self.currency);
    visit(4, self.half);
  }
};

// Of a CUSTOMER account, by order of a court or an authority.
struct Clawback {
  static constexpr std::uint32_t kType = 42;
  TokenId token{};
  AccountId account{};
  Amount amount{};
  bool up_to{};          // what there is of the amount, not exactly it
  bool burn{};           // else into LEGAL_CUSTODY
  bool include_holds{};  // voids holds, oldest first, until the amount is free
  Commit legal_order_commit{};
  CountryCode jurisdiction{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.token);
    visit(2, self.account);
    visit(3, self.amount);
    visit(4, self.up_to);
    visit(5, self.burn);
    visit(6, self.include_holds);
    visit(7, self.legal_order_commit);
    visit(8, self.jurisdiction);
  }
};

struct Mint {
  static constexpr std::uint32_t kType = 50;
  TokenId token{};
  AccountId account{};
  Amount amount{};
  MintKind kind{};
  Commit core_ref_commit{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.token);
    visit(2, self.account);
    visit(3, self.amount);
    visit(4, self.kind);
    visit(5, self.core_ref_commit);
  }
};

struct Redeem {
  static constexpr std::uint32_t kType = 51;
  TokenId token{};
  AccountId account{};
  Amount amount{};
  Commit payout_commit{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.token);
    visit(2, self.account);
    visit(3, self.amount);
    visit(4, self.payout_commit);
  }
};

struct Transfer {
  static constexpr std::uint32_t kType = 52;
  PaymentTerms terms{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.terms);
  }
};

// A signature as it stands in an envelope or a ticket.
struct SignatureField {
  PublicKey public_key{};
  crypto::Signature signature{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.public_key);
    visit(2, self.signature);
  }
};

struct Ticket {
  Bytes body;                              // canonical TicketBody
  std::vector<SignatureField> signatures;  // ascending public key

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.body);
    visit(2, self.signatures);
  }
};

struct Pay {
  static constexpr std::uint32_t kType = 53;
  PaymentTerms terms{};
  Screening screening{};
  std::optional<Ticket> ticket;
  std::uint32_t ttl_s{};  // 0: payment_ttl

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.terms);
    visit(2, self.screening);
    visit(3, self.ticket);
    visit(4, self.ttl_s);
  }
};

// Of the payee bank, to a payment that is PENDING. Reject: nothing but the reason.
struct PayRespond {
  static constexpr std::uint32_t kType = 54;
  InstId payer_bank{};
  Uetr uetr{};
  bool accept{};
  Code reason{};
  Screening screening{};
  CopResult cop_result{};
  bool travel_rule_ack{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.payer_bank);
    visit(2, self.uetr);
    visit(3, self.accept);
    visit(4, self.reason);
    visit(5, self.screening);
    visit(6, self.cop_result);
    visit(7, self.travel_rule_ack);
  }
};

// Of a PENDING payment of the actor.
struct PayCancel {
  static constexpr std::uint32_t kType = 55;
  Uetr uetr{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.uetr);
  }
};

// The operation's op_id is the UETR of the return; payer_bank and uetr name the original.
struct ReturnPayment {
  static constexpr std::uint32_t kType = 56;
  InstId payer_bank{};
  Uetr uetr{};
  Amount amount{};
  Code reason{};
  bool by_bank{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.payer_bank);
    visit(2, self.uetr);
    visit(3, self.amount);
    visit(4, self.reason);
    visit(5, self.by_bank);
  }
};

// Items are payments as PAY orders them or, without a settle token, transfers: of one account and
// token. Tickets ascend by payee bank; each is for all payments to that bank, in order.
struct BulkPay {
  static constexpr std::uint32_t kType = 57;
  bool all_or_nothing{};
  Capped<PaymentTerms, kBulkItemsMax> items;
  Amount control_sum{};
  Screening screening{};
  Capped<Ticket, kBulkItemsMax> tickets;
  std::uint32_t ttl_s{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.all_or_nothing);
    visit(2, self.items);
    visit(3, self.control_sum);
    visit(4, self.screening);
    visit(5, self.tickets);
    visit(6, self.ttl_s);
  }
};

struct HoldCapture {
  static constexpr std::uint32_t kType = 61;
  InstId creator{};
  HoldId hold_id{};
  Amount amount{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.creator);
    visit(2, self.hold_id);
    visit(3, self.amount);
  }
};

// A TRANSFER without fees, as a leg.
struct Xfer {
  TokenId token{};
  AccountId from{};
  AccountId to{};
  Amount amount{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.token);
    visit(2, self.from);
    visit(3, self.to);
    visit(4, self.amount);
  }
};

// Exactly one of them.
struct Leg {
  std::optional<Xfer> xfer;
  std::optional<Mint> mint;
  std::optional<Redeem> burn;
  std::optional<HoldCapture> capture;
  std::optional<PayRespond> accept;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.xfer);
    visit(2, self.mint);
    visit(3, self.burn);
    visit(4, self.capture);
    visit(5, self.accept);
  }
};

// Legs that all happen or none. With `payment` they are what settles it: its UETR is the op_id.
struct SettleAtomic {
  static constexpr std::uint32_t kType = 58;
  Capped<Leg, kBatchLegsMax> legs;
  std::optional<PaymentTerms> payment;
  Screening screening{};
  std::optional<Ticket> ticket;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.legs);
    visit(2, self.payment);
    visit(3, self.screening);
    visit(4, self.ticket);
  }
};

// ESCROW, REDEEM or LEGAL. The hold's id is the op_id, its creator the actor. REDEEM and LEGAL name
// neither beneficiary nor captor: that is the issuer; LEGAL has no end.
struct HoldCreate {
  static constexpr std::uint32_t kType = 60;
  TokenId token{};
  AccountId account{};
  Amount amount{};
  HoldKind kind{};
  AccountId beneficiary{};
  InstId captor{};
  bool payer_may_release{};
  std::uint32_t ttl_s{};
  Commit case_commit{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.token);
    visit(2, self.account);
    visit(3, self.amount);
    visit(4, self.kind);
    visit(5, self.beneficiary);
    visit(6, self.captor);
    visit(7, self.payer_may_release);
    visit(8, self.ttl_s);
    visit(9, self.case_commit);
  }
};

struct HoldRelease {
  static constexpr std::uint32_t kType = 62;
  InstId creator{};
  HoldId hold_id{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.creator);
    visit(2, self.hold_id);
  }
};

using Action =
    std::variant<std::monostate, GovPropose, GovVote, RoleChange, KeyRevoke, TokenCreate, TokenSet,
                 TokenPause, TokenUnpause, AcctOpen, PositionOpen, AcctSet, AcctClose, AcctKeysSet,
                 LimitsSet, AcctBlock, AcctUnblock, FreezeAmount, DenySet, CorridorSet, Clawback,
                 Mint, Redeem, Transfer, Pay, PayRespond, PayCancel, ReturnPayment, BulkPay,
                 SettleAtomic, HoldCreate, HoldCapture, HoldRelease>;

struct Operation {
  std::uint32_t version = kOperationVersion;
  InstId actor{};
  OpId op_id{};
  TimeMs valid_until{};
  Action action;
};

}  // namespace giro::ledger
