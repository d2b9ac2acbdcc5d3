#include "node/config/demo_genesis.h"

#include <algorithm>

#include "crypto/check.h"
#include "crypto/digest.h"
#include "node/config/network_parameters.h"

namespace giro::config {
namespace {

using ledger::Amount;
using ledger::Role;

constexpr std::uint64_t kTwoYearsMs = 2 * 365 * ledger::kDayMs;
constexpr std::int64_t kKeysEndMs = 253'402'300'799'999;  // the end of the year 9999
constexpr std::size_t kBanksMax = 18;  // up to bank-r: the next letter is the agent's

// Major units of a currency of scale 2.
constexpr Amount major(std::uint64_t units, std::uint64_t cents = 0) {
  return {0, units * 100 + cents};
}

struct Member {
  std::string_view name;
  ledger::InstitutionKind kind;
  std::string_view country;
  std::string_view bic;
  std::string_view lei;
  std::uint64_t usd;  // in S.USD and S.EUR
  std::uint64_t eur;
};
constexpr auto kBank = ledger::InstitutionKind::Bank;
constexpr Member kDemoMembers[] = {
    {"bank-a", kBank, "US", "GIRAUS33", "GIRO00DEMO00BANK0A36", 5'000'000, 500'000},
    {"bank-b", kBank, "HK", "GIRBHKHH", "GIRO00DEMO00BANK0B33", 1'000'000, 500'000},
    {"bank-c", kBank, "DE", "GIRCDEFF", "GIRO00DEMO00BANK0C30", 0, 2'000'000},
    {"bank-d", kBank, "SG", "GIRDSGSG", "GIRO00DEMO00BANK0D27", 1'000'000, 150'000},
    {"agent-s", ledger::InstitutionKind::SettlementAgent, "GB", "GIRSGB2L", "GIRO00DEMO00BANK0S79",
     0, 0},
};
constexpr std::size_t kMemberCount = std::size(kDemoMembers);
constexpr ledger::InstId kA = 1, kB = 2, kC = 3, kD = 4, kS = 5;
constexpr ledger::TokenId kAUsd = 1, kAEur = 2, kBUsd = 3, kBEur = 4, kSUsd = 7, kSEur = 8;

struct Seats {
  Role role;
  std::uint32_t operators;
  std::uint32_t quorum;
};
// Ledger 14 and the default quorums of ledger 4.2.
constexpr Seats kSeats[] = {
    {Role::Admin, 3, 2},   {Role::Issuer, 3, 2},   {Role::Treasury, 2, 2}, {Role::Compliance, 2, 2},
    {Role::Onboard, 2, 1}, {Role::Pauser, 2, 2},   {Role::Legal, 1, 1},    {Role::Maker, 1, 1},
    {Role::Checker, 1, 1}, {Role::Governor, 1, 1}, {Role::Auditor, 1, 1},
};

std::string extra_bank(std::size_t number) {  // 5: bank-e
  return std::string("bank-") + static_cast<char>('a' + number - 1);
}

// ISO 17442: two digits that make the number, letters as 10 to 35, leave 1 when divided by 97.
std::string with_check_digits(std::string stem) {
  unsigned remainder = 0;
  for (const char c : stem + "00") {
    const bool digit = c >= '0' && c <= '9';
    remainder = digit ? (remainder * 10 + static_cast<unsigned>(c - '0')) % 97
                      : (remainder * 100 + static_cast<unsigned>(c - 'A') + 10) % 97;
  }
  const unsigned check = 98 - remainder;
  stem += static_cast<char>('0' + check / 10);
  stem += static_cast<char>('0' + check % 10);
  return stem;
}

ledger::AccountId demo_account(std::string_view label) {
  const crypto::Hash hash = crypto::tagged_hash("giro/demo/v1", {crypto::as_view(label)});
  ledger::AccountId id;
  std::copy_n(hash.bytes.begin(), id.bytes.size(), id.bytes.begin());
  return id;
}

ledger::Token token(ledger::InstId issuer, std::string_view currency, bool settlement) {
  ledger::Token token;
  token.issuer = issuer;
  token.currency = ledger::Currency::from(currency);
  token.scale = ledger::currency_scale(token.currency).value_or(0);
  token.token_class = settlement ? ledger::TokenClass::Settlement : ledger::TokenClass::Deposit;
  token.holder_policy =
      settlement ? ledger::HolderPolicy::MemberBanksOnly : ledger::HolderPolicy::IssuerCustomers;
  token.features = settlement ? 0 : ledger::kAllFeatures;
  token.issuance_cap = major(1'000'000'000);
  token.max_tx = major(50'000'000);
  token.min_tx = major(0, 1);
  token.fee_max = major(100);
  token.checker_threshold = major(100'000);
  token.dual_threshold = major(10'000'000);
  return token;
}

ledger::CorridorHalf half(const std::vector<ledger::TokenId>& settle_tokens, bool payee) {
  ledger::CorridorHalf half;
  half.enabled = true;
  half.max_tx = major(1'000'000);
  half.daily_cap = major(5'000'000);
  for (const ledger::TokenId id : settle_tokens) {
    (void)half.settle_tokens.push_back(id);
  }
  half.travel_rule_threshold = major(1'000);
  half.cop_threshold = major(1'000);
  half.required_checks = ledger::kCheckSanctions | ledger::kCheckAmlFraud;
  if (payee) {
    half.auto_accept_max = major(999, 99);
  }
  return half;
}

// Institutions in the order of their ids: those of ledger 14, then further banks.
std::vector<std::string> member_names(std::size_t banks) {
  std::vector<std::string> names;
  for (const Member& member : kDemoMembers) {
    names.emplace_back(member.name);
  }
  for (std::size_t number = kMemberCount; number <= banks; ++number) {
    names.push_back(extra_bank(number));
  }
  return names;
}

class Demo {
 public:
  explicit Demo(const DemoSetup& setup) : setup_(setup) {}

  Genesis make() {
    out_.name = setup_.network;
    out_.throwaway = setup_.throwaway;
    out_.parameters = setup_.parameters;
    out_.ledger.time = setup_.time;
    out_.ledger.params = ledger::standard_params();
    out_.ledger.params.gov_timelock_ms = 0;
    out_.ledger.params.network = to_network_params(setup_.parameters);
    out_.ledger.params.epoch_blocks = setup_.parameters.epoch_blocks;
    for (const std::string& name : member_names(setup_.banks)) {
      institution(name);
    }
    for (const auto& [issuer, currency] :
         {std::pair{kA, "USD"}, {kA, "EUR"}, {kB, "USD"}, {kB, "EUR"}, {kC, "EUR"}, {kD, "USD"}}) {
      out_.ledger.tokens.push_back(token(issuer, currency, false));
    }
    out_.ledger.tokens.push_back(token(kS, "USD", true));
    out_.ledger.tokens.push_back(token(kS, "EUR", true));
    customers();
    nostros();
    corridors();
    return std::move(out_);
  }

 private:
  void institution(const std::string& name) {
    ledger::GenesisInstitution item;
    item.name = name;
    const auto* member = std::ranges::find(kDemoMembers, name, &Member::name);
    if (member != std::end(kDemoMembers)) {
      item.kind = member->kind;
      item.lei = ledger::Lei::from(member->lei);
      item.bic = member->bic;
      item.country = ledger::CountryCode::from(member->country);
    } else {
      const char letter = static_cast<char>(name.back() - 'a' + 'A');
      item.lei = ledger::Lei::from(with_check_digits(std::string("GIRO00DEMO00BANK0") + letter));
      item.bic = std::string("GIR") + letter + "GB2L";
      item.country = ledger::CountryCode::from("GB");
    }
    std::uint64_t operator_id = 0;
    for (const Seats& seats : kSeats) {
      item.quorums[seats.role] = seats.quorum;
      for (std::uint32_t number = 1; number <= seats.operators; ++number) {
        const auto key = setup_.operators.find({name, seats.role, number});
        GIRO_CHECK(key != setup_.operators.end(), name, ledger::name(seats.role), number);
        item.keys.push_back({key->second, ++operator_id, {seats.role}, {}, {kKeysEndMs}});
      }
    }
    if (item.kind == kBank) {
      const auto validator = setup_.validators.find(name);
      GIRO_CHECK(validator != setup_.validators.end(), name);
      item.validator = validator->second.key;
      out_.addresses[name] = validator->second.address;
    }
    out_.ledger.institutions.push_back(std::move(item));
  }

  ledger::GenesisAccount& account(ledger::InstId servicer, const ledger::AccountId& id,
                                  ledger::AccountKind kind, ledger::InstId owner) {
    ledger::GenesisAccount& item = out_.ledger.accounts.emplace_back();
    item.servicer = servicer;
    item.id = id;
    item.record.kind = kind;
    item.record.owner = owner;
    item.record.country = out_.ledger.institutions[(owner == 0 ? servicer : owner) - 1].country;
    item.record.kyc_valid_until = ledger::add_ms(setup_.time, kTwoYearsMs);
    return item;
  }

  void customers() {
    const std::map<std::string, DemoAccount> aliases = demo_aliases();
    const auto customer = [&](ledger::InstId bank, const char* alias) -> ledger::GenesisAccount& {
      return account(bank, aliases.at(alias).account, ledger::AccountKind::Customer, 0);
    };
    ledger::PositionLimits buyer;
    buyer.max_tx = major(1'000'000);
    buyer.day_amount = major(1'500'000);
    buyer.day_count = 5'000;
    customer(kA, "ALICE").positions = {{kAUsd, major(2'000'000), buyer}, {kAEur, major(1'000), {}}};
    customer(kA, "MERCHANT").positions = {{kAUsd, {}, {}}};
    customer(kB, "BOB").positions = {{kBUsd, major(10'000), {}}, {kBEur, {}, {}}};
  }

  void nostro(ledger::InstId owner, ledger::InstId servicer,
              std::vector<ledger::GenesisPosition> positions) {
    const auto name = [](ledger::InstId id) { return kDemoMembers[id - 1].name; };
    account(servicer, demo_nostro(name(owner), name(servicer)), ledger::AccountKind::Nostro, owner)
        .positions = std::move(positions);
  }

  void nostros() {
    for (const ledger::InstId bank : {kA, kB, kC, kD}) {
      const Member& member = kDemoMembers[bank - 1];
      nostro(bank, kS, {{kSUsd, major(member.usd), {}}, {kSEur, major(member.eur), {}}});
    }
    const auto most = [](std::uint64_t units) {
      ledger::PositionLimits limits;
      limits.max_balance = major(units);
      return limits;
    };
    nostro(kB, kA, {{kAUsd, {}, most(300'000)}});
    nostro(kA, kB, {{kBUsd, major(400'000), most(1'000'000)}});
    nostro(kD, kA, {{kAUsd, {}, most(5'000'000)}});
  }

  void corridors() {
    for (const auto& [from, to] : {std::pair{kA, kB}, std::pair{kB, kA}}) {
      for (const bool usd : {true, false}) {
        const std::vector<ledger::TokenId> settle =
            usd ? std::vector<ledger::TokenId>{kAUsd, kBUsd, kSUsd}
                : std::vector<ledger::TokenId>{kSEur};
        out_.ledger.corridors.push_back({from, to, ledger::Currency::from(usd ? "USD" : "EUR"),
                                         half(settle, false), half(settle, true)});
      }
    }
  }

  const DemoSetup& setup_;
  Genesis out_;
};

}  // namespace

std::string DemoOperator::name() const {
  std::string out = institution + "-";
  for (const char c : ledger::name(role)) {
    out += static_cast<char>(c - 'A' + 'a');
  }
  return out + "-" + std::to_string(number);
}

std::vector<DemoOperator> demo_operators(std::size_t banks) {
  std::vector<DemoOperator> out;
  for (const std::string& name : member_names(banks)) {
    for (const Seats& seats : kSeats) {
      for (std::uint32_t number = 1; number <= seats.operators; ++number) {
        out.push_back({name, seats.role, number});
      }
    }
  }
  return out;
}

std::vector<std::string> demo_validators(std::size_t banks) {
  std::vector<std::string> names = member_names(banks);
  std::erase(names, "agent-s");
  return names;
}

std::map<std::string, DemoAccount> demo_aliases() {
  return {{"ALICE", {"bank-a", demo_account("ALICE")}},
          {"MERCHANT", {"bank-a", demo_account("MERCHANT")}},
          {"BOB", {"bank-b", demo_account("BOB")}}};
}

ledger::AccountId demo_nostro(std::string_view owner, std::string_view servicer) {
  return demo_account(std::string(owner) + " at " + std::string(servicer));
}

Genesis demo_genesis(const DemoSetup& setup) {
  GIRO_CHECK(setup.banks >= 4 && setup.banks <= kBanksMax, setup.banks);
  return Demo(setup).make();
}

}  // namespace giro::config
