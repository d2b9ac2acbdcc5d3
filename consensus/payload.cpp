// Batches in, confirmations, offers, and questions for what is missing (protocol R2, R3, R9, R20).
#include <algorithm>

#include "consensus/replica_state.h"
#include "crypto/mutant.h"

namespace giro::consensus {

void Replica::State::on(BatchAvailable&& payload) {
  if (GIRO_MUTANT(9) && payload.from != payload.batch->author && !requests.empty() &&
      !requests.find(payload.batch->id)) {
    auto renamed = std::make_shared<Batch>(*payload.batch);
    renamed->id = requests.oldest(1).front();
    payload.batch = std::move(renamed);
  }
  const Batch& batch = *payload.batch;
  const RejectReason reason = judge(batch, payload.from);
  const bool from_author = payload.from == batch.author && payload.from != self;
  if (reason == RejectReason::None) {
    const PayloadRequests::Want* wanted = requests.find(batch.id);
    keep(payload.batch, wanted == nullptr || !wanted->named);
    emit(EventType::BatchAccepted, {}, batch.id, batch.author.value);
    if (payload.from == self) {
      own.add(batch.id, now.steady);
      send(BatchMessage{payload.batch});
    }
  } else {
    refuse(reason);
    const bool is_held =
        reason == RejectReason::Duplicate || reason == RejectReason::AlreadyOrdered;
    if (!is_held)
      return emit(EventType::BatchRefused, {}, batch.id, static_cast<std::uint32_t>(reason));
  }
  // Again for one that we hold: the first confirmation may have been lost.
  if (from_author) send(BatchConfirm{batch.id}, payload.from);
}

RejectReason Replica::State::judge(const Batch& batch, InstitutionId from) const {
  if (pool.holds(batch.id)) return RejectReason::Duplicate;
  if (storage_low) return RejectReason::StorageLow;
  const bool too_large = batch.bytes.size() > parameters.batch_bytes ||
                         batch.operations.size() > parameters.batch_operations;
  if (too_large) return RejectReason::TooLarge;
  const PayloadRequests::Want* wanted = requests.find(batch.id);
  if (wanted != nullptr && wanted->named)
    return RejectReason::None;  // quota and clock never keep a block from its payload
  if (named.height_of(batch.id)) return RejectReason::AlreadyOrdered;
  if (from != batch.author && wanted == nullptr) return RejectReason::NotAuthor;
  if (!set.find(batch.author)) return RejectReason::AuthorNotMember;
  const auto ahead =
      static_cast<std::int64_t>(parameters.batch_lifetime_ms + parameters.clock_skew_ms);
  if (batch.expires_at.ms > now.wall.ms + ahead) return RejectReason::ExpiresTooLate;
  if (batch.expires_at < now.wall || batch.expires_at < committed_time)
    return RejectReason::Expired;
  if (pool.unordered_bytes(batch.author) + BatchPool::charge(batch) > parameters.author_quota) {
    return RejectReason::OverQuota;
  }
  return RejectReason::None;
}

void Replica::State::keep(BatchPtr batch, bool charged) {
  const Hash id = batch->id;
  out.persist.push_back(BatchRecord{batch});
  pool.insert(std::move(batch), charged, now.steady);
  requests.done(id);
  if (named.height_of(id)) on_payload(id);
}

void Replica::State::drop_expired(WallTime block_time) {
  for (const Hash& id : pool.drop_expired(block_time)) own.remove(id);
}

void Replica::State::on(const BatchConfirm& confirm, InstitutionId from) {
  if (!own.contains(confirm.batch))
    return refuse(RejectReason::NotAsked);  // ordered meanwhile, mostly
  own.confirm(confirm.batch, from);
}

void Replica::State::on(const BatchOffer& offer, InstitutionId from) {
  if (!is_primary()) return refuse(RejectReason::NotAsked);  // it may be of another view
  for (const Hash& id : offer.batches) {
    if (pool.holds(id) || named.height_of(id)) continue;
    if (requests.offered() >= kOffersMax) return refuse(RejectReason::OverBudget);
    requests.want(id, false, now.steady, from);
  }
}

// Who was heard of lately; everybody, if nobody was.
std::vector<InstitutionId> Replica::State::responsive() const {
  const auto recent = static_cast<std::int64_t>(parameters.status_interval_ms) * 3'000;
  std::vector<InstitutionId> heard;
  for (const auto& [id, peer] : peers) {
    if (peer.status && now.steady.us - peer.heard.us <= recent) heard.push_back(id);
  }
  for (const auto& [id, peer] : outsiders) {  // of an epoch to come, when ours has long ended
    const bool is_recent = now.steady.us - peer.heard.us <= recent;
    if (is_recent && peer.status->epoch > set.epoch) heard.push_back(id);
  }
  return heard.empty() ? others() : heard;
}

void Replica::State::ask_for_payload() {
  if (requests.empty() || storage_low) return;
  const std::uint64_t most =
      std::max<std::uint64_t>(1, limits.fetched_batch_bytes / parameters.batch_bytes);
  for (Fetch& fetch : requests.ask(now.steady, responsive(), most))
    out.fetch.push_back(std::move(fetch));
}

}  // namespace giro::consensus
