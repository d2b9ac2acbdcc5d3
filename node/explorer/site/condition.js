// The condition of the network and of its validators, in words; the banner when it stands still.
import { announce, badge, duration, h, morphChildren } from './dom.js';

const CODES = {
  PROGRESSING: ['good', 'Running'],
  SLOW: ['warn', 'Slow'],
  QUORUM_MISSING: ['bad', 'Stopped: too few validators take part'],
  LEADER_SILENT: ['warn', 'The leader is silent; the others are about to choose the next'],
  VIEW_CHANGING: ['warn', 'The validators are changing to the next leader'],
  SYNCING: ['warn', 'This node is catching up'],
  NOT_IN_SET: ['good', 'Running; this node only follows'],
  HALTED_DIVERGED: ['bad', 'This node has stopped: its results contradict the others’'],
  NODE_DOWN: ['bad', 'This node does not answer'],
};
const CAUSES = {
  UNREACHABLE: 'cannot be reached',
  SILENT: 'says nothing',
  WRONG_KEY: 'has another key than registered',
  WRONG_CHAIN: 'is on another chain',
  VERSION_MISMATCH: 'runs a version that does not fit',
  SYNCING: 'is catching up',
  CLOCK_SKEW: 'has a wrong clock',
  DISK_LOW: 'is short of disk',
  SIGNER_DOWN: 'cannot sign',
  SIGN_REFUSED: 'refuses to sign',
  DIVERGED: 'has other results',
  AMNESIC: 'has lost its log and waits',
  SIGN_STATE_LOST: 'has lost its sign state and asks the others',
};
const STILL_VOTES = ['CLOCK_SKEW'];
const BEHIND_MAX = 10n; // heights, as /readyz has it

function conditionName(code) {
  return CODES[code] ?? ['warn', code];
}

// {kind, text, detail} of a validator, from what this node knows of it.
function validatorCondition(validator, node, explanation) {
  const fault = explanation?.faults?.find(({ name }) => name === validator.name);
  if (fault) {
    const kind = STILL_VOTES.includes(fault.cause) ? 'warn' : 'bad';
    const since = fault.seconds > 0 ? `for ${duration(fault.seconds * 1000)}` : '';
    return { kind, text: CAUSES[fault.cause] ?? fault.cause, detail: [fault.detail, since].filter(Boolean).join(', '), canVote: kind === 'warn' };
  }
  const behind = BigInt(node.height.tip) - BigInt(validator.last_vote_height ?? 0);
  if (!validator.connected) return { kind: 'bad', text: 'cannot be reached', detail: '', canVote: false };
  if (behind > BEHIND_MAX) return { kind: 'warn', text: 'does not vote', detail: `last vote ${behind} blocks ago`, canVote: false };
  return { kind: 'good', text: 'voting', detail: '', canVote: true };
}

function waitText({ waits_for: waits }) {
  if (!waits) return null;
  if (typeof waits === 'string') return waits;
  const { what, needed, have = [], missing = [] } = waits;
  return [`Waiting for ${what ?? 'votes'}: ${have.length} of ${needed} needed are there`,
    have.length ? ` (${have.join(', ')})` : '', missing.length ? `; missing ${missing.join(', ')}` : '', '.'].join('');
}

// Says what `giro status --why` says, as long as it is not "nothing to do".
function banner(app) {
  const place = document.getElementById('banner');
  const now = app.condition;
  if (!now || now.code === 'PROGRESSING' || now.code === 'NOT_IN_SET') {
    if (place.childNodes.length > 0) announce('The network is running again.');
    place.replaceChildren();
    return;
  }
  const [kind, title] = conditionName(now.code);
  const since = now.milliseconds_since_commit ? ` for ${duration(Number(now.milliseconds_since_commit))}` : '';
  morphChildren(place, [h('div', { class: `alarm ${kind}` }, h('div', { class: 'bar' },
    h('p', { class: 'alarm-title' }, badge(kind, title), ' ', h('code', {}, now.code)),
    now.height && h('p', {}, `Height ${now.height}; no commit${since}. View ${now.view}, leader ${now.leader}.`),
    waitText(now) && h('p', {}, waitText(now)),
    now.faults?.length ? h('ul', {}, now.faults.map(({ name, cause, detail }) =>
      h('li', {}, h('strong', {}, name), ` ${CAUSES[cause] ?? cause}`, detail ? `: ${detail} ` : ' ', h('code', {}, cause)))) : null,
    now.advice && h('p', {}, h('strong', {}, 'What to do: '), now.advice))),
  ]);
  announce(title);
}

export { banner, conditionName, validatorCondition };
