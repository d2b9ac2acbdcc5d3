#include "node/receipt/json.h"

#include <charconv>
#include <limits>

#include "node/receipt/limits.h"
#include "node/receipt/text.h"

namespace giro::receipt {

namespace {

using consensus::Header;

constexpr std::string_view kHeaderTag = "giro/header/v1";

// --- writing -----------------------------------------------------------------------------------

template <typename Item, typename Write>
void put_list(std::string& out, const std::vector<Item>& items, Write write) {
  out += '[';
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ',';
    write(items[i]);
  }
  out += ']';
}

void put_quoted(std::string& out, std::string_view text) {
  out.append("\"").append(text).append("\"");
}
void put_hex(std::string& out, ByteView bytes) {
  put_quoted(out, crypto::to_hex(bytes));
}

void put_operation(std::string& out, const std::optional<SignedBody>& operation) {
  if (!operation) {
    out += "null";
    return;
  }
  out += R"({"body":)";
  put_quoted(out, to_base64(operation->body));
  out += R"(,"signatures":)";
  put_list(out, operation->signatures, [&](const SignedBody::Signature& entry) {
    out += R"({"public_key":)";
    put_hex(out, entry.public_key);
    out += R"(,"signature":)";
    put_hex(out, entry.signature);
    out += '}';
  });
  out += '}';
}

void put_outcome(std::string& out, const ledger::OutcomeLeaf& outcome) {
  out += R"({"height":)";
  put_quoted(out, std::to_string(outcome.height));
  out += R"(,"index":)" + std::to_string(outcome.index) + R"(,"block_time":)";
  put_quoted(out, to_time_text(outcome.block_time.value));
  out += R"(,"operation_hash":)";
  put_hex(out, outcome.operation_hash);
  out += R"(,"actor":)" + std::to_string(outcome.actor) + R"(,"op_id":)";
  put_quoted(out, to_uuid_text(outcome.op_id.bytes));
  out += R"(,"code":)" + std::to_string(static_cast<std::uint16_t>(outcome.code));
  out += R"(,"detail":{"index":)" + std::to_string(outcome.detail_index);
  out += R"(,"inner":)" + std::to_string(static_cast<std::uint16_t>(outcome.detail_inner));
  out += outcome.recorded ? R"(},"recorded":true)" : R"(},"recorded":false)";
  out += R"(,"event_count":)" + std::to_string(outcome.event_count) + R"(,"events_root":)";
  put_hex(out, outcome.events_root);
  out += '}';
}

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

// --- reading -----------------------------------------------------------------------------------

// Reads the one text that the functions above write. After the first fault it is not ok() and gives
// zeros.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return ok_ && rest_.empty(); }

  bool accept(std::string_view literal) {
    if (!ok_ || !rest_.starts_with(literal)) return false;
    rest_.remove_prefix(literal.size());
    return true;
  }
  void expect(std::string_view literal) {
    if (!accept(literal)) fail();
  }

