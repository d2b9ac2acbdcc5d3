// One payment, or one operation: from its arrival to the proof of its outcome.
import { find, get, getBytes, part } from './api.js';
import { badge, card, code, dateTime, duration, facts, h, money, short, table, words } from './dom.js';
import { stateBadge } from './home.js';
import { resultView } from './receipt.js';
import { readGenesis, verifyReceipt } from './verifier.js';

const STEPS = [
  ['RECEIVED', 'Received', 'by this node'],
  ['PROPOSED', 'Proposed', 'by the leader, in a block'],
  ['PREPARED', 'Prepared', 'a quorum accepted its place'],
  ['COMMITTED', 'Committed', 'a quorum holds that: it cannot change any more'],
  ['EXECUTED', 'Executed', 'on this node’s ledger'],
  ['ATTESTED', 'Attested', 'a quorum signed the result: final'],
];
const STATUS_KINDS = { COMMITTED: 'good', REJECTED: 'bad', EXPIRED: 'idle', RECEIVED: 'wait', ORDERING: 'wait', UNKNOWN: 'idle' };
const KINDS = { XBANK: 'Between banks', FX: 'Exchange of currencies' };
const FINAL = ['COMMITTED', 'REJECTED', 'EXPIRED'];

function stepper(trace, status) {
  const known = new Map((trace?.steps ?? []).map((step) => [step.step, step]));
  const isOrdered = status.outcome !== null; // then all of it happened, kept here or not
  const times = [...known.values()].map(({ time }) => Date.parse(time)).filter((ms) => !Number.isNaN(ms));
  const begin = Math.min(...times);
  const done = STEPS.map(([step], i) => isOrdered || STEPS.slice(i).some(([later]) => known.has(later)));
  const current = done.indexOf(false);
  return h('ol', { class: 'steps' }, STEPS.map(([step, name, meaning], i) => {
    const at = known.get(step);
    const state = done[i] ? 'done' : i === current && !FINAL.includes(status.status) ? 'now' : 'todo';
    const said = { done: 'done', now: 'waiting for this', todo: 'not yet' }[state];
    return h('li', { class: state, 'aria-current': state === 'now' ? 'step' : null },
      h('span', { class: 'dot', 'aria-hidden': 'true' }, state === 'done' ? '✓' : String(i + 1)),
      h('span', { class: 'step-name' }, name, h('span', { class: 'hidden' }, `, ${said}`)),
      h('span', { class: 'step-time' }, at?.time ? `+${Math.max(0, Date.parse(at.time) - begin)} ms` : state === 'done' ? '' : said),
      h('span', { class: 'step-meaning' }, at?.leader ? `by ${at.leader}, view ${at.view}, height ${at.height}` : meaning));
  }));
}

// What is verified is what stands in the text field: this node's receipt, until somebody edits it.
function receiptBox(app, address, name) {
  let original = null;
  let result = null;
  let isBusy = false;
  const field = () => document.getElementById('receipt-text');
  async function check() {
    isBusy = true;
    app.redraw();
    try {
      original ??= await getBytes(address);
      if (field() && field().value === '') field().value = new TextDecoder().decode(original);
      const genesis = await readGenesis(await getBytes('/ui/genesis.json'));
      const text = field() ? new TextEncoder().encode(field().value) : original;
      result = await verifyReceipt(text, genesis);
      app.announce(result.verdict === 'VALID' ? 'The receipt is valid.' : `The receipt is not valid: ${result.verdict}`);
    } catch (error) {
      result = { verdict: 'NOT_CHECKED', why: error.message };
    }
    isBusy = false;
    app.redraw();
  }
  async function restore() {
    original = null;
    field().value = '';
    await check();
  }
  return () => h('section', { class: 'card receipt', id: 'receipt' },
    h('h2', {}, 'Receipt'),
    h('p', { class: 'lead' }, 'The proof of this outcome. It holds against everybody, with no node asked, for as long as someone keeps the genesis file.'),
    h('div', { class: 'actions' },
      h('button', { class: 'primary', id: 'verify', onclick: check, 'aria-disabled': isBusy ? 'true' : null },
        isBusy ? 'Verifying …' : 'Verify in this browser'),
      h('a', { class: 'button', href: address, download: `${name}.receipt.json` }, 'Download receipt'),
      h('button', { onclick: () => window.print() }, 'Print'),
      h('a', { class: 'button', href: '/ui/verify.html', download: 'verify.html' }, 'Take the verifier along')),
    h('div', { id: 'verdict' }, result && resultView(result)),
    h('details', {}, h('summary', {}, 'The receipt itself: change a character and verify again'),
      h('label', { class: 'hidden', for: 'receipt-text' }, 'Text of the receipt'),
      h('textarea', { id: 'receipt-text', rows: '8', spellcheck: 'false', placeholder: 'Comes with the first check.' }),
      h('button', { onclick: restore }, 'As the node has it')));
}

function paymentFacts(payment) {
  const account = (bank, id) => h('a', { href: `/ui/accounts/${bank}/${id}` }, bank, h('span', { class: 'sub' }, short(id, 12)));
  const fee = (amount) => (Number(amount) === 0 ? null : money(payment.currency, amount));
  return facts([
    ['From', account(payment.payer_bank, payment.payer_account)],
    ['To', account(payment.payee_bank, payment.payee_account)],
    ['Kind', KINDS[payment.kind] ?? words(payment.kind)],
    ['Credited in', payment.token_to],
    ['Settled in', payment.settle_token],
    ['Exchanged to', payment.amount_to],
    ['Payer’s fee', fee(payment.payer_fee)],
    ['Payee’s fee', fee(payment.payee_fee)],
    ['Returned', Number(payment.returned) === 0 ? null : money(payment.currency, payment.returned)],
    ['Reason', payment.reason && (typeof payment.reason === 'string' ? payment.reason : `${payment.reason.code ?? ''} ${payment.reason.iso_reason ?? ''}`)],
    ['Began', payment.created_at && dateTime(payment.created_at)],
    ['Settled', payment.settled_at && dateTime(payment.settled_at)],
  ]);
}

