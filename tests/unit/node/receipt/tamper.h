// What a liar may do to the text of a proof: for tests that want each of it refused.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace giro::receipt::test {

// Where a list's or an object's members lie in a compact JSON text without escapes.
struct Members {
  std::vector<std::pair<std::size_t, std::size_t>> spans;  // begin, end
};

inline std::vector<Members> members_in(const std::string& text) {
  std::vector<Members> done, open;
  std::size_t begin = 0;
  bool is_quoted = false;
  const auto close_member = [&](std::size_t end) {
    if (end > begin) open.back().spans.emplace_back(begin, end);
  };
  std::vector<std::size_t> begins;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') is_quoted = !is_quoted;
    if (is_quoted) continue;
    if (c == '{' || c == '[') {
      begins.push_back(begin);
      open.emplace_back();
      begin = at + 1;
    } else if (c == '}' || c == ']') {
      close_member(at);
      done.push_back(std::move(open.back()));
      open.pop_back();
      begin = begins.back();
      begins.pop_back();
    } else if (c == ',') {
      close_member(at);
      begin = at + 1;
    }
  }
  return done;
}

struct Tampered {
  std::string what, text;
};

// `bits` bits of every byte, 8 being all; every cut; every member and list item left out, doubled,
// or exchanged with the one after it.
inline std::vector<Tampered> tampered(const std::string& text, int bits = 8) {
  std::vector<Tampered> all;
  const auto add = [&](std::string what, std::size_t at, std::string edited) {
    if (edited != text) all.push_back({std::move(what) + std::to_string(at), std::move(edited)});
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (int i = 0; i < bits; ++i) {
      const int bit = (static_cast<int>(at) + 3 * i) % 8;
      std::string edited = text;
      edited[at] = static_cast<char>(edited[at] ^ (1 << bit));
      add("bit " + std::to_string(bit) + " of byte ", at, std::move(edited));
    }
    add("cut before byte ", at, text.substr(0, at));
  }
  for (const Members& members : members_in(text)) {
    for (std::size_t i = 0; i < members.spans.size(); ++i) {
      const auto [begin, end] = members.spans[i];
      const std::string member = text.substr(begin, end - begin);
      std::string edited = text;
      const bool is_last = i + 1 == members.spans.size();
      const std::size_t from = is_last && i > 0 ? begin - 1 : begin;  // with its comma
      edited.erase(from, (is_last ? end : end + 1) - from);
      add("left out from byte ", begin, std::move(edited));
      edited = text;
      edited.insert(begin, member + ",");
      add("doubled at byte ", begin, std::move(edited));
      if (is_last) continue;
      const auto [next_begin, next_end] = members.spans[i + 1];
      edited = text;
      edited.replace(begin, next_end - begin,
                     text.substr(next_begin, next_end - next_begin) + "," + member);
      add("exchanged with the next at byte ", begin, std::move(edited));
    }
  }
  return all;
}

}  // namespace giro::receipt::test
