#!/usr/bin/env python3
"""Holds profiles/schema.json to what the loader reads.

    schema.py GHOSTPEER PROFILES

The loader names the words that it knows when it meets one that it does not; each table of words is
asked so and compared with the schema's. Every profile of the catalogue has to satisfy the schema,
and a list of good and of broken profiles is judged alike by both.
"""

import glob
import json
import os
import re
import subprocess
import sys
import tempfile

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(f"all skipped: {missing}; install python3-jsonschema and python3-yaml")
    sys.exit(77)

UNKNOWN = "zzzzzzzzzz"
KNOWN = re.compile(rf"there is no [^`]*`{UNKNOWN}`[^;]*; known are (.*)")
RULE = "rules: [{on: receive data, do: drop, %s}]"
ON = "rules: [{on: %s, do: reset}]"
DO = "rules: [{on: receive data, do: %s}]"
WORD = "%s: 1"

# (a table of words, a text that asks the loader for it, where the schema has it)
TABLES = [
    ("top-level keys", WORD, "properties"),
    ("tags", "tags: [%s]", "definitions/tag/enum"),
    ("keys of a rule", RULE % WORD, "definitions/rule/properties"),
    ("conditions", RULE % f"when: {{{WORD}}}", "definitions/when/properties"),
    ("states", RULE % "when: {state: %s}", "definitions/state/anyOf/0/enum"),
    ("kinds", ON % "receive %s", "definitions/event/anyOf/0/enum"),
    ("reasons", ON % "send %s", "definitions/event/anyOf/1/enum"),
    ("states that are entered", ON % "enter %s", "definitions/event/anyOf/2/enum"),
    ("actions", DO % f"{{{WORD}}}", "definitions/action/anyOf/1/properties"),
    ("keys of reset", DO % f"{{reset: {{{WORD}}}}}",
     "definitions/action/anyOf/1/properties/reset/anyOf/1/properties"),
    ("keys of say", DO % f"{{say: {{{WORD}}}}}", "definitions/words/properties"),
    ("fields of set", DO % f"{{set: {{{WORD}}}}}", "definitions/segment/properties"),
    ("fields of send", DO % f"{{send: {{{WORD}}}}}", "definitions/segment/properties"),
    ("keys of icmp", DO % f"{{icmp: {{kind: host-unreachable, {WORD}}}}}",
     "definitions/icmp/anyOf/2/properties"),
    ("kinds of icmp", DO % "{icmp: {kind: %s}}", "definitions/icmp/anyOf/0/enum"),
    ("kinds of corruption", DO % "{corrupt: %s}",
     "definitions/action/anyOf/1/properties/corrupt/anyOf/0/enum"),
    ("keys of tcp", f"tcp: {{{WORD}}}", "definitions/tcp/properties"),
    ("keys of window", f"tcp: {{window: {{{WORD}}}}}",
     "definitions/tcp/properties/window/anyOf/1/properties"),
    ("keys of retries", f"tcp: {{retries: {{{WORD}}}}}",
     "definitions/tcp/properties/retries/anyOf/1/properties"),
    ("keys of ip", f"ip: {{{WORD}}}", "definitions/ip/properties"),
    ("keys of link", f"link: {{{WORD}}}", "definitions/link/properties"),
    ("keys of one direction", f"link: {{up: {{{WORD}}}}}", "definitions/link_way/properties"),
    ("keys of loss", f"link: {{loss: {{{WORD}}}}}",
     "definitions/link/properties/loss/anyOf/1/properties"),
    ("keys of a frame", f"service: {{script: [{{expect: {{{WORD}}}}}]}}",
     "definitions/frame/properties"),
    ("kinds of numbers", "service: {script: [{expect: {length: %s}}]}",
     "definitions/frame/properties/length/anyOf/0/enum"),
    ("services", f"service: {{{WORD}}}", "definitions/service/anyOf/2/properties"),
    ("keys of discard", f"service: {{discard: {{{WORD}}}}}",
     "definitions/service/anyOf/2/properties/discard/anyOf/1/properties"),
    ("keys of source", f"service: {{source: {{{WORD}}}}}",
     "definitions/service/anyOf/2/properties/source/anyOf/1/properties"),
    ("keys of respond", f"service: {{respond: {{{WORD}}}}}",
     "definitions/service/anyOf/2/properties/respond/properties"),
    ("keys of an attempt", f"attempts: {{1: {{{WORD}}}}}",
     "definitions/behaviour/anyOf/2/properties"),
    ("keys of client", f"client: {{{WORD}}}", "properties/client/properties"),
    ("keys of expect", f"expect: [{{{WORD}}}]", "definitions/expectation/properties"),
    ("keys of apart", f"expect: [{{see: start, apart: {{{WORD}}}}}]",
     "definitions/expectation/properties/apart/anyOf/3/properties"),
    ("keys of command", f"expect: [{{command: {{{WORD}}}}}]",
     "definitions/expectation/properties/command/properties"),
    ("outcomes", "expect: [{outcome: %s}]", "definitions/outcome/anyOf/0/enum"),
]

