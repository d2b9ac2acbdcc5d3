#include "tests/unit/node/ledger/reference/compare.h"

#include "node/ledger/query.h"

namespace giro::ledger::reference {
namespace {

std::string text(Money value) {
  if (value == 0) return "0";
  std::string digits;
  for (; value != 0; value /= 10) digits.insert(0, 1, static_cast<char>('0' + value % 10));
  return digits;
}

class Diff {
 public:
  void about(std::string record) { record_ = std::move(record); }
  void number(const char* field, Money mine, Money theirs) {
    if (mine != theirs) say(field, "reference " + text(mine) + ", ledger " + text(theirs));
  }
  void number(const char* field, Money mine, const Amount& theirs) {
    number(field, mine, money(theirs));
  }
  void same(const char* field, bool is_same) {
    if (!is_same) say(field, "differs");
  }
  std::string out;

 private:
  void say(const char* field, const std::string& what) {
    out += "  " + record_ + ": " + field + " " + what + "\n";
  }
  std::string record_;
};

std::string hex(ByteView bytes) {
  return crypto::to_hex(bytes).substr(0, 8);
}
Money ms(Ms value) {
  return static_cast<Money>(value);
}
template <class Enum>
Money number_of(Enum value) {
  return static_cast<Money>(value);
}

template <class Record>
std::optional<Record> read(const StateView& view, const Key& key) {
  const auto bytes = view.get(key);
  return bytes ? decode_record<Record>(*bytes) : std::nullopt;
}

void compare_limits(Diff& diff, const Lims& mine, const PositionLimits& theirs) {
  diff.number("limits.max_tx", mine.max_tx, theirs.max_tx);
  diff.number("limits.day_amount", mine.day_amount, theirs.day_amount);
  diff.number("limits.day_count", mine.day_count, theirs.day_count);
  diff.number("limits.max_balance", mine.max_balance, theirs.max_balance);
  const auto& banks = theirs.allowed_payee_banks;
  diff.same("limits.banks", mine.banks == std::set<InstId>(banks.begin(), banks.end()));
}

void position(Diff& diff, const State& s, const StateView& view, const PosKey& at) {
  diff.about("position " + std::to_string(at.first) + "/" + hex(at.second));
  const Pos* mine = look(s.positions, at);
  const auto theirs = query_position(view, at.first, at.second);
  diff.same("existence", (mine != nullptr) == theirs.has_value());
  if (mine == nullptr || !theirs) return;
  const Day today = day_of(TimeMs{s.now});
  const bool mine_today = mine->day == s.now / kMsPerDay, their_today = theirs->day == today;
  diff.number("posted", mine->posted, theirs->posted);
  diff.number("held", s.held(at), theirs->held);
  diff.number("frozen", mine->frozen, theirs->frozen);
  diff.number("dr_total", mine->dr_total, theirs->dr_total);
  diff.number("cr_total", mine->cr_total, theirs->cr_total);
  diff.number("dr_count", mine->dr_count, theirs->dr_count);
  diff.number("cr_count", mine->cr_count, theirs->cr_count);
  diff.number("entry_seq", mine->dr_count + mine->cr_count, theirs->entry_seq);
  diff.number("day_used", mine_today ? mine->day_used : 0,
              their_today ? money(theirs->day_used) : 0);
  diff.number("day_ops", mine_today ? mine->day_ops : 0, their_today ? theirs->day_ops : 0);
  compare_limits(diff, mine->lims, theirs->limits);
}

void account(Diff& diff, const State& s, const StateView& view, const AcctKey& at) {
  diff.about("account " + std::to_string(at.first) + "/" + hex(at.second));
  const Acct* mine = look(s.accounts, at);
  const auto theirs = read<Account>(view, account_key(at.first, at.second));
  diff.same("existence", (mine != nullptr) == theirs.has_value());
  if (mine == nullptr || !theirs) return;
  diff.number("kind", number_of(mine->kind), number_of(theirs->kind));
  diff.number("owner", mine->owner, theirs->owner);
  diff.same("owner_ref", mine->owner_ref == theirs->owner_ref);
  diff.same("auth_mode", mine->joint == (theirs->auth_mode == AuthMode::Joint));
  diff.number("m", mine->m, theirs->policy.m);
  diff.same("keys", mine->keys == std::set<PublicKey>(theirs->policy.keys.begin(),
                                                      theirs->policy.keys.end()));
  diff.number("blocks", (mine->no_debit ? 1U : 0U) + (mine->no_credit ? 2U : 0U), theirs->blocks);
  diff.number("kyc_tier", mine->kyc_tier, theirs->kyc_tier);
  diff.number("kyc_valid_until", ms(mine->kyc_until), ms(theirs->kyc_valid_until.value));
  diff.number("closed", mine->closed ? 1 : 0, number_of(theirs->status));
  diff.number("open_items", s.open_items(at), theirs->open_items);
  if (mine->kind == AccountKind::Customer || mine->kind == AccountKind::Nostro)
    diff.same("country", mine->country == theirs->country);
}

struct Sums {
  Money held = 0, frozen = 0, internal = 0, posted = 0;
  std::uint64_t positions = 0;
};

std::map<TokenId, Sums> sums_of(const State& s) {
  std::map<TokenId, Sums> all;
  for (const auto& [at, position] : s.positions) {
    Sums& sums = all[at.first];
    sums.frozen += position.frozen;
    sums.posted += position.posted;
    ++sums.positions;
  }
  for (const auto& [id, token] : s.tokens) {
    for (const AccountKind kind : {AccountKind::Fee, AccountKind::Suspense})
      all[id].internal += s.positions.at({id, internal_account(id, kind)}).posted;
  }
  for (const auto& [at, hold] : s.holds)
    all[hold.token].held += hold.status == HoldStatus::Active ? hold.amount : 0;
  return all;
}

void token(Diff& diff, const State& s, const StateView& view, TokenId id) {
  diff.about("token " + std::to_string(id));
  const Tok* mine = look(s.tokens, id);
  const auto theirs = query_token(view, id);
  diff.same("existence", (mine != nullptr) == theirs.has_value());
  if (mine == nullptr || !theirs) return;
  diff.number("issuer", mine->issuer, theirs->issuer);
  diff.same("currency", mine->currency == theirs->currency);
  diff.number("scale", currency_scale(mine->currency).value_or(99), theirs->scale);
  diff.number("product", mine->product, theirs->product);
  diff.number("class", number_of(mine->token_class), number_of(theirs->token_class));
  diff.number("holders", number_of(mine->holder_policy), number_of(theirs->holder_policy));
  diff.number("features", mine->features, theirs->features);
  diff.number("paused", mine->paused, theirs->paused);
  diff.number("cap", mine->cap, theirs->issuance_cap);
  diff.number("max_tx", mine->max_tx, theirs->max_tx);
  diff.number("min_tx", mine->min_tx, theirs->min_tx);
  diff.number("fee_max", mine->fee_max, theirs->fee_max);
  diff.number("checker", mine->checker, theirs->checker_threshold);
  diff.number("dual", mine->dual, theirs->dual_threshold);
  diff.same("terms_hash", mine->terms_hash == theirs->terms_hash);
  diff.number("issued", mine->issued, theirs->issued);
  diff.number("redeemed", mine->redeemed, theirs->redeemed);
}

void institution(Diff& diff, const State& s, const StateView& view, InstId id) {
  diff.about("institution " + std::to_string(id));
  const Inst* mine = look(s.insts, id);
  const auto theirs = query_institution(view, id);
  diff.same("existence", (mine != nullptr) == theirs.has_value());
  if (mine == nullptr || !theirs) return;
  diff.same("name", mine->name == theirs->name);
  diff.number("kind", number_of(mine->kind), number_of(theirs->kind));
  diff.same("lei", mine->lei == theirs->lei);
  diff.same("bic", mine->bic == theirs->bic);
  diff.same("country", mine->country == theirs->country);
  diff.number("status", number_of(mine->status), number_of(theirs->status));
  diff.number("suspended_until", ms(mine->suspended_until), ms(theirs->suspended_until.value));
  diff.number("deny_entries", mine->denied.size(), theirs->deny_entries);
}

void keys_of(Diff& diff, const State& s, const StateView& view, InstId id) {
  diff.about("keys of institution " + std::to_string(id));
  const Inst* mine = look(s.insts, id);
  if (mine == nullptr) return;
  const auto keys = query_keys(view, id);
  diff.number("count", mine->keys.size(), keys.size());
  for (const KeyView& each : keys) {
    const KeyOfInst* key = look(mine->keys, each.id);
    diff.same("existence", key != nullptr);
    if (key == nullptr) continue;
    RoleSet roles = 0;
    for (const Role role : key->roles) roles |= role_bit(role);
    diff.number("roles", roles, each.record.roles);
    diff.number("operator", key->human, each.record.operator_id);
    diff.number("not_before", ms(key->from), ms(each.record.not_before.value));
    diff.number("not_after", ms(key->until), ms(each.record.not_after.value));
    diff.number("revoked", key->revoked ? 1 : 0, number_of(each.record.status));
  }
  for (std::size_t r = 0; r < kRoleCount; ++r) {
    const Role role = static_cast<Role>(r);
    const Policy* policy = look(mine->policies, role);
    const auto theirs = query_role_policy(view, id, role);
    diff.same("policy existence", (policy != nullptr) == theirs.has_value());
    if (policy == nullptr || !theirs) continue;
    diff.number("quorum", policy->quorum, theirs->quorum);
    diff.same("policy keys",
              policy->keys == std::set<KeyId>(theirs->keys.begin(), theirs->keys.end()));
  }
}

void payment(Diff& diff, const State& s, const StateView& view, const OwnedKey& at) {
  diff.about("payment " + std::to_string(at.first) + "/" + hex(at.second));
  const Paym* mine = look(s.payments, at);
  const auto theirs = query_payment(view, at.first, at.second);
  if (mine == nullptr) {  // forgotten here; there perhaps not yet
    diff.same("existence", !theirs || (theirs->ended_at.value != 0 &&
                                       s.now > theirs->ended_at.value +
                                                   static_cast<Ms>(s.params.payment_retention_ms)));
    return;
  }
  diff.same("existence", theirs.has_value());
  if (!theirs) return;
  diff.number("kind", number_of(mine->kind), number_of(theirs->kind));
  diff.number("state", number_of(mine->state), number_of(theirs->state));
  diff.number("reason", number_of(mine->reason), number_of(theirs->reason));
  diff.number("has_hold", mine->state == PaymentState::Pending ? 1 : 0, theirs->has_hold ? 1 : 0);
  diff.number("created_at", ms(mine->created), ms(theirs->created_at.value));
  diff.number("expires_at", ms(mine->expires), ms(theirs->expires_at.value));
  diff.number("settled_at", ms(mine->settled), ms(theirs->settled_at.value));
  diff.number("ended_at", ms(mine->ended), ms(theirs->ended_at.value));
  diff.number("returned", mine->returned, theirs->returned);
  diff.same("original", mine->original == theirs->original);
  diff.number("original bank", mine->original_bank, theirs->original_payer_bank);
  diff.number("last height", mine->height, theirs->last_height);
  diff.number("last index", mine->index, theirs->last_index);
  const PaymentTerms &a = mine->terms, &b = theirs->terms;
  if (mine->kind != PaymentKind::Return) {
    diff.same("terms", a == b);
    return;
  }
  diff.same("terms", a.payer_account == b.payer_account && a.payee_account == b.payee_account &&
                         a.payee_bank == b.payee_bank && a.token_from == b.token_from &&
                         a.token_to == b.token_to && a.amount == b.amount &&
                         a.settle_token == b.settle_token);
}

void hold(Diff& diff, const State& s, const StateView& view, const OwnedKey& at) {
  diff.about("hold " + std::to_string(at.first) + "/" + hex(at.second));
  const Holding* mine = look(s.holds, at);
  const auto theirs = query_hold(view, at.first, at.second);
  if (mine == nullptr) {
    diff.same("existence", !theirs || (theirs->ended_at.value != 0 &&
                                       s.now > theirs->ended_at.value +
                                                   static_cast<Ms>(s.params.payment_retention_ms)));
    return;
  }
  diff.same("existence", theirs.has_value());
  if (!theirs) return;
  diff.number("token", mine->token, theirs->token);
  diff.same("account", mine->account == theirs->account);
  diff.number("amount", mine->amount, theirs->amount);
  diff.number("captured", mine->captured, theirs->captured);
  diff.number("kind", number_of(mine->kind), number_of(theirs->kind));
  diff.number("status", number_of(mine->status), number_of(theirs->status));
  diff.number("created_at", ms(mine->created), ms(theirs->created_at.value));
  diff.number("expires_at", ms(mine->expires), ms(theirs->expires_at.value));
  diff.number("ended_at", ms(mine->ended), ms(theirs->ended_at.value));
  diff.number("created_height", mine->height, theirs->created_height);
  if (mine->kind == HoldKind::Payment) return;
  diff.number("captor", mine->captor, theirs->captor);
  if (mine->kind == HoldKind::Escrow)
    diff.same("beneficiary", mine->beneficiary == theirs->beneficiary);
  diff.number("payer_may_release", mine->payer_may_release ? 1 : 0,
              theirs->payer_may_release ? 1 : 0);
}

void compare_half(Diff& diff, const Half& mine, const CorridorHalf& theirs) {
  diff.number("enabled", mine.enabled ? 1 : 0, theirs.enabled ? 1 : 0);
  diff.number("max_tx", mine.max_tx, theirs.max_tx);
  diff.number("daily_cap", mine.daily_cap, theirs.daily_cap);
  diff.same("settle_tokens", mine.settle == std::set<TokenId>(theirs.settle_tokens.begin(),
                                                              theirs.settle_tokens.end()));
  diff.number("travel", mine.travel, theirs.travel_rule_threshold);
  diff.number("cop", mine.cop, theirs.cop_threshold);
  diff.number("checks", mine.checks, theirs.required_checks);
  diff.number("purpose", mine.purpose ? 1 : 0, theirs.purpose_required ? 1 : 0);
  diff.number("auto_accept_max", mine.auto_max, theirs.auto_accept_max);
  diff.number("standing_fee_max", mine.standing_fee, theirs.standing_fee_max);
}

void corridor(Diff& diff, const State& s, const StateView& view, const CorrKey& at) {
  const auto& [from, to, currency] = at;
  diff.about("corridor " + std::to_string(from) + " to " + std::to_string(to));
  const Corr* mine = look(s.corridors, at);
  const auto theirs = query_corridor(view, from, to, currency);
  diff.same("existence", (mine != nullptr) == theirs.has_value());
  if (mine == nullptr || !theirs) return;
  compare_half(diff, mine->payer, theirs->payer);
  compare_half(diff, mine->payee, theirs->payee);
  diff.number("day_used", mine->day == s.now / kMsPerDay ? mine->day_used : 0,
              theirs->day == day_of(TimeMs{s.now}) ? money(theirs->day_used) : 0);
}

void proposal(Diff& diff, const State& s, const StateView& view, const OwnedKey& at) {
  diff.about("proposal " + std::to_string(at.first) + "/" + hex(at.second));
  const Prop* mine = look(s.proposals, at);
  const auto theirs = query_proposal(view, at.first, at.second);
  if (mine == nullptr) {
    diff.same("existence", !theirs || theirs->ended_at.value != 0);
    return;
  }
  diff.same("existence", theirs.has_value());
  if (!theirs) return;
  diff.number("state", number_of(mine->state), number_of(theirs->state));
  diff.number("code", number_of(mine->code), theirs->code);
  diff.number("votes", mine->votes.size(), theirs->votes.size());
  diff.number("expires_at", ms(mine->expires), ms(theirs->expires_at.value));
  diff.number("ended_at", ms(mine->ended), ms(theirs->ended_at.value));
  for (const Vote& vote : theirs->votes) {
    const bool* known = look(mine->votes, vote.institution);
    diff.same("vote", known != nullptr && *known == vote.yes);
  }
}

void outcome(Diff& diff, const State& s, const StateView& view, const OwnedKey& at) {
  diff.about("outcome " + std::to_string(at.first) + "/" + hex(at.second));
  const Done* mine = look(s.outcomes, at);
  const auto theirs = query_outcome(view, at.first, at.second);
  if (mine == nullptr) {
    diff.same("existence", !theirs || s.now > theirs->valid_until.value +
                                                  static_cast<Ms>(s.params.outcome_retention_ms));
    return;
  }
  diff.same("existence", theirs.has_value());
  if (!theirs) return;
  diff.number("code", number_of(mine->code), number_of(theirs->code));
  diff.number("detail", mine->index, theirs->detail_index);
  diff.number("inner", number_of(mine->inner), number_of(theirs->detail_inner));
  diff.number("height", mine->height, theirs->height);
  diff.number("index", mine->place, theirs->index);
  diff.same("operation", mine->operation == theirs->operation_hash);
  diff.number("valid_until", ms(mine->valid_until), ms(theirs->valid_until.value));
}

void params(Diff& diff, const State& s, const StateView& view) {
  diff.about("params");
  const auto theirs = query_params(view);
  diff.same("record", theirs && encode(*theirs) == encode(s.params));
}

void validators(Diff& diff, const State& s, const StateView& view) {
  diff.about("validator set");
  // After the last block of an epoch the reference has the next one's seats already.
  const bool is_last = s.height != 0 && s.height % s.params.epoch_blocks == 0;
  const auto theirs = query_validators(view, s.epoch + (is_last ? 1 : 0));
  diff.same("existence", theirs.has_value());
  if (!theirs) return;
  std::map<InstId, PublicKey> seats, next;
  for (const Validator& each : theirs->members) seats[each.institution] = each.key;
  for (const Validator& each : theirs->next) next[each.institution] = each.key;
  diff.same("seats", seats == s.seats);
  diff.same("next seats", (next.empty() ? seats : next) == s.next_seats);
  diff.number("changes", s.changes, theirs->changes);
}

std::uint32_t u32_at(ByteView bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = (value << 8) | static_cast<std::uint32_t>(bytes[at + i]);
  return value;
}
Id id_at(ByteView bytes, std::size_t at) {
  Id id;
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), 16, id.bytes.begin());
  return id;
}

