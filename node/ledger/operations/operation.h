// The table of operations (ledger 5): one row and one set of functions for each. A new operation is
// a message, a row and its functions; nothing else changes.
#pragma once

#include <string_view>

#include "node/ledger/authority.h"
#include "node/ledger/effects.h"
#include "node/ledger/messages.h"

namespace giro::ledger {

// One execution: what the functions of an operation see.
struct Run {
  Effects& effects;
  const Verified& operation;
  Requirements& requirements;  // filled by require(), read by run()

  [[nodiscard]] Overlay& overlay() const { return effects.overlay; }
  [[nodiscard]] const Params& params() const { return effects.params; }
  [[nodiscard]] TimeMs now() const { return effects.block.time; }
  [[nodiscard]] InstId actor() const { return operation.actor(); }
};

// A code, and for 702 and bulk payments which part it is about.
struct Verdict {
  Code code = Code::Ok;
  std::uint32_t index = 0;
  Code inner = Code::Ok;
  Verdict(Code only) : code(only) {}  // NOLINT(google-explicit-constructor)
  Verdict(Code of_part, std::size_t part, Code its_code)
      : code(of_part), index(static_cast<std::uint32_t>(part)), inner(its_code) {}
};

// Each operation type T has
//   Code check(const Operation&, const T&)   step 1: static bounds, the lowest code that applies
//   Code require(Run&, const T&)             step 5: the records that decide who signs; fills the
//   requirements Verdict run(Run&, const T&)              steps 7 to 16; what it changed is rolled
//   back unless it answers Ok
// and, if its recorded failure leaves REJECTED payments,
//   void reject(Run&, const T&, const Verdict&)
Code check(const Operation& operation, const GovPropose& action);
Code require(Run& run, const GovPropose& action);
Verdict run(Run& run, const GovPropose& action);
Code check(const Operation& operation, const GovVote& action);
Code require(Run& run, const GovVote& action);
Verdict run(Run& run, const GovVote& action);
Code check(const Operation& operation, const RoleChange& action);
Code require(Run& run, const RoleChange& action);
Verdict run(Run& run, const RoleChange& action);
Code check(const Operation& operation, const KeyRevoke& action);
Code require(Run& run, const KeyRevoke& action);
Verdict run(Run& run, const KeyRevoke& action);
Code check(const Operation& operation, const TokenCreate& action);
Code require(Run& run, const TokenCreate& action);
Verdict run(Run& run, const TokenCreate& action);
Code check(const Operation& operation, const TokenSet& action);
Code require(Run& run, const TokenSet& action);
Verdict run(Run& run, const TokenSet& action);
Code check(const Operation& operation, const TokenPause& action);
Code require(Run& run, const TokenPause& action);
Verdict run(Run& run, const TokenPause& action);
Code check(const Operation& operation, const TokenUnpause& action);
Code require(Run& run, const TokenUnpause& action);
Verdict run(Run& run, const TokenUnpause& action);
Code check(const Operation& operation, const AcctOpen& action);
Code require(Run& run, const AcctOpen& action);
Verdict run(Run& run, const AcctOpen& action);
Code check(const Operation& operation, const PositionOpen& action);
Code require(Run& run, const PositionOpen& action);
Verdict run(Run& run, const PositionOpen& action);
Code check(const Operation& operation, const AcctSet& action);
Code require(Run& run, const AcctSet& action);
Verdict run(Run& run, const AcctSet& action);
Code check(const Operation& operation, const AcctClose& action);
Code require(Run& run, const AcctClose& action);
Verdict run(Run& run, const AcctClose& action);
Code check(const Operation& operation, const AcctKeysSet& action);
Code require(Run& run, const AcctKeysSet& action);
Verdict run(Run& run, const AcctKeysSet& action);
Code check(const Operation& operation, const LimitsSet& action);
Code require(Run& run, const LimitsSet& action);
Verdict run(Run& run, const LimitsSet& action);
Code check(const Operation& operation, const AcctBlock& action);
Code require(Run& run, const AcctBlock& action);
Verdict run(Run& run, const AcctBlock& action);
Code check(const Operation& operation, const AcctUnblock& action);
Code require(Run& run, const AcctUnblock& action);
Verdict run(Run& run, const AcctUnblock& action);
Code check(const Operation& operation, const FreezeAmount& action);
Code require(Run& run, const FreezeAmount& action);
Verdict run(Run& run, const FreezeAmount& action);
Code check(const Operation& operation, const DenySet& action);
Code require(Run& run, const DenySet& action);
Verdict run(Run& run, const DenySet& action);
Code check(const Operation& operation, const CorridorSet& action);
Code require(Run& run, const CorridorSet& action);
Verdict run(Run& run, const CorridorSet& action);
Code check(const Operation& operation, const Clawback& action);
Code require(Run& run, const Clawback& action);
Verdict run(Run& run, const Clawback& action);
Code check(const Operation& operation, const Mint& action);
Code check_mint_leg(const Operation& operation, const Mint& action);  // a reference is optional
Code require(Run& run, const Mint& action);
Verdict run(Run& run, const Mint& action);
Code check(const Operation& operation, const Redeem& action);
Code require(Run& run, const Redeem& action);
Verdict run(Run& run, const Redeem& action);
Code check(const Operation& operation, const Transfer& action);
Code require(Run& run, const Transfer& action);
Verdict run(Run& run, const Transfer& action);
void reject(Run& run, const Transfer& action, const Verdict& verdict);
Code check(const Operation& operation, const Pay& action);
Code require(Run& run, const Pay& action);
Verdict run(Run& run, const Pay& action);
void reject(Run& run, const Pay& action, const Verdict& verdict);
Code check(const Operation& operation, const PayRespond& action);
Code require(Run& run, const PayRespond& action);
Verdict run(Run& run, const PayRespond& action);
Code check(const Operation& operation, const PayCancel& action);
Code require(Run& run, const PayCancel& action);
Verdict run(Run& run, const PayCancel& action);
Code check(const Operation& operation, const ReturnPayment& action);
Code require(Run& run, const ReturnPayment& action);
Verdict run(Run& run, const ReturnPayment& action);
void reject(Run& run, const ReturnPayment& action, const Verdict& verdict);
Code check(const Operation& operation, const BulkPay& action);
Code require(Run& run, const BulkPay& action);
Verdict run(Run& run, const BulkPay& action);
void reject(Run& run, const BulkPay& action, const Verdict& verdict);
Code check(const Operation& operation, const SettleAtomic& action);
Code require(Run& run, const SettleAtomic& action);
Verdict run(Run& run, const SettleAtomic& action);
void reject(Run& run, const SettleAtomic& action, const Verdict& verdict);
Code check(const Operation& operation, const HoldCreate& action);
Code require(Run& run, const HoldCreate& action);
Verdict run(Run& run, const HoldCreate& action);
Code check(const Operation& operation, const HoldCapture& action);
Code require(Run& run, const HoldCapture& action);
Verdict run(Run& run, const HoldCapture& action);
Code check(const Operation& operation, const HoldRelease& action);
Code require(Run& run, const HoldRelease& action);
Verdict run(Run& run, const HoldRelease& action);

struct OperationRow {
  std::uint32_t type = 0;
  std::string_view name;  // "TOKEN_CREATE"
  wire::Fault (*parse)(ByteView, Action&) = nullptr;
  Code (*check)(const Operation&) = nullptr;
  Code (*require)(Run&) = nullptr;
  Verdict (*run)(Run&) = nullptr;
  // Set for operations whose recorded failure also writes REJECTED payments (ledger 4.4).
  void (*reject)(Run&, const Verdict&) = nullptr;
  std::size_t bytes_max = kOperationBytesMax;
};

[[nodiscard]] std::span<const OperationRow> operation_rows();          // ascending by type
[[nodiscard]] const OperationRow* find_operation(std::uint32_t type);  // nullptr: unknown

}  // namespace giro::ledger
