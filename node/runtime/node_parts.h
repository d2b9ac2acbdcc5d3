// A validator bound to the real world: Asio, the mesh, threads, clocks. Private to node/runtime.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "node/runtime/certificate_watch.h"
#include "node/runtime/node.h"
#include "node/runtime/validator.h"
#include "p2p/certificate.h"
#include "p2p/mesh.h"

namespace giro::runtime {

class Node::Parts {
 public:
  Parts(std::unique_ptr<storage::FilePort> files, Opened opened, p2p::PeerCertificate certificate);
  ~Parts();
  [[nodiscard]] std::expected<void, StartError> listen();
  [[nodiscard]] bool run();  // true: open it again
  void stop();
  [[nodiscard]] Validator& validator() { return *validator_; }
  [[nodiscard]] Measures measures();                                        // any thread
  void set_log_level(config::LogLevel level) { events_.set_level(level); }  // any thread
  [[nodiscard]] CertificateWatch& certificate_watch() { return certificate_watch_; }

 private:
  [[nodiscard]] Surroundings surroundings();
  [[nodiscard]] p2p::MeshOptions mesh_options() const;
  [[nodiscard]] p2p::MeshCallbacks mesh_callbacks();
  void wake_at(std::optional<consensus::Instant> deadline);
  void tick();
  void look_at_disk();
  void look_at_certificates();

  std::unique_ptr<storage::FilePort> files_;
  const p2p::PeerCertificate peer_certificate_;
  EventLog events_;
  boost::asio::io_context core_;
  boost::asio::steady_timer deadline_{core_};
  boost::asio::steady_timer ticker_{core_};
  std::mutex disk_mutex_;                             // of disk_
  std::optional<DiskMeasures> disk_;                  // as a verifier thread found it a while ago
  std::chrono::steady_clock::time_point disk_due_{};  // core
  const std::map<std::string, std::chrono::sys_seconds> certificates_;  // own ones
  CertificateWatch certificate_watch_{events_};
  std::chrono::steady_clock::time_point certificates_due_{};  // core
  std::unique_ptr<p2p::Mesh> mesh_;                           // none while the validator is made
  std::unique_ptr<Validator> validator_;
  std::atomic<bool> stopping_ = false;
  bool reopening_ = false;                            // core
  std::map<std::uint32_t, std::string> peer_logged_;  // core: last cause told, by institution
};

}  // namespace giro::runtime
