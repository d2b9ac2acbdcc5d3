// Blocks: what apply() answers and when it stops; epochs; entries; leaves; queries.
#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "crypto/merkle.h"
#include "node/ledger/events.h"
#include "node/ledger/network_params.h"
#include "node/ledger/outcome_leaf.h"
#include "tests/unit/node/ledger/demo.h"

namespace giro::ledger::demo {
namespace {

std::expected<BlockResult, Fatal> apply_at(World& world, BlockContext block) {
  RecordCache cache;
  return apply(world.state, block, {}, cache);
}

// ---- the block ----

TEST(Apply, Stops_on_a_height_or_a_time_that_does_not_follow) {
  World world;
  EXPECT_TRUE(apply_at(world, {1, add_ms(world.now, 1)}).has_value());
  EXPECT_EQ(apply_at(world, {2, add_ms(world.now, 1)}).error().invariant, 23);
  EXPECT_EQ(apply_at(world, {0, add_ms(world.now, 1)}).error().invariant, 23);
  EXPECT_EQ(apply_at(world, {1, world.now}).error().invariant, 23);
}

TEST(Apply, Stops_on_a_state_that_it_cannot_read) {
  for (const Key& key : {meta_key(), params_key(), token_key(kAUsd), institution_key(kA)}) {
    World world;
    world.state.rows[key.to_bytes()] = {std::byte{0xFF}};
    const auto result = world.try_block({transfer(transfer_order(1, "1.00"))});
    ASSERT_FALSE(result.has_value()) << crypto::to_hex(key);
    EXPECT_EQ(result.error().invariant, 0);
    EXPECT_EQ(result.error().evidence, key.to_bytes());
  }
  World world;
  world.state.rows.erase(meta_key().to_bytes());
  EXPECT_FALSE(world.try_block({}).has_value());
}

TEST(Apply, Stops_at_the_end_of_a_block_when_totals_disagree) {
  struct Row {
    std::uint8_t invariant;
    std::function<void(Token&)> damage;
  };
  const Row rows[] = {
      {1, [](Token& t) { t.issued.lo += 1; }},
      {1, [](Token& t) { t.redeemed = checked_add(t.issued, {0, 1}).value(); }},
      {4, [](Token& t) { t.held = checked_add(t.posted, {0, 1}).value(); }},
      {4, [](Token& t) { t.internal = checked_add(t.posted, {0, 1}).value(); }},
      {6, [](Token& t) { t.issuance_cap = {0, 1}; }},
  };
  for (const Row& row : rows) {
    World world;
    world.edit<Token>(token_key(kBUsd), row.damage);
    const auto result = world.try_block({});
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().invariant, row.invariant);
    EXPECT_EQ(result.error().evidence, token_key(kBUsd).to_bytes());
  }
}

TEST(Apply, A_block_sees_the_operations_before_it_in_the_same_block) {
  World world;
  const auto outcomes = world.block(
      {transfer(transfer_order(1, "1000000.00")), transfer(transfer_order(2, "500000.01")),
       transfer(transfer_order(1, "1000000.00")), transfer(transfer_order(3, "500000.00"))});
  EXPECT_EQ(outcomes[0].code, Code::Ok);
  EXPECT_EQ(outcomes[1].code, Code::DailyAmountLimit);
  EXPECT_EQ(outcomes[2].code, Code::Duplicate);
  EXPECT_EQ(outcomes[3].code, Code::Ok);
  EXPECT_EQ(world.posted(kAUsd, kMerchant), "1500000.00");
}

TEST(Apply, What_failed_before_the_ledger_stays_void) {
  World world;
  RecordCache cache;
  std::vector<std::expected<Verified, Code>> operations;
  operations.emplace_back(std::unexpect, Code::BadSignature);
  operations.push_back(transfer(transfer_order(1, "1.00")).verified());
  const auto result = apply(world.state, {1, add_ms(world.now, 1)}, operations, cache);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->outcomes[0].code, Code::BadSignature);
  EXPECT_FALSE(result->outcomes[0].recorded);
  EXPECT_EQ(result->outcomes[1].code, Code::Ok);
}

TEST(Apply, Totals_name_every_token_in_order) {
  World world;
  const auto result = world.try_block({pay(pay_order(1))});
  ASSERT_TRUE(result.has_value());
  ASSERT_EQ(result->totals.size(), 8U);
  for (TokenId id = 1; id <= 8; ++id) EXPECT_EQ(result->totals[id - 1].token, id);
  EXPECT_EQ(to_decimal(result->totals[0].held, 2), "125025.00");
  EXPECT_EQ(result->totals[0].positions, 7U)
      << "buyer, merchant, B, D, FEE, SUSPENSE, LEGAL_CUSTODY";
}

