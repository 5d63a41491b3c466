# SPDX-License-Identifier: Apache-2.0
"""Tables for people, and results.json for programs."""
import json
import os
import sys

COLOUR = sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _styled(text, code):
    return f"\033[{code}m{text}\033[0m" if COLOUR else text


def heading(text):
    print("\n" + _styled(text, "1"), flush=True)


def note(text):
    print(_styled(text, "2"), flush=True)


def table(columns, rows):
    """The first column to the left, numbers to the right."""
    cells = [columns] + [["-" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    for number, row in enumerate(cells):
        line = "  ".join(cell.ljust(width) if index == 0 else cell.rjust(width)
                         for index, (cell, width) in enumerate(zip(row, widths)))
        print(_styled(line, "2") if number == 0 else line, flush=True)


class Results:
    """What was measured against whom; a ratio above 1 is always better than the peer."""

    def __init__(self):
        self.rows = []

    def add(self, name, value, unit, peer=None, peer_value=None, more_is_better=True):
        ratio = None
        if value and peer_value:
            ratio = round(value / peer_value if more_is_better else peer_value / value, 3)
        self.rows.append({
            "name": name, "value": round(value, 3), "unit": unit, "peer": peer,
            "peer_value": round(peer_value, 3) if peer_value is not None else None, "ratio": ratio,
        })

    def write(self, path):
        path.write_text(json.dumps(self.rows, indent=1) + "\n")