BROKEN = [
    "summary: x\nlink: {}", "summary: x\nlink: {rate: 3}", "summary: x\nlink: 1Mbit/s",
    "summary: x\nlink: {loss: {good_to_bad: 1%}}", "summary: x\nlink: {up: {rate: 1mbit/s}}",
    "extends: []", "extends: {healthy: }",
    "rules: []", "summary: ''", "summary: x\nsumary: y", "summary: x\ntags: [handshke]",
    "summary: x\ntags: []", "summary: x\ntags: [reset, reset]", "summary: x\nparams: [a]",
    "summary: x\nparams: {1a: 2}", "summary: x\nrules: {on: start, do: reset}",
    "summary: x\nrules: [reset]", "summary: x\nrules: [{on: start}]",
    "summary: x\nrules: [{do: reset}]", "summary: x\nrules: [{on: receive, do: drop}]",
    "summary: x\nrules: [{on: receive dta, do: drop}]",
    "summary: x\nrules: [{on: enter listen, do: reset}]",
    "summary: x\nrules: [{on: received, do: reset}]",
    "summary: x\nrules: [{on: idle 5, do: reset}]",
    "summary: x\nrules: [{on: command 1a, do: reset}]",
    "summary: x\nrules: [{on: [], do: reset}]", "summary: x\nrules: [{on: start, do: []}]",
    "summary: x\nrules: [{on: start, do: {}}]", "summary: x\nrules: [{on: start, do: {drop: 1}}]",
    "summary: x\nrules: [{on: start, do: {log: a, reset: }}]",
    "summary: x\nrules: [{on: receive data, do: {delay: 50}}]",
    "summary: x\nrules: [{on: receive data, do: delay}]",
    "summary: x\nrules: [{on: receive data, do: {duplicate: 0}}]",
    "summary: x\nrules: [{on: start, do: {blackhole: up}}]",
    "summary: x\nrules: [{on: start, do: {window: -1}}]",
    "summary: x\nrules: [{on: start, do: {window: big}}]",
    "summary: x\nrules: [{on: start, do: {say: {text: a, bytes: 1}}}]",
    "summary: x\nrules: [{on: start, do: {say: [a]}}]",
    "summary: x\nrules: [{on: start, do: {say: {push: false}}}]",
    "summary: x\nrules: [{on: start, do: {say: {text: a, push: maybe}}}]",
    "summary: x\nrules: [{on: start, do: {say: {text: a, pieces: few}}}]",
    "summary: x\nrules: [{on: start, do: {reset: {seq: snd.nxtt}}}]",
    "summary: x\nrules: [{on: start, do: {reset: {seq: 4294967296}}}]",
    "summary: x\nrules: [{on: start, do: {reset: {seq: ts.now}}}]",
    "summary: x\nrules: [{on: start, first: 0, do: reset}]",
    "summary: x\nrules: [{on: start, every: x, do: reset}]",
    "summary: x\nrules: [{on: start, probability: 1, do: reset}]",
    "summary: x\nrules: [{on: start, optional: maybe, do: reset}]",
    "summary: x\nrules: [{on: start, after: soon, do: reset}]",
    "summary: x\nrules: [{on: receive data, when: {}, when2: {}, do: reset}]",
    "summary: x\nrules: [{on: receive data, when: {length: '=> 5'}, do: drop}]",
    "summary: x\nrules: [{on: receive data, when: {flags: XY}, do: drop}]",
    "summary: x\nrules: [{on: receive data, when: {state: open}, do: drop}]",
    "summary: x\ntcp: {mss: 0}", "summary: x\ntcp: {mss: 65536}", "summary: x\ntcp: {mss: on}",
    "summary: x\ntcp: {window_scale: 15}", "summary: x\ntcp: {sack: maybe}",
    "summary: x\ntcp: {isn: any}", "summary: x\ntcp: {rto: 5}", "summary: x\ntcp: {retries: 256}",
    "summary: x\ntcp: {retries: {fin: 2}}", "summary: x\ntcp: {retries: {data: 256}}",
    "summary: x\ntcp: {window: {least: 1KiB}}", "summary: x\ntcp: {window: {max: wide}}",
    "summary: x\ntcp: {send_mss: 0}", "summary: x\ntcp: {initial_cwnd: 0}",
    "summary: x\ntcp: {reuse: always}", "summary: x\ntcp: {option_order: [mss]}",
    "summary: x\ntcp: {option_order: [mss, mss, sack, timestamps]}",
    "summary: x\ntcp: {quick_acks: few}", "summary: x\ntcp: {rto_min: 5}",
    "summary: x\ntcp: 5", "summary: x\nip: {ttl: 0}", "summary: x\nip: {tos: 256}",
    "summary: x\nexpect: [{command: {}}]", "summary: x\nexpect: [{command: 28}]",
    "summary: x\nexpect: [{command: {status: 256}}]",
    "summary: x\nexpect: [{command: {status: []}}]",
    "summary: x\nexpect: [{command: {within: soon}}]",
    "summary: x\nservice: ecko", "summary: x\nservice: {echo: {rate: 1B/s}}",
    "summary: x\nservice: {discard: {rate: 10}}", "summary: x\nservice: {respond: {when: a}}",
    "summary: x\nservice: {respond: {text: a, file: b}}", "summary: x\nservice: respond",
    "summary: x\nservice: {discard: , echo: }", "summary: x\nafter_eof: stay",
    "summary: x\nattempts: {0-x: refuse}", "summary: x\nattempts: {1: {summary: y}}",
    "summary: x\nattempts: [refuse]", "summary: x\nsysctl: {tcp_syn_retries: 1}",
    "summary: x\nsysctl: [a]", "- summary: x", "summary: [x]",
]

