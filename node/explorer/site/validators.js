// Who votes, and what the network can bear: validators are clicked off to see.
import { find, get } from './api.js';
import { validatorCondition } from './condition.js';
import { badge, card, duration, facts, h, short, table, words } from './dom.js';

function validatorsPage(app) {
  const off = new Set();
  let data = null;

  function toggle(name) {
    if (off.has(name)) off.delete(name);
    else off.add(name);
    app.redraw();
    const { left, spare } = count();
    app.announce(spare >= 0 ? `${left} left, can lose ${spare} more` : `${left} left, no quorum`);
  }
  function count() {
    const { items, quorum } = data.validators;
    const left = items.filter((one) => !off.has(one.name) && validatorCondition(one, app.node, app.condition).canVote).length;
    return { left, spare: left - quorum };
  }
  function experiment() {
    const { items, quorum, faults_tolerated: faults } = data.validators;
    const { left, spare } = count();
    return card('What if one fails?',
      h('p', {}, `Switch validators off, here in this page only. ${quorum} of ${items.length} are a quorum; by design ${faults} may fail or lie.`),
      h('div', { class: 'switches', role: 'group', 'aria-label': 'Validators that take part' }, items.map((one) => {
        const state = validatorCondition(one, app.node, app.condition);
        const isOn = !off.has(one.name) && state.canVote;
        return h('button', { type: 'button', class: `switch ${isOn ? 'on' : 'off'}`, 'aria-pressed': isOn ? 'true' : 'false',
          'aria-disabled': state.canVote ? null : 'true', onclick: () => state.canVote && toggle(one.name) },
        h('span', { 'aria-hidden': 'true' }, isOn ? '✓ ' : '✕ '), one.name,
        h('span', { class: 'sub' }, state.canVote ? (isOn ? 'takes part' : 'switched off') : state.text));
      })),
      h('p', { class: 'mid', id: 'what-if' }, spare >= 0
        ? badge(spare === 0 ? 'warn' : 'good', spare === 0 ? `${left} left: payments go on, and no further validator may fail` : `${left} left: payments go on, can lose ${spare} more`)
        : badge('bad', `${left} left, ${quorum} needed: payments stop, and nothing is lost. They go on when ${-spare} ${-spare === 1 ? 'is' : 'are'} back`)));
  }
  return {
    title: 'Validators',
    async load() {
      const [validators, peers, evidence] = await Promise.all([get('/v1/validators'), get('/v1/peers'), find('/v1/evidence?limit=1')]);
      data = { validators, peers: new Map(peers.items.map((peer) => [peer.name, peer])), evidence };
    },
    view() {
      const { node, condition } = app;
      const { items, epoch } = data.validators;
      const phase = node.suspecting ? 'wants the next leader' : node.voting ? 'voting' : 'not voting';
      return [
        h('h1', {}, 'Validators'),
        card('The vote now', facts([['View', node.view], ['Leader', node.leader], ['Epoch', epoch], ['This node', phase],
          ['Committed', `height ${node.height.committed}`], ['Attested', `height ${node.height.stable}`],
          ['Last commit', `${duration(Number(node.milliseconds_since_commit))} ago`]])),
        card('The set', table('Validators', ['Validator', 'Condition', '#Last vote', 'Clock', 'Version', 'Key'],
          items.map((one) => {
            const state = validatorCondition(one, node, condition);
            const isOwn = one.name === node.name;
            const peer = data.peers.get(one.name);
            const clockFault = condition.faults.find(({ name, cause }) => name === one.name && cause === 'CLOCK_SKEW');
            return [
              [one.name, one.leader ? h('span', { class: 'tag' }, 'leader') : null, isOwn ? h('span', { class: 'tag plain' }, 'this node') : null],
              [badge(state.kind, words(state.text)), state.detail ? h('span', { class: 'sub' }, state.detail) : null],
              one.last_vote_height, clockFault ? badge('warn', clockFault.detail) : state.kind === 'bad' ? 'unknown' : 'agrees',
              isOwn ? node.version : peer?.version || 'not told', short(one.public_key, 12)];
          }))),
        experiment(),
        card('Proof of misbehaviour', items.some((one) => one.equivocations > 0)
          ? table('Proofs', ['Validator', '#Proofs'], items.filter((one) => one.equivocations > 0).map((one) => [one.name, String(one.equivocations)]))
          : h('p', {}, badge('good', 'None: no validator was caught signing two different things'))),
      ];
    },
  };
}

export { validatorsPage };
