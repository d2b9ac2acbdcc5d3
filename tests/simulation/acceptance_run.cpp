#include "tests/simulation/acceptance_run.h"

#include <algorithm>

#include "node/ledger/query.h"
#include "node/runtime/entries.h"
#include "node/runtime/payment_index.h"

namespace giro::sim {
namespace {

using acceptance::Failed;

constexpr Time kPatience = 60 * kSecond;  // of a client, in virtual time
constexpr Time kAskAgainAfter = 3 * kSecond;
constexpr std::uint64_t kEpochOfRun = 40;

// bank-e's seat has no validator: that is the one fault that there may be.
bool has_empty_seat(const acceptance::Script& script) {
  return std::ranges::any_of(script.steps, [](const acceptance::Step& step) {
    const auto* order = std::get_if<acceptance::step::Do>(&step.what);
    return order != nullptr && order->order == "seat_for_e";
  });
}

Plan plan_of(const acceptance::Script& script, Twist twist, std::uint64_t number) {
  Plan plan;
  plan.mode = twist == Twist::Kill ? Mode::Crash : twist == Twist::Lie ? Mode::Byz : Mode::Happy;
  plan.parameters.epoch_blocks = kEpochOfRun;
  plan.parameters.snapshot_interval = 16;
  plan.parameters.window = 8;
  plan.load_after = 0;
  if (twist == Twist::Lie && !has_empty_seat(script)) plan.faulty = {number / kTwists % plan.nodes};
  return plan;
}

// The n-th order of the script, or the last one, as a step.
std::size_t order_at(const acceptance::Script& script, std::size_t n) {
  std::size_t found = 0;
  for (std::size_t i = 0; i < script.steps.size(); ++i) {
    const auto* order = std::get_if<acceptance::step::Do>(&script.steps[i].what);
    if (order == nullptr || order->expected.is_void) continue;
    found = i;
    if (n-- == 0) break;
  }
  return found;
}

std::size_t orders_of(const acceptance::Script& script) {
  return static_cast<std::size_t>(
      std::ranges::count_if(script.steps, [](const acceptance::Step& step) {
        const auto* order = std::get_if<acceptance::step::Do>(&step.what);
        return order != nullptr && !order->expected.is_void;
      }));
}

class NodeBooks final : public acceptance::StateBooks {
 public:
  NodeBooks(std::string owner, runtime::Validator& validator,
            std::shared_ptr<const runtime::ReadView> view, receipt::Genesis genesis)
      : StateBooks(std::move(owner), *view),
        validator_(validator),
        view_(std::move(view)),
        genesis_(std::move(genesis)) {}
  // None of a transition whose block lies below the snapshot that the node began with.
  std::optional<receipt::Receipt> payment_receipt(const std::string& payer_bank,
                                                  const ledger::Uetr& uetr) override {
    const auto bank = *acceptance::institution_of(payer_bank);
    const auto payment = ledger::query_payment(*view_, bank, uetr);
    const std::uint64_t height = payment->last_height;
    if (validator_.block({height}) == nullptr) return std::nullopt;
    const auto transitions = runtime::read_transitions(*view_, bank, uetr, {height, 0}, 1'000);
    if (transitions.empty()) throw Failed{owner() + " has no transition of a payment"};
    auto receipt = validator_.receipt_of_event(transitions.back().place);
    if (!receipt || !receipt::verify(*receipt, genesis_))
      throw Failed{owner() + " has no receipt of a payment that verifies"};
    return receipt;
  }
  Statement statement(const acceptance::NamedAccount& account, const std::string& token) override {
    const auto id = *acceptance::token_of(token);
    const auto position = ledger::query_position(*view_, id, account.id);
    if (!position) throw Failed{"there is no position"};
    // The first one is of genesis.
    const auto read =
        runtime::read_statement(*validator_.store, id, account.id, *position, 1, 1'000);
    if (!read) throw Failed{owner() + " has not all entries"};
    Statement out{.part = {.token = id,
                           .account = account.id,
                           .after = read->after,
                           .opening_chain = read->opening_chain,
                           .opening_balance = read->opening_balance,
                           .entries = {}},
                  .entry_chain = position->entry_chain};
    for (const auto& entry : read->entries) out.part.entries.push_back(entry.canonical);
    return out;
  }

 private:
  runtime::Validator& validator_;
  std::shared_ptr<const runtime::ReadView> view_;
  const receipt::Genesis genesis_;
};

// What a validator can do. Lying clients, and B05 in its own batches, order good payments that no
// scenario has in it.
std::string_view lie_of(std::uint64_t number) {
  auto lies = Byzantine::with_quota();
  std::erase_if(lies, [](const auto* lie) {
    return lie->stage == Byzantine::Stage::Clients || std::string_view(lie->id) == "B05";
  });
  return lies[number % lies.size()]->id;
}

// Has a key at setup; scenarios make others up.
bool is_known(const config::DemoOperator& officer) {
  static const auto all = config::demo_operators();
  return std::ranges::find(all, officer) != all.end();
}

}  // namespace

std::string_view name(Twist twist) {
  constexpr std::string_view names[] = {"none", "duplicate", "kill", "lie"};
  return names[static_cast<std::size_t>(twist)];
}

AcceptanceRun::AcceptanceRun(const acceptance::Script& script, Twist twist, std::uint64_t number,
                             const RunOptions& options)
    : Simulation(options, plan_of(script, twist, number)),
      script_(script),
      twist_(twist),
      asked_(number % plan_.nodes) {
  for (const std::size_t node : plan_.faulty) byzantine_->add(node, lie_of(number / kTwists));
  if (has_empty_seat(script)) {
    sets_.propose({ledger::SeatChange::Add, {6}, acceptance::key_of("seat bank-e").public_key()});
    sets_.propose({ledger::SeatChange::Remove, setup_.institution(3), {}});
  }
  const std::size_t orders = orders_of(script);
  if (twist != Twist::Kill) return;
  kill_at_ = order_at(script,
                      (orders / 2 + number / kTwists / acceptance::script_files().size()) % orders);
  kill_after_ = static_cast<Time>(Random(number, "kill").below(8 * kMillisecond));
}

void AcceptanceRun::live() {
  const acceptance::Orders orders(
      setup_.chain(),
      [this](const config::DemoOperator& officer, const crypto::Hash& digest) {
        const auto made_up = acceptance::key_of(officer.name());
        const auto& key = is_known(officer) ? setup_.operator_key(officer.institution, officer.role,
                                                                  officer.number)
                                            : made_up;
        return ledger::SignatureField{key.public_key(), key.sign(digest)};
      },
      "sim");
  acceptance::Story story(script_, orders, *this);
  story.before_step = [this](const acceptance::Step& step, std::size_t number) {
    if (options_.log != LogDetail::Off) say(0, "--- " + step.text);
    kills_now_ = number == kill_at_;
  };
  try {
    story.play();
  } catch (const Failed& failed) {
    throw Violation{"expect", 0, failed.text + places()};
  }
}

void AcceptanceRun::wait(const char* what, const std::function<bool()>& done) {
  if (!run_until(scheduler_.now() + kPatience, done))
    throw Failed{std::string("waited in vain: ") + what};
}

std::vector<std::size_t> AcceptanceRun::correct() const {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (is_correct(i)) out.push_back(i);
  }
  return out;
}

std::size_t AcceptanceRun::next_correct() {
  do {
    asked_ = (asked_ + 1) % nodes_.size();
  } while (!is_correct(asked_) || !nodes_[asked_]->is_up());
  return asked_;
}

std::int64_t AcceptanceRun::now_ms() {
  return NetworkSetup::kGenesisMs + scheduler_.now() / kMillisecond + ahead_ms_;
}

// --- operations

void AcceptanceRun::send(std::size_t node, const acceptance::Made& made,
                         std::shared_ptr<Operation> operation) {
  nodes_[node]->submit(
      made.bytes, [operation](const runtime::SubmitAnswer& answer) { operation->answer = answer; });
}

acceptance::Expected AcceptanceRun::submit(const acceptance::Made& made) {
  const auto ignored = std::make_shared<Operation>();
  if (twist_ == Twist::Lie || twist_ == Twist::Duplicate) {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i]->is_up() && (twist_ == Twist::Duplicate || !is_correct(i)))
        send(i, made, ignored);
    }
  }
  if (std::exchange(kills_now_, false)) kill_primary(made);
  const acceptance::Expected first = ask(next_correct(), made);
  if (twist_ != Twist::Duplicate) return first;
  const acceptance::Expected again = ask(next_correct(), made);
  acceptance::Expected wanted = first;
  if (!first.is_void) wanted = {ledger::Code::Duplicate, true, first.index, first.code};
  if (again != wanted) throw Failed{"the same bytes at another validator: " + to_string(again)};
  return first;
}

