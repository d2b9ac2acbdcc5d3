// A validator of the demo network, its files and its store on a disk in memory.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <expected>
#include <memory>
#include <span>
#include <string>

#include "node/runtime/start.h"
#include "storage/file_memory.h"
#include "tests/unit/node/runtime/demo_ledger.h"
#include "tests/unit/node/runtime/file_store.h"

namespace giro::runtime {

class DiskNode : public ::testing::Test {
 protected:
  DiskNode() {
    config_.name = config::demo_validators().front();
    config_.genesis = "genesis.json";
    config_.chain_id = demo_->chain();
    config_.data_dir = "data";
    config_.sign_state_dir = "sign";
    config_.validator_key.emplace();
    EXPECT_TRUE(
        storage::write_whole(disk_, "genesis.json", crypto::as_view(demo_->genesis_file())));
    EXPECT_TRUE(create_sign_state(config_, platform()).has_value());
  }

  Platform platform() {
    return {.files = disk_,
            .open_store =
                [this](const std::string& directory) { return open_file_store(disk_, directory); },
            .open_key =
                [this](const config::NodeConfig&) {
                  return std::make_unique<crypto::KeySigner>(
                      *crypto::SecretKey::from_bytes(demo_->validator_key(0).reveal()));
                },
            .log = {.segment_bytes = 64 * 1024, .salt = storage::LogSalt{}},
            .random = [](std::span<std::byte> out) { std::ranges::fill(out, std::byte{7}); }};
  }
  std::expected<Opened, StartError> open() {
    return open_node(config_, StartMode::Normal, platform(),
                     [this](const std::string& text) { told_ += text + '\n'; });
  }

  std::shared_ptr<const DemoLedger> demo_ =
      std::make_shared<const DemoLedger>(consensus::Parameters::tiny());
  storage::MemoryFilePort disk_;
  config::NodeConfig config_;
  std::string told_;
};

}  // namespace giro::runtime
