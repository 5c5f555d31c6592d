// `snd.nxt+snd.wnd`, `rcv.nxt-1000`, `4711`: a sum of names and numbers.
#pragma once

#include <cstdint>
#include <vector>

namespace ghostpeer::profile {

/// What a term of the sum stands for; `number` is the literal in `Term::value`.
enum class Name : std::uint8_t {
    number,
    snd_nxt,
    snd_una,
    snd_wnd,
    rcv_nxt,
    rcv_wnd,
    iss,
    irs,
    seg_seq,
    seg_ack,
    seg_end,
    ts_now,
    ts_recent,
};

struct Term {
    Name name = Name::number;
    std::uint32_t value = 0;  ///< of a literal
    bool negative = false;
};

/// Evaluated modulo 2^32 when the rule fires.
struct SequenceExpression {
    std::vector<Term> terms;
};

}  // namespace ghostpeer::profile
