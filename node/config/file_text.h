// Reads a whole file, with a bound.
#pragma once

#include <cstddef>
#include <expected>
#include <filesystem>
#include <iosfwd>
#include <string>

namespace giro::config {

// The error is words for a person: "cannot be read", "is larger than 1MiB", "is a directory".
[[nodiscard]] std::expected<std::string, std::string> read_text(const std::filesystem::path& path,
                                                                std::size_t bytes_max);
// The same of what is left of a stream.
[[nodiscard]] std::expected<std::string, std::string> read_text(std::istream& in,
                                                                std::size_t bytes_max);

// Empty if a regular file can be opened for reading, else why not, in the same words.
[[nodiscard]] std::string why_unreadable(const std::filesystem::path& path);

}  // namespace giro::config
