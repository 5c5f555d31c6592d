// An honest RFC 9293 endpoint: one connection, no I/O, no clock, no addresses.
//
// The driver's contract:
//   - `open_passive` / `open_active` / `on_segment` / `on_timer` take what happened and the
//     instant; `now` never goes back.
//   - After each of them the driver lets the application read (`readable`, `consume`), then calls
//     `acknowledge`, lets the application write (`send`, `shutdown`, `close`), then calls
//     `transmit`. So an acknowledgement carries the window of an application that has read. One
//     that is not to wait leaves before that application's answer, any other rides on it.
//   - `next_deadline` says when `on_timer` is due. Calling it earlier does nothing.
//   - In CLOSED the connection is gone: every call is a no-op. Only what a connection that ended in
//     good order left unread may still be read.
#pragma once

#include "ghostpeer/tcp/byte_queue.hpp"
#include "ghostpeer/tcp/config.hpp"
#include "ghostpeer/tcp/congestion.hpp"
#include "ghostpeer/tcp/environment.hpp"
#include "ghostpeer/tcp/output.hpp"
#include "ghostpeer/tcp/rtt.hpp"
#include "ghostpeer/wire/time.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace ghostpeer::tcp {

/// Send sequence variables (RFC 9293, 3.3.1).
struct SendVariables {
    wire::SeqNum una;           ///< oldest unacknowledged
    wire::SeqNum nxt;           ///< next to be sent for the first time (never goes back)
    wire::SeqNum wl1;           ///< segment number of the last window update
    wire::SeqNum wl2;           ///< acknowledgement number of the last window update
    wire::SeqNum iss;           ///< initial send sequence number
    std::uint32_t wnd = 0;      ///< bytes, scaled
    std::uint32_t max_wnd = 0;  ///< largest window the other side ever offered
    std::uint16_t mss = 536;    ///< largest payload that the other side takes (RFC 9293, 3.7.1)
    std::uint8_t scale = 0;     ///< shift of the windows that arrive
};

/// Receive sequence variables (RFC 9293, 3.3.1).
struct ReceiveVariables {
    wire::SeqNum nxt;             ///< next expected
    wire::SeqNum irs;             ///< initial receive sequence number
    std::uint32_t wnd = 0;        ///< bytes last offered, less what has arrived since
    std::uint16_t mss = 0;        ///< payload of what counts as a full segment (Linux: rcv_mss)
    std::uint8_t quick_acks = 0;  ///< ACKs left that do not wait (Linux: the same name)
    std::uint8_t scale = 0;       ///< shift of the windows that leave
};

struct SendBuffer;  // unacknowledged and unsent bytes, segments in flight (src/tcp)
struct SentSegment;
enum class Recovery : std::uint8_t;
struct Reassembly;  // bytes that arrived out of order (src/tcp)
struct ReadRate;    // how fast the application reads (src/tcp)

class Tcb {
  public:
    Tcb() noexcept;
    ~Tcb();
    Tcb(Tcb&&) noexcept;
    Tcb& operator=(Tcb&&) noexcept;
    Tcb(const Tcb&) = delete;
    Tcb& operator=(const Tcb&) = delete;

    using Environment = tcp::Environment;

    /// LISTEN and a SYN (RFC 9293, 3.10.7.2): SYN-RECEIVED, and a SYN-ACK in `out`. `config` must
    /// outlive the connection. A FIN on the SYN is not processed; payload on it is not accepted.
    void open_passive(const Config& config, const Environment& environment,
                      const wire::Segment& syn, Instant now, Output& out);

    /// CLOSED and an active OPEN (RFC 9293, 3.10.1): SYN-SENT, and a SYN in `out`. `config` must
    /// outlive the connection. What is given to `send` before the answer rides on the handshake's
    /// ACK, as in Linux; with `Config::fast_open` on the SYN, which the next `transmit` sends.
    void open_active(const Config& config, const Environment& environment, Instant now,
                     Output& out);

    /// A segment arrived for this connection (RFC 9293, 3.10.7.3 and 3.10.7.4). Its payload may
    /// be moved from.
    void on_segment(wire::Segment&& segment, Instant now, Output& out);

    /// A router says that the segment with this number was too large for the path, which lets
    /// segments of `mss` bytes pass (MTU less headers). False where it is not outstanding, and so
    /// perhaps forged (RFC 5927). What was too large leaves again with the next `transmit`.
    bool on_path_mss(wire::SeqNum quoted, std::uint16_t mss, Instant now);
    /// The network says that the segment with this number cannot be delivered; `route`: that there
    /// is no way to the other side, rather than that it is not wanted there.
    void on_unreachable(wire::SeqNum quoted, bool route, Output& out);

