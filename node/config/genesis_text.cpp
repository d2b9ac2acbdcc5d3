// Writing the genesis file: members in the order in which genesis_file.cpp reads them.
#include "crypto/check.h"
#include "node/config/genesis_file.h"
#include "node/config/genesis_words.h"
#include "node/config/json_document.h"
#include "node/ledger/network_params.h"

namespace giro::config {
namespace {

using ledger::Amount;

class GenesisWriter {
 public:
  explicit GenesisWriter(const Genesis& genesis) : genesis_(genesis) {}

  std::string write() {
    out_.begin_object();
    text("format", "giro-genesis/1");
    text("name", genesis_.name);
    out_.name("throwaway").flag(genesis_.throwaway);
    time("time_ms", genesis_.ledger.time);
    parameters();
    list("institutions", genesis_.ledger.institutions, [this](const auto& i) { institution(i); });
    list("tokens", genesis_.ledger.tokens, [this](const auto& item) { token(item); });
    list("accounts", genesis_.ledger.accounts, [this](const auto& item) { account(item); });
    list("corridors", genesis_.ledger.corridors, [this](const auto& item) { corridor(item); });
    out_.end_object();
    return out_.take();
  }

 private:
  template <typename Items, typename Write>
  void list(std::string_view name, const Items& items, const Write& write) {
    out_.name(name).begin_array();
    for (const auto& item : items) {
      out_.begin_object();
      write(item);
      out_.end_object();
    }
    out_.end_array();
  }
  void text(std::string_view name, std::string_view value) { out_.name(name).text(value); }
  void hex(std::string_view name, crypto::ByteView bytes) { text(name, crypto::to_hex(bytes)); }
  void integer(std::string_view name, std::uint64_t value) { out_.name(name).integer(value); }
  void time(std::string_view name, ledger::TimeMs time) {
    integer(name, static_cast<std::uint64_t>(time.value));
  }
  void amount(std::string_view name, Amount value, std::uint8_t scale) {
    text(name, ledger::to_decimal(value, scale));
  }
  void limit(std::string_view name, Amount value, std::uint8_t scale) {
    if (!value.is_zero()) {
      amount(name, value, scale);
    }
  }
  [[nodiscard]] const std::string& institution_name(ledger::InstId id) const {
    GIRO_CHECK(id >= 1 && id <= genesis_.ledger.institutions.size(), id);
    return genesis_.ledger.institutions[id - 1].name;
  }
  [[nodiscard]] const ledger::Token& token_of(ledger::TokenId id) const {
    GIRO_CHECK(id >= 1 && id <= genesis_.ledger.tokens.size(), id);
    return genesis_.ledger.tokens[id - 1];
  }
  [[nodiscard]] std::string name_of_token(ledger::TokenId id) const {
    const ledger::Token& token = token_of(id);
    return token_name(institution_name(token.issuer), token);
  }
  static std::uint8_t scale_of(const ledger::Currency& currency) {
    return ledger::currency_scale(currency).value_or(0);
  }

  void param(std::string_view name, ledger::ParamUnit unit, std::uint64_t value) {
    if (unit == ledger::ParamUnit::Number) {
      integer(name, value);
    } else if (unit == ledger::ParamUnit::Milliseconds) {
      text(name, format_duration(value));
    } else {
      GIRO_CHECK(value % 1024 == 0, name, value);
      text(name, format_size(value));
    }
  }

  void parameters() {
    out_.name("network").begin_object();
    for (const ledger::NetworkParam& param_value : genesis_.ledger.params.network) {
      const ledger::NetworkParamRule* rule = ledger::find_network_param(param_value.id);
      GIRO_CHECK(rule != nullptr, param_value.id);
      param(rule->name, rule->unit, param_value.value);
    }
    out_.end_object();
    out_.name("ledger").begin_object();
    for (const ledger::LedgerParamRule& rule : ledger::ledger_param_rules()) {
      param(rule.name, rule.unit, genesis_.ledger.params.*rule.value);
    }
    integer("rules_version", genesis_.ledger.params.rules_version);
    out_.end_object();
  }

  void institution(const ledger::GenesisInstitution& item) {
    text("name", item.name);
    text("kind", word_of(kInstitutionKinds, item.kind));
    text("lei", item.lei.text());
    text("bic", item.bic);
    text("country", item.country.text());
    if (item.validator) {
      out_.name("validator").begin_object();
      hex("public_key", *item.validator);
      const auto address = genesis_.addresses.find(item.name);
      GIRO_CHECK(address != genesis_.addresses.end(), item.name);
      text("address", address->second.to_string());
      out_.end_object();
    }
    out_.name("quorums").begin_object();
    for (const auto& [role, quorum] : item.quorums) {
      integer(ledger::name(role), quorum);
    }
    out_.end_object();
    list("keys", item.keys, [this](const ledger::GenesisKey& key) {
      hex("public_key", key.public_key);
      integer("operator", key.operator_id);
      std::vector<std::string> roles;
      for (const ledger::Role role : key.roles) {
        roles.emplace_back(ledger::name(role));
      }
      out_.name("roles").texts(roles);
      time("not_before_ms", key.not_before);
      time("not_after_ms", key.not_after);
    });
  }

