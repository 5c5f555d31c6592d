#!/usr/bin/env python3
"""Checks what cannot be run here: the systemd unit, the Containerfile, the action, and the examples for Kubernetes,
containerlab, CI services and batch systems in README.md and include/ghostpeer/sweep.md, and the
man pages.

    check.py SOURCE GHOSTPEER

Each is read by who is meant to read it, or by a parser of its language; the commands in them are
given to ghostpeer as far as they go without privileges. Exit status 0: all is well, 1: something is
wrong, 77: a tool is missing.
"""

import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

try:
    import yaml
except ImportError:
    print("the Python module yaml is not installed (python3-yaml)")
    sys.exit(77)

SKIPPED = 77
YAML_BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.M | re.S)
problems = []


def check(condition, what):
    if not condition:
        problems.append(what)


def arguments_are_right(ghostpeer, arguments, where):
    """They are read, the profiles loaded, and then there is nobody of that name."""
    run = subprocess.run([ghostpeer, *arguments, "--user", "no-such-user-here"],
                         capture_output=True, text=True, check=False, timeout=20)
    check("There is no user no-such-user-here" in run.stderr,
          f"{where}: ghostpeer does not take {shlex.join(arguments)}: {run.stderr}")


def unit(source, ghostpeer):
    path = source / "tools/systemd/ghostpeer@.service"
    text = path.read_text(encoding="utf-8")
    example = re.search(r"^#   ARGUMENTS=(.*)$", text, re.M)
    check(example, f"{path}: there is no example")
    start = re.search(r"^ExecStart=ghostpeer (.*)$", text, re.M)
    check(start, f"{path}: ExecStart is not ghostpeer")
    if example and start:
        with tempfile.TemporaryDirectory() as folder:
            line = start[1].replace("%t", folder).replace("%i", "x")
            line = line.replace("$ARGUMENTS", example[1])
            arguments_are_right(ghostpeer, shlex.split(line), path)
    if not shutil.which("systemd-analyze"):
        print("systemd-analyze is not installed, so the unit was not verified by it")
        return
    with tempfile.TemporaryDirectory() as folder:
        # systemd looks for programs where they are installed.
        copy = pathlib.Path(folder, path.name)
        copy.write_text(text.replace("ExecStart=ghostpeer", f"ExecStart={ghostpeer}"),
                        encoding="utf-8")
        run = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True,
                             text=True, check=False, timeout=60)
        check(run.returncode == 0 and path.name.split("@")[0] not in run.stderr,
              f"{path}: {run.stderr}")


def containerfile(source, ghostpeer):
    """The image is the release's file alone."""
    path = source / "tools/container/Containerfile"
    whole = path.read_text(encoding="utf-8")
    lines = [line.partition(" ") for line in whole.splitlines() if line and line[0] != "#"]
    check([line[0] for line in lines] == ["FROM", "COPY", "ENTRYPOINT", "CMD"] and
          lines[0][2] == "scratch", f"{path}: the image is more than one file")
    pattern, _, place = lines[1][2].partition(" ")
    release = (source / "tools/release").read_text(encoding="utf-8")
    check(pattern == "ghostpeer-*-linux-x86_64" and "ghostpeer-$version-linux-$arch" in release,
          f"{path}: a release has no file {pattern}")
    check(json.loads(lines[2][2]) == [place], f"{path}: {place} is not what is started")
    check(isinstance(json.loads(lines[3][2]), list), f"{path}: CMD")
    example = re.search(r"^#       (serve .*)$", whole, re.M)
    check(example, f"{path}: there is no example")
    if example:
        arguments_are_right(ghostpeer, shlex.split(example[1]), path)


