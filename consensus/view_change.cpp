#include "consensus/view_change.h"

#include <algorithm>

#include "crypto/digest.h"
#include "crypto/mutant.h"

namespace giro::consensus {

Hash ViewChange::digest(const Hash& chain) const {
  Bytes bytes;
  bytes.reserve(192);
  crypto::Writer writer(bytes);
  writer.text("giro/view-change/v1").raw(chain).u64(epoch.value).u64(view.value).u64(voter.value);
  writer.u64(high.view.value).u64(high.height.value).raw(high.digest);
  writer.u64(stable.value).raw(stable_header);
  return crypto::sha256(bytes);
}

Hash NewView::digest(const Hash& chain) const {
  Bytes bytes;
  bytes.reserve(160 + changes.size() * sizeof(Hash));
  crypto::Writer writer(bytes);
  writer.text("giro/new-view/v1").raw(chain).u64(epoch.value).u64(view.value).u64(changes.size());
  for (const ViewChange& change : changes) writer.raw(change.digest(chain));
  const HighMark mark = anchor ? mark_of(*anchor) : HighMark{};
  writer.u64(mark.view.value).u64(mark.height.value).raw(mark.digest);
  return crypto::sha256(bytes);
}

HighMark mark_of(const Certificate& certificate) {
  return {certificate.content.view, certificate.content.height, certificate.content.digest};
}

HighMark highest_mark(const std::vector<ViewChange>& changes) {
  if (GIRO_MUTANT(14)) return std::ranges::min_element(changes, {}, &ViewChange::high)->high;
  HighMark highest;
  for (const ViewChange& change : changes) highest = std::max(highest, change.high);
  return highest;
}

}  // namespace giro::consensus
