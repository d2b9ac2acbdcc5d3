#include "node/client/operations.h"

#include <algorithm>

namespace giro::client {
namespace {

constexpr std::chrono::hours kKycValidity{24 * 365 * 2};

std::expected<std::vector<ledger::TokenId>, Error> token_ids(
    const Directory& directory, const std::vector<std::string>& names) {
  std::vector<ledger::TokenId> out;
  for (const auto& name : names) {
    const auto token = directory.token(name);
    if (!token) return std::unexpected(token.error());
    out.push_back(token->id);
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

receipt::Uuid new_uuid() {
  receipt::Uuid id{};
  crypto::random_bytes(id);
  id[6] = (id[6] & std::byte{0x0F}) | std::byte{0x40};  // RFC 4122: version 4
  id[8] = (id[8] & std::byte{0x3F}) | std::byte{0x80};  // and its variant
  return id;
}

ledger::Commit Draft::commit_to(std::string_view type, std::string_view data) {
  openings.push_back(make_commit(type, data));
  return openings.back().commit;
}

KeyNeed need(const InstitutionFacts& institution, ledger::Role role,
             std::optional<std::uint32_t> count) {
  if (count) return {institution.name, role, *count};
  const auto quorum = institution.quorums.find(std::string(ledger::name(role)));
  return {institution.name, role, quorum == institution.quorums.end() ? 1 : quorum->second};
}

ledger::Operation new_operation(ledger::InstId actor, const DraftOptions& options) {
  ledger::Operation operation;
  operation.actor = actor;
  operation.op_id = ledger::OpId{options.op_id.value_or(new_uuid())};
  operation.valid_until = {options.now_ms + options.valid_for.count()};
  return operation;
}

std::expected<SignedDraft, Error> sign(const Draft& draft, Keyring& keys,
                                       const crypto::Hash& chain_id) {
  SignedDraft out;
  out.body = ledger::encode_body(draft.operation);
  out.operation_hash = ledger::operation_hash(out.body);
  auto signatures =
      keys.sign(draft.needs, ledger::operation_sign_bytes(chain_id, out.operation_hash));
  if (!signatures) return std::unexpected(signatures.error());
  auto own = keys.sign_accounts(draft.account_keys,
                                ledger::operation_sign_bytes(chain_id, out.operation_hash));
  if (!own) return std::unexpected(own.error());
  signatures->insert(signatures->end(), own->begin(), own->end());
  out.signed_operation = ledger::encode_signed_operation(out.body, std::move(*signatures));
  return out;
}

std::expected<Draft, Error> draft_mint(const Directory& directory, const MintRequest& request,
                                       const DraftOptions& options) {
  const auto token = directory.token(request.token);
  if (!token) return std::unexpected(token.error());
  const auto issuer = directory.institution(token->issuer);
  const auto amount = parse_amount(request.amount, *token);
  if (!issuer) return std::unexpected(issuer.error());
  if (!amount) return std::unexpected(amount.error());
  KeyNeed signers = need(*issuer, ledger::Role::Issuer);
  if (*amount >= token->dual_threshold) ++signers.count;
  Draft draft{.actor = issuer->name,
              .operation = new_operation(issuer->id, options),
              .needs = {signers},
              .summary = {}};
  draft.operation.action =
      ledger::Mint{.token = token->id,
                   .account = request.account.id,
                   .amount = *amount,
                   .kind = ledger::MintKind::Deposit,
                   .core_ref_commit = draft.commit_to("core-ref", request.reference)};
  draft.summary = "MINT " + token->name + " " + ledger::to_decimal(*amount, token->scale) + " to " +
                  request.account.alias;
  return draft;
}

std::expected<Draft, Error> draft_redeem(const Directory& directory, const MintRequest& request,
                                         const DraftOptions& options) {
  const auto token = directory.token(request.token);
  if (!token) return std::unexpected(token.error());
  const auto issuer = directory.institution(token->issuer);
  const auto amount = parse_amount(request.amount, *token);
  if (!issuer) return std::unexpected(issuer.error());
  if (!amount) return std::unexpected(amount.error());
  Draft draft{
      .actor = issuer->name,
      .operation = new_operation(issuer->id, options),
      .needs = {need(*issuer, ledger::Role::Maker, 1), need(*issuer, ledger::Role::Treasury)},
      .summary = {}};
  if (*amount >= token->checker_threshold)
    draft.needs.push_back(need(*issuer, ledger::Role::Checker, 1));
  draft.operation.action =
      ledger::Redeem{.token = token->id,
                     .account = request.account.id,
                     .amount = *amount,
                     .payout_commit = draft.commit_to("payout", request.reference)};
  draft.summary = "REDEEM " + token->name + " " + ledger::to_decimal(*amount, token->scale) +
                  " from " + request.account.alias;
  return draft;
}

std::expected<Draft, Error> draft_account_open(const Directory& directory,
                                               const AccountOpenRequest& request,
                                               const DraftOptions& options) {
  const auto servicer = directory.institution(request.servicer);
  if (!servicer) return std::unexpected(servicer.error());
  const auto tokens = token_ids(directory, request.tokens);
  if (!tokens) return std::unexpected(tokens.error());
  if (!request.country.empty() && request.country.size() != 2) {
    return std::unexpected(Error{ErrorKind::Usage, {}, "a country is two letters, as DE"});
  }
  Draft draft{.actor = servicer->name,
              .operation = new_operation(servicer->id, options),
              .needs = {need(*servicer, ledger::Role::Onboard, 1)},
              .summary = "ACCT_OPEN " + crypto::to_hex(request.id) + " at " + servicer->name};
  ledger::AcctOpen open;
  open.account = request.id;
  open.country = ledger::CountryCode::from(request.country);
  open.owner_ref = draft.commit_to("owner", crypto::to_hex(request.id));
  if (request.nostro_owner.empty()) {
    open.kyc_tier = 1;
    open.kyc_valid_until = {
        options.now_ms +
        std::chrono::duration_cast<std::chrono::milliseconds>(kKycValidity).count()};
  } else {
    const auto owner = directory.institution(request.nostro_owner);
    if (!owner) return std::unexpected(owner.error());
    open.kind = ledger::AccountKind::Nostro;
    open.owner = owner->id;
    draft.needs.push_back(need(*owner, ledger::Role::Treasury));
  }
  for (const auto token : *tokens) {
    if (!open.tokens.push_back(token)) {
      return std::unexpected(Error{ErrorKind::Usage, "TOO_MANY_ITEMS", "too many tokens"});
    }
  }
  draft.operation.action = open;
  return draft;
}

std::expected<Draft, Error> draft_token_create(const Directory& directory,
                                               const TokenCreateRequest& request,
                                               const DraftOptions& options) {
  const auto issuer = directory.institution(request.issuer);
  if (!issuer) return std::unexpected(issuer.error());
  const auto currency = ledger::Currency::from(request.currency);
  const auto scale = ledger::currency_scale(currency);
  if (!scale) {
    return std::unexpected(Error{ErrorKind::Usage, "BAD_CURRENCY",
                                 request.currency + " is no currency of this network"});
  }
  const TokenFacts unit{.id = 0,
                        .name = {},
                        .issuer = {},
                        .currency = request.currency,
                        .scale = *scale,
                        .checker_threshold = {},
                        .dual_threshold = {}};
  ledger::TokenCreate create;
  create.currency = currency;
  create.product = request.product;
  if (request.settlement) {
    create.token_class = ledger::TokenClass::Settlement;
    create.holder_policy = ledger::HolderPolicy::MemberBanksOnly;
  } else {
    create.features = ledger::kAllFeatures;
  }
  // Ledger 13 and 14 suggest these values.
  const std::pair<const std::string, ledger::Amount*> amounts[] = {
      {request.cap.empty() ? "1000000000" : request.cap, &create.issuance_cap},
      {request.max_tx.empty() ? "50000000" : request.max_tx, &create.max_tx},
      {request.min_tx.empty() ? "1" : request.min_tx, &create.min_tx},
      {request.fee_max.empty() ? "100" : request.fee_max, &create.fee_max},
      {"100000", &create.checker_threshold},
      {"10000000", &create.dual_threshold},
  };
  for (const auto& [text, target] : amounts) {
    const auto amount = parse_amount(text, unit);
    if (!amount) return std::unexpected(amount.error());
    *target = *amount;
  }
  Draft draft{.actor = issuer->name,
              .operation = new_operation(issuer->id, options),
              .needs = {need(*issuer, ledger::Role::Issuer)},
              .summary = "TOKEN_CREATE " + issuer->name + "." + request.currency};
  create.terms_hash = draft.commit_to("terms", request.currency);
  draft.operation.action = create;
  return draft;
}

}  // namespace giro::client
