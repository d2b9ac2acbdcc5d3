// Operations of a load, signed before it begins, so that making them costs the measured time
// nothing.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "node/client/session.h"

namespace giro::testnet {

struct LoadRequest {
  std::string body;  // signed, as it is posted
  receipt::Uuid op_id;
};

// TRANSFERs of USD 0.01 between accounts of one bank: one signature, two positions each. The
// session must act for bank-a, as the demo profile does, and outlive it.
class Workload {
 public:
  using Progress = std::function<void(const std::string&)>;

  // So many new accounts, each with money, by the operations that a bank would use.
  [[nodiscard]] static std::expected<Workload, client::Error> prepare(client::Session& session,
                                                                      std::size_t accounts,
                                                                      const Progress& progress);
  // Each under an id of its own, valid for half an hour.
  [[nodiscard]] std::expected<std::vector<LoadRequest>, client::Error> presign(
      std::size_t count, const Progress& progress);

 private:
  Workload(client::Session& session, client::InstitutionFacts bank, client::TokenFacts token)
      : session_(&session), bank_(std::move(bank)), token_(std::move(token)) {}
  [[nodiscard]] std::expected<void, client::Error> send(const client::Draft& draft);

  client::Session* session_;
  client::InstitutionFacts bank_;
  client::TokenFacts token_;
  std::vector<ledger::AccountId> accounts_;
  std::size_t signed_ = 0;
};

}  // namespace giro::testnet
