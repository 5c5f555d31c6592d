#!/usr/bin/env python3
"""The page of `ghostpeer report` and `run --report`, in a real browser without a screen.

    test_page.py GHOSTPEER [FOLDER]

FOLDER (default: the current one) keeps screenshots. What stands on the page is compared with the
record; nothing that a record contains may run; a hundred thousand segments may not take long.
"""

import html
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time
import unittest

import browser
import records

GHOSTPEER = None
SHOTS = pathlib.Path(".")
CPU_SECONDS = 3.0  # of the page's thread; about 0.5 on a machine that does nothing else
LARGEST_EMPTY = 1_000_000


def report(record, page, **more):
    return subprocess.run([GHOSTPEER, "report", str(record), "-o", str(page)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          **{"timeout": 120, **more})


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="ghostpeer-page-")
        cls.folder = pathlib.Path(cls.scratch.name)
        cls.browser = browser.Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.scratch.cleanup()

    def show(self, lines, name="run"):
        """The page of these events (texts are taken as they are), opened."""
        record = self.folder / f"{name}.jsonl"
        record.write_bytes(b"".join(
            (line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n"
            for line in lines))
        page = self.folder / f"{name}.html"
        made = report(record, page)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.browser.open(page)
        return page

    def value(self, expression):
        return self.browser.value(expression)

    def text(self, selector):
        return self.value(f"document.querySelector({json.dumps(selector)}).innerText")

    def lines(self):
        """Everything as the page has it in words."""
        self.value("document.getElementById('text').open = true")
        self.browser.frame()
        return self.value("document.querySelector('#text pre').textContent").split("\n")

    def quiet(self):
        self.assertEqual(self.browser.messages, [])
        self.assertEqual([url for url in self.browser.requests if not url.startswith("file:")], [])


class Facts(Pages):
    def test_the_facts_are_those_of_the_record(self):
        events = records.keepalive()
        self.show(events)
        verdict = events[-1]
        self.assertEqual(self.text("#word").lower(), "fail")
        self.assertIn("COMMAND failed (1)", self.text("#headline"))
        self.assertIn("exited with status 1", self.text("#verdict .facts"))
        rule = self.text("#rules")
        self.assertIn("fired 3 times, withheld 3 segments", rule)
        self.assertIn(verdict["rules"][0]["source"], rule)
        self.assertIn("3.000 s", self.text("#waits"))
        self.assertIn("waited for answers to its keepalive probes, and gave up with RST", self.text("#waits"))
        self.assertIn("nat.yaml:7 withheld", self.text("#why"))
        row = self.text("#attempts tbody tr")
        for fact in ("198.18.0.2:80", "10/20", "reset by the program"):
            self.assertIn(fact, row)
        lines = self.lines()
        self.assertEqual(len(lines), len(events) - 1)
        self.assertIn("  5.000000  #1   >x [.] seq 10 ack 21 win 63  keepalive-probe  dropped by nat.yaml:7",
                      lines)
        self.quiet()
        self.browser.shot(SHOTS / "page.png")
        self.browser.scheme(True)
        self.browser.frame()
        self.browser.shot(SHOTS / "page-dark.png")
        self.browser.scheme(False)
        self.browser.pdf(SHOTS / "page.pdf")

    def test_waits_say_who_waited_for_what(self):
        self.show(records.lost_synack())
        waits = self.text("#waits")
        self.assertIn("1.000 s", waits)
        self.assertIn("the peer waited for its retransmission timer (syn-ack), since lost.yaml:4 "
                      "withheld 1 segment", waits.replace("\n", " "))

    def test_what_was_held_back_is_one_arrow(self):
        by = {"file": "slow.yaml", "line": 3}
        first = records.segment(0.2, "in", "data", "PA", 1, 1, 5, fate="delayed", rule=by, until=0.5, id=8)
        self.show([*records.handshake(0.1), first,
                   records.segment(0.5, "in", "data", "PA", 1, 1, 5, rule=by, id=11, of=8),
                   {"t": 0.6, "event": "exit", "status": 0}, records.verdict(0.6, "pass, it is over")])
        self.assertEqual(self.value(
            "ghostpeer.record.items.filter((item) => item.heldBack).map((item) => [item.id, item.heldBack.id])"),
            [[11, 8]])
        self.assertIn("a segment (data) was held back, since slow.yaml:3 delayed it",
                      self.text("#waits").replace("\n", " "))
        self.assertTrue(any("delayed 300 ms by slow.yaml:3" in line for line in self.lines()))

    def test_what_waits_for_an_event_is_delayed_until_it_came(self):
        by = {"file": "slow.yaml", "line": 3}
        held = [records.segment(0.2, "out", "data", "PA", 1, 1, 5, fate="delayed", rule=by, id=8),
                records.segment(0.3, "out", "data", "PA", 6, 1, 5, fate="delayed", rule=by, id=9)]
        self.show([*records.handshake(0.1), *held,
                   records.segment(0.5, "out", "data", "PA", 1, 1, 5, rule=by, id=11, of=8),
                   {"t": 0.6, "event": "exit", "status": 0}, records.verdict(0.6, "pass, it is over")])
        self.assertTrue(any("delayed 300 ms by slow.yaml:3" in line for line in self.lines()))
        self.assertTrue(any("delayed, and never released by slow.yaml:3" in line for line in self.lines()))
        self.quiet()

    def test_calls_are_drawn_and_named(self):
        events = records.keepalive()
        events.insert(-2, {"t": 8.0, "event": "call", "pid": 7, "tid": 7, "name": "recvfrom", "fd": 5,
                           "conn": 1, "result": -1,
                           "args": "5<TCP:[198.18.0.1:40404->198.18.0.2:80]>, 65536", "errno": "ETIMEDOUT",
                           "began": 0.5, "took": 7.5})
        events.insert(-2, {"t": 8.0, "event": "call", "pid": 7, "tid": 8, "name": "poll", "fd": 6, "args": "6",
                           "began": 1.0, "took": 7.0, "returned": False, "detail": "x"})
        self.show(events)
        lines = self.lines()
        self.assertIn("  0.500000  #1   $  recvfrom(5, 65536) = -1 ETIMEDOUT after 7.500 s", lines)
        self.assertTrue(any("poll(6), not returned after" in line for line in lines), lines)
        self.assertIn("the program was in recvfrom(5)", self.text("#waits"))
        self.quiet()

    def test_a_record_without_a_verdict_and_with_broken_lines(self):
        events = records.keepalive()[:-1]
        self.show([b"{", b"[]", b'{"t":', *events, {"t": 9, "event": "of the future"},
                   b'{"t":9,"event":"segment"}', b'{"t":"x","event":"socket","state":7}',
                   b'{"t":1e300,"event":"state","conn":-1}', b"\xff\xfe" * 10])
        self.assertIn("no verdict", self.text("#headline"))
        self.assertIn("7 lines of the record could not be read", self.text("#remarks"))
        self.quiet()

    def test_two_hours_and_three_milliseconds(self):
        self.show(records.long_idle())
        self.assertIn("2 h 00 min", self.text("#waits"))
        both = self.value("""(() => {
            const items = ghostpeer.layout.items.filter((item) => item.type === "segment");
            return [items[2].y - items[1].y, items[3].y - items[2].y, ghostpeer.layout.breaks.length];
        })()""")
        self.assertGreaterEqual(both[0], 20)  # 3 ms
        self.assertLess(both[1], 200)         # 2 h
        self.assertGreaterEqual(both[2], 1)

    def test_sequence_graph(self):
        self.show(records.bulk(400))
        self.assertFalse(self.value("document.getElementById('sequence').hidden"))
        self.value("document.getElementById('sequence').scrollIntoView()")
        self.browser.frame()
        label = self.value("document.querySelector('#graph canvas').getAttribute('aria-label')")
        self.assertIn("200 data segments, 2 sent again, 2 withheld", label)
        self.browser.shot(SHOTS / "page-sequence.png")
        self.quiet()


class Interactions(Pages):
    def test_keys_go_from_event_to_event_and_are_heard(self):
        self.show(records.keepalive())
        self.value("document.getElementById('ladder').focus()")
        self.browser.key("ArrowDown")
        self.browser.key("ArrowRight")
        heard = self.text("#live")
        self.assertIn("keepalive-probe", heard)
        self.assertIn("dropped by nat.yaml:7", self.text("#detail"))
        self.assertIn("Sequence number", self.text("#detail"))
        for key in ("PageDown", "PageUp", "Home", "End", "Escape"):
            self.browser.key(key)
        self.assertEqual(self.text("#live"), "")
        self.quiet()

    def test_a_rule_shows_all_that_it_did(self):
        self.show(records.keepalive())
        self.value("document.querySelector('#rules button.rule').click()")
        self.assertEqual(self.value("ghostpeer.rule"), "nat.yaml:7")
        self.assertEqual(self.value(
            "document.querySelector('#rules button.rule').getAttribute('aria-pressed')"), "true")
        self.assertIn("3 events shown", self.text("#live"))
        self.value("document.querySelector('#rules button.rule').click()")
        self.assertIsNone(self.value("ghostpeer.rule"))

    def test_one_connection_some_all(self):
        self.show(records.crowd(3))
        press = "document.querySelector('#connections [data-conn=\"{}\"]').click()"
        shown = "[...ghostpeer.shown].sort().join()"
        self.assertEqual(self.value(shown), "1,2,3")
        self.value(press.format(2))
        self.assertEqual(self.value(shown), "2")
        self.assertEqual(self.value(
            "ghostpeer.layout.items.every((item) => !item.conn || item.conn === 2)"), True)
        self.value(press.format(3))
        self.assertEqual(self.value(shown), "2,3")
        self.value("document.querySelector('#connections button').click()")
        self.assertEqual(self.value(shown), "1,2,3")
        self.quiet()

    def test_pointer_zoom_and_wheel(self):
        self.show(records.bulk(400))
        self.value("document.getElementById('timeline').scrollIntoView()")
        self.browser.frame()
        box = self.value("(({x, y, width, height}) => [x, y, width, height])"
                         "(document.getElementById('ladder').getBoundingClientRect())")
        x, y = box[0] + box[2] * 0.6, box[1] + box[3] / 2
        self.browser.mouse("mouseWheel", x, y, deltaX=0, deltaY=300)
        self.browser.frame()
        self.assertLess(self.value("ghostpeer.ladder.transform.y"), -100)
        before = self.value("ghostpeer.ladder.transform.k")
        self.value("document.getElementById('zoom-in').click()")
        self.browser.frame()
        self.assertGreater(self.value("ghostpeer.ladder.transform.k"), before)
        self.browser.click(x, y)
        self.assertRegex(self.text("#live"), r"#1 .*(data|ack)")
        self.value("document.getElementById('fit').click()")
        self.browser.frame()
        self.assertLess(self.value("ghostpeer.ladder.transform.k"), before)
        self.value("document.getElementById('fold').click()")
        self.assertEqual(self.value("ghostpeer.layout.breaks.length"), 0)
        self.quiet()

    def test_everything_has_a_name(self):
        self.show(records.crowd(3))
        nameless = self.value("""[...document.querySelectorAll('button, input, select, [tabindex], [role]')]
            .filter((one) => !(one.getAttribute('aria-label') || one.innerText || one.getAttribute('aria-labelledby')
                || one.id === 'live'))
            .map((one) => one.outerHTML.slice(0, 80))""")
        self.assertEqual([one for one in nameless if "<pre" not in one], [])


HOSTILE = ["</script><script>document.title='owned'</script>", "<img src=x onerror=\"document.title='owned'\">",
           "\u2028\u2029'\"`${document.title='owned'}", "<!--<script>", "]]>", "&lt;b&gt;", "\x00\x1b[31m",
           "javascript:document.title='owned'", "__proto__", "constructor"]


class Hostile(Pages):
    def test_nothing_in_a_record_runs(self):
        for number, text in enumerate(HOSTILE):
            with self.subTest(text=text):
                page = self.show(records.hostile(text), f"hostile{number}")
                title = self.value("document.title")
                self.assertFalse(title.startswith("owned"), title)
                self.value("document.getElementById('ladder').focus()")
                for _ in range(8):
                    self.browser.key("ArrowDown")
                self.assertEqual(self.value("document.querySelectorAll('img, iframe, object').length"), 0)
                self.assertEqual(self.value("document.scripts.length"), 2)
                self.lines()
                self.quiet()
                data = re.search(rb'id="record">(.*?)</script>', page.read_bytes(), re.S)[1]
                self.assertNotRegex(data, rb"[<>&]|[\x80-\xff]")

    def test_the_policy_runs_no_other_script(self):
        page = self.show(records.keepalive())
        policy = html.unescape(re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"',
                                         page.read_text())[1])
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)
        self.value("document.body.insertAdjacentHTML('beforeend', "
                   "'<img src=x onerror=\"document.title=`owned`\">')")
        self.browser.frame()
        self.assertFalse(self.value("document.title").startswith("owned"))


