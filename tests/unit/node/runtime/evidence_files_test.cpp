#include "node/runtime/evidence_files.h"

#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "storage/file_memory.h"

namespace giro::runtime {
namespace {

namespace json = boost::json;

class EvidenceFilesTest : public ::testing::Test {
 protected:
  EvidenceFilesTest() { EXPECT_TRUE(disk_.create_directory("data").has_value()); }

  static consensus::Divergence divergence() {
    consensus::Divergence found{.epoch = {1}, .height = {41}};
    found.ours = consensus::Header{};
    found.ours->height = {41};
    found.votes.resize(2);
    return found;
  }
  static consensus::Evidence proof(std::uint64_t height) {
    consensus::ConflictingVotes proof;
    for (consensus::Vote* vote : {&proof.first, &proof.second}) {
      vote->content.height = {height};
      vote->voter = {2};
    }
    proof.second.content.digest.bytes.fill(std::byte{1});
    return proof;
  }
  [[nodiscard]] std::vector<std::string> names() {
    return disk_.list("data/evidence").value_or(std::vector<std::string>());
  }
  [[nodiscard]] json::object read(const std::string& name) {
    const auto bytes = storage::read_whole(disk_, "data/evidence/" + name, 1 << 20);
    return bytes ? json::parse(crypto::as_text(*bytes)).as_object() : json::object();
  }

  storage::MemoryFilePort disk_;
  crypto::Hash chain_ = crypto::sha256(crypto::as_view(std::string("chain")));
  EvidenceFiles files_{disk_, "data", chain_};
};

// protocol R17.
TEST_F(EvidenceFilesTest, A_divergence_has_its_own_header_and_what_others_say) {
  ledger::ValidatorSet set;
  set.members.push_back({.institution = 7, .key = {}});
  EXPECT_EQ(files_.keep(divergence(), set), std::nullopt);
  ASSERT_EQ(names(), std::vector<std::string>{"000000000041-diverged.json"});
  const auto file = read(names()[0]);
  EXPECT_EQ(file.at("format"), "giro-evidence/1");
  EXPECT_EQ(file.at("chain").as_string(), crypto::to_hex(chain_));
  EXPECT_EQ(file.at("kind"), "DIVERGED");
  EXPECT_EQ(file.at("ours").at("hash").as_string(),
            crypto::to_hex(divergence().ours->hash(chain_)));
  EXPECT_EQ(file.at("their_votes").as_array().size(), 2U);
  EXPECT_EQ(file.at("validators").as_array()[0].at("institution"), 7);

  // What a snapshot's content shows has neither votes nor a certificate, and it comes later.
  EXPECT_EQ(files_.keep(consensus::Divergence{.epoch = {1}, .height = {41}}, {}), std::nullopt);
  EXPECT_EQ(read(names()[0]), file) << "written over";
}

// protocol R46.
TEST_F(EvidenceFilesTest, Each_proof_is_kept_once_and_by_height) {
  for (const std::uint64_t height : {9U, 10U, 9U})
    EXPECT_EQ(files_.keep(proof(height), {}), std::nullopt);
  const auto all = names();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_TRUE(all[0].starts_with("000000000009-member-2-")) << all[0];
  EXPECT_TRUE(all[1].starts_with("000000000010-member-2-")) << all[1];
  EXPECT_EQ(read(all[0]).at("kind"), "CONFLICTING_VOTES");
  EXPECT_TRUE(read(all[0]).at("validators").is_null());
  consensus::BreachRecord breach;
  breach.height = {12};
  EXPECT_EQ(files_.keep(breach, {}), std::nullopt);
  EXPECT_EQ(read("000000000012-agreement-broken.json").at("kind"), "AGREEMENT_BROKEN");
}

TEST_F(EvidenceFilesTest, A_full_folder_and_a_full_disk_are_told) {
  ASSERT_TRUE(disk_.create_directory("data/evidence").has_value());
  for (std::size_t i = 0; i < kEvidenceFilesMax; ++i)
    ASSERT_TRUE(disk_.open("data/evidence/" + std::to_string(i), storage::OpenMode::Create));
  const auto full = files_.keep(proof(9), {});
  ASSERT_TRUE(full.has_value());
  EXPECT_NE(full->find("move them away"), std::string::npos) << *full;
  EXPECT_EQ(names().size(), kEvidenceFilesMax);
  // A start goes by the one (protocol R11), and of the other there is one.
  EXPECT_EQ(files_.keep(consensus::BreachRecord{}, {}), std::nullopt);
  EXPECT_EQ(files_.keep(divergence(), {}), std::nullopt);
  EXPECT_EQ(names().size(), kEvidenceFilesMax + 2);

  storage::MemoryFilePort small(64);
  ASSERT_TRUE(small.create_directory("data").has_value());
  EXPECT_TRUE(EvidenceFiles(small, "data", chain_).keep(proof(9), {}).has_value());
}

}  // namespace
}  // namespace giro::runtime
