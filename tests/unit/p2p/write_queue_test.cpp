#include "p2p/write_queue.h"

#include <gtest/gtest.h>

namespace giro::p2p {
namespace {

using crypto::Bytes;
using Counts = std::array<FamilyCounts, kFamilyCount>;

Frame frame(Family family, std::size_t total, std::uint8_t type = 1) {
  return encode_frame(family, type, Bytes(total - kFrameHeaderBytes));
}

// What the other side would read.
std::vector<std::pair<Family, std::uint8_t>> decode(const Bytes& wire) {
  FrameDecoder decoder(kFamilyDefaults);
  decoder.allow_full_frames();
  decoder.append(wire);
  std::vector<std::pair<Family, std::uint8_t>> all;
  for (auto next = decoder.next(); next && *next; next = decoder.next())
    all.emplace_back((*next)->family, (*next)->type);
  EXPECT_EQ(decoder.buffered(), 0U);
  return all;
}

TEST(WriteQueue, T6_a_family_takes_its_budget_and_not_one_frame_more) {
  for (std::size_t i = 0; i < kFamilyCount; ++i) {
    FamilyTable table = kFamilyDefaults;
    table[i].frame_bytes_max = 100;
    table[i].queue_bytes_max = 250;
    WriteQueue queue(table);
    const auto family = static_cast<Family>(i);
    EXPECT_EQ(queue.push(frame(family, 100)), WriteQueue::Pushed::Queued);
    EXPECT_EQ(queue.push(frame(family, 100)), WriteQueue::Pushed::Queued);
    EXPECT_EQ(queue.push(frame(family, 51)),
              table[i].droppable ? WriteQueue::Pushed::Dropped : WriteQueue::Pushed::Overflow);
    EXPECT_EQ(queue.push(frame(family, 50)), WriteQueue::Pushed::Queued);
    EXPECT_EQ(queue.bytes(), 250U);
    const auto other = static_cast<Family>((i + 1) % kFamilyCount);
    EXPECT_EQ(queue.push(frame(other, 100)), WriteQueue::Pushed::Queued) << "budgets are apart";
  }
}

TEST(WriteQueue, a_long_frame_leaves_in_slices_and_nothing_cuts_into_it) {
  WriteQueue queue(kFamilyDefaults);
  Counts counts{};
  ASSERT_EQ(queue.push(frame(Family::Payload, 1000, 5)), WriteQueue::Pushed::Queued);
  Bytes wire;
  queue.gather(wire, 300, counts);
  EXPECT_EQ(wire.size(), 300U);
  EXPECT_EQ(counts[4].frames_out, 0U);
  EXPECT_EQ(queue.bytes(), 1000U) << "it is held until it has gone";
  ASSERT_EQ(queue.push(frame(Family::Agreement, 10, 6)), WriteQueue::Pushed::Queued);
  while (!queue.empty()) queue.gather(wire, 300, counts);
  EXPECT_EQ(decode(wire), (std::vector<std::pair<Family, std::uint8_t>>{{Family::Payload, 5},
                                                                        {Family::Agreement, 6}}));
  EXPECT_EQ(counts[4].frames_out, 1U);
  EXPECT_EQ(counts[4].bytes_out, 1000U);
}

TEST(WriteQueue, earlier_families_leave_first_and_order_is_kept_within_one) {
  WriteQueue queue(kFamilyDefaults);
  Counts counts{};
  for (std::uint8_t i = 0; i < 3; ++i) {
    for (const Family family : {Family::Sync, Family::Payload, Family::Status, Family::Agreement}) {
      ASSERT_EQ(queue.push(frame(family, 20, i)), WriteQueue::Pushed::Queued);
    }
  }
  Bytes wire;
  queue.gather(wire, kWriteBytesMax, counts);
  std::vector<std::pair<Family, std::uint8_t>> expected;
  for (const Family family : {Family::Agreement, Family::Status, Family::Payload, Family::Sync}) {
    for (std::uint8_t i = 0; i < 3; ++i) expected.emplace_back(family, i);
  }
  EXPECT_EQ(decode(wire), expected);
}

TEST(WriteQueue, nobody_starves_while_all_have_much_to_say) {
  WriteQueue queue(kFamilyDefaults);
  Counts counts{};
  // Sync has small frames, payload huge ones, agreement never runs dry.
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(queue.push(frame(Family::Sync, 10 * kKiB)), WriteQueue::Pushed::Queued);
  for (int i = 0; i < 8; ++i)
    ASSERT_EQ(queue.push(frame(Family::Payload, 4 * kMiB)), WriteQueue::Pushed::Queued);
  Bytes wire;
  std::size_t gathered = 0;
  while (counts[5].frames_out < 100 && gathered < 100 * kMiB) {
    while (queue.push(frame(Family::Agreement, 1 * kKiB)) == WriteQueue::Pushed::Queued &&
           queue.bytes() < 40 * kMiB) {
    }
    wire.clear();
    queue.gather(wire, kWriteBytesMax, counts);
    gathered += wire.size();
  }
  EXPECT_EQ(counts[5].frames_out, 100U);
  EXPECT_LT(gathered, 16 * kMiB) << "a megabyte of three that share equally, and one long frame";
  EXPECT_GT(counts[4].bytes_out, 0U);
}

TEST(WriteQueue, a_goodbye_waits_only_for_the_frame_that_has_begun) {
  WriteQueue queue(kFamilyDefaults);
  Counts counts{};
  Bytes wire;
  ASSERT_EQ(queue.push(frame(Family::Payload, 1000, 1)), WriteQueue::Pushed::Queued);
  ASSERT_EQ(queue.push(frame(Family::Payload, 1000, 2)), WriteQueue::Pushed::Queued);
  ASSERT_EQ(queue.push(frame(Family::Sync, 1000, 3)), WriteQueue::Pushed::Queued);
  queue.gather(wire, 10, counts);
  queue.clear_whole_frames();
  EXPECT_EQ(queue.bytes(), 1000U);
  ASSERT_EQ(queue.push(frame(Family::Control, 7, 4)), WriteQueue::Pushed::Queued);
  queue.gather(wire, kWriteBytesMax, counts);
  EXPECT_EQ(decode(wire), (std::vector<std::pair<Family, std::uint8_t>>{{Family::Payload, 1},
                                                                        {Family::Control, 4}}));
  EXPECT_TRUE(queue.empty());
  ASSERT_EQ(queue.push(frame(Family::Payload, 1000, 1)), WriteQueue::Pushed::Queued);
  queue.clear_whole_frames();
  EXPECT_TRUE(queue.empty());
}

TEST(WriteQueue, an_empty_queue_gives_nothing) {
  WriteQueue queue(kFamilyDefaults);
  Counts counts{};
  Bytes wire;
  queue.gather(wire, kWriteBytesMax, counts);
  EXPECT_TRUE(wire.empty());
  ASSERT_EQ(queue.push(frame(Family::Sync, 1000)), WriteQueue::Pushed::Queued);
  queue.gather(wire, 10, counts);
  queue.clear();
  queue.gather(wire, 10, counts);
  EXPECT_EQ(wire.size(), 10U);
}

}  // namespace
}  // namespace giro::p2p
