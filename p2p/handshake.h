// What two validators say to each other inside TLS before the first frame of a user (protocol R44).
// Pure.
//
//   both       Hello    version, chain, parameters: who differs says so and hangs up, no key is
//   used dialer     Proof    key and signature over this very channel acceptor   Proof, Welcome
//   only for a key that it knows: strangers cannot make it sign dialer     Welcome
//
// Goodbye{reason} may replace any of these. Fixed layouts, big-endian.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/digest.h"
#include "crypto/keys.h"

namespace giro::p2p {

inline constexpr std::uint16_t kProtocolVersion = 1;
inline constexpr std::size_t kExporterBytes = 32;
inline constexpr std::string_view kExporterLabel = "EXPORTER-giro-channel-v1";  // RFC 8446 7.5

// Types of Family::Control.
enum class ControlType : std::uint8_t {
  Hello = 1,
  Proof = 2,
  Welcome = 3,
  Goodbye = 4,
  Ping = 5,  // u64, echoed
  Pong = 6,
};

enum class Role : std::uint8_t { Dialer = 1, Acceptor = 2 };

// What both ends must share.
struct ChannelTerms {
  std::uint16_t version = kProtocolVersion;
  crypto::Hash chain;
  crypto::Hash parameters;  // digest of the parameters fixed at genesis (protocol 2)
  friend bool operator==(const ChannelTerms&, const ChannelTerms&) = default;
};

// Hello: "giro", version u16, chain, parameters. Of another version only this much is read,
// whatever follows.
struct Hello {
  ChannelTerms terms;
};

// Proof: key (33), signature (64) over proof_digest with the sender's role.
struct Proof {
  crypto::PublicKey key;
  crypto::Signature signature;
};

// Why a handshake ended, or a channel. The numbers are on the wire in Goodbye.
enum class Reason : std::uint8_t {
  None = 0,
  WrongVersion = 1,
  WrongChain = 2,
  WrongParameters = 3,
  UnknownKey = 4,  // nobody we know has this key
  WrongKey = 5,    // somebody else answers at this address
  BadProof = 6,
  Malformed = 7,  // not the layout, or not the message that is due
  Duplicate = 8,  // another channel of this pair is as young and was first
  Replaced = 9,   // a newer channel of this identity took over
  Removed = 10,   // no longer in the set
  OverBudget = 11,
  SlowReader = 12,
  Stopping = 13,
  SignerDown = 14,  // this side cannot prove its key now
};
inline constexpr std::size_t kReasonCount = 15;
[[nodiscard]] std::string_view describe(Reason reason);

[[nodiscard]] crypto::Bytes encode_hello(const ChannelTerms& terms);
[[nodiscard]] crypto::Bytes encode_proof(const Proof& proof);
[[nodiscard]] crypto::Bytes encode_goodbye(Reason reason);
[[nodiscard]] std::optional<Hello> decode_hello(crypto::ByteView payload);
[[nodiscard]] std::optional<Proof> decode_proof(crypto::ByteView payload);
[[nodiscard]] std::optional<Reason> decode_goodbye(
    crypto::ByteView payload);  // unknown numbers: Reason::None

// SHA-256("giro/channel/v1" ‖ chain ‖ parameters ‖ exporter ‖ role)
[[nodiscard]] crypto::Hash proof_digest(const ChannelTerms& terms, crypto::ByteView exporter,
                                        Role role);

// Reason::None, WrongVersion, WrongChain or WrongParameters, in this order of precedence.
[[nodiscard]] Reason judge_hello(const ChannelTerms& ours, const Hello& theirs);
// "chain 1f09c2… here, 77ab10… there": for the operator, empty for None.
[[nodiscard]] std::string explain_difference(const ChannelTerms& ours, const ChannelTerms& theirs);

// The signature alone: was this proof made by its key, in the role `role`, on the channel with this
// exporter value?
[[nodiscard]] bool is_proof_valid(const ChannelTerms& terms, crypto::ByteView exporter, Role role,
                                  const Proof& proof);

// The whole judgement. `expected` is the key of the peer that was dialled; `is_known` looks a key
// up in the set. Reason::None, WrongKey, UnknownKey or BadProof; the signature is looked at last,
// since it is what costs.
template <typename IsKnown>
[[nodiscard]] Reason judge_proof(const ChannelTerms& terms, crypto::ByteView exporter, Role role,
                                 const Proof& proof,
                                 const std::optional<crypto::PublicKey>& expected,
                                 IsKnown&& is_known) {
  if (expected && proof.key != *expected) return Reason::WrongKey;
  if (!is_known(proof.key)) return Reason::UnknownKey;
  return is_proof_valid(terms, exporter, role, proof) ? Reason::None : Reason::BadProof;
}

}  // namespace giro::p2p
