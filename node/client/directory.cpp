#include "node/client/directory.h"

#include <algorithm>
#include <boost/json.hpp>

#include "node/client/json_fields.h"

namespace giro::client {
namespace {

namespace json = boost::json;

constexpr std::size_t kListMax = 100'000, kPagesMax = 1'000;

std::string product_suffix(std::uint16_t product) {
  return product == 0 ? std::string() : "." + std::to_string(product);
}

ledger::Amount amount_field(const json::object& from, std::string_view name, std::uint8_t scale) {
  ledger::DecimalError ignored{};
  return ledger::from_decimal(text_field(from, name), scale, ignored).value_or(ledger::Amount{});
}

// One list held against the part of it that is known: the same name has the same number, and the
// other way round.
template <class Facts>
std::string list_contradiction(const std::vector<Facts>& said, const std::vector<Facts>& known) {
  const auto text = [](const Facts& facts) {
    return facts.name + " (number " + std::to_string(facts.id) + ")";
  };
  std::map<std::uint32_t, std::string> names;
  std::map<std::string, std::uint32_t> ids;
  for (const Facts& each : said) {
    if (!names.emplace(each.id, each.name).second || !ids.emplace(each.name, each.id).second)
      return text(each) + " is there twice";
  }
  for (const Facts& each : known) {
    const auto name = names.find(each.id);
    const auto id = ids.find(each.name);
    if (name == names.end() || name->second != each.name || id->second != each.id)
      return text(each) + " is missing, or is another";
  }
  return {};
}

}  // namespace

std::expected<std::vector<json::object>, Error> read_list(Client& client,
                                                          const std::string& target) {
  std::vector<json::object> out;
  std::string cursor;
  std::size_t pages = 0;
  do {
    auto page = client.get(target + "?limit=1000" + (cursor.empty() ? "" : "&cursor=" + cursor));
    if (!page) return std::unexpected(page.error());
    const auto* object = page->if_object();
    const auto* items = object == nullptr ? nullptr : object->if_contains("items");
    if (items == nullptr || !items->is_array()) {
      return std::unexpected(Error{ErrorKind::Internal, {}, target + ": the answer is not a list"});
    }
    for (const auto& item : items->get_array()) {
      if (item.is_object()) out.push_back(item.get_object());
    }
    const std::string next = text_field(*object, "next_cursor");
    if (!next.empty() && (++pages == kPagesMax || out.size() > kListMax))
      return std::unexpected(Error{ErrorKind::Internal, {}, target + ": the list has no end"});
    cursor = next;
  } while (!cursor.empty());
  return out;
}

std::expected<Directory, Error> Directory::from_node(Client& client, const PinnedGenesis& pinned) {
  Directory out;
  auto institutions = read_list(client, "/v1/institutions");
  if (!institutions) return std::unexpected(institutions.error());
  for (const auto& row : *institutions) {
    InstitutionFacts facts{.id = static_cast<ledger::InstId>(number_field(row, "id")),
                           .name = text_field(row, "name"),
                           .quorums = {}};
    if (const auto* roles = object_field(row, "roles")) {
      for (const auto& [role, policy] : *roles) {
        if (!policy.is_object()) continue;
        facts.quorums[std::string(role)] =
            static_cast<std::uint32_t>(number_field(policy.get_object(), "quorum"));
      }
    }
    out.institutions_.push_back(std::move(facts));
  }
  auto tokens = read_list(client, "/v1/tokens");
  if (!tokens) return std::unexpected(tokens.error());
  for (const auto& row : *tokens) {
    TokenFacts facts;
    facts.id = static_cast<ledger::TokenId>(number_field(row, "id"));
    facts.name = text_field(row, "name");
    facts.issuer = text_field(row, "issuer");
    facts.currency = text_field(row, "currency");
    facts.scale = static_cast<std::uint8_t>(number_field(row, "scale"));
    facts.checker_threshold = amount_field(row, "checker_threshold", facts.scale);
    facts.dual_threshold = amount_field(row, "dual_threshold", facts.scale);
    out.tokens_.push_back(std::move(facts));
  }
  const std::string wrong = out.contradiction(from_genesis(pinned.genesis));
  if (wrong.empty()) return out;
  return std::unexpected(Error{
      ErrorKind::Internal,
      {},
      "the node contradicts the genesis file: " + wrong + "; ask another node, and its operator"});
}

std::string Directory::contradiction(const Directory& genesis) const {
  for (const TokenFacts& token : tokens_) {
    const auto scale = ledger::currency_scale(ledger::Currency::from(token.currency));
    if (scale != token.scale)
      return token.name + " has " + std::to_string(token.scale) + " decimals, which " +
             token.currency + " has not";
    const std::string name = token.issuer + "." + token.currency;
    if (token.name != name && !token.name.starts_with(name + "."))
      return token.name + " is not a token in " + token.currency + " of " + token.issuer;
  }
  const auto wrong = list_contradiction(institutions_, genesis.institutions_);
  return wrong.empty() ? list_contradiction(tokens_, genesis.tokens_) : wrong;
}

Directory Directory::from_genesis(const config::Genesis& genesis) {
  Directory out;
  for (const auto& institution : genesis.ledger.institutions) {
    InstitutionFacts facts{.id = static_cast<ledger::InstId>(out.institutions_.size() + 1),
                           .name = institution.name,
                           .quorums = {}};
    for (const auto& [role, quorum] : institution.quorums) {
      facts.quorums[std::string(ledger::name(role))] = quorum;
    }
    out.institutions_.push_back(std::move(facts));
  }
  for (const auto& token : genesis.ledger.tokens) {
    TokenFacts facts;
    facts.id = static_cast<ledger::TokenId>(out.tokens_.size() + 1);
    if (token.issuer >= 1 && token.issuer <= out.institutions_.size()) {
      facts.issuer = out.institutions_[token.issuer - 1].name;
    }
    facts.currency = std::string(token.currency.text());
    facts.name = facts.issuer + "." + facts.currency + product_suffix(token.product);
    facts.scale = ledger::currency_scale(token.currency).value_or(0);
    facts.checker_threshold = token.checker_threshold;
    facts.dual_threshold = token.dual_threshold;
    out.tokens_.push_back(std::move(facts));
  }
  return out;
}

std::expected<InstitutionFacts, Error> Directory::institution(std::string_view name) const {
  const auto found = std::ranges::find(institutions_, name, &InstitutionFacts::name);
  if (found != institutions_.end()) return *found;
  return std::unexpected(
      Error{ErrorKind::Usage, {}, "no institution is called " + std::string(name)});
}

std::expected<TokenFacts, Error> Directory::token(std::string_view name) const {
  const auto found = std::ranges::find(tokens_, name, &TokenFacts::name);
  if (found != tokens_.end()) return *found;
  return std::unexpected(Error{ErrorKind::Usage, {}, "no token is called " + std::string(name)});
}

std::expected<ledger::Amount, Error> parse_amount(std::string_view text, const TokenFacts& token) {
  ledger::DecimalError error{};
  const auto amount = ledger::from_decimal(text, token.scale, error);
  if (amount && !amount->is_zero()) return *amount;
  const std::string given = "\"" + std::string(text) + "\" ";
  if (amount) return std::unexpected(Error{ErrorKind::Usage, "ZERO_AMOUNT", "the amount is zero"});
  switch (error) {
    case ledger::DecimalError::TooPrecise:
      return std::unexpected(Error{ErrorKind::Usage, "BAD_SCALE",
                                   given + "has more than " + std::to_string(token.scale) +
                                       " decimals of " + token.currency});
    case ledger::DecimalError::OutOfRange:
      return std::unexpected(
          Error{ErrorKind::Usage, "AMOUNT_OUT_OF_RANGE", given + "is too large"});
    case ledger::DecimalError::Syntax:
      break;
  }
  return std::unexpected(Error{ErrorKind::Usage, {}, given + "is not an amount; example 12.50"});
}

std::expected<AccountRef, Error> parse_account(std::string_view text,
                                               const config::Profile& profile) {
  if (const auto found = profile.aliases.find(std::string(text)); found != profile.aliases.end()) {
    return AccountRef{found->second.institution, ledger::AccountId{found->second.account},
                      std::string(text)};
  }
  AccountRef out;
  out.servicer = profile.institution;
  std::string_view digits = text;
  if (const auto slash = text.find('/'); slash != std::string_view::npos) {
    out.servicer = std::string(text.substr(0, slash));
    digits = text.substr(slash + 1);
  }
  if (out.servicer.empty() || !crypto::from_hex(digits, out.id.bytes)) {
    return std::unexpected(Error{ErrorKind::Usage,
                                 {},
                                 "\"" + std::string(text) +
                                     "\" is neither an alias of the profile nor an account; "
                                     "write bank-a/<32 hexadecimal digits>"});
  }
  out.alias = std::string(digits.substr(0, 8));
  return out;
}

}  // namespace giro::client
