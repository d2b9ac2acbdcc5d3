#include "node/runtime/evidence_files.h"

#include <limits>
#include <utility>

#include "crypto/digest.h"
#include "node/receipt/evidence_form.h"

namespace giro::runtime {
namespace {

namespace json = boost::json;

json::value members_form(const EvidenceFiles::Set& set) {
  if (!set) return nullptr;
  json::array out;
  for (const auto& member : set->members) {
    out.push_back(json::object{{"voter", out.size()},
                               {"institution", member.institution},
                               {"public_key", crypto::to_hex(member.key)}});
  }
  return out;
}

constexpr std::string_view kBroken = "agreement-broken";
// What a node finds once, and stops for, no liar can repeat.
constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

std::string directory_in(const std::string& data_dir) {
  return storage::join_path(data_dir, "evidence");
}

// So that a listing shows them by height.
std::string file_name(consensus::Height height, std::string_view what) {
  std::string digits = std::to_string(height.value);
  digits.insert(0, digits.size() < 12 ? 12 - digits.size() : 0, '0');
  return digits + "-" + std::string(what) + ".json";
}

}  // namespace

storage::FileResult<std::optional<std::string>> agreement_broken_file(storage::FilePort& files,
                                                                      const std::string& data_dir) {
  const std::string directory = directory_in(data_dir);
  const auto type = files.type(directory);
  if (!type) return std::unexpected(type.error());
  if (*type == storage::FileType::None) return std::nullopt;
  const auto names = files.list(directory);
  if (!names) return std::unexpected(names.error());
  for (const std::string& name : *names) {
    if (name.ends_with(std::string(kBroken) + ".json")) return storage::join_path(directory, name);
  }
  return std::nullopt;
}

EvidenceFiles::EvidenceFiles(storage::FilePort& files, const std::string& data_dir,
                             const crypto::Hash& chain)
    : files_(files), directory_(directory_in(data_dir)), chain_(chain) {}

std::optional<std::string> EvidenceFiles::keep(const consensus::Evidence& evidence,
                                               const Set& set) {
  json::object form = receipt::evidence_form(evidence);
  // There may be several of one height, and of one member.
  const std::string text = json::serialize(form);
  const std::string digest = crypto::to_hex(crypto::sha256(crypto::as_view(text))).substr(0, 16);
  const std::string name = file_name(
      height_of(evidence), "member-" + std::to_string(culprit(evidence).value) + "-" + digest);
  return keep(name, std::move(form), set, kEvidenceFilesMax);
}

std::optional<std::string> EvidenceFiles::keep(const consensus::BreachRecord& breach,
                                               const Set& set) {
  json::object form = receipt::breach_form(breach, [&](consensus::ReplicaId voter) {
    const bool is_known = set && voter.value < set->members.size();
    return is_known ? json::value(set->members[voter.value].institution) : json::value(nullptr);
  });
  form["kind"] = "AGREEMENT_BROKEN";
  return keep(file_name(breach.height, kBroken), std::move(form), set, kNoLimit);
}

std::optional<std::string> EvidenceFiles::keep(const consensus::Divergence& divergence,
                                               const Set& set) {
  return keep(file_name(divergence.height, "diverged"),
              receipt::divergence_form(divergence, chain_), set, kNoLimit);
}

std::optional<std::string> EvidenceFiles::keep(const std::string& name, json::object form,
                                               const Set& set, std::size_t files_max) {
  const std::string path = storage::join_path(directory_, name);
  const auto present = files_.type(path);
  if (!present) return present.error().text;
  if (*present != storage::FileType::None) return std::nullopt;
  if (const auto made = storage::make_directories(files_, directory_); !made)
    return made.error().text;
  const auto held = files_.list(directory_);
  if (!held) return held.error().text;
  if (held->size() >= files_max)
    return directory_ + " holds " + std::to_string(held->size()) +
           " files: copy them and move them away";
  form["format"] = "giro-evidence/1";
  form["chain"] = crypto::to_hex(chain_);
  form["validators"] = members_form(set);
  const std::string text = json::serialize(form) + "\n";
  const auto written = storage::write_whole(files_, path, crypto::as_view(text));
  return written ? std::nullopt : std::optional(written.error().text);
}

}  // namespace giro::runtime
