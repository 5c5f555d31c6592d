import assert from "node:assert";
import net from "node:net";
import {test} from "node:test";
import {setTimeout as sleep} from "node:timers/promises";
import {VerdictFailed, withPeer} from "ghostpeer-test";

const connect = (host, port = 5432) => new Promise((resolve, reject) => {
    const socket = net.connect({host, port}, () => resolve(socket)).once("error", reject);
});

async function comesBack(host) {
    for (let attempt = 1;; ++attempt) {
        try {
            (await connect(host)).destroy();
            return attempt;
        } catch (error) {
            assert.equal(error.code, "ECONNREFUSED");
            await sleep(10);
        }
    }
}

test("comes back", withPeer("refuse-twice", {peer: "db.example"}, async (ghostpeer) => {
    assert.equal(await comesBack(ghostpeer.host), 3);
}));

test("the same name again", withPeer("refuse-twice", {peer: "db.example", set: {times: 1}},
                                     async (ghostpeer) => {
    assert.equal(await comesBack(ghostpeer.host), 2);
    assert.equal((await ghostpeer.events({event: "attempt"})).length, 2);
}));

test("notices a reset", withPeer({summary: "Honest."}, async (ghostpeer) => {
    const socket = await connect(ghostpeer.host);
    await ghostpeer.peer.wait("established >= 1");
    const error = new Promise((resolve) => socket.once("error", resolve));
    assert.equal(await ghostpeer.reset(), 1);
    assert.equal((await error).code, "ECONNRESET");
}));

test("a fault that is never met fails its test", async () => {
    const never = withPeer({rules: [{on: "receive data", do: "reset"}]}, async (ghostpeer) => {
        (await connect(ghostpeer.host)).destroy();
    });
    await assert.rejects(never({name: "never met"}), (error) =>
        error instanceof VerdictFailed && /never fired/.test(error.message));
});
