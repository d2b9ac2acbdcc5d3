// What the reference ledger remembers: plain maps and plain integers, written from the
// specification (ledger 3). Sums are never kept, they are counted when they are asked for.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>

#include "node/ledger/genesis.h"
#include "node/ledger/messages.h"

namespace giro::ledger::reference {

__extension__ using Money = unsigned __int128;
using Ms = std::int64_t;

[[nodiscard]] inline Money money(const Amount& amount) {
  return (static_cast<Money>(amount.hi) << 64) | amount.lo;
}

struct KeyOfInst {
  PublicKey key;
  OperatorId human{};
  std::set<Role> roles;
  Ms from{}, until{};
  bool revoked = false;
};

struct Policy {
  std::uint32_t quorum{};
  std::set<KeyId> keys;
};

// Kind, institution (of an account: its servicer), account, country.
using Subject = std::tuple<DenySubject, InstId, AccountId, CountryCode>;

struct Denied {
  std::uint32_t reason_class{};
  std::uint64_t height{};
};

struct Inst {
  std::string name;
  InstitutionKind kind{};
  Lei lei;
  std::string bic;
  CountryCode country;
  InstitutionStatus status{};
  Ms suspended_until{};  // 0: not urgent
  std::map<KeyId, KeyOfInst> keys;
  std::map<Role, Policy> policies;
  std::map<Subject, Denied> denied;

  [[nodiscard]] bool is_out() const {  // what 301 and 302 ask
    return status == InstitutionStatus::Suspended || status == InstitutionStatus::Exited;
  }
};

struct Tok {
  InstId issuer{};
  Currency currency;
  std::uint16_t product{};
  TokenClass token_class{};
  HolderPolicy holder_policy{};
  unsigned features{}, paused{};
  Money cap{}, max_tx{}, min_tx{}, fee_max{}, checker{}, dual{};
  Hash terms_hash{};
  Money issued{}, redeemed{};
};

using AcctKey = std::pair<InstId, AccountId>;  // servicer, account
using PosKey = std::pair<TokenId, AccountId>;
using OwnedKey = std::pair<InstId, Id>;  // of a payment, hold, proposal or outcome

struct Acct {
  AccountKind kind{};
  InstId owner{};
  Commit owner_ref{};
  bool joint = false;
  std::uint32_t m{};
  std::set<PublicKey> keys;
  bool no_debit = false, no_credit = false;
  CountryCode country;
  std::uint32_t kyc_tier{};
  Ms kyc_until{};
  bool closed = false;
};

struct Lims {
  Money max_tx{}, day_amount{};
  std::uint64_t day_count{};
  std::set<InstId> banks;
  Money max_balance{};
};

struct Pos {
  Money posted{}, frozen{}, dr_total{}, cr_total{};
  std::uint64_t dr_count{}, cr_count{};
  Lims lims;
  std::int64_t day{};
  Money day_used{};
  std::uint64_t day_ops{};
};

struct Half {
  bool enabled = false;
  Money max_tx{}, daily_cap{};
  std::set<TokenId> settle;
  Money travel{}, cop{};
  unsigned checks{};
  bool purpose = false;
  Money auto_max{}, standing_fee{};
};

using CorrKey = std::tuple<InstId, InstId, Currency>;
struct Corr {
  Half payer, payee;
  std::int64_t day{};
  Money day_used{};
};

struct Paym {
  PaymentKind kind{};
  PaymentTerms terms;
  PaymentState state{};
  Code reason{};
  Ms created{}, expires{}, settled{}, ended{};
  Money returned{};
  Uetr original{};
  InstId original_bank{};
  std::uint64_t height{};
  std::uint32_t index{};
};

struct Holding {
  TokenId token{};
  AccountId account{};
  Money amount{}, captured{};
  HoldKind kind{};
  AccountId beneficiary{};
  InstId captor{};
  bool payer_may_release = false;
  Ms created{}, expires{};  // expires 0: never
  HoldStatus status{};
  std::uint64_t height{};
  Ms ended{};
};

struct Prop {
  GovAction action;
  bool urgent = false;
  std::map<InstId, bool> votes;
  ProposalState state{};
  Ms expires{}, execute_at{}, ended{};
  Code code{};
};

struct Done {
  Code code{};
  std::uint32_t index{};
  Code inner{};
  Hash operation{};
  Ms valid_until{};
  std::uint64_t height{};
  std::uint32_t place{};
};

struct State {
  Params params;  // numbers only
  std::map<InstId, Inst> insts;
  std::map<TokenId, Tok> tokens;
  std::map<AcctKey, Acct> accounts;
  std::map<PosKey, Pos> positions;
  std::map<std::pair<InstId, TokenId>, AccountId> own;
  std::map<CorrKey, Corr> corridors;
  std::map<OwnedKey, Paym> payments;
  std::map<OwnedKey, Holding> holds;
  std::map<OwnedKey, Prop> proposals;
  std::map<OwnedKey, Done> outcomes;
  std::map<std::pair<TokenId, Commit>, Ms> mint_refs;
  std::set<PublicKey> used_validator_keys;
  std::map<InstId, PublicKey> seats, next_seats;
  std::uint32_t changes{};
  std::uint64_t height{}, epoch{};
  Ms now{};

  // Sums, by looking at everything.
  [[nodiscard]] Money held(const PosKey& at) const;
  [[nodiscard]] Money available(const PosKey& at) const;
  [[nodiscard]] std::uint64_t open_items(const AcctKey& at) const;
  [[nodiscard]] Money outstanding(TokenId token) const {
    return tokens.at(token).issued - tokens.at(token).redeemed;
  }
};

// The record, or nullptr.
template <class Map>
[[nodiscard]] auto* look(Map& map, const typename std::remove_const_t<Map>::key_type& key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

}  // namespace giro::ledger::reference
