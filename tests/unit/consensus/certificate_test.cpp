#include "consensus/certificate.h"

#include <gtest/gtest.h>

#include "consensus/parameters.h"
#include "tests/unit/consensus/members.h"

namespace giro::consensus::testing {
namespace {

TEST(Quorum, sizes_intersect_in_a_correct_member_for_every_n_from_4_to_13) {
  for (std::size_t n = 4; n <= 13; ++n) {
    ValidatorSet set{{}, std::vector<Member>(n)};
    const std::size_t f = set.faults();
    const std::size_t q = set.quorum();
    EXPECT_EQ(f, (n - 1) / 3);
    EXPECT_LE(q, n - f) << n;          // the correct ones alone make a quorum
    EXPECT_GE(2 * q - n, f + 1) << n;  // two quorums share a correct member
    if (n == 3 * f + 1) {
      EXPECT_EQ(q, 2 * f + 1);
    }
    EXPECT_EQ(set.weak_quorum(), f + 1);
    EXPECT_EQ(set.primary({n + 2}).value, 2U);
    EXPECT_LT(set.primary({UINT64_MAX}).value, n);
  }
}

class CertificateTest : public ::testing::Test {
 protected:
  Members members{7};
  ValidatorSet set = members.set({3});
  VoteContent content{VoteKind::Commit, {3}, {5}, {77}, hash_of("block")};
  Certificate good = members.certificate(content);
  [[nodiscard]] bool verifies(const Certificate& certificate) const {
    return verify_certificate(certificate, set, members.chain());
  }
};

TEST_F(CertificateTest, R43_a_quorum_of_distinct_members_of_its_epoch_verifies) {
  EXPECT_TRUE(verifies(good));
  EXPECT_TRUE(verifies(members.certificate(content, 7)));
  EXPECT_FALSE(verify_certificate(good, members.set({4}), members.chain()));
  EXPECT_FALSE(verify_certificate(good, set, hash_of("another chain")));
}

TEST_F(CertificateTest, R13_less_than_a_quorum_does_not_however_it_is_filled_up) {
  Certificate bad = members.certificate(content, set.quorum() - 1);
  EXPECT_FALSE(verifies(bad));
  bad.signatures.push_back(bad.signatures.back());  // one signer twice
  EXPECT_FALSE(verifies(bad));
  bad.signatures.back().voter = {5};  // another's name over the same signature
  EXPECT_FALSE(verifies(bad));
  bad.signatures.back() = {{7}, members.vote(0, content).signature};  // no member
  EXPECT_FALSE(verifies(bad));
  bad.signatures.back() = {
      {4}, members.vote(4, {VoteKind::Prepare, {3}, {5}, {77}, content.digest}).signature};
  EXPECT_FALSE(verifies(bad));  // a vote of another kind
  bad.signatures.back() = {{4}, members.vote(4, content).signature};
  EXPECT_TRUE(verifies(bad));
  std::swap(bad.signatures[0], bad.signatures[1]);  // one order only
  EXPECT_FALSE(verifies(bad));
}

TEST_F(CertificateTest, R13_no_field_can_be_changed_under_the_signatures) {
  const auto changed = [&](auto change) {
    Certificate bad = good;
    change(bad.content);
    return bad;
  };
  EXPECT_FALSE(verifies(changed([](VoteContent& c) { c.kind = VoteKind::Prepare; })));
  EXPECT_FALSE(verifies(changed([](VoteContent& c) { c.epoch = {4}; })));
  EXPECT_FALSE(verifies(changed([](VoteContent& c) { c.view = {6}; })));
  EXPECT_FALSE(verifies(changed([](VoteContent& c) { c.height = {78}; })));
  EXPECT_FALSE(verifies(changed([](VoteContent& c) { c.digest.bytes[31] ^= std::byte{1}; })));
}

TEST_F(CertificateTest, certificates_are_ordered_by_epoch_view_and_height) {
  Certificate other = good;
  other.content.height = {78};
  EXPECT_TRUE(ranks_higher(other, good));
  other.content.view = {4};
  EXPECT_FALSE(ranks_higher(other, good));
  other.content.epoch = {4};
  EXPECT_TRUE(ranks_higher(other, good));
  EXPECT_FALSE(ranks_higher(good, good));
}

// Vote, block, header and parameters were computed apart from this code, from the layout in the
// protocol.
TEST(Layout, what_is_signed_has_not_changed) {
  const Hash chain = hash_of("chain");
  const VoteContent vote{VoteKind::Attest, {1}, {0}, {12}, hash_of("header")};
  const Block block{
      {1}, {2}, {12}, hash_of("parent"), {1'700'000'000'000}, {hash_of("a"), hash_of("b")}};
  EXPECT_EQ(crypto::to_hex(vote.sign_bytes(chain)),
            "e9cefb9ab58f0d1f78130d851c720c696d7e788dd0fd007a45cf601e0544a026");
  EXPECT_EQ(crypto::to_hex(block.hash(chain)),
            "0118dd6de5753231b205dbfe416ca8b73ec01b01c494f761a7fe28cddd218495");
  EXPECT_EQ(crypto::to_hex(Members(4).set({1}).digest(chain)),
            "f3eb4c8db9f2fde93e26e2e4399219e16571584be090ed85dcb09005bb9b6a97");
  EXPECT_EQ(crypto::to_hex(Header{}.hash(chain)),
            "9b9bdb003a1351a54d35ac41f74670b1ed4ad1902397702b345f1d49f18b4019");
  EXPECT_EQ(crypto::to_hex(Parameters{}.genesis_digest()),
            "faa342c371b8abba24223b56cc48dba96bf2aec91acdac5e7245d34486751da1");
}

}  // namespace
}  // namespace giro::consensus::testing
