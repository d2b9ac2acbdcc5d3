#include "node/runtime/catch_up.h"

#include <algorithm>
#include <iterator>

#include "consensus/limits.h"
#include "consensus/wire/codec.h"
#include "node/runtime/fatal.h"

namespace giro::runtime {
namespace {

constexpr std::size_t kSegmentBlocks =
    64;  // then the next height with a certificate ends the segment
constexpr std::size_t kSegmentBytes = 4 * 1024 * 1024;
constexpr std::size_t kAnswerBytes = 16 * 1024 * 1024;

std::size_t size_of(const consensus::Block& block) {
  return 128 + block.batches.size() * 32;
}

}  // namespace

void BatchIndex::add(const std::vector<BatchPosition>& batches) {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, position] : batches) positions_.insert_or_assign(id, position);
}

std::optional<storage::LogPosition> BatchIndex::find(const consensus::Hash& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = positions_.find(id);
  if (found == positions_.end()) return std::nullopt;
  return found->second;
}

void BatchIndex::remove(const std::vector<BatchPosition>& batches) {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, position] : batches) positions_.erase(id);
}

std::optional<consensus::ChainSegment> CatchUp::chain(const consensus::FetchChain& asked) const {
  if (asked.epoch.value >= ~0ULL / epoch_blocks_ - 1)
    return std::nullopt;  // a number, not an epoch
  const std::uint64_t end = std::min({store_.height().value, store_.attested().value,
                                      consensus::last_height(asked.epoch, epoch_blocks_).value});
  if (asked.stable.value >= end) return std::nullopt;
  consensus::ChainSegment segment;
  std::vector<consensus::Block> pending;  // above the last height with a certificate
  std::size_t bytes = 0;
  for (std::uint64_t height = asked.stable.value + 1; height <= end; ++height) {
    auto stored = store_.block({height});
    if (!stored) break;
    bytes += size_of(stored->block);
    if (bytes > kSegmentBytes ||
        segment.blocks.size() + pending.size() == consensus::kSegmentBlocksMax)
      break;
    pending.push_back(std::move(stored->block));
    auto attest = store_.attest_at_or_above({height});
    if (!attest) break;
    if (attest->content.height.value != height) continue;
    std::ranges::move(pending, std::back_inserter(segment.blocks));
    pending.clear();
    segment.header = stored->header;
    segment.attest = std::move(*attest);
    if (segment.blocks.size() >= kSegmentBlocks) break;
  }
  if (segment.blocks.empty()) return std::nullopt;
  return segment;
}

consensus::BatchPtr CatchUp::batch(const consensus::Hash& id) const {
  auto position = index_.find(id);
  if (!position) position = store_.batch_position(id);
  if (!position) return nullptr;
  const auto record = log_.read(*position);
  if (!record) return nullptr;
  auto decoded =
      consensus::wire::decode_record(static_cast<std::uint8_t>(record->type), record->payload);
  if (!decoded) return nullptr;
  const auto* batch = std::get_if<consensus::BatchRecord>(&*decoded);
  return batch == nullptr ? nullptr : batch->batch;
}

void CatchUp::batches(const consensus::FetchBatches& asked,
                      const std::function<void(consensus::BatchPtr)>& give) const {
  std::size_t bytes = 0;
  for (const auto& id : asked.batches) {
    auto found = batch(id);
    if (!found) continue;
    bytes += found->bytes.size();
    give(std::move(found));
    if (bytes > kAnswerBytes) return;  // the rest is asked for again
  }
}

}  // namespace giro::runtime
