// What an operation would do, before anybody has signed it (ledger 10).
#include <gtest/gtest.h>

#include <memory>

#include "tests/unit/node/ledger/rules.h"

namespace giro::ledger::demo {
namespace {

TEST(Preview, Every_operation_names_its_signers_and_does_what_it_would_do_with_them) {
  for (const auto& [type, name] : operation_names()) {
    World world;
    make_ready(name, world);
    const Signed with_keys = sample(name, world);
    const BlockContext next{world.height + 1, add_ms(world.now, 1'000)};
    auto verified = with_keys.verified();
    ASSERT_TRUE(verified.has_value()) << name;
    const Preview whole = preview(world.state, next, *verified);
    EXPECT_EQ(code_name(whole.authority), code_name(Code::Ok)) << name;
    EXPECT_EQ(code_name(whole.outcome.code), code_name(Code::Ok)) << name;

    auto decoded = decode_body(chain_id(), encode_body(with_keys.operation));
    ASSERT_TRUE(decoded.has_value()) << name;
    EXPECT_EQ(decoded->operation_hash(), verified->operation_hash());
    // What is signed inside it (tickets, a validator key) is signed.
    const std::size_t inside = decoded->signature_checks().size();
    const auto valid = std::make_unique<bool[]>(inside);
    std::fill_n(valid.get(), inside, true);
    const auto bare = verify(std::move(*decoded), std::span(valid.get(), inside));
    ASSERT_TRUE(bare.has_value()) << name;
    EXPECT_TRUE(bare->signers().empty());
    const Preview alone = preview(world.state, next, *bare);
    EXPECT_NE(code_name(alone.authority), code_name(Code::Ok)) << name;
    EXPECT_EQ(code_name(alone.outcome.code), code_name(Code::Ok)) << name;
    EXPECT_EQ(alone.outcome.events.size(), whole.outcome.events.size()) << name;
    ASSERT_FALSE(alone.roles.empty()) << name;
    EXPECT_EQ(alone.roles.size(), whole.roles.size()) << name;
    EXPECT_EQ(simulate(world.state, next, *bare).recorded, false) << name;
  }
}

TEST(Preview, What_is_refused_before_authority_names_nobody) {
  World world;
  Signed late = sample("MINT", world);
  late.operation.valid_until = world.now;
  const auto bare = verify(std::move(*decode_body(chain_id(), encode_body(late.operation))), {});
  ASSERT_TRUE(bare.has_value());
  const Preview said = preview(world.state, {world.height + 1, add_ms(world.now, 1'000)}, *bare);
  EXPECT_EQ(code_name(said.outcome.code), code_name(Code::OperationExpired));
  EXPECT_FALSE(said.outcome.recorded);
  EXPECT_TRUE(said.roles.empty());
}

}  // namespace
}  // namespace giro::ledger::demo
