#include "tests/acceptance/script.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <sstream>

#include "crypto/check.h"

namespace giro::acceptance {
namespace {

using Parsed = std::expected<void, std::string>;

std::unexpected<std::string> wrong(std::string text) {
  return std::unexpected(std::move(text));
}

template <class Number>
std::optional<Number> number_of(std::string_view word) {
  Number out{};
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), out);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return out;
}

std::optional<ledger::Code> code_of(std::string_view word) {
  const auto number = number_of<std::uint32_t>(word);
  return number ? ledger::code_of(*number) : std::nullopt;
}

// `702 {1, 400}`, `0 {999}`, `213 of 0`, `205 void`; braces and commas are spaces by then.
std::optional<Expected> parse_expected(const Words& words) {
  if (words.empty()) return std::nullopt;
  const auto code = code_of(words[0]);
  if (!code) return std::nullopt;
  Expected out;
  out.code = *code;
  if (words.size() == 1) return out;
  if (words.size() == 2 && words[1] == "void") {
    out.is_void = true;
    return out;
  }
  const bool is_of = words.size() == 3 && words[1] == "of";
  if (!is_of) out.index = number_of<std::uint32_t>(words[1]);
  const auto inner = words.size() == 3 ? code_of(words[2]) : std::optional(ledger::Code::Ok);
  if ((!is_of && !out.index) || !inner || words.size() > 3) return std::nullopt;
  out.inner = *inner;
  return out;
}

class Reader {
 public:
  Reader(Script& script, Place place) : script_(script), place_(place) {}

  Parsed read(const std::filesystem::path& file) {
    std::ifstream in(file);
    if (!in) return wrong("there is no " + file.string());
    return read(in, file.stem().string(), file.parent_path());
  }
  Parsed read(std::istream& in, const std::string& name, const std::filesystem::path& folder) {
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
      if (line.starts_with('#')) continue;
      text_ = name + ":" + std::to_string(number) + ": " + line;
      if (auto taken = take(folder, line); !taken) return wrong(text_ + ": " + taken.error());
    }
    return {};
  }

 private:
  Parsed take(const std::filesystem::path& folder, const std::string& line);
  Parsed take_let(const Words& words);
  Parsed take_do(const Words& words, const Words& outcome);
  Parsed take_time(const Words& words);
  Parsed take_see(const Words& words);

  void add(auto what) {
    if (!has_ended_) script_.steps.push_back({std::move(what), text_});
  }
  [[nodiscard]] std::string filled(const std::string& word) const {
    const auto at = word.find('$');
    if (at == std::string::npos) return word;
    const auto known = values_.find(word.substr(at + 1));
    return known == values_.end() ? word : word.substr(0, at) + known->second;
  }

  Script& script_;
  const Place place_;
  std::string text_;
  std::map<std::string, std::string> values_;
  bool has_ended_ = false;
  std::size_t unnamed_ = 0;
};

Parsed Reader::take(const std::filesystem::path& folder, const std::string& line) {
  std::string head = line, tail;
  if (const auto arrow = line.find("->"); arrow != std::string::npos) {
    head = line.substr(0, arrow);
    tail = line.substr(arrow + 2);
    std::ranges::replace_if(tail, [](char c) { return c == '{' || c == '}' || c == ','; }, ' ');
  }
  const auto words_of = [this](const std::string& text) {
    std::istringstream in(text);
    Words words;
    for (std::string word; in >> word;) words.push_back(filled(word));
    return words;
  };
  const Words words = words_of(head), outcome = words_of(tail);
  if (words.empty()) return {};
  const std::string& verb = words[0];
  const std::size_t size = words.size();
  if (verb == "given" && size == 2) return read(folder / (words[1] + ".txt"));
  if (verb == "let") return take_let(words);
  if (verb == "do" && size >= 2) return take_do(words, outcome);
  if (verb == "time" && size == 2) return take_time(words);
  if (verb == "see") return take_see(words);
  if (verb == "epoch" && size == 1) return add(step::Epoch{}), Parsed{};
  if (verb == "receipt" && size == 2) return add(step::Receipt{words[1]}), Parsed{};
  if (verb == "again" && size == 2) {
    const auto expected = parse_expected(outcome);
    if (!expected) return wrong("what is to come of it?");
    return add(step::Again{words[1], *expected}), Parsed{};
  }
  if (verb == "statement" && size >= 5)
    return add(step::Statement{words[1], words[2], Words(words.begin() + 3, words.end())}),
           Parsed{};
  if (verb == "real" && size > 2 && words[1] == "ends:") {
    has_ended_ = place_ == Place::Real;
    return {};
  }
  return wrong("this is no step");
}

// let NAME SECONDS (real SECONDS)
Parsed Reader::take_let(const Words& words) {
  if (words.size() != 5 || words[3] != "(real" || !words[4].ends_with(')'))
    return wrong("let NAME N (real N)");
  values_[words[1]] = place_ == Place::Real ? words[4].substr(0, words[4].size() - 1) : words[2];
  return {};
}

