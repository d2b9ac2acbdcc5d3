#include "p2p/mesh.h"

#include "p2p/mesh_state.h"

namespace giro::p2p {

Mesh::Mesh(boost::asio::io_context& context, MeshOptions options, MeshCallbacks callbacks)
    : state_(std::make_shared<State>(context, std::move(options), std::move(callbacks))) {}

Mesh::~Mesh() {
  state_->stop();
}

std::expected<void, std::string> Mesh::start() {
  return state_->start();
}
void Mesh::stop() {
  state_->stop();
}
bool Mesh::send(std::uint32_t institution, const Frame& frame) {
  return state_->send(institution, frame);
}
std::size_t Mesh::broadcast(const Frame& frame) {
  return state_->broadcast(frame);
}
void Mesh::update_peers(std::vector<PeerConfig> peers) {
  state_->update_peers(std::move(peers));
}
std::expected<void, CertificateError> Mesh::update_certificate(const PeerCertificate& certificate) {
  return state_->update_certificate(certificate);
}
bool Mesh::is_connected(std::uint32_t institution) const {
  return state_->is_connected(institution);
}
std::optional<PeerStatus> Mesh::status(std::uint32_t institution) const {
  return state_->status(institution);
}
std::vector<PeerStatus> Mesh::peers() const {
  return state_->peers();
}
MeshStatus Mesh::status() const {
  return static_cast<const State&>(*state_).status();
}
std::uint16_t Mesh::port() const {
  return state_->port();
}

}  // namespace giro::p2p