    /// Retransmission, loss probe, persist, delayed-ACK and TIME-WAIT timers that are due.
    void on_timer(Instant now, Output& out);
    [[nodiscard]] std::optional<Instant> next_deadline() const noexcept;

    /// The application has read: sends the acknowledgement that is due now, if one is, and gives
    /// a fast reader a larger window.
    void acknowledge(Instant now, Output& out);
    /// Nothing is due but an acknowledgement of data in order, which one of more data can stand
    /// for.
    [[nodiscard]] bool ack_may_wait() const noexcept;
    /// Sends the data and the FIN that windows and buffers permit, and a window update where the
    /// application's reading has opened the window enough (RFC 9293, 3.8.6.2.2).
    void transmit(Instant now, Output& out);

    // The application's side (RFC 9293, 3.9.1) --------------------------------------------------

    /// Bytes in order that the application may read.
    [[nodiscard]] std::span<const std::uint8_t> readable() const noexcept { return unread_.view(); }
    void consume(std::size_t n);
    /// The other side has finished and everything before its FIN has been read.
    [[nodiscard]] bool at_end_of_stream() const noexcept {
        return fin_received_ && unread_.empty();
    }
    /// Room for `send`, in bytes.
    [[nodiscard]] std::size_t send_room() const noexcept;
    /// Queues bytes (all of them, even beyond `send_room`: the caller bounds); ignored after
    /// `shutdown`, `close` and in states that do not send.
    void send(std::span<const std::uint8_t> bytes);
    /// What has been queued waits for no acknowledgement, as with TCP_NODELAY.
    void send_promptly() noexcept;
    /// Would `send` queue anything?
    [[nodiscard]] bool may_send() const noexcept;
    /// `close` was called.
    [[nodiscard]] bool closed_by_user() const noexcept { return no_reader_; }
    /// As `shutdown(SHUT_WR)`: FIN after what is queued, still reading. Before the handshake's end
    /// it waits for it.
    void shutdown(Output& out);
    /// As `close()`: FIN after what is queued, and data that arrives later is answered by RST; with
    /// unread data RST at once (RFC 2525, 2.17). In SYN-SENT the connection goes without a word.
    void close(Instant now, Output& out);
    /// As `close()` with SO_LINGER 0 (ABORT): RST (`<SEQ=SND.NXT><ACK=RCV.NXT><CTL=RST,ACK>`) and
    /// CLOSED. SYN-SENT ends without a segment (RFC 9293, 3.10.5).
    void abort(Instant now, Output& out);
    /// CLOSED without a word, as after a power loss.
    void forget(Output& out);
    /// Receive-buffer policy: exactly `bytes` are offered from now on, even if that takes back what
    /// was offered before (Linux: tcp_shrink_window); unset: the configured buffer minus what is
    /// unread. Whatever is offered, no more than the larger of the two is kept unread: what does
    /// not fit is thrown away as if it had not arrived. The change shows in the next segment;
    /// `transmit` sends a window update for a change from zero, or where `announce` is true for any
    /// change.
    /// Called in CLOSED it holds for the connection that is opened next, SYN-ACK included.
    void set_window(std::optional<std::uint32_t> bytes, bool announce);

    // What others may know ----------------------------------------------------------------------

    [[nodiscard]] State state() const noexcept { return state_; }
    /// ESTABLISHED or later and not CLOSED.
    [[nodiscard]] bool synchronized() const noexcept { return state_ >= State::established; }
    [[nodiscard]] const SendVariables& snd() const noexcept { return snd_; }
    [[nodiscard]] const ReceiveVariables& rcv() const noexcept { return rcv_; }
    [[nodiscard]] bool timestamps_on() const noexcept { return timestamps_; }
    /// TSval that a segment leaving now would carry, and the TSecr (TS.Recent).
    [[nodiscard]] std::uint32_t timestamp_now(Instant now) const noexcept;
    [[nodiscard]] std::uint32_t timestamp_recent() const noexcept { return ts_recent_; }
    /// The window last offered on the wire was 0 (`ClassifyContext::window_closed`).
    [[nodiscard]] bool window_closed() const noexcept { return window_closed_; }
    /// Payload bytes received in order, and payload bytes that the other side has acknowledged.
    [[nodiscard]] std::uint64_t bytes_received() const noexcept { return bytes_received_; }
    [[nodiscard]] std::uint64_t bytes_acknowledged() const noexcept { return bytes_acknowledged_; }
    /// The other side's FIN has been received in order.
    [[nodiscard]] bool fin_received() const noexcept { return fin_received_; }
    /// In TIME-WAIT: may this SYN open a new connection on the same flow (RFC 9293, 3.6.1;
    /// RFC 6191)?
    [[nodiscard]] bool reopens(const wire::Segment& syn) const noexcept;
    /// True for a connection whose retransmissions were given up.
    [[nodiscard]] bool timed_out() const noexcept { return timed_out_; }
    /// Bytes on the heap that belong to this connection.
    [[nodiscard]] std::size_t heap_bytes() const noexcept;