// do ORDER [as ID] [ticket] [MEMBER=VALUE...] [by SIGNER...] -> CODE
Parsed Reader::take_do(const Words& words, const Words& outcome) {
  step::Do out{.order = words[1], .id = {}, .changes = {}, .signers = {}, .expected = {}};
  bool is_by = false;
  for (std::size_t i = 2; i < words.size(); ++i) {
    const auto equal = words[i].find('=');
    if (words[i] == "as" && i + 1 < words.size()) {
      out.id = words[++i];
    } else if (words[i] == "ticket") {
      out.has_ticket = true;
    } else if (words[i] == "by") {
      is_by = true;
    } else if (is_by) {
      const auto signers = parse_signer(words[i]);
      if (!signers) return wrong(words[i] + " is no signer");
      out.signers.insert(out.signers.end(), signers->begin(), signers->end());
    } else if (equal != std::string::npos) {
      out.changes.emplace_back(words[i].substr(0, equal), words[i].substr(equal + 1));
    } else {
      return wrong(words[i] + " is not understood");
    }
  }
  if (out.id.empty()) out.id = "unnamed-" + std::to_string(++unnamed_);
  const auto expected = parse_expected(outcome);
  if (!expected) return wrong("what is to come of it?");
  out.expected = *expected;
  add(std::move(out));
  return {};
}

Parsed Reader::take_time(const Words& words) {
  if (words[1] == "midnight") return add(step::Time{}), Parsed{};
  const auto seconds =
      words[1].starts_with('+') ? number_of<std::int64_t>(words[1].substr(1)) : std::nullopt;
  if (!seconds) return wrong("time +SECONDS, or midnight");
  add(step::Time{*seconds * 1'000});
  return {};
}

// see payment P state SETTLED; see buyer bank-a.USD posted 1.00 held 0.00; see validators 5
Parsed Reader::take_see(const Words& words) {
  if (words == Words{"see", "nothing", "moved"}) return add(step::SeeNothingMoved{}), Parsed{};
  const bool is_count = words.size() == 3;
  const std::size_t fields = words.size() > 1 && words[1] == "payments" ? 5 : is_count ? 1 : 3;
  if (words.size() < fields + 2 || (words.size() - fields) % 2 != 0)
    return wrong("each field has a value");
  step::See out{
      .subject = Words(words.begin() + 1, words.begin() + static_cast<std::ptrdiff_t>(fields)),
      .fields = {}};
  for (std::size_t i = fields; i < words.size(); i += 2)
    out.fields.emplace_back(words[i], words[i + 1]);
  add(std::move(out));
  return {};
}

std::filesystem::path scripts() {
  return std::filesystem::path(GIRO_ACCEPTANCE) / "scenarios";
}

}  // namespace

std::string to_string(const Expected& expected) {
  std::string out = std::to_string(static_cast<unsigned>(expected.code)) + " " +
                    std::string(ledger::code_name(expected.code));
  if (expected.index || expected.inner != ledger::Code::Ok)
    out += " {" + std::to_string(expected.index.value_or(0)) + ", " +
           std::string(ledger::code_name(expected.inner)) + "}";
  return out + (expected.is_void ? " void" : "");
}

std::optional<std::vector<config::DemoOperator>> parse_signer(std::string_view word) {
  const auto colon = word.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto mark = word.find_first_of("*#");
  const std::string_view role = word.substr(colon + 1, mark - colon - 1);
  std::uint32_t count = 1;
  if (mark != std::string_view::npos) {
    const auto given = number_of<std::uint32_t>(word.substr(mark + 1));
    if (!given || *given == 0) return std::nullopt;
    count = *given;
  }
  for (std::size_t i = 0; i < ledger::kRoleCount; ++i) {
    const auto each = static_cast<ledger::Role>(i);
    if (ledger::name(each) != role) continue;
    std::vector<config::DemoOperator> out;
    const bool is_one = mark != std::string_view::npos && word[mark] == '#';
    for (std::uint32_t number = is_one ? count : 1; number <= count; ++number)
      out.push_back({std::string(word.substr(0, colon)), each, number});
    return out;
  }
  return std::nullopt;
}

std::expected<Script, std::string> read_script(const std::filesystem::path& file, Place place) {
  Script script{.name = file.stem().string(), .steps = {}};
  if (auto read = Reader(script, place).read(file); !read)
    return std::unexpected(std::move(read.error()));
  return script;
}

std::expected<Script, std::string> parse_script(const std::string& text, Place place) {
  Script script{.name = "text", .steps = {}};
  std::istringstream in(text);
  if (auto read = Reader(script, place).read(in, script.name, scripts()); !read)
    return std::unexpected(std::move(read.error()));
  return script;
}

std::vector<std::filesystem::path> script_files() {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator(scripts()))
    out.push_back(entry.path());
  std::ranges::sort(out);
  GIRO_CHECK(!out.empty());
  return out;
}

std::filesystem::path orders_file() {
  return std::filesystem::path(GIRO_ACCEPTANCE) / "orders.json";
}

}  // namespace giro::acceptance
