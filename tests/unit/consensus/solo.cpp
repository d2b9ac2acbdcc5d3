#include "tests/unit/consensus/solo.h"

#include "crypto/check.h"

namespace giro::consensus::testing {

const Members& four() {
  static const Members members(4);
  return members;
}

Certificate certified(VoteKind kind, const Block& block, View view, std::size_t without) {
  const VoteContent content{kind, block.epoch, view, block.height, block.hash(four().chain())};
  Certificate certificate{content, {}};
  for (std::size_t i = 0; i < four().size(); ++i) {
    if (i == without) continue;
    certificate.signatures.push_back(
        {{static_cast<std::uint32_t>(i)}, four().vote(i, content).signature});
  }
  return certificate;
}

Block in_view(Block block, View view) {
  block.view = view;
  return block;
}

NewView new_view_of(View view, const std::optional<Certificate>& high) {
  return four().new_view({four().view_change(0, view, high), four().view_change(1, view),
                          four().view_change(2, view)});
}

Solo::Solo(const Members& all, std::size_t own_index, const Parameters& params,
           std::optional<RecoveredState> state, const ReplicaLimits& limits,
           std::map<Height, Header> known)
    : members(all),
      index(own_index),
      self(all.institution(own_index)),
      parameters(params),
      verifier(all.chain(), self),
      guard(all.signer(own_index), all.chain(), self, Ceiling{1, {1'000}, {0}, {1'000'000}},
            params.window) {
  headers = std::move(known);
  headers[Height{0}] = all.genesis();
  RecoveredState start = state.value_or(all.fresh());
  replica = std::make_unique<Replica>(all.chain(), all.identity(own_index), params, limits,
                                      std::move(start), now);
  perform();
}

void Solo::step(Input input) {
  replica->step(now, std::move(input));
  perform();
}

void Solo::deliver(std::size_t from, Message message) {
  auto verified = verifier.verify(members.institution(from), std::move(message), replica->set());
  GIRO_CHECK(verified.has_value(), name(verified.error()));
  step(std::move(*verified));
}

RejectReason Solo::verdict(std::size_t from, Message message) const {
  const auto verified =
      verifier.verify(members.institution(from), std::move(message), replica->set());
  return verified ? RejectReason::None : verified.error();
}

void Solo::deliver_batch(const BatchPtr& batch, std::size_t from) {
  step(BatchAvailable{batch, members.institution(from)});
}

void Solo::pass(std::int64_t ms) {
  now.steady.us += ms * 1000;
  now.wall.ms += ms;
}

void Solo::perform() {
  Output output = replica->take_output();
  while (!output.empty()) {
    for (DurableRecord& record : output.persist) log.push_back(std::move(record));
    for (const VoteRequest& request : output.sign) log.push_back(VoteRecord{request.content});
    std::vector<Input> inputs;
    for (const VoteRequest& request : output.sign) {
      const auto vote = guard.sign(durable(log.size()), log.size(), request.content, request.voter);
      GIRO_CHECK(vote.has_value(), static_cast<int>(vote.error()));
      voted[{request.content.kind, request.content.height}] = request.content.digest;
      Message message = *vote;
      if (request.proposal) {
        blocks[request.proposal->height] = *request.proposal;
        message = PrePrepare{*request.proposal, *vote};
      }
      sent.push_back({std::nullopt, std::move(message)});
      inputs.push_back(guard.own(request, *vote));
    }
    const auto sign_for_all = [&](const auto& promise) {
      const auto made = guard.sign(durable(log.size()), log.size(), promise);
      GIRO_CHECK(made.has_value(), static_cast<int>(made.error()));
      sent.push_back({std::nullopt, *made});
      inputs.push_back(guard.own(*made));
    };
    if (output.view_change) sign_for_all(*output.view_change);
    if (output.new_view) sign_for_all(*output.new_view);
    for (Outbound& outbound : output.send) sent.push_back(std::move(outbound));
    for (Fetch& fetch : output.fetch) fetched.push_back(std::move(fetch));
    for (const Event& event : output.events) seen.push_back(event);
    if (output.divergence) divergence = output.divergence;
    for (CommittedBlock& block : output.execute) {
      executed.push_back(block);
      if (!executes) continue;
      Executed result = executed_after(headers.at(Height{block.block.height.value - 1}), members,
                                       block.block, parameters.epoch_blocks);
      headers[result.header.height] = result.header;
      inputs.push_back(std::move(result));
    }
    for (Input& input : inputs) replica->step(now, std::move(input));
    guard.release(replica->stable());
    output = replica->take_output();
  }
}

Block Solo::block_after(const Block& below, std::vector<Hash> batches) const {
  return {epoch_of(Height{below.height.value + 1}, parameters.epoch_blocks),
          below.view,
          Height{below.height.value + 1},
          below.hash(members.chain()),
          WallTime{std::max(below.time.ms + 1, now.wall.ms)},
          std::move(batches)};
}

Block Solo::next_block(std::vector<Hash> batches) const {
  if (!blocks.empty()) return block_after(blocks.rbegin()->second, std::move(batches));
  Block genesis;
  genesis.time = members.genesis().time;
  return block_after(genesis, std::move(batches));
}

void Solo::propose(const Block& block) {
  blocks[block.height] = block;
  deliver(members.set().primary(block.view).value, members.proposal(block));
}

void Solo::prepare(const Block& block) {
  const VoteContent content{VoteKind::Prepare, block.epoch, block.view, block.height,
                            block.hash(members.chain())};
  for (std::size_t i = 0; i < members.set().size(); ++i) {
    if (i != index && i != members.set().primary(block.view).value)
      deliver(i, members.vote(i, content));
  }
}

void Solo::commit(const Block& block) {
  const VoteContent content{VoteKind::Commit, block.epoch, block.view, block.height,
                            block.hash(members.chain())};
  for (std::size_t i = 0; i < members.set().size(); ++i) {
    if (i != index) deliver(i, members.vote(i, content));
  }
}

void Solo::attest(const Block& block) {
  const VoteContent content{
      VoteKind::Attest, block.epoch, {}, block.height, header_hash(block.height)};
  for (std::size_t i = 0; i < members.set().size(); ++i) {
    const bool wanted =
        i != index && replica->set().epoch == block.epoch;  // the last one ends an epoch
    if (wanted) deliver(i, members.vote(i, content));
  }
}

void Solo::make_stable(const Block& block) {
  propose(block);
  prepare(block);
  commit(block);
  attest(block);
}

std::uint64_t Solo::events(EventType type) const {
  std::uint64_t count = 0;
  for (const Event& event : seen) count += event.type == type ? 1 : 0;
  return count;
}

RecoveredState Solo::recovered(Height height) const {
  std::vector<Header> recent;
  for (const auto& [at, header] : headers) recent.push_back(header);
  const Header& top = headers.at(height);
  Recovery recovery(members.chain(), members.set(), members.genesis().hash(members.chain()),
                    parameters.epoch_blocks, top, top.hash(members.chain()), recent);
  for (const DurableRecord& record : log) recovery.apply(record);
  RecoveredState state = std::move(recovery).finish();
  state.next_members = next_members_at(members, height, parameters.epoch_blocks);
  return state;
}

}  // namespace giro::consensus::testing
