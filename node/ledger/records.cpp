#include "node/ledger/records.h"

#include "crypto/digest.h"
#include "node/ledger/limits.h"

namespace giro::ledger {

Params Params::defaults() {
  Params p;
  p.op_window_ms = kDayMs;
  p.outcome_retention_ms = kHourMs;
  p.payment_retention_ms = 400 * kDayMs;
  p.return_window_ms = 396 * kDayMs;
  p.attest_ttl_ms = 15 * kMinuteMs;
  p.payment_ttl_ms = 5 * kMinuteMs;
  p.payment_ttl_max_ms = 5 * kDayMs;
  p.hold_ttl_max_ms = 180 * kDayMs;
  p.gov_timelock_ms = kDayMs;
  p.proposal_ttl_max_ms = 7 * kDayMs;
  p.urgent_suspension_ms = 72 * kHourMs;
  p.sweep_max = 2'000;
  p.sweep_delete_max = 20'000;
  p.epoch_blocks = 1'000;
  p.rules_version = kRulesVersion;
  return p;
}

Key params_key() {
  return Key(Table::Params);
}
Key institution_key(InstId inst) {
  return Key(Table::Institution).u32(inst);
}
Key role_policy_key(InstId inst, Role role) {
  return Key(Table::RolePolicy).u32(inst).u8(static_cast<std::uint8_t>(role));
}
Key key_key(InstId inst, KeyId id) {
  return Key(Table::Key).u32(inst).u64(id);
}
Key validator_set_key(std::uint64_t epoch) {
  return Key(Table::ValidatorSet).u64(epoch);
}
Key proposal_key(InstId proposer, const PropId& id) {
  return Key(Table::Proposal).u32(proposer).raw(id);
}
Key used_validator_key_key(const PublicKey& key) {
  return Key(Table::UsedValidatorKey).raw(key);
}
Key lei_key(const Lei& lei) {
  return Key(Table::LeiOrName).raw(lei);
}
Key name_key(std::string_view name) {
  return Key(Table::LeiOrName).raw(crypto::as_view(name.substr(0, kInstitutionNameMax)));
}
Key token_key(TokenId token) {
  return Key(Table::Token).u32(token);
}
Key token_by_name_key(InstId issuer, const Currency& currency, std::uint16_t product) {
  return Key(Table::TokenByName).u32(issuer).raw(currency).u16(product);
}
Key account_key(InstId servicer, const AccountId& account) {
  return Key(Table::Account).u32(servicer).raw(account);
}
Key position_key(TokenId token, const AccountId& account) {
  return Key(Table::Position).u32(token).raw(account);
}
Key own_account_key(InstId owner, TokenId token) {
  return Key(Table::OwnAccount).u32(owner).u32(token);
}
Key corridor_key(InstId from, InstId to, const Currency& currency) {
  return Key(Table::Corridor).u32(from).u32(to).raw(currency);
}

namespace {
Key deny_key(InstId list, DenySubject kind) {
  return Key(Table::Deny).u32(list).u8(static_cast<std::uint8_t>(kind));
}
}  // namespace

Key deny_account_key(InstId list, InstId servicer, const AccountId& account) {
  return deny_key(list, DenySubject::Account).u32(servicer).raw(account);
}
Key deny_institution_key(InstId list, InstId subject) {
  return deny_key(list, DenySubject::Institution).u32(subject);
}
Key deny_country_key(InstId list, const CountryCode& country) {
  return deny_key(list, DenySubject::Country).raw(country);
}
Key payment_key(InstId payer_bank, const Uetr& uetr) {
  return Key(Table::Payment).u32(payer_bank).raw(uetr);
}
Key uetr_index_key(const Uetr& uetr, InstId payer_bank) {
  return Key(Table::UetrIndex).raw(uetr).u32(payer_bank);
}
Key hold_key(InstId creator, const HoldId& id) {
  return Key(Table::Hold).u32(creator).raw(id);
}
Key hold_of_position_key(TokenId token, const AccountId& account, std::uint64_t created_height,
                         InstId creator, const HoldId& id) {
  return Key(Table::HoldOfPosition)
      .u32(token)
      .raw(account)
      .u64(created_height)
      .u32(creator)
      .raw(id);
}
Key outcome_key(InstId actor, const OpId& id) {
  return Key(Table::Outcome).u32(actor).raw(id);
}
Key mint_reference_key(TokenId token, const Commit& commit) {
  return Key(Table::MintReference).u32(token).raw(commit);
}
Key slot_key(std::uint64_t slot) {
  return Key(Table::Slot).u64(slot);
}
Key meta_key() {
  return Key(Table::Meta);
}
Key chain_key() {
  return Key(Table::Meta).u8(1);
}

TokenId token_of(const Key& key) {
  TokenId token = 0;
  for (const std::byte byte : key.view().subspan(1, 4))
    token = token << 8 | static_cast<TokenId>(byte);
  return token;
}
OwnedId owned_id_of(const Key& key) {
  constexpr std::size_t kIdAt = 5;
  OwnedId out{.institution = token_of(key), .id = {}};
  std::copy_n(key.view().begin() + kIdAt, out.id.bytes.size(), out.id.bytes.begin());
  return out;
}
AccountId account_of(const Key& key) {
  AccountId account;
  const ByteView bytes = key.view().subspan(5, account.bytes.size());
  std::copy(bytes.begin(), bytes.end(), account.bytes.begin());
  return account;
}

Key deadline_key(TimeMs time, DeadlineKind kind, const Key& subject) {
  return Key(Table::Deadline)
      .u64(static_cast<std::uint64_t>(time.value))
      .u8(static_cast<std::uint8_t>(kind))
      .raw(subject.view().subspan(1));
}
Key retention_key(Day day, RetentionKind kind, const Key& subject) {
  return Key(Table::Retention)
      .u32(day)
      .u8(static_cast<std::uint8_t>(kind))
      .raw(subject.view().subspan(1));
}

Bytes table_begin(Table table) {
  return {static_cast<std::byte>(table)};
}
Bytes table_end(Table table) {
  return {static_cast<std::byte>(static_cast<std::uint8_t>(table) + 1)};
}
Bytes prefix_end(ByteView prefix) {
  Bytes end(prefix.begin(), prefix.end());
  while (!end.empty() && end.back() == std::byte{0xFF}) end.pop_back();
  if (!end.empty()) end.back() = static_cast<std::byte>(static_cast<unsigned>(end.back()) + 1);
  return end;
}

AccountId internal_account(TokenId token, AccountKind kind) {
  Bytes name;
  crypto::Writer(name).u32(token).u8(static_cast<std::uint8_t>(kind));
  const Hash hash = crypto::tagged_hash("giro/internal/v1", {name});
  AccountId id;
  std::copy_n(hash.bytes.begin(), id.bytes.size(), id.bytes.begin());
  return id;
}

Hash first_entry_chain(TokenId token, const AccountId& account) {
  Bytes name;
  crypto::Writer(name).u32(token).raw(account);
  return crypto::tagged_hash("giro/entry/v1", {name});
}

}  // namespace giro::ledger
