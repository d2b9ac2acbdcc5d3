#include "storage/snapshot.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "crypto/check.h"

namespace giro::storage {
namespace {

constexpr std::string_view kManifest = "manifest";
constexpr std::string_view kCertificate = "certificate";
constexpr std::string_view kLineage = "lineage";  // its SHA-256 first
constexpr std::string_view kNew = ".new";
constexpr std::string_view kPart = ".part";
constexpr std::string_view kOld = ".old";
constexpr std::uint64_t kManifestBytesMax =
    kSnapshotChunksMax * sizeof(crypto::Hash::bytes) + kSnapshotHeaderBytesMax + 128;

using Failure = std::unexpected<SnapshotError>;

Failure fail(FileError error) {
  if (error.code == FileErrorCode::NotFound) {
    return Failure(SnapshotError{SnapshotErrorCode::NotFound, error.text, std::move(error)});
  }
  const auto code =
      error.code == FileErrorCode::TooLarge ? SnapshotErrorCode::Damaged : SnapshotErrorCode::File;
  return Failure(SnapshotError{code, error.text, std::move(error)});
}

Failure damaged(const std::string& path, std::string_view what) {
  return Failure(
      SnapshotError{SnapshotErrorCode::Damaged, path + ": " + std::string(what), std::nullopt});
}

std::string directory_of(const std::string& root, std::uint64_t height,
                         std::string_view suffix = {}) {
  return join_path(root, std::to_string(height) + std::string(suffix));
}

std::string chunk_path(const std::string& directory, std::uint64_t index) {
  std::string name = std::to_string(index);
  name.insert(0, 8 - std::min<std::size_t>(name.size(), 8), '0');
  return join_path(directory, name + ".chunk");
}

// A file that nobody looks at before its directory has its final name.
FileResult<void> write_file(FilePort& port, const std::string& path, ByteView bytes) {
  auto file = port.open(path, OpenMode::Create);
  if (!file) return std::unexpected(file.error());
  if (auto done = (*file)->write(0, bytes); !done) return done;
  return (*file)->sync();
}

// The names inside first, then the directory's own.
// One that was written and one that was downloaded may come to the same height: the first stays.
FileResult<void> publish(FilePort& port, const std::string& root, const std::string& from,
                         const std::string& to) {
  const auto there = port.type(to);
  if (!there) return std::unexpected(there.error());
  if (*there != FileType::None) return remove_tree(port, from);
  if (auto done = port.sync_directory(from); !done) return done;
  if (auto done = port.rename(from, to); !done) return done;
  return port.sync_directory(root);
}

SnapshotResult<SnapshotManifest> read_manifest(FilePort& port, const std::string& directory,
                                               std::uint64_t height) {
  const std::string path = join_path(directory, kManifest);
  const auto bytes = read_whole(port, path, kManifestBytesMax);
  if (!bytes) return fail(bytes.error());
  auto manifest = decode_snapshot_manifest(*bytes);
  if (!manifest) return damaged(path, manifest.error());
  if (manifest->height != height) return damaged(path, "a manifest of another height");
  return std::move(*manifest);
}

FileResult<void> write_lineage(FilePort& port, const std::string& directory, ByteView bytes) {
  GIRO_CHECK(bytes.size() <= kSnapshotLineageBytesMax, bytes.size());
  Bytes whole;
  crypto::Writer(whole).raw(crypto::sha256(bytes)).raw(bytes);
  return write_whole(port, join_path(directory, kLineage), whole);
}

SnapshotResult<Bytes> read_chunk(FilePort& port, const std::string& directory,
                                 const SnapshotManifest& manifest, std::uint64_t index) {
  if (index >= manifest.chunks.size()) {
    return Failure(SnapshotError{SnapshotErrorCode::NotFound, "no such chunk", std::nullopt});
  }
  const std::string path = chunk_path(directory, index);
  auto bytes = read_whole(port, path, manifest.chunk_bytes);
  if (!bytes) return fail(bytes.error());
  if (snapshot_chunk_digest(*bytes) != manifest.chunks[index])
    return damaged(path, "a chunk that is not the one of the manifest");
  return std::move(*bytes);
}

}  // namespace

// ---- SnapshotWriter

SnapshotWriter::SnapshotWriter(FilePort& port, std::string root, std::uint64_t height,
                               std::uint64_t chunk_bytes)
    : port_(&port), root_(std::move(root)), directory_(directory_of(root_, height, kNew)) {
  manifest_.height = height;
  manifest_.chunk_bytes = chunk_bytes;
}

SnapshotResult<void> SnapshotWriter::write_chunk(ByteView bytes) {
  if (manifest_.chunks.size() >= kSnapshotChunksMax) {
    return Failure(SnapshotError{SnapshotErrorCode::TooLarge,
                                 "more chunks than a manifest may have", std::nullopt});
  }
  const auto written = write_file(*port_, chunk_path(directory_, manifest_.chunks.size()), bytes);
  if (!written) return fail(written.error());
  manifest_.chunks.push_back(snapshot_chunk_digest(bytes));
  return {};
}

SnapshotResult<void> SnapshotWriter::add(ByteView key, ByteView value) {
  GIRO_CHECK(!key.empty() && key.size() <= kKeyBytesMax && value.size() <= kValueBytesMax,
             key.size(), value.size());
  GIRO_CHECK(std::ranges::lexicographical_compare(last_key_, key), crypto::to_hex(key));
  last_key_.assign(key.begin(), key.end());
  append_snapshot_row(buffer_, key, value);
  const auto size = static_cast<std::size_t>(manifest_.chunk_bytes);
  std::size_t done = 0;
  for (; buffer_.size() - done >= size; done += size) {
    if (auto written = write_chunk(ByteView(buffer_).subspan(done, size)); !written) return written;
  }
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(done));
  return {};
}