def action(source, ghostpeer):
    """Its script, as a runner does it; the release is this executable under the release's name."""
    path = source / "action.yml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    step = document["runs"]["steps"][0]
    check(set(step["env"]) == {"VERSION", "SOURCE", "FOLDER"}, f"{path}: its environment")
    for value in step["env"].values():
        name = re.fullmatch(r"\$\{\{ inputs\.(\w+) \}\}", value)
        check(name and name[1] in document["inputs"], f"{path}: {value} is no input")
    with tempfile.TemporaryDirectory() as folder:
        files, target, into_path = (pathlib.Path(folder, n) for n in ("dist", "bin", "path"))
        files.mkdir()
        target.mkdir()
        name = f"ghostpeer-1.2.3-linux-{os.uname().machine}"
        shutil.copy(ghostpeer, files / name)
        for module in ghostpeer.parent.glob("ghostpeer-*.so"):
            shutil.copy(module, target)

        def install():
            return subprocess.run(["bash", "-c", step["run"]], capture_output=True, text=True,
                                  check=False, timeout=60, stdin=subprocess.DEVNULL,
                                  env={**os.environ, "VERSION": "1.2.3", "SOURCE": str(files),
                                       "FOLDER": str(target), "GITHUB_PATH": str(into_path)})

        (files / "SHA256SUMS").write_text(f"{'0' * 64}  {name}\n", encoding="utf-8")
        run = install()
        check(run.returncode != 0 and not (target / "ghostpeer").exists(),
              f"{path}: a file with another sum is installed")
        digest = hashlib.sha256((files / name).read_bytes()).hexdigest()
        (files / "SHA256SUMS").write_text(f"{digest}  {name}\n", encoding="utf-8")
        run = install()
        check(run.returncode == 0 and "--link tun" in run.stdout,
              f"{path}: {run.stdout}{run.stderr}")
        check(into_path.read_text(encoding="utf-8") == f"{target}\n", f"{path}: PATH")


# As on Ubuntu 24.04, where AppArmor lets everybody have a user namespace, and no privilege in it:
# other namespaces and mounts are refused until `allowed` is there.
RESTRICTED = """#!/usr/bin/python3
import ctypes, os, struct, sys
libc = ctypes.CDLL(None)
load, equal, any_bit, give_back = 0x20, 0x15, 0x45, 0x06
deny, allow, missing = ((give_back, 0, 0, n) for n in (0x00050001, 0x7fff0000, 0x00050000 | 38))
clone, unshare, clone3, mount, but_user = 56, 272, 435, 165, 0x6e020000
code = [(load, 0, 0, 0), (equal, 0, 1, clone3), missing, (equal, 4, 0, mount),
        (equal, 1, 0, clone), (equal, 0, 3, unshare), (load, 0, 0, 16),
        (any_bit, 0, 1, but_user), deny, allow]
filters = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in code))
program = ctypes.create_string_buffer(
    struct.pack("HxxxxxxP", len(code), ctypes.addressof(filters)))
if not os.path.exists("ALLOWED"):
    libc.prctl(38, 1, 0, 0, 0)
    if libc.prctl(22, 2, ctypes.c_void_p(ctypes.addressof(program)), 0, 0) != 0:
        sys.exit("no seccomp")
os.execv("GHOSTPEER", sys.argv)
"""


