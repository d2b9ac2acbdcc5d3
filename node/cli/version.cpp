#include <boost/version.hpp>
#include <iostream>

#include "node/cli/command.h"
#include "node/cli/commit.h"
#include "node/ledger/limits.h"

namespace giro::cli {

void add_version(CLI::App& app, Run& run) {
  CLI::App* command = add_command(app, run, "version", "Print versions");
  command->callback([&run] {
    if (run.json) {
      return print_json("version", {{"version", kVersion},
                                    {"commit", kCommit},
                                    {"compiler", __VERSION__},
                                    {"rules_version", giro::ledger::kRulesVersion}});
    }
    std::cout << "giro " << kVersion << " (commit " << kCommit << ", ledger rules "
              << giro::ledger::kRulesVersion << ", " << __VERSION__ << ", Boost "
              << BOOST_LIB_VERSION << ")\n";
  });
}

}  // namespace giro::cli
