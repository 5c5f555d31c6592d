// node:test: ghostpeer run healthy -- node --test tools/examples/client.test.mjs
import assert from "node:assert";
import http from "node:http";
import net from "node:net";
import { afterEach, test } from "node:test";

const socketPath = process.env.GHOSTPEER_CONTROL.replace(/^unix:/, "");
const host = process.env.GHOSTPEER_ADDR;

/** A request to the control interface: the answer's JSON. */
function control(method, path, body) {
    return new Promise((resolve, reject) => {
        const request = http.request({ socketPath, method, path, agent: false }, (response) => {
            let text = "";
            response.on("data", (part) => (text += part));
            response.on("end", () => {
                const answer = JSON.parse(text);
                response.statusCode < 400 ? resolve(answer) : reject(new Error(answer.error));
            });
        });
        request.on("error", reject);
        request.end(body === undefined ? undefined : JSON.stringify(body));
    });
}
const use = (profile) => control("PUT", "/v1/peers/default/profile", { profile });
const act = (action) => control("POST", "/v1/actions", { do: action });
const wait = (condition) =>
    control("GET", `/v1/wait?for=${encodeURIComponent(condition)}&timeout=5s`);

/** How a connection ends: "close" or the error's code. */
const outcome = (client) =>
    new Promise((resolve) => {
        client.on("error", (error) => resolve(error.code));
        client.on("close", () => resolve("close"));
    });

afterEach(() => use("healthy"));

test("a refusal is seen", async () => {
    await use("refuse");
    assert.equal(await outcome(net.connect(80, host)), "ECONNREFUSED");
});

test("a reset is seen", async () => {
    const client = net.connect(80, host);
    const end = outcome(client);
    await wait("established >= 1");
    assert.equal((await act("reset")).connections, 1);
    assert.equal(await end, "ECONNRESET");
});

test("a window that is shut holds the data back", async () => {
    const client = net.connect(80, host);
    await wait("established >= 1");
    await act({ window: 0 });
    client.write("x".repeat(100_000));
    await wait("event=segment kind=window-probe");
    await act({ window: "auto" });
    await new Promise((resolve) => client.end(resolve));
});
