#include "node/config/genesis_file.h"

#include <algorithm>
#include <map>
#include <utility>

#include "crypto/digest.h"
#include "crypto/keys.h"
#include "node/config/genesis_words.h"
#include "node/config/json_document.h"
#include "node/config/network_parameters.h"

namespace giro::config {
namespace {

using ledger::Amount;

constexpr std::uint64_t kTimeMax = 253'402'300'799'999;  // the end of the year 9999

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= ledger::kInstitutionNameMax &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

// Reads the members of the file into a Genesis. Institutions and tokens are named by the later
// parts, so they come first.
class GenesisReader {
 public:
  explicit GenesisReader(JsonFault& fault) : fault_(fault) {}

  Genesis read(const JsonValue& root) {
    JsonObject file(root, "", fault_);
    if (file.text("format") != "giro-genesis/1") {
      file.fail("format", "is not \"giro-genesis/1\"");
    }
    out_.name = file.text("name");
    if (!is_label(out_.name)) {
      file.fail("name", "is not 1 to 32 of a-z 0-9 -");
    }
    out_.throwaway = file.flag("throwaway");
    out_.ledger.time = time(file, "time_ms");
    network(file.object("network"));
    ledger_params(file.object("ledger"));
    each(file, "institutions", ledger::kGenesisInstitutionsMax,
         [this](JsonObject item) { institution(std::move(item)); });
    each(file, "tokens", ledger::kGenesisTokensMax,
         [this](JsonObject item) { token(std::move(item)); });
    each(file, "accounts", ledger::kGenesisAccountsMax,
         [this](JsonObject item) { account(std::move(item)); });
    each(file, "corridors", ledger::kGenesisCorridorsMax,
         [this](JsonObject item) { corridor(std::move(item)); });
    file.finish();
    return std::move(out_);
  }

 private:
  template <typename Read>
  void each(JsonObject& parent, std::string_view name, std::size_t max, const Read& read) {
    const std::vector<JsonValue>& items = parent.array(name, max);
    for (std::size_t at = 0; at < items.size() && !fault_.is_set(); ++at) {
      read(JsonObject(items[at], parent.path_of(name) + "[" + std::to_string(at) + "]", fault_));
    }
  }

  static ledger::TimeMs time(JsonObject& object, std::string_view name) {
    return {static_cast<std::int64_t>(object.integer(name, 0, kTimeMax))};
  }

  template <std::size_t N>
  static void hex(JsonObject& object, std::string_view name, std::array<std::byte, N>& out) {
    if (!crypto::from_hex(object.text(name), out)) {
      object.fail(name, "is not " + std::to_string(N * 2) + " hexadecimal digits");
    }
  }

  template <typename Value, std::size_t N>
  static Value word(JsonObject& object, std::string_view name, const Words<Value, N>& words) {
    const std::optional<Value> value = value_of(words, object.text(name));
    if (!value) {
      object.fail(name, "is not one of " + choices_of(words));
    }
    return value.value_or(Value{});
  }

  template <std::size_t N>
  static std::uint8_t bits(JsonObject& object, std::string_view name,
                           const Words<std::uint8_t, N>& words) {
    std::uint8_t out = 0;
    for (const std::string& text : object.texts(name, N)) {
      const std::optional<std::uint8_t> bit = value_of(words, text);
      if (!bit || (out & *bit) != 0) {
        object.fail(name, "is not a list of different " + choices_of(words));
      }
      out = static_cast<std::uint8_t>(out | bit.value_or(0));
    }
    return out;
  }

  template <typename Text>
  static Text ascii(JsonObject& object, std::string_view name, std::string_view what) {
    const Text out = Text::from(object.text(name));
    if (out.is_absent()) {
      object.fail(name, "is not " + std::string(what));
    }
    return out;
  }

  // Decimal text in major units; absent is zero where it may be.
  static Amount amount(JsonObject& object, std::string_view name, std::uint8_t scale,
                       bool optional = false) {
    if (optional && !object.has(name)) {
      return {};
    }
    ledger::DecimalError error{};
    const std::optional<Amount> amount = ledger::from_decimal(object.text(name), scale, error);
    if (!amount) {
      object.fail(name, error == ledger::DecimalError::TooPrecise
                            ? "has more decimals than the currency"
                        : error == ledger::DecimalError::OutOfRange ? "is larger than 18 digits"
                                                                    : "is not a decimal amount");
    }
    return amount.value_or(Amount{});
  }

