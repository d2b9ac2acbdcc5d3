// Payload: batches held, which of them may be proposed, which own ones still have to reach
// somebody, and which ids have to be asked for (protocol 3, R9). Knows nothing of votes.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "consensus/output.h"

namespace giro::consensus {

// Every batch held, from acceptance until its block is executed or its expiry has passed (protocol
// R5).
class BatchPool {
 public:
  [[nodiscard]] bool holds(const Hash& id) const { return held_.contains(id); }
  [[nodiscard]] BatchPtr find(const Hash& id) const;

  // What a batch takes of its author's quota: many small ones cost memory too.
  [[nodiscard]] static std::uint64_t charge(const Batch& batch);
  // `charged`: counts against its author's quota until it is ordered (protocol R3).
  void insert(BatchPtr batch, bool charged, Instant now);
  void name(const Hash& id);    // a block of the chain names it
  void unname(const Hash& id);  // that block was cut
  void order(const Hash& id);   // that block is committed
  void forget(const Hash& id);  // and executed
  // Own clock: what is expired by it is not available.
  void set_clock(WallTime now);
  // Committed block time: un-ordered batches that expired before it can be named no more.
  std::vector<Hash> drop_expired(WallTime block_time);

  [[nodiscard]] std::uint64_t unordered_bytes(InstitutionId author) const;
  [[nodiscard]] std::uint64_t unordered_count(InstitutionId author) const;
  [[nodiscard]] std::size_t available_count() const { return by_arrival_.size(); }
  [[nodiscard]] std::uint64_t available_bytes() const { return available_bytes_; }
  [[nodiscard]] std::optional<Instant> oldest_arrival() const;
  [[nodiscard]] std::size_t size() const { return held_.size(); }
  [[nodiscard]] std::vector<Hash> ids() const;  // of all that are held

  struct Room {
    std::uint64_t bytes;
    std::uint64_t batches;
    WallTime time;  // of the block
    std::int64_t lifetime_ms;
  };
  // What the next block may name: round-robin over authors, oldest first (protocol R6).
  [[nodiscard]] std::vector<Hash> take(const Room& room);

  // The authors' oldest available batches, for the watch on censorship (protocol R20).
  struct Oldest {
    InstitutionId author;
    Hash id;
  };
  [[nodiscard]] std::vector<Oldest> oldest() const;

 private:
  enum class Place : std::uint8_t { Available, Stale, Named, Ordered };
  struct Held {
    BatchPtr batch;
    Instant arrived;
    Place place;
    bool charged;
  };
  struct Author {
    std::map<std::pair<std::uint64_t, Hash>, BatchPtr> available;  // by author_seq
    std::uint64_t charged_bytes = 0;
    std::uint64_t unordered = 0;
  };
  void move_to(Held& held, Place place);
  void discharge(Held& held);

  std::map<Hash, Held> held_;
  std::map<InstitutionId, Author> authors_;
  std::set<std::pair<Instant, Hash>> by_arrival_;  // available
  std::set<std::pair<WallTime, Hash>> fresh_;      // available, by expiry
  std::set<std::pair<WallTime, Hash>> stale_;      // expired by the own clock, by expiry
  std::uint64_t available_bytes_ = 0;
  WallTime clock_;
  InstitutionId last_author_;  // the rotation of take()
};

// Own batches until they are ordered or expired: who has not confirmed them is sent them again
// (protocol R2).
class OwnBatches {
 public:
  void add(const Hash& id, std::optional<Instant> sent);
  void remove(const Hash& id) { open_.erase(id); }
  [[nodiscard]] bool contains(const Hash& id) const { return open_.contains(id); }
  void confirm(const Hash& id, InstitutionId peer);
  // Those to send to this peer again now, at most so many bytes.
  [[nodiscard]] std::vector<BatchPtr> due(InstitutionId peer, Instant now, const BatchPool& pool,
                                          std::size_t bytes_max);

 private:
  struct Open {
    std::optional<Instant> first_sent;
    std::set<InstitutionId> confirmed;
    std::map<InstitutionId, Instant> sent;
  };
  std::map<Hash, Open> open_;
};

// Ids to ask for, because a block names them or a member offers them.
class PayloadRequests {
 public:
  struct Want {
    bool named = false;  // by a block: accepted from anybody, whatever quota and clock say
    Instant due;         // of the next question
    std::optional<InstitutionId> source;  // who is asked first, once
    std::uint32_t tries = 0;
    std::size_t next_peer = 0;
  };
  void want(const Hash& id, bool named, Instant due, std::optional<InstitutionId> source);
  void done(const Hash& id);
  [[nodiscard]] const Want* find(const Hash& id) const;
  [[nodiscard]] bool empty() const { return wants_.empty(); }
  [[nodiscard]] std::size_t offered() const { return offered_; }
  [[nodiscard]] std::optional<Instant> due() const;
  [[nodiscard]] std::vector<Hash> oldest(std::size_t count) const;
  // The questions that are due, so that at most `in_flight_max` ids are asked and not answered:
  // each goes to its source, then from one peer to the next. What was only offered is given up
  // after every peer was asked.
  [[nodiscard]] std::vector<Fetch> ask(Instant now, const std::vector<InstitutionId>& peers,
                                       std::size_t in_flight_max);

 private:
  std::map<Hash, Want> wants_;
  [[nodiscard]] static InstitutionId choose(Want& wanted, const std::vector<InstitutionId>& peers,
                                            std::size_t& rotation);
  std::set<std::pair<Instant, Hash>> new_;        // not asked yet, by due
  std::set<std::pair<Instant, Hash>> in_flight_;  // asked, by the time of the next try
  std::size_t offered_ = 0;
  std::size_t rotation_ = 0;
};

}  // namespace giro::consensus
