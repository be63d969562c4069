#!/usr/bin/env python3
"""Sign a request for the gateway, and send it if asked.

The profile (RFC 9421 with RFC 9530) is described step by step in ../doc.go;
the step numbers below are those of that page. Python's standard library and,
for ed25519, the openssl command (3.0 or later) are all that is needed.

    python3 sign.py --key-file bank.pem --keyid bank-1 --method POST \\
        --url https://pay.example.cn/v1/returns --body returns.json \\
        --idempotency-key 2025-11-25-returns-1 --send

Without --send the headers are printed, one a line. With it the status and the
answer are printed; the exit code is 0 for a 2xx answer, 1 for another, 2 for
wrong usage or input.
"""

import argparse
import base64
import hashlib
import hmac
import http.client
import os
import re
import secrets
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse

VISIBLE = re.compile(r"[\x21-\x7e]+\Z")
PRINTABLE = re.compile(r"[\x20-\x7e]+\Z")
DEFAULT_PORTS = {"https": 443, "http": 80}


class Refusal(Exception):
    """A request or key that the profile does not allow."""


def need(condition, text):
    if not condition:
        raise Refusal(text)


def split_url(url):
    """Return scheme, host, port, authority, path and query, untouched but for step 6."""
    need(VISIBLE.match(url), "the URL holds blanks, control or non-ASCII characters: percent-encode them")
    scheme, _, rest = url.partition("://")
    scheme = scheme.lower()
    need(scheme in DEFAULT_PORTS, "the URL starts with https:// or http://")
    rest = rest.partition("#")[0]
    target, _, query = rest.partition("?")
    authority, slash, path = target.partition("/")
    need("@" not in authority, "the URL carries no user name")
    parts = urllib.parse.urlsplit(scheme + "://" + authority)
    need(parts.hostname, "the URL names a host")
    port = parts.port or DEFAULT_PORTS[scheme]
    host = "[%s]" % parts.hostname if ":" in parts.hostname else parts.hostname
    if port != DEFAULT_PORTS[scheme]:
        host = "%s:%d" % (host, port)
    return scheme, parts.hostname, port, host.lower(), slash + path or "/", query


def content_digest(path):
    """Step 3: the SHA-256 of the raw bytes, read in pieces so that any size will do."""
    digest = hashlib.sha256()
    with open(path, "rb") as body:
        for piece in iter(lambda: body.read(1 << 20), b""):
            digest.update(piece)
    return "sha-256=:%s:" % base64.b64encode(digest.digest()).decode()


def quote(text):
    """Write a structured-field string."""
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"')


def load_key(path):
    """Return (algorithm, secret); for ed25519 the secret stays in its file."""
    with open(path, "rb") as file:
        content = file.read(16 << 10)
    if b"-----BEGIN PRIVATE KEY-----" in content:
        return "ed25519", None
    need(b"-----BEGIN" not in content, "the key file holds no PKCS#8 private key")
    try:
        secret = base64.b64decode(content.strip(), validate=True)
    except ValueError:
        raise Refusal("the key file is neither PEM nor one line of base64") from None
    need(len(secret) >= 32, "an hmac-sha256 secret has at least 32 bytes")
    return "hmac-sha256", secret


def sign_base(algorithm, secret, key_file, base):
    """Step 9."""
    if algorithm == "hmac-sha256":
        return hmac.new(secret, base, hashlib.sha256).digest()
    # pkeyutl must know the length beforehand, hence a file and not a pipe.
    with tempfile.NamedTemporaryFile() as file:
        file.write(base)
        file.flush()
        made = subprocess.run(
            ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key_file, "-in", file.name],
            capture_output=True, check=False)
    need(made.returncode == 0 and len(made.stdout) == 64, "openssl made no ed25519 signature with this key")
    return made.stdout


