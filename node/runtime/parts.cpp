#include "node/runtime/parts.h"

#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "node/ledger/records.h"
#include "node/runtime/fatal.h"
#include "node/runtime/memory.h"

namespace giro::runtime {
namespace {

constexpr auto kTick = std::chrono::milliseconds(100);
constexpr std::size_t kRecentBlocks = 512;
constexpr std::int64_t kExpireEveryMs = 500;

std::string text(std::uint64_t number) {
  return std::to_string(number);
}

}  // namespace

consensus::Now read_clocks() {
  using namespace std::chrono;
  return {.steady = {duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count()},
          .wall = {duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count()}};
}

Node::Parts::Parts(Opened opened)
    : config(std::move(opened.config)),
      genesis(std::move(opened.genesis)),
      chain(genesis.chain_id),
      self(opened.self),
      files(std::move(opened.files)),
      data_lock(std::move(opened.data_lock)),
      signer(std::move(opened.signer)),
      peer_certificate(std::move(opened.peer_certificate)),
      events(config.name, config.log),
      store(std::move(opened.store)),
      pool(std::make_unique<crypto::VerifierPool>(
          std::max(1U, std::thread::hardware_concurrency()))),
      payload(*pool, chain),
      finality(config.api.waiters, [this](const OperationKey& key) { return status(key); }),
      intake(chain, self, genesis.genesis.parameters, {config.pool.operations, config.pool.bytes},
             *pool, payload,
             {.read = [this] { return store->read(); },
              .status = [this](std::uint32_t actor, const OpId& id) { return status({actor, id}); },
              .wake = [this] { wake(); },
              .clock = [] { return read_clocks().wall; }}),
      sign_state_(std::move(opened.sign_state)),
      floor_record_(opened.floor_record) {
  final_height_ = std::min(store->height(), store->attested()).value;
  index_.add(opened.batches);
  for (const auto& batch : opened.recovered.batches) {
    payload.begin(batch);
    if (batch->author == self) intake.track(batch);
  }
  store->start([this](consensus::Height written, consensus::Height attested) {
    on_written(written, attested);
  });
  log_writer_ = std::make_unique<LogWriter>(
      std::move(*opened.log), sign_state_ ? &*sign_state_ : nullptr,
      [this](LogWriter::Synced synced) {
        index_.add(synced.batches);
        boost::asio::post(core_, [this, token = synced.token] {
          driver_->on_synced(token);
          after_inputs();
        });
      },
      [](double) {});
  catch_up_ = std::make_unique<CatchUp>(*store, log_writer_->log(), index_,
                                        genesis.genesis.parameters.epoch_blocks);
  executor_ = std::make_unique<Executor>(
      std::move(opened.executor), *store, payload, index_,
      Executor::Ports{.executed =
                          [this](consensus::Executed executed) {
                            boost::asio::post(core_, [this, executed = std::move(executed)] {
                              driver_->on_executed(executed);
                              after_inputs();
                            });
                          },
                      .ran = [this](const ExecutedBlock& block,
                                    const std::vector<Intake::Ran>& ran) { on_ran(block, ran); }});
  bind_driver(opened);
}

void Node::Parts::bind_driver(Opened& opened) {
  const auto& parameters = genesis.genesis.parameters;
  if (signer && !floor_record_) {
    guard_.emplace(*signer, chain, self, opened.ceiling, parameters.window);
    if (const auto& floor = opened.recovered.floor) guard_->forbid(*floor);
    if (const auto& floor = opened.recovered.amnesic_below) guard_->forbid(*floor);
    for (const auto& vote : opened.votes) guard_->restore(vote);
    guard_->leave_below(opened.recovered.set.epoch, opened.recovered.view);
    if (const auto& mine = opened.recovered.own_change) guard_->restore(mine->change);
    if (const auto& made = opened.recovered.new_view_intent) guard_->restore(*made);
  }
  consensus::Replica replica(chain, self, parameters, {}, std::move(opened.recovered),
                             read_clocks());
  driver_ = std::make_unique<Driver>(std::move(replica), guard_ ? &*guard_ : nullptr,
                                     consensus::wire::Verifier(chain, self), self, driver_ports());
  mesh_ = std::make_unique<p2p::Mesh>(core_, mesh_options(), mesh_callbacks());
  publish_info();
}

DriverPorts Node::Parts::driver_ports() {
  return {.now = [] { return read_clocks(); },
          .append = [this](LogWriter::Group group) { log_writer_->append(std::move(group)); },
          .send =
              [this](std::optional<consensus::InstitutionId> to, const p2p::Frame& frame) {
                if (to) {
                  mesh_->send(to->value, frame);
                } else {
                  mesh_->broadcast(frame);
                }
              },
          .payload_arrived = [this](const consensus::BatchPtr& batch) { payload.begin(batch); },
          .execute = [this](consensus::CommittedBlock block) { executor_->push(std::move(block)); },
          .attested = [this](consensus::Certificate attest) { store->push(std::move(attest)); },
          .serve_chain = [this](consensus::InstitutionId from,
                                const consensus::FetchChain& asked) { serve_chain(from, asked); },
          .serve_batches =
              [this](consensus::InstitutionId from, consensus::FetchBatches asked) {
                serve_batches(from, std::move(asked));
              },
          .event = [this](const consensus::Event& event) { on_event(event); },
          .violation =
              [this](consensus::InstitutionId from, consensus::RejectReason reason) {
                events.write(config::LogLevel::Warn, "message_refused",
                             {{"peer", name_of(from.value)},
                              {"reason", std::string(consensus::name(reason))}},
                             "a message that no correct validator sends");
              }};
}

p2p::MeshOptions Node::Parts::mesh_options() const {
  p2p::MeshOptions options;
  options.terms = {.chain = chain, .parameters = genesis.genesis.parameters.genesis_digest()};
  options.signer = signer.get();
  options.certificate = peer_certificate;
  options.listen_host = config.p2p.listen.host;
  options.listen_port = config.p2p.listen.port;
  const auto& institutions = genesis.genesis.ledger.institutions;
  for (std::size_t i = 0; i < institutions.size(); ++i) {
    if (!institutions[i].validator || i + 1 == self.value) continue;
    p2p::PeerConfig peer{.institution = static_cast<std::uint32_t>(i + 1),
                         .name = institutions[i].name,
                         .key = *institutions[i].validator,
                         .host = {},
                         .port = 0};
    const auto& addresses =
        config.p2p.addresses.contains(peer.name) ? config.p2p.addresses : genesis.genesis.addresses;
    if (const auto found = addresses.find(peer.name); found != addresses.end()) {
      peer.host = found->second.host;
      peer.port = found->second.port;
    }
    options.peers.push_back(std::move(peer));
  }
  return options;
}

p2p::MeshCallbacks Node::Parts::mesh_callbacks() {
  return {.on_frame = [this](std::uint32_t from, p2p::Family, std::uint8_t type,
                             crypto::ByteView bytes) { driver_->on_frame({from}, type, bytes); },
          .on_up =
              [this](std::uint32_t peer) {
                peer_logged_.erase(peer);
                events.write(config::LogLevel::Info, "peer_up", {{"peer", name_of(peer)}},
                             "channel proven");
              },
          .on_down =
              [this](std::uint32_t peer, p2p::PeerCause cause, const std::string& why) {
                const std::string code(p2p::code_of(cause));
                if (std::exchange(peer_logged_[peer], code) == code)
                  return;  // told once, until it changes
                events.write(config::LogLevel::Warn, "peer_down",
                             {{"peer", name_of(peer)}, {"cause", code}}, why);
              },
          .on_read_batch_end = [this] { after_inputs(); }};
}

Node::Parts::~Parts() {
  executor_.reset();  // may wait for signature checks, so the pool is still there
  pool.reset();       // drops what was not begun; whatever runs still has everything it uses
  log_writer_.reset();
  store->stop();
  mesh_.reset();
}

std::expected<bool, StartError> Node::Parts::adopt_floor() {
  const auto search = driver_->replica().view().floor_search;
  if (!floor_record_ || !search || !search->found) return false;
  const consensus::Floor& floor = *search->found;
  const auto adopted = runtime::adopt_floor(
      *files, config.sign_state_dir.string(), {chain, signer->public_key()}, sign_state_,
      {*floor_record_, floor.epoch.value, floor.view.value, floor.height.value});
  if (!adopted) return std::unexpected(adopted.error());
  events.write(config::LogLevel::Info, "sign_state_made", {{"height", text(floor.height.value)}},
               "nothing up to that height is ever signed");
  return true;
}

std::expected<void, StartError> Node::Parts::listen() {
  if (const auto started = mesh_->start(); !started) {
    return std::unexpected(StartError{ExitCode::Configuration, "p2p.listen: " + started.error()});
  }
  return {};
}

void Node::Parts::run() {
  events.write(config::LogLevel::Info, "started",
               {{"chain", crypto::to_hex(chain)}, {"height", text(store->height().value)}},
               signer ? "validator runs" : "observer runs");
  boost::asio::post(core_, [this] { after_inputs(); });
  tick();
  core_.run();
  finality.close();
  mesh_->stop();
  events.write(config::LogLevel::Info, "stopped", {{"height", text(store->height().value)}},
               "clean stop");
}

void Node::Parts::stop() {
  if (stopping_.exchange(true)) return;
  intake.close();
  boost::asio::post(core_, [this] {
    driver_->on_leaving();
    driver_->turn();
    // The goodbye leaves with the next write of the loop; then it ends.
    boost::asio::post(core_, [this] { core_.stop(); });
  });
}

void Node::Parts::after_inputs() {
  const consensus::Now now = read_clocks();
  core_seen_us_ = now.steady.us;
  if (!stopping_ && !storage_low_) {
    for (const auto& batch : intake.pack(now, driver_->replica().unordered_own_batches()))
      driver_->on_own_batch(batch);
  }
  driver_->turn();
  arm_timer();
}

void Node::Parts::arm_timer() {
  auto next = driver_->next_deadline();
  if (const auto packing = intake.next_deadline(); packing && (!next || *packing < *next))
    next = packing;
  if (!next) {
    deadline_.cancel();
    return;
  }
  const std::chrono::steady_clock::time_point at{std::chrono::microseconds(next->us)};
  if (deadline_.expiry() == at) return;
  deadline_.expires_at(at);
  deadline_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    driver_->on_time();
    after_inputs();
  });
}

