#!/usr/bin/python3
"""pay.py FROM TO AMOUNT [RECEIPT]: a payment through the HTTP API, with the Python standard library and
python3-cryptography: prepares, compares, signs, submits, waits, and verifies the receipt, which is kept in a file.

GIRO_PROFILE must name a client profile, as `eval "$(giro testnet env)"` sets it. Ends with 0 committed and proven,
1 rejected, expired or not proven, 75 not decided yet.
"""
import base64
import datetime
import decimal
import hashlib
import http.client
import json
import os
import sys
import time
import tomllib
import urllib.parse
import uuid

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

sys.dont_write_bytecode = True
import receipt as receipts  # noqa: E402, beside this file

PATIENCE_S = 60
ASK_S = 10  # for one answer
FINAL = ("COMMITTED", "REJECTED", "EXPIRED")


def stop(code, text):
    print(text, file=sys.stderr)
    sys.exit(code)


# ---- HTTP

def ask(node, method, target, body=None, headers=None):
    """Status and document of an answer; (None, None) where there is none."""
    parts = urllib.parse.urlsplit(node)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=ASK_S)
    try:
        connection.request(method, target, body=body, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return None, None
    finally:
        connection.close()


def ask_any(nodes, method, target, document=None):
    """The first answer with 200; what a node refuses, it refuses for a reason."""
    body = None if document is None else json.dumps(document)
    for node in nodes:
        status, text = ask(node, method, target, body, {"Content-Type": "application/json"} if body else {})
        if status == 200:
            return json.loads(text)
        if status is not None and status < 500 and status != 429:
            problem = json.loads(text)
            stop(1, f"{problem['code']}: {problem['title']}. {problem.get('detail', '')}")
    stop(75, "no validator answers")


# ---- keys

def open_key(path, passphrase):
    """The private key of a file that `giro keys gen` or `giro init` made: scrypt and AES-256-GCM."""
    with open(path, "rb") as file:
        text = file.read()
    header, sealed = text[:103], text[103:]
    if len(text) != 151 or header[:10] != b"giro-key\x00\x01":
        stop(2, f"{path} is no key file")
    cost_n, cost_r, cost_p = (int.from_bytes(header[a:b], "big") for a, b in ((10, 18), (18, 22), (22, 26)))
    salt, nonce = header[26:58], header[58:70]
    file_key = Scrypt(salt=salt, length=32, n=cost_n, r=cost_r, p=cost_p).derive(passphrase)
    scalar = AESGCM(file_key).decrypt(nonce, sealed, header)
    return ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256K1())


def sign(key, digest):
    """The form that a signed operation has: compact, and of the two signatures the one with the low s."""
    r, s = utils.decode_dss_signature(key.sign(digest, ec.ECDSA(utils.Prehashed(hashes.SHA256()))))
    s = min(s, receipts.CURVE_ORDER - s)
    public = key.public_key().public_numbers()
    return {"public_key": f"{2 + public.y % 2:02x}{public.x:064x}", "signature": f"{r:064x}{s:064x}"}


def signatures(profile, needs, digest):
    """By so many operators of each role as the ledger needs, with the profile's keys."""
    out = {}
    for need in needs:
        held = [each for each in profile["keys"].values()
                if each["institution"] == need["institution"] and need["role"] in each["roles"]]
        if len(held) < need["count"]:
            stop(2, f"the profile has too few {need['role']} keys of {need['institution']}")
        for each in held[:need["count"]]:
            with open(each["passphrase"]["file"], "rb") as file:
                passphrase = file.read().rstrip(b"\n")
            made = sign(open_key(each["path"], passphrase), digest)
            out[made["public_key"]] = made
    return [out[key] for key in sorted(out)]


# ---- the payment

def order_of(profile, nodes, payer, payee, amount):
    """A PAY in its form. A node knows which tokens of one currency the two hold, and where their banks settle."""
    accounts = {}
    for name in (payer, payee):
        bank, account = profile["aliases"].get(name, name).split("/")
        shown = ask_any(nodes, "GET", f"/v1/accounts/{account}?servicer={bank}")
        accounts[name] = bank, account, {each["token"] for each in shown["positions"]}
    (bank, account, held), (to_bank, to_account, to_held) = accounts[payer], accounts[payee]
    tokens = {each["name"]: each for each in ask_any(nodes, "GET", "/v1/tokens?limit=1000")["items"]}
    pairs = sorted((tokens[a]["currency"], a, b) for a in held for b in to_held
                   if tokens[a]["currency"] == tokens[b]["currency"])
    if not pairs or bank == to_bank:
        stop(2, "this example pays across banks, in a currency that both accounts hold")
    currency, token_from, token_to = pairs[0]
    corridors = ask_any(nodes, "GET", f"/v1/institutions/{bank}")["corridors_out"]
    corridor = next((each for each in corridors if each["peer"] == to_bank and each["currency"] == currency), None)
    if corridor is None or not corridor["settle_tokens"]:
        stop(2, f"{bank} and {to_bank} have no corridor for {currency}")
    digits = decimal.Decimal(amount).quantize(decimal.Decimal(1).scaleb(-tokens[token_from]["scale"]))
    if digits != decimal.Decimal(amount):
        stop(2, f"{token_from} has no more than {tokens[token_from]['scale']} decimals")
    now = datetime.datetime.now(datetime.timezone.utc)
    return {
        "type": "PAY",
        "actor": bank,
        "op_id": str(uuid.uuid4()),
        "valid_until": time_text(now + datetime.timedelta(minutes=5)),
        "terms": {"payer_account": account, "payee_bank": to_bank, "payee_account": to_account,
                  "token_from": token_from, "token_to": token_to, "settle_token": corridor["settle_tokens"][0],
                  "amount": str(digits)},
        "screening": {"sanctions": "PASS", "aml_fraud": "PASS", "other": "PASS", "screened_at": time_text(now)},
    }


