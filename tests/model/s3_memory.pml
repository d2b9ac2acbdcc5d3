/* S3: what one member remembers. It crashes and starts again, loses its log or its sign state, and comes back, over three
 * epochs; of the others there are only the certificates they make. What the member ever sent, whether it remembers it or
 * not, must be what protocol section 13 builds on. README.md says what is left out and why.
 *
 * Read by `run`, one check a line. clean: must pass. reach: must be found. mutant: one broken rule, must be violated.
 * -DBFS searches by breadth, where depth would go a long way round.
 * clean  : what was sent never contradicts itself
 * reach  1 : a member that crashed after its prepare votes commit
 * reach  2 : a member that lost its log votes again in the same epoch
 * reach  3 : a member that lost its log sends a ViewChange in the same epoch
 * reach  4 -DLOSSES=1 -DBFS : a member that lost its sign state votes again
 * reach  5 -DLOSSES=1 -DBFS : a member with restored copies of log and sign state votes again
 * reach  6 -DBFS : a member that lost its log and came back does so a second time
 * mutant 1 : R35 message sent before the log holds what it promises
 * mutant 2 : R37 sign state not raised before signing
 * mutant 3 : R39 floor ignored: an amnesic member takes part at once
 * mutant 4 : R23 R35 view not persisted before its ViewChange
 * mutant 5 : R39 amnesic member sends a ViewChange
 * mutant 6 -DLOSSES=1 -DBFS : R39 returns in a view below the ceiling's
 * mutant 7 : R39 without sign state votes in the same epoch
 * mutant 8 -DLOSSES=1 -DBFS : R39 returns without the commit certificate as its high
 * mutant 9 : R39 window not added to the highest certificate heard of
 * mutant 10 : R39 fewer than q members asked for their highest certificate
 * mutant 11 : R37 log behind the sign state not noticed
 * mutant 12 : R37 restored copy of the sign state not noticed
 * mutant 13 : R10 R35 high not persisted before the commit vote
 * mutant 14 : R23 R35 view persisted, but not its ViewChange
 * mutant 15 : R36 votes in a view that it left
 * mutant 16 : R37 start recorded on top of a raise that a crash cut short
 */
#ifndef MUTANT
#define MUTANT 0
#endif
#ifndef REACH
#define REACH 0
#endif
#define reached(goal, condition) assert(REACH != goal || !(condition))

#define VIEWS 2 /* in each epoch, counted from 0 */
#define EPOCH_BLOCKS 3
#define HEIGHTS 5 /* the last two are of epoch 1 */
#define WINDOW 1
#ifndef LOSSES
#define LOSSES 2 /* times that memory is lost; fewer find some goals sooner */
#endif
#define epoch_of(h) (((h) - 1) / EPOCH_BLOCKS)

#define NONE 0
#define A 1
#define B 2

/* (view, height) as one number that orders as certificates do; 0 is none. */
#define place(v, h) (1 + 8 * (v) + (h))

/* The others. They go on without the member, and it hears at once what is stable (R30). */
byte height = 1;       /* all below is stable, here is voted */
byte commit_view;      /* of the commit certificate of the block below */
byte certified[VIEWS]; /* the block at this height with a prepare certificate of that view */
bool named;            /* a block at this height was accepted or certified, and is called A */
#define this_epoch epoch_of(height)

/* The member. */
#define TAKES_PART 0
#define WITH_SIGN_STATE 1 /* amnesic; the sign state says up to where (R39) */
#define MUST_ASK 2        /* amnesic without sign state */
#define NEXT_EPOCH 3      /* so too, and has asked */
typedef Memory {
  byte view;
  byte prepare[VIEWS]; /* its votes at this height, by view */
  byte commit[VIEWS];
  byte high;    /* a place */
  byte change;  /* its ViewChange for this view: 1 + the high in it; 0 if there is none */
  byte amnesic;
  byte floor    /* an epoch: it takes part above it */
}
Memory now; /* in the process */
Memory log; /* on disk */
bool up = true;
bool log_lost; /* and the process has not started since */
bool restored; /* an old sign state was put in place, and the process has not started since */
byte losses;

/* Ceilings (R37). Their records are not numbered but compared, which is all that is done with the numbers. */
typedef Ceiling { byte epoch; byte view; byte height }
Ceiling sign;
Ceiling logged;    /* what the last record in the log says */
bool sign_missing;
byte ahead;        /* records that the log knows and the sign state does not; 2 is two or more */

