// The commit of the source that this program was built from: "5cd0f1c2a9b3", with "-dirty" where it
// was changed, "unknown" outside a git repository.
#pragma once

namespace giro::cli {

extern const char* const kCommit;

}  // namespace giro::cli
