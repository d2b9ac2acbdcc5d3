// Steps 1 and 2 of ledger 4.4 against bytes that somebody made up.
#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "tests/unit/node/ledger/demo.h"

namespace giro::ledger::demo {
namespace {

Code code_of(Bytes bytes) {
  const auto decoded = decode(chain_id(), std::move(bytes));
  return decoded ? Code::Ok : decoded.error();
}

Bytes hex(std::string_view text) {
  return *crypto::from_hex(text);
}

Bytes concat(std::initializer_list<ByteView> parts) {
  Bytes out;
  for (const ByteView part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

// A field of bytes; numbers below 16 and sizes below 128 only.
Bytes field(std::uint32_t number, ByteView value) {
  Bytes out{static_cast<std::byte>(number << 3 | 2), static_cast<std::byte>(value.size())};
  out.insert(out.end(), value.begin(), value.end());
  return out;
}

Bytes sign_with_filler(ByteView body) {
  return encode_signed_operation(body, filler_signatures({&key(kA, Role::Onboard)}));
}

// POSITION_OPEN of account 01..01 in token 1, in pieces that the tests put together wrongly.
const Bytes kVersion = hex("0801");
const Bytes kActor = hex("1001");
const Bytes kOpId = concat({hex("1a10"), hex("11111111111111111111111111111111")});
const Bytes kValidUntil = hex("20e807");
const Bytes kAccount = concat({hex("0a10"), hex("01010101010101010101010101010101")});
const Bytes kToken = hex("1001");
Bytes action(ByteView fields) {  // field 31
  return concat({hex("fa01"), Bytes{static_cast<std::byte>(fields.size())}, fields});
}
Bytes action() {
  return action(concat({kAccount, kToken}));
}
Bytes body(std::initializer_list<ByteView> parts) {
  return concat(parts);
}

TEST(Decode, The_pieces_put_together_rightly_are_a_good_operation) {
  const Bytes bytes = sign_with_filler(body({kVersion, kActor, kOpId, kValidUntil, action()}));
  const auto decoded = decode(chain_id(), bytes);
  ASSERT_TRUE(decoded.has_value()) << code_name(decoded.error());
  EXPECT_EQ(decoded->actor(), 1U);
  EXPECT_EQ(decoded->type(), 31U);
  EXPECT_EQ(decoded->valid_until().value, 1000);
  EXPECT_EQ(crypto::to_hex(decoded->signed_operation()), crypto::to_hex(bytes));
  EXPECT_EQ(decoded->signature_checks().size(), 1U);
  EXPECT_EQ(decoded->operation_hash(), crypto::sha256(decoded->body()));
}

struct Attack {
  std::string_view what;
  Bytes body;
  Code code;
};

TEST(Decode, What_is_not_the_one_encoding_of_its_value_is_refused) {
  const Bytes empty;
  const Attack attacks[] = {
      {"a varint with a needless byte", body({hex("088100"), kActor, kOpId, kValidUntil, action()}),
       Code::NonCanonicalEncoding},
      {"a tag with a needless byte", body({hex("888000"), kActor, kOpId, kValidUntil, action()}),
       Code::NonCanonicalEncoding},
      {"fields out of order", body({kVersion, kOpId, kActor, kValidUntil, action()}),
       Code::NonCanonicalEncoding},
      {"a field twice", body({kVersion, kActor, kActor, kOpId, kValidUntil, action()}),
       Code::NonCanonicalEncoding},
      {"two actions", body({kVersion, kActor, kOpId, kValidUntil, action(), action()}),
       Code::NonCanonicalEncoding},
      {"the action before the actor", body({kVersion, action(), kActor, kOpId, kValidUntil}),
       Code::NonCanonicalEncoding},
      {"a default written out", body({kVersion, kActor, kOpId, hex("2000"), action()}),
       Code::NonCanonicalEncoding},
      {"an unknown field before the action",
       body({kVersion, kActor, kOpId, kValidUntil, hex("2801"), action()}),
       Code::NonCanonicalEncoding},
      {"an unknown field after the action",
       body({kVersion, kActor, kOpId, kValidUntil, action(), hex("f80701")}),
       Code::NonCanonicalEncoding},
      {"an unknown field in the action",
       body(
           {kVersion, kActor, kOpId, kValidUntil, action(concat({kAccount, kToken, hex("2001")}))}),
       Code::NonCanonicalEncoding},
      {"a varint where bytes belong", body({kVersion, kActor, hex("1801"), kValidUntil, action()}),
       Code::NonCanonicalEncoding},
      {"fixed32, which nothing here uses",
       body({kVersion, hex("1501000000"), kOpId, kValidUntil, action()}),
       Code::NonCanonicalEncoding},
      {"an amount of zero written out",
       body({kVersion, kActor, kOpId, kValidUntil,
             action(concat({kAccount, kToken, field(3, Bytes(16))}))}),
       Code::NonCanonicalEncoding},
      {"an amount of 15 bytes",
       body({kVersion, kActor, kOpId, kValidUntil,
             action(concat({kAccount, kToken, field(3, Bytes(15, std::byte{1}))}))}),
       Code::Malformed},
      {"an empty amount",
       body({kVersion, kActor, kOpId, kValidUntil,
             action(concat({kAccount, kToken, field(3, empty)}))}),
       Code::NonCanonicalEncoding},
      {"a group", body({kVersion, hex("1b"), kActor, kOpId, kValidUntil, action()}),
       Code::Malformed},
      {"field number 0", body({kVersion, hex("0001"), kActor, kOpId, kValidUntil, action()}),
       Code::Malformed},
      {"an actor beyond 32 bits",
       body({kVersion, hex("108080808010"), kOpId, kValidUntil, action()}), Code::Malformed},
      {"a varint of eleven bytes",
       body({kVersion, hex("10ffffffffffffffffffff01"), kOpId, kValidUntil, action()}),
       Code::Malformed},
      {"a length beyond the end", body({kVersion, kActor, kOpId, kValidUntil, hex("fa017f")}),
       Code::Malformed},
      {"no action", body({kVersion, kActor, kOpId, kValidUntil}), Code::Malformed},
      {"no actor", body({kVersion, kOpId, kValidUntil, action()}), Code::Malformed},
      {"no version", body({kActor, kOpId, kValidUntil, action()}), Code::BadVersion},
      {"another version", body({hex("0802"), kActor, kOpId, kValidUntil, action()}),
       Code::BadVersion},
      {"no op_id", body({kVersion, kActor, kValidUntil, action()}), Code::BadId},
      {"an op_id of 15 bytes",
       body({kVersion, kActor, field(3, Bytes(15, std::byte{1})), kValidUntil, action()}),
       Code::BadId},
      {"an op_id of zeros", body({kVersion, kActor, field(3, Bytes(16)), kValidUntil, action()}),
       Code::BadId},
      {"an op_id of ones",
       body({kVersion, kActor, field(3, Bytes(16, std::byte{0xFF})), kValidUntil, action()}),
       Code::BadId},
      {"an operation of tomorrow", body({kVersion, kActor, kOpId, kValidUntil, hex("da0100")}),
       Code::UnknownOperation},
      {"nothing at all", empty, Code::Malformed},
  };
  for (const Attack& attack : attacks) {
    EXPECT_EQ(code_name(code_of(sign_with_filler(attack.body))), code_name(attack.code))
        << attack.what;
  }
}

TEST(Decode, Packed_lists_are_strict) {
  AcctOpen open;
  open.account = account_id("x");
  open.country = CountryCode::from("US");
  open.tokens = {1, 2};
  const Signed good = operation(kA, 1, open, quorum(kA, Role::Onboard, 1));
  const Bytes encoded = encode_body(good.operation);
  ASSERT_EQ(code_of(sign_with_filler(encoded)), Code::Ok);
  const auto with_list = [&](std::string_view list) {  // replaces 5a 02 01 02 at the end
    Bytes out(encoded.begin(), encoded.end() - 4);
    const Bytes tail = hex(list);
    const auto grown = static_cast<int>(tail.size()) - 4;
    out.insert(out.end(), tail.begin(), tail.end());
    // The length of the action is the byte after its two-byte tag.
    Operation bare = good.operation;
    bare.action = {};
    const std::size_t at = encode_body(bare).size() + 2;
    out[at] = static_cast<std::byte>(static_cast<int>(out[at]) + grown);
    return code_of(sign_with_filler(out));
  };
  EXPECT_EQ(with_list("5a020102"), Code::Ok);
  EXPECT_EQ(with_list("58015802"), Code::NonCanonicalEncoding) << "not packed";
  EXPECT_EQ(with_list("5a01015a0102"), Code::NonCanonicalEncoding) << "in two parts";
  EXPECT_EQ(with_list("5a020201"), Code::NonCanonicalEncoding) << "descending";
  EXPECT_EQ(with_list("5a020101"), Code::NonCanonicalEncoding) << "twice the same";
  EXPECT_EQ(with_list("5a03810002"), Code::NonCanonicalEncoding) << "a long varint";
  EXPECT_EQ(with_list("5a00"), Code::NonCanonicalEncoding) << "empty";
  EXPECT_EQ(with_list("5a110102030405060708090a0b0c0d0e0f1011"), Code::Malformed) << "17 tokens";
}

TEST(Decode, Every_prefix_of_every_operation_is_refused) {
  for (const Signed& each : {transfer(transfer_order(1, "1.00")), [] {
                               Pay order = pay_order(1);
                               attach_ticket(order);
                               return pay(order);
                             }()}) {
    const Bytes bytes = each.bytes();
    ASSERT_EQ(code_of(bytes), Code::Ok);
    std::size_t shorter_envelopes = 0;  // cut between two signatures: well formed, with one less
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const Code code =
          code_of(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)));
      EXPECT_LT(code, Code::BadSignature) << size;
      if (code == Code::Ok) ++shorter_envelopes;
    }
    EXPECT_LT(shorter_envelopes, 3U);
    Bytes longer = bytes;
    longer.push_back(std::byte{0});
    EXPECT_NE(code_of(longer), Code::Ok);
  }
}

// A decoded operation, encoded again, gives the same bytes: there is no second encoding of it.
TEST(Decode, No_change_of_one_byte_is_another_encoding_of_the_same_operation) {
  Pay order = pay_order(1);
  attach_ticket(order);
  const Bytes original = encode_body(pay(order).operation);
  for (std::size_t at = 0; at < original.size(); ++at) {
    for (const int bit : {0x01, 0x80, 0x40}) {
      Bytes changed = original;
      changed[at] ^= static_cast<std::byte>(bit);
      const auto decoded = decode(chain_id(), sign_with_filler(changed));
      if (!decoded) continue;
      EXPECT_EQ(crypto::to_hex(encode_body(decoded->operation())), crypto::to_hex(changed)) << at;
    }
  }
}

TEST(Decode, Size_is_bounded_at_its_limit) {
  EXPECT_EQ(code_of(Bytes(kOperationBytesMax + 1)), Code::TooLarge);
  EXPECT_EQ(code_of(Bytes(kOperationBytesMax)), Code::Malformed);
}

TEST(Decode, Signatures_ascend_and_are_1_to_16) {
  const Bytes body = encode_body(transfer(transfer_order(1, "1.00")).operation);
  std::vector<SignatureField> signatures;
  for (InstId inst = kA; inst <= kS; ++inst) {
    const auto some =
        filler_signatures(quorum(inst, Role::Admin, 3) + quorum(inst, Role::Issuer, 1));
    signatures.insert(signatures.end(), some.begin(), some.end());
  }
  const auto with = [&](std::size_t count) {
    return encode_signed_operation(
        body, {signatures.begin(), signatures.begin() + static_cast<std::ptrdiff_t>(count)});
  };
  EXPECT_EQ(code_of(with(0)), Code::Malformed);
  EXPECT_EQ(code_of(with(1)), Code::Ok);
  EXPECT_EQ(code_of(with(16)), Code::Ok);
  EXPECT_EQ(code_of(with(17)), Code::Malformed);
  EXPECT_EQ(code_of(encode_signed_operation(body, {signatures[0], signatures[0]})),
            Code::NonCanonicalEncoding);
  wire::Encoder unsorted;
  std::sort(signatures.begin(), signatures.end(),
            [](const auto& a, const auto& b) { return a.public_key > b.public_key; });
  unsorted(1, body);
  unsorted(2, std::vector(signatures.begin(), signatures.begin() + 2));
  EXPECT_EQ(code_of(unsorted.take()), Code::NonCanonicalEncoding);
}

TEST(Decode, A_ticket_is_as_strict_as_its_envelope) {
  const auto with_ticket = [](const Ticket& ticket) {
    Pay order = pay_order(1);
    order.ticket = ticket;
    return code_of(pay(order).bytes());
  };
  const TicketBody body = ticket_body(pay_order(1).terms);
  const Bytes good = encode_ticket_body(body);
  const auto signatures = filler_signatures({&key(kB, Role::Compliance)});
  EXPECT_EQ(with_ticket({good, signatures}), Code::Ok);
  EXPECT_EQ(with_ticket({good, {}}), Code::Malformed);
  EXPECT_EQ(with_ticket({good, {signatures[0], signatures[0]}}), Code::NonCanonicalEncoding);
  EXPECT_EQ(with_ticket({Bytes(good.begin(), good.end() - 1), signatures}), Code::Malformed);
  Bytes unknown = good;
  unknown.insert(unknown.end(), {std::byte{0x30}, std::byte{1}});
  EXPECT_EQ(with_ticket({unknown, signatures}), Code::NonCanonicalEncoding);
  Keys many;
  for (InstId inst = kA; inst <= kC; ++inst) many = many + quorum(inst, Role::Admin, 3);
  EXPECT_EQ(with_ticket(make_ticket(good, filler_signatures(many))), Code::Malformed) << "nine";
  many.pop_back();
  EXPECT_EQ(with_ticket(make_ticket(good, filler_signatures(many))), Code::Ok) << "eight";
}

TEST(Decode, Enumerations_and_flags_have_bounds) {
  const auto with = [](std::function<void(Pay&)> change) {
    Pay order = pay_order(1);
    change(order);
    return code_of(pay(order).bytes());
  };
  EXPECT_EQ(with([](Pay& p) { p.terms.cop_result = static_cast<CopResult>(5); }), Code::Malformed);
  EXPECT_EQ(with([](Pay& p) { p.screening.other = static_cast<Check>(3); }), Code::Malformed);
  EXPECT_EQ(with([](Pay& p) { p.terms.charge_bearer = static_cast<ChargeBearer>(4); }),
            Code::Malformed);
}

TEST(Decode, Text_is_ASCII) {
  const auto with_name = [](const std::string& name) {
    GovPropose proposal;
    proposal.param_set = ParamSet{.name = name, .value = 5};
    Operation operation{.actor = kA, .op_id = uetr(1), .valid_until = {1'000}, .action = proposal};
    return code_of(sign_with_filler(encode_body(operation)));
  };
  EXPECT_EQ(with_name("payment_ttl_max"), Code::Ok);
  EXPECT_EQ(with_name("what nobody knows"), Code::Ok) << "806, and recorded";
  EXPECT_EQ(with_name("payment_ttl_\xa4"), Code::Malformed) << "not UTF-8";
  EXPECT_EQ(with_name("payment_ttl_\xc3\xa4"), Code::Malformed);
}

// ---- real signatures ----

std::vector<bool> verdicts(const Decoded& decoded) {
  std::vector<bool> out;
  for (const SignatureCheck& check : decoded.signature_checks()) {
    out.push_back(crypto::verify(check.key, check.message, check.signature));
  }
  return out;
}

Bytes really_signed(const Operation& operation, const Hash& chain) {
  const Bytes body = encode_body(operation);
  std::vector<SignatureField> signatures;
  for (const crypto::SecretKey* each : pay_keys()) {
    signatures.push_back(
        {each->public_key(), each->sign(operation_sign_bytes(chain, operation_hash(body)))});
  }
  return encode_signed_operation(body, signatures);
}

Pay with_real_ticket(const Hash& chain) {
  Pay order = pay_order(1);
  const Bytes body = encode_ticket_body(ticket_body(order.terms));
  const crypto::SecretKey& signer = key(kB, Role::Compliance);
  order.ticket =
      make_ticket(body, {{signer.public_key(), signer.sign(ticket_sign_bytes(chain, body))}});
  return order;
}

TEST(Verify, Signatures_of_envelope_and_ticket_verify_for_this_chain_only) {
  const auto decoded =
      decode(chain_id(), really_signed(pay(with_real_ticket(chain_id())).operation, chain_id()));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(verdicts(*decoded), (std::vector<bool>{true, true, true, true}));

  const Hash other = crypto::sha256(crypto::as_view("another chain"));
  const auto elsewhere =
      decode(other, really_signed(pay(with_real_ticket(chain_id())).operation, chain_id()));
  EXPECT_EQ(verdicts(*elsewhere), (std::vector<bool>{false, false, false, false}));
}

TEST(Verify, An_altered_ticket_no_longer_verifies) {
  Pay order = with_real_ticket(chain_id());
  TicketBody body = ticket_body(order.terms);
  body.travel_rule_ack = false;
  order.ticket->body = encode_ticket_body(body);
  const auto decoded = decode(chain_id(), really_signed(pay(order).operation, chain_id()));
  EXPECT_EQ(verdicts(*decoded), (std::vector<bool>{true, true, true, false}));
}

TEST(Verify, One_bad_signature_or_a_missing_verdict_refuses_the_whole) {
  const Signed good = transfer(transfer_order(1, "100000.00"));
  const bool one[] = {true};
  const bool two[] = {true, true};
  const bool bad[] = {true, false};
  const bool three[] = {true, true, true};
  const auto with = [&good](std::span<const bool> valid) {
    return verify(*decode(chain_id(), good.bytes()), valid);
  };
  EXPECT_TRUE(with(two).has_value());
  EXPECT_EQ(with(one).error(), Code::BadSignature);
  EXPECT_EQ(with(bad).error(), Code::BadSignature);
  EXPECT_EQ(with(three).error(), Code::BadSignature);
}

TEST(Verify, A_verified_operation_carries_the_keys_that_signed) {
  Pay order = pay_order(1);
  attach_ticket(order);
  const auto verified = pay(order).verified();
  ASSERT_TRUE(verified.has_value());
  ASSERT_EQ(verified->signers().size(), 3U);
  for (const Verified::Signer& signer : verified->signers())
    EXPECT_EQ(signer.id, crypto::key_id(signer.key));
  ASSERT_EQ(verified->ticket_count(), 1U);
  EXPECT_TRUE(verified->ticket(0).is_for_terms);
  EXPECT_EQ(verified->ticket(0).signers[0].key, key(kB, Role::Compliance).public_key());
}

}  // namespace
}  // namespace giro::ledger::demo
