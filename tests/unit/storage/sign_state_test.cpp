#include "storage/sign_state.h"

#include "tests/unit/storage/test_disk.h"

namespace giro::storage::test {
namespace {

constexpr const char* kSignerDirectory = "/signer";

SignStateOwner owner_of(int number) {
  SignStateOwner owner;
  owner.chain_id.bytes.fill(std::byte{7});
  owner.key.bytes.fill(static_cast<std::byte>(number));
  return owner;
}

class SignStateTest : public ::testing::Test {
 protected:
  MemoryFilePort port_;
  SignStateOwner owner_ = owner_of(1);
  std::string path_ = SignState::path_of(kSignerDirectory, owner_.key);

  void create() { ASSERT_TRUE(SignState::create(port_, kSignerDirectory, owner_)); }
  SignStateResult<SignState> open() { return SignState::open(port_, kSignerDirectory, owner_); }
  SignStateErrorCode open_error() {
    const auto opened = open();
    EXPECT_FALSE(opened);
    return opened ? SignStateErrorCode::File : opened.error().code;
  }
};

TEST_F(SignStateTest, Is_made_once_and_empty) {
  create();
  EXPECT_EQ(open()->ceiling(), Ceiling{});
  EXPECT_EQ(SignState::create(port_, kSignerDirectory, owner_).error().code,
            SignStateErrorCode::AlreadyExists);
}

TEST_F(SignStateTest, May_be_made_with_a_floor_as_its_ceiling) {
  const Ceiling floor{5, 3, 0, 3000};
  ASSERT_TRUE(SignState::create(port_, kSignerDirectory, owner_, floor));
  EXPECT_EQ(open()->ceiling(), floor);
}

TEST_F(SignStateTest, A_raise_survives_the_loss_of_all_that_was_not_synced) {
  create();
  Ceiling ceiling;
  for (std::uint64_t i = 1; i <= 5; ++i) {
    ceiling = {i, 0, i / 2, 64 * i};
    auto state = open();
    ASSERT_TRUE(state);
    ASSERT_TRUE(state->raise(ceiling));
    port_.crash(Crash::lose_unsynced());
    EXPECT_EQ(SignState::inspect(port_, kSignerDirectory, owner_), ceiling);
  }
  EXPECT_EQ(open()->ceiling(), ceiling);
}

TEST_F(SignStateTest, Never_falls) {
  create();
  auto state = open();
  ASSERT_TRUE(state);
  const Ceiling now{10, 2, 3, 500};
  ASSERT_TRUE(state->raise(now));
  const std::vector<Ceiling> falls{{10, 2, 3, 501}, {9, 2, 3, 501},  {11, 1, 9, 501},
                                   {11, 2, 2, 501}, {11, 2, 3, 499}, {11, 3, 0, 499}};
  for (const auto& fall : falls) {
    EXPECT_EQ(state->raise(fall).error().code, SignStateErrorCode::WouldFall);
    EXPECT_EQ(state->ceiling(), now);
  }
  EXPECT_TRUE(state->raise({11, 2, 3, 500}));
  EXPECT_TRUE(state->raise({12, 3, 0, 500}));
}

TEST_F(SignStateTest, Missing_unreadable_wrong_chain_and_wrong_key_are_told_apart) {
  EXPECT_EQ(open_error(), SignStateErrorCode::Missing);
  create();
  const auto original = port_.clone();

  ASSERT_TRUE(port_.remove(join_path(path_, "ceiling")));
  EXPECT_EQ(open_error(), SignStateErrorCode::Unreadable);
  write_file(port_, join_path(path_, "ceiling"), bytes_of("garbage"));
  EXPECT_EQ(open_error(), SignStateErrorCode::Unreadable);

  ASSERT_TRUE(port_.remove(join_path(path_, "OWNER")));
  EXPECT_EQ(open_error(), SignStateErrorCode::Unreadable);
  write_file(port_, join_path(path_, "OWNER"), bytes_of("giro sign-state 1\nchain 07\nkey 01\n"));
  EXPECT_EQ(open_error(), SignStateErrorCode::Unreadable);
  write_file(port_, join_path(path_, "OWNER"), Bytes(5000, std::byte{'\n'}));
  EXPECT_EQ(open_error(), SignStateErrorCode::Unreadable);

  auto other_chain = owner_;
  other_chain.chain_id.bytes.fill(std::byte{8});
  EXPECT_EQ(SignState::open(*original, kSignerDirectory, other_chain).error().code,
            SignStateErrorCode::WrongChain);
  const auto other_key = owner_of(2);
  ASSERT_TRUE(original->rename(path_, SignState::path_of(kSignerDirectory, other_key.key)));
  EXPECT_EQ(SignState::open(*original, kSignerDirectory, other_key).error().code,
            SignStateErrorCode::WrongKey);
}

TEST_F(SignStateTest, A_ceiling_copied_from_another_key_is_no_ceiling_of_this_one) {
  create();
  const auto other = owner_of(2);
  ASSERT_TRUE(SignState::create(port_, kSignerDirectory, other));
  const auto from = join_path(SignState::path_of(kSignerDirectory, other.key), "ceiling");
  ASSERT_TRUE(port_.rename(from, join_path(path_, "ceiling")));
  EXPECT_EQ(open_error(), SignStateErrorCode::Unreadable);
}

TEST_F(SignStateTest, One_process_at_a_time_holds_it) {
  create();
  auto held = open();
  ASSERT_TRUE(held);
  EXPECT_EQ(open_error(), SignStateErrorCode::Locked);
  EXPECT_TRUE(SignState::inspect(port_, kSignerDirectory, owner_));
  const SignState moved = std::move(*held);
  EXPECT_EQ(open_error(), SignStateErrorCode::Locked);
}

TEST_F(SignStateTest, The_lock_is_released_with_the_object) {
  create();
  {
    ASSERT_TRUE(open());
  }
  EXPECT_TRUE(open());
}

// A raise is cut short at every call it makes and in every order of its sectors, and torn at every
// byte: the ceiling is the one before or the new one, and the new one once raise() returned.
TEST_F(SignStateTest, A_crash_in_a_raise_leaves_the_old_ceiling_or_the_new_one) {
  create();
  const Ceiling before{1, 0, 0, 64};
  const Ceiling after{2, 0, 1, 128};
  {
    auto state = open();
    ASSERT_TRUE(state);
    ASSERT_TRUE(state->raise(before));
  }
  std::vector<Crash> crashes{Crash::lose_unsynced(), Crash::keep_unsynced()};
  for (std::uint64_t at = 0; at < 60; ++at) {
    for (const auto start : {std::uint64_t{0}, std::uint64_t{4096}}) {
      crashes.push_back(Crash::tear_at(start + at));
      crashes.push_back(Crash::tear_before(start + at));
    }
  }
  for (const auto& crash : crashes) {
    bool is_done = false;
    for (std::uint64_t stop = 0; !is_done; ++stop) {
      const auto disk = port_.clone();
      disk->crash(Crash::lose_unsynced());
      std::uint64_t calls = 0;
      disk->set_faults([&](FileOperation, std::string_view) -> std::optional<FileFault> {
        if (calls++ < stop) return std::nullopt;
        if (calls == stop + 1) disk->crash(crash);
        return FileFault{};
      });
      {
        auto state = SignState::open(*disk, kSignerDirectory, owner_);
        is_done = state && state->raise(after);
      }
      if (is_done) disk->crash(crash);
      disk->set_faults({});
      const auto found = SignState::inspect(*disk, kSignerDirectory, owner_);
      ASSERT_TRUE(found) << found.error().text;
      ASSERT_TRUE(*found == after || (*found == before && !is_done)) << stop;
      ASSERT_TRUE(SignState::open(*disk, kSignerDirectory, owner_)->raise({3, 1, 0, 192}));
    }
  }
}

// The second copy is written without a sync; once the system wrote it back, either slot alone is
// enough.
TEST_F(SignStateTest, Rot_in_either_slot_does_not_lower_the_ceiling) {
  create();
  const Ceiling ceiling{2, 1, 0, 128};
  {
    auto state = open();
    ASSERT_TRUE(state->raise({1, 0, 0, 64}));
    ASSERT_TRUE(state->raise(ceiling));
  }
  port_.crash(Crash::keep_unsynced());
  for (std::uint64_t at = 0; at < 52; ++at) {
    for (const auto slot : {std::uint64_t{0}, std::uint64_t{4096}}) {
      const auto disk = port_.clone();
      disk->rot(join_path(path_, "ceiling"), slot + at, std::byte{0x40});
      auto state = SignState::open(*disk, kSignerDirectory, owner_);
      ASSERT_TRUE(state);
      EXPECT_EQ(state->ceiling(), ceiling);
      EXPECT_TRUE(state->had_bad_slot());
    }
  }
  auto state = open();
  EXPECT_FALSE(state->had_bad_slot());
}

// The newest slot may be readable from the cache only, its sync having failed: opening must make it
// durable without touching the other one first.
TEST_F(SignStateTest, Opening_makes_durable_what_it_read_from_the_cache) {
  create();
  const Ceiling before{1, 0, 0, 64};
  const Ceiling after{2, 0, 0, 128};
  {
    auto state = open();
    ASSERT_TRUE(state->raise(before));
    port_.set_faults([](FileOperation operation, std::string_view) -> std::optional<FileFault> {
      if (operation == FileOperation::Sync) return FileFault{};
      return std::nullopt;
    });
    EXPECT_EQ(state->raise(after).error().code, SignStateErrorCode::File);
    port_.set_faults({});
    EXPECT_EQ(state->raise({3, 0, 0, 129}).error().code, SignStateErrorCode::File);
  }
  port_.crash(Crash::process_only());
  {
    auto state = open();
    ASSERT_TRUE(state);
    EXPECT_EQ(state->ceiling(), after);
  }
  port_.crash(Crash::lose_unsynced());
  EXPECT_EQ(open()->ceiling(), after);
}

TEST_F(SignStateTest, A_crash_in_create_leaves_none_or_a_whole_one) {
  bool is_done = false;
  for (std::uint64_t stop = 0; !is_done; ++stop) {
    for (std::uint64_t seed = 0; seed < 16; ++seed) {
      MemoryFilePort disk;
      std::uint64_t calls = 0;
      disk.set_faults([&](FileOperation, std::string_view) -> std::optional<FileFault> {
        if (calls++ < stop) return std::nullopt;
        if (calls == stop + 1) disk.crash(Crash::shuffle(seed));
        return FileFault{};
      });
      is_done = SignState::create(disk, kSignerDirectory, owner_).has_value();
      if (is_done) disk.crash(Crash::lose_unsynced());
      disk.set_faults({});
      const auto opened = SignState::open(disk, kSignerDirectory, owner_);
      if (!opened) {
        ASSERT_FALSE(is_done);
        ASSERT_EQ(opened.error().code, SignStateErrorCode::Missing) << opened.error().text;
        ASSERT_TRUE(SignState::create(disk, kSignerDirectory, owner_));
      }
    }
  }
}

TEST(SignStatePosix, Works_on_the_real_file_system_and_tells_a_clone) {
  const TemporaryDirectory directory;
  PosixFilePort port;
  const auto owner = owner_of(3);
  ASSERT_TRUE(SignState::create(port, directory.path(), owner));
  auto state = SignState::open(port, directory.path(), owner);
  ASSERT_TRUE(state);
  ASSERT_TRUE(state->raise({1, 0, 2, 64}));
  EXPECT_EQ(SignState::open(port, directory.path(), owner).error().code,
            SignStateErrorCode::Locked);
  EXPECT_EQ(SignState::inspect(port, directory.path(), owner), (Ceiling{1, 0, 2, 64}));
}

}  // namespace
}  // namespace giro::storage::test
