#include "node/ledger/genesis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "crypto/digest.h"
#include "node/ledger/events.h"
#include "node/ledger/network_params.h"
#include "node/ledger/roots.h"

namespace giro::ledger {
namespace {

using ::testing::HasSubstr;

// A valid key of its own for every number.
PublicKey key(std::uint64_t number) {
  const crypto::Hash scalar =
      crypto::tagged_hash("test key", {crypto::as_view(std::to_string(number))});
  return crypto::SecretKey::from_bytes(scalar)->public_key();
}

AccountId account_id(std::uint8_t number) {
  return AccountId{{std::byte{number}}};
}

constexpr std::string_view kLeis[] = {"GIRO00DEMO00BANK0A36", "GIRO00DEMO00BANK0B33",
                                      "GIRO00DEMO00BANK0C30", "GIRO00DEMO00BANK0D27",
                                      "GIRO00DEMO00BANK0S79"};

GenesisInstitution institution(std::uint64_t number) {
  GenesisInstitution item;
  item.name = "inst-" + std::to_string(number);
  item.kind = number < 4 ? InstitutionKind::Bank : InstitutionKind::SettlementAgent;
  item.lei = Lei::from(kLeis[number]);
  item.bic = "GIRAUS33";
  item.country = CountryCode::from("US");
  for (std::uint64_t person = 0; person < 3; ++person) {
    item.keys.push_back({key(number * 10 + person), person + 1, {Role::Admin}, {}, {1'000}});
  }
  item.quorums[Role::Admin] = 2;
  if (number < 4) {
    item.validator = key(1'000 + number);
  }
  return item;
}

Token token(InstId issuer, TokenClass token_class) {
  Token item;
  item.issuer = issuer;
  item.currency = Currency::from("USD");
  item.token_class = token_class;
  item.holder_policy = token_class == TokenClass::Settlement ? HolderPolicy::MemberBanksOnly
                                                             : HolderPolicy::IssuerCustomers;
  item.issuance_cap = {0, 1'000};
  return item;
}

GenesisAccount account(InstId servicer, AccountId id, AccountKind kind, InstId owner) {
  GenesisAccount item;
  item.servicer = servicer;
  item.id = id;
  item.record.kind = kind;
  item.record.owner = owner;
  item.record.country = CountryCode::from("US");
  return item;
}

// Four banks and an agent; a deposit token of bank 1 and a settlement token of the agent.
Genesis small() {
  Genesis genesis;
  genesis.time = {1'700'000'000'000};
  genesis.params = standard_params();
  for (std::uint64_t number = 0; number < 5; ++number) {
    genesis.institutions.push_back(institution(number));
  }
  genesis.tokens = {token(1, TokenClass::Deposit), token(5, TokenClass::Settlement)};
  genesis.accounts = {account(1, account_id(1), AccountKind::Customer, 0),
                      account(5, account_id(2), AccountKind::Nostro, 1)};
  genesis.accounts[0].positions = {{1, {0, 600}, {}}};
  genesis.accounts[1].positions = {{2, {0, 0}, {}}};
  CorridorHalf half;
  (void)half.settle_tokens.push_back(2);
  genesis.corridors = {{1, 2, Currency::from("USD"), half, half}};
  return genesis;
}

template <typename Record>
std::optional<Record> find(const BlockResult& block, const Key& record_key) {
  for (const Write& write : block.writes) {
    if (write.key == record_key.to_bytes()) {
      return decode_record<Record>(*write.value);
    }
  }
  return std::nullopt;
}

TEST(Genesis, Books_balances_as_entries_against_issued) {
  const auto block = build_genesis(small());
  ASSERT_TRUE(block.has_value()) << block.error().item << ": " << block.error().reason;

  const auto position = find<Position>(*block, position_key(1, account_id(1)));
  ASSERT_TRUE(position.has_value());
  EXPECT_EQ(position->posted, (Amount{0, 600}));
  EXPECT_EQ(position->cr_total, (Amount{0, 600}));
  EXPECT_EQ(position->cr_count, 1U);
  EXPECT_EQ(position->entry_seq, 1U);

  ASSERT_EQ(block->sweep_events.size(), 1U);
  const Event& event = block->sweep_events[0];
  EXPECT_EQ(event.type, static_cast<std::uint16_t>(EventType::Entry));
  EXPECT_EQ(event.scope, std::vector<std::uint32_t>{1});
  EXPECT_EQ(position->entry_chain,
            next_entry_chain(first_entry_chain(1, account_id(1)), event.body));
  const auto entry = decode_record<EntryEvent>(event.body);
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->type, EntryType::Genesis);
  EXPECT_EQ(entry->balance, (Amount{0, 600}));
  EXPECT_EQ(entry->block_time, TimeMs{1'700'000'000'000});

  const auto stored = find<Token>(*block, token_key(1));
  ASSERT_TRUE(stored.has_value());
  EXPECT_EQ(stored->issued, (Amount{0, 600}));
  EXPECT_EQ(stored->posted, (Amount{0, 600}));
  EXPECT_EQ(stored->scale, 2U);
  EXPECT_EQ(stored->positions, 4U);  // the customer's and the three internal ones
}

TEST(Genesis, A_zero_balance_has_no_entry_and_the_first_chain_value) {
  const auto block = build_genesis(small());
  const auto position = find<Position>(*block, position_key(2, account_id(2)));
  ASSERT_TRUE(position.has_value());
  EXPECT_EQ(position->entry_seq, 0U);
  EXPECT_EQ(position->entry_chain, first_entry_chain(2, account_id(2)));
}

TEST(Genesis, Writes_ascend_and_every_tree_record_has_a_slot) {
  const auto block = build_genesis(small());
  ASSERT_TRUE(block.has_value());
  std::uint64_t records = 0;
  std::uint64_t slots = 0;
  for (std::size_t at = 0; at < block->writes.size(); ++at) {
    ASSERT_TRUE(at == 0 || block->writes[at - 1].key < block->writes[at].key);
    const auto table = static_cast<Table>(block->writes[at].key[0]);
    records += is_in_tree(table) ? 1 : 0;
    slots += table == Table::Slot ? 1 : 0;
  }
  EXPECT_EQ(records, slots);
  StateTree tree;
  const BlockRoots roots = compute_roots(tree, Hash{}, *block, Hash{});
  EXPECT_EQ(tree.size(), slots);
  EXPECT_EQ(find<Meta>(*block, meta_key())->next_slot, slots);
  EXPECT_EQ(roots.totals_root, totals_root(block->totals));
}

TEST(Genesis, Opens_epoch_zero_with_its_validators) {
  const auto block = build_genesis(small());
  const auto set = find<ValidatorSet>(*block, validator_set_key(0));
  ASSERT_TRUE(set.has_value());
  ASSERT_EQ(set->members.size(), 4U);
  EXPECT_EQ(set->members[3], (Validator{4, key(1'003)}));
  EXPECT_EQ(find<UsedValidatorKey>(*block, used_validator_key_key(key(1'002)))->institution, 3U);
  const auto meta = find<Meta>(*block, meta_key());
  EXPECT_EQ(meta->height, 0U);
  EXPECT_EQ(meta->epoch, 0U);
  EXPECT_EQ(meta->next_institution, 6U);
  EXPECT_EQ(meta->next_token, 3U);
}

TEST(Genesis, Gives_every_token_its_internal_accounts) {
  const auto block = build_genesis(small());
  for (const AccountKind kind :
       {AccountKind::Fee, AccountKind::Suspense, AccountKind::LegalCustody}) {
    const AccountId id = internal_account(2, kind);
    EXPECT_EQ(find<Account>(*block, account_key(5, id))->kind, kind);
    EXPECT_TRUE(find<Position>(*block, position_key(2, id)).has_value());
  }
}

TEST(Genesis, Notes_own_accounts_and_policies) {
  const auto block = build_genesis(small());
  EXPECT_EQ(find<OwnAccount>(*block, own_account_key(1, 2))->account, account_id(2));
  const auto policy = find<RolePolicy>(*block, role_policy_key(1, Role::Admin));
  ASSERT_TRUE(policy.has_value());
  EXPECT_EQ(policy->quorum, 2U);
  EXPECT_EQ(policy->keys.size(), 3U);
  EXPECT_TRUE(std::ranges::is_sorted(policy->keys));
}

TEST(Genesis, Is_the_same_bytes_every_time) {
  const auto one = build_genesis(small());
  const auto two = build_genesis(small());
  EXPECT_EQ(next_chain(Hash{}, one->writes), next_chain(Hash{}, two->writes));
}

struct Wrong {
  const char* name;
  void (*change)(Genesis&);
  const char* item;
  const char* reason;
};
void PrintTo(const Wrong& wrong, std::ostream* out) {
  *out << wrong.name;
}

const Wrong kWrong[] = {
    {"param_bounds", [](Genesis& g) { g.params.op_window_ms = 1; }, "ledger.op_window", "bounds"},
    {"param_relation", [](Genesis& g) { g.params.return_window_ms = 401 * 86'400'000ULL; },
     "ledger.payment_retention", "bounds"},
    {"network_bounds", [](Genesis& g) { g.params.network[0].value = 3; }, "network.window",
     "bounds"},
    {"network_missing", [](Genesis& g) { g.params.network.pop_back(); }, "network.epoch_blocks",
     "missing"},
    {"epoch_differs", [](Genesis& g) { g.params.epoch_blocks = 10; }, "network.epoch_blocks",
     "differs"},
    {"clock_lag", [](Genesis& g) { g.params.network[13].value = 8'000; }, "network.clock_lag",
     "bounds"},
    {"name", [](Genesis& g) { g.institutions[0].name = "Bank A"; }, "institutions[0].name", "a-z"},
    {"name_twice", [](Genesis& g) { g.institutions[1].name = "inst-0"; }, "institutions[1].name",
     "twice"},
    {"lei", [](Genesis& g) { g.institutions[2].lei = Lei::from("GIRO00DEMO00BANK0C31"); },
     "institutions[2].lei", "valid LEI"},
    {"lei_twice", [](Genesis& g) { g.institutions[2].lei = Lei::from(kLeis[0]); },
     "institutions[2].lei", "twice"},
    {"bic", [](Genesis& g) { g.institutions[0].bic = "GIRAUS3"; }, "institutions[0].bic", "BIC"},
    {"country", [](Genesis& g) { g.institutions[0].country = CountryCode::from("us"); },
     "institutions[0].country", "capital"},
    {"key_point", [](Genesis& g) { g.institutions[0].keys[1].public_key = PublicKey{}; },
     "institutions[0].keys[1].public_key", "point"},
    {"key_twice",
     [](Genesis& g) {
       g.institutions[0].keys[1].public_key = g.institutions[0].keys[0].public_key;
     },
     "institutions[0].keys[1].public_key", "twice"},
    {"key_window", [](Genesis& g) { g.institutions[0].keys[1].not_after = {0}; },
     "institutions[0].keys[1].not_after_ms", "after"},
    {"no_role", [](Genesis& g) { g.institutions[0].keys[1].roles.clear(); },
     "institutions[0].keys[1].roles", "empty"},
    {"admin_quorum", [](Genesis& g) { g.institutions[0].quorums[Role::Admin] = 3; },
     "institutions[0].quorums.ADMIN", "operators"},
    {"operators_not_keys",
     [](Genesis& g) {
       g.institutions[0].keys[1].operator_id = g.institutions[0].keys[0].operator_id;
     },
     "institutions[0].quorums.ADMIN", "operators"},
    {"no_admin",
     [](Genesis& g) {
       g.institutions[0].keys.clear();
       g.institutions[0].quorums.clear();
     },
     "institutions[0].quorums.ADMIN", "nobody"},
    {"no_quorum", [](Genesis& g) { g.institutions[0].keys[0].roles.push_back(Role::Maker); },
     "institutions[0].quorums.MAKER", "missing"},
    {"separation",
     [](Genesis& g) {
       g.institutions[0].keys[0].roles = {Role::Admin, Role::Maker, Role::Checker};
       g.institutions[0].quorums[Role::Maker] = g.institutions[0].quorums[Role::Checker] = 1;
     },
     "institutions[0].keys", "both MAKER and CHECKER"},
    {"three_validators", [](Genesis& g) { g.institutions[0].validator.reset(); }, "institutions",
     "fewer than 4"},
    {"validator_twice",
     [](Genesis& g) { g.institutions[1].validator = g.institutions[0].validator; },
     "institutions[1].validator.public_key", "twice"},
    {"token_issuer", [](Genesis& g) { g.tokens[0].issuer = 9; }, "tokens[0].issuer", "exist"},
    {"token_currency", [](Genesis& g) { g.tokens[0].currency = Currency::from("XXX"); },
     "tokens[0].currency", "currency"},
    {"token_class", [](Genesis& g) { g.tokens[0].issuer = 5; }, "tokens[0].class", "kind"},
    {"token_twice", [](Genesis& g) { g.tokens.push_back(g.tokens[0]); }, "tokens[2].currency",
     "second"},
    {"settlement_policy",
     [](Genesis& g) { g.tokens[1].holder_policy = HolderPolicy::IssuerCustomers; },
     "tokens[1].holder_policy", "MEMBER_BANKS_ONLY"},
    {"account_servicer", [](Genesis& g) { g.accounts[0].servicer = 0; }, "accounts[0].servicer",
     "exist"},
    {"account_id", [](Genesis& g) { g.accounts[0].id = AccountId{}; }, "accounts[0].account",
     "zero"},
    {"account_twice", [](Genesis& g) { g.accounts.push_back(g.accounts[0]); },
     "accounts[2].account", "twice"},
    {"account_kind", [](Genesis& g) { g.accounts[0].record.kind = AccountKind::Fee; },
     "accounts[0].kind", "CUSTOMER"},
    {"own_nostro", [](Genesis& g) { g.accounts[1].record.owner = 5; }, "accounts[1].owner",
     "another"},
    {"customer_owner", [](Genesis& g) { g.accounts[0].record.owner = 2; }, "accounts[0].owner",
     "NOSTRO"},
    {"joint_without_keys", [](Genesis& g) { g.accounts[0].record.auth_mode = AuthMode::Joint; },
     "accounts[0].policy", "1 <= m"},
    {"policy_of_custodial", [](Genesis& g) { g.accounts[0].record.policy.m = 1; },
     "accounts[0].policy", "JOINT"},
    {"foreign_token", [](Genesis& g) { g.accounts[0].positions[0].token = 2; },
     "accounts[0].positions[0].token", "issuer"},
    {"no_token", [](Genesis& g) { g.accounts[0].positions[0].token = 7; },
     "accounts[0].positions[0].token", "exist"},
    {"customer_of_agent", [](Genesis& g) { g.accounts[1].record = g.accounts[0].record; },
     "accounts[1].positions[0].token", "member banks"},
    {"position_twice",
     [](Genesis& g) { g.accounts[0].positions.push_back(g.accounts[0].positions[0]); },
     "accounts[0].positions[1].token", "twice"},
    {"second_nostro",
     [](Genesis& g) {
       g.accounts.push_back(g.accounts[1]);
       g.accounts[2].id = account_id(3);
     },
     "accounts[2].positions[0].token", "second account"},
    {"above_cap", [](Genesis& g) { g.accounts[0].positions[0].balance = {0, 1'001}; },
     "accounts[0].positions[0].balance", "issuance_cap"},
    {"above_max_balance",
     [](Genesis& g) { g.accounts[0].positions[0].limits.max_balance = {0, 599}; },
     "accounts[0].positions[0].balance", "max_balance"},
    {"corridor_to_itself", [](Genesis& g) { g.corridors[0].to = 1; }, "corridors[0].to", "itself"},
    {"corridor_of_agent", [](Genesis& g) { g.corridors[0].to = 5; }, "corridors[0].to", "bank"},
    {"corridor_twice", [](Genesis& g) { g.corridors.push_back(g.corridors[0]); }, "corridors[1]",
     "twice"},
    {"corridor_currency", [](Genesis& g) { g.corridors[0].currency = Currency::from("EUR"); },
     "corridors[0].payer.settle_tokens", "currency"},
    {"payer_accepts", [](Genesis& g) { g.corridors[0].payer.auto_accept_max = {0, 1}; },
     "corridors[0].payer", "payee half"},
};

class GenesisRefuses : public ::testing::TestWithParam<Wrong> {};

TEST_P(GenesisRefuses, With_the_item_and_a_reason) {
  Genesis genesis = small();
  GetParam().change(genesis);
  const auto block = build_genesis(genesis);
  ASSERT_FALSE(block.has_value());
  EXPECT_EQ(block.error().item, GetParam().item);
  EXPECT_THAT(block.error().reason, HasSubstr(GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(All, GenesisRefuses, ::testing::ValuesIn(kWrong),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(NetworkParams, Are_numbered_in_order_and_their_defaults_hold) {
  std::uint32_t id = 0;
  std::vector<NetworkParam> params;
  for (const NetworkParamRule& rule : network_param_rules()) {
    EXPECT_EQ(rule.id, ++id);
    EXPECT_EQ(find_network_param(rule.id), &rule);
    EXPECT_EQ(find_network_param(rule.name), &rule);
    params.push_back({rule.id, rule.standard});
  }
  EXPECT_EQ(broken_network_param(params), nullptr);
  EXPECT_EQ(find_network_param(0), nullptr);
  EXPECT_EQ(find_network_param(id + 1), nullptr);
  params.push_back({id + 1, 1});
  EXPECT_NE(broken_network_param(params), nullptr);
}

TEST(LedgerParams, Defaults_hold) {
  EXPECT_EQ(broken_ledger_param(standard_params()), nullptr);
  EXPECT_EQ(find_ledger_param("op_window")->value, &Params::op_window_ms);
  EXPECT_EQ(find_ledger_param("nothing"), nullptr);
}

}  // namespace
}  // namespace giro::ledger
