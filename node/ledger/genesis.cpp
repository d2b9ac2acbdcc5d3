#include "node/ledger/genesis.h"

#include <algorithm>
#include <set>

#include "crypto/keys.h"
#include "node/ledger/authority.h"
#include "node/ledger/events.h"
#include "node/ledger/network_params.h"
#include "node/ledger/overlay.h"

namespace giro::ledger {
namespace {

class NoState final : public StateView {
 public:
  [[nodiscard]] std::optional<Bytes> get(ByteView) const override { return std::nullopt; }
  void scan(ByteView, ByteView, const std::function<bool(ByteView, ByteView)>&) const override {}
};

std::string item(std::string_view list, std::size_t at) {
  return std::string(list) + "[" + std::to_string(at) + "]";
}

class Builder {
 public:
  explicit Builder(const Genesis& genesis) : genesis_(genesis), overlay_(limits()) {}

  std::expected<BlockResult, GenesisError> build() {
    overlay_.begin_block(state_);
    parameters();
    const auto all = [this](std::string_view list, const auto& items, std::size_t max, auto make) {
      require(items.size() <= max, std::string(list), "has more items than allowed");
      for (std::size_t at = 0; at < items.size() && !error_; ++at) {
        (this->*make)(items[at], static_cast<std::uint32_t>(at + 1), item(list, at));
      }
    };
    all("institutions", genesis_.institutions, kGenesisInstitutionsMax, &Builder::institution);
    validators();
    all("tokens", genesis_.tokens, kGenesisTokensMax, &Builder::token);
    all("accounts", genesis_.accounts, kGenesisAccountsMax, &Builder::account);
    all("corridors", genesis_.corridors, kGenesisCorridorsMax, &Builder::corridor);
    totals();
    if (error_) {
      return std::unexpected(std::move(*error_));
    }
    result_.writes = overlay_.take_writes();
    return std::move(result_);
  }

 private:
  static RecordCache::Limits limits() {
    RecordCache::Limits limits;
    limits.records = 0;
    return limits;
  }

  bool require(bool holds, const std::string& where, std::string_view reason) {
    if (!holds && !error_) {
      error_ = GenesisError{where, std::string(reason)};
    }
    return holds;
  }

  template <class Record>
  void put(const Key& key, const Record& record) {
    overlay_.edit(overlay_.create<Record>(key)) = record;
  }
  template <class Record>
  [[nodiscard]] bool has(const Key& key) {
    return overlay_.find<Record>(key) != nullptr;
  }
  [[nodiscard]] const GenesisInstitution* institution_of(InstId id) const {
    return id == 0 || id > genesis_.institutions.size() ? nullptr : &genesis_.institutions[id - 1];
  }

  void parameters() {
    const Params& params = genesis_.params;
    require(genesis_.time.value >= 0, "time_ms", "is before 1970");
    if (const LedgerParamRule* rule = broken_ledger_param(params)) {
      require(false, "ledger." + std::string(rule->name), "is out of its bounds");
    }
    if (const NetworkParamRule* rule = broken_network_param(params.network)) {
      require(false, "network." + std::string(rule->name), "is missing or out of its bounds");
    }
    const NetworkParamRule* epoch = find_network_param("epoch_blocks");
    require(error_ || params.network[epoch->id - 1].value == params.epoch_blocks,
            "network.epoch_blocks", "differs from the ledger's");
    require(params.rules_version == kRulesVersion, "ledger.rules_version", "is not known");
    require(params.network_next.empty(), "network", "has changes already");
    put(params_key(), params);
    Meta meta;
    meta.block_time = genesis_.time;
    meta.next_institution = static_cast<InstId>(genesis_.institutions.size() + 1);
    meta.next_token = static_cast<TokenId>(genesis_.tokens.size() + 1);
    put(meta_key(), meta);
  }

  // ---- institutions ----

