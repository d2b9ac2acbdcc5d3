// Each code and each cause, from what a node knows (surface 2.3).
#include "node/api/explain.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace giro::api {
namespace {

using runtime::NodeInfo;
using runtime::PeerInfo;

constexpr std::uint64_t kReserve = std::uint64_t{1} << 30;
using Names = std::vector<std::string>;

// bank-a of four at height 100, which committed it just now; bank-b leads.
NodeInfo healthy() {
  NodeInfo info;
  info.name = "bank-a";
  info.institution = 1;
  info.validator = info.voting = true;
  info.view = {6};
  info.leader = 2;
  info.validators = 4;
  info.quorum = 3;
  info.faults = 1;
  info.stable = info.executed = info.committed = info.own_last_vote = {100};
  info.disk_free = 2 * kReserve;
  for (std::uint32_t i = 2; i <= 4; ++i) {
    PeerInfo peer;
    peer.institution = i;
    peer.name = std::string("bank-") + static_cast<char>('a' + i - 1);
    peer.connected = peer.seated = peer.is_heard = true;
    peer.stable = peer.last_vote = {100};
    peer.disk_free = 2 * kReserve;
    info.peers.push_back(std::move(peer));
  }
  return info;
}
// Nothing has been committed for five seconds.
NodeInfo stalled() {
  NodeInfo info = healthy();
  info.milliseconds_since_commit = 5'000;
  return info;
}
void cut(PeerInfo& peer) {
  peer.connected = false;
  peer.cause = "UNREACHABLE";
  peer.detail = "connect refused 10.2.0.13:7300";
  peer.seconds_in_state = 14;
}
// "bank-c UNREACHABLE" of each.
Names faults_of(const Explanation& found) {
  Names out;
  for (const auto& fault : found.faults) out.push_back(fault.name + " " + fault.cause);
  return out;
}
Explanation explained(const NodeInfo& info) {
  auto found = explain(info, kReserve);
  EXPECT_FALSE(found.advice.empty()) << found.code;
  return found;
}

TEST(Explain, All_is_well) {
  const auto found = explained(healthy());
  EXPECT_EQ(found.code, "PROGRESSING");
  EXPECT_TRUE(found.is_progressing);
  EXPECT_EQ(found.faults.size(), 0U);
  EXPECT_EQ(found.waits_for, "");
}

TEST(Explain, One_that_is_away_is_named_though_the_others_go_on) {
  NodeInfo info = healthy();
  cut(info.peers[1]);
  const auto found = explained(info);
  EXPECT_EQ(found.code, "PROGRESSING");
  ASSERT_EQ(faults_of(found), Names{"bank-c UNREACHABLE"});
  EXPECT_EQ(found.faults[0].detail, "connect refused 10.2.0.13:7300");
  EXPECT_EQ(found.faults[0].seconds, 14U);
  EXPECT_EQ(found.faults[0].last_vote, 100U);
}

TEST(Explain, Two_of_four_away_are_a_missing_quorum) {
  NodeInfo info = stalled();
  cut(info.peers[1]);
  cut(info.peers[2]);
  info.peers[0].last_vote = info.own_last_vote = {101};
  const auto found = explained(info);
  EXPECT_EQ(found.code, "QUORUM_MISSING");
  EXPECT_EQ(found.waits_for, "votes for height 101");
  EXPECT_EQ(found.needed, 3U);
  EXPECT_EQ(found.have, (Names{"bank-a", "bank-b"}));
  EXPECT_EQ(found.missing, (Names{"bank-c", "bank-d"}));
  EXPECT_EQ(faults_of(found), (Names{"bank-c UNREACHABLE", "bank-d UNREACHABLE"}));
}

TEST(Explain, Who_only_follows_counts_for_nothing) {
  NodeInfo info = stalled();
  cut(info.peers[1]);
  info.peers[2].seated = false;
  const auto found = explained(info);
  EXPECT_EQ(found.code, "QUORUM_MISSING");
  EXPECT_EQ(found.missing, (Names{"bank-a", "bank-b", "bank-c"}));
  EXPECT_EQ(faults_of(found), Names{"bank-c UNREACHABLE"});
}

TEST(Explain, A_leader_that_says_nothing) {
  NodeInfo info = stalled();
  info.peers[0].heard_ms_ago = 4'000;
  const auto found = explained(info);
  EXPECT_EQ(found.code, "LEADER_SILENT");
  EXPECT_EQ(faults_of(found), Names{"bank-b SILENT"});
  EXPECT_EQ(found.faults[0].seconds, 4U);
}

TEST(Explain, Who_wants_the_next_view) {
  NodeInfo info = stalled();
  info.suspecting = true;
  info.peers[1].leaves_view = true;
  auto found = explained(info);
  EXPECT_EQ(found.code, "VIEW_CHANGING");
  EXPECT_EQ(found.waits_for, "a view after 6");
  EXPECT_EQ(found.have, (Names{"bank-a", "bank-c"}));
  EXPECT_EQ(found.missing, (Names{"bank-b", "bank-d"}));
  info.suspecting = false;
  info.changing_view = true;
  EXPECT_EQ(explained(info).code, "VIEW_CHANGING");
  cut(info.peers[0]);
  cut(info.peers[2]);
  EXPECT_EQ(explained(info).code, "QUORUM_MISSING") << "then no view begins";
}

TEST(Explain, Who_is_behind) {
  NodeInfo info = healthy();
  info.peers[2].stable = {63};
  auto found = explained(info);
  ASSERT_EQ(faults_of(found), Names{"bank-d SYNCING"});
  EXPECT_EQ(found.faults[0].detail, "says it is 37 blocks behind");
  info = stalled();
  info.peers[2].stable = {~0ULL};
  found = explained(info);
  EXPECT_EQ(found.code, "SLOW") << "one may lie";
  EXPECT_EQ(found.faults.size(), 0U);
  info.peers[1].stable = {137};
  found = explained(info);
  EXPECT_EQ(found.code, "SYNCING") << "this one";
  EXPECT_EQ(faults_of(found).front(), "bank-a SYNCING");
  EXPECT_EQ(found.faults.front().detail, "37 blocks behind");
  info.peers[1].stable = info.peers[2].stable = {137};
  found = explained(info);
  EXPECT_EQ(faults_of(found).front(), "bank-a SYNCING");
}

TEST(Explain, Hints_of_others_clocks_and_disks) {
  NodeInfo info = healthy();
  info.peers[0].clock_ahead_ms = -1'500;
  info.peers[1].disk_free = 12ULL << 20;
  info.peers[1].stopped = "DISK_LOW";
  const auto found = explained(info);
  EXPECT_EQ(found.code, "PROGRESSING");
  ASSERT_EQ(faults_of(found), (Names{"bank-b CLOCK_SKEW", "bank-c DISK_LOW"}));
  EXPECT_EQ(found.faults[0].detail, "says a time 1500 ms behind this node's");
  EXPECT_EQ(found.faults[1].detail, "says it votes no more: 12 MiB are free");
}

TEST(Explain, A_cut_link_names_who_still_sees_the_other_end) {
  NodeInfo info = healthy();
  cut(info.peers[2]);
  info.peers[0].sees = {1, 3, 4};
  info.peers[1].sees = {1, 2, 4};
  EXPECT_EQ(explained(info).faults[0].detail,
            "connect refused 10.2.0.13:7300; still seen by bank-b, bank-c");
  info.peers[0].sees = {1, 3};
  info.peers[1].heard_ms_ago = 9'000;  // what it said then
  EXPECT_EQ(faults_of(explained(info)), (Names{"bank-c SILENT", "bank-d UNREACHABLE"}));
  EXPECT_EQ(explained(info).faults[1].detail, "connect refused 10.2.0.13:7300");
}

TEST(Explain, What_others_say_keeps_them_from_voting) {
  NodeInfo info = stalled();
  info.peers[0].stopped = "DIVERGED";
  info.peers[1].stopped = "KEY_USED_ELSEWHERE";
  info.peers[2].stopped = "DISK_LOW";
  const auto found = explained(info);
  EXPECT_EQ(faults_of(found), (Names{"bank-b DIVERGED", "bank-c SIGN_REFUSED", "bank-d DISK_LOW"}));
  EXPECT_EQ(found.faults[1].detail, "says KEY_USED_ELSEWHERE");
  EXPECT_EQ(found.code, "QUORUM_MISSING");
}

TEST(Explain, Whose_clock_is_wrong) {
  NodeInfo info = stalled();
  for (auto& peer : info.peers) peer.clock_ahead_ms = 2'500;
  EXPECT_EQ(faults_of(explained(info)), Names{"bank-a CLOCK_SKEW"}) << "this node's own";
  info.peers[0].clock_ahead_ms = info.peers[1].clock_ahead_ms = 0;
  EXPECT_EQ(faults_of(explained(info)), Names{"bank-d CLOCK_SKEW"});
  EXPECT_EQ(explained(info).code, "SLOW") << "it may vote all the same";
  info.peers[2].stable = {20};
  EXPECT_EQ(faults_of(explained(info)), Names{"bank-d CLOCK_SKEW"}) << "that is why";
}

TEST(Explain, One_that_never_said_anything) {
  NodeInfo info = stalled();
  info.peers[0].is_heard = false;
  EXPECT_EQ(explained(info).faults.size(), 0U) << "it has just come";
  info.peers[0].seconds_in_state = 2;
  EXPECT_EQ(faults_of(explained(info)), Names{"bank-b SILENT"});
  EXPECT_EQ(explained(info).code, "LEADER_SILENT");
}

TEST(Explain, What_keeps_this_node_from_voting) {
  const auto own = [](const auto& change) {
    NodeInfo info = healthy();
    change(info);
    const auto found = explain(info, kReserve);
    return std::string(found.code) + ": " + (found.faults.empty() ? "" : faults_of(found)[0]);
  };
  EXPECT_EQ(own([](NodeInfo& info) { info.diverged = true; }), "HALTED_DIVERGED: bank-a DIVERGED");
  EXPECT_EQ(own([](NodeInfo& info) { info.votes_stopped = "KEY_USED_ELSEWHERE"; }),
            "PROGRESSING: bank-a SIGN_REFUSED");
  EXPECT_EQ(own([](NodeInfo& info) { info.is_disk_low = true; }), "PROGRESSING: bank-a DISK_LOW");
  EXPECT_EQ(own([](NodeInfo& info) { info.amnesic_below = {120}; }), "PROGRESSING: bank-a AMNESIC");
  EXPECT_EQ(own([](NodeInfo& info) { info.floor_search = {1, 3, false}; }),
            "PROGRESSING: bank-a SIGN_STATE_LOST");
  EXPECT_EQ(own([](NodeInfo& info) { info.validator = false; }), "NOT_IN_SET: ");
}

TEST(Explain, All_there_and_yet_slow) {
  EXPECT_EQ(explained(stalled()).code, "SLOW");
  NodeInfo info = stalled();
  info.voting = false;
  cut(info.peers[2]);
  EXPECT_EQ(explained(info).code, "QUORUM_MISSING") << "this node does not vote";
}

}  // namespace
}  // namespace giro::api
