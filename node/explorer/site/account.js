// One account: positions, entries, holds.
import { get, part } from './api.js';
import { badge, card, dateTime, facts, grouped, h, short, table, words } from './dom.js';

const ENTRIES = 50;

function accountPage(app, servicer, id) {
  const path = `/v1/accounts/${part(id)}`;
  const at = `servicer=${part(servicer)}`;
  let data = null;
  return {
    title: 'Account',
    async load() {
      const [account, holds] = await Promise.all([get(`${path}?${at}`), get(`${path}/holds?${at}`)]);
      const statements = await Promise.all(account.positions.map(async ({ token, entry_seq: last }) => {
        const after = BigInt(last) > BigInt(ENTRIES) ? `&cursor=${BigInt(last) - BigInt(ENTRIES)}` : '';
        return get(`${path}/entries?token=${part(token)}&${at}&limit=${ENTRIES}${after}`);
      }));
      data = { account, holds, statements };
    },
    view() {
      const { account, holds, statements } = data;
      return [
        h('h1', {}, 'Account'),
        h('div', { class: 'card head' },
          h('p', { class: 'mid' }, badge(account.status === 'OPEN' && account.blocks.length === 0 ? 'good' : 'warn',
            account.blocks.length ? `${words(account.status)}, blocked for ${account.blocks.join(' and ')}` : words(account.status))),
          facts([['Account', h('code', { class: 'wrap' }, account.id)], ['Kept by', account.servicer], ['Kind', words(account.kind)], ['Country', account.country],
            ['As of height', account.height]])),
        card('Positions', table('Positions', ['Token', '#Posted', '#Held', '#Frozen', '#Available', 'Today'],
          account.positions.map((one) => [one.token, grouped(one.posted), grouped(one.held), grouped(one.frozen), h('strong', {}, grouped(one.available)),
            `${one.day.debits} debits, ${grouped(one.day.amount)}${Number(one.limits.day_amount) ? ` of ${grouped(one.limits.day_amount)}` : ''}`]))),
        statements.map((statement) => card(`Entries in ${statement.token}`, table(`Entries in ${statement.token}`,
          ['#Entry', 'Time', 'What', '#Debit', '#Credit', '#Balance', 'Payment'],
          [...statement.items].reverse().map((one) => [one.seq, dateTime(one.time),
            `${words(one.type)}${one.counterparty_bank ? ` with ${one.counterparty_bank}` : ''}`,
            one.side === 'DEBIT' ? grouped(one.amount) : '', one.side === 'CREDIT' ? grouped(one.amount) : '', grouped(one.balance),
            one.payer_bank ? h('a', { href: `/ui/payments/${one.payer_bank}/${one.reference}` }, short(one.reference, 8)) : '–'])))),
        card('Holds', table('Holds', ['Hold', 'Kind', '#Amount', 'Token', 'Made by', 'Ends'],
          holds.items.map((one) => [short(one.hold_id, 8), words(one.kind), grouped(one.amount), one.token, one.creator,
            one.expires_at ? dateTime(one.expires_at) : '–']), 'Nothing is held.')),
      ];
    },
  };
}

export { accountPage };
