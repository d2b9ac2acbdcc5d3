#include "node/runtime/intake.h"

#include <algorithm>
#include <utility>

#include "consensus/limits.h"
#include "consensus/wire/codec.h"

namespace giro::runtime {
namespace {

// Signature checks of arriving operations are handed over together while one lot is being checked.
constexpr std::size_t kLotOperations = 1024;
// What a batch adds to its operations: envelope, and a length for each.
constexpr std::size_t kBatchOverhead = 64;
constexpr std::size_t kOperationOverhead = 8;
constexpr std::uint64_t kUnorderedMax = 2;  // protocol R1

SubmitAnswer refuse(RefusalReason reason, ledger::Code code = ledger::Code::Ok) {
  return std::unexpected(
      Refusal{.reason = reason, .code = code, .existing_hash = {}, .submitted_hash = {}});
}

SubmitAnswer refuse_conflict(const std::optional<crypto::Hash>& existing,
                             const crypto::Hash& submitted) {
  return std::unexpected(Refusal{.reason = RefusalReason::Ledger,
                                 .code = ledger::Code::IdempotencyConflict,
                                 .existing_hash = existing,
                                 .submitted_hash = submitted});
}

OperationKey key_of(std::uint32_t actor, const ledger::OpId& id) {
  return {actor, id.bytes};
}
OperationKey key_of(const ledger::Verified& operation) {
  return key_of(operation.actor(), operation.op_id());
}

}  // namespace

Intake::Intake(const crypto::Hash& chain, consensus::InstitutionId self,
               const consensus::Parameters& parameters, Limits limits, crypto::VerifierPool& pool,
               Payload& payload, Ports ports)
    : chain_(chain),
      self_(self),
      parameters_(parameters),
      batch_bytes_(std::min(parameters.batch_bytes,
                            parameters.author_quota - consensus::kBatchOverheadBytes)),
      limits_(limits),
      pool_(pool),
      payload_(payload),
      ports_(std::move(ports)) {
  // Unique across restarts, so that a batch is never mistaken for an earlier one of the same
  // number.
  next_seq_ = static_cast<std::uint64_t>(ports_.clock().ms) << 16U;
}

void Intake::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

void Intake::set_storage_low(bool low) {
  const std::lock_guard lock(mutex_);
  storage_low_ = low;
}

void Intake::set_seated(bool seated) {
  const std::lock_guard lock(mutex_);
  seated_ = seated;
}

bool Intake::fits(std::size_t operation_bytes) const {
  return kBatchOverhead + kOperationOverhead + operation_bytes <= batch_bytes_;
}

void Intake::submit(crypto::Bytes signed_operation, std::function<void(SubmitAnswer)> done) {
  const std::size_t size = signed_operation.size();
  auto decoded = ledger::decode(chain_, std::move(signed_operation));
  if (!decoded) return done(refuse(RefusalReason::Ledger, decoded.error()));
  const OperationKey key = key_of(decoded->actor(), decoded->op_id());
  if (auto answer = known(key, decoded->operation_hash())) return done(std::move(*answer));
  if (!fits(size)) return done(refuse(RefusalReason::Ledger, ledger::Code::TooLarge));

  std::unique_lock lock(mutex_);
  if (closed_ || storage_low_ || !seated_) {
    const RefusalReason reason =
        closed_ || !seated_ ? RefusalReason::NotReady : RefusalReason::DiskLow;
    lock.unlock();
    return done(refuse(reason));
  }
  const bool full = pending_.size() + arriving_.size() >= limits_.operations ||
                    pending_bytes_ + arriving_bytes_ + size > limits_.bytes;
  if (full) {
    lock.unlock();
    return done(refuse(RefusalReason::Capacity, ledger::Code::Capacity));
  }
  arriving_bytes_ += size;
  arriving_.push_back(
      {.decoded = std::move(*decoded), .key = key, .bytes = size, .done = std::move(done)});
  if (!checking_) check_next_lot();
}

// Answers what can be answered without a signature check: ids that are known here.
std::optional<SubmitAnswer> Intake::known(const OperationKey& key, const crypto::Hash& hash) {
  auto info = ports_.status(key.first, key.second);
  if (!info.operation_hash) return std::nullopt;
  if (*info.operation_hash != hash) return refuse_conflict(info.operation_hash, hash);
  return Admitted{.info = std::move(info), .duplicate = true};
}

void Intake::check_next_lot() {
  if (arriving_.empty()) {
    checking_ = false;
    return;
  }
  checking_ = true;
  const std::size_t count = std::min(arriving_.size(), kLotOperations);
  std::vector<Submission> lot(
      std::make_move_iterator(arriving_.begin()),
      std::make_move_iterator(arriving_.begin() + static_cast<std::ptrdiff_t>(count)));
  arriving_.erase(arriving_.begin(), arriving_.begin() + static_cast<std::ptrdiff_t>(count));
  std::vector<crypto::SignatureCheck> checks;
  std::vector<std::size_t> first_check;
  for (const Submission& submission : lot) {
    first_check.push_back(checks.size());
    const auto of_one = submission.decoded.signature_checks();
    checks.insert(checks.end(), of_one.begin(), of_one.end());
    arriving_bytes_ -= submission.bytes;
  }
  first_check.push_back(checks.size());
  auto shared = std::make_shared<std::vector<Submission>>(std::move(lot));
  pool_.submit(std::move(checks), [this, shared, first_check](crypto::Verdicts verdicts) {
    answer_lot(std::move(*shared), first_check, verdicts);
  });
}

void Intake::answer_lot(std::vector<Submission> lot, const std::vector<std::size_t>& first_check,
                        const crypto::Verdicts& verdicts) {
  {
    const std::lock_guard lock(mutex_);
    check_next_lot();
  }
  const auto state = ports_.read();
  bool admitted = false;
  for (std::size_t i = 0; i < lot.size(); ++i) {
    const auto valid = verdicts.view().subspan(first_check[i], first_check[i + 1] - first_check[i]);
    auto answer = admit(lot[i], valid, *state);
    admitted = admitted || (answer && !answer->duplicate);
    lot[i].done(std::move(answer));
  }
  if (admitted) ports_.wake();
}

SubmitAnswer Intake::admit(Submission& submission, std::span<const bool> valid,
                           const ReadView& state) {
  const crypto::Hash hash = submission.decoded.operation_hash();
  const consensus::WallTime valid_until{submission.decoded.valid_until().value};
  auto verified = ledger::verify(std::move(submission.decoded), valid);
  if (!verified) return refuse(RefusalReason::Ledger, verified.error());
  if (const auto good = ledger::admit(state, *verified, {ports_.clock().ms}); !good) {
    if (good.error() == ledger::Code::IdempotencyConflict ||
        good.error() == ledger::Code::Duplicate) {
      if (auto answer = known(submission.key, hash)) return std::move(*answer);
    }
    return refuse(RefusalReason::Ledger, good.error());
  }
  const std::lock_guard lock(mutex_);
  const consensus::WallTime since = ports_.clock();
  const auto [place, is_new] =
      pending_.try_emplace(submission.key, Pending{.operation_hash = hash,
                                                   .valid_until = valid_until,
                                                   .bytes = submission.bytes,
                                                   .since = since});
  OperationInfo info{.status = OperationStatus::Received,
                     .actor = submission.key.first,
                     .op_id = submission.key.second,
                     .operation_hash = hash,
                     .valid_until = valid_until,
                     .outcome = {},
                     .receipt_id = {}};
  if (!is_new) {  // the same id arrived twice in one lot
    if (place->second.operation_hash != hash)
      return refuse_conflict(place->second.operation_hash, hash);
    return Admitted{.info = std::move(info), .duplicate = true};
  }
  arrived(submission.key, since);
  pending_bytes_ += submission.bytes;
  waiting_bytes_ += submission.bytes + kOperationOverhead;
  if (waiting_.empty()) oldest_ = std::nullopt;
  waiting_.push_back(std::move(*verified));
  return Admitted{.info = std::move(info), .duplicate = false};
}

std::optional<OperationInfo> Intake::pending(std::uint32_t actor, const OpId& op_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = pending_.find({actor, op_id});
  if (found == pending_.end()) return std::nullopt;
  return OperationInfo{
      .status = found->second.packed ? OperationStatus::Ordering : OperationStatus::Received,
      .actor = actor,
      .op_id = op_id,
      .operation_hash = found->second.operation_hash,
      .valid_until = found->second.valid_until,
      .outcome = {},
      .receipt_id = {}};
}

// Its places in the order outlive operations that have left, but are never many more than these.
void Intake::arrived(const OperationKey& key, consensus::WallTime since) {
  constexpr std::size_t kSpare = 1024;
  arrivals_.emplace_back(since, key);
  if (arrivals_.size() <= 2 * pending_.size() + kSpare) return;
  std::erase_if(arrivals_, [this](const auto& arrival) {
    const auto found = pending_.find(arrival.second);
    return found == pending_.end() || found->second.since != arrival.first;
  });
}

Intake::Load Intake::load() {
  const std::lock_guard lock(mutex_);
  Load load{.operations = pending_.size(), .bytes = pending_bytes_, .oldest = {}};
  for (; !arrivals_.empty(); arrivals_.pop_front()) {
    const auto& [since, key] = arrivals_.front();
    const auto found = pending_.find(key);
    if (found == pending_.end() || found->second.since != since) continue;
    load.oldest = since;
    break;
  }
  return load;
}

std::vector<consensus::BatchPtr> Intake::pack(consensus::Now now, std::uint64_t unordered) {
  std::vector<consensus::BatchPtr> packed;
  const std::lock_guard lock(mutex_);
  while (seated_ && !waiting_.empty()) {
    if (!oldest_) oldest_ = now.steady;
    const std::int64_t linger_us = static_cast<std::int64_t>(parameters_.batch_linger_ms) * 1000;
    const bool full = waiting_bytes_ + kBatchOverhead >= batch_bytes_ ||
                      waiting_.size() >= parameters_.batch_operations;
    const bool due =
        now.steady.us - oldest_->us >= linger_us && unordered + packed.size() < kUnorderedMax;
    if (!full && !due) break;
    if (auto batch = pack_one(now.wall)) packed.push_back(std::move(batch));
  }
  return packed;
}

consensus::BatchPtr Intake::pack_one(consensus::WallTime now) {
  std::vector<CheckedOperation> operations;
  std::size_t bytes = kBatchOverhead;
  while (!waiting_.empty() && operations.size() < parameters_.batch_operations) {
    const std::size_t size = waiting_.front().signed_operation().size() + kOperationOverhead;
    if (!operations.empty() && bytes + size > batch_bytes_) break;
    waiting_bytes_ -= size;
    ledger::Verified operation = std::move(waiting_.front());
    waiting_.pop_front();
    const auto found = pending_.find(key_of(operation));
    if (found == pending_.end()) continue;  // ran already: another validator's batch carried it
    found->second.packed = true;
    bytes += size;
    operations.emplace_back(std::move(operation));
  }
  oldest_ = std::nullopt;  // what stays behind begins a new wait
  if (operations.empty()) return nullptr;
  std::vector<crypto::ByteView> views;
  views.reserve(operations.size());
  for (const auto& operation : operations) views.push_back(operation->signed_operation());
  const consensus::WallTime expires_at{now.ms +
                                       static_cast<std::int64_t>(parameters_.batch_lifetime_ms)};
  auto batch = consensus::wire::make_batch(self_, ++next_seq_, expires_at, views);
  payload_.put(batch, std::move(operations));
  own_.emplace(batch->id, batch);
  return batch;
}

std::optional<consensus::Instant> Intake::next_deadline(std::uint64_t unordered) const {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty() || !oldest_ || !seated_ || unordered >= kUnorderedMax) return std::nullopt;
  return consensus::Instant{oldest_->us +
                            static_cast<std::int64_t>(parameters_.batch_linger_ms) * 1000};
}

