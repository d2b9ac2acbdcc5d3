#include "node/explorer/explorer.h"

#include <algorithm>

namespace giro::explorer {
namespace {

struct Place {
  std::string_view name;
  std::size_t arguments;
};
// app.js has the same table, with what shows each.
constexpr Place kPlaces[] = {{"validators", 0}, {"ledger", 0},   {"parameters", 0},
                             {"search", 0},     {"payments", 2}, {"operations", 2},
                             {"accounts", 2},   {"blocks", 1}};

const File* file_named(std::string_view name) {
  const auto all = files();
  const auto found = std::ranges::find(all, name, &File::name);
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

const File* find(std::span<const std::string> path) {
  constexpr std::string_view kPage = "index.html";
  if (path.empty()) return file_named(kPage);
  const bool is_place = std::ranges::any_of(kPlaces, [&](const Place& place) {
    return place.name == path.front() && place.arguments + 1 == path.size();
  });
  if (is_place) return file_named(kPage);
  return path.size() == 1 ? file_named(path.front()) : nullptr;
}

}  // namespace giro::explorer
