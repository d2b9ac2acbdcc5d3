#include "node/ledger/operations/retention.h"

namespace giro::ledger {

std::optional<TimeMs> retained_until(const Params& params, const OutcomeRecord& record) {
  return add_ms(record.valid_until, params.outcome_retention_ms);
}

std::optional<TimeMs> retained_until(const Params& params, const Payment& record) {
  if (record.state == PaymentState::Pending) return std::nullopt;
  return add_ms(record.ended_at, params.payment_retention_ms);
}

std::optional<TimeMs> retained_until(const Params& params, const Hold& record) {
  if (record.status == HoldStatus::Active) return std::nullopt;
  return add_ms(record.ended_at, params.payment_retention_ms);
}

std::optional<TimeMs> retained_until(const Params& params, const MintReference& record) {
  return add_ms(record.used_at, params.payment_retention_ms);
}

std::optional<TimeMs> retained_until(const Params& params, const Proposal& record) {
  if (record.state == ProposalState::Open || record.state == ProposalState::Passed)
    return std::nullopt;
  return add_ms(record.ended_at, params.payment_retention_ms);
}

void keep_for_retention(Effects& effects, RetentionKind kind, const Key& subject, TimeMs until) {
  effects.overlay.rows().put(retention_key(day_of(until), kind, subject));
}

}  // namespace giro::ledger