SnapshotResult<SnapshotManifest> SnapshotWriter::finish(Bytes header) {
  GIRO_CHECK(!last_key_.empty() && header.size() <= kSnapshotHeaderBytesMax, header.size());
  if (!buffer_.empty()) {
    if (auto written = write_chunk(buffer_); !written) return Failure(written.error());
  }
  manifest_.header = std::move(header);
  const auto written =
      write_file(*port_, join_path(directory_, kManifest), encode_snapshot_manifest(manifest_));
  if (!written) return fail(written.error());
  const auto done = publish(*port_, root_, directory_, directory_of(root_, manifest_.height));
  if (!done) return fail(done.error());
  return manifest_;
}

SnapshotResult<void> SnapshotWriter::discard() {
  if (const auto gone = remove_tree(*port_, directory_); !gone) return fail(gone.error());
  return {};
}

// ---- SnapshotDownload

SnapshotDownload::SnapshotDownload(FilePort& port, std::string root, SnapshotManifest manifest)
    : port_(&port),
      root_(std::move(root)),
      directory_(directory_of(root_, manifest.height, kPart)),
      manifest_(std::move(manifest)),
      held_(manifest_.chunks.size()),
      missing_(manifest_.chunks.size()) {}

SnapshotResult<void> SnapshotDownload::put(std::uint64_t index, ByteView bytes) {
  const std::string path = chunk_path(directory_, index);
  if (index >= held_.size() || bytes.size() > manifest_.chunk_bytes ||
      snapshot_chunk_digest(bytes) != manifest_.chunks[index]) {
    return damaged(path, "not the chunk that the manifest names");
  }
  if (held_[index]) return {};
  if (const auto written = write_whole(*port_, path, bytes); !written) return fail(written.error());
  held_[index] = true;
  --missing_;
  return {};
}

SnapshotResult<void> SnapshotDownload::finish() {
  GIRO_CHECK(missing_ == 0, missing_);
  const auto done = publish(*port_, root_, directory_, directory_of(root_, manifest_.height));
  if (!done) return fail(done.error());
  return {};
}

// ---- Snapshots

