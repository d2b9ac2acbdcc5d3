// The acceptance scenarios (tests/acceptance) on real processes, through HTTP: every operation is
// sent again to another validator, and in the middle the one that leads is killed with an operation
// under way.
#include "tests/acceptance/story.h"

#include <algorithm>

#include "node/client/json_fields.h"
#include "tests/process/cluster.h"

namespace giro::process_test {
namespace {

namespace json = boost::json;
using acceptance::Expected;
using acceptance::Failed;
using acceptance::Made;
using client::array_field;
using client::number_field;
using client::object_field;
using client::text_field;

constexpr std::uint64_t kEpochOfStory = 24;

ledger::Code code_named(std::string_view name) {
  const auto rows = ledger::code_rows();
  const auto row = std::ranges::find(rows, name, &ledger::CodeRow::name);
  if (row == rows.end()) throw Failed{std::string(name) + " is no code"};
  return row->code;
}

crypto::Hash hash_field(const json::object& from, std::string_view name) {
  crypto::Hash out;
  if (!crypto::from_hex(text_field(from, name), out.bytes))
    throw Failed{std::string(name) + " is no hash"};
  return out;
}

// As one validator's API shows them.
class ApiBooks final : public acceptance::Books {
 public:
  ApiBooks(const testnet::Node& node, receipt::Genesis genesis)
      : node_(node),
        http_({config::ApiUrl{false, node.api_address()}}),
        genesis_(std::move(genesis)) {}
  std::string owner() const override { return node_.name; }

  Facts account(const acceptance::NamedAccount& account, const std::string& token) override {
    const auto shown =
        get("/v1/accounts/" + crypto::to_hex(account.id) + "?servicer=" + account.servicer);
    const auto* positions = array_field(shown, "positions");
    for (const auto& row : positions == nullptr ? json::array{} : *positions) {
      const auto& position = row.get_object();
      if (text_field(position, "token") != token) continue;
      Facts facts = texts(position, {"posted", "held", "frozen", "available"});
      facts.emplace("day_used", text_field(*object_field(position, "day"), "amount"));
      return facts;
    }
    return {};
  }
  Facts token(const std::string& name) override {
    return texts(get("/v1/tokens/" + name), {"outstanding", "held"});
  }
  Facts payment(const std::string& payer_bank, const ledger::Uetr& uetr) override {
    if (payments_.empty()) read_payments();
    const std::string name = payer_bank + "/" + receipt::to_uuid_text(uetr.bytes);
    const auto found = payments_.find(name);
    return payment_facts(found == payments_.end() ? get("/v1/payments/" + name) : found->second);
  }
  std::optional<receipt::Receipt> payment_receipt(const std::string& payer_bank,
                                                  const ledger::Uetr& uetr) override {
    auto proven = http_.payment_receipt(
        {payer_bank, *acceptance::institution_of(payer_bank), uetr.bytes}, {}, genesis_);
    if (!proven) throw Failed{node_.name + ": " + proven.error().to_string()};
    return std::move(proven->receipt);
  }
  Facts hold(const std::string& creator, const ledger::HoldId& id) override {
    return texts(get("/v1/holds/" + creator + "/" + receipt::to_uuid_text(id.bytes)), {"status"});
  }
  Facts proposal(const std::string& proposer, const ledger::PropId& id) override {
    return texts(get("/v1/proposals/" + proposer + "/" + receipt::to_uuid_text(id.bytes)),
                 {"state"});
  }
  std::size_t validators() override {
    const auto shown = get("/v1/validators");
    const auto* items = array_field(shown, "items");
    return items == nullptr ? 0 : items->size();
  }
  Statement statement(const acceptance::NamedAccount& account, const std::string& token) override {
    // The first one is of genesis.
    const auto shown =
        get("/v1/accounts/" + crypto::to_hex(account.id) + "/entries?servicer=" + account.servicer +
            "&token=" + token + "&cursor=1&limit=1000");
    const auto* opening = object_field(shown, "opening");
    const auto* position = object_field(shown, "position");
    const auto* items = array_field(shown, "items");
    if (opening == nullptr || items == nullptr || position == nullptr) throw Failed{"no statement"};
    ledger::DecimalError error{};
    Statement out{
        .part = {.token = *acceptance::token_of(token),
                 .account = account.id,
                 .after = number_field(*opening, "seq"),
                 .opening_chain = hash_field(*opening, "entry_chain"),
                 .opening_balance =
                     ledger::from_decimal(text_field(*opening, "balance"), 2, error).value(),
                 .entries = {}},
        .entry_chain = hash_field(*position, "entry_chain")};
    for (const auto& item : *items)
      out.part.entries.push_back(
          receipt::from_base64(text_field(item.get_object(), "canonical")).value());
    return out;
  }
  // Of the newest block that is stored.
  [[nodiscard]] std::pair<std::uint64_t, std::int64_t> height_and_time() {
    const auto page = get("/v1/blocks?limit=1");
    const auto* items = array_field(page, "items");
    if (items == nullptr || items->empty()) return {};
    const auto& block = items->front().get_object();
    return {
        number_field(block, "height"),
        receipt::from_time_text(text_field(*object_field(block, "header"), "time")).value_or(0)};
  }

