#include "tests/unit/consensus/node.h"

#include <algorithm>

#include "consensus/limits.h"
#include "crypto/check.h"

namespace giro::consensus::testing {

Node::Node(World& world, const Members& members, std::size_t index, const Parameters& parameters,
           NodeTiming timing)
    : world_(world),
      members_(members),
      index_(index),
      self_(members.institution(index)),
      parameters_(parameters),
      timing_(timing),
      verifier_(members.chain(), self_) {
  store_.push_back({members.genesis(), {}, {}});
}

void Node::start() {
  GIRO_CHECK(!is_up());
  const Header executed = store_.back().header;
  std::vector<Header> recent;
  for (const Stored& stored : store_) {
    if (stored.header.height.value + 4 * parameters_.window > executed.height.value) {
      recent.push_back(stored.header);
    }
  }
  Recovery recovery(members_.chain(), members_.set(), members_.genesis().hash(members_.chain()),
                    parameters_.epoch_blocks, executed, executed.hash(members_.chain()), recent);
  durable_batches_.clear();
  durable_blocks_.clear();
  durable_certificates_.clear();
  std::vector<OrderedId> ordered;
  for (const Stored& stored : store_) {
    for (const BatchPtr& batch : stored.batches) {
      if (batch->expires_at >= executed.time) ordered.push_back({batch->id, batch->expires_at});
    }
  }
  recovery.seed_ordered(ordered);
  for (const Record& record : log_) {
    const auto decoded = wire::decode_record(static_cast<std::uint8_t>(record.type), record.bytes);
    GIRO_CHECK(decoded.has_value());
    recovery.apply(*decoded);
    note_durable(*decoded);
  }
  const Member identity = members_.identity(index_, key_);
  if (recovery.last_key() != identity.key) {
    recovery.apply(KeyRecord{identity.key});
    append(KeyRecord{identity.key});
    synced_ = log_.size();
  }
  const LoggedCeilings logged = recovery.ceilings();
  const std::vector<VoteContent> votes = recovery.votes();
  RecoveredState state = std::move(recovery).finish();
  state.next_members = next_members_at(members_, executed.height, parameters_.epoch_blocks);
  remember(state, logged);
  if (guard_) {
    if (state.floor) guard_->forbid(*state.floor);
    if (state.amnesic_below) guard_->forbid(*state.amnesic_below);
    for (const VoteContent& vote : votes) guard_->restore(vote);
    guard_->leave_below(state.set.epoch, state.view);
    if (state.own_change) guard_->restore(state.own_change->change);
    if (state.new_view_intent) guard_->restore(*state.new_view_intent);
    guard_->release(state.stable);
  }
  open_records_ =
      state.chain.size() + state.batches.size() + state.votes.size() + state.certificates.size();
  replica_ = std::make_unique<Replica>(members_.chain(), identity, parameters_, ReplicaLimits{},
                                       std::move(state), world_.now(index_));
  begin_turn();
  arm();
}

// The sign state beside the log (protocol R37, R39).
void Node::remember(RecoveredState& state, const LoggedCeilings& logged) {
  known_ceiling_ = logged.last ? logged.last->number : 0;
  const auto as_record = [](const Ceiling& c) {
    return CeilingRecord{c.number, c.epoch, c.view, c.height};
  };
  guard_.reset();
  const Memory memory =
      sign_state() ? compare(as_record(*sign_state()), logged) : Memory::SignStateBehind;
  if (memory == Memory::SignStateBehind) {
    state.floor_search = ++searches_;
    return;
  }
  if (memory == Memory::Complete && known_ceiling_ > sign_state()->number) {
    const CeilingRecord& last = *logged.last;
    sign_state() = Ceiling{last.number, last.epoch, last.view, last.height};
  }
  if (memory == Memory::LogBehind) {
    state.amnesic_below = floor_below(as_record(*sign_state()), parameters_.epoch_blocks);
    append(AmnesiaRecord{*state.amnesic_below});
    ++sign_state()->number;
    append(as_record(*sign_state()));
    synced_ = log_.size();
  }
  guard_ = std::make_unique<VoteGuard>(members_.signer(index_, key_), members_.chain(), self_,
                                       *sign_state(), parameters_.window);
}

std::optional<Floor> Node::found_floor() const {
  if (!replica_) return std::nullopt;
  const ReplicaView view = replica_->view();
  return view.floor_search ? view.floor_search->found : std::nullopt;
}

void Node::adopt(const Floor& floor) {
  GIRO_CHECK(!is_up());
  Ceiling made{known_ceiling_ + 1, floor.epoch, floor.view, floor.height};
  if (sign_state()) {  // a copy, and as such never above what was signed
    made.number = std::max(made.number, sign_state()->number + 1);
    made.height = std::max(made.height, sign_state()->height);
    GIRO_CHECK(sign_state()->epoch <= made.epoch, sign_state()->epoch);
  }
  sign_state() = made;
}

void Node::crash(std::size_t tail_kept, std::size_t store_lost) {
  for (std::size_t i = 0; i < kRejectReasons; ++i) past_rejects_[i] += replica_->rejects()[i];
  log_.resize(synced_ + std::min(tail_kept, log_.size() - synced_));
  synced_ = log_.size();
  store_.resize(std::max(store_synced_, store_.size() - std::min(store_lost, store_.size())));
  replica_.reset();
  guard_.reset();
  in_turn_ = false;
  executing_ = false;
  to_execute_.clear();
  armed_.reset();
}

void Node::wipe() {
  GIRO_CHECK(!is_up());
  log_.clear();
  synced_ = 0;
  store_synced_ = 1;
  store_.resize(1);
  attests_.clear();
  blocks_by_hash_.clear();
  batches_by_id_.clear();
}

void Node::use_key(std::size_t key) {
  GIRO_CHECK(!is_up());
  key_ = key;
}

RejectCounts Node::rejects() const {
  RejectCounts counts = past_rejects_;
  for (std::size_t i = 0; replica_ && i < kRejectReasons; ++i) counts[i] += replica_->rejects()[i];
  return counts;
}

std::uint64_t Node::events(EventType type) const {
  const auto count = events_.find(type);
  return count == events_.end() ? 0 : count->second;
}

void Node::step(Input input) {
  replica_->step(world_.now(index_), std::move(input));
  begin_turn();
  arm();
}

void Node::arm() {
  const std::optional<Instant> deadline = replica_->next_deadline();
  const Instant now = world_.now(index_).steady;
  GIRO_CHECK(deadline && *deadline > now, now.us);  // a deadline that is past would spin the driver
  if (armed_ && *armed_ <= *deadline && *armed_ > now) return;
  armed_ = deadline;
  world_.later(index_, deadline->us - now.us, [this, at = *deadline] {
    if (armed_ == at) armed_.reset();
    step(TimePassed{});
  });
}

// Appends what the replica wants remembered and what it wants signed, then syncs: one turn at a
// time.
void Node::begin_turn() {
  if (in_turn_) return;
  Output output = replica_->take_output();
  if (output.empty()) return;
  in_turn_ = true;
  const std::size_t first = log_.size();
  for (const DurableRecord& record : output.persist) append(record);
  if (output.is_statement && guard_) {  // of the driver's own
    const auto add = [&](const Ceiling& known) {
      append(CeilingRecord{known.number, known.epoch, known.view, known.height});
    };
    if (const auto& before = guard_->ceiling_before()) add(*before);
    add(guard_->ceiling());
  }
  GIRO_CHECK(guard_ || !output.signs());
  const std::optional<Ceiling> ceiling = guard_ ? guard_->needed(output) : std::nullopt;
  if (ceiling)
    append(CeilingRecord{ceiling->number, ceiling->epoch, ceiling->view, ceiling->height});
  std::vector<std::uint64_t> positions;
  for (const VoteRequest& request : output.sign) {
    append(VoteRecord{request.content});
    positions.push_back(log_.size());
  }
  world_.later(
      index_, timing_.sync_us,
      [this, output = std::move(output), positions, ceiling, first, end = log_.size()]() mutable {
        if (output.is_statement) {
          synced_ = end;
          store_synced_ = store_.size();
          const std::size_t before = log_.size();
          cut_below(output, first);
          const std::size_t gone = before - log_.size();
          end -= gone;
          for (std::uint64_t& position : positions) position -= gone;
        }
        finish_turn(std::move(output), std::move(positions), ceiling, end);
      });
}

void Node::finish_turn(Output output, std::vector<std::uint64_t> positions,
                       std::optional<Ceiling> ceiling, std::size_t synced) {
  synced_ = synced;
  for (const DurableRecord& record : output.persist) note_durable(record);
  if (ceiling) {
    sign_state() = *ceiling;
    guard_->raised(*ceiling);
  }
  std::vector<VerifiedMessage> own;
  for (std::size_t i = 0; i < output.sign.size(); ++i) {
    const VoteRequest& request = output.sign[i];
    check_promise(request.content);
    const auto vote = guard_->sign(durable(synced_), positions[i], request.content, request.voter);
    GIRO_CHECK(vote.has_value(), static_cast<int>(vote.error()), request.content.height);
    world_.on_vote(index_, *vote);
    if (request.proposal) {
      broadcast(PrePrepare{*request.proposal, *vote});
    } else {
      broadcast(*vote);
    }
    own.push_back(guard_->own(request, *vote));
  }
  const auto sign_for_all = [&](const auto& promise) {
    const auto made = guard_->sign(durable(synced_), synced, promise);
    GIRO_CHECK(made.has_value(), static_cast<int>(made.error()));
    world_.on_promise(index_, *made);
    broadcast(*made);
    own.push_back(guard_->own(*made));
  };
  if (output.view_change) sign_for_all(*output.view_change);
  if (output.new_view) sign_for_all(*output.new_view);
  for (Outbound& outbound : output.send) {
    if (outbound.to) {
      send(*outbound.to, outbound.message);
    } else {
      broadcast(outbound.message);
    }
  }
  std::ranges::move(output.execute, std::back_inserter(to_execute_));
  for (const Fetch& fetch : output.fetch) {
    std::visit([&](const auto& what) { send(fetch.from, what); }, fetch.what);
  }
  for (const Event& event : output.events) ++events_[event.type];
  in_turn_ = false;
  execute_next();
  for (VerifiedMessage& vote : own) step(std::move(vote));
  if (guard_) guard_->release(replica_->stable());
  begin_turn();
}

void Node::cut_below(const Output& statement, std::size_t first) {
  std::set<Hash> needed(statement.needed_batches.begin(), statement.needed_batches.end());
  for (const Stored& stored : store_) {  // peers may ask for what is not stable everywhere
    if (stored.header.height > replica_->stable())
      needed.insert(stored.block.batches.begin(), stored.block.batches.end());
  }
  std::vector<Record> kept;
  for (std::size_t i = 0; i < log_.size(); ++i) {
    bool stays = i >= first;
    if (!stays && log_[i].type == wire::RecordType::Batch) {
      const auto record =
          wire::decode_record(static_cast<std::uint8_t>(log_[i].type), log_[i].bytes);
      GIRO_CHECK(record.has_value());
      stays = needed.contains(std::get<BatchRecord>(*record).batch->id);
    }
    if (stays) kept.push_back(std::move(log_[i]));
  }
  log_ = std::move(kept);
}

void Node::append(const DurableRecord& record) {
  log_.push_back({wire::type_of(record), wire::encode_record(record)});
}

void Node::note_durable(const DurableRecord& record) {
  if (const auto* batch = std::get_if<BatchRecord>(&record)) {
    durable_batches_.insert(batch->batch->id);
    batches_by_id_.emplace(batch->batch->id, batch->batch);
  } else if (const auto* block = std::get_if<BlockRecord>(&record)) {
    const Hash hash = block->block.hash(members_.chain());
    durable_blocks_.insert(hash);
    blocks_by_hash_.emplace(hash, block->block);
  } else if (const auto* certificate = std::get_if<CertificateRecord>(&record)) {
    const VoteContent& content = certificate->certificate.content;
    durable_certificates_.emplace(content.kind, content.digest);
    if (content.kind == VoteKind::Attest)
      attests_.emplace(content.height, certificate->certificate);
  }
}

// Protocol R35, seen from outside.
void Node::check_promise(const VoteContent& content) const {
  if (content.kind == VoteKind::Prepare) {
    GIRO_CHECK(durable_blocks_.contains(content.digest), content.height);
    for (const Hash& id : blocks_by_hash_.at(content.digest).batches) {
      GIRO_CHECK(durable_batches_.contains(id), content.height);
    }
  } else if (content.kind == VoteKind::Commit) {
    GIRO_CHECK(durable_certificates_.contains({VoteKind::Prepare, content.digest}), content.height);
  }
}

void Node::broadcast(const Message& message) {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (i != index_) send(members_.institution(i), message);
  }
}

