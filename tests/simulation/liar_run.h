// A run that shows one behaviour (assurance 4, quota): the network is brought, again and again, to
// where the liar can do it, until correct nodes have met it often enough; then it heals, must make
// progress and is audited, as for a seed.
#pragma once

#include "tests/simulation/false_clients.h"
#include "tests/simulation/simulation.h"

namespace giro::sim {

// Activations in a run of all: of each behaviour, and of each field that FM changes.
inline constexpr std::uint64_t kQuota = 50, kFieldQuota = 10;
inline constexpr std::size_t kFieldsSignedAgain = 60;  // as many met that quota in this form too

class LiarRun final : public Simulation {
 public:
  // The behaviours in order, one for each number, and from the first again; what else there is to
  // draw is drawn from the number.
  LiarRun(const RunOptions& options, std::uint64_t wanted);

 private:
  LiarRun(const RunOptions& options, const Byzantine::Behaviour& behaviour, std::uint64_t wanted);
  void live() override;
  void begin_load() override;
  void take_turns();
  void show_snapshots();
  void trouble_clients();
  void fall_behind(std::size_t node);
  void ask_again(std::size_t node, std::uint64_t wanted);
  void cut_off(std::size_t node, bool is_cut);
  [[nodiscard]] std::size_t liar() const { return *plan_.faulty.begin(); }
  [[nodiscard]] std::uint64_t shown() const;
  [[nodiscard]] bool is_shown() const;
  [[nodiscard]] consensus::View highest_view() const;

  const Byzantine::Behaviour& behaviour_;
  const std::uint64_t wanted_;
  FalseClients false_clients_;
};

}  // namespace giro::sim
