// INST_ADD, INST_STATUS and INST_KEYS (ledger 5.1): who takes part, by vote.
#include <algorithm>

#include "node/ledger/operations/governance.h"
#include "node/ledger/operations/parties.h"
#include "node/ledger/operations/roles.h"

namespace giro::ledger {

// ---- INST_ADD ----

Code check_form(const InstAdd& action) {
  return Lowest()
      .when(!is_institution_name(action.name) || !is_country(action.country), Code::Malformed)
      .also(check_form(action.admin))
      .when(!is_valid_lei(action.lei) || !is_valid_bic(action.bic), Code::BadLeiOrBic)
      .code();
}

Code check_change(Effects& effects, const InstAdd& action, bool) {
  Overlay& overlay = effects.overlay;
  const InstId next = overlay.find<Meta>(meta_key())->value.next_institution;
  const bool is_used = overlay.find<LeiOrName>(name_key(action.name)) != nullptr ||
                       overlay.find<LeiOrName>(lei_key(action.lei)) != nullptr;
  return Lowest()
      .also(check_policy(overlay, next, Role::Admin, action.admin))
      .when(is_used, Code::IdInUse)
      .code();
}

void make_change(Effects& effects, const InstAdd& action, bool) {
  Overlay& overlay = effects.overlay;
  const InstId id = overlay.edit(*overlay.find<Meta>(meta_key())).next_institution++;
  Institution& institution = overlay.create<Institution>(institution_key(id)).value;
  institution.name = action.name;
  institution.kind = action.kind;
  institution.lei = action.lei;
  institution.bic = action.bic;
  institution.country = action.country;
  for (const Key& key : {name_key(action.name), lei_key(action.lei)})
    overlay.create<LeiOrName>(key).value.institution = id;
  effects.emit(EventType::InstitutionAdded,
               InstitutionEvent{.institution = id, .values = institution}, {});
  set_policy(effects, id, Role::Admin, action.admin);
}

// ---- INST_STATUS ----

namespace {

constexpr std::size_t kVotersMin = 3;

struct StatusChange {
  InstitutionStatus from;
  InstitutionStatus to;
};
constexpr StatusChange kStatusChanges[] = {
    {InstitutionStatus::Active, InstitutionStatus::Suspended},
    {InstitutionStatus::Active, InstitutionStatus::Exiting},
    {InstitutionStatus::Suspended, InstitutionStatus::Active},
    {InstitutionStatus::Suspended, InstitutionStatus::Exiting},
    {InstitutionStatus::Exiting, InstitutionStatus::Active},
    {InstitutionStatus::Exiting, InstitutionStatus::Exited},
};

bool may_become(const Institution& institution, InstitutionStatus to, bool urgent) {
  // An urgent suspension is made to last.
  if (institution.status == InstitutionStatus::Suspended && to == InstitutionStatus::Suspended)
    return institution.suspended_until != TimeMs{} && !urgent;
  return std::ranges::any_of(kStatusChanges, [&](const StatusChange& each) {
    return each.from == institution.status && each.to == to;
  });
}

bool leaves_enough_voters(Effects& effects, InstId gone) {
  if (!is_voter(effects, gone)) return true;
  const Cell<ValidatorSet>* set =
      effects.overlay.find<ValidatorSet>(validator_set_key(effects.epoch()));
  const auto voters = std::ranges::count_if(
      set->value.members,
      [&effects](const Validator& member) { return is_voter(effects, member.institution); });
  return static_cast<std::size_t>(voters) > kVotersMin;
}

bool has_seat_in(const std::vector<Validator>& members, InstId institution) {
  return std::ranges::find(members, institution, &Validator::institution) != members.end();
}

// No seat, present or to come, and nothing that anybody could claim of it.
bool may_exit(Effects& effects, InstId institution) {
  Overlay& overlay = effects.overlay;
  const Cell<ValidatorSet>* set = overlay.find<ValidatorSet>(validator_set_key(effects.epoch()));
  if (set == nullptr || has_seat_in(set->value.members, institution) ||
      has_seat_in(set->value.next, institution)) {
    return false;
  }
  const TokenId next = overlay.find<Meta>(meta_key())->value.next_token;
  for (TokenId id = 1; id < next; ++id) {
    const Cell<Token>* token = overlay.find<Token>(token_key(id));
    if (token != nullptr && token->value.issuer == institution &&
        token->value.issued != token->value.redeemed) {
      return false;
    }
  }
  return true;
}

Key lapse_of(InstId id, TimeMs at) {
  return deadline_key(at, DeadlineKind::Suspension, institution_key(id));
}

// `until` 0: for as long as it takes.
void change_status(Effects& effects, InstId id, InstitutionStatus status, TimeMs until) {
  Institution& institution =
      effects.overlay.edit(*effects.overlay.find<Institution>(institution_key(id)));
  if (institution.suspended_until != TimeMs{})
    effects.overlay.rows().erase(lapse_of(id, institution.suspended_until));
  if (until != TimeMs{}) effects.overlay.rows().put(lapse_of(id, until));
  institution.status = status;
  institution.suspended_until = until;
  effects.emit(EventType::InstitutionStatusChanged,
               InstitutionEvent{.institution = id, .values = institution}, {});
}

bool has_lapsed(const Institution& institution, TimeMs now) {
  return institution.suspended_until != TimeMs{} && institution.suspended_until <= now;
}

}  // namespace

Code check_form(const InstStatus& action) {
  return action.institution == 0 ? Code::Malformed : Code::Ok;
}

Code check_change(Effects& effects, const InstStatus& action, bool urgent) {
  const Institution* institution = find_institution(effects.overlay, action.institution);
  if (institution == nullptr) return Code::InstitutionNotFound;
  const bool is_safe_change =
      may_become(*institution, action.status, urgent) &&
      leaves_enough_voters(effects, action.institution) &&
      (action.status != InstitutionStatus::Exited || may_exit(effects, action.institution));
  return is_safe_change ? Code::Ok : Code::UnsafeChange;
}

void make_change(Effects& effects, const InstStatus& action, bool urgent) {
  const TimeMs until =
      urgent ? add_ms(effects.block.time, effects.params.urgent_suspension_ms) : TimeMs{};
  change_status(effects, action.institution, action.status, until);
}

Code run_suspension_deadline(Effects& effects, ByteView subject) {
  if (subject.size() != sizeof(InstId)) return Code::InvariantViolation;
  const InstId id = crypto::Reader(subject).u32();
  const Institution* institution = find_institution(effects.overlay, id);
  if (institution == nullptr || !has_lapsed(*institution, effects.block.time))
    return Code::InvariantViolation;
  change_status(effects, id, InstitutionStatus::Active, {});
  return Code::Ok;
}

void lapse_suspensions(Effects& effects) {
  const InstId next = effects.overlay.find<Meta>(meta_key())->value.next_institution;
  for (InstId id = 1; id < next; ++id) {
    const Institution* institution = find_institution(effects.overlay, id);
    if (institution != nullptr && has_lapsed(*institution, effects.block.time))
      change_status(effects, id, InstitutionStatus::Active, {});
  }
}

// ---- INST_KEYS ----

Code check_form(const InstKeys& action) {
  return Lowest()
      .when(action.institution == 0, Code::Malformed)
      .also(check_form(action.admin))
      .code();
}

Code check_change(Effects& effects, const InstKeys& action, bool) {
  if (find_institution(effects.overlay, action.institution) == nullptr)
    return Code::InstitutionNotFound;
  return check_policy(effects.overlay, action.institution, Role::Admin, action.admin);
}

void make_change(Effects& effects, const InstKeys& action, bool) {
  set_policy(effects, action.institution, Role::Admin, action.admin);
}

}  // namespace giro::ledger
