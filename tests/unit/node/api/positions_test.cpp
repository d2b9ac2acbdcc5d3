// How accounts stand: proofs of positions.
#include <thread>

#include "node/receipt/position.h"
#include "tests/unit/node/api/server_fixture.h"

namespace giro::api {
namespace {

class PositionsTest : public ServerTest {
 protected:
  static std::string of_alice(const std::string& rest) {
    return "/v1/accounts/" + crypto::to_hex(config::demo_aliases().at("ALICE").account) + rest;
  }
};

TEST_F(PositionsTest, A_proof_is_the_one_text_of_it) {
  const auto answer = get(of_alice("/proof?token=bank-a.USD"));
  ASSERT_EQ(answer.status, 200U) << answer.body;
  const auto proof = receipt::position_from_json(answer.body);
  ASSERT_TRUE(proof);
  EXPECT_EQ(proof->token, 1U);
  EXPECT_EQ(proof->account, config::demo_aliases().at("ALICE").account);
  EXPECT_EQ(proof->position.posted, (ledger::Amount{0, 200'000'000}));
  EXPECT_EQ(get(of_alice("/proof?token=1&servicer=bank-a")).body, answer.body);
}

TEST_F(PositionsTest, A_proof_waits_until_its_header_is_attested) {
  service.set_proof_height(7);
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    service.set_height(7);
  });
  const auto answer = get(of_alice("/proof?token=bank-a.USD"));
  later.join();
  ASSERT_EQ(answer.status, 200U) << answer.body;
  EXPECT_EQ(answer.headers.at("x-giro-height"), "7");
}

TEST_F(PositionsTest, A_proof_of_what_is_not_there_or_of_too_many_is_refused) {
  EXPECT_EQ(get(of_alice("/proof")).status, 400U);
  EXPECT_EQ(get(of_alice("/proof?token=nobody.EUR")).status, 400U);
  EXPECT_EQ(get(of_alice("/proof?token=bank-b.USD")).status, 404U);
  EXPECT_EQ(get(of_alice("/proof?token=bank-a.USD&height=3")).status, 400U);
  EXPECT_EQ(get("/v1/accounts/" + std::string(32, '1') + "/proof?token=bank-a.USD").status, 404U);
  service.set_proof_height(std::nullopt);
  EXPECT_EQ(get(of_alice("/proof?token=bank-a.USD")).status, 503U);
}

}  // namespace
}  // namespace giro::api
