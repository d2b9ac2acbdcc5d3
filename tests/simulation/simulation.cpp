#include "tests/simulation/simulation.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "consensus/wire/codec.h"
#include "crypto/check.h"
#include "crypto/digest.h"
#include "node/ledger/query.h"
#include "node/runtime/stop_handler.h"

namespace giro::sim {
namespace {

[[noreturn]] void end_process(runtime::ExitCode code, std::string_view line) {
  throw ProcessEnded{code, std::string(line)};
}

// Virtual time in which a network that behaves must have recovered (assurance 5, L1, L2, L4).
Time recovery_limit(const Plan& plan) {
  return (10 * static_cast<Time>(plan.faults() + 1) + 10) * kSecond;
}
Time operation_limit(const Plan& plan) {
  return 30 * static_cast<Time>(plan.faults() + 1) * kSecond;
}
constexpr Time kCatchUpLimit = 60 * kSecond;
// I10: some thirty times what the longest seeds take. Whoever asks and answers without a pause gets
// here.
constexpr std::uint64_t kEventsMax = 20'000'000;

}  // namespace

Simulation::Simulation(const RunOptions& options) : Simulation(options, draw_plan(options.plan)) {
  for (const std::size_t node : plan_.faulty) byzantine_->add(node);
}

Simulation::Simulation(const RunOptions& options, Plan plan)
    : options_(options),
      plan_(std::move(plan)),
      setup_(plan_.nodes, plan_.parameters, plan_.newcomers),
      sets_(setup_),
      checkers_(setup_, sets_),
      certificates_(setup_, sets_),
      automaton_(setup_, sets_),
      ledger_(setup_),
      network_random_(options.plan.seed, "network"),
      links_(setup_.nodes(), std::vector<Link>(setup_.nodes())),
      wiped_(setup_.nodes()),
      damaged_(setup_.nodes(), false),
      rotten_(setup_.nodes(), false) {
  runtime::set_stop_handler(end_process);
  report_.plan = plan_;
  for (std::size_t i = 0; i < setup_.nodes(); ++i)
    nodes_.push_back(std::make_unique<SimNode>(*this, setup_, i, options.plan.seed));
  for (std::size_t i = 0; i < setup_.size(); ++i) seated_.emplace(i, 0);
  clients_ = std::make_unique<Clients>(setup_, nodes_, scheduler_, options.plan.seed);
  consortium_ =
      std::make_unique<Consortium>(setup_, sets_, checkers_, *clients_, nodes_, scheduler_);
  byzantine_ = std::make_unique<Byzantine>(
      setup_, scheduler_, options.plan.seed,
      Byzantine::Ports{.deliver = [this](std::size_t from, std::size_t to,
                                         const p2p::Frame& frame) { deliver(from, to, frame); },
                       .would_hear =
                           [this](std::size_t from, std::size_t to) {
                             return is_correct(to) && nodes_[to]->is_up() &&
                                    !links_[from][to].cut && has_channel(member(from), from, to);
                           },
                       .hand_in =
                           [this](std::size_t from, std::size_t to, const p2p::Frame& frame) {
                             if (nodes_[to]->is_up()) nodes_[to]->receive(member(from), frame);
                           }});
  for (const std::size_t node : plan_.faulty) {
    checkers_.set_faulty(node);
    clients_->set_faulty(node);
  }
}

Simulation::~Simulation() {
  nodes_.clear();
  runtime::set_stop_handler(nullptr);
}

Report Simulation::run() {
  try {
    for (auto& node : nodes_) restart(node->index());
    begin_load();
    live();
    heal();
    expect_progress();
    audit();
  } catch (const Violation& violation) {
    report_.violation = violation;
    if (options_.log != LogDetail::Off)
      say(violation.node, violation.rule + ": " + violation.text + places());
  }
  report_.ended = scheduler_.now();
  report_.events = scheduler_.events();
  report_.blocks = checkers_.committed().value;
  report_.operations = clients_->finished();
  report_.view_changes = checkers_.view_changes();
  report_.certificates = certificates_.judged();
  report_.seats = sets_.changes();
  report_.steps = automaton_.steps();
  for (const auto& [id, count] : byzantine_->activations()) report_.behaviours[id] += count;
  return report_;
}

void Simulation::begin_load() {
  clients_->begin(plan_.load_interval);
  if (plan_.seat_changes) begin_tending_keys();
}

void Simulation::live() {
  begin_trouble();
  run_until(plan_.safety);
}

// --- what nodes do

void Simulation::on_send(std::size_t node, std::optional<consensus::InstitutionId> to,
                         const p2p::Frame& frame) {
  const crypto::ByteView bytes(*frame);
  trace(node, 1, bytes);
  if (is_correct(node)) {
    const auto type = std::to_integer<std::uint8_t>(bytes[5]);
    const auto message = consensus::wire::decode(type, bytes.subspan(6));
    if (!message) throw Violation{"I3", node, "a correct node sent what it would not read"};
    checkers_.on_said(node, *message);
    expect_in_window(node, *message);
    if (auto wrong = certificates_.judge(*message))
      throw Violation{"I4", node, "type " + std::to_string(type) + ": " + *wrong};
    automaton_.on_said(node, *message);
    if (const auto* batch = std::get_if<consensus::BatchMessage>(&*message))
      ledger_.on_batch(batch->batch);
  }
  for (std::size_t other = 0; other < nodes_.size(); ++other) {
    if (other == node || (to && setup_.institution(other) != *to)) continue;
    if (is_correct(node)) {
      deliver(node, other, frame);
    } else {
      byzantine_->send(node, other, frame);
    }
  }
}

// What a correct node is about to hear; of a liar only what its rules can take for true.
void Simulation::listen(std::size_t from, std::size_t to, const p2p::Frame& frame) {
  if (!is_correct(to)) return;
  const crypto::ByteView bytes(*frame);
  const auto message =
      consensus::wire::decode(std::to_integer<std::uint8_t>(bytes[5]), bytes.subspan(6));
  if (!message) return;
  if (const auto* batch = std::get_if<consensus::BatchMessage>(&*message))
    ledger_.on_batch(batch->batch);
  if (is_correct(from) || !certificates_.judge(*message))
    automaton_.on_heard(to, setup_.institution(from), *message);
}

// I10: what it proposes itself lies at most a window above what is stable at it (protocol R6).
void Simulation::expect_in_window(std::size_t node, const consensus::Message& message) const {
  const auto* proposal = std::get_if<consensus::PrePrepare>(&message);
  if (proposal == nullptr) return;
  const auto* seat = sets_.seat(proposal->block.epoch, proposal->vote.voter.value);
  if (seat == nullptr || seat->institution != setup_.institution(node)) return;
  const auto stable = nodes_[node]->validator().replica().view().stable;
  const auto height = proposal->block.height;
  if (height.value > stable.value + plan_.parameters.window)
    throw Violation{"I10", node,
                    "it proposes beyond its window, at " + std::to_string(height.value)};
}

void Simulation::on_opened(std::size_t node, const runtime::Opened& opened) {
  checkers_.on_opened(node, opened.signer->public_key(), opened.recovered, opened.votes);
  report_.rebuilds += damaged_[node] ? 1 : 0;
  damaged_[node] = false;
  // Whatever a crash leaves, and whatever is left of its store: its log and its sign state
  // remember.
  const bool may_forget = forgot_.contains(node) || plan_.disk_errors;
  if (!is_correct(node)) return;
  automaton_.on_opened(node, opened.signer->public_key(), opened.recovered, opened.votes);
  if (!may_forget && opened.recovered.amnesic_below)
    throw Violation{"I3", node, "it has lost its memory, and nobody took it"};
  expect_valid(node, opened.recovered);
}

// What it took into its log, whoever said it.
void Simulation::expect_valid(std::size_t node, const consensus::RecoveredState& recovered) {
  const auto expect = [&](const std::optional<std::string>& wrong) {
    if (wrong) throw Violation{"I4", node, "in its log: " + *wrong};
  };
  if (recovered.new_view) expect(certificates_.judge(consensus::Message(*recovered.new_view)));
  if (recovered.high) expect(certificates_.judge(*recovered.high));
  if (recovered.stable_proof) expect(certificates_.judge(*recovered.stable_proof));
  for (const auto& certificate : recovered.certificates) expect(certificates_.judge(certificate));
}

void Simulation::on_consensus(std::size_t node, const consensus::Event& event) {
  crypto::Bytes bytes;
  crypto::Writer(bytes).u8(static_cast<std::uint8_t>(event.type)).u64(event.height.value);
  trace(node, 2, bytes);
  if (options_.log == LogDetail::All) {
    say(node, "event " + std::to_string(static_cast<int>(event.type)) + " height " +
                  std::to_string(event.height.value) + " epoch " +
                  std::to_string(event.epoch.value) + " view " + std::to_string(event.view.value) +
                  " detail " + std::to_string(event.detail) + " " +
                  crypto::to_hex(event.hash).substr(0, 8));
  }
  checkers_.on_consensus(node, event);
  if (!is_correct(node)) return;
  automaton_.on_consensus(node, event);
  if (event.type == consensus::EventType::Executed) learn_set(node, event.height);
  if (event.type != consensus::EventType::EpochEntered) return;
  const Members* members = sets_.of(event.epoch);
  if (members == nullptr)
    throw Violation{"I4", node, "it is in an epoch that nobody has executed up to"};
  for (const auto& member : *members) {
    if (const auto seat = setup_.node_of(member.institution))
      seated_.try_emplace(*seat, scheduler_.now());
  }
}

// Who sits in the next epoch, by the ledger and by the header that names them (protocol R41).
void Simulation::learn_set(std::size_t node, consensus::Height height) {
  if (height.value == 0 || height.value % plan_.parameters.epoch_blocks != 0) return;
  auto& validator = nodes_[node]->validator();
  const consensus::Epoch next{height.value / plan_.parameters.epoch_blocks};
  const auto block = validator.block(height);
  const auto known = ledger::query_validators(validator.store->newest_state(), next.value);
  // Executed again from the whole log, it may not be written yet; its header is held against the
  // others' all the same (I2).
  if (!block && sets_.of(next) != nullptr) return;
  if (!block || !known)
    throw Violation{"I2", node, "it has executed an epoch, and knows no set of the next"};
  Members members;
  for (const auto& seat : known->members) members.push_back({{seat.institution}, seat.key});
  if (auto wrong = sets_.learn(block->header, members)) throw Violation{"I2", node, *wrong};
}

void Simulation::on_reopen(std::size_t node) {
  ++report_.installs;
  nodes_[node]->crash(storage::Crash::process_only());
  restart(node);
}

void Simulation::on_ended(std::size_t node, const ProcessEnded& end) {
  if (options_.log != LogDetail::Off)
    say(node, "ended with " + std::to_string(static_cast<int>(end.code)) + ": " + end.line);
  if (end.code == runtime::ExitCode::Damaged && rotten_[node]) {
    damaged_[node] = true;  // read at last: the next start rebuilds it
    rotten_[node] = false;
    return crash(node, storage::Crash::process_only(), kSecond);
  }
  if (is_correct(node) && end.code != runtime::ExitCode::WriteFailed)
    throw Violation{"I3", node, "a correct node ended itself: " + end.line};
  if (is_correct(node) && !plan_.disk_errors)
    throw Violation{"I3", node, "a write failed on a disk without faults: " + end.line};
  crash(node, storage::Crash::lose_unsynced(), kSecond);
}

void Simulation::on_floor_adopted(std::size_t node) {
  crash(node, storage::Crash::process_only(), kMillisecond);
}

void Simulation::on_line(std::size_t node, config::LogLevel level, const std::string& line) {
  if (options_.log != LogDetail::Off) say(node, line);
  report_.snapshots += line.starts_with("snapshot_certified") ? 1 : 0;
  report_.log_cuts += line.starts_with("log_cut") ? 1 : 0;
  // No correct validator says what another one takes for a violation (protocol R45).
  if (level == config::LogLevel::Warn && line.starts_with("message_refused") && is_correct(node)) {
    const auto peer = line.find("peer=");
    const std::string from = line.substr(peer + 5, line.find(' ', peer) - peer - 5);
    const auto& names = setup_.names();
    const auto found = std::ranges::find(names, from);
    const auto sender = static_cast<std::size_t>(found - names.begin());
    if (found != names.end() && is_correct(sender))
      throw Violation{"I3", sender, "a correct node is blamed: " + line};
  }
}

void Simulation::trace(std::size_t node, std::uint8_t what, crypto::ByteView bytes) {
  crypto::Bytes head;
  crypto::Writer(head)
      .raw(report_.trace)
      .u64(static_cast<std::uint64_t>(scheduler_.now()))
      .u64(node)
      .u8(what)
      .raw(bytes);
  report_.trace = crypto::sha256(head);
}

void Simulation::say(std::size_t node, const std::string& line) const {
  std::printf("%10.3f s  event %-9llu node %zu  %s\n",
              static_cast<double>(scheduler_.now()) / kSecond,
              static_cast<unsigned long long>(scheduler_.events()), node, line.c_str());
}

consensus::Member Simulation::member(std::size_t node) const {
  return {setup_.institution(node), nodes_[node]->key()};
}

// --- phases

void Simulation::run_until(Time until) {
  run_until(until, [] { return false; });
}

bool Simulation::run_until(Time until, const std::function<bool()>& done) {
  while (!done()) {
    if (scheduler_.events() >= options_.until_event)
      throw Violation{"until", 0, "stopped at the event that was asked for"};
    if (scheduler_.events() >= kEventsMax)
      throw Violation{"I10", 0, "so many events, and no end" + places()};
    if (!scheduler_.step(until)) return done();
  }
  return true;
}

bool Simulation::is_in_reach(std::size_t node, Time since) const {
  const auto seated = seated_.find(node);
  return seated != seated_.end() && seated->second <= since;
}

bool Simulation::all_at(consensus::Height height, Time since) const {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (!is_correct(i) || !is_in_reach(i, since)) continue;
    if (!nodes_[i]->is_up() || checkers_.stable(i) < height) return false;
  }
  return true;
}