void at_key(Diff& diff, const State& s, const StateView& view, ByteView key) {
  const Table table = static_cast<Table>(key[0]);
  const auto owned = [&] { return OwnedKey(u32_at(key, 1), id_at(key, 5)); };
  switch (table) {
    case Table::Params:
      return params(diff, s, view);
    case Table::Institution:
      return institution(diff, s, view, u32_at(key, 1));
    case Table::RolePolicy:
    case Table::Key:
      return keys_of(diff, s, view, u32_at(key, 1));
    case Table::ValidatorSet:
      return validators(diff, s, view);
    case Table::Token:
      return token(diff, s, view, u32_at(key, 1));
    case Table::Account:
      return account(diff, s, view, owned());
    case Table::Position:
      return position(diff, s, view, owned());
    case Table::Payment:
      return payment(diff, s, view, owned());
    case Table::Hold:
      return hold(diff, s, view, owned());
    case Table::Proposal:
      return proposal(diff, s, view, owned());
    case Table::Outcome:
      return outcome(diff, s, view, owned());
    case Table::Corridor: {
      Currency currency;
      std::copy_n(key.begin() + 9, 3, currency.bytes.begin());
      return corridor(diff, s, view, {u32_at(key, 1), u32_at(key, 5), currency});
    }
    default:
      return;
  }
}

}  // namespace

