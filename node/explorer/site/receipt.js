// What a verifier found, for people.
import { badge, code, facts, h, table } from './dom.js';

const STEPS = [
  ['Form and chain', ['MALFORMED', 'WRONG_CHAIN'], 'It is in canonical form and belongs to this genesis file.'],
  ['Validators', ['BAD_LINEAGE'], 'From the genesis file on, each change of the validators was made by those in force.'],
  ['Operation', ['BAD_BODY'], 'What was signed is what ran.'],
  ['Place in the block', ['BAD_PATH'], 'The outcome and the events shown lead to the header that was signed.'],
  ['Signatures', ['BAD_SIGNATURE', 'NO_QUORUM'], 'Enough validators signed for exactly this result.'],
];
const REASONS = {
  MALFORMED: 'It is not a receipt in its canonical form.',
  WRONG_CHAIN: 'It belongs to another network than this genesis file.',
  BAD_LINEAGE: 'It shows a change of the validators that was not made by those in force.',
  BAD_BODY: 'What it says was signed is not what ran.',
  BAD_PATH: 'The outcome is not in the block that was signed.',
  BAD_SIGNATURE: 'A signature is not a validator’s for exactly this result.',
  NO_QUORUM: 'Too few validators signed.',
};

function stepList(verdict, hasBody) {
  const failed = STEPS.findIndex(([, codes]) => codes.includes(verdict));
  return h('ol', { class: 'checks' }, STEPS.map(([name, , meaning], i) => {
    const isSkipped = name === 'Operation' && hasBody === false;
    const [kind, word] = i === failed ? ['bad', 'failed'] : failed >= 0 && i > failed ? ['idle', 'not reached'] : isSkipped ? ['idle', 'not shown'] : ['good', 'passed'];
    return h('li', {}, badge(kind, word), h('div', {}, h('strong', {}, name), h('span', { class: 'sub' }, i === failed ? REASONS[verdict] : meaning)));
  }));
}

function resultView({ verdict, facts: proven, why }) {
  if (verdict === 'NOT_CHECKED') {
    return h('div', { class: 'verdict warn' }, h('p', { class: 'mid' }, badge('warn', 'Not checked')), h('p', {}, why));
  }
  if (verdict !== 'VALID') {
    return h('div', { class: 'verdict bad' },
      h('p', { class: 'mid' }, badge('bad', 'Not valid'), ' ', h('code', { id: 'verdict-code' }, verdict)),
      h('p', {}, REASONS[verdict], ' Do not rely on it.'), stepList(verdict));
  }
  return h('div', { class: 'verdict good' },
    h('p', { class: 'mid' }, h('span', { id: 'verdict-code' }, badge('good', 'Valid'))),
    h('p', {}, `Signed by ${proven.signers.join(', ')}: ${proven.signers.length} of ${proven.validators}, quorum ${proven.quorum}.`,
      proven.recorded ? '' : ' It proves that the operation was void.'),
    proven.payments.length > 0 && table('Payments proven', ['Payment', 'State', '#Amount', 'From', 'To'],
      proven.payments.map((one) => [code(one.uetr, 'wrap'), one.state, one.amount,
        [one.payerBank, h('span', { class: 'sub' }, code(one.payerAccount, 'wrap'))], [one.payeeBank, h('span', { class: 'sub' }, code(one.payeeAccount, 'wrap'))]])),
    facts([['Outcome', proven.code === 0 ? 'OK' : `code ${proven.code}`], ['Block', `${proven.height}, place ${proven.index}`],
      ['Block time', proven.blockTime], ['Operation of', proven.actor],
      ['Epoch', proven.epoch], ['Changes of the validators', String(proven.setChanges)], ['Operation', proven.opId && code(proven.opId, 'wrap')],
      ['Receipt', code(proven.receiptId, 'wrap')], ['Chain', code(proven.chainId, 'wrap')]]),
    stepList(verdict, proven.hasBody),
    h('p', { class: 'quiet' }, 'The chain id is the SHA-256 of the genesis file. Compare it with the one that your consortium published: then no node had to be trusted.'));
}

export { resultView };
