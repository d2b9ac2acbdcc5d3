// TLS 1.3 over bytes: cipher text in and out of memory, no socket. OpenSSL stays behind it.
#pragma once

#include <array>
#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "crypto/bytes.h"
#include "p2p/certificate.h"
#include "p2p/handshake.h"

namespace giro::p2p {

// What all channels share: our certificate, the accepted versions and ciphers. Any certificate of
// the peer is accepted; having none is not.
class TlsContext {
 public:
  [[nodiscard]] static std::expected<std::shared_ptr<TlsContext>, CertificateError> make(
      const PeerCertificate& certificate);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

 private:
  friend class TlsSession;
  struct Handle;
  explicit TlsContext(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
};

// One connection. feed() cipher text, then call handshake() or read() until it wants more; after
// each of these, and after write(), take_output() has what must go to the peer.
class TlsSession {
 public:
  TlsSession(std::shared_ptr<TlsContext> context, Role role);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  enum class Step { Done, WantMore, Closed, Failed };

  // Valid until it was consumed: until a call gives WantMore.
  void feed(crypto::ByteView cipher_text);
  [[nodiscard]] Step handshake();
  // Done: `size` bytes of plain text are in `into`.
  [[nodiscard]] Step read(std::span<std::byte> into, std::size_t& size);
  // After the handshake. False: the session is broken.
  [[nodiscard]] bool write(crypto::ByteView plain_text);

  [[nodiscard]] std::size_t output_size() const;
  void take_output(crypto::Bytes& out);  // appends

  // Both ends of one connection get the same value, no two connections do (RFC 8446 7.5).
  [[nodiscard]] std::array<std::byte, kExporterBytes> exporter() const;
  [[nodiscard]] std::optional<std::chrono::sys_seconds> peer_certificate_not_after() const;
  [[nodiscard]] std::string error() const;  // of the last Failed, for people

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

}  // namespace giro::p2p
