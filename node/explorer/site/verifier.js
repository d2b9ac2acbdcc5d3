// Checks a receipt offline: the procedure of node/receipt, with the same verdict and the same first
// failure for every text (surface 6). Trusts the genesis file and nothing else. No page, no request.
import { Point, verify } from './secp256k1.js';

// As in node/receipt/limits.h.
const LIMITS = {
  text: 4 * 1024 * 1024,
  body: 524288,
  bodySignatures: 16,
  events: 64,
  eventBytes: 4096,
  path: 32,
  laterHeaders: 1024,
  members: 256,
  setChanges: 1024,
};
const U16 = 0xffff;
const U32 = 0xffffffff;
const U64 = (1n << 64n) - 1n;
const TIME_MAX = 253402300799999n;
const ZERO32 = new Uint8Array(32);

class Failure extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

// --- bytes ---------------------------------------------------------------------------------------

const utf8 = new TextEncoder();

function concat(parts) {
  const out = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', concat(parts)));
}

function equal(a, b) {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function compare(a, b) {
  for (let i = 0; i < a.length && i < b.length; ++i) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function fromHex(text) {
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

function u64(value) {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(value)));
  return out;
}

// --- the text: one for each receipt (node/receipt/json_text.h) -----------------------------------

class Scanner {
  constructor(text) {
    this.text = text; // one character for each byte
    this.at = 0;
  }
  fail() {
    throw new Failure('MALFORMED');
  }
  accept(literal) {
    if (!this.text.startsWith(literal, this.at)) return false;
    this.at += literal.length;
    return true;
  }
  expect(literal) {
    if (!this.accept(literal)) this.fail();
  }
  integer(max) {
    let end = this.at;
    while (end - this.at < 21 && this.text[end] >= '0' && this.text[end] <= '9') ++end;
    const digits = this.text.slice(this.at, end);
    if (digits === '' || (digits.length > 1 && digits[0] === '0')) this.fail();
    const value = BigInt(digits);
    if (value > BigInt(max)) this.fail();
    this.at = end;
    return value;
  }
  number(max) {
    return Number(this.integer(max));
  }
  quotedNumber() {
    this.expect('"');
    const value = this.integer(U64);
    this.expect('"');
    return value;
  }
  quoted(sizeMax) {
    this.expect('"');
    const end = this.text.indexOf('"', this.at);
    if (end < 0 || end - this.at > sizeMax) this.fail();
    const text = this.text.slice(this.at, end);
    this.at = end + 1;
    return text;
  }
  hex(size) {
    const text = this.quoted(2 * size);
    if (text.length !== 2 * size || !/^[0-9a-f]*$/.test(text)) this.fail();
    return fromHex(text);
  }
  base64(sizeMax) {
    const text = this.quoted(4 * Math.ceil(sizeMax / 3));
    if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) this.fail();
    const binary = atob(text);
    if (btoa(binary) !== text) this.fail(); // bits that are no part of the value
    return Uint8Array.from(binary, (c) => c.charCodeAt(0));
  }
  list(sizeMax, read) {
    const items = [];
    this.expect('[');
    if (this.accept(']')) return items;
    do {
      if (items.length === sizeMax) this.fail();
      items.push(read());
    } while (this.accept(','));
    this.expect(']');
    return items;
  }
  time() {
    const text = this.quoted(24);
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text)) this.fail();
    const ms = Date.parse(text);
    // What Date takes for another day is none: 30 February, hour 24.
    if (Number.isNaN(ms) || ms < 0 || new Date(ms).toISOString() !== text) this.fail();
    return BigInt(ms);
  }
  uuid() {
    const text = this.quoted(36);
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)) this.fail();
    return fromHex(text.replaceAll('-', ''));
  }
}

const HEADER_TAG = utf8.encode('giro/header/v1');
const HEADER_FIELDS = [
  ['epoch', 8], ['height', 8], ['block', 32], ['time', 8], ['previous', 32], ['stateRoot', 32],
  ['outcomesRoot', 32], ['totalsRoot', 32], ['nextSet', 32], ['nextFirstView', 8], ['rulesVersion', 8],
];
const HEADER_SIZE = HEADER_TAG.length + 32 + HEADER_FIELDS.reduce((sum, [, size]) => sum + size, 0);

