#include "node/client/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "node/client/json_fields.h"

namespace giro::client {
namespace {

namespace json = boost::json;

constexpr std::string_view kSchema = "giro.journal/1";
constexpr std::string_view kOpeningsSchema = "giro.openings/1";

std::unexpected<Error> damaged(const std::filesystem::path& file) {
  return std::unexpected(Error{ErrorKind::Internal, {}, file.string() + " is damaged"});
}

// The document in a file, if there is one.
std::expected<std::optional<json::object>, Error> read_document(const std::filesystem::path& file,
                                                                std::string_view schema) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  std::stringstream text;
  text << in.rdbuf();
  json::error_code error;
  const json::value value = json::parse(text.str(), error);
  const auto* object = error ? nullptr : value.if_object();
  if (object == nullptr || text_field(*object, "schema") != schema) return damaged(file);
  return *object;
}

std::optional<Opening> read_opening(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return std::nullopt;
  Opening opening;
  opening.type = text_field(*object, "type");
  const auto data = receipt::from_base64(text_field(*object, "data"));
  if (!data || !crypto::from_hex(text_field(*object, "salt"), opening.salt.bytes) ||
      !crypto::from_hex(text_field(*object, "commit"), opening.commit.bytes))
    return std::nullopt;
  opening.data = crypto::as_text(*data);
  return opening;
}

std::unexpected<Error> write_failed(const std::filesystem::path& file) {
  return std::unexpected(Error{
      ErrorKind::WriteFailed, {}, "cannot write " + file.string() + ": " + std::strerror(errno)});
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(fd, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

}  // namespace

std::expected<void, Error> write_file_durably(const std::filesystem::path& file,
                                              std::string_view text, unsigned mode) {
  const auto directory = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  std::error_code ignored;
  std::filesystem::create_directories(directory, ignored);
  const std::filesystem::path temporary = file.string() + "." + std::to_string(::getpid()) + ".new";
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (fd < 0) return write_failed(temporary);
  const bool is_written = write_all(fd, text) && ::fsync(fd) == 0;
  if (::close(fd) != 0 || !is_written || ::rename(temporary.c_str(), file.c_str()) != 0) {
    const auto failed = write_failed(temporary);
    ::unlink(temporary.c_str());
    return failed;
  }
  const int dir = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0) return write_failed(directory);
  const bool is_synced = ::fsync(dir) == 0;
  ::close(dir);
  if (!is_synced) return write_failed(directory);
  return {};
}

std::filesystem::path Journal::path_of(const receipt::Uuid& op_id) const {
  return directory_ / (receipt::to_uuid_text(op_id) + ".json");
}

std::expected<void, Error> Journal::store(const JournalEntry& entry) {
  const json::object document{{"schema", kSchema},
                              {"actor", entry.actor},
                              {"op_id", receipt::to_uuid_text(entry.op_id)},
                              {"summary", entry.summary},
                              {"created", receipt::to_time_text(entry.created_ms)},
                              {"operation_hash", crypto::to_hex(entry.operation_hash)},
                              {"signed_operation", receipt::to_base64(entry.signed_operation)},
                              {"status", entry.status}};
  return write_file_durably(path_of(entry.op_id), json::serialize(document) + "\n", 0600);
}

std::expected<void, Error> Journal::begin(const JournalEntry& entry) {
  const auto known = find(entry.op_id);
  if (!known) return std::unexpected(known.error());
  if (*known && (*known)->operation_hash != entry.operation_hash) {
    return std::unexpected(Error{ErrorKind::Usage,
                                 {},
                                 "the journal has another operation under the id " +
                                     receipt::to_uuid_text(entry.op_id) + "; use a new id"});
  }
  return store(entry);
}

std::expected<void, Error> Journal::finish(const receipt::Uuid& op_id, std::string_view status) {
  auto known = find(op_id);
  if (!known) return std::unexpected(known.error());
  if (!*known) return {};
  (*known)->status = status;
  return store(**known);
}

std::expected<std::optional<JournalEntry>, Error> Journal::find(const receipt::Uuid& op_id) const {
  const auto file = path_of(op_id);
  const auto document = read_document(file, kSchema);
  if (!document) return std::unexpected(document.error());
  if (!*document) return std::nullopt;
  const json::object* object = &**document;
  const auto created = receipt::from_time_text(text_field(*object, "created"));
  auto bytes = receipt::from_base64(text_field(*object, "signed_operation"));
  crypto::Hash hash;
  if (!created || !bytes || !crypto::from_hex(text_field(*object, "operation_hash"), hash.bytes)) {
    return damaged(file);
  }
  JournalEntry entry;
  entry.actor = text_field(*object, "actor");
  entry.op_id = op_id;
  entry.summary = text_field(*object, "summary");
  entry.created_ms = *created;
  entry.operation_hash = hash;
  entry.signed_operation = std::move(*bytes);
  entry.status = text_field(*object, "status");
  return entry;
}

std::filesystem::path Journal::openings_file(const receipt::Uuid& op_id) const {
  return directory_ / (receipt::to_uuid_text(op_id) + ".openings.json");
}

// The operation may be made anew under its id, and the first one may have been sent all the same:
// nothing is ever taken out.
std::expected<void, Error> Journal::keep(const receipt::Uuid& op_id,
                                         const std::vector<Opening>& added) {
  if (added.empty()) return {};
  auto all = openings(op_id);
  if (!all) return std::unexpected(all.error());
  all->insert(all->end(), added.begin(), added.end());
  json::array list;
  for (const auto& one : *all) {
    list.push_back(json::object{{"type", one.type},
                                {"salt", crypto::to_hex(one.salt)},
                                {"data", receipt::to_base64(crypto::as_view(one.data))},
                                {"commit", crypto::to_hex(one.commit)}});
  }
  const json::object document{{"schema", kOpeningsSchema},
                              {"op_id", receipt::to_uuid_text(op_id)},
                              {"openings", std::move(list)}};
  return write_file_durably(openings_file(op_id), json::serialize(document) + "\n", 0600);
}

std::expected<std::vector<Opening>, Error> Journal::openings(const receipt::Uuid& op_id) const {
  const auto file = openings_file(op_id);
  const auto document = read_document(file, kOpeningsSchema);
  if (!document) return std::unexpected(document.error());
  std::vector<Opening> all;
  if (!*document) return all;
  const auto* list = array_field(**document, "openings");
  if (list == nullptr) return damaged(file);
  for (const auto& row : *list) {
    auto one = read_opening(row);
    if (!one) return damaged(file);
    all.push_back(std::move(*one));
  }
  return all;
}

}  // namespace giro::client
