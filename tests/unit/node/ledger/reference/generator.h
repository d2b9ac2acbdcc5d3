// Operations drawn at random with an eye on the state: most could succeed, some are damaged.
#pragma once

#include <functional>

#include "tests/unit/node/ledger/reference/ledger.h"

namespace giro::ledger::reference {

// SplitMix64: the same numbers with every compiler. Choices come from the given bytes as long as
// there are any: a fuzzer steers with them.
class Random {
 public:
  explicit Random(std::uint64_t seed, ByteView choices = {}) : state_(seed), choices_(choices) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t n) { return (choices_.empty() ? next() : choice()) % n; }
  [[nodiscard]] bool has_choices() const { return !choices_.empty(); }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  Id id() {  // a version 4 UUID
    Id out;
    for (std::size_t i = 0; i < 16; ++i) out.bytes[i] = static_cast<std::byte>(next());
    out.bytes[6] = (out.bytes[6] & std::byte{0x0F}) | std::byte{0x40};
    out.bytes[8] = (out.bytes[8] & std::byte{0x3F}) | std::byte{0x80};
    return out;
  }
  Hash hash() {
    Hash out;
    for (std::byte& each : out.bytes) each = static_cast<std::byte>(next());
    return out;
  }
  [[nodiscard]] PublicKey key();  // one of a few hundred

 private:
  std::uint64_t choice() {
    std::uint64_t value = 0;
    for (int i = 0; i < 2 && !choices_.empty(); ++i, choices_ = choices_.subspan(1))
      value = value << 8 | std::to_integer<std::uint64_t>(choices_[0]);
    return value;
  }
  std::uint64_t state_;
  ByteView choices_;
};

// The demo genesis with more customers, accounts and corridors, so that histories can go on.
[[nodiscard]] Genesis history_genesis(std::uint64_t seed);

class Generator {
 public:
  Generator(std::uint64_t seed, State& state, ByteView choices = {})
      : random_(seed, choices), s_(state) {}
  [[nodiscard]] bool has_choices() const { return random_.has_choices(); }
  // The operations of a block at `now`.
  [[nodiscard]] std::vector<Submitted> block(Ms now);
  [[nodiscard]] Ms next_time(Ms now);

 private:
  struct Kind {
    unsigned weight;
    bool (Generator::*make)();
  };
  static const Kind kKinds[];
  [[nodiscard]] Submitted make();
  void sign();
  void damage();
  void damage_terms(PaymentTerms& terms);

  // Picks among what there is; false: nothing fits.
  using Wanted = std::function<bool(const PosKey&, const Acct&, const Pos&)>;
  bool pick(PosKey& at, const Wanted& wanted);
  bool pick_kind(PosKey& at, AccountKind kind);
  [[nodiscard]] InstId bank() { return static_cast<InstId>(1 + random_.below(5)); }
  [[nodiscard]] TokenId any_token() {
    return static_cast<TokenId>(1 + random_.below(s_.tokens.size()));
  }
  [[nodiscard]] InstId issuer(TokenId token) const { return s_.tokens.at(token).issuer; }
  [[nodiscard]] Amount some(Money most);  // about a size, at times just at or above `most`
  [[nodiscard]] Screening passed();
  [[nodiscard]] CountryCode country();
  [[nodiscard]] std::vector<SignatureField> ticket_keys(const PaymentTerms& terms);
  [[nodiscard]] Ticket ticket_for(std::span<const PaymentTerms> items);
  [[nodiscard]] RoleKeys policy(InstId inst, Role role);
  bool transfer_terms(PaymentTerms& terms);
  bool pay_terms(PaymentTerms& terms, const PosKey* payer);
  bool propose(GovPropose order);

  bool role_set(), key_revoke(), gov_propose(), gov_vote(), token_create(), token_set(),
      token_pause(), token_unpause(), acct_open(), position_open(), acct_set(), acct_close(),
      acct_keys_set(), limits_set(), acct_block(), acct_unblock(), freeze(), deny_set(),
      corridor_set(), clawback(), mint(), redeem(), transfer(), pay(), respond(), cancel(),
      give_back(), bulk(), batch(), fx(), hold_create(), hold_capture(), hold_release();

  Random random_;
  State& s_;
  Ms now_{};
  Submitted out_;
  std::vector<Submitted> sent_;  // to send again
};

}  // namespace giro::ledger::reference
