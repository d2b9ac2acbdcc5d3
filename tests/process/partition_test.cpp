// Validators whose links are cut, one-way, slow or damaged (assurance C03 to C05). All they say to
// each other passes the link proxy.
#include <boost/json.hpp>

#include "tests/process/partition.h"

namespace giro::process_test {
namespace {

using client::number_field;
using client::text_field;

TEST_F(PartitionTest, Two_against_two_acknowledge_nothing_and_go_on_when_healed) {
  Stream stream;
  stream.add(payer(0));
  stream.add(payer(2));
  ASSERT_TRUE(stream.more(5));
  const auto& all = nodes();
  proxy_->partition({{all[0].name, all[1].name}, {all[2].name, all[3].name}});
  const std::uint64_t before = wait_without_commit(1000);
  const std::size_t answered = stream.done();
  const std::uint64_t highest = wait_without_commit(3000);  // several time-outs of a view
  EXPECT_EQ(highest, before);
  EXPECT_EQ(stream.done(), answered);
  proxy_->heal();
  expect_block_above(highest, "two against two");
  EXPECT_TRUE(stream.more(5));
  const auto sent = stream.end();
  expect_settled(sent);
  expect_same_outcomes(sent);
  expect_no_evidence();
}

TEST_F(PartitionTest, A_primary_alone_is_replaced_and_catches_up_when_healed) {
  const std::string lonely = leader();
  const auto others = others_than(lonely);
  Stream stream;
  stream.add(payer(place_of(others[0])));
  ASSERT_TRUE(stream.more(5));
  proxy_->partition({others, {lonely}});
  EXPECT_TRUE(stream.more(5)) << "three go on";
  const auto newest_block = newest(node(others[0]));
  EXPECT_LT(newest(node(lonely)).height, newest_block.height);
  EXPECT_TRUE(until([&] {
    const auto shown = ask(node(others[0]), "/v1/node");
    return text_field(shown, "leader") != lonely && number_field(shown, "connected") == 3;
  }));
  proxy_->heal();
  expect_caught_up(lonely);
  wait_ready();
  EXPECT_TRUE(stream.more(5));
  expect_settled(stream.end());
  expect_no_evidence();
}

// It hears all and is heard by nobody; then a backup is heard and hears nothing.
TEST_F(PartitionTest, Links_that_are_cut_one_way_stop_nobody_else) {
  const std::string mute = leader();
  const std::string deaf = others_than(mute)[0];
  Stream stream;
  stream.add(payer(place_of(others_than(mute)[1])));
  ASSERT_TRUE(stream.more(5));
  for (const auto& other : others_than(mute)) proxy_->stall({mute, other});
  EXPECT_TRUE(until([&] {
    const std::string leading = text_field(ask(node(deaf), "/v1/node"), "leader");
    return !leading.empty() && leading != mute;
  })) << "nobody hears it lead";
  EXPECT_TRUE(stream.more(5));
  proxy_->heal();
  expect_caught_up(mute);
  wait_ready();
  for (const auto& other : others_than(deaf)) proxy_->stall({other, deaf});
  EXPECT_TRUE(stream.more(5));
  EXPECT_LT(newest(node(deaf)).height, newest(node(mute)).height);
  proxy_->heal();
  expect_caught_up(deaf);
  wait_ready();
  EXPECT_TRUE(stream.more(5));
  expect_settled(stream.end());
  expect_no_evidence();
}

TEST_F(PartitionTest, Delay_resets_and_damage_on_the_way_cost_time_and_nothing_else) {
  Stream stream;
  stream.add(payer(0));
  stream.add(payer(1));
  const auto each_link = [this](const auto& verb) {
    for (const auto& from : nodes()) {
      for (const auto& other : others_than(from.name)) verb(testnet::Direction{from.name, other});
    }
  };
  each_link([this](const auto& link) { proxy_->delay(link, std::chrono::milliseconds(30)); });
  EXPECT_TRUE(stream.more(5));
  const auto dialled_anywhere = [&] {
    std::uint64_t sum = 0;
    each_link([&](const auto& link) { sum += proxy_->traffic(link).dialled; });
    return sum;
  };
  for (int round = 0; round < 2; ++round) {
    const std::uint64_t before = dialled_anywhere();
    each_link([this](const auto& link) { proxy_->reset(link.from, link.to); });
    EXPECT_TRUE(until([&] { return dialled_anywhere() > before; }));
    EXPECT_TRUE(stream.more(3));
  }
  wait_connected();  // else a late dial could be taken for the answer to what follows
  // TLS runs from end to end: whoever receives a flipped bit hangs up.
  const testnet::Direction link{nodes()[0].name, nodes()[1].name};
  const auto dialled = [&] {
    return proxy_->traffic(link).dialled + proxy_->traffic({link.to, link.from}).dialled;
  };
  const std::uint64_t before = dialled();
  proxy_->corrupt(link);
  EXPECT_TRUE(until([&] { return dialled() > before; }));
  EXPECT_TRUE(stream.more(5));
  wait_ready();
  expect_settled(stream.end());
  expect_no_evidence();
}

}  // namespace
}  // namespace giro::process_test