/* What it ever sent, as far as it could still do harm: of this height, or of this epoch. */
byte sent_prepare[VIEWS]; /* sets of blocks */
byte sent_commit[VIEWS];
byte sent_change[VIEWS];  /* ViewChange for that view: 1 + the high in it */
byte commit_height;       /* the highest that it voted commit for in view 0 */
byte sent_height;         /* the highest of any message, 1 in all of epoch 0: what matters is the epoch */

/* For the reachability checks. */
#if REACH
#define story(statement) statement;
#define LOG 1
#define SIGN_STATE 2
#define COPY 4
bool crashed;   /* at this height, with a prepare sent */
byte trouble;   /* its kinds */
byte trouble_in; /* epoch of the last */
byte returns;
#define returned(times, kind) (returns == times && trouble == kind)
#else
#define story(statement)
#endif

#define above(v) (this_epoch > sign.epoch || (this_epoch == sign.epoch && (v) > sign.view) || height > sign.height)
#define may_sign(v) (!sign_missing && (MUTANT == 2 || !above(v)))
#define takes_part (up && now.amnesic == TAKES_PART)
#define durable(condition) (MUTANT == 1 || (condition))

/* R8: accepts a block of its view, from a primary that may offer anything. */
inline accept(b) {
  d_step { takes_part && now.prepare[now.view] == NONE && (b == A || named) -> now.prepare[now.view] = b; named = true }
}

/* R9, R35. Section 13 (1): one block at one (view, height). R23: none in a view below one that a ViewChange promised. */
#define promised_above(v) ((v) == 0 && sent_change[1] != 0)
inline send_prepare(v) {
  d_step {
    takes_part && (now.view == v || MUTANT == 15) && now.prepare[v] != NONE && may_sign(v) &&
    durable(log.prepare[v] == now.prepare[v]) && sent_prepare[v] != now.prepare[v] ->
    sent_prepare[v] = sent_prepare[v] | now.prepare[v];
    sent_height = (this_epoch == 0 -> 1 : height);
#if REACH
    reached(2, returned(1, LOG) && trouble_in == this_epoch);
    reached(4, returned(1, SIGN_STATE));
    reached(5, returned(1, COPY));
    reached(6, returned(2, LOG));
#endif
    assert(sent_prepare[v] != A + B);
    assert(!promised_above(v))
  }
}

/* R10: prepared; the certificate becomes high, and then the commit vote. */
inline prepared(v) {
  d_step {
    takes_part && now.view == v && now.prepare[v] != NONE && now.commit[v] == NONE && certified[v] == now.prepare[v] ->
    now.commit[v] = now.prepare[v];
    if
    :: now.high < place(v, height) -> now.high = place(v, height)
    :: else
    fi
  }
}
inline send_commit(v) {
  d_step {
    takes_part && (now.view == v || MUTANT == 15) && now.commit[v] != NONE && may_sign(v) &&
    durable(log.commit[v] == now.commit[v]) && sent_commit[v] != now.commit[v] ->
    sent_commit[v] = sent_commit[v] | now.commit[v];
    sent_height = (this_epoch == 0 -> 1 : height);
    commit_height = (v == 0 -> height : commit_height);
#if REACH
    reached(1, crashed && trouble == 0);
#endif
    assert(sent_commit[v] != A + B);
    assert(!promised_above(v))
  }
}

/* R23, R36: there are no more votes in the view that it leaves. */
inline enter(v) {
#if MUTANT != 15
  now.prepare[now.view] = NONE;
  now.commit[now.view] = NONE;
#endif
  now.view = v
}

/* R10a: learns a certificate, of this height or the commit certificate of the block below. One of a later view takes it
 * there, without a ViewChange. */
inline learn(v, h) {
  d_step {
    takes_part && ((h) == height -> certified[v] != NONE : commit_view == v && epoch_of(h) == this_epoch && (h) > 0) &&
    place(v, h) > now.high ->
    now.high = place(v, h);
    if
    :: v > now.view -> enter(v); now.change = 0
    :: else
    fi
  }
}

/* R23, R24: leaves for a later view whenever it likes, and promises. */
#define may_leave (up && (now.amnesic == TAKES_PART || (MUTANT == 5 && now.amnesic == WITH_SIGN_STATE)))
inline leave(v) {
  d_step {
    may_leave && now.view < v ->
    enter(v);
    now.change = 1 + now.high
  }
}

