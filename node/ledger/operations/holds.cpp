// HOLD_CREATE, HOLD_CAPTURE and HOLD_RELEASE (ledger 5.9).
#include "node/ledger/operations/hold_records.h"
#include "node/ledger/operations/parties.h"
#include "node/ledger/operations/payment_records.h"

namespace giro::ledger {

// ---- HOLD_CREATE ----

Code check(const Operation&, const HoldCreate& action) {
  const bool is_escrow = action.kind == HoldKind::Escrow;
  const bool names_escrow =
      action.captor != 0 || action.beneficiary != AccountId{} || action.payer_may_release;
  return Lowest()
      .when(action.kind == HoldKind::Payment, Code::Malformed)
      .when(is_escrow && (action.captor == 0 || action.beneficiary == action.account),
            Code::Malformed)
      .when(!is_escrow && names_escrow, Code::Malformed)
      .when(action.kind == HoldKind::Legal && action.ttl_s != 0, Code::Malformed)
      .when(!is_valid(action.account) || (is_escrow && !is_valid(action.beneficiary)), Code::BadId)
      .also(check_amount(action.amount))
      .code();
}

Code require(Run& run, const HoldCreate& action) {
  Overlay& overlay = run.overlay();
  const Cell<Token>* token = overlay.find<Token>(token_key(action.token));
  if (token == nullptr) return Code::TokenNotFound;
  const InstId issuer = token->value.issuer;
  if (action.kind == HoldKind::Legal) {  // the account decides nothing: step 10 misses it
    run.requirements.add(issuer, Role::Compliance, 1);
    return Code::Ok;
  }
  const Cell<Account>* account = overlay.find<Account>(account_key(issuer, action.account));
  if (account == nullptr) return Code::DebtorAccountNotFound;
  run.requirements.add_debit(overlay, issuer, account->value, action.amount, token->value);
  return Code::Ok;
}

namespace {

constexpr AccountKinds kCustomers = kind_bit(AccountKind::Customer);

// What each kind of hold needs. Without both features a LEGAL hold would be a clawback of a token
// whose holders were promised none.
struct HoldKindRow {
  HoldKind kind;
  std::uint8_t features;
  AccountKinds debtors;
  bool is_always_allowed;  // ledger 5: marked
};
constexpr HoldKindRow kHoldKinds[] = {
    {HoldKind::Escrow, kCanEscrow, kCustomers, false},
    {HoldKind::Redeem, 0, kAnyKind, false},
    {HoldKind::Legal, kCanFreeze | kCanClawback, kCustomers, true},
};
const HoldKindRow& row_of(HoldKind kind) {
  for (const HoldKindRow& row : kHoldKinds) {
    if (row.kind == kind) return row;
  }
  return kHoldKinds[0];
}

// Step 7. A captor must be ACTIVE; one that leaves may still capture what it was named for before.
Code check_hold_banks(Run& run, const HoldCreate& action, const Party& debtor) {
  if (row_of(action.kind).is_always_allowed) return Code::Ok;
  Lowest lowest;
  lowest.when(has_suspended_signer(run) || is_suspended(run.overlay(), debtor.servicer),
              Code::AgentSuspended);
  if (action.kind == HoldKind::Escrow) {
    const Institution* captor = find_institution(run.overlay(), action.captor);
    lowest.when(captor == nullptr, Code::InstitutionNotFound)
        .when(captor != nullptr && captor->status != InstitutionStatus::Active,
              Code::AgentSuspended);
  }
  return lowest.code();
}

// Step 8.
Code check_hold_id(Run& run, const HoldCreate& action) {
  const InstId creator = run.actor();
  const HoldId& id = run.operation.op_id();
  const std::uint64_t ttl_ms = std::uint64_t{action.ttl_s} * 1000;
  const bool has_end = action.kind != HoldKind::Legal;
  return Lowest()
      .when(find_hold(run.effects, creator, id) != nullptr ||
                find_payment(run.effects, creator, id) != nullptr,
            Code::IdInUse)
      .when(has_end && (ttl_ms == 0 || ttl_ms > run.params().hold_ttl_max_ms), Code::TtlOutOfRange)
      .code();
}

Code check_hold(Run& run, const HoldCreate& action, const Party& debtor) {
  if (const Code code = check_hold_banks(run, action, debtor); code != Code::Ok) return code;
  if (const Code code = check_hold_id(run, action); code != Code::Ok) return code;
  const HoldKindRow& row = row_of(action.kind);
  Lowest accounts;
  accounts.also(check_debtor(debtor, row.debtors))
      .when((debtor.token->value.features & row.features) != row.features, Code::FeatureNotEnabled);
  if (action.kind == HoldKind::Escrow) {
    const Party beneficiary = load_party(run.overlay(), action.token, action.beneficiary);
    accounts.also(check_creditor(beneficiary, kCustomers));
  }
  if (accounts.code() != Code::Ok) return accounts.code();
  if (action.kind != HoldKind::Legal && is_debit_blocked(debtor)) return Code::DebtorBlocked;
  return check_funds(debtor.position->value, action.amount);
}

}  // namespace

Verdict run(Run& run, const HoldCreate& action) {
  const Party debtor = load_party(run.overlay(), action.token, action.account);
  if (const Code code = check_hold(run, action, debtor); code != Code::Ok) return code;
  const bool is_escrow = action.kind == HoldKind::Escrow;
  const bool has_end = action.kind != HoldKind::Legal;
  const Hold hold{
      .token = action.token,
      .account = action.account,
      .amount = action.amount,
      .kind = action.kind,
      .beneficiary = action.beneficiary,
      .captor = is_escrow ? action.captor : debtor.servicer,
      .payer_may_release = action.payer_may_release,
      .expires_at = has_end ? add_ms(run.now(), std::uint64_t{action.ttl_s} * 1000) : TimeMs{}};
  return open_hold(run.effects, debtor, run.actor(), run.operation.op_id(), hold);
}

// ---- HOLD_CAPTURE ----

namespace {

// Step 8 of both: a hold ends once. Lowest first; past its end it is dead, swept or not.
Code check_active(const Hold& hold, TimeMs now) {
  return Lowest()
      .when(hold.status == HoldStatus::Captured, Code::HoldAlreadyCaptured)
      .when(hold.status == HoldStatus::Released || hold.status == HoldStatus::Voided,
            Code::HoldAlreadyReleased)
      .when(is_expired(hold, now), Code::HoldExpired)
      .when(hold.kind == HoldKind::Payment, Code::HoldKindNotAllowed)
      .code();
}

// Who captures. A PAYMENT hold is nobody's to capture: its bank's MAKER is told so.
void require_captor(Overlay& overlay, Requirements& requirements, const Hold& hold,
                    const Token& token, Amount amount) {
  switch (hold.kind) {
    case HoldKind::Payment:
      return requirements.add(token.issuer, Role::Maker, 1);
    case HoldKind::Escrow:
      requirements.add(hold.captor, Role::Maker, 1);
      if (amount >= token.checker_threshold) requirements.add(hold.captor, Role::Checker, 1);
      return;
    case HoldKind::Redeem:
      return requirements.add_quorum(overlay, token.issuer, Role::Treasury);
    case HoldKind::Legal:
      requirements.add(token.issuer, Role::Legal, 1);
      return requirements.add(token.issuer, Role::Compliance, 1);
  }
}

}  // namespace

Code check(const Operation&, const HoldCapture& action) {
  return Lowest()
      .when(action.creator == 0, Code::Malformed)
      .when(!is_valid(action.hold_id), Code::BadId)
      .also(check_amount(action.amount))
      .code();
}

Code require(Run& run, const HoldCapture& action) {
  const Cell<Hold>* hold = find_hold(run.effects, action.creator, action.hold_id);
  if (hold == nullptr) return Code::HoldNotFound;
  const Party debtor = party_of(run.overlay(), hold->value);
  require_captor(run.overlay(), run.requirements, hold->value, debtor.token->value, action.amount);
  return Code::Ok;
}

namespace {

// Where the captured money goes. Null records: out of the token.
struct Capture {
  const Hold& hold;
  const Party& debtor;
  Party creditor{};
};

Code check_capture(Run& run, const HoldCapture& action, const Capture& capture) {
  const Hold& hold = capture.hold;
  const bool is_escrow = hold.kind == HoldKind::Escrow;
  if (is_escrow &&
      (has_suspended_signer(run) || is_suspended(run.overlay(), capture.debtor.servicer)))
    return Code::AgentSuspended;
  if (const Code code = check_active(hold, run.now()); code != Code::Ok) return code;
  const std::uint8_t pausing = is_escrow                       ? kPauseTransfer
                               : hold.kind == HoldKind::Redeem ? kPauseRedeem
                                                               : std::uint8_t{0};
  if ((capture.debtor.token->value.paused & pausing) != 0) return Code::OperationPaused;
  const Code blocks =
      Lowest()
          .when(hold.kind != HoldKind::Legal && is_debit_blocked(capture.debtor),
                Code::DebtorBlocked)
          .when(is_escrow && is_credit_blocked(capture.creditor), Code::CreditorBlocked)
          .code();
  if (blocks != Code::Ok) return blocks;
  return action.amount > hold.amount ? Code::ExceedsHoldAmount : Code::Ok;
}

Party creditor_of(Overlay& overlay, const Hold& hold) {
  if (hold.kind == HoldKind::Escrow) return load_party(overlay, hold.token, hold.beneficiary);
  if (hold.kind == HoldKind::Legal)
    return load_party(overlay, hold.token, internal_account(hold.token, AccountKind::LegalCustody));
  return {};
}

Code post_capture(Run& run, const Capture& capture, Amount amount) {
  const Party& debtor = capture.debtor;
  const InstId issuer = debtor.servicer;
  const Journal::Reference entries{.payer_bank = run.actor(), .id = run.operation.op_id()};
  Journal journal(run.effects, entries);
  if (capture.hold.kind == HoldKind::Redeem) {
    run.effects.mandate(debtor.token_id).burn = true;
    return first_of({journal.debit(debtor, amount, EntryType::Redeem, issuer),
                     journal.burn(*debtor.token, amount)});
  }
  const bool is_legal = capture.hold.kind == HoldKind::Legal;
  if (is_legal) run.effects.seizures.push_back({.position = debtor.position->key});
  const EntryType type = is_legal ? EntryType::Clawback : EntryType::Escrow;
  return first_of({journal.debit(debtor, amount, type, issuer),
                   journal.credit(capture.creditor, amount, type, issuer)});
}

}  // namespace

Verdict run(Run& run, const HoldCapture& action) {
  Cell<Hold>* cell = find_hold(run.effects, action.creator, action.hold_id);
  if (cell == nullptr) return Code::HoldNotFound;
  const Hold hold = cell->value;
  const Party debtor = party_of(run.overlay(), hold);
  const Capture capture{hold, debtor, creditor_of(run.overlay(), hold)};
  if (const Code code = check_capture(run, action, capture); code != Code::Ok) return code;
  if (const Code code = end_hold(run.effects, *cell, HoldStatus::Captured, action.amount);
      code != Code::Ok)
    return code;
  if (const Code code = post_capture(run, capture, action.amount); code != Code::Ok) return code;
  if (hold.kind == HoldKind::Redeem) {
    run.effects.emit(
        EventType::Redeemed,
        MovementEvent{.token = hold.token, .account = hold.account, .amount = action.amount},
        {debtor.servicer, debtor.account->value.owner});
  }
  return Code::Ok;
}

// ---- HOLD_RELEASE ----

Code check(const Operation&, const HoldRelease& action) {
  return Lowest()
      .when(action.creator == 0, Code::Malformed)
      .when(!is_valid(action.hold_id), Code::BadId)
      .code();
}

// The captor; or, where the payer may, whoever may debit the account. If the captor's own have
// signed, that is enough.
Code require(Run& run, const HoldRelease& action) {
  Overlay& overlay = run.overlay();
  const Cell<Hold>* cell = find_hold(run.effects, action.creator, action.hold_id);
  if (cell == nullptr) return Code::HoldNotFound;
  const Hold& hold = cell->value;
  const Party debtor = party_of(overlay, hold);
  const Token& token = debtor.token->value;
  if (hold.kind == HoldKind::Legal) {
    run.requirements.add(token.issuer, Role::Compliance, 2);
    return Code::Ok;
  }
  Requirements captor;
  require_captor(overlay, captor, hold, token, hold.amount);
  const bool may_payer = hold.kind == HoldKind::Redeem || hold.payer_may_release;
  if (!may_payer || (captor.names(run.actor()) &&
                     is_authorised(overlay, run.now(), captor, run.operation.signers()))) {
    run.requirements = captor;
  } else {
    run.requirements.add_debit(overlay, token.issuer, debtor.account->value, hold.amount, token);
  }
  return Code::Ok;
}

Verdict run(Run& run, const HoldRelease& action) {
  Cell<Hold>* hold = find_hold(run.effects, action.creator, action.hold_id);
  if (hold == nullptr) return Code::HoldNotFound;
  // Step 7 does not stop it: nothing moves.
  if (const Code code = check_active(hold->value, run.now()); code != Code::Ok) return code;
  return end_hold(run.effects, *hold, HoldStatus::Released);
}

}  // namespace giro::ledger
