// Taking over the state of a snapshot (protocol R31). It is done while a node opens, before
// anything else looks at its store: so a start, a restart in the middle and an install are one
// path. A crash anywhere leaves the old store or the new one, and the mark until it is the new one.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "consensus/types.h"
#include "node/runtime/snapshot_content.h"
#include "storage/file.h"
#include "storage/key_value.h"

namespace giro::runtime {

// <data>/INSTALL: the height of a whole snapshot below <data>/snapshots that is to be taken over.
[[nodiscard]] storage::FileResult<void> mark_install(storage::FilePort& files,
                                                     const std::string& data,
                                                     consensus::Height height);

[[nodiscard]] storage::FileResult<bool> is_install_marked(storage::FilePort& files,
                                                          const std::string& data);

struct InstallFrom {
  storage::FilePort& files;
  std::string data;
  SnapshotCheck check;
  crypto::Bytes genesis_row;  // of block 0
  std::function<storage::KeyValueResult<std::unique_ptr<storage::KeyValueStore>>(
      const std::string& directory)>
      open_store;
  std::function<void(const std::string&)> progress;
  bool is_agreement_broken = false;  // more than f are faulty (protocol R11): nothing is taken over
};
// Nothing to do without a mark, or where the store has that height already. A snapshot that cannot
// be loaded is removed, one that the disk has no room for stays; the mark goes, and the store stays
// as it was. The error is the disk's.
[[nodiscard]] std::expected<void, std::string> install_marked(const InstallFrom& from);

// For a store that was lost: takes over the newest certified snapshot that can be loaded; those
// that cannot are removed. False: there is none above the present store, and not below `at_least`.
// No signature is checked: it was, when the certificate came to this disk.
[[nodiscard]] std::expected<bool, std::string> install_newest(const InstallFrom& from,
                                                              consensus::Height at_least);

}  // namespace giro::runtime
