// A receipt proves the outcome of one operation to someone who trusts only the genesis file
// (surface 6, protocol R18). A plain value: no I/O, no thread. It proves nothing before verify()
// has said so.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "consensus/certificate.h"
#include "consensus/types.h"
#include "crypto/bytes.h"
#include "node/ledger/events.h"
#include "node/ledger/outcome_leaf.h"

namespace giro::receipt {

using crypto::Bytes;
using crypto::ByteView;
using crypto::Hash;

// What was signed, as the ledger received it (ledger 4.1).
struct SignedBody {
  struct Signature {
    crypto::PublicKey public_key;
    crypto::Signature signature;
    friend bool operator==(const Signature&, const Signature&) = default;
  };
  Bytes body;
  std::vector<Signature> signatures;  // ascending public key; may be left out
  friend bool operator==(const SignedBody&, const SignedBody&) = default;
};

// Attest votes for one header: the signatures of an attest certificate, ascending voter. What they
// sign follows from the header (protocol R16), so it is not carried.
using Attestation = std::vector<consensus::Certificate::Signed>;

// One change of the validator set: the last header of the epoch before it names the digest of the
// new set.
struct SetChange {
  consensus::Header header;
  Attestation attestation;
  consensus::ValidatorSet set;
  friend bool operator==(const SetChange&, const SetChange&) = default;
};

// A header and why it is to be believed: what every proof rests on.
struct Attested {
  Hash chain;
  consensus::Header header;  // the one that the proof is about
  // Headers above it, ascending, when the attestation held is that of a later one. Usually none.
  std::vector<consensus::Header> later_headers;
  Attestation attestation;  // of attested_header()
  std::vector<SetChange>
      lineage;  // every change from the genesis set to the set of attested_header(), ascending

  [[nodiscard]] const consensus::Header& attested_header() const {
    return later_headers.empty() ? header : later_headers.back();
  }
  friend bool operator==(const Attested&, const Attested&) = default;
};

// One event of the operation, shown: that a payment is SETTLED, and on which terms (ledger 9.4).
// Those that are not shown stay hidden behind hashes.
struct DisclosedEvent {
  std::uint32_t position = 0;  // among the operation's events, from 0
  Bytes event;                 // canonical ledger::EventRecord
  std::vector<Hash> path;      // from its leaf upwards to outcome.events_root
  friend bool operator==(const DisclosedEvent&, const DisclosedEvent&) = default;
};

struct Receipt : Attested {             // its header is that of the block that ran the operation
  std::optional<SignedBody> operation;  // nullopt: redacted, only its hash is in the leaf
  // Index 0 is the sweep's, whose events are what ended by its time-out: an EXPIRED payment.
  ledger::OutcomeLeaf outcome;
  std::vector<DisclosedEvent> events;  // ascending position; may be none, but not of the sweep
  std::vector<Hash> path;              // from the leaf upwards to header.outcomes_root
  friend bool operator==(const Receipt&, const Receipt&) = default;
};

// Shows the event at `position` of `events`, which are all of the outcome's, in their order.
// Positions are shown in ascending order.
void disclose(Receipt& receipt, std::span<const Bytes> events, std::size_t position);

// What the receipt shows of payments, in the order of its events: with their state, their code and
// their terms.
[[nodiscard]] std::vector<ledger::PaymentEvent> shown_payments(const Receipt& receipt);
// n of the events that it shows, among those of its block.
[[nodiscard]] std::vector<std::uint32_t> shown_places(const Receipt& receipt);

// SHA-256(outcome leaf ‖ header hash): equal at all nodes, whichever attestations they hold.
[[nodiscard]] Hash receipt_id(const Hash& chain, const ledger::OutcomeLeaf& outcome,
                              const consensus::Header& header);
[[nodiscard]] Hash receipt_id(const Receipt& receipt);

// What an attest vote for this header says (protocol 2): view 0, the header's hash as digest.
[[nodiscard]] consensus::VoteContent attest_content(const Hash& chain,
                                                    const consensus::Header& header);

}  // namespace giro::receipt
