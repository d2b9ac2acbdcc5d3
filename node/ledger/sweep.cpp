#include "node/ledger/sweep.h"

#include <algorithm>

#include "node/ledger/invariants.h"
#include "node/ledger/operations/governance.h"
#include "node/ledger/operations/hold_records.h"
#include "node/ledger/operations/payment_records.h"
#include "node/ledger/operations/retention.h"

namespace giro::ledger {

namespace {

// The first `most` keys from `from` up to, not including, `to`.
std::vector<Bytes> first_keys(const StateView& state, ByteView from, ByteView to,
                              std::uint64_t most) {
  std::vector<Bytes> keys;
  if (most == 0) return keys;
  state.scan(from, to, [&keys, most](ByteView key, ByteView) {
    keys.emplace_back(key.begin(), key.end());
    return keys.size() < most;
  });
  return keys;
}

bool fits_a_key(const Bytes& bytes) {
  return !bytes.empty() && bytes.size() <= Key::kMax;
}

Key key_of(const Bytes& bytes) {
  Key key(static_cast<Table>(bytes[0]));
  return key.raw(ByteView(bytes).subspan(1));
}

// The rows of both tables end in kind and subject. False: too short to be one.
struct RowTail {
  std::uint8_t kind = 0;
  ByteView subject;
};
std::optional<RowTail> tail_of(const Bytes& row, std::size_t kind_at) {
  if (row.size() <= kind_at || !fits_a_key(row)) return std::nullopt;
  return RowTail{static_cast<std::uint8_t>(row[kind_at]), ByteView(row).subspan(kind_at + 1)};
}

// ---- deadlines ----

Code expire_payment(Effects& effects, ByteView subject) {
  Cell<Payment>* payment = effects.overlay.find<Payment>(Key(Table::Payment).raw(subject));
  if (payment == nullptr || payment->value.state != PaymentState::Pending)
    return Code::InvariantViolation;
  return end_pending(effects, *payment, PaymentState::Expired, Code::PaymentExpired);
}

Code expire_hold(Effects& effects, ByteView subject) {
  Cell<Hold>* hold = effects.overlay.find<Hold>(Key(Table::Hold).raw(subject));
  return hold == nullptr ? Code::InvariantViolation : end_hold(effects, *hold, HoldStatus::Expired);
}

struct DeadlineRow {
  DeadlineKind kind;
  Code (*run)(Effects&, ByteView subject);
};
constexpr DeadlineRow kDeadlines[] = {
    {DeadlineKind::Suspension, run_suspension_deadline},
    {DeadlineKind::Proposal, run_proposal_deadline},
    {DeadlineKind::Payment, expire_payment},
    {DeadlineKind::Hold, expire_hold},
};

std::optional<Violation> run_deadlines(Effects& effects) {
  constexpr std::size_t kKindAt = 1 + 8;
  const Bytes end =
      Key(Table::Deadline).u64(static_cast<std::uint64_t>(effects.block.time.value) + 1).to_bytes();
  const std::uint64_t most = effects.params.sweep_max;  // a proposal may change it
  const std::vector<Bytes> due =
      first_keys(effects.overlay.state(), table_begin(Table::Deadline), end, most);
  for (const Bytes& row : due) {
    const std::optional<RowTail> tail = tail_of(row, kKindAt);
    const Key damaged = fits_a_key(row) ? key_of(row) : Key(Table::Deadline);
    if (!tail) return Violation{0, damaged};
    const auto* handler =
        std::find_if(std::begin(kDeadlines), std::end(kDeadlines), [&](const DeadlineRow& each) {
          return static_cast<std::uint8_t>(each.kind) == tail->kind;
        });
    if (handler == std::end(kDeadlines)) return Violation{0, damaged};

    effects.flows.clear();
    const Overlay::Savepoint savepoint = effects.overlay.begin();
    const Code code = handler->run(effects, tail->subject);
    const std::optional<Violation> violation = check_operation(effects, savepoint);
    effects.overlay.release(savepoint);
    if (violation) return violation;
    if (code != Code::Ok) return Violation{16, damaged};
  }
  // What is due is dead, reached or not (ledger 6). Every operation asks for the standing of
  // institutions: those are few, and none waits.
  if (due.size() == most) {
    const Overlay::Savepoint savepoint = effects.overlay.begin();
    lapse_suspensions(effects);
    effects.overlay.release(savepoint);
  }
  return std::nullopt;
}

// ---- retention ----

// Deletes the record if it is past its retention. One that is not (its id was used again, or the
// parameter was raised) is filed anew; one that is gone or lives again leaves only the row to go.
template <class Record>
bool forget(Effects& effects, RetentionKind kind, ByteView subject) {
  const Key key = Key(Record::kTable).raw(subject);
  Cell<Record>* cell = effects.overlay.find<Record>(key);
  if (cell == nullptr) return false;
  const std::optional<TimeMs> until = retained_until(effects.params, cell->value);
  if (!until) return false;
  if (effects.block.time <= *until) {
    keep_for_retention(effects, kind, key, *until);
    return false;
  }
  effects.overlay.erase(*cell);
  return true;
}

void forget_payment(Effects& effects, ByteView subject) {
  constexpr std::size_t kBank = 4;
  if (subject.size() != kBank + sizeof(Uetr::bytes)) return;
  if (!forget<Payment>(effects, RetentionKind::Payment, subject)) return;
  effects.overlay.rows().erase(
      Key(Table::UetrIndex).raw(subject.subspan(kBank)).raw(subject.first(kBank)));
}

template <class Record, RetentionKind kKind>
void forget_record(Effects& effects, ByteView subject) {
  (void)forget<Record>(effects, kKind, subject);
}

struct RetentionRow {
  RetentionKind kind;
  void (*run)(Effects&, ByteView subject);
};
constexpr RetentionRow kRetentions[] = {
    {RetentionKind::Outcome, forget_record<OutcomeRecord, RetentionKind::Outcome>},
    {RetentionKind::Payment, forget_payment},
    {RetentionKind::Hold, forget_record<Hold, RetentionKind::Hold>},
    {RetentionKind::MintReference, forget_record<MintReference, RetentionKind::MintReference>},
    {RetentionKind::Proposal, forget_record<Proposal, RetentionKind::Proposal>},
};

std::optional<Violation> run_retentions(Effects& effects) {
  constexpr std::size_t kKindAt = 1 + 4;
  const Bytes end = Key(Table::Retention).u32(effects.today()).to_bytes();
  const std::vector<Bytes> due = first_keys(effects.overlay.state(), table_begin(Table::Retention),
                                            end, effects.params.sweep_delete_max);
  if (due.empty()) return std::nullopt;
  const Overlay::Savepoint savepoint = effects.overlay.begin();
  for (const Bytes& row : due) {
    const std::optional<RowTail> tail = tail_of(row, kKindAt);
    if (!tail) return Violation{0, fits_a_key(row) ? key_of(row) : Key(Table::Retention)};
    effects.overlay.rows().erase(key_of(row));
    const auto* handler =
        std::find_if(std::begin(kRetentions), std::end(kRetentions), [&](const RetentionRow& each) {
          return static_cast<std::uint8_t>(each.kind) == tail->kind;
        });
    if (handler == std::end(kRetentions)) return Violation{0, key_of(row)};
    handler->run(effects, tail->subject);
  }
  effects.overlay.release(savepoint);
  return std::nullopt;
}

}  // namespace

std::optional<Violation> sweep(Effects& effects) {
  effects.reset(0);
  if (auto stopped = run_deadlines(effects)) return stopped;
  return run_retentions(effects);
}

}  // namespace giro::ledger
