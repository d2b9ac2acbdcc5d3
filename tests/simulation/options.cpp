#include "tests/simulation/options.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/simulation/acceptance_command.h"
#include "tests/simulation/byzantine.h"
#include "tests/simulation/crash_sweep.h"

namespace giro::sim {
namespace {

constexpr const char* kCrashSweep = "crash-sweep";
constexpr const char* kAcceptance = "acceptance";
constexpr const char* kUsage =
    R"(giro-sim: whole validators in one thread, on virtual clocks, disks and channels.

  giro-sim --seed N [--mode M] [--log off|events|all] [--until EVENT]
  giro-sim --seeds A..B [--mode M] [--jobs J] [--time-limit 6m]     `A..` runs until the time limit
  giro-sim --mode twins [--seeds A..B] [--jobs J] [--time-limit 6m]  also twins-views, twins-parts, twins-drawn:
           scenarios by number, all of the set unless said
  giro-sim --mode crash-sweep [--seeds A..B] [--every K[+R]] [--jobs J] [--time-limit 6m]
           runs by number, scenario, point (5 digits), outcome: 017003452; all unless said, or each K-th
  giro-sim --mode acceptance [--seeds A..B] [--jobs J]             the scenarios of tests/acceptance, each with its twists
  giro-sim --mode lies --seeds A..B [--quota 50] [--jobs J]        each number one faulty behaviour, in order, until
           correct nodes have met it --quota times; with a quota, one that all of them together met less often is an error
           --nodes N             validators; else drawn from the seed
           --length drawn|full   of a seed: most are short, a few as long as the trouble that was drawn; full: all are
           --crypto fast|real    signatures; else real in one seed of a hundred, of twenty of full length
           --twice               each seed runs twice and must give the same trace
           --list modes|behaviours|mutants
  giro-sim --mutant K --seeds A..B [--mode M] [--jobs J] [--time-limit 60s]
           exam: the code with mutant K; a broken rule kills it, a crash does not
  giro-sim --scenario FILE... [--accept] [--mutant K] [--log off|events|all]
           directed scenarios; --accept writes their traces, which are compared otherwise

The same seed and mode replay exactly. Exit codes: 0 pass; 2 usage; 10 a safety rule broken; 11 a liveness
rule; 13 a trace that differs; 14 a behaviour below its quota; 15 a mutant survived; 16 a crash; 17 time limit before the last seed.
)";

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

[[noreturn]] void usage(const std::string& error) {
  std::fprintf(stderr, "giro-sim: %s\n\n%s", error.c_str(), kUsage);
  std::exit(kUsageError);
}

std::uint64_t need_number(std::string_view option, std::string_view text) {
  const auto value = number(text);
  if (!value) usage(std::string(option) + " takes a number, not \"" + std::string(text) + "\"");
  return *value;
}

std::chrono::seconds need_duration(std::string_view text) {
  std::uint64_t unit = 1;
  std::string_view digits = text;
  if (!text.empty() && (text.back() == 's' || text.back() == 'm' || text.back() == 'h')) {
    unit = text.back() == 's' ? 1 : text.back() == 'm' ? 60 : 3600;
    digits.remove_suffix(1);
  }
  const auto value = number(digits);
  if (!value || *value > 1'000'000) usage("--time-limit takes 90s, 6m or 2h");
  return std::chrono::seconds(*value * unit);
}

struct Mutant {
  int number;
  const char* what;
};
constexpr Mutant kMutants[] = {
    {1, "prepared with one voter fewer than a quorum (R10)"},
    {2, "committed with one voter fewer than a quorum (R11)"},
    {3, "NewView of one ViewChange fewer than a quorum (R26, R27)"},
    {4, "stable with attest votes of f+1 (R16)"},
    {5, "a signer twice counts in a certificate (R13, A5)"},
    {6, "votes and certificates judged by the set of the epoch before (R43)"},
    {7, "a second block accepted at one place (R8)"},
    {8, "a height is not compared with H (R6, R8)"},
    {9, "a fetched batch is not checked against its id (R3, R9)"},
    {10, "a block accepted from who is not the primary (R8)"},
    {11, "a vote cast in a view that was left (R23, R36)"},
    {12, "a ViewChange says that there is no high (R23)"},
    {13, "the latest certificate becomes high, not the highest (R10a)"},
    {14, "the lowest high is the anchor (R26, R27)"},
    {15, "certificates of ViewChange and NewView are not verified (R25, R27)"},
    {16, "the anchor is not compared with the highest high (R27)"},
    {17, "the anchor is not voted for again (R29)"},
    {18, "a ViewChange is sent once only (R23)"},
    {19, "the view timer has no cap (R21)"},
    {20, "the timer of a view starts before a quorum asked for it (R29)"},
    {21, "no jump on a weak quorum of later views (R24)"},
    {22, "the view is not persisted before its ViewChange (R23, R35)"},
    {23, "votes are sent before the log is synced (R35)"},
    {24, "votes of an earlier life are not read back (R38)"},
    {25, "the next epoch begins before the last height is stable (R41)"},
    {26, "a mark of no height in a NewView may name a view (R27)"},
    {27, "a view is left on the own suspicion alone (R23)"},
    {28, "one ViewChange for a later view is enough to follow (R24)"},
    {29, "the batches of an abandoned block are not offered again (R28)"},
    {30, "a later view is entered by its certificate and not persisted (R10a)"},
    {31, "a sign state that is a copy is taken for the right one (R37)"},
    {32, "a log behind its sign state is taken for whole (R37, R39)"},
    {33, "an amnesic validator takes part below its floor (R39)"},
    {34, "the floor of a lost sign state is what the others show (R39)"},
    {35, "the high of an epoch is kept in the next (R42)"},
    {36, "commit votes of a view that was left do not count (R11)"},
    {37, "a seat is taken whoever has its key (R43)"},
};

void list(std::string_view what) {
  if (what == "modes") {
    for (const Mode mode : all_modes()) std::printf("%s\n", std::string(name(mode)).c_str());
    std::printf("%s\n", kCrashSweep);
    for (const TwinsSet set : all_twins_sets()) std::printf("%s\n", std::string(name(set)).c_str());
  } else if (what == "behaviours") {
    for (const auto* behaviours : {&Byzantine::all(), &Byzantine::late(), &Byzantine::directed()}) {
      for (const auto& behaviour : *behaviours)
        std::printf("%-5s %s\n", behaviour.id, behaviour.what);
    }
  } else if (what == "mutants") {
    for (const auto& mutant : kMutants) std::printf("%-3d %s\n", mutant.number, mutant.what);
  } else {
    usage("--list takes modes, behaviours or mutants");
  }
  std::exit(kPass);
}

void take_seeds(Options& options, std::string_view text) {
  const auto dots = text.find("..");
  if (dots == std::string_view::npos) usage("--seeds takes A..B or A..");
  options.first = need_number("--seeds", text.substr(0, dots));
  const auto end = text.substr(dots + 2);
  options.is_open = end.empty();
  options.last = options.is_open ? UINT64_MAX : need_number("--seeds", end);
  if (options.last < options.first) usage("--seeds: the last is below the first");
}

void take_mode(Options& options, std::string_view text) {
  options.twins = twins_set_of(text);
  options.crash_sweep = text == kCrashSweep;
  options.acceptance = text == kAcceptance;
  if (options.twins || options.crash_sweep || options.acceptance) return;
  const auto mode = mode_of(text);
  if (!mode) usage("unknown mode " + std::string(text) + "; giro-sim --list modes");
  options.mode = *mode;
}

// Scenarios that are drawn from their number alone; there may be `size` of them, numbered from 0.
void check_numbered(Options& options, bool has_seed, std::optional<std::uint64_t> size) {
  if (options.nodes || options.real_crypto || options.twice || options.length == Length::Full)
    usage("--nodes, --length, --crypto and --twice are not for scenarios by number");
  if (!has_seed && !size) usage("which scenarios? --seeds A..B");
  if (!has_seed) {
    options.first = 0;
    options.last = *size - 1;
  } else if (options.is_open && size) {
    options.last = *size - 1;
    options.is_open = false;
  }
  if (size && options.last >= *size) usage("the last scenario is " + std::to_string(*size - 1));
}

void check_twins(Options& options, bool has_seed) {
  if (options.until != UINT64_MAX) usage("--until is not for Twins");
  check_numbered(options, has_seed, size_of(*options.twins));
}

// Without a range the complete set; scenarios behind it can be asked for.
void check_crash_sweep(Options& options, bool has_seed) {
  const std::uint64_t size = kCrashScenarios * CrashRun::kPerScenario;
  check_numbered(options, has_seed, has_seed ? std::nullopt : std::optional(size));
}

}  // namespace

