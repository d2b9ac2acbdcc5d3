// The independent verifier of assurance I4: votes, certificates and what begins a view, judged from
// the protocol's text alone, each by the set of its epoch (protocol R43). Shares no rule with
// consensus/: its hashing and counting are its own.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "consensus/message.h"
#include "consensus/snapshot.h"
#include "tests/simulation/sets.h"

namespace giro::sim {

class CertificateAudit {
 public:
  CertificateAudit(const NetworkSetup& setup, const Sets& sets) : setup_(setup), sets_(sets) {}

  // What is wrong with a vote or certificate that a message carries; nullopt: nothing.
  [[nodiscard]] std::optional<std::string> judge(const consensus::Message& message);
  [[nodiscard]] std::optional<std::string> judge(const consensus::Certificate& certificate);
  [[nodiscard]] std::uint64_t judged() const { return judged_; }

 private:
  [[nodiscard]] std::optional<std::string> judge(const consensus::NewView& begun);
  [[nodiscard]] std::optional<std::string> judge(const consensus::SetChange& change);
  [[nodiscard]] std::optional<std::string> judge(const consensus::Vote& vote);
  [[nodiscard]] bool is_in_epoch(const consensus::VoteContent& content) const;
  [[nodiscard]] bool is_signed(const consensus::ViewChange& change) const;
  [[nodiscard]] crypto::Hash vote_bytes(const consensus::VoteContent& content) const;

  const NetworkSetup& setup_;
  const Sets& sets_;
  std::set<crypto::Hash> good_;  // seen before, every byte the same
  std::uint64_t judged_ = 0;
};

}  // namespace giro::sim
