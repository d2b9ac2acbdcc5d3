// Messages of the ledger as JSON, by the table of their members. Private to node/receipt.
#pragma once

#include <boost/json.hpp>

#include "node/ledger/events.h"
#include "node/receipt/operation_form.h"
#include "node/receipt/operation_members.h"
#include "node/receipt/text.h"

namespace giro::receipt {

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
  boost::json::object message(const T& from) {
    boost::json::object out;
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
  boost::json::value value(const FormMember&, bool from) { return from; }
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  boost::json::value value(const FormMember& member, T from) {
    return number(member, from, sizeof(T) > sizeof(std::uint32_t));
  }
  template <class T>
    requires std::is_enum_v<T>
  boost::json::value value(const FormMember& member, T from) {
    if constexpr (requires { ledger::name(from); }) return boost::json::value(ledger::name(from));
    return word_of(member, static_cast<std::size_t>(from));
  }
  boost::json::value value(const FormMember&, ledger::Code from) {
    return boost::json::value(code_name(from));
  }
  boost::json::value value(const FormMember& member, const ledger::Amount& from) {
    const auto scale = member.kind == Kind::MoneyTo ? scales_.to : scales_.from;
    return boost::json::value(ledger::to_decimal(from, scale.value_or(0)));
  }
  boost::json::value value(const FormMember& member, const ledger::Id& from) {
    return boost::json::value(member.kind == Kind::Account ? crypto::to_hex(from)
                                                           : to_uuid_text(from.bytes));
  }
  boost::json::value value(const FormMember&, const ledger::TimeMs& from) {
    return boost::json::value(to_time_text(from.value));
  }
  boost::json::value value(const FormMember&, const std::string& from) {
    return boost::json::value(from);
  }
  boost::json::value value(const FormMember&, const ledger::Bytes& from) {
    return boost::json::value(to_base64(from));
  }
  boost::json::value value(const FormMember&,
                           const ledger::Bounded<std::byte, ledger::kListVersionBytesMax>& from) {
    return boost::json::value(crypto::as_text({from.begin(), from.end()}));
  }
  boost::json::value value(const FormMember&, const ledger::Hash& from) {
    return boost::json::value(crypto::to_hex(from));
  }
  boost::json::value value(const FormMember&, const ledger::PublicKey& from) {
    return boost::json::value(crypto::to_hex(from));
  }
  boost::json::value value(const FormMember&, const crypto::Signature& from) {
    return boost::json::value(crypto::to_hex(from));
  }
  template <std::size_t N>
  boost::json::value value(const FormMember&, const ledger::Ascii<N>& from) {
    if constexpr (N == sizeof(ledger::Currency)) {
      if (const auto scale = ledger::currency_scale(from)) scales_ = {scale, scale};
    }
    return boost::json::value(from.text());
  }
  template <Message T>
  boost::json::value value(const FormMember&, const T& from) {
    return message(from);
  }
  template <class T>
  boost::json::value value(const FormMember& member, const std::optional<T>& from) {
    return value(member, *from);
  }
  template <class L>
    requires ledger::wire::List<L>
  boost::json::value value(const FormMember& member, const L& from) {
    boost::json::array out;
    for (const auto& each : from) out.push_back(value(member, each));
    return out;
  }

  boost::json::value word_of(const FormMember& member, std::size_t at) {
    return at < member.words.size() ? boost::json::value(member.words[at]) : boost::json::value(at);
  }
  boost::json::value number(const FormMember& member, std::uint64_t from, bool is_wide) {
    if (!member.words.empty()) {
      boost::json::array flags;
      for (std::size_t bit = 0; from >> bit != 0; ++bit) {
        if ((from >> bit & 1) != 0) flags.push_back(word_of(member, bit));
      }
      return flags;
    }
    if (member.kind == Kind::Plain)
      return is_wide ? boost::json::value(std::to_string(from)) : boost::json::value(from);
    const auto id = static_cast<std::uint32_t>(from);
    if (member.kind == Kind::Institution) return boost::json::value(names_.institution_name(id));
    const std::uint8_t scale = names_.token_scale(id);
    if (member.kind == Kind::Token) scales_ = {scale, scale};
    if (member.kind == Kind::TokenTo) scales_.to = scale;
    return boost::json::value(names_.token_name(id));
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

}  // namespace giro::receipt
