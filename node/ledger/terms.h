// Payment terms, screening and tickets (ledger 5.5): what a payment is, wherever it stands: in an
// operation, in a ticket's hash, in a record and in an event.
#pragma once

#include "node/ledger/limits.h"
#include "node/ledger/types.h"

namespace giro::ledger {

struct PaymentTerms {
  Uetr uetr{};
  InstId payer_bank{};
  AccountId payer_account{};
  InstId payee_bank{};
  AccountId payee_account{};
  TokenId token_from{};
  TokenId token_to{};
  Amount amount{};
  Amount amount_to{};  // FX only
  TokenId settle_token{};
  ChargeBearer charge_bearer{};
  Amount payer_fee{};  // on top of the amount
  Amount payee_fee{};  // deducted from it
  Purpose purpose{};
  Purpose category_purpose{};
  Commit remittance_commit{};
  Commit travel_rule_commit{};
  Commit document_commit{};
  Commit e2e_commit{};
  CopResult cop_result{};
  bool cop_override{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.uetr);
    visit(2, self.payer_bank);
    visit(3, self.payer_account);
    visit(4, self.payee_bank);
    visit(5, self.payee_account);
    visit(6, self.token_from);
    visit(7, self.token_to);
    visit(8, self.amount);
    visit(9, self.amount_to);
    visit(10, self.settle_token);
    visit(11, self.charge_bearer);
    visit(12, self.payer_fee);
    visit(13, self.payee_fee);
    visit(14, self.purpose);
    visit(15, self.category_purpose);
    visit(16, self.remittance_commit);
    visit(17, self.travel_rule_commit);
    visit(18, self.document_commit);
    visit(19, self.e2e_commit);
    visit(20, self.cop_result);
    visit(21, self.cop_override);
  }
  friend bool operator==(const PaymentTerms&, const PaymentTerms&) = default;
};

struct Screening {
  Check sanctions{};
  Check aml_fraud{};
  Check other{};
  TimeMs screened_at{};
  Bounded<std::byte, kListVersionBytesMax> list_version{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.sanctions);
    visit(2, self.aml_fraud);
    visit(3, self.other);
    visit(4, self.screened_at);
    visit(5, self.list_version);
  }
  friend bool operator==(const Screening&, const Screening&) = default;
};

struct TicketBody {
  InstId payee_bank{};
  Hash terms_hash{};  // encode.h
  Screening screening{};
  bool travel_rule_ack{};
  TimeMs expires_at{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.payee_bank);
    visit(2, self.terms_hash);
    visit(3, self.screening);
    visit(4, self.travel_rule_ack);
    visit(5, self.expires_at);
  }
  friend bool operator==(const TicketBody&, const TicketBody&) = default;
};

}  // namespace giro::ledger
