/* S2: two chained heights, which are also all of the epoch; the window; release below stable; the anchor voted for again
 * where no block may follow. n = 4, f = 1, q = 3, two views, one faulty member. README.md says what is left out and why.
 *
 * Read by `run`, one check a line. clean: must pass. reach: must be found. mutant: one broken rule, must be violated.
 * clean  -DWINDOW=1 -DPRIMARY=FAULTY : agreement, and all else that is asserted
 * clean  -DWINDOW=1 -DPRIMARY=CORRECT : also, once the network behaves, both heights become stable everywhere
 * clean  -DWINDOW=2 -DPRIMARY=FAULTY -DFORK=1 : both heights in flight, chains that part at height 1
 * clean  -DWINDOW=2 -DPRIMARY=FAULTY -DFORK=2 : chains that part at height 2
 * clean  -DWINDOW=2 -DPRIMARY=CORRECT -DFORK=1 : also, once the network behaves, both heights are committed everywhere
 * clean  -DWINDOW=2 -DPRIMARY=CORRECT -DFORK=2 : the same
 * reach  1 -DWINDOW=1 -DPRIMARY=CORRECT : an anchor at H gets a commit vote in view 1, having no commit certificate
 * reach  2 -DWINDOW=2 -DPRIMARY=FAULTY  : view 1 commits at height 2, beside a block that had a prepare certificate in view 0
 * reach  3 -DWINDOW=2 -DPRIMARY=FAULTY  : height 1 has no commit certificate of its own and is committed with height 2
 * reach  4 -DWINDOW=1 -DPRIMARY=FAULTY  : the window moves: height 1 stable, its votes released, height 2 voted for
 * reach  5 -DWINDOW=1 -DPRIMARY=CORRECT : all is stable everywhere, in view 1, after the faulty member fell silent
 * mutant 1 -DWINDOW=1 -DPRIMARY=CORRECT : R29 anchor not voted for again
 * mutant 2 -DWINDOW=1 -DPRIMARY=FAULTY  : R8  block beyond H accepted
 * mutant 3 -DWINDOW=2 -DPRIMARY=FAULTY  : R28 chain not restarted at the anchor
 * mutant 4 -DWINDOW=1 -DPRIMARY=FAULTY  : R16 high released with what lies below stable
 * mutant 5 -DWINDOW=2 -DPRIMARY=FAULTY  : R10 commit vote without the prepare certificate
 * mutant 6 -DWINDOW=2 -DPRIMARY=FAULTY  : R8  block accepted whose parent is not the tip
 * mutant 7 -DWINDOW=2 -DPRIMARY=FAULTY  : R26 certificates ordered by view alone, not by (view, height)
 * mutant 8 -DWINDOW=2 -DPRIMARY=FAULTY  : R28 NewView adopted after the chain of its view has started by R8a
 */
#ifndef MUTANT
#define MUTANT 0
#endif
#ifndef REACH
#define REACH 0
#endif
#define reached(goal, condition) assert(REACH != goal || !(condition))

#define QUORUM 3
#define EPOCH_END 2
#define FAULTY 0  /* the primary of view 1; that of view 0 always is */
#define CORRECT 1 /* member 0 */

/* The blocks, by height and parent: genesis <- A1 <- A2, genesis <- A1 <- C2, genesis <- B1 <- B2. */
#define GENESIS 0
#define A1 1
#define B1 2
#define A2 3
#define C2 4
#define B2 5
#define height(b) ((b) == GENESIS -> 0 : ((b) <= B1 -> 1 : 2))
#define parent(b) ((b) <= B1 -> GENESIS : ((b) == B2 -> B1 : A1))
#define extends(b, ancestor) ((b) == (ancestor) || (ancestor) == GENESIS || parent(b) == (ancestor))
#define conflict(b, c) (!extends(b, c) && !extends(c, b))

/* Which of them there are: with both heights in flight either the chains part at height 1 or at height 2. */
#ifndef FORK
#define FORK 0
#endif
#define exists(b) ((b) == A1 || (b) == A2 || (FORK != 2 && ((b) == B1 || (b) == B2)) || (FORK != 1 && (b) == C2))

/* Sets of blocks are bits. */
#define bit(b) (1 << ((b) - 1))
#define has(set, b) (((set) & bit(b)) != 0)
#define of_height(h) ((h) == 1 -> 3 : 28)

/* A certificate is a number, 0 for none: 1 to 5 are those of view 0 for A1 to B2, 6 to 10 those of view 1. */
#define certificate(v, b) (5 * (v) + (b))
#define block_of(c) ((c) == 0 -> GENESIS : ((c) - 1) % 5 + 1)
#if MUTANT == 7
#define rank(c) (((c) + 4) / 5)
#else
#define rank(c) ((c) == 0 -> 0 : 2 * (((c) - 1) / 5) + height(block_of(c)))
#endif

