// The log under crashes, tears, rot and lost names: what sync() promised is there unaltered, or
// damage is told.
#include <map>
#include <set>

#include "storage/log.h"
#include "storage/log_format.h"
#include "test_disk.h"

namespace giro::storage::test {
namespace {

constexpr const char* kDirectory = "/log";

LogOptions small_segments() {
  LogOptions options;
  options.segment_bytes = kLogSegmentBytesMin;
  options.salt = LogSalt{std::byte{42}};
  return options;
}

std::string segment_path(std::uint64_t first) {
  return join_path(kDirectory, segment_name(first));
}

std::uint64_t scramble(std::uint64_t value) {
  value = (value ^ (value >> 31)) * 0x7fb5d329728ea185ULL;
  value = (value ^ (value >> 27)) * 0x81dadef4bc2dd44dULL;
  return value ^ (value >> 33);
}

// A payload that no other (position, life) has, of 0 to 700 bytes, some of them zeros; now and
// then, and at the very start, one that no ordinary segment holds.
Bytes payload_of(std::uint64_t position, std::uint64_t life) {
  const auto seed = scramble(position * 1000 + life);
  Bytes bytes(seed % 5 == 0 ? seed % 701 : seed % 90);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto drawn = scramble(seed + i);
    bytes[i] = drawn % 3 == 0 ? std::byte{0} : static_cast<std::byte>(drawn >> 8);
  }
  return bytes;
}

std::vector<std::string> names_in(FilePort& port) {
  auto names = port.list(kDirectory);
  EXPECT_TRUE(names);
  return names.value_or(std::vector<std::string>{});
}

using Records = std::map<std::uint64_t, Bytes>;

std::expected<Log, LogError> open_into(FilePort& port, Records& records) {
  records.clear();
  return Log::open(port, kDirectory, small_segments(), [&records](const LogRecord& record) {
    records[record.position.value] = crypto::to_bytes(record.payload);
  });
}

// What a node knows: what sync() promised, and what it appended without having that promise yet.
struct Memory {
  Records promised;
  Records pending;
  std::uint64_t cut_at_most = 1;
  std::uint64_t life = 0;
  bool has_large =
      false;  // now and then, and at the very start, a record that no ordinary segment holds

  void append(Log& log) {
    const auto position = log.next().value;
    auto& payload = pending[position] = payload_of(position, life);
    if (has_large && position % 32 == 1) payload.resize(kLogSegmentBytesMin + position);
    EXPECT_EQ(log.append(RecordType{1}, pending[position]), LogPosition{position});
  }
  bool sync(Log& log) {
    if (!log.sync()) return false;
    promised.merge(pending);
    pending.clear();
    return true;
  }
  bool cut(Log& log, std::uint64_t position) {
    cut_at_most = std::max(cut_at_most, position);
    return log.cut({position}).has_value();
  }

  // What a log shows after a crash: everything promised and not cut; of what was pending all or
  // nothing.
  void check(const Records& found, const Log& log) const {
    const auto first = log.first().value;
    ASSERT_LE(first, cut_at_most);
    for (const auto& [position, payload] : promised) {
      if (position < first) continue;
      const auto it = found.find(position);
      ASSERT_TRUE(it != found.end()) << "lost " << position;
      ASSERT_EQ(it->second, payload) << "altered " << position;
    }
    std::size_t beyond = 0;
    for (const auto& [position, payload] : found) {
      if (promised.contains(position)) continue;
      ++beyond;
      const auto it = pending.find(position);
      ASSERT_TRUE(it != pending.end()) << "made up " << position;
      ASSERT_EQ(it->second, payload);
    }
    ASSERT_TRUE(beyond == 0 || beyond == pending.size()) << "half a group";
    // Records of an interrupted cut may be shown before they go.
    ASSERT_EQ(log.durable().value, found.empty() ? first - 1 : found.rbegin()->first);
    ASSERT_EQ(log.opened().records, log.next().value - first);
  }