std::string Simulation::places() const {
  std::string text;
  for (const auto& node : nodes_) {
    text += "\n      node " + std::to_string(node->index()) +
            (is_correct(node->index()) ? "" : " (faulty)");
    if (!node->is_up()) {
      text += " is down";
      continue;
    }
    const auto view = node->validator().replica().view();
    const auto number = [](std::uint64_t value) { return std::to_string(value); };
    text += " epoch " + number(view.epoch.value) + " view " + number(view.view.value) +
            (view.changing_view ? " (changing)" : "") + " stable " + number(view.stable.value) +
            " executed " + number(view.executed.value) + " committed " +
            number(view.committed.value) + " tip " + number(view.tip.value) +
            (view.suspecting ? " suspecting" : "") + (view.voting ? "" : " mute") +
            (view.amnesic_below ? " amnesic" : "");
  }
  return text;
}

void Simulation::expect_progress() {
  const Time healed = scheduler_.now();
  const auto before = checkers_.committed();
  if (!run_until(healed + recovery_limit(plan_), [&] { return checkers_.committed() > before; }))
    throw Violation{
        "L1", 0,
        "no commit after healing at " + std::to_string(healed / kSecond) + " s" + places()};
  report_.recovery = scheduler_.now() - healed;
  const consensus::Height target{checkers_.committed().value + 3};
  if (!run_until(healed + kCatchUpLimit, [&] { return all_at(target, healed); }))
    throw Violation{"L4", 0, "not all have caught up" + places()};
  const Time limit = operation_limit(plan_);
  if (const auto load = plan_.load_after) {
    if (*load > 0) run_until(scheduler_.now() + *load);
    clients_->end();
  }
  run_until(healed + limit + 5 * kSecond,
            [&] { return plan_.load_after && !clients_->oldest_open(0); });
  if (const auto oldest = clients_->oldest_open(healed);
      oldest && *oldest + limit < scheduler_.now())
    throw Violation{"L2", 0,
                    "an operation that was admitted after healing is not executed" + places()};
  if (plan_.mode == Mode::Happy && checkers_.view_changes() != 0)
    throw Violation{"L3", 0, "a view change without a fault"};
}

