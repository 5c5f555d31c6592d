// What a program did at every position of every fault: a cell for each run.
const FINDINGS = ["wrong", "hang", "crash", "duplicate", "slow", "leak"];
// A letter beside the colour, for who cannot tell the colours apart.
const MARKS = {wrong: "W", hang: "H", crash: "C", duplicate: "D", slow: "S", leak: "L", error: "e", fine: "",
               unreached: "–", undone: "?"};

function inWords(run) {
    const text = `${run.fault}${run.position ? ", " + run.position : ""}: ${run.outcome ?? "not run"}`;
    const more = [run.remark, run.error_line ? `it says: ${run.error_line}` : ""].filter(part => part);
    return run.said ? [`${text}, ${run.said}`, ...more].join("; ") : text;
}

function legend(all) {
    const items = d3.select("#legend").selectAll("li")
        .data(Object.entries(all.outcomes).filter(([, count]) => count > 0)).join("li");
    items.append("i").attr("class", ([name]) => name);
    items.append("span").text(([name, count]) => `${count} ${name}`);
}

function grid(all) {
    const byPlace = new Map(all.runs.map(run => [`${run.fault}\n${run.place}`, run]));
    const table = d3.select("#grid");
    const head = table.append("thead").append("tr");
    head.append("td");
    head.selectAll("th").data(all.positions).join("th").attr("scope", "col")
        .append("span").text((name, i) => `${i + 1}  ${name}`);
    const rows = table.append("tbody").selectAll("tr").data(all.faults).join("tr");
    rows.append("th").attr("scope", "row").text(name => name);
    const cells = rows.selectAll("td").data(fault => all.positions.map((_, i) => byPlace.get(`${fault}\n${i + 1}`)))
        .join("td");
    cells.filter(run => run).each(function (run) {
        const cell = d3.select(this).append(run.page ? "a" : "span")
            .attr("class", run.outcome ?? "none").attr("title", inWords(run)).attr("aria-label", inWords(run))
            .text(MARKS[run.outcome] ?? "");
        if (run.page) {
            cell.attr("href", run.page);
        }
        cell.on("mouseenter focus", () => detail(run));
    });
}

function detail(run) {
    const place = d3.select("#detail").html("");
    place.append("span").text(inWords(run));
    place.append("br");
    place.append("code").text(run.repeat);
}

function findings(all) {
    const found = all.runs.filter(run => FINDINGS.includes(run.outcome));
    found.sort((a, b) => FINDINGS.indexOf(a.outcome) - FINDINGS.indexOf(b.outcome) || a.number - b.number);
    const items = d3.select("#findings").selectAll("li").data(found).join("li");
    items.append("span").attr("class", run => `word ${run.outcome}`).text(run => run.outcome);
    items.append("span").text(run => ` ${inWords(run)}`);
    items.append("code").text(run => run.repeat);
    if (found.length === 0) {
        d3.select("#findings").append("p").text("None.");
    }
}

function main() {
    const began = performance.now();
    const all = JSON.parse(document.getElementById("record").textContent);
    d3.select("#command").text(all.command.join(" "));
    document.title = `ghostpeer ${all.kind}`;
    d3.select("#sum").text(`${all.runs.length} runs against ${all.profile}; ${all.left_out} pairs of fault and `
                           + "position cannot be.");
    legend(all);
    grid(all);
    findings(all);
    d3.select("footer").text(`Made by ghostpeer ${all.version}.`);
    document.documentElement.dataset.ready = String(Math.round(performance.now() - began));
}