  ledger::InstId institution_named(JsonObject& object, std::string_view name) {
    return institution_called(object, name, object.text(name));
  }
  ledger::InstId institution_called(JsonObject& object, std::string_view name,
                                    const std::string& text) {
    const auto found = institutions_.find(text);
    if (found == institutions_.end()) {
      object.fail(name, "names no institution of this file");
      return 0;
    }
    return found->second;
  }
  ledger::TokenId token_called(JsonObject& object, std::string_view name, const std::string& text) {
    const auto found = tokens_.find(text);
    if (found == tokens_.end()) {
      object.fail(name, "names no token of this file");
      return 0;
    }
    return found->second;
  }

  // A parameter as its unit wants it: a number, "512KiB" or "250ms".
  static std::uint64_t param(JsonObject& object, std::string_view name, ledger::ParamUnit unit,
                             std::uint64_t min, std::uint64_t max) {
    if (unit == ledger::ParamUnit::Number) {
      return object.integer(name, min, max);
    }
    const bool size = unit == ledger::ParamUnit::Size;
    const std::string text = object.text(name);
    // Zero has no unit of its own: "0ms".
    const std::optional<std::uint64_t> value = size ? parse_size(text) : parse_duration_ms(text);
    const auto shown = [size](std::uint64_t number) {
      return size ? format_size(number) : format_duration(number);
    };
    if (!value) {
      object.fail(name,
                  size ? "is not a size like \"512KiB\"" : "is not a duration like \"250ms\"");
    } else if (*value < min || *value > max) {
      object.fail(name, "is out of range, which is " + shown(min) + " to " + shown(max));
    }
    return value.value_or(min);
  }

  void network(JsonObject object) {
    std::vector<ledger::NetworkParam> params;
    for (const ledger::NetworkParamRule& rule : ledger::network_param_rules()) {
      params.push_back({rule.id, param(object, rule.name, rule.unit, rule.min, rule.max)});
    }
    object.finish();
    if (const ledger::NetworkParamRule* broken = ledger::broken_network_param(params)) {
      object.fail(broken->name, "does not fit the other parameters");
    }
    out_.parameters = to_parameters(params);
    out_.ledger.params.network = std::move(params);
    out_.ledger.params.epoch_blocks = out_.parameters.epoch_blocks;
  }

  void ledger_params(JsonObject object) {
    for (const ledger::LedgerParamRule& rule : ledger::ledger_param_rules()) {
      out_.ledger.params.*rule.value = param(object, rule.name, rule.unit, rule.min, rule.max);
    }
    out_.ledger.params.rules_version = static_cast<std::uint32_t>(
        object.integer("rules_version", ledger::kRulesVersion, ledger::kRulesVersion));
    object.finish();
    if (const ledger::LedgerParamRule* broken = ledger::broken_ledger_param(out_.ledger.params)) {
      object.fail(broken->name, "does not fit the other parameters");
    }
  }

  void institution(JsonObject object) {
    ledger::GenesisInstitution item;
    item.name = object.text("name");
    if (!is_label(item.name)) {
      object.fail("name", "is not 1 to 32 of a-z 0-9 -");
    }
    item.kind = word(object, "kind", kInstitutionKinds);
    item.lei = ascii<ledger::Lei>(object, "lei", "20 characters");
    item.bic = object.text("bic");
    item.country = ascii<ledger::CountryCode>(object, "country", "a code of two letters");
    if (object.has("validator")) {
      JsonObject validator = object.object("validator");
      item.validator.emplace();
      hex(validator, "public_key", item.validator->bytes);
      const std::optional<HostPort> address = parse_host_port(validator.text("address"), false);
      if (!address) {
        validator.fail("address", "is not host:port");
      }
      out_.addresses[item.name] = address.value_or(HostPort{});
      validator.finish();
    }
    JsonObject quorums = object.object("quorums");
    for (std::size_t bit = 0; bit < ledger::kRoleCount; ++bit) {
      const auto role = static_cast<ledger::Role>(bit);
      if (quorums.has(ledger::name(role))) {
        item.quorums[role] = static_cast<std::uint32_t>(
            quorums.integer(ledger::name(role), 1, ledger::kRolePolicyKeysMax));
      }
    }
    quorums.finish();
    each(object, "keys", 512, [&](JsonObject key) { item.keys.push_back(operator_key(key)); });
    object.finish();
    institutions_.emplace(item.name,
                          static_cast<ledger::InstId>(out_.ledger.institutions.size() + 1));
    out_.ledger.institutions.push_back(std::move(item));
  }

