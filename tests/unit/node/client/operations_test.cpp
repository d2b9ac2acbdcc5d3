#include "node/client/operations.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "crypto/digest.h"
#include "crypto/signer.h"
#include "node/client/journal.h"
#include "node/config/demo_genesis.h"
#include "node/ledger/ledger.h"
#include "tests/unit/node/client/demo.h"

namespace giro::client {
namespace {

namespace fs = std::filesystem;

// A directory of its own for each test, removed at its end.
struct Folder {
  Folder()
      : path(fs::temp_directory_path() / ("giro-client-" + receipt::to_uuid_text(new_uuid()))) {
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

const TokenFacts kEuro{.id = 2,
                       .name = "bank-a.EUR",
                       .issuer = "bank-a",
                       .currency = "EUR",
                       .scale = 2,
                       .checker_threshold = {},
                       .dual_threshold = {}};

TEST(Amounts, Are_read_strictly_in_the_scale_of_the_token) {
  EXPECT_EQ(parse_amount("12.5", kEuro), (ledger::Amount{0, 1250}));
  EXPECT_EQ(parse_amount("0.01", kEuro), (ledger::Amount{0, 1}));
  struct Row {
    const char* text;
    const char* code;
  };
  for (const Row row :
       {Row{"1.234", "BAD_SCALE"}, Row{"0", "ZERO_AMOUNT"}, Row{"0.00", "ZERO_AMOUNT"},
        Row{"10000000000000000000", "AMOUNT_OUT_OF_RANGE"}, Row{"", ""}, Row{"-1", ""},
        Row{"+1", ""}, Row{"1e3", ""}, Row{"1,00", ""}, Row{" 1", ""}, Row{"1.", ""}, Row{".5", ""},
        Row{"EUR 1", ""}}) {
    const auto amount = parse_amount(row.text, kEuro);
    ASSERT_FALSE(amount.has_value()) << row.text;
    EXPECT_EQ(amount.error().kind, ErrorKind::Usage);
    EXPECT_EQ(amount.error().code, row.code) << row.text;
  }
}

TEST(Accounts, Are_aliases_or_ids) {
  config::Profile profile;
  profile.institution = "bank-a";
  profile.aliases["ALICE"] = {"bank-a", {std::byte{1}}};
  const std::string id(32, 'b');
  EXPECT_EQ(parse_account("ALICE", profile)->servicer, "bank-a");
  EXPECT_EQ(parse_account(id, profile)->servicer, "bank-a");
  EXPECT_EQ(parse_account("bank-b/" + id, profile)->servicer, "bank-b");
  for (const std::string& text :
       std::vector<std::string>{"", "CAROL", "bank-b/", "/" + id, "bank-b/" + id + "0"}) {
    EXPECT_FALSE(parse_account(text, profile).has_value()) << text;
  }
}

TEST(Uuids, Are_of_version_4_and_new_each_time) {
  const auto a = new_uuid(), b = new_uuid();
  EXPECT_NE(a, b);
  EXPECT_TRUE(ledger::is_uuid_version_4(ledger::Uetr{a}));
}

TEST(Drafts, Name_actor_signers_and_encode_to_what_the_ledger_reads) {
  const auto directory = Directory::from_genesis(demo());
  const AccountRef alice{"bank-a", ledger::AccountId{config::demo_aliases().at("ALICE").account},
                         "ALICE"};
  const DraftOptions options{.op_id = {}, .now_ms = 1'700'000'000'000};

  const auto mint = draft_mint(directory, {"bank-a.EUR", alice, "10", "ref"}, options);
  ASSERT_TRUE(mint.has_value());
  EXPECT_EQ(mint->actor, "bank-a");
  ASSERT_EQ(mint->needs.size(), 1U);
  EXPECT_EQ(mint->needs[0].role, ledger::Role::Issuer);
  EXPECT_EQ(mint->needs[0].count, 2U);
  const auto large = draft_mint(directory, {"bank-a.EUR", alice, "10000000", "ref"}, options);
  ASSERT_TRUE(large.has_value());
  EXPECT_EQ(large->needs[0].count, 3U) << "ISSUER+1 from dual_threshold on";

  const auto redeem = draft_redeem(directory, {"bank-a.EUR", alice, "100000", "ref"}, options);
  ASSERT_TRUE(redeem.has_value());
  EXPECT_EQ(redeem->needs.size(), 3U) << "MAKER, TREASURY, and CHECKER from its threshold on";

  const auto open = draft_account_open(
      directory, {"bank-a", alice.id, {"bank-a.USD", "bank-a.EUR"}, "DE", ""}, options);
  ASSERT_TRUE(open.has_value());
  const auto create = draft_token_create(
      directory,
      {.issuer = "bank-a", .currency = "GBP", .cap = {}, .max_tx = {}, .min_tx = {}, .fee_max = {}},
      options);
  ASSERT_TRUE(create.has_value());

  const crypto::Hash chain = crypto::sha256(crypto::as_view("chain"));
  Keyring nobody({}, "bank-a", {});
  for (const Draft* draft : {&*mint, &*large, &*redeem, &*open, &*create}) {
    const auto refused = sign(*draft, nobody, chain);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::NotAllowed);
    const auto key = crypto::SecretKey::generate();
    const auto body = ledger::encode_body(draft->operation);
    const auto digest = ledger::operation_sign_bytes(chain, ledger::operation_hash(body));
    const auto decoded = ledger::decode(
        chain, ledger::encode_signed_operation(body, {{key.public_key(), key.sign(digest)}}));
    ASSERT_TRUE(decoded.has_value())
        << draft->summary << ": " << ledger::code_name(decoded.error());
  }
}

TEST(Drafts, What_does_not_exist_is_refused_by_name) {
  const auto directory = Directory::from_genesis(demo());
  const DraftOptions options{.op_id = {}, .now_ms = 1};
  const AccountRef account{"bank-a", {}, "x"};
  EXPECT_EQ(draft_mint(directory, {"bank-a.JPY", account, "1", ""}, options).error().kind,
            ErrorKind::Usage);
  EXPECT_FALSE(draft_account_open(directory, {"bank-z", {}, {}, "", ""}, options).has_value());
  EXPECT_FALSE(draft_account_open(directory, {"bank-a", {}, {}, "DEU", ""}, options).has_value());
  EXPECT_EQ(draft_token_create(directory,
                               {.issuer = "bank-a",
                                .currency = "XXX",
                                .cap = {},
                                .max_tx = {},
                                .min_tx = {},
                                .fee_max = {}},
                               options)
                .error()
                .code,
            "BAD_CURRENCY");
}

TEST(Keyring, Signs_with_different_keys_of_the_role_and_never_twice_with_one) {
  const Folder folder;
  std::vector<config::Profile::Key> keys;
  for (const char* name : {"issuer-1", "issuer-2", "both"}) {
    const auto file = folder.path / (std::string(name) + ".key");
    ASSERT_TRUE(crypto::write_key_file(file, crypto::SecretKey::generate(), "secret",
                                       crypto::ScryptCost::light()));
    config::Profile::Key key;
    key.name = name;
    key.path = file;
    key.roles = {"ISSUER"};
    if (key.name == "both") key.roles = {"MAKER", "ISSUER"};
    keys.push_back(key);
  }
  int asked = 0;
  Keyring ring(keys, "bank-a", [&asked](const std::string&) -> std::expected<std::string, Error> {
    ++asked;
    return "secret";
  });
  const crypto::Hash digest = crypto::sha256(crypto::as_view("x"));
  const auto three = ring.sign({{"bank-a", ledger::Role::Issuer, 3}}, digest);
  ASSERT_TRUE(three.has_value());
  EXPECT_EQ(three->size(), 3U);
  for (const auto& one : *three) EXPECT_TRUE(crypto::verify(one.public_key, digest, one.signature));
  EXPECT_EQ(asked, 3) << "each file is opened once";
  EXPECT_FALSE(ring.sign({{"bank-a", ledger::Role::Issuer, 4}}, digest).has_value());
  EXPECT_FALSE(
      ring.sign({{"bank-a", ledger::Role::Issuer, 3}, {"bank-a", ledger::Role::Maker, 1}}, digest)
          .has_value());
  EXPECT_FALSE(ring.sign({{"bank-b", ledger::Role::Issuer, 1}}, digest).has_value());
  EXPECT_EQ(asked, 3);
}

TEST(Journal, Keeps_the_bytes_before_they_are_sent_and_refuses_others_under_the_id) {
  const Folder folder;
  Journal journal(folder.path / "journal");
  JournalEntry entry{.actor = "bank-a",
                     .op_id = new_uuid(),
                     .summary = "PAY",
                     .created_ms = 1'700'000'000'000,
                     .operation_hash = {},
                     .signed_operation = {std::byte{1}, std::byte{2}},
                     .status = {}};
  ASSERT_EQ(*journal.find(entry.op_id), std::nullopt);
  ASSERT_TRUE(journal.begin(entry).has_value());
  ASSERT_TRUE(journal.begin(entry).has_value()) << "the same again is the same";
  const auto found = Journal(folder.path / "journal").find(entry.op_id);
  ASSERT_TRUE(found.has_value() && found->has_value());
  EXPECT_EQ((*found)->signed_operation, entry.signed_operation);
  EXPECT_EQ((*found)->created_ms, entry.created_ms);
  EXPECT_EQ((*found)->status, "");
  entry.signed_operation.push_back(std::byte{3});
  ASSERT_TRUE(journal.begin(entry).has_value()) << "a signature more is the same operation";
  EXPECT_EQ((**journal.find(entry.op_id)).signed_operation, entry.signed_operation);
  auto other = entry;
  other.operation_hash = crypto::sha256(crypto::as_view("other"));
  EXPECT_EQ(journal.begin(other).error().kind, ErrorKind::Usage);
  ASSERT_TRUE(journal.finish(entry.op_id, "COMMITTED").has_value());
  EXPECT_EQ((**journal.find(entry.op_id)).status, "COMMITTED");
}

// What is on the ledger can be shown to be of what was committed to, from what the journal keeps.
TEST(Journal, L12_commitments_are_opened_with_what_it_keeps) {
  const Folder folder;
  const auto directory = Directory::from_genesis(demo());
  const DraftOptions options{.op_id = {}, .now_ms = 1'700'000'000'000};
  const AccountRef alice{"bank-a", config::demo_aliases().at("ALICE").account, "ALICE"};
  const auto mint = draft_mint(directory, {"bank-a.EUR", alice, "10", "core 4711"}, options);
  const auto again = draft_mint(directory, {"bank-a.EUR", alice, "10", "core 4711"}, options);
  ASSERT_TRUE(mint && again);
  const auto& id = mint->operation.op_id.bytes;
  EXPECT_TRUE(Journal(folder.path).openings(id)->empty());
  ASSERT_TRUE(Journal(folder.path).keep(id, mint->openings));
  ASSERT_TRUE(Journal(folder.path).keep(id, again->openings)) << "made anew under the same id";
  const auto kept = Journal(folder.path).openings(id);
  ASSERT_TRUE(kept.has_value()) << kept.error().to_string();
  ASSERT_EQ(kept->size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& draft = i == 0 ? *mint : *again;
    Opening opening = (*kept)[i];
    EXPECT_EQ(opening.commit, std::get<ledger::Mint>(draft.operation.action).core_ref_commit);
    EXPECT_EQ(opening.data, "core 4711");
    EXPECT_TRUE(is_opened(opening));
    opening.data = "core 4712";
    EXPECT_FALSE(is_opened(opening));
  }
  EXPECT_NE((*kept)[0].commit, (*kept)[1].commit) << "each has its own salt";
  EXPECT_EQ(std::filesystem::status(Journal(folder.path).openings_file(id)).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::ofstream(Journal(folder.path).openings_file(id)) << "{}";
  EXPECT_EQ(Journal(folder.path).keep(id, mint->openings).error().kind, ErrorKind::Internal)
      << "what is there and cannot be read is not written over";
}

TEST(Journal, L12_every_commitment_that_is_made_here_can_be_opened) {
  const auto directory = Directory::from_genesis(demo());
  const DraftOptions options{.op_id = {}, .now_ms = 1'700'000'000'000};
  const AccountRef alice{"bank-a", config::demo_aliases().at("ALICE").account, "ALICE"};
  const auto redeem = draft_redeem(directory, {"bank-a.EUR", alice, "10", "IBAN"}, options);
  const auto open =
      draft_account_open(directory, {"bank-a", alice.id, {"bank-a.EUR"}, "", ""}, options);
  TokenCreateRequest request;
  request.issuer = "bank-a";
  request.currency = "JPY";
  const auto create = draft_token_create(directory, request, options);
  ASSERT_TRUE(redeem && open && create);
  for (const auto& [draft, commit] :
       {std::pair(&*redeem, std::get<ledger::Redeem>(redeem->operation.action).payout_commit),
        std::pair(&*open, std::get<ledger::AcctOpen>(open->operation.action).owner_ref),
        std::pair(&*create, std::get<ledger::TokenCreate>(create->operation.action).terms_hash)}) {
    ASSERT_EQ(draft->openings.size(), 1U) << draft->summary;
    EXPECT_EQ(draft->openings[0].commit, commit) << draft->summary;
    EXPECT_TRUE(is_opened(draft->openings[0])) << draft->summary;
  }
}

TEST(Journal, What_cannot_be_written_is_an_error_and_nothing_is_sent) {
  Journal journal("/proc/giro-journal");
  const auto begun = journal.begin({.actor = "bank-a",
                                    .op_id = new_uuid(),
                                    .summary = {},
                                    .created_ms = 0,
                                    .operation_hash = {},
                                    .signed_operation = {},
                                    .status = {}});
  ASSERT_FALSE(begun.has_value());
  EXPECT_EQ(exit_code(begun.error().kind), 74);
}

}  // namespace
}  // namespace giro::client
