// One operation against the state of the reference ledger (ledger 4, 5). Every check that can be
// made is made; the finding of the lowest step counts, within a step the lowest code (ledger 4.4).
#pragma once

#include "tests/unit/node/ledger/reference/state.h"

namespace giro::ledger::reference {

struct Verdict {
  Code code{};
  bool recorded = false;
  std::uint32_t index{};
  Code inner{};
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

class Findings {
 public:
  void at(int step, Code code, bool bad) {
    if (bad && (!found_ || std::pair(step, code) < std::pair(step_, code_))) {
      found_ = true;
      step_ = step;
      code_ = code;
    }
  }
  [[nodiscard]] bool any() const { return found_; }
  [[nodiscard]] Code code() const { return code_; }

 private:
  bool found_ = false;
  int step_ = 0;
  Code code_{};
};

// Who must sign (ledger 4.2).
struct Need {
  std::map<InstId, std::map<Role, std::uint32_t>> roles;
  std::set<AcctKey> own_keys;  // JOINT accounts whose own keys are needed

  void add(InstId inst, Role role, std::uint32_t count) {
    auto& known = roles[inst][role];
    known = std::max(known, count);
  }
  void add(const Need& other) {
    for (const auto& [inst, of_inst] : other.roles) {
      for (const auto& [role, count] : of_inst) add(inst, role, count);
    }
    own_keys.insert(other.own_keys.begin(), other.own_keys.end());
  }
};

using Keys = std::set<PublicKey>;

class Rules {
 public:
  Rules(State& state, const Operation& operation, const Keys& signers, std::uint32_t index)
      : s_(state), op_(operation), actor_(operation.actor), signers_(signers), index_(index) {}

  [[nodiscard]] Verdict run();
  // Who would have to sign it on this state; nullopt: step 5 fails.
  [[nodiscard]] static std::optional<Need> needed(State& state, const Operation& operation);
  [[nodiscard]] Code form() const;  // step 1
  // A proposal whose time has come (ledger 5.1).
  static void execute(State& state, const OwnedKey& at);
  static void end_pending(State& state, Paym& payment, const OwnedKey& at, PaymentState to,
                          Code reason, HoldStatus hold);

 private:
  using Fault = std::optional<Code>;

  // ---- authority.cpp ----
  [[nodiscard]] std::uint32_t quorum(InstId inst, Role role) const;
  void need_quorum(InstId inst, Role role) { need_.add(inst, role, quorum(inst, role)); }
  void need_of_debit(TokenId token, const AcctKey& account, Money amount);  // AA
  [[nodiscard]] Fault unmet(const Need& need) const;
  [[nodiscard]] Fault unmet_of(InstId inst, const std::map<Role, std::uint32_t>& roles,
                               const Keys& signers) const;

  // ---- what operations share: parties.cpp ----
  [[nodiscard]] bool is_exiting(InstId inst) const {
    return s_.insts.at(inst).status == InstitutionStatus::Exiting;
  }
  [[nodiscard]] bool is_paused(TokenId token, unsigned flag) const;
  [[nodiscard]] bool has_position(const AcctKey& at, TokenId token) const;
  void signer_status();  // 301
  void debtor(const AcctKey& at, TokenId token, bool kind_allowed);
  void creditor(const AcctKey& at, TokenId token, bool kind_allowed);
  void funds(const PosKey& at, Money amount);
  void max_balance(const PosKey& at, Money more);
  void cap(TokenId token, Money more);
  void denied(const PaymentTerms& terms, const AcctKey& payer, const AcctKey& payee);
  void customer_limits(const PaymentTerms& terms, const AcctKey& payer);
  void use_limits(const PaymentTerms& terms);
  void debit(const PosKey& at, Money amount);
  void credit(const PosKey& at, Money amount);
  [[nodiscard]] Paym& book(PaymentKind kind, const PaymentTerms& terms, PaymentState state,
                           Code reason);
  [[nodiscard]] InstId bank_behind(const AcctKey& at) const;

  // ---- payments.cpp: cross-bank ----
  struct Path {                                  // of x from the payer's token to the payee's
    std::optional<AccountId> debited, credited;  // own accounts
    bool burns = false, mints = false, whole = true;
  };
  [[nodiscard]] Path path(const PaymentTerms& terms) const;
  void pay_status(const PaymentTerms& terms);
  void pay_parties(const PaymentTerms& terms);
  void pay_corridor(const PaymentTerms& terms);
  void pay_path(const PaymentTerms& terms);
  void pay_settlement(const PaymentTerms& terms, bool corridor);
  void screening(const Screening& screening, unsigned required);
  void payer_evidence(const PaymentTerms& terms, const Screening& by_payer);
  void payee_evidence(const PaymentTerms& terms, bool ack, CopResult cop);
  void ticket(const PaymentTerms& terms, const Hash& terms_hash, const Ticket& given);
  [[nodiscard]] bool stands(const PaymentTerms& terms) const;  // standing acceptance
  [[nodiscard]] Half effective(const PaymentTerms& terms) const;
  void settle(const PaymentTerms& terms, const AccountId& payee, bool corridor);
  void order(const PaymentTerms& terms, const Screening& by_payer, const Ticket* given,
             const Hash& hash, std::uint32_t ttl_s);
  void place(const PaymentTerms& terms, bool now, std::uint32_t ttl_s);
  void transfer_checks(const PaymentTerms& terms);
  void transfer_posts(const PaymentTerms& terms);

