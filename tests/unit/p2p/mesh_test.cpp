#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "tests/unit/p2p/mesh_fixture.h"

namespace giro::p2p::test {
namespace {

using boost::asio::io_context;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

struct Four {
  io_context io;
  Node a{io, 1}, b{io, 2}, c{io, 3}, d{io, 4};
  std::vector<Node*> nodes{&a, &b, &c, &d};
};

TEST(Mesh, R44_four_nodes_that_dial_each_other_at_once_connect_fully_and_stay) {
  Four net;
  introduce(net.nodes);
  ASSERT_TRUE(run_until({&net.io}, [&] { return all_connected(net.nodes); }));
  for (const Node* node : net.nodes) {
    EXPECT_EQ(node->ups, 3);
    EXPECT_TRUE(node->downs.empty());
    for (const PeerStatus& peer : node->mesh->peers()) {
      EXPECT_EQ(peer.state, PeerState::Connected);
      EXPECT_EQ(peer.cause, PeerCause::None);
      EXPECT_EQ(peer.connects, 1U);
    }
  }
  // Both ends agree which of two simultaneous channels it is.
  for (const Node* one : net.nodes) {
    for (const Node* other : net.nodes) {
      if (one == other) continue;
      EXPECT_NE(one->about(other->institution).dialled, other->about(one->institution).dialled);
    }
  }
}

TEST(Mesh, frames_of_a_family_arrive_in_order_and_whole) {
  io_context io;
  Node a(io, 1), b(io, 2);
  introduce({&a, &b});
  ASSERT_TRUE(run_until({&io}, [&] { return all_connected({&a, &b}); }));
  std::vector<Node::Received> expected;
  for (int i = 0; i < 2000; ++i) {
    ASSERT_TRUE(a.mesh->send(2, text_frame(std::to_string(i))));
    expected.push_back({1, Family::Agreement, std::to_string(i)});
  }
  ASSERT_TRUE(run_until({&io}, [&] { return b.frames.size() == expected.size(); }));
  EXPECT_EQ(b.frames, expected);
  EXPECT_LT(b.batches, 100) << "many frames of one read are drained together";
  EXPECT_EQ(b.about(1).families[1].frames_in, 2000U);
  EXPECT_EQ(a.about(2).families[1].frames_out, 2000U);
  EXPECT_EQ(a.about(2).families[1].bytes_out, b.about(1).families[1].bytes_in);
  EXPECT_EQ(a.about(2).queued_bytes, 0U);
}

TEST(Mesh, the_largest_frame_passes_and_votes_overtake_it) {
  io_context io;
  Node a(io, 1), b(io, 2);
  introduce({&a, &b});
  ASSERT_TRUE(run_until({&io}, [&] { return all_connected({&a, &b}); }));
  const crypto::Bytes large(kPayloadBytesMax, std::byte{5});
  ASSERT_TRUE(a.mesh->send(2, encode_frame(Family::Payload, kType, large)));
  ASSERT_TRUE(a.mesh->send(2, encode_frame(Family::Payload, kType, large)));
  ASSERT_TRUE(a.mesh->send(2, text_frame("vote")));
  ASSERT_TRUE(run_until({&io}, [&] { return !b.frames.empty(); }));
  EXPECT_EQ(b.bytes, 4U) << "the vote came before the batches";
  ASSERT_TRUE(run_until({&io}, [&] { return b.bytes == 2 * kPayloadBytesMax + 4; }));
}

TEST(Mesh, a_broadcast_reaches_every_connected_peer_once) {
  Four net;
  introduce(net.nodes);
  ASSERT_TRUE(run_until({&net.io}, [&] { return all_connected(net.nodes); }));
  EXPECT_EQ(net.a.mesh->broadcast(text_frame("to all")), 3U);
  ASSERT_TRUE(run_until({&net.io}, [&] {
    return net.b.frames.size() == 1 && net.c.frames.size() == 1 && net.d.frames.size() == 1;
  }));
  EXPECT_THAT(net.d.frames, ElementsAre(Node::Received{1, Family::Agreement, "to all"}));
  EXPECT_TRUE(net.a.frames.empty());
}

TEST(Mesh, a_restarted_peer_is_dialled_again_and_the_operator_is_told_meanwhile) {
  io_context io;
  Node a(io, 1);
  auto b = std::make_unique<Node>(io, 2);
  introduce({&a, b.get()});
  ASSERT_TRUE(run_until({&io}, [&] { return all_connected({&a, b.get()}); }));
  const std::uint16_t port = b->listening_port;
  b.reset();
  ASSERT_TRUE(run_until({&io}, [&] { return a.about(2).text.starts_with("connect refused"); }));
  EXPECT_THAT(a.downs,
              ElementsAre(testing::FieldsAre(2U, PeerCause::Closed, HasSubstr("stopping"))));
  EXPECT_EQ(a.about(2).text, "connect refused 127.0.0.1:" + std::to_string(port));
  EXPECT_EQ(code_of(a.about(2).cause), "UNREACHABLE");
  EXPECT_FALSE(a.mesh->send(2, text_frame("nobody")));
  const SteadyTime since = a.about(2).since;
  const std::uint64_t dials = a.about(2).dials;
  ASSERT_TRUE(run_until({&io}, [&] { return a.about(2).dials > dials + 3; }));
  EXPECT_EQ(a.about(2).since, since)
      << "it counts from when the peer went away, not from the last dial";

  b = std::make_unique<Node>(io, 2, [&](MeshOptions& options) { options.listen_port = port; });
  b->mesh->update_peers({a.as_peer(false)});  // only a can dial
  ASSERT_TRUE(run_until({&io}, [&] { return all_connected({&a, b.get()}); }));
  EXPECT_EQ(a.ups, 2);
  ASSERT_TRUE(a.mesh->send(2, text_frame("again")));
  ASSERT_TRUE(run_until({&io}, [&] { return b->frames.size() == 1; }));
}

TEST(Mesh, R45_of_two_processes_with_one_identity_the_newer_channel_wins) {
  io_context io;
  Node a(io, 1);
  Node first(io, 2), second(io, 2);
  a.mesh->update_peers({first.as_peer(false)});
  first.mesh->update_peers({a.as_peer()});
  ASSERT_TRUE(run_until({&io}, [&] { return all_connected({&a, &first}); }));
  second.mesh->update_peers({a.as_peer()});
  ASSERT_TRUE(run_until({&io}, [&] { return second.mesh->is_connected(1) && a.ups == 2; }));
  ASSERT_TRUE(run_until({&io}, [&] { return !first.downs.empty(); }));
  EXPECT_EQ(std::get<1>(first.downs[0]), PeerCause::Replaced);
  EXPECT_EQ(std::get<1>(a.downs.at(0)), PeerCause::Replaced);
  EXPECT_EQ(a.mesh->peers().size(), 1U);
}

TEST(Mesh, R45_a_new_channel_replaces_one_that_died_unnoticed_whoever_dials) {
  for (const bool raw_is_lower : {true, false}) {
    io_context io;
    Node a(io, 1);
    // The side with the lower key arbitrates; both must work.
    std::string seed = "twin";
    while ((key_of(seed).public_key() < a.signer.public_key()) != raw_is_lower) seed += "+";
    crypto::KeySigner signer(key_of(seed));
    a.mesh->update_peers({{2, "raw", signer.public_key(), "", 0}});
    RawPeer old(io, a.listening_port, &signer);
    ASSERT_TRUE(run_until({&io}, [&] { return old.poll().is_up() && a.ups == 1; }));
    RawPeer fresh(io, a.listening_port, &signer);
    ASSERT_TRUE(run_until({&io}, [&] { return fresh.poll().is_up() && a.ups == 2; }));
    ASSERT_TRUE(run_until({&io}, [&] { return old.poll().goodbye() == Reason::Replaced; }));
    EXPECT_TRUE(a.mesh->is_connected(2));
  }
}

TEST(Mesh, nothing_sent_before_on_up_is_in_a_channel_and_callbacks_may_call_the_mesh) {
  io_context io;
  Node a(io, 1), b(io, 2);
  a.on_up = [&](std::uint32_t peer) { EXPECT_TRUE(a.mesh->send(peer, text_frame("first"))); };
  b.on_frame = [&](std::uint32_t peer) { EXPECT_TRUE(b.mesh->send(peer, text_frame("echo"))); };
  introduce({&a, &b});
  EXPECT_FALSE(a.mesh->send(2, text_frame("too early")));
  a.on_frame = [&](std::uint32_t) { a.mesh->update_peers({}); };
  ASSERT_TRUE(run_until({&io}, [&] { return !a.frames.empty() && !b.downs.empty(); }));
  EXPECT_THAT(b.frames, ElementsAre(Node::Received{1, Family::Agreement, "first"}));
  EXPECT_EQ(std::get<1>(b.downs[0]), PeerCause::Removed);
  EXPECT_EQ(std::get<1>(a.downs.at(0)), PeerCause::Removed);
  EXPECT_TRUE(a.mesh->peers().empty());
}

TEST(Mesh, it_may_be_stopped_or_destroyed_inside_a_callback_and_is_silent_afterwards) {
  io_context io;
  Node a(io, 1), b(io, 2);
  introduce({&a, &b});
  ASSERT_TRUE(run_until({&io}, [&] { return all_connected({&a, &b}); }));
  b.on_frame = [&](std::uint32_t) { b.mesh.reset(); };
  for (int i = 0; i < 10; ++i) a.mesh->send(2, text_frame(std::to_string(i)));
  ASSERT_TRUE(run_until({&io}, [&] { return !a.downs.empty(); }));
  EXPECT_EQ(b.frames.size(), 1U);
  EXPECT_TRUE(b.downs.empty());
  a.on_down = {};
  a.mesh->stop();
  const std::size_t downs = a.downs.size();
  EXPECT_EQ(a.about(2).cause, PeerCause::Stopped);
  io.restart();
  io.run();  // ends: nothing of a stopped mesh keeps the loop busy
  EXPECT_EQ(a.downs.size(), downs);
}

TEST(Mesh, update_peers_adds_moves_and_rekeys) {
  io_context io;
  Node a(io, 1), b(io, 2), c(io, 3);
  Node other(io, 2, {}, "other key of 2");
  for (Node* node : {&b, &c, &other}) node->mesh->update_peers({a.as_peer(false)});
  PeerConfig wrong = b.as_peer();
  wrong.port = 1;  // nobody
  a.mesh->update_peers({wrong});
  ASSERT_TRUE(run_until({&io}, [&] { return a.about(2).cause == PeerCause::Unreachable; }));
  a.mesh->update_peers({b.as_peer(), c.as_peer()});
  ASSERT_TRUE(run_until({&io}, [&] { return all_connected({&a, &b}) && all_connected({&a, &c}); }));
  a.mesh->update_peers({other.as_peer(), c.as_peer()});
  ASSERT_TRUE(run_until({&io}, [&] { return all_connected({&a, &other}) && !b.downs.empty(); }));
  EXPECT_EQ(std::get<1>(b.downs[0]), PeerCause::Removed);
  EXPECT_EQ(c.ups, 1) << "who stays is not disturbed";
  EXPECT_TRUE(c.downs.empty());
}

TEST(Mesh, names_are_looked_up_at_each_dial) {
  io_context io;
  Node a(io, 1), b(io, 2);
  b.mesh->update_peers({a.as_peer(false)});
  PeerConfig peer = b.as_peer();
  peer.host = "127.1";  // no address to Asio, a name that every resolver knows, hosts file or not
  a.mesh->update_peers({peer});
  ASSERT_TRUE(run_until({&io}, [&] { return all_connected({&a, &b}); }));
  peer.host = "no-such-name.invalid";
  peer.institution = 3;
  peer.key = key_of("nobody").public_key();
  a.mesh->update_peers({peer});
  ASSERT_TRUE(run_until({&io}, [&] { return a.about(3).cause == PeerCause::Unreachable; }));
  EXPECT_THAT(a.about(3).text, HasSubstr("no-such-name.invalid"));
}

TEST(Mesh, round_trip_and_certificate_end_are_known_and_expired_certificates_serve) {
  using std::chrono::days;
  const auto end =
      std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) - days(400);
  io_context io;
  Node a(io, 1), b(io, 2, [&](MeshOptions& options) {
    options.certificate = make_certificate("expired", {end - days(30), end});
  });
  introduce({&a, &b});
  ASSERT_TRUE(run_until(
      {&io}, [&] { return all_connected({&a, &b}) && a.about(2).rtt && b.about(1).rtt; }));
  EXPECT_EQ(a.about(2).certificate_not_after, end);
  EXPECT_GT(*a.about(2).rtt, std::chrono::microseconds(0));
  EXPECT_LT(*a.about(2).rtt, std::chrono::seconds(1));
}

TEST(Mesh, a_new_certificate_is_used_for_new_channels_without_a_restart) {
  io_context io;
  Node a(io, 1), b(io, 2);
  introduce({&a, &b});
  ASSERT_TRUE(run_until({&io}, [&] { return all_connected({&a, &b}); }));
  const Validity validity{std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000)),
                          std::chrono::sys_seconds(std::chrono::seconds(1'800'000'000))};
  ASSERT_TRUE(b.mesh->update_certificate(make_certificate("new", validity)));
  EXPECT_EQ(b.mesh->update_certificate({"junk", "junk"}).error(), CertificateError::Malformed);
  EXPECT_EQ(a.ups, 1);
  a.mesh->update_peers({});
  a.mesh->update_peers({b.as_peer()});
  ASSERT_TRUE(run_until({&io}, [&] { return a.ups == 2 && all_connected({&a, &b}); }));
  EXPECT_EQ(a.about(2).certificate_not_after, validity.not_after);
}

TEST(Mesh, a_paused_process_becomes_silent_and_works_again_without_help) {
  for (const auto pause : {std::chrono::milliseconds(500), std::chrono::milliseconds(2500)}) {
    io_context io, paused;
    Node a(io, 1), b(paused, 2);
    introduce({&a, &b});
    ASSERT_TRUE(run_until({&io, &paused}, [&] { return all_connected({&a, &b}); }));
    // b's loop stands still; its kernel goes on accepting, as for SIGSTOP.
    const auto until = std::chrono::steady_clock::now() + pause;
    bool was_silent = false;
    ASSERT_TRUE(run_until({&io}, [&] {
      was_silent = was_silent || a.about(2).cause == PeerCause::Silent;
      return std::chrono::steady_clock::now() > until;
    }));
    EXPECT_TRUE(was_silent);
    EXPECT_EQ(code_of(a.about(2).cause), "SILENT") << a.about(2).text;
    EXPECT_EQ(a.mesh->is_connected(2), pause < fast_timing().silent_cut);
    const bool is_kept = a.mesh->is_connected(2);
    if (is_kept) {
      EXPECT_GT(*a.about(2).rtt, pause / 2) << "an answer that does not come is a long way";
    }
    ASSERT_TRUE(run_until({&io, &paused}, [&] {
      return all_connected({&a, &b}) && a.about(2).cause == PeerCause::None &&
             b.about(1).cause == PeerCause::None && (!is_kept || *a.about(2).rtt < pause / 2);
    }));
    const std::size_t before = b.frames.size();
    ASSERT_TRUE(a.mesh->send(2, text_frame("back")));
    ASSERT_TRUE(run_until({&io, &paused}, [&] { return b.frames.size() > before; }));
  }
}

}  // namespace
}  // namespace giro::p2p::test
