// A run that shows one behaviour (assurance 4, quota): the network is brought, again and again, to
// where the liar can do it, until correct nodes have met it often enough; then it heals, must make
// progress and is audited, as for a seed.
#pragma once

#include "tests/simulation/false_clients.h"
#include "tests/simulation/simulation.h"

namespace giro::sim {

inline constexpr std::uint64_t kQuota = 50;  // activations of each behaviour in a run of all

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
  // One that is behind asks the liar, and dies as soon as it was lied to, so that it asks again.
  void ask_again(std::size_t node, std::uint64_t wanted, Time until);
  void cut_off(std::size_t node, bool is_cut);
  [[nodiscard]] std::size_t liar() const { return *plan_.faulty.begin(); }
  [[nodiscard]] std::uint64_t shown() const;
  [[nodiscard]] bool is_shown() const { return shown() >= wanted_; }
  [[nodiscard]] consensus::View highest_view() const;

  const Byzantine::Behaviour& behaviour_;
  const std::uint64_t wanted_;
  FalseClients false_clients_;
};

}  // namespace giro::sim