def action_on_ubuntu(source, ghostpeer):
    """Its script where AppArmor restricts user namespaces, and a job may lift that by sudo."""
    if os.uname().machine != "x86_64":
        print("the filter in AppArmor's place knows the system calls of x86_64 alone")
        return
    path = source / "action.yml"
    script = yaml.safe_load(path.read_text(encoding="utf-8"))["runs"]["steps"][0]["run"]
    with tempfile.TemporaryDirectory() as folder:
        files, target, tools = (pathlib.Path(folder, n) for n in ("dist", "bin", "tools"))
        for one in files, target, tools:
            one.mkdir()
        allowed = pathlib.Path(folder, "allowed")
        name = "ghostpeer-1.2.3-linux-x86_64"
        programs = {
            files / name: RESTRICTED.replace("ALLOWED", str(allowed)).replace("GHOSTPEER",
                                                                              str(ghostpeer)),
            tools / "cat": '#!/bin/sh\ncase $1 in\n*/apparmor_restrict_unprivileged_userns) '
                           '[ -e "$ALLOWED" ] && echo 0 || echo "$RESTRICTED" ;;\n'
                           '*) exec /bin/cat "$@" ;;\nesac\n',
            tools / "sudo": '#!/bin/sh\necho "sudo $*"\n[ "$RESTRICTED" = 1 ] && : >"$ALLOWED"\n'}
        for program, text in programs.items():
            program.write_text(text, encoding="utf-8")
            program.chmod(0o755)
        digest = hashlib.sha256((files / name).read_bytes()).hexdigest()
        (files / "SHA256SUMS").write_text(f"{digest}  {name}\n", encoding="utf-8")

        def install(restricted):
            return subprocess.run(["bash", "-c", script], capture_output=True, text=True,
                                  check=False, timeout=100, stdin=subprocess.DEVNULL,
                                  env={**os.environ, "VERSION": "1.2.3", "SOURCE": str(files),
                                       "FOLDER": str(target), "GITHUB_PATH": f"{folder}/into",
                                       "PATH": f"{tools}:{os.environ['PATH']}",
                                       "ALLOWED": str(allowed), "RESTRICTED": restricted})

        works = re.compile(r"^--link ethernet +works", re.M)
        run = install("0")
        check("sudo" not in run.stdout and not works.search(run.stdout),
              f"{path}: what no setting forbids is not to be lifted: {run.stdout}{run.stderr}")
        wanted = "sudo sysctl -q kernel.apparmor_restrict_unprivileged_userns=0"
        for time in "first", "second":
            run = install("1")
            check(run.returncode == 0 and works.search(run.stdout),
                  f"{path}, the {time} time: {run.stdout}{run.stderr}")
            check(run.stdout.count(wanted) == (time == "first"),
                  f"{path}, the {time} time: sudo: {run.stdout}")


def apparmor(source, _ghostpeer):
    """This system's parser may be older than the rule, so it reads the rest."""
    path = source / "tools/release.d/apparmor"
    text = path.read_text(encoding="utf-8")
    check(text.count("userns,") == 1 and "profile ghostpeer /usr/bin/ghostpeer" in text,
          f"{path}: it does not allow what it is for")
    parser = shutil.which("apparmor_parser", path="/usr/sbin:/sbin")
    if parser is None:
        print("apparmor_parser is not installed, so the profile was not read by it")
        return
    old = re.sub(r"^(abi|  userns|include <tunables).*\n", "", text, flags=re.M)
    run = subprocess.run([parser, "--skip-kernel-load", "--skip-cache", "--debug"], input=old,
                         capture_output=True, text=True, check=False, timeout=60)
    check(run.returncode == 0, f"{path}: {run.stderr}")


def readme(source, ghostpeer):
    text = (source / "README.md").read_text(encoding="utf-8")
    documents = [yaml.safe_load(block) for block in YAML_BLOCK.findall(text)]
    pods = [d for d in documents if isinstance(d, dict) and d.get("kind") == "Pod"]
    labs = [d for d in documents if isinstance(d, dict) and "topology" in d]
    check(len(pods) == 1 and len(labs) == 1, "README.md lacks the Pod or the topology")
    for pod in pods:
        check(pod["apiVersion"] == "v1" and pod["metadata"]["name"], "README.md: the Pod's head")
        containers = {c["name"]: c for c in pod["spec"]["containers"]}
        check(all("image" in c for c in containers.values()), "README.md: a container's image")
        peer = containers["ghostpeer"]
        check(all(isinstance(a, str) for a in peer["args"]), "README.md: the sidecar's args")
        arguments_are_right(ghostpeer, peer["args"], "README.md, the sidecar")
        check(peer["securityContext"]["capabilities"] == {"drop": ["ALL"], "add": ["NET_RAW"]},
              "README.md: the sidecar's capabilities")
    for lab in labs:
        nodes = lab["topology"]["nodes"]
        check(all({"kind", "image"} <= set(node) for node in nodes.values()), "README.md: nodes")
        ends = [end for link in lab["topology"]["links"] for end in link["endpoints"]]
        check(all(end.split(":")[0] in nodes for end in ends), "README.md: endpoints")
        serve = re.search(r"ghostpeer (serve .*--netns clab-(\S+?)-(\S+) .*)", text)
        check(serve and serve[2] == lab["name"] and serve[3] in nodes,
              "README.md: no `serve` for a node of the topology")
        if serve:
            arguments_are_right(ghostpeer, shlex.split(serve[1]), "README.md, containerlab")


