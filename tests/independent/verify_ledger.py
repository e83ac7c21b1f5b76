#!/usr/bin/env python3
"""An independent verifier of Signpost's ledger: Python's standard library and the openssl command.

It shares no code with the hub and was written from the published formats (RFC 6962 and the C2SP
signed-note, tlog-checkpoint, tlog-cosignature, tlog-tiles and tlog-proof specifications), so that an
auditor need not trust ours.

  verify_ledger.py directory DIR --key VERIFIER_KEY [--older CHECKPOINT_FILE ...] [--no-fields]
      DIR is a tlog-tiles directory with entry bundles. Checks the checkpoint's signature, that the
      entries hash to every tile and to the signed root, that each entry carries its own index and its
      agency's next number, and that each older checkpoint is a prefix.
  verify_ledger.py sample DIR --key VERIFIER_KEY --announced NUMBER --nonce HEX
      DIR as before, and verified as before. Prints the numbers of the entries that the announcement in
      entry NUMBER draws with the auditor's random bytes HEX (docs/audit-copies.md), a line each.
  verify_ledger.py receipt FILE --key VERIFIER_KEY --entry ENTRY_FILE
      FILE is a c2sp.org/tlog-proof@v1. Checks the signature and that the bytes of ENTRY_FILE are the
      entry proved.
  verify_ledger.py consistency PROOF_FILE --key VERIFIER_KEY --old CHECKPOINT --new CHECKPOINT
      PROOF_FILE holds base64 hashes, one a line. Checks both signatures and the proof.

--witness KEY, as often as there are witnesses, demands that each co-signed: for a directory the
checkpoint in it or, in the file `witnessed` beside it, an earlier one that the ledger extends; for a
receipt and for a consistency proof's new side, the checkpoint given.

Keys are the key itself or @FILE. Exit code 0: verified; 1: not; 2: wrong usage. The last line on
standard output says which; with 1, each line before it says what is wrong and where.
"""

import argparse
import base64
import binascii
import hashlib
import heapq
import os
import re
import subprocess
import sys
import tempfile

TILE_WIDTH = 256


class Wrong(Exception):
    """What was found, in words for an auditor."""


# --- Merkle tree hashing ---


def sha256(data):
    return hashlib.sha256(data).digest()


def leaf_hash(entry):
    return sha256(b"\x00" + entry)


def node_hash(left, right):
    return sha256(b"\x01" + left + right)


def root_of(peaks):
    """The tree hash from the complete subtrees, a list of (size, hash), largest first."""
    if not peaks:
        return sha256(b"")
    value = peaks[-1][1]
    for _, left in reversed(peaks[:-1]):
        value = node_hash(left, value)
    return value


def push_leaf(peaks, leaf):
    size, value = 1, leaf
    while peaks and peaks[-1][0] == size:
        _, left = peaks.pop()
        value = node_hash(left, value)
        size *= 2
    peaks.append((size, value))


def root_from_inclusion(leaf, index, size, path):
    """The root that an audit path leads to, by walking down the tree and back (RFC 6962, 2.1.1)."""
    sides = []  # from the root: is our half the left one?
    low, high = 0, size
    while high - low > 1:
        half = 1
        while half * 2 < high - low:
            half *= 2
        if index < low + half:
            sides.append(True)
            high = low + half
        else:
            sides.append(False)
            low += half
    if len(sides) != len(path):
        raise Wrong("the proof has %d hashes where %d belong" % (len(path), len(sides)))
    value = leaf
    for left, sibling in zip(reversed(sides), path):
        value = node_hash(value, sibling) if left else node_hash(sibling, value)
    return value


def check_consistency(old_size, old_root, new_size, new_root, proof):
    """By recursion over SUBPROOF of RFC 6962, 2.1.2, taking hashes from the end of the proof."""
    if old_size > new_size:
        raise Wrong("rolled back from %d to %d entries" % (old_size, new_size))
    rest = list(proof)

    def take():
        if not rest:
            raise Wrong("the consistency proof is too short")
        return rest.pop()

    def walk(m, n, whole):
        """Roots (old, new) of a subtree of n leaves of which the old tree had the first m."""
        if m == n:
            value = old_root if whole else take()
            return value, value
        half = 1
        while half * 2 < n:
            half *= 2
        sibling = take()
        if m <= half:
            old, new = walk(m, half, whole)
            return old, node_hash(new, sibling)
        old, new = walk(m - half, n - half, False)
        return node_hash(sibling, old), node_hash(sibling, new)

    if old_size == 0:
        old, new = sha256(b""), new_root
    else:
        old, new = walk(old_size, new_size, True)
    if rest:
        raise Wrong("the consistency proof is too long")
    if old != old_root or new != new_root:
        raise Wrong("the consistency proof does not hold: the ledger was forked")


