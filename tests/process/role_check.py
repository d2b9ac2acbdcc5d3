#!/usr/bin/python3
"""role_check.py API CERTIFICATES: asks a live network under mutual TLS for everything that its OpenAPI document names,
in each role (surface 5.1), and compares who was refused with the table below.

CERTIFICATES holds <client>.pem and <client>.key for each client of the table, which have their rows in the node's
clients.toml, for `stranger`, which has none, and servers.pem. The ids of the document's examples must have been used.
"""
import http.client
import json
import pathlib
import ssl
import sys
import urllib.parse

API, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
PATIENCE_S = 40
PAYMENT = b"9b2e41c0-5a77-4d0e-9c1b-2f60d8a4e713"  # of bank-a to bank-b

# Of bank-a the first three; auditor and observer are of bank-c, `foreign` reads for bank-d: no party to any payment here.
CLIENTS = ("submitter", "reader", "operator", "auditor", "observer", "foreign")
EVERYBODY = set(CLIENTS)
PARTIES = {"reader", "auditor"}
OF_THE_ACTOR = {"submitter", "reader", "auditor"}
# Who may ask what is of parties. A party, or an auditor, sees it; to the others it does not exist.
ASKING = {"submitter", "reader", "operator", "auditor", "foreign"}
UNSEEN = {"listPayments", "getPayment", "getPaymentReceipt", "getHold"}
MAY = {
    "submitOperation": {"submitter"},
    "submitBatch": {"submitter"},
    "prepareOperation": {"submitter"},
    "simulateOperation": {"submitter"},
    "getOperation": OF_THE_ACTOR,
    "getReceipt": OF_THE_ACTOR,
    "getTrace": OF_THE_ACTOR | {"operator"},
    "listPayments": PARTIES,
    "getPayment": PARTIES,
    "getPaymentReceipt": PARTIES,
    "getHold": PARTIES,
    "listAccounts": PARTIES,
    "getAccount": PARTIES,
    "listEntries": PARTIES,
    "listHolds": PARTIES,
    "getPositionProof": PARTIES,
    "getDenyList": {"reader"},
    "listEvents": ASKING,
} | dict.fromkeys((
    "listTokens", "getToken", "listInstitutions", "getInstitution", "getConservation", "getParams", "listProposals",
    "getProposal", "listBlocks", "getBlock", "listHeaders", "getValidators", "getExplanation", "getConsensus", "listViews",
    "listEvidence", "getNode", "listPeers", "listSnapshots", "getOpenApi", "getSchema"), EVERYBODY)

failures = []


def context_of(client):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # its key is pinned: the certificate names nobody
    context.load_verify_locations(FOLDER / "servers.pem")
    if client:
        context.load_cert_chain(FOLDER / f"{client}.pem", FOLDER / f"{client}.key")
    return context


def request(client, method, target, body=None):
    parts = urllib.parse.urlsplit(API)
    connection = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=PATIENCE_S, context=context_of(client))
    try:
        connection.request(method, target, body=body, headers={"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


document = json.loads(request("reader", "GET", "/v1/openapi.json")[1])


def resolved(value):
    while "$ref" in value:
        found = document
        for part in value["$ref"][2:].split("/"):
            found = found[part]
        value = found
    return value


def target_of(path, operation):
    wanted = {"listPayments": "uetr", "listAccounts": "servicer", "listEvents": "after"}
    query = {}
    for parameter in map(resolved, operation.get("parameters", [])):
        if parameter["in"] == "path":
            path = path.replace("{" + parameter["name"] + "}", urllib.parse.quote(parameter["example"], safe=""))
        elif parameter["in"] == "query" and (parameter.get("required") or parameter["name"] == wanted.get(operation["operationId"])):
            query[parameter["name"]] = "0.0" if parameter["name"] == "after" else parameter["example"]
    return path + ("?" + urllib.parse.urlencode(query) if query else "")


def body_of(operation):
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    for example in content.get("examples", {}).values():
        return json.dumps(resolved(example)["value"])
    return json.dumps(content["example"]) if "example" in content else "{}"


def check(path, method, operation):
    name = operation["operationId"]
    if name not in MAY:
        return failures.append(f"{name}: the table does not say who may")
    body = body_of(operation) if method == "post" else None
    for client in CLIENTS:
        status, text = request(client, method.upper(), target_of(path, operation), body)
        if client in MAY[name]:
            # What a submitter sends is the document's example, of another network.
            is_right = status == 200 if method == "get" else status in (200, 400, 409, 422)
        elif name in UNSEEN and client in ASKING:
            is_right = status == 404 or (status == 200 and not json.loads(text)["items"])
        else:
            is_right = status == 403 and json.loads(text)["code"] == "FORBIDDEN"
        if not is_right:
            failures.append(f"{name} as {client}: {status} {text[:200]}")
        if name == "listEvents" and client == "foreign" and PAYMENT in text:
            failures.append("the events show a payment to a bank that is no party to it")
        if name == "listEvents" and client == "reader" and PAYMENT not in text:
            failures.append("the events do not show the payment to its bank")
    status, text = request("stranger", method.upper(), target_of(path, operation), body)
    if status != 401 or json.loads(text)["code"] != "UNAUTHENTICATED":
        failures.append(f"{name} as a stranger: {status} {text[:200]}")


def check_without_certificate():
    try:
        status, _ = request(None, "GET", "/v1/node")
        failures.append(f"without a certificate: {status}")
    except (ssl.SSLError, ConnectionError, http.client.RemoteDisconnected):
        pass


asked = 0
for path, methods in document["paths"].items():
    for method, operation in methods.items():
        if method in ("get", "post"):
            check(path, method, operation)
            asked += 1
named = {operation["operationId"] for methods in document["paths"].values() for operation in methods.values()}
failures += [f"{name}: not in the document" for name in MAY.keys() - named]
check_without_certificate()
print("\n".join(failures))
print(f"{asked} operations in {len(CLIENTS)} roles: {len(failures)} failures")
sys.exit(1 if failures or not asked else 0)
