"""Schemathesis over the contract: contract.py WHO http://host:port TOKEN SEED EXAMPLES

EXAMPLES are tried of each operation besides those at the edges of its schemas. Prints how many operations were tried, by
how many requests; what was answered otherwise than documented it prints, and fails.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
WHO, BASE, TOKEN, SEED, EXAMPLES = sys.argv[1:6]


def own_names():
    request = urllib.request.Request(f"{BASE}/api/v1/users/me", headers={"authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request) as answer:
        user = json.load(answer)
    return [user["id"], str(user["id"]), user["username"]]


def explore(folder):
    # As a file: of a document at an address, the operation that serves it is left out.
    urllib.request.urlretrieve(f"{BASE}/openapi.json", Path(folder, "openapi.json"))
    command = [
        Path(sys.executable).with_name("schemathesis"),
        *("--config-file", HERE / "contract.toml"),
        *("run", "openapi.json", "--url", BASE),
        *("--checks", "all", "--seed", SEED, "--max-examples", EXAMPLES),
        *("--no-shrink", "--no-color"),
    ]
    told = {"WHO": WHO, "TOKEN": TOKEN, "OWN_NAMES": json.dumps(own_names())}
    environment = {**os.environ, **told, "PYTHONPATH": str(HERE), "SCHEMATHESIS_HOOKS": "contract_hooks"}
    return subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


with tempfile.TemporaryDirectory() as folder:
    done = explore(folder)
if done.returncode != 0:
    print(f"as {WHO}, seed {SEED}:\n{done.stdout}", file=sys.stderr)
    sys.exit(1)
counts = {"tested": r"Tested: (\d+)", "generated": r"(\d+) generated"}
print(json.dumps({name: int(re.search(pattern, done.stdout)[1]) for name, pattern in counts.items()}))
