// Operations as people and programs write them (surface 5.2, 5.3): one JSON object, with the
// members of ledger.proto by name, names for institutions and tokens, major units for amounts. One
// table says which members each operation has; reading, writing and help follow it. No I/O of its
// own: what a name means it is told.
//
//   {"type":"MINT","actor":"bank-a","token":"bank-a.EUR","account":"<32 digits>","amount":"12.50",
//    "core_ref_commit":"<64 digits>"}
#pragma once

#include <boost/json/fwd.hpp>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "node/ledger/codes.h"
#include "node/ledger/messages.h"

namespace giro::receipt {

// What the names of an order stand for, and back.
class Names {
 public:
  struct Token {
    ledger::TokenId id = 0;
    std::uint8_t scale = 0;
  };
  virtual ~Names() = default;
  [[nodiscard]] virtual std::optional<ledger::InstId> institution(std::string_view name) const = 0;
  [[nodiscard]] virtual std::optional<Token> token(std::string_view name) const = 0;
  // An alias, where there are any; 32 digits are understood without it.
  [[nodiscard]] virtual std::optional<ledger::AccountId> account(std::string_view alias) const = 0;
  // Of the amounts of a payment, and of a hold, which an order names by its id only.
  [[nodiscard]] virtual std::optional<std::uint8_t> payment_scale(
      ledger::InstId payer_bank, const ledger::Uetr& uetr) const = 0;
  [[nodiscard]] virtual std::optional<std::uint8_t> hold_scale(ledger::InstId creator,
                                                               const ledger::HoldId& id) const = 0;
  // Of the data behind a commitment that is to be made: {"data":"..."}. nullopt: not made here.
  [[nodiscard]] virtual std::optional<ledger::Commit> commit(std::string_view type,
                                                             std::string_view data) const = 0;

  [[nodiscard]] virtual std::string institution_name(ledger::InstId id) const = 0;
  [[nodiscard]] virtual std::string token_name(ledger::TokenId id) const = 0;
  [[nodiscard]] virtual std::uint8_t token_scale(ledger::TokenId id) const = 0;
};

// What an order need not say.
struct OrderDefaults {
  ledger::InstId actor = 0;
  ledger::OpId op_id{};
  ledger::TimeMs valid_until{};
  ledger::TimeMs now{};  // of "now"
};

struct FormError {
  std::string field;                      // "items[3].amount"; empty: the order as a whole
  std::string message;                    // "is missing", "has at most 8"
  std::optional<ledger::Code> code = {};  // of an amount that has no place in the ledger

  [[nodiscard]] std::string to_string() const;
};

// Refuses members that the operation does not have. Lists that the ledger wants ascending may come
// in any order. Payment terms that name neither uetr nor payer_bank get the op_id and the actor; of
// a bulk's items each needs its own uetr. What the ledger bounds further is left to it.
[[nodiscard]] std::expected<ledger::Operation, FormError> read_operation(
    const boost::json::object& order, const Names& names, const OrderDefaults& defaults);

// With type, actor, op_id and valid_until. read_operation() gives the same operation back.
[[nodiscard]] boost::json::object write_operation(const ledger::Operation& operation,
                                                  const Names& names);

// "token, account, amount, kind?, core_ref_commit?": for people. Empty: no such operation.
[[nodiscard]] std::string operation_members(std::string_view type);

}  // namespace giro::receipt
