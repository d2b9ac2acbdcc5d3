// GIRO_CHECK: our own mistakes. On in every build, prints its operands and aborts (style: errors,
// third kind). Never reachable from bytes that came from outside the process.
#pragma once

#include <initializer_list>
#include <sstream>
#include <string>

namespace giro::crypto {

[[noreturn]] void check_failed(const char* condition, const char* file, int line,
                               const std::string& values);

template <typename... Values>
[[nodiscard]] std::string check_values(const char* names, const Values&... values) {
  if constexpr (sizeof...(Values) == 0) {
    return {};
  } else {
    std::ostringstream out;
    out << names << " =";
    ((out << ' ' << values), ...);
    return out.str();
  }
}

}  // namespace giro::crypto

// GIRO_CHECK(height <= tip, height, tip): the values must be streamable. Where coverage is measured
// the check is made as everywhere, in a function that is not counted: a side that is taken only
// when we are wrong is none that a test should reach.
#ifdef GIRO_COVERAGE
#define GIRO_CHECK(condition, ...)                                                \
  [&]() __attribute__((no_profile_instrument_function)) {                         \
    if (!(condition)) [[unlikely]] {                                              \
      ::giro::crypto::check_failed(                                               \
          #condition, __FILE__, __LINE__,                                         \
          ::giro::crypto::check_values(#__VA_ARGS__ __VA_OPT__(, ) __VA_ARGS__)); \
    }                                                                             \
  }()
#else
#define GIRO_CHECK(condition, ...)                                                \
  do {                                                                            \
    if (!(condition)) [[unlikely]] {                                              \
      ::giro::crypto::check_failed(                                               \
          #condition, __FILE__, __LINE__,                                         \
          ::giro::crypto::check_values(#__VA_ARGS__ __VA_OPT__(, ) __VA_ARGS__)); \
    }                                                                             \
  } while (false)
#endif
