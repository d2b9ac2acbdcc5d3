// Which snapshots are kept, and for whom (protocol R31, R34).
#include "node/runtime/snapshots.h"

#include "tests/unit/node/runtime/snapshot_world.h"

namespace giro::runtime {
namespace {

using consensus::Height;
using consensus::InstitutionId;

class Keeping : public ::testing::Test {
 protected:
  Keeping() {
    store_ = std::make_unique<Store>(std::make_unique<storage::MemoryKeyValueStore>());
    store_->write_genesis({}, {}, {});
    keeper_ = std::make_unique<SnapshotKeeper>(
        snapshots_in(port_), *store_,
        SnapshotKeeper::Options{demo_->chain(), consensus::Parameters::tiny(), 2}, works_.lane(),
        SnapshotKeeper::Ports{.held = [](const consensus::SnapshotVotes::Held&) {},
                              .has_room = [this](std::uint64_t) { return has_room_; },
                              .now = [this] { return now_; },
                              .changes = [](auto, auto) { return std::nullopt; },
                              .certified = [](SnapshotKeeper::Certified) {},
                              .tell = [](std::string_view, Height, const std::string&) {}});
  }

  void make_certified(std::uint64_t height) {
    auto& world = worlds_.emplace_back(std::make_unique<SnapshotWorld>(height, demo_));
    keeper_->pin(std::make_shared<SnapshotWorld::View>(*world));
    keeper_->reached({height});
    works_.run();
    consensus::Certificate certificate;
    certificate.content = {consensus::VoteKind::Snapshot, {}, {}, {height}, digest_of(height)};
    keeper_->certify(certificate);
    works_.run();
  }
  [[nodiscard]] crypto::Hash digest_of(std::uint64_t height) const {
    for (const auto& info : keeper_->list()) {
      if (info.height.value == height) return info.manifest;
    }
    return {};
  }
  [[nodiscard]] std::vector<std::uint64_t> kept() const {
    std::vector<std::uint64_t> heights;
    for (const auto& info : keeper_->list()) heights.push_back(info.height.value);
    return heights;
  }
  // A peer asks for the first chunk; how large it is, 0 where it is not held.
  std::uint32_t take(std::uint32_t peer, std::uint64_t height, const crypto::Hash& digest) {
    return keeper_->chunk(InstitutionId{peer}, {{height}, digest, 0, 0}).size;
  }
  void pass(std::int64_t seconds) { now_.us += seconds * 1'000'000; }

  storage::MemoryFilePort port_;
  Works works_;
  bool has_room_ = true;
  consensus::Instant now_{1'000'000};
  std::shared_ptr<const DemoLedger> demo_ =
      std::make_shared<const DemoLedger>(consensus::Parameters::tiny());
  std::vector<std::unique_ptr<SnapshotWorld>> worlds_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<SnapshotKeeper> keeper_;
};

using Heights = std::vector<std::uint64_t>;

TEST_F(Keeping, R34_the_newest_certified_ones_are_kept) {
  for (const std::uint64_t height : {16U, 32U, 48U, 64U}) make_certified(height);
  EXPECT_EQ(kept(), (Heights{48, 64}));
}

TEST_F(Keeping, R31_what_a_peer_takes_is_kept_until_it_asks_no_more) {
  make_certified(16);
  const crypto::Hash digest = digest_of(16);
  for (const std::uint64_t height : {32U, 48U, 64U}) {
    EXPECT_GT(take(2, 16, digest), 0U);
    pass(50);
    make_certified(height);
  }
  EXPECT_EQ(kept(), (Heights{16, 48, 64}));
  pass(61);
  make_certified(80);
  EXPECT_EQ(kept(), (Heights{64, 80}));
  EXPECT_EQ(take(2, 16, digest), 0U);
}

TEST_F(Keeping, R31_B40_a_peer_holds_one_snapshot_however_it_asks) {
  for (std::uint64_t height = 16; height <= 160; height += 16) {
    make_certified(height);
    EXPECT_GT(take(2, height, digest_of(height)), 0U);
  }
  EXPECT_EQ(kept(), (Heights{144, 160}));
}

TEST_F(Keeping, R31_B40_many_peers_hold_four_snapshots_at_most) {
  for (std::uint32_t i = 1; i <= 10; ++i) {
    make_certified(i * 16);
    EXPECT_GT(take(i, i * 16, digest_of(i * 16)), 0U);
  }
  EXPECT_EQ(kept(), (Heights{80, 96, 112, 128, 144, 160}));  // beside the newest two
  make_certified(176);
  make_certified(192);
  EXPECT_EQ(kept(), (Heights{112, 128, 144, 160, 176, 192}));
}

TEST_F(Keeping, R40_a_disk_without_room_keeps_nothing_for_takers) {
  make_certified(16);
  EXPECT_GT(take(2, 16, digest_of(16)), 0U);
  make_certified(32);
  make_certified(48);
  EXPECT_EQ(kept(), (Heights{16, 32, 48}));
  has_room_ = false;
  consensus::Certificate again;
  again.content = {consensus::VoteKind::Snapshot, {}, {}, {48}, digest_of(48)};
  keeper_->certify(again);
  works_.run();
  EXPECT_EQ(kept(), (Heights{32, 48}));
}

}  // namespace
}  // namespace giro::runtime
