// The file port over the real file system. Files are created 0600 and directories 0700; descriptors
// are closed on exec. Stateless: one object serves the whole process.
#pragma once

#include "storage/file.h"

namespace giro::storage {

class PosixFilePort final : public FilePort {
 public:
  FileResult<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  FileResult<FileType> type(const std::string& path) override;
  FileResult<std::vector<std::string>> list(const std::string& path) override;
  FileResult<void> create_directory(const std::string& path) override;
  FileResult<void> rename(const std::string& from, const std::string& to) override;
  FileResult<void> remove(const std::string& path) override;
  FileResult<void> sync_directory(const std::string& path) override;
  FileResult<std::uint64_t> free_space(const std::string& path) override;
  FileResult<std::unique_ptr<FileLock>> lock(const std::string& path) override;
};

}  // namespace giro::storage
