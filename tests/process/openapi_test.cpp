// Every operation of the OpenAPI document, asked of a real network as its examples say.
#include <fstream>

#include "node/client/json_fields.h"
#include "tests/process/cluster.h"

namespace giro::process_test {
namespace {

class OpenApiTest : public ClusterTest {
 protected:
  void order(const std::string& text, const std::string& id) {
    const auto file = folder_.path() / "order.json";
    std::ofstream(file) << text;
    const auto ran =
        run_giro({"op", "submit", file.string(), "--id", id}, supervisor_->network().profile());
    EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  }
  // So that bank-a has seen two leaders go, one of them while it was there itself.
  void change_views() {
    for (const char* gone : {"bank-a", "bank-b"}) {
      kill(gone);
      EXPECT_TRUE(until([&] {
        const auto views = ask(node("bank-c"), "/v1/consensus/views?limit=1");
        const auto* items = client::array_field(views, "items");
        if (items == nullptr || items->empty()) return false;
        const auto& last = items->front().get_object();
        return client::text_field(last, "leader") != gone &&
               !client::text_field(last, "active_at").empty();
      }));
      start(gone);
      wait_ready();
    }
    const auto views = ask(node("bank-a"), "/v1/consensus/views");
    const auto* items = client::array_field(views, "items");
    ASSERT_TRUE(items != nullptr && !items->empty());
    const auto reason = client::text_field(items->front().get_object(), "reason");
    EXPECT_TRUE(reason == "SILENT" || reason == "FOLLOWED") << reason;
  }
  // The ids of the document's examples.
  void make_what_the_examples_name() {
    const auto alice = crypto::to_hex(config::demo_aliases().at("ALICE").account);
    const auto paid =
        run_giro({"pay", "ALICE", "BOB", "1.23", "--id", "9b2e41c0-5a77-4d0e-9c1b-2f60d8a4e713"},
                 supervisor_->network().profile());
    EXPECT_EQ(paid.exit_code, 0) << paid.out << paid.err;
    order(R"({"type":"HOLD_CREATE","actor":"bank-a","token":"bank-a.USD","account":")" + alice +
              R"(","amount":"1.00","kind":"ESCROW","beneficiary":")" +
              crypto::to_hex(config::demo_aliases().at("MERCHANT").account) +
              R"(","captor":"bank-a","ttl_s":3600})",
          "5d0c2f6e-0f4b-4a53-8d51-6a2c40b7e901");
    order(R"({"type":"GOV_PROPOSE","actor":"bank-a","ttl_s":3600,)"
          R"("param_set":{"name":"op_window","value":"86400000"}})",
          "77ab10c4-93de-4c0f-b1a8-0e5f2d6c3b7a");
    order(
        R"({"type":"DENY_SET","actor":"bank-a","add":[{"kind":"COUNTRY","country":"KP","reason_class":1}]})",
        "0f4ce9a2-1b7d-4f3e-9c55-7d1e8a60b342");
  }
};

TEST_F(OpenApiTest, The_API_of_a_live_network_is_what_its_document_says) {
  change_views();
  make_what_the_examples_name();
  wait_height(5);
  const auto ran = run_program("/usr/bin/python3",
                               {GIRO_SOURCE "/tests/process/openapi_check.py", giro_program(),
                                "http://" + nodes()[0].api_address().to_string(),
                                "http://" + nodes()[1].api_address().to_string()},
                               supervisor_->network().profile());
  EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  EXPECT_NE(ran.out.find(": 0 failures"), std::string::npos) << ran.out << ran.err;
}

}  // namespace
}  // namespace giro::process_test