  // A new life begins with what the log showed.
  void restart(const Records& found) {
    for (const auto& [position, payload] : found) promised[position] = payload;
    pending.clear();
    ++life;
  }
};

// Turns of records with rolls and cuts; false as soon as the disk fails.
bool work(Log& log, Memory& memory, int turns) {
  for (int turn = 0; turn < turns; ++turn) {
    for (std::uint64_t i = 0; i <= scramble(log.next().value) % 4; ++i) memory.append(log);
    if (!memory.sync(log)) return false;
    const auto end = log.next().value;
    if (turn % 9 == 8 && end > 20 && !memory.cut(log, end - 20)) return false;
  }
  return true;
}

// Stops the machine at the `stop`th call from now on, in the way of `crash`.
void stop_at(MemoryFilePort& port, std::uint64_t stop, const Crash& crash) {
  port.set_faults([&port, stop, crash, calls = std::uint64_t{0}](
                      FileOperation, std::string_view) mutable -> std::optional<FileFault> {
    if (calls++ < stop) return std::nullopt;
    if (calls == stop + 1) port.crash(crash);
    return FileFault{};
  });
}

std::vector<Crash> all_crashes(std::uint64_t seed) {
  return {Crash::lose_unsynced(), Crash::keep_unsynced(), Crash::process_only(),
          Crash::shuffle(seed * 2), Crash::shuffle(seed * 2 + 1)};
}

// Opens, checks and goes on for a while; then the machine loses everything unsynced, and it is
// checked again.
void expect_recovers(MemoryFilePort& port, Memory memory) {
  Records found;
  for (int again = 0; again < 2; ++again) {
    auto log = open_into(port, found);
    ASSERT_TRUE(log) << log.error().segment << ' ' << log.error().offset << ' ' << log.error().text;
    memory.check(found, *log);
    if (::testing::Test::HasFatalFailure()) return;
    memory.restart(found);
    if (again == 0) {
      ASSERT_TRUE(work(*log, memory, 3));
    }
    port.crash(Crash::lose_unsynced());
  }
}

TEST(LogCrash, A_crash_at_any_call_loses_nothing_that_was_promised) {
  for (std::uint64_t stop = 0;; ++stop) {
    for (const auto& crash : all_crashes(stop)) {
      MemoryFilePort port;
      Memory memory;
      memory.has_large = true;
      stop_at(port, stop, crash);
      bool is_done = false;
      {
        Records found;
        auto log = open_into(port, found);
        is_done = log && work(*log, memory, 30);
      }
      if (is_done) {
        EXPECT_GT(stop, 100U);
        return;
      }
      port.set_faults({});
      expect_recovers(port, memory);
      ASSERT_FALSE(HasFatalFailure()) << "stop " << stop;
    }
  }
}

TEST(LogCrash, A_second_crash_at_any_call_of_the_recovery_loses_nothing_either) {
  for (std::uint64_t stop = 20; stop < 140; stop += 8) {
    for (const auto& crash : all_crashes(stop)) {
      MemoryFilePort port;
      Memory memory;
      memory.has_large = true;
      stop_at(port, stop, crash);
      {
        Records found;
        auto log = open_into(port, found);
        if (log) work(*log, memory, 60);
      }
      port.set_faults({});
      bool is_done = false;
      for (std::uint64_t second = 0; !is_done; ++second) {
        for (const auto& again :
             {Crash::lose_unsynced(), Crash::process_only(), Crash::shuffle(second + stop)}) {
          const auto disk = port.clone();
          stop_at(*disk, second, again);
          Records found;
          is_done = open_into(*disk, found).has_value();
          disk->set_faults({});
          if (is_done) break;
          expect_recovers(*disk, memory);
          ASSERT_FALSE(HasFatalFailure()) << stop << ' ' << second;
        }
      }
    }
  }
}

// Three synced groups and a fourth that was written but not synced.
class UnsyncedGroup : public ::testing::Test {
 protected:
  MemoryFilePort port_;
  std::unique_ptr<MemoryFilePort>
      at_sync_;  // the disk at the moment when the fourth group would be synced
  Memory memory_;
  std::uint64_t group_start_ = 0;
  std::uint64_t group_end_ = 0;