/* Anchors that are no block: the NewView is awaited; no more votes in this view (R11). */
#define UNKNOWN 6
#define MUTED 7

/* The correct members: what each of them knows. */
typedef Member {
  byte view;
  byte anchor;    /* of that view, as are the next three: */
  byte tip;       /* the accepted chain goes from the anchor to here */
  byte prepare;   /* set of blocks voted for */
  byte commit;
  byte high;
  byte committed; /* highest block known to be committed; executed and attested with its ancestors */
  byte stable     /* height */
}
Member m[3];

/* What correct members ever sent: counted, as in S1. */
byte prepares[11]; /* by certificate that they make */
byte commits[11];
byte changes[5];   /* ViewChanges for view 1, by rank of high */
byte sent;         /* the NewView of a correct primary: 1 + its certificate; 0 if none was sent */
bool named;        /* a block was voted for, and is called A1; or, unless they part at height 1, a child of A1, and A2 */
#define named_first (FORK == 1 -> A1 : A2)
#define named_later (FORK == 1 -> B1 : C2)
bool settled;      /* the faulty member is silent, old messages are lost, and what members still re-send arrives (R22) */
#define enough (QUORUM - 1)
#define count(what, most) what = (what < (most) -> what + 1 : (most))

#define active(i) (m[i].anchor <= B2)
#define own(i, b) certificate(m[i].view, b)

/* Certificates that can ever be put together: the faulty member, the 1, votes for whatever helps. */
#define commit_certificate(c) (1 + commits[c] >= QUORUM)
#define formed(c) (1 + prepares[c] >= QUORUM || commit_certificate(c))
#define is_committed(b) (commit_certificate(b) || commit_certificate(5 + b))

/* Certificates that can be had. Once settled they come from what is re-sent, the votes of the sender's view above its
 * stable height, the others being released (R16); or from one whose high it is. */
#define resent(i, kind, v, b) (m[i].view == v && has(m[i].kind, b) && height(b) > m[i].stable)
#define votes(kind, v, b) (resent(0, kind, v, b) + resent(1, kind, v, b) + resent(2, kind, v, b))
#define held(c) (m[0].high == (c) || m[1].high == (c) || m[2].high == (c))
#define certified(v, b) (settled -> \
  votes(prepare, v, b) >= QUORUM || votes(commit, v, b) >= QUORUM || held(certificate(v, b)) : formed(certificate(v, b)))
#define knows(i, b) extends(m[i].committed, b)
#define offered(v, b) (!settled || votes(commit, v, b) >= QUORUM || knows(0, b) || knows(1, b) || knows(2, b))

/* Can a valid NewView for view 1 have the certificate c, which is none or genuine, as the maximum of its highs? (R26, R27)
 * Until it is silent, the faulty member's ViewChange reports c itself, or nothing. */
#define up_to(r) (changes[0] + ((r) >= 1) * changes[1] + ((r) >= 2) * changes[2])
#define justified(c) ((settled -> up_to(rank(c)) >= QUORUM : 1 + up_to(rank(c)) >= QUORUM) && \
  ((c) == 0 || (formed(c) && (!settled || changes[rank(c)] > 0))))

/* What the primary of view 1 offers: a faulty one anything; a correct one the blocks of its own chain. */
#if PRIMARY == CORRECT
#define proposed(i, b) (m[i].view == 0 || i == 0 || certified(1, b) || (m[0].view == 1 && active(0) && extends(m[0].tip, b)))
#define new_view(c) (sent == 1 + (c))
#else
#define proposed(i, b) true
#define new_view(c) justified(c)
#endif

#define horizon(i) (m[i].stable + WINDOW < EPOCH_END -> m[i].stable + WINDOW : EPOCH_END) /* H */

/* I3: a correct member votes once at one (kind, view, height). */
#define votes_once(i, kind, b) ((m[i].kind & of_height(height(b)) & ~bit(b)) == 0)

/* R8: accepts the block after its tip. R9: votes prepare, in height order. */
inline prepare_vote(i, b) {
  d_step {
    active(i) && proposed(i, b) && exists(b) && (b != named_later || named) &&
#if MUTANT == 6
    height(m[i].tip) + 1 == height(b) &&
#else
    m[i].tip == parent(b) &&
#endif
#if MUTANT != 2
    height(b) <= horizon(i) &&
#endif
    (height(m[i].tip) <= height(m[i].committed) || has(m[i].prepare, m[i].tip)) ->
    named = named || b == named_first;
    m[i].tip = b;
    m[i].prepare = m[i].prepare | bit(b);
    count(prepares[own(i, b)], enough);
    reached(4, WINDOW == 1 && m[i].view == 0 && height(b) == 2);
    assert(height(b) <= m[i].stable + WINDOW); /* A2 */
    assert(votes_once(i, prepare, b))
  }
}

