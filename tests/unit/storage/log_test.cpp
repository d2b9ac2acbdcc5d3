// The log when nothing goes wrong, its limits, and how failures of the disk come back.
#include "storage/log.h"

#include <atomic>
#include <thread>

#include "storage/log_format.h"
#include "tests/unit/storage/test_disk.h"

namespace giro::storage::test {
namespace {

constexpr const char* kLogDirectory = "/data/log";
constexpr RecordType kType{7};

LogOptions small_segments() {
  LogOptions options;
  options.segment_bytes = kLogSegmentBytesMin;
  options.salt = LogSalt{std::byte{42}};
  return options;
}

struct Seen {
  LogPosition position;
  RecordType type;
  std::string text;
  friend bool operator==(const Seen&, const Seen&) = default;
};

class LogTest : public ::testing::Test {
 protected:
  MemoryFilePort port_;
  std::vector<Seen> seen_;

  std::expected<Log, LogError> open(const LogOptions& options = small_segments()) {
    seen_.clear();
    return Log::open(port_, kLogDirectory, options, [this](const LogRecord& record) {
      seen_.push_back({record.position, record.type, text_of(record.payload)});
    });
  }
  std::vector<std::string> segments() {
    auto names = port_.list(kLogDirectory);
    return names.value_or(std::vector<std::string>{});
  }
  static void append_synced(Log& log, std::string_view text) {
    log.append(kType, crypto::as_view(text));
    ASSERT_TRUE(log.sync());
  }
  void fail(FileOperation failing, FileErrorCode code = FileErrorCode::Io) {
    port_.set_faults(
        [failing, code](FileOperation operation, std::string_view) -> std::optional<FileFault> {
          if (operation == failing) return FileFault{code, 0};
          return std::nullopt;
        });
  }
};

TEST_F(LogTest, A_new_log_is_empty_and_says_that_it_was_made) {
  auto log = open();
  ASSERT_TRUE(log);
  EXPECT_TRUE(log->opened().created);
  EXPECT_EQ(log->first(), LogPosition{1});
  EXPECT_EQ(log->durable(), LogPosition{0});
  EXPECT_EQ(log->next(), LogPosition{1});
  EXPECT_EQ(log->used_bytes(), kLogSegmentBytesMin);
  EXPECT_EQ(log->read({1}).error().code, LogErrorCode::NotFound);
  log = open();
  ASSERT_TRUE(log);
  EXPECT_FALSE(log->opened().created);
  EXPECT_EQ(log->opened().records, 0U);
  EXPECT_FALSE(log->opened().torn);
}

TEST_F(LogTest, Records_come_back_in_order_with_type_and_bytes) {
  {
    auto log = open();
    ASSERT_TRUE(log);
    EXPECT_EQ(log->append(RecordType{1}, crypto::as_view("one")), LogPosition{1});
    EXPECT_EQ(
        log->append(RecordType{0xFFFF}, {crypto::as_view("tw"), ByteView{}, crypto::as_view("o")}),
        LogPosition{2});
    EXPECT_EQ(log->append(RecordType{0}, ByteView{}), LogPosition{3});
    EXPECT_EQ(log->durable(), LogPosition{0});
    EXPECT_EQ(log->sync(), LogPosition{3});
    append_synced(*log, "four");
    EXPECT_EQ(log->durable(), LogPosition{4});
  }
  const std::vector<Seen> expected{{{1}, RecordType{1}, "one"},
                                   {{2}, RecordType{0xFFFF}, "two"},
                                   {{3}, RecordType{0}, ""},
                                   {{4}, kType, "four"}};
  auto log = open();
  ASSERT_TRUE(log);
  EXPECT_EQ(seen_, expected);
  EXPECT_EQ(log->opened().records, 4U);
  EXPECT_FALSE(log->opened().torn);
  for (const auto& record : expected) {
    const auto stored = log->read(record.position);
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->type, record.type);
    EXPECT_EQ(text_of(stored->payload), record.text);
  }
  EXPECT_EQ(log->append(kType, crypto::as_view("five")), LogPosition{5});
}

TEST_F(LogTest, Only_what_was_synced_is_read) {
  auto log = open();
  ASSERT_TRUE(log);
  append_synced(*log, "durable");
  log->append(kType, crypto::as_view("buffered"));
  EXPECT_TRUE(log->read({1}));
  EXPECT_EQ(log->read({2}).error().code, LogErrorCode::NotFound);
  EXPECT_EQ(log->read({0}).error().code, LogErrorCode::NotFound);
  EXPECT_EQ(log->read({UINT64_MAX}).error().code, LogErrorCode::NotFound);
}

TEST_F(LogTest, A_turn_is_one_sync_and_an_empty_turn_none) {
  auto log = open();
  ASSERT_TRUE(log);
  int syncs = 0;
  int calls = 0;
  port_.set_faults([&](FileOperation operation, std::string_view) -> std::optional<FileFault> {
    ++calls;
    syncs += operation == FileOperation::Sync ? 1 : 0;
    return std::nullopt;
  });
  for (int i = 0; i < 10; ++i) log->append(kType, crypto::as_view("record"));
  ASSERT_TRUE(log->sync());
  EXPECT_EQ(syncs, 1);
  calls = 0;
  EXPECT_EQ(log->sync(), LogPosition{10});
  EXPECT_EQ(calls, 0);
  port_.set_faults({});
}

TEST_F(LogTest, Segments_roll_and_are_named_by_their_first_record) {
  const std::string text(1500, 'x');
  {
    auto log = open();
    ASSERT_TRUE(log);
    for (int i = 0; i < 5; ++i) append_synced(*log, text);
    EXPECT_EQ(log->used_bytes(), 3 * kLogSegmentBytesMin);
  }
  EXPECT_EQ(segments(),
            (std::vector<std::string>{segment_name(1), segment_name(3), segment_name(5)}));
  auto log = open();
  ASSERT_TRUE(log);
  EXPECT_EQ(seen_.size(), 5U);
  for (std::uint64_t i = 1; i <= 5; ++i) EXPECT_EQ(text_of(log->read({i})->payload), text);
}

TEST_F(LogTest, A_group_larger_than_a_segment_gets_one_of_its_own_size) {
  const std::string text(20'000, 'x');
  {
    auto log = open();
    ASSERT_TRUE(log);
    append_synced(*log, text);
    EXPECT_EQ(segments(), std::vector{segment_name(1)});
    append_synced(*log, "small");
    append_synced(*log, text);
  }
  EXPECT_EQ(segments(),
            (std::vector<std::string>{segment_name(1), segment_name(2), segment_name(3)}));
  auto log = open();
  ASSERT_TRUE(log);
  ASSERT_EQ(seen_.size(), 3U);
  EXPECT_EQ(seen_[0].text, text);
  EXPECT_EQ(seen_[1].text, "small");
  EXPECT_EQ(seen_[2].text, text);
}

// Every size of a group around the end of a segment: with its seal it fits, or the log rolls.
TEST_F(LogTest, Groups_that_just_fit_and_just_do_not_come_back) {
  const auto room =
      kLogSegmentBytesMin - kSegmentHeaderBytes - 2 * kFrameBytes - kRecordHeaderBytes;
  for (auto size = room - 66; size <= room + 66; ++size) {
    ASSERT_TRUE(remove_tree(port_, "/data"));
    {
      auto log = open();
      ASSERT_TRUE(log);
      append_synced(*log, std::string(size, 'a'));
      const bool fits = size <= room;
      EXPECT_EQ(log->used_bytes() == kLogSegmentBytesMin, fits) << size;
      append_synced(*log, "b");
    }
    auto log = open();
    ASSERT_TRUE(log) << size;
    ASSERT_EQ(seen_.size(), 2U);
    EXPECT_EQ(seen_[0].text.size(), size);
    EXPECT_EQ(seen_[1].text, "b");
  }
}

TEST_F(LogTest, Cut_drops_whole_segments_below_a_position) {
  auto log = open();
  ASSERT_TRUE(log);
  const std::string text(1500, 'x');
  for (int i = 0; i < 9; ++i) append_synced(*log, text);  // segments 1, 3, 5, 7, 9
  ASSERT_TRUE(log->cut({1}));
  ASSERT_TRUE(log->cut({2}));
  EXPECT_EQ(log->first(), LogPosition{1});
  ASSERT_TRUE(log->cut({6}));
  EXPECT_EQ(log->first(), LogPosition{5});
  EXPECT_EQ(log->read({4}).error().code, LogErrorCode::NotFound);
  EXPECT_TRUE(log->read({5}));
  append_synced(*log, "on");
  port_.crash(Crash::lose_unsynced());
  log = open();
  ASSERT_TRUE(log) << log.error().text;
  EXPECT_EQ(seen_.front().position, LogPosition{5});
  EXPECT_EQ(seen_.back().text, "on");
  ASSERT_TRUE(log->cut({1000}));
  EXPECT_EQ(log->first(), LogPosition{9});  // the newest segment stays
  EXPECT_EQ(segments(), std::vector{segment_name(9)});
  log = open();
  ASSERT_TRUE(log);
  EXPECT_EQ(seen_.size(), 2U);
  append_synced(*log, "and on");
  EXPECT_EQ(log->durable(), LogPosition{11});
}

TEST_F(LogTest, A_cut_without_room_for_its_mark_rolls_first) {
  auto log = open();
  ASSERT_TRUE(log);
  const auto room =
      kLogSegmentBytesMin - kSegmentHeaderBytes - 2 * kFrameBytes - kRecordHeaderBytes;
  append_synced(*log, std::string(room, 'a'));
  append_synced(*log, std::string(room, 'b'));
  ASSERT_TRUE(log->cut({2}));
  EXPECT_EQ(log->first(), LogPosition{2});
  EXPECT_EQ(segments(), (std::vector<std::string>{segment_name(2), segment_name(3)}));
  log = open();
  ASSERT_TRUE(log) << log.error().text;
  EXPECT_EQ(seen_.size(), 1U);
  append_synced(*log, "c");
  log = open();
  ASSERT_TRUE(log);
  EXPECT_EQ(seen_.back().text, "c");
}

TEST_F(LogTest, Records_and_buffer_are_taken_at_their_limit_and_refused_above) {
  auto log = open();
  ASSERT_TRUE(log);
  const Bytes largest(kLogRecordBytesMax + 1);
  const auto at_limit = ByteView(largest).first(kLogRecordBytesMax);
  EXPECT_TRUE(log->has_room(kLogRecordBytesMax));
  EXPECT_FALSE(log->has_room(kLogRecordBytesMax + 1));
  EXPECT_DEATH(log->append(kType, largest), "kLogRecordBytesMax");
  log->append(kType, at_limit);
  ASSERT_TRUE(log->sync());
  EXPECT_EQ(log->read({1})->payload.size(), kLogRecordBytesMax);

  while (log->has_room(kLogRecordBytesMax)) log->append(kType, at_limit);
  const auto room = kLogBufferBytesMax - log->buffered_bytes() - kRecordHeaderBytes;
  EXPECT_TRUE(log->has_room(room));
  EXPECT_FALSE(log->has_room(room + 1));
  EXPECT_DEATH(log->append(kType, ByteView(largest).first(room + 1)), "has_room");
  const auto last = log->append(kType, ByteView(largest).first(room));
  EXPECT_EQ(log->buffered_bytes(), kLogBufferBytesMax);
  EXPECT_EQ(log->sync(), last);
  EXPECT_LE(log->used_bytes(), 2 * kLogSegmentBytesMax);
  log = open();
  ASSERT_TRUE(log) << log.error().text;
  EXPECT_EQ(log->durable(), last);
}

TEST_F(LogTest, Segment_sizes_outside_their_bounds_are_our_mistake) {
  auto options = small_segments();
  options.segment_bytes = kLogSegmentBytesMin - 1;
  EXPECT_DEATH((void)open(options), "segment_bytes");
  options.segment_bytes = kLogSegmentBytesMax + 1;
  EXPECT_DEATH((void)open(options), "segment_bytes");
  options.segment_bytes = kLogSegmentBytesMax;
  EXPECT_EQ(open(options)->used_bytes(), kLogSegmentBytesMax);
}

// A length from disk is bounded before anything is allocated, even where CRC and chain would agree
// with it.
TEST(LogFormat, A_record_length_above_the_limit_or_its_bytes_is_refused) {
  Bytes record;
  LogChain chain{};
  const Bytes payload(100);
  const std::array<ByteView, 1> pieces{payload};
  encode_record(record, chain, 1, kType, pieces);
  EXPECT_TRUE(parse_record(record, 1));
  EXPECT_FALSE(parse_record(record, 2));
  EXPECT_FALSE(parse_record(ByteView(record).first(127), 1));
  EXPECT_FALSE(parse_record(ByteView(record).first(27), 1));
  for (const std::uint64_t length : {kLogRecordBytesMax + 1, std::uint64_t{0xFFFFFFFF}}) {
    Bytes head;
    crypto::Writer(head).u32(static_cast<std::uint32_t>(length));
    std::ranges::copy(head, record.begin());
    EXPECT_EQ(parse_record(record, 1).error(), "record length out of bounds");
  }
}

TEST(LogFormat, Segment_names_are_exact) {
  EXPECT_EQ(segment_name(1), "00000000000000000001.log");
  EXPECT_EQ(parse_segment_name(segment_name(UINT64_MAX)), UINT64_MAX);
  for (const auto* name : {"", "1.log", "00000000000000000001.log.new", "0000000000000000000x.log",
                           "99999999999999999999.log", "000000000000000000001.log"}) {
    EXPECT_FALSE(parse_segment_name(name)) << name;
  }
}

TEST_F(LogTest, A_failed_sync_is_told_and_ends_the_log) {
  auto log = open();
  ASSERT_TRUE(log);
  log->append(kType, crypto::as_view("lost"));
  fail(FileOperation::Sync);
  EXPECT_EQ(log->sync().error().code, FileErrorCode::Io);
  port_.set_faults({});
  EXPECT_EQ(log->sync().error().code, FileErrorCode::Io);
  EXPECT_EQ(log->cut({1}).error().code, FileErrorCode::Io);
  EXPECT_EQ(log->durable(), LogPosition{0});
  EXPECT_DEATH(log->append(kType, crypto::as_view("x")), "failed");
}

TEST_F(LogTest, A_failed_or_short_write_is_told_and_ends_the_log) {
  auto log = open();
  ASSERT_TRUE(log);
  append_synced(*log, "kept");
  log->append(kType, crypto::as_view("lost"));
  port_.set_faults([](FileOperation operation, std::string_view) -> std::optional<FileFault> {
    if (operation == FileOperation::Write) return FileFault{FileErrorCode::Io, 70};
    return std::nullopt;
  });
  EXPECT_FALSE(log->sync());
  port_.set_faults({});
  EXPECT_FALSE(log->sync());
  log = open();
  ASSERT_TRUE(log);
  EXPECT_EQ(seen_.size(), 1U);
  EXPECT_TRUE(log->opened().torn);
}

TEST_F(LogTest, A_failed_directory_sync_is_told_when_a_segment_is_made_and_when_one_goes) {
  const std::string text(3000, 'x');
  auto log = open();
  ASSERT_TRUE(log);
  append_synced(*log, text);
  log->append(kType, crypto::as_view(text));
  fail(FileOperation::SyncDirectory);
  EXPECT_FALSE(log->sync());
  port_.set_faults({});

  log = open();
  ASSERT_TRUE(log);
  append_synced(*log, text);
  append_synced(*log, text);
  fail(FileOperation::SyncDirectory);
  EXPECT_FALSE(log->cut(log->next()));
  EXPECT_EQ(Log::open(port_, kLogDirectory, small_segments(), [](const auto&) {}).error().code,
            LogErrorCode::File);
}

TEST_F(LogTest, A_full_disk_is_told_and_the_log_opens_again_with_space) {
  const std::string text(3000, 'x');
  port_.set_capacity(2 * kLogSegmentBytesMin + 1);
  {
    auto log = open();
    ASSERT_TRUE(log);
    append_synced(*log, text);
    append_synced(*log, text);
    log->append(kType, crypto::as_view(text));
    EXPECT_EQ(log->sync().error().code, FileErrorCode::NoSpace);
  }
  auto log = open();
  ASSERT_TRUE(log) << log.error().text;
  EXPECT_EQ(seen_.size(), 2U);
  port_.set_capacity(UINT64_MAX);
  append_synced(*log, text);
  EXPECT_EQ(log->durable(), LogPosition{3});
}

TEST_F(LogTest, Read_tells_rot_in_a_durable_record) {
  auto log = open();
  ASSERT_TRUE(log);
  append_synced(*log, "record");
  const auto start = kSegmentHeaderBytes + kFrameBytes;
  for (std::uint64_t at = start; at < start + kRecordHeaderBytes + 6; ++at) {
    const bool is_in_chain = at >= start + 12 && at < start + kRecordHeaderBytes;
    port_.rot(join_path(kLogDirectory, segment_name(1)), at, std::byte{1});
    const auto record = log->read({1});
    if (is_in_chain) {  // the chain is checked when the log is read back
      ASSERT_TRUE(record);
      EXPECT_EQ(text_of(record->payload), "record");
    } else {
      ASSERT_FALSE(record);
      EXPECT_EQ(record.error().code, LogErrorCode::Damaged);
      EXPECT_EQ(record.error().segment, segment_name(1));
      EXPECT_EQ(record.error().offset, start);
    }
    port_.rot(join_path(kLogDirectory, segment_name(1)), at, std::byte{1});
  }
}

TEST_F(LogTest, A_failed_read_is_not_taken_for_damage) {
  auto log = open();
  ASSERT_TRUE(log);
  append_synced(*log, "record");
  fail(FileOperation::Read);
  EXPECT_EQ(log->read({1}).error().code, LogErrorCode::File);
  EXPECT_EQ(open().error().code, LogErrorCode::File);
  port_.set_faults({});
  EXPECT_TRUE(open());
}

TEST(LogPosix, Keeps_its_contract_on_the_real_file_system) {
  const TemporaryDirectory directory;
  PosixFilePort port;
  const auto path = directory.path() + "/log";
  LogOptions options;
  options.segment_bytes = 64 << 10;
  {
    auto log = Log::open(port, path, options, [](const auto&) {});
    ASSERT_TRUE(log) << log.error().text;
    for (int i = 0; i < 200; ++i) {
      log->append(kType, bytes_of(std::string(1000, 'x') + std::to_string(i)));
      if (i % 10 == 9) {
        ASSERT_TRUE(log->sync());
      }
    }
    ASSERT_TRUE(log->cut({100}));
  }
  std::uint64_t count = 0;
  std::uint64_t last = 0;
  auto log = Log::open(port, path, options, [&](const LogRecord& record) {
    ++count;
    last = record.position.value;
    EXPECT_EQ(text_of(record.payload),
              std::string(1000, 'x') + std::to_string(record.position.value - 1));
  });
  ASSERT_TRUE(log) << log.error().text;
  EXPECT_EQ(last, 200U);
  EXPECT_EQ(count, 201 - log->first().value);
  EXPECT_GT(log->first(), LogPosition{1});
  EXPECT_LE(log->first(), LogPosition{100});
}

// Peers are served from the log while it grows, rolls and is cut.
TEST(LogThreads, Other_threads_read_while_one_appends_and_cuts) {
  MemoryFilePort port;
  auto log = Log::open(port, "/log", small_segments(), [](const auto&) {});
  ASSERT_TRUE(log);
  std::atomic<bool> is_over = false;
  std::atomic<std::uint64_t> found = 0;
  std::vector<std::thread> readers;
  for (std::uint64_t start = 0; start < 2; ++start) {
    readers.emplace_back([&, start] {
      for (auto i = start; !is_over || found == 0; i += 7) {
        const auto durable = log->durable().value;
        if (durable == 0) continue;
        const auto record = log->read({1 + i % durable});
        if (record) {
          EXPECT_EQ(text_of(record->payload), std::to_string(record->position.value));
          ++found;
        } else {
          EXPECT_EQ(record.error().code, LogErrorCode::NotFound);
        }
        EXPECT_GE(log->used_bytes(), kLogSegmentBytesMin);
      }
    });
  }
  for (std::uint64_t i = 1; i <= 2000; ++i) {
    log->append(kType, bytes_of(std::to_string(i)));
    if (i % 5 == 0) {
      EXPECT_TRUE(log->sync());
    }
    if (i % 500 == 0) {
      EXPECT_TRUE(log->cut({i - 300}));
    }
  }
  is_over = true;
  for (auto& reader : readers) reader.join();
  EXPECT_GT(found, 0U);
}

}  // namespace
}  // namespace giro::storage::test
