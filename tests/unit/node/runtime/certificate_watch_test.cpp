#include "node/runtime/certificate_watch.h"

#include <gtest/gtest.h>

#include <vector>

namespace giro::runtime {
namespace {

class Told final : public EventSink {
 public:
  std::vector<std::string> names;
  void write(config::LogLevel level, std::string_view event, Fields fields,
             std::string_view /*message*/) override {
    EXPECT_EQ(level, config::LogLevel::Warn);
    EXPECT_EQ(event, "certificate_expired");
    for (const auto& [name, value] : fields) {
      if (name == "name") names.push_back(value);
    }
  }
};

TEST(CertificateWatch, One_that_has_ended_is_told_of_once_and_its_successor_again) {
  const std::chrono::sys_seconds now(std::chrono::hours(500'000));
  const std::chrono::seconds second(1);
  Told told;
  CertificateWatch watch(told);
  watch.saw("bank-a", now + second, now);
  EXPECT_TRUE(told.names.empty());
  for (int i = 0; i < 3; ++i) watch.saw("bank-a", now, now);
  watch.saw("bank-b", now, now);
  EXPECT_EQ(told.names, (std::vector<std::string>{"bank-a", "bank-b"}));
  watch.saw("bank-a", now + 5 * second, now + 4 * second);
  watch.saw("bank-a", now + 5 * second, now + 5 * second);
  EXPECT_EQ(told.names, (std::vector<std::string>{"bank-a", "bank-b", "bank-a"}));
}

}  // namespace
}  // namespace giro::runtime
