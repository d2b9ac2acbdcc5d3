// MINT and REDEEM (ledger 5.4).
#include "node/ledger/operations/parties.h"
#include "node/ledger/operations/retention.h"

namespace giro::ledger {

// ---- MINT ----

Code check(const Operation& operation, const Mint& action) {
  return Lowest()
      .when(action.core_ref_commit == Commit{}, Code::Malformed)
      .also(check_mint_leg(operation, action))
      .code();
}

Code check_mint_leg(const Operation&, const Mint& action) {
  return Lowest()
      .when(!is_valid(action.account), Code::BadId)
      .also(check_amount(action.amount))
      .code();
}

Code require(Run& run, const Mint& action) {
  const Cell<Token>* token = run.overlay().find<Token>(token_key(action.token));
  if (token == nullptr) return Code::TokenNotFound;
  const std::uint32_t more = action.amount >= token->value.dual_threshold ? 1 : 0;
  run.requirements.add_quorum(run.overlay(), token->value.issuer, Role::Issuer, more);
  return Code::Ok;
}

namespace {

// As a leg it may have none.
bool has_reference(const Mint& action) {
  return action.core_ref_commit != Commit{};
}

bool is_reference_used(Run& run, const Key& key) {
  const Cell<MintReference>* reference = run.overlay().find<MintReference>(key);
  return reference != nullptr && !is_past_retention(run.params(), reference->value, run.now());
}

Code check_mint(Run& run, const Mint& action, const Party& creditor, const Key& reference) {
  Overlay& overlay = run.overlay();
  const Token& token = creditor.token->value;
  const Institution* issuer = find_institution(overlay, token.issuer);
  const bool has_owner = creditor.account != nullptr && creditor.kind() == AccountKind::Nostro;
  const Code status = Lowest()
                          .when(has_suspended_signer(run), Code::AgentSuspended)
                          .when(has_owner && is_suspended(overlay, creditor.account->value.owner),
                                Code::CreditorAgentSuspended)
                          .when(issuer != nullptr && issuer->status == InstitutionStatus::Exiting,
                                Code::IssuerExiting)
                          .code();
  if (status != Code::Ok) return status;
  if (has_reference(action) && is_reference_used(run, reference)) return Code::ReferenceUsed;
  if ((token.paused & kPauseMint) != 0) return Code::OperationPaused;
  constexpr AccountKinds kAllowed =
      kAnyKind & static_cast<AccountKinds>(~kind_bit(AccountKind::LegalCustody));
  if (const Code code = check_creditor(creditor, kAllowed); code != Code::Ok) return code;
  if (is_credit_blocked(creditor)) return Code::CreditorBlocked;
  return Lowest()
      .when(exceeds_cap(token, action.amount), Code::IssuanceCapExceeded)
      .when(exceeds_max_balance(creditor, action.amount), Code::ExposureLimit)
      .code();
}

}  // namespace

Verdict run(Run& run, const Mint& action) {
  Overlay& overlay = run.overlay();
  const InstId issuer = overlay.find<Token>(token_key(action.token))->value.issuer;
  const Party creditor = load_party(overlay, issuer, action.token, action.account);
  const Key reference = mint_reference_key(action.token, action.core_ref_commit);
  if (const Code code = check_mint(run, action, creditor, reference); code != Code::Ok) return code;

  if (has_reference(action)) {
    overlay.create<MintReference>(reference).value.used_at = run.now();
    keep_for_retention(run.effects, RetentionKind::MintReference, reference,
                       add_ms(run.now(), run.params().payment_retention_ms));
  }
  run.effects.mandate(action.token).mint = true;
  const Journal::Reference entries{.payer_bank = run.actor(), .id = run.operation.op_id()};
  Journal journal(run.effects, entries);
  const Code code = first_of({journal.mint(*creditor.token, action.amount),
                              journal.credit(creditor, action.amount, EntryType::Mint, issuer)});
  if (code != Code::Ok) return code;
  run.effects.emit(EventType::Minted,
                   MovementEvent{.token = action.token,
                                 .account = action.account,
                                 .amount = action.amount,
                                 .kind = action.kind,
                                 .commit = action.core_ref_commit},
                   {issuer, creditor.account->value.owner});
  return Code::Ok;
}

// ---- REDEEM ----

Code check(const Operation&, const Redeem& action) {
  return Lowest()
      .when(!is_valid(action.account), Code::BadId)
      .also(check_amount(action.amount))
      .code();
}

Code require(Run& run, const Redeem& action) {
  Overlay& overlay = run.overlay();
  const Cell<Token>* token = overlay.find<Token>(token_key(action.token));
  if (token == nullptr) return Code::TokenNotFound;
  const InstId issuer = token->value.issuer;
  const Cell<Account>* account = overlay.find<Account>(account_key(issuer, action.account));
  if (account == nullptr) return Code::DebtorAccountNotFound;
  run.requirements.add_debit(overlay, issuer, account->value, action.amount, token->value);
  run.requirements.add_quorum(overlay, issuer, Role::Treasury);
  return Code::Ok;
}

Verdict run(Run& run, const Redeem& action) {
  Overlay& overlay = run.overlay();
  const InstId issuer = overlay.find<Token>(token_key(action.token))->value.issuer;
  const Party debtor = load_party(overlay, issuer, action.token, action.account);
  // Step 7 does not stop it: a suspended bank's customers keep their way out.
  if ((debtor.token->value.paused & kPauseRedeem) != 0) return Code::OperationPaused;
  if (const Code code = check_debtor(debtor, kAnyKind); code != Code::Ok) return code;
  if (is_debit_blocked(debtor)) return Code::DebtorBlocked;
  if (const Code code = check_funds(debtor.position->value, action.amount); code != Code::Ok)
    return code;

  run.effects.mandate(action.token).burn = true;
  const Journal::Reference entries{.payer_bank = run.actor(), .id = run.operation.op_id()};
  Journal journal(run.effects, entries);
  const Code code = first_of({journal.debit(debtor, action.amount, EntryType::Redeem, issuer),
                              journal.burn(*debtor.token, action.amount)});
  if (code != Code::Ok) return code;
  run.effects.emit(EventType::Redeemed,
                   MovementEvent{.token = action.token,
                                 .account = action.account,
                                 .amount = action.amount,
                                 .commit = action.payout_commit},
                   {issuer, debtor.account->value.owner});
  return Code::Ok;
}

}  // namespace giro::ledger
