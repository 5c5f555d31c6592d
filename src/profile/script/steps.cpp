#include "profile/script/steps.hpp"

#include "profile/document/files.hpp"
#include "profile/document/values.hpp"
#include "profile/script/awaited.hpp"
#include "profile/script/phrase.hpp"
#include "profile/script/say.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace ghostpeer::profile {

namespace {

/// What holds where a step stands, on each way that leads there.
struct Flow {
    bool comes = true;      ///< there is one
    bool finished = false;  ///< behind a `shutdown`
};

/// Where two ways meet.
[[nodiscard]] Flow merge(Flow one, Flow other) noexcept {
    if (!one.comes) {
        return other;
    }
    return other.comes ? Flow{true, one.finished && other.finished} : one;
}

constexpr Flow no_way{false, false};

/// A script while it is being read.
struct Reading {
    Context& context;
    int most_groups = 0;
    int loops = 0;         ///< around the step
    Flow flow{};           ///< to the step
    Flow broken = no_way;  ///< behind the innermost loop, by its `break`
    std::uint32_t highest_capture = 0;
    const YamlNode* capture_at = nullptr;
};

Steps read_steps(const YamlNode& node, Reading& reading);

/// A step's map, by the words that may stand in it.
struct StepParts {
    const Entry* verb = nullptr;
    const Entry* in = nullptr;
    const Entry* otherwise = nullptr;
    const Entry* times = nullptr;
};

using ReadStep = bool (*)(const StepParts& parts, Step& step, Reading& reading);

/// The text of a `say` with captures; `content` is what it says without.
void find_captures(const YamlNode& text, SayStep& say, Reading& reading) {
    const std::uint32_t before = std::exchange(reading.highest_capture, 0);
    say.phrase = parse_phrase(text.text, text, reading.highest_capture, reading.context.errors);
    if (reading.highest_capture > before) {
        reading.capture_at = &text;
    }
    reading.highest_capture = std::max(reading.highest_capture, before);
    if (!say.phrase) {
        say.what.content = content_of(plain(text.text));
    }
}

/// False, and reported, where the peer's FIN has gone before.
bool may_send(const StepParts& parts, Reading& reading) {
    if (reading.flow.finished) {
        reading.context.errors.add(parts.verb->key, in_quotes(parts.verb->key.text) +
                                                        " cannot follow `shutdown`: the peer has "
                                                        "finished sending then");
    }
    return !reading.flow.finished;
}

bool read_say_step(const StepParts& parts, Step& step, Reading& reading) {
    if (!may_send(parts, reading)) {
        return false;
    }
    auto what = read_say_of(*parts.verb, reading.context);
    if (!what) {
        return false;
    }
    SayStep say{std::move(*what), {}};
    const YamlNode& value = parts.verb->value;
    const Entry* text = find(value, "text");
    if (value.type == YamlNode::Type::scalar && !value.broken) {
        find_captures(value, say, reading);
    } else if (text != nullptr && text->value.type == YamlNode::Type::scalar &&
               !text->value.broken) {
        find_captures(text->value, say, reading);
    }
    step.what = std::move(say);
    return true;
}

bool read_otherwise(const StepParts& parts, AwaitStep& await, Reading& reading) {
    if (parts.in != nullptr) {
        const auto unit = read_unit(*parts.in, reading.context.errors);
        if (!unit) {
            return false;
        }
        await.unit = *unit;
    }
    if (parts.otherwise == nullptr) {
        return true;
    }
    if (std::holds_alternative<StreamUnit>(await.unit)) {
        reading.context.errors.add(parts.otherwise->key,
                                   "`else` needs `in: line` or frames (`in: {length: u32be}`): in "
                                   "a stream the step waits until what it names has come");
        return false;
    }
    await.has_otherwise = true;
    await.otherwise = read_steps(parts.otherwise->value, reading);
    return true;
}

/// `in` and `else`. `found` is the flow behind the step where one of its patterns is found, and
/// the reading's that to the step.
bool read_beside(const StepParts& parts, AwaitStep& await, Flow found, Reading& reading) {
    const bool read = read_otherwise(parts, await, reading);
    // But for what was taken before, the step comes again behind its `else`.
    const bool waits_on = !std::holds_alternative<TakenUnit>(await.unit);
    reading.flow = merge(found, waits_on ? no_way : reading.flow);
    return read;
}

bool read_expect_step(const StepParts& parts, Step& step, Reading& reading) {
    AwaitStep await;
    if (!read_expected(*parts.verb, await, reading.most_groups, reading.context)) {
        return false;
    }
    if (parts.in != nullptr && await.cases.empty()) {
        reading.context.errors.add(
            parts.in->key, "`in` says what a text is looked for in, and this step has none");
        return false;
    }
    const bool read = read_beside(parts, await, reading.flow, reading);
    step.what = std::move(await);
    return read;
}

bool read_when_step(const StepParts& parts, Step& step, Reading& reading) {
    AwaitStep await;
    const Entry& verb = *parts.verb;
    if (!expect_type(verb, YamlNode::Type::map,
                     "a map of patterns and their steps, as in `{\"QUIT\": close}`",
                     reading.context.errors)) {
        return false;
    }
    if (verb.value.entries.empty()) {
        reading.context.errors.add(verb.value, "`when` names no pattern");
        return false;
    }
    const Flow before = reading.flow;
    Flow behind = no_way;
    for (const Entry& one : verb.value.entries) {
        reading.flow = before;
        auto pattern = read_case(one.key, reading.most_groups, reading.context);
        auto steps = read_steps(one.value, reading);
        if (pattern) {
            await.cases.push_back({std::move(*pattern), std::move(steps)});
        }
        behind = merge(behind, reading.flow);
    }
    reading.flow = before;
    const bool read = read_beside(parts, await, behind, reading);
    step.what = std::move(await);
    return read;
}

bool read_pause_step(const StepParts& parts, Step& step, Reading& reading) {
    const auto time = read_time(*parts.verb, reading.context.errors);
    step.what = PauseStep{time.value_or(Duration{})};
    return time.has_value();
}

template <EndStep how>
bool read_end_step(const StepParts& parts, Step& step, Reading& reading) {
    if (parts.verb->value.type != YamlNode::Type::null) {
        reading.context.errors.add(parts.verb->value,
                                   in_quotes(parts.verb->key.text) + " takes no value");
        return false;
    }
    if (how == EndStep::shutdown && !may_send(parts, reading)) {
        return false;
    }
    reading.flow = {how == EndStep::shutdown, true};
    step.what = how;
    return true;
}

bool read_loop_step(const StepParts& parts, Step& step, Reading& reading) {
    LoopStep loop;
    if (parts.times != nullptr) {
        loop.times = read_number(*parts.times, 1, UINT64_MAX, reading.context.errors);
    }
    const Flow before = reading.flow;
    const Flow outer = std::exchange(reading.broken, no_way);
    ++reading.loops;
    loop.steps = read_steps(parts.verb->value, reading);
    --reading.loops;
    const Flow round = reading.flow;
    reading.flow = merge(std::exchange(reading.broken, outer), loop.times ? round : no_way);
    if (round.comes && round.finished && !before.finished && loop.times.value_or(2) > 1) {
        reading.context.errors.add(parts.verb->key,
                                   "each round of the loop ends behind a `shutdown`, and nothing "
                                   "can be sent in the next one");
        return false;
    }
    if (loop.steps.empty()) {
        reading.context.errors.add(parts.verb->key, "`loop` needs steps");
        return false;
    }
    step.what = std::move(loop);
    return true;
}

bool read_break_step(const StepParts& parts, Step& step, Reading& reading) {
    if (reading.loops == 0 || parts.verb->value.type != YamlNode::Type::null) {
        reading.context.errors.add(parts.verb->key, reading.loops == 0
                                                        ? "`break` leaves a `loop`, and is in none"
                                                        : "`break` takes no value");
        return false;
    }
    reading.broken = merge(reading.broken, std::exchange(reading.flow, no_way));
    step.what = BreakStep{};
    return true;
}

constexpr std::array<Word<ReadStep>, 9> step_words{{
    {"say", read_say_step},
    {"expect", read_expect_step},
    {"when", read_when_step},
    {"pause", read_pause_step},
    {"close", read_end_step<EndStep::close>},
    {"shutdown", read_end_step<EndStep::shutdown>},
    {"reset", read_end_step<EndStep::reset>},
    {"loop", read_loop_step},
    {"break", read_break_step},
}};

/// What may stand beside a step's word, and beside which.
bool check_beside(const StepParts& parts, Errors& errors) {
    const std::string& verb = parts.verb->key.text;
    const bool waits = verb == "expect" || verb == "when";
    const auto refuse = [&](const Entry* entry, std::string_view with) {
        if (entry != nullptr) {
            errors.add(entry->key, in_quotes(entry->key.text) + " stands beside " +
                                       std::string(with) + ", not beside " + in_quotes(verb));
        }
        return entry != nullptr;
    };
    bool refused = false;
    if (!waits) {
        refused = refuse(parts.in, "`expect` or `when`");
        refused = refuse(parts.otherwise, "`expect` or `when`") || refused;
    }
    return !(verb != "loop" && refuse(parts.times, "`loop`")) && !refused;
}

std::optional<StepParts> parts_of(const YamlNode& map, Errors& errors) {
    StepParts parts;
    for (const Entry& entry : map.entries) {
        if (entry.key.text == "in") {
            parts.in = &entry;
        } else if (entry.key.text == "else") {
            parts.otherwise = &entry;
        } else if (entry.key.text == "times") {
            parts.times = &entry;
        } else if (parts.verb == nullptr) {
            parts.verb = &entry;
        } else {
            errors.add(entry.key, "a step does one thing, " + in_quotes(parts.verb->key.text) +
                                      " or " + in_quotes(entry.key.text) +
                                      "; another one is another item of the list");
            return std::nullopt;
        }
    }
    if (parts.verb == nullptr) {
        errors.add(map, "a step needs a word such as `say` or `expect`");
        return std::nullopt;
    }
    return parts;
}

void read_step(const YamlNode& node, Steps& steps, Reading& reading) {
    Errors& errors = reading.context.errors;
    Entry word;  // of a bare one
    std::optional<StepParts> parts;
    if (node.type == YamlNode::Type::scalar) {
        word = Entry{node, node};
        word.value.type = YamlNode::Type::null;
        parts = StepParts{&word, nullptr, nullptr, nullptr};
    } else if (node.type == YamlNode::Type::map) {
        parts = parts_of(node, errors);
    } else {
        errors.add(node, "a step is a word such as `close` or a map such as `{say: TEXT}`, not " +
                             std::string(describe(node.type)));
    }
    if (!parts) {
        return;
    }
    const auto* row = look_up(step_words, "step", parts->verb->key.text, parts->verb->key, errors);
    if (row == nullptr || !check_beside(*parts, errors)) {
        return;
    }
    Step step;
    step.place = Place{node.source->name(), node.mark.line + 1, node.mark.column + 1};
    if (row->read(*parts, step, reading)) {
        steps.push_back(std::move(step));
    }
}

/// One step or a list of them. What no way leads to is an error.
Steps read_steps(const YamlNode& node, Reading& reading) {
    Steps steps;
    if (node.type == YamlNode::Type::null) {
        return steps;
    }
    if (node.type != YamlNode::Type::list) {
        read_step(node, steps, reading);
        return steps;
    }
    for (const YamlNode& item : node.items) {
        if (!reading.flow.comes) {
            reading.context.errors.add(item,
                                       "this step never comes: the one before it ends the "
                                       "connection, leaves the loop, or is a loop without an end");
            break;
        }
        read_step(item, steps, reading);
    }
    return steps;
}

}  // namespace

std::optional<Script> read_script(const Entry& entry, Context& context) {
    if (!expect_type(entry, YamlNode::Type::list, "a list of steps such as `{say: TEXT}`",
                     context.errors)) {
        return std::nullopt;
    }
    Reading reading{context};
    auto steps = std::make_shared<Steps>(read_steps(entry.value, reading));
    if (entry.value.items.empty()) {
        context.errors.add(entry.value, "`script` has no steps");
    }
    if (reading.capture_at != nullptr &&
        std::cmp_greater(reading.highest_capture, reading.most_groups)) {
        context.errors.add(*reading.capture_at,
                           "no pattern of the script has a group for `${" +
                               std::to_string(reading.highest_capture) +
                               "}`: groups are in parentheses, as in `/^USER (.*)/`");
    }
    return Script{std::move(steps)};
}

}  // namespace ghostpeer::profile