  void SetUp() override {
    Records found;
    auto log = open_into(port_, found);
    ASSERT_TRUE(log);
    for (int group = 0; group < 3; ++group) {
      for (int i = 0; i < 3; ++i) memory_.append(*log);
      ASSERT_TRUE(memory_.sync(*log));
    }
    group_start_ = written_end(port_) - kFrameBytes;  // over the seal
    for (int i = 0; i < 6; ++i) memory_.append(*log);
    port_.set_faults([this](FileOperation operation, std::string_view) -> std::optional<FileFault> {
      if (operation == FileOperation::Sync) at_sync_ = port_.clone();
      return operation == FileOperation::Sync ? std::optional(FileFault{}) : std::nullopt;
    });
    ASSERT_FALSE(log->sync());
    group_end_ = written_end(*at_sync_);
    ASSERT_GT(group_end_, group_start_ + 512);
  }

  static std::uint64_t written_end(MemoryFilePort& port) {
    auto bytes = read_file(port, segment_path(1));
    while (bytes.back() == std::byte{0}) bytes.pop_back();
    return align_log(bytes.size());
  }
};

TEST_F(UnsyncedGroup, Torn_at_every_byte_is_cut_or_kept_whole) {
  for (auto at = group_start_; at <= group_end_; ++at) {
    for (const auto& crash : {Crash::tear_at(at), Crash::tear_before(at)}) {
      const auto disk = at_sync_->clone();
      disk->crash(crash);
      expect_recovers(*disk, memory_);
      ASSERT_FALSE(HasFatalFailure()) << at;
    }
  }
}

TEST_F(UnsyncedGroup, Persisted_in_any_order_of_sectors_is_cut_or_kept_whole) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const auto disk = at_sync_->clone();
    disk->crash(Crash::shuffle(seed));
    expect_recovers(*disk, memory_);
    ASSERT_FALSE(HasFatalFailure()) << seed;
  }
}

TEST_F(UnsyncedGroup, Persisted_in_any_mix_of_bytes_is_cut_or_kept_whole) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const auto disk = at_sync_->clone();
    auto crash = Crash::keep_unsynced();
    crash.keeps_byte = [seed](std::string_view, std::uint64_t offset) {
      return scramble(seed * 100'000 + offset / (1 + seed % 40)) % 3 != 0;
    };
    disk->crash(crash);
    expect_recovers(*disk, memory_);
    ASSERT_FALSE(HasFatalFailure()) << seed;
  }
}

TEST_F(UnsyncedGroup, A_torn_tail_is_told_with_its_place_and_size) {
  at_sync_->crash(Crash::tear_at(group_start_ + 200));
  Records found;
  {
    const auto log = open_into(*at_sync_, found);
    ASSERT_TRUE(log);
    ASSERT_TRUE(log->opened().torn);
    EXPECT_EQ(log->opened().torn->segment, segment_name(1));
    EXPECT_EQ(log->opened().torn->offset, group_start_);
    EXPECT_LE(log->opened().torn->bytes, 200U);
    EXPECT_GT(log->opened().torn->bytes, 64U);
  }
  const auto log = open_into(*at_sync_, found);
  ASSERT_TRUE(log);
  EXPECT_FALSE(log->opened().torn);
}

// The process died after a failed sync, the page cache still shows the group, the disk does not
// have it.
TEST_F(UnsyncedGroup, Shown_from_the_cache_after_a_failed_sync_it_is_made_durable_first) {
  port_.set_faults({});
  port_.crash(Crash::process_only());
  Records found;
  {
    const auto log = open_into(port_, found);
    ASSERT_TRUE(log);
    EXPECT_EQ(found.size(), 15U);
  }
  port_.crash(Crash::lose_unsynced());
  ASSERT_TRUE(open_into(port_, found));
  EXPECT_EQ(found.size(), 15U);
}

// Synced groups over two segments, the last one with its seal.
class SyncedLog : public ::testing::Test {
 protected:
  MemoryFilePort port_;
  Memory memory_;
  std::uint64_t newest_ = 0;

