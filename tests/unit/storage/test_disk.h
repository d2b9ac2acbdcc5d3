// Shared by the tests of storage/.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "storage/file_memory.h"
#include "storage/file_posix.h"

namespace giro::storage::test {

inline Bytes bytes_of(std::string_view text) {
  return crypto::to_bytes(crypto::as_view(text));
}
inline std::string text_of(ByteView bytes) {
  return std::string(crypto::as_text(bytes));
}

// A directory that goes with the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = ::testing::TempDir() + "giro-storage-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline void write_file(FilePort& port, const std::string& path, ByteView bytes) {
  const auto type = port.type(path);
  ASSERT_TRUE(type);
  auto file = port.open(path, *type == FileType::None ? OpenMode::Create : OpenMode::Write);
  ASSERT_TRUE(file) << file.error().text;
  ASSERT_TRUE((*file)->write(0, bytes));
}

inline Bytes read_file(FilePort& port, const std::string& path) {
  auto bytes = read_whole(port, path, UINT64_MAX);
  EXPECT_TRUE(bytes) << bytes.error().text;
  return bytes.value_or(Bytes{});
}

}  // namespace giro::storage::test
