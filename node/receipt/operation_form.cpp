#include "node/receipt/operation_form.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "node/ledger/ledger.h"
#include "node/receipt/operation_members.h"
#include "node/receipt/text.h"

namespace giro::receipt {
namespace {

namespace json = boost::json;
using ledger::Action;
using ledger::Amount;

constexpr std::string_view kEnvelope[] = {"type", "actor", "op_id", "valid_until"};

class FormReader {
 public:
  FormReader(const Names& names, const OrderDefaults& defaults)
      : names_(names), defaults_(defaults) {}

  [[nodiscard]] bool ok() const { return !error_; }
  [[nodiscard]] FormError take_error() { return std::move(*error_); }
  void fail(std::string message, std::optional<ledger::Code> code = {}) {
    if (!error_) error_ = FormError{path_, std::move(message), code};
  }
  // While it lives, errors are about this member.
  class Inside {
   public:
    Inside(FormReader& reader, std::string_view name)
        : reader_(reader), size_(reader.path_.size()) {
      if (!reader.path_.empty() && !name.starts_with('[')) reader.path_ += '.';
      reader.path_ += name;
    }
    ~Inside() { reader_.path_.resize(size_); }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    FormReader& reader_;
    std::size_t size_;
  };

  template <Message T>
  void message(const json::object& from, T& out, std::span<const std::string_view> beside = {});

  // One value by its type; `member` says what it means.
  void value(const FormMember& member, const json::value& from, bool& out);
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  void value(const FormMember& member, const json::value& from, T& out) {
    std::uint64_t raw = 0;
    if (!member.words.empty()) {
      raw = flags(member, from);
    } else if (member.kind == Kind::Plain) {
      raw = number(from, std::numeric_limits<T>::max());
    } else {
      raw = named(member.kind, from);
    }
    out = static_cast<T>(raw);
  }
  template <class T>
    requires std::is_enum_v<T>
  void value(const FormMember& member, const json::value& from, T& out) {
    out = static_cast<T>(word_of(member, from));
  }
  void value(const FormMember& member, const json::value& from, ledger::Code& out);
  void value(const FormMember& member, const json::value& from, Amount& out);
  void value(const FormMember& member, const json::value& from, ledger::Id& out);
  void value(const FormMember& member, const json::value& from, ledger::Hash& out);
  void value(const FormMember& member, const json::value& from, ledger::TimeMs& out);
  void value(const FormMember& member, const json::value& from, std::string& out);
  void value(const FormMember& member, const json::value& from, ledger::Bytes& out);
  void value(const FormMember& member, const json::value& from,
             ledger::Bounded<std::byte, ledger::kListVersionBytesMax>& out);
  void value(const FormMember&, const json::value& from, ledger::PublicKey& out) {
    hex(from, out.bytes);
  }
  void value(const FormMember&, const json::value& from, crypto::Signature& out) {
    hex(from, out.bytes);
  }
  template <std::size_t N>
  void value(const FormMember&, const json::value& from, ledger::Ascii<N>& out) {
    letters(from, out.bytes);
  }
  template <Message T>
  void value(const FormMember&, const json::value& from, T& out) {
    if (const auto* object = from.if_object()) return message(*object, out);
    fail("is an object");
  }
  template <class T>
  void value(const FormMember& member, const json::value& from, std::optional<T>& out) {
    value(member, from, out.emplace());
  }
  template <class L>
    requires ledger::wire::List<L>
  void value(const FormMember& member, const json::value& from, L& out);

 private:
  const json::string* text(const json::value& from, const char* what);
  std::uint64_t number(const json::value& from, std::uint64_t max);
  std::uint64_t named(Kind kind, const json::value& from);
  std::uint64_t word_of(const FormMember& member, const json::value& from);
  std::uint64_t flags(const FormMember& member, const json::value& from);
  void hex(const json::value& from, std::span<std::byte> out);
  void letters(const json::value& from, std::span<std::byte> out);
  void check_names(const json::object& from, std::span<const FormMember> members,
                   std::span<const std::string_view> beside);