  void institution(const GenesisInstitution& from, std::uint32_t id, const std::string& where) {
    require(is_institution_name(from.name), where + ".name", "is not 1 to 32 of a-z 0-9 -");
    require(is_valid_lei(from.lei), where + ".lei", "is not a valid LEI");
    require(is_valid_bic(from.bic), where + ".bic", "is not a valid BIC");
    require(is_country(from.country), where + ".country", "is not two capital letters");
    if (error_) {
      return;
    }
    require(!has<LeiOrName>(name_key(from.name)), where + ".name", "is used twice");
    require(!has<LeiOrName>(lei_key(from.lei)), where + ".lei", "is used twice");
    Institution record;
    record.name = from.name;
    record.kind = from.kind;
    record.lei = from.lei;
    record.bic = from.bic;
    record.country = from.country;
    put(institution_key(id), record);
    put(name_key(from.name), LeiOrName{id});
    put(lei_key(from.lei), LeiOrName{id});
    keys(from, id, where);
    policies(from, id, where);
  }

  void keys(const GenesisInstitution& from, InstId id, const std::string& where) {
    for (std::size_t at = 0; at < from.keys.size(); ++at) {
      const GenesisKey& key = from.keys[at];
      const std::string place = where + "." + item("keys", at);
      require(crypto::is_valid_point(key.public_key), place + ".public_key",
              "is no point of secp256k1");
      require(key.operator_id != 0, place + ".operator", "is zero");
      require(key.not_before.value >= 0 && key.not_before < key.not_after, place + ".not_after_ms",
              "is not after not_before_ms");
      require(!key.roles.empty(), place + ".roles", "is empty: the key would be revoked");
      InstitutionKey record;
      record.public_key = key.public_key;
      record.operator_id = key.operator_id;
      record.not_before = key.not_before;
      record.not_after = key.not_after;
      for (const Role role : key.roles) {
        require((record.roles & role_bit(role)) == 0, place + ".roles", "has a role twice");
        record.roles = static_cast<RoleSet>(record.roles | role_bit(role));
      }
      const Key where_to = key_key(id, crypto::key_id(key.public_key));
      require(!has<InstitutionKey>(where_to), place + ".public_key", "is used twice");
      put(where_to, record);
    }
  }

  void policies(const GenesisInstitution& from, InstId id, const std::string& where) {
    std::map<OperatorId, RoleSet> held;
    for (const GenesisKey& key : from.keys) {
      for (const Role role : key.roles) {
        held[key.operator_id] = static_cast<RoleSet>(held[key.operator_id] | role_bit(role));
      }
    }
    for (const auto& [operator_id, roles] : held) {
      for (const auto& [one, other] : kSeparated) {
        require((roles & role_bit(one)) == 0 || (roles & role_bit(other)) == 0, where + ".keys",
                "give operator " + std::to_string(operator_id) + " both " + std::string(name(one)) +
                    " and " + std::string(name(other)));
      }
    }
    for (std::size_t bit = 0; bit < kRoleCount; ++bit) {
      policy(from, id, static_cast<Role>(bit), where);
    }
  }

  void policy(const GenesisInstitution& from, InstId id, Role role, const std::string& where) {
    RolePolicy record;
    std::set<OperatorId> operators;
    for (const GenesisKey& key : from.keys) {
      if (std::ranges::find(key.roles, role) != key.roles.end()) {
        record.keys.push_back(crypto::key_id(key.public_key));
        operators.insert(key.operator_id);
      }
    }
    std::ranges::sort(record.keys);
    const std::string place = where + ".quorums." + std::string(name(role));
    const auto quorum = from.quorums.find(role);
    if (quorum == from.quorums.end()) {
      require(record.keys.empty(), place, "is missing, and keys hold the role");
      require(role != Role::Admin, place, "is missing: nobody could change the keys");
      return;
    }
    record.quorum = quorum->second;
    const std::size_t spare = role == Role::Admin ? 1 : 0;
    require(record.quorum >= 1 && record.quorum + spare <= operators.size(), place,
            role == Role::Admin ? "is zero, or not below the number of operators"
                                : "is zero, or above the number of operators");
    require(record.keys.size() <= kRolePolicyKeysMax, place, "has more than 32 keys");
    put(role_policy_key(id, role), record);
  }

