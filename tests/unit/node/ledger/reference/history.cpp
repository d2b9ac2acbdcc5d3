#include "tests/unit/node/ledger/reference/history.h"

#include "node/ledger/audit.h"
#include "node/ledger/encode.h"
#include "node/ledger/roots.h"
#include "tests/unit/node/ledger/demo.h"
#include "tests/unit/node/ledger/reference/compare.h"
#include "tests/unit/node/ledger/reference/generator.h"

namespace giro::ledger::reference {
namespace {

std::expected<Verified, Code> verified(const Submitted& submitted) {
  std::vector<SignatureField> signatures;
  for (const PublicKey& key : submitted.signers) {
    SignatureField& field = signatures.emplace_back();
    field.public_key = key;
    field.signature.bytes.fill(std::byte{1});
  }
  auto decoded = decode(demo::chain_id(),
                        encode_signed_operation(encode_body(submitted.operation), signatures));
  if (!decoded) return std::unexpected(decoded.error());
  const std::size_t count = decoded->signature_checks().size();
  const auto valid = std::make_unique<bool[]>(count);
  std::fill_n(valid.get(), count, true);
  return verify(*std::move(decoded), {valid.get(), count});
}

std::string show(const Verdict& verdict) {
  std::string text = std::to_string(static_cast<unsigned>(verdict.code)) + " " +
                     std::string(code_name(verdict.code));
  if (verdict.code == Code::LegFailed || verdict.code == Code::Duplicate || verdict.index != 0)
    text += " {" + std::to_string(verdict.index) + ", " +
            std::to_string(static_cast<unsigned>(verdict.inner)) + "}";
  return text + (verdict.recorded ? "" : ", void");
}

std::uint32_t type_of(const Submitted& submitted) {
  return std::visit(
      []<class T>(const T&) -> std::uint32_t {
        if constexpr (std::is_same_v<T, std::monostate>)
          return 0;
        else
          return T::kType;
      },
      submitted.operation.action);
}

// Both ledgers on one history.
class Pair {
 public:
  explicit Pair(std::uint64_t seed) : Pair(history_genesis(seed)) {}
  Pair(const Pair& other)  // the cache is empty again
      : mine(other.mine), theirs(other.theirs), tree_(other.tree_), chain_(other.chain_) {}
  Pair& operator=(const Pair&) = delete;

  // The first difference.
  std::string block(const HistoryBlock& block, bool thorough, Reach* reach) {
    std::vector<std::expected<Verified, Code>> operations;
    for (const Submitted& each : block.operations) operations.push_back(verified(each));
    const BlockContext context{mine.state.height + 1, TimeMs{block.time}};
    const std::vector<Verdict> verdicts = mine.block(block.time, block.operations);
    const auto result = apply(theirs, context, operations, cache_);
    if (!result) return "fatal: I" + std::to_string(result.error().invariant) + "\n";
    std::string out = cache_differences(context, operations, *result);
    theirs.store(result->writes);
    tree_.apply(result->writes);
    chain_ = next_chain(chain_, result->writes);
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
      const Outcome& outcome = result->outcomes[i];
      const Verdict other{.code = outcome.code,
                          .recorded = outcome.recorded,
                          .index = outcome.index,
                          .inner = outcome.inner};
      const std::uint32_t type = type_of(block.operations[i]);
      if (reach != nullptr) ++(*reach)[{type, outcome.code}];
      if (verdicts[i] != other)
        out += "  operation " + std::to_string(i + 1) + " (" + std::string(operation_name(type)) +
               "): reference " + show(verdicts[i]) + ", ledger " + show(other) + "\n";
    }
    out += thorough ? differences(mine.state, theirs)
                    : differences(mine.state, theirs, result->writes);
    out += differences(mine.state, result->totals);
    if (!thorough) return out;
    if (const auto finding = audit(theirs))
      out += "  audit: I" + std::to_string(finding->invariant) + " " + std::string(finding->what) +
             "\n";
    return out;
  }

  // Of the ledger, after the last block.
  [[nodiscard]] Hash root() const { return state_root(tree_.root(), chain_); }

