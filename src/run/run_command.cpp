#include "run/run_command.hpp"

#include "event/exit_status.hpp"
#include "loop/last_resort.hpp"
#include "posix/huge_pages.hpp"
#include "posix/message.hpp"
#include "process/tree.hpp"
#include "run/call_part.hpp"
#include "run/control_part.hpp"
#include "run/dialler.hpp"
#include "run/instead.hpp"
#include "run/observers.hpp"
#include "run/output_tee.hpp"
#include "run/packet_module.hpp"
#include "run/page_sink.hpp"
#include "run/run_loop.hpp"
#include "run/run_setup.hpp"
#include "run/tell_verdict.hpp"
#include "sandbox/confinement.hpp"
#include "setup/engine_setup.hpp"
#include "setup/link_setup.hpp"
#include "setup/peers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

namespace ghostpeer::run {

namespace {

/// Null where they cannot be had.
[[nodiscard]] std::unique_ptr<sockets::SocketWatcher> watch_sockets(sandbox::Sandbox& sandbox,
                                                                    const peer::Engine& engine,
                                                                    const loop::Clock& clock,
                                                                    loop::Sinks& sinks) {
    if (sandbox.diag()) {
        return std::make_unique<sockets::SocketWatcher>(sandbox.diag().release(),
                                                        std::move(sandbox.netstat()));
    }
    if (engine.expects_outcomes()) {
        sinks.notice(clock.now(), "sockets",
                     "The kernel's sockets cannot be watched here: an `outcome` "
                     "is told from the segments alone, and is `unknown` where "
                     "they do not tell.");
    }
    return nullptr;
}

/// Why a run did not begin: what is to be said of it, and the status.
struct Refusal {
    std::string text;  ///< a sentence; empty: nothing is left to say
    int status = exit_cannot;
};
using Step = tl::expected<void, Refusal>;

[[nodiscard]] tl::unexpected<Refusal> refuse(std::string text, int status = exit_cannot) {
    return tl::make_unexpected(Refusal{std::move(text), status});
}

/// The parts of a run, which name one another: made from the first member to the last, and ended
/// in the reverse order.
class Run {
  public:
    Run(const setup::RunOptions& options, const sandbox::Inheritance& inheritance)
        : options_(options), inheritance_(inheritance) {}

    /// All that can be refused, in order.
    [[nodiscard]] Step begin() {
        for (const auto step :
             {&Run::read_profiles, &Run::open_interfaces, &Run::make_sandbox, &Run::open_outputs,
              &Run::make_engine, &Run::make_dialler, &Run::make_loop, &Run::launch}) {
            if (auto done = (this->*step)(); !done) {
                return done;
            }
        }
        return {};
    }

    /// Until COMMAND has ended. Returns the run's exit status.
    [[nodiscard]] int go() {
        const Outcome outcome = loop_->run();
        const Instant end = clock_->now();
        // From COMMAND's network, so before that is gone.
        auto instead = describe_instead(
            engine_->attempt_count() == 0 ? process::network_use(sandbox_->helper()) : std::nullopt,
            *engine_, name_server_->unknown(), options_.link == setup::LinkChoice::loopback);
        end_what_is_left(end);
        return tell(outcome, end, std::move(instead));
    }

    /// A thread of the control interface still works on a request.
    [[nodiscard]] bool left_behind() const noexcept { return left_behind_; }

  private:
    [[nodiscard]] bool virtual_time() const noexcept { return !options_.kernel.empty(); }

    [[nodiscard]] Step read_profiles() {
        if (std::string problem = missing_packet_module(); !problem.empty()) {
            return refuse(std::move(problem));
        }
        keep_a_descriptor_for_packet_module();
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
        seed_ = choose_seed(options_);
        return {};
    }

