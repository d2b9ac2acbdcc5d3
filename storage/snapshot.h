// Snapshots on disk (protocol R31, R34, surface 4): consistent copies of the store, cut into chunks
// that can be fetched and checked one by one.
//
//   <root>/<height>/        manifest, 00000000.chunk ..., lineage and certificate once there is one
//   <root>/<height>.new/    one that is being written; thrown away at the next start
//   <root>/<height>.part/   one that is being fetched; gone on with after a restart
//   <root>/<height>.old/    one that is being removed
//
// A directory named by a height alone is complete and durable. The format is in snapshot_format.h.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/file.h"
#include "storage/snapshot_format.h"

namespace giro::storage {

enum class SnapshotErrorCode : std::uint8_t {
  NotFound,       // no snapshot of this height, or no such chunk
  AlreadyExists,  // one of this height is complete
  Damaged,        // bytes on disk, or bytes that were given, fail their checks
  TooLarge,       // the state has more chunks than limits.h allows: snapshot_chunk is too small
  File,           // the file system failed: see `file`
};

struct SnapshotError {
  SnapshotErrorCode code = SnapshotErrorCode::File;
  std::string text;  // one line
  std::optional<FileError> file;
};

template <typename T>
using SnapshotResult = std::expected<T, SnapshotError>;

// One that is being made from rows. One thread.
class SnapshotWriter {
 public:
  // Ascending keys, within the limits of the store (GIRO_CHECK).
  SnapshotResult<void> add(ByteView key, ByteView value);
  // Complete and durable when this returns, if at least one row was added (GIRO_CHECK).
  SnapshotResult<SnapshotManifest> finish(Bytes header);
  SnapshotResult<void> discard();  // what was written, after an error

 private:
  friend class Snapshots;
  SnapshotWriter(FilePort& port, std::string root, std::uint64_t height, std::uint64_t chunk_bytes);
  SnapshotResult<void> write_chunk(ByteView bytes);

  FilePort* port_;
  std::string root_, directory_;
  SnapshotManifest manifest_;
  Bytes buffer_;
  Bytes last_key_;
};

// One that is being fetched. One thread.
class SnapshotDownload {
 public:
  [[nodiscard]] const SnapshotManifest& manifest() const { return manifest_; }
  [[nodiscard]] bool holds(std::uint64_t index) const { return held_.at(index); }
  [[nodiscard]] std::uint64_t missing() const { return missing_; }
  // Durable when it returns. Damaged: not the chunk that the manifest names; nothing was written.
  SnapshotResult<void> put(std::uint64_t index, ByteView bytes);
  // Every chunk is held (GIRO_CHECK): from now on it is a snapshot like one made here.
  SnapshotResult<void> finish();

 private:
  friend class Snapshots;
  SnapshotDownload(FilePort& port, std::string root, SnapshotManifest manifest);

  FilePort* port_;
  std::string root_, directory_;
  SnapshotManifest manifest_;
  std::vector<bool> held_;
  std::uint64_t missing_ = 0;
};

// The directory of them. Const members may be called from any thread, also while another thread
// makes, fetches or removes snapshots: who reads one that goes is answered NotFound or File.
class Snapshots {
 public:
  // Makes the directory, and throws away what a crash left unfinished but a download.
  static SnapshotResult<Snapshots> open(FilePort& port, std::string root);
  // Changes nothing: for looking at those of a node that runs. Const members only.
  [[nodiscard]] static Snapshots view(FilePort& port, std::string root) {
    return Snapshots(port, std::move(root));
  }

  [[nodiscard]] SnapshotResult<std::vector<std::uint64_t>> heights() const;  // ascending
  [[nodiscard]] SnapshotResult<SnapshotManifest> manifest(std::uint64_t height) const;
  // Its bytes, compared with the digest that the manifest has for it.
  [[nodiscard]] SnapshotResult<Bytes> chunk(const SnapshotManifest& manifest,
                                            std::uint64_t index) const;
  // Every row in key order, every chunk checked.
  SnapshotResult<void> read(const SnapshotManifest& manifest,
                            const SnapshotRows::Visit& visit) const;
  [[nodiscard]] SnapshotResult<std::optional<Bytes>> certificate(std::uint64_t height) const;
  // How the set that certifies it came to be: the caller's bytes, whole or Damaged.
  [[nodiscard]] SnapshotResult<std::optional<Bytes>> lineage(std::uint64_t height) const;

  SnapshotResult<SnapshotWriter> create(std::uint64_t height, std::uint64_t chunk_bytes);
  SnapshotResult<void> put_certificate(std::uint64_t height, ByteView bytes);
  SnapshotResult<void> put_lineage(std::uint64_t height, ByteView bytes);
  SnapshotResult<void> remove(std::uint64_t height);

  // Begins to fetch it, or goes on where a download of the same manifest was: every chunk that is
  // there is checked. One of another manifest for that height is thrown away. `certificate` and
  // `lineage` are kept with it.
  SnapshotResult<SnapshotDownload> download(const SnapshotManifest& manifest, ByteView certificate,
                                            ByteView lineage = {});
  // The newest one that was begun, with its certificate; damaged ones are removed.
  [[nodiscard]] SnapshotResult<std::optional<std::pair<SnapshotManifest, Bytes>>> unfinished();
  SnapshotResult<void> drop_downloads();

 private:
  Snapshots(FilePort& port, std::string root) : port_(&port), root_(std::move(root)) {}
  [[nodiscard]] SnapshotResult<std::vector<std::uint64_t>> named(std::string_view suffix) const;

  FilePort* port_;
  std::string root_;
};

}  // namespace giro::storage
