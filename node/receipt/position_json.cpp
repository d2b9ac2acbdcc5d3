#include "node/receipt/json_text.h"
#include "node/receipt/limits.h"
#include "node/receipt/position.h"

namespace giro::receipt {

namespace {

void read_record(Scanner& in, ledger::Position& position) {
  const std::string_view text = in.quoted(2 * kRecordBytesMax);
  Bytes bytes(text.size() / 2);
  if (!from_lower_hex(text, bytes)) return in.fail();
  const auto record = ledger::decode_record<ledger::Position>(bytes);
  if (!record) return in.fail();
  position = *record;
}

void read_neighbour(Scanner& in, PositionProof::Neighbour& neighbour) {
  neighbour.is_left = in.accept(R"({"left":)");
  if (!neighbour.is_left) in.expect(R"({"right":)");
  in.hex(neighbour.hash.bytes);
  in.expect("}");
}

}  // namespace

std::string to_json(const PositionProof& proof) {
  std::string out = R"({"format":)";
  put_quoted(out, kPositionFormat);
  out += R"(,"chain_id":)";
  put_hex(out, proof.chain);
  out += R"(,"token":)" + std::to_string(proof.token) + R"(,"account":)";
  put_hex(out, proof.account.bytes);
  out += R"(,"position":)";
  put_hex(out, ledger::encode(proof.position));
  out += R"(,"path":)";
  put_list(out, proof.path, [&](const PositionProof::Neighbour& neighbour) {
    out += neighbour.is_left ? R"({"left":)" : R"({"right":)";
    put_hex(out, neighbour.hash);
    out += '}';
  });
  out += R"(,"chain_value":)";
  put_hex(out, proof.chain_value);
  put_attested(out, proof);
  return out;
}

std::optional<PositionProof> position_from_json(std::string_view text) {
  if (text.size() > kTextBytesMax) return std::nullopt;
  if (text.ends_with('\n')) text.remove_suffix(1);
  Scanner in(text);
  PositionProof proof;
  in.expect(R"({"format":)");
  if (in.quoted(kPositionFormat.size()) != kPositionFormat) in.fail();
  in.expect(R"(,"chain_id":)");
  in.hex(proof.chain.bytes);
  in.expect(R"(,"token":)");
  proof.token = in.number<std::uint32_t>();
  in.expect(R"(,"account":)");
  in.hex(proof.account.bytes);
  in.expect(R"(,"position":)");
  read_record(in, proof.position);
  in.expect(R"(,"path":)");
  in.list(proof.path, kStatePathMax,
          [&](PositionProof::Neighbour& neighbour) { read_neighbour(in, neighbour); });
  in.expect(R"(,"chain_value":)");
  in.hex(proof.chain_value.bytes);
  read_attested(in, proof);
  if (!in.at_end()) return std::nullopt;
  return proof;
}

std::expected<VerifiedPosition, Failure> verify_position_json(std::string_view text,
                                                              const Genesis& genesis) {
  const std::optional<PositionProof> proof = position_from_json(text);
  if (!proof) return std::unexpected(Failure::Malformed);
  return verify(*proof, genesis);
}

}  // namespace giro::receipt
