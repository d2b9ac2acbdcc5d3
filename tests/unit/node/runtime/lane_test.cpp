#include "node/runtime/lane.h"

#include <gtest/gtest.h>

#include <vector>

namespace giro::runtime {
namespace {

TEST(ThreadLane, Does_what_was_posted_in_its_order_before_it_goes) {
  std::vector<int> done;
  const auto here = std::this_thread::get_id();
  std::thread::id there = here;
  {
    ThreadLane lane;
    for (int i = 0; i < 100; ++i) lane.post([&, i] { done.push_back(i); });
    lane.post([&] { there = std::this_thread::get_id(); });
  }
  ASSERT_EQ(done.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(done[static_cast<std::size_t>(i)], i);
  EXPECT_NE(there, here);
}

TEST(ThreadLane, Work_may_post_more) {
  int turns = 0;
  {
    ThreadLane lane;
    lane.post([&] {
      ++turns;
      lane.post([&] { ++turns; });
    });
  }
  EXPECT_EQ(turns, 2);
}

}  // namespace
}  // namespace giro::runtime
