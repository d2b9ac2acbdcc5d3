#include "tests/simulation/clients.h"

#include <algorithm>
#include <utility>

#include "crypto/check.h"
#include "tests/simulation/operations.h"
#include "tests/simulation/world.h"

namespace giro::sim {
namespace {

using ledger::Role;
using runtime::OperationStatus;

constexpr std::int64_t kValidForMs = 30'000;
constexpr Time kPollEvery = 500 * kMillisecond;
constexpr Time kRetryAfter = 5 * kSecond;

bool is_final(OperationStatus status) {
  return status == OperationStatus::Committed || status == OperationStatus::Rejected ||
         status == OperationStatus::Expired;
}

}  // namespace

Clients::Clients(const NetworkSetup& setup, Nodes& nodes, Scheduler& scheduler, std::uint64_t seed)
    : setup_(setup), nodes_(nodes), scheduler_(scheduler), random_(seed, "clients") {
  genesis_.chain = setup.chain();
  for (std::size_t i = 0; i < setup.size(); ++i)
    genesis_.members.push_back({setup.institution(i), setup.validator_key(i).public_key()});
}

void Clients::begin(Time mean_interval) {
  running_ = true;
  mean_interval_ = mean_interval;
  scheduler_.in(0, [this] { submit_next(); });
  watch();
}

void Clients::watch() {
  scheduler_.in(kPollEvery, [this] { poll(); });
}

void Clients::offer(std::size_t node) {
  submit(next_for(node));
}

std::optional<std::size_t> Clients::some_node() {
  std::vector<std::size_t> up;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i]->is_up()) up.push_back(i);
  }
  if (up.empty()) return std::nullopt;
  return random_.pick(up);
}