def sign(options):
    """Return the headers to add and, for those who debug, the signature base."""
    scheme, _, _, authority, path, query = split_url(options.url)
    headers = []
    if options.content_type:
        headers.append(("Content-Type", options.content_type.strip(" \t")))
    if options.body:
        headers.append(("Content-Digest", content_digest(options.body)))
    if options.idempotency_key:
        headers.append(("Idempotency-Key", options.idempotency_key.strip(" \t")))

    created = int(time.time()) if options.created is None else options.created
    nonce = options.nonce or secrets.token_urlsafe(18)
    need(1 <= options.lifetime <= 300, "the lifetime is 1 to 300 seconds")
    need(VISIBLE.match(nonce) and 16 <= len(nonce) <= 64, "a nonce has 16 to 64 visible ASCII characters")
    need(VISIBLE.match(options.keyid) and len(options.keyid) <= 64, "a key id has 1 to 64 visible ASCII characters")

    algorithm, secret = load_key(options.key_file)
    # Steps 5 and 6: what is covered, in the order of the profile.
    covered = [("@method", options.method), ("@authority", authority), ("@path", path), ("@query", "?" + query)]
    covered += [(name.lower(), value) for name, value in headers]
    for name, value in covered:
        need(PRINTABLE.match(value), "%s is empty or not printable ASCII" % name)
    # Step 7.
    params = "(%s);created=%d;expires=%d;nonce=%s;keyid=%s;alg=%s" % (
        " ".join('"%s"' % name for name, _ in covered), created, created + options.lifetime,
        quote(nonce), quote(options.keyid), quote(algorithm))
    # Step 8.
    base = "".join('"%s": %s\n' % line for line in covered) + '"@signature-params": ' + params
    signature = sign_base(algorithm, secret, options.key_file, base.encode("ascii"))
    # Step 10.
    headers.append(("Signature-Input", "sig1=" + params))
    headers.append(("Signature", "sig1=:%s:" % base64.b64encode(signature).decode()))
    return headers, base


def send(options, headers):
    """Send the request exactly as it was signed; redirects are not followed."""
    scheme, host, port, authority, path, query = split_url(options.url)
    if scheme == "https":
        trust = ssl.create_default_context(cafile=options.ca_file)
        connection = http.client.HTTPSConnection(host, port, timeout=options.timeout, context=trust)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=options.timeout)
    # A bare question mark signs like no query at all, so it is not sent.
    target = path + ("?" + query if query else "")
    connection.putrequest(options.method, target, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", authority)
    for name, value in headers:
        connection.putheader(name, value)
    if options.body:
        with open(options.body, "rb") as body:
            connection.putheader("Content-Length", str(os.fstat(body.fileno()).st_size))
            connection.endheaders()
            for piece in iter(lambda: body.read(1 << 20), b""):
                connection.send(piece)
    else:
        if options.method not in ("GET", "HEAD"):
            connection.putheader("Content-Length", "0")
        connection.endheaders()
    answer = connection.getresponse()
    print(answer.status, answer.reason)
    sys.stdout.flush()
    sys.stdout.buffer.write(answer.read())
    connection.close()
    return 0 if 200 <= answer.status < 300 else 1


def main():
    parser = argparse.ArgumentParser(description="Sign a request for the gateway (RFC 9421).")
    parser.add_argument("--key-file", required=True, help="PKCS#8 PEM (ed25519) or one line of base64 (hmac-sha256)")
    parser.add_argument("--keyid", required=True)
    parser.add_argument("--method", required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--body", help="file whose bytes are the body")
    parser.add_argument("--content-type", help="default application/json where there is a body")
    parser.add_argument("--idempotency-key")
    parser.add_argument("--lifetime", type=int, default=300, help="seconds from created to expires, 1 to 300")
    parser.add_argument("--created", type=int, help="seconds since 1970; default now")
    parser.add_argument("--nonce", help="default random")
    parser.add_argument("--print-base", action="store_true", help="print the signature base before the headers")
    parser.add_argument("--send", action="store_true", help="send the request and print the answer")
    parser.add_argument("--ca-file", help="PEM certificates to trust instead of the system's")
    parser.add_argument("--timeout", type=float, default=60, help="seconds")
    options = parser.parse_args()
    if options.body and options.content_type is None:
        options.content_type = "application/json"
    try:
        headers, base = sign(options)
        if options.print_base:
            print(base + "\n")
        if options.send:
            return send(options, headers)
        for name, value in headers:
            print("%s: %s" % (name, value))
        return 0
    except (Refusal, OSError, ValueError, http.client.HTTPException) as error:
        print("sign.py: %s" % error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