Options parse(const std::vector<std::string_view>& words) {
  Options options;
  bool has_seed = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--help" || word == "-h") {
      std::printf("%s", kUsage);
      std::exit(kPass);
    }
    if (word == "--twice") {
      options.twice = true;
      continue;
    }
    if (word == "--accept") {
      options.accept = true;
      continue;
    }
    if (i + 1 == words.size()) usage("unknown option, or a value is missing: " + std::string(word));
    const std::string_view value = words[++i];
    if (word == "--seed") {
      options.first = options.last = need_number(word, value);
      options.is_one = has_seed = true;
    } else if (word == "--seeds") {
      take_seeds(options, value);
      has_seed = true;
    } else if (word == "--mode") {
      take_mode(options, value);
    } else if (word == "--nodes") {
      const std::uint64_t count = need_number(word, value);
      if (count < 4 || count > 13) usage("--nodes takes 4 to 13");
      options.nodes = count;
    } else if (word == "--length") {
      if (value != "drawn" && value != "full") usage("--length takes drawn or full");
      options.length = value == "full" ? Length::Full : Length::Drawn;
    } else if (word == "--crypto") {
      if (value != "fast" && value != "real") usage("--crypto takes fast or real");
      options.real_crypto = value == "real";
    } else if (word == "--log") {
      if (value != "off" && value != "events" && value != "all")
        usage("--log takes off, events or all");
      options.log = value == "off"      ? LogDetail::Off
                    : value == "events" ? LogDetail::Events
                                        : LogDetail::All;
    } else if (word == "--until") {
      options.until = need_number(word, value);
    } else if (word == "--jobs") {
      options.jobs = static_cast<unsigned>(need_number(word, value));
      if (options.jobs < 1 || options.jobs > 256) usage("--jobs takes 1 to 256");
    } else if (word == "--time-limit") {
      options.limit = need_duration(value);
    } else if (word == "--quota") {
      options.quota = need_number(word, value);
    } else if (word == "--every") {
      const auto plus = value.find('+');
      options.every = need_number(word, value.substr(0, plus));
      if (plus != std::string_view::npos)
        options.every_from = need_number(word, value.substr(plus + 1));
      if (options.every < 1) usage("--every takes 1 or more");
    } else if (word == "--mutant") {
      options.mutant = static_cast<int>(need_number(word, value));
      if (std::ranges::find(kMutants, options.mutant, &Mutant::number) == std::end(kMutants))
        usage("unknown mutant " + std::string(value) + "; giro-sim --list mutants");
    } else if (word == "--scenario") {
      options.scenarios.emplace_back(value);
      while (i + 1 < words.size() && !words[i + 1].starts_with("--"))
        options.scenarios.emplace_back(words[++i]);
    } else if (word == "--list") {
      list(value);
    } else {
      usage("unknown option " + std::string(word));
    }
  }
  if (!options.scenarios.empty()) return options;
  if (options.every != 1 && !options.crash_sweep) usage("--every is for the crash sweep");
  const bool is_numbered = options.twins || options.crash_sweep || options.acceptance;
  if (options.quota && (is_numbered || options.is_one || options.mutant != 0))
    usage("--quota is for a range of seeds");
  if (options.mode == Mode::Lies && (options.nodes || options.length == Length::Full))
    usage("--nodes and --length are not for --mode lies");
  if (options.twins) check_twins(options, has_seed);
  if (options.crash_sweep) check_crash_sweep(options, has_seed);
  if (options.acceptance)
    check_numbered(options, has_seed, has_seed ? std::nullopt : std::optional(acceptance_runs()));
  if (!has_seed && !is_numbered) usage("which seed? --seed N or --seeds A..B");
  if (options.is_open && !options.limit) usage("`A..` needs a --time-limit");
  return options;
}

const char* describe_mutant(int number) {
  return std::ranges::find(kMutants, number, &Mutant::number)->what;
}

const char* verdict_word(const Options& options) {
  return options.mutant == 0 ? "FAIL" : "KILL";
}

std::string mutant_words(const Options& options) {
  return options.mutant == 0 ? "" : " --mutant " + std::to_string(options.mutant);
}

int exit_of(const Violation& violation) {
  return violation.rule.starts_with("L") ? kLiveness : kSafety;
}

int worse_of(int code, int other) {
  if (other == kPass) return code;
  return code == kPass ? other : std::min(code, other);
}

}  // namespace giro::sim
