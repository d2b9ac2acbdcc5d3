// Members that go with others (ledger 5): what the ledger calls MALFORMED, said by member before it
// is asked.
#include "node/receipt/operation_members.h"

namespace giro::receipt {
namespace {

struct Companion {
  bool is_broken;
  std::string_view member, message;
};

template <class T>
std::vector<Companion> companions(const T&) {
  return {};
}

std::vector<Companion> companions(const ledger::Mint& order) {
  return {{order.core_ref_commit == ledger::Commit{}, "core_ref_commit",
           "is missing: 64 hexadecimal digits, or {\"data\":\"...\"}"}};
}

std::vector<Companion> companions(const ledger::AcctOpen& order) {
  const bool is_nostro = order.kind == ledger::AccountKind::Nostro;
  return {{!is_nostro && order.kind != ledger::AccountKind::Customer, "kind",
           "is CUSTOMER or NOSTRO: the others are opened with their token"},
          {is_nostro && order.owner == 0, "owner", "is missing: a NOSTRO account has one"},
          {!is_nostro && order.owner != 0, "owner", "is for a NOSTRO account only"},
          {is_nostro && order.auth_mode != ledger::AuthMode::Custodial, "auth_mode",
           "of a NOSTRO account is CUSTODIAL"}};
}

std::vector<Companion> companions(const ledger::Pay& order) {
  return {{order.terms.settle_token == 0, "terms.settle_token",
           "is missing: inside one token it is a TRANSFER"}};
}

std::vector<Companion> companions(const ledger::PayRespond& order) {
  const bool has_reason = order.reason != ledger::Code::Ok;
  const bool has_evidence = order.screening != ledger::Screening{} ||
                            order.cop_result != ledger::CopResult::NotChecked ||
                            order.travel_rule_ack;
  return {{!order.accept && !has_reason, "reason", "is missing: a rejection has one"},
          {order.accept && has_reason, "reason", "is for a rejection only"},
          {!order.accept && has_evidence, "screening", "and what belongs to it accept only"}};
}

std::vector<Companion> companions(const ledger::ReturnPayment& order) {
  return {{order.by_bank && order.reason != ledger::Code::Regulatory, "reason",
           "of a return by_bank is REGULATORY"}};
}

std::vector<Companion> companions(const ledger::HoldCreate& order) {
  const bool is_escrow = order.kind == ledger::HoldKind::Escrow;
  const bool has_escrow =
      order.captor != 0 || order.beneficiary != ledger::AccountId{} || order.payer_may_release;
  return {{order.kind == ledger::HoldKind::Payment, "kind",
           "is ESCROW, REDEEM or LEGAL: a payment makes its own hold"},
          {is_escrow && order.captor == 0, "captor", "is missing: an ESCROW hold has one"},
          {is_escrow && order.beneficiary == ledger::AccountId{}, "beneficiary",
           "is missing: an ESCROW hold has one"},
          {!is_escrow && has_escrow, "captor",
           "and beneficiary, payer_may_release are for an ESCROW hold only"},
          {order.kind == ledger::HoldKind::Legal && order.ttl_s != 0, "ttl_s",
           "is not for a LEGAL hold: it has no end"}};
}

std::vector<Companion> companions(const ledger::GovPropose& order) {
  const int actions = order.inst_add.has_value() + order.inst_status.has_value() +
                      order.inst_keys.has_value() + order.validator_set.has_value() +
                      order.param_set.has_value();
  return {{actions != 1, "action",
           "is exactly one of inst_add, inst_status, inst_keys, validator_set, param_set"}};
}

}  // namespace

std::optional<FormError> check_companions(const ledger::Action& action) {
  return std::visit(
      [](const auto& order) -> std::optional<FormError> {
        for (const auto& [is_broken, member, message] : companions(order)) {
          if (is_broken) return FormError{std::string(member), std::string(message)};
        }
        return std::nullopt;
      },
      action);
}

}  // namespace giro::receipt
