// Catching up by pull, one stretch of one epoch at a time (protocol R30). A height that a Status
// claims is worth a question, never more: only the certificate in the answer counts.
#include <algorithm>

#include "consensus/replica_state.h"

namespace giro::consensus {

bool Replica::State::is_ahead(const Peer& peer) const {
  if (!peer.status) return false;
  if (peer.status->epoch != set.epoch) return peer.status->epoch > set.epoch;
  if (peer.status->stable > committed) return true;
  const auto patience = static_cast<std::int64_t>(parameters.status_interval_ms) * 4'000;
  return peer.status->stable > stable && now.steady.us - catch_up.stable_since.us >= patience;
}

// Who gave news last, or the next one after it that claims to be ahead. An observer may hear no
// Status: it asks all in turn. Of those without a seat here only who claims to be in a later epoch
// is asked: it may sit there (R42), and if all members of ours have lost their seats, nobody else
// is left to tell.
std::optional<InstitutionId> Replica::State::next_provider() const {
  std::vector<InstitutionId> able;
  for (const auto& [id, peer] : peers) {
    if (is_ahead(peer) || (!me && !peer.status)) able.push_back(id);
  }
  for (const auto& [id, peer] : outsiders) {
    if (peer.status->epoch > set.epoch) able.push_back(id);
  }
  if (able.empty()) return std::nullopt;
  std::ranges::sort(able);
  if (catch_up.stay && std::ranges::binary_search(able, *catch_up.last_peer))
    return catch_up.last_peer;
  const auto next =
      catch_up.last_peer ? std::ranges::upper_bound(able, *catch_up.last_peer) : able.begin();
  return next == able.end() ? able.front() : *next;
}

const std::optional<Status>& Replica::State::status_of(InstitutionId provider) const {
  const auto member = peers.find(provider);
  return member != peers.end() ? member->second.status : outsiders.at(provider).status;
}

void Replica::State::ask_for_chain() {
  if (catch_up.stable_seen != stable) {
    catch_up.stable_seen = stable;
    catch_up.stable_since = now.steady;
  }
  if (storage_low) return;
  if (catch_up.asked && now.steady < catch_up.asked->deadline) return;
  catch_up.asked.reset();
  if (now.steady < catch_up.not_before) return;
  if (committed.value - executed.value >= kBacklogBlocksMax) return;
  const std::optional<InstitutionId> peer = next_provider();
  if (!peer) return;
  if (committed == last_height() && proofs.contains(last_height())) return;  // execution is awaited
  // With nothing above our committed blocks to be had, only a proof for what is not stable yet is
  // news.
  const std::optional<Status>& status = status_of(*peer);
  const bool only_proof = committed == last_height() ||
                          (status && status->epoch == set.epoch && status->stable <= committed);
  const Height above = only_proof ? stable : committed;
  catch_up.asked = CatchUp::Question{*peer, Instant{now.steady.us + kChainTimeoutUs}};
  catch_up.last_peer = peer;
  catch_up.stay = false;
  out.fetch.push_back({*peer, FetchChain{set.epoch, above}});
}

void Replica::State::on(const ChainSegment& segment, InstitutionId from) {
  const bool answers = catch_up.asked && catch_up.asked->peer == from;
  if (answers) catch_up.asked.reset();
  const auto pause = [&] {
    if (!answers) return;
    catch_up.not_before = {now.steady.us +
                           static_cast<std::int64_t>(parameters.status_interval_ms) * 1000};
  };
  const auto without_news = [&](RejectReason reason) {
    pause();
    refuse(reason);
  };
  const Header& header = segment.header;
  if (header.epoch != set.epoch) {
    return without_news(header.epoch < set.epoch ? RejectReason::OldEpoch
                                                 : RejectReason::FutureEpoch);
  }
  if (refutes(segment.attest, segment.blocks, &header)) return pause();
  if (header.height <= stable) return without_news(RejectReason::OldHeight);
  if (header.height > last_height()) return without_news(RejectReason::BeyondWindow);
  const bool is_new_end = header.height > committed;
  if (is_new_end) {
    if (segment.blocks.empty()) return without_news(RejectReason::BeyondWindow);
    if (segment.blocks.front().height.value > committed.value + 1)
      return without_news(RejectReason::BeyondWindow);
    out.persist.push_back(ChainProofRecord{header, segment.attest});
    chain_proofs.insert_or_assign(header.height, ChainProofRecord{header, segment.attest});
    adopt(segment.blocks, std::nullopt);  // its payload from several peers
    commit_up_to(header.height);
  } else if (proofs.contains(header.height)) {
    return without_news(RejectReason::Duplicate);
  }
  catch_up.stay = answers;
  watch_own_key(segment.attest);
  if (learn_proof(segment.attest) || is_new_end) return;
  // Enough lower ones wait for the own execution: the same answer would come for ever.
  catch_up.stay = false;
  pause();
}

}  // namespace giro::consensus
