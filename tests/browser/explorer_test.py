"""The explorer in headless Chromium, against a real network of four validators, without any other network.

python3 explorer_test.py --giro PROGRAM --vectors PROGRAM --axe axe.min.js --verify-page verify.html --into FOLDER [TEST...]
"""

import argparse
import base64
import json
import pathlib
import subprocess
import sys
import time
import unittest
import uuid

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from chromium import Chromium
from network import Network

ARGUMENTS = None
AT_ONCE = 200  # vectors in one call


def ready(browser):
    browser.wait("the page is there", lambda: browser.script(
        "return document.querySelector('#main h1') !== null && !document.querySelector('#main').hasAttribute('aria-busy')"))


class ExplorerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.network = Network(ARGUMENTS.giro)
        cls.addClassCleanup(cls.network.close)
        cls.browser = Chromium(ARGUMENTS.chromium, ARGUMENTS.chromedriver)
        cls.addClassCleanup(cls.browser.close)
        cls.origin = cls.network.api["bank-a"]
        cls.payment = f"/ui/payments/bank-a/{cls.network.first_payment}"

    def setUp(self):
        self.browser.dark(False)
        self.browser.phone(False)
        self.browser.complaints()

    def open(self, path):
        self.browser.open(self.origin + path)
        ready(self.browser)

    def picture(self, name):
        self.browser.picture(ARGUMENTS.into / f"{name}.png")

    def assert_quiet(self):
        self.assertEqual(self.browser.complaints(), [])

    def pages(self):
        account = self.network.get(f"/v1/payments/bank-a/{self.network.first_payment}")["payer_account"]
        return {"home": "/ui/", "payment": self.payment, "operation": self.payment.replace("payments", "operations"),
                "unknown": f"/ui/payments/bank-a/{uuid.uuid4()}", "validators": "/ui/validators", "ledger": "/ui/ledger",
                "account": f"/ui/accounts/bank-a/{account}", "block": "/ui/blocks/2", "parameters": "/ui/parameters",
                "search": "/ui/search?q=bank", "verify": "/ui/verify.html"}

    # --- what the checks below must be able to see -------------------------------------------------

    def test_0_an_error_a_foreign_request_and_a_barrier_would_be_noticed(self):
        self.open("/ui/")
        self.browser.script("console.error('canary'); fetch('https://elsewhere.example/').catch(() => {});")
        said = self.browser.wait("the console", self.browser.complaints)
        self.assertIn("canary", " ".join(said))
        self.browser.wait("the policy", lambda: "Content Security Policy" in " ".join(said) or said.extend(self.browser.complaints()))
        self.assertFalse(any("elsewhere.example" in address for address in self.browser.addresses()), "the policy lets nothing out")
        # Not in main, which is drawn again at any moment.
        self.browser.script("document.body.append(Object.assign(document.createElement('img'), { src: '/ui/icon.svg' }))")
        self.assertIn("image-alt", " ".join(self.barriers()))

    def barriers(self):
        self.browser.script(ARGUMENTS.axe.read_text(encoding="utf-8"))
        return self.browser.driver.execute_async_script("""
            const done = arguments[arguments.length - 1];
            axe.run(document, { resultTypes: ['violations'] }).then((result) => done(result.violations.map(
              (one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => node.html).join(' ').slice(0, 300)}`)));""")

    # --- following a payment -----------------------------------------------------------------------

    def test_1_a_payment_is_followed_from_unknown_to_verified(self):
        uetr = str(uuid.uuid4())
        self.open(f"/ui/payments/bank-a/{uetr}")
        self.browser.wait_text("#main", "Not seen by this node up to height")
        self.network.run("pay", "ALICE", "BOB", "2.50", "--id", uetr)
        begin = time.monotonic()
        self.browser.wait_text("#state", "Settled")
        self.assertLess(time.monotonic() - begin, 3, "the final state must be seen soon after its execution")
        self.browser.wait_text("#main", "EUR 2.50")
        self.assertEqual(self.browser.script("return document.querySelectorAll('.steps .done').length"), 6)
        self.assertRegex(self.browser.text(".steps"), r"\+\d+ ms")
        self.browser.click("#verify")
        self.browser.wait_text("#verdict-code", "Valid")
        self.assertIn("Signed by", self.browser.text("#verdict"))
        self.assertIn("SETTLED", self.browser.text("#verdict"))
        self.assertIn("EUR 2.50", self.browser.text("#verdict"))
        self.picture("payment")
        self.browser.driver.refresh()  # the address is the place
        self.browser.wait_text("#state", "Settled")
        self.assert_quiet()

    def test_2_a_receipt_altered_in_the_page_is_refused(self):
        self.open(self.payment)
        self.browser.click("#verify")
        self.browser.wait_text("#verdict-code", "Valid")
        self.browser.click("#receipt summary")
        for change, verdict in (("text.replace('\"height\":\"', '\"height\":\"9')", "MALFORMED"),
                                # One digit of the first signature, whoever's it is.
                                ("text.replace(/(\"attestation\":\\[\\{[^}]*\"signature\":\"[0-9a-f]{9})(.)/,"
                                 " (all, head, digit) => head + (digit === '0' ? '1' : '0'))", "BAD_SIGNATURE")):
            is_changed = self.browser.script(
                "const f = document.getElementById('receipt-text'); window.original ??= f.value; const text = window.original;"
                f"f.value = {change}; return f.value !== window.original")
            self.assertTrue(is_changed, change)
            self.browser.click("#verify")
            self.browser.wait_text("#verdict-code", verdict)
            self.assertIn("Not valid", self.browser.text("#verdict"))
        self.picture("receipt-refused")
        self.assert_quiet()

    def test_3_search_finds_what_has_a_name(self):
        account = self.network.get(f"/v1/payments/bank-a/{self.network.first_payment}")["payer_account"]
        for text, path in ((self.network.first_payment, self.payment), ("2", "/ui/blocks/2"), (account, f"/ui/accounts/bank-a/{account}")):
            self.open("/ui/")
            field = self.browser.driver.find_element(By.ID, "q")
            field.send_keys(text, Keys.ENTER)
            self.browser.wait(f"{path} is shown", lambda p=path: self.browser.driver.current_url == self.origin + p)
        self.assert_quiet()
        self.open("/ui/search?q=%3Cimg%20src=x%20onerror=alert(1)%3E")
        self.assertIn("<img src=x onerror=alert(1)>", self.browser.text("#main"))  # as text
        self.assert_quiet()

    # --- the verifier ------------------------------------------------------------------------------

    def test_4_each_text_of_the_tamper_corpus_has_the_verdict_of_the_program(self):
        said = subprocess.run([ARGUMENTS.vectors], capture_output=True, check=True, timeout=60).stdout.splitlines()
        genesis, vectors = json.loads(said[0]), [json.loads(line) for line in said[1:]]
        self.assertGreater(len(vectors), 1000)
        self.assertEqual({vector["verdict"] for vector in vectors}, {"VALID", "MALFORMED", "WRONG_CHAIN", "BAD_LINEAGE", "BAD_BODY",
                                                                     "BAD_PATH", "BAD_SIGNATURE", "NO_QUORUM"})
        self.open("/ui/")
        for begin in range(0, len(vectors), AT_ONCE):
            some = vectors[begin:begin + AT_ONCE]
            found = self.browser.driver.execute_async_script("""
                const [genesis, texts, done] = arguments;
                const bytes = (hex) => Uint8Array.from(hex.match(/../g), (byte) => parseInt(byte, 16));
                const trusted = { chain: bytes(genesis.chain), institutions: [], tokens: [],
                  members: genesis.members.map((one) => ({ institution: one.institution, key: bytes(one.public_key) })) };
                import('/ui/verifier.js').then(async ({ verifyReceipt }) => {
                  const out = [];
                  for (const text of texts) {
                    const { verdict, facts } = await verifyReceipt(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)), trusted);
                    out.push([verdict, facts?.receiptId ?? '']);
                  }
                  done(out);
                }).catch((error) => done(String(error)));""", genesis, [vector["text"] for vector in some])
            self.assertIsInstance(found, list, found)
            for vector, (verdict, receipt_id) in zip(some, found):
                self.assertEqual((verdict, receipt_id), (vector["verdict"], vector["receipt_id"]), vector["name"])

    def test_5_the_verifier_works_as_a_file_without_a_node(self):
        receipt = ARGUMENTS.into / "receipt.json"
        receipt.write_text(self.network.run("receipt", "get", self.network.first_payment))
        tampered = ARGUMENTS.into / "tampered.json"
        tampered.write_text(receipt.read_text().replace('"code":0', '"code":400'))
        self.browser.open(ARGUMENTS.verify_page.resolve().as_uri())
        driver = self.browser.driver
        driver.find_element(By.ID, "genesis-file").send_keys(self.network.directory + "/genesis.json")
        driver.find_element(By.ID, "receipt-file").send_keys(str(receipt.resolve()))
        self.browser.wait_text("#verdict-code", "Valid")
        self.assertIn("EUR 10.00", self.browser.text("#verdict"))
        self.picture("verify-file")
        pdf = base64.b64decode(driver.execute_cdp_cmd("Page.printToPDF", {"paperWidth": 8.27, "paperHeight": 11.69})["data"])
        self.assertEqual(pdf.count(b"/Type /Page\n"), 1, "a receipt is printed on one page")
        driver.find_element(By.ID, "receipt-file").send_keys(str(tampered.resolve()))
        self.browser.wait_text("#verdict", "Not valid")
        said = self.network.run("receipt", "verify", str(tampered.resolve()), "--genesis", self.network.directory + "/genesis.json", "--json", codes=(1,))
        self.assertIn(self.browser.text("#verdict-code"), said)
        self.assert_quiet()

    # --- every page --------------------------------------------------------------------------------

    def test_6_no_page_has_a_barrier_light_and_wide_or_dark_and_narrow(self):
        for name, path in self.pages().items():
            for is_dark, is_phone in ((False, False), (True, True)):
                with self.subTest(page=name, dark=is_dark, phone=is_phone):
                    self.browser.dark(is_dark)
                    self.browser.phone(is_phone)
                    self.browser.open(self.origin + path)
                    self.browser.wait("a heading", lambda: self.browser.text("main h1") and not self.browser.script(
                        "return document.querySelector('main').hasAttribute('aria-busy')"))
                    self.assertEqual(self.barriers(), [])
                    self.assertLessEqual(*self.browser.script("const e = document.documentElement; return [e.scrollWidth, e.clientWidth]"),
                                         "nothing is wider than the screen")
                    kind = "dark-phone" if is_phone else "light"
                    self.picture(f"{name}-{kind}")
        self.assert_quiet()

    def test_7_the_keyboard_reaches_everything_and_shows_where_it_is(self):
        for name, path in self.pages().items():
            if name == "verify":
                continue
            with self.subTest(page=name):
                self.open(path)
                wanted = self.browser.script("""
                    return [...document.querySelectorAll('a[href], button, input, select, summary, textarea')]
                      .filter((one) => one.checkVisibility()).length;""")
                reached = set()
                for _ in range(wanted + 60):
                    self.browser.driver.switch_to.active_element.send_keys(Keys.TAB)
                    place = self.browser.script("""
                        const at = document.activeElement;
                        if (at === document.body) return null;
                        const { outlineStyle, outlineWidth } = getComputedStyle(at);
                        const all = [...document.querySelectorAll('a[href], button, input, select, summary, textarea')].filter((one) => one.checkVisibility());
                        return [all.indexOf(at), outlineStyle !== 'none' && outlineWidth !== '0px', at.outerHTML.slice(0, 80)];""")
                    if place is None or (place[0] in reached and place[0] == 0):
                        break
                    self.assertTrue(place[1], f"no focus is seen on {place[2]}")
                    if place[0] >= 0:
                        reached.add(place[0])
                self.assertGreaterEqual(len(reached), wanted - 1)

    def test_8_a_switch_shows_what_a_lost_validator_would_mean(self):
        self.open("/ui/validators")
        self.browser.wait_text("#what-if", "can lose 1 more")
        self.browser.click(".switch:nth-of-type(1)")
        self.browser.wait_text("#what-if", "no further validator may fail")
        self.browser.click(".switch:nth-of-type(2)")
        self.browser.wait_text("#what-if", "payments stop")
        self.assert_quiet()

    def test_8_proposals_and_refusals_are_told_in_words(self):
        refused = str(uuid.uuid4())
        self.network.run("gov", "propose", "remove", "bank-d", "--id", refused, codes=(1,))
        self.open(f"/ui/operations/bank-a/{refused}")
        self.browser.wait_text("#state", "Rejected")
        self.assertIn("UNSAFE_CHANGE, number 804, ISO 20022 reason CH16", self.browser.text("#main"))
        key, passphrase = ARGUMENTS.into / f"{refused}.key", self.network.directory + "/passphrase"
        self.network.run("keys", "gen", str(key.resolve()), "--throwaway", "--passphrase-file", passphrase)
        proof = json.loads(self.network.run("keys", "prove", "--config", self.network.directory + "/bank-d/node.toml",
                                            "--key", str(key.resolve()), "--passphrase-file", passphrase, "--json"))
        key.unlink()
        self.network.run("gov", "propose", "replace", "bank-d", "--public-key", proof["public_key"], "--possession", proof["possession"])
        self.open("/ui/parameters")
        self.browser.wait_text("#main", "Validator set")
        self.assertIn("change REPLACE, institution bank-d", self.browser.text("#main"))
        self.assertIn("Open", self.browser.text("#main"))
        self.picture("proposal")
        self.assert_quiet()

    # --- last: the network is broken ---------------------------------------------------------------

    def test_9_a_stall_is_explained_and_its_end_is_seen(self):
        self.open("/ui/")
        self.assertEqual(self.browser.text("#banner"), "")
        self.network.kill("bank-c")
        self.network.kill("bank-d")
        self.browser.wait_text("#banner", "QUORUM_MISSING")
        self.browser.wait("both are named", lambda: all(f"{name} cannot be reached" in self.browser.text("#banner") for name in ("bank-c", "bank-d")))
        explanation = self.network.get("/v1/consensus/explain")
        self.assertIn(explanation["advice"], self.browser.text("#banner"))
        self.picture("stall")
        uetr = str(uuid.uuid4())
        self.network.run("pay", "ALICE", "BOB", "1.00", "--id", uetr, "--wait", "1s", codes=(75,))
        self.open(f"/ui/payments/bank-a/{uetr}")
        self.browser.wait_text("#main", "left, until")
        self.browser.wait_text("#banner", "QUORUM_MISSING")
        self.picture("payment-in-stall")
        self.network.up()
        self.browser.wait_text("#state", "Settled")
        self.browser.wait("the banner is gone", lambda: self.browser.text("#banner") == "")
        self.assert_quiet()

    @classmethod
    def tearDownClass(cls):
        foreign = sorted(address for address in cls.browser.addresses()
                         if not address.startswith((cls.origin + "/", "data:", "file:", "chrome:")))
        if foreign:
            raise AssertionError(f"requests outside the origin: {foreign}")


def parse(arguments):
    parser = argparse.ArgumentParser()
    for name in ("giro", "vectors"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("axe", "verify-page", "into"):
        parser.add_argument(f"--{name}", required=True, type=pathlib.Path)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--chromedriver", default="/usr/bin/chromedriver")
    return parser.parse_known_args(arguments)


if __name__ == "__main__":
    ARGUMENTS, rest = parse(sys.argv[1:])
    ARGUMENTS.into.mkdir(parents=True, exist_ok=True)
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