void Node::send(InstitutionId to, const Message& message) {
  world_.send(index_, to, wire::type_of(message), wire::encode(message));
}

void Node::receive(InstitutionId from, std::uint8_t type, const Bytes& bytes) {
  auto message = wire::decode(type, bytes);
  if (!message) {
    ++wire_rejects_[static_cast<std::size_t>(message.error())];
    return;
  }
  if (auto* batch = std::get_if<BatchMessage>(&*message))
    return step(BatchAvailable{std::move(batch->batch), from});
  if (const auto* chain = std::get_if<FetchChain>(&*message)) return answer(from, *chain);
  if (const auto* batches = std::get_if<FetchBatches>(&*message)) return answer(from, *batches);
  if (const auto* vote = std::get_if<Vote>(&*message); vote != nullptr && !replica_->wants(*vote))
    return;
  if (const auto* change = std::get_if<ProvenViewChange>(&*message);
      change != nullptr && !replica_->wants(*change)) {
    return;
  }
  if (const auto* chain = std::get_if<ChainSegment>(&*message);
      chain != nullptr && !replica_->wants(*chain, from)) {
    return;
  }
  if (const auto* reply = std::get_if<ReplyStable>(&*message);
      reply != nullptr && !replica_->wants(*reply, from)) {
    return;
  }
  auto verified = verifier_.verify(from, std::move(*message), replica_->set());
  if (!verified) {
    ++wire_rejects_[static_cast<std::size_t>(verified.error())];
    return;
  }
  step(std::move(*verified));
}

