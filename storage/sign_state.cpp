#include "storage/sign_state.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "storage/crc32c.h"

namespace giro::storage {

namespace {

constexpr std::string_view kOwnerName = "OWNER";
constexpr std::string_view kLockName = "LOCK";
constexpr std::string_view kCeilingName = "ceiling";
constexpr std::string_view kOwnerTitle = "giro sign-state 1";
constexpr std::string_view kSlotMagic = "giroCEIL";
constexpr std::uint64_t kOwnerBytesMax = 4096;
constexpr std::uint64_t kSlotSpacing = 4096;  // never two slots in one sector
constexpr std::size_t kSlotBytes = 52;
constexpr std::size_t kSlots = 2;

struct Slot {
  std::uint64_t generation = 0;
  Ceiling ceiling;
};

struct Slots {
  std::array<std::optional<Slot>, kSlots> all;
  std::size_t newest = 0;

  [[nodiscard]] bool has_bad() const { return !all[0] || !all[1]; }
};

std::unexpected<SignStateError> failed(SignStateErrorCode code, std::string text) {
  return std::unexpected(SignStateError{code, std::move(text), {}});
}

std::unexpected<SignStateError> failed(FileError error) {
  return std::unexpected(SignStateError{SignStateErrorCode::File, error.text, std::move(error)});
}

std::string owner_text(const SignStateOwner& owner) {
  return std::string(kOwnerTitle) + "\nchain " + crypto::to_hex(owner.chain_id) + "\nkey " +
         crypto::to_hex(owner.key) + "\n";
}

// The slot's CRC covers the owner, so that a ceiling copied from another key's directory is no slot
// of this one.
std::uint32_t slot_crc(const SignStateOwner& owner, ByteView fields) {
  return crc32c(fields, crc32c(owner.key, crc32c(owner.chain_id)));
}

Bytes encode_slot(const SignStateOwner& owner, const Slot& slot) {
  Bytes out;
  crypto::Writer writer(out);
  const auto& ceiling = slot.ceiling;
  writer.text(kSlotMagic).u64(slot.generation).u64(ceiling.record).u64(ceiling.epoch);
  writer.u64(ceiling.view).u64(ceiling.height);
  writer.u32(slot_crc(owner, out));
  return out;
}

std::optional<Slot> decode_slot(const SignStateOwner& owner, ByteView bytes) {
  if (bytes.size() < kSlotBytes) return std::nullopt;
  crypto::Reader in(bytes);
  const auto magic = in.raw(kSlotMagic.size());
  Slot slot;
  slot.generation = in.u64();
  slot.ceiling.record = in.u64();
  slot.ceiling.epoch = in.u64();
  slot.ceiling.view = in.u64();
  slot.ceiling.height = in.u64();
  const auto crc = in.u32();
  const bool is_valid = crypto::as_text(magic) == kSlotMagic &&
                        crc == slot_crc(owner, bytes.first(kSlotBytes - sizeof crc));
  return is_valid ? std::optional(slot) : std::nullopt;
}

// The value of "<name> <value>" on a line.
std::string_view field(std::string_view line, std::string_view name) {
  if (!line.starts_with(name) || line.size() <= name.size()) return {};
  return line.substr(name.size() + 1);
}

SignStateResult<void> check_owner(FilePort& port, const std::string& path,
                                  const SignStateOwner& owner) {
  const auto file = join_path(path, kOwnerName);
  const auto bytes = read_whole(port, file, kOwnerBytesMax);
  if (!bytes) {
    const auto code = bytes.error().code;
    const bool is_content = code == FileErrorCode::NotFound || code == FileErrorCode::TooLarge;
    if (is_content) return failed(SignStateErrorCode::Unreadable, bytes.error().text);
    return failed(bytes.error());
  }
  auto text = crypto::as_text(*bytes);
  if (text == owner_text(owner)) return {};
  std::array<std::string_view, 3> lines;
  for (auto& line : lines) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) break;
    line = text.substr(0, end);
    text = text.substr(end + 1);
  }
  const auto chain = crypto::from_hex(field(lines[1], "chain"));
  const auto key = crypto::from_hex(field(lines[2], "key"));
  const bool is_owner = lines[0] == kOwnerTitle && text.empty() && chain && key &&
                        chain->size() == owner.chain_id.bytes.size() &&
                        key->size() == owner.key.bytes.size();
  if (!is_owner) return failed(SignStateErrorCode::Unreadable, file + ": not an owner file");
  if (!std::ranges::equal(*chain, owner.chain_id.bytes)) {
    return failed(SignStateErrorCode::WrongChain,
                  file + ": made for chain " + crypto::to_hex(*chain));
  }
  if (!std::ranges::equal(*key, owner.key.bytes)) {
    return failed(SignStateErrorCode::WrongKey, file + ": made for key " + crypto::to_hex(*key));
  }
  return failed(SignStateErrorCode::Unreadable, file + ": not as giro writes it");
}