  // Amounts whose scale the message itself does not say.
  template <class T>
  void find_scale(const T&) {}
  void find_scale(const ledger::ReturnPayment& order) {
    scales_.from = names_.payment_scale(order.payer_bank, order.uetr);
  }
  void find_scale(const ledger::HoldCapture& order) {
    scales_.from = names_.hold_scale(order.creator, order.hold_id);
  }

  const Names& names_;
  const OrderDefaults& defaults_;
  Scales scales_;
  std::string path_;
  std::optional<FormError> error_;
};

// In two rounds: amounts come last, when their token is known.
template <Message T>
void FormReader::message(const json::object& from, T& out,
                         std::span<const std::string_view> beside) {
  check_names(from, kMembers<T>, beside);
  for (const bool is_money_round : {false, true}) {
    visit_members(out, [&]<typename V>(const FormMember& member, V& target) {
      if (!ok() || std::same_as<V, Amount> != is_money_round) return;
      const Inside inside(*this, member.name);
      const auto* value = from.if_contains({member.name.data(), member.name.size()});
      if (value != nullptr) return this->value(member, *value, target);
      if (!member.is_optional) fail("is missing");
    });
    if (!is_money_round && ok()) find_scale(out);
  }
}

void FormReader::check_names(const json::object& from, std::span<const FormMember> members,
                             std::span<const std::string_view> beside) {
  for (const auto& [key, ignored] : from) {
    const std::string_view name(key.data(), key.size());
    if (std::ranges::find(members, name, &FormMember::name) != members.end() ||
        std::ranges::find(beside, name) != beside.end()) {
      continue;
    }
    std::string list;
    for (const auto& member : members)
      list += (list.empty() ? "" : ", ") + std::string(member.name);
    const Inside inside(*this, name);
    return fail("is not known; there are " + list);
  }
}

const json::string* FormReader::text(const json::value& from, const char* what) {
  const auto* out = from.if_string();
  if (out == nullptr) fail(what);
  return out;
}

std::uint64_t FormReader::number(const json::value& from, std::uint64_t max) {
  std::optional<std::uint64_t> out;
  if (from.is_uint64()) out = from.get_uint64();
  if (from.is_int64() && from.get_int64() >= 0) out = static_cast<std::uint64_t>(from.get_int64());
  if (const auto* words = from.if_string()) {
    std::uint64_t read = 0;
    const auto [end, error] = std::from_chars(words->data(), words->data() + words->size(), read);
    if (error == std::errc() && end == words->data() + words->size()) out = read;
  }
  if (out && *out <= max) return *out;
  fail("is a whole number, at most " + std::to_string(max));
  return 0;
}

std::uint64_t FormReader::named(Kind kind, const json::value& from) {
  if (kind == Kind::Institution) {
    const auto* name = text(from, "is the name of an institution");
    if (name == nullptr) return 0;
    const auto id = names_.institution({name->data(), name->size()});
    if (!id) fail("no institution is called " + std::string(*name));
    return id.value_or(0);
  }
  const auto* name = text(from, "is the name of a token, as bank-a.EUR");
  if (name == nullptr) return 0;
  const auto token = names_.token({name->data(), name->size()});
  if (!token) {
    fail("no token is called " + std::string(*name));
    return 0;
  }
  if (kind == Kind::Token) scales_ = {token->scale, token->scale};
  if (kind == Kind::TokenTo) scales_.to = token->scale;
  return token->id;
}

std::uint64_t FormReader::word_of(const FormMember& member, const json::value& from) {
  const auto* given = from.if_string();
  const auto found =
      given == nullptr
          ? member.words.end()
          : std::ranges::find(member.words, std::string_view(given->data(), given->size()));
  if (found != member.words.end()) return static_cast<std::uint64_t>(found - member.words.begin());
  std::string list;
  for (const auto each : member.words) list += (list.empty() ? "" : ", ") + std::string(each);
  fail("is one of " + list);
  return 0;
}

std::uint64_t FormReader::flags(const FormMember& member, const json::value& from) {
  const auto* list = from.if_array();
  if (list == nullptr) {
    fail("is a list of words");
    return 0;
  }
  std::uint64_t bits = 0;
  for (const auto& each : *list) bits |= std::uint64_t{1} << word_of(member, each);
  return bits;
}

void FormReader::hex(const json::value& from, std::span<std::byte> out) {
  const auto* digits = from.if_string();
  if (digits == nullptr || !crypto::from_hex({digits->data(), digits->size()}, out))
    fail("is " + std::to_string(2 * out.size()) + " hexadecimal digits");
}

void FormReader::letters(const json::value& from, std::span<std::byte> out) {
  const auto* given = from.if_string();
  if (given == nullptr || given->size() != out.size())
    return fail("is " + std::to_string(out.size()) + " letters");
  std::ranges::copy(crypto::as_view({given->data(), given->size()}), out.begin());
  if (out.size() == ledger::Currency{}.bytes.size()) {
    if (const auto scale =
            ledger::currency_scale(ledger::Currency::from({given->data(), given->size()})))
      scales_ = {scale, scale};
  }
}

void FormReader::value(const FormMember&, const json::value& from, bool& out) {
  if (!from.is_bool()) return fail("is true or false");
  out = from.get_bool();
}

// A name of ledger 7, or its number.
void FormReader::value(const FormMember&, const json::value& from, ledger::Code& out) {
  if (const auto* name = from.if_string()) {
    const auto rows = ledger::code_rows();
    const auto row = std::ranges::find(rows, std::string_view(name->data(), name->size()),
                                       &ledger::CodeRow::name);
    if (row == rows.end()) return fail("is the name of a code, as REGULATORY");
    out = row->code;
    return;
  }
  const auto code = ledger::code_of(
      static_cast<std::uint32_t>(number(from, ledger::wire::kEnumMax<ledger::Code>)));
  if (!code) return fail("is no code of this version");
  out = *code;
}

void FormReader::value(const FormMember& member, const json::value& from, Amount& out) {
  const auto* given = text(from, "is an amount in major units as text, as \"12.50\"");
  if (given == nullptr) return;
  const auto scale = member.kind == Kind::MoneyTo ? scales_.to : scales_.from;
  if (!scale) return fail("has no token to tell its decimals from");
  ledger::DecimalError error{};
  const auto amount = ledger::from_decimal({given->data(), given->size()}, *scale, error);
  if (amount) {
    out = *amount;
    return;
  }
  const std::string quoted = "\"" + std::string(*given) + "\" ";
  switch (error) {
    case ledger::DecimalError::TooPrecise:
      return fail(quoted + "has more than " + std::to_string(*scale) + " decimals",
                  ledger::Code::BadScale);
    case ledger::DecimalError::OutOfRange:
      return fail(quoted + "is above " + ledger::to_decimal(ledger::kOperationAmountMax, *scale),
                  ledger::Code::AmountOutOfRange);
    case ledger::DecimalError::Syntax:
      return fail(quoted + "is no amount; example \"12.50\"");
  }
}

void FormReader::value(const FormMember& member, const json::value& from, ledger::Id& out) {
  const bool is_account = member.kind == Kind::Account;
  const auto* given =
      text(from, is_account ? "is an account: 32 hexadecimal digits" : "is a lower-case UUID");
  if (given == nullptr) return;
  const std::string_view name(given->data(), given->size());
  if (!is_account) {
    const auto id = from_uuid_text(name);
    if (!id) return fail("is a lower-case UUID");
    out.bytes = *id;
    return;
  }
  if (crypto::from_hex(name, out.bytes)) return;
  const auto account = names_.account(name);
  if (!account) return fail("is neither 32 hexadecimal digits nor an account that is known here");
  out = *account;
}

void FormReader::value(const FormMember& member, const json::value& from, ledger::Hash& out) {
  const auto* data = from.is_object() && from.get_object().size() == 1
                         ? from.get_object().if_contains("data")
                         : nullptr;
  if (data != nullptr && data->is_string()) {
    const auto& plain = data->get_string();
    const auto commit = names_.commit(member.name, {plain.data(), plain.size()});
    if (!commit) return fail("is made by the client: 64 hexadecimal digits");
    out = *commit;
    return;
  }
  hex(from, out.bytes);
}

void FormReader::value(const FormMember&, const json::value& from, ledger::TimeMs& out) {
  const auto* given = text(from, "is a time, as 2026-11-21T22:41:07.114Z");
  if (given == nullptr) return;
  const std::string_view words(given->data(), given->size());
  const auto ms = words == "now" && defaults_.now.value != 0 ? std::optional(defaults_.now.value)
                                                             : from_time_text(words);
  if (!ms) return fail("is a time, as 2026-11-21T22:41:07.114Z");
  out = {*ms};
}

void FormReader::value(const FormMember&, const json::value& from, std::string& out) {
  if (const auto* given = text(from, "is text")) out = std::string(*given);
}

void FormReader::value(const FormMember&, const json::value& from, ledger::Bytes& out) {
  const auto* given = from.if_string();
  auto bytes = given == nullptr ? std::nullopt : from_base64({given->data(), given->size()});
  if (!bytes) return fail("is base64");
  out = std::move(*bytes);
}

void FormReader::value(const FormMember&, const json::value& from,
                       ledger::Bounded<std::byte, ledger::kListVersionBytesMax>& out) {
  const auto* given = text(from, "is text");
  if (given == nullptr) return;
  if (given->size() > out.kMax)
    return fail("is at most " + std::to_string(out.kMax) + " bytes long");
  for (const std::byte each : crypto::as_view({given->data(), given->size()}))
    (void)out.push_back(each);
}

// The order that the ledger wants in lists.
void sort_list(std::span<ledger::InstId> list) {
  std::ranges::sort(list);
}
void sort_list(std::span<ledger::PublicKey> list) {
  std::ranges::sort(list);
}
void sort_list(std::span<ledger::RoleKey> list) {
  std::ranges::sort(list, {}, &ledger::RoleKey::public_key);
}
void sort_list(std::span<ledger::SignatureField> list) {
  std::ranges::sort(list, {}, &ledger::SignatureField::public_key);
}
void sort_list(std::span<ledger::DenyEntry> list) {
  std::ranges::sort(list, {}, [](const ledger::DenyEntry& entry) {
    return std::tuple(entry.kind, entry.institution, entry.account, entry.country);
  });
}
template <class T>
void sort_list(std::span<T>) {}  // their order means something

template <class L>
  requires ledger::wire::List<L>
void FormReader::value(const FormMember& member, const json::value& from, L& out) {
  const auto* list = from.if_array();
  if (list == nullptr) return fail("is a list");
  for (std::size_t i = 0; i < list->size() && ok(); ++i) {
    const Inside inside(*this, "[" + std::to_string(i) + "]");
    typename L::value_type item{};
    value(member, (*list)[i], item);
    using Pushed = decltype(out.push_back(item));
    if constexpr (std::same_as<Pushed, bool>) {
      if (!out.push_back(item)) return fail("is one too many: at most " + std::to_string(L::kMax));
    } else {
      out.push_back(item);
      if constexpr (requires { out.is_over(); }) {
        if (out.is_over()) return fail("is one too many: at most " + std::to_string(i));
      }
    }
  }
  sort_list(std::span(out.begin(), out.end()));
}

// ---- operations ----

using ReadAction = void (*)(FormReader&, const json::object&, Action&);
struct ActionRow {
  std::uint32_t type;
  ReadAction read;
  std::span<const FormMember> members;
};

// Of every operation that there is.
template <std::size_t... I>
constexpr auto action_rows(std::index_sequence<I...>) {
  return std::array{[] {
    using T = std::variant_alternative_t<I + 1, Action>;  // 0 is none
    return ActionRow{T::kType,
                     [](FormReader& reader, const json::object& from, Action& out) {
                       reader.message(from, out.emplace<T>(), kEnvelope);
                     },
                     kMembers<T>};
  }()...};
}
constexpr auto kActions = action_rows(std::make_index_sequence<std::variant_size_v<Action> - 1>());

const ActionRow* find_action(std::string_view name) {
  const auto found = std::ranges::find(
      kActions, name, [](const ActionRow& row) { return ledger::operation_name(row.type); });
  return found == kActions.end() ? nullptr : &*found;
}

// What every payment of the operation has in common with it.
void complete(ledger::PaymentTerms& terms, const ledger::Operation& operation) {
  if (terms.payer_bank == 0) terms.payer_bank = operation.actor;
  if (terms.uetr == ledger::Uetr{}) terms.uetr = operation.op_id;
}
void complete(ledger::Operation& operation) {
  Action& action = operation.action;
  if (auto* transfer = std::get_if<ledger::Transfer>(&action)) complete(transfer->terms, operation);
  if (auto* pay = std::get_if<ledger::Pay>(&action)) complete(pay->terms, operation);
  if (auto* batch = std::get_if<ledger::SettleAtomic>(&action); batch && batch->payment)
    complete(*batch->payment, operation);
  if (auto* bulk = std::get_if<ledger::BulkPay>(&action)) {
    for (auto& item : bulk->items) {
      if (item.payer_bank == 0) item.payer_bank = operation.actor;
    }
  }
}

}  // namespace

std::string FormError::to_string() const {
  return field.empty() ? message : field + " " + message;
}

std::expected<ledger::Operation, FormError> read_operation(const json::object& order,
                                                           const Names& names,
                                                           const OrderDefaults& defaults) {
  const auto* type = order.if_contains("type");
  const auto* word = type == nullptr ? nullptr : type->if_string();
  const auto* row = word == nullptr ? nullptr : find_action({word->data(), word->size()});
  if (row == nullptr) {
    std::string list;
    for (const auto& [number, name] : ledger::operation_names())
      list += (list.empty() ? "" : ", ") + std::string(name);
    return std::unexpected(FormError{"type", "is one of " + list});
  }
  ledger::Operation out;
  out.actor = defaults.actor;
  out.op_id = defaults.op_id;
  out.valid_until = defaults.valid_until;
  FormReader reader(names, defaults);
  const auto own = [&](const FormMember& member, auto& target) {
    const auto* value = order.if_contains({member.name.data(), member.name.size()});
    const FormReader::Inside inside(reader, member.name);
    if (value != nullptr) return reader.value(member, *value, target);
    if (target == std::remove_cvref_t<decltype(target)>{}) reader.fail("is missing");
  };
  own({"actor", Kind::Institution}, out.actor);
  own({"op_id"}, out.op_id);
  own({"valid_until"}, out.valid_until);
  if (reader.ok()) row->read(reader, order, out.action);
  if (!reader.ok()) return std::unexpected(reader.take_error());
  complete(out);
  if (auto error = check_companions(out.action)) return std::unexpected(std::move(*error));
  return out;
}

std::string operation_members(std::string_view type) {
  std::string out;
  const auto* row = find_action(type);
  if (row == nullptr) return out;
  for (const auto& member : row->members) {
    out += (out.empty() ? "" : ", ") + std::string(member.name);
    if (member.is_optional) out += "?";
  }
  return out;
}

}  // namespace giro::receipt
