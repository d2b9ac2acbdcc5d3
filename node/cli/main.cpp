#include <algorithm>
#include <csignal>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "node/cli/command.h"

int main(int argc, char** argv) {
  using namespace giro::cli;
  std::signal(SIGPIPE, SIG_IGN);
  Run run;
  run.environment = giro::config::process_environment();
  CLI::App app{"giro: one ledger of deposit tokens for a consortium of banks", "giro"};
  app.require_subcommand(1);
  app.fallthrough(false);
  for (auto* add : {add_init,    add_genesis,    add_start,  add_recover,  add_status, add_config,
                    add_keys,    add_sign_state, add_db,     add_snapshot, add_peers,  add_pay,
                    add_account, add_token,      add_chain,  add_gov,      add_op,     add_receipt,
                    add_reload,  add_log_level,  add_events, add_testnet,  add_version}) {
    add(app, run);
  }
  constexpr int kUsage = 2, kInternal = 70;
  std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty()) {
    std::cerr << app.help()
              << "\nNew here? testnet/quickstart shows a payment from one bank to another.\n";
    return kUsage;
  }
  // `giro help pay` is `giro pay --help`.
  if (words.front() == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  std::ranges::reverse(words);  // as CLI11 takes them
  try {
    app.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  } catch (const std::exception& error) {  // a third party's, or no memory
    std::cerr << "giro: " << error.what() << '\n';
    return kInternal;
  }
  std::cout.flush();
  if (!std::cout) return 74;
  return run.exit_code;
}
