// What the examples of the OpenAPI document name: a payment, a hold, a proposal and a deny list.
#pragma once

#include <filesystem>

namespace giro::process_test {

// Makes them in a demo network, under the ids of the examples, as a test's expectations. `folder`
// is for its files.
void use_example_ids(const std::filesystem::path& profile, const std::filesystem::path& folder);

}  // namespace giro::process_test