TEST(Apply, A_cache_of_another_state_is_noticed) {
  World one;
  World other;
  one.run(transfer(transfer_order(1, "1.00")));
  RecordCache cache;
  ASSERT_TRUE(apply(one.state, {2, add_ms(one.now, 1)}, {}, cache).has_value());
  RecordCache fresh;
  const auto with_foreign = apply(other.state, {1, add_ms(other.now, 1)}, {}, cache);
  const auto with_fresh = apply(other.state, {1, add_ms(other.now, 1)}, {}, fresh);
  ASSERT_TRUE(with_foreign && with_fresh);
  EXPECT_EQ(fingerprint(*with_foreign), fingerprint(*with_fresh));
}

TEST(Apply, Cached_records_are_bounded) {
  World world;
  RecordCache cache(RecordCache::Limits{.records = 64});
  std::vector<std::expected<Verified, Code>> operations;
  for (std::uint64_t n = 1; n <= 100; ++n)
    operations.push_back(transfer(transfer_order(n, "0.01")).verified());
  ASSERT_TRUE(apply(world.state, {1, add_ms(world.now, 1)}, operations, cache).has_value());
  EXPECT_LE(cache.size(), 64U);
  cache.clear();
  EXPECT_EQ(cache.size(), 0U);
}

// ---- epochs ----

TEST(Epoch, Its_last_block_names_the_next_validators) {
  Genesis genesis = demo_genesis();
  set_epoch_blocks(genesis, 10);
  World world(genesis);
  for (int h = 1; h <= 9; ++h) {
    const auto result = world.try_block({});
    ASSERT_TRUE(result.has_value());
    EXPECT_FALSE(result->next_validators.has_value()) << h;
    world.block({});
  }
  const auto last = world.try_block({});
  ASSERT_TRUE(last.has_value());
  ASSERT_TRUE(last->next_validators.has_value());
  EXPECT_EQ(last->next_validators->size(), 4U);
  world.block({});
  EXPECT_EQ(query_meta(world.state)->epoch, 0U);
  EXPECT_EQ(query_validators(world.state, 1)->members, query_validators(world.state, 0)->members);
  world.block({});
  EXPECT_EQ(query_meta(world.state)->epoch, 1U);
}

TEST(Epoch, Pending_changes_come_into_force_with_the_next_epoch) {
  Genesis genesis = demo_genesis();
  set_epoch_blocks(genesis, 10);
  World world(genesis);
  world.edit<ValidatorSet>(validator_set_key(0), [](ValidatorSet& set) {
    set.next = set.members;
    set.next.push_back({kS, set.members[0].key});
    set.changes = 1;
  });
  world.edit<Params>(params_key(),
                     [](Params& params) { params.network_next = {{.id = 1, .value = 77}}; });
  for (int h = 1; h <= 10; ++h) world.block({});
  EXPECT_EQ(query_validators(world.state, 1)->members.size(), 5U);
  EXPECT_EQ(query_validators(world.state, 1)->changes, 0U);
  const Params params = *query_params(world.state);
  EXPECT_EQ(params.network.front().value, 77U);
  EXPECT_TRUE(params.network_next.empty());
}

// ---- entries ----

TEST(Entries, A_statement_recomputes_the_chain_of_its_position) {
  World world;
  Hash chain = world.position(kAUsd, kMerchant).entry_chain;
  EXPECT_EQ(chain, first_entry_chain(kAUsd, kMerchant));
  std::uint64_t seq = 0;
  for (std::uint64_t n = 1; n <= 3; ++n) {
    for (const Event& event : world.run(transfer(transfer_order(n, "2.50"))).events) {
      if (static_cast<EventType>(event.type) != EventType::Entry) continue;
      EntryEvent entry;
      ASSERT_EQ(wire::decode(event.body, entry), wire::Fault::None);
      if (entry.account != kMerchant) continue;
      EXPECT_EQ(entry.seq, ++seq);
      EXPECT_EQ(entry.side, Side::Credit);
      EXPECT_EQ(entry.balance, Amount({0, 250 * n}));
      EXPECT_EQ(entry.reference, uetr(n));
      EXPECT_EQ(event.scope, (std::vector<std::uint32_t>{kA}));
      chain = next_entry_chain(chain, event.body);
    }
  }
  EXPECT_EQ(seq, 3U);
  EXPECT_EQ(world.position(kAUsd, kMerchant).entry_chain, chain);
}

TEST(Entries, The_owner_of_a_correspondent_account_reads_its_entries) {
  World world;
  Pay order = pay_order(1);
  attach_ticket(order);
  std::size_t found = 0;
  for (const Event& event : world.run(pay(order)).events) {
    if (static_cast<EventType>(event.type) != EventType::Entry) continue;
    EntryEvent entry;
    ASSERT_EQ(wire::decode(event.body, entry), wire::Fault::None);
    if (entry.token != kSUsd) continue;
    ++found;
    EXPECT_EQ(event.scope,
              (std::vector<std::uint32_t>{entry.account == nostro(kA, kSUsd) ? kA : kB, kS}));
    EXPECT_EQ(entry.type, EntryType::Settlement);
  }
  EXPECT_EQ(found, 2U);
}

// ---- leaves ----