/* R29: the anchor counts as accepted and is voted for in the new view, above H too. Unless it is stable. */
inline anchor_vote(i) {
  d_step {
    active(i) && m[i].anchor != GENESIS && height(m[i].anchor) > m[i].stable && !has(m[i].prepare, m[i].anchor) &&
    MUTANT != 1 ->
    m[i].prepare = m[i].prepare | bit(m[i].anchor);
    count(prepares[own(i, m[i].anchor)], enough);
    assert(votes_once(i, prepare, m[i].anchor))
  }
}

/* R8a: with a certificate of its view it needs no NewView: the chain starts at the certified block. */
inline start_certified(i, b) {
  d_step {
    m[i].anchor == UNKNOWN && certified(m[i].view, b) && (height(b) <= horizon(i) || commit_certificate(own(i, b))) ->
    m[i].anchor = b;
    m[i].tip = b
  }
}

/* R10: prepared, so the certificate becomes high, then the commit vote. */
inline raise_high(i, c) {
  if
  :: rank(c) > rank(m[i].high) -> m[i].high = c
  :: else
  fi
}
inline commit_vote(i, b) {
  d_step {
    active(i) && has(m[i].prepare, b) && height(b) > m[i].stable && !has(m[i].commit, b) &&
    (certified(m[i].view, b) || MUTANT == 5) ->
#if MUTANT != 5
    raise_high(i, own(i, b));
#endif
    m[i].commit = m[i].commit | bit(b);
    count(commits[own(i, b)], enough);
    reached(1, m[i].view == 1 && m[i].anchor == b && height(b) == horizon(i) && !is_committed(b));
    reached(2, m[i].view == 1 && is_committed(b) && (b == A2 || b == C2) && formed(certificate(0, A2 + C2 - b)));
    assert(votes_once(i, commit, b));
    agreement()
  }
}

/* What it did in view 0 it will not do again. */
inline enter(i, v) {
  m[i].view = v;
  m[i].anchor = UNKNOWN;
#if MUTANT != 3
  m[i].tip = GENESIS;
#endif
  m[i].prepare = 0;
  m[i].commit = 0
}

/* R10a: learns a certificate, however. One of a later view takes it there, without a ViewChange. */
inline learn(i, v, b) {
  d_step {
    certified(v, b) && rank(certificate(v, b)) > rank(m[i].high) ->
    m[i].high = certificate(v, b);
    if
    :: v > m[i].view -> enter(i, v)
    :: else
    fi
  }
}

/* R11: learns that a block is committed, from votes or from one who knows it (R22, R30), with its certificate (R10a). The
 * chain goes on above it (R8a), or there are no more votes in this view if the chain lies beside it. */
inline learn_commit(i, v, b) {
  d_step {
    commit_certificate(certificate(v, b)) && offered(v, b) && height(b) > height(m[i].committed) ->
    if
    :: v > m[i].view -> enter(i, v)
    :: else
    fi;
    raise_high(i, certificate(v, b));
    if
    :: active(i) && conflict(m[i].tip, b) -> m[i].anchor = MUTED; m[i].tip = GENESIS
    :: active(i) && !extends(m[i].tip, b) -> m[i].tip = b
    :: else
    fi;
    reached(3, height(b) == 2 && !is_committed(parent(b)));
    assert(extends(b, m[i].committed)); /* A7 */
    m[i].committed = b
  }
}

/* R16: q attest votes, or one who has them, and the own execution make the next height stable. */
#define executed(i, h) (height(m[i].committed) >= (h))
#define attests(h) (executed(0, h) + executed(1, h) + executed(2, h))
#define attested(h) (attests(h) >= QUORUM || (!settled && 1 + attests(h) >= QUORUM) || \
  m[0].stable >= (h) || m[1].stable >= (h) || m[2].stable >= (h))
inline stabilise(i) {
  d_step {
    WINDOW < EPOCH_END && executed(i, m[i].stable + 1) && attested(m[i].stable + 1) ->
    m[i].stable = m[i].stable + 1
#if MUTANT == 4
    ;
    if
    :: height(block_of(m[i].high)) <= m[i].stable -> m[i].high = 0
    :: else
    fi
#endif
  }
}

/* R23, R24: leaves for view 1 whenever it likes, and promises. */
inline leave(i) {
  d_step {
    m[i].view == 0 ->
    enter(i, 1);
    count(changes[rank(m[i].high)], QUORUM)
  }
}

/* R26: a correct primary sends one NewView. */
inline send_new_view(c) {
  d_step {
    PRIMARY == CORRECT && sent == 0 && m[0].view == 1 && m[0].anchor == UNKNOWN && justified(c) -> sent = 1 + (c)
  }
}

