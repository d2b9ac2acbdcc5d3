// Who asks, and what he may (surface 5.1). The transport says who may talk; what may happen on the
// ledger, the signatures inside an operation decide.
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "node/api/state_reader.h"
#include "node/config/clients_file.h"

namespace giro::api {

class Caller {
 public:
  using Role = config::ClientRole;

  // auth = "open": every role, for the institution whose node it is.
  static Caller open(std::string name, ledger::InstId home);
  explicit Caller(std::string name) : name_(std::move(name)) {}
  void grant(ledger::InstId institution, const std::vector<Role>& roles);

  // Whom rates are counted for.
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool has(Role role) const;
  // Sends operations of this institution.
  [[nodiscard]] bool acts_for(ledger::InstId institution) const;
  // Reads what this institution is a party to.
  [[nodiscard]] bool reads(ledger::InstId institution) const;
  // An event or a record of these institutions; of all, if there are none. auth = "open" sees what
  // the node's institution sees, as on a network of its own kind it would.
  [[nodiscard]] bool sees(std::span<const ledger::InstId> scope) const;
  [[nodiscard]] bool sees(const ledger::Payment& payment) const;
  // Whose own secrets it may read: a deny list (ledger 12).
  [[nodiscard]] bool is_of(ledger::InstId institution) const;

 private:
  std::string name_;
  bool is_open_ = false;
  std::map<ledger::InstId, std::set<Role>> grants_;
};

// The clients of clients.toml by the keys of their certificates.
class Clients {
 public:
  // The error names the institution that is not on the ledger.
  static std::expected<Clients, std::string> of(const config::ClientsFile& file,
                                                const StateReader& reader);
  [[nodiscard]] std::shared_ptr<const Caller> find(const crypto::Hash& key) const;  // null: unknown
  [[nodiscard]] std::size_t size() const { return by_key_.size(); }

 private:
  std::map<crypto::Hash, std::shared_ptr<Caller>> by_key_;
};

// What a path is about, and so who may ask for it at all. Which records he then sees, the handler
// decides.
enum class Access {
  AnyRole,    // node, validators, headers, parameters, totals
  Submitter,  // sends
  Party,      // of institutions: accounts, payments, operations, events
};
[[nodiscard]] Access access_of(std::string_view method, std::string_view pattern);
[[nodiscard]] bool may_ask(const Caller& caller, Access access);
[[nodiscard]] std::string_view who_may(Access access);  // for an error: "the role submitter"

}  // namespace giro::api
