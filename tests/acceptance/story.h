// A scenario on a network, whatever it is made of: a ledger in memory, validators of the simulator,
// processes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "node/receipt/receipt.h"
#include "node/receipt/statement.h"
#include "tests/acceptance/orders.h"
#include "tests/acceptance/script.h"

namespace giro::acceptance {

// A scenario does not go as it is written. One line, or more.
struct Failed {
  std::string text;
};

// What one validator shows, at a height that is stable there. Facts are named as in the API; what
// is not there has none.
class Books {
 public:
  using Facts = std::map<std::string, std::string>;
  struct Statement {
    receipt::StatementPart part;
    crypto::Hash entry_chain;  // of the position
  };
  virtual ~Books() = default;
  [[nodiscard]] virtual std::string owner() const = 0;
  [[nodiscard]] virtual Facts account(const NamedAccount& account, const std::string& token) = 0;
  [[nodiscard]] virtual Facts token(const std::string& name) = 0;
  [[nodiscard]] virtual Facts payment(const std::string& payer_bank, const ledger::Uetr& uetr) = 0;
  // What proves how it stands, verified. nullopt: these books have no attested headers.
  [[nodiscard]] virtual std::optional<receipt::Receipt> payment_receipt(const std::string&,
                                                                        const ledger::Uetr&) {
    return std::nullopt;
  }
  [[nodiscard]] virtual Facts hold(const std::string& creator, const ledger::HoldId& id) = 0;
  [[nodiscard]] virtual Facts proposal(const std::string& proposer, const ledger::PropId& id) = 0;
  [[nodiscard]] virtual std::size_t validators() = 0;  // of the next block
  [[nodiscard]] virtual Statement statement(const NamedAccount& account,
                                            const std::string& token) = 0;
};

class Network {
 public:
  virtual ~Network() = default;
  [[nodiscard]] virtual std::int64_t now_ms() = 0;  // of the clocks that screen and sign
  // Gives it to the network, and waits for the answer and until each book shows what came of it.
  [[nodiscard]] virtual Expected submit(const Made& made) = 0;
  // The next block is at least so much later than the one of the last operation: exactly, where
  // time is ours to say.
  virtual void pass(std::int64_t ms) = 0;
  virtual void pass_midnight() = 0;
  virtual void next_epoch() = 0;
  // What the time that passed brings about is in the books.
  virtual void settle() {}
  // Every validator's but those that lie.
  [[nodiscard]] virtual std::vector<std::unique_ptr<Books>> books() = 0;
  // Every validator gives a receipt that verifies, and all the same.
  virtual void expect_receipt(const Made& made) = 0;
};

class Story {
 public:
  Story(const Script& script, const Orders& orders, Network& network)
      : script_(script), orders_(orders), network_(network) {}
  void play();  // throws Failed
  // Called before each step.
  std::function<void(const Step& step, std::size_t number)> before_step;

 private:
  void perform(const step::Do& step);
  void perform(const step::Again& step);
  void perform(const step::Time& step);
  void perform(const step::Epoch&) { network_.next_epoch(); }
  void perform(const step::See& step);
  void perform(const step::SeeNothingMoved&);
  void perform(const step::Receipt& step);
  void perform(const step::Statement& step);

  void submit(const Made& made, const Expected& expected);
  [[nodiscard]] bool is_compared_after(std::size_t number) const;
  [[nodiscard]] const Made& made(const std::string& id) const;
  [[nodiscard]] Books::Facts facts(Books& books, const Words& subject) const;
  [[nodiscard]] Books::Facts payment_facts(Books& books, const std::string& name) const;
  void expect(Books& books, const Words& subject, const step::See& step) const;
  // Of each account that a scenario may touch, as every book shows it; throws if two differ.
  [[nodiscard]] Books::Facts balances();

  const Script& script_;
  const Orders& orders_;
  Network& network_;
  std::map<std::string, Made> made_;  // by name, as first ordered
  Books::Facts before_;
};

// Over a state, wherever it is read from.
class StateBooks : public Books {
 public:
  StateBooks(std::string owner, const ledger::StateView& state)
      : owner_(std::move(owner)), state_(state) {}
  [[nodiscard]] std::string owner() const override { return owner_; }
  [[nodiscard]] Facts account(const NamedAccount& account, const std::string& token) override;
  [[nodiscard]] Facts token(const std::string& name) override;
  [[nodiscard]] Facts payment(const std::string& payer_bank, const ledger::Uetr& uetr) override;
  [[nodiscard]] Facts hold(const std::string& creator, const ledger::HoldId& id) override;
  [[nodiscard]] Facts proposal(const std::string& proposer, const ledger::PropId& id) override;
  [[nodiscard]] std::size_t validators() override;

 private:
  std::string owner_;
  const ledger::StateView& state_;
};

}  // namespace giro::acceptance
