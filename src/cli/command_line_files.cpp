#include "cli/command_line_files.hpp"

namespace ghostpeer::cli {

CLI::App* add_list(CLI::App& app, ListRequest& listed) {
    CLI::App* list = app.add_subcommand("list", "The profiles of the catalogue");
    list->add_option("--tag", listed.tags, "Only profiles with this tag. Repeatable: with each")
        ->type_name("TAG")
        ->allow_extra_args(false);
    list->add_option(
            "WORD", listed.words,
            "Only profiles that are about it: in their name, tags or summary, or by a word "
            "that means the same (hang, bandwidth, disconnect)")
        ->type_name("");
    list->add_flag("--json", listed.json, "A JSON array: names, summaries, tags and parameters");
    list->footer(
        "Examples:\n  ghostpeer list hang\n  ghostpeer list --tag reset --tag handshake\n");
    return list;
}

CLI::App* add_show(CLI::App& app, ShowRequest& shown) {
    CLI::App* show = app.add_subcommand("show", "A profile, as it is written");
    show->add_option("PROFILE", shown.profile,
                     "A name of the catalogue, a path, or a tag: what there is of it")
        ->required();
    show->footer("Example:\n  ghostpeer show refuse > my-profile.yaml\n");
    return show;
}

CLI::App* add_check(CLI::App& app, CheckRequest& checked, std::vector<std::string>& parameters) {
    CLI::App* check = app.add_subcommand("check", "Tell what is wrong with profiles, all at once");
    check->add_option("PROFILE", checked.profiles, "Paths, or names of the catalogue")->required();
    check->add_option("--set", parameters, "NAME=VALUE: a parameter. Repeatable")
        ->allow_extra_args(false);
    check->footer("Example:\n  ghostpeer check profiles/*.yaml\n");
    return check;
}

CLI::App* add_report(CLI::App& app, ReportRequest& reported) {
    CLI::App* report = app.add_subcommand("report", "A page to look at, of a recorded run");
    report->add_option("RUN", reported.record, "What `run --events` wrote")->required();
    report->add_option("-o,--output", reported.page, "The page (RUN, with .html for .jsonl)")
        ->type_name("FILE");
    report->footer(
        "Example:\n  ghostpeer run --events run.jsonl --sockets refuse -- ./my-client\n"
        "  ghostpeer report run.jsonl\n");
    return report;
}

CLI::App* add_judge(CLI::App& app, JudgeRequest& judged) {
    CLI::App* judge = app.add_subcommand("judge", "The verdict of a recorded run, once more");
    judge->add_option("RUN", judged.record, "What `run --events` wrote; `-`: standard input")
        ->required();
    judge->add_option("PROFILE", judged.profiles,
                      "Profiles with other expectations, in place of the run's own");
    judge->add_option("--junit", judged.junit_file, "The verdict as JUnit XML")->type_name("FILE");
    judge->add_option("--tap", judged.tap_file, "The verdict as TAP; `-`: on standard output")
        ->type_name("FILE");
    judge->footer(
        "Ends with the status that the run ended with. Example:\n"
        "  ghostpeer run --events run.jsonl ./nat.yaml -- ./my-client\n"
        "  ghostpeer judge run.jsonl             # the same verdict\n"
        "  ghostpeer judge run.jsonl ./nat.yaml  # by what the file expects now\n");
    return judge;
}

CLI::App* add_init(CLI::App& app, InitRequest& begun) {
    CLI::App* init = app.add_subcommand("init", "Write a first profile, with comments");
    init->add_option("FILE", begun.file, "Where; `-`: standard output (ghostpeer.yaml)")
        ->type_name("");
    init->footer(
        "Example:\n  ghostpeer init mine.yaml\n"
        "  ghostpeer run ./mine.yaml -- curl -sS http://198.18.0.2/\n");
    return init;
}

CLI::App* add_schema(CLI::App& app, SchemaRequest& described) {
    CLI::App* schema = app.add_subcommand("schema", "A JSON Schema, for editors and programs");
    schema
        ->add_option("OF", described.of,
                     "profile: the language, with the catalogue's names (the default); events: the "
                     "lines of `run --events`")
        ->type_name("")
        ->check(CLI::IsMember({"profile", "events"}).description(""));
    schema->footer(
        "Example, and the first line of a profile beside it:\n"
        "  ghostpeer schema > ghostpeer.schema.json\n"
        "  # yaml-language-server: $schema=./ghostpeer.schema.json\n");
    return schema;
}

CLI::App* add_doctor(CLI::App& app) {
    CLI::App* doctor =
        app.add_subcommand("doctor", "Try what works here, and say how to get what does not");
    doctor->footer(
        "It makes a short run over each link, with strace and in virtual time, and prints what "
        "came "
        "of it. Exit status: 0 where `ghostpeer run` works in some way.\n");
    return doctor;
}

CLI::App* add_completion(CLI::App& app, CompletionRequest& completed) {
    CLI::App* completion = app.add_subcommand("completion", "A completion script for a shell");
    completion->add_option("SHELL", completed.shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    completion->footer(
        "Examples:\n  source <(ghostpeer completion bash)\n"
        "  ghostpeer completion fish > ~/.config/fish/completions/ghostpeer.fish\n");
    return completion;
}

}  // namespace ghostpeer::cli
