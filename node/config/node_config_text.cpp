// Writing node.toml.
#include <algorithm>
#include <array>

#include "node/config/node_config.h"
#include "node/config/toml_document.h"

namespace giro::config {
namespace {

class Text {
 public:
  void table(std::string_view name) { out_ += "\n[" + std::string(name) + "]\n"; }
  void raw(std::string_view key, std::string_view value) {
    out_ += std::string(key) + " = " + std::string(value) + "\n";
  }
  void text(std::string_view key, std::string_view value) { raw(key, toml_quoted(value)); }
  void number(std::string_view key, std::uint64_t value) { raw(key, std::to_string(value)); }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

std::string tls(const TlsFiles& files) {
  return "{ cert = " + toml_quoted(files.cert.string()) +
         ", key = " + toml_quoted(files.key.string()) + " }";
}

std::string secret(const SecretSource& source) {
  return std::string(source.kind == SecretSource::Kind::File ? "{ file = " : "{ env = ") +
         toml_quoted(source.where) + " }";
}

constexpr std::array<std::string_view, 2> kFormats{"logfmt", "json"};

}  // namespace

constexpr std::string_view kLogLevels[] = {"trace", "debug", "info", "warn", "error"};

std::string_view name(LogLevel level) {
  return kLogLevels[static_cast<std::size_t>(level)];
}

std::optional<LogLevel> log_level(std::string_view name) {
  const auto found = std::ranges::find(kLogLevels, name);
  if (found == std::end(kLogLevels)) return std::nullopt;
  return static_cast<LogLevel>(found - std::begin(kLogLevels));
}

std::string write_node_config(const NodeConfig& config) {
  Text out;
  out.number("config_version", 1);
  out.text("name", config.name);
  out.text("role", config.role == NodeRole::Validator ? "validator" : "observer");
  if (config.institution_id != 0) out.number("institution_id", config.institution_id);
  out.text("genesis", config.genesis.string());
  out.text("chain_id", crypto::to_hex(config.chain_id));
  out.text("data_dir", config.data_dir.string());
  out.text("sign_state_dir", config.sign_state_dir.string());
  out.raw("log",
          "{ format = " + toml_quoted(kFormats[static_cast<std::size_t>(config.log.format)]) +
              ", level = " + toml_quoted(name(config.log.level)) + ", budget_per_day = " +
              toml_quoted(format_size(config.log.budget_per_day_bytes)) + " }");
  out.raw("pool", "{ operations = " + std::to_string(config.pool.operations) +
                      ", bytes = " + toml_quoted(format_size(config.pool.bytes)) + " }");
  if (config.validator_key) {
    out.table("keys.validator");
    out.text("provider", "file");
    out.text("path", config.validator_key->path.string());
    out.raw("passphrase", secret(config.validator_key->passphrase));
  }
  out.table("p2p");
  out.text("listen", config.p2p.listen.to_string());
  out.text("advertise", config.p2p.advertise.to_string());
  out.raw("tls", tls(config.p2p.tls));
  if (!config.p2p.addresses.empty()) {
    out.table("p2p.addresses");
    for (const auto& [name, address] : config.p2p.addresses) {
      out.text(name, address.to_string());
    }
  }
  out.table("api");
  out.text("listen", config.api.listen.to_string());
  out.text("auth", config.api.auth == ApiAuth::Mtls ? "mtls" : "open");
  if (config.api.tls) {
    out.raw("tls", tls(*config.api.tls));
  }
  if (config.api.clients) {
    out.text("clients", config.api.clients->string());
  }
  out.raw("limits", "{ body = " + toml_quoted(format_size(config.api.body_bytes)) +
                        ", waiters = " + std::to_string(config.api.waiters) +
                        ", streams = " + std::to_string(config.api.streams) + " }");
  out.raw("rates", "{ submit = " + std::to_string(config.api.submit_rate) +
                       ", submit_burst = " + std::to_string(config.api.submit_burst) +
                       ", read = " + std::to_string(config.api.read_rate) +
                       ", read_burst = " + std::to_string(config.api.read_burst) + " }");
  out.table("ops");
  out.text("listen", config.ops.listen.to_string());
  out.text("socket", config.ops.socket.string());
  out.table("storage");
  out.text("log_segment", format_size(config.storage.log_segment_bytes));
  out.number("snapshot_keep", config.storage.snapshot_keep);
  out.text("stop_below", format_size(config.storage.stop_below_bytes));
  return out.take();
}

}  // namespace giro::config
