"""The examples of the control interface: node:test and a shell; that its description is true, and
what cannot be done."""

import os

from control_support import TOOLS, inside, variables
from harness import test


@test
def example_of_node(t):
    t.need("node")
    run = t.run("healthy", ["node", "--test", os.path.join(TOOLS, "examples", "client.test.mjs")],
                env=variables(t))
    t.passed(run)


@test
def example_of_a_shell(t):
    t.need("nc")
    run = t.run("healthy", ["sh", os.path.join(TOOLS, "examples", "client.sh")], env=variables(t))
    t.passed(run)
    t.contains(run.text, "reset by the peer")


@test
def ctl_says_why_nothing_was_done(t):
    run = t.passed(inside(t, """
        kept = connect()
        peer.wait("established >= 1")
        assert "rule `on: command nothing`" in ctl("fire", "nothing", status=125)
        assert ctl("fire", "unplug") == "1 connection\\n"
        assert ctl("icmp", "host-unreachable") == "0 connections\\n"
        assert ctl("reset", "--conn", "1") == "1 connection\\n"
        assert "which is closed" in ctl("reset", "--conn", "1", status=125)
    """, profile=t.profile("""
        summary: Has a command.
        extends: healthy
        rules: [{on: command unplug, do: {log: unplugged}}]
    """), options=["--require-fault"]))
    t.contains(run.trace, "kept only for profiles that have an `icmp` action", "the notice")


@test
def the_description_is_true(t):
    t.passed(inside(t, """
        def ask(method, path, body=None):
            connection = peer._connect(30)
            connection.request(method, path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            if response.headers["Content-Type"].startswith("text/event-stream"):
                return response.status, response.headers, response.readline()
            return response.status, response.headers, response.read()

        kept = connect()
        api = json.loads(ask("GET", "/openapi.json")[2])
        coming = {"profile": "healthy", "name": "api.example", "port": 80}
        bodies = {"/v1/peers/{peer}/profile": {"profile": "healthy"}, "/v1/peers": coming,
                  "/v1/scopes": {"name": "of-the-api"}}
        values = {"{peer}": "default", "{id}": "1", "{name}": "unplug", "{scope}": "of-the-api"}

        def resolve(node):
            while "$ref" in node:
                found = api
                for part in node["$ref"].split("/")[1:]:
                    found = found[part]
                node = found
            return node

        def conforms(value, schema, where):
            schema = resolve(schema)
            if value is None:
                assert schema.get("nullable"), where
                return
            kinds = {"object": dict, "array": list, "string": str, "integer": int,
                     "number": (int, float), "boolean": bool}
            assert isinstance(value, kinds[schema["type"]]), (where, value)
            if schema["type"] == "object":
                for key in schema.get("required", []):
                    assert key in value, (where, key)
                for key, inner in schema.get("properties", {}).items():
                    if key in value:
                        conforms(value[key], inner, where + "/" + key)
            if schema["type"] == "array":
                for inner in value:
                    conforms(inner, schema.get("items", {}), where)

        def check(method, path, body, target, wanted, operation):
            status, headers, answer = ask(method, target, body)
            assert status == wanted, (method, target, status, answer)
            described = resolve(operation["responses"][str(status)])["content"]
            kind = headers["Content-Type"].split(";")[0]
            assert kind in described, (path, kind)
            if kind == "application/json":
                conforms(json.loads(answer), described[kind]["schema"], path)

        for path, methods in api["paths"].items():
            target = path
            for name, value in values.items():
                target = target.replace(name, value)
            query = "?for=connections>=1" if path == "/v1/wait" else ""
            for method, operation in methods.items():
                method = method.upper()
                if method == "DELETE":
                    continue  # below, when nobody needs it any more
                has_body = "requestBody" in operation
                body = bodies.get(path, {"do": "revive"}) if has_body else None
                check(method, path, body, target + query, 200, operation)
                if has_body:
                    check(method, path, ["no object"], target, 400, operation)
                if "422" in operation["responses"]:
                    wrong = {**bodies[path], "profile": "refus"} if path in bodies else \
                        {"do": "explode"}
                    check(method, path, wrong, target, 422, operation)
                if "404" in operation["responses"]:
                    if path == "/v1/peers":
                        check(method, path, {**coming, "scope": "nothing"}, target, 404, operation)
                        check(method, path, coming, target, 409, operation)
                        continue
                    unknown = target.replace("default", "nobody").replace("/1", "/99")
                    unknown = unknown.replace("unplug", "nothing").replace("of-the-api", "nothing")
                    if query:
                        continue  # that the peer of a wait goes meanwhile: tests/unit/control_comings.cpp
                    unknown += "?peer=nobody" if unknown == target else ""
                    check(method, path, body, unknown, 404, operation)
            for method in ("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"):
                if method.lower() not in methods:
                    status, headers, answer = ask(method, target, {})
                    assert status == 405 and "Allow" in headers, (method, path, status)
                    assert json.loads(answer)["error"], answer
        for path, target, wanted in (("/v1/peers/{peer}", "api.example:80", 200),
                                     ("/v1/peers/{peer}", "api.example:80", 404),
                                     ("/v1/peers/{peer}", "default", 409),
                                     ("/v1/scopes/{scope}", "of-the-api", 200),
                                     ("/v1/scopes/{scope}", "of-the-api", 404)):
            check("DELETE", path, None, path[:path.rindex("/") + 1] + target, wanted,
                  api["paths"][path]["delete"])
        check("GET", "/v1/wait", None, "/v1/wait?for=connections>=9&timeout=1ms", 408,
              api["paths"]["/v1/wait"]["get"])
        check("GET", "/v1/wait", None, "/v1/wait", 400, api["paths"]["/v1/wait"]["get"])
        for path in ("/", "/v1", "/v2/peers", "/v1/peers/default/x", "/v1/connections/1/actions/2",
                     "/v1/../etc/passwd", "/%00"):
            status, _, answer = ask("GET", path)
            assert status == 404 and json.loads(answer)["error"].endswith("."), (path, status)
    """, profile=t.profile("""
        summary: Has a command.
        extends: healthy
        rules: [{on: command unplug, do: {log: unplugged}, optional: true}]
    """)))
