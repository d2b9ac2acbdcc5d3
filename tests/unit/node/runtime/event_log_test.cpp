// The log: form, levels, folding of what repeats, and its budget (surface 9).
#include "node/runtime/event_log.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <sstream>
#include <vector>

namespace giro::runtime {
namespace {

using config::LogFormat;
using config::LogLevel;

std::vector<std::string> lines_of(const config::NodeConfig::Log& options,
                                  const std::function<void(EventLog&)>& work) {
  testing::internal::CaptureStdout();
  EventLog log("bank-a", options);
  work(log);
  std::istringstream in(testing::internal::GetCapturedStdout());
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

TEST(EventLog, One_line_an_event_in_either_form) {
  const auto write = [](EventLog& log) {
    log.write(LogLevel::Info, "peer_up", {{"peer", "bank b"}, {"height", "7"}}, "it \"is\"\nhere");
  };
  const auto plain = lines_of({}, write);
  ASSERT_EQ(plain.size(), 1U);
  EXPECT_NE(
      plain[0].find(
          R"( level=info event=peer_up node=bank-a peer="bank b" height=7 msg="it \"is\"\nhere")"),
      std::string::npos)
      << plain[0];
  const auto json = lines_of({.format = LogFormat::Json}, write);
  ASSERT_EQ(json.size(), 1U);
  const auto line = boost::json::parse(json[0]).as_object();
  EXPECT_EQ(line.at("event").as_string(), "peer_up");
  EXPECT_EQ(line.at("peer").as_string(), "bank b");
  EXPECT_EQ(line.at("msg").as_string(), "it \"is\"\nhere");
}

TEST(EventLog, Its_level_may_change_while_it_runs) {
  const auto lines = lines_of({}, [](EventLog& log) {
    log.write(LogLevel::Debug, "one", {}, "");
    log.set_level(LogLevel::Debug);
    log.write(LogLevel::Debug, "two", {}, "");
    log.set_level(LogLevel::Error);
    log.write(LogLevel::Warn, "three", {}, "");
    log.write(LogLevel::Error, "four", {}, "");
  });
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_NE(lines[0].find("event=two"), std::string::npos);
  EXPECT_NE(lines[1].find("event=four"), std::string::npos);
}

TEST(EventLog, Warnings_are_folded_after_ten_alike_in_a_minute) {
  const auto lines = lines_of({}, [](EventLog& log) {
    for (int i = 0; i < 25; ++i) {
      log.write(LogLevel::Warn, "peer_down", {}, "");
      log.write(LogLevel::Info, "peer_up", {}, "");
    }
    log.write(LogLevel::Error, "diverged", {}, "");
  });
  EXPECT_EQ(std::ranges::count_if(lines, [](const auto& one) { return one.contains("peer_down"); }),
            10);
  EXPECT_EQ(std::ranges::count_if(lines, [](const auto& one) { return one.contains("peer_up"); }),
            25)
      << "info is for the budget";
  EXPECT_EQ(std::ranges::count_if(lines, [](const auto& one) { return one.contains("diverged"); }),
            1);
}

TEST(EventLog, Past_its_budget_it_keeps_what_a_person_must_see) {
  std::uint64_t dropped = 0;
  const auto lines = lines_of({.budget_per_day_bytes = 24 * 2000}, [&](EventLog& log) {
    for (int i = 0; i < 100; ++i) log.write(LogLevel::Info, "block_executed", {}, "");
    log.write(LogLevel::Error, "disk_low", {}, "");
    dropped = log.dropped();
  });
  EXPECT_GT(dropped, 50U);
  EXPECT_EQ(lines.size(), 100 - dropped + 2) << "one says that lines were dropped";
  EXPECT_NE(lines.back().find("disk_low"), std::string::npos);
}

}  // namespace
}  // namespace giro::runtime
