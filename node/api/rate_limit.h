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

  // Takes a token of the client's bucket; false if it has none. At most kRateClientsMax clients
  // have a bucket: the fullest ones are forgotten first, which loses nothing.
  [[nodiscard]] bool take(std::string_view client, Clock::time_point now);
  // For the rest of a request that has taken one; false, and none is taken, if there are fewer.
  // More than the bucket ever holds are lent by a full one, which then fills up again from below
  // zero.
  [[nodiscard]] bool take_more(std::string_view client, Clock::time_point now, std::size_t tokens);

 private:
  struct Bucket {
    double tokens = 0;
    Clock::time_point filled_at;
  };
  [[nodiscard]] bool take(std::string_view client, Clock::time_point now, double tokens,
                          double least);
  [[nodiscard]] double level(const Bucket& bucket, Clock::time_point now) const;
  void forget_full(Clock::time_point now);

  std::uint64_t per_second_;
  std::uint64_t burst_;
  std::map<std::string, Bucket, std::less<>> buckets_;
};

}  // namespace giro::api