# --- Signed notes and checkpoints ---


def decode_text(data, what):
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Wrong("%s is not text in UTF-8" % what)


def decode_base64(text, what):
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Wrong("%s is not base64" % what)


class VerifierKey:
    """A log's key, of type 1, or a witness's, of type 4."""

    def __init__(self, text, key_type=1):
        match = re.fullmatch(r"([^+\s]+)\+([0-9a-f]{8})\+(\S+)", text.strip())
        if not match:
            raise Wrong("the verifier key is malformed")
        self.name = match.group(1)
        self.key_id = bytes.fromhex(match.group(2))
        typed = decode_base64(match.group(3), "the verifier key")
        if len(typed) != 33 or typed[0] != key_type:
            raise Wrong("the verifier key is not %s Ed25519 key"
                        % ("a log's" if key_type == 1 else "a witness's"))
        if sha256(self.name.encode() + b"\n" + typed)[:4] != self.key_id:
            raise Wrong("the verifier key's id is not that of the key")
        self.public = typed[1:]

    def cosigned(self, text, signature):
        """Whether this is a tlog-cosignature over the note text: 8 bytes of time, then Ed25519."""
        if len(signature) != 8 + 64 or signature[0] >= 0x80:
            return False
        time = int.from_bytes(signature[:8], "big")
        return self.verifies(b"cosignature/v1\ntime %d\n" % time + text, signature[8:])

    def verifies(self, message, signature):
        # SubjectPublicKeyInfo of an Ed25519 key is a fixed prefix and the 32 bytes.
        der = bytes.fromhex("302a300506032b6570032100") + self.public
        with tempfile.TemporaryDirectory() as directory:
            paths = {}
            for name, data in (("key", der), ("message", message), ("signature", signature)):
                paths[name] = os.path.join(directory, name)
                with open(paths[name], "wb") as file:
                    file.write(data)
            result = subprocess.run(
                ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER",
                 "-inkey", paths["key"], "-rawin", "-in", paths["message"],
                 "-sigfile", paths["signature"]],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        return result.returncode == 0


class Checkpoint:
    """From the bytes of a signed note, whose signature by `key` is checked, and the cosignature of
    each of `witnesses`, which must be there."""

    def __init__(self, note, key, witnesses=()):
        text, separator, signatures = note.rpartition(b"\n\n")
        if not separator or not signatures.endswith(b"\n"):
            raise Wrong("the checkpoint is not a signed note")
        text += b"\n"
        signed = False
        missing = {(witness.name, witness.key_id): witness for witness in witnesses}
        cosigners = dict(missing)
        for line in signatures[:-1].split(b"\n"):
            match = re.fullmatch("\u2014 (\\S+) (\\S+)".encode(), line)
            if not match:
                raise Wrong("the checkpoint has a malformed signature line")
            signature = decode_base64(match.group(2), "a signature")
            cosigner = cosigners.get((match.group(1).decode("utf-8", "replace"), signature[:4]))
            if cosigner is not None:
                if not cosigner.cosigned(text, signature[4:]):
                    raise Wrong("the cosignature of %s is false" % cosigner.name)
                missing.pop((cosigner.name, cosigner.key_id), None)
            if match.group(1) != key.name.encode() or signature[:4] != key.key_id:
                continue
            if not key.verifies(text, signature[4:]):
                raise Wrong("the checkpoint's signature is false")
            signed = True
        if not signed:
            raise Wrong("the checkpoint is not signed by the given key")
        lines = decode_text(text, "the checkpoint").split("\n")
        if len(lines) < 4 or not lines[0] or not re.fullmatch("0|[1-9][0-9]*", lines[1]):
            raise Wrong("the checkpoint's text is malformed")
        self.origin = lines[0]
        self.size = int(lines[1])
        self.root = decode_base64(lines[2], "the root")
        if len(self.root) != 32:
            raise Wrong("the root is not a SHA-256 hash")
        if missing:
            raise Wrong("the checkpoint of size %d is not co-signed by %s"
                        % (self.size, ", ".join(sorted(name for name, _ in missing))))


