#include <gtest/gtest.h>

#include <numeric>

#include "testnet/load/generator.h"
#include "testnet/load/machine.h"

namespace giro::testnet {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

TEST(LoadGenerator, Arrivals_are_the_seeds_and_as_many_as_the_rate_says) {
  const auto arrivals = poisson_arrivals(1'000, 20s, 7);
  EXPECT_EQ(arrivals, poisson_arrivals(1'000, 20s, 7));
  EXPECT_NE(arrivals, poisson_arrivals(1'000, 20s, 8));
  EXPECT_TRUE(std::ranges::is_sorted(arrivals));
  EXPECT_GE(arrivals.front(), 0ns);
  EXPECT_LT(arrivals.back(), 20s);
  // Five standard deviations of a Poisson count around 20,000.
  EXPECT_NEAR(static_cast<double>(arrivals.size()), 20'000, 5 * 142);
  // The gaps of a Poisson process are as spread as their mean.
  double sum = 0, squares = 0;
  for (std::size_t i = 1; i < arrivals.size(); ++i) {
    const double gap = std::chrono::duration<double>(arrivals[i] - arrivals[i - 1]).count();
    sum += gap;
    squares += gap * gap;
  }
  const double count = static_cast<double>(arrivals.size() - 1), mean = sum / count;
  EXPECT_NEAR((squares / count - mean * mean) / (mean * mean), 1.0, 0.1);
}

TEST(LoadGenerator, Percentiles_are_by_nearest_rank) {
  std::vector<nanoseconds> none;
  EXPECT_EQ(percentile(none, 0.5), 0ns);
  std::vector<nanoseconds> values;
  for (int i = 100; i >= 1; --i) values.emplace_back(i);
  EXPECT_EQ(percentile(values, 0.50), 50ns);
  EXPECT_EQ(percentile(values, 0.99), 99ns);
  EXPECT_EQ(percentile(values, 0.995), 100ns);
  EXPECT_EQ(percentile(values, 1.0), 100ns);
  EXPECT_EQ(percentile(values, 0.0), 1ns);
}

TEST(LoadMachine, The_time_of_a_process_is_what_it_used) {
  const auto before = cpu_time(::getpid());
  const auto check = measure_signature_check();
  const auto used = cpu_time(::getpid()) - before;
  EXPECT_GT(check, 1us);
  // 4,000 checks on each core, and proc(5) counts in hundredths of a second.
  EXPECT_GT(used.count(), 4'000 * 1e-6);
  EXPECT_EQ(cpu_time(0).count(), 0);
}

}  // namespace
}  // namespace giro::testnet