  static ledger::GenesisKey operator_key(JsonObject& object) {
    ledger::GenesisKey key;
    hex(object, "public_key", key.public_key.bytes);
    key.operator_id = object.integer("operator", 1, std::numeric_limits<std::int64_t>::max());
    for (const std::string& text : object.texts("roles", ledger::kRoleCount)) {
      bool known = false;
      for (std::size_t bit = 0; bit < ledger::kRoleCount; ++bit) {
        if (ledger::name(static_cast<ledger::Role>(bit)) == text) {
          key.roles.push_back(static_cast<ledger::Role>(bit));
          known = true;
        }
      }
      if (!known) {
        object.fail("roles", "has an unknown role");
      }
    }
    key.not_before = time(object, "not_before_ms");
    key.not_after = time(object, "not_after_ms");
    object.finish();
    return key;
  }

  void token(JsonObject object) {
    ledger::Token item;
    item.issuer = institution_named(object, "issuer");
    const std::string issuer = object.text("issuer");
    item.currency = ascii<ledger::Currency>(object, "currency", "a code of three letters");
    const std::optional<std::uint8_t> scale = ledger::currency_scale(item.currency);
    if (!scale) {
      object.fail("currency", "is not a currency of these rules");
    }
    item.scale = scale.value_or(0);
    item.product = static_cast<std::uint16_t>(object.integer("product", 0, 65535));
    item.token_class = word(object, "class", kTokenClasses);
    item.holder_policy = word(object, "holder_policy", kHolderPolicies);
    item.features = bits(object, "features", kFeatures);
    item.issuance_cap = amount(object, "issuance_cap", item.scale);
    item.max_tx = amount(object, "max_tx", item.scale);
    item.min_tx = amount(object, "min_tx", item.scale);
    item.fee_max = amount(object, "fee_max", item.scale);
    item.checker_threshold = amount(object, "checker_threshold", item.scale);
    item.dual_threshold = amount(object, "dual_threshold", item.scale);
    if (object.has("terms_hash")) {
      hex(object, "terms_hash", item.terms_hash.bytes);
    }
    object.finish();
    out_.ledger.tokens.push_back(item);
    const auto id = static_cast<ledger::TokenId>(out_.ledger.tokens.size());
    if (!tokens_.emplace(token_name(issuer, item), id).second) {
      object.fail("currency", "is the second token of this issuer, currency and product");
    }
  }

  void account(JsonObject object) {
    ledger::GenesisAccount item;
    item.servicer = institution_named(object, "servicer");
    hex(object, "account", item.id.bytes);
    item.record.kind = word(object, "kind", kAccountKinds);
    if (object.has("owner")) {
      item.record.owner = institution_named(object, "owner");
    }
    if (object.has("owner_ref")) {
      hex(object, "owner_ref", item.record.owner_ref.bytes);
    }
    item.record.auth_mode = word(object, "auth_mode", kAuthModes);
    if (object.has("policy")) {
      policy(object.object("policy"), item.record.policy);
    }
    item.record.country = ascii<ledger::CountryCode>(object, "country", "a code of two letters");
    item.record.kyc_tier = static_cast<std::uint32_t>(object.integer("kyc_tier", 0, 1'000'000));
    item.record.kyc_valid_until = time(object, "kyc_valid_until_ms");
    each(object, "positions", ledger::kAccountTokensMax,
         [&](JsonObject one) { item.positions.push_back(position(one)); });
    object.finish();
    out_.ledger.accounts.push_back(std::move(item));
  }

  static void policy(JsonObject object, ledger::AccountPolicy& out) {
    out.m = static_cast<std::uint32_t>(object.integer("m", 1, ledger::kAccountKeysMax));
    for (const std::string& text : object.texts("keys", ledger::kAccountKeysMax)) {
      crypto::PublicKey key;
      if (!crypto::from_hex(text, key.bytes)) {
        object.fail("keys", "has one that is not 66 hexadecimal digits");
      }
      out.keys.push_back(key);
    }
    object.finish();
  }

