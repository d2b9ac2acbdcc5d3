#include "tests/simulation/twins_copy.h"

#include <algorithm>
#include <ranges>
#include <string>

#include "consensus/limits.h"
#include "consensus/wire/codec.h"
#include "crypto/check.h"
#include "crypto/digest.h"

namespace giro::sim {

using namespace consensus;

namespace {

Header genesis_header(const NetworkSetup& setup) {
  Header header;
  header.block = setup.chain();
  header.time = {NetworkSetup::kGenesisMs};
  header.rules_version = 1;
  return header;
}

// What the store knows when the epoch's last height is executed and not stable.
std::optional<std::vector<Member>> next_members(const NetworkSetup& setup, Height executed) {
  const std::uint64_t epoch_blocks = setup.parameters().epoch_blocks;
  if (executed.value == 0 || executed.value % epoch_blocks != 0) return std::nullopt;
  return twins_members(setup, {executed.value / epoch_blocks}).members;
}

// As little as makes every batch a block of its own, so that the window fills.
constexpr ReplicaLimits kBlockForEachBatch{.block_target_bytes = 1};

}  // namespace

ValidatorSet twins_members(const NetworkSetup& setup, Epoch epoch) {
  ValidatorSet set{epoch, {}};
  for (std::size_t i = 0; i < setup.size(); ++i)
    set.members.push_back({setup.institution(i), setup.validator_key(i).public_key()});
  return set;
}

Copy::Copy(CopyWorld& world, const NetworkSetup& setup, std::size_t copy, std::size_t identity)
    : world_(world),
      setup_(setup),
      copy_(copy),
      identity_(identity),
      self_{setup.institution(identity), setup.validator_key(identity).public_key()},
      verifier_(setup.chain(), self_.institution),
      signer_(setup.validator_key(identity)) {
  store_.push_back({genesis_header(setup), {}, {}});
  log_.push_back(KeyRecord{self_.key});
}

void Copy::start(Now now) {
  const Hash& chain = setup_.chain();
  const Parameters& parameters = setup_.parameters();
  const Header executed = store_.back().header;
  std::vector<Header> recent;
  std::vector<OrderedId> ordered;
  for (const Stored& stored : store_) {
    if (stored.header.height.value + 4 * parameters.window > executed.height.value)
      recent.push_back(stored.header);
    for (const BatchPtr& batch : stored.batches) {
      if (batch->expires_at >= executed.time) ordered.push_back({batch->id, batch->expires_at});
    }
  }
  Recovery recovery(chain, twins_members(setup_, {}), store_.front().header.hash(chain),
                    parameters.epoch_blocks, executed, executed.hash(chain), std::move(recent));
  recovery.seed_ordered(ordered);
  for (const DurableRecord& record : log_) recovery.apply(record);
  const std::vector<VoteContent> votes = recovery.votes();
  RecoveredState state = std::move(recovery).finish();
  state.next_members = next_members(setup_, executed.height);
  guard_ = std::make_unique<VoteGuard>(signer_, chain, self_.institution, sign_state_,
                                       parameters.window);
  for (const VoteContent& vote : votes) guard_->restore(vote);
  guard_->leave_below(state.set.epoch, state.view);
  if (state.own_change) guard_->restore(state.own_change->change);
  if (state.new_view_intent) guard_->restore(*state.new_view_intent);
  guard_->release(state.stable);
  world_.on_opened(copy_, state, votes);
  replica_ = std::make_unique<Replica>(chain, self_, parameters, kBlockForEachBatch,
                                       std::move(state), now);
  end_turn(now);
}

void Copy::receive(Now now, InstitutionId from, const Message& message) {
  if (const auto* batch = std::get_if<BatchMessage>(&message))
    return replica_->step(now, BatchAvailable{batch->batch, from});
  if (const auto* chain = std::get_if<FetchChain>(&message)) return answer(from, *chain);
  if (const auto* batches = std::get_if<FetchBatches>(&message)) return answer(from, *batches);
  if (const auto* vote = std::get_if<Vote>(&message); vote != nullptr && !replica_->wants(*vote))
    return;
  if (const auto* change = std::get_if<ProvenViewChange>(&message);
      change != nullptr && !replica_->wants(*change))
    return;
  if (const auto* begun = std::get_if<NewView>(&message);
      begun != nullptr && !replica_->wants(*begun))
    return;
  if (const auto* segment = std::get_if<ChainSegment>(&message);
      segment != nullptr && !replica_->wants(*segment, from))
    return;
  auto verified = verifier_.verify(from, message, replica_->set());
  if (verified) replica_->step(now, std::move(*verified));
}

void Copy::submit(Now now) {
  const std::string operation = std::to_string(copy_) + "/" + std::to_string(next_seq_);
  const ByteView operations[] = {crypto::as_view(operation)};
  const auto lifetime = static_cast<std::int64_t>(setup_.parameters().batch_lifetime_ms);
  BatchPtr batch =
      wire::make_batch(self_.institution, next_seq_, {now.wall.ms + lifetime}, operations);
  if (batch->bytes.size() > replica_->own_quota_left()) return;
  ++next_seq_;
  replica_->step(now, BatchAvailable{std::move(batch), self_.institution});
}

void Copy::on_time(Now now) {
  replica_->step(now, TimePassed{});
}

void Copy::end_turn(Now now) {
  while (true) {
    Output output = replica_->take_output();
    if (output.empty()) break;
    perform(now, std::move(output));
  }
  guard_->release(replica_->stable());
  const auto deadline = replica_->next_deadline();
  GIRO_CHECK(deadline && *deadline > now.steady, now.steady.us);
  deadline_ = *deadline;
}

void Copy::perform(Now now, Output output) {
  for (DurableRecord& record : output.persist) store(std::move(record));
  const std::optional<Ceiling> ceiling = guard_->needed(output);
  if (ceiling) {
    store(CeilingRecord{ceiling->number, ceiling->epoch, ceiling->view, ceiling->height});
    sign_state_ = *ceiling;
    guard_->raised(*ceiling);
  }
  std::vector<std::uint64_t> positions;
  for (const VoteRequest& request : output.sign) {
    store(VoteRecord{request.content});
    positions.push_back(log_.size());
  }
  const DurableToken synced = durable(log_.size());
  std::vector<Input> own;
  for (std::size_t i = 0; i < output.sign.size(); ++i) {
    VoteRequest& request = output.sign[i];
    const auto vote = guard_->sign(synced, positions[i], request.content, request.voter);
    if (!vote)
      fail("the guard refused a vote, reason " + std::to_string(static_cast<int>(vote.error())));
    expect_durable(vote->content);
    own.emplace_back(guard_->own(request, *vote));
    if (request.proposal) {
      world_.on_send(copy_, std::nullopt, PrePrepare{std::move(*request.proposal), *vote});
    } else {
      world_.on_send(copy_, std::nullopt, *vote);
    }
  }
  const auto promise = [&](const auto& asked, const auto& what_counts) {
    auto made = guard_->sign(synced, log_.size(), asked);
    if (!made)
      fail("the guard refused a promise, reason " + std::to_string(static_cast<int>(made.error())));
    expect_durable(what_counts);
    own.emplace_back(guard_->own(*made));
    world_.on_send(copy_, std::nullopt, std::move(*made));
  };
  if (output.view_change) promise(*output.view_change, output.view_change->change);
  if (output.new_view) promise(*output.new_view, *output.new_view);
  for (Outbound& outbound : output.send)
    world_.on_send(copy_, outbound.to, std::move(outbound.message));
  for (const Fetch& fetch : output.fetch)
    std::visit([&](const auto& what) { world_.on_send(copy_, fetch.from, what); }, fetch.what);
  for (const Event& event : output.events) world_.on_event(copy_, event);
  for (const CommittedBlock& block : output.execute) own.emplace_back(execute(block));
  for (Input& input : own) replica_->step(now, std::move(input));
}

void Copy::store(DurableRecord record) {
  note(record);
  world_.on_stored(copy_, record);
  log_.push_back(std::move(record));
}

void Copy::note(const DurableRecord& record) {
  if (const auto* batch = std::get_if<BatchRecord>(&record)) {
    batches_.emplace(batch->batch->id, batch->batch);
  } else if (const auto* block = std::get_if<BlockRecord>(&record)) {
    blocks_.emplace(block->block.hash(setup_.chain()), block->block.batches);
  } else if (const auto* learnt = std::get_if<CertificateRecord>(&record)) {
    const VoteContent& content = learnt->certificate.content;
    certificates_.insert(content);
    if (content.kind == VoteKind::Attest) attests_.emplace(content.height, learnt->certificate);
  }
}

// Protocol R35, seen from outside.
void Copy::expect_durable(const VoteContent& content) const {
  if (content.kind == VoteKind::Prepare) {
    const auto block = blocks_.find(content.digest);
    if (block == blocks_.end()) fail("it prepares a block that is not in its log");
    for (const Hash& id : block->second) {
      if (!batches_.contains(id)) fail("it prepares a block whose payload is not in its log");
    }
  } else if (content.kind == VoteKind::Commit) {
    VoteContent prepared = content;
    prepared.kind = VoteKind::Prepare;
    if (!certificates_.contains(prepared))
      fail("it commits without the prepare certificate in its log");
  }
}

void Copy::expect_durable(const ViewChange& change) const {
  const Hash said = change.digest(setup_.chain());
  for (const DurableRecord& record : std::views::reverse(log_)) {
    const auto* logged = std::get_if<ViewChangeRecord>(&record);
    if (logged != nullptr && logged->change.change.digest(setup_.chain()) == said) return;
  }
  fail("a ViewChange for view " + std::to_string(change.view.value) + " that is not in its log");
}

void Copy::expect_durable(const NewView& made) const {
  const Hash said = made.digest(setup_.chain());
  for (const DurableRecord& record : std::views::reverse(log_)) {
    const auto* logged = std::get_if<NewViewIntentRecord>(&record);
    if (logged != nullptr && logged->new_view.digest(setup_.chain()) == said) return;
  }
  fail("a NewView for view " + std::to_string(made.view.value) + " that is not in its log");
}

void Copy::fail(const std::string& text) const {
  throw Violation{"I3", identity_, text};
}

void Copy::answer(InstitutionId from, const FetchChain& question) {
  const Height end = std::min(last_height(question.epoch, setup_.parameters().epoch_blocks),
                              Height{question.stable.value + kSegmentBlocksMax});
  auto proof = attests_.upper_bound(end);
  while (proof != attests_.begin() && std::prev(proof)->first > question.stable) {
    --proof;
    const std::uint64_t top = proof->first.value;
    if (top >= store_.size() || proof->second.content.epoch != question.epoch) continue;
    ChainSegment segment{{}, store_[top].header, proof->second};
    for (std::uint64_t h = question.stable.value + 1; h <= top; ++h)
      segment.blocks.push_back(store_[h].block);
    return world_.on_send(copy_, from, std::move(segment));
  }
}

void Copy::answer(InstitutionId from, const FetchBatches& question) {
  for (const Hash& id : question.batches) {
    const auto batch = batches_.find(id);
    if (batch != batches_.end()) world_.on_send(copy_, from, BatchMessage{batch->second});
  }
}

// The state is the chain itself: whoever executes another block has another root for ever.
Executed Copy::execute(const CommittedBlock& block) {
  const Header& below = store_.back().header;
  if (block.block.parent != below.block || block.block.height.value != below.height.value + 1)
    throw Violation{"I1", identity_, "it executes a block that is not on the one before"};
  Executed result;
  Header& header = result.header;
  header.epoch = block.block.epoch;
  header.height = block.block.height;
  header.block = block.hash;
  header.time = block.block.time;
  header.previous = below.hash(setup_.chain());
  header.state_root = crypto::tagged_hash("giro/sim/twins", {below.state_root, block.hash});
  header.rules_version = 1;
  result.next_members = next_members(setup_, header.height);
  if (result.next_members) {
    header.next_set = twins_members(setup_, {header.epoch.value + 1}).digest(setup_.chain());
    header.next_first_view = block.block.view;
  }
  result.header_hash = header.hash(setup_.chain());
  store_.push_back({header, block.block, block.batches});
  return result;
}

}  // namespace giro::sim