def sweep_is_right(ghostpeer, words, environment, where):
    """The options are read, and then there is no such folder: the other folders cannot be there."""
    options = words[:words.index("--")] if "--" in words else words
    check(options[:2] == ["ghostpeer", "sweep"], f"{where}: {shlex.join(words)} is no sweep")
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run([ghostpeer, *options[1:], "--resume", "no-such-folder"],
                             capture_output=True, text=True, check=False, timeout=20, cwd=folder,
                             env={"PATH": "/usr/bin:/bin", **environment})
        check("is no folder of a sweep" in run.stderr,
              f"{where}: ghostpeer does not take {shlex.join(words)}: {run.stderr}")


def script_is_right(ghostpeer, script, environment, where):
    """A shell reads it, and each `ghostpeer sweep` in it is one."""
    check(subprocess.run(["sh", "-n", "-c", script], check=False).returncode == 0,
          f"{where}: no shell reads {script}")
    found = [line for line in script.splitlines() if "ghostpeer sweep" in line]
    check(found, f"{where}: no sweep in {script}")
    for line in found:
        words = shlex.split(line[line.index("ghostpeer sweep"):].split(" ::: ")[0])
        for name, value in environment.items():
            words = [word.replace(f"${name}", value) for word in words]
        sweep_is_right(ghostpeer, words, environment, where)


def indexed_job(ghostpeer, job, where):
    spec = job["spec"]
    check(job["apiVersion"] == "batch/v1" and spec["completionMode"] == "Indexed",
          f"{where}: no indexed Job")
    pod = spec["template"]["spec"]
    container, = pod["containers"]
    words = container["command"]
    check(f"auto/{spec['completions']}" in words, f"{where}: --shard and completions differ")
    check({mount["name"] for mount in container["volumeMounts"]} ==
          {volume["name"] for volume in pod["volumes"]}, f"{where}: volumes")
    environment = {"JOB_COMPLETION_INDEX": str(spec["completions"] - 1)}
    words = [w.replace("$(JOB_COMPLETION_INDEX)", environment["JOB_COMPLETION_INDEX"])
             for w in words]
    sweep_is_right(ghostpeer, words, environment, where)


def matrix(ghostpeer, workflow, where):
    jobs = workflow["jobs"]
    shards = jobs["sweep"]["strategy"]["matrix"]["shard"]
    check(shards == list(range(1, len(shards) + 1)), f"{where}: shards")
    check(jobs["table"]["needs"] == "sweep", f"{where}: the table does not wait")
    for job in jobs.values():
        for step in job["steps"]:
            check(len({"uses", "run"} & set(step)) == 1, f"{where}: a step")
            if "run" in step:
                script = re.sub(r"\$\{\{ matrix\.shard \}\}", str(shards[-1]), step["run"])
                check(f"/{len(shards)} " in script or f"part{len(shards)} " in script,
                      f"{where}: not all shards in {script}")
                script_is_right(ghostpeer, script, {}, where)


