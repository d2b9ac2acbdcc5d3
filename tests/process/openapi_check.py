#!/usr/bin/python3
"""openapi_check.py GIRO API OTHER_API: holds a live network against its OpenAPI document.

Calls every operation of the document as its examples say, first with the parameters that it needs, then with each of
the others; each answer must have a documented status, content type, headers and form. A member that the document does
not name is an error. Then it provokes the documented error codes. GIRO_PROFILE must be that of the network, and the
ids of the document's examples must have been used in it (openapi_test.cpp does that).
"""
import base64
import collections
import http.client
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse
import uuid

import jsonschema

GIRO, API, OTHER_API = sys.argv[1:]
HTTP_PATIENCE_S = 40

# What no client of a healthy open network can bring about.
NOT_PROVOKED = {
    "UNAUTHENTICATED": "needs mutual TLS",
    "INTERNAL": "the node must not fail",
    "CAPACITY": "needs a full pool, or 1024 who wait",
    "DISK_LOW": "needs a full disk",
    "NOT_READY": "needs a node that starts or stops",
    "PRUNED": "needs a node that began with a snapshot",
}
# What an operation is refused for is the ledger's, which has a test for each (tests/unit/node/ledger). Here are provoked
# those that take no more than a wrong order or a missing signature.
NOT_PROVOKED |= dict.fromkeys((
    "BAD_CURRENCY", "BAD_LEI_OR_BIC", "CONTROL_SUM_MISMATCH", "KEY_NOT_ACTIVE", "NOT_AUTHORISED_FOR_ACCOUNT",
    "ROLE_NOT_PERMITTED", "SAME_OPERATOR", "SOD_VIOLATION", "TOO_MANY_ITEMS", "UNKNOWN_KEY"),
    "needs other operations or keys than a payment's")

failures = []
answers = collections.Counter()
codes = set()


def fail(what, text):
    failures.append(f"{what}: {text}")


