#include "node/ledger/audit.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "node/ledger/authority.h"
#include "node/ledger/invariants.h"
#include "node/ledger/query.h"

namespace giro::ledger {

namespace {

class Auditor {
 public:
  explicit Auditor(const StateView& state) : state_(state) {}

  std::optional<AuditFinding> run() {
    each<Token>(
        [this](ByteView key, const Token& token) { check_token_and_positions(key, token); });
    each<Account>([this](ByteView key, const Account& account) {
      require(account.status == AccountStatus::Open || account.open_items == 0, 11, key,
              "a closed account has open items");
    });
    check_duties();
    check_payments();
    each<Hold>([this](ByteView key, const Hold& hold) { check_hold(key, hold); });
    each<ValidatorSet>([this](ByteView key, const ValidatorSet& set) {
      require(is_safe(set), 20, key, "a validator set, or its change, is unsafe");
    });
    return finding_;
  }

 private:
  // The records under a prefix one after another. In pages, so that between two of them the state
  // may be read.
  template <class Record>
  class Cursor {
   public:
    Cursor(Auditor& auditor, Bytes prefix)
        : auditor_(auditor), end_(prefix_end(prefix)), from_(std::move(prefix)) {
      next();
    }
    [[nodiscard]] bool at_end() const { return at_ == page_.size(); }  // or there is a finding
    [[nodiscard]] ByteView key() const { return page_[at_].first; }
    [[nodiscard]] const Record& record() const { return record_; }
    void next() {
      if (!page_.empty()) ++at_;
      if (at_ == page_.size() && !is_last_) read_page();
      if (at_end()) return;
      auto decoded = decode_record<Record>(page_[at_].second);
      auditor_.require(decoded.has_value() && key().size() <= Key::kMax, 0, key(),
                       "cannot be decoded");
      if (auditor_.finding_) {
        at_ = page_.size();
        is_last_ = true;
      } else {
        record_ = *std::move(decoded);
      }
    }

   private:
    void read_page() {
      constexpr std::size_t kPage = 256;
      page_.clear();
      at_ = 0;
      auditor_.state_.scan(from_, end_, [this](ByteView key, ByteView value) {
        page_.emplace_back(Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end()));
        return page_.size() < kPage;
      });
      is_last_ = page_.size() < kPage;
      if (is_last_) return;
      from_ = page_.back().first;
      from_.push_back(std::byte{0});  // the next key there could be
    }

    Auditor& auditor_;
    const Bytes end_;
    Bytes from_;
    std::vector<std::pair<Bytes, Bytes>> page_;
    std::size_t at_ = 0;
    bool is_last_ = false;
    Record record_{};
  };

  template <class Record, class Visit>
  void each(const Visit& visit) {
    each_under<Record>(table_begin(Record::kTable), visit);
  }

  template <class Record, class Visit>
  void each_under(Bytes prefix, const Visit& visit) {
    if (finding_) return;
    for (Cursor<Record> at(*this, std::move(prefix)); !at.at_end() && !finding_; at.next())
      visit(at.key(), at.record());
  }

  // The keys of an institution stand together.
  void check_duties() {
    Operators operators;
    InstId institution = 0;
    each<InstitutionKey>([&](ByteView key, const InstitutionKey& record) {
      const InstId of = crypto::Reader(key.subspan(1)).u32();
      if (of != institution) operators = {};
      institution = of;
      if (record.status == KeyStatus::Active) operators.add(record.operator_id, record.roles);
      require(operators.keep_duties_apart(), 18, key, "an operator holds two separated roles");
    });
  }

  // A payment and its hold have the same key but for the table: both tables are read side by side,
  // where a look for each hold would take most of the time.
  void check_payments() {
    if (finding_) return;
    Cursor<Hold> holds(*this, table_begin(Hold::kTable));
    each<Payment>([&](ByteView key, const Payment& payment) {
      const auto is_before = [&](ByteView hold) {
        return std::ranges::lexicographical_compare(hold.subspan(1), key.subspan(1));
      };
      while (!holds.at_end() && is_before(holds.key())) holds.next();
      const bool is_own =
          !holds.at_end() && std::ranges::equal(holds.key().subspan(1), key.subspan(1));
      check_payment(key, payment, is_own ? &holds.record() : nullptr);
    });
  }

  void require(bool holds, std::uint8_t invariant, ByteView key, std::string_view what) {
    if (!holds && !finding_) finding_ = AuditFinding{invariant, {key.begin(), key.end()}, what};
  }

  struct Sums {
    Amount posted{}, held{}, frozen{}, internal{};
    std::uint64_t positions = 0;
  };

