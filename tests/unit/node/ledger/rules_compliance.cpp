#include "tests/unit/node/ledger/rules.h"

namespace giro::ledger::demo {

namespace {

DenyEntry deny_bank(InstId inst) {
  DenyEntry entry;
  entry.kind = DenySubject::Institution;
  entry.institution = inst;
  return entry;
}
DenyEntry deny_account(InstId servicer, const AccountId& account) {
  DenyEntry entry;
  entry.institution = servicer;
  entry.account = account;
  return entry;
}

void add_deny_rules(std::vector<Rule>& rules) {
  static constexpr std::string_view kOp = "DENY_SET";
  const auto change = [](std::function<void(DenySet&)> f) {
    return changed<DenySet>(kOp, std::move(f));
  };
  const auto removes = [](Keys keys) {
    return [keys](World& world) {
      Signed out = sample(kOp, world);
      action_of<DenySet>(out).remove = {deny_bank(kD)};
      out.keys = keys;
      return out;
    };
  };
  const auto many = [change](InstId added, InstId removed) {
    return change([=](DenySet& d) {
      d.add.clear();
      for (InstId inst = 1; inst <= added; ++inst) d.add.push_back(deny_bank(inst));
      for (InstId inst = 1; inst <= removed; ++inst) d.remove.push_back(deny_bank(100 + inst));
    });
  };
  const Keys one = quorum(kA, Role::Compliance, 1), two = quorum(kA, Role::Compliance, 2);
  rules.insert(
      rules.end(),
      {
          {kOp, Code::Ok, "one may deny", {}, as_sampled(kOp)},
          {kOp, Code::Ok, "an account, a bank and a country", {}, change([](auto& d) {
             d.add = {deny_account(kB, kSupplier), deny_bank(kC), deny_country("KP")};
           })},
          {kOp, Code::Ok, "two may forgive", denies(kA, deny_institution_key(kA, kD)),
           removes(two)},
          {kOp, Code::Ok, "64 at once", {}, many(64, 0)},
          {kOp, Code::Malformed, "nothing", {}, change([](auto& d) { d.add.clear(); })},
          {kOp, Code::Malformed, "a country in lower case", {}, change([](auto& d) {
             d.add = {deny_country("kp")};
           })},
          {kOp, Code::Malformed, "a country of a bank", {}, change([](auto& d) {
             d.add[0].institution = kB;
           })},
          {kOp, Code::Malformed, "a bank that is none", {}, change([](auto& d) {
             d.add = {deny_bank(0)};
           })},
          {kOp, Code::Malformed, "an account that is none", {}, change([](auto& d) {
             d.add = {deny_account(kB, {})};
           })},
          {kOp, Code::Malformed, "a bank with an account", {}, change([](auto& d) {
             d.add = {deny_account(kB, kSupplier)};
             d.add[0].kind = DenySubject::Institution;
           })},
          {kOp, Code::Malformed, "a reason to remove", {}, change([](auto& d) {
             d.remove = {deny_country("IR")};
           })},
          {kOp, Code::Malformed, "in and out at once", {}, change([](auto& d) {
             d.remove = d.add;
             d.remove[0].reason_class = 0;
           })},
          {kOp, Code::NonCanonicalEncoding, "out of order", {}, change([](auto& d) {
             d.add = {deny_country("KP"), deny_country("IR")};
           })},
          {kOp, Code::NonCanonicalEncoding, "twice", {}, change([](auto& d) {
             d.add = {deny_country("KP"), deny_country("KP")};
           })},
          {kOp, Code::TooManyItems, "65 at once", {}, many(65, 0)},
          {kOp, Code::TooManyItems, "65 together", {}, many(64, 1)},
          {kOp, Code::QuorumNotMet, "one may not forgive", {}, removes(one)},
          {kOp, Code::SameOperator, "two keys of one human",
           key_record(key(kA, Role::Compliance, 2), kA, [](auto& k) { k.operator_id = 109; }),
           removes(two)},
      });
}

using ChangeHalf = std::function<void(CorridorHalf&)>;

// A's half of a corridor with B as it stands, but for one thing, signed by one of COMPLIANCE.
std::function<Signed(World&)> half_with_b(bool incoming, ChangeHalf change) {
  return [=](World& world) {
    Signed out = sample("CORRIDOR_SET", world);
    CorridorSet& set = action_of<CorridorSet>(out);
    const Key at =
        incoming ? corridor_key(kB, kA, set.currency) : corridor_key(kA, kB, set.currency);
    const auto known = *decode_record<Corridor>(*world.state.get(at));
    set.incoming = incoming;
    set.peer = kB;
    set.half = incoming ? known.payee : known.payer;
    change(set.half);
    out.keys = quorum(kA, Role::Compliance, 1);
    return out;
  };
}

// Each is to raise, whatever else is lowered: one of COMPLIANCE is not enough.
void add_raise_rules(std::vector<Rule>& rules) {
  struct Row {
    std::string_view because;
    bool incoming;
    ChangeHalf change;
  };
  const Row rows[] = {
      {"more at once, and less a day", false,
       [](auto& h) {
         h.max_tx = cents("1000000.01");
         h.daily_cap = {};
       }},
      {"more a day", false, [](auto& h) { h.daily_cap = cents("5000000.01"); }},
      {"another token", false, [](auto& h) { h.settle_tokens = {kAUsd, kDUsd}; }},
      {"a higher threshold", false, [](auto& h) { h.travel_rule_threshold = cents("1000.01"); }},
      {"a higher threshold for names", false, [](auto& h) { h.cop_threshold = cents("1000.01"); }},
      {"a check less", false, [](auto& h) { h.required_checks = kCheckSanctions; }},
      {"more without looking", true, [](auto& h) { h.auto_accept_max = cents("1000.00"); }},
      {"a fee without looking", true, [](auto& h) { h.standing_fee_max = cents("0.01"); }},
  };
  for (const Row& row : rows) {
    rules.push_back({"CORRIDOR_SET",
                     Code::QuorumNotMet,
                     row.because,
                     {},
                     half_with_b(row.incoming, row.change)});
  }
  rules.push_back({"CORRIDOR_SET", Code::QuorumNotMet, "no purpose any more",
                   corridor(kA, kB, [](Corridor& c) { c.payer.purpose_required = true; }),
                   half_with_b(false, [](auto& h) { h.purpose_required = false; })});
  rules.push_back({"CORRIDOR_SET", Code::QuorumNotMet, "enabled again",
                   corridor(kA, kB, [](Corridor& c) { c.payer.enabled = false; }),
                   half_with_b(false, [](auto& h) { h.enabled = true; })});
}

void add_corridor_rules(std::vector<Rule>& rules) {
  static constexpr std::string_view kOp = "CORRIDOR_SET";
  const auto change = [](std::function<void(CorridorSet&)> f) {
    return changed<CorridorSet>(kOp, std::move(f));
  };
  const auto half = [change](ChangeHalf f) { return change([f](CorridorSet& c) { f(c.half); }); };
  const auto comes_in = [](Keys keys) {
    return [keys](World& world) {
      Signed out = sample(kOp, world);
      action_of<CorridorSet>(out).incoming = true;
      action_of<CorridorSet>(out).half.auto_accept_max = cents("1.00");
      out.keys = keys;
      return out;
    };
  };
  const Keys treasury = quorum(kA, Role::Treasury, 2) + key(kA, Role::Compliance);
  const Given suspended = status(kA, InstitutionStatus::Suspended);
  rules.insert(
      rules.end(),
      {
          {kOp, Code::Ok, "a new outgoing half", {}, as_sampled(kOp)},
          {kOp,
           Code::Ok,
           "a new incoming half, by ISSUER too",
           {},
           comes_in(treasury + quorum(kA, Role::Issuer, 2))},
          {kOp, Code::QuorumNotMet, "an incoming half without ISSUER", {}, comes_in(treasury)},
          {kOp,
           Code::Ok,
           "disabled by one",
           {},
           half_with_b(false, [](auto& h) { h.enabled = false; })},
          {kOp,
           Code::Ok,
           "disabled by one, coming in",
           {},
           half_with_b(true, [](auto& h) { h.enabled = false; })},
          {kOp,
           Code::Ok,
           "lower caps, fewer tokens, and more to be looked at",
           {},
           half_with_b(true,
                       [](auto& h) {
                         h.max_tx = h.daily_cap = cents("1.00");
                         h.settle_tokens = {kSUsd};
                         h.travel_rule_threshold = h.cop_threshold = {};
                         h.required_checks = kCheckSanctions | kCheckAmlFraud | kCheckOther;
                         h.purpose_required = true;
                         h.auto_accept_max = {};
                       })},
          {kOp, Code::Ok, "a suspended bank may lower", suspended,
           half_with_b(false, [](auto& h) { h.max_tx = cents("1.00"); })},
          {kOp, Code::AgentSuspended, "a suspended bank may not raise", suspended, as_sampled(kOp)},
          {kOp, Code::SameOperator, "two keys of one human",
           key_record(key(kA, Role::Treasury, 2), kA, [](auto& k) { k.operator_id = 107; }),
           as_sampled(kOp)},
          {kOp, Code::Malformed, "with nobody", {}, change([](auto& c) { c.peer = 0; })},
          {kOp, Code::Malformed, "with itself", {}, change([](auto& c) { c.peer = kA; })},
          {kOp, Code::Malformed, "a check that does not exist", {}, half([](auto& h) {
             h.required_checks = 8;
           })},
          {kOp, Code::Malformed, "what belongs to the payee half", {}, half([](auto& h) {
             h.auto_accept_max = cents("1.00");
           })},
          {kOp, Code::AmountOutOfRange, "19 digits", {}, half([](auto& h) {
             h.daily_cap = {1, 0};
           })},
          {kOp, Code::NonCanonicalEncoding, "tokens out of order", {}, half([](auto& h) {
             h.settle_tokens = {kSUsd, kAUsd};
           })},
          {kOp, Code::BadCurrency, "no currency of these rules", {}, change([](auto& c) {
             c.currency = Currency::from("XXX");
           })},
          {kOp, Code::InstitutionNotFound, "a bank nobody knows", {}, change([](auto& c) {
             c.peer = 77;
           })},
          {kOp, Code::TokenNotFound, "a token nobody issued", {}, half([](auto& h) {
             h.settle_tokens = {99};
           })},
          {kOp, Code::TokenNotFound, "a token of another currency", {}, half([](auto& h) {
             h.settle_tokens = {kAUsd, kSEur};
           })},
      });
  add_raise_rules(rules);
}

}  // namespace

void add_compliance_rules(std::vector<Rule>& rules) {
  add_deny_rules(rules);
  add_corridor_rules(rules);
}

}  // namespace giro::ledger::demo