function readHeader(scan, chain) {
  const bytes = scan.hex(HEADER_SIZE);
  const prefix = concat([HEADER_TAG, chain]);
  if (!equal(bytes.subarray(0, prefix.length), prefix)) scan.fail();
  const header = { bytes };
  let at = prefix.length;
  for (const [name, size] of HEADER_FIELDS) {
    const field = bytes.subarray(at, at + size);
    header[name] = size === 8 ? new DataView(field.slice().buffer).getBigUint64(0) : field;
    at += size;
  }
  return header;
}

function readAttestation(scan) {
  return scan.list(LIMITS.members, () => {
    scan.expect('{"member":');
    const member = scan.number(U32);
    scan.expect(',"signature":');
    const signature = scan.hex(64);
    scan.expect('}');
    return { member, signature };
  });
}

function readChange(scan, chain) {
  scan.expect('{"header":');
  const header = readHeader(scan, chain);
  scan.expect(',"attestation":');
  const attestation = readAttestation(scan);
  scan.expect(',"set":{"epoch":');
  const epoch = scan.quotedNumber();
  scan.expect(',"members":');
  const members = scan.list(LIMITS.members, () => {
    scan.expect('{"institution":');
    const institution = scan.number(U32);
    scan.expect(',"public_key":');
    const key = scan.hex(33);
    scan.expect('}');
    return { institution, key };
  });
  scan.expect('}}');
  return { header, attestation, epoch, members };
}

function readOperation(scan) {
  if (scan.accept('null')) return null;
  scan.expect('{"body":');
  const body = scan.base64(LIMITS.body);
  scan.expect(',"signatures":');
  const signatures = scan.list(LIMITS.bodySignatures, () => {
    scan.expect('{"public_key":');
    const key = scan.hex(33);
    scan.expect(',"signature":');
    const signature = scan.hex(64);
    scan.expect('}');
    return { key, signature };
  });
  scan.expect('}');
  return { body, signatures };
}

function readOutcome(scan) {
  const outcome = {};
  scan.expect('{"height":');
  outcome.height = scan.quotedNumber();
  scan.expect(',"index":');
  outcome.index = scan.number(U32);
  scan.expect(',"block_time":');
  outcome.blockTime = scan.time();
  scan.expect(',"operation_hash":');
  outcome.operationHash = scan.hex(32);
  scan.expect(',"actor":');
  outcome.actor = scan.number(U32);
  scan.expect(',"op_id":');
  outcome.opId = scan.uuid();
  scan.expect(',"code":');
  outcome.code = scan.number(U16);
  scan.expect(',"detail":{"index":');
  outcome.detailIndex = scan.number(U32);
  scan.expect(',"inner":');
  outcome.detailInner = scan.number(U16);
  scan.expect('},"recorded":');
  outcome.recorded = scan.accept('true');
  if (!outcome.recorded) scan.expect('false');
  scan.expect(',"event_count":');
  outcome.eventCount = scan.number(U32);
  scan.expect(',"events_root":');
  outcome.eventsRoot = scan.hex(32);
  scan.expect('}');
  return outcome;
}

// --- canonical bytes of the ledger (node/ledger/wire.h) ------------------------------------------

function varint(value) {
  const out = [];
  let rest = BigInt(value);
  for (; rest >= 0x80n; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80);
  out.push(Number(rest));
  return Uint8Array.from(out);
}

// The outcome as a leaf of the outcomes tree: fields with their default value are left out.
function encodeLeaf(outcome) {
  const fields = [
    outcome.height, outcome.index, outcome.blockTime, outcome.operationHash, outcome.actor, outcome.opId,
    outcome.code, outcome.detailIndex, outcome.detailInner, outcome.recorded ? 1 : 0, outcome.eventCount,
    outcome.eventsRoot,
  ];
  const parts = [];
  fields.forEach((value, i) => {
    if (value instanceof Uint8Array) {
      if (value.some((byte) => byte !== 0)) parts.push(varint((i + 1) * 8 + 2), varint(value.length), value);
    } else if (BigInt(value) !== 0n) {
      parts.push(varint((i + 1) * 8), varint(value));
    }
  });
  return concat(parts);
}

