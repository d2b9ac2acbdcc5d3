// The frame codec of p2p/.
#include <benchmark/benchmark.h>

#include <algorithm>

#include "p2p/frame.h"

namespace giro::p2p {
namespace {

void count_bytes(benchmark::State& state, std::size_t size) {
  state.SetBytesProcessed(static_cast<std::int64_t>(size) * state.iterations());
  state.SetItemsProcessed(state.iterations());
}

// A vote is about 200 bytes, a batch up to 512 KiB.
void frame_encode(benchmark::State& state) {
  const crypto::Bytes payload(static_cast<std::size_t>(state.range(0)), std::byte{0x5a});
  for (auto _ : state) benchmark::DoNotOptimize(encode_frame(Family::Payload, 1, payload));
  count_bytes(state, payload.size());
}
BENCHMARK(frame_encode)->Arg(200)->Arg(512 * 1024);

// Bytes as they come from a socket: frames back to back, taken in reads of kReadBytesMax.
void frame_decode(benchmark::State& state) {
  const crypto::Bytes payload(static_cast<std::size_t>(state.range(0)), std::byte{0x5a});
  const Frame frame = encode_frame(Family::Payload, 1, payload);
  FrameDecoder decoder(kFamilyDefaults);
  decoder.allow_full_frames();
  for (auto _ : state) {
    for (crypto::ByteView rest(*frame); !rest.empty();) {
      const crypto::ByteView part = rest.first(std::min(rest.size(), kReadBytesMax));
      decoder.append(part);
      rest = rest.subspan(part.size());
    }
    const auto decoded = decoder.next();
    if (!decoded || !*decoded) state.SkipWithError("no frame");
  }
  count_bytes(state, payload.size());
}
BENCHMARK(frame_decode)->Arg(200)->Arg(512 * 1024);

}  // namespace
}  // namespace giro::p2p