  Ledger mine;
  demo::MemoryState theirs;

 private:
  explicit Pair(const Genesis& genesis) : mine(genesis) {
    const auto first = build_genesis(genesis);
    if (!first) return;
    theirs.store(first->writes);
    tree_.apply(first->writes);
    chain_ = next_chain(chain_, first->writes);
  }
  // The result with no cache, and with one that forgets all the time.
  std::string cache_differences(const BlockContext& context,
                                std::span<const std::expected<Verified, Code>> operations,
                                const BlockResult& warm) {
    RecordCache empty;
    std::string out;
    const Bytes expected = demo::fingerprint(warm);
    for (const auto& [cache, what] : {std::pair(&empty, "an empty"), std::pair(&tiny_, "a tiny")}) {
      const auto result = apply(theirs, context, operations, *cache);
      if (!result || demo::fingerprint(*result) != expected)
        out += std::string("  another result with ") + what + " cache\n";
    }
    return out;
  }
  RecordCache cache_;
  RecordCache tiny_{RecordCache::Limits{.records = 70, .hash_seed = 7}};
  StateTree tree_;
  Hash chain_;
};

constexpr std::size_t kBlocks = 40;

}  // namespace

std::size_t History::size() const {
  std::size_t count = 0;
  for (const HistoryBlock& block : blocks) count += block.operations.size();
  return count;
}

Run run_new(std::uint64_t seed, Reach& reach) {
  Pair pair(seed);
  Generator generator(seed, pair.mine.state);
  Run run{.history = {.seed = seed, .blocks = {}}, .difference = {}, .root = {}};
  Ms now = pair.mine.state.now;
  for (std::size_t i = 1; i <= kBlocks; ++i) {
    now = generator.next_time(now);
    run.history.blocks.push_back({.time = now, .operations = generator.block(now)});
    run.difference = pair.block(run.history.blocks.back(), i % 10 == 0, &reach);
    if (!run.difference.empty()) break;
  }
  run.root = pair.root();
  return run;
}

ChosenRun run_chosen(ByteView choices) {
  static const Pair at_genesis(1);
  Pair pair(at_genesis);
  Generator generator(1, pair.mine.state, choices);
  ChosenRun run;
  Reach reach;
  for (Ms now = pair.mine.state.now; generator.has_choices() && run.difference.empty();) {
    now = generator.next_time(now);
    const HistoryBlock block{.time = now, .operations = generator.block(now)};
    run.difference = pair.block(block, !generator.has_choices(), &reach);
  }
  for (const auto& [at, count] : reach) run.ok += at.second == Code::Ok ? count : 0;
  return run;
}

std::string replay(const History& history) {
  Pair pair(history.seed);
  for (std::size_t i = 0; i < history.blocks.size(); ++i) {
    const std::string difference = pair.block(history.blocks[i], true, nullptr);
    if (!difference.empty()) return "block " + std::to_string(i + 1) + "\n" + difference;
  }
  return {};
}

History shrink(History history) {
  // Nothing after the first difference matters; then halves, quarters, single operations.
  const auto fails = [](const History& candidate) { return !replay(candidate).empty(); };
  std::size_t step = std::max<std::size_t>(1, history.size() / 2);
  for (;;) {
    bool removed = false;
    for (std::size_t from = 0; from < history.size();) {
      History candidate = history;
      std::size_t at = 0;
      for (HistoryBlock& block : candidate.blocks)
        std::erase_if(block.operations, [&](const Submitted&) {
          const std::size_t place = at++;
          return place >= from && place < from + step;
        });
      if (fails(candidate)) {
        history = std::move(candidate);
        removed = true;
      } else {
        from += step;
      }
    }
    if (step == 1 && !removed) break;
    if (!removed) step /= 2;
  }
  for (std::size_t i = history.blocks.size(); i-- > 0;) {
    History candidate = history;
    candidate.blocks.erase(candidate.blocks.begin() + static_cast<std::ptrdiff_t>(i));
    if (fails(candidate)) history = std::move(candidate);
  }
  return history;
}

}  // namespace giro::ledger::reference
