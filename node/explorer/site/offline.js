// verify.html: a receipt against a genesis file, both from this computer. Nothing is sent anywhere.
import { readGenesis, toHex, verifyReceipt } from './verifier.js';
import { announce, h } from './dom.js';
import { resultView } from './receipt.js';

const genesisFile = document.getElementById('genesis-file');
const receiptFile = document.getElementById('receipt-file');
const verdict = document.getElementById('verdict');
const chain = document.getElementById('chain');
const GENESIS_BYTES_MAX = 64 * 1024 * 1024;

async function bytesOf(file, max) {
  if (file.size > max) throw new Error(`${file.name} is too large.`);
  return new Uint8Array(await file.arrayBuffer());
}

async function check() {
  const genesisChosen = genesisFile.files[0];
  const receiptChosen = receiptFile.files[0];
  verdict.replaceChildren();
  chain.textContent = '';
  if (!genesisChosen) return;
  try {
    if (!globalThis.crypto?.subtle) throw new Error('This browser does not offer SHA-256 to this page. Open it as a file, or over https.');
    const genesis = await readGenesis(await bytesOf(genesisChosen, GENESIS_BYTES_MAX));
    chain.textContent = `${genesis.network}, chain ${toHex(genesis.chain)}`;
    if (!receiptChosen) return;
    const result = await verifyReceipt(await bytesOf(receiptChosen, GENESIS_BYTES_MAX), genesis);
    verdict.replaceChildren(resultView(result));
    announce(result.verdict === 'VALID' ? 'The receipt is valid.' : `The receipt is not valid: ${result.verdict}`);
  } catch (error) {
    verdict.replaceChildren(h('p', { class: 'note warn' }, error.message));
    announce(error.message);
  }
}

genesisFile.addEventListener('change', check);
receiptFile.addEventListener('change', check);
document.getElementById('print').addEventListener('click', () => window.print());

export {};
