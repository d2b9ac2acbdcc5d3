// The explorer's files, which the build puts into the program, and the places in it that have an
// address of their own. No I/O; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace giro::explorer {

struct File {
  std::string_view name;  // "app.js"
  std::string_view content_type;
  std::string_view bytes;
  std::string_view etag;    // of the content, in quotes
  std::string_view policy;  // Content-Security-Policy
};

[[nodiscard]] std::span<const File> files();

// What GET /ui/A/B... answers, given A, B...: a file by its name, or the page that shows this place
// once it runs (`payments/{bank}/{uetr}`), whether or not there is such a payment. nullptr: no
// such address.
[[nodiscard]] const File* find(std::span<const std::string> path);

}  // namespace giro::explorer
