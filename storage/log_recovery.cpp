#include "storage/log_recovery.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace giro::storage {

namespace {

constexpr std::string_view kUnfinishedSuffix = ".log.new";

std::unexpected<LogError> damaged(const std::string& segment, std::uint64_t offset,
                                  std::string_view text) {
  return std::unexpected(LogError{LogErrorCode::Damaged, segment, offset, std::string(text), {}});
}

// One segment read into memory, and the walk over its groups.
class SegmentWalk {
 public:
  SegmentWalk(LogTip& tip, Segment& segment, Bytes image)
      : tip_(tip), segment_(segment), image_(std::move(image)) {}

  // Takes every intact group from the header on; stops at the first place that is not one.
  std::expected<void, LogError> take_groups(const Log::Visit& visit) {
    while (true) {
      const auto frame = frame_at(tip_.end);
      if (!frame) return {};
      if (frame->first_sequence != tip_.next || frame->chain != tip_.chain ||
          frame->floor < tip_.floor) {
        return damaged(segment_.name, tip_.end, "group does not follow the one before");
      }
      if (frame->extent() > image_.size() - tip_.end) {
        return damaged(segment_.name, tip_.end, "group larger than its segment");
      }
      if (frame->kind == FrameKind::Seal) {
        tip_.floor = frame->floor;
        tip_.is_sealed = true;
        return {};
      }
      if (const auto wrong = parse_group(*frame)) {
        broken_ = frame;
        broken_reason_ = *wrong;
        return {};
      }
      accept_group(*frame, visit);
    }
  }

  // What lies behind the last intact group of the newest segment: nothing, a torn tail, or damage.
  std::expected<std::optional<TornTail>, LogError> judge_tail() const {
    const auto start = tip_.is_sealed ? tip_.end + kFrameBytes : tip_.end;
    const auto written_end = last_written(start);
    if (written_end == start) return std::nullopt;
    const bool has_more_after_broken = broken_ && written_end > tip_.end + broken_->extent();
    if (has_more_after_broken || has_frame_after(tip_.end + kFrameBytes)) {
      return damaged(segment_.name, tip_.end,
                     broken_ ? broken_reason_ : std::string_view("group header unreadable"));
    }
    return TornTail{segment_.name, start, written_end - start};
  }

  // Why a segment that has a successor ended where it did.
  [[nodiscard]] std::string_view end_reason() const {
    return broken_ ? broken_reason_ : std::string_view("records missing before the next segment");
  }

  [[nodiscard]] bool is_broken() const { return broken_.has_value(); }

 private:
  [[nodiscard]] std::optional<Frame> frame_at(std::uint64_t offset) const {
    if (offset + kFrameBytes > image_.size()) return std::nullopt;
    const FramePlace place{tip_.salt, segment_.first_sequence, offset};
    return decode_frame(place, ByteView(image_).subspan(offset, kFrameBytes));
  }

  // Fills parsed_; gives what is wrong with the group, if anything.
  std::optional<std::string_view> parse_group(const Frame& frame) {
    parsed_.clear();
    const auto start = tip_.end + kFrameBytes;
    auto body = ByteView(image_).subspan(start, frame.body_bytes);
    auto chain = tip_.chain;
    for (auto sequence = frame.first_sequence; !body.empty(); ++sequence) {
      const auto record = parse_record(body, sequence);
      if (!record) return record.error();
      const std::array pieces{record->payload};
      chain = chain_record(chain, sequence, record->type, record->payload.size(), pieces);
      if (chain != record->chain) return "record does not follow the one before";
      parsed_.push_back(*record);
      body = body.subspan(kRecordHeaderBytes + record->payload.size());
    }
    if (parsed_.size() != frame.count) return "group has the wrong number of records";
    return std::nullopt;
  }

  void accept_group(const Frame& frame, const Log::Visit& visit) {
    for (const auto& record : parsed_) {
      const auto offset = record.payload.data() - image_.data();
      segment_.records.push_back(
          {static_cast<std::uint32_t>(static_cast<std::uint64_t>(offset) - kRecordHeaderBytes),
           static_cast<std::uint32_t>(record.payload.size())});
      visit({LogPosition{tip_.next}, record.type, record.payload});
      tip_.chain = record.chain;
      ++tip_.next;
    }
    tip_.floor = frame.floor;
    tip_.last_group = tip_.end;
    tip_.end += frame.extent();
  }