def request(method, target, body=None, headers=None, api=API):
    parts = urllib.parse.urlsplit(api)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=HTTP_PATIENCE_S)
    try:
        connection.request(method, target, body=body, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def closed(schema):
    """The schema with every object closed, so that a member without a name in it is an error."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    out = {name: closed(each) for name, each in schema.items()}
    if isinstance(out.get("properties"), dict) and out.get("type") == "object":
        out.setdefault("additionalProperties", False)
    return out


document = json.loads(request("GET", "/v1/openapi.json")[2])
root = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": closed(document["components"])}


def resolved(value):
    while "$ref" in value:
        found = document
        for part in value["$ref"][2:].split("/"):
            found = found[part]
        value = found
    return value


validators = {}


def check_form(what, schema, value):
    key = json.dumps(schema, sort_keys=True)
    if key not in validators:
        whole = dict(root, **closed(schema))
        jsonschema.Draft202012Validator.check_schema(whole)
        validators[key] = jsonschema.Draft202012Validator(whole)
    for error in sorted(validators[key].iter_errors(value), key=lambda each: list(each.absolute_path))[:3]:
        fail(what, f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}")


def check_refuses_more(what, schema, value):
    """The checker itself: a member without a name must not pass."""
    if resolved(schema).get("additionalProperties") is not True:
        if validators[json.dumps(schema, sort_keys=True)].is_valid(dict(value, unnamed=1)):
            fail(what, "the schema takes any member")


def check_answer(what, operation, got):
    """A documented status, and everything as documented for it."""
    status, headers, body = got
    answers[status] += 1
    described = operation["responses"].get(str(status))
    if described is None:
        fail(what, f"status {status} is not documented: {body[:300]}")
        return None
    described = resolved(described)
    for name, header in described.get("headers", {}).items():
        value = headers.get(name.lower())
        if value is None:
            fail(what, f"{status} without {name}")
        else:
            check_form(f"{what} {name}", resolved(header)["schema"], value)
    content = described.get("content", {})
    kind = headers.get("content-type", "")
    if kind not in content:
        fail(what, f"{status} with content type {kind!r}")
        return None
    value = json.loads(body) if kind.endswith("json") else body.decode()
    check_form(f"{what} {status}", content[kind]["schema"], value)
    if isinstance(value, dict) and status < 500:
        check_refuses_more(what, content[kind]["schema"], value)
    if status >= 400:
        codes.add(value["code"])
        if value["status"] != status or value["type"] != "urn:giro:error:" + value["code"]:
            fail(what, f"a problem that contradicts itself: {value}")
    return value


def operations():
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def target_of(path, operation, with_query=(), replaced=None):
    """The path with the examples of its parameters, and the query of those that are needed or named."""
    query = {}
    for each in operation.get("parameters", []):
        parameter = resolved(each)
        if "example" not in parameter:
            fail(path, f"no example of {parameter['name']}")
            continue
        check_form(f"{path}: example of {parameter['name']}", parameter["schema"], parameter["example"])
        value = (replaced or {}).get(parameter["name"], parameter["example"])
        if parameter["in"] == "path":
            path = path.replace("{" + parameter["name"] + "}", urllib.parse.quote(value, safe=""))
        elif parameter["in"] == "query" and (parameter.get("required") or parameter["name"] in with_query):
            query[parameter["name"]] = value
    return path + ("?" + urllib.parse.urlencode(query) if query else "")


def optional_of(operation):
    for each in operation.get("parameters", []):
        parameter = resolved(each)
        if parameter["in"] == "query" and not parameter.get("required"):
            yield parameter["name"]


def check_reads():
    for method, path, operation in operations():
        if method != "GET":
            continue
        what = operation["operationId"]
        needs = ["uetr"] if what == "listPayments" else []  # uetr or account
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        got = request("GET", target_of(path, operation, needs), headers={"traceparent": trace})
        if got[0] != 200:
            fail(what, f"its examples get {got[0]}: {got[2][:300]}")
        if got[1].get("traceparent") != trace:
            fail(what, "traceparent is not echoed")
        value = check_answer(what, operation, got)
        if isinstance(value, dict) and isinstance(value.get("items"), list) and not value["items"]:
            if what not in ("listEvidence", "listDenyList", "getDenyList", "listEvents", "listSnapshots"):
                fail(what, "an empty list shows nothing of its items' form")
        for name in optional_of(operation):
            more = [name] + (["account"] if name in ("servicer", "limit", "cursor", "state", "from", "to") and
                             what in ("listPayments", "listEvents") else needs)
            got = request("GET", target_of(path, operation, more))
            check_answer(f"{what} ?{name}", operation, got)
            if got[0] not in (200, 404) or (got[0] == 404 and name not in ("at",)):
                fail(what, f"?{name} as in its example gets {got[0]}: {got[2][:300]}")


def check_pages():
    """Lists, page by page, are the list."""
    for method, path, operation in operations():
        names = [resolved(each)["name"] for each in operation.get("parameters", [])]
        what = operation["operationId"]
        if method != "GET" or "cursor" not in names or "limit" not in names or what in ("listBlocks", "listHeaders"):
            continue
        needs = ["account"] if what == "listPayments" else []
        whole = json.loads(request("GET", target_of(path, operation, needs))[2])["items"]
        pages, cursor = [], None
        for _ in range(len(whole) + 2):
            more = needs + ["limit"] + (["cursor"] if cursor else [])
            page = json.loads(request("GET", target_of(path, operation, more, {"limit": "1", "cursor": cursor}))[2])
            pages += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        if len(pages) != len(whole) or cursor is not None:
            fail(what, f"{len(whole)} items, {len(pages)} page by page")


def check_refusals_of_all():
    """What every operation refuses."""
    for method, path, operation in operations():
        what = operation["operationId"]
        target = target_of(path, operation, ["uetr"] if what == "listPayments" else [])
        body = b"{}" if method == "POST" else None
        headers = {"Content-Type": "application/json"} if body else {}
        unknown = target + ("&" if "?" in target else "?") + "colour=red"
        for text, expected, got in [
                ("an unknown parameter", 400, request(method, unknown, body, headers)),
                ("a foreign host", 403, request(method, target, body, dict(headers, Host="bank.example"))),
                ("a foreign origin", 403, request(method, target, body, dict(headers, Origin="http://evil.example"))),
        ]:
            if got[0] != expected:
                fail(what, f"{text} gets {got[0]}")
            check_answer(f"{what} {text}", operation, got) if text == "an unknown parameter" else codes.add(
                json.loads(got[2])["code"])
        if method == "GET" and "{" in path:
            captures = [resolved(each) for each in operation["parameters"] if resolved(each)["in"] == "path"]
            strange = {each["name"]: "é%" for each in captures}
            got = request("GET", target_of(path, operation, (), strange))
            if got[0] not in (400, 404):
                if not (what == "getDenyList" and got[0] == 403):  # of another
                    fail(what, f"strange names get {got[0]}")
            check_answer(f"{what} strange names", operation, got)
        other = request("DELETE", target)
        problem = json.loads(other[2])
        codes.add(problem["code"])
        if other[0] != 405 or method not in other[1].get("allow", "") or problem["code"] != "METHOD_NOT_ALLOWED":
            fail(what, f"DELETE gets {other[0]}")


def of(operation_id):
    return next(each for each in operations() if each[2]["operationId"] == operation_id)


def post(what, operation_id, body, query="", kind="application/json", headers=None, expected=None):
    method, path, operation = of(operation_id)
    got = request(method, path + query, body, dict({"Content-Type": kind} if kind else {}, **(headers or {})))
    value = check_answer(what, operation, got)
    if expected is not None and got[0] not in ([expected] if isinstance(expected, int) else expected):
        fail(what, f"gets {got[0]}: {got[2][:300]}")
    return got[0], value, got[1]


def check_examples_of_bodies():
    for method, path, operation in operations():
        if method != "POST":
            continue
        for kind, described in operation["requestBody"]["content"].items():
            for name, example in described.get("examples", {}).items():
                what = f"{operation['operationId']} example {name}"
                check_form(what, described["schema"], example["value"])
                got = request("POST", path, json.dumps(example["value"]), {"Content-Type": kind})
                check_answer(what, operation, got)
                # The signed ones are of another network; what is not signed is answered.
                if operation["operationId"] != "submitOperation" and got[0] != 200:
                    fail(what, f"gets {got[0]}: {got[2][:300]}")


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def as_protobuf(form):
    """SignedOperation of schema.proto."""
    out = field(1, base64.b64decode(form["body"]))
    for each in sorted(form["signatures"], key=lambda one: one["public_key"]):
        out += field(2, field(1, bytes.fromhex(each["public_key"])) + field(2, bytes.fromhex(each["signature"])))
    return out


def signed(order, *options, edit=None):
    """Built and signed by giro; the form that the API takes. `edit` changes the body before it is signed."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(order, file)
        file.flush()
        built = subprocess.run([GIRO, "op", "build", file.name, *options], check=True, capture_output=True, text=True).stdout
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        made = json.loads(built)
        if edit:
            made["body"] = base64.b64encode(edit(base64.b64decode(made["body"]))).decode()
        json.dump(made, file)
        file.flush()
        text = subprocess.run([GIRO, "op", "sign", file.name], check=True, capture_output=True, text=True).stdout
    made = json.loads(text)
    return {"body": made["body"], "signatures": made["signatures"]}, made["op_id"]


def order(amount="0.01"):
    return {"type": "PAY", "from": "ALICE", "to": "BOB", "amount": amount}


def without(value, *names):
    return {name: each for name, each in value.items() if name not in names}


def check_submissions():
    """JSON and protobuf give equal results, alone and in a batch, first and again."""
    form, op_id = signed(order())
    status, first, _ = post("submit", "submitOperation", json.dumps(form), expected=200,
                            headers={"Idempotency-Key": op_id})
    if first["status"] != "COMMITTED" or first["duplicate"] or first["op_id"] != op_id:
        fail("submit", f"{first}")
    for kind, body in [("application/json", json.dumps(form)), ("application/x-protobuf", as_protobuf(form)),
                       ("application/json; charset=utf-8", json.dumps(form, indent=1))]:
        status, again, _ = post(f"submit again {kind}", "submitOperation", body, kind=kind, expected=200)
        if again != dict(first, duplicate=True):
            fail("submit again", f"{kind}: {again} is not {first}")
    fresh, fresh_id = signed(order())
    status, by_protobuf, _ = post("submit protobuf", "submitOperation", as_protobuf(fresh),
                                  kind="application/x-protobuf", expected=200)
    same = ("status", "duplicate", "valid_until")
    if [by_protobuf[each] for each in same[:2]] != [first[each] for each in same[:2]] or set(by_protobuf) != set(first):
        fail("submit protobuf", f"{by_protobuf} is not as {first}")

    later, later_id = signed(order())
    status, value, headers = post("submit wait=received", "submitOperation", json.dumps(later), "?wait=received")
    if status == 202 and headers.get("location") != f"/v1/operations/bank-a/{later_id}":
        fail("submit wait=received", f"Location {headers.get('location')}")

    simulated = [post(f"simulate {kind}", "simulateOperation", body, kind=kind, expected=200)[1]
                 for kind, body in [("application/json", json.dumps(form)),
                                    ("application/x-protobuf", as_protobuf(form))]]
    if without(simulated[0], "height") != without(simulated[1], "height"):
        fail("simulate", f"{simulated[0]} is not {simulated[1]}")

    status, batch, _ = post("batch", "submitBatch", json.dumps({"operations": [form, later, form]}), expected=200)
    if [each["operation"]["duplicate"] for each in batch["items"]] != [True] * 3:
        fail("batch", f"{batch}")
    in_protobuf = b"".join(field(1, as_protobuf(each)) for each in (form, later, form))
    if "application/x-protobuf" in of("submitBatch")[2]["requestBody"]["content"]:
        status, other, _ = post("batch protobuf", "submitBatch", in_protobuf, kind="application/x-protobuf",
                                expected=200)
        stable = lambda one: [without(each["operation"], "status", "outcome", "receipt_id", "payment")
                              for each in one["items"]]
        if stable(other) != stable(batch):
            fail("batch protobuf", f"{other} is not {batch}")
    return form, op_id


def check_codes(form, op_id):
    submit = "submitOperation"
    post("not JSON", submit, "{", expected=400)
    post("an unknown member", submit, json.dumps(dict(form, colour="red")), expected=400)
    post("MALFORMED", submit, b"\xff\xff", kind="application/x-protobuf", expected=400)
    post("empty", submit, b"", kind="application/x-protobuf", expected=400)
    post("another key", submit, json.dumps(form), headers={"Idempotency-Key": str(uuid.uuid4())}, expected=400)
    post("no type", submit, json.dumps(form), kind="text/plain", expected=415)
    post("too large", submit, b" " * (2 << 20), expected=413)
    forged, _ = signed(order())
    forged["signatures"] = [dict(each, signature="1" * 128) for each in forged["signatures"]]
    post("forged", submit, json.dumps(forged), expected=403)
    post("other body", submit, json.dumps(signed(order("0.02"), "--id", op_id)[0]), expected=409)
    method, path, operation = of("getNode")
    check_answer("BEHIND", operation, request("GET", path + "?min_height=99999999"))
    method, path, operation = of("getToken")
    check_answer("NOT_FOUND", operation, request("GET", "/v1/tokens/bank-z.EUR"))
    method, path, operation = of("getDenyList")
    check_answer("FORBIDDEN", operation, request("GET", target_of(path, operation), api=OTHER_API))
    check_codes_of_operations()
    check_rate()


def form_of_example(**changes):
    """The form in the document's example, with other members; of its terms too."""
    content = of("prepareOperation")[2]["requestBody"]["content"]["application/json"]
    form = json.loads(json.dumps(content["examples"]["payment"]["value"]))
    for name, value in changes.items():
        (form["terms"] if name in form["terms"] else form)[name] = value
    return form


def in_two_days(body):
    """The same operation, valid far too long: valid_until_ms stands behind the op_id, in six bytes."""
    at = body.index(b"\x1a\x10") + 18
    return body[:at] + b"\x20" + varint(int((time.time() + 2 * 86400) * 1000)) + body[at + 7:]


def check_codes_of_operations():
    """What the ledger refuses before it records anything: its code is the problem's."""
    def prepare(code, **changes):
        got = post(code, "prepareOperation", json.dumps(form_of_example(**changes)), expected=400)
        if got[1]["code"] != code:
            fail(code, f"prepare says {got[1]['code']}")

    def refuse(code, status, form, kind="application/json"):
        got = post(code, "submitOperation", form if isinstance(form, bytes) else json.dumps(form), kind=kind,
                   expected=status)
        if got[1].get("code") != code:
            fail(code, f"the answer is {got[1]}")

    prepare("ZERO_AMOUNT", amount="0")
    prepare("BAD_SCALE", amount="1.234")
    prepare("AMOUNT_OUT_OF_RANGE", amount="1" + "0" * 30)
    prepare("BAD_UETR", op_id="9b2e41c0-5a77-1d0e-9c1b-2f60d8a4e713")
    prepare("BAD_ID", op_id="00000000-0000-0000-0000-000000000000")
    alice = form_of_example()["terms"]["payer_account"]
    got = post("SAME_ACCOUNT", "prepareOperation", json.dumps({
        "type": "TRANSFER", "actor": "bank-a", "op_id": str(uuid.uuid4()), "valid_until": "2030-01-01T00:00:00.000Z",
        "terms": {"payer_account": alice, "payee_bank": "bank-a", "payee_account": alice, "token_from": "bank-a.EUR",
                  "token_to": "bank-a.EUR", "amount": "1"}}))
    if got[1].get("code") != "SAME_ACCOUNT":
        fail("SAME_ACCOUNT", f"the answer is {got[1]}")

    one, _ = signed(order())
    refuse("QUORUM_NOT_MET", 403, dict(one, signatures=one["signatures"][:1]))
    body = base64.b64decode(one["body"])
    refuse("BAD_VERSION", 400, dict(one, body=base64.b64encode(b"\x08\x02" + body[2:]).decode()))
    refuse("NON_CANONICAL_ENCODING", 400, dict(one, body=base64.b64encode(body + b"\x08\x01").decode()))
    refuse("UNKNOWN_OPERATION", 400, dict(one, body=base64.b64encode(
        body[:body.index(b"\x1a\x10") + 25] + field(99, b"")).decode()))
    refuse("VALID_UNTIL_TOO_FAR", 422, signed(order(), edit=in_two_days)[0])
    late, _ = signed(order(), "--until", "1s")
    end = time.monotonic() + HTTP_PATIENCE_S
    while time.monotonic() < end:  # until the chain's own time has passed it
        status, value, _ = post("OPERATION_EXPIRED", "simulateOperation", json.dumps({"body": late["body"]}))
        if value.get("code") == "OPERATION_EXPIRED":
            break
    refuse("OPERATION_EXPIRED", 422, late)


def check_rate():
    """More reads than the burst, at one go, on one connection."""
    parts = urllib.parse.urlsplit(OTHER_API)
    operation = of("getSchema")[2]
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=HTTP_PATIENCE_S)
    for _ in range(20000):
        connection.request("GET", "/v1/tokens/9999")
        answer = connection.getresponse()
        body = answer.read()
        if answer.status == 429:
            check_answer("RATE_LIMITED", operation,
                         (429, {k.lower(): v for k, v in answer.getheaders()}, body))
            break
    connection.close()


def documented_codes():
    out = set()
    for response in document["components"]["responses"].values():
        code = response["content"]["application/problem+json"]["schema"]["properties"]["code"]
        out |= set(code.get("enum", [])) | {each for one in code.get("anyOf", []) for each in one.get("enum", [])}
    return out


def main():
    check_reads()
    check_pages()
    check_refusals_of_all()
    check_examples_of_bodies()
    check_codes(*check_submissions())
    for code in sorted(documented_codes() - codes - set(NOT_PROVOKED)):
        fail("codes", f"{code} was not provoked")
    for code in sorted(codes & set(NOT_PROVOKED)):
        fail("codes", f"{code} came: {NOT_PROVOKED[code]}")
    for line in failures:
        print(line, file=sys.stderr)
    count = sum(1 for _ in operations())
    print(f"{count} operations, {sum(answers.values())} answers "
          f"({', '.join(f'{n} of {status}' for status, n in sorted(answers.items()))}), "
          f"{len(codes)} codes: {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
