// Says when there may be something new: by the node's stream of events, and by asking
// at an interval in any case, since heights, votes and stalls are no events.

const TYPES = [
  'height', 'payment_pending', 'payment_settled', 'payment_rejected', 'payment_cancelled', 'payment_expired',
  'payment_returned', 'minted', 'redeemed', 'clawed_back', 'hold_created', 'hold_captured', 'hold_released',
  'hold_expired', 'hold_voided', 'proposal_opened', 'vote_cast', 'proposal_closed', 'param_changed',
  'validator_set_changed',
];
const INTERVAL_MS = 1000;
const HIDDEN_INTERVAL_MS = 10000;
const TOGETHER_MS = 150; // events that come together are one change

class Live {
  constructor(onChange) {
    this.onChange = onChange;
    this.soon = null;
    this.stream = null;
    this.tick();
    this.listen();
    // Only while somebody looks: the browser has six connections for all its tabs, and a page that it
    // keeps for "back" would keep its own.
    document.addEventListener('visibilitychange', () => {
      this.stream?.close();
      if (document.hidden) return;
      this.listen();
      this.change();
    });
    window.addEventListener('pagehide', () => this.stream?.close());
    window.addEventListener('pageshow', (event) => {
      if (event.persisted) this.listen();
    });
  }
  change() {
    this.soon ??= setTimeout(() => {
      this.soon = null;
      this.onChange();
    }, TOGETHER_MS);
  }
  tick() {
    setTimeout(() => {
      this.onChange();
      this.tick();
    }, document.hidden ? HIDDEN_INTERVAL_MS : INTERVAL_MS);
  }
  listen() {
    if (document.hidden) return;
    this.stream?.close();
    const types = TYPES.filter((type) => type !== 'height').join(',');
    this.stream = new EventSource(`/v1/events?types=${types}`);
    for (const type of TYPES) this.stream.addEventListener(type, () => this.change());
  }
}

export { Live };
