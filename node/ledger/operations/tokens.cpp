// TOKEN_CREATE (ledger 5.2).
#include "node/ledger/operations/opening.h"
#include "node/ledger/operations/parties.h"

namespace giro::ledger {

Code check(const Operation&, const TokenCreate& action) {
  return Lowest()
      .when(action.features > kAllFeatures, Code::Malformed)
      .when(!action.max_tx.is_zero() && action.max_tx < action.min_tx, Code::Malformed)
      .also(check_optional_amount(action.issuance_cap))
      .also(check_optional_amount(action.max_tx))
      .also(check_optional_amount(action.min_tx))
      .also(check_optional_amount(action.fee_max))
      .also(check_optional_amount(action.checker_threshold))
      .also(check_optional_amount(action.dual_threshold))
      .when(!currency_scale(action.currency), Code::BadCurrency)
      .code();
}

Code require(Run& run, const TokenCreate&) {
  run.requirements.add_quorum(run.overlay(), run.actor(), Role::Issuer);
  return Code::Ok;
}

namespace {

// 322: who may issue which class (ledger 3).
bool may_issue(const Institution& issuer, const TokenCreate& action) {
  if (action.token_class == TokenClass::Deposit) return issuer.kind == InstitutionKind::Bank;
  return (issuer.kind == InstitutionKind::SettlementAgent ||
          issuer.kind == InstitutionKind::CentralBank) &&
         action.holder_policy == HolderPolicy::MemberBanksOnly;
}

}  // namespace

Verdict run(Run& run, const TokenCreate& action) {
  Overlay& overlay = run.overlay();
  const InstId issuer = run.actor();
  const Institution& institution = *find_institution(overlay, issuer);
  // step 7
  if (has_suspended_signer(run)) return Code::AgentSuspended;
  if (institution.status == InstitutionStatus::Exiting) return Code::IssuerExiting;
  // step 8
  const Key name = token_by_name_key(issuer, action.currency, action.product);
  Meta& meta = overlay.edit(*overlay.find<Meta>(meta_key()));
  const TokenId id = meta.next_token;
  constexpr AccountKind kInternal[] = {AccountKind::Fee, AccountKind::Suspense,
                                       AccountKind::LegalCustody};
  Lowest lowest;
  lowest.when(overlay.find<TokenByName>(name) != nullptr, Code::TokenExists)
      .when(!may_issue(institution, action), Code::InstitutionKindNotAllowed);
  for (const AccountKind kind : kInternal) {
    const Key account = account_key(issuer, internal_account(id, kind));
    lowest.when(overlay.find<Account>(account) != nullptr, Code::TokenExists);
  }
  if (lowest.code() != Code::Ok) return lowest.code();

  ++meta.next_token;
  overlay.create<TokenByName>(name).value.token = id;
  Cell<Token>& token = overlay.create<Token>(token_key(id));
  token.value = {.issuer = issuer,
                 .currency = action.currency,
                 .scale = currency_scale(action.currency).value_or(0),
                 .product = action.product,
                 .token_class = action.token_class,
                 .holder_policy = action.holder_policy,
                 .features = action.features,
                 .issuance_cap = action.issuance_cap,
                 .max_tx = action.max_tx,
                 .min_tx = action.min_tx,
                 .fee_max = action.fee_max,
                 .checker_threshold = action.checker_threshold,
                 .dual_threshold = action.dual_threshold,
                 .terms_hash = action.terms_hash};
  run.effects.emit(EventType::TokenCreated, TokenEvent{.token = id, .values = token.value}, {});
  for (const AccountKind kind : kInternal) {
    const AccountId account = internal_account(id, kind);
    const Cell<Account>& cell =
        open_account(run.effects, issuer, account, {.kind = kind, .policy = {}});
    open_position(run.effects,
                  {.servicer = issuer, .account = account, .holder = &cell, .token = id});
  }
  return Code::Ok;
}

}  // namespace giro::ledger
