#include "node/api/caller.h"

#include <algorithm>
#include <array>

namespace giro::api {

Caller Caller::open(std::string name, ledger::InstId home) {
  Caller out(std::move(name));
  out.is_open_ = true;
  out.grant(home, {Role::Submitter, Role::Reader, Role::Auditor, Role::Observer, Role::Operator});
  return out;
}

void Caller::grant(ledger::InstId institution, const std::vector<Role>& roles) {
  grants_[institution].insert(roles.begin(), roles.end());
}

bool Caller::has(Role role) const {
  return std::ranges::any_of(grants_,
                             [role](const auto& one) { return one.second.contains(role); });
}

bool Caller::acts_for(ledger::InstId institution) const {
  if (is_open_) return true;
  const auto found = grants_.find(institution);
  return found != grants_.end() && found->second.contains(Role::Submitter);
}

bool Caller::is_of(ledger::InstId institution) const {
  const auto found = grants_.find(institution);
  return found != grants_.end() && found->second.contains(Role::Reader);
}

bool Caller::reads(ledger::InstId institution) const {
  return is_of(institution) || has(Role::Auditor);
}

bool Caller::sees(std::span<const ledger::InstId> scope) const {
  if (scope.empty() || (has(Role::Auditor) && !is_open_)) return true;
  return std::ranges::any_of(scope, [this](ledger::InstId one) { return is_of(one); });
}

bool Caller::sees(const ledger::Payment& payment) const {
  // One that was refused before it was PENDING is shown to its payer's bank only (ledger 12).
  const bool was_never_pending =
      payment.state == ledger::PaymentState::Rejected && payment.expires_at.value == 0;
  return reads(payment.terms.payer_bank) || (!was_never_pending && reads(payment.terms.payee_bank));
}

std::expected<Clients, std::string> Clients::of(const config::ClientsFile& file,
                                                const StateReader& reader) {
  Clients out;
  for (const auto& row : file.clients) {
    const auto institution = reader.institution_id(row.institution);
    if (!institution)
      return std::unexpected("client \"" + row.name + "\": no institution is called \"" +
                             row.institution + "\" on this ledger");
    auto& caller = out.by_key_[row.key_sha256];
    if (!caller) caller = std::make_shared<Caller>(row.name);
    caller->grant(*institution, row.roles);
  }
  return out;
}

std::shared_ptr<const Caller> Clients::find(const crypto::Hash& key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : found->second;
}

Access access_of(std::string_view method, std::string_view pattern) {
  // What is of everybody; anything that is not named here is of its parties.
  static constexpr std::string_view kOfAll[] = {
      "/",
      "/ui",
      "/v1/tokens",
      "/v1/conservation",
      "/v1/params",
      "/v1/blocks",
      "/v1/headers",
      "/v1/validators",
      "/v1/consensus",
      "/v1/proposals",
      "/v1/node",
      "/v1/peers",
      "/v1/snapshots",
      "/v1/evidence",
      "/v1/openapi.json",
      "/v1/institutions",
      "/v1/schema.proto",
  };
  if (method == "POST") return Access::Submitter;
  if (pattern.ends_with("/deny-list")) return Access::Party;
  const bool is_of_all = std::ranges::any_of(kOfAll, [pattern](std::string_view one) {
    return pattern == one || (one != "/" && pattern.starts_with(std::string(one) + "/"));
  });
  return is_of_all ? Access::AnyRole : Access::Party;
}

bool may_ask(const Caller& caller, Access access) {
  using Role = Caller::Role;
  switch (access) {
    case Access::AnyRole:
      return true;
    case Access::Submitter:
      return caller.has(Role::Submitter);
    case Access::Party:
      break;
  }
  return caller.has(Role::Submitter) || caller.has(Role::Reader) || caller.has(Role::Auditor) ||
         caller.has(Role::Operator);
}

std::string_view who_may(Access access) {
  switch (access) {
    case Access::AnyRole:
      return "every role";
    case Access::Submitter:
      return "the role submitter";
    case Access::Party:
      break;
  }
  return "the roles submitter, reader, auditor and operator";
}

}  // namespace giro::api
