// Who sits in which epoch, as it is known outside (protocol R41 to R43): the genesis set, and for
// each later epoch what the ledger says once the epoch before has been executed, held against the
// header that names it and against what was proposed. Shares no rule with consensus/.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "consensus/types.h"
#include "node/ledger/types.h"
#include "tests/simulation/network_setup.h"

namespace giro::sim {

using Members = std::vector<consensus::Member>;

struct SeatWish {
  ledger::SeatChange change{};
  consensus::InstitutionId institution;
  crypto::PublicKey key;  // zero: Remove
  friend auto operator<=>(const SeatWish&, const SeatWish&) = default;
};

class Sets {
 public:
  enum class Kind : std::uint8_t { Learnt, Fixed };  // Fixed: the genesis set in every epoch
  explicit Sets(const NetworkSetup& setup, Kind kind = Kind::Learnt);

  // No other change may come about.
  void propose(const SeatWish& wish) { wishes_.insert(wish); }
  // The last height of an epoch was executed: its header, and the members of the next by the
  // ledger. What is wrong with them; nullopt: nothing, and from now on they are known.
  [[nodiscard]] std::optional<std::string> learn(const consensus::Header& last,
                                                 const Members& members);
  // nullptr: no correct node has executed so far.
  [[nodiscard]] const Members* of(consensus::Epoch epoch) const;
  // The member of that index in that epoch; nullptr: there is none.
  [[nodiscard]] const consensus::Member* seat(consensus::Epoch epoch, std::uint64_t index) const;
  [[nodiscard]] const consensus::Member* seat_of(consensus::Epoch epoch,
                                                 consensus::InstitutionId institution) const;
  [[nodiscard]] std::uint64_t changes() const { return changes_; }  // of seats, since genesis
  // The highest epoch that is known; it may not have begun.
  [[nodiscard]] consensus::Epoch newest() const { return sets_.rbegin()->first; }

 private:
  [[nodiscard]] std::set<SeatWish> difference(const Members& before, const Members& after) const;

  const NetworkSetup& setup_;
  const Kind kind_;
  std::map<consensus::Epoch, Members> sets_;
  std::set<SeatWish> wishes_;
  std::uint64_t changes_ = 0;
};

}  // namespace giro::sim
