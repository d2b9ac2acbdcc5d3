// What the machine itself can do, measured beside a load, so that numbers of two machines compare.
#pragma once

#include <sys/types.h>

#include <chrono>

namespace giro::testnet {

// One check of a signature as the validators make them, with the parsed key at hand, while every
// core makes them: cores share a clock, a cache, sometimes a unit. Takes about a fifth of a second.
[[nodiscard]] std::chrono::duration<double, std::micro> measure_signature_check();

// User and system time of a process so far (proc(5)); zero if it is gone.
[[nodiscard]] std::chrono::duration<double> cpu_time(pid_t process);

[[nodiscard]] unsigned core_count();

}  // namespace giro::testnet
