// The network at one glance.
import { find, get } from './api.js';
import { conditionName, validatorCondition } from './condition.js';
import { badge, card, clock, duration, facts, h, money, short, table, words } from './dom.js';

const RECENT_HEIGHTS = 200n;
const PAYMENT_TYPES = 'payment_pending,payment_settled,payment_rejected,payment_cancelled,payment_expired,payment_returned';
const STATE_KINDS = { SETTLED: 'good', PENDING: 'wait', REJECTED: 'bad', CANCELLED: 'idle', EXPIRED: 'idle', RETURNED: 'warn' };

function stateBadge(state) {
  return badge(STATE_KINDS[state] ?? 'wait', words(state));
}

// The events of recent blocks, each payment once, newest first.
async function recentPayments(height, count) {
  const from = BigInt(height) > RECENT_HEIGHTS ? BigInt(height) - RECENT_HEIGHTS : 1n;
  const page = await find(`/v1/events?types=${PAYMENT_TYPES}&after=${from}.0&limit=500`);
  const newest = new Map();
  for (const event of page?.items ?? []) {
    const { terms, state } = event.fields;
    newest.delete(`${terms.payer_bank}/${terms.uetr}`);
    newest.set(`${terms.payer_bank}/${terms.uetr}`, { terms, state, time: event.block_time });
  }
  return [...newest.values()].reverse().slice(0, count);
}

function homePage(app) {
  let data = null;
  return {
    title: 'The network now',
    async load() {
      const [validators, blocks, payments] = await Promise.all([
        get('/v1/validators'), get('/v1/blocks?limit=8'), recentPayments(app.node.height.stored, 8)]);
      data = { validators, blocks, payments };
    },
    view() {
      const { node, condition } = app;
      const [kind, title] = conditionName(condition.code);
      const { items, quorum } = data.validators;
      const states = items.map((one) => validatorCondition(one, node, condition));
      const able = states.filter(({ canVote }) => canVote).length;
      const spare = able - quorum;
      return [
        h('h1', {}, 'The network now'),
        h('div', { class: 'hero card' },
          h('div', { class: 'figure' }, h('span', { class: 'label' }, 'Height'), h('span', { class: 'big', id: 'height' }, node.height.stable),
            h('span', { class: 'quiet' }, `final ${duration(Number(node.milliseconds_since_commit))} ago`)),
          h('div', { class: 'figure' }, h('span', { class: 'label' }, 'Condition'), h('span', { class: 'mid' }, badge(kind, title)),
            h('span', { class: 'quiet' }, `view ${node.view}, leader ${node.leader}`)),
          h('div', { class: 'figure' }, h('span', { class: 'label' }, 'Validators'), h('span', { class: 'big' }, `${able} of ${items.length}`),
            h('span', { class: 'quiet' }, spare >= 0 ? `quorum ${quorum}, can lose ${spare} more` : `quorum ${quorum}, ${-spare} too few`)),
          h('div', { class: 'figure' }, h('span', { class: 'label' }, 'Waiting'), h('span', { class: 'big' }, node.pool.operations),
            h('span', { class: 'quiet' }, node.pool.operations === '1' ? 'operation' : 'operations'))),
        h('section', {}, h('h2', {}, 'Validators'), h('ul', { class: 'tiles' }, items.map((one, i) =>
          h('li', { class: `tile ${states[i].kind}` },
            h('h3', {}, one.name, one.leader ? h('span', { class: 'tag' }, 'leader') : null),
            h('p', {}, badge(states[i].kind, words(states[i].text))),
            h('p', { class: 'quiet' }, states[i].detail || `last vote at height ${one.last_vote_height}`))))),
        h('div', { class: 'columns' },
          card('Recent payments', table('Recent payments', ['Payment', '#Amount', 'State'],
            data.payments.map(({ terms, state }) => [
              h('a', { href: `/ui/payments/${terms.payer_bank}/${terms.uetr}` }, `${terms.payer_bank} → ${terms.payee_bank}`,
                h('span', { class: 'sub' }, terms.uetr.slice(0, 8), '…')),
              money(terms.token_from.split('.')[1] ?? '', terms.amount), stateBadge(state)]),
            `No payment in the last ${RECENT_HEIGHTS} blocks that this bank may see.`)),
          card('Last blocks', table('Last blocks', ['Height', 'Time, UTC', '#Operations', 'Signed by'],
            data.blocks.items.map((block) => [
              h('a', { href: `/ui/blocks/${block.height}` }, block.height), clock(block.time), String(block.operations),
              block.attestation ? `${block.attestation.signers.length} of ${items.length}` : 'not yet']))),
        ),
        card('This node', facts([['Name', node.name], ['Role', node.role], ['Network', node.network], ['Epoch', node.epoch],
          ['Chain', short(node.chain_id, 20)], ['Version', node.version]])),
      ];
    },
  };
}

export { homePage, stateBadge };
