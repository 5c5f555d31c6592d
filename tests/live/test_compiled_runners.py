"""The packages of runners/ that a compiler makes first: Go and JUnit 5."""

import os
import re

from harness import test
from runners_support import call, copy, under_run


@test
def go_test(t):
    t.need("go")
    folder = copy(t, "go")
    # Without GOPATH it is ~/go, which here is the module itself.
    cache = {"GOCACHE": os.path.join(t.folder, "cache"),
             "GOPATH": os.path.join(t.folder, "path"), "GOFLAGS": "-mod=mod", "GOPROXY": "off"}
    said = under_run(t, "go", "test", "-count=1", "-v", ".", cwd=folder, **cache)
    t.equal(len(re.findall(r"^--- PASS", said, re.M)), 3, "tests that pass")
    said = under_run(t, "go", "test", "-count=1", ".", cwd=folder, status=1,
                     GHOSTPEER_TEST_FAILS="1", **cache)
    t.contains(said, "--- FAIL: TestNeverMet")


@test
def junit(t):
    t.need("javac")
    folder = copy(t, "junit")
    jars = "/usr/share/java"
    if not os.path.exists(f"{jars}/junit-platform-console-standalone.jar"):
        t.skip("junit5 is not installed")
    call(t, os.path.join(folder, "build"), "dist", cwd=folder)
    parts = ":".join(f"{jars}/{name}.jar" for name in (
        "junit-jupiter-api", "junit-jupiter-engine", "junit-platform-commons",
        "junit-platform-engine", "junit-platform-launcher", "junit-platform-console",
        "junit-platform-reporting", "opentest4j", "open-test-reporting-events", "apiguardian-api",
        "picocli", "junit-jupiter-params", "univocity-parsers"))
    path = f"{folder}/dist/ghostpeer-junit.jar:{parts}"
    call(t, "javac", "-d", "classes", "-cp", path, "test/ClientTest.java", "test/NeverMet.java",
         cwd=folder)
    console = ["java", "-cp", f"classes:{path}", "org.junit.platform.console.ConsoleLauncher",
               "--disable-banner", "--disable-ansi-colors"]
    said = under_run(t, *console, "-c", "ClientTest", cwd=folder)
    t.contains(said, "3 tests successful")
    said = under_run(t, *console, "-c", "NeverMet", cwd=folder, status=1)
    t.contains(said, "1 tests failed")
    t.contains(said, "neverMet")
