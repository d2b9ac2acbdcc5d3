// What moves money.
#include <algorithm>

#include "node/ledger/encode.h"
#include "tests/unit/node/ledger/reference/generator.h"

namespace giro::ledger::reference {

const Generator::Kind Generator::kKinds[] = {
    {4, &Generator::role_set},      {1, &Generator::key_revoke},
    {6, &Generator::gov_propose},   {12, &Generator::gov_vote},
    {2, &Generator::token_create},  {6, &Generator::token_set},
    {3, &Generator::token_pause},   {6, &Generator::token_unpause},
    {8, &Generator::acct_open},     {5, &Generator::position_open},
    {6, &Generator::acct_set},      {4, &Generator::acct_close},
    {4, &Generator::acct_keys_set}, {6, &Generator::limits_set},
    {4, &Generator::acct_block},    {9, &Generator::acct_unblock},
    {6, &Generator::freeze},        {4, &Generator::deny_set},
    {6, &Generator::corridor_set},  {6, &Generator::clawback},
    {12, &Generator::mint},         {10, &Generator::redeem},
    {24, &Generator::transfer},     {40, &Generator::pay},
    {16, &Generator::respond},      {5, &Generator::cancel},
    {16, &Generator::give_back},    {8, &Generator::bulk},
    {10, &Generator::batch},        {5, &Generator::fx},
    {14, &Generator::hold_create},  {9, &Generator::hold_capture},
    {6, &Generator::hold_release},  {0, nullptr},
};

bool Generator::mint() {
  PosKey at;
  if (!pick(at, [&](const PosKey&, const Acct& account, const Pos&) {
        return account.kind != AccountKind::LegalCustody || random_.one_in(20);
      }))
    return false;
  Mint order;
  order.token = random_.one_in(60) ? 99 : at.first;
  order.account = random_.one_in(40) ? random_.id() : at.second;
  const Tok& token = s_.tokens.at(at.first);
  order.amount = some(token.cap - (token.issued - token.redeemed));
  if (!random_.one_in(3)) order.amount = some(100'000'00);
  order.core_ref_commit = random_.hash();
  if (random_.one_in(15) && !s_.mint_refs.empty())
    order.core_ref_commit = s_.mint_refs.begin()->first.second;
  out_.operation.actor = random_.one_in(40) ? bank() : token.issuer;
  out_.operation.action = order;
  return true;
}

bool Generator::redeem() {
  PosKey at;
  if (!pick(at, [&](const PosKey&, const Acct&, const Pos& position) {
        return position.posted != 0 || random_.one_in(20);
      }))
    return false;
  Redeem order;
  order.token = at.first;
  order.account = at.second;
  order.amount = some(s_.available(at));
  out_.operation.actor = issuer(at.first);
  out_.operation.action = order;
  return true;
}

void Generator::damage_terms(PaymentTerms& terms) {
  switch (random_.below(10)) {
    case 0:
      terms.payee_account = random_.id();
      break;
    case 1:
      terms.payer_account = random_.id();
      break;
    case 2:
      terms.token_to = any_token();
      break;
    case 3:
      terms.payee_bank = static_cast<InstId>(1 + random_.below(9));
      break;
    case 4:
      terms.payer_fee = {0, random_.below(200'00)};
      break;
    case 5:
      terms.payee_fee = {0, random_.below(200'00)};
      break;
    case 6:
      terms.charge_bearer = static_cast<ChargeBearer>(random_.below(4));
      break;
    case 8:
      terms.token_from = any_token();
      break;
    case 7:
      terms.payee_account = internal_account(terms.token_to, AccountKind::Fee);
      break;
    default: {
      PosKey at;
      if (pick(at, [](const PosKey&, const Acct&, const Pos&) { return true; }))
        terms.payee_account = at.second;
    }
  }
}

bool Generator::transfer_terms(PaymentTerms& terms) {
  PosKey from, to;
  if (!pick(from, [&](const PosKey&, const Acct& account, const Pos& position) {
        return position.posted != 0 && (account.kind != AccountKind::Customer || random_.one_in(2));
      }))
    return false;
  const AccountKind kind = s_.accounts.at({issuer(from.first), from.second}).kind;
  if (!pick(to, [&](const PosKey& at, const Acct& account, const Pos&) {
        if (at.first != from.first || at == from) return false;
        if (random_.one_in(30)) return true;
        if (kind == AccountKind::Nostro) return account.kind == AccountKind::Nostro;
        return account.kind == AccountKind::Customer || account.kind == AccountKind::Fee;
      }))
    return false;
  const auto bank_of = [&](const PosKey& at) {
    const Acct& account = s_.accounts.at({issuer(at.first), at.second});
    return account.kind == AccountKind::Nostro ? account.owner : issuer(at.first);
  };
  terms.payer_bank = bank_of(from);
  terms.payer_account = from.second;
  terms.payee_bank = bank_of(to);
  terms.payee_account = to.second;
  terms.token_from = terms.token_to = from.first;
  terms.charge_bearer = ChargeBearer::Shar;
  terms.amount = some(s_.available(from));
  if (random_.one_in(5)) terms.payer_fee = {0, random_.below(20'00)};
  if (random_.one_in(8)) terms.payee_fee = {0, random_.below(50)};
  return true;
}

bool Generator::transfer() {
  Transfer order;
  if (!transfer_terms(order.terms)) return false;
  out_.operation.actor = order.terms.payer_bank;
  order.terms.uetr = out_.operation.op_id;
  if (random_.one_in(15)) damage_terms(order.terms);
  out_.operation.action = order;
  return true;
}

bool Generator::pay_terms(PaymentTerms& terms, const PosKey* payer) {
  PosKey from, to;
  if (payer != nullptr)
    from = *payer;
  else if (!pick_kind(from, AccountKind::Customer))
    return false;
  const Tok& token = s_.tokens.at(from.first);
  const auto corridor_to = [&](InstId bank) {
    return look(s_.corridors, {token.issuer, bank, token.currency});
  };
  if (!pick(to, [&](const PosKey& at, const Acct& account, const Pos&) {
        const Tok& other = s_.tokens.at(at.first);
        if (account.kind != AccountKind::Customer) return false;
        if (random_.one_in(50)) return true;
        return other.issuer != token.issuer && other.currency == token.currency &&
               corridor_to(other.issuer) != nullptr;
      }))
    return false;
  terms.payer_bank = token.issuer;
  terms.payer_account = from.second;
  terms.payee_bank = issuer(to.first);
  terms.payee_account = to.second;
  terms.token_from = from.first;
  terms.token_to = to.first;
  terms.settle_token = token.currency == Currency::from("EUR") ? 8 : 7;
  if (const Corr* corridor = corridor_to(terms.payee_bank)) {
    std::uint64_t seen = 0;
    for (const TokenId each : corridor->payer.settle) {
      const bool path = (each == terms.token_from || s_.own.contains({terms.payer_bank, each})) &&
                        (each == terms.token_to || s_.own.contains({terms.payee_bank, each}));
      if ((path || random_.one_in(30)) && random_.one_in(++seen)) terms.settle_token = each;
    }
  }
  terms.charge_bearer = ChargeBearer::Shar;
  terms.amount = some(s_.available(from));
  if (random_.one_in(5)) terms.payer_fee = {0, random_.below(20'00)};
  if (random_.one_in(8)) terms.payee_fee = {0, random_.below(50)};
  if (!random_.one_in(12)) terms.purpose = Purpose::from("SUPP");
  if (!random_.one_in(15)) terms.travel_rule_commit = random_.hash();
  terms.cop_result =
      random_.one_in(12) ? static_cast<CopResult>(random_.below(5)) : CopResult::Match;
  terms.cop_override = random_.one_in(10);
  return true;
}

bool Generator::pay() {
  Pay order;
  PaymentTerms& terms = order.terms;
  if (!pay_terms(terms, nullptr)) return false;
  out_.operation.actor = terms.payer_bank;
  terms.uetr = out_.operation.op_id;
  if (random_.one_in(20)) damage_terms(terms);
  order.screening = passed();
  if (random_.one_in(2)) order.ticket = ticket_for({&terms, 1});
  if (random_.one_in(3)) order.ttl_s = static_cast<std::uint32_t>(random_.below(600));
  if (random_.one_in(60)) order.ttl_s = 10 * 86'400;
  out_.operation.action = order;
  return true;
}

bool Generator::respond() {
  std::uint64_t seen = 0;
  PayRespond answer;
  for (const auto& [at, payment] : s_.payments) {
    if (payment.state != PaymentState::Pending && !random_.one_in(150)) continue;
    if (!random_.one_in(++seen)) continue;
    answer.payer_bank = at.first;
    answer.uetr = at.second;
    out_.operation.actor = payment.terms.payee_bank;
  }
  if (seen == 0) return false;
  answer.accept = !random_.one_in(4);
  if (answer.accept) {
    answer.screening = passed();
    answer.cop_result =
        random_.one_in(10) ? static_cast<CopResult>(random_.below(5)) : CopResult::Match;
    answer.travel_rule_ack = !random_.one_in(12);
  } else {
    answer.reason = random_.one_in(2) ? Code::CreditorBlocked : Code::Regulatory;
  }
  if (random_.one_in(40)) answer.uetr = random_.id();
  if (random_.one_in(40)) out_.operation.actor = bank();
  out_.operation.action = answer;
  return true;
}

bool Generator::cancel() {
  std::uint64_t seen = 0;
  PayCancel order;
  for (const auto& [at, payment] : s_.payments) {
    if (payment.state != PaymentState::Pending && !random_.one_in(300)) continue;
    if (!random_.one_in(++seen)) continue;
    order.uetr = at.second;
    out_.operation.actor = at.first;
  }
  if (random_.one_in(40)) order.uetr = random_.id();
  if (seen == 0) return false;
  out_.operation.action = order;
  return true;
}

bool Generator::give_back() {
  std::uint64_t seen = 0;
  ReturnPayment order;
  for (const auto& [at, payment] : s_.payments) {
    const bool good = payment.state == PaymentState::Settled && payment.kind != PaymentKind::Return;
    if (!good && !random_.one_in(200)) continue;
    if (!random_.one_in(++seen)) continue;
    order.payer_bank = at.first;
    order.uetr = at.second;
    const Money left = money(payment.terms.amount) - payment.returned;
    order.amount = some(left);
    if (random_.one_in(2) && left > 0) order.amount = Amount{0, static_cast<std::uint64_t>(left)};
    out_.operation.actor = payment.terms.payee_bank;
  }
  if (seen == 0) return false;
  order.by_bank = random_.one_in(4);
  if (order.by_bank || random_.one_in(3)) order.reason = Code::Regulatory;
  if (random_.one_in(60)) order.uetr = random_.id();
  out_.operation.action = order;
  return true;
}

bool Generator::bulk() {
  PosKey from;
  if (!pick_kind(from, AccountKind::Customer)) return false;
  BulkPay order;
  order.all_or_nothing = random_.one_in(2);
  order.screening = passed();
  const std::uint64_t count = 1 + random_.below(8);
  std::map<InstId, std::vector<PaymentTerms>> to_bank;
  Money sum = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    PaymentTerms terms;
    if (random_.one_in(3)) {
      PosKey to;
      if (!pick(to, [&](const PosKey& at, const Acct& account, const Pos&) {
            return at.first == from.first && at != from && account.kind == AccountKind::Customer;
          }))
        continue;
      terms.payer_bank = terms.payee_bank = issuer(from.first);
      terms.payer_account = from.second;
      terms.payee_account = to.second;
      terms.token_from = terms.token_to = from.first;
      terms.charge_bearer = ChargeBearer::Shar;
    } else if (!pay_terms(terms, &from)) {
      continue;
    }
    terms.uetr = random_.id();
    terms.amount = {0, 1 + random_.below(random_.one_in(3) ? 500'000 : 90'000)};
    if (random_.one_in(50)) terms.amount = some(s_.available(from));
    terms.payee_fee = {};
    if (random_.one_in(40)) terms.payee_account = random_.id();
    if (random_.one_in(60) && order.items.size() != 0) terms.uetr = order.items[0].uetr;
    sum += money(terms.amount);
    order.items.push_back(terms);
    if (terms.settle_token != 0) to_bank[terms.payee_bank].push_back(terms);
  }
  if (order.items.empty()) return false;
  order.control_sum = {static_cast<std::uint64_t>(sum >> 64), static_cast<std::uint64_t>(sum)};
  if (random_.one_in(40)) order.control_sum.lo ^= 1;
  for (const auto& [payee_bank, items] : to_bank) {
    if (!random_.one_in(order.all_or_nothing ? 12 : 3)) order.tickets.push_back(ticket_for(items));
  }
  out_.operation.actor = issuer(from.first);
  out_.operation.action = order;
  return true;
}

static Leg xfer_leg(TokenId token, const AccountId& from, const AccountId& to,
                    const Amount& amount) {
  Leg leg;
  leg.xfer = Xfer{.token = token, .from = from, .to = to, .amount = amount};
  return leg;
}

bool Generator::batch() {
  SettleAtomic order;
  const std::uint64_t count = 2 + random_.below(4);
  for (std::uint64_t i = 0; i < count * 2 && order.legs.size() < count; ++i) {
    Leg leg;
    const std::uint64_t dice = random_.below(12);
    PosKey at;
    if (dice < 6) {
      PaymentTerms terms;
      if (!transfer_terms(terms)) continue;
      const auto kind = s_.accounts.at({issuer(terms.token_from), terms.payer_account}).kind;
      if (kind == AccountKind::Customer && !random_.one_in(4)) continue;
      leg = xfer_leg(terms.token_from, terms.payer_account, terms.payee_account, terms.amount);
    } else if (dice < 8) {
      if (!pick_kind(at, random_.one_in(3) ? AccountKind::Customer : AccountKind::Nostro)) continue;
      leg.mint = Mint{.token = at.first,
                      .account = at.second,
                      .amount = some(100'000),
                      .kind = {},
                      .core_ref_commit = random_.one_in(2) ? Commit{} : random_.hash()};
    } else if (dice < 10) {
      if (!pick_kind(at, random_.one_in(4) ? AccountKind::Customer : AccountKind::Nostro)) continue;
      leg.burn = Redeem{.token = at.first,
                        .account = at.second,
                        .amount = some(s_.available(at)),
                        .payout_commit = {}};
    } else if (dice == 10) {
      if (!hold_capture()) continue;
      leg.capture = std::get<HoldCapture>(out_.operation.action);
    } else {
      if (!respond()) continue;
      const auto& answer = std::get<PayRespond>(out_.operation.action);
      if (!answer.accept) continue;
      leg.accept = answer;
    }
    order.legs.push_back(leg);
  }
  if (order.legs.size() < 2 && !random_.one_in(30)) return false;
  if (order.legs.empty()) return false;
  out_.operation.action = order;
  out_.operation.actor = bank();
  // Any of those that must sign may be the actor.
  if (const auto need = Rules::needed(s_, out_.operation); need && !need->roles.empty()) {
    auto inst = need->roles.begin();
    std::advance(inst, random_.below(need->roles.size()));
    out_.operation.actor = inst->first;
  }
  return true;
}

// A payment in two currencies by way of a bank that has accounts in both (ledger 15, scenario 6),
// or in one.
bool Generator::fx() {
  SettleAtomic order;
  Pay draft;
  PaymentTerms& terms = draft.terms;
  if (!pay_terms(terms, nullptr)) return false;
  PosKey dealer_in, to;
  const TokenId out_token = random_.one_in(3) ? 7 : 8;
  if (!pick(dealer_in, [&](const PosKey& at, const Acct& account, const Pos&) {
        return at.first == terms.token_from && account.kind == AccountKind::Nostro;
      }))
    return false;
  if (!pick(to, [&](const PosKey& at, const Acct& account, const Pos&) {
        return issuer(at.first) == terms.payee_bank && account.kind == AccountKind::Customer &&
               s_.tokens.at(at.first).currency == s_.tokens.at(out_token).currency;
      }))
    return false;
  const InstId dealer = s_.accounts.at({issuer(dealer_in.first), dealer_in.second}).owner;
  const AccountId* pays = look(s_.own, {dealer, out_token});
  const AccountId* gets = look(s_.own, {terms.payee_bank, out_token});
  if (pays == nullptr || gets == nullptr || *pays == *gets) return false;
  terms.uetr = out_.operation.op_id;
  terms.payee_account = to.second;
  terms.token_to = to.first;
  terms.settle_token = 0;
  terms.payee_fee = {};
  terms.amount_to = {0, 1 + random_.below(500'000)};
  if (s_.tokens.at(terms.token_from).currency == s_.tokens.at(terms.token_to).currency &&
      random_.one_in(2))
    terms.amount_to = {};
  const Amount arrives = terms.amount_to.is_zero() ? terms.amount : terms.amount_to;
  Leg mint;
  mint.mint = Mint{.token = to.first,
                   .account = to.second,
                   .amount = arrives,
                   .kind = {},
                   .core_ref_commit = {}};
  order.legs = {xfer_leg(terms.token_from, terms.payer_account, dealer_in.second, terms.amount),
                xfer_leg(out_token, *pays, *gets, arrives), mint};
  if (!terms.payer_fee.is_zero())
    order.legs.push_back(xfer_leg(terms.token_from, terms.payer_account,
                                  internal_account(terms.token_from, AccountKind::Fee),
                                  terms.payer_fee));
  if (random_.one_in(20)) terms.amount.lo += 1;
  order.payment = terms;
  order.screening = passed();
  if (!random_.one_in(15)) order.ticket = ticket_for({&terms, 1});
  out_.operation.actor = terms.payer_bank;
  out_.operation.action = order;
  return true;
}

bool Generator::hold_create() {
  PosKey at, to;
  const auto dice = random_.below(7);
  HoldCreate order;
  order.kind = dice < 4 ? HoldKind::Escrow : dice < 6 ? HoldKind::Redeem : HoldKind::Legal;
  if (!pick_kind(at, order.kind == HoldKind::Redeem && random_.one_in(2) ? AccountKind::Nostro
                                                                         : AccountKind::Customer))
    return false;
  order.token = at.first;
  order.account = random_.one_in(60) ? random_.id() : at.second;
  order.amount = some(s_.available(at));
  if (order.kind == HoldKind::Escrow) {
    if (!pick(to, [&](const PosKey& other, const Acct& account, const Pos&) {
          return other.first == at.first && other != at &&
                 (account.kind == AccountKind::Customer || random_.one_in(30));
        }))
      return false;
    order.beneficiary = random_.one_in(40) ? random_.id() : to.second;
    order.captor = static_cast<InstId>(1 + random_.below(random_.one_in(30) ? 9 : 5));
    order.payer_may_release = random_.one_in(2);
  }
  if (order.kind != HoldKind::Legal)
    order.ttl_s = static_cast<std::uint32_t>(random_.one_in(30) ? random_.below(2) * 400 * 86'400
                                                                : 1 + random_.below(86'400));
  out_.operation.actor = issuer(at.first);
  const Acct* account = look(s_.accounts, {issuer(at.first), order.account});
  if (account != nullptr && account->kind == AccountKind::Nostro && order.kind != HoldKind::Legal)
    out_.operation.actor = account->owner;
  if (random_.one_in(40)) out_.operation.actor = bank();
  out_.operation.action = order;
  return true;
}

bool Generator::hold_capture() {
  std::uint64_t seen = 0;
  HoldCapture order;
  for (const auto& [at, hold] : s_.holds) {
    const bool good = hold.status == HoldStatus::Active && hold.kind != HoldKind::Payment;
    if (!good && !random_.one_in(200)) continue;
    if (!random_.one_in(++seen)) continue;
    order.creator = at.first;
    order.hold_id = at.second;
    order.amount = some(hold.amount);
    out_.operation.actor = hold.captor == 0 ? bank() : hold.captor;
  }
  if (seen == 0) return false;
  if (random_.one_in(60)) order.hold_id = random_.id();
  out_.operation.action = order;
  return true;
}

bool Generator::hold_release() {
  HoldCapture drafted;
  if (!hold_capture()) return false;
  drafted = std::get<HoldCapture>(out_.operation.action);
  out_.operation.action = HoldRelease{.creator = drafted.creator, .hold_id = drafted.hold_id};
  if (const Holding* hold = look(s_.holds, {drafted.creator, drafted.hold_id});
      hold != nullptr && random_.one_in(3))
    out_.operation.actor = issuer(hold->token);
  return true;
}

bool Generator::clawback() {
  PosKey at;
  if (!pick_kind(at, AccountKind::Customer)) return false;
  Clawback order;
  order.token = at.first;
  order.account = random_.one_in(40) ? internal_account(at.first, AccountKind::Fee) : at.second;
  order.amount = some(s_.positions.at(at).posted);
  if (random_.one_in(2)) order.amount = {0, 1 + random_.below(50'000)};
  order.up_to = random_.one_in(3);
  order.burn = random_.one_in(3);
  order.include_holds = random_.one_in(2);
  if (!random_.one_in(20)) order.legal_order_commit = random_.hash();
  order.jurisdiction = country();
  out_.operation.actor = issuer(at.first);
  out_.operation.action = order;
  return true;
}

}  // namespace giro::ledger::reference