void Node::answer(InstitutionId from, const FetchChain& question) {
  const Height end = std::min(last_height(question.epoch, parameters_.epoch_blocks),
                              Height{question.stable.value + kSegmentBlocksMax});
  auto proof = attests_.upper_bound(end);
  while (proof != attests_.begin() && std::prev(proof)->first > question.stable) {
    --proof;
    if (proof->first > executed() || proof->second.content.epoch != question.epoch) continue;
    ChainSegment segment{{}, store_.at(proof->first.value).header, proof->second};
    for (std::uint64_t h = question.stable.value + 1; h <= proof->first.value; ++h) {
      segment.blocks.push_back(store_.at(h).block);
    }
    return send(from, segment);
  }
}

void Node::answer(InstitutionId from, const FetchBatches& question) {
  for (const Hash& id : question.batches) {
    const auto batch = batches_by_id_.find(id);
    if (batch != batches_by_id_.end() && durable_batches_.contains(id))
      send(from, BatchMessage{batch->second});
  }
}

void Node::execute_next() {
  if (executing_ || to_execute_.empty()) return;
  executing_ = true;
  world_.later(index_, timing_.execute_us, [this] {
    CommittedBlock block = std::move(to_execute_.front());
    to_execute_.erase(to_execute_.begin());
    executing_ = false;
    Executed result =
        executed_after(store_.back().header, members_, block.block, parameters_.epoch_blocks);
    for (const BatchPtr& batch : block.batches) operations_executed_ += batch->operations.size();
    world_.on_executed(index_, block, result.header);
    store_.push_back({result.header, block.block, block.batches});
    step(std::move(result));
    execute_next();
  });
}

void Node::submit(std::size_t operation_bytes) {
  std::string operation = std::to_string(index_) + "/" + std::to_string(next_seq_) + "/";
  operation.resize(std::max(operation.size(), operation_bytes), 'x');
  const std::int64_t expires =
      world_.now(index_).wall.ms + static_cast<std::int64_t>(parameters_.batch_lifetime_ms);
  BatchPtr batch = batch_of(self_, next_seq_, expires, operation);
  if (batch->bytes.size() > replica_->own_quota_left()) return;
  ++next_seq_;
  step(BatchAvailable{std::move(batch), self_});
}

}  // namespace giro::consensus::testing
