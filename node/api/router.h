// Which handler answers which request. A route is a method and a template such as
// "/v1/accounts/{id}"; query parameters that a route does not name are refused, as unknown fields
// are.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "node/api/caller.h"
#include "node/api/http.h"

namespace giro::api {

// One request on its way to its answer.
struct Call {
  std::shared_ptr<const Request> request;
  std::shared_ptr<const Caller> caller;
  std::vector<std::string> captures;  // of the {…} of the template, in order
  Respond respond;                    // exactly once
  std::function<void()> begin_wait;   // from here on the time is the client's, not ours
};
using CallPtr = std::shared_ptr<Call>;
using Endpoint = std::function<void(CallPtr)>;

enum class RateKind { Submit, Read, None };

struct Route {
  std::string method;
  std::string pattern;
  std::vector<std::string> parameters;
  RateKind rate = RateKind::Read;
  Endpoint endpoint;
};

class Router {
 public:
  void add(Route route);
  [[nodiscard]] std::vector<std::string> patterns() const;
  [[nodiscard]] std::vector<const Route*> routes() const;

  struct Match {
    const Route* route = nullptr;
    std::vector<std::string> captures;
  };
  struct Mismatch {
    std::string allowed_methods;    // "GET, POST" where only the method is wrong
    std::string unknown_parameter;  // where only a parameter is
    const Route* route = nullptr;   // of that parameter
  };
  [[nodiscard]] std::variant<Match, Mismatch> find(const Request& request) const;

 private:
  struct Row {
    Route route;
    std::vector<std::string> segments;  // "{…}" takes any
  };
  std::vector<Row> rows_;
};

}  // namespace giro::api
