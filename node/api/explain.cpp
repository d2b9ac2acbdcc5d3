#include "node/api/explain.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

namespace giro::api {
namespace {

using runtime::NodeInfo;
using runtime::PeerInfo;

constexpr std::uint64_t kSlowMs = 3'000;    // without a commit; an idle network commits each second
constexpr std::uint64_t kBehind = 10;       // blocks
constexpr std::uint64_t kSilentMs = 2'000;  // without a beacon, which comes five times a second
constexpr std::int64_t kClockSkewMs = 1'000;  // half of what the protocol puts up with
constexpr std::uint64_t kMiB = 1024 * 1024;

std::string text(std::uint64_t value) {
  return std::to_string(value);
}

std::uint64_t behind(std::uint64_t height, std::uint64_t head) {
  return head > height ? head - height : 0;
}

// "; still seen by bank-b, bank-d": it lives, and the link to it is cut.
std::string seen_by(const PeerInfo& peer, const NodeInfo& info) {
  std::string out;
  for (const auto& other : info.peers) {
    const bool is_here = other.connected && other.is_heard && other.heard_ms_ago < kSilentMs;
    if (!is_here || std::ranges::find(other.sees, peer.institution) == other.sees.end()) continue;
    out += (out.empty() ? "; still seen by " : ", ") + other.name;
  }
  return out;
}

std::string behind_text(std::uint64_t blocks) {
  return text(blocks) + (blocks == 1 ? " block behind" : " blocks behind");
}

bool is_skewed(const PeerInfo& peer) {
  return std::abs(peer.clock_ahead_ms) >= kClockSkewMs;
}

// Most of those that are heard have another time than this node.
bool is_own_clock_wrong(const NodeInfo& info) {
  std::size_t heard = 0, skewed = 0;
  for (const auto& peer : info.peers) {
    if (!peer.seated || !peer.is_heard || peer.heard_ms_ago >= kSilentMs) continue;
    ++heard;
    if (is_skewed(peer)) ++skewed;
  }
  return skewed > 1 && skewed * 2 > heard;
}

std::string skew_text(std::int64_t ahead_ms) {
  return text(static_cast<std::uint64_t>(std::abs(ahead_ms))) + " ms " +
         (ahead_ms > 0 ? "ahead of" : "behind");
}

// The worst first: what comes before makes what follows meaningless.
std::optional<MemberFault> fault_of(const PeerInfo& peer, const NodeInfo& info) {
  MemberFault fault{.name = peer.name,
                    .cause = {},
                    .detail = {},
                    .seconds = peer.seconds_in_state,
                    .last_vote = peer.last_vote.value};
  const auto is = [&fault](const char* cause, std::string detail, std::uint64_t seconds = 0) {
    fault.cause = cause;
    fault.detail = std::move(detail);
    fault.seconds = seconds;
    return fault;
  };
  if (!peer.cause.empty()) {
    fault.cause = peer.cause;
    fault.detail = peer.detail + (peer.connected ? std::string() : seen_by(peer, info));
    return fault;
  }
  if (!peer.connected)
    return is("UNREACHABLE", "not connected yet" + seen_by(peer, info), peer.seconds_in_state);
  if (!peer.is_heard && peer.seconds_in_state * 1'000 >= kSilentMs)
    return is("SILENT", "has said nothing yet", peer.seconds_in_state);
  if (peer.heard_ms_ago >= kSilentMs)
    return is("SILENT", "says nothing", peer.heard_ms_ago / 1'000);
  if (peer.stopped == "DIVERGED")
    return is("DIVERGED", "says that its results contradict what a quorum attested");
  const auto free = peer.disk_free ? text(*peer.disk_free / kMiB) + " MiB are free" : std::string();
  if (peer.stopped == "DISK_LOW") return is("DISK_LOW", "says it votes no more: " + free);
  if (!peer.stopped.empty()) return is("SIGN_REFUSED", "says " + peer.stopped);
  const std::uint64_t late = behind(peer.stable.value, runtime::believed_head(info));
  // Why it is behind, if it is.
  if (is_skewed(peer) && !is_own_clock_wrong(info)) {
    fault.is_guess = late <= kBehind;
    return is("CLOCK_SKEW", "says a time " + skew_text(peer.clock_ahead_ms) + " this node's");
  }
  if (late > kBehind) return is("SYNCING", "says it is " + behind_text(late));
  return std::nullopt;
}

// Of a validator's own causes the first that keeps it from voting.
std::optional<MemberFault> own_fault(const NodeInfo& info, std::uint64_t stop_below) {
  const auto is = [&info](std::string cause, std::string detail) {
    return MemberFault{.name = info.name,
                       .cause = std::move(cause),
                       .detail = std::move(detail),
                       .seconds = 0,
                       .last_vote = info.own_last_vote.value};
  };
  if (info.diverged)
    return is("DIVERGED", "its results contradict what a quorum attested: see evidence/");
  if (!info.votes_stopped.empty())
    return is("SIGN_REFUSED", info.votes_stopped + ": it votes no more in this run");
  if (info.is_disk_low)
    return is("DISK_LOW", text(info.disk_free / kMiB) + " MiB are free, " +
                              text(stop_below / kMiB) + " are kept in reserve");
  if (is_own_clock_wrong(info))
    return is("CLOCK_SKEW", "most others say another time: look at this machine's time service");
  const std::uint64_t late = behind(info.executed.value, runtime::believed_head(info));
  if (late > kBehind) return is("SYNCING", behind_text(late));
  if (info.floor_search && !info.floor_search->is_over)
    return is("SIGN_STATE_LOST", text(info.floor_search->answers) + " of " +
                                     text(info.floor_search->needed) +
                                     " have said how far they are");
  if (info.amnesic_below)
    return is("AMNESIC", "votes again above height " + text(info.amnesic_below->value));
  return std::nullopt;
}

bool leaves_view(const NodeInfo& info) {
  return info.suspecting || info.changing_view;
}

void find_awaited(const NodeInfo& info, Explanation& out) {
  out.needed = info.quorum;
  const std::uint64_t next = info.committed.value + 1;
  const bool is_leaving = leaves_view(info);
  out.waits_for =
      is_leaving ? "a view after " + text(info.view.value) : "votes for height " + text(next);
  const auto add = [&](const std::string& name, bool has) {
    (has ? out.have : out.missing).push_back(name);
  };
  if (info.validator) add(info.name, is_leaving || info.own_last_vote.value >= next);
  for (const auto& peer : info.peers) {
    if (!peer.seated) continue;
    const bool is_here = peer.connected && peer.heard_ms_ago < kSilentMs;
    add(peer.name, is_here && (is_leaving ? peer.leaves_view : peer.last_vote.value >= next));
  }
}

struct Advice {
  std::string_view code, text;
};
constexpr Advice kAdvice[] = {
    {"PROGRESSING", "nothing to do"},
    {"SLOW", "a quorum is there and blocks come slowly: look at disks, processors and lines"},
    {"QUORUM_MISSING",
     "goes on by itself once a quorum takes part again; giro peers why NAME says what helps"},
    {"LEADER_SILENT", "the others leave its view by themselves; giro peers why NAME"},
    {"VIEW_CHANGING", "goes on by itself once a quorum wants the next view; its timer starts then"},
    {"SYNCING", "nothing to do: this node fetches what it lacks"},
    {"NOT_IN_SET", "this node follows: its key has no seat in the present set of validators"},
    {"HALTED_DIVERGED",
     "keep this node's data for the others to look at, and bring it back with giro recover"},
};

std::string_view code_of(const NodeInfo& info, const Explanation& found) {
  const auto is_out = [&](std::string_view name) {
    return std::ranges::any_of(found.faults, [&](const MemberFault& fault) {
      return fault.name == name && !fault.is_guess;
    });
  };
  if (info.diverged) return "HALTED_DIVERGED";
  if (behind(info.executed.value, runtime::believed_head(info)) > kBehind) return "SYNCING";
  if (found.is_progressing) return info.validator ? "PROGRESSING" : "NOT_IN_SET";
  std::uint64_t able = info.validator && info.voting && !is_out(info.name) ? 1 : 0;
  std::string leader;
  for (const auto& peer : info.peers) {
    if (!peer.seated) continue;
    if (peer.institution == info.leader) leader = peer.name;
    if (!is_out(peer.name)) ++able;
  }
  if (able < info.quorum) return "QUORUM_MISSING";
  if (leaves_view(info)) return "VIEW_CHANGING";
  return !leader.empty() && is_out(leader) ? "LEADER_SILENT" : "SLOW";
}

}  // namespace

Explanation explain(const NodeInfo& info, std::uint64_t stop_below) {
  Explanation out;
  out.is_progressing = !info.diverged && info.milliseconds_since_commit < kSlowMs;
  if (auto own = own_fault(info, stop_below)) out.faults.push_back(std::move(*own));
  for (const auto& peer : info.peers) {
    if (!peer.seated) continue;
    if (auto fault = fault_of(peer, info)) out.faults.push_back(std::move(*fault));
  }
  out.code = code_of(info, out);
  if (!out.is_progressing && out.code != "SYNCING" && out.code != "HALTED_DIVERGED")
    find_awaited(info, out);
  const auto* advice = std::ranges::find(kAdvice, out.code, &Advice::code);
  out.advice = advice->text;
  return out;
}

}  // namespace giro::api