# --- Entries ---


VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # protobuf's wire types but for groups


def read_varint(data, at):
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63 or shift == 63 and data[at] > 1:
            raise Wrong("it is not a stored message")
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return value, at
        shift += 7


def wire_fields(message):
    """(number, wire type, value) of each field of a protobuf message, in order."""
    at = 0
    while at < len(message):
        tag, at = read_varint(message, at)
        wire, number = tag & 7, tag >> 3
        if not 0 < number < 2**29:
            raise Wrong("it has a field of a number that there is not")
        if wire == VARINT:
            value, at = read_varint(message, at)
        elif wire in (BYTES, FIXED64, FIXED32):
            length = 8 if wire == FIXED64 else 4
            if wire == BYTES:
                length, at = read_varint(message, at)
            value = message[at:at + length]
            at += length
        else:
            raise Wrong("it is not a stored message")
        if at > len(message):
            raise Wrong("it is cut short")
        yield number, wire, value


def entry_fields(entry):
    """Fields 1 (index), 2 (time), 3 (counter), 4 (agency), 6 (kind), 26 (masked), 130 (pruned) and 185
    (a sample announced) of a signpost.ledger.v1.LedgerEntry, whose detail (a field behind 100) is of
    its kind."""
    fields = {1: 0, 2: 0, 3: 0, 4: b"", 6: 0, 26: 0, 130: b"", 185: b""}
    details = set()
    for number, wire, value in wire_fields(entry):
        is_detail = 100 < number < 200
        if number in fields or is_detail:
            if wire != (BYTES if number == 4 or is_detail else VARINT):
                raise Wrong("its field %d is of another type" % number)
            fields[number] = value
        if is_detail:
            details.add(number - 100)
    if fields[6] == 0 or details != {fields[6]}:
        raise Wrong("it does not say what happened as its kind does")
    if fields[2] >= 2**63:
        fields[2] -= 2**64  # an int64
    return fields


# --- Entries of which only the hash is left ---

PRUNED = 30  # the kind of entry that says which those are
SAMPLE_ANNOUNCED = 85  # the kind of entry that announces a sample
MASKED_WORD = b"(masked)"


def pruned_by(pruned):
    """The entries named in a signpost.ledger.v1.Pruned: ranges of each kind, which ascend and do not
    touch."""
    silent = Wrong("it does not say what was pruned")
    named = []
    for number, wire, kind in wire_fields(pruned):
        if number != 1:
            continue
        if wire != BYTES:
            raise silent
        of_kind, ranges = 0, []
        for inner, inner_wire, value in wire_fields(kind):
            if inner not in (1, 2):
                continue
            if inner_wire != (VARINT if inner == 1 else BYTES):
                raise silent
            if inner == 1:
                of_kind = value
                continue
            ends = {1: 0, 2: 0}
            for end, end_wire, index in wire_fields(value):
                if end_wire != VARINT:
                    raise silent
                ends[end] = index
            if ends[1] > ends[2] or ranges and ends[1] <= ranges[-1][1] + 1:
                raise silent
            ranges.append((ends[1], ends[2]))
        if of_kind == 0 or not ranges:
            raise silent
        named += ranges
    if not named:
        raise silent
    return named


def check_pruned(pruned, named, jumps, problems):
    """Every pruned entry is named, and the counters' jumps can be made of pruned entries: each is
    given to that jump it lies in which ends first."""
    named = sorted(named)
    reach, at = -1, 0
    for index in pruned:
        while at < len(named) and named[at][0] <= index:
            reach = max(reach, named[at][1])
            at += 1
        if index > reach:
            problems.append("entry %d is reduced to its hash, and no later entry says so" % index)
    jumps = sorted(jumps)
    waiting, at = [], 0
    for index in pruned:
        while at < len(jumps) and jumps[at][0] <= index:
            start, end, missing = jumps[at]
            heapq.heappush(waiting, [end, missing])
            at += 1
        while waiting and waiting[0][0] <= index:
            end, missing = heapq.heappop(waiting)
            problems.append("a counter jumps at entry %d over %d entries too many" % (end, missing))
        if waiting:
            waiting[0][1] -= 1
            if waiting[0][1] == 0:
                heapq.heappop(waiting)
    for end, missing in waiting + [[end, missing] for _, end, missing in jumps[at:]]:
        problems.append("a counter jumps at entry %d over %d entries too many" % (end, missing))