  [[nodiscard]] std::uint64_t last_written(std::uint64_t start) const {
    static constexpr std::array<std::byte, 4096> kZeros{};
    auto end = image_.size();
    while (end - start >= kZeros.size() &&
           std::memcmp(image_.data() + end - kZeros.size(), kZeros.data(), kZeros.size()) == 0) {
      end -= kZeros.size();
    }
    while (end > start && image_[end - 1] == std::byte{0}) --end;
    return end;
  }

  [[nodiscard]] bool has_frame_after(std::uint64_t offset) const {
    for (; offset + kFrameBytes <= image_.size(); offset += kLogAlignment) {
      if (frame_at(offset)) return true;
    }
    return false;
  }

  LogTip& tip_;
  Segment& segment_;
  Bytes image_;
  std::vector<ParsedRecord> parsed_;
  std::optional<Frame> broken_;
  std::string_view broken_reason_;
};

std::expected<std::vector<std::string>, LogError> segment_names(FilePort& port,
                                                                const std::string& directory) {
  auto names = port.list(directory);
  if (!names) return std::unexpected(log_file_error(names.error()));
  std::erase_if(*names, [](const auto& name) { return !parse_segment_name(name); });
  return std::move(*names);
}

struct LoadedSegment {
  std::shared_ptr<Segment> segment;
  SegmentHeader header;
  Bytes image;
};

std::expected<LoadedSegment, LogError> load_segment(FilePort& port, const std::string& directory,
                                                    const std::string& name) {
  auto file = port.open(join_path(directory, name), OpenMode::Write);
  if (!file) return std::unexpected(log_file_error(file.error()));
  const auto size = (*file)->size();
  if (!size) return std::unexpected(log_file_error(size.error()));
  Bytes head(kSegmentHeaderBytes);
  const auto got = (*file)->read(0, head);
  if (!got) return std::unexpected(log_file_error(got.error()));
  const auto header = *got == head.size() ? decode_segment_header(head) : std::nullopt;
  if (!header) return damaged(name, 0, "segment header unreadable");
  if (header->first_sequence != parse_segment_name(name)) {
    return damaged(name, 0, "segment under another segment's name");
  }
  if (header->segment_bytes != *size) return damaged(name, *size, "segment has the wrong size");
  LoadedSegment loaded{std::make_shared<Segment>(), *header, Bytes(*size)};
  loaded.segment->name = name;
  loaded.segment->file = std::move(*file);
  loaded.segment->first_sequence = header->first_sequence;
  loaded.segment->bytes = *size;
  const auto read = loaded.segment->file->read(0, loaded.image);
  if (!read) return std::unexpected(log_file_error(read.error()));
  if (*read != *size) return damaged(name, *read, "segment has the wrong size");
  return loaded;
}

std::expected<void, LogError> enter_segment(LogTip& tip, const LoadedSegment& loaded) {
  const auto& header = loaded.header;
  if (tip.segments.empty()) {
    tip.salt = header.salt;
    tip.chain = header.chain;
    tip.next = header.first_sequence;
    tip.floor = header.floor;
  }
  if (header.salt != tip.salt || header.first_sequence != tip.next || header.chain != tip.chain ||
      header.floor < tip.floor) {
    return damaged(loaded.segment->name, 0, "segment does not follow the one before");
  }
  tip.floor = header.floor;
  tip.end = kSegmentHeaderBytes;
  tip.last_group.reset();
  tip.is_sealed = false;
  tip.segments.push_back(loaded.segment);
  return {};
}

FileResult<void> remove_unfinished(FilePort& port, const std::string& directory) {
  const auto names = port.list(directory);
  if (!names) return std::unexpected(names.error());
  for (const auto& name : *names) {
    if (!name.ends_with(kUnfinishedSuffix)) continue;
    if (auto done = port.remove(join_path(directory, name)); !done) return done;
  }
  return {};
}

// A process may have died after a sync of the last group failed: then it can be read back from the
// system's cache although it is not on the disk, and would never be written. The same bytes again
// make it dirty again.
FileResult<void> write_last_group_again(File& file, std::uint64_t start, std::uint64_t end) {
  Bytes group(end - start);
  const auto got = file.read(start, group);
  if (!got) return std::unexpected(got.error());
  group.resize(*got);
  return file.write(start, group);
}

}  // namespace

