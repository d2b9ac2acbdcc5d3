#include "node/receipt/verify.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>

#include "node/receipt/json.h"
#include "node/receipt/limits.h"
#include "tests/unit/node/receipt/receipt_builder.h"
#include "tests/unit/node/receipt/tamper_corpus.h"

namespace giro::receipt {
namespace {

using consensus::Header;
using test::attest_again;
using test::Corpus;
using test::digest;
using test::flip;
using test::genesis;
using test::kRich;
using test::make_receipt;
using test::secret;
using test::Shape;
using test::Tamper;
using test::tamper_corpus;

TEST(Verify, accepts_a_receipt_of_the_genesis_set) {
  const Receipt receipt = make_receipt();
  const auto verified = verify(receipt, genesis());
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->receipt_id, receipt_id(receipt));
  EXPECT_EQ(verified->header_hash, receipt.header.hash(receipt.chain));
  EXPECT_EQ(verified->set.members, genesis().members);
  EXPECT_EQ(verified->set_changes, 0u);
  EXPECT_TRUE(verified->body_checked);
}

TEST(Verify, accepts_every_place_in_every_size_of_block) {
  for (std::uint32_t operations = 1; operations <= 20; ++operations) {
    for (std::uint32_t index = 1; index <= operations; ++index) {
      ASSERT_TRUE(verify(make_receipt({.operations = operations, .index = index}), genesis()))
          << index << " of " << operations;
    }
  }
}

TEST(Verify, accepts_a_redacted_receipt_and_says_so) {
  const auto verified = verify(make_receipt({.redacted = true}), genesis());
  ASSERT_TRUE(verified);
  EXPECT_FALSE(verified->body_checked);
}

TEST(Verify, accepts_any_choice_of_events_and_tells_of_payments) {
  for (const std::vector<std::size_t>& shown :
       {std::vector<std::size_t>{}, {0}, {1}, {2}, {0, 2}, {0, 1, 2}}) {
    const Receipt receipt = make_receipt({.shown = shown});
    ASSERT_TRUE(verify(receipt, genesis())) << shown.size();
    const auto payments = shown_payments(receipt);
    const bool has_payment = std::ranges::find(shown, 1U) != shown.end();
    ASSERT_EQ(payments.size(), has_payment ? 1U : 0U);
    if (!has_payment) continue;
    EXPECT_EQ(payments.front().state, ledger::PaymentState::Settled);
    EXPECT_EQ(payments.front().terms.amount, (ledger::Amount{0, 12'345}));
  }
}

// What ended by its time-out has no operation: an EXPIRED payment.
TEST(Verify, accepts_what_the_sweep_did) {
  EXPECT_TRUE(verify(make_receipt({.index = 0, .shown = {1}}), genesis()));
  EXPECT_TRUE(verify(make_receipt({.operations = 1, .index = 0, .shown = {0, 1, 2}}), genesis()));
  EXPECT_EQ(verify(make_receipt({.index = 0}), genesis()).error(), Failure::Malformed);
  Receipt with_body = make_receipt({.index = 0, .shown = {1}});
  with_body.operation = make_receipt().operation;
  EXPECT_EQ(verify(with_body, genesis()).error(), Failure::Malformed);
}

TEST(Verify, accepts_the_attestation_of_a_later_header) {
  EXPECT_TRUE(verify(make_receipt({.later_headers = 3}), genesis()));
}

TEST(Verify, follows_changes_of_the_validator_set) {
  const auto verified = verify(make_receipt(kRich), genesis());
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->set_changes, 2u);
  EXPECT_EQ(verified->set.members, test::members_of(test::kThirdKeys));
  EXPECT_EQ(verified->set.epoch.value, 9u);
  EXPECT_TRUE(verify(make_receipt({.set_changes = 1, .voters = {0, 1, 2, 4}}), genesis()));
}

TEST(Verify, accepts_all_members_and_any_quorum) {
  for (const std::vector<std::uint32_t>& voters :
       {std::vector<std::uint32_t>{0, 1, 2}, {1, 2, 3}, {0, 2, 3}, {0, 1, 2, 3}}) {
    EXPECT_TRUE(verify(make_receipt({.voters = voters}), genesis()));
  }
}

TEST(Verify, id_does_not_depend_on_who_attested) {
  EXPECT_EQ(receipt_id(make_receipt({.later_headers = 1})),
            receipt_id(make_receipt({.voters = {1, 2, 3}})));
  EXPECT_NE(receipt_id(make_receipt({.index = 3})), receipt_id(make_receipt({.index = 4})));
}

TEST(Verify, a_weak_quorum_is_not_enough) {
  for (const std::vector<std::uint32_t>& voters :
       {std::vector<std::uint32_t>{}, {0}, {3}, {0, 1}, {2, 3}}) {
    EXPECT_EQ(verify(make_receipt({.voters = voters}), genesis()).error(), Failure::NoQuorum);
  }
}

TEST(TamperCorpus, is_refused_with_the_first_failure) {
  const Corpus corpus = tamper_corpus();
  EXPECT_GE(corpus.size(), 200u);
  RecordProperty("tampers", static_cast<int>(corpus.size()));
  std::set<std::string> names;
  for (const Tamper& tamper : corpus) {
    Receipt receipt = make_receipt(tamper.base);
    const Receipt before = receipt;
    ASSERT_TRUE(verify(receipt, genesis())) << tamper.name;
    tamper.edit(receipt);
    EXPECT_NE(receipt, before) << tamper.name;
    const auto verified = verify(receipt, genesis());
    ASSERT_FALSE(verified) << tamper.name;
    EXPECT_EQ(name(verified.error()), name(tamper.expected)) << tamper.name;
    EXPECT_TRUE(names.insert(tamper.name).second) << tamper.name;
  }
}

TEST(TamperCorpus, gives_the_same_failure_as_text) {
  for (const Tamper& tamper : tamper_corpus()) {
    Receipt receipt = make_receipt(tamper.base);
    tamper.edit(receipt);
    // A time without a text is not written; the reader refuses every other form.
    if (receipt.outcome.block_time.value < 0 ||
        receipt.outcome.block_time.value > 253'402'300'799'999) {
      continue;
    }
    const auto verified = verify_json(to_json(receipt), genesis());
    ASSERT_FALSE(verified) << tamper.name;
    EXPECT_EQ(name(verified.error()), name(tamper.expected)) << tamper.name;
  }
}

TEST(TamperCorpus, without_a_body_the_path_still_holds_its_hash) {
  Receipt receipt = make_receipt({.redacted = true});
  flip(receipt.outcome.operation_hash.bytes, 5);
  EXPECT_EQ(verify(receipt, genesis()).error(), Failure::BadPath);
}

TEST(Verify, another_genesis_is_refused) {
  Genesis other = genesis();
  flip(other.chain.bytes, 100);
  EXPECT_EQ(verify(make_receipt(), other).error(), Failure::WrongChain);
  other = genesis();
  other.members = test::members_of({901, 902, 903, 904});
  EXPECT_EQ(verify(make_receipt(), other).error(), Failure::BadSignature);
  other.members.clear();
  EXPECT_EQ(verify(make_receipt(), other).error(), Failure::BadLineage);
  other.members = genesis().members;
  std::swap(other.members[0], other.members[1]);
  EXPECT_EQ(verify(make_receipt(), other).error(), Failure::BadLineage);
}

TEST(Verify, an_empty_receipt_is_malformed) {
  EXPECT_EQ(verify(Receipt{}, Genesis{}).error(), Failure::Malformed);
  EXPECT_EQ(verify(Receipt{}, genesis()).error(), Failure::Malformed);
}

TEST(Failures, have_the_published_names) {
  const std::vector<std::string_view> names{"MALFORMED", "WRONG_CHAIN",   "BAD_LINEAGE", "BAD_BODY",
                                            "BAD_PATH",  "BAD_SIGNATURE", "NO_QUORUM"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(name(static_cast<Failure>(i)), names[i]);
  }
}

}  // namespace
}  // namespace giro::receipt