// A client repeats the same bytes until it knows (ledger 4.3).
acceptance::Expected AcceptanceRun::ask(std::size_t node, const acceptance::Made& made) {
  using runtime::OperationStatus;
  const runtime::OperationKey key{made.actor_id, made.op_id.bytes};
  const Time end = scheduler_.now() + kPatience;
  const auto operation = std::make_shared<Operation>();
  const auto outcome = [&](std::size_t at) -> std::optional<runtime::RecordedOutcome> {
    if (!nodes_[at]->is_up()) return std::nullopt;
    const auto info = nodes_[at]->validator().status(key);
    const bool is_final =
        info.status == OperationStatus::Committed || info.status == OperationStatus::Rejected;
    return is_final ? info.outcome : std::nullopt;
  };
  while (scheduler_.now() < end) {
    operation->answer.reset();
    send(node, made, operation);
    run_until(scheduler_.now() + kAskAgainAfter, [&] { return operation->answer.has_value(); });
    if (!operation->answer || (!*operation->answer && operation->answer->error().reason !=
                                                          runtime::RefusalReason::Ledger)) {
      node = next_correct();
      continue;
    }
    if (!*operation->answer) return {operation->answer->error().code, true, std::nullopt, {}};
    const auto& admitted = **operation->answer;
    if (admitted.duplicate && admitted.info.outcome)
      return {ledger::Code::Duplicate, true, admitted.info.outcome->detail_index,
              admitted.info.outcome->code};
    if (run_until(scheduler_.now() + kAskAgainAfter, [&] { return outcome(node).has_value(); }))
      break;
    node = next_correct();
  }
  wait("not every correct validator has the outcome", [&] {
    return std::ranges::all_of(correct(), [&](std::size_t at) { return outcome(at).has_value(); });
  });
  const auto known = *outcome(correct().front());
  for (const std::size_t at : correct()) {
    const auto other = *outcome(at);
    if (other.code != known.code || other.height != known.height || other.index != known.index)
      throw Violation{"I5", at, "an operation has two outcomes"};
  }
  ordered_ms_ = known.block_time->ms;
  return {known.code, false, known.detail_index, known.inner};
}

