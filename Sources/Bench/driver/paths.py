# SPDX-License-Identifier: Apache-2.0
"""Where things are."""
import os
import pathlib

DRIVER = pathlib.Path(__file__).resolve().parent
ROOT = DRIVER.parents[2]
RELEASE = pathlib.Path(os.environ.get("SWIFTLET_BIN", ROOT / ".build/release"))
WORK = ROOT / ".build/bench"
PEERS = DRIVER / "peers"
# Programs as `swift build` makes them when it is told nothing else, and with
# --static-swift-stdlib, as a server is usually shipped.
PLAIN = ROOT / ".build/plain/release"
PLAIN_STATIC = ROOT / ".build/plain-static/release"
