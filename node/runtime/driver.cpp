#include "node/runtime/driver.h"

#include <algorithm>
#include <utility>

#include "node/runtime/fatal.h"

namespace giro::runtime {

using consensus::DurableToken;
using consensus::Message;

namespace {

// The traffic class of a message on the channel.
p2p::Family channel_family(consensus::wire::MessageType type) {
  using Type = consensus::wire::MessageType;
  switch (type) {
    case Type::Batch:
      return p2p::Family::Payload;
    case Type::PrePrepare:
    case Type::Vote:
    case Type::CertifiedBlocks:
    case Type::AttestProof:
    case Type::ViewChange:
    case Type::NewView:
      return p2p::Family::Agreement;
    case Type::BatchConfirm:
    case Type::BatchOffer:
    case Type::Suspect:
    case Type::Status:
      return p2p::Family::Status;
    case Type::Evidence:
      return p2p::Family::Evidence;
    case Type::ChainSegment:
    case Type::FetchChain:
    case Type::FetchBatches:
    case Type::FetchBlocks:
    case Type::BlockRange:
    case Type::FetchSnapshot:
    case Type::SnapshotOffer:
    case Type::FetchChunk:
    case Type::SnapshotChunk:
    case Type::QueryStable:
    case Type::ReplyStable:
      return p2p::Family::Sync;
  }
  return p2p::Family::Sync;
}

bool is_about_snapshots(const Message& message) {
  return std::holds_alternative<consensus::FetchSnapshot>(message) ||
         std::holds_alternative<consensus::SnapshotOffer>(message) ||
         std::holds_alternative<consensus::FetchChunk>(message) ||
         std::holds_alternative<consensus::SnapshotChunk>(message);
}

const consensus::Vote* snapshot_vote(const Message& message) {
  const auto* vote = std::get_if<consensus::Vote>(&message);
  return vote != nullptr && vote->content.kind == consensus::VoteKind::Snapshot ? vote : nullptr;
}

}  // namespace

p2p::Frame frame_of(const Message& message) {
  const auto type = consensus::wire::type_of(message);
  const auto number = static_cast<std::uint8_t>(type);
  if (const auto* batch = std::get_if<consensus::BatchMessage>(&message)) {
    return p2p::encode_frame(channel_family(type), number, batch->batch->bytes);
  }
  return p2p::encode_frame(channel_family(type), number, consensus::wire::encode(message));
}

Driver::Driver(consensus::Replica replica, consensus::VoteGuard* guard,
               consensus::SnapshotVotes snapshots, consensus::wire::Verifier verifier,
               consensus::InstitutionId self, DriverPorts ports)
    : replica_(std::move(replica)),
      guard_(guard),
      snapshots_(std::move(snapshots)),
      verifier_(std::move(verifier)),
      self_(self),
      ports_(std::move(ports)) {}

void Driver::on_frame(const consensus::Member& sender, std::uint8_t type,
                      crypto::ByteView payload) {
  const consensus::InstitutionId from = sender.institution;
  auto message = consensus::wire::decode(type, payload);
  if (!message) return refuse(from, message.error());
  if (!may_say(sender, *message)) return refuse(from, consensus::RejectReason::NotMember);
  if (auto* batch = std::get_if<consensus::BatchMessage>(&*message))
    return step(consensus::BatchAvailable{batch->batch, from});
  if (auto* fetch = std::get_if<consensus::FetchChain>(&*message))
    return ports_.serve_chain(from, *fetch);
  if (auto* fetch = std::get_if<consensus::FetchBatches>(&*message)) {
    return ports_.serve_batches(from, std::move(*fetch));
  }
  if (is_about_snapshots(*message)) return ports_.snapshot_message(from, std::move(*message));
  if (const auto* vote = snapshot_vote(*message)) return on_snapshot_vote(from, *vote);
  hear(from, *message);
  if (!is_wanted(from, *message)) return;  // its signatures are not worth a check (protocol R13)
  auto verified = verifier_.verify(from, std::move(*message), replica_.set());
  if (!verified) return refuse(from, verified.error());
  if (const auto* status = std::get_if<consensus::Status>(&verified->claim()))
    snapshots_.on_status(from, status->snapshot, ports_.now().steady);
  step(std::move(*verified));
}

// An institution's seat is held by one key (protocol R43). Its key of the epoch before or of the
// next one speaks as somebody without a seat does: nothing is believed for the channel's sake.
bool Driver::may_say(const consensus::Member& from, const Message& message) const {
  const consensus::ValidatorSet& set = replica_.set();
  if (set.find(from)) return true;
  if (const auto* batch = std::get_if<consensus::BatchMessage>(&message))
    return replica_.wants(*batch->batch);
  if (!set.find(from.institution)) return true;  // the replica knows that it has no seat
  if (const auto* status = std::get_if<consensus::Status>(&message))
    return status->epoch != set.epoch;  // of ours it would carry the seat's suspicion
  // A snapshot vote may be the old key's last word: it is judged by the set of its own epoch.
  return std::holds_alternative<consensus::ChainSegment>(message) ||
         std::holds_alternative<consensus::QueryStable>(message) ||
         std::holds_alternative<consensus::FetchChain>(message) ||
         std::holds_alternative<consensus::FetchBatches>(message) || is_about_snapshots(message) ||
         snapshot_vote(message) != nullptr;
}

void Driver::hear(consensus::InstitutionId from, const Message& message) {
  constexpr std::uint64_t kAhead = 1024;  // a liar's vote for the end of time tells nobody anything
  const auto* vote = std::get_if<consensus::Vote>(&message);
  if (vote == nullptr || vote->content.height.value > replica_.stable().value + kAhead) return;
  consensus::Height& heard = heard_votes_[from];
  heard = std::max(heard, vote->content.height);
}

consensus::Height Driver::heard_vote(consensus::InstitutionId member) const {
  const auto found = heard_votes_.find(member);
  return found == heard_votes_.end() ? consensus::Height{} : found->second;
}

bool Driver::is_wanted(consensus::InstitutionId from, const Message& message) const {
  if (const auto* vote = std::get_if<consensus::Vote>(&message)) return replica_.wants(*vote);
  if (const auto* change = std::get_if<consensus::ProvenViewChange>(&message))
    return replica_.wants(*change);
  if (const auto* begun = std::get_if<consensus::NewView>(&message)) return replica_.wants(*begun);
  if (const auto* chain = std::get_if<consensus::ChainSegment>(&message))
    return replica_.wants(*chain, from);
  if (const auto* reply = std::get_if<consensus::ReplyStable>(&message))
    return replica_.wants(*reply, from);
  return true;
}

void Driver::on_own_batch(const consensus::BatchPtr& batch) {
  step(consensus::BatchAvailable{batch, self_});
}
void Driver::on_executed(const consensus::Executed& executed) {
  step(executed);
}
void Driver::on_time() {
  step(consensus::TimePassed{});
}
void Driver::on_leaving() {
  step(consensus::Leaving{});
}

void Driver::on_snapshot(consensus::SnapshotVotes::Held held) {
  snapshots_.hold(std::move(held));
  if (const auto height = snapshots_.contradicted()) step(consensus::Contradicted{*height});
}
void Driver::on_kept(const consensus::Kept& kept) {
  step(kept);
}
void Driver::on_restate() {
  step(consensus::Restate{});
}

void Driver::on_snapshot_vote(consensus::InstitutionId from, const consensus::Vote& vote) {
  const consensus::RejectReason reason = snapshots_.on_vote(from, vote);
  if (reason != consensus::RejectReason::None) refuse(from, reason);
  if (const auto height = snapshots_.contradicted()) step(consensus::Contradicted{*height});
}

// Snapshot votes stand beside the replica, and pass the same way as its own (protocol R34, R36).
consensus::Output Driver::snapshot_output() {
  consensus::Output output;
  for (auto& request : snapshots_.requests(guard_ != nullptr && replica_.may_sign())) {
    // What an amnesia has forbidden for ever is not asked for (protocol R39).
    if (guard_->may_ever_sign(request.content)) output.sign.push_back(std::move(request));
  }
  output.send = snapshots_.take_sent();
  for (auto& certificate : snapshots_.take_certified())
    ports_.snapshot_certified(std::move(certificate));
  return output;
}

// What a statement needs beside the replica's part: the newest ceiling, and the guard's own memory.
void Driver::append_memory(LogWriter::Group& group) const {
  group.is_statement = true;
  if (guard_ == nullptr) return;
  const auto add = [&](const consensus::Ceiling& known) {
    group.records.emplace_back(
        consensus::CeilingRecord{known.number, known.epoch, known.view, known.height});
  };
  if (const auto& before = guard_->ceiling_before()) add(*before);
  add(guard_->ceiling());
  for (const auto& [height, content] : guard_->snapshot_votes())
    group.records.emplace_back(consensus::VoteRecord{content});
  // Asked for, and signed once their group is durable: the guard does not know them yet.
  for (const auto& content : snapshots_.voted()) {
    if (!guard_->snapshot_votes().contains(content.height))
      group.records.emplace_back(consensus::VoteRecord{content});
  }
}

void Driver::on_storage(bool low) {
  step(consensus::StorageSpace{low});
}

void Driver::step(consensus::Input input) {
  replica_.step(ports_.now(), std::move(input));
}

void Driver::refuse(consensus::InstitutionId from, consensus::RejectReason reason) {
  ++refused_.at(static_cast<std::size_t>(reason));
  if (consensus::is_violation(reason)) ports_.violation(from, reason);
}

void Driver::turn() {
  for (;;) {
    Effects effects;
    effects.output = replica_.take_output();
    if (effects.output.empty()) effects.output = snapshot_output();
    if (effects.output.empty()) break;
    consensus::Output& output = effects.output;
    if (output.signs()) {
      if (guard_ == nullptr) stop_process(ExitCode::Invariant, "an observer was asked to vote");
      effects.raise = guard_->needed(output);
    }
    if (output.persist.empty() && !output.signs()) {
      if (waiting_.empty()) {
        perform(std::move(effects), nullptr);
      } else {
        effects.group = waiting_.back().group;
        waiting_.push_back(std::move(effects));
      }
      continue;
    }
    LogWriter::Group group{.number = ++last_group_, .records = {}, .raise = effects.raise};
    for (const auto& record : output.persist) {
      if (const auto* kept = std::get_if<consensus::BatchRecord>(&record))
        ports_.payload_accepted(kept->batch);
      group.records.push_back(record);
    }
    if (output.is_statement) append_memory(group);
    for (const auto& request : output.sign)
      group.records.emplace_back(consensus::VoteRecord{request.content});
    if (effects.raise) {
      const consensus::Ceiling& to = *effects.raise;
      group.records.emplace_back(consensus::CeilingRecord{to.number, to.epoch, to.view, to.height});
      guard_->raised(
          to);  // nothing above it is signed before this group is durable, log and sign state
    }
    effects.group = group.number;
    waiting_.push_back(std::move(effects));
    ports_.append(std::move(group));
  }
  if (guard_ != nullptr && waiting_.empty()) guard_->release(replica_.stable());
}

void Driver::on_synced(const DurableToken& token) {
  while (!waiting_.empty() && waiting_.front().group <= token.position()) {
    Effects effects = std::move(waiting_.front());
    waiting_.pop_front();
    perform(std::move(effects), &token);
  }
}

void Driver::perform(Effects effects, const DurableToken* token) {
  // Before anybody hears of it: the next start goes by what this leaves (protocol R11).
  for (const auto& record : effects.output.persist)
    if (const auto* found = std::get_if<consensus::BreachRecord>(&record)) ports_.breach(*found);
  if (effects.output.signs()) sign(effects, *token);
  for (const auto& outbound : effects.output.send) send(outbound.to, outbound.message);
  for (auto& record : effects.output.persist) {
    if (const auto* found = std::get_if<consensus::EvidenceRecord>(&record))
      ports_.evidence(found->evidence);
    auto* certificate = std::get_if<consensus::CertificateRecord>(&record);
    if (certificate != nullptr &&
        certificate->certificate.content.kind == consensus::VoteKind::Attest) {
      ports_.attested(std::move(certificate->certificate));
    }
  }
  for (auto& block : effects.output.execute) ports_.execute(std::move(block));
  for (auto& fetch : effects.output.fetch) {
    std::visit([&](auto& what) { send(fetch.from, Message{std::move(what)}); }, fetch.what);
  }
  for (const auto& event : effects.output.events) ports_.event(event);
  if (effects.output.divergence) ports_.divergence(*effects.output.divergence);
  if (effects.output.is_statement) ports_.stated(effects.output.needed_batches);
}

namespace {

// A refusal of the guard is a broken invariant; without its signer a validator cannot go on either.
template <typename Signed>
Signed signed_or_stop(std::expected<Signed, consensus::SignRefusal> result) {
  if (result) return std::move(*result);
  if (result.error() == consensus::SignRefusal::SignerDown) {
    stop_process(ExitCode::Invariant, "the signer is gone: this validator cannot vote");
  }
  stop_process(ExitCode::Invariant, "the vote guard refused what we were about to sign, reason " +
                                        std::to_string(static_cast<int>(result.error())));
}

}  // namespace

void Driver::sign(const Effects& effects, const DurableToken& token) {
  const consensus::Output& output = effects.output;
  for (const auto& request : output.sign) {
    const auto vote =
        signed_or_stop(guard_->sign(token, effects.group, request.content, request.voter));
    if (request.proposal) {
      send(std::nullopt, consensus::PrePrepare{*request.proposal, vote});
    } else {
      send(std::nullopt, vote);
    }
    if (request.content.kind == consensus::VoteKind::Snapshot) {
      snapshots_.on_own(vote);
      if (const auto height = snapshots_.contradicted()) step(consensus::Contradicted{*height});
      continue;
    }
    own_last_vote_ = std::max(own_last_vote_, request.content.height);
    step(guard_->own(request, vote));
  }
  if (output.view_change) sign_for_all(effects, token, *output.view_change);
  if (output.new_view) sign_for_all(effects, token, *output.new_view);
}

template <typename Promise>
void Driver::sign_for_all(const Effects& effects, const DurableToken& token,
                          const Promise& promise) {
  const auto made = signed_or_stop(guard_->sign(token, effects.group, promise));
  send(std::nullopt, made);
  step(guard_->own(made));
}

void Driver::send(std::optional<consensus::InstitutionId> to, const Message& message) {
  if (const auto* status = std::get_if<consensus::Status>(&message)) {
    consensus::Status told = *status;
    told.disk_free = hints_.disk_free;
    told.version = hints_.version;
    told.sees = hints_.sees;
    told.stopped = hints_.stopped;
    return ports_.send(to, frame_of(Message{std::move(told)}));
  }
  ports_.send(to, frame_of(message));
}

}  // namespace giro::runtime