SignStateResult<Slots> load_slots(File& file, const std::string& path,
                                  const SignStateOwner& owner) {
  Slots slots;
  for (std::size_t i = 0; i < kSlots; ++i) {
    std::array<std::byte, kSlotBytes> bytes{};
    const auto got = file.read(i * kSlotSpacing, bytes);
    if (!got) return failed(got.error());
    slots.all[i] = decode_slot(owner, ByteView(bytes).first(*got));
  }
  if (!slots.all[0] && !slots.all[1]) {
    return failed(SignStateErrorCode::Unreadable, path + ": both slots fail their checks");
  }
  const auto generation = [&](std::size_t i) {
    return slots.all[i] ? slots.all[i]->generation : 0;
  };
  slots.newest = generation(1) > generation(0) ? 1 : 0;
  return slots;
}

// The directory is there, it is a directory, and it has a ceiling file.
SignStateResult<void> check_present(FilePort& port, const std::string& path) {
  const auto type = port.type(path);
  if (!type) return failed(type.error());
  if (*type == FileType::None) {
    return failed(SignStateErrorCode::Missing, path + ": no sign state");
  }
  if (*type == FileType::File) {
    return failed(SignStateErrorCode::Unreadable, path + ": not a directory");
  }
  const auto file = join_path(path, kCeilingName);
  const auto ceiling = port.type(file);
  if (!ceiling) return failed(ceiling.error());
  if (*ceiling == FileType::None) {
    return failed(SignStateErrorCode::Unreadable, file + ": no ceiling");  // it is made whole
  }
  return {};
}

bool is_rise(const Ceiling& from, const Ceiling& to) {
  return to.record > from.record &&
         std::tie(to.epoch, to.view) >= std::tie(from.epoch, from.view) && to.height >= from.height;
}

FileResult<void> write_new(FilePort& port, const std::string& path,
                           std::initializer_list<std::pair<std::uint64_t, ByteView>> pieces) {
  auto file = port.open(path, OpenMode::Create);
  if (!file) return std::unexpected(file.error());
  for (const auto& [offset, bytes] : pieces) {
    if (auto done = (*file)->write(offset, bytes); !done) return done;
  }
  return (*file)->sync();
}

FileResult<void> write_files(FilePort& port, const std::string& path, const SignStateOwner& owner,
                             const Ceiling& ceiling) {
  if (auto done = port.create_directory(path); !done) return done;
  const auto text = owner_text(owner);
  const auto slot = encode_slot(owner, {1, ceiling});
  if (auto done = write_new(port, join_path(path, kOwnerName), {{0, crypto::as_view(text)}});
      !done) {
    return done;
  }
  if (auto done = write_new(port, join_path(path, kCeilingName), {{0, slot}, {kSlotSpacing, slot}});
      !done) {
    return done;
  }
  return port.sync_directory(path);
}

}  // namespace

std::string_view to_text(SignStateErrorCode code) {
  switch (code) {
    case SignStateErrorCode::Missing:
      return "missing";
    case SignStateErrorCode::AlreadyExists:
      return "already exists";
    case SignStateErrorCode::Unreadable:
      return "unreadable";
    case SignStateErrorCode::WrongChain:
      return "wrong chain";
    case SignStateErrorCode::WrongKey:
      return "wrong key";
    case SignStateErrorCode::Locked:
      return "locked";
    case SignStateErrorCode::WouldFall:
      return "would fall";
    case SignStateErrorCode::File:
      return "file error";
  }
  return "unknown";
}

struct SignState::State {
  SignStateOwner owner;
  std::unique_ptr<FileLock> lock;
  std::unique_ptr<File> file;
  Slot slot;              // the newest
  std::size_t index = 0;  // where it is durable
  bool had_bad_slot = false;
  std::optional<FileError> failed;

  FileResult<void> write_slot(std::size_t at) {
    return file->write(at * kSlotSpacing, encode_slot(owner, slot));
  }