def pipeline(ghostpeer, jobs, where):
    count = jobs["sweep"]["parallel"]
    environment = {"CI_NODE_INDEX": "1", "CI_NODE_TOTAL": str(count)}
    check(jobs["table"]["needs"] == ["sweep"], f"{where}: the table does not wait")
    for job in jobs.values():
        script_is_right(ghostpeer, job["script"], environment, where)


def shards(source, ghostpeer):
    path = source / "include/ghostpeer/sweep.md"
    text = path.read_text(encoding="utf-8")
    where = path.name
    kinds = {"Kubernetes": 0, "GitHub Actions": 0, "GitLab": 0}
    for block in YAML_BLOCK.findall(text):
        document = yaml.safe_load(block)
        if document.get("kind") == "Job":
            kinds["Kubernetes"] += 1
            indexed_job(ghostpeer, document, f"{where}, Kubernetes")
        elif "jobs" in document:
            kinds["GitHub Actions"] += 1
            matrix(ghostpeer, document, f"{where}, GitHub Actions")
        else:
            kinds["GitLab"] += 1
            pipeline(ghostpeer, document, f"{where}, GitLab")
    check(set(kinds.values()) == {1}, f"{where}: examples: {kinds}")
    slurm = {f"SLURM_ARRAY_TASK_{name}": value
             for name, value in (("ID", "4"), ("MIN", "1"), ("COUNT", "4"))}
    scripts = re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)
    check(len(scripts) == 2, f"{where}: {len(scripts)} scripts")
    for script in scripts:
        script = script.replace("\\\n", " ").replace("{}/3", "3/3")
        script_is_right(ghostpeer, script, slurm, where)
    rows = "\n".join(re.findall(r"^\| `[A-Z][A-Z0-9_]{8,}`.*$", text, re.M))
    named = set(re.findall(r"`([A-Z][A-Z0-9_]{8,})`", rows))
    known = set(re.findall(r'"([A-Z][A-Z0-9_]{8,})"',
                           (source / "src/sweep/shard.cpp").read_text(encoding="utf-8")))
    known -= {"SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_STEP", "SLURM_ARRAY_TASK_COUNT"}
    check(named == known, f"{where} and the program know other variables: {named ^ known}")


def man_pages(source, ghostpeer):
    """There is one for each command, man(1) reads it, and it has every option of `--help`."""
    help_of = lambda *words: subprocess.run([ghostpeer, *words, "--help"], capture_output=True,
                                            text=True, check=True).stdout
    commands = re.findall(r"^  ([a-z]+) ", help_of().split("Subcommands:")[1].split("\n\n")[0], re.M)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([source / "tools/man", ghostpeer, folder], check=True)
        pages = {path.name: path for path in pathlib.Path(folder).glob("man?/*")}
        wanted = {"ghostpeer.1", "ghostpeer-profile.5", "ghostpeer-events.7", "ghostpeer-control.7",
                  *(f"ghostpeer-{command}.1" for command in commands)}
        check(set(pages) == wanted, f"man pages: {set(pages) ^ wanted}")
        for name, path in pages.items():
            done = subprocess.run(["man", "-l", str(path)], capture_output=True, text=True, check=False,
                                  env={"PATH": "/usr/bin:/bin", "MANWIDTH": "100", "LC_ALL": "C.UTF-8"})
            check(done.returncode == 0 and len(done.stdout) > 300, f"{name}: {done.stderr}")
            if name.endswith(".1"):
                words = name.removesuffix(".1").split("-")[1:]
                missing = set(re.findall(r"^  (?:-.,)?(--[a-z-]+)", help_of(*words), re.M))
                missing -= set(re.findall(r"--[a-z-]+", done.stdout.replace("‐\n", "")))
                check(not missing, f"{name} lacks {missing}")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, ghostpeer = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    for part in (unit, containerfile, action, action_on_ubuntu, apparmor, readme, shards, man_pages):
        part(source, ghostpeer)
    for problem in problems:
        print(problem)
    print(f"8 kinds of deployment checked, {len(problems)} problems.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
