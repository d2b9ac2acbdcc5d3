// Fetching a snapshot from peers of whom some lie, stall or forget (protocol R31; assurance B40 to
// B46).
#include "node/runtime/snapshot_fetch.h"

#include "consensus/limits.h"
#include "crypto/signer.h"
#include "tests/unit/node/runtime/snapshot_world.h"

namespace giro::runtime {
namespace {

using consensus::Height;
using consensus::InstitutionId;
using consensus::RejectReason;

class Fetching : public ::testing::Test {
 protected:
  Fetching() {
    for (std::uint32_t i = 0; i < 4; ++i) {
      signers_.push_back(std::make_unique<crypto::KeySigner>(crypto::SecretKey::generate()));
      set_.members.push_back({{i + 1}, signers_.back()->public_key()});
    }
    parameters_ = consensus::Parameters::tiny();
    chain_.bytes.fill(std::byte{9});
    manifest_.header.height = {48};
    manifest_.header.epoch = consensus::epoch_of({48}, parameters_.epoch_blocks);
    for (int i = 0; i < 6; ++i) {
      chunks_.emplace_back(i == 5 ? 100 : parameters_.snapshot_chunk,
                           static_cast<std::byte>('a' + i));
      manifest_.chunks.push_back(storage::snapshot_chunk_digest(chunks_.back()));
    }
    view_.executed = view_.stable = {3};
    for (std::uint32_t i = 2; i <= 4; ++i) {
      consensus::ReplicaView::Peer peer{{i}, {}, {}, {}};
      peer.status.stable = {60};
      peer.status.snapshot = {48};
      peer.status.log_start = {33};
      view_.peers.push_back(peer);
    }
    restart();
  }

  void restart() {
    fetch_.reset();
    fetch_ = std::make_unique<SnapshotFetch>(
        snapshots_in(port_), chain_, parameters_, works_.lane(),
        SnapshotFetch::Ports{
            .send = [this](InstitutionId to,
                           consensus::Message message) { sent_.emplace_back(to, message); },
            .refuse = [this](InstitutionId from,
                             RejectReason reason) { refused_.emplace_back(from, reason); },
            .post = [this](std::function<void()> work) { works_.post(std::move(work)); },
            .complete = [this](Height height) { complete_ = height; },
            .tell = [](std::string_view, Height, const std::string&) {},
            .has_room = [this](std::uint64_t bytes) { return bytes <= room_; },
            .failed = [](const storage::SnapshotError& error) { FAIL() << error.text; },
            .lineage = [](consensus::Epoch) { return std::vector<consensus::SetChange>(); }});
  }

