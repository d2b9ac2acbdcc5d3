// Epochs with other members than the one before: added, removed, with another key (protocol R30,
// R41 to R43).
#include <gtest/gtest.h>

#include "consensus/limits.h"
#include "tests/unit/consensus/network.h"
#include "tests/unit/consensus/solo.h"

namespace giro::consensus::testing {
namespace {

// Five institutions; the genesis set is the first four.
Members five() {
  Members members(5);
  members.seat({0}, {{0}, {1}, {2}, {3}});
  return members;
}

// A stable chain of the first epoch, as one of its members saw it.
class Source {
 public:
  explicit Source(const Members& members) : solo(members, 1) {
    for (int i = 0; i < 10; ++i) solo.make_stable(solo.next_block());
  }
  [[nodiscard]] ChainSegment segment(std::uint64_t from, std::uint64_t to) const {
    ChainSegment segment{{}, solo.headers.at({to}), {}};
    for (std::uint64_t h = from; h <= to; ++h) segment.blocks.push_back(solo.blocks.at({h}));
    segment.attest = solo.members.certificate_of_set(
        {VoteKind::Attest, segment.header.epoch, {}, {to}, solo.header_hash({to})});
    return segment;
  }
  Solo solo;
};

TEST(ChangedSeats, counts_who_is_added_removed_or_has_another_key) {
  Members members(6);
  const auto with = [&](std::vector<Seat> seats) {
    members.seat({0}, std::move(seats));
    return members.set().members;
  };
  const auto base = with({{1}, {2}, {3}, {4}});
  EXPECT_EQ(changed_seats(base, base), 0U);
  EXPECT_EQ(changed_seats(base, with({{0}, {1}, {2}, {3}, {4}})), 1U);
  EXPECT_EQ(changed_seats(base, with({{1}, {2}, {3}, {4}, {5}})), 1U);
  EXPECT_EQ(changed_seats(base, with({{1}, {3}, {4}})), 1U);
  EXPECT_EQ(changed_seats(base, with({{1}, {2, 1}, {3}, {4}})), 1U);
  EXPECT_EQ(changed_seats(base, with({{0}, {2}, {3, 1}, {4}, {5}})), 4U);
  EXPECT_EQ(changed_seats({}, base), 4U);
}

TEST(R41, the_set_that_execution_names_is_in_force_with_the_next_epoch) {
  Members members = five();
  members.seat({1}, {{0}, {1}, {2}, {3}, {4}});
  Source source(members);
  Solo& solo = source.solo;
  EXPECT_EQ(solo.replica->set(), members.set({1}));
  EXPECT_EQ(solo.replica->set().size(), 5U);
  ASSERT_EQ(solo.records_of<EpochRecord>().size(), 1U);
  EXPECT_EQ(solo.records_of<EpochRecord>()[0].set, members.set({1}));
  // The new member's vote counts, and is the fifth's.
  const Block first = solo.next_block();
  solo.blocks[first.height] = first;
  const Hash hash = first.hash(members.chain());
  const VoteContent content{VoteKind::Prepare, {1}, {0}, first.height, hash};
  EXPECT_EQ(solo.verdict(4, members.vote(4, content)), RejectReason::None);
  EXPECT_EQ(solo.verdict(4, members.vote(3, content)), RejectReason::NotVoter);
}

TEST(R43, who_is_removed_follows_and_is_not_asked_to_sign_any_more) {
  Members members = five();
  members.seat({1}, {{0}, {1}, {2}, {3}, {4}});
  members.seat({2}, {{0}, {2}, {3}, {4}});
  Solo solo(members, 1);
  for (int i = 0; i < 10; ++i) solo.make_stable(solo.next_block());
  ASSERT_TRUE(solo.replica->view().member);
  while (solo.replica->set().epoch.value == 1) {
    const Block block = solo.next_block();
    solo.blocks[block.height] = block;
    const VoteContent commit{VoteKind::Commit, {1}, {}, block.height, block.hash(members.chain())};
    solo.deliver(0, CertifiedBlocks{{block}, members.certificate_of_set(commit)});
    solo.deliver(0,
                 AttestProof{members.certificate_of_set(
                     {VoteKind::Attest, {1}, {}, block.height, solo.header_hash(block.height)})});
  }
  EXPECT_EQ(solo.replica->set(), members.set({2}));
  EXPECT_FALSE(solo.replica->view().member);
  EXPECT_FALSE(solo.replica->view().voting);
  EXPECT_EQ(solo.events(EventType::Observing), 1U);
  solo.voted.clear();
  for (int i = 0; i < 3; ++i) {
    const Block block = solo.next_block();
    solo.blocks[block.height] = block;
    const VoteContent commit{VoteKind::Commit, {2}, {}, block.height, block.hash(members.chain())};
    solo.deliver(0, CertifiedBlocks{{block}, members.certificate_of_set(commit)});
  }
  EXPECT_EQ(solo.replica->view().executed.value, 23U);  // it follows
  EXPECT_TRUE(solo.voted.empty());
  solo.pass(60'000);
  solo.tick();
  EXPECT_TRUE(solo.sent_of<Suspect>().empty());
  EXPECT_TRUE(solo.sent_of<ProvenViewChange>().empty());
}

TEST(R43, with_another_key_than_the_set_s_it_observes_and_says_so) {
  Members members = five();
  members.seat({1}, {{0}, {1, 1}, {2}, {3}});
  Source source(members);
  const Solo& old_key = source.solo;
  EXPECT_FALSE(old_key.replica->view().member);
  ASSERT_EQ(old_key.events(EventType::Observing), 1U);
  for (const Event& event : old_key.seen) {
    if (event.type == EventType::Observing) {
      EXPECT_EQ(event.detail, old_key.self.value);
    }
  }
  // The other process of the same institution, with the new key: an observer before, a member
  // after.
  Replica renewed(members.chain(), members.identity(1, 1), Parameters::tiny(), {}, members.fresh(),
                  old_key.now);
  EXPECT_FALSE(renewed.view().member);
  RecoveredState later = old_key.recovered({10});
  Replica restarted(members.chain(), members.identity(1, 1), Parameters::tiny(), {}, later,
                    old_key.now);
  EXPECT_TRUE(restarted.view().member);
  Replica unchanged(members.chain(), members.identity(1, 0), Parameters::tiny(), {}, later,
                    old_key.now);
  EXPECT_FALSE(unchanged.view().member);
}

TEST(R43, certificates_and_votes_of_an_epoch_are_judged_by_its_own_set_and_late_ones_are_no_fault) {
  Members members = five();
  members.seat({1}, {{0}, {1}, {2}, {3, 1}});
  Source source(members);
  Solo& solo = source.solo;
  const Block first = solo.next_block();
  const VoteContent content{VoteKind::Commit, {1}, {}, first.height, first.hash(members.chain())};
  // The old key says the same as the new one would.
  EXPECT_EQ(solo.verdict(3, members.vote(3, content)), RejectReason::BadSignature);
  Vote renewed{content, {3}, *members.signer(3, 1).sign(content.sign_bytes(members.chain()))};
  EXPECT_EQ(solo.verdict(3, renewed), RejectReason::None);
  // A certificate that the old set would have made.
  Certificate replayed{content, {}};
  for (const std::uint32_t i : {0U, 2U, 3U}) {
    replayed.signatures.push_back({{i}, members.vote(i, content).signature});
  }
  EXPECT_EQ(solo.verdict(0, CertifiedBlocks{{first}, replayed}), RejectReason::BadCertificate);
  // What is late is no violation, whoever sends it.
  const VoteContent late{VoteKind::Attest, {0}, {}, {10}, solo.header_hash({10})};
  const RejectReason old_vote = solo.verdict(3, members.vote(3, late));
  EXPECT_EQ(old_vote, RejectReason::OldEpoch);
  EXPECT_FALSE(is_violation(old_vote));
  const RejectReason stranger = solo.verdict(4, members.vote(3, late));
  EXPECT_FALSE(is_violation(stranger));
  EXPECT_EQ(solo.verdict(0, AttestProof{members.certificate_of_set(late)}), RejectReason::OldEpoch);
}

// ---- restart

TEST(R38, a_restart_at_every_record_around_the_end_of_an_epoch_finds_the_set_in_force) {
  Members members = five();
  members.seat({1}, {{0}, {1}, {2}, {3}, {4}});
  members.seat({2}, {{0}, {1}, {2}, {4}});
  Source source(members);
  Solo& solo = source.solo;
  const std::vector<DurableRecord> log = solo.log;
  for (const std::uint64_t kept : {10U, 9U, 8U}) {
    std::size_t entered = 0;
    for (std::size_t cut = 0; cut <= log.size(); ++cut) {
      const Header& top = solo.headers.at({kept});
      std::vector<Header> recent;
      for (const auto& [height, header] : solo.headers) recent.push_back(header);
      Recovery recovery(members.chain(), members.set(), members.genesis().hash(members.chain()), 10,
                        top, top.hash(members.chain()), recent);
      // The store is never ahead of the log: what it holds was committed there first.
      std::uint64_t committed = 0;
      for (std::size_t i = 0; i < cut; ++i) {
        if (const auto* certificate = std::get_if<CertificateRecord>(&log[i])) {
          const VoteContent& content = certificate->certificate.content;
          if (content.kind == VoteKind::Commit) committed = content.height.value;
        }
        recovery.apply(log[i]);
      }
      if (committed < kept) continue;
      RecoveredState state = std::move(recovery).finish();
      state.next_members = next_members_at(members, {kept}, 10);
      const std::map<Height, Header> known(solo.headers.begin(), solo.headers.upper_bound({kept}));
      Solo again(members, 1, Parameters::tiny(), state, {}, known);
      EXPECT_EQ(again.headers.rbegin()->second, solo.headers.at(again.headers.rbegin()->first));
      if (again.replica->set().epoch.value == 0) {
        // The last height is executed again or still waits for its proof: that proof opens the
        // epoch.
        again.deliver(0, source.segment(again.replica->view().committed.value + 1, 10));
        if (again.replica->set().epoch.value == 0) again.deliver(0, source.segment(10, 10));
      } else {
        ++entered;
      }
      EXPECT_EQ(again.replica->set(), members.set({1})) << cut << ' ' << kept;
      EXPECT_TRUE(again.replica->view().member);
    }
    EXPECT_GE(entered, 1U);
  }
}

TEST(R38, a_new_key_begins_without_promises_and_the_old_one_finds_its_own_again) {
  Members members = five();
  Source source(members);
  Solo& solo = source.solo;
  const Block first = solo.next_block();
  solo.propose(first);
  ASSERT_TRUE(solo.has_voted(VoteKind::Prepare, first.height));
  const auto read = [&](const std::vector<DurableRecord>& more) {
    const Header& top = solo.headers.at({10});
    Recovery recovery(members.chain(), members.set(), members.genesis().hash(members.chain()), 10,
                      top, top.hash(members.chain()), {});
    recovery.apply(KeyRecord{members.identity(1).key});
    for (const DurableRecord& record : solo.log) recovery.apply(record);
    recovery.apply(CeilingRecord{7, {1}, {}, {15}});
    recovery.apply(AmnesiaRecord{{{1}, {}, {15}}});
    for (const DurableRecord& record : more) recovery.apply(record);
    return recovery;
  };
  const Recovery same = read({KeyRecord{members.identity(1).key}});
  EXPECT_EQ(same.last_key(), members.identity(1).key);
  EXPECT_EQ(same.ceilings().last->number, 7U);
  EXPECT_EQ(same.votes().size(), 1U);
  Recovery renewed = read({KeyRecord{members.identity(1, 1).key}});
  EXPECT_EQ(renewed.last_key(), members.identity(1, 1).key);
  EXPECT_FALSE(renewed.ceilings().last);
  EXPECT_TRUE(renewed.votes().empty());
  const RecoveredState state = std::move(renewed).finish();
  EXPECT_FALSE(state.amnesic_below);
  EXPECT_EQ(state.set.epoch.value, 1U);
  EXPECT_EQ(state.chain.size(), 1U);  // the accepted block

  const KeyRecord second{members.identity(1, 1).key};
  Recovery back = read({second, CeilingRecord{1, {}, {}, {}}, KeyRecord{members.identity(1).key}});
  EXPECT_EQ(back.ceilings().last->number, 7U);
  EXPECT_EQ(back.votes().size(), 1U);
  EXPECT_TRUE(std::move(back).finish().amnesic_below);
  // What became stable in between binds nobody any more.
  const Certificate attest{{VoteKind::Attest, {1}, {}, first.height, hash_of("header")}, {}};
  const Recovery later =
      read({second, CertificateRecord{attest}, KeyRecord{members.identity(1).key}});
  EXPECT_TRUE(later.votes().empty());
  EXPECT_EQ(later.ceilings().last->number, 7U);
}

// ---- catch-up

TEST(R30, who_sits_in_a_later_epoch_is_asked_for_the_chain_and_believed_in_nothing_else) {
  Members members(9);
  members.seat({0}, {{0}, {1}, {2}, {3}});
  Source source(members);
  Solo solo(members, 3);
  Status far;
  far.epoch = {7};
  far.stable = far.committed = {75};
  solo.deliver(8, far);  // no member here
  ASSERT_EQ(solo.fetched.size(), 1U);
  EXPECT_EQ(solo.fetched[0].from, members.institution(8));
  EXPECT_EQ(solo.verdict(8, Suspect{{0}, {0}, SuspectReason::Silent}), RejectReason::NotMember);
  EXPECT_EQ(solo.verdict(8, BatchConfirm{hash_of("batch")}), RejectReason::NotMember);
  // Its answer proves itself, by the set that is in force here.
  ChainSegment forged = source.segment(1, 10);
  forged.attest.signatures.pop_back();
  EXPECT_EQ(solo.verdict(8, forged), RejectReason::BadCertificate);
  EXPECT_FALSE(solo.replica->wants(forged, members.institution(7)));  // was not asked
  EXPECT_TRUE(solo.replica->wants(forged, members.institution(8)));
  solo.deliver(8, source.segment(1, 10));
  EXPECT_EQ(solo.replica->set().epoch.value, 1U);
  EXPECT_EQ(solo.fetched.back().from, members.institution(8));  // and is asked again
  // A segment that nobody asked for has no say.
  Solo other(members, 2);
  other.deliver(8, source.segment(1, 10));
  EXPECT_EQ(other.rejects(RejectReason::NotMember), 1U);
  EXPECT_EQ(other.replica->view().committed.value, 0U);
}

TEST(R30, outsiders_are_bounded) {
  Members members(4 + kOutsidersMax + 5);
  members.seat({0}, {{0}, {1}, {2}, {3}});
  Solo solo(members, 3);
  for (std::size_t i = 4; i < members.size(); ++i) solo.deliver(i, Status{});
  EXPECT_EQ(solo.rejects(RejectReason::OverBudget), 5U);
  EXPECT_TRUE(solo.fetched.empty());  // none claims a later epoch
}

TEST(R42, an_outsider_that_is_behind_is_told_where_we_stand_at_a_bounded_rate) {
  Members members = five();
  Source source(members);
  Solo& solo = source.solo;
  solo.sent.clear();
  for (int i = 0; i < 100; ++i) solo.deliver(4, Status{});
  std::size_t answers = 0;
  for (const Outbound& outbound : solo.sent) {
    answers += outbound.to == members.institution(4) ? 1 : 0;
  }
  EXPECT_EQ(answers, 1U);
}

// ---- networks

NetworkSetup changing(std::uint64_t seed, std::size_t institutions) {
  NetworkSetup setup = view_change_setup(seed);
  setup.members = institutions;
  return setup;
}

bool all_reach(Network& network, std::uint64_t height, std::int64_t limit_ms) {
  return network.run_to_height(height, limit_ms);
}

TEST(SetChange, a_fifth_joins_another_leaves_and_one_takes_a_new_key) {
  Network network(changing(43, 5));
  Members& members = network.members();
  members.seat({0}, {{0}, {1}, {2}, {3}});
  members.seat({2}, {{0}, {1}, {2}, {3}, {4}});
  members.seat({4}, {{0}, {2}, {3}, {4}});
  members.seat({6}, {{0}, {2, 1}, {3}, {4}});
  network.start_all();
  network.load(5'000, 60);
  ASSERT_TRUE(all_reach(network, 15, 20'000)) << network.describe();
  EXPECT_FALSE(network.node(4).replica().view().member);  // it follows
  ASSERT_TRUE(all_reach(network, 25, 20'000)) << network.describe();
  EXPECT_TRUE(network.node(4).replica().view().voting);
  EXPECT_EQ(network.node(4).events(EventType::Joined), 1U);
  ASSERT_TRUE(all_reach(network, 45, 20'000)) << network.describe();
  EXPECT_FALSE(network.node(1).replica().view().member);
  EXPECT_EQ(network.node(1).events(EventType::Observing), 1U);
  ASSERT_TRUE(all_reach(network, 65, 20'000)) << network.describe();
  EXPECT_FALSE(network.node(2).replica().view().member);  // its key is not the set's
  network.restart_with_key(2, 1);
  EXPECT_TRUE(network.node(2).replica().view().member);
  const std::uint64_t before = network.node(2).events(EventType::Prepared);
  ASSERT_TRUE(all_reach(network, 95, 20'000)) << network.describe();
  EXPECT_GT(network.node(2).events(EventType::Prepared), before);
  expect_no_violations(network);
}

TEST(SetChange, whose_genesis_set_has_lost_all_its_seats_catches_up) {
  Network network(changing(44, 9));
  Members& members = network.members();
  // One seat changes at a time, until none of the first four is left.
  members.seat({0}, {{0}, {1}, {2}, {3}});
  members.seat({1}, {{0}, {1}, {2}, {3}, {4}});
  members.seat({2}, {{1}, {2}, {3}, {4}});
  members.seat({3}, {{1}, {2}, {3}, {4}, {5}});
  members.seat({4}, {{2}, {3}, {4}, {5}});
  members.seat({5}, {{2}, {3}, {4}, {5}, {6}});
  members.seat({6}, {{3}, {4}, {5}, {6}});
  members.seat({7}, {{3}, {4}, {5}, {6}, {7}});
  members.seat({8}, {{4}, {5}, {6}, {7}});
  for (std::size_t i = 0; i < 8; ++i) network.start(i);
  network.load(5'000, 60);
  const auto reach = [&](std::uint64_t height) {
    return network.run_until(
        [&] { return network.node(7).is_up() && network.node(7).executed().value >= height; },
        60'000);
  };
  ASSERT_TRUE(reach(85)) << network.describe();
  for (std::size_t i = 0; i < 4; ++i) network.crash(i);  // nobody of genesis answers any more
  network.start(8);                                      // from genesis
  ASSERT_TRUE(
      network.run_until([&] { return network.node(8).replica().set().epoch.value >= 8; }, 20'000))
      << network.describe();
  EXPECT_EQ(network.node(8).replica().set().members, members.set({8}).members);
  expect_no_violations(network);
}

class SetChangeSeeds : public ::testing::TestWithParam<std::uint64_t> {};

// 4 -> 5 -> 4 -> new key -> 5 ..., under loss, partitions and crashes.
TEST_P(SetChangeSeeds, members_come_go_and_take_new_keys_under_faults) {
  NetworkSetup setup = changing(GetParam(), 6);
  setup.faults = {
      .loss_percent = 3, .duplicate_percent = 5, .delay_us_min = 100, .delay_us_max = 5'000};
  Network network(setup);
  Members& members = network.members();
  auto& random = network.random();
  // A random walk of sets, one seat at a time (f = 1 throughout).
  std::vector<Seat> seats{{0}, {1}, {2}, {3}};
  std::vector<std::size_t> newest_key(6, 0);
  members.seat({0}, seats);
  constexpr std::uint64_t kChanges = 6;
  for (std::uint64_t change = 1; change <= kChanges; ++change) {
    if (seats.size() == 4) {
      const std::size_t joins = random() % 6;
      const auto place = std::ranges::find(seats, joins, &Seat::index);
      if (place != seats.end()) {
        place->key = ++newest_key[joins] % 3;
        if (newest_key[joins] > 2) place->key = --newest_key[joins];
      } else {
        seats.push_back({joins, newest_key[joins]});
        std::ranges::sort(seats, {}, &Seat::index);
      }
    } else {
      seats.erase(seats.begin() + static_cast<std::ptrdiff_t>(random() % seats.size()));
    }
    members.seat({change}, seats);
  }
  network.start_all();
  network.load(8'000, 60);
  std::vector<std::size_t> key_of(6, 0);
  const auto operate = [&] {  // operators start their nodes with the key that the set has
    for (std::size_t i = 0; i < network.size(); ++i) {
      if (!network.node(i).is_up()) continue;
      const ValidatorSet& set = network.node(i).replica().set();
      const auto seat = set.find(members.institution(i));
      if (!seat || set.at(*seat).key == members.identity(i, key_of[i]).key) continue;
      for (std::size_t key = 0; key < 3; ++key) {
        if (set.at(*seat).key == members.identity(i, key).key) key_of[i] = key;
      }
      network.restart_with_key(i, key_of[i]);
    }
  };
  for (int round = 0; round < 40; ++round) {
    network.run_for(static_cast<std::int64_t>(random() % 150));
    const std::size_t victim = random() % network.size();
    switch (random() % 4) {
      case 0:
        network.restart(victim);
        break;
      case 1:
        if (network.node(victim).is_up()) network.crash(victim);
        break;
      case 2:
        network.isolate(victim);
        break;
      default:
        network.heal();
        break;
    }
    operate();
  }
  network.heal();
  for (std::size_t i = 0; i < network.size(); ++i) {
    if (!network.node(i).is_up()) network.restart(i);
  }
  const bool done = network.run_until(
      [&] {
        operate();
        for (std::size_t i = 0; i < network.size(); ++i) {
          if (network.node(i).replica().stable().value < (kChanges + 1) * 10 + 5) return false;
        }
        return true;
      },
      60'000);
  ASSERT_TRUE(done) << network.describe();
  for (std::size_t i = 0; i < network.size(); ++i) {
    const bool sits = members.set({kChanges}).find(members.institution(i)).has_value();
    EXPECT_EQ(network.node(i).replica().view().member, sits) << i;
    EXPECT_EQ(network.node(i).events(EventType::EvidenceFound), 0U);
    EXPECT_EQ(network.node(i).events(EventType::VotesStopped), 0U);
  }
  expect_no_violations(network);
}
INSTANTIATE_TEST_SUITE_P(Some, SetChangeSeeds, ::testing::Range<std::uint64_t>(1, 5));

}  // namespace
}  // namespace giro::consensus::testing
