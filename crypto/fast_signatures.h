// The simulator's signatures (assurance T12): keyed hashes, a hundred times as fast as the curve's.
// They hold only as long as nobody makes one for a key that is not his: the simulator sees to that.
// Exists in the simulator's build alone.
#pragma once

#ifdef GIRO_SIM
namespace giro::crypto {

// For all keys at once, before anything is signed.
void use_fast_signatures(bool fast);

}  // namespace giro::crypto
#endif
