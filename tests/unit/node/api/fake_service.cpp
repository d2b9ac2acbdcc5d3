#include "tests/unit/node/api/fake_service.h"

#include "crypto/check.h"
#include "node/ledger/messages.h"

namespace giro::api {

using runtime::OperationInfo;
using runtime::OperationStatus;

const DemoNetwork& demo_network() {
  static const DemoNetwork network = [] {
    DemoNetwork out;
    config::DemoSetup setup;
    setup.time = {1'700'000'000'000};
    for (const auto& one : config::demo_operators()) {
      auto key = crypto::SecretKey::generate();
      setup.operators[one] = key.public_key();
      out.operators.emplace(one, std::move(key));
    }
    std::uint16_t port = 7300;
    for (const auto& name : config::demo_validators()) {
      setup.validators[name] = {crypto::SecretKey::generate().public_key(), {"127.0.0.1", ++port}};
    }
    auto checked =
        config::check_genesis_file(config::write_genesis_file(config::demo_genesis(setup)));
    GIRO_CHECK(checked.has_value(), checked.error());
    out.checked = std::move(*checked);
    return out;
  }();
  return network;
}

std::optional<ledger::Bytes> MemoryView::get(ledger::ByteView key) const {
  const auto found = rows.find(crypto::to_bytes(key));
  if (found == rows.end()) return std::nullopt;
  return found->second;
}

void MemoryView::scan(ledger::ByteView from, ledger::ByteView to,
                      const std::function<bool(ledger::ByteView, ledger::ByteView)>& visit) const {
  const auto end = rows.lower_bound(crypto::to_bytes(to));
  for (auto row = rows.lower_bound(crypto::to_bytes(from)); row != end; ++row) {
    if (!visit(row->first, row->second)) return;
  }
}

FakeService::FakeService() : view_(std::make_shared<MemoryView>()) {
  for (const auto& write : demo_network().checked.block.writes)
    view_->rows[write.key] = *write.value;
}

void FakeService::set_height(std::uint64_t height) {
  const std::lock_guard lock(mutex_);
  auto next = std::make_shared<MemoryView>(*view_);
  next->at = {height};
  view_ = std::move(next);
}

void FakeService::write(const storage::WriteBatch& batch, std::uint64_t height) {
  const std::lock_guard lock(mutex_);
  auto next = std::make_shared<MemoryView>(*view_);
  batch.for_each([&](ledger::ByteView key, std::optional<ledger::ByteView> value) {
    next->rows[crypto::to_bytes(key)] = crypto::to_bytes(*value);
  });
  next->at = {height};
  view_ = std::move(next);
}

void FakeService::refuse_with(std::optional<runtime::Refusal> refusal) {
  const std::lock_guard lock(mutex_);
  refusal_ = refusal;
}

void FakeService::set_ready(bool ready) {
  const std::lock_guard lock(mutex_);
  ready_ = ready;
}

void FakeService::set_waiters_max(std::size_t waiters) {
  const std::lock_guard lock(mutex_);
  waiters_max_ = waiters;
}

void FakeService::set_instant(bool instant) {
  const std::lock_guard lock(mutex_);
  instant_ = instant;
}

void FakeService::make_final(OperationInfo& info, ledger::Code code) const {
  info.status = code == ledger::Code::Ok ? OperationStatus::Committed : OperationStatus::Rejected;
  info.outcome = runtime::RecordedOutcome{.code = code,
                                          .inner = {},
                                          .detail_index = 0,
                                          .height = view_->at,
                                          .index = 3,
                                          .block_time = consensus::WallTime{1'700'000'001'000}};
  info.receipt_id = crypto::Hash{};
}

void FakeService::finish(const runtime::OpId& op_id, ledger::Code code,
                         std::optional<crypto::Hash> other_hash) {
  std::vector<std::function<void(OperationInfo)>> told;
  OperationInfo info;
  {
    const std::lock_guard lock(mutex_);
    auto& known = operations_.at(op_id);
    if (other_hash) known.operation_hash = other_hash;
    make_final(known, code);
    info = known;
    std::erase_if(waiting_, [&](Waiting& one) {
      if (one.op_id != op_id) return false;
      told.push_back(std::move(one.done));
      return true;
    });
  }
  for (const auto& done : told) done(info);
}

void FakeService::await_waiters(std::size_t count) {
  std::unique_lock lock(mutex_);
  const bool came =
      changed_.wait_for(lock, std::chrono::seconds(20), [&] { return waiting_.size() >= count; });
  GIRO_CHECK(came, count, waiting_.size());
}

std::size_t FakeService::submissions() const {
  const std::lock_guard lock(mutex_);
  return submissions_;
}

const config::CheckedGenesis& FakeService::genesis() const {
  return demo_network().checked;
}

void FakeService::submit(crypto::Bytes signed_operation,
                         std::function<void(runtime::SubmitAnswer)> done) {
  const auto decoded = ledger::decode(demo_network().checked.chain_id, std::move(signed_operation));
  runtime::SubmitAnswer answer;
  {
    const std::lock_guard lock(mutex_);
    ++submissions_;
    if (refusal_) {
      answer = std::unexpected(*refusal_);
    } else {
      auto [found, is_new] = operations_.try_emplace(decoded->op_id().bytes);
      OperationInfo& info = found->second;
      if (!is_new && info.operation_hash != decoded->operation_hash()) {
        answer = std::unexpected(runtime::Refusal{.reason = runtime::RefusalReason::Ledger,
                                                  .code = ledger::Code::IdempotencyConflict,
                                                  .existing_hash = info.operation_hash,
                                                  .submitted_hash = decoded->operation_hash()});
      } else {
        if (is_new) {
          info.status = OperationStatus::Received;
          info.actor = decoded->actor();
          info.op_id = decoded->op_id().bytes;
          info.operation_hash = decoded->operation_hash();
          info.valid_until = consensus::WallTime{decoded->valid_until().value};
          if (instant_) make_final(info, ledger::Code::Ok);
        }
        answer = runtime::Admitted{info, !is_new};
      }
    }
  }
  done(std::move(answer));
}

OperationInfo FakeService::operation(std::uint32_t actor, const runtime::OpId& op_id) {
  const std::lock_guard lock(mutex_);
  const auto found = operations_.find(op_id);
  if (found == operations_.end() || found->second.actor != actor) return {};
  return found->second;
}

std::optional<runtime::OperationTrace> FakeService::trace(std::uint32_t actor,
                                                          const runtime::OpId& op_id) {
  const auto info = operation(actor, op_id);
  if (!info.operation_hash) return std::nullopt;
  runtime::OperationTrace trace{.received = consensus::WallTime{1'700'000'000'500}, .block = {}};
  if (!info.outcome) return trace;
  trace.block.emplace();
  trace.block->height = info.outcome->height;
  trace.block->view = {2};
  trace.block->leader = 3;
  trace.block->proposed = trace.block->prepared = trace.block->committed = trace.block->executed =
      trace.block->attested = consensus::WallTime{1'700'000'000'600};
  return trace;
}

bool FakeService::wait(std::uint32_t actor, const runtime::OpId& op_id,
                       std::chrono::milliseconds timeout, std::function<void(OperationInfo)> done) {
  if (timeout.count() == 0) {
    done(operation(actor, op_id));
    return true;
  }
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= waiters_max_) return false;
  waiting_.push_back({op_id, std::move(done)});
  changed_.notify_all();
  return true;
}

