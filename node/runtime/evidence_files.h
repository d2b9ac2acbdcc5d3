// Proofs of misbehaviour and of divergence as files in <data>/evidence, for people: what names a
// culprit must not go with a log that is cut, or with this process (surface 4, protocol R17, R46).
// Each holds chain id and validator set, so that its signatures can be checked offline. giro never
// removes one, and never writes over one.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>

#include "consensus/evidence.h"
#include "consensus/output.h"
#include "node/ledger/records.h"
#include "storage/file.h"

namespace giro::runtime {

// Proofs of misbehaviour beyond them are not kept: a liar would fill the disk. Whoever archives
// them makes room.
inline constexpr std::size_t kEvidenceFilesMax = 1024;

// The file that says that more than f validators are faulty (protocol R11), if there is one. From
// then on nothing is taken over from others: who of them is right is for the consortium to say.
[[nodiscard]] storage::FileResult<std::optional<std::string>> agreement_broken_file(
    storage::FilePort& files, const std::string& data_dir);

// Core thread.
class EvidenceFiles {
 public:
  EvidenceFiles(storage::FilePort& files, const std::string& data_dir, const crypto::Hash& chain);

  // `set` is that of the proof's epoch, if it is known here. The result says what went wrong;
  // nullopt: the file is durable, now or since before.
  using Set = std::optional<ledger::ValidatorSet>;
  std::optional<std::string> keep(const consensus::Evidence& evidence, const Set& set);
  std::optional<std::string> keep(const consensus::BreachRecord& breach, const Set& set);
  std::optional<std::string> keep(const consensus::Divergence& divergence, const Set& set);

 private:
  std::optional<std::string> keep(const std::string& name, boost::json::object form, const Set& set,
                                  std::size_t files_max);

  storage::FilePort& files_;
  const std::string directory_;
  const crypto::Hash chain_;
};

}  // namespace giro::runtime
