#include "crypto/check.h"

#include <cstdio>
#include <cstdlib>

namespace giro::crypto {

void check_failed(const char* condition, const char* file, int line, const std::string& values) {
  std::fprintf(stderr, "%s:%d: check failed: %s%s%s\n", file, line, condition,
               values.empty() ? "" : "; ", values.c_str());
  std::fflush(stderr);
  std::abort();
}

}  // namespace giro::crypto