  void validators() {
    ValidatorSet set;
    for (std::size_t at = 0; at < genesis_.institutions.size() && !error_; ++at) {
      const GenesisInstitution& from = genesis_.institutions[at];
      if (!from.validator) {
        continue;
      }
      const std::string where = item("institutions", at) + ".validator.public_key";
      const auto id = static_cast<InstId>(at + 1);
      require(crypto::is_valid_point(*from.validator), where, "is no point of secp256k1");
      const Key used = used_validator_key_key(*from.validator);
      require(!has<UsedValidatorKey>(used), where, "is used twice");
      put(used, UsedValidatorKey{id});
      set.members.push_back({id, *from.validator});
    }
    require(set.members.size() >= kValidatorsMin, "institutions", "have fewer than 4 validators");
    put(validator_set_key(0), set);
  }

  // ---- tokens and accounts ----

  void token(const Token& from, std::uint32_t id, const std::string& where) {
    const GenesisInstitution* issuer = institution_of(from.issuer);
    if (!require(issuer != nullptr, where + ".issuer", "does not exist")) {
      return;
    }
    const std::optional<std::uint8_t> scale = currency_scale(from.currency);
    require(scale.has_value(), where + ".currency", "is not a currency of these rules");
    const bool settles = issuer->kind == InstitutionKind::SettlementAgent ||
                         issuer->kind == InstitutionKind::CentralBank;
    if (from.token_class == TokenClass::Settlement) {
      require(settles, where + ".class", "is not open to an issuer of this kind");
      require(from.holder_policy == HolderPolicy::MemberBanksOnly, where + ".holder_policy",
              "is not MEMBER_BANKS_ONLY for a SETTLEMENT token");
    } else {
      require(issuer->kind == InstitutionKind::Bank, where + ".class",
              "is not open to an issuer of this kind");
    }
    require((from.features & ~kAllFeatures) == 0, where + ".features", "are not known");
    require(from.max_tx.is_zero() || from.max_tx >= from.min_tx, where + ".max_tx",
            "is below min_tx");
    for (const Amount amount : {from.issuance_cap, from.max_tx, from.min_tx, from.fee_max,
                                from.checker_threshold, from.dual_threshold}) {
      require(amount <= kOperationAmountMax, where, "has an amount of more than 18 digits");
    }
    Token record = from;
    record.scale = scale.value_or(0);
    record.paused = 0;
    record.issued = record.redeemed = record.held = record.frozen = Amount{};
    record.internal = record.posted = Amount{};
    record.positions = 0;
    const Key by_name = token_by_name_key(from.issuer, from.currency, from.product);
    require(!has<TokenByName>(by_name), where + ".currency",
            "is the second token of this issuer, currency and product");
    put(by_name, TokenByName{id});
    put(token_key(id), record);
    for (const AccountKind kind :
         {AccountKind::Fee, AccountKind::Suspense, AccountKind::LegalCustody}) {
      const AccountId internal = internal_account(id, kind);
      Account account;
      account.kind = kind;
      put(account_key(from.issuer, internal), account);
      open_position(id, internal, {}, {}, {from.issuer}, where);
    }
  }

