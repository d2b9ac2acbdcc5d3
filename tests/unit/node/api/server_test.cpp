#include <set>
#include <thread>

#include "crypto/digest.h"
#include "node/api/limits.h"
#include "node/client/operations.h"
#include "tests/unit/node/api/server_fixture.h"

namespace giro::api {
namespace {

using runtime::RefusalReason;

std::string op_target(const receipt::Uuid& id) {
  return "/v1/operations/bank-a/" + receipt::to_uuid_text(id);
}

// ---- conventions (surface 5.2, 5.5)
// ---------------------------------------------------------------------------------

TEST_F(ServerTest, Every_answer_names_height_condition_and_request) {
  service.set_height(7);
  for (const auto* target : {"/v1/node", "/v1/tokens", "/v1/nothing"}) {
    const auto answer = get(target);
    EXPECT_EQ(answer.headers.at("x-giro-height"), "7") << target;
    EXPECT_EQ(answer.headers.at("x-giro-condition"), "ok") << target;
    EXPECT_EQ(answer.headers.at("x-request-id").size(), 32U) << target;
  }
}

TEST_F(ServerTest, Errors_are_problem_documents_with_code_retryable_and_definite) {
  const auto answer = get("/v1/tokens/bank-z.EUR");
  EXPECT_EQ(answer.status, 404U);
  EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
  const auto problem = document(answer);
  EXPECT_EQ(problem.at("code").as_string(), "NOT_FOUND");
  EXPECT_EQ(problem.at("type").as_string(), "urn:giro:error:NOT_FOUND");
  EXPECT_FALSE(problem.at("retryable").as_bool());
  EXPECT_TRUE(problem.at("definite").as_bool());
  EXPECT_EQ(problem.at("request_id").as_string(), answer.headers.at("x-request-id"));
}

TEST_F(ServerTest, Unknown_paths_methods_and_parameters_are_refused) {
  EXPECT_EQ(get("/v2/node").status, 404U);
  const auto method = send("DELETE", "/v1/operations");
  EXPECT_EQ(method.status, 405U);
  EXPECT_EQ(method.headers.at("allow"), "POST");
  EXPECT_EQ(get("/v1/node?colour=red").status, 400U);
  EXPECT_EQ(get("/v1/tokens?limit=0").status, 400U);
  EXPECT_EQ(get("/v1/tokens?limit=1001").status, 400U);
  EXPECT_EQ(get("/v1/tokens?limit=1000").status, 200U);
}

TEST_F(ServerTest, Min_height_waits_for_the_state_and_then_answers_from_it) {
  service.set_height(4);
  std::thread later([this] { service.set_height(5); });
  const auto answer = get("/v1/tokens?min_height=5");
  later.join();
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.headers.at("x-giro-height"), "5");
  EXPECT_EQ(get("/v1/tokens?min_height=x").status, 400U);
}

TEST_F(ServerTest, A_foreign_host_or_origin_is_refused) {
  const std::string tail = "Connection: close\r\n\r\n";
  const std::string port = std::to_string(server->api_port());
  const auto status = [&](const std::string& headers) {
    return send_raw("GET /v1/node HTTP/1.1\r\n" + headers + tail).substr(9, 3);
  };
  EXPECT_EQ(status("Host: localhost:" + port + "\r\n"), "200");
  EXPECT_EQ(status("Host: [::1]:" + port + "\r\n"), "200");
  EXPECT_EQ(status("Host: 127.0.0.1\r\n"), "200");
  EXPECT_EQ(status("Host: bank.example:" + port + "\r\n"), "403");
  EXPECT_EQ(status(""), "403");
  EXPECT_EQ(status("Host: localhost\r\nOrigin: http://localhost\r\n"), "200");
  EXPECT_EQ(status("Host: localhost\r\nOrigin: http://evil.example\r\n"), "403");
  EXPECT_EQ(status("Host: localhost\r\nOrigin: null\r\n"), "403");
}

TEST_F(ServerTest, What_is_not_HTTP_gets_400_and_the_connection_closes) {
  for (const std::string bytes : {"hello\r\n\r\n", "GET\r\n\r\n", "GET /v1/node HTTP/9.9\r\n\r\n",
                                  "GET /v1/node HTTP/1.1\r\nHost localhost\r\n\r\n"}) {
    const auto answer = send_raw(bytes);
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 400") << bytes;
    EXPECT_NE(answer.find("BAD_REQUEST"), std::string::npos);
  }
}

TEST_F(ServerTest, A_header_at_the_limit_passes_and_one_above_is_refused) {
  const auto with_header = [this](std::size_t size) {
    const std::string start =
        "GET /v1/node HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Fill: ";
    return send_raw(start + std::string(size - start.size() - 4, 'x') + "\r\n\r\n").substr(9, 3);
  };
  EXPECT_EQ(with_header(kHeaderBytesMax), "200");
  EXPECT_EQ(with_header(kHeaderBytesMax + 1024), "413");
}

TEST_F(ServerTest, A_body_at_the_limit_is_read_and_one_above_is_refused) {
  const std::size_t limit = config().api.body_bytes;
  EXPECT_EQ(send("POST", "/v1/operations", "application/json", std::string(limit, ' ')).status,
            400U);
  const auto answer =
      send("POST", "/v1/operations", "application/json", std::string(limit + 1, ' '));
  EXPECT_EQ(answer.status, 413U);
  EXPECT_EQ(document(answer).at("code").as_string(), "TOO_LARGE");
}

TEST_F(ServerTest, A_client_beyond_its_rate_gets_429_with_Retry_After) {
  server.reset();
  auto slow = config();
  slow.api.read_rate = 1;
  slow.api.read_burst = 3;
  start(slow);
  unsigned refused = 0;
  client::HttpAnswer last;
  for (int i = 0; i < 20; ++i) {
    const auto answer = get("/v1/tokens");
    if (answer.status != 429) continue;
    ++refused;
    last = answer;
  }
  EXPECT_GE(refused, 10U);
  EXPECT_EQ(document(last).at("code").as_string(), "RATE_LIMITED");
  EXPECT_EQ(last.headers.at("retry-after"), "1");
}

TEST_F(ServerTest, A_port_in_use_is_an_error_that_names_it) {
  auto same = config();
  same.api.listen.port = server->api_port();
  const auto started = Server::start(same, service, "0.1.0");
  ASSERT_FALSE(started.has_value());
  EXPECT_NE(started.error().find("api.listen"), std::string::npos);
  EXPECT_NE(started.error().find(std::to_string(same.api.listen.port)), std::string::npos);
}

// ---- operations (surface 5.3, 5.4)
// ----------------------------------------------------------------------------------

TEST_F(ServerTest, A_recorded_outcome_is_200_with_its_status) {
  service.set_height(12);
  const auto id = client::new_uuid();
  const auto answer = post(mint(id));
  ASSERT_EQ(answer.status, 200U) << answer.body;
  const auto status = document(answer);
  EXPECT_EQ(status.at("actor").as_string(), "bank-a");
  EXPECT_EQ(status.at("op_id").as_string(), receipt::to_uuid_text(id));
  EXPECT_EQ(status.at("status").as_string(), "COMMITTED");
  EXPECT_FALSE(status.at("duplicate").as_bool());
  EXPECT_EQ(status.at("outcome").at("code").as_string(), "OK");
  EXPECT_EQ(status.at("outcome").at("height").as_string(), "12");
  EXPECT_EQ(status.at("outcome").at("index").as_int64(), 3);
  EXPECT_EQ(status.at("valid_until").as_string(), "2023-11-14T22:18:20.000Z");
}

TEST_F(ServerTest, The_JSON_form_is_the_same_operation_as_the_protobuf_form) {
  const auto id = client::new_uuid();
  const auto bytes = mint(id);
  const auto decoded = ledger::decode(demo_network().checked.chain_id, bytes);
  ASSERT_TRUE(decoded.has_value());
  const auto& key = demo_network().operators.begin()->second;
  const auto signature = key.sign(
      ledger::operation_sign_bytes(demo_network().checked.chain_id, decoded->operation_hash()));
  const json::object body{
      {"body", receipt::to_base64(decoded->body())},
      {"signatures", json::array{json::object{{"public_key", crypto::to_hex(key.public_key())},
                                              {"signature", crypto::to_hex(signature)}}}}};
  const auto first = send("POST", "/v1/operations", "application/json", json::serialize(body));
  ASSERT_EQ(first.status, 200U) << first.body;
  const auto second = post(bytes);
  EXPECT_TRUE(document(second).at("duplicate").as_bool());
  EXPECT_EQ(document(first).at("operation_hash"), document(second).at("operation_hash"));
}

TEST_F(ServerTest, A_business_rejection_is_no_HTTP_error) {
  service.set_instant(false);
  const auto id = client::new_uuid();
  std::thread ledger([&] {
    service.await_waiters(1);
    service.finish(id, ledger::Code::InsufficientFunds);
  });
  const auto answer = post(mint(id));
  ledger.join();
  ASSERT_EQ(answer.status, 200U);
  EXPECT_EQ(document(answer).at("status").as_string(), "REJECTED");
  EXPECT_EQ(document(answer).at("outcome").at("code").as_string(), "INSUFFICIENT_FUNDS");
  EXPECT_EQ(document(answer).at("outcome").at("iso_reason").as_string(), "AM04");
}

TEST_F(ServerTest, A_wait_that_ends_early_is_202_with_the_place_of_the_status) {
  service.set_instant(false);
  const auto id = client::new_uuid();
  for (const std::string query : {"?wait=received", "?wait=committed&timeout=0ms"}) {
    const auto answer = post(mint(id), query);
    EXPECT_EQ(answer.status, 202U) << query;
    EXPECT_EQ(document(answer).at("status").as_string(), "RECEIVED");
    EXPECT_EQ(answer.headers.at("location"), op_target(id));
  }
}

TEST_F(ServerTest, Beyond_the_limit_of_waiters_the_answer_comes_at_once) {
  service.set_instant(false);
  service.set_waiters_max(0);
  EXPECT_EQ(post(mint(client::new_uuid())).status, 202U);
}

TEST_F(ServerTest, Waiting_requests_hold_no_thread) {
  service.set_instant(false);
  constexpr std::size_t kWaiters = 8;
  std::vector<receipt::Uuid> ids;
  std::vector<std::thread> clients;
  std::vector<unsigned> statuses(kWaiters);
  for (std::size_t i = 0; i < kWaiters; ++i) ids.push_back(client::new_uuid());
  for (std::size_t i = 0; i < kWaiters; ++i) {
    clients.emplace_back([&, i] { statuses[i] = post(mint(ids[i])).status; });
  }
  service.await_waiters(kWaiters);
  EXPECT_EQ(get("/v1/node").status, 200U);
  EXPECT_NE(get_ops("/metrics").body.find("giro_api_waiters 8"), std::string::npos);
  for (const auto& id : ids) service.finish(id, ledger::Code::Ok);
  for (auto& client : clients) client.join();
  for (const unsigned status : statuses) EXPECT_EQ(status, 200U);
}

TEST_F(ServerTest, The_same_id_with_another_body_is_409_with_both_hashes) {
  const auto id = client::new_uuid();
  EXPECT_EQ(post(mint(id, 100)).status, 200U);
  const auto answer = post(mint(id, 101));
  ASSERT_EQ(answer.status, 409U);
  const auto problem = document(answer);
  EXPECT_EQ(problem.at("code").as_string(), "IDEMPOTENCY_CONFLICT");
  EXPECT_EQ(problem.at("number").as_int64(), 212);
  EXPECT_EQ(problem.at("iso_reason").as_string(), "DU03");
  EXPECT_EQ(problem.at("existing_hash").as_string().size(), 64U);
  EXPECT_NE(problem.at("existing_hash"), problem.at("submitted_hash"));
}

TEST_F(ServerTest, Another_body_that_wins_during_the_wait_is_409_too) {
  service.set_instant(false);
  const auto id = client::new_uuid();
  std::thread ledger([&] {
    service.await_waiters(1);
    service.finish(id, ledger::Code::Ok, crypto::sha256(crypto::as_view("another body")));
  });
  const auto answer = post(mint(id));
  ledger.join();
  EXPECT_EQ(answer.status, 409U);
}

TEST_F(ServerTest, Refusals_map_to_the_status_of_their_kind) {
  struct Row {
    runtime::Refusal refusal;
    unsigned status;
    const char* code;
    bool retry_after;
  };
  const auto ledger_refusal = [](ledger::Code code) {
    return runtime::Refusal{
        .reason = RefusalReason::Ledger, .code = code, .existing_hash = {}, .submitted_hash = {}};
  };
  const Row rows[] = {
      {ledger_refusal(ledger::Code::BadSignature), 403, "BAD_SIGNATURE", false},
      {ledger_refusal(ledger::Code::QuorumNotMet), 403, "QUORUM_NOT_MET", false},
      {ledger_refusal(ledger::Code::OperationExpired), 422, "OPERATION_EXPIRED", false},
      {ledger_refusal(ledger::Code::ValidUntilTooFar), 422, "VALID_UNTIL_TOO_FAR", false},
      {ledger_refusal(ledger::Code::TokenNotFound), 422, "TOKEN_NOT_FOUND", false},
      {ledger_refusal(ledger::Code::Capacity), 503, "CAPACITY", true},
      {{.reason = RefusalReason::Capacity, .code = {}, .existing_hash = {}, .submitted_hash = {}},
       503,
       "CAPACITY",
       true},
      {{.reason = RefusalReason::DiskLow, .code = {}, .existing_hash = {}, .submitted_hash = {}},
       503,
       "DISK_LOW",
       true},
      {{.reason = RefusalReason::NotReady, .code = {}, .existing_hash = {}, .submitted_hash = {}},
       503,
       "NOT_READY",
       true},
  };
  for (const auto& row : rows) {
    service.refuse_with(row.refusal);
    const auto answer = post(mint(client::new_uuid()));
    EXPECT_EQ(answer.status, row.status) << row.code;
    EXPECT_EQ(document(answer).at("code").as_string(), row.code);
    EXPECT_TRUE(document(answer).at("definite").as_bool());
    EXPECT_EQ(answer.headers.contains("retry-after"), row.retry_after) << row.code;
  }
}

TEST_F(ServerTest, Bodies_that_are_no_operation_never_reach_the_node) {
  const auto with = [this](const std::string& body) {
    return send("POST", "/v1/operations", "application/json", body).status;
  };
  EXPECT_EQ(with(""), 400U);
  EXPECT_EQ(with("[]"), 400U);
  EXPECT_EQ(with(R"({"body":"AA=="})"), 400U);
  EXPECT_EQ(with(R"({"body":"!!","signatures":[]})"), 400U);
  EXPECT_EQ(with(R"({"body":"AA==","signatures":[{"public_key":"00","signature":"00"}]})"), 400U);
  EXPECT_EQ(with(R"({"body":"AA==","signatures":[],"more":1})"), 400U);
  EXPECT_EQ(with(std::string(60'000, '[')), 400U);
  EXPECT_EQ(send("POST", "/v1/operations", "text/plain", "x").status, 415U);
  EXPECT_EQ(send("POST", "/v1/operations", "application/x-protobuf", "x").status, 400U);
  const auto good = mint(client::new_uuid());
  EXPECT_EQ(post(good, "?wait=soon").status, 400U);
  EXPECT_EQ(post(good, "?timeout=5").status, 400U);
  EXPECT_EQ(post(good, "?timeout=31s").status, 400U);
  EXPECT_EQ(service.submissions(), 0U);
}

TEST_F(ServerTest, An_Idempotency_Key_must_be_the_op_id) {
  const auto id = client::new_uuid();
  const auto bytes = mint(id);
  const auto with_key = [&](const std::string& key) {
    return send_raw(
        "POST /v1/operations HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        "Content-Type: application/x-protobuf\r\nIdempotency-Key: " +
        key + "\r\nContent-Length: " + std::to_string(bytes.size()) + "\r\n\r\n" +
        std::string(crypto::as_text(bytes)));
  };
  EXPECT_NE(with_key("another").find("IDEMPOTENCY_KEY_MISMATCH"), std::string::npos);
  EXPECT_EQ(with_key(receipt::to_uuid_text(id)).substr(9, 3), "200");
}

TEST_F(ServerTest, The_status_of_an_operation_is_read_and_awaited) {
  service.set_instant(false);
  const auto id = client::new_uuid();
  EXPECT_EQ(document(get(op_target(id))).at("status").as_string(), "UNKNOWN");
  EXPECT_EQ(get(op_target(id) + "/receipt").status, 404U);
  EXPECT_EQ(post(mint(id), "?wait=received").status, 202U);
  EXPECT_EQ(document(get(op_target(id))).at("status").as_string(), "RECEIVED");
  std::thread ledger([&] {
    service.await_waiters(1);
    service.finish(id, ledger::Code::Ok);
  });
  const auto answer = get(op_target(id) + "?wait=committed&timeout=20s");
  ledger.join();
  EXPECT_EQ(document(answer).at("status").as_string(), "COMMITTED");
  const auto receipt = receipt::from_json(get(op_target(id) + "/receipt").body);
  ASSERT_TRUE(receipt.has_value());
  EXPECT_TRUE(receipt->operation && !receipt->events.empty());
  // Events say what the body says.
  const auto redacted = receipt::from_json(get(op_target(id) + "/receipt?redact=body").body);
  ASSERT_TRUE(redacted.has_value());
  EXPECT_TRUE(!redacted->operation && redacted->events.empty());
  EXPECT_EQ(get(op_target(id) + "/receipt?redact=all").status, 400U);
  EXPECT_EQ(get("/v1/operations/nobody/" + receipt::to_uuid_text(id)).status, 404U);
  EXPECT_EQ(get("/v1/operations/bank-a/12").status, 400U);
}

// ---- reads
// ----------------------------------------------------------------------------------------------------------

TEST_F(ServerTest, Tokens_are_found_by_name_and_number_with_decimal_amounts) {
  const auto by_name = document(get("/v1/tokens/bank-a.EUR"));
  EXPECT_EQ(by_name, document(get("/v1/tokens/2")));
  EXPECT_EQ(by_name.at("outstanding").as_string(), "1000.00");
  EXPECT_EQ(by_name.at("issuer").as_string(), "bank-a");
  const auto first = document(get("/v1/tokens?limit=5"));
  EXPECT_EQ(first.at("items").as_array().size(), 5U);
  const auto rest =
      document(get("/v1/tokens?cursor=" + std::string(first.at("next_cursor").as_string())));
  EXPECT_EQ(rest.at("items").as_array().size(), 3U);
  EXPECT_TRUE(rest.at("next_cursor").is_null());
}

TEST_F(ServerTest, Entries_come_with_what_binds_them) {
  const auto alice = config::demo_aliases().at("ALICE").account;
  const std::string path = "/v1/accounts/" + crypto::to_hex(alice) + "/entries";
  EXPECT_EQ(get(path).status, 400U) << "no token";
  EXPECT_EQ(get(path + "?token=bank-a.XYZ").status, 400U);
  EXPECT_EQ(get(path + "?token=bank-b.EUR").status, 404U) << "no such position";
  EXPECT_EQ(get(path + "?token=bank-a.EUR&cursor=x").status, 400U);
  EXPECT_EQ(get(path + "?token=bank-a.EUR&limit=0").status, 400U);
  service.hold_statement(std::nullopt, 7);
  const auto missing = get(path + "?token=bank-a.EUR");
  EXPECT_EQ(missing.status, 410U);
  EXPECT_NE(missing.body.find("cursor=7"), std::string::npos) << missing.body;

  runtime::Statement statement;
  statement.opening_balance = {0, 100};
  for (std::uint64_t seq = 1; seq <= 3; ++seq) {
    ledger::EntryEvent entry{};
    entry.seq = seq;
    entry.side = seq == 2 ? ledger::Side::Debit : ledger::Side::Credit;
    entry.amount = {0, 250};
    entry.balance = {0, seq == 2 ? 100U : 350U};
    entry.type = ledger::EntryType::Settlement;
    entry.counterparty_bank = 2;
    statement.entries.push_back({entry, ledger::encode(entry)});
  }
  service.hold_statement(statement);
  service.set_entries(3);
  const auto page = document(get(path + "?token=bank-a.EUR&limit=2"));
  EXPECT_EQ(page.at("opening").at("balance").as_string(), "1.00");
  ASSERT_EQ(page.at("items").as_array().size(), 2U);
  const auto& second = page.at("items").at(1);
  EXPECT_EQ(second.at("side").as_string(), "DEBIT");
  EXPECT_EQ(second.at("amount").as_string(), "2.50");
  EXPECT_EQ(second.at("type").as_string(), "SETTLEMENT");
  EXPECT_EQ(second.at("counterparty_bank").as_string(), "bank-b");
  EXPECT_EQ(page.at("closing").at("seq").as_string(), "2");
  crypto::Hash chain = statement.opening_chain;
  for (int i = 0; i < 2; ++i)
    chain =
        ledger::next_entry_chain(chain, statement.entries[static_cast<std::size_t>(i)].canonical);
  EXPECT_EQ(page.at("closing").at("entry_chain").as_string(), crypto::to_hex(chain));
}

TEST_F(ServerTest, Accounts_show_their_positions) {
  const auto alice = crypto::to_hex(config::demo_aliases().at("ALICE").account);
  const auto account = document(get("/v1/accounts/" + alice));
  EXPECT_EQ(account.at("servicer").as_string(), "bank-a");
  EXPECT_EQ(account.at("kind").as_string(), "CUSTOMER");
  ASSERT_EQ(account.at("positions").as_array().size(), 2U);
  const auto& euro = account.at("positions").at(1);
  EXPECT_EQ(euro.at("token").as_string(), "bank-a.EUR");
  EXPECT_EQ(euro.at("available").as_string(), "1000.00");
  EXPECT_EQ(get("/v1/accounts/" + alice + "?servicer=bank-b").status, 404U);
  EXPECT_EQ(get("/v1/accounts/12").status, 400U);
  // Every page of one bank's accounts, without a gap or a repetition.
  std::set<std::string> ids;
  std::string cursor;
  do {
    const auto page = document(get("/v1/accounts?servicer=bank-a&limit=1" + cursor));
    for (const auto& item : page.at("items").as_array()) {
      EXPECT_TRUE(ids.insert(std::string(item.at("id").as_string())).second);
    }
    cursor = page.at("next_cursor").is_null()
                 ? ""
                 : "&cursor=" + std::string(page.at("next_cursor").as_string());
  } while (!cursor.empty());
  EXPECT_GE(ids.size(), 4U);
}

TEST_F(ServerTest, Institutions_show_roles_and_effective_corridors) {
  const auto bank = document(get("/v1/institutions/bank-a"));
  EXPECT_EQ(bank.at("roles").at("ISSUER").at("quorum").as_int64(), 2);
  EXPECT_TRUE(bank.at("validator").as_bool());
  const auto& corridors = bank.at("corridors_out").as_array();
  ASSERT_EQ(corridors.size(), 2U);
  for (const auto& corridor : corridors) {
    EXPECT_EQ(corridor.at("peer").as_string(), "bank-b");
    EXPECT_EQ(corridor.at("auto_accept_max").as_string(), "999.99");
    EXPECT_TRUE(corridor.at("enabled").as_bool());
  }
  EXPECT_EQ(document(get("/v1/institutions")).at("items").as_array().size(), 5U);
  EXPECT_EQ(get("/v1/institutions/bank-z").status, 404U);
}

TEST_F(ServerTest, Blocks_are_listed_newest_first_and_read_by_height) {
  service.set_height(5);
  EXPECT_EQ(document(get("/v1/blocks/5")).at("operations").at(0).at("type").as_string(), "PAY");
  EXPECT_EQ(get("/v1/blocks/6").status, 404U);
  EXPECT_EQ(get("/v1/blocks/five").status, 400U);
  const auto page = document(get("/v1/blocks?limit=2"));
  EXPECT_EQ(page.at("items").at(0).at("height").as_string(), "5");
  const auto rest =
      document(get("/v1/blocks?cursor=" + std::string(page.at("next_cursor").as_string())));
  ASSERT_EQ(rest.at("items").as_array().size(), 4U);
  EXPECT_EQ(rest.at("items").at(3).at("height").as_string(), "0");
  EXPECT_TRUE(rest.at("next_cursor").is_null());
  EXPECT_EQ(rest.at("earliest_available").at("height").as_string(), "0");
}

TEST_F(ServerTest, What_lies_below_the_snapshot_that_the_node_began_with_is_410) {
  service.set_height(9);
  service.set_first_block(4);
  const auto block = get("/v1/blocks/3");
  EXPECT_EQ(block.status, 410U);
  EXPECT_EQ(document(block).at("code").as_string(), "PRUNED");
  EXPECT_NE(block.body.find("from 4 on"), std::string::npos) << block.body;
  EXPECT_EQ(get("/v1/blocks/4").status, 200U);
  EXPECT_EQ(get("/v1/blocks/10").status, 404U);
  for (const char* list : {"/v1/blocks", "/v1/headers"})
    EXPECT_EQ(document(get(list)).at("earliest_available").at("height").as_string(), "4") << list;
}

TEST_F(ServerTest, The_agreement_and_its_view_changes_are_shown) {
  const auto now = document(get("/v1/consensus"));
  EXPECT_EQ(now.at("leader").as_string(), "bank-b");
  std::uint64_t leaders = 0, own = 0, connected = 0;
  for (const auto& each : now.at("members").as_array()) {
    leaders += each.at("leader").as_bool() ? 1U : 0U;
    own += each.at("self").as_bool() ? 1U : 0U;
    connected += each.at("connected").as_bool() ? 1U : 0U;
  }
  EXPECT_LE(leaders, 1U);
  EXPECT_EQ(own, 1U);
  EXPECT_EQ(now.at("connected").to_number<std::uint64_t>(), connected);

  const auto views = document(get("/v1/consensus/views"));
  ASSERT_EQ(views.at("items").as_array().size(), 2U);
  EXPECT_EQ(views.at("items").at(0).at("view").as_string(), "2");
  EXPECT_EQ(views.at("items").at(0).at("reason").as_string(), "FOLLOWED");
  EXPECT_TRUE(views.at("items").at(0).at("active_at").is_null());
  EXPECT_EQ(views.at("items").at(1).at("reason").as_string(), "SILENT");
  EXPECT_EQ(views.at("items").at(1).at("leader").as_string(), "bank-b");
  const auto first = document(get("/v1/consensus/views?limit=1"));
  ASSERT_EQ(first.at("items").as_array().size(), 1U);
  EXPECT_EQ(first.at("next_cursor").as_string(), "0.2");
  const auto second = document(get("/v1/consensus/views?cursor=0.2"));
  ASSERT_EQ(second.at("items").as_array().size(), 1U);
  EXPECT_EQ(second.at("items").at(0).at("view").as_string(), "1");
  EXPECT_TRUE(second.at("next_cursor").is_null());
  EXPECT_EQ(get("/v1/consensus/views?cursor=x").status, 400U);
}

// They are read whole, on the thread that all answers share.
TEST_F(ServerTest, A_list_of_full_blocks_is_a_short_one) {
  service.set_height(5);
  service.set_operations_of_blocks(kBlockOperationsMax / 2);
  const auto page = document(get("/v1/blocks"));
  ASSERT_EQ(page.at("items").as_array().size(), 2U);
  EXPECT_EQ(page.at("next_cursor").as_string(), "4");
}

TEST_F(ServerTest, Says_why_it_goes_on_or_does_not) {
  service.set_height(5);
  auto why = document(get("/v1/consensus/explain"));
  EXPECT_EQ(why.at("code").as_string(), "PROGRESSING");
  EXPECT_TRUE(why.at("progressing").as_bool());
  EXPECT_EQ(why.at("leader").as_string(), "bank-b");
  EXPECT_TRUE(why.at("waits_for").is_null());
  service.set_diverged();
  why = document(get("/v1/consensus/explain"));
  EXPECT_EQ(why.at("code").as_string(), "HALTED_DIVERGED");
  EXPECT_EQ(why.at("faults").at(0).at("name").as_string(), "bank-a");
  EXPECT_EQ(why.at("faults").at(0).at("cause").as_string(), "DIVERGED");
}

TEST_F(ServerTest, Headers_ascend_between_two_heights_with_what_proves_them) {
  service.set_height(9);
  const auto list = [this](const std::string& query) {
    const auto page = document(get("/v1/headers" + query));
    std::string heights;
    for (const auto& item : page.at("items").as_array())
      heights += std::string(item.at("height").as_string()) + " ";
    const auto& next = page.at("next_cursor");
    return heights + (next.is_null() ? "end" : std::string(next.as_string()));
  };
  EXPECT_EQ(list(""), "9 end");
  EXPECT_EQ(list("?from=3&to=5"), "3 4 5 end");
  EXPECT_EQ(list("?from=7&to=99"), "7 8 9 end");
  EXPECT_EQ(list("?from=3&to=8&limit=2"), "3 4 5");
  EXPECT_EQ(list("?from=3&to=8&limit=2&cursor=5"), "5 6 7");
  EXPECT_EQ(list("?from=5&to=3"), "end");
  EXPECT_EQ(list("?from=10"), "end");
  const auto page = document(get("/v1/headers?from=4&to=4"));
  const auto& header = page.at("items").at(0);
  consensus::Header same;
  same.height = {4};
  same.time = {1'700'000'000'000};
  EXPECT_EQ(header.at("canonical").as_string(),
            crypto::to_hex(same.canonical(demo_network().checked.chain_id)));
  EXPECT_EQ(header.at("attestation").at("votes").at(0).at("member"), 1);
  EXPECT_EQ(header.at("attestation").at("signers").at(0).as_string(), "bank-b");

  service.set_first_block(6);
  const auto pruned = get("/v1/headers?from=2&to=8");
  EXPECT_EQ(pruned.status, 410U);
  EXPECT_NE(pruned.body.find("from 6 on"), std::string::npos) << pruned.body;
  EXPECT_EQ(list("?from=6&to=8"), "6 7 8 end");
  for (const char* bad : {"?from=x", "?to=-1", "?cursor=1.2", "?limit=0", "?height=3"})
    EXPECT_EQ(get(std::string("/v1/headers") + bad).status, 400U) << bad;
}

TEST_F(ServerTest, The_validators_of_a_height_are_those_of_its_epoch) {
  const auto set = document(get("/v1/validators?height=3"));
  EXPECT_EQ(set.at("epoch").as_string(), "0");
  EXPECT_EQ(set.at("quorum"), 3);
  EXPECT_EQ(set.at("faults_tolerated"), 1);
  ASSERT_EQ(set.at("items").as_array().size(), 4U);
  EXPECT_EQ(set.at("items").at(1).at("name").as_string(), "bank-b");
  EXPECT_FALSE(set.at("items").at(1).as_object().contains("leader")) << "of now, not of then";
  EXPECT_EQ(get("/v1/validators?height=18446744073709551615").status, 404U);
  EXPECT_EQ(get("/v1/validators?height=last").status, 400U);
}

TEST_F(ServerTest, The_snapshots_are_listed_with_what_they_are_worth) {
  const auto items = document(get("/v1/snapshots")).at("items").as_array();
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].at("height").as_string(), "32");
  EXPECT_TRUE(items[0].at("certified").as_bool());
  EXPECT_FALSE(items[0].at("local").as_bool());
  EXPECT_TRUE(items[1].at("local").as_bool());
}

TEST_F(ServerTest, The_node_its_peers_and_the_validators_are_shown) {
  const auto node = document(get("/v1/node"));
  EXPECT_EQ(node.at("name").as_string(), "bank-a");
  EXPECT_EQ(node.at("leader").as_string(), "bank-b");
  EXPECT_EQ(node.at("connected").as_int64(), 3);
  EXPECT_EQ(document(get("/v1/peers")).at("items").as_array().size(), 3U);
  const auto validators = document(get("/v1/validators"));
  EXPECT_EQ(validators.at("items").as_array().size(), 4U);
  EXPECT_TRUE(validators.at("items").at(1).at("leader").as_bool());
}

// ---- ops port
// -------------------------------------------------------------------------------------------------------

TEST_F(ServerTest, Probes_answer_200_or_503_and_name_their_checks) {
  EXPECT_EQ(get_ops("/livez").status, 200U);
  EXPECT_EQ(get_ops("/startupz").status, 200U);
  EXPECT_EQ(get_ops("/readyz").status, 200U);
  EXPECT_EQ(get_ops("/readyz?max_commit_age=30s").status, 200U);
  service.set_since_commit(31'000);
  EXPECT_EQ(get_ops("/readyz").status, 200U) << "a stall leaves a node ready for reads";
  EXPECT_EQ(get_ops("/livez").status, 200U);
  EXPECT_EQ(get_ops("/readyz?max_commit_age=30s").status, 503U);
  EXPECT_EQ(get_ops("/readyz?max_commit_age=soon").status, 400U);
  service.set_ready(false);
  const auto answer = get_ops("/readyz?verbose");
  EXPECT_EQ(answer.status, 503U);
  EXPECT_NE(answer.body.find("[-] voting failed: no vote within 10 heights"), std::string::npos);
  EXPECT_NE(answer.body.find("[+] storage ok"), std::string::npos);
  EXPECT_EQ(get_ops("/livez").status, 200U);
}

TEST_F(ServerTest, The_ops_port_is_read_only_and_apart_from_the_API) {
  EXPECT_EQ(get_ops("/v1/node").status, 404U);
  EXPECT_EQ(get("/metrics").status, 404U);
  client::HttpClient http({false, {"127.0.0.1", server->ops_port()}});
  const auto answer = http.send("POST", "/readyz", "text/plain", "x", std::chrono::seconds(20));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 405U);
}

TEST_F(ServerTest, Metrics_count_requests_by_route_template) {
  EXPECT_EQ(get("/v1/tokens/bank-a.EUR").status, 200U);
  EXPECT_EQ(get("/v1/tokens/bank-z.EUR").status, 404U);
  const auto text = get_ops("/metrics").body;
  EXPECT_NE(text.find("giro_api_requests_total{route=\"/v1/tokens/{id}\",status=\"2xx\"} 1"),
            std::string::npos);
  EXPECT_NE(text.find("giro_api_requests_total{route=\"/v1/tokens/{id}\",status=\"4xx\"} 1"),
            std::string::npos);
  EXPECT_EQ(text.find("bank-z"), std::string::npos);
}

TEST_F(ServerTest, Stopping_with_requests_waiting_ends_at_once) {
  service.set_instant(false);
  const auto id = client::new_uuid();
  std::thread waiting([&] {
    client::HttpClient http({false, {"127.0.0.1", server->api_port()}});
    (void)http.send("POST", "/v1/operations", "application/x-protobuf",
                    std::string(crypto::as_text(mint(id))), std::chrono::seconds(20));
  });
  service.await_waiters(1);
  server->stop();
  waiting.join();
  server.reset();
  service.finish(id, ledger::Code::Ok);  // an answer after the end is dropped
}

}  // namespace
}  // namespace giro::api
