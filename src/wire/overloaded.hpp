// One function object out of many, for std::visit.
#pragma once

namespace ghostpeer {

template <typename... Handlers>
struct Overloaded : Handlers... {
    using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;  // clang 14 does not find it itself

}  // namespace ghostpeer
