// Histories in words.
#include "tests/unit/node/ledger/demo.h"
#include "tests/unit/node/ledger/reference/history.h"

namespace giro::ledger::reference {
namespace {

// Prints the fields of a message that are not absent, by their numbers in ledger.proto.
class Words {
 public:
  template <class T>
  void operator()(std::uint32_t number, const T& value) {
    const std::string text = word(value);
    if (!text.empty()) out += " " + std::to_string(number) + "=" + text;
  }
  std::string out;

  static std::string word(const Amount& amount) {
    return amount.is_zero() ? "" : to_decimal(amount, 2);
  }
  static std::string word(TimeMs time) {
    return time.value == 0 ? ""
                           : "+" + std::to_string(time.value - demo::kGenesisTime.value) + "ms";
  }
  static std::string word(const std::string& text) { return text; }
  static std::string word(bool value) { return value ? "yes" : ""; }
  static std::string word(const Id& id) {
    if (id == Id{}) return "";
    for (const auto& [name, known] : {std::pair("buyer", demo::kBuyer),
                                      {"merchant", demo::kMerchant},
                                      {"supplier", demo::kSupplier}}) {
      if (id == known) return name;
    }
    for (TokenId token = 1; token <= 12; ++token) {
      if (id == internal_account(token, AccountKind::Fee)) return "FEE" + std::to_string(token);
      for (InstId owner = 1; owner <= 5; ++owner) {
        if (id == demo::nostro(owner, token))
          return "nostro-" + std::to_string(owner) + "-" + std::to_string(token);
      }
    }
    return crypto::to_hex(id.bytes).substr(0, 8);
  }
  template <std::size_t N>
  static std::string word(const Ascii<N>& text) {
    return text.is_absent() ? "" : std::string(text.text());
  }
  template <class T>
  static std::string word(const T& value) {
    if constexpr (std::is_enum_v<T>) {
      return value == T{} ? "" : std::to_string(static_cast<unsigned>(value));
    } else if constexpr (std::is_integral_v<T>) {
      return value == 0 ? "" : std::to_string(value);
    } else if constexpr (requires { value.has_value(); }) {
      return value ? word(*value) : "";
    } else if constexpr (requires(Words& words) { T::fields(value, words); }) {
      Words words;
      T::fields(value, words);
      return words.out.empty() ? "" : "{" + words.out + " }";
    } else if constexpr (requires { value.bytes; }) {
      return value == T{} ? "" : crypto::to_hex(value.bytes).substr(0, 8);
    } else {
      return list(value);
    }
  }
  static std::string word(const Ticket& ticket) {
    const auto body = decode_record<TicketBody>(ticket.body);
    return body ? word(*body) : "?";
  }
  static std::string word(std::byte value) { return std::to_string(static_cast<unsigned>(value)); }
  template <class T>
  static std::string list(const T& values) {
    std::string text;
    for (const auto& value : values) text += (text.empty() ? "" : ", ") + word(value);
    return text.empty() ? "" : "[" + text + "]";
  }
};

std::string signer(const State& state, const PublicKey& wanted) {
  for (const auto& [id, inst] : state.insts) {
    for (const auto& [key_id, key] : inst.keys) {
      if (key.key != wanted) continue;
      std::string text = inst.name;
      for (const Role role : key.roles) text += ":" + std::string(name(role));
      return text + (key.revoked ? " (revoked)" : "");
    }
  }
  return "key " + crypto::to_hex(wanted.bytes).substr(2, 8);
}

}  // namespace

std::string describe(const History& history) {
  Ledger ledger(demo::demo_genesis());  // for names only
  std::string out;
  for (std::size_t i = 0; i < history.blocks.size(); ++i) {
    const HistoryBlock& block = history.blocks[i];
    out += "block " + std::to_string(i + 1) + " at " + Words::word(TimeMs{block.time}) + "\n";
    for (const Submitted& each : block.operations) {
      const Operation& operation = each.operation;
      std::uint32_t type = 0;
      Words words;
      std::visit(
          [&]<class T>(const T& action) {
            if constexpr (!std::is_same_v<T, std::monostate>) {
              type = T::kType;
              T::fields(action, words);
            }
          },
          operation.action);
      out += "  " + std::string(operation_name(type)) + " by " + std::to_string(operation.actor) +
             " id " + Words::word(operation.op_id) + ":" + words.out + "\n    until " +
             Words::word(operation.valid_until) + ", signed by";
      for (const PublicKey& key : each.signers) out += " " + signer(ledger.state, key);
      out += "\n";
    }
  }
  return out;
}

}  // namespace giro::ledger::reference
