// The families of a scrape, one a line: "giro_leader gauge validator". Compared with golden.txt.
#pragma once

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace giro::metrics {

inline std::set<std::string> families_of(const std::string& scrape) {
  std::map<std::string, std::string> types;
  std::map<std::string, std::set<std::string>> labels;
  std::istringstream lines(scrape);
  const std::regex type("# TYPE ([a-z_]+) ([a-z]+)"), series("([a-z_]+)(?:\\{(.*)\\})? [^ ]+");
  const std::regex label("([a-z_]+)=\"[^\"]*\"");
  std::smatch found;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_match(line, found, type)) types[found[1]] = found[2];
    if (line.starts_with("#") || !std::regex_match(line, found, series)) continue;
    std::string name = found[1];
    for (const char* suffix : {"_bucket", "_sum", "_count"})
      if (name.ends_with(suffix) &&
          types.contains(name.substr(0, name.size() - std::string(suffix).size())))
        name.resize(name.size() - std::string(suffix).size());
    const std::string text = found[2];
    auto& names = labels[name];
    for (std::sregex_iterator at(text.begin(), text.end(), label), last; at != last; ++at)
      if ((*at)[1] != "le") names.insert((*at)[1]);
  }
  std::set<std::string> out;
  for (const auto& [name, kind] : types) {
    std::string line = name + " " + kind;
    for (const auto& one : labels[name]) line += " " + one;
    out.insert(std::move(line));
  }
  return out;
}

// The lines of the frozen list that are no comments.
inline std::set<std::string> golden_families(const std::string& path) {
  std::set<std::string> out;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (!line.empty() && !line.starts_with("#")) out.insert(line);
  return out;
}

}  // namespace giro::metrics
