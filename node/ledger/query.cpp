#include "node/ledger/query.h"

namespace giro::ledger {

namespace {

template <class Record>
std::optional<Record> read(const StateView& state, const Key& key) {
  const std::optional<Bytes> bytes = state.get(key);
  return bytes ? decode_record<Record>(*bytes) : std::nullopt;
}

// Visits the rows under `prefix` until `visit` answers false.
template <class Visit>
void scan_prefix(const StateView& state, const Key& prefix, const Visit& visit) {
  state.scan(prefix.view(), prefix_end(prefix.view()), visit);
}

InstId u32_at(ByteView key, std::size_t at) {
  return crypto::Reader(key.subspan(at)).u32();
}
Id id_at(ByteView key, std::size_t at) {
  Id id;
  const ByteView bytes = key.subspan(at, id.bytes.size());
  std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  return id;
}

constexpr std::size_t kIdBytes = sizeof(Id::bytes);

}  // namespace

std::optional<Meta> query_meta(const StateView& state) {
  return read<Meta>(state, meta_key());
}
std::optional<Hash> query_chain(const StateView& state) {
  const auto row = read<Chain>(state, chain_key());
  return row ? std::optional(row->value) : std::nullopt;
}
std::optional<Params> query_params(const StateView& state) {
  return read<Params>(state, params_key());
}
std::optional<ValidatorSet> query_validators(const StateView& state, std::uint64_t epoch) {
  return read<ValidatorSet>(state, validator_set_key(epoch));
}

std::optional<Proposal> query_proposal(const StateView& state, InstId proposer, const PropId& id) {
  return read<Proposal>(state, proposal_key(proposer, id));
}

// What there is to vote on is never hidden by what is over.
std::vector<ProposalView> query_proposals(const StateView& state, std::size_t most) {
  std::vector<ProposalView> proposals;
  for (const bool undecided : {true, false}) {
    scan_prefix(state, Key(Table::Proposal), [&](ByteView key, ByteView value) {
      if (proposals.size() == most) return false;
      auto record = decode_record<Proposal>(value);
      const bool matches = record && undecided == (record->state == ProposalState::Open ||
                                                   record->state == ProposalState::Passed);
      if (matches) proposals.push_back({u32_at(key, 1), id_at(key, 5), *std::move(record)});
      return true;
    });
  }
  return proposals;
}

namespace {

template <class Action>
bool read_action(const Proposal& proposal, std::optional<GovAction>& out) {
  Action action{};
  if (proposal.action_type != Action::kType) return false;
  if (wire::decode(proposal.action, action) == wire::Fault::None) out = std::move(action);
  return true;
}

template <class... Actions>
std::optional<GovAction> read_any(const Proposal& proposal, const std::variant<Actions...>*) {
  std::optional<GovAction> out;
  (void)(read_action<Actions>(proposal, out) || ...);
  return out;
}

}  // namespace

std::optional<GovAction> action_of(const Proposal& proposal) {
  return read_any(proposal, static_cast<const GovAction*>(nullptr));
}

std::optional<OutcomeRecord> query_outcome(const StateView& state, InstId actor,
                                           const OpId& op_id) {
  return read<OutcomeRecord>(state, outcome_key(actor, op_id));
}

std::optional<Payment> query_payment(const StateView& state, InstId payer_bank, const Uetr& uetr) {
  return read<Payment>(state, payment_key(payer_bank, uetr));
}

std::vector<Payment> query_payments(const StateView& state, const Uetr& uetr) {
  std::vector<InstId> banks;
  const Key prefix = Key(Table::UetrIndex).raw(uetr);
  scan_prefix(state, prefix, [&banks, at = prefix.size()](ByteView key, ByteView) {
    banks.push_back(u32_at(key, at));
    return true;
  });
  std::vector<Payment> payments;
  for (const InstId bank : banks) {
    if (auto payment = query_payment(state, bank, uetr)) payments.push_back(*std::move(payment));
  }
  return payments;
}

std::optional<Institution> query_institution(const StateView& state, InstId id) {
  return read<Institution>(state, institution_key(id));
}

std::optional<InstitutionView> query_institution(const StateView& state, std::string_view name) {
  if (name.empty() || name.size() > kInstitutionNameMax) return std::nullopt;
  const auto row = read<LeiOrName>(state, name_key(name));
  if (!row) return std::nullopt;
  auto record = query_institution(state, row->institution);
  if (!record || record->name != name) return std::nullopt;
  return InstitutionView{row->institution, *std::move(record)};
}

std::vector<InstitutionView> query_institutions(const StateView& state) {
  std::vector<InstitutionView> all;
  scan_prefix(state, Key(Table::Institution), [&all](ByteView key, ByteView value) {
    if (auto record = decode_record<Institution>(value))
      all.push_back({u32_at(key, 1), *std::move(record)});
    return true;
  });
  return all;
}

std::vector<KeyView> query_keys(const StateView& state, InstId inst) {
  std::vector<KeyView> all;
  scan_prefix(state, Key(Table::Key).u32(inst), [&all](ByteView key, ByteView value) {
    if (auto record = decode_record<InstitutionKey>(value)) {
      all.push_back({crypto::Reader(key.subspan(5)).u64(), *std::move(record)});
    }
    return true;
  });
  return all;
}

std::optional<RolePolicy> query_role_policy(const StateView& state, InstId inst, Role role) {
  return read<RolePolicy>(state, role_policy_key(inst, role));
}

std::optional<Token> query_token(const StateView& state, TokenId id) {
  return read<Token>(state, token_key(id));
}

std::optional<TokenView> query_token(const StateView& state, InstId issuer,
                                     const Currency& currency, std::uint16_t product) {
  const auto row = read<TokenByName>(state, token_by_name_key(issuer, currency, product));
  if (!row) return std::nullopt;
  auto record = query_token(state, row->token);
  return record ? std::optional(TokenView{row->token, *std::move(record)}) : std::nullopt;
}

std::vector<TokenView> query_tokens(const StateView& state) {
  std::vector<TokenView> all;
  scan_prefix(state, Key(Table::Token), [&all](ByteView key, ByteView value) {
    if (auto record = decode_record<Token>(value))
      all.push_back({u32_at(key, 1), *std::move(record)});
    return true;
  });
  return all;
}

std::optional<AccountView> query_account(const StateView& state, InstId servicer,
                                         const AccountId& id) {
  auto record = read<Account>(state, account_key(servicer, id));
  if (!record) return std::nullopt;
  AccountView view{.servicer = servicer, .id = id, .record = *std::move(record), .positions = {}};
  // Positions are keyed by token first; an account holds tokens of its servicer only, and those are
  // few.
  for (const TokenView& token : query_tokens(state)) {
    if (token.record.issuer != servicer) continue;
    if (auto position = query_position(state, token.id, id)) {
      view.positions.push_back({token.id, *std::move(position)});
    }
  }
  return view;
}

std::vector<AccountView> query_accounts(const StateView& state, InstId servicer,
                                        const AccountId& after, std::size_t limit) {
  std::vector<AccountView> all;
  if (limit == 0) return all;
  const Key prefix = Key(Table::Account).u32(servicer);
  const Key from = account_key(servicer, after);
  state.scan(from, prefix_end(prefix.view()), [&](ByteView key, ByteView value) {
    const AccountId id = id_at(key, prefix.size());
    if (id == after) return true;
    if (auto record = decode_record<Account>(value)) {
      all.push_back(
          {.servicer = servicer, .id = id, .record = *std::move(record), .positions = {}});
    }
    return all.size() < limit;
  });
  return all;
}

std::optional<Position> query_position(const StateView& state, TokenId token,
                                       const AccountId& account) {
  return read<Position>(state, position_key(token, account));
}

std::optional<AccountView> query_own_account(const StateView& state, InstId owner, TokenId token) {
  const auto row = read<OwnAccount>(state, own_account_key(owner, token));
  const auto record = query_token(state, token);
  if (!row || !record) return std::nullopt;
  auto account = read<Account>(state, account_key(record->issuer, row->account));
  auto position = query_position(state, token, row->account);
  if (!account || !position) return std::nullopt;
  return AccountView{.servicer = record->issuer,
                     .id = row->account,
                     .record = *std::move(account),
                     .positions = {{token, *std::move(position)}}};
}

std::optional<Corridor> query_corridor(const StateView& state, InstId from, InstId to,
                                       const Currency& currency) {
  return read<Corridor>(state, corridor_key(from, to, currency));
}

std::optional<Hold> query_hold(const StateView& state, InstId creator, const HoldId& id) {
  return read<Hold>(state, hold_key(creator, id));
}

std::vector<DenyView> query_deny_list(const StateView& state, InstId list, ByteView after,
                                      std::size_t limit) {
  std::vector<DenyView> all;
  if (limit == 0) return all;
  const Bytes prefix = Key(Table::Deny).u32(list).to_bytes();
  Bytes from = prefix;
  from.insert(from.end(), after.begin(), after.end());
  if (!after.empty()) from.push_back(std::byte{0});  // the key that follows
  state.scan(from, prefix_end(prefix), [&](ByteView key, ByteView value) {
    auto record = decode_record<Deny>(value);
    if (!record || key.size() <= prefix.size()) return true;
    DenyView view;
    view.subject = crypto::to_bytes(key.subspan(prefix.size()));
    view.record = *record;
    crypto::Reader subject(view.subject);
    view.kind = DenySubject{subject.u8()};
    if (view.kind != DenySubject::Country) view.institution = subject.u32();
    if (view.kind == DenySubject::Account) {
      view.account = id_at(key, key.size() - kIdBytes);
    } else if (view.kind == DenySubject::Country) {
      view.country = CountryCode::from(crypto::as_text(subject.raw(view.country.bytes.size())));
    }
    all.push_back(std::move(view));
    return all.size() < limit;
  });
  return all;
}

std::vector<HoldView> query_holds(const StateView& state, TokenId token, const AccountId& account,
                                  std::size_t limit) {
  std::vector<HoldView> all;
  if (limit == 0) return all;
  const Key prefix = Key(Table::HoldOfPosition).u32(token).raw(account);
  const std::size_t creator_at = prefix.size() + 8;
  std::vector<std::pair<InstId, HoldId>> ids;
  scan_prefix(state, prefix, [&](ByteView key, ByteView) {
    if (key.size() == creator_at + 4 + kIdBytes)
      ids.emplace_back(u32_at(key, creator_at), id_at(key, creator_at + 4));
    return ids.size() < limit;
  });
  for (const auto& [creator, id] : ids) {
    if (auto hold = query_hold(state, creator, id)) all.push_back({creator, id, *std::move(hold)});
  }
  return all;
}

}  // namespace giro::ledger
