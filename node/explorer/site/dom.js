// Elements from values. Whatever an answer holds becomes text, never markup.

const EVENTS = ['onclick', 'onsubmit', 'onchange', 'oninput'];

// h('a', {class: 'x', href, onclick}, 'text', child, [more]): null and false are left out.
function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (EVENTS.includes(key)) element[key] = value;
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Makes `from` what `to` is, and leaves alone what is equal: focus, selection and what is being read
// aloud stay. What people have opened or typed stays too.
function morph(from, to) {
  for (const { name } of [...from.attributes]) {
    if (name !== 'open' && !to.hasAttribute(name)) from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (name !== 'open' && from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  for (const event of EVENTS) from[event] = to[event];
  if (from.nodeName !== 'TEXTAREA') morphChildren(from, [...to.childNodes]);
}

function morphChildren(parent, wanted) {
  const isSame = (a, b) => a.nodeName === b.nodeName && a.id === b.id;
  wanted.forEach((to, i) => {
    const from = parent.childNodes[i];
    if (!from) {
      parent.append(to);
    } else if (!isSame(from, to)) {
      from.replaceWith(to);
    } else if (from.nodeType === Node.TEXT_NODE) {
      if (from.data !== to.data) from.data = to.data;
    } else {
      morph(from, to);
    }
  });
  while (parent.childNodes.length > wanted.length) parent.lastChild.remove();
}

let announceTimer = null;
let toAnnounce = '';
let announced = '';
// To who listens instead of looking: the newest, once a second at most, and nothing twice.
function announce(text) {
  toAnnounce = text;
  if (announceTimer !== null) return;
  const say = () => {
    if (toAnnounce === announced) {
      announceTimer = null;
      return;
    }
    announced = toAnnounce;
    document.getElementById('announcer').textContent = announced;
    announceTimer = setTimeout(say, 1000);
  };
  say();
}

// A state in a shape and in words; the colour comes third.
const SHAPES = { good: '✓', wait: '◔', warn: '▲', bad: '✕', idle: '–' };
function badge(kind, text) {
  return h('span', { class: `badge ${kind}` }, h('span', { 'aria-hidden': 'true' }, SHAPES[kind]), ' ', text);
}

function card(title, ...children) {
  return h('section', { class: 'card' }, title && h('h2', {}, title), children);
}

// [['word', value], ...]: without those that are null.
function facts(rows) {
  return h('dl', { class: 'facts' },
    rows.filter((row) => row && row[1] !== null && row[1] !== undefined && row[1] !== '' && row[1] !== false)
      .map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}

// Rows of cells; the first cell of a row is its header. Columns that begin with '#' hold numbers.
function table(caption, columns, rows, empty = 'None.') {
  if (rows.length === 0) return h('p', { class: 'quiet' }, empty);
  const isNumber = columns.map((column) => column.startsWith('#'));
  const names = columns.map((column) => column.replace(/^#/, ''));
  // A wide one is stacked on a narrow screen; roles keep it a table for those who listen.
  const cell = (value, i) => h(i === 0 ? 'th' : 'td',
    { role: i === 0 ? 'rowheader' : 'cell', class: isNumber[i] ? 'number' : null, 'data-name': names[i] }, h('span', {}, value));
  const head = (name, i) => h('th', { role: 'columnheader', scope: 'col', class: isNumber[i] ? 'number' : null }, name);
  const row = (cells) => h('tr', { role: 'row' }, cells);
  return h('div', { class: 'scroll', role: 'region', 'aria-label': caption, tabindex: '0' },
    h('table', { role: 'table', 'aria-label': caption, class: columns.length > 4 ? 'wide' : null },
      h('thead', { role: 'rowgroup' }, row(names.map(head))),
      h('tbody', { role: 'rowgroup' }, rows.map((cells) => row(cells.map(cell))))));
}

function code(text, className = '') {
  return h('code', { class: className || null }, text);
}
function short(hex, digits = 12) {
  return h('code', { title: hex }, hex.length > digits ? `${hex.slice(0, digits)}…` : hex);
}
function grouped(decimal) {
  const [major, minor] = String(decimal).split('.');
  const thousands = major.replace(/\B(?=(\d{3})+$)/g, ',');
  return minor === undefined ? thousands : `${thousands}.${minor}`;
}
function money(currency, decimal) {
  return `${currency} ${grouped(decimal)}`;
}
function clock(time) {
  return h('time', { datetime: time, title: time }, time.slice(11, 19));
}
function dateTime(time) {
  return h('time', { datetime: time, title: time }, `${time.slice(0, 10)} ${time.slice(11, 23)} UTC`);
}
function duration(ms) {
  const seconds = Math.floor(ms / 1000);
  if (ms < 10000) return `${(ms / 1000).toFixed(1)} s`;
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 120 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
function words(name) {
  const text = String(name).replaceAll('_', ' ').toLowerCase();
  return text[0].toUpperCase() + text.slice(1);
}

export { announce, badge, card, clock, code, dateTime, duration, facts, grouped, h, money, morphChildren, short, table, words };
