#include "node/ledger/operations/evidence.h"

#include "node/ledger/operations/parties.h"

namespace giro::ledger {

Code check_screening(const Params& params, const Screening& screening, std::uint8_t required_checks,
                     TimeMs now) {
  struct Row {
    std::uint8_t bit;
    Check result;
  };
  const Row rows[] = {{kCheckSanctions, screening.sanctions},
                      {kCheckAmlFraud, screening.aml_fraud},
                      {kCheckOther, screening.other}};
  Lowest lowest;
  for (const Row& row : rows) {
    lowest
        .when((required_checks & row.bit) != 0 && row.result == Check::NotDone,
              Code::EvidenceMissing)
        .when(row.result == Check::Fail, Code::ScreeningFailed);
  }
  const bool is_fresh =
      add_ms(screening.screened_at, params.attest_ttl_ms) >= now &&
      screening.screened_at <= add_ms(now, static_cast<std::uint64_t>(kScreeningAheadMs));
  return lowest.when(!is_fresh, Code::EvidenceStale).code();
}

Code check_payer_evidence(const Run& run, const PaymentTerms& terms, const Screening& screening,
                          const EffectiveCorridor& corridor) {
  return Lowest()
      .also(check_screening(run.params(), screening, corridor.required_checks, run.now()))
      .when(terms.amount >= corridor.travel_rule_threshold && terms.travel_rule_commit == Commit{},
            Code::TravelRuleMissing)
      .when(corridor.purpose_required && terms.purpose.is_absent(), Code::PurposeRequired)
      .code();
}

namespace {

bool is_signed_by_payee(Run& run, const PaymentTerms& terms, const Verified::TicketView& ticket,
                        const Token& minted) {
  Requirements requirements;
  requirements.add(terms.payee_bank, Role::Compliance, 1);
  if (terms.amount >= minted.dual_threshold) {
    requirements.add_quorum(run.overlay(), terms.payee_bank, Role::Issuer);
  }
  return is_authorised(run.overlay(), run.now(), requirements, ticket.signers);
}

bool is_payee_confirmed(CopResult result, bool is_overridden) {
  switch (result) {
    case CopResult::Match:
      return true;
    case CopResult::Close:
    case CopResult::NotApplicable:
      return is_overridden;
    default:
      return false;
  }
}

}  // namespace

Code check_payee_evidence(const Run& run, const PaymentTerms& terms, const PayeeEvidence& evidence,
                          const EffectiveCorridor& corridor) {
  return Lowest()
      .also(check_screening(run.params(), evidence.screening, corridor.required_checks, run.now()))
      .when(terms.amount >= corridor.travel_rule_threshold && !evidence.travel_rule_ack,
            Code::TravelRuleNotAcked)
      .when(terms.amount >= corridor.cop_threshold &&
                !is_payee_confirmed(evidence.cop_result, terms.cop_override),
            Code::CopNoMatch)
      .code();
}

Code check_ticket(Run& run, const PaymentTerms& terms, const Verified::TicketView& ticket,
                  const EffectiveCorridor& corridor, const Token& minted) {
  const TicketBody& body = ticket.body;
  const bool is_for_us = body.payee_bank == terms.payee_bank && ticket.is_for_terms;
  const PayeeEvidence evidence{body.screening, terms.cop_result, body.travel_rule_ack};
  return Lowest()
      .when(!is_for_us || !is_signed_by_payee(run, terms, ticket, minted), Code::EvidenceMissing)
      .also(check_payee_evidence(run, terms, evidence, corridor))
      .when(run.now() >= body.expires_at, Code::EvidenceStale)
      .code();
}

bool has_standing_acceptance(const PaymentTerms& terms, const EffectiveCorridor& corridor,
                             const Token& minted) {
  return terms.amount <= corridor.auto_accept_max &&
         terms.amount < corridor.travel_rule_threshold && terms.amount < corridor.cop_threshold &&
         terms.amount < minted.dual_threshold && terms.payee_fee <= corridor.standing_fee_max;
}

}  // namespace giro::ledger