/* R23: one ViewChange for a view. Section 13 (3): its high is not below what was voted commit for in a lower view. */
inline send_change(v) {
  d_step {
    may_leave && now.view == v && now.change != 0 && may_sign(v) && sent_change[v] != now.change &&
    durable((MUTANT == 4 || log.view == v) && (MUTANT == 4 || MUTANT == 14 || log.change == now.change)) ->
    assert(sent_change[v] == 0);
    sent_change[v] = now.change;
#if MUTANT != 15
    sent_prepare[0] = 0; sent_commit[0] = 0; /* from now on any vote there is wrong */
#endif
    sent_height = (this_epoch == 0 -> 1 : height);
#if REACH
    reached(3, returned(1, LOG) && trouble_in == this_epoch);
#endif
    assert(commit_height == 0 || now.change - 1 >= place(0, commit_height))
  }
}

/* R35: what the process knows goes to the log, in order; a crash keeps a beginning of it. */
#if MUTANT == 13
byte old;
#endif
inline copy_memory(to, from) {
  to.view = from.view;
  to.prepare[0] = from.prepare[0]; to.prepare[1] = from.prepare[1];
  to.commit[0] = from.commit[0]; to.commit[1] = from.commit[1];
  to.high = from.high;
  to.change = from.change;
  to.amnesic = from.amnesic;
  to.floor = from.floor
}
inline persist() {
  d_step {
    up ->
#if MUTANT == 13
    old = log.high;
#endif
    copy_memory(log, now)
#if MUTANT == 4
    ;
    log.view = 0;
    log.change = 0
#elif MUTANT == 13
    ;
    log.high = old;
    old = 0
#elif MUTANT == 14
    ;
    log.change = 0
#endif
  }
}

/* R37: a raise is recorded in the log first, then in the sign state. */
inline copy_ceiling(to, from) {
  to.epoch = from.epoch; to.view = from.view; to.height = from.height
}
inline raise_in_log() {
  d_step {
    may_leave && !sign_missing && ahead == 0 && above(now.view) ->
    logged.epoch = this_epoch; logged.view = now.view; logged.height = height;
    ahead = 1
  }
}
inline raise_sign_state() {
  d_step {
    up && !sign_missing && ahead != 0 ->
    agree()
  }
}
inline agree() {
  copy_ceiling(sign, logged);
  set_ceiling(logged, 0, 0, 0); /* looked at only while it is ahead */
  ahead = 0
}

/* What goes wrong. All of it happens to a process that is down. */
inline forget(memory) {
  memory.view = 0;
  memory.prepare[0] = NONE; memory.prepare[1] = NONE;
  memory.commit[0] = NONE; memory.commit[1] = NONE;
  memory.high = 0;
  memory.change = 0;
  memory.amnesic = TAKES_PART;
  memory.floor = 0
}
inline set_ceiling(to, e, v, h) {
  to.epoch = e; to.view = v; to.height = h
}
inline crash() {
  d_step {
    up ->
    up = false;
    forget(now);
    story(crashed = crashed || sent_prepare[0] != 0 || sent_prepare[1] != 0)
    skip
  }
}
inline lose_log() {
  d_step {
    !up && !log_lost && !restored && losses < LOSSES ->
    losses = losses + 1;
    log_lost = true;
    forget(log);
    set_ceiling(logged, 0, 0, 0);
    ahead = 0;
    story(trouble = trouble | LOG; trouble_in = this_epoch)
    skip
  }
}
inline lose_sign_state() {
  d_step {
    !up && !sign_missing && !restored && losses < LOSSES ->
    losses = losses + 1;
    sign_missing = true;
    set_ceiling(sign, 0, 0, 0);
    ahead = 0;
    story(trouble = trouble | SIGN_STATE; trouble_in = this_epoch)
    skip
  }
}
/* Sign state and log are both replaced by old copies, that of the log at least two records the younger. How old, is left
 * to the worst case: nothing that matters is in them. */
inline restore_copies() {
  d_step {
    !up && !log_lost && !restored && losses < LOSSES ->
    losses = losses + 1;
    restored = true;
    sign_missing = false;
    set_ceiling(sign, 0, 0, 0);
    set_ceiling(logged, 0, 0, 0);
    ahead = 2;
    forget(log);
    story(trouble = trouble | COPY; trouble_in = this_epoch)
    skip
  }
}