void Intake::track(const consensus::BatchPtr& batch) {
  const std::lock_guard lock(mutex_);
  own_.emplace(batch->id, batch);
}

void Intake::on_executed(consensus::WallTime time, const std::vector<consensus::Hash>& batches,
                         const std::vector<Ran>& ran) {
  std::vector<consensus::BatchPtr> expired;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& id : batches) own_.erase(id);
    for (const Ran& operation : ran) {
      const auto found = pending_.find(operation.key);
      if (found == pending_.end()) continue;
      pending_bytes_ -= found->second.bytes;
      pending_.erase(found);
    }
    std::erase_if(own_, [&](const auto& item) {
      if (item.second->expires_at >= time) return false;
      expired.push_back(item.second);
      return true;
    });
  }
  for (const auto& batch : expired) pack_again(batch, time);
}

void Intake::pack_again(const consensus::BatchPtr& batch, consensus::WallTime time) {
  auto operations = payload_.take(batch);
  const std::lock_guard lock(mutex_);
  for (auto& operation : operations) {
    if (!operation || operation->valid_until().value < time.ms) continue;
    const std::size_t size = operation->signed_operation().size();
    if (!fits(size)) continue;  // the parameters were others before a restart
    const auto [place, is_new] = pending_.try_emplace(
        key_of(*operation), Pending{.operation_hash = operation->operation_hash(),
                                    .valid_until = {operation->valid_until().value},
                                    .bytes = size,
                                    .since = time});
    if (is_new) {  // of a batch from before a restart
      pending_bytes_ += size;
      arrived(place->first, time);
    }
    place->second.packed = false;
    waiting_bytes_ += size + kOperationOverhead;
    waiting_.push_back(std::move(*operation));
  }
  if (!waiting_.empty()) ports_.wake();
}

std::vector<OperationKey> Intake::expire(consensus::WallTime attested_time) {
  std::vector<OperationKey> expired;
  const std::lock_guard lock(mutex_);
  std::erase_if(pending_, [&](const auto& item) {
    if (item.second.valid_until >= attested_time) return false;
    expired.push_back(item.first);
    pending_bytes_ -= item.second.bytes;
    return true;
  });
  return expired;
}

}  // namespace giro::runtime
