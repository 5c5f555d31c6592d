// `params`, `--set` and `${name}`.
#pragma once

#include "ghostpeer/profile/loader.hpp"
#include "profile/document/errors.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::profile {

/// The parameters of a chain of profiles. Declare each file's from the extending profile to the
/// extended one (the first default wins), substitute everywhere, then `finish`.
class ParameterSet {
  public:
    explicit ParameterSet(const Parameters& given) : given_(given) {}

    /// Reads a profile's `params`.
    void declare(const YamlNode& profile, Errors& errors);
    /// Replaces `${name}` in every scalar of the profile outside `params` and `extends` (which has
    /// had its turn); `$${` stands for `${`.
    void substitute(YamlNode& profile, Errors& errors);
    /// The same for one value.
    void substitute_value(YamlNode& value, Errors& errors);
    /// A file of the chain is missing: what is not declared may be declared there.
    void be_incomplete() noexcept { incomplete_ = true; }
    /// Reports parameters that nothing uses and `--set` values that nothing declares.
    void finish(const std::string& file, Errors& errors) const;
    [[nodiscard]] std::vector<std::string> names() const;

  private:
    struct Parameter {
        std::string value;
        const SourceText* source = nullptr;
        Mark mark;
        bool used = false;
    };

    /// `key`: what names the value; empty: nothing does.
    void substitute_below(std::string_view key, YamlNode& value, Errors& errors);
    void substitute_scalar(YamlNode& scalar, Errors& errors);
    /// The value to put in; null after an error.
    const std::string* use(std::string_view name, YamlNode& scalar, Errors& errors);
    /// Reports the first error of a scalar, which is broken from then on.
    void report(YamlNode& scalar, std::string message, Errors& errors) const;

    const Parameters& given_;
    std::map<std::string, Parameter> declared_;
    bool incomplete_ = false;
    bool in_script_ = false;      ///< of the service, where `${1}` is what was captured
    bool wrong_default_ = false;  ///< what it was to use is unknown
    std::size_t text_ = 0;        ///< bytes that substitution has made
};

}  // namespace ghostpeer::profile
