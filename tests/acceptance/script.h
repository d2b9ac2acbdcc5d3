// The text form of an acceptance scenario (ledger 15), README.md there: what is ordered, the code
// that it must get, and what the books must show then. One step a line; `#` begins a comment.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "node/config/demo_genesis.h"

namespace giro::acceptance {

enum class Place : std::uint8_t { Simulated, Real };  // Simulated: wherever time is ours to say

// `-> 702 {1, 400}`, `-> 213 of 0`, `-> 205 void`
struct Expected {
  ledger::Code code{};
  bool is_void = false;  // leaves no trace, its id is free
  std::optional<std::uint32_t> index;
  ledger::Code inner{};
  friend bool operator==(const Expected&, const Expected&) = default;
};
[[nodiscard]] std::string to_string(const Expected& expected);

using Words = std::vector<std::string>;

namespace step {
struct Do {
  std::string order;                                         // by its name in orders.json
  std::string id;                                            // names its op_id
  bool has_ticket = false;                                   // complete, from the payee's bank
  std::vector<std::pair<std::string, std::string>> changes;  // "terms.amount", "0.01"
  std::vector<config::DemoOperator> signers;                 // empty: those of orders.json
  Expected expected;
};
struct Again {  // the same bytes
  std::string id;
  Expected expected;
};
struct Time {  // nullopt: the next UTC day begins
  std::optional<std::int64_t> ms;
};
struct Epoch {};  // the next one begins
struct See {      // fields and values of one subject: "payment P", "buyer bank-a.USD", none: the
                  // network
  Words subject;
  std::vector<std::pair<std::string, std::string>> fields;
};
struct SeeNothingMoved {};  // every balance is as before the last order
struct Receipt {            // every validator gives the same
  std::string id;
};
struct Statement {
  std::string account, token;
  Words amounts;  // opening balance, signed entries, closing balance
};
}  // namespace step

struct Step {
  std::variant<step::Do, step::Again, step::Time, step::Epoch, step::See, step::SeeNothingMoved,
               step::Receipt, step::Statement>
      what;
  std::string text;  // "03_expired:5: time +300"
};

struct Script {
  std::string name;  // "03_expired"
  std::vector<Step> steps;
};

// With the steps of those that it begins with (`given NAME`, beside it). The error is one line with
// its place.
[[nodiscard]] std::expected<Script, std::string> read_script(const std::filesystem::path& file,
                                                             Place place);
// The same of text that is in no file.
[[nodiscard]] std::expected<Script, std::string> parse_script(const std::string& text, Place place);
// Of the folder, ascending.
[[nodiscard]] std::vector<std::filesystem::path> script_files();
[[nodiscard]] std::filesystem::path orders_file();

// "bank-a:ISSUER*2" are the first two of that role, "bank-a:ISSUER#4" is the fourth.
[[nodiscard]] std::optional<std::vector<config::DemoOperator>> parse_signer(std::string_view word);

}  // namespace giro::acceptance