  [[nodiscard]] Fault need(const GovPropose&), need(const GovVote&), need(const RoleChange&),
      need(const KeyRevoke&), need(const TokenCreate&), need(const TokenSet&),
      need(const TokenPause&), need(const TokenUnpause&), need(const AcctOpen&),
      need(const PositionOpen&), need(const AcctSet&), need(const AcctClose&),
      need(const AcctKeysSet&), need(const LimitsSet&), need(const AcctBlock&),
      need(const AcctUnblock&), need(const FreezeAmount&), need(const DenySet&),
      need(const CorridorSet&), need(const Clawback&), need(const Mint&), need(const Redeem&),
      need(const Transfer&), need(const Pay&), need(const PayRespond&), need(const PayCancel&),
      need(const ReturnPayment&), need(const BulkPay&), need(const SettleAtomic&),
      need(const HoldCreate&), need(const HoldCapture&), need(const HoldRelease&);
  void check(const GovPropose&), check(const GovVote&), check(const RoleChange&),
      check(const KeyRevoke&), check(const TokenCreate&), check(const TokenSet&),
      check(const TokenPause&), check(const TokenUnpause&), check(const AcctOpen&),
      check(const PositionOpen&), check(const AcctSet&), check(const AcctClose&),
      check(const AcctKeysSet&), check(const LimitsSet&), check(const AcctBlock&),
      check(const AcctUnblock&), check(const FreezeAmount&), check(const DenySet&),
      check(const CorridorSet&), check(const Clawback&), check(const Mint&), check(const Redeem&),
      check(const Transfer&), check(const Pay&), check(const PayRespond&), check(const PayCancel&),
      check(const ReturnPayment&), check(const BulkPay&), check(const SettleAtomic&),
      check(const HoldCreate&), check(const HoldCapture&), check(const HoldRelease&);
  void act(const GovPropose&), act(const GovVote&), act(const RoleChange&), act(const KeyRevoke&),
      act(const TokenCreate&), act(const TokenSet&), act(const TokenPause&),
      act(const TokenUnpause&), act(const AcctOpen&), act(const PositionOpen&), act(const AcctSet&),
      act(const AcctClose&), act(const AcctKeysSet&), act(const LimitsSet&), act(const AcctBlock&),
      act(const AcctUnblock&), act(const FreezeAmount&), act(const DenySet&),
      act(const CorridorSet&), act(const Clawback&), act(const Mint&), act(const Redeem&),
      act(const Transfer&), act(const Pay&), act(const PayRespond&), act(const PayCancel&),
      act(const ReturnPayment&), act(const BulkPay&), act(const SettleAtomic&),
      act(const HoldCreate&), act(const HoldCapture&), act(const HoldRelease&);
  [[nodiscard]] Fault need(std::monostate) { return Code::UnknownOperation; }
  void check(std::monostate) {}
  void act(std::monostate) {}

  // ---- controls.cpp, roles.cpp, governance.cpp, holds.cpp, lists.cpp ----
  void open_position(TokenId token, const AcctKey& at, Money max_balance);
  void keys_policy(AuthMode mode, const PolicyFields& policy);
  void own_free(int step, const AcctKey& at, InstId owner, TokenId token);
  static void tally(State& state, const OwnedKey& at);
  [[nodiscard]] static Code refuses(const State& state, const GovAction& action, bool urgent);
  [[nodiscard]] static Code bad_policy(const Inst* inst, Role role, const RoleKeys& policy);
  static void put_policy(Inst& inst, Role role, const RoleKeys& policy);
  void need_of_captor(const Holding& hold, Money amount);
  [[nodiscard]] bool ends(const OwnedKey& at);  // 603 to 606, 618
  void end_hold(Holding& hold, HoldStatus status);
  void record_failure(Code code);
  void leg_failed(std::uint32_t index, Code inner);
  void write_rejected(const PaymentTerms& terms, PaymentKind kind, Code code);
  [[nodiscard]] Fault leg(const Leg& leg);
  [[nodiscard]] PaymentTerms return_terms(const ReturnPayment& order, bool refunds) const;

  State& s_;
  const Operation& op_;
  InstId actor_;
  const Keys& signers_;
  std::uint32_t index_;
  Need need_;
  Findings f_;
  bool spares_ = false;  // marked † in ledger 5: no 301, 302, 306
  std::uint32_t detail_ = 0;
  Code inner_{};
};

}  // namespace giro::ledger::reference
