#include "tests/acceptance/orders.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

#include "crypto/check.h"
#include "crypto/digest.h"
#include "node/ledger/encode.h"
#include "node/receipt/operation_form.h"
#include "node/receipt/text.h"

namespace giro::acceptance {
namespace {

namespace json = boost::json;

constexpr std::string_view kInstitutions[] = {"bank-a", "bank-b",  "bank-c",
                                              "bank-d", "agent-s", "bank-e"};
constexpr std::int64_t kValidForMs = 600'000;
constexpr std::uint8_t kScale = 2;  // of dollars and euros

class DemoNames final : public receipt::Names {
 public:
  std::optional<ledger::InstId> institution(std::string_view name) const override {
    return institution_of(name);
  }
  std::optional<Token> token(std::string_view name) const override {
    const auto id = token_of(name);
    return id ? std::optional(Token{*id, kScale}) : std::nullopt;
  }
  std::optional<ledger::AccountId> account(std::string_view alias) const override {
    const auto found = account_of(alias);
    return found ? std::optional(found->id) : std::nullopt;
  }
  std::optional<std::uint8_t> payment_scale(ledger::InstId, const ledger::Uetr&) const override {
    return kScale;
  }
  std::optional<std::uint8_t> hold_scale(ledger::InstId, const ledger::HoldId&) const override {
    return kScale;
  }
  std::optional<ledger::Commit> commit(std::string_view type,
                                       std::string_view data) const override {
    return crypto::tagged_hash("giro/acceptance/commit",
                               {crypto::as_view(type), crypto::as_view(data)});
  }
  std::string institution_name(ledger::InstId id) const override {
    return std::string(kInstitutions[id - 1]);
  }
  std::string token_name(ledger::TokenId id) const override { return token_names()[id - 1]; }
  std::uint8_t token_scale(ledger::TokenId) const override { return kScale; }
};

json::object read_orders() {
  std::ifstream in(orders_file(), std::ios::binary);
  GIRO_CHECK(in.good(), orders_file().string());
  return json::parse(std::string(std::istreambuf_iterator<char>(in), {})).as_object();
}

// true, false, or text; amounts may have commas.
json::value value_of(std::string text) {
  if (text == "true" || text == "false") return text == "true";
  if (text.find_first_not_of("0123456789.,") == std::string::npos) std::erase(text, ',');
  return json::string(text);
}

// The place of "terms.amount" or "items.500.payee_account"; what is missing on the way is made.
json::value& member_of(json::object& order, std::string_view path) {
  json::value* at = nullptr;
  while (true) {
    const auto dot = path.find('.');
    const std::string_view name = path.substr(0, dot);
    if (at != nullptr && at->is_array()) {
      std::size_t index = 0;
      std::from_chars(name.data(), name.data() + name.size(), index);
      at = &at->get_array().at(index);
    } else {
      at = &(at == nullptr     ? order
             : at->is_object() ? at->get_object()
                               : at->emplace_object())[name];
    }
    if (dot == std::string_view::npos) return *at;
    path.remove_prefix(dot + 1);
  }
}

ledger::TicketBody ticket_body(std::span<const ledger::PaymentTerms> terms,
                               const ledger::Screening& screening, std::int64_t now_ms) {
  return {.payee_bank = terms.front().payee_bank,
          .terms_hash = ledger::terms_hash(terms),
          .screening = screening,
          .travel_rule_ack = true,
          .expires_at = {now_ms + kValidForMs}};
}

}  // namespace

std::optional<ledger::InstId> institution_of(std::string_view name) {
  const auto* found = std::ranges::find(kInstitutions, name);
  if (found == std::end(kInstitutions)) return std::nullopt;
  return static_cast<ledger::InstId>(found - std::begin(kInstitutions) + 1);
}

const std::vector<std::string>& token_names() {
  static const std::vector<std::string> names{"bank-a.USD",  "bank-a.EUR", "bank-b.USD",
                                              "bank-b.EUR",  "bank-c.EUR", "bank-d.USD",
                                              "agent-s.USD", "agent-s.EUR"};
  return names;
}

std::optional<ledger::TokenId> token_of(std::string_view name) {
  const auto found = std::ranges::find(token_names(), name);
  if (found == token_names().end()) return std::nullopt;
  return static_cast<ledger::TokenId>(found - token_names().begin() + 1);
}

std::optional<NamedAccount> account_of(std::string_view name, std::string_view token) {
  static const std::map<std::string, std::string, std::less<>> people{
      {"buyer", "ALICE"}, {"merchant", "MERCHANT"}, {"supplier", "BOB"}};
  static const std::map<std::string, ledger::AccountKind, std::less<>> internal{
      {"fee", ledger::AccountKind::Fee},
      {"suspense", ledger::AccountKind::Suspense},
      {"legal", ledger::AccountKind::LegalCustody}};
  if (const auto found = people.find(name); found != people.end()) {
    const auto account = config::demo_aliases().at(found->second);
    return NamedAccount{account.institution, account.account};
  }
  if (const auto at = name.find('@'); at != std::string_view::npos) {
    const auto servicer = name.substr(at + 1);
    return NamedAccount{std::string(servicer), config::demo_nostro(name.substr(0, at), servicer)};
  }
  if (const auto colon = name.find(':'); colon != std::string_view::npos)
    return account_of(name.substr(0, colon), name.substr(colon + 1));
  if (const auto kind = internal.find(name); kind != internal.end()) {
    const auto id = token_of(token);
    if (!id) return std::nullopt;
    return NamedAccount{std::string(token.substr(0, token.find('.'))),
                        ledger::internal_account(*id, kind->second)};
  }
  if (name == "nobody") return NamedAccount{"bank-b", {.bytes = {std::byte{1}}}};
  return std::nullopt;
}

crypto::SecretKey key_of(std::string_view name) {
  return *crypto::SecretKey::from_bytes(
      crypto::tagged_hash("giro/acceptance/key", {crypto::as_view(name)}));
}

Orders::Orders(const crypto::Hash& chain, Sign sign, std::string run)
    : chain_(chain), sign_(std::move(sign)), run_(std::move(run)), orders_(read_orders()) {}

ledger::OpId Orders::id(std::string_view name) const {
  const auto hash =
      crypto::tagged_hash("giro/acceptance/id", {crypto::as_view(run_), crypto::as_view(name)});
  ledger::OpId id;
  std::copy_n(hash.bytes.begin(), id.bytes.size(), id.bytes.begin());
  id.bytes[6] =
      (id.bytes[6] & std::byte{0x0F}) | std::byte{0x40};  // a UUID of version 4: a UETR too
  id.bytes[8] = (id.bytes[8] & std::byte{0x3F}) | std::byte{0x80};
  return id;
}

// "@P" is the id of P; "key:NAME" a public key, an operator's or made from the name;
// "possession:seat bank-e" what that key signs to get the bank's seat.
void Orders::fill(json::value& value) const {
  if (auto* object = value.if_object()) {
    for (auto& [name, each] : *object) fill(each);
  } else if (auto* array = value.if_array()) {
    for (auto& each : *array) fill(each);
  } else if (const auto* given = value.if_string()) {
    const std::string text(*given);
    if (text.starts_with('@')) {
      value = receipt::to_uuid_text(id(text.substr(1)).bytes);
    } else if (text.starts_with("key:")) {
      const auto owner = parse_signer(text.substr(4));
      const auto key =
          owner ? sign_(owner->back(), {}).public_key : key_of(text.substr(4)).public_key();
      value = crypto::to_hex(key);
    } else if (text.starts_with("possession:")) {
      const auto key = key_of(text.substr(11));
      const auto inst = institution_of(text.substr(text.rfind(' ') + 1));
      GIRO_CHECK(inst.has_value(), text);
      value = crypto::to_hex(
          key.sign(ledger::validator_key_sign_bytes(chain_, *inst, key.public_key())).bytes);
    }
  }
}

// {"times": 1000, "item": {...}}: so many, each with a UETR of its own.
void Orders::fill_items(json::object& order, const std::string& id) const {
  const auto* items = order.if_contains("items");
  if (items == nullptr) return;
  const auto times = items->at("times").as_int64();
  const auto item = items->at("item").as_object();
  json::array all;
  for (std::int64_t i = 0; i < times; ++i) {
    auto& each = all.emplace_back(item).get_object();
    each["uetr"] = "@" + id + "." + std::to_string(i);
  }
  order["items"] = std::move(all);
}

void Orders::attach_ticket(ledger::Action& action, std::int64_t now_ms) const {
  const auto ticket = [&](const ledger::PaymentTerms& terms, const ledger::Screening& screening) {
    const auto body = ledger::encode_ticket_body(ticket_body({&terms, 1}, screening, now_ms));
    const config::DemoOperator officer{std::string(kInstitutions[terms.payee_bank - 1]),
                                       ledger::Role::Compliance, 1};
    return ledger::make_ticket(body, {sign_(officer, ledger::ticket_sign_bytes(chain_, body))});
  };
  if (auto* pay = std::get_if<ledger::Pay>(&action))
    pay->ticket = ticket(pay->terms, pay->screening);
  if (auto* batch = std::get_if<ledger::SettleAtomic>(&action))
    batch->ticket = ticket(*batch->payment, batch->screening);
}

std::expected<Made, std::string> Orders::make(const step::Do& order, std::int64_t now_ms) const {
  const auto* found = orders_.if_contains(order.order);
  if (found == nullptr) return std::unexpected("orders.json has no " + order.order);
  auto form = found->at("order").as_object();
  fill_items(form, order.id);
  for (const auto& [path, text] : order.changes) member_of(form, path) = value_of(text);
  json::value filled = std::move(form);
  fill(filled);
  auto operation = receipt::read_operation(
      filled.get_object(), DemoNames(),
      {.actor = 0, .op_id = id(order.id), .valid_until = {now_ms + kValidForMs}, .now = {now_ms}});
  if (!operation) return std::unexpected(order.order + " " + operation.error().to_string());
  if (order.has_ticket) attach_ticket(operation->action, now_ms);
  auto signers = order.signers;
  if (signers.empty()) {
    std::string by(found->at("by").as_string());
    for (std::size_t begin = 0, end = 0; end != std::string::npos; begin = end + 1) {
      end = by.find(' ', begin);
      const auto some = parse_signer(std::string_view(by).substr(begin, end - begin));
      GIRO_CHECK(some.has_value(), order.order);
      signers.insert(signers.end(), some->begin(), some->end());
    }
  }
  const auto body = ledger::encode_body(*operation);
  const auto digest = ledger::operation_sign_bytes(chain_, ledger::operation_hash(body));
  std::vector<ledger::SignatureField> signatures;
  for (const auto& signer : signers) signatures.push_back(sign_(signer, digest));
  return Made{.actor = std::string(kInstitutions[operation->actor - 1]),
              .actor_id = operation->actor,
              .op_id = operation->op_id,
              .bytes = ledger::encode_signed_operation(body, std::move(signatures))};
}

}  // namespace giro::acceptance