// Everything restarts from what is durable; every answer that a client holds must still be given.
void Simulation::audit() {
  clients_->end();
  run_until(scheduler_.now() + (plan_.load_after ? 500 * kMillisecond : 10 * kSecond));
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i]->is_up() && is_restarted_for_audit(i))
      nodes_[i]->crash(storage::Crash::lose_unsynced());
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) restart(i);
  const consensus::Height target{checkers_.committed().value + 1};
  const Time restarted = scheduler_.now();
  if (!run_until(restarted + kCatchUpLimit, [&] { return all_at(target, restarted); }))
    throw Violation{"L1", 0, "no progress after all were restarted" + places()};
  run_until(scheduler_.now() + 2 * kSecond);
  clients_->audit([&](std::size_t node) -> std::optional<consensus::Height> {
    if (!is_in_reach(node, restarted)) return std::nullopt;
    return checkers_.stable(node);  // what came last may not have reached it yet
  });
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (!is_correct(i)) continue;
    for (const auto& [height, header] : checkers_.headers()) {
      if (height > checkers_.stable(i)) break;
      const auto block = nodes_[i]->validator().block(height);
      const auto installed = nodes_[i]->validator().store->installed();
      if (!block && installed && height < installed->height) continue;
      if (!block || block->header_hash != header)
        throw Violation{
            "I2", i,
            (block ? "another header is stored at height " : "nothing is stored at height ") +
                std::to_string(height.value)};
    }
  }
  audit_ledger();
}

// I5, I6: what they have decided, executed once more by the reference ledger, each node as far as
// it is.
void Simulation::audit_ledger() {
  std::multimap<consensus::Height, std::pair<std::size_t, std::shared_ptr<const runtime::ReadView>>>
      views;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (!is_correct(i) || !nodes_[i]->is_up()) continue;
    auto view = nodes_[i]->validator().store->read();
    const auto height = view->height();
    views.emplace(height, std::pair(i, std::move(view)));
  }
  for (const auto& [height, at] : views) {
    const auto& [node, view] = at;
    while (ledger_.height() < height) {
      const consensus::Height next{ledger_.height().value + 1};
      const auto* block = automaton_.decided(next);
      const std::string wrong =
          block == nullptr ? "nobody has decided it" : ledger_.execute(*block);
      if (!wrong.empty())
        throw Violation{"I1", node, "height " + std::to_string(next.value) + ": " + wrong};
    }
    if (const auto differs = ledger_.compare(*view); !differs.empty())
      throw Violation{"I6", node,
                      "the reference ledger differs at height " + std::to_string(height.value) +
                          ":\n" + differs};
  }
}

}  // namespace giro::sim
