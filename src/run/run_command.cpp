#include "run/run_command.hpp"

#include "access/control_part.hpp"
#include "event/exit_status.hpp"
#include "loop/last_resort.hpp"
#include "packets/loading.hpp"
#include "posix/message.hpp"
#include "process/tree.hpp"
#include "run/assembly.hpp"
#include "run/call_part.hpp"
#include "run/instead.hpp"
#include "run/observers.hpp"
#include "run/output_tee.hpp"
#include "run/page_sink.hpp"
#include "run/run_setup.hpp"
#include "run/stages.hpp"
#include "sandbox/confinement.hpp"
#include "setup/engine_setup.hpp"
#include "setup/link_setup.hpp"
#include "setup/peers.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

namespace ghostpeer::run {

namespace {

/// Why a run did not begin: what is to be said of it, and the status.
struct Refusal {
    std::string text;  ///< a sentence; empty: nothing is left to say
    int status = exit_cannot;
    bool forbidden = false;  ///< by the system, to make the network that COMMAND would run in
};
using Step = tl::expected<void, Refusal>;

[[nodiscard]] tl::unexpected<Refusal> refuse(std::string text, int status = exit_cannot) {
    return tl::make_unexpected(Refusal{std::move(text), status});
}

/// A run with COMMAND, step by step; what is made last is ended first.
class Run {
  public:
    Run(const setup::RunOptions& options, const sandbox::Inheritance& inheritance)
        : options_(options), inheritance_(inheritance) {}

    /// All that can be refused, in order.
    [[nodiscard]] Step begin() {
        for (const auto step :
             {&Run::part_outputs, &Run::read_profiles, &Run::open_interfaces, &Run::start_stages,
              &Run::make_sandbox, &Run::open_outputs, &Run::put_together, &Run::launch}) {
            if (auto done = (this->*step)(); !done) {
                return done;
            }
        }
        return {};
    }

    /// Until COMMAND has ended. Returns the run's exit status.
    [[nodiscard]] int go() {
        const Outcome outcome = assembly_->run();
        const Instant end = clock_->now();
        // From COMMAND's network, so before that is gone.
        const peer::Engine& engine = assembly_->engine();
        auto instead = describe_instead(
            engine.attempt_count() == 0 ? process::network_use(sandbox_->helper()) : std::nullopt,
            engine, assembly_->unknown_names(), options_.link == setup::LinkChoice::loopback);
        end_what_is_left(end);
        return tell(outcome, end, std::move(instead));
    }

    /// A thread of the control interface still works on a request.
    [[nodiscard]] bool left_behind() const noexcept { return left_behind_; }

  private:
    [[nodiscard]] bool virtual_time() const noexcept { return !options_.kernel.empty(); }

    [[nodiscard]] Step read_profiles() {
        packets::keep_a_descriptor_for_packet_module();
        if (options_.timeout) {
            last_resort::prepare();
            last_resort::arm(*options_.timeout + last_resort::patience,
                             last_resort::Cause::timeout);
            last_resort::doing("the profiles are read");
        }
        if (const auto begun = begin_reports(options_); !begun) {
            return refuse(begun.error());
        }
        auto peers = setup::resolve_peers(options_, setup::scene_of(options_));
        if (!peers) {
            print_message(peers.error());  // many lines
            return refuse({});
        }
        peers_ = std::move(*peers);
        if (setup::make_other_packets(peers_)) {
            if (std::string problem = packets::missing_packet_module(); !problem.empty()) {
                return refuse(std::move(problem));
            }
        }
        seed_ = choose_seed(options_);
        return {};
    }

    /// The control interface, and what stands between COMMAND and its output.
    [[nodiscard]] Step open_interfaces() {
        signals_.emplace();
        last_resort::doing("the control interface and the program's namespaces are made");
        auto control = access::open_control(options_, true);
        if (!control) {
            return refuse(control.error());
        }
        if (*control) {
            control_.emplace(std::move(**control));
            if (const std::string where = access::describe_control(options_, *control_);
                !where.empty()) {
                complain(where);
            }
        }
        if (looks_at_output(peers_)) {
            auto opened = OutputTee::open();
            if (!opened) {
                return refuse(opened.error());
            }
            output_ = std::move(*opened);
        }
        if (options_.syscalls) {
            last_resort::doing("strace is tried");
            auto opened = CallPart::open(*options_.syscalls);
            if (!opened) {
                return refuse(opened.error());
            }
            calls_ = std::move(*opened);
        }
        return {};
    }

