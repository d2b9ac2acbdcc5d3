#include <array>

#include "node/ledger/query.h"
#include "tests/acceptance/story.h"

namespace giro::acceptance {
namespace {

using Words6 = std::array<const char*, 6>;
constexpr Words6 kPaymentStates{"PENDING",   "SETTLED", "REJECTED",
                                "CANCELLED", "EXPIRED", "RETURNED"};
constexpr Words6 kHoldStatus{"ACTIVE", "CAPTURED", "RELEASED", "EXPIRED", "VOIDED"};
constexpr Words6 kProposalStates{"OPEN", "PASSED", "EXECUTED", "FAILED", "REJECTED", "EXPIRED"};

std::string word(const Words6& words, auto value) {
  return words.at(static_cast<std::size_t>(value));
}
std::string money(ledger::Amount amount) {
  return ledger::to_decimal(amount, 2);
}

}  // namespace

Books::Facts StateBooks::account(const NamedAccount& account, const std::string& token) {
  const auto position = ledger::query_position(state_, *token_of(token), account.id);
  if (!position) return {};
  return {{"posted", money(position->posted)},
          {"held", money(position->held)},
          {"frozen", money(position->frozen)},
          {"available", money(position->available())},
          {"day_used", money(position->day_used)}};
}

Books::Facts StateBooks::token(const std::string& name) {
  const auto token = ledger::query_token(state_, *token_of(name));
  if (!token) return {};
  return {{"outstanding", money(ledger::subtract_or_zero(token->issued, token->redeemed))},
          {"held", money(token->held)}};
}

Books::Facts StateBooks::payment(const std::string& payer_bank, const ledger::Uetr& uetr) {
  const auto payment = ledger::query_payment(state_, *institution_of(payer_bank), uetr);
  if (!payment) return {};
  return {{"state", word(kPaymentStates, payment->state)},
          {"reason", std::string(ledger::code_name(payment->reason))},
          {"iso", std::string(ledger::iso_reason(payment->reason))},
          {"returned", money(payment->returned)}};
}

Books::Facts StateBooks::hold(const std::string& creator, const ledger::HoldId& id) {
  const auto hold = ledger::query_hold(state_, *institution_of(creator), id);
  if (!hold) return {};
  return {{"status", word(kHoldStatus, hold->status)}};
}

Books::Facts StateBooks::proposal(const std::string& proposer, const ledger::PropId& id) {
  const auto proposal = ledger::query_proposal(state_, *institution_of(proposer), id);
  if (!proposal) return {};
  return {{"state", word(kProposalStates, proposal->state)}};
}

std::size_t StateBooks::validators() {
  const auto meta = ledger::query_meta(state_);
  const auto params = ledger::query_params(state_);
  if (!meta || !params) return 0;
  const auto set = ledger::query_validators(state_, meta->height / params->epoch_blocks);
  return set ? set->members.size() : 0;
}

}  // namespace giro::acceptance
