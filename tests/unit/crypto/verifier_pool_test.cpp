#include "crypto/verifier_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <mutex>
#include <string>
#include <thread>

#include "crypto/digest.h"

namespace giro::crypto {
namespace {

// Every third check is a bad one, starting with `offset`.
std::vector<SignatureCheck> checks_of(std::size_t size, std::size_t offset = 0) {
  static const SecretKey key = SecretKey::generate();
  static const Hash digest = sha256(as_view("pool"));
  static const Signature good = key.sign(digest);
  std::vector<SignatureCheck> checks(size, {digest, key.public_key(), good});
  for (std::size_t i = offset; i < size; i += 3) checks[i].signature.bytes[5] ^= std::byte{1};
  return checks;
}

std::vector<bool> answers(const Verdicts& verdicts) {
  return {verdicts.view().begin(), verdicts.view().end()};
}

std::vector<bool> expected(std::size_t size, std::size_t offset = 0) {
  std::vector<bool> valid(size, true);
  for (std::size_t i = offset; i < size; i += 3) valid[i] = false;
  return valid;
}

std::vector<bool> ask(VerifierPool& pool, std::vector<SignatureCheck> checks) {
  std::promise<std::vector<bool>> answer;
  pool.submit(std::move(checks), [&](Verdicts verdicts) { answer.set_value(answers(verdicts)); });
  return answer.get_future().get();
}

TEST(VerifierPool, answers_each_check_in_its_place) {
  for (const std::size_t threads : {1u, 2u, 5u}) {
    VerifierPool pool(threads, 4);
    EXPECT_EQ(pool.threads(), threads);
    for (const std::size_t size : {1u, 3u, 4u, 5u, 8u, 9u, 100u}) {
      EXPECT_EQ(ask(pool, checks_of(size)), expected(size)) << threads << ' ' << size;
    }
  }
}

TEST(VerifierPool, answers_an_empty_job) {
  VerifierPool pool(2);
  EXPECT_TRUE(ask(pool, {}).empty());
}

TEST(VerifierPool, calls_done_once_for_each_of_many_jobs_from_many_threads) {
  constexpr std::size_t kProducers = 4;
  constexpr std::size_t kJobs = 50;
  std::atomic<std::size_t> right = 0;
  std::atomic<std::size_t> called = 0;
  std::latch all(kProducers * kJobs);
  VerifierPool pool(3, 2);
  {
    std::vector<std::jthread> producers;
    for (std::size_t producer = 0; producer < kProducers; ++producer) {
      producers.emplace_back([&, producer] {
        for (std::size_t job = 0; job < kJobs; ++job) {
          const std::size_t size = (producer + job) % 9;
          pool.submit(checks_of(size, job % 3), [&, size, job](Verdicts verdicts) {
            right += answers(verdicts) == expected(size, job % 3) ? 1 : 0;
            ++called;
            all.count_down();
          });
        }
      });
    }
  }
  all.wait();
  EXPECT_EQ(right, kProducers * kJobs);
  EXPECT_EQ(called, kProducers * kJobs);
}

TEST(VerifierPool, takes_jobs_in_the_order_of_submission) {
  std::vector<int> order;
  std::latch all(20);
  VerifierPool pool(1, 2);
  for (int i = 0; i < 20; ++i) {
    const auto note = [&, i] {
      order.push_back(i);  // one thread
      all.count_down();
    };
    if (i % 2 == 0) {
      pool.run(note);
    } else {
      pool.submit(checks_of(5), [note](const Verdicts&) { note(); });
    }
  }
  all.wait();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(VerifierPool, work_runs_beside_other_work) {
  // Each waits for the other: passes only if two threads run them at the same time.
  std::latch both(2);
  std::latch finished(2);
  VerifierPool pool(2);
  for (int i = 0; i < 2; ++i) {
    pool.run([&] {
      both.arrive_and_wait();
      finished.count_down();
    });
  }
  finished.wait();
}

TEST(VerifierPool, without_threads_does_its_work_where_help_is_called) {
  int queued = 0;
  VerifierPool pool([&] { ++queued; });
  std::vector<bool> answer;
  bool worked = false;
  pool.submit(checks_of(70), [&](Verdicts verdicts) { answer = answers(verdicts); });
  pool.run([&] { worked = true; });
  EXPECT_EQ(queued, 2);
  EXPECT_TRUE(answer.empty());
  EXPECT_TRUE(pool.help());
  EXPECT_TRUE(answer.empty());  // a chunk of it is done
  while (pool.help()) {
  }
  EXPECT_EQ(answer, expected(70));
  EXPECT_TRUE(worked);
}

TEST(VerifierPool, may_be_given_work_from_its_own_threads) {
  std::promise<std::vector<bool>> answer;
  VerifierPool pool(1);
  pool.run([&] {
    pool.submit(checks_of(7), [&](Verdicts verdicts) { answer.set_value(answers(verdicts)); });
  });
  EXPECT_EQ(answer.get_future().get(), expected(7));
}

// When the last copy goes, so does what it guards.
struct OnDestruction {
  explicit OnDestruction(std::function<void()> f) : call(std::move(f)) {}
  ~OnDestruction() { call(); }
  OnDestruction(const OnDestruction&) = delete;
  OnDestruction& operator=(const OnDestruction&) = delete;
  std::function<void()> call;
};

TEST(VerifierPool, destruction_drops_what_was_not_begun) {
  std::atomic<int> called = 0;
  std::latch begun(1);
  std::latch release(1);
  std::atomic<bool> first_finished = false;
  {
    VerifierPool pool(1);
    pool.run([&] {
      begun.count_down();
      release.wait();  // opened when the destructor drops the jobs below
      first_finished = true;
    });
    begun.wait();
    auto dropped = std::make_shared<OnDestruction>([&] { release.count_down(); });
    pool.submit(checks_of(3), [&called, dropped](const Verdicts&) { ++called; });
    pool.run([&called, dropped] { ++called; });
  }
  EXPECT_TRUE(first_finished);
  EXPECT_EQ(called, 0);
}

TEST(VerifierPool, destruction_finishes_what_was_begun) {
  for (int round = 0; round < 50; ++round) {
    std::vector<bool> answer;
    int called = 0;
    {
      VerifierPool pool(2, 1);
      pool.submit(checks_of(20), [&](Verdicts verdicts) {
        ++called;
        answer = answers(verdicts);
      });
    }
    if (called == 0) {
      EXPECT_TRUE(answer.empty());  // dropped whole
    } else {
      EXPECT_EQ(called, 1);
      EXPECT_EQ(answer, expected(20));
    }
  }
}

TEST(VerifierPool, needs_a_thread_and_a_chunk) {
  EXPECT_DEATH(VerifierPool(0), "threads >= 1");
  EXPECT_DEATH(VerifierPool(1, 0), "chunk >= 1");
}

}  // namespace
}  // namespace giro::crypto
