#include "node/runtime/trace.h"

#include <gtest/gtest.h>

namespace giro::runtime {
namespace {

using Happened = consensus::EventType;

OperationKey operation_key(std::uint8_t number) {
  OpId id{};
  id[0] = std::byte{number};
  return {1, id};
}

consensus::Event happening(Happened type, std::uint64_t height, std::uint64_t view = 0) {
  consensus::Event event;
  event.type = type;
  event.height = {height};
  event.view = {view};
  return event;
}

TEST(Trace, An_operation_goes_with_its_block) {
  TraceBook book;
  const auto key = operation_key(1);
  EXPECT_FALSE(book.find(key));
  book.received(key, {100});
  EXPECT_EQ(book.find(key)->received, consensus::WallTime{100});
  EXPECT_FALSE(book.find(key)->block);

  book.happened(happening(Happened::BlockAccepted, 7, 1), 2, {110});
  book.happened(happening(Happened::Prepared, 7, 1), 2, {120});
  book.happened(happening(Happened::BlockAccepted, 7, 2), 3, {130});  // of a later view
  EXPECT_FALSE(book.find(key)->block) << "not known before it has run";
  book.happened(happening(Happened::Prepared, 7, 2), 3, {140});
  book.happened(happening(Happened::Committed, 7, 2), 3, {150});
  book.happened(happening(Happened::BlockAccepted, 7, 3), 4, {155});  // too late to matter
  book.ran({7}, {{key, true}, {operation_key(2), false}}, {160});
  EXPECT_FALSE(book.find(operation_key(2))) << "void: it may still run";
  EXPECT_FALSE(book.find(key)->block->attested);
  book.attested({8}, {170});
  book.attested({9}, {180});

  const auto block = book.find(key)->block;
  EXPECT_EQ(block->height, consensus::Height{7});
  EXPECT_EQ(block->view, consensus::View{2});
  EXPECT_EQ(block->leader, 3U);
  EXPECT_EQ(block->proposed, consensus::WallTime{130});
  EXPECT_EQ(block->prepared, consensus::WallTime{140});
  EXPECT_EQ(block->committed, consensus::WallTime{150});
  EXPECT_EQ(block->executed, consensus::WallTime{160});
  EXPECT_EQ(block->attested, consensus::WallTime{170});
}

TEST(Trace, Only_the_newest_are_kept) {
  TraceBook book(3);
  for (std::uint8_t number = 1; number <= 5; ++number)
    book.received(operation_key(number), {number});
  book.received(operation_key(4), {99});
  for (std::uint8_t number = 1; number <= 5; ++number)
    EXPECT_EQ(book.find(operation_key(number)).has_value(), number >= 3) << int{number};
  EXPECT_EQ(book.find(operation_key(4))->received, consensus::WallTime{4}) << "the first time";
}

TEST(Trace, Of_blocks_without_operations_only_the_newest_are_kept) {
  TraceBook book;
  const auto key = operation_key(1);
  book.ran({1}, {{key, true}}, {5});
  for (std::uint64_t height = 2; height < 10'000; ++height)
    book.happened(happening(Happened::Committed, height), 1, {6});
  book.happened(happening(Happened::Committed, 1), 1, {7});
  EXPECT_FALSE(book.find(key)->block->committed) << "its own stays as it was";
}

}  // namespace
}  // namespace giro::runtime