    /// The control interface, and what stands between COMMAND and its output.
    [[nodiscard]] Step open_interfaces() {
        signals_.emplace();
        last_resort::doing("the control interface and the program's namespaces are made");
        auto control = open_control(options_, true);
        if (!control) {
            return refuse(control.error());
        }
        if (*control) {
            control_.emplace(std::move(**control));
            if (const std::string where = describe_control(options_, *control_); !where.empty()) {
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
        const bool libpcap = options_.pcap_file && !setup::wants_annotated_capture(options_);
        if (!virtual_time() && (libpcap || setup::make_other_packets(peers_))) {
            spec.meanwhile = [this] { loading_ = begin_to_load_packet_module(); };
        }
        auto made = sandbox::Sandbox::prepare(std::move(spec));
        if (!made) {
            return refuse(made.error().message, status_of(made.error()));
        }
        sandbox_.emplace(std::move(*made));
        if (virtual_time()) {
            // Every run meets the kernel's timers in the same phase, however long it took to get
            // here.
            loop::sleep_until(std::chrono::seconds(1));
        }
        return {};
    }

    /// What a capture says of the run.
    [[nodiscard]] std::string comment() const {
        return fmt::format("profiles: {}; seed {}; command: {}",
                           fmt::join(setup::profile_names(peers_), ", "), seed_,
                           fmt::join(options_.command, " "));
    }

    [[nodiscard]] Step open_outputs() {
        clock_.emplace();
        last_resort::doing("the files for its output are opened");
        if (const auto opened = open_observers(options_, *clock_, comment(), sinks_); !opened) {
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

    [[nodiscard]] Step make_engine() {
        const std::string remark = sandbox_->link_end().remark;
        link_ = setup::make_link(sandbox_->link_end(), options_.mtu, peers_.loopback);
        peer::Settings settings = setup::make_settings(options_, peers_, seed_);
        settings.memory = &memory_;
        settings.ids = &sinks_.ids();
        settings.virtual_time = virtual_time();
        settings.epoch = settings.virtual_time ? Duration::zero() : clock_->epoch();
        settings.verify_checksums = link_->verify_checksums();
        settings.name_server = options_.link != setup::LinkChoice::loopback;
        engine_.emplace(settings, peers_.specs);
        if (setup::have_expectations(peers_)) {
            conversation_ = keep_conversation(sinks_);
        }
        watcher_ = watch_sockets(*sandbox_, *engine_, *clock_, sinks_);
        sampler_.emplace(watcher_.get(), *engine_, sinks_,
                         SocketSampler::Purpose{options_.sockets, engine_->expects_outcomes()});
        if (options_.link == setup::LinkChoice::automatic) {
            notice("link", remark);
        }
        notice("link", peers_.loopback.notice);
        for (const std::string& sentence : peers_.remarks) {
            notice("command-line", sentence);
        }
        return {};
    }

    /// `text` may be empty: then there is nothing to tell.
    void notice(std::string_view what, const std::string& text) {
        if (!text.empty()) {
            sinks_.notice(clock_->now(), what, text);
        }
    }

    [[nodiscard]] Step make_dialler() {
        if (peers_.clients.empty()) {
            return {};
        }
        if (!sandbox_->listen_diag()) {
            return refuse(
                "this kernel has no sock_diag (CONFIG_INET_DIAG), which tells where COMMAND "
                "listens, and a peer with `role: client` must know.");
        }
        std::vector<wire::Endpoint> guards = peers_.loopback.places;
        guards.insert(guards.end(), peers_.loopback.with_ipv6.begin(),
                      peers_.loopback.with_ipv6.end());
        dialler_.emplace(peers_.clients, std::move(guards), sandbox_->listen_diag().release(),
                         clock_->now());
        return {};
    }

    [[nodiscard]] Step make_loop() {
        name_server_.emplace(*engine_, peers_.addresses_by_name, peers_.relays.original,
                             options_.mtu);
        relay_.emplace(*engine_, *name_server_, peers_.names_by_address, peers_.relays.servers);
        std::vector<loop::Part*> attendants;
        if (control_) {
            controller_.emplace(*control_, *clock_, *engine_, sinks_, peers_);
            attendants.push_back(&*controller_);
        }
        if (output_) {
            attendants.push_back(output_.get());
        }
        if (calls_) {
            attendants.push_back(calls_.get());
        }
        loop_.emplace(RunLoop::Parts{*clock_, *engine_, *link_, &*sandbox_, *signals_, sinks_,
                                     *relay_, *sampler_, options_.timeout, options_.fires,
                                     !virtual_time(), dialler_ ? &*dialler_ : nullptr, attendants});
        if (loop_->problem()) {
            return refuse(*loop_->problem());
        }
        return {};
    }

    [[nodiscard]] Step launch() {
        last_resort::doing("COMMAND is started");
        if (const auto launched = sandbox_->launch(); !launched) {
            return refuse(launched.error().message, status_of(launched.error()));
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
                loop_->overlook(tracer);
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
        sinks_.finish();
        judge::RunSummary run = summarize(options_, outcome, *engine_, sinks_, end, seed_);
        run.expected_status = options_.expected_status;
        run.wall_timeout = options_.wall_timeout;
        run.instead = std::move(instead);
        run.unmet_peers = find_unmet_peers(peers_, *engine_);
        if (output_) {
            run.output = output_->texts();
        }
        run.link = link_->describe();
        run.kernel = options_.kernel;
        if (dialler_) {
            run.undialled = dialler_->undialled();
        }
        if (const auto lost = controller_ ? controller_->lost() : std::nullopt) {
            run.lost.push_back({*lost, false});
        }
        if (conversation_ != nullptr) {
            conversation_->forget_after(outcome.concluded);
        }
        const event::Verdict verdict =
            tell_verdict(options_, std::move(run), sinks_, conversation_, end);
        last_resort::doing("the control interface is closed");
        left_behind_ = controller_ && !controller_->end();
        return verdict.status;
    }

    const setup::RunOptions& options_;
    const sandbox::Inheritance& inheritance_;
    setup::Peers peers_;
    std::uint64_t seed_ = 0;
    std::optional<loop::SignalReader> signals_;
    std::optional<ControlAccess> control_;
    std::unique_ptr<OutputTee> output_;  ///< where an expectation looks at it
    std::unique_ptr<CallPart> calls_;
    std::jthread loading_;  ///< of the packet module
    std::optional<sandbox::Sandbox> sandbox_;
    std::optional<loop::Clock> clock_;
    loop::Sinks sinks_;
    std::unique_ptr<link::Link> link_;
    HugePages memory_;
    std::optional<peer::Engine> engine_;
    judge::Conversation* conversation_ = nullptr;  ///< one of `sinks_`
    std::unique_ptr<sockets::SocketWatcher> watcher_;
    std::optional<SocketSampler> sampler_;
    std::optional<Dialler> dialler_;
    std::optional<NameServer> name_server_;
    std::optional<Relay> relay_;
    std::optional<ControlPart> controller_;
    std::optional<RunLoop> loop_;
    bool left_behind_ = false;
};

}  // namespace

int run_command(const setup::RunOptions& options, const sandbox::Inheritance& inheritance) {
    std::optional<Run> run;
    run.emplace(options, inheritance);
    if (const auto begun = run->begin(); !begun) {
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
