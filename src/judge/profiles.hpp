// The profiles of a record: read again from it, or others in their place.
#pragma once

#include "ghostpeer/event/run.hpp"
#include "ghostpeer/profile/profile.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::judge {

class Profiles {
  public:
    /// `instead`: what these expect counts in place of what the recorded ones expected. Each takes
    /// the place of the one of its name; where there is but one of each, of that.
    explicit Profiles(std::vector<std::string> instead = {}) : instead_(std::move(instead)) {}

    /// Loads those that a record tells of at once. The error is made of lines with their ends.
    [[nodiscard]] tl::expected<std::vector<event::Profile>, std::string> load(
        std::vector<event::Profile> told);

    /// Those of `instead` that took no place.
    [[nodiscard]] const std::vector<std::string>& left() const noexcept { return instead_; }

  private:
    using Loaded = tl::expected<std::shared_ptr<const profile::Profile>, std::string>;

    [[nodiscard]] Loaded load_one(const event::Profile& told, bool alone);
    [[nodiscard]] Loaded load_part(const event::Profile& told) const;

    std::vector<std::string> instead_;
    std::map<std::uint32_t, std::shared_ptr<const profile::Profile>> loaded_;
};

}  // namespace ghostpeer::judge
