// A node's list of institutions and tokens is believed as far as it agrees with the genesis file.
#include "node/client/directory.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "node/config/demo_genesis.h"
#include "tests/unit/node/client/demo.h"
#include "tests/unit/node/client/stub_node.h"

namespace giro::client {
namespace {

namespace json = boost::json;

class DirectoryTest : public ::testing::Test {
 protected:
  DirectoryTest() {
    pinned_.genesis = demo();
    const auto known = Directory::from_genesis(pinned_.genesis);
    for (const auto& each : known.institutions())
      institutions_.push_back(json::object{{"id", each.id}, {"name", each.name}});
    for (const auto& each : known.tokens())
      tokens_.push_back(json::object{{"id", each.id},
                                     {"name", each.name},
                                     {"issuer", each.issuer},
                                     {"currency", each.currency},
                                     {"scale", each.scale}});
  }
  [[nodiscard]] std::expected<Directory, Error> read() {
    StubNode node([this](const api::Request& request) {
      const bool is_tokens = request.target.starts_with("/v1/tokens");
      return json_answer(
          200, json::serialize(json::object{{"items", is_tokens ? tokens_ : institutions_},
                                            {"next_cursor", cursor_}}));
    });
    Client client({node.url()});
    return Directory::from_node(client, pinned_);
  }
  [[nodiscard]] json::object& token(std::string_view name) {
    for (auto& each : tokens_)
      if (each.at("name").as_string() == name) return each.as_object();
    throw std::out_of_range("no such token");
  }
  void expect_refused(std::string_view part) {
    const auto directory = read();
    ASSERT_FALSE(directory.has_value());
    EXPECT_EQ(directory.error().kind, ErrorKind::Internal);
    EXPECT_NE(directory.error().message.find(part), std::string::npos) << directory.error().message;
  }

  PinnedGenesis pinned_;
  json::array institutions_, tokens_;
  json::value cursor_ = nullptr;
};

TEST_F(DirectoryTest, What_agrees_is_believed_and_what_is_new_too) {
  tokens_.push_back(json::object{{"id", 900},
                                 {"name", "bank-a.GBP.2"},
                                 {"issuer", "bank-a"},
                                 {"currency", "GBP"},
                                 {"scale", 2}});
  institutions_.push_back(json::object{{"id", 90}, {"name", "bank-z"}});
  const auto directory = read();
  ASSERT_TRUE(directory.has_value()) << directory.error().message;
  EXPECT_EQ(directory->token("bank-a.GBP.2")->id, 900U);
  EXPECT_EQ(directory->institution("bank-z")->id, 90U);
}

// A hundred times what was ordered.
TEST_F(DirectoryTest, Decimals_that_the_currency_has_not) {
  token("bank-a.USD")["scale"] = 4;
  expect_refused("bank-a.USD has 4 decimals");
}

TEST_F(DirectoryTest, A_currency_that_nobody_knows) {
  token("bank-a.USD")["currency"] = "XXQ";
  expect_refused("XXQ");
}

TEST_F(DirectoryTest, A_name_that_is_not_its_issuer_and_currency) {
  token("bank-a.USD")["currency"] = "EUR";
  expect_refused("bank-a.USD is not a token in EUR of bank-a");
}

TEST_F(DirectoryTest, The_number_of_another_token) {
  std::swap(token("bank-a.USD")["id"], token("bank-a.EUR")["id"]);
  expect_refused("is another");
}

TEST_F(DirectoryTest, A_token_of_the_genesis_file_under_a_second_number_or_name) {
  json::object again = token("bank-a.USD");
  again["id"] = 900;
  tokens_.push_back(again);
  expect_refused("is there twice");
  again["id"] = token("bank-a.USD")["id"];
  again["name"] = "bank-a.USD.7";
  tokens_.back() = again;
  expect_refused("is there twice");
}

TEST_F(DirectoryTest, One_that_is_missing) {
  tokens_.erase(tokens_.begin());
  expect_refused("is missing");
}

TEST_F(DirectoryTest, The_number_of_another_institution) {
  std::swap(institutions_[0].as_object()["name"], institutions_[1].as_object()["name"]);
  expect_refused("is another");
}

TEST_F(DirectoryTest, A_list_without_end) {
  cursor_ = "again";
  expect_refused("has no end");
}

}  // namespace
}  // namespace giro::client
