#include "tests/simulation/consortium.h"

#include <algorithm>
#include <utility>

#include "crypto/check.h"
#include "node/ledger/encode.h"

namespace giro::sim {
namespace {

using ledger::SeatChange;

constexpr std::uint32_t kOpenForS = 30;
constexpr Time kTendEvery = 200 * kMillisecond;
constexpr Time kClockSlack = 10 * kSecond;  // block time is not the operators' clock

}  // namespace

const crypto::SecretKey& Consortium::governor(consensus::InstitutionId institution) const {
  return setup_.operator_key(setup_.names().at(*setup_.node_of(institution)),
                             ledger::Role::Governor);
}

void Consortium::propose(SeatChange change, std::size_t node) {
  const consensus::InstitutionId institution = setup_.institution(node);
  ledger::ValidatorSetAction action{
      .change = change, .institution = institution.value, .public_key = {}, .possession = {}};
  if (change != SeatChange::Remove) {
    // What was proposed before may have come about.
    const bool is_first =
        change == SeatChange::Add && !proposals_.contains(node) && node >= setup_.size();
    const std::size_t number = is_first ? 0 : setup_.make_key(node);
    if (!is_first) nodes_[node]->make_sign_state(number);
    const auto& key = setup_.validator_key(node, number);
    action.public_key = key.public_key();
    action.possession = key.sign(
        ledger::validator_key_sign_bytes(setup_.chain(), institution.value, key.public_key()));
  }
  const SeatWish wish{change, institution, action.public_key};
  sets_.propose(wish);
  const auto proposer = sets_.of(sets_.newest())->front().institution;
  const auto id = clients_.enter(
      proposer.value,
      ledger::GovPropose{.ttl_s = kOpenForS, .urgent = false, .validator_set = action},
      {&governor(proposer)}, kOpenForS * 1'000);
  // Ordered in its last moment, it is open for as long again.
  const Time over = scheduler_.now() + 2 * Time{kOpenForS} * kSecond + kClockSlack;
  proposals_.insert_or_assign(node, Proposal{wish, proposer.value, id, over, {}, false});
  if (!std::exchange(is_tending_, true)) tend();
}

void Consortium::tend() {
  for (auto& [node, proposal] : proposals_) {
    if (proposal.ended_in) continue;
    const auto* answer = clients_.answer(proposal.id);
    const bool has_failed = answer && answer->status != runtime::OperationStatus::Committed;
    const auto* now = sets_.seat_of(sets_.newest(), proposal.wish.institution);
    const bool is_known = proposal.wish.change == SeatChange::Remove
                              ? now == nullptr
                              : now != nullptr && now->key == proposal.wish.key;
    if (has_failed || is_known || scheduler_.now() > proposal.over) {
      proposal.ended_in = checkers_.epoch();
    } else if (answer && !proposal.has_votes) {
      vote(proposal);
    }
  }
  scheduler_.in(kTendEvery, [this] { tend(); });
}

// Once: an operation that is not ordered in time is one vote less.
void Consortium::vote(Proposal& proposal) {
  proposal.has_votes = true;
  for (const auto& member : *sets_.of(sets_.newest())) {
    if (member.institution.value == proposal.proposer) continue;
    clients_.enter(
        member.institution.value,
        ledger::GovVote{
            .proposer = proposal.proposer, .prop_id = {.bytes = proposal.id}, .yes = true},
        {&governor(member.institution)}, kOpenForS * 1'000);
  }
}

bool Consortium::is_settled(std::size_t node) const {
  const auto found = proposals_.find(node);
  return found == proposals_.end() ||
         (found->second.ended_in && *found->second.ended_in < checkers_.epoch());
}

std::size_t Consortium::open() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(proposals_, [](const auto& entry) { return !entry.second.ended_in; }));
}

std::size_t Consortium::least_seats() const {
  const auto removals = std::ranges::count_if(proposals_, [this](const auto& entry) {
    return entry.second.wish.change == SeatChange::Remove && !is_settled(entry.first) &&
           seat(entry.first) != nullptr;
  });
  return sets_.of(sets_.newest())->size() - static_cast<std::size_t>(removals);
}

const consensus::Member* Consortium::seat(std::size_t node) const {
  return sets_.seat_of(sets_.newest(), setup_.institution(node));
}

std::size_t Consortium::due_key(std::size_t node) const {
  for (std::uint64_t epoch = checkers_.epoch().value + 1; epoch-- > 0;) {
    const auto* seat = sets_.seat_of({epoch}, setup_.institution(node));
    if (seat == nullptr) continue;
    for (std::size_t number = 0; number < setup_.keys(node); ++number) {
      if (setup_.validator_key(node, number).public_key() == seat->key) return number;
    }
  }
  return 0;  // it never had one
}

}  // namespace giro::sim
