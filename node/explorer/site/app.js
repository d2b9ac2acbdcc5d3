// Which page is shown, and keeps it fresh. Pages are objects: `title`, `load()` asks the node and
// keeps what it said, `view()` makes the elements from that; `app.redraw()` shows a change at once.
import { announce, h, morphChildren } from './dom.js';
import { get } from './api.js';
import { banner } from './condition.js';
import { Live } from './live.js';
import { accountPage } from './account.js';
import { blockPage } from './block.js';
import { homePage } from './home.js';
import { ledgerPage } from './ledger.js';
import { operationPage } from './operation.js';
import { parametersPage } from './parameters.js';
import { searchPage } from './search.js';
import { validatorsPage } from './validators.js';

// explorer.cpp has the same table: these addresses can be asked for.
const PLACES = {
  '': [0, homePage],
  validators: [0, validatorsPage],
  ledger: [0, ledgerPage],
  parameters: [0, parametersPage],
  search: [0, searchPage],
  payments: [2, (app, bank, uetr) => operationPage(app, bank, uetr, true)],
  operations: [2, (app, actor, id) => operationPage(app, actor, id, false)],
  accounts: [2, accountPage],
  blocks: [1, blockPage],
};

const main = document.getElementById('main');

class App {
  constructor() {
    this.page = null;
    this.problem = null;
    this.condition = null; // what /v1/consensus/explain said last
    this.node = null;
    this.isBusy = false;
    this.isStale = false;
    document.addEventListener('click', (event) => this.onClick(event));
    addEventListener('popstate', () => this.open());
    document.getElementById('search').addEventListener('submit', (event) => {
      event.preventDefault();
      const text = new FormData(event.target).get('q').trim();
      if (text !== '') this.go(`/ui/search?q=${encodeURIComponent(text)}`);
    });
    this.open();
    this.live = new Live(() => this.refresh());
  }

  onClick(event) {
    const link = event.target.closest?.('a[href]');
    if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const url = new URL(link.href);
    const isPage = url.origin === location.origin && this.makerOf(url.pathname) !== null;
    if (!isPage || link.hasAttribute('download') || link.getAttribute('href').startsWith('#')) return;
    event.preventDefault();
    this.go(url.pathname + url.search);
  }

  makerOf(pathname) {
    const [, ui, name = '', ...values] = pathname.split('/');
    const place = PLACES[name];
    if (ui !== 'ui' || !place || place[0] !== values.length) return null;
    return () => place[1](this, ...values.map(decodeURIComponent));
  }

  // `replace`: what led here is no place to come back to.
  go(address, { replace = false } = {}) {
    if (replace) history.replaceState(null, '', address);
    else history.pushState(null, '', address);
    this.open();
    window.scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }

  async open() {
    this.page = this.makerOf(location.pathname)?.() ?? null;
    this.problem = null;
    this.isLoaded = false;
    for (const link of document.querySelectorAll('#nav a')) {
      if (link.getAttribute('href') === location.pathname) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    main.replaceChildren(h('p', { class: 'quiet' }, 'Asking the node …'));
    main.setAttribute('aria-busy', 'true');
    await this.refresh();
  }

  // One at a time; what comes while one runs is done once, after it.
  async refresh() {
    if (this.isBusy) {
      this.isStale = true;
      return;
    }
    this.isBusy = true;
    const page = this.page;
    try {
      [this.node, this.condition] = await Promise.all([get('/v1/node'), get('/v1/consensus/explain')]);
      if (page && !(page.isStill && this.isLoaded)) await page.load();
      if (page === this.page) {
        this.problem = null;
        this.isLoaded = true;
      }
    } catch (error) {
      if (page === this.page) this.problem = error;
      if (error.status === 0) this.condition = { code: 'NODE_DOWN' };
    }
    this.isBusy = false;
    if (page === this.page) this.redraw();
    if (this.isStale) {
      this.isStale = false;
      await this.refresh();
    }
  }

  redraw() {
    banner(this);
    this.drawFoot();
    if (!this.page) return;
    document.title = `${this.page.title} · giro`;
    if (this.isLoaded) {
      main.removeAttribute('aria-busy');
      morphChildren(main, [this.page.view()].flat(Infinity).filter(Boolean));
    } else if (this.problem) {
      main.removeAttribute('aria-busy');
      morphChildren(main, [h('h1', {}, this.page.title), h('p', { class: 'note warn' }, this.problem.message)]);
    }
  }

  drawFoot() {
    if (!this.node) return;
    const { name, network, chain_id: chain, version } = this.node;
    morphChildren(document.getElementById('foot'), [h('div', { class: 'bar' },
      h('span', {}, `As ${name} of ${network} sees it. One node’s word; a receipt is proof.`),
      h('span', {}, 'Chain ', h('code', { title: chain }, `${chain.slice(0, 16)}…`), ` · giro ${version}`))]);
  }

  announce(text) {
    announce(text);
  }
}

new App();
