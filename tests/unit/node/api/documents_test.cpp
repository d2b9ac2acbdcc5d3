// The API's own document, and the messages' schema: what they say is what is served.
#include <set>

#include "tests/unit/node/api/server_fixture.h"

namespace giro::api {
namespace {

// "GET /v1/tokens ?cursor ?limit ?min_height" for each operation.
using Described = std::set<std::string>;

class DocumentsTest : public ServerTest {
 protected:
  // A parameter as it stands, or where a reference leads.
  static const json::object& resolved(const json::value& document, const json::value& value) {
    const auto* reference = value.as_object().if_contains("$ref");
    if (reference == nullptr) return value.as_object();
    const std::string path(reference->as_string());
    return document.at_pointer(path.substr(1)).as_object();
  }
  static std::string line(std::string method, std::string_view pattern,
                          const std::set<std::string>& query) {
    for (char& c : method) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    std::string out = method + " " + std::string(pattern);
    for (const auto& name : query) out += " ?" + name;
    return out;
  }
  static Described described(const json::value& document) {
    Described out;
    for (const auto& [pattern, methods] : document.at("paths").as_object()) {
      for (const auto& [method, operation] : methods.as_object()) {
        std::set<std::string> query, path;
        if (const auto* list = operation.as_object().if_contains("parameters")) {
          for (const auto& each : list->as_array()) {
            const auto& parameter = resolved(document, each);
            const std::string name(parameter.at("name").as_string());
            if (parameter.at("in").as_string() == "query") query.insert(name);
            if (parameter.at("in").as_string() == "path") path.insert("{" + name + "}");
          }
        }
        out.insert(line(method, pattern, query));
        EXPECT_EQ(path, captures_of(pattern)) << pattern;
      }
    }
    return out;
  }
  static std::set<std::string> captures_of(std::string_view pattern) {
    std::set<std::string> out;
    for (auto at = pattern.find('{'); at != std::string_view::npos; at = pattern.find('{', at + 1))
      out.emplace(pattern.substr(at, pattern.find('}', at) - at + 1));
    return out;
  }
  Described served() const {
    Described out;
    for (const auto* route : server->routes().routes()) {
      if (route->pattern.starts_with("/v1/"))
        out.insert(line(route->method, route->pattern,
                        {route->parameters.begin(), route->parameters.end()}));
    }
    return out;
  }
};

TEST_F(DocumentsTest, The_OpenAPI_document_names_what_is_served_and_nothing_else) {
  const auto answer = get("/v1/openapi.json");
  ASSERT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.headers.at("content-type"), "application/json");
  const auto described_routes = described(json::value(document(answer)));
  EXPECT_GT(described_routes.size(), 30U);
  EXPECT_EQ(described_routes, served());
}

TEST_F(DocumentsTest, Every_operation_has_a_name_of_its_own_and_every_reference_leads_somewhere) {
  const auto answer = get("/v1/openapi.json");
  const auto whole = document(answer);
  std::set<std::string> names;
  for (const auto& [pattern, methods] : whole.at("paths").as_object())
    for (const auto& [method, operation] : methods.as_object())
      EXPECT_TRUE(names.emplace(operation.at("operationId").as_string()).second) << pattern;
  std::set<std::string> used;
  const auto text = json::serialize(whole);
  for (auto at = text.find("\"$ref\":\"#"); at != std::string::npos;
       at = text.find("\"$ref\":\"#", at + 1)) {
    const auto begin = at + std::string_view("\"$ref\":\"#").size();
    const auto path = text.substr(begin, text.find('"', begin) - begin);
    json::error_code error;
    EXPECT_NE(json::value(whole).find_pointer(path, error), nullptr) << path;
    used.insert(path);
  }
  for (const auto& [kind, members] : whole.at("components").as_object()) {
    if (kind == "securitySchemes") continue;  // named by "security"
    for (const auto& [name, member] : members.as_object())
      EXPECT_TRUE(used.contains("/components/" + std::string(kind) + "/" + std::string(name)))
          << "never used: " << kind << " " << name;
  }
}

TEST_F(DocumentsTest, The_schema_of_the_messages_is_served_whole) {
  const auto answer = get("/v1/schema.proto");
  ASSERT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.headers.at("content-type"), "text/plain; charset=utf-8");
  EXPECT_TRUE(answer.body.starts_with("// The schema of giro's ledger")) << answer.body;
  EXPECT_TRUE(answer.body.ends_with("}\n"));
  EXPECT_NE(answer.body.find("\nmessage SignedOperation {\n"), std::string::npos);
  for (const auto& row : ledger::operation_names())
    EXPECT_NE(answer.body.find(" = " + std::to_string(row.type) + ";"), std::string::npos)
        << row.name;
}

}  // namespace
}  // namespace giro::api
