#include "node/runtime/block_lines.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace giro::runtime {
namespace {

class Lines final : public EventSink {
 public:
  struct Line {
    std::string event;
    std::map<std::string, std::string, std::less<>> fields;
  };
  std::vector<Line> all;

  void write(config::LogLevel /*level*/, std::string_view event, Fields fields,
             std::string_view /*message*/) override {
    auto& line = all.emplace_back();
    line.event = event;
    for (const auto& [name, value] : fields) line.fields.emplace(name, value);
  }
};

class BlockLinesTest : public testing::Test {
 protected:
  void ran(std::int64_t at_ms, std::size_t operations) {
    ExecutedBlock block;
    block.header.height = {++height_};
    block.block.view = {3};
    block.events.resize(2 * operations);
    block_lines.ran(block, operations, {at_ms * 1000}, lines);
  }
  BlockLines block_lines;
  Lines lines;

 private:
  std::uint64_t height_ = 0;
};

TEST_F(BlockLinesTest, Blocks_a_tenth_of_a_second_apart_have_a_line_each) {
  for (std::int64_t at = 1000; at < 2000; at += 100) ran(at, 1);
  ASSERT_EQ(lines.all.size(), 10U);
  EXPECT_EQ(lines.all[9].event, "block_executed");
  EXPECT_EQ(
      lines.all[9].fields,
      (decltype(lines.all[9].fields){
          {"height", "10"}, {"view", "3"}, {"blocks", "1"}, {"operations", "1"}, {"events", "2"}}));
}

TEST_F(BlockLinesTest, Faster_ones_share_ten_lines_a_second_and_none_is_left_out) {
  for (std::int64_t at = 1000; at < 2000; at += 5) ran(at, 3);
  EXPECT_EQ(lines.all.size(), 10U);
  block_lines.flush(lines);
  block_lines.flush(lines);
  ASSERT_EQ(lines.all.size(), 11U) << "the rest, once";
  std::uint64_t blocks = 0, operations = 0;
  for (const auto& line : lines.all) {
    blocks += std::stoull(line.fields.at("blocks"));
    operations += std::stoull(line.fields.at("operations"));
  }
  EXPECT_EQ(blocks, 200U);
  EXPECT_EQ(operations, 600U);
  EXPECT_EQ(lines.all.back().fields.at("height"), "200");
}

TEST_F(BlockLinesTest, The_last_of_a_burst_is_told_when_its_time_has_come) {
  ran(1000, 1);
  ran(1010, 1);
  block_lines.on_tick({1'099'999}, lines);
  EXPECT_EQ(lines.all.size(), 1U);
  block_lines.on_tick({1'100'000}, lines);
  ASSERT_EQ(lines.all.size(), 2U);
  EXPECT_EQ(lines.all[1].fields.at("height"), "2");
  block_lines.on_tick({9'000'000}, lines);
  EXPECT_EQ(lines.all.size(), 2U) << "nothing more to say";
}

TEST_F(BlockLinesTest, Blocks_without_operations_are_one_line_a_minute) {
  for (std::int64_t at = 0; at <= 60'000; at += 1000) ran(at, 0);
  ASSERT_EQ(lines.all.size(), 1U);
  EXPECT_EQ(lines.all[0].event, "idle_blocks");
  EXPECT_EQ(lines.all[0].fields.at("blocks"), "61");
}

}  // namespace
}  // namespace giro::runtime
