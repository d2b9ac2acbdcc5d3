// Speaking to the nodes of a profile: reads from whichever answers, submissions with the same bytes
// to one validator after another until the operation has its final status (surface 5.4), receipts
// that are checked before they are believed.
#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "node/client/error.h"
#include "node/client/http_client.h"
#include "node/receipt/json.h"
#include "node/receipt/position.h"
#include "node/receipt/text.h"

namespace giro::client {

struct OperationName {
  std::string actor;  // institution name
  receipt::Uuid op_id{};
};

struct PaymentName {
  std::string payer_bank;  // institution name
  ledger::InstId payer_bank_id = 0;
  receipt::Uuid uetr{};
};

struct OperationResult {
  OperationName name;
  std::string operation_hash;
  std::string status;  // UNKNOWN RECEIVED ORDERING COMMITTED REJECTED EXPIRED
  bool duplicate = false;
  std::string code;        // of the outcome, as "OK"; empty without one
  std::string iso_reason;  // may be empty
  std::uint64_t height = 0;
  std::uint32_t index = 0;
  std::string block_time;
  std::string receipt_id;
  std::string valid_until;
  std::string payment_state;    // empty: no payment
  boost::json::value document;  // as the node said it

  [[nodiscard]] bool is_final() const;
};

struct VerifiedReceipt {
  std::string text;  // JSON, as received
  receipt::Receipt receipt;
  receipt::Verified facts;
};

struct VerifiedPosition {
  std::string text;  // JSON, as received
  receipt::PositionProof proof;
  receipt::VerifiedPosition facts;
};

// Not for several threads at once.
class Client {
 public:
  explicit Client(const std::vector<config::ApiUrl>& nodes,
                  const std::shared_ptr<TlsClient>& tls = nullptr);

  [[nodiscard]] const config::ApiUrl& first_node() const { return nodes_.front().url(); }

  // A JSON document with status 200, from the first node that gives one. NOT_FOUND is
  // ErrorKind::No.
  [[nodiscard]] std::expected<boost::json::value, Error> get(const std::string& target);
  // The same of a question that has a body, as JSON: nothing that changes the ledger.
  [[nodiscard]] std::expected<boost::json::value, Error> post(const std::string& target,
                                                              const std::string& body);

  // Sends until final. Errors: No (409, void refusals that no wait can cure), Usage, NotAllowed;
  // Unreachable when no node was ever reached; Undecided at the deadline, and only then may it
  // still happen.
  [[nodiscard]] std::expected<OperationResult, Error> submit(const crypto::Bytes& signed_operation,
                                                             const OperationName& name,
                                                             std::chrono::milliseconds deadline);
  [[nodiscard]] std::expected<OperationResult, Error> status(const OperationName& name);
  [[nodiscard]] std::expected<OperationResult, Error> wait(const OperationName& name,
                                                           std::chrono::milliseconds deadline);

  // Fetched and verified against the pinned genesis; also that it is the receipt of this operation.
  [[nodiscard]] std::expected<VerifiedReceipt, Error> receipt(const OperationName& name,
                                                              const receipt::Genesis& genesis);
  // How a payment stood, proven likewise: the receipt shows one event, and that is of this payment.
  // `at`: "48212.4" of a transition, and then it is that one; else the last that the node knows, or
  // tells: a later one is not ruled out.
  [[nodiscard]] std::expected<VerifiedReceipt, Error> payment_receipt(
      const PaymentName& name, const std::string& at, const receipt::Genesis& genesis);
  // How an account stands in a token, proven likewise, at this height or a later one; also that it
  // is of this account and token.
  [[nodiscard]] std::expected<VerifiedPosition, Error> position(const std::string& servicer,
                                                                const ledger::AccountId& account,
                                                                ledger::TokenId token,
                                                                std::uint64_t min_height,
                                                                const receipt::Genesis& genesis);

 private:
  // The first node's document that `judge` believes.
  template <typename Believed>
  [[nodiscard]] std::expected<Believed, Error> believe(
      const std::string& target,
      const std::function<std::expected<Believed, Error>(std::string)>& judge);
  [[nodiscard]] std::expected<boost::json::value, Error> read(std::string_view method,
                                                              const std::string& target,
                                                              std::string_view content_type,
                                                              const std::string& body);
  [[nodiscard]] std::expected<OperationResult, Error> wait_after(
      const OperationName& name, std::chrono::steady_clock::time_point end);
  [[nodiscard]] std::expected<HttpAnswer, HttpFailure> ask(
      std::size_t node, std::string_view method, const std::string& target,
      std::string_view content_type, const std::string& body, std::chrono::milliseconds limit);
  std::vector<HttpClient> nodes_;
};

[[nodiscard]] std::expected<OperationResult, Error> parse_operation_result(std::string_view text);
// Of a problem+json answer.
[[nodiscard]] Error error_of(const HttpAnswer& answer);

}  // namespace giro::client
