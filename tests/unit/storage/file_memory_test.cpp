// The disk in memory loses what a real one may lose, and nothing else.
#include "storage/file_memory.h"

#include "tests/unit/storage/test_disk.h"

namespace giro::storage::test {
namespace {

class MemoryDiskTest : public ::testing::Test {
 protected:
  MemoryFilePort port_;

  std::unique_ptr<File> durable_file(const std::string& path, std::string_view text) {
    auto file = port_.open(path, OpenMode::Create);
    EXPECT_TRUE(file);
    EXPECT_TRUE((*file)->write(0, bytes_of(text)));
    EXPECT_TRUE((*file)->sync());
    EXPECT_TRUE(port_.sync_directory(parent_path(path)));
    return std::move(*file);
  }
  std::string text_at(const std::string& path) { return text_of(read_file(port_, path)); }
};

TEST_F(MemoryDiskTest, Unsynced_bytes_are_lost_and_synced_ones_kept) {
  const auto file = durable_file("/a", "old");
  ASSERT_TRUE(file->write(0, bytes_of("new and longer")));
  port_.crash(Crash::lose_unsynced());
  EXPECT_EQ(text_at("/a"), "old");
}

TEST_F(MemoryDiskTest, Unsynced_bytes_may_have_been_written_back) {
  const auto file = durable_file("/a", "old");
  ASSERT_TRUE(file->write(0, bytes_of("new and longer")));
  port_.crash(Crash::keep_unsynced());
  EXPECT_EQ(text_at("/a"), "new and longer");
  port_.crash(Crash::lose_unsynced());
  EXPECT_EQ(text_at("/a"), "new and longer");
}

TEST_F(MemoryDiskTest, A_dead_process_loses_nothing_and_makes_nothing_durable) {
  const auto file = durable_file("/a", "old");
  ASSERT_TRUE(file->write(0, bytes_of("new")));
  port_.crash(Crash::process_only());
  EXPECT_EQ(text_at("/a"), "new");
  port_.crash(Crash::lose_unsynced());
  EXPECT_EQ(text_at("/a"), "old");
}

TEST_F(MemoryDiskTest, Files_tear_at_every_byte_from_either_side) {
  for (std::size_t cut = 0; cut <= 6; ++cut) {
    const auto path = "/" + std::to_string(cut);
    const auto file = durable_file(path, "oldold");
    ASSERT_TRUE(file->write(0, bytes_of("NEWNEW")));
    const auto other = port_.clone();
    port_.crash(Crash::tear_at(cut));
    EXPECT_EQ(text_at(path),
              std::string("NEWNEW").substr(0, cut) + std::string("oldold").substr(cut));
    other->crash(Crash::tear_before(cut));
    EXPECT_EQ(text_of(read_file(*other, path)),
              std::string("oldold").substr(0, cut) + std::string("NEWNEW").substr(cut));
  }
}

TEST_F(MemoryDiskTest, A_torn_extension_keeps_the_length_of_what_was_kept) {
  const auto file = durable_file("/a", "old");
  ASSERT_TRUE(file->write(0, bytes_of("0123456789")));
  port_.crash(Crash::tear_at(5));
  EXPECT_EQ(text_at("/a"), "01234");
}

TEST_F(MemoryDiskTest, Shuffled_sectors_are_whole_and_of_both_kinds) {
  const auto file = durable_file("/a", std::string(64 * 512, 'o'));
  ASSERT_TRUE(file->write(0, bytes_of(std::string(64 * 512, 'N'))));
  port_.crash(Crash::shuffle(7));
  const auto text = text_at("/a");
  std::size_t kept = 0;
  for (std::size_t sector = 0; sector < 64; ++sector) {
    const auto part = text.substr(sector * 512, 512);
    EXPECT_EQ(part, std::string(512, part[0]));
    kept += part[0] == 'N' ? 1 : 0;
  }
  EXPECT_GT(kept, 10U);
  EXPECT_LT(kept, 54U);
}

TEST_F(MemoryDiskTest, A_page_whose_sync_failed_counts_as_clean_and_is_lost) {
  auto file = durable_file("/a", "old");
  ASSERT_TRUE(file->write(0, bytes_of("new")));
  port_.set_faults([](FileOperation operation, std::string_view) -> std::optional<FileFault> {
    if (operation == FileOperation::Sync) return FileFault{};
    return std::nullopt;
  });
  EXPECT_EQ(file->sync().error().code, FileErrorCode::Io);
  port_.set_faults({});
  file = std::move(*port_.open("/a", OpenMode::Write));
  EXPECT_EQ(text_at("/a"), "new");
  EXPECT_TRUE(file->sync());
  const auto untouched = port_.clone();
  untouched->crash(Crash::keep_unsynced());
  EXPECT_EQ(text_of(read_file(*untouched, "/a")), "old");
  ASSERT_TRUE(file->write(0, bytes_of("new")));
  EXPECT_TRUE(file->sync());
  port_.crash(Crash::lose_unsynced());
  EXPECT_EQ(text_at("/a"), "new");
}

TEST_F(MemoryDiskTest, After_a_failed_sync_the_file_refuses_everything) {
  const auto file = durable_file("/a", "old");
  bool is_failing = true;
  port_.set_faults(
      [&is_failing](FileOperation operation, std::string_view) -> std::optional<FileFault> {
        if (is_failing && operation == FileOperation::Sync) return FileFault{};
        return std::nullopt;
      });
  EXPECT_FALSE(file->sync());
  is_failing = false;
  Bytes in(1);
  EXPECT_EQ(file->sync().error().code, FileErrorCode::Refused);
  EXPECT_EQ(file->write(0, in).error().code, FileErrorCode::Refused);
  EXPECT_EQ(file->read(0, in).error().code, FileErrorCode::Refused);
  EXPECT_EQ(file->preallocate(9).error().code, FileErrorCode::Refused);
  EXPECT_EQ(file->truncate(0).error().code, FileErrorCode::Refused);
  EXPECT_EQ(file->size().error().code, FileErrorCode::Refused);
}

TEST_F(MemoryDiskTest, Names_need_their_directory_synced) {
  durable_file("/kept", "k");
  durable_file("/removed", "r");
  durable_file("/from", "f");
  write_file(port_, "/created", bytes_of("c"));
  ASSERT_TRUE(port_.remove("/removed"));
  ASSERT_TRUE(port_.rename("/from", "/to"));
  EXPECT_EQ(port_.list("/"), (std::vector<std::string>{"created", "kept", "to"}));
  const auto some = port_.clone();
  port_.crash(Crash::lose_unsynced());
  EXPECT_EQ(port_.list("/"), (std::vector<std::string>{"from", "kept", "removed"}));
  auto two_kept = Crash::keep_unsynced();
  two_kept.keeps_name_change = [](std::string_view, std::uint64_t index) { return index < 2; };
  some->crash(two_kept);
  EXPECT_EQ(some->list("/"), (std::vector<std::string>{"created", "from", "kept"}));
}

TEST_F(MemoryDiskTest, A_rename_between_directories_is_two_changes) {
  ASSERT_TRUE(make_directories(port_, "/d"));
  durable_file("/a", "a");
  ASSERT_TRUE(port_.rename("/a", "/d/a"));
  ASSERT_TRUE(port_.sync_directory("/d"));
  port_.crash(Crash::lose_unsynced());
  EXPECT_EQ(text_at("/a"), "a");
  EXPECT_EQ(text_at("/d/a"), "a");
}

TEST_F(MemoryDiskTest, Open_files_and_locks_end_with_the_machine) {
  const auto file = durable_file("/a", "old");
  const auto lock = port_.lock("/LOCK");
  ASSERT_TRUE(lock);
  port_.crash(Crash::keep_unsynced());
  EXPECT_EQ(file->write(0, bytes_of("x")).error().code, FileErrorCode::Io);
  EXPECT_EQ(file->sync().error().code, FileErrorCode::Io);
  EXPECT_TRUE(port_.lock("/LOCK"));
}

TEST_F(MemoryDiskTest, A_fault_can_cut_a_write_short) {
  const auto file = durable_file("/a", "old");
  port_.set_faults([](FileOperation operation, std::string_view) -> std::optional<FileFault> {
    if (operation == FileOperation::Write) return FileFault{FileErrorCode::NoSpace, 2};
    return std::nullopt;
  });
  EXPECT_EQ(file->write(0, bytes_of("NEW")).error().code, FileErrorCode::NoSpace);
  EXPECT_EQ(text_at("/a"), "NEd");
}

TEST_F(MemoryDiskTest, A_full_disk_takes_exactly_its_capacity) {
  port_.set_capacity(10);
  auto file = port_.open("/a", OpenMode::Create);
  ASSERT_TRUE(file);
  EXPECT_TRUE((*file)->write(0, Bytes(10)));
  EXPECT_EQ(port_.free_space("/"), 0U);
  EXPECT_EQ((*file)->write(5, Bytes(6)).error().code, FileErrorCode::NoSpace);
  EXPECT_EQ((*file)->preallocate(11).error().code, FileErrorCode::NoSpace);
  EXPECT_EQ((*file)->truncate(11).error().code, FileErrorCode::NoSpace);
  EXPECT_TRUE((*file)->write(0, Bytes(10)));
  ASSERT_TRUE((*file)->truncate(4));
  EXPECT_EQ(port_.free_space("/"), 6U);
}

TEST_F(MemoryDiskTest, Rot_reaches_what_is_stored_under_what_is_cached) {
  const auto file = durable_file("/a", "old");
  ASSERT_TRUE(file->write(1, bytes_of("X")));
  port_.rot("/a", 0, std::byte{0x20});
  EXPECT_EQ(text_at("/a"), "OXd");
  port_.crash(Crash::lose_unsynced());
  EXPECT_EQ(text_at("/a"), "Old");
}

TEST_F(MemoryDiskTest, A_clone_goes_its_own_way) {
  const auto file = durable_file("/a", "old");
  ASSERT_TRUE(file->write(0, bytes_of("new")));
  const auto copy = port_.clone();
  copy->crash(Crash::lose_unsynced());
  EXPECT_EQ(text_of(read_file(*copy, "/a")), "old");
  EXPECT_EQ(text_at("/a"), "new");
}

TEST_F(MemoryDiskTest, Write_whole_gives_the_old_or_the_new_bytes_whatever_the_crash) {
  ASSERT_TRUE(write_whole(port_, "/a", bytes_of("old")));
  for (std::uint64_t stop = 0;; ++stop) {
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      const auto disk = port_.clone();
      std::uint64_t calls = 0;
      disk->set_faults([&](FileOperation, std::string_view) -> std::optional<FileFault> {
        if (calls++ < stop) return std::nullopt;
        if (calls == stop + 1) disk->crash(Crash::shuffle(seed));
        return FileFault{};
      });
      const bool is_done = write_whole(*disk, "/a", bytes_of("new")).has_value();
      disk->set_faults({});
      const auto text = text_of(read_file(*disk, "/a"));
      EXPECT_TRUE(text == "new" || (text == "old" && !is_done)) << stop << ' ' << text;
      if (is_done) return;
    }
  }
}

}  // namespace
}  // namespace giro::storage::test
