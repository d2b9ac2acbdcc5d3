// Every field of every message between validators, changed (assurance 4): what there is follows
// from the protobuf descriptors, so that a new field is a new target by itself.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "crypto/bytes.h"
#include "tests/simulation/random.h"

namespace giro::sim {

class FieldMutators {
 public:
  struct Field {
    std::uint8_t type = 0;  // of the message, on the wire
    std::vector<int> path;  // field numbers, from the message down
    std::string name;       // "PrePrepare.block.height"
    std::string again;      // the same, where it was signed again afterwards
  };
  // All there are: values, lists and whole parts.
  [[nodiscard]] static const std::vector<Field>& fields();

  // What travels: to be changed later, and to take values from.
  void record(std::uint8_t type, crypto::ByteView bytes);
  // A message of that type, the last one that was recorded or one of drawn values, with the field
  // changed in one of the ways that it allows.
  [[nodiscard]] crypto::Bytes mutate(const Field& field, Random& random) const;

 private:
  [[nodiscard]] std::optional<crypto::Bytes> try_to_mutate(const Field& field,
                                                           Random& random) const;
  struct Recorded {
    crypto::Bytes last, before;
  };
  std::map<std::uint8_t, Recorded> recorded_;
};

}  // namespace giro::sim
