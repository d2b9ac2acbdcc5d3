#include "node/runtime/view_book.h"

#include <gtest/gtest.h>

namespace giro::runtime {
namespace {

using Seen = consensus::EventType;

consensus::Event seen(Seen type, std::uint64_t view, std::uint32_t detail = 0) {
  consensus::Event event;
  event.type = type;
  event.view = {view};
  event.height = {10 * view};
  event.detail = detail;
  return event;
}

TEST(ViewBook, A_view_is_entered_for_what_was_held_first_against_the_one_before) {
  ViewBook book;
  book.happened(seen(Seen::Suspecting, 0, 1), 1, {100});
  book.happened(seen(Seen::Suspecting, 0, 3), 1, {110});
  book.happened(seen(Seen::ViewEntered, 1), 2, {120});
  book.happened(seen(Seen::ViewActive, 1), 2, {130});
  book.happened(seen(Seen::ViewActive, 1), 2, {140});
  book.happened(seen(Seen::Suspecting, 1, 2), 2, {150});
  book.happened(seen(Seen::SuspicionEnded, 1), 2, {160});
  book.happened(seen(Seen::ViewEntered, 2), 3, {170});

  const auto views = book.list();
  ASSERT_EQ(views.size(), 2U);
  EXPECT_EQ(views[0].view, consensus::View{1});
  EXPECT_EQ(views[0].leader, 2U);
  EXPECT_EQ(views[0].committed, consensus::Height{10});
  EXPECT_EQ(views[0].entered, consensus::WallTime{120});
  EXPECT_EQ(views[0].active, consensus::WallTime{130});
  EXPECT_EQ(views[0].reason, consensus::SuspectReason::Silent);
  EXPECT_EQ(views[1].view, consensus::View{2});
  EXPECT_FALSE(views[1].reason) << "that suspicion was over: it followed the others";
  EXPECT_FALSE(views[1].active);
}

TEST(ViewBook, Keeps_the_newest) {
  ViewBook book(2);
  for (std::uint64_t view = 1; view <= 3; ++view)
    book.happened(seen(Seen::ViewEntered, view), 1, {1});
  const auto views = book.list();
  ASSERT_EQ(views.size(), 2U);
  EXPECT_EQ(views.front().view, consensus::View{2});
}

}  // namespace
}  // namespace giro::runtime