TEST(Leaves, One_for_the_sweep_and_one_for_each_operation) {
  World world;
  world.run(pay(pay_order(9)));
  std::vector<std::expected<Verified, Code>> operations;
  operations.push_back(transfer(transfer_order(1, "1.00"), add_ms(world.now, 300'000)).verified());
  operations.emplace_back(std::unexpect, Code::BadSignature);
  RecordCache cache;
  const BlockContext block{2, add_ms(world.now, 300'000)};
  auto result = apply(world.state, block, operations, cache);
  ASSERT_TRUE(result.has_value());
  const BlockLeaves leaves = build_leaves(block, operations, *result);
  ASSERT_EQ(leaves.leaves.size(), 3U);
  EXPECT_EQ(leaves.leaves[0].event_count, 2U) << "HoldReleased, PaymentExpired";
  EXPECT_EQ(leaves.leaves[0].code, Code::Ok);
  EXPECT_FALSE(leaves.leaves[0].recorded);
  EXPECT_EQ(leaves.leaves[1].op_id, uetr(1));
  EXPECT_EQ(leaves.leaves[1].operation_hash, operations[0]->operation_hash());
  EXPECT_TRUE(leaves.leaves[1].recorded);
  EXPECT_EQ(leaves.leaves[2].code, Code::BadSignature);
  EXPECT_EQ(leaves.leaves[2].operation_hash, Hash{});
  for (std::size_t i = 0; i < leaves.leaves.size(); ++i) EXPECT_EQ(leaves.leaves[i].index, i);
  for (std::size_t i = 0; i < leaves.events.size(); ++i) EXPECT_EQ(leaves.events[i].n, i + 1);

  std::vector<Hash> hashes;
  for (const OutcomeLeaf& leaf : leaves.leaves) {
    hashes.push_back(leaf_hash(leaf));
    EXPECT_EQ(decode_leaf(encode_leaf(leaf)), leaf);
  }
  EXPECT_EQ(leaves.outcomes_root, crypto::merkle_root(hashes));
  const auto of_transfer = std::span(leaves.events).subspan(2);
  EXPECT_EQ(leaves.leaves[1].events_root, events_root(of_transfer));
  EXPECT_EQ(encode_event(*decode_event(encode_event(leaves.events[0]))),
            encode_event(leaves.events[0]));
}

TEST(Leaves, An_altered_or_padded_leaf_is_not_read) {
  const OutcomeLeaf leaf{.height = 7, .index = 1, .code = Code::Ok, .recorded = true};
  Bytes bytes = encode_leaf(leaf);
  bytes.push_back(std::byte{0x70});
  EXPECT_FALSE(decode_leaf(bytes).has_value());
  bytes.pop_back();
  bytes.pop_back();
  EXPECT_FALSE(decode_leaf(bytes).has_value());
}

// ---- queries ----

TEST(Query, Finds_what_the_demo_has) {
  World world;
  EXPECT_EQ(query_institution(world.state, "bank-b")->id, kB);
  EXPECT_FALSE(query_institution(world.state, "bank-z").has_value());
  EXPECT_FALSE(query_institution(world.state, "").has_value());
  EXPECT_EQ(query_institutions(world.state).size(), 5U);
  EXPECT_EQ(query_keys(world.state, kA).size(), 19U);
  EXPECT_EQ(query_role_policy(world.state, kA, Role::Issuer)->quorum, 2U);
  EXPECT_EQ(query_tokens(world.state).size(), 8U);
  EXPECT_EQ(query_token(world.state, kB, Currency::from("EUR"), 0)->id, kBEur);
  EXPECT_FALSE(query_token(world.state, kB, Currency::from("JPY"), 0).has_value());
  const auto buyer = query_account(world.state, kA, kBuyer);
  ASSERT_TRUE(buyer.has_value());
  ASSERT_EQ(buyer->positions.size(), 2U);
  EXPECT_EQ(to_decimal(buyer->positions[0].record.posted, 2), "2000000.00");
  EXPECT_FALSE(query_account(world.state, kB, kBuyer).has_value());
  EXPECT_EQ(query_own_account(world.state, kA, kSUsd)->id, nostro(kA, kSUsd));
  EXPECT_FALSE(query_own_account(world.state, kC, kAUsd).has_value());
  EXPECT_TRUE(query_corridor(world.state, kA, kB, Currency::from("USD")).has_value());
  EXPECT_FALSE(query_corridor(world.state, kA, kC, Currency::from("USD")).has_value());
  EXPECT_FALSE(query_chain(world.state).has_value()) << "the caller's row";
}

TEST(Query, Accounts_come_in_pages) {
  World world;
  std::vector<AccountId> all;
  AccountId after{};
  for (;;) {
    const auto page = query_accounts(world.state, kA, after, 3);
    for (const AccountView& each : page) all.push_back(each.id);
    if (page.size() < 3) break;
    after = page.back().id;
  }
  EXPECT_EQ(all.size(), 10U) << "buyer, merchant, two correspondents, three of each of two tokens";
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  EXPECT_TRUE(query_accounts(world.state, kA, after, 0).empty());
}

}  // namespace
}  // namespace giro::ledger::demo