  ledger::GenesisPosition position(JsonObject& object) {
    ledger::GenesisPosition item;
    item.token = token_called(object, "token", object.text("token"));
    const std::uint8_t scale =
        item.token == 0 ? std::uint8_t{0} : out_.ledger.tokens[item.token - 1].scale;
    item.balance = amount(object, "balance", scale);
    item.limits.max_tx = amount(object, "max_tx", scale, true);
    item.limits.day_amount = amount(object, "day_amount", scale, true);
    if (object.has("day_count")) {
      item.limits.day_count = object.integer("day_count", 0, 1'000'000'000);
    }
    item.limits.max_balance = amount(object, "max_balance", scale, true);
    if (object.has("allowed_payee_banks")) {
      for (const std::string& text :
           object.texts("allowed_payee_banks", ledger::kAllowedPayeeBanksMax)) {
        (void)item.limits.allowed_payee_banks.push_back(
            institution_called(object, "allowed_payee_banks", text));
      }
    }
    object.finish();
    return item;
  }

  void corridor(JsonObject object) {
    ledger::GenesisCorridor item;
    item.from = institution_named(object, "from");
    item.to = institution_named(object, "to");
    item.currency = ascii<ledger::Currency>(object, "currency", "a code of three letters");
    const std::optional<std::uint8_t> scale = ledger::currency_scale(item.currency);
    if (!scale) {
      object.fail("currency", "is not a currency of these rules");
    }
    item.payer = half(object.object("payer"), scale.value_or(0), false);
    item.payee = half(object.object("payee"), scale.value_or(0), true);
    object.finish();
    out_.ledger.corridors.push_back(item);
  }

  ledger::CorridorHalf half(JsonObject object, std::uint8_t scale, bool payee) {
    ledger::CorridorHalf half;
    half.enabled = object.flag("enabled");
    half.max_tx = amount(object, "max_tx", scale);
    half.daily_cap = amount(object, "daily_cap", scale);
    for (const std::string& text : object.texts("settle_tokens", ledger::kSettleTokensMax)) {
      (void)half.settle_tokens.push_back(token_called(object, "settle_tokens", text));
    }
    half.travel_rule_threshold = amount(object, "travel_rule_threshold", scale);
    half.cop_threshold = amount(object, "cop_threshold", scale);
    half.required_checks = bits(object, "required_checks", kChecks);
    half.purpose_required = object.flag("purpose_required");
    if (payee) {
      half.auto_accept_max = amount(object, "auto_accept_max", scale);
      half.standing_fee_max = amount(object, "standing_fee_max", scale);
    }
    object.finish();
    return half;
  }

  JsonFault& fault_;
  Genesis out_;
  std::map<std::string, ledger::InstId> institutions_;
  std::map<std::string, ledger::TokenId> tokens_;
};

}  // namespace

std::vector<consensus::Member> first_members(const Genesis& genesis) {
  std::vector<consensus::Member> members;
  for (std::uint32_t at = 0; at < genesis.ledger.institutions.size(); ++at)
    if (const auto& key = genesis.ledger.institutions[at].validator)
      members.push_back({{at + 1}, *key});
  return members;
}

crypto::Hash chain_id_of(std::string_view file_bytes) {
  return crypto::sha256(crypto::as_view(file_bytes));
}

std::string token_name(const std::string& issuer, const ledger::Token& token) {
  std::string name = issuer + "." + std::string(token.currency.text());
  return token.product == 0 ? name : name + "." + std::to_string(token.product);
}

std::expected<Genesis, std::string> parse_genesis_file(std::string_view text) {
  if (text.size() > kGenesisBytesMax) {
    return std::unexpected("the file is larger than " + format_size(kGenesisBytesMax));
  }
  const std::expected<JsonValue, std::string> root = parse_json(text);
  if (!root) {
    return std::unexpected(root.error());
  }
  JsonFault fault;
  Genesis genesis = GenesisReader(fault).read(*root);
  if (fault.is_set()) {
    return std::unexpected(fault.text());
  }
  return genesis;
}

std::expected<CheckedGenesis, std::string> check_genesis_file(std::string_view text) {
  std::expected<Genesis, std::string> genesis = parse_genesis_file(text);
  if (!genesis) {
    return std::unexpected(genesis.error());
  }
  std::expected<ledger::BlockResult, ledger::GenesisError> block =
      ledger::build_genesis(genesis->ledger);
  if (!block) {
    return std::unexpected(block.error().item + ": " + block.error().reason);
  }
  return CheckedGenesis{std::move(*genesis), std::move(*block), chain_id_of(text)};
}

}  // namespace giro::config
