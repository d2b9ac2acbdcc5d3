// giro-fuzz: all fuzz targets in one libFuzzer program. The environment says which one runs, since
// libFuzzer starts itself again to minimise and merge:
//
//   GIRO_FUZZ_TARGET=frame giro-fuzz CORPUS -max_total_time=60
//   giro-fuzz --list               number and name of each target
//   giro-fuzz --seeds FOLDER       writes the seed inputs of all targets to FOLDER/NAME/
//
// GIRO_FUZZ_CANARY=1 plants a bug into the target: one in eight of the good inputs that are no
// seeds is a crash. GIRO_FUZZ_MUTANT=5 plants that of the mutation exam (crypto/mutant.h).
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>
#include <string>

#include "crypto/mutant.h"
#include "tests/fuzz/target.h"

// libFuzzer's names.
// NOLINTBEGIN(readability-identifier-naming)
extern "C" {
int LLVMFuzzerInitialize(int* argc, char*** argv);
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);
std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                    unsigned int seed);
}

namespace giro::fuzz {
namespace {

std::vector<Target> all_targets() {
  std::vector<Target> all;
  for (const auto& part : {of_api::targets(), of_config::targets(), of_consensus::targets(),
                           of_crypto::targets(), of_history::targets(), of_ledger::targets(),
                           of_p2p::targets(), of_receipt::targets(), of_storage::targets()})
    all.insert(all.end(), part.begin(), part.end());
  std::ranges::sort(all, {}, [](const Target& each) { return std::pair(each.number, each.name); });
  return all;
}

Target chosen;
bool has_canary = false;
std::set<crypto::Hash> known;  // seeds: what the canary passes over

void list() {
  for (const Target& each : all_targets())
    std::printf("%s %s\n", std::string(each.number).c_str(), std::string(each.name).c_str());
}

void write_seeds(const std::string& folder) {
  for (const Target& each : all_targets()) {
    const std::string own = folder + "/" + std::string(each.name);
    ::mkdir(own.c_str(), 0755);
    int number = 0;
    for (const Bytes& seed : each.seeds()) {
      char name[16];
      std::snprintf(name, sizeof name, "/seed-%03d", ++number);
      std::ofstream out(own + name, std::ios::binary);
      out.write(reinterpret_cast<const char*>(seed.data()),
                static_cast<std::streamsize>(seed.size()));
      if (!out.flush()) {
        std::fprintf(stderr, "giro-fuzz: cannot write %s%s\n", own.c_str(), name);
        std::exit(1);
      }
    }
  }
}

void choose() {
  const char* name = std::getenv("GIRO_FUZZ_TARGET");
  const auto all = all_targets();
  const auto found =
      std::ranges::find(all, std::string_view(name == nullptr ? "" : name), &Target::name);
  if (found == all.end()) {
    std::fprintf(stderr, "giro-fuzz: GIRO_FUZZ_TARGET names no target; --list shows them\n");
    std::exit(2);
  }
  chosen = *found;
  has_canary = std::getenv("GIRO_FUZZ_CANARY") != nullptr;
  if (has_canary)
    for (const Bytes& seed : chosen.seeds()) known.insert(crypto::sha256(seed));
  if (const char* mutant = std::getenv("GIRO_FUZZ_MUTANT")) {
#ifdef GIRO_SIM
    crypto::active_mutant = std::atoi(mutant);
#else
    std::fprintf(stderr, "giro-fuzz: mutant %s: this build has none\n", mutant);
    std::exit(2);
#endif
  }
}

void meet_canary(ByteView input) {
  const crypto::Hash digest = crypto::sha256(input);
  if ((digest.bytes[0] & std::byte{7}) != std::byte{0} || known.contains(digest)) return;
  std::fprintf(stderr, "giro-fuzz: the canary was met\n");
  std::abort();
}

}  // namespace
}  // namespace giro::fuzz

int LLVMFuzzerInitialize(int* argc, char*** argv) {
  if (*argc == 2 && std::strcmp((*argv)[1], "--list") == 0) {
    giro::fuzz::list();
    std::_Exit(std::fflush(stdout) == 0 ? 0 : 1);
  }
  if (*argc == 3 && std::strcmp((*argv)[1], "--seeds") == 0) {
    giro::fuzz::write_seeds((*argv)[2]);
    std::_Exit(0);
  }
  giro::fuzz::choose();
  return 0;
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const giro::crypto::ByteView input(reinterpret_cast<const std::byte*>(data), size);
  if (giro::fuzz::chosen.run(input) && giro::fuzz::has_canary) giro::fuzz::meet_canary(input);
  return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                    unsigned int seed) {
  // Two of three by the target's own mutator: it knows the form, bytes know the edges.
  if (giro::fuzz::chosen.mutate != nullptr && seed % 3 != 0) {
    const auto* bytes = reinterpret_cast<const std::byte*>(data);
    giro::crypto::Bytes input(bytes, bytes + size);
    if (giro::fuzz::chosen.mutate(input, seed / 3) && input.size() <= max_size) {
      std::memcpy(data, input.data(), input.size());
      return input.size();
    }
  }
  return LLVMFuzzerMutate(data, size, max_size);
}
// NOLINTEND(readability-identifier-naming)