/* R38, R39: the start. A raise that a crash cut short is finished; then the start is recorded, in the log first. */
inline become(kind) {
  forget(now);
  now.amnesic = kind
}
inline start() {
  d_step {
    !up ->
    up = true;
    copy_memory(now, log);
    assert(ahead < 2 || restored); /* nobody waits for an epoch without need */
    if
    :: sign_missing || (ahead == 2 && MUTANT != 12) ->
       become(MUST_ASK);
       sign_missing = true;
       set_ceiling(sign, 0, 0, 0);
       set_ceiling(logged, 0, 0, 0);
       ahead = 0
    :: else ->
#if MUTANT == 14
       if
       :: now.view == 1 -> now.change = 1 + now.high
       :: else
       fi;
#endif
#if MUTANT == 16
       ahead = ahead + 1;
       if
       :: ahead == 1 -> copy_ceiling(logged, sign)
       :: else
       fi
#else
       if
       :: ahead != 0 -> agree()
       :: else
       fi;
       if
       :: log_lost && MUTANT != 11 -> become(WITH_SIGN_STATE)
       :: else
       fi;
       copy_ceiling(logged, sign);
       ahead = 1
#endif
    fi;
    log_lost = false;
    restored = false;
    copy_memory(log, now)
  }
}

/* R39: the way back with the sign state, by a commit certificate above its ceiling. */
inline take_part(v, h) {
  now.amnesic = TAKES_PART;
  now.floor = 0;
  now.view = v;
  now.high = h;
  now.change = 0;
  copy_memory(log, now);
  story(returns = returns + 1)
  skip
}
inline return_with_sign_state() {
  d_step {
    up && now.amnesic == WITH_SIGN_STATE && (MUTANT == 3 || height - 1 > sign.height) &&
    (MUTANT == 3 || MUTANT == 6 || epoch_of(height - 1) > sign.epoch ||
     (epoch_of(height - 1) == sign.epoch && commit_view >= sign.view)) ->
    if
    :: height > 1 && epoch_of(height - 1) == this_epoch ->
       take_part(commit_view, (MUTANT == 8 -> 0 : place(commit_view, height - 1)))
    :: else -> take_part(0, 0)
    fi
  }
}

/* R39: the way back without. It asks q members that are not amnesic. What it signed for rests on an attest certificate of
 * the height `WINDOW` below, or a later one; of the q that made it one is among the q that answer. */
inline ask(answer) {
  d_step {
    up && now.amnesic == MUST_ASK && (answer) >= 0 ->
    now.amnesic = NEXT_EPOCH;
    now.floor = epoch_of((answer) + (MUTANT == 9 -> 0 : WINDOW));
    copy_memory(log, now);
    sign_missing = false;
    set_ceiling(sign, now.floor, VIEWS - 1, (now.floor + 1) * EPOCH_BLOCKS);
    set_ceiling(logged, 0, 0, 0);
    ahead = 0
  }
}
inline return_without() {
  d_step {
    up && now.amnesic == NEXT_EPOCH && (this_epoch > now.floor || MUTANT == 7) ->
    take_part(0, 0)
  }
}

/* The others certify a block, and make it stable. */
inline certify(v, b) {
  d_step { certified[v] == NONE && (b == A || named) -> certified[v] = b; named = true }
}
inline next_height(v) {
  d_step {
    certified[v] != NONE && height < HEIGHTS ->
    height = height + 1;
    commit_view = v;
    named = false;
    certified[0] = NONE; certified[1] = NONE;
    release(now);
    release(log);
    sent_prepare[0] = 0; sent_prepare[1] = 0;
    sent_commit[0] = 0; sent_commit[1] = 0;
    story(crashed = false)
    if
    :: epoch_of(height - 1) != this_epoch -> /* R42 */
       enter_epoch(now);
       enter_epoch(log);
       sent_change[1] = 0;
       commit_height = 0
    :: else
    fi
  }
}
inline release(memory) {
  memory.prepare[0] = NONE; memory.prepare[1] = NONE;
  memory.commit[0] = NONE; memory.commit[1] = NONE
}
inline enter_epoch(memory) {
  memory.view = 0;
  memory.high = 0;
  memory.change = 0
}

#define in_view(v) \
  :: send_prepare(v) :: prepared(v) :: send_commit(v) :: learn(v, height) :: learn(v, height - 1) \
  :: certify(v, A) :: certify(v, B) :: next_height(v)
active proctype member() {
end:
  do
  :: accept(A) :: accept(B)
  in_view(0) in_view(1)
  :: leave(1) :: send_change(1)
  :: persist() :: raise_in_log() :: raise_sign_state()
  :: crash() :: start()
  :: lose_log() :: lose_sign_state() :: restore_copies()
  :: return_with_sign_state() :: return_without()
  :: ask(height - 1) :: ask(sent_height - WINDOW)
#if MUTANT == 10
  :: ask(0)
#endif
  od
}
