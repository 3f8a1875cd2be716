"""Checks which crate of the workspace may use which, and what must stay out of the libraries (core/README.md)."""

import json
import subprocess
import sys

# Whom each crate uses. Every test may also use TESTS.
ARROWS = {
    "bunraku-core": set(),
    "bunraku-cli": {"bunraku-core"},
    "bunraku-capture": {"bunraku-core"},
    "bunraku-engine": {"bunraku-core"},
    "bunraku": {"bunraku-core", "bunraku-cli", "bunraku-capture", "bunraku-engine"},
    "bunraku-distill": {"bunraku-core", "bunraku-cli", "bunraku-engine"},
    "bunraku-test-support": set(),
    "bunraku-fuzz": {"bunraku-core", "bunraku-capture", "bunraku-distill", "bunraku-test-support"},
}
TESTS = {"bunraku-test-support"}

# What must not be anywhere below a crate, on any platform and with every feature. (Below the engine there is tokio's
# `sync`, by which core's sources are told to stop; the engine itself must not use it.)
WINDOW = {"winit", "egui", "axum", "nokhwa"}
BANNED = {"bunraku-engine": WINDOW, "bunraku-distill": WINDOW}
BANNED_DIRECTLY = {"bunraku-engine": {"tokio", "tokio-util"}}


def metadata() -> dict:
    command = ["cargo", "metadata", "--locked", "--all-features", "--format-version", "1"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def uses(node: dict, kinds: set) -> set[str]:
    """The ids of the packages that a package uses as dependencies of these kinds (None is a normal one)."""
    return {dep["pkg"] for dep in node["deps"] if kinds & {kind["kind"] for kind in dep["dep_kinds"]}}


def below(start: str, nodes: dict) -> set[str]:
    """The ids of all that is built into a package."""
    seen, queue = set(), [start]
    while queue:
        new = uses(nodes[queue.pop()], {None, "build"}) - seen
        seen |= new
        queue += new
    return seen


def wrong_arrows(members: dict, nodes: dict) -> list[str]:
    """What differs from ARROWS, a message each. `members` are the workspace's packages, id to name."""
    found = []
    for id, name in members.items():
        normal = {members[used] for used in uses(nodes[id], {None, "build"}) & members.keys()}
        tests = {members[used] for used in uses(nodes[id], {"dev"}) & members.keys()} - TESTS
        allowed = ARROWS.get(name)
        if allowed is None:
            found.append(f"{name} is not in .ci/arrows.py: say there what it may use")
            continue
        found += [f"{name} must not use {used}" for used in sorted((normal | tests) - allowed)]
        found += [f"{name} no longer uses {used}: take it out of .ci/arrows.py" for used in sorted(allowed - normal)]
    return found


def banned(members: dict, nodes: dict, names: dict) -> list[str]:
    """The banned packages below each crate, a message each. `names` are those of all packages, id to name."""
    found = []
    for id, name in members.items():
        inside = {names[used] for used in below(id, nodes)} & BANNED.get(name, set())
        inside |= {names[used] for used in uses(nodes[id], {None, "build"})} & BANNED_DIRECTLY.get(name, set())
        found += [f"{name} must not contain {package}: see cargo tree -p {name} -i {package}" for package in sorted(inside)]
    return found


def main() -> int:
    data = metadata()
    names = {package["id"]: package["name"] for package in data["packages"]}
    nodes = {node["id"]: node for node in data["resolve"]["nodes"]}
    members = {id: names[id] for id in data["workspace_members"]}
    wrong = wrong_arrows(members, nodes) + banned(members, nodes, names)
    for message in wrong:
        print(f"error: {message}", file=sys.stderr)
    if not wrong:
        print(f"{len(members)} crates, every arrow allowed")
    return min(len(wrong), 1)


sys.exit(main())