  void token(const ledger::Token& item) {
    const std::uint8_t scale = scale_of(item.currency);
    text("issuer", institution_name(item.issuer));
    text("currency", item.currency.text());
    integer("product", item.product);
    text("class", word_of(kTokenClasses, item.token_class));
    text("holder_policy", word_of(kHolderPolicies, item.holder_policy));
    out_.name("features").texts(words_of_bits(kFeatures, item.features));
    amount("issuance_cap", item.issuance_cap, scale);
    amount("max_tx", item.max_tx, scale);
    amount("min_tx", item.min_tx, scale);
    amount("fee_max", item.fee_max, scale);
    amount("checker_threshold", item.checker_threshold, scale);
    amount("dual_threshold", item.dual_threshold, scale);
    if (item.terms_hash != ledger::Hash{}) {
      hex("terms_hash", item.terms_hash);
    }
  }

  void account(const ledger::GenesisAccount& item) {
    const ledger::Account& record = item.record;
    text("servicer", institution_name(item.servicer));
    hex("account", item.id);
    text("kind", word_of(kAccountKinds, record.kind));
    if (record.owner != 0) {
      text("owner", institution_name(record.owner));
    }
    if (record.owner_ref != ledger::Commit{}) {
      hex("owner_ref", record.owner_ref);
    }
    text("auth_mode", word_of(kAuthModes, record.auth_mode));
    if (record.policy.m != 0) {
      out_.name("policy").begin_object();
      integer("m", record.policy.m);
      std::vector<std::string> keys;
      for (const crypto::PublicKey& key : record.policy.keys) {
        keys.push_back(crypto::to_hex(key));
      }
      out_.name("keys").texts(keys);
      out_.end_object();
    }
    text("country", record.country.text());
    integer("kyc_tier", record.kyc_tier);
    time("kyc_valid_until_ms", record.kyc_valid_until);
    list("positions", item.positions,
         [this](const ledger::GenesisPosition& position_item) { position(position_item); });
  }

  void position(const ledger::GenesisPosition& item) {
    const std::uint8_t scale = scale_of(token_of(item.token).currency);
    text("token", name_of_token(item.token));
    amount("balance", item.balance, scale);
    limit("max_tx", item.limits.max_tx, scale);
    limit("day_amount", item.limits.day_amount, scale);
    if (item.limits.day_count != 0) {
      integer("day_count", item.limits.day_count);
    }
    limit("max_balance", item.limits.max_balance, scale);
    if (!item.limits.allowed_payee_banks.empty()) {
      std::vector<std::string> names;
      for (const ledger::InstId id : item.limits.allowed_payee_banks) {
        names.push_back(institution_name(id));
      }
      out_.name("allowed_payee_banks").texts(names);
    }
  }

  void corridor(const ledger::GenesisCorridor& item) {
    text("from", institution_name(item.from));
    text("to", institution_name(item.to));
    text("currency", item.currency.text());
    half("payer", item.payer, scale_of(item.currency), false);
    half("payee", item.payee, scale_of(item.currency), true);
  }

  void half(std::string_view name, const ledger::CorridorHalf& half, std::uint8_t scale,
            bool payee) {
    out_.name(name).begin_object();
    out_.name("enabled").flag(half.enabled);
    amount("max_tx", half.max_tx, scale);
    amount("daily_cap", half.daily_cap, scale);
    std::vector<std::string> tokens;
    for (const ledger::TokenId id : half.settle_tokens) {
      tokens.push_back(name_of_token(id));
    }
    out_.name("settle_tokens").texts(tokens);
    amount("travel_rule_threshold", half.travel_rule_threshold, scale);
    amount("cop_threshold", half.cop_threshold, scale);
    out_.name("required_checks").texts(words_of_bits(kChecks, half.required_checks));
    out_.name("purpose_required").flag(half.purpose_required);
    if (payee) {
      amount("auto_accept_max", half.auto_accept_max, scale);
      amount("standing_fee_max", half.standing_fee_max, scale);
    }
    out_.end_object();
  }

  const Genesis& genesis_;
  JsonWriter out_;
};

}  // namespace

std::string write_genesis_file(const Genesis& genesis) {
  return GenesisWriter(genesis).write();
}

}  // namespace giro::config
