// Nodes of one process on loopback, and a peer that is driven by hand.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "crypto/digest.h"
#include "crypto/signer.h"
#include "p2p/mesh.h"
#include "p2p/tls.h"

namespace giro::p2p::test {

inline constexpr std::uint8_t kType = 7;

inline crypto::SecretKey key_of(std::string_view seed) {
  return *crypto::SecretKey::from_bytes(crypto::sha256(crypto::as_view(seed)));
}

inline Frame text_frame(std::string_view text, Family family = Family::Agreement) {
  return encode_frame(family, kType, crypto::as_view(text));
}

inline ChannelTerms test_terms() {
  return {kProtocolVersion, crypto::sha256(crypto::as_view("chain")),
          crypto::sha256(crypto::as_view("parameters"))};
}

inline const PeerCertificate& test_certificate() {
  static const PeerCertificate certificate = make_certificate(
      "test", usual_validity(std::chrono::sys_seconds(std::chrono::seconds(1'790'000'000))));
  return certificate;
}

// Everything some twenty times faster than in production, stalls of the machine included (see
// Mesh::State::tick).
inline MeshTiming fast_timing() {
  using std::chrono::milliseconds;
  MeshTiming timing;
  timing.connect_deadline = milliseconds(1000);
  timing.handshake_deadline = milliseconds(1000);
  timing.goodbye_deadline = milliseconds(200);
  timing.ping_interval = milliseconds(50);
  timing.silent_after = milliseconds(300);
  timing.silent_cut = milliseconds(900);
  timing.write_stall_cut = milliseconds(900);
  timing.backoff_min = milliseconds(5);
  timing.backoff_max = milliseconds(50);
  timing.stable_after = milliseconds(200);
  timing.simultaneous_window = milliseconds(300);
  timing.tick = milliseconds(5);
  return timing;
}

// Runs the loop until the condition holds; false after the deadline.
template <typename Condition>
[[nodiscard]] bool run_until(std::vector<boost::asio::io_context*> contexts, Condition condition,
                             std::chrono::milliseconds limit = std::chrono::seconds(20)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    for (boost::asio::io_context* context : contexts) {
      context->restart();
      context->run_one_for(std::chrono::milliseconds(2));
    }
  }
  return true;
}

struct Node {
  struct Received {
    std::uint32_t from;
    Family family;
    std::string text;
    friend bool operator==(const Received&, const Received&) = default;
  };

  Node(boost::asio::io_context& io, std::uint32_t number,
       const std::function<void(MeshOptions&)>& change = {}, std::string_view seed = {})
      : context(io),
        institution(number),
        signer(key_of(seed.empty() ? "node " + std::to_string(number) : std::string(seed))) {
    MeshOptions options;
    options.terms = test_terms();
    options.signer = &signer;
    options.certificate = test_certificate();
    options.listen_host = "127.0.0.1";
    options.timing = fast_timing();
    if (change) change(options);
    MeshCallbacks callbacks;
    callbacks.on_frame = [this](std::uint32_t from, const crypto::PublicKey& key, Family family,
                                std::uint8_t type, crypto::ByteView payload) {
      EXPECT_EQ(type, kType);
      last_key = key;
      bytes += payload.size();
      if (payload.size() < 100)
        frames.push_back({from, family, std::string(crypto::as_text(payload))});
      if (on_frame) on_frame(from);
    };
    callbacks.on_up = [this](std::uint32_t peer) {
      ++ups;
      if (on_up) on_up(peer);
    };
    callbacks.on_down = [this](std::uint32_t peer, PeerCause cause, const std::string& text) {
      downs.emplace_back(peer, cause, text);
      if (on_down) on_down(peer);
    };
    callbacks.on_read_batch_end = [this] { ++batches; };
    mesh = std::make_unique<Mesh>(io, std::move(options), std::move(callbacks));
    const auto started = mesh->start();
    EXPECT_TRUE(started.has_value()) << started.error();
    listening_port = mesh->port();
  }

  [[nodiscard]] PeerConfig as_peer(bool may_be_dialled = true) const {
    return {institution, "node-" + std::to_string(institution), signer.public_key(),
            may_be_dialled ? "127.0.0.1" : "", listening_port};
  }
  [[nodiscard]] PeerStatus about(std::uint32_t peer) const { return mesh->status(peer).value(); }
  [[nodiscard]] std::uint64_t rejected(std::uint32_t peer, Reject reject) const {
    return about(peer).rejected[static_cast<std::size_t>(reject)];
  }
  [[nodiscard]] std::uint64_t rejected(Reject reject) const {
    return static_cast<const Mesh&>(*mesh).status().rejected[static_cast<std::size_t>(reject)];
  }

  boost::asio::io_context& context;
  std::uint32_t institution;
  crypto::KeySigner signer;
  std::uint16_t listening_port = 0;
  std::vector<Received> frames;
  std::size_t bytes = 0;
  int ups = 0;
  int batches = 0;
  std::vector<std::tuple<std::uint32_t, PeerCause, std::string>> downs;
  std::function<void(std::uint32_t)> on_frame;
  std::optional<crypto::PublicKey> last_key;  // of who sent the last frame
  std::function<void(std::uint32_t)> on_up;
  std::function<void(std::uint32_t)> on_down;
  std::unique_ptr<Mesh> mesh;  // last: its callbacks use the rest
};

inline void introduce(const std::vector<Node*>& nodes) {
  std::vector<PeerConfig> peers;
  for (const Node* node : nodes) peers.push_back(node->as_peer());
  for (Node* node : nodes) node->mesh->update_peers(peers);
}

[[nodiscard]] inline bool all_connected(const std::vector<Node*>& nodes) {
  for (const Node* a : nodes) {
    for (const Node* b : nodes) {
      if (a != b && !a->mesh->is_connected(b->institution)) return false;
    }
  }
  return true;
}

// Dials a node, shakes hands as far as it is told, and then does as the test pleases.
class RawPeer {
 public:
  enum class Until { Tcp, Tls, Hello, Up };

  RawPeer(boost::asio::io_context& io, std::uint16_t port, crypto::Signer* signer = nullptr,
          Until until = Until::Up)
      : socket_(io), signer_(signer), until_(until), decoder_(kFamilyDefaults) {
    socket_.connect({boost::asio::ip::make_address("127.0.0.1"), port});
    socket_.non_blocking(true);
    tls_ = std::make_unique<TlsSession>(*TlsContext::make(test_certificate()), Role::Dialer);
    if (until != Until::Tcp) pump();
  }

  // Reads and answers what there is. Returns *this so that a condition may start with it.
  RawPeer& poll() {
    if (closed_) return *this;
    std::array<std::byte, 64 * 1024> buffer{};
    boost::system::error_code error;
    const std::size_t size =
        socket_.read_some(boost::asio::buffer(buffer.data(), buffer.size()), error);
    if (error && error != boost::asio::error::would_block) closed_ = true;
    received_ += size;
    if (size > 0 && until_ != Until::Tcp) {
      tls_->feed(std::span(buffer).first(size));
      pump();
    }
    return *this;
  }
  void send_cipher_text(crypto::ByteView bytes) {
    boost::system::error_code error;
    socket_.write_some(boost::asio::buffer(bytes.data(), bytes.size()), error);
  }
  // As much as the socket takes; false: it takes no more.
  bool send_plain(crypto::ByteView bytes) {
    if (!tls_->write(bytes)) return false;
    return write_out();
  }
  bool send_frame(const Frame& frame) { return send_plain(*frame); }
  bool write_out() {
    tls_->take_output(out_);
    boost::system::error_code error;
    const std::size_t size =
        socket_.write_some(boost::asio::buffer(out_.data(), out_.size()), error);
    out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(size));
    return out_.empty();
  }
  void close() { socket_.close(); }

  [[nodiscard]] bool is_up() const { return up_; }
  [[nodiscard]] bool is_closed() const { return closed_; }
  [[nodiscard]] bool has_tls() const { return tls_done_; }
  [[nodiscard]] Reason goodbye() const { return goodbye_; }
  [[nodiscard]] const std::optional<Hello>& hello() const { return hello_; }
  [[nodiscard]] std::size_t received() const { return received_; }

  ChannelTerms terms = test_terms();
  std::function<Proof(Proof)> change_proof;  // before it is sent
  bool answer_pings = true;
  bool welcome = true;

 private:
  void pump() {
    if (!tls_done_) {
      const TlsSession::Step step = tls_->handshake();
      write_out();
      if (step != TlsSession::Step::Done) return;
      tls_done_ = true;
      if (until_ >= Until::Hello) control(ControlType::Hello, encode_hello(terms));
    }
    while (true) {
      std::size_t size = 0;
      const TlsSession::Step step = tls_->read(decoder_.prepare(16 * 1024), size);
      if (step != TlsSession::Step::Done) break;
      decoder_.commit(size);
      while (true) {
        const auto next = decoder_.next();
        if (!next || !*next) break;
        if ((*next)->family == Family::Control) on_control(**next);
      }
    }
    write_out();
  }
  void on_control(const FrameView& frame) {
    switch (static_cast<ControlType>(frame.type)) {
      case ControlType::Hello:
        hello_ = decode_hello(frame.payload);
        if (until_ == Until::Up && signer_ != nullptr) prove();
        break;
      case ControlType::Proof:
        if (welcome) control(ControlType::Welcome, {});
        break;
      case ControlType::Welcome:
        up_ = true;
        decoder_.allow_full_frames();
        break;
      case ControlType::Goodbye:
        goodbye_ = decode_goodbye(frame.payload).value_or(Reason::None);
        break;
      case ControlType::Ping:
        if (answer_pings) control(ControlType::Pong, frame.payload);
        break;
      case ControlType::Pong:
        break;
    }
  }
  void prove() {
    Proof proof{signer_->public_key(),
                *signer_->sign(proof_digest(terms, tls_->exporter(), Role::Dialer))};
    if (change_proof) proof = change_proof(proof);
    control(ControlType::Proof, encode_proof(proof));
  }
  void control(ControlType type, crypto::ByteView payload) {
    send_frame(encode_frame(Family::Control, static_cast<std::uint8_t>(type), payload));
  }

  boost::asio::ip::tcp::socket socket_;
  crypto::Signer* signer_;
  Until until_;
  std::unique_ptr<TlsSession> tls_;
  FrameDecoder decoder_;
  crypto::Bytes out_;
  bool tls_done_ = false;
  bool up_ = false;
  bool closed_ = false;
  Reason goodbye_ = Reason::None;
  std::optional<Hello> hello_;
  std::size_t received_ = 0;
};

}  // namespace giro::p2p::test