// It has packed the operation, or proposed it, or some have voted for it, or it is done.
void AcceptanceRun::kill_primary(const acceptance::Made& made) {
  const auto view = nodes_[correct().front()]->validator().replica().view();
  const auto* seat = sets_.seat(view.epoch, view.primary.value);
  const auto primary = seat == nullptr ? std::nullopt : setup_.node_of(seat->institution);
  if (!primary) throw Failed{"nobody leads"};
  send(*primary, made, std::make_shared<Operation>());
  run_until(scheduler_.now() + kill_after_);
  crash(*primary, storage::Crash::lose_unsynced(), 2 * kSecond);
}

// --- time

consensus::Height AcceptanceRun::final_height(std::size_t node) const {
  return nodes_[node]->is_up() ? nodes_[node]->validator().final_height() : consensus::Height{};
}

std::int64_t AcceptanceRun::final_time_ms(std::size_t node) const {
  const auto height = final_height(node);
  const auto block = height.value == 0 ? nullptr : nodes_[node]->validator().block(height);
  return block ? block->header.time.ms : 0;
}

// No proposal is under way: with clocks that jump it would be out of date.
bool AcceptanceRun::is_quiet() const {
  return std::ranges::all_of(nodes_, [this](const auto& node) {
    if (!node->is_up()) return false;
    const auto view = node->validator().replica().view();
    return !is_correct(node->index()) ||
           (view.tip == view.committed && view.stable == view.committed);
  });
}

void AcceptanceRun::pass_until(std::int64_t block_time_ms) {
  if (now_ms() < block_time_ms) {
    wait("something is always under way", [this] { return is_quiet(); });
    ahead_ms_ += std::max<std::int64_t>(0, block_time_ms - now_ms());
    for (auto& node : nodes_) node->set_clock(1, ahead_ms_);
  }
  wait("no block of that time", [&] {
    return std::ranges::all_of(
        correct(), [&](std::size_t node) { return final_time_ms(node) >= block_time_ms; });
  });
}

void AcceptanceRun::pass_midnight() {
  pass_until((now_ms() / ledger::kMsPerDay + 1) * ledger::kMsPerDay);
}

void AcceptanceRun::next_epoch() {
  std::uint64_t highest = 0;
  for (const std::size_t node : correct()) highest = std::max(highest, final_height(node).value);
  const std::uint64_t last = (highest / kEpochOfRun + 1) * kEpochOfRun;
  wait("the epoch does not end", [&] {
    return std::ranges::all_of(correct(),
                               [&](std::size_t node) { return final_height(node).value >= last; });
  });
}

// --- what they show

std::vector<std::unique_ptr<acceptance::Books>> AcceptanceRun::books() {
  std::vector<std::unique_ptr<acceptance::Books>> out;
  for (const std::size_t node : correct()) {
    if (!nodes_[node]->is_up()) continue;
    auto& validator = nodes_[node]->validator();
    out.push_back(std::make_unique<NodeBooks>(setup_.names()[node], validator,
                                              validator.store->read(), genesis()));
  }
  return out;
}

receipt::Genesis AcceptanceRun::genesis() const {
  receipt::Genesis genesis;
  genesis.chain = setup_.chain();
  for (std::size_t i = 0; i < setup_.size(); ++i)
    genesis.members.push_back({setup_.institution(i), setup_.validator_key(i).public_key()});
  return genesis;
}

void AcceptanceRun::expect_receipt(const acceptance::Made& made) {
  std::optional<crypto::Hash> same;
  for (const std::size_t node : correct()) {
    const runtime::OperationKey key{made.actor_id, made.op_id.bytes};
    const auto receipt = nodes_[node]->validator().receipt(key);
    if (!receipt || !receipt::verify(*receipt, genesis()))
      throw Violation{"I9", node, "no receipt that verifies"};
    const auto id = nodes_[node]->validator().status(key).receipt_id;
    if (!id || (same && *same != *id))
      throw Violation{"I9", node, "another receipt than the others"};
    same = id;
  }
}

}  // namespace giro::sim