  void account(const GenesisAccount& from, std::uint32_t, const std::string& where) {
    const Account& record = from.record;
    const bool nostro = record.kind == AccountKind::Nostro;
    require(institution_of(from.servicer) != nullptr, where + ".servicer", "does not exist");
    require(is_valid(from.id), where + ".account", "is all zero or all one");
    require(nostro || record.kind == AccountKind::Customer, where + ".kind",
            "is not CUSTOMER or NOSTRO");
    require(nostro ? institution_of(record.owner) != nullptr && record.owner != from.servicer
                   : record.owner == 0,
            where + ".owner", nostro ? "is not another institution" : "is for NOSTRO accounts");
    require(error_ || !nostro || institution_of(record.owner)->kind != InstitutionKind::Observer,
            where + ".owner", "is an observer");
    require(is_country(record.country), where + ".country", "is not two capital letters");
    require(record.kyc_valid_until.value >= 0, where + ".kyc_valid_until_ms", "is before 1970");
    require(record.blocks == 0 && record.open_items == 0 && record.status == AccountStatus::Open,
            where, "is not a new account");
    account_policy(record, where);
    if (error_) {
      return;
    }
    const Key key = account_key(from.servicer, from.id);
    require(!has<Account>(key), where + ".account", "is used twice");
    put(key, record);
    std::vector<InstId> scope{from.servicer};
    if (nostro) {
      scope.push_back(record.owner);
      std::ranges::sort(scope);
    }
    require(from.positions.size() <= kAccountTokensMax, where + ".positions", "are more than 16");
    for (std::size_t at = 0; at < from.positions.size() && !error_; ++at) {
      position(from, from.positions[at], scope, where + "." + item("positions", at));
    }
  }

  void account_policy(const Account& record, const std::string& where) {
    const AccountPolicy& policy = record.policy;
    if (record.auth_mode == AuthMode::Custodial) {
      require(policy.m == 0 && policy.keys.empty(), where + ".policy", "is for JOINT accounts");
      return;
    }
    require(record.kind == AccountKind::Customer, where + ".auth_mode", "is for CUSTOMER accounts");
    require(
        policy.m >= 1 && policy.m <= policy.keys.size() && policy.keys.size() <= kAccountKeysMax,
        where + ".policy", "needs 1 <= m <= keys <= 8");
    require(std::ranges::adjacent_find(policy.keys, std::greater_equal<>{}) == policy.keys.end(),
            where + ".policy.keys", "are not ascending");
    require(std::ranges::all_of(policy.keys, crypto::is_valid_point), where + ".policy.keys",
            "have one that is no point of secp256k1");
  }

  void position(const GenesisAccount& account, const GenesisPosition& from,
                const std::vector<InstId>& scope, const std::string& where) {
    const Cell<Token>* token = overlay_.find<Token>(token_key(from.token));
    if (!require(from.token != 0 && token != nullptr, where + ".token", "does not exist")) {
      return;
    }
    require(token->value.issuer == account.servicer, where + ".token",
            "is of another issuer than the account's servicer");
    const bool customer = account.record.kind == AccountKind::Customer;
    require(!customer || token->value.holder_policy == HolderPolicy::IssuerCustomers,
            where + ".token", "is for member banks only");
    require(!has<Position>(position_key(from.token, account.id)), where + ".token",
            "is opened twice");
    const auto& banks = from.limits.allowed_payee_banks;
    require(std::adjacent_find(banks.begin(), banks.end(), std::greater_equal<>{}) == banks.end(),
            where + ".allowed_payee_banks", "are not ascending");
    require(std::all_of(banks.begin(), banks.end(),
                        [this](InstId id) { return institution_of(id) != nullptr; }),
            where + ".allowed_payee_banks", "have one that does not exist");
    const Amount most = from.limits.max_balance;
    require(most.is_zero() || from.balance <= most, where + ".balance", "is above max_balance");
    if (!customer) {
      const Key own = own_account_key(account.record.owner, from.token);
      require(!has<OwnAccount>(own), where + ".token",
              "is the second account of its owner in this token");
      put(own, OwnAccount{account.id});
    }
    open_position(from.token, account.id, from.balance, from.limits, scope, where);
  }