  void SetUp() override {
    Records found;
    auto log = open_into(port_, found);
    ASSERT_TRUE(log);
    while (log->used_bytes() < 4 * kLogSegmentBytesMin) {
      for (int i = 0; i < 3; ++i) memory_.append(*log);
      ASSERT_TRUE(memory_.sync(*log));
    }
    for (int i = 0; i < 3; ++i) memory_.append(*log);
    ASSERT_TRUE(memory_.sync(*log));
    for (const auto& name : names_in(port_)) newest_ = *parse_segment_name(name);
    port_.crash(Crash::keep_unsynced());
  }

  static Bytes image(MemoryFilePort& port, std::uint64_t first) {
    return read_file(port, segment_path(first));
  }

  // One sector that holds the seal and the end of the group before it can take both: that is a
  // torn tail to whoever has only the log. Nothing before that group may go.
  [[nodiscard]] Memory memory_but_the_last_group() const {
    Memory memory = memory_;
    for (int i = 0; i < 3; ++i) {
      memory.pending.insert(memory.promised.extract(std::prev(memory.promised.end())));
    }
    return memory;
  }

  static std::uint64_t written_end(const Bytes& bytes) {
    auto end = bytes.size();
    while (bytes[end - 1] == std::byte{0}) --end;
    return align_log(end);
  }

  // Opens a spoiled copy: everything promised, or Damaged with nothing changed. Gives whether it
  // was Damaged.
  bool is_damaged(MemoryFilePort& disk) const { return is_damaged(disk, memory_); }

  static bool is_damaged(MemoryFilePort& disk, const Memory& memory) {
    std::map<std::string, Bytes> before;
    for (const auto& name : names_in(disk)) {
      before[name] = read_file(disk, join_path(kDirectory, name));
    }
    Records found;
    const auto log = open_into(disk, found);
    if (log) {
      memory.check(found, *log);
      return false;
    }
    EXPECT_EQ(log.error().code, LogErrorCode::Damaged) << log.error().text;
    EXPECT_FALSE(log.error().text.empty());
    for (const auto& [name, bytes] : before) {
      EXPECT_EQ(read_file(disk, join_path(kDirectory, name)), bytes);
    }
    EXPECT_EQ(names_in(disk).size(), before.size());
    return true;
  }
};

TEST_F(SyncedLog, A_flip_of_any_byte_of_any_segment_is_told_or_harms_nothing) {
  for (const auto& name : names_in(port_)) {
    const auto first = *parse_segment_name(name);
    const auto bytes = image(port_, first);
    const auto end = written_end(bytes);
    const std::uint64_t step = bytes.size() == kLogSegmentBytesMin ? 1 : 7;
    std::uint64_t tried = 0;
    std::uint64_t damaged = 0;
    for (std::uint64_t at = 0; at < bytes.size(); at += at < end + 64 ? step : 61) {
      const auto disk = port_.clone();
      disk->rot(segment_path(first), at, at % 2 == 0 ? std::byte{0xFF} : std::byte{1});
      damaged += is_damaged(*disk) ? 1 : 0;
      tried += at < end ? 1 : 0;
      ASSERT_FALSE(HasFatalFailure()) << name << ' ' << at;
    }
    // Not told: the unused rest of headers, the padding of groups, the seal and the zeros behind
    // it.
    EXPECT_GT(damaged, tried * 3 / 5) << name;
  }
}

TEST_F(SyncedLog, A_flip_in_the_last_group_is_told_while_its_seal_stands) {
  const auto bytes = image(port_, newest_);
  auto end = bytes.size();
  while (bytes[end - 1] == std::byte{0}) --end;
  const auto seal = align_log(end) - kFrameBytes;
  for (auto at = seal - 100; at < align_log(end); ++at) {
    const auto disk = port_.clone();
    disk->rot(segment_path(newest_), at, std::byte{4});
    const bool is_padding = at < seal && bytes[at] == std::byte{0} && at + 64 > seal;
    if (!is_padding) {
      EXPECT_EQ(is_damaged(*disk), at < seal) << at << " of " << seal;
    }
  }
}

