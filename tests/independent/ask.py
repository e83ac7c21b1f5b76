#!/usr/bin/env python3
"""A client in another language: asks a Signpost hub who knows a young person.

It shares no code with the hub. Messages come from proto/signpost/v1 through protoc, calls go through
Debian's python3-grpcio, the practitioner's assertion is written out here and signed by the openssl
command: what a vendor would do from the published files alone.

  ask.py --address HOST:PORT --authority DIR --agency ID --practitioner ID --role ROLE
         --purpose WORD --record ID [--team ID ...] [--borrow-certificate-of AGENCY]

DIR is what deploy/make-authority wrote. Prints the answer, its SHA-256 and the receipt, one
"field: value" a line. Checks that the answer is padded and salted and that the receipt has a leaf
hash. --borrow-certificate-of calls over another agency's certificate, which the hub
must refuse.

Exit code 0: answered; 1: refused, with the hub's reason; 2: wrong usage; 77: python3-grpcio,
python3-protobuf or protoc is not installed.
"""

import argparse
import base64
import hashlib
import json
import os
import secrets
import ssl
import subprocess
import sys
import tempfile
import time

NOT_INSTALLED = 77
REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

try:
    import grpc
    from google.protobuf import text_format  # noqa: F401 - only to see that it is there
except ImportError as missing:
    print("skipped: %s (deploy/install-deps --tests installs it)" % missing)
    sys.exit(NOT_INSTALLED)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def load_messages(folder):
    """Generates the public messages into `folder` and imports them."""
    # Elsewhere the two of google.rpc come with the package googleapis-common-protos.
    ours = os.path.join(REPOSITORY, "proto")
    theirs = os.path.join(REPOSITORY, "third_party", "googleapis")
    names = []
    for root, package in ((ours, "signpost/v1"), (ours, "signpost/ledger/v1"),
                          (theirs, "google/rpc")):
        for name in sorted(os.listdir(os.path.join(root, package))):
            if name.endswith(".proto"):
                names.append(package + "/" + name)
    try:
        subprocess.run(
            ["protoc", "-I", ours, "-I", theirs, "--python_out", folder] + names, check=True)
    except FileNotFoundError:
        print("skipped: protoc is not installed (deploy/install-deps installs it)")
        sys.exit(NOT_INSTALLED)
    sys.path.insert(0, folder)
    # `google` is already a package of python3-protobuf: let ours be found in it too.
    import google
    google.__path__.append(os.path.join(folder, "google"))
    from google.rpc import error_details_pb2, status_pb2
    from signpost.v1 import common_pb2, index_pb2
    return common_pb2, index_pb2, status_pb2, error_details_pb2


# --- The practitioner's assertion ---


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*arguments, data=None):
    return subprocess.run(
        ("openssl",) + arguments, input=data, check=True, stdout=subprocess.PIPE).stdout


def raw_ecdsa(der):
    """JWS wants r and s as 32 bytes each; openssl gives SEQUENCE { INTEGER r, INTEGER s }."""
    assert der[0] == 0x30 and der[1] == len(der) - 2
    numbers = []
    rest = der[2:]
    while rest:
        assert rest[0] == 0x02
        numbers.append(int.from_bytes(rest[2:2 + rest[1]], "big"))
        rest = rest[2 + rest[1]:]
    return b"".join(number.to_bytes(32, "big") for number in numbers)


def sign(key_file, data):
    """The signature as JWS wants it, with the agency's key, whichever of the two kinds it is."""
    with tempfile.NamedTemporaryFile() as file:  # -rawin wants a file whose length it can see
        file.write(data)
        file.flush()
        if algorithm_of(key_file) == "EdDSA":
            return openssl("pkeyutl", "-sign", "-rawin", "-inkey", key_file, "-in", file.name)
        return raw_ecdsa(openssl("dgst", "-sha256", "-sign", key_file, file.name))


def algorithm_of(key_file):
    return "EdDSA" if b"ED25519" in openssl("pkey", "-in", key_file, "-noout", "-text") else "ES256"


