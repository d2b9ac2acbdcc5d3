// DENY_SET (ledger 5.3): whom an institution pays and is paid by. A suspended one may.
#include <algorithm>
#include <limits>

#include "node/ledger/operations/account_checks.h"
#include "node/ledger/operations/parties.h"

namespace giro::ledger {

namespace {

Key deny_key_of(InstId list, const DenyEntry& entry) {
  switch (entry.kind) {
    case DenySubject::Account:
      return deny_account_key(list, entry.institution, entry.account);
    case DenySubject::Institution:
      return deny_institution_key(list, entry.institution);
    case DenySubject::Country:
      break;
  }
  return deny_country_key(list, entry.country);
}

// Has what its kind needs, and nothing else.
bool is_entry_sound(const DenyEntry& entry) {
  const bool is_account = entry.kind == DenySubject::Account;
  const bool is_of_country = entry.kind == DenySubject::Country;
  return (entry.institution != 0) == !is_of_country &&
         (entry.account != AccountId{}) == is_account &&
         (is_of_country ? is_country(entry.country) : entry.country.is_absent());
}

bool ascends_by_key(const std::vector<DenyEntry>& entries) {
  return std::ranges::adjacent_find(entries, [](const DenyEntry& a, const DenyEntry& b) {
           return deny_key_of(0, a) >= deny_key_of(0, b);
         }) == entries.end();
}

bool is_in_both(const DenySet& action) {
  return std::ranges::any_of(action.remove, [&action](const DenyEntry& gone) {
    return std::ranges::any_of(action.add, [&gone](const DenyEntry& come) {
      return deny_key_of(0, gone) == deny_key_of(0, come);
    });
  });
}

}  // namespace

Code check(const Operation&, const DenySet& action) {
  const bool is_sound = std::ranges::all_of(action.add, is_entry_sound) &&
                        std::ranges::all_of(action.remove, [](const DenyEntry& entry) {
                          return is_entry_sound(entry) && entry.reason_class == 0;
                        });
  const bool ascends = ascends_by_key(action.add) && ascends_by_key(action.remove);
  const Code code =
      Lowest()
          .when(!is_sound || (action.add.empty() && action.remove.empty()), Code::Malformed)
          .when(!ascends, Code::NonCanonicalEncoding)
          .when(action.add.size() + action.remove.size() > kDenyEntriesMax, Code::TooManyItems)
          .code();
  if (code != Code::Ok) return code;
  return is_in_both(action) ? Code::Malformed : Code::Ok;  // few enough to look at each pair
}

Code require(Run& run, const DenySet& action) {
  run.requirements.add(run.actor(), Role::Compliance, action.remove.empty() ? 1 : 2);
  return Code::Ok;
}

// What is on the list already has its class renewed; what is not on it need not be removed.
Verdict run(Run& run, const DenySet& action) {
  Overlay& overlay = run.overlay();
  std::uint64_t entries = find_institution(overlay, run.actor())->deny_entries;
  for (const DenyEntry& entry : action.add) {
    const Key key = deny_key_of(run.actor(), entry);
    if (overlay.find<Deny>(key) == nullptr) ++entries;
    overlay.create<Deny>(key).value = {.reason_class = entry.reason_class,
                                       .height = run.effects.block.height};
  }
  for (const DenyEntry& entry : action.remove) {
    Cell<Deny>* known = overlay.find<Deny>(deny_key_of(run.actor(), entry));
    if (known == nullptr) continue;
    overlay.erase(*known);
    entries -= entries == 0 ? 0 : 1;
  }
  if (entries > std::numeric_limits<std::uint32_t>::max()) return Code::ArithmeticOverflow;
  Institution& institution = overlay.edit(*overlay.find<Institution>(institution_key(run.actor())));
  institution.deny_entries = static_cast<std::uint32_t>(entries);
  run.effects.emit(EventType::DenyListChanged,
                   DenyListEvent{.institution = run.actor(), .entries = institution.deny_entries},
                   {run.actor()});
  return Code::Ok;
}

}  // namespace giro::ledger
