#include "tests/process/run.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "node/client/operations.h"
#include "testnet/process.h"

namespace giro::process_test {

namespace fs = std::filesystem;
namespace json = boost::json;

fs::path giro_program() {
  return GIRO_PROGRAM;
}

Folder::Folder()
    : path_(fs::temp_directory_path() /
            ("giro-process-" + receipt::to_uuid_text(client::new_uuid()))) {
  fs::create_directories(path_);
}

Folder::~Folder() {
  if (testing::Test::HasFailure()) {
    std::cerr << "kept: " << path_ << '\n';
    return;
  }
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  for (; at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

std::string read_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

json::object Ran::document() const {
  json::error_code error;
  const json::value value = json::parse(out, error);
  EXPECT_FALSE(error) << "exit code " << exit_code << "\n" << out << err;
  return value.is_object() ? value.get_object() : json::object{};
}

Ran run_giro(const std::vector<std::string>& arguments, const fs::path& profile) {
  return run_program(giro_program(), arguments, profile);
}

Ran run_program(const fs::path& program, const std::vector<std::string>& arguments,
                const fs::path& profile) {
  const Folder folder;
  testnet::Command command;
  command.arguments = {"/usr/bin/env",
                       "GIRO_PROFILE=" + profile.string(),
                       "/bin/sh",
                       "-c",
                       "exec \"$0\" \"$@\" >'" + (folder.path() / "out").string() + "' 2>'" +
                           (folder.path() / "err").string() + "'",
                       program.string()};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  auto process = testnet::Process::start(command);
  EXPECT_TRUE(process.has_value()) << process.error();
  if (!process) return {};
  const auto ended = process->wait(kPatience);
  EXPECT_TRUE(ended.has_value()) << "no end: " << program << " " << arguments.front();
  Ran ran;
  if (ended && !ended->by_signal) ran.exit_code = ended->number;
  ran.out = read_text(folder.path() / "out");
  ran.err = read_text(folder.path() / "err");
  return ran;
}

bool until(const std::function<bool()>& is_true, std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds kPause{20};
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!is_true()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(kPause);
  }
  return true;
}

}  // namespace giro::process_test
