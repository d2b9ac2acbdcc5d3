#include "node/runtime/validator.h"

#include <chrono>
#include <utility>

#include "crypto/mutant.h"
#include "node/ledger/query.h"
#include "node/ledger/records.h"
#include "node/runtime/fatal.h"
#include "node/runtime/memory.h"
#include "node/runtime/timed_signer.h"

namespace giro::runtime {
namespace {

constexpr std::size_t kRecentBlocks = 512;
constexpr std::int64_t kExpireEveryMs = 500;
constexpr std::int64_t kKeyGraceUs = 10'000'000;

std::string text(std::uint64_t number) {
  return std::to_string(number);
}

}  // namespace

Validator::Validator(Opened opened, std::unique_ptr<crypto::VerifierPool> checkers,
                     Surroundings surroundings)
    : files_(*opened.files),
      around_(std::move(surroundings)),
      config(std::move(opened.config)),
      genesis(std::move(opened.genesis)),
      chain(genesis.chain_id),
      self(opened.self),
      data_lock(std::move(opened.data_lock)),
      signer(opened.signer ? std::make_unique<TimedSigner>(std::move(opened.signer), meters_)
                           : nullptr),
      store(std::move(opened.store)),
      pool(std::move(checkers)),
      payload(*pool, chain),
      finality(config.api.waiters, [this](const OperationKey& key) { return status(key); }),
      intake(chain, self, genesis.genesis.parameters, {config.pool.operations, config.pool.bytes},
             *pool, payload,
             {.read = [this] { return store->read(); },
              .status = [this](std::uint32_t actor, const OpId& id) { return status({actor, id}); },
              .wake = [this] { wake(); },
              .clock = [this] { return around_.now().wall; }}),
      evidence_(opened.recovered.evidence, opened.recovered.breach),
      evidence_files_(*opened.files, config.data_dir.string(), chain),
      sign_state_(std::move(opened.sign_state)),
      floor_record_(opened.floor_record) {
  final_height_ = std::min(store->height(), store->attested()).value;
  meters_.found = opened.found;
  bind_snapshots();
  index_.add(opened.batches);
  for (const auto& batch : opened.recovered.batches) {
    payload.begin(batch);
    if (batch->author == self) intake.track(batch);
  }
  store->start(around_.lane(Work::Store),
               [this](consensus::Height written, consensus::Height attested) {
                 on_written(written, attested);
               });
  log_writer_ = std::make_unique<LogWriter>(
      std::move(*opened.log), std::move(opened.blocks), sign_state_ ? &*sign_state_ : nullptr,
      around_.lane(Work::Log),
      [this](LogWriter::Synced synced) {
        index_.add(synced.batches);
        around_.post([this, token = synced.token, statement = synced.statement] {
          if (statement) statement_ = *statement;
          driver_->on_synced(token);
          after_inputs();
        });
      },
      [this](LogWriter::File file, double seconds) {
        (file == LogWriter::File::Log ? meters_.log_sync : meters_.sign_state_sync).add(seconds);
      });
  catch_up_ = std::make_unique<CatchUp>(*store, log_writer_->log(), index_,
                                        genesis.genesis.parameters.epoch_blocks);
  lineage_ = std::make_unique<Lineage>(*store, genesis.genesis.parameters.epoch_blocks);
  executor_ = std::make_unique<Executor>(
      std::move(opened.executor), *store, payload, index_, around_.lane(Work::Execution),
      Executor::Ports{.executed =
                          [this](consensus::Executed executed) {
                            around_.post([this, executed = std::move(executed)] {
                              driver_->on_executed(executed);
                              after_inputs();
                            });
                          },
                      .ran = [this](const ExecutedBlock& block,
                                    const std::vector<Intake::Ran>& ran) { on_ran(block, ran); }});
  bind_driver(opened);
}

void Validator::bind_driver(Opened& opened) {
  const auto& parameters = genesis.genesis.parameters;
  if (signer && !floor_record_) {
    guard_.emplace(*signer, chain, self, opened.ceiling, parameters.window);
    if (const auto& floor = opened.recovered.floor) guard_->forbid(*floor);
    if (const auto& floor = opened.recovered.amnesic_below) guard_->forbid(*floor);
    if (GIRO_MUTANT(24)) {
      opened.votes.clear();
      opened.recovered.votes.clear();
    }
    for (const auto& vote : opened.votes) guard_->restore(vote);
    guard_->leave_below(opened.recovered.set.epoch, opened.recovered.view);
    if (const auto& mine = opened.recovered.own_change) guard_->restore(mine->change);
    if (const auto& made = opened.recovered.new_view_intent) guard_->restore(*made);
  }
  const consensus::Member identity = own_member();
  consensus::Replica replica(chain, identity, parameters, {}, std::move(opened.recovered),
                             around_.now());
  driver_ = std::make_unique<Driver>(std::move(replica), guard_ ? &*guard_ : nullptr,
                                     consensus::SnapshotVotes(chain, identity, parameters),
                                     consensus::wire::Verifier(chain, self), self, driver_ports());
  watch_sets();
  publish_info();
}

DriverPorts Validator::driver_ports() {
  return {
      .now = around_.now,
      .append = [this](LogWriter::Group group) { log_writer_->append(std::move(group)); },
      .send = around_.send,
      .payload_accepted = [this](const consensus::BatchPtr& batch) { payload.begin(batch); },
      .execute = [this](consensus::CommittedBlock block) { executor_->push(std::move(block)); },
      .attested = [this](consensus::Certificate attest) { store->push(std::move(attest)); },
      .serve_chain = [this](consensus::InstitutionId from,
                            const consensus::FetchChain& asked) { serve_chain(from, asked); },
      .serve_batches =
          [this](consensus::InstitutionId from, consensus::FetchBatches asked) {
            serve_batches(from, std::move(asked));
          },
      .snapshot_message =
          [this](consensus::InstitutionId from, consensus::Message message) {
            on_snapshot_message(from, std::move(message));
          },
      .snapshot_certified =
          [this](consensus::Certificate certificate) { keeper_->certify(std::move(certificate)); },
      .stated = [this](const std::vector<consensus::Hash>& needed) { on_stated(needed); },
      .event = [this](const consensus::Event& event) { on_event(event); },
      .evidence =
          [this](const consensus::Evidence& found) {
            evidence_.add(found);
            keep_proof(found, epoch_of(found));
          },
      .breach =
          [this](const consensus::BreachRecord& found) {
            keep_breach(found);
            evidence_.add(found);
          },
      .divergence = [this](const consensus::Divergence& found) { keep_proof(found, found.epoch); },
      .violation = [this](consensus::InstitutionId from,
                          consensus::RejectReason reason) { on_violation(from, reason); }};
}

// For people, beside the log, which keeps what consensus needs: a failure costs the file only.
template <typename Proof>
void Validator::keep_proof(const Proof& proof, consensus::Epoch epoch) {
  const auto set = ledger::query_validators(*store->read(), epoch.value);
  if (const auto failure = evidence_files_.keep(proof, set))
    around_.events.write(config::LogLevel::Error, "evidence_not_kept", {}, *failure);
}

// Not for people alone: a start takes nothing over from others while this file is there (R11).
void Validator::keep_breach(const consensus::BreachRecord& found) {
  const auto set = ledger::query_validators(*store->read(), epoch_of(found).value);
  if (const auto failure = evidence_files_.keep(found, set))
    stop_process(ExitCode::WriteFailed,
                 "the proof that the agreement is broken cannot be kept: " + *failure);
}

void Validator::on_violation(consensus::InstitutionId from, consensus::RejectReason reason) {
  ++violations_[from].at(static_cast<std::size_t>(reason));
  around_.events.write(
      config::LogLevel::Warn, "message_refused",
      {{"peer", name_of(from.value)}, {"reason", std::string(consensus::name(reason))}},
      "a message that no correct validator sends");
}

consensus::Member Validator::own_member() const {
  return {self, signer ? signer->public_key() : crypto::PublicKey{}};
}

std::vector<p2p::PeerConfig> Validator::peer_configs() const {
  std::vector<p2p::PeerConfig> peers;
  for (const auto& [institution, admitted] : admitted_) {
    if (institution == self) continue;
    p2p::PeerConfig peer{.institution = institution.value,
                         .name = name_of(institution.value),
                         .key = admitted.key,
                         .host = {},
                         .port = 0,
                         .next_key = admitted.other_key};
    const auto& addresses =
        config.p2p.addresses.contains(peer.name) ? config.p2p.addresses : genesis.genesis.addresses;
    if (const auto found = addresses.find(peer.name); found != addresses.end()) {
      peer.host = found->second.host;
      peer.port = found->second.port;
    }
    peers.push_back(std::move(peer));
  }
  return peers;
}

Validator::~Validator() {
  executor_.reset();  // may wait for signature checks, so the pool is still there
  pool.reset();       // drops what was not begun; whatever runs still has everything it uses
  store->stop();      // may still ask the log to be cut
  fetch_.reset();
  keeper_.reset();
  log_writer_.reset();
}

std::expected<bool, StartError> Validator::adopt_floor() {
  const auto search = driver_->replica().view().floor_search;
  if (!floor_record_ || !search || !search->found) return false;
  const consensus::Floor& floor = *search->found;
  const auto adopted = runtime::adopt_floor(
      files_, config.sign_state_dir.string(), {chain, signer->public_key()}, sign_state_,
      {*floor_record_, floor.epoch.value, floor.view.value, floor.height.value});
  if (!adopted) return std::unexpected(adopted.error());
  around_.events.write(config::LogLevel::Info, "sign_state_made",
                       {{"height", text(floor.height.value)}},
                       "nothing up to that height is ever signed");
  return true;
}

void Validator::begin() {
  around_.events.write(config::LogLevel::Info, "started",
                       {{"chain", crypto::to_hex(chain)}, {"height", text(store->height().value)}},
                       signer ? "validator runs" : "observer runs");
  last_commit_ = around_.now().steady;  // none yet: it counts from here
  // A crash may have come between the record and its file.
  for (const auto& held : evidence_.list(*store->read()))
    keep_proof(held.evidence, epoch_of(held.evidence));
  keeper_->begin();
  after_inputs();
}

void Validator::leave() {
  block_lines_.flush(around_.events);
  leaving_ = true;
  intake.close();
  driver_->on_leaving();
  driver_->turn();
}

void Validator::on_frame(const consensus::Member& from, std::uint8_t type, crypto::ByteView bytes) {
  driver_->on_frame(from, type, bytes);
}

void Validator::after_inputs() {
  const consensus::Now now = around_.now();
  core_seen_us_ = now.steady.us;
  const consensus::Replica& replica = driver_->replica();
  const bool may_pack = !leaving_ && !storage_low_;
  intake.set_seated(replica.is_member());
  if (may_pack) {
    for (const auto& batch : intake.pack(now, replica.unordered_own_batches()))
      driver_->on_own_batch(batch);
  }
  driver_->turn();
  auto next = driver_->next_deadline();
  const auto packing = intake.next_deadline(replica.unordered_own_batches());
  if (may_pack && packing && (!next || *packing < *next)) next = packing;
  around_.wake_at(next);
}

void Validator::on_deadline() {
  driver_->on_time();
  after_inputs();
}

void Validator::wake() {
  if (wake_posted_.exchange(true)) return;
  around_.post([this] {
    wake_posted_ = false;
    after_inputs();
  });
}

void Validator::tick() {
  const consensus::Instant now = around_.now().steady;
  core_seen_us_ = now.us;
  block_lines_.on_tick(now, around_.events);
  publish_info();
  watch_disk();
  watch_sets();
  if (!storage_low_ && !leaving_)
    fetch_->on_tick(around_.now(), driver_->replica().view(), driver_->replica().set());
  take_over_fetched();
  finality.time_passed(Finality::Clock::time_point(std::chrono::microseconds(now.us)));
}

// Voting stops before the disk is full, and resumes once there is a tenth more room than the
// reserve: at its very edge it would stop and go (protocol R40).
void Validator::watch_disk() {
  const std::uint64_t reserve = config.storage.stop_below_bytes;
  const std::uint64_t free = info().disk_free;
  const bool was_low = storage_low_;
  storage_low_ = free < (was_low ? reserve + reserve / 10 : reserve);
  if (storage_low_ == was_low) return;
  around_.events.write(storage_low_ ? config::LogLevel::Error : config::LogLevel::Info,
                       storage_low_ ? "disk_low" : "disk_has_room",
                       {{"free", text(free)}, {"stop_below", text(reserve)}},
                       storage_low_
                           ? "no more votes and no new operations until data_dir has more room"
                           : "voting resumes");
  intake.set_storage_low(storage_low_);
  driver_->on_storage(storage_low_);
  after_inputs();
}

// A store that was rebuilt may learn of an institution after it has let its validator in.
bool Validator::learn_names(const AdmittedPeers& admitted, const ledger::StateView& state) {
  bool has_new = false;
  for (const auto& [id, keys] : admitted) {
    if (id.value <= genesis.genesis.ledger.institutions.size() || joined_.contains(id)) continue;
    const auto found = ledger::query_institution(state, id.value);
    if (!found) continue;
    joined_.emplace(id, found->name);
    has_new = true;
  }
  return has_new;
}

// Who is let in follows the ledger (protocol R44). The epoch is the replica's: until it has ended
// here, its members are needed.
void Validator::watch_sets() {
  const consensus::Replica& replica = driver_->replica();
  const auto state = store->read();
  auto admitted = admitted_peers(*state, replica.set().epoch);
  if (!admitted && admitted_.empty()) {  // the store lost its newest writes, and follows
    admitted.emplace();
    for (const auto& member : replica.set().members)
      admitted->emplace(member.institution, PeerKeys{member.key, {}});
  }
  if (!admitted) return;
  const bool has_new_name = learn_names(*admitted, *state);
  const consensus::Instant now = around_.now().steady;
  if (*admitted != settled_) {
    settled_ = *admitted;
    // A process whose key was replaced learns from us that its epoch has ended.
    for (auto& [institution, peer] : *admitted) {
      const auto before = admitted_.find(institution);
      if (before == admitted_.end() || peer.other_key || before->second.key == peer.key) continue;
      peer.other_key = before->second.key;
      key_grace_ = consensus::Instant{now.us + kKeyGraceUs};
    }
  } else if (key_grace_ && now >= *key_grace_) {
    key_grace_.reset();
  } else {
    if (has_new_name && around_.let_in) around_.let_in(peer_configs());
    return;
  }
  if (*admitted == admitted_ && !has_new_name) return;
  admitted_ = std::move(*admitted);
  if (const auto wrong = wrong_institution(config, *state))
    around_.events.write(config::LogLevel::Error, "wrong_institution", {}, *wrong);
  if (around_.let_in) around_.let_in(peer_configs());
}

void Validator::on_ran(const ExecutedBlock& block, const std::vector<Intake::Ran>& ran) {
  std::vector<OperationKey> recorded;
  for (const auto& operation : ran) {
    if (!operation.recorded) continue;
    recorded.push_back(operation.key);
    meters_.ran(operation.type, operation.code);
  }
  finality.recorded(block.header.height, std::move(recorded));
  auto kept = std::make_shared<StoredBlock>(StoredBlock{.block = block.block,
                                                        .block_hash = block.block_hash,
                                                        .header = block.header,
                                                        .header_hash = block.header_hash,
                                                        .leaves = block.leaves,
                                                        .events = {}});
  {
    const std::lock_guard lock(recent_mutex_);
    recent_.emplace(block.header.height, std::move(kept));
    if (recent_.size() > kRecentBlocks) recent_.erase(recent_.begin());
  }
  trace_.ran(block.header.height, ran, around_.now().wall);
  block_lines_.ran(block, ran.size(), around_.now().steady, around_.events);
  intake.on_executed(block.header.time, block.block.batches, ran);
}

void Validator::on_written(consensus::Height written, consensus::Height attested) {
  keeper_->reached(attested);
  const consensus::Height final_now = std::min(written, attested);
  if (final_now.value <= final_height_) return;
  final_height_ = final_now.value;
  trace_.attested(final_now, around_.now().wall);
  finality.reached(final_now);
  const auto final_block = block(final_now);
  if (!final_block || final_block->header.time.ms - expired_checked_ms_ < kExpireEveryMs) return;
  expired_checked_ms_ = final_block->header.time.ms;
  const auto expired = intake.expire(final_block->header.time);
  meters_.expired(expired.size());
  finality.expired(expired);
}

void Validator::on_event(const consensus::Event& event) {
  if (around_.observe) around_.observe(event);
  count_events(event);
  const consensus::ValidatorSet& set = driver_->replica().set();
  const auto leader = set.at(set.primary(event.view)).institution.value;
  trace_.happened(event, leader, around_.now().wall);
  views_.happened(event, leader, around_.now().wall);
  using Type = consensus::EventType;
  using Level = config::LogLevel;
  const auto place = [&](Level level, std::string_view id, std::string_view message) {
    around_.events.write(level, id,
                         {{"height", text(event.height.value)},
                          {"epoch", text(event.epoch.value)},
                          {"view", text(event.view.value)},
                          {"hash", crypto::to_hex(event.hash)},
                          {"detail", text(event.detail)}},
                         message);
  };
  switch (event.type) {
    case Type::Committed:
      last_commit_ = around_.now().steady;
      break;
    case Type::EpochEntered:
      place(Level::Info, "epoch_entered", "a new epoch");
      break;
    case Type::Joined:
      place(Level::Info, "joined", "a member of this epoch: voting");
      break;
    case Type::Observing:
      place(Level::Warn, "observing",
            event.detail == 0 ? "no seat in this epoch: following, without a vote"
                              : "our seat is held with another key: following, without a vote");
      break;
    case Type::ViewEntered:
      place(Level::Warn, "view_left", "left a view; waiting for the next to begin");
      break;
    case Type::ViewActive:
      place(Level::Info, "view_active", "the view has begun");
      break;
    case Type::Suspecting:
      place(Level::Warn, "suspecting", "the primary is suspected");
      break;
    case Type::SuspicionEnded:
      place(Level::Info, "suspicion_ended", "the primary is no longer suspected");
      break;
    case Type::EvidenceFound:
      place(Level::Error, "evidence",
            "two statements by the key of " + name_of(event.detail) +
                " that no correct validator makes together");
      break;
    case Type::Diverged:
      place(Level::Error, "diverged", "the own result contradicts the others': no more votes");
      break;
    case Type::Abstaining:
      place(Level::Info, "abstaining", "no more votes in this view: another block was committed");
      break;
    case Type::BreachFound:
      around_.events.write(
          Level::Error, "agreement_broken",
          {{"height", text(event.height.value)},
           {"epoch", text(event.epoch.value)},
           {"view", text(event.view.value)},
           {"ours", crypto::to_hex(event.hash)},
           {"theirs", crypto::to_hex(event.other)}},
          "more validators lie than this network can bear: quorums have signed for both");
      break;
    case Type::VotesStopped:
      on_votes_stopped(static_cast<consensus::RejectReason>(event.detail));
      place(Level::Error, "votes_stopped", "this validator casts no more votes: " + votes_stopped_);
      break;
    case Type::FloorFound:
      place(Level::Info, "floor_found", "this key may have signed up to that height");
      break;
    case Type::FloorRefuted:
      place(Level::Error, "sign_state_is_a_copy",
            "this key has signed what neither log nor sign state tells: no more votes before giro "
            "recover");
      break;
    case Type::AmnesiaEnded:
      place(Level::Info, "amnesia_ended", "above everything that was forgotten: voting again");
      break;
    case Type::VotesPaused:
    case Type::VotesResumed:
    case Type::BlockAccepted:
    case Type::BlockProposed:
    case Type::Prepared:
    case Type::Executed:
    case Type::Stable:
    case Type::BatchAccepted:
    case Type::BatchRefused:
    case Type::Refused:
      place(Level::Debug, "replica", "a step of agreement");
      break;
  }
}

void Validator::on_votes_stopped(consensus::RejectReason why) {
  const bool is_own_key = why == consensus::RejectReason::NotAsked;
  votes_stopped_ = is_own_key ? "KEY_USED_ELSEWHERE" : "QUORUM_CONTRADICTS";
}

void Validator::serve_chain(consensus::InstitutionId from, const consensus::FetchChain& asked) {
  pool->run([this, from, asked] {  // reads the disk: not on the core thread
    auto segment = catch_up_->chain(asked);
    if (!segment) return;
    auto frame = frame_of(*segment);
    around_.post([this, from, frame = std::move(frame)] { around_.send(from, frame); });
  });
}

void Validator::serve_batches(consensus::InstitutionId from, consensus::FetchBatches asked) {
  pool->run([this, from, asked = std::move(asked)] {
    catch_up_->batches(asked, [&](consensus::BatchPtr batch) {
      auto frame = frame_of(consensus::BatchMessage{std::move(batch)});
      around_.post([this, from, frame = std::move(frame)] { around_.send(from, frame); });
    });
  });
}

std::string Validator::name_of(std::uint32_t institution) const {
  const auto& institutions = genesis.genesis.ledger.institutions;
  if (institution != 0 && institution <= institutions.size())
    return institutions[institution - 1].name;
  const auto joined = joined_.find({institution});
  return joined == joined_.end() ? text(institution) : joined->second;
}

bool Validator::core_answers() const {
  return around_.now().steady.us - core_seen_us_ < 5'000'000;
}

}  // namespace giro::runtime
