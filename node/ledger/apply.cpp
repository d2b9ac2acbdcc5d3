// Blocks (ledger 4.4, 6, 17): admission, execution, and what a block ends with.
#include <algorithm>

#include "node/ledger/execution.h"
#include "node/ledger/invariants.h"
#include "node/ledger/ledger.h"
#include "node/ledger/sweep.h"

namespace giro::ledger {

struct RecordCache::Content {
  explicit Content(Limits limits) : overlay(limits) {}
  Overlay overlay;
};

struct RecordCacheAccess {
  static Overlay& overlay(RecordCache& cache) { return cache.content_->overlay; }
};

RecordCache::RecordCache() : RecordCache(Limits{}) {}
RecordCache::RecordCache(Limits limits) : content_(std::make_unique<Content>(limits)) {}
RecordCache::RecordCache(RecordCache&&) noexcept = default;
RecordCache& RecordCache::operator=(RecordCache&&) noexcept = default;
RecordCache::~RecordCache() = default;
void RecordCache::clear() {
  content_->overlay.clear();
}
std::size_t RecordCache::size() const {
  return content_->overlay.size();
}

namespace {

Fatal fatal(const Violation& violation) {
  return {violation.invariant, violation.record.to_bytes()};
}

// The meta row of the state itself, not of the cache.
std::optional<Meta> read_meta(const StateView& state) {
  const std::optional<Bytes> bytes = state.get(meta_key());
  return bytes ? decode_record<Meta>(*bytes) : std::nullopt;
}

class Block {
 public:
  Block(Overlay& overlay, const Params& params, const BlockContext& context)
      : overlay_(overlay),
        effects_{.overlay = overlay,
                 .params = params,
                 .block = context,
                 .events = {},
                 .flows = {},
                 .mandates = {}} {}

  std::expected<BlockResult, Fatal> run(std::span<const std::expected<Verified, Code>> operations) {
    BlockResult result;
    if (const auto violation = sweep(effects_)) return std::unexpected(fatal(*violation));
    result.sweep_events = std::move(effects_.events);
    result.outcomes.reserve(operations.size());
    Execution execution(effects_);
    for (std::size_t i = 0; i < operations.size(); ++i) {
      if (!operations[i]) {
        result.outcomes.push_back({.code = operations[i].error(), .events = {}});
        continue;
      }
      result.outcomes.push_back(execution.run(*operations[i], static_cast<std::uint32_t>(i + 1)));
      if (overlay_.corrupt()) break;
    }
    if (overlay_.corrupt()) return std::unexpected(fatal({0, *overlay_.corrupt()}));
    if (auto stopped = end(result)) return std::unexpected(*std::move(stopped));
    return result;
  }

 private:
  std::optional<Fatal> end(BlockResult& result) {
    Cell<Meta>& meta = *overlay_.find<Meta>(meta_key());
    {
      Meta& record = overlay_.edit(meta);
      record.height = effects_.block.height;
      record.block_time = effects_.block.time;
      record.epoch = effects_.epoch();
    }
    for (TokenId id = 1; id < meta.value.next_token; ++id) {
      const Cell<Token>* token = overlay_.find<Token>(token_key(id));
      if (token == nullptr) return fatal({0, token_key(id)});
      const Token& t = token->value;
      if (const auto invariant = check_token(t)) return fatal({*invariant, token->key});
      result.totals.push_back({.token = id,
                               .issued = t.issued,
                               .redeemed = t.redeemed,
                               .held = t.held,
                               .frozen = t.frozen,
                               .internal = t.internal,
                               .positions = t.positions});
    }
    if (effects_.params.epoch_blocks != 0 &&
        effects_.block.height % effects_.params.epoch_blocks == 0) {
      if (auto stopped = end_epoch(meta.value.epoch, result)) return stopped;
    }
    if (overlay_.corrupt()) return fatal({0, *overlay_.corrupt()});
    result.writes = overlay_.take_writes();
    return std::nullopt;
  }

