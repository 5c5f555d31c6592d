#!/usr/bin/env python3
"""Holds profiles/README.md to what ghostpeer does.

    reference.py GHOSTPEER PROFILES           tests the page
    reference.py --write GHOSTPEER PROFILES   renews the table of the catalogue in it

Each ```yaml block is given to `ghostpeer check`: a whole profile, some of its keys, or a list of
rules (below the comment <!-- expectations --> a list of expectations). A comment above a block
makes a run of it as well:

    <!-- run with `COMMAND` -->                              exit status 0
    <!-- run with `COMMAND`, status 7, shows "refused" -->   that status, and that text in what it
                                                             prints
    <!-- mistakes: TEXT -->                                  `check` refuses it, with that text

Every word of the schema has to stand in some block, and the table of the catalogue has to be the
one that `ghostpeer list` makes. The table of what counts as fired has each action of the schema.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"(?:^<!-- (?P<note>[^\n]*) -->\n+)?^```yaml\n(?P<text>.*?)^```$", re.M | re.S)
RUN = re.compile(r'run with `(?P<command>[^`]*)`(?:, status (?P<status>\d+))?'
                 r'(?:, shows "(?P<shows>[^"]*)")?$')
CATALOGUE = re.compile(r"(?<=<!-- catalogue -->\n).*(?=<!-- end of the catalogue -->)", re.S)
SECONDS = 60


def whole_profile(text, note):
    """The block as a profile: what it leaves out is added in front, so that lines are kept."""
    first = next((line for line in text.splitlines() if line and not line.startswith("#")), "")
    if first.startswith("- "):
        key = "expect" if note == "expectations" else "rules"
        text = f"{key}:\n" + text
    if not re.search(r"^(summary|extends):", text, re.M):
        text = "summary: an example\n" + text
    return text


def run(*command, folder):
    try:
        result = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, text=True,
                                capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return None, ""
    return result.returncode, result.stdout + result.stderr


def judge(ghostpeer, note, text, folder):
    """What is wrong with the block; empty: nothing."""
    path = pathlib.Path(folder, "example.yaml")
    path.write_text(whole_profile(text, note), encoding="utf-8")
    status, output = run(ghostpeer, "check", path, folder=folder)
    if note.startswith("mistakes: "):
        wanted = note.removeprefix("mistakes: ")
        return "" if status != 0 and wanted in output else f"`check` says: {output}"
    if status != 0:
        return output
    marked = RUN.match(note)
    if marked is None:
        return ("" if note in ("", "expectations")
                else f"the comment above it means nothing: {note}")
    status, output = run(ghostpeer, "run", path, "--", "sh", "-c", marked["command"],
                         folder=folder)
    if status != int(marked["status"] or 0):
        return f"the run ended with {status}: {output}"
    if marked["shows"] and marked["shows"] not in output:
        return f"the run does not show \"{marked['shows']}\": {output}"
    return ""


def words_of(schema, without):
    """Every word of the language: keys, and what is one of several words. What the loader cannot
    read yet, and all below it, is left out; so are tags, which the catalogue shows."""
    words, seen = set(), {"#/definitions/tag"}

    def walk(node):
        if isinstance(node, list):
            for each in node:
                walk(each)
        if not isinstance(node, dict):
            return
        for word in node.get("enum", []):
            if isinstance(word, str) and word not in without:
                words.add(word)
        reference = node.get("$ref")
        if reference and reference not in seen:
            seen.add(reference)
            walk(schema["definitions"][reference.removeprefix("#/definitions/")])
        for key, value in node.items():
            if key == "properties":
                words.update(word for word in value if word not in without)
                walk([each for word, each in value.items() if word not in without])
            elif key != "definitions":
                walk(value)

    walk(schema)
    return words


def unused_words(schema, page, examples):
    """Words of the schema that no example has."""
    not_yet = re.search(r"^## Not supported yet\n(.*?)(?=^## )", page, re.M | re.S)
    without = set(re.findall(r"`([\w-]+)`", not_yet[1])) if not_yet else set()
    return [word for word in sorted(words_of(schema, without))
            if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", examples)]


def actions_without_a_word(schema, page):
    """Actions of which the page does not say when they count as done, and words of its table that
    are no actions."""
    actions = set(next(form["properties"] for form in schema["definitions"]["action"]["anyOf"]
                       if form.get("type") == "object"))
    section = re.search(r"^### What counts as fired\n(.*?)(?=^### )", page, re.M | re.S)
    first_cells = re.findall(r"^\| (`[^|]*) \|", section[1] if section else "", re.M)
    return sorted(actions ^ set(re.findall(r"`([\w-]+)`", " ".join(first_cells))))


def table(ghostpeer):
    """The catalogue as Markdown, a table for each first tag."""
    listed = subprocess.run([ghostpeer, "list"], capture_output=True, text=True, check=True).stdout
    titles = dict(re.findall(r"^([a-z-]+): (.*)$", listed, re.M))
    profiles = json.loads(subprocess.run([ghostpeer, "list", "--json"], capture_output=True,
                                         text=True, check=True).stdout)
    parts = []
    for tag, title in titles.items():
        parts += [f"### {tag}", "", f"{title[:1].upper()}{title[1:]}.", "",
                  "| profile | what the peer does | parameters |", "|---|---|---|"]
        for profile in profiles:
            if profile["tags"][0] == tag:
                params = ", ".join(f"`{name}={value}`" for name, value in
                                   profile["params"].items()).replace("|", "\\|")
                params = params.replace("\r", "\\r").replace("\n", "\\n")
                parts.append(f"| [`{profile['name']}`]({profile['name']}.yaml) | "
                             f"{profile['summary']} | {params} |")
        parts.append("")
    return "\n" + "\n".join(parts)


def main():
    arguments = [one for one in sys.argv[1:] if one != "--write"]
    if len(arguments) != 2:
        sys.exit(__doc__)
    ghostpeer, folder = os.path.abspath(arguments[0]), pathlib.Path(arguments[1])
    readme = folder / "README.md"
    page = readme.read_text(encoding="utf-8")
    if "--write" in sys.argv:
        readme.write_text(CATALOGUE.sub(lambda _: table(ghostpeer), page), encoding="utf-8")
        return 0
    schema = json.loads((folder / "schema.json").read_text(encoding="utf-8"))
    problems, blocks = [], list(BLOCK.finditer(page))
    with tempfile.TemporaryDirectory() as scratch:
        os.chmod(scratch, 0o755)
        for block in blocks:
            wrong = judge(ghostpeer, block["note"] or "", block["text"], scratch)
            if wrong:
                line = page.count("\n", 0, block.start("text")) + 1
                problems.append(f"README.md:{line}: {wrong.strip()}")
        examples = "\n".join(block["text"] for block in blocks)
        problems += [f"no example has the word `{word}`"
                     for word in unused_words(schema, page, examples)]
    problems += [f"`{word}` is an action, or a word of the table of what counts as fired, but not both"
                 for word in actions_without_a_word(schema, page)]
    shown = CATALOGUE.search(page)
    if shown is None or shown[0] != table(ghostpeer):
        problems.append("the table of the catalogue is not that of `ghostpeer list`; "
                        "tests/profiles/reference.py --write renews it")
    print("\n".join([*problems, f"{len(blocks)} examples, {len(problems)} problems"]))
    return 1 if problems or not blocks else 0


if __name__ == "__main__":
    sys.exit(main())