  consensus::SnapshotOffer offer() const {
    consensus::SnapshotOffer offer{manifest_, {}, {}};
    offer.certificate.content =
        consensus::snapshot_content(chain_, manifest_, parameters_.epoch_blocks);
    for (std::uint32_t i = 1; i < 4; ++i) {
      offer.certificate.signatures.push_back(
          {{i}, *signers_[i]->sign(offer.certificate.content.sign_bytes(chain_))});
    }
    return offer;
  }
  consensus::SnapshotChunk answer(const consensus::FetchChunk& asked) const {
    const crypto::Bytes& chunk = chunks_.at(asked.index);
    const auto rest = crypto::ByteView(chunk).subspan(asked.offset);
    return {asked, static_cast<std::uint32_t>(chunk.size()),
            crypto::to_bytes(
                rest.first(std::min<std::size_t>(rest.size(), consensus::kSnapshotPieceBytesMax)))};
  }
  void pass(std::int64_t ms) {
    now_.steady.us += ms * 1000;
    fetch_->on_tick(now_, view_, set_);
    works_.run();
  }
  // Peers do what they do until nothing more is asked.
  using Behaviour = std::function<void(InstitutionId, const consensus::FetchChunk&)>;
  void serve(const Behaviour& behave) {
    for (int turn = 0; turn < 200 && !complete_; ++turn) {
      auto questions = std::exchange(sent_, {});
      for (const auto& [to, message] : questions) {
        if (std::holds_alternative<consensus::FetchSnapshot>(message))
          fetch_->on_offer(to, offer());
        if (const auto* asked = std::get_if<consensus::FetchChunk>(&message)) {
          ++asked_of_[to.value];
          behave(to, *asked);
        }
        works_.run();
      }
      pass(questions.empty() ? 3'000 : 10);
    }
  }
  void honest(InstitutionId peer, const consensus::FetchChunk& asked) {
    fetch_->on_chunk(peer, answer(asked));
  }
  [[nodiscard]] std::size_t refusals(std::uint32_t of, RejectReason why) const {
    return static_cast<std::size_t>(
        std::ranges::count(refused_, std::pair(InstitutionId{of}, why)));
  }
  void expect_whole() {
    ASSERT_EQ(complete_, Height{48});
    auto snapshots = snapshots_in(port_);
    const auto manifest = snapshots.manifest(48);
    ASSERT_TRUE(manifest.has_value());
    for (std::uint64_t i = 0; i < chunks_.size(); ++i)
      EXPECT_EQ(snapshots.chunk(*manifest, i).value(), chunks_[i]);
    EXPECT_TRUE(snapshots.certificate(48).value().has_value());
  }

  storage::MemoryFilePort port_;
  Works works_;
  std::vector<std::unique_ptr<crypto::KeySigner>> signers_;
  consensus::ValidatorSet set_;
  consensus::Parameters parameters_;
  crypto::Hash chain_;
  consensus::SnapshotManifest manifest_;
  std::vector<crypto::Bytes> chunks_;
  consensus::ReplicaView view_;
  consensus::Now now_{{1'000'000}, {}};
  std::unique_ptr<SnapshotFetch> fetch_;
  std::vector<std::pair<InstitutionId, consensus::Message>> sent_;
  std::vector<std::pair<InstitutionId, RejectReason>> refused_;
  std::map<std::uint32_t, int> asked_of_;
  std::optional<Height> complete_;
  std::uint64_t room_ = UINT64_MAX;
};

TEST_F(Fetching, R31_chunks_come_from_several_peers_and_make_a_whole_snapshot) {
  pass(0);
  serve([&](InstitutionId peer, const auto& asked) { honest(peer, asked); });
  expect_whole();
  EXPECT_GE(asked_of_.size(), 2U);
  EXPECT_TRUE(refused_.empty());
}

// Which of two chains holds is for people to say: no snapshot of another is jumped to (R11).
TEST_F(Fetching, R11_none_is_fetched_where_agreement_is_broken) {
  pass(0);
  fetch_->on_offer(sent_.at(0).first, offer());
  works_.run();
  pass(10);
  ASSERT_TRUE(fetch_->progress().has_value());
  view_.is_broken = true;
  pass(10);
  EXPECT_FALSE(fetch_->progress().has_value());
  sent_.clear();
  pass(60'000);
  EXPECT_TRUE(sent_.empty());
  fetch_->on_offer({2}, offer());
  EXPECT_EQ(refusals(2, RejectReason::NotAsked), 1U);
}

TEST_F(Fetching, R31_who_has_given_a_chunk_is_asked_for_the_next_at_once) {
  pass(0);
  fetch_->on_offer(sent_.at(0).first, offer());
  works_.run();
  sent_.clear();
  pass(1'000);  // the last tick
  while (!sent_.empty()) {
    for (const auto& [to, message] : std::exchange(sent_, {})) {
      honest(to, std::get<consensus::FetchChunk>(message));
      works_.run();
    }
  }
  expect_whole();
}

TEST_F(Fetching, R40_without_room_on_the_disk_nothing_is_begun) {
  room_ = 5 * parameters_.snapshot_chunk;
  pass(0);
  fetch_->on_offer(sent_.at(0).first, offer());
  works_.run();
  EXPECT_EQ(fetch_->progress(), std::nullopt);
  sent_.clear();
  pass(30'000);
  EXPECT_TRUE(sent_.empty()) << "it was just told";
  room_ = UINT64_MAX;
  pass(31'000);
  serve([&](InstitutionId peer, const auto& asked) { honest(peer, asked); });
  expect_whole();
}

TEST_F(Fetching, R40_a_disk_that_fills_stops_the_chunks_and_not_for_good) {
  pass(0);
  fetch_->on_offer(sent_.at(0).first, offer());
  works_.run();
  sent_.clear();
  pass(1'000);
  room_ = 0;
  while (!sent_.empty()) {
    for (const auto& [to, message] : std::exchange(sent_, {})) {
      honest(to, std::get<consensus::FetchChunk>(message));
      works_.run();
    }
  }
  EXPECT_EQ(fetch_->progress()->held, 3U) << "what was asked for";
  pass(1'000);
  EXPECT_TRUE(sent_.empty());
  room_ = UINT64_MAX;
  serve([&](InstitutionId peer, const auto& asked) { honest(peer, asked); });
  expect_whole();
}

TEST_F(Fetching, R31_nothing_is_asked_for_while_peers_can_give_what_comes_next) {
  for (auto& peer : view_.peers) peer.status.log_start = {4};
  pass(0);
  EXPECT_TRUE(sent_.empty());
  view_.peers[0].status.log_start = {UINT64_MAX};  // one of them may lie
  view_.peers[0].status.snapshot = {UINT64_MAX};
  pass(1'000);
  EXPECT_TRUE(sent_.empty());
  pass(30'000);
  EXPECT_FALSE(sent_.empty()) << "behind, and nothing moves";
}

// Its store was lost, and the log holds blocks whose payload it never had: they lay below a
// snapshot that was installed, and by now no peer has it either. It waited for ever.
TEST_F(Fetching, R31_what_the_own_log_gives_again_needs_no_peer_unless_nothing_moves) {
  view_.stable = {20};
  pass(0);
  for (std::uint64_t height = 4; height <= 8; ++height) {
    view_.executed = {height};
    pass(15'000);
    EXPECT_TRUE(sent_.empty()) << "it is being done again";
  }
  pass(19'000);
  EXPECT_TRUE(sent_.empty());
  pass(1'000);
  EXPECT_FALSE(sent_.empty());
}

TEST_F(Fetching, B40_who_never_answers_costs_time_and_nothing_else) {
  pass(0);
  serve([&](InstitutionId peer, const auto& asked) {
    if (peer.value != 2) honest(peer, asked);
  });
  expect_whole();
  EXPECT_EQ(asked_of_[2], 1) << "what it held is another one's";
}

// A chunk of four pieces, each given after so long.
class SlowFetching : public Fetching {
 protected:
  SlowFetching() {
    parameters_.snapshot_chunk = 4 * consensus::kSnapshotPieceBytesMax;
    manifest_.chunks.clear();
    for (crypto::Bytes& chunk : chunks_) {
      chunk.assign(parameters_.snapshot_chunk, chunk.front());
      manifest_.chunks.push_back(storage::snapshot_chunk_digest(chunk));
    }
    restart();
  }
  void begin() {
    pass(0);
    ASSERT_EQ(sent_.at(0).first, InstitutionId{2});
    fetch_->on_offer({2}, offer());
    works_.run();
    sent_.clear();
    pass(0);
  }
  void begin_where_only_peer_2_has_it() {
    for (auto& peer : view_.peers) {
      if (peer.institution.value != 2) peer.status.snapshot = {40};
    }
    begin();
  }
  // Until it is whole, or given up. Seconds that it took.
  std::int64_t give_each_piece_after(const std::map<std::uint32_t, std::int64_t>& seconds) {
    const std::int64_t begun = now_.steady.us;
    std::vector<std::pair<std::int64_t, std::pair<InstitutionId, consensus::FetchChunk>>> due;
    while (!complete_ && fetch_->progress()) {
      for (const auto& [at, question] : std::exchange(due, {})) {
        if (at > now_.steady.us)
          due.push_back({at, question});
        else
          honest(question.first, question.second);
      }
      works_.run();
      for (const auto& [to, message] : std::exchange(sent_, {})) {
        const auto* asked = std::get_if<consensus::FetchChunk>(&message);
        if (asked != nullptr)
          due.push_back({now_.steady.us + seconds.at(to.value) * 1'000'000, {to, *asked}});
      }
      pass(1'000);
    }
    return (now_.steady.us - begun) / 1'000'000;
  }
};

// It alone had the snapshot, and kept the fetch open for as long as it liked.
TEST_F(SlowFetching, B40_who_gives_too_slowly_is_given_up_and_another_peer_is_asked) {
  begin_where_only_peer_2_has_it();
  EXPECT_LT(give_each_piece_after({{2, 6}}), 100) << "it never lets a deadline pass";
  EXPECT_EQ(complete_, std::nullopt);
  sent_.clear();
  pass(1'000);
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_EQ(sent_[0].first, InstitutionId{3});
}

TEST_F(SlowFetching, R31_who_is_slow_and_gives_enough_is_not_given_up) {
  begin_where_only_peer_2_has_it();
  EXPECT_GT(give_each_piece_after({{2, 4}}), 60);
  expect_whole();
}

TEST_F(SlowFetching, B40_a_chunk_that_takes_too_long_is_fetched_elsewhere) {
  begin();
  EXPECT_LT(give_each_piece_after({{2, 9}, {3, 1}, {4, 1}}), 33) << "a chunk of it takes 36";
  expect_whole();
}

TEST_F(Fetching, B40_single_bytes_are_no_way_to_answer) {
  pass(0);
  serve([&](InstitutionId peer, const auto& asked) {
    auto piece = answer(asked);
    if (peer.value == 2) piece.bytes.resize(1);
    fetch_->on_chunk(peer, piece);
  });
  expect_whole();
  EXPECT_EQ(refusals(2, RejectReason::Malformed), 1U);
}

TEST_F(Fetching, B43_B46_a_poisoned_chunk_blames_its_sender_and_is_fetched_elsewhere) {
  pass(0);
  serve([&](InstitutionId peer, const auto& asked) {
    auto piece = answer(asked);
    if (peer.value == 3) piece.bytes.back() ^= std::byte{1};
    fetch_->on_chunk(peer, piece);
  });
  expect_whole();
  EXPECT_EQ(refusals(3, RejectReason::Mismatch), 1U);
  EXPECT_EQ(asked_of_[3], 1) << "it is not asked again";
}

TEST_F(Fetching, B42_B43_an_offer_is_believed_for_its_certificate_alone) {
  pass(0);
  ASSERT_EQ(sent_.size(), 1U);
  const InstitutionId peer = sent_[0].first;
  fetch_->on_offer({peer.value == 2 ? 3U : 2U}, offer());
  EXPECT_EQ(refused_.back().second, RejectReason::NotAsked) << "it was not asked";
  auto forged = offer();
  forged.manifest.chunks[1].bytes[0] ^= std::byte{1};
  fetch_->on_offer(peer, forged);
  EXPECT_EQ(refused_.back().second, RejectReason::Mismatch);
  forged = offer();
  forged.certificate.signatures.pop_back();
  fetch_->on_offer(peer, forged);
  EXPECT_EQ(refused_.back().second, RejectReason::BadCertificate);
  EXPECT_EQ(fetch_->progress(), std::nullopt);
}

TEST_F(Fetching, B43_pieces_of_another_manifest_or_place_are_not_taken) {
  pass(0);
  serve([&](InstitutionId peer, const auto& asked) {
    auto other = answer(asked);
    other.place.manifest.bytes[0] ^= std::byte{1};
    fetch_->on_chunk(peer, other);
    other = answer(asked);
    other.place.index = (asked.index + 1) % 6;
    fetch_->on_chunk(peer, other);
    other = answer(asked);
    fetch_->on_chunk({1}, other);  // from one who was not asked
    honest(peer, asked);
  });
  expect_whole();
  EXPECT_GE(refused_.size(), 18U);
}

TEST_F(Fetching, B44_a_chunk_larger_than_the_network_cuts_is_refused_before_it_is_held) {
  pass(0);
  serve([&](InstitutionId peer, const auto& asked) {
    auto piece = answer(asked);
    if (peer.value == 4) {
      piece.size = consensus::kSnapshotChunkBytesMax;
      piece.bytes.assign(consensus::kSnapshotPieceBytesMax, std::byte{0});
    }
    fetch_->on_chunk(peer, piece);
  });
  expect_whole();
  EXPECT_EQ(refusals(4, RejectReason::Malformed), 1U);
}

TEST_F(Fetching, R31_a_restart_goes_on_with_the_chunks_that_were_stored) {
  pass(0);
  int given = 0;
  for (int turn = 0; turn < 20 && given < 3; ++turn) {
    auto questions = std::exchange(sent_, {});
    for (const auto& [to, message] : questions) {
      if (std::holds_alternative<consensus::FetchSnapshot>(message)) fetch_->on_offer(to, offer());
      const auto* asked = std::get_if<consensus::FetchChunk>(&message);
      if (asked != nullptr && given++ < 3) honest(to, *asked);
      works_.run();
    }
    pass(10);
  }
  EXPECT_EQ(complete_, std::nullopt);
  port_.crash(storage::Crash::lose_unsynced());
  sent_.clear();
  restart();
  asked_of_.clear();
  pass(10);
  serve([&](InstitutionId peer, const auto& asked) { honest(peer, asked); });
  expect_whole();
  int asked = 0;
  for (const auto& [peer, count] : asked_of_) asked += count;
  EXPECT_EQ(asked, 3) << "the other three were on the disk";
}

TEST_F(Fetching, R31_peers_that_have_removed_it_end_the_fetch_and_another_is_asked_for) {
  pass(0);
  for (int turn = 0; turn < 40; ++turn) {
    auto questions = std::exchange(sent_, {});
    for (const auto& [to, message] : questions) {
      if (std::holds_alternative<consensus::FetchSnapshot>(message)) fetch_->on_offer(to, offer());
      if (const auto* asked = std::get_if<consensus::FetchChunk>(&message))
        fetch_->on_chunk(to, {*asked, 0, {}});
      works_.run();
    }
    pass(100);
    if (turn > 5 && !fetch_->progress()) break;
  }
  EXPECT_EQ(fetch_->progress(), std::nullopt);
  pass(6'000);
  serve([&](InstitutionId peer, const auto& asked) { honest(peer, asked); });
  expect_whole();
}

TEST_F(Fetching, R31_replay_that_overtakes_it_ends_the_fetch) {
  pass(0);
  fetch_->on_offer(sent_.at(0).first, offer());
  works_.run();
  pass(10);
  ASSERT_TRUE(fetch_->progress().has_value());
  view_.executed = {48};
  pass(10);
  EXPECT_EQ(fetch_->progress(), std::nullopt);
}

}  // namespace
}  // namespace giro::runtime
