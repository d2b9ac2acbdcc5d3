/* S1: agreement on one height. n = 4, f = 1, q = 3, three views, one faulty member. README.md says what is left out and why.
 *
 * Read by `run`, one check a line. reach: must be found. mutant: one broken rule, agreement must fail.
 * clean  : no two blocks are committed
 * reach  1 : a block that was only prepared in view 0 is committed in view 2, as the anchor
 * reach  2 : view 2 commits another block than the one certified in view 0
 * reach  3 : the later of two certificates for different blocks becomes the anchor
 * reach  4 : a member that never saw the NewView votes, after a certificate of its view (R8a, R10a)
 * mutant 1 : R10 prepare certificate of 2f votes
 * mutant 2 : R11 commit certificate of 2f votes
 * mutant 3 : R8  second block accepted at one (view, height)
 * mutant 4 : R23 ViewChange hides its high
 * mutant 5 : R26 NewView from 2f ViewChanges
 * mutant 6 : R10a older certificate reported as high
 * mutant 7 : R26 R27 lowest high chosen as anchor
 * mutant 8 : R25 uncertified high accepted
 */
#ifndef MUTANT
#define MUTANT 0
#endif
#ifndef REACH
#define REACH 0
#endif
#define reached(goal, condition) assert(REACH != goal || !(condition))

#define VIEWS 3
#define QUORUM 3
#define PREPARE_QUORUM (QUORUM - (MUTANT == 1))
#define COMMIT_QUORUM (QUORUM - (MUTANT == 2))
#define CHANGE_QUORUM (QUORUM - (MUTANT == 5))

/* Blocks at the height, usable as bits of a set. NONE is also the last block of the epoch before: the anchor of a view
 * whose highs are all none. */
#define NONE 0
#define A 1
#define B 2
#define other(b) (A + B - (b))
#define UNKNOWN 3 /* the anchor of a view whose NewView was not adopted */

/* A certificate is a number, 0 for none: 1 and 2 are those of view 0 for A and B, 3 and 4 of view 1, 5 and 6 of view 2. */
#define certificate(v, b) (2 * (v) + (b))
#define block_of(c) ((c) == 0 -> NONE : ((c) - 1) % 2 + 1)
#define rank(c) (((c) + 1) / 2) /* by view; none is lowest */

/* The correct members: what each of them knows. */
typedef Member {
  byte view;
  byte anchor;  /* of that view, as are the votes: */
  byte prepare; /* set of blocks voted for */
  byte commit;
  byte high
}
Member m[3];

/* What correct members ever sent. The network may deliver it late, twice, or never, so it stays; and since every rule
 * asks for votes from distinct members, but not from whom, it is counted. Past `enough` a count makes no difference. */
byte prepares[7];  /* by certificate that they make */
byte commits[7];
byte changes[9];   /* ViewChanges by view and rank of high: 3 * view + rank */
bool named;        /* a block was voted for, and is called A */
#define enough (QUORUM - 1)
#define count(what) what = (what < enough -> what + 1 : enough)

/* The faulty member says whatever helps: it is the 1 in each count. */
#define commit_certificate(c) (1 + commits[c] >= COMMIT_QUORUM)
#define certified(c) (1 + prepares[c] >= PREPARE_QUORUM || commit_certificate(c))
#define committed(b) (commit_certificate(b) || commit_certificate(2 + b) || commit_certificate(4 + b))

/* Can a valid NewView for view w have the certificate c, which is none or genuine, as the maximum of its highs? (R26, R27)
 * The faulty member's ViewChange reports c itself, or nothing; enough others must not rank higher. */
#define changes_at(w, r) changes[3 * (w) + (r)]
#if MUTANT == 7
#define fitting(w, r) (changes_at(w, 0) + ((r) == 1) * changes_at(w, 1) + ((r) >= 1) * changes_at(w, 2))
#else
#define fitting(w, r) (changes_at(w, 0) + ((r) >= 1) * changes_at(w, 1) + ((r) >= 2) * changes_at(w, 2))
#endif
#define new_view(w, c) (1 + fitting(w, rank(c)) >= CHANGE_QUORUM)

#define own(i, b) certificate(m[i].view, b)
#define has(set, b) (((set) & (b)) != 0)

/* R8, R9: accepts block b in its view and votes prepare: the primary may offer anything, to each something else. A block
 * starts the chain where the anchor is the block before; an anchor is itself voted for again (R29); a certified block
 * needs no NewView (R8a). The first block that anyone votes for is called A, since names are interchangeable. */
inline prepare_vote(i, b) {
  d_step {
    (m[i].anchor == NONE || m[i].anchor == b || (m[i].anchor == UNKNOWN && certified(own(i, b)))) &&
#if MUTANT == 3
    !has(m[i].prepare, b) &&
#else
    m[i].prepare == 0 &&
#endif
    (b == A || named) ->
    reached(4, m[i].anchor == UNKNOWN);
    named = true;
    m[i].prepare = m[i].prepare | b;
    count(prepares[own(i, b)])
  }
}

