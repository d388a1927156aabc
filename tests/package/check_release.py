#!/usr/bin/env python3
"""Checks the files of a release that a local server has.

    tests/package/check_release.py DIRECTORY REPOSITORY TARGET

DIRECTORY is the release as scripts/release-files left it, REPOSITORY the address that it was given, and TARGET the one
whose archive is real.
"""

import hashlib
import io
import json
import re
import sys
import tarfile
import tomllib
import urllib.request
from pathlib import Path

SUFFIXES = {"tgz": ".tar.gz", "zip": ".zip"}
TARGETS = (
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
)
# An address, and the first sum after it, as Ruby, JSON and YAML write them.
ADDRESS_AND_SUM = re.compile(r'(http\S+?/download/v[\d.]+/[^"\s]+)"?,?\s+"?\w+"?:? "?([0-9a-f]{64})')


def fetch(address):
    """Returns what an address serves."""
    with urllib.request.urlopen(address) as response:
        return response.read()


def check_manifests(release, version):
    """Every manifest is filled, and each sum in it is that of what its address serves."""
    addresses = {"chatauth.rb": 4, "chatauth.json": 1, "owner.chatauth.installer.yaml": 1}
    manifests = [release / "chatauth.rb", release / "chatauth.json", *release.glob("*.yaml")]
    assert len(manifests) == 5, manifests
    for manifest in manifests:
        text = manifest.read_text(encoding="utf-8")
        assert version in text and not re.search("@[A-Z]", text), f"{manifest} is not filled"
        found = ADDRESS_AND_SUM.findall(text)
        assert len(found) == addresses.get(manifest.name, 0), f"{manifest} has {found}"
        for address, wanted in found:
            assert hashlib.sha256(fetch(address)).hexdigest() == wanted, f"{manifest}: wrong sum of {address}"
    json.loads((release / "chatauth.json").read_text(encoding="utf-8"))


def check_binstall(repository, real_target):
    """The template of `cargo binstall` names the archives of every target, and the program in them."""
    package = tomllib.loads(Path("Cargo.toml").read_text(encoding="utf-8"))["package"]
    binstall = package["metadata"]["binstall"]
    for target in TARGETS:
        values = {
            "repo": repository,
            "name": package["name"],
            "version": package["version"],
            "target": target,
            "archive-suffix": SUFFIXES[binstall.get("overrides", {}).get(target, binstall)["pkg-fmt"]],
            "bin": "chatauth",
            "binary-ext": ".exe" if "-windows-" in target else "",
        }

        def resolve(template, values=values):
            return re.sub(r"\{ ([a-z-]+) \}", lambda found: values[found[1]], template)

        content = fetch(resolve(binstall["pkg-url"]))
        if target == real_target:
            names = tarfile.open(fileobj=io.BytesIO(content)).getnames()
            assert resolve(binstall["bin-dir"]) in names, f"no {resolve(binstall['bin-dir'])} in {names}"


def main(release, repository, real_target):
    version = tomllib.loads(Path("Cargo.toml").read_text(encoding="utf-8"))["package"]["version"]
    check_manifests(Path(release), version)
    check_binstall(repository, real_target)


if __name__ == "__main__":
    main(*sys.argv[1:])
