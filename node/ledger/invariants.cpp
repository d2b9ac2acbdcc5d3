#include "node/ledger/invariants.h"

#include <algorithm>

#include "node/ledger/authority.h"
#include "node/ledger/operations/parties.h"

namespace giro::ledger {

namespace {

// A difference without a sign bit: what went up and what went down. Overflow leaves `sound` false.
struct Change {
  Amount up{};
  Amount down{};
  bool sound = true;

  void add(Amount before, Amount after) {
    Amount& side = after >= before ? up : down;
    const auto delta =
        after >= before ? checked_subtract(after, before) : checked_subtract(before, after);
    const auto sum = checked_add(side, *delta);
    if (sum) side = *sum;
    sound = sound && sum.has_value();
  }
  [[nodiscard]] bool equals(const Change& other) const {
    const auto left = checked_add(up, other.down);
    const auto right = checked_add(down, other.up);
    return sound && other.sound && left && right && *left == *right;
  }
  [[nodiscard]] bool is_nothing() const { return sound && up == down; }
};

// What the positions of one token changed by, to be compared with what the token's totals changed
// by.
struct TokenChange {
  TokenId id{};
  Change posted, held, frozen;
};

template <class Of>
Of& entry_of(std::vector<Of>& all, std::uint32_t id) {
  const auto at =
      std::find_if(all.begin(), all.end(), [id](const Of& each) { return each.id == id; });
  if (at != all.end()) return *at;
  Of& fresh = all.emplace_back();
  fresh.id = id;
  return fresh;
}

bool has_never_fallen(const Position& before, const Position& after) {
  return after.dr_total >= before.dr_total && after.cr_total >= before.cr_total &&
         after.dr_count >= before.dr_count && after.cr_count >= before.cr_count &&
         after.entry_seq >= before.entry_seq;
}

Amount active_amount(const Hold& hold, bool exists) {
  return exists && hold.status == HoldStatus::Active ? hold.amount : Amount{};
}

class Checker {
 public:
  explicit Checker(const Effects& effects, const Overlay::Savepoint& savepoint)
      : effects_(effects), savepoint_(savepoint) {}

  std::optional<Violation> check() {
    check_flows();
    each<Position>([this](const Cell<Position>& cell, const Position& before, bool) {
      check_position(cell, before);
    });
    each<Account>([this](const Cell<Account>& cell, const Account&, bool) { check_account(cell); });
    each<Hold>([this](const Cell<Hold>& cell, const Hold& before, bool existed) {
      check_hold(cell, before, existed);
    });
    check_held_positions();
    each<Token>([this](const Cell<Token>& cell, const Token& before, bool) {
      check_token_change(cell, before);
    });
    check_unchanged_tokens();
    each<Payment>([this](const Cell<Payment>& cell, const Payment& before, bool existed) {
      check_payment(cell, before, existed);
    });
    each<RolePolicy>(
        [this](const Cell<RolePolicy>& cell, const RolePolicy&, bool) { check_duties(cell); });
    require(returned_.is_nothing(), 13, {});
    check_banks();
    each<ValidatorSet>([this](const Cell<ValidatorSet>& cell, const ValidatorSet&, bool) {
      require(is_safe(cell.value), 20, cell.key);
    });
    return violation_;
  }

 private:
  template <class Record, class Visit>
  void each(const Visit& visit) {
    effects_.overlay.changed_since<Record>(savepoint_, visit);
  }
  void require(bool holds, std::uint8_t invariant, const Key& record) {
    if (!holds && !violation_) violation_ = Violation{invariant, record};
  }

  // Of an operation whose cross-bank payments or returns are all that it does: for each institution
  // the change of its holdings less that of what it owes is its fee income. Money in SUSPENSE and
  // LEGAL_CUSTODY is owed to somebody.
  void check_banks() {  // I9
    if (!effects_.balances_banks) return;
    struct Sides {
      InstId id{};
      Change gained, explained;
    };
    std::vector<Sides> banks;
    each<Position>([&](const Cell<Position>& cell, const Position& before, bool) {
      const Party party = load_party(effects_.overlay, token_of(cell.key), account_of(cell.key));
      if (party.account == nullptr) return require(false, 9, cell.key);
      const Amount was = before.posted, is = cell.value.posted;
      const AccountKind kind = party.kind();
      if (kind == AccountKind::Nostro)
        entry_of(banks, party.account->value.owner).gained.add(was, is);
      Sides& issuer = entry_of(banks, party.servicer);
      if (kind == AccountKind::Fee) {
        issuer.explained.add(was, is);
      } else {
        issuer.gained.add(is, was);
      }
    });
    for (const Sides& bank : banks)
      require(bank.gained.equals(bank.explained), 9, institution_key(bank.id));
  }

  void check_flows() {  // I2
    for (const TokenFlow& flow : effects_.flows) {
      require(flow.debits == flow.credits, 2, token_key(flow.token));
    }
  }