void FakeService::stop_waiting() {
  std::vector<Waiting> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiters_max_ = 0;
    waiting.swap(waiting_);
  }
  for (const auto& one : waiting) one.done(operation(1, one.op_id));
}

std::shared_ptr<const runtime::ReadView> FakeService::read() {
  const std::lock_guard lock(mutex_);
  return view_;
}

std::optional<runtime::HeaderInfo> FakeService::header(consensus::Height height) {
  auto block = this->block(height);
  if (!block) return std::nullopt;
  block->attest.emplace().signatures.push_back({{1}, {}});
  return std::move(*block);
}

std::optional<runtime::BlockInfo> FakeService::block(consensus::Height height) {
  const std::lock_guard lock(mutex_);
  if (height > view_->at || height.value < first_block_) return std::nullopt;
  runtime::BlockInfo out;
  out.block.height = out.header.height = height;
  out.header.time = {1'700'000'000'000};
  runtime::BlockInfo::Operation operation;
  operation.actor = 1;
  operation.type = ledger::Pay::kType;
  operation.recorded = true;
  out.operations.assign(operations_of_blocks_, operation);
  return out;
}

void FakeService::set_operations_of_blocks(std::size_t count) {
  const std::lock_guard lock(mutex_);
  operations_of_blocks_ = count;
}

