// Role policies (ledger 4.2, 5.1): shared by ROLE_SET and the proposals that bring an ADMIN policy.
#pragma once

#include "node/ledger/effects.h"
#include "node/ledger/messages.h"

namespace giro::ledger {

[[nodiscard]] Code check_form(const RoleKeys& policy);  // step 1: 100 110
// 207 214: as the policy of `role`, beside the other policies that the institution has.
[[nodiscard]] Code check_policy(Overlay& overlay, InstId institution, Role role,
                                const RoleKeys& policy);
// Replaces the policy. A key that no policy names any more becomes REVOKED, for good. The checks
// must have passed.
void set_policy(Effects& effects, InstId institution, Role role, const RoleKeys& policy);

}  // namespace giro::ledger