GOOD = [
    "summary: x\nlink: {rate: 1.5Mbit/s, delay: 5ms, loss: {good_to_bad: 1%, bad_to_good: 2%}}",
    "summary: x\nlink: {down: {rate: unlimited}, up: {rate: 9600bit/s, queue: 4KiB}}",
    "extends: [lossy, high-latency]",
    "summary: x", "summary: x\ntags: reset", "extends: healthy", "summary: x\nrules: []",
    "summary: x\nparams: {n: 1}\nrules: [{on: start, first: '${n}', do: log}]".replace(
        "do: log", "do: {log: hello}"),
    "summary: x\nrules:\n- {'on': [receive syn, 'idle 1.5s'], first: '2', do: [log: a, reset]}",
    "summary: x\nrules: [{on: receive any, when: {length: '> 5', elapsed: 1s..2s, "
    "state: [closing]}, nth: 2.., do: {delay: 5ms}}]",
    "summary: x\ntcp: {mss: off, window: 4KiB, window_scale: '7', sack: yes, timestamps: false, "
    "isn: random, delayed_ack: off, ecn: passive, time_wait: 1s}",
    "summary: x\ntcp: {window: {initial: 4KiB, max: '16MiB'}, timestamps: passive, reuse: never, "
    "option_order: [window_scale, mss, sack, timestamps], retries: {syn: 4, closed: '5'}, "
    "send_mss: 536, send_buffer: 1072, initial_cwnd: '4', quick_acks: off, reset_unread: no, "
    "rto_min: 300ms, fin_wait_2: 20s}",
    "summary: x\nservice: {source: {bytes: 1MiB, rate: 10KiB/s}}", "summary: x\nservice: {hold: }",
    "summary: x\nattempts: {1-2: refuse, 3: [{on: start, do: reset}], 4+: {service: echo}}",
    "summary: x\nsysctl: {net.ipv4.tcp_syn_retries: 2, net.ipv4.tcp_rmem: 4096 4096 4096}",
    "summary: x\nrules: [{on: receive data, do: {reset: {seq: snd.nxt + snd.wnd - 1}}}]",
    "summary: x\nrules: [{on: start, do: [{say: {text: a, push: false}}, "
    "{say: {bytes: 1KiB, pieces: 100}}]}]",
    "summary: x\nrules: [{on: start, do: {become: p}}]\nphases: {p: [{on: start, do: finish}]}",
    "summary: x\nrules: [{on: start, always: true, do: finish}]",
    "summary: x\ntolerance: 50ms\nexpect: [{see: [receive rst, send rst], times: 2..4, "
    "apart: [1s, '>= 2s'], within: 13s..15s of first enter established, when: {attempt: 1}, "
    "tolerance: 10%}, {never: receive data}, {attempts: '>= 3', apart: {at_least: 1s, at_most: 1h, "
    "growth: 1.5..3}}, {outcome: reset}, {outcome: [open, timed-out], times: 2}, "
    "{see: start, apart: 1s..2s}, {see: start, apart: {growth: 2}}]",
    "summary: x\nexpect: [{command: {status: 28, within: 3s, output: /timed out/}}, "
    "{command: {status: [7, '28'], within: '>= 1s', output: [a, /b/]}}]",
]


