#include "tests/acceptance/story.h"

#include <algorithm>

namespace giro::acceptance {
namespace {

// 308 for CREDITOR_ACCOUNT_NOT_FOUND, 1,000.00 for 1000.00.
bool is_same(const std::string& field, std::string expected, const std::string& shown) {
  if (field == "reason") {
    const auto code = ledger::code_of(static_cast<std::uint32_t>(std::stoul(expected)));
    return code && ledger::code_name(*code) == shown;
  }
  std::erase(expected, ',');
  return expected == shown;
}

std::string joined(const Words& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

bool is_order(const Step& step) {
  return std::holds_alternative<step::Do>(step.what) ||
         std::holds_alternative<step::Again>(step.what);
}

}  // namespace

// Whether a `see nothing moved` asks about the order at `number`.
bool Story::is_compared_after(std::size_t number) const {
  while (++number < script_.steps.size() && !is_order(script_.steps[number])) {
    if (std::holds_alternative<step::SeeNothingMoved>(script_.steps[number].what)) return true;
  }
  return false;
}

void Story::play() {
  for (std::size_t i = 0; i < script_.steps.size(); ++i) {
    const Step& step = script_.steps[i];
    try {
      if (before_step) before_step(step, i);
      if (is_order(step) && is_compared_after(i)) before_ = balances();
      std::visit([this](const auto& what) { perform(what); }, step.what);
    } catch (const Failed& failed) {
      throw Failed{step.text + "\n      " + failed.text};
    }
  }
  (void)balances();  // the same everywhere
}

const Made& Story::made(const std::string& id) const {
  const auto found = made_.find(id.substr(0, id.find('.')));
  if (found == made_.end()) throw Failed{"nothing was ordered as " + id};
  return found->second;
}

void Story::perform(const step::Do& step) {
  const auto made = orders_.make(step, network_.now_ms());
  if (!made) throw Failed{made.error()};
  submit(*made, step.expected);
  if (!step.expected.is_void) made_.emplace(step.id, *made);
}

void Story::perform(const step::Again& step) {
  submit(made(step.id), step.expected);
}

void Story::submit(const Made& made, const Expected& expected) {
  Expected got = network_.submit(made);
  const bool is_again = got.code == ledger::Code::Duplicate;
  if (is_again || (!expected.index && got.index == 0U)) got.index.reset();  // it has no parts
  Expected wanted = expected;
  if (expected.code == ledger::Code::Duplicate) wanted.is_void = true;
  if (got != wanted) throw Failed{"it got " + to_string(got)};
}

void Story::perform(const step::Time& step) {
  step.ms ? network_.pass(*step.ms) : network_.pass_midnight();
}

void Story::perform(const step::See& step) {
  network_.settle();
  for (const auto& books : network_.books()) {
    if (step.subject.empty() || step.subject[0] != "payments") {
      expect(*books, step.subject, step);
      continue;
    }
    const auto last = std::stoul(step.subject[3].substr(step.subject[3].find('.') + 1));
    const auto dot = step.subject[1].find('.') + 1;
    for (auto i = std::stoul(step.subject[1].substr(dot)); i <= last; ++i)
      expect(*books, {"payment", step.subject[1].substr(0, dot) + std::to_string(i)}, step);
  }
}

void Story::expect(Books& books, const Words& subject, const step::See& step) const {
  const auto shown = facts(books, subject);
  for (const auto& [field, value] : step.fields) {
    const auto found = shown.find(field);
    const std::string is = found == shown.end() ? "nothing" : found->second;
    if (!is_same(field, value, is))
      throw Failed{books.owner() + " shows " + is + " as " + field + " of " + joined(subject)};
  }
}

// As the books show it, and as its receipt proves it.
Books::Facts Story::payment_facts(Books& books, const std::string& name) const {
  const std::string& payer_bank = made(name).actor;
  const ledger::Uetr uetr = orders_.id(name);
  auto facts = books.payment(payer_bank, uetr);
  const auto receipt = facts.empty() ? std::nullopt : books.payment_receipt(payer_bank, uetr);
  if (!receipt) return facts;
  const auto shown = receipt::shown_payments(*receipt);
  const bool is_this = shown.size() == 1 && shown.front().terms.uetr == uetr &&
                       facts["state"] == ledger::name(shown.front().state) &&
                       facts["returned"] == ledger::to_decimal(shown.front().returned, 2);
  if (!is_this) throw Failed{books.owner() + "'s receipt of payment " + name + " says otherwise"};
  return facts;
}

Books::Facts Story::facts(Books& books, const Words& subject) const {
  if (subject.empty()) return {{"validators", std::to_string(books.validators())}};
  if (subject.size() != 2) throw Failed{"what is " + joined(subject) + "?"};
  const std::string& what = subject[0];
  const std::string& name = subject[1];
  if (what == "payment") return payment_facts(books, name);
  if (what == "hold") return books.hold(made(name).actor, orders_.id(name));
  if (what == "proposal") return books.proposal(made(name).actor, orders_.id(name));
  if (what == "token") return books.token(name);
  const auto account = account_of(what, name);
  if (!account || !token_of(name)) throw Failed{"there is no account " + joined(subject)};
  return books.account(*account, name);
}

Books::Facts Story::balances() {
  static const std::pair<const char*, const char*> accounts[] = {{"buyer", "bank-a.USD"},
                                                                 {"buyer", "bank-a.EUR"},
                                                                 {"merchant", "bank-a.USD"},
                                                                 {"supplier", "bank-b.USD"},
                                                                 {"supplier", "bank-b.EUR"},
                                                                 {"bank-b@bank-a", "bank-a.USD"},
                                                                 {"bank-a@bank-b", "bank-b.USD"},
                                                                 {"bank-d@bank-a", "bank-a.USD"},
                                                                 {"bank-a@agent-s", "agent-s.USD"},
                                                                 {"bank-b@agent-s", "agent-s.USD"},
                                                                 {"bank-b@agent-s", "agent-s.EUR"},
                                                                 {"bank-d@agent-s", "agent-s.EUR"},
                                                                 {"fee", "bank-a.USD"},
                                                                 {"fee", "bank-b.USD"},
                                                                 {"legal", "bank-b.USD"}};
  std::optional<Books::Facts> all;
  for (const auto& books : network_.books()) {
    Books::Facts shown;
    for (const auto& [name, token] : accounts) {
      for (const auto& [field, value] : books->account(*account_of(name, token), token)) {
        if (field == "posted" || field == "held" || field == "frozen")
          shown.emplace(std::string(name) + " " + token + " " + field, value);
      }
    }
    for (const auto& token : token_names())
      shown.emplace("token " + token + " outstanding", books->token(token)["outstanding"]);
    if (all && *all != shown)
      throw Failed{books->owner() + " shows other balances than the others"};
    all = std::move(shown);
  }
  return all.value_or(Books::Facts{});
}

void Story::perform(const step::SeeNothingMoved&) {
  network_.settle();
  const auto now = balances();
  for (const auto& [what, value] : before_) {
    if (now.at(what) != value) throw Failed{what + " was " + value + " and is " + now.at(what)};
  }
}

void Story::perform(const step::Receipt& step) {
  network_.expect_receipt(made(step.id));
}

void Story::perform(const step::Statement& step) {
  const auto account = account_of(step.account, step.token);
  if (!account) throw Failed{"there is no account " + step.account};
  for (const auto& books : network_.books()) {
    const auto statement = books->statement(*account, step.token);
    const auto checked = receipt::check_statement(statement.part);
    if (!checked) throw Failed{books->owner() + ": " + checked.error()};
    if (checked->closing_chain != statement.entry_chain)
      throw Failed{books->owner() + ": the entries do not lead to the position's chain"};
    Words amounts{ledger::to_decimal(statement.part.opening_balance, 2)};
    for (const auto& entry : checked->entries)
      amounts.push_back((entry.side == ledger::Side::Credit ? "+" : "-") +
                        ledger::to_decimal(entry.amount, 2));
    amounts.push_back(ledger::to_decimal(checked->closing_balance, 2));
    Words expected = step.amounts;
    for (auto& amount : expected) std::erase(amount, ',');
    if (amounts != expected) throw Failed{books->owner() + " gives " + joined(amounts)};
  }
}

}  // namespace giro::acceptance
