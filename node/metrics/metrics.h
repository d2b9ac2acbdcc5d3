// The giro_ metrics of a node (surface 7), in the text form that Prometheus reads. What clients do
// is told by node/api as it happens; the rest is taken from the node when someone scrapes. Nothing
// decides on a metric.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "node/runtime/service.h"

namespace giro::metrics {

enum class DuplicateKind : std::uint8_t { SameBody, OtherBody };
enum class ApiRefusal : std::uint8_t { Rate, Capacity, Disk, Auth };

// What labels can hold from the start: every one of these exists with 0 before anything happened.
struct KnownLabels {
  std::vector<std::string> validators;  // institution names
  std::vector<std::string> routes;      // route templates
  std::vector<std::string> operations;  // operation types, as "PAY"
  std::vector<std::string> checks;      // of /readyz
  std::string version;
  std::string commit;  // of the source that this was built from
};

// All methods may be called from any thread.
class Metrics {
 public:
  explicit Metrics(const KnownLabels& known);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void api_answered(std::string_view route, unsigned status, double seconds_without_waiting);
  void api_refused(ApiRefusal reason);
  void api_waiting(int change);    // +1, -1
  void api_streaming(int change);  // +1, -1
  // Of the slowest open stream: how many attested heights it has not been given yet; 0 without one.
  void api_stream_lag(std::uint64_t heights);
  void operation_submitted(std::string_view type);
  void operation_duplicate(DuplicateKind kind);
  void finality(double seconds);  // admission to attested, of operations that were waited for here

  // Everything, as text/plain; version=0.0.4, with the gauges of the node as it is now.
  [[nodiscard]] std::string render(runtime::Service& service);

 private:
  struct Registry;
  std::unique_ptr<Registry> registry_;
};

}  // namespace giro::metrics
