#include "tests/unit/node/ledger/reference/ledger.h"

#include "crypto/keys.h"

namespace giro::ledger::reference {
namespace {

Half half_of(const CorridorHalf& given) {
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

Inst inst_of(const GenesisInstitution& given) {
  Inst inst;
  inst.name = given.name;
  inst.kind = given.kind;
  inst.lei = given.lei;
  inst.bic = given.bic;
  inst.country = given.country;
  for (const GenesisKey& each : given.keys) {
    const KeyId id = crypto::key_id(each.public_key);
    KeyOfInst& key = inst.keys[id];
    key.key = each.public_key;
    key.human = each.operator_id;
    key.from = each.not_before.value;
    key.until = each.not_after.value;
    for (const Role role : each.roles) {
      key.roles.insert(role);
      inst.policies[role].keys.insert(id);
    }
  }
  for (const auto& [role, quorum] : given.quorums) inst.policies[role].quorum = quorum;
  return inst;
}

}  // namespace

Ledger::Ledger(const Genesis& genesis) {
  state.params = genesis.params;
  state.now = genesis.time.value;
  InstId inst = 0;
  for (const GenesisInstitution& given : genesis.institutions) {
    state.insts[++inst] = inst_of(given);
    if (!given.validator) continue;
    state.seats[inst] = *given.validator;
    state.used_validator_keys.insert(*given.validator);
  }
  state.next_seats = state.seats;
  TokenId id = 0;
  for (const Token& given : genesis.tokens) {
    Tok& token = state.tokens[++id];
    token.issuer = given.issuer;
    token.currency = given.currency;
    token.product = given.product;
    token.token_class = given.token_class;
    token.holder_policy = given.holder_policy;
    token.features = given.features;
    token.cap = money(given.issuance_cap);
    token.max_tx = money(given.max_tx);
    token.min_tx = money(given.min_tx);
    token.fee_max = money(given.fee_max);
    token.checker = money(given.checker_threshold);
    token.dual = money(given.dual_threshold);
    token.terms_hash = given.terms_hash;
    for (const AccountKind kind :
         {AccountKind::Fee, AccountKind::Suspense, AccountKind::LegalCustody}) {
      const AccountId internal = internal_account(id, kind);
      state.accounts[{token.issuer, internal}].kind = kind;
      state.positions[{id, internal}];
    }
  }
  for (const GenesisAccount& given : genesis.accounts) {
    Acct& account = state.accounts[{given.servicer, given.id}];
    account.kind = given.record.kind;
    account.owner = given.record.owner;
    account.owner_ref = given.record.owner_ref;
    account.joint = given.record.auth_mode == AuthMode::Joint;
    account.m = given.record.policy.m;
    account.keys.insert(given.record.policy.keys.begin(), given.record.policy.keys.end());
    account.country = given.record.country;
    account.kyc_tier = given.record.kyc_tier;
    account.kyc_until = given.record.kyc_valid_until.value;
    for (const GenesisPosition& at : given.positions) {
      Pos& position = state.positions[{at.token, given.id}];
      position.posted = position.cr_total = money(at.balance);
      position.cr_count = position.posted != 0 ? 1 : 0;
      state.tokens.at(at.token).issued += position.posted;
      position.lims.max_tx = money(at.limits.max_tx);
      position.lims.day_amount = money(at.limits.day_amount);
      position.lims.day_count = at.limits.day_count;
      position.lims.max_balance = money(at.limits.max_balance);
      if (account.kind == AccountKind::Nostro) state.own[{account.owner, at.token}] = given.id;
    }
  }
  for (const GenesisCorridor& given : genesis.corridors) {
    Corr& corridor = state.corridors[{given.from, given.to, given.currency}];
    corridor.payer = half_of(given.payer);
    corridor.payee = half_of(given.payee);
  }
}

// Ledger 6. Blocks here have fewer deadlines than sweep_max lets pass.
void Ledger::sweep() {
  std::set<std::tuple<Ms, int, OwnedKey>> due;
  for (const auto& [id, inst] : state.insts) {
    if (inst.suspended_until != 0) due.insert({inst.suspended_until, 1, {id, {}}});
  }
  for (const auto& [at, proposal] : state.proposals) {
    if (proposal.state == ProposalState::Open) due.insert({proposal.expires, 2, at});
    if (proposal.state == ProposalState::Passed) due.insert({proposal.execute_at, 2, at});
  }
  for (const auto& [at, payment] : state.payments) {
    if (payment.state == PaymentState::Pending) due.insert({payment.expires, 3, at});
  }
  for (const auto& [at, hold] : state.holds) {
    if (hold.status == HoldStatus::Active && hold.kind != HoldKind::Payment && hold.expires != 0)
      due.insert({hold.expires, 4, at});
  }
  for (const auto& [time, kind, at] : due) {
    if (time > state.now) break;
    if (kind == 1) {
      Inst& inst = state.insts.at(at.first);
      if (inst.suspended_until != time) continue;  // an ordinary suspension followed
      inst.status = InstitutionStatus::Active;
      inst.suspended_until = 0;
    } else if (kind == 2) {
      Prop& proposal = state.proposals.at(at);
      if (proposal.state == ProposalState::Passed) {
        Rules::execute(state, at);
      } else {
        proposal.state = ProposalState::Expired;
        proposal.ended = state.now;
      }
    } else if (kind == 3) {
      Paym& payment = state.payments.at(at);
      payment.height = state.height;
      payment.index = 0;
      Rules::end_pending(state, payment, at, PaymentState::Expired, Code::PaymentExpired,
                         HoldStatus::Released);
    } else {
      Holding& hold = state.holds.at(at);
      hold.status = HoldStatus::Expired;
      hold.ended = state.now;
    }
  }
}

void Ledger::forget() {
  const Ms keep = static_cast<Ms>(state.params.payment_retention_ms);
  const Ms outcomes = static_cast<Ms>(state.params.outcome_retention_ms);
  const Ms now = state.now;
  const auto is_past = [&](Ms ended) { return ended != 0 && now > ended + keep; };
  std::erase_if(state.outcomes,
                [&](const auto& row) { return now > row.second.valid_until + outcomes; });
  std::erase_if(state.payments, [&](const auto& row) { return is_past(row.second.ended); });
  std::erase_if(state.holds, [&](const auto& row) { return is_past(row.second.ended); });
  std::erase_if(state.proposals, [&](const auto& row) { return is_past(row.second.ended); });
  std::erase_if(state.mint_refs, [&](const auto& row) { return is_past(row.second); });
}

std::vector<Verdict> Ledger::block(Ms now, const std::vector<Submitted>& operations) {
  ++state.height;
  state.now = now;
  state.epoch = (state.height - 1) / state.params.epoch_blocks;
  sweep();
  forget();
  std::vector<Verdict> verdicts;
  std::uint32_t index = 0;
  for (const Submitted& each : operations)
    verdicts.push_back(Rules(state, each.operation, each.signers, ++index).run());
  if (state.height % state.params.epoch_blocks == 0) {
    state.seats = state.next_seats;
    state.changes = 0;
  }
  return verdicts;
}

}  // namespace giro::ledger::reference
