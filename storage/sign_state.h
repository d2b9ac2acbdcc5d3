// The sign state: a ceiling on where a validator key may have voted, outside the data directory, so
// that losing or restoring data cannot make the key forget (protocol R37, surface 4).
//
//   <directory>/<key id hex>/OWNER    chain id and public key, text
//                            LOCK     one process at a time
//                            ceiling  two slots, 4096 bytes apart: magic, generation, ceiling,
//                            CRC-32C
#pragma once

#include <compare>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/keys.h"
#include "storage/file.h"

namespace giro::storage {

struct Ceiling {
  std::uint64_t record = 0;  // number of the raise; each is in the log before it is here
  std::uint64_t epoch = 0;
  std::uint64_t view = 0;
  std::uint64_t height = 0;
  friend bool operator==(const Ceiling&, const Ceiling&) = default;
};

struct SignStateOwner {
  crypto::Hash chain_id;
  crypto::PublicKey key;
};

enum class SignStateErrorCode : std::uint8_t {
  Missing,        // no sign state for this key here, or it has no ceiling file
  AlreadyExists,  // create(): it is made once
  Unreadable,     // both slots, or OWNER, fail their checks
  WrongChain,     // made for another chain
  WrongKey,       // made for another key with the same key id, or copied under this one's name
  Locked,         // another live process holds it
  WouldFall,      // raise(): not above what is there; nothing was written
  File,           // the file system failed: see `file`
};
[[nodiscard]] std::string_view to_text(SignStateErrorCode code);

struct SignStateError {
  SignStateErrorCode code = SignStateErrorCode::File;
  std::string text;  // one line, with the path
  std::optional<FileError> file;
};

template <typename T>
using SignStateResult = std::expected<T, SignStateError>;

// One thread at a time.
class SignState {
 public:
  // Makes it, durably, with `ceiling` (empty for a fresh key; the floor of protocol R39 where it
  // was lost). Does not hold it: open() does.
  static SignStateResult<void> create(FilePort& port, const std::string& directory,
                                      const SignStateOwner& owner, const Ceiling& ceiling = {});
  // Takes the lock, checks the owner and loads the newest valid slot, which is durable when this
  // returns.
  static SignStateResult<SignState> open(FilePort& port, const std::string& directory,
                                         const SignStateOwner& owner);
  // What is there, without lock or change: for the operator's eyes.
  static SignStateResult<Ceiling> inspect(FilePort& port, const std::string& directory,
                                          const SignStateOwner& owner);
  // <directory>/<key id hex>
  [[nodiscard]] static std::string path_of(const std::string& directory,
                                           const crypto::PublicKey& key);

  SignState(SignState&&) noexcept;
  SignState& operator=(SignState&&) noexcept;
  ~SignState();

  [[nodiscard]] const Ceiling& ceiling() const;
  // A slot failed its checks at open: a raise was cut short, or the disk rots. The other slot was
  // taken.
  [[nodiscard]] bool had_bad_slot() const;

  // Durable once it returns. The record number must grow, (epoch, view) and height must not fall.
  // After a File error the object refuses every further raise: the process ends (protocol R40).
  SignStateResult<void> raise(const Ceiling& to);

 private:
  struct State;
  explicit SignState(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace giro::storage