std::optional<receipt::Receipt> FakeService::receipt(std::uint32_t actor,
                                                     const runtime::OpId& op_id) {
  const auto info = operation(actor, op_id);
  if (!info.outcome) return std::nullopt;
  receipt::Receipt out;
  out.chain = demo_network().checked.chain_id;
  out.operation = receipt::SignedBody{};
  out.outcome.op_id = ledger::OpId{op_id};
  out.outcome.index = 3;
  out.events.push_back({.position = 1, .event = {}, .path = {}});
  return out;
}

void FakeService::set_events(std::uint64_t height, std::vector<crypto::Bytes> events) {
  const std::lock_guard lock(mutex_);
  events_[height] = std::make_shared<const std::vector<crypto::Bytes>>(std::move(events));
}

void FakeService::set_first_block(std::uint64_t height) {
  const std::lock_guard lock(mutex_);
  first_block_ = height;
}

std::optional<runtime::BlockEvents> FakeService::events(consensus::Height height) {
  const std::lock_guard lock(mutex_);
  if (height > view_->at || height.value < first_block_) return std::nullopt;
  const auto found = events_.find(height.value);
  return runtime::BlockEvents{
      found == events_.end() ? std::make_shared<const std::vector<crypto::Bytes>>() : found->second,
      operations_of_blocks_};
}

std::optional<receipt::Receipt> FakeService::receipt_of_event(runtime::EventPlace place) {
  receipt::Receipt out;
  out.chain = demo_network().checked.chain_id;
  out.header.height = {place.height};
  out.events.push_back({.position = place.n, .event = {}, .path = {}});
  return out;
}

void FakeService::set_entries(std::uint64_t count) {
  storage::WriteBatch batch;
  const auto key = ledger::position_key(2, config::demo_aliases().at("ALICE").account);
  auto position = *ledger::decode_record<ledger::Position>(*read()->get(key));
  position.entry_seq = count;
  batch.put(key, ledger::encode(position));
  write(batch, read()->height().value);
}

void FakeService::set_proof_height(std::optional<std::uint64_t> height) {
  const std::lock_guard lock(mutex_);
  proof_height_ = height;
}

bool FakeService::prove(ledger::TokenId token, const ledger::AccountId& account,
                        std::function<void(std::optional<receipt::PositionProof>)> done) {
  receipt::PositionProof proof;
  {
    const std::lock_guard lock(mutex_);
    if (!proof_height_) return false;
    const auto row = view_->get(ledger::position_key(token, account));
    proof.chain = demo_network().checked.chain_id;
    proof.header.height = {*proof_height_};
    proof.token = token;
    proof.account = account;
    proof.position = *ledger::decode_record<ledger::Position>(*row);
  }
  done(proof);
  return true;
}

bool FakeService::attest(receipt::Attested& proof) {
  const std::lock_guard lock(mutex_);
  return proof.header.height <= view_->at;
}

void FakeService::set_measures(runtime::Measures measures) {
  const std::lock_guard lock(mutex_);
  measures_ = std::move(measures);
}

runtime::Measures FakeService::measures() {
  const std::lock_guard lock(mutex_);
  return measures_;
}

runtime::NodeInfo FakeService::info() {
  const std::lock_guard lock(mutex_);
  runtime::NodeInfo out;
  out.name = "bank-a";
  out.institution = 1;
  out.network = "giro-dev";
  out.chain = demo_network().checked.chain_id;
  out.validator = out.voting = true;
  out.leader = 2;
  out.validators = 4;
  out.quorum = 3;
  out.faults = 1;
  out.executed = out.stable = view_->at;
  out.diverged = diverged_;
  out.votes_stopped = votes_stopped_;
  out.milliseconds_since_commit = since_commit_ms_;
  for (std::uint32_t i = 2; i <= 4; ++i) {
    runtime::PeerInfo peer;
    peer.institution = i;
    peer.name = std::string("bank-") + static_cast<char>('a' + i - 1);
    peer.connected = i != 4;
    peer.version = "0.1.0";
    peer.address = "127.0.0.1:7300";
    out.peers.push_back(std::move(peer));
  }
  return out;
}