    /// Nothing can be started once this process is confined.
    [[nodiscard]] Step start_stages() {
        last_resort::doing("the servers behind the peer are started");
        std::vector<int> kept_outside;
        if (control_) {
            kept_outside.push_back(control_->listener.fd());
        }
        if (auto begun = stages_.begin(peers_, kept_outside); !begun) {
            return refuse(begun.error().message);
        }
        last_resort::doing("the program's namespaces are made");
        return {};
    }

    [[nodiscard]] Step make_sandbox() {
        sandbox::Spec spec = make_spec(options_, peers_, inheritance_, seed_, control_);
        if (output_) {
            spec.output = output_->ends();
        }
        if (calls_) {
            spec.tracer = calls_->tracer();
        }
        // In virtual time no time passes while it is loaded, and what runs side by side does not
        // repeat exactly.
        if (!virtual_time() && setup::make_other_packets(peers_)) {
            spec.meanwhile = [this] { loading_ = packets::begin_to_load_packet_module(); };
        }
        auto made = sandbox::Sandbox::prepare(std::move(spec));
        if (!made) {
            return tl::make_unexpected(
                Refusal{made.error().message, status_of(made.error()),
                        made.error().kind == sandbox::Error::Kind::not_permitted});
        }
        sandbox_.emplace(std::move(*made));
        if (virtual_time()) {
            // Every run meets the kernel's timers in the same phase, however long it took to get
            // here.
            loop::await_run_start();
        }
        return {};
    }

    /// What a capture says of the run.
    [[nodiscard]] std::string comment() const {
        return fmt::format("profiles: {}; seed {}; command: {}",
                           fmt::join(setup::profile_names(peers_), ", "), seed_,
                           fmt::join(options_.command, " "));
    }

