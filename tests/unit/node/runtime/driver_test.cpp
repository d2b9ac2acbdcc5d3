#include "node/runtime/driver.h"

#include "p2p/frame.h"

namespace giro::runtime {
namespace {

using consensus::wire::MessageType;

// Makes tokens as the log does after a sync.
class Disk : private consensus::DurabilityPort {
 public:
  static consensus::DurableToken synced(std::uint64_t group) { return durable(group); }
};

// One validator alone is its own quorum: every turn of the protocol passes through its driver.
class DriverTest : public testing::Test {
 protected:
  DriverTest() {
    chain_.bytes.fill(std::byte{9});
    begin({{}, {{self_, signer_.public_key()}}});
  }

  void begin(const consensus::ValidatorSet& set) {
    consensus::Header genesis;
    genesis.block = chain_;
    genesis.time = {1'000'000};
    parameters_ = consensus::Parameters::tiny();
    auto recovered = consensus::RecoveredState::fresh(set, genesis, genesis.hash(chain_));
    header_ = genesis;
    guard_.emplace(signer_, chain_, self_, consensus::Ceiling{}, parameters_.window);
    const consensus::Member identity{self_, signer_.public_key()};
    driver_.emplace(
        consensus::Replica(chain_, identity, parameters_, {}, std::move(recovered), now_), &*guard_,
        consensus::SnapshotVotes(chain_, identity, parameters_),
        consensus::wire::Verifier(chain_, self_), self_, ports());
  }

  DriverPorts ports() {
    DriverPorts ports;
    ports.now = [this] { return now_; };
    ports.append = [this](LogWriter::Group group) { groups_.push_back(std::move(group)); };
    ports.send = [this](std::optional<consensus::InstitutionId>, const p2p::Frame& frame) {
      effects_.push_back("send " + std::to_string(static_cast<int>((*frame)[5])));
    };
    ports.payload_accepted = [this](const consensus::BatchPtr&) { ++payloads_; };
    ports.execute = [this](consensus::CommittedBlock block) {
      effects_.push_back("execute " + std::to_string(block.block.height.value));
      executed_.push_back(std::move(block));
    };
    ports.attested = [this](consensus::Certificate attest) {
      effects_.push_back("attested " + std::to_string(attest.content.height.value));
    };
    ports.serve_chain = [this](auto, auto) { effects_.emplace_back("serve chain"); };
    ports.serve_batches = [this](auto, auto) { effects_.emplace_back("serve batches"); };
    ports.snapshot_message = [this](auto, const auto&) {
      effects_.emplace_back("snapshot message");
    };
    ports.snapshot_certified = [this](const consensus::Certificate& certificate) {
      effects_.push_back("certified " + std::to_string(certificate.content.height.value));
    };
    ports.stated = [this](const auto&) { effects_.emplace_back("stated"); };
    ports.event = [](const consensus::Event&) {};
    ports.evidence = [this](const auto&) { effects_.emplace_back("evidence"); };
    ports.divergence = [this](const auto&) { effects_.emplace_back("divergence"); };
    ports.breach = [this](const auto&) { effects_.emplace_back("breach"); };
    ports.violation = [this](auto, auto) { effects_.emplace_back("violation"); };
    return ports;
  }

