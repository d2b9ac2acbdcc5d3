#include "node/config/genesis_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "crypto/digest.h"
#include "node/config/json_document.h"
#include "node/config/network_parameters.h"
#include "tests/unit/node/config/demo_setup.h"

namespace giro::config {
namespace {

using ledger::Amount;

std::string demo_text() {
  return write_genesis_file(demo_genesis(test_setup()));
}

// The demo file with the first `from` replaced by `to`.
std::string edited(std::string_view from, std::string_view to) {
  std::string text = demo_text();
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string error_of(const std::string& text) {
  const auto genesis = check_genesis_file(text);
  return genesis ? "none" : genesis.error();
}

TEST(GenesisFile, Written_file_reads_back_and_writes_the_same_bytes) {
  const std::string text = demo_text();
  const auto genesis = parse_genesis_file(text);
  ASSERT_TRUE(genesis.has_value()) << genesis.error();
  EXPECT_EQ(write_genesis_file(*genesis), text);
  EXPECT_EQ(genesis->name, "giro-dev");
  EXPECT_TRUE(genesis->throwaway);
  EXPECT_EQ(genesis->parameters, consensus::Parameters{});
  EXPECT_EQ(genesis->addresses.at("bank-a"), (HostPort{"127.0.0.1", 7301}));
  EXPECT_EQ(chain_id_of(text), crypto::sha256(crypto::as_view(text)));
}

TEST(GenesisFile, Parameters_go_to_the_ledger_and_back) {
  for (const consensus::Parameters& parameters :
       {consensus::Parameters{}, consensus::Parameters::tiny()}) {
    const std::vector<ledger::NetworkParam> params = to_network_params(parameters);
    EXPECT_EQ(ledger::broken_network_param(params), nullptr);
    EXPECT_EQ(to_parameters(params), parameters);
  }
  std::vector<ledger::NetworkParam> standard;
  for (const ledger::NetworkParamRule& rule : ledger::network_param_rules()) {
    standard.push_back({rule.id, rule.standard});
  }
  EXPECT_EQ(to_parameters(standard), consensus::Parameters{});
}

struct Edit {
  const char* name;
  const char* from;
  const char* to;
  const char* error;
};
void PrintTo(const Edit& edit, std::ostream* out) {
  *out << edit.name;
}

const Edit kEdits[] = {
    {"unknown_member", "\"throwaway\": true,", "\"throwaway\": true,\n  \"colour\": 1,",
     "colour: is not known here"},
    {"unknown_inner_member", "\"bic\": \"GIRBHKHH\",", "\"bic\": \"GIRBHKHH\", \"phone\": \"1\",",
     "institutions[1].phone: is not known here"},
    {"missing_member", "\"country\": \"DE\",", "", "institutions[2].country: is missing"},
    {"duplicate_member", "\"name\": \"bank-c\",", "\"name\": \"bank-c\", \"name\": \"bank-c\",",
     "institutions[2].name: is written twice"},
    {"wrong_type", "\"throwaway\": true", "\"throwaway\": 1", "throwaway: is not true or false"},
    {"not_an_object", "\"network\": {", "\"network\": 5, \"x\": {", "network: is not an object"},
    {"fraction", "\"window\": 64", "\"window\": 64.5", "network.window: is not a whole number"},
    {"negative", "\"window\": 64", "\"window\": -1",
     "network.window: is out of range, which is 4 to 1024"},
    {"too_large", "\"window\": 64", "\"window\": 1025",
     "network.window: is out of range, which is 4 to 1024"},
    {"no_unit", "\"batch_bytes\": \"512KiB\"", "\"batch_bytes\": 524288",
     "network.batch_bytes: is not a text"},
    {"bad_unit", "\"batch_linger\": \"2ms\"", "\"batch_linger\": \"2\"",
     "network.batch_linger: is not a duration like \"250ms\""},
    {"duration_range", "\"view_timeout_cap\": \"8s\"", "\"view_timeout_cap\": \"11s\"",
     "network.view_timeout_cap: is out of range, which is 100ms to 10s"},
    {"parameters_disagree", "\"view_timeout_base\": \"1s\"", "\"view_timeout_base\": \"9s\"",
     "network.view_timeout_base: does not fit the other parameters"},
    {"ledger_parameters_disagree", "\"return_window\": \"396d\"", "\"return_window\": \"401d\"",
     "ledger.payment_retention: does not fit the other parameters"},
    {"rules_version", "\"rules_version\": 1", "\"rules_version\": 2",
     "ledger.rules_version: is out of range, which is 1 to 1"},
    {"format", "giro-genesis/1", "giro-genesis/2", "format: is not \"giro-genesis/1\""},
    {"kind", "\"kind\": \"SETTLEMENT_AGENT\"", "\"kind\": \"AGENT\"",
     "institutions[4].kind: is not one of BANK, SETTLEMENT_AGENT, CENTRAL_BANK, OBSERVER"},
    {"lei", "GIRO00DEMO00BANK0C30", "GIRO00DEMO00BANK0C31",
     "institutions[2].lei: is not a valid LEI"},
    {"lei_length", "GIRO00DEMO00BANK0C30", "GIRO00DEMO00",
     "institutions[2].lei: is not 20 characters"},
    {"validator_address", "127.0.0.1:7302", "127.0.0.1",
     "institutions[1].validator.address: is not host:port"},
    {"role", "\"AUDITOR\"\n", "\"AUDITER\"\n", "none"},
    {"token_issuer", "\"issuer\": \"agent-s\"", "\"issuer\": \"agent-x\"",
     "tokens[6].issuer: names no institution of this file"},
    {"amount_decimals", "\"fee_max\": \"100.00\"", "\"fee_max\": \"100.001\"",
     "tokens[0].fee_max: has more decimals than the currency"},
    {"amount_sign", "\"fee_max\": \"100.00\"", "\"fee_max\": \"-1\"",
     "tokens[0].fee_max: is not a decimal amount"},
    {"feature", "\"CAN_FREEZE\"", "\"CAN_FLY\"",
     "tokens[0].features: is not a list of different CAN_CLAWBACK, CAN_FREEZE, CAN_ESCROW"},
    {"position_token", "\"token\": \"bank-b.EUR\"", "\"token\": \"bank-b.GBP\"",
     "accounts[2].positions[1].token: names no token of this file"},
    {"above_the_cap", "\"balance\": \"2000000.00\"", "\"balance\": \"1000000000.01\"",
     "accounts[0].positions[0].balance: takes the token above its issuance_cap"},
    {"corridor_check", "\"AML_FRAUD\"", "\"ASTROLOGY\"",
     "corridors[0].payer.required_checks: is not a list of different SANCTIONS, AML_FRAUD, OTHER"},
    {"corridor_bank", "\"from\": \"bank-b\"", "\"from\": \"bank-z\"",
     "corridors[2].from: names no institution of this file"},
};

class GenesisFileEdit : public ::testing::TestWithParam<Edit> {};

TEST_P(GenesisFileEdit, Is_refused_with_its_path) {
  if (std::string_view(GetParam().error) == "none") {
    std::string text = demo_text();
    const std::size_t at = text.find("[\"AUDITOR\"]");
    text.replace(at, 11, "[\"AUDITER\"]");
    EXPECT_EQ(error_of(text), "institutions[0].keys[18].roles: has an unknown role");
    return;
  }
  EXPECT_EQ(error_of(edited(GetParam().from, GetParam().to)), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(All, GenesisFileEdit, ::testing::ValuesIn(kEdits),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(GenesisFile, Truncation_and_rubbish_are_errors_with_a_line) {
  EXPECT_EQ(error_of(""), "line 1: not JSON: incomplete JSON");
  EXPECT_EQ(error_of("[]"), "the file: is not an object");
  EXPECT_EQ(error_of("{}\n{}"), "line 2: not JSON: extra data");
  const std::string text = demo_text();
  EXPECT_THAT(error_of(text.substr(0, text.size() / 2)), ::testing::HasSubstr("not JSON"));
  const std::string deep(100, '[');
  EXPECT_THAT(error_of(deep), ::testing::HasSubstr("not JSON"));
}

TEST(GenesisFile, Has_a_size_limit) {
  const std::string text(kGenesisBytesMax + 1, ' ');
  EXPECT_EQ(error_of(text), "the file is larger than 64MiB");
}

// ---- the demo network, ledger 14 ----

struct Line {
  const char* token;
  std::uint64_t outstanding;  // major units
};

TEST(DemoGenesis, Has_the_totals_of_the_specification) {
  const auto checked = check_genesis_file(demo_text());
  ASSERT_TRUE(checked.has_value()) << checked.error();
  constexpr Line kLines[] = {{"bank-a.USD", 2'000'000},  {"bank-a.EUR", 1'000},
                             {"bank-b.USD", 410'000},    {"bank-b.EUR", 0},
                             {"bank-c.EUR", 0},          {"bank-d.USD", 0},
                             {"agent-s.USD", 7'000'000}, {"agent-s.EUR", 3'150'000}};
  ASSERT_EQ(checked->block.totals.size(), std::size(kLines));
  for (std::size_t at = 0; at < std::size(kLines); ++at) {
    const ledger::Token& token = checked->genesis.ledger.tokens[at];
    const std::string& issuer = checked->genesis.ledger.institutions[token.issuer - 1].name;
    EXPECT_EQ(token_name(issuer, token), kLines[at].token);
    EXPECT_EQ(checked->block.totals[at].token, at + 1);
    EXPECT_EQ(checked->block.totals[at].issued, (Amount{0, kLines[at].outstanding * 100}))
        << kLines[at].token;
  }
}

TEST(DemoGenesis, Has_the_institutions_seats_and_operators_of_the_specification) {
  const Genesis genesis = demo_genesis(test_setup());
  ASSERT_EQ(genesis.ledger.institutions.size(), 5U);
  EXPECT_EQ(genesis.ledger.institutions[4].name, "agent-s");
  EXPECT_FALSE(genesis.ledger.institutions[4].validator.has_value());
  for (const ledger::GenesisInstitution& institution : genesis.ledger.institutions) {
    EXPECT_EQ(institution.keys.size(), 19U);
    EXPECT_EQ(institution.quorums.size(), ledger::kRoleCount);
  }
  EXPECT_EQ(genesis.ledger.params.gov_timelock_ms, 0U);
  EXPECT_EQ(genesis.ledger.accounts.size(), 3U + 4U + 3U);
  EXPECT_EQ(genesis.ledger.corridors.size(), 4U);
  EXPECT_EQ(demo_operators().size(), 5U * 19U);
  EXPECT_EQ(demo_operators()[0].name(), "bank-a-admin-1");
}

TEST(DemoGenesis, Aliases_are_accounts_of_the_file) {
  const Genesis genesis = demo_genesis(test_setup());
  for (const auto& [alias, account] : demo_aliases()) {
    const bool found = std::ranges::any_of(genesis.ledger.accounts, [&](const auto& item) {
      return item.id == account.account &&
             genesis.ledger.institutions[item.servicer - 1].name == account.institution;
    });
    EXPECT_TRUE(found) << alias;
  }
}

TEST(DemoGenesis, Grows_to_more_banks_with_a_seat) {
  for (const std::size_t banks : {5U, 7U, 18U}) {
    const auto checked = check_genesis_file(write_genesis_file(demo_genesis(test_setup(banks))));
    ASSERT_TRUE(checked.has_value()) << checked.error();
    EXPECT_EQ(checked->genesis.addresses.size(), banks);
  }
  EXPECT_EQ(demo_validators(5).back(), "bank-e");
}

TEST(Json, Repeated_members_are_found_at_any_depth) {
  EXPECT_EQ(parse_json(R"({"a":[{"b":1},{"c":{"d":1,"d":2}}]})").error(),
            "a[1].c.d: is written twice");
  EXPECT_TRUE(parse_json(R"({"a":{"b":1},"b":{"b":1}})").has_value());
}

TEST(Json, Texts_keep_their_escapes) {
  const auto value = parse_json(R"({"a":"x\u00e9\n"})");
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(value->members[0].value.text, "x\xc3\xa9\n");
}

}  // namespace
}  // namespace giro::config