class Loader(yaml.SafeLoader):
    """YAML 1.2's idea of booleans, which editors have too: `on` and `off` are words."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs
            if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))


def load(text):
    """The text as an editor hands it to the schema: keys are texts, as in JSON."""
    def with_text_keys(value):
        if isinstance(value, dict):
            return {str(key): with_text_keys(each) for key, each in value.items()}
        return [with_text_keys(each) for each in value] if isinstance(value, list) else value
    return with_text_keys(yaml.load(text, Loader))


class Comparison:
    def __init__(self, ghostpeer, profiles):
        self.ghostpeer = ghostpeer
        self.profiles = profiles
        with open(os.path.join(profiles, "schema.json"), encoding="utf-8") as file:
            self.schema = json.load(file)
        jsonschema.Draft7Validator.check_schema(self.schema)
        self.validator = jsonschema.Draft7Validator(self.schema)
        self.problems = []
        self.scratch = tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8")

    def loader_says(self, text):
        """What the loader finds wrong with the text; empty: nothing."""
        self.scratch.seek(0)
        self.scratch.truncate()
        self.scratch.write(text)
        self.scratch.flush()
        check = subprocess.run([self.ghostpeer, "check", self.scratch.name], text=True,
                               capture_output=True, check=False)
        return check.stderr or ("" if check.returncode == 0 else "it failed without a word")

    def schema_says(self, text):
        error = jsonschema.exceptions.best_match(self.validator.iter_errors(load(text)))
        return "" if error is None else f"{'/'.join(map(str, error.path))}: {error.message}"

    def words_in_schema(self, place):
        node = self.schema
        for step in place.split("/"):
            node = node[int(step) if isinstance(node, list) else step]
        return {word.split()[-1] for word in node}

    def compare(self, title, template, place):
        said = self.loader_says("summary: x\n" + template % UNKNOWN)
        known = KNOWN.search(said)
        if known is None:
            self.problems.append(f"{title}: the loader does not name its words: {said}")
            return
        words, schema = set(re.findall(r"`([^`]+)`", known[1])), self.words_in_schema(place)
        for word in sorted(schema - words):
            self.problems.append(f"{title}: `{word}` is in the schema alone")
        for word in sorted(words - schema):
            self.problems.append(f"{title}: `{word}` is missing from the schema at {place}")

    def judge(self, name, text, good):
        for judge, said in (("loader", self.loader_says(text)), ("schema", self.schema_says(text))):
            if bool(said) == good:
                self.problems.append(f"{name}: the {judge} " +
                                     (f"refuses it: {said}" if good else "accepts it"))

    def run(self):
        for table in TABLES:
            self.compare(*table)
        for path in sorted(glob.glob(os.path.join(self.profiles, "*.yaml"))):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            self.judge(os.path.basename(path), text, True)
        for texts, good in ((GOOD, True), (BROKEN, False)):
            for text in texts:
                self.judge(repr(text), text, good)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    comparison = Comparison(os.path.abspath(sys.argv[1]), sys.argv[2])
    comparison.run()
    for problem in comparison.problems:
        print(problem)
    print(f"{len(TABLES)} tables and {len(GOOD) + len(BROKEN)} profiles beside the catalogue: "
          f"{len(comparison.problems)} differences")
    return 1 if comparison.problems else 0


if __name__ == "__main__":
    sys.exit(main())