 private:
  json::object get(const std::string& target) {
    const auto value = http_.get(target);
    if (!value && value.error().kind != client::ErrorKind::No)
      throw Failed{node_.name + target + ": " + value.error().to_string()};
    return value && value->is_object() ? value->get_object() : json::object{};
  }
  static Facts texts(const json::object& shown, std::initializer_list<const char*> names) {
    Facts facts;
    for (const char* name : names) {
      if (const auto text = text_field(shown, name); !text.empty()) facts.emplace(name, text);
    }
    return facts;
  }
  static Facts payment_facts(const json::object& shown) {
    Facts facts = texts(shown, {"state", "returned"});
    if (const auto* reason = object_field(shown, "reason")) {
      facts.emplace("reason", text_field(*reason, "code"));
      facts.emplace("iso", text_field(*reason, "iso_reason"));
    }
    return facts;
  }
  // The buyer's, a thousand at a time.
  void read_payments() {
    const auto buyer = *acceptance::account_of("buyer");
    const std::string target = "/v1/payments?account=" + crypto::to_hex(buyer.id) +
                               "&servicer=" + buyer.servicer + "&limit=1000";
    for (std::string cursor, next;; cursor = "&cursor=" + next) {
      const auto page = get(target + cursor);
      if (const auto* items = array_field(page, "items")) {
        for (const auto& item : *items) {
          const auto& payment = item.get_object();
          payments_.emplace(text_field(payment, "payer_bank") + "/" + text_field(payment, "uetr"),
                            payment);
        }
      }
      next = text_field(page, "next_cursor");
      if (next.empty()) return;
    }
  }

  const testnet::Node& node_;
  client::Client http_;
  const receipt::Genesis genesis_;
  std::map<std::string, json::object> payments_;
};

class Acceptance : public ClusterTest, private acceptance::Network {
 public:
  explicit Acceptance(std::filesystem::path file) : file_(std::move(file)) {}

 protected:
  void SetUp() override {
    auto script = acceptance::read_script(file_, acceptance::Place::Real);
    ASSERT_TRUE(script.has_value()) << script.error();
    script_ = std::move(*script);
    has_epochs_ = std::ranges::any_of(script_.steps, [](const auto& step) {
      return std::holds_alternative<acceptance::step::Epoch>(step.what);
    });
    ClusterTest::SetUp();
  }
  void adjust(config::DemoSetup& setup) const override {
    if (!has_epochs_) return;
    setup.parameters.epoch_blocks = kEpochOfStory;
    setup.parameters.idle_block_interval_ms = 200;  // an epoch without load takes 5 s
  }

  void TestBody() override {
    play();
    expect_conservation();
  }

 private:
  void play() {
    session_.emplace(session());
    const acceptance::Orders orders(
        session_->genesis.chain_id,
        [this](const config::DemoOperator& officer, const crypto::Hash& digest) {
          return sign(officer, digest);
        },
        "real");
    acceptance::Story story(script_, orders, *this);
    const std::size_t middle = middle_order();
    story.before_step = [&](const acceptance::Step&, std::size_t number) {
      kills_now_ = number == middle;
    };
    try {
      story.play();
    } catch (const Failed& failed) {
      FAIL() << failed.text;
    }
  }

  // Not void: what no validator takes is not under way.
  [[nodiscard]] std::size_t middle_order() const {
    std::vector<std::size_t> orders;
    for (std::size_t i = 0; i < script_.steps.size(); ++i) {
      const auto* order = std::get_if<acceptance::step::Do>(&script_.steps[i].what);
      if (order != nullptr && !order->expected.is_void) orders.push_back(i);
    }
    return orders.at(orders.size() / 2);
  }
  // Scenarios make up operators that the network was not set up with.
  ledger::SignatureField sign(const config::DemoOperator& officer, const crypto::Hash& digest) {
    static const auto known = config::demo_operators();
    if (std::ranges::find(known, officer) == known.end()) {
      const auto key = acceptance::key_of(officer.name());
      return {key.public_key(), key.sign(digest)};
    }
    const auto signature = session_->keys.sign_with(officer.name(), digest);
    if (!signature) throw Failed{signature.error().to_string()};
    return *signature;
  }

  // --- acceptance::Network

  std::int64_t now_ms() override { return client::now_ms(); }

