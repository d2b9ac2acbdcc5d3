#include "node/receipt/evidence_form.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "crypto/overloaded.h"

namespace giro::receipt {
namespace {

namespace json = boost::json;

const char* kind_name(consensus::VoteKind kind) {
  switch (kind) {
    case consensus::VoteKind::Prepare:
      return "prepare";
    case consensus::VoteKind::Commit:
      return "commit";
    case consensus::VoteKind::Attest:
      return "attest";
    case consensus::VoteKind::Snapshot:
      return "snapshot";
  }
  return "";
}

json::object content_form(const consensus::VoteContent& content) {
  return {{"kind", kind_name(content.kind)},
          {"epoch", std::to_string(content.epoch.value)},
          {"view", std::to_string(content.view.value)},
          {"height", std::to_string(content.height.value)},
          {"digest", crypto::to_hex(content.digest)}};
}

json::object vote_form(const consensus::Vote& vote) {
  json::object out = content_form(vote.content);
  out["voter"] = vote.voter.value;
  out["signature"] = crypto::to_hex(vote.signature);
  return out;
}

json::object change_form(const consensus::ViewChange& change) {
  return {{"epoch", std::to_string(change.epoch.value)},
          {"view", std::to_string(change.view.value)},
          {"voter", change.voter.value},
          {"high",
           {{"view", std::to_string(change.high.view.value)},
            {"height", std::to_string(change.high.height.value)},
            {"digest", crypto::to_hex(change.high.digest)}}},
          {"stable", std::to_string(change.stable.value)},
          {"stable_header", crypto::to_hex(change.stable_header)},
          {"signature", crypto::to_hex(change.signature)}};
}

json::object certificate_form(const consensus::Certificate& certificate) {
  json::object out = content_form(certificate.content);
  json::array signatures;
  for (const auto& one : certificate.signatures) {
    signatures.push_back(
        json::object{{"voter", one.voter.value}, {"signature", crypto::to_hex(one.signature)}});
  }
  out["signatures"] = std::move(signatures);
  return out;
}

template <typename Value, typename Form>
json::value form_or_null(const std::optional<Value>& value, Form form) {
  return value ? json::value(form(*value)) : json::value(nullptr);
}

json::object header_form(const consensus::Header& header) {
  return {{"height", std::to_string(header.height.value)},
          {"block", crypto::to_hex(header.block)},
          {"state_root", crypto::to_hex(header.state_root)}};
}

json::object new_view_form(const consensus::NewView& new_view) {
  json::array changes;
  for (const auto& change : new_view.changes) changes.push_back(change_form(change));
  return {{"epoch", std::to_string(new_view.epoch.value)},
          {"view", std::to_string(new_view.view.value)},
          {"view_changes", std::move(changes)},
          {"anchor", form_or_null(new_view.anchor, certificate_form)},
          {"signature", crypto::to_hex(new_view.signature)}};
}

std::set<consensus::ReplicaId> signers_of(const std::optional<consensus::Certificate>& proof) {
  std::set<consensus::ReplicaId> signers;
  if (!proof) return signers;
  for (const auto& one : proof->signatures) signers.insert(one.voter);
  return signers;
}

}  // namespace

json::object evidence_form(const consensus::Evidence& evidence) {
  json::object out = std::visit(
      crypto::Overloaded{[](const consensus::ConflictingVotes& e) {
                           return json::object{{"kind", "CONFLICTING_VOTES"},
                                               {"first", vote_form(e.first)},
                                               {"second", vote_form(e.second)}};
                         },
                         [](const consensus::ForgottenCommit& e) {
                           return json::object{{"kind", "FORGOTTEN_COMMIT"},
                                               {"commit", vote_form(e.commit)},
                                               {"view_change", change_form(e.change)}};
                         },
                         [](const consensus::FalseAttest& e) {
                           return json::object{{"kind", "FALSE_ATTEST"},
                                               {"vote", vote_form(e.vote)},
                                               {"certificate", certificate_form(e.certificate)}};
                         }},
      evidence);
  out["epoch"] = std::to_string(epoch_of(evidence).value);
  out["height"] = std::to_string(height_of(evidence).value);
  return out;
}

json::object breach_form(const consensus::BreachRecord& breach,
                         const std::function<json::value(consensus::ReplicaId)>& name) {
  const auto named = [&](const std::set<consensus::ReplicaId>& signers) {
    json::array out;
    for (const consensus::ReplicaId voter : signers)
      out.push_back(json::object{{"voter", voter.value}, {"validator", name(voter)}});
    return out;
  };
  const auto ours = signers_of(breach.our_proof);
  const auto theirs = signers_of(breach.their_proof);
  std::set<consensus::ReplicaId> both;
  std::ranges::set_intersection(ours, theirs, std::inserter(both, both.end()));
  const bool repeats = breach.ours == crypto::Hash{};  // a quorum broke R5: nothing was final here
  return {{"epoch", std::to_string(epoch_of(breach).value)},
          {"height", std::to_string(breach.height.value)},
          {"ours", repeats ? json::value(nullptr) : json::value(crypto::to_hex(breach.ours))},
          {"theirs", crypto::to_hex(breach.theirs)},
          {"our_proof", form_or_null(breach.our_proof, certificate_form)},
          {"their_proof", form_or_null(breach.their_proof, certificate_form)},
          {"their_header", form_or_null(breach.header, header_form)},
          {"their_new_view", form_or_null(breach.new_view, new_view_form)},
          {"our_signers", named(ours)},
          {"their_signers", named(theirs)},
          {"common_signers", named(both)}};
}

json::object divergence_form(const consensus::Divergence& divergence, const crypto::Hash& chain) {
  json::array votes;
  for (const auto& vote : divergence.votes) votes.push_back(vote_form(vote));
  json::value ours;
  if (const auto& header = divergence.ours) {
    ours = header_form(*header);
    auto& form = ours.get_object();
    form["hash"] = crypto::to_hex(header->hash(chain));
    form["previous"] = crypto::to_hex(header->previous);
    form["outcomes_root"] = crypto::to_hex(header->outcomes_root);
    form["totals_root"] = crypto::to_hex(header->totals_root);
    form["rules_version"] = header->rules_version;
  }
  return {{"kind", "DIVERGED"},
          {"epoch", std::to_string(divergence.epoch.value)},
          {"height", std::to_string(divergence.height.value)},
          {"ours", std::move(ours)},
          {"their_votes", std::move(votes)},
          {"their_proof", form_or_null(divergence.attest, certificate_form)}};
}

}  // namespace giro::receipt