  void pass(std::int64_t ms) {
    now_.steady.us += ms * 1000;
    now_.wall.ms += ms;
    driver_->on_time();
    driver_->turn();
  }
  void own_batch() {
    const crypto::Bytes operation(40, std::byte{1});
    const std::vector<crypto::ByteView> operations{operation};
    driver_->on_own_batch(
        consensus::wire::make_batch(self_, ++seq_, {now_.wall.ms + 30'000}, operations));
    driver_->turn();
  }
  void hear(const consensus::Member& from, const consensus::Message& message) {
    const auto frame = frame_of(message);
    const crypto::ByteView bytes(*frame);
    driver_->on_frame(from, std::to_integer<std::uint8_t>(bytes[5]), bytes.subspan(6));
    driver_->turn();
  }
  std::uint64_t refused(consensus::RejectReason reason) const {
    const auto place = static_cast<std::size_t>(reason);
    return driver_->refused().at(place) + driver_->replica().rejects().at(place);
  }
  // The next group that waits for the disk becomes durable.
  void sync() {
    ASSERT_LT(durable_, groups_.size());
    driver_->on_synced(Disk::synced(groups_[durable_++].number));
    driver_->turn();
  }
  void sync_all() {
    while (durable_ < groups_.size()) sync();
  }
  bool contains(std::string_view effect) const {
    return std::ranges::find(effects_, effect) != effects_.end();
  }
  template <typename Record>
  bool group_has(std::size_t group) const {
    return std::ranges::any_of(groups_.at(group).records, [](const auto& record) {
      return std::holds_alternative<Record>(record);
    });
  }

  const consensus::InstitutionId self_{1};
  const consensus::Member stranger_{{2}, crypto::SecretKey::generate().public_key()};
  crypto::KeySigner signer_{crypto::SecretKey::generate()};
  crypto::Hash chain_;
  consensus::Parameters parameters_;
  consensus::Header header_;
  consensus::Now now_{{1'000'000}, {1'000'001}};
  std::optional<consensus::VoteGuard> guard_;
  std::vector<LogWriter::Group> groups_;
  std::size_t durable_ = 0;
  std::vector<std::string> effects_;
  std::size_t payloads_ = 0;  // whose signatures are checked: that waits for nothing
  std::vector<consensus::CommittedBlock> executed_;
  std::uint64_t seq_ = 0;
  std::optional<Driver> driver_;
};

std::string sent(MessageType type) {
  return "send " + std::to_string(static_cast<int>(type));
}

TEST_F(DriverTest, Nothing_leaves_before_what_it_promises_is_durable) {
  own_batch();
  ASSERT_FALSE(groups_.empty());
  EXPECT_TRUE(group_has<consensus::BatchRecord>(0));
  EXPECT_FALSE(contains(sent(MessageType::PrePrepare)));
  EXPECT_FALSE(contains(sent(MessageType::Vote)));
  EXPECT_TRUE(executed_.empty());
  sync_all();
  EXPECT_TRUE(contains(sent(MessageType::PrePrepare)));
  EXPECT_TRUE(contains(sent(MessageType::Vote)));
  EXPECT_TRUE(contains("execute 1"));
}

TEST_F(DriverTest, A_vote_is_logged_after_what_it_promises_and_under_a_ceiling) {
  own_batch();
  ASSERT_TRUE(group_has<consensus::VoteRecord>(0));
  ASSERT_TRUE(group_has<consensus::BlockRecord>(0));
  ASSERT_TRUE(groups_[0].raise.has_value());
  EXPECT_TRUE(group_has<consensus::CeilingRecord>(0));
  EXPECT_GE(groups_[0].raise->height.value, 1U);
  const auto& records = groups_[0].records;
  const auto place_of = [&]<typename Record>(std::type_identity<Record>) {
    return std::ranges::find_if(records,
                                [](const auto& r) { return std::holds_alternative<Record>(r); }) -
           records.begin();
  };
  EXPECT_LT(place_of(std::type_identity<consensus::BlockRecord>()),
            place_of(std::type_identity<consensus::VoteRecord>()));
}

TEST_F(DriverTest, Effects_keep_their_order_while_groups_are_on_their_way) {
  own_batch();
  const std::size_t before = effects_.size();
  pass(300);  // a status is due; it must not overtake what waits for the disk
  own_batch();
  EXPECT_EQ(effects_.size(), before);
  sync();
  EXPECT_GT(effects_.size(), before);
}

TEST_F(DriverTest, A_block_is_executed_once_attested_and_stable) {
  own_batch();
  sync_all();
  ASSERT_EQ(executed_.size(), 1U);
  consensus::Header header;
  header.epoch = {0};
  header.height = {1};
  header.block = executed_[0].hash;
  header.time = executed_[0].block.time;
  header.previous = header_.hash(chain_);
  driver_->on_executed({header, header.hash(chain_), std::nullopt});
  driver_->turn();
  sync_all();
  EXPECT_TRUE(contains("attested 1"));
  EXPECT_EQ(driver_->replica().stable().value, 1U);
  EXPECT_EQ(driver_->own_last_vote().value, 1U);
}

TEST_F(DriverTest, Bytes_that_no_correct_peer_sends_are_refused_counted_and_reported) {
  const crypto::Bytes garbage(17, std::byte{0xff});
  for (int type = 0; type < 256; ++type)
    driver_->on_frame(stranger_, static_cast<std::uint8_t>(type), garbage);
  driver_->turn();
  EXPECT_TRUE(contains("violation"));
  EXPECT_EQ(payloads_, 0U);
  EXPECT_FALSE(contains("serve chain"));
  std::uint64_t refused = 0;
  for (const std::uint64_t count : driver_->refused()) refused += count;
  EXPECT_EQ(refused, 256U);
}

// The slowest validator's votes come when nothing hangs on them any more: they are not checked, and
// operators must see all the same that it votes.
TEST_F(DriverTest, The_last_vote_of_a_peer_is_known_by_the_word_of_its_channel) {
  const auto say = [this](std::uint64_t height) {
    hear(stranger_, consensus::Vote{.content = {.kind = consensus::VoteKind::Commit,
                                                .epoch = {},
                                                .view = {},
                                                .height = {height},
                                                .digest = chain_},
                                    .voter = {1},
                                    .signature = {}});
  };
  EXPECT_EQ(driver_->heard_vote(stranger_.institution).value, 0U);
  say(7);
  say(5);
  EXPECT_EQ(driver_->heard_vote(stranger_.institution).value, 7U);
  say(1'000'000);  // nobody can have voted there
  EXPECT_EQ(driver_->heard_vote(stranger_.institution).value, 7U);
}

TEST_F(DriverTest, Questions_of_peers_go_to_the_store_and_not_to_the_replica) {
  hear(stranger_, consensus::FetchChain{{0}, {0}});
  hear(stranger_, consensus::FetchBatches{{chain_}});
  EXPECT_TRUE(contains("serve chain"));
  EXPECT_TRUE(contains("serve batches"));
}

TEST_F(DriverTest, R34_a_snapshot_vote_is_signed_after_its_intent_is_on_disk) {
  consensus::VoteContent content{consensus::VoteKind::Snapshot, {1}, {}, {16}, chain_};
  consensus::ValidatorSet set{{1}, {{self_, signer_.public_key()}}};
  driver_->on_snapshot({content, set, std::nullopt});
  driver_->turn();
  ASSERT_FALSE(groups_.empty());
  EXPECT_TRUE(group_has<consensus::VoteRecord>(groups_.size() - 1));
  EXPECT_TRUE(group_has<consensus::CeilingRecord>(groups_.size() - 1)) << "it raises the ceiling";
  EXPECT_FALSE(contains("certified 16"));
  sync_all();
  EXPECT_TRUE(contains("certified 16")) << "one of one is a quorum";
}

// A snapshot at the end of an epoch is written when the next one has begun, with another set.
TEST_F(DriverTest, R34_a_key_without_a_seat_any_more_signs_for_the_snapshot_of_its_epoch) {
  begin({{}, {stranger_}});
  const consensus::ValidatorSet before{{1}, {{self_, signer_.public_key()}, stranger_}};
  const consensus::VoteContent content{consensus::VoteKind::Snapshot, {1}, {}, {16}, chain_};
  driver_->on_snapshot({content, before, std::nullopt});
  driver_->turn();
  ASSERT_FALSE(groups_.empty());
  EXPECT_TRUE(group_has<consensus::VoteRecord>(groups_.size() - 1));
}

TEST_F(DriverTest, R34_what_is_certified_already_is_not_signed_for) {
  const consensus::VoteContent content{consensus::VoteKind::Snapshot, {1}, {}, {16}, chain_};
  driver_->on_snapshot(
      {content, {{1}, {{self_, signer_.public_key()}}}, consensus::Certificate{content, {}}});
  driver_->turn();
  for (std::size_t group = 0; group < groups_.size(); ++group)
    EXPECT_FALSE(group_has<consensus::VoteRecord>(group));
}

TEST_F(DriverTest, R34_the_log_may_be_cut_once_the_statement_is_on_disk) {
  driver_->on_snapshot({{consensus::VoteKind::Snapshot, {1}, {}, {16}, chain_},
                        {{1}, {{self_, signer_.public_key()}}},
                        std::nullopt});
  driver_->turn();
  sync_all();
  const std::size_t before = groups_.size();
  driver_->on_restate();
  driver_->turn();
  ASSERT_EQ(groups_.size(), before + 1);
  EXPECT_TRUE(groups_.back().is_statement);
  EXPECT_TRUE(std::holds_alternative<consensus::BaseRecord>(groups_.back().records.front()));
  EXPECT_TRUE(group_has<consensus::CeilingRecord>(before)) << "the newest sign state record";
  EXPECT_TRUE(group_has<consensus::VoteRecord>(before)) << "the guard's snapshot votes";
  EXPECT_FALSE(contains("stated"));
  sync_all();
  EXPECT_TRUE(contains("stated"));
}

// Their checks began before anybody had looked who sends them, and what was refused stayed in
// memory.
TEST_F(DriverTest, R3_the_signatures_of_a_batch_are_checked_once_it_is_kept) {
  const crypto::Bytes operation(40, std::byte{1});
  const std::vector<crypto::ByteView> operations{operation};
  const auto foreign =
      consensus::wire::make_batch(stranger_.institution, 1, {now_.wall.ms + 30'000}, operations);
  hear(stranger_, consensus::BatchMessage{foreign});
  EXPECT_EQ(payloads_, 0U);
  EXPECT_EQ(refused(consensus::RejectReason::NotMember), 1U);
  const auto endless =
      consensus::wire::make_batch(self_, 1, {now_.wall.ms + 1'000'000'000}, operations);
  driver_->on_own_batch(endless);
  driver_->turn();
  EXPECT_EQ(refused(consensus::RejectReason::ExpiresTooLate), 1U);
  EXPECT_EQ(payloads_, 0U);
  own_batch();
  EXPECT_EQ(payloads_, 1U);
}

// Members 1 to 4; this is the driver of the first.
class SeatTest : public DriverTest {
 protected:
  SeatTest() {
    consensus::ValidatorSet set;
    set.members = {{self_, signer_.public_key()}};
    for (std::uint32_t id = 2; id <= 4; ++id) {
      others_.emplace_back(crypto::SecretKey::generate());
      set.members.push_back({{id}, others_.back().public_key()});
    }
    primary_ = set.members[1];
    auto recovered = consensus::RecoveredState::fresh(set, header_, header_.hash(chain_));
    recovered.view = recovered.first_view = {1};
    guard_.emplace(signer_, chain_, self_, consensus::Ceiling{}, parameters_.window);
    driver_.emplace(
        consensus::Replica(chain_, set.members[0], parameters_, {}, std::move(recovered), now_),
        &*guard_, consensus::SnapshotVotes(chain_, set.members[0], parameters_),
        consensus::wire::Verifier(chain_, self_), self_, ports());
  }
  // Block 1 in view 1 with the commit votes of the three others.
  consensus::CertifiedBlocks committed(std::int64_t time_ms) {
    const consensus::Block block{{}, {1}, {1}, chain_, {time_ms}, {}};
    consensus::Certificate certificate{
        {consensus::VoteKind::Commit, {}, {1}, {1}, block.hash(chain_)}, {}};
    for (std::uint32_t seat = 1; seat <= others_.size(); ++seat)
      certificate.signatures.push_back(
          {{seat}, *others_[seat - 1].sign(certificate.content.sign_bytes(chain_))});
    return {{block}, certificate};
  }
  std::vector<crypto::KeySigner> others_;
  consensus::Member primary_;
};

// What the next start goes by is there before anybody can act on the news.
TEST_F(SeatTest, R11_a_breach_is_kept_before_anything_is_sent_for_it) {
  hear(primary_, committed(1'000'100));
  sync_all();
  effects_.clear();
  hear(primary_, committed(1'000'200));
  EXPECT_FALSE(contains("breach")) << "not durable in the log yet";
  sync_all();
  ASSERT_FALSE(effects_.empty());
  EXPECT_EQ(effects_.front(), "breach");
  EXPECT_TRUE(contains(sent(MessageType::Evidence))) << "of those who signed both";
  EXPECT_EQ(std::ranges::count(effects_, "breach"), 1);
}

TEST_F(SeatTest, R46_evidence_is_shown_once_it_is_durable) {
  consensus::ConflictingVotes proof;
  for (consensus::Vote* vote : {&proof.first, &proof.second}) {
    vote->content = {consensus::VoteKind::Prepare, {0}, {0}, {1}, {}};
    if (vote == &proof.second) vote->content.digest = chain_;
    vote->signature = *signer_.sign(vote->content.sign_bytes(chain_));
  }
  hear(primary_, consensus::EvidenceMessage{proof});
  EXPECT_FALSE(contains("evidence"));
  sync_all();
  EXPECT_TRUE(contains("evidence"));
}

// For ten seconds after it was replaced a stolen key could leave the primary's place, or cast its
// suspicion.
TEST_F(SeatTest, R43_with_another_key_than_the_seat_s_a_channel_speaks_as_an_observer) {
  const consensus::Member old{primary_.institution, crypto::SecretKey::generate().public_key()};
  const consensus::Suspect leaving{{0}, {1}, consensus::SuspectReason::Leaving};
  consensus::Status status;
  status.view = {1};
  status.suspected = true;
  hear(old, leaving);
  hear(old, status);
  hear(old, consensus::BatchMessage{consensus::wire::make_batch(
                old.institution, 1, {now_.wall.ms + 30'000},
                std::vector<crypto::ByteView>{crypto::as_view("an operation")})});
  EXPECT_EQ(refused(consensus::RejectReason::NotMember), 3U);
  EXPECT_EQ(driver_->replica().view().view.value, 1U);
  EXPECT_EQ(payloads_, 0U);
  EXPECT_FALSE(contains("violation"));
  // What proves itself, or asks, is heard.
  status.epoch = {1};
  hear(old, status);
  hear(old, consensus::FetchChain{{0}, {0}});
  EXPECT_EQ(refused(consensus::RejectReason::NotMember), 3U);
  EXPECT_TRUE(contains("serve chain"));
  hear(old, consensus::FetchSnapshot{{0}, {0}});
  EXPECT_TRUE(contains("snapshot message"));
  consensus::Vote last_word;
  last_word.content = {consensus::VoteKind::Snapshot, {0}, {}, {16}, chain_};
  hear(old, last_word);
  EXPECT_EQ(refused(consensus::RejectReason::NotMember), 3U);
  // The seat's own key is believed: with ours, two of four suspect the view.
  hear(primary_, leaving);
  EXPECT_EQ(driver_->replica().view().view.value, 2U);
}

}  // namespace
}  // namespace giro::runtime
