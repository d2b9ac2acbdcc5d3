#include "node/config/file_text.h"

#include <fstream>
#include <system_error>

#include "node/config/values.h"

namespace giro::config {

std::string why_unreadable(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    return "does not exist";
  }
  if (std::filesystem::is_directory(status)) {
    return "is a directory";
  }
  return std::ifstream(path, std::ios::binary) ? "" : "cannot be read";
}

std::expected<std::string, std::string> read_text(std::istream& in, std::size_t bytes_max) {
  std::string text;
  char chunk[16 * 1024];
  while (in.read(chunk, sizeof chunk), in.gcount() > 0) {
    text.append(chunk, static_cast<std::size_t>(in.gcount()));
    if (text.size() > bytes_max) {
      return std::unexpected("is larger than " + format_size(bytes_max));
    }
  }
  if (in.bad()) {
    return std::unexpected("cannot be read");
  }
  return text;
}

std::expected<std::string, std::string> read_text(const std::filesystem::path& path,
                                                  std::size_t bytes_max) {
  if (std::string why = why_unreadable(path); !why.empty()) {
    return std::unexpected(std::move(why));
  }
  std::ifstream in(path, std::ios::binary);
  return read_text(in, bytes_max);
}

}  // namespace giro::config
