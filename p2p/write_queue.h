// What waits to be written to one peer: a queue for each family, each with its byte budget. Pure.
//
// Deficit round robin: in each round a family may take kFamilyQuantumBytes, what a long frame takes
// beyond that is owed to the others, and earlier families are asked first. So a vote overtakes
// waiting batches and nobody starves.
#pragma once

#include <array>
#include <deque>
#include <optional>

#include "p2p/frame.h"
#include "p2p/status.h"

namespace giro::p2p {

class WriteQueue {
 public:
  explicit WriteQueue(const FamilyTable& families) : families_(families) {}

  enum class Pushed {
    Queued,
    Dropped,
    Overflow
  };  // Overflow: full, and the family may not be dropped
  Pushed push(Frame frame);

  // Appends up to `room` bytes of plain text to `out`; frames longer than that leave in slices.
  // Counts what left.
  void gather(crypto::Bytes& out, std::size_t room, std::array<FamilyCounts, kFamilyCount>& counts);

  [[nodiscard]] bool empty() const { return bytes_ == 0; }
  [[nodiscard]] std::size_t bytes() const {
    return bytes_;
  }  // frames not yet gathered to their end
  void clear();
  // All but a frame that has begun to leave: something else must be said now.
  void clear_whole_frames();

 private:
  struct Lane {
    std::deque<Frame> frames;
    std::size_t bytes = 0;
    std::size_t taken = 0;  // in this round, and owed from earlier ones
  };
  [[nodiscard]] std::optional<std::size_t> next_lane();
  void take(std::size_t lane, crypto::Bytes& out, std::size_t& room,
            std::array<FamilyCounts, kFamilyCount>& counts);

  FamilyTable families_;
  std::array<Lane, kFamilyCount> lanes_;
  std::size_t bytes_ = 0;
  std::optional<std::size_t> partial_;  // the lane whose first frame has begun to leave
  std::size_t partial_bytes_ = 0;
};

}  // namespace giro::p2p