    /// `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`, for callers that build one of their own.
    [[nodiscard]] wire::Segment template_segment(Instant now) const;

  private:
    /// What `timer_at_` is for; no two of them ever run at the same time.
    enum class Timer : std::uint8_t {
        none,
        retransmit,
        loss_probe,  // RFC 8985, 7
        reordering,  // RFC 8985, 6.3
        persist,
        time_wait,
        fin_wait_2,
    };
    enum class AckDue : std::uint8_t { none, delayed, now };
    static constexpr Instant never = Instant::max();
    static constexpr std::uint32_t long_ago = 1U << 31;  // milliseconds: as far off as can be

    // tcb.cpp
    void enter(State to, Output& out);
    void arm(Timer timer, Instant at) noexcept;
    SendBuffer& send_buffer();
    Reassembly& reassembly_buffer();
    void release_idle_buffers();
    // open.cpp
    void start(const Config& config, const Environment& environment);
    void receive_syn(const wire::Segment& syn, Instant now);
    // ecn.cpp
    void negotiate_ecn(const wire::Segment& syn) noexcept;
    void note_congestion(const wire::Segment& segment) noexcept;
    void react_to_congestion(const wire::Segment& segment) noexcept;
    void mark(wire::Segment& segment, bool again) noexcept;
    void negotiate(const wire::Segment& syn);
    void size_buffer() noexcept;
    void send_syn(Instant now, bool again, Output& out);
    void take_ack_of_opening(wire::SeqNum ack);
    void take_data_of_syn(const wire::Segment& syn);
    [[nodiscard]] bool acknowledges_opening(wire::SeqNum ack) const noexcept;
    void send_syn_ack(Instant now, bool again, Output& out);
    void emit_opening(wire::Segment&& segment, Reason reason, bool again, Output& out);
    // syn_sent.cpp
    void arrive_in_syn_sent(const wire::Segment& segment, Instant now, Output& out);
    [[nodiscard]] bool repeats_syn_ack(const wire::Segment& segment) const noexcept;
    // segments.cpp
    [[nodiscard]] wire::SeqNum acceptable_seq() const noexcept;
    [[nodiscard]] wire::Segment make_segment(wire::SeqNum seq, std::uint8_t flags, Instant now);
    [[nodiscard]] wire::SeqNum place(std::uint64_t at) const noexcept;
    void add_sack(wire::Options& options) const;
    static void emit(wire::Segment&& segment, Reason reason, bool again, Output& out);
    // window.cpp
    [[nodiscard]] std::uint64_t free_buffer() const noexcept;
    [[nodiscard]] bool may_open_window() const noexcept;
    [[nodiscard]] std::uint16_t window_to_offer() const noexcept;
    void commit_window(std::uint16_t field) noexcept;
    [[nodiscard]] std::uint32_t acceptable_window() const noexcept;
    [[nodiscard]] std::uint32_t room_for_payload() const noexcept;
    /// Of so much room, what `Config::most_unread` and `memory` leave.
    [[nodiscard]] std::uint32_t within_limits(std::uint32_t room) const noexcept;
    void send_window_update(Instant now, Output& out);
    // read_rate.cpp
    void measure_round_trip(const wire::Segment& segment, Instant now);
    void grow_window(Instant now);
    // arrival.cpp
    [[nodiscard]] bool repeats_syn(const wire::Segment& segment) const noexcept;
    [[nodiscard]] bool predates_timestamp(const wire::Segment& segment, Instant now) const noexcept;
    [[nodiscard]] bool check_sequence(const wire::Segment& segment, Instant now);
    [[nodiscard]] bool resets(const wire::Segment& segment) const noexcept;
    [[nodiscard]] bool check_rst(const wire::Segment& segment, Instant now, Output& out);
    [[nodiscard]] bool check_syn(const wire::Segment& segment, Instant now, Output& out);
    void arrive_in_time_wait(const wire::Segment& segment, Instant now, Output& out);
    // arrival_ack.cpp
    [[nodiscard]] bool check_ack(const wire::Segment& segment, Instant now, Output& out);
    void establish(const wire::Segment& segment, Instant now, Output& out);
    void accept_ack(const wire::Segment& segment, Instant now);
    void measure(const wire::Segment& segment, Instant now);
    void update_send_window(const wire::Segment& segment);
    void advance_close(Instant now, Output& out);
    // recovery.cpp
    std::uint32_t retire(const wire::Segment& ack, Instant now);
    bool take_block(const wire::SackBlock& block, Instant now);
    void note_sack(const wire::Segment& segment, bool duplicate, bool advanced, Instant now);
    void note_duplicate_report(const wire::SackBlock& block);
    void find_losses(bool advanced, Instant now);
    void find_losses_by_count();
    void after_new_ack(std::uint32_t segments);
    void begin_recovery(Recovery recovery);
    void enter_fast_recovery();
    void enter_timeout_recovery(Instant now);
    void reduce_in_proportion(bool safe) noexcept;
    [[nodiscard]] std::uint32_t in_flight() const noexcept;
    // rack.cpp
    [[nodiscard]] bool uses_rack() const noexcept;
    [[nodiscard]] bool tells_of_no_loss() const noexcept;
    void note_delivery(const SentSegment& segment, Instant now) noexcept;
    [[nodiscard]] Duration reordering_window() const noexcept;
    void widen_reordering_window() noexcept;
    void find_losses_by_time(Instant now);
    void on_reordering_timer(Instant now);
    [[nodiscard]] Instant retransmit_at(Instant now) const noexcept;
    void start_timer(bool advanced, Instant now) noexcept;
    void on_loss_probe_timer(Instant now, Output& out);
    void end_probe(wire::SeqNum ack, bool dsack, bool news) noexcept;
    // path_mtu.cpp
    [[nodiscard]] bool quotes_outstanding(wire::SeqNum quoted) const noexcept;
    void suspect_black_hole() noexcept;
    [[nodiscard]] bool probes_path(const SentSegment& segment) const noexcept;
    void probe_path(Instant now, Output& out);
    // arrival_text.cpp
    void process_payload(wire::Segment& segment, Instant now, Output& out);
    void accept_in_order(wire::Segment& segment, std::size_t old, Instant now);
    void keep_out_of_order(wire::Segment& segment);
    void note_urgent(const wire::Segment& segment);
    void take_urgent_out(wire::SeqNum from);
    void note_duplicate(wire::SeqNum left, wire::SeqNum right);
    void check_fin(bool fin, wire::SeqNum fin_at, Instant now, Output& out);
    void accept_fin(Instant now, Output& out);
    // acknowledge.cpp
    void ack_now(Reason reason) noexcept;
    void ack_data(std::uint32_t length, bool at_once, Instant now) noexcept;
    void schedule_ack(Reason reason, Instant now) noexcept;
    void note_size(const wire::Segment& segment) noexcept;
    void note_pace(Instant now) noexcept;
    void add_quick_acks() noexcept;
    void enter_quick_mode() noexcept;
    void ack_left() noexcept;
    [[nodiscard]] std::uint32_t shortest_ato() const noexcept;
    void reset_ato() noexcept;
    void missed_answer() noexcept;
    void note_answer(Instant now) noexcept;
    [[nodiscard]] bool reading_acknowledges() const noexcept;
    void answer_unacceptable(const wire::Segment& segment, Instant now);
    [[nodiscard]] static bool may_answer(std::uint32_t& last, Instant now) noexcept;
    void challenge(Instant now) noexcept;
    [[nodiscard]] bool rides_on_handshake_ack() const noexcept;
    void send_ack(Instant now, Output& out);
    // transmit.cpp
    [[nodiscard]] std::uint32_t unsent() const noexcept;
    [[nodiscard]] std::uint32_t usable_window() const noexcept;
    [[nodiscard]] std::uint32_t payload_limit() const noexcept;
    std::uint32_t send_range(wire::SeqNum from, std::uint32_t most, bool again, Instant now,
                             Output& out);
    std::uint32_t send_next(std::uint32_t most, Instant now, Output& out);
    void send_fin(Instant now, Output& out);
    bool resend(std::size_t index, Instant now, Output& out);
    void resend_lost(Instant now, Output& out);
    [[nodiscard]] bool waits_for_more(std::uint32_t length) const noexcept;
    void send_new(Instant now, Output& out);
    // timers.cpp
    void on_retransmit_timer(Instant now, Output& out);
    void on_persist_timer(Instant now, Output& out);
    [[nodiscard]] bool give_up(unsigned limit, Output& out);
    [[nodiscard]] unsigned retry_limit() const noexcept;
    [[nodiscard]] Duration rto() const noexcept;
    void update_timer(Instant now) noexcept;
    // close.cpp
    void queue_fin(Output& out);

