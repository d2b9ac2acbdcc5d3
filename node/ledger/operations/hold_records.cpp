#include "node/ledger/operations/hold_records.h"

#include <algorithm>

#include "node/ledger/operations/retention.h"

namespace giro::ledger {

Cell<Hold>* find_hold(Effects& effects, InstId creator, const HoldId& id) {
  Cell<Hold>* cell = effects.overlay.find<Hold>(hold_key(creator, id));
  if (cell == nullptr || is_past_retention(effects.params, cell->value, effects.block.time))
    return nullptr;
  return cell;
}

bool is_expired(const Hold& hold, TimeMs now) {
  return hold.status == HoldStatus::Expired ||
         (hold.status == HoldStatus::Active && hold.expires_at != TimeMs{} &&
          now >= hold.expires_at);
}

namespace {

HoldEvent event_of(const Cell<Hold>& cell) {
  const auto [creator, id] = owned_id_of(cell.key);
  const Hold& hold = cell.value;
  return {.creator = creator,
          .hold_id = id,
          .token = hold.token,
          .account = hold.account,
          .amount = hold.amount,
          .captured = hold.captured,
          .kind = hold.kind};
}

EventType event_type(HoldStatus status) {
  switch (status) {
    case HoldStatus::Active:
      return EventType::HoldCreated;
    case HoldStatus::Captured:
      return EventType::HoldCaptured;
    case HoldStatus::Released:
      return EventType::HoldReleased;
    case HoldStatus::Expired:
      return EventType::HoldExpired;
    case HoldStatus::Voided:
      return EventType::HoldVoided;
  }
  return EventType::HoldVoided;
}

void tell(Effects& effects, const Cell<Hold>& cell, const Party& debtor) {
  effects.emit(event_type(cell.value.status), event_of(cell),
               {debtor.servicer, debtor.account->value.owner, cell.value.captor});
}

// A payment's hold is not counted: the payment is (ledger 3).
void count_open_items(Overlay& overlay, const Hold& hold, const Party& debtor, bool opened) {
  if (hold.kind == HoldKind::Payment) return;
  change_open_items(overlay, debtor, opened);
  if (hold.kind != HoldKind::Escrow) return;
  const Party beneficiary = load_party(overlay, hold.token, hold.beneficiary);
  if (beneficiary.account != nullptr) change_open_items(overlay, beneficiary, opened);
}

bool has_own_deadline(const Hold& hold) {
  return hold.kind != HoldKind::Payment && hold.expires_at != TimeMs{};
}

Key index_key(const Cell<Hold>& cell) {
  const auto [creator, id] = owned_id_of(cell.key);
  const Hold& hold = cell.value;
  return hold_of_position_key(hold.token, hold.account, hold.created_height, creator, id);
}

}  // namespace

Party party_of(Overlay& overlay, const Hold& hold) {
  return load_party(overlay, hold.token, hold.account);
}

Code open_hold(Effects& effects, const Party& debtor, InstId creator, const HoldId& id,
               const Hold& values) {
  Overlay& overlay = effects.overlay;
  Position& position = overlay.edit(*debtor.position);
  Token& token = overlay.edit(*debtor.token);
  const auto held = checked_add(position.held, values.amount);
  const auto token_held = checked_add(token.held, values.amount);
  if (!held || !token_held) return Code::ArithmeticOverflow;
  position.held = *held;
  token.held = *token_held;
  position.last_height = effects.block.height;

  Cell<Hold>& cell = overlay.create<Hold>(hold_key(creator, id));
  Hold& hold = cell.value;
  hold = values;
  hold.status = HoldStatus::Active;
  hold.created_at = effects.block.time;
  hold.created_height = effects.block.height;
  overlay.rows().put(index_key(cell));
  if (has_own_deadline(hold))
    overlay.rows().put(deadline_key(hold.expires_at, DeadlineKind::Hold, cell.key));
  count_open_items(overlay, hold, debtor, true);
  tell(effects, cell, debtor);
  return Code::Ok;
}

Code end_hold(Effects& effects, Cell<Hold>& cell, HoldStatus status, Amount captured) {
  Overlay& overlay = effects.overlay;
  const Party debtor = party_of(overlay, cell.value);
  if (cell.value.status != HoldStatus::Active || debtor.position == nullptr)
    return Code::InvariantViolation;
  Position& position = overlay.edit(*debtor.position);
  Token& token = overlay.edit(*debtor.token);
  const auto held = checked_subtract(position.held, cell.value.amount);
  const auto token_held = checked_subtract(token.held, cell.value.amount);
  if (!held || !token_held) return Code::InvariantViolation;
  position.held = *held;
  token.held = *token_held;
  position.last_height = effects.block.height;

  overlay.rows().erase(index_key(cell));
  if (has_own_deadline(cell.value))
    overlay.rows().erase(deadline_key(cell.value.expires_at, DeadlineKind::Hold, cell.key));
  Hold& hold = overlay.edit(cell);
  hold.status = status;
  hold.captured = captured;
  hold.ended_at = effects.block.time;
  keep_for_retention(effects, RetentionKind::Hold, cell.key,
                     add_ms(hold.ended_at, effects.params.payment_retention_ms));
  count_open_items(overlay, hold, debtor, false);
  tell(effects, cell, debtor);
  return Code::Ok;
}

std::vector<Cell<Hold>*> active_holds(Overlay& overlay, TokenId token, const AccountId& account,
                                      std::size_t most) {
  const Key prefix = Key(Table::HoldOfPosition).u32(token).raw(account);
  std::vector<Key> added;
  std::size_t erased = 0;
  overlay.rows().each(Table::HoldOfPosition, prefix, [&](const Key& row, bool put) {
    if (put) {
      added.push_back(row);
    } else {
      ++erased;
    }
  });
  // Of the state's rows some ended in this block; what this block added is younger than all of
  // them.
  std::vector<Bytes> rows;
  overlay.state().scan(prefix, prefix_end(prefix), [&](ByteView key, ByteView) {
    rows.emplace_back(key.begin(), key.end());
    return rows.size() < most + erased;
  });
  std::sort(added.begin(), added.end());
  for (const Key& row : added) rows.push_back(row.to_bytes());

  std::vector<Cell<Hold>*> holds;
  const std::size_t hold_at = prefix.size() + 8;  // after the height
  for (const Bytes& row : rows) {
    if (holds.size() == most || row.size() <= hold_at) break;
    Cell<Hold>* hold = overlay.find<Hold>(Key(Table::Hold).raw(ByteView(row).subspan(hold_at)));
    if (hold != nullptr && hold->value.status == HoldStatus::Active) holds.push_back(hold);
  }
  return holds;
}

void change_open_items(Overlay& overlay, const Party& party, bool opened) {
  std::uint64_t& items = overlay.edit(*party.account).open_items;
  if (opened) {
    ++items;
  } else if (items > 0) {
    --items;
  }
}

}  // namespace giro::ledger
