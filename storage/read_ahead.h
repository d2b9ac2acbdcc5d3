// A reader whose scans run ahead on a thread of their own: the store reads, checks and decompresses
// the next rows while the visitor works on these. For scans of millions of rows; any other is
// dearer by a thread.
#pragma once

#include "storage/key_value.h"

namespace giro::storage {

class ReadAhead final : public KeyValueReader {
 public:
  explicit ReadAhead(const KeyValueReader& reader) : reader_(reader) {}  // outlives it

  KeyValueResult<std::optional<Bytes>> get(ByteView key) const override { return reader_.get(key); }
  // `visit` is called on the caller's thread, as ever. Holds at most some MiB of rows.
  KeyValueResult<void> scan(ByteView from, ByteView to, const Visit& visit) const override;

 private:
  const KeyValueReader& reader_;
};

}  // namespace giro::storage
