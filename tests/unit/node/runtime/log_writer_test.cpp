// What the log's lane leaves on disk, whenever it dies (protocol R35, R37).
#include "node/runtime/log_writer.h"

#include <gtest/gtest.h>

#include "consensus/recovery.h"
#include "consensus/wire/codec.h"
#include "crypto/digest.h"
#include "storage/file_memory.h"

namespace giro::runtime {
namespace {

using consensus::CeilingRecord;

// Work waits until the test lets it run.
class HeldLane final : public Lane {
 public:
  void post(std::function<void()> work) override { held.push_back(std::move(work)); }
  std::vector<std::function<void()>> held;
};

struct PowerCut {};

class LogWriterTest : public testing::Test {
 protected:
  LogWriterTest() { owner_.chain_id.bytes.fill(std::byte{9}); }

  // Two raises wait while the disk is slow, as at a stalled primary: then everything is written at
  // once, and power fails before the file operation `stop`. True if it came to its end.
  bool write_until(storage::MemoryFilePort& disk, std::uint64_t stop) {
    EXPECT_TRUE(storage::SignState::create(disk, "/sign", owner_));
    auto sign_state = storage::SignState::open(disk, "/sign", owner_);
    auto log = storage::Log::open(disk, "/log", {}, [](const storage::LogRecord&) {});
    auto lane = std::make_unique<HeldLane>();
    auto& held = lane->held;
    LogWriter writer(
        std::move(*log), BlockPlaces(100), &*sign_state, std::move(lane), [](LogWriter::Synced) {},
        [](LogWriter::File, double) {});
    for (std::uint64_t number = 1; number <= 3; ++number) {
      const consensus::Ceiling to{number, {0}, {number}, {8}};
      writer.append({.number = number,
                     .records = {CeilingRecord{to.number, to.epoch, to.view, to.height}},
                     .raise = to});
    }
    std::uint64_t calls = 0;
    disk.set_faults(
        [&](storage::FileOperation, std::string_view) -> std::optional<storage::FileFault> {
          if (calls++ == stop) throw PowerCut{};
          return std::nullopt;
        });
    bool is_done = true;
    try {
      for (const auto& work : held) work();
    } catch (const PowerCut&) {
      is_done = false;
    }
    disk.set_faults({});
    return is_done;
  }

  storage::SignStateOwner owner_{
      {}, crypto::SecretKey::from_bytes(crypto::sha256(crypto::as_view("key")))->public_key()};
};

TEST_F(LogWriterTest, R37_the_log_is_at_most_one_record_ahead_of_the_sign_state) {
  bool is_done = false;
  std::uint64_t stop = 0;
  for (; !is_done; ++stop) {
    storage::MemoryFilePort disk;
    is_done = write_until(disk, stop);
    disk.crash(storage::Crash::process_only());
    consensus::LoggedCeilings logged;
    const auto log = storage::Log::open(disk, "/log", {}, [&](const storage::LogRecord& stored) {
      const auto record =
          consensus::wire::decode_record(static_cast<std::uint8_t>(stored.type), stored.payload);
      ASSERT_TRUE(record.has_value());
      logged = {std::get<CeilingRecord>(*record), logged.last};
    });
    ASSERT_TRUE(log.has_value()) << log.error().text;
    const auto sign_state = storage::SignState::inspect(disk, "/sign", owner_);
    ASSERT_TRUE(sign_state.has_value()) << sign_state.error().text;
    EXPECT_EQ(
        consensus::compare(
            {sign_state->record, {sign_state->epoch}, {sign_state->view}, {sign_state->height}},
            logged),
        consensus::Memory::Complete)
        << "stopped at " << stop;
    if (is_done) {
      EXPECT_EQ(sign_state->record, 3U);
    }
  }
  EXPECT_GT(stop, 6U);  // three syncs and three raises, at least
}

}  // namespace
}  // namespace giro::runtime
