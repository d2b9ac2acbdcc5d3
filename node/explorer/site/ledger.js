// Tokens and institutions: what was issued, and that it adds up.
import { get, part } from './api.js';
import { badge, card, grouped, h, short, table, words } from './dom.js';

const ACCOUNTS_SHOWN = 200;

function ledgerPage(app) {
  let data = null;
  let bank = null;
  return {
    title: 'Ledger',
    async load() {
      bank ??= app.node.name;
      const [tokens, conservation, institutions, accounts] = await Promise.all([
        get('/v1/tokens?limit=1000'), get('/v1/conservation'), get('/v1/institutions?limit=1000'),
        get(`/v1/accounts?servicer=${part(bank)}&limit=${ACCOUNTS_SHOWN}`)]);
      data = { tokens, conservation, institutions, accounts };
    },
    view() {
      const { tokens, conservation, institutions, accounts } = data;
      const sums = new Map(conservation.items.map((one) => [one.token, one]));
      return [
        h('h1', {}, 'Ledger'),
        h('div', { class: 'card head' },
          h('p', { class: 'mid', id: 'conservation' }, conservation.conserved
            ? badge('good', 'Every token adds up') : badge('bad', 'The totals do not add up')),
          h('p', {}, `At height ${conservation.height} the sum of all positions of each token is what is outstanding of it. State root `, short(conservation.state_root, 20))),
        card('Tokens', table('Tokens', ['Token', '#Issued', '#Redeemed', '#Outstanding', '#Held', '#Frozen', 'Sum of positions'],
          tokens.items.map((one) => {
            const sum = sums.get(one.name);
            return [[one.name, h('span', { class: 'sub' }, words(one.class))], grouped(one.issued), grouped(one.redeemed), h('strong', {}, grouped(one.outstanding)),
              grouped(one.held), grouped(one.frozen), [one.paused.length ? badge('warn', 'paused') : null, ' ',
                sum ? badge(sum.conserved ? 'good' : 'bad', sum.conserved ? 'equal' : `is ${grouped(sum.positions)}`) : null]];
          }))),
        card('Institutions', table('Institutions', ['Name', 'Kind', 'Status', 'BIC', 'LEI', 'Country', 'Validator'],
          institutions.items.map((one) => [one.name, words(one.kind), badge(one.status === 'ACTIVE' ? 'good' : 'warn', words(one.status)),
            one.bic ?? '–', one.lei ?? '–', one.country ?? '–', one.validator ? 'yes' : 'no']))),
        card('Accounts',
          h('div', { class: 'pick' }, h('label', { for: 'bank' }, 'Kept by'),
            h('select', { id: 'bank', onchange: (event) => {
              bank = event.target.value;
              app.refresh();
            } }, institutions.items.map(({ name }) => h('option', { value: name, selected: name === bank }, name)))),
          table(`Accounts at ${bank}`, ['Account', 'Kind', 'Status', '#Positions'],
            accounts.items.map((one) => [
              h('a', { href: `/ui/accounts/${one.servicer}/${one.id}` }, h('code', {}, one.id)), words(one.kind),
              one.blocks.length ? badge('warn', `${words(one.status)}, blocked`) : badge('good', words(one.status)),
              h('span', {}, one.positions.map(({ token, posted }) => h('span', { class: 'line' }, `${token} ${grouped(posted)}`)))]),
            'None that this bank may see.'),
          accounts.next_cursor && h('p', { class: 'quiet' }, `The first ${ACCOUNTS_SHOWN}. Others are found by their id.`)),
      ];
    },
  };
}

export { ledgerPage };
