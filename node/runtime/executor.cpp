#include "node/runtime/executor.h"

#include <iterator>
#include <optional>
#include <utility>

#include "crypto/check.h"
#include "node/ledger/outcome_leaf.h"
#include "node/ledger/roots.h"
#include "node/runtime/fatal.h"

namespace giro::runtime {
namespace {

// One costs some microseconds between two blocks; clients never take more than these (surface 5.5).
constexpr std::size_t kProofsWaitingMax = 64;

std::optional<std::vector<consensus::Member>> next_members(const ledger::BlockResult& result) {
  if (!result.next_validators) return std::nullopt;
  std::vector<consensus::Member> members;
  members.reserve(result.next_validators->size());
  for (const auto& validator : *result.next_validators)
    members.push_back({{validator.institution}, validator.key});
  return members;
}

}  // namespace

Executor::Executor(Start start, Store& store, Payload& payload, BatchIndex& index,
                   std::unique_ptr<Lane> lane, Ports ports)
    : at_(std::move(start)),
      store_(store),
      payload_(payload),
      index_(index),
      ports_(std::move(ports)),
      cache_({.hash_seed = at_.hash_seed}),
      lane_(std::move(lane)) {}

Executor::~Executor() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  lane_.reset();
}

void Executor::push(consensus::CommittedBlock block) {
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    was_empty = queue_.empty();
    queue_.push_back(std::move(block));
  }
  if (was_empty) lane_->post([this] { run(); });
}

void Executor::run() {
  for (;;) {
    std::optional<consensus::CommittedBlock> block;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_ || queue_.empty())
        return;  // the log holds the rest: it is redone at the next start
      block = std::move(queue_.front());
      queue_.pop_front();
    }
    execute(*block);
  }
}

bool Executor::prove(ledger::TokenId token, const ledger::AccountId& account, OnProven done) {
  {
    const std::lock_guard lock(mutex_);
    if (proofs_waiting_ == kProofsWaitingMax) return false;
    ++proofs_waiting_;
  }
  lane_->post([this, token, account, done = std::move(done)] {
    bool is_stopping = false;
    {
      const std::lock_guard lock(mutex_);
      --proofs_waiting_;
      is_stopping = stopping_;
    }
    done(is_stopping ? std::nullopt : proof_of(token, account));
  });
  return true;
}

std::optional<receipt::PositionProof> Executor::proof_of(ledger::TokenId token,
                                                         const ledger::AccountId& account) const {
  const auto key = ledger::position_key(token, account);
  const auto row = store_.newest_state().get(key);
  const auto slot = at_.tree.slot_of(key);
  auto position = row ? ledger::decode_record<ledger::Position>(*row) : std::nullopt;
  if (!position || !slot) return std::nullopt;
  receipt::PositionProof proof;
  proof.chain = at_.chain;
  proof.header = at_.header;
  proof.token = token;
  proof.account = account;
  proof.position = *position;
  proof.path = receipt::neighbours(*slot, at_.tree.size(), at_.tree.path(*slot));
  proof.chain_value = at_.chain_value;
  return proof;
}

void Executor::execute(const consensus::CommittedBlock& committed) {
  const consensus::Block& block = committed.block;
  GIRO_CHECK(block.height.value == at_.header.height.value + 1, block.height, at_.header.height);
  std::vector<CheckedOperation> operations;
  for (const auto& batch : committed.batches) {
    auto checked = payload_.take(batch);
    operations.insert(operations.end(), std::make_move_iterator(checked.begin()),
                      std::make_move_iterator(checked.end()));
  }
  const ledger::BlockContext context{.height = block.height.value, .time = {block.time.ms}};
  auto result = ledger::apply(store_.newest_state(), context, operations, cache_);
  if (!result) {
    stop_process(ExitCode::Invariant, "ledger invariant I" +
                                          std::to_string(result.error().invariant) +
                                          " is broken at height " + std::to_string(context.height) +
                                          ", record " + crypto::to_hex(result.error().evidence));
  }
  const ledger::BlockLeaves leaves = ledger::build_leaves(context, operations, *result);
  const ledger::BlockRoots roots =
      ledger::compute_roots(at_.tree, at_.chain_value, *result, leaves.outcomes_root);

  ExecutedBlock executed;
  executed.block = block;
  executed.block_hash = committed.hash;
  consensus::Executed answer;
  answer.next_members = next_members(*result);
  executed.header = header_of(committed, roots, answer.next_members);
  executed.header_hash = executed.header.hash(at_.chain);
  at_.chain_value = roots.chain;
  at_.header = executed.header;
  at_.header_hash = executed.header_hash;

  std::vector<Intake::Ran> ran;
  for (std::size_t i = 0; i < leaves.leaves.size(); ++i) {
    std::uint32_t type = 0;
    if (i > 0 && operations[i - 1]) {
      type = operations[i - 1]->type();
      ran.push_back({{operations[i - 1]->actor(), operations[i - 1]->op_id().bytes},
                     leaves.leaves[i].recorded,
                     type,
                     leaves.leaves[i].code});
    }
    executed.leaves.push_back({type, ledger::encode_leaf(leaves.leaves[i])});
  }
  for (const auto& event : leaves.events) executed.events.push_back(ledger::encode_event(event));
  executed.writes = std::move(result->writes);
  executed.writes.push_back(
      {ledger::chain_key().to_bytes(), ledger::encode(ledger::Chain{roots.chain})});
  for (const auto& batch : committed.batches) {
    executed.ordered.push_back({batch->id, batch->expires_at});
    if (const auto position = index_.find(batch->id))
      executed.batches.emplace_back(batch->id, *position);
  }
  answer.header = executed.header;
  answer.header_hash = executed.header_hash;
  ports_.ran(executed, ran);
  store_.push(std::move(executed));
  payload_.forget_expired(block.time);
  ports_.executed(std::move(answer));
}

// The next epoch's set is the ledger's word alone: a block that is executed again, after the store
// was lost, may lie any number of epochs below the present one (protocol R41).
consensus::Header Executor::header_of(
    const consensus::CommittedBlock& committed, const ledger::BlockRoots& roots,
    const std::optional<std::vector<consensus::Member>>& next_members) const {
  const consensus::Block& block = committed.block;
  const bool is_last = block.height == consensus::last_height(block.epoch, at_.epoch_blocks);
  GIRO_CHECK(is_last == next_members.has_value(), block.height, block.epoch);
  consensus::Header header{.epoch = block.epoch,
                           .height = block.height,
                           .block = committed.hash,
                           .time = block.time,
                           .previous = at_.header_hash,
                           .state_root = roots.state_root,
                           .outcomes_root = roots.outcomes_root,
                           .totals_root = roots.totals_root,
                           .next_set = {},
                           .next_first_view = {},
                           .rules_version = at_.rules_version};
  if (is_last) {
    const consensus::ValidatorSet next{{block.epoch.value + 1}, *next_members};
    header.next_set = next.digest(at_.chain);
    header.next_first_view = block.view;
  }
  return header;
}

}  // namespace giro::runtime
