#include "node/runtime/memory.h"

#include <algorithm>
#include <array>
#include <utility>

#include "consensus/wire/codec.h"
#include "crypto/mutant.h"

namespace giro::runtime {
namespace {

using consensus::CeilingRecord;
using storage::SignStateErrorCode;

StartFailure write_failed(const std::string& what, const std::string& why) {
  return StartFailure(StartError{ExitCode::WriteFailed, what + ": " + why});
}

CeilingRecord as_record(const storage::Ceiling& ceiling) {
  return {ceiling.record, {ceiling.epoch}, {ceiling.view}, {ceiling.height}};
}

// The later number, above both.
CeilingRecord highest(const CeilingRecord& a, const CeilingRecord& b) {
  const consensus::Floor both =
      consensus::higher({a.epoch, a.view, a.height}, {b.epoch, b.view, b.height});
  return {std::max(a.number, b.number), both.epoch, both.view, both.height};
}

std::expected<void, StartError> raise(storage::SignState& state, const CeilingRecord& to) {
  const auto raised = state.raise({to.number, to.epoch.value, to.view.value, to.height.value});
  if (!raised) return write_failed("sign state", raised.error().text);
  return {};
}

// Why there is no sign state to start with, and the way on.
std::string explain(const storage::SignStateError& error) {
  const std::string text = "sign state: " + error.text;
  if (error.code == SignStateErrorCode::Missing) {
    return text +
           "; bring the file back, or learn from the other validators how far this key may have "
           "signed, with  giro recover --from-peers";
  }
  if (error.code == SignStateErrorCode::Unreadable) {
    return text +
           "; bring the file back, or move it away and learn from the other validators how far "
           "this key may have signed, with  giro recover --from-peers";
  }
  return text;
}

// Such a node has no vote guard: nothing can be signed, whatever the replica asks for.
void search_for_floor(Opened& node, std::uint64_t record, const Platform& platform,
                      const Progress& progress) {
  std::array<std::byte, 8> number{};
  platform.random(number);
  node.recovered.floor_search = crypto::Reader(number).u64();
  node.floor_record = record;
  progress("nothing tells how far this key may have signed: the other validators are asked");
}

void append(Opened& node, const consensus::DurableRecord& record) {
  node.log->append(
      storage::RecordType{static_cast<std::uint16_t>(consensus::wire::type_of(record))},
      consensus::wire::encode_record(record));
}

// In the log first: one that does not know the sign state's last record has forgotten what it
// promised.
std::expected<void, StartError> record_start(Opened& node, storage::SignState& state,
                                             const CeilingRecord& ceiling) {
  append(node, ceiling);
  if (const auto synced = node.log->sync(); !synced)
    return write_failed("the log cannot be written", synced.error().text);
  if (auto raised = raise(state, ceiling); !raised) return raised;
  node.ceiling = {ceiling.number, ceiling.epoch, ceiling.view, ceiling.height};
  return {};
}

}  // namespace

std::expected<void, StartError> bind_sign_state(Opened& node,
                                                const consensus::LoggedCeilings& logged,
                                                StartMode mode, const Platform& platform,
                                                const Progress& progress) {
  const bool may_recover = mode == StartMode::Recover;
  const std::uint64_t known = logged.last ? logged.last->number : 0;
  auto state = storage::SignState::open(*node.files, node.config.sign_state_dir.string(),
                                        {node.genesis.chain_id, node.signer->public_key()});
  if (!state && state.error().code == SignStateErrorCode::File)
    return write_failed("sign state", state.error().text);
  if (!state) {
    const bool is_missing = state.error().code == SignStateErrorCode::Missing;
    if (!is_missing || !may_recover) return misconfigured(explain(state.error()));
    search_for_floor(node, known + 1, platform, progress);
    return {};
  }
  if (state->had_bad_slot()) ++node.found.sign_state_slots_bad;
  CeilingRecord ceiling = as_record(state->ceiling());
  consensus::Memory memory = compare(ceiling, logged);
  // The log says so: the key was seen to have signed above this sign state's ceiling.
  const bool is_refuted = node.recovered.amnesic_below == consensus::kUnknownFloor;
  if (is_refuted) memory = consensus::Memory::SignStateBehind;
  if (GIRO_MUTANT(31) && memory == consensus::Memory::SignStateBehind)
    memory = consensus::Memory::Complete;
  if (GIRO_MUTANT(32) && memory == consensus::Memory::LogBehind)
    memory = consensus::Memory::Complete;
  switch (memory) {
    case consensus::Memory::Complete:
      // A raise that reached the log alone signed nothing: it is completed.
      if (known > ceiling.number) {
        ceiling = *logged.last;
        if (auto raised = raise(*state, ceiling); !raised) return raised;
      }
      break;
    case consensus::Memory::LogBehind: {
      const std::string height = std::to_string(ceiling.height.value);
      if (node.log_was_empty && !may_recover) {
        return misconfigured(
            "data_dir holds no log, but this key has signed up to height " + height +
            ": bring data_dir back, or rebuild it from the other validators with  giro recover "
            "--from-peers  (nothing is signed until that is safe)");
      }
      // What the log knows of what it has forgotten counts as well: the sign state may be an old
      // copy, and a floor never falls.
      consensus::Floor floor = floor_below(ceiling, node.genesis.genesis.parameters.epoch_blocks);
      if (const auto& below = node.recovered.amnesic_below)
        floor = consensus::higher(floor, *below);
      if (logged.last) ceiling = highest(ceiling, *logged.last);
      ceiling = highest(ceiling, {0, floor.epoch, floor.view, floor.height});
      node.recovered.amnesic_below = floor;
      append(node, consensus::AmnesiaRecord{floor});
      progress("what this key signed up to height " + std::to_string(floor.height.value) +
               " is not remembered: it votes again once a height above that is stable");
      break;
    }
    case consensus::Memory::SignStateBehind:
      if (!may_recover) {
        const std::string why =
            is_refuted
                ? "this key has signed what neither log nor sign state tells: the sign state "
                  "was restored from a copy, or the key is used elsewhere (end that process "
                  "first)"
                : "the sign state is behind the log (record " + std::to_string(ceiling.number) +
                      " of " + std::to_string(known) + "): it was restored from a copy";
        return misconfigured(why +
                             ". This validator must not vote; bring the right file back, or learn "
                             "from the other validators how far this key may have signed, with  "
                             "giro recover --from-peers");
      }
      search_for_floor(node, std::max(known, ceiling.number) + 1, platform, progress);
      node.sign_state.emplace(std::move(*state));
      return {};
  }
  ++ceiling.number;
  if (auto recorded = record_start(node, *state, ceiling); !recorded) return recorded;
  node.sign_state.emplace(std::move(*state));
  return {};
}

std::expected<void, StartError> adopt_floor(storage::FilePort& files, const std::string& directory,
                                            const storage::SignStateOwner& owner,
                                            std::optional<storage::SignState>& copy,
                                            storage::Ceiling floor) {
  if (!copy) {
    const auto made = storage::SignState::create(files, directory, owner, floor);
    if (made) return {};
    if (made.error().code == SignStateErrorCode::AlreadyExists) {
      return misconfigured("sign state: " + made.error().text +
                           " now; start again and it will be used");
    }
    return write_failed("sign state", made.error().text);
  }
  // A ceiling runs ahead of what was signed; it may do so by more than the floor.
  return raise(*copy, highest(as_record(floor), as_record(copy->ceiling())));
}

}  // namespace giro::runtime
