// Exit codes of giro-sim (assurance 3). Several failures: the lowest from 10 up.
#pragma once

namespace giro::sim {

enum Exit : int {
  kPass = 0,
  kUsageError = 2,
  kSafety = 10,
  kLiveness = 11,
  kTraceDiffers = 13,
  kSurvived = 15,
  kCrash = 16,
  kTimeLimit = 17,
};

}  // namespace giro::sim
