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
