#include "node/runtime/evidence_book.h"

#include <gtest/gtest.h>

#include "consensus/limits.h"
#include "tests/unit/node/runtime/demo_ledger.h"

namespace giro::runtime {
namespace {

consensus::Evidence proof_against(std::uint32_t seat, std::uint64_t height,
                                  std::uint64_t epoch = 0) {
  consensus::ConflictingVotes proof;
  for (consensus::Vote* vote : {&proof.first, &proof.second}) {
    vote->content.kind = consensus::VoteKind::Prepare;
    vote->content.epoch = {epoch};
    vote->content.height = {height};
    vote->voter = {seat};
  }
  proof.second.content.digest.bytes.fill(std::byte{1});
  return proof;
}

TEST(EvidenceBook, Names_who_had_the_seat_in_that_epoch_and_his_key) {
  const DemoLedger demo;
  EvidenceBook book({proof_against(1, 5)});
  book.add(proof_against(3, 6));
  const auto shown = book.list(*demo.state());
  ASSERT_EQ(shown.size(), 2U);
  EXPECT_EQ(shown[0].institution, 2U);
  EXPECT_EQ(shown[0].key, demo.validator_key(1).public_key());
  EXPECT_EQ(shown[1].institution, 4U);
  EXPECT_EQ(shown[1].evidence, proof_against(3, 6));
}

TEST(EvidenceBook, What_the_stored_ledger_does_not_reach_yet_has_no_name) {
  const DemoLedger demo;
  const EvidenceBook book({proof_against(1, 5, 7), proof_against(9, 5)});
  const auto shown = book.list(*demo.state());
  ASSERT_EQ(shown.size(), 2U);
  EXPECT_EQ(shown[0].institution, 0U);
  EXPECT_EQ(shown[1].institution, 0U);
}

// protocol R11.
TEST(EvidenceBook, Holds_the_first_breach_and_names_the_seats_of_its_epoch) {
  const DemoLedger demo;
  EvidenceBook book({});
  EXPECT_FALSE(book.breach(*demo.state()).has_value());
  consensus::BreachRecord first;
  first.height = {5};
  book.add(first);
  consensus::BreachRecord second = first;
  second.height = {6};
  book.add(second);
  const auto shown = book.breach(*demo.state());
  ASSERT_TRUE(shown.has_value());
  EXPECT_EQ(shown->record, first);
  EXPECT_EQ(shown->seats, (std::vector<std::uint32_t>{1, 2, 3, 4}));
  EXPECT_EQ(EvidenceBook({}, second).breach(*demo.state())->record, second);
}

// The log is written anew when it is cut: everything comes once more (protocol R34).
TEST(EvidenceBook, Holds_each_proof_once_and_the_newest_of_too_many) {
  const DemoLedger demo;
  EvidenceBook book({proof_against(1, 5)});
  book.add(proof_against(1, 5));
  EXPECT_EQ(book.list(*demo.state()).size(), 1U);
  for (std::uint64_t height = 6; height < 6 + consensus::kEvidenceMax; ++height)
    book.add(proof_against(1, height));
  const auto shown = book.list(*demo.state());
  ASSERT_EQ(shown.size(), consensus::kEvidenceMax);
  EXPECT_EQ(height_of(shown.front().evidence).value, 6U);
}

}  // namespace
}  // namespace giro::runtime