  void check_position(const Cell<Position>& cell, const Position& before) {
    const Position& after = cell.value;
    require(after.held <= after.posted, 4, cell.key);
    check_debit(cell, before);
    const auto net = checked_subtract(after.cr_total, after.dr_total);
    require(net && *net == after.posted, 7, cell.key);
    require(has_never_fallen(before, after), 7, cell.key);
    check_holder(cell);

    TokenChange& change = entry_of(tokens_, token_of(cell.key));
    change.posted.add(before.posted, after.posted);
    change.held.add(before.held, after.held);
    change.frozen.add(before.frozen, after.frozen);
    if (before.held != after.held) held_.push_back({cell.key, {}});
    if (before.held != after.held) held_.back().change.add(before.held, after.held);
  }

  // I11
  void check_holder(const Cell<Position>& cell) {
    Overlay& overlay = effects_.overlay;
    const Cell<Token>* token = overlay.find<Token>(token_key(token_of(cell.key)));
    if (token == nullptr) return;
    const Cell<Account>* holder =
        overlay.find<Account>(account_key(token->value.issuer, account_of(cell.key)));
    if (holder == nullptr) return;
    const Account& account = holder->value;
    const bool may_hold = account.status == AccountStatus::Open &&
                          (token->value.holder_policy != HolderPolicy::MemberBanksOnly ||
                           account.kind != AccountKind::Customer);
    require(cell.value.posted.is_zero() || may_hold, 11, cell.key);
  }

  void check_account(const Cell<Account>& cell) {  // I11
    const Account& account = cell.value;
    require(account.status == AccountStatus::Open || account.open_items == 0, 11, cell.key);
  }

  // What was available, came in or was taken out of hold by the same operation may leave; and none
  // of it while DEBIT is blocked. Only what `seizures` name is free of that.
  void check_debit(const Cell<Position>& cell, const Position& before) {  // I5, I19
    const Position& after = cell.value;
    const Amount debited = subtract_or_zero(after.dr_total, before.dr_total);
    if (debited.is_zero()) return;
    const Seizure* seizure = effects_.seizure_of(cell.key);
    const Amount credited = subtract_or_zero(after.cr_total, before.cr_total);
    const Amount unheld = subtract_or_zero(before.held, after.held);
    const auto gained = checked_add(credited, unheld);
    const auto most = gained ? checked_add(before.available(), *gained) : std::nullopt;
    require((most && debited <= *most) || (seizure != nullptr && seizure->beyond_available), 5,
            cell.key);
    if (seizure != nullptr) return;
    const Party party = load_party(effects_.overlay, token_of(cell.key), account_of(cell.key));
    require(party.account != nullptr && (party.account->value.blocks & kBlockDebit) == 0, 19,
            cell.key);
  }

  void check_hold(const Cell<Hold>& cell, const Hold& before, bool existed) {
    const Hold& after = cell.value;
    const bool had_ended = existed && before.status != HoldStatus::Active && cell.exists;
    require(!had_ended || before.status == after.status, 15, cell.key);
    require(after.captured <= after.amount, 15, cell.key);
    if (cell.exists && after.kind == HoldKind::Payment) {  // I14, from the hold's side
      const auto [bank, uetr] = owned_id_of(cell.key);
      const Cell<Payment>* payment = effects_.overlay.find<Payment>(payment_key(bank, uetr));
      const bool waits = payment != nullptr && payment->value.state == PaymentState::Pending;
      require(waits == (after.status == HoldStatus::Active), 14, cell.key);
    }
    const Hold& named = cell.exists ? after : before;
    HeldChange& change = held_change(position_key(named.token, named.account));
    // The holds' change is subtracted from the position's: what is left must be nothing.
    change.change.add(active_amount(after, cell.exists), active_amount(before, existed));
  }

  void check_held_positions() {  // I4
    for (const HeldChange& each : held_) require(each.change.is_nothing(), 4, each.position);
  }

  void check_token_change(const Cell<Token>& cell, const Token& before) {
    const Token& after = cell.value;
    const TokenId token = token_of(cell.key);
    TokenChange& positions = entry_of(tokens_, token);
    Change posted, held, frozen;
    posted.add(before.posted, after.posted);
    held.add(before.held, after.held);
    frozen.add(before.frozen, after.frozen);
    require(posted.equals(positions.posted), 1, cell.key);
    require(held.equals(positions.held) && frozen.equals(positions.frozen), 4, cell.key);
    require(after.internal <= after.posted, 4, cell.key);
    positions = {.id = token, .posted = {}, .held = {}, .frozen = {}};

    require(after.issued >= before.issued && after.redeemed >= before.redeemed, 7, cell.key);
    const auto mandate = std::find_if(effects_.mandates.begin(), effects_.mandates.end(),
                                      [token](const Mandate& each) { return each.token == token; });
    const bool may_mint = mandate != effects_.mandates.end() && mandate->mint;
    const bool may_burn = mandate != effects_.mandates.end() && mandate->burn;
    require(after.issued == before.issued || may_mint, 8, cell.key);
    require(after.redeemed == before.redeemed || may_burn, 8, cell.key);
    const Amount outstanding = subtract_or_zero(after.issued, after.redeemed);
    const bool rose = outstanding > subtract_or_zero(before.issued, before.redeemed);
    require(!rose || outstanding <= after.issuance_cap, 6, cell.key);
  }

