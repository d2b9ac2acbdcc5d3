// The executor on the calling thread, for tests: blocks without batches, one after another.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "node/runtime/executor.h"

namespace giro::runtime {

// What the replica is told of each. The store must have been started.
inline std::vector<consensus::Executed> execute(Executor::Start start, Store& store,
                                                const std::vector<consensus::Block>& blocks) {
  const crypto::Hash chain = start.chain;
  crypto::VerifierPool pool(1);
  Payload payload(pool, chain);
  BatchIndex index;
  std::vector<consensus::Executed> answers;
  Executor executor(std::move(start), store, payload, index, std::make_unique<InlineLane>(),
                    {.executed = [&](consensus::Executed answer) { answers.push_back(answer); },
                     .ran = [](const ExecutedBlock&, const std::vector<Intake::Ran>&) {}});
  for (const auto& block : blocks) executor.push({block, block.hash(chain), {}});
  return answers;
}

// Empty blocks from height 1 on, a second apart.
inline std::vector<consensus::Block> empty_blocks(const consensus::Header& genesis,
                                                  std::uint64_t count, std::uint64_t epoch_blocks) {
  std::vector<consensus::Block> blocks;
  consensus::Hash parent = genesis.block;
  for (std::uint64_t height = 1; height <= count; ++height) {
    consensus::Block block;
    block.epoch = consensus::epoch_of({height}, epoch_blocks);
    block.height = {height};
    block.parent = parent;
    block.time = {genesis.time.ms + static_cast<std::int64_t>(height) * 1'000};
    parent = block.hash(genesis.block);
    blocks.push_back(std::move(block));
  }
  return blocks;
}

}  // namespace giro::runtime
