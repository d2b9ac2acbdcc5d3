#include "node/ledger/journal.h"

namespace giro::ledger {

namespace {

// target += amount, checked.
[[nodiscard]] bool add_to(Amount& target, Amount amount) {
  const auto sum = checked_add(target, amount);
  if (sum) target = *sum;
  return sum.has_value();
}
[[nodiscard]] bool take_from(Amount& target, Amount amount) {
  const auto rest = checked_subtract(target, amount);
  if (rest) target = *rest;
  return rest.has_value();
}

}  // namespace

Party load_party(Overlay& overlay, InstId servicer, TokenId token, const AccountId& account) {
  Party party{.servicer = servicer, .token_id = token, .account_id = account};
  party.token = overlay.find<Token>(token_key(token));
  party.account = overlay.find<Account>(account_key(servicer, account));
  if (party.token != nullptr && party.account != nullptr && party.token->value.issuer == servicer) {
    party.position = overlay.find<Position>(position_key(token, account));
  }
  return party;
}

Party load_party(Overlay& overlay, TokenId token, const AccountId& account) {
  const Cell<Token>* record = overlay.find<Token>(token_key(token));
  return record == nullptr ? Party{} : load_party(overlay, record->value.issuer, token, account);
}

Code Journal::debit(const Party& party, Amount amount, EntryType type, InstId counterparty) {
  return post(party, Side::Debit, amount, type, counterparty);
}

Code Journal::credit(const Party& party, Amount amount, EntryType type, InstId counterparty) {
  return post(party, Side::Credit, amount, type, counterparty);
}

Code Journal::post(const Party& party, Side side, Amount amount, EntryType type,
                   InstId counterparty) {
  if (amount.is_zero()) return Code::Ok;
  Position& position = effects_.overlay.edit(*party.position);
  Token& token = effects_.overlay.edit(*party.token);
  TokenFlow& flow = effects_.flow(party.token_id);
  const bool is_internal =
      party.kind() == AccountKind::Fee || party.kind() == AccountKind::Suspense;

  if (side == Side::Debit) {
    if (!take_from(position.posted, amount) || !take_from(token.posted, amount))
      return Code::InvariantViolation;
    if (is_internal && !take_from(token.internal, amount)) return Code::InvariantViolation;
    if (!add_to(position.dr_total, amount) || !add_to(flow.debits, amount))
      return Code::ArithmeticOverflow;
    ++position.dr_count;
  } else {
    if (!add_to(position.posted, amount) || !add_to(token.posted, amount))
      return Code::ArithmeticOverflow;
    if (is_internal && !add_to(token.internal, amount)) return Code::ArithmeticOverflow;
    if (!add_to(position.cr_total, amount) || !add_to(flow.credits, amount))
      return Code::ArithmeticOverflow;
    ++position.cr_count;
  }
  ++position.entry_seq;
  position.last_height = effects_.block.height;

  const EntryEvent entry{.token = party.token_id,
                         .account = party.account_id,
                         .seq = position.entry_seq,
                         .side = side,
                         .amount = amount,
                         .balance = position.posted,
                         .height = effects_.block.height,
                         .index = effects_.index,
                         .line = ++effects_.lines,
                         .payer_bank = reference_.payer_bank,
                         .reference = reference_.id,
                         .type = type,
                         .counterparty_bank = counterparty,
                         .block_time = effects_.block.time,
                         .e2e_commit = reference_.e2e_commit,
                         .remittance_commit = reference_.remittance_commit};
  Bytes body = encode(entry);
  position.entry_chain = next_entry_chain(position.entry_chain, body);
  const InstId readers[] = {party.servicer, party.account->value.owner};
  effects_.emit_encoded(EventType::Entry, std::move(body), readers);
  return Code::Ok;
}

Code Journal::mint(Cell<Token>& cell, Amount amount) {
  Token& token = effects_.overlay.edit(cell);
  return add_to(token.issued, amount) && add_to(effects_.flow(token_of(cell.key)).debits, amount)
             ? Code::Ok
             : Code::ArithmeticOverflow;
}

Code Journal::burn(Cell<Token>& cell, Amount amount) {
  Token& token = effects_.overlay.edit(cell);
  return add_to(token.redeemed, amount) && add_to(effects_.flow(token_of(cell.key)).credits, amount)
             ? Code::Ok
             : Code::ArithmeticOverflow;
}

}  // namespace giro::ledger
