#include "testnet/load/machine.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <numeric>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "crypto/check.h"
#include "crypto/digest.h"
#include "crypto/keys.h"

namespace giro::testnet {
namespace {

using Microseconds = std::chrono::duration<double, std::micro>;

Microseconds measure_on_one_core() {
  const auto key = crypto::SecretKey::generate();
  const crypto::Hash digest = crypto::sha256(crypto::as_view("giro"));
  const auto signature = key.sign(digest);
  constexpr int kChecks = 4000;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kChecks; ++i) GIRO_CHECK(crypto::verify(key.public_key(), digest, signature));
  return Microseconds(std::chrono::steady_clock::now() - begin) / kChecks;
}

}  // namespace

unsigned core_count() {
  return std::max(1U, std::thread::hardware_concurrency());
}

Microseconds measure_signature_check() {
  std::vector<Microseconds> each(core_count());
  std::vector<std::thread> threads;
  for (auto& one : each) threads.emplace_back([&one] { one = measure_on_one_core(); });
  for (auto& thread : threads) thread.join();
  return std::accumulate(each.begin(), each.end(), Microseconds{}) /
         static_cast<double>(each.size());
}

std::chrono::duration<double> cpu_time(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto name_end = text.rfind(')');  // the name may have spaces
  if (name_end == std::string::npos) return {};
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;  // utime is the 14th
  double user = 0, system = 0;
  fields >> user >> system;
  return std::chrono::duration<double>((user + system) / static_cast<double>(sysconf(_SC_CLK_TCK)));
}

}  // namespace giro::testnet
