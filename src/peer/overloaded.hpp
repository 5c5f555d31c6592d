// One function object out of many, for std::visit.
#pragma once

namespace ghostpeer::peer {

template <typename... Handlers>
struct Overloaded : Handlers... {
    using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

}  // namespace ghostpeer::peer
