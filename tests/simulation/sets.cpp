#include "tests/simulation/sets.h"

#include <algorithm>

#include "tests/simulation/layout.h"

namespace giro::sim {

using consensus::InstitutionId;
using consensus::Member;

Sets::Sets(const NetworkSetup& setup, Kind kind) : setup_(setup), kind_(kind) {
  Members& genesis = sets_[{}];
  for (std::size_t i = 0; i < setup.size(); ++i)
    genesis.push_back({setup.institution(i), setup.validator_key(i).public_key()});
}

const Members* Sets::of(consensus::Epoch epoch) const {
  const auto found = sets_.find(kind_ == Kind::Fixed ? consensus::Epoch{} : epoch);
  return found == sets_.end() ? nullptr : &found->second;
}

const Member* Sets::seat(consensus::Epoch epoch, std::uint64_t index) const {
  const Members* members = of(epoch);
  return members == nullptr || index >= members->size() ? nullptr : &(*members)[index];
}

const Member* Sets::seat_of(consensus::Epoch epoch, InstitutionId institution) const {
  const Members* members = of(epoch);
  if (members == nullptr) return nullptr;
  const auto found = std::ranges::find(*members, institution, &Member::institution);
  return found == members->end() ? nullptr : &*found;
}

std::set<SeatWish> Sets::difference(const Members& before, const Members& after) const {
  using ledger::SeatChange;
  std::set<SeatWish> changes;
  for (const Member& member : before) {
    const auto now = std::ranges::find(after, member.institution, &Member::institution);
    if (now == after.end())
      changes.insert({SeatChange::Remove, member.institution, {}});
    else if (now->key != member.key)
      changes.insert({SeatChange::Replace, member.institution, now->key});
  }
  for (const Member& member : after) {
    if (std::ranges::find(before, member.institution, &Member::institution) == before.end())
      changes.insert({SeatChange::Add, member.institution, member.key});
  }
  return changes;
}

std::optional<std::string> Sets::learn(const consensus::Header& last, const Members& members) {
  const consensus::Epoch next{last.epoch.value + 1};
  Layout named;
  named.text("giro/set/v1").raw(setup_.chain()).number(next.value).number(members.size());
  for (const Member& member : members) named.number(member.institution.value).raw(member.key);
  const std::string of_epoch = " of epoch " + std::to_string(next.value);
  if (named.hash() != last.next_set)
    return "the header names another set than the ledger's" + of_epoch;
  if (!std::ranges::is_sorted(members, {}, &Member::institution))
    return "members that are not in order" + of_epoch;
  if (const Members* known = of(next)) {
    if (*known != members) return "two sets" + of_epoch;
    return std::nullopt;
  }
  const Members* before = of(last.epoch);
  if (before == nullptr) return "a set without the one before" + of_epoch;
  const auto changes = difference(*before, members);
  if (changes.size() > (before->size() - 1) / 3 || members.size() < 4)
    return "too many changes at once, or too few members," + of_epoch;
  if (!std::ranges::includes(wishes_, changes))
    return "a change of seats that nobody proposed" + of_epoch;
  changes_ += changes.size();
  sets_.emplace(next, members);
  return std::nullopt;
}

}  // namespace giro::sim
