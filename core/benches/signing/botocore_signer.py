"""Signs as often as each line of the input says, and answers with the nanoseconds that one token took."""

import sys
import time

try:
    from botocore.credentials import Credentials
    from botocore.hooks import HierarchicalEmitter
    from botocore.model import ServiceId
    from botocore.signers import RequestSigner
except ImportError:
    sys.exit("missing")

REGION = "eu-west-1"
KEYS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
# The signer holds it weakly.
EMITTER = HierarchicalEmitter()
signer = RequestSigner(ServiceId("elasticache"), REGION, "elasticache", "v4", KEYS, EMITTER)


def token() -> str:
    """One token, as AWS's examples make it."""
    url = signer.generate_presigned_url(
        {
            "method": "GET",
            "url": "https://my-cluster/?Action=connect&User=iam-user-01",
            "body": {},
            "headers": {},
            "context": {},
        },
        operation_name="connect",
        expires_in=900,
        region_name=REGION,
    )
    return url.removeprefix("https://")


print("ready", flush=True)
for line in sys.stdin:
    calls = int(line)
    start = time.perf_counter_ns()
    for _ in range(calls):
        token()
    print((time.perf_counter_ns() - start) / calls, flush=True)
