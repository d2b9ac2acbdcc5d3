// Between the values of consensus/ and the messages of consensus.proto. Internal to wire/.
// read(), split() and parse() answer None, or why they refuse; then `out` is unspecified. They
// allocate no more than a small multiple of the input's size.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "consensus/output.h"
#include "consensus/reject.h"
#include "consensus/wire/consensus.pb.h"

namespace giro::consensus::wire {

namespace pb = giro::consensus::v1;

void write(const VoteContent& value, pb::VoteContent& out);
void write(const Vote& value, pb::Vote& out);
void write(const Certificate& value, pb::Certificate& out);
void write(const Block& value, pb::Block& out);
void write(const Header& value, pb::Header& out);
void write(const ProvenViewChange& value, pb::ProvenViewChange& out);
void write(const NewView& value, pb::NewView& out);
void write(const Evidence& value, pb::Evidence& out);
[[nodiscard]] std::string text(ByteView bytes);
[[nodiscard]] std::string join(std::span<const Hash> hashes);
[[nodiscard]] Bytes serialized(const google::protobuf::MessageLite& message);

[[nodiscard]] RejectReason read(const std::string& bytes, std::span<std::byte> out);
[[nodiscard]] RejectReason read(const pb::VoteContent& in, VoteContent& out);
[[nodiscard]] RejectReason read(const pb::Vote& in, Vote& out);
[[nodiscard]] RejectReason read(const pb::Certificate& in, Certificate& out);
[[nodiscard]] RejectReason read(const pb::Block& in, Block& out);
[[nodiscard]] RejectReason read(const pb::Header& in, Header& out);
[[nodiscard]] RejectReason read(const pb::ProvenViewChange& in, ProvenViewChange& out);
[[nodiscard]] RejectReason read(const pb::NewView& in, NewView& out);
[[nodiscard]] RejectReason read(const pb::Evidence& in, Evidence& out);
[[nodiscard]] RejectReason split(const std::string& bytes, std::size_t count_max,
                                 std::vector<Hash>& out);

// Fields numbered `field` at the top level of an encoded message, counted without decoding it;
// stops at `limit` + 1.
[[nodiscard]] std::size_t count_fields(ByteView bytes, std::uint32_t field, std::size_t limit);

// Insists on the one encoding: no unknown fields, nothing that we would have written otherwise.
[[nodiscard]] RejectReason parse(ByteView bytes, std::size_t size_max,
                                 google::protobuf::Message& out);

}  // namespace giro::consensus::wire
