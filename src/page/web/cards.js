// What is read before anything is looked at: verdict, waits, rules, connections, expectations.
function verdictCard(app) {
    const {record} = app;
    const {verdict, run, head} = record;
    const box = d3.select("#verdict");
    const {exit} = record;
    const kind = !verdict ? "none" : verdict.pass ? "pass" : verdict.ended === "timeout" ? "timeout" : "fail";
    const words = {none: "No verdict", pass: "Pass", timeout: "Timeout", fail: "Fail"};
    box.attr("class", kind);
    const line = box.append("div").attr("class", "line");
    line.append("span").attr("class", "word").attr("id", "word").text(words[kind]);
    const title = line.append("div");
    title.append("h1").attr("id", "headline").text(verdict ? verdict.headline.replace(/^(pass, |FAIL: |TIMEOUT )/, "")
        : "The record has no verdict: the run was still going on, or was cut short.");
    const top = record.waitGroups.find((group) => group.cause) || record.waitGroups.find((group) => group.conn);
    if (top && top.total > 0.05 * record.end) {
        title.append("p").attr("class", "why").attr("id", "why")
            .text(`${lengthText(top.total)} of ${lengthText(record.end)}: ${waitText(top)}.`);
    }
    const facts = box.append("ul").attr("class", "facts");
    const fact = (name, value) => value !== undefined && value !== null && value !== "" &&
        facts.append("li").text(`${name} `).append("b").text(String(value));
    const command = run && (Array.isArray(run.command) ? run.command.join(" ") : run.command);
    fact("COMMAND", command || "");
    fact("It", exit ? exitText(exit.e).replace("COMMAND ", "") : "");
    fact("Run", lengthText(record.end));
    fact("Exit status of the run", verdict ? verdict.status : "");
    fact("Connections", record.conns.size);
    fact("Segments", head.segments.toLocaleString("en"));
    fact("Seed", verdict ? verdict.seed : "");
    fact("Kernel", (verdict && verdict.kernel) || (run && typeof run.kernel === "string" ? run.kernel : ""));
    fact("Record", head.source);
    document.title = `${words[kind]}: ${verdict ? verdict.headline : head.source}`;
}

function remarks(app) {
    const {head} = app.record;
    const box = d3.select("#remarks");
    const say = (text) => box.append("p").attr("class", "remark").text(text);
    const drawn = app.record.items.filter((item) => item.type === "segment").length;
    if (drawn < head.segments) {
        say(`Of ${head.segments.toLocaleString("en")} segments ${drawn.toLocaleString("en")} are drawn, spread ` +
            "evenly; those that rules touched and those sent again were left out last. Counts of rules are of all.");
    }
    for (const [event, [seen, kept]] of Object.entries(head.others)) {
        if (kept < seen) {
            say(`Of ${seen.toLocaleString("en")} events \`${event}\` the first ${kept.toLocaleString("en")} are shown.`);
        }
    }
    if (app.record.withoutPayload > 0) {
        say(`The page has no room for the payload of ${many(app.record.withoutPayload, "segment")}; the record has it.`);
    }
    if (head.unreadable > 0) {
        say(`${many(head.unreadable, "line")} of the record could not be read.`);
    }
    for (const sentence of (app.record.verdict && app.record.verdict.lost) || []) {
        say(sentence);
    }
}

function ruleButton(app, parent, key) {
    return parent.append("button").attr("type", "button").attr("class", "rule").attr("data-rule", key)
        .attr("aria-pressed", "false").attr("title", "Show all that it did").text(key)
        .on("click", () => app.chooseRule(key));
}

