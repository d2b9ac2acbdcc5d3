#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "node/ledger/events.h"
#include "node/ledger/operations/operation.h"
#include "tests/unit/node/ledger/rules.h"

namespace giro::ledger::demo {
namespace {

using Pairs = std::set<std::pair<std::string_view, std::uint16_t>>;
using Numbers = std::vector<std::uint16_t>;

constexpr std::string_view kOperations[] = {
    "GOV_PROPOSE",   "GOV_VOTE",      "ROLE_SET",   "KEY_REVOKE",    "TOKEN_CREATE",  "TOKEN_SET",
    "TOKEN_PAUSE",   "TOKEN_UNPAUSE", "ACCT_OPEN",  "POSITION_OPEN", "ACCT_SET",      "ACCT_CLOSE",
    "ACCT_KEYS_SET", "LIMITS_SET",    "ACCT_BLOCK", "ACCT_UNBLOCK",  "FREEZE_AMOUNT", "DENY_SET",
    "CORRIDOR_SET",  "CLAWBACK",      "MINT",       "REDEEM",        "TRANSFER",      "PAY",
    "PAY_RESPOND",   "PAY_CANCEL",    "RETURN",     "BULK_PAY",      "SETTLE_ATOMIC", "HOLD_CREATE",
    "HOLD_CAPTURE",  "HOLD_RELEASE"};

const std::vector<Rule>& all_rules() {
  static const std::vector<Rule> rules = [] {
    std::vector<Rule> out;
    add_governance_rules(out);
    add_institution_rules(out);
    add_role_rules(out);
    add_account_rules(out);
    add_control_rules(out);
    add_compliance_rules(out);
    add_issue_rules(out);
    add_transfer_rules(out);
    add_pay_rules(out);
    add_response_rules(out);
    add_return_rules(out);
    add_clawback_rules(out);
    add_bulk_rules(out);
    add_batch_rules(out);
    add_hold_rules(out);
    return out;
  }();
  return rules;
}

// Steps 1 to 3, 5 and 6 of ledger 4.4, and the answers of step 4.
bool is_void(const Rule& rule, const std::optional<Code>& at_admission) {
  return rule.code != Code::Ok && at_admission.has_value();
}

std::map<Bytes, Bytes> money(const World& world) {
  std::map<Bytes, Bytes> out;
  for (const auto& [key, value] : world.state.rows) {
    const auto table = static_cast<Table>(key[0]);
    if (table == Table::Token || table == Table::Position || table == Table::Hold ||
        table == Table::Corridor) {
      out.emplace(key, value);
    }
  }
  return out;
}

void expect_outcome(const Rule& rule) {
  SCOPED_TRACE(std::string(rule.operation) + " " + std::string(code_name(rule.code)) + ": " +
               std::string(rule.because));
  World world;
  world.expect_sound(rule.keeps_invariants);
  make_ready(rule.operation, world);
  if (rule.given) rule.given(world);
  const Signed operation = rule.when(world);
  const auto verified = operation.verified();
  std::optional<Code> refused;
  if (!verified) {
    refused = verified.error();
  } else if (const auto admitted = admit(world.state, *verified, add_ms(world.now, 1'000));
             !admitted) {
    refused = admitted.error();
  }
  const auto before = money(world);
  const Outcome simulated =
      verified ? simulate(world.state, {world.height + 1, add_ms(world.now, 1'000)}, *verified)
               : Outcome{};
  const Preview said =
      verified ? preview(world.state, {world.height + 1, add_ms(world.now, 1'000)}, *verified)
               : Preview{};
  const Outcome outcome = world.run(operation);

  EXPECT_EQ(code_name(outcome.code), code_name(rule.code));
  EXPECT_EQ(outcome.recorded, !is_void(rule, refused));
  EXPECT_EQ(refused.value_or(outcome.code), outcome.code) << "admission and execution disagree";
  EXPECT_EQ(verified ? simulated.code : outcome.code, outcome.code)
      << "the simulation says otherwise";
  if (verified) {
    const bool is_unsigned = said.outcome.recorded && said.authority != Code::Ok;
    EXPECT_EQ(is_unsigned ? said.authority : said.outcome.code, outcome.code)
        << "the preview says otherwise";
  }
  if (outcome.code == Code::Ok) return;
  EXPECT_EQ(money(world), before) << "a failure moved money";
  const auto stored =
      query_outcome(world.state, operation.operation.actor, operation.operation.op_id);
  EXPECT_EQ(stored.has_value() && stored->code == rule.code, outcome.recorded);
  if (!outcome.recorded) {
    EXPECT_EQ(world.last_writes.size(), 1U) << "a void operation left something";
    EXPECT_TRUE(outcome.events.empty());
    return;
  }
  const auto* batch = std::get_if<SettleAtomic>(&operation.operation.action);
  const bool writes_rejected = rule.operation == "TRANSFER" || rule.operation == "PAY" ||
                               rule.operation == "RETURN" ||
                               (batch != nullptr && batch->payment.has_value());
  if (!writes_rejected) return;
  const auto payment = query_payment(world.state, kA, operation.operation.op_id);
  if (rule.code == Code::IdInUse) {
    EXPECT_NE(payment->state, PaymentState::Rejected);
  } else if (operation.operation.actor == kA) {
    ASSERT_TRUE(payment.has_value());
    EXPECT_EQ(payment->state, PaymentState::Rejected);
    EXPECT_EQ(payment->reason, rule.code == Code::LegFailed ? outcome.inner : rule.code);
    EXPECT_EQ(static_cast<EventType>(outcome.events.back().type), EventType::PaymentRejected);
    EXPECT_EQ(outcome.events.back().scope, (std::vector<std::uint32_t>{kA}))
        << "the payee bank was told";
  }
}

void run_rules(std::string_view operation) {
  for (const Rule& rule : all_rules()) {
    if (rule.operation == operation) expect_outcome(rule);
  }
}

TEST(Rules, GOV_PROPOSE_answers_as_its_row_says) {
  run_rules("GOV_PROPOSE");
}
TEST(Rules, GOV_VOTE_answers_as_its_row_says) {
  run_rules("GOV_VOTE");
}
TEST(Rules, ROLE_SET_answers_as_its_row_says) {
  run_rules("ROLE_SET");
}
TEST(Rules, KEY_REVOKE_answers_as_its_row_says) {
  run_rules("KEY_REVOKE");
}
TEST(Rules, TOKEN_CREATE_answers_as_its_row_says) {
  run_rules("TOKEN_CREATE");
}
TEST(Rules, TOKEN_SET_answers_as_its_row_says) {
  run_rules("TOKEN_SET");
}
TEST(Rules, TOKEN_PAUSE_answers_as_its_row_says) {
  run_rules("TOKEN_PAUSE");
}
TEST(Rules, TOKEN_UNPAUSE_answers_as_its_row_says) {
  run_rules("TOKEN_UNPAUSE");
}
TEST(Rules, ACCT_OPEN_answers_as_its_row_says) {
  run_rules("ACCT_OPEN");
}
TEST(Rules, POSITION_OPEN_answers_as_its_row_says) {
  run_rules("POSITION_OPEN");
}
TEST(Rules, ACCT_SET_answers_as_its_row_says) {
  run_rules("ACCT_SET");
}
TEST(Rules, ACCT_CLOSE_answers_as_its_row_says) {
  run_rules("ACCT_CLOSE");
}
TEST(Rules, ACCT_KEYS_SET_answers_as_its_row_says) {
  run_rules("ACCT_KEYS_SET");
}
TEST(Rules, LIMITS_SET_answers_as_its_row_says) {
  run_rules("LIMITS_SET");
}
TEST(Rules, ACCT_BLOCK_answers_as_its_row_says) {
  run_rules("ACCT_BLOCK");
}
TEST(Rules, ACCT_UNBLOCK_answers_as_its_row_says) {
  run_rules("ACCT_UNBLOCK");
}
TEST(Rules, FREEZE_AMOUNT_answers_as_its_row_says) {
  run_rules("FREEZE_AMOUNT");
}
TEST(Rules, DENY_SET_answers_as_its_row_says) {
  run_rules("DENY_SET");
}
TEST(Rules, CORRIDOR_SET_answers_as_its_row_says) {
  run_rules("CORRIDOR_SET");
}
TEST(Rules, MINT_answers_as_its_row_says) {
  run_rules("MINT");
}
TEST(Rules, REDEEM_answers_as_its_row_says) {
  run_rules("REDEEM");
}
TEST(Rules, TRANSFER_answers_as_its_row_says) {
  run_rules("TRANSFER");
}
TEST(Rules, PAY_answers_as_its_row_says) {
  run_rules("PAY");
}

TEST(Rules, PAY_RESPOND_answers_as_its_row_says) {
  run_rules("PAY_RESPOND");
}
TEST(Rules, PAY_CANCEL_answers_as_its_row_says) {
  run_rules("PAY_CANCEL");
}
TEST(Rules, RETURN_answers_as_its_row_says) {
  run_rules("RETURN");
}
TEST(Rules, CLAWBACK_answers_as_its_row_says) {
  run_rules("CLAWBACK");
}
TEST(Rules, BULK_PAY_answers_as_its_row_says) {
  run_rules("BULK_PAY");
}
TEST(Rules, SETTLE_ATOMIC_answers_as_its_row_says) {
  run_rules("SETTLE_ATOMIC");
}
TEST(Rules, HOLD_CREATE_answers_as_its_row_says) {
  run_rules("HOLD_CREATE");
}
TEST(Rules, HOLD_CAPTURE_answers_as_its_row_says) {
  run_rules("HOLD_CAPTURE");
}
TEST(Rules, HOLD_RELEASE_answers_as_its_row_says) {
  run_rules("HOLD_RELEASE");
}

// Every row of TRANSFER and PAY as the one item of a bulk: what fails alone fails as an item, with
// the code of the operation where it concerns the debtor alone.
TEST(Rules, An_item_gets_the_code_that_it_would_get_alone) {
  for (const Rule& rule : all_rules()) {
    if (rule.operation != "TRANSFER" && rule.operation != "PAY") continue;
    SCOPED_TRACE(std::string(rule.operation) + " " + std::string(code_name(rule.code)) + ": " +
                 std::string(rule.because));
    World world;
    world.expect_sound(rule.keeps_invariants);
    if (rule.given) rule.given(world);
    Signed alone = rule.when(world);
    BulkPay bulk;
    bulk.all_or_nothing = true;
    if (const auto* pay = std::get_if<Pay>(&alone.operation.action)) {
      bulk.screening = pay->screening;
      bulk.ttl_s = pay->ttl_s;
      TicketBody body;
      const bool is_for_item = pay->ticket &&
                               wire::decode(pay->ticket->body, body) == wire::Fault::None &&
                               body.payee_bank == pay->terms.payee_bank;
      if (is_for_item) bulk.tickets = {*pay->ticket};
    } else {
      alone.keys = alone.keys + key(kA, Role::Compliance);
    }
    bulk.items = {terms_of(alone)};
    bulk.control_sum = bulk.items[0].amount;
    alone.operation.action = bulk;
    alone.operation.op_id = uetr(700);
    const Outcome outcome = world.run(alone);
    // An item has no op_id to compare with and may be of both kinds; the debtor is looked up at its
    // token's issuer; without the ticket that is for no item it would wait.
    constexpr std::string_view kOther[] = {"the op_id is another", "no settle token",
                                           "a settle token", "another bank's token",
                                           "a ticket of another bank"};
    if (std::ranges::find(kOther, rule.because) != std::end(kOther)) continue;
    const Code code = outcome.code == Code::LegFailed ? outcome.inner : outcome.code;
    EXPECT_EQ(code_name(code), code_name(rule.code)) << code_name(outcome.code);
    EXPECT_EQ(outcome.index, rule.code == Code::Ok ? 1U : 0U);
  }
}

// ---- what every operation has in common ----

Code code_of_bytes(Bytes bytes) {
  const auto decoded = decode(chain_id(), std::move(bytes));
  return decoded ? Code::Ok : decoded.error();
}

// The body of the sample, with bytes put in or the action's tag replaced.
Bytes body_of(const Signed& operation) {
  return encode_body(operation.operation);
}
Bytes envelope(const Bytes& body, const Signed& operation) {
  return encode_signed_operation(body, filler_signatures(operation.keys));
}
Bytes with_unknown_action(const Signed& operation) {
  Bytes body = body_of(operation);
  Operation bare{.version = operation.operation.version,
                 .actor = operation.operation.actor,
                 .op_id = operation.operation.op_id,
                 .valid_until = operation.operation.valid_until,
                 .action = {}};
  const std::size_t tag = encode_body(bare).size();
  // Field 99 takes two bytes, as types from 16 on do.
  if (body[tag] < std::byte{0x80}) {
    body.insert(body.begin() + static_cast<std::ptrdiff_t>(tag), std::byte{});
  }
  body[tag] = std::byte{0x9A};
  body[tag + 1] = std::byte{0x06};
  return envelope(body, operation);
}

struct GeneralRule {
  Code code;
  std::function<Code(World&, std::string_view)> run;
};

// Marked † in ledger 5: a suspension stops none of them.
constexpr std::string_view kOfTheSuspended[] = {
    "ROLE_SET", "KEY_REVOKE", "TOKEN_PAUSE", "ACCT_BLOCK", "FREEZE_AMOUNT", "DENY_SET",
    "CLAWBACK", "REDEEM",     "PAY_CANCEL",  "RETURN",     "HOLD_RELEASE"};

Code outcome_of(World& world, const Signed& operation) {
  return world.run(operation).code;
}

const GeneralRule kGeneral[] = {
    {Code::Malformed,
     [](World& world, std::string_view op) {
       Bytes bytes = sample(op, world).bytes();
       bytes.pop_back();
       return code_of_bytes(bytes);
     }},
    {Code::UnknownOperation,
     [](World& world, std::string_view op) {
       return code_of_bytes(with_unknown_action(sample(op, world)));
     }},
    {Code::BadVersion,
     [](World& world, std::string_view op) {
       Signed operation = sample(op, world);
       operation.operation.version = 2;
       return code_of_bytes(operation.bytes());
     }},
    {Code::TooLarge,
     [](World& world, std::string_view op) {
       Bytes bytes = sample(op, world).bytes();
       bytes.resize((op == "BULK_PAY" ? kBulkBytesMax : kOperationBytesMax) + 1);
       return code_of_bytes(bytes);
     }},
    {Code::BadId,
     [](World& world, std::string_view op) {
       Signed operation = sample(op, world);
       operation.operation.op_id.bytes.fill(std::byte{0xFF});
       return code_of_bytes(operation.bytes());
     }},
    {Code::NonCanonicalEncoding,
     [](World& world, std::string_view op) {
       const Signed operation = sample(op, world);
       Bytes body = body_of(operation);
       body.insert(body.end(), {std::byte{0xF8}, std::byte{0x07}, std::byte{1}});  // field 127
       return code_of_bytes(envelope(body, operation));
     }},
    {Code::BadSignature,
     [](World& world, std::string_view op) {
       auto decoded = decode(chain_id(), sample(op, world).bytes());
       const std::size_t count = decoded->signature_checks().size();
       const auto valid = std::make_unique<bool[]>(count);
       std::fill_n(valid.get(), count - 1, true);
       valid[count - 1] = false;
       return verify(*std::move(decoded), {valid.get(), count}).error();
     }},
    {Code::UnknownKey,
     [](World& world, std::string_view op) {
       Signed operation = sample(op, world);
       operation.keys = {&stranger()};
       return outcome_of(world, operation);
     }},
    {Code::KeyNotActive,
     [](World& world, std::string_view op) {
       Signed operation = sample(op, world);
       for (const crypto::SecretKey* each : operation.keys) {
         world.edit<InstitutionKey>(
             key_key(kA, crypto::key_id(each->public_key())),
             [](InstitutionKey& record) { record.status = KeyStatus::Revoked; });
       }
       return outcome_of(world, operation);
     }},
    {Code::RoleNotPermitted,
     [](World& world, std::string_view op) {
       Signed operation = sample(op, world);
       operation.keys = {&key(kA, Role::Auditor)};
       return outcome_of(world, operation);
     }},
    {Code::OperationExpired,
     [](World& world, std::string_view op) {
       Signed operation = sample(op, world);
       operation.operation.valid_until = add_ms(world.now, 999);
       return outcome_of(world, operation);
     }},
    {Code::ValidUntilTooFar,
     [](World& world, std::string_view op) {
       Signed operation = sample(op, world);
       operation.operation.valid_until = add_ms(world.now, 1'001 + 86'400'000);
       return outcome_of(world, operation);
     }},
    {Code::IdempotencyConflict,
     [](World& world, std::string_view op) {
       Signed operation = sample(op, world);
       EXPECT_EQ(outcome_of(world, operation), Code::Ok);
       operation.operation.valid_until.value -= 1;
       return outcome_of(world, operation);
     }},
    {Code::Duplicate,
     [](World& world, std::string_view op) {
       const Signed operation = sample(op, world);
       EXPECT_EQ(outcome_of(world, operation), Code::Ok);
       return outcome_of(world, operation);
     }},
    {Code::InstitutionNotFound,
     [](World& world, std::string_view op) {
       Signed operation = sample(op, world);
       operation.operation.actor = 77;
       if (op == "TRANSFER" || op == "PAY") terms_of(operation).payer_bank = 77;
       if (op == "BULK_PAY") {
         for (PaymentTerms& item : action_of<BulkPay>(operation).items) item.payer_bank = 77;
       }
       if (op == "SETTLE_ATOMIC") action_of<SettleAtomic>(operation).payment->payer_bank = 77;
       return outcome_of(world, operation);
     }},
    {Code::AgentSuspended,
     [](World& world, std::string_view op) {
       status(kA, InstitutionStatus::Suspended)(world);
       const Code code = outcome_of(world, sample(op, world));
       if (std::ranges::find(kOfTheSuspended, op) == std::end(kOfTheSuspended)) return code;
       EXPECT_EQ(code, Code::Ok) << "a suspension stops it";
       return Code::AgentSuspended;
     }},
};

TEST(Rules, Every_operation_gets_the_general_codes) {
  for (const std::string_view op : kOperations) {
    for (const GeneralRule& rule : kGeneral) {
      SCOPED_TRACE(std::string(op) + " " + std::string(code_name(rule.code)));
      World world;
      make_ready(op, world);
      EXPECT_EQ(code_name(rule.run(world, op)), code_name(rule.code));
    }
  }
}

TEST(Rules, The_window_of_an_operation_includes_both_ends) {
  for (const std::int64_t until : {1'000, 1'000 + 86'400'000}) {
    World world;
    Signed operation = sample("TRANSFER", world);
    operation.operation.valid_until = add_ms(world.now, static_cast<std::uint64_t>(until));
    EXPECT_EQ(world.run(operation).code, Code::Ok);
  }
}

// ---- completeness ----

// Ledger 5, as it is written there.
const Numbers kG = {100, 101, 102, 104, 105, 107, 108, 110, 200, 201, 202,
                    203, 205, 206, 210, 211, 212, 213, 300, 301, 409, 900};
const Numbers kDebit = {204, 303, 305, 307, 309, 312, 314, 400, 401, 402, 500};
const Numbers kCredit = {302, 303, 305, 308, 310, 313, 315, 414, 501};
const Numbers kLimit = {403, 404, 405, 406, 407, 410, 502, 512, 516};
const Numbers kSettle = {306, 408, 412, 413, 503, 700, 701};
const Numbers kEvidence = {504, 505, 506, 507, 508, 509, 510};

struct Listed {
  std::string_view operation;
  std::vector<Numbers> codes;
};
const Listed kListed[] = {
    {"GOV_PROPOSE", {kG, {112, 207, 214, 617, 619, 803, 804, 806}}},
    {"GOV_VOTE", {kG, {800, 801, 802, 803}}},
    {"ROLE_SET", {kG, {207, 214}}},
    {"KEY_REVOKE", {kG, {321}}},
    {"TOKEN_CREATE", {kG, {113, 304, 306, 322}}},
    {"TOKEN_SET", {kG, {303, 408}}},
    {"TOKEN_PAUSE", {kG, {303}}},
    {"TOKEN_UNPAUSE", {kG, {303}}},
    {"ACCT_OPEN", {kG, {214, 303, 306, 311, 511}}},
    {"POSITION_OPEN", {kG, {303, 306, 307, 309, 311, 511}}},
    {"ACCT_SET", {kG, {307, 309}}},
    {"ACCT_CLOSE", {kG, {307, 309, 314, 316, 319}}},
    {"ACCT_KEYS_SET", {kG, {204, 214, 307, 309, 314}}},
    {"LIMITS_SET", {kG, {303, 307, 309, 312, 314}}},  // 303: node/ledger/README.md
    {"ACCT_BLOCK", {kG, {307, 309}}},
    {"ACCT_UNBLOCK", {kG, {307, 309}}},
    {"FREEZE_AMOUNT", {kG, {303, 307, 312, 513}}},
    {"DENY_SET", {kG, {111}}},
    {"CORRIDOR_SET", {kG, {113, 303}}},
    {"CLAWBACK", {kG, {303, 307, 312, 314, 400, 513, 514}}},
    {"MINT", {kG, kCredit, {306, 320, 408}}},
    {"REDEEM", {kG, kDebit}},
    {"TRANSFER", {kG, kDebit, kCredit, kLimit, {106, 109, 317, 617}}},
    {"PAY", {kG, kDebit, kCredit, kLimit, kSettle, kEvidence, {106, 109, 317, 318, 411, 617, 619}}},
    // 411: "repeats steps 7-12", though the row of ledger 5.5 does not name it.
    {"PAY_RESPOND", {kG, {302, 305, 306, 408, 411, 412, 413, 414, 500, 501, 502,
                          503, 504, 505, 506, 508, 509, 600, 601, 602, 700, 701}}},
    {"PAY_CANCEL", {kG, {204, 600, 601, 602}}},
    {"RETURN",
     {kG,
      {106, 204, 309, 400, 401, 402, 408, 413, 500, 502, 600, 601, 608, 609, 610, 613, 617, 700}}},
    // 505, 506, 512: the screening and the payer's KYC concern the debtor alone.
    {"BULK_PAY", {kG, kDebit, {106, 109, 111, 115, 505, 506, 512, 619, 702}}},
    {"SETTLE_ATOMIC",
     {kG, kDebit, kCredit, kLimit, kEvidence, {106, 109, 111, 317, 411, 503, 617, 702, 703}}},
    {"HOLD_CREATE",
     {kG, {204, 303, 307, 308, 309, 310, 312, 313, 314, 315, 400, 401, 402, 500, 513, 617, 619}}},
    {"HOLD_CAPTURE", {kG, {305, 500, 501, 603, 604, 605, 606, 607, 618}}},
    {"HOLD_RELEASE", {kG, {204, 603, 604, 605, 606, 618}}},
};

struct Unreachable {
  std::string_view operation;
  std::uint16_t code;
  std::string_view why;
};
const Unreachable kUnreachable[] = {
    {"GOV_PROPOSE", 107, "it has no amount"},
    {"GOV_PROPOSE", 108, "it has no amount"},
    {"GOV_PROPOSE", 205, "one GOVERNOR is enough"},
    {"GOV_PROPOSE", 206, "one GOVERNOR is enough"},
    {"GOV_PROPOSE", 409, "it adds nothing up"},
    {"GOV_VOTE", 107, "it has no amount"},
    {"GOV_VOTE", 108, "it has no amount"},
    {"GOV_VOTE", 205, "one GOVERNOR is enough"},
    {"GOV_VOTE", 206, "one GOVERNOR is enough"},
    {"GOV_VOTE", 409, "it adds nothing up"},
    {"TOKEN_CREATE", 107, "none of its amounts is required"},
    {"TOKEN_CREATE", 409, "it adds nothing up"},
    {"TOKEN_CREATE", 900, "it only makes blank records"},
    {"ACCT_OPEN", 107, "none of its amounts is required"},
    {"ACCT_OPEN", 409, "it adds nothing up"},
    {"ACCT_OPEN", 900, "it only makes blank records"},
    {"POSITION_OPEN", 107, "none of its amounts is required"},
    {"POSITION_OPEN", 409, "it adds nothing up"},
    {"POSITION_OPEN", 900, "it only makes blank records"},
    {"REDEEM", 301, "a suspension does not stop it"},
    {"REDEEM", 314, "every kind of account may be redeemed"},
    {"REDEEM", 409, "what leaves came in, so its sums fit"},
    {"TRANSFER", 314, "every kind of account may pay"},
    {"CLAWBACK", 301, "a suspension does not stop it"},
    {"CLAWBACK", 409, "what leaves came in, so its sums fit"},
    {"PAY_RESPOND", 107, "it has no amount"},
    {"PAY_RESPOND", 108, "it has no amount"},
    {"PAY_RESPOND", 302, "the payee's bank signs: 301"},
    {"PAY_RESPOND", 409, "its sums were checked when it was ordered"},
    {"PAY_CANCEL", 107, "it has no amount"},
    {"PAY_CANCEL", 108, "it has no amount"},
    {"PAY_CANCEL", 301, "a suspension does not stop it"},
    {"PAY_CANCEL", 409, "it only takes away"},
    {"RETURN", 301, "a suspension does not stop it"},
    {"RETURN", 409, "what goes back came from there, so its sums fit"},
    {"BULK_PAY", 400, "funds are the item's: 702"},
    {"BULK_PAY", 401, "funds are the item's: 702"},
    {"BULK_PAY", 402, "funds are the item's: 702"},
    {"BULK_PAY", 409, "a thousand amounts fit"},
    {"SETTLE_ATOMIC", 400, "funds are the leg's: 702"},
    {"SETTLE_ATOMIC", 401, "funds are the leg's: 702"},
    {"SETTLE_ATOMIC", 402, "funds are the leg's: 702"},
    {"SETTLE_ATOMIC", 409, "sixteen amounts fit"},
    {"SETTLE_ATOMIC", 414, "max_balance is the leg's: 702"},
    {"HOLD_CREATE", 409, "what is held is there, so its sums fit"},
    {"HOLD_CAPTURE", 409, "what is held is there, so its sums fit"},
    {"HOLD_RELEASE", 107, "it has no amount"},
    {"HOLD_RELEASE", 108, "it has no amount"},
    {"HOLD_RELEASE", 301, "a suspension does not stop it"},
    {"HOLD_RELEASE", 409, "it only takes away"},
};

// The same for several operations.
struct NeverGiven {
  std::vector<std::string_view> operations;
  Numbers codes;
  std::string_view why;
};
const NeverGiven kNeverGiven[] = {
    {{"ROLE_SET", "KEY_REVOKE", "TOKEN_PAUSE", "TOKEN_UNPAUSE", "ACCT_SET", "ACCT_CLOSE",
      "ACCT_KEYS_SET", "ACCT_BLOCK", "ACCT_UNBLOCK", "DENY_SET"},
     {107, 108},
     "no amounts"},
    {{"TOKEN_SET", "LIMITS_SET", "FREEZE_AMOUNT", "CORRIDOR_SET"},
     {107},
     "none of its amounts is required"},
    {{"ROLE_SET", "KEY_REVOKE", "TOKEN_SET", "TOKEN_PAUSE", "TOKEN_UNPAUSE", "ACCT_SET",
      "ACCT_CLOSE", "ACCT_KEYS_SET", "LIMITS_SET", "ACCT_BLOCK", "ACCT_UNBLOCK", "CORRIDOR_SET"},
     {409},
     "it adds nothing up"},
    {{"FREEZE_AMOUNT", "DENY_SET"}, {409}, "the sum over all there may be fits"},
    {{"TOKEN_PAUSE", "ACCT_SET", "ACCT_CLOSE", "ACCT_BLOCK"},
     {205, 206},
     "one signature is enough"},
    {{"ROLE_SET", "KEY_REVOKE", "TOKEN_PAUSE", "ACCT_BLOCK", "FREEZE_AMOUNT", "DENY_SET"},
     {301},
     "a suspension does not stop it"},
    {{"ROLE_SET"}, {900}, "207 comes before"},
    {{"KEY_REVOKE"}, {900}, "to take away breaks nothing"},
    {{"ACCT_CLOSE"}, {900}, "316 and 319 come before"},
    {{"TOKEN_SET", "TOKEN_PAUSE", "TOKEN_UNPAUSE", "ACCT_SET", "ACCT_KEYS_SET", "ACCT_BLOCK",
      "ACCT_UNBLOCK", "DENY_SET", "CORRIDOR_SET"},
     {900},
     "no invariant is about what it changes"},
};

TEST(Rules, Each_listed_pair_of_operation_and_code_has_a_row) {
  Pairs covered;
  for (const Rule& rule : all_rules())
    covered.emplace(rule.operation, static_cast<std::uint16_t>(rule.code));
  for (const std::string_view op : kOperations) {
    for (const GeneralRule& rule : kGeneral)
      covered.emplace(op, static_cast<std::uint16_t>(rule.code));
  }
  Pairs unreachable;
  for (const Unreachable& each : kUnreachable) unreachable.emplace(each.operation, each.code);
  for (const NeverGiven& each : kNeverGiven) {
    for (const std::string_view op : each.operations) {
      for (const std::uint16_t code : each.codes) unreachable.emplace(op, code);
    }
  }
  Pairs listed;
  for (const Listed& each : kListed) {
    for (const Numbers& numbers : each.codes) {
      for (const std::uint16_t number : numbers) listed.emplace(each.operation, number);
    }
  }
  for (const auto& [operation, number] : listed) {
    EXPECT_TRUE(covered.contains({operation, number}) || unreachable.contains({operation, number}))
        << operation << " " << number << " " << code_name(static_cast<Code>(number))
        << " has no row";
  }
  for (const auto& [operation, number] : unreachable) {
    EXPECT_TRUE(listed.contains({operation, number}))
        << operation << " " << number << " is not listed at all";
  }
}

TEST(Rules, Only_listed_codes_are_given) {
  Pairs listed;
  for (const Listed& each : kListed) {
    for (const Numbers& numbers : each.codes) {
      for (const std::uint16_t number : numbers) listed.emplace(each.operation, number);
    }
  }
  for (const Rule& rule : all_rules()) {
    if (rule.code == Code::Ok) continue;
    EXPECT_TRUE(listed.contains({rule.operation, static_cast<std::uint16_t>(rule.code)}))
        << rule.operation << " " << code_name(rule.code);
  }
}

TEST(Rules, Every_implemented_operation_is_in_the_table_of_this_test) {
  Pairs here;
  std::set<std::string_view> names;
  for (const Listed& each : kListed) names.insert(each.operation);
  for (const OperationRow& row : operation_rows())
    EXPECT_TRUE(names.contains(row.name)) << row.name;
  EXPECT_EQ(names.size(), operation_rows().size());
}

}  // namespace
}  // namespace giro::ledger::demo
