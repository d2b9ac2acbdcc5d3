// Token buckets, one a client (surface 5.5). Not for several threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace giro::api {

class RateLimit {
 public:
  using Clock = std::chrono::steady_clock;
  RateLimit(std::uint64_t per_second, std::uint64_t burst)
      : per_second_(per_second), burst_(burst) {}

  // Takes tokens of the client's bucket; false, and none is taken, if it has fewer. At most
  // kRateClientsMax clients have a bucket: the fullest ones are forgotten first, which loses
  // nothing.
  [[nodiscard]] bool take(std::string_view client, Clock::time_point now, std::size_t tokens = 1);

 private:
  struct Bucket {
    double tokens = 0;
    Clock::time_point filled_at;
  };
  [[nodiscard]] double level(const Bucket& bucket, Clock::time_point now) const;
  void forget_full(Clock::time_point now);

  std::uint64_t per_second_;
  std::uint64_t burst_;
  std::map<std::string, Bucket, std::less<>> buckets_;
};

}  // namespace giro::api