  // Positions that moved while their token's record did not.
  void check_unchanged_tokens() {
    for (const TokenChange& each : tokens_) {
      const Key key = token_key(each.id);
      require(each.posted.is_nothing(), 1, key);
      require(each.held.is_nothing() && each.frozen.is_nothing(), 4, key);
    }
  }

  void check_duties(const Cell<RolePolicy>& cell) {  // I18
    Operators operators;
    add_holders(effects_.overlay, crypto::Reader(cell.key.view().subspan(1)).u32(), std::nullopt,
                operators);
    require(operators.keep_duties_apart(), 18, cell.key);
  }

  void check_payment(const Cell<Payment>& cell, const Payment& before, bool existed) {
    const Payment& after = cell.value;
    const bool is_same = existed && cell.exists && before.created_at == after.created_at;
    const bool was_final =
        is_same && before.state != PaymentState::Pending && before.state != PaymentState::Settled;
    require(!was_final || before.state == after.state, 12, cell.key);
    check_return(cell, is_same ? before : Payment{});
    const bool was_settled = is_same && before.settled_at != TimeMs{};
    if (after.settled_at != TimeMs{} && !was_settled) check_parties(cell);
    if (!cell.exists || !(after.has_hold || (existed && before.has_hold))) return;
    const Cell<Hold>* hold =
        effects_.overlay.find<Hold>(hold_key(after.terms.payer_bank, after.terms.uetr));
    const auto total = checked_add(after.terms.amount, after.terms.payer_fee);
    const bool is_held = hold != nullptr && hold->value.status == HoldStatus::Active &&
                         hold->value.kind == HoldKind::Payment && total &&
                         hold->value.amount == *total;
    require(is_held == (after.state == PaymentState::Pending), 14, cell.key);
  }

  // What the originals gained in `returned` is what their RETURNs of this operation brought.
  void check_return(const Cell<Payment>& cell, const Payment& before) {  // I13
    const Payment& after = cell.value;
    require(after.returned <= after.terms.amount && after.returned >= before.returned, 13,
            cell.key);
    returned_.add(before.returned, after.returned);
    const bool is_new = after.settled_at != TimeMs{} && before.settled_at == TimeMs{};
    if (after.kind == PaymentKind::Return && is_new) returned_.add(after.terms.amount, Amount{});
  }

  void check_parties(const Cell<Payment>& cell) {  // I19
    const PaymentTerms& terms = cell.value.terms;
    Overlay& overlay = effects_.overlay;
    const Party debtor = load_party(overlay, terms.token_from, terms.payer_account);
    const Party creditor = load_party(overlay, terms.token_to, terms.payee_account);
    require(debtor.account != nullptr && creditor.account != nullptr &&
                !is_denied(overlay, terms, debtor, creditor),
            19, cell.key);
  }

  struct HeldChange {
    Key position;
    Change change;
  };
  HeldChange& held_change(const Key& position) {
    const auto at = std::find_if(held_.begin(), held_.end(), [&position](const HeldChange& each) {
      return each.position == position;
    });
    return at != held_.end() ? *at : held_.emplace_back(HeldChange{position, {}});
  }

  const Effects& effects_;
  const Overlay::Savepoint& savepoint_;
  std::vector<TokenChange> tokens_;
  std::vector<HeldChange> held_;
  Change returned_;
  std::optional<Violation> violation_;
};

}  // namespace

std::optional<Violation> check_operation(const Effects& effects,
                                         const Overlay::Savepoint& savepoint) {
  return Checker(effects, savepoint).check();
}

bool is_safe(const ValidatorSet& set) {
  const std::size_t faults = set.members.empty() ? 0 : (set.members.size() - 1) / 3;
  const bool has_next = !set.next.empty();
  return set.members.size() >= kValidatorsMin && set.changes <= faults &&
         has_next == (set.changes > 0) && (!has_next || set.next.size() >= kValidatorsMin);
}

std::optional<std::uint8_t> check_token(const Token& token) {
  const auto outstanding = checked_subtract(token.issued, token.redeemed);
  if (!outstanding || token.posted != *outstanding) return std::uint8_t{1};
  if (token.held > token.posted || token.internal > token.posted) return std::uint8_t{4};
  if (*outstanding > token.issuance_cap) return std::uint8_t{6};
  return std::nullopt;
}

}  // namespace giro::ledger
