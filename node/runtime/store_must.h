// A store that fails ends the process (protocol R40). Private to the files of Store.
#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include "node/runtime/fatal.h"
#include "storage/key_value.h"

namespace giro::runtime {

template <typename T>
T must(storage::KeyValueResult<T> result) {
  if (!result) {
    const std::string& text = result.error().text;
    if (result.error().code == storage::KeyValueErrorCode::Corruption)
      stop_process(ExitCode::Damaged, "the store is damaged, the next start rebuilds it: " + text);
    stop_process(ExitCode::WriteFailed, "the store failed: " + text);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace giro::runtime
