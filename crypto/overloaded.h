// Several lambdas as one visitor, for std::visit: `std::visit(Overloaded{...}, value)`.
#pragma once

namespace giro::crypto {

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};

}  // namespace giro::crypto
