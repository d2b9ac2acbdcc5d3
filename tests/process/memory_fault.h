// Memory that does not hold what was written to it: bits of a stopped process, flipped.
#pragma once

#include <sys/types.h>

#include <cstddef>

#include "crypto/bytes.h"

namespace giro::process_test {

// Wherever the writable memory of the process has these bytes, one bit of them flips. How often;
// 0 also if the memory cannot be reached. The process must be stopped, and a child of this one.
[[nodiscard]] std::size_t flip_in_memory(pid_t process, crypto::ByteView bytes);

}  // namespace giro::process_test