  // Digits without a leading zero.
  std::uint64_t number(std::uint64_t max) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    const auto size = static_cast<std::size_t>(end - rest_.data());
    if (!ok_ || error != std::errc() || value > max || (size > 1 && rest_.front() == '0')) {
      fail();
      return 0;
    }
    rest_.remove_prefix(size);
    return value;
  }
  template <typename Integer>
  Integer number() {
    return static_cast<Integer>(number(std::numeric_limits<Integer>::max()));
  }
  std::uint64_t quoted_number() {
    expect("\"");
    const std::uint64_t value = number<std::uint64_t>();
    expect("\"");
    return value;
  }

  // What stands between quotes. Nothing that we write needs an escape.
  std::string_view quoted(std::size_t size_max) {
    expect("\"");
    const std::size_t size = rest_.substr(0, size_max + 1).find('"');
    if (!ok_ || size == std::string_view::npos) {
      fail();
      return {};
    }
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size + 1);
    return text;
  }
  void hex(std::span<std::byte> out) {
    if (!from_lower_hex(quoted(out.size() * 2), out)) fail();
  }
  // The value of what `read` makes of a quoted text; the default value after a fault.
  template <typename Read>
  auto quoted_as(std::size_t size_max, Read read) {
    auto value = read(quoted(size_max));
    if (!value) fail();
    return value.value_or(typename decltype(value)::value_type{});
  }

  template <typename Item, typename Read>
  void list(std::vector<Item>& items, std::size_t size_max, Read read) {
    expect("[");
    if (!ok_ || accept("]")) return;
    do {
      if (items.size() == size_max) fail();
      if (!ok_) return;
      read(items.emplace_back());
    } while (accept(","));
    expect("]");
  }

  void fail() {
    ok_ = false;
    rest_ = {};
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

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

void read_operation(Scanner& in, std::optional<SignedBody>& operation) {
  if (in.accept("null")) return;
  SignedBody& read = operation.emplace();
  in.expect(R"({"body":)");
  read.body = in.quoted_as((kBodyBytesMax + 2) / 3 * 4, from_base64);
  in.expect(R"(,"signatures":)");
  in.list(read.signatures, kBodySignaturesMax, [&](SignedBody::Signature& entry) {
    in.expect(R"({"public_key":)");
    in.hex(entry.public_key.bytes);
    in.expect(R"(,"signature":)");
    in.hex(entry.signature.bytes);
    in.expect("}");
  });
  in.expect("}");
}

void read_outcome(Scanner& in, ledger::OutcomeLeaf& outcome) {
  in.expect(R"({"height":)");
  outcome.height = in.quoted_number();
  in.expect(R"(,"index":)");
  outcome.index = in.number<std::uint32_t>();
  in.expect(R"(,"block_time":)");
  outcome.block_time.value = in.quoted_as(24, from_time_text);
  in.expect(R"(,"operation_hash":)");
  in.hex(outcome.operation_hash.bytes);
  in.expect(R"(,"actor":)");
  outcome.actor = in.number<std::uint32_t>();
  in.expect(R"(,"op_id":)");
  outcome.op_id.bytes = in.quoted_as(36, from_uuid_text);
  in.expect(R"(,"code":)");
  outcome.code = ledger::Code{in.number<std::uint16_t>()};
  in.expect(R"(,"detail":{"index":)");
  outcome.detail_index = in.number<std::uint32_t>();
  in.expect(R"(,"inner":)");
  outcome.detail_inner = ledger::Code{in.number<std::uint16_t>()};
  in.expect(R"(},"recorded":)");
  outcome.recorded = in.accept("true");
  if (!outcome.recorded) in.expect("false");
  in.expect(R"(,"event_count":)");
  outcome.event_count = in.number<std::uint32_t>();
  in.expect(R"(,"events_root":)");
  in.hex(outcome.events_root.bytes);
  in.expect("}");
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

std::string to_json(const Receipt& receipt) {
  std::string out = R"({"format":)";
  put_quoted(out, kJsonFormat);
  out += R"(,"receipt_id":)";
  put_hex(out, receipt_id(receipt));
  out += R"(,"chain_id":)";
  put_hex(out, receipt.chain);
  out += R"(,"operation":)";
  put_operation(out, receipt.operation);
  out += R"(,"outcome":)";
  put_outcome(out, receipt.outcome);
  out += R"(,"path":)";
  put_list(out, receipt.path, [&](const Hash& hash) { put_hex(out, hash); });
  out += R"(,"header":)";
  put_hex(out, receipt.header.canonical(receipt.chain));
  out += R"(,"later_headers":)";
  put_list(out, receipt.later_headers,
           [&](const Header& header) { put_hex(out, header.canonical(receipt.chain)); });
  out += R"(,"attestation":)";
  put_attestation(out, receipt.attestation);
  out += R"(,"lineage":)";
  put_list(out, receipt.lineage,
           [&](const SetChange& change) { put_change(out, change, receipt.chain); });
  out += '}';
  return out;
}

std::optional<Receipt> from_json(std::string_view text) {
  if (text.size() > kTextBytesMax) return std::nullopt;
  if (text.ends_with('\n')) text.remove_suffix(1);
  Scanner in(text);
  Receipt receipt;
  Hash id;
  in.expect(R"({"format":)");
  if (in.quoted(kJsonFormat.size()) != kJsonFormat) in.fail();
  in.expect(R"(,"receipt_id":)");
  in.hex(id.bytes);
  in.expect(R"(,"chain_id":)");
  in.hex(receipt.chain.bytes);
  in.expect(R"(,"operation":)");
  read_operation(in, receipt.operation);
  in.expect(R"(,"outcome":)");
  read_outcome(in, receipt.outcome);
  in.expect(R"(,"path":)");
  in.list(receipt.path, kPathMax, [&](Hash& hash) { in.hex(hash.bytes); });
  in.expect(R"(,"header":)");
  read_header(in, receipt.chain, receipt.header);
  in.expect(R"(,"later_headers":)");
  in.list(receipt.later_headers, kLaterHeadersMax,
          [&](Header& header) { read_header(in, receipt.chain, header); });
  in.expect(R"(,"attestation":)");
  read_attestation(in, receipt.attestation);
  in.expect(R"(,"lineage":)");
  in.list(receipt.lineage, kSetChangesMax,
          [&](SetChange& change) { read_change(in, receipt.chain, change); });
  in.expect("}");
  if (!in.at_end() || id != receipt_id(receipt)) return std::nullopt;
  return receipt;
}

std::expected<Verified, Failure> verify_json(std::string_view text, const Genesis& genesis) {
  const std::optional<Receipt> receipt = from_json(text);
  if (!receipt) return std::unexpected(Failure::Malformed);
  return verify(*receipt, genesis);
}

}  // namespace giro::receipt
