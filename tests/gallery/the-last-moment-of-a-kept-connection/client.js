const ask = async (options) => {
    try {
        const answer = await fetch("http://198.18.0.2/", options);
        await answer.text();
        console.log(`answer ${answer.status}`);
    } catch (error) {
        console.log(`${error.message}: ${error.cause && error.cause.code}`);
    }
};
(async () => {
    await ask({});
    await new Promise((done) => setTimeout(done, 100));
    await ask(process.argv[2] === "POST" ? { method: "POST", body: "x" } : {});
    process.exit(0);
})();