crypto::Bytes Clients::make(runtime::OpId& id, std::int64_t now_ms) {
  id = operation_id("giro/sim/operation", number_++);
  const auto accounts = config::demo_aliases();
  ledger::Operation operation{
      .actor = kPayingBank, .op_id = {id}, .valid_until = {now_ms + kValidForMs}, .action = {}};
  std::vector<const crypto::SecretKey*> keys;
  const std::uint64_t kind = random_.below(10);
  if (number_ == 1 || kind == 0) {
    operation.action = ledger::Mint{.token = kPaidToken,
                                    .account = accounts.at("ALICE").account,
                                    .amount = {0, 1 + random_.below(1'000'000)},
                                    .kind = ledger::MintKind::Deposit,
                                    .core_ref_commit = {}};
    keys = {&setup_.operator_key("bank-a", Role::Issuer, 1),
            &setup_.operator_key("bank-a", Role::Issuer, 2)};
  } else if (kind == 1) {
    operation.action = ledger::Redeem{.token = kPaidToken,
                                      .account = accounts.at("MERCHANT").account,
                                      .amount = {0, 1 + random_.below(100'000)},
                                      .payout_commit = {}};
    keys = {&setup_.operator_key("bank-a", Role::Maker),
            &setup_.operator_key("bank-a", Role::Treasury, 1),
            &setup_.operator_key("bank-a", Role::Treasury, 2)};
  } else {
    const bool back = random_.chance(0.3);
    return signed_payment(setup_, {.id = id,
                                   .amount = 1 + random_.below(100'000),
                                   .valid_until_ms = now_ms + kValidForMs,
                                   .back = back});
  }
  return signed_operation(setup_, operation, keys);
}

std::int64_t Clients::now_ms() const {
  return NetworkSetup::kGenesisMs + scheduler_.now() / kMillisecond;
}

runtime::OpId Clients::enter(std::uint32_t actor, ledger::Action action,
                             const std::vector<const crypto::SecretKey*>& keys,
                             std::int64_t valid_for_ms) {
  auto operation = std::make_shared<Operation>();
  operation->id = operation_id("giro/sim/operation", number_++);
  operation->actor = actor;
  operation->valid_until_ms = now_ms() + valid_for_ms;
  operation->bytes = signed_operation(setup_,
                                      {.actor = actor,
                                       .op_id = {operation->id},
                                       .valid_until = {operation->valid_until_ms},
                                       .action = std::move(action)},
                                      keys);
  operation->submitted = scheduler_.now();
  open_.emplace(operation->id, operation);
  ++submitted_;
  if (const auto node = some_node()) {
    operation->node = *node;
    submit(operation);
  }
  return operation->id;
}

void Clients::watch(const DemoPayment& payment, std::size_t node) {
  auto operation = std::make_shared<Operation>();
  operation->id = payment.id;
  operation->actor = kPayingBank;
  operation->bytes = signed_payment(setup_, payment);
  operation->valid_until_ms = payment.valid_until_ms;
  operation->node = node;
  operation->submitted = scheduler_.now();
  open_.emplace(operation->id, operation);
  ++submitted_;
  submit(operation);
}

std::optional<Clients::Known> Clients::any_answered(Random& random) const {
  if (done_.empty()) return std::nullopt;
  const Operation& one = *random.pick(done_);
  return Known{one.id, one.bytes, one.valid_until_ms, one.answer->outcome.has_value()};
}

const runtime::OperationInfo* Clients::answer(const runtime::OpId& id) const {
  const auto found = std::ranges::find(done_, id, &Operation::id);
  return found == done_.end() ? nullptr : &*(*found)->answer;
}

std::shared_ptr<Clients::Operation> Clients::next_for(std::size_t node) {
  auto operation = std::make_shared<Operation>();
  operation->actor = kPayingBank;
  operation->bytes = make(operation->id, now_ms());
  operation->valid_until_ms = now_ms() + kValidForMs;
  operation->node = node;
  operation->submitted = scheduler_.now();
  open_.emplace(operation->id, operation);
  ++submitted_;
  return operation;
}

void Clients::submit_next() {
  if (!running_) return;
  if (const auto node = some_node()) {
    const auto operation = next_for(*node);
    submit(operation);
    if (random_.chance(0.1)) {  // the same bytes at another node as well
      operation->node = *some_node();
      submit(operation);
    }
  }
  scheduler_.in(1 + random_.exponential(static_cast<double>(mean_interval_)),
                [this] { submit_next(); });
}

void Clients::submit(const std::shared_ptr<Operation>& operation) {
  const std::size_t node = operation->node;
  nodes_[node]->submit(operation->bytes,
                       [this, operation, node](const runtime::SubmitAnswer& answer) {
                         if (answer && !faulty_.contains(node) && !operation->admitted)
                           operation->admitted = scheduler_.now();
                       });
}

void Clients::poll() {
  std::vector<std::shared_ptr<Operation>> asked;
  for (auto& [id, operation] : open_) asked.push_back(operation);
  for (const auto& operation : asked) {
    if (!random_.chance(0.5)) continue;
    const auto node = some_node();
    if (!node || faulty_.contains(*node)) continue;
    check(*node, *operation);
    if (operation->answer) {
      ++finished_;
      done_.push_back(operation);
      open_.erase(operation->id);
    } else if (scheduler_.now() - operation->submitted > kRetryAfter && random_.chance(0.3)) {
      operation->node = *node;  // a client that heard nothing sends the same bytes again
      submit(operation);
    }
  }
  // One of those that were answered long ago is asked about again.
  if (!done_.empty()) {
    if (const auto node = some_node(); node && !faulty_.contains(*node))
      check(*node, *random_.pick(done_));
  }
  scheduler_.in(kPollEvery, [this] { poll(); });
}

void Clients::check(std::size_t node, Operation& operation) {
  (void)nodes_[node]->ask(
      [&](runtime::Validator& validator) { check(node, validator, operation); });
}

void Clients::check(std::size_t node, runtime::Validator& validator, Operation& operation) {
  const runtime::OperationInfo info = validator.status({operation.actor, operation.id});
  if (operation.answer) return expect_same(node, operation, info);
  if (!is_final(info.status)) {
    // The chain's time has passed its end here, and it is not recorded.
    const auto head = validator.block(validator.final_height());
    const bool is_over = head && head->header.time.ms > operation.valid_until_ms;
    if (is_over && info.status == OperationStatus::Unknown) {
      operation.answer = info;
      operation.answer->status = OperationStatus::Expired;
    }
    return;
  }
  operation.answer = info;
  if (info.status == OperationStatus::Expired) return;
  const auto receipt = validator.receipt({operation.actor, operation.id});
  if (!receipt) return;
  const auto verified = receipt::verify(*receipt, genesis_);
  if (!verified) {
    throw Violation{"I9", node,
                    "a receipt does not verify: " + std::string(receipt::name(verified.error()))};
  }
}

void Clients::expect_same(std::size_t node, const Operation& operation,
                          const runtime::OperationInfo& info) const {
  const auto& known = *operation.answer;
  if (known.status == OperationStatus::Expired) {
    if (info.outcome) throw Violation{"I5", node, "an operation that was expired has an outcome"};
    return;
  }
  if (!is_final(info.status) || info.status == OperationStatus::Expired)
    return;  // this node is behind, or has not seen it
  // A node that began with a snapshot has the outcomes from before it, and not their receipts.
  const bool is_same_receipt =
      !info.receipt_id || !known.receipt_id || *info.receipt_id == *known.receipt_id;
  const bool same = info.status == known.status && info.outcome && known.outcome &&
                    info.outcome->code == known.outcome->code &&
                    info.outcome->height == known.outcome->height &&
                    info.outcome->index == known.outcome->index && is_same_receipt;
  if (!same) throw Violation{"I5", node, "an operation has two answers"};
}

void Clients::audit(
    const std::function<std::optional<consensus::Height>(std::size_t node)>& stable_at) {
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    const auto stable = stable_at(node);
    if (faulty_.contains(node) || !nodes_[node]->is_up() || !stable) continue;
    for (const auto& operation : done_) {
      const auto info = nodes_[node]->validator().status({operation->actor, operation->id});
      expect_same(node, *operation, info);
      // Whatever was cut from the log, what is named can be had.
      if (info.receipt_id) {
        const auto receipt = nodes_[node]->validator().receipt({operation->actor, operation->id});
        if (!receipt || !receipt::verify(*receipt, genesis_))
          throw Violation{
              "I9", node,
              "no receipt of an operation at height " + std::to_string(info.outcome->height.value)};
      }
      const auto& answered = operation->answer->outcome;
      if (answered && answered->height <= *stable && !info.outcome) {
        throw Violation{"I7", node,
                        "an operation with a final answer is not known any more, height " +
                            std::to_string(answered->height.value)};
      }
    }
  }
}

std::optional<Time> Clients::oldest_open(Time since) const {
  std::optional<Time> oldest;
  for (const auto& [id, operation] : open_) {
    if (!operation->admitted || *operation->admitted < since) continue;
    if (!oldest || *operation->admitted < *oldest) oldest = operation->admitted;
  }
  return oldest;
}

}  // namespace giro::sim
