#include "tests/process/cluster.h"

#include <boost/json.hpp>
#include <csignal>
#include <cstdlib>
#include <map>

#include "node/client/http_client.h"
#include "node/client/json_fields.h"
#include "node/config/demo_genesis.h"
#include "testnet/control.h"
#include "testnet/ports.h"
#include "testnet/setup.h"

namespace giro::process_test {

namespace json = boost::json;
using client::array_field;
using client::number_field;
using client::object_field;
using client::text_field;

void ClusterTest::SetUp() {
  const auto lock = testnet::PortLock::take();
  ASSERT_TRUE(lock.has_value()) << lock.error();
  testnet::Network network;
  network.directory = folder_.path() / "net";
  for (const auto& name : config::demo_validators()) network.nodes.push_back({.name = name});
  const auto ports = testnet::choose_ports(network);
  ASSERT_TRUE(ports.has_value()) << ports.error();
  const auto set_up =
      testnet::set_up(network, giro_program(), [this](config::DemoSetup& setup) { adjust(setup); });
  ASSERT_TRUE(set_up.has_value()) << set_up.error();
  ASSERT_NO_FATAL_FAILURE(before_start(network));
  supervisor_ = std::make_unique<testnet::Supervisor>(network, giro_program());
  const auto started = supervisor_->start_all();
  ASSERT_TRUE(started.has_value()) << started.error();
  wait_ready();
}

void ClusterTest::TearDown() {
  if (supervisor_ == nullptr) return;
  supervisor_->stop_all(std::chrono::seconds(20));
  if (!HasFailure()) return;
  constexpr std::size_t kTailBytes = 3000;
  for (const auto& node : nodes()) {
    const std::string log = read_text(supervisor_->network().node_log(node));
    std::cerr << "--- " << node.name << "\n"
              << log.substr(log.size() - std::min(log.size(), kTailBytes)) << '\n';
  }
}

void ClusterTest::wait_ready() const {
  std::vector<std::string> all;
  for (const auto& one : nodes()) all.push_back(one.name);
  wait_ready(all);
}

void ClusterTest::wait_ready(const std::vector<std::string>& names) const {
  std::vector<testnet::Node> wanted;
  for (const auto& name : names) wanted.push_back(node(name));
  const auto ready = testnet::wait_until_ready(wanted, kPatience, [](const std::string&) {});
  ASSERT_TRUE(ready.has_value()) << ready.error();
}

client::Session ClusterTest::session(std::size_t first_node) const {
  auto opened = client::open_session(supervisor_->network().profile(), {}, [](const std::string&) {
    return std::unexpected(client::Error{client::ErrorKind::NotAllowed, {}, "no terminal"});
  });
  EXPECT_TRUE(opened.has_value()) << opened.error().to_string();
  std::vector<config::ApiUrl> order;
  for (std::size_t i = 0; i < nodes().size(); ++i) {
    order.push_back({false, nodes()[(first_node + i) % nodes().size()].api_address()});
  }
  opened->client = client::Client(order);
  return std::move(*opened);
}

client::JournalEntry ClusterTest::payment(client::Session& with, const std::string& amount) const {
  const client::PaymentRequest request{.from = *client::parse_account("ALICE", with.profile),
                                       .to = *client::parse_account("BOB", with.profile),
                                       .amount = amount,
                                       .currency = "EUR",
                                       .settle_token = {},
                                       .purpose = {},
                                       .travel_rule_data = {},
                                       .throwaway = true};
  const client::DraftOptions options{.op_id = {}, .now_ms = client::now_ms()};
  // Drafting asks a validator; for a moment there may be none.
  std::optional<client::PaymentDraft> draft;
  std::string why;
  const bool drafted = until([&] {
    const auto directory = client::Directory::from_node(with.client, with.genesis);
    if (!directory) return why = directory.error().to_string(), false;
    auto made = client::draft_payment(with.client, *directory, request, options, with.keys,
                                      with.genesis.chain_id);
    if (!made) return why = made.error().to_string(), false;
    draft.emplace(std::move(*made));
    return true;
  });
  EXPECT_TRUE(drafted) << why;
  if (!drafted) return {};
  const auto bytes = client::sign(draft->draft, with.keys, with.genesis.chain_id);
  EXPECT_TRUE(bytes.has_value()) << bytes.error().to_string();
  if (!bytes) return {};
  return {.actor = draft->draft.actor,
          .op_id = draft->draft.operation.op_id.bytes,
          .summary = draft->draft.summary,
          .created_ms = options.now_ms,
          .operation_hash = bytes->operation_hash,
          .signed_operation = bytes->signed_operation,
          .status = {}};
}

json::object ClusterTest::get(const testnet::Node& node, const std::string& target) const {
  client::Client http({config::ApiUrl{false, node.api_address()}});
  const auto value = http.get(target);
  EXPECT_TRUE(value.has_value()) << node.name << target << ": " << value.error().to_string();
  return value && value->is_object() ? value->get_object() : json::object{};
}

json::object ClusterTest::ask(const testnet::Node& node, const std::string& target) {
  client::HttpClient http({false, node.api_address()});
  const auto answer = http.send("GET", target, {}, {}, kPatience);
  if (!answer || answer->status != 200) return {};
  return json::parse(answer->body).as_object();
}

std::string ClusterTest::cause_of(const std::string& name, const testnet::Node& at) {
  const auto said = ask(at, "/v1/consensus/explain");
  const auto* faults = client::array_field(said, "faults");
  for (const auto& fault : faults == nullptr ? json::array{} : *faults) {
    if (client::text_field(fault.get_object(), "name") == name)
      return client::text_field(fault.get_object(), "cause");
  }
  return {};
}

void ClusterTest::expect_cause(const std::string& name, const std::string& cause,
                               const std::vector<std::string>& say) const {
  for (const auto& at : say) {
    EXPECT_TRUE(until([&] { return cause_of(name, node(at)) == cause; }, std::chrono::seconds(10)))
        << at << " says " << cause_of(name, node(at)) << ", not " << cause;
  }
}

std::string ClusterTest::scrape(const testnet::Node& node) {
  client::HttpClient http({false, node.ops_address()});
  const auto answer = http.send("GET", "/metrics", {}, {}, kPatience);
  return answer ? answer->body : std::string{};
}

double ClusterTest::metric(const testnet::Node& node, const std::string& series) {
  const std::string text = "\n" + scrape(node);
  const auto at = text.find("\n" + series + " ");
  return at == std::string::npos ? -1 : std::strtod(text.c_str() + at + series.size() + 2, nullptr);
}

ClusterTest::Newest ClusterTest::newest(const testnet::Node& node) {
  const auto page = ask(node, "/v1/blocks?limit=1");
  const auto* items = array_field(page, "items");
  if (items == nullptr || items->empty()) return {};
  const auto& block = items->front().get_object();
  return {number_field(block, "height"), number_field(block, "view")};
}

const testnet::Node& ClusterTest::node(const std::string& name) const {
  return *supervisor_->network().find(name);
}

void ClusterTest::kill(const std::string& name) {
  supervisor_->signal(name, SIGKILL);
  EXPECT_TRUE(supervisor_->wait_for_exit(name, kPatience).has_value()) << name;
}

void ClusterTest::start(const std::string& name) {
  const auto started = supervisor_->start(name);
  ASSERT_TRUE(started.has_value()) << started.error();
}

std::string ClusterTest::leader() const {
  for (const auto& node : nodes()) {
    const auto shown = ask(node, "/v1/node");  // it may be the one that was killed
    if (!shown.empty()) return text_field(shown, "leader");
  }
  ADD_FAILURE() << "no validator answers";
  return {};
}

std::vector<std::string> ClusterTest::backups() const {
  std::vector<std::string> out;
  const std::string leading = leader();
  for (const auto& node : nodes()) {
    if (node.name != leading) out.push_back(node.name);
  }
  return out;
}

void ClusterTest::wait_height(std::uint64_t height) const {
  for (const auto& node : nodes()) {
    const bool came = until([&] {
      const auto document = get(node, "/v1/node");
      const auto* heights = object_field(document, "height");
      return heights != nullptr && number_field(*heights, "stored") >= height;
    });
    ASSERT_TRUE(came) << node.name << " did not reach height " << height;
  }
}

void ClusterTest::expect_equal_headers(std::uint64_t from) const {
  std::map<std::uint64_t, std::string> hashes;
  std::uint64_t common = UINT64_MAX;
  for (const auto& node : nodes()) {
    std::uint64_t highest = 0;
    std::string cursor;
    do {
      const auto page = get(node, "/v1/blocks?limit=1000" + cursor);
      const auto* items = array_field(page, "items");
      ASSERT_NE(items, nullptr);
      for (const auto& item : *items) {
        const auto& block = item.get_object();
        const std::uint64_t height = number_field(block, "height");
        const std::string hash = text_field(*object_field(block, "header"), "hash");
        highest = std::max(highest, height);
        const auto [known, is_new] = hashes.try_emplace(height, hash);
        EXPECT_EQ(known->second, hash) << node.name << " has another header at height " << height;
      }
      const std::string next = text_field(page, "next_cursor");
      cursor = next.empty() ? "" : "&cursor=" + next;
    } while (!cursor.empty());
    common = std::min(common, highest);
  }
  EXPECT_GT(common, 0U);
  const std::uint64_t oldest = hashes.begin()->first;
  EXPECT_LE(oldest, from);
  EXPECT_GT(hashes.size(), common - oldest) << "there is a block at every height";
}

// ledger I1, seen from outside: for every token the balances of all accounts sum up to issued -
// redeemed.
void ClusterTest::expect_conservation() const {
  for (const auto& node : nodes()) {
    std::map<std::string, ledger::Amount> balances;
    const auto institutions = get(node, "/v1/institutions?limit=1000");
    for (const auto& institution : *array_field(institutions, "items")) {
      const std::string name = text_field(institution.get_object(), "name");
      const auto accounts = get(node, "/v1/accounts?limit=1000&servicer=" + name);
      for (const auto& account : *array_field(accounts, "items")) {
        for (const auto& position : *array_field(account.get_object(), "positions")) {
          const auto& fields = position.get_object();
          ledger::DecimalError ignored{};
          auto& sum = balances[text_field(fields, "token")];
          sum = *ledger::checked_add(
              sum, *ledger::from_decimal(text_field(fields, "posted"), 2, ignored));
        }
      }
    }
    const auto tokens = get(node, "/v1/tokens?limit=1000");
    for (const auto& token : *array_field(tokens, "items")) {
      const auto& fields = token.get_object();
      EXPECT_EQ(ledger::to_decimal(balances[text_field(fields, "name")], 2),
                text_field(fields, "outstanding"))
          << node.name << " " << text_field(fields, "name");
    }
  }
}

void ClusterTest::expect_no_evidence() const {
  for (const auto& node : nodes()) {
    const std::string log = read_text(supervisor_->network().node_log(node));
    EXPECT_EQ(log.find("event=evidence"), std::string::npos) << node.name;
    EXPECT_EQ(log.find("event=votes_stopped"), std::string::npos) << node.name;
  }
}

}  // namespace giro::process_test
