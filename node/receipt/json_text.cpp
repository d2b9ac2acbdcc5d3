#include "node/receipt/json_text.h"

#include "node/receipt/limits.h"

namespace giro::receipt {

namespace {

using consensus::Header;

constexpr std::string_view kHeaderTag = "giro/header/v1";

void put_attestation(std::string& out, const Attestation& attestation) {
  put_list(out, attestation, [&](const consensus::Certificate::Signed& entry) {
    out += R"({"member":)" + std::to_string(entry.voter.value) + R"(,"signature":)";
    put_hex(out, entry.signature);
    out += '}';
  });
}

void put_change(std::string& out, const SetChange& change, const Hash& chain) {
  out += R"({"header":)";
  put_hex(out, change.header.canonical(chain));
  out += R"(,"attestation":)";
  put_attestation(out, change.attestation);
  out += R"(,"set":{"epoch":)";
  put_quoted(out, std::to_string(change.set.epoch.value));
  out += R"(,"members":)";
  put_list(out, change.set.members, [&](const consensus::Member& member) {
    out += R"({"institution":)" + std::to_string(member.institution.value) + R"(,"public_key":)";
    put_hex(out, member.key);
    out += '}';
  });
  out += "}}";
}

// The canonical bytes of a header of this chain (protocol 2); all fields have a fixed size.
std::optional<Header> decode_header(ByteView bytes, const Hash& chain) {
  crypto::Reader in(bytes);
  if (crypto::as_text(in.raw(kHeaderTag.size())) != kHeaderTag || in.hash() != chain) {
    return std::nullopt;
  }
  Header header;
  header.epoch.value = in.u64();
  header.height.value = in.u64();
  header.block = in.hash();
  header.time.ms = static_cast<std::int64_t>(in.u64());
  header.previous = in.hash();
  header.state_root = in.hash();
  header.outcomes_root = in.hash();
  header.totals_root = in.hash();
  header.next_set = in.hash();
  header.next_first_view.value = in.u64();
  header.rules_version = in.u64();
  if (!in.at_end()) return std::nullopt;
  return header;
}

void read_header(Scanner& in, const Hash& chain, Header& header) {
  Bytes bytes(header.canonical(chain).size());
  in.hex(bytes);
  const std::optional<Header> decoded = decode_header(bytes, chain);
  if (!in.ok() || !decoded) return in.fail();
  header = *decoded;
}

void read_attestation(Scanner& in, Attestation& attestation) {
  in.list(attestation, kMembersMax, [&](consensus::Certificate::Signed& entry) {
    in.expect(R"({"member":)");
    entry.voter.value = in.number<std::uint32_t>();
    in.expect(R"(,"signature":)");
    in.hex(entry.signature.bytes);
    in.expect("}");
  });
}

void read_change(Scanner& in, const Hash& chain, SetChange& change) {
  in.expect(R"({"header":)");
  read_header(in, chain, change.header);
  in.expect(R"(,"attestation":)");
  read_attestation(in, change.attestation);
  in.expect(R"(,"set":{"epoch":)");
  change.set.epoch.value = in.quoted_number();
  in.expect(R"(,"members":)");
  in.list(change.set.members, kMembersMax, [&](consensus::Member& member) {
    in.expect(R"({"institution":)");
    member.institution.value = in.number<std::uint32_t>();
    in.expect(R"(,"public_key":)");
    in.hex(member.key.bytes);
    in.expect("}");
  });
  in.expect("}}");
}

}  // namespace

void put_quoted(std::string& out, std::string_view text) {
  out.append("\"").append(text).append("\"");
}
void put_hex(std::string& out, ByteView bytes) {
  put_quoted(out, crypto::to_hex(bytes));
}

void put_attested(std::string& out, const Attested& proof) {
  out += R"(,"header":)";
  put_hex(out, proof.header.canonical(proof.chain));
  out += R"(,"later_headers":)";
  put_list(out, proof.later_headers,
           [&](const Header& header) { put_hex(out, header.canonical(proof.chain)); });
  out += R"(,"attestation":)";
  put_attestation(out, proof.attestation);
  out += R"(,"lineage":)";
  put_list(out, proof.lineage,
           [&](const SetChange& change) { put_change(out, change, proof.chain); });
  out += '}';
}

void read_attested(Scanner& in, Attested& proof) {
  in.expect(R"(,"header":)");
  read_header(in, proof.chain, proof.header);
  in.expect(R"(,"later_headers":)");
  in.list(proof.later_headers, kLaterHeadersMax,
          [&](Header& header) { read_header(in, proof.chain, header); });
  in.expect(R"(,"attestation":)");
  read_attestation(in, proof.attestation);
  in.expect(R"(,"lineage":)");
  in.list(proof.lineage, kSetChangesMax,
          [&](SetChange& change) { read_change(in, proof.chain, change); });
  in.expect("}");
}

}  // namespace giro::receipt