/* R10: prepared, so the certificate becomes high, then the commit vote. */
inline commit_vote(i, b) {
  d_step {
    has(m[i].prepare, b) && certified(own(i, b)) && !has(m[i].commit, b) ->
    m[i].high = own(i, b);
    m[i].commit = m[i].commit | b;
    count(commits[own(i, b)]);
    reached(1, commit_certificate(4 + b) && certified(b) && !certified(2 + b) && !commit_certificate(b));
    reached(2, commit_certificate(4 + b) && certified(other(b)));
    assert(!(committed(A) && committed(B))) /* G1 */
  }
}

/* What it did in older views it will not do again. */
inline enter(i, v) {
  m[i].view = v;
  m[i].anchor = UNKNOWN;
  m[i].prepare = 0;
  m[i].commit = 0
}

/* R10a: learns a certificate, however. One of a later view takes it there, without a ViewChange. */
inline learn(i, v, b) {
  d_step {
    certified(certificate(v, b)) && rank(certificate(v, b)) > rank(m[i].high) ->
    m[i].high = certificate(v, b);
    if
    :: v > m[i].view -> enter(i, v)
    :: else
    fi
  }
}

/* R23, R24: leaves for view w whenever it likes, and promises. */
inline leave(i, w) {
  d_step {
    m[i].view < w ->
    enter(i, w);
    count(changes_at(w, (MUTANT == 4 -> 0 : rank(m[i].high))))
  }
}

/* Only in mutant 6: the ViewChange reports an older certificate than high. */
inline leave_with_older(i, w, v) {
  d_step {
    m[i].view < w && (certified(certificate(v, A)) || certified(certificate(v, B))) && v + 1 < rank(m[i].high) ->
    enter(i, w);
    count(changes_at(w, v + 1))
  }
}

/* R27, R28: adopts a NewView for view w with certificate c, if no chain of that view has started here. A faulty primary
 * may give each member another one. */
inline adopt(i, w, c) {
  d_step {
    (m[i].view < w || (m[i].view == w && m[i].anchor == UNKNOWN && m[i].prepare == 0)) &&
    ((c) == 0 || certified(c) || MUTANT == 8) && new_view(w, c) ->
    reached(3, (c) > 2 && certified(other(block_of(c))));
    enter(i, w);
    m[i].anchor = block_of(c)
  }
}

/* The correct members are interchangeable, since there is no primary among them: they are kept sorted. */
#define key(i) (m[i].view + 4 * (m[i].anchor + 4 * (m[i].prepare + 4 * (m[i].commit + 4 * m[i].high))))
hidden byte held;
#define swap(i, j, field) held = m[i].field; m[i].field = m[j].field; m[j].field = held
inline order(i, j) {
  if
  :: key(i) < key(j) -> swap(i, j, view); swap(i, j, anchor); swap(i, j, prepare); swap(i, j, commit); swap(i, j, high)
  :: else
  fi
}

/* When no correct member can act in a view any more, what is there and not enough for anything is forgotten. */
inline forget_view(v) {
  if
  :: m[0].view > v && m[1].view > v && m[2].view > v ->
     forget_certificate(certificate(v, A));
     forget_certificate(certificate(v, B));
     changes_at(v, 0) = 0; changes_at(v, 1) = 0; changes_at(v, 2) = 0
  :: else
  fi
}
inline forget_certificate(c) {
  if
  :: !certified(c) -> prepares[c] = 0
  :: else
  fi;
  if
  :: !commit_certificate(c) -> commits[c] = 0
  :: else
  fi
}

#define learn_any(i, v) :: learn(i, v, A) :: learn(i, v, B)
#define adopt_any(i, w, v) :: adopt(i, w, certificate(v, A)) :: adopt(i, w, certificate(v, B))
#define steps_of(i) \
  :: prepare_vote(i, A) :: prepare_vote(i, B) :: commit_vote(i, A) :: commit_vote(i, B) \
  learn_any(i, 0) learn_any(i, 1) learn_any(i, 2) \
  :: leave(i, 1) :: leave(i, 2) \
  :: adopt(i, 1, 0) adopt_any(i, 1, 0) :: adopt(i, 2, 0) adopt_any(i, 2, 0) adopt_any(i, 2, 1)

active proctype network() {
end:
  do
  :: atomic {
       if
       steps_of(0)
       steps_of(1)
       steps_of(2)
#if MUTANT == 6
       :: leave_with_older(0, 2, 0) :: leave_with_older(1, 2, 0) :: leave_with_older(2, 2, 0)
#endif
       fi;
       d_step {
         order(0, 1); order(1, 2); order(0, 1);
         held = 0;
         forget_view(0); forget_view(1)
       }
     }
  od
}