function waitSentence(app, parent, group) {
    parent.append("span").text(`${group.conn ? `#${group.conn}: ` : ""}${group.who} ${group.what}${group.tail || ""}`);
    if (group.cause) {
        parent.append("span").text(", since ");
        group.cause.rules.forEach((rule, i) => {
            parent.append("span").text(i ? " and " : "");
            if (app.record.rules.has(rule)) {
                ruleButton(app, parent, rule);
            } else {
                parent.append("span").text(rule);
            }
        });
        parent.append("span").text(` ${group.cause.text}`);
    }
    parent.append("span").text(group.call ? `; the program was in ${group.call}.` : ".");
}

function waitsCard(app) {
    const groups = app.record.waitGroups.slice(0, 8);
    const box = d3.select("#waits");
    if (groups.length === 0) {
        box.append("p").attr("class", "faint").text("Nobody waited for longer than 2 ms.");
        return;
    }
    const list = box.append("ol").attr("class", "waits");
    for (const group of groups) {
        const row = list.append("li");
        const show = row.append("button").attr("type", "button").attr("class", "time").text(lengthText(group.total))
            .attr("title", "Show it on the time line").on("click", () => app.showWait(group));
        show.append("i").style("width", `${Math.max(100 * group.total / app.record.end, 0.6)}%`);
        const text = row.append("div");
        waitSentence(app, text, group);
        if (group.waits.length > 1) {
            text.append("span").attr("class", "faint").text(` In ${group.waits.length} waits: ` +
                group.waits.slice().sort((a, b) => a.from - b.from).slice(0, 8)
                    .map((wait) => shortLength(wait.to - wait.from)).join(", ") + (group.waits.length > 8 ? ", …" : "") + ".");
        }
    }
}

function rulesCard(app) {
    const box = d3.select("#rules");
    const rules = [...app.record.rules.values()];
    if (rules.length === 0) {
        box.append("p").attr("class", "faint").text("The profile has no rules: the peer was honest.");
        return;
    }
    for (const rule of rules.slice(0, 100)) {
        const part = box.append("div").attr("class", "one-rule");
        const line = part.append("p");
        ruleButton(app, line, rule.key);
        line.append("span").text(rule.on ? ` on ${rule.on}: ` : ": ");
        const fired = rule.fired === null ? "" : rule.fired === 0 ? "never fired"
            : `fired ${rule.fired === 1 ? "once" : many(rule.fired, "time")}`;
        const withheld = rule.withheld ? `, withheld ${many(rule.withheld, "segment")}` : "";
        const deeds = [...rule.deeds].map(([deed, n]) => `${deed} ${n}`).join(", ");
        line.append("b").attr("class", rule.fired === 0 ? "bad" : "").text(fired + withheld || deeds);
        if (rule.source) {
            part.append("pre").attr("class", "source").text(rule.source);
        }
    }
    if (rules.length > 100) {
        box.append("p").attr("class", "faint").text(`${rules.length - 100} more rules are not listed.`);
    }
}

const ENDS = {closed: "closed", "time-wait": "closed", listen: "refused"};

function endOf(conn, record) {
    const reset = conn.items.find((item) => item.type === "segment" && item.s.flags.includes("R") && !item.s.withheld);
    if (reset) {
        return reset.s.out ? (conn.states.length > 1 ? "reset by the peer" : "refused") : "reset by the program";
    }
    const last = conn.states[conn.states.length - 1];
    if (!conn.items.some((item) => item.type === "segment" && item.s.out && !item.s.withheld)) {
        return conn.dialled ? "" : "never answered";
    }
    return last && ENDS[last.e.to] ? ENDS[last.e.to] : record.verdict ? "still open" : "";
}

function connectionsCard(app) {
    const {record} = app;
    const conns = [...record.conns.values()];
    const box = d3.select("#attempts");
    if (conns.length === 0) {
        box.append("p").attr("class", "faint").text("The program made no connection.");
        return;
    }
    const table = box.append("div").attr("class", "scroll").append("table");
    const head = table.append("thead").append("tr");
    for (const name of ["", "to", "attempt", "start", "gap", "lasted", "in/out bytes", "withheld", "end"]) {
        head.append("th").attr("scope", "col").text(name);
    }
    const body = table.append("tbody");
    for (const conn of conns.slice(0, 200)) {
        const row = body.append("tr");
        row.append("td").append("button").attr("type", "button").attr("class", "link")
            .attr("aria-label", `Show connection ${conn.id} alone`).text(`#${conn.id}`)
            .on("click", () => app.showOnly(conn.id));
        const end = conn.over === null ? exitTime(record) : conn.over;
        for (const text of [conn.to || conn.peer, conn.attempt || "", lengthText(conn.first),
                            conn.sinceLast === null ? "–" : lengthText(conn.sinceLast), lengthText(Math.max(end - conn.first, 0)),
                            `${conn.bytesIn}/${conn.bytesOut}`, conn.withheld || "–", endOf(conn, record)]) {
            row.append("td").text(text);
        }
    }
    if (conns.length > 200) {
        box.append("p").attr("class", "faint").text(`${conns.length - 200} more connections are not listed.`);
    }
}

function expectationsCard(app) {
    const {verdict} = app.record;
    const expectations = (verdict && verdict.expectations) || [];
    const failures = (verdict && verdict.failures) || [];
    if (expectations.length + failures.length === 0) {
        return;
    }
    const box = d3.select("#expectations").attr("hidden", null);
    const list = box.append("ul").attr("class", "checks");
    for (const one of expectations) {
        const row = list.append("li").attr("class", one.pass ? "good" : "bad");
        row.append("b").text(one.pass ? "✓ held " : "✕ failed ");
        row.append("span").text(`${ruleKey(one.file, one.line)} ${one.expect}`);
        if (one.failure) {
            row.append("p").text(one.failure);
            row.append("pre").text((one.conversation || []).join("\n"));
        }
    }
    const told = new Set(expectations.map((one) => one.failure));
    for (const sentence of failures.filter((text) => !told.has(text))) {
        list.append("li").attr("class", "bad").text(`✕ ${sentence}`);
    }
}