void Node::Parts::wake() {
  if (wake_posted_.exchange(true)) return;
  boost::asio::post(core_, [this] {
    wake_posted_ = false;
    after_inputs();
  });
}

void Node::Parts::tick() {
  core_seen_us_ = read_clocks().steady.us;
  publish_info();
  watch_disk();
  finality.time_passed(Finality::Clock::now());
  ticker_.expires_after(kTick);
  ticker_.async_wait([this](const boost::system::error_code& error) {
    if (!error) tick();
  });
}

// Voting stops before the disk is full, and resumes once there is a tenth more room than the
// reserve: at its very edge it would stop and go (protocol R40).
void Node::Parts::watch_disk() {
  const std::uint64_t reserve = config.storage.stop_below_bytes;
  const std::uint64_t free = info().disk_free;
  const bool was_low = storage_low_;
  storage_low_ = free < (was_low ? reserve + reserve / 10 : reserve);
  if (storage_low_ == was_low) return;
  events.write(storage_low_ ? config::LogLevel::Error : config::LogLevel::Info,
               storage_low_ ? "disk_low" : "disk_has_room",
               {{"free", text(free)}, {"stop_below", text(reserve)}},
               storage_low_ ? "no more votes and no new operations until data_dir has more room"
                            : "voting resumes");
  intake.set_storage_low(storage_low_);
  driver_->on_storage(storage_low_);
  after_inputs();
}

