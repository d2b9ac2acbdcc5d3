// Who is refused, and what both operators are told about it (protocol R44, surface 2.3).
#include <gmock/gmock.h>

#include "tests/unit/p2p/mesh_fixture.h"

namespace giro::p2p::test {
namespace {

using boost::asio::io_context;
using testing::AllOf;
using testing::HasSubstr;

class CountingSigner final : public crypto::Signer {
 public:
  explicit CountingSigner(crypto::SecretKey key) : signer_(std::move(key)) {}
  [[nodiscard]] const crypto::PublicKey& public_key() const override {
    return signer_.public_key();
  }
  [[nodiscard]] std::optional<crypto::Signature> sign(const crypto::Hash& digest) override {
    ++count;
    return is_down ? std::nullopt : signer_.sign(digest);
  }
  int count = 0;
  bool is_down = false;

 private:
  crypto::KeySigner signer_;
};

// Both dial each other and must come to the same cause.
void expect_both_refuse(const std::function<void(MeshOptions&)>& change, PeerCause cause,
                        Reject reject, const std::string& here, const std::string& there) {
  io_context io;
  Node a(io, 1), b(io, 2, change);
  introduce({&a, &b});
  ASSERT_TRUE(run_until({&io}, [&] {
    return a.about(2).cause == cause && b.about(1).cause == cause && a.rejected(2, reject) > 0 &&
           b.rejected(1, reject) > 0;
  }));
  EXPECT_EQ(a.about(2).state, PeerState::Refused);
  EXPECT_FALSE(a.mesh->is_connected(2));
  if (!a.about(2).text.starts_with("it says")) {
    EXPECT_THAT(a.about(2).text, AllOf(HasSubstr(here), HasSubstr(there)));
  }
  EXPECT_EQ(a.ups + b.ups, 0);
}

std::string short_hex(const crypto::Hash& hash) {
  return crypto::to_hex(hash).substr(0, 8);
}

TEST(MeshRefusal, R44_another_chain_is_refused_and_both_sides_say_which) {
  const crypto::Hash other = crypto::sha256(crypto::as_view("another chain"));
  expect_both_refuse([&](MeshOptions& options) { options.terms.chain = other; },
                     PeerCause::WrongChain, Reject::WrongChain,
                     short_hex(test_terms().chain) + "… here", short_hex(other) + "… there");
}

TEST(MeshRefusal, R44_other_genesis_parameters_are_refused) {
  const crypto::Hash other = crypto::sha256(crypto::as_view("other parameters"));
  expect_both_refuse([&](MeshOptions& options) { options.terms.parameters = other; },
                     PeerCause::WrongChain, Reject::WrongParameters, "genesis parameters",
                     short_hex(other));
}

TEST(MeshRefusal, R44_another_protocol_version_is_refused) {
  expect_both_refuse([](MeshOptions& options) { options.terms.version = 2; },
                     PeerCause::VersionMismatch, Reject::WrongVersion, "version 1 here", "2 there");
}

TEST(MeshRefusal, a_peer_with_another_key_than_configured_is_told_apart_from_an_absent_one) {
  io_context io;
  Node a(io, 1), b(io, 2, {}, "a key that nobody knows");
  PeerConfig expected = b.as_peer();
  expected.key = key_of("node 2").public_key();
  a.mesh->update_peers({expected});
  b.mesh->update_peers({a.as_peer()});
  ASSERT_TRUE(run_until({&io}, [&] {
    return a.about(2).cause == PeerCause::WrongKey && b.about(1).cause == PeerCause::WrongKey;
  }));
  EXPECT_EQ(code_of(a.about(2).cause), "WRONG_KEY");
  EXPECT_THAT(a.about(2).text,
              HasSubstr("shows key " + crypto::to_hex(b.signer.public_key()).substr(0, 12)));
  ASSERT_TRUE(run_until({&io}, [&] {
    return a.rejected(2, Reject::WrongKey) > 0 && a.rejected(Reject::UnknownKey) > 0;
  }));
  EXPECT_EQ(a.ups + b.ups, 0);
}

TEST(MeshRefusal, swapped_addresses_name_the_one_who_answers) {
  io_context io;
  Node a(io, 1), b(io, 2), c(io, 3);
  b.mesh->update_peers({a.as_peer(false)});
  c.mesh->update_peers({a.as_peer(false)});
  PeerConfig at_b = b.as_peer(), at_c = c.as_peer();
  std::swap(at_b.port, at_c.port);
  a.mesh->update_peers({at_b, at_c});
  ASSERT_TRUE(run_until({&io}, [&] {
    return a.about(2).cause == PeerCause::WrongKey && a.about(3).cause == PeerCause::WrongKey;
  }));
  EXPECT_THAT(a.about(2).text, HasSubstr("of node-3"));
  EXPECT_THAT(a.about(3).text, HasSubstr("of node-2"));
}

TEST(MeshRefusal, an_unknown_key_is_refused_counted_and_cannot_make_the_validator_sign) {
  io_context io;
  CountingSigner signer(key_of("node 1"));
  Node a(io, 1, [&](MeshOptions& options) { options.signer = &signer; });
  crypto::KeySigner stranger(key_of("stranger"));
  RawPeer raw(io, a.listening_port, &stranger);
  ASSERT_TRUE(run_until({&io}, [&] { return raw.poll().is_closed(); }));
  EXPECT_EQ(raw.goodbye(), Reason::UnknownKey);
  EXPECT_EQ(a.rejected(Reject::UnknownKey), 1U);
  EXPECT_EQ(signer.count, 0);
  EXPECT_TRUE(raw.hello()) << "the hello goes first, both ways";
}

TEST(MeshRefusal, a_proof_replayed_from_another_channel_or_altered_is_refused) {
  io_context io;
  Node a(io, 1);
  crypto::KeySigner signer(key_of("node 2"));
  a.mesh->update_peers({{2, "raw", signer.public_key(), "", 0}});
  Proof recorded;
  RawPeer honest(io, a.listening_port, &signer);
  honest.change_proof = [&](Proof proof) { return recorded = proof; };
  ASSERT_TRUE(run_until({&io}, [&] { return honest.poll().is_up(); }));
  RawPeer replayer(io, a.listening_port, &signer);
  replayer.change_proof = [&](Proof) { return recorded; };
  ASSERT_TRUE(run_until({&io}, [&] { return replayer.poll().is_closed(); }));
  EXPECT_EQ(replayer.goodbye(), Reason::BadProof);
  EXPECT_EQ(a.rejected(Reject::BadProof), 1U);
  honest.poll();
  EXPECT_TRUE(a.mesh->is_connected(2)) << "whoever replays does not displace the real one";
}

TEST(MeshRefusal, a_key_that_was_replaced_between_proof_and_welcome_does_not_get_in) {
  for (const bool raw_is_lower : {true, false}) {
    io_context io;
    Node a(io, 1);
    std::string seed = "old key";
    while ((key_of(seed).public_key() < a.signer.public_key()) != raw_is_lower) seed += "+";
    crypto::KeySigner old_key(key_of(seed));
    a.mesh->update_peers({{2, "raw", old_key.public_key(), "", 0}});
    RawPeer raw(io, a.listening_port, &old_key);
    raw.welcome = false;
    ASSERT_TRUE(run_until({&io}, [&] { return raw.poll().is_up(); })) << "the node's own welcome";
    a.mesh->update_peers({{2, "raw", key_of("new key").public_key(), "", 0}});
    raw.send_frame(encode_frame(Family::Control, static_cast<std::uint8_t>(ControlType::Welcome),
                                crypto::ByteView{}));
    ASSERT_TRUE(run_until({&io}, [&] { return raw.poll().is_closed(); }));
    EXPECT_EQ(a.ups, 0);
    EXPECT_FALSE(a.mesh->is_connected(2));
  }
}

TEST(MeshRefusal, R44_a_peer_is_let_in_with_its_key_of_the_present_or_the_next_set) {
  io_context io;
  Node a(io, 1), present(io, 2), next(io, 2, {}, "its next key");
  PeerConfig both = present.as_peer(false);
  both.next_key = next.signer.public_key();
  a.mesh->update_peers({both});
  present.mesh->update_peers({a.as_peer()});
  ASSERT_TRUE(run_until({&io}, [&] { return a.mesh->is_connected(2); }));
  // The process with the next key takes its place: one channel for each institution.
  present.mesh->stop();
  next.mesh->update_peers({a.as_peer()});
  ASSERT_TRUE(run_until({&io}, [&] { return a.ups == 2 && next.mesh->is_connected(1); }));
  PeerConfig after = next.as_peer(false);
  a.mesh->update_peers({after});  // the next epoch: its channel stays
  io.restart();
  io.poll();
  EXPECT_EQ(a.ups, 2);
  EXPECT_TRUE(a.mesh->is_connected(2));
  // The old key is nobody's any more.
  RawPeer old(io, a.listening_port, &present.signer);
  ASSERT_TRUE(run_until({&io}, [&] { return old.poll().is_closed(); }));
  EXPECT_EQ(old.goodbye(), Reason::UnknownKey);
  EXPECT_TRUE(a.mesh->is_connected(2));
}

// A replaced key that somebody else holds would have taken the channels of the one that has the
// seat.
TEST(MeshRefusal, R43_the_key_before_or_after_takes_no_channel_away_from_the_seat_s_key) {
  io_context io;
  for (const char* seed : {"its key before", "a third one", "another yet"}) {  // arbiters both ways
    Node a(io, 1), seat(io, 2), other(io, 2, {}, seed);
    PeerConfig both = seat.as_peer(false);
    both.next_key = other.signer.public_key();
    a.mesh->update_peers({both});
    seat.mesh->update_peers({a.as_peer()});
    ASSERT_TRUE(run_until({&io}, [&] { return a.mesh->is_connected(2); }));
    other.mesh->update_peers({a.as_peer()});
    ASSERT_TRUE(run_until({&io}, [&] {
      const auto status = other.mesh->status(1);
      return status && status->cause == PeerCause::Replaced;
    }));
    EXPECT_EQ(a.ups, 1);
    EXPECT_TRUE(a.mesh->is_connected(2));
    // Once the seat's channel is gone it is heard, and its key is told with what it says.
    seat.mesh->stop();
    ASSERT_TRUE(run_until({&io}, [&] { return a.ups == 2 && other.mesh->is_connected(1); }));
    EXPECT_TRUE(other.mesh->send(1, text_frame("hello")));
    ASSERT_TRUE(run_until({&io}, [&] { return a.last_key.has_value(); }));
    EXPECT_EQ(a.last_key, other.signer.public_key());
  }
}

TEST(MeshRefusal, R44_a_channel_with_a_key_that_lost_its_place_is_cut) {
  io_context io;
  Node a(io, 1), old(io, 2);
  PeerConfig both = old.as_peer(false);
  both.next_key = key_of("its next key").public_key();
  a.mesh->update_peers({both});
  old.mesh->update_peers({a.as_peer()});
  ASSERT_TRUE(run_until({&io}, [&] { return a.mesh->is_connected(2); }));
  PeerConfig after = both;
  after.key = *both.next_key;
  after.next_key.reset();
  a.mesh->update_peers({after});
  ASSERT_TRUE(run_until({&io}, [&] { return !a.mesh->is_connected(2); }));
  ASSERT_TRUE(run_until({&io}, [&] { return a.rejected(Reject::UnknownKey) > 0; }));
}

TEST(MeshRefusal, without_a_signer_nothing_is_proven_and_it_heals_with_the_signer) {
  io_context io;
  CountingSigner signer(key_of("node 1"));
  signer.is_down = true;
  Node a(io, 1, [&](MeshOptions& options) { options.signer = &signer; });
  Node b(io, 2);
  introduce({&a, &b});
  ASSERT_TRUE(run_until({&io}, [&] { return a.about(2).cause == PeerCause::SignerDown; }));
  EXPECT_EQ(a.ups, 0);
  signer.is_down = false;
  ASSERT_TRUE(run_until({&io}, [&] { return all_connected({&a, &b}); }));
}

TEST(MeshRefusal, a_refused_peer_is_asked_seldom_and_connects_once_it_is_mended) {
  io_context io;
  Node a(io, 1);
  auto b = std::make_unique<Node>(io, 2, [](MeshOptions& options) { options.terms.version = 2; });
  introduce({&a, b.get()});
  ASSERT_TRUE(run_until(
      {&io}, [&] { return a.about(2).state == PeerState::Refused && a.about(2).dials >= 3; }));
  const std::uint16_t port = b->listening_port;
  b.reset();
  b = std::make_unique<Node>(io, 2, [&](MeshOptions& options) { options.listen_port = port; });
  b->mesh->update_peers({a.as_peer(false)});
  ASSERT_TRUE(run_until({&io}, [&] { return all_connected({&a, b.get()}); }));
  EXPECT_EQ(a.about(2).cause, PeerCause::None);
  EXPECT_EQ(a.about(2).text, "");
}

TEST(MeshRefusal, a_bad_address_or_certificate_is_an_error_at_start) {
  io_context io;
  crypto::KeySigner signer(key_of("x"));
  const auto error_of = [&](const std::function<void(MeshOptions&)>& change) {
    MeshOptions options;
    options.signer = &signer;
    options.certificate = test_certificate();
    options.listen_host = "127.0.0.1";
    change(options);
    Mesh mesh(io, std::move(options), {});
    const auto started = mesh.start();
    return started ? std::string() : started.error();
  };
  Node occupant(io, 1);
  EXPECT_EQ(error_of([](MeshOptions&) {}), "");
  EXPECT_THAT(error_of([](MeshOptions& options) { options.listen_host = "nowhere"; }),
              HasSubstr("not an address"));
  EXPECT_THAT(
      error_of([&](MeshOptions& options) { options.listen_port = occupant.listening_port; }),
      AllOf(HasSubstr("cannot listen on 127.0.0.1:"), HasSubstr("in use")));
  EXPECT_THAT(error_of([](MeshOptions& options) { options.certificate.key_pem = "x"; }),
              HasSubstr("certificate"));
}

}  // namespace
}  // namespace giro::p2p::test
