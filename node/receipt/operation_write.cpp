// Operations back into the form that operation_form.cpp reads.
#include <boost/json.hpp>

#include "node/ledger/ledger.h"
#include "node/receipt/operation_form.h"
#include "node/receipt/operation_members.h"
#include "node/receipt/text.h"

namespace giro::receipt {
namespace {

namespace json = boost::json;

template <typename T>
bool is_absent(const T& value) {
  ledger::wire::Encoder encoder;
  encoder(1, value);
  return encoder.view().empty();
}

class FormWriter {
 public:
  explicit FormWriter(const Names& names) : names_(names) {}

  // Amounts come last, as when it is read: their token is known then.
  template <Message T>
  json::object message(const T& from) {
    json::object out;
    for (const bool is_money_round : {false, true}) {
      visit_members(from, [&]<typename V>(const FormMember& member, const V& each) {
        if (std::same_as<V, ledger::Amount> != is_money_round) return;
        if (member.is_optional && is_absent(each)) return;
        out[{member.name.data(), member.name.size()}] = value(member, each);
      });
      if (!is_money_round) find_scale(from);
    }
    return out;
  }

 private:
  json::value value(const FormMember&, bool from) { return from; }
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  json::value value(const FormMember& member, T from) {
    return number(member, from, sizeof(T) > sizeof(std::uint32_t));
  }
  template <class T>
    requires std::is_enum_v<T>
  json::value value(const FormMember& member, T from) {
    return word_of(member, static_cast<std::size_t>(from));
  }
  json::value value(const FormMember&, ledger::Code from) { return json::value(code_name(from)); }
  json::value value(const FormMember& member, const ledger::Amount& from) {
    const auto scale = member.kind == Kind::MoneyTo ? scales_.to : scales_.from;
    return json::value(ledger::to_decimal(from, scale.value_or(0)));
  }
  json::value value(const FormMember& member, const ledger::Id& from) {
    return json::value(member.kind == Kind::Account ? crypto::to_hex(from)
                                                    : to_uuid_text(from.bytes));
  }
  json::value value(const FormMember&, const ledger::TimeMs& from) {
    return json::value(to_time_text(from.value));
  }
  json::value value(const FormMember&, const std::string& from) { return json::value(from); }
  json::value value(const FormMember&, const ledger::Bytes& from) {
    return json::value(to_base64(from));
  }
  json::value value(const FormMember&,
                    const ledger::Bounded<std::byte, ledger::kListVersionBytesMax>& from) {
    return json::value(crypto::as_text({from.begin(), from.end()}));
  }
  json::value value(const FormMember&, const ledger::Hash& from) {
    return json::value(crypto::to_hex(from));
  }
  json::value value(const FormMember&, const ledger::PublicKey& from) {
    return json::value(crypto::to_hex(from));
  }
  json::value value(const FormMember&, const crypto::Signature& from) {
    return json::value(crypto::to_hex(from));
  }
  template <std::size_t N>
  json::value value(const FormMember&, const ledger::Ascii<N>& from) {
    if constexpr (N == sizeof(ledger::Currency)) {
      if (const auto scale = ledger::currency_scale(from)) scales_ = {scale, scale};
    }
    return json::value(from.text());
  }
  template <Message T>
  json::value value(const FormMember&, const T& from) {
    return message(from);
  }
  template <class T>
  json::value value(const FormMember& member, const std::optional<T>& from) {
    return value(member, *from);
  }
  template <class L>
    requires ledger::wire::List<L>
  json::value value(const FormMember& member, const L& from) {
    json::array out;
    for (const auto& each : from) out.push_back(value(member, each));
    return out;
  }

  json::value word_of(const FormMember& member, std::size_t at) {
    return at < member.words.size() ? json::value(member.words[at]) : json::value(at);
  }
  json::value number(const FormMember& member, std::uint64_t from, bool is_wide) {
    if (!member.words.empty()) {
      json::array flags;
      for (std::size_t bit = 0; from >> bit != 0; ++bit) {
        if ((from >> bit & 1) != 0) flags.push_back(word_of(member, bit));
      }
      return flags;
    }
    if (member.kind == Kind::Plain)
      return is_wide ? json::value(std::to_string(from)) : json::value(from);
    const auto id = static_cast<std::uint32_t>(from);
    if (member.kind == Kind::Institution) return json::value(names_.institution_name(id));
    const std::uint8_t scale = names_.token_scale(id);
    if (member.kind == Kind::Token) scales_ = {scale, scale};
    if (member.kind == Kind::TokenTo) scales_.to = scale;
    return json::value(names_.token_name(id));
  }

  template <class T>
  void find_scale(const T&) {}
  void find_scale(const ledger::ReturnPayment& order) {
    scales_.from = names_.payment_scale(order.payer_bank, order.uetr);
  }
  void find_scale(const ledger::HoldCapture& order) {
    scales_.from = names_.hold_scale(order.creator, order.hold_id);
  }

  const Names& names_;
  Scales scales_;
};

}  // namespace

json::object write_operation(const ledger::Operation& operation, const Names& names) {
  json::object out;
  json::object members;
  std::visit(
      [&]<class T>(const T& action) {
        if constexpr (!std::is_same_v<T, std::monostate>) {
          out["type"] = ledger::operation_name(T::kType);
          members = FormWriter(names).message(action);
        }
      },
      operation.action);
  out["actor"] = names.institution_name(operation.actor);
  out["op_id"] = to_uuid_text(operation.op_id.bytes);
  out["valid_until"] = to_time_text(operation.valid_until.value);
  for (auto& [name, value] : members) out[name] = std::move(value);
  return out;
}

}  // namespace giro::receipt
