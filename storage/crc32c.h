// CRC-32C (Castagnoli, as in iSCSI, RFC 3720 B.4), by the processor where it can (SSE 4.2), else by
// table.
#pragma once

#include <cstdint>

#include "crypto/bytes.h"

namespace giro::storage {

// Goes on from the CRC of what came before; 0 for nothing.
[[nodiscard]] std::uint32_t crc32c(crypto::ByteView bytes, std::uint32_t before = 0);
// The table alone, for the test that both agree.
[[nodiscard]] std::uint32_t crc32c_portable(crypto::ByteView bytes, std::uint32_t before = 0);

}  // namespace giro::storage