def time_text(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def compare(order, echo, path=""):
    """Everything that was ordered stands in what the node made of it, and is the same."""
    for name, value in order.items():
        if isinstance(value, dict):
            compare(value, echo.get(name, {}), f"{path}{name}.")
        elif echo.get(name) != value:
            stop(1, f"the node prepared {path}{name} {echo.get(name)} for {value}: nothing was signed")


def check_body(order, body):
    """What must not rest on the node's echo stands in the bytes themselves: id, accounts, amount in minor units."""
    minor = int(order["terms"]["amount"].replace(".", ""))
    for what, wanted in (("op_id", uuid.UUID(order["op_id"]).bytes),
                         ("payer_account", bytes.fromhex(order["terms"]["payer_account"])),
                         ("payee_account", bytes.fromhex(order["terms"]["payee_account"])),
                         ("amount", minor.to_bytes(16, "big"))):
        if b"\x10" + wanted not in body:  # each has 16 bytes, and its length before it
            stop(1, f"the prepared body has another {what}: nothing was signed")


def submit(nodes, operation, op_id):
    """The status, once it is final. The same bytes go to one validator after the other: they have one effect, however
    often they arrive. No answer, 202, 429 and 5xx leave the outcome open; they are no reason for a new operation."""
    body, end, turn = json.dumps(operation), time.monotonic() + PATIENCE_S, 0
    while time.monotonic() < end:
        node = nodes[turn % len(nodes)]
        turn += 1
        status, text = ask(node, "POST", "/v1/operations?wait=committed&timeout=5s", body,
                           {"Content-Type": "application/json", "Idempotency-Key": op_id})
        if status in (200, 202):
            answer = json.loads(text)
            if answer["status"] in FINAL:
                return node, answer
        elif status is None or status == 429 or status >= 500:
            time.sleep(0.5)
        else:
            problem = json.loads(text)
            stop(1, f"{problem['code']}: {problem['title']}. {problem.get('detail', '')}")
    stop(75, f"op {op_id} is not decided yet: its bytes may be sent again")


def main(payer, payee, amount, receipt_file=None):
    if "GIRO_PROFILE" not in os.environ:
        stop(2, "no GIRO_PROFILE: run eval \"$(giro testnet env)\" first")
    with open(os.environ["GIRO_PROFILE"], "rb") as file:
        profile = tomllib.load(file)
    with open(profile["genesis"], "rb") as file:
        genesis = file.read()
    nodes = profile["api"]

    order = order_of(profile, nodes, payer, payee, amount)
    op_id = order["op_id"]
    prepared = ask_any(nodes, "POST", "/v1/operations/prepare", order)
    compare(order, prepared["operation"])
    body = base64.b64decode(prepared["body"])
    check_body(order, body)
    operation_hash = hashlib.sha256(body).digest()
    chain = hashlib.sha256(genesis).digest()
    sign_hash = hashlib.sha256(b"giro/operation/v1" + chain + operation_hash).digest()
    if (prepared["operation_hash"], prepared["sign_hash"]) != (operation_hash.hex(), sign_hash.hex()):
        stop(1, "the node names other hashes: nothing was signed")

    preview = ask_any(nodes, "POST", "/v1/operations/simulate", {"body": prepared["body"]})
    operation = {"body": prepared["body"], "signatures": signatures(profile, preview["needs"], sign_hash)}
    terms = order["terms"]
    print(f"op {op_id}  PAY {terms['token_from']} {terms['amount']}  {payer} -> {payee}, "
          f"would be {preview['code']}, {len(operation['signatures'])} signatures")

    node, answer = submit(nodes, operation, op_id)
    outcome = answer["outcome"]
    print(f"{answer['status']} {outcome['code'] if outcome else ''} by {node}")
    if answer["status"] != "COMMITTED":
        return 1

    status, text = ask(node, "GET", f"/v1/operations/{order['actor']}/{op_id}/receipt")
    if status != 200:
        stop(75, "there is no receipt here yet; ask again")
    try:
        proven, signers = receipts.verify(text, genesis)
    except receipts.Invalid as failure:
        stop(1, f"INVALID {failure}")
    if proven["outcome"]["operation_hash"] != operation_hash.hex() or proven["outcome"]["code"] != 0:
        stop(1, "INVALID: this receipt proves something else")
    print(f"VALID  height {proven['outcome']['height']} index {proven['outcome']['index']}, receipt "
          f"{proven['receipt_id']}, attested by institutions {', '.join(map(str, signers))}")
    if receipt_file:
        with open(receipt_file, "wb") as file:
            file.write(text)
    return 0


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        stop(2, __doc__)
    sys.exit(main(*sys.argv[1:]))
