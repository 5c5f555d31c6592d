"""Every line of the table of experiments in profiles/README.md, as a reader would copy it: its exit
status, and the words that the last column promises."""

import os
import re
import shlex

from harness import Failure, Late, test
from warp_support import guest

PAGE = os.path.join(os.path.dirname(__file__), "..", "..", "profiles", "README.md")
ROW = re.compile(r"^\| (?P<number>\d*) \| (?P<title>[^|]*) \| `(?P<line>ghostpeer run [^`]*)` \| "
                 r"(?P<status>\d+) \| (?P<seen>.*) \|$", re.M)


def check(t, row):
    t.need(shlex.split(row["line"].split(" -- ")[1])[0])
    if " --warp " in row["line"]:
        guest(t)
    run = t.ghostpeer(*shlex.split(row["line"])[1:])
    if run.status == 123:
        raise Late(f"the run failed: {run.errors}")
    t.equal(run.status, int(row["status"]), f"exit status of {row['line']}: {run.errors}\nIt")
    for words in re.findall(r"`([^`]*)`", row["seen"]):
        t.contains(run.text + run.errors, words, f"the output of {row['line']}")


def make(row, name):
    def line(t):
        check(t, row)
    line.__name__ = name
    return test(line)


def add_tests():
    """A test for each line of the table, named after its number."""
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    number, count = 0, 0
    for row in ROW.finditer(page):
        count = 1 if row["number"] else count + 1
        number = int(row["number"] or number)
        name = f"line_{number:02}_{count}"
        globals()[name] = make(row, name)
    return number


LAST = add_tests()


@test
def the_table_is_whole(t):
    t.equal(LAST, 25, "the number of the last experiment in the table")
    lines = len([name for name in globals() if name.startswith("line_")])
    with open(PAGE, encoding="utf-8") as file:
        written = len(re.findall(r"^\|[^|]*\|[^|]*\| `ghostpeer run", file.read(), re.M))
    if lines != written:
        raise Failure(f"{written} lines in the table, {lines} of them can be read")
