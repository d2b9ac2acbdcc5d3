// What an operator reads of misbehaviour, its own and of others, without a log.
#include "tests/unit/node/api/server_fixture.h"

namespace giro::api {
namespace {

// protocol R40, R46.
TEST_F(ServerTest, Evidence_and_a_stop_of_votes_are_shown) {
  EXPECT_TRUE(document(get("/v1/evidence")).at("items").as_array().empty());
  EXPECT_TRUE(document(get("/v1/node")).at("votes_stopped").is_null());
  service.hold_evidence(2);
  service.stop_votes("KEY_USED_ELSEWHERE");
  const auto shown = document(get("/v1/evidence"));
  ASSERT_EQ(shown.at("items").as_array().size(), 1U);
  const auto& proof = shown.at("items").as_array()[0].as_object();
  EXPECT_EQ(proof.at("validator").as_string(), "bank-b");
  EXPECT_EQ(proof.at("kind").as_string(), "CONFLICTING_VOTES");
  EXPECT_EQ(proof.at("height").as_string(), "7");
  EXPECT_NE(proof.at("first").at("digest"), proof.at("second").at("digest"));
  EXPECT_EQ(proof.at("second").at("signature").as_string().size(), 128U);
  const auto validators = document(get("/v1/validators"));
  const auto& rows = validators.at("items").as_array();
  EXPECT_EQ(rows[0].at("equivocations").as_int64(), 0);
  EXPECT_EQ(rows[1].at("equivocations").as_int64(), 1);
  EXPECT_EQ(document(get("/v1/node")).at("votes_stopped").as_string(), "KEY_USED_ELSEWHERE");
}

TEST_F(ServerTest, Evidence_comes_in_pages_by_seat) {
  for (const std::uint32_t institution : {4U, 2U, 3U}) service.hold_evidence(institution);
  const auto names = [this](const std::string& target, std::string& cursor) {
    const auto page = document(get(target));
    const auto& next = page.at("next_cursor");
    cursor = next.is_null() ? "" : std::string(next.as_string());
    std::string out;
    for (const auto& item : page.at("items").as_array())
      out += std::string(item.at("validator").as_string()) + ' ';
    return out;
  };
  std::string cursor;
  EXPECT_EQ(names("/v1/evidence?limit=2", cursor), "bank-b bank-c ");
  EXPECT_EQ(cursor, "0.2");
  EXPECT_EQ(names("/v1/evidence?limit=2&cursor=" + cursor, cursor), "bank-d ");
  EXPECT_EQ(cursor, "");
  EXPECT_EQ(names("/v1/evidence?limit=3", cursor), "bank-b bank-c bank-d ");
  EXPECT_EQ(cursor, "");
  for (const char* bad : {"cursor=7", "cursor=1.x", "cursor=1.4294967296", "limit=0"})
    EXPECT_EQ(get(std::string("/v1/evidence?") + bad).status, 400U) << bad;
}

// protocol R11: two commit certificates of one height, and who signed both.
TEST_F(ServerTest, A_broken_agreement_is_shown_with_both_proofs) {
  EXPECT_TRUE(document(get("/v1/evidence")).at("agreement_broken").is_null());
  runtime::BreachInfo breach{{}, {1, 2, 3, 4}};
  breach.record.height = {9};
  breach.record.ours.bytes.fill(std::byte{0xaa});
  breach.record.theirs.bytes.fill(std::byte{0xbb});
  const auto proof = [](const crypto::Hash& digest, std::uint64_t view,
                        std::initializer_list<std::uint32_t> voters) {
    consensus::Certificate made{{consensus::VoteKind::Commit, {1}, {view}, {9}, digest}, {}};
    for (const std::uint32_t voter : voters) made.signatures.push_back({{voter}, {}});
    return made;
  };
  breach.record.our_proof = proof(breach.record.ours, 2, {0, 1, 2});
  breach.record.their_proof = proof(breach.record.theirs, 3, {1, 2, 3});
  service.hold_breach(breach);
  const auto shown = document(get("/v1/evidence")).at("agreement_broken").as_object();
  EXPECT_EQ(shown.at("epoch").as_string(), "1");
  EXPECT_EQ(shown.at("height").as_string(), "9");
  EXPECT_EQ(shown.at("ours").as_string(), crypto::to_hex(breach.record.ours));
  EXPECT_EQ(shown.at("theirs").as_string(), crypto::to_hex(breach.record.theirs));
  EXPECT_EQ(shown.at("our_proof").at("view").as_string(), "2");
  EXPECT_EQ(shown.at("their_proof").at("view").as_string(), "3");
  EXPECT_EQ(shown.at("our_signers").as_array().size(), 3U);
  EXPECT_EQ(shown.at("their_signers").as_array()[2].at("voter"), 3);
  const auto& common = shown.at("common_signers").as_array();
  ASSERT_EQ(common.size(), 2U);
  EXPECT_EQ(common[0].at("validator").as_string(), "bank-b");
  EXPECT_TRUE(shown.at("their_new_view").is_null());
}

// protocol R17.
TEST_F(ServerTest, Every_answer_of_a_diverged_node_says_so) {
  service.set_diverged();
  const auto answer = get("/v1/tokens");
  EXPECT_EQ(answer.status, 200U) << "reads go on";
  EXPECT_EQ(answer.headers.at("x-giro-condition"), "diverged");
  EXPECT_TRUE(document(get("/v1/node")).at("diverged").as_bool());
}

}  // namespace
}  // namespace giro::api