class Size(Pages):
    def test_small_without_data(self):
        page = self.show([{"t": 0.1, "event": "exit", "status": 0}])
        self.assertLess(page.stat().st_size, LARGEST_EMPTY)
        self.quiet()

    def test_a_hundred_thousand_segments(self):
        self.browser.call("Performance.enable", timeDomain="threadTicks")

        def busy():
            metrics = self.browser.call("Performance.getMetrics")["metrics"]
            return next(one["value"] for one in metrics if one["name"] == "TaskDuration")

        before = busy()
        self.show(records.bulk(100_000), "large")
        opened = busy() - before
        print(f"100,000 segments opened in {opened:.2f} s of the page's thread")
        self.assertLess(opened, CPU_SECONDS)
        before = busy()
        frames = 50
        for _ in range(frames):
            self.value("ghostpeer.ladder.zoom.translateBy(ghostpeer.ladder.selection, 0, -700)")
            self.browser.frame()
        each = (busy() - before) / frames
        print(f"a frame of scrolling took {1000 * each:.1f} ms")
        self.assertLess(each, 0.05)
        self.value("document.getElementById('fit').click()")
        self.browser.frame()
        self.browser.shot(SHOTS / "page-large.png", whole=False)
        self.quiet()

    def test_a_million_segments_are_read_and_some_of_them_drawn(self):
        record = self.folder / "million.jsonl"
        count = 1_000_000
        with record.open("w") as file:
            records.write_bulk(file, count)
        started = time.monotonic()
        made = report(record, self.folder / "million.html", timeout=900)
        took = time.monotonic() - started
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertIn("are not drawn", made.stderr)
        used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        print(f"1,000,000 segments were read and drawn in {took:.1f} s with {used} MiB at most")
        self.assertLess(used, 512)
        record.unlink()
        self.browser.open(self.folder / "million.html")
        self.assertRegex(self.text("#remarks"), r"Of 1,000,000 segments 1\d\d,\d\d\d are drawn")
        self.assertRegex(self.text("#remarks"), r"no room for the payload of [\d,]+ segments")
        self.assertEqual(self.value("ghostpeer.record.items.filter((item) => item.rule).length"), count // 400)
        self.quiet()

    def test_a_payload_is_shown(self):
        self.show([*records.handshake(0.1),
                   records.segment(0.2, "in", "data", "PA", 1, 1, 70, id=9, payload="474554202f0a3c" + "00" * 57)])
        self.value("document.getElementById('ladder').focus()")
        for _ in range(12):
            self.browser.key("ArrowDown")
        self.assertIn("GET /.<", self.text("#detail"))
        self.assertIn("47 45 54 20 2f 0a 3c 00", self.text("#detail"))


class Commands(Pages):
    def test_a_run_makes_the_same_page_as_its_record(self):
        record, page, trace = (self.folder / name for name in ("r.jsonl", "r.html", "r.txt"))
        profile = self.folder / "lost<script>.yaml"
        profile.write_text("summary: Loses a SYN-ACK.\nextends: healthy\nrules:\n  - on: send syn-ack\n"
                           "    first: 1\n    do: drop\n")
        command = ["--", sys.executable, "-c",
                   "import urllib.request as u; u.urlopen('http://198.18.0.2/').read()"]
        quiet = self.folder / "quiet.html"
        ran = subprocess.run([GHOSTPEER, "run", "-q", "--report", str(quiet), "healthy", *command],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                             timeout=60)
        if ran.returncode == 125:
            self.skipTest(ran.stderr)
        self.browser.open(quiet)
        self.assertGreater(self.value("ghostpeer.record.head.segments"), 8)
        self.assertTrue(self.value("ghostpeer.record.hasSockets"))
        ran = subprocess.run(
            [GHOSTPEER, "run", "--events", str(record), "--report", str(page), "-o", str(trace),
             str(profile), *command],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        other = self.folder / "other.html"
        self.assertEqual(report(record, other).returncode, 0)
        data = [re.search(r'id="record">\{"head":.*?\},\n(.*?)</script>', one.read_text(), re.S)[1]
                for one in (page, other)]
        self.assertEqual(*data)
        self.browser.open(page)
        self.assertEqual(self.text("#word").lower(), "pass")
        self.assertIn("- on: send syn-ack\n  first: 1\n  do: drop", self.text("#rules"))
        # The page's lines are the trace's, but for spaces and the folders of files.
        squeeze = lambda line: re.sub(r"\S*/", "", re.sub(r"\s+", " ", line)).strip()
        told = [squeeze(line) for line in trace.read_text().splitlines()
                if re.match(r"\s*\d+\.\d{6} .*(\[[A-Z.]+\] seq|->|COMMAND)", line)]
        shown = {squeeze(line) for line in self.lines()}
        self.assertGreater(len(told), 8)
        self.assertEqual([line for line in told if line not in shown], [])
        self.quiet()

    def test_mistakes_are_told(self):
        text = self.folder / "text.jsonl"
        text.write_text("no event\n")
        for record, page, words in ((text, self.folder / "x.html", "is no event stream"),
                                    (self.folder / "absent", self.folder / "x.html", "could not be read"),
                                    (text, text, "take the place of"),
                                    (self.folder, self.folder / "x.html", "could not be read")):
            made = report(record, page)
            self.assertEqual(made.returncode, 125)
            self.assertIn(words, made.stderr)
        self.assertFalse((self.folder / "x.html").exists())
        good = self.folder / "good.jsonl"
        good.write_text("".join(json.dumps(one) + "\n" for one in records.keepalive()))
        made = report(good, "/dev/full")
        self.assertEqual(made.returncode, 125)
        made = subprocess.run([GHOSTPEER, "report", str(good)], check=False, stderr=subprocess.PIPE)
        self.assertEqual(made.returncode, 0)
        self.assertTrue((self.folder / "good.html").exists())


def main():
    global GHOSTPEER, SHOTS
    if browser.find() is None:
        print("There is no Chromium (Debian's package chromium).")
        return 77
    GHOSTPEER = os.path.abspath(sys.argv[1])
    SHOTS = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 and not sys.argv[2].startswith("-") else ".")
    SHOTS.mkdir(parents=True, exist_ok=True)
    rest = [one for one in sys.argv[2:] if one != str(SHOTS)]
    return 0 if unittest.main(argv=sys.argv[:1] + rest, exit=False).result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
