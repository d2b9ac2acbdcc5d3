#include "testnet/load/workload.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace giro::testnet {
namespace {

using namespace std::chrono_literals;
using client::Error;
using client::ErrorKind;

constexpr auto kSetUpPatience = 60s;
constexpr std::size_t kSignedPerLine = 20'000;

// Not those of an earlier run on this network: a version 4 UUID and, in front, a number.
std::vector<ledger::AccountId> new_accounts(std::size_t count) {
  const auto run = client::new_uuid();
  std::vector<ledger::AccountId> out(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::ranges::copy(run, out[i].bytes.begin());
    for (std::size_t at = 0; at < 3; ++at) out[i].bytes[at] = static_cast<std::byte>(i >> 8 * at);
  }
  return out;
}

}  // namespace

std::expected<Workload, Error> Workload::prepare(client::Session& session, std::size_t accounts,
                                                 const Progress& progress) {
  const auto directory = client::Directory::from_node(session.client, session.genesis);
  if (!directory) return std::unexpected(directory.error());
  auto bank = directory->institution("bank-a");
  if (!bank) return std::unexpected(bank.error());
  auto token = directory->token("bank-a.USD");
  if (!token) return std::unexpected(token.error());
  Workload out(session, std::move(*bank), std::move(*token));
  out.accounts_ = new_accounts(accounts);
  progress("opening " + std::to_string(accounts) + " accounts");
  for (std::size_t i = 0; i < accounts; ++i) {
    const client::DraftOptions options{
        .op_id = {}, .valid_for = kSetUpPatience * 4, .now_ms = client::now_ms()};
    const auto opened = client::draft_account_open(*directory,
                                                   {.servicer = "bank-a",
                                                    .id = out.accounts_[i],
                                                    .tokens = {"bank-a.USD"},
                                                    .country = "US",
                                                    .nostro_owner = {}},
                                                   options);
    if (!opened) return std::unexpected(opened.error());
    if (auto sent = out.send(*opened); !sent) return std::unexpected(sent.error());
    const auto minted = client::draft_mint(
        *directory,
        {.token = "bank-a.USD",
         .account = {.servicer = "bank-a", .id = out.accounts_[i], .alias = "load"},
         .amount = "10000.00",
         .reference = "load " + std::to_string(i)},
        options);
    if (!minted) return std::unexpected(minted.error());
    if (auto sent = out.send(*minted); !sent) return std::unexpected(sent.error());
  }
  return out;
}

std::expected<std::vector<LoadRequest>, Error> Workload::presign(std::size_t count,
                                                                 const Progress& progress) {
  const client::DraftOptions options{.op_id = {}, .valid_for = 30min, .now_ms = client::now_ms()};
  const std::size_t accounts = accounts_.size();
  std::vector<LoadRequest> out;
  out.reserve(count);
  for (; out.size() < count; ++signed_) {
    if (out.size() % kSignedPerLine == 0)
      progress("signing " + std::to_string(count) + " operations: " + std::to_string(out.size()));
    client::Draft draft{.actor = "bank-a",
                        .operation = client::new_operation(bank_.id, options),
                        .needs = {client::need(bank_, ledger::Role::Maker)},
                        .summary = {}};
    ledger::Transfer transfer;
    transfer.terms.uetr = draft.operation.op_id;
    transfer.terms.payer_bank = transfer.terms.payee_bank = bank_.id;
    const std::size_t payer = signed_ % accounts;
    std::size_t payee = (signed_ * 7 + 1) % accounts;
    if (payee == payer) payee = (payer + 1) % accounts;
    transfer.terms.payer_account = accounts_[payer];
    transfer.terms.payee_account = accounts_[payee];
    transfer.terms.token_from = transfer.terms.token_to = token_.id;
    transfer.terms.amount = {0, 1};
    transfer.terms.charge_bearer = ledger::ChargeBearer::Shar;
    draft.operation.action = transfer;
    const auto bytes = client::sign(draft, session_->keys, session_->genesis.chain_id);
    if (!bytes) return std::unexpected(bytes.error());
    out.push_back({std::string(crypto::as_text(bytes->signed_operation)),
                   receipt::Uuid{draft.operation.op_id.bytes}});
  }
  return out;
}

std::expected<void, Error> Workload::send(const client::Draft& draft) {
  const auto bytes = client::sign(draft, session_->keys, session_->genesis.chain_id);
  if (!bytes) return std::unexpected(bytes.error());
  const auto result = session_->client.submit(
      bytes->signed_operation, {draft.actor, receipt::Uuid{draft.operation.op_id.bytes}},
      kSetUpPatience);
  if (!result) return std::unexpected(result.error());
  if (result->status != "COMMITTED")
    return std::unexpected(
        Error{ErrorKind::No, {}, draft.summary + ": " + result->status + " " + result->code});
  return {};
}

}  // namespace giro::testnet
