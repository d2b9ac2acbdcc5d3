#include "node/client/payment.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>

#include "node/client/json_fields.h"

namespace giro::client {
namespace {

namespace json = boost::json;

std::unexpected<Error> usage(std::string message) {
  return std::unexpected(Error{ErrorKind::Usage, {}, std::move(message)});
}

struct AccountFacts {
  std::string kind;                           // CUSTOMER, NOSTRO, ...
  std::string owner;                          // of a NOSTRO
  std::map<std::string, std::string> tokens;  // currency -> token name; of several the first
};

std::expected<AccountFacts, Error> read_account(Client& client, const Directory& directory,
                                                const AccountRef& account) {
  const auto value =
      client.get("/v1/accounts/" + crypto::to_hex(account.id) + "?servicer=" + account.servicer);
  if (!value) return std::unexpected(value.error());
  const auto* object = value->if_object();
  if (object == nullptr)
    return std::unexpected(Error{ErrorKind::Internal, {}, "an account is no document"});
  AccountFacts facts{
      .kind = text_field(*object, "kind"), .owner = text_field(*object, "owner"), .tokens = {}};
  const auto* positions = array_field(*object, "positions");
  if (positions == nullptr) return facts;
  for (const auto& position : *positions) {
    if (!position.is_object()) continue;
    const auto token = directory.token(text_field(position.get_object(), "token"));
    if (token) facts.tokens.emplace(token->currency, token->name);
  }
  return facts;
}

struct CorridorFacts {
  bool enabled = false;
  std::vector<std::string> settle_tokens;
  ledger::Amount travel_rule_threshold, cop_threshold, auto_accept_max;
  bool purpose_required = false;
};

std::expected<CorridorFacts, Error> read_corridor(Client& client, const std::string& from,
                                                  const std::string& to, const TokenFacts& token) {
  const auto value = client.get("/v1/institutions/" + from);
  if (!value) return std::unexpected(value.error());
  const auto* object = value->if_object();
  const auto* rows = object == nullptr ? nullptr : array_field(*object, "corridors_out");
  if (rows != nullptr) {
    for (const auto& row : *rows) {
      if (!row.is_object()) continue;
      const auto& corridor = row.get_object();
      if (text_field(corridor, "peer") != to || text_field(corridor, "currency") != token.currency)
        continue;
      const auto money = [&](std::string_view name) {
        ledger::DecimalError ignored{};
        return ledger::from_decimal(text_field(corridor, name), token.scale, ignored)
            .value_or(ledger::Amount{});
      };
      CorridorFacts facts{.enabled = bool_field(corridor, "enabled"),
                          .settle_tokens = {},
                          .travel_rule_threshold = money("travel_rule_threshold"),
                          .cop_threshold = money("cop_threshold"),
                          .auto_accept_max = money("auto_accept_max"),
                          .purpose_required = bool_field(corridor, "purpose_required")};
      if (const auto* list = array_field(corridor, "settle_tokens")) {
        for (const auto& name : *list) {
          if (name.is_string()) facts.settle_tokens.emplace_back(name.get_string());
        }
      }
      return facts;
    }
  }
  return std::unexpected(
      Error{ErrorKind::No, "CORRIDOR_DISABLED",
            "there is no corridor from " + from + " to " + to + " in " + token.currency});
}

// The first currency, by code, in which both accounts hold a token.
std::expected<std::string, Error> choose_currency(const AccountFacts& from, const AccountFacts& to,
                                                  const PaymentRequest& request) {
  if (request.currency) {
    if (!from.tokens.contains(*request.currency)) {
      return usage(request.from.alias + " holds no " + *request.currency);
    }
    if (!to.tokens.contains(*request.currency)) {
      return usage(request.to.alias + " holds no " + *request.currency);
    }
    return *request.currency;
  }
  for (const auto& [currency, token] : from.tokens) {
    if (to.tokens.contains(currency)) return currency;
  }
  return usage(request.from.alias + " and " + request.to.alias + " hold no common currency");
}

// Central or agent money before a claim of one bank on the other.
std::expected<TokenFacts, Error> choose_settle_token(const Directory& directory,
                                                     const CorridorFacts& corridor,
                                                     const TokenFacts& from, const TokenFacts& to,
                                                     const PaymentRequest& request) {
  if (request.settle_token) return directory.token(*request.settle_token);
  if (corridor.settle_tokens.empty()) {
    return std::unexpected(Error{ErrorKind::No, "SETTLE_TOKEN_NOT_AGREED",
                                 "the banks have agreed on no settlement token"});
  }
  const auto third = std::ranges::find_if(corridor.settle_tokens, [&](const std::string& name) {
    return name != from.name && name != to.name;
  });
  return directory.token(third == corridor.settle_tokens.end() ? corridor.settle_tokens.front()
                                                               : *third);
}

ledger::Screening passed(std::int64_t now) {
  ledger::Screening screening;
  screening.sanctions = screening.aml_fraud = screening.other = ledger::Check::Pass;
  screening.screened_at = {now};
  return screening;
}

// Pre-acceptance by the payee bank, made with its own keys where this profile has them.
std::expected<ledger::Ticket, Error> make_ticket(const ledger::PaymentTerms& terms,
                                                 const std::vector<KeyNeed>& needs,
                                                 bool travel_rule, const DraftOptions& options,
                                                 Keyring& keys, const crypto::Hash& chain_id) {
  ledger::TicketBody body;
  body.payee_bank = terms.payee_bank;
  body.terms_hash = ledger::terms_hash(std::span(&terms, 1));
  body.screening = passed(options.now_ms);
  body.travel_rule_ack = travel_rule;
  body.expires_at = {options.now_ms + options.valid_for.count()};
  auto bytes = ledger::encode_ticket_body(body);
  auto signatures = keys.sign(needs, ledger::ticket_sign_bytes(chain_id, bytes));
  if (!signatures) return std::unexpected(signatures.error());
  return ledger::make_ticket(std::move(bytes), std::move(*signatures));
}

struct Sides {
  AccountFacts from, to;
  TokenFacts token_from, token_to;
  InstitutionFacts payer_bank, payee_bank;
};

std::expected<Sides, Error> read_sides(Client& client, const Directory& directory,
                                       const PaymentRequest& request) {
  Sides sides;
  for (auto& [facts, account] :
       {std::pair(&sides.from, &request.from), std::pair(&sides.to, &request.to)}) {
    auto read = read_account(client, directory, *account);
    if (!read) return std::unexpected(read.error());
    *facts = std::move(*read);
  }
  const auto currency = choose_currency(sides.from, sides.to, request);
  if (!currency) return std::unexpected(currency.error());
  // A NOSTRO is paid from by its owner; a customer's account by its servicer.
  const auto bank = [](const AccountFacts& facts, const AccountRef& account) {
    return facts.owner.empty() ? account.servicer : facts.owner;
  };
  auto token_from = directory.token(sides.from.tokens.at(*currency));
  auto token_to = directory.token(sides.to.tokens.at(*currency));
  auto payer = directory.institution(bank(sides.from, request.from));
  auto payee = directory.institution(bank(sides.to, request.to));
  if (!token_from) return std::unexpected(token_from.error());
  if (!token_to) return std::unexpected(token_to.error());
  if (!payer) return std::unexpected(payer.error());
  if (!payee) return std::unexpected(payee.error());
  sides.token_from = std::move(*token_from);
  sides.token_to = std::move(*token_to);
  sides.payer_bank = std::move(*payer);
  sides.payee_bank = std::move(*payee);
  return sides;
}

// The authority of the debited account (ledger 4.2, AA).
std::vector<KeyNeed> account_authority(const Sides& sides, ledger::Amount amount) {
  if (sides.from.kind == "NOSTRO") return {need(sides.payer_bank, ledger::Role::Treasury)};
  std::vector<KeyNeed> needs{need(sides.payer_bank, ledger::Role::Maker, 1)};
  if (amount >= sides.token_from.checker_threshold) {
    needs.push_back(need(sides.payer_bank, ledger::Role::Checker, 1));
  }
  return needs;
}

ledger::PaymentTerms basic_terms(const Sides& sides, const PaymentRequest& request,
                                 ledger::Amount amount) {
  ledger::PaymentTerms terms;
  terms.payer_bank = sides.payer_bank.id;
  terms.payer_account = request.from.id;
  terms.payee_bank = sides.payee_bank.id;
  terms.payee_account = request.to.id;
  terms.token_from = sides.token_from.id;
  terms.token_to = sides.token_to.id;
  terms.amount = amount;
  if (request.purpose) terms.purpose = ledger::Purpose::from(*request.purpose);
  return terms;
}

}  // namespace

std::expected<PaymentDraft, Error> draft_payment(Client& client, const Directory& directory,
                                                 const PaymentRequest& request,
                                                 const DraftOptions& options, Keyring& keys,
                                                 const crypto::Hash& chain_id) {
  if (request.purpose && request.purpose->size() != 4)
    return usage("a purpose is four letters, as SUPP");
  const auto sides = read_sides(client, directory, request);
  if (!sides) return std::unexpected(sides.error());
  const auto amount = parse_amount(request.amount, sides->token_from);
  if (!amount) return std::unexpected(amount.error());

  PaymentDraft out;
  out.draft.actor = sides->payer_bank.name;
  out.draft.operation = new_operation(sides->payer_bank.id, options);
  out.draft.needs = account_authority(*sides, *amount);
  out.is_transfer = sides->token_from.id == sides->token_to.id;
  out.draft.summary =
      std::string(out.is_transfer ? "TRANSFER " : "PAY ") + sides->token_from.currency + " " +
      ledger::to_decimal(*amount, sides->token_from.scale) + "  " + request.from.alias + "@" +
      request.from.servicer + " -> " + request.to.alias + "@" + request.to.servicer;
  ledger::PaymentTerms terms = basic_terms(*sides, request, *amount);
  terms.uetr = out.draft.operation.op_id;
  if (out.is_transfer) {
    out.draft.operation.action = ledger::Transfer{terms};
    return out;
  }

  const auto corridor =
      read_corridor(client, sides->payer_bank.name, sides->payee_bank.name, sides->token_from);
  if (!corridor) return std::unexpected(corridor.error());
  const auto settle =
      choose_settle_token(directory, *corridor, sides->token_from, sides->token_to, request);
  if (!settle) return std::unexpected(settle.error());
  terms.settle_token = settle->id;
  out.settle_token = settle->name;
  out.draft.needs.push_back(need(sides->payer_bank, ledger::Role::Compliance, 1));
  if (corridor->purpose_required && !request.purpose)
    return usage("this corridor requires --purpose");
  const bool travel_rule = *amount >= corridor->travel_rule_threshold;
  if (travel_rule) {
    if (!request.travel_rule_data && !request.throwaway) {
      return usage("from this amount on the travel rule applies: give --travel-rule FILE");
    }
    terms.travel_rule_commit =
        out.draft.commit_to("travel-rule", request.travel_rule_data.value_or(""));
  }
  // Beyond standing acceptance the payee bank has to agree (ledger 5.5, PAY 3).
  const bool needs_acceptance = *amount > corridor->auto_accept_max || travel_rule ||
                                *amount >= corridor->cop_threshold ||
                                *amount >= sides->token_to.dual_threshold;
  ledger::Pay pay;
  if (needs_acceptance) {
    std::vector<KeyNeed> needs{need(sides->payee_bank, ledger::Role::Compliance, 1)};
    if (*amount >= sides->token_to.dual_threshold) {
      needs.push_back(need(sides->payee_bank, ledger::Role::Issuer));
    }
    out.has_ticket = std::ranges::all_of(needs, [&keys](const KeyNeed& n) { return keys.has(n); });
    out.will_be_pending = !out.has_ticket;
    if (out.has_ticket) {
      if (*amount >= corridor->cop_threshold) terms.cop_result = ledger::CopResult::Match;
      auto ticket = make_ticket(terms, needs, travel_rule, options, keys, chain_id);
      if (!ticket) return std::unexpected(ticket.error());
      pay.ticket = std::move(*ticket);
    }
  }
  pay.terms = terms;
  pay.screening = passed(options.now_ms);
  out.draft.operation.action = std::move(pay);
  return out;
}

}  // namespace giro::client