TEST_F(SyncedLog, A_sector_that_reads_as_zeros_is_told) {
  for (const auto& name : names_in(port_)) {
    const auto first = *parse_segment_name(name);
    const auto bytes = image(port_, first);
    const auto seal_sector =
        first == newest_ ? (written_end(bytes) - kFrameBytes) / 512 * 512 : bytes.size();
    const auto memory_at_seal = memory_but_the_last_group();
    for (std::uint64_t sector = 0; sector < bytes.size(); sector += 512) {
      const auto disk = port_.clone();
      for (std::uint64_t at = sector; at < sector + 512; ++at) {
        disk->rot(segment_path(first), at, bytes[at]);
      }
      (void)is_damaged(*disk, sector == seal_sector ? memory_at_seal : memory_);
      ASSERT_FALSE(HasFatalFailure()) << name << ' ' << sector;
    }
  }
}

TEST_F(SyncedLog, A_file_cut_at_any_length_is_told) {
  const auto size = image(port_, newest_).size();
  for (std::uint64_t length = 0; length < size; length += 13) {
    const auto disk = port_.clone();
    ASSERT_TRUE((*disk->open(segment_path(newest_), OpenMode::Write))->truncate(length));
    ASSERT_TRUE(is_damaged(*disk)) << length;
  }
  for (const auto length : {size - 512, size - 1, size + 1}) {
    const auto disk = port_.clone();
    ASSERT_TRUE((*disk->open(segment_path(newest_), OpenMode::Write))->truncate(length));
    EXPECT_TRUE(is_damaged(*disk)) << length;
  }
}

TEST_F(SyncedLog, A_missing_segment_is_told) {
  const auto names = names_in(port_);
  ASSERT_GE(names.size(), 3U);
  for (std::size_t i = 0; i + 1 < names.size(); ++i) {
    const auto disk = port_.clone();
    ASSERT_TRUE(disk->remove(join_path(kDirectory, names[i])));
    EXPECT_TRUE(is_damaged(*disk)) << names[i];
  }
}

TEST_F(SyncedLog, Segments_of_another_place_or_another_log_are_told) {
  const auto names = names_in(port_);
  auto disk = port_.clone();
  const auto copy = image(*disk, *parse_segment_name(names[0]));
  write_file(*disk, join_path(kDirectory, names[1]), copy);
  EXPECT_TRUE(is_damaged(*disk));

  disk = port_.clone();
  write_file(*disk, segment_path(newest_ + 1000), copy);
  EXPECT_TRUE(is_damaged(*disk));

  // The same history under another salt.
  MemoryFilePort other;
  auto options = small_segments();
  options.salt = LogSalt{std::byte{43}};
  {
    auto log = Log::open(other, kDirectory, options, [](const auto&) {});
    ASSERT_TRUE(log);
    Memory memory;
    while (log->used_bytes() < 4 * kLogSegmentBytesMin) {
      for (int i = 0; i < 3; ++i) memory.append(*log);
      ASSERT_TRUE(memory.sync(*log));
    }
  }
  disk = port_.clone();
  write_file(*disk, join_path(kDirectory, names[1]),
             read_file(other, join_path(kDirectory, names[1])));
  EXPECT_TRUE(is_damaged(*disk));
}

// A block written to the wrong place, or an old one that was never overwritten.
TEST_F(SyncedLog, Bytes_of_another_place_are_never_taken_for_records) {
  const auto source = image(port_, 1);
  const auto size = image(port_, newest_).size();
  const auto seal_sector = (written_end(image(port_, newest_)) - kFrameBytes) / 512 * 512;
  const auto memory_at_seal = memory_but_the_last_group();
  for (std::uint64_t to = 0; to + 512 <= size; to += 512) {
    for (std::uint64_t from = 0; from + 512 <= source.size(); from += 512) {
      const auto disk = port_.clone();
      auto file = disk->open(segment_path(newest_), OpenMode::Write);
      ASSERT_TRUE((*file)->write(to, ByteView(source).subspan(from, 512)));
      (void)is_damaged(*disk, to == seal_sector ? memory_at_seal : memory_);
      ASSERT_FALSE(HasFatalFailure()) << from << " to " << to;
    }
  }
}

