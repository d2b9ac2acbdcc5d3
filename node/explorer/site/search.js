// One field for everything that has a name: what it could be is asked of the node.
import { find, get, part } from './api.js';
import { badge, h } from './dom.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ACCOUNT = /^[0-9a-f]{32}$/;
const HEIGHT = /^[0-9]{1,15}$/;

// An account id is unique at its bank only; the node refuses to choose where several have it.
async function servicersOf(id) {
  try {
    const account = await find(`/v1/accounts/${id}`);
    return account ? [account.servicer] : [];
  } catch (error) {
    if (error.status !== 400) throw error;
  }
  const { items: banks } = await get('/v1/institutions?limit=1000');
  const has = await Promise.all(banks.map(({ name }) => find(`/v1/accounts/${id}?servicer=${part(name)}`)));
  return banks.filter((_, i) => has[i]).map(({ name }) => name);
}

async function search(text) {
  if (HEIGHT.test(text)) return [[`/ui/blocks/${text}`, `Block ${text}`]];
  const found = [];
  const isUuid = UUID.test(text);
  if (!isUuid && !ACCOUNT.test(text)) return found;
  if (isUuid) {
    const { items: banks } = await get('/v1/institutions?limit=1000');
    const payments = await find(`/v1/payments?uetr=${text}`);
    for (const one of payments?.items ?? []) found.push([`/ui/payments/${one.payer_bank}/${one.uetr}`, `Payment of ${one.payer_bank}`]);
    await Promise.all(banks.map(async ({ name }) => {
      const status = await find(`/v1/operations/${part(name)}/${text}`);
      if (status && status.status !== 'UNKNOWN') found.push([`/ui/operations/${name}/${text}`, `Operation of ${name}`]);
    }));
  } else {
    for (const name of await servicersOf(text)) found.push([`/ui/accounts/${name}/${text}`, `Account at ${name}`]);
  }
  return found;
}

function searchPage(app) {
  const text = (new URLSearchParams(location.search).get('q') ?? '').trim().toLowerCase();
  let found = [];
  return {
    title: 'Search',
    isStill: !UUID.test(text), // an operation may still come
    async load() {
      found = await search(text);
      // What has one meaning is shown; an own payment is also an operation.
      const best = found.filter(([address], i) => i === 0 || !address.startsWith('/ui/operations/'));
      if (best.length === 1) app.go(best[0][0], { replace: true });
    },
    view() {
      return [h('h1', {}, 'Search'), h('div', { class: 'card' },
        found.length === 0
          ? [h('p', { class: 'mid' }, badge('idle', `Not seen by this node up to height ${app.node.height.stored}`)),
            h('p', {}, 'Searched for ', h('code', { class: 'wrap' }, text), '. A UETR or operation id looks like 4c1d90e2-7b35-4f7e-8a60-1d2c3b4a5968, an account id has 32 hexadecimal digits, a height is a number.', UUID.test(text) ? ' This page goes on looking.' : '')]
          : h('ul', { class: 'found' }, found.map(([address, name]) => h('li', {}, h('a', { href: address }, name)))))];
    },
  };
}

export { searchPage };
