#include "tests/process/example_ids.h"

#include <gtest/gtest.h>

#include <fstream>

#include "crypto/keys.h"
#include "node/config/demo_genesis.h"
#include "tests/process/run.h"

namespace giro::process_test {

void use_example_ids(const std::filesystem::path& profile, const std::filesystem::path& folder) {
  const auto order = [&](const std::string& text, const std::string& id) {
    const auto file = folder / "order.json";
    std::ofstream(file) << text;
    const auto ran = run_giro({"op", "submit", file.string(), "--id", id}, profile);
    EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  };
  const auto account = [](const char* alias) {
    return crypto::to_hex(config::demo_aliases().at(alias).account);
  };
  const auto paid = run_giro(
      {"pay", "ALICE", "BOB", "1.23", "--id", "9b2e41c0-5a77-4d0e-9c1b-2f60d8a4e713"}, profile);
  EXPECT_EQ(paid.exit_code, 0) << paid.out << paid.err;
  order(R"({"type":"HOLD_CREATE","actor":"bank-a","token":"bank-a.USD","account":")" +
            account("ALICE") + R"(","amount":"1.00","kind":"ESCROW","beneficiary":")" +
            account("MERCHANT") + R"(","captor":"bank-a","ttl_s":3600})",
        "5d0c2f6e-0f4b-4a53-8d51-6a2c40b7e901");
  order(R"({"type":"GOV_PROPOSE","actor":"bank-a","ttl_s":3600,)"
        R"("param_set":{"name":"op_window","value":"86400000"}})",
        "77ab10c4-93de-4c0f-b1a8-0e5f2d6c3b7a");
  order(
      R"({"type":"DENY_SET","actor":"bank-a","add":[{"kind":"COUNTRY","country":"KP","reason_class":1}]})",
      "0f4ce9a2-1b7d-4f3e-9c55-7d1e8a60b342");
}

}  // namespace giro::process_test
