#include "p2p/handshake.h"

#include <gtest/gtest.h>

#include <set>

namespace giro::p2p {
namespace {

using crypto::Bytes;
using crypto::ByteView;

crypto::SecretKey key_of(std::string_view seed) {
  return *crypto::SecretKey::from_bytes(crypto::sha256(crypto::as_view(seed)));
}

ChannelTerms terms() {
  return {1, crypto::sha256(crypto::as_view("chain")),
          crypto::sha256(crypto::as_view("parameters"))};
}

Bytes exporter(std::uint8_t fill = 9) {
  return Bytes(kExporterBytes, std::byte{fill});
}

Proof prove(const crypto::SecretKey& key, const ChannelTerms& channel, ByteView value, Role role) {
  return {key.public_key(), key.sign(proof_digest(channel, value, role))};
}

const auto kEverybody = [](const crypto::PublicKey&) { return true; };

TEST(Handshake, hello_is_a_fixed_layout) {
  const Bytes bytes = encode_hello(terms());
  ASSERT_EQ(bytes.size(), 4U + 2 + 32 + 32);
  EXPECT_EQ(crypto::to_hex(bytes),
            "6769726f0001" + crypto::to_hex(terms().chain) + crypto::to_hex(terms().parameters));
  EXPECT_EQ(decode_hello(bytes)->terms, terms());
}

TEST(Handshake, every_truncation_and_extension_of_a_message_is_refused) {
  const auto key = key_of("a");
  const Bytes hello = encode_hello(terms());
  const Bytes proof = encode_proof(prove(key, terms(), exporter(), Role::Dialer));
  ASSERT_EQ(proof.size(), 33U + 64);
  for (std::size_t size = 0; size < hello.size(); ++size)
    EXPECT_FALSE(decode_hello(ByteView(hello).first(size)));
  for (std::size_t size = 0; size < proof.size(); ++size)
    EXPECT_FALSE(decode_proof(ByteView(proof).first(size)));
  Bytes longer = hello;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(decode_hello(longer));
  longer = proof;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(decode_proof(longer));
  EXPECT_FALSE(decode_goodbye({}));
  EXPECT_FALSE(decode_goodbye(Bytes(2)));
}

TEST(Handshake, a_hello_of_another_version_is_read_as_far_as_we_know_it) {
  ChannelTerms later = terms();
  later.version = 7;
  Bytes bytes = encode_hello(later);
  bytes.resize(bytes.size() + 40);
  const auto hello = decode_hello(bytes);
  ASSERT_TRUE(hello);
  EXPECT_EQ(judge_hello(terms(), *hello), Reason::WrongVersion);
  EXPECT_EQ(explain_difference(terms(), hello->terms), "protocol version 1 here, 7 there");
}

TEST(Handshake, whoever_does_not_say_giro_is_malformed) {
  Bytes bytes = encode_hello(terms());
  for (std::size_t i = 0; i < 4; ++i) {
    Bytes altered = bytes;
    altered[i] ^= std::byte{1};
    EXPECT_FALSE(decode_hello(altered));
  }
}

TEST(Handshake, R44_every_altered_field_of_a_hello_has_its_reason) {
  const Bytes bytes = encode_hello(terms());
  EXPECT_EQ(judge_hello(terms(), *decode_hello(bytes)), Reason::None);
  EXPECT_EQ(explain_difference(terms(), terms()), "");
  for (std::size_t i = 4; i < bytes.size(); ++i) {
    Bytes altered = bytes;
    altered[i] ^= std::byte{0x80};
    const auto hello = decode_hello(altered);
    ASSERT_TRUE(hello) << i;
    const Reason expected = i < 6    ? Reason::WrongVersion
                            : i < 38 ? Reason::WrongChain
                                     : Reason::WrongParameters;
    EXPECT_EQ(judge_hello(terms(), *hello), expected) << i;
    EXPECT_NE(explain_difference(terms(), hello->terms), "");
  }
  ChannelTerms other = terms();
  other.chain.bytes[0] = std::byte{0xab};
  other.chain.bytes[1] = std::byte{0xcd};
  EXPECT_NE(explain_difference(terms(), other).find("abcd"), std::string::npos) << "both say which";
}

TEST(Handshake, R44_the_proof_digest_is_the_tagged_hash_of_chain_parameters_exporter_role) {
  Bytes all;
  crypto::Writer(all)
      .text("giro/channel/v1")
      .raw(terms().chain)
      .raw(terms().parameters)
      .raw(exporter())
      .u8(2);
  EXPECT_EQ(proof_digest(terms(), exporter(), Role::Acceptor), crypto::sha256(all));
}

TEST(Handshake, a_proof_holds_for_its_key_role_and_channel_only) {
  const auto key = key_of("a");
  const Proof proof = prove(key, terms(), exporter(), Role::Dialer);
  const auto judge = [&](const ChannelTerms& channel, ByteView value, Role role,
                         const Proof& shown) {
    return judge_proof(channel, value, role, shown, key.public_key(), kEverybody);
  };
  EXPECT_EQ(judge(terms(), exporter(), Role::Dialer, proof), Reason::None);
  EXPECT_EQ(judge(terms(), exporter(), Role::Acceptor, proof), Reason::BadProof) << "reflected";
  EXPECT_EQ(judge(terms(), exporter(8), Role::Dialer, proof), Reason::BadProof)
      << "replayed on another channel";
  EXPECT_EQ(judge(terms(), ByteView{}, Role::Dialer, proof), Reason::BadProof);
  EXPECT_EQ(judge(terms(), Bytes(31, std::byte{9}), Role::Dialer, proof), Reason::BadProof);
  for (std::size_t i = 0; i < 32; ++i) {
    ChannelTerms other = terms();
    other.chain.bytes[i] ^= std::byte{1};
    EXPECT_EQ(judge(other, exporter(), Role::Dialer, proof), Reason::BadProof);
    other = terms();
    other.parameters.bytes[i] ^= std::byte{1};
    EXPECT_EQ(judge(other, exporter(), Role::Dialer, proof), Reason::BadProof);
    Bytes value = exporter();
    value[i] ^= std::byte{1};
    EXPECT_EQ(judge(terms(), value, Role::Dialer, proof), Reason::BadProof);
  }
}

TEST(Handshake, every_altered_byte_of_a_proof_is_refused) {
  const auto key = key_of("a");
  const Bytes bytes = encode_proof(prove(key, terms(), exporter(), Role::Dialer));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes altered = bytes;
    altered[i] ^= std::byte{1};
    const auto proof = decode_proof(altered);
    ASSERT_TRUE(proof);
    EXPECT_EQ(judge_proof(terms(), exporter(), Role::Dialer, *proof, key.public_key(), kEverybody),
              i < 33 ? Reason::WrongKey : Reason::BadProof)
        << i;
    if (i < 33) {
      EXPECT_EQ(judge_proof(terms(), exporter(), Role::Dialer, *proof, std::nullopt, kEverybody),
                Reason::BadProof);
    }
  }
}

TEST(Handshake, a_good_proof_of_the_wrong_or_an_unknown_key_is_refused_before_it_is_verified) {
  const auto dialled = key_of("a"), other = key_of("b");
  const Proof proof = prove(other, terms(), exporter(), Role::Acceptor);
  EXPECT_EQ(
      judge_proof(terms(), exporter(), Role::Acceptor, proof, dialled.public_key(), kEverybody),
      Reason::WrongKey);
  const auto nobody = [](const crypto::PublicKey&) { return false; };
  EXPECT_EQ(judge_proof(terms(), exporter(), Role::Acceptor, proof, std::nullopt, nobody),
            Reason::UnknownKey);
}

TEST(Handshake, reasons_travel_as_numbers_and_later_ones_are_none) {
  std::set<std::string_view> words;
  for (std::uint8_t number = 0; number < kReasonCount; ++number) {
    const auto reason = static_cast<Reason>(number);
    EXPECT_EQ(decode_goodbye(encode_goodbye(reason)), reason);
    EXPECT_TRUE(words.insert(describe(reason)).second);
  }
  EXPECT_FALSE(words.contains("unknown"));
  EXPECT_EQ(decode_goodbye(Bytes{std::byte{kReasonCount}}), Reason::None);
  EXPECT_EQ(decode_goodbye(Bytes{std::byte{255}}), Reason::None);
}

}  // namespace
}  // namespace giro::p2p
