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

}  // namespace

Verdict Execution::admit(const Verified& operation) {
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
  if (const Code code = row->require(run); code != Code::Ok) return code;
  // step 6
  return check_authority(effects_.overlay, now, operation.actor(), requirements_,
                         operation.signers());
}

Outcome Execution::run(const Verified& operation, std::uint32_t index) {
  effects_.reset(index);
  effects_.events.reserve(8);
  Verdict verdict = admit(operation);
  if (verdict.code != Code::Ok) {
    return {.code = verdict.code,
            .recorded = false,
            .index = verdict.index,
            .inner = verdict.inner,
            .events = {}};
  }
  const OperationRow& row = *find_operation(operation.type());
  verdict = execute(row, operation);
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
