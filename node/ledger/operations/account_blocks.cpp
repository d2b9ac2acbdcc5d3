// ACCT_BLOCK and ACCT_UNBLOCK (ledger 5.2). To block is fast: one signature, also of a suspended
// servicer.
#include "node/ledger/operations/account_checks.h"
#include "node/ledger/operations/parties.h"

namespace giro::ledger {

namespace {

// Both messages have the same fields.
template <class Action>
std::uint8_t blocks_of(const Action& action) {
  return static_cast<std::uint8_t>((action.debit ? kBlockDebit : 0) |
                                   (action.credit ? kBlockCredit : 0));
}

template <class Action>
Code check_block(const Action& action) {
  return Lowest()
      .when(blocks_of(action) == 0, Code::Malformed)
      .when(!is_valid(action.account), Code::BadId)
      .code();
}

struct BlockChange {
  std::uint8_t set = 0;
  std::uint8_t clear = 0;
};
Code change_blocks(Run& run, const AccountId& id, BlockChange change) {
  // step 10
  Cell<Account>* cell = run.overlay().find<Account>(account_key(run.actor(), id));
  if (const Code code = check_account(cell); code != Code::Ok) return code;
  Account& account = run.overlay().edit(*cell);
  account.blocks = static_cast<std::uint8_t>((account.blocks | change.set) & ~change.clear);
  emit_account(run.effects,
               change.set != 0 ? EventType::AccountBlocked : EventType::AccountUnblocked,
               run.actor(), id, account);
  return Code::Ok;
}

}  // namespace

Code check(const Operation&, const AcctBlock& action) {
  return check_block(action);
}

Code require(Run& run, const AcctBlock&) {
  run.requirements.add(run.actor(), Role::Compliance, 1);
  return Code::Ok;
}

Verdict run(Run& run, const AcctBlock& action) {
  return change_blocks(run, action.account, {.set = blocks_of(action)});
}

Code check(const Operation&, const AcctUnblock& action) {
  return check_block(action);
}

Code require(Run& run, const AcctUnblock&) {
  run.requirements.add(run.actor(), Role::Compliance, 2);
  return Code::Ok;
}

Verdict run(Run& run, const AcctUnblock& action) {
  // step 7
  if (has_suspended_signer(run)) return Code::AgentSuspended;
  return change_blocks(run, action.account, {.clear = blocks_of(action)});
}

}  // namespace giro::ledger
