#include "tests/unit/consensus/members.h"

#include "consensus/wire/codec.h"
#include "crypto/digest.h"

namespace giro::consensus::testing {

Hash hash_of(std::string_view text) {
  return crypto::sha256(crypto::as_view(text));
}

Members::Members(std::size_t count) : chain_(hash_of("chain")) {
  for (std::size_t i = 0; i < count; ++i) {
    auto& keys = signers_.emplace_back();
    for (std::size_t key = 0; key < kKeys; ++key) {
      const std::string name = "key " + std::to_string(i) + std::string(key, '\'');
      keys.push_back(
          std::make_unique<crypto::KeySigner>(*crypto::SecretKey::from_bytes(hash_of(name))));
    }
  }
  genesis_.block = chain_;
  genesis_.time = {kWallStartMs - 1000};
  genesis_.state_root = hash_of("genesis state");
}

std::vector<Seat> Members::seats(Epoch epoch) const {
  const auto next = seats_.upper_bound(epoch);
  if (next != seats_.begin()) return std::prev(next)->second;
  std::vector<Seat> all;
  for (std::size_t i = 0; i < size(); ++i) all.push_back({i, 0});
  return all;
}

ValidatorSet Members::set(Epoch epoch) const {
  ValidatorSet set{epoch, {}};
  for (const Seat& seat : seats(epoch)) set.members.push_back(identity(seat.index, seat.key));
  return set;
}

Certificate Members::certificate_of_set(const VoteContent& content) const {
  Certificate certificate{content, {}};
  const std::vector<Seat> voters = seats(content.epoch);
  for (std::uint32_t i = 0; i < set(content.epoch).quorum(); ++i) {
    certificate.signatures.push_back(
        {{i}, *signer(voters[i].index, voters[i].key).sign(content.sign_bytes(chain_))});
  }
  return certificate;
}

RecoveredState Members::fresh() const {
  return RecoveredState::fresh(set(), genesis_, genesis_.hash(chain_));
}

Vote Members::vote(std::size_t index, const VoteContent& content) const {
  return {content, ReplicaId{static_cast<std::uint32_t>(index)},
          *signer(index).sign(content.sign_bytes(chain_))};
}

Certificate Members::certificate(const VoteContent& content, std::size_t count) const {
  Certificate certificate{content, {}};
  if (count == 0) count = set().quorum();
  for (std::size_t i = 0; i < count; ++i) {
    certificate.signatures.push_back(
        {ReplicaId{static_cast<std::uint32_t>(i)}, vote(i, content).signature});
  }
  return certificate;
}

ProvenViewChange Members::view_change(std::size_t index, View view, std::optional<Certificate> high,
                                      Epoch epoch) const {
  ProvenViewChange made;
  made.change.epoch = epoch;
  made.change.view = view;
  made.change.voter = {static_cast<std::uint32_t>(index)};
  if (high) made.change.high = mark_of(*high);
  made.change.stable_header = genesis_.hash(chain_);
  made.high = std::move(high);
  made.change.signature = *signer(index).sign(made.change.digest(chain_));
  return made;
}

NewView Members::new_view(const std::vector<ProvenViewChange>& changes) const {
  NewView made{changes.front().change.epoch, changes.front().change.view, {}, {}, {}};
  for (const ProvenViewChange& change : changes) {
    if (made.changes.size() < set().quorum()) made.changes.push_back(change.change);
  }
  const HighMark mark = highest_mark(made.changes);
  for (const ProvenViewChange& change : changes) {
    if (change.high && change.change.high == mark) made.anchor = change.high;
  }
  made.signature = *signer(set().primary(made.view).value).sign(made.digest(chain_));
  return made;
}

PrePrepare Members::proposal(const Block& block) const {
  const VoteContent content{VoteKind::Prepare, block.epoch, block.view, block.height,
                            block.hash(chain_)};
  return {block, vote(set().primary(block.view).value, content)};
}

std::optional<std::vector<Member>> next_members_at(const Members& members, Height executed,
                                                   std::uint64_t epoch_blocks) {
  if (executed.value == 0 || executed.value % epoch_blocks != 0) return std::nullopt;
  return members.set(Epoch{executed.value / epoch_blocks}).members;
}

BatchPtr batch_of(InstitutionId author, std::uint64_t seq, std::int64_t expires_ms,
                  std::string_view operation) {
  const ByteView operations[] = {crypto::as_view(operation)};
  return wire::make_batch(author, seq, {expires_ms}, operations);
}

Executed executed_after(const Header& below, const Members& members, const Block& block,
                        std::uint64_t epoch_blocks) {
  const Hash& chain = members.chain();
  Executed result;
  Header& header = result.header;
  header.epoch = block.epoch;
  header.height = block.height;
  header.block = block.hash(chain);
  header.time = block.time;
  header.previous = below.hash(chain);
  header.state_root = crypto::tagged_hash("test/state", {below.state_root, header.block});
  header.outcomes_root = crypto::tagged_hash("test/outcomes", {header.block});
  header.totals_root = crypto::tagged_hash("test/totals", {header.block});
  header.rules_version = 1;
  if (block.height == last_height(block.epoch, epoch_blocks)) {
    const ValidatorSet next = members.set(Epoch{block.epoch.value + 1});
    header.next_set = next.digest(chain);
    header.next_first_view = block.view;
    result.next_members = next.members;
  }
  result.header_hash = header.hash(chain);
  return result;
}

}  // namespace giro::consensus::testing
