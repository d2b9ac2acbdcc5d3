#!/usr/bin/python3
"""receipt_check.py RECEIPT GENESIS: testnet/examples/receipt.py takes this receipt, and none in which a value differs."""
import copy
import json
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "testnet/examples"))
import receipt as receipts  # noqa: E402


def places(value, path=()):
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], path + (key,))
    else:
        yield path, value


def altered(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if value is None:
        return {}
    at = len(value) // 2
    while not value[at].isalnum():
        at += 1
    return value[:at] + ("1" if value[at] != "1" else "2") + value[at + 1:]


def passes(value, genesis):
    try:
        receipts.verify(json.dumps(value), genesis)
        return True
    except receipts.Invalid:
        return False


def main():
    text = pathlib.Path(sys.argv[1]).read_bytes()
    genesis = pathlib.Path(sys.argv[2]).read_bytes()
    receipts.verify(text, genesis)
    whole, taken, count = json.loads(text), [], 0
    for path, value in places(whole):
        other = copy.deepcopy(whole)
        parent = other
        for key in path[:-1]:
            parent = parent[key]
        parent[path[-1]] = altered(value)
        count += 1
        if passes(other, genesis):
            taken.append(path)
    fewer = copy.deepcopy(whole)
    del fewer["attestation"][-1]
    if passes(fewer, genesis):
        taken.append("two of three signatures")
    if passes(whole, genesis + b" "):
        taken.append("another genesis file")
    print(f"{count} values altered, {len(taken)} taken: {taken}")
    return 1 if taken or count < 30 else 0


if __name__ == "__main__":
    sys.exit(main())
