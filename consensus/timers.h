// The progress timer (protocol R19, R21), the usual time to a commit (R6), and the watch on
// censorship (R20). Integer arithmetic on steady microseconds; none of them reads a clock.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "consensus/dissemination.h"

namespace giro::consensus {

// Runs if and only if there is work (invariant A11).
class ProgressTimer {
 public:
  ProgressTimer(std::int64_t base_us, std::int64_t cap_us) : base_us_(base_us), cap_us_(cap_us) {}

  // Starts it when work appears, stops it without work.
  void set_work(bool work, Instant now);
  void on_commit(
      Instant now);  // a newly committed height: from the start, and the timeout falls back
  void restart() { started_.reset(); }  // a view begins: from the start, if there is work
  void on_view_without_commit() { barren_views_ = std::min<std::uint32_t>(barren_views_ + 1, 32); }
  // True once for each time it runs out; it then runs again.
  [[nodiscard]] bool ran_out(Instant now);
  [[nodiscard]] bool is_running() const { return started_.has_value(); }
  [[nodiscard]] std::int64_t timeout_us() const;
  [[nodiscard]] std::optional<Instant> deadline() const;

 private:
  std::int64_t base_us_;
  std::int64_t cap_us_;
  std::uint32_t barren_views_ = 0;
  std::optional<Instant> started_;
};

// Moving average of the time from acceptance to commit.
class UsualCommitTime {
 public:
  void sample(std::int64_t us) {
    usual_us_ += (std::clamp<std::int64_t>(us, 0, 10'000'000) - usual_us_) / 8;
  }
  [[nodiscard]] std::int64_t us() const { return usual_us_; }

 private:
  std::int64_t usual_us_ = 40'000;
};

// Follows each author's oldest available batch: how long it has been that, and whether other blocks
// committed meanwhile.
class CensorshipWatch {
 public:
  explicit CensorshipWatch(std::int64_t offer_after_us) : offer_after_us_(offer_after_us) {}
  struct Verdict {
    std::vector<Hash> offer;  // to the primary, now
    std::vector<InstitutionId> passed_over;
  };
  [[nodiscard]] Verdict look(const std::vector<BatchPool::Oldest>& oldest, Instant now);
  void on_commit() { ++commits_; }
  void reset() { authors_.clear(); }

 private:
  struct Author {
    Hash oldest;
    Instant since;
    std::uint64_t commits_then = 0;
    std::optional<Instant> last_offer;
    std::optional<Instant> passed_since;  // the first commit without it, after it was offered
  };
  std::int64_t offer_after_us_;
  std::uint64_t commits_ = 0;
  std::map<InstitutionId, Author> authors_;
};

}  // namespace giro::consensus