  // Ledger 5.1: the pending changes come into force with the next epoch, as do those of the
  // network's parameters.
  std::optional<Fatal> end_epoch(std::uint64_t epoch, BlockResult& result) {
    const Cell<ValidatorSet>* present = overlay_.find<ValidatorSet>(validator_set_key(epoch));
    if (present == nullptr) return fatal({0, validator_set_key(epoch)});
    const ValidatorSet& set = present->value;
    ValidatorSet next{.members = set.next.empty() ? set.members : set.next, .next = {}};
    result.next_validators = next.members;
    overlay_.create<ValidatorSet>(validator_set_key(epoch + 1)).value = std::move(next);
    if (effects_.params.network_next.empty()) return std::nullopt;
    Params& params = overlay_.edit(*overlay_.find<Params>(params_key()));
    for (const NetworkParam& change : params.network_next) {
      const auto at =
          std::lower_bound(params.network.begin(), params.network.end(), change.id,
                           [](const NetworkParam& a, std::uint32_t id) { return a.id < id; });
      if (at != params.network.end() && at->id == change.id) {
        at->value = change.value;
      } else {
        params.network.insert(at, change);
      }
    }
    params.network_next.clear();
    return std::nullopt;
  }

  Overlay& overlay_;
  Effects effects_;
};

}  // namespace

std::expected<BlockResult, Fatal> apply(const StateView& state, const BlockContext& block,
                                        std::span<const std::expected<Verified, Code>> operations,
                                        RecordCache& cache) {
  Overlay& overlay = RecordCacheAccess::overlay(cache);
  const auto stop = [&overlay](const Violation& violation) {
    overlay.clear();
    return std::unexpected(fatal(violation));
  };
  const std::optional<Meta> meta = read_meta(state);
  if (!meta) return stop({0, meta_key()});
  overlay.begin_block(state);
  const Cell<Meta>* known = overlay.find<Meta>(meta_key());
  if (known == nullptr || !(known->value == *meta)) {  // a cache of another state
    overlay.clear();
    overlay.begin_block(state);
  }
  if (block.height != meta->height + 1 || block.time <= meta->block_time)
    return stop({23, meta_key()});
  const Cell<Params>* params = overlay.find<Params>(params_key());
  if (params == nullptr || overlay.corrupt()) return stop({0, params_key()});

  std::expected<BlockResult, Fatal> result = Block(overlay, params->value, block).run(operations);
  if (result) {
    overlay.end_block();
  } else {
    overlay.clear();
  }
  return result;
}

namespace {

// One operation as the only one of a block that is never made; nothing where the state is damaged.
template <class Answer>
Answer run_alone(const StateView& state, const BlockContext& next,
                 Answer (*run)(Execution&, const Verified&), const Verified& operation,
                 Answer damaged) {
  Overlay overlay(RecordCache::Limits{.records = 0});
  overlay.begin_block(state);
  const Cell<Params>* params = overlay.find<Params>(params_key());
  if (params == nullptr) return damaged;
  Effects effects{.overlay = overlay,
                  .params = params->value,
                  .block = next,
                  .events = {},
                  .flows = {},
                  .mandates = {}};
  Execution execution(effects);
  return run(execution, operation);
}

Outcome no_capacity() {
  return {.code = Code::Capacity, .events = {}};
}

}  // namespace

std::expected<void, Code> admit(const StateView& state, const Verified& operation, TimeMs now) {
  const Code code = run_alone<Code>(
      state, {.height = 0, .time = now},
      [](Execution& execution, const Verified& one) { return execution.admit(one).code; },
      operation, Code::Capacity);
  if (code != Code::Ok) return std::unexpected(code);
  return {};
}

Outcome simulate(const StateView& state, const BlockContext& next, const Verified& operation) {
  return run_alone<Outcome>(
      state, next, [](Execution& execution, const Verified& one) { return execution.run(one, 1); },
      operation, no_capacity());
}

Preview preview(const StateView& state, const BlockContext& next, const Verified& operation) {
  return run_alone<Preview>(
      state, next,
      [](Execution& execution, const Verified& one) { return execution.preview(one, 1); },
      operation,
      {.roles = {}, .account_keys = {}, .authority = Code::Capacity, .outcome = no_capacity()});
}

}  // namespace giro::ledger
