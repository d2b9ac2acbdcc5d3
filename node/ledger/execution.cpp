#include "node/ledger/execution.h"

#include "node/ledger/invariants.h"
#include "node/ledger/operations/parties.h"
#include "node/ledger/operations/retention.h"

namespace giro::ledger {

namespace {

// Step 3.
Code check_window(const Params& params, TimeMs now, TimeMs valid_until) {
  if (now > valid_until) return Code::OperationExpired;
  if (valid_until > add_ms(now, params.op_window_ms)) return Code::ValidUntilTooFar;
  return Code::Ok;
}

// Step 4.
Verdict check_idempotency(Effects& effects, const Verified& operation) {
  const Cell<OutcomeRecord>* stored =
      effects.overlay.find<OutcomeRecord>(outcome_key(operation.actor(), operation.op_id()));
  if (stored == nullptr || is_past_retention(effects.params, stored->value, effects.block.time))
    return Code::Ok;
  if (stored->value.operation_hash != operation.operation_hash()) return Code::IdempotencyConflict;
  Verdict verdict = Code::Duplicate;
  verdict.inner = stored->value.code;
  return verdict;
}

Outcome void_outcome(const Verdict& verdict) {
  return {.code = verdict.code,
          .recorded = false,
          .index = verdict.index,
          .inner = verdict.inner,
          .events = {}};
}

}  // namespace

Verdict Execution::prepare(const Verified& operation) {
  const TimeMs now = effects_.block.time;
  if (const Code code = check_window(effects_.params, now, operation.valid_until());
      code != Code::Ok)
    return code;
  if (const Verdict verdict = check_idempotency(effects_, operation); verdict.code != Code::Ok)
    return verdict;
  // step 5
  if (find_institution(effects_.overlay, operation.actor()) == nullptr)
    return Code::InstitutionNotFound;
  const OperationRow* row = find_operation(operation.type());
  if (row == nullptr) return Code::UnknownOperation;
  requirements_.clear();
  Run run{effects_, operation, requirements_};
  return row->require(run);
}

Code Execution::check_signers(const Verified& operation) {
  return check_authority(effects_.overlay, effects_.block.time, operation.actor(), requirements_,
                         operation.signers());
}

Verdict Execution::admit(const Verified& operation) {
  const Verdict verdict = prepare(operation);
  return verdict.code == Code::Ok ? Verdict(check_signers(operation)) : verdict;
}

Preview Execution::preview(const Verified& operation, std::uint32_t index) {
  effects_.reset(index);
  Preview out;
  if (const Verdict verdict = prepare(operation); verdict.code != Code::Ok) {
    out.outcome = void_outcome(verdict);
    return out;
  }
  out.roles = requirements_.all();
  for (const AccountPolicy* policy : requirements_.account_policies())
    out.account_keys.push_back(*policy);
  out.authority = check_signers(operation);
  out.outcome = conclude(operation);
  return out;
}

Outcome Execution::run(const Verified& operation, std::uint32_t index) {
  effects_.reset(index);
  effects_.events.reserve(8);
  const Verdict verdict = admit(operation);
  return verdict.code == Code::Ok ? conclude(operation) : void_outcome(verdict);
}

Outcome Execution::conclude(const Verified& operation) {
  const OperationRow& row = *find_operation(operation.type());
  const Verdict verdict = execute(row, operation);
  const Overlay::Savepoint savepoint = effects_.overlay.begin();
  if (verdict.code != Code::Ok) record_failure(row, operation, verdict);
  record_outcome(operation, verdict);
  effects_.overlay.release(savepoint);
  return {.code = verdict.code,
          .recorded = true,
          .index = verdict.index,
          .inner = verdict.inner,
          .events = std::move(effects_.events)};
}

// Steps 7 to 17. After anything but Ok the overlay is as before.
Verdict Execution::execute(const OperationRow& row, const Verified& operation) {
  violation_.reset();
  const Overlay::Savepoint savepoint = effects_.overlay.begin();
  Run run{effects_, operation, requirements_};
  Verdict verdict = row.run(run);
  if (verdict.code == Code::Ok) {
    violation_ = check_operation(effects_, savepoint);
    if (violation_) verdict = Code::InvariantViolation;
  }
  if (verdict.code == Code::Ok) {
    effects_.overlay.release(savepoint);
  } else {
    effects_.overlay.rollback(savepoint);
  }
  return verdict;
}

// What a recorded failure leaves besides its outcome: an alarm (900), REJECTED payments
// (ledger 4.4).
void Execution::record_failure(const OperationRow& row, const Verified& operation,
                               const Verdict& verdict) {
  effects_.reset(effects_.index);
  if (verdict.code == Code::InvariantViolation) {
    // A journal that would take a balance below zero stops before the check: ledger I3.
    AlarmEvent alarm{.invariant = 3, .record = {}};
    if (violation_)
      alarm = {.invariant = violation_->invariant, .record = violation_->record.to_bytes()};
    effects_.emit(EventType::InvariantAlarm, alarm, {});
  }
  if (row.reject == nullptr || verdict.code == Code::IdInUse) return;
  Run run{effects_, operation, requirements_};
  row.reject(run, verdict);
}

void Execution::record_outcome(const Verified& operation, const Verdict& verdict) {
  const Key key = outcome_key(operation.actor(), operation.op_id());
  OutcomeRecord& record = effects_.overlay.create<OutcomeRecord>(key).value;
  record = {.code = verdict.code,
            .detail_index = verdict.index,
            .detail_inner = verdict.inner,
            .height = effects_.block.height,
            .index = effects_.index,
            .operation_hash = operation.operation_hash(),
            .valid_until = operation.valid_until()};
  keep_for_retention(effects_, RetentionKind::Outcome, key,
                     *retained_until(effects_.params, record));
}

}  // namespace giro::ledger
