#include "p2p/tls.h"

#include <algorithm>
#include <cstring>

#include "crypto/check.h"
#include "p2p/limits.h"
#include "p2p/openssl.h"

namespace giro::p2p {
namespace {

constexpr std::size_t kRecordBytes = 16 * kKiB;

// What the BIO reads from and writes to: no copy besides OpenSSL's own.
struct Wire {
  crypto::ByteView in;
  crypto::Bytes out;
};

int wire_read(BIO* bio, char* into, int size) {
  auto& wire = *static_cast<Wire*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (size <= 0) return 0;
  if (wire.in.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t taken = std::min(wire.in.size(), static_cast<std::size_t>(size));
  std::memcpy(into, wire.in.data(), taken);
  wire.in = wire.in.subspan(taken);
  return static_cast<int>(taken);
}

int wire_write(BIO* bio, const char* from, int size) {
  auto& wire = *static_cast<Wire*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (size <= 0) return 0;
  const crypto::ByteView bytes = std::as_bytes(std::span(from, static_cast<std::size_t>(size)));
  wire.out.insert(wire.out.end(), bytes.begin(), bytes.end());
  return size;
}

long wire_control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* wire_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "giro wire");
    GIRO_CHECK(made != nullptr);
    BIO_meth_set_read(made, wire_read);
    BIO_meth_set_write(made, wire_write);
    BIO_meth_set_ctrl(made, wire_control);
    return made;
  }();
  return method;
}

int accept_any_certificate(X509_STORE_CTX*, void*) {
  return 1;
}

std::string last_error() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "TLS failed" : reason;
}

}  // namespace

struct TlsContext::Handle {
  SslContextPtr context;
};

