#include "node/ledger/effects.h"

#include <algorithm>

namespace giro::ledger {

void Effects::emit_encoded(EventType type, Bytes body, std::span<const InstId> scope) {
  Event& event = events.emplace_back();
  event.type = static_cast<std::uint16_t>(type);
  event.body = std::move(body);
  event.scope.reserve(scope.size());
  for (const InstId inst : scope) {
    if (inst != 0 && std::find(event.scope.begin(), event.scope.end(), inst) == event.scope.end()) {
      event.scope.push_back(inst);
    }
  }
  std::sort(event.scope.begin(), event.scope.end());
}

Effects::Mark Effects::mark() const {
  return {events.size(), flows, mandates, lines, balances_banks};
}

void Effects::rollback(Mark mark) {
  events.resize(mark.events);
  flows = std::move(mark.flows);
  mandates = std::move(mark.mandates);
  lines = mark.lines;
  balances_banks = mark.balances_banks;
}

TokenFlow& Effects::flow(TokenId token) {
  for (TokenFlow& each : flows) {
    if (each.token == token) return each;
  }
  return flows.emplace_back(TokenFlow{.token = token});
}

Mandate& Effects::mandate(TokenId token) {
  for (Mandate& each : mandates) {
    if (each.token == token) return each;
  }
  return mandates.emplace_back(Mandate{.token = token});
}

const Seizure* Effects::seizure_of(const Key& position) const {
  for (const Seizure& each : seizures) {
    if (each.position == position) return &each;
  }
  return nullptr;
}

AccountId Effects::fee_account(TokenId token) {
  for (const auto& [id, account] : fee_accounts) {
    if (id == token) return account;
  }
  return fee_accounts.emplace_back(token, internal_account(token, AccountKind::Fee)).second;
}

// Protocol R41; block 0 counts with epoch 0.
std::uint64_t Effects::epoch() const {
  return block.height == 0 || params.epoch_blocks == 0 ? 0
                                                       : (block.height - 1) / params.epoch_blocks;
}

}  // namespace giro::ledger
