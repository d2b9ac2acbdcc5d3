// CORRIDOR_SET (ledger 5.3): one bank's half of a corridor. The outgoing half lets it debit its own
// accounts, the incoming half lets it mint. To lower is fast, and open to a suspended bank.
#include <algorithm>

#include "node/ledger/operations/parties.h"

namespace giro::ledger {

namespace {

// From the payer bank to the payee bank.
Key corridor_of(InstId actor, const CorridorSet& action) {
  return action.incoming ? corridor_key(action.peer, actor, action.currency)
                         : corridor_key(actor, action.peer, action.currency);
}

// Nothing that was refused, asked for, or looked at before passes more easily than before.
bool only_lowers(const CorridorHalf& before, const CorridorHalf& after) {
  const auto is_subset = std::ranges::all_of(after.settle_tokens, [&before](TokenId token) {
    return before.settle_tokens.contains(token);
  });
  return (before.enabled || !after.enabled) && after.max_tx <= before.max_tx &&
         after.daily_cap <= before.daily_cap && is_subset &&
         after.travel_rule_threshold <= before.travel_rule_threshold &&
         after.cop_threshold <= before.cop_threshold &&
         (before.required_checks & ~after.required_checks) == 0 &&
         (after.purpose_required || !before.purpose_required) &&
         after.auto_accept_max <= before.auto_accept_max &&
         after.standing_fee_max <= before.standing_fee_max;
}

// There being no corridor is a half that allows nothing.
bool only_lowers(Run& run, const CorridorSet& action) {
  const Cell<Corridor>* cell = run.overlay().find<Corridor>(corridor_of(run.actor(), action));
  const Corridor known = cell == nullptr ? Corridor{} : cell->value;
  return only_lowers(action.incoming ? known.payee : known.payer, action.half);
}

}  // namespace

Code check(const Operation& operation, const CorridorSet& action) {
  constexpr std::uint8_t kAllChecks = kCheckSanctions | kCheckAmlFraud | kCheckOther;
  const CorridorHalf& half = action.half;
  const auto& tokens = half.settle_tokens;
  const bool ascends =
      std::adjacent_find(tokens.begin(), tokens.end(), std::greater_equal<>()) == tokens.end();
  const bool has_what_is_the_payees =
      !half.auto_accept_max.is_zero() || !half.standing_fee_max.is_zero();
  return Lowest()
      .when(action.peer == 0 || action.peer == operation.actor, Code::Malformed)
      .when(half.required_checks > kAllChecks, Code::Malformed)
      .when(!action.incoming && has_what_is_the_payees, Code::Malformed)
      .also(check_optional_amount(half.max_tx))
      .also(check_optional_amount(half.daily_cap))
      .also(check_optional_amount(half.travel_rule_threshold))
      .also(check_optional_amount(half.cop_threshold))
      .also(check_optional_amount(half.auto_accept_max))
      .also(check_optional_amount(half.standing_fee_max))
      .when(!ascends, Code::NonCanonicalEncoding)
      .when(!currency_scale(action.currency), Code::BadCurrency)
      .code();
}

Code require(Run& run, const CorridorSet& action) {
  run.requirements.add(run.actor(), Role::Compliance, 1);
  if (only_lowers(run, action)) return Code::Ok;
  run.requirements.add_quorum(run.overlay(), run.actor(), Role::Treasury);
  if (action.incoming) run.requirements.add_quorum(run.overlay(), run.actor(), Role::Issuer);
  return Code::Ok;
}

Verdict run(Run& run, const CorridorSet& action) {
  Overlay& overlay = run.overlay();
  // step 7
  const bool has_peer = find_institution(overlay, action.peer) != nullptr;
  const Code status =
      Lowest()
          .when(!has_peer, Code::InstitutionNotFound)
          .when(has_suspended_signer(run) && !only_lowers(run, action), Code::AgentSuspended)
          .code();
  if (status != Code::Ok) return status;
  // step 9
  for (const TokenId id : action.half.settle_tokens) {
    const Cell<Token>* token = overlay.find<Token>(token_key(id));
    if (token == nullptr || token->value.currency != action.currency) return Code::TokenNotFound;
  }

  const Key at = corridor_of(run.actor(), action);
  Cell<Corridor>* known = overlay.find<Corridor>(at);
  Corridor& corridor = overlay.edit(known != nullptr ? *known : overlay.create<Corridor>(at));
  (action.incoming ? corridor.payee : corridor.payer) = action.half;
  const InstId from = action.incoming ? action.peer : run.actor();
  const InstId to = action.incoming ? run.actor() : action.peer;
  run.effects.emit(EventType::CorridorChanged,
                   CorridorEvent{.from = from,
                                 .to = to,
                                 .currency = action.currency,
                                 .payer = corridor.payer,
                                 .payee = corridor.payee},
                   {from, to});
  return Code::Ok;
}

}  // namespace giro::ledger
