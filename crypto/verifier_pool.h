// Signature checks on all cores, in chunks: waking a thread costs as much as a check.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "crypto/keys.h"

namespace giro::crypto {

struct SignatureCheck {
  Hash message;
  PublicKey key;
  Signature signature;
};

// One answer for each check, in order. A plain bool array, so that std::span<const bool> can view a
// part of it.
class Verdicts {
 public:
  explicit Verdicts(std::size_t size) : size_(size), valid_(std::make_unique<bool[]>(size)) {}
  [[nodiscard]] std::span<const bool> view() const { return {valid_.get(), size_}; }
  [[nodiscard]] std::span<bool> mutable_view() { return {valid_.get(), size_}; }

 private:
  std::size_t size_;
  std::unique_ptr<bool[]> valid_;
};

// Thread-safe. Work is taken in the order of submission; a large job is shared by all threads.
// Destruction drops jobs that were not begun, without calling their `done`.
class VerifierPool {
 public:
  // threads >= 1. chunk: checks handed to a thread at a time.
  explicit VerifierPool(std::size_t threads, std::size_t chunk = 32);
  // Without threads: `queued` is called for each job, and whoever owns the pool calls help().
  explicit VerifierPool(std::function<void()> queued);
  ~VerifierPool();
  VerifierPool(const VerifierPool&) = delete;
  VerifierPool& operator=(const VerifierPool&) = delete;

  using Done = std::function<void(Verdicts)>;
  // Calls `done` once, on a pool thread. An empty job is answered as well.
  void submit(std::vector<SignatureCheck> checks, Done done);
  // Runs `work` on a pool thread: for preparation that belongs beside the checks (decoding a
  // batch).
  void run(std::function<void()> work);
  // Does a piece of what is queued on the calling thread: who waits for the pool had better help.
  // False: nothing was left to hand out.
  bool help();
  [[nodiscard]] std::size_t threads() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace giro::crypto
