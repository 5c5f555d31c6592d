// What libfmt.so holds of fmt, in the executable: with libstdc++ and yaml-cpp there as well, the
// dynamic linker has little left to do before a run begins (see GHOSTPEER_STATIC_RUNTIME).
#include <fmt/core.h>

#if defined(GHOSTPEER_STATIC_RUNTIME) && FMT_VERSION / 10000 == 9

#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {

template FMT_API auto dragonbox::to_decimal(float x) noexcept -> dragonbox::decimal_fp<float>;
template FMT_API auto dragonbox::to_decimal(double x) noexcept -> dragonbox::decimal_fp<double>;
template FMT_API locale_ref::locale_ref(const std::locale& locale);
template FMT_API auto locale_ref::get<std::locale>() const -> std::locale;
template FMT_API auto thousands_sep_impl(locale_ref locale) -> thousands_sep_result<char>;
template FMT_API auto decimal_point_impl(locale_ref locale) -> char;
template FMT_API void buffer<char>::append(const char* begin, const char* end);
template FMT_API void vformat_to(buffer<char>& out, string_view text,
                                 basic_format_args<buffer_context<char>> arguments,
                                 locale_ref locale);

}  // namespace detail
FMT_END_NAMESPACE

#endif
