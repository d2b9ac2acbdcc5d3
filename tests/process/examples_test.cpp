// The worked examples of testnet/examples, as a newcomer runs them.
#include "tests/process/cluster.h"

namespace giro::process_test {
namespace {

class ExamplesTest : public ClusterTest {
 protected:
  static std::string example(const char* name) {
    return std::string(GIRO_SOURCE "/testnet/examples/") + name;
  }
  Ran pay_sh(const std::string& amount) {
    return run_program(
        "/usr/bin/env",
        {"GIRO=" + giro_program().string(), example("pay.sh"), "ALICE", "BOB", amount},
        supervisor_->network().profile());
  }
  Ran pay_py(const std::string& amount, const std::filesystem::path& receipt) {
    return run_program(example("pay.py"), {"ALICE", "BOB", amount, receipt.string()},
                       supervisor_->network().profile());
  }
};

TEST_F(ExamplesTest, Curl_and_Python_pay_and_verify_also_with_a_validator_dead) {
  const auto genesis = (supervisor_->network().directory / "genesis.json").string();
  const auto receipt = folder_.path() / "receipt.json";
  for (const bool is_one_dead : {false, true}) {
    if (is_one_dead) kill(nodes().front().name);  // whom both ask first
    const auto by_curl = pay_sh("1.23");
    EXPECT_EQ(by_curl.exit_code, 0) << by_curl.out << by_curl.err;
    EXPECT_NE(by_curl.out.find("COMMITTED"), std::string::npos) << by_curl.out;
    EXPECT_NE(by_curl.out.find("VALID  PAY"), std::string::npos) << by_curl.out;

    const auto by_python = pay_py("1.5", receipt);
    EXPECT_EQ(by_python.exit_code, 0) << by_python.out << by_python.err;
    EXPECT_NE(by_python.out.find("VALID  height"), std::string::npos) << by_python.out;
    const auto again = run_giro({"receipt", "verify", receipt.string(), "--genesis", genesis});
    EXPECT_EQ(again.exit_code, 0) << again.out << again.err;
    const auto altered =
        run_program(GIRO_SOURCE "/tests/process/receipt_check.py", {receipt.string(), genesis});
    EXPECT_EQ(altered.exit_code, 0) << altered.out << altered.err;
  }
  // More than she has: a definite no, with its code.
  const auto too_much = pay_py("999", receipt);
  EXPECT_EQ(too_much.exit_code, 1) << too_much.out;
  EXPECT_NE(too_much.out.find("REJECTED INSUFFICIENT_FUNDS"), std::string::npos) << too_much.out;
  EXPECT_EQ(pay_sh("999").exit_code, 1);
  EXPECT_EQ(pay_py("1.999", receipt).exit_code, 2) << "not rounded";
}

}  // namespace
}  // namespace giro::process_test
