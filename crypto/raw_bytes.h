// Bytes as the C libraries below crypto/ take them. Internal to crypto/.
#pragma once

#include <cstddef>

namespace giro::crypto {

inline unsigned char* raw(std::byte* bytes) {
  return reinterpret_cast<unsigned char*>(bytes);
}
inline const unsigned char* raw(const std::byte* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}

}  // namespace giro::crypto