// The rest of the newest segment is full of groups of an older one, as if its blocks had been
// recycled.
TEST_F(SyncedLog, Recycled_bytes_behind_the_end_are_cut_and_never_come_back) {
  const auto source = image(port_, 1);
  auto bytes = image(port_, newest_);
  auto end = bytes.size();
  while (bytes[end - 1] == std::byte{0}) --end;
  end = align_log(end);
  const auto stale = ByteView(source).subspan(end, source.size() - end);
  write_file(port_, segment_path(newest_), {});
  ASSERT_TRUE((*port_.open(segment_path(newest_), OpenMode::Write))->write(end, stale));
  {
    Records found;
    const auto log = open_into(port_, found);
    ASSERT_TRUE(log) << log.error().text;
    memory_.check(found, *log);
    ASSERT_TRUE(log->opened().torn);
    EXPECT_EQ(log->opened().torn->offset, end);
  }
  expect_recovers(port_, memory_);
}

// A peer's batch is made of copies of this log's own frames, at every alignment. Torn, it must not
// pass for damage.
TEST(LogAttack, A_payload_of_copied_frames_does_not_turn_a_torn_tail_into_damage) {
  MemoryFilePort port;
  Memory memory;
  Records found;
  auto log = open_into(port, found);
  ASSERT_TRUE(log);
  for (int i = 0; i < 4; ++i) {
    memory.append(*log);
    ASSERT_TRUE(memory.sync(*log));
  }
  const auto history = read_file(port, segment_path(1));
  Bytes payload;
  for (std::uint64_t shift = 0; shift < 64; shift += 4) {
    payload.resize(payload.size() + shift);
    const auto frames = ByteView(history).first(1024);
    payload.insert(payload.end(), frames.begin(), frames.end());
  }
  std::unique_ptr<MemoryFilePort> at_sync;
  port.set_faults([&](FileOperation operation, std::string_view) -> std::optional<FileFault> {
    if (operation == FileOperation::Sync) at_sync = port.clone();  // the last one is the group's
    return std::nullopt;
  });
  memory.pending[log->next().value] = payload;
  log->append(RecordType{1}, payload);
  ASSERT_TRUE(log->sync());
  ASSERT_TRUE(at_sync);
  for (std::uint64_t at = 0; at < payload.size() + 400; at += 121) {
    for (const auto& crash : {Crash::tear_at(at), Crash::tear_before(at)}) {
      const auto disk = at_sync->clone();
      disk->crash(crash);
      expect_recovers(*disk, memory);
      ASSERT_FALSE(::testing::Test::HasFatalFailure()) << at;
    }
  }
}

TEST(LogQuarantine, A_damaged_log_is_set_aside_and_a_new_one_begins) {
  MemoryFilePort port;
  Memory memory;
  Records found;
  {
    auto log = open_into(port, found);
    ASSERT_TRUE(log);
    ASSERT_TRUE(work(*log, memory, 5));
  }
  port.rot(segment_path(1), kSegmentHeaderBytes + 10, std::byte{1});
  ASSERT_EQ(open_into(port, found).error().code, LogErrorCode::Damaged);
  const auto aside = quarantine(port, kDirectory, "/quarantine");
  ASSERT_TRUE(aside);
  EXPECT_EQ(*aside, "/quarantine/1");
  EXPECT_EQ(port.type(join_path(*aside, segment_name(1))), FileType::File);
  const auto log = open_into(port, found);
  ASSERT_TRUE(log);
  EXPECT_TRUE(log->opened().created);
  port.crash(Crash::lose_unsynced());
  EXPECT_EQ(port.type(join_path(*aside, segment_name(1))), FileType::File);
  EXPECT_EQ(port.type(segment_path(1)), FileType::File);
}

}  // namespace
}  // namespace giro::storage::test
