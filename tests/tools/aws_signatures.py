#!/usr/bin/env python3
"""aws_signatures.py SEED COUNT REQUESTS WANTED: requests to S3 for sign_request, and what botocore makes of them, a JSON
object a line. botocore is the library of the AWS command line; Debian's awscli brings its own copy."""
import datetime
import json
import random
import sys
import urllib.parse

try:
    import botocore.auth
except ImportError:
    sys.path.insert(0, "/usr/lib/python3/dist-packages/awscli")
    import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

now = None


class FixedTime(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return now.replace(tzinfo=None)


# Older versions ask datetime, newer ones a function.
botocore.auth.datetime = type("Module", (), {"datetime": FixedTime})
botocore.auth.get_current_datetime = lambda *_, **__: now.replace(tzinfo=None)


class Signer(botocore.auth.S3SigV4Auth):
    body_hash = None

    def payload(self, request):
        return self.body_hash


PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
ODD = list(" *!()~'+%&=?#/,:;@$\"<>[]{}|\\^`-_.") + ["//", "  ", "%2F", "..", "\u00e9", "\u955c", "\u0301", "\U0001f5a5", "\u00a0"]
PARAMETERS = ["uploads", "uploadId", "partNumber", "prefix", "max-parts", "part-number-marker", "key-marker", "upload-id-marker",
              "encoding-type", "list-type", "x-id"]


def text(chance, longest=16):
    return "".join(chance.choice(PLAIN if chance.random() < 0.5 else ODD) for _ in range(chance.randint(1, longest)))


def header_value(chance):
    return "".join(chance.choice(PLAIN) if chance.random() < 0.7 else chr(chance.randint(32, 126)) for _ in range(chance.randint(1, 20)))


def make(chance):
    bucket = "".join(chance.choice("abcdefghij-0123456789") for _ in range(10)).strip("-") or "b"
    in_path = chance.random() < 0.5
    headers = [[f"x-amz-meta-{text_name}", header_value(chance)] for text_name in
               {"".join(chance.choice("abc-d") for _ in range(4)) for _ in range(chance.randint(0, 3))}]
    if chance.random() < 0.5:
        headers.append(["Content-Type", chance.choice(["application/octet-stream", header_value(chance)])])
    if chance.random() < 0.2:
        headers.append(["Range", "bytes=0-9"])
    query = {name: "" if chance.random() < 0.3 else text(chance) for name in
             {chance.choice(PARAMETERS) if chance.random() < 0.8 else text(chance) for _ in range(chance.randint(0, 4))}}
    return {"scheme": "aws-v4", "method": chance.choice(["GET", "PUT", "POST", "HEAD", "DELETE"]),
            "host": ("" if in_path else bucket + ".") + chance.choice(["s3.us-east-1.amazonaws.com", "127.0.0.1:7480", "s3.oss-cn-hangzhou.aliyuncs.com"]),
            "bucket": bucket, "in_path": in_path, "key": "" if chance.random() < 0.1 else text(chance, 40), "query": list(query.items()),
            "headers": headers, "id": "AKIA" + "".join(chance.choices(PLAIN, k=16)), "secret": "".join(chance.choices(PLAIN + "/+", k=40)),
            "token": "".join(chance.choices(PLAIN + "/+=", k=chance.randint(1, 300))) if chance.random() < 0.4 else "",
            "region": chance.choice(["us-east-1", "default", "oss-cn-hangzhou"]), "time": chance.randint(1262304000, 2145916800),
            "payload": chance.choice(["UNSIGNED-PAYLOAD", "%064x" % chance.getrandbits(256)])}


def quote(text_, safe=""):
    return urllib.parse.quote(text_, safe=safe + "-_.~")


def target_of(request):
    path = "/" + quote(request["key"], "/")
    if request["in_path"]:
        path = "/" + request["bucket"] + ("" if not request["key"] else path)
    query = "&".join(quote(name) + ("=" + quote(value) if value else "") for name, value in request["query"])
    return path + ("?" + query if query else "")


def want(request):
    global now
    now = datetime.datetime.fromtimestamp(request["time"], datetime.timezone.utc)
    signer = Signer(Credentials(request["id"], request["secret"], request["token"] or None), "s3", request["region"])
    signer.body_hash = request["payload"]
    target = target_of(request)
    # A botocore request is made of an address; it reads the query out of it as it stands there.
    made = AWSRequest(method=request["method"], url="https://" + request["host"] + target, headers=dict(map(tuple, request["headers"])))
    signer.add_auth(made)
    return {"target": target, "headers": [[name, value] for name, value in made.headers.items()]}


def main():
    seed, count, requests_file, wanted_file = sys.argv[1:]
    chance = random.Random(int(seed))
    with open(requests_file, "w", encoding="utf-8") as requests, open(wanted_file, "w", encoding="utf-8") as wanted:
        for _ in range(int(count)):
            request = make(chance)
            requests.write(json.dumps(request) + "\n")
            wanted.write(json.dumps(want(request)) + "\n")


main()