void Node::Parts::on_ran(const ExecutedBlock& block, const std::vector<Intake::Ran>& ran) {
  std::vector<OperationKey> recorded;
  for (const auto& operation : ran) {
    if (operation.recorded) recorded.push_back(operation.key);
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
  intake.on_executed(block.header.time, block.block.batches, ran);
}

void Node::Parts::on_written(consensus::Height written, consensus::Height attested) {
  const consensus::Height final_now = std::min(written, attested);
  if (final_now.value <= final_height_) return;
  final_height_ = final_now.value;
  finality.reached(final_now);
  const auto final_block = block(final_now);
  if (!final_block || final_block->header.time.ms - expired_checked_ms_ < kExpireEveryMs) return;
  expired_checked_ms_ = final_block->header.time.ms;
  finality.expired(intake.expire(final_block->header.time));
}

void Node::Parts::on_event(const consensus::Event& event) {
  using Type = consensus::EventType;
  using Level = config::LogLevel;
  const auto place = [&](Level level, std::string_view id, std::string_view message) {
    events.write(level, id,
                 {{"height", text(event.height.value)},
                  {"epoch", text(event.epoch.value)},
                  {"view", text(event.view.value)},
                  {"hash", crypto::to_hex(event.hash)},
                  {"detail", text(event.detail)}},
                 message);
  };
  switch (event.type) {
    case Type::Committed:
      last_commit_ = read_clocks().steady;
      break;
    case Type::EpochEntered:
      place(Level::Info, "epoch_entered", "a new epoch");
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
      place(Level::Error, "evidence", "two conflicting votes by one key");
      break;
    case Type::Diverged:
      place(Level::Error, "diverged", "the own result contradicts the others': no more votes");
      break;
    case Type::Abstaining:
      place(Level::Info, "abstaining", "no more votes in this view: another block was committed");
      break;
    case Type::VotesStopped:
      place(Level::Error, "votes_stopped", "this validator casts no more votes: see detail");
      break;
    case Type::FloorFound:
      place(Level::Info, "floor_found", "this key may have signed up to that height");
      break;
    case Type::FloorRefuted:
      place(Level::Error, "sign_state_is_a_copy",
            "this key has signed above its sign state: no more votes before giro recover");
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

void Node::Parts::serve_chain(consensus::InstitutionId from, const consensus::FetchChain& asked) {
  pool->run([this, from, asked] {  // reads the disk: not on the core thread
    auto segment = catch_up_->chain(asked);
    if (!segment) return;
    auto frame = frame_of(*segment);
    boost::asio::post(core_,
                      [this, from, frame = std::move(frame)] { mesh_->send(from.value, frame); });
  });
}

void Node::Parts::serve_batches(consensus::InstitutionId from, consensus::FetchBatches asked) {
  pool->run([this, from, asked = std::move(asked)] {
    catch_up_->batches(asked, [&](consensus::BatchPtr batch) {
      auto frame = frame_of(consensus::BatchMessage{std::move(batch)});
      boost::asio::post(core_,
                        [this, from, frame = std::move(frame)] { mesh_->send(from.value, frame); });
    });
  });
}

std::string Node::Parts::name_of(std::uint32_t institution) const {
  const auto& institutions = genesis.genesis.ledger.institutions;
  if (institution == 0 || institution > institutions.size()) return text(institution);
  return institutions[institution - 1].name;
}

bool Node::Parts::core_answers() const {
  return read_clocks().steady.us - core_seen_us_ < 5'000'000;
}

}  // namespace giro::runtime
