#include "crypto/digest.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace giro::crypto {
namespace {

std::string hex_of(std::string_view text) {
  return to_hex(sha256(as_view(text)));
}

// The examples of FIPS 180-2 and of NIST's CSRC for SHA-256.
TEST(Sha256, gives_the_known_answers) {
  EXPECT_EQ(hex_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex_of("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                   "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"),
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  EXPECT_EQ(hex_of(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, depends_on_the_bytes_and_not_on_how_they_are_cut) {
  const std::string text(300, 'x');
  const Hash whole = sha256(as_view(text));
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const ByteView all = as_view(text);
    ASSERT_EQ(sha256({all.first(cut), all.subspan(cut)}), whole) << cut;
  }
}

TEST(Sha256, context_is_ready_for_the_next_message) {
  Sha256 context;
  const Hash first = context.update("abc").finish();
  EXPECT_EQ(context.update("a").update("bc").finish(), first);
  EXPECT_EQ(context.finish(), sha256(ByteView{}));
  EXPECT_EQ(first, sha256(as_view("abc")));
}

TEST(Sha256, integers_are_big_endian) {
  const Bytes bytes = *from_hex("050102030405060708");
  EXPECT_EQ(Sha256().update_u8(5).update_u64(0x0102030405060708).finish(), sha256(bytes));
}

TEST(Sha256, contexts_do_not_disturb_each_other) {
  Sha256 outer;
  outer.update("ab");
  const Hash between = sha256(as_view("zzz"));
  EXPECT_EQ(outer.update("c").finish(), sha256(as_view("abc")));
  EXPECT_EQ(between, sha256(as_view("zzz")));
}

TEST(Sha256, every_thread_has_its_own_context) {
  const Hash expected = sha256(as_view("abc"));
  std::vector<int> good(4);
  {
    std::vector<std::jthread> threads;
    for (int& count : good) {
      threads.emplace_back([&count, expected] {
        for (int i = 0; i < 1000; ++i) count += sha256(as_view("abc")) == expected ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(good, (std::vector<int>{1000, 1000, 1000, 1000}));
}

TEST(TaggedHash, is_the_hash_of_tag_and_parts) {
  const Bytes part = *from_hex("0102");
  EXPECT_EQ(tagged_hash("giro/test/v1", {part, as_view("x")}),
            sha256({as_view("giro/test/v1"), part, as_view("x")}));
  EXPECT_NE(tagged_hash("giro/test/v1", {part}), tagged_hash("giro/test/v2", {part}));
}

}  // namespace
}  // namespace giro::crypto
