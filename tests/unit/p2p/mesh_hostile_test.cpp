// What a hostile or broken peer, or anybody who reaches the port, can and cannot do (protocol R45).
#include <gmock/gmock.h>

#include "tests/unit/p2p/mesh_fixture.h"

namespace giro::p2p::test {
namespace {

using boost::asio::io_context;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::size_t index_of(Family family) {
  return static_cast<std::size_t>(family);
}

// A mesh of two honest nodes, and a known peer 9 driven by hand.
struct Scene {
  explicit Scene(const std::function<void(MeshOptions&)>& change = {}) : a(io, 1, change) {
    PeerConfig raw{9, "raw", signer.public_key(), "", 0};
    // Only one of them dials, so that no second connection between them is still on its way when a
    // test begins to count what was accepted.
    a.mesh->update_peers({b.as_peer(false), raw});
    b.mesh->update_peers({a.as_peer()});
    EXPECT_TRUE(
        run_until({&io}, [&] { return all_connected({&a, &b}) && a.mesh->status().pending == 0; }));
  }
  std::unique_ptr<RawPeer> connect() {
    const int ups = a.ups;
    auto peer = std::make_unique<RawPeer>(io, a.listening_port, &signer);
    EXPECT_TRUE(run_until({&io}, [&] { return peer->poll().is_up() && a.ups > ups; }));
    return peer;
  }
  // The honest ones noticed nothing.
  void expect_peers_unaffected() {
    EXPECT_TRUE(b.downs.empty());
    const std::size_t before = b.frames.size();
    EXPECT_TRUE(a.mesh->send(2, text_frame("still here")));
    EXPECT_TRUE(run_until({&io}, [&] { return b.frames.size() == before + 1; }));
  }
  io_context io;
  crypto::KeySigner signer{key_of("raw peer")};
  Node a;
  Node b{io, 2};
};

crypto::Bytes hex(std::string_view text) {
  return *crypto::from_hex(text);
}

TEST(MeshHostile, R45_a_malformed_frame_cuts_is_counted_by_reason_and_may_come_back) {
  const std::vector<std::pair<crypto::Bytes, Reject>> cases{
      {hex("00000001"), Reject::FrameTooShort},
      {hex("ffffffff0101"), Reject::FrameTooLong},
      {hex("0040000001"), Reject::FrameTooLong},  // agreement: 4 MiB and a little
      {hex("000000020601"), Reject::FrameUnknownFamily},
      {hex("000000020001"), Reject::ControlMalformed},    // a second hello
      {hex("000000030005ff"), Reject::ControlMalformed},  // a ping of one byte
      {hex("0000000200ff"), Reject::ControlMalformed},    // no such control frame
      {hex("000000020004"), Reject::ControlMalformed},    // a goodbye without reason
  };
  Scene scene;
  for (const auto& [bytes, reject] : cases) {
    auto raw = scene.connect();
    const std::uint64_t before = scene.a.rejected(9, reject);
    const std::size_t downs = scene.a.downs.size();
    raw->send_plain(bytes);
    ASSERT_TRUE(run_until({&scene.io}, [&] { return raw->poll().is_closed(); }));
    EXPECT_EQ(raw->goodbye(), Reason::Malformed);
    EXPECT_EQ(scene.a.rejected(9, reject), before + 1) << crypto::to_hex(bytes);
    ASSERT_EQ(scene.a.downs.size(), downs + 1);
    EXPECT_EQ(std::get<1>(scene.a.downs.back()), PeerCause::Violation);
  }
  scene.expect_peers_unaffected();
}

TEST(MeshHostile, frames_before_a_malformed_one_count_and_none_after_it) {
  Scene scene;
  auto raw = scene.connect();
  crypto::Bytes bytes = *text_frame("good");
  const crypto::Bytes bad = hex("00000000");
  bytes.insert(bytes.end(), bad.begin(), bad.end());
  bytes.insert(bytes.end(), 50, std::byte{0});
  raw->send_plain(bytes);
  ASSERT_TRUE(run_until({&scene.io}, [&] { return raw->poll().is_closed(); }));
  EXPECT_THAT(scene.a.frames, testing::ElementsAre(Node::Received{9, Family::Agreement, "good"}));
}

TEST(MeshHostile, a_frame_before_the_proof_is_a_violation_and_is_not_delivered) {
  Scene scene;
  RawPeer raw(scene.io, scene.a.listening_port, &scene.signer, RawPeer::Until::Hello);
  ASSERT_TRUE(run_until({&scene.io}, [&] { return raw.poll().hello().has_value(); }));
  raw.send_frame(text_frame("too early"));
  ASSERT_TRUE(run_until({&scene.io}, [&] { return raw.poll().is_closed(); }));
  EXPECT_EQ(scene.a.rejected(Reject::HandshakeMalformed), 1U);
  EXPECT_TRUE(scene.a.frames.empty());
}

TEST(MeshHostile, large_frames_before_the_proof_are_not_read) {
  Scene scene;
  RawPeer raw(scene.io, scene.a.listening_port, &scene.signer, RawPeer::Until::Hello);
  ASSERT_TRUE(run_until({&scene.io}, [&] { return raw.poll().hello().has_value(); }));
  raw.send_plain(hex("000001fd00"));
  ASSERT_TRUE(run_until({&scene.io}, [&] { return raw.poll().is_closed(); }));
  EXPECT_EQ(scene.a.rejected(Reject::FrameTooLong), 1U);
}

TEST(MeshHostile, a_broken_tls_record_cuts_the_channel) {
  Scene scene;
  auto raw = scene.connect();
  raw->send_cipher_text(hex("1703030014000102030405060708090a0b0c0d0e0f10111213"));
  ASSERT_TRUE(run_until({&scene.io}, [&] { return raw->poll().is_closed(); }));
  EXPECT_EQ(scene.a.rejected(9, Reject::TlsFailed), 1U);
  scene.expect_peers_unaffected();
}

TEST(MeshHostile, R45_a_slow_reader_is_bounded_by_the_budget_and_frames_for_it_are_dropped) {
  constexpr std::size_t kQueue = 1 * kMiB;
  Scene scene([](MeshOptions& options) {
    FamilyLimits& payload = options.families[index_of(Family::Payload)];
    payload.frame_bytes_max = 64 * kKiB;
    payload.queue_bytes_max = kQueue;
  });
  auto raw = scene.connect();
  const Frame frame = encode_frame(Family::Payload, kType, crypto::Bytes(60 * kKiB));
  ASSERT_TRUE(run_until({&scene.io}, [&] {  // raw never reads
    scene.a.mesh->send(9, frame);
    EXPECT_LE(scene.a.about(9).queued_bytes, kQueue + kKiB);
    return scene.a.about(9).families[index_of(Family::Payload)].dropped > 10;
  }));
  EXPECT_GE(scene.a.rejected(9, Reject::QueueFull), 10U);
  EXPECT_TRUE(scene.a.mesh->send(9, text_frame("a vote has its own budget")));
  scene.expect_peers_unaffected();
  // A reader that never drains is cut in the end.
  ASSERT_TRUE(run_until({&scene.io}, [&] { return !scene.a.mesh->is_connected(9); }));
  const PeerCause cause = std::get<1>(scene.a.downs.back());
  EXPECT_TRUE(cause == PeerCause::SlowReader || cause == PeerCause::Silent);
  EXPECT_EQ(scene.a.about(9).queued_bytes, 0U);
}

TEST(MeshHostile, a_full_queue_of_votes_cuts_the_channel_but_not_inside_send) {
  Scene scene([](MeshOptions& options) {
    FamilyLimits& agreement = options.families[index_of(Family::Agreement)];
    agreement.frame_bytes_max = 64 * kKiB;
    agreement.queue_bytes_max = 256 * kKiB;
    options.timing.silent_cut = std::chrono::seconds(30);
    options.timing.write_stall_cut = std::chrono::seconds(30);
  });
  auto raw = scene.connect();
  const Frame frame = encode_frame(Family::Agreement, kType, crypto::Bytes(60 * kKiB));
  ASSERT_TRUE(run_until({&scene.io}, [&] {
    const std::size_t downs = scene.a.downs.size();
    if (scene.a.mesh->is_connected(9)) scene.a.mesh->send(9, frame);
    EXPECT_EQ(scene.a.downs.size(), downs);
    return downs == 1;
  }));
  EXPECT_EQ(std::get<1>(scene.a.downs[0]), PeerCause::SlowReader);
  EXPECT_EQ(scene.a.rejected(9, Reject::SlowReader), 1U);
  scene.expect_peers_unaffected();
}

TEST(MeshHostile, a_peer_that_reads_pings_but_takes_no_data_is_cut_as_slow) {
  Scene scene([](MeshOptions& options) { options.timing.silent_cut = std::chrono::seconds(30); });
  auto raw = scene.connect();
  const Frame frame = encode_frame(Family::Payload, kType, crypto::Bytes(1 * kMiB));
  const Frame alive = text_frame("alive");
  ASSERT_TRUE(run_until({&scene.io}, [&] {
    if (!scene.a.mesh->is_connected(9)) return true;
    if (scene.a.about(9).queued_bytes < 8 * kMiB) scene.a.mesh->send(9, frame);
    raw->send_frame(alive);
    return false;
  }));
  EXPECT_EQ(std::get<1>(scene.a.downs.back()), PeerCause::SlowReader);
}

TEST(MeshHostile, R45_a_flood_is_slowed_to_its_budget_then_cut) {
  constexpr std::size_t kRate = 1 * kMiB;
  Scene scene([](MeshOptions& options) {
    FamilyLimits& agreement = options.families[index_of(Family::Agreement)];
    agreement.frame_bytes_max = 64 * kKiB;
    agreement.inbound_bytes_per_second = kRate;
    agreement.inbound_burst_bytes = 256 * kKiB;
    agreement.over_budget_max = milliseconds(1500);
  });
  auto raw = scene.connect();
  const Frame frame = encode_frame(Family::Agreement, kType, crypto::Bytes(32 * kKiB));
  const auto start = steady_clock::now();
  bool was_silent = false;
  ASSERT_TRUE(run_until({&scene.io}, [&] {
    for (int i = 0; i < 10 && raw->send_frame(frame); ++i) {
    }
    if (!scene.a.mesh->is_connected(9)) return true;
    const double seconds = std::chrono::duration<double>(steady_clock::now() - start).count();
    EXPECT_LE(static_cast<double>(scene.a.bytes), 256.0 * kKiB +
                                                      seconds * static_cast<double>(kRate) +
                                                      2.0 * static_cast<double>(kReadBytesMax));
    was_silent = was_silent || scene.a.about(9).cause == PeerCause::Silent;
    return false;
  }));
  EXPECT_FALSE(was_silent) << "who is slowed is not silent";
  EXPECT_GT(scene.a.about(9).families[index_of(Family::Agreement)].slowed, 3U);
  EXPECT_EQ(std::get<1>(scene.a.downs.back()), PeerCause::OverBudget);
  EXPECT_EQ(scene.a.rejected(9, Reject::OverBudget), 1U);
  EXPECT_GT(scene.a.bytes, 1 * kMiB) << "slowed, not starved";
  scene.expect_peers_unaffected();
}

TEST(MeshHostile, a_burst_within_the_budget_is_not_slowed) {
  Scene scene;
  auto raw = scene.connect();
  const Frame frame = encode_frame(Family::Agreement, kType, crypto::Bytes(1 * kMiB));
  std::size_t sent = 0;
  ASSERT_TRUE(run_until({&scene.io}, [&] {
    if (sent < 8 * kMiB && raw->write_out() && raw->send_frame(frame)) sent += kMiB;
    raw->write_out();
    return scene.a.bytes >= 8 * kMiB || sent > 20 * kMiB;
  }));
  EXPECT_EQ(scene.a.about(9).families[index_of(Family::Agreement)].slowed, 0U);
}

TEST(MeshHostile, a_frame_that_drips_in_is_silence) {
  Scene scene;
  auto raw = scene.connect();
  raw->answer_pings = false;
  raw->send_plain(hex("000100000101"));
  bool was_silent = false;
  ASSERT_TRUE(run_until({&scene.io}, [&] {
    raw->poll();
    raw->send_plain(hex("00"));
    was_silent = was_silent || scene.a.about(9).cause == PeerCause::Silent;
    return !scene.a.mesh->is_connected(9);
  }));
  EXPECT_TRUE(was_silent);
  EXPECT_EQ(std::get<1>(scene.a.downs.back()), PeerCause::Silent);
}

TEST(MeshHostile, a_flood_of_pings_stays_within_the_control_budget) {
  Scene scene(
      [](MeshOptions& options) { options.families[0].over_budget_max = milliseconds(500); });
  auto raw = scene.connect();
  crypto::Bytes pings;
  for (int i = 0; i < 1000; ++i) {
    const Frame ping = encode_frame(Family::Control, 5, crypto::Bytes(8));
    pings.insert(pings.end(), ping->begin(), ping->end());
  }
  ASSERT_TRUE(run_until({&scene.io}, [&] {
    raw->send_plain(pings);
    return !scene.a.mesh->is_connected(9);
  }));
  EXPECT_EQ(std::get<1>(scene.a.downs.back()), PeerCause::OverBudget);
  scene.expect_peers_unaffected();
}

TEST(MeshHostile, unencrypted_garbage_on_the_port_is_refused_at_once) {
  Scene scene(
      [](MeshOptions& options) { options.timing.handshake_deadline = std::chrono::seconds(30); });
  for (const std::string_view junk :
       {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x01\x03garbage", "0123456789abcdef"}) {
    RawPeer raw(scene.io, scene.a.listening_port, nullptr, RawPeer::Until::Tcp);
    crypto::Bytes bytes = crypto::to_bytes(crypto::as_view(junk));
    bytes.resize(500);
    raw.send_cipher_text(bytes);
    ASSERT_TRUE(run_until({&scene.io}, [&] { return raw.poll().is_closed(); }));
  }
  EXPECT_EQ(scene.a.rejected(Reject::TlsFailed), 3U);
  EXPECT_EQ(scene.a.mesh->status().pending, 0U);
  scene.expect_peers_unaffected();
}

TEST(MeshHostile, whoever_stops_anywhere_in_the_handshake_is_cut_at_the_deadline) {
  for (const auto until : {RawPeer::Until::Tcp, RawPeer::Until::Tls, RawPeer::Until::Hello}) {
    Scene scene(
        [](MeshOptions& options) { options.timing.handshake_deadline = milliseconds(300); });
    RawPeer raw(scene.io, scene.a.listening_port, &scene.signer, until);
    ASSERT_TRUE(run_until({&scene.io}, [&] { return raw.poll().is_closed(); }));
    EXPECT_EQ(scene.a.rejected(Reject::HandshakeTimeout), 1U);
    EXPECT_EQ(scene.a.mesh->status().pending, 0U);
    scene.expect_peers_unaffected();
  }
}

TEST(MeshHostile, half_open_connections_are_bounded_and_do_not_keep_a_peer_out) {
  constexpr std::size_t kPerAddress = 16;
  Scene scene([](MeshOptions& options) {
    options.admission.pending_per_address_max = kPerAddress;
    options.admission.accepts_per_second = 10'000;
    options.admission.accept_burst = 10'000;
    options.timing.handshake_deadline = std::chrono::seconds(30);
  });
  const std::uint64_t before = scene.a.mesh->status().accepted;
  std::vector<std::unique_ptr<RawPeer>> strangers;
  for (int i = 0; i < 200; ++i) {
    strangers.push_back(
        std::make_unique<RawPeer>(scene.io, scene.a.listening_port, nullptr,
                                  i % 2 == 0 ? RawPeer::Until::Tcp : RawPeer::Until::Tls));
    ASSERT_TRUE(run_until(
        {&scene.io}, [&] { return scene.a.mesh->status().accepted == before + strangers.size(); }));
    EXPECT_LE(scene.a.mesh->status().pending, kPerAddress);
  }
  EXPECT_GE(scene.a.rejected(Reject::Evicted), 180U);
  auto raw = scene.connect();
  EXPECT_TRUE(raw->is_up());
  scene.expect_peers_unaffected();
}

TEST(MeshHostile, T6_the_bound_on_all_pending_connections_holds_at_the_limit_and_one_above) {
  Scene scene([](MeshOptions& options) {
    options.admission.pending_max = 3;
    options.timing.handshake_deadline = std::chrono::seconds(30);
  });
  std::vector<std::unique_ptr<RawPeer>> strangers;
  const std::uint64_t before = scene.a.mesh->status().accepted;
  const auto add = [&] {
    strangers.push_back(
        std::make_unique<RawPeer>(scene.io, scene.a.listening_port, nullptr, RawPeer::Until::Tcp));
    ASSERT_TRUE(run_until(
        {&scene.io}, [&] { return scene.a.mesh->status().accepted == before + strangers.size(); }));
  };
  for (int i = 0; i < 3; ++i) add();
  EXPECT_EQ(scene.a.rejected(Reject::Evicted), 0U);
  add();
  EXPECT_EQ(scene.a.rejected(Reject::Evicted), 1U);
  EXPECT_EQ(scene.a.mesh->status().pending, 3U);
  ASSERT_TRUE(run_until({&scene.io}, [&] { return strangers[0]->poll().is_closed(); }))
      << "the oldest gave way";
}

TEST(MeshHostile, connections_are_accepted_at_a_bounded_rate) {
  Scene scene([](MeshOptions& options) {
    options.admission.accepts_per_second = 20;
    options.admission.accept_burst = 5;
  });
  std::vector<std::unique_ptr<RawPeer>> strangers;
  const auto start = steady_clock::now();
  for (int i = 0; i < 30; ++i) {
    strangers.push_back(
        std::make_unique<RawPeer>(scene.io, scene.a.listening_port, nullptr, RawPeer::Until::Tcp));
  }
  ASSERT_TRUE(run_until({&scene.io}, [&] { return scene.a.mesh->status().accepted >= 30; }));
  EXPECT_GE(steady_clock::now() - start, milliseconds(1000))
      << "25 of them waited for their turn at 20 a second";
  scene.expect_peers_unaffected();
}

TEST(MeshHostile, a_peer_that_connects_and_leaves_again_and_again_leaves_nothing_behind) {
  Scene scene;
  for (int i = 0; i < 20; ++i) {
    auto raw = scene.connect();
    raw->close();
    ASSERT_TRUE(run_until({&scene.io}, [&] { return !scene.a.mesh->is_connected(9); }));
  }
  EXPECT_EQ(scene.a.about(9).connects, 20U);
  EXPECT_EQ(scene.a.mesh->status().pending, 0U);
  scene.expect_peers_unaffected();
}

}  // namespace
}  // namespace giro::p2p::test