function countdown(time) {
  const left = Date.parse(time) - Date.now();
  return left > 0 ? `${duration(left)} left, until ${time.slice(11, 19)} UTC` : `passed at ${time.slice(11, 19)} UTC; waiting for the network’s own time`;
}

function transitions(payment) {
  return card('What happened', table('Transitions of the payment', ['Event', 'Code', 'ISO 20022', 'Block', 'Time', 'By'],
    payment.transitions.map((one) => [
      words(one.event.replace(/(?<=.)([A-Z])/g, ' $1')), one.code, one.iso_reason ?? '–',
      h('a', { href: `/ui/blocks/${one.height}` }, one.height), dateTime(one.time),
      one.op_id ? h('a', { href: `/ui/operations/${one.actor}/${one.op_id}` }, one.actor) : 'its time-out'])));
}

function operationPage(app, bank, id, isPayment) {
  const operation = `/v1/operations/${part(bank)}/${part(id)}`;
  let data = null;
  let said = '';
  const box = receiptBox(app, isPayment ? `/v1/payments/${part(bank)}/${part(id)}/receipt` : `${operation}/receipt`, id);
  const fullBox = receiptBox(app, `${operation}/receipt`, id);
  return {
    title: isPayment ? 'Payment' : 'Operation',
    async load() {
      // Asked for by what always answers: what is not there would be an error on the console.
      const [status, named] = await Promise.all([get(operation), isPayment ? get(`/v1/payments?uetr=${part(id)}`) : { items: [] }]);
      const isThere = named.items.some((one) => one.payer_bank === bank);
      const [trace, payment] = await Promise.all([status.status === 'UNKNOWN' ? null : find(`${operation}/trace`),
        isThere ? find(`/v1/payments/${part(bank)}/${part(id)}`) : null]);
      data = { status, trace, payment };
      const state = payment?.state ?? status.status;
      if (said !== state) app.announce(`${this.title} is ${words(state).toLowerCase()}`);
      said = state;
    },
    view() {
      const { status, trace, payment } = data;
      const { outcome } = status;
      const isUnknown = status.status === 'UNKNOWN' && !payment;
      if (isUnknown) {
        return [h('h1', {}, this.title), h('div', { class: 'card' },
          h('p', { class: 'mid' }, badge('idle', `Not seen by this node up to height ${app.node.height.stored}`)),
          facts([['Bank', bank], [isPayment ? 'UETR' : 'Operation', code(id)]]),
          h('p', { class: 'quiet' }, 'This page stays awake: it changes by itself when the node hears of it. Another bank’s node may know more.'))];
      }
      const isRejected = status.status === 'REJECTED';
      return [
        h('h1', {}, this.title),
        h('div', { class: 'card head' },
          h('p', { class: 'mid', id: 'state' }, payment ? stateBadge(payment.state) : badge(STATUS_KINDS[status.status] ?? 'wait', words(status.status))),
          payment && h('p', { class: 'big' }, money(payment.currency, payment.amount)),
          payment && h('p', { class: 'route' }, payment.payer_bank, h('span', { 'aria-hidden': 'true' }, ' → '), h('span', { class: 'hidden' }, ' to '), payment.payee_bank),
          outcome && outcome.code !== 'OK' && h('p', { class: 'note bad' }, h('strong', {}, words(outcome.code)),
            ` (${outcome.code}, number ${outcome.number}${outcome.iso_reason ? `, ISO 20022 reason ${outcome.iso_reason}` : ''})`),
          payment?.state === 'PENDING' && payment.expires_at && h('p', { class: 'note wait' }, 'Waits for the payee’s bank: ', countdown(payment.expires_at)),
          !FINAL.includes(status.status) && status.valid_until && h('p', { class: 'note wait' }, 'In the network’s hands: ', countdown(status.valid_until)),
          facts([[isPayment ? 'UETR' : 'Operation', code(id, 'wrap')], ['Bank', bank],
            ['Block', outcome && h('a', { href: `/ui/blocks/${outcome.height}` }, `${outcome.height}, place ${outcome.index}`)],
            ['Block time', outcome && dateTime(outcome.block_time)],
            ['Payment', !isPayment && status.payment && h('a', { href: `/ui/payments/${status.payment.payer_bank}/${status.payment.uetr}` }, status.payment.uetr)]])),
        (status.status !== 'UNKNOWN') && h('section', { class: 'card' }, h('h2', {}, 'Its way through the network'), stepper(trace, status),
          !trace?.steps.some(({ time }) => time) && h('p', { class: 'quiet' }, 'The times are kept in memory for the last 10,000 operations; this one is older than that, or than this node’s last start.')),
        payment && card('The payment', paymentFacts(payment)),
        payment && transitions(payment),
        // Of a payment the receipt of its operation while there is one: it carries what was signed, too.
        (payment || FINAL.includes(status.status)) && status.status !== 'EXPIRED' &&
          (status.receipt_id || isRejected ? fullBox() : box()),
      ];
    },
  };
}

export { operationPage };
