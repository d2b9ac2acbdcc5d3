// What members promise when they leave a view, and what the next primary makes of it (protocol 7).
// Values only.
#pragma once

#include <optional>
#include <vector>

#include "consensus/certificate.h"

namespace giro::consensus {

// A member's highest certificate, without its signatures. Height 0: it has none, and stands on the
// last block of the epoch before.
struct HighMark {
  View view;
  Height height;
  Hash digest;
  [[nodiscard]] bool is_none() const { return height.value == 0; }
  friend auto operator<=>(const HighMark&, const HighMark&) = default;  // by (view, height)
};

// "I have left every view below this one, and this is the highest that I know" (protocol R23). One
// for each (epoch, view), the same bytes whenever it is sent.
struct ViewChange {
  Epoch epoch;
  View view;  // v': the one that begins
  ReplicaId voter;
  HighMark high;  // of a view below v'
  Height stable;
  Hash stable_header;
  crypto::Signature signature;
  // SHA-256("giro/view-change/v1" ‖ chain ‖ epoch ‖ v' ‖ voter ‖ view, height, digest of high ‖
  // stable ‖ its header hash): what is signed.
  [[nodiscard]] Hash digest(const Hash& chain) const;
  friend bool operator==(const ViewChange&, const ViewChange&) = default;
};

// With the certificates that its claims need. They are not signed: there may be several for one
// mark.
struct ProvenViewChange {
  ViewChange change;
  std::optional<Certificate> high;    // absent if there is none
  std::optional<Certificate> attest;  // absent if stable is the last height of the epoch before
  friend bool operator==(const ProvenViewChange&, const ProvenViewChange&) = default;
};

// What begins a view (protocol R26): a quorum of ViewChanges, and the certificate of the highest of
// their marks. Its block is the anchor, on which all blocks of the view stand.
struct NewView {
  Epoch epoch;
  View view;
  std::vector<ViewChange> changes;    // a quorum, ascending voter
  std::optional<Certificate> anchor;  // absent if every mark is none
  crypto::Signature signature;        // of the view's primary
  // SHA-256("giro/new-view/v1" ‖ chain ‖ epoch ‖ v' ‖ count ‖ digests of the ViewChanges ‖ view,
  // height, digest of the anchor's certificate)
  [[nodiscard]] Hash digest(const Hash& chain) const;
  friend bool operator==(const NewView&, const NewView&) = default;
};

[[nodiscard]] HighMark mark_of(const Certificate& certificate);
// The highest mark of the changes: the one that the anchor must have.
[[nodiscard]] HighMark highest_mark(const std::vector<ViewChange>& changes);

}  // namespace giro::consensus
