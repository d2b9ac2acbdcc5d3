#include "tests/unit/node/ledger/demo.h"

#include <gtest/gtest.h>

#include <tuple>

#include "crypto/digest.h"
#include "node/ledger/audit.h"
#include "node/ledger/network_params.h"

namespace giro::ledger::demo {

AccountId account_id(std::string_view name) {
  const Hash hash = crypto::tagged_hash("demo/account", {crypto::as_view(name)});
  AccountId id;
  std::copy_n(hash.bytes.begin(), 16, id.bytes.begin());
  return id;
}

Uetr uetr(std::uint64_t n) {
  Bytes seed;
  crypto::Writer(seed).u64(n);
  const Hash hash = crypto::tagged_hash("demo/uetr", {seed});
  Uetr id;
  std::copy_n(hash.bytes.begin(), 16, id.bytes.begin());
  id.bytes[6] = (id.bytes[6] & std::byte{0x0F}) | std::byte{0x40};
  id.bytes[8] = (id.bytes[8] & std::byte{0x3F}) | std::byte{0x80};
  return id;
}

AccountId nostro(InstId owner, TokenId token) {
  return account_id("nostro " + std::to_string(owner) + " " + std::to_string(token));
}

Amount cents(std::string_view text) {
  DecimalError error{};
  const auto amount = from_decimal(text, 2, error);
  EXPECT_TRUE(amount.has_value()) << text;
  return amount.value_or(Amount{});
}

namespace {

crypto::SecretKey key_from(std::string_view seed) {
  return *crypto::SecretKey::from_bytes(crypto::tagged_hash("demo/key", {crypto::as_view(seed)}));
}

constexpr unsigned kKeysOfRole[kRoleCount] = {3, 3, 2, 2, 1, 1, 1, 2, 2, 1, 1};
constexpr std::uint32_t kQuorumOfRole[kRoleCount] = {2, 2, 2, 2, 1, 1, 1, 1, 2, 1, 1};

struct InstitutionRow {
  std::string_view name;
  InstitutionKind kind;
  std::string_view country, bic, lei;
  std::string_view s_usd, s_eur;
};
constexpr InstitutionRow kInstitutions[] = {
    {"bank-a", InstitutionKind::Bank, "US", "GIRAUS33", "GIRO00DEMO00BANK0A36", "5000000.00",
     "500000.00"},
    {"bank-b", InstitutionKind::Bank, "HK", "GIRBHKHH", "GIRO00DEMO00BANK0B33", "1000000.00",
     "500000.00"},
    {"bank-c", InstitutionKind::Bank, "DE", "GIRCDEFF", "GIRO00DEMO00BANK0C30", "0.00",
     "2000000.00"},
    {"bank-d", InstitutionKind::Bank, "SG", "GIRDSGSG", "GIRO00DEMO00BANK0D27", "1000000.00",
     "150000.00"},
    {"agent-s", InstitutionKind::SettlementAgent, "GB", "GIRSGB2L", "GIRO00DEMO00BANK0S79", "", ""},
};

Token token_row(InstId issuer, std::string_view currency) {
  Token token;
  token.issuer = issuer;
  token.currency = Currency::from(currency);
  const bool settles = issuer == kS;
  token.token_class = settles ? TokenClass::Settlement : TokenClass::Deposit;
  token.holder_policy = settles ? HolderPolicy::MemberBanksOnly : HolderPolicy::IssuerCustomers;
  token.features = settles ? 0 : kAllFeatures;
  token.issuance_cap = cents("1000000000.00");
  token.max_tx = cents("50000000.00");
  token.min_tx = cents("0.01");
  token.fee_max = cents("100.00");
  token.checker_threshold = cents("100000.00");
  token.dual_threshold = cents("10000000.00");
  return token;
}

GenesisAccount customer(InstId servicer, const AccountId& id, std::string_view country,
                        std::vector<GenesisPosition> positions) {
  GenesisAccount account{
      .servicer = servicer, .id = id, .record = {}, .positions = std::move(positions)};
  account.record.kind = AccountKind::Customer;
  account.record.country = CountryCode::from(country);
  account.record.kyc_valid_until = add_ms(kGenesisTime, 730ULL * 86'400'000);
  return account;
}

GenesisAccount nostro_row(InstId owner, InstId servicer, TokenId token, std::string_view balance,
                          std::string_view max_balance) {
  GenesisAccount account{
      .servicer = servicer, .id = nostro(owner, token), .record = {}, .positions = {}};
  account.record.kind = AccountKind::Nostro;
  account.record.owner = owner;
  account.record.country = CountryCode::from(kInstitutions[owner - 1].country);
  account.positions = {
      {.token = token, .balance = cents(balance), .limits = {.max_balance = cents(max_balance)}}};
  return account;
}

CorridorHalf half(const Bounded<TokenId, kSettleTokensMax>& settle_tokens) {
  CorridorHalf half;
  half.enabled = true;
  half.max_tx = cents("1000000.00");
  half.daily_cap = cents("5000000.00");
  half.settle_tokens = settle_tokens;
  half.travel_rule_threshold = cents("1000.00");
  half.cop_threshold = cents("1000.00");
  half.required_checks = kCheckSanctions | kCheckAmlFraud;
  return half;
}

GenesisCorridor corridor(InstId from, InstId to, std::string_view currency) {
  GenesisCorridor corridor{
      .from = from, .to = to, .currency = Currency::from(currency), .payer = {}, .payee = {}};
  corridor.payer = currency == "USD" ? half({kAUsd, kBUsd, kSUsd}) : half({kSEur});
  corridor.payee = corridor.payer;
  corridor.payee.auto_accept_max = cents("999.99");
  return corridor;
}

}  // namespace

const crypto::SecretKey& key(InstId inst, Role role, unsigned number) {
  static std::map<std::tuple<InstId, Role, unsigned>, crypto::SecretKey> keys;
  const auto at = std::tuple(inst, role, number);
  auto found = keys.find(at);
  if (found == keys.end()) {
    const std::string seed =
        std::to_string(inst) + std::string(name(role)) + std::to_string(number);
    found = keys.emplace(at, key_from(seed)).first;
  }
  return found->second;
}

const crypto::SecretKey& stranger() {
  static const crypto::SecretKey key = key_from("stranger");
  return key;
}

Keys quorum(InstId inst, Role role, unsigned count) {
  Keys keys;
  for (unsigned n = 1; n <= count; ++n) keys.push_back(&key(inst, role, n));
  return keys;
}

Keys operator+(Keys a, const Keys& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
Keys operator+(Keys a, const crypto::SecretKey& b) {
  a.push_back(&b);
  return a;
}

Genesis demo_genesis() {
  Genesis genesis;
  genesis.time = kGenesisTime;
  genesis.params = standard_params();
  genesis.params.gov_timelock_ms = 0;
  InstId inst = 0;
  for (const InstitutionRow& row : kInstitutions) {
    ++inst;
    GenesisInstitution institution{.name = std::string(row.name),
                                   .kind = row.kind,
                                   .lei = Lei::from(row.lei),
                                   .bic = std::string(row.bic),
                                   .country = CountryCode::from(row.country),
                                   .keys = {},
                                   .quorums = {},
                                   .validator = std::nullopt};
    OperatorId operator_id = 100;
    for (std::size_t r = 0; r < kRoleCount; ++r) {
      const Role role = static_cast<Role>(r);
      institution.quorums[role] = kQuorumOfRole[r];
      for (unsigned n = 1; n <= kKeysOfRole[r]; ++n) {
        institution.keys.push_back({.public_key = key(inst, role, n).public_key(),
                                    .operator_id = ++operator_id,
                                    .roles = {role},
                                    .not_before = {},
                                    .not_after = add_ms(kGenesisTime, 3650ULL * 86'400'000)});
      }
    }
    if (inst != kS)
      institution.validator = key_from("validator " + std::string(row.name)).public_key();
    genesis.institutions.push_back(std::move(institution));
  }
  const std::pair<InstId, std::string_view> tokens[] = {{kA, "USD"}, {kA, "EUR"}, {kB, "USD"},
                                                        {kB, "EUR"}, {kC, "EUR"}, {kD, "USD"},
                                                        {kS, "USD"}, {kS, "EUR"}};
  for (const auto& [issuer, currency] : tokens)
    genesis.tokens.push_back(token_row(issuer, currency));

  PositionLimits limits{.max_tx = cents("1000000.00"),
                        .day_amount = cents("1500000.00"),
                        .day_count = 5'000,
                        .allowed_payee_banks = {},
                        .max_balance = {}};
  genesis.accounts.push_back(
      customer(kA, kBuyer, "US",
               {{.token = kAUsd, .balance = cents("2000000.00"), .limits = limits},
                {.token = kAEur, .balance = cents("1000.00"), .limits = {}}}));
  genesis.accounts.push_back(
      customer(kA, kMerchant, "US", {{.token = kAUsd, .balance = {}, .limits = {}}}));
  genesis.accounts.push_back(customer(kB, kSupplier, "HK",
                                      {{.token = kBUsd, .balance = cents("10000.00"), .limits = {}},
                                       {.token = kBEur, .balance = {}, .limits = {}}}));
  for (InstId owner = kA; owner <= kD; ++owner) {
    const InstitutionRow& row = kInstitutions[owner - 1];
    genesis.accounts.push_back(nostro_row(owner, kS, kSUsd, row.s_usd, "0.00"));
    genesis.accounts.push_back(nostro_row(owner, kS, kSEur, row.s_eur, "0.00"));
  }
  genesis.accounts.push_back(nostro_row(kB, kA, kAUsd, "0.00", "300000.00"));
  genesis.accounts.push_back(nostro_row(kA, kB, kBUsd, "400000.00", "1000000.00"));
  genesis.accounts.push_back(nostro_row(kD, kA, kAUsd, "0.00", "5000000.00"));
  for (const std::string_view currency : {"USD", "EUR"}) {
    genesis.corridors.push_back(corridor(kA, kB, currency));
    genesis.corridors.push_back(corridor(kB, kA, currency));
  }
  return genesis;
}

const Hash& chain_id() {
  static const Hash id = crypto::sha256(crypto::as_view("demo genesis"));
  return id;
}

// ---- MemoryState ----

std::optional<Bytes> MemoryState::get(ByteView key) const {
  const auto found = rows.find(Bytes(key.begin(), key.end()));
  return found == rows.end() ? std::nullopt : std::optional(found->second);
}

void MemoryState::scan(ByteView from, ByteView to,
                       const std::function<bool(ByteView, ByteView)>& visit) const {
  const auto end = rows.lower_bound(Bytes(to.begin(), to.end()));
  for (auto at = rows.lower_bound(Bytes(from.begin(), from.end())); at != end && at != rows.end();
       ++at) {
    if (!visit(at->first, at->second)) return;
  }
}

void MemoryState::store(std::span<const Write> writes) {
  for (const Write& write : writes) {
    if (write.value) {
      rows[write.key] = *write.value;
    } else {
      EXPECT_EQ(rows.erase(write.key), 1U)
          << "a delete of " << crypto::to_hex(write.key) << ", which is not there";
    }
  }
}

// ---- Signed ----

std::vector<SignatureField> filler_signatures(const Keys& keys) {
  std::vector<SignatureField> signatures;
  for (const crypto::SecretKey* each : keys) {
    SignatureField& field = signatures.emplace_back();
    field.public_key = each->public_key();
    field.signature.bytes.fill(std::byte{1});
  }
  return signatures;
}

Bytes Signed::bytes() const {
  return encode_signed_operation(encode_body(operation), filler_signatures(keys));
}

std::expected<Verified, Code> Signed::verified() const {
  auto decoded = decode(chain_id(), bytes());
  if (!decoded) return std::unexpected(decoded.error());
  const std::size_t count = decoded->signature_checks().size();
  const auto valid = std::make_unique<bool[]>(count);
  std::fill_n(valid.get(), count, true);
  return verify(*std::move(decoded), {valid.get(), count});
}

Bytes fingerprint(const BlockResult& result) {
  Bytes out;
  crypto::Writer writer(out);
  const auto events = [&writer](const std::vector<Event>& all) {
    writer.u64(all.size());
    for (const Event& event : all) {
      writer.u16(event.type).u64(event.body.size()).raw(event.body).u64(event.scope.size());
      for (const std::uint32_t inst : event.scope) writer.u32(inst);
    }
  };
  for (const Write& write : result.writes) {
    writer.u64(write.key.size()).raw(write.key).u8(write.value ? 1 : 0);
    if (write.value) writer.u64(write.value->size()).raw(*write.value);
  }
  events(result.sweep_events);
  for (const Outcome& outcome : result.outcomes) {
    writer.u16(static_cast<std::uint16_t>(outcome.code))
        .u8(outcome.recorded ? 1 : 0)
        .u32(outcome.index);
    writer.u16(static_cast<std::uint16_t>(outcome.inner));
    events(outcome.events);
  }
  for (const TokenTotals& totals : result.totals) {
    writer.u32(totals.token).u64(totals.positions);
    for (const Amount amount :
         {totals.issued, totals.redeemed, totals.held, totals.frozen, totals.internal}) {
      writer.raw(to_big_endian(amount));
    }
  }
  writer.u8(result.next_validators ? 1 : 0);
  return out;
}

// ---- World ----

World::World() : World(demo_genesis()) {}

World::World(const Genesis& genesis) : tiny_(RecordCache::Limits{.records = 70, .hash_seed = 7}) {
  auto result = build_genesis(genesis);
  if (!result) {
    ADD_FAILURE() << result.error().item << " " << result.error().reason;
    return;
  }
  state.store(result->writes);
  last_writes = result->writes;
  now = genesis.time;
}

void World::forget() {
  warm_.clear();
  tiny_.clear();
}

namespace {

World::Verdicts verified(const std::vector<Signed>& operations) {
  World::Verdicts out;
  for (const Signed& each : operations) out.push_back(each.verified());
  return out;
}

}  // namespace

std::expected<BlockResult, Fatal> World::try_block(const std::vector<Signed>& operations,
                                                   std::int64_t after_ms) {
  return try_block_of(verified(operations), after_ms);
}
std::vector<Outcome> World::block(const std::vector<Signed>& operations, std::int64_t after_ms) {
  return block_of(verified(operations), after_ms);
}

std::expected<BlockResult, Fatal> World::try_block_of(const Verdicts& operations,
                                                      std::int64_t after_ms) {
  const BlockContext context{height + 1, TimeMs{now.value + after_ms}};
  RecordCache empty;
  auto result = apply(state, context, operations, warm_);
  const auto from_empty = apply(state, context, operations, empty);
  const auto from_tiny = apply(state, context, operations, tiny_);
  EXPECT_EQ(result.has_value(), from_empty.has_value());
  EXPECT_EQ(result.has_value(), from_tiny.has_value());
  if (!result || !from_empty || !from_tiny) return result;
  EXPECT_EQ(fingerprint(*result), fingerprint(*from_empty)) << "the result depends on a warm cache";
  EXPECT_EQ(fingerprint(*result), fingerprint(*from_tiny)) << "the result depends on a tiny cache";
  for (std::size_t i = 1; i < result->writes.size(); ++i) {
    EXPECT_LT(result->writes[i - 1].key, result->writes[i].key) << "writes do not ascend";
  }
  return result;
}

std::vector<Outcome> World::block_of(const Verdicts& operations, std::int64_t after_ms) {
  auto result = try_block_of(operations, after_ms);
  if (!result) {
    ADD_FAILURE() << "fatal: I" << int{result.error().invariant} << " at "
                  << crypto::to_hex(result.error().evidence);
    return std::vector<Outcome>(operations.size());
  }
  ++height;
  now.value += after_ms;
  state.store(result->writes);
  last_writes = result->writes;
  sweep_events = result->sweep_events;
  if (audits_) {
    const auto finding = audit(state);
    EXPECT_FALSE(finding.has_value()) << "I" << int{finding->invariant} << ": " << finding->what
                                      << " at " << crypto::to_hex(finding->record);
  }
  return std::move(result->outcomes);
}

Position World::position(TokenId token, const AccountId& account) const {
  return query_position(state, token, account).value_or(Position{});
}
std::string World::posted(TokenId token, const AccountId& account) const {
  return to_decimal(position(token, account).posted, 2);
}
std::string World::available(TokenId token, const AccountId& account) const {
  return to_decimal(position(token, account).available(), 2);
}
std::string World::fee(TokenId token) const {
  return posted(token, internal_account(token, AccountKind::Fee));
}
std::string World::outstanding(TokenId token) const {
  const Token record = query_token(state, token).value_or(Token{});
  return to_decimal(subtract_or_zero(record.issued, record.redeemed), 2);
}

// ---- operations ----

Signed operation(InstId actor, std::uint64_t n, Action action, Keys keys, TimeMs now) {
  return {.operation = {.actor = actor,
                        .op_id = uetr(n),
                        .valid_until = add_ms(now, 3'600'000),
                        .action = std::move(action)},
          .keys = std::move(keys)};
}

namespace {

Screening passed(TimeMs now) {
  Screening screening;
  screening.sanctions = Check::Pass;
  screening.aml_fraud = Check::Pass;
  screening.screened_at = now;
  screening.list_version = {std::byte{'7'}};
  return screening;
}

}  // namespace

Pay pay_order(std::uint64_t n, TimeMs now) {
  Pay pay;
  PaymentTerms& terms = pay.terms;
  terms.uetr = uetr(n);
  terms.payer_bank = kA;
  terms.payer_account = kBuyer;
  terms.payee_bank = kB;
  terms.payee_account = kSupplier;
  terms.token_from = kAUsd;
  terms.token_to = kBUsd;
  terms.amount = cents("125000.00");
  terms.settle_token = kSUsd;
  terms.charge_bearer = ChargeBearer::Shar;
  terms.payer_fee = cents("25.00");
  terms.payee_fee = cents("10.00");
  terms.purpose = Purpose::from("SUPP");
  terms.travel_rule_commit = crypto::sha256(crypto::as_view("parties"));
  terms.e2e_commit = crypto::sha256(crypto::as_view("end to end"));
  terms.cop_result = CopResult::Match;
  pay.screening = passed(now);
  return pay;
}

TicketBody ticket_body(const PaymentTerms& terms, TimeMs now) {
  return {.payee_bank = kB,
          .terms_hash = terms_hash({&terms, 1}),
          .screening = passed(now),
          .travel_rule_ack = true,
          .expires_at = add_ms(now, 600'000)};
}

void attach(Pay& pay, const TicketBody& body, const Keys& keys) {
  pay.ticket = make_ticket(encode_ticket_body(body), filler_signatures(keys));
}
void attach_ticket(Pay& pay, TimeMs now) {
  attach(pay, ticket_body(pay.terms, now), {&key(kB, Role::Compliance)});
}

Keys pay_keys() {
  return {&key(kA, Role::Maker), &key(kA, Role::Checker), &key(kA, Role::Compliance)};
}

Signed pay(const Pay& order, TimeMs now) {
  Signed out{.operation = {.actor = order.terms.payer_bank,
                           .op_id = order.terms.uetr,
                           .valid_until = add_ms(now, 3'600'000),
                           .action = order},
             .keys = pay_keys()};
  return out;
}

Pay pay_to_a(std::uint64_t n, TimeMs now) {
  Pay order = pay_order(n, now);
  PaymentTerms& terms = order.terms;
  std::swap(terms.payer_bank, terms.payee_bank);
  std::swap(terms.token_from, terms.token_to);
  terms.payer_account = kSupplier;
  terms.payee_account = kMerchant;
  terms.amount = cents("5000.00");
  terms.payer_fee = terms.payee_fee = {};
  return order;
}
Signed pay_by_b(const Pay& order, TimeMs now) {
  Signed out = pay(order, now);
  out.keys = {&key(kB, Role::Maker), &key(kB, Role::Compliance)};
  return out;
}
void attach_ticket_of_a(Pay& pay, TimeMs now) {
  TicketBody body = ticket_body(pay.terms, now);
  body.payee_bank = kA;
  attach(pay, body, {&key(kA, Role::Compliance)});
}

PayRespond acceptance(InstId payer_bank, std::uint64_t n, TimeMs now) {
  return {.payer_bank = payer_bank,
          .uetr = uetr(n),
          .accept = true,
          .reason = {},
          .screening = passed(now),
          .cop_result = CopResult::Match,
          .travel_rule_ack = true};
}

HoldCreate escrow_order() {
  HoldCreate order;
  order.token = kAUsd;
  order.account = kBuyer;
  order.amount = cents("10000.00");
  order.kind = HoldKind::Escrow;
  order.beneficiary = kMerchant;
  order.captor = kA;
  order.ttl_s = 30 * 86'400;
  return order;
}

SettleAtomic fx_batch(std::uint64_t n, TimeMs now) {
  SettleAtomic batch;
  Pay order = pay_order(n, now);
  PaymentTerms& terms = order.terms;
  terms.token_to = kBEur;
  terms.settle_token = 0;
  terms.amount = cents("108500.00");
  terms.amount_to = cents("100000.00");
  terms.payer_fee = cents("40.00");
  terms.payee_fee = {};
  attach_ticket(order, now);
  const auto xfer = [](TokenId token, const AccountId& from, const AccountId& to,
                       std::string_view amount) {
    Leg leg;
    leg.xfer = Xfer{.token = token, .from = from, .to = to, .amount = cents(amount)};
    return leg;
  };
  Leg mint;
  mint.mint = Mint{.token = kBEur,
                   .account = kSupplier,
                   .amount = terms.amount_to,
                   .kind = {},
                   .core_ref_commit = {}};
  batch.legs = {xfer(kAUsd, kBuyer, nostro(kD, kAUsd), "108500.00"),
                xfer(kSEur, nostro(kD, kSEur), nostro(kB, kSEur), "100000.00"), mint,
                xfer(kAUsd, kBuyer, internal_account(kAUsd, AccountKind::Fee), "40.00")};
  batch.payment = terms;
  batch.screening = order.screening;
  batch.ticket = order.ticket;
  return batch;
}

Signed settle(const SettleAtomic& batch, std::uint64_t n, TimeMs now) {
  return operation(kA, n, batch,
                   pay_keys() + quorum(kD, Role::Treasury, 2) + quorum(kB, Role::Issuer, 2), now);
}

// The same number stands in the ledger's parameters and in the network's.
void set_epoch_blocks(Genesis& genesis, std::uint64_t blocks) {
  genesis.params.epoch_blocks = blocks;
  genesis.params.network[find_network_param("epoch_blocks")->id - 1].value = blocks;
}

Transfer transfer_order(std::uint64_t n, std::string_view amount) {
  Transfer transfer;
  transfer.terms.uetr = uetr(n);
  transfer.terms.payer_bank = transfer.terms.payee_bank = kA;
  transfer.terms.payer_account = kBuyer;
  transfer.terms.payee_account = kMerchant;
  transfer.terms.token_from = transfer.terms.token_to = kAUsd;
  transfer.terms.amount = cents(amount);
  transfer.terms.charge_bearer = ChargeBearer::Shar;
  return transfer;
}

Signed transfer(const Transfer& order, TimeMs now) {
  return {.operation = {.actor = order.terms.payer_bank,
                        .op_id = order.terms.uetr,
                        .valid_until = add_ms(now, 3'600'000),
                        .action = order},
          .keys = {&key(kA, Role::Maker), &key(kA, Role::Checker)}};
}

}  // namespace giro::ledger::demo