/* R27, R28: adopts a NewView, if no chain of its view has started here. A faulty primary may give each another one. */
#define above(c, b) (!commit_certificate(b) || extends(block_of(c), b))
inline adopt(i, c) {
  d_step {
    (m[i].view == 0 || m[i].anchor == UNKNOWN || (MUTANT == 8 && active(i) && m[i].prepare != 0)) && new_view(c) ->
    assert(above(c, A1) && above(c, B1) && above(c, A2) && above(c, C2) && above(c, B2)); /* A7 */
    if
    :: m[i].view == 0 -> enter(i, 1)
    :: else
    fi;
    m[i].anchor = block_of(c);
    if
    :: MUTANT != 3 || m[i].tip == GENESIS -> m[i].tip = block_of(c)
    :: else
    fi
  }
}

/* G1: committed blocks lie on one chain. */
#define apart(b, c) assert(!(is_committed(b) && is_committed(c)))
inline agreement() {
  apart(A1, B1); apart(A1, B2); apart(B1, A2); apart(B1, C2); apart(A2, C2); apart(A2, B2); apart(C2, B2)
}

/* Members that are not the primary are interchangeable: they are kept sorted. */
#define key(i) (m[i].view + 2 * (m[i].anchor + 8 * (m[i].tip + 8 * (m[i].high + 16 * (m[i].prepare + 32 * (m[i].commit + \
  32 * (m[i].committed + 8 * m[i].stable)))))))
hidden byte field_kept;
#define swap(i, j, field) field_kept = m[i].field; m[i].field = m[j].field; m[j].field = field_kept
inline order(i, j) {
  if
  :: key(i) < key(j) ->
     swap(i, j, view); swap(i, j, anchor); swap(i, j, tip); swap(i, j, prepare); swap(i, j, commit);
     swap(i, j, high); swap(i, j, committed); swap(i, j, stable)
  :: else
  fi
}

/* When no correct member can act in view 0 any more, what is there and not enough for anything is forgotten. */
inline forget_certificate(c) {
  if
  :: !formed(c) -> prepares[c] = 0
  :: else
  fi;
  if
  :: !commit_certificate(c) -> commits[c] = 0
  :: else -> prepares[c] = enough
  fi
}
inline forget_view_0() {
  if
  :: m[0].view == 1 && m[1].view == 1 && m[2].view == 1 ->
     forget_certificate(A1); forget_certificate(B1);
     forget_certificate(A2); forget_certificate(C2); forget_certificate(B2);
     if
     :: sent != 0 || (m[0].anchor != UNKNOWN && m[1].anchor != UNKNOWN && m[2].anchor != UNKNOWN) ->
        changes[0] = 0; changes[1] = 0; changes[2] = 0
     :: else
     fi
  :: else
  fi;
  if
  :: settled -> prepares[6] = 0; prepares[7] = 0; prepares[8] = 0; prepares[9] = 0; prepares[10] = 0
  :: else
  fi
}

#define all_done (done(0) && done(1) && done(2))
#define done(i) (height(m[i].committed) == EPOCH_END && (m[i].stable == EPOCH_END || WINDOW == EPOCH_END))
#define any_block(rule, i) :: rule(i, A1) :: rule(i, B1) :: rule(i, A2) :: rule(i, C2) :: rule(i, B2)
#define any_certificate(rule, i, v) :: rule(i, v, A1) :: rule(i, v, B1) :: rule(i, v, A2) :: rule(i, v, C2) :: rule(i, v, B2)
#define steps_of(i) \
  any_block(prepare_vote, i) :: anchor_vote(i) any_block(start_certified, i) any_block(commit_vote, i) \
  any_certificate(learn, i, 0) any_certificate(learn, i, 1) \
  any_certificate(learn_commit, i, 0) any_certificate(learn_commit, i, 1) \
  :: stabilise(i) :: leave(i) :: adopt(i, 0) any_block(adopt, i)

active proctype network() {
end:
  do
  :: atomic {
       if
       steps_of(0)
       steps_of(1)
       steps_of(2)
       :: send_new_view(0) :: send_new_view(A1) :: send_new_view(B1)
       :: send_new_view(A2) :: send_new_view(C2) :: send_new_view(B2)
       :: d_step { PRIMARY == CORRECT && !settled -> settled = true }
       fi;
       d_step {
#if PRIMARY == FAULTY
         order(0, 1);
#endif
         order(1, 2);
#if PRIMARY == FAULTY
         order(0, 1);
#endif
         field_kept = 0;
         forget_view_0()
       }
     }
  :: timeout ->
     reached(5, settled && all_done && m[1].prepare != 0);
     assert(PRIMARY == FAULTY || all_done); /* G4, for the heights that window and epoch permit */
     break
  od
}
