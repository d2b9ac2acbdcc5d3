// GOV_PROPOSE with the actions on institutions and parameters.
#include "tests/unit/node/ledger/rules.h"

namespace giro::ledger::demo {

namespace {

constexpr std::string_view kPropose = "GOV_PROPOSE";

// The sample with another action.
template <class Action>
std::function<Signed(World&)> proposes(const Action& action, bool urgent = false) {
  return [=](World& world) {
    Signed out = sample(kPropose, world);
    action_of<GovPropose>(out) = to_propose(action);
    action_of<GovPropose>(out).urgent = urgent;
    return out;
  };
}
template <class Action>
std::function<Signed(World&)> proposes_but(Action action, std::function<void(Action&)> change) {
  change(action);
  return proposes(action);
}

InstKeys new_admins() {
  RoleKeys admin{.quorum = 2, .keys = {}};
  for (unsigned n = 1; n <= 3; ++n)
    admin.keys.push_back(role_key(validator_key("admin " + std::to_string(n)), 900 + n));
  sort_keys(admin);
  return {.institution = kB, .admin = admin};
}

void add_inst_add_rules(std::vector<Rule>& rules) {
  const auto but = [](std::function<void(InstAdd&)> change) {
    return proposes_but<InstAdd>(bank_e(), std::move(change));
  };
  rules.insert(
      rules.end(),
      {
          {kPropose, Code::Ok, "a fifth bank", {}, proposes(bank_e())},
          {kPropose,
           Code::Malformed,
           "two actions",
           {},
           [](World& world) {
             Signed out = sample(kPropose, world);
             action_of<GovPropose>(out).inst_add = bank_e();
             return out;
           }},
          {kPropose, Code::Malformed, "a name in capitals", {}, but([](auto& i) {
             i.name = "Bank-E";
           })},
          {kPropose, Code::Malformed, "a name of 33", {}, but([](auto& i) {
             i.name = std::string(33, 'e');
           })},
          {kPropose, Code::Malformed, "no country", {}, but([](auto& i) { i.country = {}; })},
          {kPropose, Code::Malformed, "an admin of nobody", {}, but([](auto& i) {
             i.admin.keys[0].operator_id = 0;
           })},
          {kPropose, Code::NonCanonicalEncoding, "admins out of order", {}, but([](auto& i) {
             std::swap(i.admin.keys[0], i.admin.keys[1]);
           })},
          {kPropose, Code::BadLeiOrBic, "wrong check digits", {}, but([](auto& i) {
             i.lei = Lei::from("GIRO00DEMO00BANK0A37");
           })},
          {kPropose, Code::BadLeiOrBic, "no BIC", {}, but([](auto& i) { i.bic = "GIRE"; })},
          {kPropose, Code::BadRolePolicy, "no admin to spare", {}, but([](auto& i) {
             i.admin.quorum = 3;
           })},
          {kPropose, Code::IdInUse, "the name is taken", {}, but([](auto& i) {
             i.name = "bank-a";
           })},
          {kPropose, Code::IdInUse, "the LEI is taken", {}, but([](auto& i) {
             i.lei = Lei::from("GIRO00DEMO00BANK0A36");
           })},
          {kPropose, Code::ParamOutOfRange, "that can wait", {}, proposes(bank_e(), true)},
      });
}

void add_inst_status_rules(std::vector<Rule>& rules) {
  using enum InstitutionStatus;
  struct Row {
    InstitutionStatus from, to;
    Code code;
  };
  const Row rows[] = {
      {Active, Active, Code::UnsafeChange},
      {Active, Suspended, Code::Ok},
      {Active, Exiting, Code::Ok},
      {Active, Exited, Code::UnsafeChange},
      {Suspended, Active, Code::Ok},
      {Suspended, Suspended, Code::UnsafeChange},
      {Suspended, Exiting, Code::Ok},
      {Suspended, Exited, Code::UnsafeChange},
      {Exiting, Active, Code::Ok},
      {Exiting, Suspended, Code::UnsafeChange},
      {Exiting, Exiting, Code::UnsafeChange},
      {Exited, Active, Code::UnsafeChange},
      {Exited, Suspended, Code::UnsafeChange},
      {Exited, Exiting, Code::UnsafeChange},
      {Exited, Exited, Code::UnsafeChange},
  };
  for (const Row& row : rows) {
    rules.push_back({kPropose, row.code, "what may follow what", status(kB, row.from),
                     proposes(InstStatus{.institution = kB, .status = row.to})});
  }
  const InstStatus exit{.institution = kS, .status = Exited};
  const Given nothing_claimed = [](World& world) {
    for (const TokenId id : {kSUsd, kSEur}) {
      for (const InstId owner : {kA, kB, kC, kD}) no_position(id, nostro(owner, id))(world);
    }
  };
  rules.insert(
      rules.end(),
      {
          {kPropose,
           Code::Ok,
           "one suspends in a hurry",
           {},
           proposes(InstStatus{.institution = kB, .status = Suspended}, true)},
          {kPropose, Code::ParamOutOfRange, "nobody comes back in a hurry", status(kB, Suspended),
           proposes(InstStatus{.institution = kB, .status = Active}, true)},
          {kPropose,
           Code::Malformed,
           "of nobody",
           {},
           proposes(InstStatus{.institution = 0, .status = Suspended})},
          {kPropose,
           Code::InstitutionNotFound,
           "of one nobody knows",
           {},
           proposes(InstStatus{.institution = 77, .status = Suspended})},
          {kPropose, Code::UnsafeChange, "two voters would be left", status(kC, Suspended),
           proposes(InstStatus{.institution = kB, .status = Suspended})},
          {kPropose, Code::Ok, "who has no vote takes none away", status(kC, Suspended),
           proposes(InstStatus{.institution = kS, .status = Suspended})},
          {kPropose, Code::UnsafeChange, "somebody has a claim on it", status(kS, Exiting),
           proposes(exit)},
          {kPropose, Code::Ok, "nobody has a claim on it",
           both(status(kS, Exiting), nothing_claimed), proposes(exit)},
          {kPropose, Code::UnsafeChange, "it has a seat to come",
           both(both(status(kS, Exiting), nothing_claimed),
                [](World& world) {
                  world.edit<ValidatorSet>(validator_set_key(0), [](ValidatorSet& set) {
                    set.next = set.members;
                    set.next.push_back({kS, validator_key("s").public_key()});
                    set.changes = 1;
                  });
                }),
           proposes(exit)},
          {kPropose, Code::UnsafeChange, "it has a seat",
           both(status(kC, Exiting),
                [](World& world) {
                  world.edit<ValidatorSet>(validator_set_key(0), [](ValidatorSet& set) {
                    for (const InstId inst : {6U, 7U})
                      set.members.push_back(
                          {inst, validator_key("seat " + std::to_string(inst)).public_key()});
                  });
                }),
           proposes(InstStatus{.institution = kC, .status = Exited})},
      });
}

void add_inst_keys_rules(std::vector<Rule>& rules) {
  const auto but = [](std::function<void(InstKeys&)> change) {
    return proposes_but<InstKeys>(new_admins(), std::move(change));
  };
  rules.insert(
      rules.end(),
      {
          {kPropose, Code::Ok, "new admins of B", {}, proposes(new_admins())},
          {kPropose, Code::Malformed, "of nobody", {}, but([](auto& k) { k.institution = 0; })},
          {kPropose, Code::InstitutionNotFound, "of one nobody knows", {}, but([](auto& k) {
             k.institution = 77;
           })},
          {kPropose, Code::BadRolePolicy, "a quorum of all", {}, but([](auto& k) {
             k.admin.quorum = 3;
           })},
          {kPropose, Code::SodViolation, "its duties are not apart, by whatever way",
           key_record(key(kB, Role::Checker), kB, [](auto& k) { k.operator_id = 112; }),
           proposes(new_admins()), false},
      });
}

void add_param_rules(std::vector<Rule>& rules) {
  struct Row {
    std::string_view name;
    std::uint64_t value;
    Code code;
    std::string_view because;
  };
  const Row rows[] = {
      {"return_window", 100ULL * 86'400'000, Code::Ok, "of the ledger"},
      {"payment_ttl", 9'999, Code::ParamOutOfRange, "below its least"},
      {"payment_ttl", 10'000, Code::Ok, "its least"},
      {"return_window", 401ULL * 86'400'000, Code::ParamOutOfRange,
       "longer than payments are kept"},
      {"batch_linger", 1'000, Code::Ok, "of the network"},
      {"batch_linger", 1'001, Code::ParamOutOfRange, "above its most"},
      {"view_timeout_base", 9'000, Code::ParamOutOfRange, "above the cap"},
      {"epoch_blocks", 2'000, Code::ParamOutOfRange, "fixed at genesis"},
      {"rules_version", 2, Code::ParamOutOfRange, "raised by an upgrade alone"},
      {"no_such", 1, Code::ParamOutOfRange, "no parameter"},
  };
  for (const Row& row : rows) {
    rules.push_back({kPropose,
                     row.code,
                     row.because,
                     {},
                     proposes(ParamSet{.name = std::string(row.name), .value = row.value})});
  }
  const auto waits = [](std::string_view name, std::uint64_t value) -> Given {
    return [=](World& world) {
      world.edit<Params>(params_key(), [=](Params& params) {
        params.network_next = {{find_network_param(name)->id, value}};
      });
    };
  };
  rules.push_back({kPropose, Code::Ok, "below the cap that waits",
                   waits("view_timeout_cap", 10'000),
                   proposes(ParamSet{.name = "view_timeout_base", .value = 9'000})});
  rules.push_back({kPropose, Code::ParamOutOfRange, "above the cap that waits",
                   waits("view_timeout_cap", 2'000),
                   proposes(ParamSet{.name = "view_timeout_base", .value = 3'000})});
}

}  // namespace

void add_institution_rules(std::vector<Rule>& rules) {
  add_inst_add_rules(rules);
  add_inst_status_rules(rules);
  add_inst_keys_rules(rules);
  add_param_rules(rules);
}

}  // namespace giro::ledger::demo
