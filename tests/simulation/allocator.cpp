// Memory for everything that is made with `new`: free blocks of one size in a list for each thread,
// cut from spans of a range of addresses that is reserved once. A run is short and has a process of
// its own, so that nothing is given back or merged.
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace giro::sim {
namespace {

constexpr std::size_t kSpanBytes = 64 << 10;
constexpr std::size_t kSpans = 1 << 20;  // 64 GiB of addresses
// Sizes are multiples of 16 up to 1 KiB; then four to each power of two.
constexpr std::size_t kFineMax = 1024;
constexpr std::size_t kSizeMax = 16 << 10;
constexpr std::size_t kClasses = kFineMax / 16 + 4 * 4;

struct Free {
  Free* next;
};

std::byte* begin_of_range() {
  void* const range = ::mmap(nullptr, kSpanBytes * kSpans, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return range == MAP_FAILED ? nullptr : static_cast<std::byte*>(range);
}

std::byte* range_begin() {
  static std::byte* const begin = begin_of_range();
  return begin;
}

std::atomic<std::size_t> spans_taken = 0;
std::array<std::uint8_t, kSpans> class_of_span;
thread_local std::array<Free*, kClasses> free_blocks;

constexpr std::size_t class_of(std::size_t size) {
  if (size <= kFineMax) return size == 0 ? 0 : (size - 1) / 16;
  const auto power = static_cast<std::size_t>(std::bit_width(size - 1)) - 1;  // 2^power < size
  return kFineMax / 16 + (power - 10) * 4 + ((size - 1) >> (power - 2)) % 4;
}
constexpr std::size_t size_of(std::size_t index) {
  if (index < kFineMax / 16) return (index + 1) * 16;
  const std::size_t coarse = index - kFineMax / 16;
  return (std::size_t{5} + coarse % 4) << (8 + coarse / 4);
}
static_assert(class_of(1024) == 63 && class_of(1025) == 64 && size_of(64) == 1280);
static_assert(class_of(1280) == 64 && class_of(1281) == 65 && class_of(kSizeMax) == kClasses - 1);
static_assert(size_of(kClasses - 1) == kSizeMax);

// A span more for this size; nullptr: there is none.
Free* take_span(std::size_t index) {
  std::byte* const begin = range_begin();
  if (begin == nullptr || spans_taken.load() >= kSpans) return nullptr;
  const std::size_t span = spans_taken.fetch_add(1);
  if (span >= kSpans) return nullptr;
  class_of_span[span] = static_cast<std::uint8_t>(index);
  const std::size_t size = size_of(index);
  Free* first = nullptr;
  for (std::size_t at = kSpanBytes / size; at-- > 0;)
    first = ::new (begin + span * kSpanBytes + at * size) Free{first};
  return first;
}

void* take(std::size_t size) {
  if (size <= kSizeMax) {
    Free*& list = free_blocks[class_of(size)];
    if (list == nullptr) list = take_span(class_of(size));
    if (list != nullptr) {
      Free* const block = list;
      list = block->next;
      return block;
    }
  }
  void* const block = std::malloc(size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void give_back(void* block) {
  const auto offset = static_cast<std::size_t>(static_cast<std::byte*>(block) - range_begin());
  if (offset >= kSpanBytes * kSpans) return std::free(block);
  Free*& list = free_blocks[class_of_span[offset / kSpanBytes]];
  list = ::new (block) Free{list};
}

}  // namespace
}  // namespace giro::sim

void* operator new(std::size_t size) {
  return giro::sim::take(size);
}
void operator delete(void* block) noexcept {
  if (block != nullptr) giro::sim::give_back(block);
}
void operator delete(void* block, std::size_t) noexcept {
  if (block != nullptr) giro::sim::give_back(block);
}
