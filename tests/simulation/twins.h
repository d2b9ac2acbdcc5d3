// Twins (Bano and others, OPODIS 2021): faulty validators played by two copies of a correct one
// that share its key and nothing else, in a network that is parted anew for each view. Runs one
// plan on the real cores and checks I1, I2, I3, I4, I12, L1 and L4 (assurance 4 and 5).
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "tests/simulation/certificate_audit.h"
#include "tests/simulation/checkers.h"
#include "tests/simulation/random.h"
#include "tests/simulation/twins_copy.h"
#include "tests/simulation/twins_plan.h"

namespace giro::sim {

struct TwinsReport {
  std::optional<Violation> violation;
  Time ended = 0;
  Time recovery = 0;  // from the healing to the first commit of a correct validator
  std::uint64_t deliveries = 0, blocks = 0, view_changes = 0, certificates = 0;
};

class Twins final : CopyWorld {
 public:
  // Of the networks that the plans are for; made once, since keys take time.
  [[nodiscard]] static const NetworkSetup& setup_for(std::size_t nodes);

  // The seed decides what is lost and late; the log says what happens on standard output.
  Twins(TwinsPlan plan, std::uint64_t seed, bool is_logged);
  [[nodiscard]] TwinsReport run();

 private:
  struct Envelope {
    std::size_t to;
    consensus::InstitutionId from;
    std::shared_ptr<const consensus::Message> message;
  };
  static constexpr std::size_t kDelays = 4;  // more than the longest delay

  void on_send(std::size_t copy, std::optional<consensus::InstitutionId> to,
               consensus::Message message) override;
  void on_stored(std::size_t copy, const consensus::DurableRecord& record) override;
  void on_event(std::size_t copy, const consensus::Event& event) override;
  void on_opened(std::size_t copy, const consensus::RecoveredState& recovered,
                 const std::vector<consensus::VoteContent>& votes) override;

  void play();
  void play(const TwinsPlan::Phase& phase);
  void fall_silent();
  void heal();
  void advance(Time until);  // one message delay, or to the next deadline if nothing is on its way
  void wait(Time duration);  // nobody hears anybody, and every clock moves on
  void judge(std::size_t copy, const std::optional<std::string>& wrong) const;
  [[nodiscard]] bool is_correct(std::size_t copy) const {
    return !plan_.is_twinned(plan_.identity_of[copy]);
  }
  [[nodiscard]] bool is_on_its_way() const;
  [[nodiscard]] consensus::Now now() const;

  const TwinsPlan plan_;
  const NetworkSetup& setup_;
  const bool is_logged_;
  const Sets sets_;
  Checkers checkers_;
  CertificateAudit audit_;
  Random random_;
  std::vector<std::unique_ptr<Copy>> copies_;
  std::vector<bool> is_up_;
  std::vector<consensus::Height> committed_;  // by copy
  std::vector<std::size_t> part_of_;          // empty: no link is up
  bool is_healed_ = false;
  std::array<std::vector<Envelope>, kDelays> on_their_way_;  // by the delay when they arrive
  std::size_t slot_ = 0;
  unsigned delays_ = 0;  // in which something arrived, since the phase began
  Time time_ = 0;
  TwinsReport report_;
};

}  // namespace giro::sim
