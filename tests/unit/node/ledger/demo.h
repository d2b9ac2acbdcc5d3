// The demo genesis of ledger 14 with keys made from names, and a world to run blocks in. Every
// block runs three times, with a warm, an empty and a tiny cache, and must give the same bytes;
// after it the whole state is audited.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "node/ledger/encode.h"
#include "node/ledger/genesis.h"
#include "node/ledger/ledger.h"
#include "node/ledger/query.h"

namespace giro::ledger::demo {

inline constexpr InstId kA = 1, kB = 2, kC = 3, kD = 4, kS = 5;
inline constexpr TokenId kAUsd = 1, kAEur = 2, kBUsd = 3, kBEur = 4, kCEur = 5, kDUsd = 6,
                         kSUsd = 7, kSEur = 8;
inline constexpr TimeMs kGenesisTime{1'790'000'000'000};

[[nodiscard]] AccountId account_id(std::string_view name);  // any 16 bytes, by name
[[nodiscard]] Uetr uetr(std::uint64_t n);                   // a version 4 UUID, by number
inline const AccountId kBuyer = account_id("buyer"), kMerchant = account_id("merchant"),
                       kSupplier = account_id("supplier");
[[nodiscard]] AccountId nostro(InstId owner, TokenId token);  // ledger 14: "B at A in A.USD"

// 125'000.00 as cents("125000.00").
[[nodiscard]] Amount cents(std::string_view text);

// Key `number` (from 1) of a role. ADMIN, ISSUER: 3; TREASURY, COMPLIANCE, ONBOARD, PAUSER: 2;
// others 1.
[[nodiscard]] const crypto::SecretKey& key(InstId inst, Role role, unsigned number = 1);
[[nodiscard]] const crypto::SecretKey& stranger();  // of no institution
using Keys = std::vector<const crypto::SecretKey*>;
[[nodiscard]] Keys quorum(InstId inst, Role role, unsigned count);
[[nodiscard]] Keys operator+(Keys a, const Keys& b);
[[nodiscard]] Keys operator+(Keys a, const crypto::SecretKey& b);

[[nodiscard]] Genesis demo_genesis();
void set_epoch_blocks(Genesis& genesis, std::uint64_t blocks);
[[nodiscard]] const Hash& chain_id();

class MemoryState final : public StateView {
 public:
  [[nodiscard]] std::optional<Bytes> get(ByteView key) const override;
  void scan(ByteView from, ByteView to,
            const std::function<bool(ByteView, ByteView)>& visit) const override;
  void store(std::span<const Write> writes);
  std::map<Bytes, Bytes> rows;
};

// An operation with its signatures. Signatures are filler: verify() is told that they are valid.
// Real ones are tested in decode_test.cpp.
struct Signed {
  Operation operation;
  Keys keys;
  [[nodiscard]] Bytes bytes() const;
  [[nodiscard]] std::expected<Verified, Code> verified() const;
};
[[nodiscard]] std::vector<SignatureField> filler_signatures(const Keys& keys);

// Every byte of a result, for comparison.
[[nodiscard]] Bytes fingerprint(const BlockResult& result);

class World {
 public:
  World();
  explicit World(const Genesis& genesis);

