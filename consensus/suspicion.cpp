// Work, the progress timer, and what makes a validator suspect its view (protocol R19 to R21).
// What follows from it is in views.cpp (R23).
#include "consensus/replica_state.h"
#include "crypto/mutant.h"

namespace giro::consensus {

bool Replica::State::has_work() const {
  if (!may_vote()) return false;
  if (stage == Stage::Waiting) return members_at_view() >= set.quorum() || GIRO_MUTANT(20);  // R29
  if (stage == Stage::Anchoring || chain.tip() > committed) return true;
  if (committed >= high_water())
    return false;  // execution is awaited, and no other primary mends that
  return pool.available_count() > 0 || is_idle_due(2, last_commit);
}

void Replica::State::run_timer() {
  timer.set_work(has_work(), now.steady);
  if (timer.ran_out(now.steady)) suspect(SuspectReason::Silent);
}

void Replica::State::watch_censorship() {
  if (!may_vote() || is_primary() || stage != Stage::Active) return;
  const CensorshipWatch::Verdict verdict = censorship.look(pool.oldest(), now.steady);
  for (std::size_t from = 0; from < verdict.offer.size(); from += kFetchBatchesMax) {
    const auto first = verdict.offer.begin() + static_cast<std::ptrdiff_t>(from);
    const auto count =
        static_cast<std::ptrdiff_t>(std::min(kFetchBatchesMax, verdict.offer.size() - from));
    send(BatchOffer{{first, first + count}}, set.at(set.primary(view)).institution);
  }
  if (verdict.passed_over.empty()) {
    end_suspicion(SuspectReason::Censorship);
  } else {
    suspect(SuspectReason::Censorship);
  }
}

// A member that left the view with others who then changed their minds waits in a later one, votes
// no more, and cannot come back: a view change costs less than its vote. A liar has few of them for
// the asking.
void Replica::State::watch_stragglers() {
  if (!may_vote() || stage != Stage::Active) return;
  const auto patience =
      static_cast<std::int64_t>(parameters.view_timeout_base_ms) * 1000 * kStragglerTimeouts;
  for (const auto& [voter, message] : changes) {
    if (message.change.view <= view || voter == *me) continue;
    Straggler& straggler = stragglers.try_emplace(voter, Straggler{now.steady, 0}).first->second;
    if (now.steady.us - straggler.since.us < patience || straggler.turns == kStragglerTurns)
      continue;
    ++straggler.turns;
    straggler.since = now.steady;
    suspect(SuspectReason::Straggler);
  }
}

void Replica::State::suspect(SuspectReason reason) {
  if (!may_vote()) return;
  if (!suspicions.insert(reason).second) return;
  emit(EventType::Suspecting, committed, {}, static_cast<std::uint32_t>(reason));
  send(Suspect{set.epoch, view, reason});
}

// A commit, the batch ordered: its cause has gone. That of equivocation and of leaving lasts as
// long as the view.
void Replica::State::end_suspicion(SuspectReason reason) {
  if (suspicions.erase(reason) == 0) return;
  if (suspicions.empty()) emit(EventType::SuspicionEnded, committed);
}

}  // namespace giro::consensus
