// Both bindings of the file port keep the same contract.
#include "storage/file.h"

#include <array>

#include "tests/unit/storage/test_disk.h"

namespace giro::storage::test {
namespace {

struct PosixDisk {
  TemporaryDirectory directory;
  PosixFilePort port;
  [[nodiscard]] std::string root() const { return directory.path(); }
};

struct MemoryDisk {
  MemoryFilePort port;
  [[nodiscard]] std::string root() const { return "/"; }
};

template <typename Disk>
class FilePortTest : public ::testing::Test {
 protected:
  Disk disk_;
  FilePort& port_ = disk_.port;
  [[nodiscard]] std::string path(std::string_view name) const {
    return join_path(disk_.root(), name);
  }
};

struct DiskNames {
  template <typename T>
  static std::string GetName(int) {
    return std::is_same_v<T, PosixDisk> ? "Posix" : "Memory";
  }
};

using Disks = ::testing::Types<PosixDisk, MemoryDisk>;
TYPED_TEST_SUITE(FilePortTest, Disks, DiskNames);

TYPED_TEST(FilePortTest, Writes_pieces_at_an_offset_and_reads_them_back) {
  auto file = this->port_.open(this->path("a"), OpenMode::Create);
  ASSERT_TRUE(file);
  const auto one = bytes_of("one");
  const auto two = bytes_of("two");
  const std::array<ByteView, 4> pieces{one, ByteView{}, two, ByteView{}};
  ASSERT_TRUE((*file)->write(2, pieces));
  ASSERT_TRUE((*file)->sync());
  Bytes in(20);
  EXPECT_EQ((*file)->read(0, in), 8U);
  in.resize(8);
  EXPECT_EQ(text_of(in), std::string("\0\0onetwo", 8));
  EXPECT_EQ((*file)->read(8, in), 0U);
  EXPECT_EQ((*file)->size(), 8U);
}

TYPED_TEST(FilePortTest, Writes_more_pieces_than_one_system_call_takes) {
  auto file = this->port_.open(this->path("a"), OpenMode::Create);
  ASSERT_TRUE(file);
  const auto piece = bytes_of("abc");
  const std::vector<ByteView> pieces(1500, piece);
  ASSERT_TRUE((*file)->write(0, pieces));
  EXPECT_EQ(read_file(this->port_, this->path("a")).size(), 4500U);
}

TYPED_TEST(FilePortTest, Preallocated_bytes_are_zeros_and_keep_what_is_there) {
  auto file = this->port_.open(this->path("a"), OpenMode::Create);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write(0, bytes_of("x")));
  ASSERT_TRUE((*file)->preallocate(10'000));
  ASSERT_TRUE((*file)->preallocate(5'000));
  auto bytes = read_file(this->port_, this->path("a"));
  ASSERT_EQ(bytes.size(), 10'000U);
  EXPECT_EQ(bytes[0], std::byte{'x'});
  bytes[0] = std::byte{0};
  EXPECT_EQ(bytes, Bytes(10'000));
  ASSERT_TRUE((*file)->truncate(3));
  ASSERT_TRUE((*file)->truncate(5));
  EXPECT_EQ(read_file(this->port_, this->path("a")), Bytes({std::byte{'x'}, {}, {}, {}, {}}));
}

TYPED_TEST(FilePortTest, Open_modes_say_what_must_exist_and_what_may_change) {
  EXPECT_EQ(this->port_.open(this->path("a"), OpenMode::Read).error().code,
            FileErrorCode::NotFound);
  EXPECT_EQ(this->port_.open(this->path("a"), OpenMode::Write).error().code,
            FileErrorCode::NotFound);
  EXPECT_EQ(this->port_.open(this->path("no/a"), OpenMode::Create).error().code,
            FileErrorCode::NotFound);
  ASSERT_TRUE(this->port_.open(this->path("a"), OpenMode::Create));
  EXPECT_EQ(this->port_.open(this->path("a"), OpenMode::Create).error().code,
            FileErrorCode::AlreadyExists);
  auto file = this->port_.open(this->path("a"), OpenMode::Read);
  ASSERT_TRUE(file);
  EXPECT_FALSE((*file)->write(0, bytes_of("x")));
}

TYPED_TEST(FilePortTest, Names_are_listed_in_order_and_typed) {
  ASSERT_TRUE(make_directories(this->port_, this->path("d/e")));
  ASSERT_TRUE(make_directories(this->port_, this->path("d/e")));
  write_file(this->port_, this->path("d/b"), {});
  write_file(this->port_, this->path("d/a"), {});
  EXPECT_EQ(this->port_.list(this->path("d")), (std::vector<std::string>{"a", "b", "e"}));
  EXPECT_EQ(this->port_.type(this->path("d/e")), FileType::Directory);
  EXPECT_EQ(this->port_.type(this->path("d/a")), FileType::File);
  EXPECT_EQ(this->port_.type(this->path("d/c")), FileType::None);
  EXPECT_EQ(this->port_.list(this->path("none")).error().code, FileErrorCode::NotFound);
  EXPECT_EQ(this->port_.create_directory(this->path("d")).error().code,
            FileErrorCode::AlreadyExists);
  EXPECT_FALSE(make_directories(this->port_, this->path("d/a")));
}

TYPED_TEST(FilePortTest, Rename_replaces_a_file_but_no_directory) {
  write_file(this->port_, this->path("a"), bytes_of("a"));
  write_file(this->port_, this->path("b"), bytes_of("b"));
  ASSERT_TRUE(this->port_.create_directory(this->path("d")));
  ASSERT_TRUE(this->port_.rename(this->path("a"), this->path("b")));
  EXPECT_EQ(text_of(read_file(this->port_, this->path("b"))), "a");
  EXPECT_EQ(this->port_.rename(this->path("b"), this->path("d")).error().code,
            FileErrorCode::AlreadyExists);
  EXPECT_EQ(this->port_.rename(this->path("a"), this->path("c")).error().code,
            FileErrorCode::NotFound);
}

TYPED_TEST(FilePortTest, A_directory_is_renamed_with_what_is_in_it) {
  ASSERT_TRUE(make_directories(this->port_, this->path("d/e")));
  write_file(this->port_, this->path("d/e/a"), bytes_of("a"));
  ASSERT_TRUE(this->port_.rename(this->path("d"), this->path("f")));
  EXPECT_EQ(text_of(read_file(this->port_, this->path("f/e/a"))), "a");
  EXPECT_EQ(this->port_.type(this->path("d")), FileType::None);
}

TYPED_TEST(FilePortTest, Remove_takes_files_and_empty_directories_only) {
  ASSERT_TRUE(make_directories(this->port_, this->path("d/e")));
  write_file(this->port_, this->path("d/a"), {});
  EXPECT_FALSE(this->port_.remove(this->path("d")));
  EXPECT_TRUE(this->port_.remove(this->path("d/a")));
  EXPECT_EQ(this->port_.remove(this->path("d/a")).error().code, FileErrorCode::NotFound);
  write_file(this->port_, this->path("d/e/b"), {});
  EXPECT_TRUE(remove_tree(this->port_, this->path("d")));
  EXPECT_TRUE(remove_tree(this->port_, this->path("d")));
  EXPECT_EQ(this->port_.type(this->path("d")), FileType::None);
}

TYPED_TEST(FilePortTest, A_lock_has_one_holder_until_it_is_released) {
  auto lock = this->port_.lock(this->path("LOCK"));
  ASSERT_TRUE(lock);
  EXPECT_EQ(this->port_.lock(this->path("LOCK")).error().code, FileErrorCode::Locked);
  lock->reset();
  EXPECT_TRUE(this->port_.lock(this->path("LOCK")));
}

TYPED_TEST(FilePortTest, Directories_sync_and_tell_free_space) {
  EXPECT_TRUE(this->port_.sync_directory(this->disk_.root()));
  EXPECT_EQ(this->port_.sync_directory(this->path("none")).error().code, FileErrorCode::NotFound);
  EXPECT_GT(this->port_.free_space(this->disk_.root()).value_or(0), 0U);
}

TYPED_TEST(FilePortTest, Read_whole_refuses_a_file_above_its_bound) {
  write_file(this->port_, this->path("a"), bytes_of("1234"));
  EXPECT_EQ(read_whole(this->port_, this->path("a"), 4)->size(), 4U);
  EXPECT_EQ(read_whole(this->port_, this->path("a"), 3).error().code, FileErrorCode::TooLarge);
  EXPECT_EQ(read_whole(this->port_, this->path("b"), 3).error().code, FileErrorCode::NotFound);
}

TYPED_TEST(FilePortTest, Write_whole_replaces_what_was_there) {
  ASSERT_TRUE(write_whole(this->port_, this->path("a"), bytes_of("a longer text")));
  write_file(this->port_, this->path("a.new"), bytes_of("left by a crash"));
  ASSERT_TRUE(write_whole(this->port_, this->path("a"), bytes_of("short")));
  EXPECT_EQ(text_of(read_file(this->port_, this->path("a"))), "short");
  EXPECT_EQ(this->port_.type(this->path("a.new")), FileType::None);
}

TYPED_TEST(FilePortTest, Quarantine_sets_aside_under_the_next_number) {
  for (const auto* expected : {"q/1", "q/2"}) {
    ASSERT_TRUE(this->port_.create_directory(this->path("log")));
    write_file(this->port_, this->path("log/x"), bytes_of(expected));
    EXPECT_EQ(quarantine(this->port_, this->path("log"), this->path("q")), this->path(expected));
    EXPECT_EQ(text_of(read_file(this->port_, this->path(expected) + "/x")), expected);
    EXPECT_EQ(this->port_.type(this->path("log")), FileType::None);
  }
}

TEST(File, Parent_and_join_are_each_others_inverse) {
  EXPECT_EQ(parent_path("/a/b"), "/a");
  EXPECT_EQ(parent_path("/a/b/"), "/a");
  EXPECT_EQ(parent_path("/a"), "/");
  EXPECT_EQ(parent_path("a"), ".");
  EXPECT_EQ(join_path("/a", "b"), "/a/b");
  EXPECT_EQ(join_path("/", "b"), "/b");
}

TEST(PosixFile, An_error_tells_operation_path_and_the_systems_words) {
  PosixFilePort port;
  const auto error = port.open("/nonexistent/file", OpenMode::Read).error();
  EXPECT_EQ(error.system_error, ENOENT);
  EXPECT_EQ(error.text, "open /nonexistent/file: No such file or directory");
}

TEST(PosixFile, A_full_device_reports_no_space) {
  PosixFilePort port;
  auto file = port.open("/dev/full", OpenMode::Write);
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->write(0, bytes_of("x")).error().code, FileErrorCode::NoSpace);
}

TEST(PosixFile, Files_and_directories_are_for_their_owner_alone) {
  const TemporaryDirectory directory;
  PosixFilePort port;
  write_file(port, directory.path() + "/a", {});
  ASSERT_TRUE(port.create_directory(directory.path() + "/d"));
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(directory.path() + "/a").permissions() & perms::all,
            perms::owner_read | perms::owner_write);
  EXPECT_EQ(std::filesystem::status(directory.path() + "/d").permissions() & perms::all,
            perms::owner_all);
}

}  // namespace
}  // namespace giro::storage::test
