#include "tests/simulation/sim_node.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "crypto/check.h"
#include "tests/simulation/leveldb_env.h"

namespace giro::sim {
namespace {

constexpr std::string_view kGenesisPath = "/etc/genesis.json";
constexpr std::string_view kData = "/data";
constexpr std::string_view kSign = "/sign";
constexpr Time kTick = kSecond;

class HarnessSigner final : public crypto::Signer {
 public:
  explicit HarnessSigner(const crypto::SecretKey& key) : key_(key) {}
  [[nodiscard]] const crypto::PublicKey& public_key() const override { return key_.public_key(); }
  [[nodiscard]] std::optional<crypto::Signature> sign(const crypto::Hash& digest) override {
    return key_.sign(digest);
  }

 private:
  const crypto::SecretKey& key_;
};

void copy_tree(storage::FilePort& from, storage::FilePort& to, const std::string& path) {
  if (*from.type(path) == storage::FileType::Directory) {
    GIRO_CHECK(storage::make_directories(to, path).has_value());
    const auto names = from.list(path);
    GIRO_CHECK(names.has_value(), path);
    for (const auto& name : *names) copy_tree(from, to, storage::join_path(path, name));
    GIRO_CHECK(to.sync_directory(path).has_value());
    return;
  }
  const auto bytes = storage::read_whole(from, path, UINT64_MAX);
  GIRO_CHECK(bytes.has_value(), path);
  GIRO_CHECK(storage::write_whole(to, path, *bytes).has_value(), path);
}

}  // namespace

// Work one after another, each as long as it costs; what was not begun dies with the node.
class SimNode::SimLane final : public runtime::Lane {
 public:
  SimLane(SimNode& node, bool is_execution, std::function<Time()> cost)
      : node_(node), is_execution_(is_execution), cost_(std::move(cost)) {}
  void post(std::function<void()> work) override {
    free_at_ = std::max(free_at_, node_.world_.scheduler().now()) + cost_();
    if (!is_execution_) return node_.at(free_at_, std::move(work));
    node_.at(free_at_, [&node = node_, work = std::move(work)] {
      node.act(Act::Execute, Moment::Before);
      work();
      node.act(Act::Execute, Moment::After);
    });
  }

