// The key-value port over LevelDB: paranoid checks and checksums on every read, a bloom filter of
// 10 bits a key.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "storage/file.h"
#include "storage/key_value.h"

namespace leveldb {
class Env;
}

namespace giro::storage {

struct LevelDbOptions {
  std::uint64_t cache_bytes = 64ULL << 20;         // uncompressed blocks
  std::uint64_t write_buffer_bytes = 16ULL << 20;  // twice this may be held in memory
  int open_files_max = 500;
  bool must_exist = false;
  bool compress = true;
  // What scans read stays in the cache as well: for a store that fits into it.
  bool cache_scans = false;
  // Borrowed, outlive the store: the simulator's disk, and LevelDB's view of it. None: the real
  // one.
  FilePort* files = nullptr;
  leveldb::Env* env = nullptr;
};

// Opens or creates the store in `directory` (whose parent exists). Corruption and Io are told
// apart. LevelDB runs one thread of its own for compaction.
KeyValueResult<std::unique_ptr<KeyValueStore>> open_leveldb(const std::string& directory,
                                                            const LevelDbOptions& options);

}  // namespace giro::storage