std::expected<LogTip, LogError> read_back(FilePort& port, const std::string& directory,
                                          const Log::Visit& visit) {
  const auto names = segment_names(port, directory);
  if (!names) return std::unexpected(names.error());
  LogTip tip;
  for (const auto& name : *names) {
    const bool is_newest = name == names->back();
    auto loaded = load_segment(port, directory, name);
    if (!loaded) return std::unexpected(loaded.error());
    if (auto done = enter_segment(tip, *loaded); !done) return std::unexpected(done.error());
    SegmentWalk walk(tip, *loaded->segment, std::move(loaded->image));
    if (auto done = walk.take_groups(visit); !done) return std::unexpected(done.error());
    if (is_newest) {
      auto torn = walk.judge_tail();
      if (!torn) return std::unexpected(torn.error());
      tip.torn = std::move(*torn);
    } else {
      const auto after = std::ranges::upper_bound(*names, name);
      if (walk.is_broken() || parse_segment_name(*after) != tip.next) {
        return damaged(name, tip.end, walk.end_reason());
      }
    }
  }
  if (!tip.segments.empty() && tip.segments.front()->first_sequence > tip.floor) {
    return damaged(tip.segments.front()->name, 0, "older segments are missing");
  }
  return tip;
}

FileResult<void> repair(FilePort& port, const std::string& directory, LogTip& tip) {
  if (auto done = remove_unfinished(port, directory); !done) return done;
  auto& file = *tip.segments.back()->file;
  const bool is_unproven = tip.last_group && !tip.is_sealed;
  if (is_unproven) {
    auto done = write_last_group_again(file, *tip.last_group, tip.end);
    if (!done) return done;
  }
  if (tip.torn) {
    const Bytes zeros(tip.torn->bytes);
    if (auto done = file.write(tip.torn->offset, zeros); !done) return done;
  }
  if (is_unproven || tip.torn) {
    if (auto done = file.sync(); !done) return done;
  }
  if (is_unproven) {
    if (auto done = write_seal(tip); !done) return done;
  }
  if (auto done = port.sync_directory(directory); !done) return done;
  while (tip.segments.size() > 1 && tip.segments.front()->end_sequence() <= tip.floor) {
    const auto path = join_path(directory, tip.segments.front()->name);
    if (auto done = port.remove(path); !done) return done;
    if (auto done = port.sync_directory(directory); !done) return done;
    tip.segments.erase(tip.segments.begin());
  }
  return {};
}

FileResult<std::shared_ptr<Segment>> create_segment(FilePort& port, const std::string& directory,
                                                    const LogTip& tip, std::uint64_t bytes) {
  auto segment = std::make_shared<Segment>();
  segment->name = segment_name(tip.next);
  segment->first_sequence = tip.next;
  segment->bytes = bytes;
  const auto path = join_path(directory, segment->name);
  const auto unfinished = path + ".new";
  if (auto done = remove_tree(port, unfinished); !done) return std::unexpected(done.error());
  auto file = port.open(unfinished, OpenMode::Create);
  if (!file) return std::unexpected(file.error());
  segment->file = std::move(*file);
  if (auto done = segment->file->preallocate(bytes); !done) return std::unexpected(done.error());
  const auto header = encode_segment_header({tip.next, bytes, tip.floor, tip.salt, tip.chain});
  if (auto done = segment->file->write(0, header); !done) return std::unexpected(done.error());
  // Its name becomes a segment's only when its header is durable: an unreadable header is always
  // damage.
  if (auto done = segment->file->sync(); !done) return std::unexpected(done.error());
  if (auto done = port.rename(unfinished, path); !done) return std::unexpected(done.error());
  if (auto done = port.sync_directory(directory); !done) return std::unexpected(done.error());
  return segment;
}

FileResult<void> write_seal(LogTip& tip) {
  const auto& segment = *tip.segments.back();
  const FramePlace place{tip.salt, segment.first_sequence, tip.end};
  const auto seal = encode_frame(place, {FrameKind::Seal, 0, tip.next, tip.floor, 0, tip.chain});
  tip.is_sealed = true;
  return segment.file->write(tip.end, ByteView(seal));
}

}  // namespace giro::storage
