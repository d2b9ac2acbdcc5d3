#include "p2p/write_queue.h"

#include <algorithm>

#include "crypto/check.h"

namespace giro::p2p {

WriteQueue::Pushed WriteQueue::push(Frame frame) {
  const auto index = static_cast<std::size_t>(family_of(frame));
  GIRO_CHECK(index < kFamilyCount, index);
  Lane& lane = lanes_[index];
  const FamilyLimits& limits = families_[index];
  const std::size_t size = frame->size();
  GIRO_CHECK(size <= limits.frame_bytes_max, size, limits.frame_bytes_max, index);
  if (lane.bytes + size > limits.queue_bytes_max) {
    return limits.droppable ? Pushed::Dropped : Pushed::Overflow;
  }
  lane.bytes += size;
  bytes_ += size;
  lane.frames.push_back(std::move(frame));
  return Pushed::Queued;
}

std::optional<std::size_t> WriteQueue::next_lane() {
  if (partial_) return partial_;
  while (bytes_ > 0) {
    for (std::size_t i = 0; i < kFamilyCount; ++i) {
      if (!lanes_[i].frames.empty() && lanes_[i].taken < kFamilyQuantumBytes) return i;
    }
    for (Lane& lane : lanes_) {
      lane.taken -= std::min(lane.taken, kFamilyQuantumBytes);
    }
  }
  return std::nullopt;
}

void WriteQueue::take(std::size_t index, crypto::Bytes& out, std::size_t& room,
                      std::array<FamilyCounts, kFamilyCount>& counts) {
  Lane& lane = lanes_[index];
  const crypto::Bytes& frame = *lane.frames.front();
  const std::size_t size = std::min(room, frame.size() - partial_bytes_);
  const auto from = frame.begin() + static_cast<std::ptrdiff_t>(partial_bytes_);
  out.insert(out.end(), from, from + static_cast<std::ptrdiff_t>(size));
  room -= size;
  lane.taken += size;
  partial_bytes_ += size;
  if (partial_bytes_ < frame.size()) {
    partial_ = index;
    return;
  }
  ++counts[index].frames_out;
  counts[index].bytes_out += frame.size();
  lane.bytes -= frame.size();
  bytes_ -= frame.size();
  lane.frames.pop_front();
  partial_.reset();
  partial_bytes_ = 0;
}

void WriteQueue::gather(crypto::Bytes& out, std::size_t room,
                        std::array<FamilyCounts, kFamilyCount>& counts) {
  while (room > 0) {
    const std::optional<std::size_t> lane = next_lane();
    if (!lane) return;
    take(*lane, out, room, counts);
  }
}

void WriteQueue::clear_whole_frames() {
  Frame begun = partial_ ? lanes_[*partial_].frames.front() : nullptr;
  lanes_ = {};
  bytes_ = 0;
  if (begun) {
    lanes_[*partial_].bytes = bytes_ = begun->size();
    lanes_[*partial_].frames.push_back(std::move(begun));
  }
}

void WriteQueue::clear() {
  lanes_ = {};
  bytes_ = 0;
  partial_.reset();
  partial_bytes_ = 0;
}

}  // namespace giro::p2p
