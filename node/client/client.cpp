#include "node/client/client.h"

#include <algorithm>
#include <boost/json.hpp>
#include <thread>

#include "node/client/json_fields.h"

namespace giro::client {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr milliseconds kReadTime{10'000};
constexpr milliseconds kProofTime{13'000};   // the node may wait 10 s for an attestation
constexpr milliseconds kWaitStep{5'000};     // of one request; the operation waits longer
constexpr milliseconds kAnswerSlack{3'000};  // for the way there and back
constexpr milliseconds kPauseFirst{50};
constexpr milliseconds kPauseMax{1'000};
constexpr int kSilentRoundsMax = 2;  // rounds without any node answering before "no node reachable"

std::string operation_target(const OperationName& name) {
  return "/v1/operations/" + name.actor + "/" + receipt::to_uuid_text(name.op_id);
}

std::string with_wait(const std::string& target, milliseconds wait) {
  return target + "?wait=committed&timeout=" + std::to_string(wait.count()) + "ms";
}

std::unexpected<Error> not_believed(std::string_view code, const char* why) {
  return std::unexpected(Error{ErrorKind::Internal, std::string(code), why});
}

// Which HTTP status means that asking again, here or elsewhere, makes sense.
bool is_worth_retrying(unsigned status) {
  return status == 429 || status >= 500;
}

std::expected<VerifiedReceipt, Error> verified_receipt(std::string text,
                                                       const receipt::Genesis& genesis) {
  auto parsed = receipt::from_json(text);
  if (!parsed) return not_believed("MALFORMED", "the node's receipt is malformed");
  auto facts = receipt::verify(*parsed, genesis);
  if (!facts)
    return not_believed(receipt::name(facts.error()), "the node's receipt does not verify");
  return VerifiedReceipt{std::move(text), std::move(*parsed), std::move(*facts)};
}

}  // namespace

bool OperationResult::is_final() const {
  return status == "COMMITTED" || status == "REJECTED" || status == "EXPIRED";
}

std::expected<OperationResult, Error> parse_operation_result(std::string_view text) {
  json::error_code error;
  json::value value = json::parse({text.data(), text.size()}, error);
  const auto* object = error ? nullptr : value.if_object();
  const auto op_id =
      object == nullptr ? std::nullopt : receipt::from_uuid_text(text_field(*object, "op_id"));
  if (!op_id) {
    return std::unexpected(Error{ErrorKind::Internal, {}, "the node's answer is not a status"});
  }
  OperationResult out;
  out.name = {text_field(*object, "actor"), *op_id};
  out.operation_hash = text_field(*object, "operation_hash");
  out.status = text_field(*object, "status");
  out.duplicate = bool_field(*object, "duplicate");
  if (const auto* outcome = object_field(*object, "outcome")) {
    const auto& fields = *outcome;
    out.code = text_field(fields, "code");
    out.iso_reason = text_field(fields, "iso_reason");
    out.height = number_field(fields, "height");
    out.index = static_cast<std::uint32_t>(number_field(fields, "index"));
    out.block_time = text_field(fields, "block_time");
  }
  out.receipt_id = text_field(*object, "receipt_id");
  out.valid_until = text_field(*object, "valid_until");
  if (const auto* payment = object_field(*object, "payment")) {
    out.payment_state = text_field(*payment, "state");
  }
  out.document = std::move(value);
  return out;
}

Error error_of(const HttpAnswer& answer) {
  json::error_code error;
  const json::value value = json::parse(answer.body, error);
  const auto* object = error ? nullptr : value.if_object();
  Error out;
  switch (answer.status) {
    case 400:
    case 413:
    case 415:
      out.kind = ErrorKind::Usage;
      break;
    case 401:
    case 403:
      out.kind = ErrorKind::NotAllowed;
      break;
    case 404:
    case 409:
    case 410:
    case 422:
      out.kind = ErrorKind::No;
      break;
    case 429:
    case 503:
      out.kind = ErrorKind::Undecided;
      break;
    default:
      out.kind = ErrorKind::Internal;
      break;
  }
  if (object == nullptr) {
    out.message = "HTTP status " + std::to_string(answer.status);
    return out;
  }
  out.code = text_field(*object, "code");
  out.message = text_field(*object, "title");
  for (const char* more : {"detail", "hint"}) {
    if (const auto text = text_field(*object, more); !text.empty()) out.message += "; " + text;
  }
  return out;
}

Client::Client(const std::vector<config::ApiUrl>& nodes, const std::shared_ptr<TlsClient>& tls) {
  for (const auto& url : nodes) nodes_.emplace_back(url, tls);
}

std::expected<HttpAnswer, HttpFailure> Client::ask(std::size_t node, std::string_view method,
                                                   const std::string& target,
                                                   std::string_view content_type,
                                                   const std::string& body, milliseconds limit) {
  return nodes_[node].send(method, target, content_type, body, limit);
}

std::expected<json::value, Error> Client::get(const std::string& target) {
  return read("GET", target, {}, {});
}

std::expected<json::value, Error> Client::post(const std::string& target, const std::string& body) {
  return read("POST", target, "application/json", body);
}

std::expected<json::value, Error> Client::read(std::string_view method, const std::string& target,
                                               std::string_view content_type,
                                               const std::string& body) {
  Error last{ErrorKind::Unreachable, {}, "the profile names no node"};
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    const auto answer = ask(node, method, target, content_type, body, kReadTime);
    if (!answer) {
      last = {ErrorKind::Unreachable, {}, answer.error().message};
      continue;
    }
    if (answer->status != 200) {
      last = error_of(*answer);
      // What one node may not show, or began too late to hold, another may: each has clients and a
      // first block of its own.
      if (is_worth_retrying(answer->status) || answer->status == 403 || answer->status == 410)
        continue;
      return std::unexpected(last);
    }
    json::error_code error;
    json::value value = json::parse(answer->body, error);
    if (!error) return value;
    last = {ErrorKind::Internal, {}, "the node's answer is not JSON"};
  }
  return std::unexpected(last);
}

std::expected<OperationResult, Error> Client::submit(const crypto::Bytes& signed_operation,
                                                     const OperationName& name,
                                                     milliseconds deadline) {
  const auto end = Steady::now() + deadline;
  const std::string body(crypto::as_text(signed_operation));
  bool may_be_admitted = false, was_reached = false;
  int silent_rounds = 0;
  milliseconds pause = kPauseFirst;
  Error last{ErrorKind::Unreachable, {}, "the profile names no node"};
  for (std::size_t attempt = 0; !nodes_.empty(); ++attempt) {
    const auto left = std::chrono::duration_cast<milliseconds>(end - Steady::now());
    if (left <= milliseconds::zero()) break;
    const auto wait = std::min(left, kWaitStep);
    const auto answer = ask(attempt % nodes_.size(), "POST", with_wait("/v1/operations", wait),
                            "application/x-protobuf", body, wait + kAnswerSlack);
    bool should_pause = true;
    if (!answer) {
      last = {ErrorKind::Unreachable, {}, answer.error().message};
      may_be_admitted = may_be_admitted || answer.error().may_have_arrived;
    } else if (answer->status == 200 || answer->status == 202) {
      was_reached = true;
      auto result = parse_operation_result(answer->body);
      if (!result) return result;
      if (result->is_final()) return result;
      may_be_admitted = true;
      should_pause = false;  // it has waited already
    } else {
      was_reached = true;
      last = error_of(*answer);
      may_be_admitted = may_be_admitted || answer->status == 500;
      if (!is_worth_retrying(answer->status)) {
        // The refusal speaks for this request only; an earlier one may have been admitted.
        if (!may_be_admitted || answer->status == 409) return std::unexpected(last);
        return wait_after(name, end);
      }
    }
    if ((attempt + 1) % nodes_.size() != 0 || !should_pause) continue;
    if (!was_reached && !may_be_admitted && ++silent_rounds >= kSilentRoundsMax) break;
    std::this_thread::sleep_for(std::min(pause, std::max(left, kPauseFirst)));
    pause = std::min(pause * 2, kPauseMax);
  }
  if (!was_reached && !may_be_admitted) return std::unexpected(last);
  return std::unexpected(Error{ErrorKind::Undecided, last.code,
                               "no final status yet for " + receipt::to_uuid_text(name.op_id) +
                                   "; run the same command again with this id"});
}

std::expected<OperationResult, Error> Client::status(const OperationName& name) {
  const auto value = get(operation_target(name));
  if (!value) return std::unexpected(value.error());
  return parse_operation_result(json::serialize(*value));
}

std::expected<OperationResult, Error> Client::wait(const OperationName& name,
                                                   milliseconds deadline) {
  return wait_after(name, Steady::now() + deadline);
}

std::expected<OperationResult, Error> Client::wait_after(const OperationName& name,
                                                         Steady::time_point end) {
  milliseconds pause = kPauseFirst;
  int silent_rounds = 0;
  bool was_reached = false;
  Error last{ErrorKind::Unreachable, {}, "the profile names no node"};
  for (std::size_t attempt = 0; !nodes_.empty(); ++attempt) {
    const auto left = std::chrono::duration_cast<milliseconds>(end - Steady::now());
    if (left <= milliseconds::zero()) break;
    const auto step = std::min(left, kWaitStep);
    const auto answer = ask(attempt % nodes_.size(), "GET", with_wait(operation_target(name), step),
                            {}, {}, step + kAnswerSlack);
    bool should_pause = true;
    if (!answer) {
      last = {ErrorKind::Unreachable, {}, answer.error().message};
    } else if (answer->status == 200 || answer->status == 202) {
      was_reached = true;
      should_pause = false;
      auto result = parse_operation_result(answer->body);
      if (!result || result->is_final()) return result;
    } else {
      was_reached = true;
      last = error_of(*answer);
      if (!is_worth_retrying(answer->status)) return std::unexpected(last);
    }
    if ((attempt + 1) % nodes_.size() != 0 || !should_pause) continue;
    if (!was_reached && ++silent_rounds >= kSilentRoundsMax) return std::unexpected(last);
    std::this_thread::sleep_for(std::min(pause, std::max(left, kPauseFirst)));
    pause = std::min(pause * 2, kPauseMax);
  }
  if (!was_reached) return std::unexpected(last);
  return std::unexpected(Error{
      ErrorKind::Undecided, {}, "no final status yet for " + receipt::to_uuid_text(name.op_id)});
}

// Another node may hold what this one lacks, or tell the truth where this one does not.
template <typename Believed>
std::expected<Believed, Error> Client::believe(
    const std::string& target,
    const std::function<std::expected<Believed, Error>(std::string)>& judge) {
  std::expected<Believed, Error> last =
      std::unexpected(Error{ErrorKind::Unreachable, {}, "the profile names no node"});
  for (std::size_t node = 0; node < nodes_.size() && !last; ++node) {
    auto answer = ask(node, "GET", target, {}, {}, kProofTime);
    if (!answer) {
      last = std::unexpected(Error{ErrorKind::Unreachable, {}, answer.error().message});
    } else if (answer->status != 200) {
      last = std::unexpected(error_of(*answer));
    } else {
      last = judge(std::move(answer->body));
    }
  }
  return last;
}

std::expected<VerifiedReceipt, Error> Client::receipt(const OperationName& name,
                                                      const receipt::Genesis& genesis) {
  const auto judge = [&](std::string text) -> std::expected<VerifiedReceipt, Error> {
    auto made = verified_receipt(std::move(text), genesis);
    if (made && made->receipt.outcome.op_id.bytes != name.op_id)
      return not_believed("WRONG_OPERATION", "the node's receipt is of another operation");
    return made;
  };
  return believe<VerifiedReceipt>(operation_target(name) + "/receipt", judge);
}

std::expected<VerifiedReceipt, Error> Client::payment_receipt(const PaymentName& name,
                                                              const std::string& at,
                                                              const receipt::Genesis& genesis) {
  const auto judge = [&](std::string text) -> std::expected<VerifiedReceipt, Error> {
    auto made = verified_receipt(std::move(text), genesis);
    if (!made) return made;
    const auto payments = receipt::shown_payments(made->receipt);
    if (made->receipt.events.size() != 1 || payments.size() != 1 ||
        payments.front().terms.uetr.bytes != name.uetr ||
        payments.front().terms.payer_bank != name.payer_bank_id)
      return not_believed("WRONG_PAYMENT", "the node's receipt is of another payment");
    const std::string place = std::to_string(made->receipt.outcome.height) + "." +
                              std::to_string(receipt::shown_places(made->receipt).front());
    if (!at.empty() && at != place)
      return not_believed("WRONG_TRANSITION", "the node's receipt is of another transition");
    return made;
  };
  return believe<VerifiedReceipt>("/v1/payments/" + name.payer_bank + "/" +
                                      receipt::to_uuid_text(name.uetr) + "/receipt" +
                                      (at.empty() ? "" : "?at=" + at),
                                  judge);
}

std::expected<VerifiedPosition, Error> Client::position(const std::string& servicer,
                                                        const ledger::AccountId& account,
                                                        ledger::TokenId token,
                                                        std::uint64_t min_height,
                                                        const receipt::Genesis& genesis) {
  const auto judge = [&](std::string text) -> std::expected<VerifiedPosition, Error> {
    auto parsed = receipt::position_from_json(text);
    if (!parsed) return not_believed("MALFORMED", "the node's proof is malformed");
    auto facts = receipt::verify(*parsed, genesis);
    if (!facts)
      return not_believed(receipt::name(facts.error()), "the node's proof does not verify");
    if (parsed->header.height.value < min_height)
      return not_believed("BEHIND", "the node's proof is of an older height");
    if (parsed->account != account || parsed->token != token)
      return not_believed("WRONG_POSITION", "the node's proof is of another position");
    return VerifiedPosition{std::move(text), std::move(*parsed), std::move(*facts)};
  };
  return believe<VerifiedPosition>(
      "/v1/accounts/" + crypto::to_hex(account) + "/proof?servicer=" + servicer +
          "&token=" + std::to_string(token) + "&min_height=" + std::to_string(min_height),
      judge);
}

}  // namespace giro::client
