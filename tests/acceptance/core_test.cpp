// The acceptance scenarios on the pure ledger: real signatures, every block with three caches and
// audited, every history replayed from genesis and from each state on the way (ledger 15, scenario
// 17).
#include <gtest/gtest.h>

#include "node/ledger/encode.h"
#include "node/ledger/events.h"
#include "node/ledger/roots.h"
#include "tests/acceptance/story.h"
#include "tests/unit/node/ledger/demo.h"

namespace giro::acceptance {
namespace {

constexpr std::uint64_t kEpochBlocks = 20;

ledger::SignatureField sign(const config::DemoOperator& officer, const crypto::Hash& digest) {
  const auto key = key_of(officer.name());
  return {key.public_key(), key.sign(digest)};
}

config::Genesis genesis() {
  config::DemoSetup setup;
  setup.time = ledger::demo::kGenesisTime;
  setup.parameters.epoch_blocks = kEpochBlocks;
  for (const auto& entry : config::demo_operators())
    setup.operators.emplace(entry, key_of(entry.name()).public_key());
  for (const auto& name : config::demo_validators())
    setup.validators.emplace(
        name, config::DemoValidator{key_of("validator " + name).public_key(), {"127.0.0.1", 7301}});
  return config::demo_genesis(setup);
}

using Verdict = std::expected<ledger::Verified, ledger::Code>;
Verdict verdict(const crypto::Hash& chain, const crypto::Bytes& bytes) {
  auto decoded = ledger::decode(chain, bytes);
  if (!decoded) return std::unexpected(decoded.error());
  const auto checks = decoded->signature_checks();
  const auto valid = std::make_unique<bool[]>(checks.size());
  for (std::size_t i = 0; i < checks.size(); ++i)
    valid[i] = crypto::verify(checks[i].key, checks[i].message, checks[i].signature);
  return ledger::verify(*std::move(decoded), {valid.get(), checks.size()});
}

class CoreBooks final : public StateBooks {
 public:
  CoreBooks(const ledger::StateView& state, const ledger::StateView& first,
            const std::vector<ledger::Event>& entries)
      : StateBooks("the ledger", state), state_(state), first_(first), entries_(entries) {}
  // Of everything since genesis.
  Statement statement(const NamedAccount& account, const std::string& token) override {
    const auto id = *token_of(token);
    const auto opening = *ledger::query_position(first_, id, account.id);
    Statement out{.part = {.token = id,
                           .account = account.id,
                           .after = opening.entry_seq,
                           .opening_chain = opening.entry_chain,
                           .opening_balance = opening.posted,
                           .entries = {}},
                  .entry_chain = ledger::query_position(state_, id, account.id)->entry_chain};
    for (const auto& event : entries_) {
      const auto entry = ledger::decode_record<ledger::EntryEvent>(event.body);
      if (!entry) throw Failed{"an entry is damaged"};
      if (entry->token == id && entry->account == account.id)
        out.part.entries.push_back(event.body);
    }
    return out;
  }

 private:
  const ledger::StateView& state_;
  const ledger::StateView& first_;
  const std::vector<ledger::Event>& entries_;
};

class CoreNetwork final : public Network {
 public:
  CoreNetwork(const config::Genesis& genesis, bool is_doubled)
      : chain_(config::chain_id_of(config::write_genesis_file(genesis))),
        world_(genesis.ledger),
        is_doubled_(is_doubled) {
    first_.rows = world_.state.rows;
    keep(0, {});
  }
  [[nodiscard]] const crypto::Hash& chain() const { return chain_; }

  std::int64_t now_ms() override { return world_.now.value + gap(); }
  void pass(std::int64_t ms) override { due_ms_ = ordered_ms_ + ms; }
  void pass_midnight() override {
    due_ms_ = (world_.now.value / ledger::kMsPerDay + 1) * ledger::kMsPerDay;
  }
  void settle() override {
    if (due_ms_) run({});
  }
  void next_epoch() override {
    do {
      run({});
    } while (world_.height % kEpochBlocks != 0);
  }

