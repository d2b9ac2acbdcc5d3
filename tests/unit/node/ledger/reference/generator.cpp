#include "tests/unit/node/ledger/reference/generator.h"

#include <algorithm>

#include "node/ledger/encode.h"
#include "tests/unit/node/ledger/demo.h"

namespace giro::ledger::reference {
namespace {

Amount to_amount(Money value) {
  return {static_cast<std::uint64_t>(value >> 64), static_cast<std::uint64_t>(value)};
}

}  // namespace

PublicKey Random::key() {
  static const std::vector<PublicKey> keys = [] {
    std::vector<PublicKey> all;
    Random random(7);
    while (all.size() < 300)
      all.push_back(crypto::SecretKey::from_bytes(random.hash().bytes)->public_key());
    return all;
  }();
  return keys[below(keys.size())];
}

Genesis history_genesis(std::uint64_t seed) {
  using namespace demo;
  Genesis genesis = demo_genesis();
  set_epoch_blocks(genesis, 10);
  genesis.params.payment_retention_ms = 36 * kDayMs;
  genesis.params.return_window_ms = 12 * kDayMs;
  genesis.params.gov_timelock_ms = seed % 3 == 0 ? 90'000 : 0;
  const struct {
    InstId bank;
    TokenId token;
    std::uint64_t balance;
  } customers[] = {{kA, kAUsd, 900'000'00}, {kA, kAUsd, 40'000'00}, {kA, kAEur, 70'000'00},
                   {kB, kBUsd, 600'000'00}, {kB, kBEur, 80'000'00}, {kC, kCEur, 500'000'00},
                   {kD, kDUsd, 300'000'00}, {kD, kDUsd, 5'000'00},  {kC, kCEur, 1'00}};
  unsigned n = 0;
  for (const auto& row : customers) {
    GenesisAccount account = genesis.accounts[1];
    account.servicer = row.bank;
    account.id = account_id("customer " + std::to_string(++n));
    account.positions[0].token = row.token;
    account.positions[0].balance = {0, row.balance};
    genesis.accounts.push_back(account);
  }
  for (const auto& [from, to, currency, settle] : {std::tuple{kA, kD, "USD", kSUsd},
                                                   {kD, kA, "USD", kSUsd},
                                                   {kB, kD, "USD", kSUsd},
                                                   {kD, kB, "USD", kSUsd},
                                                   {kB, kC, "EUR", kSEur},
                                                   {kC, kB, "EUR", kSEur},
                                                   {kA, kC, "EUR", kSEur}}) {
    GenesisCorridor corridor = genesis.corridors[0];
    corridor.from = from;
    corridor.to = to;
    corridor.currency = Currency::from(currency);
    corridor.payer.settle_tokens = corridor.payee.settle_tokens = {settle};
    corridor.payee.standing_fee_max = {0, 5'00};
    genesis.corridors.push_back(corridor);
  }
  return genesis;
}

// ---- what operations are made from ----

bool Generator::pick(PosKey& at, const Wanted& wanted) {
  std::uint64_t seen = 0;
  for (const auto& [key, position] : s_.positions) {
    const Acct& account = s_.accounts.at({issuer(key.first), key.second});
    if (account.closed && !random_.one_in(20)) continue;
    if (wanted(key, account, position) && random_.one_in(++seen)) at = key;
  }
  return seen != 0;
}

bool Generator::pick_kind(PosKey& at, AccountKind kind) {
  return pick(at, [&](const PosKey&, const Acct& account, const Pos& position) {
    return account.kind == kind && (position.posted != 0 || random_.one_in(8));
  });
}

Amount Generator::some(Money most) {
  switch (random_.below(40)) {
    case 0:
      return to_amount(most);
    case 1:
      return to_amount(most + 1);
    case 2:
      return {0, 999'99};
    case 3:
      return {0, 1'000'00};
    case 4:
      return {0, 100'000'00 - random_.below(2)};
    case 5:
      return {0, random_.below(3)};
    case 6:
      return {0, random_.next() % 2'000'000'000'000'000'000ULL};
    default:
      break;
  }
  static constexpr std::uint64_t kSizes[] = {100, 10'000, 99'000, 1'000'000, 20'000'000};
  const std::uint64_t size = kSizes[random_.below(5)];
  const Money value = 1 + random_.below(size);
  return to_amount(
      most == 0 || value <= most ? value : 1 + random_.below(static_cast<std::uint64_t>(most)));
}

Screening Generator::passed() {
  Screening screening;
  screening.sanctions = screening.aml_fraud = screening.other = Check::Pass;
  screening.screened_at = TimeMs{now_ - static_cast<Ms>(random_.below(30'000))};
  if (random_.one_in(25)) screening.other = Check::NotDone;
  if (random_.one_in(60)) screening.sanctions = static_cast<Check>(random_.below(3));
  if (random_.one_in(60)) screening.aml_fraud = static_cast<Check>(random_.below(3));
  if (random_.one_in(60))
    screening.screened_at.value = now_ - 900'000 - static_cast<Ms>(random_.below(2));
  if (random_.one_in(80))
    screening.screened_at.value = now_ + 60'000 + static_cast<Ms>(random_.below(2));
  return screening;
}

CountryCode Generator::country() {
  static constexpr std::string_view kCountries[] = {"US", "HK", "DE", "SG", "GB", "KP", "IR"};
  return CountryCode::from(kCountries[random_.below(std::size(kCountries))]);
}

// Keys that meet the requirements, if there are any.
static void add_keys(Keys& signers, const Inst& inst, const std::map<Role, std::uint32_t>& roles,
                     Ms now) {
  std::set<OperatorId> used;
  for (const auto& [role, count] : roles) {
    std::uint32_t taken = 0;
    for (const auto& [id, key] : inst.keys) {
      if (taken == count) break;
      const bool is_active = !key.revoked && key.from <= now && now < key.until;
      if (!is_active || !key.roles.contains(role) || !used.insert(key.human).second) continue;
      signers.insert(key.key);
      ++taken;
    }
  }
}

void Generator::sign() {
  out_.signers.clear();
  const auto need = Rules::needed(s_, out_.operation);
  if (need) {
    for (const auto& [inst, roles] : need->roles) {
      if (const Inst* known = look(s_.insts, inst)) add_keys(out_.signers, *known, roles, now_);
    }
    for (const AcctKey& at : need->own_keys) {
      const Acct& account = s_.accounts.at(at);
      std::uint32_t left = account.m;
      for (const PublicKey& key : account.keys) {
        if (left == 0) break;
        out_.signers.insert(key);
        --left;
      }
    }
  }
  if (random_.one_in(40) && !out_.signers.empty()) {
    auto gone = out_.signers.begin();
    std::advance(gone, random_.below(out_.signers.size()));
    out_.signers.erase(gone);
  }
  if (random_.one_in(40) || out_.signers.empty()) {  // any key of anybody
    const Inst& inst = s_.insts.at(static_cast<InstId>(1 + random_.below(s_.insts.size())));
    auto key = inst.keys.begin();
    std::advance(key, random_.below(inst.keys.size()));
    out_.signers.insert(key->second.key);
  }
  while (out_.signers.size() > kEnvelopeSignaturesMax) out_.signers.erase(out_.signers.begin());
}

std::vector<SignatureField> Generator::ticket_keys(const PaymentTerms& terms) {
  std::map<Role, std::uint32_t> roles{{Role::Compliance, 1}};
  const Tok* token = look(s_.tokens, terms.token_to);
  const Inst* bank = look(s_.insts, terms.payee_bank);
  Keys keys;
  if (bank != nullptr && token != nullptr) {
    if (money(terms.amount) >= token->dual) roles[Role::Issuer] = 2;
    add_keys(keys, *bank, roles, now_);
  }
  if (keys.empty() || random_.one_in(80)) keys = {random_.key()};
  std::vector<SignatureField> fields;
  for (const PublicKey& key : keys) {
    SignatureField& field = fields.emplace_back();
    field.public_key = key;
    field.signature.bytes.fill(std::byte{1});
  }
  return fields;
}

Ticket Generator::ticket_for(std::span<const PaymentTerms> items) {
  TicketBody body;
  body.payee_bank = items[0].payee_bank;
  body.terms_hash = random_.one_in(80) ? random_.hash() : terms_hash(items);
  body.screening = passed();
  body.travel_rule_ack = !random_.one_in(30);
  body.expires_at = TimeMs{now_ + static_cast<Ms>(random_.one_in(50) ? random_.below(2) : 60'000)};
  return make_ticket(encode_ticket_body(body), ticket_keys(items[0]));
}

// ---- a block ----

Ms Generator::next_time(Ms now) {
  const std::uint64_t dice = random_.below(100);
  if (dice < 70) return now + 1'000 + static_cast<Ms>(random_.below(20'000));
  if (dice < 85) return now + static_cast<Ms>(random_.below(400'000)) + 1;
  if (dice < 94) return now + static_cast<Ms>(random_.below(8 * kHourMs)) + 1;
  if (dice < 99) return now + static_cast<Ms>(random_.below(3 * kDayMs)) + 1;
  return now + static_cast<Ms>(random_.below(45 * kDayMs)) + 1;
}

// Changes that nothing in the state explains.
void Generator::damage() {
  Operation& operation = out_.operation;
  switch (random_.below(8)) {
    case 0:
      operation.valid_until = TimeMs{now_ - static_cast<Ms>(random_.below(2))};
      break;
    case 1:
      operation.valid_until =
          TimeMs{now_ + static_cast<Ms>(s_.params.op_window_ms + random_.below(2))};
      break;
    case 2:
      operation.version = 2;
      break;
    case 3:
      operation.op_id = {};
      break;
    case 4:
      operation.actor = static_cast<InstId>(1 + random_.below(9));
      break;
    case 5:
      out_.signers.clear();
      out_.signers.insert(random_.key());
      break;
    default: {
      std::size_t drop = random_.below(out_.signers.size() + 1);
      while (drop-- > 0 && out_.signers.size() > 1) out_.signers.erase(out_.signers.begin());
    }
  }
}

Submitted Generator::make() {
  if (!sent_.empty() && random_.one_in(40)) {
    Submitted again = sent_[random_.below(sent_.size())];
    if (random_.one_in(3)) again.operation.valid_until.value += 1;
    return again;
  }
  unsigned total = 0;
  for (const Kind* kind = kKinds; kind->weight != 0; ++kind) total += kind->weight;
  for (;;) {
    out_ = {};
    out_.operation.op_id = random_.id();
    out_.operation.valid_until = TimeMs{now_ + 60'000 + static_cast<Ms>(random_.below(3'000'000))};
    auto dice = static_cast<unsigned>(random_.below(total));
    const Kind* kind = kKinds;
    for (; dice >= kind->weight; ++kind) dice -= kind->weight;
    if (!(this->*kind->make)()) continue;
    sign();
    if (random_.one_in(60)) damage();
    return out_;
  }
}

std::vector<Submitted> Generator::block(Ms now) {
  now_ = now;
  std::vector<Submitted> operations;
  const std::uint64_t count = random_.below(24);
  for (std::uint64_t i = 0; i < count; ++i) operations.push_back(make());
  for (const Submitted& each : operations) {
    if (sent_.size() < 64)
      sent_.push_back(each);
    else
      sent_[random_.below(64)] = each;
  }
  return operations;
}

}  // namespace giro::ledger::reference
