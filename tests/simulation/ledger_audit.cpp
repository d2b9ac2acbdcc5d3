#include "tests/simulation/ledger_audit.h"

#include "crypto/check.h"
#include "node/config/genesis_file.h"
#include "tests/unit/node/ledger/reference/compare.h"

namespace giro::sim {
namespace {

using ledger::reference::Submitted;

ledger::Genesis genesis_of(const NetworkSetup& setup) {
  auto genesis = config::parse_genesis_file(setup.genesis_file());
  GIRO_CHECK(genesis.has_value(), genesis.error());
  return std::move(genesis->ledger);
}

// What no key has signed, or nobody can read, is void: an operation of no version, at its place in
// the block.
Submitted submitted(const crypto::Hash& chain, crypto::ByteView bytes) {
  const auto decoded = ledger::decode(chain, {bytes.begin(), bytes.end()});
  if (!decoded) return {};
  Submitted given{decoded->operation(), {}};
  for (const auto& check : decoded->signature_checks()) {
    if (!crypto::verify(check.key, check.message, check.signature)) return {};
    if (check.message == decoded->signature_checks().front().message)
      given.signers.insert(check.key);
  }
  return given;
}

}  // namespace

LedgerAudit::LedgerAudit(const NetworkSetup& setup)
    : chain_(setup.chain()), reference_(genesis_of(setup)) {}

std::string LedgerAudit::execute(const consensus::Block& block) {
  if (block.height.value != reference_.state.height + 1) return "another height than the next one";
  std::vector<Submitted> operations;
  for (const auto& id : block.batches) {
    const auto batch = batches_.find(id);
    if (batch == batches_.end()) return "it names a batch that nobody sent";
    for (std::size_t i = 0; i < batch->second->operations.size(); ++i)
      operations.push_back(submitted(chain_, batch->second->operation(i)));
  }
  (void)reference_.block(block.time.ms, operations);
  return {};
}

std::string LedgerAudit::compare(const ledger::StateView& state) const {
  return ledger::reference::differences(reference_.state, state);
}

}  // namespace giro::sim
