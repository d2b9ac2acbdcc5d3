#include "p2p/tls.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "p2p/limits.h"

namespace giro::p2p {
namespace {

using crypto::Bytes;
using crypto::ByteView;
using Step = TlsSession::Step;

const Validity kValidity{std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000)),
                         std::chrono::sys_seconds(std::chrono::seconds(1'900'000'000))};

std::shared_ptr<TlsContext> context() {
  static const std::shared_ptr<TlsContext> made =
      *TlsContext::make(make_certificate("test", kValidity));
  return made;
}

struct Pair {
  TlsSession dialer{context(), Role::Dialer};
  TlsSession acceptor{context(), Role::Acceptor};

  static void carry(TlsSession& from, TlsSession& to, Bytes& wire) {
    wire.clear();
    from.take_output(wire);
    to.feed(wire);
  }
  [[nodiscard]] bool connect() {
    Bytes wire;
    Step a = dialer.handshake(), b = Step::WantMore;
    for (int i = 0; i < 10 && (a != Step::Done || b != Step::Done); ++i) {
      carry(dialer, acceptor, wire);
      b = acceptor.handshake();
      carry(acceptor, dialer, wire);
      a = dialer.handshake();
    }
    return a == Step::Done && b == Step::Done;
  }
};

// A TLS client that is not ours, over memory BIOs.
struct Foreign {
  SSL_CTX* client = SSL_CTX_new(TLS_client_method());
  SSL* ssl = nullptr;
  ~Foreign() {
    SSL_free(ssl);
    SSL_CTX_free(client);
  }
  void open() {
    ssl = SSL_new(client);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl);
  }
  Bytes take() {
    Bytes out(64 * kKiB);
    const int size = BIO_read(SSL_get_wbio(ssl), out.data(), static_cast<int>(out.size()));
    out.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return out;
  }
  void give(ByteView bytes) {
    BIO_write(SSL_get_rbio(ssl), bytes.data(), static_cast<int>(bytes.size()));
  }
  // The last step of the acceptor that talks to it.
  Step shake(TlsSession& acceptor) {
    Step step = Step::WantMore;
    for (int i = 0; i < 10 && step == Step::WantMore; ++i) {
      SSL_do_handshake(ssl);
      const Bytes wire = take();
      acceptor.feed(wire);
      step = acceptor.handshake();
      Bytes answer;
      acceptor.take_output(answer);
      give(answer);
    }
    return step;
  }
};

TEST(Tls, carries_bytes_both_ways_and_both_ends_export_the_same_secret) {
  Pair pair;
  ASSERT_TRUE(pair.connect());
  EXPECT_EQ(pair.dialer.exporter(), pair.acceptor.exporter());
  EXPECT_EQ(pair.dialer.peer_certificate_not_after(), kValidity.not_after);
  EXPECT_EQ(pair.acceptor.peer_certificate_not_after(), kValidity.not_after);
  Bytes plain(300 * kKiB);
  for (std::size_t i = 0; i < plain.size(); ++i) plain[i] = static_cast<std::byte>(i * 7);
  ASSERT_TRUE(pair.dialer.write(plain));
  Bytes wire, got(plain.size());
  Pair::carry(pair.dialer, pair.acceptor, wire);
  std::size_t filled = 0, size = 0;
  while (pair.acceptor.read(std::span(got).subspan(filled), size) == Step::Done) {
    filled += size;
    if (filled == got.size()) break;
  }
  EXPECT_EQ(got, plain);
}

TEST(Tls, R44_no_two_connections_export_the_same_secret) {
  Pair one, other;
  ASSERT_TRUE(one.connect() && other.connect());
  EXPECT_NE(one.dialer.exporter(), other.dialer.exporter());
}

TEST(Tls, a_flipped_bit_breaks_the_session) {
  Pair pair;
  ASSERT_TRUE(pair.connect());
  ASSERT_TRUE(pair.dialer.write(crypto::as_view("to be delivered whole")));
  Bytes wire;
  pair.dialer.take_output(wire);
  wire[wire.size() / 2] ^= std::byte{4};
  pair.acceptor.feed(wire);
  std::array<std::byte, 100> into{};
  std::size_t size = 0;
  EXPECT_EQ(pair.acceptor.read(into, size), Step::Failed);
  EXPECT_NE(pair.acceptor.error(), "");
}

TEST(Tls, garbage_and_http_are_refused_at_once) {
  for (const std::string_view junk :
       {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x01\x02\x03\x04\x05\x06\x07\x08"}) {
    TlsSession acceptor(context(), Role::Acceptor);
    acceptor.feed(crypto::as_view(junk));
    EXPECT_EQ(acceptor.handshake(), Step::Failed);
  }
}

TEST(Tls, tls_1_2_is_refused) {
  Foreign client;
  SSL_CTX_set_max_proto_version(client.client, TLS1_2_VERSION);
  client.open();
  TlsSession acceptor(context(), Role::Acceptor);
  EXPECT_EQ(client.shake(acceptor), Step::Failed);
  EXPECT_NE(acceptor.error().find("protocol"), std::string::npos) << acceptor.error();
}

TEST(Tls, a_client_without_certificate_is_refused) {
  Foreign client;
  client.open();
  TlsSession acceptor(context(), Role::Acceptor);
  EXPECT_EQ(client.shake(acceptor), Step::Failed);
  EXPECT_NE(acceptor.error().find("certificate"), std::string::npos) << acceptor.error();
}

// A foreign client with a certificate, so that it gets through.
struct Guest : Foreign {
  TlsSession acceptor{context(), Role::Acceptor};
  Guest() {
    const PeerCertificate pair = make_certificate("guest", kValidity);
    BIO* certificate_bio =
        BIO_new_mem_buf(pair.certificate_pem.data(), static_cast<int>(pair.certificate_pem.size()));
    BIO* key_bio = BIO_new_mem_buf(pair.key_pem.data(), static_cast<int>(pair.key_pem.size()));
    X509* certificate = PEM_read_bio_X509(certificate_bio, nullptr, nullptr, nullptr);
    EVP_PKEY* key = PEM_read_bio_PrivateKey(key_bio, nullptr, nullptr, nullptr);
    SSL_CTX_use_certificate(client, certificate);
    SSL_CTX_use_PrivateKey(client, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
    BIO_free(certificate_bio);
    BIO_free(key_bio);
    open();
  }
  // Changes its key `count` times; how the acceptor takes it.
  Step change_keys(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      EXPECT_EQ(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED), 1);
      EXPECT_EQ(SSL_do_handshake(ssl), 1);
    }
    const Bytes wire = take();
    acceptor.feed(wire);
    std::array<std::byte, 100> into{};
    std::size_t size = 0;
    return acceptor.read(into, size);
  }
};

TEST(Tls, key_updates_are_followed_but_a_flood_of_them_is_refused) {
  Guest guest;
  ASSERT_EQ(guest.shake(guest.acceptor), Step::Done);
  EXPECT_EQ(guest.change_keys(kTlsKeyUpdatesFree), Step::WantMore);
  EXPECT_EQ(guest.change_keys(1), Step::Failed);
  EXPECT_EQ(guest.acceptor.error(), "too many key updates");
}

TEST(Tls, an_oversized_certificate_is_refused) {
  // An attacker's certificate: the longest name that fits in many entries.
  Foreign client;
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  X509_set_pubkey(certificate, key);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 1000);
  X509_NAME* name = X509_get_subject_name(certificate);
  const std::string part(60, 'x');
  for (std::size_t bytes = 0; bytes < kCertificateBytesMax + kKiB; bytes += part.size()) {
    X509_NAME_add_entry_by_txt(name, "OU", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(part.data()), -1, -1, 0);
  }
  X509_sign(certificate, key, EVP_sha256());
  SSL_CTX_use_certificate(client.client, certificate);
  SSL_CTX_use_PrivateKey(client.client, key);
  X509_free(certificate);
  EVP_PKEY_free(key);
  client.open();
  TlsSession acceptor(context(), Role::Acceptor);
  EXPECT_EQ(client.shake(acceptor), Step::Failed);
}

TEST(Tls, a_context_wants_a_key_that_belongs_to_its_certificate) {
  const PeerCertificate a = make_certificate("a", kValidity), b = make_certificate("b", kValidity);
  EXPECT_EQ(TlsContext::make({a.certificate_pem, b.key_pem}).error(),
            CertificateError::KeyMismatch);
  EXPECT_EQ(TlsContext::make({"", ""}).error(), CertificateError::Malformed);
}

}  // namespace
}  // namespace giro::p2p
