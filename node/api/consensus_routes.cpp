// The agreement as this node sees it (surface 5.3): where it stands, and which views it went
// through.
#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "node/api/context.h"
#include "node/api/reading.h"
#include "node/api/text.h"

namespace giro::api {
namespace {

namespace json = boost::json;

template <typename Tag>
std::string decimal(consensus::Strong<Tag> value) {
  return std::to_string(value.value);
}

// A validator's part in it: of this node what it knows, of another what its last beacon says.
json::object member_form(const runtime::NodeInfo& info, const runtime::PeerInfo& peer) {
  return {{"name", peer.name},
          {"leader", peer.institution == info.leader},
          {"self", false},
          {"connected", peer.connected},
          {"last_vote_height", decimal(peer.last_vote)},
          {"stable_height", decimal(peer.stable)},
          {"leaves_view", peer.leaves_view}};
}
json::object own_form(const runtime::NodeInfo& info) {
  return {{"name", info.name},
          {"leader", info.institution == info.leader},
          {"self", true},
          {"connected", true},
          {"last_vote_height", decimal(info.own_last_vote)},
          {"stable_height", decimal(info.stable)},
          {"leaves_view", info.suspecting || info.changing_view}};
}

void show_consensus(Context& context, const CallPtr& call) {
  const auto info = context.service.info();
  const auto view = context.service.read();
  StateReader reader(*view);
  json::array members;
  std::uint64_t connected = 0;
  if (info.validator) {
    members.push_back(own_form(info));
    ++connected;
  }
  for (const auto& peer : info.peers) {
    if (!peer.seated) continue;
    members.push_back(member_form(info, peer));
    connected += peer.connected ? 1 : 0;
  }
  answer(*call, json::serialize(json::object{
                    {"epoch", decimal(info.epoch)},
                    {"view", decimal(info.view)},
                    {"leader", reader.institution_name(info.leader)},
                    {"changing_view", info.changing_view},
                    {"suspecting", info.suspecting},
                    {"voting", info.voting},
                    {"height", json::object{{"tip", decimal(info.tip)},
                                            {"committed", decimal(info.committed)},
                                            {"executed", decimal(info.executed)},
                                            {"stable", decimal(info.stable)}}},
                    {"milliseconds_since_commit", std::to_string(info.milliseconds_since_commit)},
                    {"validators", info.validators},
                    {"quorum", info.quorum},
                    {"connected", connected},
                    {"can_lose", connected > info.quorum ? connected - info.quorum : 0},
                    {"members", std::move(members)}}));
}

// What this node held against the view before. Stable words.
std::string_view reason_name(const runtime::ViewInfo& info) {
  constexpr std::array<std::string_view, 6> kNames{"FOLLOWED",     "SILENT",  "CENSORSHIP",
                                                   "EQUIVOCATION", "LEAVING", "STRAGGLER"};
  return kNames.at(info.reason ? static_cast<std::size_t>(*info.reason) : 0);
}

// The newest first; the cursor is the epoch and view of the last one given.
void list_views(Context& context, const CallPtr& call) {
  const auto limit = limit_of(*call);
  if (!limit) return;
  auto views = context.service.views();
  std::ranges::reverse(views);
  const auto place = [](const runtime::ViewInfo& one) {
    return std::pair{one.epoch.value, one.view.value};
  };
  if (const auto cursor = call->request->parameter("cursor")) {
    const auto last = parse_place(*cursor);
    if (!last) return fail(*call, bad_cursor());
    const std::pair<std::uint64_t, std::uint64_t> below{last->first, last->second};
    std::erase_if(views, [&](const auto& one) { return place(one) >= below; });
  }
  json::value next;
  if (views.size() > *limit) {
    views.resize(*limit);
    next = decimal(views.back().epoch) + "." + decimal(views.back().view);
  }
  const auto view = context.service.read();
  StateReader reader(*view);
  json::array items;
  for (const auto& one : views) {
    items.push_back(json::object{
        {"epoch", decimal(one.epoch)},
        {"view", decimal(one.view)},
        {"leader", reader.institution_name(one.leader)},
        {"committed_height", decimal(one.committed)},
        {"reason", reason_name(one)},
        {"entered_at", time_text(one.entered.ms)},
        {"active_at", one.active ? json::value(time_text(one.active->ms)) : json::value(nullptr)}});
  }
  answer(*call, json::serialize(
                    json::object{{"items", std::move(items)}, {"next_cursor", std::move(next)}}));
}

}  // namespace

void add_consensus_routes(Router& router, Context& context) {
  router.add(
      {"GET", "/v1/consensus", {"min_height"}, RateKind::Read, [&context](const CallPtr& call) {
         show_consensus(context, call);
       }});
  router.add({"GET",
              "/v1/consensus/views",
              {"limit", "cursor", "min_height"},
              RateKind::Read,
              [&context](const CallPtr& call) { list_views(context, call); }});
}

}  // namespace giro::api