TlsContext::TlsContext(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
TlsContext::~TlsContext() = default;

std::expected<std::shared_ptr<TlsContext>, CertificateError> TlsContext::make(
    const PeerCertificate& certificate) {
  if (const auto checked = check_certificate(certificate); !checked)
    return std::unexpected(checked.error());
  auto handle = std::make_unique<Handle>();
  handle->context.reset(SSL_CTX_new(TLS_method()));
  SSL_CTX* context = handle->context.get();
  GIRO_CHECK(context != nullptr);
  GIRO_CHECK(SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1);
  GIRO_CHECK(SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1);
  GIRO_CHECK(SSL_CTX_set_ciphersuites(context,
                                      "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                      "TLS_CHACHA20_POLY1305_SHA256") == 1);
  GIRO_CHECK(SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1);
  // No resumption: each channel proves afresh.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  GIRO_CHECK(SSL_CTX_set_num_tickets(context, 0) == 1);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_max_cert_list(context, static_cast<long>(kCertificateBytesMax));
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context, accept_any_certificate, nullptr);  // protocol R44

  const CertificatePtr x509 = parse_certificate(certificate.certificate_pem);
  const KeyPtr key = parse_private_key(certificate.key_pem);
  if (SSL_CTX_use_certificate(context, x509.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return std::unexpected(CertificateError::Malformed);
  }
  return std::shared_ptr<TlsContext>(new TlsContext(std::move(handle)));
}

struct TlsSession::Handle {
  std::shared_ptr<TlsContext> context;
  Wire wire;
  SslPtr ssl;
  bool established = false;
  std::uint64_t bytes_in = 0;
  std::uint64_t records_out = 0;     // under the present key
  std::uint64_t messages_after = 0;  // handshake messages of the peer after the handshake
  std::string error;

  [[nodiscard]] Step fail(std::string why) {
    error = std::move(why);
    return Step::Failed;
  }
  [[nodiscard]] Step judge(int result) {
    switch (SSL_get_error(ssl.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return Step::WantMore;
      case SSL_ERROR_ZERO_RETURN:
        return Step::Closed;
      default:
        return fail(last_error());
    }
  }
  // Key updates and tickets cost work for a few bytes each; our own peers send them rarely.
  [[nodiscard]] bool is_flooded() const {
    return messages_after > kTlsKeyUpdatesFree + bytes_in / kTlsBytesPerKeyUpdate;
  }
};

namespace {

void count_message(int is_write, int, int content_type, const void*, std::size_t, SSL*,
                   void* argument) {
  if (is_write == 0 && content_type == SSL3_RT_HANDSHAKE) ++*static_cast<std::uint64_t*>(argument);
}

}  // namespace

TlsSession::TlsSession(std::shared_ptr<TlsContext> context, Role role)
    : handle_(std::make_unique<Handle>()) {
  handle_->ssl.reset(SSL_new(context->handle_->context.get()));
  handle_->context = std::move(context);
  SSL* ssl = handle_->ssl.get();
  BIO* bio = BIO_new(wire_method());
  GIRO_CHECK(ssl != nullptr && bio != nullptr);
  BIO_set_data(bio, &handle_->wire);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  if (role == Role::Dialer) {
    SSL_set_connect_state(ssl);
  } else {
    SSL_set_accept_state(ssl);
  }
}

TlsSession::~TlsSession() = default;

void TlsSession::feed(crypto::ByteView cipher_text) {
  GIRO_CHECK(handle_->wire.in.empty(), handle_->wire.in.size());
  handle_->wire.in = cipher_text;
  handle_->bytes_in += cipher_text.size();
}

TlsSession::Step TlsSession::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(handle_->ssl.get());
  if (result != 1) {
    const Step step = handle_->judge(result);
    if (step != Step::WantMore) handle_->wire.in = {};
    return step;
  }
  if (!handle_->established) {
    handle_->established = true;
    SSL_set_msg_callback(handle_->ssl.get(), count_message);
    SSL_set_msg_callback_arg(handle_->ssl.get(), &handle_->messages_after);
  }
  return Step::Done;
}

TlsSession::Step TlsSession::read(std::span<std::byte> into, std::size_t& size) {
  ERR_clear_error();
  size = 0;
  const int result = SSL_read_ex(handle_->ssl.get(), into.data(), into.size(), &size);
  Step step = result == 1 ? Step::Done : handle_->judge(result);
  if (handle_->is_flooded() || handle_->wire.out.size() > kTlsBacklogBytesMax) {
    step = handle_->fail("too many key updates");
  }
  if (step == Step::Closed || step == Step::Failed) handle_->wire.in = {};
  return step;
}

bool TlsSession::write(crypto::ByteView plain_text) {
  if (plain_text.empty()) return true;
  ERR_clear_error();
  SSL* ssl = handle_->ssl.get();
  handle_->records_out += 1 + plain_text.size() / kRecordBytes;
  if (handle_->records_out > kTlsRecordsPerKey) {
    handle_->records_out = 0;
    if (SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) != 1) return false;
  }
  std::size_t written = 0;
  const bool done = SSL_write_ex(ssl, plain_text.data(), plain_text.size(), &written) == 1 &&
                    written == plain_text.size();
  if (!done) handle_->error = last_error();
  return done;
}

std::size_t TlsSession::output_size() const {
  return handle_->wire.out.size();
}

void TlsSession::take_output(crypto::Bytes& out) {
  crypto::Bytes& from = handle_->wire.out;
  if (out.empty()) {
    std::swap(out, from);
  } else {
    out.insert(out.end(), from.begin(), from.end());
    from.clear();
  }
}

std::array<std::byte, kExporterBytes> TlsSession::exporter() const {
  std::array<std::byte, kExporterBytes> value{};
  GIRO_CHECK(SSL_export_keying_material(
                 handle_->ssl.get(), reinterpret_cast<unsigned char*>(value.data()), value.size(),
                 kExporterLabel.data(), kExporterLabel.size(), nullptr, 0, 0) == 1);
  return value;
}

std::optional<std::chrono::sys_seconds> TlsSession::peer_certificate_not_after() const {
  const CertificatePtr certificate(SSL_get1_peer_certificate(handle_->ssl.get()));
  return certificate ? not_after_of(certificate.get()) : std::nullopt;
}

std::string TlsSession::error() const {
  return handle_->error;
}

}  // namespace giro::p2p