  // One block of these operations, one second later unless `at` says otherwise. Fails the test on
  // Fatal.
  std::vector<Outcome> block(const std::vector<Signed>& operations, std::int64_t after_ms = 1'000);
  Outcome run(const Signed& operation) { return block({operation}).front(); }
  [[nodiscard]] std::expected<BlockResult, Fatal> try_block(const std::vector<Signed>& operations,
                                                            std::int64_t after_ms = 1'000);
  // The same of what was verified elsewhere.
  using Verdicts = std::vector<std::expected<Verified, Code>>;
  std::vector<Outcome> block_of(const Verdicts& operations, std::int64_t after_ms);
  [[nodiscard]] std::expected<BlockResult, Fatal> try_block_of(const Verdicts& operations,
                                                               std::int64_t after_ms);
  void wait(std::int64_t ms) { block({}, ms); }

  // Changes a record behind the ledger's back, for what no operation here can bring about.
  template <class Record>
  void edit(const Key& at, const std::function<void(Record&)>& change) {
    const auto found = state.rows.find(at.to_bytes());
    Record record = found == state.rows.end() ? Record{} : *decode_record<Record>(found->second);
    change(record);
    state.rows[at.to_bytes()] = encode(record);
    forget();
  }
  void forget();  // the caches: the state was changed behind their back
  void expect_sound(bool sound) { audits_ = sound; }

  [[nodiscard]] Position position(TokenId token, const AccountId& account) const;
  [[nodiscard]] std::string posted(TokenId token, const AccountId& account) const;  // "125000.00"
  [[nodiscard]] std::string available(TokenId token,
                                      const AccountId& account) const;  // "125000.00"
  [[nodiscard]] std::string fee(TokenId token) const;
  [[nodiscard]] std::string outstanding(TokenId token) const;
  [[nodiscard]] std::optional<Payment> payment(InstId bank, std::uint64_t n) const {
    return query_payment(state, bank, uetr(n));
  }

  MemoryState state;
  TimeMs now = kGenesisTime;
  std::uint64_t height = 0;
  std::vector<Event> sweep_events;  // of the last block
  std::vector<Write> last_writes;

 private:
  RecordCache warm_;
  RecordCache tiny_;
  bool audits_ = true;
};

// ---- operations on the demo state; each field can be changed before use ----

// `n` names the op_id.
[[nodiscard]] Signed operation(InstId actor, std::uint64_t n, Action action, Keys keys,
                               TimeMs now = kGenesisTime);

// Scenario 1: A pays 125,000.00 USD of the buyer to the supplier by S.USD, fees 25.00 and 10.00. No
// ticket.
[[nodiscard]] Pay pay_order(std::uint64_t n, TimeMs now = kGenesisTime);
[[nodiscard]] TicketBody ticket_body(const PaymentTerms& terms, TimeMs now = kGenesisTime);
void attach(Pay& pay, const TicketBody& body, const Keys& keys);
void attach_ticket(Pay& pay, TimeMs now = kGenesisTime);  // complete, from B
[[nodiscard]] Keys pay_keys();                            // of A: MAKER, CHECKER, COMPLIANCE
[[nodiscard]] Signed pay(const Pay& order, TimeMs now = kGenesisTime);

// B pays 5,000.00 USD of the supplier to the merchant at A by S.USD, without fees or ticket.
[[nodiscard]] Pay pay_to_a(std::uint64_t n, TimeMs now = kGenesisTime);
[[nodiscard]] Signed pay_by_b(const Pay& order, TimeMs now = kGenesisTime);
void attach_ticket_of_a(Pay& pay, TimeMs now = kGenesisTime);
// Complete, from the payee bank.
[[nodiscard]] PayRespond acceptance(InstId payer_bank, std::uint64_t n, TimeMs now = kGenesisTime);

// 10,000.00 USD of the buyer for the merchant, captor A, for 30 days.
[[nodiscard]] HoldCreate escrow_order();

// Scenario 6: 108,500.00 USD of the buyer for 100,000.00 EUR of the supplier, by way of D, fee
// 40.00.
[[nodiscard]] SettleAtomic fx_batch(std::uint64_t n, TimeMs now = kGenesisTime);
[[nodiscard]] Signed settle(const SettleAtomic& batch, std::uint64_t n, TimeMs now = kGenesisTime);

// Of a seat; `name` names the key that is to sit there.
[[nodiscard]] const crypto::SecretKey& validator_key(std::string_view name);
[[nodiscard]] GovPropose seat_proposal(SeatChange change, InstId inst,
                                       std::string_view name = "new seat");

[[nodiscard]] Transfer transfer_order(std::uint64_t n,
                                      std::string_view amount);  // buyer to merchant in A.USD
[[nodiscard]] Signed transfer(const Transfer& order, TimeMs now = kGenesisTime);

}  // namespace giro::ledger::demo