 private:
  SimNode& node_;
  const bool is_execution_;
  std::function<Time()> cost_;
  Time free_at_ = 0;
};

SimNode::SimNode(World& world, const NetworkSetup& setup, std::size_t index, std::uint64_t seed)
    : world_(world), setup_(setup), index_(index), random_(seed, "node " + std::to_string(index)) {
  for (const auto* directory : {"/etc", "/sign"})
    GIRO_CHECK(storage::make_directories(disk_, directory).has_value());
  GIRO_CHECK(
      storage::write_whole(disk_, std::string(kGenesisPath), crypto::as_view(setup.genesis_file()))
          .has_value());
  make_sign_state(key_);
}

void SimNode::make_sign_state(std::size_t number) {
  const auto made = runtime::create_sign_state(node_config(), platform(number));
  GIRO_CHECK(made.has_value(), made.error().message);
}

void SimNode::use_key(std::size_t number) {
  GIRO_CHECK(!is_up());
  key_ = number;
}

bool SimNode::lets_in(const consensus::Member& peer) const {
  const auto found = let_in_.find(peer.institution.value);
  return found != let_in_.end() && found->second.has_key(peer.key);
}

SimNode::~SimNode() {
  if (is_up()) crash(storage::Crash::process_only());
}

config::NodeConfig SimNode::node_config() const {
  config::NodeConfig config;
  config.name = setup_.names().at(index_);
  config.genesis = kGenesisPath;
  config.chain_id = setup_.chain();
  config.data_dir = kData;
  config.sign_state_dir = kSign;
  config.validator_key.emplace();  // the platform has the key
  config.storage.stop_below_bytes = 0;
  return config;
}

runtime::Platform SimNode::platform(std::size_t key) {
  storage::LogOptions log{.segment_bytes = log_segment_bytes, .salt = storage::LogSalt{}};
  for (std::byte& byte : *log.salt) byte = static_cast<std::byte>(random_.below(256));
  return {.files = files_,
          .open_store = [this](const std::string& directory)
              -> storage::KeyValueResult<std::unique_ptr<storage::KeyValueStore>> {
            auto store = open_simulated_leveldb(disk_, directory, dead_);
            if (!store) return store;
            const Act what = directory.ends_with("/state") ? Act::Store : Act::Install;
            return telling_store(std::move(*store), what,
                                 [this](Act write, Moment moment) { act(write, moment); });
          },
          .open_key =
              [this, key](const config::NodeConfig&) {
                return std::make_unique<HarnessSigner>(setup_.validator_key(index_, key));
              },
          .log = log,
          .random =
              [this](std::span<std::byte> out) {
                for (std::byte& byte : out) byte = static_cast<std::byte>(random_.below(256));
              }};
}

runtime::Surroundings SimNode::surroundings() {
  const auto lane = [this](runtime::Work work) {
    const bool is_execution = work == runtime::Work::Execution;
    return std::make_unique<SimLane>(*this, is_execution, [this, work]() -> Time {
      if (work == runtime::Work::Execution) return costs.execute;
      const Time base = work == runtime::Work::Store ? costs.store : costs.sync;
      const double spread = 0.5 + random_.unit();
      return static_cast<Time>(static_cast<double>(base) * spread * costs.slow_disk);
    });
  };
  return {.now = [this] { return now(); },
          .post = [this](std::function<void()> work) { later(0, std::move(work)); },
          .lane = lane,
          .wake_at = [this](std::optional<consensus::Instant> deadline) { wake_at(deadline); },
          .send = [this](std::optional<consensus::InstitutionId> to,
                         const p2p::Frame& frame) { world_.on_send(index_, to, frame); },
          .peers = [] { return std::vector<p2p::PeerStatus>(); },
          .let_in =
              [this](std::vector<p2p::PeerConfig> peers) {
                let_in_.clear();
                for (auto& peer : peers) let_in_.emplace(peer.institution, std::move(peer));
              },
          .observe = [this](const consensus::Event& event) { world_.on_consensus(index_, event); },
          .reopen = [this] { later(0, [this] { world_.on_reopen(index_); }); },
          .events = *this};
}

std::expected<void, runtime::StartError> SimNode::start(runtime::StartMode mode) {
  GIRO_CHECK(!is_up());
  try {
    return open(mode);
  } catch (const DiesHere&) {
    world_.on_died(index_);
    return {};
  }
}

std::expected<void, runtime::StartError> SimNode::open(runtime::StartMode mode) {
  ++life_;
  ++starts_;
  dead_ = std::make_shared<bool>(false);
  armed_.reset();
  auto opened = [&]() -> std::expected<runtime::Opened, runtime::StartError> {
    try {
      return runtime::open_node(node_config(), mode, platform(key_), [](const std::string&) {});
    } catch (const ProcessEnded& end) {
      return std::unexpected(runtime::StartError{end.code, end.line});
    }
  }();
  if (!opened) return std::unexpected(opened.error());
  world_.on_opened(index_, *opened);
  auto pool = std::make_unique<crypto::VerifierPool>([this] {
    later(0, [this] {
      while (validator_->pool->help()) {
      }
    });
  });
  validator_ =
      std::make_unique<runtime::Validator>(std::move(*opened), std::move(pool), surroundings());
  later(0, [this] {
    validator_->begin();
    tick();
  });
  return {};
}

void SimNode::crash(const storage::Crash& crash) {
  ++life_;
  *dead_ = true;
  disk_.crash(crash);
  files_.forget();
  disk_.set_faults({});  // the failing change was of this life
  pending_.clear();      // before the store that it may read
  validator_.reset();
}

void SimNode::act(Act act, Moment moment) {
  if (dead_ && !*dead_) world_.on_act(index_, act, moment);
}

// As crash() does, but for its objects: what is running goes through them once more.
void SimNode::die_here(Outcome outcome, std::uint64_t draw) {
  ++life_;
  *dead_ = true;
  disk_.crash(files_.crash(outcome, draw));
  files_.forget();
  pending_.clear();
  throw DiesHere{};
}

void SimNode::wipe_data() {
  GIRO_CHECK(!is_up());
  GIRO_CHECK(storage::remove_tree(disk_, std::string(kData)).has_value());
  GIRO_CHECK(disk_.sync_directory("/").has_value());
}

// So that it does not open, or, by a single bit, so that some row cannot be read.
bool SimNode::damage_store(Random& random) {
  GIRO_CHECK(!is_up());
  const std::string state = std::string(kData) + "/state";
  const auto names = disk_.list(state);
  if (!names || names->empty()) return false;  // wiped, or never started
  if (random.chance(0.3)) {
    const std::string current = storage::join_path(state, "CURRENT");
    GIRO_CHECK(storage::write_whole(disk_, current, crypto::as_view("damaged")).has_value());
    return false;
  }
  const std::string path = storage::join_path(state, random.pick(*names));
  const auto bytes = storage::read_whole(disk_, path, UINT64_MAX);
  if (!bytes || bytes->empty()) return false;
  const auto bit = static_cast<std::byte>(1U << random.below(8));
  disk_.rot(path, random.below(bytes->size()), bit);
  return true;
}

void SimNode::lose_sign_state() {
  GIRO_CHECK(!is_up());
  GIRO_CHECK(storage::remove_tree(disk_, std::string(kSign)).has_value());
  GIRO_CHECK(storage::make_directories(disk_, std::string(kSign)).has_value());
  GIRO_CHECK(disk_.sync_directory("/").has_value());
}

void SimNode::save() {
  saved_ = disk_.clone();
}

void SimNode::restore_data() {
  restore(std::string(kData));
}

void SimNode::restore_sign_state() {
  restore(std::string(kSign));
}

void SimNode::restore(const std::string& directory) {
  GIRO_CHECK(!is_up() && saved_ != nullptr, index_);
  GIRO_CHECK(storage::remove_tree(disk_, directory).has_value());
  copy_tree(*saved_, disk_, directory);
  GIRO_CHECK(disk_.sync_directory("/").has_value());
}

void SimNode::receive(const consensus::Member& from, const p2p::Frame& frame) {
  at(world_.scheduler().now(), [this, from, frame] {
    const crypto::ByteView bytes(*frame);
    validator_->on_frame(from, std::to_integer<std::uint8_t>(bytes[5]), bytes.subspan(6));
    validator_->after_inputs();
  });
}

void SimNode::submit(crypto::Bytes operation, std::function<void(runtime::SubmitAnswer)> done) {
  if (!is_up()) return;  // nobody listens: the question before may have ended it
  later(0, [this, operation = std::move(operation), done = std::move(done)]() mutable {
    validator_->intake.submit(std::move(operation), std::move(done));
  });
}

bool SimNode::ask(const std::function<void(runtime::Validator&)>& question) {
  try {
    question(*validator_);
    return true;
  } catch (const ProcessEnded& end) {
    world_.on_ended(index_, end);
    return false;
  }
}

void SimNode::later(Time delay, std::function<void()> work) {
  at(world_.scheduler().now() + delay, std::move(work));
}

void SimNode::at(Time when, std::function<void()> work) {
  const std::uint64_t number = next_pending_++;
  pending_.emplace(number, std::move(work));
  world_.scheduler().at(when, [this, life = life_, number] {
    if (life != life_) return;
    auto due = std::move(pending_.extract(number).mapped());
    if (world_.scheduler().now() < paused_until_) return at(paused_until_, std::move(due));
    try {
      due();
    } catch (const ProcessEnded& end) {
      due = nullptr;  // what it holds is of the life that ends
      world_.on_ended(index_, end);
    } catch (const DiesHere&) {
      due = nullptr;
      world_.on_died(index_);
    }
  });
}

void SimNode::set_clock(double rate, std::int64_t wall_offset_ms) {
  const Time now = world_.scheduler().now();
  steady_at_ += static_cast<double>(now - since_) * rate_;
  since_ = now;
  rate_ = rate;
  wall_offset_ms_ = wall_offset_ms;
}

void SimNode::pause_until(Time until) {
  paused_until_ = std::max(paused_until_, until);
}

consensus::Now SimNode::now() const {
  const Time now = world_.scheduler().now();
  return {
      .steady = {static_cast<std::int64_t>(steady_at_ + static_cast<double>(now - since_) * rate_)},
      .wall = {NetworkSetup::kGenesisMs + 1'000 + now / kMillisecond + wall_offset_ms_}};
}

void SimNode::wake_at(std::optional<consensus::Instant> deadline) {
  if (deadline == armed_) return;  // also if it is past: as the real timer does
  armed_ = deadline;
  if (!deadline) return;
  const double wait = static_cast<double>(deadline->us - now().steady.us) / rate_;
  later(std::max<Time>(0, static_cast<Time>(std::ceil(wait))), [this, deadline] {
    if (armed_ == deadline) validator_->on_deadline();
  });
}

// As giro recover does between its two lives.
void SimNode::adopt_floor() {
  const auto adopted = validator_->adopt_floor();
  if (!adopted) return world_.on_ended(index_, {adopted.error().code, adopted.error().message});
  if (*adopted) world_.on_floor_adopted(index_);
}

void SimNode::tick() {
  validator_->tick();
  later(0, [this] { adopt_floor(); });
  later(kTick, [this] { tick(); });
}

void SimNode::write(config::LogLevel level, std::string_view event, Fields fields,
                    std::string_view message) {
  if (level == config::LogLevel::Debug) return;  // the steps of agreement: on_consensus has them
  std::string line(event);
  for (const auto& [key, value] : fields) line.append(" ").append(key).append("=").append(value);
  line.append(" ").append(message);
  world_.on_line(index_, level, line);
}

}  // namespace giro::sim
