// What the members have agreed on, and what they are voting about.
import { get } from './api.js';
import { badge, card, dateTime, duration, grouped, h, table, words } from './dom.js';

const MILLISECONDS = ['op_window', 'outcome_retention', 'payment_retention', 'return_window', 'attest_ttl', 'payment_ttl', 'payment_ttl_max', 'hold_ttl_max',
  'gov_timelock', 'proposal_ttl_max', 'urgent_suspension', 'batch_linger', 'batch_lifetime', 'idle_block_interval', 'view_timeout_base', 'view_timeout_cap',
  'status_interval', 'clock_skew', 'clock_lag'];
const KINDS = { OPEN: 'wait', PASSED: 'good', EXECUTED: 'good', FAILED: 'bad', REJECTED: 'bad', EXPIRED: 'idle' };
const UNITS = [['d', 86400000], ['h', 3600000], ['min', 60000], ['s', 1000]];

function inWords(name, value) {
  const number = Number(value);
  if (MILLISECONDS.includes(name)) {
    if (number === 0) return 'none';
    if (number < 1000) return `${number} ms`;
    const unit = UNITS.find(([, ms]) => number % ms === 0);
    return unit ? `${number / unit[1]} ${unit[0]}` : duration(number);
  }
  if (name.endsWith('_bytes') || name === 'author_quota' || name === 'snapshot_chunk') {
    return number >= 1 << 20 ? `${number / (1 << 20)} MiB` : `${number / 1024} KiB`;
  }
  return grouped(value);
}

function parametersPage() {
  let data = null;
  const details = ({ type: _, ...rest }) => Object.entries(rest).map(([name, value]) => `${words(name).toLowerCase()} ${value}`).join(', ');
  const rows = (values) => Object.entries(values).map(([name, value]) => [h('code', {}, name), inWords(name, value), value]);
  return {
    title: 'Governance',
    async load() {
      const [params, proposals] = await Promise.all([get('/v1/params'), get('/v1/proposals')]);
      data = { params, proposals };
    },
    view() {
      const { params, proposals } = data;
      const next = Object.entries(params.next_epoch ?? {});
      const text = (value) => (typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value));
      return [
        h('h1', {}, 'Governance'),
        card('Proposals', table('Proposals', ['Proposal', 'Action', 'State', 'Votes', 'Expires'],
          proposals.items.map((one) => [[one.proposer, h('span', { class: 'sub' }, one.id)],
            [words(one.action.type), h('span', { class: 'sub wrap' }, details(one.action))],
            [badge(KINDS[one.state] ?? 'wait', words(one.state)), one.urgent ? h('span', { class: 'tag' }, 'urgent') : null],
            one.votes.map(({ institution, yes }) => `${institution} ${yes ? 'yes' : 'no'}`).join(', ') || 'none yet',
            one.ended_at ? ['ended ', dateTime(one.ended_at)] : one.expires_at ? dateTime(one.expires_at) : '–']),
          'There is no proposal. The members’ governors make them: giro gov propose.')),
        next.length > 0 && card('From the next epoch on', table('Parameters of the next epoch', ['Name', 'Value'], next.map(([name, value]) => [h('code', {}, name), text(value)]))),
        h('div', { class: 'columns' },
          card('Of the network', table('Parameters of the network', ['Name', '#Value', '#As stored'], rows(params.network))),
          card('Of the ledger', table('Parameters of the ledger', ['Name', '#Value', '#As stored'],
            rows({ rules_version: params.rules_version, ...params.ledger })))),
      ];
    },
  };
}

export { parametersPage };