void FakeService::hold_statement(std::optional<runtime::Statement> statement, std::uint64_t after) {
  const std::lock_guard lock(mutex_);
  statement_ = std::move(statement);
  held_after_ = after;
}

std::expected<runtime::Statement, runtime::StatementNotHeld> FakeService::statement(
    ledger::TokenId /*token*/, const ledger::AccountId& /*account*/,
    const ledger::Position& /*position*/, std::uint64_t after, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  if (!statement_ || after < held_after_)
    return std::unexpected(runtime::StatementNotHeld{held_after_});
  runtime::Statement part = *statement_;
  part.after = after;
  std::erase_if(part.entries, [&](const auto& one) { return one.entry.seq <= after; });
  if (part.entries.size() > limit) part.entries.resize(limit);
  return part;
}

std::expected<std::uint64_t, runtime::StatementNotHeld> FakeService::entries_before(
    ledger::TokenId /*token*/, const ledger::AccountId& /*account*/,
    const ledger::Position& /*position*/, consensus::WallTime time) {
  const std::lock_guard lock(mutex_);
  if (!statement_) return std::unexpected(runtime::StatementNotHeld{held_after_});
  return static_cast<std::uint64_t>(std::ranges::count_if(
      statement_->entries,
      [time](const auto& one) { return one.entry.block_time.value < time.ms; }));
}

// Two changes: nobody heard the first leader, and then this node followed the others.
std::vector<runtime::ViewInfo> FakeService::views() {
  return {{.epoch = {0},
           .view = {1},
           .leader = 2,
           .committed = {3},
           .entered = {1'700'000'000'000},
           .active = consensus::WallTime{1'700'000'000'010},
           .reason = consensus::SuspectReason::Silent},
          {.epoch = {0},
           .view = {2},
           .leader = 3,
           .committed = {4},
           .entered = {1'700'000'001'000},
           .active = {},
           .reason = {}}};
}

std::vector<runtime::SnapshotInfo> FakeService::snapshots() {
  runtime::SnapshotInfo certified, local;
  certified.height = {32};
  certified.certified = true;
  local.height = {40};
  local.local = true;
  return {certified, local};
}

void FakeService::set_since_commit(std::uint64_t ms) {
  const std::lock_guard lock(mutex_);
  since_commit_ms_ = ms;
}

void FakeService::set_diverged() {
  const std::lock_guard lock(mutex_);
  diverged_ = true;
}

void FakeService::stop_votes(const std::string& why) {
  const std::lock_guard lock(mutex_);
  votes_stopped_ = why;
}

void FakeService::hold_evidence(std::uint32_t institution) {
  consensus::Vote first, second;
  first.content.kind = second.content.kind = consensus::VoteKind::Prepare;
  first.content.height = second.content.height = {7};
  first.content.view = second.content.view = {3};
  first.voter = second.voter = {static_cast<std::uint8_t>(institution - 1)};
  second.content.digest.bytes.fill(std::byte{0xab});
  const std::lock_guard lock(mutex_);
  evidence_.push_back({institution, {}, consensus::ConflictingVotes{first, second}});
}

void FakeService::hold_breach(const runtime::BreachInfo& breach) {
  const std::lock_guard lock(mutex_);
  breach_ = breach;
}

std::optional<runtime::BreachInfo> FakeService::breach() {
  const std::lock_guard lock(mutex_);
  return breach_;
}

std::vector<runtime::EvidenceInfo> FakeService::evidence() {
  const std::lock_guard lock(mutex_);
  return evidence_;
}

std::vector<runtime::Probe> FakeService::live() {
  return {{"core", true, {}}};
}

std::vector<runtime::Probe> FakeService::ready() {
  const std::lock_guard lock(mutex_);
  return {{"storage", true, {}}, {"voting", ready_, ready_ ? "" : "no vote within 10 heights"}};
}

}  // namespace giro::api