// Reads fields in ascending order; anything that is not the one encoding of its values is a failure.
class Wire {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
    this.nextTag();
  }
  fail() {
    throw new Failure('MALFORMED');
  }
  get atEnd() {
    return this.at === this.bytes.length;
  }
  nextTag() {
    this.field = 0;
    if (this.atEnd) return;
    const tag = this.varint();
    this.field = Number(tag >> 3n);
    this.type = Number(tag & 7n);
    if (this.field === 0 || this.field > 0x1fffffff || this.type === 3 || this.type === 4 || this.type > 5) this.fail();
  }
  varint() {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.atEnd) this.fail();
      const byte = this.bytes[this.at++];
      if (shift === 63n && byte > 1) this.fail();
      value |= BigInt(byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) {
        if (byte === 0 && shift !== 0n) this.fail();
        return value;
      }
    }
    return this.fail();
  }
  integer(field, max) {
    if (this.field !== field) return 0n;
    if (this.type !== 0) this.fail();
    const value = this.varint();
    if (value === 0n || value > BigInt(max)) this.fail();
    this.nextTag();
    return value;
  }
  rawBytes() {
    if (this.type !== 2) this.fail();
    const size = this.varint();
    if (size > BigInt(this.bytes.length - this.at)) this.fail();
    const raw = this.bytes.subarray(this.at, this.at + Number(size));
    this.at += raw.length;
    return raw;
  }
  bytesField(field) {
    if (this.field !== field) return new Uint8Array();
    const raw = this.rawBytes();
    if (raw.length === 0) this.fail();
    this.nextTag();
    return raw;
  }
  id(field) {
    if (this.field !== field) return new Uint8Array(16);
    const raw = this.bytesField(field);
    if (raw.length !== 16 || raw.every((byte) => byte === 0) || raw.every((byte) => byte === 0xff)) this.fail();
    return raw;
  }
  packed(field, max) {
    const raw = this.bytesField(field);
    const items = [];
    const inner = new Wire(new Uint8Array());
    inner.bytes = raw;
    while (!inner.atEnd) {
      const item = inner.varint();
      if (item > BigInt(max)) this.fail();
      items.push(Number(item));
    }
    return items;
  }
  finish() {
    if (this.field !== 0) this.fail();
  }
}

function decodeEvent(bytes) {
  const wire = new Wire(bytes);
  const event = {
    height: wire.integer(1, U64),
    n: Number(wire.integer(2, U32)),
    index: Number(wire.integer(3, U32)),
    type: Number(wire.integer(4, U16)),
    actor: Number(wire.integer(5, U32)),
    opId: wire.id(6),
    blockTime: wire.integer(7, (1n << 63n) - 1n),
    scope: wire.packed(8, U32),
    body: wire.bytesField(9),
  };
  wire.finish();
  return event;
}

// --- the procedure (node/receipt/verify.cpp, attested.cpp) ---------------------------------------

