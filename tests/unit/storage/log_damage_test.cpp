// The log under rot, lost and misplaced bytes, forgery and interrupted cuts: damage is told, never
// served.
#include "tests/unit/storage/log_world.h"

namespace giro::storage::test {
namespace {

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

TEST_F(SyncedLog, Damage_is_told_with_its_segment_and_offset) {
  const auto names = names_in(port_);
  Records found;
  auto disk = port_.clone();
  disk->rot(segment_path(1), kSegmentHeaderBytes + kFrameBytes + kRecordHeaderBytes, std::byte{1});
  auto error = open_into(*disk, found).error();
  EXPECT_EQ(error.segment, names[0]);
  EXPECT_EQ(error.offset, kSegmentHeaderBytes);
  EXPECT_EQ(error.text, "record fails its CRC");

  disk = port_.clone();
  ASSERT_TRUE(disk->remove(join_path(kDirectory, names[1])));
  error = open_into(*disk, found).error();
  EXPECT_EQ(error.segment, names[0]);
  EXPECT_EQ(error.text, "records missing before the next segment");
}

// An alteration with a CRC to match it breaks the chain.
TEST_F(SyncedLog, A_record_altered_together_with_its_crc_is_told) {
  const auto bytes = image(port_, 1);
  const auto start = kSegmentHeaderBytes + kFrameBytes;
  const auto record = parse_record(ByteView(bytes).subspan(start), 1);
  ASSERT_TRUE(record);
  auto payload = crypto::to_bytes(record->payload);
  ASSERT_FALSE(payload.empty());
  payload[0] ^= std::byte{1};
  const std::array<ByteView, 1> pieces{payload};
  Bytes altered;
  LogChain chain{};
  encode_record(altered, chain, 1, record->type, pieces);
  std::ranges::copy(record->chain, altered.begin() + 12);
  ASSERT_TRUE(parse_record(altered, 1));
  {
    auto file = port_.open(segment_path(1), OpenMode::Write);
    ASSERT_TRUE((*file)->write(start, altered));
  }
  ASSERT_TRUE(is_damaged(port_));
  Records found;
  EXPECT_EQ(open_into(port_, found).error().text, "record does not follow the one before");
}

TEST_F(SyncedLog, A_group_with_another_number_of_records_than_its_frame_says_is_told) {
  auto file = port_.open(segment_path(1), OpenMode::Write);
  ASSERT_TRUE(file);
  const auto bytes = image(port_, 1);
  const auto salt = *small_segments().salt;
  const FramePlace place{salt, 1, kSegmentHeaderBytes};
  auto frame = decode_frame(place, ByteView(bytes).subspan(kSegmentHeaderBytes, kFrameBytes));
  ASSERT_TRUE(frame);
  ++frame->count;
  ASSERT_TRUE((*file)->write(kSegmentHeaderBytes, encode_frame(place, *frame)));
  EXPECT_TRUE(is_damaged(port_));
}

// The seal proves the last group even where it is itself unreadable: it was written after the sync.
TEST_F(SyncedLog, A_flip_in_the_last_group_and_one_in_its_seal_are_told) {
  const auto end = written_end(image(port_, newest_));
  const auto seal = end - kFrameBytes;
  port_.rot(segment_path(newest_), seal + 50, std::byte{1});
  ASSERT_FALSE(is_damaged(*port_.clone()));
  auto at = seal - 1;
  while (image(port_, newest_)[at] == std::byte{0}) --at;
  port_.rot(segment_path(newest_), at, std::byte{1});
  EXPECT_TRUE(is_damaged(port_));
}

// Two histories of one log, as a restored copy would give: same salt, same numbers.
TEST(LogFork, A_segment_of_another_history_of_the_same_log_is_told) {
  MemoryFilePort port;
  Memory memory;
  Records found;
  {
    auto log = open_into(port, found);
    ASSERT_TRUE(log);
    memory.append(*log);
    ASSERT_TRUE(memory.sync(*log));
  }
  const auto write_rest = [](FilePort& disk, char filling) {
    Records ignored;
    auto log = open_into(disk, ignored);
    ASSERT_TRUE(log);
    for (int i = 0; i < 4; ++i) {
      log->append(RecordType{1}, bytes_of(std::string(2500, filling)));
      ASSERT_TRUE(log->sync());
    }
  };
  const auto fork = port.clone();
  write_rest(port, 'a');
  write_rest(*fork, 'b');
  const auto names = names_in(port);
  ASSERT_EQ(names, names_in(*fork));
  ASSERT_GE(names.size(), 3U);
  for (std::size_t i = 1; i < names.size(); ++i) {
    const auto disk = port.clone();
    const auto path = join_path(kDirectory, names[i]);
    write_file(*disk, path, read_file(*fork, path));
    const auto log = open_into(*disk, found);
    ASSERT_FALSE(log);
    EXPECT_EQ(log.error().code, LogErrorCode::Damaged);
    EXPECT_EQ(log.error().segment, names[i]);
    EXPECT_EQ(log.error().offset, 0U);
  }
}

TEST(LogSegments, One_that_was_never_finished_is_removed_at_open) {
  MemoryFilePort port;
  Records found;
  ASSERT_TRUE(open_into(port, found));
  write_file(port, segment_path(1) + ".new", bytes_of("half a header"));
  write_file(port, join_path(kDirectory, "notes"), bytes_of("not ours"));
  ASSERT_TRUE(open_into(port, found));
  EXPECT_EQ(names_in(port), (std::vector<std::string>{segment_name(1), "notes"}));
}

TEST(LogCut, An_interrupted_cut_is_finished_at_open) {
  MemoryFilePort port;
  Records found;
  {
    auto log = open_into(port, found);
    ASSERT_TRUE(log);
    for (int i = 0; i < 8; ++i) {
      log->append(RecordType{1}, Bytes(2500));
      ASSERT_TRUE(log->sync());
    }
    port.set_faults([](FileOperation operation, std::string_view) -> std::optional<FileFault> {
      return operation == FileOperation::Remove ? std::optional(FileFault{}) : std::nullopt;
    });
    EXPECT_FALSE(log->cut({5}));
    port.set_faults({});
  }
  EXPECT_EQ(names_in(port).size(), 8U);
  const auto log = open_into(port, found);
  ASSERT_TRUE(log);
  EXPECT_EQ(log->first(), LogPosition{5});
  EXPECT_EQ(names_in(port).front(), segment_name(5));
  EXPECT_EQ(found.begin()->first, 1U);  // shown before they went
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

// A peer knows the format and where its batch will lie, but not the salt.
TEST(LogAttack, A_frame_crafted_for_its_own_place_does_not_turn_a_torn_tail_into_damage) {
  MemoryFilePort port;
  Memory memory;
  Records found;
  auto log = open_into(port, found);
  ASSERT_TRUE(log);
  const auto record_start = kSegmentHeaderBytes + kFrameBytes + kRecordHeaderBytes;
  Bytes payload(1500);
  for (auto at = align_log(record_start); at + kFrameBytes < record_start + payload.size();
       at += kLogAlignment) {
    const auto frame = encode_frame({LogSalt{}, 1, at}, {FrameKind::Seal, 0, 2, 1, 0, {}});
    std::ranges::copy(frame, payload.begin() + static_cast<std::ptrdiff_t>(at - record_start));
  }
  std::unique_ptr<MemoryFilePort> at_sync;
  port.set_faults([&](FileOperation operation, std::string_view) -> std::optional<FileFault> {
    if (operation == FileOperation::Sync) at_sync = port.clone();
    return std::nullopt;
  });
  memory.pending[1] = payload;
  log->append(RecordType{1}, payload);
  ASSERT_TRUE(log->sync());
  ASSERT_TRUE(at_sync);
  for (std::uint64_t at = kSegmentHeaderBytes + 1; at < record_start + 100; ++at) {
    const auto disk = at_sync->clone();
    disk->crash(Crash::tear_before(at));
    expect_recovers(*disk, memory);
    ASSERT_FALSE(::testing::Test::HasFatalFailure()) << at;
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
