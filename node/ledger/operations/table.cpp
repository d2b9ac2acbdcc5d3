#include <algorithm>

#include "node/ledger/operations/operation.h"

namespace giro::ledger {

namespace {

template <class T>
wire::Fault parse_action(ByteView bytes, Action& action) {
  return wire::decode(bytes, action.emplace<T>());
}
template <class T>
Code check_action(const Operation& operation) {
  return check(operation, std::get<T>(operation.action));
}
template <class T>
Code require_action(Run& context) {
  return require(context, std::get<T>(context.operation.operation().action));
}
template <class T>
Verdict run_action(Run& context) {
  return run(context, std::get<T>(context.operation.operation().action));
}
template <class T>
void reject_action(Run& context, const Verdict& verdict) {
  reject(context, std::get<T>(context.operation.operation().action), verdict);
}

template <class T>
constexpr OperationRow row(std::string_view name) {
  return {.type = T::kType,
          .name = name,
          .parse = parse_action<T>,
          .check = check_action<T>,
          .require = require_action<T>,
          .run = run_action<T>};
}
template <class T>
constexpr OperationRow payment_row(std::string_view name) {
  OperationRow out = row<T>(name);
  out.reject = reject_action<T>;
  return out;
}

template <class T>
constexpr OperationRow bulk_row(std::string_view name) {
  OperationRow out = payment_row<T>(name);
  out.bytes_max = kBulkBytesMax;
  return out;
}

constexpr OperationRow kRows[] = {
    row<GovPropose>("GOV_PROPOSE"),
    row<GovVote>("GOV_VOTE"),
    row<RoleChange>("ROLE_SET"),
    row<KeyRevoke>("KEY_REVOKE"),
    row<TokenCreate>("TOKEN_CREATE"),
    row<TokenSet>("TOKEN_SET"),
    row<TokenPause>("TOKEN_PAUSE"),
    row<TokenUnpause>("TOKEN_UNPAUSE"),
    row<AcctOpen>("ACCT_OPEN"),
    row<PositionOpen>("POSITION_OPEN"),
    row<AcctSet>("ACCT_SET"),
    row<AcctClose>("ACCT_CLOSE"),
    row<AcctKeysSet>("ACCT_KEYS_SET"),
    row<LimitsSet>("LIMITS_SET"),
    row<AcctBlock>("ACCT_BLOCK"),
    row<AcctUnblock>("ACCT_UNBLOCK"),
    row<FreezeAmount>("FREEZE_AMOUNT"),
    row<DenySet>("DENY_SET"),
    row<CorridorSet>("CORRIDOR_SET"),
    row<Clawback>("CLAWBACK"),
    row<Mint>("MINT"),
    row<Redeem>("REDEEM"),
    payment_row<Transfer>("TRANSFER"),
    payment_row<Pay>("PAY"),
    row<PayRespond>("PAY_RESPOND"),
    row<PayCancel>("PAY_CANCEL"),
    payment_row<ReturnPayment>("RETURN"),
    bulk_row<BulkPay>("BULK_PAY"),
    payment_row<SettleAtomic>("SETTLE_ATOMIC"),
    row<HoldCreate>("HOLD_CREATE"),
    row<HoldCapture>("HOLD_CAPTURE"),
    row<HoldRelease>("HOLD_RELEASE"),
};
static_assert(std::is_sorted(std::begin(kRows), std::end(kRows),
                             [](const OperationRow& a, const OperationRow& b) {
                               return a.type < b.type;
                             }));

}  // namespace

std::span<const OperationRow> operation_rows() {
  return kRows;
}

const OperationRow* find_operation(std::uint32_t type) {
  const auto* found =
      std::lower_bound(std::begin(kRows), std::end(kRows), type,
                       [](const OperationRow& a, std::uint32_t b) { return a.type < b; });
  return found != std::end(kRows) && found->type == type ? found : nullptr;
}

std::vector<OperationName> operation_names() {
  std::vector<OperationName> names;
  for (const OperationRow& row : kRows) names.push_back({row.type, row.name});
  return names;
}

std::string_view operation_name(std::uint32_t type) {
  const OperationRow* row = find_operation(type);
  return row == nullptr ? std::string_view("UNKNOWN") : row->name;
}

}  // namespace giro::ledger
