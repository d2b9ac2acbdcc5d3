// Authenticated channels to a set of peers (protocol R44, R45): dials, accepts, proves, keeps one
// channel per identity, moves opaque frames.
//
// Thread: everything, callbacks included, happens on the thread that runs the io_context; every
// call must come from there (or from before it runs). No locks. No callback runs inside a call of
// this class, so that callbacks may call it freely.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/signer.h"
#include "p2p/certificate.h"
#include "p2p/frame.h"
#include "p2p/handshake.h"
#include "p2p/limits.h"
#include "p2p/status.h"

namespace boost::asio {
class io_context;
}

namespace giro::p2p {

struct PeerConfig {
  std::uint32_t institution = 0;  // unique in a set
  std::string name;
  crypto::PublicKey key;
  std::string host;  // name (looked up at each dial) or address; empty: wait to be dialled
  std::uint16_t port = 0;
  // Its key in the next set, if that is another one (protocol R44): whoever proves either is it.
  std::optional<crypto::PublicKey> next_key = std::nullopt;

  [[nodiscard]] bool has_key(const crypto::PublicKey& other) const {
    return other == key || other == next_key;
  }
};

struct MeshOptions {
  ChannelTerms terms;
  crypto::Signer* signer =
      nullptr;  // not owned, outlives the mesh; signs channel proofs only (protocol R36)
  PeerCertificate certificate;            // valid: see read_certificate
  std::string listen_host;                // address; empty: do not listen
  std::uint16_t listen_port = 0;          // 0: any free one, see Mesh::port
  std::vector<PeerConfig> peers;          // the own key is skipped
  std::function<std::uint32_t()> jitter;  // uniform; empty: the system's random source
  FamilyTable families = kFamilyDefaults;
  AdmissionLimits admission;
  MeshTiming timing;
};

struct MeshCallbacks {
  // A frame of a connected peer, and which of its keys the channel proved. `payload` is valid
  // during the call.
  std::function<void(std::uint32_t institution, const crypto::PublicKey& key, Family,
                     std::uint8_t type, crypto::ByteView payload)>
      on_frame;
  // A new channel: nothing that was sent before on_up is in it. A channel that replaces another
  // gives on_down, on_up.
  std::function<void(std::uint32_t institution)> on_up;
  // Whatever was queued or in flight may be lost. `text` is for people.
  std::function<void(std::uint32_t institution, PeerCause, const std::string& text)> on_down;
  // After all complete frames of one socket read were delivered, if there was any: drain the inputs
  // together.
  std::function<void()> on_read_batch_end;
};

class Mesh {
 public:
  Mesh(boost::asio::io_context& context, MeshOptions options, MeshCallbacks callbacks);
  ~Mesh();  // stop()
  Mesh(const Mesh&) = delete;
  Mesh& operator=(const Mesh&) = delete;

  // Binds, listens and dials. The error says why it cannot listen or use the certificate. Once.
  [[nodiscard]] std::expected<void, std::string> start();
  // Says goodbye as far as the sockets take it at once, closes everything; no callback comes
  // afterwards.
  void stop();

  // Queues for one peer; a frame above the limit of its family is our own mistake (checked). False:
  // unknown, not connected, or dropped and counted since its queue is full. A full queue of a
  // family that may not be dropped cuts the channel (on_down follows later). What is queued within
  // one turn of the loop leaves in one write. Order is kept within a family; earlier families of
  // `Family` overtake later ones.
  bool send(std::uint32_t institution, const Frame& frame);
  // To all connected peers; gives how many it was queued for.
  std::size_t broadcast(const Frame& frame);

  // A new set: those gone are told and cut, new ones dialled, changed addresses used at the next
  // dial; a channel whose key is no longer its peer's is cut.
  void update_peers(std::vector<PeerConfig> peers);
  // For channels made from now on.
  [[nodiscard]] std::expected<void, CertificateError> update_certificate(
      const PeerCertificate& certificate);

  [[nodiscard]] bool is_connected(std::uint32_t institution) const;
  [[nodiscard]] std::optional<PeerStatus> status(std::uint32_t institution) const;
  [[nodiscard]] std::vector<PeerStatus> peers() const;  // by institution
  [[nodiscard]] MeshStatus status() const;
  [[nodiscard]] std::uint16_t port() const;  // of the listening socket; 0: none

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace giro::p2p
