// The ledger's view of rows that may not be readable: what fails is told afterwards, where
// ReadView would end the process. One thread.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "node/ledger/ledger.h"
#include "storage/key_value.h"

namespace giro::runtime {

class FallibleView final : public ledger::StateView {
 public:
  explicit FallibleView(const storage::KeyValueReader& reader) : reader_(reader) {}  // outlives it

  std::optional<crypto::Bytes> get(crypto::ByteView key) const override {
    auto value = reader_.get(key);
    if (value) return std::move(*value);
    note(std::move(value.error()));
    return std::nullopt;
  }
  void scan(crypto::ByteView from, crypto::ByteView to,
            const std::function<bool(crypto::ByteView, crypto::ByteView)>& visit) const override {
    if (auto done = reader_.scan(from, to, visit); !done) note(std::move(done.error()));
  }
  // The first that failed. Nothing that was read counts then.
  [[nodiscard]] const std::optional<storage::KeyValueError>& error() const { return error_; }

 private:
  void note(storage::KeyValueError error) const {
    if (!error_) error_ = std::move(error);
  }

  const storage::KeyValueReader& reader_;
  mutable std::optional<storage::KeyValueError> error_;
};

}  // namespace giro::runtime
