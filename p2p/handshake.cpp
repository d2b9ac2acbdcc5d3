#include "p2p/handshake.h"

#include <algorithm>

namespace giro::p2p {
namespace {

constexpr std::string_view kMagic = "giro";
constexpr std::string_view kProofTag = "giro/channel/v1";

std::string short_hex(const crypto::Hash& hash) {
  return crypto::to_hex(crypto::ByteView(hash).first(4)) + "…";
}

}  // namespace

std::string_view describe(Reason reason) {
  switch (reason) {
    case Reason::None:
      return "none";
    case Reason::WrongVersion:
      return "wrong protocol version";
    case Reason::WrongChain:
      return "wrong chain";
    case Reason::WrongParameters:
      return "wrong genesis parameters";
    case Reason::UnknownKey:
      return "unknown key";
    case Reason::WrongKey:
      return "wrong key";
    case Reason::BadProof:
      return "bad proof of key";
    case Reason::Malformed:
      return "malformed message";
    case Reason::Duplicate:
      return "duplicate channel";
    case Reason::Replaced:
      return "replaced by a newer channel";
    case Reason::Removed:
      return "no longer in the set";
    case Reason::OverBudget:
      return "sent too much for too long";
    case Reason::SlowReader:
      return "does not take what is sent";
    case Reason::Stopping:
      return "stopping";
    case Reason::SignerDown:
      return "signer is down";
  }
  return "unknown";
}

crypto::Bytes encode_hello(const ChannelTerms& terms) {
  crypto::Bytes out;
  crypto::Writer(out).text(kMagic).u16(terms.version).raw(terms.chain).raw(terms.parameters);
  return out;
}

crypto::Bytes encode_proof(const Proof& proof) {
  crypto::Bytes out;
  crypto::Writer(out).raw(proof.key).raw(proof.signature);
  return out;
}

crypto::Bytes encode_goodbye(Reason reason) {
  return {static_cast<std::byte>(reason)};
}

std::optional<Hello> decode_hello(crypto::ByteView payload) {
  crypto::Reader reader(payload);
  if (crypto::as_text(reader.raw(kMagic.size())) != kMagic) return std::nullopt;
  Hello hello;
  hello.terms.version = reader.u16();
  hello.terms.chain = reader.hash();
  hello.terms.parameters = reader.hash();
  const bool is_ours = hello.terms.version == kProtocolVersion;
  if (is_ours ? !reader.at_end() : !reader.ok()) return std::nullopt;
  return hello;
}

std::optional<Proof> decode_proof(crypto::ByteView payload) {
  crypto::Reader reader(payload);
  Proof proof;
  const crypto::ByteView key = reader.raw(proof.key.bytes.size());
  const crypto::ByteView signature = reader.raw(proof.signature.bytes.size());
  if (!reader.at_end()) return std::nullopt;
  std::ranges::copy(key, proof.key.bytes.begin());
  std::ranges::copy(signature, proof.signature.bytes.begin());
  return proof;
}

std::optional<Reason> decode_goodbye(crypto::ByteView payload) {
  crypto::Reader reader(payload);
  const std::uint8_t number = reader.u8();
  if (!reader.at_end()) return std::nullopt;
  return number < kReasonCount ? static_cast<Reason>(number) : Reason::None;
}

crypto::Hash proof_digest(const ChannelTerms& terms, crypto::ByteView exporter, Role role) {
  const std::array<std::byte, 1> role_byte{static_cast<std::byte>(role)};
  return crypto::tagged_hash(kProofTag, {terms.chain, terms.parameters, exporter, role_byte});
}

Reason judge_hello(const ChannelTerms& ours, const Hello& theirs) {
  if (theirs.terms.version != ours.version) return Reason::WrongVersion;
  if (theirs.terms.chain != ours.chain) return Reason::WrongChain;
  if (theirs.terms.parameters != ours.parameters) return Reason::WrongParameters;
  return Reason::None;
}

std::string explain_difference(const ChannelTerms& ours, const ChannelTerms& theirs) {
  switch (judge_hello(ours, Hello{theirs})) {
    case Reason::WrongVersion:
      return "protocol version " + std::to_string(ours.version) + " here, " +
             std::to_string(theirs.version) + " there";
    case Reason::WrongChain:
      return "chain " + short_hex(ours.chain) + " here, " + short_hex(theirs.chain) + " there";
    case Reason::WrongParameters:
      return "genesis parameters " + short_hex(ours.parameters) + " here, " +
             short_hex(theirs.parameters) + " there";
    default:
      return {};
  }
}

bool is_proof_valid(const ChannelTerms& terms, crypto::ByteView exporter, Role role,
                    const Proof& proof) {
  return exporter.size() == kExporterBytes &&
         crypto::verify(proof.key, proof_digest(terms, exporter, role), proof.signature);
}

}  // namespace giro::p2p
