// Questions to the node that served this page, and to nobody else.

class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `The node answered ${status}`);
    this.status = status;
    this.code = body.code ?? '';
  }
}

async function ask(path) {
  let response;
  try {
    response = await fetch(path, { headers: { Accept: 'application/json' }, signal: AbortSignal.timeout(15000) });
  } catch {
    throw new Problem(0, { detail: 'This node does not answer.' });
  }
  if (!response.ok) throw new Problem(response.status, await response.json().catch(() => ({})));
  return response;
}

async function get(path) {
  return (await ask(path)).json();
}
// The bytes as they are: what is hashed must not go through a parser.
async function getBytes(path) {
  return new Uint8Array(await (await ask(path)).arrayBuffer());
}
// What may not be there: null then.
async function find(path) {
  try {
    return await get(path);
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}
const part = encodeURIComponent;

export { Problem, find, get, getBytes, part };
