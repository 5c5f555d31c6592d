#!/usr/bin/env python3
"""Runs every command of the README.

    readme_commands.py README.md GHOSTPEER

Each ```sh block has a comment above it that says what becomes of it:

    <!-- runs -->                               exit status 0
    <!-- runs: status 7 -->                     that exit status
    <!-- runs: status 7, shows "refused" -->    and that text among what it prints
    <!-- runs in the build folder -->          `build` stands for the folder of GHOSTPEER
    <!-- runs in virtual time: … -->           the same, where a kernel for it has been built
    <!-- does not run: the reason -->

A block of any language below `<!-- file: NAME -->` is written to NAME first. All blocks share one
scratch folder, which also is their home, in the order of the README. A block without a comment
is an error, so that no command enters the README untried.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"(?:^<!-- (?P<note>[^\n]*) -->\n+)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
                   re.M | re.S)
RUNS = re.compile(r"runs(?P<build> in the build folder)?(?P<virtual> in virtual time)?(?:: (?:status (?P<status>\d+))?(?:, )?"
                  r'(?:shows "(?P<shows>[^"]*)")?)?$')
SECONDS = 240
VIRTUAL = "ghostpeer run -q --warp healthy -- true"
NO_KERNEL = "ghostpeer warp build"


def run(text, folder, binary):
    """The block's exit status and everything that it printed."""
    environment = dict(os.environ, HOME=str(folder), NO_COLOR="1",
                       PATH=f"{binary.parent}:{os.environ['PATH']}")
    with subprocess.Popen(["bash", "-euo", "pipefail", "-c", text], cwd=folder, env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, start_new_session=True) as shell:
        try:
            output, _ = shell.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(shell.pid, 9)
            output, _ = shell.communicate()
            return None, output
        return shell.returncode, output


def judge(note, status, output):
    """What is wrong with the outcome, as a sentence; None when it is as the note says."""
    expected = int(note["status"] or 0)
    if status is None:
        return f"It did not end within {SECONDS} s."
    if status != expected:
        return f"It ended with {status} and not with {expected}."
    if note["shows"] and note["shows"] not in output:
        return f'It did not print "{note["shows"]}".'
    return None


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    readme = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
    binary = pathlib.Path(sys.argv[2]).resolve()
    failures = tried = left = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        os.chmod(folder, 0o755)
        for block in BLOCK.finditer(readme):
            note, text = block["note"] or "", block["text"]
            line = readme.count("\n", 0, block.start("text"))
            if note.startswith("file: "):
                (folder / note[len("file: "):]).write_text(text, encoding="utf-8")
            if block["language"] != "sh" or note.startswith("does not run: "):
                continue
            marked = RUNS.match(note)
            if marked:
                if marked["build"]:
                    text = re.sub(r"\bbuild\b", str(binary.parent), text)
                if marked["virtual"] and NO_KERNEL in run(VIRTUAL, folder, binary)[1]:
                    left += 1
                    continue
                status, output = run(text, folder, binary)
                wrong, tried = judge(marked, status, output), tried + 1
            else:
                wrong, output = "No comment above it says whether it runs.", ""
            if wrong:
                failures += 1
                print(f"README.md:{line}: {wrong}\n{text}{output}")
    print(f"{tried} blocks of commands run, {failures} wrong, {left} left out without a kernel for "
          "virtual time.")
    return 1 if failures or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