SnapshotResult<Snapshots> Snapshots::open(FilePort& port, std::string root) {
  if (const auto made = make_directories(port, root); !made) return fail(made.error());
  Snapshots snapshots(port, std::move(root));
  for (const std::string_view suffix : {kNew, kOld}) {
    const auto left = snapshots.named(suffix);
    if (!left) return Failure(left.error());
    for (const std::uint64_t height : *left) {
      const auto gone = remove_tree(port, directory_of(snapshots.root_, height, suffix));
      if (!gone) return fail(gone.error());
    }
  }
  return snapshots;
}

SnapshotResult<std::vector<std::uint64_t>> Snapshots::named(std::string_view suffix) const {
  const auto names = port_->list(root_);
  if (!names) return fail(names.error());
  std::vector<std::uint64_t> heights;
  for (const std::string& name : *names) {
    if (!name.ends_with(suffix)) continue;
    const std::string_view number(name.data(), name.size() - suffix.size());
    std::uint64_t height = 0;
    const auto* end = number.data() + number.size();
    const auto parsed = std::from_chars(number.data(), end, height);
    const bool is_canonical =
        parsed.ec == std::errc{} && parsed.ptr == end && std::to_string(height) == number;
    if (is_canonical) heights.push_back(height);
  }
  std::ranges::sort(heights);
  return heights;
}

SnapshotResult<std::vector<std::uint64_t>> Snapshots::heights() const {
  return named({});
}

SnapshotResult<SnapshotManifest> Snapshots::manifest(std::uint64_t height) const {
  return read_manifest(*port_, directory_of(root_, height), height);
}

SnapshotResult<Bytes> Snapshots::chunk(const SnapshotManifest& manifest,
                                       std::uint64_t index) const {
  return read_chunk(*port_, directory_of(root_, manifest.height), manifest, index);
}

SnapshotResult<void> Snapshots::read(const SnapshotManifest& manifest,
                                     const SnapshotRows::Visit& visit) const {
  SnapshotRows rows(visit);
  const std::string directory = directory_of(root_, manifest.height);
  for (std::uint64_t index = 0; index < manifest.chunks.size(); ++index) {
    const auto bytes = read_chunk(*port_, directory, manifest, index);
    if (!bytes) return Failure(bytes.error());
    if (const auto wrong = rows.add(*bytes)) return damaged(chunk_path(directory, index), *wrong);
  }
  if (const auto wrong = rows.finish()) return damaged(directory, *wrong);
  return {};
}

SnapshotResult<std::optional<Bytes>> Snapshots::certificate(std::uint64_t height) const {
  auto bytes = read_whole(*port_, join_path(directory_of(root_, height), kCertificate),
                          kSnapshotCertificateBytesMax);
  if (bytes) return std::optional(std::move(*bytes));
  if (bytes.error().code == FileErrorCode::NotFound) return std::nullopt;
  return fail(bytes.error());
}

SnapshotResult<SnapshotWriter> Snapshots::create(std::uint64_t height, std::uint64_t chunk_bytes) {
  GIRO_CHECK(chunk_bytes >= kSnapshotChunkBytesMin && chunk_bytes <= kSnapshotChunkBytesMax,
             chunk_bytes);
  const auto type = port_->type(directory_of(root_, height));
  if (!type) return fail(type.error());
  if (*type != FileType::None) {
    return Failure(SnapshotError{SnapshotErrorCode::AlreadyExists,
                                 "there is a snapshot of height " + std::to_string(height),
                                 std::nullopt});
  }
  SnapshotWriter writer(*port_, root_, height, chunk_bytes);
  if (const auto gone = remove_tree(*port_, writer.directory_); !gone) return fail(gone.error());
  if (const auto made = port_->create_directory(writer.directory_); !made)
    return fail(made.error());
  return writer;
}

SnapshotResult<void> Snapshots::put_certificate(std::uint64_t height, ByteView bytes) {
  GIRO_CHECK(bytes.size() <= kSnapshotCertificateBytesMax, bytes.size());
  const auto written =
      write_whole(*port_, join_path(directory_of(root_, height), kCertificate), bytes);
  if (!written) return fail(written.error());
  return {};
}

