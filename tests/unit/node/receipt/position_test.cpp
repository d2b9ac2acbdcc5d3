// A position proof stands only as it was made (ledger 9.2, 9.4): whatever is changed in it, or
// claimed of another account, height, chain or set of validators, is refused offline.
#include "node/receipt/position.h"

#include <gtest/gtest.h>

#include "node/ledger/roots.h"
#include "node/receipt/limits.h"
#include "tests/unit/node/receipt/receipt_builder.h"
#include "tests/unit/node/receipt/tamper.h"

namespace giro::receipt {
namespace {

using test::digest;

constexpr ledger::TokenId kHeldToken = 3;

struct Wanted {
  std::uint64_t slot = 4;
  std::uint64_t records = 7;  // of the state's tree
  std::uint64_t later_headers = 0;
  std::size_t set_changes = 0;
  std::vector<std::uint32_t> voters{0, 1, 3};
};

ledger::AccountId account_at(std::uint64_t slot) {
  ledger::AccountId id;
  id.bytes.fill(static_cast<std::byte>(0x40 + slot));
  return id;
}

ledger::Position position_at(std::uint64_t slot) {
  ledger::Position position;
  position.posted = {0, 98'877 + slot};
  position.held = {0, 500};
  position.frozen = {0, 1};
  position.dr_total = {0, 1'123};
  position.cr_total = {0, 100'000 + slot};
  position.dr_count = 2;
  position.cr_count = 1;
  position.entry_seq = 3;
  position.entry_chain = digest("chain of " + std::to_string(slot));
  position.limits.max_tx = {0, 7'000};
  position.day = 20'000;
  position.day_used = {0, 1'123};
  position.day_ops = 2;
  position.last_height = 40;
  return position;
}

Hash record_leaf(std::uint64_t slot) {
  return ledger::state_leaf(ledger::position_key(kHeldToken, account_at(slot)),
                            ledger::encode(position_at(slot)));
}

PositionProof proof_of(const Wanted& wanted = {}) {
  PositionProof proof;
  proof.chain = test::genesis().chain;
  proof.token = kHeldToken;
  proof.account = account_at(wanted.slot);
  proof.position = position_at(wanted.slot);
  std::vector<Hash> leaves;
  for (std::uint64_t slot = 0; slot < wanted.records; ++slot) leaves.push_back(record_leaf(slot));
  proof.path = neighbours(wanted.slot, wanted.records, crypto::merkle_path(leaves, wanted.slot));
  proof.chain_value = digest("chain value");
  const std::uint64_t epoch = wanted.set_changes == 0 ? 0 : 9;
  proof.header = test::header_at(epoch, epoch * 100 + 42);
  proof.header.state_root = ledger::state_root(crypto::merkle_root(leaves), proof.chain_value);
  for (std::uint64_t i = 1; i <= wanted.later_headers; ++i) {
    auto header = test::header_at(epoch, proof.header.height.value + i);
    header.previous = proof.attested_header().hash(proof.chain);
    proof.later_headers.push_back(header);
  }
  if (wanted.set_changes >= 1)
    proof.lineage.push_back(
        test::set_change(proof.chain, 2, test::kGenesisKeys, test::kSecondKeys, {0, 1, 2}));
  if (wanted.set_changes >= 2)
    proof.lineage.push_back(
        test::set_change(proof.chain, 6, test::kSecondKeys, test::kThirdKeys, {0, 2, 3, 4}));
  proof.attestation = test::attest(proof.chain, proof.attested_header(),
                                   test::keys_of(wanted.set_changes), wanted.voters);
  return proof;
}

const Wanted kLong{.later_headers = 1, .set_changes = 2, .voters = {0, 1, 2, 4}};

TEST(PositionProof, of_every_record_of_trees_of_every_size_is_accepted) {
  for (std::uint64_t records = 1; records <= 17; ++records) {
    for (std::uint64_t slot = 0; slot < records; ++slot) {
      const auto proof = proof_of({.slot = slot, .records = records});
      EXPECT_TRUE(verify(proof, test::genesis())) << slot << " of " << records;
    }
  }
}

TEST(PositionProof, has_one_text) {
  for (const Wanted& wanted : {Wanted{}, kLong}) {
    const auto proof = proof_of(wanted);
    const std::string text = to_json(proof);
    const auto read = position_from_json(text + "\n");
    ASSERT_TRUE(read);
    EXPECT_EQ(to_json(*read), text);
    const auto facts = verify_position_json(text, test::genesis());
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->set_changes, wanted.set_changes);
    EXPECT_EQ(facts->header_hash, proof.header.hash(proof.chain));
  }
}

TEST(PositionProof, of_which_any_part_was_changed_is_refused) {
  for (const auto& [wanted, bits] : {std::pair(Wanted{}, 8), std::pair(kLong, 1)}) {
    const std::string text = to_json(proof_of(wanted));
    ASSERT_TRUE(verify_position_json(text, test::genesis()));
    const auto mutations = test::tampered(text, bits);
    EXPECT_GE(mutations.size(), 200U);
    for (const auto& [what, edited] : mutations)
      ASSERT_FALSE(verify_position_json(edited, test::genesis())) << what;
  }
}

using Edit = void (*)(PositionProof&);
struct Case {
  const char* what;
  Edit edit;
  Failure failure;
};

const Case kCases[] = {
    {"more money", [](PositionProof& p) { p.position.posted.lo += 1; }, Failure::BadPath},
    {"less held", [](PositionProof& p) { p.position.held = {}; }, Failure::BadPath},
    {"less frozen", [](PositionProof& p) { p.position.frozen = {}; }, Failure::BadPath},
    {"other debits", [](PositionProof& p) { p.position.dr_total.lo ^= 1; }, Failure::BadPath},
    {"other credits", [](PositionProof& p) { p.position.cr_total.hi = 1; }, Failure::BadPath},
    {"fewer entries", [](PositionProof& p) { p.position.entry_seq -= 1; }, Failure::BadPath},
    {"other entries", [](PositionProof& p) { p.position.entry_chain = digest("x"); },
     Failure::BadPath},
    {"no limit", [](PositionProof& p) { p.position.limits = {}; }, Failure::BadPath},
    {"another day", [](PositionProof& p) { p.position.day += 1; }, Failure::BadPath},
    {"another token", [](PositionProof& p) { p.token = kHeldToken + 1; }, Failure::BadPath},
    {"another account", [](PositionProof& p) { p.account = account_at(5); }, Failure::BadPath},
    {"another's record", [](PositionProof& p) { p.position = position_at(5); }, Failure::BadPath},
    {"another's record and name",
     [](PositionProof& p) {
       p.account = account_at(5);
       p.position = position_at(5);
     },
     Failure::BadPath},
    {"the other side", [](PositionProof& p) { p.path[0].is_left = !p.path[0].is_left; },
     Failure::BadPath},
    {"a step less", [](PositionProof& p) { p.path.pop_back(); }, Failure::BadPath},
    {"no first step", [](PositionProof& p) { p.path.erase(p.path.begin()); }, Failure::BadPath},
    {"a step more", [](PositionProof& p) { p.path.push_back(p.path.back()); }, Failure::BadPath},
    {"steps exchanged", [](PositionProof& p) { std::swap(p.path[0], p.path[1]); },
     Failure::BadPath},
    {"too many steps", [](PositionProof& p) { p.path.resize(kStatePathMax + 1); },
     Failure::Malformed},
    {"another chain value", [](PositionProof& p) { p.chain_value = digest("y"); },
     Failure::BadPath},
    {"another chain", [](PositionProof& p) { p.chain = digest("another chain"); },
     Failure::WrongChain},
    {"another height, attested too",
     [](PositionProof& p) {
       p.header = test::header_at(0, 43);
       p.attestation = test::attest(p.chain, p.header, test::kGenesisKeys, {0, 1, 3});
     },
     Failure::BadPath},
    {"another height", [](PositionProof& p) { p.header.height.value += 1; }, Failure::BadSignature},
    {"another time", [](PositionProof& p) { p.header.time.ms += 1; }, Failure::BadSignature},
    {"votes of another header",
     [](PositionProof& p) {
       p.attestation = test::attest(p.chain, test::header_at(0, 43), test::kGenesisKeys, {0, 1, 3});
     },
     Failure::BadSignature},
    {"votes of others",
     [](PositionProof& p) {
       p.attestation = test::attest(p.chain, p.header, {201, 202, 203, 204}, {0, 1, 3});
     },
     Failure::BadSignature},
    {"votes of another chain",
     [](PositionProof& p) {
       p.attestation = test::attest(digest("z"), p.header, test::kGenesisKeys, {0, 1, 3});
     },
     Failure::BadSignature},
    {"a vote twice", [](PositionProof& p) { p.attestation[1] = p.attestation[0]; },
     Failure::BadSignature},
    {"votes out of order", [](PositionProof& p) { std::swap(p.attestation[0], p.attestation[1]); },
     Failure::BadSignature},
    {"a vote of nobody", [](PositionProof& p) { p.attestation[2].voter.value = 4; },
     Failure::BadSignature},
    {"too few votes", [](PositionProof& p) { p.attestation.pop_back(); }, Failure::NoQuorum},
    {"no votes", [](PositionProof& p) { p.attestation.clear(); }, Failure::NoQuorum},
    {"a later header that does not follow",
     [](PositionProof& p) { p.later_headers.push_back(test::header_at(0, 43)); }, Failure::BadPath},
    {"a lineage that never was",
     [](PositionProof& p) {
       p.lineage.push_back(
           test::set_change(p.chain, 0, {201, 202, 203, 204}, test::kSecondKeys, {0, 1, 2}));
     },
     Failure::BadLineage},
};

TEST(PositionProof, each_lie_has_its_failure) {
  for (const Case& one : kCases) {
    PositionProof proof = proof_of();
    one.edit(proof);
    const auto facts = verify(proof, test::genesis());
    ASSERT_FALSE(facts) << one.what;
    EXPECT_EQ(name(facts.error()), name(one.failure)) << one.what;
    EXPECT_FALSE(verify_position_json(to_json(proof), test::genesis())) << one.what;
  }
}

TEST(PositionProof, with_a_link_of_the_lineage_left_out_moved_or_changed_is_refused) {
  const auto refused = [](Edit edit) {
    PositionProof proof = proof_of(kLong);
    edit(proof);
    const auto facts = verify(proof, test::genesis());
    return !facts && facts.error() == Failure::BadLineage;
  };
  PositionProof shorter = proof_of(kLong);
  shorter.lineage.pop_back();
  EXPECT_EQ(verify(shorter, test::genesis()).error(), Failure::BadSignature)
      << "one of the votes is by a key that the set before did not have";
  EXPECT_TRUE(refused([](PositionProof& p) { p.lineage.erase(p.lineage.begin()); }));
  EXPECT_TRUE(refused([](PositionProof& p) { p.lineage.push_back(p.lineage.back()); }));
  EXPECT_TRUE(refused([](PositionProof& p) { std::swap(p.lineage[0], p.lineage[1]); }));
  EXPECT_TRUE(refused([](PositionProof& p) { p.lineage[1].set.epoch.value += 1; }));
  EXPECT_TRUE(refused([](PositionProof& p) { p.lineage[1].set.members.pop_back(); }));
  EXPECT_TRUE(refused([](PositionProof& p) { p.lineage[0].attestation.pop_back(); }));
}

TEST(PositionProof, is_refused_for_another_genesis_file) {
  Genesis other = test::genesis();
  other.members[0].key = test::secret(999).public_key();
  EXPECT_EQ(verify(proof_of(), other).error(), Failure::BadSignature);
  other = test::genesis();
  other.chain = digest("another file");
  EXPECT_EQ(verify(proof_of(), other).error(), Failure::WrongChain);
}

}  // namespace
}  // namespace giro::receipt
