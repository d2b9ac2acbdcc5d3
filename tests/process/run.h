// Running the `giro` program and waiting for things to become true.
#pragma once

#include <boost/json.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace giro::process_test {

inline constexpr std::chrono::seconds kPatience{
    120};  // for anything: a sanitizer build on a busy machine

[[nodiscard]] std::filesystem::path giro_program();

// A directory of this test's own, removed at its end unless the test failed.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct Ran {
  int exit_code = -1;
  std::string out, err;
  [[nodiscard]] boost::json::object document() const;  // of --json
};
// `profile` becomes GIRO_PROFILE.
[[nodiscard]] Ran run_giro(const std::vector<std::string>& arguments,
                           const std::filesystem::path& profile = {});
[[nodiscard]] Ran run_program(const std::filesystem::path& program,
                              const std::vector<std::string>& arguments,
                              const std::filesystem::path& profile = {});

// Asks again and again until it is true; false when the patience is over.
[[nodiscard]] bool until(const std::function<bool()>& is_true,
                         std::chrono::milliseconds patience = kPatience);

// The text with the one in place of the other, wherever it is.
[[nodiscard]] std::string replaced(std::string text, const std::string& from,
                                   const std::string& to);
[[nodiscard]] std::string read_text(const std::filesystem::path& file);

}  // namespace giro::process_test
