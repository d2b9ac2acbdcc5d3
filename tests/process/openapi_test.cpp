// Every operation of the OpenAPI document, asked of a real network as its examples say.
#include "node/client/json_fields.h"
#include "tests/process/cluster.h"
#include "tests/process/example_ids.h"

namespace giro::process_test {
namespace {

class OpenApiTest : public ClusterTest {
 protected:
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
};

TEST_F(OpenApiTest, The_API_of_a_live_network_is_what_its_document_says) {
  change_views();
  use_example_ids(supervisor_->network().profile(), folder_.path());
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