    State state_ = State::closed;
    Timer timer_ = Timer::none;
    AckDue ack_due_ = AckDue::none;
    Reason ack_reason_ = Reason::ack;
    SendVariables snd_;
    ReceiveVariables rcv_;
    const Config* config_ = nullptr;
    std::unique_ptr<SendBuffer> send_;
    std::unique_ptr<Reassembly> reassembly_;
    std::unique_ptr<ReadRate> read_rate_;
    ByteQueue unread_;
    std::uint64_t bytes_received_ = 0;
    std::uint64_t bytes_acknowledged_ = 0;
    Instant timer_at_ = never;
    Instant delayed_ack_at_ = never;
    RttEstimator rtt_;
    CongestionWindow congestion_;
    wire::SeqNum right_edge_;     // of the window ever offered; RFC 7323, 2.4
    wire::SeqNum last_ack_sent_;  // Last.ACK.sent of RFC 7323, 4.3
    std::uint32_t ts_recent_ = 0;
    std::uint32_t ts_recent_at_ = 0;  // seconds of the run
    std::uint32_t ts_offset_ = 0;
    std::uint32_t fixed_window_ = 0;
    std::uint32_t unacked_ = 0;             // payload received since the last ACK left
    std::uint32_t buffer_ = 0;              // receive buffer, bytes: the largest window
    std::uint32_t data_at_ = 0;             // when payload last arrived, milliseconds of the run
    std::uint32_t answered_at_ = long_ago;  // an unacceptable segment, milliseconds of the run
    std::uint32_t probe_answered_at_ = long_ago;
    std::uint16_t ato_ = 0;  // what an ACK is to wait, milliseconds; 0: no payload so far
    std::uint16_t link_mss_ = 0;
    std::uint16_t failed_mss_ = 0;  // the shortest that the path may not let pass; 0: none so far
    std::uint16_t last_size_ = 0;   // of a segment that may be a full one of a smaller MSS
    std::uint16_t retries_ = 0;     // in a row without an answer
    std::uint8_t backoff_ = 0;
    std::uint8_t reordering_steps_ = 1;     // quarters of the shortest round trip (RFC 8985, 6.2)
    std::uint8_t reordering_patience_ = 0;  // recoveries until they are as at first
    bool window_fixed_ : 1 = false;
    bool announce_window_ : 1 = false;
    bool window_closed_ : 1 = false;
    bool scaling_ : 1 = false;
    bool sack_ : 1 = false;
    bool timestamps_ : 1 = false;
    bool fin_received_ : 1 = false;
    bool fin_queued_ : 1 = false;
    bool fin_sent_ : 1 = false;
    bool no_reader_ : 1 = false;  // close() was called
    bool timed_out_ : 1 = false;
    bool active_ : 1 = false;       // open_active was called
    bool interactive_ : 1 = false;  // answers follow soon and carry the ACK (Linux: "pingpong")
    bool pushed_ : 1 = false;       // a segment that ends a write waits for its ACK
    bool pushed_again_ : 1 = false;
    bool ecn_ : 1 = false;              // both sides speak it (RFC 3168)
    bool congestion_seen_ : 1 = false;  // ECE is sent until the other side has reacted
    bool reduced_ : 1 = false;          // CWR is to be sent
    bool read_ : 1 = false;             // by the application, since `acknowledge` was called last
    bool reordering_seen_ : 1 = false;
    bool syn_waits_ : 1 = false;      // for data to ride on it
    bool gives_cookie_ : 1 = false;   // on the SYN-ACK that is sent next
    bool opening_again_ : 1 = false;  // the SYN's number left more than once: whose is its ACK?
};

static_assert(sizeof(Tcb) <= 232, "200,000 idle connections are to be cheap");

/// The RST that RFC 9293, 3.10.7.1 prescribes for a segment that meets no connection; nothing for
/// a segment that is a RST itself. Addresses are left to the caller.
[[nodiscard]] std::optional<wire::Segment> reset_for(const wire::Segment& segment);

}  // namespace ghostpeer::tcp