async function parse(bytes) {
  if (bytes.length > LIMITS.text) throw new Failure('MALFORMED');
  let text = new TextDecoder('latin1').decode(bytes);
  if (text.endsWith('\n')) text = text.slice(0, -1);
  const scan = new Scanner(text);
  const receipt = {};
  scan.expect('{"format":');
  if (scan.quoted('giro.receipt/1'.length) !== 'giro.receipt/1') scan.fail();
  scan.expect(',"receipt_id":');
  receipt.id = scan.hex(32);
  scan.expect(',"chain_id":');
  receipt.chain = scan.hex(32);
  scan.expect(',"operation":');
  receipt.operation = readOperation(scan);
  scan.expect(',"outcome":');
  receipt.outcome = readOutcome(scan);
  scan.expect(',"events":');
  receipt.events = scan.list(LIMITS.events, () => {
    scan.expect('{"position":');
    const position = scan.number(U32);
    scan.expect(',"event":');
    const event = scan.base64(LIMITS.eventBytes);
    scan.expect(',"path":');
    const path = scan.list(LIMITS.path, () => scan.hex(32));
    scan.expect('}');
    return { position, event, path };
  });
  scan.expect(',"path":');
  receipt.path = scan.list(LIMITS.path, () => scan.hex(32));
  scan.expect(',"header":');
  receipt.header = readHeader(scan, receipt.chain);
  scan.expect(',"later_headers":');
  receipt.laterHeaders = scan.list(LIMITS.laterHeaders, () => readHeader(scan, receipt.chain));
  scan.expect(',"attestation":');
  receipt.attestation = readAttestation(scan);
  scan.expect(',"lineage":');
  receipt.lineage = scan.list(LIMITS.setChanges, () => readChange(scan, receipt.chain));
  scan.expect('}');
  if (scan.at !== text.length) scan.fail();
  receipt.leaf = encodeLeaf(receipt.outcome);
  if (!equal(receipt.id, await sha256(receipt.leaf, await sha256(receipt.header.bytes)))) scan.fail();
  checkForm(receipt);
  return receipt;
}

// What the text could express and a receipt may not hold.
function checkForm(receipt) {
  const check = (is) => {
    if (!is) throw new Failure('MALFORMED');
  };
  if (receipt.operation) {
    const { body, signatures } = receipt.operation;
    check(body.length <= LIMITS.body);
    check(signatures.every((entry, i) => i === 0 || compare(signatures[i - 1].key, entry.key) < 0));
  }
  const { outcome, events } = receipt;
  check(outcome.height !== 0n);
  check(outcome.index !== 0 || (receipt.operation === null && events.length > 0));
  receipt.shown = events.map(({ position, event }, i) => {
    check(i === 0 || position > events[i - 1].position);
    check(event.length <= LIMITS.eventBytes);
    return decodeEvent(event);
  });
  check(outcome.blockTime <= TIME_MAX);
}

function quorumOf(members) {
  const faults = Math.floor((members.length - 1) / 3);
  return Math.floor((members.length + faults) / 2) + 1;
}

// Low-S only; whatever cannot be read is no signature.
function isSigned(key, digest, signature) {
  try {
    return verify(signature, digest, key, { prehash: false, lowS: true });
  } catch {
    return false;
  }
}

function isPoint(key) {
  try {
    Point.fromBytes(key).assertValidity();
    return true;
  } catch {
    return false;
  }
}

function isValidSet(members) {
  if (members.length === 0 || members.length > LIMITS.members) return false;
  if (members.some(({ institution }, i) => i > 0 && institution <= members[i - 1].institution)) return false;
  if (!members.every(({ key }) => isPoint(key))) return false;
  return new Set(members.map(({ key }) => toHex(key))).size === members.length;
}

function isSameSet(a, b) {
  return a.length === b.length &&
    a.every(({ institution, key }, i) => institution === b[i].institution && equal(key, b[i].key));
}

async function areVotes(attestation, header, members, chain) {
  const attest = Uint8Array.of(3);
  const content = [u64(header.epoch), u64(0), u64(header.height), await sha256(header.bytes)];
  const digest = await sha256(utf8.encode('giro/vote/v1'), chain, attest, ...content);
  return attestation.every(({ member, signature }, i) =>
    member < members.length && (i === 0 || member > attestation[i - 1].member) &&
    isSigned(members[member].key, digest, signature));
}

async function setDigest(epoch, members, chain) {
  const rows = members.flatMap(({ institution, key }) => [u64(institution), key]);
  return sha256(utf8.encode('giro/set/v1'), chain, u64(epoch), u64(members.length), ...rows);
}

async function followLineage(receipt, genesis, attested) {
  const check = (is) => {
    if (!is) throw new Failure('BAD_LINEAGE');
  };
  check(isValidSet(genesis.members));
  let set = { epoch: 0n, members: genesis.members };
  let below = 0n;
  for (const { header, attestation, epoch, members } of receipt.lineage) {
    check(header.epoch >= set.epoch && header.height > below);
    check(header.epoch !== U64 && epoch === header.epoch + 1n);
    check(isValidSet(members) && !isSameSet(members, set.members));
    check(equal(header.nextSet, await setDigest(epoch, members, receipt.chain)));
    check(attestation.length >= quorumOf(set.members));
    check(await areVotes(attestation, header, set.members, receipt.chain));
    set = { epoch, members };
    below = header.height;
  }
  check(attested.epoch >= set.epoch && attested.height > below);
  return { epoch: attested.epoch, members: set.members };
}

