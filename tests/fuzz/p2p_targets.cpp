// F01, F02: what a stranger may send before anything about him is known.
#include "p2p/frame.h"
#include "p2p/handshake.h"
#include "tests/fuzz/target.h"

namespace giro::fuzz::of_p2p {
namespace {

using namespace p2p;

struct Frames {
  std::vector<Bytes> frames;  // as they were on the wire
  std::optional<FrameReject> reject;
  friend bool operator==(const Frames&, const Frames&) = default;
};

// In pieces of `step` bytes, the full sizes allowed after the first frame, as a channel does it.
Frames take_frames(ByteView stream, std::size_t step) {
  FrameDecoder decoder(kFamilyDefaults);
  Frames out;
  while (!stream.empty() && !out.reject) {
    const ByteView piece = stream.first(std::min(step, stream.size()));
    stream = stream.subspan(piece.size());
    decoder.append(piece);
    for (;;) {
      const auto next = decoder.next();
      if (!next) out.reject = next.error();
      if (!next || !*next) break;
      const FrameView& frame = **next;
      out.frames.push_back(*encode_frame(frame.family, frame.type, frame.payload));
      decoder.allow_full_frames();
    }
  }
  return out;
}

bool run_frame(ByteView input) {
  if (input.empty()) return false;
  const std::size_t step = 1 + std::to_integer<std::size_t>(input[0]);
  const ByteView stream = input.subspan(1);
  const Frames whole = take_frames(stream, stream.size() + 1), parts = take_frames(stream, step);
  GIRO_CHECK(whole == parts, step);
  Bytes again;
  for (const Bytes& frame : whole.frames) again.insert(again.end(), frame.begin(), frame.end());
  GIRO_CHECK(again.size() <= stream.size());
  GIRO_CHECK(std::equal(again.begin(), again.end(), stream.begin()));
  return whole.frames.size() >= 2 && !whole.reject;
}

std::vector<Bytes> frame_seeds() {
  Bytes stream{std::byte{2}};
  for (const Family family : {Family::Control, Family::Agreement, Family::Sync}) {
    const Frame frame = encode_frame(family, 3, crypto::as_view("payload"));
    stream.insert(stream.end(), frame->begin(), frame->end());
  }
  return {stream, Bytes(stream.begin(), stream.end() - 4)};
}

const ChannelTerms& terms() {
  static const ChannelTerms terms{kProtocolVersion, crypto::sha256(crypto::as_view("chain")),
                                  crypto::sha256(crypto::as_view("parameters"))};
  return terms;
}

bool run_hello(ByteView input) {
  if (input.empty()) return false;
  const ByteView payload = input.subspan(1);
  switch (std::to_integer<unsigned>(input[0]) % 3) {
    case 0: {
      const auto hello = decode_hello(payload);
      if (!hello) return false;
      const Reason reason = judge_hello(terms(), *hello);
      GIRO_CHECK((reason == Reason::None) == (hello->terms == terms()));
      GIRO_CHECK(explain_difference(terms(), hello->terms).empty() == (reason == Reason::None));
      // Of another version only that much is read.
      GIRO_CHECK(reason == Reason::WrongVersion ||
                 std::ranges::equal(encode_hello(hello->terms), payload));
      return reason != Reason::WrongVersion;
    }
    case 1: {
      const auto proof = decode_proof(payload);
      if (!proof) return false;
      GIRO_CHECK(std::ranges::equal(encode_proof(*proof), payload));
      const Bytes exporter(kExporterBytes, std::byte{1});
      (void)judge_proof(terms(), exporter, Role::Dialer, *proof, {},
                        [](const auto&) { return true; });
      return true;
    }
    default:
      return decode_goodbye(payload).has_value();
  }
}

std::vector<Bytes> hello_seeds() {
  const auto key = crypto::SecretKey::from_bytes(crypto::sha256(crypto::as_view("key")));
  const Bytes exporter(kExporterBytes, std::byte{1});
  const Proof proof{key->public_key(), key->sign(proof_digest(terms(), exporter, Role::Dialer))};
  return {tagged(0, encode_hello(terms())), tagged(1, encode_proof(proof)),
          tagged(2, encode_goodbye(Reason::BadProof))};
}

}  // namespace

std::span<const Target> targets() {
  static constexpr Target kTargets[] = {{"F01", "frame", run_frame, frame_seeds},
                                        {"F02", "hello", run_hello, hello_seeds}};
  return kTargets;
}

}  // namespace giro::fuzz::of_p2p
