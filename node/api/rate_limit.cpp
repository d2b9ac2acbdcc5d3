#include "node/api/rate_limit.h"

#include <algorithm>
#include <vector>

#include "node/api/limits.h"

namespace giro::api {

double RateLimit::level(const Bucket& bucket, Clock::time_point now) const {
  const std::chrono::duration<double> passed = now - bucket.filled_at;
  return std::min(static_cast<double>(burst_),
                  bucket.tokens + passed.count() * static_cast<double>(per_second_));
}

bool RateLimit::take(std::string_view client, Clock::time_point now) {
  return take(client, now, 1, 1);
}

bool RateLimit::take_more(std::string_view client, Clock::time_point now, std::size_t tokens) {
  const auto wanted = static_cast<double>(tokens);
  return take(client, now, wanted, std::min(wanted, static_cast<double>(burst_) - 1));
}

bool RateLimit::take(std::string_view client, Clock::time_point now, double tokens, double least) {
  auto found = buckets_.find(client);
  if (found == buckets_.end()) {
    if (buckets_.size() >= kRateClientsMax) forget_full(now);
    found = buckets_.emplace(client, Bucket{static_cast<double>(burst_), now}).first;
  }
  Bucket& bucket = found->second;
  bucket.tokens = level(bucket, now);
  bucket.filled_at = now;
  if (bucket.tokens < least) return false;
  bucket.tokens -= tokens;
  return true;
}

// Half of the buckets go, the fullest first: a full one is the same as none.
void RateLimit::forget_full(Clock::time_point now) {
  std::vector<std::pair<double, std::string>> order;
  order.reserve(buckets_.size());
  for (const auto& [client, bucket] : buckets_) order.emplace_back(-level(bucket, now), client);
  std::ranges::sort(order);
  for (std::size_t i = 0; i < order.size() / 2; ++i) buckets_.erase(order[i].second);
}

}  // namespace giro::api
