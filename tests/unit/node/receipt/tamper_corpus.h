// Edits of a valid receipt, each with the failure that it must give: for every verifier.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "node/receipt/limits.h"
#include "tests/unit/node/receipt/receipt_builder.h"

namespace giro::receipt::test {

using consensus::Header;

inline const Shape kRich{
    .later_headers = 2, .set_changes = 2, .voters = {0, 1, 2, 4}, .shown = {0, 1}};

struct Tamper {
  std::string name;
  std::function<void(Receipt&)> edit;
  Failure expected;
  Shape base = kRich;
};
using Corpus = std::vector<Tamper>;

inline void flip(std::span<std::byte> bytes, std::size_t bit) {
  bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
}

// One edit for each byte of what `field` finds in a receipt.
template <typename Field>
inline void each_byte(Corpus& corpus, const std::string& name, std::size_t size, Failure expected,
                      Field field) {
  for (std::size_t i = 0; i < size; ++i) {
    corpus.push_back({name + " byte " + std::to_string(i),
                      [=](Receipt& r) { flip(field(r), i * 8 + i % 8); }, expected});
  }
}

inline void add_operation(Corpus& corpus) {
  const auto bad = Failure::BadBody;
  each_byte(corpus, "body", 30, bad, [](Receipt& r) { return std::span(r.operation->body); });
  each_byte(corpus, "body signature", 64, bad,
            [](Receipt& r) { return std::span(r.operation->signatures[1].signature.bytes); });
  each_byte(corpus, "operation hash", 32, bad,
            [](Receipt& r) { return std::span(r.outcome.operation_hash.bytes); });
  corpus.push_back({"body longer", [](Receipt& r) { r.operation->body.push_back({}); }, bad});
  corpus.push_back({"body shorter", [](Receipt& r) { r.operation->body.pop_back(); }, bad});
  corpus.push_back({"body empty", [](Receipt& r) { r.operation->body.clear(); }, bad});
  corpus.push_back({"signature under another key",
                    [](Receipt& r) {
                      auto& signatures = r.operation->signatures;
                      std::swap(signatures[0].signature, signatures[1].signature);
                    },
                    bad});
  corpus.push_back({"signature for another chain",
                    [](Receipt& r) {
                      auto& entry = r.operation->signatures[0];
                      const bool eleven = entry.public_key == secret(11).public_key();
                      entry.signature =
                          secret(eleven ? 11 : 12)
                              .sign(crypto::tagged_hash("giro/operation/v1",
                                                        {digest("x"), r.outcome.operation_hash}));
                    },
                    bad});
  corpus.push_back({"signature key is no point",
                    [](Receipt& r) { r.operation->signatures[0].public_key.bytes[0] = {}; }, bad});
  const auto malformed = Failure::Malformed;
  corpus.push_back({"body above the limit",
                    [](Receipt& r) { r.operation->body.resize(kBodyBytesMax + 1); }, malformed});
  corpus.push_back({"signature twice",
                    [](Receipt& r) {
                      auto& signatures = r.operation->signatures;
                      signatures.insert(signatures.begin(), signatures[0]);
                    },
                    malformed});
  corpus.push_back(
      {"signatures out of order",
       [](Receipt& r) { std::swap(r.operation->signatures[0], r.operation->signatures[1]); },
       malformed});
  corpus.push_back({"too many signatures",
                    [](Receipt& r) {
                      for (std::size_t i = 0; i < kBodySignaturesMax; ++i) {
                        r.operation->signatures.push_back({});
                      }
                    },
                    malformed});
}

inline void add_outcome(Corpus& corpus) {
  const auto bad = Failure::BadPath;
  each_byte(corpus, "op_id", 16, bad, [](Receipt& r) { return std::span(r.outcome.op_id.bytes); });
  each_byte(corpus, "events root", 32, bad,
            [](Receipt& r) { return std::span(r.outcome.events_root.bytes); });
  corpus.push_back({"height", [](Receipt& r) { ++r.outcome.height; }, bad});
  corpus.push_back({"height of leaf and header",
                    [](Receipt& r) {
                      ++r.outcome.height;
                      ++r.header.height.value;
                    },
                    bad});
  corpus.push_back({"block time", [](Receipt& r) { ++r.outcome.block_time.value; }, bad});
  corpus.push_back({"block time of leaf and header",
                    [](Receipt& r) {
                      ++r.outcome.block_time.value;
                      ++r.header.time.ms;
                    },
                    bad});
  corpus.push_back({"actor", [](Receipt& r) { ++r.outcome.actor; }, bad});
  corpus.push_back({"code", [](Receipt& r) { r.outcome.code = ledger::Code::Ok; }, bad});
  corpus.push_back({"detail index", [](Receipt& r) { ++r.outcome.detail_index; }, bad});
  corpus.push_back(
      {"detail inner", [](Receipt& r) { r.outcome.detail_inner = ledger::Code::Ok; }, bad});
  corpus.push_back({"recorded", [](Receipt& r) { r.outcome.recorded = false; }, bad});
  corpus.push_back({"event count", [](Receipt& r) { --r.outcome.event_count; }, bad});
  for (const std::uint32_t index : {1u, 2u, 4u, 5u, 6u, 7u, 11u, 0xffffffffu}) {
    corpus.push_back(
        {"index " + std::to_string(index), [=](Receipt& r) { r.outcome.index = index; }, bad});
  }
  const auto malformed = Failure::Malformed;
  corpus.push_back({"index of the sweep", [](Receipt& r) { r.outcome.index = 0; }, malformed});
  corpus.push_back({"height of genesis", [](Receipt& r) { r.outcome.height = 0; }, malformed});
  corpus.push_back(
      {"time before 1970", [](Receipt& r) { r.outcome.block_time.value = -1; }, malformed});
  corpus.push_back({"time after 9999",
                    [](Receipt& r) { r.outcome.block_time.value = 253'402'300'800'000; },
                    malformed});
}

inline void add_path(Corpus& corpus) {
  const auto bad = Failure::BadPath;
  for (std::size_t at = 0; at < 3; ++at) {
    each_byte(corpus, "path " + std::to_string(at), 8, bad,
              [=](Receipt& r) { return std::span(r.path[at].bytes).subspan(at * 8); });
    corpus.push_back({"path without " + std::to_string(at),
                      [=](Receipt& r) { r.path.erase(r.path.begin() + std::ptrdiff_t(at)); }, bad});
    corpus.push_back(
        {"path doubled " + std::to_string(at),
         [=](Receipt& r) { r.path.insert(r.path.begin() + std::ptrdiff_t(at), r.path[at]); }, bad});
  }
  corpus.push_back({"path reversed", [](Receipt& r) { std::swap(r.path[0], r.path[2]); }, bad});
  corpus.push_back({"path empty", [](Receipt& r) { r.path.clear(); }, bad});
  corpus.push_back({"path at the limit", [](Receipt& r) { r.path.resize(kPathMax); }, bad});
  corpus.push_back({"path above the limit", [](Receipt& r) { r.path.resize(kPathMax + 1); },
                    Failure::Malformed});
}

inline void add_events(Corpus& corpus) {
  const auto bad = Failure::BadPath;
  const auto malformed = Failure::Malformed;
  // Past what says how it is to be read, so that it stays an event.
  each_byte(corpus, "event id", 16, bad, [](Receipt& r) {
    const auto& id = r.outcome.op_id.bytes;
    const auto found = std::ranges::search(r.events[1].event, id);
    return std::span(found.begin(), found.end());
  });
  for (std::size_t at = 0; at < 2; ++at) {
    each_byte(corpus, "event path " + std::to_string(at), 32, bad,
              [=](Receipt& r) { return std::span(r.events[1].path[at].bytes); });
  }
  corpus.push_back({"event of another place", [](Receipt& r) { r.events[1].position = 2; }, bad});
  corpus.push_back({"event past the last", [](Receipt& r) { r.events[1].position = 3; }, bad});
  corpus.push_back(
      {"event far past the last", [](Receipt& r) { r.events[1].position = ~0U; }, bad});
  corpus.push_back(
      {"one event for another", [](Receipt& r) { r.events[1].event = r.events[0].event; }, bad});
  corpus.push_back({"event path shorter", [](Receipt& r) { r.events[1].path.pop_back(); }, bad});
  corpus.push_back({"event path longer", [](Receipt& r) { r.events[1].path.emplace_back(); }, bad});
  corpus.push_back({"event path reversed",
                    [](Receipt& r) { std::swap(r.events[1].path[0], r.events[1].path[1]); }, bad});
  corpus.push_back({"fewer events", [](Receipt& r) { --r.outcome.event_count; }, bad});
  corpus.push_back({"more events", [](Receipt& r) { ++r.outcome.event_count; }, bad});
  corpus.push_back({"events root", [](Receipt& r) { flip(r.outcome.events_root.bytes, 7); }, bad});
  corpus.push_back({"event of another operation",
                    [](Receipt& r) {
                      const Receipt other = make_receipt({.index = 4, .shown = {0, 1}});
                      r.events[1] = other.events[1];
                    },
                    bad});
  corpus.push_back(
      {"events out of order", [](Receipt& r) { std::swap(r.events[0], r.events[1]); }, malformed});
  corpus.push_back({"one event twice", [](Receipt& r) { r.events[1] = r.events[0]; }, malformed});
  corpus.push_back({"no event", [](Receipt& r) { r.events[1].event.clear(); }, bad});
  corpus.push_back({"event cut", [](Receipt& r) { r.events[1].event.pop_back(); }, malformed});
  corpus.push_back(
      {"event and more", [](Receipt& r) { r.events[1].event.push_back({}); }, malformed});
  corpus.push_back({"event above the limit",
                    [](Receipt& r) { r.events[1].event.resize(kEventBytesMax + 1); }, malformed});
  corpus.push_back({"event path above the limit",
                    [](Receipt& r) { r.events[1].path.resize(kPathMax + 1); }, malformed});
  corpus.push_back(
      {"too many events", [](Receipt& r) { r.events.resize(kEventsMax + 1); }, malformed});
}

using HeaderHash = Hash Header::*;
inline const std::vector<std::pair<std::string, HeaderHash>> kHeaderHashes{
    {"block", &Header::block},
    {"previous", &Header::previous},
    {"state root", &Header::state_root},
    {"totals root", &Header::totals_root},
    {"next set", &Header::next_set}};

// Every field of a header. `find` gives the header; `late` is expected where the hash of the header
// is what breaks.
inline void add_header(Corpus& corpus, const std::string& name, Failure late,
                       const std::function<Header&(Receipt&)>& find) {
  for (const auto& [field, member] : kHeaderHashes) {
    for (const std::size_t bit : {0u, 77u, 255u}) {
      corpus.push_back({name + " " + field + " bit " + std::to_string(bit),
                        [=](Receipt& r) { flip((find(r).*member).bytes, bit); }, late});
    }
  }
  corpus.push_back({name + " rules version", [=](Receipt& r) { ++find(r).rules_version; }, late});
  corpus.push_back(
      {name + " next first view", [=](Receipt& r) { ++find(r).next_first_view.value; }, late});
}

inline void add_headers(Corpus& corpus) {
  const auto bad = Failure::BadPath;
  add_header(corpus, "header", bad, [](Receipt& r) -> Header& { return r.header; });
  add_header(corpus, "first later header", bad,
             [](Receipt& r) -> Header& { return r.later_headers[0]; });
  corpus.push_back(
      {"outcomes root", [](Receipt& r) { flip(r.header.outcomes_root.bytes, 9); }, bad});
  corpus.push_back({"header time", [](Receipt& r) { ++r.header.time.ms; }, bad});
  corpus.push_back({"header height", [](Receipt& r) { ++r.header.height.value; }, bad});
  corpus.push_back({"header epoch", [](Receipt& r) { --r.header.epoch.value; }, bad});
  corpus.push_back({"later header missing",
                    [](Receipt& r) { r.later_headers.erase(r.later_headers.begin()); }, bad});
  corpus.push_back({"later headers swapped",
                    [](Receipt& r) { std::swap(r.later_headers[0], r.later_headers[1]); }, bad});
  corpus.push_back({"later header skips a height, signed",
                    [](Receipt& r) {
                      ++r.later_headers[1].height.value;
                      attest_again(r, 2, {0, 1, 2, 4});
                    },
                    bad});
  corpus.push_back({"later header goes back an epoch, signed",
                    [](Receipt& r) {
                      --r.later_headers[1].epoch.value;
                      attest_again(r, 2, {0, 1, 2, 4});
                    },
                    bad});
  corpus.push_back({"later header of another parent, signed",
                    [](Receipt& r) {
                      flip(r.later_headers[1].previous.bytes, 3);
                      attest_again(r, 2, {0, 1, 2, 4});
                    },
                    bad});
  corpus.push_back({"too many later headers",
                    [](Receipt& r) { r.later_headers.resize(kLaterHeadersMax + 1); },
                    Failure::Malformed});
  // The attested header itself: its hash is what the votes are for.
  const auto bad_signature = Failure::BadSignature;
  Corpus attested;
  add_header(attested, "attested header", bad_signature,
             [](Receipt& r) -> Header& { return r.header; });
  attested.push_back({"attested epoch", [](Receipt& r) { ++r.header.epoch.value; }, bad_signature});
  for (Tamper& tamper : attested) {
    tamper.base.later_headers = 0;
    corpus.push_back(std::move(tamper));
  }
  corpus.push_back(
      {"last later header time", [](Receipt& r) { ++r.later_headers[1].time.ms; }, bad_signature});
}

inline void resign(Receipt& r, std::size_t at, const consensus::VoteContent& content,
                   const Hash& chain) {
  auto& entry = r.attestation[at];
  entry.signature = secret(kThirdKeys[entry.voter.value]).sign(content.sign_bytes(chain));
}

inline void add_attestation(Corpus& corpus) {
  const auto bad = Failure::BadSignature;
  for (const std::size_t at : {0u, 3u}) {
    each_byte(corpus, "attestation " + std::to_string(at), 64, bad,
              [=](Receipt& r) { return std::span(r.attestation[at].signature.bytes); });
  }
  corpus.push_back(
      {"signature of another member",
       [](Receipt& r) { std::swap(r.attestation[0].signature, r.attestation[1].signature); }, bad});
  corpus.push_back(
      {"voter is another member", [](Receipt& r) { r.attestation[3].voter.value = 3; }, bad});
  corpus.push_back(
      {"voter outside the set", [](Receipt& r) { r.attestation[3].voter.value = 5; }, bad});
  corpus.push_back({"voter far outside the set",
                    [](Receipt& r) { r.attestation[3].voter.value = 0xffffffff; }, bad});
  corpus.push_back(
      {"one vote twice", [](Receipt& r) { r.attestation[1] = r.attestation[0]; }, bad});
  corpus.push_back({"votes out of order",
                    [](Receipt& r) { std::swap(r.attestation[0], r.attestation[1]); }, bad});
  corpus.push_back({"high S",
                    [](Receipt& r) {
                      // order - s, with which plain ECDSA would be content
                      const Bytes order = *crypto::from_hex(
                          "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
                      auto s = std::span(r.attestation[0].signature.bytes).subspan(32);
                      int borrow = 0;
                      for (std::size_t i = 32; i-- > 0;) {
                        const int digit =
                            std::to_integer<int>(order[i]) - std::to_integer<int>(s[i]) - borrow;
                        borrow = digit < 0 ? 1 : 0;
                        s[i] = static_cast<std::byte>(digit + 256 * borrow);
                      }
                    },
                    bad});
  corpus.push_back({"zero signature", [](Receipt& r) { r.attestation[0].signature = {}; }, bad});
  using Content = consensus::VoteContent;
  const std::vector<std::pair<std::string, std::function<void(Content&)>>> other_votes{
      {"prepare vote", [](Content& c) { c.kind = consensus::VoteKind::Prepare; }},
      {"commit vote", [](Content& c) { c.kind = consensus::VoteKind::Commit; }},
      {"snapshot vote", [](Content& c) { c.kind = consensus::VoteKind::Snapshot; }},
      {"vote of another epoch", [](Content& c) { ++c.epoch.value; }},
      {"vote of a view", [](Content& c) { c.view.value = 1; }},
      {"vote of another height", [](Content& c) { --c.height.value; }},
      {"vote for another header", [](Content& c) { flip(c.digest.bytes, 0); }}};
  for (const auto& [name, edit] : other_votes) {
    corpus.push_back({name,
                      [edit](Receipt& r) {
                        Content content = attest_content(r.chain, r.attested_header());
                        edit(content);
                        resign(r, 2, content, r.chain);
                      },
                      bad});
  }
  corpus.push_back({"vote on another chain",
                    [](Receipt& r) {
                      resign(r, 2, attest_content(r.chain, r.attested_header()), digest("other"));
                    },
                    bad});
  corpus.push_back({"votes of the set before",
                    [](Receipt& r) {
                      r.attestation =
                          attest(r.chain, r.attested_header(), kSecondKeys, {0, 1, 2, 4});
                    },
                    bad});
  corpus.push_back({"too many votes", [](Receipt& r) { r.attestation.resize(kMembersMax + 1); },
                    Failure::Malformed});
  for (std::size_t kept = 0; kept < 4; ++kept) {
    corpus.push_back({std::to_string(kept) + " votes of the 4 needed",
                      [=](Receipt& r) { r.attestation.resize(kept); }, Failure::NoQuorum});
  }
}

inline void add_lineage(Corpus& corpus) {
  const auto bad = Failure::BadLineage;
  for (const std::size_t at : {0u, 1u}) {
    const std::string change = "change " + std::to_string(at);
    add_header(corpus, change, bad, [=](Receipt& r) -> Header& { return r.lineage[at].header; });
    corpus.push_back(
        {change + " height", [=](Receipt& r) { ++r.lineage[at].header.height.value; }, bad});
    corpus.push_back(
        {change + " epoch", [=](Receipt& r) { ++r.lineage[at].header.epoch.value; }, bad});
    corpus.push_back(
        {change + " set epoch", [=](Receipt& r) { ++r.lineage[at].set.epoch.value; }, bad});
    corpus.push_back(
        {change + " lacks a vote", [=](Receipt& r) { r.lineage[at].attestation.pop_back(); }, bad});
    corpus.push_back({change + " vote edited",
                      [=](Receipt& r) { flip(r.lineage[at].attestation[1].signature.bytes, 99); },
                      bad});
    corpus.push_back(
        {change + " vote twice",
         [=](Receipt& r) { r.lineage[at].attestation[1] = r.lineage[at].attestation[0]; }, bad});
    corpus.push_back({change + " without a member",
                      [=](Receipt& r) { r.lineage[at].set.members.pop_back(); }, bad});
    corpus.push_back(
        {change + " with a stranger",
         [=](Receipt& r) { r.lineage[at].set.members[0].key = secret(999).public_key(); }, bad});
    corpus.push_back({change + " with another institution",
                      [=](Receipt& r) { ++r.lineage[at].set.members.back().institution.value; },
                      bad});
    corpus.push_back(
        {change + " with members in another order",
         [=](Receipt& r) { std::swap(r.lineage[at].set.members[0], r.lineage[at].set.members[1]); },
         bad});
    corpus.push_back(
        {change + " without members", [=](Receipt& r) { r.lineage[at].set.members.clear(); }, bad});
    corpus.push_back({change + " left out",
                      [=](Receipt& r) { r.lineage.erase(r.lineage.begin() + std::ptrdiff_t(at)); },
                      at == 0 ? bad : Failure::BadSignature});
    corpus.push_back({change + " twice",
                      [=](Receipt& r) {
                        r.lineage.insert(r.lineage.begin() + std::ptrdiff_t(at), r.lineage[at]);
                      },
                      bad});
    corpus.push_back({change + " with too many votes",
                      [=](Receipt& r) { r.lineage[at].attestation.resize(kMembersMax + 1); },
                      Failure::Malformed});
    corpus.push_back({change + " with too many members",
                      [=](Receipt& r) { r.lineage[at].set.members.resize(kMembersMax + 1); },
                      Failure::Malformed});
  }
  corpus.push_back(
      {"changes swapped", [](Receipt& r) { std::swap(r.lineage[0], r.lineage[1]); }, bad});
  corpus.push_back(
      {"lineage left out", [](Receipt& r) { r.lineage.clear(); }, Failure::BadSignature});
  corpus.push_back({"too many changes", [](Receipt& r) { r.lineage.resize(kSetChangesMax + 1); },
                    Failure::Malformed});
  const auto replace = [](Receipt& r, std::size_t at, std::uint64_t epoch,
                          const std::vector<std::uint64_t>& old_keys,
                          const std::vector<std::uint64_t>& new_keys) {
    r.lineage[at] = set_change(r.chain, epoch, old_keys, new_keys, {0, 1, 2, 3});
  };
  corpus.push_back({"change signed by strangers",
                    [=](Receipt& r) { replace(r, 0, 2, {901, 902, 903, 904}, kSecondKeys); }, bad});
  corpus.push_back({"change signed by the new set",
                    [=](Receipt& r) { replace(r, 1, 6, kThirdKeys, kThirdKeys); }, bad});
  corpus.push_back({"change to the same set, signed",
                    [=](Receipt& r) { replace(r, 0, 2, kGenesisKeys, kGenesisKeys); }, bad});
  corpus.push_back({"second change not above the first, signed",
                    [=](Receipt& r) { replace(r, 1, 2, kSecondKeys, kThirdKeys); }, bad});
  corpus.push_back({"change above the attested header, signed",
                    [=](Receipt& r) { replace(r, 1, 9, kSecondKeys, kThirdKeys); }, bad});
  corpus.push_back({"one key for two members, signed",
                    [=](Receipt& r) { replace(r, 1, 6, kSecondKeys, {101, 101, 103, 104}); }, bad});
  corpus.push_back({"last epoch of all, signed",
                    [=](Receipt& r) { replace(r, 1, ~std::uint64_t{0}, kSecondKeys, kThirdKeys); },
                    bad});
  corpus.push_back({"member key that is no point, signed",
                    [](Receipt& r) {
                      SetChange& change = r.lineage[1];
                      change.set.members[4].key = {};
                      change.header.next_set = change.set.digest(r.chain);
                      change.attestation =
                          attest(r.chain, change.header, kSecondKeys, {0, 1, 2, 3});
                    },
                    bad});
}

inline Corpus tamper_corpus() {
  Corpus corpus;
  add_operation(corpus);
  add_outcome(corpus);
  add_path(corpus);
  add_events(corpus);
  add_headers(corpus);
  add_attestation(corpus);
  add_lineage(corpus);
  each_byte(corpus, "chain", 32, Failure::WrongChain,
            [](Receipt& r) { return std::span(r.chain.bytes); });
  return corpus;
}

}  // namespace giro::receipt::test
