// The institutions that decide by vote who sits among them (ledger 5.1), and what follows for their
// operators: proposals, the votes of all members for them, and which key each node is to have.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "tests/simulation/checkers.h"
#include "tests/simulation/clients.h"
#include "tests/simulation/sets.h"

namespace giro::sim {

class Consortium {
 public:
  Consortium(NetworkSetup& setup, Sets& sets, const Checkers& checkers, Clients& clients,
             Clients::Nodes& nodes, Scheduler& scheduler)
      : setup_(setup),
        sets_(sets),
        checkers_(checkers),
        clients_(clients),
        nodes_(nodes),
        scheduler_(scheduler) {}

  // Proposed by the first member, and all vote for it. Whoever gets a seat, or another key, gets a
  // key that is new, with its sign state.
  void propose(ledger::SeatChange change, std::size_t node);
  // One change after another: until the last one has failed, or is in force, there is no other.
  [[nodiscard]] bool is_settled(std::size_t node) const;
  [[nodiscard]] std::size_t open() const;  // proposals that may still come about
  // Seats that there are in any case in the epoch after the newest that is known.
  [[nodiscard]] std::size_t least_seats() const;
  [[nodiscard]] const consensus::Member* seat(std::size_t node) const;  // newest known epoch
  // The key of its seat in the epoch that has begun, or of the last one it had.
  [[nodiscard]] std::size_t due_key(std::size_t node) const;

 private:
  struct Proposal {
    SeatWish wish;
    std::uint32_t proposer = 0;
    runtime::OpId id{};
    Time over = 0;  // nothing comes of it after that
    std::optional<consensus::Epoch> ended_in;
    bool has_votes = false;
  };
  void tend();
  void vote(Proposal& proposal);
  [[nodiscard]] const crypto::SecretKey& governor(consensus::InstitutionId institution) const;

  NetworkSetup& setup_;
  Sets& sets_;
  const Checkers& checkers_;
  Clients& clients_;
  Clients::Nodes& nodes_;
  Scheduler& scheduler_;
  std::map<std::size_t, Proposal> proposals_;  // the last one for each node
  bool is_tending_ = false;
};

}  // namespace giro::sim