  void add(Amount& sum, Amount amount, ByteView key) {
    const auto next = checked_add(sum, amount);
    require(next.has_value(), 1, key, "the sum overflows");
    if (next) sum = *next;
  }

  void check_token_and_positions(ByteView key, const Token& token) {
    const TokenId id = crypto::Reader(key.subspan(1)).u32();
    if (const auto invariant = check_token(token))
      return require(false, *invariant, key, "running totals disagree");
    Sums sums;
    each_under<Position>(Key(Table::Position).u32(id).to_bytes(),
                         [&](ByteView at, const Position& position) {
                           check_position(at, token, id, position, sums);
                         });
    require(sums.posted == token.posted, 1, key, "posted is not the sum over the positions");
    require(sums.held == token.held, 4, key, "held is not the sum over the positions");
    require(sums.frozen == token.frozen, 4, key, "frozen is not the sum over the positions");
    require(sums.internal == token.internal, 4, key,
            "internal is not the sum over FEE and SUSPENSE");
    require(sums.positions == token.positions, 4, key, "the number of positions is wrong");
  }

  void check_position(ByteView key, const Token& token, TokenId id, const Position& position,
                      Sums& sums) {
    AccountId account;
    const ByteView bytes = key.subspan(5);
    if (bytes.size() != account.bytes.size()) return require(false, 0, key, "no position key");
    std::copy(bytes.begin(), bytes.end(), account.bytes.begin());
    const std::optional<Bytes> raw = state_.get(account_key(token.issuer, account));
    const auto holder = raw ? decode_record<Account>(*raw) : std::nullopt;
    if (!holder) return require(false, 0, key, "a position without an account");

    const bool is_internal =
        holder->kind == AccountKind::Fee || holder->kind == AccountKind::Suspense;
    add(sums.posted, position.posted, key);
    add(sums.held, position.held, key);
    add(sums.frozen, position.frozen, key);
    if (is_internal) add(sums.internal, position.posted, key);
    ++sums.positions;

    require(position.held <= position.posted, 4, key, "more is held than posted");
    const auto net = checked_subtract(position.cr_total, position.dr_total);
    require(net && *net == position.posted, 7, key, "posted is not credits less debits");
    require(position.entry_seq == position.dr_count + position.cr_count, 7, key,
            "entries are missing");
    require(token.token_class != TokenClass::Settlement || holder->kind != AccountKind::Customer,
            10, key, "a customer holds a settlement token");
    require(token.holder_policy != HolderPolicy::MemberBanksOnly ||
                holder->kind != AccountKind::Customer,
            11, key, "the holder policy is broken");
    require(holder->status == AccountStatus::Open || position.posted.is_zero(), 11, key,
            "a closed account has a balance");
    Amount held{};
    for (const HoldView& hold :
         query_holds(state_, id, account, std::numeric_limits<std::size_t>::max())) {
      require(hold.record.status == HoldStatus::Active, 4, key, "an ended hold is in the index");
      add(held, hold.record.amount, key);
    }
    require(held == position.held, 4, key, "held is not the sum of its active holds");
  }

  void check_payment(ByteView key, const Payment& payment, const Hold* hold) {
    const Key own = payment_key(payment.terms.payer_bank, payment.terms.uetr);
    require(std::ranges::equal(own.view(), key), 0, key, "it is stored as another payment");
    require(payment.returned <= payment.terms.amount, 13, key, "more was returned than paid");
    const auto total = checked_add(payment.terms.amount, payment.terms.payer_fee);
    const bool is_held = hold != nullptr && hold->kind == HoldKind::Payment &&
                         hold->status == HoldStatus::Active && total && hold->amount == *total;
    require(is_held == (payment.state == PaymentState::Pending), 14, key,
            "PENDING and its hold disagree");
  }

  void check_hold(ByteView key, const Hold& hold) {
    require(hold.captured <= hold.amount, 15, key, "more was captured than held");
    if (hold.status != HoldStatus::Active) return;
    crypto::Reader reader(key.subspan(1));
    const InstId creator = reader.u32();
    HoldId id;
    const ByteView bytes = reader.raw(id.bytes.size());
    if (!reader.at_end()) return require(false, 0, key, "no hold key");
    std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
    const Key row =
        hold_of_position_key(hold.token, hold.account, hold.created_height, creator, id);
    require(state_.get(row).has_value(), 4, key, "an active hold is not in the index");
  }

  const StateView& state_;
  std::optional<AuditFinding> finding_;
};

}  // namespace

std::optional<AuditFinding> audit(const StateView& state) {
  return Auditor(state).run();
}

}  // namespace giro::ledger
