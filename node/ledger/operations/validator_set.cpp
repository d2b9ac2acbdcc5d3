// VALIDATOR_SET (ledger 5.1, protocol R41, R43): seats of the next epoch.
#include <algorithm>

#include "crypto/keys.h"
#include "node/ledger/operations/governance.h"
#include "node/ledger/operations/parties.h"

namespace giro::ledger {

namespace {

Cell<ValidatorSet>* present_set(Effects& effects) {
  return effects.overlay.find<ValidatorSet>(validator_set_key(effects.epoch()));
}

// The members of the next epoch as they stand.
const std::vector<Validator>& pending_members(const ValidatorSet& set) {
  return set.next.empty() ? set.members : set.next;
}

bool has_seat(const std::vector<Validator>& members, InstId institution) {
  return std::ranges::find(members, institution, &Validator::institution) != members.end();
}

bool is_unsafe(Effects& effects, const Institution& institution, const ValidatorSet& set,
               const ValidatorSetAction& action) {
  const std::vector<Validator>& members = pending_members(set);
  if (set.changes + 1 > (set.members.size() - 1) / 3) return true;
  const bool is_seated = has_seat(members, action.institution);
  switch (action.change) {
    case SeatChange::Add:
      if (is_seated || members.size() >= kValidatorsMax) return true;
      if (institution.status != InstitutionStatus::Active) return true;
      break;
    case SeatChange::Remove:
      return !is_seated || members.size() <= kValidatorsMin;
    case SeatChange::Replace:
      if (!is_seated) return true;
      break;
  }
  return effects.overlay.find<UsedValidatorKey>(used_validator_key_key(action.public_key)) !=
         nullptr;
}

}  // namespace

// The possession signature is checked with those of the envelope (step 2).
Code check_form(const ValidatorSetAction& action) {
  if (action.institution == 0) return Code::Malformed;
  const bool has_key = action.public_key != PublicKey{} || action.possession != crypto::Signature{};
  if (action.change == SeatChange::Remove) return has_key ? Code::Malformed : Code::Ok;
  return crypto::is_valid_point(action.public_key) ? Code::Ok : Code::Malformed;
}

Code check_change(Effects& effects, const ValidatorSetAction& action, bool) {
  const Institution* institution = find_institution(effects.overlay, action.institution);
  if (institution == nullptr) return Code::InstitutionNotFound;
  const Cell<ValidatorSet>* set = present_set(effects);
  if (set == nullptr || set->value.members.empty()) return Code::UnsafeChange;
  return is_unsafe(effects, *institution, set->value, action) ? Code::UnsafeChange : Code::Ok;
}

void make_change(Effects& effects, const ValidatorSetAction& action, bool) {
  ValidatorSet& set = effects.overlay.edit(*present_set(effects));
  std::vector<Validator> members = pending_members(set);
  const auto seat =
      std::ranges::lower_bound(members, action.institution, {}, &Validator::institution);
  Institution& institution =
      effects.overlay.edit(*effects.overlay.find<Institution>(institution_key(action.institution)));
  switch (action.change) {
    case SeatChange::Add:
      members.insert(seat, Validator{action.institution, action.public_key});
      institution.observer_key = {};
      break;
    case SeatChange::Remove:
      institution.observer_key = seat->key;
      members.erase(seat);
      break;
    case SeatChange::Replace:
      seat->key = action.public_key;
      break;
  }
  if (action.change != SeatChange::Remove) {
    const Key used = used_validator_key_key(action.public_key);
    effects.overlay.create<UsedValidatorKey>(used).value.institution = action.institution;
  }
  set.next = std::move(members);
  ++set.changes;
  effects.emit(EventType::ValidatorSetChanged,
               ValidatorSetEvent{.epoch = effects.epoch() + 1, .members = set.next}, {});
}

}  // namespace giro::ledger
