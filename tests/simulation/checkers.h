// The invariants of assurance 5, seen from outside: what correct nodes say, sign and execute,
// across their restarts. A broken one is thrown as a Violation.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "consensus/message.h"
#include "consensus/output.h"
#include "consensus/recovery.h"
#include "tests/simulation/sets.h"
#include "tests/simulation/world.h"

namespace giro::sim {

class Checkers {
 public:
  Checkers(const NetworkSetup& setup, const Sets& sets);

  // Nodes whose word counts for nothing: Byzantine, twinned.
  void set_faulty(std::size_t node) { faulty_.insert(node); }
  [[nodiscard]] bool is_faulty(std::size_t node) const { return faulty_.contains(node); }
  // Its data is gone: what the keys that it has had promised is not expected to be remembered
  // (protocol R39).
  void on_wiped(std::size_t node);

  // I3: one digest for a place, one ViewChange and one NewView for a view, in a key's whole life.
  void on_said(std::size_t node, const consensus::Message& message);
  // I3: what was said before with the key that it has now is remembered.
  void on_opened(std::size_t node, const crypto::PublicKey& key,
                 const consensus::RecoveredState& recovered,
                 const std::vector<consensus::VoteContent>& votes);
  // I1, I2: one block and one header at a height; heights in order.
  void on_consensus(std::size_t node, const consensus::Event& event);

  [[nodiscard]] consensus::Height committed() const { return committed_; }  // by any correct node
  [[nodiscard]] consensus::Height stable(std::size_t node) const { return stable_[node]; }
  [[nodiscard]] std::uint64_t view_changes() const { return view_changes_; }
  [[nodiscard]] consensus::Epoch epoch() const {
    return epoch_;
  }  // that a correct node has entered
  [[nodiscard]] const std::map<consensus::Height, consensus::Hash>& headers() const {
    return headers_;
  }

 private:
  using Place =
      std::tuple<consensus::VoteKind, consensus::Epoch, consensus::View, consensus::Height>;
  struct Said {
    std::map<Place, consensus::Hash> votes;
    std::map<std::pair<consensus::Epoch, consensus::View>, consensus::Hash> changes, new_views;
  };
  void say(std::size_t node, const consensus::Vote& vote);
  // R41: no block of an epoch before a quorum has attested the last height of the one before.
  void expect_ended_before(std::size_t node, consensus::Epoch epoch) const;
  // The seat of that index in that epoch, if it is the node's; nullptr: another's, whose word is
  // passed on.
  [[nodiscard]] const consensus::Member* own_seat(std::size_t node, consensus::Epoch epoch,
                                                  std::uint64_t index) const;
  [[noreturn]] void fail(std::string rule, std::size_t node, std::string text) const;

  const NetworkSetup& setup_;
  const Sets& sets_;
  std::set<std::size_t> faulty_;
  std::map<crypto::PublicKey, Said> said_;  // a promise binds the key that made it (protocol R43)
  std::set<crypto::PublicKey> forgetful_;
  std::vector<consensus::Height> stable_;
  std::map<consensus::Height, consensus::Hash> blocks_;           // committed
  std::map<consensus::Height, consensus::Hash> headers_;          // executed
  std::map<consensus::Height, consensus::Hash> snapshots_;        // voted for
  std::map<consensus::Epoch, std::set<std::uint32_t>> attested_;  // its last height: by whom
  consensus::Height committed_;
  consensus::Epoch epoch_;
  std::uint64_t view_changes_ = 0;
};

}  // namespace giro::sim
