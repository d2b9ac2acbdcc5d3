#include "node/runtime/trace.h"

namespace giro::runtime {
namespace {

// More than any window (protocol 14): until then a block may still be on its way.
constexpr std::size_t kBlocksMax = 2048;

}  // namespace

TraceBook::Entry& TraceBook::entry(const OperationKey& key) {
  const auto [found, is_new] = entries_.try_emplace(key);
  if (!is_new) return found->second;
  order_.push_back(key);
  if (order_.size() > operations_max_) {
    entries_.erase(order_.front());
    order_.pop_front();
  }
  return found->second;
}

std::shared_ptr<BlockTrace> TraceBook::block(consensus::Height height) {
  auto& found = blocks_[height];
  if (!found) {
    found = std::make_shared<BlockTrace>();
    found->height = height;
  }
  const auto kept = found;
  if (blocks_.size() > kBlocksMax) blocks_.erase(blocks_.begin());
  return kept;
}

void TraceBook::received(const OperationKey& key, consensus::WallTime at) {
  const std::lock_guard lock(mutex_);
  auto& one = entry(key);
  if (!one.received) one.received = at;
}

void TraceBook::happened(const consensus::Event& event, std::uint32_t leader,
                         consensus::WallTime at) {
  using Type = consensus::EventType;
  const std::lock_guard lock(mutex_);
  switch (event.type) {
    case Type::BlockProposed:
    case Type::BlockAccepted: {
      const auto trace = block(event.height);
      if (trace->committed) return;
      // Another view may propose another block for the height: the newest counts.
      trace->proposed = at;
      trace->prepared.reset();
      trace->view = event.view;
      trace->leader = leader;
      return;
    }
    case Type::Prepared:
      block(event.height)->prepared = at;
      return;
    case Type::Committed:
      block(event.height)->committed = at;
      return;
    default:
      return;
  }
}

void TraceBook::ran(consensus::Height height, const std::vector<Intake::Ran>& operations,
                    consensus::WallTime at) {
  const std::lock_guard lock(mutex_);
  const auto trace = block(height);
  trace->executed = at;
  for (const auto& ran : operations) {
    if (ran.recorded) entry(ran.key).block = trace;  // a void one may still run
  }
}

void TraceBook::attested(consensus::Height height, consensus::WallTime at) {
  const std::lock_guard lock(mutex_);
  for (auto row = blocks_.upper_bound(attested_); row != blocks_.end() && row->first <= height;
       ++row)
    row->second->attested = at;
  attested_ = std::max(attested_, height);
}

std::optional<OperationTrace> TraceBook::find(const OperationKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  OperationTrace trace{.received = found->second.received, .block = {}};
  if (found->second.block) trace.block = *found->second.block;
  return trace;
}

}  // namespace giro::runtime