    /// `--events -`: what comes through a pipe is events alone, so COMMAND's own output goes where
    /// its errors go.
    [[nodiscard]] Step part_outputs() {
        if (options_.events_file != "-") {
            return {};
        }
        events_output_ = FileDescriptor(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
        sandbox::reserve_standard_descriptors();
        if (!events_output_ || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
            return refuse(
                fmt::format("--events - needs standard output, and that cannot be written to: {}.",
                            std::strerror(errno)));
        }
        return {};
    }

    [[nodiscard]] Step open_outputs() {
        clock_.emplace();
        last_resort::doing("the files for its output are opened");
        if (const auto opened =
                open_observers(options_, *clock_, comment(), sinks_, events_output_.get());
            !opened) {
            return refuse(opened.error());
        }
        if (calls_) {
            calls_->tell(*clock_, sinks_);
        }
        if (options_.report_file) {
            auto page = open_page_sink(*options_.report_file);
            if (!page) {
                return refuse(page.error());
            }
            sinks_.add(std::move(*page));
        }
        return {};
    }

    [[nodiscard]] Step put_together() {
        const std::string remark = sandbox_->link_end().remark;
        link_ = setup::make_link(sandbox_->link_end(), options_.mtu, peers_.loopback);
        assembly_.emplace(Surroundings{
            options_, peers_, seed_, *clock_, *signals_, sinks_, *link_, options_.mtu,
            control_ ? &*control_ : nullptr, stages_.behind(peers_), &*sandbox_, options_.sockets,
            options_.link != setup::LinkChoice::loopback, virtual_time(), beginning()});
        if (options_.link == setup::LinkChoice::automatic) {
            notice("link", remark);
        }
        notice("link", peers_.loopback.notice);
        assembly_->tell_remarks();
        if (output_) {
            assembly_->add(*output_);
        }
        if (calls_) {
            assembly_->add(*calls_);
        }
        if (const auto& problem = assembly_->problem()) {
            return refuse(*problem);
        }
        return {};
    }

    /// What the record says of COMMAND's side.
    [[nodiscard]] event::Run beginning() const {
        event::Run run;
        run.command = options_.command;
        run.kernel = options_.kernel;
        run.expected_status = options_.expected_status;
        run.wall_timeout = options_.wall_timeout;
        return run;
    }

    /// `text` may be empty: then there is nothing to tell.
    void notice(std::string_view what, const std::string& text) {
        if (!text.empty()) {
            sinks_.notice(clock_->now(), what, text);
        }
    }

    [[nodiscard]] Step launch() {
        last_resort::doing("COMMAND is started");
        if (const auto launched = sandbox_->launch(); !launched) {
            return refuse(launched.error().message, status_of(launched.error()));
        }
        notice("files", sandbox_->shared_files());
        if (sandbox_->door()) {
            assembly_->open_control_door(std::move(sandbox_->door()));
        }
        if (output_) {
            output_->launched();
        }
        if (calls_) {
            calls_->launched();
            overlook_tracer();
        }
        if (!virtual_time()) {
            // Beside COMMAND's own start, so that nobody waits for it. A guest has nothing to
            // protect, and COMMAND's waits are looked at with ptrace(2) there.
            sandbox::confine_run(sandbox_->helper(), peers_.relays.servers);
        }
        return {};
    }

    /// strace lives in COMMAND's namespace, and is nothing of COMMAND's.
    void overlook_tracer() {
        for (const pid_t child : process::children_of(sandbox_->helper())) {
            if (const pid_t tracer = process::tracer_of(child); tracer > 0) {
                assembly_->ending().overlook(tracer);
            }
        }
    }

    void end_what_is_left(Instant end) {
        last_resort::doing("what COMMAND has left behind is ended");
        if (!sandbox_->kill()) {
            complain(
                "what COMMAND has started is not gone yet, though it was sent SIGKILL: its "
                "processes are very many, or somebody traces one of them (a debugger, strace).");
        }
        last_resort::put_off();
        last_resort::doing("the trace and the reports are written");
        if (output_) {
            output_->finish();
        }
        if (calls_) {
            calls_->finish(end);
        }
    }

    /// The verdict, and the exit status that it has.
    [[nodiscard]] int tell(const Outcome& outcome, Instant end, std::vector<std::string> instead) {
        if (outcome.exit) {
            sinks_.record({end, 0, 0, *outcome.exit});
        }
        event::End last = assembly_->sum_up(outcome, end);
        last.instead = std::move(instead);
        last.unmet_peers = find_unmet_peers(peers_, assembly_->engine());
        if (output_) {
            last.output = output_->texts();
        }
        const event::Verdict verdict = assembly_->tell(std::move(last), end);
        last_resort::doing("the control interface is closed");
        left_behind_ = !assembly_->close_control();
        return verdict.status;
    }

    const setup::RunOptions& options_;
    const sandbox::Inheritance& inheritance_;
    setup::Peers peers_;
    std::uint64_t seed_ = 0;
    std::optional<loop::SignalReader> signals_;
    std::optional<access::ControlAccess> control_;
    FileDescriptor events_output_;       ///< standard output, of `--events -`
    std::unique_ptr<OutputTee> output_;  ///< where an expectation looks at it
    std::unique_ptr<CallPart> calls_;
    std::jthread loading_;  ///< of the packet module
    Stages stages_;
    std::optional<sandbox::Sandbox> sandbox_;
    std::optional<loop::Clock> clock_;
    loop::Sinks sinks_;
    std::unique_ptr<link::Link> link_;
    std::optional<Assembly> assembly_;
    bool left_behind_ = false;
};

}  // namespace

int run_command(const setup::RunOptions& options, const sandbox::Inheritance& inheritance,
                std::string* forbidden) {
    std::optional<Run> run;
    run.emplace(options, inheritance);
    if (const auto begun = run->begin(); !begun) {
        if (begun.error().forbidden && forbidden != nullptr) {
            *forbidden = begun.error().text;
            return begun.error().status;
        }
        if (!begun.error().text.empty()) {
            complain(begun.error().text);
        }
        fail_reports(options,
                     "The run did not begin: " + (begun.error().text.empty()
                                                      ? "a profile or an option is wrong."
                                                      : begun.error().text),
                     begun.error().status);
        return begun.error().status;
    }
    const int status = run->go();
    if (run->left_behind()) {
        run.reset();
        std::_Exit(status);
    }
    return status;
}

}  // namespace ghostpeer::run
