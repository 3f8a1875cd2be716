"""Compares the licence of every crate in Cargo.lock with those that .deny.toml allows.

Reads the same tables as cargo-deny does: `licenses.allow` and `licenses.exceptions`.
"""

import json
import re
import subprocess
import sys
import tomllib


def satisfied(expression: str, allowed: set[str]) -> bool:
    """Whether an SPDX expression can be met with allowed licences. `/` is how old crates write OR."""
    tokens = re.findall(r"[()]|[^\s()]+", re.sub(r"\s+WITH\s+", "+WITH+", expression.replace("/", " OR ")))
    words = {"OR": "or", "AND": "and", "(": "(", ")": ")"}
    truth = (words.get(token) or str(token.replace("+WITH+", " WITH ") in allowed) for token in tokens)
    return eval(" ".join(truth))  # nothing but or, and, parentheses, True and False


def main() -> int:
    with open(".deny.toml", "rb") as file:
        rules = tomllib.load(file)["licenses"]
    exceptions = {rule["crate"]: set(rule["allow"]) for rule in rules.get("exceptions", [])}
    command = ["cargo", "metadata", "--locked", "--format-version", "1"]
    packages = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)["packages"]
    wrong = 0
    for package in packages:
        allowed = set(rules["allow"]) | exceptions.get(package["name"], set())
        licence = package["license"]
        if not licence or not satisfied(licence, allowed):
            print(f"error: {package['name']} {package['version']}: the licence {licence} is not allowed", file=sys.stderr)
            wrong += 1
    if wrong:
        print("help: choose another crate, or allow the licence in .deny.toml with a reason", file=sys.stderr)
    else:
        print(f"{len(packages)} crates, every licence allowed")
    return min(wrong, 1)


sys.exit(main())