SnapshotResult<void> Snapshots::put_lineage(std::uint64_t height, ByteView bytes) {
  const auto written = write_lineage(*port_, directory_of(root_, height), bytes);
  if (!written) return fail(written.error());
  return {};
}

SnapshotResult<std::optional<Bytes>> Snapshots::lineage(std::uint64_t height) const {
  const std::string path = join_path(directory_of(root_, height), kLineage);
  const auto bytes =
      read_whole(*port_, path, kSnapshotLineageBytesMax + sizeof(crypto::Hash::bytes));
  if (!bytes && bytes.error().code == FileErrorCode::NotFound) return std::nullopt;
  if (!bytes) return fail(bytes.error());
  crypto::Reader reader(*bytes);
  const crypto::Hash digest = reader.hash();
  const ByteView rest = reader.raw(reader.remaining());
  if (!reader.ok() || crypto::sha256(rest) != digest)
    return damaged(path, "its digest is another one");
  return std::optional(crypto::to_bytes(rest));
}

SnapshotResult<void> Snapshots::remove(std::uint64_t height) {
  const std::string from = directory_of(root_, height);
  const std::string to = directory_of(root_, height, kOld);
  if (const auto gone = remove_tree(*port_, to); !gone) return fail(gone.error());
  if (const auto done = port_->rename(from, to); !done) return fail(done.error());
  // Half of it may be gone after a crash: the name must not say any more that it is complete.
  if (const auto done = port_->sync_directory(root_); !done) return fail(done.error());
  if (const auto gone = remove_tree(*port_, to); !gone) return fail(gone.error());
  return {};
}

SnapshotResult<SnapshotDownload> Snapshots::download(const SnapshotManifest& manifest,
                                                     ByteView certificate, ByteView lineage) {
  GIRO_CHECK(certificate.size() <= kSnapshotCertificateBytesMax, certificate.size());
  SnapshotDownload download(*port_, root_, manifest);
  const std::string& directory = download.directory_;
  const auto known = read_manifest(*port_, directory, manifest.height);
  if (known && *known == manifest) {
    for (std::uint64_t index = 0; index < manifest.chunks.size(); ++index) {
      if (!read_chunk(*port_, directory, manifest, index)) continue;
      download.held_[index] = true;
      --download.missing_;
    }
    return download;
  }
  if (const auto gone = remove_tree(*port_, directory); !gone) return fail(gone.error());
  if (const auto made = port_->create_directory(directory); !made) return fail(made.error());
  const auto kept = write_whole(*port_, join_path(directory, kCertificate), certificate);
  if (!kept) return fail(kept.error());
  const auto led = write_lineage(*port_, directory, lineage);
  if (!led) return fail(led.error());
  const auto written =
      write_whole(*port_, join_path(directory, kManifest), encode_snapshot_manifest(manifest));
  if (!written) return fail(written.error());
  if (const auto done = port_->sync_directory(root_); !done) return fail(done.error());
  return download;
}

SnapshotResult<std::optional<std::pair<SnapshotManifest, Bytes>>> Snapshots::unfinished() {
  const auto parts = named(kPart);
  if (!parts) return Failure(parts.error());
  for (auto height = parts->rbegin(); height != parts->rend(); ++height) {
    const std::string directory = directory_of(root_, *height, kPart);
    auto manifest = read_manifest(*port_, directory, *height);
    auto certificate =
        read_whole(*port_, join_path(directory, kCertificate), kSnapshotCertificateBytesMax);
    if (manifest && certificate)
      return std::optional(std::pair(std::move(*manifest), std::move(*certificate)));
    if (const auto gone = remove_tree(*port_, directory); !gone) return fail(gone.error());
  }
  return std::nullopt;
}

SnapshotResult<void> Snapshots::drop_downloads() {
  const auto parts = named(kPart);
  if (!parts) return Failure(parts.error());
  for (const std::uint64_t height : *parts) {
    const auto gone = remove_tree(*port_, directory_of(root_, height, kPart));
    if (!gone) return fail(gone.error());
  }
  return {};
}

}  // namespace giro::storage
