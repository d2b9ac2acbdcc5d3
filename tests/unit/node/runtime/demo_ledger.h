// The demo network with keys of its own, for tests of the runtime: its first state, and signed
// operations on it.
#pragma once

#include <map>
#include <memory>

#include "crypto/check.h"
#include "node/config/demo_genesis.h"
#include "node/ledger/encode.h"
#include "node/runtime/service.h"

namespace giro::runtime {

inline constexpr std::uint64_t kEpochBlocks = 10;  // of Parameters::tiny()

class DemoLedger {
 public:
  explicit DemoLedger(const consensus::Parameters& parameters = {}) {
    config::DemoSetup setup;
    setup.parameters = parameters;
    setup.time = {1'700'000'000'000};
    for (const auto& entry : config::demo_operators()) {
      auto key = crypto::SecretKey::generate();
      setup.operators.emplace(entry, key.public_key());
      operators_.emplace(entry.name(), std::move(key));
    }
    std::uint16_t port = 7301;
    for (const auto& name : config::demo_validators()) {
      auto key = crypto::SecretKey::generate();
      setup.validators.emplace(name,
                               config::DemoValidator{key.public_key(), {"127.0.0.1", port++}});
      validators_.push_back(std::move(key));
    }
    file_ = config::write_genesis_file(config::demo_genesis(setup));
    auto checked = config::check_genesis_file(file_);
    GIRO_CHECK(checked.has_value(), checked.error());
    genesis_ = std::make_unique<config::CheckedGenesis>(std::move(*checked));
  }

  [[nodiscard]] const crypto::Hash& chain() const { return genesis_->chain_id; }
  [[nodiscard]] consensus::WallTime time() const { return {genesis_->genesis.ledger.time.value}; }
  [[nodiscard]] const config::CheckedGenesis& genesis() const { return *genesis_; }

  [[nodiscard]] const std::string& genesis_file() const { return file_; }
  // In the order of config::demo_validators(), which is that of the seats.
  [[nodiscard]] const crypto::SecretKey& validator_key(std::size_t seat) const {
    return validators_.at(seat);
  }

  // The state after block 0.
  [[nodiscard]] std::shared_ptr<const ReadView> state() const {
    return std::make_shared<State>(genesis_->block.writes, time());
  }

  // ALICE pays MERCHANT inside bank-a: one signature. `id` gives the UETR.
  [[nodiscard]] crypto::Bytes transfer(std::uint32_t id, std::uint64_t cents = 100,
                                       std::int64_t lifetime_ms = 60'000) const {
    const auto aliases = config::demo_aliases();
    ledger::Transfer transfer;
    transfer.terms.uetr = uetr(id);
    transfer.terms.payer_bank = transfer.terms.payee_bank = 1;
    transfer.terms.payer_account = aliases.at("ALICE").account;
    transfer.terms.payee_account = aliases.at("MERCHANT").account;
    transfer.terms.token_from = transfer.terms.token_to = 1;
    transfer.terms.amount = {0, cents};
    transfer.terms.charge_bearer = ledger::ChargeBearer::Shar;
    const ledger::Operation operation{.actor = 1,
                                      .op_id = uetr(id),
                                      .valid_until = {time().ms + lifetime_ms},
                                      .action = transfer};
    const auto body = ledger::encode_body(operation);
    const auto& key = operators_.at("bank-a-maker-1");
    const auto signature =
        key.sign(ledger::operation_sign_bytes(chain(), ledger::operation_hash(body)));
    return ledger::encode_signed_operation(body, {{key.public_key(), signature}});
  }
  [[nodiscard]] static ledger::Uetr uetr(std::uint32_t id) {
    ledger::Uetr uetr;
    for (std::size_t i = 0; i < 4; ++i) uetr.bytes[i] = static_cast<std::byte>(id >> (24 - 8 * i));
    uetr.bytes[6] = std::byte{0x40};
    uetr.bytes[8] = std::byte{0x80};
    uetr.bytes[15] = std::byte{1};
    return uetr;
  }

 private:
  class State final : public ReadView {
   public:
    State(const std::vector<ledger::Write>& writes, consensus::WallTime time) : time_(time) {
      for (const auto& write : writes) rows_[write.key] = *write.value;
    }
    std::optional<crypto::Bytes> get(crypto::ByteView key) const override {
      const auto found = rows_.find(crypto::to_bytes(key));
      return found == rows_.end() ? std::nullopt : std::optional(found->second);
    }
    void scan(crypto::ByteView from, crypto::ByteView to,
              const std::function<bool(crypto::ByteView, crypto::ByteView)>& visit) const override {
      const auto end = to.empty() ? rows_.end() : rows_.lower_bound(crypto::to_bytes(to));
      for (auto row = rows_.lower_bound(crypto::to_bytes(from)); row != end; ++row) {
        if (!visit(row->first, row->second)) return;
      }
    }
    consensus::Height height() const override { return {0}; }
    consensus::WallTime time() const override { return time_; }

   private:
    std::map<crypto::Bytes, crypto::Bytes> rows_;
    consensus::WallTime time_;
  };

  std::map<std::string, crypto::SecretKey> operators_;
  std::vector<crypto::SecretKey> validators_;
  std::string file_;
  std::unique_ptr<config::CheckedGenesis> genesis_;
};

}  // namespace giro::runtime
