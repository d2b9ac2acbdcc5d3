// F23: the ledger against the second one. The bytes are the choices of the generator that draws
// operations by the state they meet: nearly every input is a history that goes somewhere.
#include "tests/fuzz/target.h"
#include "tests/unit/node/ledger/reference/history.h"

namespace giro::fuzz::of_history {
namespace {

constexpr std::size_t kChoicesMax = 1'024;  // some twenty operations

bool run_history(ByteView input) {
  if (input.size() > kChoicesMax) return false;
  const auto run = ledger::reference::run_chosen(input);
  GIRO_CHECK(run.difference.empty(), run.difference);
  return run.ok >= 2;
}

std::vector<Bytes> history_seeds() {
  std::vector<Bytes> seeds;
  for (std::size_t seed = 1; seed <= 6; ++seed) {
    Bytes& choices = seeds.emplace_back();
    crypto::Hash next = crypto::sha256(Bytes{static_cast<std::byte>(seed)});
    while (choices.size() < 64 * seed) {
      choices.insert(choices.end(), next.bytes.begin(), next.bytes.end());
      next = crypto::sha256(next);
    }
  }
  return seeds;
}

}  // namespace

std::span<const Target> targets() {
  static constexpr Target kTargets[] = {{"F23", "history", run_history, history_seeds}};
  return kTargets;
}

}  // namespace giro::fuzz::of_history
