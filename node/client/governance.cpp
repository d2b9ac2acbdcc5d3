#include "node/client/governance.h"

#include <algorithm>
#include <array>

namespace giro::client {
namespace {

std::unexpected<Error> usage(std::string message) {
  return std::unexpected(Error{ErrorKind::Usage, {}, std::move(message)});
}

std::optional<ledger::SeatChange> change_of(std::string_view word) {
  constexpr std::array<std::string_view, 3> kWords{"add", "remove", "replace"};
  const auto found = std::ranges::find(kWords, word);
  if (found == kWords.end()) return std::nullopt;
  return static_cast<ledger::SeatChange>(found - kWords.begin());
}

Draft governor_draft(const InstitutionFacts& actor, ledger::Action action, std::string summary,
                     const DraftOptions& options) {
  Draft draft{.actor = actor.name,
              .operation = new_operation(actor.id, options),
              .needs = {need(actor, ledger::Role::Governor, 1)},
              .summary = std::move(summary)};
  draft.operation.action = std::move(action);
  return draft;
}

}  // namespace

std::expected<Draft, Error> draft_seat_proposal(const Directory& directory,
                                                const SeatRequest& request,
                                                const DraftOptions& options) {
  const auto actor = directory.institution(request.actor);
  if (!actor) return std::unexpected(actor.error());
  const auto seat = directory.institution(request.institution);
  if (!seat) return std::unexpected(seat.error());
  const auto change = change_of(request.change);
  if (!change) return usage("a seat is to add, remove or replace");
  ledger::ValidatorSetAction action{
      .change = *change, .institution = seat->id, .public_key = {}, .possession = {}};
  if (*change == ledger::SeatChange::Remove) {
    if (!request.public_key.empty() || !request.possession.empty())
      return usage("a seat that is removed needs no key");
  } else if (!crypto::from_hex(request.public_key, action.public_key.bytes) ||
             !crypto::from_hex(request.possession, action.possession.bytes)) {
    return usage(
        "a seat needs the validator's public key (66 hexadecimal digits) and its possession "
        "signature (128); giro keys prove prints both");
  }
  return governor_draft(
      *actor,
      ledger::GovPropose{.ttl_s = request.ttl_s, .urgent = request.urgent, .validator_set = action},
      "GOV_PROPOSE to " + request.change + " the seat of " + seat->name, options);
}

std::expected<Draft, Error> draft_vote(const Directory& directory, const VoteRequest& request,
                                       const DraftOptions& options) {
  const auto actor = directory.institution(request.actor);
  if (!actor) return std::unexpected(actor.error());
  const std::size_t slash = request.proposal.find('/');
  const auto id = slash == std::string::npos
                      ? std::nullopt
                      : receipt::from_uuid_text(request.proposal.substr(slash + 1));
  if (!id) return usage("a proposal is named by its proposer and its id, as bank-a/ID");
  const auto proposer = directory.institution(request.proposal.substr(0, slash));
  if (!proposer) return std::unexpected(proposer.error());
  return governor_draft(
      *actor,
      ledger::GovVote{.proposer = proposer->id, .prop_id = ledger::PropId{*id}, .yes = request.yes},
      "GOV_VOTE " + std::string(request.yes ? "yes" : "no") + " to " + request.proposal, options);
}

}  // namespace giro::client
