// Snapshots on disk (protocol R31, R34): the same rows give the same bytes; a crash at any call
// leaves a whole one or none; nothing that a disk or a peer holds against them gets through.
#include "storage/snapshot.h"

#include <algorithm>
#include <set>

#include "tests/unit/storage/test_disk.h"

namespace giro::storage::test {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;
constexpr std::uint64_t kChunk = kSnapshotChunkBytesMin;
const std::string kRoot = "data/snapshots";

// Some rows, one of them larger than a chunk.
Rows some_rows() {
  Rows rows;
  for (int i = 0; i < 40; ++i) {
    const std::string key = "k" + std::to_string(1000 + i);
    rows.emplace_back(key,
                      std::string(i == 7 ? 3 * kChunk : 4000, static_cast<char>('a' + i % 26)));
  }
  rows.emplace_back("z", "");
  return rows;
}

SnapshotResult<SnapshotManifest> write_rows(Snapshots& snapshots, std::uint64_t height,
                                            const Rows& rows) {
  auto writer = snapshots.create(height, kChunk);
  if (!writer) return std::unexpected(writer.error());
  for (const auto& [key, value] : rows) {
    if (auto done = writer->add(bytes_of(key), bytes_of(value)); !done)
      return std::unexpected(done.error());
  }
  return writer->finish(bytes_of("header"));
}

Rows read_rows(const Snapshots& snapshots, const SnapshotManifest& manifest) {
  Rows rows;
  const auto done = snapshots.read(manifest, [&](ByteView key, ByteView value) {
    rows.emplace_back(text_of(key), text_of(value));
  });
  EXPECT_TRUE(done) << done.error().text;
  return rows;
}

Snapshots open_in(FilePort& port) {
  auto snapshots = Snapshots::open(port, kRoot);
  EXPECT_TRUE(snapshots) << snapshots.error().text;
  return std::move(*snapshots);
}

TEST(Snapshot, What_was_written_is_read_back) {
  MemoryFilePort port;
  auto snapshots = open_in(port);
  const auto written = write_rows(snapshots, 16, some_rows());
  ASSERT_TRUE(written) << written.error().text;
  EXPECT_GT(written->chunks.size(), 3U);
  EXPECT_EQ(snapshots.heights().value(), std::vector<std::uint64_t>{16});
  const auto manifest = snapshots.manifest(16);
  ASSERT_TRUE(manifest);
  EXPECT_EQ(*manifest, *written);
  EXPECT_EQ(text_of(manifest->header), "header");
  EXPECT_EQ(read_rows(snapshots, *manifest), some_rows());
  for (std::uint64_t i = 0; i + 1 < manifest->chunks.size(); ++i)
    EXPECT_EQ(snapshots.chunk(*manifest, i)->size(), kChunk);
}

TEST(Snapshot, The_same_rows_give_the_same_bytes_wherever_they_are_written) {
  MemoryFilePort memory;
  TemporaryDirectory directory;
  PosixFilePort disk;
  auto here = open_in(memory);
  auto there = Snapshots::open(disk, directory.path() + "/snapshots");
  ASSERT_TRUE(there);
  const auto first = write_rows(here, 16, some_rows());
  const auto second = write_rows(*there, 16, some_rows());
  ASSERT_TRUE(first && second);
  EXPECT_EQ(encode_snapshot_manifest(*first), encode_snapshot_manifest(*second));
  // The bytes are written down: a change of the format must be meant.
  Bytes row;
  append_snapshot_row(row, bytes_of("k"), bytes_of("vv"));
  EXPECT_EQ(crypto::to_hex(row), "00000001000000026b7676");
}

TEST(Snapshot, A_certificate_stands_beside_it_and_removing_takes_both) {
  MemoryFilePort port;
  auto snapshots = open_in(port);
  ASSERT_TRUE(write_rows(snapshots, 16, some_rows()));
  EXPECT_EQ(snapshots.certificate(16).value(), std::nullopt);
  ASSERT_TRUE(snapshots.put_certificate(16, bytes_of("signed")));
  EXPECT_EQ(snapshots.certificate(16).value(), bytes_of("signed"));
  EXPECT_EQ(write_rows(snapshots, 16, some_rows()).error().code, SnapshotErrorCode::AlreadyExists);
  ASSERT_TRUE(snapshots.remove(16));
  EXPECT_TRUE(snapshots.heights()->empty());
  EXPECT_EQ(snapshots.manifest(16).error().code, SnapshotErrorCode::NotFound);
}

TEST(Snapshot, R18_its_lineage_comes_back_whole_or_as_damaged) {
  MemoryFilePort port;
  auto snapshots = open_in(port);
  ASSERT_TRUE(write_rows(snapshots, 16, some_rows()));
  EXPECT_EQ(snapshots.lineage(16).value(), std::nullopt);
  for (const std::string text : {"", "one change", "two changes"}) {
    ASSERT_TRUE(snapshots.put_lineage(16, bytes_of(text)));
    EXPECT_EQ(snapshots.lineage(16).value(), bytes_of(text));
  }
  const std::string path = std::string(kRoot) + "/16/lineage";
  auto bytes = read_whole(port, path, 1'000).value();
  bytes.back() ^= std::byte{1};
  ASSERT_TRUE(write_whole(port, path, bytes));
  EXPECT_EQ(snapshots.lineage(16).error().code, SnapshotErrorCode::Damaged);
  ASSERT_TRUE(write_whole(port, path, ByteView(bytes).first(20)));
  EXPECT_EQ(snapshots.lineage(16).error().code, SnapshotErrorCode::Damaged);
}

// Stops the disk at one of its calls, as `crash` says.
void stop_at(MemoryFilePort& port, std::uint64_t call, const Crash& crash) {
  port.set_faults([&port, call, crash, count = std::uint64_t{0}](
                      FileOperation, std::string_view) mutable -> std::optional<FileFault> {
    if (count < call) return ++count, std::nullopt;
    if (count++ == call) port.crash(crash);
    return FileFault{};
  });
}

TEST(Snapshot, A_crash_at_any_call_leaves_a_whole_one_or_none) {
  const Rows rows = some_rows();
  bool is_done = false;
  for (std::uint64_t stop = 0; !is_done; ++stop) {
    for (const auto& crash : {Crash::lose_unsynced(), Crash::keep_unsynced(), Crash::process_only(),
                              Crash::shuffle(stop)}) {
      MemoryFilePort port;
      {
        auto before = open_in(port);
        ASSERT_TRUE(write_rows(before, 16, {{"a", "1"}}));
      }
      stop_at(port, stop, crash);
      bool is_promised = false;
      if (auto snapshots = Snapshots::open(port, kRoot)) {
        is_promised = write_rows(*snapshots, 32, rows).has_value();
        is_done = is_promised && snapshots->put_certificate(32, bytes_of("signed")) &&
                  snapshots->remove(16);
      }
      port.set_faults({});
      auto after = open_in(port);
      const auto heights = after.heights().value();
      EXPECT_TRUE(!is_promised || std::ranges::count(heights, 32U) == 1) << stop;
      for (const std::uint64_t height : heights) {
        const auto manifest = after.manifest(height);
        ASSERT_TRUE(manifest) << stop << ' ' << manifest.error().text;
        EXPECT_EQ(read_rows(after, *manifest), height == 32 ? rows : Rows({{"a", "1"}})) << stop;
        const auto certificate = after.certificate(height);
        ASSERT_TRUE(certificate) << stop;
        EXPECT_EQ(certificate->value_or(bytes_of("signed")), bytes_of("signed")) << stop;
      }
      EXPECT_EQ(port.list(kRoot)->size(), heights.size()) << "nothing is left lying about";
    }
  }
}

TEST(Snapshot, A_download_takes_only_what_the_manifest_names_and_goes_on_after_a_crash) {
  MemoryFilePort source_port;
  auto source = open_in(source_port);
  const auto manifest = write_rows(source, 16, some_rows());
  ASSERT_TRUE(manifest);
  const std::uint64_t count = manifest->chunks.size();
  for (std::uint64_t stop = 0; stop < 60; ++stop) {
    MemoryFilePort port;
    stop_at(port, stop, Crash::shuffle(stop));
    std::set<std::uint64_t> promised;
    if (auto snapshots = Snapshots::open(port, kRoot)) {
      if (auto download = snapshots->download(*manifest, bytes_of("signed"))) {
        for (std::uint64_t i = 0; i < count; ++i) {
          if (download->put(i, *source.chunk(*manifest, i))) promised.insert(i);
        }
        if (download->missing() == 0) (void)download->finish();
      }
    }
    port.set_faults({});
    auto snapshots = open_in(port);
    if (snapshots.heights()->empty()) {
      const auto left = snapshots.unfinished();
      ASSERT_TRUE(left) << stop;
      if (!promised.empty()) {
        ASSERT_TRUE(*left) << stop;
        EXPECT_EQ((**left).first, *manifest);
        EXPECT_EQ((**left).second, bytes_of("signed"));
      }
      auto download = snapshots.download(*manifest, bytes_of("signed"));
      ASSERT_TRUE(download) << stop << ' ' << download.error().text;
      for (const std::uint64_t i : promised) EXPECT_TRUE(download->holds(i)) << stop;
      for (std::uint64_t i = 0; i < count; ++i) {
        ASSERT_TRUE(download->put(i, *source.chunk(*manifest, i)));
      }
      EXPECT_EQ(download->missing(), 0U);
      ASSERT_TRUE(download->finish());
    }
    EXPECT_EQ(read_rows(snapshots, *manifest), some_rows()) << stop;
    EXPECT_EQ(snapshots.certificate(16).value(), bytes_of("signed"));
  }
}

TEST(Snapshot, B43_a_poisoned_chunk_is_refused_and_leaves_nothing) {
  MemoryFilePort port;
  auto snapshots = open_in(port);
  const auto manifest = write_rows(snapshots, 16, some_rows());
  ASSERT_TRUE(manifest);
  MemoryFilePort other_port;
  auto other = open_in(other_port);
  auto download = other.download(*manifest, {});
  ASSERT_TRUE(download);
  const Bytes good = *snapshots.chunk(*manifest, 0);
  for (const std::size_t at : {std::size_t{0}, good.size() / 2, good.size() - 1}) {
    Bytes bad = good;
    bad[at] ^= std::byte{1};
    EXPECT_EQ(download->put(0, bad).error().code, SnapshotErrorCode::Damaged);
  }
  EXPECT_FALSE(download->put(0, ByteView(good).first(good.size() - 1)));
  EXPECT_FALSE(download->put(1, good)) << "the right bytes in another place";
  EXPECT_FALSE(download->put(manifest->chunks.size(), good));
  EXPECT_FALSE(download->put(UINT64_MAX, good));
  EXPECT_EQ(download->missing(), manifest->chunks.size());
  EXPECT_TRUE(download->put(0, good));
  EXPECT_TRUE(download->put(0, good)) << "twice is once";
  EXPECT_EQ(download->missing(), manifest->chunks.size() - 1);
}

TEST(Snapshot, B43_another_manifest_for_the_height_begins_anew) {
  MemoryFilePort port;
  auto snapshots = open_in(port);
  MemoryFilePort source_port;
  auto source = open_in(source_port);
  const auto first = write_rows(source, 16, some_rows());
  ASSERT_TRUE(first);
  auto begun = snapshots.download(*first, bytes_of("one"));
  ASSERT_TRUE(begun && begun->put(0, *source.chunk(*first, 0)));
  SnapshotManifest second = *first;
  second.chunks[1].bytes[0] ^= std::byte{1};
  auto again = snapshots.download(second, bytes_of("two"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->missing(), second.chunks.size()) << "nothing of the first is mixed in";
  EXPECT_EQ(snapshots.unfinished().value()->second, bytes_of("two"));
  ASSERT_TRUE(snapshots.drop_downloads());
  EXPECT_EQ(snapshots.unfinished().value(), std::nullopt);
}

TEST(Snapshot, Rot_is_found_wherever_it_is) {
  MemoryFilePort port;
  auto snapshots = open_in(port);
  const auto manifest = write_rows(snapshots, 16, some_rows());
  ASSERT_TRUE(manifest);
  const std::string chunk = kRoot + "/16/00000001.chunk";
  port.rot(chunk, 17, std::byte{4});
  EXPECT_EQ(snapshots.chunk(*manifest, 1).error().code, SnapshotErrorCode::Damaged);
  EXPECT_FALSE(snapshots.read(*manifest, [](ByteView, ByteView) {}));
  const std::string path = kRoot + "/16/manifest";
  const std::size_t size = read_file(port, path).size();
  for (std::size_t at = 0; at < size; ++at) {
    port.rot(path, at, std::byte{1});
    EXPECT_EQ(snapshots.manifest(16).error().code, SnapshotErrorCode::Damaged) << at;
    port.rot(path, at, std::byte{1});
  }
  EXPECT_TRUE(snapshots.manifest(16));
}

TEST(Snapshot, Sizes_that_a_manifest_claims_are_not_believed) {
  SnapshotManifest manifest{16, kChunk, bytes_of("header"), {crypto::Hash{}}};
  const Bytes good = encode_snapshot_manifest(manifest);
  ASSERT_TRUE(decode_snapshot_manifest(good));
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(decode_snapshot_manifest(ByteView(good).first(size))) << size;
  // Also under a right check, which anybody can make.
  const auto refused = [](const SnapshotManifest& claimed) {
    return !decode_snapshot_manifest(encode_snapshot_manifest(claimed)).has_value();
  };
  for (const std::uint64_t bytes : {std::uint64_t{0}, kChunk - 1, kSnapshotChunkBytesMax + 1}) {
    manifest.chunk_bytes = bytes;
    EXPECT_TRUE(refused(manifest)) << bytes;
  }
  manifest.chunk_bytes = kSnapshotChunkBytesMax;
  EXPECT_FALSE(refused(manifest));
  manifest.chunks.clear();
  EXPECT_TRUE(refused(manifest));
  manifest.chunks.resize(kSnapshotChunksMax);
  EXPECT_FALSE(refused(manifest));
  manifest.chunks.resize(kSnapshotChunksMax + 1);
  EXPECT_TRUE(refused(manifest));
  manifest.chunks.resize(1);
  manifest.header.resize(kSnapshotHeaderBytesMax + 1);
  EXPECT_TRUE(refused(manifest));
}

std::optional<std::string_view> fault_of(const Bytes& stream, std::size_t piece) {
  SnapshotRows rows([](ByteView, ByteView) {});
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    const std::size_t size = std::min(piece, stream.size() - at);
    if (const auto wrong = rows.add(ByteView(stream).subspan(at, size))) return wrong;
  }
  return rows.finish();
}

TEST(Snapshot, Hostile_rows_are_refused_however_they_are_cut) {
  Bytes good;
  append_snapshot_row(good, bytes_of("a"), bytes_of("1"));
  append_snapshot_row(good, bytes_of("b"), {});
  for (std::size_t piece = 1; piece <= good.size(); ++piece) {
    EXPECT_EQ(fault_of(good, piece), std::nullopt) << piece;
    Bytes twice = good;
    append_snapshot_row(twice, bytes_of("b"), {});
    EXPECT_NE(fault_of(twice, piece), std::nullopt) << "a key that does not rise";
    Bytes cut = good;
    cut.pop_back();
    EXPECT_NE(fault_of(cut, piece), std::nullopt) << "a row that is cut short";
    Bytes nameless = good;
    append_snapshot_row(nameless, {}, {});
    EXPECT_NE(fault_of(nameless, piece), std::nullopt) << "a row without a key";
    for (const auto& [key_bytes, value_bytes] :
         {std::pair(std::uint32_t{UINT32_MAX}, std::uint32_t{0}),
          std::pair(std::uint32_t{1}, std::uint32_t{UINT32_MAX})}) {
      Bytes huge = good;
      crypto::Writer(huge).u32(key_bytes).u32(value_bytes);
      EXPECT_NE(fault_of(huge, piece), std::nullopt) << "a size beyond the limits";
    }
  }
}

}  // namespace
}  // namespace giro::storage::test
