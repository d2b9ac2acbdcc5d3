// The mesh behind its public face: who the peers are, which channel is theirs, when to dial.
// Included by mesh.cpp and mesh_state.cpp only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <list>
#include <map>
#include <set>

#include "p2p/backoff.h"
#include "p2p/channel.h"
#include "p2p/dial.h"
#include "p2p/listener.h"
#include "p2p/mesh.h"

namespace giro::p2p {

class Mesh::State final : public ChannelOwner, public std::enable_shared_from_this<State> {
 public:
  State(boost::asio::io_context& context, MeshOptions options, MeshCallbacks callbacks);

  [[nodiscard]] std::expected<void, std::string> start();
  void stop();
  bool send(std::uint32_t institution, const Frame& frame);
  std::size_t broadcast(const Frame& frame);
  void update_peers(std::vector<PeerConfig> configs);
  [[nodiscard]] std::expected<void, CertificateError> update_certificate(
      const PeerCertificate& certificate);
  [[nodiscard]] bool is_connected(std::uint32_t institution) const;
  [[nodiscard]] std::optional<PeerStatus> status(std::uint32_t institution) const;
  [[nodiscard]] std::vector<PeerStatus> peers() const;
  [[nodiscard]] MeshStatus status() const;
  [[nodiscard]] std::uint16_t port() const;

 private:
  using ChannelPtr = std::shared_ptr<Channel>;

  struct Peer {
    PeerConfig config;
    Backoff backoff;
    PeerStatus record;  // what outlives a channel
    ChannelPtr live;
    ChannelPtr dialling;  // dialled by us, not up yet
    std::weak_ptr<Channel>
        admitted;  // the last one that we, as arbiter, let through; live or about to be
    std::shared_ptr<Dial> dial;
    std::optional<SteadyTime> next_dial_at;
    std::uint64_t attempts = 0;
  };

  // ChannelOwner
  ProofVerdict on_proof(Channel& channel, const Proof& proof, crypto::ByteView exporter) override;
  std::optional<Proof> prove(crypto::ByteView exporter, Role role) override;
  void on_established(Channel& channel) override;
  void on_frame(Channel& channel, const FrameView& frame) override;
  void on_read_batch_end() override;
  void on_ended(Channel& channel, const ChannelEnd& end) override;
  void on_released(Channel& channel) override;
  void flush_soon(Channel& channel) override;
  std::span<std::byte> read_scratch() override { return read_scratch_; }
  crypto::Bytes& write_scratch() override { return write_scratch_; }

  void wait_tick();
  void tick(SteadyTime now);
  void forgive_stall(SteadyTime now);

  void on_accepted(Socket socket);
  void evict_for(const std::string& address);

  void dial(Peer& peer);
  void on_dialled(std::uint32_t institution, std::expected<Socket, std::string> result);
  void schedule_dial(Peer& peer, bool refused);
  void cancel_dialling(Peer& peer);

  [[nodiscard]] bool is_arbiter(const crypto::PublicKey& other) const;
  [[nodiscard]] static bool would_displace_seat(const Peer& peer, const Channel& channel,
                                                const crypto::PublicKey& key);
  [[nodiscard]] Reason admit(Peer& peer, Channel& channel, const crypto::PublicKey& key);
  void connected(std::uint32_t institution, const ChannelPtr& channel);
  void lost(Peer& peer, const ChannelEnd& end);
  void fold(Peer& peer, const Channel& channel);
  void blame(Peer& peer, const ChannelEnd& end);
  void detach(Peer& peer);
  void tell_down(std::uint32_t institution, PeerCause cause, const std::string& text);
  bool push(Peer& peer, const Frame& frame);
  [[nodiscard]] PeerStatus status_of(const Peer& peer) const;
  [[nodiscard]] Peer* find(std::optional<std::uint32_t> institution);
  [[nodiscard]] Peer* find(const crypto::PublicKey& key);
  [[nodiscard]] bool add(PeerConfig config);
  [[nodiscard]] bool file_keys(const PeerConfig& config);
  void unfile_keys(const PeerConfig& config);
  void change(Peer& peer, PeerConfig config);

  boost::asio::io_context& context_;
  MeshOptions options_;
  MeshCallbacks callbacks_;
  ChannelSettings settings_;
  std::shared_ptr<TlsContext> tls_;
  std::shared_ptr<Listener> listener_;
  boost::asio::steady_timer timer_;
  SteadyTime last_tick_;
  bool started_ = false;
  bool stopped_ = false;

  std::map<std::uint32_t, Peer> peers_;
  std::map<crypto::PublicKey, std::uint32_t> by_key_;
  std::set<ChannelPtr> channels_;  // all whose socket is open
  struct Pending {
    ChannelPtr channel;
    std::string address;
  };
  std::list<Pending> pending_;  // accepted, no key proven; oldest first
  std::vector<std::weak_ptr<Channel>> to_flush_;
  std::uint64_t accepted_ = 0;
  RejectCounts rejected_{};
  crypto::Bytes read_scratch_;
  crypto::Bytes write_scratch_;
};

}  // namespace giro::p2p
