#include "consensus/timers.h"

#include "crypto/mutant.h"

namespace giro::consensus {

void ProgressTimer::set_work(bool work, Instant now) {
  if (!work) {
    started_.reset();
  } else if (!started_) {
    started_ = now;
  }
}

void ProgressTimer::on_commit(Instant now) {
  barren_views_ = 0;
  if (started_) started_ = now;
}

bool ProgressTimer::ran_out(Instant now) {
  if (!started_ || now.us - started_->us < timeout_us()) return false;
  started_ = now;
  return true;
}

std::int64_t ProgressTimer::timeout_us() const {
  std::int64_t timeout = base_us_;
  for (std::uint32_t i = 0; i < barren_views_ && (timeout < cap_us_ || GIRO_MUTANT(19)); ++i)
    timeout *= 2;
  if (GIRO_MUTANT(19)) return timeout;
  return std::min(timeout, cap_us_);  // the cap bounds recovery after any outage (protocol R21)
}

std::optional<Instant> ProgressTimer::deadline() const {
  if (!started_) return std::nullopt;
  return Instant{started_->us + timeout_us()};
}

CensorshipWatch::Verdict CensorshipWatch::look(const std::vector<BatchPool::Oldest>& oldest,
                                               Instant now) {
  Verdict verdict;
  std::map<InstitutionId, Author> next;
  for (const BatchPool::Oldest& entry : oldest) {
    const auto known = authors_.find(entry.author);
    const bool same = known != authors_.end() && known->second.oldest == entry.id;
    Author author = same ? known->second : Author{entry.id, now, commits_, {}, {}};
    const auto after = [&](Instant from, std::int64_t turns) {
      return now.us - from.us >= turns * offer_after_us_;
    };
    if (author.last_offer && commits_ > author.commits_then && !author.passed_since) {
      author.passed_since = now;
    }
    if (after(author.last_offer.value_or(author.since), 1)) {
      if (!author.last_offer) author.commits_then = commits_;
      author.last_offer = now;
      verdict.offer.push_back(entry.id);
    }
    // Offered after one turn; three more, counted from a commit, make the four of R20: an outage is
    // none.
    if (author.passed_since && after(author.since, 4) && after(*author.passed_since, 3)) {
      verdict.passed_over.push_back(entry.author);
    }
    next.emplace(entry.author, author);
  }
  authors_ = std::move(next);
  return verdict;
}

}  // namespace giro::consensus
