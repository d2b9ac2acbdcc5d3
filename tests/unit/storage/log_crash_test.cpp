// The log under crashes and tears at every point: what sync() promised is there, and of the rest a
// whole group or none.
#include "tests/unit/storage/log_world.h"

namespace giro::storage::test {
namespace {

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

}  // namespace
}  // namespace giro::storage::test
