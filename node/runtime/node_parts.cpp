#include "node/runtime/node_parts.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <thread>
#include <utility>

#include "node/config/file_text.h"
#include "node/runtime/disk_use.h"

namespace giro::runtime {
namespace {

constexpr auto kTick = std::chrono::milliseconds(100);
constexpr auto kLookAtDiskEvery = std::chrono::seconds(10);
constexpr auto kLookAtCertificatesEvery = std::chrono::seconds(1);

// When the certificates end that this node shows; each can be read, or the node had not started.
std::map<std::string, std::chrono::sys_seconds> ends_of_certificates(
    const config::NodeConfig& config, const p2p::PeerCertificate& shown_to_peers) {
  std::map<std::string, std::chrono::sys_seconds> ends;
  const auto add = [&ends](const std::string& name, std::string_view pem) {
    if (const auto end = p2p::certificate_not_after(pem)) ends[name] = *end;
  };
  add(config.name, shown_to_peers.certificate_pem);
  if (config.api.tls) {
    constexpr std::size_t kBytesMax = 1 << 20;
    if (const auto pem = config::read_text(config.api.tls->cert, kBytesMax)) add("api", *pem);
  }
  return ends;
}

consensus::Now read_clocks() {
  using namespace std::chrono;
  return {.steady = {duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count()},
          .wall = {duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count()}};
}

}  // namespace

Node::Parts::Parts(std::unique_ptr<storage::FilePort> files, Opened opened,
                   p2p::PeerCertificate certificate)
    : files_(std::move(files)),
      peer_certificate_(std::move(certificate)),
      events_(opened.config.name, opened.config.log),
      certificates_(ends_of_certificates(opened.config, peer_certificate_)),
      validator_(std::make_unique<Validator>(
          std::move(opened),
          std::make_unique<crypto::VerifierPool>(std::max(1U, std::thread::hardware_concurrency())),
          surroundings())) {
  mesh_ = std::make_unique<p2p::Mesh>(core_, mesh_options(), mesh_callbacks());
}

Node::Parts::~Parts() {
  validator_.reset();  // its threads may still ask for a send, which is not carried out any more
}

Surroundings Node::Parts::surroundings() {
  return {.now = read_clocks,
          .post = [this](std::function<void()> work) { boost::asio::post(core_, std::move(work)); },
          .lane = [](Work) { return std::make_unique<ThreadLane>(); },
          .wake_at = [this](std::optional<consensus::Instant> at) { wake_at(at); },
          .send =
              [this](std::optional<consensus::InstitutionId> to, const p2p::Frame& frame) {
                if (to) {
                  mesh_->send(to->value, frame);
                } else {
                  mesh_->broadcast(frame);
                }
              },
          .peers = [this] { return mesh_ ? mesh_->peers() : std::vector<p2p::PeerStatus>(); },
          .let_in =
              [this](std::vector<p2p::PeerConfig> peers) {
                if (mesh_) mesh_->update_peers(std::move(peers));
              },
          .observe = {},
          .reopen =
              [this] {
                reopening_ = true;
                core_.stop();
              },
          .events = events_};
}

p2p::MeshOptions Node::Parts::mesh_options() const {
  const auto& config = validator_->config;
  const auto& genesis = validator_->genesis.genesis;
  p2p::MeshOptions options;
  options.terms = {.chain = validator_->chain, .parameters = genesis.parameters.genesis_digest()};
  options.signer = validator_->signer.get();
  options.certificate = peer_certificate_;
  options.listen_host = config.p2p.listen.host;
  options.listen_port = config.p2p.listen.port;
  options.peers = validator_->peer_configs();
  return options;
}

p2p::MeshCallbacks Node::Parts::mesh_callbacks() {
  return {
      .on_frame =
          [this](std::uint32_t from, const crypto::PublicKey& key, p2p::Family, std::uint8_t type,
                 crypto::ByteView bytes) { validator_->on_frame({{from}, key}, type, bytes); },
      .on_up =
          [this](std::uint32_t peer) {
            peer_logged_.erase(peer);
            events_.write(config::LogLevel::Info, "peer_up", {{"peer", validator_->name_of(peer)}},
                          "channel proven");
          },
      .on_down =
          [this](std::uint32_t peer, p2p::PeerCause cause, const std::string& why) {
            const std::string code(p2p::code_of(cause));
            if (std::exchange(peer_logged_[peer], code) == code)
              return;  // told once, until it changes
            events_.write(config::LogLevel::Warn, "peer_down",
                          {{"peer", validator_->name_of(peer)}, {"cause", code}}, why);
          },
      .on_read_batch_end = [this] { validator_->after_inputs(); }};
}

std::expected<void, StartError> Node::Parts::listen() {
  if (const auto started = mesh_->start(); !started) {
    return std::unexpected(StartError{ExitCode::Configuration, "p2p.listen: " + started.error()});
  }
  return {};
}

bool Node::Parts::run() {
  boost::asio::post(core_, [this] { validator_->begin(); });
  tick();
  core_.run();
  validator_->finality.close();
  mesh_->stop();
  events_.write(config::LogLevel::Info, "stopped",
                {{"height", std::to_string(validator_->store->height().value)}}, "clean stop");
  return reopening_ && !stopping_;
}

void Node::Parts::stop() {
  if (stopping_.exchange(true)) return;
  validator_->intake.close();
  boost::asio::post(core_, [this] {
    validator_->leave();
    // The goodbye leaves with the next write of the loop; then it ends.
    boost::asio::post(core_, [this] { core_.stop(); });
  });
}

void Node::Parts::wake_at(std::optional<consensus::Instant> deadline) {
  if (!deadline) {
    deadline_.cancel();
    return;
  }
  const std::chrono::steady_clock::time_point at{std::chrono::microseconds(deadline->us)};
  if (deadline_.expiry() == at) return;
  deadline_.expires_at(at);
  deadline_.async_wait([this](const boost::system::error_code& error) {
    if (!error) validator_->on_deadline();
  });
}

// A large store has thousands of files: neither the core nor who scrapes waits for them.
void Node::Parts::look_at_disk() {
  const auto now = std::chrono::steady_clock::now();
  if (now < disk_due_) return;
  disk_due_ = now + kLookAtDiskEvery;
  validator_->pool->run([this, &config = validator_->config] {  // it lasts as long as the pool
    auto found = disk_use(config);
    const std::lock_guard lock(disk_mutex_);
    disk_ = std::move(found);
  });
}

void Node::Parts::look_at_certificates() {
  const auto now = std::chrono::steady_clock::now();
  if (now < certificates_due_) return;
  certificates_due_ = now + kLookAtCertificatesEvery;
  const auto today = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  for (const auto& [name, end] : certificates_) certificate_watch_.saw(name, end, today);
  for (const auto& peer : mesh_->peers()) {
    if (peer.certificate_not_after)
      certificate_watch_.saw(peer.name, *peer.certificate_not_after, today);
  }
}

Measures Node::Parts::measures() {
  Measures out = validator_->measures();
  out.own_certificates = certificates_;
  out.log_dropped = events_.dropped();
  const std::lock_guard lock(disk_mutex_);
  out.disk = disk_;
  return out;
}

void Node::Parts::tick() {
  validator_->tick();
  look_at_disk();
  look_at_certificates();
  ticker_.expires_after(kTick);
  ticker_.async_wait([this](const boost::system::error_code& error) {
    if (!error) tick();
  });
}

}  // namespace giro::runtime
