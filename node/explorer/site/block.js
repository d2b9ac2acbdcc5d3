// One block: what ran in it, what came out, who signed that.
import { find, part } from './api.js';
import { badge, card, code, dateTime, facts, h, table, words } from './dom.js';

function blockPage(app, height) {
  let block = null;
  return {
    title: `Block ${height}`,
    async load() {
      const isThere = /^\d{1,15}$/.test(height) && BigInt(height) > 0n && BigInt(height) <= BigInt(app.node.height.stored);
      block = isThere ? await find(`/v1/blocks/${part(height)}`) : null;
    },
    view() {
      const neighbours = /^\d{1,15}$/.test(height) && h('nav', { class: 'actions', 'aria-label': 'Neighbouring blocks' },
        Number(height) > 1 && h('a', { class: 'button', href: `/ui/blocks/${Number(height) - 1}` }, `← Block ${Number(height) - 1}`),
        block && h('a', { class: 'button', href: `/ui/blocks/${Number(height) + 1}` }, `Block ${Number(height) + 1} →`));
      if (!block) {
        return [h('h1', {}, `Block ${height}`), h('div', { class: 'card' },
          h('p', { class: 'mid' }, badge('idle', `Not seen by this node up to height ${app.node.height.stored}`)),
          h('p', { class: 'quiet' }, 'This page changes by itself when the block is there.')), neighbours];
      }
      const { header, attestation } = block;
      const wrapped = (hex) => code(hex, 'wrap');
      return [
        h('h1', {}, `Block ${block.height}`),
        h('div', { class: 'card head' },
          h('p', { class: 'mid' }, attestation ? badge('good', `Final: signed by ${attestation.signers.join(', ')}`) : badge('wait', 'Signed with a later block')),
          facts([['Time', dateTime(block.time)], ['Epoch', block.epoch], ['Proposed in view', block.view], ['Batches', String(block.batches.length)],
            ['Operations', String(block.operations.length)]]), neighbours),
        card('Outcomes', table('Outcomes', ['#Place', 'Operation', 'Type', 'Outcome', 'ISO 20022'],
          block.operations.map((one) => [String(one.index),
            one.op_id ? h('a', { href: `/ui/operations/${one.actor}/${one.op_id}` }, one.actor, h('span', { class: 'sub' }, one.op_id)) : 'void',
            words(one.type ?? 'unknown'), badge(one.code === 'OK' ? 'good' : 'bad', one.code === 'OK' ? 'OK' : words(one.code)), one.iso_reason ?? '–']),
          'No operation: the network shows that it is alive.')),
        header && card('Header', facts([['Hash', wrapped(header.hash)], ['Block', wrapped(header.block)], ['Previous header', wrapped(header.previous)],
          ['State root', wrapped(header.state_root)], ['Outcomes root', wrapped(header.outcomes_root)], ['Totals root', wrapped(header.totals_root)],
          ['Rules version', header.rules_version]])),
      ];
    },
  };
}

export { blockPage };