  Expected submit(const Made& made) override {
    ordered_ms_ = now_ms();
    const auto outcomes = run(std::vector<crypto::Bytes>(is_doubled_ ? 2 : 1, made.bytes));
    const auto& first = outcomes.front();
    const Expected answer{first.code, !first.recorded, first.index, first.inner};
    if (is_doubled_) {
      expect_duplicate(first, outcomes.back());
      expect_duplicate(first, again(made.bytes));
    }
    return answer;
  }
  std::vector<std::unique_ptr<Books>> books() override {
    std::vector<std::unique_ptr<Books>> out;
    out.push_back(std::make_unique<CoreBooks>(world_.state, first_, entries_));
    return out;
  }
  void expect_receipt(const Made&) override {}  // those are made of attested headers

  // From each state on the way, with nothing but the blocks, the rest comes to the same roots.
  void expect_replay() const {
    for (std::size_t from = 0; from + 1 < past_.size(); ++from) {
      ledger::demo::MemoryState state;
      state.rows = past_[from].rows;
      auto tree = ledger::StateTree::rebuild(state);
      ASSERT_TRUE(tree.has_value());
      EXPECT_EQ(ledger::state_root(tree->root(), past_[from].chain), past_[from].root);
      crypto::Hash chain = past_[from].chain;
      ledger::RecordCache cache;
      for (std::size_t i = from + 1; i < past_.size(); ++i) {
        const auto result =
            ledger::apply(state, {i, {past_[i].time_ms}}, verdicts(past_[i].operations), cache);
        ASSERT_TRUE(result.has_value());
        state.store(result->writes);
        tree->apply(result->writes);
        chain = ledger::next_chain(chain, result->writes);
        ASSERT_EQ(ledger::state_root(tree->root(), chain), past_[i].root)
            << "block " << i << " from " << from;
      }
    }
  }

 private:
  struct Past {
    std::int64_t time_ms;
    std::vector<crypto::Bytes> operations;
    std::map<ledger::Bytes, ledger::Bytes> rows;
    crypto::Hash chain, root;
  };
  [[nodiscard]] ledger::demo::World::Verdicts verdicts(
      const std::vector<crypto::Bytes>& operations) const {
    ledger::demo::World::Verdicts out;
    for (const auto& bytes : operations) out.push_back(verdict(chain_, bytes));
    return out;
  }
  [[nodiscard]] std::int64_t gap() const { return due_ms_ ? *due_ms_ - world_.now.value : 1'000; }

  std::vector<ledger::Outcome> run(const std::vector<crypto::Bytes>& operations) {
    const auto after_ms = gap();
    due_ms_.reset();
    return run(operations, after_ms);
  }
  std::vector<ledger::Outcome> run(const std::vector<crypto::Bytes>& operations,
                                   std::int64_t after_ms) {
    auto outcomes = world_.block_of(verdicts(operations), after_ms);
    for (const auto& outcome : outcomes) {
      for (const auto& event : outcome.events) {
        if (event.type == static_cast<std::uint16_t>(ledger::EventType::Entry))
          entries_.push_back(event);
      }
    }
    keep(world_.now.value, operations);
    return outcomes;
  }
  void keep(std::int64_t time_ms, const std::vector<crypto::Bytes>& operations) {
    tree_.apply(world_.last_writes);
    chain_value_ = ledger::next_chain(chain_value_, world_.last_writes);
    past_.push_back({time_ms, operations, world_.state.rows, chain_value_,
                     ledger::state_root(tree_.root(), chain_value_)});
  }

  // A later block writes what it would write without it.
  ledger::Outcome again(const crypto::Bytes& bytes) {
    const auto without = world_.try_block_of({}, 1);
    const auto outcome = run({bytes}, 1).front();
    EXPECT_TRUE(without.has_value());
    const auto& writes = world_.last_writes;
    EXPECT_TRUE(without && std::ranges::equal(writes, without->writes,
                                              [](const auto& a, const auto& b) {
                                                return a.key == b.key && a.value == b.value;
                                              }))
        << "a duplicate was written down";
    return outcome;
  }
  static void expect_duplicate(const ledger::Outcome& first, const ledger::Outcome& second) {
    const bool was_over = first.recorded || first.code == ledger::Code::Duplicate;
    EXPECT_EQ(second.code, was_over ? ledger::Code::Duplicate : first.code);
    EXPECT_FALSE(second.recorded);
    EXPECT_TRUE(second.events.empty());
    EXPECT_TRUE(!first.recorded || second.inner == first.code);
  }

  crypto::Hash chain_;
  ledger::demo::World world_;
  const bool is_doubled_;
  ledger::demo::MemoryState first_;
  std::vector<ledger::Event> entries_;
  std::int64_t ordered_ms_ = 0;
  std::optional<std::int64_t> due_ms_;
  ledger::StateTree tree_;
  crypto::Hash chain_value_;
  std::vector<Past> past_;
};

std::string play(const Script& script, CoreNetwork& network) {
  const Orders orders(network.chain(), sign, "core");
  try {
    Story(script, orders, network).play();
  } catch (const Failed& failed) {
    return failed.text;
  }
  return {};
}

class Core : public testing::Test {
 public:
  Core(std::filesystem::path file, bool is_doubled)
      : file_(std::move(file)), is_doubled_(is_doubled) {}

