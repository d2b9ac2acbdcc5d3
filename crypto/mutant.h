// Hooks of the mutation exam (assurance 6): GIRO_MUTANT(k) is one small wrong change, which the
// simulator's checkers must notice. They exist in the simulator's build alone; elsewhere each is
// the constant false. GIRO_EXAM: some mutant is on, and the code under test keeps its own checks to
// itself, since those outside are examined.
#pragma once

#ifdef GIRO_SIM
namespace giro::crypto {
inline int active_mutant = 0;  // set once, before anything runs
}  // namespace giro::crypto
#define GIRO_MUTANT(k) (::giro::crypto::active_mutant == (k))
#define GIRO_EXAM (::giro::crypto::active_mutant != 0)
#else
#define GIRO_MUTANT(k) false
#define GIRO_EXAM false
#endif