  // Books the balance as the position's first entry, against the control account.
  void open_position(TokenId id, const AccountId& account, Amount balance,
                     const PositionLimits& limits, const std::vector<InstId>& scope,
                     const std::string& where) {
    Token& token = overlay_.edit(*overlay_.find<Token>(token_key(id)));
    ++token.positions;
    Position record;
    record.limits = limits;
    record.entry_chain = first_entry_chain(id, account);
    if (!balance.is_zero()) {
      const std::optional<Amount> issued = checked_add(token.issued, balance);
      if (!require(issued && *issued <= token.issuance_cap, where + ".balance",
                   "takes the token above its issuance_cap")) {
        return;
      }
      token.issued = token.posted = *issued;
      record.posted = record.cr_total = balance;
      record.cr_count = record.entry_seq = 1;
      EntryEvent entry;
      entry.token = id;
      entry.account = account;
      entry.seq = 1;
      entry.side = Side::Credit;
      entry.amount = entry.balance = balance;
      entry.line = static_cast<std::uint32_t>(result_.sweep_events.size() + 1);
      entry.type = EntryType::Genesis;
      entry.block_time = genesis_.time;
      Event event;
      event.type = static_cast<std::uint16_t>(EventType::Entry);
      event.body = encode(entry);
      event.scope = scope;
      record.entry_chain = next_entry_chain(record.entry_chain, event.body);
      result_.sweep_events.push_back(std::move(event));
    }
    put(position_key(id, account), record);
  }

  // ---- corridors ----

  void corridor(const GenesisCorridor& from, std::uint32_t, const std::string& where) {
    for (const auto& [id, member] : {std::pair{from.from, ".from"}, std::pair{from.to, ".to"}}) {
      const GenesisInstitution* bank = institution_of(id);
      require(bank != nullptr && bank->kind == InstitutionKind::Bank, where + member,
              "is not a bank of this genesis");
    }
    require(from.from != from.to, where + ".to", "is the bank itself");
    require(currency_scale(from.currency).has_value(), where + ".currency",
            "is not a currency of these rules");
    const Key key = corridor_key(from.from, from.to, from.currency);
    require(!has<Corridor>(key), where, "is written twice");
    half(from.payer, from.currency, where + ".payer");
    half(from.payee, from.currency, where + ".payee");
    require(from.payer.auto_accept_max.is_zero() && from.payer.standing_fee_max.is_zero(),
            where + ".payer", "has what belongs to the payee half");
    Corridor record;
    record.payer = from.payer;
    record.payee = from.payee;
    put(key, record);
  }

  void half(const CorridorHalf& half, const Currency& currency, const std::string& where) {
    const auto& tokens = half.settle_tokens;
    require(
        std::adjacent_find(tokens.begin(), tokens.end(), std::greater_equal<>{}) == tokens.end(),
        where + ".settle_tokens", "are not ascending");
    for (const TokenId id : tokens) {
      require(
          id >= 1 && id <= genesis_.tokens.size() && genesis_.tokens[id - 1].currency == currency,
          where + ".settle_tokens", "have one that is no token of this currency");
    }
    require((half.required_checks & ~(kCheckSanctions | kCheckAmlFraud | kCheckOther)) == 0,
            where + ".required_checks", "are not known");
  }

  void totals() {
    for (std::size_t at = 0; at < genesis_.tokens.size() && !error_; ++at) {
      const auto id = static_cast<TokenId>(at + 1);
      const Token& token = overlay_.find<Token>(token_key(id))->value;
      result_.totals.push_back({id, token.issued, token.redeemed, token.held, token.frozen,
                                token.internal, token.positions});
    }
  }

  const Genesis& genesis_;
  NoState state_;
  Overlay overlay_;
  BlockResult result_;
  std::optional<GenesisError> error_;
};

}  // namespace

std::expected<BlockResult, GenesisError> build_genesis(const Genesis& genesis) {
  return Builder(genesis).build();
}

}  // namespace giro::ledger