# --- Directories ---


def tile_path(level, index, width):
    text = "%03d" % (index % 1000)
    while index >= 1000:
        index //= 1000
        text = "x%03d/%s" % (index % 1000, text)
    path = "tile/%s/%s" % (level, text)
    return path if width == TILE_WIDTH else "%s.p/%d" % (path, width)


def read_file(directory, path):
    try:
        with open(os.path.join(directory, path), "rb") as file:
            return file.read()
    except OSError as error:
        raise Wrong("%s cannot be read: %s" % (path, error.strerror))


def split_bundle(data, path):
    entries, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at:at + 2], "big")
        if at + 2 + length > len(data):
            raise Wrong("%s is cut short behind entry %d of it" % (path, len(entries)))
        entries.append(data[at + 2:at + 2 + length])
        at += 2 + length
    return entries


def compare_tile(directory, level, index, hashes, problems):
    path = tile_path(level, index, len(hashes))
    try:
        stored = read_file(directory, path)
    except Wrong as wrong:
        problems.append(str(wrong))
        return
    if stored != b"".join(hashes):
        first = next((i for i, value in enumerate(hashes) if stored[32 * i:32 * i + 32] != value),
                     len(hashes))
        entry = (index * TILE_WIDTH + first) * TILE_WIDTH**level
        problems.append("%s disagrees with the entries, first at entry %d" % (path, entry))


def witnessed_checkpoint(directory, key, witnesses):
    """The checkpoint that all of `witnesses` co-signed: in `checkpoint`, or else in `witnessed`."""
    try:
        return Checkpoint(read_file(directory, "checkpoint"), key, witnesses)
    except Wrong:
        if not os.path.exists(os.path.join(directory, "witnessed")):
            raise
    return Checkpoint(read_file(directory, "witnessed"), key, witnesses)


