// From an order of a script to the bytes that are sent: orders.json in the form of `giro op build`,
// the names of the demo network, tickets, signatures.
#pragma once

#include <boost/json.hpp>
#include <functional>
#include <map>

#include "node/ledger/messages.h"
#include "tests/acceptance/script.h"

namespace giro::acceptance {

struct Made {
  std::string actor;  // institution name
  ledger::InstId actor_id = 0;
  ledger::OpId op_id{};
  crypto::Bytes bytes;
};

class Orders {
 public:
  // By an operator's key, or by whoever makes up operators that the network was not set up with.
  using Sign = std::function<ledger::SignatureField(const config::DemoOperator&,
                                                    const crypto::Hash& digest)>;
  // `run` keeps the ids of one run apart from another's. Ends the process if orders.json is not
  // well formed.
  Orders(const crypto::Hash& chain, Sign sign, std::string run);

  [[nodiscard]] std::expected<Made, std::string> make(const step::Do& order,
                                                      std::int64_t now_ms) const;
  // Of an operation by its name in the script; "B.3" is the third item of the bulk B, from 0.
  [[nodiscard]] ledger::OpId id(std::string_view name) const;

 private:
  void fill(boost::json::value& value) const;
  void fill_items(boost::json::object& order, const std::string& id) const;
  void attach_ticket(ledger::Action& action, std::int64_t now_ms) const;
  [[nodiscard]] crypto::Hash seed(std::string_view name) const;

  crypto::Hash chain_;
  Sign sign_;
  std::string run_;
  boost::json::object orders_;
};

// The institutions and tokens of ledger 14, and bank-e, the sixth institution once it is admitted.
[[nodiscard]] std::optional<ledger::InstId> institution_of(std::string_view name);
[[nodiscard]] std::optional<ledger::TokenId> token_of(std::string_view name);
[[nodiscard]] const std::vector<std::string>& token_names();  // by their number, from 1
struct NamedAccount {
  std::string servicer;
  ledger::AccountId id{};
};
// "buyer"; "bank-b@bank-a", that bank's own account there; "fee", "legal", of the token, or with
// it: "fee:bank-a.USD".
[[nodiscard]] std::optional<NamedAccount> account_of(std::string_view name,
                                                     std::string_view token = {});
// A key that is made from its name.
[[nodiscard]] crypto::SecretKey key_of(std::string_view name);

}  // namespace giro::acceptance
