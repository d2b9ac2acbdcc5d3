// What must hold after every step, in every build (protocol 15).
#include "consensus/replica_state.h"
#include "crypto/check.h"
#include "crypto/mutant.h"

namespace giro::consensus {
namespace {

bool has_form(const Certificate& certificate, const ValidatorSet& set) {
  if (certificate.signatures.size() < set.quorum()) return false;
  for (std::size_t i = 0; i < certificate.signatures.size(); ++i) {
    if (certificate.signatures[i].voter.value >= set.size()) return false;
    if (i > 0 && certificate.signatures[i].voter <= certificate.signatures[i - 1].voter)
      return false;
  }
  return true;
}

}  // namespace

void Replica::State::check_invariants() {
  if (GIRO_EXAM) return;
  const Height tip = chain.tip();
  // A2. While the store's newest writes are done again, executed runs behind stable.
  GIRO_CHECK(executed <= handed && handed <= committed && committed <= tip, executed, handed,
             committed, tip);
  GIRO_CHECK(chain.base() == std::min(stable, executed), chain.base(), stable, executed);
  GIRO_CHECK(stable <= committed, stable, committed);
  // An anchor may lie above the window, and so may what an older view left behind.
  if (stage == Stage::Active) {
    const Height begun = anchor ? anchor->height : Height{};
    GIRO_CHECK(tip <= std::max({committed, high_water(), begun}), tip, committed, high_water());
  }
  GIRO_CHECK(tip <= last_height(), tip, last_height());
  // A3
  GIRO_CHECK(std::pair(set.epoch, view) >= std::pair(seen.epoch, seen.view), set.epoch, view);
  GIRO_CHECK(stable >= seen.stable, stable, seen.stable);
  GIRO_CHECK(executed >= seen.executed, executed, seen.executed);
  GIRO_CHECK(committed >= seen.committed, committed, seen.committed);
  const auto rank = [](const VoteContent& c) { return std::tuple(c.epoch, c.view, c.height); };
  if (seen.high && seen.epoch == set.epoch)
    GIRO_CHECK(high && rank(high->content) >= rank(*seen.high));
  // A5, A8
  if (high) {
    GIRO_CHECK(high->content.epoch == set.epoch && high->content.view <= view, high->content.view,
               view);
    if (!seen.high || *seen.high != high->content) GIRO_CHECK(has_form(*high, set));
  }
  // A4, A6: what is asked to be signed is of this place, remembered, and on the accepted chain.
  GIRO_CHECK(!is_amnesic() || !out.signs(), set.epoch, stable);
  for (const VoteRequest& request : out.sign) {
    const VoteContent& content = request.content;
    const auto known = asked.find({content.height, content.kind, content.view});
    GIRO_CHECK(known != asked.end() && known->second == content.digest, content.height);
    GIRO_CHECK(content.epoch == set.epoch && content.height > stable, content.epoch,
               content.height);
    if (content.kind == VoteKind::Attest) continue;
    GIRO_CHECK(content.view == view && may_order(), content.view, view);
    GIRO_CHECK(chain.hash_at(content.height) == content.digest, content.height);
    if (content.kind == VoteKind::Commit)
      GIRO_CHECK(prepared.contains(content.height), content.height);
  }
  // A9: payload is held, as far as prepare votes reach.
  const auto voted = asked.find({prepare_asked, VoteKind::Prepare, view});
  if (voted != asked.end() && prepare_asked > handed &&
      chain.hash_at(prepare_asked) == voted->second) {
    GIRO_CHECK(chain.find(prepare_asked)->missing == 0, prepare_asked);
  }
  // A10: what the protocol bounds by place; byte budgets are kept where bytes come in.
  const std::size_t places = 3 * kWindowsAhead * parameters.window * (kViewsAhead + 1);
  GIRO_CHECK(votes.size() <= places, votes.size(), places);
  GIRO_CHECK(proofs.size() <= kProofsMax && prepared.size() <= kWindowsAhead * parameters.window,
             proofs.size());
  // A11
  GIRO_CHECK(timer.is_running() == has_work());
  seen = {set.epoch, view,      stable,
          executed,  committed, high ? std::optional(high->content) : std::nullopt};
}

}  // namespace giro::consensus
