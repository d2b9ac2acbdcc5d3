// PARAM_SET (ledger 5.1, 13, protocol 14): the ledger's parameters at once, those of the network
// with the next epoch.
#include <algorithm>

#include "node/ledger/network_params.h"
#include "node/ledger/operations/governance.h"

namespace giro::ledger {

namespace {

// Replaces or inserts, ascending.
void put_param(std::vector<NetworkParam>& params, const NetworkParam& change) {
  const auto at = std::ranges::lower_bound(params, change.id, {}, &NetworkParam::id);
  if (at != params.end() && at->id == change.id) {
    at->value = change.value;
  } else {
    params.insert(at, change);
  }
}

// As they will be in the next epoch.
bool is_network_param_sound(const Params& params, const NetworkParamRule& rule,
                            std::uint64_t value) {
  if (rule.fixed_at_genesis) return false;
  std::vector<NetworkParam> next = params.network;
  for (const NetworkParam& change : params.network_next) put_param(next, change);
  put_param(next, {rule.id, value});
  return broken_network_param(next) == nullptr;
}

}  // namespace

Code check_form(const ParamSet&) {
  return Code::Ok;  // an unknown name is 806
}

Code check_change(Effects& effects, const ParamSet& action, bool) {
  bool is_sound = false;
  if (const LedgerParamRule* rule = find_ledger_param(action.name)) {
    Params next = effects.params;
    next.*rule->value = action.value;
    is_sound = broken_ledger_param(next) == nullptr;
  } else if (const NetworkParamRule* network = find_network_param(action.name)) {
    is_sound = is_network_param_sound(effects.params, *network, action.value);
  }
  return is_sound ? Code::Ok : Code::ParamOutOfRange;
}

void make_change(Effects& effects, const ParamSet& action, bool) {
  Params& params = effects.overlay.edit(*effects.overlay.find<Params>(params_key()));
  std::uint64_t from_epoch = 0;
  if (const LedgerParamRule* rule = find_ledger_param(action.name)) {
    params.*rule->value = action.value;
  } else if (const NetworkParamRule* network = find_network_param(action.name)) {
    put_param(params.network_next, {network->id, action.value});
    from_epoch = effects.epoch() + 1;
  }
  effects.emit(EventType::ParamChanged,
               ParamEvent{.name = action.name, .value = action.value, .from_epoch = from_epoch},
               {});
}

}  // namespace giro::ledger
