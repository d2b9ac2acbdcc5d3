#include "tests/simulation/false_clients.h"

#include <algorithm>
#include <utility>

#include "consensus/wire/codec.h"
#include "tests/simulation/world.h"

namespace giro::sim {
namespace {

constexpr std::int64_t kFreshForMs = 10'000;
constexpr std::int64_t kAroundMs = 2'000;
constexpr std::size_t kFlood = 20;

}  // namespace

FalseClients::FalseClients(const NetworkSetup& setup, Clients& clients, Clients::Nodes& nodes,
                           Scheduler& scheduler, std::uint64_t seed)
    : setup_(setup),
      clients_(clients),
      nodes_(nodes),
      scheduler_(scheduler),
      random_(seed, "false clients") {}

void FalseClients::begin(std::string_view behaviour, Time mean_interval) {
  static const std::map<std::string_view, Deed> deeds = {
      {"B30", &FalseClients::no_operation},   {"B31", &FalseClients::two_under_one_id},
      {"B32", &FalseClients::the_same_again}, {"B33", &FalseClients::flood},
      {"B34", &FalseClients::old_id},
  };
  behaviour_ = behaviour;
  deed_ = deeds.at(behaviour);
  mean_interval_ = mean_interval;
  running_ = true;
  go_on();
}

void FalseClients::go_on() {
  scheduler_.in(1 + random_.exponential(static_cast<double>(mean_interval_)), [this] {
    if (!running_) return;
    const std::size_t node = random_.below(nodes_.size());
    if (nodes_[node]->is_up()) (this->*deed_)(node);
    go_on();
  });
}

void FalseClients::give(std::size_t node, crypto::Bytes bytes, Must must) {
  if (!nodes_[node]->is_up()) return;
  const bool counts = !clients_.is_faulty(node);
  nodes_[node]->submit(std::move(bytes), [node, must, counts](const runtime::SubmitAnswer& answer) {
    if (must == Must::Refuse && answer && counts)
      throw Violation{"I5", node, "it admitted what is no signed operation, or not under this id"};
  });
  if (counts) ++activations_[behaviour_];
}

DemoPayment FalseClients::fresh() {
  return {.id = operation_id("giro/sim/false", number_++),
          .amount = 1 + random_.below(1'000),
          .valid_until_ms = now_ms() + kFreshForMs};
}

std::int64_t FalseClients::now_ms() const {
  return NetworkSetup::kGenesisMs + 1'000 + scheduler_.now() / kMillisecond;
}

void FalseClients::no_operation(std::size_t node) {
  const DemoPayment payment = fresh();
  crypto::Bytes bytes = signed_payment(setup_, payment);
  switch (random_.below(5)) {
    case 0:  // nothing, or a part of it
      bytes.resize(random_.below(bytes.size()));
      break;
    case 1:  // without a signature
      bytes = signed_operation(
          setup_,
          {.actor = kPayingBank,
           .op_id = {payment.id},
           .valid_until = {payment.valid_until_ms},
           .action = ledger::Mint{.token = kPaidToken,
                                  .account = config::demo_aliases().at("ALICE").account,
                                  .amount = {0, payment.amount},
                                  .kind = ledger::MintKind::Deposit,
                                  .core_ref_commit = {}}},
          {});
      break;
    case 2:  // what validators say to one another
      bytes = consensus::wire::encode(
          consensus::Suspect{.epoch = {}, .view = {1}, .reason = consensus::SuspectReason::Silent});
      break;
    case 3:  // a field that no operation has
      bytes.insert(bytes.begin(), {std::byte{0x7A}, std::byte{1}, std::byte{0}});
      break;
    default:  // any bit
      random_.pick(bytes) ^= static_cast<std::byte>(1U << random_.below(8));
  }
  give(node, std::move(bytes), Must::Refuse);
}

// Whichever is first, everywhere the same one is.
void FalseClients::two_under_one_id(std::size_t node) {
  DemoPayment payment = fresh();
  clients_.watch(payment, node);
  ++activations_[behaviour_];
  payment.amount += 1;
  payment.back = true;
  for (std::size_t other = 0; other < nodes_.size(); ++other) {
    if (other != node) give(other, signed_payment(setup_, payment));
  }
}

void FalseClients::the_same_again(std::size_t) {
  const auto known = clients_.any_answered(random_);
  if (!known) return;
  for (std::size_t other = 0; other < nodes_.size(); ++other) {
    for (int i = 0; i < 3; ++i) give(other, known->bytes);
  }
}

void FalseClients::flood(std::size_t node) {
  const bool is_signed = random_.chance(0.5);
  for (std::size_t i = 0; i < kFlood; ++i) {
    crypto::Bytes bytes = signed_payment(setup_, fresh());
    if (!is_signed) bytes.back() ^= std::byte{1};
    give(node, std::move(bytes), is_signed ? Must::Anything : Must::Refuse);
  }
}

// Just before, and after, the first one's time is over, where that was recorded.
void FalseClients::old_id(std::size_t node) {
  const auto known = clients_.any_answered(random_);
  if (!known || !known->is_recorded) return;
  DemoPayment payment = fresh();
  payment.id = known->id;
  payment.valid_until_ms =
      std::max(now_ms(), known->valid_until_ms) + random_.between(-kAroundMs, kAroundMs);
  give(node, signed_payment(setup_, payment));
}

}  // namespace giro::sim