  // The durable copy stays untouched until the other one is synced; then it is brought up without a
  // sync of its own, so that soon either slot alone can rot without the ceiling falling.
  FileResult<void> make_durable(std::size_t at) {
    if (auto done = write_slot(at); !done) return done;
    if (auto done = file->sync(); !done) return done;
    index = at;
    return write_slot(kSlots - 1 - at);
  }
};

SignState::SignState(std::unique_ptr<State> state) : state_(std::move(state)) {}
SignState::SignState(SignState&&) noexcept = default;
SignState& SignState::operator=(SignState&&) noexcept = default;
SignState::~SignState() = default;

std::string SignState::path_of(const std::string& directory, const crypto::PublicKey& key) {
  Bytes id;
  crypto::Writer(id).u64(crypto::key_id(key));
  return join_path(directory, crypto::to_hex(id));
}

SignStateResult<void> SignState::create(FilePort& port, const std::string& directory,
                                        const SignStateOwner& owner, const Ceiling& ceiling) {
  const auto path = path_of(directory, owner.key);
  const auto unfinished = path + ".new";
  if (auto done = make_directories(port, directory); !done) return failed(done.error());
  const auto type = port.type(path);
  if (!type) return failed(type.error());
  if (*type != FileType::None) {
    return failed(SignStateErrorCode::AlreadyExists, path + ": there is a sign state");
  }
  if (auto done = remove_tree(port, unfinished); !done) return failed(done.error());
  if (auto done = write_files(port, unfinished, owner, ceiling); !done) {
    return failed(done.error());
  }
  if (auto done = port.rename(unfinished, path); !done) return failed(done.error());
  if (auto done = port.sync_directory(directory); !done) return failed(done.error());
  return {};
}

SignStateResult<SignState> SignState::open(FilePort& port, const std::string& directory,
                                           const SignStateOwner& owner) {
  const auto path = path_of(directory, owner.key);
  if (auto present = check_present(port, path); !present) {
    return std::unexpected(present.error());
  }
  auto lock = port.lock(join_path(path, kLockName));
  if (!lock && lock.error().code == FileErrorCode::Locked) {
    return failed(SignStateErrorCode::Locked, path + ": another live process holds this key");
  }
  if (!lock) return failed(lock.error());
  if (auto checked = check_owner(port, path, owner); !checked) {
    return std::unexpected(checked.error());
  }
  auto file = port.open(join_path(path, kCeilingName), OpenMode::Write);
  if (!file) return failed(file.error());
  const auto slots = load_slots(**file, path, owner);
  if (!slots) return std::unexpected(slots.error());
  auto state = std::make_unique<State>();
  state->owner = owner;
  state->lock = std::move(*lock);
  state->file = std::move(*file);
  state->slot = *slots->all[slots->newest];
  state->had_bad_slot = slots->has_bad();
  // Its names too: the process that made it may have died before they were durable.
  for (const auto& place : {path, directory}) {
    if (auto done = port.sync_directory(place); !done) return failed(done.error());
  }
  // In place: what was read may be in the system's cache only, and the other slot the only one on
  // the disk.
  if (auto done = state->make_durable(slots->newest); !done) return failed(done.error());
  return SignState(std::move(state));
}

SignStateResult<Ceiling> SignState::inspect(FilePort& port, const std::string& directory,
                                            const SignStateOwner& owner) {
  const auto path = path_of(directory, owner.key);
  if (auto present = check_present(port, path); !present) {
    return std::unexpected(present.error());
  }
  if (auto checked = check_owner(port, path, owner); !checked) {
    return std::unexpected(checked.error());
  }
  auto file = port.open(join_path(path, kCeilingName), OpenMode::Read);
  if (!file) return failed(file.error());
  const auto slots = load_slots(**file, path, owner);
  if (!slots) return std::unexpected(slots.error());
  return slots->all[slots->newest]->ceiling;
}

const Ceiling& SignState::ceiling() const {
  return state_->slot.ceiling;
}

bool SignState::had_bad_slot() const {
  return state_->had_bad_slot;
}

SignStateResult<void> SignState::raise(const Ceiling& to) {
  auto& state = *state_;
  if (state.failed) return failed(*state.failed);
  if (!is_rise(state.slot.ceiling, to)) {
    return failed(SignStateErrorCode::WouldFall, "the new ceiling is not above the one held");
  }
  const auto before = state.slot;
  state.slot = {before.generation + 1, to};
  if (auto done = state.make_durable(kSlots - 1 - state.index); !done) {
    state.slot = before;
    state.failed = done.error();
    return failed(done.error());
  }
  return {};
}

}  // namespace giro::storage
