#include "profile/document/files.hpp"

#include "profile/document/values.hpp"

namespace ghostpeer::profile {

namespace {

constexpr std::size_t max_file_bytes = 16 * 1024 * 1024;
constexpr std::size_t max_cache_bytes = 64 * 1024 * 1024;

}  // namespace

Content content_of(std::string_view text) {
    return std::make_shared<const wire::Bytes>(text.begin(), text.end());
}

Content read_content(const Entry& entry, FileCache& cache, Errors& errors) {
    const auto name = read_text(entry, errors);
    if (!name || entry.value.broken) {
        return nullptr;
    }
    const auto& source = *entry.value.source;
    if (source.in_catalogue()) {
        errors.add(entry.value, "a profile of the catalogue cannot read files");
        return nullptr;
    }
    if (source.given) {
        return content_of({});  // what a peer says is in the record itself
    }
    const auto path = source.folder() / *name;
    if (const auto known = cache.files.find(path.string()); known != cache.files.end()) {
        return known->second;
    }
    const auto fail = [&](std::string_view reason) {
        errors.add(entry.value, "the file " + in_quotes(path.string()) +
                                    " cannot be read: " + std::string(reason));
        return nullptr;
    };
    auto text = read_file(path, max_file_bytes, FileKind::regular);
    if (const auto* error = std::get_if<ReadError>(&text)) {
        return fail(error->reason);
    }
    auto content = content_of(std::get<std::string>(text));
    cache.bytes += content->size();
    if (cache.bytes > max_cache_bytes) {
        return fail("the files of one profile are together at most 64 MiB long");
    }
    cache.files.emplace(path.string(), content);
    return content;
}

}  // namespace ghostpeer::profile