def verify_directory(directory, key, older_notes, check_fields, witnesses, announced=None):
    """`announced`, a list, is of a sample: the announcement's number, and room for its detail and for
    the root of the tree that ends with it."""
    checkpoint = Checkpoint(read_file(directory, "checkpoint"), key)
    problems = []
    older = {}
    older_checkpoints = [Checkpoint(note, key) for note in older_notes]
    if witnesses:
        older_checkpoints.append(witnessed_checkpoint(directory, key, witnesses))
    for old in older_checkpoints:
        if old.origin != checkpoint.origin:
            problems.append("an older checkpoint is of another log")
        elif old.size > checkpoint.size:
            problems.append("rolled back: %d entries were published and %d are here"
                            % (old.size, checkpoint.size))
        else:
            older.setdefault(old.size, []).append(old.root)

    peaks, levels, counters, last_time = [], {}, {}, 0
    pruned, named, jumps = [], [], []
    masked = 0

    def compare_older(size):
        if announced is not None and size == announced[0] + 1:
            announced[2] = root_of(peaks)
        for root in older.get(size, []):
            if root != root_of(peaks):
                problems.append("forked: the first %d entries are not those published" % size)

    def push_tile_hash(level, value):
        index, hashes = levels.setdefault(level, (0, []))
        hashes.append(value)
        if len(hashes) == TILE_WIDTH:
            compare_tile(directory, level, index, hashes, problems)
            levels[level] = (index + 1, [])
            subtree = hashes
            while len(subtree) > 1:
                subtree = [node_hash(subtree[i], subtree[i + 1])
                           for i in range(0, len(subtree), 2)]
            push_tile_hash(level + 1, subtree[0])

    compare_older(0)
    for first in range(0, checkpoint.size, TILE_WIDTH):
        width = min(TILE_WIDTH, checkpoint.size - first)
        path = tile_path("entries", first // TILE_WIDTH, width)
        entries = split_bundle(read_file(directory, path), path)
        if len(entries) != width:
            raise Wrong("%s holds %d entries where %d belong" % (path, len(entries), width))
        kept = None
        for index, entry in enumerate(entries, first):
            if check_fields and not entry:
                if kept is None:
                    kept = read_file(directory, tile_path(0, first // TILE_WIDTH, width))
                leaf = kept[32 * (index - first):32 * (index - first) + 32]
                if len(leaf) != 32:
                    raise Wrong("neither entry %d nor its hash is there" % index)
                pruned.append(index)
                push_leaf(peaks, leaf)
                push_tile_hash(0, leaf)
                compare_older(index + 1)
                continue
            fields, unread = None, None
            if check_fields:
                try:
                    fields = entry_fields(entry)
                except Wrong as wrong:
                    unread = "entry %d: %s" % (index, wrong)
            hidden = fields is not None and fields[26] != 0
            if hidden:
                # Not the bytes that were hashed but what an auditor is given instead: the tile has its
                # leaf, and what it says is the hub's word.
                kept = kept or read_file(directory, tile_path(0, first // TILE_WIDTH, width))
                leaf = kept[32 * (index - first):32 * (index - first) + 32]
                if len(leaf) != 32:
                    raise Wrong("the hash of entry %d, which is masked, is not there" % index)
                masked += 1
            else:
                leaf = leaf_hash(entry)
            push_leaf(peaks, leaf)
            push_tile_hash(0, leaf)
            compare_older(index + 1)
            if unread:
                problems.append(unread)
            if fields is None:
                continue
            if fields[1] != index:
                problems.append("entry %d says it is entry %d" % (index, fields[1]))
            if fields[2] < last_time:
                problems.append("entry %d is dated before the one in front of it" % index)
            last_time = fields[2]
            if hidden and fields[6] == PRUNED:
                problems.append("entry %d says what was pruned, and is masked" % index)
                continue
            if hidden and fields[4] == MASKED_WORD:
                continue  # whose counter it is, is masked, and so is the counter
            if announced is not None and index == announced[0] and not hidden:
                announced[1] = fields[185] if fields[6] == SAMPLE_ANNOUNCED else None
            counter, start = counters.get(fields[4], (0, 0))
            if fields[3] > counter + 1 and pruned and pruned[-1] >= start:
                jumps.append((start, index, fields[3] - counter - 1))
            elif fields[3] != counter + 1:
                problems.append("entry %d is number %d of its agency where %d should come"
                                % (index, fields[3], counter + 1))
            counters[fields[4]] = (fields[3], index + 1)
            if fields[6] == PRUNED:
                try:
                    ranges = pruned_by(fields[130])
                except Wrong as wrong:
                    problems.append("entry %d: %s" % (index, wrong))
                    continue
                for low, high in ranges:
                    if high >= index:
                        problems.append("entry %d says that a later one was pruned" % index)
                    else:
                        named.append((low, high))
    check_pruned(pruned, named, jumps, problems)
    for level, (index, hashes) in sorted(levels.items()):
        if hashes:
            compare_tile(directory, level, index, hashes, problems)
    if root_of(peaks) != checkpoint.root:
        problems.append("the entries do not hash to the signed root")
    if problems:
        raise Wrong("\n".join(problems))
    return "%d entries of %s%s" % (checkpoint.size, checkpoint.origin,
                                   ", %d of them masked" % masked if masked else "")


# --- Samples ---

SAMPLE_LABEL = b"signpost ledger sample v1\x00"


def draw_sample(root, nonce, first, end, count):
    """`count` numbers of [first, end), ascending, from both sides' chance."""
    if not 1 <= count <= 1000 or end - first < count:
        raise Wrong("a sample is of 1 to 1,000 entries, and of no more than there are")
    seed = sha256(SAMPLE_LABEL + root + nonce)
    width = end - first
    limit = 2**64 - 2**64 % width
    drawn, block = set(), 0
    while len(drawn) < count:
        number = int.from_bytes(sha256(seed + block.to_bytes(8, "big"))[:8], "big")
        block += 1
        if number < limit:
            drawn.add(first + number % width)
    return sorted(drawn)


def sample(directory, key, number, nonce, witnesses):
    announced = [number, None, None]
    verify_directory(directory, key, [], True, witnesses, announced)
    if announced[1] is None or announced[2] is None:
        raise Wrong("entry %d announces no sample" % number)
    said = {1: 0, 2: 0, 3: 0, 4: b""}
    for field, wire, value in wire_fields(announced[1]):
        if field in said:
            if wire != (BYTES if field == 4 else VARINT):
                raise Wrong("entry %d announces no sample" % number)
            said[field] = value
    if len(nonce) != 32 or said[4] != sha256(nonce):
        raise Wrong("entry %d announces a sample with other random bytes" % number)
    drawn = draw_sample(announced[2], nonce, said[1], said[2], said[3])
    for index in drawn:
        print(index)
    return "%d entries drawn of %d" % (len(drawn), said[2] - said[1])


def verify_receipt(text, key, entry, witnesses):
    head, separator, note = text.partition(b"\n\n")
    lines = head.decode("utf-8", "replace").split("\n")
    if not separator or lines.pop(0) != "c2sp.org/tlog-proof@v1":
        raise Wrong("this is not a c2sp.org/tlog-proof@v1")
    if lines and lines[0].startswith("extra "):
        decode_base64(lines.pop(0)[6:], "the extra data")
    if not lines or not re.fullmatch("index (0|[1-9][0-9]*)", lines[0]):
        raise Wrong("the receipt has no index")
    index = int(lines.pop(0)[6:])
    path = [decode_base64(line, "a hash") for line in lines]
    checkpoint = Checkpoint(note, key, witnesses)
    if index >= checkpoint.size:
        raise Wrong("entry %d is beyond the checkpoint's %d" % (index, checkpoint.size))
    if root_from_inclusion(leaf_hash(entry), index, checkpoint.size, path) != checkpoint.root:
        raise Wrong("the entry is not at index %d of this ledger" % index)
    return "entry %d of %s" % (index, checkpoint.origin)


def verify_consistency(text, key, old_note, new_note, witnesses):
    old, new = Checkpoint(old_note, key), Checkpoint(new_note, key, witnesses)
    if old.origin != new.origin:
        raise Wrong("the checkpoints are of different logs")
    proof = [decode_base64(line, "a hash") for line in decode_text(text, "the proof").split()]
    check_consistency(old.size, old.root, new.size, new.root, proof)
    return "%d entries are a prefix of %d" % (old.size, new.size)


def key_text(argument):
    if not argument.startswith("@"):
        return argument
    return decode_text(read_file("", argument[1:]), "the verifier key")


def main():
    parser = argparse.ArgumentParser(description="Verifies a Signpost ledger offline.")
    commands = parser.add_subparsers(dest="command", required=True)
    directory = commands.add_parser("directory")
    directory.add_argument("path")
    directory.add_argument("--older", action="append", default=[])
    directory.add_argument("--no-fields", action="store_true")
    drawing = commands.add_parser("sample")
    drawing.add_argument("path")
    drawing.add_argument("--announced", type=int, required=True)
    drawing.add_argument("--nonce", required=True)
    receipt = commands.add_parser("receipt")
    receipt.add_argument("path")
    receipt.add_argument("--entry", required=True)
    consistency = commands.add_parser("consistency")
    consistency.add_argument("path")
    consistency.add_argument("--old", required=True)
    consistency.add_argument("--new", required=True)
    for command in (directory, drawing, receipt, consistency):
        command.add_argument("--key", required=True)
        command.add_argument("--witness", action="append", default=[])
    arguments = parser.parse_args()
    try:
        key = VerifierKey(key_text(arguments.key))
        witnesses = [VerifierKey(key_text(text), 4) for text in arguments.witness]
        if arguments.command == "directory":
            done = verify_directory(arguments.path, key,
                                    [read_file("", path) for path in arguments.older],
                                    not arguments.no_fields, witnesses)
        elif arguments.command == "sample":
            done = sample(arguments.path, key, arguments.announced, bytes.fromhex(arguments.nonce),
                          witnesses)
        elif arguments.command == "receipt":
            done = verify_receipt(read_file("", arguments.path), key,
                                  read_file("", arguments.entry), witnesses)
        else:
            done = verify_consistency(read_file("", arguments.path), key,
                                      read_file("", arguments.old), read_file("", arguments.new),
                                      witnesses)
    except Wrong as wrong:
        print(wrong)
        print("NOT VERIFIED")
        return 1
    except Exception as error:  # whatever else the bytes did to us, they were not verified
        print("what was given cannot be read: %r" % error)
        print("NOT VERIFIED")
        return 1
    print("VERIFIED: " + done)
    return 0


if __name__ == "__main__":
    sys.exit(main())