def mint_assertion(options, folder, certificate):
    now = int(time.time())
    key_file = os.path.join(folder, "assertion.key")
    header = {
        "alg": algorithm_of(key_file),
        "kid": read(os.path.join(folder, "assertion.kid")).decode().strip(),
        "typ": "signpost-assertion+jwt",
    }
    claims = {
        "iss": options.agency,
        "sub": options.practitioner,
        "role": options.role,
        "teams": options.team,
        "assurance": "substantial",
        "purpose": options.purpose,
        "aud": options.audience,
        "iat": now,
        "exp": now + 240,
        "jti": secrets.token_hex(16),
        # RFC 8705: the token is worth nothing over another certificate.
        "cnf": {"x5t#S256": base64url(hashlib.sha256(certificate).digest())},
    }
    signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    return signed + "." + base64url(sign(key_file, signed.encode()))


# --- The question ---


def ask(options, messages):
    common, index, status_pb2, error_details = messages
    folder = os.path.join(options.authority, "agencies", options.agency)
    own = read(os.path.join(folder, "casework.pem"))
    peer = os.path.join(
        options.authority, "agencies", options.borrow_certificate_of or options.agency, "casework")
    credentials = grpc.ssl_channel_credentials(
        root_certificates=read(os.path.join(options.authority, "ca.pem")),
        private_key=read(peer + ".key"),
        certificate_chain=read(peer + ".pem"))
    request = index.WhoKnowsRequest()
    request.request_id = "python-" + secrets.token_hex(8)
    request.person.record_id = options.record
    request.purpose = common.Purpose.Value(
        "PURPOSE_" + options.purpose.upper().replace("-", "_"))
    token = mint_assertion(options, folder, ssl.PEM_cert_to_DER_cert(own.decode()))
    with grpc.secure_channel(options.address, credentials) as channel:
        who_knows = channel.unary_unary(
            "/signpost.v1.IndexService/WhoKnows",
            request_serializer=index.WhoKnowsRequest.SerializeToString,
            response_deserializer=index.WhoKnowsResponse.FromString)
        try:
            response = who_knows(
                request, timeout=9, metadata=(("signpost-assertion", token),),
                # A first attempt to connect may fail without meaning (adapters/kit/await_connection.h).
                wait_for_ready=True)
        except grpc.RpcError as error:
            print("refused: %s %s" % (error.code().name, error.details()))
            for key, value in error.trailing_metadata() or ():
                if key != "grpc-status-details-bin":
                    continue
                for detail in status_pb2.Status.FromString(value).details:
                    info = error_details.ErrorInfo()
                    if detail.Unpack(info):
                        print("reason: %s" % info.reason)
            return 1
    return show(common, index, response)


def show(common, index, response):
    answer = index.WhoKnowsAnswer.FromString(response.answer)
    wrong = []
    if len(response.answer) % 1024 != 0:
        wrong.append("the answer is not padded")
    if len(answer.salt) != 32:
        wrong.append("the answer has no salt")
    if len(response.receipt.leaf_hash) != 32:
        wrong.append("the receipt has no leaf hash")
    # Who does not know an obligation cannot keep to it, and so must not show what it goes with.
    known = answer.DESCRIPTOR.fields_by_name["obligations"].enum_type.values_by_number
    understood = all(known.get(number, known[0]).number != 0 for number in answer.obligations)
    if not understood:
        print("not shown: an obligation that this program does not know")
    for flag in answer.flags if understood else ():
        print("flag: %s, %s, %s" % (
            flag.agency_id, flag.service, common.FlagStatus.Name(flag.status)))
        if flag.contact.name:
            print("ring: %s, %s" % (flag.contact.name, flag.contact.phone))
        for decision in flag.decisions:
            print("decision: %s %s: %s" % (
                common.Aspect.Name(decision.aspect), "shown" if decision.shown else "withheld",
                decision.text.english))
    for coverage in answer.coverage:
        print("coverage: %s %s" % (
            coverage.agency_id, index.CoverageState.Name(coverage.state)))
    print("policy: %s %d" % (answer.policy.name, answer.policy.version))
    print("answer-sha256: %s" % hashlib.sha256(response.answer).hexdigest())
    print("receipt-index: %d" % response.receipt.ledger_index)
    print("receipt-leaf: %s" % response.receipt.leaf_hash.hex())
    for what in wrong:
        print("wrong: " + what)
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description="Asks a Signpost hub who knows a young person.")
    for name in ("address", "authority", "agency", "practitioner", "role", "purpose", "record"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--team", action="append", default=[])
    parser.add_argument("--audience", default="signpost.nortown.example")
    parser.add_argument("--borrow-certificate-of")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return ask(options, load_messages(folder))


if __name__ == "__main__":
    sys.exit(main())
