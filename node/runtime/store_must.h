// A store that fails ends the process (protocol R40). Private to the files of Store.
#pragma once

#include <type_traits>
#include <utility>

#include "node/runtime/fatal.h"
#include "storage/key_value.h"

namespace giro::runtime {

template <typename T>
T must(storage::KeyValueResult<T> result) {
  if (!result) {
    const bool corrupt = result.error().code == storage::KeyValueErrorCode::Corruption;
    stop_process(corrupt ? ExitCode::Invariant : ExitCode::WriteFailed,
                 "the store failed: " + result.error().text);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace giro::runtime
