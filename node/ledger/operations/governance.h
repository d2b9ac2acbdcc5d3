// Proposals (ledger 5.1): who may vote, and what their deadlines bring about.
#pragma once

#include "node/ledger/effects.h"
#include "node/ledger/messages.h"

namespace giro::ledger {

// ACTIVE, with a seat in the present validator set: one vote (803).
[[nodiscard]] bool is_voter(Effects& effects, InstId institution);

// For the sweep: an OPEN proposal expires, a PASSED one executes. `subject` is the key without its
// table.
[[nodiscard]] Code run_proposal_deadline(Effects& effects, ByteView subject);

// A suspension lapses with its deadline; a sweep that cannot reach every deadline ends with all
// those that are due, so that none outlives its time. `subject` is the key without its table.
[[nodiscard]] Code run_suspension_deadline(Effects& effects, ByteView subject);
void lapse_suspensions(Effects& effects);

// ---- each action: institutions.cpp, validator_set.cpp, param_set.cpp ----
// check_form: step 1. check_change: what must hold when it is proposed and again when it executes.
// make_change: the checks must have passed.
[[nodiscard]] Code check_form(const InstAdd& action);
[[nodiscard]] Code check_form(const InstStatus& action);
[[nodiscard]] Code check_form(const InstKeys& action);
[[nodiscard]] Code check_form(const ValidatorSetAction& action);
[[nodiscard]] Code check_form(const ParamSet& action);

[[nodiscard]] Code check_change(Effects& effects, const InstAdd& action, bool urgent);
[[nodiscard]] Code check_change(Effects& effects, const InstStatus& action, bool urgent);
[[nodiscard]] Code check_change(Effects& effects, const InstKeys& action, bool urgent);
[[nodiscard]] Code check_change(Effects& effects, const ValidatorSetAction& action, bool urgent);
[[nodiscard]] Code check_change(Effects& effects, const ParamSet& action, bool urgent);

void make_change(Effects& effects, const InstAdd& action, bool urgent);
void make_change(Effects& effects, const InstStatus& action, bool urgent);
void make_change(Effects& effects, const InstKeys& action, bool urgent);
void make_change(Effects& effects, const ValidatorSetAction& action, bool urgent);
void make_change(Effects& effects, const ParamSet& action, bool urgent);

}  // namespace giro::ledger
