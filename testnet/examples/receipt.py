"""Verifies a receipt (giro.receipt/1) offline: it and the genesis file are all that is trusted.

The Python standard library and python3-cryptography. The order of the steps and the names of the failures are those of
`giro receipt verify`. One thing is left to that: the events that a receipt discloses are held against the outcome, but
not printed in people's words.
"""
import base64
import calendar
import hashlib
import json
import re
import struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
HEADER_BYTES = 278
ATTEST = 3


class Invalid(Exception):
    """The argument is the code of the first failure."""


def require(holds, failure):
    if not holds:
        raise Invalid(failure)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def verify_signature(public_key, digest, signature):
    """Compact ECDSA over a digest; only the low-s one of the two."""
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if s > CURVE_ORDER // 2:
        return False
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), public_key)
    try:
        key.verify(utils.encode_dss_signature(r, s), digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        return True
    except InvalidSignature:
        return False


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def canonical(fields):
    """Protobuf as schema.proto wants it: numbers ascend, what is zero is absent."""
    out = b""
    for number, value in fields:
        if isinstance(value, bytes):
            if any(value):
                out += varint(number << 3 | 2) + varint(len(value)) + value
        elif value:
            out += varint(number << 3) + varint(int(value))
    return out


def milliseconds(time):
    """Of "2026-11-21T22:41:07.114Z"; no floating point."""
    year, month, day, hour, minute, second, ms = map(int, re.fullmatch(
        r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})Z", time).groups())
    return calendar.timegm((year, month, day, hour, minute, second)) * 1000 + ms


class Header:
    """What the validators sign for: fixed fields (protocol 2)."""

    def __init__(self, text, chain):
        self.bytes = bytes.fromhex(text)
        require(len(self.bytes) == HEADER_BYTES and self.bytes.startswith(b"giro/header/v1" + chain), "MALFORMED")
        at = 14 + 32
        self.epoch, self.height = struct.unpack_from(">QQ", self.bytes, at)
        self.time_ms, self.previous = struct.unpack_from(">Q32s", self.bytes, at + 48)
        self.outcomes_root = self.bytes[at + 120:at + 152]
        self.next_set = self.bytes[at + 184:at + 216]
        self.hash = sha256(self.bytes)


def set_digest(chain, epoch, members):
    out = b"giro/set/v1" + chain + struct.pack(">QQ", epoch, len(members))
    for institution, key in members:
        out += struct.pack(">Q", institution) + key
    return sha256(out)


def quorum_of(members):
    faults = (len(members) - 1) // 3
    return (len(members) + faults) // 2 + 1


def are_votes(chain, attestation, header, members):
    """Distinct members, ascending, each with a vote for exactly this header."""
    digest = sha256(b"giro/vote/v1", chain, bytes([ATTEST]), struct.pack(">QQQ", header.epoch, 0, header.height),
                    header.hash)
    voters = [vote["member"] for vote in attestation]
    if any(later <= earlier for earlier, later in zip(voters, voters[1:])) or any(v >= len(members) for v in voters):
        return False
    return all(verify_signature(members[vote["member"]][1], digest, bytes.fromhex(vote["signature"]))
               for vote in attestation)


def leads_to_root(leaf, index, path, root):
    """RFC 6962. Each one in the index is a neighbour on the left; above the others the node moved up alone."""
    on_the_right = len(path) - bin(index).count("1")
    if on_the_right < 0:
        return False
    for neighbour in path:
        while on_the_right == 0 and index % 2 == 0:
            index //= 2
        if index % 2:
            leaf = sha256(b"\x01", neighbour, leaf)
        else:
            leaf = sha256(b"\x01", leaf, neighbour)
            on_the_right -= 1
        index //= 2
    return leaf == root


def leads_to_root_of(size, leaf, index, path, root):
    """The same where the number of leaves is known: the path has exactly the hashes that it needs."""
    path = list(path)
    while size > 1:
        if index ^ 1 < size:
            if not path:
                return False
            neighbour = path.pop(0)
            leaf = sha256(b"\x01", neighbour, leaf) if index % 2 else sha256(b"\x01", leaf, neighbour)
        index, size = index // 2, (size + 1) // 2
    return not path and leaf == root


def genesis_members(genesis):
    """Institutions have numbers from 1, in the order of the file."""
    return [(number, bytes.fromhex(each["validator"]["public_key"]))
            for number, each in enumerate(json.loads(genesis)["institutions"], 1) if "validator" in each]


def follow_lineage(receipt, chain, members):
    """The set in force for the attested header: each change is attested by the set before it."""
    epoch, below = 0, 0
    for change in receipt["lineage"]:
        header = Header(change["header"], chain)
        new_epoch = int(change["set"]["epoch"])
        new = [(each["institution"], bytes.fromhex(each["public_key"])) for each in change["set"]["members"]]
        numbers = [number for number, _ in new]
        require(header.epoch >= epoch and header.height > below and new_epoch == header.epoch + 1, "BAD_LINEAGE")
        require(numbers == sorted(set(numbers)) and len({key for _, key in new}) == len(new) > 0, "BAD_LINEAGE")
        require(new != members and header.next_set == set_digest(chain, new_epoch, new), "BAD_LINEAGE")
        require(len(change["attestation"]) >= quorum_of(members), "BAD_LINEAGE")
        require(are_votes(chain, change["attestation"], header, members), "BAD_LINEAGE")
        members, epoch, below = new, new_epoch, header.height
    return members, epoch, below


def verify(text, genesis):
    """The receipt as a dictionary, and the institutions that attested it; raises Invalid."""
    try:
        return verify_parsed(json.loads(text), genesis)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise Invalid("MALFORMED") from error


def verify_parsed(receipt, genesis):
    require(receipt["format"] == "giro.receipt/1", "MALFORMED")
    chain = sha256(genesis)
    require(bytes.fromhex(receipt["chain_id"]) == chain, "WRONG_CHAIN")
    header = Header(receipt["header"], chain)
    later = [Header(each, chain) for each in receipt["later_headers"]]
    attested = later[-1] if later else header
    members, epoch, below = follow_lineage(receipt, chain, genesis_members(genesis))
    require(attested.epoch >= epoch and attested.height > below, "BAD_LINEAGE")

    outcome = receipt["outcome"]
    operation_hash = bytes.fromhex(outcome["operation_hash"])
    if receipt["operation"] is not None:
        signed = sha256(b"giro/operation/v1", chain, operation_hash)
        require(sha256(base64.b64decode(receipt["operation"]["body"], validate=True)) == operation_hash, "BAD_BODY")
        for each in receipt["operation"]["signatures"]:
            require(verify_signature(bytes.fromhex(each["public_key"]), signed, bytes.fromhex(each["signature"])),
                    "BAD_BODY")

    time_ms = milliseconds(outcome["block_time"])
    events_root = bytes.fromhex(outcome["events_root"])
    leaf = canonical([(1, int(outcome["height"])), (2, outcome["index"]), (3, time_ms), (4, operation_hash),
                      (5, outcome["actor"]), (6, bytes.fromhex(outcome["op_id"].replace("-", ""))),
                      (7, outcome["code"]), (8, outcome["detail"]["index"]), (9, outcome["detail"]["inner"]),
                      (10, outcome["recorded"]), (11, outcome["event_count"]), (12, events_root)])
    require(int(outcome["height"]) == header.height and time_ms == header.time_ms, "BAD_PATH")
    require(leads_to_root(sha256(b"\x00", leaf), outcome["index"], [bytes.fromhex(each) for each in receipt["path"]],
                          header.outcomes_root), "BAD_PATH")
    for shown in receipt["events"]:
        require(shown["position"] < outcome["event_count"], "BAD_PATH")
        event = sha256(b"\x00", base64.b64decode(shown["event"], validate=True))
        require(leads_to_root_of(outcome["event_count"], event, shown["position"],
                                 [bytes.fromhex(each) for each in shown["path"]], events_root), "BAD_PATH")
    before = header
    for each in later:
        require(each.previous == before.hash and each.height == before.height + 1 and each.epoch >= before.epoch,
                "BAD_PATH")
        before = each

    require(are_votes(chain, receipt["attestation"], attested, members), "BAD_SIGNATURE")
    require(len(receipt["attestation"]) >= quorum_of(members), "NO_QUORUM")
    require(bytes.fromhex(receipt["receipt_id"]) == sha256(leaf, header.hash), "MALFORMED")
    return receipt, [members[vote["member"]][0] for vote in receipt["attestation"]]
