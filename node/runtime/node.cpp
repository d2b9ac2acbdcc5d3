#include "node/runtime/node.h"

#include "node/runtime/entries.h"

#include <utility>

#include "node/ledger/outcome_leaf.h"
#include "node/runtime/node_parts.h"
#include "storage/file_posix.h"

namespace giro::runtime {

std::expected<std::unique_ptr<Node>, StartError> Node::open(const config::NodeConfig& config,
                                                            StartMode mode,
                                                            const Progress& progress) {
  auto files = std::make_unique<storage::PosixFilePort>();
  auto opened = open_node(config, mode, real_platform(*files, config), progress);
  if (!opened) return std::unexpected(opened.error());
  auto certificate = p2p::read_certificate(config.p2p.tls.cert, config.p2p.tls.key);
  if (!certificate) {
    return std::unexpected(StartError{
        ExitCode::Configuration, "p2p.tls: " + std::string(p2p::describe(certificate.error()))});
  }
  auto parts =
      std::make_unique<Parts>(std::move(files), std::move(*opened), std::move(*certificate));
  if (auto listening = parts->listen(); !listening) return std::unexpected(listening.error());
  return std::unique_ptr<Node>(new Node(std::move(parts)));
}

Node::Node(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Node::~Node() = default;

bool Node::run() {
  return parts_->run();
}
void Node::stop() {
  parts_->stop();
}

std::expected<bool, StartError> Node::adopt_floor() {
  return parts_->validator().adopt_floor();
}

const config::CheckedGenesis& Node::genesis() const {
  return parts_->validator().genesis;
}

void Node::submit(crypto::Bytes signed_operation, std::function<void(SubmitAnswer)> done) {
  parts_->validator().submit(std::move(signed_operation), std::move(done));
}

OperationInfo Node::operation(std::uint32_t actor, const OpId& op_id) {
  return parts_->validator().status({actor, op_id});
}

std::vector<ViewInfo> Node::views() {
  return parts_->validator().view_changes();
}
std::optional<OperationTrace> Node::trace(std::uint32_t actor, const OpId& op_id) {
  return parts_->validator().trace().find({actor, op_id});
}

bool Node::wait(std::uint32_t actor, const OpId& op_id, std::chrono::milliseconds timeout,
                std::function<void(OperationInfo)> done) {
  return parts_->validator().finality.wait({actor, op_id}, Finality::Clock::now() + timeout,
                                           std::move(done));
}

void Node::client_shows(const std::string& client, std::chrono::sys_seconds certificate_end) {
  parts_->certificate_watch().saw(
      client, certificate_end,
      std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
}

void Node::stop_waiting() {
  parts_->validator().finality.close();
}

std::shared_ptr<const ReadView> Node::read() {
  return parts_->validator().store->read();
}

std::optional<HeaderInfo> Node::header(consensus::Height height) {
  const Store& store = *parts_->validator().store;
  if (height > store.height()) return std::nullopt;
  const auto header = store.header(height);
  if (!header) return std::nullopt;
  HeaderInfo info{
      .header = *header, .header_hash = header->hash(parts_->validator().chain), .attest = {}};
  if (auto attest = store.attest_at_or_above(height); attest && attest->content.height == height)
    info.attest = std::move(attest);
  return info;
}

std::optional<BlockInfo> Node::block(consensus::Height height) {
  auto header = this->header(height);
  if (!header) return std::nullopt;
  const auto stored = parts_->validator().block(height);
  if (stored == nullptr) return std::nullopt;
  BlockInfo info{{std::move(*header)}, stored->block, stored->block_hash, {}};
  for (std::size_t i = 1; i < stored->leaves.size(); ++i) {
    const auto leaf = ledger::decode_leaf(stored->leaves[i].canonical);
    if (!leaf) return std::nullopt;
    info.operations.push_back({.actor = leaf->actor,
                               .op_id = leaf->op_id.bytes,
                               .operation_hash = leaf->operation_hash,
                               .type = stored->leaves[i].type,
                               .code = leaf->code,
                               .recorded = leaf->recorded});
  }
  return info;
}

std::optional<receipt::Receipt> Node::receipt(std::uint32_t actor, const OpId& op_id) {
  return parts_->validator().receipt({actor, op_id});
}

std::optional<BlockEvents> Node::events(consensus::Height height) {
  return parts_->validator().events(height);
}

std::optional<receipt::Receipt> Node::receipt_of_event(EventPlace place) {
  return parts_->validator().receipt_of_event(place);
}

std::expected<std::uint64_t, StatementNotHeld> Node::entries_before(
    ledger::TokenId token, const ledger::AccountId& account, const ledger::Position& position,
    consensus::WallTime time) {
  return runtime::entries_before(*parts_->validator().store, token, account, position, time);
}

bool Node::prove(ledger::TokenId token, const ledger::AccountId& account,
                 std::function<void(std::optional<receipt::PositionProof>)> done) {
  return parts_->validator().prove(token, account, std::move(done));
}

bool Node::attest(receipt::Attested& proof) {
  return parts_->validator().attest(proof);
}

Measures Node::measures() {
  return parts_->measures();
}

void Node::set_log_level(config::LogLevel level) {
  parts_->set_log_level(level);
}

NodeInfo Node::info() {
  return parts_->validator().info();
}

std::expected<Statement, StatementNotHeld> Node::statement(ledger::TokenId token,
                                                           const ledger::AccountId& account,
                                                           const ledger::Position& position,
                                                           std::uint64_t after, std::size_t limit) {
  return read_statement(*parts_->validator().store, token, account, position, after, limit);
}

std::vector<SnapshotInfo> Node::snapshots() {
  return parts_->validator().snapshots();
}

std::vector<EvidenceInfo> Node::evidence() {
  return parts_->validator().evidence();
}

std::optional<BreachInfo> Node::breach() {
  return parts_->validator().breach();
}

std::vector<Probe> Node::live() {
  return {{"core", parts_->validator().core_answers(), "the core loop answers within 5 s"}};
}

std::vector<Probe> Node::ready() {
  return parts_->validator().ready();
}

}  // namespace giro::runtime