async function isBodyOfOutcome({ operation, outcome, chain }) {
  if (!equal(await sha256(operation.body), outcome.operationHash)) return false;
  const digest = await sha256(utf8.encode('giro/operation/v1'), chain, outcome.operationHash);
  return operation.signatures.every(({ key, signature }) => isSigned(key, digest, signature));
}

const leafHash = (data) => sha256(Uint8Array.of(0), data);
const nodeHash = (left, right) => sha256(Uint8Array.of(1), left, right);

// RFC 6962 2.1.1: index and length of the path say which hash is on which side.
async function leadsToRoot(leaf, index, path, root) {
  let left = 0;
  for (let bits = index; bits > 0; bits = Math.floor(bits / 2)) left += bits % 2;
  if (path.length < left) return false;
  let right = path.length - left;
  let computed = leaf;
  let at = index;
  for (const neighbour of path) {
    if (right === 0) while (at % 2 === 0) at /= 2;
    if (at % 2 === 1) {
      computed = await nodeHash(neighbour, computed);
    } else {
      computed = await nodeHash(computed, neighbour);
      --right;
    }
    at = Math.floor(at / 2);
  }
  return equal(computed, root);
}

// RFC 9162 2.1.3.2: one place in a tree of known size.
async function isAtPlace(leaf, index, size, path, root) {
  if (index >= size) return false;
  let node = index;
  let last = size - 1;
  let computed = leaf;
  for (const neighbour of path) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      computed = await nodeHash(neighbour, computed);
      while (node % 2 === 0 && node !== 0) {
        node /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      computed = await nodeHash(computed, neighbour);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && equal(computed, root);
}

async function isOutcomeAttested(receipt) {
  const { outcome, header, events, path } = receipt;
  if (outcome.height !== header.height || outcome.blockTime !== header.time) return false;
  if (!(await leadsToRoot(await leafHash(receipt.leaf), outcome.index, path, header.outcomesRoot))) return false;
  for (const { position, event, path: eventPath } of events) {
    const leaf = await leafHash(event);
    if (!(await isAtPlace(leaf, position, outcome.eventCount, eventPath, outcome.eventsRoot))) return false;
  }
  let below = header;
  for (const later of receipt.laterHeaders) {
    if (!equal(later.previous, await sha256(below.bytes))) return false;
    if (later.height !== below.height + 1n || later.epoch < below.epoch) return false;
    below = later;
  }
  return true;
}

// {verdict: 'VALID', facts} or {verdict: 'NO_QUORUM'}: the first failure. `bytes`: of the receipt's file.
async function verifyReceipt(bytes, genesis) {
  try {
    const receipt = await parse(bytes);
    if (!equal(receipt.chain, genesis.chain)) throw new Failure('WRONG_CHAIN');
    const attested = receipt.laterHeaders.at(-1) ?? receipt.header;
    const set = await followLineage(receipt, genesis, attested);
    if (receipt.operation && !(await isBodyOfOutcome(receipt))) throw new Failure('BAD_BODY');
    if (!(await isOutcomeAttested(receipt))) throw new Failure('BAD_PATH');
    if (!(await areVotes(receipt.attestation, attested, set.members, receipt.chain))) throw new Failure('BAD_SIGNATURE');
    if (receipt.attestation.length < quorumOf(set.members)) throw new Failure('NO_QUORUM');
    return { verdict: 'VALID', facts: factsOf(receipt, set, genesis) };
  } catch (error) {
    if (error instanceof Failure) return { verdict: error.code };
    throw error;
  }
}

// --- what was proven, in words -------------------------------------------------------------------

const PAYMENT_STATES = ['PENDING', 'SETTLED', 'REJECTED', 'CANCELLED', 'EXPIRED', 'RETURNED'];

// A proven event, hence in canonical form; fields that this version does not know are passed over.
function fieldsOf(bytes) {
  const wire = new Wire(bytes);
  const fields = {};
  while (wire.field !== 0) {
    const { field } = wire;
    if (wire.type === 0) fields[field] = wire.integer(field, U64);
    else fields[field] = wire.bytesField(field);
  }
  return fields;
}

function uuidText(bytes) {
  return toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function moneyText(bytes, token, genesis) {
  const known = genesis.tokens[Number(token) - 1];
  const units = BigInt(`0x${toHex(bytes ?? Uint8Array.of(0))}`).toString();
  if (!known) return `${units} minor units of token #${token}`;
  const digits = units.padStart(known.scale + 1, '0');
  const major = digits.slice(0, digits.length - known.scale).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${known.currency} ${major}${known.scale === 0 ? '' : `.${digits.slice(-known.scale)}`}`;
}

function factsOf(receipt, set, genesis) {
  const bankName = (id) => genesis.institutions[Number(id) - 1] ?? `#${id}`;
  const { outcome } = receipt;
  const payments = [];
  for (const event of receipt.shown) {
    if (event.type < 1 || event.type > 6) continue;
    const fields = fieldsOf(event.body);
    const terms = fieldsOf(fields[2] ?? new Uint8Array());
    payments.push({
      uetr: uuidText(terms[1]),
      state: PAYMENT_STATES[Number(fields[3] ?? 0n)] ?? `state ${fields[3]}`,
      amount: moneyText(terms[8], terms[6], genesis),
      payerBank: bankName(terms[2]),
      payerAccount: toHex(terms[3] ?? new Uint8Array()),
      payeeBank: bankName(terms[4]),
      payeeAccount: toHex(terms[5] ?? new Uint8Array()),
    });
  }
  return {
    receiptId: toHex(receipt.id),
    chainId: toHex(receipt.chain),
    actor: outcome.index === 0 ? null : bankName(outcome.actor),
    opId: outcome.index === 0 ? null : uuidText(outcome.opId),
    operationHash: toHex(outcome.operationHash),
    code: outcome.code,
    recorded: outcome.recorded || outcome.index === 0,
    height: outcome.height.toString(),
    index: outcome.index,
    blockTime: new Date(Number(outcome.blockTime)).toISOString(),
    hasBody: receipt.operation !== null,
    payments,
    signers: receipt.attestation.map(({ member }) => bankName(set.members[member].institution)),
    validators: set.members.length,
    quorum: quorumOf(set.members),
    epoch: set.epoch.toString(),
    setChanges: receipt.lineage.length,
  };
}

// Digits behind the point, where a currency has not two (node/ledger/types.h).
const SCALES = { CLF: 4, JPY: 0, KRW: 0, CLP: 0, VND: 0, ISK: 0, BHD: 3, KWD: 3, OMR: 3, JOD: 3, TND: 3, IQD: 3, LYD: 3 };

// From the bytes of a genesis file: what a verifier has to know. Throws an Error for people.
async function readGenesis(bytes) {
  let file;
  try {
    file = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new Error('This is not a JSON file.');
  }
  if (file?.format !== 'giro-genesis/1' || !Array.isArray(file.institutions)) {
    throw new Error('This is not a genesis file of giro.');
  }
  const members = [];
  file.institutions.forEach(({ validator }, i) => {
    if (validator === undefined || validator === null) return;
    if (!/^[0-9a-f]{66}$/.test(validator.public_key)) throw new Error('A validator of this genesis file has no public key.');
    members.push({ institution: i + 1, key: fromHex(validator.public_key) });
  });
  if (members.length === 0) throw new Error('This genesis file names no validator.');
  const tokens = Array.isArray(file.tokens) ? file.tokens : [];
  return {
    chain: await sha256(bytes),
    members,
    network: String(file.name),
    institutions: file.institutions.map(({ name }) => String(name)),
    tokens: tokens.map(({ currency }) => ({ currency: String(currency), scale: SCALES[currency] ?? 2 })),
  };
}

export { readGenesis, toHex, verifyReceipt };