std::string differences(const State& mine, const StateView& theirs, std::span<const Write> writes) {
  Diff diff;
  for (const Write& write : writes) at_key(diff, mine, theirs, write.key);
  return diff.out;
}

std::string differences(const State& mine, const StateView& theirs) {
  Diff diff;
  params(diff, mine, theirs);
  validators(diff, mine, theirs);
  diff.about("counts");
  diff.number("institutions", mine.insts.size(), query_institutions(theirs).size());
  diff.number("tokens", mine.tokens.size(), query_tokens(theirs).size());
  for (const auto& [id, each] : mine.insts) {
    institution(diff, mine, theirs, id);
    keys_of(diff, mine, theirs, id);
    for (const auto& [subject, denied] : each.denied) {
      const auto& [kind, inst, of_account, country] = subject;
      const Key key = kind == DenySubject::Account       ? deny_account_key(id, inst, of_account)
                      : kind == DenySubject::Institution ? deny_institution_key(id, inst)
                                                         : deny_country_key(id, country);
      const auto row = read<Deny>(theirs, key);
      diff.same("deny entry",
                row && row->reason_class == denied.reason_class && row->height == denied.height);
    }
  }
  for (const auto& [id, each] : mine.tokens) token(diff, mine, theirs, id);
  for (const auto& [at, each] : mine.accounts) account(diff, mine, theirs, at);
  for (const auto& [at, each] : mine.positions) position(diff, mine, theirs, at);
  for (const auto& [at, each] : mine.corridors) corridor(diff, mine, theirs, at);
  for (const auto& [at, each] : mine.payments) payment(diff, mine, theirs, at);
  for (const auto& [at, each] : mine.holds) hold(diff, mine, theirs, at);
  for (const auto& [at, each] : mine.proposals) proposal(diff, mine, theirs, at);
  for (const auto& [at, each] : mine.outcomes) outcome(diff, mine, theirs, at);
  for (const auto& [at, used] : mine.mint_refs) {
    diff.about("mint reference in token " + std::to_string(at.first));
    const auto row = read<MintReference>(theirs, mint_reference_key(at.first, at.second));
    diff.same("existence", row && row->used_at.value == used);
  }
  return diff.out;
}

std::string differences(const State& mine, std::span<const TokenTotals> totals) {
  Diff diff;
  const auto sums = sums_of(mine);
  diff.about("totals");
  diff.number("tokens", mine.tokens.size(), totals.size());
  for (const TokenTotals& each : totals) {
    diff.about("totals of token " + std::to_string(each.token));
    const Tok* token = look(mine.tokens, each.token);
    if (token == nullptr) continue;
    const Sums& sum = sums.at(each.token);
    diff.number("issued", token->issued, each.issued);
    diff.number("redeemed", token->redeemed, each.redeemed);
    diff.number("held", sum.held, each.held);
    diff.number("frozen", sum.frozen, each.frozen);
    diff.number("internal", sum.internal, each.internal);
    diff.number("positions", sum.positions, each.positions);
    diff.number("conservation", sum.posted, token->issued - token->redeemed);
  }
  return diff.out;
}

}  // namespace giro::ledger::reference