  Expected submit(const Made& made) override {
    std::string killed;
    if (std::exchange(kills_now_, false)) killed = kill_leader(made);
    const Expected first = send(asked_++, made);
    if (!killed.empty()) start(killed);
    const bool came = until([this] {
      return std::ranges::all_of(
          nodes(), [this](const auto& node) { return newest(node).height >= height_; });
    });
    if (!came) throw Failed{"not every validator has the operation's block"};
    const Expected again = send(asked_, made);
    const bool is_recorded = !first.is_void;
    const Expected wanted =
        is_recorded ? Expected{ledger::Code::Duplicate, true, first.index, first.code} : first;
    if (again != wanted) throw Failed{"the same bytes at another validator: " + to_string(again)};
    return first;
  }
  void pass(std::int64_t ms) override {
    wait_for("a block of that time",
             [&](const auto& newest) { return newest.second >= ordered_ms_ + ms; });
  }
  void pass_midnight() override { throw Failed{"real clocks do not jump"}; }
  void next_epoch() override {
    std::uint64_t highest = 0;
    for (const auto& node : nodes())
      highest = std::max(highest, books_of(node).height_and_time().first);
    const std::uint64_t last = (highest / kEpochOfStory + 1) * kEpochOfStory;
    wait_for("the next epoch", [&](const auto& newest) { return newest.first > last; });
  }
  std::vector<std::unique_ptr<acceptance::Books>> books() override {
    std::vector<std::unique_ptr<acceptance::Books>> out;
    for (const auto& node : nodes())
      out.push_back(std::make_unique<ApiBooks>(node, session_->genesis.for_receipts()));
    return out;
  }
  void expect_receipt(const Made& made) override {
    std::string same;
    for (std::size_t i = 0; i < nodes().size(); ++i) {
      const auto receipt = session(i).client.receipt({made.actor, made.op_id.bytes},
                                                     session_->genesis.for_receipts());
      if (!receipt) throw Failed{nodes()[i].name + ": " + receipt.error().to_string()};
      const auto id = crypto::to_hex(receipt::receipt_id(receipt->receipt));
      if (!same.empty() && id != same) throw Failed{nodes()[i].name + " has another receipt"};
      same = id;
    }
  }

  ApiBooks books_of(const testnet::Node& node) { return {node, session_->genesis.for_receipts()}; }
  void wait_for(
      const char* what,
      const std::function<bool(const std::pair<std::uint64_t, std::int64_t>&)>& is_there) {
    const bool came = until([&] {
      return std::ranges::all_of(
          nodes(), [&](const auto& node) { return is_there(books_of(node).height_and_time()); });
    });
    if (!came) throw Failed{std::string("waited in vain for ") + what};
  }
  // It has taken the operation; nobody knows how far it came with it.
  std::string kill_leader(const Made& made) {
    const std::string name = leader();
    client::HttpClient http({false, node(name).api_address()});
    const auto answer = http.send("POST", "/v1/operations?wait=received", "application/x-protobuf",
                                  std::string(crypto::as_text(made.bytes)), kPatience);
    EXPECT_TRUE(answer.has_value() && answer->status < 300);
    kill(name);
    // With a seat that nobody sits in, there is no quorum without it.
    if (!has_epochs_) return name;
    start(name);
    return {};
  }
  Expected send(std::size_t first, const Made& made) {
    const auto sent = session(first % nodes().size())
                          .client.submit(made.bytes, {made.actor, made.op_id.bytes}, kPatience);
    if (!sent) {
      if (sent.error().code.empty()) throw Failed{sent.error().to_string()};
      return {code_named(sent.error().code), true, std::nullopt, {}};
    }
    const auto& outcome = *object_field(sent->document.get_object(), "outcome");
    const auto* detail = object_field(outcome, "detail");
    const auto index =
        detail == nullptr ? 0 : static_cast<std::uint32_t>(number_field(*detail, "index"));
    const ledger::Code code = code_named(sent->code);
    if (sent->duplicate && height_ >= sent->height)
      return {ledger::Code::Duplicate, true, index, code};
    height_ = sent->height;
    ordered_ms_ = receipt::from_time_text(sent->block_time).value_or(0);
    return {code, false, index,
            detail == nullptr ? ledger::Code::Ok : code_named(text_field(*detail, "code"))};
  }

  const std::filesystem::path file_;
  acceptance::Script script_;
  bool has_epochs_ = false, kills_now_ = false;
  std::optional<client::Session> session_;
  std::size_t asked_ = 0;
  std::uint64_t height_ = 0;     // of the last operation
  std::int64_t ordered_ms_ = 0;  // block time there
};

// A test for each file.
[[maybe_unused]] const bool are_registered = [] {
  for (const auto& file : acceptance::script_files()) {
    testing::RegisterTest("Acceptance", file.stem().c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [file]() -> Acceptance* { return new Acceptance(file); });
  }
  return true;
}();

}  // namespace
}  // namespace giro::process_test
