#include "consensus/vote_guard.h"

#include <gtest/gtest.h>

#include "tests/unit/consensus/members.h"

namespace giro::consensus::testing {
namespace {

class DeadSigner final : public crypto::Signer {
 public:
  explicit DeadSigner(const crypto::PublicKey& key) : key_(key) {}
  [[nodiscard]] const crypto::PublicKey& public_key() const override { return key_; }
  [[nodiscard]] std::optional<crypto::Signature> sign(const Hash&) override { return std::nullopt; }

 private:
  crypto::PublicKey key_;
};

class Guard : public ::testing::Test, protected DurabilityPort {
 protected:
  Members members{4};
  VoteGuard guard{members.signer(1), members.chain(), members.institution(1),
                  Ceiling{1, {2}, {3}, {20}}, 8};

  static VoteContent content(VoteKind kind, std::uint64_t epoch, std::uint64_t view,
                             std::uint64_t height, std::string_view digest = "block") {
    return {kind, {epoch}, {view}, {height}, hash_of(digest)};
  }
  std::expected<Vote, SignRefusal> sign(const VoteContent& what) {
    return guard.sign(durable(9), 9, what, {1});
  }
  static Output asking(std::initializer_list<VoteContent> contents) {
    Output output;
    for (const VoteContent& what : contents) output.sign.push_back({what, {1}, {}});
    return output;
  }
  static ProvenViewChange change_to(std::uint64_t view, std::uint64_t stable = 10) {
    ProvenViewChange change;
    change.change = {{2}, {view}, {1}, {}, {stable}, hash_of("header"), {}};
    return change;
  }
  std::expected<ProvenViewChange, SignRefusal> sign(const ProvenViewChange& change) {
    return guard.sign(durable(9), 9, change);
  }
  SignRefusal refusal(const VoteContent& what) { return sign(what).error(); }
};

TEST_F(Guard, R35_an_intent_that_is_not_on_disk_is_not_signed) {
  const VoteContent vote = content(VoteKind::Prepare, 2, 3, 11);
  EXPECT_EQ(guard.sign(durable(8), 9, vote, {1}).error(), SignRefusal::NotDurable);
  const auto signed_vote = guard.sign(durable(9), 9, vote, {1});
  ASSERT_TRUE(signed_vote.has_value());
  EXPECT_TRUE(crypto::verify(members.signer(1).public_key(), vote.sign_bytes(members.chain()),
                             signed_vote->signature));
}

TEST_F(Guard, R36_one_digest_for_a_place_and_the_same_signature_again) {
  const auto first = sign(content(VoteKind::Prepare, 2, 3, 11));
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(sign(content(VoteKind::Prepare, 2, 3, 11)), first);
  EXPECT_EQ(refusal(content(VoteKind::Prepare, 2, 3, 11, "other")), SignRefusal::Conflict);
  EXPECT_TRUE(sign(content(VoteKind::Commit, 2, 3, 11, "other")).has_value());
  EXPECT_TRUE(sign(content(VoteKind::Prepare, 2, 3, 12, "other")).has_value());
}

TEST_F(Guard, R36_what_the_log_remembers_binds_as_well) {
  guard.restore(content(VoteKind::Attest, 2, 0, 11));
  EXPECT_EQ(refusal(content(VoteKind::Attest, 2, 0, 11, "other")), SignRefusal::Conflict);
  EXPECT_TRUE(sign(content(VoteKind::Attest, 2, 0, 11)).has_value());
}

TEST_F(Guard, R36_no_prepare_or_commit_in_a_view_that_was_left) {
  guard.leave_below({2}, {3});
  EXPECT_EQ(refusal(content(VoteKind::Prepare, 2, 2, 11)), SignRefusal::LeftView);
  EXPECT_EQ(refusal(content(VoteKind::Commit, 1, 9, 11)), SignRefusal::LeftView);
  EXPECT_TRUE(sign(content(VoteKind::Attest, 2, 0, 11)).has_value());
  EXPECT_TRUE(sign(content(VoteKind::Commit, 2, 3, 11)).has_value());
}

TEST_F(Guard, R36_voting_in_a_view_leaves_those_below) {
  EXPECT_TRUE(sign(content(VoteKind::Prepare, 2, 2, 11)).has_value());
  EXPECT_TRUE(sign(content(VoteKind::Prepare, 2, 3, 11)).has_value());
  EXPECT_EQ(refusal(content(VoteKind::Prepare, 2, 2, 12)), SignRefusal::LeftView);
}

TEST_F(Guard, R36_one_view_change_for_a_view_and_it_leaves_those_below) {
  EXPECT_EQ(guard.sign(durable(8), 9, change_to(3)).error(), SignRefusal::NotDurable);
  const auto first = sign(change_to(3));
  ASSERT_TRUE(first.has_value());
  EXPECT_TRUE(crypto::verify(members.signer(1).public_key(), first->change.digest(members.chain()),
                             first->change.signature));
  EXPECT_EQ(sign(change_to(3)), first);
  EXPECT_EQ(sign(change_to(3, 11)).error(), SignRefusal::Conflict);
  EXPECT_EQ(sign(change_to(2)).error(), SignRefusal::LeftView);
  EXPECT_EQ(sign(change_to(4)).error(), SignRefusal::AboveCeiling);
  EXPECT_EQ(refusal(content(VoteKind::Commit, 2, 2, 11)), SignRefusal::LeftView);
  EXPECT_TRUE(sign(content(VoteKind::Commit, 2, 3, 11)).has_value());
}

TEST_F(Guard, R36_what_the_log_remembers_of_view_changes_binds_as_well) {
  guard.restore(change_to(3).change);
  EXPECT_EQ(sign(change_to(3, 11)).error(), SignRefusal::Conflict);
  EXPECT_EQ(refusal(content(VoteKind::Commit, 2, 2, 11)), SignRefusal::LeftView);
  EXPECT_TRUE(sign(change_to(3)).has_value());
}

TEST_F(Guard, R36_one_new_view_for_a_view) {
  const NewView made{{2}, {3}, {change_to(3).change}, {}, {}};
  NewView other = made;
  other.changes.front().stable = {11};
  ASSERT_TRUE(guard.sign(durable(9), 9, made).has_value());
  EXPECT_EQ(guard.sign(durable(9), 9, other).error(), SignRefusal::Conflict);
  EXPECT_TRUE(guard.sign(durable(9), 9, made).has_value());
  guard.leave_below({2}, {4});
  EXPECT_EQ(guard.sign(durable(9), 9, made).error(), SignRefusal::LeftView);
}

TEST_F(Guard, R39_nothing_at_or_below_the_floor) {
  guard.forbid({{2}, {2}, {12}});
  EXPECT_EQ(refusal(content(VoteKind::Prepare, 2, 3, 12)), SignRefusal::BelowFloor);
  EXPECT_EQ(refusal(content(VoteKind::Prepare, 2, 1, 13)), SignRefusal::LeftView);
  EXPECT_EQ(sign(change_to(2)).error(), SignRefusal::BelowFloor);
  EXPECT_TRUE(sign(content(VoteKind::Prepare, 2, 2, 13)).has_value());
  EXPECT_TRUE(sign(change_to(3)).has_value());
}

TEST_F(Guard, R37_a_view_change_raises_the_ceiling_to_its_view) {
  Output output;
  output.view_change = change_to(5);
  EXPECT_EQ(guard.needed(output), (Ceiling{2, {2}, {5}, {20}}));
}

TEST_F(Guard, R36_nothing_at_or_below_a_released_height) {
  EXPECT_TRUE(sign(content(VoteKind::Prepare, 2, 3, 11)).has_value());
  guard.release({11});
  EXPECT_EQ(refusal(content(VoteKind::Prepare, 2, 3, 11)), SignRefusal::BelowFloor);
  EXPECT_EQ(refusal(content(VoteKind::Attest, 2, 0, 11)), SignRefusal::BelowFloor);
  EXPECT_TRUE(sign(content(VoteKind::Attest, 2, 0, 12)).has_value());
}

TEST_F(Guard, R37_nothing_above_the_ceiling_and_the_height_rises_in_steps_of_the_window) {
  EXPECT_TRUE(sign(content(VoteKind::Prepare, 2, 3, 20)).has_value());
  EXPECT_EQ(refusal(content(VoteKind::Prepare, 2, 3, 21)), SignRefusal::AboveCeiling);
  EXPECT_EQ(refusal(content(VoteKind::Prepare, 2, 4, 11)), SignRefusal::AboveCeiling);
  EXPECT_EQ(refusal(content(VoteKind::Attest, 3, 0, 11)), SignRefusal::AboveCeiling);
  const Output covered =
      asking({content(VoteKind::Prepare, 2, 3, 20), content(VoteKind::Attest, 2, 0, 20)});
  EXPECT_FALSE(guard.needed(covered).has_value());
  const Output above = asking({content(VoteKind::Prepare, 2, 3, 21)});
  const std::optional<Ceiling> needed = guard.needed(above);
  EXPECT_EQ(needed, (Ceiling{2, {2}, {3}, {29}}));
  EXPECT_EQ(guard.needed(above), needed);  // until it is raised
  guard.raised(*needed);
  EXPECT_TRUE(sign(content(VoteKind::Prepare, 2, 3, 29)).has_value());
  EXPECT_EQ(refusal(content(VoteKind::Prepare, 2, 3, 30)), SignRefusal::AboveCeiling);
  const Output next =
      asking({content(VoteKind::Attest, 3, 0, 25), content(VoteKind::Prepare, 3, 3, 31)});
  EXPECT_EQ(guard.needed(next), (Ceiling{3, {3}, {3}, {39}}));
}

TEST_F(Guard, a_signer_that_is_gone_is_the_worlds_failure) {
  DeadSigner dead(members.signer(1).public_key());
  VoteGuard mute(dead, members.chain(), members.institution(1), Ceiling{1, {2}, {3}, {20}}, 8);
  EXPECT_EQ(mute.sign(durable(1), 1, content(VoteKind::Prepare, 2, 3, 11), {1}).error(),
            SignRefusal::SignerDown);
}

}  // namespace
}  // namespace giro::consensus::testing
