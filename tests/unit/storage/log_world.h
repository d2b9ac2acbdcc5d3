// A node with a log on a disk in memory: what it was promised, and what a log must show after a
// crash.
#pragma once

#include <map>
#include <set>

#include "storage/log.h"
#include "storage/log_format.h"
#include "tests/unit/storage/test_disk.h"

namespace giro::storage::test {

inline constexpr const char* kDirectory = "/log";

inline LogOptions small_segments() {
  LogOptions options;
  options.segment_bytes = kLogSegmentBytesMin;
  options.salt = LogSalt{std::byte{42}};
  return options;
}

inline std::string segment_path(std::uint64_t first) {
  return join_path(kDirectory, segment_name(first));
}

inline std::uint64_t scramble(std::uint64_t value) {
  value = (value ^ (value >> 31)) * 0x7fb5d329728ea185ULL;
  value = (value ^ (value >> 27)) * 0x81dadef4bc2dd44dULL;
  return value ^ (value >> 33);
}

// A payload that no other (position, life) has, of 0 to 700 bytes, some of them zeros; now and
// then, and at the very start, one that no ordinary segment holds.
inline Bytes payload_of(std::uint64_t position, std::uint64_t life) {
  const auto seed = scramble(position * 1000 + life);
  Bytes bytes(seed % 5 == 0 ? seed % 701 : seed % 90);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto drawn = scramble(seed + i);
    bytes[i] = drawn % 3 == 0 ? std::byte{0} : static_cast<std::byte>(drawn >> 8);
  }
  return bytes;
}

inline std::vector<std::string> names_in(FilePort& port) {
  auto names = port.list(kDirectory);
  EXPECT_TRUE(names);
  return names.value_or(std::vector<std::string>{});
}

using Records = std::map<std::uint64_t, Bytes>;

inline std::expected<Log, LogError> open_into(FilePort& port, Records& records) {
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
inline bool work(Log& log, Memory& memory, int turns) {
  for (int turn = 0; turn < turns; ++turn) {
    for (std::uint64_t i = 0; i <= scramble(log.next().value) % 4; ++i) memory.append(log);
    if (!memory.sync(log)) return false;
    const auto end = log.next().value;
    if (turn % 9 == 8 && end > 20 && !memory.cut(log, end - 20)) return false;
  }
  return true;
}

// Stops the machine at the `stop`th call from now on, in the way of `crash`.
inline void stop_at(MemoryFilePort& port, std::uint64_t stop, const Crash& crash) {
  port.set_faults([&port, stop, crash, calls = std::uint64_t{0}](
                      FileOperation, std::string_view) mutable -> std::optional<FileFault> {
    if (calls++ < stop) return std::nullopt;
    if (calls == stop + 1) port.crash(crash);
    return FileFault{};
  });
}

inline std::vector<Crash> all_crashes(std::uint64_t seed) {
  return {Crash::lose_unsynced(), Crash::keep_unsynced(), Crash::process_only(),
          Crash::shuffle(seed * 2), Crash::shuffle(seed * 2 + 1)};
}

// Opens, checks and goes on for a while; then the machine loses everything unsynced, and it is
// checked again.
inline void expect_recovers(MemoryFilePort& port, Memory memory) {
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

}  // namespace giro::storage::test