 private:
  void TestBody() override {
    const auto script = read_script(file_, Place::Simulated);
    ASSERT_TRUE(script.has_value()) << script.error();
    CoreNetwork network(genesis(), is_doubled_);
    ASSERT_EQ(play(*script, network), "");
    network.expect_replay();
  }
  const std::filesystem::path file_;
  const bool is_doubled_;
};

// Two tests for each file.
[[maybe_unused]] const bool are_registered = [] {
  for (const auto& file : script_files()) {
    for (const bool is_doubled : {false, true}) {
      const std::string name = file.stem().string() + (is_doubled ? "_twice" : "");
      testing::RegisterTest("Scenario", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                            [=]() -> Core* { return new Core(file, is_doubled); });
    }
  }
  return true;
}();

// The canaries: after scenario 1 each of these must be found wrong.
TEST(Story, Finds_what_is_not_as_it_is_written) {
  for (const char* line :
       {"do pay as P ticket -> 0", "do pay as Q ticket -> 413", "again P -> 0",
        "again P -> 213 of 413", "do pay as Q by bank-a:MAKER -> 205", "do accept -> 601 void",
        "do mint amount=1.00 -> 0 {1}", "see payment P state PENDING",
        "see payment Q state SETTLED", "see payment P status SETTLED",
        "see payments P.0 to P.1 state SETTLED", "see buyer bank-a.USD posted 1,874,975.01",
        "see validators 5", "see bank-c@bank-a bank-a.USD posted 0.00", "see nothing moved",
        "statement supplier bank-b.USD 10,000.00 +124,990.01 134,990.01"}) {
    const auto script =
        parse_script(std::string("given 01_payment_with_ticket\n") + line, Place::Simulated);
    ASSERT_TRUE(script.has_value()) << script.error();
    CoreNetwork network(genesis(), false);
    EXPECT_NE(play(*script, network).find(std::string("text:2: ") + line), std::string::npos)
        << line;
  }
}

TEST(Script, Is_refused_with_the_line_that_is_no_step) {
  for (const char* line :
       {"pay P", "do pay", "do pay -> 999", "do pay -> 0 {x}", "do pay as P now -> 0",
        "do pay by bank-a -> 0", "again P", "time 5", "see buyer bank-a.USD posted",
        "given nothing", "let ttl 5", "statement supplier bank-b.USD 1.00", "real ends"}) {
    const auto script = parse_script(std::string("\n") + line, Place::Real);
    ASSERT_FALSE(script.has_value()) << line;
    EXPECT_TRUE(script.error().starts_with("text:2: ")) << script.error();
  }
}

TEST(Script, Ends_for_real_clocks_where_it_says_so) {
  const std::string text = "let ttl 300 (real 5)\ntime +$ttl\nreal ends: it is far\ntime midnight";
  const auto simulated = parse_script(text, Place::Simulated);
  const auto real = parse_script(text, Place::Real);
  ASSERT_TRUE(simulated && real);
  EXPECT_EQ(simulated->steps.size(), 2U);
  ASSERT_EQ(real->steps.size(), 1U);
  EXPECT_EQ(std::get<step::Time>(simulated->steps[0].what).ms, 300'000);
  EXPECT_EQ(std::get<step::Time>(real->steps[0].what).ms, 5'000);
}

}  // namespace
}  // namespace giro::acceptance
