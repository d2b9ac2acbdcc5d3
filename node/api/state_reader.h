// Records and names out of one state view, for answers. Lives as long as one request.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "node/ledger/ledger.h"
#include "node/ledger/records.h"

namespace giro::api {

struct TokenEntry {
  ledger::TokenId id = 0;
  ledger::Token record;
  std::string name;  // "bank-a.EUR", "bank-a.CNY.2" with a product
};
struct InstitutionEntry {
  ledger::InstId id = 0;
  ledger::Institution record;
};

class StateReader {
 public:
  explicit StateReader(const ledger::StateView& state) : state_(state) {}

  template <typename Record>
  [[nodiscard]] std::optional<Record> read(const ledger::Key& key) const {
    const auto bytes = state_.get(key);
    if (!bytes) return std::nullopt;
    return ledger::decode_record<Record>(*bytes);
  }

  [[nodiscard]] std::optional<ledger::InstId> institution_id(std::string_view name) const;
  [[nodiscard]] std::optional<InstitutionEntry> institution(ledger::InstId id) const;
  // "#7" where there is no such institution.
  [[nodiscard]] const std::string& institution_name(ledger::InstId id);

  [[nodiscard]] std::optional<TokenEntry> token(ledger::TokenId id);
  // By name or by number.
  [[nodiscard]] std::optional<TokenEntry> find_token(std::string_view text);
  [[nodiscard]] std::string token_name(ledger::TokenId id);  // empty for 0

  [[nodiscard]] ledger::InstId last_institution() const;
  [[nodiscard]] ledger::TokenId last_token() const;

  [[nodiscard]] const ledger::StateView& state() const { return state_; }

 private:
  const ledger::StateView& state_;
  std::map<ledger::InstId, std::string> names_;
};

}  // namespace giro::api
