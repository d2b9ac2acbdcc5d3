// The independent verifier of assurance I4: certificates and what begins a view, judged from the
// protocol's text alone. Shares no rule with consensus/: its hashing and counting are its own.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "consensus/message.h"
#include "tests/simulation/network_setup.h"

namespace giro::sim {

class CertificateAudit {
 public:
  explicit CertificateAudit(const NetworkSetup& setup) : setup_(setup) {}

  // What is wrong with a certificate that a message carries; nullopt: nothing.
  [[nodiscard]] std::optional<std::string> judge(const consensus::Message& message);
  [[nodiscard]] std::optional<std::string> judge(const consensus::Certificate& certificate);
  [[nodiscard]] std::uint64_t judged() const { return judged_; }

 private:
  [[nodiscard]] std::optional<std::string> judge(const consensus::NewView& begun);
  [[nodiscard]] bool is_signed(const consensus::ViewChange& change) const;
  [[nodiscard]] crypto::Hash vote_bytes(const consensus::VoteContent& content) const;

  const NetworkSetup& setup_;
  std::set<crypto::Hash> good_;  // seen before, every byte the same
  std::uint64_t judged_ = 0;
};

}  // namespace giro::sim
