#include "node/runtime/start.h"

#include <algorithm>
#include <utility>

#include "consensus/wire/codec.h"
#include "crypto/check.h"
#include "node/ledger/query.h"
#include "node/runtime/evidence_files.h"
#include "node/runtime/install.h"
#include "node/runtime/lineage.h"
#include "node/runtime/memory.h"
#include "node/runtime/open_store.h"
#include "node/runtime/snapshot_content.h"
#include "storage/key_value_leveldb.h"

namespace giro::runtime {
namespace {

// Raised with each change of what log, store or snapshots mean; 2: the index of a statement's days.
constexpr std::string_view kIdentityFormat = "giro data 2";

StartFailure fail(ExitCode code, std::string message) {
  return StartFailure(StartError{code, std::move(message)});
}

consensus::ValidatorSet genesis_set(const config::Genesis& genesis) {
  return {{}, config::first_members(genesis)};
}

std::expected<config::CheckedGenesis, StartError> load_genesis(storage::FilePort& files,
                                                               const config::NodeConfig& config) {
  const auto bytes = storage::read_whole(files, config.genesis.string(), config::kGenesisBytesMax);
  if (!bytes) return misconfigured("genesis: " + bytes.error().text);
  auto genesis = config::check_genesis_file(crypto::as_text(*bytes));
  if (!genesis) return misconfigured("genesis " + config.genesis.string() + ": " + genesis.error());
  if (genesis->chain_id != config.chain_id) {
    return misconfigured("genesis " + config.genesis.string() + ": its SHA-256 is " +
                         crypto::to_hex(genesis->chain_id) + ", which is not chain_id");
  }
  return std::move(*genesis);
}

std::expected<void, StartError> lock_data(Opened& node) {
  const std::string directory = node.config.data_dir.string();
  if (const auto made = storage::make_directories(*node.files, directory); !made) {
    return misconfigured("data_dir: " + made.error().text);
  }
  auto lock = node.files->lock(storage::join_path(directory, "LOCK"));
  if (!lock) {
    return misconfigured(lock.error().code == storage::FileErrorCode::Locked
                             ? "data_dir " + directory + " is in use by another giro process"
                             : "data_dir: " + lock.error().text);
  }
  node.data_lock = std::move(*lock);
  const std::string identity = std::string(kIdentityFormat) + "\nchain " +
                               crypto::to_hex(node.genesis.chain_id) + "\ninstitution " +
                               node.config.name + "\n";
  const std::string path = storage::join_path(directory, "IDENTITY");
  const auto type = node.files->type(path);
  if (!type) return misconfigured("data_dir: " + type.error().text);
  if (*type == storage::FileType::None) {
    const auto written = storage::write_whole(*node.files, path, crypto::as_view(identity));
    if (!written) return fail(ExitCode::WriteFailed, "data_dir: " + written.error().text);
    return {};
  }
  const auto present = storage::read_whole(*node.files, path, 4096);
  if (!present) return misconfigured("data_dir: " + present.error().text);
  const std::string_view found = crypto::as_text(*present);
  const std::string_view format = found.substr(0, found.find('\n'));
  if (format.starts_with("giro data ") && format != kIdentityFormat) {
    return misconfigured("data_dir " + directory + " has the format \"" + std::string(format) +
                         "\", and this giro reads \"" + std::string(kIdentityFormat) +
                         "\"; use the giro that wrote it, or move the directory away and run "
                         "giro recover, which fetches everything from the other validators");
  }
  if (found != identity) {
    return misconfigured(
        "data_dir " + directory +
        " belongs to another chain or institution (see IDENTITY there); choose another data_dir");
  }
  return {};
}

// Directories that an earlier life made and did not live to make durable: found there, they would
// be written to, and be gone with everything in them once the power fails.
std::expected<void, StartError> make_names_durable(const Opened& node) {
  const std::string data = node.config.data_dir.string();
  const auto synced = node.files->sync_directory(data);
  if (!synced) return fail(ExitCode::WriteFailed, "data_dir: " + synced.error().text);
  const auto named = node.files->sync_directory(storage::parent_path(data));
  // Who may not even open the directory above did not make this one.
  if (!named && named.error().code != storage::FileErrorCode::Denied)
    return fail(ExitCode::WriteFailed, "data_dir: " + named.error().text);
  return {};
}

std::expected<std::unique_ptr<crypto::Signer>, StartError> open_key(
    const config::NodeConfig& config) {
  const auto passphrase = config.validator_key->passphrase.read();
  if (!passphrase) return misconfigured("keys.validator.passphrase: " + passphrase.error());
  auto key = crypto::read_key_file(config.validator_key->path, *passphrase);
  if (!key) {
    return misconfigured("keys.validator.path " + config.validator_key->path.string() + ": " +
                         std::string(crypto::describe(key.error())));
  }
  return std::make_unique<crypto::KeySigner>(std::move(*key));
}

void append(storage::Log& log, const consensus::DurableRecord& record) {
  log.append(storage::RecordType{static_cast<std::uint16_t>(consensus::wire::type_of(record))},
             consensus::wire::encode_record(record));
}

const consensus::Certificate* attest_in(const consensus::DurableRecord& record) {
  if (const auto* epoch = std::get_if<consensus::EpochRecord>(&record)) return &epoch->attest;
  const auto* found = std::get_if<consensus::CertificateRecord>(&record);
  const bool attests =
      found != nullptr && found->certificate.content.kind == consensus::VoteKind::Attest;
  return attests ? &found->certificate : nullptr;
}

// Where the chain begins for a store that began with a snapshot.
std::expected<std::optional<consensus::BaseRecord>, StartError> snapshot_base(const Store& store) {
  const auto installed = store.installed();
  if (!installed) return std::nullopt;
  const auto epoch = decode_epoch(installed->epoch);
  const auto header = store.header(installed->height);
  if (!epoch || !header)
    return fail(ExitCode::Invariant, "the store is damaged: what it was installed with is gone");
  return consensus::BaseRecord{epoch->set,        epoch->first_view,  epoch->base.height,
                               epoch->base.block, epoch->base.header, installed->height,
                               header->block,     header->time,       std::nullopt};
}

// A store that began with a snapshot may stand above what the log knows: from here on the log knows
// it too, and keeps what was promised before (protocol R31).
std::expected<void, StartError> take_over(const std::optional<consensus::BaseRecord>& base,
                                          const consensus::Recovery& recovery, storage::Log& log) {
  if (!base || recovery.stated() >= base->height) return {};
  log.append(storage::RecordType{static_cast<std::uint16_t>(consensus::wire::type_of(*base))},
             consensus::wire::encode_record(*base));
  if (const auto synced = log.sync(); !synced)
    return fail(ExitCode::WriteFailed, "the log cannot be written: " + synced.error().text);
  return {};
}

// For a breach that the log knows and no file says yet: a crash came between the two.
std::expected<void, StartError> keep_breach(Opened& node, const consensus::BreachRecord& logged,
                                            const EvidenceFiles::Set& set) {
  const std::string data = node.config.data_dir.string();
  const auto failure = EvidenceFiles(*node.files, data, node.genesis.chain_id).keep(logged, set);
  if (failure) return fail(ExitCode::WriteFailed, "evidence: " + *failure);
  auto broken = agreement_broken_file(*node.files, data);
  if (!broken) return fail(ExitCode::WriteFailed, "evidence: " + broken.error().text);
  node.broken_agreement = std::move(*broken);
  return {};
}

// Before a snapshot of others is taken over (protocol R11). A log that is damaged is dealt with
// later; one that cannot be read may hold what forbids it. The file is written later too, with the
// set of the store.
std::expected<void, StartError> look_for_breach(Opened& node, const Platform& platform,
                                                const Progress& progress) {
  const auto marked = is_install_marked(*node.files, node.config.data_dir.string());
  if (!marked) return fail(ExitCode::WriteFailed, "data_dir: " + marked.error().text);
  if (!*marked || node.broken_agreement) return {};
  progress("looking through the log before a snapshot is taken over");
  std::optional<consensus::BreachRecord> logged;
  const auto type = static_cast<std::uint16_t>(consensus::wire::type_of(consensus::BreachRecord{}));
  const auto look = [&](const storage::LogRecord& record) {
    if (logged || static_cast<std::uint16_t>(record.type) != type) return;
    auto decoded =
        consensus::wire::decode_record(static_cast<std::uint8_t>(record.type), record.payload);
    if (auto* found = decoded ? std::get_if<consensus::BreachRecord>(&*decoded) : nullptr)
      logged = std::move(*found);
  };
  const auto read =
      storage::Log::open(*node.files, (node.config.data_dir / "log").string(), platform.log, look);
  if (!read && read.error().code != storage::LogErrorCode::Damaged)
    return fail(ExitCode::WriteFailed, "the log: " + read.error().text);
  if (logged) {
    node.broken_agreement = "the log";
    node.has_breach_file = false;
  }
  return {};
}

// The log and the file in evidence/ say the same of a broken agreement (protocol R11).
std::expected<void, StartError> settle_breach(
    Opened& node, const std::optional<consensus::BreachRecord>& logged) {
  if (node.broken_agreement && !logged)
    return misconfigured(
        *node.broken_agreement +
        " says that the agreement is broken, and this log does not know of it: it is not the log "
        "that found it. Once the consortium has decided which chain is right, move that file away");
  if (!logged || (node.broken_agreement && node.has_breach_file)) return {};
  node.has_breach_file = true;
  return keep_breach(node, *logged,
                     ledger::query_validators(*node.store->read(), epoch_of(*logged).value));
}

// Reads the log back: what the replica continues from, what the guard must remember, where payload
// lies.
struct ReadLog {
  enum class Fate : std::uint8_t {
    Whole,
    Gap,        // it was cut, and the store that went with it is lost
    NoPayload,  // so is this one's, and it lacks the payload of blocks below an installed snapshot
    Damaged,    // before its tail: nothing of it was used
  };
  Fate fate = Fate::Whole;
  consensus::Height lacking = {};  // NoPayload: up to there
  consensus::LoggedCeilings ceilings = {};
};
std::expected<ReadLog, StartError> read_log(Opened& node, const Platform& platform,
                                            const Progress& progress, bool may_rebuild) {
  const consensus::Header& executed = node.executor.header;
  std::vector<consensus::Header> recent;  // headers that may not be stable yet: at most a window
  const std::uint64_t window = node.genesis.genesis.parameters.window;
  for (std::uint64_t height = executed.height.value > window ? executed.height.value - window : 1;
       height <= executed.height.value; ++height) {
    if (const auto header = node.store->header({height})) recent.push_back(*header);
  }
  const auto genesis_header = node.store->header({0});
  if (!genesis_header) return fail(ExitCode::Invariant, "the store is damaged: no block 0");
  consensus::Recovery recovery(node.genesis.chain_id, genesis_set(node.genesis.genesis),
                               genesis_header->hash(node.genesis.chain_id),
                               node.genesis.genesis.parameters.epoch_blocks, executed,
                               node.executor.header_hash, std::move(recent));
  const auto base = snapshot_base(*node.store);
  if (!base) return StartFailure(base.error());
  if (*base) recovery.begin_at(**base);
  recovery.seed_ordered(node.store->ordered());
  node.blocks = BlockPlaces(node.genesis.genesis.parameters.snapshot_interval);
  std::optional<std::string> bad;
  std::vector<consensus::Certificate> lost;  // attests that the store lost with its newest writes
  std::uint64_t count = 0;
  const std::string directory = (node.config.data_dir / "log").string();
  auto log = storage::Log::open(
      *node.files, directory, platform.log, [&](const storage::LogRecord& record) {
        if (bad) return;
        auto decoded =
            consensus::wire::decode_record(static_cast<std::uint8_t>(record.type), record.payload);
        if (!decoded) {
          bad = "record " + std::to_string(record.position.value) +
                " is of no kind this version knows";
          return;
        }
        if (const auto* batch = std::get_if<consensus::BatchRecord>(&*decoded)) {
          if (!node.store->batch_position(batch->batch->id))
            node.batches.emplace_back(batch->batch->id, record.position);
        }
        if (const auto* block = std::get_if<consensus::BlockRecord>(&*decoded))
          node.blocks.add(block->block.height, record.position);
        if (const auto* certificate = attest_in(*decoded);
            certificate != nullptr && !node.store->has_attest(certificate->content.height))
          lost.push_back(*certificate);
        recovery.apply(*decoded);
        if (++count % 100'000 == 0)
          progress("reading back the log: " + std::to_string(count) + " records");
      });
  if (!log) {
    if (bad) return misconfigured("the log: " + *bad);
    if (log.error().code == storage::LogErrorCode::Damaged) {
      ++node.found.logs_damaged;
      progress("the log is damaged at " + log.error().segment + ":" +
               std::to_string(log.error().offset) + " (" + log.error().text + ")");
      if (recovery.breach()) {  // before the damage: then the log stays
        if (auto settled = settle_breach(node, recovery.breach()); !settled)
          return StartFailure(settled.error());
      }
      return ReadLog{.fate = ReadLog::Fate::Damaged};
    }
    return fail(ExitCode::WriteFailed, "the log: " + log.error().text);
  }
  if (bad) return misconfigured("the log: " + *bad);
  if (const auto& torn = log->opened().torn) {
    ++node.found.log_tails_cut;
    progress("the log's torn tail was cut: " + std::to_string(torn->bytes) +
             " bytes that never became durable");
  }
  if (auto settled = settle_breach(node, recovery.breach()); !settled)
    return StartFailure(settled.error());
  // A log that was cut, or began with a snapshot, goes with a store that knows what stood there
  // (protocol R34).
  if (recovery.has_gap()) return ReadLog{.fate = ReadLog::Fate::Gap};
  if (const auto lacking = recovery.lacks_payload(); lacking && may_rebuild)
    return ReadLog{.fate = ReadLog::Fate::NoPayload, .lacking = *lacking};
  if (const auto taken = take_over(*base, recovery, *log); !taken)
    return StartFailure(taken.error());
  // What another key promised binds only that one (protocol R43).
  if (node.signer && recovery.last_key() != node.signer->public_key()) {
    const consensus::KeyRecord renewed{node.signer->public_key()};
    recovery.apply(renewed);
    append(*log, renewed);
  }
  node.log_was_empty = count == 0;
  node.store->restore(lost);
  node.votes = recovery.votes();
  node.recovered = std::move(recovery).finish();
  node.votes.insert(node.votes.end(), node.recovered.snapshot_votes.begin(),
                    node.recovered.snapshot_votes.end());
  const std::uint64_t epoch_blocks = node.genesis.genesis.parameters.epoch_blocks;
  if (executed.height == consensus::last_height(node.recovered.set.epoch, epoch_blocks)) {
    const auto next = set_of_epoch(*node.store->read(), {node.recovered.set.epoch.value + 1});
    if (!next) return fail(ExitCode::Invariant, "the store is damaged: no set of the next epoch");
    node.recovered.next_members = next->members;
  }
  node.log.emplace(std::move(*log));
  return ReadLog{.ceilings = node.recovered.ceilings};
}

// Sets a damaged log aside, and the store with it, and begins again: everything is fetched from
// peers (protocol R38, R39). The store first: after a crash in between the log is found damaged
// again, while a store without its log would be one that ran ahead.
std::expected<void, StartError> quarantine(Opened& node, const Progress& progress) {
  if (node.broken_agreement)
    return misconfigured("the log is damaged, and the agreement is broken (" +
                         *node.broken_agreement +
                         "): what the other validators would give may not be what this one made "
                         "final. Move data_dir away once the consortium has decided, and run giro "
                         "recover");
  close_store(node);
  for (const char* name : {"state", "log"}) {
    if (auto aside = set_aside(node, name, progress); !aside) return aside;
  }
  return {};
}

// Who may vote is the business of the set of the present epoch (protocol R43): without a seat, or
// with another key than the seat's, this node follows until it has one. Somebody else's key is a
// mistake.
std::expected<void, StartError> check_seat(const Opened& node, const Progress& progress) {
  const consensus::ValidatorSet& set = node.recovered.set;
  const crypto::PublicKey& key = node.signer->public_key();
  const auto owner = std::ranges::find(set.members, key, &consensus::Member::key);
  if (owner != set.members.end() && owner->institution != node.self)
    return misconfigured("the validator key is the one of another institution (id " +
                         std::to_string(owner->institution.value) + ")");
  if (owner != set.members.end()) return {};
  progress((set.find(node.self) ? "this key does not sit in the validator set of epoch "
                                : "no seat in the validator set of epoch ") +
           std::to_string(set.epoch.value) + ": following, and voting once it does");
  return {};
}

}  // namespace

Platform real_platform(storage::FilePort& files, const config::NodeConfig& config) {
  return {.files = files,
          .open_store =
              [](const std::string& directory) { return storage::open_leveldb(directory, {}); },
          .open_key = open_key,
          .log = {.segment_bytes = config.storage.log_segment_bytes, .salt = {}},
          .random = [](std::span<std::byte> out) { crypto::random_bytes(out); },
          .reads_ahead = true};
}

std::expected<Opened, StartError> open_node(const config::NodeConfig& config, StartMode mode,
                                            const Platform& platform, const Progress& progress) {
  Opened node;
  node.config = config;
  node.files = &platform.files;
  auto genesis = load_genesis(platform.files, config);
  if (!genesis) return StartFailure(genesis.error());
  node.genesis = std::move(*genesis);
  const auto self = config::own_institution(config, node.genesis.genesis);
  if (!self)
    return misconfigured("name \"" + config.name +
                         "\" is no institution of the genesis file, and no institution_id says "
                         "which it became later");
  node.self = {*self};
  if (auto locked = lock_data(node); !locked) return StartFailure(locked.error());
  const bool validator = config.role == config::NodeRole::Validator;
  if (validator) {
    auto signer = platform.open_key(config);
    if (!signer) return StartFailure(signer.error());
    node.signer = std::move(*signer);
  }
  auto broken = agreement_broken_file(platform.files, config.data_dir.string());
  if (!broken) return fail(ExitCode::WriteFailed, "data_dir: " + broken.error().text);
  node.broken_agreement = std::move(*broken);
  if (auto looked = look_for_breach(node, platform, progress); !looked)
    return StartFailure(looked.error());
  if (auto installed = install(node, platform, progress); !installed)
    return StartFailure(installed.error());
  const auto read_back = [&](bool may_rebuild) -> std::expected<ReadLog, StartError> {
    close_store(node);  // one that was opened before holds its lock
    if (auto opened = open_store(node, platform, progress); !opened)
      return StartFailure(opened.error());
    return read_log(node, platform, progress, may_rebuild);
  };
  auto log = read_back(true);
  const bool lacks_payload = log && log->fate == ReadLog::Fate::NoPayload;
  if (lacks_payload || (log && log->fate == ReadLog::Fate::Gap)) {
    std::expected<bool, StartError> rebuilt = false;
    if (!node.broken_agreement)
      rebuilt = rebuild_from_snapshot(node, platform, progress, log->lacking);
    if (!rebuilt) return StartFailure(rebuilt.error());
    // Without a snapshot the log is a whole memory all the same: peers give the payload, or a
    // snapshot.
    if (*rebuilt || lacks_payload) log = read_back(false);
  }
  const bool was_damaged = log && log->fate != ReadLog::Fate::Whole;
  if (was_damaged) {
    progress("store and log are set aside: everything is fetched from the other validators");
    if (auto aside = quarantine(node, progress); !aside) return StartFailure(aside.error());
    log = read_back(false);
  }
  if (!log) return StartFailure(log.error());
  if (auto named = make_names_durable(node); !named) return StartFailure(named.error());
  if (auto wrong = wrong_institution(config, *node.store->read()))
    return misconfigured(*std::move(wrong));
  if (validator) {
    if (auto seated = check_seat(node, progress); !seated) return StartFailure(seated.error());
    if (was_damaged) node.log_was_empty = false;  // what it held was set aside
    if (auto bound = bind_sign_state(node, log->ceilings, mode, platform, progress); !bound)
      return StartFailure(bound.error());
  }
  return node;
}

std::optional<std::string> wrong_institution(const config::NodeConfig& config,
                                             const ledger::StateView& state) {
  const std::uint32_t id = config.institution_id;
  if (id == 0) return std::nullopt;
  const auto named = ledger::query_institution(state, config.name);
  const auto numbered = ledger::query_institution(state, id);
  if (named ? named->id == id : !numbered) return std::nullopt;
  return "institution_id = " + std::to_string(id) +
         (numbered ? " is \"" + numbered->name + "\" on the ledger" : " is nobody on the ledger") +
         (named ? ", and \"" + config.name + "\" is " + std::to_string(named->id)
                : ", and nobody is called \"" + config.name + "\"") +
         "; write what  giro gov members  prints";
}

std::expected<void, StartError> create_sign_state(const config::NodeConfig& config,
                                                  const Platform& platform) {
  if (!config.validator_key) return misconfigured("only a validator has a sign state");
  auto genesis = load_genesis(platform.files, config);
  if (!genesis) return StartFailure(genesis.error());
  auto signer = platform.open_key(config);
  if (!signer) return StartFailure(signer.error());
  if (const auto made = storage::make_directories(platform.files, config.sign_state_dir.string());
      !made) {
    return misconfigured("sign_state_dir: " + made.error().text);
  }
  const auto created = storage::SignState::create(platform.files, config.sign_state_dir.string(),
                                                  {genesis->chain_id, (*signer)->public_key()});
  if (!created && created.error().code != storage::SignStateErrorCode::AlreadyExists)
    return misconfigured("sign state: " + created.error().text);
  return {};
}

}  // namespace giro::runtime
