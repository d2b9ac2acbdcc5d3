#include "tests/simulation/twins.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <utility>

#include "crypto/check.h"

namespace giro::sim {

using consensus::EventType;
using consensus::Height;
using consensus::InstitutionId;

namespace {

constexpr Time kDelay = 5 * kMillisecond;

// An idle block is overdue after twice its interval; then the view timer runs (R19).
constexpr std::uint64_t kIdleMs = 500, kTimeoutMs = 1000, kTimeoutCapMs = 8000;
constexpr Time kUntilWork = static_cast<Time>(2 * kIdleMs) * kMillisecond + kDelay;
constexpr Time kPhase = kUntilWork + static_cast<Time>(kTimeoutMs + 100) * kMillisecond;
constexpr Time kLastTimeout = static_cast<Time>(kTimeoutCapMs) * kMillisecond + kDelay;

// Everything wraps around within a few blocks: the window, and the epoch with its drain (R41).
consensus::Parameters twins_parameters() {
  consensus::Parameters parameters = consensus::Parameters::tiny();
  parameters.block_batches = 1;
  parameters.status_interval_ms = 500;
  parameters.epoch_blocks = 6;
  parameters.idle_block_interval_ms = kIdleMs;
  parameters.view_timeout_base_ms = kTimeoutMs;
  parameters.view_timeout_cap_ms = kTimeoutCapMs;
  return parameters;
}

// Assurance 5, L1 and L4.
Time first_commit_limit(const TwinsPlan& plan) {
  return (10 * static_cast<Time>(plan.faults() + 1) + 10) * kSecond;
}
constexpr Time kAllCommitLimit = 60 * kSecond;

double to_seconds(Time time) {
  return static_cast<double>(time) / kSecond;
}

}  // namespace

const NetworkSetup& Twins::setup_for(std::size_t nodes) {
  static std::map<std::size_t, NetworkSetup> made;
  return made.try_emplace(nodes, nodes, twins_parameters()).first->second;
}

Twins::Twins(TwinsPlan plan, std::uint64_t seed, bool is_logged)
    : plan_(std::move(plan)),
      setup_(setup_for(plan_.nodes)),
      is_logged_(is_logged),
      sets_(setup_, Sets::Kind::Fixed),
      checkers_(setup_, sets_),
      audit_(setup_, sets_),
      random_(seed, "twins network"),
      is_up_(plan_.copies(), true),
      committed_(plan_.copies()) {
  for (std::size_t copy = 0; copy < plan_.copies(); ++copy) {
    if (!is_correct(copy)) checkers_.set_faulty(plan_.identity_of[copy]);
    copies_.push_back(std::make_unique<Copy>(static_cast<CopyWorld&>(*this), setup_, copy,
                                             plan_.identity_of[copy]));
  }
}

TwinsReport Twins::run() {
  try {
    play();
  } catch (const Violation& violation) {
    report_.violation = violation;
  }
  report_.ended = time_;
  report_.blocks = checkers_.committed().value;
  report_.view_changes = checkers_.view_changes();
  report_.certificates = audit_.judged();
  return report_;
}

void Twins::play() {
  for (auto& copy : copies_) copy->start(now());
  for (const TwinsPlan::Phase& phase : plan_.phases) {
    play(phase);
    fall_silent();
    for (const std::size_t copy : phase.restarted) {
      if (is_logged_) std::printf("%8.3f copy %zu restarts\n", to_seconds(time_), copy);
      copies_[copy]->start(now());
    }
  }
  heal();
}

void Twins::play(const TwinsPlan::Phase& phase) {
  part_of_ = phase.part_of;
  delays_ = 0;
  if (is_logged_) {
    std::printf("%8.3f parts", to_seconds(time_));
    for (const std::size_t part : part_of_) std::printf(" %zu", part);
    std::printf(", cut after %d delays\n",
                phase.cut_after ? static_cast<int>(*phase.cut_after) : -1);
  }
  for (const std::size_t copy : phase.packers) {
    copies_[copy]->submit(now());
    copies_[copy]->end_turn(now());
  }
  const Time end = time_ + kPhase;
  while (time_ < end && (!phase.cut_after || delays_ < *phase.cut_after)) advance(end);
}

// Long enough for every view that does not wait for others to time out.
void Twins::fall_silent() {
  part_of_.clear();
  for (auto& envelopes : on_their_way_) envelopes.clear();
  wait(kUntilWork);
  wait(kLastTimeout);
}

// L1: some correct validator commits what nobody had; L4: then all do.
void Twins::heal() {
  part_of_.assign(plan_.copies(), 0);
  is_healed_ = true;
  for (std::size_t copy = 0; copy < plan_.copies(); ++copy) {
    if (!is_correct(copy)) is_up_[copy] = plan_.twins_stay;
  }
  const Time healed = time_;
  const Height known = std::ranges::max(committed_);
  const auto has_news = [&](std::size_t copy) { return committed_[copy] > known; };
  std::vector<std::size_t> correct;
  for (std::size_t copy = 0; copy < plan_.copies(); ++copy) {
    if (is_correct(copy)) correct.push_back(copy);
  }
  while (!std::ranges::all_of(correct, has_news)) {
    const bool is_late =
        std::ranges::none_of(correct, has_news) && time_ - healed > first_commit_limit(plan_);
    if (is_late || time_ - healed > kAllCommitLimit) {
      const std::size_t copy = *std::ranges::find_if_not(correct, has_news);
      throw Violation{is_late ? "L1" : "L4", plan_.identity_of[copy],
                      "nothing above height " + std::to_string(known.value) + " was committed"};
    }
    advance(healed + kAllCommitLimit + kSecond);
    if (report_.recovery == 0 && std::ranges::any_of(correct, has_news))
      report_.recovery = time_ - healed;
  }
}

void Twins::advance(Time until) {
  if (is_on_its_way()) {
    time_ += kDelay;
  } else {
    Time next = until;
    for (std::size_t copy = 0; copy < copies_.size(); ++copy) {
      if (is_up_[copy]) next = std::min(next, Time{copies_[copy]->deadline().us});
    }
    time_ = std::max(next, time_ + 1);
  }
  slot_ = (slot_ + 1) % kDelays;
  const std::vector<Envelope> arrived = std::exchange(on_their_way_[slot_], {});
  if (!arrived.empty()) ++delays_;
  std::vector<bool> is_due(copies_.size());
  for (const Envelope& envelope : arrived) {
    if (!is_up_[envelope.to]) continue;
    // It would only stop them (protocol R40).
    if (!is_correct(envelope.to) &&
        std::holds_alternative<consensus::EvidenceMessage>(*envelope.message))
      continue;
    copies_[envelope.to]->receive(now(), envelope.from, *envelope.message);
    is_due[envelope.to] = true;
    ++report_.deliveries;
  }
  for (std::size_t copy = 0; copy < copies_.size(); ++copy) {
    if (!is_up_[copy]) continue;
    const bool is_late = copies_[copy]->deadline().us <= time_;
    if (is_late) copies_[copy]->on_time(now());
    if (is_late || is_due[copy]) copies_[copy]->end_turn(now());
  }
}

void Twins::wait(Time duration) {
  time_ += duration;
  for (auto& copy : copies_) {
    copy->on_time(now());
    copy->end_turn(now());
  }
}

bool Twins::is_on_its_way() const {
  return std::ranges::any_of(on_their_way_, [](const auto& slot) { return !slot.empty(); });
}

consensus::Now Twins::now() const {
  return {{time_}, {NetworkSetup::kGenesisMs + 1000 + time_ / kMillisecond}};
}

void Twins::on_send(std::size_t copy, std::optional<InstitutionId> to, consensus::Message message) {
  const std::size_t identity = plan_.identity_of[copy];
  if (is_correct(copy)) {
    checkers_.on_said(identity, message);
    judge(copy, audit_.judge(message));
  }
  if (part_of_.empty()) return;
  const auto shared = std::make_shared<const consensus::Message>(std::move(message));
  for (std::size_t other = 0; other < plan_.copies(); ++other) {
    const std::size_t receiver = plan_.identity_of[other];
    if (receiver == identity || part_of_[other] != part_of_[copy] || !is_up_[other]) continue;
    if (to && *to != setup_.institution(receiver)) continue;
    std::size_t delay = 1;
    if (!is_healed_) {
      if (plan_.loss > 0 && random_.chance(plan_.loss)) continue;
      if (plan_.delay_max > 1) delay += random_.below(plan_.delay_max);
    }
    on_their_way_[(slot_ + delay) % kDelays].push_back(
        {other, setup_.institution(identity), shared});
  }
}

// I4, of what a correct validator holds.
void Twins::on_stored(std::size_t copy, const consensus::DurableRecord& record) {
  if (!is_correct(copy)) return;
  if (const auto* learnt = std::get_if<consensus::CertificateRecord>(&record)) {
    judge(copy, audit_.judge(learnt->certificate));
  } else if (const auto* proof = std::get_if<consensus::ChainProofRecord>(&record)) {
    judge(copy, audit_.judge(proof->attest));
  } else if (const auto* entered = std::get_if<consensus::EpochRecord>(&record)) {
    judge(copy, audit_.judge(entered->attest));
  } else if (const auto* begun = std::get_if<consensus::NewViewRecord>(&record)) {
    judge(copy, audit_.judge(consensus::Message(begun->new_view)));
  }
}

void Twins::judge(std::size_t copy, const std::optional<std::string>& wrong) const {
  if (wrong) throw Violation{"I4", plan_.identity_of[copy], *wrong};
}

void Twins::on_event(std::size_t copy, const consensus::Event& event) {
  if (is_logged_) {
    std::printf("%8.3f copy %zu event %d epoch %llu view %llu height %llu %.8s detail %u\n",
                to_seconds(time_), copy, static_cast<int>(event.type),
                static_cast<unsigned long long>(event.epoch.value),
                static_cast<unsigned long long>(event.view.value),
                static_cast<unsigned long long>(event.height.value),
                crypto::to_hex(event.hash).c_str(), event.detail);
  }
  if (event.type == EventType::Committed)
    committed_[copy] = std::max(committed_[copy], event.height);
  checkers_.on_consensus(plan_.identity_of[copy], event);
}

void Twins::on_opened(std::size_t copy, const consensus::RecoveredState& recovered,
                      const std::vector<consensus::VoteContent>& votes) {
  const std::size_t identity = plan_.identity_of[copy];
  checkers_.on_opened(identity, setup_.validator_key(identity).public_key(), recovered, votes);
}

}  // namespace giro::sim
