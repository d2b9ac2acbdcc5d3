#include "node/api/evidence_forms.h"

#include "crypto/overloaded.h"

namespace giro::api {
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

}  // namespace giro::api
