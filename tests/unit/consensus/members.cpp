#include "tests/unit/consensus/members.h"

#include "consensus/wire/codec.h"
#include "crypto/digest.h"

namespace giro::consensus::testing {

Hash hash_of(std::string_view text) {
  return crypto::sha256(crypto::as_view(text));
}

Members::Members(std::size_t count) : chain_(hash_of("chain")) {
  for (std::size_t i = 0; i < count; ++i) {
    Hash scalar = hash_of("key " + std::to_string(i));
    signers_.push_back(std::make_unique<crypto::KeySigner>(*crypto::SecretKey::from_bytes(scalar)));
  }
  genesis_.block = chain_;
  genesis_.time = {kWallStartMs - 1000};
  genesis_.state_root = hash_of("genesis state");
}

ValidatorSet Members::set(Epoch epoch) const {
  ValidatorSet set{epoch, {}};
  for (std::size_t i = 0; i < size(); ++i) {
    set.members.push_back({institution(i), signers_[i]->public_key()});
  }
  return set;
}

RecoveredState Members::fresh() const {
  return RecoveredState::fresh(set(), genesis_, genesis_.hash(chain_));
}

Vote Members::vote(std::size_t index, const VoteContent& content) const {
  return {content, ReplicaId{static_cast<std::uint32_t>(index)},
          *signers_.at(index)->sign(content.sign_bytes(chain_))};
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
  made.change.signature = *signers_.at(index)->sign(made.change.digest(chain_));
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
  made.signature = *signers_.at(set().primary(made.view).value)->sign(made.digest(chain_));
  return made;
}

PrePrepare Members::proposal(const Block& block) const {
  const VoteContent content{VoteKind::Prepare, block.epoch, block.view, block.height,
                            block.hash(chain_)};
  return {block, vote(set().primary(block.view).value, content)};
}

BatchPtr batch_of(InstitutionId author, std::uint64_t seq, std::int64_t expires_ms,
                  std::string_view operation) {
  const ByteView operations[] = {crypto::as_view(operation)};
  return wire::make_batch(author, seq, {expires_ms}, operations);
}

Header header_after(const Header& below, const Hash& chain, const Block& block,
                    const ValidatorSet& set, std::uint64_t epoch_blocks) {
  Header header;
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
    ValidatorSet next{Epoch{block.epoch.value + 1}, set.members};
    header.next_set = next.digest(chain);
    header.next_first_view = block.view;
  }
  return header;
}

}  // namespace giro::consensus::testing
