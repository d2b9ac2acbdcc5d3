// Validator keys and proposals of seats.
#include "crypto/digest.h"
#include "tests/unit/node/ledger/demo.h"

namespace giro::ledger::demo {

const crypto::SecretKey& validator_key(std::string_view name) {
  static std::map<std::string, crypto::SecretKey, std::less<>> keys;
  const auto known = keys.find(name);
  if (known != keys.end()) return known->second;
  const Hash scalar =
      crypto::tagged_hash("demo/key", {crypto::as_view("validator " + std::string(name))});
  return keys.emplace(name, *crypto::SecretKey::from_bytes(scalar)).first->second;
}

GovPropose seat_proposal(SeatChange change, InstId inst, std::string_view name) {
  ValidatorSetAction action{
      .change = change, .institution = inst, .public_key = {}, .possession = {}};
  if (change != SeatChange::Remove) {
    const crypto::SecretKey& seat = validator_key(name);
    action.public_key = seat.public_key();
    action.possession = seat.sign(validator_key_sign_bytes(chain_id(), inst, seat.public_key()));
  }
  return {.ttl_s = 3'600, .urgent = false, .validator_set = action};
}

}  // namespace giro::ledger::demo
