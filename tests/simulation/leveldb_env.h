// LevelDB's view of a simulated disk (assurance 3): its files lie on a file port, and its
// background work waits in a queue that the store drains, so that no call ever waits for another
// thread.
#pragma once

#include <leveldb/env.h>

#include <deque>
#include <memory>
#include <string>

#include "storage/file_memory.h"
#include "storage/key_value.h"

namespace giro::sim {

class LevelDbEnv final : public leveldb::Env {
 public:
  explicit LevelDbEnv(storage::FilePort& files) : files_(files) {}

  leveldb::Status NewSequentialFile(const std::string& name,
                                    leveldb::SequentialFile** result) override;
  leveldb::Status NewRandomAccessFile(const std::string& name,
                                      leveldb::RandomAccessFile** result) override;
  leveldb::Status NewWritableFile(const std::string& name, leveldb::WritableFile** result) override;
  bool FileExists(const std::string& name) override;
  leveldb::Status GetChildren(const std::string& directory,
                              std::vector<std::string>* result) override;
  leveldb::Status RemoveFile(const std::string& name) override;
  leveldb::Status CreateDir(const std::string& name) override;
  leveldb::Status RemoveDir(const std::string& name) override;
  leveldb::Status GetFileSize(const std::string& name, std::uint64_t* size) override;
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override;
  leveldb::Status LockFile(const std::string& name, leveldb::FileLock** lock) override;
  leveldb::Status UnlockFile(leveldb::FileLock* lock) override;
  void Schedule(void (*function)(void*), void* argument) override;
  void StartThread(void (*function)(void*), void* argument) override;
  leveldb::Status GetTestDirectory(std::string* path) override;
  leveldb::Status NewLogger(const std::string& name, leveldb::Logger** result) override;
  std::uint64_t NowMicros() override { return 0; }
  void SleepForMicroseconds(int) override {}

  void drain();  // does the background work that waits

 private:
  storage::FilePort& files_;
  std::deque<std::pair<void (*)(void*), void*>> background_;
};

// A store on such a disk. Once `*dead` is set nothing that it is told has an effect: its process
// has ended, though its objects are still being taken apart.
storage::KeyValueResult<std::unique_ptr<storage::KeyValueStore>> open_simulated_leveldb(
    storage::FilePort& files, const std::string& directory, std::shared_ptr<const bool> dead);

}  // namespace giro::sim
