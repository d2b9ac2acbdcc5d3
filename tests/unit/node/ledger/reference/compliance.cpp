// Deny lists, corridors, clawback (ledger 5.3).
#include <algorithm>

#include "tests/unit/node/ledger/reference/rules.h"

namespace giro::ledger::reference {

static Subject subject_of(const DenyEntry& entry) {
  return {entry.kind, entry.institution, entry.account, entry.country};
}

std::optional<Code> Rules::need(const DenySet& order) {
  spares_ = true;
  need_.add(actor_, Role::Compliance, order.remove.empty() ? 1 : 2);
  return std::nullopt;
}
void Rules::check(const DenySet&) {}
void Rules::act(const DenySet& order) {
  auto& denied = s_.insts.at(actor_).denied;
  for (const DenyEntry& entry : order.remove) denied.erase(subject_of(entry));
  for (const DenyEntry& entry : order.add)
    denied[subject_of(entry)] = {.reason_class = entry.reason_class, .height = s_.height};
}

static Half plain_half(const CorridorHalf& given) {
  Half half;
  half.enabled = given.enabled;
  half.max_tx = money(given.max_tx);
  half.daily_cap = money(given.daily_cap);
  half.settle.insert(given.settle_tokens.begin(), given.settle_tokens.end());
  half.travel = money(given.travel_rule_threshold);
  half.cop = money(given.cop_threshold);
  half.checks = given.required_checks;
  half.purpose = given.purpose_required;
  half.auto_max = money(given.auto_accept_max);
  half.standing_fee = money(given.standing_fee_max);
  return half;
}

// Nothing passes that did not pass before.
static bool only_lowers(const Half& before, const Half& after) {
  return (before.enabled || !after.enabled) && after.max_tx <= before.max_tx &&
         after.daily_cap <= before.daily_cap &&
         std::ranges::includes(before.settle, after.settle) && after.travel <= before.travel &&
         after.cop <= before.cop && (before.checks & ~after.checks) == 0 &&
         (after.purpose || !before.purpose) && after.auto_max <= before.auto_max &&
         after.standing_fee <= before.standing_fee;
}

static CorrKey corridor_of(InstId actor, const CorridorSet& order) {
  return order.incoming ? CorrKey(order.peer, actor, order.currency)
                        : CorrKey(actor, order.peer, order.currency);
}

std::optional<Code> Rules::need(const CorridorSet& order) {
  const Corr* known = look(s_.corridors, corridor_of(actor_, order));
  const Half before = known == nullptr ? Half{} : order.incoming ? known->payee : known->payer;
  need_.add(actor_, Role::Compliance, 1);
  spares_ = only_lowers(before, plain_half(order.half));
  if (spares_) return std::nullopt;
  need_quorum(actor_, Role::Treasury);
  if (order.incoming) need_quorum(actor_, Role::Issuer);
  return std::nullopt;
}
void Rules::check(const CorridorSet& order) {
  f_.at(7, Code::InstitutionNotFound, !s_.insts.contains(order.peer));
  for (const TokenId id : order.half.settle_tokens) {
    const Tok* token = look(s_.tokens, id);
    f_.at(9, Code::TokenNotFound, token == nullptr || token->currency != order.currency);
  }
}
void Rules::act(const CorridorSet& order) {
  Corr& corridor = s_.corridors[corridor_of(actor_, order)];
  (order.incoming ? corridor.payee : corridor.payer) = plain_half(order.half);
}

std::optional<Code> Rules::need(const Clawback& order) {
  spares_ = true;
  const Tok* token = look(s_.tokens, order.token);
  if (token == nullptr) return Code::TokenNotFound;
  need_.add(token->issuer, Role::Legal, 1);
  need_.add(token->issuer, Role::Compliance, 1);
  if (money(order.amount) >= token->dual) need_.add(token->issuer, Role::Admin, 1);
  return std::nullopt;
}

// Of a position, oldest first: by the height of their block, then by creator and id.
static std::vector<OwnedKey> oldest_holds(const State& state, const PosKey& at) {
  std::vector<std::pair<std::uint64_t, OwnedKey>> found;
  for (const auto& [key, hold] : state.holds) {
    if (hold.status == HoldStatus::Active && hold.token == at.first && hold.account == at.second)
      found.emplace_back(hold.height, key);
  }
  std::ranges::sort(found);
  std::vector<OwnedKey> keys;
  for (const auto& [height, key] : found) keys.push_back(key);
  return keys;
}

void Rules::check(const Clawback& order) {
  const Tok& token = s_.tokens.at(order.token);
  const PosKey at(order.token, order.account);
  const Acct* account = look(s_.accounts, {token.issuer, order.account});
  f_.at(10, Code::DebtorAccountNotFound, account == nullptr);
  f_.at(10, Code::FeatureNotEnabled, (token.features & kCanClawback) == 0);
  f_.at(13, Code::LegalRefRequired, order.legal_order_commit == Commit{});
  if (account == nullptr) return;
  f_.at(10, Code::DebtorKindNotAllowed, account->kind != AccountKind::Customer);
  const Pos* position = look(s_.positions, at);
  f_.at(10, Code::DebtorPositionNotOpen, position == nullptr);
  if (position == nullptr) return;
  Money free = position->posted - s_.held(at);
  if (order.include_holds) {
    const std::vector<OwnedKey> holds = oldest_holds(s_, at);
    for (std::size_t i = 0; i < holds.size() && i < 64; ++i) free += s_.holds.at(holds[i]).amount;
  }
  f_.at(15, Code::InsufficientFunds, order.up_to ? free == 0 : free < money(order.amount));
}

void Rules::act(const Clawback& order) {
  const PosKey at(order.token, order.account);
  Pos& position = s_.positions.at(at);
  Money wanted = money(order.amount);
  if (order.include_holds) {
    std::size_t voided = 0;
    for (const OwnedKey& key : oldest_holds(s_, at)) {
      if (position.posted - s_.held(at) >= wanted || voided == 64) break;
      ++voided;
      Holding& hold = s_.holds.at(key);
      const bool is_past = hold.expires != 0 && hold.expires <= s_.now;
      const HoldStatus status = is_past ? HoldStatus::Expired : HoldStatus::Voided;
      if (hold.kind == HoldKind::Payment) {
        Paym& payment = s_.payments.at(key);
        payment.height = s_.height;
        payment.index = index_;
        if (is_past)
          end_pending(s_, payment, key, PaymentState::Expired, Code::PaymentExpired,
                      HoldStatus::Released);
        else
          end_pending(s_, payment, key, PaymentState::Rejected, Code::Regulatory, status);
      } else {
        end_hold(hold, status);
      }
    }
  }
  const Money taken = std::min(wanted, position.posted - s_.held(at));
  position.frozen -= std::min(position.frozen, taken);
  debit(at, taken);
  if (order.burn)
    s_.tokens.at(order.token).redeemed += taken;
  else
    credit({order.token, internal_account(order.token, AccountKind::LegalCustody)}, taken);
}

}  // namespace giro::ledger::reference
